/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A learning cycle under way, shared by the learning*.c files only. */
#ifndef QUORUM_LEARNING_PRIVATE_H
#define QUORUM_LEARNING_PRIVATE_H

#include "quorum/buf.h"
#include "quorum/learning.h"

/* Cases with what learning_case does not hold. */
struct learning_cases {
    struct learning_case *c;
    int64_t *trade_id; /* trade_outcomes; 0: a shadow outcome */
    size_t n, trades;
};

struct learning_run {
    struct desk *desk;
    const struct learning_request *request;
    struct learning_result *out;
    int64_t now;                 /* desk time at its start */
    int32_t today;               /* last session that has closed */
    int32_t mature;              /* entered up to here, a shadow outcome has had its 20 sessions */
    int days;                    /* SELF_LEARNING_LOOKBACK_DAYS */
    struct learning_cases seen;  /* of the lookback */
    struct learning_cases since; /* entered since the first discovery and 20 sessions ago */
    struct learning_discovery *discovery;
    size_t ndiscoveries;
    struct pattern_report report;
    struct parameter parameter[PARAMETERS];
};

/* learning_cases.c: both sets and the discoveries. */
enum err learning_load_cases(struct learning_run *r, struct error *e);
void learning_release_cases(struct learning_run *r);

/* learning_compute.c: the patterns, in a process of its own. */
enum err learning_compute(struct learning_run *r, struct error *e);

/* learning_store.c */
enum err learning_begin(struct learning_run *r, struct error *e);
enum err learning_store_found(struct learning_run *r, struct error *e);
enum err learning_end(struct learning_run *r, const char *state, const char *reason,
                      struct error *e);

#endif
