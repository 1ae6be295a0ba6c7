/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The details against tests/golden/details/NAME.txt: at 80x24, 120x40 and 40x12, the last in
 * ASCII. After a change that is meant: QUORUM_GOLDEN=write build/asan/tests/unit/test_detail (make
 * unit would not hand the variable on); look at the difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "unit/detail_fixture.h"

static struct snapshot snap;
static struct detail_view view;
static struct frame frame;

static const struct detail_example *example(const char *name)
{
    for (size_t i = 0; i < ndetail_examples; i++)
        if (strcmp(detail_examples[i].name, name) == 0)
            return &detail_examples[i];
    fail_msg("no example %s", name);
    return NULL;
}

static void begin(const char *name)
{
    detail_fixture(example(name), &snap, &view);
}

static int end(void **state)
{
    (void)state;
    detail_fixture_release(&snap, &view);
    frame_release(&frame);
    return 0;
}

/* As the frame does: the title line after the rest. Returns the lines of the detail. */
static int draw(int rows, int cols, bool ascii)
{
    char left[200];
    frame.ascii = ascii;
    frame_resize(&frame, rows, cols);
    struct pane all = pane_of(&frame), body = pane_part(&all, 1, 0, rows - 1, cols);
    int lines = details[view.kind].draw(&body, &snap, &view);
    snprintf(left, sizeof left, "%s %s %s", details[view.kind].title, view.id, view.title);
    pane_title(&all, 0, true, left, "");
    return lines;
}

static bool shows(const char *text)
{
    struct buf out = {0};
    frame_dump(&frame, &out);
    bool found = strstr(buf_text(&out), text) != NULL;
    buf_release(&out);
    return found;
}

static void must_show(const char *text)
{
    struct buf out = {0};
    frame_dump(&frame, &out);
    if (strstr(buf_text(&out), text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, buf_text(&out));
    buf_release(&out);
}

static void check_golden(const char *name, const char *shown)
{
    const char *dir = getenv("QUORUM_TEST_DIR"), *write = getenv("QUORUM_GOLDEN");
    char path[512], piece[4096];
    struct buf want = {0};
    snprintf(path, sizeof path, "%s/golden/details/%s.txt", dir && *dir ? dir : "tests", name);
    FILE *f = fopen(path, write ? "w" : "r");
    if (f == NULL)
        fail_msg("%s cannot be opened", path);
    if (write)
        fputs(shown, f);
    for (size_t n; !write && (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_add(&want, piece, n);
    fclose(f);
    bool same = write || strcmp(buf_text(&want), shown) == 0;
    buf_release(&want);
    if (!same)
        fail_msg("%s is another picture:\n%s", path, shown);
}

static const int sizes[][2] = {{24, 80}, {40, 120}, {12, 40}};

static void a_picture_changes_only_when_it_is_meant_to(void **state)
{
    (void)state;
    for (size_t i = 0; i < ndetail_examples; i++) {
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
            char name[80];
            struct buf out = {0};
            begin(detail_examples[i].name);
            draw(sizes[k][0], sizes[k][1], k == 2);
            frame_dump(&frame, &out);
            snprintf(name, sizeof name, "%s_%dx%d", detail_examples[i].name, sizes[k][1],
                     sizes[k][0]);
            check_golden(name, buf_text(&out));
            buf_release(&out);
            detail_fixture_release(&snap, &view);
        }
    }
}

/* ---- before there is anything, and when there is nothing */

static void what_is_not_loaded_says_so(void **state)
{
    (void)state;
    for (int kind = DETAIL_NONE + 1; kind < DETAIL_KINDS; kind++) {
        if (!details[kind].part[0])
            continue;
        snap = (struct snapshot){.connected = true, .monotonic = USEC_SECOND};
        view = (struct detail_view){.kind = (enum detail_kind)kind, .id = "99"};
        draw(24, 80, false);
        must_show("loading ");
        copy_text(snap.detail[0].problem, sizeof snap.detail[0].problem, "statement timeout");
        draw(24, 80, false);
        must_show("statement timeout");
        must_show("R asks again");
    }
}

static void an_unknown_id_is_told_with_the_way_on(void **state)
{
    (void)state;
    for (int kind = DETAIL_NONE + 1; kind < DETAIL_KINDS; kind++) {
        char want[80];
        if (!details[kind].part[0])
            continue;
        snap = (struct snapshot){.connected = true, .monotonic = USEC_SECOND};
        snap.detail[0].loaded_at = 1;
        view = (struct detail_view){.kind = (enum detail_kind)kind, .id = "ZZ99"};
        draw(24, 80, false);
        snprintf(want, sizeof want, "E10 no %s ZZ99. ", details[kind].name);
        must_show(want);
    }
}

/* The first part is there, the others are still on their way. */
static void half_loaded_draws_what_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < ndetail_examples; i++) {
        begin(detail_examples[i].name);
        for (int p = 1; p < DETAIL_PARTS; p++) {
            rows_release(&snap.detail[p].rows);
            snap.detail[p] = (struct snap){0};
        }
        draw(60, 100, false);
        assert_false(shows("(null)"));
        detail_fixture_release(&snap, &view);
    }
}

