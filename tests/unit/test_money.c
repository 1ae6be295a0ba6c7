/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/money.h"

static void typed_amounts_are_read_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int digits;
        int64_t value;
    } rows[] = {
        {"175.50", 4, 1755000},
        {"0", 0, 0},
        {"-0", 4, 0},
        {"-0.00", 9, 0},
        {".5", 6, 500000},
        {"-.25", 2, -25},
        {"007", 0, 7},
        {"0.000000001", 9, 1},
        {"1.230000000000", 2, 123},
        {"5.00", 0, 5},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"922337203685477.5807", 4, INT64_MAX},
        {"-922337203685477.5808", 4, INT64_MIN},
        {"-9.223372036854775808", 18, INT64_MIN},
        {"9.223372036854775807", 18, INT64_MAX},
        {"0000000000000000000000000000001", 0, 1},
        {"1.000000000000000000000000000000", 18, 1000000000000000000},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t got = 42;
        assert_true(decimal_parse(rows[i].text, rows[i].digits, &got));
        assert_int_equal(got, rows[i].value);
    }
}

static void text_that_is_not_an_amount_never_becomes_one(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int digits;
    } rows[] = {
        {"", 4},
        {"-", 4},
        {".", 4},
        {"-.", 4},
        {"5.", 4},
        {"+5", 4},
        {"--5", 4},
        {"1e3", 4},
        {" 1", 4},
        {"1 ", 4},
        {"1,000", 4},
        {"1.2.3", 4},
        {"0x10", 4},
        {"nan", 4},
        {"inf", 4},
        {"$5", 4},
        {"1.00001", 4},
        {"1.23456", 2},
        {"9223372036854775808", 0},
        {"-9223372036854775809", 0},
        {"922337203685477.5808", 4},
        {"-922337203685477.5809", 4},
        {"922337203685478", 4},
        {"10", 18},
        {"99999999999999999999999999999999", 0},
        {"\xef\xbc\x95", 0}, /* a fullwidth five */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t got = 42;
        assert_false(decimal_parse(rows[i].text, rows[i].digits, &got));
        assert_int_equal(got, 42);
    }
}

static void printed_amounts_round_half_away_from_zero(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int digits, places;
        const char *plain, *group;
    } rows[] = {
        {1755000, 4, 2, "175.50", "175.50"},
        {0, 4, 2, "0.00", "0.00"},
        {49, 4, 2, "0.00", "0.00"},
        {50, 4, 2, "0.01", "0.01"},
        {-49, 4, 2, "0.00", "0.00"},
        {-50, 4, 2, "-0.01", "-0.01"},
        {9999, 4, 2, "1.00", "1.00"},
        {-9999, 4, 2, "-1.00", "-1.00"},
        {9994999, 4, 2, "999.50", "999.50"},
        {9999950, 4, 2, "1000.00", "1,000.00"},
        {-9999950, 4, 2, "-1000.00", "-1,000.00"},
        {999999500000, 6, 0, "1000000", "1,000,000"},
        {5, 1, 0, "1", "1"},
        {-5, 1, 0, "-1", "-1"},
        {4, 1, 0, "0", "0"},
        {-4, 1, 0, "0", "0"},
        {123456789, 0, 0, "123456789", "123,456,789"},
        {12345678, 0, 0, "12345678", "12,345,678"},
        {-100, 0, 0, "-100", "-100"},
        {1, 18, 18, "0.000000000000000001", "0.000000000000000001"},
        {INT64_MAX, 0, 0, "9223372036854775807", "9,223,372,036,854,775,807"},
        {INT64_MIN, 0, 0, "-9223372036854775808", "-9,223,372,036,854,775,808"},
        {INT64_MIN, 18, 18, "-9.223372036854775808", "-9.223372036854775808"},
        {INT64_MIN, 18, 0, "-9", "-9"},
        {INT64_MAX, 9, 2, "9223372036.85", "9,223,372,036.85"},
        {INT64_MIN, 1, 0, "-922337203685477581", "-922,337,203,685,477,581"},
    };
    char text[DECIMAL_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(
            decimal_print(text, sizeof(text), rows[i].value, rows[i].digits, rows[i].places),
            rows[i].plain);
        assert_string_equal(
            decimal_group(text, sizeof(text), rows[i].value, rows[i].digits, rows[i].places),
            rows[i].group);
    }
}

static void an_amount_that_does_not_fit_is_never_shown_shortened(void **state)
{
    (void)state;
    char text[8];
    assert_string_equal(decimal_print(text, 8, 1234567, 0, 0), "1234567");
    assert_string_equal(decimal_print(text, 8, 12345678, 0, 0), "#");
    assert_string_equal(decimal_group(text, 8, 1234567, 0, 0), "#");
    assert_string_equal(decimal_print(text, 2, 10, 0, 0), "#");
    assert_string_equal(decimal_print(text, 2, 9, 0, 0), "9");
    assert_string_equal(decimal_print(text, 1, 9, 0, 0), "");
}

