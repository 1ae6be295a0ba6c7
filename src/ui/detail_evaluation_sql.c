/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the detail of an evaluation is drawn from. */
#include "ui/detail_page.h"

/* Its entry order leads to its position: that way has an index. */
#define AFTER                                                                                      \
    "LEFT JOIN orders o ON o.evaluation_id = e.id AND o.purpose = 'ENTRY' "                        \
    "LEFT JOIN positions p ON p.id = o.position_id "                                               \
    "LEFT JOIN trade_outcomes t ON t.position_id = p.id "                                          \
    "LEFT JOIN shadow_outcomes s ON s.evaluation_id = e.id "

const struct statement evaluation_head = {
    "detail evaluation",
    "SELECT e.id, e.symbol, e.state, e.state_reason, e.origin, e.requested_by, e.locked_by,"
    "  to_char(e.created_at AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI:SS') AS asked,"
    "  extract(epoch FROM e.as_of)::bigint AS as_of_epoch,"
    "  e.finished_at IS NOT NULL AS finished,"
    "  (extract(epoch FROM clock_timestamp() - e.started_machine) * 1000)::bigint AS elapsed_ms,"
    "  e.latency_ms, trim_scale(e.price) AS price, e.regime, e.regime_confidence, e.decision,"
    "  e.agree, e.voters, e.needed, e.consensus_reason, e.risk_decision, e.shares, e.position_pct,"
    "  e.stop_loss_pct, e.take_profit_pct, e.size_reason, e.binding, e.degraded_reason,"
    "  trim_scale(e.shares * e.price) AS notional,"
    "  e.worksheet->>'risk_usd' AS risk_usd, e.worksheet->>'risk_pct' AS risk_pct,"
    "  trim_scale(COALESCE((SELECT sum(cost_usd) FROM agent_interactions i"
    "    WHERE i.evaluation_id = e.id), e.cost_usd)) AS cost_usd,"
    "  (SELECT sum(estimate_usd) FROM budget_reservation b WHERE b.evaluation_id = e.id"
    "    AND b.state = 'SENT') AS reserved_usd,"
    "  COALESCE((SELECT sum(tokens_used) FROM agent_interactions i WHERE i.evaluation_id = e.id),"
    "    e.tokens) AS tokens, e.max_cost_usd, e.order_result,"
    "  (SELECT kind = 'demo' FROM desk) AS simulated,"
    "  budget_limit() - COALESCE((SELECT spent_usd + reserved_usd FROM budget_day"
    "    WHERE day = (desk_now() AT TIME ZONE 'UTC')::date), 0) AS budget_left,"
    "  (SELECT daily_limit - used FROM vendor_quota WHERE vendor = 'fmp'"
    "    ORDER BY day DESC LIMIT 1) AS fmp_left,"
    "  (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY r.latency_ms) FROM (SELECT latency_ms"
    /* a demo desk's past was lived in a hurry and says nothing of it */
    "    FROM evaluations WHERE finished_at IS NOT NULL AND latency_ms IS NOT NULL AND created_at >"
    "      COALESCE((SELECT live_from FROM schedule_state), '-infinity')"
    "    ORDER BY id DESC LIMIT 20) r) AS usual_ms,"
    "  left(o.id::text, 4) AS order_id, p.id AS position_id, p.state AS position_state,"
    "  100 * (p.last_price / NULLIF(p.entry_price, 0) - 1) AS position_now,"
    "  extract(epoch FROM p.opened_at)::bigint AS opened_epoch, t.id AS trade_id,"
    "  trim_scale(t.pnl_dollars) AS pnl_usd, t.pnl_pct, t.r_multiple, t.exit_reason,"
    "  s.state AS shadow_state, s.outcome, s.return_pct, s.r_multiple AS shadow_r, s.sessions,"
    "  s.reason AS shadow_reason,"
    "  (SELECT string_agg(format('#%s %s%s', r.id, COALESCE(r.decision, r.state),"
    "      CASE WHEN r.pct IS NULL THEN '' ELSE format(' %s%%', to_char(r.pct, 'FMS990.00')) END),"
    "      ', ' ORDER BY r.id DESC)"
    "    FROM (SELECT v.id, v.decision, v.state, k.pnl_pct AS pct FROM evaluations v"
    "      LEFT JOIN orders w ON w.evaluation_id = v.id AND w.purpose = 'ENTRY'"
    "      LEFT JOIN trade_outcomes k ON k.position_id = w.position_id"
    "      WHERE v.symbol = e.symbol AND v.id < e.id ORDER BY v.id DESC LIMIT 3) r) AS previous,"
    "  CASE WHEN e.finished_at IS NOT NULL THEN"
    "    (SELECT string_agg('#' || a.id, ' ' ORDER BY a.id DESC) FROM strategy_adjustments a"
    "    WHERE a.evidence @> jsonb_build_object('evaluation_ids', jsonb_build_array(e.id))"
    "      OR a.evidence @> jsonb_build_object('cases', jsonb_build_array("
    "        jsonb_build_object('evaluation_id', e.id)))) END AS cited_by,"
    "  (SELECT max(x.id) FROM evaluations x WHERE x.id < e.id) AS older,"
    "  (SELECT min(x.id) FROM evaluations x WHERE x.id > e.id) AS newer "
    "FROM " DETAIL_TZ " CROSS JOIN evaluations e " AFTER "WHERE e.id = " DETAIL_ID};

