/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "ui/chart.h"

static struct frame f;

static struct pane canvas(int rows, int cols, bool ascii)
{
    f.ascii = ascii;
    frame_resize(&f, rows, cols);
    return pane_of(&f);
}

static int release(void **state)
{
    (void)state;
    frame_release(&f);
    return 0;
}

static void assert_shown(const char *want)
{
    struct buf out = {0};
    frame_dump(&f, &out);
    assert_string_equal(buf_text(&out), want);
    buf_release(&out);
}

static const double ramp[] = {0, 1, 2, 3, 4, 5, 6, 7};
static const struct chart_range eight = {0, 8};

static void test_lines_go_where_the_values_go(void **state)
{
    (void)state;
    struct pane p = canvas(2, 4, false);
    chart_line(&p, CHART_BRAILLE, (struct chart_range){0, 7}, ramp, 8, TOKEN_CHART_1);
    assert_shown("  ⡠⠊\n⡠⠊\n");
    p = canvas(2, 8, false);
    chart_line(&p, CHART_BLOCKS, (struct chart_range){0, 7}, ramp, 8, TOKEN_CHART_1);
    assert_shown("    ▄▄▀▀\n▄▄▀▀\n");
    p = canvas(2, 8, true);
    chart_line(&p, CHART_BRAILLE, (struct chart_range){0, 7}, ramp, 8, TOKEN_CHART_1);
    assert_shown("    _-''\n__-'\n");
}

static void test_a_gap_is_a_gap(void **state)
{
    (void)state;
    static const double holes[] = {1, (double)NAN, (double)NAN, (double)NAN, 1, HUGE_VAL, 1, 1};
    struct pane p = canvas(1, 8, true);
    chart_line(&p, CHART_ASCII, (struct chart_range){0, 2}, holes, 8, TOKEN_CHART_1);
    assert_shown("-   - --\n");
    p = canvas(1, 8, true);
    chart_area(&p, CHART_ASCII, (struct chart_range){0, 2}, holes, 8, TOKEN_CHART_1);
    assert_shown("-   - --\n");
}

static void test_many_values_show_their_extremes(void **state)
{
    (void)state;
    double value[1000];
    for (size_t i = 0; i < 1000; i++)
        value[i] = 1;
    value[500] = 9; /* one spike in a thousand */
    struct pane p = canvas(3, 10, true);
    chart_line(&p, CHART_ASCII, (struct chart_range){0, 10}, value, 1000, TOKEN_CHART_1);
    const struct cell *top = NULL;
    for (int col = 0; col < 10; col++) {
        const struct cell *c = frame_cell(&f, 0, col);
        top = c->text[0] != ' ' ? c : top;
    }
    assert_non_null(top);
}

static void test_areas_and_bars_stand_on_the_ground(void **state)
{
    (void)state;
    struct pane p = canvas(2, 8, false);
    chart_area(&p, CHART_BLOCKS, eight, ramp, 8, TOKEN_CHART_1);
    assert_shown("     ▂▄▆\n ▂▄▆████\n");
    p = canvas(2, 8, true);
    chart_area(&p, CHART_BLOCKS, eight, ramp, 8, TOKEN_CHART_1);
    assert_shown("     _-=\n _-=####\n");
    p = canvas(1, 4, false);
    chart_area(&p, CHART_BRAILLE, eight, ramp, 8, TOKEN_CHART_1);
    assert_shown("⣀⣠⣴⣾\n");
    p = canvas(1, 8, true);
    static const double three[] = {8, 4, 0.001};
    chart_bars(&p, CHART_ASCII, eight, three, 3, TOKEN_CHART_1);
    assert_shown("# - _\n");
    p = canvas(1, 2, true);
    chart_bars(&p, CHART_ASCII, eight, three, 3, TOKEN_CHART_1);
    assert_shown("-_\n");
}

