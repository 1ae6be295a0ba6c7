/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of numbers in cells: pure functions of the values and the pane. A value that is not
 * finite is a gap. Axes and their words are the caller's. */
#ifndef UI_CHART_H
#define UI_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/cells.h"

/* What the marks are made of: as the frame has it, or these; in an ASCII frame always ASCII. */
enum chart_marks { CHART_FRAME, CHART_BRAILLE, CHART_BLOCKS, CHART_ASCII };
/* The option `graph` ("auto", "braille", "block", "ascii") for a terminal. False: no such thing. */
bool chart_marks(const char *option, bool utf8, bool braille, enum chart_marks *out);
/* Sets the frame's own. "auto" is blocks: too many fonts have no braille, and none says so. */
void chart_use(struct frame *f, const char *option, bool utf8);

/* The values at the lower and upper edge. */
struct chart_range {
    double low, high;
};
/* Of the finite values, never empty: around a single value, or 0 to 1 when there is none. */
struct chart_range chart_range_of(const double *value, size_t n);
void chart_range_include(struct chart_range *r, double value);
/* Widened to round numbers (1, 2 or 5 times a power of ten). */
struct chart_range chart_range_round(struct chart_range r);
/* The row of a pane where a value stands; outside of the range it is below 0 or at least rows. */
int chart_row(struct chart_range r, int rows, double value);

/* Fills the pane's width from the first value to the last. Several values on one column are shown
 * from the least to the greatest. */
void chart_line(const struct pane *p, enum chart_marks marks, struct chart_range r,
                const double *value, size_t n, uint16_t style);
/* The same, filled to the lower edge; the mean where several values share a column. */
void chart_area(const struct pane *p, enum chart_marks marks, struct chart_range r,
                const double *value, size_t n, uint16_t style);
/* Across the pane, behind what is drawn there already: entry, stop, target. */
void chart_level(const struct pane *p, enum chart_marks marks, struct chart_range r, double value,
                 uint16_t style);
/* One column (or more, with one between) for each value, from the lower edge; the last values when
 * there are too many. */
void chart_bars(const struct pane *p, enum chart_marks marks, struct chart_range r,
                const double *value, size_t n, uint16_t style);
/* [####:......] of `width` columns: `part` of `whole` filled, a mark at `mark` (not finite: none).
 * Something is never shown as nothing, and less than all never as all. */
void chart_gauge(const struct pane *p, enum chart_marks marks, int row, int col, int width,
                 double part, double mark, double whole);
/* A bar without brackets of at most `width` columns, for a confidence or a share; returns the
 * columns. */
int chart_bar(const struct pane *p, enum chart_marks marks, int row, int col, int width,
              double part, double whole, uint16_t style);
/* One character a value, the last `width` of them. */
void chart_spark(const struct pane *p, enum chart_marks marks, int row, int col, int width,
                 const double *value, size_t n, uint16_t style);

#endif
