/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An evaluation that has ended: the decision, who voted what, size, data, what came after. */
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/timeutil.h"
#include "ui/detail_evaluation.h"

static bool has_opinion(const char *word)
{
    return word && !text_is_word(word, "ABST") && !text_is_word(word, "FAIL");
}

static void decision_lines(struct page *g)
{
    char text[FIGURE_SIZE], cost[PAGE_CELL], tokens[PAGE_CELL], lat[PAGE_CELL];
    const char *decision = page_fact(g, "decision"), *state = page_fact(g, "state");
    page_label(g, "DECISION");
    page_say(g, style_of_vote(decision) | STYLE_BOLD, "%s", decision ? decision : state);
    if (!text_is_word(state, "DECIDED"))
        page_say(g, TOKEN_SEV_WARN, "%s%s%s", decision ? state : "",
                 decision && *page_fact(g, "state_reason") ? ": " : "",
                 page_fact(g, "state_reason"));
    if (page_fact(g, "agree"))
        page_say(g, TOKEN_FG, "votes %s of %s (need %s)", page_fact(g, "agree"),
                 page_fact(g, "voters") ? page_fact(g, "voters") : "?",
                 page_fact(g, "needed") ? page_fact(g, "needed") : "?");
    page_say(g, TOKEN_FG, "trigger %s %s", page_fact(g, "origin"),
             text_is_word(page_fact(g, "origin"), page_fact(g, "requested_by"))
                 ? ""
                 : page_fact(g, "requested_by"));
    page_label(g, "");
    page_say(g, TOKEN_FG, "price %s", price_text(text, g, page_fact(g, "price")));
    if (page_fact(g, "regime"))
        page_say(g, TOKEN_FG, "regime %s %s", page_fact(g, "regime"),
                 evaluation_confidence(lat, page_fact(g, "regime_confidence")));
    page_say(g, TOKEN_FG, "cost $%s%s", evaluation_cost(cost, page_fact(g, "cost_usd"), 4),
             page_flag(g, "simulated") ? " (simulated)" : "");
    page_say(g, TOKEN_FG, "%s tok", evaluation_count(tokens, page_fact(g, "tokens")));
    page_say(g, TOKEN_FG, "%s", latency_text(lat, page_fact(g, "latency_ms")));
    if (*page_fact(g, "degraded_reason")) {
        page_label(g, "DEGRADED");
        page_say(g, TOKEN_SEV_WARN, "%s", page_fact(g, "degraded_reason"));
    }
}

static const struct page_column agent_columns[] = {
    {"AGENT", 17, false, 0}, {"VOTE", 8, false, 0},
    {"CONF", 5, true, 0},    {"IN+OUT TOK", 12, true, 60},
    {"COST", 7, true, 64},   {"LAT", 6, true, 50},
    {"TRY", 3, true, 72},    {"BASELINE", 13, false, 100},
    {"BRIER", 6, true, 112}, {"MODEL / PROMPT", 0, false, 76},
};

static void agent_row(struct page *g, size_t i)
{
    char conf[PAGE_CELL], tok[PAGE_CELL], in[PAGE_CELL], out[PAGE_CELL], cost[PAGE_CELL];
    char lat[PAGE_CELL], base[PAGE_CELL], model[PAGE_CELL], from[PAGE_CELL * 2], brier[PAGE_CELL];
    const char *vote = evaluation_chosen(g, i, "vote"),
               *word = evaluation_vote(vote, evaluation_chosen(g, i, "answer"));
    const char *tries = evaluation_agent(g, i, "tries"), *name = evaluation_agent(g, i, "model");
    const char *version = evaluation_agent(g, i, "prompt_version");
    bool asked = name != NULL;
    if (asked)
        snprintf(tok, sizeof tok, "%.20s+%.20s",
                 evaluation_count(in, evaluation_agent(g, i, "tokens_in")),
                 evaluation_count(out, evaluation_agent(g, i, "tokens_out")));
    bool baseline = !asked || evaluation_by_baseline(g, i);
    snprintf(from, sizeof from, "%.40s%s%.10s",
             !asked && !vote            ? "not asked"
             : evaluation_by_rule(g, i) ? "the rule"
             : baseline                 ? "baseline"
                                        : short_model(model, name),
             !baseline && version ? " v" : "", !baseline && version ? version : "");
    if (evaluation_agent(g, i, "base_vote"))
        snprintf(base, sizeof base, "%.8s %.6s",
                 evaluation_vote(evaluation_agent(g, i, "base_vote"),
                                 evaluation_agent(g, i, "base_answer")),
                 evaluation_confidence(brier, evaluation_agent(g, i, "base_confidence")));
    const struct page_cell cells[] = {
        {evaluation_agent(g, i, "agent"), TOKEN_FG},
        {word, style_of_vote(word)},
        {has_opinion(word) ? evaluation_confidence(conf, evaluation_chosen(g, i, "confidence"))
                           : NULL,
         TOKEN_FG},
        {asked ? tok : NULL, TOKEN_FG},
        {asked ? evaluation_cost(cost, evaluation_agent(g, i, "cost_usd"), 4) : NULL, TOKEN_FG},
        {asked ? latency_text(lat, evaluation_agent(g, i, "latency_ms")) : NULL, TOKEN_FG},
        {asked ? tries : NULL, TOKEN_FG},
        {evaluation_agent(g, i, "base_vote") ? base : NULL, TOKEN_FG},
        {evaluation_cost(brier, evaluation_chosen(g, i, "brier"), 2), TOKEN_FG},
        {from, TOKEN_DIM},
    };
    page_cells(g, agent_columns, ARRAY_LEN(cells), cells, true);
}

