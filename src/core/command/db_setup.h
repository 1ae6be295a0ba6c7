/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_DB_SETUP_H
#define COMMAND_DB_SETUP_H

#include "quorum/command.h"

enum err run_setup(struct call *c, struct error *e);

#endif
