/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "quorum/mem.h"
#include "quorum/stats.h"

/* The golden values were made with other code, in double: 1e-11 is what they are good for. */
#define CLOSE 1e-11

static int golden_open(void **state)
{
    const char *dir = getenv("QUORUM_TEST_DIR");
    char path[4096];
    snprintf(path, sizeof(path), "%s/golden/stats_golden.json", dir ? dir : "tests");
    *state = json_object_from_file(path);
    return *state ? 0 : -1;
}

static int golden_close(void **state)
{
    json_object_put(*state);
    return 0;
}

static json_object *table(void **state, const char *name)
{
    json_object *rows = NULL;
    assert_true(json_object_object_get_ex(*state, name, &rows));
    assert_true(json_object_array_length(rows) > 0);
    return rows;
}

static double cell(json_object *rows, size_t row, size_t column)
{
    json_object *line = json_object_array_get_idx(rows, row);
    assert_true(column < json_object_array_length(line));
    return json_object_get_double(json_object_array_get_idx(line, column));
}

static void assert_near(double got, double want, double relative)
{
    double allowed = relative * fmax(fabs(want), 1e-3);
    if (!(fabs(got - want) <= allowed))
        fail_msg("got %.17g, want %.17g", got, want);
}

static void the_normal_distribution_is_the_tables(void **state)
{
    json_object *rows = table(state, "norm_ppf");
    for (size_t i = 0; i < json_object_array_length(rows); i++)
        assert_near(normal_quantile(cell(rows, i, 0)), cell(rows, i, 1), CLOSE);
    rows = table(state, "norm_cdf");
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        double want = cell(rows, i, 1);
        assert_true(fabs(normal_cdf(cell(rows, i, 0)) - want) <= CLOSE * want);
    }
    for (double p = 0.0005; p < 1; p += 0.0005)
        assert_near(normal_cdf(normal_quantile(p)), p, 1e-13);
}

static void the_beta_distribution_behind_kelly_is_the_tables(void **state)
{
    json_object *rows = table(state, "betainc");
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        double a = cell(rows, i, 0), b = cell(rows, i, 1);
        assert_near(beta_cdf(cell(rows, i, 2), a, b), cell(rows, i, 3), CLOSE);
    }
    rows = table(state, "beta_ppf");
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        double a = cell(rows, i, 0), b = cell(rows, i, 1);
        assert_near(beta_quantile(cell(rows, i, 2), a, b), cell(rows, i, 3), CLOSE);
    }
    /* Clopper and Pearson's limits are beta quantiles too. */
    rows = table(state, "clopper_pearson95");
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        double k = cell(rows, i, 0), n = cell(rows, i, 1);
        assert_near(k > 0 ? beta_quantile(0.025, k, n - k + 1) : 0, cell(rows, i, 2), CLOSE);
        assert_near(k < n ? beta_quantile(0.975, k + 1, n - k) : 1, cell(rows, i, 3), CLOSE);
    }
}

static void a_win_chance_is_found_for_every_history_of_trades(void **state)
{
    (void)state;
    static const double shapes[] = {0.05, 0.5, 1, 2.5, 10.94, 29.06, 140, 2000, 90000};
    static const double levels[] = {1e-6, 0.025, 0.2, 0.5, 0.975, 0.999999};
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        for (size_t j = 0; j < ARRAY_LEN(shapes); j++) {
            double before = 0;
            for (size_t k = 0; k < ARRAY_LEN(levels); k++) {
                double a = shapes[i], b = shapes[j], x = beta_quantile(levels[k], a, b);
                assert_true(x >= before && x <= 1);
                before = x;
                /* The next double on either side lies on the other side of the level; next to
                 * one, where the step is widest, that is all a double can say. */
                assert_true(beta_cdf(nextafter(x, 0) * (1 - 1e-9), a, b) <= levels[k]);
                assert_true(beta_cdf(fmin(1, x * (1 + 1e-9)), a, b) >= levels[k]);
            }
        }
    }
}

static void students_t_is_the_tables(void **state)
{
    json_object *rows = table(state, "student_t_cdf");
    for (size_t i = 0; i < json_object_array_length(rows); i++)
        assert_near(student_t_cdf(cell(rows, i, 0), cell(rows, i, 1)), cell(rows, i, 2), CLOSE);
    assert_near(student_t_cdf(1.5, 1e9), normal_cdf(1.5), 1e-8);
}

