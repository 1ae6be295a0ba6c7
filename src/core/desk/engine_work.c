/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine does with prices and positions: looks, entries of a round, the end of a day. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/desk/engine_private.h"
#include "core/desk/session.h"
#include "quorum/broker.h"
#include "quorum/calendar.h"
#include "quorum/calibration.h"
#include "quorum/evaluation.h"
#include "quorum/guards.h"
#include "quorum/money.h"
#include "quorum/outcomes.h"
#include "quorum/review.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#define USEC_MINUTE (60 * USEC_SECOND)
#define STALE_AFTER (30 * USEC_MINUTE)
#define LATE_QUOTE  (15 * USEC_MINUTE) /* before the close: not of the close */

enum { SESSIONS_TO_COMPARE = 10 };

/* ---- a look at every price that matters ---- */

struct quoting {
    struct quote quote;
    struct error problem;
    int *open;
};

struct looking {
    struct engine *g;
    const struct book *book;
    int64_t now, due;
    int32_t session;
    int64_t every; /* between two looks at a position; 0: at each */
    size_t symbols, acts;
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

/* Why there is no price to go by, NULL: there is one. An old answer that stands in for one that
 * could not be had is none. */
static const char *why_absent(const struct quoting *q)
{
    const struct provenance *from = &q->quote.from;
    if (q->problem.kind)
        return q->problem.text;
    if (from->state == DATUM_PRESENT && from->as_of != TIME_NONE)
        return NULL;
    return from->reason[0] ? from->reason : "no price";
}

/* In session by the moment the look was due: the one at the close runs a little after it, and is
 * the last to see what was crossed before. */
static void look_of_quote(const struct looking *k, const struct quote *t, const char *symbol,
                          struct look *l)
{
    int64_t open = calendar_open(k->session), close = calendar_close(k->session);
    *l = (struct look){.at = k->now,
                       .as_of = t->from.as_of,
                       .day = exchange_day(t->from.as_of),
                       .in_session = calendar_session(k->session) != SESSION_CLOSED &&
                                     k->due >= open && k->due <= close,
                       .last = t->price,
                       .open = t->open,
                       .high = t->high,
                       .low = t->low,
                       .previous_close = t->previous_close,
                       .volume = t->volume};
    /* After the close its price grows no older. */
    if (l->in_session && l->at > close && l->as_of <= close)
        l->at = close;
    copy_text(l->symbol, sizeof l->symbol, symbol);
}

/* A live vendor tells no splits: they show as a close before that is not the price that was seen
 * then. Traded on, a stop would sell everything. After weeks without a look nothing can be told. */
static bool is_rebased(const struct desk *d, const struct position *p, int64_t previous_close,
                       int32_t day, char reason[128])
{
    char was[DECIMAL_SIZE], is[DECIMAL_SIZE];
    if (!d->vendor || p->last_price <= 0 || previous_close <= 0 || p->seen_day == DAY_NONE ||
        p->seen_day >= day || calendar_between(p->seen_day, day) > SESSIONS_TO_COMPARE ||
        10 * llabs(previous_close - p->last_price) <= 3 * p->last_price)
        return false;
    snprintf(reason, 128, "the close before is $%s, the price last seen $%s: a split?",
             decimal_group(is, sizeof is, previous_close, PRICE_DIGITS, 2),
             decimal_group(was, sizeof was, p->last_price, PRICE_DIGITS, 2));
    return true;
}

static size_t unpriced(const struct book_entry *b, int64_t at, const char *why, struct act *out)
{
    *out = (struct act){.kind = ACT_UNPRICED, .position_id = b->position.id, .look = {.at = at}};
    sanitize_line(out->reason, sizeof out->reason, untrusted(why));
    return 1;
}

static size_t acts_of_quote(const struct looking *k, const struct book_entry *b,
                            const struct quoting *q, struct act act[ACTS_MAX])
{
    struct look l;
    char reason[128];
    const char *why = why_absent(q);
    if (!why && is_rebased(k->g->desk, &b->position, q->quote.previous_close, k->session, reason))
        why = reason;
    if (why)
        return unpriced(b, k->now, why, act);
    look_of_quote(k, &q->quote, b->position.symbol, &l);
    return position_look(b, &l, &cost_model_default, STALE_AFTER, act);
}

/* Which are due, and that they were looked at: one statement, so that a price that cannot be had
 * is not asked for more often than one that can. What waits for a fill comes each time. A job that
 * was begun before begins again. Positions are locked by id, as everywhere. */
const struct statement engine_looks_due = {
    "looks due", "WITH due AS (SELECT id FROM positions WHERE account_id = 1 AND closed_at IS NULL"
                 "  AND (looked_at IS NULL OR looked_at >= $3::timestamptz"
                 "   OR looked_at <= $1::timestamptz - make_interval(secs => $2::float8)"
                 "   OR (state <> 'OPEN' AND unpriced_since IS NULL)) ORDER BY id FOR UPDATE) "
                 "UPDATE positions p SET looked_at = $1::timestamptz FROM due WHERE p.id = due.id "
                 "RETURNING p.id"};

static enum err claim_due(const struct looking *k, bool *due, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    char now[33], begun[33];
    params_text(&p, time_print_iso(now, k->now));
    params_double(&p, (double)k->every / USEC_SECOND);
    params_text(&p, time_print_iso(begun, k->due));
    if (db_query(k->g->desk->db, &engine_looks_due, &p, &r, e))
        return e->kind;
    for (size_t i = 0; i < r.nrows; i++)
        for (size_t n = 0; n < k->book->n; n++)
            if (k->book->entry[n].position.id == rows_int(&r, i, 0))
                due[n] = true;
    rows_release(&r);
    return OK;
}

static void ask(const struct looking *k, const bool *due, struct quoting *q)
{
    struct desk *d = k->g->desk;
    /* Of the kept answers only those this schedule's last look could not have seen. */
    int64_t max_age = k->g->plan.look_minutes > 1 ? (k->g->plan.look_minutes - 1) * USEC_MINUTE : 0;
    int open = 0;
    for (size_t i = 0; i < k->book->n; i++) {
        if (!due[i])
            continue;
        q[i].open = &open;
        open++;
        market_quote(d->market, k->book->entry[i].position.symbol, k->now, max_age, &q[i].quote,
                     quoted, &q[i]);
    }
    while (!loop_run_until(d->loop, all_quoted, &open, LOOP_NO_DEADLINE))
        loop_clear_interrupt(d->loop);
}

static enum err look_at(struct looking *k, struct error *e)
{
    size_t n = 0;
    bool *due = mem_array(k->book->n, sizeof *due);
    struct quoting *q = mem_array(k->book->n, sizeof *q);
    struct act *all = NULL, act[ACTS_MAX];
    bool counted = k->g->desk->vendor != NULL;
    for (size_t i = 0; i < k->book->n; i++)
        due[i] = !counted;
    enum err r = counted ? claim_due(k, due, e) : OK;
    if (!r)
        ask(k, due, q);
    for (size_t i = 0; i < k->book->n && !r; i++) {
        if (!due[i])
            continue;
        size_t added = acts_of_quote(k, &k->book->entry[i], &q[i], act);
        all = mem_grow(all, n + added + 1, sizeof *all);
        memcpy(all + n, act, added * sizeof *act);
        n += added;
        k->symbols++;
    }
    if (!r)
        r = session_store(k->g->desk, all, n, e);
    k->acts = n;
    mem_free(all);
    mem_free(q);
    mem_free(due);
    return r;
}

/* What is held and ordered, on the basis of this session's prices. */
static enum err book_of_session(struct engine *g, const struct job *j, struct book *book,
                                struct error *e)
{
    int32_t session = exchange_day(j->due);
    size_t actions = 0;
    if (book_load(g->desk, book, e))
        return e->kind;
    if (g->plan.evaluates || j->due != calendar_open(session))
        return OK; /* the ranking has seen to it */
    enum err r = session_actions(g->desk, book, session, &actions, e);
    if (actions || r)
        book_release(book);
    return r || !actions ? r : book_load(g->desk, book, e);
}

/* Minutes between two looks at one position as they come out on the schedule's grid. */
static int planned_minutes(const struct day_plan *day, int grid)
{
    return (day->position_minutes + grid - 1) / grid * grid;
}

enum err engine_look(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e)
{
    struct book book = {0};
    struct day_plan day = {0};
    struct looking k = {
        .g = g, .book = &book, .now = j->due, .due = j->due, .session = exchange_day(j->due)};
    if (!g->life.is_virtual && desk_time(g->desk, &k.now, e))
        return e->kind;
    if (exchange_day(k.now) != k.session) {
        snprintf(result, RESULT_MAX, "skipped: its day is over");
        return OK;
    }
    if (book_of_session(g, j, &book, e))
        return e->kind;
    enum err r = OK;
    if (book.n && g->desk->vendor)
        r = engine_day_plan(g->desk, &g->plan, &day, e);
    bool spread = day.looks_bound && g->plan.look_minutes > 0;
    int every = spread ? planned_minutes(&day, g->plan.look_minutes) : 0;
    if (spread && k.due < calendar_close(k.session)) /* none may miss the last crossings */
        k.every = (every - 1) * USEC_MINUTE;
    if (!r && book.n)
        r = look_at(&k, e);
    if (!r && book.n)
        r = session_risk(g->desk, e);
    if (!r && spread)
        snprintf(result, RESULT_MAX, "%zu of %zu symbols, %zu acts; positions every %d min: FMP",
                 k.symbols, book.n, k.acts, every);
    else if (!r)
        snprintf(result, RESULT_MAX, "%zu symbols, %zu acts", k.symbols, k.acts);
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

struct marking {
    struct engine *g;
    int32_t day;
    size_t acts;
    char missing[RESULT_MAX / 2]; /* symbols whose bar of the day is not there */
};

/* The day's bar is a look of its own where the last quotes were not to be had, or are of the day
 * before throughout (free plans): what was crossed meanwhile is in its range. */
static bool wants_bar(const struct marking *m, const struct position *p)
{
    return p->last_price_at == TIME_NONE || p->last_price_at < calendar_close(m->day) - LATE_QUOTE;
}

static size_t acts_of_bar(const struct marking *m, const struct book_entry *b,
                          const struct bars *bars, struct act act[ACTS_MAX])
{
    const struct bar *bar = &bars->bar[bars->n - 1];
    int64_t close = calendar_close(m->day);
    int64_t before = bars->n > 1 ? bar[-1].close : 0;
    char reason[128];
    struct look l = {.at = close,
                     .as_of = close,
                     .day = m->day,
                     .is_bar = true,
                     .in_session = true,
                     .last = bar->close,
                     .open = bar->open,
                     .high = bar->high,
                     .low = bar->low,
                     .previous_close = before,
                     .volume = bar->volume};
    copy_text(l.symbol, sizeof l.symbol, b->position.symbol);
    if (is_rebased(m->g->desk, &b->position, before, m->day, reason))
        return unpriced(b, close, reason, act);
    return position_look(b, &l, &cost_model_default, 0, act);
}

static bool only_seen(const struct act *act, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (act[i].kind != ACT_SEEN)
            return false;
    return true;
}

/* Crossings the quotes have missed; then trailing stop, regime and time of what is still held. */
static enum err decide(struct marking *m, const struct book_entry *b, struct market_data *data,
                       struct error *e)
{
    struct act act[ACTS_MAX];
    size_t n = 0;
    if (m->g->desk->vendor && wants_bar(m, &b->position))
        n = acts_of_bar(m, b, &data->bars, act);
    enum err r = session_store(m->g->desk, act, n, e);
    m->acts += n;
    if (r || !only_seen(act, n) || b->position.quantity == 0)
        return r;
    struct dossier d = {.market = *data};
    *data = (struct market_data){.as_of = d.market.as_of};
    dossier_build(&d, m->g->desk->agents, NULL, 0);
    const struct bars *bars = &d.market.bars;
    n = position_close_of_day(b, m->day, bars->bar[bars->n - 1].close, regime_name(d.regime.label),
                              act);
    r = session_store(m->g->desk, act, n, e);
    m->acts += n;
    dossier_release(&d);
    return r;
}

/* By the bar that just closed. Without it (a halt, a vendor that is late) nothing is decided. */
static enum err close_of_day(struct marking *m, const struct book_entry *b, int64_t now,
                             struct error *e)
{
    struct gathering s = {0};
    struct error bad = {0};
    enum err r = OK;
    market_bars(m->g->desk->market, b->position.symbol, now, &s.data, gathered, &s);
    engine_wait(m->g, &s.w, &bad);
    const struct bars *bars = &s.data.bars;
    if (!bad.kind && bars->n && bars->bar[bars->n - 1].day == m->day) {
        r = decide(m, b, &s.data, e);
    } else {
        size_t n = strlen(m->missing);
        snprintf(m->missing + n, sizeof m->missing - n, "%s%s", n ? " " : "", b->position.symbol);
    }
    market_data_release(&s.data);
    return r;
}

static void queued_again(void *arg, int64_t n, const struct error *e)
{
    waiting_ended(arg, n, e);
}

/* A vendor has the day's bars when it has them: marked again until the night. Marking twice
 * changes nothing that was decided. */
static enum err mark_again(struct engine *g, const struct job *j, int32_t day, int64_t *at,
                           struct error *e)
{
    static const int minutes[] = {50, 110, 230}; /* after the close */
    struct waiting w = {0};
    struct job_request again = {.kind = JOB_MARK, .symbol = ""};
    *at = TIME_NONE;
    for (size_t i = 0; i < ARRAY_LEN(minutes) && *at == TIME_NONE; i++)
        if (calendar_close(day) + minutes[i] * USEC_MINUTE > j->due)
            *at = calendar_close(day) + minutes[i] * USEC_MINUTE;
    if (*at == TIME_NONE || !g->desk->vendor)
        return OK;
    again.due = *at;
    jobs_queue(g->desk, &again, 1, 0, queued_again, &w);
    return engine_wait(g, &w, e);
}

enum err engine_mark(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e)
{
    struct book book = {0};
    struct marking m = {.g = g, .day = exchange_day(j->due)};
    int64_t again = TIME_NONE;
    char at[33] = "";
    if (book_load(g->desk, &book, e))
        return e->kind;
    for (size_t i = 0; i < book.n && !e->kind; i++)
        if (book.entry[i].position.quantity > 0 || g->desk->vendor)
            close_of_day(&m, &book.entry[i], j->due, e);
    size_t held = book.n;
    book_release(&book);
    if (e->kind || session_mark(g->desk, m.day, e) ||
        (m.missing[0] && mark_again(g, j, m.day, &again, e)))
        return e->kind;
    int n = snprintf(result, RESULT_MAX, "%zu positions marked, %zu acts", held, m.acts);
    if (m.missing[0])
        snprintf(result + n, RESULT_MAX - (size_t)n,
                 "; nothing decided without a bar of the day%s%s: %s",
                 again != TIME_NONE ? ", again at " : "",
                 again != TIME_NONE ? time_print(at, again) : "", m.missing);
    return OK;
}

static void scored(void *arg, int64_t n, const struct error *e)
{
    waiting_ended(arg, n, e);
}

enum err engine_score(struct engine *g, const struct job *j, char result[RESULT_MAX],
                      struct error *e)
{
    struct waiting w = {0}, m = {0};
    size_t alarms = 0;
    outcomes_update(g->desk, j->due, scored, &w);
    if (engine_wait(g, &w, e) || calibration_refresh(g->desk, &alarms, e))
        return e->kind;
    /* What was changed is judged by what has just become known. */
    review_measure(g->desk, scored, &m);
    if (engine_wait(g, &m, e))
        return e->kind;
    int n = snprintf(result, RESULT_MAX, "%lld outcomes", (long long)w.n);
    if (alarms)
        n += snprintf(result + n, RESULT_MAX - (size_t)n,
                      ", %zu agents decide otherwise than before", alarms);
    if (m.n)
        snprintf(result + n, RESULT_MAX - (size_t)n, ", %lld changes judged", (long long)m.n);
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
