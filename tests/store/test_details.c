/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The details of the console on a real desk: what their statements give, and what is drawn of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/timeutil.h"
#include "store/broker_rig.h"
#include "unit/detail_fixture.h"

static struct snapshot snap;
static struct detail_view view;

static void forget(void)
{
    for (int p = 0; p < DETAIL_PARTS; p++)
        rows_release(&snap.detail[p].rows);
    snap = (struct snapshot){0};
}

/* Asks all parts of a detail on that connection. */
static void load_on(struct db *db, struct rig *r, enum detail_kind kind, const char *id)
{
    struct error e = {0};
    forget();
    snap = (struct snapshot){
        .connected = true, .monotonic = time_monotonic_us(), .price_places = PRICE_PLACES};
    assert_int_equal(desk_time(r->desk, &snap.now, &e), OK);
    view = (struct detail_view){.kind = kind};
    copy_text(view.id, sizeof view.id, id);
    for (int part = 0; part < DETAIL_PARTS && details[kind].part[part]; part++) {
        struct params p = {0};
        params_text(&p, id);
        if (db_query(db, details[kind].part[part], &p, &snap.detail[part].rows, &e))
            fail_msg("%s of \"%s\": %s", details[kind].part[part]->name, id, e.text);
        snap.detail[part].loaded_at = snap.monotonic;
    }
}

static void load(struct rig *r, enum detail_kind kind, const char *id)
{
    load_on(r->desk->db, r, kind, id);
}

static void draw(struct frame *f, int rows, int cols)
{
    frame_resize(f, rows, cols);
    struct pane p = pane_of(f);
    details[view.kind].draw(&p, &snap, &view);
}

static void shows(const char *text, bool wanted)
{
    struct frame f = {0};
    struct buf out = {0};
    draw(&f, 200, 160);
    frame_dump(&f, &out);
    if ((strstr(buf_text(&out), text) != NULL) != wanted)
        fail_msg("\"%s\" is %sin\n%s", text, wanted ? "not " : "", buf_text(&out));
    buf_release(&out);
    frame_release(&f);
}

static void must_show(const char *text)
{
    shows(text, true);
}

static void check_columns(enum detail_kind kind)
{
    for (int part = 0; part < DETAIL_PARTS; part++) {
        const struct rows *r = &snap.detail[part].rows;
        const char *want = detail_columns(kind, part);
        struct buf got = {0};
        if (!details[kind].part[part]) {
            assert_null(want);
            continue;
        }
        for (size_t c = 0; c < r->ncols; c++)
            buf_printf(&got, "%s%s", c ? " " : "", r->column[c]);
        assert_string_equal(buf_text(&got), want);
        buf_release(&got);
    }
}

/* Ids come from what a person types. */
static const char *const any_ids[] = {
    "1",           "0", "-1", "",     "x", "99999999999999999999", "1e3",
    "1; SELECT 1", "'", "\\", "AAPL", "%", "\xc3\xa9\xe6\xbc\xa2"};

static void every_statement_gives_what_is_drawn(void **state)
{
    struct rig *r = *state;
    for (int kind = DETAIL_NONE + 1; kind < DETAIL_KINDS; kind++) {
        for (size_t i = 0; i < ARRAY_LEN(any_ids); i++) {
            struct frame f = {0};
            load(r, (enum detail_kind)kind, any_ids[i]);
            check_columns((enum detail_kind)kind);
            draw(&f, 24, 80);
            frame_release(&f);
        }
    }
}

static void who_may_only_read_sees_all_details(void **state)
{
    struct rig *r = *state;
    rig_run(r, "SET ROLE quorum_ro; SET default_transaction_read_only = on");
    for (int kind = DETAIL_NONE + 1; kind < DETAIL_KINDS; kind++)
        load_on(r->super, r, (enum detail_kind)kind, "1");
    rig_run(r, "RESET ROLE; RESET default_transaction_read_only");
}

/* ---- trades */

