/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a look at a price does to a position with its orders, and what the end of a day does. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/broker.h"
#include "quorum/buf.h"
#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

#define MINUTE (60 * USEC_SECOND)

static const struct cost_model free_of_costs = {.none = true, .participation = 0.05};

static int32_t monday(void)
{
    return day_from_civil(2026, 11, 23);
}

static int64_t units(double dollars)
{
    return llround(dollars * 1e4);
}

static struct look bar_at(double open, double high, double low, double close)
{
    return (struct look){.symbol = "AAPL",
                         .at = calendar_close(monday()),
                         .as_of = calendar_close(monday()),
                         .day = monday(),
                         .is_bar = true,
                         .open = units(open),
                         .high = units(high),
                         .low = units(low),
                         .last = units(close),
                         .previous_close = units(100),
                         .volume = 100000000};
}

static struct look quote_at(double last, double open, double high, double low)
{
    struct look l = bar_at(open, high, low, last);
    l.is_bar = false;
    l.in_session = true;
    l.at = calendar_open(monday()) + 60 * MINUTE;
    l.as_of = l.at;
    return l;
}

static struct order *add_order(struct book_entry *b, const char *id, enum order_kind kind,
                               enum exit_reason why, double level)
{
    struct order *o = &b->order[b->norders++];
    *o = (struct order){.kind = kind,
                        .side = SIDE_SELL,
                        .purpose = PURPOSE_EXIT,
                        .exit_reason = why,
                        .quantity = 57,
                        .not_before = TIME_NONE,
                        .expires_at = TIME_NONE,
                        .half_spread_bps = 2.5};
    copy_text(o->id, sizeof o->id, id);
    o->limit_price = kind == ORDER_LIMIT ? units(level) : 0;
    o->stop_price = kind == ORDER_STOP ? units(level) : 0;
    return o;
}

/* 57 shares bought at $100 two weeks ago, stop 97, target 108, ATR $2 trailed by 3. */
static struct book_entry held(void)
{
    struct book_entry b = {.position = {.id = 7,
                                        .symbol = "AAPL",
                                        .state = POSITION_OPEN,
                                        .quantity = 57,
                                        .bought = 57,
                                        .entry_price = units(100),
                                        .stop_price = units(97),
                                        .initial_stop = units(97),
                                        .target_price = units(108),
                                        .stop_pct = 3,
                                        .target_pct = 8,
                                        .trail_atr = 3,
                                        .atr = 2,
                                        .time_exit = 20,
                                        .last_price = units(100),
                                        .seen_day = monday() - 3,
                                        .entry_day = monday() - 14,
                                        .regime = "BULL"}};
    add_order(&b, "stop", ORDER_STOP, EXIT_STOP_LOSS, 97);
    add_order(&b, "target", ORDER_LIMIT, EXIT_TAKE_PROFIT, 108);
    return b;
}

/* A position whose entry order for 57 shares was made after Friday's close. */
static struct book_entry ordered(enum order_kind kind, double limit)
{
    struct book_entry b = held();
    b.position.state = POSITION_OPENING;
    b.position.quantity = b.position.bought = 0;
    b.position.entry_price = b.position.last_price = 0;
    b.position.stop_price = b.position.initial_stop = b.position.target_price = 0;
    b.position.entry_day = b.position.seen_day = DAY_NONE;
    b.norders = 0;
    struct order *o = add_order(&b, "entry", kind, EXIT_MANUAL, limit);
    o->side = SIDE_BUY;
    o->purpose = PURPOSE_ENTRY;
    o->not_before = calendar_close(monday() - 3);
    o->expires_at = calendar_close(monday());
    return b;
}

static const char *const act_name[] = {"fill", "trigger", "seen",  "unpriced",
                                       "stop", "exit",    "expire"};

