/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture of the screen: a grid of cells, each one character with its marks, one or two columns
 * wide, and a style. Everything the console shows is drawn here first, without a terminal; screen.c
 * puts a frame on a real one and tests compare frames as text. Drawing never fails: what lies
 * outside is cut off, a character of two columns that does not fit becomes a blank. */
#ifndef UI_CELLS_H
#define UI_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "quorum/buf.h"
#include "ui/theme.h"

enum {
    CELL_BYTES = 12,  /* a base character and two marks */
    FRAME_MOST = 1000 /* rows or columns; more are cut off */
};

struct cell {
    char text[CELL_BYTES]; /* UTF-8, zeros behind it */
    uint8_t len;
    uint8_t width; /* columns: 1, 2, or 0 for the right half of the cell before */
    uint16_t style;
};

struct keep;
struct frame {
    int rows, cols;
    bool ascii;     /* the terminal cannot show UTF-8: everything is drawn in ASCII */
    bool ambiguous; /* it may give two columns to lines, blocks and accents: likenesses in ASCII */
    bool unwrapped; /* long texts are cut at the edge, and scrolled sideways */
    uint8_t marks;  /* of charts: enum chart_marks (chart.h); 0: blocks */
    bool cursor_on; /* the cursor is at its place even when it cannot be seen */
    int cursor_row, cursor_col;
    struct cell *cell;
    size_t cap;
    bool drawn;        /* by who makes pictures with it; frame_clear takes it back */
    struct keep *keep; /* owned (keep.h); NULL: all is drawn anew */
};

/* Makes the frame rows x cols (at least 1, at most FRAME_MOST each) and blank. A zeroed struct is
 * an empty frame. */
void frame_resize(struct frame *f, int rows, int cols);
void frame_release(struct frame *f);
void frame_clear(struct frame *f);
/* NULL outside. */
const struct cell *frame_cell(const struct frame *f, int row, int col);
bool frame_same_row(const struct frame *a, const struct frame *b, int row);
bool frame_same(const struct frame *a, const struct frame *b); /* cursor included */
/* Appends the rows as text, blanks at the end of each dropped. */
void frame_dump(const struct frame *f, struct buf *out);
/* Appends one line for each run of a style other than plain: "ROW:FIRST-LAST token+bold". */
void frame_dump_styles(const struct frame *f, struct buf *out);

/* A rectangle of a frame. All drawing is relative to it and cut off at its edges. */
struct pane {
    struct frame *frame;
    int row, col, rows, cols;
};
struct pane pane_of(struct frame *f);
/* The part of p that is asked for, as far as p has it. */
struct pane pane_part(const struct pane *p, int row, int col, int rows, int cols);

/* Text may begin left of the pane (col < 0). Text need not be clean, but only clean text
 * (quorum/text.h) takes the columns text_columns() says. All return the columns they took. */
int pane_text(const struct pane *p, int row, int col, uint16_t style, const char *text);
int pane_printf(const struct pane *p, int row, int col, uint16_t style, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
/* At most width columns, the last of them an ellipsis ('~' in ASCII) when the text is longer. */
int pane_cut(const struct pane *p, int row, int col, int width, uint16_t style, const char *text);
/* Right-aligned in width columns. A number with missing digits would be another number: what does
 * not fit is shown as '#'. */
int pane_right(const struct pane *p, int row, int col, int width, uint16_t style, const char *text);
/* Word-wraps into cols columns from (row, col) and draws `rows` lines beginning with line `skip`
 * of the text; returns the lines the whole text has. Nothing is drawn when rows is 0. */
int pane_wrap(const struct pane *p, int row, int col, int cols, int rows, uint16_t style,
              const char *text, int skip);
/* Draws the lines that are inside the pane when the first stands in row (which may be above it),
 * and looks at no later one. Returns how many it has looked at. */
int pane_wrap_rest(const struct pane *p, int row, int col, int cols, uint16_t style,
                   const char *text);

/* One character (clean) in one place; '?' in ASCII when it has no likeness. */
void pane_put(const struct pane *p, int row, int col, uint16_t style, const char *character);
void pane_fill(const struct pane *p, int row, int col, int rows, int cols, uint16_t style,
               char filler);
/* Adds bits (STYLE_CURSOR, STYLE_BOLD ...) to what is drawn already. */
void pane_restyle(const struct pane *p, int row, int col, int cols, uint16_t bits);

enum line_weight { LINE_THIN, LINE_DOUBLE };
void pane_hrule(const struct pane *p, int row, int col, int cols, uint16_t style,
                enum line_weight weight);
void pane_vrule(const struct pane *p, int row, int col, int rows, uint16_t style,
                enum line_weight weight);
/* Around the pane's edge; nothing below 2x2. */
void pane_box(const struct pane *p, uint16_t style, enum line_weight weight);
/* The line above a panel: a rule with text at its left and right ("" or NULL for none). When there
 * is no room for both, the right one goes first. The focused panel's is double. */
void pane_title(const struct pane *p, int row, bool focused, const char *left, const char *right);

#endif
