/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run: open what is missing and list what is open; one gather a symbol; the votes of what was
 * decided; store. Three statements however many are open, and nothing is stored half. Each run
 * walks from the entry again, so that there is no state to lose. */
#include "quorum/outcomes.h"

#include <stdio.h>
#include <string.h>

#include "quorum/broker.h"
#include "quorum/buf.h"
#include "quorum/calendar.h"
#include "quorum/log.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* A series that ended so long ago will not go on: the company was bought or struck off. */
enum { DEAD_AFTER_SESSIONS = 30 };

static const struct statement open_missing = {
    "outcomes open", "SELECT evaluation_id, symbol, as_of, stop_pct, target_pct"
                     " FROM outcomes_open($1::date)"};
static const struct statement votes_of = {
    "outcomes votes",
    "SELECT v.evaluation_id, v.agent, v.source, v.vote, v.confidence, s.stop_pct, s.target_pct"
    " FROM votes v JOIN shadow_outcomes s USING (evaluation_id)"
    " WHERE v.evaluation_id = ANY ($1::bigint[]) AND v.role = 'voter'"
    "  AND v.vote IN ('BUY', 'SELL', 'HOLD') ORDER BY v.evaluation_id, v.agent, v.source"};
static const struct statement store = {"outcomes store",
                                       "SELECT outcomes_store($1::jsonb, $2::jsonb, $3::jsonb)"};

struct run {
    struct desk *desk;
    int64_t now;
    int32_t last_session; /* closed at now */
    struct rows open;     /* by symbol */
    size_t row;           /* first of the symbol under way */
    char symbol[16];
    struct market_data data;
    struct loop_timer *turn; /* between two symbols the loop goes round */
    struct buf results_text, checked_text, decided;
    struct json results, checked;
    void (*done)(void *arg, int64_t resolved, const struct error *e);
    void *arg;
};

static void run_end(struct run *r, int64_t resolved, const struct error *e)
{
    void (*done)(void *arg, int64_t resolved, const struct error *e) = r->done;
    void *arg = r->arg;
    rows_release(&r->open);
    loop_timer_free(r->turn);
    buf_release(&r->results_text);
    buf_release(&r->checked_text);
    buf_release(&r->decided);
    mem_free(r);
    done(arg, resolved, e && e->kind ? e : NULL);
}

static void stored(void *arg, struct rows *rows, const struct error *e)
{
    run_end(arg, e && e->kind ? 0 : rows_int(rows, 0, 0), e);
}

static void send_store(struct run *r, const char *scores)
{
    struct params p = {0};
    params_text(&p, buf_text(&r->results_text));
    params_text(&p, scores);
    params_text(&p, buf_text(&r->checked_text));
    db_send(r->desk->db, &store, &p, stored, r);
}

static void votes_arrived(void *arg, struct rows *v, const struct error *e)
{
    struct run *r = arg;
    struct buf b = {0};
    struct json j;
    if (e && e->kind) {
        run_end(r, 0, e);
        return;
    }
    json_begin(&j, &b);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < v->nrows; i++) {
        double p, confidence = rows_double(v, i, 4, &(bool){false});
        double stop = rows_double(v, i, 5, &(bool){false});
        double target = rows_double(v, i, 6, &(bool){false});
        if (!vote_probability(rows_text(v, i, 3), confidence, stop, target, &p))
            continue;
        json_open(&j, NULL, '{');
        json_int(&j, "id", rows_int(v, i, 0));
        json_str(&j, "agent", rows_text(v, i, 1));
        json_str(&j, "source", rows_text(v, i, 2));
        json_num(&j, "p", p);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    send_store(r, buf_text(&b));
    buf_release(&b);
}

static void send_results(struct run *r)
{
    json_close(&r->results, ']');
    json_close(&r->checked, ']');
    if (r->decided.len == 0) {
        send_store(r, "[]");
        return;
    }
    struct params p = {0};
    buf_char(&r->decided, '}');
    params_text(&p, buf_text(&r->decided));
    db_send(r->desk->db, &votes_of, &p, votes_arrived, r);
}

static void json_price(struct json *j, const char *key, int64_t price)
{
    char text[DECIMAL_SIZE];
    json_raw(j, key, decimal_print(text, sizeof text, price, PRICE_DIGITS, PRICE_DIGITS));
}

static void add_void(struct run *r, int64_t id, const char *reason)
{
    struct json *j = &r->results;
    json_open(j, NULL, '{');
    json_int(j, "id", id);
    json_str(j, "state", "VOID");
    json_str(j, "reason", reason);
    json_close(j, '}');
}