/* "fill stop 97.0000 x57 stop_loss, seen" */
static void told(const struct book_entry *b, const struct look *l, const char *want)
{
    struct act act[ACTS_MAX];
    struct buf text = {0};
    size_t n = position_look(b, l, &free_of_costs, 30 * MINUTE, act);
    assert_true(n <= ACTS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct act *a = &act[i];
        assert_int_equal(a->position_id, 7);
        assert_int_equal(a->look.as_of, l->as_of);
        buf_printf(&text, "%s%s", i ? ", " : "", act_name[a->kind]);
        if (a->kind == ACT_FILL)
            buf_printf(&text, " %s %.2f x%d %s", a->order_id, (double)a->fill.price / 1e4,
                       (int)a->fill.quantity, exit_reason_name(a->exit_reason));
        else if (a->kind == ACT_TRIGGER || a->kind == ACT_EXPIRE)
            buf_printf(&text, " %s", a->order_id);
        else if (a->kind == ACT_UNPRICED)
            buf_printf(&text, " %s", a->reason);
    }
    assert_string_equal(buf_text(&text), want);
    buf_release(&text);
}

static void test_reasons_keep_the_names_the_database_knows(void **state)
{
    (void)state;
    static const char *const names[] = {"manual",        "circuit_breaker", "stop_loss",
                                        "trailing_stop", "take_profit",     "regime_change",
                                        "time_exit"};
    enum exit_reason r;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_string_equal(exit_reason_name((enum exit_reason)i), names[i]);
        assert_true(exit_reason_parse(names[i], &r));
        assert_int_equal(r, i);
    }
    assert_int_equal(ARRAY_LEN(names), EXIT_REASONS);
    assert_false(exit_reason_parse("STOP_LOSS", &r));
    assert_false(exit_reason_parse("", &r));
}

static enum look_fault checked(const struct look *l, double last_price)
{
    char reason[128];
    enum look_fault f = look_check(l, units(last_price), 30 * MINUTE, reason);
    assert_true((f == LOOK_GOOD) == (reason[0] == '\0'));
    return f;
}

static void test_a_price_that_cannot_be_true_is_not_traded_on(void **state)
{
    (void)state;
    struct look l = quote_at(100, 100, 101, 99);
    assert_int_equal(checked(&l, 100), LOOK_GOOD);
    assert_int_equal(checked(&l, 0), LOOK_GOOD);
    l.last = 0;
    assert_int_equal(checked(&l, 100), LOOK_ZERO);
    l.last = -1;
    assert_int_equal(checked(&l, 100), LOOK_ZERO);
    l = (struct look){.at = l.at, .as_of = l.at, .day = l.day, .in_session = true};
    assert_int_equal(checked(&l, 100), LOOK_ABSENT);
    l = quote_at(100, 100, 101, 99);
    l.as_of = l.at - 30 * MINUTE;
    assert_int_equal(checked(&l, 100), LOOK_GOOD);
    l.as_of--;
    assert_int_equal(checked(&l, 100), LOOK_STALE);
    l.in_session = false; /* at night a price is as old as the close */
    assert_int_equal(checked(&l, 100), LOOK_GOOD);
    l = quote_at(100, 100, 101, 99);
    l.as_of = TIME_NONE;
    assert_int_equal(checked(&l, 100), LOOK_STALE);
    l = quote_at(INT64_C(900000000000000), 100, 101, 99);
    assert_int_equal(checked(&l, 100), LOOK_JUMP);
    l = bar_at(100, 101, 0, 100);
    assert_int_equal(checked(&l, 100), LOOK_ZERO);
}

static void test_half_the_price_is_a_jump_unless_something_bears_it_out(void **state)
{
    (void)state;
    struct look l = quote_at(50, 51, 52, 49);
    assert_int_equal(checked(&l, 100), LOOK_JUMP);
    l.last = units(50.01);
    assert_int_equal(checked(&l, 100), LOOK_GOOD);
    l.last = units(150);
    assert_int_equal(checked(&l, 100), LOOK_JUMP);
    /* The vendor's previous close knows of it (a split, or a day nobody looked). */
    l = quote_at(50, 51, 52, 49);
    l.previous_close = units(49);
    assert_int_equal(checked(&l, 100), LOOK_GOOD);
    assert_int_equal(checked(&l, 50), LOOK_GOOD);
    /* Only one of the two is known. */
    l.previous_close = 0;
    assert_int_equal(checked(&l, 100), LOOK_JUMP);
    assert_int_equal(checked(&l, 0), LOOK_GOOD);
    l.previous_close = units(100);
    assert_int_equal(checked(&l, 0), LOOK_JUMP);
    /* A session that opened there and stayed is no error: AAPL 2000-09-29. */
    l = bar_at(28.19, 29, 25.38, 25.75);
    l.previous_close = units(53.5);
    assert_int_equal(checked(&l, 53.5), LOOK_GOOD);
    /* An opening print that neither neighbour knows is one: IBM 2002-12-23. */
    l = bar_at(101.98, 101.98, 50.77, 51.42);
    l.previous_close = units(51.01);
    assert_int_equal(checked(&l, 51.01), LOOK_BAD_PRINT);
}