static void buy(struct rig *r)
{
    rig_run(r,
            "SELECT test_no_guards();"
            "INSERT INTO parameter_versions (name, value, set_by) VALUES ('stop_mult', 1.5, 'x');"
            "SELECT test_buy('AAPL', 100, 10, 4, 8, desk_now());"
            "SELECT broker_enter(1, desk_now() + interval '1 day');"
            "SELECT test_fill(test_leg('AAPL', 'entry'), 10, 100, 0.10);"
            "SELECT broker_seen(jsonb_build_array(jsonb_build_object('p', 1, 'at', desk_now(),"
            "  'day', '2020-11-20', 'last', 103, 'high', 104, 'low', 99)))");
}

static void mark(struct rig *r, const char *day, const char *price)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "INSERT INTO equity_marks (session, cash_usd, stock_usd, peak_usd, parts) VALUES"
             " ('%s', 99000, 1000, 100000, '[{\"position\": 1, \"symbol\": \"AAPL\","
             "  \"quantity\": 10, \"price\": %s}, {\"position\": 99, \"price\": 7}]')",
             day, price);
    rig_run(r, sql);
}

static void a_position_tells_its_story_while_it_is_open(void **state)
{
    struct rig *r = *state;
    buy(r);
    load(r, DETAIL_POSITION, "1");
    must_show("10 @ 100.00 = 1000.00");
    must_show("2020-11-20 10:00:00"); /* the exchange's time */
    must_show("stop 96.00 (-4.00%)");
    must_show("target 108.00 (+8.00%)");
    must_show("P&L +30.00 (+3.00%)");
    must_show("R +0.75");
    must_show("#1 BUY 2/3");
    must_show("stop_mult 1.5");
    must_show("news_analyst BUY 70%");
    must_show("research BUY 60% baseline");
    load(r, DETAIL_SYMBOL, "AAPL");
    must_show("#1 OPEN");
    load(r, DETAIL_EVALUATION, "1");
    must_show("position #1 OPEN");
}

static void a_trade_tells_how_it_ended(void **state)
{
    struct rig *r = *state;
    buy(r);
    mark(r, "2020-11-20", "103");
    mark(r, "2020-11-23", "101.5");
    mark(r, "2020-11-24", "97");
    mark(r, "2021-11-24", "1");
    rig_run(r, "UPDATE desk SET clock_at = '2020-11-24 19:30Z';"
               "SELECT test_fill(test_leg('AAPL', 'stop_loss'), 10, 95.9, 0.20);"
               "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
               "  confidence_score, reasoning, evidence) VALUES ('stop_mult', 1.5, 1.25, 70, 'r',"
               "  '{\"trade_ids\": [1]}')");
    load(r, DETAIL_TRADE, "1");
    assert_int_equal(snap.detail[1].rows.nrows, 3); /* closes of its days, and of it alone */
    must_show("reason stop_loss");
    must_show("4d04h, 2 sessions");
    must_show("P&L -41.30 (-4.13%)");
    must_show("cited by adjustment #1");
    must_show("\"Big order won\"");
    must_show("closes of 3 sessions");
    load(r, DETAIL_EVALUATION, "1");
    must_show("trade #1 stop_loss -41.30 (-4.13%, -1.03 R)");
    load(r, DETAIL_ADJUSTMENT, "1");
    must_show("#1        AAPL");
    load(r, DETAIL_PARAMETER, "stop_mult");
    must_show("1.5 -> 1.25");
    check_columns(DETAIL_PARAMETER);
    assert_string_equal(rows_named(&snap.detail[1].rows, 0, "n"), "1"); /* trades opened under it */
}

static void times_are_of_the_zone_that_was_asked_for(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    const struct statement utc = {"zone", "SELECT set_config('quorum.tz', 'UTC', false)"};
    buy(r);
    assert_int_equal(db_query(r->desk->db, &utc, NULL, NULL, &e), OK);
    load(r, DETAIL_POSITION, "1");
    must_show("2020-11-20 15:00:00");
}

/* ---- evaluations */

