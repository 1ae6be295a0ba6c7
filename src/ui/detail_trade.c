/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trade and its position: one story, open or closed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/calendar.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/chart.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_CLOSES, PART_VOTES, PART_ORDERS, PART_SIMILAR };
enum { POINTS_MAX = 420, AXIS = 10 };

static bool closed(const struct page *g)
{
    return page_fact(g, "closed") != NULL;
}

static double number(const struct page *g, const char *column)
{
    double v;
    const char *text = page_fact(g, column);
    return text && text_to_double(text, &v) ? v : (double)NAN;
}

static void side_line(struct page *g, const char *label, const char *when, const char *price)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE];
    int64_t quantity = page_number(g, "quantity"), total;
    page_label(g, label);
    if (!price) {
        page_say(g, TOKEN_DIM, "not filled yet");
        return;
    }
    page_say(g, TOKEN_FG, "%s", when ? when : "-");
    page_say(g, TOKEN_FG, "%lld @ %s", (long long)quantity, price_text(a, g, price));
    if (!__builtin_mul_overflow(quantity, micro_of(price), &total))
        page_more(g, TOKEN_FG, "= %s", money_text(b, total, false));
}

static void entry_exit(struct page *g)
{
    char age[PAGE_CELL];
    side_line(g, "ENTRY", page_fact(g, "opened"), page_fact(g, "entry_price"));
    if (closed(g)) {
        side_line(g, "EXIT", page_fact(g, "closed"), page_fact(g, "exit_price"));
        page_say(g, TOKEN_FG, "reason %s", page_fact(g, "exit_reason"));
        if (page_fact(g, "exit_why") && *page_fact(g, "exit_why"))
            page_say(g, TOKEN_DIM, "%s", page_fact(g, "exit_why"));
        return;
    }
    snprintf(age, sizeof age, "%s", "-");
    if (page_fact(g, "last_epoch"))
        age_text(age, g, page_fact(g, "last_epoch"));
    char when[PAGE_CELL + 16];
    snprintf(when, sizeof when, "%s old", age);
    side_line(g, "NOW", when, page_fact(g, "last_price"));
    if (page_fact(g, "exit_reason"))
        page_say(g, TOKEN_SEV_WARN, "exit under way: %s", page_fact(g, "exit_reason"));
    if (page_fact(g, "unpriced"))
        page_say(g, TOKEN_STALE, "no price since %s: %s", page_fact(g, "unpriced"),
                 page_fact(g, "unpriced_reason") ? page_fact(g, "unpriced_reason") : "");
}

static void result_line(struct page *g)
{
    char span[16], a[FIGURE_SIZE], b[FIGURE_SIZE];
    int64_t from = page_number(g, "opened_epoch") * USEC_SECOND;
    int64_t to = closed(g) ? page_number(g, "closed_epoch") * USEC_SECOND : g->snapshot->now;
    const char *pnl = page_fact(g, "pnl_usd");
    page_label(g, "HELD");
    if (to >= from && to - from < 36500 * USEC_DAY && page_fact(g, "entry_price")) {
        int sessions = calendar_between(exchange_day(from), exchange_day(to));
        page_say(g, TOKEN_FG, "%s, %d session%s", duration_print(span, to - from), sessions,
                 sessions == 1 ? "" : "s");
    } else {
        page_say(g, TOKEN_DIM, "not yet");
    }
    page_say(g, style_of_sign(pnl) | STYLE_BOLD, "P&L %s (%s)", figure_text(a, FIGURE_PROFIT, pnl),
             figure_text(b, FIGURE_CHANGE, page_fact(g, "pnl_pct")));
    page_say(g, TOKEN_FG, "R %s", figure_text(a, FIGURE_R, page_fact(g, "r_multiple")));
    page_say(g, TOKEN_FG, "MFE %s", figure_text(a, FIGURE_CHANGE, page_fact(g, "mfe_pct")));
    page_say(g, TOKEN_FG, "MAE %s", figure_text(a, FIGURE_CHANGE, page_fact(g, "mae_pct")));
}

