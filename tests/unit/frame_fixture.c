/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/frame_fixture.h"

#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"
#include "quorum/timeutil.h"

enum { LONG_AGO = 1000 }; /* seconds on the monotonic clock */

/* One cell of the words between '|'; "" when there are not so many. */
static void take_word(const char *line, size_t index, char *out, size_t size)
{
    while (index-- > 0 && line != NULL) {
        line = strchr(line, '|');
        line = line != NULL ? line + 1 : NULL;
    }
    out[0] = '\0';
    if (line != NULL)
        copy_bytes(out, size, line, strcspn(line, "|"));
}

static size_t count_words(const char *line)
{
    size_t n = 1;
    for (; *line; line++)
        n += *line == '|';
    return n;
}

/* Cells "^" are NULL. */
static void fill(struct snap *snap, const char *columns, const char *const lines[], size_t n)
{
    struct rows *r = &snap->rows;
    char word[256];
    rows_release(r);
    r->ncols = count_words(columns);
    r->nrows = n;
    r->column = arena_alloc(&r->arena, r->ncols * sizeof *r->column);
    r->cell = arena_alloc(&r->arena, (n * r->ncols + 1) * sizeof *r->cell);
    for (size_t c = 0; c < r->ncols; c++) {
        take_word(columns, c, word, sizeof word);
        r->column[c] = arena_text(&r->arena, word);
        for (size_t i = 0; i < n; i++) {
            take_word(lines[i], c, word, sizeof word);
            r->cell[i * r->ncols + c] = strcmp(word, "^") == 0 ? NULL : arena_text(&r->arena, word);
        }
    }
    snap->loaded_at = LONG_AGO * USEC_SECOND - USEC_SECOND / 2;
}

/* Lines name only the columns that are seen, in their order; `more` are columns for the note. */
static void fill_list(struct snapshot *s, enum panel_id id, const char *more,
                      const char *const lines[], size_t n)
{
    char columns[1024] = "object", row[20][1024];
    const char *all[20];
    const struct panel *p = &panels[id];
    size_t extra = *more ? count_words(more) : 0;
    for (size_t c = 0; c < p->ncolumns; c++) {
        size_t len = strlen(columns);
        snprintf(columns + len, sizeof columns - len, "|%zu", c);
    }
    if (extra) {
        size_t len = strlen(columns);
        snprintf(columns + len, sizeof columns - len, "|%s", more);
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = 1;
        char word[256];
        take_word(lines[i], 0, row[i], sizeof row[i]);
        for (size_t c = 0; c < p->ncolumns + extra; c++) {
            size_t len = strlen(row[i]);
            bool hidden = c < p->ncolumns && p->column[c].look == LOOK_HIDDEN;
            take_word(lines[i], hidden ? 99 : at, word, sizeof word);
            at += !hidden;
            snprintf(row[i] + len, sizeof row[i] - len, "|%s", word);
        }
        all[i] = row[i];
    }
    fill(&s->panel[id], columns, all, n);
}

#define FILL(name, more, ...)                                                                      \
    do {                                                                                           \
        static const char *const lines_[] = {__VA_ARGS__};                                         \
        fill_list(s, name, more, lines_, ARRAY_LEN(lines_));                                       \
    } while (0)

static void fill_status(struct snapshot *s, const char *line)
{
    fill(&s->status,
         "state|pending|alerts|alert_worst|llm_spent|llm_limit|llm_projected|fmp_used|fmp_limit|"
         "regime|regime_conf|regime_age|market|market_change|engine_beat|engines|equity|open_pnl|"
         "day_pnl|cash|positions|positions_max|next_learn|pending_oldest|trades|learning|"
         "learning_needs|engine_up|evaluations_left|evaluations_binding",
         (const char *const[]){line}, 1);
}

static void fill_reasons(struct snapshot *s)
{
    static const char *const lines[] = {"reject|n=6 too small", "pause|lunch", "reject|stale"};
    fill(&s->reasons, "verb|reason", lines, ARRAY_LEN(lines));
}

