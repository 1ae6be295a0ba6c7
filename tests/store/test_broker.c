/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders, fills and positions as they are stored: a trade's whole life, replays, races, refusals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/timeutil.h"
#include "store/broker_rig.h"

static int64_t buy(struct rig *r, const char *symbol, const char *price, int shares)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT test_buy('%s', %s, %d, 4, 8, '2020-11-20 15:00Z')", symbol,
             price, shares);
    return rig_int(r, sql);
}

static void expect(struct rig *r, const char *sql, const char *want)
{
    const char *got = rig_text(r, sql);
    if (strcmp(got, want) != 0)
        fail_msg("%s\n   is %s\nwanted %s", sql, got, want);
}

static void expect_proven(struct rig *r)
{
    const char *wrong = broker_rig_wrong(r);
    if (*wrong)
        fail_msg("%s", wrong);
}

#define POSITION(columns) "SELECT (" columns ")::text FROM positions ORDER BY id DESC LIMIT 1"

static int64_t enter(struct rig *r, const char *symbol, const char *price, int shares)
{
    int64_t id = buy(r, symbol, price, shares);
    struct entry_result out;
    struct error e = {0};
    /* On the demo desk the real guards are in force. */
    if (broker_enter(r->desk, id, &out, &e))
        fail_msg("enter: %s", e.text);
    assert_true(out.ordered);
    assert_string_equal(out.result, "ordered");
    return out.position_id;
}

/* ---- a life */

static void a_trade_is_booked_to_the_micro_dollar_from_entry_to_outcome(void **state)
{
    struct rig *r = *state;
    enter(r, "AAA", "100", 30);
    expect(r,
           "SELECT (side, kind, quantity, reserved_usd, state, purpose, half_spread_bps,"
           " adv_shares, round(sigma_daily::numeric, 6), requested_by)::text FROM orders",
           "(BUY,MARKET,30,3060.000000,OPEN,ENTRY,2.5,10000000,0.020001,anna)");
    expect(r, "SELECT to_char(expires_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') FROM orders",
           "11-23 21:00");
    expect(r, "SELECT order_result FROM evaluations", "ordered");
    expect(r, "SELECT test_fill(test_leg('AAA', 'entry'), 10, 100.10, 0)", "filled");
    expect(r, POSITION("state, quantity, cost_usd, entry_price, stop_price, target_price"),
           "(OPEN,10,1001.000000,100.100000,96.096000,108.108000)");
    expect(r, "SELECT reserved_usd FROM orders WHERE purpose = 'ENTRY'", "2040.000000");
    expect(r,
           "SELECT string_agg(kind || ' ' || quantity || ' ' || exit_reason, ', ' ORDER BY kind)"
           " FROM orders WHERE purpose = 'EXIT' AND state = 'OPEN'",
           "LIMIT 10 take_profit, STOP 10 stop_loss");
    expect(r, "SELECT test_fill(test_leg('AAA', 'entry'), 20, 100.40, 0)", "filled");
    expect(r, POSITION("quantity, bought, cost_usd, entry_price, stop_price, initial_stop"),
           "(30,30,3009.000000,100.300000,96.288000,96.288000)");
    expect(r, "SELECT state || reserved_usd FROM orders WHERE purpose = 'ENTRY'", "FILLED0.000000");
    expect(r, "SELECT test_fill(test_leg('AAA', 'take_profit'), 7, 108.35, 0.02)", "filled");
    /* 3009 x 7 / 30 = 702.1 */
    expect(r, POSITION("quantity, cost_usd"), "(23,2306.900000)");
    expect(r,
           "SELECT string_agg(quantity - filled || ' ' || exit_reason, ', ' ORDER BY kind)"
           " FROM orders WHERE purpose = 'EXIT' AND state = 'OPEN'",
           "23 take_profit, 23 stop_loss");
    expect_proven(r);
    expect(r, "SELECT test_fill(test_leg('AAA', 'stop_loss'), 11, 96.17, 0.03)", "filled");
    expect(r, "SELECT test_fill(test_leg('AAA', 'stop_loss'), 500, 95.01, 0.04)", "filled");
    expect(r, POSITION("state, quantity, cost_usd, exit_reason"), "(CLOSED,0,0.000000,stop_loss)");
    expect(r, "SELECT string_agg(state, ' ' ORDER BY purpose, kind) FROM orders",
           "FILLED CANCELLED FILLED");
    /* 7 x 108.35 + 11 x 96.17 + 12 x 95.01 - 3009 - .09 x (500 are cut to 12: fee .01) */
    expect(r,
           "SELECT (pnl_dollars, fees_usd, quantity, entry_price, exit_price, exit_reason,"
           " model_cost_usd, round(r_multiple::numeric, 4))::text FROM trade_outcomes",
           "(-52.620000,0.060000,30,100.300000,98.548000,stop_loss,0.012345678,-0.4372)");
    expect(r,
           "SELECT (round(mae_pct::numeric, 4), round(mfe_pct::numeric, 4))::text"
           " FROM trade_outcomes",
           "(-5.2742,8.0259)");
    expect(r, "SELECT (market_regime, sentiment_score, news_catalyst)::text FROM trade_metadata",
           "(BULL,0.4,\"Big order won\")");
    expect(r,
           "SELECT jsonb_array_length(facts->'votes') || (facts->'exit'->>'reason')"
           " FROM trade_metadata",
           "2stop_loss");
    expect(r, "SELECT broker_cash()", "99947.380000");
    expect(r,
           "SELECT string_agg(book || ' ' || usd, ', ' ORDER BY book) FROM (SELECT book,"
           " trim_scale(sum(amount_usd)) AS usd FROM ledger GROUP BY book) b",
           "capital -100000, cash 99947.38, fees 0.06, realised 52.56, stock 0");
    expect_proven(r);
    expect(r,
           "SELECT string_agg(verb || ' ' || object, ', ') FROM operator_actions"
           " WHERE verb = 'order'",
           "order evaluation #1 AAA");
}

