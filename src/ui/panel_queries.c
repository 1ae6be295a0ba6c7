/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The queries of the lists, written as their cells are shown. Every one is bounded: by an index
 * and a LIMIT where its tables grow with the desk's life. */
#include "ui/panel_private.h"

/* SQL reads by its clauses. clang-format would not. */
/* clang-format off */

const struct statement positions_query = {
    "panel positions",
    PANEL_CLOCK " "
    "SELECT 'position ' || p.id AS object, p.symbol, 'B' AS side, "
    "CASE WHEN p.quantity > 0 THEN " SQL_COUNT("p.quantity") " ELSE '-' END AS quantity, "
    SQL_NONE(SQL_PRICE("p.entry_price")) " AS entry, "
    SQL_NONE(SQL_PRICE("p.last_price")
             " || CASE WHEN p.unpriced_since IS NULL THEN '' ELSE '?' END") " AS last, "
    SQL_NONE(SQL_SIGNED("x.pnl")) " AS pnl, "
    SQL_NONE(SQL_PERCENT("100 * (p.last_price / p.entry_price - 1)")) " AS pnl_pct, "
    SQL_NONE(SQL_PRICE("p.stop_price")) " AS stop, "
    SQL_NONE(SQL_PRICE("p.target_price")) " AS target, "
    SQL_AGE("x.age") " || CASE p.state WHEN 'CLOSING' THEN ' *' WHEN 'OPENING' THEN ' +' "
    "ELSE '' END AS age, x.age AS age_s, "
    SQL_NONE("COALESCE(p.regime, e.regime)") " AS regime, "
    SQL_NONE("'#' || p.evaluation_id") " AS evaluation, "
    SQL_NONE(SQL_SIGNED("(p.last_price - p.entry_price) /"
                        " NULLIF(p.entry_price - p.initial_stop, 0)")) " AS r, "
    SQL_NONE(SQL_PERCENT("100 * (p.high_price / p.entry_price - 1)")) " AS mfe, "
    SQL_NONE(SQL_PERCENT("100 * (p.low_price / p.entry_price - 1)")) " AS mae, "
    "COALESCE(x.pnl, 0) AS pnl_usd "
    "FROM z, positions p "
    "LEFT JOIN evaluations e ON e.id = p.evaluation_id "
    "CROSS JOIN LATERAL (SELECT " SQL_EPOCH("z.now - p.opened_at") " AS age, "
    "p.quantity * p.last_price - COALESCE(NULLIF(p.cost_usd, 0), "
    "p.quantity * p.entry_price) AS pnl) x "
    "WHERE p.closed_at IS NULL "
    "ORDER BY p.symbol "
    "LIMIT 500"};

const struct statement pending_query = {
    "panel pending",
    "SELECT 'adjustment ' || a.id AS object, '#' || a.id AS id, "
    "a.parameter_name, " SQL_PARAMETER("a.old_value") " AS old_value, "
    "'->' AS arrow, " SQL_PARAMETER("a.new_value") " AS new_value, "
    "round(a.confidence_score)::int || '%' AS confidence, "
    SQL_LEVEL("a.risk_level") " AS risk, " SQL_LEVEL("a.priority") " AS priority, "
    SQL_AGE("x.age") " AS age, x.age AS age_s, CASE WHEN x.left_s IS NULL THEN '-' WHEN "
    "x.left_s <= 0 THEN 'expired' ELSE " SQL_LEFT("x.left_s") " END AS expires, "
    "x.left_s, COALESCE(a.evidence->>'by', 'learning') AS by, "
    SQL_NONE("'#' || (a.evidence->>'cycle')") " AS cycle, "
    SQL_NONE("a.evidence->>'n'") " AS n, " SQL_NONE("a.evidence->>'effect'") " AS effect, "
    "a.status "
    "FROM strategy_adjustments a "
    "CROSS JOIN LATERAL ( SELECT " SQL_EPOCH("desk_now() - a.created_at") " AS age, "
    SQL_EPOCH("a.expires_at - desk_now()") " AS left_s) x "
    "WHERE a.status IN ('PENDING', 'DEFERRED') AND a.status IN ('PENDING', "
    "'DEFERRED', 'SHADOW', 'APPROVED') "
    "ORDER BY a.status = 'DEFERRED', a.id "
    "LIMIT 500"};

