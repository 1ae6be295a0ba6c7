/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/market/sim.h"

#include "quorum/calendar.h"

enum { BASE_MONDAY = SIM_EPOCH - 2, CHUNK = 64, GROWTH_WEEKDAYS = 12 * 261 };

/* In a crash all move alike: what else would have moved a symbol counts a tenth. */
enum { CRASH_DAMPS = 10 };

#define LONG_RUN_VOLATILITY FX_PERCENT(16)           /* of the market, a year's */
#define YEAR_TO_DAY         FX_RATIO(62994, 1000000) /* 1 / sqrt(252) */
#define PANIC_VOLATILITY    FX_PERCENT(42)
#define SECTOR_DAILY        FX_RATIO(58, 10000)
#define TREND_DAILY         FX_RATIO(9, 100 * 261) /* the price a series is drawn back to */
#define PULL_DAILY          FX_RATIO(25, 100 * 261)
/* The hidden truth's part of the drift, in daily standard deviations. Known perfectly, mood
 * explains 1 in 6 (correlation) of the next twenty days' return, quality 1 in 9. */
#define MOOD_DRIFT    FX_RATIO(60, 1000)
#define QUALITY_DRIFT FX_RATIO(25, 1000)
/* Logs of dollars: bounds of what is printed and, inside them, of the closing price. */
#define LOG_1_02    ((fx)21262909)
#define LOG_1_50    ((fx)435364845)
#define LOG_4500    ((fx)9032136560)
#define LOG_4990    ((fx)9143116919)
#define RESULT_MOVE FX_PERCENT(155) /* sd of a results gap, in daily sd */

/* The market's hidden states. Drift and volatility a year, mean stay in weekdays, and where it
 * goes from there (percent, in table order). */
enum { STATES = 5, STATE_PANIC = 3 };
static const struct {
    int drift, volatility, stay, next[STATES];
} states[STATES] = {
    {24, 12, 120, {0, 15, 31, 20, 34}}, /* rising */
    {-24, 20, 50, {35, 0, 40, 25, 0}},  /* falling */
    {2, 14, 55, {50, 20, 0, 10, 20}},   /* going nowhere */
    {-36, 37, 24, {50, 20, 30, 0, 0}},  /* panic */
    {7, 8, 45, {48, 0, 27, 25, 0}},     /* calm */
};

size_t sim_index(int32_t day)
{
    int32_t d = day < BASE_MONDAY ? 0 : day - BASE_MONDAY;

    return (size_t)(d / 7 * 5 + (d % 7 > 4 ? 4 : d % 7));
}

int32_t sim_day(size_t index)
{
    return BASE_MONDAY + (int32_t)(index / 5) * 7 + (int32_t)(index % 5);
}

/* Fat tails: now and then a day is nearly twice as wild. The variance stays 1. */
static fx fat_normal(struct sim_draw *d)
{
    fx width = sim_chance(d, FX_PERCENT(7)) ? FX_PERCENT(190) : FX_PERCENT(90);

    return fx_mul(width, sim_normal(d));
}

static void state_advance(struct sim_market_state *m, struct sim_draw *d)
{
    int pick = sim_below(d, 100), to = 0;

    if (!sim_chance(d, FX_ONE / states[m->regime].stay))
        return;
    while (pick >= states[m->regime].next[to])
        pick -= states[m->regime].next[to++];
    m->regime = to;
}

/* Moves to the state's level within days, wavers, and rises after a fall (leverage effect). */
static void volatility_advance(struct sim_market_state *m, struct sim_draw *d)
{
    fx target = FX_PERCENT(states[m->regime].volatility);

    m->volatility += fx_mul(FX_PERCENT(14), target - m->volatility);
    m->volatility += fx_mul(m->volatility, fx_mul(FX_PERCENT(5), sim_normal(d)));
    if (m->last_shock < -FX_ONE)
        m->volatility += fx_mul(m->volatility, fx_mul(FX_PERCENT(5), -m->last_shock - FX_ONE));
    m->volatility = fx_clamp(m->volatility, FX_PERCENT(6), FX_PERCENT(65));
}

static fx trend(fx intercept, size_t weekdays)
{
    size_t n = weekdays > GROWTH_WEEKDAYS ? GROWTH_WEEKDAYS : weekdays;

    return intercept + (fx)n * TREND_DAILY;
}

