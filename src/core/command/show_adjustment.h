/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef QUORUM_SHOW_ADJUSTMENT_H
#define QUORUM_SHOW_ADJUSTMENT_H

#include "quorum/command.h"

/* One proposed change: what code measured, what a model said of it, what became of it. E10 when
 * there is none. */
enum err show_adjustment(struct call *c, int64_t id, struct error *e);

/* adjustment_list.c: what waits, with the operator's own record; all, or of a status and a
 * parameter (NULL: any). */
enum err show_pending(struct call *c, struct error *e);
enum err show_adjustments(struct call *c, const char *status, const char *parameter,
                          struct error *e);
/* The status as it is stored, whatever the case it was typed in; NULL: there is none. */
const char *adjustment_status(const char *typed);

#endif
