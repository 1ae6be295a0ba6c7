/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened, newest first, from the tables that say so: no event is stored twice. Each branch
 * takes its own newest rows by an index, the whole is cut to 200. What a subquery bounds is read by
 * its index all the same (OFFSET 0, LIMIT): the planner cannot know how few rows are meant. */
#include "ui/panel_private.h"

/* SQL reads by its clauses. clang-format would not. */
/* clang-format off */

/* Rows written with the machine's time stand where the desk's clock was then: jobs carry both,
 * and from the last that had ended the clock ran on with its speed, not past the next one's. On a
 * real clock the two are the same. */
#define DESK_TIME(at) \
    "CASE WHEN NOT z.virtual THEN " at " ELSE COALESCE(LEAST(" \
    "(SELECT j.due_at + z.speed * (" at " - j.finished_at) FROM jobs j" \
    " WHERE j.finished_at <= " at " ORDER BY j.finished_at DESC LIMIT 1)," \
    "(SELECT j.due_at FROM jobs j WHERE j.finished_at > " at \
    " ORDER BY j.finished_at LIMIT 1), z.now), z.now) END"

/* Columns: object, at, kind, id, text, cost, latency_ms, rank, place. What belongs together at one
 * moment has the same place (an evaluation's id), within it the higher rank is the later. */
#define ENDED_EVALUATIONS \
    "(SELECT 'evaluation ' || e.id, e.finished_at, 'eval', '#' || e.id," \
    "  rpad(e.symbol, 5) || ' ' || CASE e.state" \
    "    WHEN 'DECIDED' THEN concat_ws(' ', e.decision, e.agreement, '(need ' || e.needed || ')')" \
    "      || CASE WHEN e.decision = 'NONE' THEN '  no consensus' ELSE '' END" \
    "      || COALESCE('  risk ' || e.risk_decision || ' ' || e.shares || ' sh', '')" \
    "      || CASE WHEN e.order_result <> 'ordered' THEN '  no entry: ' || e.order_result" \
    "         ELSE '' END" \
    "    WHEN 'NO_QUORUM' THEN concat_ws(' ', e.agreement, '(need ' || e.needed || ')')" \
    "      || '  no quorum'" \
    "    ELSE e.state || '  ' || e.state_reason END" \
    "  || CASE WHEN e.degraded THEN '  degraded' ELSE '' END," \
    "  e.cost_usd, e.latency_ms, 7, e.id" \
    " FROM evaluations e WHERE e.finished_at IS NOT NULL ORDER BY e.id DESC LIMIT 100)"

#define VOTES \
    "(SELECT 'evaluation ' || v.evaluation_id, v.created_at," \
    "  CASE v.role WHEN 'voter' THEN 'vote' ELSE 'call' END, '#' || v.evaluation_id," \
    "  rpad(v.agent, 17) || ' ' || COALESCE(NULLIF(v.answer, ''), v.vote) || ' '" \
    "  || round(v.confidence)::int || '%' || CASE v.source WHEN 'baseline' THEN '  by rule'" \
    "     ELSE COALESCE('  ' || " SQL_COUNT("i.tokens_used") " || ' tok', '') END," \
    "  i.cost_usd, i.latency_ms," \
    "  CASE v.role WHEN 'classifier' THEN 3 WHEN 'voter' THEN 4 ELSE 5 END, v.evaluation_id" \
    " FROM (SELECT id FROM evaluations ORDER BY id DESC LIMIT 50) e" \
    "   CROSS JOIN LATERAL (SELECT * FROM votes WHERE evaluation_id = e.id OFFSET 0) v" \
    "   LEFT JOIN LATERAL (SELECT * FROM agent_interactions WHERE id = v.interaction_id OFFSET 0) i" \
    "   ON true" \
    " WHERE v.counted OR (v.role = 'classifier' AND v.source = 'model'))"

#define CALLS_FAILED \
    "(SELECT COALESCE('evaluation ' || i.evaluation_id, 'agent ' || i.agent_name), i.created_at," \
    "  'call', COALESCE('#' || i.evaluation_id, '')," \
    "  rpad(i.agent_name, 17) || ' ' || i.status || COALESCE('  ' || i.error, '')," \
    "  i.cost_usd, i.latency_ms, 4, COALESCE(i.evaluation_id, 0)" \
    " FROM (SELECT * FROM agent_interactions ORDER BY id DESC LIMIT 400) i" \
    " WHERE i.status IN ('FAILED', 'PRESUMED'))"

