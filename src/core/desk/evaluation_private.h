/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running evaluation, shared by the evaluation_*.c files only. */
#ifndef QUORUM_EVALUATION_PRIVATE_H
#define QUORUM_EVALUATION_PRIVATE_H

#include "core/desk/agent_call.h"
#include "quorum/buf.h"
#include "quorum/evaluation.h"
#include "quorum/parameters.h"

struct cast_vote {
    const struct agent *agent;
    struct vote vote;
    bool counted;
    int latency_ms;
};

struct evaluation {
    struct desk *desk;
    struct evaluation *next; /* of all in this process */
    int64_t id;
    char symbol[16];
    int64_t given_price, as_of;
    bool has_given;
    bool fresh;               /* asked for vendor data of now */
    bool made;                /* the dossier came with the request */
    bool gathering, gathered; /* which may begin before the row is there */
    bool awaits_facts;        /* in GATHERING, and they are not gathered */
    bool explores;
    struct indicators given;
    const struct agent *voter[VOTERS_MAX];
    size_t nvoters;
    int needed;
    struct market *recorded; /* of --data, owned; NULL: the desk's market */
    struct dossier dossier;
    struct buf content; /* of the dossier as stored, where it was spelled ahead */
    size_t nfacts;      /* of the dossier before it was sized */
    struct cast_vote vote[EVALUATION_VOTES_MAX];
    size_t nvotes, stored_votes; /* those from stored_votes on are not in the database yet */
    size_t sent_votes;           /* how many there were when the step under way was sent */
    bool unsettled;              /* since then a model's vote proved not to be stored */
    const char *stepped_from;    /* the state before it */
    struct votes_ahead *ahead;   /* on their way to the database, outside a step */
    struct cast_vote model_vote[EVALUATION_VOTES_MAX]; /* stored by their settles, or on the way */
    size_t nmodel_votes;
    const struct agent *lost[EVALUATION_VOTES_MAX]; /* paid, but the reply died with a process */
    size_t nlost;
    int open_calls;
    struct agent_asker asker;   /* evaluation_asker() */
    bool sized;                 /* while the step to SIZING was stored */
    struct loop_timer *renewal; /* of the lease, while models think */
    struct error unavailable;   /* why a resume left it unfinished, for another try */
    struct error ungathered;    /* what is wrong with what was gathered */
    struct error over;          /* how it ends when the gathering under way does */
    char degraded[240];         /* "" or why a model's vote is missing */
    struct consensus consensus;
    struct worksheet worksheet;
    struct parameter parameter[PARAMETERS]; /* in force when the account was read */
    int64_t shares;                         /* after the risk agent */
    char risk_decision[8], risk_reason[160];
    const char *state;
    evaluation_done_fn *done;
    void *arg;
    void (*on_state)(void *arg, int64_t id, const char *state);
    void *on_state_arg;
};

/* How long others leave an evaluation alone without a sign of life; every step renews it. */
#define LEASE "interval '60 seconds'"

/* A step in the middle need not reach the disk before the next begins: the log keeps the order, and
 * what holds money (a reservation) or ends an evaluation waits for the disk and takes all before it
 * along. */
#define NOT_YET_ON_DISK "set_config('synchronous_commit', 'off', true)"

/* Does this process work on the evaluation, apart from `but`? */
bool evaluation_is_at_work(const struct desk *d, int64_t id, const struct evaluation *but);
struct evaluation *evaluation_new(struct desk *d, evaluation_done_fn *done, void *arg);
/* Does what the stored state asks for next. */
void evaluation_step(struct evaluation *v);
/* The step was refused, as a vote that it rests on is not stored: the same without that vote. */
void evaluation_step_again(struct evaluation *v);
/* evaluation_advance.c: the steps to GATHERING, to VOTING with the facts, and to any other state
 * with the new votes and the columns of `patch`, an open JSON object that ends with it. */
void evaluation_begin_gathering(struct evaluation *v);
void evaluation_store_facts(struct evaluation *v);
void evaluation_patch_begin(struct json *patch, struct buf *out, const char *state);
void evaluation_advance(struct evaluation *v, const char *state, struct json *patch);
/* What the calls need not wait for: the votes that are new, and with the first of them the hash of
 * the bars. stored is called once, unless the evaluation ends; what could not be stored goes with
 * the next step. */
void evaluation_store_votes(struct evaluation *v, void (*stored)(struct evaluation *v));
void evaluation_drop_ahead(struct evaluation *v);
/* Ends in a stated state, or without one when the database cannot be told. Both free v. */
void evaluation_fail(struct evaluation *v, const char *state, const char *reason);
void evaluation_finish(struct evaluation *v, const struct error *e);

/* Recorded bars end somewhere in the past: without --as-of the moment judged is the close of
 * their last session. */
int64_t recorded_as_of(struct market *recorded, int64_t wanted);

/* Through which its agents are asked. */
struct agent_asker *evaluation_asker(struct evaluation *v);

/* Models without a price are refused, and an estimate above --max-cost (E22). */
enum err evaluation_check_cost(const struct evaluation *v, const struct evaluation_request *r,
                               struct error *e);

/* evaluation_gather.c: in the state GATHERING; before it, where that is possible; and the stored
 * form of what is gathered by then. */
void evaluation_gather(struct evaluation *v);
void evaluation_gather_ahead(struct evaluation *v);
void evaluation_spell_facts(struct evaluation *v);
/* Stores them and asks the agents. */
void evaluation_facts_known(struct evaluation *v);

/* evaluation_vote.c: the baselines vote on the dossier, free of charge, always. */
void evaluation_cast_baselines(struct evaluation *v);
/* The model's vote of an agent, NULL if there is none. */
const struct vote *evaluation_model_vote(const struct evaluation *v, const struct agent *a);
void evaluation_add_model_vote(struct evaluation *v, const struct agent *a,
                               const struct vote *vote);
void evaluation_drop_model_vote(struct evaluation *v, const struct agent *a);
/* Which votes count, and the consensus of them. */
void evaluation_tally(struct evaluation *v);
/* Votes from `first` on as the array the advance statement takes. */
void evaluation_votes_json(const struct evaluation *v, size_t first, struct buf *out);

/* evaluation_size.c */
extern const struct statement evaluation_account;
void evaluation_account_params(const struct evaluation *v, struct params *p);
/* Sizes from one row of evaluation_account; the risk agent's baseline looks at the result. */
void evaluation_size(struct evaluation *v, const struct rows *account);
/* The agent that may veto or shrink, NULL when there is none. */
const struct agent *evaluation_risk_agent(const struct evaluation *v);
/* Applies the veto (the model's, else the baseline's) and words the verdict. */
void evaluation_apply_veto(struct evaluation *v);
void evaluation_worksheet_json(const struct evaluation *v, struct buf *out);

#endif
