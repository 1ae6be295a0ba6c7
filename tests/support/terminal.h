/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program on a pseudo-terminal with a screen in memory behind it, for tests and benchmarks. All
 * waits have a deadline; what the program writes is always taken, so that it is never held up. */
#ifndef TEST_SUPPORT_TERMINAL_H
#define TEST_SUPPORT_TERMINAL_H

#include <sys/types.h>
#include <termios.h>

#include "support/vt.h"

struct terminal {
    pid_t pid; /* 0: it has ended */
    int fd;    /* our side; -1: closed */
    int status;
    struct termios before;
    struct vt vt;
    struct buf seen; /* all bytes since terminal_forget, zeros as blanks */
    size_t bytes;    /* since the start */
    int64_t last_us; /* monotonic time of the last bytes */
};

struct terminal_options {
    int rows, cols;
    const char *term;         /* NULL: not set */
    const char *const *setup; /* NULL-terminated "NAME=VALUE", or "NAME" to be unset; may be NULL */
    int ignored;              /* a signal the program starts with ignored; 0: none */
    bool traced;              /* it asks to be traced (ptrace) and stops before its first line */
};

/* argv ends with NULL. False when there is no pseudo-terminal. */
bool terminal_start(struct terminal *t, const struct terminal_options *o, const char *const *argv);
/* Ends it, hard if it still runs, and frees everything. */
void terminal_end(struct terminal *t);
/* Takes what comes within ms, or until the program is gone. True when anything came. */
bool terminal_take(struct terminal *t, int ms);
/* Takes until nothing came for quiet_ms, at most within ms. */
void terminal_settle(struct terminal *t, int quiet_ms, int ms);
/* Until done(t, arg), within ms. */
bool terminal_until(struct terminal *t, bool (*done)(const struct terminal *t, const void *arg),
                    const void *arg, int ms);
bool terminal_shows(struct terminal *t, const char *text, int ms); /* on the screen */
bool terminal_gets(struct terminal *t, const char *text, int ms);  /* among the bytes */
void terminal_forget(struct terminal *t);
/* Everything goes in, however long the program needs; false when it has gone. */
bool terminal_type(struct terminal *t, const char *bytes, size_t n);
bool terminal_keys(struct terminal *t, const char *text);
void terminal_resize(struct terminal *t, int rows, int cols);
/* Until it has ended; false when it runs on after ms. */
bool terminal_ended(struct terminal *t, int ms);
/* Closes our side: the terminal is gone. */
void terminal_hang_up(struct terminal *t);
/* "" when the terminal is as it was before; else what is not. */
const char *terminal_left(const struct terminal *t, char dst[240]);
/* The screen as text into a file for a person: where a test failed. */
void terminal_print(const struct terminal *t);

#endif
