/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is learned from a sample by drawing from it again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/mem.h"
#include "quorum/stats.h"

struct moments moments_of(const double *x, size_t n)
{
    struct moments m = {.n = n};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    if (n > 0)
        m.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - m.mean) * (x[i] - m.mean);
    if (n > 1)
        m.variance = squares / (double)(n - 1);
    return m;
}

/* The sum of k values drawn without replacement: the head of a shuffle (Fisher and Yates). */
static double draw_sum(double *x, size_t n, size_t k, struct random *g)
{
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        size_t j = i + random_below(g, (uint32_t)(n - i));
        double taken = x[j];
        x[j] = x[i];
        x[i] = taken;
        sum += taken;
    }
    return sum;
}

/* With the margins fixed, the difference of means rises with the sum of either group, and the
 * smaller one is the quicker to draw. */
double permutation_test(const double *x, const bool *in, size_t n, enum tail tail, int shuffles,
                        struct random *g)
{
    size_t n_in = 0;
    double total = 0, of_in = 0, scale = 0;
    for (size_t i = 0; i < n; i++) {
        n_in += in[i];
        total += x[i];
        of_in += in[i] ? x[i] : 0;
        scale = fmax(scale, fabs(x[i]));
    }
    if (n_in == 0 || n_in == n || n > UINT32_MAX || shuffles < 1)
        return 1;
    bool swap = n_in > n - n_in;
    size_t drawn = swap ? n - n_in : n_in;
    double expected = total * (double)drawn / (double)n;
    double seen = (swap ? total - of_in : of_in) - expected;
    double slack = 1e-12 * scale * (double)n; /* sums in another order are the same sums */
    if (swap && tail != TAIL_BOTH)
        tail = tail == TAIL_UPPER ? TAIL_LOWER : TAIL_UPPER;
    double *pool = mem_array(n, sizeof *pool);
    memcpy(pool, x, n * sizeof *pool);
    int count = 0;
    for (int s = 0; s < shuffles; s++) {
        double d = draw_sum(pool, n, drawn, g) - expected;
        if (tail == TAIL_BOTH)
            count += fabs(d) >= fabs(seen) - slack;
        else
            count += tail == TAIL_UPPER ? d >= seen - slack : d <= seen + slack;
    }
    mem_free(pool);
    return (1.0 + count) / (1.0 + shuffles);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct interval middle(double *x, size_t n, double confidence)
{
    qsort(x, n, sizeof *x, ascending);
    size_t cut = (size_t)floor((1 - confidence) / 2 * (double)n);
    return (struct interval){x[cut], x[n - 1 - cut]};
}

static bool is_drawable(size_t n, double confidence, int resamples)
{
    return n >= 2 && n <= UINT32_MAX && confidence > 0 && confidence < 1 && resamples > 0;
}

struct interval bootstrap_mean(const double *x, size_t n, double confidence, int resamples,
                               struct random *g)
{
    if (!is_drawable(n, confidence, resamples))
        return (struct interval){(double)NAN, (double)NAN};
    double *mean = mem_array((size_t)resamples, sizeof *mean);
    for (int s = 0; s < resamples; s++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += x[random_below(g, (uint32_t)n)];
        mean[s] = sum / (double)n;
    }
    struct interval out = middle(mean, (size_t)resamples, confidence);
    mem_free(mean);
    return out;
}

struct group {
    double sum;
    size_t n;
};

/* One resampled mean: as many groups as there are, in runs that go round the end. */
static double draw_blocks(const struct group *group, size_t ngroups, size_t run, struct random *g)
{
    double sum = 0;
    size_t n = 0, taken = 0;
    while (taken < ngroups || n == 0) {
        size_t at = random_below(g, (uint32_t)ngroups);
        for (size_t i = 0; i < run && (taken < ngroups || n == 0); i++, taken++) {
            sum += group[(at + i) % ngroups].sum;
            n += group[(at + i) % ngroups].n;
        }
    }
    return sum / (double)n;
}

struct block_bootstrap bootstrap_blocks(const double *x, const size_t *group, size_t n,
                                        size_t ngroups, size_t run, double confidence,
                                        int resamples, struct random *g)
{
    struct block_bootstrap out = {.mean = moments_of(x, n).mean,
                                  .variance = (double)NAN,
                                  .interval = {(double)NAN, (double)NAN}};
    if (!is_drawable(n, confidence, resamples) || ngroups < 2 || ngroups > UINT32_MAX || run == 0)
        return out;
    struct group *by = mem_array(ngroups, sizeof *by);
    double *mean = mem_array((size_t)resamples, sizeof *mean);
    for (size_t i = 0; i < n; i++) {
        by[group[i]].sum += x[i];
        by[group[i]].n++;
    }
    for (int s = 0; s < resamples; s++)
        mean[s] = draw_blocks(by, ngroups, run, g);
    out.variance = moments_of(mean, (size_t)resamples).variance;
    out.interval = middle(mean, (size_t)resamples, confidence);
    mem_free(by);
    mem_free(mean);
    return out;
}
