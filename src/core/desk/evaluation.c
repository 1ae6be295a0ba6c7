/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/desk/agent_call.h"
#include "quorum/calendar.h"
#include "quorum/log.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/vendor.h"

enum { RENEW_EVERY_MS = 20000 };

/* A step in the middle need not reach the disk before the next begins: the log keeps the order, and
 * what holds money (a reservation) or ends an evaluation waits for the disk and takes all before it
 * along. */
#define NOT_YET_ON_DISK "set_config('synchronous_commit', 'off', true)"

static const struct statement create = {
    "evaluation create",
    "WITH ev AS ("
    "  INSERT INTO evaluations (symbol, requested_by, request, as_of, voters, needed, locked_by,"
    "                           max_cost_usd, lease_until, job_id, slot_at, origin)"
    "  VALUES ($1, $2, $4::text::jsonb, COALESCE($5::timestamptz, desk_now()), $6::int, $7::int,"
    "          $8, $9::numeric, clock_timestamp() + " LEASE ", $10::bigint, $11::timestamptz,"
    "          CASE WHEN $10::text IS NULL THEN 'operator' ELSE 'schedule' END)"
    "  RETURNING id, as_of) "
    "SELECT id, as_of, CASE WHEN $10::text IS NULL THEN audit_append($2, $3, 'evaluate',"
    "         'evaluation #' || id || ' ' || $1, '', '', $4::text) END,"
    "       ensure_partitions(desk_now()), " NOT_YET_ON_DISK " FROM ev"};

/* Every step from one stored state to the next, fenced by owner and state. $4 holds the columns
 * that change; $5 the new votes, each with its interaction row and rollups; $6 the dossier. */
static const struct statement advance = {
    "evaluation advance",
    "WITH ev AS ("
    "  UPDATE evaluations e SET (state, state_reason, price, regime, regime_confidence, decision,"
    "    consensus_reached, agree, consensus_reason, risk_decision, shares, position_pct,"
    "    stop_loss_pct, take_profit_pct, size_reason, binding, worksheet, degraded,"
    "    degraded_reason, barrier_stop_pct, barrier_target_pct, finished_at, latency_ms,"
    "    lease_until, cost_usd, tokens) ="
    "  (SELECT r.state, r.state_reason, r.price, r.regime, r.regime_confidence, r.decision,"
    "    r.consensus_reached, r.agree, r.consensus_reason, r.risk_decision, r.shares,"
    "    r.position_pct, r.stop_loss_pct, r.take_profit_pct, r.size_reason, r.binding,"
    "    r.worksheet, r.degraded, r.degraded_reason, r.barrier_stop_pct, r.barrier_target_pct,"
    "    CASE WHEN f.final THEN desk_now() END,"
    "    LEAST(extract(epoch FROM clock_timestamp() - e.started_machine) * 1000, 2147483647)::int,"
    "    CASE WHEN NOT f.final THEN clock_timestamp() + " LEASE " END, spent.cost, spent.tokens"
    "   FROM jsonb_populate_record(e, $4::jsonb) r,"
    "    LATERAL (SELECT r.state IN ('DECIDED', 'NO_QUORUM', 'REFUSED', 'CANCELLED', 'FAILED')"
    "             AS final) f, LATERAL"
    "    (SELECT COALESCE(sum(i.cost_usd), 0) AS cost, COALESCE(sum(i.tokens_used), 0) AS tokens"
    "     FROM agent_interactions i WHERE i.evaluation_id = e.id) spent)"
    "  WHERE e.id = $1::bigint AND e.locked_by = $2 AND e.state = $3 RETURNING id, created_at"
    "), v AS ("
    "  SELECT t.*, t.agent || '_baseline' AS agent_name FROM ev, jsonb_to_recordset($5::jsonb) AS"
    "    t (agent text, source text, role text, vote text, answer text, confidence float8,"
    "       reason text, score float8, evidence jsonb, wrong_evidence int, counted bool,"
    "       prompt_version int, latency_ms int)"
    "), interaction AS ("
    "  INSERT INTO agent_interactions (agent_name, action, context, result, cost_usd, latency_ms,"
    "                                  evaluation_id, status)"
    "  SELECT v.agent_name, v.role, jsonb_build_object('evaluation_id', ev.id),"
    "    jsonb_build_object('vote', v.vote, 'answer', v.answer, 'confidence', v.confidence,"
    "                       'reason', v.reason), 0, v.latency_ms, ev.id, 'DONE'"
    "  FROM v, ev RETURNING id, agent_name, created_at, latency_ms"
    "), rolled AS ("
    "  SELECT add_to_rollups(agent_name, created_at, 1, 0, 0, latency_ms, 0) AS one"
    "  FROM (SELECT * FROM interaction ORDER BY agent_name) i"
    "), vote AS ("
    "  INSERT INTO votes (evaluation_id, agent, source, role, vote, answer, confidence, reason,"
    "    score, evidence, wrong_evidence, counted, prompt_version, interaction_id)"
    "  SELECT ev.id, v.agent, v.source, v.role, v.vote, v.answer, v.confidence, v.reason, v.score,"
    "    v.evidence, v.wrong_evidence, v.counted, v.prompt_version, i.id"
    "  FROM v JOIN interaction i USING (agent_name), ev"
    "), dossier AS ("
    "  INSERT INTO dossiers (evaluation_id, created_at, content, sha256, bars_from, bars_to,"
    "                        bars_count, bars_sha256)"
    "  SELECT ev.id, desk_now(), $6, encode(sha256(convert_to($6, 'UTF8')), 'hex'), $7::date,"
    "    $8::date, $9::int, encode(sha256(convert_to($10, 'UTF8')), 'hex')"
    "  FROM ev WHERE $6::text IS NOT NULL"
    ") SELECT id, (SELECT sum(one) FROM rolled), CASE WHEN $4::jsonb->>'state' IN"
    "   ('VOTING', 'SIZING') THEN " NOT_YET_ON_DISK " END FROM ev"};

