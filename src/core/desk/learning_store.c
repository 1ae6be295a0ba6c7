/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A cycle's rows: each function of the database is one transaction, and refuses once the cycle is
 * not this process's any more. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/desk/learning_private.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

static const struct statement running = {
    "learning running", "SELECT owner FROM learning_cycles WHERE state = 'RUNNING'"};
static const struct statement begin = {
    "learning begin", "SELECT b.id, b.refused, b.closed, b.busy, b.buried, c.owner,"
                      "  floor(extract(epoch FROM clock_timestamp() - c.started_machine))::bigint "
                      "FROM learning_begin($1, $2, $3, $4, $5, $6::int, $7::int) b"
                      "  LEFT JOIN learning_cycles c ON c.id = b.busy"};
static const struct statement found = {
    "learning found", "SELECT learning_found($1::bigint, $2, $3::jsonb, $4::jsonb, $5::jsonb,"
                      " $6::jsonb)"};
static const struct statement judged = {"learning judged",
                                        "SELECT learning_judged($1::bigint, $2, $3::jsonb)"};
static const struct statement words = {"learning words",
                                       "UPDATE learning_patterns SET headline = $3, quote = $4"
                                       " WHERE cycle_id = $1::bigint AND condition = $2"};
static const struct statement end = {
    "learning end", "SELECT e.yes, trim_scale(c.cost_usd)::text FROM"
                    "  (SELECT learning_end($1::bigint, $2, $3, $4, $5::jsonb) AS yes) e,"
                    "  LATERAL (SELECT learning_cost($1::bigint) AS cost_usd WHERE e.yes) c"};

/* ---- the begin ---- */

/* The owner of a cycle left by a process of this host that is no more; "" when there is none. */
static enum err dead_owner(struct learning_run *r, char dst[128], struct error *e)
{
    struct rows rows = {0};
    if (db_query(r->desk->db, &running, NULL, &rows, e))
        return e->kind;
    const char *owner = rows.nrows ? rows_text(&rows, 0, 0) : NULL;
    copy_text(dst, 128, owner && owner_is_gone(owner) ? owner : "");
    rows_release(&rows);
    return OK;
}

static enum err refuse(const struct rows *rows, int64_t least, struct error *e)
{
    int64_t closed = rows_int(rows, 0, 2);
    if (strcmp(rows_text(rows, 0, 1), "trades") == 0) {
        err_set(e, ERR_POLICY, "self-learning needs %lld trades, there are %lld: %lld are missing",
                (long long)least, (long long)closed, (long long)(least - closed));
        err_fix(e, "trades close as the desk lives; quorum trades lists them");
        return err_code(e, "E33");
    }
    const char *owner = rows_text(rows, 0, 5);
    err_set(e, ERR_CONFLICT, "cycle #%lld is running for %lld s already, in %s",
            (long long)rows_int(rows, 0, 3), (long long)rows_int(rows, 0, 6),
            owner ? owner : "another process");
    return err_fix(e, "quorum learning shows what came of it");
}

enum err learning_begin(struct learning_run *r, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    char gone[128];
    int64_t least = desk_int(r->desk, SETTING_LEARNING_MIN_TRADES);
    if (dead_owner(r, gone, e))
        return e->kind;
    params_text(&p, gone);
    params_text(&p, r->request->trigger);
    params_text(&p, operator_name());
    params_text(&p, r->request->seed_name ? r->request->seed_name : "default");
    params_text(&p, owner_self());
    params_int(&p, r->days);
    params_int(&p, least);
    if (db_query(r->desk->db, &begin, &p, &rows, e))
        return e->kind;
    r->out->cycle = rows_int(&rows, 0, 0);
    enum err result = rows_text(&rows, 0, 1) ? refuse(&rows, least, e) : OK;
    rows_release(&rows);
    return result;
}

/* ---- what was found ---- */

static void number_or_null(struct json *j, const char *key, bool known, double x)
{
    if (known)
        json_num(j, key, x); /* NAN is null */
    else
        json_null(j, key);
}

static void write_confirmation(struct json *j, const struct pattern_confirmation *c)
{
    char day[11];
    if (c->since == DAY_NONE)
        return;
    json_open(j, "confirmation", '{');
    json_str(j, "since", day_print(day, c->since));
    json_int(j, "direction", c->direction);
    json_int(j, "n_in", (int64_t)c->n_in);
    json_int(j, "n_out", (int64_t)c->n_out);
    json_int(j, "looks", c->looks);
    json_num(j, "p", c->p);
    json_flag(j, "confirmed", c->confirmed);
    json_flag(j, "failed", c->failed);
    json_int(j, "missing", (int64_t)c->missing);
    if (c->confirmed_on != DAY_NONE)
        json_str(j, "confirmed_on", day_print(day, c->confirmed_on));
    json_close(j, '}');
}

