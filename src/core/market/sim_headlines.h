/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of the simulated newsroom: our own sentences; brokers and outlets are invented.
 * In a template: {c} company, {k} ticker, {a} line of business, {p} percent, {m} and {l} a larger
 * and a lesser amount, {b} broker, {t} and {o} a higher and a lower price target, {q} quarter,
 * {y} fiscal year, {n} a count, {e} and {x} earnings per share and the estimate. */
#ifndef QUORUM_SIM_HEADLINES_H
#define QUORUM_SIM_HEADLINES_H

#include <stddef.h>

enum headline_kind {
    HEADLINE_GOOD,
    HEADLINE_BAD,
    HEADLINE_PLAIN, /* any day */
    HEADLINE_BEAT,
    HEADLINE_MISS,
    HEADLINE_IN_LINE, /* results */
    HEADLINE_UP,
    HEADLINE_DOWN, /* the day's move, after the close */
    HEADLINE_WIDE_UP,
    HEADLINE_WIDE_DOWN,
    HEADLINE_WIDE_PLAIN, /* names no company */
    HEADLINE_MORE_GOOD,
    HEADLINE_MORE_BAD,
    HEADLINE_MORE_PLAIN, /* summaries */
    HEADLINE_BROKER,
    HEADLINE_OUTLET,
    HEADLINE_KINDS
};

struct headline_list {
    const char *const *text;
    size_t n;
};

/* The order of the rows is part of the format: append, never insert or remove. */
extern const struct headline_list headline_lists[HEADLINE_KINDS];

#endif
