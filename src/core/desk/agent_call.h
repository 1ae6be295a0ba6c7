/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One agent asked through a model, with the money around it: reserve the worst case, write the
 * row, mark it sent, send, settle together with the vote. At most two retries where the vendor's
 * rules allow one and one repair of a wrong form; each is a reservation of its own. */
#ifndef QUORUM_AGENT_CALL_H
#define QUORUM_AGENT_CALL_H

#include "core/desk/evaluation_private.h"

/* What came of it. has_vote: the vote (FAILED included) is stored. Otherwise the baseline's
 * stands in and `why` says why. */
struct agent_call_result {
    const struct agent *agent;
    bool has_vote;
    struct vote vote;
    char why[200];
};
typedef void agent_call_done_fn(struct evaluation *v, const struct agent_call_result *r);

/* Prepares a question of the next round. done is called once, from the loop after the round was
 * sent, or before this returns. */
void agent_call_add(struct evaluation *v, const struct agent *a, agent_call_done_fn *done);
/* Asks all that were prepared: one reservation for them all, then the requests. May follow the step
 * to v->state while that is still on its way: without it nothing is reserved. */
void agent_calls_send(struct evaluation *v);
/* The evaluation ends: those whose reservation is not answered yet end without a word. */
void agent_calls_drop(struct evaluation *v);

/* The facts an agent is shown, as data for its prompt. False when they do not fit. */
bool facts_text(const struct dossier *d, const struct agent *a, struct buf *out);
/* One vote as the object the statements take. */
void vote_json(struct json *j, const struct agent *a, int prompt_version, const char *source,
               const struct vote *v, bool counted, int latency_ms);

enum { FACTS_TEXT_MAX = 16 << 10, ANSWER_TOKENS_MAX = 1024 };

#endif
