/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/broker.h"
#include "quorum/outcomes.h"
#include "unit/market_fixtures.h"

static const struct cost_model free_of_costs = {.none = true};

static void near_to(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.6f is not %.6f within %.6f", got, want, tolerance);
}

/* Sessions from 2024-03-04 on, as open, high, low, close in dollars. */
static struct bars bars_of(const double (*row)[4], size_t n)
{
    struct bars b = {0};
    int32_t day = day_from_civil(2024, 3, 3);
    for (size_t i = 0; i < n; i++) {
        day = calendar_next(day);
        struct bar bar = {.day = day, .volume = 1000000};
        bar.open = (int64_t)round(row[i][0] * 1e4);
        bar.high = (int64_t)round(row[i][1] * 1e4);
        bar.low = (int64_t)round(row[i][2] * 1e4);
        bar.close = (int64_t)round(row[i][3] * 1e4);
        bars_add(&b, &bar);
    }
    return b;
}

static struct barrier walked(const double (*row)[4], size_t n, size_t first, int limit,
                             const struct cost_model *c)
{
    struct bars b = bars_of(row, n);
    struct barrier out;
    memset(&out, 0xa5, sizeof out);
    barrier_walk(&b, first, 0.03, 0.08, limit, c, &out);
    bars_release(&b);
    return out;
}
#define WALK(first, limit, ...)                                                                    \
    walked((const double[][4])__VA_ARGS__, sizeof((const double[][4])__VA_ARGS__) / 32, first,     \
           limit, &free_of_costs)

static void test_target_stop_and_time_are_told_apart(void **state)
{
    (void)state;
    struct barrier b = WALK(0, 20, {{100, 101, 99, 100}, {100, 108.01, 99, 107}});
    assert_string_equal(b.outcome, "target");
    assert_int_equal(b.entry_price, 1000000);
    assert_int_equal(b.exit_price, 1080000);
    assert_int_equal(b.sessions, 2);
    assert_int_equal(b.exit_day, b.entry_day + 1);
    near_to(b.return_fraction, 0.08, 1e-12);
    near_to(b.r_multiple, 8 / 3.0, 1e-12);
    near_to(b.y, 1, 0);

    b = WALK(0, 20, {{100, 101, 99, 100}, {99, 99.5, 97, 98}});
    assert_string_equal(b.outcome, "stop");
    assert_false(b.gap_stop);
    assert_int_equal(b.exit_price, 970000);
    near_to(b.r_multiple, -1, 1e-12);
    near_to(b.y, 0, 0);

    b = WALK(0, 3, {{100, 101, 99, 100}, {99, 99.5, 98, 98}, {98, 102, 98, 101}, {1, 1, 1, 1}});
    assert_string_equal(b.outcome, "time");
    assert_int_equal(b.sessions, 3);
    assert_int_equal(b.exit_price, 1010000);
    near_to(b.y, 1, 0);
}

static void test_a_target_only_touched_is_not_reached(void **state)
{
    (void)state;
    struct barrier b = WALK(0, 20, {{100, 108, 99, 107}});
    assert_string_equal(b.outcome, "");
    assert_int_equal(b.exit_day, DAY_NONE);
    assert_int_equal(b.sessions, 1);
}

static void test_stop_and_target_in_one_bar_is_a_loss(void **state)
{
    (void)state;
    struct barrier b = WALK(0, 20, {{100, 109, 96.9, 105}});
    assert_string_equal(b.outcome, "stop");
    near_to(b.r_multiple, -1, 1e-12);
}

static void test_a_gap_is_filled_at_the_open_not_at_the_stop(void **state)
{
    (void)state;
    struct barrier b = WALK(0, 20, {{100, 101, 99, 100}, {90, 95, 89, 94}});
    assert_string_equal(b.outcome, "stop");
    assert_true(b.gap_stop);
    assert_int_equal(b.exit_price, 900000);
    near_to(b.r_multiple, -10 / 3.0, 1e-12);

    b = WALK(0, 20, {{100, 101, 99, 100}, {112, 113, 111, 112}});
    assert_string_equal(b.outcome, "target");
    assert_int_equal(b.exit_price, 1120000);
}

static void test_a_bad_print_neither_enters_nor_leaves(void **state)
{
    (void)state;
    /* IBM's 2002-12-23 in round figures: an open of twice the price. */
    struct barrier b =
        WALK(1, 20,
             {{100, 101, 99, 100}, {200, 200, 99, 101}, {100, 102, 99, 100}, {100, 109, 99, 100}});
    assert_int_equal(b.entry_price, 1000000);
    assert_string_equal(b.outcome, "target");
    assert_int_equal(b.sessions, 2);
    b = WALK(0, 20, {{100, 101, 99, 100}, {200, 200, 99, 101}, {99, 99, 96, 97}});
    assert_string_equal(b.outcome, "stop");
    assert_int_equal(b.sessions, 3);
    /* A fall that the day's own close bears out is a price. */
    b = WALK(0, 20, {{100, 101, 99, 100}, {48, 50, 45, 47}});
    assert_int_equal(b.exit_price, 480000);
}

static void test_what_has_not_been_decided_yet_is_not_told_as_decided(void **state)
{
    (void)state;
    struct barrier b = WALK(0, 20, {{100, 101, 99, 100}, {100, 101, 99, 100}});
    assert_string_equal(b.outcome, "");
    assert_int_equal(b.entry_price, 1000000);
    assert_int_equal(b.sessions, 2);
    b = WALK(2, 20, {{100, 101, 99, 100}, {100, 101, 99, 100}});
    assert_string_equal(b.outcome, "");
    assert_int_equal(b.entry_day, DAY_NONE);
    assert_int_equal(b.entry_price, 0);
}