static void sized_line(struct page *g)
{
    char a[FIGURE_SIZE], d[PAGE_CELL];
    const char *entry = page_fact(g, "entry_price"), *stop = page_fact(g, "initial_stop");
    const char *now = page_fact(g, "stop_price"), *target = page_fact(g, "target_price");
    page_label(g, "SIZED");
    if (!stop) {
        page_say(g, TOKEN_DIM, "stop and target stand when the entry is filled");
        return;
    }
    page_say(g, TOKEN_FG, "stop %s %s", price_text(a, g, stop), distance_text(d, stop, entry));
    if (now && micro_of(now) != micro_of(stop))
        page_say(g, TOKEN_FG, "trailed to %s %s", price_text(a, g, now),
                 distance_text(d, now, entry));
    if (target)
        page_say(g, TOKEN_FG, "target %s %s", price_text(a, g, target),
                 distance_text(d, target, entry));
    page_say(g, TOKEN_FG, "risk %s", figure_text(a, FIGURE_MONEY, page_fact(g, "risk_usd")));
    if (!isnan(number(g, "risk_pct")))
        page_more(g, TOKEN_FG, "= %.2f%% of equity", round_half_away(number(g, "risk_pct"), 2));
    if (!closed(g) && page_fact(g, "time_exit"))
        page_say(g, TOKEN_DIM, "closed after %s sessions at the latest", page_fact(g, "time_exit"));
}

/* ---- pictures of the holding period */

struct path {
    double value[POINTS_MAX];
    size_t n;
    struct chart_range range;
    double entry, stop, target, end; /* end: the exit, or the price now */
};

static void path_of(const struct page *g, struct path *p)
{
    const struct rows *r = page_rows(g, PART_CLOSES);
    double v;
    *p = (struct path){.entry = number(g, "entry_price"),
                       .stop = number(g, "stop_price"), /* the one in force */
                       .target = number(g, "target_price"),
                       .end = number(g, closed(g) ? "exit_price" : "last_price")};
    if (!isnan(p->entry))
        p->value[p->n++] = p->entry;
    for (size_t i = 0; i < r->nrows && p->n < POINTS_MAX - 1; i++)
        if (rows_named(r, i, "price") && text_to_double(rows_named(r, i, "price"), &v))
            p->value[p->n++] = v;
    if (!isnan(p->end))
        p->value[p->n++] = p->end;
    p->range = chart_range_of(p->value, p->n);
    chart_range_include(&p->range, number(g, "low_price"));
    chart_range_include(&p->range, number(g, "high_price"));
    chart_range_include(&p->range, p->stop);
    /* A target far away would press the picture flat. */
    if (p->target - p->range.high < 0.5 * (p->range.high - p->range.low))
        chart_range_include(&p->range, p->target);
}

static void level(const struct pane *all, const struct pane *canvas, const struct path *p,
                  double value, uint16_t style, const char *name)
{
    char text[40];
    int row = chart_row(p->range, canvas->rows, value);
    if (isnan(value) || row < 0 || row >= canvas->rows)
        return;
    chart_level(canvas, CHART_FRAME, p->range, value, style);
    snprintf(text, sizeof text, "%.2f", round_half_away(value, 2));
    pane_right(all, row, 0, AXIS - 1, style, text);
    pane_fill(all, row, canvas->col + canvas->cols + 1, 1, 8, style,
              ' '); /* the later one counts */
    pane_text(all, row, canvas->col + canvas->cols + 1, style, name);
}

static void chart(struct page *g, const struct path *p)
{
    struct page_picture picture;
    const struct rows *r = page_rows(g, PART_CLOSES);
    int rows = g->cols >= 112 ? 10 : 6;
    page_blank(g);
    page_picture(g, &picture, rows + 1);
    const struct pane *all = &picture.pane;
    struct pane canvas = pane_part(all, 0, AXIS + 1, rows, g->cols - AXIS - 9);
    pane_vrule(all, 0, AXIS, rows, TOKEN_RULE, LINE_THIN);
    chart_line(&canvas, CHART_FRAME, p->range, p->value, p->n, TOKEN_CHART_1);
    level(all, &canvas, p, p->target, TOKEN_CHART_EXIT, "target");
    level(all, &canvas, p, p->stop, TOKEN_CHART_STOP, "stop");
    level(all, &canvas, p, p->end, TOKEN_CHART_EXIT, closed(g) ? "exit" : "now");
    level(all, &canvas, p, p->entry, TOKEN_CHART_ENTRY, "entry");
    const char *last = closed(g) ? page_fact(g, "closed") : rows_named(r, r->nrows - 1, "day");
    pane_printf(all, rows, AXIS + 1, TOKEN_DIM, "%.5s", page_fact(g, "opened") + 5);
    pane_printf(all, rows, AXIS + 9, TOKEN_DIM, "closes of %d sessions", (int)r->nrows);
    pane_printf(all, rows, canvas.col + canvas.cols - 5, TOKEN_DIM, "%.5s",
                closed(g) ? last + 5 : "now");
    page_picture_end(g, &picture);
}