static void test_a_faulty_price_touches_nothing_and_says_why(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct look l = quote_at(40, 40, 41, 39);
    told(&b, &l, "unpriced $40.00 is half or more away from the last price, $100.00");
    l = quote_at(90, 90, 91, 89);
    l.as_of = l.at - 31 * MINUTE;
    told(&b, &l, "unpriced the price is 31 minutes old, more than 30");
    l = bar_at(200, 201, 99, 100);
    told(&b, &l, "unpriced opened at $200.00 between closes of $100.00 and $100.00: a bad print");
    b.position.state = POSITION_CLOSED;
    told(&b, &l, "");
}

static void test_a_quiet_look_only_remembers_the_price(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct look l = bar_at(100, 107, 98, 105);
    told(&b, &l, "seen");
    b.norders = 0;
    told(&b, &l, "seen");
}

static void test_a_bad_print_in_a_quotes_range_is_not_remembered(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct look l = quote_at(100, 200, 200, 99);
    struct act act[ACTS_MAX];
    assert_int_equal(position_look(&b, &l, &free_of_costs, 0, act), 1);
    assert_int_equal(act[0].kind, ACT_SEEN);
    assert_int_equal(act[0].look.last, units(100));
    assert_int_equal(act[0].look.high, 0);
    l.last = units(108.01); /* the price of now is good */
    told(&b, &l, "fill target 108.00 x57 take_profit, seen");
}

/* What was crossed must be booked before the look that showed it is remembered: of two acts the
 * second may be lost. */
static void test_a_fill_is_stored_before_the_look_is_remembered(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct look l = bar_at(100, 101, 96, 99);
    told(&b, &l, "fill stop 97.00 x57 stop_loss, seen");
    l = bar_at(100, 109, 98, 105);
    told(&b, &l, "fill target 108.00 x57 take_profit, seen");
}

static void test_stop_comes_before_target_in_one_look(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct look l = bar_at(100, 109, 96, 105);
    told(&b, &l, "fill stop 97.00 x57 stop_loss, seen");
    /* Also where the book lists them the other way round. */
    struct order o = b.order[0];
    b.order[0] = b.order[1];
    b.order[1] = o;
    told(&b, &l, "fill stop 97.00 x57 stop_loss, seen");
    l.is_bar = false;
    l.in_session = true;
    told(&b, &l, "fill stop 97.00 x57 stop_loss, seen");
}

static void test_exits_win_in_their_order(void **state)
{
    (void)state;
    struct look l = quote_at(96, 96, 109, 95);
    for (int r = EXIT_MANUAL; r < EXIT_REASONS; r++) {
        struct book_entry b = {.position = held().position};
        char want[80];
        for (int other = EXIT_REASONS - 1; other >= r; other--)
            add_order(&b, exit_reason_name((enum exit_reason)other), ORDER_MARKET,
                      (enum exit_reason)other, 0);
        snprintf(want, sizeof want, "fill %s 96.00 x57 %s, seen",
                 exit_reason_name((enum exit_reason)r), exit_reason_name((enum exit_reason)r));
        told(&b, &l, want);
    }
}

static void test_a_sale_ordered_for_the_open_is_not_told_as_what_came_later(void **state)
{
    (void)state;
    struct book_entry b = held();
    add_order(&b, "late", ORDER_MARKET, EXIT_TIME_EXIT, 0)->not_before =
        calendar_close(monday() - 3);
    struct look l = bar_at(100, 109, 96, 105);
    told(&b, &l, "fill late 100.00 x57 time_exit, seen");
    l = bar_at(95, 99, 94, 98); /* the stop was hit at that same open */
    told(&b, &l, "fill stop 95.00 x57 stop_loss, seen");
}

