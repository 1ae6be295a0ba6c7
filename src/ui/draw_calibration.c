/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"
#include "ui/draw.h"
#include "ui/draw_rows.h"
#include "ui/list.h"

enum { BINS_MOST = 12, BIN = 7, NAME_LEAST = 8, NAME_MOST = 18, BRIER = 11 };

/* Columns for the names at the left: what five bins and a score leave over. */
static int name_width(const struct pane *p)
{
    int left = p->cols - 5 * BIN - BRIER;
    return left < NAME_LEAST ? NAME_LEAST : left > NAME_MOST ? NAME_MOST : left;
}

static bool is_total(const struct rows *r, size_t row)
{
    return strcmp(rows_words(r, row, "bin"), "total") == 0;
}

static void put_figure(const struct pane *p, int row, int col, uint16_t style, double x)
{
    char text[32];
    if (isfinite(x))
        snprintf(text, sizeof text, "%.0f", x < 1e6 ? x : 1e6);
    else
        snprintf(text, sizeof text, "-");
    pane_right(p, row, col, 6, style, text);
}

/* A column each bin: what was stated, how often it was right, of how many. The last row says how
 * sure that is. */
static size_t draw_all(const struct pane *p, const struct rows *r, const char *bin[BINS_MOST])
{
    static const char *const names[] = {"stated", "actual", "n", "95 %"};
    size_t n = 0;
    int at = name_width(p);
    for (int i = 0; i < 4; i++)
        pane_text(p, i, 1, TOKEN_DIM, names[i]);
    for (size_t i = 0; i < r->nrows && n < BINS_MOST; i++) {
        if (strcmp(rows_words(r, i, "agent"), "all") != 0 || is_total(r, i))
            continue;
        double actual = rows_figure(r, i, "actual"), low = rows_figure(r, i, "low");
        double high = rows_figure(r, i, "high"), stated = rows_figure(r, i, "stated");
        if (at + BIN > p->cols)
            break;
        bin[n++] = rows_words(r, i, "bin");
        pane_right(p, 0, at, 6, TOKEN_FG, bin[n - 1]);
        /* Off only when the interval says so. */
        bool off = isfinite(low) && isfinite(high) && (stated < low || stated > high);
        put_figure(p, 1, at, off ? TOKEN_SEV_WARN : TOKEN_FG, actual);
        put_figure(p, 2, at, TOKEN_DIM, rows_figure(r, i, "n"));
        if (isfinite(low) && isfinite(high)) {
            char text[32];
            snprintf(text, sizeof text, "%.0f-%.0f", low, high);
            pane_right(p, 3, at, 6, TOKEN_DIM, text);
        }
        at += BIN;
    }
    return n;
}

/* "Brier .22 / .24": the model's and its free baseline's on the same votes. */
static void draw_scores(const struct pane *p, int row, int *at, const struct rows *r, size_t i)
{
    double brier = rows_figure(r, i, "brier"), model = rows_figure(r, i, "model");
    double base = rows_figure(r, i, "base"), n = rows_figure(r, i, "n");
    char text[40];
    snprintf(text, sizeof text, " Brier %.2f", isfinite(brier) ? fmin(brier, 9) : 0);
    if (isfinite(brier))
        draw_whole(p, row, at, TOKEN_DIM, text);
    if (*rows_words(r, i, "mix"))
        draw_whole(p, row, at, TOKEN_SEV_WARN, "  MIX");
    snprintf(text, sizeof text, "  base %.2f", isfinite(base) ? fmin(base, 9) : 0);
    if (isfinite(base) && isfinite(model))
        draw_whole(p, row, at, model < base ? TOKEN_PNL_UP : TOKEN_SEV_WARN, text);
    snprintf(text, sizeof text, "  n %.0f", isfinite(n) ? fmin(n, 1e6) : 0);
    if (isfinite(brier))
        draw_whole(p, row, at, TOKEN_DIM, text);
}

/* One row an agent: how often right in each bin. Returns the row behind them. */
static int draw_agents(const struct pane *p, int row, const struct rows *r, const char *const bin[],
                       size_t nbins)
{
    int names = name_width(p);
    for (size_t i = 0; i < r->nrows && row < p->rows; i++) {
        const char *agent = rows_words(r, i, "agent");
        if (!is_total(r, i) || strcmp(agent, "all") == 0)
            continue;
        pane_cut(p, row, 1, names - 1, TOKEN_FG, agent);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(rows_words(r, j, "agent"), agent) != 0)
                continue;
            for (size_t b = 0; b < nbins; b++) {
                if (strcmp(rows_words(r, j, "bin"), bin[b]) == 0)
                    put_figure(p, row, names + (int)b * BIN, TOKEN_FG, rows_figure(r, j, "actual"));
            }
        }
        int at = names + (int)nbins * BIN;
        draw_scores(p, row, &at, r, i);
        row++;
    }
    return row;
}