/* What a scenario makes of the benchmark's moves; panic follows a crash. */
static void market_disturb(const struct sim *s, struct sim_market_state *m, int32_t day,
                           fx *overnight, fx *intraday)
{
    fx fall[2];

    if (sim_gap_on(s, &s->company[0], day, &fall[0]))
        *overnight = fall[0];
    if (!sim_crash_on(s, day, &fall[0], &fall[1]))
        return;
    *overnight = *overnight / CRASH_DAMPS + fall[0];
    *intraday = *intraday / CRASH_DAMPS + fall[1];
    m->regime = STATE_PANIC;
    if (m->volatility < PANIC_VOLATILITY)
        m->volatility = PANIC_VOLATILITY; /* from tomorrow on */
}

static void market_step(struct sim *s)
{
    struct sim_market_state *m = &s->state;
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_MARKET, 0, sim_day(s->n));
    struct sim_common *c = &s->common[s->n];
    fx daily, drift, anchor = trend(fx_log(s->company[0].start_price) - fx_log(10000), s->n);
    fx overnight, intraday;

    if (s->n == 0)
        *m = (struct sim_market_state){.volatility = LONG_RUN_VOLATILITY, .log_close = anchor};
    state_advance(m, &d);
    volatility_advance(m, &d);
    daily = fx_mul(m->volatility, YEAR_TO_DAY);
    drift = FX_PERCENT(states[m->regime].drift) / FX_SESSIONS_YEAR +
            fx_mul(PULL_DAILY, anchor - m->log_close);
    c->overnight = drift / 2 + fx_mul(daily, fx_mul(FX_PERCENT(42), sim_normal(&d)));
    if (sim_chance(&d, FX_RATIO(8, 1000)))
        c->overnight += fx_mul(daily, fx_mul(FX_PERCENT(250), sim_normal(&d)));
    c->intraday = drift / 2 + fx_mul(daily, fx_mul(FX_PERCENT(87), fat_normal(&d)));
    c->level = fx_div(m->volatility, LONG_RUN_VOLATILITY);
    overnight = c->overnight;
    intraday = c->intraday;
    market_disturb(s, m, sim_day(s->n), &overnight, &intraday);
    m->last_shock = fx_div(overnight + intraday, daily);
    m->log_close += overnight + intraday;
    s->is_session[s->n] = calendar_session(sim_day(s->n)) != SESSION_CLOSED;
    s->n++;
}

static void market_through(struct sim *s, size_t index)
{
    if (index >= s->cap) {
        s->cap = index + CHUNK;
        s->common = mem_grow(s->common, s->cap, sizeof(*s->common));
        s->is_session = mem_grow(s->is_session, s->cap, sizeof(*s->is_session));
    }
    while (s->n <= index)
        market_step(s);
}

/* A dent of seven knots that touches neither the open nor the close. */
static void plunge(struct sim_draw *d, fx depth, fx knot[SIM_KNOTS])
{
    enum { HALF = 4 };
    int at = HALF + sim_below(d, SIM_KNOTS - 2 * HALF);

    for (int k = 1 - HALF; k < HALF; k++)
        knot[at + k] -= depth * (HALF - (k < 0 ? -k : k)) / HALF;
}

/* The day's walk in logs: a bridge from the open to the close. */
static void path_logs(const struct sim *s, const struct sim_company *c, const struct sim_weekday *w,
                      fx knot[SIM_KNOTS])
{
    enum { STEPS = SIM_KNOTS - 1 };
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_PATH, c->hash, w->bar.day);
    fx step = fx_mul(w->spread, FX_RATIO(196116, 1000000)); /* 1 / sqrt(26) */
    fx left;

    knot[0] = w->log_open;
    for (int k = 1; k <= STEPS; k++)
        knot[k] = knot[k - 1] + fx_mul(step, sim_normal(&d));
    left = w->log_close - knot[STEPS];
    for (int k = 1; k <= STEPS; k++)
        knot[k] += left * k / STEPS;
    plunge(&d, w->plunge, knot);
}

/* Log dollars to 1/10,000 dollar, on whole cents as exchanges print them. */
static int64_t price_of(fx log_price)
{
    return fx_exp_times(fx_clamp(log_price, LOG_1_02, LOG_4990), 100) * 100;
}

void sim_path(const struct sim *s, const struct sim_company *c, const struct sim_weekday *w,
              int64_t knot[SIM_KNOTS])
{
    fx logs[SIM_KNOTS];

    path_logs(s, c, w, logs);
    for (int k = 0; k < SIM_KNOTS; k++)
        knot[k] = price_of(logs[k]);
}

static void bar_prices(const struct sim *s, const struct sim_company *c, struct sim_weekday *w)
{
    fx knot[SIM_KNOTS], low, high;

    path_logs(s, c, w, knot);
    low = high = knot[0];
    for (int k = 1; k < SIM_KNOTS; k++) {
        low = knot[k] < low ? knot[k] : low;
        high = knot[k] > high ? knot[k] : high;
    }
    w->bar.open = price_of(knot[0]);
    w->bar.close = price_of(knot[SIM_KNOTS - 1]);
    w->bar.low = price_of(low);
    w->bar.high = price_of(high);
}

