/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/detail_fixture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/mem.h"
#include "quorum/timeutil.h"

#define OF_POSITION                                                                                \
    {                                                                                              \
        "trade_id position_id symbol state quantity entry_price exit_price last_price last_epoch " \
        "pnl_usd pnl_pct r_multiple mfe_pct mae_pct exit_reason exit_why opened opened_epoch "     \
        "closed "                                                                                  \
        "closed_epoch initial_stop stop_price target_price low_price high_price trail_atr "        \
        "time_exit "                                                                               \
        "risk_usd risk_pct fees_usd slippage_usd model_usd dividends regime regime_confidence "    \
        "regime_later regime_later_confidence sentiment sentiment_later catalyst evaluation_id "   \
        "decision agreement simulated parameters unpriced unpriced_reason cited_by older newer",   \
            "day price", "agent source vote confidence brier",                                     \
            "ordered purpose kind quantity filled at_price state got_price filled_at why "         \
            "requested_by",                                                                        \
            "id closed pnl_usd pnl_pct r_multiple exit_reason regime"                              \
    }

static const char *const columns_of[DETAIL_KINDS][DETAIL_PARTS] = {
    [DETAIL_EVALUATION] =
        {"id symbol state state_reason origin requested_by locked_by asked as_of_epoch finished "
         "elapsed_ms latency_ms price regime regime_confidence decision agree voters needed "
         "consensus_reason risk_decision shares position_pct stop_loss_pct take_profit_pct "
         "size_reason binding degraded_reason notional risk_usd risk_pct cost_usd reserved_usd "
         "tokens max_cost_usd order_result simulated budget_left fmp_left usual_ms order_id "
         "position_id position_state position_now opened_epoch trade_id pnl_usd pnl_pct "
         "r_multiple exit_reason shadow_state outcome return_pct shadow_r sessions shadow_reason "
         "previous cited_by older newer",
         "agent role vote answer confidence reason wrong_evidence counted prompt_version cited "
         "base_vote base_answer base_confidence base_reason base_counted base_cited tries "
         "tokens_in tokens_out cost_usd latency_ms status error model waiting_ms brier base_brier",
         "id agent action model status error cost_usd tokens latency_ms request_id request "
         "request_length response response_length",
         "name pct note applied binding", "name state source reason age_s n",
         "id state source reason unit value is_text age_s"},
    [DETAIL_TRADE] = OF_POSITION,
    [DETAIL_POSITION] = OF_POSITION,
    [DETAIL_ADJUSTMENT] =
        {"id name title unit old_value new_value low high baseline direction class confidence "
         "status version digest reasoning quote created created_epoch risk_level priority "
         "decided_by decided decision_reason applied expires_epoch threshold proposed_by cycle "
         "not_auto last_change shadow_text source n used changed unknown weeks mean_old mean_new "
         "won_old won_new n_new effect verdict stale beside changed_at drawdown_old drawdown_new "
         "expected bounds "
         "delta_low delta_high window_from window_to model_priority pattern warnings conflicts "
         "in_force open_positions hidden_until hold_s reviewing_by shadow_trades shadow_from "
         "shadow_done reverts reverted_by measured_state measured_text measured_n "
         "measured_effect measured_low measured_high horizon place places older newer",
         "object trade_id evaluation_id symbol entered r_old r_new pnl_usd exit_reason",
         "at old_value new_value set_by adjustment_id status state n effect text",
         "at who verb reason"},
    [DETAIL_AGENT] = {"agent calls calls_day cost_usd cost_day tokens_in tokens_out tokens_cached "
                      "p50 p95 slowest bad model role simulated votes older newer",
                      "kind n example", "name n", "source n brier hit opinions gain se weeks",
                      "low source n stated real fitted",
                      "prompt_name version status since length sha performance_score n brier",
                      "evaluation_id symbol at vote answer confidence outcome brier reason source"},
    [DETAIL_ALERT] = {"id rule object severity text fix raised raised_epoch cleared acked "
                      "acked_by condition clears muted_until muted_by older newer",
                      "id raised cleared severity object acked_by text"},
    [DETAIL_PARAMETER] = {"name title unit low high step baseline direction class does value "
                          "version set_by since since_epoch now_epoch versions pending older newer",
                          "id at epoch value set_by adjustment_id status n won mean_r state "
                          "measured_n effect",
                          "id at old_value new_value confidence verdict status decided_by "
                          "decision_reason"},
    [DETAIL_CYCLE] = {"id trigger requested_by state reason trades cases patterns tested confirmed "
                      "proposals queued applied rejected cost_usd degraded degraded_reason "
                      "candidates considered compared bad_answers thinned lookback_days started "
                      "finished older newer",
                      "condition title status n_in n_out rate_in rate_lo rate_hi mean_r_in "
                      "mean_r_out r_lo r_hi p q why quote untested",
                      "id parameter_name old_value new_value confidence risk_level priority status "
                      "verdict why"},
    [DETAIL_SYMBOL] =
        {"symbol position_id position_state quantity entry_price last_price last_epoch pnl_pct "
         "pnl_usd watched evaluation_id price price_epoch regime regime_confidence company sector "
         "rank score round plan_reason planned evaluations trades won total_usd mean_r older newer",
         "id at decision agreement price regime shares order_result why outcome r_multiple",
         "name value guard_limit unit distance blocks max_shares text",
         "id closed pnl_usd pnl_pct r_multiple exit_reason"},
};

