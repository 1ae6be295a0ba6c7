/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Do stated probabilities come true, and what a stated one means where they do not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"

#define P_LEAST    0.01 /* stated certainty is not believed, nor punished without bound */
#define SHRINK     100.0
#define RIDGE      1.0
#define STEPS_MOST 50
#define DUEL_RUNS  2000

static double believable(double p)
{
    return fmin(1 - P_LEAST, fmax(P_LEAST, p));
}

static double logit(double p)
{
    return log(p / (1 - p));
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* ---- scores ---- */

static struct reliability_bin bin_end(struct reliability_bin b, double p_sum)
{
    b.mean_p = b.n ? p_sum / (double)b.n : 0;
    b.rate = b.n ? (double)b.right / (double)b.n : 0;
    b.rate_95 = wilson_interval(b.right, b.n, 0.95);
    return b;
}

struct reliability_bin reliability_of(const double *p, const double *y, size_t n, double low,
                                      double high)
{
    struct reliability_bin b = {0};
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(p[i] >= low && p[i] < high))
            continue;
        b.n++;
        b.right += y[i] > 0.5;
        sum += p[i];
    }
    return bin_end(b, sum);
}

static size_t bin_of(double p)
{
    size_t k = (size_t)fmax(0, floor(p * RELIABILITY_BINS));
    return k < RELIABILITY_BINS ? k : RELIABILITY_BINS - 1;
}

static void set_bins(const double *p, const double *y, size_t n, struct calibration_score *out)
{
    double sum[RELIABILITY_BINS] = {0};
    for (size_t i = 0; i < n; i++) {
        struct reliability_bin *b = &out->bin[bin_of(p[i])];
        sum[bin_of(p[i])] += p[i];
        b->n++;
        b->right += y[i] > 0.5;
    }
    for (size_t k = 0; k < RELIABILITY_BINS; k++) {
        struct reliability_bin *b = &out->bin[k];
        *b = bin_end(*b, sum[k]);
        double share = (double)b->n / (double)n, off = b->mean_p - b->rate;
        out->expected_error += share * fabs(off);
        out->reliability += share * off * off;
        out->resolution += share * (b->rate - out->base_rate) * (b->rate - out->base_rate);
    }
}

void calibration_score(const double *p, const double *y, size_t n, struct calibration_score *out)
{
    double right = 0, squares = 0, logs = 0;
    *out = (struct calibration_score){.n = n};
    for (size_t k = 0; k < RELIABILITY_BINS; k++)
        out->bin[k].rate_95 = (struct interval){0, 1};
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        double sure = believable(p[i]);
        right += y[i];
        squares += (p[i] - y[i]) * (p[i] - y[i]);
        logs -= y[i] > 0.5 ? log(sure) : log1p(-sure);
    }
    out->base_rate = right / (double)n;
    out->brier = squares / (double)n;
    out->log_loss = logs / (double)n;
    out->uncertainty = out->base_rate * (1 - out->base_rate);
    if (out->uncertainty > 0)
        out->skill = VALUE(1 - out->brier / out->uncertainty);
    set_bins(p, y, n, out);
}

struct calibration_duel calibration_compare(const double *p_a, const double *p_b, const double *y,
                                            size_t n, struct random *g)
{
    double *gain = mem_array(n + 1, sizeof *gain);
    for (size_t i = 0; i < n; i++)
        gain[i] = (p_b[i] - y[i]) * (p_b[i] - y[i]) - (p_a[i] - y[i]) * (p_a[i] - y[i]);
    struct calibration_duel d = {.n = n, .gain = moments_of(gain, n).mean};
    d.gain_95 = bootstrap_mean(gain, n, 0.95, DUEL_RUNS, g);
    mem_free(gain);
    return d;
}

/* ---- maps ---- */

const char *calibration_kind_name(enum calibration_kind k)
{
    static const char *const name[] = {"shrunk to the base rate", "logistic", "isotonic"};
    return (unsigned)k < ARRAY_LEN(name) ? name[k] : "?";
}

/* Blocks are pooled while one does not stand below its successor. In: n points with their weights;
 * out: the blocks in their place, x being their weighted mean; returns how many. */
struct block {
    double x, y, weight;
};

static size_t pool(struct block *b, size_t n)
{
    size_t blocks = 0;
    for (size_t i = 0; i < n; i++) {
        b[blocks++] = b[i];
        while (blocks > 1 && b[blocks - 2].y >= b[blocks - 1].y) {
            struct block *into = &b[blocks - 2], *from = &b[--blocks];
            double weight = into->weight + from->weight;
            into->x = (into->x * into->weight + from->x * from->weight) / weight;
            into->y = (into->y * into->weight + from->y * from->weight) / weight;
            into->weight = weight;
        }
    }
    return blocks;
}

void isotonic_fit(const double *y, size_t n, double *fit)
{
    struct block *b = mem_array(n + 1, sizeof *b);
    for (size_t i = 0; i < n; i++)
        b[i] = (struct block){.x = (double)i, .y = y[i], .weight = 1};
    size_t blocks = pool(b, n);
    for (size_t k = 0, i = 0; k < blocks; k++)
        for (size_t left = (size_t)b[k].weight; left > 0; left--)
            fit[i++] = b[k].y;
    mem_free(b);
}

