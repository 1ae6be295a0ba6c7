/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entries, closes, corporate actions, marks and the proof: one call of one SQL function each
 * (migrations/0008). */
#include "quorum/broker.h"

#include <string.h>

#include "quorum/buf.h"
#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

static const struct statement decided_at = {
    "broker decided at",
    "SELECT (extract(epoch FROM as_of) * 1000000)::bigint FROM evaluations WHERE id = $1::bigint"};
static const struct statement enter = {"broker enter",
                                       "SELECT ordered, order_id, position_id, shares, result, code"
                                       " FROM broker_enter($1::bigint, $2::timestamptz)"};
static const struct statement enter_slot = {
    "broker enter slot",
    "SELECT ordered, refused FROM broker_enter_slot($1::timestamptz, $2::timestamptz)"};
static const struct statement close_symbol = {
    "broker close", "SELECT what, order_id FROM broker_close($1, $2, $3, $4, $5)"};
static const struct statement action = {
    "broker action", "SELECT broker_action($1, $2::date, $3::float8, $4::numeric, $5::numeric)"};
static const struct statement mark = {"broker mark", "SELECT broker_mark($1::date)"};
static const struct statement prove = {
    "ledger proof",
    "SELECT what, trim_scale(expected)::text, trim_scale(found)::text FROM ledger_proof()"};
static const struct statement totals = {
    "ledger totals",
    "SELECT cash, stock, cash + stock FROM (SELECT broker_cash() AS cash, COALESCE((SELECT"
    " sum(quantity * COALESCE(last_price, entry_price)) FROM positions WHERE account_id = 1"
    " AND closed_at IS NULL), 0) AS stock) t"};

/* An entry lives to the end of the next session: of this day's when it has not begun. */
static int64_t entry_expiry(int64_t decided)
{
    int32_t day = exchange_day(decided);
    if (calendar_session(day) == SESSION_CLOSED || decided >= calendar_open(day))
        day = calendar_next(day);
    return calendar_close(day);
}

static void add_time(struct params *p, int64_t t)
{
    char text[33];
    params_text(p, time_print_iso(text, t));
}

static enum err entry_answer(const struct desk *d, int64_t evaluation_id, const struct rows *r,
                             struct entry_result *out, struct error *e)
{
    const char *code = rows_text(r, 0, 5), *id = rows_text(r, 0, 1), *result = rows_text(r, 0, 4);
    out->ordered = rows_bool(r, 0, 0);
    copy_text(out->order_id, sizeof out->order_id, id ? id : "");
    out->position_id = rows_int(r, 0, 2);
    out->shares = rows_int(r, 0, 3);
    sanitize_line(out->result, sizeof out->result, untrusted(result ? result : ""));
    if (out->ordered)
        return OK;
    if (code && strcmp(code, "known") == 0)
        return err_set(e, ERR_CONFLICT, "evaluation #%lld was ordered before: %s",
                       (long long)evaluation_id, out->result);
    if (code && strcmp(code, "usage") == 0)
        return err_set(e, ERR_USAGE, "%s desk: %s", desk_kind_name(d->kind), out->result);
    err_set(e, ERR_POLICY, "%s", out->result);
    if (code && strcmp(code, "E31") == 0) {
        err_code(e, "E31");
        err_fix(e, "quorum resume");
    }
    return e ? e->kind : ERR_POLICY;
}

enum err broker_enter(struct desk *d, int64_t evaluation_id, struct entry_result *out,
                      struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    *out = (struct entry_result){0};
    params_int(&p, evaluation_id);
    if (db_query(d->db, &decided_at, &p, &r, e))
        return e->kind;
    int64_t decided = r.nrows ? rows_int(&r, 0, 0) : 0;
    params_int(&p, evaluation_id);
    add_time(&p, entry_expiry(decided));
    rows_release(&r);
    if (db_query(d->db, &enter, &p, &r, e))
        return e->kind;
    enum err result = entry_answer(d, evaluation_id, &r, out, e);
    rows_release(&r);
    return result;
}

