/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be risked: each guard at exactly its limit, and breakers that nobody forgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/calendar.h"
#include "quorum/guards.h"
#include "quorum/timeutil.h"
#include "store/broker_rig.h"

enum { WAIT_MS = 20000 };

/* A Wednesday morning in New York, on a clock that stands; 100,000 in cash; a mark of the day
 * before, of the Friday before, and a peak, all 100,000. */
static int open_account(void **state)
{
    if (rig_open(state))
        return -1;
    rig_run(*state, "UPDATE desk SET clock = 'virtual', clock_at = '2026-11-18 15:00Z';"
                    "INSERT INTO equity_marks (session, cash_usd, stock_usd, peak_usd) VALUES"
                    " ('2026-11-13', 100000, 0, 100000), ('2026-11-17', 100000, 0, 100000)");
    return 0;
}

static void at(struct rig *r, const char *time)
{
    char sql[100];
    snprintf(sql, sizeof sql, "UPDATE desk SET clock_at = '%s'", time);
    rig_run(r, sql);
}

/* Bought with the account's cash at the price it has now: equity stays. */
static void hold(struct rig *r, const char *symbol, const char *sector, const char *usd,
                 const char *stop_risk)
{
    char sql[800];
    snprintf(sql, sizeof sql,
             "INSERT INTO positions (symbol, sector, state, quantity, entry_price, last_price,"
             "  stop_price) VALUES ('%s', '%s', 'OPEN', 100, %s::numeric / 100,"
             "  %s::numeric / 100, (%s::numeric - %s) / 100);"
             "WITH t AS (SELECT gen_random_uuid() AS id) INSERT INTO ledger (transaction_id, book,"
             "  amount_usd, memo) SELECT id, b, a, 'buy' FROM t,"
             "  (VALUES ('cash', -%s::numeric), ('stock', %s::numeric)) l (b, a)",
             symbol, sector, usd, usd, usd, stop_risk, usd, usd);
    rig_run(r, sql);
}

/* 100 shares ordered, none filled; its money reserved. */
static void order(struct rig *r, const char *symbol, const char *sector, const char *usd,
                  const char *stop_risk)
{
    char sql[900];
    snprintf(sql, sizeof sql,
             "WITH p AS (INSERT INTO positions (symbol, sector, state, quantity, stop_price)"
             "  VALUES ('%s', '%s', 'OPENING', 0, (%s::numeric - %s) / 100) RETURNING id)"
             "INSERT INTO orders (id, position_id, symbol, side, kind, quantity, limit_price,"
             "  reserved_usd, state, purpose) SELECT gen_random_uuid(), p.id, '%s', 'BUY',"
             "  'LIMIT', 100, %s::numeric / 100, %s, 'OPEN', 'ENTRY' FROM p",
             symbol, sector, usd, stop_risk, symbol, usd, usd);
    rig_run(r, sql);
}

/* Money that left the account for nothing. */
static void lose(struct rig *r, const char *usd)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "WITH t AS (SELECT gen_random_uuid() AS id) INSERT INTO ledger (transaction_id, book,"
             "  amount_usd, memo) SELECT id, b, a, 'lost' FROM t,"
             "  (VALUES ('cash', -(%s)), ('realised', %s)) l (b, a)",
             usd, usd);
    rig_run(r, sql);
}

/* Day and week began with what there is now: only the peak is far away. */
static void begin_anew(struct rig *r)
{
    rig_run(r, "UPDATE equity_marks SET cash_usd ="
               " (SELECT sum(amount_usd) FROM ledger WHERE book = 'cash')");
}

/* "blocks shares" of one rule about a new position in NEW at 100 with its stop 5 % below. */
static const char *rule(struct rig *r, const char *name)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "SELECT CASE WHEN blocks THEN 'no' ELSE 'yes' END || ' ' ||"
             "  COALESCE(max_shares::text, '-') FROM guards('NEW', 100, 5, 'Tech')"
             "  WHERE name = '%s'",
             name);
    return rig_text(r, sql);
}

