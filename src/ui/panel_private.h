/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the panel table, and how SQL writes a figure for a cell (operator.md 4.4). */
#ifndef UI_PANEL_PRIVATE_H
#define UI_PANEL_PRIVATE_H

#include "ui/panels.h"

/* Every query that writes a time of day begins with this: the zone (the exchange's, unless the
 * session was told another one), the desk's moment and its day there. */
#define PANEL_CLOCK                                                                                \
    "WITH z AS MATERIALIZED (SELECT t.tz, t.now, (t.now AT TIME ZONE t.tz)::date AS today FROM"    \
    " (SELECT COALESCE(NULLIF(current_setting('quorum.tz', true), ''), 'America/New_York') AS tz," \
    " desk_now() AS now) t)"

/* "14:31:58" today, else "11-20 14:31". */
#define SQL_WHEN(t)                                                                                \
    "CASE WHEN (" t " AT TIME ZONE z.tz)::date = z.today"                                          \
    " THEN to_char(" t " AT TIME ZONE z.tz, 'HH24:MI:SS')"                                         \
    " ELSE to_char(" t " AT TIME ZONE z.tz, 'MM-DD HH24:MI') END"
#define SQL_EPOCH(t) "extract(epoch FROM " t ")::bigint"
/* Two decimals, separators from 10,000 on. Rounded first, so that there is no -0.00. */
#define SQL_MONEY(x)                                                                               \
    "to_char(round((" x ")::numeric, 2), CASE WHEN abs(round((" x ")::numeric, 2)) >= 10000"       \
    " THEN 'FM999,999,999,990.00' ELSE 'FM9990.00' END)"
/* A price, with as many decimals as the console's option says. */
#define SQL_DIGITS "COALESCE(NULLIF(current_setting('quorum.price_places', true), ''), '2')::int"
#define SQL_PRICE(x)                                                                               \
    "to_char(round((" x ")::numeric, " SQL_DIGITS "), CASE WHEN abs(" x ") >= 10000"               \
    " THEN 'FM999,999,999,990' ELSE 'FM9990' END || rpad(CASE WHEN " SQL_DIGITS " > 0"             \
    " THEN '.' ELSE '' END, " SQL_DIGITS " + 1 - (" SQL_DIGITS " = 0)::int, '0'))"
#define SQL_SIGNED(x)                                                                              \
    "CASE WHEN round((" x ")::numeric, 2) > 0 THEN '+' ELSE '' END || " SQL_MONEY(x)
#define SQL_PERCENT(x) SQL_SIGNED(x) " || '%'"
#define SQL_COUNT(n)                                                                               \
    "to_char(" n ", CASE WHEN abs(" n ") >= 10000 THEN 'FM999,999,999,990' ELSE 'FM9990' END)"
#define SQL_COST(x)             "'$' || to_char(" x ", 'FM999990.000')"
#define SQL_SECONDS(ms)         "to_char(" ms " / 1000.0, 'FM999990.0') || 's'"
#define SQL_PARAMETER(x)        "to_char(" x ", 'FM999999990.009999')"
#define SQL_PARAMETER_OR_OFF(x) "COALESCE(" SQL_PARAMETER(x) ", 'off')"
#define SQL_NONE(x)             "COALESCE(" x ", '-')"
/* "9s", "44m", "3h12", "1d02", "120d" of a whole number of seconds. */
#define SQL_AGE(s) SQL_SPAN(s, "''")
/* The same with the unit behind: "2d18h". */
#define SQL_LEFT(s) SQL_SPAN(s, "'h'")
#define SQL_SPAN(s, hours)                                                                         \
    "CASE WHEN " s " < 60 THEN GREATEST(" s ", 0) || 's' WHEN " s " < 3600 THEN " s " / 60 || 'm'" \
    " WHEN " s " < 86400 THEN " s " / 3600 || 'h' || lpad((" s " / 60 % 60)::text, 2, '0')"        \
    " WHEN " s " < 8640000 THEN " s " / 86400 || 'd' || lpad((" s " / 3600 % 24)::text, 2, '0')"   \
    " || " hours " ELSE " s " / 86400 || 'd' END"
