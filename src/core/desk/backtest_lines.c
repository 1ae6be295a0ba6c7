/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of the report: the desk as its database has it, the same told again from the bars
 * alone (which must agree), the same at doubled costs, entries by chance, and holding. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/desk/backtest_private.h"
#include "core/market/sim_random.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* Positions that bought anything, with their trade where they are closed. */
static const struct statement entries = {
    "backtest entries",
    "SELECT p.symbol, (e.as_of AT TIME ZONE 'America/New_York')::date,"
    " (s.bought)::bigint, p.stop_pct, p.target_pct, t.r_multiple, t.exit_reason,"
    " EXISTS (SELECT FROM orders o JOIN fills f ON f.order_id = o.id WHERE o.position_id = p.id"
    "         AND o.kind = 'STOP' AND f.reason LIKE 'gapped%'),"
    " round(t.pnl_dollars * 1000000)::bigint, round(s.buys * 1000000)::bigint, p.id "
    "FROM positions p JOIN position_sums s ON s.position_id = p.id"
    " JOIN evaluations e ON e.id = p.evaluation_id"
    " LEFT JOIN trade_outcomes t ON t.position_id = p.id "
    "WHERE s.bought > 0 ORDER BY e.as_of, p.symbol"};
static const struct statement marks = {
    "backtest marks",
    "SELECT round(equity_usd * 1000000)::bigint FROM equity_marks ORDER BY session"};

struct entry {
    size_t tape, session; /* of the decision */
    int64_t shares, pnl, invested, position;
    double stop_pct, target_pct, r;
    bool closed, gap;
    enum exit_reason why;
};
struct entries {
    struct entry *entry;
    size_t n;
};

static size_t find_tape(const struct backtest *b, const char *symbol)
{
    size_t i = 0;
    while (i < b->n && strcmp(b->tape[i].symbol, symbol) != 0)
        i++;
    return i;
}

static size_t find_session(const struct backtest *b, const char *date)
{
    int32_t day = DAY_NONE;
    size_t k = 0;
    if (date)
        day_parse(date, &day);
    while (k < b->ndays && b->day[k] != day)
        k++;
    return k;
}

static enum err load_entries(const struct backtest *b, struct entries *out, struct error *e)
{
    struct rows r = {0};
    if (db_query(b->desk->db, &entries, NULL, &r, e))
        return e->kind;
    out->entry = mem_array(r.nrows + 1, sizeof *out->entry);
    for (size_t i = 0; i < r.nrows; i++) {
        struct entry *x = &out->entry[out->n++];
        *x = (struct entry){.tape = find_tape(b, rows_text(&r, i, 0)),
                            .session = find_session(b, rows_text(&r, i, 1)),
                            .shares = rows_int(&r, i, 2),
                            .stop_pct = rows_double(&r, i, 3, NULL),
                            .target_pct = rows_double(&r, i, 4, NULL),
                            .r = rows_double(&r, i, 5, NULL),
                            .closed = rows_text(&r, i, 6) != NULL,
                            .gap = rows_bool(&r, i, 7),
                            .pnl = rows_int(&r, i, 8),
                            .invested = rows_int(&r, i, 9),
                            .position = rows_int(&r, i, 10)};
        if (x->closed && !exit_reason_parse(rows_text(&r, i, 6), &x->why))
            err_set(e, ERR_FAILED, "an exit of unknown reason: %s", rows_text(&r, i, 6));
        if (x->tape == b->n || x->session == b->ndays)
            err_set(e, ERR_FAILED, "position %lld is of no symbol or session of this back-test",
                    (long long)x->position);
    }
    rows_release(&r);
    return e->kind;
}

/* ---- the desk ---- */

static void desk_trades(struct backtest *b, const struct entries *all)
{
    struct trade_set sum = {0};
    struct trade_set *of = mem_array(b->n, sizeof *of);
    for (size_t i = 0; i < all->n; i++) {
        const struct entry *x = &all->entry[i];
        if (!x->closed) {
            b->out->open_at_end++;
            continue;
        }
        trades_add(&sum, x->r, x->why, x->gap);
        trades_add(&of[x->tape], x->r, x->why, x->gap);
    }
    b->out->line[LINE_DESK].trades = trades_end(&sum, b->o->seed);
    for (size_t i = 0; i < b->n; i++)
        b->out->symbol[i].desk = trades_end(&of[i], b->o->seed);
    mem_free(of);
}