static void one_symbol_takes_five_percent_and_not_a_share_more(void **state)
{
    struct rig *r = *state;
    assert_string_equal(rule(r, "symbol"), "yes 50");
    assert_int_equal(rig_int(r, "SELECT max_shares FROM guards('NEW', 100.01, 5, 'Tech')"
                                " WHERE name = 'symbol'"),
                     49);
    assert_string_equal(rig_text(r, "SELECT blocks FROM guards('NEW', 5000.01, 5, 'Tech')"
                                    " WHERE name = 'symbol'"),
                        "t");
    assert_string_equal(rule(r, "holding"), "yes -");
    order(r, "NEW", "Tech", "1000", "50");
    assert_string_equal(rule(r, "symbol"), "yes 40");
    assert_string_equal(rule(r, "holding"), "no 0");
}

static void a_sector_is_full_at_a_quarter_of_equity_open_orders_included(void **state)
{
    struct rig *r = *state;
    hold(r, "A", "Tech", "20000", "0");
    hold(r, "B", "Energy", "9000", "0");
    order(r, "C", "Tech", "4900", "0");
    assert_string_equal(rule(r, "sector"), "yes 1");
    order(r, "D", "Tech", "0.01", "0");
    assert_string_equal(rule(r, "sector"), "no 0");
    assert_string_equal(rig_text(r, "SELECT text FROM guards('NEW', 100, 5, '')"
                                    " WHERE name = 'sector' AND NOT blocks"),
                        "not applied: the sector is not known");
}

static void no_more_is_invested_than_there_is(void **state)
{
    struct rig *r = *state;
    hold(r, "A", "", "90000", "0");
    order(r, "B", "", "9900", "0");
    assert_string_equal(rule(r, "gross"), "yes 1");
    order(r, "C", "", "0.01", "0");
    assert_string_equal(rule(r, "gross"), "no 0");
    assert_string_equal(
        rig_text(r, "SELECT text FROM guards('NEW', 100, 5, '') WHERE name = 'gross'"),
        "invested, with open orders: 99.9 % of 100 % allowed: not one share fits");
}

static void cash_keeps_its_reserve_and_what_orders_have_reserved(void **state)
{
    struct rig *r = *state;
    hold(r, "A", "", "90000", "0");
    order(r, "B", "", "7899.95", "0"); /* 2,100.05 left, 2,000 stay, a share costs 100.05 */
    assert_string_equal(rule(r, "cash"), "yes 1");
    order(r, "C", "", "0.01", "0");
    assert_string_equal(rule(r, "cash"), "no 0");
}

static void the_risk_down_to_the_stop_is_bounded(void **state)
{
    struct rig *r = *state;
    assert_string_equal(rule(r, "position_risk"), "yes 100");
    assert_string_equal(rig_text(r, "SELECT blocks FROM guards('NEW', 5000, 10.01, '')"
                                    " WHERE name = 'position_risk'"),
                        "t");
    hold(r, "A", "", "20000", "3000");
    order(r, "B", "", "20000", "1995");
    assert_string_equal(rule(r, "total_risk"), "yes 1");
    order(r, "C", "", "10", "0.01");
    assert_string_equal(rule(r, "total_risk"), "no 0");
    /* A position without a stop may lose all of it. */
    rig_run(r, "DELETE FROM orders; DELETE FROM positions WHERE symbol <> 'A'");
    assert_string_equal(rule(r, "total_risk"), "yes 400");
    rig_run(r, "UPDATE positions SET stop_price = NULL");
    assert_string_equal(rule(r, "total_risk"), "no 0");
}

static void an_order_of_an_evaluation_counts_with_its_price_and_stop(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO evaluations (symbol, requested_by, price, stop_loss_pct)"
               " VALUES ('A', 'test', 200, 4);"
               "WITH p AS (INSERT INTO positions (symbol, sector, state, quantity, evaluation_id)"
               "  SELECT 'A', 'Tech', 'OPENING', 0, id FROM evaluations RETURNING *)"
               "INSERT INTO orders (id, position_id, evaluation_id, symbol, side, kind, quantity,"
               "  filled, state, purpose) SELECT gen_random_uuid(), p.id, p.evaluation_id, 'A',"
               "  'BUY', 'MARKET', 100, 50, 'OPEN', 'ENTRY' FROM p");
    assert_string_equal(rig_text(r, "SELECT string_agg(name || ' ' || trim_scale(value), ', ')"
                                    " FROM guards(NULL, NULL, NULL, NULL) WHERE value > 0"
                                    " AND name NOT IN ('cash', 'positions')"),
                        "gross 10, symbol 10, sector 10, position_risk 0.4, total_risk 0.4");
}

