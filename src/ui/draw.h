/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The panels that are pictures, drawn below their title line, and what their queries give. All
 * cells are text; NULL where there is none. Amounts here are plain numbers ("0.012300"), not yet
 * written for people, unless it says otherwise. When a query gave no row, the frame writes the
 * panel's empty text instead of calling these. */
#ifndef UI_DRAW_H
#define UI_DRAW_H

#include "ui/panels.h"

/* Rows by `part`:
 *   day    one row, first; the columns from `lim` on are filled in this row only:
 *          lim spent reserved   dollars of the UTC day
 *          rate rate_day        dollars an hour: the last hour's, the last 24 h's mean
 *          projected            dollars at the reset: spent + reserved + what is planned
 *          planned mean_cost    evaluations of the schedule still to come until the reset, and
 *                               the mean cost of the last 40
 *          low high             dollars at the reset when each costs the 10th or 90th percentile
 *          cap_at               "14:05" when the limit is going to be hit, NULL: it is not
 *          reset_in reset_at    seconds; "19:00" in the console's zone
 *          calls cached         model calls today; share of their input read from the cache,
 * percent saved                input tokens today that the cache made cheaper fmp_used fmp_limit
 * calls; fmp_limit NULL: no vendor was asked yet left_usd left_fmp    evaluations that each still
 * allows; NULL: does not bind brier_model brier_baseline brier_n   mean Brier scores of the same
 * votes; NULL under 30 week_usd             dollars of the last 7 UTC days hour   24 rows, oldest
 * first: name "15" (the hour in the console's zone), usd, calls agent  those that cost something
 * today, dearest first: name, usd, calls, share (percent) */
void draw_budget(const struct pane *p, const struct snapshot *s);

/* Rows by `part`, empty when there was no evaluation yet:
 *   now      one row, first: name the market's regime ("BULL"), value confidence (percent), word
 *            ("STRONG" from 70, "MODERATE" from 50, "WEAK"), since ("09:41", "11-20 09:41"), age_s,
 *            symbol ("SPY" where the benchmark was evaluated, else "7 of 12": so many of the
 *            symbols evaluated last); the object is its evaluation
 *   session  the last 20 sessions with an evaluation, oldest first: name "11-20", word its regime,
 *            value confidence
 *   trades   of 30 days by regime at entry, most first: name regime, n, value won (percent)
 *   symbol   the last regime of each symbol of the watchlist: name, word regime, value confidence
 */
void draw_regime(const struct pane *p, const struct snapshot *s);

/* One row a session, oldest first, at most 250, the last one is now (name "now"); none before two
 * days: object, name "11-20", equity, cash, change_pct (since the one before), drawdown_pct (below
 * the peak, not positive), total_pct (since the start), hold_pct (of the symbols it looks at, held
 * since then), start_usd, text equity_text "101,284.10".
 */
void draw_equity(const struct pane *p, const struct snapshot *s);

/* None before 30 outcomes. BUY and SELL votes of 90 days by what they stated:
 * object ("agent research", "" for all), agent ("all" first), bin ("50-59" .. "90+", "total" last
 * of each agent), stated (mean percent), actual (percent right), n, brier (mean, of all votes
 * scored), low and high (95 % Wilson interval of actual). The total also has model and base (Brier
 * of the model and its baseline on the same `both` evaluations), mix (versions whose mix of votes
 * changed), and that of all voters, phi (NULL: too few shared votes) and effective. */
void draw_calibration(const struct pane *p, const struct snapshot *s);

#endif
