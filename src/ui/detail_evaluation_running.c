/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An evaluation while it runs: each step with its stopwatch, tokens, cost and vote. */
#include <stdio.h>
#include <string.h>

#include "ui/detail_evaluation.h"

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
    const char *status = evaluation_agent(g, i, "status");
    if (text_is_word(status, "SENT"))
        return "asked";
    if (text_is_word(status, "RESERVED"))
        return "reserved";
    if (evaluation_agent(g, i, "vote") || evaluation_agent(g, i, "base_vote"))
        return "done";
    if (text_is_word(status, "FAILED"))
        return "failed";
    return status ? "answered" : "waiting";
}

static void running_note(const struct page *g, size_t i, char *out, size_t size)
{
    char conf[PAGE_CELL];
    const char *vote =
        evaluation_vote(evaluation_chosen(g, i, "vote"), evaluation_chosen(g, i, "answer"));
    const char *error = evaluation_agent(g, i, "error");
    int64_t tries = 0;
    const char *count = evaluation_agent(g, i, "tries");
    if (count)
        whole_number(count, &tries);
    if (vote)
        snprintf(out, size, "%s %s%s", vote,
                 evaluation_confidence(conf, evaluation_chosen(g, i, "confidence")),
                 evaluation_by_baseline(g, i) ? "  baseline" : "");
    else if (error && *error)
        snprintf(out, size, "%s", error);
    else if (tries > 1)
        snprintf(out, size, "try %lld", (long long)tries);
    else if (!evaluation_agent(g, i, "status") &&
             text_is_word(evaluation_agent(g, i, "role"), "veto"))
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
    const char *out = evaluation_agent(g, i, "tokens_out"),
               *in = evaluation_agent(g, i, "tokens_in");
    const char *waiting = stopwatch(time, g, PART_AGENTS, evaluation_agent(g, i, "waiting_ms"));
    int64_t a = 0, b = 0;
    if (in && out && whole_number(in, &a) && whole_number(out, &b))
        snprintf(sum, sizeof sum, "%lld", (long long)(a + b));
    bool known = in && a + b > 0;
    running_note(g, i, note, sizeof note);
    if (!waiting && evaluation_agent(g, i, "latency_ms"))
        waiting = latency_text(time, evaluation_agent(g, i, "latency_ms"));
    const struct page_cell cells[] = {
        {evaluation_agent(g, i, "agent"), TOKEN_FG},
        {state, strcmp(state, "asked") == 0    ? TOKEN_STATE_RUN
                : strcmp(state, "failed") == 0 ? TOKEN_SEV_WARN
                                               : TOKEN_DIM},
        {waiting, TOKEN_FG},
        {known                              ? evaluation_count(tokens, sum)
         : evaluation_agent(g, i, "status") ? "?"
                                            : NULL,
         TOKEN_FG},
        {known ? evaluation_cost(cost, evaluation_agent(g, i, "cost_usd"), 4)
         : evaluation_agent(g, i, "status") ? "?"
                                            : NULL,
         TOKEN_FG},
        {note, style_of_vote(evaluation_chosen(g, i, "vote"))},
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

/* A baseline's vote is in where no model is being asked. */
static bool is_in(const struct page *g, size_t i)
{
    const char *status = evaluation_agent(g, i, "status");
    bool asked = text_is_word(status, "SENT") || text_is_word(status, "RESERVED");
    return evaluation_agent(g, i, "vote") || (evaluation_agent(g, i, "base_vote") && !asked);
}

static void count_votes(const struct page *g, int *in, int *voters)
{
    *in = *voters = 0;
    for (size_t i = 0; i < page_rows(g, PART_AGENTS)->nrows; i++) {
        bool voter = text_is_word(evaluation_agent(g, i, "role"), "voter");
        *voters += voter;
        *in += voter && is_in(g, i);
    }
}

static void running_money(struct page *g)
{
    char a[PAGE_CELL], b[PAGE_CELL], c[PAGE_CELL];
    const char *so_far = evaluation_cost(a, page_fact(g, "cost_usd"), 4);
    const char *held = evaluation_cost(b, page_fact(g, "reserved_usd"), 4);
    const char *most = page_fact(g, "max_cost_usd");
    page_label(g, "COST");
    page_say(g, TOKEN_FG, "so far $%s%s", so_far ? so_far : "0",
             page_flag(g, "simulated") ? " (simulated)" : "");
    if (held)
        page_say(g, TOKEN_FG, "reserved $%s", held);
    if (most)
        page_say(g, TOKEN_FG, "at most $%s", evaluation_cost(c, most, 4));
    if (page_fact(g, "budget_left"))
        page_say(g, TOKEN_FG, "budget left $%s",
                 evaluation_cost(c, page_fact(g, "budget_left"), 2));
    if (page_fact(g, "fmp_left"))
        page_say(g, TOKEN_FG, "FMP left %s", page_fact(g, "fmp_left"));
}

void draw_evaluation_running(struct page *g)
{
    char note[80], time[PAGE_CELL], usual[PAGE_CELL];
    int in, voters;
    const char *state = page_fact(g, "state");
    const char *clock = stopwatch(time, g, PART_HEAD, page_fact(g, "elapsed_ms"));
    bool gathering = text_is_word(state, "QUEUED") || text_is_word(state, "GATHERING");
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
    running_step(g, "data",
                 gathering ? (text_is_word(state, "QUEUED") ? "waiting" : "asked") : "done", "");
    bool voted = text_is_word(state, "SIZING");
    for (size_t i = 0; i < page_rows(g, PART_AGENTS)->nrows; i++) {
        if (text_is_word(evaluation_agent(g, i, "role"), "veto")) {
            snprintf(note, sizeof note, "%d of %d in, need %s", in, voters,
                     page_fact(g, "needed") ? page_fact(g, "needed") : "?");
            running_step(g, "vote", voted ? "done" : "waiting", note);
        }
        running_agent(g, i);
    }
    page_blank(g);
    running_money(g);
}
