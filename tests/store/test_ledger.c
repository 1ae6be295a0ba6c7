/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger: splits, dividends, marks, and the proof that every cent follows from the fills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/desk/session.h"
#include "quorum/timeutil.h"
#include "store/broker_rig.h"

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

/* Holds `shares` of a symbol bought at a price, one day before the clock's day. */
static void hold(struct rig *r, const char *symbol, int shares, const char *price)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT test_no_guards();"
             "SELECT broker_enter(test_buy('%s', %s, %d, 4, 8, NULL));"
             "SELECT test_fill(test_leg('%s', 'entry'), %d, %s, 0);"
             "UPDATE desk SET clock_at = clock_at + interval '1 day'",
             symbol, price, shares, symbol, shares, price);
    rig_run(r, sql);
}

/* ---- splits and dividends */

static void a_split_multiplies_shares_and_divides_every_level_once(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    int32_t ex;
    assert_true(day_parse("2020-11-23", &ex));
    hold(r, "AAA", 10, "700");
    rig_run(r, "SELECT broker_seen('[{\"p\": 1, \"at\": \"2020-11-20T21:00Z\", \"day\":"
               " \"2020-11-20\", \"last\": 707, \"high\": 714, \"low\": 693, \"bar\": true}]')");
    for (int i = 0; i < 2; i++) {
        /* 7 for 1, and $0.82 of the old shares. */
        assert_int_equal(broker_corporate_action(r->desk, "AAA", ex, 7, 820000, 7070000, &e), OK);
        expect(r,
               POSITION("quantity, bought, cost_usd, entry_price, stop_price, target_price,"
                        " last_price, high_price"),
               "(70,70,7000.000000,100.000000,96.000000,108.000000,101.000000,102.000000)");
        expect(r,
               "SELECT string_agg(quantity || ' at ' || round(COALESCE(stop_price,"
               " limit_price), 2), ', ' ORDER BY kind) FROM orders WHERE state = 'OPEN'",
               "70 at 108.00, 70 at 96.00");
        expect(r, "SELECT sum(amount_usd) FROM ledger WHERE book = 'dividends'", "-8.200000");
        expect_proven(r);
    }
    expect(r, "SELECT test_fill(test_leg('AAA', 'take_profit'), 70, 108.5, 0)", "filled");
    expect(r, "SELECT (pnl_dollars, quantity, entry_price, exit_price)::text FROM trade_outcomes",
           "(595.000000,70,100.000000,108.500000)");
    expect(r, "SELECT broker_cash()", "100603.200000");
    expect_proven(r);
}

static void fractions_of_a_reverse_split_are_paid_in_cash(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    int32_t ex;
    assert_true(day_parse("2020-11-23", &ex));
    hold(r, "AIG", 57, "1.50");
    assert_int_equal(broker_corporate_action(r->desk, "AIG", ex, 0.05, 0, 15200, &e), OK);
    /* 2.85 shares: 2 stay, 0.85 at 20 x 1.52 */
    expect(r, POSITION("quantity, entry_price, stop_price"), "(2,30.000000,28.800000)");
    expect(r, "SELECT (shares_before, shares_after, cash_usd)::text FROM corporate_actions",
           "(57,2,25.840000)");
    /* 85.50 x .85 / 2.85 = 25.50 of the cost went with them */
    expect(r, POSITION("cost_usd"), "60.000000");
    expect(r, "SELECT sum(amount_usd) FROM ledger WHERE book = 'realised'", "-0.340000");
    expect_proven(r);
    hold(r, "TINY", 9, "1");
    assert_int_equal(broker_corporate_action(r->desk, "TINY", ex + 3, 0.1, 0, 12000, &e), OK);
    expect(r, POSITION("symbol, state, quantity"), "(TINY,CLOSED,0)");
    expect(r, "SELECT (quantity, exit_price, pnl_dollars, exit_reason)::text FROM trade_outcomes",
           "(9,1.200000,1.800000,manual)");
    expect_proven(r);
}

/* Ten dividends of a cent, then two splits of one new share for four. */
enum { DIVIDENDS = 10, ACTIONS = 12 };

