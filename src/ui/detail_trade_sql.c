/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the details of trades and positions are drawn from. */
#include "ui/detail_page.h"

/* t is the closed trade, p its position; either may be missing. What is known of an open position
 * stands where a closed one has its result. */
#define FACTS                                                                                      \
    "SELECT t.id AS trade_id, p.id AS position_id, COALESCE(t.symbol, p.symbol) AS symbol,"        \
    "  CASE WHEN t.id IS NULL THEN p.state ELSE 'CLOSED' END AS state,"                            \
    "  COALESCE(t.quantity, p.quantity) AS quantity,"                                              \
    "  trim_scale(COALESCE(t.entry_price, p.entry_price)) AS entry_price,"                         \
    "  trim_scale(t.exit_price) AS exit_price, trim_scale(p.last_price) AS last_price,"            \
    "  extract(epoch FROM p.last_price_at)::bigint AS last_epoch,"                                 \
    "  trim_scale(COALESCE(t.pnl_dollars, p.quantity * p.last_price - p.cost_usd)) AS pnl_usd,"    \
    "  COALESCE(t.pnl_pct, 100 * (p.last_price / NULLIF(p.entry_price, 0) - 1)) AS pnl_pct,"       \
    "  COALESCE(t.r_multiple, (p.last_price - p.entry_price) /"                                    \
    "    NULLIF(p.entry_price - p.initial_stop, 0)) AS r_multiple,"                                \
    "  COALESCE(t.mfe_pct, 100 * (p.high_price / NULLIF(p.entry_price, 0) - 1)) AS mfe_pct,"       \
    "  COALESCE(t.mae_pct, 100 * (p.low_price / NULLIF(p.entry_price, 0) - 1)) AS mae_pct,"        \
    "  COALESCE(t.exit_reason, p.exit_reason) AS exit_reason,"                                     \
    "  COALESCE(NULLIF(m.facts->'exit'->>'why', ''), (SELECT NULLIF(o.state_reason, '')"           \
    "    FROM orders o WHERE o.position_id = p.id AND o.purpose = 'EXIT' AND o.filled > 0"         \
    "    ORDER BY o.closed_at DESC LIMIT 1)) AS exit_why,"                                         \
    "  to_char(COALESCE(t.opened_at, p.opened_at) AT TIME ZONE z.tz,"                              \
    "  'YYYY-MM-DD HH24:MI:SS') AS opened,"                                                        \
    "  extract(epoch FROM COALESCE(t.opened_at, p.opened_at))::bigint AS opened_epoch,"            \
    "  to_char(t.closed_at AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI:SS') AS closed,"                 \
    "  extract(epoch FROM t.closed_at)::bigint AS closed_epoch,"                                   \
    "  trim_scale(p.initial_stop) AS initial_stop, trim_scale(p.stop_price) AS stop_price,"        \
    "  trim_scale(p.target_price) AS target_price, trim_scale(p.low_price) AS low_price,"          \
    "  trim_scale(p.high_price) AS high_price, p.trail_atr, p.time_exit,"                          \
    "  trim_scale(COALESCE(t.quantity, p.quantity) * (p.entry_price - p.initial_stop))"            \
    "    AS risk_usd,"                                                                             \
    "  100 * COALESCE(t.quantity, p.quantity) * (p.entry_price - p.initial_stop) / NULLIF("        \
    "    COALESCE(k.equity_usd, (SELECT -sum(l.amount_usd) FROM ledger l"                          \
    "      WHERE l.account_id = 1 AND l.book = 'capital')), 0) AS risk_pct,"                       \
    "  trim_scale(COALESCE(t.fees_usd, f.fees)) AS fees_usd,"                                      \
    "  trim_scale(COALESCE(t.slippage_usd, f.slippage)) AS slippage_usd,"                          \
    "  trim_scale(COALESCE(t.model_cost_usd, e.cost_usd)) AS model_usd, f.dividends,"              \
    "  COALESCE(p.regime, e.regime) AS regime, e.regime_confidence,"                               \
    "  x.regime AS regime_later, x.regime_confidence AS regime_later_confidence,"                  \
    "  COALESCE(m.sentiment_score, n.score) AS sentiment, y.score AS sentiment_later,"             \
    "  m.news_catalyst AS catalyst, e.id AS evaluation_id, e.decision, e.agreement,"               \
    "  (SELECT kind = 'demo' FROM desk) AS simulated,"                                             \
    "  (SELECT string_agg(v.name || ' ' || COALESCE(trim_scale(v.value)::text, 'off'), '  '"       \
    "     ORDER BY v.name)"                                                                        \
    "   FROM jsonb_each_text(p.parameters) j JOIN parameter_versions v ON v.id ="                  \
    "     CASE WHEN j.value ~ '^[0-9]{1,18}$' THEN j.value::bigint END) AS parameters,"            \
    "  to_char(p.unpriced_since AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI:SS') AS unpriced,"          \
    "  p.unpriced_reason,"                                                                         \
    "  (SELECT string_agg('#' || a.id, ' ' ORDER BY a.id DESC) FROM strategy_adjustments a"        \
    "   WHERE a.evidence @> jsonb_build_object('trade_ids', jsonb_build_array(t.id))"              \
    "     OR a.evidence @> jsonb_build_object('cases', jsonb_build_array("                         \
    "       jsonb_build_object('trade_id', t.id))))"                                               \
    "    AS cited_by "