static void evaluate(struct rig *r)
{
    struct evaluation_request request = rig_example();
    struct error e = {0};
    int64_t id;
    char text[24];
    assert_int_equal(rig_evaluate(r->desk, &request, &id, &e), OK);
    snprintf(text, sizeof text, "%lld", (long long)id);
    load(r, DETAIL_EVALUATION, text);
}

static void an_evaluation_shows_its_size_and_gaps(void **state)
{
    evaluate(*state);
    check_columns(DETAIL_EVALUATION);
    must_show("DECISION  BUY   votes 3 of 3 (need 2)");
    must_show("LIMITS OF THE SIZE");
    must_show("<- binds");
    must_show("limited by ");
    must_show("sma_20 172.30");
    must_show("GAPS      "); /* the figures were given by hand */
    shows("GAPS      none", false);
    view.depth = view.drawn.depth = 2;
    view.item = view.drawn.item = 1;
    must_show("no model was asked");
}

static void an_evaluation_shows_every_word_and_byte(void **state)
{
    struct rig *r = *state;
    evaluate(r);
    check_columns(DETAIL_EVALUATION);
    assert_true(details[DETAIL_EVALUATION].rhythm(&snap) >= 1000);
    must_show("ABST");
    must_show("not asked"); /* the risk manager: there is no size */
    assert_true(snap.detail[2].rows.nrows > 0);
    view.depth = 2;
    for (int i = 0; i < 4; i++) {
        view.item = view.drawn.item = i;
        view.drawn.depth = 2;
        must_show("PROMPT, as sent");
        must_show("\"model\":\"claude-");
        must_show("RAW REPLY");
    }
    load(r, DETAIL_AGENT, "research");
    must_show("CALLS     7 days 1");
    must_show("AAPL");
}

static void a_running_evaluation_shows_who_is_still_asked(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO evaluations (symbol, state, requested_by, request, locked_by,"
               "  started_machine, needed) VALUES ('AAPL', 'VOTING', 'anna',"
               "  '{\"voters\": \"research news_analyst\"}', 'vm/1/1',"
               "  clock_timestamp() - interval '61 s', 2);"
               "INSERT INTO agent_interactions (agent_name, action, evaluation_id, model, status)"
               "  VALUES ('research', 'vote', 1, 'claude-haiku-4-5', 'SENT'),"
               "  ('research_baseline', 'vote', 1, NULL, 'DONE');"
               "INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence, reason,"
               "  counted) VALUES (1, 'news_analyst', 'model', 'voter', 'SELL', 66, 'bad', true)");
    load(r, DETAIL_EVALUATION, "1");
    assert_int_equal(details[DETAIL_EVALUATION].rhythm(&snap), 250);
    assert_int_equal(snap.detail[1].rows.nrows, 4); /* detector, two voters, risk manager */
    must_show("VOTING    61.");
    must_show("research           asked");
    must_show("news_analyst       done");
    must_show("SELL 66%");
    must_show("1 of 2 in, need 2");
    must_show("only if the vote is BUY");
}

/* ---- the others */

