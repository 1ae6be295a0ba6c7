/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the desk holds and what its trades brought. Nothing here changes anything. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/show.h"
#include "core/command/show_trade.h"
#include "quorum/broker.h"
#include "quorum/calendar.h"
#include "quorum/money.h"
#include "quorum/regime.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

static const struct statement list_positions = {
    "positions",
    "SELECT p.symbol, 'LONG', p.quantity, trim_scale(p.entry_price), trim_scale(p.last_price),"
    "  trim_scale(p.quantity * p.last_price - c.cost),"
    "  round(100 * (p.last_price / p.entry_price - 1), 4), trim_scale(p.stop_price),"
    "  trim_scale(p.target_price), extract(epoch FROM desk_now() - p.opened_at)::bigint,"
    "  COALESCE(p.regime, e.regime), p.evaluation_id,"
    "  round((p.last_price - p.entry_price) / NULLIF(p.entry_price - p.initial_stop, 0), 4),"
    "  round(100 * (p.high_price / p.entry_price - 1), 4),"
    "  round(100 * (p.low_price / p.entry_price - 1), 4), p.state, p.exit_reason,"
    "  p.unpriced_since, p.id "
    "FROM positions p LEFT JOIN evaluations e ON e.id = p.evaluation_id"
    "  CROSS JOIN LATERAL (SELECT COALESCE(NULLIF(p.cost_usd, 0), p.quantity * p.entry_price)"
    "                        AS cost) c "
    "WHERE p.closed_at IS NULL ORDER BY p.symbol"};
static const struct figure_column position_columns[] = {
    {"symbol", "SYM", FIGURE_TEXT, 0},
    {"side", "SIDE", FIGURE_TEXT, 96},
    {"quantity", "QTY", FIGURE_COUNT, 0},
    {"entry_price", "ENTRY", FIGURE_MONEY, 0},
    {"last_price", "LAST", FIGURE_MONEY, 0},
    {"pnl_usd", "P&L $", FIGURE_PROFIT, 0},
    {"pnl_pct", "P&L %", FIGURE_CHANGE, 0},
    {"stop_price", "STOP", FIGURE_MONEY, 0},
    {"target_price", "TARGET", FIGURE_MONEY, 0},
    {"age_s", "AGE", FIGURE_AGE, 0},
    {"regime", "REGIME", FIGURE_TEXT, 112},
    {"evaluation_id", "EVAL", FIGURE_COUNT, 112},
    {"r_multiple", "R", FIGURE_R, 112},
    {"mfe_pct", "MFE", FIGURE_CHANGE, 120},
    {"mae_pct", "MAE", FIGURE_CHANGE, 120},
    {"state", "STATE", FIGURE_TEXT, WIDTH_NEVER},
    {"exit_reason", "EXIT", FIGURE_TEXT, WIDTH_NEVER},
    {"unpriced_since", "UNPRICED", FIGURE_WHEN, WIDTH_NEVER},
    {"position_id", "POSITION", FIGURE_COUNT, WIDTH_NEVER},
};
enum { POSITION_AGE = 9, POSITION_LAST = 4, POSITION_STATE = 15, POSITION_UNPRICED = 17 };

static const struct statement cash_now = {"cash", "SELECT trim_scale(ledger_cash(1))"};

static enum err no_positions(struct call *c, char dst[80], struct error *e)
{
    struct rows r = {0};
    char cash[FIGURE_SIZE];
    if (db_query(c->desk->db, &cash_now, NULL, &r, e))
        return e->kind;
    snprintf(dst, 80, "no open positions; cash %s",
             figure_text(cash, FIGURE_MONEY, rows_text(&r, 0, 0)));
    rows_release(&r);
    return OK;
}

/* A line about the marks in the table, when there are any. */
static void positions_legend(struct output *o, bool exits, bool entries, bool stale)
{
    if (exits || entries || stale)
        out_line(o, "%s%s%s%s%s", exits ? "* an exit is under way" : "",
                 exits && (entries || stale) ? "; " : "",
                 entries ? "+ the entry is not filled yet" : "", entries && stale ? "; " : "",
                 stale ? "? no price that may be traded on" : "");
}

