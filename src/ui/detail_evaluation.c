/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One evaluation: which of its pictures is shown, and how its rows are read. */
#include <stdio.h>
#include <string.h>

#include "quorum/money.h"
#include "quorum/text.h"
#include "ui/detail_evaluation.h"

enum { RUNNING_MS = 250, ENDED_MS = 10000 };

int evaluation_rhythm(const struct snapshot *s)
{
    const struct rows *r = &s->detail[PART_HEAD].rows;
    return r->nrows && *rows_named(r, 0, "finished") == 'f' ? RUNNING_MS : ENDED_MS;
}

/* ---- its rows */

const char *evaluation_agent(const struct page *g, size_t i, const char *column)
{
    return page_value(g, PART_AGENTS, i, column);
}

bool text_is_word(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

const char *evaluation_vote(const char *vote, const char *answer)
{
    if (!vote)
        return NULL;
    if (text_is_word(vote, "ABSTAIN"))
        return "ABST";
    if (text_is_word(vote, "FAILED"))
        return "FAIL";
    return answer && *answer ? answer : vote;
}

bool evaluation_by_rule(const struct page *g, size_t i)
{
    return text_is_word(evaluation_agent(g, i, "role"), "classifier") &&
           evaluation_agent(g, i, "base_vote");
}

bool evaluation_by_baseline(const struct page *g, size_t i)
{
    const char *vote = evaluation_agent(g, i, "vote"),
               *counts = evaluation_agent(g, i, "base_counted");
    return !vote || evaluation_by_rule(g, i) || (counts && *counts == 't');
}

const char *evaluation_chosen(const struct page *g, size_t i, const char *column)
{
    char name[40];
    snprintf(name, sizeof name, "base_%s", column);
    return evaluation_agent(g, i, evaluation_by_baseline(g, i) ? name : column);
}

const char *evaluation_confidence(char dst[PAGE_CELL], const char *confidence)
{
    double v;
    if (confidence && text_to_double(confidence, &v))
        snprintf(dst, PAGE_CELL, "%.0f%%", round_half_away(v, 0));
    else
        copy_text(dst, PAGE_CELL, "-");
    return dst;
}

const char *evaluation_cost(char dst[PAGE_CELL], const char *usd, int places)
{
    double v;
    if (!usd || !text_to_double(usd, &v))
        return NULL;
    snprintf(dst, PAGE_CELL, "%.*f", places, round_half_away(v, places));
    return dst;
}

const char *evaluation_count(char dst[PAGE_CELL], const char *count)
{
    int64_t n;
    if (!whole_number(count, &n))
        return NULL;
    return decimal_group(dst, PAGE_CELL, n, 0, 0);
}

const char *evaluation_fact(const struct page *g, const char *id, const char *column)
{
    const struct rows *r = page_rows(g, PART_FACTS);
    for (size_t i = 0; i < r->nrows; i++)
        if (text_is_word(rows_named(r, i, "id"), id))
            return rows_named(r, i, column);
    return NULL;
}

/* ---- the page */

static void set_title(struct page *g)
{
    struct detail_view *v = g->view;
    const char *decision = page_fact(g, "decision");
    bool finished = page_flag(g, "finished");
    if (v->depth > 0 && (size_t)v->item < page_rows(g, PART_AGENTS)->nrows)
        snprintf(v->title, sizeof v->title, "%.12s  %.30s  %s", page_fact(g, "symbol"),
                 evaluation_agent(g, (size_t)v->item, "agent"),
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
        draw_evaluation_words(g, (size_t)v->item);
    else if (open)
        draw_evaluation_wire(g, (size_t)v->item);
    else if (page_flag(g, "finished"))
        draw_evaluation_ended(g);
    else
        draw_evaluation_running(g);
}

int draw_evaluation(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw_deep(p, s, v, body, 2);
}
