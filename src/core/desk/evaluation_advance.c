/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of an evaluation from one stored state to the next: each one statement, fenced by owner
 * and state, all or nothing. */
#include "core/desk/evaluation_private.h"
#include "quorum/log.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

/* The step that changes nothing else. */
static const struct statement gather = {
    "evaluation gather", "UPDATE evaluations SET state = 'GATHERING', lease_until = "
                         "clock_timestamp() + " LEASE " WHERE id = $1::bigint AND locked_by = $2"
                         " AND state = 'QUEUED' RETURNING id, " NOT_YET_ON_DISK};

/* The step to VOTING, from QUEUED where nothing is left to gather: the facts it rests on, and those
 * of them that outlive the dossier. (The hash of the bars comes with the first votes.) */
static const struct statement facts = {
    "evaluation facts",
    "WITH ev AS ("
    "  UPDATE evaluations SET state = 'VOTING', price = $3::numeric, regime = $4,"
    "    regime_confidence = $5::float8, barrier_stop_pct = $6::float8,"
    "    barrier_target_pct = $7::float8, lease_until = clock_timestamp() + " LEASE
    "  WHERE id = $1::bigint AND locked_by = $2 AND state IN ('QUEUED', 'GATHERING') RETURNING id"
    "), dossier AS ("
    "  INSERT INTO dossiers (evaluation_id, created_at, content, sha256, bars_from, bars_to,"
    "                        bars_count)"
    "  SELECT id, desk_now(), $8, encode(sha256(convert_to($8, 'UTF8')), 'hex'), $9::date,"
    "    $10::date, $11::int FROM ev"
    "), kept AS ("
    "  INSERT INTO evaluation_facts (evaluation_id, sector, rsi, volume_ratio, atr, beta)"
    "  SELECT id, $12, $13::float8, $14::float8, $15::float8, $16::float8 FROM ev"
    ") SELECT id, " NOT_YET_ON_DISK " FROM ev"};

/* Of $5, those that are not there already, each with its interaction row and rollups. */
#define NEW_VOTES                                                                                  \
    "v AS ("                                                                                       \
    "  SELECT t.*, t.agent || '_baseline' AS agent_name FROM ev, jsonb_to_recordset($5::jsonb) AS" \
    "    t (agent text, source text, role text, vote text, answer text, confidence float8,"        \
    "       reason text, score float8, evidence jsonb, wrong_evidence int, counted bool,"          \
    "       prompt_version int, latency_ms int)"                                                   \
    "  WHERE (SELECT x.agent FROM votes x WHERE x.evaluation_id = ev.id AND x.agent = t.agent"     \
    "           AND x.source = t.source) IS NULL"                                                  \
    "), interaction AS ("                                                                          \
    "  INSERT INTO agent_interactions (agent_name, action, context, result, cost_usd, latency_ms," \
    "                                  evaluation_id, status)"                                     \
    "  SELECT v.agent_name, v.role, jsonb_build_object('evaluation_id', ev.id),"                   \
    "    jsonb_build_object('vote', v.vote, 'answer', v.answer, 'confidence', v.confidence,"       \
    "                       'reason', v.reason), 0, v.latency_ms, ev.id, 'DONE'"                   \
    "  FROM v, ev RETURNING id, agent_name, created_at, latency_ms"                                \
    "), rolled AS ("                                                                               \
    "  SELECT add_to_rollups(agent_name, created_at, 1, 0, 0, latency_ms, 0) AS one"               \
    "  FROM (SELECT * FROM interaction ORDER BY agent_name) i"                                     \
    "), vote AS ("                                                                                 \
    "  INSERT INTO votes (evaluation_id, agent, source, role, vote, answer, confidence, reason,"   \
    "    score, evidence, wrong_evidence, counted, prompt_version, interaction_id)"                \
    "  SELECT ev.id, v.agent, v.source, v.role, v.vote, v.answer, v.confidence, v.reason, "        \
    "v.score,"                                                                                     \
    "    v.evidence, v.wrong_evidence, v.counted, v.prompt_version, i.id"                          \
    "  FROM v JOIN interaction i USING (agent_name), ev"                                           \
    ")"

/* A step from one stored state to the next, fenced by owner and state. $4 holds the columns that
 * change; $5 the new votes; $6 names the agents whose baseline's vote the consensus used, $7 those
 * whose model's vote has to be there: the step is sent while the last of them is being stored. */