static enum err positions_table(struct call *c, const struct rows *r, struct error *e)
{
    struct figures f;
    char empty[80] = "";
    bool exits = false, entries = false, stale = false;
    if (r->nrows == 0 && no_positions(c, empty, e))
        return e->kind;
    figures_begin(&f, c->out, position_columns, ARRAY_LEN(position_columns));
    for (size_t i = 0; i < r->nrows; i++) {
        const char *cell[ARRAY_LEN(position_columns)];
        for (size_t k = 0; k < ARRAY_LEN(position_columns); k++)
            cell[k] = rows_text(r, i, k);
        bool exit = strcmp(cell[POSITION_STATE], "CLOSING") == 0;
        bool entry = strcmp(cell[POSITION_STATE], "OPENING") == 0;
        bool unpriced = cell[POSITION_UNPRICED] != NULL;
        exits |= exit;
        entries |= entry;
        stale |= unpriced;
        /* One mark a row: what is wrong with the price matters most. */
        figures_row(&f, cell, unpriced ? POSITION_LAST : POSITION_AGE,
                    unpriced ? "?"
                    : exit   ? " *"
                    : entry  ? " +"
                             : "");
    }
    figures_end(&f, empty);
    positions_legend(c->out, exits, entries, stale);
    return OK;
}

static enum err run_positions(struct call *c, struct error *e)
{
    struct rows r = {0};
    char text[16];
    const char *symbol;
    int64_t id = 0;
    if (call_symbol(c, 0, text, &symbol, e) || call_desk(c, e))
        return e->kind;
    if (symbol) {
        if (find_open_position(c->desk, symbol, &id, e))
            return e->kind;
        if (id)
            return show_position(c, id, false, e);
        err_set(e, ERR_USAGE, "no open position in %s", symbol);
        err_code(e, "E10");
        return err_fix(e, "quorum positions lists them, quorum trades %s those that are closed",
                       symbol);
    }
    enum err result = db_query(c->desk->db, &list_positions, NULL, &r, e);
    if (!result)
        result = positions_table(c, &r, e);
    rows_release(&r);
    return result;
}

/* One position is an object, the list is rows. */
static enum err check_positions(const struct call *c, struct error *e)
{
    if (c->nargs == 0 || c->out->format != OUTPUT_CSV)
        return OK;
    err_set(e, ERR_USAGE, "one position is one object, not rows: it has no --csv");
    return err_fix(e, "--json gives all of it; quorum positions --csv lists them");
}

static const struct statement list_trades = {
    "trades",
    "SELECT t.id, t.symbol, t.closed_at, trim_scale(t.pnl_dollars), t.pnl_pct, t.r_multiple,"
    "  t.exit_reason, t.opened_at, t.evaluation_id, COALESCE(m.market_regime, p.regime),"
    "  m.sentiment_score, t.quantity, trim_scale(t.entry_price), trim_scale(t.exit_price),"
    "  trim_scale(t.fees_usd), trim_scale(t.slippage_usd), trim_scale(t.model_cost_usd),"
    "  t.mfe_pct, t.mae_pct, t.position_id,"
    "  count(*) OVER (), count(*) FILTER (WHERE t.pnl_dollars > 0) OVER (),"
    "  trim_scale(sum(t.pnl_dollars) OVER ()), avg(t.r_multiple) OVER () "
    "FROM trade_outcomes t LEFT JOIN positions p ON p.id = t.position_id"
    "  LEFT JOIN trade_metadata m ON m.trade_outcome_id = t.id "
    "WHERE ($1::text IS NULL OR t.symbol = $1)"
    "  AND ($2::text IS NULL OR t.closed_at >= desk_now() - $2::interval)"
    "  AND ($3::text IS NULL OR t.exit_reason = $3)"
    "  AND ($4::text IS NULL OR COALESCE(m.market_regime, p.regime) = $4)"
    "  AND ($5::numeric IS NULL OR t.pnl_dollars >= $5::numeric) "
    "ORDER BY t.closed_at DESC, t.id DESC LIMIT $6::int"};
