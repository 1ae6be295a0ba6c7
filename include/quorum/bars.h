/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Daily bars: ascending, one per session, prices in 1/10,000 dollar on one adjustment basis. */
#ifndef QUORUM_BARS_H
#define QUORUM_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/err.h"

struct bar {
    int32_t day;                    /* timeutil.h */
    int64_t open, high, low, close; /* 1/10,000 dollar */
    int64_t volume;                 /* shares */
};

struct bars {
    struct bar *bar;
    size_t n, cap;
};

/* One row of a factors file: applies to every day up to and including `last_day` and after the
 * row before. adjusted price = raw * price_factor * split_factor; adjusted volume = raw / split. */
struct factor {
    int32_t last_day;
    double price_factor, split_factor;
};
struct factors {
    struct factor *factor;
    size_t n, cap;
};

void bars_release(struct bars *b);
void bars_add(struct bars *b, const struct bar *bar);
/* Number of bars with day <= d; 0 when none. */
size_t bars_until(const struct bars *b, int32_t d);
/* An open more than 40 % from both the previous close and the bar's own close: nobody traded there
 * (IBM 2002-12-23). A move that its own close confirms is real (AAPL 2000-09-29). False when no
 * previous close is known (0); it is on the bar's own basis. */
bool bar_is_bad_print(int64_t previous_close, const struct bar *b);

/* Reads "date,open,high,low,close,volume" (header required, any column order, extra columns
 * ignored; dates YYYY-MM-DD or YYYYMMDD). Refuses, with file, line, what and the fix: duplicate or
 * unsorted dates, weekends, surplus cells, missing or bad numbers, parts of shares, prices <= 0,
 * high < low or outside open/close by more than rounding, more than 200,000 rows, a session missing
 * between the first and the last bar that the exchange's calendar has (more than 5 in a row is a
 * hole; single ones are counted in *missing). Nothing is half loaded. */
struct bars_report {
    size_t missing_sessions;
    int32_t first_missing;
    size_t split_like_jumps; /* raw series only: close-to-open ratio near a split ratio */
    int32_t first_jump;
};
enum err bars_read_csv(const char *path, struct bars *out, struct bars_report *report,
                       struct error *e);
enum err factors_read_csv(const char *path, struct factors *out, struct error *e);
void factors_release(struct factors *f);
/* Adjusts in place. */
void bars_adjust(struct bars *b, const struct factors *f);

#endif
