/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/command/show_trade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/command/show.h"
#include "quorum/calendar.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#define PERCENT_OF_ENTRY(price)                                                                    \
    "round(100 * (" price " / COALESCE(t.entry_price, p.entry_price) - 1), 4)"

/* In the order of trade_columns. What is known of an open position stands where a closed one has
 * its result: price now, profit now. */
#define SELECT_TRADE                                                                               \
    "SELECT t.id, p.id, COALESCE(t.symbol, p.symbol),"                                             \
    "  CASE WHEN t.id IS NULL THEN p.state ELSE 'CLOSED' END,"                                     \
    "  COALESCE(t.quantity, p.quantity), trim_scale(COALESCE(t.entry_price, p.entry_price)),"      \
    "  trim_scale(t.exit_price), trim_scale(p.last_price), p.last_price_at,"                       \
    "  trim_scale(COALESCE(t.pnl_dollars, p.quantity * p.last_price -"                             \
    "    COALESCE(NULLIF(p.cost_usd, 0), p.quantity * p.entry_price))),"                           \
    "  COALESCE(t.pnl_pct, " PERCENT_OF_ENTRY(                                                     \
        "p.last_price") "),"                                                                       \
                        "  COALESCE(t.r_multiple, (p.last_price - p.entry_price) /"                \
                        "    NULLIF(p.entry_price - p.initial_stop, 0)),"                          \
                        "  COALESCE(t.mfe_pct, " PERCENT_OF_ENTRY(                                 \
                            "p.high_price") "),"                                                   \
                                            "  COALESCE(t.mae_pct, " PERCENT_OF_ENTRY(             \
                                                "p.low_price") "),"                                \
                                                               "  COALESCE(t.exit_reason, "        \
                                                               "p.exit_reason), "                  \
                                                               "COALESCE(t.opened_at, "            \
                                                               "p.opened_at), t.closed_at,"        \
                                                               "  trim_scale(p.initial_stop), "    \
                                                               "trim_scale(p.stop_price), "        \
                                                               "trim_scale(p.target_price),"       \
                                                               "  p.time_exit, p.trail_atr,"       \
                                                               "  "                                \
                                                               "trim_scale(COALESCE(t.quantity, "  \
                                                               "p.quantity) *"                     \
                                                               "    (COALESCE(t.entry_price, "     \
                                                               "p.entry_price) - "                 \
                                                               "p.initial_stop)),"                 \
                                                               "  "                                \
                                                               "trim_scale(COALESCE(t.fees_usd, "  \
                                                               "f.fees)), "                        \
                                                               "trim_scale(COALESCE(t.slippage_"   \
                                                               "usd, f.slip)),"                    \
                                                               "  "                                \
                                                               "trim_scale(COALESCE(t.model_cost_" \
                                                               "usd, e.cost_usd)),"                \
                                                               "  COALESCE(p.regime, e.regime), "  \
                                                               "m.market_regime, "                 \
                                                               "m.sentiment_score, "               \
                                                               "m.news_catalyst,"                  \
                                                               "  COALESCE(t.evaluation_id, "      \
                                                               "p.evaluation_id), e.decision, "    \
                                                               "e.agreement,"                      \
                                                               "  (SELECT string_agg(v.name || ' " \
                                                               "' || trim_scale(v.value), '  ' "   \
                                                               "ORDER BY v.name)"                  \
                                                               "   FROM "                          \
                                                               "jsonb_each_text(p.parameters) AS " \
                                                               "k"                                 \
                                                               "   JOIN parameter_versions v ON "  \
                                                               "v.id = CASE WHEN k.value ~ "       \
                                                               "'^[0-9]{1,18}$'"                   \
                                                               "                                 " \
                                                               "      THEN k.value::bigint END),"  \
                                                               "  p.unpriced_since, "              \
                                                               "p.unpriced_reason, desk_now() "

