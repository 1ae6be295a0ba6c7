/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One evaluation: QUEUED, GATHERING, VOTING, SIZING, then DECIDED, NO_QUORUM, REFUSED, CANCELLED
 * or FAILED with a reason. Each state is a row before it is an act, so that whatever dies can be
 * finished from the stored state (evaluation_resume). docs/evaluation.md. */
#ifndef QUORUM_EVALUATION_H
#define QUORUM_EVALUATION_H

#include "quorum/consensus.h"
#include "quorum/desk.h"
#include "quorum/prompts.h"
#include "quorum/sizing.h"

enum { VOTERS_MAX = 8, EVALUATION_VOTES_MAX = 24 };

struct evaluation_request {
    const char *symbol;
    int64_t price;          /* 1/10,000 dollar; 0: from the market */
    const char *indicators; /* "sma_20=172.30,atr=3.25" checked by indicators_parse, or NULL */
    const char *voters;     /* agent names, space or comma separated; NULL: the desk's */
    int min_agreement;      /* 0: the desk's */
    int64_t as_of;          /* TIME_NONE: the desk's now */
    bool fresh;             /* ignore cached vendor data */
    int64_t max_cost;       /* nano-dollars, --max-cost; 0: only the day's budget */
    const char *data_dir;   /* --data, kept so that a resume reads the same recorded bars */
    int64_t job_id;         /* of the schedule; 0: an operator asks. One evaluation a job */
    int64_t slot_at;        /* with job_id: the moment of the schedule it belongs to */
    /* Facts gathered before, of this symbol at as_of (a back-test computes each series once): taken
     * over on success instead of gathering. NULL: gathered. Such an evaluation keeps the range of
     * its bars, not their hash. */
    struct dossier *dossier;
    int64_t replay_of; /* asked again with this evaluation's inputs: its outcome is not followed */
    bool explores;     /* sized for exploration however many trades are closed: no Kelly gate */
    /* Called after each state is stored (NULL: nobody listens). */
    void (*on_state)(void *arg, int64_t id, const char *state);
    void *on_state_arg;
};

/* Checks "name=value,..." against the indicator table: unknown names, doubles, values outside the
 * row's range are ERR_USAGE. Fills only what is given. */
enum err indicators_parse(const char *text, struct indicators *out, struct error *e);
/* The same, and a price among them must be the one of --price, where both are given. */
enum err indicators_parse_with_price(const char *text, int64_t price, struct indicators *out,
                                     struct error *e);
/* Checks voters against the agent table and min_agreement against their number. */
enum err voters_parse(const struct agent *const *table, const char *text, const struct agent **out,
                      size_t *n, struct error *e);

/* Worst case of one evaluation by the voters of a list (NULL, or not such a list: all there are)
 * before its prompts are known, nano-dollars; 0 when no model is asked, or none is paid. */
int64_t evaluation_estimate(struct desk *d, const char *voters);

struct evaluation;
/* done is called once from the loop with the id (0 if not even stored) and what went wrong; an
 * evaluation that ends in a stated state is OK. It frees itself after done. */
typedef void evaluation_done_fn(void *arg, int64_t id, const struct error *e);
/* Everything evaluation_start would refuse, told without starting anything. */
enum err evaluation_check(struct desk *d, const struct evaluation_request *r, struct error *e);
enum err evaluation_start(struct desk *d, const struct evaluation_request *r,
                          evaluation_done_fn *done, void *arg, struct error *e);
/* Takes over an unfinished evaluation whose owner is gone or whose lease ran out. ERR_CONFLICT
 * through done when somebody else has it or it is finished. */
void evaluation_resume(struct desk *d, int64_t id, evaluation_done_fn *done, void *arg);
/* Ends it as CANCELLED, audited, whoever works on it; calls under way are still recorded and paid.
 * ERR_CONFLICT when it is over, ERR_USAGE when there is none. Waits. */
