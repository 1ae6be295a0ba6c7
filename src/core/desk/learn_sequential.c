/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that stay true however often they are looked at. */
#include <math.h>
#include <stdio.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"

#define BERNSTEIN_MOST 0.5 /* of lambda */
#define R_SHIFT        3.0
#define R_SPAN         8.0

static double log_beta(double a, double b)
{
    return lgamma(a) + lgamma(b) - lgamma(a + b);
}

/* k ln p, and 0 where there is nothing to multiply. */
static double power_log(double k, double p)
{
    return k > 0 ? k * log(p) : 0;
}

double bernoulli_log_e(uint64_t wins, uint64_t n, double p0, double a, double b)
{
    if (wins > n || !(p0 >= 0 && p0 <= 1) || !(a > 0) || !(b > 0))
        return (double)NAN;
    double s = (double)wins, f = (double)(n - wins);
    return log_beta(a + s, b + f) - log_beta(a, b) - power_log(s, p0) - power_log(f, 1 - p0);
}

/* The e-value is convex in the rate, least at wins / n: halve between there and an end. */
static double bernoulli_limit(uint64_t wins, uint64_t n, double alpha, double end)
{
    double inside = n ? (double)wins / (double)n : 0.5, outside = end;
    double limit = log(1 / alpha);
    if (bernoulli_log_e(wins, n, end, 1, 1) < limit)
        return end;
    for (;;) {
        double middle = inside + (outside - inside) / 2;
        if (middle == inside || middle == outside)
            return middle;
        if (bernoulli_log_e(wins, n, middle, 1, 1) < limit)
            inside = middle;
        else
            outside = middle;
    }
}

struct interval bernoulli_sequence(uint64_t wins, uint64_t n, double alpha)
{
    if (wins > n || !(alpha > 0 && alpha < 1))
        return (struct interval){(double)NAN, (double)NAN};
    return (struct interval){bernoulli_limit(wins, n, alpha, 0),
                             bernoulli_limit(wins, n, alpha, 1)};
}

double msprt_log_lambda(double n, double d, double s2, double tau2)
{
    return -0.5 * log1p(n * tau2 / s2) + n * n * tau2 * d * d / (2 * s2 * (s2 + n * tau2));
}

double normal_mixture_bound(double v, double alpha, double rho)
{
    return sqrt((v + rho) * log((v + rho) / (rho * alpha * alpha)));
}

/* ln of the normal distribution function, also far below where it underflows (its continued
 * fraction's first terms; below -30 they are right to 1e-6 of the logarithm). */
static double log_normal_cdf(double z)
{
    if (z > -30)
        return log(normal_cdf(z));
    return -z * z / 2 - log(-z) - 0.5 * log(2 * M_PI) - 1 / (z * z);
}

/* The estimate over its variance moves like a Brownian motion in the information 1 / variance; the
 * mixture is over effects of one sign, half a normal with deviation tau (Robbins 1970; Howard et
 * al. 2021, one-sided normal mixture). The variance is estimated, so that it holds approximately.
 */
double one_sided_log_e(double delta, double variance, double tau)
{
    if (!isfinite(delta) || !isfinite(variance) || variance <= 0)
        return 0;
    double gain = tau * tau / variance, grown = 1 + gain;
    double z = delta / sqrt(variance) * sqrt(gain / grown);
    return M_LN2 - 0.5 * log(grown) + z * z / 2 + log_normal_cdf(z);
}

/* ---- bounded means ---- */

void bernstein_add(struct bernstein *b, double x, double alpha)
{
    if (b->n == 0)
        b->alpha = alpha;
    double t = (double)b->n + 1; /* of this value */
    double before = (0.5 + b->sum) / t, spread = (0.25 + b->squares) / t;
    double level = log(2 / b->alpha);
    double lambda = fmin(sqrt(2 * level / (spread * t * log1p(t))), BERNSTEIN_MOST);
    double psi = (-log1p(-lambda) - lambda) / 4;
    b->n++;
    b->lambda_sum += lambda;
    b->weighted += lambda * x;
    b->spent += 4 * (x - before) * (x - before) * psi;
    b->sum += x;
    double now = (0.5 + b->sum) / (t + 1);
    b->squares += (x - now) * (x - now);
}

