/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the agents' word is worth: the figures an operator decides by. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/calibration.h"
#include "quorum/evaluation.h"
#include "store/desk_rig.h"

static const char *sql_of(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static const char *sql_of(const char *fmt, ...)
{
    static char sql[3000];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sql, sizeof sql, fmt, args);
    va_end(args);
    return sql;
}

/* n decided evaluations with known outcomes, one every other day, y by an SQL condition on i. */
static void outcomes(struct rig *r, int n, const char *y)
{
    rig_run(r,
            sql_of("WITH e AS (INSERT INTO evaluations (symbol, requested_by, state, finished_at,"
                   "  as_of, price, regime) SELECT 'AAPL', 'test', 'DECIDED', desk_now(),"
                   "  desk_now(), 100, CASE WHEN i %% 3 = 0 THEN 'BEAR' ELSE 'BULL' END"
                   "  FROM generate_series(1, %d) i RETURNING id)"
                   "INSERT INTO shadow_outcomes (evaluation_id, symbol, state, stop_pct,"
                   "  target_pct, entry_day, exit_day, outcome, y, r_multiple, resolved_at)"
                   " SELECT id, 'AAPL', 'DONE', 3, 8, date '2025-01-06' + 2 * i::int,"
                   "  date '2025-01-20' + 2 * i::int, 'time', (%s)::int, 0,"
                   "  desk_now() - make_interval(days => %d - i::int)"
                   " FROM (SELECT id, row_number() OVER (ORDER BY id) AS i FROM e) t",
                   n, y, n));
}

/* A vote in each evaluation, or in those that fit: vote and confidence by SQL expressions on i. */
static void votes(struct rig *r, const char *agent, const char *source, const char *vote,
                  const char *confidence, const char *counted, const char *fits)
{
    rig_run(r, sql_of("INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence,"
                      "  reason, counted, prompt_version)"
                      " SELECT id, '%s', '%s', 'voter', %s, %s, '', %s, 1 FROM (SELECT id,"
                      "  row_number() OVER (ORDER BY id) AS i FROM evaluations) t WHERE %s",
                      agent, source, vote, confidence, counted, fits));
    rig_run(r,
            "INSERT INTO vote_scores (evaluation_id, agent, source, probability, y, brier)"
            " SELECT evaluation_id, agent, source, p, y, (p - y) * (p - y) FROM (SELECT v.*, s.y,"
            "   CASE v.vote WHEN 'BUY' THEN confidence / 100 WHEN 'SELL' THEN"
            "   1 - confidence / 100 WHEN 'HOLD' THEN 3.0 / 11 END AS p"
            "   FROM votes v JOIN shadow_outcomes s USING (evaluation_id)) t WHERE p IS NOT NULL"
            " ON CONFLICT DO NOTHING");
}

static void refresh(struct rig *r)
{
    static const struct statement after = {"after", "SELECT 1"};
    struct error e = {0};
    size_t alarms;
    /* Alerts are sent and not waited for; what is asked after them comes after them. */
    if (calibration_refresh(r->desk, &alarms, &e) || db_query(r->desk->db, &after, NULL, NULL, &e))
        fail_msg("%s", e.text);
}

static struct calibration_report *report(struct rig *r, const char *agent)
{
    struct calibration_report *out = mem_alloc(sizeof *out);
    struct error e = {0};
    if (calibration_load(r->desk, agent, out, &e))
        fail_msg("%s", e.text);
    return out;
}

static void done_with(struct calibration_report *r)
{
    calibration_release(r);
    mem_free(r);
}

static const struct calibration_voter *voter(const struct calibration_report *r, const char *agent,
                                             const char *source)
{
    for (size_t i = 0; i < r->nvoters; i++)
        if (strcmp(r->voter[i].agent, agent) == 0 && strcmp(r->voter[i].source, source) == 0)
            return &r->voter[i];
    fail_msg("no %s %s", agent, source);
    return NULL;
}

/* ---- the figures */

