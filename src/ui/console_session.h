/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This console among the others of its desk: a row of console_sessions for as long as it lives, and
 * a soft lock on the adjustment its person has before them (review.h): others are told who reviews
 * it, nobody is kept from anything. A login that may only read is not listed and locks nothing. */
#ifndef UI_CONSOLE_SESSION_H
#define UI_CONSOLE_SESSION_H

#include "ui/console_private.h"

/* kind: console, plain. */
void console_session_begin(struct console *c, const char *kind);
/* Keeps the row and the lock alive; after every turn. */
void console_session_seen(struct console *c);
void console_session_end(struct console *c);

/* A question about this adjustment stands. The lock ends a minute after the question; an open
 * adjustment is locked without this. */
void console_session_review(struct console *c, int64_t adjustment);

#endif
