/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What models cost: dated rows of data/model_prices.csv, five prices and a prompt-length band
 * each. A model without a price is refused, never free. All money is nano-dollars. */
#ifndef QUORUM_PRICES_H
#define QUORUM_PRICES_H

#include <stdbool.h>
#include <stdint.h>

#include "quorum/err.h"

struct usage {
    int64_t input, output, cache_write_5m, cache_write_1h, cache_read; /* tokens */
};
int64_t usage_tokens(const struct usage *u); /* sum of the five */

struct model_price {
    char model[64];          /* canonical id */
    int32_t valid_from;      /* day */
    int64_t band_min_tokens; /* prompt length from which this row holds */
    int64_t input, output, cache_write_5m, cache_write_1h, cache_read; /* nano-dollars a token */
    int64_t max_output, cache_min_tokens;
    bool retired;
};

/* Canonical id of a name: itself, or what an alias stands for. *warning (may be NULL) is set when
 * the alias deserves one (the id of the first document never existed). ERR_USAGE with the known
 * models when there is no price on that day; ERR_POLICY when the model is retired. */
enum err model_resolve(const char *name, int32_t day, char dst[64], const char **warning,
                       struct error *e);
/* The row for a prompt of that many tokens on that day, NULL when there is none. */
const struct model_price *model_price_find(const char *model, int32_t day, int64_t prompt_tokens);
/* Exact cost of a usage; the band is chosen by input + cache writes + cache read. -1: no price. */
int64_t model_cost(const char *model, int32_t day, const struct usage *u);
/* Upper bound: prompt_tokens at the dearest of input and cache-write prices of every band up to
 * it, and max_tokens of output. -1: no price. */
int64_t model_worst_case(const char *model, int32_t day, int64_t prompt_tokens, int64_t max_tokens,
                         bool writes_cache_1h);

#endif
