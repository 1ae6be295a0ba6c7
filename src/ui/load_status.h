/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The columns of the status row that only the calendar and the schedule know. */
#ifndef UI_LOAD_STATUS_H
#define UI_LOAD_STATUS_H

#include "quorum/desk.h"
#include "quorum/zone.h"

/* Fills market, market_change, evaluations_left, evaluations_binding and next_learn of the row that
 * status_query gave, as the desk is at `now`. Times of day are of that zone. */
void status_complete(struct desk *d, struct rows *r, int64_t now, enum zone zone);

#endif
