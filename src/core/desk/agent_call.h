/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One agent asked through a model, with the money around it: reserve the worst case, write the
 * row, mark it sent, send, settle together with the vote. At most two retries where the vendor's
 * rules allow one and one repair of a wrong form; each is a reservation of its own. */
#ifndef QUORUM_AGENT_CALL_H
#define QUORUM_AGENT_CALL_H

#include "quorum/buf.h"
#include "quorum/db.h"
#include "quorum/desk.h"

/* What came of it. has_vote: it was paid for, and the vote (FAILED included) is stored; of a
 * proposer HOLD: what it said stands, FAILED: it cannot be used. Otherwise the baseline's stands in
 * and `why` says why. */
struct agent_call_result {
    const struct agent *agent;
    bool has_vote;
    struct vote vote;
    char why[200];
};
struct agent_call;

/* For whom agents are asked: an evaluation, or a learning cycle. */
struct agent_asker {
    struct desk *desk;
    struct dossier *dossier; /* what they are shown, and their answers are checked against */
    int64_t id;
    const char *const *state;        /* without it nothing is reserved */
    const struct statement *reserve; /* NULL: budget_reserve of evaluations */
    const char *act;                 /* of the interaction; NULL: "vote" */
    const char *symbol;              /* of a prompt version's draw */
    int64_t as_of;
    /* Proposers cast no vote: turns a checked form into HOLD or, with a reason, FAILED. */
    void (*take)(void *arg, const struct agent *a, const struct answer *answer, struct vote *out);
    /* A round was asked (NULL: nobody listens): time for what its calls need not wait for. */
    void (*asked)(void *arg);
    /* Set: done is called with the reply, while that is being booked. Should its vote not have been
     * stored after all, this tells, before the database answers anything sent since. */
    void (*unsettled)(void *arg, const struct agent *a, const char *why);
    void *arg;                   /* of take, of asked and of done */
    struct agent_call *round;    /* prepared, or their reservation not answered yet */
    struct agent_call *settling; /* reported, but their booking not answered yet */
};
typedef void agent_call_done_fn(void *arg, const struct agent_call_result *r);

/* Prepares a question of the next round. done is called once, from the loop after the round was
 * sent, or before this returns. */
void agent_call_add(struct agent_asker *k, const struct agent *a, agent_call_done_fn *done);
/* Asks all that were prepared: one reservation for them all, then the requests. May follow the step
 * to the asker's state while that is still on its way. */
void agent_calls_send(struct agent_asker *k);
/* The asker ends, or asks anew: what the database has not answered yet ends without a word. */
void agent_calls_drop(struct agent_asker *k);

/* The facts an agent is shown, as data for its prompt. False when they do not fit. */
bool facts_text(const struct dossier *d, const struct agent *a, struct buf *out);
/* One vote as the object the statements take. */
void vote_json(struct json *j, const struct agent *a, int prompt_version, const char *source,
               const struct vote *v, bool counted, int latency_ms);

enum { FACTS_TEXT_MAX = 16 << 10, ANSWER_TOKENS_MAX = 1024 };

#endif
