/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/command/backtest_report.h"

#include <stdio.h>
#include <string.h>

#include "quorum/buf.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

static const char *const line_name[BACKTEST_LINES] = {
    [LINE_DESK] = "desk",
    [LINE_COSTS_TWICE] = "desk, costs x 2",
    [LINE_RANDOM] = "random entry",
    [LINE_HOLD] = "buy and hold",
};

static void collect(const struct backtest_result *r, struct report *out)
{
    static const char *const key[BACKTEST_LINES] = {"desk", "costs_x2", "random", "hold"};
    out->n = 0;
    for (int i = 0; i < BACKTEST_LINES; i++) {
        const struct backtest_line *l = &r->line[i];
        struct row *row = &out->row[out->n];
        if (l->absent)
            continue;
        *row = (struct row){.key = key[l->kind],
                            .trades = l->kind == LINE_HOLD ? NULL : &l->trades,
                            .account = &l->account,
                            .draws = l->kind == LINE_RANDOM ? r->draws : 0};
        copy_text(row->name, sizeof row->name, line_name[l->kind]);
        out->n++;
    }
    for (size_t i = 0; i < r->nsymbols; i++) {
        const struct backtest_symbol *s = &r->symbol[i];
        struct row *desk = &out->row[out->n++], *every = &out->row[out->n++];
        *desk = (struct row){.key = "desk", .symbol = s->symbol, .trades = &s->desk};
        *every = (struct row){.key = "every_session", .symbol = s->symbol, .trades = &s->every};
        snprintf(desk->name, sizeof desk->name, "%s, desk", s->symbol);
        snprintf(every->name, sizeof every->name, "%s, any session", s->symbol);
    }
}

/* ---- text ---- */

enum { CELL = 32 };

static const char *percent(char dst[CELL], double fraction, int places)
{
    snprintf(dst, CELL, "%.*f%%", places, round_half_away(100 * fraction, places));
    return dst;
}

static const char *share(char dst[CELL], size_t part, size_t n)
{
    return n ? percent(dst, (double)part / (double)n, 1) : NULL;
}

static const char *signed_r(char dst[CELL], double r, int places)
{
    r = round_half_away(r, places);
    snprintf(dst, CELL, r > 0 ? "+%.*f" : "%.*f", places, r);
    return dst;
}

static const char *span(char dst[CELL], struct interval i, double by, int places, const char *unit)
{
    snprintf(dst, CELL, "%+.*f to %+.*f%s", places, round_half_away(by * i.low, places), places,
             round_half_away(by * i.high, places), unit);
    return dst;
}

static const char *count(char dst[CELL], size_t n)
{
    return decimal_group(dst, CELL, (int64_t)n, 0, 0);
}

static void trades_table(struct output *o, const struct report *rep)
{
    static const struct column columns[] = {
        {"line", "ENTRIES", COLUMN_TEXT},     {"trades", "TRADES", COLUMN_NUMBER},
        {"win", "WIN", COLUMN_NUMBER},        {"mean_r", "MEAN R", COLUMN_NUMBER},
        {"mean_r_95", "95 %", COLUMN_NUMBER}, {"gaps", "GAP STOPS", COLUMN_NUMBER},
        {"gap_r", "AT R", COLUMN_NUMBER},     {"worst_r", "WORST", COLUMN_NUMBER},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < rep->n; i++) {
        const struct row *row = &rep->row[i];
        const struct backtest_trades *x = row->trades;
        char n[CELL], win[CELL], mean[CELL], range[CELL], gaps[CELL], gap_r[CELL], worst[CELL];
        if (!x)
            continue;
        const char *cell[] = {row->name,
                              count(n, row->draws ? x->n / row->draws : x->n),
                              share(win, x->won, x->n),
                              x->n ? signed_r(mean, x->mean_r, 2) : NULL,
                              x->has_interval ? span(range, x->mean_r_95, 1, 2, "") : NULL,
                              share(gaps, x->gaps, x->n),
                              x->gaps ? signed_r(gap_r, -x->gap_r, 2) : NULL,
                              x->n ? signed_r(worst, -x->worst_r, 1) : NULL};
        table_row(&t, cell);
    }
    table_end(&t, o, "");
}

