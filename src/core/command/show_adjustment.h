/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef QUORUM_SHOW_ADJUSTMENT_H
#define QUORUM_SHOW_ADJUSTMENT_H

#include "quorum/command.h"

/* One proposed change: what code measured, what a model said of it, what became of it. E10 when
 * there is none. */
enum err show_adjustment(struct call *c, int64_t id, struct error *e);

#endif