/* x: the last evaluation of the symbol while it was held; n and y: the news analyst's mood of the
 * decision and of that. k: the account at the entry. */
#define JOINS                                                                                      \
    "LEFT JOIN trade_metadata m ON m.trade_outcome_id = t.id "                                     \
    "LEFT JOIN evaluations e ON e.id = COALESCE(t.evaluation_id, p.evaluation_id) "                \
    "LEFT JOIN LATERAL (SELECT sum(u.fees_usd) AS fees, sum(u.slippage_usd) AS slippage,"          \
    "  (SELECT sum(COALESCE(c.dividend_usd, 0) * c.shares_before) FROM corporate_actions c"        \
    "   WHERE c.position_id = p.id) AS dividends FROM fills u JOIN orders o ON o.id = u.order_id"  \
    "  WHERE o.position_id = p.id) f ON true "                                                     \
    "LEFT JOIN LATERAL (SELECT q.equity_usd FROM equity_marks q WHERE q.account_id = 1"            \
    "  AND q.created_at <= COALESCE(t.opened_at, p.opened_at)"                                     \
    "  ORDER BY q.session DESC LIMIT 1) k ON true "                                                \
    "LEFT JOIN LATERAL (SELECT v.id, v.regime, v.regime_confidence FROM evaluations v"             \
    "  WHERE v.symbol = COALESCE(t.symbol, p.symbol) AND v.regime IS NOT NULL"                     \
    "    AND v.id > COALESCE(e.id, 0) AND v.created_at <= COALESCE(t.closed_at, 'infinity')"       \
    "  ORDER BY v.id DESC LIMIT 1) x ON true "                                                     \
    "LEFT JOIN votes n ON n.evaluation_id = e.id AND n.agent = 'news_analyst'"                     \
    "  AND n.source = 'baseline' "                                                                 \
    "LEFT JOIN votes y ON y.evaluation_id = x.id AND y.agent = 'news_analyst'"                     \
    "  AND y.source = 'baseline' "

const struct statement trade_head = {
    "detail trade",
    FACTS ",(SELECT max(i.id) FROM trade_outcomes i WHERE i.id < t.id) AS older,"
          " (SELECT min(i.id) FROM trade_outcomes i WHERE i.id > t.id) AS newer "
          "FROM " DETAIL_TZ
          " CROSS JOIN trade_outcomes t LEFT JOIN positions p ON p.id = t.position_id " JOINS
          "WHERE t.id = " DETAIL_ID};
const struct statement position_head = {
    "detail position",
    FACTS ",(SELECT max(i.id) FROM positions i WHERE i.id < p.id"
          "   AND i.closed_at IS NULL) AS older,"
          " (SELECT min(i.id) FROM positions i WHERE i.id > p.id"
          "   AND i.closed_at IS NULL) AS newer "
          "FROM " DETAIL_TZ
          " CROSS JOIN positions p LEFT JOIN trade_outcomes t ON t.position_id = p.id " JOINS
          "WHERE p.id = " DETAIL_ID};