/* Costs of an open position are those of its fills so far. */
#define JOIN_TRADE                                                                                 \
    "LEFT JOIN trade_metadata m ON m.trade_outcome_id = t.id "                                     \
    "LEFT JOIN evaluations e ON e.id = COALESCE(t.evaluation_id, p.evaluation_id) "                \
    "LEFT JOIN LATERAL (SELECT sum(f.fees_usd) AS fees, sum(f.slippage_usd) AS slip"               \
    "  FROM fills f JOIN orders o ON o.id = f.order_id WHERE o.position_id = p.id) f ON true "

static const struct statement trade_by_id = {
    "trade",
    SELECT_TRADE "FROM trade_outcomes t LEFT JOIN positions p ON p.id = t.position_id " JOIN_TRADE
                 "WHERE t.id = $1::bigint"};
static const struct statement trade_by_position = {
    "trade of a position",
    SELECT_TRADE "FROM positions p LEFT JOIN trade_outcomes t ON t.position_id = p.id " JOIN_TRADE
                 "WHERE p.id = $1::bigint"};

static const struct figure_column trade_columns[] = {
    {"trade_id", "", FIGURE_COUNT, 0},       {"position_id", "", FIGURE_COUNT, 0},
    {"symbol", "", FIGURE_TEXT, 0},          {"state", "", FIGURE_TEXT, 0},
    {"quantity", "", FIGURE_COUNT, 0},       {"entry_price", "", FIGURE_MONEY, 0},
    {"exit_price", "", FIGURE_MONEY, 0},     {"last_price", "", FIGURE_MONEY, 0},
    {"last_price_at", "", FIGURE_WHEN, 0},   {"pnl_usd", "", FIGURE_PROFIT, 0},
    {"pnl_pct", "", FIGURE_CHANGE, 0},       {"r_multiple", "", FIGURE_R, 0},
    {"mfe_pct", "", FIGURE_CHANGE, 0},       {"mae_pct", "", FIGURE_CHANGE, 0},
    {"exit_reason", "", FIGURE_TEXT, 0},     {"opened_at", "", FIGURE_WHEN, 0},
    {"closed_at", "", FIGURE_WHEN, 0},       {"initial_stop", "", FIGURE_MONEY, 0},
    {"stop_price", "", FIGURE_MONEY, 0},     {"target_price", "", FIGURE_MONEY, 0},
    {"time_exit", "", FIGURE_COUNT, 0},      {"trail_atr", "", FIGURE_NUMBER, 0},
    {"risk_usd", "", FIGURE_MONEY, 0},       {"fees_usd", "", FIGURE_MONEY, 0},
    {"slippage_usd", "", FIGURE_MONEY, 0},   {"model_cost_usd", "", FIGURE_COST, 0},
    {"regime_at_entry", "", FIGURE_TEXT, 0}, {"market_regime", "", FIGURE_TEXT, 0},
    {"sentiment", "", FIGURE_R, 0},          {"catalyst", "", FIGURE_TEXT, 0},
    {"evaluation_id", "", FIGURE_COUNT, 0},  {"decision", "", FIGURE_TEXT, 0},
    {"agreement", "", FIGURE_TEXT, 0},       {"parameters", "", FIGURE_TEXT, 0},
    {"unpriced_since", "", FIGURE_WHEN, 0},  {"unpriced_reason", "", FIGURE_TEXT, 0},
};
enum { NOW_COLUMN = ARRAY_LEN(trade_columns) };

static const struct statement trade_orders = {
    "trade orders",
    "SELECT created_at, id, purpose, side, kind, quantity, filled,"
    "  trim_scale(COALESCE(stop_price, limit_price)), state,"
    "  concat_ws(': ', exit_reason, NULLIF(state_reason, '')), NULLIF(requested_by, ''), closed_at "
    "FROM orders WHERE position_id = $1::bigint ORDER BY created_at, purpose, id"};
