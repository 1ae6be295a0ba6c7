/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alerts: each speaks once, says what to do, falls silent when it should, and can be silenced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/guards.h"
#include "store/desk_rig.h"

enum { WAIT_MS = 20000 };

static int open_desk(void **state)
{
    if (rig_open(state))
        return -1;
    rig_run(*state, "UPDATE desk SET clock = 'virtual', clock_at = '2026-11-18 15:00Z';"
                    "INSERT INTO equity_marks (session, cash_usd, stock_usd, peak_usd)"
                    " VALUES ('2026-11-17', 100000, 0, 100000)");
    return 0;
}

static void later(struct rig *r, const char *interval)
{
    char sql[120];
    snprintf(sql, sizeof sql, "UPDATE desk SET clock_at = clock_at + interval '%s'", interval);
    rig_run(r, sql);
}

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

static void refresh(struct rig *r)
{
    struct ended end = {0};
    alerts_refresh(r->desk, done, &end);
    assert_true(loop_run_until(r->desk->loop, has_ended, &end, WAIT_MS));
    assert_int_equal(end.kind, OK);
}

/* "rule object severity" of the open ones, '*' where seen. */
static const char *open_alerts(struct rig *r)
{
    return rig_text(r, "SELECT string_agg(concat_ws(' ', rule, NULLIF(object, ''), severity) ||"
                       "  CASE WHEN acked_at IS NOT NULL THEN '*' ELSE '' END, ', '"
                       "  ORDER BY rule, object) FROM alerts WHERE cleared_at IS NULL");
}

static int64_t rows_ever(struct rig *r)
{
    return rig_int(r, "SELECT count(*) FROM alerts");
}

/* Ten shares at 100 of which the price is now `last`; the account has had 1,000 for them. */
static void hold(struct rig *r, const char *last)
{
    char sql[700];
    snprintf(sql, sizeof sql,
             "INSERT INTO positions (symbol, state, quantity, entry_price, last_price, stop_price)"
             "  SELECT 'A', 'OPEN', 10, 100, 100, 90 WHERE NOT EXISTS (SELECT FROM positions);"
             "UPDATE positions SET last_price = %s",
             last);
    rig_run(r, sql);
}

static void a_loss_is_told_once_until_half_of_it_is_back(void **state)
{
    struct rig *r = *state;
    hold(r, "95.01");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
    hold(r, "95");
    refresh(r);
    refresh(r);
    assert_string_equal(open_alerts(r), "pos.loss position 1 W");
    hold(r, "97.49"); /* between: neither raised nor cleared */
    refresh(r);
    assert_string_equal(open_alerts(r), "pos.loss position 1 W");
    hold(r, "97.51");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
    hold(r, "97");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
    assert_int_equal(rows_ever(r), 1);
}

static void one_that_comes_back_within_five_minutes_rings_once(void **state)
{
    struct rig *r = *state;
    hold(r, "95");
    refresh(r);
    hold(r, "99");
    refresh(r);
    later(r, "4 minutes 59 seconds");
    hold(r, "95");
    refresh(r);
    assert_string_equal(open_alerts(r), "pos.loss position 1 W");
    assert_int_equal(rows_ever(r), 1);
    hold(r, "99");
    refresh(r);
    later(r, "5 minutes 1 second");
    hold(r, "95");
    refresh(r);
    assert_string_equal(open_alerts(r), "pos.loss position 1 W");
    assert_int_equal(rows_ever(r), 2);
}

static void what_was_seen_stays_silent_until_it_gets_worse(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO budget_day (day, limit_usd, spent_usd) VALUES ('2026-11-18', 5, 4.55)");
    refresh(r);
    assert_string_equal(open_alerts(r), "llm.projected W, llm.spent W");
    assert_int_equal(rig_int(r, "SELECT alert_ack(NULL, 'ada')"), 2);
    assert_int_equal(rig_int(r, "SELECT alert_ack(NULL, 'bob')"), 0);
    refresh(r);
    assert_string_equal(open_alerts(r), "llm.projected W*, llm.spent W*");
    assert_string_equal(rig_text(r, "SELECT DISTINCT acked_by FROM alerts"), "ada");
    rig_run(r, "UPDATE budget_day SET spent_usd = 5");
    refresh(r);
    assert_string_equal(open_alerts(r), "llm.projected W*, llm.spent C");
    later(r, "1 day");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
    assert_int_equal(rows_ever(r), 2);
}

static void a_muted_rule_raises_nothing_and_speaks_again_after(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO alert_mutes VALUES ('pos.loss', clock_timestamp() + '1 hour', 'ada')");
    hold(r, "94");
    refresh(r);
    alert_raise(r->desk, "pos.loss", "by hand", 'W', "x", "y");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
    rig_run(r, "UPDATE alert_mutes SET until = clock_timestamp()");
    refresh(r);
    assert_string_equal(open_alerts(r), "pos.loss position 1 W");
}