static struct act act_of(enum act_kind kind, int64_t position, const char *at)
{
    struct act a = {.kind = kind, .position_id = position};
    a.look = (struct look){.at = broker_rig_time(at),
                           .as_of = broker_rig_time(at),
                           .last = 1012000,
                           .high = 1030000,
                           .low = 990000,
                           .is_bar = true};
    a.look.day = exchange_day(a.look.as_of);
    return a;
}

static void everything_done_twice_is_done_once(void **state)
{
    struct rig *r = *state;
    int64_t position = enter(r, "AAA", "100", 20);
    struct entry_result out;
    struct error e = {0};
    assert_int_equal(broker_enter(r->desk, 1, &out, &e), ERR_CONFLICT);
    struct book b;
    assert_int_equal(book_load(r->desk, &b, &e), OK);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.entry[0].norders, 1);
    const char *day1 = "2020-11-23T21:00:00Z", *day2 = "2020-11-24T21:00:00Z";
    struct act act[6] = {act_of(ACT_FILL, position, day1), act_of(ACT_FILL, position, day1),
                         act_of(ACT_SEEN, position, day1), act_of(ACT_STOP, position, day2),
                         act_of(ACT_EXIT, position, day2), act_of(ACT_FILL, position, day2)};
    copy_text(act[0].order_id, sizeof act[0].order_id, b.entry[0].order[0].id);
    book_release(&b);
    act[0].fill = (struct fill){.quantity = 20, .price = 1002500, .slippage = 500000};
    act[1].exit_reason = EXIT_TAKE_PROFIT; /* a leg made by the act before */
    act[1].fill = (struct fill){.quantity = 5, .price = 1083000, .fees = 20000};
    act[3].price = 985000;
    act[3].exit_reason = EXIT_TRAILING_STOP;
    act[4].exit_reason = EXIT_TIME_EXIT;
    act[5].exit_reason = EXIT_TIME_EXIT;
    act[5].fill = (struct fill){.quantity = 10, .price = 1010000, .fees = 10000};
    for (int i = 0; i < 3; i++) {
        if (broker_rig_store(r->desk, act, 6, &e))
            fail_msg("%s", e.text);
        expect(r,
               POSITION("state, quantity, stop_price, last_price, trail_high, exit_reason,"
                        " entry_day, high_price, low_price"),
               "(CLOSING,5,98.500000,101.200000,101.200000,time_exit,2020-11-23,"
               "108.300000,99.000000)");
        expect(r, "SELECT count(*) || ' ' || sum(quantity) FROM fills", "3 35");
        expect(r,
               "SELECT string_agg(exit_reason || ' ' || quantity - filled, ', ' ORDER BY"
               " exit_reason) FROM orders WHERE state = 'OPEN'",
               "take_profit 5, time_exit 5, trailing_stop 5");
        expect_proven(r);
    }
    assert_int_equal(book_load(r->desk, &b, &e), OK);
    const struct position *p = &b.entry[0].position;
    assert_int_equal(p->state, POSITION_CLOSING);
    assert_int_equal(p->quantity, 5);
    assert_true(p->cost == 5 * INT64_C(100250000));
    assert_int_equal(p->entry_price, 1002500);
    assert_int_equal(p->stop_price, 985000);
    assert_int_equal(p->entry_day, act[0].look.day);
    assert_int_equal(p->seen_day, act[0].look.day);
    assert_true(p->last_price_at == act[0].look.as_of);
    assert_int_equal(p->time_exit, 20);
    assert_string_equal(p->regime, "BULL");
    assert_string_equal(p->sector, "Sector of AAA");
    assert_int_equal(b.entry[0].norders, 3);
    assert_int_equal(b.entry[0].order[0].exit_reason, EXIT_TRAILING_STOP);
    assert_int_equal(b.entry[0].order[1].kind, ORDER_LIMIT);
    assert_int_equal(b.entry[0].order[2].exit_reason, EXIT_TIME_EXIT);
    assert_true(b.entry[0].order[0].expires_at == TIME_NONE);
    book_release(&b);
}

