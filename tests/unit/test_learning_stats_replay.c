/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/market_fixtures.h"

#include <math.h>

#include "quorum/learning_stats.h"
#include "quorum/sizing.h"

static const struct cost_model free_of_costs = {.none = true};
static const struct replay_exits usual = {
    .stop_mult = 1.5, .target_mult = 4, .trail_atr = 3, .time_exit = 20};

/* Sessions from 2024-03-04 on, as open, high, low, close in dollars. */
static struct bars bars_of(const double (*row)[4], size_t n)
{
    struct bars b = {0};
    int32_t day = day_from_civil(2024, 3, 3);
    for (size_t i = 0; i < n; i++) {
        day = calendar_next(day);
        struct bar bar = {.day = day, .volume = 1000000};
        bar.open = llround(row[i][0] * 1e4);
        bar.high = llround(row[i][1] * 1e4);
        bar.low = llround(row[i][2] * 1e4);
        bar.close = llround(row[i][3] * 1e4);
        bars_add(&b, &bar);
    }
    return b;
}

/* A walk of about 1.5 % a day; drift in percent a day. */
static struct bars wandering(size_t n, uint64_t seed, double drift)
{
    struct bars b = {0};
    struct random g = random_begin(seed, random_stream("bars"));
    double price = 100;
    int32_t day = day_from_civil(2021, 1, 3);
    for (size_t i = 0; i < n; i++) {
        double open = price * (1 + 0.004 * random_normal(&g));
        double close = open * (1 + drift / 100 + 0.015 * random_normal(&g));
        double high = fmax(open, close) * (1 + 0.006 * random_unit(&g));
        double low = fmin(open, close) * (1 - 0.006 * random_unit(&g));
        day = calendar_next(day);
        struct bar bar = {.day = day, .volume = 1000000};
        bar.open = llround(open * 1e4);
        bar.close = llround(close * 1e4);
        bar.high = llround(high * 1e4);
        bar.low = llround(low * 1e4);
        bars_add(&b, &bar);
        price = close;
    }
    return b;
}

static struct replay_candidate at(const struct bars *b, size_t first)
{
    return (struct replay_candidate){.id = (int64_t)first,
                                     .bars = b,
                                     .first = first,
                                     .price = b->bar[first ? first - 1 : 0].close,
                                     .atr = 2,
                                     .beta = VALUE(1)};
}

static void without_a_trailing_stop_it_is_the_label_every_vote_is_scored_by(void **state)
{
    (void)state;
    struct bars b = wandering(900, 3, 0.05);
    struct replay_exits x = usual;
    const struct cost_model *cost[] = {&free_of_costs, &cost_model_default};
    size_t seen[3] = {0};
    x.trail_atr = 0;
    for (size_t i = 1; i < b.n; i++) {
        struct replay_candidate c = at(&b, i);
        struct replay_path got;
        struct barrier want;
        double stop, target;
        barrier_fractions(c.price, c.atr, c.beta, x.stop_mult, x.target_mult, &stop, &target);
        replay_walk(&c, &x, cost[i % 2], &got);
        barrier_walk(&b, i, stop, target, x.time_exit, cost[i % 2], &want);
        assert_int_equal(got.decided, want.outcome[0] != '\0');
        assert_int_equal(got.entry_price, want.entry_price);
        if (!got.decided)
            continue;
        assert_int_equal(got.exit_day, want.exit_day);
        assert_int_equal(got.exit_price, want.exit_price);
        assert_int_equal(got.sessions, want.sessions);
        assert_true(fabs(got.return_fraction - want.return_fraction) < 1e-15);
        seen[got.exit == EXIT_STOP_LOSS ? 0 : got.exit == EXIT_TAKE_PROFIT ? 1 : 2]++;
    }
    assert_true(seen[0] > 50 && seen[1] > 50 && seen[2] > 50);
    bars_release(&b);
}

static struct replay_path walked(const double (*row)[4], size_t n, const struct replay_exits *x)
{
    struct bars b = bars_of(row, n);
    struct replay_candidate c = at(&b, 0);
    struct replay_path out;
    c.price = 1000000;
    memset(&out, 0xa5, sizeof out);
    replay_walk(&c, x, &free_of_costs, &out);
    bars_release(&b);
    return out;
}
#define WALK(x, ...)                                                                               \
    walked((const double[][4])__VA_ARGS__, sizeof((const double[][4])__VA_ARGS__) / 32, x)

