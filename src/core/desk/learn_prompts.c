/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which wording of a question is asked next. */
#include <math.h>
#include <stdio.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"

enum { GRID = 2000 };

void prompt_count(struct prompt_version *v, bool right, double days)
{
    double weight = pow(PROMPT_DISCOUNT, fmax(0, days));
    if (right)
        v->right += weight;
    else
        v->wrong += weight;
    v->resolved++;
}

double prompt_score(const struct prompt_version *v)
{
    return (1 + v->right) / (2 + v->right + v->wrong);
}

static double below(const struct prompt_version *v, double x)
{
    return beta_cdf(x, 1 + v->right, 1 + v->wrong);
}

/* P(i is best) = integral of the others' distribution functions over i's own, by the midpoints of a
 * grid: exact enough for rates known to a thousandth, and it needs no chance. */
void prompt_best(const struct prompt_version *v, size_t n, double best[])
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        best[i] = 0;
    for (size_t i = 0; i < n; i++) {
        double last = 0;
        for (int k = 1; k <= GRID; k++) {
            double now = below(&v[i], (double)k / GRID), others = 1;
            for (size_t j = 0; j < n && now > last; j++)
                others *= j == i ? 1 : below(&v[j], (k - 0.5) / GRID);
            best[i] += (now - last) * others;
            last = now;
        }
        sum += best[i];
    }
    for (size_t i = 0; i < n; i++)
        best[i] = sum > 0 ? best[i] / sum : 1 / (double)n;
}

size_t prompt_choose(const struct prompt_version *v, size_t n, struct random *g, double *propensity)
{
    double best[PROMPT_VERSIONS_MAX], lot = random_unit(g), floor_each;
    *propensity = 1;
    if (n > PROMPT_VERSIONS_MAX)
        n = PROMPT_VERSIONS_MAX;
    if (n < 2)
        return 0;
    prompt_best(v, n, best);
    floor_each = PROMPT_EXPLORE / (double)n;
    for (size_t i = 0;; i++) {
        *propensity = floor_each + (1 - PROMPT_EXPLORE) * best[i];
        lot -= *propensity;
        if (lot < 0 || i + 1 == n)
            return i;
    }
}

bool prompt_retires(const struct prompt_version *v, size_t n, size_t which, char reason[160])
{
    double best[PROMPT_VERSIONS_MAX];
    if (n < 2 || n > PROMPT_VERSIONS_MAX || which >= n) {
        snprintf(reason, 160, "the only version stays");
        return false;
    }
    prompt_best(v, n, best);
    if (v[which].resolved < PROMPT_MIN_RESOLVED) {
        snprintf(reason, 160, "%zu of %d resolved votes", v[which].resolved, PROMPT_MIN_RESOLVED);
        return false;
    }
    bool out = best[which] < PROMPT_RETIRE;
    snprintf(reason, 160, "%.1f%% likely the best of %zu after %zu votes%s", 100 * best[which], n,
             v[which].resolved, out ? "" : ": it may yet be");
    return out;
}

/* The difference of two rates: twice a rate's variance an arm. */
double prompt_votes_needed(double rate, double apart)
{
    double z = normal_quantile(0.95) + normal_quantile(0.8);
    double low = rate - apart / 2, high = rate + apart / 2;
    if (!(low >= 0 && high <= 1 && apart > 0))
        return (double)NAN;
    return ceil(z * z * (low * (1 - low) + high * (1 - high)) / (apart * apart));
}