static void an_old_look_and_a_lower_trail_change_nothing(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    int64_t position = enter(r, "AAA", "100", 20);
    expect(r, "SELECT test_fill(test_leg('AAA', 'entry'), 20, 100, 0)", "filled");
    struct act act[3] = {act_of(ACT_SEEN, position, "2020-11-24T21:00:00Z"),
                         act_of(ACT_UNPRICED, position, "2020-11-24T21:00:00Z"),
                         act_of(ACT_STOP, position, "2020-11-24T21:00:00Z")};
    copy_text(act[1].reason, sizeof act[1].reason, "no quote");
    act[2].price = 950000;
    act[2].exit_reason = EXIT_TRAILING_STOP;
    assert_int_equal(broker_rig_store(r->desk, act, 1, &e), OK);
    assert_int_equal(broker_rig_store(r->desk, act + 1, 2, &e), OK);
    expect(r, POSITION("unpriced_reason, stop_price, last_price, high_price, low_price"),
           "(\"no quote\",96.000000,101.200000,103.000000,99.000000)");
    act[0] = act_of(ACT_SEEN, position, "2020-11-23T21:00:00Z");
    act[0].look.last = 900000;
    assert_int_equal(broker_rig_store(r->desk, act, 1, &e), OK);
    expect(r, POSITION("unpriced_reason, last_price, low_price"),
           "(\"no quote\",101.200000,99.000000)");
    act[0] = act_of(ACT_SEEN, position, "2020-11-25T21:00:00Z");
    assert_int_equal(broker_rig_store(r->desk, act, 1, &e), OK);
    expect(r, POSITION("unpriced_reason, last_price"), "(,101.200000)");
}