/* Where a price stands on the bar of `cols` columns, -1: nowhere. */
static int place(struct chart_range r, int cols, double value)
{
    if (isnan(value) || value < r.low || value > r.high || r.high <= r.low)
        return -1;
    return (int)((value - r.low) / (r.high - r.low) * (cols - 1) + 0.5);
}

static void mark(const struct pane *p, const struct chart_range *r, int cols, double value,
                 uint16_t style, const char *letter)
{
    int at = place(*r, cols, value);
    if (at >= 0)
        pane_text(p, 0, at, style | STYLE_BOLD, letter);
}

/* From the lowest to the highest price it saw, between stop and target. */
static void range_bar(struct page *g, const struct path *p)
{
    struct page_picture picture;
    double low = number(g, "low_price"), high = number(g, "high_price");
    if (isnan(low) || isnan(high) || isnan(p->entry))
        return;
    struct chart_range r = {low, high};
    chart_range_include(&r, p->stop);
    chart_range_include(&r, p->target);
    chart_range_include(&r, p->entry);
    page_label(g, "RANGE");
    int left = g->column;
    g->line--; /* the picture is that line */
    page_picture(g, &picture, 1);
    struct pane bar = pane_part(&picture.pane, 0, left, 1, g->cols - left - 1);
    pane_fill(&bar, 0, 0, 1, bar.cols, TOKEN_GAUGE_TRACK, '-');
    int from = place(r, bar.cols, low), to = place(r, bar.cols, high);
    if (from >= 0 && to >= from)
        pane_fill(&bar, 0, from, 1, to - from + 1, TOKEN_GAUGE_FILL, '=');
    mark(&bar, &r, bar.cols, p->target, TOKEN_CHART_EXIT, "t");
    mark(&bar, &r, bar.cols, p->stop, TOKEN_CHART_STOP, "s");
    mark(&bar, &r, bar.cols, p->entry, TOKEN_CHART_ENTRY, "e");
    mark(&bar, &r, bar.cols, p->end, TOKEN_CHART_EXIT, closed(g) ? "x" : "n");
    page_picture_end(g, &picture);
    char a[FIGURE_SIZE], b[FIGURE_SIZE];
    page_label(g, "");
    page_say(g, TOKEN_DIM, "seen %s to %s", price_text(a, g, page_fact(g, "low_price")),
             price_text(b, g, page_fact(g, "high_price")));
    page_say(g, TOKEN_CHART_STOP, "s stop");
    page_say(g, TOKEN_CHART_ENTRY, "e entry");
    page_say(g, TOKEN_CHART_EXIT, closed(g) ? "x exit" : "n now");
    page_say(g, TOKEN_CHART_EXIT, "t target");
}

static void pictures(struct page *g)
{
    struct path p;
    path_of(g, &p);
    if (page_rows(g, PART_CLOSES)->nrows >= 2 && g->cols >= 60)
        chart(g, &p);
    range_bar(g, &p);
}

/* ---- why, and what else */

static void regime_lines(struct page *g)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE];
    const char *then = page_fact(g, "regime"), *later = page_fact(g, "regime_later");
    const char *end = closed(g) ? "at exit" : "now";
    page_label(g, "REGIME");
    page_say(g, TOKEN_FG, "at entry %s %s", then ? then : "-",
             figure_text(a, FIGURE_RATE, page_fact(g, "regime_confidence")));
    if (later)
        page_say(g, TOKEN_FG, "%s %s %s", end, later,
                 figure_text(b, FIGURE_RATE, page_fact(g, "regime_later_confidence")));
    else
        page_say(g, TOKEN_DIM, "not judged again while it was held");
    if (then && later && strcmp(then, later) != 0)
        page_say(g, TOKEN_SEV_WARN, closed(g) ? "<- changed while open" : "<- changed since");
    page_label(g, "SENTIMENT");
    page_say(g, TOKEN_FG, "at entry %s", figure_text(a, FIGURE_R, page_fact(g, "sentiment")));
    page_say(g, TOKEN_FG, "%s %s", end, figure_text(b, FIGURE_R, page_fact(g, "sentiment_later")));
    page_label(g, "CATALYST");
    if (page_fact(g, "catalyst"))
        page_say(g, TOKEN_DIM, "\"%s\"", page_fact(g, "catalyst"));
    else
        page_say(g, TOKEN_DIM, closed(g) ? "none is recorded" : "recorded when it closes");
}

