/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/mem.h"
#include "ui/draw.h"
#include "ui/panel_private.h"

static const struct panel_column positions[] = {
    {"SYM", 6, .look = LOOK_TEXT},
    {"SD", 2, .look = LOOK_TEXT},
    {"QTY", 5, .right = true, .look = LOOK_NUMBER},
    {"ENTRY", 8, .right = true, .look = LOOK_NUMBER},
    {"LAST", 9, .right = true, .look = LOOK_NUMBER},
    {"P&L $", 9, .right = true, .look = LOOK_SIGNED},
    {"P&L %", 7, .right = true, .look = LOOK_SIGNED},
    {"STOP", 8, .right = true, .look = LOOK_NUMBER},
    {"TARGET", 8, .right = true, .look = LOOK_NUMBER},
    {"AGE", 6, .right = true, .look = LOOK_AGE}, /* "99d23*": its exit is ordered */
    {"", 0, .look = LOOK_HIDDEN},
    {"REGIME", 8, .wide = true, .look = LOOK_TEXT},
    {"EVAL", 6, .right = true, .wide = true, .look = LOOK_NUMBER},
    {"R", 6, .right = true, .wide = true, .look = LOOK_SIGNED},
    {"MFE", 7, .right = true, .wide = true, .look = LOOK_SIGNED},
    {"MAE", 7, .right = true, .wide = true, .look = LOOK_SIGNED},
    {"", 0, .look = LOOK_HIDDEN}, /* profit, for the title line */
};
static const struct panel_column pending[] = {
    {"ID", 5, .look = LOOK_NUMBER},
    {"PARAMETER", 16, .grow = true, .look = LOOK_TEXT},
    {"OLD", 7, .right = true, .look = LOOK_NUMBER},
    {"", 2, .look = LOOK_TEXT},
    {"NEW", 7, .right = true, .look = LOOK_NUMBER},
    {"CONF", 4, .right = true, .look = LOOK_NUMBER},
    {"RISK", 4, .look = LOOK_RISK},
    {"PRI", 4, .look = LOOK_RISK},
    {"AGE", 6, .right = true, .look = LOOK_AGE}, /* "5h02*": somebody reviews it */
    {"", 0, .look = LOOK_HIDDEN},
    {"EXPIRES", 8, .right = true, .look = LOOK_AGE},
    {"", 0, .look = LOOK_HIDDEN},
    {"VERDICT", 17, .wide = true, .look = LOOK_TEXT},
    {"N", 4, .right = true, .wide = true, .look = LOOK_NUMBER},
    {"EFFECT", 7, .right = true, .wide = true, .look = LOOK_SIGNED},
    {"BY", 16, .wide = true, .look = LOOK_TEXT},
    {"CYCLE", 5, .right = true, .wide = true, .look = LOOK_NUMBER},
    {"", 0, .look = LOOK_HIDDEN}, /* told */
    {"", 0, .look = LOOK_HIDDEN}, /* PENDING, APPROVED, SHADOW */
    {"", 0, .look = LOOK_HIDDEN}, /* version */
    {"", 0, .look = LOOK_HIDDEN}, /* digest */
    {"", 0, .look = LOOK_HIDDEN}, /* seconds of the hold */
};
static const struct panel_column trades[] = {
    {"ID", 5, .look = LOOK_NUMBER},
    {"SYM", 6, .look = LOOK_TEXT},
    {"EXIT", 11, .look = LOOK_AGE},
    {"", 0, .look = LOOK_HIDDEN},
    {"P&L $", 9, .right = true, .look = LOOK_SIGNED},
    {"P&L %", 7, .right = true, .look = LOOK_SIGNED},
    {"REASON", 13, .look = LOOK_TEXT},
    {"REGIME", 8, .look = LOOK_TEXT},
    {"SENT", 4, .right = true, .look = LOOK_SIGNED},
    {"HELD", 5, .right = true, .look = LOOK_AGE},
    {"", 0, .look = LOOK_HIDDEN},
    {"EVAL", 6, .right = true, .look = LOOK_NUMBER},
    {"R", 6, .right = true, .wide = true, .look = LOOK_SIGNED},
    {"CATALYST", 16, .grow = true, .wide = true, .look = LOOK_QUOTE},
    {"", 0, .look = LOOK_HIDDEN}, /* profit */
    {"", 0, .look = LOOK_HIDDEN}, /* closed today */
};
static const struct panel_column activity[] = {
    {"TIME", 11, .look = LOOK_AGE},
    {"", 0, .look = LOOK_HIDDEN},
    {"KIND", 5, .look = LOOK_TEXT},
    {"ID", 5, .look = LOOK_NUMBER},
    {"TEXT", 24, .grow = true, .look = LOOK_TEXT},
    {"COST", 7, .right = true, .look = LOOK_NUMBER},
    {"LAT", 6, .right = true, .look = LOOK_NUMBER},
};
static const struct panel_column agents[] = {
    {"AGENT", 17, .look = LOOK_TEXT},
    {"CALLS", 5, .right = true, .look = LOOK_NUMBER},
    {"COST", 7, .right = true, .look = LOOK_NUMBER},
    {"P50", 5, .right = true, .look = LOOK_NUMBER},
    {"P95", 5, .right = true, .look = LOOK_NUMBER},
    {"OK%", 3, .right = true, .look = LOOK_NUMBER},
    {"TOK/C", 6, .right = true, .wide = true, .look = LOOK_NUMBER},
    {"IN", 9, .right = true, .wide = true, .look = LOOK_NUMBER},
    {"OUT", 7, .right = true, .wide = true, .look = LOOK_NUMBER},
    {"WIN%", 4, .right = true, .wide = true, .look = LOOK_NUMBER},
    {"AGREE%", 6, .right = true, .wide = true, .look = LOOK_NUMBER},
    {"PROMPT", 6, .wide = true, .look = LOOK_TEXT},
    {"MODEL", 16, .wide = true, .look = LOOK_TEXT},
    {"ERR", 12, .grow = true, .wide = true, .look = LOOK_QUOTE},
    {"", 0, .look = LOOK_HIDDEN}, /* calls */
};
static const struct panel_column learning[] = {
    {"CYCLE", 6, .look = LOOK_TEXT},
    {"AT", 11, .look = LOOK_AGE},
    {"", 0, .look = LOOK_HIDDEN},
    {"TRADES", 6, .right = true, .look = LOOK_NUMBER},
    {"INSIGHTS", 8, .right = true, .look = LOOK_NUMBER},
    {"PROPOSED", 8, .right = true, .look = LOOK_NUMBER},
    {"AUTO", 4, .right = true, .look = LOOK_NUMBER},
    {"REVIEW", 6, .right = true, .look = LOOK_NUMBER},
    {"REJ", 3, .right = true, .look = LOOK_NUMBER},
    {"COST", 7, .right = true, .look = LOOK_NUMBER},
};
static const struct panel_column alerts[] = {
    {"S", 1, .look = LOOK_SEVERITY},
    {"TIME", 11, .look = LOOK_AGE},
    {"", 0, .look = LOOK_HIDDEN},
    {"RULE", 13, .look = LOOK_TEXT},
    {"TEXT", 24, .grow = true, .look = LOOK_TEXT},
    {"STATE", 7, .look = LOOK_TEXT},
};
static const struct panel_column watchlist[] = {
    {"SYM", 6, .look = LOOK_TEXT},
    {"LAST", 9, .right = true, .look = LOOK_NUMBER},
    {"DAY %", 7, .right = true, .look = LOOK_SIGNED},
    {"RSI", 4, .right = true, .look = LOOK_NUMBER},
    {"VOLx", 4, .right = true, .look = LOOK_NUMBER},
    {"REGIME", 8, .look = LOOK_TEXT},
    {"LAST EVAL", 14, .look = LOOK_TEXT},
    {"WHY NOT IN", 16, .grow = true, .look = LOOK_TEXT},
};
static const struct panel_column evaluations[] = {
    {"ID", 5, .look = LOOK_NUMBER},
    {"TIME", 11, .look = LOOK_AGE},
    {"", 0, .look = LOOK_HIDDEN},
    {"SYM", 6, .look = LOOK_TEXT},
    {"TRIGGER", 8, .grow = true, .look = LOOK_TEXT},
    {"DECISION", 9, .look = LOOK_VOTE},
    {"VOTES", 5, .look = LOOK_TEXT},
    {"CONF", 4, .right = true, .look = LOOK_NUMBER},
    {"COST", 7, .right = true, .look = LOOK_NUMBER},
    {"LAT", 6, .right = true, .look = LOOK_NUMBER},
    {"OUTCOME", 14, .look = LOOK_TEXT},
};
static const struct panel_column log_lines[] = {
    {"TIME", 12, .look = LOOK_TEXT},
    {"LEVEL", 5, .look = LOOK_TEXT},
    {"MODULE", 9, .look = LOOK_TEXT},
    {"TEXT", 24, .grow = true, .look = LOOK_TEXT},
};

