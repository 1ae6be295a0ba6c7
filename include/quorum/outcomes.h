/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shadow outcomes: what would have become of every evaluation (quant.md 5.4), and the score of
 * every vote, model and baseline side by side. Run after the close; idempotent. */
#ifndef QUORUM_OUTCOMES_H
#define QUORUM_OUTCOMES_H

#include "quorum/desk.h"

enum { BARRIER_SESSIONS = 20 };

/* Opens a shadow outcome for each ended evaluation that has none, walks the bars known at `now`
 * for the open ones (one gather per symbol), resolves those decided and scores their votes.
 * `resolved` of this run. */
void outcomes_update(struct desk *d, int64_t now,
                     void (*done)(void *arg, int64_t resolved, const struct error *e), void *arg);

/* The probability a stated vote gives to y = 1: BUY c, SELL 1 - c, HOLD the break-even probability
 * of its barriers ("no edge"). ABSTAIN and FAILED give none (returns false). */
struct vote;
bool vote_probability(const char *vote, double confidence, double stop_pct, double target_pct,
                      double *out);

#endif