static const struct statement advance = {
    "evaluation advance",
    "WITH ev AS ("
    "  UPDATE evaluations e SET (state, state_reason, price, regime, regime_confidence, decision,"
    "    consensus_reached, agree, consensus_reason, risk_decision, shares, position_pct,"
    "    stop_loss_pct, take_profit_pct, size_reason, binding, worksheet, degraded,"
    "    degraded_reason, barrier_stop_pct, barrier_target_pct, finished_at, latency_ms,"
    "    lease_until, cost_usd, tokens, parameters) ="
    "  (SELECT r.state, r.state_reason, r.price, r.regime, r.regime_confidence, r.decision,"
    "    r.consensus_reached, r.agree, r.consensus_reason, r.risk_decision, r.shares,"
    "    r.position_pct, r.stop_loss_pct, r.take_profit_pct, r.size_reason, r.binding,"
    "    r.worksheet, r.degraded, r.degraded_reason, r.barrier_stop_pct, r.barrier_target_pct,"
    "    CASE WHEN f.final THEN desk_now() END,"
    "    LEAST(extract(epoch FROM clock_timestamp() - e.started_machine) * 1000, 2147483647)::int,"
    "    CASE WHEN NOT f.final THEN clock_timestamp() + " LEASE " END, spent.cost, spent.tokens,"
    "    r.parameters FROM jsonb_populate_record(e, $4::jsonb) r,"
    "    LATERAL (SELECT r.state IN ('DECIDED', 'NO_QUORUM', 'REFUSED', 'CANCELLED', 'FAILED')"
    "             AS final) f, LATERAL"
    "    (SELECT COALESCE(sum(i.cost_usd), 0) AS cost, COALESCE(sum(i.tokens_used), 0) AS tokens"
    "     FROM agent_interactions i WHERE i.evaluation_id = e.id) spent)"
    "  WHERE e.id = $1::bigint AND e.locked_by = $2 AND e.state = $3"
    "    AND cardinality(string_to_array($7, ' ')) = (SELECT count(*) FROM votes x"
    "      WHERE x.evaluation_id = $1::bigint AND x.source = 'model'"
    "      AND x.agent = ANY(string_to_array($7, ' '))) RETURNING id, created_at"
    "), " NEW_VOTES ", counted AS ("
    "  UPDATE votes SET counted = true FROM ev WHERE evaluation_id = ev.id"
    "    AND source = 'baseline' AND agent = ANY(string_to_array($6, ' ')) AND NOT counted"
    ") SELECT id, (SELECT sum(one) FROM rolled), CASE WHEN $4::jsonb->>'state' = 'SIZING'"
    "   THEN " NOT_YET_ON_DISK " END FROM ev"};

/* Votes outside a step: $4 is what the hash of the bars is over, where it is to be stored. */
static const struct statement votes_ahead = {
    "evaluation votes ahead",
    "WITH ev AS (SELECT id FROM evaluations WHERE id = $1::bigint AND locked_by = $2"
    "            AND state = $3), " NEW_VOTES ", bars AS ("
    "  UPDATE dossiers SET bars_sha256 = encode(sha256(convert_to($4::text, 'UTF8')), 'hex')"
    "  FROM ev WHERE evaluation_id = ev.id AND $4::text IS NOT NULL"
    ") SELECT id, (SELECT sum(one) FROM rolled), " NOT_YET_ON_DISK " FROM ev"};

struct votes_ahead {
    struct evaluation *v; /* NULL: it ended */
    size_t before;        /* how many votes were stored */
    void (*stored)(struct evaluation *v);
};

static void advanced(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    if (e && e->kind) {
        evaluation_finish(v, e);
        return;
    }
    if (rows->nrows == 0 && v->unsettled) {
        evaluation_step_again(v);
        return;
    }
    if (rows->nrows == 0) {
        struct error lost = {0};
        err_set(&lost, ERR_CONFLICT, "evaluation #%lld was taken over by another process",
                (long long)v->id);
        evaluation_finish(v, &lost);
        return;
    }
    if (v->stored_votes < v->sent_votes)
        v->stored_votes = v->sent_votes;
    if (v->on_state)
        v->on_state(v->on_state_arg, v->id, v->state);
    evaluation_step(v);
}

/* What the hash of the bars is over: a line a bar, "day open high low close volume". */
static void bars_text(const struct bars *b, struct buf *out)
{
    for (const struct bar *x = b->bar; x < b->bar + b->n; x++) {
        const int64_t field[] = {x->day, x->open, x->high, x->low, x->close, x->volume};
        for (size_t i = 0; i < ARRAY_LEN(field); i++) {
            buf_int(out, field[i]);
            buf_char(out, i + 1 < ARRAY_LEN(field) ? ' ' : '\n');
        }
    }
}

/* The barriers of the shadow outcome: the standard ones, so that scores stay comparable whatever
 * is learned. */
static void bind_barriers(struct params *p, const struct dossier *d)
{
    double stop, target;
    if (d->price <= 0 || !d->indicators.atr.known) {
        params_text(p, NULL);
        params_text(p, NULL);
        return;
    }
    barrier_fractions(d->price, d->indicators.atr.v, d->indicators.beta, STOP_MULTIPLE,
                      TARGET_MULTIPLE, &stop, &target);
    params_double(p, 100 * stop);
    params_double(p, 100 * target);
}

static void bind_dossier(struct params *p, struct evaluation *v)
{
    const struct dossier *d = &v->dossier;
    const struct bar_range *range = &d->bars;
    char from[11], to[11];
    evaluation_spell_facts(v);
    params_text(p, buf_text(&v->content));
    params_text(p, range->count ? day_print(from, range->first) : NULL);
    params_text(p, range->count ? day_print(to, range->last) : NULL);
    params_int(p, range->count);
    buf_release(&v->content);
}

