/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the page of a proposed change rests on; its columns are read by name in
 * detail_adjustment.c. */
#include "ui/detail_page.h"

/* SQL reads by its clauses. clang-format would not. */
/* clang-format off */

/* Still in somebody's hands: what < and > go through from one of them. */
#define OPEN "('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')"
#define EVIDENCE(key) "a.evidence->>'" key "' AS " key
/* "09:30" today, else "11-08 12:10". */
#define WHEN(t) \
    "to_char(" t " AT TIME ZONE z.tz, CASE WHEN (" t " AT TIME ZONE z.tz)::date =" \
    " (desk_now() AT TIME ZONE z.tz)::date THEN 'HH24:MI' ELSE 'MM-DD HH24:MI' END)"

const struct statement adjustment_head = {
    "detail adjustment",
    "SELECT a.id, a.parameter_name AS name, p.title, p.unit, " DETAIL_VALUE("a.old_value")
    "    AS old_value, " DETAIL_VALUE("a.new_value") " AS new_value,"
    "  trim_scale(p.low) AS low, trim_scale(p.high) AS high,"
    "  CASE WHEN p.name IS NOT NULL THEN " DETAIL_VALUE("p.baseline") " END AS baseline,"
    "  p.risk AS direction, p.class, a.confidence_score AS confidence, a.status, a.version, a.digest,"
    "  a.reasoning, a.evidence->>'model_quote' AS quote, " WHEN("a.created_at") " AS created,"
    "  extract(epoch FROM a.created_at)::bigint AS created_epoch, a.risk_level, a.priority,"
    "  a.decided_by || CASE WHEN a.decided_origin <> '' THEN '@' || a.decided_origin ELSE '' END"
    "    AS decided_by, " WHEN("a.decided_at") " AS decided, a.decision_reason, "
    WHEN("a.applied_at") " AS applied,"
    "  extract(epoch FROM a.expires_at)::bigint AS expires_epoch,"
    "  COALESCE((SELECT value FROM desk_setting WHERE name = 'SELF_LEARNING_AUTO_APPLY_THRESHOLD'"
    "    ORDER BY id DESC LIMIT 1), '80') AS threshold,"
    "  a.proposed_by, a.cycle_id AS cycle,"
    "  COALESCE(NULLIF(a.gate_reason, ''), a.evidence->>'not_auto') AS not_auto,"
    "  NULLIF(a.last_change, '') AS last_change, a.evidence->'shadow'->>'text' AS shadow_text,"
    "  " EVIDENCE("source") ", " EVIDENCE("n") ", " EVIDENCE("used") ", " EVIDENCE("changed")
    ", " EVIDENCE("unknown") ", " EVIDENCE("weeks") ", " EVIDENCE("mean_old")
    ", " EVIDENCE("mean_new") ", " EVIDENCE("won_old") ", " EVIDENCE("won_new")
    ", " EVIDENCE("n_new") ", " EVIDENCE("effect")
    ", review_verdict(a.evidence, a.priority) AS verdict, NULLIF(a.stale, '') AS stale,"
    "  review_beside(a.id, a.parameter_name) AS beside, " WHEN("a.changed_at") " AS changed_at"
    ", " EVIDENCE("drawdown_old") ", " EVIDENCE("drawdown_new") ", " EVIDENCE("expected")
    ", " EVIDENCE("bounds") ","
    "  a.evidence->'delta_95'->>0 AS delta_low, a.evidence->'delta_95'->>1 AS delta_high,"
    "  a.evidence->'window'->>'from' AS window_from, a.evidence->'window'->>'to' AS window_to,"
    "  a.evidence->>'model_priority' AS model_priority,"
    "  COALESCE((SELECT t.title FROM learning_patterns t WHERE t.cycle_id = a.cycle_id"
    "    AND t.condition = a.evidence->>'pattern'), a.evidence->>'pattern') AS pattern,"
    "  (SELECT string_agg(w, '; ') FROM jsonb_array_elements_text(CASE"
    "    jsonb_typeof(a.evidence->'warnings') WHEN 'array' THEN a.evidence->'warnings'"
    "    ELSE '[]' END) w) AS warnings,"
    "  (SELECT string_agg('#' || o.id || ' -> ' || " DETAIL_VALUE("o.new_value") ", ', ' ORDER BY o.id)"
    "    FROM strategy_adjustments o WHERE o.parameter_name = a.parameter_name AND o.id <> a.id"
    "    AND o.status IN " OPEN ") AS conflicts,"
    "  (SELECT " DETAIL_VALUE("v.value") " FROM parameter_versions v WHERE v.name = a.parameter_name"
    "    ORDER BY v.id DESC LIMIT 1) AS in_force,"
    "  (SELECT count(*) FROM positions WHERE closed_at IS NULL) AS open_positions,"
    "  " WHEN("a.hidden_until") " AS hidden_until,"
    "  greatest(ceil(extract(epoch FROM a.apply_after - clock_timestamp())), 0)::int AS hold_s,"
    "  CASE WHEN a.reviewing_until > clock_timestamp() AND a.reviewing_by <>"
    "    COALESCE(current_setting('quorum.operator', true), '') THEN a.reviewing_by END AS reviewing_by,"
    "  a.shadow_trades, " WHEN("a.shadow_from") " AS shadow_from,"
    "  (SELECT count(*) FROM trade_outcomes t WHERE t.opened_at >= a.shadow_from) AS shadow_done,"
    "  a.reverts, (SELECT max(o.id) FROM strategy_adjustments o WHERE o.reverts = a.id)"
    "    AS reverted_by,"
    "  a.measured->>'state' AS measured_state, a.measured->>'text' AS measured_text,"
    "  a.measured->>'n' AS measured_n, a.measured->>'effect' AS measured_effect,"
    "  a.measured->'interval'->>0 AS measured_low, a.measured->'interval'->>1 AS measured_high,"
    "  a.measure->>'horizon' AS horizon,"
    "  (SELECT count(*) FROM strategy_adjustments o WHERE o.id <= a.id"
    "    AND (o.status IN " OPEN ") = (a.status IN " OPEN ")) AS place,"
    "  (SELECT count(*) FROM strategy_adjustments o"
    "    WHERE (o.status IN " OPEN ") = (a.status IN " OPEN ")) AS places,"
    "  (SELECT max(o.id) FROM strategy_adjustments o WHERE o.id < a.id"
    "    AND (o.status IN " OPEN ") = (a.status IN " OPEN ")) AS older,"
    "  (SELECT min(o.id) FROM strategy_adjustments o WHERE o.id > a.id"
    "    AND (o.status IN " OPEN ") = (a.status IN " OPEN ")) AS newer "
    "FROM " DETAIL_TZ " CROSS JOIN strategy_adjustments a"
    "  LEFT JOIN parameters p ON p.name = a.parameter_name WHERE a.id = " DETAIL_ID};

