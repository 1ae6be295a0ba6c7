/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The book: open positions with their open orders, read in one query. */
#include <string.h>

#include "quorum/broker.h"
#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* A row for each open order, or one for a position without. Prices in 1/10,000, money and times in
 * millionths. Entries come first: what is bought decides what the exits cover. */
static const struct statement open_book = {
    "book",
    "SELECT p.id, p.evaluation_id, p.symbol, p.sector, p.state, p.quantity, p.bought,"
    " round(1000000 * p.cost_usd)::bigint, round(10000 * p.entry_price)::bigint,"
    " round(10000 * p.stop_price)::bigint, round(10000 * p.target_price)::bigint,"
    " round(10000 * p.initial_stop)::bigint, p.stop_pct, p.target_pct, p.trail_atr, p.atr,"
    " p.time_exit, round(10000 * p.trail_high)::bigint, round(10000 * p.high_price)::bigint,"
    " round(10000 * p.low_price)::bigint, round(10000 * p.last_price)::bigint,"
    " (1000000 * extract(epoch FROM p.last_price_at))::bigint, p.seen_day - date '1970-01-01',"
    " p.entry_day - date '1970-01-01', round(10000 * p.seen_high)::bigint,"
    " round(10000 * p.seen_low)::bigint, p.regime,"
    " o.id, o.evaluation_id, o.side, o.kind, o.purpose, o.exit_reason, o.triggered, o.quantity,"
    " o.filled, round(10000 * o.limit_price)::bigint, round(10000 * o.stop_price)::bigint,"
    " (1000000 * extract(epoch FROM o.not_before))::bigint,"
    " (1000000 * extract(epoch FROM o.expires_at))::bigint, o.sigma_daily, o.adv_shares,"
    " o.half_spread_bps "
    "FROM positions p LEFT JOIN orders o ON o.position_id = p.id AND o.state = 'OPEN' "
    "WHERE p.account_id = 1 AND p.closed_at IS NULL "
    "ORDER BY p.symbol COLLATE \"C\", p.id, o.purpose,"
    " array_position(ARRAY['manual', 'circuit_breaker', 'stop_loss', 'trailing_stop', "
    "'take_profit', 'regime_change', 'time_exit'], o.exit_reason),"
    " o.created_at, o.id"};

/* Cells are read one after the other, in the order of the statement. */
struct cursor {
    const struct rows *r;
    size_t row, col;
};

static const char *next_text(struct cursor *c)
{
    const char *text = rows_text(c->r, c->row, c->col++);
    return text ? text : "";
}

static int64_t next_int(struct cursor *c, int64_t missing)
{
    int64_t v = missing;
    const char *text = rows_text(c->r, c->row, c->col++);
    if (text)
        text_to_int64(text, &v);
    return v;
}

static double next_double(struct cursor *c)
{
    return rows_double(c->r, c->row, c->col++, NULL);
}

static void next_line(struct cursor *c, char *dst, size_t size)
{
    sanitize_line(dst, size, untrusted(next_text(c)));
}

static enum position_state state_of(const char *name)
{
    return strcmp(name, "OPENING") == 0   ? POSITION_OPENING
           : strcmp(name, "CLOSING") == 0 ? POSITION_CLOSING
           : strcmp(name, "OPEN") == 0    ? POSITION_OPEN
                                          : POSITION_CLOSED;
}