#define TRADES \
    "(SELECT 'trade ' || t.id, t.closed_at, 'trade', '#' || t.id," \
    "  rpad(t.symbol, 5) || ' exit ' || upper(t.exit_reason)" \
    "  || '  ' || " SQL_PERCENT("t.pnl_pct") " || '  ' || " SQL_SIGNED("t.pnl_dollars") "," \
    "  NULL::numeric, NULL::int, 9, t.id" \
    " FROM (SELECT * FROM trade_outcomes ORDER BY created_at DESC LIMIT 100) t)" \
    " UNION ALL " \
    "(SELECT 'position ' || o.position_id, f.filled_at, 'trade', ''," \
    "  rpad(o.symbol, 5) || CASE o.side WHEN 'BUY' THEN ' bought ' ELSE ' sold ' END" \
    "  || " SQL_COUNT("f.quantity") " || ' at ' || " SQL_PRICE("f.price") "," \
    "  NULL, NULL, 8, f.id" \
    " FROM (SELECT * FROM fills ORDER BY id DESC LIMIT 100) f JOIN orders o ON o.id = f.order_id)" \
    " UNION ALL " \
    "(SELECT 'position ' || o.position_id, o.closed_at, 'trade', ''," \
    "  rpad(o.symbol, 5) || ' entry ' || lower(o.state) || ': ' || o.state_reason," \
    "  NULL, NULL, 8, o.position_id" \
    " FROM (SELECT id FROM positions ORDER BY id DESC LIMIT 60) p" \
    "   JOIN orders o ON o.position_id = p.id" \
    " WHERE o.purpose = 'ENTRY' AND o.state IN ('CANCELLED', 'REJECTED'))"

#define ADJUSTMENTS \
    "(SELECT 'adjustment ' || a.id, COALESCE(a.applied_at, a.decided_at, a.created_at), 'adj'," \
    "  '#' || a.id, a.parameter_name || ' ' || " SQL_PARAMETER_OR_OFF("a.old_value") " || ' -> '" \
    "  || " SQL_PARAMETER_OR_OFF("a.new_value") " || '  ' || round(a.confidence_score)::int || '%  '" \
    "  || " SQL_LEVEL("a.risk_level") " || '  ' || CASE a.status WHEN 'PENDING'" \
    "     THEN 'needs review'" \
    "     ELSE lower(replace(a.status, '_', ' ')) || COALESCE(' by ' || a.decided_by, '') END," \
    "  NULL, NULL, 6, a.id" \
    " FROM (SELECT * FROM strategy_adjustments ORDER BY created_at DESC LIMIT 100) a)" \
    " UNION ALL " \
    "(SELECT 'agent ' || i.agent_name, i.created_at, 'learn', '', i.agent_name || ' ' || i.action" \
    "  || COALESCE('  ' || " SQL_COUNT("i.tokens_used") " || ' tok', ''), i.cost_usd," \
    "  i.latency_ms, 5, i.id" \
    " FROM (SELECT * FROM agent_interactions ORDER BY id DESC LIMIT 400) i" \
    " WHERE i.agent_name IN ('learning', 'strategy_builder') AND i.evaluation_id IS NULL" \
    "   AND i.status = 'DONE')"

/* What the schedule orders shows as a fill; what a breaker does, as its alert. */
#define OPERATORS \
    "(SELECT 'action ' || a.id, " DESK_TIME("a.at") "," \
    "  CASE WHEN a.verb IN ('pause', 'resume', 'halt', 'flatten') THEN 'state' ELSE 'oper' END," \
    "  '', a.operator || CASE WHEN a.origin = '' THEN '' ELSE '@' || a.origin END || ' '" \
    "  || a.verb || ' ' || a.object || CASE WHEN a.reason = '' THEN ''" \
    "     ELSE ' \"' || left(a.reason, 120) || '\"' END," \
    "  NULL, NULL, 10, a.id" \
    " FROM z, (SELECT * FROM operator_actions ORDER BY id DESC LIMIT 200) a" \
    " WHERE NOT (a.operator = 'schedule' AND a.verb = 'order') AND a.operator <> 'quorum')"

