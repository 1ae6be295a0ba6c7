/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This console among the others of its desk: a row of console_sessions for as long as it lives,
 * another one while its person has an adjustment before them (a soft lock: others are told, nobody
 * is kept from anything). A login that may only read is not listed. */
#ifndef UI_CONSOLE_SESSION_H
#define UI_CONSOLE_SESSION_H

#include "ui/console_private.h"

/* kind: console, plain. */
void console_session_begin(struct console *c, const char *kind);
/* Keeps the rows alive, and the review in step with the detail that is open; after every turn. */
void console_session_seen(struct console *c);
void console_session_end(struct console *c);

/* A question about this adjustment stands: others see "#17 being reviewed by ops@10.0.0.7". It ends
 * by itself with the question; 0 ends it at once. An open adjustment counts without this. */
void console_session_review(struct console *c, int64_t adjustment);
/* "ops@10.0.0.7" who reviews it in another console, "" when nobody does: one line of the question
 * should say so. Valid until the next call. */
const char *console_session_reviewer(struct console *c, int64_t adjustment);

#endif
