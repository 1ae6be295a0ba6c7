/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/desk/evaluation_private.h"
#include "quorum/timeutil.h"

static bool is_voter(const struct evaluation *v, const struct agent *a)
{
    for (size_t i = 0; i < v->nvoters; i++)
        if (v->voter[i] == a)
            return true;
    return false;
}

static void cast(struct evaluation *v, const struct agent *a, bool counted)
{
    if (v->nvotes == EVALUATION_VOTES_MAX || !a->baseline)
        return;
    struct cast_vote *c = &v->vote[v->nvotes++];
    *c = (struct cast_vote){.agent = a, .counted = counted};
    int64_t start = time_monotonic_us();
    a->baseline(&v->dossier, NULL, &c->vote);
    evidence_check(&v->dossier, &c->vote);
    c->latency_ms = (int)((time_monotonic_us() - start) / 1000);
}

void evaluation_cast_votes(struct evaluation *v)
{
    struct ballot ballot[VOTERS_MAX];
    size_t n = 0;
    for (const struct agent *const *a = v->desk->agents; *a; a++)
        if ((*a)->role == AGENT_CLASSIFIER)
            cast(v, *a, false);
    for (const struct agent *const *a = v->desk->agents; *a; a++) {
        if ((*a)->role != AGENT_VOTER || !is_voter(v, *a))
            continue;
        cast(v, *a, true);
        const struct cast_vote *c = &v->vote[v->nvotes - 1];
        ballot[n++] = (struct ballot){
            .agent = (*a)->name, .state = c->vote.state, .confidence = c->vote.confidence};
    }
    consensus_decide(ballot, n, v->needed, &v->consensus);
}

static void write_evidence(struct json *j, const struct vote *v)
{
    json_open(j, "evidence", '[');
    for (size_t i = 0; i < v->nevidence; i++) {
        json_open(j, NULL, '{');
        json_str(j, "fact", v->evidence[i].fact_id);
        if (v->evidence[i].has_value)
            json_num(j, "value", v->evidence[i].value);
        if (v->evidence[i].wrong)
            json_flag(j, "wrong", true);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static int wrong_evidence(const struct vote *v)
{
    int n = 0;
    for (size_t i = 0; i < v->nevidence; i++)
        n += v->evidence[i].wrong;
    return n;
}

void evaluation_votes_json(const struct evaluation *v, size_t first, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '[');
    for (size_t i = first; i < v->nvotes; i++) {
        const struct cast_vote *c = &v->vote[i];
        json_open(&j, NULL, '{');
        json_str(&j, "agent", c->agent->name);
        json_str(&j, "source", "baseline");
        json_str(&j, "role", agent_role_name(c->agent->role));
        json_str(&j, "vote", vote_state_name(c->vote.state));
        json_str(&j, "answer", c->vote.answer);
        json_num(&j, "confidence", c->vote.confidence);
        json_str(&j, "reason", c->vote.reason);
        if (c->vote.score.known)
            json_num(&j, "score", c->vote.score.v);
        write_evidence(&j, &c->vote);
        json_int(&j, "wrong_evidence", wrong_evidence(&c->vote));
        json_flag(&j, "counted", c->counted);
        json_int(&j, "prompt_version", c->agent->prompt_version);
        json_int(&j, "latency_ms", c->latency_ms);
        json_close(&j, '}');
    }
    json_close(&j, ']');
}
