/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the desk earned: by session, week and month from mark to mark, and by what its trades have
 * in common. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "quorum/stats.h"
#include "quorum/text.h"

/* Every mark with the equity before it: of the mark before, at first the start capital. */
#define MARKS                                                                                      \
    "WITH k AS (SELECT COALESCE(-sum(amount_usd), 0) AS capital FROM ledger"                       \
    "  WHERE account_id = 1 AND book = 'capital'), "                                               \
    "m AS (SELECT session, equity_usd, cash_usd, stock_usd, peak_usd,"                             \
    "  lag(equity_usd, 1, k.capital) OVER (ORDER BY session) AS before"                            \
    "  FROM equity_marks, k WHERE account_id = 1) "

static const struct statement equity_curve = {
    "equity",
    MARKS "SELECT session, trim_scale(equity_usd), trim_scale(equity_usd - before),"
          "  round(100 * (equity_usd / NULLIF(before, 0) - 1), 4), trim_scale(cash_usd),"
          "  trim_scale(stock_usd), round(100 * (equity_usd / NULLIF(peak_usd, 0) - 1), 4),"
          "  trim_scale(before), trim_scale(peak_usd) "
          "FROM m WHERE session > (desk_now() AT TIME ZONE 'America/New_York')::date - $1::int "
          "ORDER BY session"};
static const struct figure_column equity_columns[] = {
    {"session", "SESSION", FIGURE_DATE, 0},          {"equity_usd", "EQUITY", FIGURE_MONEY, 0},
    {"change_usd", "DAY $", FIGURE_PROFIT, 0},       {"change_pct", "DAY %", FIGURE_CHANGE, 0},
    {"cash_usd", "CASH", FIGURE_MONEY, 0},           {"stock_usd", "STOCK", FIGURE_MONEY, 0},
    {"drawdown_pct", "FROM PEAK", FIGURE_CHANGE, 0},
};

static void equity_total(struct output *o, const struct rows *r)
{
    char from[FIGURE_SIZE], to[FIGURE_SIZE], gain[FIGURE_SIZE], pct[FIGURE_SIZE];
    char worst[FIGURE_SIZE], stored[40];
    double low = 0;
    int64_t start = micro_of(rows_text(r, 0, 7)), end = micro_of(rows_text(r, r->nrows - 1, 1));
    for (size_t i = 0; i < r->nrows; i++) {
        double d = rows_double(r, i, 6, NULL);
        low = d < low ? d : low;
    }
    snprintf(stored, sizeof stored, "%.6f",
             start > 0 ? 100 * ((double)end / (double)start - 1) : 0.0);
    figure_text(pct, FIGURE_CHANGE, stored);
    snprintf(stored, sizeof stored, "%.6f", low);
    out_line(o, "%zu sessions: %s to %s, %s (%s); deepest %s below the peak", r->nrows,
             money_text(from, start, false), money_text(to, end, false),
             money_text(gain, end - start, true), pct, figure_text(worst, FIGURE_CHANGE, stored));
}

static enum err run_equity(struct call *c, struct error *e)
{
    int64_t days = 30;
    struct params p = {0};
    struct rows r = {0};
    struct figures f;
    if (call_int(c, "days", 1, 36500, &days, e) || call_desk(c, e))
        return e->kind;
    params_int(&p, days);
    if (db_query(c->desk->db, &equity_curve, &p, &r, e))
        return e->kind;
    figures_begin(&f, c->out, equity_columns, ARRAY_LEN(equity_columns));
    if (r.nrows >= 2 || c->out->format != OUTPUT_TEXT)
        figures_rows(&f, &r);
    figures_end(&f, "needs 2 days: the equity is marked after each session's close");
    if (r.nrows >= 2)
        equity_total(c->out, &r);
    rows_release(&r);
    return OK;
}

/* $1 is day, week or month: of the exchange's sessions. Trades count by the day they closed. */
static const struct statement periods = {
    "results by period", MARKS
    ", q AS (SELECT date_trunc($1, session::timestamp)::date AS period, max(session) AS last,"
    "    count(*) AS sessions, (array_agg(before ORDER BY session))[1] AS first_usd,"
    "    (array_agg(equity_usd ORDER BY session DESC))[1] AS last_usd,"
    "    min(equity_usd / NULLIF(peak_usd, 0)) AS low"
    "  FROM m GROUP BY 1 ORDER BY 1 DESC LIMIT $2::int), "
    "t AS (SELECT date_trunc($1, closed_at AT TIME ZONE 'America/New_York')::date AS period,"
    "    count(*) AS n, count(*) FILTER (WHERE pnl_dollars > 0) AS won,"
    "    sum(r_multiple) AS r, sum(fees_usd + slippage_usd) AS costs"
    "  FROM trade_outcomes WHERE account_id = 1 GROUP BY 1) "
    "SELECT q.period, q.last, q.sessions, trim_scale(q.first_usd), trim_scale(q.last_usd),"
    "  trim_scale(q.last_usd - q.first_usd),"
    "  round(100 * (q.last_usd / NULLIF(q.first_usd, 0) - 1), 4), round(100 * (q.low - 1), 4),"
    "  COALESCE(t.n, 0), COALESCE(t.won, 0), t.r, trim_scale(COALESCE(t.costs, 0)) "
    "FROM q LEFT JOIN t USING (period) ORDER BY q.period DESC"};