static const struct figure_column order_columns[] = {
    {"created_at", "ORDERED", FIGURE_WHEN, 0}, {"order_id", "ORDER", FIGURE_TEXT, WIDTH_NEVER},
    {"purpose", "FOR", FIGURE_TEXT, 0},        {"side", "SIDE", FIGURE_TEXT, 0},
    {"kind", "KIND", FIGURE_TEXT, 0},          {"quantity", "QTY", FIGURE_COUNT, 0},
    {"filled", "FILLED", FIGURE_COUNT, 0},     {"price", "AT", FIGURE_MONEY, 0},
    {"state", "STATE", FIGURE_TEXT, 0},        {"reason", "WHY", FIGURE_TEXT, 0},
    {"requested_by", "BY", FIGURE_TEXT, 112},  {"closed_at", "ENDED", FIGURE_WHEN, 112},
};

static const struct statement trade_fills = {
    "trade fills",
    "SELECT f.filled_at, o.side, f.quantity, trim_scale(f.price), trim_scale(f.fees_usd),"
    "  trim_scale(f.slippage_usd), NULLIF(f.reason, '') "
    "FROM fills f JOIN orders o ON o.id = f.order_id WHERE o.position_id = $1::bigint "
    "ORDER BY f.filled_at, f.id"};
static const struct figure_column fill_columns[] = {
    {"filled_at", "FILLED", FIGURE_WHEN, 0}, {"side", "SIDE", FIGURE_TEXT, 0},
    {"quantity", "QTY", FIGURE_COUNT, 0},    {"price", "PRICE", FIGURE_MONEY, 0},
    {"fees_usd", "FEES $", FIGURE_MONEY, 0}, {"slippage_usd", "SLIPPAGE $", FIGURE_MONEY, 0},
    {"reason", "HOW", FIGURE_TEXT, 0},
};

static const struct statement trade_votes = {
    "trade votes", "SELECT agent, source, role, vote, round(confidence::numeric, 1), reason "
                   "FROM votes WHERE evaluation_id = $1::bigint AND counted "
                   "ORDER BY role = 'voter' DESC, agent"};
static const struct figure_column vote_columns[] = {
    {"agent", "", FIGURE_TEXT, 0},      {"source", "", FIGURE_TEXT, 0},
    {"role", "", FIGURE_TEXT, 0},       {"vote", "", FIGURE_TEXT, 0},
    {"confidence", "", FIGURE_RATE, 0}, {"reason", "", FIGURE_TEXT, 0},
};

static const struct statement similar_trades = {
    "trades alike",
    "SELECT count(*), count(*) FILTER (WHERE pnl_dollars > 0), avg(pnl_pct) FROM ("
    "  SELECT pnl_dollars, pnl_pct FROM trade_outcomes WHERE symbol = $1 AND id <> $2::bigint"
    "  ORDER BY closed_at DESC, id DESC LIMIT 10) s"};

static const struct statement newest_trades = {
    "newest trades", "SELECT string_agg(id::text, ' ' ORDER BY id DESC) FROM ("
                     "SELECT id FROM trade_outcomes ORDER BY id DESC LIMIT 5) n"};

struct trade_view {
    struct rows trade, orders, fills, votes;
    int64_t position, evaluation;
};

static void view_release(struct trade_view *v)
{
    rows_release(&v->trade);
    rows_release(&v->orders);
    rows_release(&v->fills);
    rows_release(&v->votes);
}

static const char *stored(const struct trade_view *v, const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(trade_columns); i++)
        if (strcmp(trade_columns[i].key, key) == 0)
            return rows_text(&v->trade, 0, i);
    abort(); /* a key this file does not have */
}

/* The figure of a column as people read it, in the arena of the result. */
static const char *shown(struct trade_view *v, const char *key)
{
    char text[FIGURE_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(trade_columns); i++)
        if (strcmp(trade_columns[i].key, key) == 0)
            return arena_text(&v->trade.arena, figure_text(text, trade_columns[i].figure,
                                                           rows_text(&v->trade, 0, i)));
    abort();
}

/* Text that models, feeds or operators wrote, for a terminal. */
static const char *clean(struct trade_view *v, const char *key)
{
    struct buf b = {0};
    const char *text = stored(v, key);
    if (!text)
        return NULL;
    sanitize(&b, untrusted(text), TEXT_LINE, 0);
    char *copy = arena_text(&v->trade.arena, buf_text(&b));
    buf_release(&b);
    return copy;
}