static void a_programs_alert_fires_once_and_clears(void **state)
{
    struct rig *r = *state;
    for (int i = 0; i < 3; i++)
        alert_raise(r->desk, "clock.skew", "engine", 'W', "clocks differ", "set them");
    refresh(r); /* what a program raised only a program clears */
    assert_string_equal(open_alerts(r), "clock.skew engine W");
    assert_int_equal(rows_ever(r), 1);
    alert_clear(r->desk, "clock.skew", "engine");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
    alert_raise(r->desk, "clock.skew", "engine", 'C', "clocks differ", "set them");
    refresh(r);
    assert_string_equal(open_alerts(r), "clock.skew engine C");
    assert_int_equal(rows_ever(r), 1);
}

static void events_are_told_once_for_ever_and_end_when_seen(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
               "  confidence_score, status, reasoning, applied_at)"
               " VALUES ('stop_mult', 1.5, 1.75, 85, 'AUTO_APPLIED', '', desk_now())");
    refresh(r);
    assert_string_equal(open_alerts(r), "adj.auto adjustment 1 i");
    later(r, "30 days"); /* nobody looked: it stays */
    refresh(r);
    assert_string_equal(open_alerts(r), "adj.auto adjustment 1 i");
    later(r, "-30 days");
    assert_int_equal(rig_int(r, "SELECT alert_ack(1, 'ada')"), 1);
    assert_string_equal(open_alerts(r), "");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
    assert_int_equal(rows_ever(r), 1);
}

static void a_dead_engine_is_missed_and_one_that_was_replaced_is_not(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO engines (id, host, pid, program_version, schema_version, state,"
               "  started_at, heartbeat_at) VALUES ('h/1/1', 'h', 1, '', 1, 'RUNNING',"
               "  clock_timestamp() - interval '1 hour', clock_timestamp())");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
    rig_run(r, "UPDATE engines SET heartbeat_at = clock_timestamp() - interval '20 s'");
    refresh(r);
    assert_string_equal(open_alerts(r), "engine.lost h/1/1 W");
    rig_run(r, "UPDATE engines SET heartbeat_at = clock_timestamp() - interval '70 s'");
    refresh(r);
    assert_string_equal(open_alerts(r), "engine.lost h/1/1 C");
    /* Another one does the work. */
    rig_run(r, "INSERT INTO engines (id, host, pid, program_version, schema_version, state)"
               " VALUES ('g/1/1', 'g', 1, '', 1, 'RUNNING')");
    refresh(r);
    assert_string_equal(open_alerts(r), "engine.lost h/1/1 W");
    rig_run(r, "INSERT INTO engines (id, host, pid, program_version, schema_version, state)"
               " VALUES ('h/2/2', 'h', 2, '', 1, 'STARTING')");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
}

