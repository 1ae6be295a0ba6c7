/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evaluations as stored: loading one for showing, finding unfinished ones, storing prompts. */
#include <json-c/json.h>
#include <string.h>

#include "quorum/buf.h"
#include "quorum/evaluation.h"
#include "quorum/text.h"

#define UTC(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"

static const struct statement evaluation_row = {
    "evaluation row",
    "SELECT id, symbol, state, state_reason, requested_by, " UTC("created_at") ", " UTC(
        "as_of") ","
                 " " UTC(
                     "finished_at") ", trim_scale(price)::text, regime, regime_confidence,"
                                    " decision, consensus_reached, agree, voters, needed, "
                                    "agreement, consensus_reason,"
                                    " risk_decision, shares, position_pct, stop_loss_pct, "
                                    "take_profit_pct, size_reason, binding,"
                                    " worksheet::text, degraded, degraded_reason, "
                                    "cost_usd::text, tokens, latency_ms, locked_by, order_result, "
                                    "parameters::text, (SELECT string_agg(j.key || ' ' ||"
                                    " COALESCE(trim_scale(v.value)::text, 'off') || ' (version ' ||"
                                    " j.value || ')', ', ' ORDER BY j.key)"
                                    " FROM jsonb_each_text(parameters) j LEFT JOIN"
                                    " parameter_versions v ON v.id = j.value::bigint) "
                                    "FROM evaluations WHERE id = $1::bigint"};
static const struct statement vote_rows = {
    "evaluation votes",
    "SELECT v.agent, v.source, v.role, v.vote, v.answer, v.reason, v.evidence::text, v.confidence,"
    " v.score, v.wrong_evidence, v.counted, COALESCE(i.cost_usd, 0)::text,"
    " COALESCE(i.tokens_used, 0), c.real_pct, c.n, v.prompt_version "
    "FROM votes v JOIN evaluations e ON e.id = v.evaluation_id"
    " LEFT JOIN agent_interactions i ON i.id = v.interaction_id"
    " LEFT JOIN LATERAL calibrated(v.agent, v.source, v.vote, v.confidence) c ON true "
    "WHERE v.evaluation_id = $1::bigint "
    "ORDER BY array_position(ARRAY['classifier', 'voter', 'veto'], v.role),"
    " array_position(string_to_array(e.request->>'voters', ' '), v.agent), v.source DESC"};
static const struct statement dossier_row = {
    "evaluation dossier", "SELECT content, sha256 FROM dossiers WHERE evaluation_id = $1::bigint"};
static const struct statement unfinished = {
    "evaluations unfinished",
    "SELECT id, locked_by, lease_until < clock_timestamp() FROM evaluations "
    "WHERE state IN ('QUEUED', 'GATHERING', 'VOTING', 'SIZING') ORDER BY id"};

static const char *clean(struct arena *a, const char *text)
{
    if (!text)
        return NULL;
    struct buf b = {.max = 4 << 20};
    sanitize(&b, untrusted(text), TEXT_LINE, 0);
    const char *copy = arena_text(a, buf_text(&b));
    buf_release(&b);
    return copy;
}

static struct value number(const struct rows *r, size_t row, size_t col)
{
    bool is_null;
    double x = rows_double(r, row, col, &is_null);
    return is_null ? VALUE_UNKNOWN : VALUE(x);
}

static void take_row(struct stored_evaluation *s, const struct rows *r)
{
    struct arena *a = &s->arena;
    s->symbol = clean(a, rows_text(r, 0, 1));
    s->state = clean(a, rows_text(r, 0, 2));
    s->state_reason = clean(a, rows_text(r, 0, 3));
    s->requested_by = clean(a, rows_text(r, 0, 4));
    s->created_at = clean(a, rows_text(r, 0, 5));
    s->as_of = clean(a, rows_text(r, 0, 6));
    s->finished_at = clean(a, rows_text(r, 0, 7));
    s->price = clean(a, rows_text(r, 0, 8));
    s->regime = clean(a, rows_text(r, 0, 9));
    s->regime_confidence = number(r, 0, 10);
    s->decision = clean(a, rows_text(r, 0, 11));
    s->reached = rows_bool(r, 0, 12);
    s->agree = (int)rows_int(r, 0, 13);
    s->voters = (int)rows_int(r, 0, 14);
    s->needed = (int)rows_int(r, 0, 15);
    s->agreement = clean(a, rows_text(r, 0, 16));
    s->consensus_reason = clean(a, rows_text(r, 0, 17));
    s->risk_decision = clean(a, rows_text(r, 0, 18));
    s->shares = rows_int(r, 0, 19);
    s->position_pct = number(r, 0, 20);
    s->stop_pct = number(r, 0, 21);
    s->target_pct = number(r, 0, 22);
    s->size_reason = clean(a, rows_text(r, 0, 23));
    s->binding = clean(a, rows_text(r, 0, 24));
    s->worksheet = clean(a, rows_text(r, 0, 25));
    s->degraded = rows_bool(r, 0, 26);
    s->degraded_reason = clean(a, rows_text(r, 0, 27));
    s->cost_usd = clean(a, rows_text(r, 0, 28));
    s->tokens = rows_int(r, 0, 29);
    s->latency_ms = rows_int(r, 0, 30);
    s->locked_by = clean(a, rows_text(r, 0, 31));
    s->order_result = clean(a, rows_text(r, 0, 32));
    s->parameters = clean(a, rows_text(r, 0, 33));
    s->parameters_text = clean(a, rows_text(r, 0, 34));
}