static size_t long_unseen(struct market *m, const char *symbol, int32_t after, int32_t until,
                          struct corporate_action *out, size_t max)
{
    size_t n = 0;
    (void)m;
    (void)symbol;
    for (int i = 0; i < ACTIONS && n < max; i++) {
        bool split = i >= DIVIDENDS;
        int32_t ex = day_from_civil(2020, 11, 24) + i;
        if (ex > after && ex <= until)
            out[n++] = (struct corporate_action){
                .ex_day = ex, .split_ratio = split ? 0.25 : 1, .dividend = split ? 0 : 10000};
    }
    return n;
}

static void all_that_came_since_the_last_look_is_applied_each_at_its_price(void **state)
{
    static const struct market_ops ops = {.name = "test", .actions = long_unseen};
    struct rig *r = *state;
    struct market market = {.ops = &ops}, *own = r->desk->market;
    struct book book = {0};
    struct error e = {0};
    size_t n = 0;
    hold(r, "AIG", 57, "1.50");
    rig_run(r, "SELECT broker_seen('[{\"p\": 1, \"at\": \"2020-11-23T21:00Z\", \"day\":"
               " \"2020-11-23\", \"last\": 1.60, \"high\": 1.61, \"low\": 1.49, \"bar\": true}]')");
    assert_int_equal(book_load(r->desk, &book, &e), OK);
    r->desk->market = &market;
    enum err result = session_actions(r->desk, &book, day_from_civil(2020, 12, 31), &n, &e);
    r->desk->market = own;
    book_release(&book);
    assert_int_equal(result, OK);
    assert_int_equal(n, ACTIONS);
    expect(r, "SELECT sum(cash_usd) FROM corporate_actions WHERE dividend_usd > 0", "5.700000");
    /* 14.25 shares: 0.25 at 4 x 1.60; then 3.5: 0.5 at 4 x 6.40 */
    expect(r,
           "SELECT string_agg((shares_before, shares_after, cash_usd)::text, ' ' ORDER BY ex_day)"
           " FROM corporate_actions WHERE split_ratio IS NOT NULL",
           "(57,14,1.600000) (14,3,12.800000)");
    expect_proven(r);
}

static void a_split_between_order_and_fill_changes_what_is_bought(void **state)
{
    struct rig *r = *state;
    rig_run(r, "SELECT test_no_guards(); SELECT broker_enter(test_buy('AAA', 400, 10, 4, 8, NULL));"
               "SELECT test_fill(test_leg('AAA', 'entry'), 4, 400, 0);"
               "SELECT broker_action('AAA', '2020-11-23', 4, 0, 400)");
    expect(r, POSITION("quantity, entry_price"), "(16,100.000000)");
    expect(r, "SELECT (quantity, filled)::text FROM orders WHERE purpose = 'ENTRY'", "(28,4)");
    expect(r, "SELECT test_fill(test_leg('AAA', 'entry'), 24, 102, 0)", "filled");
    expect(r, POSITION("quantity, entry_price, cost_usd"), "(40,101.200000,4048.000000)");
    expect_proven(r);
    /* Bought on the ex-day or later: the price has it already. */
    rig_run(r, "SELECT broker_enter(test_buy('BBB', 100, 10, 4, 8, NULL));"
               "SELECT test_fill(test_leg('BBB', 'entry'), 10, 100, 0);"
               "SELECT broker_action('BBB', '2020-11-20', 2, 1, 100)");
    expect(r, POSITION("symbol, quantity"), "(BBB,10)");
    expect_proven(r);
}

/* ---- marks */

struct marked {
    bool yes;
    struct error e;
};

static void on_marked(void *arg, const struct error *e)
{
    struct marked *m = arg;
    m->yes = true;
    if (e)
        m->e = *e;
}

static bool is_marked(void *arg)
{
    return ((const struct marked *)arg)->yes;
}

static void mark(struct rig *r, const char *day)
{
    struct marked m = {0};
    int32_t session;
    assert_true(day_parse(day, &session));
    broker_mark(r->desk, session, on_marked, &m);
    assert_true(loop_run_until(r->loop, is_marked, &m, 30000));
    assert_int_equal(m.e.kind, OK);
}