static void write_trades(struct json *j, const struct learning_cases *k,
                         const struct learning_condition *c)
{
    json_open(j, "trade_ids", '[');
    for (size_t i = k->n; i-- > 0;)
        if (k->trade_id[i] && c->test(c, &k->c[i]) == CONDITION_INSIDE)
            json_int(j, NULL, k->trade_id[i]);
    json_close(j, ']');
}

static void write_pattern(struct json *j, const struct learning_run *r, const struct pattern *p)
{
    json_open(j, NULL, '{');
    json_str(j, "condition", p->condition->id);
    json_str(j, "feature", p->condition->feature);
    json_str(j, "title", p->condition->title);
    json_str(j, "status", pattern_status_name(p->status));
    json_int(j, "n_in", (int64_t)p->n_in);
    json_int(j, "n_out", (int64_t)p->n_out);
    json_int(j, "won_in", (int64_t)p->won_in);
    json_int(j, "won_out", (int64_t)p->won_out);
    number_or_null(j, "rate_in", p->n_in > 0, p->rate_in);
    number_or_null(j, "rate_out", p->n_out > 0, p->rate_out);
    number_or_null(j, "rate_lo", p->n_in > 0, p->rate_in_95.low);
    number_or_null(j, "rate_hi", p->n_in > 0, p->rate_in_95.high);
    json_num(j, "shrunk_rate", p->shrunk_rate);
    number_or_null(j, "mean_r_in", p->n_in > 0, p->mean_r_in);
    number_or_null(j, "mean_r_out", p->n_out > 0, p->mean_r_out);
    json_num(j, "r_lo", p->mean_r_in_95.low);
    json_num(j, "r_hi", p->mean_r_in_95.high);
    json_num(j, "p", p->p);
    json_num(j, "q", p->q);
    json_str(j, "why", p->why);
    write_confirmation(j, &p->confirmation);
    write_trades(j, &r->seen, p->condition);
    json_close(j, '}');
}

static bool is_known(const struct learning_run *r, const char *condition)
{
    for (size_t i = 0; i < r->ndiscoveries; i++)
        if (strcmp(r->discovery[i].condition, condition) == 0)
            return true;
    return false;
}

/* Candidates for the first time: from tomorrow's entries on they can be confirmed. */
static void write_discoveries(struct json *j, const struct learning_run *r)
{
    char day[11];
    for (size_t i = 0; i < r->report.n; i++) {
        const struct pattern *p = &r->report.pattern[i];
        if (p->status != PATTERN_CANDIDATE || is_known(r, p->condition->id))
            continue;
        json_open(j, NULL, '{');
        json_str(j, "condition", p->condition->id);
        json_str(j, "day", day_print(day, exchange_day(r->now)));
        json_int(j, "direction", p->difference > 0 ? 1 : -1);
        json_close(j, '}');
    }
}

static size_t considered(const struct learning_run *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->ntrials; i++)
        n += r->trial[i].compared;
    return n;
}

static void write_figures(struct json *j, const struct learning_run *r)
{
    const struct pattern_report *k = &r->report;
    json_int(j, "trades", (int64_t)r->seen.trades);
    json_int(j, "cases", (int64_t)k->cases);
    json_int(j, "thinned", (int64_t)k->thinned);
    number_or_null(j, "win_rate", k->cases > 0, k->win_rate);
    json_int(j, "patterns", (int64_t)r->out->patterns);
    json_int(j, "tested", (int64_t)k->tested);
    json_int(j, "confirmed", (int64_t)r->out->confirmed);
    json_int(j, "candidates", r->candidates ? (int64_t)r->candidates->n : 0);
    json_int(j, "considered", (int64_t)considered(r));
    json_open(j, "parameters", '{');
    for (int i = 0; i < PARAMETERS; i++)
        number_or_null(j, r->parameter[i].name, r->parameter[i].value.known,
                       r->parameter[i].value.v);
    json_close(j, '}');
}

/* One JSON text from a writer. */
static void bind_json(struct params *p, const struct learning_run *r, char bracket,
                      void (*write)(struct json *j, const struct learning_run *r))
{
    struct buf b = {0};
    struct json j;
    json_begin(&j, &b);
    json_open(&j, NULL, bracket);
    write(&j, r);
    json_close(&j, bracket == '[' ? ']' : '}');
    params_text(p, buf_text(&b));
    buf_release(&b);
}

static void write_patterns(struct json *j, const struct learning_run *r)
{
    for (size_t i = 0; i < r->report.n; i++)
        write_pattern(j, r, &r->report.pattern[i]);
}

