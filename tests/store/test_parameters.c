/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters: what an applied value changes, from when on, and that a filter refuses entries only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/broker.h"
#include "quorum/parameters.h"
#include "quorum/sizing.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"

static int open_buying(void **state)
{
    if (rig_open(state))
        return -1;
    rig_reopen(*state, buying_agents);
    return 0;
}

static int64_t evaluated(struct rig *r, const char *indicators)
{
    struct evaluation_request request = rig_example();
    struct error e = {0};
    int64_t id;
    if (indicators)
        request.indicators = indicators;
    if (rig_evaluate(r->desk, &request, &id, &e))
        fail_msg("%s; %s", e.text, e.fix);
    return id;
}

/* One column of an evaluation. */
static const char *of(struct rig *r, int64_t id, const char *column)
{
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT %s FROM evaluations WHERE id = %lld", column, (long long)id);
    return rig_text(r, sql);
}

static void expect(struct rig *r, int64_t id, const char *column, const char *text)
{
    assert_string_equal(of(r, id, column), text);
}

static void set(struct rig *r, const char *name, const char *value)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "INSERT INTO parameter_versions (name, value, set_by) VALUES ('%s', %s, 'test')", name,
             value);
    rig_run(r, sql);
}

static void the_table_and_the_program_have_the_same_baselines(void **state)
{
    struct rig *r = *state;
    struct parameter table[PARAMETERS], own[PARAMETERS];
    struct error e = {0};
    assert_int_equal(parameters_load(r->desk, table, &e), OK);
    parameters_read(r->desk, NULL, own);
    for (int i = 0; i < PARAMETERS; i++) {
        assert_string_equal(table[i].name, parameter_name(i));
        assert_int_equal(parameter_find(table[i].name), i);
        assert_int_equal(table[i].baseline.known, own[i].baseline.known);
        assert_true(!own[i].baseline.known || table[i].baseline.v == own[i].baseline.v);
        assert_int_equal(table[i].baseline.known, table[i].class != PARAMETER_FILTER);
        assert_true(table[i].low < table[i].high && table[i].step > 0);
        assert_true(*table[i].title && *table[i].unit && *table[i].does);
        assert_true(table[i].version == 0 && table[i].set_at == TIME_NONE);
    }
    assert_int_equal(rig_int(r, "SELECT count(*) FROM parameters"), PARAMETERS);
}

static void bounds_steps_and_the_word_off_are_kept(void **state)
{
    struct rig *r = *state;
    static const char *const wrong[][2] = {
        {"stop_mult", "0.99"},  {"stop_mult", "3.01"},       {"stop_mult", "1.6"},
        {"stop_mult", "off"},   {"time_exit", "22"},         {"rsi_max", "95"},
        {"rsi_max", "nan"},     {"min_volume_ratio", "-.1"}, {"min_confidence", "1e9"},
        {"stop_mult", "2 bad"}, {"time_exit", ""},
    };
    struct parameter p[PARAMETERS];
    struct value v;
    struct error e = {0};
    char text[24];
    assert_int_equal(parameters_load(r->desk, p, &e), OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(parameter_parse(&p[parameter_find(wrong[i][0])], wrong[i][1], &v, &e),
                         ERR_USAGE);
        assert_string_equal(e.code, "E14");
    }
    assert_int_equal(parameter_parse(&p[PARAM_STOP_MULT], "0.5", &v, &e), ERR_USAGE);
    assert_string_equal(e.text, "stop_mult cannot be 0.5: 1.00 to 3.00 in steps of 0.25");
    assert_int_equal(parameter_parse(&p[PARAM_RSI_MAX], "off", &v, &e), OK);
    assert_false(v.known);
    assert_string_equal(parameter_print(&p[PARAM_RSI_MAX], v, text, sizeof text), "off");
    assert_int_equal(parameter_parse(&p[PARAM_MIN_VOLUME_RATIO], "0.7", &v, &e), OK);
    assert_string_equal(parameter_print(&p[PARAM_MIN_VOLUME_RATIO], v, text, sizeof text), "0.7");
    struct learning_change c = parameter_change(&p[PARAM_RSI_MAX], VALUE(75));
    assert_true(c.registered && !c.now.known && c.to.v == 75);
    assert_int_equal(learning_risk(&c), LEVEL_LOW);
}