/* Same sequence on every run (Marsaglia's xorshift64). */
static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void what_is_printed_in_full_reads_back_the_same(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        int digits = (int)(next_random(&x) % 19);
        int64_t value = (int64_t)next_random(&x) >> next_random(&x) % 64, back;
        char text[DECIMAL_SIZE];
        decimal_print(text, sizeof(text), value, digits, digits);
        assert_true(decimal_parse(text, digits, &back));
        assert_int_equal(back, value);
    }
}

static void rounding_is_off_by_at_most_half_of_the_last_place(void **state)
{
    (void)state;
    uint64_t x = 1234567;
    for (int i = 0; i < 20000; i++) {
        int64_t value = (int64_t)next_random(&x) >> (next_random(&x) % 40 + 8), back;
        char text[DECIMAL_SIZE];
        decimal_print(text, sizeof(text), value, 6, 2);
        assert_true(decimal_parse(text, 2, &back));
        int64_t off = back * 10000 - value;
        assert_true(off >= -5000 && off <= 5000);
        if (off == 5000 || off == -5000) /* a tie moves away from zero */
            assert_true((off > 0) == (value > 0));
    }
}

static void a_price_from_a_double_is_the_price_that_was_quoted(void **state)
{
    (void)state;
    static const struct {
        double x;
        int digits;
        int64_t value;
    } rows[] = {
        {175.505, 4, 1755050},
        {1.005, 2, 101},
        {-1.005, 2, -101},
        {2.675, 2, 268},
        {0.285, 2, 29},
        {0.00005, 4, 1},
        {-0.00005, 4, -1},
        {0.000049, 4, 0},
        {0.1, 1, 1},
        {0.3, 9, 300000000},
        {0.0, 4, 0},
        {-0.0, 4, 0},
        {0.49999999, 0, 0},
        {4503599627370495.5, 0, 4503599627370496},
        {-0x1p63, 0, INT64_MIN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t got = 42;
        assert_true(decimal_from_double(rows[i].x, rows[i].digits, &got));
        assert_int_equal(got, rows[i].value);
    }
    for (int64_t cents = -200000; cents <= 200000; cents++) {
        int64_t got;
        assert_true(decimal_from_double((double)cents / 100, 4, &got));
        assert_int_equal(got, cents * 100);
    }
}

static void a_number_no_amount_can_hold_is_refused(void **state)
{
    (void)state;
    int64_t got = 42;
    assert_false(decimal_from_double((double)NAN, 4, &got));
    assert_false(decimal_from_double((double)INFINITY, 4, &got));
    assert_false(decimal_from_double(-(double)INFINITY, 4, &got));
    assert_false(decimal_from_double(DBL_MAX, 18, &got));
    assert_false(decimal_from_double(0x1p63, 0, &got));
    assert_false(decimal_from_double(-0x1.0000000000001p63, 0, &got));
    assert_false(decimal_from_double(922337203685477.75, 4, &got));
    assert_int_equal(got, 42);
}

static void shown_ratios_round_half_away_and_have_no_minus_zero(void **state)
{
    (void)state;
    static const struct {
        double x;
        int places;
        double want;
    } rows[] = {
        {3.194, 1, 3.2},  {3.15, 1, 3.2},    {-3.15, 1, -3.2}, {2.5, 0, 3},
        {-2.5, 0, -3},    {0.5, 0, 1},       {1.005, 2, 1.01}, {1.004999, 2, 1.0},
        {99.995, 2, 100}, {1e300, 2, 1e300}, {-0.001, 2, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        double got = round_half_away(rows[i].x, rows[i].places);
        assert_true(got == rows[i].want);
        assert_true(!signbit(got) || got < 0);
    }
    assert_true(isnan(round_half_away((double)NAN, 2)));
    assert_true(isinf(round_half_away((double)INFINITY, 2)));
    assert_true(decimal_to_double(1755000, 4) == 175.5);
    assert_true(decimal_to_double(INT64_MIN, 0) == -0x1p63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_amounts_are_read_exactly),
        cmocka_unit_test(text_that_is_not_an_amount_never_becomes_one),
        cmocka_unit_test(printed_amounts_round_half_away_from_zero),
        cmocka_unit_test(an_amount_that_does_not_fit_is_never_shown_shortened),
        cmocka_unit_test(what_is_printed_in_full_reads_back_the_same),
        cmocka_unit_test(rounding_is_off_by_at_most_half_of_the_last_place),
        cmocka_unit_test(a_price_from_a_double_is_the_price_that_was_quoted),
        cmocka_unit_test(a_number_no_amount_can_hold_is_refused),
        cmocka_unit_test(shown_ratios_round_half_away_and_have_no_minus_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