/* "3 voters count as 1.8: they are right together (phi 0.35)" */
static int draw_voters(const struct pane *p, int row, const struct rows *r)
{
    for (size_t i = 0; i < r->nrows && row < p->rows; i++) {
        double voters = rows_figure(r, i, "voters"), effective = rows_figure(r, i, "effective");
        double phi = rows_figure(r, i, "phi");
        char text[120];
        int at = 1;
        if (!is_total(r, i) || !isfinite(voters) || !isfinite(effective) || voters < 2)
            continue;
        snprintf(text, sizeof text, "%.0f voters count as %.1f", fmin(voters, 99),
                 fmin(effective, 99));
        draw_whole(p, row, &at, TOKEN_FG, text);
        if (isfinite(phi))
            snprintf(text, sizeof text, "   right together: phi %.2f", phi);
        else
            snprintf(text, sizeof text, "   phi .5 is assumed below 30 shared votes");
        draw_whole(p, row, &at, TOKEN_DIM, text);
        row++;
    }
    for (size_t i = 0; i < r->nrows && row < p->rows; i++) {
        char text[200];
        if (!is_total(r, i) || !*rows_words(r, i, "mix"))
            continue;
        snprintf(text, sizeof text, "MIX %.120s: its last 50 votes are divided otherwise (:alerts)",
                 rows_words(r, i, "mix"));
        pane_cut(p, row++, 1, p->cols - 1, TOKEN_SEV_WARN, text);
    }
    return row;
}

/* ---- the chart: what was stated across, how often it was right upwards */

enum {
    CHART_LEAST_ROWS = 7,
    CHART_MOST_ROWS = 16,
    CHART_LEAST_COLS = 48,
    CHART_MOST_COLS = 76,
    CHART_AXIS = 5
};

static int place(double percent, int size)
{
    double p = percent < 0 ? 0 : percent > 100 ? 100 : percent;
    return (int)lround(p / 100 * (size - 1));
}

/* Between 50 and 100 stated: below nobody votes. */
static int column_of(double stated, int cols)
{
    return place((stated - 50) * 2, cols);
}

static void draw_axes(const struct pane *p, const struct pane *c)
{
    static const int marks[] = {0, 50, 100};
    for (size_t i = 0; i < 3; i++) {
        char text[12];
        int row = c->rows - 1 - place(marks[i], c->rows);
        snprintf(text, sizeof text, "%d", marks[i]);
        pane_right(p, c->row - p->row + row, 0, CHART_AXIS - 1, TOKEN_DIM, text);
        snprintf(text, sizeof text, "%d", 50 + marks[i] / 2);
        pane_right(p, c->row - p->row + c->rows, CHART_AXIS - 2 + place(marks[i], c->cols), 3,
                   TOKEN_DIM, text);
    }
    pane_vrule(p, c->row - p->row, CHART_AXIS - 1, c->rows, TOKEN_RULE, LINE_THIN);
    for (int col = 0; col < c->cols; col++) {
        double stated = 50 + 50.0 * col / (c->cols - 1);
        pane_put(c, c->rows - 1 - place(stated, c->rows), col, TOKEN_GAUGE_TRACK, ".");
    }
}

static void draw_chart(const struct pane *p, int row, const struct rows *r)
{
    int rows = p->rows - row - 3, cols = p->cols - CHART_AXIS - 3;
    cols = cols > CHART_MOST_COLS ? CHART_MOST_COLS : cols;
    if (rows < CHART_LEAST_ROWS || cols < CHART_LEAST_COLS)
        return;
    rows = rows > CHART_MOST_ROWS ? CHART_MOST_ROWS : rows;
    struct pane c = pane_part(p, row + 1, CHART_AXIS, rows, cols);
    draw_axes(p, &c);
    for (int pass = 0; pass < 2; pass++) { /* all over the agents */
        for (size_t i = 0; i < r->nrows; i++) {
            const char *agent = rows_words(r, i, "agent");
            bool all = strcmp(agent, "all") == 0;
            double stated = rows_figure(r, i, "stated"), actual = rows_figure(r, i, "actual");
            double low = rows_figure(r, i, "low"), high = rows_figure(r, i, "high");
            if (is_total(r, i) || all != (pass == 1) || !isfinite(stated) || !isfinite(actual))
                continue;
            int col = column_of(stated, c.cols), at = c.rows - 1 - place(actual, c.rows);
            if (all && isfinite(low) && isfinite(high)) {
                int top = c.rows - 1 - place(high, c.rows);
                pane_vrule(&c, top, col, c.rows - place(low, c.rows) - top, TOKEN_RULE, LINE_THIN);
            }
            char mark[2] = {all ? 'o' : agent[0], '\0'};
            pane_put(&c, at, col, all ? TOKEN_KEY | STYLE_BOLD : TOKEN_FG, mark);
        }
    }
    pane_cut(p, row + rows + 2, 1, p->cols - 1, TOKEN_DIM,
             "right % by confidence %: o all with 95 %, letters the agents, dots as stated");
}

void draw_calibration(const struct pane *p, const struct snapshot *s)
{
    const struct rows *r = &s->panel[PANEL_CALIBRATION].rows;
    const char *bin[BINS_MOST];
    size_t n = draw_all(p, r, bin);
    int row = draw_agents(p, 4, r, bin, n);
    row = draw_voters(p, row, r);
    draw_chart(p, row, r);
}