/* Slow waves, the monthly expiry of options (third Friday: every 20 sessions or so), noise, and
 * spikes with the size of the move. */
static int64_t volume_of(const struct sim *s, const struct sim_company *c,
                         struct sim_series *series, const struct sim_weekday *w, fx move,
                         bool results)
{
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_VOLUME, c->hash, w->bar.day);
    int month_day = day_to_civil(w->bar.day).day;
    fx size = move < 0 ? -move : move, log_ratio;
    int64_t shares;

    series->activity =
        fx_mul(FX_PERCENT(94), series->activity) + fx_mul(FX_PERCENT(9), sim_normal(&d));
    log_ratio = series->activity + fx_mul(FX_PERCENT(17), sim_normal(&d));
    if (size > FX_PERCENT(80))
        log_ratio += fx_clamp(fx_mul(FX_PERCENT(36), size - FX_PERCENT(80)), 0, FX_PERCENT(150));
    if (day_weekday(w->bar.day) == 5 && month_day >= 15 && month_day <= 21)
        log_ratio += FX_PERCENT(28);
    if (results)
        log_ratio += FX_PERCENT(55);
    shares = fx_exp_times(log_ratio, c->volume);
    return shares < 1000 ? 1000 : shares;
}

/* The own and the sector's part of one day, and the truth's pull on it. */
static void company_moves(const struct sim *s, const struct sim_company *c,
                          struct sim_series *series, size_t i, const struct sim_result *result,
                          fx *overnight, fx *intraday)
{
    const struct sim_common *m = &s->common[i];
    struct sim_draw own = sim_draw_begin(s->seed, STREAM_SYMBOL, c->hash, sim_day(i));
    struct sim_draw sector = sim_draw_begin(s->seed, STREAM_SECTOR, c->sector_hash, sim_day(i));
    fx level = FX_PERCENT(55) + fx_mul(FX_PERCENT(45), m->level);
    fx around = fx_mul(SECTOR_DAILY, level), scale, drift;
    int quarter = sim_quarter_of(c, sim_day(i)).index;

    series->unrest =
        fx_mul(FX_RATIO(985, 1000), series->unrest) + fx_mul(FX_RATIO(45, 1000), sim_normal(&own));
    scale = fx_clamp(FX_ONE + series->unrest, FX_PERCENT(45), FX_PERCENT(200));
    scale = fx_mul(series->own, fx_mul(level, scale));
    drift = fx_mul(MOOD_DRIFT, series->mood);
    if (quarter < SIM_QUARTERS)
        drift += fx_mul(QUALITY_DRIFT, series->quality[quarter]);
    drift = fx_mul(drift + sim_habits_drift(series), series->daily);
    *overnight = fx_mul(c->beta, m->overnight) + drift / 2 +
                 fx_mul(around, fx_mul(FX_PERCENT(50), sim_normal(&sector))) +
                 fx_mul(scale, fx_mul(FX_PERCENT(38), sim_normal(&own)));
    if (sim_chance(&own, FX_RATIO(15, 1000)))
        *overnight += fx_mul(scale, fx_mul(FX_PERCENT(230), sim_normal(&own)));
    if (result != NULL)
        *overnight += fx_mul(series->daily, fx_mul(RESULT_MOVE, result->surprise));
    *intraday = fx_mul(c->beta, m->intraday) + drift / 2 +
                fx_mul(around, fx_mul(FX_PERCENT(85), fat_normal(&sector))) +
                fx_mul(scale, fx_mul(FX_PERCENT(90), fat_normal(&own)));
    series->mood =
        fx_mul(FX_PERCENT(94), series->mood) + fx_mul(FX_RATIO(341, 1000), sim_normal(&own));
}

/* The last log price that was seen traded, or `before`. */
static fx last_seen(const struct sim_series *series, fx before)
{
    const struct bars *b = &series->bars;

    return b->n > 0 ? series->day[sim_index(b->bar[b->n - 1].day)].log_close : before;
}

/* Both count from the last price seen, whatever moved unseen on a holiday. */
static void series_disturb(const struct sim *s, const struct sim_company *c,
                           const struct sim_series *series, int32_t day, fx before, fx *overnight,
                           fx *intraday)
{
    fx unseen = before - last_seen(series, before), fall[2];

    if (sim_gap_on(s, c, day, &fall[0]))
        *overnight = fall[0] - unseen;
    if (!sim_crash_on(s, day, &fall[0], &fall[1]))
        return;
    *overnight = *overnight / CRASH_DAMPS + fall[0] - unseen;
    *intraday = *intraday / CRASH_DAMPS + fall[1];
}