/* The step that changes nothing else: a light statement, for it stands in every evaluation's way.
 */
static const struct statement gather = {
    "evaluation gather", "UPDATE evaluations SET state = 'GATHERING', lease_until = "
                         "clock_timestamp() + " LEASE " WHERE id = $1::bigint AND locked_by = $2"
                         " AND state = 'QUEUED' RETURNING id, " NOT_YET_ON_DISK};

static const struct statement renew = {
    "evaluation renew", "UPDATE evaluations SET lease_until = clock_timestamp() + " LEASE
                        " WHERE id = $1::bigint AND locked_by = $2 AND finished_at IS NULL"};

void evaluation_finish(struct evaluation *v, const struct error *e)
{
    evaluation_done_fn *done = v->done;
    void *arg = v->arg;
    int64_t id = v->id;
    struct error lost;
    if (e && e == &v->unavailable) {
        lost = *e; /* it goes with v */
        e = &lost;
    } else if (e && e->kind == ERR_TRANSIENT && id) {
        lost = *e;
        e = &lost;
        err_wrap(&lost, "the database was lost under evaluation #%lld", (long long)id);
        err_fix(&lost, "what was stored stays; quorum evaluate --resume %lld finishes it",
                (long long)id);
    }
    if (e && e->kind)
        log_write(LOG_WARN, "evaluation", "#%lld %s: %s", (long long)id, v->symbol, e->text);
    loop_timer_free(v->renewal);
    agent_calls_drop(v);
    dossier_release(&v->dossier);
    market_free(v->recorded);
    mem_free(v);
    done(arg, id, e);
}

/* The columns a step changes are written as one JSON object; json_populate keeps the others. */
static void patch_begin(struct json *j, struct buf *b, const char *state)
{
    json_begin(j, b);
    json_open(j, NULL, '{');
    json_str(j, "state", state);
}