/* Every agent that is asked or has spoken, in the order of the round. A call that is out has no
 * moment of the machine's clock but on a real desk, where the desk's is that. */
const struct statement evaluation_agents = {
    "detail evaluation agents",
    "WITH e AS (SELECT id, request, started_machine FROM evaluations WHERE id = " DETAIL_ID "), "
    "v AS MATERIALIZED (SELECT x.*, s.brier, (SELECT string_agg(f->>'fact', ' ')"
    "    FROM jsonb_array_elements(CASE jsonb_typeof(x.evidence) WHEN 'array' THEN x.evidence"
    "    ELSE '[]' END) f) AS cited FROM votes x"
    "  LEFT JOIN vote_scores s USING (evaluation_id, agent, source)"
    "  WHERE x.evaluation_id = " DETAIL_ID "), "
    "i AS MATERIALIZED (SELECT *, row_number() OVER (PARTITION BY agent_name ORDER BY id DESC) AS n"
    "  FROM agent_interactions WHERE evaluation_id = " DETAIL_ID " AND model IS NOT NULL), "
    "names AS (SELECT x.agent, min(x.rank) AS rank FROM ("
    "  SELECT 'regime_detector' AS agent, 0 AS rank FROM e"
    "  UNION ALL SELECT w.name, w.n FROM e, regexp_split_to_table(COALESCE("
    "    e.request->>'voters', ''), '[ ,]+') WITH ORDINALITY w (name, n) WHERE w.name <> ''"
    "  UNION ALL SELECT 'risk_manager', 90 FROM e"
    "  UNION ALL SELECT v.agent, CASE v.role WHEN 'classifier' THEN 0 WHEN 'veto' THEN 90"
    "    ELSE 50 END FROM v"
    "  UNION ALL SELECT i.agent_name, 50 FROM i) x GROUP BY x.agent) "
    "SELECT n.agent, COALESCE(m.role, b.role, CASE n.rank WHEN 0 THEN 'classifier'"
    "    WHEN 90 THEN 'veto' ELSE 'voter' END) AS role,"
    "  m.vote, m.answer, m.confidence, m.reason, m.wrong_evidence, m.counted, m.prompt_version,"
    "  m.cited, b.vote AS base_vote, b.answer AS base_answer, b.confidence AS base_confidence,"
    "  b.reason AS base_reason, b.counted AS base_counted, b.cited AS base_cited,"
    "  c.tries, c.tokens_in, c.tokens_out, c.cost_usd, l.latency_ms, l.status, l.error, l.model,"
    "  CASE WHEN l.status = 'SENT' THEN (extract(epoch FROM clock_timestamp() -"
    "    CASE WHEN (SELECT clock FROM desk) = 'real' THEN l.created_at"
    "    ELSE e.started_machine END) * 1000)::bigint END AS waiting_ms,"
    "  m.brier, b.brier AS base_brier "
    "FROM names n CROSS JOIN e"
    "  LEFT JOIN v m ON m.agent = n.agent AND m.source = 'model'"
    "  LEFT JOIN v b ON b.agent = n.agent AND b.source = 'baseline'"
    "  LEFT JOIN i l ON l.agent_name = n.agent AND l.n = 1"
    "  LEFT JOIN LATERAL (SELECT count(*) AS tries, sum(i.cost_usd) AS cost_usd,"
    "    sum(i.tokens_used - i.output_tokens) AS tokens_in, sum(i.output_tokens) AS tokens_out"
    "    FROM i WHERE i.agent_name = n.agent) c ON true "
    "ORDER BY n.rank, n.agent"};