static void ten_positions_are_enough_ordered_ones_too(void **state)
{
    struct rig *r = *state;
    for (int i = 0; i < 9; i++)
        hold(r, (char[]){(char)('A' + i), '\0'}, "", "100", "1");
    assert_string_equal(rule(r, "positions"), "yes -");
    order(r, "X", "", "100", "1");
    assert_string_equal(rule(r, "positions"), "no 0");
}

static void only_a_running_desk_takes_new_risk(void **state)
{
    struct rig *r = *state;
    static const char *const states[] = {"PAUSED", "HALTED", "FLATTENING"};
    assert_string_equal(rule(r, "control"), "yes -");
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "UPDATE control_state SET state = '%s'", states[i]);
        rig_run(r, sql);
        assert_string_equal(rule(r, "control"), "no 0");
    }
}

static void losses_block_at_three_six_and_twenty_percent(void **state)
{
    struct rig *r = *state;
    lose(r, "2999.99");
    assert_string_equal(rule(r, "daily_loss"), "yes -");
    lose(r, "0.01");
    assert_string_equal(rule(r, "daily_loss"), "no 0");
    lose(r, "2999.99");
    assert_string_equal(rule(r, "weekly_loss"), "yes -");
    lose(r, "0.01");
    assert_string_equal(rule(r, "weekly_loss"), "no 0");
    lose(r, "13999.99");
    assert_string_equal(rule(r, "drawdown"), "yes -");
    lose(r, "0.01");
    assert_string_equal(rule(r, "drawdown"), "no 0");
}

static void after_a_loss_three_sessions_pass_before_the_symbol_is_bought_again(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO trade_outcomes (symbol, decision, entry_price, exit_price, pnl_dollars,"
               "  pnl_pct, exit_reason, quantity, opened_at, closed_at) VALUES"
               " ('NEW', 'BUY', 100, 99, -1, -1, 'stop_loss', 1, desk_now(), desk_now()),"
               " ('WON', 'BUY', 100, 101, 1, 1, 'take_profit', 1, desk_now(), desk_now())");
    assert_string_equal(rule(r, "cool_down"), "no 0");
    at(r, "2026-11-23 20:59:59Z"); /* Thursday, Friday, Monday, to the last minute */
    assert_string_equal(rule(r, "cool_down"), "no 0");
    at(r, "2026-11-23 21:00Z");
    assert_string_equal(rule(r, "cool_down"), "yes -");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM guards('WON', 100, 5, '')"
                                " WHERE name = 'cool_down' AND blocks"),
                     0);
    /* Thanksgiving is no session. */
    rig_run(r, "UPDATE trade_outcomes SET created_at = '2026-11-23 20:00Z',"
               "  closed_at = '2026-11-23 20:00Z'");
    at(r, "2026-11-27 20:59Z");
    assert_string_equal(rule(r, "cool_down"), "no 0");
    at(r, "2026-11-30 20:59Z");
    assert_string_equal(rule(r, "cool_down"), "yes -");
}

static void what_is_not_known_is_no_permission(void **state)
{
    struct rig *r = *state;
    struct error e;
    const struct statement bad = {"bad", "SELECT * FROM guards('NEW', -1, 5, '')"};
    assert_string_equal(
        rig_text(r, "SELECT string_agg(name, ' ') FROM guards('NEW', 100, NULL, '') WHERE blocks"),
        "stop");
    assert_int_equal(db_query(r->super, &bad, NULL, NULL, &e), ERR_FAILED);
    lose(r, "100000");
    assert_string_equal(rig_text(r, "SELECT string_agg(name, ' ' ORDER BY name)"
                                    " FROM guards('NEW', 100, 5, 'Tech') WHERE blocks"),
                        "cash daily_loss drawdown gross position_risk sector symbol total_risk "
                        "weekly_loss");
}