#define OF_TRADE    "(SELECT position_id FROM trade_outcomes WHERE id = " DETAIL_ID ")"
#define OF_POSITION DETAIL_ID

/* The closes of the holding period, as the marks of the account kept them. */
#define CLOSES(position)                                                                           \
    "SELECT to_char(m.session, 'MM-DD') AS day, x->>'price' AS price FROM equity_marks m,"         \
    "  jsonb_array_elements(m.parts) x, positions p "                                              \
    "WHERE p.id = " position " AND m.account_id = 1 AND (x->>'position')::bigint = p.id"           \
    "  AND m.session >= p.entry_day "                                                              \
    "  AND m.session <= COALESCE((p.closed_at AT TIME ZONE 'America/New_York')::date, 'infinity')" \
    "ORDER BY m.session LIMIT 400"
const struct statement trade_closes = {"detail trade closes", CLOSES(OF_TRADE)};
const struct statement position_closes = {"detail position closes", CLOSES(OF_POSITION)};

#define VOTES(position)                                                                            \
    "SELECT v.agent, v.source, v.vote, v.confidence, s.brier FROM votes v"                         \
    "  LEFT JOIN vote_scores s USING (evaluation_id, agent, source) "                              \
    "WHERE v.evaluation_id = (SELECT evaluation_id FROM positions WHERE id = " position ")"        \
    "  AND v.role = 'voter' AND v.counted ORDER BY v.agent"
const struct statement trade_votes = {"detail trade votes", VOTES(OF_TRADE)};
const struct statement position_votes = {"detail position votes", VOTES(OF_POSITION)};

#define ORDERS(position)                                                                           \
    "SELECT to_char(o.created_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS ordered,"                  \
    "  o.purpose, o.kind, o.quantity, o.filled,"                                                   \
    "  trim_scale(COALESCE(o.stop_price, o.limit_price)) AS at_price, o.state,"                    \
    "  trim_scale(round(f.usd / NULLIF(f.n, 0), 4)) AS got_price,"                                 \
    "  to_char(f.last AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS filled_at,"                           \
    "  concat_ws(': ', o.exit_reason, NULLIF(o.state_reason, '')) AS why,"                         \
    "  NULLIF(o.requested_by, '') AS requested_by "                                                \
    "FROM " DETAIL_TZ " CROSS JOIN orders o LEFT JOIN LATERAL (SELECT sum(quantity * price) AS "   \
    "usd, sum(quantity) AS n,"                                                                     \
    "  max(filled_at) AS last FROM fills WHERE order_id = o.id) f ON true "                        \
    "WHERE o.position_id = " position " ORDER BY o.created_at, o.purpose, o.id LIMIT 60"
const struct statement trade_orders = {"detail trade orders", ORDERS(OF_TRADE)};
const struct statement position_orders = {"detail position orders", ORDERS(OF_POSITION)};

#define SIMILAR(position)                                                                          \
    "SELECT t.id, to_char(t.closed_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS closed,"              \
    "  trim_scale(t.pnl_dollars) AS pnl_usd,"                                                      \
    "  t.pnl_pct, t.r_multiple, t.exit_reason, m.market_regime AS regime "                         \
    "FROM " DETAIL_TZ " CROSS JOIN positions p CROSS JOIN LATERAL (SELECT * FROM trade_outcomes"   \
    "    WHERE symbol = p.symbol AND position_id IS DISTINCT FROM p.id"                            \
    "    ORDER BY created_at DESC, id DESC LIMIT 10) t"                                            \
    "  LEFT JOIN trade_metadata m ON m.trade_outcome_id = t.id "                                   \
    "WHERE p.id = " position " ORDER BY t.created_at DESC, t.id DESC"
const struct statement trade_similar = {"detail trade similar", SIMILAR(OF_TRADE)};
const struct statement position_similar = {"detail position similar", SIMILAR(OF_POSITION)};