/* ---- moving */

static void j_selects_then_scrolls_and_k_comes_back(void **state)
{
    (void)state;
    begin("evaluation");
    view.item = view.drawn.item = 0;
    int lines = draw(24, 80, false);
    assert_true(lines > 23);
    for (int i = 1; i < 5; i++) {
        view.item++;
        draw(24, 80, false);
        assert_int_equal(view.item, i);
        assert_int_equal(view.scroll, 0);
    }
    view.item++; /* past the last agent */
    draw(24, 80, false);
    assert_int_equal(view.item, 4);
    assert_int_equal(view.scroll, 1);
    for (int i = 0; i < 100; i++) {
        view.item++;
        lines = draw(24, 80, false);
    }
    assert_int_equal(view.item, 4);
    assert_int_equal(view.scroll, lines - 23);
    must_show("liquidity");
    view.item--; /* the agent is out of sight: the page comes back first */
    draw(24, 80, false);
    assert_int_equal(view.item, 4);
    assert_int_equal(view.scroll, lines - 24);
    for (int i = 0; i < 100; i++) {
        view.item--;
        draw(24, 80, false);
    }
    assert_int_equal(view.item, 0);
    assert_int_equal(view.scroll, 0);
}

static void a_selected_item_stays_in_sight(void **state)
{
    (void)state;
    begin("agent"); /* its items are the last lines */
    draw(12, 80, false);
    view.scroll = 100000; /* G */
    int lines = draw(12, 80, false);
    assert_int_equal(view.scroll, lines - 11);
    view.item++;
    draw(12, 80, false);
    assert_int_equal(view.item, 1);
    must_show(">#409");
    assert_int_equal(frame.cursor_col, 0);
    assert_string_equal(frame_cell(&frame, frame.cursor_row, 0)->text, ">");
}

static void any_step_is_clamped(void **state)
{
    (void)state;
    static const int steps[] = {INT32_MAX, INT32_MIN, 1 << 30, -(1 << 30), 7, -7};
    for (size_t i = 0; i < ndetail_examples; i++) {
        begin(detail_examples[i].name);
        for (size_t a = 0; a < ARRAY_LEN(steps); a++) {
            for (size_t b = 0; b < ARRAY_LEN(steps); b++) {
                view.item = steps[a];
                view.scroll = steps[b];
                int lines = draw(10, 60, false);
                assert_true(view.item >= 0 && view.scroll >= 0);
                assert_true(view.scroll <= (lines > 9 ? lines - 9 : 0));
            }
        }
        detail_fixture_release(&snap, &view);
    }
}

/* Enter on what has nothing behind it. */
static void enter_on_nothing_leaves_the_page_where_it_is(void **state)
{
    (void)state;
    begin("symbol");
    view.scroll = 4;
    draw(12, 80, false);
    view.depth++;
    draw(12, 80, false);
    assert_int_equal(view.scroll, 4);
    assert_int_equal(view.depth, 0);
}

