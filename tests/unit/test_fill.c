/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a look at a price does to one order. Figures are worked out by hand in the comments. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/broker.h"
#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

static const struct cost_model free_of_costs = {.none = true, .participation = 0.05};
/* Five hundredths of a share's volume never bind unless a test says so. */
enum { MUCH = 100000000 };

static int32_t monday(void)
{
    return day_from_civil(2026, 11, 23);
}

static struct look bar_at(double open, double high, double low, double close)
{
    return (struct look){.symbol = "AAPL",
                         .at = calendar_close(monday()),
                         .as_of = calendar_close(monday()),
                         .day = monday(),
                         .is_bar = true,
                         .open = llround(open * 1e4),
                         .high = llround(high * 1e4),
                         .low = llround(low * 1e4),
                         .last = llround(close * 1e4),
                         .previous_close = llround(close * 1e4),
                         .volume = MUCH};
}

static struct look quote_at(double last, double open, double high, double low)
{
    struct look l = bar_at(open, high, low, last);
    l.is_bar = false;
    l.in_session = true;
    l.at = l.as_of = calendar_open(monday()) + 3600 * USEC_SECOND;
    return l;
}

static struct order an_order(enum order_side side, enum order_kind kind, double level)
{
    struct order o = {.side = side,
                      .kind = kind,
                      .purpose = side == SIDE_BUY ? PURPOSE_ENTRY : PURPOSE_EXIT,
                      .quantity = 57,
                      .not_before = TIME_NONE,
                      .expires_at = TIME_NONE,
                      .half_spread_bps = 2.5};
    if (kind == ORDER_LIMIT)
        o.limit_price = llround(level * 1e4);
    if (kind == ORDER_STOP)
        o.stop_price = llround(level * 1e4);
    return o;
}

static struct fill looked(const struct order *o, const struct look *l, const struct cost_model *c)
{
    struct fill f;
    memset(&f, 0xa5, sizeof f);
    order_look(o, l, c, 0, 0, &f);
    return f;
}

static struct fill looked_since(const struct order *o, const struct look *l, double low,
                                double high)
{
    struct fill f;
    order_look(o, l, &free_of_costs, llround(low * 1e4), (int64_t)(high * 1e4), &f);
    return f;
}

static void test_a_market_order_pays_spread_and_slippage_against_us(void **state)
{
    (void)state;
    struct look l = quote_at(200, 199, 201, 198);
    /* 2.5 bps of 200.00 are .05, 1 bp is .02. */
    struct order o = an_order(SIDE_BUY, ORDER_MARKET, 0);
    struct fill f = looked(&o, &l, &cost_model_default);
    assert_int_equal(f.quantity, 57);
    assert_int_equal(f.seen, 2000000);
    assert_int_equal(f.price, 2000700);
    assert_int_equal(f.fees, 0);
    assert_int_equal(f.slippage, 57 * 70000);
    assert_false(f.at_open);
    o.side = SIDE_SELL;
    f = looked(&o, &l, &cost_model_default);
    assert_int_equal(f.price, 1999300);
    assert_int_equal(f.slippage, 57 * 70000);
    f = looked(&o, &l, &free_of_costs);
    assert_int_equal(f.price, 2000000);
    assert_int_equal(f.fees + f.slippage, 0);
}

static void test_costs_are_rounded_against_us_and_never_below_half_a_cent(void **state)
{
    (void)state;
    /* 1.2345: half a cent (.0050) and 1 bp (.00012345) are .00512345, in ten-thousandths 51.2. */
    struct look l = quote_at(1.2345, 1.2345, 1.3, 1.2);
    struct order o = an_order(SIDE_BUY, ORDER_MARKET, 0);
    assert_int_equal(looked(&o, &l, &cost_model_default).price, 12345 + 52);
    o.side = SIDE_SELL;
    assert_int_equal(looked(&o, &l, &cost_model_default).price, 12345 - 52);
    /* A penny of a penny: a sale brings something, never less than nothing. */
    l = quote_at(0.002, 0.002, 0.002, 0.002);
    assert_int_equal(looked(&o, &l, &cost_model_default).price, 1);
}

static void test_impact_grows_with_the_root_of_the_share_of_volume(void **state)
{
    (void)state;
    struct look l = quote_at(100, 100, 101, 99);
    struct order o = an_order(SIDE_BUY, ORDER_MARKET, 0);
    o.quantity = 10000;
    o.adv_shares = 1e6;
    o.sigma_daily = 0.02;
    /* .7 x .02 x sqrt(.01) = .0014: $.14 on top of .025 and .01. */
    assert_int_equal(looked(&o, &l, &cost_model_default).price, 1000000 + 250 + 100 + 1400);
    struct cost_model twice = cost_model_default;
    twice.scale = 2;
    assert_int_equal(looked(&o, &l, &twice).price, 1000000 + 2 * 1750);
    o.sigma_daily = 0; /* unknown: what is known is charged */
    assert_int_equal(looked(&o, &l, &cost_model_default).price, 1000350);
}

