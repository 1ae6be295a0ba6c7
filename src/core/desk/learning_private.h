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

/* One change of one parameter, compared with the value in force. */
struct learning_trial {
    enum parameter_id id;
    struct value to;
    bool compared; /* w holds; else why */
    char why[120];
    struct whatif w;
    double confidence;
    int back_days;         /* since this very change was taken back; -1: never */
    bool waits;            /* it is the waiting proposal of its parameter */
    bool known_rejected;   /* the gate has rejected it within 30 days, and it is written down */
    const char *not_asked; /* why it is left out, whatever it shows; NULL: it is not */
    struct gate gate;      /* of the best of a parameter */
    int64_t adjustment;    /* the row it became; 0: none */
    const char *by;        /* who words it: "baseline", "strategy_builder" */
    char quote[400], model_priority[8];
};
enum { LEARNING_TRIALS_MAX = 48 };

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
    struct candidate_set *candidates;
    struct learning_trial trial[LEARNING_TRIALS_MAX];
    size_t ntrials;
    struct learning_state state;
    struct learning_trial *best[PARAMETERS]; /* of their parameters, surest first */
    size_t nbest;
    int64_t compared; /* different changes, ever */
    size_t bad_answers;
    char headline[84], quote[400]; /* a model's, of the pattern it chose */
    const struct pattern *chosen;  /* NULL: none */
};

/* learning_cases.c: both sets and the discoveries. */
enum err learning_load_cases(struct learning_run *r, struct error *e);
void learning_release_cases(struct learning_run *r);

/* learning_changes.c: the changes to compare, from the values in force; then what the gate has to
 * know, and its word on the best of each parameter. */
void learning_list_changes(struct learning_run *r);
enum err learning_load_state(struct learning_run *r, struct error *e);
void learning_judge(struct learning_run *r, size_t ever_compared);

/* learning_words.c: the agents word and rank what was found, each asked once, within the budget.
 * What they say changes no figure. Without them code's words stand, and r->out says why. */
void learning_word(struct learning_run *r);

/* learning_propose.c: the cycle's proposals become rows. */
enum err learning_propose(struct learning_run *r, struct error *e);

/* One line of what a change would do, for people and for the agents' facts. */
enum { LEARNING_LINE = 400 };
const char *learning_change_line(const struct learning_run *r, const struct learning_trial *t,
                                 char dst[LEARNING_LINE]);

/* learning_compute.c: patterns and comparisons, in a process of its own. */
enum err learning_compute(struct learning_run *r, struct error *e);

/* learning_store.c */
enum err learning_begin(struct learning_run *r, struct error *e);
enum err learning_store_found(struct learning_run *r, struct error *e);
enum err learning_store_words(struct learning_run *r, struct error *e);
enum err learning_store_judged(struct learning_run *r, struct error *e);
enum err learning_end(struct learning_run *r, const char *state, const char *reason,
                      struct error *e);

#endif