/* Price 100, ATR 2: stop 97, target 108, trailing 6 below the highest close from 103 on. */
static void a_trailing_stop_follows_the_close_and_never_falls(void **state)
{
    (void)state;
    struct replay_path p =
        WALK(&usual, {{100, 102.9, 99, 102.9}, {103, 103, 97.1, 101}, {101, 102, 96.9, 97}});
    assert_int_equal(p.exit, EXIT_STOP_LOSS);
    assert_int_equal(p.exit_price, 970000);
    p = WALK(&usual, {{100, 105, 99, 105}, {105, 107, 104, 104}, {104, 104, 98.5, 99}});
    assert_int_equal(p.exit, EXIT_TRAILING_STOP);
    assert_int_equal(p.exit_price, 990000);
    assert_int_equal(p.sessions, 3);
    /* The stop that a close sets is not yet there in that bar. */
    p = WALK(&usual, {{100, 105, 98, 105}, {105, 107.9, 104, 107}, {100, 101, 99.5, 100}});
    assert_int_equal(p.exit, EXIT_TRAILING_STOP);
    assert_int_equal(p.exit_price, 1000000); /* it opened below 101: no better than the market */
    struct replay_exits none = usual;
    none.trail_atr = 0;
    p = WALK(&none, {{100, 105, 98, 105}, {105, 107.9, 104, 107}, {100, 101, 99.5, 100}});
    assert_false(p.decided);
}

static void it_says_where_the_path_within_a_bar_is_not_known(void **state)
{
    (void)state;
    struct replay_path p = WALK(&usual, {{100, 101, 99, 100}, {100, 108.5, 96.5, 104}});
    assert_true(p.exit == EXIT_STOP_LOSS && p.unknown && p.exit_price == 970000);
    p = WALK(&usual, {{100, 101, 99, 100}, {96, 108.5, 95, 104}}); /* gapped below: known */
    assert_true(p.exit == EXIT_STOP_LOSS && !p.unknown && p.exit_price == 960000);
    p = WALK(&usual, {{100, 101, 99, 100}, {109, 110, 98, 104}});
    assert_true(p.exit == EXIT_TAKE_PROFIT && !p.unknown && p.exit_price == 1090000);
    p = WALK(&usual, {{100, 101, 99, 100}});
    assert_true(!p.decided && p.exit == EXIT_REASONS && p.exit_day == DAY_NONE);
}

static void nonsense_is_not_walked(void **state)
{
    (void)state;
    struct bars b = wandering(40, 1, 0);
    struct replay_candidate c = at(&b, 3);
    struct replay_exits x = usual;
    struct replay_path p;
    c.atr = 0;
    replay_walk(&c, &x, &free_of_costs, &p);
    assert_true(!p.decided && p.entry_day == DAY_NONE);
    c.atr = (double)NAN;
    replay_walk(&c, &x, &free_of_costs, &p);
    assert_false(p.decided);
    c = at(&b, 3);
    c.first = 40;
    replay_walk(&c, &x, &free_of_costs, &p);
    assert_false(p.decided);
    c = at(&b, 3);
    x.time_exit = 0;
    replay_walk(&c, &x, &free_of_costs, &p);
    assert_false(p.decided);
    bars_release(&b);
}

/* ---- old against new ---- */

enum { MOST = 400 };
static struct replay_candidate candidate[MOST];
static double difference[MOST];

static size_t candidates_of(const struct bars *b, size_t every)
{
    size_t n = 0;
    for (size_t i = 1; i < b->n && n < MOST; i += every)
        candidate[n++] = at(b, i);
    return n;
}

static struct replay_result replayed(const struct bars *b, size_t every, struct replay_exits x)
{
    struct replay_result r;
    struct random g = random_begin(1, 1);
    size_t n = candidates_of(b, every);
    paired_replay(candidate, n, &usual, &x, &cost_model_default, &g, difference, &r);
    assert_true(r.candidates == n && r.used + r.unfinished + r.unusable == n);
    assert_true(r.changed <= r.used && r.unknown <= r.used);
    return r;
}

static void the_same_exits_differ_by_nothing(void **state)
{
    (void)state;
    struct bars b = wandering(800, 5, 0.05);
    struct replay_result r = replayed(&b, 2, usual);
    assert_true(r.used > 350 && r.changed == 0 && r.effect.delta == 0);
    assert_true(r.mean_old == r.mean_new && r.won_old == r.won_new);
    assert_true(r.effect.n == r.used && fabs(learning_confidence(&r.effect, 1) - 50) < 1e-9);
    assert_true(r.delta_95.low == 0 && r.delta_95.high == 0);
    bars_release(&b);
}