#define PERIOD_COLUMNS(name)                                                                       \
    {"from", name, FIGURE_DATE, 0}, {"to", "TO", FIGURE_DATE, WIDTH_NEVER},                        \
        {"sessions", "DAYS", FIGURE_COUNT, 0}, {"start_usd", "START", FIGURE_MONEY, 92},           \
        {"end_usd", "EQUITY", FIGURE_MONEY, 0}, {"change_usd", "P&L $", FIGURE_PROFIT, 0},         \
        {"change_pct", "P&L %", FIGURE_CHANGE, 0},                                                 \
        {"drawdown_pct", "FROM PEAK", FIGURE_CHANGE, 0}, {"trades", "TRADES", FIGURE_COUNT, 0},    \
        {"won", "WON", FIGURE_COUNT, 0}, {"r_sum", "SUM R", FIGURE_R, 0},                          \
    {                                                                                              \
        "costs_usd", "COSTS", FIGURE_MONEY, 92                                                     \
    }
static const struct figure_column day_columns[] = {PERIOD_COLUMNS("SESSION")};
static const struct figure_column week_columns[] = {PERIOD_COLUMNS("WEEK OF")};
static const struct figure_column month_columns[] = {PERIOD_COLUMNS("MONTH OF")};

static enum err period_count(const struct call *c, int64_t fallback, int64_t *out, struct error *e)
{
    char shown[40];
    *out = fallback;
    if (c->nargs == 0 || (text_to_int64(c->arg[0], out) && *out >= 1 && *out <= 10000))
        return OK;
    sanitize_line(shown, sizeof shown, untrusted(c->arg[0]));
    err_set(e, ERR_USAGE, "\"%s\" is not a number of rows from 1 to 10000", shown);
    err_code(e, "E06");
    return err_fix(e, "example: quorum %s 10", c->command->name);
}

static enum err check_period(const struct call *c, struct error *e)
{
    int64_t n;
    return period_count(c, 1, &n, e);
}

static enum err results_by(struct call *c, const char *unit, const struct figure_column *columns,
                           int64_t fallback, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    struct figures f;
    int64_t n;
    if (period_count(c, fallback, &n, e) || call_desk(c, e))
        return e->kind;
    params_text(&p, unit);
    params_int(&p, n);
    if (db_query(c->desk->db, &periods, &p, &r, e))
        return e->kind;
    figures_begin(&f, c->out, columns, ARRAY_LEN(day_columns));
    figures_rows(&f, &r);
    figures_end(&f, "no session is marked yet: the equity is marked after each close");
    rows_release(&r);
    return OK;
}

static enum err run_daily(struct call *c, struct error *e)
{
    return results_by(c, "day", day_columns, 10, e);
}

static enum err run_weekly(struct call *c, struct error *e)
{
    return results_by(c, "week", week_columns, 13, e);
}

static enum err run_monthly(struct call *c, struct error *e)
{
    return results_by(c, "month", month_columns, 12, e);
}

/* One row of trades for each value of the key: n, won, mean and deviation of R, dollars. A trade
 * stands under every agent that voted, and under every parameter in force when it was opened; or
 * under baseline, when none had been changed. */
#define PERF(key, join)                                                                            \
    "SELECT k.key, count(*), count(*) FILTER (WHERE t.pnl_dollars > 0), count(t.r_multiple),"      \
    "  avg(t.r_multiple), stddev_samp(t.r_multiple), "                                             \
    "trim_scale(avg(t.pnl_dollars)::numeric(18,6)),"                                               \
    "  trim_scale(sum(t.pnl_dollars)) "                                                            \
    "FROM trade_outcomes t LEFT JOIN positions p ON p.id = t.position_id "                         \
    "LEFT JOIN trade_metadata m ON m.trade_outcome_id = t.id " join                                \
    " CROSS JOIN LATERAL (SELECT COALESCE(" key ", 'unknown') AS key) k "                          \
    "WHERE ($1::int IS NULL OR t.closed_at >= desk_now() - make_interval(days => $1::int)) "       \
    "GROUP BY k.key ORDER BY "
#define BY_COUNT "count(*) DESC, k.key"
#define BY_KEY   "k.key"