const struct statement evaluation_calls = {
    "detail evaluation calls",
    "SELECT i.id, i.agent_name AS agent, i.action, i.model, i.status, i.error,"
    "  trim_scale(i.cost_usd) AS cost_usd, i.tokens_used AS tokens, i.latency_ms, i.request_id,"
    "  left(p.request, 100000) AS request, length(p.request) AS request_length,"
    "  left(p.response, 100000) AS response, length(p.response) AS response_length "
    "FROM agent_interactions i LEFT JOIN agent_payloads p"
    "  ON p.interaction_id = i.id AND p.created_at = i.created_at "
    "WHERE i.evaluation_id = " DETAIL_ID " AND i.model IS NOT NULL ORDER BY i.id LIMIT 60"};

const struct statement evaluation_caps = {
    "detail evaluation caps",
    "SELECT c->>'name' AS name, c->>'pct' AS pct, c->>'note' AS note, c->>'applied' AS applied,"
    "  c->>'binding' AS binding "
    "FROM evaluations e, jsonb_array_elements(CASE jsonb_typeof(e.worksheet->'caps')"
    "  WHEN 'array' THEN e.worksheet->'caps' ELSE '[]' END) WITH ORDINALITY w (c, n) "
    "WHERE e.id = " DETAIL_ID " ORDER BY w.n"};

#define DOSSIER                                                                                    \
    "WITH d AS MATERIALIZED (SELECT x.content::jsonb AS c, e.as_of FROM evaluations e"             \
    "  JOIN dossiers x ON x.evaluation_id = e.id WHERE e.id = " DETAIL_ID                          \
    "  ORDER BY x.created_at DESC LIMIT 1) "

/* Ages are at the moment the evaluation is about. */
const struct statement evaluation_inputs = {
    "detail evaluation inputs", DOSSIER
    "SELECT k.name, s->>'state' AS state, s->>'source' AS source, s->>'reason' AS reason,"
    "  extract(epoch FROM d.as_of - CASE k.name WHEN 'news' THEN s->>'published_at'"
    "    ELSE s->>'as_of' END::timestamptz)::bigint AS age_s,"
    "  COALESCE(s->>'count', CASE WHEN jsonb_typeof(s->'items') = 'array'"
    "    THEN jsonb_array_length(s->'items')::text END, CASE WHEN jsonb_typeof(s->'years') ="
    "    'array' THEN jsonb_array_length(s->'years')::text END) AS n "
    "FROM d, (VALUES (1, 'quote'), (2, 'bars'), (3, 'benchmark_bars'), (4, 'profile'),"
    "  (5, 'fundamentals'), (6, 'news')) k (rank, name), LATERAL (SELECT d.c->k.name AS s) v "
    "WHERE jsonb_typeof(s) = 'object' ORDER BY k.rank"};

const struct statement evaluation_facts = {
    "detail evaluation facts", DOSSIER
    "SELECT f->>'id' AS id, f->>'state' AS state, f->>'source' AS source, f->>'reason' AS reason,"
    "  f->>'unit' AS unit, COALESCE(f->>'text', CASE WHEN jsonb_typeof(f->'value') = 'number'"
    "    THEN round((f->>'value')::numeric, LEAST(GREATEST((f->>'decimals')::int, 0), 6))::text"
    "    END) AS value, f ? 'text' AS is_text,"
    "  extract(epoch FROM d.as_of - (f->>'as_of')::timestamptz)::bigint AS age_s "
    "FROM d, jsonb_array_elements(d.c->'facts') WITH ORDINALITY w (f, n) ORDER BY w.n LIMIT 200"};