static void fill_trading(struct snapshot *s)
{
    FILL(PANEL_POSITIONS, "",
         "position 1|AAPL|B|28|175.50|178.20|+75.60|+1.54%|169.88|190.42|3h12|BULL|#402|+0.48|"
         "+1.90%|-0.40%",
         "position 2|NVDA|B|10|482.10|480.05|-20.50|-0.43%|463.00|520.00|9s|BULL|#412|-0.11|"
         "+0.00%|-0.43%",
         "position 3|MSFT|B|12|402.00|405.10|+37.20|+0.77%|389.90|430.00|1d02|SIDEWAYS|#377|+0.26|"
         "+1.10%|-0.90%",
         "position 4|AMD|B|33|151.20|151.95|+24.75|+0.50%|146.70|163.00|2h40*|BULL|#409|+0.17|"
         "+0.70%|-0.20%");
    FILL(PANEL_PENDING, "told",
         "adjustment 17|#17|stop_mult|1.75|->|1.25|74%|LOW|MED|5h02|2d18h|NOT PROVEN|58|+0.061|"
         "strategy_builder|#9|+0.061 R a trade [-0.110, +0.240], n=58: NOT PROVEN",
         "adjustment 18|#18|rsi_max|off|->|75.00|68%|MED|HIGH|5h02*|2d18h|NOT PROVEN|22|+0.140|"
         "baseline|#9|being reviewed by desk@10.0.0.9; +0.140 R a trade, n=22: NOT PROVEN",
         "adjustment 21|#21|target_mult|4.00|->|5.00|63%|MED|MED|44m|2d23h|PROVEN|84|+0.310|"
         "strategy_builder|#9|+0.310 R a trade [+0.110, +0.520], n=84: PROVEN");
    FILL(PANEL_TRADES, "pnl_dollars|is_today",
         "trade 88|#88|TSLA|14:30:02|-91.00|-1.82%|stop_loss|BULL|-12|52m|#398|-0.99|recall "
         "widened|-91.00|t",
         "trade 87|#87|META|13:55:20|+88.40|+2.10%|take_profit|BULL|+41|2h05|#391|+2.01|^|88.40|t",
         "trade 86|#86|AMZN|12:40:11|+21.75|+0.44%|time_exit|SIDEWAYS|+8|4h00|#377|+0.40|^|21.75|t",
         "trade 85|#85|GOOG|11:58:00|+44.10|+0.91%|take_profit|BULL|+22|1h31|#372|+1.90|^|44.10|t",
         "trade 84|#84|NFLX|11:02:45|-15.00|-0.31%|manual|HIGH_VOL|-30|22m|#369|-0.20|^|-15.00|t",
         "trade 83|#83|AAPL|11-19 "
         "15:40|+48.00|+0.96%|take_profit|BULL|+35|48m|#366|+1.95|^|48.00|f");
    FILL(PANEL_WATCHLIST, "", "symbol NVDA|NVDA|480.05|-0.31%|58|1.2|BULL|#412 BUY 2/2|in position",
         "symbol TSLA|TSLA|241.10|-2.10%|41|1.9|HIGH_VOL|#411 HOLD 1/2|no consensus",
         "symbol INTC|INTC|29.90|+0.00%|48|0.7|SIDEWAYS|-|cooldown 18m");
}

static void fill_events(struct snapshot *s)
{
    FILL(PANEL_ACTIVITY, "",
         "evaluation 412|14:31:58|eval|#412|NVDA  BUY 2/2 (need 2)  risk APPROVE 10 sh|$0.010|8.9s",
         "evaluation 412|14:31:57|vote|^|news_analyst  BUY 71%  1,204 tok|$0.002|2.1s",
         "evaluation 412|14:31:55|vote|^|research  BUY 82%  2,410 tok|$0.004|4.6s",
         "trade 88|14:30:02|trade|#88|TSLA  exit STOP_LOSS  -1.82%  -91.00|^|^",
         "evaluation 411|14:28:40|eval|#411|TSLA  HOLD 1/2 (need 2)  no consensus|$0.007|7.7s",
         "action 7|14:02:33|oper|#7|ops@10.0.0.7 rejected #16 \"n=6 too small\"|^|^",
         "|13:58:01|fmp|^|429 from fmp, retry in 30s (1/3)|^|^",
         "alert 9|13:30:00|warn|#9|pend  #17 #18 wait for review since 4 h|^|^",
         "cycle 9|09:30:10|learn|#9|42 trades  2 proposals: 0 auto, 2 review, 0 rejected|^|^");
    FILL(PANEL_ALERTS, "", "alert 9|W|13:30:00|pending.age|#17 #18 waiting for review > 4 h|open",
         "alert 10|i|13:58:01|fmp.429|recovered after 1 retry|open");
    FILL(PANEL_EVALUATIONS, "",
         "evaluation 412|#412|14:31:49|NVDA|operator|BUY|2/2|82%|$0.010|8.9s|open -0.43%",
         "evaluation 411|#411|14:28:32|TSLA|schedule|HOLD|1/2|55%|$0.007|7.7s|^",
         "evaluation 410|#410|13:50:05|META|schedule|NO_QUORUM|0/2|^|$0.007|6.9s|^");
    FILL(PANEL_LOG, "", "|14:31:58.102|INFO|eval|#412 committed: decision=BUY agreement=2/2",
         "|13:58:01.000|WARN|fmp|429 Too Many Requests endpoint=ratios retry_in=30s");
    FILL(PANEL_LEARNING, "", "cycle 9|#9|09:30:00|42|4|2|0|2|0|$0.020",
         "cycle 8|#8|11-19 19:30|39|5|2|1|1|0|$0.020", "cycle 7|#7!|11-18 19:30|6|0|0|0|0|0|$0.000",
         "|applied 30 d: 5   better 3   worse 1   unclear 0   being measured 1||||||||",
         "|you approved 9: 5 better, 2 worse, 2 unclear; by itself 6: 3/1/2||||||||",
         "insight 9 regime_high_vol|candidate: regime HIGH_VOL at entry, won 3 of 19 (6-38 %), "
         "mean -0.62 R [-0.93, -0.20]||||||||");
    FILL(PANEL_AGENTS, "n",
         "agent research|research|28|0.120|4.4|9.8|96|2,410|57,980|9,500|58|71|"
         "v7|haiku-4.5|timeout|28",
         "agent news_analyst|news_analyst|28|0.060|2.0|4.1|100|1,204|27,664|6,048|54|66|v5|"
         "haiku-4.5|^|28",
         "agent risk_manager|risk_manager|10|0.030|3.9|6.0|100|1,912|16,100|3,020|-|-|v2|"
         "haiku-4.5|^|10");
}

