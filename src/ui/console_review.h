/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deciding about proposed changes from the console: the question is made from the row as the
 * database has it now, and what is agreed to is bound to that version of it. */
#ifndef UI_CONSOLE_REVIEW_H
#define UI_CONSOLE_REVIEW_H

#include "ui/console_private.h"

/* The command decides about adjustments. */
bool console_review_is(const struct call *call);
/* How much has to be said before this line may run: 0 nothing, 2 yes, 3 the word. Asks the
 * database; E10 to E15 when it may not run at all. */
enum err console_review_level(struct console *c, struct call *call, int *level, const char **word,
                              struct error *e);
/* Opens the question, or the bar where a reason is missing. True: the line is not to be run now. */
bool console_review_asks(struct console *c, struct call *call, const char *line, struct error *e);
/* It was done here: taking it back needs no question. */
void console_review_done(struct console *c, int64_t id, const char *as);
/* What is asked about is not what was read: asked again, with what changed. Before a frame. */
void console_review_watch(struct console *c);
/* The version under the cursor, " --shown=3"; "" where there is none. */
void console_review_shown(const struct console *c, char out[32]);

#endif