static const struct figure_column trade_list[] = {
    {"trade_id", "ID", FIGURE_COUNT, 0},
    {"symbol", "SYM", FIGURE_TEXT, 0},
    {"closed_at", "EXIT", FIGURE_WHEN, 0},
    {"pnl_usd", "P&L $", FIGURE_PROFIT, 0},
    {"pnl_pct", "P&L %", FIGURE_CHANGE, 0},
    {"r_multiple", "R", FIGURE_R, 0},
    {"exit_reason", "REASON", FIGURE_TEXT, 0},
    {"held_sessions", "HELD", FIGURE_COUNT, 0},
    {"evaluation_id", "EVAL", FIGURE_COUNT, 0},
    {"market_regime", "REGIME", FIGURE_TEXT, 92},
    {"sentiment", "SENT", FIGURE_R, 100},
    {"quantity", "QTY", FIGURE_COUNT, 120},
    {"entry_price", "ENTRY", FIGURE_MONEY, 120},
    {"exit_price", "PRICE", FIGURE_MONEY, 120},
    {"fees_usd", "FEES", FIGURE_MONEY, 140},
    {"slippage_usd", "SLIP", FIGURE_MONEY, 140},
    {"model_cost_usd", "MODEL", FIGURE_COST, 140},
    {"mfe_pct", "MFE", FIGURE_CHANGE, 160},
    {"mae_pct", "MAE", FIGURE_CHANGE, 160},
    {"position_id", "POSITION", FIGURE_COUNT, WIDTH_NEVER},
    {"opened_at", "ENTRY AT", FIGURE_WHEN, WIDTH_NEVER},
};
enum { TRADE_CLOSED = 2, TRADE_OPENED = 7, TRADE_HELD = 7, TRADE_ID_COLUMNS = 20 };

static void trades_table(struct call *c, const struct rows *r, const char *empty)
{
    struct figures f;
    figures_begin(&f, c->out, trade_list, ARRAY_LEN(trade_list));
    for (size_t i = 0; i < r->nrows; i++) {
        const char *cell[ARRAY_LEN(trade_list)];
        char held[16];
        int64_t from, to;
        for (size_t k = 0; k < TRADE_ID_COLUMNS; k++)
            cell[k] = rows_text(r, i, k);
        cell[TRADE_ID_COLUMNS] = cell[TRADE_OPENED];
        cell[TRADE_HELD] = NULL;
        if (time_parse(rows_text(r, i, TRADE_OPENED), &from) &&
            time_parse(rows_text(r, i, TRADE_CLOSED), &to)) {
            snprintf(held, sizeof held, "%d",
                     calendar_between(exchange_day(from), exchange_day(to)));
            cell[TRADE_HELD] = held;
        }
        figures_row(&f, cell, 0, NULL);
    }
    figures_end(&f, empty);
}

static void trades_total(struct output *o, const struct rows *r)
{
    char total[FIGURE_SIZE], mean[FIGURE_SIZE], left[40] = "";
    int64_t n = rows_int(r, 0, TRADE_ID_COLUMNS), won = rows_int(r, 0, TRADE_ID_COLUMNS + 1);
    if (n > (int64_t)r->nrows)
        snprintf(left, sizeof left, ", %lld not shown (--limit)",
                 (long long)(n - (int64_t)r->nrows));
    out_line(o, "%lld trade%s, %lld won, total %s, mean %s R%s", (long long)n, n == 1 ? "" : "s",
             (long long)won, figure_text(total, FIGURE_PROFIT, rows_text(r, 0, 22)),
             figure_text(mean, FIGURE_R, rows_text(r, 0, 23)), left);
}

struct trade_filter {
    char symbol_text[16], reason[24], regime[12], interval[32];
    const char *symbol, *since;
    int64_t min_pnl, limit;
};

/* A loss may be asked for, too: --min-pnl=-100. */
static enum err parse_min_pnl(const struct call *c, int64_t *out, struct error *e)
{
    const char *value = call_option(c, "min-pnl");
    char shown[40];
    if (!value || decimal_parse(*value == '+' ? value + 1 : value, MONEY_MICRO_DIGITS, out))
        return OK;
    sanitize_line(shown, sizeof shown, untrusted(value));
    err_set(e, ERR_USAGE, "--min-pnl=%s is not an amount", shown);
    err_code(e, "E06");
    return err_fix(e, "example: --min-pnl=50, --min-pnl=-100");
}