static enum err query_id(struct desk *d, const struct statement *st, int64_t id, struct rows *out,
                         struct error *e)
{
    struct params p = {0};
    params_int(&p, id);
    return db_query(d->db, st, &p, out, e);
}

static enum err load_view(struct desk *d, const struct statement *st, int64_t id,
                          struct trade_view *v, struct error *e)
{
    if (query_id(d, st, id, &v->trade, e))
        return e->kind;
    if (v->trade.nrows == 0)
        return OK;
    v->position = rows_int(&v->trade, 0, 1);
    const char *evaluation = stored(v, "evaluation_id");
    if (evaluation)
        text_to_int64(evaluation, &v->evaluation);
    return query_id(d, &trade_orders, v->position, &v->orders, e) ||
                   query_id(d, &trade_fills, v->position, &v->fills, e) ||
                   query_id(d, &trade_votes, v->evaluation, &v->votes, e)
               ? e->kind
               : OK;
}

static int64_t time_of(const struct trade_view *v, const char *key)
{
    int64_t t = TIME_NONE;
    const char *text = stored(v, key);
    if (text && !time_parse(text, &t))
        t = TIME_NONE;
    return t;
}

/* "25 @ 200.26 = 5,006.50" */
static void side_line(struct output *o, struct trade_view *v, const char *name, int64_t at,
                      const char *price, const char *note)
{
    char when[33], total[FIGURE_SIZE], each[FIGURE_SIZE];
    int64_t quantity = 0;
    if (!price)
        return;
    text_to_int64(stored(v, "quantity"), &quantity);
    out_line(o, " %-9s %s   %lld @ %s = %s%s%s", name, when_print(when, at, WHEN_SECOND),
             (long long)quantity, money_text(each, micro_of(price), false),
             money_text(total, micro_of(price) * quantity, false), *note ? "   " : "", note);
}

static void distance(char dst[FIGURE_SIZE], const char *price, const char *entry)
{
    double p, q;
    char stored_pct[40];
    copy_text(dst, FIGURE_SIZE, "");
    if (!price || !entry || !text_to_double(price, &p) || !text_to_double(entry, &q) || q <= 0)
        return;
    snprintf(stored_pct, sizeof stored_pct, "%.6f", 100 * (p / q - 1));
    char pct[FIGURE_SIZE];
    snprintf(dst, FIGURE_SIZE, " (%.40s)", figure_text(pct, FIGURE_CHANGE, stored_pct));
}

static void title_line(struct output *o, struct trade_view *v)
{
    char name[40];
    const char *id = stored(v, "trade_id"), *reason = stored(v, "exit_reason");
    snprintf(name, sizeof name, id ? "Trade #%s" : "Position", id);
    out_line(o, "%s  %s LONG  %s%s%s   %s  %s  %s R", name, stored(v, "symbol"), stored(v, "state"),
             reason ? " " : "", reason ? reason : "", shown(v, "pnl_usd"), shown(v, "pnl_pct"),
             shown(v, "r_multiple"));
}

static void held_line(struct output *o, struct trade_view *v)
{
    char age[16];
    int64_t from = time_of(v, "opened_at"), to = time_of(v, "closed_at");
    if (to == TIME_NONE && !time_parse(rows_text(&v->trade, 0, NOW_COLUMN), &to))
        return;
    int held = calendar_between(exchange_day(from), exchange_day(to));
    out_line(o, " %-9s %d session%s, %s   best %s   worst %s", "HELD", held, held == 1 ? "" : "s",
             duration_print(age, to - from), shown(v, "mfe_pct"), shown(v, "mae_pct"));
}

