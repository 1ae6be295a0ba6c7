/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/golden_json.h"

#include <string.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"

/* ---- confidence ---- */

/* quant.md 6.3: per-arm n, observed d, s = 1.64 in both arms. */
static void confidence_is_the_published_table(void **state)
{
    (void)state;
    static const struct {
        double d;
        int n, percent;
    } row[] = {{0.3, 10, 54}, {0.3, 30, 62}, {0.3, 50, 68}, {0.3, 100, 80}, {0.3, 200, 92},
               {0.5, 10, 57}, {0.5, 30, 69}, {0.5, 50, 79}, {0.5, 100, 92}};
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct learning_effect e = {row[i].d, 2 * 1.64 * 1.64 / row[i].n, (size_t)row[i].n};
        double c = learning_confidence(&e, 1);
        assert_true(fabs(c - row[i].percent) <= 1);
        /* The best of many has to be that much better. */
        assert_true(learning_confidence(&e, 5) < c && learning_confidence(&e, 5) > 50);
        e.delta = -e.delta;
        assert_near(learning_confidence(&e, 1), 100 - c, 1e-9);
    }
    struct learning_effect nothing = {0, (double)INFINITY, 0}, wrong = {(double)NAN, 1, 9};
    assert_true(learning_confidence(&nothing, 1) == 50 && learning_confidence(&wrong, 1) == 50);
}

static void ten_trades_that_ended_alike_prove_nothing(void **state)
{
    (void)state;
    double won[10], lost[10];
    for (int i = 0; i < 10; i++) {
        won[i] = 1;
        lost[i] = -1;
    }
    struct learning_effect e = learning_effect_between(won, 10, lost, 10);
    assert_true(e.n == 10 && e.delta == 2);
    assert_near(e.variance, 0.2, 1e-12); /* each deviation counts as 1 R */
    won[0] = 400;
    e = learning_effect_between(won, 10, lost, 10);
    assert_near(e.delta, 2.4, 1e-12); /* one lucky trade counts as 5 R */
    e = learning_effect_between(won, 10, lost, 0);
    assert_true(e.n == 0 && isinf(e.variance) && e.delta == 0);
}

static void a_filter_is_judged_by_what_it_would_have_left(void **state)
{
    (void)state;
    static const double r[] = {2, -1, 2, -1, -1, -1, 2, -1};
    static const bool kept[] = {true, true, true, false, false, false, true, true};
    struct learning_effect e = learning_effect_of_filter(r, kept, 8);
    assert_near(e.delta, 4.0 / 5 - 1.0 / 8, 1e-12);
    assert_true(e.n == 3);
    assert_near(e.variance, 9.0 / 64 * (2.7 / 5 + 1.0 / 3), 1e-9);
    static const bool all[8] = {true, true, true, true, true, true, true, true};
    e = learning_effect_of_filter(r, all, 8);
    assert_true(e.n == 0 && e.delta == 0 && isinf(e.variance));
    struct learning_effect a = {0.4, 0.02, 30}, b = {0.3, 0.01, 50};
    e = learning_effect_in_differences(&a, &b);
    assert_near(e.delta, 0.1, 1e-12);
    assert_near(e.variance, 0.03, 1e-12);
    assert_true(e.n == 30);
}

/* ---- the gate ---- */

static const struct learning_effect strong = {0.6, 0.01, 200};

static struct learning_change tighter(void)
{
    return (struct learning_change){.parameter = "rsi_max",
                                    .registered = true,
                                    .now = VALUE(90),
                                    .to = VALUE(85),
                                    .low = 60,
                                    .high = 90,
                                    .step = 5,
                                    .risk = RISK_RISES};
}

static struct learning_state quiet(void)
{
    return (struct learning_state){.closed_trades = 200,
                                   .trades_since_last = 50,
                                   .ever_changed = true,
                                   .days_since_rolled_back = -1,
                                   .considered = 1,
                                   .compared = 8};
}

static struct gate judged(struct learning_change c, struct learning_effect e,
                          struct learning_state s)
{
    struct gate g;
    learning_gate(&c, &e, &s, &learning_policy_default, &g);
    assert_true(g.reason[0] != '\0');
    assert_true((g.verdict == GATE_APPLY) == (g.failed == 0));
    return g;
}

static void only_the_proven_small_and_safe_is_applied_alone(void **state)
{
    (void)state;
    struct gate g = judged(tighter(), strong, quiet());
    assert_int_equal(g.verdict, GATE_APPLY);
    assert_true(g.risk == LEVEL_LOW && g.priority == LEVEL_HIGH && g.confidence > 95);
    assert_string_equal(g.reason, "confidence 100.0, risk LOW, priority HIGH, 200 cases");
}

static void assert_queued(struct gate g, enum gate_condition k, const char *words)
{
    assert_int_equal(g.verdict, GATE_QUEUE);
    assert_true(g.failed >> k & 1);
    if (!strstr(g.reason, words))
        fail_msg("'%s' does not say '%s'", g.reason, words);
}

