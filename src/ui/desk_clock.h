/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desk's clock as pictures show it: what the status row said, carried on between its answers.
 * Times are microseconds, desk's ones since 1970; `at` is monotonic. */
#ifndef UI_DESK_CLOCK_H
#define UI_DESK_CLOCK_H

#include "quorum/db.h"

/* What the desk said, when, since when it said nothing else, and what was shown. Begins with speed
 * 1 and zeros. */
struct desk_clock {
    int64_t said, said_at, moved_at, shown;
    double speed;
};

/* Takes now and speed of a status row. True when another day of the exchange has begun since the
 * row before: what is "today" is another. */
bool desk_clock_hear(struct desk_clock *c, const struct rows *status, int64_t at);
/* The desk's time then; it goes back only where the clock was really set back. 0: never heard. */
int64_t desk_clock_show(struct desk_clock *c, int64_t at);
/* How far the machine's clock is before the server's, as far as the answer's way lets it be known;
 * 0 when that tells nothing. False when the row does not say. */
bool desk_clock_skew(const struct rows *status, int64_t sent, int64_t at, int64_t *out);

#endif
