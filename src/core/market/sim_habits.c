/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three habits of the simulated market that a desk can learn from (docs/simulated-market.md has
 * how often one does): thin volume fades, what falls below its short mean falls on, and sessions
 * plunge on their way without closing lower. Each follows from sessions that have closed. Drifts
 * are in daily standard deviations, and a slow mean of theirs is taken off again, so that they
 * favour days and not the series. */
#include "core/market/sim.h"

enum { VOLUME_DAYS = 20, MEAN_DAYS = 256 };

/* Below this volume ratio a session counts as thin, wholly from THIN_WIDTH below it on. */
#define THIN_FROM  FX_PERCENT(90)
#define THIN_WIDTH FX_PERCENT(15)
#define THIN_DRIFT FX_PERCENT(110)
#define THIN_KEEPS FX_PERCENT(60) /* of it a day later */
/* Log price below its exponential mean, weight .18 a session. */
#define SHORT_MEAN FX_PERCENT(18)
#define FALLS_FROM FX_ONE
#define FALLS_MOST (2 * FX_ONE)
#define FALL_DRIFT FX_PERCENT(35)
/* What the two leave in the correlation of a day with the next is taken out again. */
#define DAY_RETURNS  FX_PERCENT(20)
#define PLUNGES      FX_PERCENT(20) /* of sessions */
#define PLUNGE_LEAST FX_PERCENT(90)
#define PLUNGE_RANGE FX_PERCENT(110)

void sim_habits_begin(struct sim_series *series)
{
    series->habits = (struct sim_habits){.mean = -THIN_DRIFT / 5};
}

/* The session's volume against the mean of those before it, as the indicator has it. */
static fx volume_ratio(const struct bars *b)
{
    int64_t before = 0, now = b->bar[b->n - 1].volume;

    for (size_t i = b->n - 1 - VOLUME_DAYS; i < b->n - 1; i++)
        before += b->bar[i].volume;
    return before > 0 ? fx_clamp(now * VOLUME_DAYS * 1024 / before, 0, 4096) << 20 : 0;
}

void sim_habits_see(struct sim_series *series, fx log_close, fx moved)
{
    struct sim_habits *h = &series->habits;
    const struct bars *b = &series->bars;
    fx far = 7 * series->daily, thin;

    h->short_mean =
        b->n == 1 ? log_close : h->short_mean + fx_mul(SHORT_MEAN, log_close - h->short_mean);
    h->above = fx_div(fx_clamp(log_close - h->short_mean, -far, far), series->daily);
    h->moved = fx_clamp(moved, -3 * FX_ONE, 3 * FX_ONE);
    if (b->n <= VOLUME_DAYS)
        return;
    thin = fx_clamp(fx_div(THIN_FROM - volume_ratio(b), THIN_WIDTH), 0, FX_ONE);
    h->thin = thin > h->thin ? thin : h->thin;
}

fx sim_habits_drift(struct sim_series *series)
{
    struct sim_habits *h = &series->habits;
    fx below = fx_clamp(-h->above - FALLS_FROM, 0, FALLS_MOST);
    fx drift =
        -fx_mul(THIN_DRIFT, h->thin) - fx_mul(FALL_DRIFT, below) - fx_mul(DAY_RETURNS, h->moved);

    h->mean += (drift - h->mean) / MEAN_DAYS;
    h->thin = fx_mul(THIN_KEEPS, h->thin);
    h->moved = 0; /* a day that nobody saw answers nothing */
    return drift - h->mean;
}

fx sim_plunge(const struct sim *s, const struct sim_company *c, int32_t day)
{
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_PLUNGE, c->hash, day);

    if (c->is_fund || !sim_chance(&d, PLUNGES))
        return 0;
    return PLUNGE_LEAST + fx_mul(PLUNGE_RANGE, sim_uniform(&d));
}
