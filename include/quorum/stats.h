/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distributions and the few tests that sizing and learning decide by. Arguments outside a
 * function's domain give NAN, never a number that could be used. */
#ifndef QUORUM_STATS_H
#define QUORUM_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/random.h"

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

/* Fisher's exact test of a 2 x 2 table (Fisher 1922), two-sided: the chance, given the margins, of
 * a table no more likely than won_in of n_in against won_out of n_out. 1 where an arm is empty. */
double fisher_exact(uint64_t won_in, uint64_t n_in, uint64_t won_out, uint64_t n_out);

/* How often chance alone tells two groups apart as far: of `shuffles` random divisions of x into
 * groups of the same sizes, the share (1 + count) / (1 + shuffles) whose difference of means
 * mean(in) - mean(out) is as extreme (Phipson and Smyth 2010). 1 where a group is empty. */
enum tail { TAIL_BOTH, TAIL_UPPER, TAIL_LOWER };
double permutation_test(const double *x, const bool *in, size_t n, enum tail tail, int shuffles,
                        struct random *g);

struct moments {
    size_t n;
    double mean, variance; /* of the sample: divisor n - 1; 0 for fewer than two */
};
struct moments moments_of(const double *x, size_t n);

/* Percentile bootstrap of a mean (Efron 1979). Fewer than two values give NAN. */
struct interval bootstrap_mean(const double *x, size_t n, double confidence, int resamples,
                               struct random *g);
/* The same where neighbours hang together (Kuensch 1989, circular): x[i] belongs to group[i],
 * groups are numbered 0 .. ngroups - 1 in order of time, and runs of `run` groups are drawn. The
 * mean is over values. variance is that of the resampled means. */
struct block_bootstrap {
    double mean, variance;
    struct interval interval;
};
struct block_bootstrap bootstrap_blocks(const double *x, const size_t *group, size_t n,
                                        size_t ngroups, size_t run, double confidence,
                                        int resamples, struct random *g);

/* Cases an arm until a difference of means `delta` is seen with `power` by a two-sided test at
 * `level`, and cases until a rate p1 is told from p0 by a one-sided one; normal approximation,
 * rounded up. NAN when they are equal. */
double cases_needed_per_arm(double deviation, double delta, double level, double power);
double cases_needed_for_rate(double p0, double p1, double level, double power);

#endif
