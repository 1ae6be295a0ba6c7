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

static void cast(struct evaluation *v, const struct agent *a)
{
    if (v->nvotes == EVALUATION_VOTES_MAX || !a->baseline)
        return;
    struct cast_vote *c = &v->vote[v->nvotes++];
    *c = (struct cast_vote){.agent = a};
    int64_t start = time_monotonic_us();
    a->baseline(&v->dossier, NULL, &c->vote);
    evidence_check(&v->dossier, &c->vote);
    c->latency_ms = (int)((time_monotonic_us() - start) / 1000);
}

void evaluation_cast_baselines(struct evaluation *v)
{
    for (const struct agent *const *a = v->desk->agents; *a; a++) {
        bool votes = (*a)->role == AGENT_VOTER && is_voter(v, *a);
        if (votes || (*a)->role == AGENT_CLASSIFIER)
            cast(v, *a);
    }
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

void vote_json(struct json *j, const struct agent *a, int prompt_version, const char *source,
               const struct vote *v, bool counted, int latency_ms)
{
    json_open(j, NULL, '{');
    json_str(j, "agent", a->name);
    json_str(j, "source", source);
    json_str(j, "role", agent_role_name(a->role));
    json_str(j, "vote", vote_state_name(v->state));
    json_str(j, "answer", v->answer);
    json_num(j, "confidence", v->confidence);
    json_str(j, "reason", v->reason);
    if (v->score.known)
        json_num(j, "score", v->score.v);
    write_evidence(j, v);
    json_int(j, "wrong_evidence", wrong_evidence(v));
    json_flag(j, "counted", counted);
    json_int(j, "prompt_version", prompt_version);
    json_int(j, "latency_ms", latency_ms);
    json_close(j, '}');
}

void evaluation_votes_json(const struct evaluation *v, size_t first, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '[');
    for (size_t i = first; i < v->nvotes; i++) {
        const struct cast_vote *c = &v->vote[i];
        vote_json(&j, c->agent, c->agent->prompt_version, "baseline", &c->vote, c->counted,
                  c->latency_ms);
    }
    json_close(&j, ']');
}

const struct vote *evaluation_model_vote(const struct evaluation *v, const struct agent *a)
{
    for (size_t i = 0; i < v->nmodel_votes; i++)
        if (v->model_vote[i].agent == a)
            return &v->model_vote[i].vote;
    return NULL;
}

void evaluation_add_model_vote(struct evaluation *v, const struct agent *a, const struct vote *vote)
{
    if (v->nmodel_votes < ARRAY_LEN(v->model_vote) && !evaluation_model_vote(v, a))
        v->model_vote[v->nmodel_votes++] = (struct cast_vote){.agent = a, .vote = *vote};
}

void evaluation_drop_model_vote(struct evaluation *v, const struct agent *a)
{
    for (size_t i = 0; i < v->nmodel_votes; i++)
        if (v->model_vote[i].agent == a)
            v->model_vote[i--] = v->model_vote[--v->nmodel_votes];
}

/* A model's vote stands before its baseline's; the consensus uses one of the two. */
void evaluation_tally(struct evaluation *v)
{
    struct ballot ballot[VOTERS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < v->nvotes; i++) {
        struct cast_vote *c = &v->vote[i];
        const struct vote *model = evaluation_model_vote(v, c->agent);
        if (c->agent->role != AGENT_VOTER)
            continue;
        const struct vote *used = model ? model : &c->vote;
        c->counted = model == NULL;
        ballot[n++] = (struct ballot){
            .agent = c->agent->name, .state = used->state, .confidence = used->confidence};
    }
    consensus_decide(ballot, n, v->needed, &v->consensus);
}
