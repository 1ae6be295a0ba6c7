/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "quorum/sizing.h"

double kelly_binary(double p, double b)
{
    return b > 0 ? p - (1 - p) / b : 0;
}

/* Derivative of the expected log growth: sum w r / (1 + f r). Falls strictly in f. */
static double growth_slope(const double *r, const double *weight, size_t n, double f)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight[i] * r[i] / (1 + f * r[i]);
    return sum;
}

double kelly_empirical(const double *r, const double *weight, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        worst = fmin(worst, r[i]);
    if (n == 0 || growth_slope(r, weight, n, 0) <= 0)
        return 0;
    if (worst >= 0)
        return HUGE_VAL; /* nothing in the sample ever lost: no bound from it */
    double low = 0, high = -1 / worst * (1 - 1e-12);
    for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
        double mid = low + (high - low) / 2;
        if (growth_slope(r, weight, n, mid) > 0)
            low = mid;
        else
            high = mid;
    }
    return low;
}

double drawdown_multiplier(double drawdown)
{
    if (drawdown >= 0.20)
        return 0;
    if (drawdown >= 0.15)
        return 0.25;
    if (drawdown <= 0.05)
        return 1;
    return 1 - 0.75 * (drawdown - 0.05) / 0.10;
}