static const struct perf_row {
    const char *name, *title;
    struct statement statement;
} perf_rows[] = {
    {"symbol", "SYMBOL", {"perf by symbol", PERF("t.symbol", "") BY_COUNT}},
    {"regime", "REGIME", {"perf by regime", PERF("m.market_regime, p.regime", "") BY_COUNT}},
    {"agent",
     "AGENT AND VOTE",
     {"perf by agent", PERF("v.agent || ' ' || v.vote",
                            "JOIN votes v ON v.evaluation_id = t.evaluation_id AND v.counted"
                            " AND v.role = 'voter'") BY_KEY}},
    {"exit", "EXIT", {"perf by exit", PERF("t.exit_reason", "") BY_COUNT}},
    {"hour",
     "ENTRY HOUR (ET)",
     {"perf by hour",
      PERF("to_char(t.opened_at AT TIME ZONE 'America/New_York', 'HH24:00')", "") BY_KEY}},
    {"param",
     "PARAMETER",
     {"perf by param",
      PERF("CASE WHEN x.name IS NOT NULL"
           " THEN x.name || ' ' || COALESCE(trim_scale(x.value)::text, 'off')"
           " WHEN p.id IS NOT NULL THEN 'baseline' END",
           "LEFT JOIN LATERAL (SELECT v.name, v.value FROM jsonb_each_text(p.parameters) j"
           " JOIN parameter_versions v ON v.id = CASE WHEN j.value ~ '^[0-9]{1,18}$'"
           " THEN j.value::bigint END) x ON true") BY_KEY}},
};

static const struct perf_row *perf_dimension(const struct call *c, struct error *e)
{
    char names[100] = "", shown[40];
    const char *word = c->nargs > 1 ? c->arg[1] : c->nargs == 1 ? c->arg[0] : "";
    if (c->nargs == 1 && strcmp(word, "by") == 0)
        word = "";
    for (size_t i = 0; i < ARRAY_LEN(perf_rows); i++) {
        size_t n = strlen(names);
        if (strcmp(perf_rows[i].name, word) == 0 && (c->nargs < 2 || !strcmp(c->arg[0], "by")))
            return &perf_rows[i];
        snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", perf_rows[i].name);
    }
    sanitize_line(shown, sizeof shown, untrusted(word));
    if (*word)
        err_set(e, ERR_USAGE, "perf goes by one of %s; not by \"%s\"", names, shown);
    else
        err_set(e, ERR_USAGE, "perf needs what to go by: %s", names);
    err_code(e, "E04");
    err_fix(e, "example: quorum perf by exit --days=30");
    return NULL;
}

static enum err check_perf(const struct call *c, struct error *e)
{
    return perf_dimension(c, e) ? OK : e->kind;
}

