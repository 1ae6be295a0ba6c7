/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The learning cycle (docs/learning.md): trades and shadow outcomes -> tested patterns -> changes
 * replayed on stored candidates -> worded and ranked by the learning and strategy agents within the
 * budget, or by code -> through the gate to a person, to the desk, or to the record of what was
 * rejected. One row in learning_cycles each (migrations/0015). */
#ifndef QUORUM_LEARNING_H
#define QUORUM_LEARNING_H

#include "quorum/parameters.h"
#include "quorum/review.h"

struct learning_request {
    const char *trigger;   /* "operator", "schedule" */
    bool without_model;    /* code words it */
    const char *seed_name; /* the seed's strategy_name; "default" */
};
struct learning_result {
    int64_t cycle;
    size_t trades, cases; /* closed trades of the lookback; with shadow outcomes */
    size_t patterns;      /* candidate or confirmed */
    size_t tested, confirmed;
    size_t proposals, queued, applied, rejected;
    int64_t cost;  /* nano-dollars */
    bool degraded; /* a model was asked for and did not word it */
    char degraded_why[160];
};
/* One cycle from begin to end, waiting: not from inside a callback. ERR_POLICY E33 below
 * SELF_LEARNING_MIN_TRADES closed trades, saying how many are missing; ERR_CONFLICT while another
 * cycle runs. Survives kill -9: a cycle left RUNNING by a dead process is FAILED by the next, its
 * paid calls recorded. */
enum err learning_cycle(struct desk *d, const struct learning_request *r,
                        struct learning_result *out, struct error *e);

#endif
