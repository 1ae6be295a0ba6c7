/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/golden_json.h"

#include <string.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"

enum { MOST = 3000 };
static double p[MOST], y[MOST];

/* Stated confidences in steps of five between .5 and .95 that come true by `truth`. */
static void state_votes(size_t n, uint64_t seed, double (*truth)(double))
{
    struct random g = random_begin(seed, 0);
    for (size_t i = 0; i < n; i++) {
        p[i] = 0.5 + 0.05 * random_below(&g, 10);
        y[i] = random_unit(&g) < truth(p[i]) ? 1 : 0;
    }
}

static double boastful(double stated)
{
    return 0.4 + 0.3 * (stated - 0.5);
}

static double honest(double stated)
{
    return stated;
}

static double backwards(double stated)
{
    return 1.2 - stated;
}

static void fit_is_sane(const struct calibration_map *m)
{
    double last = -1;
    for (int i = 0; i <= 100; i++) {
        double q = calibration_apply(m, i / 100.0);
        assert_true(q >= 0 && q <= 1 && q >= last - 1e-12);
        last = q;
    }
    assert_true(isnan(calibration_apply(m, 1.01)) && isnan(calibration_apply(m, (double)NAN)));
}

static void few_votes_are_drawn_to_the_base_rate(void **state)
{
    (void)state;
    struct calibration_map m;
    calibration_fit(NULL, NULL, 0, &m);
    assert_true(m.kind == CALIBRATION_SHRINK);
    assert_near(calibration_apply(&m, 0.9), 0.5, 1e-12); /* nothing known: a coin */
    state_votes(49, 1, boastful);
    double right = 1;
    for (size_t i = 0; i < 49; i++)
        right += y[i];
    calibration_fit(p, y, 49, &m);
    assert_true(m.kind == CALIBRATION_SHRINK && m.n == 49);
    double base = right / 51;
    assert_near(calibration_apply(&m, 0.9), base + 49.0 / 149 * (0.9 - base), 1e-12);
    fit_is_sane(&m);
    calibration_map_release(&m);
}

static void boasting_is_seen_through(void **state)
{
    (void)state;
    struct calibration_map m;
    for (size_t n = 400; n <= MOST; n += 1300) {
        state_votes(n, n, boastful);
        calibration_fit(p, y, n, &m);
        assert_true(m.kind == (n < 1000 ? CALIBRATION_PLATT : CALIBRATION_ISOTONIC));
        assert_true(fabs(calibration_apply(&m, 0.9) - boastful(0.9)) < 0.08);
        assert_true(fabs(calibration_apply(&m, 0.6) - boastful(0.6)) < 0.08);
        fit_is_sane(&m);
        calibration_map_release(&m);
        state_votes(n, n + 1, honest);
        calibration_fit(p, y, n, &m);
        assert_true(fabs(calibration_apply(&m, 0.8) - 0.8) < 0.06);
        fit_is_sane(&m);
        calibration_map_release(&m);
    }
}

static void a_voice_that_is_wrong_when_sure_is_not_turned_round(void **state)
{
    (void)state;
    struct calibration_map m;
    for (size_t n = 500; n <= MOST; n += 2500) {
        state_votes(n, n, backwards);
        calibration_fit(p, y, n, &m);
        fit_is_sane(&m);
        double low = calibration_apply(&m, 0.5), high = calibration_apply(&m, 0.95);
        assert_true(high - low < 0.02 && fabs(high - m.base) < 0.03);
        calibration_map_release(&m);
    }
}

/* The logistic fit is where the gradient vanishes: checked without the code that fits. */
static void the_logistic_fit_is_at_its_best_point(void **state)
{
    (void)state;
    struct calibration_map m;
    state_votes(300, 9, boastful);
    calibration_fit(p, y, 300, &m);
    double a = m.intercept, b = m.slope, ga = a, gb = b - 1;
    for (size_t i = 0; i < 300; i++) {
        double x = log(p[i] / (1 - p[i])), q = 1 / (1 + exp(-a - b * x));
        ga += q - y[i];
        gb += (q - y[i]) * x;
    }
    assert_true(fabs(ga) < 1e-8 && fabs(gb) < 1e-8);
    calibration_map_release(&m);
    for (size_t i = 0; i < 60; i++) { /* always sure, always right: no infinity */
        p[i] = 1;
        y[i] = 1;
    }
    calibration_fit(p, y, 60, &m);
    assert_true(isfinite(m.intercept) && isfinite(m.slope));
    assert_true(calibration_apply(&m, 1) > 0.95);
    calibration_map_release(&m);
}