struct slot_call {
    void (*done)(void *arg, int64_t ordered, int64_t refused, const struct error *e);
    void *arg;
};

static void slot_entered(void *arg, struct rows *rows, const struct error *e)
{
    struct slot_call s = *(struct slot_call *)arg;
    mem_free(arg);
    if (e)
        s.done(s.arg, 0, 0, e);
    else
        s.done(s.arg, rows_int(rows, 0, 0), rows_int(rows, 0, 1), NULL);
}

void broker_enter_slot(struct desk *d, int64_t slot_at,
                       void (*done)(void *arg, int64_t ordered, int64_t refused,
                                    const struct error *e),
                       void *arg)
{
    struct params p = {0};
    struct slot_call *s = mem_alloc(sizeof *s);
    *s = (struct slot_call){done, arg};
    add_time(&p, slot_at);
    add_time(&p, entry_expiry(slot_at));
    db_send(d->db, &enter_slot, &p, slot_entered, s);
}

enum err broker_close(struct desk *d, const char *symbol, enum exit_reason why, const char *who,
                      const char *reason, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_text(&p, symbol);
    params_text(&p, exit_reason_name(why));
    params_text(&p, who);
    params_text(&p, operator_origin());
    params_text(&p, reason ? reason : "");
    if (db_query(d->db, &close_symbol, &p, &r, e))
        return e->kind;
    const char *what = rows_text(&r, 0, 0);
    enum err result = OK;
    if (!what || strcmp(what, "none") == 0)
        result = err_set(e, ERR_USAGE, "the %s desk has no open position in %s",
                         desk_kind_name(d->kind), symbol);
    else if (strcmp(what, "busy") == 0)
        result = err_set(e, ERR_CONFLICT, "%s is being closed already", symbol);
    rows_release(&r);
    return result;
}

enum err broker_corporate_action(struct desk *d, const char *symbol, int32_t ex_day,
                                 double split_ratio, int64_t dividend, int64_t price,
                                 struct error *e)
{
    struct params p = {0};
    char day[11];
    params_text(&p, symbol);
    params_text(&p, day_print(day, ex_day));
    params_double(&p, split_ratio);
    params_decimal(&p, dividend, MONEY_MICRO_DIGITS);
    params_decimal(&p, price, PRICE_DIGITS);
    return db_query(d->db, &action, &p, NULL, e);
}

struct mark_call {
    void (*done)(void *arg, const struct error *e);
    void *arg;
};

static void marked(void *arg, struct rows *rows, const struct error *e)
{
    struct mark_call m = *(struct mark_call *)arg;
    (void)rows;
    mem_free(arg);
    m.done(m.arg, e);
}

void broker_mark(struct desk *d, int32_t day, void (*done)(void *arg, const struct error *e),
                 void *arg)
{
    struct params p = {0};
    char text[11];
    struct mark_call *m = mem_alloc(sizeof *m);
    *m = (struct mark_call){done, arg};
    params_text(&p, day_print(text, day));
    db_send(d->db, &mark, &p, marked, m);
}

enum err broker_prove(struct desk *d, struct rows *out, struct error *e)
{
    return db_query(d->db, &prove, NULL, out, e);
}

static int64_t micro(const struct rows *r, size_t col)
{
    int64_t v = 0;
    const char *text = rows_text(r, 0, col);
    if (text)
        decimal_parse(text, MONEY_MICRO_DIGITS, &v);
    return v;
}

enum err broker_totals(struct desk *d, struct account_totals *out, struct error *e)
{
    struct rows r = {0};
    *out = (struct account_totals){0};
    if (db_query(d->db, &totals, NULL, &r, e))
        return e->kind;
    out->cash = micro(&r, 0);
    out->stock = micro(&r, 1);
    out->equity = micro(&r, 2);
    rows_release(&r);
    return OK;
}
