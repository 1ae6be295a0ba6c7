/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Learning's formulas against figures made with other code (tests/golden). */
#include "unit/golden_json.h"

#include <string.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"

#define CLOSE 1e-11

static int golden_open(void **state)
{
    *state = golden_file("stats_golden.json");
    return 0;
}

static int golden_close(void **state)
{
    json_object_put(*state);
    return 0;
}

/* ---- sequential ---- */

static void a_rate_watched_every_day_keeps_its_honest_range(void **state)
{
    json_object *rows = golden_member(*state, "bernoulli_cs_beta11_alpha05");
    for (size_t i = 0; i < golden_rows(rows); i++) {
        uint64_t wins = (uint64_t)golden_cell(rows, i, 0), n = (uint64_t)golden_cell(rows, i, 1);
        struct interval got = bernoulli_sequence(wins, n, 0.05);
        assert_near(got.low, golden_cell(rows, i, 2), 1e-9);
        assert_near(got.high, golden_cell(rows, i, 3), 1e-9);
    }
    struct interval none = bernoulli_sequence(0, 0, 0.05);
    assert_true(none.low <= 0 && none.high >= 1);
    assert_true(isnan(bernoulli_sequence(3, 2, 0.05).low));
}

static void evidence_against_luck_is_the_golden_one(void **state)
{
    json_object *rows = golden_member(*state, "beta_binomial_log_e");
    for (size_t i = 0; i < golden_rows(rows); i++)
        assert_near(bernoulli_log_e((uint64_t)golden_cell(rows, i, 0),
                                    (uint64_t)golden_cell(rows, i, 1), golden_cell(rows, i, 2),
                                    golden_cell(rows, i, 3), golden_cell(rows, i, 4)),
                    golden_cell(rows, i, 5), 1e-10);
    rows = golden_member(*state, "msprt_log_lambda");
    for (size_t i = 0; i < golden_rows(rows); i++)
        assert_near(msprt_log_lambda(golden_cell(rows, i, 0), golden_cell(rows, i, 1),
                                     golden_cell(rows, i, 2), golden_cell(rows, i, 3)),
                    golden_cell(rows, i, 4), CLOSE);
    json_object *mixture =
        json_object_array_get_idx(golden_member(*state, "normal_mixture_two_sided"), 0);
    assert_near(normal_mixture_bound(golden_number(mixture, "v"), golden_number(mixture, "alpha"),
                                     golden_number(mixture, "rho")),
                golden_number(mixture, "bound"), CLOSE);
    assert_true(isnan(bernoulli_log_e(3, 2, 0.5, 1, 1)));
    assert_true(isinf(bernoulli_log_e(1, 2, 0, 1, 1)));
}

/* Both half mixtures together are the two-sided one, which is golden. */
static void proof_of_one_direction_is_half_of_proof_of_both(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        double delta = 0.1 * (i - 20), s2 = 2.9, tau = 0.3, n = 7 + 13 * i;
        double up = one_sided_log_e(delta, s2 / n, tau),
               down = one_sided_log_e(-delta, s2 / n, tau);
        double both = msprt_log_lambda(n, delta, s2, tau * tau);
        assert_near(log((exp(up) + exp(down)) / 2), both, 1e-9);
        assert_true(delta <= 0 || up > down);
    }
    /* Far out on the wrong side: still a number, still tiny, still falling. */
    double last = one_sided_log_e(-1, 1e-3, 0.3);
    for (double d = -2; d > -20; d--) {
        double now = one_sided_log_e(d, 1e-3, 0.3);
        assert_true(isfinite(now) && now < last && now > -20);
        last = now;
    }
    assert_true(one_sided_log_e(1, (double)INFINITY, 0.3) == 0);
    assert_true(one_sided_log_e((double)NAN, 1, 0.3) == 0);
}

static void a_mean_of_any_shape_has_its_golden_range(void **state)
{
    json_object *golden = golden_member(*state, "predictable_plugin_empirical_bernstein_cs");
    static const char *const at[] = {"at10", "at20", "at200"};
    double x[32], want[3];
    size_t n = golden_list(golden_member(golden, "x"), x, ARRAY_LEN(x)), next = 0;
    struct bernstein b = {0};
    assert_true(bernstein_interval(&b).low <= 0 && bernstein_interval(&b).high >= 1);
    for (size_t i = 0; i < 200; i++) {
        bernstein_add(&b, x[i % n], golden_number(golden, "alpha"));
        if (i + 1 != 10 && i + 1 != 20 && i + 1 != 200)
            continue;
        assert_int_equal(golden_list(golden_member(golden, at[next++]), want, 3), 3);
        assert_near(bernstein_centre(&b), want[0], CLOSE);
        assert_near(bernstein_interval(&b).low, want[1], 1e-10);
        assert_near(bernstein_interval(&b).high, want[2], 1e-10);
    }
    assert_near(bernstein_to_r(bernstein_of_r(1.25)), 1.25, CLOSE);
    assert_true(bernstein_of_r(-9) == 0 && bernstein_of_r(99) == 1);
}