static void exits_table(struct output *o, const struct report *rep)
{
    static const struct column columns[] = {
        {"line", "LEFT BY", COLUMN_TEXT},        {"stop", "STOP", COLUMN_NUMBER},
        {"target", "TARGET", COLUMN_NUMBER},     {"time", "TIME", COLUMN_NUMBER},
        {"trailing", "TRAILING", COLUMN_NUMBER}, {"regime", "REGIME", COLUMN_NUMBER},
        {"other", "OTHER", COLUMN_NUMBER},
    };
    static const enum exit_reason shown[] = {EXIT_STOP_LOSS, EXIT_TAKE_PROFIT, EXIT_TIME_EXIT,
                                             EXIT_TRAILING_STOP, EXIT_REGIME_CHANGE};
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < rep->n; i++) {
        const struct backtest_trades *x = rep->row[i].trades;
        char text[ARRAY_LEN(columns)][CELL];
        const char *cell[ARRAY_LEN(columns)] = {rep->row[i].name};
        if (!x || x->n == 0)
            continue;
        for (size_t k = 0; k < ARRAY_LEN(shown); k++)
            cell[k + 1] = share(text[k], x->exit[shown[k]], x->n);
        cell[6] = share(text[6], x->exit[EXIT_MANUAL] + x->exit[EXIT_CIRCUIT_BREAKER], x->n);
        table_row(&t, cell);
    }
    table_end(&t, o, "no entry was left");
}

static void account_table(struct output *o, const struct report *rep)
{
    static const struct column columns[] = {
        {"line", "ACCOUNT", COLUMN_TEXT},     {"return", "RETURN", COLUMN_NUMBER},
        {"return_95", "95 %", COLUMN_NUMBER}, {"drawdown", "DEEPEST", COLUMN_NUMBER},
        {"sharpe", "SHARPE", COLUMN_NUMBER},  {"error", "ERROR OR 95 %", COLUMN_NUMBER},
        {"days", "DAYS", COLUMN_NUMBER},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < rep->n; i++) {
        const struct row *row = &rep->row[i];
        const struct backtest_account *a = row->account;
        char gain[CELL], range[CELL], deep[CELL], sharpe[CELL], error[CELL] = "", days[CELL];
        if (!a || !a->known)
            continue;
        snprintf(gain, sizeof gain, "%+.1f%%", round_half_away(100 * a->total_return, 1));
        if (row->draws)
            span(error, a->sharpe_95, 1, 2, "");
        else if (a->sharpe_error.known)
            snprintf(error, sizeof error, "+-%.2f", a->sharpe_error.v);
        const char *cell[] = {row->name,
                              gain,
                              row->draws ? span(range, a->return_95, 100, 1, "%") : NULL,
                              percent(deep, -a->drawdown, 1),
                              a->sharpe.known ? signed_r(sharpe, a->sharpe.v, 2) : NULL,
                              *error ? error : NULL,
                              count(days, a->days)};
        table_row(&t, cell);
    }
    table_end(&t, o, "");
}

static void say_costs(struct output *o, const struct backtest_options *opt)
{
    if (opt->costs.none)
        out_line(o, "Costs: none (--no-costs); at most 5 %% of a bar's volume.");
    else
        out_line(o, "Costs: half a spread of 1 (large funds) or 2.5 basis points, at least half a "
                    "cent;\n  slippage of 1 basis point + 0.7 sigma sqrt(shares / daily volume); "
                    "fees on sales;\n  at most 5 %% of a bar's volume. Interest and taxes are not "
                    "counted.");
}

static void say_exits(struct output *o, const struct backtest_options *opt)
{
    const struct backtest_exits *x = &opt->exits;
    if (x->fixed)
        out_line(o,
                 "Exits: stop %g %% below and target %g %% above the entry, %d sessions; no "
                 "trailing stop,\n  no exit by regime.",
                 x->stop_pct, x->target_pct, x->sessions);
    else
        out_line(o, "Exits: stop 1.5 and target 4 x beta x ATR, trailing stop of 3 ATR from +1 R "
                    "on, regime\n  turning BEAR, 20 sessions.");
}

static void say_head(struct output *o, const struct backtest_options *opt,
                     const struct backtest_result *r)
{
    char from[11], to[11], equity[DECIMAL_SIZE];
    struct buf names = {0};
    for (size_t i = 0; i < r->nsymbols; i++)
        buf_printf(&names, " %s", r->symbol[i].symbol);
    out_line(o, "BACK-TEST on recorded bars, %s to %s, %zu sessions, start $%s:%s",
             day_print(from, r->first), day_print(to, r->last), r->sessions,
             decimal_group(equity, sizeof equity, r->start_equity, MONEY_MICRO_DIGITS, 2),
             buf_text(&names));
    buf_release(&names);
    out_line(o, "This is no evidence about the models: none was asked, and one asked today would "
                "remember\nthe period. Whoever chose the symbols knew what became of them.");
    out_line(o, "Voters: the baselines of %s, %d of %d must agree.%s", r->voters, r->needed,
             r->nvoters,
             opt->voters ? ""
                         : " Recorded\n  bars hold no statements and no headlines: research and "
                           "news_analyst would abstain.");
    say_exits(o, opt);
    say_costs(o, opt);
}