static void a_better_exit_is_seen_with_far_fewer_cases_than_trades_would_need(void **state)
{
    (void)state;
    struct replay_exits longer = usual;
    longer.time_exit = 60;
    longer.target_mult = 6;
    struct bars b = wandering(860, 7, 0.35); /* it rises: whoever stays longer has more */
    struct replay_result r = replayed(&b, 2, longer);
    assert_true(r.effect.delta > 0.2 && r.delta_95.low > 0);
    assert_true(r.delta_95.low < r.effect.delta && r.effect.delta < r.delta_95.high);
    assert_true(learning_confidence(&r.effect, 1) > 80);
    double sum = 0, used = 0;
    for (size_t i = 0; i < r.candidates; i++) {
        if (isnan(difference[i]))
            continue;
        sum += difference[i];
        used++;
    }
    assert_true(used == (double)r.used && fabs(sum / used - r.effect.delta) < 1e-9);
    /* The same seed says the same. */
    struct replay_result again = replayed(&b, 2, longer);
    assert_true(again.effect.variance == r.effect.variance && again.delta_95.low == r.delta_95.low);
    bars_release(&b);
}

static void the_quick_stops_of_the_last_weeks_do_not_count_alone(void **state)
{
    (void)state;
    struct bars b = wandering(200, 9, 0);
    struct replay_exits longer = usual;
    longer.time_exit = 60;
    struct replay_result r = replayed(&b, 1, longer);
    assert_true(r.unfinished == 60 && r.used == 139 && r.unusable == 0);
    for (size_t i = 139; i < 199; i++)
        assert_true(isnan(difference[i]));
    candidate[5].atr = 0;
    struct random g = random_begin(1, 1);
    paired_replay(candidate, 199, &usual, &longer, &cost_model_default, &g, NULL, &r);
    assert_true(r.unusable == 1 && r.used == 138);
    bars_release(&b);
}

static void three_lucky_candidates_give_no_confidence(void **state)
{
    (void)state;
    struct bars b = wandering(60, 9, 0);
    struct replay_exits tighter = usual;
    tighter.stop_mult = 1.25;
    struct replay_result r = replayed(&b, 1, tighter);
    assert_true(r.used == 39 && r.weeks >= REPLAY_MIN_WEEKS);
    assert_true(r.effect.variance >= (double)r.changed / (39.0 * 39.0) - 1e-12);
    struct bars few = wandering(45, 9, 0);
    r = replayed(&few, 1, tighter);
    assert_true(r.weeks < REPLAY_MIN_WEEKS && isinf(r.effect.variance) && isnan(r.delta_95.low));
    assert_true(fabs(learning_confidence(&r.effect, 1) - 50) < 1e-9);
    struct random g = random_begin(1, 1);
    paired_replay(NULL, 0, &usual, &tighter, &cost_model_default, &g, NULL, &r);
    assert_true(r.used == 0 && r.effect.delta == 0 && isinf(r.effect.variance));
    bars_release(&b);
    bars_release(&few);
}

/* On real bars, every session of 22 years as a candidate: the numbers of docs/learning.md. */
static void real_paths_give_the_documented_figures(void **state)
{
    (void)state;
    char path[512];
    struct bars b = {0};
    struct bars_report report;
    struct error e = {0};
    reference(path, "ohlcv/spy_adj_1998_2021.csv");
    assert_int_equal(bars_read_csv(path, &b, &report, &e), OK);
    size_t n = b.n - 1;
    struct replay_candidate *c = mem_array(n, sizeof *c);
    for (size_t i = 0; i < n; i++) {
        c[i] = at(&b, i + 1);
        c[i].atr = 0.0125 * (double)c[i].price / 1e4;
    }
    struct replay_exits x = usual;
    struct replay_result r;
    struct random g = random_begin(1, 1);
    x.time_exit = 40;
    paired_replay(c, n, &usual, &x, &cost_model_default, &g, NULL, &r);
    assert_true(r.used == 5808 && r.changed == 1331 && r.unknown == 20);
    assert_true(fabs(r.mean_old - 0.0602) < 1e-4 && fabs(r.mean_new - 0.1076) < 1e-4);
    assert_true(fabs(r.delta_95.low - 0.0049) < 1e-3 && fabs(r.delta_95.high - 0.0922) < 1e-3);
    assert_true(r.delta_95.low < r.effect.delta && r.effect.delta < r.delta_95.high);
    mem_free(c);
    bars_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_trailing_stop_it_is_the_label_every_vote_is_scored_by),
        cmocka_unit_test(a_trailing_stop_follows_the_close_and_never_falls),
        cmocka_unit_test(it_says_where_the_path_within_a_bar_is_not_known),
        cmocka_unit_test(nonsense_is_not_walked),
        cmocka_unit_test(the_same_exits_differ_by_nothing),
        cmocka_unit_test(a_better_exit_is_seen_with_far_fewer_cases_than_trades_would_need),
        cmocka_unit_test(the_quick_stops_of_the_last_weeks_do_not_count_alone),
        cmocka_unit_test(three_lucky_candidates_give_no_confidence),
        cmocka_unit_test(real_paths_give_the_documented_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
