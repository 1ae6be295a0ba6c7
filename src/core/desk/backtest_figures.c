/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "core/desk/backtest_private.h"
#include "core/market/sim_random.h"
#include "quorum/mem.h"

enum { RESAMPLES = 2000, SHARPE_DAYS = 20 };
#define SESSIONS_YEAR 252.0
#define NO_SPREAD     1e-9 /* of daily returns: rounding, not chance */

void trades_add(struct trade_set *s, double r, enum exit_reason why, bool gap)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 256;
        s->r = mem_grow(s->r, s->cap, sizeof *s->r);
    }
    s->r[s->n++] = r;
    s->total_r += r;
    s->sum.won += r > 0;
    s->sum.exit[why]++;
    if (gap) {
        s->sum.gaps++;
        s->total_gap_r -= r;
    }
    if (-r > s->sum.worst_r)
        s->sum.worst_r = -r;
}

static int ascending(const void *a, const void *b)
{
    double x, y;
    x = *(const double *)a;
    y = *(const double *)b;
    return (x > y) - (x < y);
}

struct interval middle_95(double *x, size_t n)
{
    if (n == 0)
        return (struct interval){0};
    qsort(x, n, sizeof *x, ascending);
    size_t cut = (size_t)floor(0.025 * (double)n);
    return (struct interval){x[cut], x[n - 1 - cut]};
}

/* Percentile bootstrap (Efron 1979): trades of one desk overlap in time, so that the true interval
 * is rather wider. */
static struct interval mean_interval(const double *r, size_t n, uint64_t seed)
{
    double *mean = mem_array(RESAMPLES, sizeof *mean);
    for (int i = 0; i < RESAMPLES; i++) {
        struct sim_draw d = sim_draw_begin(seed, sim_hash_text("backtest mean"), n, i);
        double sum = 0;
        for (size_t k = 0; k < n; k++)
            sum += r[sim_below(&d, (int)n)];
        mean[i] = sum / (double)n;
    }
    struct interval out = middle_95(mean, RESAMPLES);
    mem_free(mean);
    return out;
}

struct backtest_trades trades_end(struct trade_set *s, uint64_t seed)
{
    struct backtest_trades t = s->sum;
    t.n = s->n;
    t.won_95 = wilson_interval(t.won, t.n, 0.95);
    if (t.n)
        t.mean_r = s->total_r / (double)t.n;
    if (t.gaps)
        t.gap_r = s->total_gap_r / (double)t.gaps;
    t.has_interval = t.n >= 2;
    if (t.has_interval)
        t.mean_r_95 = mean_interval(s->r, t.n, seed);
    mem_free(s->r);
    *s = (struct trade_set){0};
    return t;
}

/* Mean over deviation of daily returns, a year's (252 sessions), without a riskless rate; its error
 * by the third and fourth moment (Mertens 2002). */
static void set_sharpe(const double *equity, size_t n, double start, struct backtest_account *out)
{
    double before = start, sum = 0, m2 = 0, m3 = 0, m4 = 0;
    for (size_t i = 0; i < n; before = equity[i++])
        sum += equity[i] / before - 1;
    double mean = sum / (double)n;
    before = start;
    for (size_t i = 0; i < n; before = equity[i++]) {
        double d = equity[i] / before - 1 - mean;
        m2 += d * d;
        m3 += d * d * d;
        m4 += d * d * d * d;
    }
    if (n < SHARPE_DAYS || !(sqrt(m2 / (double)n) > NO_SPREAD))
        return;
    double count = (double)n, variance = m2 / count;
    double s = mean / sqrt(m2 / (count - 1));
    double skew = m3 / count / (variance * sqrt(variance));
    double kurtosis = m4 / count / (variance * variance);
    double square = (1 - skew * s + (kurtosis - 1) / 4 * s * s) / (count - 1);
    out->sharpe = VALUE(s * sqrt(SESSIONS_YEAR));
    if (square > 0)
        out->sharpe_error = VALUE(sqrt(square) * sqrt(SESSIONS_YEAR));
}

struct backtest_account account_of(const double *equity, size_t n, double start)
{
    struct backtest_account a = {.known = n > 0, .days = n};
    double peak = start;
    for (size_t i = 0; i < n; i++) {
        if (!(equity[i] > 0))
            return a; /* ruined: no daily return is defined any more */
        peak = fmax(peak, equity[i]);
        a.drawdown = fmax(a.drawdown, 1 - equity[i] / peak);
    }
    if (n) {
        a.total_return = equity[n - 1] / start - 1;
        set_sharpe(equity, n, start, &a);
    }
    return a;
}