static void say_decisions(struct output *o, const struct backtest_options *opt,
                          const struct backtest_result *r)
{
    bool gated = false;
    char judged[CELL], stored[CELL], buys[CELL], ordered[CELL], abstained[CELL];
    out_line(o, "%s closes were judged (%s without a voter that had a say), %s evaluations stored;",
             count(judged, (size_t)r->judged), count(abstained, (size_t)r->abstained),
             count(stored, (size_t)r->stored));
    out_line(o, "%s said BUY, %s were ordered; %zu position%s open at the end.",
             count(buys, (size_t)r->buys), count(ordered, (size_t)r->ordered), r->open_at_end,
             r->open_at_end == 1 ? " is" : "s are");
    for (size_t i = 0; i < r->nrefusals; i++)
        out_line(o, "  refused %s: %s", count(buys, (size_t)r->refusal[i].n), r->refusal[i].why);
    for (size_t i = 0; i < r->nrefusals; i++)
        gated = gated || strcmp(r->refusal[i].why, "no edge") == 0;
    if (gated)
        out_line(o, "The Kelly gate lets nothing through while 30 or more trades show no edge; "
                    "--explore\ngoes on at the exploration size.");
    if (opt->explores)
        out_line(o, "Sizes are those of exploration throughout (--explore): no Kelly gate.");
}

static void say_data(struct output *o, const struct backtest_result *r)
{
    char day[11], open[DECIMAL_SIZE], before[DECIMAL_SIZE], close[DECIMAL_SIZE];
    for (size_t i = 0; i < r->nsymbols; i++) {
        const struct backtest_symbol *s = &r->symbol[i];
        if (s->bars == 0)
            out_line(o, "%s: no bar in the period.", s->symbol);
        else if (s->first != r->first || s->last != r->last)
            out_line(o, "%s: bars from %s to %s only.", s->symbol, day_print(day, s->first),
                     day_print(open, s->last));
        if (s->missing)
            out_line(o, "%s: %zu session%s without a bar.", s->symbol, s->missing,
                     s->missing == 1 ? "" : "s");
        if (s->actions)
            out_line(o, "%s: %zu split%s or dividend%s.", s->symbol, s->actions,
                     s->actions == 1 ? "" : "s", s->actions == 1 ? "" : "s");
        if (*s->warning)
            out_line(o, "%s: %s", s->symbol, s->warning);
        for (size_t k = 0; k < s->nbad; k++)
            out_line(
                o,
                "%s: bad print on %s, opened at %s between closes of %s and %s: nothing "
                "filled%s.",
                s->symbol, day_print(day, s->bad[k].day),
                decimal_print(open, sizeof open, s->bad[k].open, PRICE_DIGITS, 2),
                decimal_print(before, sizeof before, s->bad[k].previous_close, PRICE_DIGITS, 2),
                decimal_print(close, sizeof close, s->bad[k].close, PRICE_DIGITS, 2),
                s->bad[k].in_book ? ", though it was held or ordered" : "");
    }
}

static void say_proof(struct output *o, const struct backtest_result *r)
{
    char n[CELL];
    if (r->unproven.nrows == 0)
        out_line(o, "Ledger proven: cash + positions = equity on every session, to the "
                    "micro-dollar.");
    for (size_t i = 0; i < r->unproven.nrows; i++)
        out_line(o, "NOT PROVEN: %s: expected %s, found %s", rows_text(&r->unproven, i, 0),
                 rows_text(&r->unproven, i, 1), rows_text(&r->unproven, i, 2));
    if (r->replay_wrong)
        out_line(o, "NOT REPRODUCED: %zu differences, the first: %s", r->replay_wrong,
                 r->replay_text);
    else
        out_line(o, "Told again from the bars alone, %s positions give the same trades and equity.",
                 count(n, r->replayed));
}

static void write_text(struct output *o, const struct backtest_options *opt,
                       const struct backtest_result *r, const struct report *rep)
{
    say_head(o, opt, r);
    out_line(o, "%s", "");
    trades_table(o, rep);
    out_line(o, "%s", "");
    exits_table(o, rep);
    out_line(o, "%s", "");
    account_table(o, rep);
    out_line(o, "%s", "");
    if (r->draws)
        out_line(o,
                 "Random entry: %zu draws (seed %llu) of as many entries in the same symbols and "
                 "of the same\nsizes on other sessions, with the same exits; they may overlap. "
                 "R: result over what was risked\nat the first stop.",
                 r->draws, (unsigned long long)opt->seed);
    say_decisions(o, opt, r);
    say_data(o, r);
    say_proof(o, r);
}

void backtest_report(struct output *o, const struct backtest_options *options,
                     const struct backtest_result *r)
{
    struct report *rep = mem_alloc(sizeof *rep);
    collect(r, rep);
    if (o->format == OUTPUT_TEXT)
        write_text(o, options, r, rep);
    else if (o->format == OUTPUT_CSV)
        backtest_csv(o, rep);
    else
        backtest_json(o, options, r, rep);
    mem_free(rep);
}