static void votes_line(struct page *g)
{
    char confidence[FIGURE_SIZE];
    const struct rows *r = page_rows(g, PART_VOTES);
    page_label(g, "VOTES");
    for (size_t i = 0; i < r->nrows; i++) {
        const char *vote = rows_named(r, i, "vote");
        page_say(g, TOKEN_FG, "%s", rows_named(r, i, "agent"));
        bool none = strcmp(vote, "ABSTAIN") == 0 || strcmp(vote, "FAILED") == 0;
        page_more(g, style_of_vote(vote), "%s%s%s", vote, none ? "" : " ",
                  none ? "" : figure_text(confidence, FIGURE_RATE, rows_named(r, i, "confidence")));
        if (strcmp(rows_named(r, i, "source"), "baseline") == 0)
            page_more(g, TOKEN_DIM, "baseline");
    }
    if (r->nrows == 0)
        page_say(g, TOKEN_DIM, page_came(g, PART_VOTES) ? "none are stored" : "loading");
}

static void cost_line(struct page *g)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE], c[FIGURE_SIZE];
    page_label(g, "COSTS");
    page_say(g, TOKEN_FG, "fees %s", figure_text(a, FIGURE_MONEY, page_fact(g, "fees_usd")));
    page_say(g, TOKEN_FG, "slippage %s",
             figure_text(b, FIGURE_MONEY, page_fact(g, "slippage_usd")));
    page_say(g, TOKEN_FG, "models %s%s", figure_text(c, FIGURE_COST, page_fact(g, "model_usd")),
             page_flag(g, "simulated") ? " (simulated)" : "");
    if (micro_of(page_fact(g, "dividends")) != 0)
        page_say(g, TOKEN_FG, "dividends %s",
                 figure_text(a, FIGURE_MONEY, page_fact(g, "dividends")));
}

static void evaluation_line(struct page *g)
{
    const char *id = page_fact(g, "evaluation_id");
    if (id)
        page_item(g);
    page_label(g, "EVAL");
    if (!id) {
        page_say(g, TOKEN_DIM, "no evaluation is recorded for it");
        return;
    }
    page_say(g, TOKEN_FG, "#%s %s %s", id, page_fact(g, "decision") ? page_fact(g, "decision") : "",
             page_fact(g, "agreement") ? page_fact(g, "agreement") : "");
    page_say(g, TOKEN_DIM, "[Enter: open it]");
}

static void orders_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"ORDERED", 11, false, 0}, {"FOR", 5, false, 0},          {"KIND", 6, false, 60},
        {"QTY", 5, true, 0},       {"FILLED", 6, true, 60},       {"AT", 9, true, 72},
        {"GOT", 9, true, 40},      {"FILLED AT", 11, false, 100}, {"STATE", 9, false, 50},
        {"WHY", 0, false, 72},
    };
    const struct rows *r = page_rows(g, PART_ORDERS);
    page_heading(g, "ORDERS", NULL);
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM, page_came(g, PART_ORDERS) ? "none are stored" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char at[FIGURE_SIZE], got[FIGURE_SIZE];
        const char *price = rows_named(r, i, "at_price"), *paid = rows_named(r, i, "got_price");
        const struct page_cell cells[] = {
            {rows_named(r, i, "ordered"), TOKEN_FG},
            {rows_named(r, i, "purpose"), TOKEN_FG},
            {rows_named(r, i, "kind"), TOKEN_FG},
            {rows_named(r, i, "quantity"), TOKEN_FG},
            {rows_named(r, i, "filled"), TOKEN_FG},
            {price ? price_text(at, g, price) : NULL, TOKEN_FG},
            {paid ? price_text(got, g, paid) : NULL, TOKEN_FG},
            {rows_named(r, i, "filled_at"), TOKEN_FG},
            {rows_named(r, i, "state"), TOKEN_FG},
            {rows_named(r, i, "why"), TOKEN_DIM},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, false);
    }
}

static void similar_summary(struct page *g)
{
    const struct rows *r = page_rows(g, PART_SIMILAR);
    int won = 0, same = 0, same_won = 0;
    double sum = 0, pct;
    const char *regime = page_fact(g, "regime");
    for (size_t i = 0; i < r->nrows; i++) {
        const char *text = rows_named(r, i, "pnl_pct"), *of = rows_named(r, i, "regime");
        bool win = text && text_to_double(text, &pct) && pct > 0;
        sum += text && text_to_double(text, &pct) ? pct : 0;
        won += win;
        same += regime && of && strcmp(of, regime) == 0;
        same_won += win && regime && of && strcmp(of, regime) == 0;
    }
    page_label(g, "SIMILAR");
    if (r->nrows == 0) {
        page_say(g, TOKEN_DIM, page_came(g, PART_SIMILAR) ? "no other trade of %s" : "loading %s",
                 page_fact(g, "symbol"));
        return;
    }
    page_say(g, TOKEN_FG, "last %d other %s: %d won, mean %+.2f%%", (int)r->nrows,
             page_fact(g, "symbol"), won, round_half_away(sum / (double)r->nrows, 2));
    if (same)
        page_say(g, TOKEN_FG, "in %s %d won of %d", regime, same_won, same);
}