static void test_fees_of_a_sale_are_those_of_its_day(void **state)
{
    (void)state;
    int64_t notional = 57 * INT64_C(190450000); /* 57 at 190.45: 10,855.65 */
    /* $20.60 a million is .2236, $.000195 a share .0111: each up to a cent. */
    assert_int_equal(fees_of_sale(day_from_civil(2026, 11, 23), 57, notional), 250000);
    assert_int_equal(fees_of_sale(day_from_civil(2026, 4, 4), 57, notional), 250000);
    /* Without the SEC's: from 2025-05-14 to 2026-04-03. */
    assert_int_equal(fees_of_sale(day_from_civil(2026, 4, 3), 57, notional), 20000);
    assert_int_equal(fees_of_sale(day_from_civil(2025, 5, 14), 57, notional), 10000);
    /* $27.80 a million is .3018. */
    assert_int_equal(fees_of_sale(day_from_civil(2025, 5, 13), 57, notional), 320000);
    assert_int_equal(fees_of_sale(day_from_civil(1998, 1, 2), 57, notional), 320000);
    /* FINRA's is capped: 100,000 shares would be 19.50 and 16.60. */
    assert_int_equal(fees_of_sale(day_from_civil(2026, 1, 1), 100000, 100), 9790000);
    assert_int_equal(fees_of_sale(day_from_civil(2025, 12, 31), 100000, 100), 8300000);
    assert_int_equal(fees_of_sale(monday(), 0, 0), 0);
    /* No sale is so large that its fee wraps around. */
    assert_true(fees_of_sale(monday(), 1, INT64_MAX) > fees_of_sale(monday(), 1, INT64_MAX / 4));
}

static void test_a_sale_pays_its_fees_and_a_purchase_none(void **state)
{
    (void)state;
    struct look l = quote_at(190.45, 190, 191, 189);
    struct order o = an_order(SIDE_SELL, ORDER_MARKET, 0);
    o.half_spread_bps = 0;
    struct cost_model c = cost_model_default;
    assert_int_equal(looked(&o, &l, &c).fees, 250000);
    c.scale = 2;
    assert_int_equal(looked(&o, &l, &c).fees, 500000);
    o.side = SIDE_BUY;
    assert_int_equal(looked(&o, &l, &c).fees, 0);
}

static void test_an_order_made_before_a_bar_fills_at_its_open(void **state)
{
    (void)state;
    struct look l = bar_at(100, 105, 95, 104);
    struct order o = an_order(SIDE_BUY, ORDER_MARKET, 0);
    o.not_before = calendar_close(monday()) - USEC_DAY;
    struct fill f = looked(&o, &l, &free_of_costs);
    assert_int_equal(f.price, 1000000);
    assert_true(f.at_open);
    /* Made while the bar was running: what it can still get is the close. */
    o.not_before = calendar_open(monday()) + 1;
    f = looked(&o, &l, &free_of_costs);
    assert_int_equal(f.price, 1040000);
    assert_false(f.at_open);
    /* Decided on the close: never at that close. */
    o.not_before = calendar_close(monday());
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 0);
}

static void test_nothing_fills_out_of_session_before_its_time_or_after_it(void **state)
{
    (void)state;
    struct look l = quote_at(100, 100, 101, 99);
    struct order o = an_order(SIDE_BUY, ORDER_MARKET, 0);
    l.in_session = false;
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 0);
    l.in_session = true;
    o.not_before = l.as_of + 1; /* the price is older than the order */
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 0);
    o.not_before = l.as_of;
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 57);
    o.expires_at = l.at;
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 0);
    o.expires_at = l.at + 1;
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 57);
    o.filled = 57;
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 0);
    /* A bar: expired at noon, the open still counts and the afternoon does not. */
    struct look bar = bar_at(100, 110, 90, 105);
    o = an_order(SIDE_BUY, ORDER_LIMIT, 95);
    o.expires_at = calendar_open(monday()) + 1;
    assert_int_equal(looked(&o, &bar, &free_of_costs).quantity, 0);
    o.limit_price = 1010000;
    assert_int_equal(looked(&o, &bar, &free_of_costs).price, 1000000);
    o.expires_at = calendar_open(monday());
    assert_int_equal(looked(&o, &bar, &free_of_costs).quantity, 0);
}