/* LOW, MED, HIGH */
#define SQL_LEVEL(x) "replace(" x ", 'MEDIUM', 'MED')"

/* The verdict of a proposal's evidence in few words, as its page says it in more: "alone, best of
 * 28", where only the change by itself was proven; "PROVEN of all 28". */
#define SQL_VERDICT(a)                                                                             \
    "replace(replace(replace(review_verdict(" a ".evidence, " a ".priority),"                      \
    " 'PROVEN alone; ', 'alone, '), 'PROVEN against all', 'PROVEN of all'), ' compared', '')"

/* Evaluations of the schedule still to come until the reset: sessions lie within one UTC day.
 * Before the day is planned it is taken to be like the last planned one. d has day (UTC) and now.
 */
#define SQL_PLANNED                                                                                \
    "(SELECT CASE WHEN EXISTS (SELECT FROM day_plan y WHERE y.day = d.day)"                        \
    "   THEN (SELECT count(*) FROM day_plan y WHERE y.day = d.day AND y.round_at > d.now)"         \
    "   WHEN exchange_session(d.day) AND d.now < exchange_midnight(d.day) + interval '10 hours'"   \
    "   THEN (SELECT count(y.round_at) FROM day_plan y WHERE y.day ="                              \
    "     (SELECT max(o.day) FROM day_plan o WHERE o.day < d.day)) ELSE 0 END)"

/* The market's regime: the benchmark's where it was evaluated in the last day with evaluations,
 * else the commonest among the symbols that were. A query with one row, or none. */
#define SQL_MARKET_REGIME                                                                          \
    "SELECT y.regime, round(avg(y.regime_confidence))::int AS conf, max(y.created_at) AS at,"      \
    "  max(y.id) AS id, count(*) AS agree, max(y.symbols) AS symbols, bool_or(y.bench) AS bench"   \
    " FROM (SELECT x.*, count(*) OVER () AS symbols, x.symbol = 'SPY' AS bench"                    \
    "  FROM (SELECT DISTINCT ON (e.symbol) e.* FROM (SELECT id, symbol, regime,"                   \
    "     regime_confidence, created_at FROM evaluations ORDER BY created_at DESC LIMIT 1000) e"   \
    "   WHERE e.regime IS NOT NULL"                                                                \
    "   AND e.created_at > (SELECT max(o.created_at) FROM evaluations o) - interval '1 day'"       \
    "   ORDER BY e.symbol, e.id DESC) x) y"                                                        \
    " GROUP BY y.regime ORDER BY bool_or(y.bench) DESC, count(*) DESC, max(y.id) DESC LIMIT 1"

extern const struct statement positions_query, pending_query, trades_query, agents_query;
extern const struct statement learning_query, alerts_query, watchlist_query, evaluations_query;
extern const struct statement activity_query;
/* What their drawings rest on: the columns stand in draw.h. */
extern const struct statement budget_query, regime_query, equity_query, calibration_query;

/* The right sides of title lines. */
void note_positions(const struct snapshot *s, char *out, size_t size);
void note_pending(const struct snapshot *s, char *out, size_t size);
void note_trades(const struct snapshot *s, char *out, size_t size);
void note_agents(const struct snapshot *s, char *out, size_t size);
void note_budget(const struct snapshot *s, char *out, size_t size);
void note_regime(const struct snapshot *s, char *out, size_t size);
void note_learning(const struct snapshot *s, char *out, size_t size);
void note_alerts(const struct snapshot *s, char *out, size_t size);
void note_equity(const struct snapshot *s, char *out, size_t size);
void note_watchlist(const struct snapshot *s, char *out, size_t size);
void note_log(const struct snapshot *s, char *out, size_t size);
void note_calibration(const struct snapshot *s, char *out, size_t size);

#endif