static void enter_goes_deeper_and_back_finds_the_agent(void **state)
{
    (void)state;
    begin("evaluation");
    draw(24, 80, false);
    view.scroll = 5;
    view.depth = 1;
    draw(24, 80, false);
    assert_int_equal(view.scroll, 0);
    assert_int_equal(view.item, 1);
    must_show(" orders were cut twice this year.\"");
    must_show("gone ?");
    view.depth = 2;
    draw(24, 80, false);
    must_show("1. Use only the facts given.");
    must_show("RAW REPLY");
    view.depth = 9;
    draw(24, 80, false);
    assert_int_equal(view.depth, 2);
    view.item++; /* j scrolls a text */
    draw(24, 80, false);
    assert_int_equal(view.item, 1);
    view.depth = 0;
    draw(24, 80, false);
    assert_int_equal(view.item, 1);
    must_show(">research");
}

/* ---- what keys do */

static void enter_and_neighbours_name_objects(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int item;
        const char *object, *older, *newer;
    } cases[] = {
        {"evaluation", 1, NULL, "evaluation 411", "evaluation 413"},
        {"evaluation_running", 0, NULL, "evaluation 412", ""},
        {"trade", 0, "evaluation 398", "trade 87", ""},
        {"trade", 2, "trade 61", "trade 87", ""},
        {"position", 1, "trade 84", "position 87", "position 31"},
        {"adjustment", 1, "trade 88", "adjustment 16", "adjustment 18"},
        {"adjustment_decided", 0, "", "", ""},
        {"agent", 1, "evaluation 409", "agent regime_detector", "agent risk_manager"},
        {"alert", 0, "position 30", "alert 8", ""},
        {"alert", 2, "alert 3", "alert 8", ""},
        {"parameter", 1, "adjustment 5", "", "parameter target_mult"},
        {"symbol", 0, "position 31", "symbol MSFT", "symbol PFE"},
        {"symbol", 2, "evaluation 371", "symbol MSFT", "symbol PFE"},
        {"symbol", 4, "trade 80", "symbol MSFT", "symbol PFE"},
        {"symbol", 5, "", "symbol MSFT", "symbol PFE"},
        {"cycle", 1, "adjustment 18", "cycle 8", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin(cases[i].name);
        const struct detail *d = &details[view.kind];
        char got[OBJECT_MAX];
        view.item = cases[i].item;
        view.drawn.in_sight = true;
        assert_int_equal(d->item_object != NULL, cases[i].object != NULL);
        assert_int_equal(d->neighbour != NULL, cases[i].older != NULL);
        if (d->item_object) {
            d->item_object(&snap, &view, got);
            assert_string_equal(got, cases[i].object);
        }
        if (d->neighbour) {
            d->neighbour(&snap, &view, -1, got);
            assert_string_equal(got, cases[i].older);
            d->neighbour(&snap, &view, 1, got);
            assert_string_equal(got, cases[i].newer);
        }
        detail_fixture_release(&snap, &view);
        if (d->item_object) { /* nothing is loaded */
            d->item_object(&snap, &view, got);
            assert_string_equal(got, "");
        }
        if (d->neighbour) {
            d->neighbour(&snap, &view, 1, got);
            assert_string_equal(got, "");
        }
    }
}

static void every_kind_has_its_words(void **state)
{
    (void)state;
    for (int i = DETAIL_NONE + 1; i < DETAIL_KINDS; i++) {
        assert_non_null(details[i].name);
        assert_non_null(details[i].title);
        assert_non_null(details[i].draw);
        for (int k = DETAIL_NONE + 1; k < i; k++)
            assert_string_not_equal(details[i].name, details[k].name);
        for (int part = 0; part < DETAIL_PARTS; part++)
            assert_int_equal(details[i].part[part] != NULL,
                             detail_columns((enum detail_kind)i, part) != NULL);
    }
}

static void a_running_evaluation_is_watched_closely(void **state)
{
    (void)state;
    begin("evaluation_running");
    assert_int_equal(details[view.kind].rhythm(&snap), 250);
    draw(24, 80, false);
    must_show("4.2s"); /* 3.7 s when it was asked, half a second ago */
    must_show("2.6s");
    detail_fixture_release(&snap, &view);
    begin("evaluation");
    assert_true(details[view.kind].rhythm(&snap) >= 5000);
}