const struct statement trades_query = {
    "panel trades",
    PANEL_CLOCK " "
    "SELECT 'trade ' || t.id AS object, '#' || t.id AS id, "
    "t.symbol, " SQL_WHEN("t.closed_at") " AS exit_at, "
    SQL_EPOCH("t.closed_at") " AS exit_s, " SQL_SIGNED("t.pnl_dollars") " AS pnl, "
    SQL_PERCENT("t.pnl_pct") " AS pnl_pct, upper(t.exit_reason) AS reason, "
    SQL_NONE("COALESCE(m.market_regime, p.regime)") " AS regime, "
    SQL_NONE("CASE WHEN m.sentiment_score > 0 THEN '+' ELSE '' END"
             " || round(100 * m.sentiment_score)::int") " AS sentiment, "
    SQL_AGE("x.held") " AS held, x.held AS held_s, "
    SQL_NONE("'#' || t.evaluation_id") " AS evaluation, "
    SQL_NONE(SQL_SIGNED("t.r_multiple")) " AS r, "
    SQL_NONE("left(m.news_catalyst, 300)") " AS catalyst, t.pnl_dollars, "
    "(t.closed_at AT TIME ZONE 'America/New_York')::date = (z.now AT TIME ZONE "
    "'America/New_York')::date AS is_today "
    "FROM z, (SELECT * FROM trade_outcomes ORDER BY created_at DESC, id DESC LIMIT 200) t "
    "LEFT JOIN positions p ON p.id = t.position_id "
    "LEFT JOIN trade_metadata m ON m.trade_outcome_id = t.id "
    "CROSS JOIN LATERAL (SELECT " SQL_EPOCH("t.closed_at - t.opened_at") " AS held) x "
    "ORDER BY t.closed_at DESC, t.id DESC"};

/* A baseline stands for an agent that no model was asked for. Right is what the barriers said of a
 * BUY or SELL in 30 days; agreeing is to vote as was decided. */
const struct statement agents_query = {
    "panel agents",
    "WITH c AS (SELECT regexp_replace(i.agent_name, '_baseline$', '') AS agent, i.*, "
    "i.model IS NOT NULL AS asked FROM agent_interactions i WHERE i.created_at > desk_now() - "
    "interval '24 hours' AND i.status IN ('DONE', 'FAILED', 'PRESUMED')), "
    "a AS (SELECT agent, asked, count(*) AS n, sum(cost_usd) AS cost, "
    "percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms) AS p50, "
    "percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_ms) AS p95, "
    "count(*) FILTER (WHERE status = 'DONE') AS good, sum(tokens_used) AS tokens, "
    "sum(input_tokens + cache_read_tokens + cache_write_5m_tokens + "
    "cache_write_1h_tokens) AS tokens_in, sum(output_tokens) AS tokens_out, "
    "max(prompt_id) AS prompt, max(model) AS model, (array_agg(error ORDER BY id DESC) FILTER "
    "(WHERE status <> 'DONE'))[1] AS error FROM c GROUP BY agent, asked) "
    "SELECT 'agent ' || a.agent AS object, a.agent || CASE WHEN a.asked THEN '' ELSE "
    "' (rule)' END AS agent, " SQL_COUNT("a.n") " AS calls, "
    SQL_NONE(SQL_COST("a.cost")) " AS cost, " SQL_NONE(SQL_SECONDS("a.p50")) " AS p50, "
    SQL_NONE(SQL_SECONDS("a.p95")) " AS p95, round(100.0 * a.good / a.n)::text AS ok, "
    SQL_COUNT("round(a.tokens / a.n)") " AS tokens_each, "
    SQL_COUNT("a.tokens_in") " AS tokens_in, " SQL_COUNT("a.tokens_out") " AS tokens_out, "
    SQL_NONE("round(100 * w.won)::text") " AS win, "
    SQL_NONE("round(100 * g.agree)::text") " AS agree, "
    SQL_NONE("'v' || r.version") " AS prompt, " SQL_NONE("a.model") " AS model, "
    SQL_NONE("left(a.error, 200)") " AS error, a.n "
    "FROM a "
    "LEFT JOIN agent_prompts r ON r.id = a.prompt "
    "LEFT JOIN LATERAL (SELECT avg(CASE v.vote WHEN 'BUY' THEN s.y ELSE 1 - s.y END) AS won "
    "FROM vote_scores s JOIN votes v USING (evaluation_id, agent, "
    "source) WHERE s.agent = a.agent AND s.source = CASE WHEN a.asked THEN 'model' ELSE "
    "'baseline' END AND v.vote IN ('BUY', 'SELL') AND s.evaluation_id >= (SELECT "
    "max(evaluation_id) - 5000 FROM vote_scores)) w ON true "
    "LEFT JOIN LATERAL (SELECT avg((v.vote = e.decision)::int) AS agree FROM evaluations e "
    "JOIN votes v ON v.evaluation_id = e.id WHERE e.created_at > desk_now() - interval "
    "'24 hours' AND v.agent = a.agent AND v.counted AND v.role = 'voter' AND e.decision IN "
    "('BUY', 'SELL', 'HOLD')) g ON true "
    "WHERE a.asked OR NOT EXISTS (SELECT FROM a o WHERE o.agent = a.agent AND o.asked) "
    "ORDER BY a.cost DESC NULLS LAST, a.n DESC, a.agent "
    "LIMIT 100"};

