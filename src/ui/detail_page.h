/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a detail is written: line after line onto a page longer than its pane. The body of a detail
 * runs twice, once to count its lines and find its items, once to draw those in sight; both times
 * it must write the same. Texts need not be clean. For the detail_*.c files only. */
#ifndef UI_DETAIL_PAGE_H
#define UI_DETAIL_PAGE_H

#include "ui/detail.h"

enum { PAGE_ITEMS_MAX = 512, PAGE_CELL = 96, PRICE_CELL = 64 };

struct page {
    const struct pane *pane;
    const struct snapshot *snapshot;
    struct detail_view *view;
    int cols;
    int line;   /* lines so far; the open one is line - 1 */
    int indent; /* where the text of a labelled line begins */
    int column; /* where the open line goes on */
    bool fresh; /* nothing stands behind the label yet */
    int nitems, item_at[PAGE_ITEMS_MAX];
};

typedef void page_body_fn(struct page *g);
/* Scrolls as detail.h says, draws, and returns the lines of the page. */
int page_draw(const struct pane *p, const struct snapshot *s, struct detail_view *v,
              page_body_fn *body);
/* The same for a detail whose items have texts of their own, down to that depth. */
int page_draw_deep(const struct pane *p, const struct snapshot *s, struct detail_view *v,
                   page_body_fn *body, int deepest);

/* ---- what was loaded */

/* The first part has come and has a row. Else writes that it is on its way, what is wrong, or that
 * there is no such `what` and `fix`. */
bool page_ready(struct page *g, const char *what, const char *fix);
const struct rows *page_rows(const struct page *g, int part); /* without rows until it has come */
bool page_came(const struct page *g, int part);
/* Of row 0 of part 0, and of any; NULL where there is none. */
const char *page_fact(const struct page *g, const char *column);
const char *page_value(const struct page *g, int part, size_t row, const char *column);
int64_t page_number(const struct page *g, const char *column); /* 0 when there is none */
/* A whole number, at most 10^12 either way, so that it can be added up and be seconds; false, and
 * 0, when it is none. */
bool whole_number(const char *text, int64_t *out);
bool page_is(const struct page *g, const char *column, const char *text);
bool page_flag(const struct page *g, const char *column);

/* ---- lines */

void page_blank(struct page *g);
/* A line that begins with a word such as "RISK"; what is said next stands behind it. */
void page_label(struct page *g, const char *label);
/* Adds to the line, in the next one when there is no room; two blanks apart. Longer than a line: it
 * is wrapped. */
void page_say(struct page *g, uint16_t style, const char *fmt, ...) PRINTF_LIKE(3, 4);
void page_more(struct page *g, uint16_t style, const char *fmt, ...)
    PRINTF_LIKE(3, 4); /* 1 blank */
/* A whole text below, wrapped, newlines kept; at most `most` lines (0: all of it). */
void page_text(struct page *g, uint16_t style, const char *text, int most);
/* Words of a model or a feed: dim and in quotes. */
void page_quote(struct page *g, const char *text, int most);
void page_heading(struct page *g, const char *text, const char *note);
/* The next line is an item: true when it is the selected one. */
bool page_item(struct page *g);

/* ---- tables */

struct page_column {
    const char *title;
    int width; /* 0: the rest of the line, only the last one */
    bool right;
    int from; /* shown when the page has so many columns */
};
struct page_cell {
    const char *text; /* NULL: "-" */
    uint16_t style;
};
void page_header(struct page *g, const struct page_column *column, size_t n);
void page_cells(struct page *g, const struct page_column *column, size_t n,
                const struct page_cell *cell, bool item);

/* A picture of so many lines: draw into the pane, then end it. Nothing of it is drawn when it is
 * out of sight. */
struct page_picture {
    struct frame frame;
    struct pane pane;
    int row;
};
void page_picture(struct page *g, struct page_picture *a, int rows);
void page_picture_end(struct page *g, struct page_picture *a);

/* ---- how figures look */