static void the_command_and_the_program_see_what_the_database_says(void **state)
{
    struct rig *r = *state;
    struct arena a = {0};
    struct guard *g;
    struct error e = {0};
    size_t n;
    hold(r, "A", "Tech", "25000", "100");
    assert_int_equal(guards_load(r->desk, NULL, &a, &g, &n, &e), OK);
    assert_int_equal(n, 11);
    assert_string_equal(g[4].name, "sector");
    assert_string_equal(g[4].value, "25");
    assert_string_equal(g[4].distance, "0");
    assert_string_equal(g[4].text, "Tech");
    assert_false(g[4].blocks);
    assert_int_equal(g[4].max_shares, -1);
    /* With a symbol: price, stop and sector of its newest evaluation. */
    rig_run(r, "INSERT INTO evaluations (symbol, requested_by, price, stop_loss_pct)"
               " VALUES ('NEW', 'test', 100, 5);"
               "INSERT INTO dossiers (evaluation_id, created_at, content, sha256) SELECT id,"
               "  '2026-11-22', '{\"profile\": {\"sector\": \"Tech\"}}', '' FROM evaluations");
    assert_int_equal(guards_load(r->desk, "NEW", &a, &g, &n, &e), OK);
    assert_int_equal(n, 13);
    assert_string_equal(g[3].name, "symbol");
    assert_int_equal(g[3].max_shares, 50);
    assert_true(g[4].blocks);
    assert_int_equal(g[4].max_shares, 0);
    arena_release(&a);
}

/* ---- breakers ---- */

struct ended {
    bool yes;
    enum err kind;
};

static void done(void *arg, const struct error *e)
{
    struct ended *end = arg;
    end->yes = true;
    end->kind = e ? e->kind : OK;
}

static bool has_ended(void *arg)
{
    return ((const struct ended *)arg)->yes;
}

static void update(struct rig *r)
{
    struct ended end = {0};
    breakers_update(r->desk, done, &end);
    assert_true(loop_run_until(r->desk->loop, has_ended, &end, WAIT_MS));
    assert_int_equal(end.kind, OK);
}

/* Open breakers, by name. */
static const char *tripped(struct rig *r)
{
    return rig_text(r, "SELECT string_agg(name, ' ' ORDER BY name) FROM breakers"
                       " WHERE cleared_at IS NULL");
}

static void a_tripped_breaker_outlives_the_program_and_the_recovery(void **state)
{
    struct rig *r = *state;
    lose(r, "3000");
    update(r);
    update(r);
    assert_string_equal(tripped(r), "daily_loss");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM breakers"), 1);
    assert_string_equal(rig_text(r, "SELECT string_agg(verb || ' ' || object, ', ')"
                                    " FROM operator_actions WHERE verb LIKE 'breaker%'"),
                        "breaker trip daily_loss");
    assert_string_equal(rig_text(r, "SELECT string_agg(rule || ' ' || object || ' ' || severity,"
                                    "  ', ') FROM alerts WHERE cleared_at IS NULL"),
                        "breaker daily_loss C");
    lose(r, "-3000"); /* all of it back */
    rig_reopen(r, buying_agents);
    update(r);
    assert_string_equal(rule(r, "daily_loss"), "no 0");
    /* Midnight in New York ends it. */
    at(r, "2026-11-19 04:59Z");
    update(r);
    assert_string_equal(rule(r, "daily_loss"), "no 0");
    at(r, "2026-11-19 05:00Z");
    assert_string_equal(rule(r, "daily_loss"), "yes -");
    update(r);
    assert_string_equal(tripped(r), "");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM alerts WHERE cleared_at IS NULL"), 0);
}

static void a_bad_week_blocks_until_monday(void **state)
{
    struct rig *r = *state;
    rig_run(r, "UPDATE equity_marks SET cash_usd = 94500, peak_usd = 100000"
               " WHERE session = '2026-11-17'");
    lose(r, "6000");
    update(r);
    assert_string_equal(tripped(r), "weekly_loss");
    at(r, "2026-11-23 04:59Z");
    update(r);
    assert_string_equal(tripped(r), "weekly_loss");
    at(r, "2026-11-23 05:00Z");
    update(r);
    assert_string_equal(tripped(r), "");
}

static void a_drawdown_blocks_until_it_is_below_fifteen_percent(void **state)
{
    struct rig *r = *state;
    lose(r, "19999.99");
    begin_anew(r);
    update(r);
    assert_string_equal(tripped(r), "");
    lose(r, "0.01");
    update(r);
    assert_string_equal(tripped(r), "drawdown");
    lose(r, "-5000"); /* 15 % */
    update(r);
    assert_string_equal(tripped(r), "drawdown");
    assert_string_equal(rule(r, "drawdown"), "no 0");
    lose(r, "-0.01");
    update(r);
    assert_string_equal(tripped(r), "");
    assert_string_equal(rule(r, "drawdown"), "yes -");
    lose(r, "4999"); /* below 20 again: not tripped anew */
    update(r);
    assert_string_equal(tripped(r), "");
}