double bernstein_centre(const struct bernstein *b)
{
    return b->n ? b->weighted / b->lambda_sum : 0.5;
}

struct interval bernstein_interval(const struct bernstein *b)
{
    if (b->n == 0)
        return (struct interval){0, 1};
    double centre = bernstein_centre(b), half = (log(2 / b->alpha) + b->spent) / b->lambda_sum;
    return (struct interval){fmax(0, centre - half), fmin(1, centre + half)};
}

double bernstein_of_r(double r)
{
    return (learning_clip_r(r) + R_SHIFT) / R_SPAN;
}

double bernstein_to_r(double x)
{
    return x * R_SPAN - R_SHIFT;
}

/* ---- what becomes of a change ---- */

double drawdown_of(const double *r, size_t n)
{
    double sum = 0, highest = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        sum += r[i];
        highest = fmax(highest, sum);
        worst = fmax(worst, highest - sum);
    }
    return worst;
}

double drawdown_bootstrap(const double *r, size_t n, size_t length, int paths, struct random *g)
{
    double worst = 0;
    if (n == 0 || n > UINT32_MAX || length == 0)
        return 0;
    double *path = mem_array(length, sizeof *path);
    for (int i = 0; i < paths; i++) {
        for (size_t k = 0; k < length; k++)
            path[k] = r[random_below(g, (uint32_t)n)];
        worst = fmax(worst, drawdown_of(path, length));
    }
    mem_free(path);
    return worst;
}

const char *measure_verdict_name(enum measure_verdict v)
{
    static const char *const name[] = {"go on", "keep", "roll back", "sunset"};
    return (unsigned)v < ARRAY_LEN(name) ? name[v] : "?";
}

enum measure_verdict measure_judge(const struct measure *m, char reason[160])
{
    double harm = one_sided_log_e(-m->effect.delta, m->effect.variance, LEARNING_TEST_DEVIATION);
    double most = ROLLBACK_DRAWDOWN_PART * m->worst_drawdown;
    double better = learning_confidence(&m->effect, 1);
    if (harm >= log(ROLLBACK_E)) {
        snprintf(reason, 160, "worse by %.2f R a trade: e-value %.1f, %g proves it",
                 -m->effect.delta, exp(fmin(harm, 50)), ROLLBACK_E);
        return MEASURE_ROLL_BACK;
    }
    if (m->worst_drawdown > 0 && m->drawdown > most) {
        snprintf(reason, 160,
                 "drawdown %.1f R since the change, above %.1f R (1.5 x the worst of "
                 "%d paths)",
                 m->drawdown, most, DRAWDOWN_PATHS);
        return MEASURE_ROLL_BACK;
    }
    /* A filter compares more decisions than there are trades: 60 come within weeks that are too few
     * for an interval, and what cannot be told yet is not dropped before its days are over. */
    bool told = isfinite(m->effect.variance);
    char likely[48] = "too few weeks or cases for an interval";
    if (told)
        snprintf(likely, sizeof likely, "%.0f%% likely better", better);
    if (m->days < MEASURE_DAYS && (m->trades < MEASURE_TRADES || !told)) {
        snprintf(reason, 160, "%zu of %d trades, %d of %d days; %s", m->trades, MEASURE_TRADES,
                 m->days, MEASURE_DAYS, likely);
        return MEASURE_GO_ON;
    }
    snprintf(reason, 160, "after %zu trades and %d days %s%s", m->trades, m->days,
             told ? "it is " : "", likely);
    return better >= 50 && told ? MEASURE_KEEP : MEASURE_SUNSET;
}