/* The very cases, largest change first; ids alone where no results were kept with them. */
#define LIST(key) \
    "jsonb_array_elements(CASE jsonb_typeof(a.evidence->'" key "') WHEN 'array'" \
    "  THEN a.evidence->'" key "' ELSE '[]' END) WITH ORDINALITY j (v, place)"
#define NUMBER(x) "CASE WHEN " x " ~ '^[0-9]{1,18}$' THEN (" x ")::bigint END"
const struct statement adjustment_cases = {
    "detail adjustment cases",
    "WITH a AS (SELECT evidence FROM strategy_adjustments WHERE id = " DETAIL_ID "), "
    "c AS (SELECT j.place, " NUMBER("j.v->>'evaluation_id'") " AS evaluation_id,"
    "    " NUMBER("j.v->>'trade_id'") " AS trade_id, j.v->>'r_old' AS r_old,"
    "    j.v->>'r_new' AS r_new FROM a, " LIST("cases")
    "  UNION ALL SELECT 1000 + j.place, NULL, " NUMBER("j.v #>> '{}'") ", NULL, NULL"
    "    FROM a, " LIST("trade_ids") " WHERE COALESCE(jsonb_typeof(a.evidence->'cases'), '')"
    "      <> 'array'"
    "  UNION ALL SELECT 2000 + j.place, " NUMBER("j.v #>> '{}'") ", NULL, NULL, NULL"
    "    FROM a, " LIST("evaluation_ids") " WHERE COALESCE(jsonb_typeof(a.evidence->'cases'), '')"
    "      <> 'array' AND COALESCE(jsonb_array_length(CASE jsonb_typeof(a.evidence->'trade_ids')"
    "      WHEN 'array' THEN a.evidence->'trade_ids' END), 0) = 0 "
    "  ORDER BY 1 LIMIT 200) "
    "SELECT COALESCE('trade ' || t.id, 'evaluation ' || e.id) AS object, t.id AS trade_id,"
    "  e.id AS evaluation_id, COALESCE(t.symbol, e.symbol) AS symbol,"
    "  to_char(COALESCE(t.opened_at, e.as_of, e.created_at) AT TIME ZONE z.tz, 'MM-DD') AS entered,"
    "  c.r_old, c.r_new, trim_scale(t.pnl_dollars) AS pnl_usd,"
    "  COALESCE(t.exit_reason, 'not traded') AS exit_reason "
    "FROM " DETAIL_TZ " CROSS JOIN c LEFT JOIN trade_outcomes t ON t.id = c.trade_id"
    "  LEFT JOIN evaluations e ON e.id = COALESCE(c.evaluation_id, t.evaluation_id) "
    "WHERE t.id IS NOT NULL OR e.id IS NOT NULL ORDER BY c.place"};