static void test_a_limit_only_touched_is_not_filled(void **state)
{
    (void)state;
    struct order o = an_order(SIDE_BUY, ORDER_LIMIT, 95);
    struct look l = bar_at(100, 105, 95, 104);
    assert_int_equal(looked(&o, &l, &cost_model_default).quantity, 0);
    l.low -= 1;
    struct fill f = looked(&o, &l, &cost_model_default);
    assert_int_equal(f.price, 950000);
    assert_int_equal(f.slippage, 0);
    l = bar_at(93, 105, 92, 104); /* opened below: at the open */
    f = looked(&o, &l, &cost_model_default);
    assert_int_equal(f.price, 930000);
    assert_true(f.at_open);

    o = an_order(SIDE_SELL, ORDER_LIMIT, 110);
    l = bar_at(100, 110, 95, 104);
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 0);
    l.high += 1;
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 1100000);
    l = bar_at(112, 113, 95, 104);
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 1120000);
}

static void test_a_stop_touched_is_hit_and_a_gap_fills_at_the_open(void **state)
{
    (void)state;
    struct order o = an_order(SIDE_SELL, ORDER_STOP, 97);
    struct look l = bar_at(100, 101, 97.0001, 99);
    struct fill f = looked(&o, &l, &cost_model_default);
    assert_int_equal(f.quantity, 0);
    assert_false(f.triggered);
    l.low -= 1;
    f = looked(&o, &l, &cost_model_default);
    assert_true(f.triggered);
    assert_false(f.at_open);
    assert_int_equal(f.seen, 970000);
    assert_int_equal(f.price, 970000 - 340); /* 3.5 bps of 97 are .03395 */
    l = bar_at(90, 96, 89, 95);
    f = looked(&o, &l, &cost_model_default);
    assert_true(f.at_open);
    assert_int_equal(f.seen, 900000);
    assert_int_equal(f.price, 900000 - 315);
    /* Mirrored: a stop that buys. */
    o = an_order(SIDE_BUY, ORDER_STOP, 103);
    l = bar_at(100, 103, 99, 101);
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 1030000);
    l = bar_at(106, 107, 105, 106);
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 1060000);
}

static void test_no_fill_takes_more_than_its_share_of_the_volume(void **state)
{
    (void)state;
    struct order o = an_order(SIDE_SELL, ORDER_STOP, 97);
    struct look l = bar_at(90, 96, 89, 95);
    l.volume = 1000;
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 50);
    o.filled = 50;
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 7);
    /* Hit, and nobody to sell to: remembered, and sold at the next open whatever that is. */
    l.volume = 19;
    struct fill f = looked(&o, &l, &free_of_costs);
    assert_int_equal(f.quantity, 0);
    assert_true(f.triggered);
    o.triggered = true;
    l = bar_at(99, 101, 98, 100);
    f = looked(&o, &l, &free_of_costs);
    assert_int_equal(f.quantity, 7);
    assert_int_equal(f.price, 990000);
    assert_true(f.triggered);
    l.volume = 0; /* unknown */
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 7);
    struct cost_model all = free_of_costs;
    all.participation = 0;
    l.volume = 1;
    assert_int_equal(looked(&o, &l, &all).quantity, 7);
}

static void test_a_bar_that_opens_with_a_bad_print_fills_nothing(void **state)
{
    (void)state;
    /* IBM, 2002-12-23. */
    struct look l = bar_at(101.98, 101.98, 50.76, 51.41);
    l.previous_close = 510000;
    struct order o = an_order(SIDE_SELL, ORDER_LIMIT, 55);
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 0);
    o = an_order(SIDE_BUY, ORDER_MARKET, 0);
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 0);
    /* In a quote the price of now is good and the day's range is not. */
    l.is_bar = false;
    l.in_session = true;
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 514100);
    o = an_order(SIDE_SELL, ORDER_LIMIT, 55);
    assert_int_equal(looked(&o, &l, &free_of_costs).quantity, 0);
    /* AAPL, 2000-09-29: halved overnight, and the close says so too. */
    l = bar_at(28.19, 29, 25.38, 25.75);
    l.previous_close = 535000;
    o = an_order(SIDE_SELL, ORDER_STOP, 52);
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 281900);
}

static void test_a_stop_crossed_between_two_looks_is_settled_once(void **state)
{
    (void)state;
    struct order o = an_order(SIDE_SELL, ORDER_STOP, 97);
    /* The first look of the day: it opened above, was below, has come back. */
    struct look l = quote_at(99, 100, 101, 96);
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 970000);
    /* It opened below. */
    l = quote_at(99, 95, 101, 94);
    struct fill f = looked(&o, &l, &free_of_costs);
    assert_int_equal(f.price, 950000);
    assert_true(f.at_open);
    /* A later look: only what is lower than the low of the look before. */
    l = quote_at(99, 100, 101, 96);
    f = looked_since(&o, &l, 98, 101);
    assert_int_equal(f.price, 970000);
    assert_false(f.at_open);
    assert_int_equal(looked_since(&o, &l, 96, 101).quantity, 0);
    /* The low was below the stop before there was one; now the market is below it. */
    l = quote_at(96.5, 100, 101, 96);
    assert_int_equal(looked_since(&o, &l, 96, 101).price, 965000);
    /* A vendor that tells no range: the price of now. */
    l = quote_at(95, 0, 0, 0);
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 950000);
}