static void the_scores_are_those_of_the_votes(void **state)
{
    struct rig *r = *state;
    outcomes(r, 40, "i % 4 = 0");
    votes(r, "research", "baseline",
          "CASE WHEN i <= 30 THEN 'BUY' WHEN i <= 36 THEN 'HOLD' ELSE"
          " 'ABSTAIN' END",
          "CASE WHEN i <= 30 THEN 80 ELSE 0 END", "true", "true");
    votes(r, "research", "model", "'SELL'", "90", "false", "i <= 20");
    struct calibration_report *p = report(r, NULL);
    assert_int_equal(p->evaluations, 40);
    const struct calibration_voter *v = voter(p, "research", "baseline");
    assert_int_equal(v->asked, 40);
    assert_int_equal(v->buys, 30);
    assert_int_equal(v->holds, 6);
    assert_int_equal(v->all.n, 36);
    assert_int_equal(v->stated.n, 30);
    /* 7 of the first 30 end well: 23 x .64 + 7 x .04. */
    assert_true(fabs(v->stated.brier - (23 * .64 + 7 * .04) / 30) < 1e-12);
    assert_int_equal(v->stated.bin[4].n, 30);
    assert_true(fabs(v->stated.bin[4].rate - 7 / 30.0) < 1e-12);
    assert_true(fabs(v->stated.expected_error - (.8 - 7 / 30.0)) < 1e-12);
    assert_int_equal(v->nregimes, 2);
    assert_int_equal(v->regime[0].score.n + v->regime[1].score.n, 36);
    /* A model is not asked where its baseline has no data: its coverage counts those, too. */
    v = voter(p, "research", "model");
    assert_int_equal(v->asked, 40);
    assert_int_equal(v->all.n, 20);
    assert_int_equal(v->stated.bin[0].n, 20);
    done_with(p);
}

static void a_model_that_is_worse_than_its_free_baseline_is_told_with_its_price(void **state)
{
    struct rig *r = *state;
    char text[160];
    outcomes(r, 80, "i % 2 = 0");
    /* The baseline is right with 60, the model wrong with 90 three times of four. */
    votes(r, "research", "baseline", "CASE WHEN i % 2 = 0 THEN 'BUY' ELSE 'SELL' END", "60",
          "false", "true");
    votes(r, "research", "model", "CASE WHEN (i % 2 = 0) = (i % 4 = 0) THEN 'BUY' ELSE 'SELL' END",
          "90", "true", "true");
    rig_run(r, "INSERT INTO agent_interactions (agent_name, action, evaluation_id, model, cost_usd)"
               " SELECT 'research', 'vote', id, 'm', 0.002 FROM evaluations");
    struct calibration_report *p = report(r, "research");
    assert_int_equal(p->nmatches, 1);
    const struct calibration_match *m = &p->match[0];
    assert_int_equal(m->duel.n, 80);
    assert_true(m->blocks);
    assert_int_equal(m->cost, 160000000);
    assert_true(m->duel.gain < 0 && m->duel.gain_95.high < 0);
    assert_false(m->point_cost.known);
    assert_int_equal(calibration_verdict(m), MATCH_BASELINE);
    assert_string_equal(calibration_verdict_text(m, text), "the free baseline beats the model");
    done_with(p);
}

static void a_model_that_helps_has_a_price_for_it(void **state)
{
    struct rig *r = *state;
    outcomes(r, 80, "i % 2 = 0");
    votes(r, "research", "baseline", "'HOLD'", "50", "false", "true");
    votes(r, "research", "model", "CASE WHEN i % 2 = 0 THEN 'BUY' ELSE 'SELL' END", "80", "true",
          "true");
    rig_run(r, "INSERT INTO agent_interactions (agent_name, action, evaluation_id, model, cost_usd)"
               " SELECT 'research', 'vote', id, 'm', 0.002 FROM evaluations");
    struct calibration_report *p = report(r, NULL);
    const struct calibration_match *m = &p->match[0];
    double saved = ((8 / 11.0) * (8 / 11.0) + (3 / 11.0) * (3 / 11.0)) / 2 - .04;
    assert_int_equal(calibration_verdict(m), MATCH_MODEL);
    assert_true(fabs(m->duel.gain - saved) < 1e-9);
    assert_true(m->point_cost.known && fabs(m->point_cost.v - .002 / saved * .01) < 1e-9);
    done_with(p);
}

static void too_few_votes_name_no_winner(void **state)
{
    struct rig *r = *state;
    char text[160];
    outcomes(r, 12, "i % 2 = 0");
    votes(r, "research", "baseline", "'HOLD'", "50", "false", "true");
    votes(r, "research", "model", "'BUY'", "80", "true", "true");
    struct calibration_report *p = report(r, NULL);
    assert_int_equal(calibration_verdict(&p->match[0]), MATCH_FEW);
    assert_memory_equal(calibration_verdict_text(&p->match[0], text), "not enough data: need ~",
                        23);
    assert_non_null(strstr(text, "have 12"));
    done_with(p);
}