static void write_values(struct json *j, const struct learning_run *r,
                         const struct learning_trial *t)
{
    const struct parameter *p = &r->parameter[t->id];
    json_str(j, "parameter", p->name);
    number_or_null(j, "old_value", p->value.known, p->value.v);
    number_or_null(j, "new_value", t->to.known, t->to.v);
}

static void write_changes(struct json *j, const struct learning_run *r)
{
    for (size_t i = 0; i < r->ntrials; i++) {
        if (!r->trial[i].compared)
            continue;
        json_open(j, NULL, '{');
        write_values(j, r, &r->trial[i]);
        json_close(j, '}');
    }
}

/* One transaction behind a cycle that is still this process's. */
static enum err not_mine(const struct learning_run *r, struct error *e)
{
    return err_set(e, ERR_CONFLICT, "cycle #%lld was ended by another process",
                   (long long)r->out->cycle);
}

enum err learning_store_found(struct learning_run *r, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    params_int(&p, r->out->cycle);
    params_text(&p, owner_self());
    bind_json(&p, r, '{', write_figures);
    bind_json(&p, r, '[', write_patterns);
    bind_json(&p, r, '[', write_discoveries);
    bind_json(&p, r, '[', write_changes);
    if (db_query(r->desk->db, &found, &p, &rows, e))
        return e->kind;
    bool mine = rows_text(&rows, 0, 0) != NULL;
    r->compared = rows_int(&rows, 0, 0);
    rows_release(&rows);
    return mine ? OK : not_mine(r, e);
}

/* ---- what the gate said ---- */

static bool is_best(const struct learning_run *r, const struct learning_trial *t)
{
    for (size_t i = 0; i < r->nbest; i++)
        if (r->best[i] == t)
            return true;
    return false;
}

static void write_trial(struct json *j, const struct learning_run *r,
                        const struct learning_trial *t)
{
    bool known = t->compared && isfinite(t->w.effect.variance), best = is_best(r, t);
    json_open(j, NULL, '{');
    write_values(j, r, t);
    number_or_null(j, "delta", t->compared, t->w.effect.delta);
    number_or_null(j, "delta_lo", known, t->w.delta_95.low);
    number_or_null(j, "delta_hi", known, t->w.delta_95.high);
    json_int(j, "n", (int64_t)t->w.effect.n);
    json_int(j, "changed", (int64_t)t->w.changed);
    number_or_null(j, "confidence", t->compared, t->confidence);
    json_str(j, "verdict", best ? gate_verdict_name(t->gate.verdict) : "");
    json_str(j, "reason", best ? t->gate.reason : t->not_asked ? t->not_asked : t->why);
    json_close(j, '}');
}

static void write_trials(struct json *j, const struct learning_run *r)
{
    for (size_t i = 0; i < r->ntrials; i++)
        write_trial(j, r, &r->trial[i]);
}

enum err learning_store_judged(struct learning_run *r, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    params_int(&p, r->out->cycle);
    params_text(&p, owner_self());
    bind_json(&p, r, '[', write_trials);
    if (db_query(r->desk->db, &judged, &p, &rows, e))
        return e->kind;
    bool mine = rows_bool(&rows, 0, 0);
    rows_release(&rows);
    return mine ? OK : not_mine(r, e);
}

enum err learning_store_words(struct learning_run *r, struct error *e)
{
    struct params p = {0};
    if (!r->chosen)
        return OK;
    params_int(&p, r->out->cycle);
    params_text(&p, r->chosen->condition->id);
    params_text(&p, r->headline);
    params_text(&p, r->quote);
    return db_query(r->desk->db, &words, &p, NULL, e);
}

/* ---- the end ---- */

static void write_counts(struct json *j, const struct learning_run *r)
{
    json_int(j, "proposals", (int64_t)r->out->proposals);
    json_int(j, "queued", (int64_t)r->out->queued);
    json_int(j, "applied", (int64_t)r->out->applied);
    json_int(j, "rejected", (int64_t)r->out->rejected);
    json_int(j, "bad_answers", (int64_t)r->bad_answers);
    json_flag(j, "degraded", r->out->degraded);
    json_str(j, "degraded_reason", r->out->degraded_why);
}

enum err learning_end(struct learning_run *r, const char *state, const char *reason,
                      struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    params_int(&p, r->out->cycle);
    params_text(&p, owner_self());
    params_text(&p, state);
    params_text(&p, reason);
    bind_json(&p, r, '{', write_counts);
    if (db_query(r->desk->db, &end, &p, &rows, e))
        return e->kind;
    const char *cost = rows.nrows ? rows_text(&rows, 0, 1) : NULL;
    if (cost)
        decimal_parse(cost, MONEY_NANO_DIGITS, &r->out->cost);
    rows_release(&rows);
    return OK;
}
