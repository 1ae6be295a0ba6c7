/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_WHY_NOT_H
#define COMMAND_WHY_NOT_H

#include "quorum/command.h"

/* Every reason why the symbol is not bought, the first that has to go first. The desk is open. */
enum err show_why_not(struct call *c, const char *symbol, struct error *e);

#endif