static void series_step(const struct sim *s, const struct sim_company *c, struct sim_series *series)
{
    size_t i = series->n;
    struct sim_weekday *w = &series->day[i];
    struct sim_result result;
    fx anchor, before, overnight = s->common[i].overnight, intraday = s->common[i].intraday;
    bool results = false;

    *w = (struct sim_weekday){.bar.day = sim_day(i)};
    series->n++;
    if (i < series->first)
        return;
    anchor = trend(series->intercept, i - series->first);
    before = i > series->first ? w[-1].log_close : anchor;
    if (!c->is_fund) {
        results = sim_result_on(s, c, series->quality, w->bar.day, &result);
        company_moves(s, c, series, i, results ? &result : NULL, &overnight, &intraday);
        intraday += fx_mul(PULL_DAILY, anchor - before);
    }
    if (s->scenarios > 0)
        series_disturb(s, c, series, w->bar.day, before, &overnight, &intraday);
    w->mood = series->mood;
    w->log_open = before + overnight;
    w->log_close = fx_clamp(w->log_open + intraday, LOG_1_50, LOG_4500);
    w->spread = fx_mul(fx_mul(series->daily, FX_PERCENT(80)),
                       FX_PERCENT(40) + fx_mul(FX_PERCENT(60), s->common[i].level));
    w->plunge = fx_mul(sim_plunge(s, c, w->bar.day), series->daily);
    if (results)
        w->spread = fx_mul(w->spread, FX_PERCENT(150));
    bar_prices(s, c, w);
    w->bar.volume =
        volume_of(s, c, series, w, fx_div(overnight + intraday, series->daily), results);
    if (s->is_session[i] && w->bar.day >= c->listed && w->bar.day >= SIM_EPOCH &&
        sim_halted_since(s, c, w->bar.day) == DAY_NONE) {
        bars_add(&series->bars, &w->bar);
        sim_habits_see(series, w->log_close, fx_div(overnight + intraday, series->daily));
    }
}

/* What is left of the company's variance when the market's and the sector's part are taken out;
 * 0.70 leaves room for jumps, results, holidays and habits, which add to it. */
static void split_variance(const struct sim_company *c, struct sim_series *series)
{
    fx market = fx_mul(fx_mul(c->beta, LONG_RUN_VOLATILITY), YEAR_TO_DAY);
    fx rest, least;

    series->daily = fx_mul(c->volatility, YEAR_TO_DAY);
    /* Squares of daily moves are small: scaled by 2^10 so that no bits are lost. */
    rest = fx_mul(series->daily << 5, series->daily << 5) - fx_mul(market << 5, market << 5) -
           fx_mul(SECTOR_DAILY << 5, SECTOR_DAILY << 5);
    least = fx_mul(series->daily, FX_PERCENT(50));
    series->own = fx_mul(fx_sqrt(fx_mul(rest, FX_PERCENT(70))), FX_ONE >> 5);
    if (series->own < least)
        series->own = least;
}

struct sim_series *sim_series_through(struct sim *s, size_t company, int32_t day)
{
    const struct sim_company *c = &s->company[company];
    struct sim_series *series = s->series[company];
    size_t index = sim_index(day > SIM_LAST_DAY ? SIM_LAST_DAY : day);

    if (series == NULL) {
        series = s->series[company] = mem_alloc(sizeof(*series));
        series->first = c->listed <= SIM_EPOCH ? 0 : sim_index(c->listed);
        series->intercept = fx_log(c->start_price) - fx_log(10000);
        split_variance(c, series);
        sim_habits_begin(series);
        sim_quality_fill(s->seed, c, series->quality);
    }
    market_through(s, index);
    if (index >= series->cap) {
        series->cap = index + CHUNK;
        series->day = mem_grow(series->day, series->cap, sizeof(*series->day));
    }
    while (series->n <= index)
        series_step(s, c, series);
    return series;
}

void sim_series_free(struct sim_series *series)
{
    if (series == NULL)
        return;
    bars_release(&series->bars);
    mem_free(series->day);
    mem_free(series);
}

void sim_forget(struct sim *s)
{
    for (size_t i = 0; i < s->companies; i++) {
        sim_series_free(s->series[i]);
        s->series[i] = NULL;
    }
    mem_free(s->common);
    mem_free(s->is_session);
    s->common = NULL;
    s->is_session = NULL;
    s->n = s->cap = 0;
}