static void risk_lines(struct output *o, struct trade_view *v)
{
    char stop[FIGURE_SIZE], target[FIGURE_SIZE], first[FIGURE_SIZE];
    const char *entry = stored(v, "entry_price"), *time_exit = stored(v, "time_exit");
    distance(stop, stored(v, "stop_price"), entry);
    distance(first, stored(v, "initial_stop"), entry);
    distance(target, stored(v, "target_price"), entry);
    if (stored(v, "initial_stop"))
        out_line(o, " %-9s stop %s%s   target %s%s   risk %s", "SIZED", shown(v, "initial_stop"),
                 first, shown(v, "target_price"), target, shown(v, "risk_usd"));
    if (stored(v, "initial_stop") && stored(v, "stop_price") &&
        micro_of(stored(v, "initial_stop")) != micro_of(stored(v, "stop_price")))
        out_line(o, " %-9s stop %s %s%s, trailing", "",
                 stored(v, "closed_at") ? "in the end" : "now", shown(v, "stop_price"), stop);
    if (time_exit && !stored(v, "closed_at"))
        out_line(o, " %-9s closed after %s sessions at the latest", "", time_exit);
}

static void cost_line(struct output *o, struct trade_view *v)
{
    char sum[FIGURE_SIZE];
    int64_t total = micro_of(stored(v, "fees_usd")) + micro_of(stored(v, "slippage_usd")) +
                    micro_of(stored(v, "model_cost_usd"));
    out_line(o, " %-9s fees %s   slippage %s   model %s   together %s", "COSTS",
             shown(v, "fees_usd"), shown(v, "slippage_usd"), shown(v, "model_cost_usd"),
             money_text(sum, total, false));
}

static void context_lines(struct output *o, struct trade_view *v)
{
    const char *at_entry = stored(v, "regime_at_entry"), *later = stored(v, "market_regime");
    bool changed = at_entry && later && strcmp(at_entry, later) != 0;
    if (at_entry || later)
        out_line(o, " %-9s %s%s%s   sentiment %s", "REGIME", at_entry ? at_entry : later,
                 changed ? ", at exit " : "", changed ? later : "", shown(v, "sentiment"));
    if (stored(v, "catalyst"))
        out_line(o, " %-9s \"%s\"", "CATALYST", clean(v, "catalyst"));
    if (stored(v, "parameters"))
        out_line(o, " %-9s %s", "PARAMS", clean(v, "parameters"));
    if (stored(v, "unpriced_since"))
        out_line(o, " %-9s since %s: %s", "UNPRICED", shown(v, "unpriced_since"),
                 clean(v, "unpriced_reason"));
}

static void vote_lines(struct output *o, const struct trade_view *v)
{
    for (size_t i = 0; i < v->votes.nrows; i++) {
        char confidence[FIGURE_SIZE];
        const char *text = rows_text(&v->votes, i, 3), *source = rows_text(&v->votes, i, 1);
        if (strcmp(rows_text(&v->votes, i, 2), "voter") != 0)
            continue;
        out_line(o, " %-9s %-18s %-7s %4s%s", i == 0 ? "VOTES" : "", rows_text(&v->votes, i, 0),
                 text, figure_text(confidence, FIGURE_RATE, rows_text(&v->votes, i, 4)),
                 strcmp(source, "baseline") == 0 ? "  baseline" : "");
    }
}

static enum err similar_line(struct call *c, struct trade_view *v, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    char pct[FIGURE_SIZE];
    params_text(&p, stored(v, "symbol"));
    params_text(&p, stored(v, "trade_id") ? stored(v, "trade_id") : "0");
    if (db_query(c->desk->db, &similar_trades, &p, &r, e))
        return e->kind;
    int64_t n = rows_int(&r, 0, 0);
    if (n > 0)
        out_line(c->out, " %-9s last %lld other %s: %lld won, mean %s", "SIMILAR", (long long)n,
                 stored(v, "symbol"), (long long)rows_int(&r, 0, 1),
                 figure_text(pct, FIGURE_CHANGE, rows_text(&r, 0, 2)));
    rows_release(&r);
    return OK;
}

static void figures_of(struct output *o, const struct figure_column *column, size_t n,
                       const struct rows *r, const char *empty)
{
    struct figures f;
    figures_begin(&f, o, column, n);
    figures_rows(&f, r);
    figures_end(&f, empty);
}