/* The selected agent's words, as far as they fit beside the rest. */
static void words_of_selected(struct page *g)
{
    size_t i = (size_t)g->view->item;
    char conf[PAGE_CELL];
    if (i >= page_rows(g, PART_AGENTS)->nrows)
        return;
    const char *reason = evaluation_chosen(g, i, "reason"),
               *word = evaluation_vote(evaluation_chosen(g, i, "vote"), NULL);
    page_blank(g);
    page_label(g, "");
    g->column = 1;
    page_say(g, TOKEN_TITLE, "%s (%s)", evaluation_agent(g, i, "agent"),
             evaluation_confidence(conf, evaluation_chosen(g, i, "confidence")));
    page_say(g, TOKEN_DIM, "[Enter: all of it, then prompt and raw reply]");
    if (!reason || !*reason)
        page_text(g, TOKEN_DIM, "gave no reason", 0);
    else if (evaluation_by_baseline(g, i) || text_is_word(word, "ABST") ||
             text_is_word(word, "FAIL"))
        page_text(g, TOKEN_FG, reason, 3); /* code's own words */
    else
        page_quote(g, reason, 3);
}

static void risk_lines(struct page *g)
{
    char a[FIGURE_SIZE], pct[PAGE_CELL];
    const char *verdict = page_fact(g, "risk_decision");
    page_label(g, "RISK");
    if (!verdict) {
        page_say(g, TOKEN_DIM, "no size: only a BUY gets one");
        return;
    }
    page_say(g, style_of_vote(verdict), "%s", verdict);
    if (page_number(g, "shares") > 0) {
        const char *part = evaluation_cost(pct, page_fact(g, "position_pct"), 1);
        page_say(g, TOKEN_FG, "%s sh = %s (%s%% of equity)", page_fact(g, "shares"),
                 figure_text(a, FIGURE_MONEY, page_fact(g, "notional")), part ? part : "?");
        page_say(g, TOKEN_FG, "stop -%s%%", evaluation_cost(pct, page_fact(g, "stop_loss_pct"), 2));
        page_say(g, TOKEN_FG, "target +%s%%",
                 evaluation_cost(pct, page_fact(g, "take_profit_pct"), 2));
        if (page_fact(g, "risk_usd"))
            page_say(g, TOKEN_FG, "max loss %s (%s%% of equity)",
                     figure_text(a, FIGURE_MONEY, page_fact(g, "risk_usd")),
                     evaluation_cost(pct, page_fact(g, "risk_pct"), 2));
        if (page_fact(g, "binding"))
            page_say(g, TOKEN_FG, "limited by %s", page_fact(g, "binding"));
    }
    if (page_fact(g, "size_reason"))
        page_say(g, TOKEN_DIM, "%s", page_fact(g, "size_reason"));
}