static void each_doubt_sends_it_to_a_person_with_the_reason(void **state)
{
    (void)state;
    struct learning_change c = tighter();
    struct learning_state s = quiet();
    struct learning_effect e = {0.3, 0.07, 100};
    assert_queued(judged(c, e, s), GATE_CONFIDENCE, "is below 80");
    e = strong;
    e.n = 22;
    assert_queued(judged(c, e, s), GATE_CASES, "22 cases, 8 short of 30");
    c.now = VALUE(80);
    assert_queued(judged(c, strong, s), GATE_RISK, "risk is MEDIUM");
    c = tighter();
    s.compared = 1000000;
    assert_queued(judged(c, strong, s), GATE_PRIORITY, "all 1000000 changes");
    s = quiet();
    c.to = VALUE(80);
    assert_queued(judged(c, strong, s), GATE_SMALL, "33% of its range, more than 20%");
    c = tighter();
    s.measuring = true;
    assert_queued(judged(c, strong, s), GATE_ALONE, "being measured");
    s = quiet();
    s.trades_since_last = 19;
    assert_queued(judged(c, strong, s), GATE_COOLED, "19 trades since the last change, 1 short");
    s.ever_changed = false;
    assert_int_equal(judged(c, strong, s).verdict, GATE_APPLY);
    struct learning_policy by_hand = learning_policy_default;
    struct gate g;
    by_hand.automatic = false;
    s = quiet();
    learning_gate(&c, &strong, &s, &by_hand, &g);
    assert_queued(g, GATE_AUTOMATIC, "without a person");
}

static void assert_rejected(struct gate g, const char *words)
{
    assert_int_equal(g.verdict, GATE_REJECT);
    if (!strstr(g.reason, words))
        fail_msg("'%s' does not say '%s'", g.reason, words);
}

static void nonsense_never_reaches_the_queue(void **state)
{
    (void)state;
    struct learning_change c = tighter();
    struct learning_state s = quiet();
    c.registered = false;
    c.parameter = "position_cap";
    assert_rejected(judged(c, strong, s), "position_cap is not a parameter that may be learned");
    c = tighter();
    c.to = VALUE(55);
    assert_rejected(judged(c, strong, s), "55 is outside 60 to 90");
    c.to = VALUE((double)NAN);
    assert_rejected(judged(c, strong, s), "not numbers");
    c.to = VALUE((double)INFINITY);
    assert_rejected(judged(c, strong, s), "not numbers");
    c.to = VALUE(83);
    assert_rejected(judged(c, strong, s), "83 is not on a step of 5 from 60");
    c.to = VALUE(90);
    assert_rejected(judged(c, strong, s), "has that value");
    c = tighter();
    s.days_since_rolled_back = 12;
    assert_rejected(judged(c, strong, s), "taken back 12 days ago; blocked for 90");
    s.days_since_rolled_back = 90;
    assert_int_equal(judged(c, strong, s).verdict, GATE_APPLY);
    s = quiet();
    struct learning_effect weak = {0.1, 0.2, 12}, none = {0, (double)INFINITY, 0};
    assert_rejected(judged(c, weak, s), "is below 60 (12 cases)");
    assert_rejected(judged(c, none, s), "confidence 50.0 is below 60 (0 cases)");
    struct learning_effect nearly = {0.07137, 0.04, 15}; /* 59.96: never "60.0 is below 60" */
    assert_rejected(judged(c, nearly, s), "confidence 59.9 is below 60 (15 cases)");
    none.variance = (double)NAN;
    assert_rejected(judged(c, none, s), "not numbers");
    /* A step that doubles cannot hold exactly is still a step. */
    c = (struct learning_change){"min_volume_ratio", true, VALUE(0.6), VALUE(0.7), 0, 2, 0.1,
                                 RISK_FALLS};
    assert_int_equal(judged(c, strong, s).verdict, GATE_APPLY);
}

static void risk_is_low_only_where_nothing_can_grow(void **state)
{
    (void)state;
    struct learning_change c = tighter();
    assert_int_equal(learning_risk(&c), LEVEL_LOW);
    c.risk = RISK_FALLS;
    assert_int_equal(learning_risk(&c), LEVEL_MEDIUM);
    c.risk = RISK_BOTH_WAYS;
    assert_int_equal(learning_risk(&c), LEVEL_MEDIUM);
    c = tighter();
    c.now = VALUE(70);
    assert_int_equal(learning_risk(&c), LEVEL_HIGH); /* half the range */
    c.now = VALUE_UNKNOWN;                           /* off: switching a filter on */
    assert_int_equal(learning_risk(&c), LEVEL_LOW);
    c.now = VALUE(85);
    c.to = VALUE_UNKNOWN; /* switching it off */
    assert_int_equal(learning_risk(&c), LEVEL_MEDIUM);
    c.now = VALUE(90);
    assert_int_equal(learning_risk(&c), LEVEL_MEDIUM);
}