static enum err trade_text(struct call *c, struct trade_view *v, struct error *e)
{
    struct output *o = c->out;
    char note[80] = "";
    bool closed = stored(v, "closed_at") != NULL;
    title_line(o, v);
    if (v->evaluation)
        snprintf(note, sizeof note, "evaluation #%lld  %s %s", (long long)v->evaluation,
                 stored(v, "decision") ? stored(v, "decision") : "",
                 stored(v, "agreement") ? stored(v, "agreement") : "");
    side_line(o, v, "ENTRY", time_of(v, "opened_at"), stored(v, "entry_price"), note);
    side_line(o, v, closed ? "EXIT" : "NOW", time_of(v, closed ? "closed_at" : "last_price_at"),
              stored(v, closed ? "exit_price" : "last_price"),
              closed ? stored(v, "exit_reason") : "");
    held_line(o, v);
    risk_lines(o, v);
    cost_line(o, v);
    context_lines(o, v);
    vote_lines(o, v);
    if (similar_line(c, v, e))
        return e->kind;
    out_line(o, "%s", "");
    figures_of(o, order_columns, ARRAY_LEN(order_columns), &v->orders, "no orders are stored");
    if (v->fills.nrows) {
        out_line(o, "%s", "");
        figures_of(o, fill_columns, ARRAY_LEN(fill_columns), &v->fills, "");
    }
    if (stored(v, "trade_id"))
        out_line(o, "\nwhy: quorum why trade %s", stored(v, "trade_id"));
    else
        out_line(o, "\nwhy: quorum why %s", stored(v, "symbol"));
    return OK;
}