#define COLUMNS(table) .column = table, .ncolumns = ARRAY_LEN(table)

const struct panel panels[PANEL_COUNT] = {
    [PANEL_POSITIONS] = {PANEL_POSITIONS, '1', "positions", "Positions", &positions_query, 2000,
                         "positions orders", COLUMNS(positions), .empty = "no open positions",
                         .note = note_positions},
    [PANEL_PENDING] = {PANEL_PENDING, '2', "pending", "Pending adjustments", &pending_query, 2000,
                       "strategy_adjustments", COLUMNS(pending), .empty = "nothing to review",
                       .note = note_pending},
    [PANEL_TRADES] = {PANEL_TRADES, '3', "trades", "Closed trades", &trades_query, 10000,
                      "trade_outcomes", COLUMNS(trades),
                      .empty = "no trades yet (learning needs 10)", .note = note_trades},
    [PANEL_ACTIVITY] = {PANEL_ACTIVITY, '4', "activity", "Activity", &activity_query, 2000,
                        "evaluations agent_interactions trade_outcomes orders strategy_adjustments "
                        "operator_actions alerts engines",
                        COLUMNS(activity), .empty = "no activity since start"},
    [PANEL_AGENTS] = {PANEL_AGENTS, '5', "agents", "Agents (24h)", &agents_query, 10000,
                      "evaluations agent_interactions", COLUMNS(agents),
                      .empty = "no calls in 24 h", .note = note_agents},
    [PANEL_BUDGET] = {PANEL_BUDGET, '6', "budget", "Budget", &budget_query, 5000,
                      "agent_interactions", NULL, 0, .empty = "-", .note = note_budget,
                      .draw = draw_budget},
    [PANEL_REGIME] = {PANEL_REGIME, '7', "regime", "Regime", &regime_query, 10000, "evaluations",
                      NULL, 0, .empty = "no regime yet", .note = note_regime, .draw = draw_regime},
    [PANEL_LEARNING] = {PANEL_LEARNING, '8', "learning", "Learning", &learning_query, 30000,
                        "learning_cycles strategy_adjustments operator_actions", COLUMNS(learning),
                        .empty = "no learning cycle yet", .note = note_learning},
    [PANEL_ALERTS] = {PANEL_ALERTS, '9', "alerts", "Alerts", &alerts_query, 2000, "alerts",
                      COLUMNS(alerts), .empty = "no open alerts", .note = note_alerts},
    [PANEL_EQUITY] = {PANEL_EQUITY, '0', "equity", "Equity", &equity_query, 60000, "equity_marks",
                      NULL, 0, .empty = "needs 2 days", .note = note_equity, .draw = draw_equity},
    [PANEL_WATCHLIST] = {PANEL_WATCHLIST, 'W', "watchlist", "Watchlist", &watchlist_query, 10000,
                         "evaluations desk_setting day_plan", COLUMNS(watchlist),
                         .empty = "watch add SYM", .note = note_watchlist},
    [PANEL_EVALUATIONS] = {PANEL_EVALUATIONS, 'V', "evaluations", "Evaluations", &evaluations_query,
                           2000, "evaluations", COLUMNS(evaluations), .empty = ":eval SYMBOL"},
    /* Tailed by the loader from the log file: no query. */
    [PANEL_LOG] = {PANEL_LOG, 'L', "log", "Engine log", NULL, 1000, NULL, COLUMNS(log_lines),
                   .empty = "-", .note = note_log},
    [PANEL_CALIBRATION] = {PANEL_CALIBRATION, 'C', "calibration", "Calibration", &calibration_query,
                           600000, NULL, NULL, 0, .empty = "needs 30 outcomes",
                           .note = note_calibration, .draw = draw_calibration},
};
