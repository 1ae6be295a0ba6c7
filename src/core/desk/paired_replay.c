/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the same decisions come to when they are left by other rules. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/desk/fill.h"
#include "quorum/learning_stats.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/sizing.h"
#include "quorum/timeutil.h"

/* As barrier.c: a position of $5,000 in a large company. */
#define POSITION_PRICE_UNITS (INT64_C(5000) * 10000)
static const struct order typical = {.half_spread_bps = 2.5};

/* ---- one way ---- */

struct way {
    const struct replay_candidate *c;
    const struct replay_exits *x;
    struct replay_path *out;
    int64_t stop, first_stop, target, quantity;
};

static bool is_bad_print(const struct bars *bars, size_t i)
{
    return i > 0 && bar_is_bad_print(bars->bar[i - 1].close, &bars->bar[i]);
}

/* What the market stood at when the bar ended the way, 0 when it did not. Stop first, as the broker
 * has it; where the target was in the same bar's reach nobody can know. */
static int64_t bar_ends(struct way *w, const struct bar *b, bool first)
{
    if (b->low <= w->stop) {
        bool gap = !first && b->open < w->stop;
        w->out->exit = w->stop > w->first_stop ? EXIT_TRAILING_STOP : EXIT_STOP_LOSS;
        w->out->unknown = !gap && b->high > w->target;
        return gap ? b->open : w->stop;
    }
    if (b->high > w->target) {
        w->out->exit = EXIT_TAKE_PROFIT;
        return !first && b->open > w->target ? b->open : w->target;
    }
    if (w->out->sessions < w->x->time_exit)
        return 0;
    w->out->exit = EXIT_TIME_EXIT;
    return b->close;
}

/* After a close at least the first risk above the entry: the highest close less trail_atr ATR. */
static void trail(struct way *w, int64_t close)
{
    int64_t risk = w->out->entry_price - w->first_stop;
    double distance = w->x->trail_atr * w->c->atr * 1e4;
    if (close - w->out->entry_price < risk || !(distance >= 1 && distance < (double)close))
        return;
    int64_t stop = (int64_t)floor((double)close - distance);
    if (stop > w->stop)
        w->stop = stop;
}

static void finish(struct way *w, int32_t day, int64_t seen, const struct cost_model *costs)
{
    struct replay_path *out = w->out;
    out->decided = true;
    out->exit_day = day;
    out->exit_price = out->exit == EXIT_TAKE_PROFIT
                          ? seen
                          : price_with_costs(SIDE_SELL, seen, w->quantity, &typical, costs);
    double fees = (double)fees_with_costs(day, w->quantity, out->exit_price, costs) / 100;
    double gain = (double)(out->exit_price - out->entry_price) - fees / (double)w->quantity;
    out->return_fraction = gain / (double)out->entry_price;
}

static bool enter(struct way *w, size_t *at, const struct cost_model *costs)
{
    const struct replay_candidate *c = w->c;
    struct replay_path *out = w->out;
    double target;
    while (*at < c->bars->n && is_bad_print(c->bars, *at))
        (*at)++;
    if (*at >= c->bars->n || !price_is_sane(c->bars->bar[*at].open) || !price_is_sane(c->price) ||
        !(c->atr > 0) || w->x->time_exit < 1 || !(w->x->stop_mult > 0))
        return false;
    barrier_fractions(c->price, c->atr, c->beta, w->x->stop_mult, w->x->target_mult,
                      &out->stop_fraction, &target);
    int64_t open = c->bars->bar[*at].open;
    w->quantity = open < POSITION_PRICE_UNITS ? POSITION_PRICE_UNITS / open : 1;
    out->entry_day = c->bars->bar[*at].day;
    out->entry_price = price_with_costs(SIDE_BUY, open, w->quantity, &typical, costs);
    w->stop = w->first_stop = price_below(out->entry_price, out->stop_fraction);
    w->target = price_above(out->entry_price, target);
    return true;
}

void replay_walk(const struct replay_candidate *c, const struct replay_exits *x,
                 const struct cost_model *costs, struct replay_path *out)
{
    struct way w = {.c = c, .x = x, .out = out};
    size_t at = c->first;
    *out = (struct replay_path){.exit = EXIT_REASONS, .entry_day = DAY_NONE, .exit_day = DAY_NONE};
    if (!enter(&w, &at, costs))
        return;
    for (size_t i = at; i < c->bars->n; i++) {
        const struct bar *b = &c->bars->bar[i];
        out->sessions++;
        if (is_bad_print(c->bars, i))
            continue;
        int64_t seen = bar_ends(&w, b, i == at);
        if (seen > 0) {
            finish(&w, b->day, seen, costs);
            return;
        }
        trail(&w, b->close);
    }
}

/* ---- old against new ---- */

struct pair {
    int32_t week;
    double delta;
    const struct bars *bars;
    int32_t entry, exit; /* of the way that stays longer */
    bool changed;
};

struct pairs {
    struct pair *pair;
    size_t n;
    struct replay_result *out;
};

/* Both ways must have room for the longer limit: which candidates count must not depend on how they
 * ended, or quick stops would be told and slow targets not. */
static bool has_room(const struct replay_candidate *c, int limit)
{
    size_t at = c->first;
    while (at < c->bars->n && is_bad_print(c->bars, at))
        at++;
    return at < c->bars->n && c->bars->n - at >= (size_t)limit + 1;
}