enum err evaluation_cancel(struct desk *d, int64_t id, struct error *e);
/* The newest unfinished one this operator asked for; 0: there is none. Waits. */
enum err evaluation_last_asked(struct desk *d, int64_t *id, struct error *e);
/* Unfinished ones that can be resumed now; ids ascending in the arena. */
enum err evaluation_unfinished(struct desk *d, struct arena *a, int64_t **ids, size_t *n,
                               size_t *held, struct error *e);

/* The desk's time now. */
enum err desk_time(struct desk *d, int64_t *out, struct error *e);
/* Gathers and builds the dossier an evaluation of r would rest on; stores nothing. Waits. */
enum err dossier_gather(struct desk *d, const struct evaluation_request *r, struct dossier *out,
                        struct error *e);
/* Runs one agent's baseline by hand on a fresh dossier (which the caller releases) and records the
 * interaction. Waits. */
enum err agent_try(struct desk *d, const struct agent *a, const struct evaluation_request *r,
                   struct dossier *dossier, struct vote *out, struct error *e);

/* An evaluation as stored, for showing. Text is clean and lives in the arena. */
struct stored_vote {
    const char *agent, *source, *role, *vote, *answer, *reason, *evidence;
    double confidence;     /* stated */
    struct value real_pct; /* what such votes came to (calibration.h); unknown below 30 */
    int64_t real_n;        /* of how many stated alike */
    struct value score;
    int wrong_evidence;
    int prompt_version; /* 0: none */
    bool counted;
    const char *cost_usd;
    int64_t tokens;
};
struct stored_cap {
    const char *name, *note;
    double pct;
    bool applied, binding;
};
struct stored_evaluation {
    int64_t id;
    const char *symbol, *state, *state_reason, *requested_by, *created_at, *as_of, *finished_at;
    const char *price; /* decimal text or NULL */
    const char *regime, *decision, *agreement, *consensus_reason, *risk_decision, *size_reason;
    const char *binding, *cost_usd, *degraded_reason, *locked_by;
    const char *order_result; /* what became of a BUY that was to be traded; NULL: nothing tried */
    struct value regime_confidence, position_pct, stop_pct, target_pct;
    bool reached, degraded;
    int agree, voters, needed;
    int64_t shares, tokens, latency_ms;
    struct stored_vote vote[EVALUATION_VOTES_MAX];
    size_t nvotes;
    struct stored_cap cap[SIZING_CAPS_MAX];
    size_t ncaps;
    const char *worksheet;       /* JSON, or NULL */
    const char *parameters;      /* of a BUY: JSON {name: version}; NULL: it used none */
    const char *parameters_text; /* "stop_mult 2 (version 17)"; NULL: baselines */
    const char *dossier;         /* JSON as stored, or NULL */
    const char *dossier_sha256;
    struct arena arena;
};
/* ERR_USAGE when there is no such evaluation. with_dossier also loads the facts. */
enum err evaluation_load(struct desk *d, int64_t id, bool with_dossier,
                         struct stored_evaluation *out, struct error *e);
void stored_evaluation_release(struct stored_evaluation *e);

/* Builds the dossier from gathered data, given figures and the agents' derived facts. */
void dossier_build(struct dossier *d, const struct agent *const *agents,
                   const struct indicators *given, int64_t given_price);
/* The same from what a whole series gave for its last bar; market then holds everything but bars,
 * and d->bars and d->benchmark_bars say which they were. */
void dossier_build_from(struct dossier *d, const struct agent *const *agents,
                        const struct indicators *indicators, const struct regime_reading *regime);
/* A given price beside the market's own figures must be within 50 % of the market's: votes and size
 * would rest on two different shares. ERR_USAGE naming both. */
enum err dossier_check_price(const struct market_data *m, int64_t given_price, struct error *e);
void dossier_write(const struct dossier *d, struct buf *json);
enum err dossier_read(struct dossier *d, const char *json, size_t len, struct error *e);

#endif