const char *detail_columns(enum detail_kind kind, int part)
{
    return columns_of[kind][part];
}

/* ---- building */

static struct snapshot *into;
static enum detail_kind of;

static void begin_part(int part, size_t nrows)
{
    struct snap *snap = &into->detail[part];
    struct rows *r = &snap->rows;
    const char *p = columns_of[of][part];
    assert(p != NULL && r->nrows == 0);
    r->column = arena_alloc(&r->arena, 120 * sizeof *r->column);
    while (*(p += strspn(p, " "))) {
        char name[48];
        size_t n = strcspn(p, " ");
        copy_bytes(name, sizeof name, p, n);
        r->column[r->ncols++] = arena_text(&r->arena, name);
        p += n;
    }
    r->nrows = nrows;
    r->cell = arena_alloc(&r->arena, (nrows * r->ncols + 1) * sizeof *r->cell);
    snap->loaded_at = into->monotonic - USEC_SECOND / 2;
}

static void put(int part, size_t row, const char *column, const char *value)
{
    struct rows *r = &into->detail[part].rows;
    for (size_t c = 0; c < r->ncols; c++) {
        if (strcmp(r->column[c], column) == 0) {
            r->cell[row * r->ncols + c] = arena_text(&r->arena, value);
            return;
        }
    }
    assert(!"no such column");
}

/* "name=value" each, NULL at the end; what is not named is NULL. */
static void one(int part, size_t row, const char *const fields[])
{
    for (size_t i = 0; fields[i] != NULL; i++) {
        char name[48];
        size_t n = strcspn(fields[i], "=");
        copy_bytes(name, sizeof name, fields[i], n);
        put(part, row, name, fields[i] + n + 1);
    }
}

