/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_CMD_SETTINGS_H
#define COMMAND_CMD_SETTINGS_H

#include "quorum/command.h"

enum err run_settings(struct call *c, struct error *e);
enum err check_settings_adopt(const struct call *c, struct error *e);
enum err run_settings_adopt(struct call *c, struct error *e);
enum err run_settings_init(struct call *c, struct error *e);

#endif
