/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two connections at once, one held at the moment that matters: nothing is lost, paid twice or
 * booked out of order, and neither waits for the other in a circle. */
#include <libpq-fe.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/desk/engine_private.h"
#include "quorum/evaluation.h"
#include "store/broker_rig.h"

enum { PATIENCE_MS = 20000 };

static PGconn *join(struct rig *r)
{
    char conninfo[1024];
    PGconn *c = PQconnectdb(
        cluster_conninfo(r->f->cluster, conninfo, sizeof conninfo, "quorum_app", "quorum_demo"));
    PQclear(PQexec(c, "SET search_path TO quorum, public"));
    return c;
}

/* The first cell, "" when there is none; fails the test when it did not work. */
static const char *take(PGconn *c, PGresult *res)
{
    static char cell[200];
    bool ok = PQresultStatus(res) == PGRES_TUPLES_OK || PQresultStatus(res) == PGRES_COMMAND_OK;
    if (!ok)
        fail_msg("%s", PQerrorMessage(c));
    copy_text(cell, sizeof cell, PQntuples(res) ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    return cell;
}

static const char *ask(PGconn *c, const char *sql)
{
    return take(c, PQexec(c, sql));
}

static bool is_busy(PGconn *c)
{
    return PQconsumeInput(c) && PQisBusy(c);
}

static const char *finish(PGconn *c)
{
    const char *cell = "";
    for (int i = 0; i < PATIENCE_MS / 5 && is_busy(c); i++)
        poll(NULL, 0, 5);
    if (is_busy(c))
        fail_msg("it waits for ever");
    for (PGresult *res = PQgetResult(c); res; res = PQgetResult(c))
        cell = take(c, res);
    return cell;
}

/* Until it has ended, or waits for somebody. */
static void begin(struct rig *r, PGconn *c, const char *sql)
{
    char blocked[80];
    snprintf(blocked, sizeof blocked, "SELECT cardinality(pg_blocking_pids(%d))", PQbackendPID(c));
    assert_int_equal(PQsendQuery(c, sql), 1);
    for (int i = 0; i < PATIENCE_MS / 5; i++) {
        if (!is_busy(c) || rig_int(r, blocked) > 0)
            return;
        poll(NULL, 0, 5);
    }
    fail_msg("neither ends nor waits: %s", sql);
}

static void expect(struct rig *r, const char *sql, const char *text)
{
    const char *got = rig_text(r, sql);
    if (strcmp(got, text) != 0)
        fail_msg("%s: \"%s\", not \"%s\"", sql, got, text);
}

/* ---- money of the models */

#define ONE_CALL                                                                                   \
    "jsonb_build_array(jsonb_build_object('id', gen_random_uuid(), 'agent', 'a', 'act', 'vote',"   \
    " 'model', 'm', 'prompt_version', 1, 'estimate', '0.01', 'request', '{}'))"
#define RESERVE                                                                                    \
    "SELECT COALESCE(short, 'fits') FROM budget_reserve(1, 'me', 'VOTING', '90 s', " ONE_CALL ")"

static void evaluation_of_mine(struct rig *r)
{
    rig_run(r, "INSERT INTO evaluations (symbol, requested_by, state, locked_by) VALUES"
               " ('AAPL', 'x', 'VOTING', 'me')");
    expect(r, "SELECT max(id) FROM evaluations", "1");
}

static void a_budget_lowered_while_the_day_begins_holds(void **state)
{
    struct rig *r = *state;
    PGconn *engine = join(r), *operator= join(r);
    evaluation_of_mine(r);
    expect(r, "SELECT count(*) FROM budget_day WHERE day = '2020-11-20'", "0");
    ask(engine, "BEGIN");
    assert_string_equal(ask(engine, RESERVE), "fits");
    begin(r, operator, "INSERT INTO desk_setting (name, value, origin, set_by) VALUES"
                       " ('MULTI_AGENT_DAILY_LLM_BUDGET', '0.015', 'test', 'test')");
    ask(engine, "COMMIT");
    finish(operator);
    expect(r, "SELECT trim_scale(limit_usd) FROM budget_day WHERE day = '2020-11-20'", "0.015");
    assert_string_equal(ask(engine, RESERVE), "day");
    PQfinish(engine);
    PQfinish(operator);
}

static void a_round_taken_over_is_not_paid_by_who_had_it(void **state)
{
    struct rig *r = *state;
    PGconn *stalled = join(r), *other = join(r);
    evaluation_of_mine(r);
    ask(other, "BEGIN");
    ask(other, "UPDATE evaluations SET locked_by = 'other' WHERE id = 1");
    begin(r, stalled, RESERVE);
    ask(other, "COMMIT");
    assert_string_equal(finish(stalled), "");
    expect(r, "SELECT count(*) FROM budget_reservation", "0");
    PQfinish(stalled);
    PQfinish(other);
}

static void a_round_reserved_first_is_presumed_by_who_takes_it_over(void **state)
{
    struct rig *r = *state;
    PGconn *stalled = join(r), *other = join(r);
    evaluation_of_mine(r);
    ask(stalled, "BEGIN");
    assert_string_equal(ask(stalled, RESERVE), "fits");
    begin(r, other,
          "WITH ev AS (UPDATE evaluations SET locked_by = 'other' WHERE id = 1"
          " RETURNING id) SELECT budget_abandon(id) FROM ev");
    ask(stalled, "COMMIT");
    assert_string_equal(finish(other), "1");
    expect(r, "SELECT state FROM budget_reservation", "PRESUMED");
    expect(r, "SELECT count(*) FROM budget_mismatch()", "0");
    PQfinish(stalled);
    PQfinish(other);
}

static void a_cycle_taken_over_is_not_paid_by_who_had_it(void **state)
{
    struct rig *r = *state;
    PGconn *stalled = join(r), *other = join(r);
    rig_run(r, "INSERT INTO learning_cycles (trigger, state, requested_by, lookback_days, owner,"
               " lease_until) VALUES ('operator', 'RUNNING', 'x', 90, 'me', '2020-01-01')");
    ask(other, "BEGIN");
    assert_string_equal(ask(other, "SELECT learning_bury('')"), "1");
    begin(r, stalled,
          "SELECT COALESCE(short, 'fits') FROM learning_reserve(1, 'me', 'RUNNING',"
          " '90 s', " ONE_CALL ")");
    ask(other, "COMMIT");
    assert_string_equal(finish(stalled), "");
    expect(r, "SELECT count(*) FROM budget_reservation", "0");
    PQfinish(stalled);
    PQfinish(other);
}

static int try_one(void *arg)
{
    struct settings *s;
    struct loop *l;
    struct dossier dossier = {0};
    struct vote v;
    struct error e = {0};
    struct evaluation_request q = rig_example();
    (void)arg;
    struct desk *d = rig_desk(&s, &l, buying_agents);
    enum err result = agent_try(d, buying_agents[1], &q, &dossier, &v, &e);
    dossier_release(&dossier);
    rig_desk_close(d, s, l);
    return result != OK;
}

static void an_agent_by_hand_takes_the_roll_ups_as_all_do(void **state)
{
    struct rig *r = *state;
    PGconn *round = join(r);
    ask(round, "BEGIN");
    ask(round, "INSERT INTO agent_daily_metrics (agent_name, date, total_calls)"
               " VALUES ('research_baseline', '2020-11-20', 1)");
    pid_t pid = rig_fork(try_one, NULL);
    for (int i = 0; i < PATIENCE_MS / 5; i++) {
        if (rig_int(r, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND"
                       " datname = current_database()"))
            break;
        poll(NULL, 0, 5);
    }
    ask(round, "INSERT INTO agent_hourly (hour, agent_name, calls)"
               " VALUES ('2020-11-20 15:00Z', 'research_baseline', 1)");
    ask(round, "COMMIT");
    assert_int_equal(rig_wait(pid), 0);
    expect(r, "SELECT total_calls FROM agent_daily_metrics", "2");
    expect(r, "SELECT calls FROM agent_hourly", "2");
    PQfinish(round);
}

/* ---- positions */

static void hold(struct rig *r, const char *symbol)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT broker_enter(test_buy('%s', 100, 10, 5, 10, NULL), '2020-11-24 21:00Z');",
             symbol);
    rig_run(r, sql);
    snprintf(sql, sizeof sql, "SELECT test_fill(test_leg('%s', 'entry'), 10, 100, 0)", symbol);
    expect(r, sql, "filled");
}

