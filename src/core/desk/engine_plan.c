/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schedule as it stands in the database, and the plan of a day: in which order the watchlist
 * is evaluated, and how much of it today's means allow. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/desk/desk_private.h"
#include "core/desk/engine_private.h"
#include "core/desk/engines.h"
#include "core/desk/session.h"
#include "quorum/broker.h"
#include "quorum/calendar.h"
#include "quorum/evaluation.h"
#include "quorum/log.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { WATCHLIST_MAX = 200, MOMENTUM_SESSIONS = 20 };

struct schedule_plan engine_schedule(const struct desk *d, bool is_virtual)
{
    return (struct schedule_plan){.look_minutes = is_virtual ? 60 : 5,
                                  .round_minutes = is_virtual ? 120 : 30,
                                  .most_evaluations = is_virtual ? 12 : 0,
                                  .evaluates = desk_bool(d, SETTING_MULTI_AGENT_ENABLED),
                                  .learns = desk_bool(d, SETTING_LEARNING_ENABLED)};
}

/* A past that is lived through in seconds learns once a week, and at its end. */
void engine_follow_plan(struct engine *g)
{
    g->plan = engine_schedule(g->desk, g->life.is_virtual);
    if (g->life.is_virtual && g->life.live_from != TIME_NONE)
        g->plan.learns_weekly = exchange_day(g->life.live_from);
}

static const struct statement reached = {
    "schedule reached",
    "WITH new AS (INSERT INTO schedule_state (planned_until) VALUES (desk_now())"
    " ON CONFLICT (id) DO NOTHING RETURNING planned_until) "
    "SELECT planned_until FROM new UNION ALL SELECT planned_until FROM schedule_state LIMIT 1"};
static const struct statement reach = {
    "schedule reach", "SELECT schedule_reach($1, $2::bigint, $3::timestamptz, $4::jsonb)"};

enum err schedule_reached(struct desk *d, int64_t *until, struct error *e)
{
    struct rows r = {0};
    if (db_query(d->db, &reached, NULL, &r, e))
        return e->kind;
    if (!time_parse(rows_text(&r, 0, 0), until))
        err_set(e, ERR_FAILED, "schedule_state holds a time that cannot be read");
    rows_release(&r);
    return e->kind;
}

enum err schedule_reach(struct desk *d, int64_t epoch, int64_t to, const struct job_request *q,
                        size_t n, bool *moved, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    struct buf list = {0};
    char at[33];
    jobs_write(q, n, &list);
    params_text(&p, owner_self());
    params_int(&p, epoch);
    params_text(&p, time_print_iso(at, to));
    params_text(&p, buf_text(&list));
    buf_release(&list);
    if (db_query(d->db, &reach, &p, &r, e))
        return e->kind;
    *moved = rows_bool(&r, 0, 0);
    rows_release(&r);
    return OK;
}

/* ---- what today allows ---- */

static const struct statement means = {"day means", "SELECT * FROM day_means($1::int)"};

/* "{AAPL,MSFT}" holds the symbol? Symbols need no quoting in an array's text. */
static bool in_array(const char *array, const char *symbol)
{
    size_t n = strlen(symbol);
    for (const char *p = array; p && *p; p += strcspn(p, ",")) {
        p += strspn(p, "{,");
        if (strncmp(p, symbol, n) == 0 && (p[n] == ',' || p[n] == '}'))
            return true;
    }
    return false;
}

struct watchlist {
    char symbol[WATCHLIST_MAX][16];
    size_t n;
};

static void read_watchlist(const struct desk *d, struct watchlist *w)
{
    const char *p = desk_text(d, SETTING_WATCHLIST);
    w->n = 0;
    while (*(p += strspn(p, " ,")) && w->n < WATCHLIST_MAX) {
        size_t len = strcspn(p, " ,");
        if (copy_bytes(w->symbol[w->n], sizeof w->symbol[0], p, len))
            w->n++;
        p += len;
    }
}

static int session_minutes_left(int64_t now)
{
    int32_t day = exchange_day(now);
    if (calendar_session(day) == SESSION_CLOSED || now >= calendar_close(day))
        return 0;
    int64_t from = now > calendar_open(day) ? now : calendar_open(day);
    return (int)((calendar_close(day) - from) / (60 * USEC_SECOND));
}

static int64_t nano(const struct rows *r, size_t col, int64_t fallback)
{
    int64_t x;
    const char *text = rows_text(r, 0, col);
    return text && decimal_parse(text, MONEY_NANO_DIGITS, &x) ? x : fallback;
}

/* Calls of the last look of a session and of its mark, a quote and a bar for each position and the
 * benchmark's: nothing else may have them. */
