/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Technical indicators by the definitions of docs/indicators.md (Wilder 1978 for RSI, ATR, DI and
 * ADX; seeds and edge cases as there). */
#ifndef QUORUM_INDICATORS_H
#define QUORUM_INDICATORS_H

#include <stddef.h>

#include "quorum/bars.h"
#include "quorum/value.h"

/* Values at one bar. Prices in dollars, percents as percents. */
struct indicators {
    struct value price; /* close */
    struct value sma_20, sma_50, sma_200;
    struct value ema_12, ema_20, ema_26;
    struct value tr, atr, natr; /* natr = 100 atr / close */
    struct value plus_di, minus_di, dx, adx;
    struct value rsi;
    struct value macd, macd_signal, macd_hist;
    struct value bb_upper, bb_lower, bb_pctb, bb_width;
    struct value volume_ratio;
    struct value dollar_volume_20;    /* mean of 20 bars, dollars */
    struct value vol_20, vol_60;      /* realised, annualised, percent */
    struct value beta;                /* against the benchmark, raw OLS */
    struct value natr_median_252;     /* trailing median of natr */
    struct value natr_percentile_252; /* pv of docs/regimes.md, 0..1 */
    struct value return_20;           /* percent over 20 bars */
};

/* One row per indicator: the name users write, what it means, decimals to print. */
struct indicator_row {
    const char *name;
    size_t offset; /* of the struct value in struct indicators */
    int decimals;
    const char *unit; /* "$", "%", "x", "" */
    double min, max;  /* what --indicators accepts */
    const char *help;
};
extern const struct indicator_row indicator_rows[];
extern const size_t indicator_row_count;
const struct indicator_row *indicator_find(const char *name);
struct value indicator_get(const struct indicators *i, const struct indicator_row *row);
void indicator_set(struct indicators *i, const struct indicator_row *row, double v);

/* Fills out[0 .. b->n-1]. bench (may be NULL) is joined on dates for beta. O(n). */
void indicators_compute(const struct bars *b, const struct bars *bench, struct indicators *out);

#endif
