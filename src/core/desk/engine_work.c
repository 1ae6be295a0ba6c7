/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine does with prices and positions: looks, entries of a round, the end of a day. */
#include <stdio.h>
#include <string.h>

#include "core/desk/engine_private.h"
#include "core/desk/session.h"
#include "quorum/broker.h"
#include "quorum/calendar.h"
#include "quorum/evaluation.h"
#include "quorum/guards.h"
#include "quorum/outcomes.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#define USEC_MINUTE (60 * USEC_SECOND)
#define STALE_AFTER (30 * USEC_MINUTE)

/* ---- a look at every price that matters ---- */

struct quoting {
    struct quote quote;
    struct error problem;
    int *open;
};

static void quoted(void *arg, const struct error *e)
{
    struct quoting *q = arg;
    if (e && e->kind)
        q->problem = *e;
    --*q->open;
}

static bool all_quoted(void *arg)
{
    return *(int *)arg == 0;
}

/* In session by the moment the look was due: the one at the close runs a little after it, and is
 * the last to see what was crossed before. */
static void look_of_quote(const struct quoting *q, const char *symbol, int64_t now, int64_t due,
                          struct look *l)
{
    const struct quote *t = &q->quote;
    bool usable =
        !q->problem.kind && (t->from.state == DATUM_PRESENT || t->from.state == DATUM_STALE);
    int64_t as_of = usable && t->from.as_of != TIME_NONE ? t->from.as_of : now;
    int32_t today = exchange_day(due);
    *l = (struct look){.at = now,
                       .as_of = as_of,
                       .day = exchange_day(as_of),
                       .in_session = calendar_session(today) != SESSION_CLOSED &&
                                     due >= calendar_open(today) && due <= calendar_close(today)};
    copy_text(l->symbol, sizeof l->symbol, symbol);
    if (!usable)
        return;
    l->last = t->price;
    l->open = t->open;
    l->high = t->high;
    l->low = t->low;
    l->previous_close = t->previous_close;
    l->volume = t->volume;
}

/* On a desk whose calls are counted, positions are looked at as often as the day's plan says. */
static bool is_due(const struct book_entry *b, int64_t now, int64_t every)
{
    const struct position *p = &b->position;
    bool waits = p->state != POSITION_OPEN; /* an order at market: its fill comes first */
    return waits || p->last_price_at == TIME_NONE || now - p->last_price_at >= every;
}

static enum err look_at(struct engine *g, const struct book *book, int64_t now, int64_t due,
                        int64_t every, size_t *acts, struct error *e)
{
    struct quoting *q = mem_array(book->n, sizeof *q);
    struct act act[ACTS_MAX];
    int open = 0;
    enum err r = OK;
    for (size_t i = 0; i < book->n; i++) {
        if (!is_due(&book->entry[i], now, every))
            continue;
        q[i].open = &open;
        open++;
        market_quote(g->desk->market, book->entry[i].position.symbol, now, every, &q[i].quote,
                     quoted, &q[i]);
    }
    while (!loop_run_until(g->desk->loop, all_quoted, &open, LOOP_NO_DEADLINE))
        loop_clear_interrupt(g->desk->loop);
    struct act *all = NULL;
    size_t n = 0;
    for (size_t i = 0; i < book->n; i++) {
        struct look l;
        if (!q[i].open)
            continue;
        look_of_quote(&q[i], book->entry[i].position.symbol, now, due, &l);
        size_t k = position_look(&book->entry[i], &l, &cost_model_default, STALE_AFTER, act);
        all = mem_grow(all, n + k + 1, sizeof *all);
        memcpy(all + n, act, k * sizeof *act);
        n += k;
    }
    r = session_store(g->desk, all, n, e);
    *acts = n;
    mem_free(all);
    mem_free(q);
    return r;
}

enum err engine_look(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e)
{
    struct book book = {0};
    struct day_plan day = {0};
    int64_t now = j->due;
    size_t acts = 0;
    if (!g->life.is_virtual && desk_time(g->desk, &now, e))
        return e->kind;
    if (book_load(g->desk, &book, e))
        return e->kind;
    enum err r = OK;
    if (book.n && !g->life.is_virtual)
        r = engine_day_plan(g->desk, &g->plan, &day, e);
    int64_t every = day.position_minutes > 1 ? (day.position_minutes - 1) * USEC_MINUTE : 0;
    if (!r && book.n)
        r = look_at(g, &book, now, j->due, every, &acts, e);
    if (!r && book.n)
        r = session_risk(g->desk, e);
    if (!r && day.looks_bound)
        snprintf(result, RESULT_MAX, "%zu symbols, %zu acts; positions every %d min: FMP", book.n,
                 acts, day.position_minutes);
    else if (!r)
        snprintf(result, RESULT_MAX, "%zu symbols, %zu acts", book.n, acts);
    book_release(&book);
    return r;
}

