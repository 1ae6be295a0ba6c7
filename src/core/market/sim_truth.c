/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/market/sim.h"

enum { TRUTH_YEAR = 2012 };

/* By how many months a fiscal quarter ends before the calendar's. */
static int quarter_shift(const struct sim_company *c)
{
    return (3 - c->fiscal_month % 3) % 3;
}

struct sim_quarter sim_quarter_at(const struct sim_company *c, int index)
{
    int months = 3 * index + 2 - quarter_shift(c); /* from January 2012 */
    int year = TRUTH_YEAR + months / 12, month = months % 12 + 1;
    struct sim_quarter q = {.index = index};

    q.period_end =
        (month == 12 ? day_from_civil(year + 1, 1, 1) : day_from_civil(year, month + 1, 1)) - 1;
    q.fiscal_year = month <= c->fiscal_month ? year : year + 1;
    q.number = (month - c->fiscal_month + 11) % 12 / 3 + 1;
    return q;
}

struct sim_quarter sim_quarter_of(const struct sim_company *c, int32_t day)
{
    struct civil d = day_to_civil(day);
    int months = (d.year - TRUTH_YEAR) * 12 + d.month - 1;

    return sim_quarter_at(c, (months + quarter_shift(c)) / 3);
}

/* AR(1) with coefficient 0.88 a quarter (0.6 a year) and variance 1. */
void sim_quality_fill(uint64_t seed, const struct sim_company *c, fx quality[SIM_QUARTERS])
{
    fx q = 0;

    for (int i = 0; i < SIM_QUARTERS; i++) {
        struct sim_draw d = sim_draw_begin(seed, STREAM_QUALITY, c->hash, i);
        fx shock = sim_normal(&d);

        q = i == 0 ? shock : fx_mul(FX_PERCENT(88), q) + fx_mul(FX_RATIO(475, 1000), shock);
        quality[i] = q;
    }
}

/* Tuesday to Friday, so that the evening before is a weekday too. */
static int32_t result_day(int32_t day)
{
    int weekday = day_weekday(day);

    return weekday == 6 ? day + 3 : weekday == 0 ? day + 2 : weekday == 1 ? day + 1 : day;
}

int32_t sim_result_day(const struct sim *s, const struct sim_company *c, int index)
{
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_EARNINGS, c->hash, index);
    int32_t day = result_day(sim_quarter_at(c, index).period_end + 18 + sim_below(&d, 15));
    const struct sim_moved *moved = sim_moved_by(s, c, index);

    return moved != NULL ? moved->day : day;
}

static struct sim_result result_of(const struct sim *s, const struct sim_company *c,
                                   const fx quality[SIM_QUARTERS], int index, int32_t day)
{
    struct sim_result r = {.quarter = sim_quarter_at(c, index), .news_day = day};
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_EARNINGS, c->hash, index);
    const struct sim_moved *moved = sim_moved_by(s, c, index);
    bool is_evening;
    int minute;

    sim_below(&d, 15); /* the day, which is known */
    is_evening = sim_chance(&d, FX_PERCENT(60));
    minute = sim_below(&d, is_evening ? 20 : 30);
    if (is_evening && (moved == NULL || !moved->in_the_morning)) {
        r.news_day = day - 1;
        r.published_at = exchange_to_utc(day - 1, 16, 5 + minute);
    } else {
        r.published_at = exchange_to_utc(day, 6, 30 + minute);
    }
    r.published_at += sim_below(&d, 60) * USEC_SECOND;
    r.surprise = fx_mul(FX_PERCENT(35), quality[index]) + fx_mul(FX_PERCENT(93), sim_normal(&d));
    return r;
}

bool sim_result_on(const struct sim *s, const struct sim_company *c, const fx quality[SIM_QUARTERS],
                   int32_t day, struct sim_result *out)
{
    int index = sim_quarter_of(c, day).index;

    if (c->is_fund)
        return false;
    /* The quarter before; a scenario may bring the running one forward. */
    for (int i = index - 1; i <= index - (s->scenarios == 0); i++) {
        if (i < 0 || i >= SIM_QUARTERS || sim_result_day(s, c, i) != day)
            continue;
        *out = result_of(s, c, quality, i, day);
        return true;
    }
    return false;
}