static void a_quote_on_the_day_of_entry_counts_only_what_came_after_it(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    int64_t position = enter(r, "AAA", "100", 20);
    expect(r, "SELECT test_fill(test_leg('AAA', 'entry'), 20, 100, 0)", "filled");
    struct act a = act_of(ACT_SEEN, position, "2020-11-20T16:00:00Z");
    a.look.is_bar = false;
    assert_int_equal(broker_rig_store(r->desk, &a, 1, &e), OK);
    expect(r, POSITION("high_price, low_price, seen_high, seen_low"),
           "(101.200000,100.000000,103.000000,99.000000)");
    a.look.as_of += 60 * USEC_SECOND;
    a.look.low = 980000;
    assert_int_equal(broker_rig_store(r->desk, &a, 1, &e), OK);
    expect(r, POSITION("high_price, low_price, seen_high, seen_low"),
           "(101.200000,98.000000,103.000000,98.000000)");
}

/* ---- refusals */

static void expect_refused(struct rig *r, int64_t id, enum err kind, const char *words)
{
    struct entry_result out;
    struct error e = {0};
    assert_int_equal(broker_enter(r->desk, id, &out, &e), kind);
    assert_false(out.ordered);
    if (!strstr(e.text, words))
        fail_msg("\"%s\" lacks \"%s\"", e.text, words);
}

static void a_desk_that_is_not_running_orders_nothing(void **state)
{
    struct rig *r = *state;
    int64_t id = buy(r, "AAA", "100", 20);
    static const char *const stopped[] = {"PAUSED", "HALTED", "FLATTENING"};
    for (size_t i = 0; i < ARRAY_LEN(stopped); i++) {
        char sql[160];
        snprintf(sql, sizeof sql,
                 "UPDATE control_state SET state = '%s', reason = 'drawdown', set_by = 'ops'",
                 stopped[i]);
        rig_run(r, sql);
        expect_refused(r, id, ERR_POLICY, "by ops (\"drawdown\")");
    }
    struct entry_result out;
    struct error e = {0};
    assert_int_equal(broker_enter(r->desk, id, &out, &e), ERR_POLICY);
    assert_string_equal(e.code, "E31");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM orders"), 0);
    expect(r, "SELECT left(order_result, 28) FROM evaluations", "the desk is FLATTENING since");
}

static void what_is_no_good_buy_is_refused_with_the_reason(void **state)
{
    struct rig *r = *state;
    expect_refused(r, 99, ERR_USAGE, "no such evaluation");
    int64_t id = buy(r, "AAA", "100", 0);
    expect_refused(r, id, ERR_POLICY, "0 shares");
    id = buy(r, "AAA", "100", 10);
    rig_run(r, "UPDATE evaluations SET decision = 'HOLD' WHERE id = 2");
    expect_refused(r, id, ERR_USAGE, "no BUY: HOLD");
    rig_run(r, "UPDATE evaluations SET decision = 'BUY', degraded = true, degraded_reason = 'no"
               " key' WHERE id = 2; INSERT INTO desk_setting (name, value, origin, set_by) VALUES"
               " ('QUORUM_TRADE_DEGRADED', 'false', '', '')");
    expect_refused(r, id, ERR_POLICY, "degraded (no key)");
    rig_run(r, "UPDATE evaluations SET degraded = false, as_of = '2020-11-10 15:00Z' WHERE id = 2");
    expect_refused(r, id, ERR_POLICY, "too old to trade on");
    rig_run(r, "UPDATE evaluations SET as_of = desk_now(), stop_loss_pct = NULL WHERE id = 2");
    expect_refused(r, id, ERR_POLICY, "no stop");
    enter(r, "BBB", "100", 10);
    id = buy(r, "BBB", "100", 10);
    expect_refused(r, id, ERR_POLICY, "open position in BBB already");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM orders"), 1);
}

