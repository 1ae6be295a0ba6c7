/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Market regime by rule (docs/regimes.md): a label, how long it has held, and a confidence that
 * means "probability, in percent, that the label still holds in ten sessions". It says nothing
 * about direction. */
#ifndef QUORUM_REGIME_H
#define QUORUM_REGIME_H

#include <stddef.h>

#include "quorum/indicators.h"

enum regime {
    REGIME_UNKNOWN,
    REGIME_BULL,
    REGIME_BEAR,
    REGIME_SIDEWAYS,
    REGIME_HIGH_VOL,
    REGIME_LOW_VOL
};

struct regime_reading {
    enum regime label;
    double confidence;                      /* 0-100 */
    struct value trend;                     /* T in [-1, 1] */
    struct value vol_ratio, vol_percentile; /* natr / its median, pv */
    bool capped; /* confidence capped at 60: a needed input was missing */
    bool single; /* from one observation, without history */
};

/* Feeds one session after another; keeps the label with hysteresis and 3-session confirmation.
 * Zero-initialised is the start (SIDEWAYS). */
struct regime_state {
    enum regime label, candidate;
    int candidate_days, days;
    bool started;
};
struct regime_reading regime_step(struct regime_state *s, const struct indicators *i);
/* The enter rules at once, for given indicators without history. */
struct regime_reading regime_single(const struct indicators *i);
/* Steps over all and returns the reading of the last; UNKNOWN when n is 0. */
struct regime_reading regime_of_series(const struct indicators *i, size_t n);

const char *regime_name(enum regime r); /* "BULL" */
bool regime_parse(const char *name, enum regime *out);
double regime_size_multiplier(enum regime r); /* 1, .72, .94, .62, .95; UNKNOWN .62 */

#endif
