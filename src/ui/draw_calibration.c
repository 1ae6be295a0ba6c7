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

/* One row an agent: how often right in each bin. */
static void draw_agents(const struct pane *p, int row, const struct rows *r,
                        const char *const bin[], size_t nbins)
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
        double brier = rows_figure(r, i, "brier"), n = rows_figure(r, i, "n");
        int at = names + (int)nbins * BIN;
        char text[40];
        snprintf(text, sizeof text, " Brier %.2f", isfinite(brier) ? fmin(brier, 9) : 0);
        if (isfinite(brier))
            draw_whole(p, row, &at, TOKEN_DIM, text);
        snprintf(text, sizeof text, "  n %.0f", isfinite(n) ? fmin(n, 1e6) : 0);
        if (isfinite(brier))
            draw_whole(p, row, &at, TOKEN_DIM, text);
        row++;
    }
}

void draw_calibration(const struct pane *p, const struct snapshot *s)
{
    const struct rows *r = &s->panel[PANEL_CALIBRATION].rows;
    const char *bin[BINS_MOST];
    size_t n = draw_all(p, r, bin);
    draw_agents(p, 4, r, bin, n);
}