/* ---- selection ---- */

static void the_best_of_many_is_deflated_as_published(void **state)
{
    json_object *rows = golden_member(*state, "deflated_sharpe");
    for (size_t i = 0; i < golden_rows(rows); i++) {
        json_object *o = json_object_array_get_idx(rows, i);
        double year = golden_number(o, "periods"), bench;
        double got = sharpe_deflated(golden_number(o, "SR_annual") / sqrt(year),
                                     golden_number(o, "T"), golden_number(o, "skew"),
                                     golden_number(o, "kurt"), golden_number(o, "N"),
                                     golden_number(o, "var_trials_annual") / year, &bench);
        assert_near(bench, golden_number(o, "SR0_daily"), 1e-10);
        assert_near(got, golden_number(o, "DSR"), 1e-10);
    }
    rows = golden_member(*state, "psr");
    for (size_t i = 0; i < golden_rows(rows); i++)
        assert_near(sharpe_probability(golden_cell(rows, i, 0), golden_cell(rows, i, 1),
                                       golden_cell(rows, i, 2), golden_cell(rows, i, 3),
                                       golden_cell(rows, i, 4)),
                    golden_cell(rows, i, 5), CLOSE);
    rows = golden_member(*state, "expected_max_sharpe_unit_var");
    for (size_t i = 0; i < golden_rows(rows); i++)
        assert_near(sharpe_expected_best(golden_cell(rows, i, 0)), golden_cell(rows, i, 1), 1e-10);
    rows = golden_member(*state, "min_track_record_length");
    for (size_t i = 0; i < golden_rows(rows); i++)
        assert_near(sharpe_periods_needed(golden_cell(rows, i, 0), golden_cell(rows, i, 1),
                                          golden_cell(rows, i, 2), golden_cell(rows, i, 3),
                                          golden_cell(rows, i, 4)),
                    golden_cell(rows, i, 5), 1e-10);
    assert_true(sharpe_expected_best(1) == 0 && isinf(sharpe_periods_needed(0.1, 0.1, 0, 3, 0.05)));
    assert_true(isnan(sharpe_probability(0.1, 0, 1, 0, 3)));
}

static void how_many_trades_are_missing_is_told_right(void **state)
{
    json_object *rows = golden_member(*state, "power_per_arm");
    for (size_t i = 0; i < golden_rows(rows); i++)
        assert_true(cases_needed_per_arm(golden_cell(rows, i, 0), golden_cell(rows, i, 1), 0.05,
                                         0.8) == golden_cell(rows, i, 2));
    rows = golden_member(*state, "power_one_sample_winrate");
    for (size_t i = 0; i < golden_rows(rows); i++)
        assert_true(cases_needed_for_rate(golden_cell(rows, i, 0), golden_cell(rows, i, 1), 0.05,
                                          0.8) == golden_cell(rows, i, 2));
    assert_true(isnan(cases_needed_per_arm(1, 0, 0.05, 0.8)));
    /* Two versions around one half, five points apart: the 600 votes and more that a user is told
     * (twice one sample's). */
    double votes = prompt_votes_needed(0.525, 0.05);
    assert_true(votes > 1200 && votes < 1250);
}

static void results_of_trades_are_the_golden_metrics(void **state)
{
    (void)state;
    json_object *file = golden_file("trade_metrics_golden.json");
    json_object *trades = golden_member(file, "trades"), *want = golden_member(file, "metrics");
    struct closed_trade t[16];
    double r[16];
    size_t n = golden_list(golden_member(file, "R"), r, 16);
    assert_int_equal(n, golden_rows(trades));
    for (size_t i = 0; i < n; i++) {
        json_object *o = json_object_array_get_idx(trades, i);
        t[i] = (struct closed_trade){llround(1e6 * golden_number(o, "pnl")), r[i]};
    }
    struct trade_metrics m;
    trade_metrics(t, n, INT64_C(100000) * 1000000, &m);
    assert_true(m.n == 10 && m.wins == 5 && m.losses == 5 && m.scratches == 0);
    assert_near(m.win_rate.v, golden_number(want, "win_rate_all"), CLOSE);
    assert_near((double)m.gross_profit / 1e6, golden_number(want, "gross_profit"), CLOSE);
    assert_near((double)m.gross_loss / 1e6, golden_number(want, "gross_loss"), CLOSE);
    assert_near((double)m.net / 1e6, golden_number(want, "net"), CLOSE);
    assert_near(m.expectancy / 1e6, golden_number(want, "expectancy_dollars"), CLOSE);
    assert_near(m.mean_win / 1e6, golden_number(want, "avg_win"), CLOSE);
    assert_near(m.mean_loss / 1e6, golden_number(want, "avg_loss"), CLOSE);
    assert_near(m.profit_factor.v, golden_number(want, "profit_factor"), CLOSE);
    assert_near(m.payoff.v, golden_number(want, "payoff_ratio"), CLOSE);
    assert_near(m.mean_r.v, golden_number(want, "mean_R"), CLOSE);
    assert_near(m.deviation_r.v, golden_number(want, "sd_R_ddof1"), CLOSE);
    assert_near(m.sqn.v, golden_number(want, "SQN"), CLOSE);
    assert_near(100 * m.drawdown, golden_number(want, "max_drawdown_pct_of_peak_trade_equity"),
                CLOSE);
    assert_true(m.longest_losing == (size_t)golden_number(want, "max_consecutive_losses"));
    json_object_put(file);
    trade_metrics(NULL, 0, 1, &m);
    assert_true(!m.mean_r.known && !m.win_rate.known && !m.profit_factor.known && m.drawdown == 0);
}