static void a_person_lifts_a_breaker_for_one_more_measure(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    lose(r, "21000");
    begin_anew(r);
    assert_int_equal(breaker_reset(r->desk, "drawdown", "too early", &e), ERR_USAGE);
    assert_int_equal(breaker_reset(r->desk, "drawdawn", "", &e), ERR_USAGE);
    update(r);
    assert_string_equal(tripped(r), "drawdown");
    assert_int_equal(breaker_reset(r->desk, "drawdown", "I know", &e), OK);
    assert_string_equal(rule(r, "drawdown"), "yes -");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM operator_actions WHERE verb ="
                                " 'guards reset' AND reason = 'I know' AND after ="
                                " 'trips again at 26 %'"),
                     1);
    update(r);
    lose(r, "4999");
    begin_anew(r);
    update(r);
    assert_string_equal(tripped(r), "");
    lose(r, "1");
    update(r);
    assert_string_equal(tripped(r), "drawdown");
    /* Once recovered the reset is used up. */
    assert_int_equal(breaker_reset(r->desk, "drawdown", "", &e), OK);
    lose(r, "-15000");
    update(r);
    lose(r, "9000");
    begin_anew(r);
    update(r);
    assert_string_equal(tripped(r), "drawdown");
}

static void a_reset_of_the_day_ends_with_the_day(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    lose(r, "3000");
    update(r);
    assert_int_equal(breaker_reset(r->desk, "daily_loss", "", &e), OK);
    lose(r, "2999");
    update(r);
    assert_string_equal(tripped(r), "");
    assert_string_equal(rule(r, "daily_loss"), "yes -");
    rig_run(r, "INSERT INTO equity_marks (session, cash_usd, stock_usd, peak_usd)"
               " VALUES ('2026-11-18', 94001, 0, 100000)");
    at(r, "2026-11-19 15:00Z");
    update(r);
    assert_string_equal(tripped(r), "");
    lose(r, "2821"); /* 3.001 % of 94,001 */
    update(r);
    assert_string_equal(tripped(r), "daily_loss weekly_loss");
}

static void nobody_that_may_only_read_trips_or_lifts_a_breaker(void **state)
{
    struct rig *r = *state;
    char conninfo[1024];
    struct error e;
    const struct statement look = {"look", "SELECT count(*) FROM guards(NULL, NULL, NULL, NULL)"};
    const struct statement trip = {"trip", "SELECT breakers_update()"};
    const struct statement lift = {"lift", "SELECT breaker_reset('drawdown', 'x', '', '')"};
    struct db_options o = {.conninfo = cluster_conninfo(r->f->cluster, conninfo, sizeof conninfo,
                                                        "quorum_ro", "quorum_demo"),
                           .application = "quorum-test"};
    struct db *db = db_new(r->loop, &o);
    assert_int_equal(db_open(db, WAIT_MS, &e), OK);
    assert_int_equal(db_query(db, &look, NULL, NULL, &e), OK);
    assert_int_equal(db_query(db, &trip, NULL, NULL, &e), ERR_POLICY);
    assert_int_equal(db_query(db, &lift, NULL, NULL, &e), ERR_POLICY);
    db_free(db);
}

/* ---- with the broker ---- */

static enum err enter(struct rig *r, const char *symbol, struct entry_result *out, struct error *e)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT test_buy('%s', 100, 60, 5, 10, NULL)", symbol);
    return broker_enter(r->desk, rig_int(r, sql), out, e);
}

static void each_order_of_a_moment_counts_for_the_next(void **state)
{
    struct rig *r = *state;
    struct entry_result out;
    struct error e = {0};
    for (int i = 0; i < 10; i++) {
        assert_int_equal(enter(r, (char[]){'S', (char)('A' + i), '\0'}, &out, &e), OK);
        assert_int_equal(out.shares, 50); /* of the 60 wanted: 5 % of equity */
    }
    assert_int_equal(enter(r, "SK", &out, &e), ERR_POLICY);
    assert_non_null(strstr(e.text, "10 positions are open or ordered"));
    assert_int_equal(rig_int(r, "SELECT count(*) FROM orders"), 10);
    assert_string_equal(rig_text(r, "SELECT trim_scale(value) FROM guards(NULL, NULL, NULL, NULL)"
                                    " WHERE name = 'gross'"),
                        "50");
}

