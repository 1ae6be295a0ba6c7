/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The help overlay on a desk made by hand: what it shows, how it scrolls, what it finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "ui/console_help.h"
#include "ui/console_keys.h"
#include "unit/frame_fixture.h"

static struct snapshot snap;
static struct view view;
static struct frame frame;
static struct buf shown;

static int begin(void **state)
{
    (void)state;
    view_init(&view);
    pictured_desk(&snap);
    view.focus = PANEL_PENDING;
    console_help_open(&view);
    return 0;
}

static int end(void **state)
{
    (void)state;
    view_release(&view);
    snapshot_release(&snap);
    frame_release(&frame);
    buf_release(&shown);
    return 0;
}

static const char *draw(int rows, int cols)
{
    frame_resize(&frame, rows, cols);
    console_frame(&frame, &snap, &view);
    buf_clear(&shown);
    frame_dump(&frame, &shown);
    return buf_text(&shown);
}

static void press(const char *name, int rows)
{
    struct key k;
    assert_true(key_parse(name, &k));
    console_help_key(&view, &k, rows - 2);
}

static void type(const char *text, int rows)
{
    for (char key[2] = ""; *text; text++) {
        key[0] = *text;
        press(*text == ' ' ? "Space" : key, rows);
    }
}

/* Every key with a help text of the layers that concern the panel, and of everywhere. */
static void expect_keys(const char *page, enum panel_id panel)
{
    const struct key_layer *l;
    for (size_t i = 0; (l = console_keys_layer(i)); i++) {
        bool here = l->detail == DETAIL_NONE &&
                    (l->panel == panel || l->panel == PANEL_COUNT || l->panel == PANEL_NONE);
        for (const struct key_binding *b = l->binding; here && b->key; b++)
            if (b->help && !strstr(page, b->help))
                fail_msg("\"%s %s\" is not in\n%s", b->key, b->help, page);
    }
}

static void test_no_key_of_a_panel_is_cut_from_its_help(void **state)
{
    (void)state;
    expect_keys(draw(24, 80), PANEL_PENDING);
    expect_keys(draw(40, 120), PANEL_PENDING);
    view.focus = PANEL_ALERTS;
    expect_keys(draw(24, 80), PANEL_ALERTS);
}

static void test_all_of_it_can_be_scrolled_to(void **state)
{
    static const int sizes[][2] = {{24, 80}, {12, 40}, {8, 26}, {60, 200}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        int rows = sizes[i][0], cols = sizes[i][1];
        bool found = false;
        press("g", rows);
        draw(rows, cols);
        for (int step = 0; step < 300 && !found; step++) {
            found = strstr(draw(rows, cols), "quit") != NULL;
            press("PgDn", rows);
        }
        assert_true(found);
        press("G", rows);
        draw(rows, cols);
        int last = view.help_scroll;
        press("PgDn", rows);
        draw(rows, cols);
        assert_int_equal(view.help_scroll, last);
        press("g", rows);
        draw(rows, cols);
        assert_int_equal(view.help_scroll, 0);
    }
}

static void test_a_search_finds_keys_and_commands_alike(void **state)
{
    (void)state;
    draw(24, 80);
    press("/", 24);
    type("shadow", 24);
    assert_non_null(strstr(draw(24, 80), "shadow for"));
    assert_null(strstr(buf_text(&shown), "freeze the picture"));
    press("C-u", 24);
    type("WORTH AFTER", 24);
    assert_non_null(strstr(draw(24, 80), "equity"));
    type("zzz", 24);
    assert_non_null(strstr(draw(24, 80), "nothing in the help says that"));
}

static void test_esc_goes_back_one_step_at_a_time(void **state)
{
    (void)state;
    press("/", 24);
    type("q", 24);
    assert_true(view.help); /* a letter of the search, not the key */
    press("Esc", 24);
    assert_true(view.help && !view.help_typing && !*view.help_search);
    press("Esc", 24);
    assert_false(view.help);
}

static void test_no_size_breaks_it(void **state)
{
    (void)state;
    for (int rows = 1; rows < 62; rows += rows < 12 ? 1 : 7) {
        for (int cols = 1; cols < 220; cols += cols < 30 ? 1 : 13) {
            view.help_scroll = rows * cols % 90;
            copy_text(view.help_search, sizeof view.help_search, cols % 3 ? "" : "trade");
            draw(rows, cols);
            assert_in_range(frame.cursor_row, 0, frame.rows - 1);
            assert_in_range(frame.cursor_col, 0, frame.cols - 1);
            for (int i = 0; i < rows * cols; i++)
                assert_true(frame.cell[i].width <= 2);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_key_of_a_panel_is_cut_from_its_help, begin, end),
        cmocka_unit_test_setup_teardown(test_all_of_it_can_be_scrolled_to, begin, end),
        cmocka_unit_test_setup_teardown(test_a_search_finds_keys_and_commands_alike, begin, end),
        cmocka_unit_test_setup_teardown(test_esc_goes_back_one_step_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(test_no_size_breaks_it, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