static void test_a_target_crossed_between_two_looks_is_settled_once(void **state)
{
    (void)state;
    struct order o = an_order(SIDE_SELL, ORDER_LIMIT, 108);
    struct look l = quote_at(105, 100, 109, 99);
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 1080000);
    assert_int_equal(looked_since(&o, &l, 99, 107).price, 1080000);
    assert_int_equal(looked_since(&o, &l, 99, 109).quantity, 0);
    l = quote_at(111, 100, 111, 99); /* never better than the limit within a day */
    assert_int_equal(looked_since(&o, &l, 99, 109).price, 1080000);
    l = quote_at(111, 110, 112, 109);
    assert_int_equal(looked(&o, &l, &free_of_costs).price, 1100000);
}

static void test_what_the_day_saw_before_an_order_was_made_does_not_fill_it(void **state)
{
    (void)state;
    struct look l = quote_at(99, 100, 112, 90);
    struct order stop = an_order(SIDE_SELL, ORDER_STOP, 97);
    struct order target = an_order(SIDE_SELL, ORDER_LIMIT, 108);
    stop.not_before = target.not_before = l.at - 1;
    assert_int_equal(looked(&stop, &l, &free_of_costs).quantity, 0);
    assert_int_equal(looked(&target, &l, &free_of_costs).quantity, 0);
    l.last = 965000;
    assert_int_equal(looked(&stop, &l, &free_of_costs).price, 965000);
    l.last = 1090000;
    assert_int_equal(looked(&target, &l, &free_of_costs).price, 1080000);
}

static void test_absurd_figures_do_no_harm(void **state)
{
    (void)state;
    struct look l = quote_at(100, 100, 101, 99);
    struct order o = an_order(SIDE_BUY, ORDER_MARKET, 0);
    o.quantity = INT64_MAX;
    l.volume = 0;
    assert_int_equal(looked(&o, &l, &cost_model_default).quantity, 0);
    o.quantity = 57;
    o.sigma_daily = 1e300;
    o.adv_shares = 1e-300;
    assert_int_equal(looked(&o, &l, &cost_model_default).price, 2000000);
    o.side = SIDE_SELL;
    assert_int_equal(looked(&o, &l, &cost_model_default).price, 1);
    l.last = INT64_MAX;
    assert_int_equal(looked(&o, &l, &cost_model_default).quantity, 0);
    l = quote_at(100, 100, 101, 99);
    l.open = l.high = l.previous_close = INT64_MAX;
    assert_int_equal(looked(&o, &l, &cost_model_default).quantity, 0);
    o = an_order(SIDE_SELL, ORDER_LIMIT, 0); /* a limit of nothing is no limit */
    l = quote_at(100, 100, 101, 99);
    assert_int_equal(looked(&o, &l, &cost_model_default).quantity, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_market_order_pays_spread_and_slippage_against_us),
        cmocka_unit_test(test_costs_are_rounded_against_us_and_never_below_half_a_cent),
        cmocka_unit_test(test_impact_grows_with_the_root_of_the_share_of_volume),
        cmocka_unit_test(test_fees_of_a_sale_are_those_of_its_day),
        cmocka_unit_test(test_a_sale_pays_its_fees_and_a_purchase_none),
        cmocka_unit_test(test_an_order_made_before_a_bar_fills_at_its_open),
        cmocka_unit_test(test_nothing_fills_out_of_session_before_its_time_or_after_it),
        cmocka_unit_test(test_a_limit_only_touched_is_not_filled),
        cmocka_unit_test(test_a_stop_touched_is_hit_and_a_gap_fills_at_the_open),
        cmocka_unit_test(test_no_fill_takes_more_than_its_share_of_the_volume),
        cmocka_unit_test(test_a_bar_that_opens_with_a_bad_print_fills_nothing),
        cmocka_unit_test(test_a_stop_crossed_between_two_looks_is_settled_once),
        cmocka_unit_test(test_a_target_crossed_between_two_looks_is_settled_once),
        cmocka_unit_test(test_what_the_day_saw_before_an_order_was_made_does_not_fill_it),
        cmocka_unit_test(test_absurd_figures_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