static void a_mark_is_cash_and_stock_and_the_peak_is_kept(void **state)
{
    struct rig *r = *state;
    hold(r, "AAA", 100, "100");
    rig_run(r, "UPDATE positions SET last_price = 110");
    mark(r, "2020-11-20");
    rig_run(r, "UPDATE positions SET last_price = 90");
    mark(r, "2020-11-23");
    mark(r, "2020-11-23");
    mark(r, "2020-11-20"); /* too late: stays */
    expect(r,
           "SELECT string_agg((session, cash_usd, stock_usd, equity_usd, peak_usd)::text, ' '"
           " ORDER BY session) FROM equity_marks",
           "(2020-11-20,90000.000000,11000.000000,101000.000000,101000.000000) "
           "(2020-11-23,90000.000000,9000.000000,99000.000000,101000.000000)");
    struct account_totals t;
    struct error e = {0};
    assert_int_equal(broker_totals(r->desk, &t, &e), OK);
    assert_true(t.cash == INT64_C(90000000000) && t.stock == INT64_C(9000000000) &&
                t.equity == INT64_C(99000000000));
    expect(r, "SELECT test_fill(test_leg('AAA', 'stop_loss'), 30, 95, 1)", "filled");
    expect_proven(r);
}

/* ---- any life at all */

/* One random life of one symbol in which every step may happen at any time; after each step what
 * protects the position covers it. Prices walk by a few percent. */
static const char random_life[] =
    "CREATE FUNCTION test_life(seed int) RETURNS void LANGUAGE plpgsql AS $$"
    "DECLARE"
    " sym text := 'L' || seed; price numeric; e bigint; step int; n bigint; p positions;"
    " ratio float8; bad text; was text;"
    "BEGIN"
    " PERFORM setseed(seed / 1000.0);"
    " UPDATE desk SET clock_at = '2020-11-20 15:00Z';"
    " price := round((1 + random() * 60)::numeric, 4);"
    " PERFORM broker_enter(test_buy(sym, price, 30, 4, 8, NULL));"
    " FOR step IN 1 .. 6 + (random() * 20)::int LOOP"
    "  price := GREATEST(round(price * (0.9 + random() * 0.2)::numeric, 4), 0.01);"
    "  n := 1 + (random() * random() * 80)::bigint;"
    "  SELECT * INTO p FROM positions WHERE symbol = sym AND closed_at IS NULL;"
    "  CASE (random() * 12)::int"
    "  WHEN 0, 1 THEN e := test_buy(sym, price, n, 1 + random() * 9, random() * 20, NULL);"
    "    PERFORM broker_enter(e); PERFORM broker_enter(e);"
    "  WHEN 2, 3, 4 THEN PERFORM test_fill(test_leg(sym, 'entry'), n, price, 0);"
    "  WHEN 5 THEN PERFORM test_fill(broker_leg(p.id, 'stop_loss'), n / 2 + 1, price,"
    "    round(random()::numeric, 2));"
    "  WHEN 6 THEN PERFORM test_fill(broker_leg(p.id, 'take_profit'), n / 3 + 1, price, 0.01);"
    "  WHEN 7 THEN PERFORM broker_order_exit(p.id, 'time_exit', 'quorum', 'test');"
    "  WHEN 8 THEN PERFORM test_fill(broker_leg(p.id, 'time_exit'), n, price, 0.37);"
    "  WHEN 9 THEN"
    "    UPDATE desk SET clock_at = clock_at + interval '1 day';"
    "    ratio := (ARRAY[1, 2, 3, 7, 1.5, 1.1, 1.0/3, 0.05, 0.7])[1 + (random() * 8)::int];"
    "    PERFORM broker_action(sym, (desk_now() AT TIME ZONE 'America/New_York')::date, ratio,"
    "     round((random() * 2)::numeric, 6), CASE WHEN random() < 0.5 THEN price ELSE 0 END),"
    "     broker_action(sym, (desk_now() AT TIME ZONE 'America/New_York')::date, 9, 9, 9);"
    "    price := GREATEST(round(price / ratio::numeric, 4), 0.01);"
    "  WHEN 10 THEN PERFORM broker_expire(test_leg(sym, 'entry'));"
    "  WHEN 11 THEN PERFORM broker_move_stop(p.id, round(p.stop_price * 1.02, 4),"
    "    'trailing_stop', price);"
    "  ELSE PERFORM broker_seen(jsonb_build_array(jsonb_build_object('p', p.id, 'at', desk_now(),"
    "    'day', desk_now()::date, 'last', price, 'high', price * 1.01, 'low', price * 0.99,"
    "    'bar', random() < 0.5)));"
    "  END CASE;"
    "  SELECT string_agg(h.symbol || ' holds ' || h.quantity || ' in ' || h.state, ';') INTO bad"
    "  FROM positions h WHERE h.symbol = sym AND h.closed_at IS NULL AND h.quantity <>"
    "   COALESCE((SELECT o.quantity - o.filled FROM orders o WHERE o.position_id = h.id"
    "             AND o.state = 'OPEN' AND o.kind = 'STOP'), 0);"
    "  IF bad IS NOT NULL THEN RAISE EXCEPTION 'unprotected: %', bad; END IF;"
    "  IF EXISTS (SELECT FROM orders o JOIN positions h ON h.id = o.position_id"
    "   WHERE o.state = 'OPEN' AND h.state = 'CLOSED') THEN"
    "   RAISE EXCEPTION 'an open order of a closed position'; END IF;"
    " END LOOP;"
    " FOR p IN SELECT * FROM positions WHERE symbol = sym AND closed_at IS NULL LOOP"
    "  IF seed % 8 > 0 THEN"
    "   PERFORM broker_close(sym, 'manual', 'anna', '', 'end');"
    "   PERFORM test_fill(broker_leg(p.id, p.exit_reason), 1000000, price, 0.02),"
    "           test_fill(broker_leg(p.id, 'manual'), 1000000, price, 0.02);"
    "  END IF;"
    " END LOOP;"
    " PERFORM broker_mark('2019-01-01'::date + seed);"
    "END $$;"
    /* Most lives are undone after their proof, so that the next one is not slower. */
    "CREATE FUNCTION test_proof(seed int) RETURNS text LANGUAGE plpgsql AS $$"
    "DECLARE wrong text; BEGIN"
    " PERFORM test_life(seed);"
    " SELECT string_agg(format('%s should be %s, is %s', what, expected, p.found), '; ')"
    " INTO wrong FROM ledger_proof() p;"
    " IF broker_cash() < (SELECT COALESCE(sum(reserved_usd), 0) FROM orders WHERE state = 'OPEN')"
    " THEN wrong := 'more reserved than there is'; END IF;"
    " IF broker_cash() <> (SELECT sum(amount_usd) FROM ledger WHERE book = 'cash')"
    " THEN wrong := 'the cash told is not the cash booked'; END IF;"
    " IF wrong IS NULL AND seed % 10 > 0 THEN RAISE EXCEPTION USING ERRCODE = 'QQ001'; END IF;"
    " RETURN wrong;"
    "EXCEPTION WHEN SQLSTATE 'QQ001' THEN RETURN NULL; END $$;"
    "SELECT test_no_guards()";

