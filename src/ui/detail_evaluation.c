/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One evaluation: while it runs, when it has ended, an agent's words in full, and what exactly was
 * sent and came back. */
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_AGENTS, PART_CALLS, PART_CAPS, PART_INPUTS, PART_FACTS };
enum { RUNNING_MS = 250, ENDED_MS = 10000 };

int evaluation_rhythm(const struct snapshot *s)
{
    const struct rows *r = &s->detail[PART_HEAD].rows;
    return r->nrows && *rows_named(r, 0, "finished") == 'f' ? RUNNING_MS : ENDED_MS;
}

/* Of row `i` of the agents. */
static const char *agent(const struct page *g, size_t i, const char *column)
{
    return page_value(g, PART_AGENTS, i, column);
}

static bool says(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* What stands for a vote: the answer of those that do not vote, short words for no opinion. */
static const char *vote_word(const char *vote, const char *answer)
{
    if (!vote)
        return NULL;
    if (says(vote, "ABSTAIN"))
        return "ABST";
    if (says(vote, "FAILED"))
        return "FAIL";
    return answer && *answer ? answer : vote;
}

static bool has_opinion(const char *word)
{
    return word && !says(word, "ABST") && !says(word, "FAIL");
}

/* The regime is what the rule says; a model only comments on it. */
static bool by_rule(const struct page *g, size_t i)
{
    return says(agent(g, i, "role"), "classifier") && agent(g, i, "base_vote");
}

/* The model's vote, unless only the baseline's is there or counts. */
static bool by_baseline(const struct page *g, size_t i)
{
    const char *vote = agent(g, i, "vote"), *counts = agent(g, i, "base_counted");
    return !vote || by_rule(g, i) || (counts && *counts == 't');
}

static const char *chosen(const struct page *g, size_t i, const char *column)
{
    char name[40];
    snprintf(name, sizeof name, "base_%s", column);
    return agent(g, i, by_baseline(g, i) ? name : column);
}

static const char *confidence_text(char dst[PAGE_CELL], const char *confidence)
{
    double v;
    if (confidence && text_to_double(confidence, &v))
        snprintf(dst, PAGE_CELL, "%.0f%%", round_half_away(v, 0));
    else
        copy_text(dst, PAGE_CELL, "-");
    return dst;
}

static const char *cost_of(char dst[PAGE_CELL], const char *usd, int places)
{
    double v;
    if (!usd || !text_to_double(usd, &v))
        return NULL;
    snprintf(dst, PAGE_CELL, "%.*f", places, round_half_away(v, places));
    return dst;
}

static const char *grouped(char dst[PAGE_CELL], const char *count)
{
    int64_t n;
    if (!whole_number(count, &n))
        return NULL;
    return decimal_group(dst, PAGE_CELL, n, 0, 0);
}

/* ---- running */

/* The stopwatch goes on between two answers of the database. */
static const char *stopwatch(char dst[PAGE_CELL], const struct page *g, int part, const char *ms)
{
    int64_t n = 0;
    const struct snap *snap = &g->snapshot->detail[part];
    if (!whole_number(ms, &n))
        return NULL;
    if (snap->loaded_at && g->snapshot->monotonic > snap->loaded_at)
        n += (g->snapshot->monotonic - snap->loaded_at) / 1000;
    snprintf(dst, PAGE_CELL, "%.1fs", (double)(n < 0 ? 0 : n) / 1000);
    return dst;
}

static const char *running_state(const struct page *g, size_t i)
{
    const char *status = agent(g, i, "status");
    if (says(status, "SENT"))
        return "asked";
    if (says(status, "RESERVED"))
        return "reserved";
    if (agent(g, i, "vote") || agent(g, i, "base_vote"))
        return "done";
    if (says(status, "FAILED"))
        return "failed";
    return status ? "answered" : "waiting";
}

static void running_note(const struct page *g, size_t i, char *out, size_t size)
{
    char conf[PAGE_CELL];
    const char *vote = vote_word(chosen(g, i, "vote"), chosen(g, i, "answer"));
    const char *error = agent(g, i, "error");
    int64_t tries = 0;
    const char *count = agent(g, i, "tries");
    if (count)
        whole_number(count, &tries);
    if (vote)
        snprintf(out, size, "%s %s%s", vote, confidence_text(conf, chosen(g, i, "confidence")),
                 by_baseline(g, i) ? "  baseline" : "");
    else if (error && *error)
        snprintf(out, size, "%s", error);
    else if (tries > 1)
        snprintf(out, size, "try %lld", (long long)tries);
    else if (!agent(g, i, "status") && says(agent(g, i, "role"), "veto"))
        snprintf(out, size, "only if the vote is BUY");
    else
        *out = '\0';
}

static const struct page_column running_columns[] = {
    {"STEP", 18, false, 0}, {"STATE", 9, false, 0}, {"TIME", 7, true, 44},
    {"TOK", 7, true, 60},   {"COST", 7, true, 60},  {"NOTE", 0, false, 0},
};

static void running_agent(struct page *g, size_t i)
{
    char time[PAGE_CELL], tokens[PAGE_CELL], cost[PAGE_CELL], note[300], sum[32];
    const char *state = running_state(g, i);
    const char *out = agent(g, i, "tokens_out"), *in = agent(g, i, "tokens_in");
    const char *waiting = stopwatch(time, g, PART_AGENTS, agent(g, i, "waiting_ms"));
    int64_t a = 0, b = 0;
    if (in && out && whole_number(in, &a) && whole_number(out, &b))
        snprintf(sum, sizeof sum, "%lld", (long long)(a + b));
    bool known = in && a + b > 0;
    running_note(g, i, note, sizeof note);
    if (!waiting && agent(g, i, "latency_ms"))
        waiting = latency_text(time, agent(g, i, "latency_ms"));
    const struct page_cell cells[] = {
        {agent(g, i, "agent"), TOKEN_FG},
        {state, strcmp(state, "asked") == 0    ? TOKEN_STATE_RUN
                : strcmp(state, "failed") == 0 ? TOKEN_SEV_WARN
                                               : TOKEN_DIM},
        {waiting, TOKEN_FG},
        {known                   ? grouped(tokens, sum)
         : agent(g, i, "status") ? "?"
                                 : NULL,
         TOKEN_FG},
        {known                   ? cost_of(cost, agent(g, i, "cost_usd"), 4)
         : agent(g, i, "status") ? "?"
                                 : NULL,
         TOKEN_FG},
        {note, style_of_vote(chosen(g, i, "vote"))},
    };
    page_cells(g, running_columns, ARRAY_LEN(cells), cells, true);
}

/* A step that is the program's own. */
static void running_step(struct page *g, const char *name, const char *state, const char *note)
{
    const struct page_cell cells[] = {{name, TOKEN_FG},  {state, TOKEN_DIM}, {NULL, TOKEN_DIM},
                                      {NULL, TOKEN_DIM}, {NULL, TOKEN_DIM},  {note, TOKEN_FG}};
    page_cells(g, running_columns, ARRAY_LEN(cells), cells, false);
}

static void count_votes(const struct page *g, int *in, int *voters)
{
    *in = *voters = 0;
    for (size_t i = 0; i < page_rows(g, PART_AGENTS)->nrows; i++) {
        bool voter = says(agent(g, i, "role"), "voter");
        *voters += voter;
        *in += voter && (agent(g, i, "vote") || agent(g, i, "base_vote"));
    }
}

static void running_money(struct page *g)
{
    char a[PAGE_CELL], b[PAGE_CELL], c[PAGE_CELL];
    const char *so_far = cost_of(a, page_fact(g, "cost_usd"), 4);
    const char *held = cost_of(b, page_fact(g, "reserved_usd"), 4);
    const char *most = page_fact(g, "max_cost_usd");
    page_label(g, "COST");
    page_say(g, TOKEN_FG, "so far $%s%s", so_far ? so_far : "0",
             page_flag(g, "simulated") ? " (simulated)" : "");
    if (held)
        page_say(g, TOKEN_FG, "reserved $%s", held);
    if (most)
        page_say(g, TOKEN_FG, "at most $%s", cost_of(c, most, 4));
    if (page_fact(g, "budget_left"))
        page_say(g, TOKEN_FG, "budget left $%s", cost_of(c, page_fact(g, "budget_left"), 2));
    if (page_fact(g, "fmp_left"))
        page_say(g, TOKEN_FG, "FMP left %s", page_fact(g, "fmp_left"));
}

static void draw_running(struct page *g)
{
    char note[80], time[PAGE_CELL], usual[PAGE_CELL];
    int in, voters;
    const char *state = page_fact(g, "state");
    const char *clock = stopwatch(time, g, PART_HEAD, page_fact(g, "elapsed_ms"));
    bool gathering = says(state, "QUEUED") || says(state, "GATHERING");
    page_label(g, state);
    page_say(g, TOKEN_FG, "%s", clock ? clock : "-");
    if (page_fact(g, "usual_ms"))
        page_say(g, TOKEN_DIM, "usually %s", latency_text(usual, page_fact(g, "usual_ms")));
    page_say(g, TOKEN_FG, "asked by %s at %s", page_fact(g, "requested_by"), page_fact(g, "asked"));
    if (!page_fact(g, "locked_by"))
        page_say(g, TOKEN_SEV_WARN, "nobody works on it: evaluate --resume %s", g->view->id);
    page_blank(g);
    count_votes(g, &in, &voters);
    page_header(g, running_columns, ARRAY_LEN(running_columns));
    running_step(g, "data", gathering ? (says(state, "QUEUED") ? "waiting" : "asked") : "done", "");
    bool voted = says(state, "SIZING");
    for (size_t i = 0; i < page_rows(g, PART_AGENTS)->nrows; i++) {
        if (says(agent(g, i, "role"), "veto")) {
            snprintf(note, sizeof note, "%d of %d in, need %s", in, voters,
                     page_fact(g, "needed") ? page_fact(g, "needed") : "?");
            running_step(g, "vote", voted ? "done" : "waiting", note);
        }
        running_agent(g, i);
    }
    page_blank(g);
    running_money(g);
}

/* ---- ended */

static void decision_lines(struct page *g)
{
    char text[FIGURE_SIZE], cost[PAGE_CELL], tokens[PAGE_CELL], lat[PAGE_CELL];
    const char *decision = page_fact(g, "decision"), *state = page_fact(g, "state");
    page_label(g, "DECISION");
    page_say(g, style_of_vote(decision) | STYLE_BOLD, "%s", decision ? decision : state);
    if (!says(state, "DECIDED"))
        page_say(g, TOKEN_SEV_WARN, "%s%s%s", decision ? state : "",
                 decision && *page_fact(g, "state_reason") ? ": " : "",
                 page_fact(g, "state_reason"));
    if (page_fact(g, "agree"))
        page_say(g, TOKEN_FG, "votes %s of %s (need %s)", page_fact(g, "agree"),
                 page_fact(g, "voters") ? page_fact(g, "voters") : "?",
                 page_fact(g, "needed") ? page_fact(g, "needed") : "?");
    page_say(g, TOKEN_FG, "trigger %s %s", page_fact(g, "origin"),
             says(page_fact(g, "origin"), page_fact(g, "requested_by"))
                 ? ""
                 : page_fact(g, "requested_by"));
    page_label(g, "");
    page_say(g, TOKEN_FG, "price %s", price_text(text, g, page_fact(g, "price")));
    if (page_fact(g, "regime"))
        page_say(g, TOKEN_FG, "regime %s %s", page_fact(g, "regime"),
                 confidence_text(lat, page_fact(g, "regime_confidence")));
    page_say(g, TOKEN_FG, "cost $%s%s", cost_of(cost, page_fact(g, "cost_usd"), 4),
             page_flag(g, "simulated") ? " (simulated)" : "");
    page_say(g, TOKEN_FG, "%s tok", grouped(tokens, page_fact(g, "tokens")));
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
    const char *vote = chosen(g, i, "vote"), *word = vote_word(vote, chosen(g, i, "answer"));
    const char *tries = agent(g, i, "tries"), *name = agent(g, i, "model");
    const char *version = agent(g, i, "prompt_version");
    bool asked = name != NULL;
    if (asked)
        snprintf(tok, sizeof tok, "%.20s+%.20s", grouped(in, agent(g, i, "tokens_in")),
                 grouped(out, agent(g, i, "tokens_out")));
    bool baseline = !asked || by_baseline(g, i);
    snprintf(from, sizeof from, "%.40s%s%.10s",
             !asked && !vote ? "not asked"
             : by_rule(g, i) ? "the rule"
             : baseline      ? "baseline"
                             : short_model(model, name),
             !baseline && version ? " v" : "", !baseline && version ? version : "");
    if (agent(g, i, "base_vote"))
        snprintf(base, sizeof base, "%.8s %.6s",
                 vote_word(agent(g, i, "base_vote"), agent(g, i, "base_answer")),
                 confidence_text(brier, agent(g, i, "base_confidence")));
    const struct page_cell cells[] = {
        {agent(g, i, "agent"), TOKEN_FG},
        {word, style_of_vote(word)},
        {has_opinion(word) ? confidence_text(conf, chosen(g, i, "confidence")) : NULL, TOKEN_FG},
        {asked ? tok : NULL, TOKEN_FG},
        {asked ? cost_of(cost, agent(g, i, "cost_usd"), 4) : NULL, TOKEN_FG},
        {asked ? latency_text(lat, agent(g, i, "latency_ms")) : NULL, TOKEN_FG},
        {asked ? tries : NULL, TOKEN_FG},
        {agent(g, i, "base_vote") ? base : NULL, TOKEN_FG},
        {cost_of(brier, chosen(g, i, "brier"), 2), TOKEN_FG},
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
    const char *reason = chosen(g, i, "reason"), *word = vote_word(chosen(g, i, "vote"), NULL);
    page_blank(g);
    page_label(g, "");
    g->column = 1;
    page_say(g, TOKEN_TITLE, "%s (%s)", agent(g, i, "agent"),
             confidence_text(conf, chosen(g, i, "confidence")));
    page_say(g, TOKEN_DIM, "[Enter: all of it, then prompt and raw reply]");
    if (!reason || !*reason)
        page_text(g, TOKEN_DIM, "gave no reason", 0);
    else if (by_baseline(g, i) || says(word, "ABST") || says(word, "FAIL"))
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
        const char *part = cost_of(pct, page_fact(g, "position_pct"), 1);
        page_say(g, TOKEN_FG, "%s sh = %s (%s%% of equity)", page_fact(g, "shares"),
                 figure_text(a, FIGURE_MONEY, page_fact(g, "notional")), part ? part : "?");
        page_say(g, TOKEN_FG, "stop -%s%%", cost_of(pct, page_fact(g, "stop_loss_pct"), 2));
        page_say(g, TOKEN_FG, "target +%s%%", cost_of(pct, page_fact(g, "take_profit_pct"), 2));
        if (page_fact(g, "risk_usd"))
            page_say(g, TOKEN_FG, "max loss %s (%s%% of equity)",
                     figure_text(a, FIGURE_MONEY, page_fact(g, "risk_usd")),
                     cost_of(pct, page_fact(g, "risk_pct"), 2));
        if (page_fact(g, "binding"))
            page_say(g, TOKEN_FG, "limited by %s", page_fact(g, "binding"));
    }
    if (page_fact(g, "size_reason"))
        page_say(g, TOKEN_DIM, "%s", page_fact(g, "size_reason"));
}

static const char *fact_of(const struct page *g, const char *id, const char *column)
{
    const struct rows *r = page_rows(g, PART_FACTS);
    for (size_t i = 0; i < r->nrows; i++)
        if (says(rows_named(r, i, "id"), id))
            return rows_named(r, i, column);
    return NULL;
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
    if (n && says(name, "news"))
        snprintf(out, size, "news %.12s, newest %s", n, age);
    else
        snprintf(out, size, "%.20s%s%.12s %s", says(name, "benchmark_bars") ? "benchmark" : name,
                 n ? " " : "", n ? n : "", age);
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
        if (says(state, "PRESENT") || says(state, "STALE"))
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
        if (says(state, "PRESENT") || says(state, "STALE"))
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
        const char *value = fact_of(g, shown[i], "value");
        page_more(g, value ? TOKEN_FG : TOKEN_STALE, "%s %s", shown[i], value ? value : "n/a");
    }
    page_label(g, "AGE");
    for (size_t i = 0; i < inputs->nrows; i++) {
        char text[120];
        const char *state = page_value(g, PART_INPUTS, i, "state");
        input_text(g, i, text, sizeof text);
        if (says(state, "PRESENT"))
            page_say(g, TOKEN_FG, "%s", text);
        else if (says(state, "STALE"))
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
    if (says(ordered, "ordered"))
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
    if (says(shadow, "DONE")) {
        page_say(g, TOKEN_FG, "%s %s after %s sessions,",
                 page_fact(g, "trade_id") || page_fact(g, "position_id") ? "its barriers:"
                                                                         : "had it been bought:",
                 page_fact(g, "outcome"), page_fact(g, "sessions"));
        page_more(g, style_of_sign(page_fact(g, "return_pct")), "%s",
                  figure_text(a, FIGURE_CHANGE, page_fact(g, "return_pct")));
    } else if (says(shadow, "VOID")) {
        page_say(g, TOKEN_DIM, "not followed: %s", page_fact(g, "shadow_reason"));
    } else {
        page_say(g, TOKEN_DIM,
                 shadow ? "its barriers are watched: not measured yet"
                        : "what became of it is not measured yet");
    }
    if (page_fact(g, "previous"))
        page_say(g, TOKEN_FG, "previous %s: %s", page_fact(g, "symbol"), page_fact(g, "previous"));
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
        bool applied = says(rows_named(r, i, "applied"), "true");
        bool binds = says(rows_named(r, i, "binding"), "true");
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

static void draw_ended(struct page *g)
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

/* ---- one agent */

static void cited_facts(struct page *g, const char *ids)
{
    const char *p = ids;
    if (!ids || !*ids)
        return;
    page_label(g, "CITES");
    while (*(p += strspn(p, " "))) {
        char id[48];
        size_t n = strcspn(p, " ");
        copy_bytes(id, sizeof id, p, n);
        const char *value = fact_of(g, id, "value"), *unit = fact_of(g, id, "unit");
        const char *is_text = fact_of(g, id, "is_text");
        if (value && is_text && *is_text == 't')
            page_say(g, TOKEN_DIM, "%s \"%s\"", id, value);
        else
            page_say(g, value ? TOKEN_FG : TOKEN_SEV_WARN, "%s %s%s%s", id, value ? value : "?",
                     unit && *unit ? " " : "", unit ? unit : "");
        p += n;
    }
}

static void one_vote(struct page *g, size_t i, bool baseline)
{
    char conf[PAGE_CELL], brier[PAGE_CELL];
    const char *vote = agent(g, i, baseline ? "base_vote" : "vote");
    const char *answer = agent(g, i, baseline ? "base_answer" : "answer");
    const char *reason = agent(g, i, baseline ? "base_reason" : "reason");
    const char *counted = agent(g, i, baseline ? "base_counted" : "counted");
    const char *score = cost_of(brier, agent(g, i, baseline ? "base_brier" : "brier"), 3);
    page_label(g, baseline ? "BASELINE" : "MODEL");
    if (!vote) {
        page_say(g, TOKEN_DIM, baseline ? "has not judged" : "did not vote");
        return;
    }
    page_say(g, style_of_vote(vote), "%s", vote_word(vote, answer));
    page_say(g, TOKEN_FG, "%s",
             confidence_text(conf, agent(g, i, baseline ? "base_confidence" : "confidence")));
    page_say(g, TOKEN_DIM, counted && *counted == 't' ? "counted" : "not counted");
    if (score)
        page_say(g, TOKEN_FG, "Brier score %s (0 is perfect, 0.25 a coin)", score);
    if (!reason || !*reason)
        page_text(g, TOKEN_DIM, "no reason given", 0);
    else if (baseline || says(vote, "ABSTAIN") || says(vote, "FAILED"))
        page_text(g, TOKEN_FG, reason, 0);
    else
        page_quote(g, reason, 0);
    cited_facts(g, agent(g, i, baseline ? "base_cited" : "cited"));
}

static void draw_agent_words(struct page *g, size_t i)
{
    const char *wrong = agent(g, i, "wrong_evidence"), *error = agent(g, i, "error");
    page_label(g, "AGENT");
    page_say(g, TOKEN_FG, "%s", agent(g, i, "agent"));
    page_say(g, TOKEN_DIM, "%s", agent(g, i, "role"));
    page_say(g, TOKEN_DIM, "[Enter: exact prompt and raw reply]");
    if (error && *error) {
        page_label(g, "ERROR");
        page_say(g, TOKEN_SEV_WARN, "%s", error);
    }
    page_blank(g);
    one_vote(g, i, false);
    if (wrong && strcmp(wrong, "0") != 0) {
        page_label(g, "");
        page_say(g, TOKEN_SEV_WARN, "values cited wrongly: %s; its confidence is capped at 50%%",
                 wrong);
    }
    page_blank(g);
    one_vote(g, i, true);
}

/* As it went over the wire, but line breaks inside its strings are shown as such. */
static void wire_text(struct page *g, const char *title, const char *text, const char *length)
{
    char note[PAGE_CELL] = "";
    struct buf shown = {0};
    int64_t bytes = 0;
    if (whole_number(length, &bytes))
        snprintf(note, sizeof note, "%lld characters%s", (long long)bytes,
                 bytes > 100000 ? ", the first 100000" : "");
    page_heading(g, title, note);
    if (!text) {
        page_text(g, TOKEN_DIM, "none is stored", 0);
        return;
    }
    for (const char *p = text; *p; p++) {
        if (p[0] == '\\' && p[1] == '\\') {
            buf_add(&shown, p++, 2);
        } else if (p[0] == '\\' && p[1] == 'n') {
            buf_char(&shown, '\n');
            p++;
        } else {
            buf_char(&shown, *p);
        }
    }
    int indent = g->indent;
    g->indent = 1;
    page_text(g, TOKEN_DIM, buf_text(&shown), 0);
    g->indent = indent;
    buf_release(&shown);
}

static void draw_wire(struct page *g, size_t i)
{
    const struct rows *r = page_rows(g, PART_CALLS);
    const char *name = agent(g, i, "agent");
    size_t n = 0;
    for (size_t k = 0; k < r->nrows; k++) {
        char cost[PAGE_CELL], lat[PAGE_CELL];
        const char *error = rows_named(r, k, "error"), *usd = rows_named(r, k, "cost_usd");
        if (!says(rows_named(r, k, "agent"), name))
            continue;
        if (n++)
            page_blank(g);
        page_label(g, "CALL");
        page_say(g, TOKEN_FG, "#%s %s %s", rows_named(r, k, "id"), name,
                 rows_named(r, k, "action"));
        page_say(g, TOKEN_FG, "%s", rows_named(r, k, "model"));
        page_say(g, says(rows_named(r, k, "status"), "DONE") ? TOKEN_FG : TOKEN_SEV_WARN, "%s%s%s",
                 rows_named(r, k, "status"), error && *error ? ": " : "", error ? error : "");
        page_say(g, TOKEN_FG, "%s%s", usd ? "$" : "cost not settled",
                 usd ? cost_of(cost, usd, 4) : "");
        page_say(g, TOKEN_FG, "%s tok", rows_named(r, k, "tokens"));
        page_say(g, TOKEN_FG, "%s", latency_text(lat, rows_named(r, k, "latency_ms")));
        if (rows_named(r, k, "request_id"))
            page_say(g, TOKEN_DIM, "%s", rows_named(r, k, "request_id"));
        wire_text(g, "PROMPT, as sent", rows_named(r, k, "request"),
                  rows_named(r, k, "request_length"));
        wire_text(g, "RAW REPLY", rows_named(r, k, "response"),
                  rows_named(r, k, "response_length"));
    }
    if (n == 0) {
        page_label(g, "");
        page_say(g, TOKEN_DIM,
                 page_came(g, PART_CALLS) ? "no model was asked: %s is code here"
                                          : "loading the calls of %s",
                 name);
    }
}

/* ---- */

static void set_title(struct page *g)
{
    struct detail_view *v = g->view;
    const char *decision = page_fact(g, "decision");
    bool finished = page_flag(g, "finished");
    if (v->depth > 0 && (size_t)v->item < page_rows(g, PART_AGENTS)->nrows)
        snprintf(v->title, sizeof v->title, "%.12s  %.30s  %s", page_fact(g, "symbol"),
                 agent(g, (size_t)v->item, "agent"),
                 v->depth == 1 ? "full text" : "prompt and raw reply");
    else
        snprintf(v->title, sizeof v->title, "%.12s %s  %.19s", page_fact(g, "symbol"),
                 finished ? (decision ? decision : page_fact(g, "state")) : "running",
                 page_fact(g, "asked"));
    sanitize_line(v->title, sizeof v->title, untrusted(v->title));
}

static void body(struct page *g)
{
    struct detail_view *v = g->view;
    if (!page_ready(g, "evaluation", "all: :evaluations"))
        return;
    set_title(g);
    bool open = v->depth > 0 && v->item >= 0 && (size_t)v->item < page_rows(g, PART_AGENTS)->nrows;
    if (open && v->depth == 1)
        draw_agent_words(g, (size_t)v->item);
    else if (open)
        draw_wire(g, (size_t)v->item);
    else if (page_flag(g, "finished"))
        draw_ended(g);
    else
        draw_running(g);
}

int draw_evaluation(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw_deep(p, s, v, body, 2);
}