static double add(struct pairs *p, const struct bars *bars, const struct replay_path *old,
                  const struct replay_path *new)
{
    struct replay_result *r = p->out;
    double before = learning_clip_r(old->return_fraction / old->stop_fraction);
    double after = learning_clip_r(new->return_fraction / old->stop_fraction);
    r->used++;
    r->mean_old += before;
    r->mean_new += after;
    r->won_old += before > 0;
    r->won_new += after > 0;
    bool changed = old->exit_day != new->exit_day || old->exit_price != new->exit_price;
    r->changed += changed;
    r->unknown += old->unknown || new->unknown;
    /* Day 4 of 1970 was a Monday. */
    int32_t week = (old->entry_day - 4 - (((old->entry_day - 4) % 7) + 7) % 7) / 7;
    p->pair[p->n++] =
        (struct pair){.week = week,
                      .delta = after - before,
                      .bars = bars,
                      .entry = old->entry_day,
                      .exit = old->exit_day > new->exit_day ? old->exit_day : new->exit_day,
                      .changed = changed};
    return after - before;
}

static int by_week(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return (x->week > y->week) - (x->week < y->week);
}

static int by_bars(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->bars != y->bars)
        return (uintptr_t)x->bars > (uintptr_t)y->bars ? 1 : -1;
    return (x->entry > y->entry) - (x->entry < y->entry);
}

/* What changes counts with a deviation of at least 1 R: three that happened to gain alike prove
 * nothing. Those of one symbol that overlap with the first of them live through the same prices and
 * are one event; from a year on the resampled weeks tell how much they hang together. */
static double least_variance(struct pairs *p)
{
    double sum = 0, n = (double)p->n;
    bool sure = p->out->weeks >= REPLAY_SURE_WEEKS;
    qsort(p->pair, p->n, sizeof *p->pair, by_bars);
    for (size_t i = 0, first = 0; i < p->n; first = i) {
        double changed = 0;
        for (; i < p->n && p->pair[i].bars == p->pair[first].bars &&
               p->pair[i].entry <= p->pair[first].exit;
             i++)
            changed += p->pair[i].changed;
        sum += sure ? changed : changed * changed;
    }
    return fmax(sum, 1) / (n * n);
}

/* Resampling m runs shows (m - 1)/m of the variance, and m is small in a young desk's past. */
static double few_runs(size_t weeks)
{
    double m = (double)weeks / REPLAY_RUN_WEEKS;
    return m / (m - 1);
}

static struct interval widened(struct interval i, double middle, double by)
{
    return (struct interval){middle - by * (middle - i.low), middle + by * (i.high - middle)};
}

static void conclude(struct pairs *p, struct random *g)
{
    struct replay_result *r = p->out;
    double *delta = mem_array(p->n + 1, sizeof *delta);
    size_t *group = mem_array(p->n + 1, sizeof *group);
    qsort(p->pair, p->n, sizeof *p->pair, by_week);
    for (size_t i = 0; i < p->n; i++) {
        r->weeks += i == 0 || p->pair[i].week != p->pair[i - 1].week;
        delta[i] = p->pair[i].delta;
        group[i] = r->weeks - 1;
    }
    r->effect.n = p->n;
    if (p->n) {
        r->mean_old /= (double)p->n;
        r->mean_new /= (double)p->n;
        r->effect.delta = r->mean_new - r->mean_old;
    }
    if (r->weeks >= REPLAY_MIN_WEEKS) {
        struct block_bootstrap b = bootstrap_blocks(delta, group, p->n, r->weeks, REPLAY_RUN_WEEKS,
                                                    0.95, REPLAY_RESAMPLES, g);
        double resampled = b.variance * few_runs(r->weeks);
        r->delta_95 = widened(b.interval, r->effect.delta, sqrt(few_runs(r->weeks)));
        r->effect.variance = fmax(resampled, least_variance(p));
        if (r->changed && r->effect.variance > resampled) { /* nor may the interval say more */
            double half = normal_quantile(0.975) * sqrt(r->effect.variance);
            r->delta_95.low = fmin(r->delta_95.low, r->effect.delta - half);
            r->delta_95.high = fmax(r->delta_95.high, r->effect.delta + half);
        }
    }
    mem_free(delta);
    mem_free(group);
}

void paired_replay(const struct replay_candidate *c, size_t n, const struct replay_exits *old,
                   const struct replay_exits *new_exits, const struct cost_model *costs,
                   struct random *g, double *difference, struct replay_result *out)
{
    int limit = old->time_exit > new_exits->time_exit ? old->time_exit : new_exits->time_exit;
    struct pairs p = {.pair = mem_array(n + 1, sizeof *p.pair), .out = out};
    *out = (struct replay_result){.candidates = n,
                                  .effect = {.variance = (double)INFINITY},
                                  .delta_95 = {(double)NAN, (double)NAN}};
    for (size_t i = 0; i < n; i++) {
        struct replay_path a, b;
        double d = (double)NAN;
        if (!has_room(&c[i], limit)) {
            out->unfinished++;
        } else {
            replay_walk(&c[i], old, costs, &a);
            replay_walk(&c[i], new_exits, costs, &b);
            if (a.decided && b.decided)
                d = add(&p, c[i].bars, &a, &b);
            else
                out->unusable++;
        }
        if (difference)
            difference[i] = d;
    }
    conclude(&p, g);
    mem_free(p.pair);
}