static void test_levels_stay_behind_the_line(void **state)
{
    (void)state;
    struct pane p = canvas(3, 6, true);
    pane_text(&p, 1, 2, TOKEN_CHART_1, "#");
    chart_level(&p, CHART_ASCII, (struct chart_range){0, 3}, 1.5, TOKEN_CHART_STOP);
    chart_level(&p, CHART_ASCII, (struct chart_range){0, 3}, 9, TOKEN_CHART_STOP);
    chart_level(&p, CHART_ASCII, (struct chart_range){0, 3}, (double)NAN, TOKEN_CHART_STOP);
    assert_shown("\n--#---\n\n");
}

static void gauge(double part, double mark, double whole, const char *want)
{
    struct pane p = canvas(1, 12, true);
    chart_gauge(&p, CHART_ASCII, 0, 0, 12, part, mark, whole);
    assert_shown(want);
}

static void test_a_gauge_is_full_only_when_it_is(void **state)
{
    (void)state;
    gauge(0, (double)NAN, 5, "[..........]\n");
    gauge(0.001, (double)NAN, 5, "[#.........]\n");
    gauge(4.999, (double)NAN, 5, "[#########.]\n");
    gauge(5, (double)NAN, 5, "[##########]\n");
    gauge(9, 9, 5, "[#########:]\n");
    gauge(1, 2.5, 5, "[##...:....]\n");
    gauge(1, 1, 0, "[.........:]\n");
    struct pane p = canvas(1, 6, false);
    assert_int_equal(chart_bar(&p, CHART_BLOCKS, 0, 0, 6, 0.75, 3, TOKEN_CHART_1), 2);
    assert_shown("█▌\n");
    assert_int_equal(chart_bar(&p, CHART_BLOCKS, 0, 0, 6, 0, 3, TOKEN_CHART_1), 0);
    p = canvas(1, 6, true);
    assert_int_equal(chart_bar(&p, CHART_BLOCKS, 0, 0, 6, 0.75, 3, TOKEN_CHART_1), 2);
    assert_shown("##\n");
}

static void test_sparklines_show_the_newest(void **state)
{
    (void)state;
    struct pane p = canvas(1, 10, false);
    chart_spark(&p, CHART_BRAILLE, 0, 1, 8, ramp, 8, TOKEN_CHART_1);
    assert_shown(" ▁▂▃▄▅▆▇█\n");
    p = canvas(1, 10, true);
    chart_spark(&p, CHART_BRAILLE, 0, 0, 4, ramp, 8, TOKEN_CHART_1);
    assert_shown("_-=#\n");
    p = canvas(1, 10, false);
    static const double same[] = {5, 5, (double)NAN, 5};
    chart_spark(&p, CHART_BRAILLE, 0, 0, 10, same, 4, TOKEN_CHART_1);
    assert_shown("▄▄ ▄\n");
}

static void test_ranges_hold_any_values(void **state)
{
    (void)state;
    static const double odd[] = {(double)NAN, HUGE_VAL, -HUGE_VAL};
    struct chart_range r = chart_range_of(odd, 3);
    assert_true(r.low == 0 && r.high == 1);
    r = chart_range_of((const double[]){100}, 1);
    assert_true(r.low == 95 && r.high == 105);
    r = chart_range_round((struct chart_range){99874, 101284});
    assert_true(r.low <= 99874 && r.high >= 101284 && fmod(r.low, 100) == 0 &&
                r.high - r.low < 2100);
    assert_int_equal(chart_row((struct chart_range){0, 10}, 5, 10), 0);
    assert_int_equal(chart_row((struct chart_range){0, 10}, 5, 0), 4);
    assert_int_equal(chart_row((struct chart_range){0, 10}, 5, 11), -1);
    assert_int_equal(chart_row((struct chart_range){0, 10}, 5, -1), 5);
    enum chart_marks m;
    assert_true(chart_marks("auto", true, false, &m) && m == CHART_BLOCKS);
    assert_true(chart_marks("braille", false, true, &m) && m == CHART_ASCII);
    assert_false(chart_marks("pie", true, true, &m));
}

