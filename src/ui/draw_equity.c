/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"
#include "ui/chart.h"
#include "ui/draw.h"
#include "ui/draw_rows.h"
#include "ui/list.h"

enum { MARKS_MOST = 500, AXIS = 8 };

/* "101.4k", "98,750", "1.21M": at most seven columns. */
static const char *short_money(char dst[24], double x)
{
    double size = fabs(x);
    if (size >= 999950)
        snprintf(dst, 24, "%.2fM", size < 1e12 ? x / 1e6 : 0);
    else if (size >= 1000)
        snprintf(dst, 24, "%.1fk", x / 1e3);
    else
        snprintf(dst, 24, "%.2f", x);
    return dst;
}

/* A large field of colour shouts: only its upper edge has it. */
static void light_top(const struct pane *p)
{
    for (int col = 0; col < p->cols; col++) {
        for (int row = 0; row < p->rows; row++) {
            const struct cell *c = frame_cell(p->frame, p->row + row, p->col + col);
            char text[CELL_BYTES + 1] = "";
            if (c == NULL || c->text[0] == ' ')
                continue;
            memcpy(text, c->text, c->len);
            pane_put(p, row, col, TOKEN_CHART_1, text);
            break;
        }
    }
}

/* Names of the sessions below the chart, where they have room. */
static void draw_days(const struct pane *p, const struct rows *r, size_t first, size_t n)
{
    int width = p->cols - AXIS, free_from = AXIS;
    for (size_t i = 0; i + 1 < n; i++) {
        int col = AXIS + (int)((double)i / (double)(n - 1) * (width - 1));
        const char *name = rows_words(r, first + i, "name");
        int len = list_columns(name, 11);
        if (col < free_from || col + len + 5 > p->cols)
            continue;
        pane_cut(p, p->rows - 1, col, len, TOKEN_DIM, name);
        free_from = col + len + 8;
    }
    const char *last = rows_words(r, first + n - 1, "name");
    int len = list_columns(last, 11);
    if (p->cols > AXIS + len)
        pane_cut(p, p->rows - 1, p->cols - len, len, TOKEN_DIM, last);
}

/* The benchmark, a dot a column: it moves more than the desk does, and is not what is looked at. */
static void draw_held(const struct pane *p, struct chart_range r, const double value[], size_t n)
{
    for (int col = 0; n > 0 && col < p->cols; col++) {
        double v = value[(size_t)col * n / (size_t)p->cols];
        int row = isfinite(v) ? chart_row(r, p->rows, v) : -1;
        if (row >= 0 && row < p->rows)
            pane_put(p, row, col, TOKEN_CHART_2, p->frame->ascii ? "." : "\xe2\x80\xa2");
    }
}

void draw_equity(const struct pane *p, const struct snapshot *s)
{
    const struct rows *r = &s->panel[PANEL_EQUITY].rows;
    double value[MARKS_MOST];
    size_t first = 0, n = rows_part_figures(r, NULL, "equity", value, MARKS_MOST, &first);
    if (n < 2 || p->rows < 1)
        return;
    if (p->rows < 3 || p->cols < AXIS + 10) { /* a row of marks, and what it is now */
        const char *now = rows_words(r, r->nrows - 1, "equity_text");
        int len = list_columns(now, p->cols);
        chart_spark(p, CHART_FRAME, 0, 1, p->cols - len - 3, value, n, TOKEN_CHART_1);
        pane_cut(p, 0, p->cols - len - 1, len, TOKEN_FG, now);
        return;
    }
    double held[MARKS_MOST];
    double start = rows_figure(r, r->nrows - 1, "start_usd");
    size_t m = rows_part_figures(r, NULL, "hold_pct", held, MARKS_MOST, &first);
    struct chart_range range = chart_range_of(value, n);
    /* it may move the curve into half of the picture, not out of it */
    const struct chart_range own = range;
    double span = (own.high - own.low) / 2;
    for (size_t i = 0; i < m; i++) {
        held[i] = start * (1 + held[i] / 100);
        if (held[i] < own.low - span || held[i] > own.high + span)
            held[i] = (double)NAN;
        chart_range_include(&range, held[i]);
    }
    struct pane area = pane_part(p, 0, AXIS, p->rows - 1, p->cols - AXIS);
    char label[24];
    double low = range.low - (range.high - range.low) * 0.05; /* the lowest day shows, too */
    struct chart_range drawn = {low, range.high};
    chart_area(&area, CHART_FRAME, drawn, value, n, TOKEN_GAUGE_TRACK);
    light_top(&area);
    chart_level(&area, CHART_FRAME, drawn, start, TOKEN_GAUGE_TRACK);
    draw_held(&area, drawn, held, m);
    pane_right(p, 0, 0, AXIS - 1, TOKEN_DIM, short_money(label, range.high));
    pane_right(p, area.rows - 1, 0, AXIS - 1, TOKEN_DIM, short_money(label, range.low));
    pane_vrule(p, 0, AXIS - 1, area.rows, TOKEN_RULE, LINE_THIN);
    draw_days(p, r, first, n);
}