static void voters_that_err_together_count_as_fewer(void **state)
{
    struct rig *r = *state;
    outcomes(r, 60, "i % 2 = 0");
    votes(r, "research", "baseline", "CASE WHEN i % 3 = 0 THEN 'BUY' ELSE 'SELL' END", "70", "true",
          "true");
    votes(r, "news_analyst", "baseline", "CASE WHEN i % 3 = 0 THEN 'BUY' ELSE 'SELL' END", "60",
          "true", "true");
    struct calibration_report *p = report(r, NULL);
    assert_int_equal(p->npairs, 1);
    assert_int_equal(p->pair[0].n, 60);
    assert_true(p->pair[0].phi.known && fabs(p->pair[0].phi.v - 1) < 1e-9);
    assert_true(p->phi_measured && fabs(p->effective - 1) < 1e-9);
    done_with(p);
    /* Below 30 shared cases nothing is measured: .5 is assumed and said. */
    rig_run(r, "UPDATE votes SET counted = false WHERE evaluation_id > 20");
    p = report(r, NULL);
    assert_false(p->phi_measured);
    assert_true(fabs(p->effective - 2 / 1.5) < 1e-9);
    done_with(p);
}

/* ---- what stands beside a stated confidence */

static double number(const char *text)
{
    return strtod(text, NULL);
}

/* The database's arithmetic for every confidence is the program's. */
static void same_in_both(struct rig *r, enum calibration_kind kind)
{
    struct calibration_report *p = report(r, "research");
    const struct calibration_voter *v = voter(p, "research", "baseline");
    assert_int_equal(v->map.kind, kind);
    for (int confidence = 0; confidence <= 100; confidence += 5) {
        double buy = number(rig_text(r, sql_of("SELECT real_pct FROM calibrated('research',"
                                               " 'baseline', 'BUY', %d)",
                                               confidence)));
        double sell = number(rig_text(r, sql_of("SELECT real_pct FROM calibrated('research',"
                                                " 'baseline', 'SELL', %d)",
                                                confidence)));
        int64_t n = rig_int(
            r, sql_of("SELECT n FROM calibrated('research', 'baseline', 'BUY', %d)", confidence));
        double c = confidence / 100.0;
        size_t bin = c < 1 ? (size_t)(c * 5) : 4;
        assert_true(fabs(buy - 100 * calibration_apply(&v->map, c)) < 1e-6);
        assert_true(fabs(sell - 100 * (1 - calibration_apply(&v->map, 1 - c))) < 1e-6);
        assert_int_equal(n, v->stated.bin[bin].n);
    }
    done_with(p);
}

static void calibrated_of(struct rig *r, int n, enum calibration_kind kind)
{
    outcomes(r, n, "i * 7919 % 100 < 20 + 40 * (i % 10) / 10");
    votes(r, "research", "baseline", "'BUY'", "50 + 5 * (i % 10)", "true", "true");
    refresh(r);
    same_in_both(r, kind);
}

static void few_votes_are_shrunk_to_the_base_rate(void **state)
{
    calibrated_of(*state, 40, CALIBRATION_SHRINK);
}

static void hundreds_of_votes_are_mapped_by_a_logistic(void **state)
{
    calibrated_of(*state, 300, CALIBRATION_PLATT);
}

static void thousands_of_votes_are_mapped_step_by_step(void **state)
{
    calibrated_of(*state, 1200, CALIBRATION_ISOTONIC);
}

static void nothing_stands_beside_it_below_thirty(void **state)
{
    struct rig *r = *state;
    char text[CALIBRATED_SIZE];
    outcomes(r, 29, "i % 3 = 0");
    votes(r, "research", "baseline", "'BUY'", "80", "true", "true");
    refresh(r);
    assert_int_equal(rig_int(r, "SELECT count(real_pct) FROM calibrated('research', 'baseline',"
                                " 'BUY', 80)"),
                     0);
    assert_string_equal(calibration_print(text, 81.6, VALUE_UNKNOWN, 0), "82%");
    assert_string_equal(calibration_print(text, 82, VALUE(60.7), 14), "82% (61 real, n=14)");
}

