/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an operator lets happen to the simulated market, and quotes of it alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/market/sim.h"
#include "quorum/calendar.h"
#include "quorum/indicators.h"

enum { SEED = 42 };

static int calls;
static struct error last_error;

static void on_done(void *arg, const struct error *e)
{
    (void)arg;
    calls++;
    last_error = e ? *e : (struct error){0};
}

static struct market_data gather(struct market *m, const char *symbol, int64_t as_of)
{
    struct market_data d = {0};
    int before = calls;
    market_gather(m, symbol, as_of, &d, on_done, NULL);
    assert_int_equal(calls, before + 1);
    assert_int_equal(last_error.kind, OK);
    return d;
}

static struct quote quote(struct market *m, const char *symbol, int64_t as_of)
{
    struct quote q = {.volume = -1};
    int before = calls;
    market_quote(m, symbol, as_of, 0, &q, on_done, NULL);
    assert_int_equal(calls, before + 1);
    assert_int_equal(last_error.kind, OK);
    return q;
}

static struct sim *sim_of(struct market *m)
{
    return (struct sim *)m;
}

static struct market *market_with(const char *scenario, int32_t from)
{
    struct market *m = market_simulated_new(SEED);
    struct error e = {0};
    if (market_simulated_scenario(m, scenario, from, &e) != OK)
        fail_msg("%s %s", e.text, e.fix);
    return m;
}

/* A Wednesday in mid quarter, and a Tuesday after a holiday. */
static int32_t first_days(size_t i)
{
    return i == 0 ? day_from_civil(2026, 6, 3) : day_from_civil(2026, 5, 26);
}

static const struct bars *bars_of(struct market *m, size_t company, int32_t until)
{
    return &sim_series_through(sim_of(m), company, until)->bars;
}

static const struct bar *bar_of(struct market *m, size_t company, int32_t day)
{
    const struct bars *b = bars_of(m, company, day + 10);
    size_t n = bars_until(b, day);
    return n > 0 && b->bar[n - 1].day == day ? &b->bar[n - 1] : NULL;
}

static void assert_same_quote(const struct quote *a, const struct quote *b)
{
    assert_int_equal(a->from.state, b->from.state);
    assert_int_equal(a->from.as_of, b->from.as_of);
    assert_string_equal(a->from.reason, b->from.reason);
    assert_int_equal(a->price, b->price);
    assert_int_equal(a->open, b->open);
    assert_int_equal(a->high, b->high);
    assert_int_equal(a->low, b->low);
    assert_int_equal(a->previous_close, b->previous_close);
    assert_int_equal(a->volume, b->volume);
}

static void assert_same_news(const struct news *a, const struct news *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        assert_string_equal(a->item[i].title, b->item[i].title);
        assert_int_equal(a->item[i].published_at, b->item[i].published_at);
    }
}

static void the_past_before_a_scenario_stays_to_the_byte(void **state)
{
    (void)state;
    struct market *plain = market_simulated_new(SEED);
    for (size_t k = 0; market_scenarios[k]; k++) {
        for (size_t i = 0; i < 2; i++) {
            int32_t from = first_days(i);
            int64_t before = exchange_to_utc(from, 0, 0) - 1;
            struct market *m = market_with(market_scenarios[k], from);
            for (size_t c = 0; c < sim_of(m)->companies; c++) {
                const char *symbol = sim_of(m)->company[c].symbol;
                /* The future was asked for first: it must not shine through. */
                struct market_data late = gather(m, symbol, before + 40 * USEC_DAY);
                struct market_data x = gather(plain, symbol, before);
                struct market_data y = gather(m, symbol, before);
                assert_int_equal(x.bars.n, y.bars.n);
                assert_memory_equal(x.bars.bar, y.bars.bar, x.bars.n * sizeof *x.bars.bar);
                assert_memory_equal(x.bars.bar, late.bars.bar, x.bars.n * sizeof *x.bars.bar);
                assert_same_quote(&x.quote, &y.quote);
                assert_same_news(&x.news, &y.news);
                assert_int_equal(x.fundamentals.n, y.fundamentals.n);
                market_data_release(&late);
                market_data_release(&x);
                market_data_release(&y);
            }
            market_free(m);
        }
    }
    market_free(plain);
}