static void a_degraded_decision_trades_on_demo_and_not_on_paper(void **state)
{
    struct rig *r = *state;
    int64_t id = buy(r, "AAA", "100", 10);
    rig_run(r, "ALTER TABLE desk_setting DISABLE TRIGGER USER;"
               "DELETE FROM desk_setting WHERE name = 'QUORUM_TRADE_DEGRADED';"
               "UPDATE evaluations SET degraded = true; UPDATE desk SET kind = 'paper'");
    expect_refused(r, id, ERR_POLICY, "degraded");
    rig_run(r, "UPDATE desk SET kind = 'demo'");
    struct entry_result out;
    struct error e = {0};
    assert_int_equal(broker_enter(r->desk, id, &out, &e), OK);
}

static void the_guards_and_the_cash_have_the_last_word_on_the_size(void **state)
{
    struct rig *r = *state;
    struct entry_result out;
    struct error e = {0};
    /* 5 % of 100,000 in one symbol: whatever was decided, no more than about 50 shares. */
    int64_t id = buy(r, "AAA", "100", 5000);
    assert_int_equal(broker_enter(r->desk, id, &out, &e), OK);
    assert_in_range(out.shares, 1, 50);
    rig_run(r, "SELECT test_no_guards()");
    id = buy(r, "BBB", "100", 5000);
    assert_int_equal(broker_enter(r->desk, id, &out, &e), OK);
    assert_true(rig_int(r, "SELECT sum(reserved_usd) FROM orders") <= 100000);
    assert_true(rig_int(r, "SELECT sum(reserved_usd) FROM orders") > 99890);
    id = buy(r, "CCC", "2000", 1);
    expect_refused(r, id, ERR_POLICY, "free, a share needs $2040.00");
    /* A gap: what the cash does not pay for is not bought. */
    expect(r, "SELECT test_fill(test_leg('BBB', 'entry'), 5000, 200, 0)", "filled");
    assert_true(rig_int(r, "SELECT broker_cash() - (SELECT sum(reserved_usd) FROM orders)") >= 0);
    expect(r, "SELECT test_fill(test_leg('AAA', 'entry'), 1, 99999, 0)", "cash");
    expect(r, "SELECT order_result FROM evaluations WHERE symbol = 'AAA'",
           "cancelled: no cash at 99999");
    expect_proven(r);
}

/* ---- slots, cancels, closes */

struct entered {
    bool yes;
    int64_t ordered, refused;
    struct error e;
};

static void on_entered(void *arg, int64_t ordered, int64_t refused, const struct error *e)
{
    *(struct entered *)arg = (struct entered){true, ordered, refused, e ? *e : (struct error){0}};
}

static bool has_entered(void *arg)
{
    return ((const struct entered *)arg)->yes;
}

static struct entered enter_slot(struct desk *d)
{
    struct entered w = {0};
    broker_enter_slot(d, broker_rig_time("2020-11-20T15:00:00Z"), on_entered, &w);
    assert_true(loop_run_until(d->loop, has_entered, &w, 30000));
    return w;
}

static void a_moment_of_the_schedule_is_traded_once_by_symbol(void **state)
{
    struct rig *r = *state;
    buy(r, "CCC", "100", 10);
    buy(r, "BBB", "100", 0);
    buy(r, "AAA", "100", 10);
    rig_run(r, "SELECT test_buy('DDD', 100, 10, 4, 8, '2020-11-20 16:00Z')");
    struct entered w = enter_slot(r->desk);
    assert_int_equal(w.e.kind, OK);
    assert_int_equal(w.ordered, 2);
    assert_int_equal(w.refused, 1);
    w = enter_slot(r->desk);
    assert_int_equal(w.ordered + w.refused, 0);
    expect(r, "SELECT string_agg(symbol, ' ' ORDER BY position_id) FROM orders", "AAA CCC");
    expect(r, "SELECT count(*) FROM evaluations WHERE order_result IS NULL", "1");
}