/* Proposals of one session are one cycle. */
const struct statement learning_query = {
    "panel learning",
    PANEL_CLOCK ", a AS (SELECT * FROM strategy_adjustments WHERE created_at > desk_now() "
    "- interval '90 days' ORDER BY created_at DESC LIMIT 1000), "
    "c AS (SELECT (a.created_at AT TIME ZONE 'America/New_York')::date AS day, "
    "max(a.id) AS last, min(a.created_at) AS at, count(*) AS n, "
    "count(*) FILTER (WHERE a.status = 'AUTO_APPLIED') AS auto, "
    "count(*) FILTER (WHERE a.status IN ('PENDING', 'DEFERRED', "
    "'SHADOW')) AS review, count(*) FILTER (WHERE a.status IN ('REJECTED', "
    "'EXPIRED')) AS rejected, max(a.evidence->>'trades') AS trades, "
    "max(a.evidence->>'insights') AS insights FROM a GROUP BY 1) "
    "SELECT 'adjustment ' || c.last AS object, to_char(c.day, "
    "'MM-DD') AS cycle, " SQL_WHEN("c.at") " AS at, " SQL_EPOCH("c.at") " AS at_s, "
    SQL_NONE("c.trades") " AS trades, " SQL_NONE("c.insights") " AS insights, "
    "c.n AS proposed, c.auto, c.review, c.rejected, " SQL_NONE(SQL_COST("l.cost")) " AS cost "
    "FROM z, c "
    "LEFT JOIN LATERAL (SELECT sum(i.cost_usd) AS cost FROM agent_interactions i WHERE "
    "i.created_at >= exchange_midnight(c.day) AND i.created_at < exchange_midnight(c.day + 1) "
    "AND i.agent_name IN ('learning', 'strategy_builder')) l ON true "
    "ORDER BY c.day DESC "
    "LIMIT 100"};

/* What is open, then what ended within a day. */
const struct statement alerts_query = {
    "panel alerts",
    PANEL_CLOCK ", recent AS (SELECT * FROM alerts WHERE cleared_at IS NULL UNION SELECT * "
    "FROM (SELECT * FROM alerts ORDER BY raised_at DESC LIMIT 200) n WHERE n.cleared_at > "
    "desk_now() - interval '1 day') "
    "SELECT 'alert ' || a.id AS object, a.severity, " SQL_WHEN("a.raised_at") " AS at, "
    SQL_EPOCH("a.raised_at") " AS at_s, a.rule, left(a.text, 300) AS text, "
    "CASE WHEN a.cleared_at IS NOT NULL THEN 'cleared' WHEN a.acked_at IS NOT NULL THEN "
    "'acked' WHEN m.rule IS NOT NULL THEN 'muted' ELSE 'open' END AS state "
    "FROM z, recent a "
    "LEFT JOIN alert_mutes m ON m.rule = a.rule AND m.until > clock_timestamp() "
    "ORDER BY a.cleared_at IS NOT NULL, a.acked_at IS NOT NULL, m.rule IS NOT NULL, "
    "CASE WHEN a.cleared_at IS NULL THEN strpos('CWi', a.severity) END, "
    "a.raised_at DESC, a.id "
    "LIMIT 200"};

