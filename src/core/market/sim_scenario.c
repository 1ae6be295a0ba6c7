/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scenarios: what an operator lets happen to the simulated market. Each is a function of (seed,
 * symbol, first session) and touches nothing before that session. */
#include <stdio.h>
#include <string.h>

#include "core/market/sim.h"
#include "quorum/calendar.h"
#include "quorum/text.h"

enum { CRASH_SESSIONS = 3, HALT_SESSIONS = 2, WEEK_SESSIONS = 5, WEEK_DAYS = 7 };

#define LOG_0_80 (-(fx)239598564) /* a fifth less */

const char *const market_scenarios[] = {
    [SCENARIO_CALM] = "calm", [SCENARIO_CRASH] = "crash", [SCENARIO_GAP] = "gap",
    [SCENARIO_HALT] = "halt", [SCENARIO_STALE] = "stale", [SCENARIO_EARNINGS] = "earnings",
    [SCENARIO_KINDS] = NULL,
};

static const int lengths[SCENARIO_KINDS] = {
    [SCENARIO_CALM] = 1,  [SCENARIO_CRASH] = CRASH_SESSIONS,
    [SCENARIO_GAP] = 1,   [SCENARIO_HALT] = HALT_SESSIONS,
    [SCENARIO_STALE] = 1, [SCENARIO_EARNINGS] = WEEK_SESSIONS,
};

static const struct sim_scenario *scenario_on(const struct sim *s, enum sim_scenario_kind kind,
                                              int32_t day)
{
    for (size_t i = 0; i < s->scenarios; i++) {
        const struct sim_scenario *x = &s->scenario[i];

        if (x->kind == kind && day >= x->from && day <= x->until)
            return x;
    }
    return NULL;
}

bool sim_crash_on(const struct sim *s, int32_t day, fx *overnight, fx *intraday)
{
    const struct sim_scenario *x = scenario_on(s, SCENARIO_CRASH, day);
    struct sim_draw d;
    fx share[CRASH_SESSIONS], whole = 0, part;

    if (x == NULL || calendar_session(day) == SESSION_CLOSED)
        return false;
    d = sim_draw_begin(s->seed, STREAM_SCENARIO, 0, x->from);
    for (int i = 0; i < CRASH_SESSIONS; i++)
        whole += share[i] = FX_PERCENT(60) + fx_mul(FX_PERCENT(80), sim_uniform(&d));
    part = fx_mul(LOG_0_80, fx_div(share[calendar_between(x->from, day)], whole));
    *overnight = fx_mul(part, FX_PERCENT(30));
    *intraday = part - *overnight;
    return true;
}

/* 8.7 to 14.3 %: what rounding to cents leaves of it is within 8 and 15. */
bool sim_gap_on(const struct sim *s, const struct sim_company *c, int32_t day, fx *fall)
{
    const struct sim_scenario *x = scenario_on(s, SCENARIO_GAP, day);
    struct sim_draw d;
    int64_t left;

    if (x == NULL)
        return false;
    d = sim_draw_begin(s->seed, STREAM_SCENARIO, c->hash, x->from);
    left = 9130 - sim_below(&d, 560);
    *fall = fx_log(left) - fx_log(10000);
    return true;
}

static uint64_t lot(const struct sim *s, const struct sim_company *c, int32_t from)
{
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_SCENARIO, c->hash, from);

    return sim_bits(&d);
}

/* The third with the lowest lots; the benchmark goes on, as a market does. */
int32_t sim_halted_since(const struct sim *s, const struct sim_company *c, int32_t day)
{
    const struct sim_scenario *x = scenario_on(s, SCENARIO_HALT, day);
    uint64_t own;
    size_t below = 0;

    if (x == NULL || c == &s->company[0])
        return DAY_NONE;
    own = lot(s, c, x->from);
    for (size_t i = 1; i < s->companies; i++)
        below += lot(s, &s->company[i], x->from) < own;
    return below < (s->companies - 1) / 3 ? x->from : DAY_NONE;
}