static void test_no_more_is_sold_than_is_held(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct look l = bar_at(100, 109, 96, 105);
    b.position.quantity = 20;
    told(&b, &l, "fill stop 97.00 x20 stop_loss, seen");
    b.position.quantity = 0;
    told(&b, &l, "seen");
}

static void test_a_stop_hit_without_a_buyer_goes_on_as_a_market_order(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct look l = bar_at(100, 109, 96, 105);
    l.volume = 10;
    told(&b, &l, "trigger stop, seen");
    b.order[0].triggered = true;
    told(&b, &l, "seen"); /* the target may not jump the queue */
    l.volume = 400;
    told(&b, &l, "fill stop 100.00 x20 stop_loss, seen");
    b.order[0].filled = 20;
    b.position.quantity = 37;
    l.volume = 0;
    told(&b, &l, "fill stop 100.00 x37 stop_loss, seen");
}

static void test_only_what_came_after_the_last_look_settles_an_exit(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct look l = quote_at(99, 100, 109, 96);
    b.position.seen_day = monday();
    b.position.seen_low = units(96);
    b.position.seen_high = units(109);
    told(&b, &l, "seen");
    b.position.seen_low = units(96.5);
    told(&b, &l, "fill stop 97.00 x57 stop_loss, seen");
    b.position.seen_low = units(96);
    b.position.seen_high = units(107);
    told(&b, &l, "fill target 108.00 x57 take_profit, seen");
    /* The next day all of it counts, and a gap is a gap. */
    b.position.seen_day = monday() - 3;
    l = quote_at(99, 95, 101, 94);
    told(&b, &l, "fill stop 95.00 x57 stop_loss, seen");
}

static void test_what_the_day_did_before_the_entry_closes_nothing(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct look l = quote_at(99, 92, 110, 90);
    b.position.entry_day = monday();
    told(&b, &l, "seen");
    l.last = units(96.9);
    told(&b, &l, "fill stop 96.90 x57 stop_loss, seen");
    l.last = units(109);
    told(&b, &l, "fill target 108.00 x57 take_profit, seen");
    /* Of a bar all came after it: the entry was at its open. */
    l = bar_at(100, 101, 96, 99);
    told(&b, &l, "fill stop 97.00 x57 stop_loss, seen");
}

static void test_an_entry_fills_at_the_next_price_and_not_twice(void **state)
{
    (void)state;
    struct book_entry b = ordered(ORDER_MARKET, 0);
    struct look l = quote_at(101, 100, 110, 90);
    told(&b, &l, "fill entry 101.00 x57 manual, seen");
    l.in_session = false;
    told(&b, &l, "seen");
    l.as_of = calendar_close(monday() - 3) - 1;
    l.in_session = true;
    l.at = l.as_of + MINUTE; /* a price from before the decision */
    told(&b, &l, "seen");
    b.position.state = POSITION_CLOSING;
    l = quote_at(101, 100, 110, 90);
    told(&b, &l, "seen");
}

static void test_an_entry_not_filled_in_time_is_cancelled(void **state)
{
    (void)state;
    struct book_entry b = ordered(ORDER_LIMIT, 95);
    struct look l = bar_at(100, 101, 99, 100);
    told(&b, &l, "expire entry, seen");
    l.volume = 200;
    l.low = units(94);
    told(&b, &l, "fill entry 95.00 x10 manual, expire entry, seen");
    l.volume = 0;
    told(&b, &l, "fill entry 95.00 x57 manual, seen");
    l = quote_at(100, 100, 101, 99);
    told(&b, &l, "seen");
}