/* Two positions, the first by id the last by symbol and by its place in the table. */
static void hold_two_crosswise(struct rig *r)
{
    rig_run(r, "SELECT test_no_guards()");
    hold(r, "ZZZ");
    hold(r, "AAA");
    rig_run(r, "UPDATE positions SET regime = 'BULL' WHERE symbol = 'ZZZ'");
    expect(r, "SELECT string_agg(symbol, ' ' ORDER BY id) FROM positions", "ZZZ AAA");
    expect(r, "SELECT string_agg(symbol, ' ' ORDER BY ctid) FROM positions", "AAA ZZZ");
}

static const char lock_first[] = "SELECT symbol FROM positions WHERE id = 1 FOR UPDATE";
static const char lock_second[] = "SELECT symbol FROM positions WHERE id = 2 FOR UPDATE";

static void flattening_waits_for_looks_in_their_order(void **state)
{
    struct rig *r = *state;
    PGconn *look = join(r), *operator= join(r);
    hold_two_crosswise(r);
    ask(look, "BEGIN");
    assert_string_equal(ask(look, lock_first), "ZZZ");
    begin(r, operator, "SELECT outcome || ' ' || exits FROM"
                       " control_change('FLATTENING', 'storm', 'ops', '')");
    assert_string_equal(ask(look, lock_second), "AAA");
    ask(look, "COMMIT");
    assert_string_equal(finish(operator), "changed 2");
    PQfinish(look);
    PQfinish(operator);
}