static void an_entry_taken_back_leaves_nothing_behind(void **state)
{
    struct rig *r = *state;
    enter(r, "AAA", "100", 10);
    expect(r, "SELECT broker_expire(test_leg('AAA', 'entry'))", "t");
    expect(r, "SELECT broker_expire(id) FROM orders", "f");
    expect(r, POSITION("state, quantity"), "(CLOSED,0)");
    expect(r, "SELECT (state, state_reason, reserved_usd)::text FROM orders",
           "(CANCELLED,expired,0.000000)");
    expect(r, "SELECT order_result FROM evaluations", "cancelled: expired");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM trade_outcomes"), 0);
    expect_proven(r);
    /* Of a part of it the rest is taken back. */
    enter(r, "BBB", "100", 10);
    expect(r, "SELECT test_fill(test_leg('BBB', 'entry'), 4, 100, 0)", "filled");
    expect(r, "SELECT broker_cancel_entry(test_leg('BBB', 'entry'), 'halted')", "t");
    expect(r, POSITION("state, quantity"), "(OPEN,4)");
    expect(r, "SELECT order_result FROM evaluations WHERE symbol = 'BBB'", "ordered");
    expect_proven(r);
}

static void a_close_by_hand_is_one_order_and_audited(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    assert_int_equal(broker_close(r->desk, "AAA", EXIT_MANUAL, "anna", "nerves", &e), ERR_USAGE);
    enter(r, "AAA", "100", 10);
    expect(r, "SELECT test_fill(test_leg('AAA', 'entry'), 4, 100, 0)", "filled");
    assert_int_equal(broker_close(r->desk, "AAA", EXIT_MANUAL, "anna", "nerves", &e), OK);
    assert_int_equal(broker_close(r->desk, "AAA", EXIT_MANUAL, "bert", "too", &e), ERR_CONFLICT);
    expect(r,
           "SELECT (kind, quantity, exit_reason, requested_by, state_reason)::text FROM orders"
           " WHERE kind = 'MARKET' AND purpose = 'EXIT'",
           "(MARKET,4,manual,anna,nerves)");
    expect(r, "SELECT state FROM orders WHERE purpose = 'ENTRY'", "CANCELLED");
    expect(r, "SELECT operator || ' ' || object FROM operator_actions WHERE verb = 'close'",
           "anna position 1 AAA");
    expect(r, "SELECT test_fill(test_leg('AAA', 'manual'), 4, 99, 0.01)", "filled");
    expect(r, "SELECT (exit_reason, pnl_dollars)::text FROM trade_outcomes", "(manual,-4.010000)");
    enter(r, "BBB", "100", 10);
    assert_int_equal(broker_close(r->desk, "BBB", EXIT_MANUAL, "anna", "nerves", &e), OK);
    expect(r, POSITION("symbol, state"), "(BBB,CLOSED)");
    expect_proven(r);
}

static void the_last_exit_of_a_flattening_desk_halts_it(void **state)
{
    struct rig *r = *state;
    enter(r, "AAA", "100", 10);
    enter(r, "BBB", "100", 10);
    rig_run(r, "SELECT test_fill(test_leg(s, 'entry'), 10, 100, 0) FROM unnest(ARRAY['AAA','BBB'])"
               " s; SELECT control_change('FLATTENING', 'storm', 'ops', 'here')");
    expect(r, "SELECT test_fill(test_leg('AAA', 'manual'), 10, 90, 0)", "filled");
    expect(r, "SELECT state FROM control_state", "FLATTENING");
    expect(r, "SELECT test_fill(test_leg('BBB', 'stop_loss'), 10, 90, 0)", "filled");
    expect(r, "SELECT state FROM control_state", "HALTED");
    expect_proven(r);
}

/* ---- races: processes that do the same at once */

enum { RACERS = 4 };