static void an_applied_value_counts_from_its_commit_and_is_named_by_the_decision(void **state)
{
    struct rig *r = *state;
    expect(r, evaluated(r, NULL), "parameters", "{}");
    rig_run(r, "BEGIN");
    set(r, "stop_mult", "3");
    int64_t before = evaluated(r, NULL);
    rig_run(r, "COMMIT");
    int64_t after = evaluated(r, NULL);
    expect(r, before, "parameters", "{}");
    expect(r, before, "round(stop_loss_pct::numeric, 2)", "3.19");
    expect(r, after,
           "(parameters->>'stop_mult')::bigint = (SELECT max(id) FROM parameter_versions)", "t");
    expect(r, after, "round(stop_loss_pct::numeric, 2)", "6.39");
    set(r, "target_mult", "6");
    set(r, "stop_mult", "2");
    int64_t again = evaluated(r, NULL);
    expect(r, again,
           "round(stop_loss_pct::numeric, 2) || ' ' || round(take_profit_pct::numeric, 2)",
           "4.26 12.78");
    expect(r, again, "(SELECT count(*) FROM jsonb_each(parameters))", "2");
    struct stored_evaluation s;
    struct error e = {0};
    assert_int_equal(evaluation_load(r->desk, again, false, &s, &e), OK);
    assert_string_equal(s.parameters_text, "stop_mult 2 (version 3), target_mult 6 (version 2)");
    stored_evaluation_release(&s);
}

static void the_exploration_size_is_the_parameter_once_it_has_a_version(void **state)
{
    struct rig *r = *state;
    struct parameter p[PARAMETERS];
    struct error e = {0};
    int64_t usual = evaluated(r, NULL);
    expect(r, usual, "shares", "28");
    set(r, "exploration_pct", "2");
    int64_t small = evaluated(r, NULL);
    expect(r, small, "shares", "11");
    expect(r, small, "binding", "exploration size");
    assert_int_equal(parameters_load(r->desk, p, &e), OK);
    assert_true(p[PARAM_EXPLORATION_PCT].value.v == 2 && p[PARAM_EXPLORATION_PCT].baseline.v == 5);
    assert_string_equal(p[PARAM_EXPLORATION_PCT].set_by, "test");
}

static void a_filter_keeps_a_buy_from_being_entered_and_says_why(void **state)
{
    struct rig *r = *state;
    struct entry_result out;
    struct error e = {0};
    const char *hot = "sma_20=172.30,sma_50=168.45,sma_200=165.20,atr=3.25,adx=28.5,rsi=74.2,"
                      "volume_ratio=0.62,beta=1.15";
    set(r, "rsi_max", "70");
    int64_t id = evaluated(r, hot);
    expect(r, id, "decision || ' ' || shares || ' ' || risk_decision || ' ' || state",
           "BUY 0 REJECT DECIDED");
    expect(r, id, "size_reason", "entry filter: RSI 74.2 is above rsi_max 70");
    expect(r, id, "parameters ? 'rsi_max'", "t");
    expect(r, evaluated(r, NULL), "shares", "28");
    set(r, "rsi_max", "NULL");
    expect(r, evaluated(r, hot), "shares", "28");
    set(r, "min_volume_ratio", "0.7");
    expect(r, evaluated(r, hot), "size_reason",
           "entry filter: volume 0.62 of its mean is below min_volume_ratio 0.7");
    set(r, "min_volume_ratio", "NULL");
    set(r, "min_confidence", "65");
    expect(r, evaluated(r, hot), "size_reason",
           "entry filter: confidence 61.0 is below min_confidence 65");
    assert_int_equal(broker_enter(r->desk, id, &out, &e), ERR_POLICY);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM orders"), 0);
}

static void a_position_keeps_the_exits_its_decision_was_made_with(void **state)
{
    struct rig *r = *state;
    struct entry_result out;
    struct error e = {0};
    rig_run(r, "INSERT INTO desk_setting (name, value, origin, set_by)"
               " VALUES ('QUORUM_TRADE_DEGRADED', 'true', 'default', 'test')");
    set(r, "time_exit", "30");
    int64_t id = evaluated(r, NULL);
    set(r, "time_exit", "10");
    set(r, "trail_atr", "2");
    if (broker_enter(r->desk, id, &out, &e))
        fail_msg("%s", e.text);
    assert_string_equal(rig_text(r, "SELECT time_exit || ' ' || trail_atr || ' ' || parameters"
                                    " FROM positions"),
                        "30 3 {\"time_exit\": 1}");
}

