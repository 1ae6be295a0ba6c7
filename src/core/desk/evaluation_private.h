/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running evaluation, shared by the evaluation_*.c files only. */
#ifndef QUORUM_EVALUATION_PRIVATE_H
#define QUORUM_EVALUATION_PRIVATE_H

#include "quorum/buf.h"
#include "quorum/evaluation.h"

struct cast_vote {
    const struct agent *agent;
    struct vote vote;
    bool counted;
    int latency_ms;
};

struct evaluation {
    struct desk *desk;
    int64_t id;
    char symbol[16];
    int64_t given_price, as_of;
    bool has_given;
    struct indicators given;
    const struct agent *voter[VOTERS_MAX];
    size_t nvoters;
    int needed;
    struct market *recorded;   /* of --data, owned; NULL: the desk's market */
    struct dossier dossier;
    struct cast_vote vote[EVALUATION_VOTES_MAX];
    size_t nvotes, stored_votes; /* those from stored_votes on are not in the database yet */
    struct consensus consensus;
    struct worksheet worksheet;
    int64_t shares;            /* after the risk agent */
    char risk_decision[8], risk_reason[160];
    const char *state;
    evaluation_done_fn *done;
    void *arg;
    void (*on_state)(void *arg, int64_t id, const char *state);
    void *on_state_arg;
};

/* Recorded bars end somewhere in the past: without --as-of the moment judged is the close of
 * their last session. */
int64_t recorded_as_of(struct market *recorded, int64_t wanted);

/* evaluation_vote.c: the baselines vote on the dossier; fills vote[] and consensus. */
void evaluation_cast_votes(struct evaluation *v);
/* Votes from `first` on as the array the advance statement takes. */
void evaluation_votes_json(const struct evaluation *v, size_t first, struct buf *out);

/* evaluation_size.c */
extern const struct statement evaluation_account;
void evaluation_account_params(const struct evaluation *v, struct params *p);
/* Sizes from one row of evaluation_account, then asks the risk agent. */
void evaluation_size(struct evaluation *v, const struct rows *account);
void evaluation_worksheet_json(const struct evaluation *v, struct buf *out);

#endif
