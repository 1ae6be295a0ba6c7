/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real terminal: puts frames on it and leaves it as it was, however the program ends. At most one
 * screen exists at a time. ncurses writes into memory, never to the terminal: a frame reaches it
 * in one write, and the state of the terminal itself is changed here only. Input is not read here
 * (input.h); the caller sets the locale first and tells of resizes. */
#ifndef UI_SCREEN_H
#define UI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "quorum/err.h"
#include "ui/cells.h"
#include "ui/theme.h"

struct screen;
struct screen_options {
    int fd;           /* the terminal, open for writing; not closed here */
    const char *term; /* NULL: TERM of the environment */
    bool mouse;       /* report clicks and the wheel; takes the terminal's own selection away */
    bool keep_stderr; /* else what is written to descriptor 2 is shown when the screen is gone */
    /* Is given all that is written, for recordings. NULL: nobody. */
    void (*tap)(void *arg, const char *bytes, size_t n);
    void *tap_arg;
};

/* Takes the terminal over: raw, alternate screen, pastes marked, focus reported. From here to
 * screen_close a fatal signal, exit() and screen_rescue() give it back. Refuses what is no terminal
 * or cannot place a cursor (dumb), with the way out in e. */
enum err screen_open(struct screen **out, const struct screen_options *options, struct error *e);
/* Gives the terminal back. NULL is fine. */
void screen_close(struct screen *s);
/* One line for the person, such as that TERM is unknown; "" when there is nothing to say. */
const char *screen_note(const struct screen *s);

void screen_size(const struct screen *s, int *rows, int *cols);
/* Asks the terminal for its size again; true if it is another. The next frame repaints all. */
bool screen_resize(struct screen *s);
int screen_colors(const struct screen *s); /* 0: none */
bool screen_is_utf8(const struct screen *s);
bool screen_has_braille(const struct screen *s); /* its font: the Linux console has none */

/* Nothing here waits for the terminal: what it does not take is kept. False while there is such a
 * rest, or no room: drop the frame then. */
bool screen_is_ready(struct screen *s);
/* A descriptor of the screen's own that becomes writable when the rest of a frame can be sent (by
 * screen_is_ready); -1: nothing is left over. */
int screen_waits_for(const struct screen *s);
/* Shows the frame, in one write of the differences; nothing is written if there are none. Draws
 * what fits when the sizes differ. False when the terminal is gone. */
bool screen_draw(struct screen *s, const struct frame *f, const struct theme *t);
void screen_repaint(struct screen *s); /* the next frame is drawn anew */

/* To the shell and back: in between the terminal is as it was before screen_open. */
void screen_suspend(struct screen *s);
void screen_resume(struct screen *s); /* asks for the size, too */

/* After the program was stopped without having left: a shell may have set the terminal its way. */
void screen_retake(struct screen *s);

void screen_title(struct screen *s, const char *text); /* clean text */
void screen_bell(struct screen *s);
/* A bell and, where the terminal knows OSC 9, a text on the desktop; need not be clean. */
void screen_notify(struct screen *s, const char *text);
/* Puts text into the clipboard of the person's machine (OSC 52). False when it is more than the
 * terminal would take (most bytes of base64; 0: 74,994) or the terminal has no such thing. */
bool screen_copy(struct screen *s, const char *text, size_t len, size_t most);
void screen_mouse(struct screen *s, bool on);

/* Gives the terminal back at once, from wherever: nothing but write(2) and the like, so also from a
 * signal handler and from mem_on_exhausted. Does nothing without a screen. */
void screen_rescue(void);

#endif