static void the_same_scenario_is_the_same_market_whenever_it_was_set(void **state)
{
    (void)state;
    int32_t from = first_days(0), later = from + 300;
    struct error e = {0};
    for (size_t k = 0; market_scenarios[k]; k++) {
        struct market *early = market_with(market_scenarios[k], from);
        struct market *late = market_simulated_new(SEED);
        bars_of(late, 3, later);
        bars_of(late, 0, later);
        assert_int_equal(market_simulated_scenario(late, market_scenarios[k], from, &e), OK);
        for (size_t c = 0; c < 4; c++) {
            const struct bars *x = bars_of(early, c, later), *y = bars_of(late, c, later);
            assert_int_equal(x->n, y->n);
            assert_memory_equal(x->bar, y->bar, x->n * sizeof *x->bar);
        }
        market_free(early);
        market_free(late);
    }
    /* Two of them do not depend on which was named first. */
    struct market *a = market_with("crash", from), *b = market_with("earnings", from + 60);
    assert_int_equal(market_simulated_scenario(a, "earnings", from + 60, &e), OK);
    assert_int_equal(market_simulated_scenario(b, "crash", from, &e), OK);
    const struct bars *x = bars_of(a, 1, later), *y = bars_of(b, 1, later);
    assert_int_equal(x->n, y->n);
    assert_memory_equal(x->bar, y->bar, x->n * sizeof *x->bar);
    market_free(a);
    market_free(b);
}

static void calm_is_what_would_have_been_anyway(void **state)
{
    (void)state;
    struct market *plain = market_simulated_new(SEED), *calm = market_with("calm", first_days(0));
    const struct bars *x = bars_of(plain, 1, first_days(0) + 500);
    const struct bars *y = bars_of(calm, 1, first_days(0) + 500);
    assert_int_equal(x->n, y->n);
    assert_memory_equal(x->bar, y->bar, x->n * sizeof *x->bar);
    market_free(plain);
    market_free(calm);
}

/* After a scenario no session is without a bar and no symbol leaves the world of prices. */
static void assert_life_goes_on(struct market *m, int32_t after)
{
    for (size_t c = 0; c < sim_of(m)->companies; c++) {
        int32_t day = after;
        for (int i = 0; i < 120; i++, day = calendar_next(day)) {
            const struct bar *b = bar_of(m, c, day), *before = bar_of(m, c, calendar_previous(day));
            assert_non_null(b);
            assert_true(b->low <= b->open && b->open <= b->high && b->low <= b->close);
            assert_true(i == 0 || fabs((double)b->close / (double)before->close - 1) < .5);
        }
    }
}

static double move(const struct bar *a, const struct bar *b)
{
    return (double)b->close / (double)a->close - 1;
}

static void a_crash_takes_a_fifth_from_all_in_three_sessions(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int32_t from = first_days(i), third = calendar_add(from, 2);
        struct market *m = market_with("crash", from), *plain = market_simulated_new(SEED);
        double worst = 0, best = -1;
        for (size_t c = 0; c < sim_of(m)->companies; c++) {
            int32_t day = calendar_previous(from);
            double all = move(bar_of(m, c, day), bar_of(m, c, third));
            worst = all < worst ? all : worst;
            best = all > best ? all : best;
            assert_true(all > -.235 && all < -.165);
            for (int k = 0; k < 3; k++, day = calendar_next(day))
                assert_true(move(bar_of(m, c, day), bar_of(m, c, calendar_next(day))) < -.02);
        }
        print_message("crash: %.1f %% to %.1f %%\n", worst * 100, best * 100);
        double fall = move(bar_of(m, 0, calendar_previous(from)), bar_of(m, 0, third));
        assert_true(fall > -.215 && fall < -.185);
        /* Fear stays for a while: the volatility of the weeks after is not the usual one. */
        fx level = 0, usual = 0;
        bars_of(plain, 0, third + 21);
        for (size_t k = sim_index(third) + 1; k <= sim_index(third) + 10; k++) {
            level += sim_of(m)->common[k].level / 10;
            usual += sim_of(plain)->common[k].level / 10;
        }
        print_message("volatility after it %.0f %%, without it %.0f %%\n",
                      16 * (double)level / (double)FX_ONE, 16 * (double)usual / (double)FX_ONE);
        assert_true(level > FX_PERCENT(135));
        assert_life_goes_on(m, third);
        market_free(plain);
        market_free(m);
    }
}