static void order_of_equal_statements_does_not_matter(void **state)
{
    (void)state;
    struct calibration_map a, b;
    state_votes(1500, 4, honest);
    calibration_fit(p, y, 1500, &a);
    for (size_t i = 0; i < 750; i++) {
        double t = p[i];
        p[i] = p[1499 - i];
        p[1499 - i] = t;
        t = y[i];
        y[i] = y[1499 - i];
        y[1499 - i] = t;
    }
    calibration_fit(p, y, 1500, &b);
    assert_true(a.points == b.points && a.points > 3 && a.points <= 10);
    for (size_t i = 0; i < a.points; i++)
        assert_true(fabs(a.x[i] - b.x[i]) < 1e-9 && fabs(a.fit[i] - b.fit[i]) < 1e-9);
    calibration_map_release(&a);
    calibration_map_release(&b);
}

static void the_better_forecaster_wins_with_an_interval(void **state)
{
    (void)state;
    static double base[MOST];
    struct random g = random_begin(1, 1);
    state_votes(800, 3, honest);
    for (size_t i = 0; i < 800; i++)
        base[i] = 0.725;
    struct calibration_duel d = calibration_compare(p, base, y, 800, &g);
    assert_true(d.n == 800 && d.gain > 0 && d.gain_95.low > 0 && d.gain_95.high > d.gain);
    d = calibration_compare(base, p, y, 800, &g);
    assert_true(d.gain < 0 && d.gain_95.high < 0);
    d = calibration_compare(p, base, y, 1, &g);
    assert_true(isnan(d.gain_95.low));
    struct reliability_bin b = reliability_of(p, y, 800, 0.75, 0.86);
    assert_true(b.n > 200 && b.rate_95.low < 0.8 && b.rate_95.high > 0.8 && b.mean_p > 0.78);
}

/* ---- voters ---- */