static void add_result(struct run *r, int64_t id, const struct barrier *b)
{
    struct json *j = &r->results;
    char day[11];
    json_open(j, NULL, '{');
    json_int(j, "id", id);
    json_str(j, "state", "DONE");
    json_str(j, "outcome", b->outcome);
    json_str(j, "entry_day", day_print(day, b->entry_day));
    json_price(j, "entry_price", b->entry_price);
    json_str(j, "exit_day", day_print(day, b->exit_day));
    json_price(j, "exit_price", b->exit_price);
    json_int(j, "sessions", b->sessions);
    json_num(j, "return_pct", 100 * b->return_fraction);
    json_num(j, "r_multiple", b->r_multiple);
    json_num(j, "y", b->y);
    json_close(j, '}');
    buf_printf(&r->decided, "%c%lld", r->decided.len ? ',' : '{', (long long)id);
}

/* The first session that opens after t. */
static int32_t entry_session(int64_t t)
{
    int32_t day = exchange_day(t);
    return calendar_session(day) != SESSION_CLOSED && calendar_open(day) > t ? day
                                                                             : calendar_next(day);
}

static void walk(struct run *r, size_t row)
{
    const struct bars *bars = &r->data.bars;
    int64_t id = rows_int(&r->open, row, 0), as_of;
    double stop = rows_double(&r->open, row, 3, &(bool){false}) / 100;
    double target = rows_double(&r->open, row, 4, &(bool){false}) / 100;
    struct barrier b;
    char reason[80], day[11];
    if (!time_parse(rows_text(&r->open, row, 2), &as_of))
        return;
    size_t first = bars_until(bars, entry_session(as_of) - 1);
    barrier_walk(bars, first, stop, target, BARRIER_SESSIONS, &cost_model_default, &b);
    if (*b.outcome) {
        add_result(r, id, &b);
    } else if (bars->n && calendar_between(bars->bar[bars->n - 1].day, r->last_session) >
                              DEAD_AFTER_SESSIONS) {
        snprintf(reason, sizeof reason, "its bars end on %s",
                 day_print(day, bars->bar[bars->n - 1].day));
        add_void(r, id, reason);
    }
}

static bool same_symbol(const struct run *r, size_t row)
{
    return row < r->open.nrows && strcmp(rows_text(&r->open, row, 1), r->symbol) == 0;
}

static void gathered(void *arg, const struct error *e)
{
    struct run *r = arg;
    const struct bars *bars = &r->data.bars;
    enum datum_state state = r->data.bars_from.state;
    bool unknown = e && e->kind == ERR_USAGE && strcmp(e->code, "E20") == 0;
    bool usable = !(e && e->kind) && (state == DATUM_PRESENT || state == DATUM_STALE) && bars->n;
    char day[11];
    if (!unknown && !usable)
        log_write(LOG_WARN, "outcomes", "%s is tried again next time: %s", r->symbol,
                  e && e->kind ? e->text : r->data.bars_from.reason);
    for (; same_symbol(r, r->row); r->row++) {
        if (unknown)
            add_void(r, rows_int(&r->open, r->row, 0), "the market does not know this symbol");
        else if (usable)
            walk(r, r->row);
    }
    if (usable) {
        json_open(&r->checked, NULL, '{');
        json_str(&r->checked, "symbol", r->symbol);
        json_str(&r->checked, "day", day_print(day, bars->bar[bars->n - 1].day));
        json_close(&r->checked, '}');
    }
    market_data_release(&r->data);
    loop_timer_start(r->turn, 0);
}

static void next_symbol(void *arg)
{
    struct run *r = arg;
    if (r->row >= r->open.nrows) {
        send_results(r);
        return;
    }
    copy_text(r->symbol, sizeof r->symbol, rows_text(&r->open, r->row, 1));
    market_gather(r->desk->market, r->symbol, r->now, &r->data, gathered, r);
}

static void opened(void *arg, struct rows *rows, const struct error *e)
{
    struct run *r = arg;
    if ((e && e->kind) || rows->nrows == 0) {
        run_end(r, 0, e);
        return;
    }
    rows_move(&r->open, rows);
    r->turn = loop_timer_new(r->desk->loop, next_symbol, r);
    json_begin(&r->results, &r->results_text);
    json_open(&r->results, NULL, '[');
    json_begin(&r->checked, &r->checked_text);
    json_open(&r->checked, NULL, '[');
    next_symbol(r);
}

void outcomes_update(struct desk *d, int64_t now,
                     void (*done)(void *arg, int64_t resolved, const struct error *e), void *arg)
{
    struct run *r = mem_alloc(sizeof *r);
    struct params p = {0};
    char day[11];
    *r = (struct run){
        .desk = d, .now = now, .last_session = calendar_last_closed(now), .done = done, .arg = arg};
    params_text(&p, day_print(day, r->last_session));
    db_send(d->db, &open_missing, &p, opened, r);
}
