/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chance for statistics: resampling, shuffling, choosing by lot. The same seed gives the same
 * figures for ever, so a stored result can be had again. (The simulated market has its own, all in
 * integers.) Not for secrets. */
#ifndef QUORUM_RANDOM_H
#define QUORUM_RANDOM_H

#include <stdint.h>

/* SplitMix64 as a counter (Steele, Lea and Flood 2014). */
struct random {
    uint64_t key, taken;
};

/* Streams of one seed are independent of each other. */
struct random random_begin(uint64_t seed, uint64_t stream);
uint64_t random_stream(const char *name); /* a stream's number for a name: FNV-1a, 64 bits */
uint64_t random_bits(struct random *g);
double random_unit(struct random *g);                /* in (0, 1), never an end */
uint32_t random_below(struct random *g, uint32_t n); /* 0 .. n - 1; n > 0 */
double random_normal(struct random *g);              /* mean 0, deviation 1 */

#endif