#define ALERTS \
    "(SELECT 'alert ' || a.id, a.raised_at, 'warn', ''," \
    "  a.severity || ' ' || a.rule || '  ' || a.text, NULL, NULL, 6, a.id" \
    " FROM alerts a ORDER BY a.raised_at DESC LIMIT 100)"

#define JOBS_FAILED \
    "(SELECT CASE WHEN j.symbol = '' THEN '' ELSE 'symbol ' || j.symbol END, j.due_at, 'warn'," \
    "  ''," \
    "  'job ' || concat_ws(' ', j.kind, NULLIF(j.symbol, '')) || ' failed: ' || j.result," \
    "  NULL, NULL, 6, j.id" \
    " FROM jobs j WHERE j.state = 'dead'" \
    "   AND j.finished_at > now() - interval '2 days'" \
    " ORDER BY j.finished_at DESC LIMIT 50)"

#define ENGINES \
    "(SELECT '', " DESK_TIME("n.started_at") ", 'state', '', 'engine ' || n.host || '/' || n.pid" \
    "  || ' ' || n.program_version || ' started', NULL, NULL, 2, " SQL_EPOCH("n.started_at") \
    " FROM z, (SELECT * FROM engines ORDER BY started_at DESC LIMIT 20) n)" \
    " UNION ALL " \
    "(SELECT '', " DESK_TIME("n.stopped_at") ", 'state', '', 'engine ' || n.host || '/' || n.pid" \
    "  || ' stopped', NULL, NULL, 2, " SQL_EPOCH("n.stopped_at") \
    " FROM z, (SELECT * FROM engines WHERE stopped_at IS NOT NULL" \
    "   ORDER BY started_at DESC LIMIT 20) n)"

#define VENDOR \
    "(SELECT CASE WHEN c.symbol = '' THEN '' ELSE 'symbol ' || c.symbol END, c.failed_at," \
    "  CASE c.vendor WHEN 'fmp' THEN 'fmp' ELSE 'warn' END, ''," \
    "  concat_ws(' ', c.vendor, c.endpoint, NULLIF(c.symbol, '')) || ': ' || c.problem," \
    "  NULL, NULL, 1, 0" \
    " FROM vendor_cache c WHERE c.failed_at IS NOT NULL ORDER BY c.failed_at DESC LIMIT 50)"

/* Trades and what people did stand after the evaluations of the same moment. */
#define NEWEST "e.at DESC, e.rank >= 8 DESC, e.place DESC, e.rank DESC"

const struct statement activity_query = {
    "panel activity",
    "WITH z AS MATERIALIZED (SELECT t.*, (t.now AT TIME ZONE t.tz)::date AS today FROM"
    " (SELECT COALESCE(NULLIF(current_setting('quorum.tz', true), ''), 'America/New_York') AS tz,"
    "   desk_now() AS now, d.clock = 'virtual' AS virtual,"
    "   COALESCE((SELECT speed FROM schedule_state), 1) AS speed FROM desk d) t), "
    "event (object, at, kind, id, text, cost, latency_ms, rank, place) AS ("
    ENDED_EVALUATIONS " UNION ALL " VOTES " UNION ALL " CALLS_FAILED " UNION ALL " TRADES
    " UNION ALL " ADJUSTMENTS " UNION ALL " OPERATORS " UNION ALL " ALERTS
    " UNION ALL " JOBS_FAILED " UNION ALL " ENGINES " UNION ALL " VENDOR ") "
    "SELECT e.object, " SQL_WHEN("e.at") " AS at, " SQL_EPOCH("e.at") " AS at_s, e.kind, e.id,"
    "  left(e.text, 300) AS text, COALESCE(" SQL_COST("e.cost") ", '') AS cost,"
    "  COALESCE(" SQL_SECONDS("e.latency_ms") ", '') AS latency "
    "FROM z, (SELECT * FROM event e ORDER BY " NEWEST " LIMIT 200) e "
    "ORDER BY " NEWEST};
