/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the rows of the drawn panels, which come in parts (draw.h). */
#ifndef UI_DRAW_ROWS_H
#define UI_DRAW_ROWS_H

#include "quorum/db.h"
#include "ui/cells.h"

bool rows_is_part(const struct rows *r, size_t row, const char *part);
bool rows_find_part(const struct rows *r, const char *part, size_t *row); /* the first of it */
/* NAN when there is none or it is no number. */
double rows_figure(const struct rows *r, size_t row, const char *column);
const char *rows_words(const struct rows *r, size_t row, const char *column); /* never NULL */
/* One column of the rows of a part (NULL: of all), which stand together; the last `most` of them.
 * Returns how many and the row of the first. */
size_t rows_part_figures(const struct rows *r, const char *part, const char *column, double value[],
                         size_t most, size_t *first);
/* Puts a piece behind what stands in the row and moves *at behind it: all of it or, when it does
 * not fit, nothing, for half a number is another one. */
void draw_whole(const struct pane *p, int row, int *at, uint16_t style, const char *text);

#endif
