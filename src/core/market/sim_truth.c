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

bool sim_result_on(uint64_t seed, const struct sim_company *c, const fx quality[SIM_QUARTERS],
                   int32_t day, struct sim_result *out)
{
    int index = sim_quarter_of(c, day).index - 1;
    struct sim_quarter q;
    struct sim_draw d;

    if (c->is_fund || index < 0 || index >= SIM_QUARTERS)
        return false;
    q = sim_quarter_at(c, index);
    d = sim_draw_begin(seed, STREAM_EARNINGS, c->hash, index);
    if (result_day(q.period_end + 18 + sim_below(&d, 15)) != day)
        return false;
    *out = (struct sim_result){.quarter = q};
    if (sim_chance(&d, FX_PERCENT(60))) {
        out->news_day = day - 1;
        out->published_at = exchange_to_utc(day - 1, 16, 5 + sim_below(&d, 20));
    } else {
        out->news_day = day;
        out->published_at = exchange_to_utc(day, 6, 30 + sim_below(&d, 30));
    }
    out->published_at += sim_below(&d, 60) * USEC_SECOND;
    out->surprise = fx_mul(FX_PERCENT(35), quality[index]) + fx_mul(FX_PERCENT(93), sim_normal(&d));
    return true;
}
