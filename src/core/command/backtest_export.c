/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report for programs: fractions instead of percents, full precision. */
#include <math.h>
#include <stdio.h>

#include "core/command/backtest_report.h"
#include "quorum/buf.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

enum { CELL = 32 };

/* ---- CSV ---- */

static const struct column csv_columns[] = {
    {"line", "", COLUMN_TEXT},           {"symbol", "", COLUMN_TEXT},
    {"draws", "", COLUMN_NUMBER},        {"trades", "", COLUMN_NUMBER},
    {"win", "", COLUMN_NUMBER},          {"mean_r", "", COLUMN_NUMBER},
    {"mean_r_low", "", COLUMN_NUMBER},   {"mean_r_high", "", COLUMN_NUMBER},
    {"stop", "", COLUMN_NUMBER},         {"target", "", COLUMN_NUMBER},
    {"time", "", COLUMN_NUMBER},         {"trailing", "", COLUMN_NUMBER},
    {"regime", "", COLUMN_NUMBER},       {"other", "", COLUMN_NUMBER},
    {"gap_stops", "", COLUMN_NUMBER},    {"gap_r", "", COLUMN_NUMBER},
    {"worst_r", "", COLUMN_NUMBER},      {"total_return", "", COLUMN_NUMBER},
    {"return_low", "", COLUMN_NUMBER},   {"return_high", "", COLUMN_NUMBER},
    {"drawdown", "", COLUMN_NUMBER},     {"sharpe", "", COLUMN_NUMBER},
    {"sharpe_error", "", COLUMN_NUMBER}, {"days", "", COLUMN_NUMBER},
};
enum { CSV_COLUMNS = ARRAY_LEN(csv_columns) };

/* The cells of columns 2 and on; what is not known is NAN. */
static void figures_of(const struct row *row, double v[CSV_COLUMNS])
{
    const struct backtest_trades *x = row->trades;
    const struct backtest_account *a = row->account;
    for (int i = 0; i < CSV_COLUMNS; i++)
        v[i] = (double)NAN;
    if (row->draws)
        v[2] = (double)row->draws;
    if (x) {
        double n = (double)x->n;
        v[3] = row->draws ? n / (double)row->draws : n;
        if (x->n) {
            const double part[] = {(double)x->exit[EXIT_STOP_LOSS],
                                   (double)x->exit[EXIT_TAKE_PROFIT],
                                   (double)x->exit[EXIT_TIME_EXIT],
                                   (double)x->exit[EXIT_TRAILING_STOP],
                                   (double)x->exit[EXIT_REGIME_CHANGE],
                                   (double)x->exit[EXIT_MANUAL] +
                                       (double)x->exit[EXIT_CIRCUIT_BREAKER],
                                   (double)x->gaps};
            v[4] = (double)x->won / n;
            v[5] = x->mean_r;
            for (size_t i = 0; i < ARRAY_LEN(part); i++)
                v[8 + i] = part[i] / n;
            v[16] = -x->worst_r;
        }
        if (x->has_interval) {
            v[6] = x->mean_r_95.low;
            v[7] = x->mean_r_95.high;
        }
        if (x->gaps)
            v[15] = -x->gap_r;
    }
    if (!a || !a->known)
        return;
    v[17] = a->total_return;
    if (row->draws) {
        v[18] = a->return_95.low;
        v[19] = a->return_95.high;
    }
    v[20] = -a->drawdown;
    if (a->sharpe.known)
        v[21] = a->sharpe.v;
    if (a->sharpe_error.known)
        v[22] = a->sharpe_error.v;
    v[23] = (double)a->days;
}

void backtest_csv(struct output *o, const struct report *rep)
{
    struct table t;
    table_begin(&t, csv_columns, CSV_COLUMNS);
    for (size_t i = 0; i < rep->n; i++) {
        const struct row *row = &rep->row[i];
        double v[CSV_COLUMNS];
        char text[CSV_COLUMNS][CELL];
        const char *cell[CSV_COLUMNS] = {row->key, row->symbol};
        figures_of(row, v);
        for (int c = 2; c < CSV_COLUMNS; c++)
            if (isfinite(v[c]) && snprintf(text[c], CELL, "%.10g", v[c]) > 0)
                cell[c] = text[c];
        table_row(&t, cell);
    }
    table_end(&t, o, "");
}

/* ---- JSON ---- */

