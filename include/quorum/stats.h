/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distributions and the few tests that sizing and learning decide by. Arguments outside a
 * function's domain give NAN, never a number that could be used. */
#ifndef QUORUM_STATS_H
#define QUORUM_STATS_H

#include <stddef.h>
#include <stdint.h>

double normal_cdf(double z);
double normal_quantile(double p); /* 0 and 1 give minus and plus infinity */

/* Regularised incomplete beta function I_x(a, b), a and b > 0; x below 0 is 0, above 1 is 1. */
double beta_cdf(double x, double a, double b);
double beta_quantile(double p, double a, double b);

double student_t_cdf(double t, double degrees);

/* P(X >= wins) for X ~ Binomial(n, p): the chance that luck alone does as well. */
double binomial_upper_tail(uint64_t wins, uint64_t n, double p);

struct interval {
    double low, high;
};
/* Wilson's score interval for a rate (Wilson 1927; method 3 of Newcombe 1998): confidence .95 is
 * two-sided. No trials at all give [0, 1]. */
struct interval wilson_interval(uint64_t wins, uint64_t n, double confidence);

/* q[i] is the smallest false discovery rate at which test i is still rejected (Benjamini and
 * Hochberg 1995); p must hold every test made, not only the good ones. A p that is not a
 * probability counts as 1. p and q may be the same array. */
void benjamini_hochberg(const double *p, size_t n, double *q);

#endif