static void fill_budget(struct snapshot *s)
{
    char text[40][200];
    const char *lines[40];
    size_t n = 0;
    snprintf(text[n++], 200,
             "|day|^|^|^|^|5.00|0.25|0.01|0.05|0.01|0.34|9|0.01|0.31|0.40|^|16020|19:00|96|38.5|"
             "112|250|465|19|0.2131|0.2440|210|1.84");
    for (int hour = 0; hour < 24; hour++)
        snprintf(text[n++], 200, "|hour|%02d|%.3f|%d", (hour + 15) % 24,
                 hour > 17 ? 0.01 * (hour - 17) : 0.001 * (hour % 3), hour);
    snprintf(text[n++], 200, "agent research|agent|research|0.115|28|46.0");
    snprintf(text[n++], 200, "agent news_analyst|agent|news_analyst|0.058|28|23.0");
    snprintf(text[n++], 200, "agent risk_manager|agent|risk_manager|0.030|10|12.0");
    for (size_t i = 0; i < n; i++)
        lines[i] = text[i];
    fill(&s->panel[PANEL_BUDGET],
         "object|part|name|usd|calls|share|lim|spent|reserved|rate|rate_day|projected|planned|"
         "mean_cost|low|high|cap_at|reset_in|reset_at|calls_|cached|fmp_used|fmp_limit|left_usd|"
         "left_fmp|brier_model|brier_baseline|brier_n|week_usd",
         lines, n);
}

static void fill_pictures(struct snapshot *s)
{
    static const char strip[] = "BBBBBBBSSBBBHHBBBBBB";
    char text[64][120];
    const char *lines[64];
    size_t n = 0;
    for (size_t i = 0; i < 64; i++)
        lines[i] = text[i];
    fill_budget(s);
    snprintf(text[n++], 120, "evaluation 410|now|BULL|78|STRONG|^|09:41|2460|SPY");
    for (size_t i = 0; strip[i]; i++)
        snprintf(text[n++], 120, "|session|11-%02zu|70|%s", i + 1,
                 strip[i] == 'B'   ? "BULL"
                 : strip[i] == 'S' ? "SIDEWAYS"
                                   : "HIGH_VOL");
    snprintf(text[n++], 120, "|trades|BULL|61|^|31");
    snprintf(text[n++], 120, "|trades|SIDEWAYS|43|^|7");
    snprintf(text[n++], 120, "|trades|HIGH_VOL|25|^|4");
    snprintf(text[n++], 120, "|symbol|NVDA|78|BULL|^|^|^|NVDA");
    snprintf(text[n++], 120, "|symbol|TSLA|61|HIGH_VOL|^|^|^|TSLA");
    fill(&s->panel[PANEL_REGIME], "object|part|name|value|word|n|since|age_s|symbol", lines, n);
    for (n = 0; n < 31; n++) {
        double worth = 100000 + 40.0 * (double)n + (n % 5 == 3 ? -180.0 : n % 4 * 30.0);
        char day[8] = "now";
        if (n < 30)
            snprintf(day, sizeof day, "%s-%02zu", n < 10 ? "10" : "11", n < 10 ? n + 22 : n - 9);
        snprintf(text[n], 120, "|%s|%.2f|60000|0.1|%.2f|%.4f|%.4f|100000|%.0f,%06.2f", day, worth,
                 n % 5 == 3 ? -0.9 : 0.0, (worth - 100000) / 1000, 0.05 * (double)n - 0.4,
                 worth / 1000 - 0.5, worth - 1000 * (double)(int)(worth / 1000));
    }
    fill(&s->panel[PANEL_EQUITY],
         "object|name|equity|cash|change_pct|drawdown_pct|total_pct|hold_pct|start_usd|equity_text",
         lines, n);
    n = 0;
    static const char *const bins[] = {"50-59", "60-69", "70-79", "80-89", "90+"};
    static const int actual[] = {48, 55, 58, 61, 50}, count[] = {9, 14, 12, 25, 2};
    for (int agent = 0; agent < 2; agent++) {
        const char *who = agent == 0 ? "all" : "research";
        for (int b = 0; b < 5; b++)
            snprintf(text[n++], 120, "|%s|%s|%d|%d|%d|^|%d|%d|^|^|^|^|^|^|^", who, bins[b],
                     55 + 10 * b, actual[b], count[b], actual[b] - 18, actual[b] + 18);
        snprintf(text[n++], 120, "|%s|total|70|56|62|0.21|44|67|0.21|0.24|48|%s|%s", who,
                 agent ? "research v7" : "^", agent ? "^|^|^" : "3|0.35|1.76");
    }
    fill(&s->panel[PANEL_CALIBRATION],
         "object|agent|bin|stated|actual|n|brier|low|high|model|base|both|mix|voters|phi|effective",
         lines, n);
}