static void trade_json(struct call *c, const struct trade_view *v)
{
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    figures_json_row(&j, trade_columns, ARRAY_LEN(trade_columns), &v->trade, 0);
    figures_json(&j, "votes", vote_columns, ARRAY_LEN(vote_columns), &v->votes);
    figures_json(&j, "orders", order_columns, ARRAY_LEN(order_columns), &v->orders);
    figures_json(&j, "fills", fill_columns, ARRAY_LEN(fill_columns), &v->fills);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

/* What each way out of a position means, for the chain of causes. */
static const char *exit_meaning(const char *reason)
{
    static const struct {
        const char *reason, *text;
    } meanings[] = {
        {"manual", "a person closed it"},
        {"circuit_breaker", "the account's drawdown breaker closed everything"},
        {"stop_loss", "the price reached the stop"},
        {"trailing_stop", "the price fell back to the trailing stop"},
        {"take_profit", "the price reached the target"},
        {"regime_change", "the market's regime turned to BEAR"},
        {"time_exit", "it was held as long as is allowed"},
    };
    for (size_t i = 0; reason && i < ARRAY_LEN(meanings); i++)
        if (strcmp(meanings[i].reason, reason) == 0)
            return meanings[i].text;
    return "";
}

/* From the end backwards: exit, stop and target, size, votes, regime. */
static enum err why_text(struct call *c, struct trade_view *v, struct error *e)
{
    struct output *o = c->out;
    struct stored_evaluation s = {0};
    char when[33], stop[FIGURE_SIZE], target[FIGURE_SIZE];
    const char *reason = stored(v, "exit_reason"), *entry = stored(v, "entry_price");
    title_line(o, v);
    if (stored(v, "closed_at"))
        out_line(o, " <- exit %s: %s, %s at %s", reason, exit_meaning(reason),
                 shown(v, "exit_price"), when_print(when, time_of(v, "closed_at"), WHEN_MINUTE));
    else if (reason)
        out_line(o, " <- exit under way, %s: %s", reason, exit_meaning(reason));
    else
        out_line(o, " <- open: neither stop, target, regime nor time has closed it");
    distance(stop, stored(v, "initial_stop"), entry);
    distance(target, stored(v, "target_price"), entry);
    if (stored(v, "initial_stop"))
        out_line(o, " <- stop %s%s, target %s%s, set at the entry at %s", shown(v, "initial_stop"),
                 stop, shown(v, "target_price"), target, shown(v, "entry_price"));
    if (stored(v, "parameters"))
        out_line(o, " <- parameters %s", clean(v, "parameters"));
    if (!v->evaluation) {
        out_line(o, " <- no evaluation is recorded for it");
        return OK;
    }
    enum err result = evaluation_load(c->desk, v->evaluation, true, &s, e);
    if (!result) {
        out_line(o, " <- evaluation #%lld:", (long long)v->evaluation);
        show_evaluation_why(c, &s);
    }
    stored_evaluation_release(&s);
    return result;
}

static enum err show(struct call *c, struct trade_view *v, bool why, struct error *e)
{
    if (c->out->format != OUTPUT_TEXT) {
        trade_json(c, v);
        return OK;
    }
    return why ? why_text(c, v, e) : trade_text(c, v, e);
}

static enum err no_such_trade(struct call *c, int64_t id, struct error *e)
{
    struct rows r = {0};
    if (db_query(c->desk->db, &newest_trades, NULL, &r, e))
        return e->kind;
    const char *newest = rows_text(&r, 0, 0);
    err_set(e, ERR_USAGE, "no trade #%lld", (long long)id);
    err_code(e, "E10");
    if (newest)
        err_fix(e, "newest: %s; all: quorum trades --limit=10000", newest);
    else
        err_fix(e, "there is no closed trade yet; quorum positions shows what is open");
    rows_release(&r);
    return ERR_USAGE;
}

enum err show_trade(struct call *c, int64_t trade_id, bool why, struct error *e)
{
    struct trade_view v = {0};
    enum err result = load_view(c->desk, &trade_by_id, trade_id, &v, e);
    if (!result && v.trade.nrows == 0)
        result = no_such_trade(c, trade_id, e);
    else if (!result)
        result = show(c, &v, why, e);
    view_release(&v);
    return result;
}

enum err show_position(struct call *c, int64_t position_id, bool why, struct error *e)
{
    struct trade_view v = {0};
    enum err result = load_view(c->desk, &trade_by_position, position_id, &v, e);
    if (!result && v.trade.nrows == 0)
        result = err_set(e, ERR_USAGE, "no position #%lld", (long long)position_id);
    else if (!result)
        result = show(c, &v, why, e);
    view_release(&v);
    return result;
}

static const struct statement open_position = {
    "open position", "SELECT id FROM positions WHERE symbol = $1 AND closed_at IS NULL "
                     "ORDER BY id DESC LIMIT 1"};
static const struct statement last_of_symbol = {
    "last of a symbol",
    "SELECT (SELECT id FROM trade_outcomes WHERE symbol = $1"
    "          ORDER BY created_at DESC, id DESC LIMIT 1),"
    "       (SELECT id FROM evaluations WHERE symbol = $1 ORDER BY id DESC LIMIT 1)"};

enum err find_open_position(struct desk *d, const char *symbol, int64_t *id, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_text(&p, symbol);
    if (db_query(d->db, &open_position, &p, &r, e))
        return e->kind;
    *id = r.nrows ? rows_int(&r, 0, 0) : 0;
    rows_release(&r);
    return OK;
}

static enum err why_evaluation(struct call *c, int64_t id, struct error *e)
{
    struct stored_evaluation s = {0};
    enum err result = evaluation_load(c->desk, id, true, &s, e);
    if (!result)
        show_evaluation_why(c, &s);
    stored_evaluation_release(&s);
    return result;
}

enum err show_why_symbol(struct call *c, const char *symbol, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    int64_t position = 0;
    if (find_open_position(c->desk, symbol, &position, e))
        return e->kind;
    if (position)
        return show_position(c, position, true, e);
    params_text(&p, symbol);
    if (db_query(c->desk->db, &last_of_symbol, &p, &r, e))
        return e->kind;
    int64_t trade = rows_int(&r, 0, 0), evaluation = rows_int(&r, 0, 1);
    rows_release(&r);
    if (trade)
        return show_trade(c, trade, true, e);
    if (evaluation)
        return why_evaluation(c, evaluation, e);
    err_set(e, ERR_USAGE, "nothing is known of %s: no position, trade or evaluation", symbol);
    err_code(e, "E10");
    return err_fix(e, "quorum evaluate %s", symbol);
}