static int by_x(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    return (x->x > y->x) - (x->x < y->x);
}

/* Cases stated alike are one point first, or their order would count. */
static size_t join_equal(struct block *b, size_t n)
{
    size_t points = 0;
    for (size_t i = 0, end; i < n; i = end) {
        double sum = 0;
        for (end = i; end < n && b[end].x <= b[i].x; end++)
            sum += b[end].y;
        double weight = (double)(end - i);
        b[points++] = (struct block){.x = b[i].x, .y = sum / weight, .weight = weight};
    }
    return points;
}

static void fit_isotonic(const double *p, const double *y, size_t n, struct calibration_map *m)
{
    struct block *b = mem_array(n, sizeof *b);
    for (size_t i = 0; i < n; i++)
        b[i] = (struct block){.x = p[i], .y = y[i], .weight = 1};
    qsort(b, n, sizeof *b, by_x);
    m->points = pool(b, join_equal(b, n));
    m->x = mem_array(m->points, sizeof *m->x);
    m->fit = mem_array(m->points, sizeof *m->fit);
    for (size_t i = 0; i < m->points; i++) {
        m->x[i] = b[i].x;
        m->fit[i] = b[i].y;
    }
    mem_free(b);
}

struct newton {
    double gradient[2], hessian[3]; /* of intercept and slope; aa, ab, bb */
    double loss;
};

/* Logistic loss, and a ridge that pulls to the identity: nothing is changed without evidence. */
static struct newton platt_at(const double *p, const double *y, size_t n, double a, double b)
{
    struct newton w = {.gradient = {RIDGE * a, RIDGE * (b - 1)},
                       .hessian = {RIDGE, 0, RIDGE},
                       .loss = RIDGE / 2 * (a * a + (b - 1) * (b - 1))};
    for (size_t i = 0; i < n; i++) {
        double x = logit(believable(p[i])), q = logistic(a + b * x), curve = q * (1 - q);
        w.gradient[0] += q - y[i];
        w.gradient[1] += (q - y[i]) * x;
        w.hessian[0] += curve;
        w.hessian[1] += curve * x;
        w.hessian[2] += curve * x * x;
        w.loss -= y[i] > 0.5 ? log(q) : log1p(-q);
    }
    return w;
}

static void fit_platt(const double *p, const double *y, size_t n, struct calibration_map *m)
{
    double a = 0, b = 1;
    struct newton w = platt_at(p, y, n, a, b);
    for (int step = 0; step < STEPS_MOST; step++) {
        double det = w.hessian[0] * w.hessian[2] - w.hessian[1] * w.hessian[1];
        double da = (w.hessian[2] * w.gradient[0] - w.hessian[1] * w.gradient[1]) / det;
        double db = (w.hessian[0] * w.gradient[1] - w.hessian[1] * w.gradient[0]) / det;
        struct newton next = platt_at(p, y, n, a - da, b - db);
        for (int half = 0; half < STEPS_MOST && !(next.loss <= w.loss); half++) {
            da /= 2;
            db /= 2;
            next = platt_at(p, y, n, a - da, b - db);
        }
        a -= da;
        b -= db;
        w = next;
        if (fabs(da) + fabs(db) < 1e-12)
            break;
    }
    m->intercept = a;
    m->slope = fmax(0, b); /* a statement that means its opposite is not used as one */
    if (b < 0)
        m->intercept = logit(believable(m->base));
}

void calibration_fit(const double *p, const double *y, size_t n, struct calibration_map *out)
{
    double right = 1;
    for (size_t i = 0; i < n; i++)
        right += y[i];
    *out = (struct calibration_map){.n = n, .base = right / ((double)n + 2), .slope = 1};
    if (n >= CALIBRATION_ISOTONIC_FROM) {
        out->kind = CALIBRATION_ISOTONIC;
        fit_isotonic(p, y, n, out);
    } else if (n >= CALIBRATION_PLATT_FROM) {
        out->kind = CALIBRATION_PLATT;
        fit_platt(p, y, n, out);
    }
}

/* Straight lines between the blocks' middles, level beyond the outer ones. */
static double isotonic_at(const struct calibration_map *m, double p)
{
    size_t k = 0;
    while (k < m->points && m->x[k] < p)
        k++;
    if (k == 0)
        return m->fit[0];
    if (k == m->points)
        return m->fit[k - 1];
    double part = (p - m->x[k - 1]) / (m->x[k] - m->x[k - 1]);
    return m->fit[k - 1] + part * (m->fit[k] - m->fit[k - 1]);
}

double calibration_apply(const struct calibration_map *m, double p)
{
    if (!(p >= 0 && p <= 1))
        return (double)NAN;
    switch (m->kind) {
    case CALIBRATION_PLATT:
        return logistic(m->intercept + m->slope * logit(believable(p)));
    case CALIBRATION_ISOTONIC:
        return isotonic_at(m, p);
    case CALIBRATION_SHRINK:
        break;
    }
    return m->base + (double)m->n / ((double)m->n + SHRINK) * (p - m->base);
}

void calibration_map_release(struct calibration_map *m)
{
    mem_free(m->x);
    mem_free(m->fit);
    m->x = m->fit = NULL;
    m->points = 0;
}