static void read_position(struct cursor *c, struct position *p)
{
    p->id = next_int(c, 0);
    p->evaluation_id = next_int(c, 0);
    next_line(c, p->symbol, sizeof p->symbol);
    next_line(c, p->sector, sizeof p->sector);
    p->state = state_of(next_text(c));
    p->quantity = next_int(c, 0);
    p->bought = next_int(c, 0);
    p->cost = next_int(c, 0);
    p->entry_price = next_int(c, 0);
    p->stop_price = next_int(c, 0);
    p->target_price = next_int(c, 0);
    p->initial_stop = next_int(c, 0);
    p->stop_pct = next_double(c);
    p->target_pct = next_double(c);
    p->trail_atr = next_double(c);
    p->atr = next_double(c);
    p->time_exit = (int)next_int(c, 0);
    p->trail_high = next_int(c, 0);
    p->high_price = next_int(c, 0);
    p->low_price = next_int(c, 0);
    p->last_price = next_int(c, 0);
    p->last_price_at = next_int(c, TIME_NONE);
    p->seen_day = (int32_t)next_int(c, DAY_NONE);
    p->entry_day = (int32_t)next_int(c, DAY_NONE);
    p->seen_high = next_int(c, 0);
    p->seen_low = next_int(c, 0);
    next_line(c, p->regime, sizeof p->regime);
}

static void read_order(struct cursor *c, const struct position *p, struct order *o)
{
    copy_text(o->symbol, sizeof o->symbol, p->symbol);
    o->position_id = p->id;
    copy_text(o->id, sizeof o->id, next_text(c));
    o->evaluation_id = next_int(c, 0);
    o->side = strcmp(next_text(c), "SELL") == 0 ? SIDE_SELL : SIDE_BUY;
    const char *kind = next_text(c);
    o->kind = strcmp(kind, "LIMIT") == 0  ? ORDER_LIMIT
              : strcmp(kind, "STOP") == 0 ? ORDER_STOP
                                          : ORDER_MARKET;
    o->purpose = strcmp(next_text(c), "EXIT") == 0 ? PURPOSE_EXIT : PURPOSE_ENTRY;
    if (!exit_reason_parse(next_text(c), &o->exit_reason))
        o->exit_reason = EXIT_MANUAL;
    o->triggered = rows_bool(c->r, c->row, c->col++);
    o->quantity = next_int(c, 0);
    o->filled = next_int(c, 0);
    o->limit_price = next_int(c, 0);
    o->stop_price = next_int(c, 0);
    o->not_before = next_int(c, TIME_NONE);
    o->expires_at = next_int(c, TIME_NONE);
    o->sigma_daily = next_double(c);
    o->adv_shares = next_double(c);
    o->half_spread_bps = next_double(c);
}

static void read_book(const struct rows *r, struct book *out)
{
    *out = (struct book){.entry = mem_array(r->nrows + 1, sizeof *out->entry)};
    for (size_t i = 0; i < r->nrows; i++) {
        struct cursor c = {.r = r, .row = i};
        struct book_entry *e = out->n ? &out->entry[out->n - 1] : NULL;
        if (!e || e->position.id != rows_int(r, i, 0))
            e = &out->entry[out->n++];
        read_position(&c, &e->position);
        if (rows_text(r, i, c.col) && e->norders < BOOK_ORDERS_PER_POSITION)
            read_order(&c, &e->position, &e->order[e->norders++]);
    }
}

void book_release(struct book *b)
{
    mem_free(b->entry);
    *b = (struct book){0};
}

enum err book_load(struct desk *d, struct book *out, struct error *e)
{
    struct rows r = {0};
    *out = (struct book){0};
    if (db_query(d->db, &open_book, NULL, &r, e))
        return e->kind;
    read_book(&r, out);
    rows_release(&r);
    return OK;
}

struct loading {
    void (*done)(void *arg, struct book *b, const struct error *e);
    void *arg;
};

static void loaded(void *arg, struct rows *rows, const struct error *e)
{
    struct loading l = *(struct loading *)arg;
    struct book b = {0};
    mem_free(arg);
    if (!e)
        read_book(rows, &b);
    l.done(l.arg, &b, e);
    book_release(&b);
}

void book_load_async(struct desk *d, void (*done)(void *arg, struct book *b, const struct error *e),
                     void *arg)
{
    struct loading *l = mem_alloc(sizeof *l);
    *l = (struct loading){done, arg};
    db_send(d->db, &open_book, NULL, loaded, l);
}