/* ---- calibration ---- */

static void stated_confidence_is_scored_as_the_golden_one(void **state)
{
    json_object *golden = golden_member(*state, "calibration");
    double p[16], y[16];
    size_t n = golden_list(golden_member(golden, "p"), p, 16);
    assert_int_equal(golden_list(golden_member(golden, "y"), y, 16), n);
    struct calibration_score s;
    calibration_score(p, y, n, &s);
    assert_near(s.brier, golden_number(golden, "brier"), CLOSE);
    assert_near(s.log_loss, golden_number(golden, "logloss"), CLOSE);
    assert_near(s.skill.v, golden_number(golden, "brier_skill_vs_base"), CLOSE);
    assert_near(s.expected_error, golden_number(golden, "ece5"), CLOSE);
    assert_near(s.reliability, golden_number(golden, "reliability5"), CLOSE);
    assert_near(s.resolution, golden_number(golden, "resolution5"), CLOSE);
    assert_near(s.uncertainty, golden_number(golden, "uncertainty"), CLOSE);
    size_t in_bins = 0;
    for (int k = 0; k < RELIABILITY_BINS; k++)
        in_bins += s.bin[k].n;
    assert_int_equal(in_bins, n);

    double want[16], got[16], sorted[16] = {0};
    assert_int_equal(golden_list(golden_member(golden, "isotonic_fit"), want, 16), n);
    assert_int_equal(golden_list(golden_member(golden, "isotonic_sorted_p"), got, 16), n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (fabs(p[k] - got[i]) < 1e-12)
                sorted[i] = y[k];
    isotonic_fit(sorted, n, got);
    for (size_t i = 0; i < n; i++)
        assert_near(got[i], want[i], CLOSE);
    calibration_score(NULL, NULL, 0, &s);
    assert_true(!s.skill.known && s.brier == 0 && s.bin[4].rate_95.high == 1);
}

static void what_a_second_vote_is_worth_is_the_golden_table(void **state)
{
    json_object *rows = golden_member(golden_member(*state, "condorcet_symmetric"), "rows");
    for (size_t i = 0; i < golden_rows(rows); i++) {
        double p = golden_cell(rows, i, 0), rho = golden_cell(rows, i, 1);
        double both = chance_of_right(2, 2, p, rho), none = chance_of_right(0, 2, p, rho);
        assert_near(both, golden_cell(rows, i, 2), CLOSE);
        assert_near(none, golden_cell(rows, i, 3), CLOSE);
        assert_near(both / (both + none), golden_cell(rows, i, 4), CLOSE);
        assert_near(both + none, golden_cell(rows, i, 5), CLOSE);
        double three = chance_of_right(3, 3, p, rho);
        assert_near(three + chance_of_right(2, 3, p, rho), golden_cell(rows, i, 6), CLOSE);
        assert_near(three, golden_cell(rows, i, 7), CLOSE);
    }
    assert_near(effective_voters(3, 0.5), 1.5, CLOSE);
    assert_true(effective_voters(3, 1) == 1 && effective_voters(3, 0) == 3);
    assert_true(effective_voters(3, -0.4) == 3 && effective_voters(1, 0.5) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_watched_every_day_keeps_its_honest_range),
        cmocka_unit_test(evidence_against_luck_is_the_golden_one),
        cmocka_unit_test(proof_of_one_direction_is_half_of_proof_of_both),
        cmocka_unit_test(a_mean_of_any_shape_has_its_golden_range),
        cmocka_unit_test(the_best_of_many_is_deflated_as_published),
        cmocka_unit_test(how_many_trades_are_missing_is_told_right),
        cmocka_unit_test(results_of_trades_are_the_golden_metrics),
        cmocka_unit_test(stated_confidence_is_scored_as_the_golden_one),
        cmocka_unit_test(what_a_second_vote_is_worth_is_the_golden_table),
    };
    return cmocka_run_group_tests(tests, golden_open, golden_close);
}