static void advanced(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    if (e && e->kind) {
        evaluation_finish(v, e);
        return;
    }
    if (rows->nrows == 0) {
        struct error lost = {0};
        err_set(&lost, ERR_CONFLICT, "evaluation #%lld was taken over by another process",
                (long long)v->id);
        evaluation_finish(v, &lost);
        return;
    }
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

/* Sends the step to `state`. owned_patch is an open JSON object; dossier may be NULL. */
static void send_advance(struct evaluation *v, const char *state, struct json *patch,
                         const struct buf *dossier)
{
    struct params p = {0};
    struct buf votes = {0}, bars = {0};
    char from[11], to[11];
    const struct bars *b = &v->dossier.market.bars;
    const struct bar_range *range = &v->dossier.bars;
    json_close(patch, '}');
    params_int(&p, v->id);
    params_text(&p, owner_self());
    params_text(&p, v->state);
    params_text(&p, buf_text(patch->out));
    evaluation_votes_json(v, v->stored_votes, &votes);
    params_text(&p, buf_text(&votes));
    params_text(&p, dossier ? buf_text(dossier) : NULL);
    bool has_bars = dossier && range->count;
    params_text(&p, has_bars ? day_print(from, range->first) : NULL);
    params_text(&p, has_bars ? day_print(to, range->last) : NULL);
    params_int(&p, has_bars ? range->count : 0);
    if (has_bars && b->n)
        bars_text(b, &bars);
    params_text(&p, bars.len ? buf_text(&bars) : NULL);
    v->state = state;
    v->sent_votes = v->nvotes;
    db_send(v->desk->db, &advance, &p, advanced, v);
    buf_release(&votes);
    buf_release(&bars);
    buf_release(patch->out);
}

void evaluation_fail(struct evaluation *v, const char *state, const char *reason)
{
    struct buf b = {0};
    struct json j;
    patch_begin(&j, &b, state);
    json_str(&j, "state_reason", reason);
    send_advance(v, state, &j, NULL);
}

static void prepare_votes(struct evaluation *v);

/* The barriers of the shadow outcome: the standard ones, so that scores stay comparable whatever
 * is learned. */
static void write_barriers(const struct dossier *d, struct json *j)
{
    double stop, target;
    if (d->price <= 0 || !d->indicators.atr.known)
        return;
    barrier_fractions(d->price, d->indicators.atr.v, d->indicators.beta, STOP_MULTIPLE,
                      TARGET_MULTIPLE, &stop, &target);
    json_num(j, "barrier_stop_pct", 100 * stop);
    json_num(j, "barrier_target_pct", 100 * target);
}

static void store_facts(struct evaluation *v)
{
    struct buf patch = {0}, dossier = {0};
    struct json j;
    char price[40];
    dossier_write(&v->dossier, &dossier);
    patch_begin(&j, &patch, "VOTING");
    if (v->dossier.price > 0)
        json_raw(&j, "price",
                 decimal_print(price, sizeof price, v->dossier.price, PRICE_DIGITS, PRICE_DIGITS));
    json_str(&j, "regime", regime_name(v->dossier.regime.label));
    if (v->dossier.regime.label != REGIME_UNKNOWN)
        json_num(&j, "regime_confidence", v->dossier.regime.confidence);
    write_barriers(&v->dossier, &j);
    send_advance(v, "VOTING", &j, &dossier);
    buf_release(&dossier);
    prepare_votes(v); /* while the database stores what they rest on */
}

static void gathered(void *arg, const struct error *e)
{
    struct evaluation *v = arg;
    if (e && e->kind) {
        evaluation_fail(v, e->kind == ERR_USAGE ? "REFUSED" : "FAILED", e->text);
        return;
    }
    struct error bad = {0};
    if (!v->has_given && dossier_check_price(&v->dossier.market, v->given_price, &bad)) {
        evaluation_fail(v, "REFUSED", bad.text);
        return;
    }
    dossier_build(&v->dossier, v->desk->agents, v->has_given ? &v->given : NULL, v->given_price);
    store_facts(v);
}

static void degrade(struct evaluation *v, const char *who, const char *why)
{
    size_t n = strlen(v->degraded);
    snprintf(v->degraded + n, sizeof v->degraded - n, "%s%s%s%s", n ? "; " : "", who,
             *who ? ": " : "", why);
}

static void write_degraded(const struct evaluation *v, struct json *j)
{
    json_flag(j, "degraded", *v->degraded != '\0');
    json_str(j, "degraded_reason", v->degraded);
}

static void size_and_ask(struct evaluation *v, const struct rows *account);

static void account_read(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    v->sized = !e || !e->kind;
    if (v->sized)
        size_and_ask(v, rows);
}

/* Goes before the step to SIZING, so that what it says is worked on while that is stored. */
static void read_account_ahead(struct evaluation *v)
{
    struct params p = {0};
    evaluation_account_params(v, &p);
    db_send(v->desk->db, &evaluation_account, &p, account_read, v);
}

static void send_votes(struct evaluation *v)
{
    struct buf b = {0};
    struct json j;
    evaluation_tally(v);
    const struct consensus *c = &v->consensus;
    const char *next = !c->quorum                    ? "NO_QUORUM"
                       : c->decision == DECISION_BUY ? "SIZING"
                                                     : "DECIDED";
    patch_begin(&j, &b, next);
    json_str(&j, "decision", decision_name(c->decision));
    json_flag(&j, "consensus_reached", c->reached);
    json_int(&j, "agree", c->agree);
    json_str(&j, "consensus_reason", c->reason);
    json_str(&j, "state_reason", c->quorum ? "" : c->reason);
    write_degraded(v, &j);
    if (c->quorum && c->decision == DECISION_BUY)
        read_account_ahead(v);
    send_advance(v, next, &j, NULL);
}

/* Takes what an agent's model said; true when the last open one came in. */
static bool take_call(struct evaluation *v, const struct agent_call_result *r)
{
    if (r->has_vote)
        evaluation_add_model_vote(v, r->agent, &r->vote);
    else
        degrade(v, r->agent->name, r->why);
    return --v->open_calls == 0;
}

static void vote_arrived(struct evaluation *v, const struct agent_call_result *r)
{
    if (take_call(v, r))
        send_votes(v);
}

/* Is this agent's model to be asked? Not when the data it needs is missing (its baseline says
 * so), when it has voted, or when its reply was paid for and lost. */
static bool wants_model(struct evaluation *v, const struct cast_vote *c)
{
    if (c->vote.state == VOTE_ABSTAIN || evaluation_model_vote(v, c->agent))
        return false;
    for (size_t i = 0; i < v->nlost; i++) {
        if (v->lost[i] == c->agent) {
            degrade(v, c->agent->name, "its reply was lost in a crash and is not paid twice");
            return false;
        }
    }
    return true;
}

static void ask_model(struct evaluation *v, const struct cast_vote *c)
{
    if (desk_model_absent(v->desk) || !wants_model(v, c))
        return;
    v->open_calls++;
    agent_call_add(v, c->agent, vote_arrived);
}

/* The baselines' votes, and the questions to the models: as soon as the state is on its way. */
static void prepare_votes(struct evaluation *v)
{
    const char *none = desk_model_absent(v->desk);
    if (none)
        degrade(v, "baselines voted", none);
    evaluation_cast_baselines(v);
    v->open_calls = 1; /* until vote, so that no answer ends it early */
    for (size_t i = 0; i < v->nvotes; i++)
        ask_model(v, &v->vote[i]);
    agent_calls_send(v);
}

static void vote(struct evaluation *v)
{
    if (v->nvotes == 0)
        prepare_votes(v); /* resumed */
    if (--v->open_calls == 0)
        send_votes(v);
}

static void send_decision(struct evaluation *v)
{
    struct buf b = {0}, sheet = {0};
    struct json j;
    evaluation_apply_veto(v);
    const struct worksheet *w = &v->worksheet;
    patch_begin(&j, &b, "DECIDED");
    json_str(&j, "risk_decision", v->risk_decision);
    json_int(&j, "shares", v->shares);
    if (w->shares)
        json_num(&j, "position_pct", w->position_pct * (double)v->shares / (double)w->shares);
    if (w->stop_fraction > 0) {
        json_num(&j, "stop_loss_pct", 100 * w->stop_fraction);
        json_num(&j, "take_profit_pct", 100 * w->target_fraction);
    }
    json_str(&j, "size_reason", v->risk_reason);
    json_str(&j, "binding", v->shares < w->shares ? "risk agent" : w->binding);
    if (*v->degraded)
        write_degraded(v, &j);
    evaluation_worksheet_json(v, &sheet);
    json_raw(&j, "worksheet", buf_text(&sheet));
    send_advance(v, "DECIDED", &j, NULL);
    buf_release(&sheet);
}

static void veto_arrived(struct evaluation *v, const struct agent_call_result *r)
{
    bool last = take_call(v, r);
    if (r->has_vote && r->vote.state == VOTE_FAILED)
        degrade(v, r->agent->name, "its answer failed; the code's size stands");
    if (last)
        send_decision(v);
}

static void size_and_ask(struct evaluation *v, const struct rows *account)
{
    size_t before = v->nvotes;
    evaluation_size(v, account);
    const struct cast_vote *c = v->nvotes > before ? &v->vote[before] : NULL;
    v->open_calls = 1; /* until decide */
    if (c && !desk_model_absent(v->desk) && wants_model(v, c)) {
        v->open_calls++;
        agent_call_add(v, c->agent, veto_arrived);
        agent_calls_send(v);
    }
}

static void decide(struct evaluation *v)
{
    if (--v->open_calls == 0)
        send_decision(v);
}

static void sized(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    if (e && e->kind) {
        evaluation_finish(v, e);
        return;
    }
    size_and_ask(v, rows);
    decide(v);
}

static void ignore_renewal(void *arg, struct rows *rows, const struct error *e)
{
    (void)arg;
    (void)rows;
    (void)e; /* the next step's fence tells */
}

/* Models may think for minutes; the lease must not run out under a living process. */
static void renew_lease(void *arg)
{
    struct evaluation *v = arg;
    struct params p = {0};
    params_int(&p, v->id);
    params_text(&p, owner_self());
    db_send(v->desk->db, &renew, &p, ignore_renewal, NULL);
    loop_timer_start(v->renewal, RENEW_EVERY_MS);
}

void evaluation_step(struct evaluation *v)
{
    if (strcmp(v->state, "QUEUED") == 0) {
        struct params p = {0};
        params_int(&p, v->id);
        params_text(&p, owner_self());
        v->state = "GATHERING";
        db_send(v->desk->db, &gather, &p, advanced, v);
    } else if (strcmp(v->state, "GATHERING") == 0) {
        if (v->made) {
            store_facts(v);
            return;
        }
        if (v->fresh && !v->recorded)
            market_live_fresh(v->desk->market);
        market_gather(v->recorded ? v->recorded : v->desk->market, v->symbol, v->as_of,
                      &v->dossier.market, gathered, v);
    } else if (strcmp(v->state, "VOTING") == 0) {
        vote(v);
    } else if (strcmp(v->state, "SIZING") == 0 && v->sized) {
        decide(v);
    } else if (strcmp(v->state, "SIZING") == 0) {
        struct params p = {0};
        evaluation_account_params(v, &p);
        db_send(v->desk->db, &evaluation_account, &p, sized, v);
    } else {
        evaluation_finish(v, NULL);
    }
}

static void created(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    struct error bad = {0};
    if (e && e->kind) {
        evaluation_finish(v, e);
        return;
    }
    v->id = rows_int(rows, 0, 0);
    if (!time_parse(rows_text(rows, 0, 1), &v->as_of)) {
        err_set(&bad, ERR_FAILED, "the database gave a time that cannot be read: %s",
                rows_text(rows, 0, 1));
        evaluation_finish(v, &bad);
        return;
    }
    if (v->on_state)
        v->on_state(v->on_state_arg, v->id, v->state);
    evaluation_step(v);
}

/* What a resume needs to ask the same question again. */
static void request_json(const struct evaluation *v, const struct evaluation_request *r,
                         struct buf *out)
{
    char price[40], as_of[33];
    struct json j;
    struct buf names = {0};
    for (size_t i = 0; i < v->nvoters; i++)
        buf_printf(&names, "%s%s", i ? " " : "", v->voter[i]->name);
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    if (r->price > 0)
        json_str(&j, "price", decimal_print(price, sizeof price, r->price, PRICE_DIGITS, 4));
    if (r->indicators)
        json_str(&j, "indicators", r->indicators);
    json_str(&j, "voters", buf_text(&names));
    if (r->data_dir)
        json_str(&j, "data", r->data_dir);
    if (r->fresh)
        json_flag(&j, "fresh", true);
    if (v->as_of != TIME_NONE)
        json_str(&j, "as_of", time_print_iso(as_of, v->as_of));
    json_close(&j, '}');
    buf_release(&names);
}

int64_t recorded_as_of(struct market *recorded, int64_t wanted)
{
    if (!recorded || wanted != TIME_NONE)
        return wanted;
    int32_t day = recorded->ops->last_session(recorded, time_machine_now());
    return day == DAY_NONE ? TIME_NONE : calendar_close(day);
}

static enum err prepare(struct evaluation *v, const struct evaluation_request *r, struct error *e)
{
    struct desk *d = v->desk;
    const char *voters = r->voters ? r->voters : desk_text(d, SETTING_VOTERS);
    if (voters_parse(d->agents, voters, v->voter, &v->nvoters, e))
        return e->kind;
    v->needed = r->min_agreement ? r->min_agreement : (int)desk_int(d, SETTING_MIN_AGREEMENT);
    if (v->needed < 1 || (size_t)v->needed > v->nvoters) {
        err_set(e, ERR_USAGE, "%d of %zu voters cannot agree", v->needed, v->nvoters);
        return err_fix(e, "--min-agreement is 1 to %zu with these voters", v->nvoters);
    }
    if (r->indicators) {
        v->has_given = true;
        if (indicators_parse_with_price(r->indicators, r->price, &v->given, e))
            return e->kind;
    }
    if (evaluation_check_cost(v, r, e))
        return e->kind;
    if (r->data_dir && market_recorded_new(r->data_dir, &v->recorded, e))
        return e->kind;
    if (market_check_symbol(v->recorded ? v->recorded : d->market, r->symbol, e))
        return e->kind;
    copy_text(v->symbol, sizeof v->symbol, r->symbol);
    v->fresh = r->fresh;
    v->explores = r->explores;
    v->given_price = r->price;
    v->as_of = recorded_as_of(v->recorded, r->as_of);
    return OK;
}

struct evaluation *evaluation_new(struct desk *d, evaluation_done_fn *done, void *arg)
{
    struct evaluation *v = mem_alloc(sizeof *v);
    *v = (struct evaluation){.desk = d, .state = "QUEUED", .done = done, .arg = arg};
    v->renewal = loop_timer_new(d->loop, renew_lease, v);
    loop_timer_start(v->renewal, RENEW_EVERY_MS);
    return v;
}

static void send_create(struct evaluation *v, const struct evaluation_request *r)
{
    struct params p = {0};
    struct buf request = {0};
    char as_of[33], slot[33];
    request_json(v, r, &request);
    params_text(&p, v->symbol);
    params_text(&p, r->job_id ? "schedule" : operator_name());
    params_text(&p, operator_origin());
    params_text(&p, buf_text(&request));
    params_text(&p, v->as_of == TIME_NONE ? NULL : time_print_iso(as_of, v->as_of));
    params_int(&p, (int64_t)v->nvoters);
    params_int(&p, v->needed);
    params_text(&p, owner_self());
    if (r->max_cost > 0)
        params_decimal(&p, r->max_cost, MONEY_NANO_DIGITS);
    else
        params_text(&p, NULL);
    if (r->job_id) {
        params_int(&p, r->job_id);
        params_text(&p, time_print_iso(slot, r->slot_at));
    } else {
        params_text(&p, NULL);
        params_text(&p, NULL);
    }
    db_send(v->desk->db, &create, &p, created, v);
    buf_release(&request);
}

/* One that was not started. */
static void discard(struct evaluation *v)
{
    loop_timer_free(v->renewal);
    market_free(v->recorded);
    mem_free(v);
}

enum err evaluation_check(struct desk *d, const struct evaluation_request *r, struct error *e)
{
    struct evaluation *v = evaluation_new(d, NULL, NULL);
    enum err result = prepare(v, r, e);
    discard(v);
    return result;
}

enum err evaluation_start(struct desk *d, const struct evaluation_request *r,
                          evaluation_done_fn *done, void *arg, struct error *e)
{
    struct evaluation *v = evaluation_new(d, done, arg);
    v->on_state = r->on_state;
    v->on_state_arg = r->on_state_arg;
    if (prepare(v, r, e)) {
        discard(v);
        return e->kind;
    }
    if (r->dossier) {
        v->dossier = *r->dossier;
        *r->dossier = (struct dossier){0};
        v->made = true;
    }
    send_create(v, r);
    return OK;
}