static void test_the_option_reaches_what_has_no_marks_of_its_own(void **state)
{
    (void)state;
    struct pane p = canvas(1, 2, false);
    chart_use(&f, "auto", true);
    chart_area(&p, CHART_FRAME, (struct chart_range){0, 1}, ramp + 1, 2, TOKEN_CHART_1);
    assert_shown("██\n");
    p = canvas(1, 2, false);
    chart_use(&f, "braille", true);
    chart_area(&p, CHART_FRAME, (struct chart_range){0, 1}, ramp + 1, 2, TOKEN_CHART_1);
    assert_shown("⣿⣿\n");
    p = canvas(1, 2, false);
    chart_use(&f, "ascii", true);
    chart_area(&p, CHART_FRAME, (struct chart_range){0, 1}, ramp + 1, 2, TOKEN_CHART_1);
    assert_shown("##\n");
    f.marks = 0;
}

static void test_any_numbers_in_any_pane_draw_inside(void **state)
{
    (void)state;
    static const double odd[] = {(double)NAN, 1e308,  -1e308,    0, HUGE_VAL,
                                 -0.0,        5e-324, -HUGE_VAL, 3};
    static const struct chart_range ranges[] = {
        {0, 1}, {-1e308, 1e308}, {1, 0}, {(double)NAN, 1}, {0, HUGE_VAL}, {0, 5e-324}, {2, 4}};
    for (int rows = 0; rows < 4; rows++) {
        for (int cols = 0; cols < 12; cols++) {
            struct pane all = canvas(6, 14, cols % 2);
            struct pane p = pane_part(&all, 1, 1, rows, cols);
            for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
                for (int m = CHART_BRAILLE; m <= CHART_ASCII; m++) {
                    for (size_t n = 0; n <= ARRAY_LEN(odd); n++) {
                        chart_line(&p, (enum chart_marks)m, ranges[i], odd, n, TOKEN_CHART_1);
                        chart_area(&p, (enum chart_marks)m, ranges[i], odd, n, TOKEN_CHART_1);
                        chart_bars(&p, (enum chart_marks)m, ranges[i], odd, n, TOKEN_CHART_1);
                        chart_spark(&p, (enum chart_marks)m, 0, 0, cols, odd, n, TOKEN_CHART_1);
                    }
                    for (size_t n = 0; n < ARRAY_LEN(odd); n++) {
                        chart_level(&p, (enum chart_marks)m, ranges[i], odd[n], TOKEN_CHART_2);
                        chart_gauge(&p, (enum chart_marks)m, 0, 0, cols, odd[n], odd[8 - n],
                                    ranges[i].high);
                        chart_bar(&p, (enum chart_marks)m, 0, 0, cols, odd[n], ranges[i].high,
                                  TOKEN_CHART_2);
                    }
                }
            }
            for (int row = 0; row < 6; row++) {
                for (int col = 0; col < 14; col++) {
                    bool in = row >= 1 && row < 1 + rows && col >= 1 && col < 1 + cols;
                    assert_true(in || frame_cell(&f, row, col)->text[0] == ' ');
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_go_where_the_values_go),
        cmocka_unit_test(test_a_gap_is_a_gap),
        cmocka_unit_test(test_many_values_show_their_extremes),
        cmocka_unit_test(test_areas_and_bars_stand_on_the_ground),
        cmocka_unit_test(test_levels_stay_behind_the_line),
        cmocka_unit_test(test_a_gauge_is_full_only_when_it_is),
        cmocka_unit_test(test_sparklines_show_the_newest),
        cmocka_unit_test(test_ranges_hold_any_values),
        cmocka_unit_test(test_the_option_reaches_what_has_no_marks_of_its_own),
        cmocka_unit_test(test_any_numbers_in_any_pane_draw_inside),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