const struct statement adjustment_history = {
    "detail adjustment history",
    "SELECT to_char(h.created_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS at,"
    "  CASE WHEN h.first THEN COALESCE(trim_scale(p.baseline)::text, 'off') ELSE "
    DETAIL_VALUE("h.before") " END AS old_value, " DETAIL_VALUE("h.value") " AS new_value, h.set_by,"
    "  h.adjustment_id, o.status, o.measured->>'state' AS state, o.measured->>'n' AS n,"
    "  o.measured->>'effect' AS effect, o.measured->>'text' AS text "
    "FROM " DETAIL_TZ
    " CROSS JOIN (SELECT v.*, lag(v.value) OVER w AS before, lag(v.id) OVER w IS NULL AS first"
    "  FROM parameter_versions v"
    "  JOIN strategy_adjustments a ON a.parameter_name = v.name AND a.id = " DETAIL_ID
    "  WINDOW w AS (ORDER BY v.id)) h"
    "  LEFT JOIN parameters p ON p.name = h.name"
    "  LEFT JOIN strategy_adjustments o ON o.id = h.adjustment_id "
    "ORDER BY h.id DESC LIMIT 20"};

/* What people said of it and did to it; the audit's times are the machine's. */
const struct statement adjustment_acts = {
    "detail adjustment acts",
    "SELECT to_char(o.at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS at, o.operator ||"
    "    CASE WHEN o.origin <> '' THEN '@' || o.origin ELSE '' END AS who, o.verb,"
    "  NULLIF(o.reason, '') AS reason "
    "FROM " DETAIL_TZ " CROSS JOIN ("
    "  (SELECT n.written_at AS at, n.operator, n.origin, 'note' AS verb, n.note AS reason"
    "    FROM notes n WHERE n.object = 'adjustment #' || $1 ORDER BY n.id DESC LIMIT 20)"
    "  UNION ALL (SELECT a.at, a.operator, a.origin, a.verb, a.reason FROM operator_actions a"
    "    WHERE a.object = 'adjustment ' || $1 AND a.id > (SELECT max(id) - 20000"
    "    FROM operator_actions) ORDER BY a.id DESC LIMIT 20)) o ORDER BY o.at DESC LIMIT 20"};
