/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arithmetic and chance of the simulated market. Everything is integer: fixed point with 30
 * fractional bits, and a counter-based generator. Not one floating-point operation takes part in a
 * price, a statement or a headline, so the same seed gives the same bytes on every machine,
 * compiler, optimisation level and C library (docs/simulated-market.md). */
#ifndef QUORUM_SIM_RANDOM_H
#define QUORUM_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef int64_t fx; /* value * 2^30; magnitudes below 2^15 */
#define FX_ONE           ((fx)1 << 30)
#define FX_RATIO(n, d)   ((fx)(n)*FX_ONE / (fx)(d))
#define FX_PERCENT(n)    FX_RATIO(n, 100)
#define FX_SESSIONS_YEAR 252

fx fx_mul(fx a, fx b); /* toward zero */
fx fx_div(fx a, fx b); /* |a| < 8 * FX_ONE, b not 0 */
fx fx_sqrt(fx a);      /* 0 for a <= 0; a < 8 * FX_ONE */
fx fx_clamp(fx a, fx low, fx high);
/* exp(a) * scale, rounded to the nearest integer; scale >= 0, a < 20, a result below 2^60. */
int64_t fx_exp_times(fx a, int64_t scale);
fx fx_log(int64_t n); /* natural logarithm of a positive integer */
/* a * b / 2^30 for a plain integer a (dollars, shares), |a| < 2^52. */
int64_t fx_scale(int64_t a, fx b);

/* A draw is a function of its keys and of how many were taken before it; there is no hidden
 * state, so any day of any symbol can be drawn without the days before it. */
struct sim_draw {
    uint64_t key, taken;
};

uint64_t sim_hash_text(const char *s); /* FNV-1a, 64 bits */
struct sim_draw sim_draw_begin(uint64_t seed, uint64_t stream, uint64_t subject, int64_t when);
uint64_t sim_bits(struct sim_draw *d);
fx sim_uniform(struct sim_draw *d);       /* [0, 1) */
int sim_below(struct sim_draw *d, int n); /* 0 .. n-1 */
bool sim_chance(struct sim_draw *d, fx p);
/* Mean 0, variance 1: the centred sum of eight uniforms (kurtosis 2.85, never past 4.9). Fat
 * tails are made by mixing scales, in the open, where they are wanted. */
fx sim_normal(struct sim_draw *d);

#endif