static void input_text(const struct page *g, size_t i, char *out, size_t size)
{
    char age[16] = "-";
    const char *seconds = page_value(g, PART_INPUTS, i, "age_s");
    const char *n = page_value(g, PART_INPUTS, i, "n");
    int64_t s;
    if (whole_number(seconds, &s))
        duration_print(age, (s < 0 ? 0 : s) * USEC_SECOND);
    const char *name = page_value(g, PART_INPUTS, i, "name");
    if (n && text_is_word(name, "news"))
        snprintf(out, size, "news %.12s, newest %s", n, age);
    else
        snprintf(out, size, "%.20s%s%.12s %s",
                 text_is_word(name, "benchmark_bars") ? "benchmark" : name, n ? " " : "",
                 n ? n : "", age);
}

/* What was not there: whole sources, and single facts, by the reason they share. */
static void gap_lines(struct page *g)
{
    const struct rows *inputs = page_rows(g, PART_INPUTS), *facts = page_rows(g, PART_FACTS);
    int gaps = 0;
    page_label(g, "GAPS");
    for (size_t i = 0; i < inputs->nrows; i++) {
        const char *state = page_value(g, PART_INPUTS, i, "state");
        const char *why = page_value(g, PART_INPUTS, i, "reason");
        if (text_is_word(state, "PRESENT") || text_is_word(state, "STALE"))
            continue;
        gaps++;
        page_say(g, TOKEN_SEV_WARN, "%s: %s", page_value(g, PART_INPUTS, i, "name"),
                 why && *why ? why
                 : state     ? state
                             : "absent");
    }
    const char *last = NULL;
    for (size_t i = 0; i < facts->nrows; i++) {
        const char *state = page_value(g, PART_FACTS, i, "state");
        const char *why = page_value(g, PART_FACTS, i, "reason");
        if (text_is_word(state, "PRESENT") || text_is_word(state, "STALE"))
            continue;
        why = why && *why ? why : state ? state : "absent";
        if (!last || strcmp(last, why) != 0)
            page_say(g, TOKEN_STALE, "%s:", why);
        page_more(g, TOKEN_STALE, "%s", page_value(g, PART_FACTS, i, "id"));
        last = why;
        gaps++;
    }
    if (gaps == 0)
        page_say(g, TOKEN_DIM, "none");
}

static void data_lines(struct page *g)
{
    static const char *const shown[] = {"sma_20", "sma_50", "sma_200",      "rsi",
                                        "atr",    "adx",    "volume_ratio", "beta"};
    const struct rows *inputs = page_rows(g, PART_INPUTS);
    page_label(g, "DATA");
    if (!page_came(g, PART_FACTS) || !page_came(g, PART_INPUTS)) {
        page_say(g, TOKEN_DIM, "loading");
        return;
    }
    if (inputs->nrows == 0) {
        page_say(g, TOKEN_DIM, "nothing was gathered");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        const char *value = evaluation_fact(g, shown[i], "value");
        page_more(g, value ? TOKEN_FG : TOKEN_STALE, "%s %s", shown[i], value ? value : "n/a");
    }
    page_label(g, "AGE");
    for (size_t i = 0; i < inputs->nrows; i++) {
        char text[120];
        const char *state = page_value(g, PART_INPUTS, i, "state");
        input_text(g, i, text, sizeof text);
        if (text_is_word(state, "PRESENT"))
            page_say(g, TOKEN_FG, "%s", text);
        else if (text_is_word(state, "STALE"))
            page_say(g, TOKEN_STALE, "%s STALE", text);
    }
    gap_lines(g);
}

static void chain_line(struct page *g)
{
    const char *regime = page_fact(g, "regime"), *decision = page_fact(g, "decision");
    const char *ordered = page_fact(g, "order_result"), *position = page_fact(g, "position_id");
    page_label(g, "CHAIN");
    page_more(g, TOKEN_FG, "%s", page_fact(g, "origin"));
    if (regime)
        page_more(g, TOKEN_FG, "-> regime %s", regime);
    if (page_fact(g, "consensus_reason"))
        page_more(g, TOKEN_FG, "-> %s", page_fact(g, "consensus_reason"));
    page_more(g, TOKEN_FG, "-> %s", decision ? decision : page_fact(g, "state"));
    if (page_fact(g, "risk_decision"))
        page_more(g, TOKEN_FG, "-> risk %s", page_fact(g, "risk_decision"));
    if (text_is_word(ordered, "ordered"))
        page_more(g, TOKEN_FG, "-> order #%s",
                  page_fact(g, "order_id") ? page_fact(g, "order_id") : "?");
    else if (ordered)
        page_more(g, TOKEN_SEV_WARN, "-> no order: %s", ordered);
    if (position)
        page_more(g, TOKEN_FG, "-> position #%s %s", position, page_fact(g, "position_state"));
}

