/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the command bar that know nothing of readline. */
#ifndef UI_BAR_PRIVATE_H
#define UI_BAR_PRIVATE_H

#include "ui/bar.h"

enum {
    BAR_LINE_MOST = 8192, /* bytes */
    BAR_POPUP_ROWS = 8
};

/* Characters without a width of their own (combining ones, those nobody assigned) are left out:
 * behind the last other one readline 8.2 never comes to the end of the line with vi's E, W and =.
 */
bool bar_has_width(uint32_t rune);
char *bar_drop_widthless(char *text); /* in place */

/* Keeps the words that fit what is typed, best first. */
void bar_words_filter(struct bar_words *w, const char *typed, size_t len);
void bar_words_clear(struct bar_words *w);
/* Bytes that all words that begin with the typed text have in common; 0 when there is none. */
size_t bar_words_common(const struct bar_words *w, size_t typed);

/* What is drawn. */
struct bar_view {
    const char *prompt, *line; /* line: any bytes */
    size_t point, offered;     /* bytes; offered: at the line's end, shown as selected */
    const char *ghost, *hint;
    bool active;
    int first_col; /* kept from frame to frame: columns scrolled out at the left */
};
void bar_view_draw(struct bar_view *v, const struct pane *row);

struct bar_popup {
    bool open;
    int chosen; /* -1: none */
    int top;
};
void bar_popup_move(struct bar_popup *p, const struct bar_words *w, int by); /* round and round */
int bar_popup_height(const struct bar_popup *p, const struct bar_words *w);
void bar_popup_draw(struct bar_popup *p, const struct bar_words *w, const struct pane *above);

/* The history's file: lines of clean text, the newest last. */
void history_file_read(const char *path, int lines, void (*take)(const char *line));
enum err history_file_add(const char *path, const char *line, struct error *e);

#endif
