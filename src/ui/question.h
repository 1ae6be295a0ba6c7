/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A question before something is done, and what keeps it from being answered by accident: nothing
 * counts before it was painted, nor in its first moments; only what is asked for is a yes, all else
 * is a no, and so is a minute of silence. Pure: the clock is handed in (monotonic microseconds). */
#ifndef UI_QUESTION_H
#define UI_QUESTION_H

#include "ui/input.h"
#include "ui/view.h"

enum { QUESTION_GUARD_US = 400000, QUESTION_LIFE_US = 60000000 };

/* Opens it unpainted. word: of level 3, several separated by blanks when each is an answer of its
 * own; "" on level 2. Lines are added with question_line before it is painted. */
void question_open(struct question *q, int level, const char *word, const char *prompt,
                   int64_t now);
void question_line(struct question *q, const char *fmt, ...) PRINTF_LIKE(2, 3);
void question_close(struct question *q);
/* Before each frame: whether the window shows all of it. Where it does not, only Esc counts. */
void question_fits(struct question *q, bool fits);
/* It stands on the screen as it is now. */
void question_painted(struct question *q, int64_t now);
/* What it asks about is not what it was: it says so and needs to be painted and answered anew. */
void question_changed(struct question *q, const char *what);

enum question_outcome { QUESTION_STAYS, QUESTION_YES, QUESTION_NO };
enum question_outcome question_key(struct question *q, const struct key *k, int64_t now);
/* Which of its words was typed, exactly as it stands; -1: none. 0 on level 2. */
int question_word(const struct question *q);
bool question_is_over(const struct question *q, int64_t now); /* a minute without an answer */
/* The line of the bar: "approve #17? [y/N]", "type HALT: HA". */
void question_prompt(const struct question *q, char *out, size_t size);

#endif