static enum err parse_filter(const struct call *c, struct trade_filter *f, struct error *e)
{
    const char *reason = call_option(c, "reason"), *regime = call_option(c, "regime");
    enum exit_reason r;
    enum regime g;
    *f = (struct trade_filter){.limit = 20};
    if (call_symbol(c, 0, f->symbol_text, &f->symbol, e) ||
        call_since(c, f->interval, &f->since, e) || call_int(c, "limit", 1, 100000, &f->limit, e) ||
        parse_min_pnl(c, &f->min_pnl, e))
        return e->kind;
    for (size_t i = 0; reason && i + 1 < sizeof f->reason && reason[i]; i++)
        f->reason[i] = reason[i] >= 'A' && reason[i] <= 'Z' ? (char)(reason[i] + 32) : reason[i];
    if (reason && !exit_reason_parse(f->reason, &r)) {
        err_set(e, ERR_USAGE,
                "--reason is stop_loss, take_profit, trailing_stop, time_exit, "
                "regime_change, manual or circuit_breaker");
        return err_code(e, "E06");
    }
    if (regime && !regime_parse(symbol_from_argument(regime, f->regime, sizeof f->regime), &g)) {
        err_set(e, ERR_USAGE, "--regime is BULL, BEAR, SIDEWAYS, HIGH_VOL or LOW_VOL");
        return err_code(e, "E06");
    }
    return OK;
}

static enum err check_trades(const struct call *c, struct error *e)
{
    struct trade_filter f;
    return parse_filter(c, &f, e);
}

static const struct statement any_trades = {"trades counted",
                                            "SELECT count(*) FROM trade_outcomes"};

static enum err no_trades(struct call *c, char dst[100], struct error *e)
{
    struct rows r = {0};
    if (db_query(c->desk->db, &any_trades, NULL, &r, e))
        return e->kind;
    long long n = rows_int(&r, 0, 0);
    if (n > 0)
        snprintf(dst, 100, "none of the %lld closed trades match%s", n, n == 1 ? "es" : "");
    else
        copy_text(dst, 100, "no closed trades yet; what is open: quorum positions");
    rows_release(&r);
    return OK;
}

static enum err run_trades(struct call *c, struct error *e)
{
    struct trade_filter f;
    struct params p = {0};
    struct rows r = {0};
    char empty[100] = "";
    if (parse_filter(c, &f, e) || call_desk(c, e))
        return e->kind;
    params_text(&p, f.symbol);
    params_text(&p, f.since);
    params_text(&p, *f.reason ? f.reason : NULL);
    params_text(&p, *f.regime ? f.regime : NULL);
    if (call_option(c, "min-pnl"))
        params_decimal(&p, f.min_pnl, MONEY_MICRO_DIGITS);
    else
        params_text(&p, NULL);
    params_int(&p, f.limit);
    if (db_query(c->desk->db, &list_trades, &p, &r, e))
        return e->kind;
    enum err result = r.nrows ? OK : no_trades(c, empty, e);
    if (!result) {
        trades_table(c, &r, empty);
        if (r.nrows)
            trades_total(c->out, &r);
    }
    rows_release(&r);
    return result;
}

static enum err check_trade(const struct call *c, struct error *e)
{
    int64_t id;
    return call_id(c->arg[0], "trade", &id, e);
}

static enum err run_trade(struct call *c, struct error *e)
{
    int64_t id;
    if (call_id(c->arg[0], "trade", &id, e) || call_desk(c, e))
        return e->kind;
    return show_trade(c, id, false, e);
}

static const struct option_row trades_options[] = {
    {"since", "DUR", "closed not longer ago than that: 90m, 15h, 7d"},
    {"reason", "R", "stop_loss, take_profit, time_exit ..."},
    {"regime", "R", "BULL, BEAR, SIDEWAYS, HIGH_VOL or LOW_VOL"},
    {"min-pnl", "X", "brought at least X dollars; may be negative"},
    {"limit", "N", "rows, newest first; default 20"},
    {NULL, NULL, NULL},
};

const struct command trading_commands[] = {
    {.name = "positions",
     .aliases = (const char *const[]){"pos", NULL},
     .group = "Looking",
     .usage = "[SYMBOL]",
     .help = "open positions; with a symbol all about that one",
     .max_args = 1,
     .check = check_positions,
     .run = run_positions},
    {.name = "trades",
     .aliases = (const char *const[]){"tr", NULL},
     .group = "Looking",
     .usage = "[SYMBOL]",
     .help = "closed trades, newest first",
     .details = "R is the result in multiples of what was risked at the first stop; HELD counts\n"
                "sessions. Times are exchange time.",
     .max_args = 1,
     .options = trades_options,
     .check = check_trades,
     .run = run_trades},
    {.name = "trade",
     .group = "Looking",
     .usage = "ID",
     .help = "one trade: votes, orders, fills, exit and costs",
     .min_args = 1,
     .max_args = 1,
     .no_csv = true,
     .check = check_trade,
     .run = run_trade},
    {.name = NULL},
};