const struct statement watchlist_query = {
    "panel watchlist",
    "SELECT COALESCE('evaluation ' || e.id, 'symbol ' || w.symbol) AS object, "
    "w.symbol, " SQL_NONE(SQL_PRICE("COALESCE(p.last_price, e.price)")) " AS last, "
    SQL_NONE(SQL_PERCENT("100 * ((f.quote->>'price')::numeric /"
                         " NULLIF((f.quote->>'previous_close')::numeric, 0) - 1)")) " AS day_pct, "
    SQL_NONE("to_char((f.numbers->>'rsi')::numeric, 'FM990.0')") " AS rsi, "
    SQL_NONE("to_char((f.numbers->>'volume_ratio')::numeric, 'FM990.0')") " AS volume, "
    SQL_NONE("e.regime") " AS regime, "
    SQL_NONE("'#' || e.id || ' ' || CASE WHEN e.state IN ('DECIDED', 'NO_QUORUM')"
             " THEN concat_ws(' ', NULLIF(e.decision, 'NONE'), e.agreement)"
             " ELSE e.state END") " AS last_evaluation, "
    "left(CASE WHEN p.state = 'OPENING' THEN 'entry ordered' WHEN p.id IS NOT NULL THEN "
    "'in position' WHEN e.id IS NULL THEN COALESCE(NULLIF(y.reason, ''), "
    "'not evaluated yet') WHEN e.finished_at IS NULL THEN 'being evaluated' WHEN e.state <> "
    "'DECIDED' THEN COALESCE(NULLIF(e.state_reason, ''), 'no consensus') WHEN e.decision = "
    "'NONE' THEN 'no consensus' WHEN e.decision <> 'BUY' THEN 'agents say ' || e.decision "
    "WHEN COALESCE(e.shares, 0) = 0 THEN COALESCE(e.size_reason, "
    "'sized to nothing') WHEN e.order_result = 'ordered' THEN 'was bought, sold since' ELSE "
    "COALESCE(e.order_result, 'a BUY asked for by hand') END, 200) AS why_not "
    "FROM (SELECT value FROM desk_setting WHERE name = 'QUORUM_WATCHLIST' ORDER BY id DESC "
    "LIMIT 1) l "
    "CROSS JOIN LATERAL regexp_split_to_table(l.value, '[ ,]+') WITH ORDINALITY AS w (symbol, "
    "place) "
    "LEFT JOIN positions p ON p.symbol = w.symbol AND p.closed_at IS NULL "
    "LEFT JOIN LATERAL (SELECT * FROM evaluations v WHERE v.symbol = w.symbol ORDER BY v.id "
    "DESC LIMIT 1) e ON true "
    "LEFT JOIN LATERAL (SELECT c.j->'quote' AS quote, c.j->'indicators' AS numbers FROM "
    "dossiers d, LATERAL (SELECT d.content::jsonb AS j OFFSET 0) c WHERE d.evaluation_id = "
    "e.id AND d.created_at >= e.created_at - interval '1 day' LIMIT 1) f ON true "
    "LEFT JOIN day_plan y ON y.symbol = w.symbol AND y.day = (desk_now() AT TIME ZONE "
    "'America/New_York')::date "
    "WHERE w.symbol <> '' "
    "ORDER BY w.place "
    "LIMIT 500"};

const struct statement evaluations_query = {
    "panel evaluations",
    PANEL_CLOCK " "
    "SELECT 'evaluation ' || e.id AS object, '#' || e.id AS id, "
    SQL_WHEN("e.created_at") " AS at, " SQL_EPOCH("e.created_at") " AS at_s, "
    "e.symbol, CASE WHEN e.requested_by = 'schedule' THEN 'schedule' ELSE e.requested_by "
    "END AS trigger, CASE WHEN e.state = 'DECIDED' THEN e.decision WHEN e.state = 'NO_QUORUM' "
    "THEN 'NONE' ELSE e.state END AS decision, " SQL_NONE("e.agreement") " AS votes, "
    SQL_NONE("round(c.mean)::int || '%'") " AS confidence, "
    SQL_COST("e.cost_usd") " AS cost, "
    SQL_NONE(SQL_SECONDS("e.latency_ms")) " AS latency, "
    "COALESCE(o.outcome || ' ' || " SQL_PERCENT("o.return_pct") ", "
    "CASE o.state WHEN 'OPEN' THEN 'open' ELSE '-' END) AS outcome "
    "FROM z, (SELECT * FROM evaluations ORDER BY id DESC LIMIT 200) e "
    "LEFT JOIN LATERAL (SELECT avg(v.confidence) AS mean FROM votes v WHERE v.evaluation_id = "
    "e.id AND v.counted AND v.role = 'voter' AND (v.vote = e.decision OR e.decision IS NULL "
    "OR e.decision = 'NONE')) c ON true "
    "LEFT JOIN shadow_outcomes o ON o.evaluation_id = e.id "
    "ORDER BY e.id DESC"};