static void an_adjustment_shows_what_code_measured(void **state)
{
    struct rig *r = *state;
    rig_run(
        r,
        "INSERT INTO evaluations (symbol, state, requested_by, finished_at, decision)"
        "  VALUES ('AAPL', 'DECIDED', 'x', desk_now(), 'BUY');"
        "SELECT review_propose('time_exit', 20, 25, 'queue', 'confidence 74 < 80', 74, 'LOW',"
        "  'HIGH', 'by code', 'strategy_builder', '{\"source\": \"replay\", \"n\": 63,"
        "  \"used\": 42, \"changed\": 14, \"unknown\": 3, \"weeks\": 9, \"mean_old\": 0.05,"
        "  \"mean_new\": 0.11, \"won_old\": 21, \"won_new\": 24, \"effect\": 0.06,"
        "  \"delta_95\": [-0.4, 1.3], \"verdict\": \"NOT PROVEN\", \"warnings\": [\"2nd in 30"
        "  days\"], \"model_quote\": \"Winners need longer.\", \"cases\": [{\"evaluation_id\": 1,"
        "  \"trade_id\": null, \"r_old\": -1, \"r_new\": 0.5}, {\"evaluation_id\": 99},"
        "  \"odd\"]}', 0);"
        "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
        "  confidence_score, reasoning, evidence) VALUES"
        "  ('time_exit', 30, 15, 60, 'x', '[1, 2]'), ('made_up', 20, 10, 60, 'x', '\"odd\"');"
        "SELECT review_approve(1, 0, '', '', 'ops', '10.0.0.7', interval '8 s');"
        "INSERT INTO notes (operator, origin, object, note) VALUES"
        "  ('ops', '', 'adjustment #2', 'ask again')");
    load(r, DETAIL_ADJUSTMENT, "1");
    must_show("NOT AUTO because: confidence 74 < 80");
    must_show("42 cases (9 weeks)");
    must_show("changed 14   mean R +0.05->+0.11   won 50%->57%");
    must_show("95% CI [-0.400, +1.300] includes 0: NOT PROVEN");
    must_show("unknown for 3 of 14");
    must_show("2nd in 30");
    must_show("#2 -> 15");
    must_show("\"Winners need longer.\"");
    must_show("by ops@10.0.0.7   applies in 8 s; u undoes");
    must_show("approve");
    must_show(">eval 1");
    assert_int_equal(details[DETAIL_ADJUSTMENT].rhythm(&snap), 1000);
    load(r, DETAIL_ADJUSTMENT, "2");
    must_show("nothing is recorded");
    must_show("note: \"ask again\"");
    must_show("in force now");
    load(r, DETAIL_ADJUSTMENT, "3");
    must_show("no such parameter");
}

static void a_parameter_tells_what_each_value_did(void **state)
{
    struct rig *r = *state;
    load(r, DETAIL_PARAMETER, "rsi_max");
    must_show("VALUE     off   never changed");
    rig_run(r,
            "SELECT review_propose('stop_mult', 1.5, 1.25, 'apply', 'all hold', 90, 'LOW', 'HIGH',"
            "  'w', 'baseline', '{}', 0);"
            "UPDATE strategy_adjustments SET measured = '{\"state\": \"better\", \"n\": 60,"
            "  \"effect\": 0.08}'");
    load(r, DETAIL_PARAMETER, "stop_mult");
    must_show("VALUE     1.25 x beta x ATR");
    must_show("better  n=60  +0.08 R");
    must_show("AUTO_APPLIED");
}

static void a_cycle_shows_its_insights_with_their_intervals(void **state)
{
    struct rig *r = *state;
    rig_run(r,
            "INSERT INTO learning_cycles (trigger, state, requested_by, lookback_days, owner,"
            "  finished_at, trades, patterns, tested) VALUES ('operator', 'DONE', 'ops', 90, 'x',"
            "  desk_now(), 12, 1, 30);"
            "INSERT INTO learning_patterns (cycle_id, condition, feature, title, status, n_in,"
            "  n_out, won_in, won_out, rate_in, rate_lo, rate_hi, mean_r_in, mean_r_out, r_lo,"
            "  r_hi, p, q, why, headline) VALUES (1, 'a', 'f', 'RSI above 70', 'candidate', 19, 80,"
            "  3, 40, 0.158, 0.055, 0.376, -0.62, 0.2, -0.93, -0.2, 0.004, 0.07, 'to be confirmed',"
            "  'They fall back.'), (1, 'b', 'f', 'sector Energy', 'untested', 1, 98, 0, 43, NULL,"
            "  NULL, NULL, NULL, NULL, NULL, NULL, 1, 1, 'too few', '')");
    load(r, DETAIL_CYCLE, "1");
    must_show("asked by ops");
    must_show("RSI above 70                candidate     19   16% 6-38    -0.62 [-0.93, -0.20]");
    must_show("\"They fall back.\"");
    must_show("the other conditions had too few cases");
}

