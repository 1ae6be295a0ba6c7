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

/* What waits for somebody: pending, in the hold of an approval, in shadow. What was put off is
 * counted in the title line. The last columns are for the line below the panels and for keys. */
#define EVIDENCE_NUMBER(key) \
    "CASE WHEN jsonb_typeof(a.evidence->'" key "') = 'number' THEN" \
    " (a.evidence->>'" key "')::numeric END"
#define EVIDENCE_R(x, digits) "to_char(" x ", 'FMSG9990." digits "')"
const struct statement pending_query = {
    "panel pending",
    "SELECT 'adjustment ' || a.id AS object, '#' || a.id AS id, "
    "a.parameter_name, " SQL_PARAMETER_OR_OFF("a.old_value") " AS old_value, "
    "'->' AS arrow, " SQL_PARAMETER_OR_OFF("a.new_value") " AS new_value, "
    "round(a.confidence_score)::int || '%' AS confidence, "
    SQL_LEVEL("a.risk_level") " AS risk, " SQL_LEVEL("a.priority") " AS priority, "
    SQL_AGE("x.age") " || CASE WHEN x.reviewer IS NULL THEN '' ELSE '*' END AS age, "
    "x.age AS age_s, CASE WHEN a.status = 'APPROVED' THEN 'hold ' || x.hold || 's' "
    "WHEN a.status = 'SHADOW' THEN 'shadow' WHEN x.left_s IS NULL THEN '-' WHEN "
    "x.left_s <= 0 THEN 'expired' ELSE " SQL_LEFT("x.left_s") " END AS expires, "
    "CASE a.status WHEN 'APPROVED' THEN x.hold ELSE x.left_s END AS left_s, "
    SQL_NONE("a.evidence->>'verdict'") " AS verdict, "
    SQL_NONE("COALESCE(a.evidence->>'used', a.evidence->>'n')") " AS n, "
    SQL_NONE(EVIDENCE_R("x.effect", "000")) " AS effect, a.proposed_by AS by, "
    SQL_NONE("'#' || a.cycle_id") " AS cycle, "
    "CASE a.status WHEN 'APPROVED' THEN format('approved by %s; applies in %s s; u undoes', "
    "a.decided_by, x.hold) WHEN 'SHADOW' THEN format('runs beside the desk for %s trades; then "
    "it waits here again', a.shadow_trades) ELSE concat_ws('; ', 'being reviewed by ' || "
    "x.reviewer, " EVIDENCE_R("x.effect", "000") " || ' R a trade' || COALESCE(' [' || "
    EVIDENCE_R("x.low", "000") " || ', ' || " EVIDENCE_R("x.high", "000") " || ']', '') || "
    "COALESCE(', n=' || COALESCE(a.evidence->>'used', a.evidence->>'n'), '') || "
    "COALESCE(': ' || (a.evidence->>'verdict'), ''), left(a.evidence->>'expected', 200)) "
    "END AS told, a.status, a.version, a.digest, x.hold "
    "FROM strategy_adjustments a "
    "CROSS JOIN LATERAL ( SELECT " SQL_EPOCH("desk_now() - a.created_at") " AS age, "
    SQL_EPOCH("a.expires_at - desk_now()") " AS left_s, "
    "GREATEST(ceil(extract(epoch FROM a.apply_after - clock_timestamp())), 0)::int AS hold, "
    "CASE WHEN a.reviewing_until > clock_timestamp() AND a.reviewing_by <> "
    "COALESCE(current_setting('quorum.operator', true), '') THEN a.reviewing_by END AS reviewer, "
    EVIDENCE_NUMBER("effect") " AS effect, "
    "CASE jsonb_typeof(a.evidence->'delta_95'->0) WHEN 'number' THEN "
    "(a.evidence->'delta_95'->>0)::numeric END AS low, "
    "CASE jsonb_typeof(a.evidence->'delta_95'->1) WHEN 'number' THEN "
    "(a.evidence->'delta_95'->>1)::numeric END AS high) x "
    "WHERE a.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED') AND a.status <> 'DEFERRED' "
    "ORDER BY array_position(ARRAY['APPROVED', 'PENDING', 'SHADOW'], a.status), a.id "
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

/* The last cycles, then what became of changes, then what the last one found, then older cycles. A
 * line without figures is its first cell's and may use the whole row. */
#define ONLY_TEXT \
    "'', NULL::bigint, '', '', '', '', '', '', ''"
const struct statement learning_query = {
    "panel learning",
    PANEL_CLOCK ", c AS (SELECT * FROM learning_cycles ORDER BY id DESC LIMIT 100), "
    "cycles AS (SELECT row_number() OVER (ORDER BY c.id DESC) AS nth, c.* FROM c), "
    "done AS (SELECT max(c.id) AS id FROM c WHERE c.state = 'DONE'), "
    "known AS (SELECT count(*) AS n, "
    "count(*) FILTER (WHERE a.measured->>'state' = 'better') AS better, "
    "count(*) FILTER (WHERE a.measured->>'state' IN ('worse', 'rolled back')) AS worse, "
    "count(*) FILTER (WHERE a.measured->>'state' IN ('unclear', 'sunset')) AS unclear, "
    "count(*) FILTER (WHERE COALESCE(a.measured->>'state', 'measuring') = 'measuring') AS running "
    "FROM z, strategy_adjustments a WHERE a.applied_at > z.now - interval '30 days' "
    "AND a.reverts IS NULL), "
    "lines (object, cycle, at, at_s, trades, insights, proposed, auto, review, rejected, cost, "
    "place) AS ("
    "SELECT 'cycle ' || c.id, '#' || c.id || CASE c.state WHEN 'DONE' THEN '' WHEN 'RUNNING' "
    "THEN '..' ELSE '!' END, " SQL_WHEN("c.started_at") ", " SQL_EPOCH("c.started_at")
    ", c.trades::text, c.patterns::text, c.proposals::text, c.applied::text, c.queued::text, "
    "c.rejected::text, " SQL_COST("c.cost_usd") ", CASE WHEN c.nth <= 3 THEN c.nth ELSE "
    "1000 + c.nth END FROM z, cycles c "
    "UNION ALL SELECT '', format('applied 30 d: %s   better %s   worse %s   unclear %s   "
    "being measured %s', k.n, k.better, k.worse, k.unclear, k.running), " ONLY_TEXT
    ", 10 FROM known k WHERE k.n > 0 "
    "UNION ALL SELECT '', format('you approved %s: %s better, %s worse, %s unclear; by itself "
    "%s: %s/%s/%s', r.approved, r.better, r.worse, r.unclear, r.auto, r.auto_better, "
    "r.auto_worse, r.auto_unclear), " ONLY_TEXT ", 11 FROM "
    "review_record(COALESCE(current_setting('quorum.operator', true), '')) r "
    "WHERE r.approved + r.auto > 0 "
    "UNION ALL SELECT format('insight %s %s', p.cycle_id, p.condition), format('%s: %s, won %s "
    "of %s (%s-%s %%), mean %s R%s', p.status, p.title, p.won_in, p.n_in, "
    "round((100 * p.rate_lo)::numeric), round((100 * p.rate_hi)::numeric), "
    "to_char(p.mean_r_in, 'FMSG990.00'), ' [' || to_char(p.r_lo, 'FMSG990.00') || ', ' || "
    "to_char(p.r_hi, 'FMSG990.00') || ']'), " ONLY_TEXT ", 100 + row_number() OVER "
    "(ORDER BY array_position(ARRAY['confirmed', 'candidate'], p.status), p.q, p.p, p.condition) "
    "FROM done d JOIN learning_patterns p ON p.cycle_id = d.id "
    "AND p.status IN ('confirmed', 'candidate')) "
    "SELECT object, cycle, at, at_s, trades, insights, proposed, auto, review, rejected, cost "
    "FROM lines ORDER BY place LIMIT 200"};

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