static void a_gap_opens_every_symbol_below_its_stops(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int32_t from = first_days(i);
        struct market *m = market_with("gap", from);
        double first = 0;
        bool differ = false;
        for (size_t c = 0; c < sim_of(m)->companies; c++) {
            const struct bar *before = bar_of(m, c, calendar_previous(from));
            const struct bar *b = bar_of(m, c, from);
            double gap = (double)b->open / (double)before->close - 1;
            assert_true(gap <= -.08 && gap >= -.15);
            struct quote q = quote(m, sim_of(m)->company[c].symbol, calendar_open(from));
            assert_int_equal(q.price, b->open);
            assert_int_equal(q.previous_close, before->close);
            differ = differ || (c > 0 && fabs(gap - first) > .01);
            first = c == 0 ? gap : first;
        }
        assert_true(differ);
        assert_life_goes_on(m, from);
        market_free(m);
    }
}

static void a_halted_symbol_has_neither_price_nor_bar(void **state)
{
    (void)state;
    int32_t from = first_days(0), second = calendar_next(from), third = calendar_next(second);
    struct market *m = market_with("halt", from);
    size_t halted = 0;
    for (size_t c = 0; c < sim_of(m)->companies; c++) {
        const char *symbol = sim_of(m)->company[c].symbol;
        struct quote q = quote(m, symbol, calendar_open(from) - 1);
        assert_int_equal(q.from.state, DATUM_PRESENT);
        q = quote(m, symbol, calendar_open(third));
        assert_int_equal(q.from.state, DATUM_PRESENT);
        assert_int_equal(q.price, bar_of(m, c, third)->open);
        if (bar_of(m, c, from)) {
            assert_non_null(bar_of(m, c, second));
            assert_int_equal(quote(m, symbol, calendar_open(from)).from.state, DATUM_PRESENT);
            continue;
        }
        halted++;
        assert_int_not_equal(c, 0);
        assert_null(bar_of(m, c, second));
        int64_t moments[] = {calendar_open(from), calendar_open(from) + 3600 * USEC_SECOND,
                             calendar_close(from), calendar_open(second),
                             calendar_close(second) + 3600 * USEC_SECOND};
        for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
            q = quote(m, symbol, moments[i]);
            assert_int_equal(q.from.state, DATUM_ABSENT);
            assert_int_equal(q.price, 0);
            assert_non_null(strstr(q.from.reason, "is halted since 2026-06-03"));
            struct market_data d = gather(m, symbol, moments[i]);
            assert_int_equal(d.quote.from.state, DATUM_ABSENT);
            assert_int_equal(d.bars.bar[d.bars.n - 1].day, calendar_previous(from));
            market_data_release(&d);
        }
        assert_int_equal(quote(m, symbol, calendar_open(third)).previous_close,
                         bar_of(m, c, calendar_previous(from))->close);
    }
    assert_int_equal(halted, (sim_of(m)->companies - 1) / 3);
    assert_life_goes_on(m, third);
    market_free(m);
}

