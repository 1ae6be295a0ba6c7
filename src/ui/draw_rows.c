/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/draw_rows.h"

#include <math.h>
#include <string.h>

#include "quorum/text.h"
#include "ui/list.h"

bool rows_is_part(const struct rows *r, size_t row, const char *part)
{
    return part == NULL || strcmp(rows_words(r, row, "part"), part) == 0;
}

bool rows_find_part(const struct rows *r, const char *part, size_t *row)
{
    for (size_t i = 0; i < r->nrows; i++) {
        if (rows_is_part(r, i, part)) {
            *row = i;
            return true;
        }
    }
    return false;
}

double rows_figure(const struct rows *r, size_t row, const char *column)
{
    const char *text = rows_named(r, row, column);
    double x;
    return text != NULL && text_to_double(text, &x) ? x : (double)NAN;
}

const char *rows_words(const struct rows *r, size_t row, const char *column)
{
    const char *text = rows_named(r, row, column);
    return text != NULL ? text : "";
}

size_t rows_part_figures(const struct rows *r, const char *part, const char *column, double value[],
                         size_t most, size_t *first)
{
    size_t n = 0, all = 0;
    for (size_t i = 0; i < r->nrows; i++)
        all += rows_is_part(r, i, part);
    size_t skip = all > most ? all - most : 0;
    for (size_t i = 0, seen = 0; i < r->nrows; i++) {
        if (!rows_is_part(r, i, part) || seen++ < skip)
            continue;
        if (n == 0)
            *first = i;
        value[n++] = rows_figure(r, i, column);
    }
    return n;
}

void draw_whole(const struct pane *p, int row, int *at, uint16_t style, const char *text)
{
    if (*at + list_columns(text, FRAME_MOST) <= p->cols)
        *at += pane_text(p, row, *at, style, text);
}