static void test_costs_make_every_outcome_worse(void **state)
{
    (void)state;
    static const double row[][4] = {{100, 101, 99, 100}, {100, 101, 99, 100.05}};
    struct barrier b = walked(row, 2, 0, 2, &free_of_costs);
    near_to(b.return_fraction, 0.0005, 1e-12);
    near_to(b.y, 1, 0);
    /* Half a spread of 2.5 and one basis point on each side; fees of 50 shares at $100: $0.14 for
     * the SEC and $0.01 for FINRA. */
    b = walked(row, 2, 0, 2, &cost_model_default);
    assert_int_equal(b.entry_price, 1000350);
    assert_int_equal(b.exit_price, 1000500 - 351);
    near_to(b.return_fraction, (1000149 - 1000350 - 1500 / 49.0) / 1000350, 2e-6);
    near_to(b.y, 0, 0);
}

static void test_a_stated_vote_becomes_the_chance_it_gives_to_the_target(void **state)
{
    (void)state;
    double p = -1;
    assert_true(vote_probability("BUY", 80, 3.2, 8.5, &p));
    near_to(p, 0.8, 1e-12);
    assert_true(vote_probability("SELL", 80, 3.2, 8.5, &p));
    near_to(p, 0.2, 1e-12);
    assert_true(vote_probability("HOLD", 99, 3.2, 8.5, &p));
    near_to(p, 0.2735042735, 1e-9);
    assert_false(vote_probability("ABSTAIN", 0, 3.2, 8.5, &p));
    assert_false(vote_probability("FAILED", 0, 3.2, 8.5, &p));
    assert_false(vote_probability("BUY", (double)NAN, 3.2, 8.5, &p));
    assert_false(vote_probability("SELL", 101, 3.2, 8.5, &p));
    assert_false(vote_probability("HOLD", 50, 0, 8.5, &p));
    assert_false(vote_probability("HOLD", 50, (double)NAN, 8.5, &p));
}

struct tally {
    int n, target, stop, time, gap;
    double r, gap_r, worst;
};

/* Every session as an entry, which is what a random sample of entries estimates. */
static struct tally every_entry(const char *file)
{
    char path[512];
    struct bars b = {0};
    struct bars_report report;
    struct error e = {0};
    struct tally t = {0};
    assert_int_equal(bars_read_csv(reference(path, file), &b, &report, &e), OK);
    for (size_t i = 1; i < b.n; i++) {
        struct barrier x;
        barrier_walk(&b, i, 0.032, 0.085, 60, &free_of_costs, &x);
        if (!x.outcome[0])
            continue;
        t.n++;
        t.target += strcmp(x.outcome, "target") == 0;
        t.time += strcmp(x.outcome, "time") == 0;
        t.stop += strcmp(x.outcome, "stop") == 0;
        t.r += x.r_multiple;
        t.worst = fmax(t.worst, -x.r_multiple);
        if (x.gap_stop) {
            t.gap++;
            t.gap_r -= x.r_multiple;
        }
    }
    bars_release(&b);
    return t;
}

/* quant.md 8.2 */
static void test_random_entries_on_real_prices_end_as_the_reference_says(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        double win, stopped, time, gap, gap_r, worst, r;
    } row[] = {
        {"ohlcv/spy_adj_1998_2021.csv", .196, .620, .184, .064, 1.19, 5.2, .12},
        {"ohlcv/aapl_adj_1998_2021.csv", .359, .637, .003, .075, 1.41, 4.7, .31},
        {"ohlcv/ibm_adj_1998_2021.csv", .287, .670, .043, .107, 1.38, 4.5, .15},
        {"ohlcv/bac_adj_1998_2021.csv", .265, .700, .035, .080, 1.26, 4.0, .04},
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct tally t = every_entry(row[i].file);
        double n = t.n;
        print_message("%s: %d entries, win %.3f stopped %.3f time %.3f, gap stops %.3f of %.2f R, "
                      "worst %.1f R, mean %+.3f R\n",
                      row[i].file, t.n, t.target / n, t.stop / n, t.time / n, t.gap / n,
                      t.gap_r / t.gap, t.worst, t.r / n);
        near_to(t.target / n, row[i].win, .02);
        near_to(t.stop / n, row[i].stopped, .02);
        near_to(t.time / n, row[i].time, .01);
        near_to(t.gap / n, row[i].gap, .01);
        near_to(t.gap_r / t.gap, row[i].gap_r, .05);
        near_to(t.r / n, row[i].r, .03);
        /* The worst of all entries is at least the worst of a sample of them. */
        assert_true(t.worst > row[i].worst - .05 && t.worst < row[i].worst + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_stop_and_time_are_told_apart),
        cmocka_unit_test(test_a_target_only_touched_is_not_reached),
        cmocka_unit_test(test_stop_and_target_in_one_bar_is_a_loss),
        cmocka_unit_test(test_a_gap_is_filled_at_the_open_not_at_the_stop),
        cmocka_unit_test(test_a_bad_print_neither_enters_nor_leaves),
        cmocka_unit_test(test_what_has_not_been_decided_yet_is_not_told_as_decided),
        cmocka_unit_test(test_costs_make_every_outcome_worse),
        cmocka_unit_test(test_a_stated_vote_becomes_the_chance_it_gives_to_the_target),
        cmocka_unit_test(test_random_entries_on_real_prices_end_as_the_reference_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