static void similar_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"TRADE", 6, false, 0},   {"CLOSED", 11, false, 0}, {"P&L $", 10, true, 0},
        {"P&L %", 8, true, 0},    {"R", 6, true, 50},       {"REASON", 15, false, 64},
        {"REGIME", 0, false, 72},
    };
    const struct rows *r = page_rows(g, PART_SIMILAR);
    if (r->nrows == 0)
        return;
    page_heading(g, "OTHER TRADES OF", page_fact(g, "symbol"));
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], usd[FIGURE_SIZE], pct[FIGURE_SIZE], mult[FIGURE_SIZE];
        const char *pnl = rows_named(r, i, "pnl_usd");
        snprintf(id, sizeof id, "#%.20s", rows_named(r, i, "id"));
        const struct page_cell cells[] = {
            {id, TOKEN_FG},
            {rows_named(r, i, "closed"), TOKEN_FG},
            {figure_text(usd, FIGURE_PROFIT, pnl), style_of_sign(pnl)},
            {figure_text(pct, FIGURE_CHANGE, rows_named(r, i, "pnl_pct")), style_of_sign(pnl)},
            {figure_text(mult, FIGURE_R, rows_named(r, i, "r_multiple")), TOKEN_FG},
            {rows_named(r, i, "exit_reason"), TOKEN_FG},
            {rows_named(r, i, "regime"), TOKEN_FG},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

static void story(struct page *g)
{
    entry_exit(g);
    result_line(g);
    sized_line(g);
    pictures(g);
    page_blank(g);
    evaluation_line(g);
    votes_line(g);
    regime_lines(g);
    page_label(g, "PARAMS");
    page_say(g, page_fact(g, "parameters") ? TOKEN_FG : TOKEN_DIM, "%s",
             page_fact(g, "parameters") ? page_fact(g, "parameters") : "defaults in force");
    cost_line(g);
    similar_summary(g);
    page_label(g, "LESSON");
    if (page_fact(g, "cited_by"))
        page_say(g, TOKEN_FG, "cited by adjustment %s", page_fact(g, "cited_by"));
    else
        page_say(g, TOKEN_DIM, "no adjustment cites it");
    orders_table(g);
    similar_table(g);
}

static void set_title(struct page *g)
{
    char usd[FIGURE_SIZE], pct[FIGURE_SIZE];
    struct detail_view *v = g->view;
    const char *reason = page_fact(g, "exit_reason");
    snprintf(v->title, sizeof v->title, "%.12s LONG  %.10s%s%.20s  %.14s  %.10s",
             page_fact(g, "symbol"), page_fact(g, "state"), closed(g) && reason ? " " : "",
             closed(g) && reason ? reason : "",
             figure_text(usd, FIGURE_PROFIT, page_fact(g, "pnl_usd")),
             figure_text(pct, FIGURE_CHANGE, page_fact(g, "pnl_pct")));
    sanitize_line(v->title, sizeof v->title, untrusted(v->title));
}

static void trade_body(struct page *g)
{
    if (!page_ready(g, "trade", "all: :trades"))
        return;
    set_title(g);
    story(g);
}

static void position_body(struct page *g)
{
    if (!page_ready(g, "position", "open ones: :positions"))
        return;
    set_title(g);
    story(g);
}

int draw_trade(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, trade_body);
}

int draw_position(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, position_body);
}

void trade_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX])
{
    const struct rows *head = &s->detail[PART_HEAD].rows, *r = &s->detail[PART_SIMILAR].rows;
    const char *evaluation = head->nrows ? rows_named(head, 0, "evaluation_id") : NULL;
    int item = v->item - (evaluation != NULL);
    out[0] = '\0';
    if (evaluation && v->item == 0)
        snprintf(out, OBJECT_MAX, "evaluation %.30s", evaluation);
    else if (item >= 0 && (size_t)item < r->nrows)
        snprintf(out, OBJECT_MAX, "trade %.30s", rows_named(r, (size_t)item, "id"));
}