static void luck_alone_is_given_its_exact_chance(void **state)
{
    json_object *rows = table(state, "binom_tail");
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        uint64_t k = (uint64_t)cell(rows, i, 0), n = (uint64_t)cell(rows, i, 1);
        assert_near(binomial_upper_tail(k, n, cell(rows, i, 2)), cell(rows, i, 3), CLOSE);
    }
    assert_true(binomial_upper_tail(0, 10, 0.3) == 1);
    assert_true(binomial_upper_tail(11, 10, 0.3) == 0);
    assert_true(binomial_upper_tail(3, 10, 0) == 0);
    assert_true(binomial_upper_tail(3, 10, 1) == 1);
    assert_near(binomial_upper_tail(10, 10, 0.5), 1.0 / 1024, 1e-13);
    /* term by term, for sizes where that is exact enough */
    for (uint64_t n = 1; n <= 40; n++) {
        double p = 0.2735, sum = 0;
        for (uint64_t k = n; k > 0; k--) {
            sum += exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) +
                       (double)k * log(p) + (double)(n - k) * log1p(-p));
            assert_near(binomial_upper_tail(k, n, p), sum, 1e-10);
        }
    }
}

static void a_hit_rate_is_shown_with_its_honest_range(void **state)
{
    json_object *rows = table(state, "wilson95");
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        uint64_t k = (uint64_t)cell(rows, i, 0), n = (uint64_t)cell(rows, i, 1);
        struct interval w = wilson_interval(k, n, 0.95);
        assert_near(w.low, cell(rows, i, 2), CLOSE);
        assert_near(w.high, cell(rows, i, 3), CLOSE);
        assert_true(w.low >= 0 && w.high <= 1);
    }
    struct interval none = wilson_interval(0, 0, 0.95);
    assert_true(none.low == 0 && none.high == 1);
    assert_true(wilson_interval(0, 7, 0.99).low == 0 && wilson_interval(7, 7, 0.99).high == 1);
    assert_true(isnan(wilson_interval(8, 7, 0.95).low));
    assert_true(isnan(wilson_interval(1, 7, 1).high));
}

static void many_tests_do_not_make_a_discovery(void **state)
{
    json_object *golden = NULL, *ps = NULL, *qs = NULL;
    assert_true(json_object_object_get_ex(*state, "bh_benjamini_hochberg_1995", &golden));
    assert_true(json_object_object_get_ex(golden, "p", &ps));
    assert_true(json_object_object_get_ex(golden, "q", &qs));
    double p[32], q[32];
    size_t n = json_object_array_length(ps);
    assert_true(n <= ARRAY_LEN(p) && n == json_object_array_length(qs));
    /* Out of order on purpose: 7 and 15 have no common factor. */
    assert_int_equal(n, 15);
    for (size_t i = 0; i < n; i++)
        p[i * 7 % n] = json_object_get_double(json_object_array_get_idx(ps, i));
    benjamini_hochberg(p, n, q);
    for (size_t i = 0; i < n; i++)
        assert_near(q[i * 7 % n], json_object_get_double(json_object_array_get_idx(qs, i)), CLOSE);
    benjamini_hochberg(p, n, p);
    assert_memory_equal(p, q, n * sizeof(*p));

    double odd[3] = {0.01, (double)NAN, -1}, want[3] = {0.03, 1, 1};
    benjamini_hochberg(odd, 3, q);
    for (size_t i = 0; i < 3; i++)
        assert_near(q[i], want[i], CLOSE);
    benjamini_hochberg(NULL, 0, NULL);
}

static void nonsense_gives_no_number(void **state)
{
    (void)state;
    double nan = (double)NAN, inf = (double)INFINITY;
    assert_true(isnan(normal_quantile(-0.1)) && isnan(normal_quantile(1.1)));
    assert_true(isnan(normal_quantile(nan)) && isnan(normal_cdf(nan)));
    assert_true(isinf(normal_quantile(0)) && isinf(normal_quantile(1)));
    assert_true(isnan(beta_cdf(0.5, 0, 1)) && isnan(beta_cdf(0.5, 1, inf)));
    assert_true(isnan(beta_cdf(nan, 1, 1)) && isnan(beta_quantile(0.5, -1, 1)));
    assert_true(isnan(beta_quantile(1.5, 1, 1)) && isnan(beta_quantile(nan, 1, 1)));
    assert_true(beta_quantile(0, 2, 3) == 0 && beta_quantile(1, 2, 3) == 1);
    assert_true(beta_cdf(-1, 2, 3) == 0 && beta_cdf(2, 2, 3) == 1);
    assert_true(isnan(student_t_cdf(1, 0)) && isnan(student_t_cdf(nan, 3)));
    assert_true(isnan(binomial_upper_tail(1, 2, nan)) && isnan(binomial_upper_tail(1, 2, -0.5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_normal_distribution_is_the_tables),
        cmocka_unit_test(the_beta_distribution_behind_kelly_is_the_tables),
        cmocka_unit_test(a_win_chance_is_found_for_every_history_of_trades),
        cmocka_unit_test(students_t_is_the_tables),
        cmocka_unit_test(luck_alone_is_given_its_exact_chance),
        cmocka_unit_test(a_hit_rate_is_shown_with_its_honest_range),
        cmocka_unit_test(many_tests_do_not_make_a_discovery),
        cmocka_unit_test(nonsense_gives_no_number),
    };
    return cmocka_run_group_tests(tests, golden_open, golden_close);
}