static void a_stuck_feed_carries_its_old_time(void **state)
{
    (void)state;
    int32_t from = first_days(0), before = calendar_previous(from);
    struct market *m = market_with("stale", from);
    for (size_t c = 0; c < sim_of(m)->companies; c++) {
        const char *symbol = sim_of(m)->company[c].symbol;
        for (int64_t t = calendar_open(from); t < calendar_close(from); t += 1800 * USEC_SECOND) {
            struct quote q = quote(m, symbol, t);
            assert_int_equal(q.from.state, DATUM_STALE);
            assert_int_equal(q.from.as_of, calendar_close(before));
            assert_int_equal(q.price, bar_of(m, c, before)->close);
        }
        struct quote q = quote(m, symbol, calendar_close(from));
        assert_int_equal(q.from.state, DATUM_PRESENT);
        assert_int_equal(q.price, bar_of(m, c, from)->close);
        q = quote(m, symbol, calendar_open(calendar_next(from)));
        assert_int_equal(q.from.as_of, calendar_open(calendar_next(from)));
    }
    assert_life_goes_on(m, calendar_next(from));
    market_free(m);
}

/* Of that day; true, too, when the feed does not answer on it. */
static bool is_in_the_news(struct market *m, const char *symbol, const struct sim_result *r)
{
    struct market_data d = gather(m, symbol, exchange_to_utc(r->news_day, 23, 59));
    bool told = d.news.from.state == DATUM_ABSENT;
    for (size_t i = 0; i < d.news.n; i++)
        told = told || d.news.item[i].published_at == r->published_at;
    market_data_release(&d);
    return told;
}

static void in_a_week_of_earnings_everybody_reports_once(void **state)
{
    (void)state;
    const int32_t starts[] = {first_days(0), first_days(1), day_from_civil(2026, 1, 27),
                              day_from_civil(2026, 4, 20), day_from_civil(2026, 12, 24)};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        int32_t from = starts[i];
        struct market *m = market_with("earnings", from);
        struct sim *s = sim_of(m);
        size_t told = 0;
        for (size_t c = 1; c < s->companies; c++) {
            const fx *quality = sim_series_through(s, c, from)->quality;
            size_t in_week = 0;
            int seen = -1;
            struct sim_result r;
            for (int32_t day = from - 200; day < from + 300; day++) {
                if (!sim_result_on(s, &s->company[c], quality, day, &r))
                    continue;
                in_week += day >= from && day < from + 7;
                assert_true(seen < 0 || r.quarter.index == seen + 1); /* each once, none left out */
                seen = r.quarter.index;
                if (day >= from && day < from + 7)
                    told += is_in_the_news(m, s->company[c].symbol, &r);
            }
            assert_int_equal(in_week, 1);
        }
        print_message("%zu of %zu companies in the news\n", told, s->companies - 1);
        assert_true(told + 2 >= s->companies - 1);
        assert_life_goes_on(m, calendar_next(from - 1));
        market_free(m);
    }
}

static void a_wrong_scenario_is_told_which_there_are(void **state)
{
    (void)state;
    struct market *m = market_simulated_new(SEED), *none = market_none_new("no key");
    struct error e = {0};
    assert_int_equal(market_simulated_scenario(m, "boom", first_days(0), &e), ERR_USAGE);
    assert_string_equal(e.text, "\"boom\" is not a scenario");
    for (size_t k = 0; market_scenarios[k]; k++)
        assert_non_null(strstr(e.fix, market_scenarios[k]));
    assert_int_equal(market_simulated_scenario(m, "gap", day_from_civil(2018, 1, 2), &e),
                     ERR_USAGE);
    assert_int_equal(market_simulated_scenario(none, "gap", first_days(0), &e), ERR_USAGE);
    for (int i = 0; i < SIM_SCENARIOS_MAX; i++)
        assert_int_equal(market_simulated_scenario(m, "gap", first_days(0) + i * 9, &e), OK);
    assert_int_equal(market_simulated_scenario(m, "gap", first_days(0), &e), OK); /* known */
    assert_int_equal(market_simulated_scenario(m, "gap", first_days(0) + 2000, &e), ERR_USAGE);
    market_free(m);
    market_free(none);
}