static void votes_that_repeat_each_other_are_one(void **state)
{
    (void)state;
    static const bool a[] = {1, 1, 1, 0, 0, 1, 0, 1}, b[] = {1, 1, 0, 0, 0, 1, 1, 1};
    static const bool flat[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    assert_near(vote_phi(a, a, 8).v, 1, 1e-12);
    assert_near(vote_phi(a, b, 8).v, (8.0 * 4 - 5 * 5) / sqrt(5.0 * 3 * 5 * 3), 1e-12);
    assert_false(vote_phi(a, flat, 8).known);
    assert_false(vote_phi(a, b, 0).known);
    bool not_a[8];
    for (int i = 0; i < 8; i++)
        not_a[i] = !a[i];
    assert_near(vote_phi(a, not_a, 8).v, -1, 1e-12);
    double all = 0;
    for (int k = 0; k <= 5; k++)
        all += chance_of_right(k, 5, 0.6, 0.3);
    assert_near(all, 1, 1e-12);
    assert_true(chance_of_right(2, 2, 0.6, 1) > 0.59 && chance_of_right(1, 2, 0.6, 1) < 1e-12);
    assert_true(isnan(chance_of_right(3, 2, 0.6, 0)));
}

static void an_agent_that_begins_to_decide_otherwise_is_noticed(void **state)
{
    (void)state;
    struct mix_alarm a;
    static const uint64_t before[MIX_KINDS] = {60, 20, 110, 10, 0};
    static const uint64_t same[MIX_KINDS] = {14, 4, 21, 1, 0};
    static const uint64_t stuck[MIX_KINDS] = {1, 0, 39, 0, 0};
    static const uint64_t broken[MIX_KINDS] = {8, 3, 15, 2, 12};
    static const uint64_t few[MIX_KINDS] = {0, 0, 19, 0, 0};
    decision_mix(before, same, &a);
    assert_true(!a.fires && strstr(a.reason, "not more than chance"));
    decision_mix(before, stuck, &a);
    assert_true(a.fires && a.kind == MIX_HOLD);
    assert_string_equal(a.reason, "HOLD 98% of 40, before 55% of 200");
    decision_mix(before, broken, &a);
    assert_true(a.fires && a.kind == MIX_FAILED);
    decision_mix(before, few, &a);
    assert_true(!a.fires && strstr(a.reason, "20 are needed"));
    int alarms = 0;
    for (int run = 0; run < 500; run++) {
        struct random g = random_begin(8, (uint64_t)run);
        uint64_t was[MIX_KINDS] = {0}, is[MIX_KINDS] = {0};
        for (int i = 0; i < 240; i++) {
            double u = random_unit(&g);
            (i < 200 ? was : is)[u < 0.3 ? MIX_BUY : u < 0.4 ? MIX_SELL : MIX_HOLD]++;
        }
        decision_mix(was, is, &a);
        alarms += a.fires;
    }
    assert_in_range(alarms, 0, 5);
}

/* ---- prompt versions ---- */

static void the_better_prompt_is_asked_more_and_none_is_forgotten(void **state)
{
    (void)state;
    struct prompt_version v[3] = {{.version = 1, .right = 60, .wrong = 40, .resolved = 100},
                                  {.version = 2, .right = 50, .wrong = 50, .resolved = 100},
                                  {.version = 3}};
    double best[3], sum = 0, chance[3];
    prompt_best(v, 3, best);
    for (int i = 0; i < 3; i++)
        sum += best[i];
    assert_near(sum, 1, 1e-12);
    assert_true(best[0] > best[1] && best[2] > 0.3); /* the unknown one may be the best */
    int asked[3] = {0};
    struct random g = random_begin(2, 2);
    for (int i = 0; i < 400; i++) {
        double propensity;
        size_t k = prompt_choose(v, 3, &g, &propensity);
        chance[k] = propensity;
        asked[k]++;
    }
    for (int i = 0; i < 3; i++) {
        assert_near(chance[i], 0.1 / 3 + 0.9 * best[i], 1e-12);
        assert_true(fabs(asked[i] / 400.0 - chance[i]) < 0.08 && asked[i] >= 5);
    }
    double propensity;
    assert_true(prompt_choose(v, 1, &g, &propensity) == 0 && propensity == 1);
}

/* Two versions: the chance that one beta variable is above another, by its series (Evans Miller's
 * closed form for whole parameters). */
static void the_chance_of_being_best_is_the_exact_one(void **state)
{
    (void)state;
    struct prompt_version v[2] = {{.right = 12, .wrong = 7}, {.right = 9, .wrong = 11}};
    double a1 = 13, b1 = 8, a2 = 10, b2 = 12, want = 0, best[2];
    for (int i = 0; i < (int)a1; i++)
        want += exp(lgamma(a2 + i) + lgamma(b1 + b2) - lgamma(a2 + b1 + b2 + i) - log(b1 + i) -
                    (lgamma(1.0 + i) + lgamma(b1) - lgamma(1.0 + i + b1)) -
                    (lgamma(a2) + lgamma(b2) - lgamma(a2 + b2)));
    prompt_best(v, 2, best);
    assert_true(fabs(best[0] - want) < 1e-5 || fabs(best[1] - want) < 1e-5);
    assert_true(best[0] > 0.8);
}

static void old_votes_fade_and_the_hopeless_version_retires(void **state)
{
    (void)state;
    struct prompt_version v[2] = {{.version = 1}, {.version = 2}};
    char why[160];
    prompt_count(&v[0], true, 0);
    prompt_count(&v[0], false, 100);
    assert_near(v[0].right, 1, 1e-12);
    assert_near(v[0].wrong, pow(0.995, 100), 1e-12);
    assert_true(v[0].resolved == 2);
    assert_near(prompt_score(&v[1]), 0.5, 1e-12);
    v[0] = (struct prompt_version){1, 140, 60, 200};
    v[1] = (struct prompt_version){2, 10, 39, 49};
    assert_false(prompt_retires(v, 2, 1, why));
    assert_string_equal(why, "49 of 50 resolved votes");
    v[1].resolved = 50;
    assert_true(prompt_retires(v, 2, 1, why));
    assert_false(prompt_retires(v, 2, 0, why));
    assert_non_null(strstr(why, "it may yet be"));
    assert_false(prompt_retires(v, 1, 0, why));
    assert_string_equal(why, "the only version stays");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_votes_are_drawn_to_the_base_rate),
        cmocka_unit_test(boasting_is_seen_through),
        cmocka_unit_test(a_voice_that_is_wrong_when_sure_is_not_turned_round),
        cmocka_unit_test(the_logistic_fit_is_at_its_best_point),
        cmocka_unit_test(order_of_equal_statements_does_not_matter),
        cmocka_unit_test(the_better_forecaster_wins_with_an_interval),
        cmocka_unit_test(votes_that_repeat_each_other_are_one),
        cmocka_unit_test(an_agent_that_begins_to_decide_otherwise_is_noticed),
        cmocka_unit_test(the_better_prompt_is_asked_more_and_none_is_forgotten),
        cmocka_unit_test(the_chance_of_being_best_is_the_exact_one),
        cmocka_unit_test(old_votes_fade_and_the_hopeless_version_retires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
