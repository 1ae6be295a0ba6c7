/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command bar: one line, edited by readline, drawn into our cells. Readline never sees the
 * terminal: it is fed whole keys and its picture is drawn here. There is one bar in a process.
 * Open it before the screen, after the locale is set. While the bar is not active it takes no
 * keys, but keeps its text. */
#ifndef UI_BAR_H
#define UI_BAR_H

#include <stdbool.h>
#include <stddef.h>

#include "quorum/err.h"
#include "quorum/mem.h"
#include "ui/cells.h"
#include "ui/input.h"

/* What could stand at one place of the line. A completer begins with where the word starts (a byte
 * of the line) and offers all words that may stand there; the bar chooses those that fit what is
 * typed: those that begin so first, then those that contain it, then those with its letters in
 * order. */
struct bar_word {
    const char *word, *meaning; /* clean text */
    int rank;
};
struct bar_words {
    bool in_passing; /* asked for at a key that is not Tab: no disk may be waited for */
    size_t from;
    struct bar_word *word;
    size_t n, cap;
    struct arena arena;
};
void bar_offer(struct bar_words *w, const char *word, const char *meaning); /* copies */

struct bar_options {
    const char *history; /* path of the file, made with mode 0600; NULL: only in memory */
    int history_size;    /* lines; 0: 1000 */
    bool popup_at_once;  /* the first Tab shows the choice, else the second */
    bool no_ghost, no_popup;
    /* Any of these may be NULL. They are called outside of readline; only submit may call bar_*. */
    void (*submit)(void *arg, const char *line);
    void (*complete)(void *arg, const char *line, size_t point, struct bar_words *words);
    void (*hint)(void *arg, const char *line, size_t point, char *out, size_t size);
    void *arg;
};

enum err bar_open(const struct bar_options *options, struct error *e);
void bar_close(void);
/* Changes these while it is open (nothing without a bar). */
void bar_configure(int history_size, bool ghost, bool popup, bool popup_at_once);
/* One line about what the bar could not do (a history that cannot be written), or "". */
const char *bar_note(void);

/* Makes the bar active with what was left in it (NULL), or with a text that is not left there; a
 * last word behind a blank is an offer, which the first letter typed or a paste replaces. */
void bar_enter(const char *text);
void bar_leave(void);
bool bar_is_active(void);
const char *bar_text(void);

/* Writes what was run to the history's file: when what the key asked for can be seen. */
void bar_settle(void);

enum bar_outcome {
    BAR_STAYS, /* the bar took the key */
    BAR_LEFT,  /* by Esc, or Ctrl-C or Enter on an empty line; the bar is not active any more */
    BAR_RAN    /* submit was called; the bar is not active, unless submit entered it again */
};
enum bar_outcome bar_key(const struct key *k);
/* Does the line editor do something of its own with this Alt and a key? */
bool bar_binds(const struct key *k);
/* A piece of a paste, clean; never runs anything. What is too long for a line is left out. */
void bar_paste(const char *text, size_t len);
void bar_paste_end(void);
void bar_resize(int rows, int cols);

/* Draws the line into the pane's first row; the frame's cursor is put there when it is active. */
void bar_draw(const struct pane *row);
/* Draws the choice at the bottom of the pane, which ends above the bar. */
void bar_draw_popup(const struct pane *above);

#endif
