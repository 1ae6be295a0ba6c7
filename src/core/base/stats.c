/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "quorum/mem.h"

static const double not_a_number = (double)NAN;

/* GSL's own handler aborts the program where an argument or a series displeases it. */
static void quiet_gsl(void)
{
    static bool done;
    if (!done)
        gsl_set_error_handler_off();
    done = true;
}

static bool is_probability(double p)
{
    return p >= 0 && p <= 1;
}

static bool is_shape(double a)
{
    return isfinite(a) && a > 0;
}

double normal_cdf(double z)
{
    return erfc(-z * M_SQRT1_2) / 2;
}

double normal_quantile(double p)
{
    if (!is_probability(p))
        return not_a_number;
    quiet_gsl();
    return gsl_cdf_ugaussian_Pinv(p);
}

double beta_cdf(double x, double a, double b)
{
    if (isnan(x) || !is_shape(a) || !is_shape(b))
        return not_a_number;
    if (x <= 0 || x >= 1)
        return x >= 1;
    quiet_gsl();
    return gsl_cdf_beta_P(x, a, b);
}

/* By halving until no double lies between: GSL's gsl_cdf_beta_Pinv starts Newton's method from a
 * guess and does not always arrive. The cdf rises, so this does; about 60 steps. */
double beta_quantile(double p, double a, double b)
{
    if (!is_probability(p) || !is_shape(a) || !is_shape(b))
        return not_a_number;
    double low = 0, high = 1;
    if (p <= 0 || p >= 1)
        return p >= 1;
    for (;;) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            return middle;
        if (beta_cdf(middle, a, b) < p)
            low = middle;
        else
            high = middle;
    }
}

double student_t_cdf(double t, double degrees)
{
    if (isnan(t) || !is_shape(degrees))
        return not_a_number;
    quiet_gsl();
    return gsl_cdf_tdist_P(t, degrees);
}

double binomial_upper_tail(uint64_t wins, uint64_t n, double p)
{
    if (!is_probability(p))
        return not_a_number;
    if (wins == 0)
        return 1;
    return wins > n ? 0 : beta_cdf(p, (double)wins, (double)(n - wins) + 1);
}

struct interval wilson_interval(uint64_t wins, uint64_t n, double confidence)
{
    if (wins > n || !(confidence > 0 && confidence < 1))
        return (struct interval){not_a_number, not_a_number};
    if (n == 0)
        return (struct interval){0, 1};
    double z = normal_quantile(0.5 + confidence / 2);
    double size = (double)n, rate = (double)wins / size, shrink = 1 + z * z / size;
    double centre = (rate + z * z / (2 * size)) / shrink;
    double half = z * sqrt(rate * (1 - rate) / size + z * z / (4 * size * size)) / shrink;
    return (struct interval){
        .low = wins == 0 ? 0 : fmax(0, centre - half),
        .high = wins == n ? 1 : fmin(1, centre + half),
    };
}

struct ranked {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->p < y->p || x->p > y->p)
        return x->p < y->p ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

void benjamini_hochberg(const double *p, size_t n, double *q)
{
    if (n == 0)
        return;
    struct ranked *order = mem_array(n, sizeof(*order));
    for (size_t i = 0; i < n; i++)
        order[i] = (struct ranked){.p = is_probability(p[i]) ? p[i] : 1, .at = i};
    qsort(order, n, sizeof(*order), by_p);
    double least = 1;
    for (size_t rank = n; rank > 0; rank--) {
        least = fmin(least, order[rank - 1].p * (double)n / (double)rank);
        q[order[rank - 1].at] = least;
    }
    mem_free(order);
}

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

double fisher_exact(uint64_t won_in, uint64_t n_in, uint64_t won_out, uint64_t n_out)
{
    if (won_in > n_in || won_out > n_out)
        return not_a_number;
    uint64_t won = won_in + won_out;
    uint64_t least = won > n_out ? won - n_out : 0, most = won < n_in ? won : n_in;
    double in = (double)n_in, out = (double)n_out, all = log_choose(in + out, (double)won);
    double seen = log_choose(in, (double)won_in) + log_choose(out, (double)won_out) - all, sum = 0;
    for (uint64_t k = least; k <= most; k++) {
        double chance = log_choose(in, (double)k) + log_choose(out, (double)(won - k)) - all;
        if (chance <= seen + 1e-7) /* equal but for rounding is as unlikely */
            sum += exp(chance);
    }
    return fmin(1, sum);
}

double cases_needed_per_arm(double deviation, double delta, double level, double power)
{
    double z = normal_quantile(1 - level / 2) + normal_quantile(power);
    double ratio = z * deviation / delta;
    return delta != 0 ? ceil(2 * ratio * ratio) : not_a_number;
}

double cases_needed_for_rate(double p0, double p1, double level, double power)
{
    if (!is_probability(p0) || !is_probability(p1) || p0 == p1)
        return not_a_number;
    double z = normal_quantile(1 - level) * sqrt(p0 * (1 - p0)) +
               normal_quantile(power) * sqrt(p1 * (1 - p1));
    return ceil(z * z / ((p1 - p0) * (p1 - p0)));
}
