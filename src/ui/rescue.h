/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Giving the terminal back from a fatal signal or from exit(); for screen.c. */
#ifndef UI_RESCUE_H
#define UI_RESCUE_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* From now on a death writes these bytes to fd and puts the attributes back. Catches the fatal
 * signals. At most 512 bytes. */
void rescue_begin(int fd, const struct termios *saved, const char *bytes, size_t n);
/* The terminal is given back (or will be, by the caller): nothing is done any more. */
void rescue_end(void);
bool rescue_is_on(void);
/* Called when a fatal signal has come, before the terminal is given back (which nobody may read
 * from): to write down what happened. Must be async-signal-safe. NULL: nobody. */
void rescue_on_death(void (*note)(int signal));
/* Async-signal-safe. */
void rescue_now(void);

/* Keeps what is written to descriptor 2 until it is let go, when it is written out. */
void stderr_hold(void);
void stderr_let_go(void); /* async-signal-safe */

#endif