static int race_entry(void *arg)
{
    struct settings *s;
    struct loop *l;
    struct desk *d = rig_desk(&s, &l, buying_agents);
    struct entry_result out;
    struct error e = {0};
    int won = 0;
    (void)arg;
    for (int64_t id = 1; id <= 10; id++)
        won += broker_enter(d, id, &out, &e) == OK;
    rig_desk_close(d, s, l);
    return won;
}

static void of_many_engines_one_enters_and_the_cash_is_spent_once(void **state)
{
    struct rig *r = *state;
    pid_t pid[RACERS];
    rig_run(r, "SELECT test_no_guards()");
    for (int i = 0; i < 10; i++) {
        char symbol[8];
        snprintf(symbol, sizeof symbol, "S%d", i);
        buy(r, symbol, "100", 220); /* four fit into 100,000 with 2 % on top, a fifth in part */
    }
    int won = 0;
    for (int i = 0; i < RACERS; i++)
        pid[i] = rig_fork(race_entry, NULL);
    for (int i = 0; i < RACERS; i++)
        won += rig_wait(pid[i]);
    assert_int_equal(won, 5);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM orders"), 5);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM positions"), 5);
    assert_true(rig_int(r, "SELECT sum(reserved_usd) FROM orders") <= 100000);
}

static int race_fills(void *arg)
{
    struct settings *s;
    struct loop *l;
    struct desk *d = rig_desk(&s, &l, buying_agents);
    struct error e = {0};
    int failed = 0;
    (void)arg;
    for (int i = 0; i < 20; i++) {
        struct act a = act_of(ACT_FILL, 1, "2020-11-23T15:00:00Z");
        a.look.as_of += i * USEC_SECOND;
        a.exit_reason = EXIT_STOP_LOSS;
        a.fill = (struct fill){.quantity = 3, .price = 950000, .fees = 10000};
        failed += broker_rig_store(d, &a, 1, &e) != OK;
    }
    rig_desk_close(d, s, l);
    return failed;
}

static void of_many_engines_one_fills_an_order_and_closes_the_position(void **state)
{
    struct rig *r = *state;
    pid_t pid[RACERS];
    enter(r, "AAA", "100", 40);
    expect(r, "SELECT test_fill(test_leg('AAA', 'entry'), 40, 100, 0)", "filled");
    for (int i = 0; i < RACERS; i++)
        pid[i] = rig_fork(race_fills, NULL);
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(rig_wait(pid[i]), 0);
    expect(r, "SELECT count(*) || ' ' || sum(quantity) FROM fills WHERE price = 95", "14 40");
    expect(r, "SELECT count(*) || ' ' || sum(pnl_dollars) FROM trade_outcomes", "1 -200.140000");
    expect_proven(r);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, broker_rig_open, broker_rig_close)
    const struct CMUnitTest tests[] = {
        TEST(a_trade_is_booked_to_the_micro_dollar_from_entry_to_outcome),
        TEST(everything_done_twice_is_done_once),
        TEST(an_old_look_and_a_lower_trail_change_nothing),
        TEST(a_quote_on_the_day_of_entry_counts_only_what_came_after_it),
        TEST(a_desk_that_is_not_running_orders_nothing),
        TEST(what_is_no_good_buy_is_refused_with_the_reason),
        TEST(a_degraded_decision_trades_on_demo_and_not_on_paper),
        TEST(the_guards_and_the_cash_have_the_last_word_on_the_size),
        TEST(a_moment_of_the_schedule_is_traded_once_by_symbol),
        TEST(an_entry_taken_back_leaves_nothing_behind),
        TEST(a_close_by_hand_is_one_order_and_audited),
        TEST(the_last_exit_of_a_flattening_desk_halts_it),
        TEST(of_many_engines_one_enters_and_the_cash_is_spent_once),
        TEST(of_many_engines_one_fills_an_order_and_closes_the_position),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