static void an_alert_says_what_to_do(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO alerts (rule, object, severity, text, fix) VALUES"
               "  ('pos.loss', 'position 7', 'W', 'AAPL lost 5 %', 'quorum close AAPL'),"
               "  ('pos.loss', 'position 6', 'W', 'AMD lost 5 %', ''),"
               "  ('made.up', '', 'i', 'no rule of ours', '')");
    load(r, DETAIL_ALERT, "1");
    must_show("quorum close AAPL");
    must_show("speaks: a position lost 5 %");
    must_show("AMD lost 5 %");
    load(r, DETAIL_ALERT, "3");
    must_show("nothing: for information");
}

static void an_agent_is_measured_against_its_baseline(void **state)
{
    struct rig *r = *state;
    rig_run(r,
            "INSERT INTO evaluations (symbol, state, requested_by, finished_at, decision)"
            "  VALUES ('AAPL', 'DECIDED', 'x', desk_now(), 'BUY');"
            "INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence, reason,"
            "  counted) VALUES (1, 'research', 'model', 'voter', 'BUY', 80, 'r', true),"
            "  (1, 'research', 'baseline', 'voter', 'SELL', 60, 'r', false);"
            "INSERT INTO vote_scores (evaluation_id, agent, source, probability, y, brier) VALUES"
            "  (1, 'research', 'model', 0.8, 1, 0.04), (1, 'research', 'baseline', 0.4, 1, 0.36);"
            "INSERT INTO agent_interactions (agent_name, action, evaluation_id, model, status,"
            "  error, latency_ms, cost_usd) VALUES"
            "  ('research', 'vote', 1, 'claude-haiku-4-5', 'FAILED', 'no reply within 30 s',"
            "   30000, 0.001), ('research', 'vote', 1, 'claude-haiku-4-5', 'DONE', NULL, 700,"
            "   0.002)");
    load(r, DETAIL_AGENT, "research");
    must_show("failed 1 (50.0%)");
    must_show("timeout");
    must_show("the model is better by 0.320");
    must_show("not proven: 1 weeks, 8 are needed");
    must_show("80-89     80%  100% 21-100      1");
    must_show("slowest 30.0s");
}

static void a_symbol_shows_its_guards(void **state)
{
    struct rig *r = *state;
    rig_run(r, "SELECT test_buy('AAPL', 100, 10, 4, 8, desk_now());"
               "INSERT INTO day_plan (day, symbol, rank, reason) VALUES"
               "  ('2020-11-20', 'AAPL', 3, 'not planned: budget')");
    load(r, DETAIL_SYMBOL, "AAPL");
    must_show("position_risk");
    must_show("cool_down");
    must_show("not planned: budget");
    must_show("Sector of AAPL");
    must_show("#1      11-20 10:00 BUY");
    load(r, DETAIL_SYMBOL, "NOBODY");
    must_show("E10 no symbol NOBODY.");
}

#define TEST(t)        cmocka_unit_test_setup_teardown(t, broker_rig_open, broker_rig_close)
#define TEST_PLAIN(t)  cmocka_unit_test_setup_teardown(t, rig_open, rig_close)
#define TEST_MODELS(t) cmocka_unit_test_setup_teardown(t, rig_open_with_models, rig_close)

static int stop(void **state)
{
    forget();
    return fixture_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_statement_gives_what_is_drawn),
        TEST(who_may_only_read_sees_all_details),
        TEST(a_position_tells_its_story_while_it_is_open),
        TEST(a_trade_tells_how_it_ended),
        TEST(times_are_of_the_zone_that_was_asked_for),
        TEST_PLAIN(an_evaluation_shows_its_size_and_gaps),
        TEST_MODELS(an_evaluation_shows_every_word_and_byte),
        TEST(a_running_evaluation_shows_who_is_still_asked),
        TEST(an_adjustment_shows_what_code_measured),
        TEST(a_parameter_tells_what_each_value_did),
        TEST(a_cycle_shows_its_insights_with_their_intervals),
        TEST(an_alert_says_what_to_do),
        TEST(an_agent_is_measured_against_its_baseline),
        TEST(a_symbol_shows_its_guards),
    };
    return cmocka_run_group_tests(tests, fixture_start, stop);
}