static void test_the_rest_of_the_entrys_own_bar_can_stop_it_out(void **state)
{
    (void)state;
    struct book_entry b = ordered(ORDER_MARKET, 0);
    struct look l = bar_at(100, 107, 97.01, 105);
    told(&b, &l, "fill entry 100.00 x57 manual, seen");
    l.low = units(97);
    told(&b, &l, "fill entry 100.00 x57 manual, fill  97.00 x57 stop_loss, seen");
    l.high = units(109);
    told(&b, &l, "fill entry 100.00 x57 manual, fill  97.00 x57 stop_loss, seen");
    l.low = units(99);
    told(&b, &l, "fill entry 100.00 x57 manual, fill  108.00 x57 take_profit, seen");
    b.position.target_pct = 0;
    told(&b, &l, "fill entry 100.00 x57 manual, seen");
    /* Ordered while the bar was running it is filled at the close: nothing comes after that. */
    l = bar_at(100, 120, 80, 101);
    b.position.target_pct = 8;
    b.order[0].not_before = calendar_open(monday()) + MINUTE;
    told(&b, &l, "fill entry 101.00 x57 manual, seen");
}

static void test_a_high_from_before_a_limit_entry_is_not_its_target(void **state)
{
    (void)state;
    struct book_entry b = ordered(ORDER_LIMIT, 95);
    struct look l = bar_at(100, 109, 94, 100);
    told(&b, &l, "fill entry 95.00 x57 manual, seen"); /* target 102.60 */
    l.last = units(103);
    told(&b, &l, "fill entry 95.00 x57 manual, fill  102.60 x57 take_profit, seen");
    l.low = units(92); /* stop 92.15: below the limit, so after the entry */
    told(&b, &l, "fill entry 95.00 x57 manual, fill  92.15 x57 stop_loss, seen");
}

static void test_nothing_is_bought_in_a_look_that_sells(void **state)
{
    (void)state;
    struct book_entry b = held();
    struct order *o = add_order(&b, "entry", ORDER_MARKET, EXIT_MANUAL, 0);
    o->side = SIDE_BUY;
    o->purpose = PURPOSE_ENTRY;
    struct look l = quote_at(100, 100, 101, 99);
    told(&b, &l, "fill entry 100.00 x57 manual, seen");
    l = quote_at(96, 100, 101, 95);
    told(&b, &l, "fill stop 97.00 x57 stop_loss, seen");
}

/* "stop 104.00, exit time_exit" */
static void closed(const struct book_entry *b, int32_t day, double close, const char *regime,
                   const char *want)
{
    struct act act[ACTS_MAX];
    char text[200] = "";
    size_t used = 0, n = position_close_of_day(b, day, units(close), regime, act);
    for (size_t i = 0; i < n; i++) {
        const struct act *a = &act[i];
        assert_int_equal(a->position_id, 7);
        assert_int_equal(a->look.last, units(close));
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "",
                                 act_name[a->kind]);
        if (a->kind == ACT_STOP) {
            assert_int_equal(a->exit_reason, EXIT_TRAILING_STOP);
            used +=
                (size_t)snprintf(text + used, sizeof text - used, " %.4f", (double)a->price / 1e4);
        } else {
            assert_true(a->reason[0] != '\0');
            used += (size_t)snprintf(text + used, sizeof text - used, " %s",
                                     exit_reason_name(a->exit_reason));
        }
    }
    assert_string_equal(text, want);
}

static void test_the_trail_starts_at_one_risk_and_never_falls(void **state)
{
    (void)state;
    struct book_entry b = held(); /* risk 3, distance 3 x 2 = 6 */
    closed(&b, monday(), 102.99, "BULL", "");
    /* +1 R, but 103 - 6 = 97 is where the stop is. */
    closed(&b, monday(), 103, "BULL", "");
    closed(&b, monday(), 103.01, "BULL", "stop 97.0100");
    closed(&b, monday(), 107.5, "BULL", "stop 101.5000");
    b.position.stop_price = units(101.5);
    b.position.trail_high = units(107.5);
    closed(&b, monday(), 107.4, "BULL", "");
    closed(&b, monday(), 95, "BULL", "");
    closed(&b, monday(), 107.51, "BULL", "stop 101.5100");
    /* A sale rounds down. */
    b.position.atr = 2.00001;
    closed(&b, monday(), 110, "BULL", "stop 103.9999");
    b.position.atr = 0; /* nobody knows it */
    closed(&b, monday(), 110, "BULL", "");
    b = held();
    b.position.trail_atr = (double)NAN;
    closed(&b, monday(), 110, "BULL", "");
}