static void what_is_not_known_passes_a_filter(void **state)
{
    struct rig *r = *state;
    struct parameter p[PARAMETERS];
    char why[120];
    parameters_read(r->desk, "rsi_max 1 70 min_volume_ratio 2 0.7 min_confidence 3 65 other 4 1",
                    p);
    assert_true(parameters_admit(p, VALUE_UNKNOWN, VALUE_UNKNOWN, VALUE_UNKNOWN, why));
    assert_true(parameters_admit(p, VALUE(70), VALUE(.7), VALUE(65), why));
    assert_false(parameters_admit(p, VALUE(70.1), VALUE_UNKNOWN, VALUE_UNKNOWN, why));
    assert_string_equal(why, "RSI 70.1 is above rsi_max 70");
    assert_false(parameters_admit(p, VALUE_UNKNOWN, VALUE_UNKNOWN, VALUE(64), why));
}

/* The more values are looked at, the better the best of them looks by luck. */
static void every_value_that_was_compared_counts_once(void **state)
{
    struct rig *r = *state;
    struct parameter p[PARAMETERS];
    struct candidate_set s = {.n = 1};
    struct error e = {0};
    int64_t nth;
    assert_int_equal(parameters_load(r->desk, p, &e), OK);
    assert_true(day_parse("2026-08-31", &s.from_day) && day_parse("2026-10-23", &s.to_day));
    static const struct {
        enum parameter_id id;
        struct value to;
        int64_t nth;
    } asked[] = {{PARAM_STOP_MULT, {.known = true, .v = 2}, 1},
                 {PARAM_STOP_MULT, {.known = true, .v = 2}, 1},
                 {PARAM_STOP_MULT, {.known = true, .v = 2.5}, 2},
                 {PARAM_RSI_MAX, {.known = true, .v = 70}, 3},
                 {PARAM_RSI_MAX, {.known = false}, 4},
                 {PARAM_RSI_MAX, {.known = false}, 4}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        assert_int_equal(whatif_count(r->desk, &s, &p[asked[i].id], asked[i].to, &nth, &e), OK);
        assert_int_equal(nth, asked[i].nth);
    }
    /* What a cycle compared was looked at as well; the same value is not another one. */
    rig_run(r, "INSERT INTO learning_cycles (trigger, state, requested_by, lookback_days, owner,"
               " finished_at) VALUES ('operator', 'DONE', 'test', 90, '', desk_now());"
               "INSERT INTO learning_changes (parameter, old_value, new_value, first_cycle,"
               " last_cycle) SELECT x, NULL, y, id, id FROM learning_cycles,"
               " (VALUES ('time_exit', 25), ('time_exit', 30), ('stop_mult', 2)) v (x, y)");
    assert_int_equal(whatif_count(r->desk, &s, &p[PARAM_STOP_MULT], VALUE(2), &nth, &e), OK);
    assert_int_equal(nth, 6);
    /* Another window, of which less than half is the same, is another question. */
    assert_true(day_parse("2026-10-20", &s.from_day) && day_parse("2027-01-23", &s.to_day));
    assert_int_equal(whatif_count(r->desk, &s, &p[PARAM_STOP_MULT], VALUE(1), &nth, &e), OK);
    assert_int_equal(nth, 4);
    s.n = 0; /* nothing was looked at */
    assert_int_equal(whatif_count(r->desk, &s, &p[PARAM_STOP_MULT], VALUE(1.25), &nth, &e), OK);
    assert_int_equal(nth, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_buying, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_and_the_program_have_the_same_baselines),
        TEST(bounds_steps_and_the_word_off_are_kept),
        TEST(an_applied_value_counts_from_its_commit_and_is_named_by_the_decision),
        TEST(the_exploration_size_is_the_parameter_once_it_has_a_version),
        TEST(a_filter_keeps_a_buy_from_being_entered_and_says_why),
        TEST(a_position_keeps_the_exits_its_decision_was_made_with),
        TEST(what_is_not_known_passes_a_filter),
        TEST(every_value_that_was_compared_counts_once),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