static int64_t for_the_close(int64_t now, int64_t positions)
{
    int32_t day = exchange_day(now);
    bool over = calendar_session(day) == SESSION_CLOSED || now >= calendar_close(day);
    return over || positions == 0 ? 0 : 2 * positions + 1;
}

enum err engine_day_plan(struct desk *d, const struct schedule_plan *p, struct day_plan *out,
                         struct error *e)
{
    struct params q = {0};
    struct rows r = {0};
    struct watchlist w;
    struct day_means m;
    int64_t now;
    if (desk_time(d, &now, e))
        return e->kind;
    params_int(&q, desk_int(d, SETTING_FMP_RESET_HOUR));
    if (db_query(d->db, &means, &q, &r, e))
        return e->kind;
    read_watchlist(d, &w);
    int64_t left = desk_int(d, SETTING_FMP_DAILY_LIMIT) - rows_int(&r, 0, 0);
    left -= for_the_close(now, rows_int(&r, 0, 4));
    m = (struct day_means){
        .counts_calls = d->vendor != NULL,
        .calls_left = left > 0 ? left : 0,
        .calls_per_evaluation = rows_double(&r, 0, 1, NULL),
        .positions = (int)rows_int(&r, 0, 4),
        .minutes_left = session_minutes_left(now),
        .look_minutes = p->look_minutes,
        .costs = desk_model_absent(d) == NULL,
        .usd_free = nano(&r, 2, 0),
        .usd_per_evaluation = nano(&r, 3, evaluation_estimate(d, desk_text(d, SETTING_VOTERS))),
    };
    int done = 0;
    for (size_t i = 0; i < w.n; i++)
        done += in_array(rows_text(&r, 0, 5), w.symbol[i]);
    m.symbols_left = (int)w.n - done;
    m.schedule_left = !p->most_evaluations         ? -1
                      : p->most_evaluations > done ? p->most_evaluations - done
                                                   : 0;
    rows_release(&r);
    day_plan_make(&m, out);
    return OK;
}

/* ---- ranking before the session ---- */

struct ranked {
    char symbol[16];
    double score; /* percent over the benchmark, 20 sessions */
    bool known, held;
};

struct gathering {
    struct waiting w;
    struct market_data data;
};

static void gathered(void *arg, const struct error *e)
{
    waiting_ended(&((struct gathering *)arg)->w, 0, e);
}

static bool momentum(const struct bars *b, double *out)
{
    if (b->n <= MOMENTUM_SESSIONS)
        return false;
    double before = (double)b->bar[b->n - 1 - MOMENTUM_SESSIONS].close;
    *out = 100 * ((double)b->bar[b->n - 1].close / before - 1);
    return true;
}

/* A symbol whose bars cannot be had is ranked last: the evaluation will say why. */
static void score_symbol(struct engine *g, int64_t now, struct ranked *r)
{
    struct gathering s = {0};
    struct error ignored = {0};
    double own, market;
    market_bars(g->desk->market, r->symbol, now, &s.data, gathered, &s);
    if (engine_wait(g, &s.w, &ignored) == OK && momentum(&s.data.bars, &own)) {
        r->known = true;
        r->score = momentum(&s.data.benchmark_bars, &market) ? own - market : own;
    }
    market_data_release(&s.data);
}

/* What may be bought comes first, the strongest ahead; what is held is evaluated last, for a
 * SELL of the agents to be told. */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->held != y->held)
        return x->held - y->held;
    if (x->known != y->known)
        return y->known - x->known;
    if (x->known && fabs(x->score - y->score) > 1e-9)
        return x->score > y->score ? -1 : 1;
    return strcmp(x->symbol, y->symbol);
}

static const struct statement store_plan = {
    "day plan store",
    "INSERT INTO day_plan (day, symbol, rank, score, round_at, reason)"
    " SELECT $1::date, symbol, rank, score, round_at, reason FROM jsonb_to_recordset($2::jsonb)"
    " AS r(symbol text, rank int, score float8, round_at timestamptz, reason text)"
    " ON CONFLICT (day, symbol) DO NOTHING"};

struct plan_of_day {
    struct ranked ranked[WATCHLIST_MAX];
    size_t n;
    int64_t round[ROUNDS_MAX];
    size_t rounds;
    struct day_plan allowed;
};

/* Symbols are spread evenly over the rounds that are left. */
static int64_t round_of(const struct plan_of_day *p, size_t i)
{
    size_t planned = (size_t)p->allowed.evaluations;
    if (i >= planned || p->rounds == 0)
        return TIME_NONE;
    return p->round[i * p->rounds / planned];
}