static void looks_that_are_due_are_claimed_in_that_order(void **state)
{
    struct rig *r = *state;
    PGconn *look = join(r), *claim = join(r);
    hold_two_crosswise(r);
    ask(look, "BEGIN");
    ask(look, lock_first);
    take(claim, PQprepare(claim, "due", engine_looks_due.sql, 3, NULL));
    begin(r, claim, "EXECUTE due('2020-11-20 15:05Z', '0', '2020-11-20 15:05Z')");
    ask(look, lock_second);
    ask(look, "COMMIT");
    finish(claim);
    expect(r, "SELECT count(*) FROM positions WHERE looked_at = '2020-11-20 15:05Z'", "2");
    PQfinish(look);
    PQfinish(claim);
}

/* ---- the ledger */

/* A booking of ZZZ stands still when it has its ids of the ledger and nothing else yet. */
static const char stand_still[] =
    "CREATE FUNCTION test_stand() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " PERFORM pg_advisory_xact_lock_shared(77); RETURN NEW; END $$;"
    "CREATE TRIGGER test_stand BEFORE INSERT ON ledger FOR EACH ROW WHEN (NEW.symbol = 'ZZZ')"
    " EXECUTE FUNCTION test_stand()";

static void mark_beside(struct rig *r, const char *booking)
{
    PGconn *slow = join(r), *marking = join(r), *gate = join(r);
    hold_two_crosswise(r);
    rig_run(r, stand_still);
    ask(gate, "SELECT pg_advisory_lock(77)");
    begin(r, slow, booking);
    assert_true(is_busy(slow));
    expect(r, "SELECT test_fill(test_leg('AAA', 'stop_loss'), 10, 95, 0)", "filled");
    begin(r, marking, "SELECT broker_mark('2020-11-20')");
    ask(gate, "SELECT pg_advisory_unlock(77)");
    finish(slow);
    finish(marking);
    if (broker_rig_wrong(r)[0])
        fail_msg("%s", broker_rig_wrong(r));
    expect(r,
           "SELECT (SELECT cash_usd FROM equity_marks) - sum(amount_usd) FROM ledger"
           " WHERE book = 'cash'",
           "0.000000");
    PQfinish(slow);
    PQfinish(marking);
    PQfinish(gate);
}

static void a_mark_counts_the_sale_that_drew_its_ids_before(void **state)
{
    mark_beside(*state, "SELECT broker_fill(test_leg('ZZZ', 'stop_loss'), 'slow', 10, 95, 0, 0,"
                        " desk_now(), '2020-11-20', 'test')");
}

static void a_mark_counts_the_dividend_that_drew_its_ids_before(void **state)
{
    mark_beside(*state, "SELECT broker_action('ZZZ', '2020-11-23', 0, 1, 0)");
}

/* ---- what serves them */

static void uses(struct rig *r, const char *sql, const char *index)
{
    char explain[700];
    PGconn *c = join(r);
    bool found = false;
    ask(c, "SET enable_seqscan = off");
    snprintf(explain, sizeof explain, "EXPLAIN %s", sql);
    PGresult *res = PQexec(c, explain);
    for (int i = 0; i < PQntuples(res); i++)
        found |= strstr(PQgetvalue(res, i, 0), index) != NULL;
    PQclear(res);
    PQfinish(c);
    if (!found)
        fail_msg("%s does not serve: %s", index, sql);
}

static void an_index_serves_what_is_asked_all_day(void **state)
{
    struct rig *r = *state;
    uses(r, "SELECT id FROM evaluations WHERE slot_at = desk_now() AND state = 'DECIDED'",
         "evaluations_slot");
    uses(r,
         "SELECT symbol FROM evaluations, (SELECT current_date AS day OFFSET 0) ny"
         " WHERE slot_at >= ny.day AND slot_at < ny.day + 1",
         "evaluations_slot");
    uses(r, "SELECT count(*) FROM corporate_actions WHERE position_id = 1",
         "corporate_actions_position");
    uses(r, "SELECT avg(r_multiple) FROM trade_outcomes WHERE closed_at >= desk_now()",
         "trade_outcomes_closed");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, broker_rig_open, broker_rig_close)
    const struct CMUnitTest tests[] = {
        TEST(a_budget_lowered_while_the_day_begins_holds),
        TEST(a_round_taken_over_is_not_paid_by_who_had_it),
        TEST(a_round_reserved_first_is_presumed_by_who_takes_it_over),
        TEST(a_cycle_taken_over_is_not_paid_by_who_had_it),
        TEST(an_agent_by_hand_takes_the_roll_ups_as_all_do),
        TEST(flattening_waits_for_looks_in_their_order),
        TEST(looks_that_are_due_are_claimed_in_that_order),
        TEST(a_mark_counts_the_sale_that_drew_its_ids_before),
        TEST(a_mark_counts_the_dividend_that_drew_its_ids_before),
        TEST(an_index_serves_what_is_asked_all_day),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