static void a_scenario_of_a_holiday_begins_with_the_next_session(void **state)
{
    (void)state;
    int32_t saturday = day_from_civil(2026, 5, 23), tuesday = first_days(1);
    struct market *a = market_with("gap", saturday), *b = market_with("gap", tuesday);
    assert_int_equal(bar_of(a, 1, tuesday)->open, bar_of(b, 1, tuesday)->open);
    market_free(a);
    market_free(b);
}

static void a_quote_alone_says_what_a_gather_says(void **state)
{
    (void)state;
    static const char *const symbols[] = {"AAPL", "SPY", "CRWV"};
    struct market *m = market_simulated_new(SEED), *other = market_simulated_new(SEED);
    for (size_t k = 0; k < ARRAY_LEN(symbols); k++) {
        int64_t t = exchange_to_utc(day_from_civil(2025, 3, 26), 0, 0);
        for (int i = 0; i < 150; i++, t += 7411 * USEC_SECOND) {
            struct market_data d = gather(m, symbols[k], t);
            struct quote q = quote(other, symbols[k], t);
            assert_same_quote(&q, &d.quote);
            market_data_release(&d);
        }
    }
    assert_int_equal(quote(m, "AAPL", INT64_MIN).from.state, DATUM_ABSENT);
    assert_int_equal(quote(m, "AAPL", INT64_MAX).from.state, DATUM_PRESENT);
    struct quote q;
    market_quote(m, "AAPLX", 0, 0, &q, on_done, NULL);
    assert_string_equal(last_error.code, "E20");
    struct corporate_action a;
    assert_int_equal(market_actions(m, "AAPL", SIM_EPOCH, SIM_LAST_DAY, &a, 1), 0);
    market_free(m);
    market_free(other);
}

/* A desk looks at a dozen prices every few minutes. */
static void looking_again_generates_nothing_again(void **state)
{
    (void)state;
    struct market *m = market_simulated_new(SEED);
    int32_t day = first_days(0);
    quote(m, "AAPL", calendar_open(day));
    struct sim *s = sim_of(m);
    struct sim_series *series = s->series[sim_universe_find(s, "AAPL")];
    const struct sim_weekday *made = series->day;
    size_t n = series->n, all = s->n;
    int64_t start = time_monotonic_us();
    for (int i = 0; i < 390; i++)
        quote(m, "AAPL", calendar_open(day) + i * 60 * USEC_SECOND);
    print_message("a quote: %.1f us\n", (double)(time_monotonic_us() - start) / 390);
    assert_int_equal(series->n, n);
    assert_int_equal(s->n, all);
    assert_ptr_equal(series->day, made);
    /* The next session adds itself, and no symbol that nobody asks for is made. */
    quote(m, "AAPL", calendar_open(calendar_next(day)));
    assert_int_equal(series->n, n + 1);
    size_t others = 0;
    for (size_t c = 0; c < s->companies; c++)
        others += s->series[c] != NULL;
    assert_int_equal(others, 1);
    market_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_past_before_a_scenario_stays_to_the_byte),
        cmocka_unit_test(the_same_scenario_is_the_same_market_whenever_it_was_set),
        cmocka_unit_test(calm_is_what_would_have_been_anyway),
        cmocka_unit_test(a_crash_takes_a_fifth_from_all_in_three_sessions),
        cmocka_unit_test(a_gap_opens_every_symbol_below_its_stops),
        cmocka_unit_test(a_halted_symbol_has_neither_price_nor_bar),
        cmocka_unit_test(a_stuck_feed_carries_its_old_time),
        cmocka_unit_test(in_a_week_of_earnings_everybody_reports_once),
        cmocka_unit_test(a_wrong_scenario_is_told_which_there_are),
        cmocka_unit_test(a_scenario_of_a_holiday_begins_with_the_next_session),
        cmocka_unit_test(a_quote_alone_says_what_a_gather_says),
        cmocka_unit_test(looking_again_generates_nothing_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