static void bind_value(struct params *p, struct value v)
{
    if (v.known)
        params_double(p, v.v);
    else
        params_text(p, NULL);
}

/* What learning looks at; the dossier is dropped one day. */
static void bind_kept(struct params *p, const struct dossier *d)
{
    params_text(p, d->market.profile.sector);
    bind_value(p, d->indicators.rsi);
    bind_value(p, d->indicators.volume_ratio);
    bind_value(p, d->indicators.atr);
    bind_value(p, d->indicators.beta);
}

void evaluation_store_facts(struct evaluation *v)
{
    const struct dossier *d = &v->dossier;
    struct params p = {0};
    params_int(&p, v->id);
    params_text(&p, owner_self());
    if (d->price > 0)
        params_decimal(&p, d->price, PRICE_DIGITS);
    else
        params_text(&p, NULL);
    params_text(&p, regime_name(d->regime.label));
    if (d->regime.label != REGIME_UNKNOWN)
        params_double(&p, d->regime.confidence);
    else
        params_text(&p, NULL);
    bind_barriers(&p, d);
    bind_dossier(&p, v);
    bind_kept(&p, d);
    v->state = "VOTING";
    v->sent_votes = v->nvotes;
    db_send(v->desk->db, &facts, &p, advanced, v);
}

static void votes_stored(void *arg, struct rows *rows, const struct error *e)
{
    struct votes_ahead *a = arg;
    struct evaluation *v = a->v;
    void (*stored)(struct evaluation *) = a->stored;
    if (e)
        log_write(LOG_WARN, "evaluation", "%s", e->text);
    if (v && (e || rows->nrows == 0))
        v->stored_votes = a->before;
    if (v)
        v->ahead = NULL;
    mem_free(a);
    if (v)
        stored(v);
}

void evaluation_drop_ahead(struct evaluation *v)
{
    if (v->ahead)
        v->ahead->v = NULL;
    v->ahead = NULL;
}

void evaluation_store_votes(struct evaluation *v, void (*stored)(struct evaluation *v))
{
    struct votes_ahead *a = mem_alloc(sizeof *a);
    struct params p = {0};
    struct buf votes = {0}, bars = {0};
    *a = (struct votes_ahead){.v = v, .before = v->stored_votes, .stored = stored};
    params_int(&p, v->id);
    params_text(&p, owner_self());
    params_text(&p, v->state);
    if (v->stored_votes == 0)
        bars_text(&v->dossier.market.bars, &bars);
    params_text(&p, bars.len ? buf_text(&bars) : NULL);
    evaluation_votes_json(v, v->stored_votes, &votes);
    params_text(&p, buf_text(&votes));
    v->ahead = a;
    v->stored_votes = v->nvotes;
    db_send(v->desk->db, &votes_ahead, &p, votes_stored, a);
    buf_release(&votes);
    buf_release(&bars);
}

void evaluation_begin_gathering(struct evaluation *v)
{
    struct params p = {0};
    params_int(&p, v->id);
    params_text(&p, owner_self());
    v->state = "GATHERING";
    db_send(v->desk->db, &gather, &p, advanced, v);
}

void evaluation_patch_begin(struct json *j, struct buf *b, const char *state)
{
    json_begin(j, b);
    json_open(j, NULL, '{');
    json_str(j, "state", state);
}

void evaluation_advance(struct evaluation *v, const char *state, struct json *patch)
{
    struct params p = {0};
    struct buf votes = {0}, counted = {0}, models = {0};
    json_close(patch, '}');
    params_int(&p, v->id);
    params_text(&p, owner_self());
    params_text(&p, v->state);
    params_text(&p, buf_text(patch->out));
    evaluation_votes_json(v, v->stored_votes, &votes);
    params_text(&p, buf_text(&votes));
    for (size_t i = 0; i < v->nvotes; i++)
        if (v->vote[i].counted)
            buf_printf(&counted, "%s%s", counted.len ? " " : "", v->vote[i].agent->name);
    params_text(&p, buf_text(&counted));
    for (size_t i = 0; i < v->nmodel_votes; i++)
        buf_printf(&models, "%s%s", i ? " " : "", v->model_vote[i].agent->name);
    params_text(&p, buf_text(&models));
    v->stepped_from = v->state;
    v->unsettled = false;
    v->state = state;
    v->sent_votes = v->nvotes;
    db_send(v->desk->db, &advance, &p, advanced, v);
    buf_release(&votes);
    buf_release(&counted);
    buf_release(&models);
    buf_release(patch->out);
}

void evaluation_fail(struct evaluation *v, const char *state, const char *reason)
{
    struct buf b = {0};
    struct json j;
    evaluation_patch_begin(&j, &b, state);
    json_str(&j, "state_reason", reason);
    evaluation_advance(v, state, &j);
}