/* Everything that can go wrong at once. */
static const char disaster[] =
    "INSERT INTO engines (id, host, pid, program_version, schema_version, state, heartbeat_at)"
    " VALUES ('h/1/1', 'h', 1, '', 1, 'RUNNING', clock_timestamp() - interval '20 s');"
    "UPDATE control_state SET state = 'HALTED', reason = 'test';"
    "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value, confidence_score,"
    "  status, reasoning, created_at, applied_at, expires_at) VALUES"
    " ('stop_mult', 1, 2, 70, 'PENDING', '', desk_now() - interval '5 hours', NULL,"
    "  desk_now() + interval '1 hour'),"
    " ('stop_mult', 1, 2, 70, 'EXPIRED', '', desk_now(), NULL, desk_now()),"
    " ('time_exit', 20, 25, 90, 'AUTO_APPLIED', '', desk_now(), desk_now(), NULL);"
    "INSERT INTO parameter_versions (name, value, adjustment_id, set_by)"
    " VALUES ('time_exit', 25, 3, 'learn');"
    "INSERT INTO positions (symbol, state, quantity, entry_price, opened_at, closed_at, parameters)"
    " SELECT 'T' || n, 'CLOSED', 0, 100, desk_now(), desk_now(),"
    "  CASE WHEN n > 20 THEN '{\"time_exit\": 1}' ELSE '{}' END::jsonb FROM generate_series(1, 40) "
    "n;"
    "INSERT INTO trade_outcomes (symbol, decision, entry_price, exit_price, pnl_dollars, pnl_pct,"
    "  exit_reason, quantity, opened_at, closed_at, position_id, r_multiple)"
    " SELECT symbol, 'BUY', 100, 100, 0, 0, 'manual', 1, desk_now(), desk_now(), id,"
    "  CASE WHEN id > 20 THEN -1 ELSE 1 END FROM positions;"
    "INSERT INTO budget_day (day, limit_usd, spent_usd)"
    " SELECT '2026-11-18'::date - n, 5, 4.8 FROM generate_series(0, 7) n;"
    "INSERT INTO vendor_quota (vendor, day, reset_hour, used, daily_limit, called)"
    " VALUES ('fmp', '2026-11-18', 0, 201, 250, 201);"
    "INSERT INTO evaluations (symbol, requested_by, state, finished_at, created_at, cost_usd)"
    " SELECT 'A', 'test', 'DECIDED', desk_now(), desk_now() - interval '1 hour' +"
    "  make_interval(secs => n), CASE WHEN n = 12 THEN 0.03 ELSE 0.01 END"
    " FROM generate_series(1, 12) n;"
    "INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence, reason, counted)"
    " VALUES (12, 'research', 'baseline', 'voter', 'BUY', 80, '', true),"
    "  (12, 'news_analyst', 'baseline', 'voter', 'SELL', 80, '', true),"
    "  (12, 'research', 'model', 'voter', 'FAILED', 0, '', false),"
    "  (11, 'research', 'model', 'voter', 'FAILED', 0, '', true),"
    "  (10, 'research', 'model', 'voter', 'FAILED', 0, '', true);"
    "INSERT INTO agent_interactions (agent_name, action, model, status, latency_ms, created_at)"
    " SELECT 'research', 'vote', 'm', CASE WHEN n % 4 = 0 THEN 'FAILED' ELSE 'DONE' END,"
    "  CASE WHEN n > 120 THEN 500 ELSE 100 END, desk_now() - interval '1 day'"
    " FROM generate_series(1, 140) n;"
    "INSERT INTO jobs (kind, stage, unique_key, due_at, state, finished_at)"
    " VALUES ('look', 1, 'l', desk_now() - interval '1 minute', 'done', clock_timestamp());"
    "INSERT INTO positions (symbol, state, quantity, entry_price, last_price, stop_price,"
    "  unpriced_since, unpriced_reason) VALUES ('A', 'OPEN', 10, 100, 94, 93.6,"
    "  desk_now() - interval '6 minutes', 'stale');"
    "INSERT INTO ledger (transaction_id, book, amount_usd, memo) SELECT id, b, a, 'lost'"
    " FROM (SELECT gen_random_uuid() AS id) t, (VALUES ('cash', -21000), ('realised', 21000)) l "
    "(b, a);"
    "SELECT breakers_update()";

static void no_rule_of_the_table_is_mute_or_without_advice(void **state)
{
    struct rig *r = *state;
    refresh(r);
    assert_int_equal(rows_ever(r), 0);
    rig_run(r, disaster);
    refresh(r);
    assert_string_equal(rig_text(r, "SELECT string_agg(rule, ' ') FROM alert_rules() t WHERE NOT"
                                    " EXISTS (SELECT FROM alerts a WHERE a.rule = t.rule)"),
                        "vote.sell clock.skew adj.back adj.failed agent.mix");
    assert_string_equal(rig_text(r,
                                 "SELECT string_agg(a.rule, ' ') FROM alerts a"
                                 " WHERE NOT EXISTS (SELECT FROM alert_rules() t WHERE"
                                 "  t.rule = a.rule AND t.severity LIKE '%' || a.severity || '%')"
                                 "  OR a.fix = '' OR a.text = ''"),
                        "");
    int64_t n = rows_ever(r);
    refresh(r);
    assert_int_equal(rows_ever(r), n);
    /* And all of it over. */
    rig_run(r, "UPDATE engines SET state = 'STOPPED'; UPDATE control_state SET state = 'RUNNING';"
               "UPDATE strategy_adjustments SET status = 'ROLLED_BACK';"
               "UPDATE positions SET unpriced_since = NULL, last_price = 100;"
               "UPDATE agent_interactions SET status = 'DONE', latency_ms = 100;"
               "INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence, reason,"
               "  counted) VALUES (1, 'news_analyst', 'model', 'voter', 'BUY', 70, '', true);"
               "UPDATE votes SET vote = 'BUY' WHERE source = 'model';"
               "UPDATE evaluations SET cost_usd = 0.01;"
               "UPDATE equity_marks SET cash_usd = 79000, peak_usd = 79000");
    later(r, "8 days");
    rig_run(r, "SELECT breakers_update()");
    refresh(r);
    /* Events wait for a person, and the last seven days with calls were dear. */
    assert_string_equal(open_alerts(r),
                        "adj.auto adjustment 3 i, llm.chronic W, pending.expired adjustment 2 W");
}