/* All cells of each row, apart by '|'; "^" is NULL. */
static void many(int part, const char *const lines[], size_t n)
{
    begin_part(part, n);
    struct rows *r = &into->detail[part].rows;
    for (size_t i = 0; i < n; i++) {
        const char *p = lines[i];
        for (size_t c = 0; c < r->ncols; c++) {
            size_t len = strcspn(p, "|");
            char *text = mem_alloc(len + 1);
            copy_bytes(text, len + 1, p, len);
            if (strcmp(text, "^") != 0)
                r->cell[i * r->ncols + c] = arena_text(&r->arena, text);
            mem_free(text);
            assert(p[len] == '|' || c + 1 == r->ncols); /* a cell too few */
            p += len + (p[len] == '|');
        }
        assert(*p == '\0'); /* a cell too many */
    }
}
#define MANY(part, ...)                                                                            \
    many(part, (const char *const[]){__VA_ARGS__},                                                 \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
#define ONE(part, row, ...) one(part, row, (const char *const[]){__VA_ARGS__, NULL})

/* ---- evaluations */

static void facts_and_inputs(void)
{
    MANY(4, "quote|PRESENT|fmp|^|0|^", "bars|PRESENT|fmp|^|64800|1978",
         "benchmark_bars|STALE|fmp|the newest is old|151200|1978", "profile|PRESENT|fmp|^|86400|^",
         "fundamentals|ABSENT|fmp|403: the plan does not have it|^|^", "news|PRESENT|rss|^|2280|9");
    MANY(5, "price|PRESENT|fmp|^|$|482.10|f|0", "sma_20|PRESENT|fmp|^|$|471.90|f|64800",
         "sma_50|PRESENT|fmp|^|$|455.00|f|64800", "sma_200|PRESENT|fmp|^|$|401.20|f|64800",
         "rsi|PRESENT|fmp|^||58.2|f|64800", "atr|PRESENT|fmp|^|$|11.20|f|64800",
         "adx|PRESENT|fmp|^||28.5|f|64800", "volume_ratio|ABSENT|fmp|no volume|x|^|f|^",
         "beta|PRESENT|fmp|^|x|1.61|f|64800",
         "n2|PRESENT|rss|^||2025-11-20 18:54 UTC, The Ledger Post: Data-centre order "
         "confirmed|t|2280");
}

static void evaluation_ended(void)
{
    begin_part(0, 1);
    ONE(0, 0, "id=412", "symbol=NVDA", "state=DECIDED", "state_reason=", "origin=operator",
        "requested_by=ops@10.0.0.7", "asked=2025-11-20 14:31:49", "as_of_epoch=1763667109",
        "finished=t", "elapsed_ms=18000", "latency_ms=8903", "price=482.1", "regime=BULL",
        "regime_confidence=78", "decision=BUY", "agree=2", "voters=3", "needed=2",
        "consensus_reason=2 of 3 say BUY, 2 needed", "risk_decision=APPROVE", "shares=10",
        "position_pct=4.81", "stop_loss_pct=3.96", "take_profit_pct=7.86",
        "size_reason=EXPLORATION: 6 closed trades, Kelly needs 30", "binding=position cap",
        "degraded_reason=technical_analyst: no reply within 30 s", "notional=4821",
        "risk_usd=191.00", "risk_pct=0.191", "cost_usd=0.0102", "tokens=6138",
        "order_result=ordered", "simulated=f", "budget_left=4.75", "fmp_left=138", "usual_ms=9000",
        "order_id=d91a", "position_id=31", "position_state=OPEN", "position_now=-0.43",
        "opened_epoch=1763667118", "shadow_state=OPEN",
        "shadow_reason=", "previous=#371 HOLD, #340 BUY +0.41%", "cited_by=#21 #17", "older=411",
        "newer=413");
    begin_part(1, 5);
    ONE(1, 0, "agent=regime_detector", "role=classifier", "vote=HOLD", "answer=BULL",
        "confidence=78", "reason=Trend and breadth agree.", "wrong_evidence=0", "counted=f",
        "prompt_version=3", "base_vote=HOLD", "base_answer=BULL", "base_confidence=74",
        "base_reason=by rule, trend +0.61", "base_counted=f", "tries=1", "tokens_in=520",
        "tokens_out=92", "cost_usd=0.00098", "latency_ms=1388", "status=DONE",
        "model=claude-haiku-4-5-20251001");
    ONE(1, 1, "agent=research", "role=voter", "vote=BUY", "answer=", "confidence=82",
        "reason=Margins expanded five quarters in a row; three of the last four earnings beat. "
        "P/E is above the sector median. Concern: customer concentration, one customer makes a "
        "fifth of the revenue, and its own orders were cut twice this year.",
        "wrong_evidence=1", "counted=t", "prompt_version=7", "cited=price sma_200 gone",
        "base_vote=HOLD", "base_answer=", "base_confidence=55",
        "base_reason=score 52.1 of 100, quality 61", "base_counted=f", "base_cited=rsi", "tries=1",
        "tokens_in=1998", "tokens_out=412", "cost_usd=0.00406", "latency_ms=4602", "status=DONE",
        "model=claude-haiku-4-5-20251001", "brier=0.0324", "base_brier=0.25");
    ONE(1, 2, "agent=news_analyst", "role=voter", "vote=BUY", "answer=", "confidence=71",
        "reason=Data-centre order confirmed by two outlets. No dilution news.", "wrong_evidence=0",
        "counted=t", "prompt_version=5", "cited=n2", "base_vote=BUY",
        "base_answer=", "base_confidence=60", "base_reason=mood +0.41 of 9 headlines",
        "base_counted=f", "tries=2", "tokens_in=988", "tokens_out=216", "cost_usd=0.00207",
        "latency_ms=2114", "status=DONE", "model=claude-haiku-4-5-20251001");
    ONE(1, 3, "agent=technical_analyst", "role=voter", "base_vote=ABSTAIN",
        "base_answer=", "base_confidence=0",
        "base_reason=atr is not known: 14 bars are needed, 9 are there", "base_counted=t",
        "tries=3", "tokens_in=0", "tokens_out=0", "cost_usd=0", "latency_ms=30000", "status=FAILED",
        "error=no reply within 30 s", "model=claude-haiku-4-5-20251001");
    ONE(1, 4, "agent=risk_manager", "role=veto", "vote=HOLD", "answer=APPROVE", "confidence=80",
        "reason=Size and stop fit the account.", "wrong_evidence=0", "counted=t",
        "prompt_version=2", "tries=1", "tokens_in=1610", "tokens_out=302", "cost_usd=0.00312",
        "latency_ms=801", "status=DONE", "model=claude-haiku-4-5-20251001");
    MANY(
        2,
        "5157|research|vote|claude-haiku-4-5-20251001|DONE|^|0.00406|2410|4602|req_011CR|"
        "{\"model\":\"claude-haiku-4-5-20251001\",\"system\":[{\"type\":\"text\",\"text\":\"You "
        "are the research analyst.\\n\\nRules.\\n1. Use only the facts given.\"}]}|9120|"
        "{\"content\":[{\"type\":\"tool_use\",\"input\":{\"decision\":\"BUY\",\"confidence\":82}}]}"
        "|812");
    MANY(3, "position cap|5|5% of equity in one symbol|true|true",
         "risk budget|12.6262|0.5% of equity at the 3.96% stop|true|false",
         "sector|^|the sector is not known|false|false",
         "liquidity|27940.78|1% of $2787041093 traded a day|true|false");
    facts_and_inputs();
}

static void evaluation_running(void)
{
    begin_part(0, 1);
    ONE(0, 0, "id=413", "symbol=AAPL", "state=VOTING", "state_reason=", "origin=operator",
        "requested_by=ops@10.0.0.7", "locked_by=vm/42/7", "asked=2025-11-20 14:32:02",
        "as_of_epoch=1763667122", "finished=f", "elapsed_ms=3700", "price=178.2", "voters=3",
        "needed=2", "degraded_reason=", "cost_usd=0.00305", "reserved_usd=0.0041", "tokens=1816",
        "max_cost_usd=0.05", "simulated=f", "budget_left=4.75", "fmp_left=131", "usual_ms=9000",
        "older=412");
    begin_part(1, 5);
    ONE(1, 0, "agent=regime_detector", "role=classifier", "vote=HOLD", "answer=BULL",
        "confidence=78", "reason=Trend and breadth agree.", "counted=f", "tries=1", "tokens_in=520",
        "tokens_out=92", "cost_usd=0.00098", "latency_ms=1388", "status=DONE",
        "model=claude-haiku-4-5-20251001");
    ONE(1, 1, "agent=research", "role=voter", "tries=2", "tokens_in=0", "tokens_out=0",
        "status=SENT", "model=claude-haiku-4-5-20251001", "waiting_ms=2100");
    ONE(1, 2, "agent=news_analyst", "role=voter", "vote=BUY", "answer=", "confidence=71",
        "reason=Order confirmed.", "counted=t", "tries=1", "tokens_in=988", "tokens_out=216",
        "cost_usd=0.00207", "latency_ms=2114", "status=DONE", "model=claude-haiku-4-5-20251001");
    ONE(1, 3, "agent=technical_analyst", "role=voter", "tries=1", "tokens_in=0", "tokens_out=0",
        "status=FAILED", "error=529 overloaded", "latency_ms=900",
        "model=claude-haiku-4-5-20251001");
    ONE(1, 4, "agent=risk_manager", "role=veto", "tries=0");
}

/* ---- positions */

#define TSLA                                                                                       \
    "position_id=30", "symbol=TSLA", "quantity=25", "entry_price=200.26",                          \
        "opened_epoch=1763491090", "opened=2025-11-18 13:38:10", "initial_stop=196.6",             \
        "target_price=210", "low_price=196.54", "high_price=201.5", "trail_atr=3", "time_exit=20", \
        "risk_usd=91.5", "risk_pct=0.0915", "fees_usd=0.02", "slippage_usd=3.91",                  \
        "model_usd=0.0077", "dividends=0", "regime=BULL", "regime_confidence=74",                  \
        "regime_later=HIGH_VOL", "regime_later_confidence=61", "sentiment=0.18",                   \
        "sentiment_later=-0.12", "evaluation_id=398", "decision=BUY", "agreement=2/2",             \
        "simulated=f", "older=87"

static void tesla_parts(void)
{
    MANY(1, "11-18|200.9", "11-19|199.2");
    MANY(2, "news_analyst|model|BUY|71|^", "research|model|BUY|82|0.6724",
         "technical_analyst|baseline|ABSTAIN|0|^");
    MANY(3, "11-18 13:37|ENTRY|MARKET|25|25|^|FILLED|200.26|11-18 13:38||ops",
         "11-18 13:38|EXIT|STOP|25|25|196.6|FILLED|196.62|11-20 14:30|stop_loss|^",
         "11-18 13:38|EXIT|LIMIT|25|0|210|CANCELLED|^|^|take_profit: the position is closed|^");
    MANY(4, "84|11-11 15:40|64.1|1.28|0.7|take_profit|BULL",
         "61|10-30 11:02|-91|-1.82|-0.99|stop_loss|HIGH_VOL");
}

static void trade(void)
{
    begin_part(0, 1);
    ONE(0, 0, TSLA, "trade_id=88", "state=CLOSED", "exit_price=196.62", "last_price=196.62",
        "pnl_usd=-91", "pnl_pct=-1.8177", "r_multiple=-0.99", "mfe_pct=0.62", "mae_pct=-1.86",
        "exit_reason=stop_loss", "exit_why=", "closed=2025-11-20 14:30:02",
        "closed_epoch=1763667002", "stop_price=196.6",
        "catalyst=2025-11-20 19:02 UTC, Bayfront Business: TSLA recall widened",
        "parameters=stop_mult 1.5  time_exit 20", "cited_by=#17");
    tesla_parts();
}

static void position(void)
{
    begin_part(0, 1);
    ONE(0, 0, TSLA, "state=OPEN", "last_price=206.4", "last_epoch=1763667092", "pnl_usd=153.5",
        "pnl_pct=3.066", "r_multiple=1.68", "mfe_pct=3.2", "mae_pct=-1.1", "stop_price=201.4",
        "unpriced=2025-11-20 14:20:00", "unpriced_reason=429 from fmp", "newer=31");
    tesla_parts();
}

/* ---- the others */

#define STOP_MULT                                                                                  \
    "name=stop_mult", "title=stop distance", "unit=x beta x ATR", "low=1", "high=3",               \
        "baseline=1.5", "direction=rises", "class=exit"

static void adjustment(void)
{
    begin_part(0, 1);
    ONE(0, 0, "id=17", STOP_MULT, "old_value=1.75", "new_value=1.25", "confidence=74",
        "status=PENDING", "version=3", "reasoning=by code",
        "quote=11 of 14 losing trades passed -2.6% without recovering; a tighter stop would "
        "have cut the average loss from -3.1% to -2.6%.",
        "created=09:30", "changed_at=09:30", "created_epoch=1763649010", "risk_level=LOW",
        "priority=MEDIUM", "expires_epoch=1763908210", "threshold=80",
        "proposed_by=strategy_builder", "cycle=9",
        "not_auto=confidence 74 < 80; priority MEDIUM, needs HIGH", "source=replay", "n=63",
        "used=58", "changed=14", "unknown=5", "weeks=9", "mean_old=0.05", "mean_new=0.11",
        "won_old=33", "won_new=35", "effect=0.061", "delta_low=-0.11", "delta_high=0.24",
        "verdict=NOT PROVEN", "drawdown_old=4.2", "drawdown_new=3.6", "window_from=2025-08-21",
        "window_to=2025-11-19", "pattern=regime HIGH_VOL at entry",
        "expected=smaller average loss, slightly more stop-outs", "warnings=2nd cut in 30 days",
        "conflicts=#22 -> 2", "in_force=1.75", "open_positions=4", "hold_s=0",
        "reviewing_by=desk@10.0.0.9", "place=1", "places=3", "older=16", "newer=18");
    MANY(1, "evaluation 396|^|396|META|11-14|0.4|1.2|^|not traded",
         "trade 88|88|398|TSLA|11-18|-1|-0.6|-91|stop_loss",
         "trade 61|61|344|ORCL|10-30|-1.02|-0.81|-40.22|stop_loss");
    MANY(2, "11-08 12:10|1.5|1.75|desk|5|AUTO_APPLIED|better|60|0.08|60 of 60 trades: kept",
         "10-12 00:30|2|1.5|ops|3|APPLIED|worse|60|-0.05|",
         "09-30 18:02|1.5|2|desk|2|ROLLED_BACK|^|^|^|^", "09-01 00:00|1.5|1.5|ops|^|^|^|^|^|^");
    MANY(3, "11-20 10:02|ops@10.0.0.7|note|ask again when there are 100 cases",
         "11-20 09:40|ops@10.0.0.7|undo|^");
}

/* Within its ten seconds. */
static void adjustment_held(void)
{
    adjustment();
    ONE(0, 0, "status=APPROVED", "decided_by=ops@10.0.0.7", "decided=14:32", "changed_at=14:32",
        "hold_s=8");
}

static void adjustment_shadow(void)
{
    begin_part(0, 1);
    ONE(0, 0, "id=18", "name=rsi_max", "title=highest RSI", "unit=RSI", "low=60", "high=90",
        "baseline=off", "direction=rises", "class=filter", "old_value=off", "new_value=75",
        "confidence=68.4", "status=SHADOW", "version=1", "reasoning=No entry above RSI 75.",
        "created=11-19 19:30", "changed_at=11-19 19:30", "created_epoch=1763598610",
        "risk_level=LOW", "priority=LOW", "threshold=80", "proposed_by=baseline", "cycle=8",
        "not_auto=22 cases, needs 30", "source=filter", "n=22", "used=22", "n_new=15", "changed=7",
        "unknown=0", "mean_old=0.05", "mean_new=0.19", "won_old=9", "won_new=8", "effect=0.14",
        "verdict=NOT PROVEN", "expected=7 of 22 entries less", "open_positions=4", "hold_s=0",
        "shadow_trades=20", "shadow_from=11-20 09:40", "shadow_done=5",
        "shadow_text=5 trades more, +0.02 R", "place=2", "places=3", "older=17");
    many(1, NULL, 0);
    many(2, NULL, 0);
    many(3, NULL, 0);
}

static void adjustment_applied(void)
{
    begin_part(0, 1);
    ONE(0, 0, "id=5", STOP_MULT, "old_value=1.5", "new_value=1.75", "confidence=84",
        "status=AUTO_APPLIED", "version=1", "reasoning=Wider stops survive the open.",
        "created=11-08 12:09", "created_epoch=1762621740", "risk_level=LOW", "priority=HIGH",
        "threshold=80", "proposed_by=baseline", "cycle=5", "source=trades", "n=84", "used=84",
        "effect=0.31", "delta_low=0.11", "delta_high=0.52", "verdict=PROVEN",
        "expected=fewer stop-outs", "decided_by=gate", "decided=11-08 12:10",
        "changed_at=11-08 12:10", "applied=11-08 12:10", "measured_state=better", "measured_n=60",
        "measured_effect=0.08", "measured_low=0.01", "measured_high=0.15",
        "measured_text=60 of 60 trades: kept", "open_positions=4", "hold_s=0", "place=5",
        "places=12", "older=4", "newer=6");
    many(1, NULL, 0);
    many(2, NULL, 0);
    many(3, NULL, 0);
}

static void adjustment_decided(void)
{
    begin_part(0, 1);
    ONE(0, 0, "id=16", "name=trail_atr", "old_value=3", "new_value=2.5", "confidence=91.4",
        "status=REJECTED", "version=1", "reasoning=", "created=11-19 19:30",
        "created_epoch=1763598610", "risk_level=HIGH", "priority=HIGH", "decided_by=ops@10.0.0.7",
        "decided=14:02", "changed_at=14:02", "decision_reason=n=6 too small", "threshold=80",
        "proposed_by=baseline", "open_positions=4", "in_force=3.5", "hold_s=0", "place=6",
        "places=12");
    many(1, NULL, 0);
    many(2, NULL, 0);
    many(3, NULL, 0);
}

static void agent(void)
{
    begin_part(0, 1);
    ONE(0, 0, "agent=research", "calls=196", "calls_day=28", "cost_usd=0.8123", "cost_day=0.1204",
        "tokens_in=412000", "tokens_out=60120", "tokens_cached=180400", "p50=4400", "p95=9800",
        "slowest=29100", "bad=8", "model=claude-haiku-4-5-20251001", "role=voter", "simulated=f",
        "votes=188", "older=regime_detector", "newer=risk_manager");
    MANY(1, "5|timeout|no reply within 30 s", "3|form|confidence: 140 is not 0 to 100");
    MANY(2, "<0.1s|0", "<0.5s|0", "<1s|2", "<2s|14", "<5s|120", "<10s|51", "<30s|9", "30s+|0");
    MANY(3, "model|703|0.2217|0.58|536|0.0234|0.009|14",
         "baseline|703|0.2451|0.51|447|0.0234|0.009|14");
    MANY(4, "50|model|11|50.4|54.5|52", "60|model|104|66.8|55.1|55.9", "70|model|296|75.1|58|58.2",
         "90|model|8|91|50|^");
    MANY(5, "system|7|ACTIVE|11-01 09:00|2048|b86d094a3509|^|188|0.221",
         "system|6|RETIRED|10-02 09:00|1990|0c11d094a350|^|515|0.2301");
    MANY(6, "412|NVDA|11-20 14:31|BUY||82|^|^|Margins expanded five quarters in a row.|model",
         "409|AMD|11-20 13:41|BUY||80|stop|0.64|Cheap against its peers.|model",
         "401|META|11-20 10:12|ABSTAIN||0|^|^|no statements|baseline");
}

static void agent_fresh(void)
{
    begin_part(0, 1);
    ONE(0, 0, "agent=learning", "calls=0", "calls_day=0", "bad=0", "simulated=t", "votes=0",
        "newer=news_analyst");
    for (int i = 1; i <= 6; i++)
        many(i, NULL, 0);
}

static void alert(void)
{
    begin_part(0, 1);
    ONE(0, 0, "id=9", "rule=pos.loss", "object=position 30", "severity=W",
        "text=TSLA lost 5.1 % since its entry", "fix=quorum close TSLA, or let the stop work",
        "raised=2025-11-20 13:30:00", "raised_epoch=1763663400", "condition=a position lost 5 %",
        "clears=above -2.5 % or ack", "muted_until=2025-11-20 16:00:00", "muted_by=desk",
        "older=8");
    MANY(1, "8|11-19 10:00|11-19 15:12|W|position 28|ops|AMD lost 5.0 % since its entry",
         "3|11-12 10:00|^|C|||a person wrote this");
}

static void parameter(void)
{
    begin_part(0, 1);
    ONE(0, 0, STOP_MULT, "step=0.25", "does=how far below the entry the stop of a position is",
        "value=1.75", "version=9", "set_by=desk", "since=2025-11-08 12:10",
        "since_epoch=1762621800", "now_epoch=1763667127", "versions=4",
        "pending=#17 1.75 -> 1.25, #22 1.75 -> 2 SHADOW", "newer=target_mult");
    MANY(1, "9|11-08 12:10|1762621800|1.75|desk|5|AUTO_APPLIED|12|7|0.21|better|60|0.08",
         "4|10-12 00:30|1760243400|1.5|ops|3|APPLIED|30|15|-0.04|worse|60|-0.05",
         "2|09-30 18:02|1759269720|2|desk|2|ROLLED_BACK|9|2|-0.31|rolled back|9|-0.4",
         "1|09-01 00:00|1756699200|1.5|ops|^|^|0|0|^|^|^|^");
    MANY(2, "17|11-20 09:30|1.75|1.25|74|NOT PROVEN|PENDING|^|^",
         "5|11-08 12:09|1.5|1.75|83|PROVEN|AUTO_APPLIED|gate|all conditions hold");
}

/* A filter that was never on. */
static void parameter_off(void)
{
    begin_part(0, 1);
    ONE(0, 0, "name=rsi_max", "title=highest RSI", "unit=RSI", "low=60", "high=90", "step=5",
        "baseline=off", "direction=rises", "class=filter", "does=no entry above this RSI",
        "value=off", "now_epoch=1763667127", "versions=0", "older=exploration_pct",
        "newer=min_volume_ratio");
    many(1, NULL, 0);
    many(2, NULL, 0);
}

static void cycle(void)
{
    begin_part(0, 1);
    ONE(0, 0, "id=9", "trigger=schedule", "requested_by=schedule", "state=DONE", "trades=42",
        "cases=118", "patterns=2", "tested=31", "confirmed=1", "proposals=3", "queued=2",
        "applied=0", "rejected=1", "cost_usd=0.0213", "degraded=f", "candidates=204",
        "considered=14", "compared=30", "bad_answers=1", "thinned=6", "lookback_days=90",
        "started=2025-11-20 09:30", "finished=2025-11-20 09:30", "older=8");
    MANY(1,
         "exit_late|exit by time after 15:30|confirmed|21|97|38|20.8|59.1|-0.35|0.12|-0.61|-0.08|"
         "0.004|0.05|confirmed by 84 cases entered since|^|1",
         "regime_high_vol|regime HIGH_VOL at entry|candidate|19|99|15.8|5.5|37.6|-0.62|0.21|"
         "-0.93|-0.2|0.004|0.07|to be confirmed by cases entered from now on|Stops are hit within "
         "days when volatility is high at entry|1",
         "regime_bull|regime BULL at entry|exploratory|40|78|42.5|28.5|57.8|0.12|-0.2|-0.1|0.35|"
         "0.3|0.6|chance explains it|^|1",
         "sector_energy|sector Energy|untested|2|116|50|10|90|0.3|0|^|^|1|1|2 in the arm|^|1");
    MANY(2, "17|stop_mult|1.75|1.25|74|LOW|MEDIUM|PENDING|NOT PROVEN|confidence 74 < 80",
         "18|rsi_max|off|75|68.4|LOW|LOW|PENDING|NOT PROVEN|22 cases, needs 30",
         "19|min_volume_ratio|off|0.8|51|LOW|LOW|REJECTED|NOT PROVEN|confidence 51 < 60");
}

static void cycle_refused(void)
{
    begin_part(0, 1);
    ONE(0, 0, "id=3", "trigger=operator", "requested_by=ops", "state=REFUSED",
        "reason=needs 10 trades, there are 6", "trades=6", "cost_usd=0", "degraded=f",
        "lookback_days=90", "started=2025-11-01 09:30", "finished=2025-11-01 09:30", "newer=4");
    many(1, NULL, 0);
    many(2, NULL, 0);
}

static void symbol(void)
{
    begin_part(0, 1);
    ONE(0, 0, "symbol=NVDA", "position_id=31", "position_state=OPEN", "quantity=10",
        "entry_price=482.1", "last_price=480.05", "last_epoch=1763667100", "pnl_pct=-0.4252",
        "pnl_usd=-20.5", "watched=t", "evaluation_id=412", "price=482.1", "price_epoch=1763667109",
        "regime=BULL", "regime_confidence=78", "company=NVIDIA Corporation", "sector=Technology",
        "rank=3", "score=4.2", "round=11-20 15:30", "plan_reason=", "planned=t", "evaluations=52",
        "trades=4", "won=3", "total_usd=12345.6", "mean_r=0.4", "older=MSFT", "newer=PFE");
    MANY(1, "412|11-20 14:31|BUY|2/3|482.1|BULL|10|ordered|ordered|^|^",
         "371|11-19 10:02|HOLD|1/3|479|BULL|^|^|1 of 3 say BUY, 2 needed|target|1.98",
         "340|11-14 10:02|FAILED|^|^|^|^|^|no quote|^|^");
    MANY(2, "control|^|^|state|^|f|^|", "cash|85109.04|2018.14|$|83090.9|f|169|",
         "holding|1|1|positions|0|t|0|NVDA is held or ordered already");
    MANY(3, "80|11-12 15:40|64.1|1.28|0.7|take_profit");
}

static void symbol_unknown(void)
{
    begin_part(0, 1);
    ONE(0, 0, "symbol=UBER", "watched=f", "planned=f", "evaluations=0", "trades=0", "won=0");
    many(1, NULL, 0);
    many(2, NULL, 0);
    many(3, NULL, 0);
}

static void text(void)
{
}

static void (*const makers[])(void) = {evaluation_ended,
                                       evaluation_running,
                                       evaluation_ended,
                                       evaluation_ended,
                                       trade,
                                       position,
                                       adjustment,
                                       adjustment_held,
                                       adjustment_shadow,
                                       adjustment_applied,
                                       adjustment_decided,
                                       agent,
                                       agent_fresh,
                                       alert,
                                       parameter,
                                       parameter_off,
                                       cycle,
                                       cycle_refused,
                                       symbol,
                                       symbol_unknown,
                                       text};
const struct detail_example detail_examples[] = {
    {"evaluation", DETAIL_EVALUATION, "412", 0, 1},
    {"evaluation_running", DETAIL_EVALUATION, "413", 0, 0},
    {"evaluation_words", DETAIL_EVALUATION, "412", 1, 1},
    {"evaluation_wire", DETAIL_EVALUATION, "412", 2, 1},
    {"trade", DETAIL_TRADE, "88", 0, 0},
    {"position", DETAIL_POSITION, "30", 0, 0},
    {"adjustment", DETAIL_ADJUSTMENT, "17", 0, 0},
    {"adjustment_held", DETAIL_ADJUSTMENT, "17", 0, 0},
    {"adjustment_shadow", DETAIL_ADJUSTMENT, "18", 0, 0},
    {"adjustment_applied", DETAIL_ADJUSTMENT, "5", 0, 0},
    {"adjustment_decided", DETAIL_ADJUSTMENT, "16", 0, 0},
    {"agent", DETAIL_AGENT, "research", 0, 0},
    {"agent_fresh", DETAIL_AGENT, "learning", 0, 0},
    {"alert", DETAIL_ALERT, "9", 0, 0},
    {"parameter", DETAIL_PARAMETER, "stop_mult", 0, 0},
    {"parameter_off", DETAIL_PARAMETER, "rsi_max", 0, 0},
    {"cycle", DETAIL_CYCLE, "9", 0, 0},
    {"cycle_refused", DETAIL_CYCLE, "3", 0, 0},
    {"symbol", DETAIL_SYMBOL, "NVDA", 0, 0},
    {"symbol_unknown", DETAIL_SYMBOL, "UBER", 0, 0},
    {"text", DETAIL_TEXT, "", 0, 0},
};
const size_t ndetail_examples = ARRAY_LEN(detail_examples);

static const char answer[] = "SYMBOL  QTY   ENTRY     LAST\n"
                             "AAPL     28  175.50   178.20\n"
                             "NVDA     10  482.10   480.05\n"
                             "\n"
                             "2 positions, open +55.10; a line that is longer than what there is "
                             "room for goes on in the next one, between two words.\n";

void detail_fixture(const struct detail_example *x, struct snapshot *s, struct detail_view *v)
{
    *s = (struct snapshot){.connected = true,
                           .price_places = PRICE_PLACES,
                           .now = INT64_C(1763667127) * USEC_SECOND,
                           .monotonic = 1000 * USEC_SECOND};
    *v = (struct detail_view){.kind = x->kind, .depth = x->depth, .item = x->item};
    v->drawn.item = x->item;
    v->drawn.depth = x->depth;
    copy_text(v->id, sizeof v->id, x->id);
    if (x->kind == DETAIL_TEXT) {
        v->text = mem_text(answer);
        copy_text(v->title, sizeof v->title, "positions");
    }
    into = s;
    of = x->kind;
    makers[x - detail_examples]();
}

void detail_fixture_fill(struct snapshot *s, const char *fill)
{
    for (int p = 0; p < DETAIL_PARTS; p++) {
        struct rows *r = &s->detail[p].rows;
        char *copy = arena_text(&r->arena, fill);
        for (size_t i = 0; i < r->nrows * r->ncols; i++)
            if (r->cell[i] != NULL)
                r->cell[i] = copy;
    }
}

void detail_fixture_release(struct snapshot *s, struct detail_view *v)
{
    for (int p = 0; p < DETAIL_PARTS; p++)
        rows_release(&s->detail[p].rows);
    mem_free(v->text);
    *s = (struct snapshot){0};
    *v = (struct detail_view){0};
}