/* The t value of a two-sided 95 % interval, by halving. */
static double t_95(double degrees)
{
    double low = 0, high = 1000;
    for (int i = 0; i < 60; i++) {
        double mid = (low + high) / 2;
        if (student_t_cdf(mid, degrees) < 0.975)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* Mean R and its interval; none below two trades with an R, none where they do not differ. */
struct mean_r {
    char mean[24], low[24], high[24];
    bool known, has_interval;
};

static struct mean_r mean_r_of(const struct rows *r, size_t row)
{
    struct mean_r m = {0};
    bool no_mean, no_deviation;
    double n = (double)rows_int(r, row, 3);
    double mean = rows_double(r, row, 4, &no_mean), sd = rows_double(r, row, 5, &no_deviation);
    m.known = !no_mean;
    m.has_interval = m.known && !no_deviation && n >= 2;
    if (m.known)
        snprintf(m.mean, sizeof m.mean, "%.6g", mean);
    if (m.has_interval) {
        double half = t_95(n - 1) * sd / sqrt(n);
        snprintf(m.low, sizeof m.low, "%.6g", mean - half);
        snprintf(m.high, sizeof m.high, "%.6g", mean + half);
    }
    return m;
}

static void perf_text(struct call *c, const struct perf_row *d, const struct rows *r)
{
    const struct column columns[] = {
        {"key", d->title, COLUMN_TEXT},     {"n", "N", COLUMN_NUMBER},
        {"win", "WIN", COLUMN_MONEY},       {"win_range", "95 %", COLUMN_MONEY},
        {"mean_r", "MEAN R", COLUMN_MONEY}, {"r_range", "95 %", COLUMN_MONEY},
        {"mean", "MEAN $", COLUMN_MONEY},   {"total", "TOTAL $", COLUMN_MONEY},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        struct mean_r m = mean_r_of(r, i);
        char win[16], wins[32], mean[FIGURE_SIZE], low[FIGURE_SIZE], high[FIGURE_SIZE], range[80];
        char each[FIGURE_SIZE], total[FIGURE_SIZE];
        uint64_t n = (uint64_t)rows_int(r, i, 1), won = (uint64_t)rows_int(r, i, 2);
        struct interval w = wilson_interval(won, n, 0.95);
        snprintf(win, sizeof win, "%.0f%%", 100 * (double)won / (double)n);
        snprintf(wins, sizeof wins, "%.0f-%.0f", 100 * w.low, 100 * w.high);
        snprintf(range, sizeof range, "%.30s..%.30s", figure_text(low, FIGURE_R, m.low),
                 figure_text(high, FIGURE_R, m.high));
        table_row(&t, (const char *const[]){rows_text(r, i, 0), rows_text(r, i, 1), win, wins,
                                            m.known ? figure_text(mean, FIGURE_R, m.mean) : NULL,
                                            m.has_interval ? range : NULL,
                                            figure_text(each, FIGURE_PROFIT, rows_text(r, i, 6)),
                                            figure_text(total, FIGURE_PROFIT, rows_text(r, i, 7))});
    }
    table_end(&t, c->out, "no closed trades in that time");
    if (r->nrows)
        out_line(c->out, "%s",
                 "95 % of R that holds 0 proves nothing; one row in twenty errs by "
                 "chance.");
}

static void perf_rows_out(struct call *c, const struct rows *r)
{
    static const struct column columns[] = {
        {"key", "", COLUMN_TEXT},        {"n", "", COLUMN_NUMBER},
        {"won", "", COLUMN_NUMBER},      {"win_low", "", COLUMN_NUMBER},
        {"win_high", "", COLUMN_NUMBER}, {"mean_r", "", COLUMN_NUMBER},
        {"r_low", "", COLUMN_NUMBER},    {"r_high", "", COLUMN_NUMBER},
        {"mean_usd", "", COLUMN_MONEY},  {"total_usd", "", COLUMN_MONEY},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        struct mean_r m = mean_r_of(r, i);
        char low[24], high[24];
        struct interval w =
            wilson_interval((uint64_t)rows_int(r, i, 2), (uint64_t)rows_int(r, i, 1), 0.95);
        snprintf(low, sizeof low, "%.4f", w.low);
        snprintf(high, sizeof high, "%.4f", w.high);
        table_row(&t, (const char *const[]){
                          rows_text(r, i, 0), rows_text(r, i, 1), rows_text(r, i, 2), low, high,
                          m.known ? m.mean : NULL, m.has_interval ? m.low : NULL,
                          m.has_interval ? m.high : NULL, rows_text(r, i, 6), rows_text(r, i, 7)});
    }
    table_end(&t, c->out, "");
}

static enum err run_perf(struct call *c, struct error *e)
{
    const struct perf_row *d = perf_dimension(c, e);
    int64_t days = 0;
    struct params p = {0};
    struct rows r = {0};
    if (!d || call_int(c, "days", 1, 36500, &days, e) || call_desk(c, e))
        return e->kind;
    if (days)
        params_int(&p, days);
    else
        params_text(&p, NULL);
    if (db_query(c->desk->db, &d->statement, &p, &r, e))
        return e->kind;
    if (c->out->format == OUTPUT_TEXT)
        perf_text(c, d, &r);
    else
        perf_rows_out(c, &r);
    rows_release(&r);
    return OK;
}

static const struct option_row equity_options[] = {
    {"days", "N", "calendar days back from now; default 30"},
    {NULL, NULL, NULL},
};
static const struct option_row perf_options[] = {
    {"days", "N", "trades closed in the last N days; default all"},
    {NULL, NULL, NULL},
};

const struct command results_commands[] = {
    {.name = "equity",
     .group = "Looking",
     .usage = "",
     .help = "the account's worth after each session",
     .options = equity_options,
     .run = run_equity},
    {.name = "daily",
     .group = "Looking",
     .usage = "[N]",
     .help = "result of the last N sessions, from mark to mark",
     .max_args = 1,
     .check = check_period,
     .run = run_daily},
    {.name = "weekly",
     .group = "Looking",
     .usage = "[N]",
     .help = "the same by weeks, which begin on Monday",
     .max_args = 1,
     .check = check_period,
     .run = run_weekly},
    {.name = "monthly",
     .group = "Looking",
     .usage = "[N]",
     .help = "the same by months",
     .max_args = 1,
     .check = check_period,
     .run = run_monthly},
    {.name = "perf",
     .group = "Looking",
     .usage = "by symbol|regime|agent|exit|hour|param",
     .help = "closed trades by what they have in common, with intervals",
     .details = "For each value: trades, share won with Wilson's 95 % interval, mean R with the\n"
                "interval of Student's t, dollars. By agent a trade stands under every agent's\n"
                "vote that counted; by param under every changed value in force at its entry, or\n"
                "under baseline when none was; hour is the exchange's hour of the entry.",
     .max_args = 2,
     .options = perf_options,
     .check = check_perf,
     .run = run_perf},
    {.name = NULL},
};