static void a_sale_the_agents_ask_for_is_told_until_it_is_sold(void **state)
{
    struct rig *r = *state;
    hold(r, "100");
    alert_raise(r->desk, "vote.sell", "A", 'W', "they say SELL A", "quorum close A");
    refresh(r);
    assert_string_equal(open_alerts(r), "vote.sell A W");
    rig_run(r, "UPDATE positions SET state = 'CLOSED', quantity = 0, closed_at = desk_now()");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
}

static void a_position_without_a_price_is_told_in_market_hours_only(void **state)
{
    struct rig *r = *state;
    hold(r, "100");
    rig_run(r, "UPDATE positions SET unpriced_since = desk_now() - interval '3 hours'");
    rig_run(r, "UPDATE desk SET clock_at = '2026-11-21 15:00Z'"); /* a Saturday */
    refresh(r);
    assert_string_equal(open_alerts(r), "");
    rig_run(r, "UPDATE desk SET clock_at = '2026-11-23 14:31Z'");
    refresh(r);
    assert_string_equal(open_alerts(r), "pos.unpriced position 1 W");
    rig_run(r, "UPDATE desk SET clock_at = '2026-11-23 22:00Z'"); /* it has no price still */
    refresh(r);
    assert_string_equal(open_alerts(r), "pos.unpriced position 1 W");
    rig_run(r, "UPDATE positions SET unpriced_since = NULL");
    refresh(r);
    assert_string_equal(open_alerts(r), "");
}

#define ON_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, rig_close)

/* 25 trades under a version of a parameter, each of r_multiple r. */
#define TRADES_UNDER(parameters, r, day)                                                           \
    "WITH p AS (INSERT INTO positions (symbol, state, quantity, closed_at, parameters)"            \
    " SELECT 'S' || i, 'CLOSED', 0, '" day "', '" parameters "' FROM generate_series(1, 25) i"     \
    " RETURNING id, symbol) INSERT INTO trade_outcomes (symbol, decision, entry_price, "           \
    "exit_price,"                                                                                  \
    " pnl_dollars, pnl_pct, exit_reason, position_id, quantity, r_multiple, opened_at, closed_at)" \
    " SELECT symbol, 'BUY', 100, 100, 0, 0, 'manual', id, 1, " r ", '" day "', '" day "' FROM p;"

static void trades_are_compared_with_those_of_the_version_before(void **state)
{
    struct rig *r = *state;
    static const char regressed[] =
        "SELECT (SELECT string_agg(adjustment_regressed(id, 'stop_mult')::text, ' ' ORDER BY id)"
        " FROM strategy_adjustments)";
    rig_run(r, "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
               " confidence_score, reasoning, status, applied_at) VALUES"
               " ('stop_mult', 1.5, 1.25, 90, '', 'APPLIED', '2026-09-01'),"
               " ('stop_mult', 1.25, 1, 90, '', 'APPLIED', '2026-10-01');"
               "INSERT INTO parameter_versions (name, value, adjustment_id, set_by, created_at)"
               " VALUES ('stop_mult', 1.25, 1, 'x', '2026-09-01'),"
               " ('stop_mult', 1, 2, 'x', '2026-10-01');" TRADES_UNDER("{}", "1", "2026-08-03")
                   TRADES_UNDER("{\"stop_mult\": 1}", "1", "2026-09-03"));
    assert_string_equal(rig_text(r, regressed), "false false");
    /* One bought under the version before may be sold under this one, and is that one's. */
    rig_run(r, TRADES_UNDER("{\"stop_mult\": 1}", "1", "2026-10-05")
                   TRADES_UNDER("{\"stop_mult\": 2}", "-1", "2026-10-05"));
    assert_string_equal(rig_text(r, regressed), "false true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DESK(trades_are_compared_with_those_of_the_version_before),
        ON_DESK(a_loss_is_told_once_until_half_of_it_is_back),
        ON_DESK(one_that_comes_back_within_five_minutes_rings_once),
        ON_DESK(what_was_seen_stays_silent_until_it_gets_worse),
        ON_DESK(a_muted_rule_raises_nothing_and_speaks_again_after),
        ON_DESK(a_programs_alert_fires_once_and_clears),
        ON_DESK(events_are_told_once_for_ever_and_end_when_seen),
        ON_DESK(a_dead_engine_is_missed_and_one_that_was_replaced_is_not),
        ON_DESK(no_rule_of_the_table_is_mute_or_without_advice),
        ON_DESK(a_sale_the_agents_ask_for_is_told_until_it_is_sold),
        ON_DESK(a_position_without_a_price_is_told_in_market_hours_only),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