static enum err store_day(struct engine *g, int32_t day, const struct plan_of_day *p,
                          struct error *e)
{
    struct buf b = {0};
    struct json j;
    struct params q = {0};
    char text[33], why[64];
    snprintf(why, sizeof why, "not planned: %s", p->rounds ? p->allowed.binding : "no round left");
    json_begin(&j, &b);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < p->n; i++) {
        int64_t at = round_of(p, i);
        json_open(&j, NULL, '{');
        json_str(&j, "symbol", p->ranked[i].symbol);
        json_int(&j, "rank", (int64_t)i + 1);
        if (p->ranked[i].known)
            json_num(&j, "score", p->ranked[i].score);
        if (at != TIME_NONE)
            json_str(&j, "round_at", time_print_iso(text, at));
        json_str(&j, "reason", at == TIME_NONE ? why : "");
        json_close(&j, '}');
    }
    json_close(&j, ']');
    params_text(&q, day_print(text, day));
    params_text(&q, buf_text(&b));
    buf_release(&b);
    return db_query(g->desk->db, &store_plan, &q, NULL, e);
}

static void queued(void *arg, int64_t n, const struct error *e)
{
    waiting_ended(arg, n, e);
}

static enum err queue_rounds(struct engine *g, const struct plan_of_day *p, int64_t *n,
                             struct error *e)
{
    struct job_request *r = mem_array(p->n + p->rounds + 1, sizeof *r);
    struct waiting w = {0};
    size_t k = 0;
    for (size_t i = 0; i < p->n; i++)
        if (round_of(p, i) != TIME_NONE)
            r[k++] = (struct job_request){
                .kind = JOB_EVALUATE, .symbol = p->ranked[i].symbol, .due = round_of(p, i)};
    for (size_t i = 0; i < p->rounds && k; i++)
        r[k++] = (struct job_request){.kind = JOB_TRADE, .symbol = "", .due = p->round[i]};
    jobs_queue(g->desk, r, k, 0, queued, &w);
    enum err result = engine_wait(g, &w, e);
    mem_free(r);
    *n = w.n;
    return result;
}

static bool is_held(const struct book *b, const char *symbol)
{
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->entry[i].position.symbol, symbol) == 0)
            return true;
    return false;
}

/* Bars are calls, too: where these are scarce, twice as many symbols are ranked as can be
 * evaluated, another stretch of the watchlist every day. */
static bool is_compared(const struct plan_of_day *p, int32_t day, size_t i, size_t n)
{
    size_t most = 2 * (size_t)p->allowed.evaluations;
    if (strcmp(p->allowed.binding, "FMP") != 0 || most >= n)
        return true;
    size_t first = most ? (size_t)day % ((n + most - 1) / most) * most : 0;
    return (i + n - first) % n < most;
}

static void rank(struct engine *g, const struct job *j, const struct book *book,
                 struct plan_of_day *p)
{
    struct watchlist w;
    read_watchlist(g->desk, &w);
    for (size_t i = 0; i < w.n; i++) {
        struct ranked *r = &p->ranked[p->n++];
        *r = (struct ranked){.held = is_held(book, w.symbol[i])};
        copy_text(r->symbol, sizeof r->symbol, w.symbol[i]);
        if (is_compared(p, exchange_day(j->due), i, w.n))
            score_symbol(g, j->due, r);
    }
    qsort(p->ranked, p->n, sizeof *p->ranked, by_rank);
}

enum err engine_rank(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e)
{
    struct book book = {0};
    int32_t day = exchange_day(j->due);
    int64_t now, queued_jobs = 0;
    /* The watchlist may have been changed by a command since this process began. */
    if (desk_load_settings(g->desk, e) || desk_time(g->desk, &now, e) ||
        book_load(g->desk, &book, e) || life_apply_scenarios(g->desk, e)) {
        book_release(&book);
        return e->kind;
    }
    engine_follow_plan(g);
    struct plan_of_day *p = mem_alloc(sizeof *p);
    size_t actions;
    enum err r = session_actions(g->desk, &book, day, &actions, e);
    if (!r && !g->plan.evaluates) {
        snprintf(result, RESULT_MAX, "skipped: MULTI_AGENT_ENABLED is false");
        book_release(&book);
        mem_free(p);
        return OK;
    }
    if (!r)
        r = engine_day_plan(g->desk, &g->plan, &p->allowed, e);
    if (!r) {
        rank(g, j, &book, p);
        size_t all = schedule_rounds(day, &g->plan, p->round), gone = 0;
        while (gone < all && p->round[gone] <= now)
            gone++;
        p->rounds = all - gone;
        memmove(p->round, p->round + gone, p->rounds * sizeof *p->round);
        r = store_day(g, day, p, e) || queue_rounds(g, p, &queued_jobs, e) ? e->kind : OK;
    }
    if (!r)
        snprintf(result, RESULT_MAX, "%zu ranked, %d planned in %zu rounds: %s", p->n,
                 p->rounds ? p->allowed.evaluations : 0, p->rounds, p->allowed.binding);
    book_release(&book);
    mem_free(p);
    return r;
}
