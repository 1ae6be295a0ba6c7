/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of a session that the engine and a back-test share: what was seen is stored, splits
 * and dividends are applied, the end of the day is decided and marked. Each waits, and goes on
 * waiting when a signal comes: it is the caller who ends between two steps. */
#ifndef QUORUM_DESK_SESSION_H
#define QUORUM_DESK_SESSION_H

#include "quorum/broker.h"

enum err session_store(struct desk *d, const struct act *act, size_t n, struct error *e);
/* Splits and dividends of what is held or ordered, with ex-days since it was last seen up to
 * `day`; before that day's prices are looked at. How many there were. */
enum err session_actions(struct desk *d, const struct book *b, int32_t day, size_t *n,
                         struct error *e);
/* Breakers by the account as it stands. */
enum err session_risk(struct desk *d, struct error *e);
/* The session's equity from the last prices, and the breakers. */
enum err session_mark(struct desk *d, int32_t day, struct error *e);

#endif