static enum err desk_account(struct backtest *b, int64_t *equity, struct error *e)
{
    struct rows r = {0};
    if (db_query(b->desk->db, &marks, NULL, &r, e))
        return e->kind;
    if (r.nrows != b->ndays)
        err_set(e, ERR_FAILED, "%zu sessions were lived and %zu marked", b->ndays, r.nrows);
    for (size_t k = 0; k < b->ndays && !e->kind; k++)
        equity[k] = rows_int(&r, k, 0);
    rows_release(&r);
    return e->kind;
}

static struct backtest_account account_of_micro(const struct backtest *b, const int64_t *equity)
{
    double *x = mem_array(b->ndays, sizeof *x);
    for (size_t k = 0; k < b->ndays; k++)
        x[k] = (double)equity[k];
    struct backtest_account a = account_of(x, b->ndays, (double)b->out->start_equity);
    mem_free(x);
    return a;
}

/* ---- the same entries again ---- */

struct curve {
    int64_t *cash, *stock; /* changes of cash, and stock at the close, by session */
};

static struct curve curve_new(const struct backtest *b)
{
    return (struct curve){.cash = mem_array(b->ndays, sizeof(int64_t)),
                          .stock = mem_array(b->ndays, sizeof(int64_t))};
}

/* Turns the changes into equity, in c->cash. */
static void curve_sum(const struct backtest *b, struct curve *c)
{
    int64_t cash = b->out->start_equity;
    for (size_t k = 0; k < b->ndays; k++) {
        cash += c->cash[k];
        c->cash[k] = cash + c->stock[k];
    }
}

static void curve_release(struct curve *c)
{
    mem_free(c->cash);
    mem_free(c->stock);
}

static void again(const struct backtest *b, const struct entry *x, const struct cost_model *costs,
                  struct curve *c, struct stroll_end *end)
{
    bool fixed = b->o->exits.fixed;
    struct stroll s = {.entry = x->session + 1,
                       .shares = x->shares,
                       .stop_pct = x->stop_pct,
                       .target_pct = x->target_pct,
                       .trail_atr = fixed ? 0 : TRAIL_ATR,
                       .sessions = fixed ? b->o->exits.sessions : TIME_EXIT_SESSIONS,
                       .by_regime = !fixed,
                       .expires = true,
                       .cash = c->cash,
                       .stock = c->stock};
    stroll(b, &b->tape[x->tape], &s, costs, end);
}

static void differs(struct backtest *b, const struct entry *x, const struct stroll_end *end)
{
    struct backtest_result *out = b->out;
    char day[11], stored[DECIMAL_SIZE], told[DECIMAL_SIZE];
    if (out->replay_wrong++)
        return;
    snprintf(out->replay_text, sizeof out->replay_text,
             "%s decided %s: %s %s in the ledger, %s %s from the bars", b->tape[x->tape].symbol,
             day_print(day, b->day[x->session]), x->closed ? exit_reason_name(x->why) : "open",
             decimal_print(stored, sizeof stored, x->pnl, MONEY_MICRO_DIGITS, 6),
             end->closed ? exit_reason_name(end->why) : "open",
             decimal_print(told, sizeof told, end->pnl, MONEY_MICRO_DIGITS, 6));
}

/* The bars alone must give every trade of the ledger, and the equity of every session. */
static void tell_again(struct backtest *b, const struct entries *all, const int64_t *equity)
{
    struct curve c = curve_new(b);
    struct stroll_end end;
    char day[11], stored[DECIMAL_SIZE], told[DECIMAL_SIZE];
    for (size_t i = 0; i < all->n; i++) {
        const struct entry *x = &all->entry[i];
        again(b, x, &b->o->costs, &c, &end);
        b->out->replayed++;
        if (end.closed != x->closed || end.invested != x->invested ||
            (x->closed && (end.pnl != x->pnl || end.why != x->why || end.gap != x->gap)))
            differs(b, x, &end);
    }
    curve_sum(b, &c);
    for (size_t k = 0; k < b->ndays && !b->out->replay_wrong; k++) {
        if (c.cash[k] == equity[k])
            continue;
        b->out->replay_wrong++;
        snprintf(b->out->replay_text, sizeof b->out->replay_text,
                 "equity of %s: %s in the ledger, %s from the bars", day_print(day, b->day[k]),
                 decimal_print(stored, sizeof stored, equity[k], MONEY_MICRO_DIGITS, 6),
                 decimal_print(told, sizeof told, c.cash[k], MONEY_MICRO_DIGITS, 6));
    }
    curve_release(&c);
}