static void after_trade(struct page *g)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE], c[FIGURE_SIZE];
    const char *pct = page_fact(g, "pnl_pct");
    page_say(g, TOKEN_FG, "trade #%s %s", page_fact(g, "trade_id"), page_fact(g, "exit_reason"));
    page_more(g, style_of_sign(pct), "%s (%s, %s R)",
              figure_text(a, FIGURE_PROFIT, page_fact(g, "pnl_usd")),
              figure_text(b, FIGURE_CHANGE, pct),
              figure_text(c, FIGURE_R, page_fact(g, "r_multiple")));
}

static void after_lines(struct page *g)
{
    char a[FIGURE_SIZE], b[PAGE_CELL];
    const char *shadow = page_fact(g, "shadow_state"), *now = page_fact(g, "position_now");
    page_label(g, "AFTER");
    if (page_fact(g, "trade_id")) {
        after_trade(g);
    } else if (page_fact(g, "position_id")) {
        page_say(g, TOKEN_FG, "position #%s %s %s", page_fact(g, "position_id"),
                 page_fact(g, "position_state"), age_text(b, g, page_fact(g, "opened_epoch")));
        page_more(g, style_of_sign(now), "%s", figure_text(a, FIGURE_CHANGE, now));
    }
    if (text_is_word(shadow, "DONE")) {
        page_say(g, TOKEN_FG, "%s %s after %s sessions,",
                 page_fact(g, "trade_id") || page_fact(g, "position_id") ? "its barriers:"
                                                                         : "had it been bought:",
                 page_fact(g, "outcome"), page_fact(g, "sessions"));
        page_more(g, style_of_sign(page_fact(g, "return_pct")), "%s",
                  figure_text(a, FIGURE_CHANGE, page_fact(g, "return_pct")));
    } else if (text_is_word(shadow, "VOID")) {
        page_say(g, TOKEN_DIM, "not followed: %s", page_fact(g, "shadow_reason"));
    } else {
        page_say(g, TOKEN_DIM,
                 shadow ? "its barriers are watched: not measured yet"
                        : "what became of it is not measured yet");
    }
    if (page_fact(g, "previous"))
        page_say(g, TOKEN_FG, "previous %s: %s", page_fact(g, "symbol"), page_fact(g, "previous"));
    page_label(g, "LESSON");
    if (page_fact(g, "cited_by"))
        page_say(g, TOKEN_FG, "cited by adjustment %s", page_fact(g, "cited_by"));
    else
        page_say(g, TOKEN_DIM, "no adjustment cites it");
}

static void caps_table(struct page *g)
{
    static const struct page_column columns[] = {{"LIMIT", 18, false, 0},
                                                 {"% OF EQUITY", 11, true, 0},
                                                 {"", 8, false, 0},
                                                 {"ARITHMETIC", 0, false, 50}};
    const struct rows *r = page_rows(g, PART_CAPS);
    if (r->nrows == 0)
        return;
    page_heading(g, "LIMITS OF THE SIZE", "the smallest binds");
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char pct[PAGE_CELL];
        bool applied = text_is_word(rows_named(r, i, "applied"), "true");
        bool binds = text_is_word(rows_named(r, i, "binding"), "true");
        const struct page_cell cells[] = {
            {rows_named(r, i, "name"), binds ? TOKEN_KEY : TOKEN_FG},
            {applied ? figure_text(pct, FIGURE_MONEY, rows_named(r, i, "pct")) : NULL, TOKEN_FG},
            {binds     ? "<- binds"
             : applied ? ""
                       : "n/a",
             binds ? TOKEN_KEY : TOKEN_STALE},
            {rows_named(r, i, "note"), TOKEN_DIM},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, false);
    }
}

void draw_evaluation_ended(struct page *g)
{
    decision_lines(g);
    page_blank(g);
    if (page_came(g, PART_AGENTS)) {
        page_header(g, agent_columns, ARRAY_LEN(agent_columns));
        for (size_t i = 0; i < page_rows(g, PART_AGENTS)->nrows; i++)
            agent_row(g, i);
        words_of_selected(g);
    } else {
        page_label(g, "AGENTS");
        page_say(g, TOKEN_DIM, "loading");
    }
    risk_lines(g);
    data_lines(g);
    chain_line(g);
    after_lines(g);
    caps_table(g);
}
