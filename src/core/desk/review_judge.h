/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the trades since a change say about it: pure, for tests too. */
#ifndef QUORUM_REVIEW_JUDGE_H
#define QUORUM_REVIEW_JUDGE_H

#include "quorum/buf.h"
#include "quorum/parameters.h"

/* A change that is measured, or a proposal that runs in the shadow. */
struct judged {
    int64_t id;
    enum parameter_id parameter;
    struct value old_value, new_value;
    bool shadow;
    int days, shadow_trades;
    uint64_t seed;
    struct value worst;         /* fixed before; unknown: now */
    double *before, *since;     /* R of closed trades under the old and the new value, by time */
    size_t nbefore, nsince;     /* (a shadow: none) */
    int64_t *decided, *earlier; /* evaluations decided under the new and the old value, ascending */
    size_t ndecided, nearlier;
};

struct judgement {
    bool ends;          /* the rule has an answer, or the shadow has its trades */
    bool take_back;     /* with `text` as the reason */
    const char *state;  /* measuring better unclear "rolled back" sunset; of a shadow "pending" */
    size_t n, compared; /* closed trades since; those compared with the old value */
    double worst, drawdown, e_value;
    struct learning_effect effect;
    struct interval interval; /* 95 %; NAN: not known */
    double confidence;        /* that it is better, 0-100 */
    char text[240];
};
/* p: the parameters in force. */
void review_judge(const struct judged *j, const struct candidate_set *all,
                  const struct parameter p[PARAMETERS], struct judgement *out);
/* The JSON kept in `measured`, or in evidence.shadow. */
void judgement_json(const struct judgement *g, struct buf *out);

/* Of measure_judge's effect: live results less the same decisions left by the old value, since the
 * change less before it. Both in R of the old value's stop. */
struct learning_effect judge_exits(const struct judged *j, const struct candidate_set *all,
                                   const struct parameter p[PARAMETERS], size_t *compared);

#endif