static void costs_twice(struct backtest *b, const struct entries *all)
{
    struct backtest_line *line = &b->out->line[LINE_COSTS_TWICE];
    struct cost_model costs = b->o->costs;
    line->absent = costs.none;
    if (costs.none)
        return;
    costs.scale *= 2;
    struct curve c = curve_new(b);
    struct trade_set set = {0};
    struct stroll_end end;
    for (size_t i = 0; i < all->n; i++) {
        again(b, &all->entry[i], &costs, &c, &end);
        if (end.closed)
            trades_add(&set, end.r, end.why, end.gap);
    }
    curve_sum(b, &c);
    line->trades = trades_end(&set, b->o->seed);
    line->account = account_of_micro(b, c.cash);
    curve_release(&c);
}

/* ---- entries by chance ---- */

/* What became of an entry decided on each session of one symbol. */
struct chance {
    double r, gain;      /* gain: with dividends, of what was invested */
    double entry_factor; /* entry price on the basis of the tape's factors */
    uint32_t from, to;   /* sessions of entry and exit */
    enum exit_reason why;
    bool gap;
};
struct chances {
    struct chance *of;
    size_t n;
};

enum { TYPICAL_PART = 20 }; /* a position is a twentieth of the capital: what costs go by */

static void take_chances(const struct backtest *b, size_t tape, struct chances *out)
{
    const struct tape *t = &b->tape[tape];
    struct trade_set set = {0};
    struct stroll s;
    struct stroll_end end;
    out->of = mem_array(b->ndays, sizeof *out->of);
    for (size_t k = 0; k < b->ndays; k++) {
        if (!stroll_from(b, t, k, &s) || t->at[k + 1] == NO_BAR)
            continue;
        int64_t price = t->look[t->at[k + 1]].open;
        s.shares = b->out->start_equity / TYPICAL_PART / (price * 100);
        s.shares = s.shares < 1 ? 1 : s.shares;
        stroll(b, t, &s, &b->o->costs, &end);
        if (!end.closed || end.invested <= 0)
            continue;
        trades_add(&set, end.r, end.why, end.gap);
        double paid = (double)end.invested / (double)s.shares / 100;
        out->of[out->n++] =
            (struct chance){.r = end.r,
                            .gain = (double)(end.pnl + end.dividends) / (double)end.invested,
                            .entry_factor = paid * t->factor[t->at[end.entered_at]],
                            .from = (uint32_t)end.entered_at,
                            .to = (uint32_t)end.closed_at,
                            .why = end.why,
                            .gap = end.gap};
    }
    b->out->symbol[tape].every = trades_end(&set, b->o->seed);
}

/* Adds what `usd` invested by chance gain and lose, by session. */
static void add_path(const struct tape *t, const struct chance *x, double usd, double *change)
{
    double before = 0;
    for (uint32_t k = x->from; k <= x->to; k++) {
        double now = before;
        if (k == x->to)
            now = x->gain;
        else if (t->at[k] != NO_BAR)
            now = (double)t->look[t->at[k]].last * t->factor[t->at[k]] / x->entry_factor - 1;
        change[k] += usd * (now - before);
        before = now;
    }
}

struct draws {
    double *mean_r, *total_return, *drawdown, *sharpe;
    double *equity;
    size_t nsharpe;
    struct trade_set set;
    struct backtest_account sum;
};

static void draw(struct backtest *b, const struct entries *all, const struct chances *chances,
                 size_t number, struct draws *d)
{
    struct sim_draw dice =
        sim_draw_begin(b->o->seed, sim_hash_text("backtest draw"), 0, (int64_t)number);
    double sum = 0;
    size_t n = 0;
    memset(d->equity, 0, b->ndays * sizeof *d->equity);
    for (size_t i = 0; i < all->n; i++) {
        const struct entry *x = &all->entry[i];
        const struct chances *c = &chances[x->tape];
        if (!x->closed || c->n == 0)
            continue;
        const struct chance *one = &c->of[sim_below(&dice, (int)c->n)];
        trades_add(&d->set, one->r, one->why, one->gap);
        add_path(&b->tape[x->tape], one, (double)x->invested, d->equity);
        sum += one->r;
        n++;
    }
    double before = (double)b->out->start_equity;
    for (size_t k = 0; k < b->ndays; k++)
        before = d->equity[k] += before;
    struct backtest_account a = account_of(d->equity, b->ndays, (double)b->out->start_equity);
    d->mean_r[number] = n ? sum / (double)n : 0;
    d->total_return[number] = a.total_return;
    d->drawdown[number] = a.drawdown;
    d->sum.total_return += a.total_return;
    d->sum.drawdown += a.drawdown;
    if (a.sharpe.known)
        d->sharpe[d->nsharpe++] = a.sharpe.v;
    d->sum.sharpe.v += a.sharpe.v;
}