/* ---- words of strangers */

static const char *const strangers[] = {
    "",
    "-",
    "\033[2J\033]0;owned\007\033[31mred",
    "\xe2\x80\xae"
    "evil\xe2\x81\xa6"
    "x\xe2\x80\x8b\xe2\x80\x8b",
    "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97",
    "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81 b\nc\td\r\ne",
    "\xff\xfe\x80 broken \xf0\x9f",
    "%s%n%d%1000d",
    "1e308",
    "-9223372036854775808",
    "9999999999999999999999",
    "nan",
    "infinity",
};

static void check_cells(void)
{
    for (int row = 0; row < frame.rows; row++) {
        for (int col = 0; col < frame.cols; col++) {
            const struct cell *c = frame_cell(&frame, row, col);
            if (c->width == 0)
                continue;
            assert_true(text_is_utf8(c->text, c->len));
            assert_true((unsigned char)c->text[0] >= 0x20 && c->text[0] != 0x7f);
            assert_null(strstr(c->text, "\xe2\x80\xae"));
            assert_int_equal(text_columns(c->text), c->width);
        }
    }
}

static void words_of_strangers_stay_words(void **state)
{
    (void)state;
    static const int at[][2] = {{24, 80}, {40, 120}, {12, 40}, {5, 20}, {2, 3}, {1, 1}, {60, 200}};
    char *endless = mem_alloc(20001);
    memset(endless, 'W', 20000);
    for (size_t t = 0; t <= ARRAY_LEN(strangers); t++) {
        for (size_t i = 0; i < ndetail_examples; i++) {
            begin(detail_examples[i].name);
            detail_fixture_fill(&snap, t < ARRAY_LEN(strangers) ? strangers[t] : endless);
            for (size_t k = 0; k < ARRAY_LEN(at); k++) {
                view.scroll = (int)k * 3;
                draw(at[k][0], at[k][1], k == 2);
                check_cells();
            }
            detail_fixture_release(&snap, &view);
        }
    }
    mem_free(endless);
}

/* Model words are dim and in quotes; code's are neither. */
static void a_models_words_are_marked(void **state)
{
    (void)state;
    begin("evaluation");
    draw(40, 120, false);
    struct buf out = {0};
    frame_dump_styles(&frame, &out);
    for (int row = 0; row < frame.rows; row++) {
        const struct cell *c = frame_cell(&frame, row, 11);
        if (c->text[0] == '"')
            assert_int_equal(c->style & STYLE_TOKEN, TOKEN_DIM);
    }
    buf_release(&out);
    must_show("\"Margins expanded five quarters in a row;");
    view.item = 3;
    draw(40, 120, false);
    must_show(" atr is not known: 14 bars are needed, 9 are there");
    assert_false(shows("\"atr is not known"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_picture_changes_only_when_it_is_meant_to, end),
        cmocka_unit_test_teardown(what_is_not_loaded_says_so, end),
        cmocka_unit_test_teardown(an_unknown_id_is_told_with_the_way_on, end),
        cmocka_unit_test_teardown(half_loaded_draws_what_is_there, end),
        cmocka_unit_test_teardown(j_selects_then_scrolls_and_k_comes_back, end),
        cmocka_unit_test_teardown(a_selected_item_stays_in_sight, end),
        cmocka_unit_test_teardown(any_step_is_clamped, end),
        cmocka_unit_test_teardown(enter_on_nothing_leaves_the_page_where_it_is, end),
        cmocka_unit_test_teardown(enter_goes_deeper_and_back_finds_the_agent, end),
        cmocka_unit_test_teardown(enter_and_neighbours_name_objects, end),
        cmocka_unit_test_teardown(every_kind_has_its_words, end),
        cmocka_unit_test_teardown(a_running_evaluation_is_watched_closely, end),
        cmocka_unit_test_teardown(words_of_strangers_stay_words, end),
        cmocka_unit_test_teardown(a_models_words_are_marked, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