static void after_any_life_every_cent_is_accounted_for(void **state)
{
    struct rig *r = *state;
    char sql[64];
    rig_run(r, random_life);
    for (int seed = 1; seed <= 500; seed++) {
        snprintf(sql, sizeof sql, "SELECT test_proof(%d)", seed);
        const char *wrong = rig_text(r, sql);
        if (*wrong)
            fail_msg("seed %d: %s", seed, wrong);
    }
    expect_proven(r);
    /* The lives were worth living. */
    assert_in_range(rig_int(r, "SELECT count(*) FROM trade_outcomes"), 40, 5000);
    assert_in_range(rig_int(r, "SELECT count(*) FROM positions WHERE closed_at IS NULL"), 2, 500);
    assert_in_range(rig_int(r, "SELECT count(*) FROM corporate_actions WHERE shares_before > 0"),
                    30, 5000);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM trade_outcomes t LEFT JOIN trade_metadata m"
                                " ON m.trade_outcome_id = t.id WHERE m.id IS NULL"),
                     0);
}

/* ---- what was changed is found */

/* What the proof says after a change past all triggers, which is then undone. */
static const char tamper[] =
    "CREATE FUNCTION test_tamper(change text) RETURNS text LANGUAGE plpgsql AS $$"
    "DECLARE found text; BEGIN"
    " PERFORM set_config('session_replication_role', 'replica', true);"
    " EXECUTE change;"
    " SELECT string_agg(format('%s should be %s and is %s', what, trim_scale(expected),"
    "  trim_scale(p.found)), '; ') INTO found FROM ledger_proof() p;"
    " RAISE EXCEPTION USING ERRCODE = 'QQ001';"
    "EXCEPTION WHEN SQLSTATE 'QQ001' THEN RETURN found; END $$;";