static void fill_frame(struct snapshot *s)
{
    snapshot_release(s);
    *s = (struct snapshot){.connected = true, .monotonic = LONG_AGO * USEC_SECOND};
    s->latency_ms = 2;
    s->price_places = PRICE_PLACES;
    s->now = exchange_to_utc(day_from_civil(2025, 11, 20), 14, 32) + 7 * USEC_SECOND;
}

void pictured_desk(struct snapshot *s)
{
    fill_frame(s);
    fill_status(s, "RUNNING|3|1|W|0.25|5.00|0.34|112|250|BULL|78|2460|open|5280|1|1|101284.10|"
                   "117.05|96.25|81284.10|4|10|19:30|18120|42|true|10|525720|7|schedule");
    fill_trading(s);
    fill_events(s);
    fill_pictures(s);
    fill_reasons(s);
}

void pictured_company(struct snapshot *s)
{
    static const char *const lines[] = {"a|ops@10.0.0.7|console|f|11520",
                                        "b|desk@10.0.0.9|console|f|480"};
    fill(&s->sessions, "id|who|kind|read_only|age_s", lines, ARRAY_LEN(lines));
    copy_text(s->session, sizeof s->session, "a");
}

void pictured_empty(struct snapshot *s)
{
    fill_frame(s);
    fill_status(s, "RUNNING|0|0|^|0.00|5.00|0.00|^|^|^|^|^|closed|34080|^|0|100000.00|0.00|0.00|"
                   "100000.00|0|10|^|^|0|false|10|^|12|watchlist");
    for (int p = 0; p < PANEL_COUNT; p++)
        fill(&s->panel[p], "object", NULL, 0);
}

void pictured_hostile(struct snapshot *s, const char *text, size_t nrows)
{
    fill_frame(s);
    fill_status(s, "RUNNING|3|1|W|0.25|5.00|0.34|112|250|BULL|78|2460|open|5280|1|1|1|1|1|1|4|10|"
                   "19:30|18120|42|true|10|60|7|FMP");
    for (int p = 0; p < PANEL_COUNT; p++) {
        struct rows *r = &s->panel[p].rows;
        bool drawn = panels[p].draw != NULL;
        if (drawn)
            continue;
        rows_release(r);
        r->nrows = nrows;
        r->ncols = panels[p].ncolumns + 1;
        r->column = arena_alloc(&r->arena, r->ncols * sizeof *r->column);
        r->cell = arena_alloc(&r->arena, (nrows * r->ncols + 1) * sizeof *r->cell);
        char *same = arena_text(&r->arena, text), *none = arena_text(&r->arena, "");
        for (size_t i = 0; i < r->ncols; i++)
            r->column[i] = none;
        for (size_t i = 0; i < nrows * r->ncols; i++) {
            const struct panel_column *c =
                i % r->ncols ? &panels[p].column[i % r->ncols - 1] : NULL;
            r->cell[i] = c == NULL || c->right ? none : same;
        }
        s->panel[p].loaded_at = s->monotonic;
    }
    fill_pictures(s);
    for (int p = 0; p < PANEL_COUNT; p++) {
        struct rows *r = &s->panel[p].rows;
        char *same = panels[p].draw != NULL ? arena_text(&r->arena, text) : NULL;
        for (size_t i = 0; same != NULL && i < r->nrows * r->ncols; i++) {
            if (strcmp(r->column[i % r->ncols], "part") != 0 && i % 3 == nrows % 3)
                r->cell[i] = same;
        }
    }
}