static void test_only_a_turn_to_bear_is_a_change_of_regime(void **state)
{
    (void)state;
    struct book_entry b = held();
    closed(&b, monday(), 100, "BEAR", "exit regime_change");
    closed(&b, monday(), 100, "HIGH_VOL", "");
    closed(&b, monday(), 100, "SIDEWAYS", "");
    closed(&b, monday(), 100, "", "");
    closed(&b, monday(), 100, NULL, "");
    copy_text(b.position.regime, sizeof b.position.regime, "BEAR");
    closed(&b, monday(), 100, "BEAR", "");
}

static void test_the_time_limit_counts_sessions_not_days(void **state)
{
    (void)state;
    struct book_entry b = held();
    /* Thanksgiving is no session: from Monday 23rd the fifth is Monday 30th. */
    b.position.entry_day = monday();
    b.position.time_exit = 5;
    closed(&b, day_from_civil(2026, 11, 27), 100, "BULL", "");
    closed(&b, day_from_civil(2026, 11, 30), 100, "BULL", "exit time_exit");
    b.position.time_exit = 1; /* out the session after */
    closed(&b, monday(), 100, "BULL", "exit time_exit");
    closed(&b, monday(), 110, "BEAR", "stop 104.0000, exit regime_change");
    b.position.time_exit = 0;
    closed(&b, day_from_civil(2027, 11, 30), 100, "BULL", "");
}

static void test_an_exit_under_way_is_not_ordered_twice(void **state)
{
    (void)state;
    struct book_entry b = held();
    b.position.time_exit = 1;
    add_order(&b, "late", ORDER_MARKET, EXIT_TIME_EXIT, 0);
    closed(&b, monday(), 100, "BEAR", "");
    b = held();
    b.order[0].triggered = true;
    closed(&b, monday(), 100, "BEAR", "");
    b = held();
    b.position.state = POSITION_CLOSING;
    closed(&b, monday(), 100, "BEAR", "");
    b = held();
    b.position.quantity = 0;
    closed(&b, monday(), 100, "BEAR", "");
    b = held();
    closed(&b, monday(), 0, "BEAR", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons_keep_the_names_the_database_knows),
        cmocka_unit_test(test_a_price_that_cannot_be_true_is_not_traded_on),
        cmocka_unit_test(test_half_the_price_is_a_jump_unless_something_bears_it_out),
        cmocka_unit_test(test_a_faulty_price_touches_nothing_and_says_why),
        cmocka_unit_test(test_a_quiet_look_only_remembers_the_price),
        cmocka_unit_test(test_a_bad_print_in_a_quotes_range_is_not_remembered),
        cmocka_unit_test(test_a_fill_is_stored_before_the_look_is_remembered),
        cmocka_unit_test(test_stop_comes_before_target_in_one_look),
        cmocka_unit_test(test_exits_win_in_their_order),
        cmocka_unit_test(test_a_sale_ordered_for_the_open_is_not_told_as_what_came_later),
        cmocka_unit_test(test_no_more_is_sold_than_is_held),
        cmocka_unit_test(test_a_stop_hit_without_a_buyer_goes_on_as_a_market_order),
        cmocka_unit_test(test_only_what_came_after_the_last_look_settles_an_exit),
        cmocka_unit_test(test_what_the_day_did_before_the_entry_closes_nothing),
        cmocka_unit_test(test_an_entry_fills_at_the_next_price_and_not_twice),
        cmocka_unit_test(test_an_entry_not_filled_in_time_is_cancelled),
        cmocka_unit_test(test_the_rest_of_the_entrys_own_bar_can_stop_it_out),
        cmocka_unit_test(test_a_high_from_before_a_limit_entry_is_not_its_target),
        cmocka_unit_test(test_nothing_is_bought_in_a_look_that_sells),
        cmocka_unit_test(test_the_trail_starts_at_one_risk_and_never_falls),
        cmocka_unit_test(test_only_a_turn_to_bear_is_a_change_of_regime),
        cmocka_unit_test(test_the_time_limit_counts_sessions_not_days),
        cmocka_unit_test(test_an_exit_under_way_is_not_ordered_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