static void no_guard_and_no_breaker_stops_an_exit(void **state)
{
    struct rig *r = *state;
    struct entry_result out;
    struct error e = {0};
    enter(r, "AAA", &out, &e);
    enter(r, "BBB", &out, &e);
    rig_run(r, "SELECT test_fill(test_leg('AAA', 'entry'), 50, 100, 0);"
               "SELECT test_fill(test_leg('BBB', 'entry'), 50, 100, 0)");
    lose(r, "30000");
    update(r);
    rig_run(r, "UPDATE control_state SET state = 'HALTED'");
    assert_string_equal(tripped(r), "daily_loss drawdown weekly_loss");
    assert_int_equal(enter(r, "CCC", &out, &e), ERR_POLICY);
    assert_int_equal(broker_close(r->desk, "AAA", EXIT_MANUAL, "ada", "out", &e), OK);
    assert_string_equal(rig_text(r, "SELECT test_fill(test_leg('AAA', 'manual'), 50, 90, 0)"),
                        "filled");
    assert_string_equal(rig_text(r, "SELECT test_fill(test_leg('BBB', 'stop_loss'), 50, 94, 0)"),
                        "filled");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM positions WHERE closed_at IS NULL"), 0);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM trade_outcomes"), 2);
}

/* The database's rule and the program's calendar say the same, but for closures nobody could
 * foresee (data/closures.csv). */
static void a_cool_down_counts_the_exchanges_sessions(void **state)
{
    struct rig *r = *state;
    const struct statement days = {
        "days", "SELECT exchange_session(d::date) FROM generate_series('1998-01-01'::date,"
                " '2035-12-31', interval '1 day') d"};
    struct rows rows = {0};
    struct error e;
    int32_t first = day_from_civil(1998, 1, 1);
    int unforeseen = 0;
    assert_int_equal(db_query(r->super, &days, NULL, &rows, &e), OK);
    for (size_t i = 0; i < rows.nrows; i++) {
        bool open = calendar_session(first + (int32_t)i) != SESSION_CLOSED;
        char day[11];
        if (open && !rows_bool(&rows, i, 0))
            fail_msg("%s is a session", day_print(day, first + (int32_t)i));
        unforeseen += !open && rows_bool(&rows, i, 0);
    }
    assert_in_range(unforeseen, 5, 15);
    rows_release(&rows);
}

#define ON_ACCOUNT(test) cmocka_unit_test_setup_teardown(test, open_account, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ACCOUNT(one_symbol_takes_five_percent_and_not_a_share_more),
        ON_ACCOUNT(a_sector_is_full_at_a_quarter_of_equity_open_orders_included),
        ON_ACCOUNT(no_more_is_invested_than_there_is),
        ON_ACCOUNT(cash_keeps_its_reserve_and_what_orders_have_reserved),
        ON_ACCOUNT(the_risk_down_to_the_stop_is_bounded),
        ON_ACCOUNT(an_order_of_an_evaluation_counts_with_its_price_and_stop),
        ON_ACCOUNT(ten_positions_are_enough_ordered_ones_too),
        ON_ACCOUNT(only_a_running_desk_takes_new_risk),
        ON_ACCOUNT(losses_block_at_three_six_and_twenty_percent),
        ON_ACCOUNT(after_a_loss_three_sessions_pass_before_the_symbol_is_bought_again),
        ON_ACCOUNT(what_is_not_known_is_no_permission),
        ON_ACCOUNT(the_command_and_the_program_see_what_the_database_says),
        ON_ACCOUNT(a_tripped_breaker_outlives_the_program_and_the_recovery),
        ON_ACCOUNT(a_bad_week_blocks_until_monday),
        ON_ACCOUNT(a_drawdown_blocks_until_it_is_below_fifteen_percent),
        ON_ACCOUNT(a_person_lifts_a_breaker_for_one_more_measure),
        ON_ACCOUNT(a_reset_of_the_day_ends_with_the_day),
        ON_ACCOUNT(nobody_that_may_only_read_trips_or_lifts_a_breaker),
        cmocka_unit_test_setup_teardown(each_order_of_a_moment_counts_for_the_next, broker_rig_open,
                                        broker_rig_close),
        cmocka_unit_test_setup_teardown(no_guard_and_no_breaker_stops_an_exit, broker_rig_open,
                                        broker_rig_close),
        ON_ACCOUNT(a_cool_down_counts_the_exchanges_sessions),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