uint16_t style_of_sign(const char *number); /* pnl.up, pnl.down, pnl.flat; fg for none */
uint16_t style_of_vote(const char *vote);
uint16_t style_of_risk(const char *level);
/* "haiku-4-5" of "claude-haiku-4-5-20251001". */
const char *short_model(char dst[PAGE_CELL], const char *model);
/* A price with the decimals of the console's option, "-" for none. */
const char *price_text(char dst[PRICE_CELL], const struct page *g, const char *stored);
/* "1.39s", "46ms", "-" for none. */
const char *latency_text(char dst[PAGE_CELL], const char *ms);
/* How long before the picture that was: seconds since 1970 as text. */
const char *age_text(char dst[PAGE_CELL], const struct page *g, const char *epoch);
/* " (-1.83%)" of the price from the base; "" when one is not known. */
const char *distance_text(char dst[PAGE_CELL], const char *price, const char *base);

/* ---- SQL of the parts */

/* The parameter as a number, NULL when it is none: no such row then. */
#define DETAIL_ID "(CASE WHEN $1 ~ '^[0-9]{1,18}$' THEN $1::bigint END)"
/* In a FROM: z.tz, the zone times are shown in (the exchange's, unless the session has another). */
#define DETAIL_TZ                                                                                  \
    "(SELECT COALESCE(NULLIF(current_setting('quorum.tz', true), ''), 'America/New_York') AS tz) " \
    "z"

/* A parameter's value; NULL is a filter that is off. */
#define DETAIL_VALUE(x) "COALESCE(trim_scale(" x ")::text, 'off')"

/* For < and >: the columns "older" and "newer" of part 0 hold ids of the same kind. */
void neighbour_by_id(const struct snapshot *s, const struct detail_view *v, int direction,
                     char out[OBJECT_MAX]);

/* The parts of the table of detail.c. */
extern const struct statement evaluation_head, evaluation_agents, evaluation_calls;
extern const struct statement evaluation_caps, evaluation_inputs, evaluation_facts;
int draw_evaluation(const struct pane *p, const struct snapshot *s, struct detail_view *v);
int evaluation_rhythm(const struct snapshot *s);
extern const struct statement trade_head, position_head, trade_closes, trade_votes, trade_orders;
extern const struct statement trade_similar, position_closes, position_votes, position_orders;
extern const struct statement position_similar;
int draw_trade(const struct pane *p, const struct snapshot *s, struct detail_view *v);
int draw_position(const struct pane *p, const struct snapshot *s, struct detail_view *v);
void trade_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX]);
extern const struct statement adjustment_head, adjustment_cases, adjustment_history;
extern const struct statement adjustment_acts;
/* "better  n=60  +0.08 R" of what was measured of a change; "not measured yet". */
const char *measured_text(char dst[PAGE_CELL], const char *state, const char *n,
                          const char *effect);
uint16_t style_of_measured(const char *state);
int adjustment_rhythm(const struct snapshot *s);
int draw_adjustment(const struct pane *p, const struct snapshot *s, struct detail_view *v);
void adjustment_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX]);
extern const struct statement agent_head, agent_errors, agent_scores, agent_bins, agent_prompts;
extern const struct statement agent_latency, agent_last;
int draw_agent(const struct pane *p, const struct snapshot *s, struct detail_view *v);
void agent_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX]);
extern const struct statement alert_head, alert_history;
int draw_alert(const struct pane *p, const struct snapshot *s, struct detail_view *v);
void alert_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX]);
extern const struct statement parameter_head, parameter_history, parameter_proposals;
int draw_parameter(const struct pane *p, const struct snapshot *s, struct detail_view *v);
void parameter_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX]);
extern const struct statement cycle_head, cycle_patterns, cycle_proposals;
int draw_cycle(const struct pane *p, const struct snapshot *s, struct detail_view *v);
void cycle_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX]);
extern const struct statement symbol_head, symbol_evaluations, symbol_guards, symbol_trades;
int draw_symbol(const struct pane *p, const struct snapshot *s, struct detail_view *v);
void symbol_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX]);
int draw_text_detail(const struct pane *p, const struct snapshot *s, struct detail_view *v);

#endif