static void json_day(struct json *j, const char *key, int32_t day)
{
    char text[11];
    if (day == DAY_NONE)
        json_null(j, key);
    else
        json_str(j, key, day_print(text, day));
}

static void json_rows(struct json *j, const struct report *rep)
{
    json_open(j, "lines", '[');
    for (size_t i = 0; i < rep->n; i++) {
        double v[CSV_COLUMNS];
        figures_of(&rep->row[i], v);
        json_open(j, NULL, '{');
        json_str(j, "line", rep->row[i].key);
        json_str(j, "symbol", rep->row[i].symbol);
        for (int c = 2; c < CSV_COLUMNS; c++)
            json_num(j, csv_columns[c].key, v[c]);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_symbols(struct json *j, const struct backtest_result *r)
{
    char price[DECIMAL_SIZE];
    json_open(j, "symbols", '[');
    for (size_t i = 0; i < r->nsymbols; i++) {
        const struct backtest_symbol *s = &r->symbol[i];
        json_open(j, NULL, '{');
        json_str(j, "symbol", s->symbol);
        json_day(j, "first", s->first);
        json_day(j, "last", s->last);
        json_int(j, "bars", (int64_t)s->bars);
        json_int(j, "missing", (int64_t)s->missing);
        json_int(j, "actions", (int64_t)s->actions);
        json_str(j, "warning", *s->warning ? s->warning : NULL);
        json_open(j, "bad_prints", '[');
        for (size_t k = 0; k < s->nbad; k++) {
            json_open(j, NULL, '{');
            json_day(j, "day", s->bad[k].day);
            json_str(j, "open",
                     decimal_print(price, sizeof price, s->bad[k].open, PRICE_DIGITS, 4));
            json_flag(j, "in_book", s->bad[k].in_book);
            json_close(j, '}');
        }
        json_close(j, ']');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_proof(struct json *j, const struct backtest_result *r)
{
    json_flag(j, "proven", r->unproven.nrows == 0);
    json_open(j, "unproven", '[');
    for (size_t i = 0; i < r->unproven.nrows; i++)
        json_str(j, NULL, rows_text(&r->unproven, i, 0));
    json_close(j, ']');
    json_int(j, "replayed", (int64_t)r->replayed);
    json_int(j, "replay_differences", (int64_t)r->replay_wrong);
    json_str(j, "replay_first", r->replay_wrong ? r->replay_text : NULL);
}

void backtest_json(struct output *o, const struct backtest_options *opt,
                   const struct backtest_result *r, const struct report *rep)
{
    struct json j;
    char equity[DECIMAL_SIZE];
    json_begin(&j, &o->text);
    json_open(&j, NULL, '{');
    json_day(&j, "from", r->first);
    json_day(&j, "to", r->last);
    json_int(&j, "sessions", (int64_t)r->sessions);
    json_str(&j, "start_equity_usd",
             decimal_print(equity, sizeof equity, r->start_equity, MONEY_MICRO_DIGITS, 2));
    json_str(&j, "voters", r->voters);
    json_int(&j, "needed", r->needed);
    json_flag(&j, "evidence_about_models", false);
    json_flag(&j, "costs", !opt->costs.none);
    json_flag(&j, "explores", opt->explores);
    if (opt->exits.fixed) {
        json_open(&j, "exits", '{');
        json_num(&j, "stop_pct", opt->exits.stop_pct);
        json_num(&j, "target_pct", opt->exits.target_pct);
        json_int(&j, "sessions", opt->exits.sessions);
        json_close(&j, '}');
    } else {
        json_str(&j, "exits", "desk");
    }
    json_int(&j, "seed", (int64_t)opt->seed);
    json_rows(&j, rep);
    json_int(&j, "judged", r->judged);
    json_int(&j, "abstained", r->abstained);
    json_int(&j, "stored", r->stored);
    json_int(&j, "buys", r->buys);
    json_int(&j, "ordered", r->ordered);
    json_int(&j, "open_at_end", (int64_t)r->open_at_end);
    json_open(&j, "refused", '[');
    for (size_t i = 0; i < r->nrefusals; i++) {
        json_open(&j, NULL, '{');
        json_str(&j, "why", r->refusal[i].why);
        json_int(&j, "n", r->refusal[i].n);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_symbols(&j, r);
    json_proof(&j, r);
    json_close(&j, '}');
    buf_char(&o->text, '\n');
}
