/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of an evaluation's detail: while it runs, when it has ended, one agent's words and what
 * exactly was sent; and how they read its rows. For the detail_evaluation*.c files only. */
#ifndef UI_DETAIL_EVALUATION_H
#define UI_DETAIL_EVALUATION_H

#include "ui/detail_page.h"

enum { PART_HEAD, PART_AGENTS, PART_CALLS, PART_CAPS, PART_INPUTS, PART_FACTS };

void draw_evaluation_running(struct page *g);
void draw_evaluation_ended(struct page *g);
void draw_evaluation_words(struct page *g, size_t agent); /* an agent's words in full */
void draw_evaluation_wire(struct page *g, size_t agent);  /* the prompt and the raw reply */

bool text_is_word(const char *text, const char *word); /* text may be NULL */
/* A column of row `i` of the agents. */
const char *evaluation_agent(const struct page *g, size_t i, const char *column);
/* What stands for a vote: the answer of those that do not vote, short words for no opinion. */
const char *evaluation_vote(const char *vote, const char *answer);
/* The regime is what the rule says; a model only comments on it. */
bool evaluation_by_rule(const struct page *g, size_t i);
/* Only the baseline's vote is there, or counts. */
bool evaluation_by_baseline(const struct page *g, size_t i);
/* The column of the one that counts, the model's or the baseline's. */
const char *evaluation_chosen(const struct page *g, size_t i, const char *column);
const char *evaluation_confidence(char dst[PAGE_CELL], const char *confidence); /* "82%", "-" */
/* NULL where there is no number. */
const char *evaluation_cost(char dst[PAGE_CELL], const char *usd, int places);
const char *evaluation_count(char dst[PAGE_CELL], const char *count); /* "5,352" */
/* A column of the fact with this id, NULL when there is none. */
const char *evaluation_fact(const struct page *g, const char *id, const char *column);

#endif