static void every_word_of_the_gate_is_known(void **state)
{
    (void)state;
    assert_string_equal(gate_verdict_name(GATE_APPLY), "apply");
    assert_string_equal(gate_verdict_name((enum gate_verdict)9), "?");
    assert_string_equal(learning_level_name(LEVEL_MEDIUM), "MEDIUM");
    assert_string_equal(pattern_status_name(PATTERN_CONFIRMED), "confirmed");
    assert_string_equal(measure_verdict_name(MEASURE_SUNSET), "sunset");
    assert_string_equal(calibration_kind_name(CALIBRATION_PLATT), "logistic");
}

/* ---- measuring ---- */

static void harm_is_taken_back_and_the_unproven_does_not_stay(void **state)
{
    (void)state;
    char why[160];
    struct measure m = {.effect = {0.05, 0.1, 20}, .trades = 20, .days = 30, .worst_drawdown = 10};
    assert_int_equal(measure_judge(&m, why), MEASURE_GO_ON);
    assert_non_null(strstr(why, "20 of 60 trades, 30 of 90 days"));
    m.drawdown = 15;
    assert_int_equal(measure_judge(&m, why), MEASURE_GO_ON);
    m.drawdown = 15.1;
    assert_int_equal(measure_judge(&m, why), MEASURE_ROLL_BACK);
    assert_non_null(strstr(why, "drawdown 15.1 R"));
    m.worst_drawdown = 0; /* not known: no rule by it */
    assert_int_equal(measure_judge(&m, why), MEASURE_GO_ON);
    m.drawdown = 0;
    m.effect = (struct learning_effect){-1, 0.06, 40};
    assert_int_equal(measure_judge(&m, why), MEASURE_ROLL_BACK);
    assert_non_null(strstr(why, "worse by 1.00 R a trade"));
    m.effect = (struct learning_effect){0.05, 0.06, 60};
    m.trades = 60;
    assert_int_equal(measure_judge(&m, why), MEASURE_KEEP);
    m.effect.delta = -0.05;
    assert_int_equal(measure_judge(&m, why), MEASURE_SUNSET);
    /* Sixty decisions of a filter within six weeks have no interval: nothing is dropped yet. */
    m.trades = 61;
    m.days = 74;
    m.effect = (struct learning_effect){0.05, (double)INFINITY, 61};
    assert_int_equal(measure_judge(&m, why), MEASURE_GO_ON);
    assert_non_null(strstr(why, "61 of 60 trades, 74 of 90 days; too few weeks or cases"));
    m.trades = 2;
    m.days = 90;
    m.effect = (struct learning_effect){0, (double)INFINITY, 0};
    assert_int_equal(measure_judge(&m, why), MEASURE_SUNSET);
}

static void watching_every_trade_takes_back_few_good_changes(void **state)
{
    (void)state;
    int back = 0, runs = 400;
    for (int run = 0; run < runs; run++) {
        struct random g = random_begin(3, (uint64_t)run);
        double sum = 0;
        bool taken = false;
        for (int n = 1; n <= 200; n++) {
            sum += 1.64 * random_normal(&g);
            double e = one_sided_log_e(-sum / n, 1.64 * 1.64 / n, LEARNING_TEST_DEVIATION);
            taken = taken || e >= log(ROLLBACK_E);
        }
        back += taken;
    }
    /* No change at all, looked at 200 times: at most one in ten (a fixed test: one in three). */
    assert_true(back <= 0.1 * runs + 12);
}

static void a_drawdown_is_the_fall_from_the_highest_point(void **state)
{
    (void)state;
    static const double r[] = {1, 2, -1, -1, 3, -2, -1, -1, 5};
    assert_true(drawdown_of(r, 9) == 4 && drawdown_of(r, 2) == 0 && drawdown_of(r, 0) == 0);
    static const double lost[] = {-1, -1};
    struct random g = random_begin(1, 1);
    assert_true(drawdown_of(lost, 2) == 2);
    assert_true(drawdown_bootstrap(lost, 2, 7, 10, &g) == 7);
    assert_true(drawdown_bootstrap(r, 0, 7, 10, &g) == 0);
    double worst = drawdown_bootstrap(r, 9, 60, DRAWDOWN_PATHS, &g);
    assert_true(worst > 8 && worst < 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confidence_is_the_published_table),
        cmocka_unit_test(ten_trades_that_ended_alike_prove_nothing),
        cmocka_unit_test(a_filter_is_judged_by_what_it_would_have_left),
        cmocka_unit_test(only_the_proven_small_and_safe_is_applied_alone),
        cmocka_unit_test(each_doubt_sends_it_to_a_person_with_the_reason),
        cmocka_unit_test(nonsense_never_reaches_the_queue),
        cmocka_unit_test(risk_is_low_only_where_nothing_can_grow),
        cmocka_unit_test(every_word_of_the_gate_is_known),
        cmocka_unit_test(harm_is_taken_back_and_the_unproven_does_not_stay),
        cmocka_unit_test(watching_every_trade_takes_back_few_good_changes),
        cmocka_unit_test(a_drawdown_is_the_fall_from_the_highest_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