/* As many entries as the desk made of each symbol, of the same sizes, on sessions drawn by lot. */
static void random_entries(struct backtest *b, const struct entries *all,
                           const struct chances *chances)
{
    struct backtest_line *line = &b->out->line[LINE_RANDOM];
    struct draws d = {0};
    size_t n = line->trades.n = 0;
    for (size_t i = 0; i < all->n; i++)
        n += all->entry[i].closed && chances[all->entry[i].tape].n > 0;
    line->absent = n == 0;
    if (n == 0)
        return;
    double *room = mem_array(4 * BACKTEST_DRAWS, sizeof *room);
    d.mean_r = room;
    d.total_return = room + BACKTEST_DRAWS;
    d.drawdown = room + 2 * BACKTEST_DRAWS;
    d.sharpe = room + 3 * BACKTEST_DRAWS;
    d.equity = mem_array(b->ndays, sizeof *d.equity);
    for (size_t i = 0; i < BACKTEST_DRAWS; i++)
        draw(b, all, chances, i, &d);
    struct backtest_trades t = d.set.sum;
    t.n = d.set.n;
    t.mean_r = d.set.total_r / (double)t.n;
    t.gap_r = t.gaps ? d.set.total_gap_r / (double)t.gaps : 0;
    t.has_interval = true;
    t.mean_r_95 = middle_95(d.mean_r, BACKTEST_DRAWS);
    t.won_95 = wilson_interval(t.won, t.n, 0.95);
    line->trades = t;
    line->account = (struct backtest_account){
        .known = true,
        .days = b->ndays,
        .total_return = d.sum.total_return / BACKTEST_DRAWS,
        .drawdown = d.sum.drawdown / BACKTEST_DRAWS,
        .sharpe = d.nsharpe ? VALUE(d.sum.sharpe.v / (double)d.nsharpe) : VALUE_UNKNOWN,
        .return_95 = middle_95(d.total_return, BACKTEST_DRAWS),
        .drawdown_95 = middle_95(d.drawdown, BACKTEST_DRAWS),
        .sharpe_95 = middle_95(d.sharpe, d.nsharpe)};
    b->out->draws = BACKTEST_DRAWS;
    mem_free(d.set.r);
    mem_free(d.equity);
    mem_free(room);
}

/* ---- holding ---- */

/* The same money in each symbol from its first open on; dividends stay cash. */
static void hold(struct backtest *b)
{
    struct curve c = curve_new(b);
    for (size_t i = 0; i < b->n; i++) {
        const struct tape *t = &b->tape[i];
        size_t k = 0;
        while (k < b->ndays && t->at[k] == NO_BAR)
            k++;
        if (k == b->ndays)
            continue;
        struct stroll_end end;
        int64_t share = b->out->start_equity / (int64_t)b->n;
        /* A thousandth stays for spread and slippage. */
        struct stroll s = {.entry = k,
                           .shares = (share - share / 1000) / (t->look[t->at[k]].open * 100),
                           .cash = c.cash,
                           .stock = c.stock};
        if (s.shares > 0)
            stroll(b, t, &s, &b->o->costs, &end);
    }
    curve_sum(b, &c);
    b->out->line[LINE_HOLD].account = account_of_micro(b, c.cash);
    curve_release(&c);
}

enum err lines_compute(struct backtest *b, struct error *e)
{
    struct entries all = {0};
    int64_t *equity = mem_array(b->ndays, sizeof *equity);
    struct chances *chances = mem_array(b->n, sizeof *chances);
    for (int i = 0; i < BACKTEST_LINES; i++)
        b->out->line[i].kind = (enum backtest_line_kind)i;
    if (!load_entries(b, &all, e) && !desk_account(b, equity, e)) {
        desk_trades(b, &all);
        b->out->line[LINE_DESK].account = account_of_micro(b, equity);
        tell_again(b, &all, equity);
        costs_twice(b, &all);
        for (size_t i = 0; i < b->n; i++)
            take_chances(b, i, &chances[i]);
        random_entries(b, &all, chances);
        hold(b);
    }
    for (size_t i = 0; i < b->n; i++)
        mem_free(chances[i].of);
    mem_free(chances);
    mem_free(equity);
    mem_free(all.entry);
    return e->kind;
}