static void take_votes(struct stored_evaluation *s, const struct rows *r)
{
    struct arena *a = &s->arena;
    for (size_t i = 0; i < r->nrows && s->nvotes < EVALUATION_VOTES_MAX; i++) {
        s->vote[s->nvotes++] = (struct stored_vote){
            .agent = clean(a, rows_text(r, i, 0)),
            .source = clean(a, rows_text(r, i, 1)),
            .role = clean(a, rows_text(r, i, 2)),
            .vote = clean(a, rows_text(r, i, 3)),
            .answer = clean(a, rows_text(r, i, 4)),
            .reason = clean(a, rows_text(r, i, 5)),
            .evidence = clean(a, rows_text(r, i, 6)),
            .confidence = number(r, i, 7).v,
            .score = number(r, i, 8),
            .wrong_evidence = (int)rows_int(r, i, 9),
            .counted = rows_bool(r, i, 10),
            .cost_usd = clean(a, rows_text(r, i, 11)),
            .tokens = rows_int(r, i, 12),
            .real_pct = number(r, i, 13),
            .real_n = rows_int(r, i, 14),
            .prompt_version = (int)rows_int(r, i, 15),
        };
    }
}

static const char *json_text(struct arena *a, struct json_object *o, const char *key)
{
    struct json_object *v;
    return json_object_object_get_ex(o, key, &v) && json_object_is_type(v, json_type_string)
               ? clean(a, json_object_get_string(v))
               : "";
}

static bool json_truth(struct json_object *o, const char *key)
{
    struct json_object *v;
    return json_object_object_get_ex(o, key, &v) && json_object_get_boolean(v);
}

static void take_caps(struct stored_evaluation *s)
{
    struct json_object *root = s->worksheet ? json_tokener_parse(s->worksheet) : NULL, *caps;
    if (json_object_is_type(root, json_type_object) &&
        json_object_object_get_ex(root, "caps", &caps) &&
        json_object_is_type(caps, json_type_array)) {
        size_t n = json_object_array_length(caps);
        for (size_t i = 0; i < n && s->ncaps < SIZING_CAPS_MAX; i++) {
            struct json_object *c = json_object_array_get_idx(caps, i), *pct;
            if (!json_object_is_type(c, json_type_object))
                continue;
            s->cap[s->ncaps++] = (struct stored_cap){
                .name = json_text(&s->arena, c, "name"),
                .note = json_text(&s->arena, c, "note"),
                .applied = json_truth(c, "applied"),
                .binding = json_truth(c, "binding"),
                .pct = json_object_object_get_ex(c, "pct", &pct) ? json_object_get_double(pct) : 0,
            };
        }
    }
    json_object_put(root);
}

enum err evaluation_load(struct desk *d, int64_t id, bool with_dossier,
                         struct stored_evaluation *out, struct error *e)
{
    struct rows r = {0};
    struct params p = {0};
    *out = (struct stored_evaluation){.id = id};
    params_int(&p, id);
    if (db_query(d->db, &evaluation_row, &p, &r, e))
        return e->kind;
    if (r.nrows == 0) {
        rows_release(&r);
        err_set(e, ERR_USAGE, "there is no evaluation #%lld on the %s desk", (long long)id,
                desk_kind_name(d->kind));
        return err_fix(e, "quorum evaluations lists them");
    }
    take_row(out, &r);
    rows_release(&r);
    params_int(&p, id);
    if (db_query(d->db, &vote_rows, &p, &r, e))
        return e->kind;
    take_votes(out, &r);
    rows_release(&r);
    take_caps(out);
    if (!with_dossier)
        return OK;
    params_int(&p, id);
    if (db_query(d->db, &dossier_row, &p, &r, e))
        return e->kind;
    if (r.nrows) {
        out->dossier = arena_text(&out->arena, rows_text(&r, 0, 0));
        out->dossier_sha256 = clean(&out->arena, rows_text(&r, 0, 1));
    }
    rows_release(&r);
    return OK;
}

void stored_evaluation_release(struct stored_evaluation *e)
{
    arena_release(&e->arena);
}

enum err evaluation_unfinished(struct desk *d, struct arena *a, int64_t **ids, size_t *n,
                               size_t *held, struct error *e)
{
    struct rows r = {0};
    struct params p = {0};
    *n = *held = 0;
    if (db_query(d->db, &unfinished, &p, &r, e))
        return e->kind;
    *ids = arena_alloc(a, (r.nrows + 1) * sizeof **ids);
    for (size_t i = 0; i < r.nrows; i++) {
        const char *owner = rows_text(&r, i, 1);
        if (!owner || rows_bool(&r, i, 2) || owner_is_gone(owner))
            (*ids)[(*n)++] = rows_int(&r, i, 0);
        else
            (*held)++;
    }
    rows_release(&r);
    return OK;
}
