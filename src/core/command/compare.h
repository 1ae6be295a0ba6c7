/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_COMPARE_H
#define COMMAND_COMPARE_H

#include "quorum/command.h"

/* Writes what two evaluations have different: how they were asked and ended, each vote with its
 * prompt version, the facts. */
enum err compare_evaluations(struct call *c, int64_t a, int64_t b, struct error *e);

#endif