static void a_stored_vote_carries_what_it_came_to(void **state)
{
    struct rig *r = *state;
    struct stored_evaluation s;
    struct error e = {0};
    char text[CALIBRATED_SIZE];
    outcomes(r, 40, "i <= 10");
    votes(r, "research", "baseline", "'BUY'", "80", "true", "true");
    votes(r, "news_analyst", "baseline", "'HOLD'", "50", "true", "true");
    refresh(r);
    assert_int_equal(evaluation_load(r->desk, 1, false, &s, &e), OK);
    for (size_t i = 0; i < s.nvotes; i++) {
        const struct stored_vote *v = &s.vote[i];
        if (strcmp(v->agent, "research") != 0) {
            assert_false(v->real_pct.known);
            continue;
        }
        /* 11 of 42 with the prior, a quarter of the way to 80: .2619 + 40/140 (.8 - .2619). */
        assert_true(v->real_pct.known && fabs(v->real_pct.v - 41.565) < .01);
        assert_string_equal(calibration_print(text, v->confidence, v->real_pct, v->real_n),
                            "80% (42 real, n=40)");
    }
    stored_evaluation_release(&s);
}

/* ---- the alarm */

#define THIRDS      "CASE i % 3 WHEN 0 THEN 'BUY' WHEN 1 THEN 'SELL' ELSE 'HOLD' END"
#define CHANGED(to) "CASE WHEN i > 100 THEN '" to "' ELSE " THIRDS " END"

static void an_agent_that_decides_otherwise_is_reported_once_until_it_is_over(void **state)
{
    struct rig *r = *state;
    outcomes(r, 150, "i % 3 = 0");
    votes(r, "research", "model", CHANGED("HOLD"), "60", "true", "true");
    votes(r, "research", "baseline", THIRDS, "60", "false", "true");
    refresh(r);
    refresh(r);
    assert_string_equal(rig_text(r, "SELECT string_agg(rule || ' ' || object, ';') FROM alerts"),
                        "agent.mix research v1");
    assert_string_equal(rig_text(r, "SELECT text FROM alerts"),
                        "research v1 decides otherwise than before: HOLD 100% of 50, before"
                        " 33% of 100");
    /* The refresh of all other alerts leaves it. */
    rig_run(r, "SELECT alerts_refresh()");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM alerts WHERE cleared_at IS NULL"
                                " AND rule = 'agent.mix'"),
                     1);
    rig_run(r, "UPDATE votes SET vote = 'BUY' WHERE source = 'model' AND evaluation_id % 3 = 0;"
               "UPDATE votes SET vote = 'SELL' WHERE source = 'model' AND evaluation_id % 3 = 1");
    refresh(r);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM alerts WHERE cleared_at IS NULL"
                                " AND rule = 'agent.mix'"),
                     0);
}

static void a_market_that_turned_is_no_alarm_but_missing_facts_are(void **state)
{
    struct rig *r = *state;
    outcomes(r, 150, "i % 3 = 0");
    votes(r, "research", "model", CHANGED("SELL"), "60", "true", "true");
    votes(r, "research", "baseline", CHANGED("SELL"), "60", "false", "true");
    votes(r, "news_analyst", "baseline", CHANGED("ABSTAIN"), "60", "true", "true");
    refresh(r);
    assert_string_equal(rig_text(r, "SELECT string_agg(object || ': ' || text, ';') FROM alerts"),
                        "news_analyst baseline: news_analyst baseline decides otherwise than"
                        " before: ABSTAIN 100% of 50, before 0% of 100");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(the_scores_are_those_of_the_votes),
        TEST(a_model_that_is_worse_than_its_free_baseline_is_told_with_its_price),
        TEST(a_model_that_helps_has_a_price_for_it),
        TEST(too_few_votes_name_no_winner),
        TEST(voters_that_err_together_count_as_fewer),
        TEST(few_votes_are_shrunk_to_the_base_rate),
        TEST(hundreds_of_votes_are_mapped_by_a_logistic),
        TEST(thousands_of_votes_are_mapped_step_by_step),
        TEST(nothing_stands_beside_it_below_thirty),
        TEST(a_stored_vote_carries_what_it_came_to),
        TEST(an_agent_that_decides_otherwise_is_reported_once_until_it_is_over),
        TEST(a_market_that_turned_is_no_alarm_but_missing_facts_are),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