/* ---- the entries of a round ---- */

struct entering {
    struct waiting w;
    int64_t refused;
};

static void entered(void *arg, int64_t ordered, int64_t refused, const struct error *e)
{
    struct entering *t = arg;
    t->refused = refused;
    waiting_ended(&t->w, ordered, e);
}

/* The agents want out of something held: a person decides (decisions.md 16). */
static const struct statement sells = {
    "sells on holdings",
    "SELECT e.symbol, e.id, e.agreement FROM evaluations e JOIN positions p ON p.symbol = e.symbol"
    "  AND p.closed_at IS NULL AND p.quantity > 0"
    " WHERE e.slot_at = $1::timestamptz AND e.decision = 'SELL' AND e.consensus_reached"
    " ORDER BY e.symbol"};

static enum err tell_sells(struct engine *g, const struct job *j, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    char at[33], text[160], fix[80];
    params_text(&p, time_print_iso(at, j->due));
    if (db_query(g->desk->db, &sells, &p, &r, e))
        return e->kind;
    for (size_t i = 0; i < r.nrows; i++) {
        const char *symbol = rows_text(&r, i, 0);
        snprintf(text, sizeof text, "the agents say SELL %s (%s, evaluation #%lld), it is held",
                 symbol, rows_text(&r, i, 2), (long long)rows_int(&r, i, 1));
        snprintf(fix, sizeof fix, "close %s", symbol);
        alert_raise(g->desk, "vote.sell", symbol, 'W', text, fix);
    }
    rows_release(&r);
    return OK;
}

enum err engine_trade(struct engine *g, const struct job *j, char result[RESULT_MAX],
                      struct error *e)
{
    struct entering t = {0};
    if (tell_sells(g, j, e))
        return e->kind;
    broker_enter_slot(g->desk, j->due, entered, &t);
    if (engine_wait(g, &t.w, e))
        return e->kind;
    snprintf(result, RESULT_MAX, "%lld ordered, %lld refused", (long long)t.w.n,
             (long long)t.refused);
    return OK;
}

/* ---- after the close ---- */

struct gathering {
    struct waiting w;
    struct market_data data;
};

static void gathered(void *arg, const struct error *e)
{
    waiting_ended(&((struct gathering *)arg)->w, 0, e);
}

/* Trailing stop, regime and time of one position, by the bar that just closed. Without that bar
 * (a halt, a vendor that is late) nothing is decided today. */
static enum err close_of_day(struct engine *g, const struct book_entry *b, int64_t now, int32_t day,
                             size_t *n, struct error *e)
{
    struct gathering s = {0};
    struct act act[ACTS_MAX];
    struct error bad = {0};
    enum err r = OK;
    market_gather(g->desk->market, b->position.symbol, now, &s.data, gathered, &s);
    engine_wait(g, &s.w, &bad);
    const struct bars *bars = &s.data.bars;
    if (!bad.kind && bars->n && bars->bar[bars->n - 1].day == day) {
        struct dossier d = {.market = s.data};
        dossier_build(&d, g->desk->agents, NULL, 0);
        size_t k = position_close_of_day(b, day, bars->bar[bars->n - 1].close,
                                         regime_name(d.regime.label), act);
        r = session_store(g->desk, act, k, e);
        *n += k;
        dossier_release(&d);
    } else {
        market_data_release(&s.data);
    }
    return r;
}

enum err engine_mark(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e)
{
    struct book book = {0};
    int32_t day = exchange_day(j->due);
    size_t acts = 0;
    if (book_load(g->desk, &book, e))
        return e->kind;
    for (size_t i = 0; i < book.n && !e->kind; i++)
        if (book.entry[i].position.quantity > 0)
            close_of_day(g, &book.entry[i], j->due, day, &acts, e);
    size_t held = book.n;
    book_release(&book);
    if (e->kind)
        return e->kind;
    if (session_mark(g->desk, day, e))
        return e->kind;
    snprintf(result, RESULT_MAX, "%zu positions marked, %zu acts", held, acts);
    return OK;
}

static void scored(void *arg, int64_t n, const struct error *e)
{
    waiting_ended(arg, n, e);
}

enum err engine_score(struct engine *g, const struct job *j, char result[RESULT_MAX],
                      struct error *e)
{
    struct waiting w = {0};
    outcomes_update(g->desk, j->due, scored, &w);
    if (engine_wait(g, &w, e))
        return e->kind;
    snprintf(result, RESULT_MAX, "%lld outcomes", (long long)w.n);
    return OK;
}

static const struct statement keep = {"housekeeping", "SELECT housekeeping()"};

enum err engine_keep(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e)
{
    struct rows r = {0};
    (void)j;
    if (db_query(g->desk->db, &keep, NULL, &r, e))
        return e->kind;
    copy_text(result, RESULT_MAX, rows_text(&r, 0, 0));
    rows_release(&r);
    return OK;
}
