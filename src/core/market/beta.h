/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rolling OLS slope of simple daily returns against a benchmark. */
#ifndef QUORUM_MARKET_BETA_H
#define QUORUM_MARKET_BETA_H

#include "quorum/bars.h"
#include "quorum/value.h"

/* out[0 .. b->n-1]: cov(r, r_bench) / var(r_bench) over the last `window` returns between days
 * that both series have, as soon as there are `min`. Unknown while the benchmark does not move,
 * and on days the benchmark lacks. */
void beta_rolling(const struct bars *b, const struct bars *bench, size_t window, size_t min,
                  struct value *out);

#endif
