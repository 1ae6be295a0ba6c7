/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"
#include "ui/draw.h"
#include "ui/draw_rows.h"
#include "ui/list.h"
#include "ui/status_line.h"

enum { SESSIONS_MOST = 20 };

static void draw_now(const struct pane *p, const struct rows *r, size_t now)
{
    const char *whose = rows_words(r, now, "symbol"), *since = rows_words(r, now, "since");
    double conf = rows_figure(r, now, "value");
    char text[64];
    int at = 1;
    snprintf(text, sizeof text, "%.40s ", whose);
    if (*whose)
        draw_whole(p, 0, &at, TOKEN_FG, text);
    snprintf(text, sizeof text, "%.20s", rows_words(r, now, "name"));
    draw_whole(p, 0, &at, TOKEN_TITLE | STYLE_BOLD, text);
    snprintf(text, sizeof text, " %.0f%%", conf);
    if (isfinite(conf))
        draw_whole(p, 0, &at, TOKEN_FG, text);
    snprintf(text, sizeof text, " %.20s", rows_words(r, now, "word"));
    draw_whole(p, 0, &at, TOKEN_FG, text);
    snprintf(text, sizeof text, "  since %.30s", since);
    if (*since)
        draw_whole(p, 0, &at, TOKEN_DIM, text);
}

/* One letter a session, the newest at the right. */
static void draw_strip(const struct pane *p, int row, const struct rows *r)
{
    size_t n = 0, skip = 0;
    for (size_t i = 0; i < r->nrows; i++)
        n += rows_is_part(r, i, "session");
    skip = n > SESSIONS_MOST ? n - SESSIONS_MOST : 0;
    int at = 1;
    for (size_t i = 0, seen = 0; i < r->nrows; i++) {
        if (rows_is_part(r, i, "session") && seen++ >= skip)
            at += pane_text(p, row, at, TOKEN_FG, status_regime_letter(rows_words(r, i, "word")));
    }
    if (n > 0)
        pane_printf(p, row, at, TOKEN_DIM, "  (%zu sessions)", n - skip);
    else
        pane_text(p, row, at, TOKEN_DIM, "no session yet");
}

/* Words that flow over the rows from `row` on; a word is never broken. */
struct flow {
    const struct pane *pane;
    int row, col;
};

static void flow_add(struct flow *f, uint16_t style, const char *text)
{
    int width = list_columns(text, 60);
    if (f->col > 1 && f->col + width > f->pane->cols) {
        f->row++;
        f->col = 1;
    }
    if (f->row < f->pane->rows)
        f->col += pane_text(f->pane, f->row, f->col, style, text) + 2;
}

static int draw_trades(const struct pane *p, int row, const struct rows *r)
{
    struct flow f = {p, row, 1};
    size_t first;
    if (!rows_find_part(r, "trades", &first))
        return row;
    flow_add(&f, TOKEN_DIM, "30d trades");
    for (size_t i = first; i < r->nrows; i++) {
        char text[64];
        double won = rows_figure(r, i, "value");
        if (!rows_is_part(r, i, "trades"))
            continue;
        snprintf(text, sizeof text, "%.12s %.8s (%.0f%%)", rows_words(r, i, "name"),
                 rows_words(r, i, "n"), isfinite(won) ? won : 0);
        flow_add(&f, TOKEN_FG, text);
    }
    return f.row + 1;
}

/* Returns the row behind them. */
static int draw_symbols(const struct pane *p, int row, const struct rows *r)
{
    struct flow f = {p, row, 1};
    for (size_t i = 0; i < r->nrows && f.row < p->rows; i++) {
        char text[64];
        double conf = rows_figure(r, i, "value");
        if (!rows_is_part(r, i, "symbol"))
            continue;
        int n = snprintf(text, sizeof text, "%.12s %s", rows_words(r, i, "name"),
                         status_regime_letter(rows_words(r, i, "word")));
        if (isfinite(conf))
            snprintf(text + n, sizeof text - (size_t)n, "%.0f", conf);
        flow_add(&f, TOKEN_DIM, text);
    }
    return f.row + (f.col > 1);
}

void draw_regime(const struct pane *p, const struct snapshot *s)
{
    const struct rows *r = &s->panel[PANEL_REGIME].rows;
    size_t now;
    if (!rows_find_part(r, "now", &now))
        return;
    draw_now(p, r, now);
    draw_strip(p, 1, r);
    int row = draw_trades(p, 2, r);
    row = draw_symbols(p, row, r);
    if (row < p->rows && p->rows >= 7 && p->cols >= 56)
        pane_text(p, p->rows - 1, 1, TOKEN_DIM,
                  "B bull  R bear  S sideways  H high vol  L low vol");
}
