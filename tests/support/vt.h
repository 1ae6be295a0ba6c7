/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A terminal's screen in memory, for tests and benchmarks: takes what a program writes and knows
 * what a person would see then, and which modes are on. It understands what the descriptions of
 * xterm, tmux, screen, linux and vt100 make ncurses write, and counts what it does not know. */
#ifndef TEST_SUPPORT_VT_H
#define TEST_SUPPORT_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/buf.h"

enum { VT_CELL_BYTES = 24, VT_ARGS = 16 };

struct vt_cell {
    char text[VT_CELL_BYTES]; /* a character and its marks; "" is a blank */
    uint8_t width;            /* 0: the right half of the one before */
    uint8_t attrs;            /* of the SGR numbers 1 to 9 */
    int32_t fg, bg;           /* -1: the terminal's own */
};

struct vt_page {
    struct vt_cell *cell;
    int row, col, saved_row, saved_col;
    bool wrap; /* the next character goes to the next line */
};

struct vt {
    int rows, cols;
    bool bce; /* erasing paints with the current background */
    struct vt_page page[2];
    int now; /* 1: the alternate screen */
    int top, bottom;
    struct vt_cell pen;
    bool bracketed_paste, focus, mouse_clicks, mouse_moves, mouse_sgr, sync, cursor_hidden;
    bool cursor_keys, keypad, shifted_out, graphics[2];
    bool no_wrap;
    int titles_pushed;
    char title[256];
    size_t bells, frames, unknown; /* frames: synchronised updates ended */
    char first_unknown[64];
    /* the parser */
    int state;
    int arg[VT_ARGS], nargs;
    char private, between, string[512];
    size_t string_len;
    char rune[4];
    size_t rune_len, rune_want;
    size_t bad_utf8;
};

void vt_init(struct vt *v, int rows, int cols);
void vt_release(struct vt *v);
/* What is kept stays at its place, as terminals do it. */
void vt_resize(struct vt *v, int rows, int cols);
void vt_feed(struct vt *v, const char *bytes, size_t n);
const struct vt_cell *vt_at(const struct vt *v, int row, int col);
/* Rows as text, blanks at the end of each dropped. */
void vt_dump(const struct vt *v, struct buf *out);
bool vt_has(const struct vt *v, const char *text);
void vt_row(const struct vt *v, int row, char *dst, size_t size);
/* What is still on that a shell would suffer from; "" when nothing. */
const char *vt_left_on(const struct vt *v, char dst[160]);

#endif