static void whatever_is_changed_by_hand_the_proof_finds_it(void **state)
{
    struct rig *r = *state;
    static const struct {
        const char *change, *found;
    } tampered[] = {
        {"UPDATE fills SET price = price + 0.01 WHERE id = 1", "cash of fill 1 should be -1000.1 "},
        {"UPDATE fills SET quantity = quantity + 1 WHERE id = 1", "shares filled of order"},
        {"UPDATE orders SET filled = filled - 1 WHERE purpose = 'ENTRY' AND symbol = 'AAA'",
         "shares filled of order"},
        {"UPDATE positions SET quantity = 11 WHERE symbol = 'AAA'", "shares of position 1 AAA"},
        {"UPDATE positions SET cost_usd = cost_usd - 0.000001 WHERE symbol = 'AAA'",
         "stock of AAA should be"},
        {"UPDATE trade_outcomes SET pnl_dollars = pnl_dollars + 0.000001", "P&L of trade 1 BBB"},
        {"UPDATE trade_outcomes SET fees_usd = 0", "fees of trade 1 BBB"},
        {"DELETE FROM trade_metadata; DELETE FROM trade_outcomes", "trades of position 2 BBB"},
        {"UPDATE ledger SET amount_usd = amount_usd + 5 WHERE id = 1", "cash should be"},
        {"DELETE FROM ledger WHERE book = 'fees'", "fees should be 0.05 and is 0"},
        {"UPDATE ledger SET book = 'dividends' WHERE book = 'realised'", "realised should be"},
        {"UPDATE equity_marks SET cash_usd = cash_usd + 1", "cash of the mark of 2020-11-20"},
        {"UPDATE equity_marks SET peak_usd = peak_usd + 1", "peak of the mark of 2020-11-20"},
        {"UPDATE equity_marks SET parts = '[]'", "stock of the mark of 2020-11-20"},
        {"UPDATE corporate_actions SET cash_usd = 9", "cash should be"},
    };
    hold(r, "AAA", 10, "100");
    hold(r, "BBB", 10, "100");
    rig_run(r, "SELECT test_fill(test_leg('BBB', 'stop_loss'), 10, 96, 0.05);"
               "SELECT broker_action('AAA', '2020-11-23', 1, 0.5, 100);"
               "SELECT broker_mark('2020-11-20')");
    expect_proven(r);
    rig_run(r, tamper);
    for (size_t i = 0; i < ARRAY_LEN(tampered); i++) {
        char sql[400];
        snprintf(sql, sizeof sql, "SELECT test_tamper($t$%s$t$)", tampered[i].change);
        const char *found = rig_text(r, sql);
        if (!strstr(found, tampered[i].found))
            fail_msg("%s: found is \"%s\"", tampered[i].change, found);
        expect_proven(r);
    }
    /* The same through the program. */
    struct rows rows = {0};
    struct error e = {0};
    rig_run(r,
            "ALTER TABLE fills DISABLE TRIGGER USER; UPDATE fills SET fees_usd = 1 WHERE id = 1");
    assert_int_equal(broker_prove(r->desk, &rows, &e), OK);
    assert_in_range(rows.nrows, 2, 9);
    assert_string_equal(rows_text(&rows, 0, 0), "cash");
    assert_string_equal(rows_text(&rows, 0, 1), "98963.95");
    assert_string_equal(rows_text(&rows, 0, 2), "98964.95");
    rows_release(&rows);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, broker_rig_open, broker_rig_close)
    const struct CMUnitTest tests[] = {
        TEST(a_split_multiplies_shares_and_divides_every_level_once),
        TEST(fractions_of_a_reverse_split_are_paid_in_cash),
        TEST(all_that_came_since_the_last_look_is_applied_each_at_its_price),
        TEST(a_split_between_order_and_fill_changes_what_is_bought),
        TEST(a_mark_is_cash_and_stock_and_the_peak_is_kept),
        TEST(after_any_life_every_cent_is_accounted_for),
        TEST(whatever_is_changed_by_hand_the_proof_finds_it),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
