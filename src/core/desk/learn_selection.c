/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What trades came to, and how good the best of many looks when none of them is. */
#include <math.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"

#define EULER 0.57721566490153286061

static void count(struct trade_metrics *m, const struct closed_trade *t, size_t n)
{
    size_t losing = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t pnl = t[i].pnl;
        m->net += pnl;
        m->wins += pnl > 0;
        m->losses += pnl < 0;
        m->gross_profit += pnl > 0 ? pnl : 0;
        m->gross_loss -= pnl < 0 ? pnl : 0;
        losing = pnl < 0 ? losing + 1 : 0;
        m->longest_losing = losing > m->longest_losing ? losing : m->longest_losing;
    }
    m->scratches = n - m->wins - m->losses;
}

static void set_r(struct trade_metrics *m, const struct closed_trade *t, size_t n)
{
    double *r = mem_array(n + 1, sizeof *r);
    for (size_t i = 0; i < n; i++)
        r[i] = t[i].r;
    struct moments of = moments_of(r, n);
    mem_free(r);
    if (n)
        m->mean_r = VALUE(of.mean);
    if (n > 1 && of.variance > 0) {
        m->deviation_r = VALUE(sqrt(of.variance));
        m->sqn = VALUE(sqrt((double)n) * of.mean / m->deviation_r.v);
    }
}

void trade_metrics(const struct closed_trade *t, size_t n, int64_t start_equity,
                   struct trade_metrics *out)
{
    double equity = (double)start_equity, peak = equity;
    *out = (struct trade_metrics){.n = n};
    count(out, t, n);
    set_r(out, t, n);
    for (size_t i = 0; i < n; i++) {
        equity += (double)t[i].pnl;
        peak = fmax(peak, equity);
        out->drawdown = fmax(out->drawdown, 1 - equity / peak);
    }
    if (n) {
        out->expectancy = (double)out->net / (double)n;
        out->win_rate = VALUE((double)out->wins / (double)n);
    }
    if (out->wins)
        out->mean_win = (double)out->gross_profit / (double)out->wins;
    if (out->losses) {
        out->mean_loss = (double)out->gross_loss / (double)out->losses;
        out->profit_factor = VALUE((double)out->gross_profit / (double)out->gross_loss);
        if (out->wins)
            out->payoff = VALUE(out->mean_win / out->mean_loss);
    }
}

/* Variance of an estimated ratio times its periods (Mertens 2002). */
static double ratio_variance(double sharpe, double skew, double kurtosis)
{
    return 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe;
}

double sharpe_probability(double sharpe, double benchmark, double periods, double skew,
                          double kurtosis)
{
    double variance = ratio_variance(sharpe, skew, kurtosis);
    if (!(periods > 1) || !(variance > 0))
        return (double)NAN;
    return normal_cdf((sharpe - benchmark) * sqrt(periods - 1) / sqrt(variance));
}

double sharpe_expected_best(double trials)
{
    if (!(trials > 1))
        return 0;
    return (1 - EULER) * normal_quantile(1 - 1 / trials) +
           EULER * normal_quantile(1 - 1 / (trials * M_E));
}

double sharpe_deflated(double sharpe, double periods, double skew, double kurtosis, double trials,
                       double variance, double *benchmark)
{
    *benchmark = sqrt(variance) * sharpe_expected_best(trials);
    return sharpe_probability(sharpe, *benchmark, periods, skew, kurtosis);
}

double sharpe_periods_needed(double sharpe, double benchmark, double skew, double kurtosis,
                             double alpha)
{
    if (!(sharpe > benchmark))
        return (double)INFINITY;
    double z = normal_quantile(1 - alpha) / (sharpe - benchmark);
    return 1 + ratio_variance(sharpe, skew, kurtosis) * z * z;
}
