/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's part of the command table: how it is started, and its own verbs. */
#ifndef UI_CMD_CONSOLE_H
#define UI_CMD_CONSOLE_H

#include "quorum/command.h"

extern const struct command console_commands[];

#endif