bool sim_is_stale_on(const struct sim *s, int32_t day)
{
    return scenario_on(s, SCENARIO_STALE, day) != NULL;
}

const struct sim_moved *sim_moved_by(const struct sim *s, const struct sim_company *c, int index)
{
    size_t company = (size_t)(c - s->company);
    const struct sim_moved *last = NULL;

    for (size_t i = 0; i < s->scenarios; i++) {
        const struct sim_moved *m = &s->scenario[i].moved[company];

        if (s->scenario[i].kind == SCENARIO_EARNINGS && m->quarter == index)
            last = m;
    }
    return last;
}

/* Who reports in that week anyway does so; of all others the quarter that comes next is brought
 * forward, be it the last one or the one that runs. */
static struct sim_moved move_result(const struct sim *s, const struct sim_company *c,
                                    const struct sim_scenario *x)
{
    struct sim_moved m = {.quarter = -1};
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_SCENARIO, c->hash, x->from);
    int running = sim_quarter_of(c, x->from).index;
    int32_t day;

    if (c->is_fund)
        return m;
    for (int i = running - 1; i <= running; i++) {
        if (i < 0 || i >= SIM_QUARTERS)
            continue;
        day = sim_result_day(s, c, i);
        if (day >= x->from && day < x->from + WEEK_DAYS)
            return m;
        if (day < x->from)
            continue;
        m.quarter = i;
        break;
    }
    m.day = calendar_add(x->from, sim_below(&d, WEEK_SESSIONS));
    if (m.day > x->until)
        m.day = x->until;
    m.in_the_morning = m.day == x->from || calendar_previous(m.day) != m.day - 1;
    return m;
}

/* In the order of time, as an earlier scenario may have moved what a later one finds. */
static void move_results(struct sim *s)
{
    size_t all = s->scenarios;

    for (s->scenarios = 0; s->scenarios < all; s->scenarios++) {
        struct sim_scenario *x = &s->scenario[s->scenarios];

        if (x->kind != SCENARIO_EARNINGS)
            continue;
        for (size_t i = 0; i < s->companies; i++)
            x->moved[i] = move_result(s, &s->company[i], x);
    }
}

enum err sim_scenario_add(struct sim *s, const char *name, int32_t from, struct error *e)
{
    struct sim_scenario x = {.kind = SCENARIO_CALM};
    char day[11], shown[40];
    size_t at;

    while (x.kind < SCENARIO_KINDS && strcmp(market_scenarios[x.kind], name) != 0)
        x.kind++;
    if (x.kind == SCENARIO_KINDS) {
        err_set(e, ERR_USAGE, "\"%s\" is not a scenario",
                sanitize_line(shown, sizeof(shown), untrusted(name)));
        return err_fix(e, "use one of calm crash gap halt stale earnings");
    }
    if (from <= SIM_EPOCH || from > SIM_LAST_DAY - 30) {
        err_set(e, ERR_USAGE, "nothing can happen on %s", day_print(day, from));
        return err_fix(e, "the simulated market runs from 2019-01-02 to 2099-12-31");
    }
    x.from = calendar_next(from - 1);
    for (at = 0; at < s->scenarios; at++)
        if (s->scenario[at].from == x.from && s->scenario[at].kind == x.kind)
            return OK; /* it is to happen already */
    if (s->scenarios == SIM_SCENARIOS_MAX)
        return err_set(e, ERR_USAGE, "more than %d scenarios", SIM_SCENARIOS_MAX);
    x.until = calendar_add(x.from, lengths[x.kind] - 1);
    if (x.until >= x.from + WEEK_DAYS)
        x.until = calendar_previous(x.from + WEEK_DAYS);
    for (at = s->scenarios++; at > 0 && s->scenario[at - 1].from > x.from; at--)
        s->scenario[at] = s->scenario[at - 1];
    s->scenario[at] = x;
    move_results(s);
    sim_forget(s);
    return OK;
}
