/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Storing acts: pipelined statements in their order, each a transaction of its own. A fill's key
 * is its order and the moment of the price, so that the same look stored again, by whatever
 * engine, changes nothing. */
#include <assert.h>
#include <string.h>

#include "quorum/broker.h"
#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

/* Without an order id: the order of that reason of the position, made by an act before. */
static const struct statement fill = {
    "broker fill",
    "SELECT broker_fill(o.id, o.id || ' ' || $4, $5::bigint, $6::numeric, $7::numeric,"
    " $8::numeric, $9::timestamptz, $10::date, $11) "
    "FROM (SELECT COALESCE($1::uuid, broker_leg($2::bigint, $3))) AS o (id) "
    "WHERE o.id IS NOT NULL"};
static const struct statement trigger = {
    "broker trigger", "SELECT broker_trigger(COALESCE($1::uuid, broker_leg($2::bigint, $3)))"};
static const struct statement seen = {"broker seen", "SELECT broker_seen($1::jsonb)"};
static const struct statement unpriced = {
    "broker unpriced", "SELECT broker_unpriced($1::bigint, $2, $3::timestamptz)"};
static const struct statement move_stop = {
    "broker move stop", "SELECT broker_move_stop($1::bigint, $2::numeric, $3, $4::numeric)"};
static const struct statement leave = {"broker exit",
                                       "SELECT broker_order_exit($1::bigint, $2, 'quorum', $3)"};
static const struct statement expire = {"broker expire", "SELECT broker_expire($1::uuid)"};

struct storing {
    struct desk *desk;
    struct buf looks; /* what was seen, sent when all else is stored; empty: nothing */
    size_t open;      /* answers still awaited, and the storing itself */
    struct error first;
    void (*done)(void *arg, const struct error *e);
    void *arg;
};

static void add_time(struct params *p, int64_t t)
{
    char text[33];
    params_text(p, t == TIME_NONE ? NULL : time_print_iso(text, t));
}

static void add_order(struct params *p, const struct act *a)
{
    params_text(p, a->order_id[0] ? a->order_id : NULL);
    params_int(p, a->position_id);
    params_text(p, exit_reason_name(a->exit_reason));
}

static const char *why_filled(const struct act *a)
{
    if (a->reason[0])
        return a->reason;
    return !a->fill.at_open ? "" : a->fill.triggered ? "gapped below the stop" : "at the open";
}

static void add_fill(struct params *p, const struct act *a)
{
    char day[11];
    add_order(p, a);
    params_int(p, a->look.as_of);
    params_int(p, a->fill.quantity);
    params_decimal(p, a->fill.price, PRICE_DIGITS);
    params_decimal(p, a->fill.fees, MONEY_MICRO_DIGITS);
    params_decimal(p, a->fill.slippage, MONEY_MICRO_DIGITS);
    add_time(p, a->look.at);
    params_text(p, day_print(day, a->look.day));
    params_text(p, why_filled(a));
}

static void write_price(struct json *j, const char *key, int64_t price)
{
    char text[DECIMAL_SIZE];
    if (price > 0)
        json_raw(j, key, decimal_print(text, sizeof text, price, PRICE_DIGITS, PRICE_DIGITS));
}

static void write_look(struct json *j, const struct act *a)
{
    char at[33], day[11];
    json_open(j, NULL, '{');
    json_int(j, "p", a->position_id);
    json_str(j, "at", time_print_iso(at, a->look.as_of));
    json_str(j, "day", day_print(day, a->look.day));
    write_price(j, "last", a->look.last);
    write_price(j, "high", a->look.high);
    write_price(j, "low", a->look.low);
    json_flag(j, "bar", a->look.is_bar);
    json_close(j, '}');
}

static void stored(void *arg, struct rows *rows, const struct error *e);

static void send(struct storing *s, const struct statement *st, struct params *p)
{
    s->open++;
    db_send(s->desk->db, st, p, stored, s);
}

/* What was seen tells later looks which extremes they need not look at again: stored last, and
 * only when everything that came of them is. */
static void step_ended(struct storing *s)
{
    if (--s->open)
        return;
    if (s->looks.len && !s->first.kind) {
        struct params p = {0};
        params_text(&p, buf_text(&s->looks));
        buf_release(&s->looks);
        send(s, &seen, &p);
        return;
    }
    s->done(s->arg, s->first.kind ? &s->first : NULL);
    buf_release(&s->looks);
    mem_free(s);
}

static void stored(void *arg, struct rows *rows, const struct error *e)
{
    struct storing *s = arg;
    (void)rows;
    if (e && !s->first.kind)
        s->first = *e;
    step_ended(s);
}

static void store(struct storing *s, const struct act *a)
{
    struct params p = {0};
    switch (a->kind) {
    case ACT_FILL:
        add_fill(&p, a);
        send(s, &fill, &p);
        return;
    case ACT_TRIGGER:
        add_order(&p, a);
        send(s, &trigger, &p);
        return;
    case ACT_UNPRICED:
        params_int(&p, a->position_id);
        params_text(&p, a->reason);
        add_time(&p, a->look.at);
        send(s, &unpriced, &p);
        return;
    case ACT_STOP:
        params_int(&p, a->position_id);
        params_decimal(&p, a->price, PRICE_DIGITS);
        params_text(&p, exit_reason_name(a->exit_reason));
        if (a->look.last > 0)
            params_decimal(&p, a->look.last, PRICE_DIGITS);
        else
            params_text(&p, NULL);
        send(s, &move_stop, &p);
        return;
    case ACT_EXIT:
        params_int(&p, a->position_id);
        params_text(&p, exit_reason_name(a->exit_reason));
        params_text(&p, a->reason);
        send(s, &leave, &p);
        return;
    case ACT_EXPIRE:
        params_text(&p, a->order_id);
        send(s, &expire, &p);
        return;
    case ACT_SEEN:
        break;
    }
    assert(!"an act of this kind is stored elsewhere");
}

void broker_store(struct desk *d, const struct act *act, size_t n,
                  void (*done)(void *arg, const struct error *e), void *arg)
{
    struct storing *s = mem_alloc(sizeof *s);
    struct json j;
    bool any = false;
    *s = (struct storing){.desk = d, .open = 1, .done = done, .arg = arg};
    json_begin(&j, &s->looks);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < n; i++) {
        if (act[i].kind == ACT_SEEN) {
            write_look(&j, &act[i]);
            any = true;
        } else {
            store(s, &act[i]);
        }
    }
    json_close(&j, ']');
    if (!any)
        buf_clear(&s->looks);
    step_ended(s);
}
