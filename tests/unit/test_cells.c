/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "ui/cells.h"

#define WIDE     "\xe4\xb8\xad" /* U+4E2D, two columns */
#define ACUTE    "\xcc\x81"     /* U+0301, a combining mark */
#define ACCENTED "e\xcc\x81"
#define DOTS     "\xe2\x80\xa6"

static void assert_frame(const struct frame *f, const char *want)
{
    struct buf out = {0};
    frame_dump(f, &out);
    assert_string_equal(buf_text(&out), want);
    buf_release(&out);
}

/* A small generator, so that a failure can be seen again by its seed. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static int any(uint32_t *seed, int low, int high)
{
    return low + (int)(next_random(seed) % (uint32_t)(high - low + 1));
}

/* What every frame must be, whatever was drawn: each cell holds one clean character of its width,
 * and the halves of wide ones are in pairs. */
static void assert_whole(const struct frame *f)
{
    for (int row = 0; row < f->rows; row++) {
        for (int col = 0; col < f->cols; col++) {
            const struct cell *c = frame_cell(f, row, col);
            char text[CELL_BYTES + 1] = "", clean[64];
            size_t columns;
            if (c->width == 0) {
                assert_true(col > 0 && frame_cell(f, row, col - 1)->width == 2);
                assert_int_equal(c->len, 0);
                continue;
            }
            assert_true(c->len > 0 && c->len <= CELL_BYTES);
            memcpy(text, c->text, c->len);
            assert_int_equal(strlen(text), c->len);
            assert_int_equal(text_cluster(text, &columns), c->len);
            assert_int_equal(columns, c->width);
            assert_string_equal(sanitize_line(clean, sizeof clean, untrusted(text)), text);
            if (c->width == 2)
                assert_true(col + 1 < f->cols && frame_cell(f, row, col + 1)->width == 0);
            if (f->ascii)
                assert_true(c->len == 1 && text[0] >= 0x20 && text[0] < 0x7f);
        }
    }
}

static void test_text_is_cut_at_the_edges_of_its_panel(void **state)
{
    (void)state;
    struct frame f = {0};
    frame_resize(&f, 3, 12);
    struct pane all = pane_of(&f), p = pane_part(&all, 1, 2, 1, 6);
    assert_int_equal(pane_text(&p, 0, 2, TOKEN_FG, "abcdefgh"), 4);
    pane_text(&p, 1, 0, TOKEN_FG, "below");
    pane_text(&p, -1, 0, TOKEN_FG, "above");
    pane_text(&p, 0, -3, TOKEN_FG, "xyzLM");
    assert_frame(&f, "\n  LMabcd\n\n");
    pane_text(&p, 0, 5, TOKEN_FG, WIDE); /* half of it would be outside */
    assert_frame(&f, "\n  LMabc\n\n");
    pane_text(&p, 0, -1, TOKEN_FG, WIDE "k");
    assert_frame(&f, "\n   kabc\n\n");
    assert_whole(&f);
    frame_release(&f);
}

static void test_no_half_of_a_wide_character_stays(void **state)
{
    (void)state;
    struct frame f = {0};
    frame_resize(&f, 1, 8);
    struct pane p = pane_of(&f);
    pane_text(&p, 0, 0, TOKEN_FG, WIDE WIDE WIDE WIDE);
    pane_text(&p, 0, 1, TOKEN_FG, "a");
    assert_frame(&f, " a" WIDE WIDE WIDE "\n");
    pane_text(&p, 0, 4, TOKEN_FG, "b");
    assert_frame(&f, " a" WIDE "b " WIDE "\n");
    pane_text(&p, 0, 3, TOKEN_FG, WIDE);
    assert_frame(&f, " a " WIDE " " WIDE "\n");
    assert_whole(&f);
    frame_release(&f);
}

static void test_hostile_text_reaches_no_cell(void **state)
{
    (void)state;
    struct frame f = {0};
    frame_resize(&f, 1, 30);
    struct pane p = pane_of(&f);
    pane_text(&p, 0, 0, TOKEN_FG,
              "a\x1b[31mb\rc\td\n\x7f\xff\xe2\x80\xae"
              "e" ACUTE ACUTE ACUTE ACUTE);
    assert_whole(&f);
    frame_release(&f);
}

static void test_long_text_shows_that_it_is_cut(void **state)
{
    (void)state;
    struct frame f = {0};
    frame_resize(&f, 4, 10);
    struct pane p = pane_of(&f);
    assert_int_equal(pane_cut(&p, 0, 0, 5, TOKEN_FG, "abcdefg"), 5);
    assert_int_equal(pane_cut(&p, 1, 0, 5, TOKEN_FG, "abcde"), 5);
    assert_int_equal(pane_cut(&p, 2, 0, 4, TOKEN_FG, WIDE WIDE WIDE), 3);
    assert_int_equal(pane_cut(&p, 3, 0, 0, TOKEN_FG, "abc"), 0);
    assert_frame(&f, "abcd" DOTS "\nabcde\n" WIDE DOTS "\n\n");
    f.ascii = true;
    frame_clear(&f);
    pane_cut(&p, 0, 0, 5, TOKEN_FG, "caf\xc3\xa9 au lait");
    pane_text(&p, 1, 0, TOKEN_FG, WIDE "\xc3\xa9");
    assert_frame(&f, "cafe~\n??e\n\n\n");
    assert_whole(&f);
    frame_release(&f);
}

static void test_a_number_is_never_shown_without_its_digits(void **state)
{
    (void)state;
    struct frame f = {0};
    frame_resize(&f, 3, 10);
    struct pane p = pane_of(&f);
    pane_right(&p, 0, 1, 8, TOKEN_FG, "1,234.5");
    pane_right(&p, 1, 1, 5, TOKEN_FG, "1,234.5");
    pane_right(&p, 2, 6, 8, TOKEN_FG, "12");
    assert_frame(&f, "  1,234.5\n #####\n\n");
    frame_release(&f);
}

static void test_long_prose_wraps_at_words(void **state)
{
    (void)state;
    struct frame f = {0};
    frame_resize(&f, 6, 12);
    struct pane p = pane_of(&f);
    const char *text = "the quick brown\nfox extraordinarily-long " WIDE WIDE;
    assert_int_equal(pane_wrap(&p, 0, 1, 9, 6, TOKEN_FG, text, 0), 6);
    assert_frame(&f, " the quick\n brown\n fox\n extraordi\n narily-lo\n ng " WIDE WIDE "\n");
    assert_int_equal(pane_wrap(&p, 0, 1, 9, 0, TOKEN_FG, text, 0), 6);
    frame_clear(&f);
    pane_wrap(&p, 0, 0, 9, 2, TOKEN_FG, text, 4);
    assert_frame(&f, "narily-lo\nng " WIDE WIDE "\n\n\n\n\n");
    assert_int_equal(pane_wrap(&p, 0, 0, 1, 6, TOKEN_FG, WIDE WIDE, 0), 2);
    assert_int_equal(pane_wrap(&p, 0, 0, 4, 6, TOKEN_FG, "", 0), 0);
    assert_whole(&f);
    frame_release(&f);
}

/* Letters of one byte, which most texts have, go another way than those of two: both wrap alike.
 * And what is drawn from above the pane to its end is what all of it would show there. */
static void test_plain_prose_wraps_like_any_other(void **state)
{
    (void)state;
    enum { ROWS = 9, COLS = 14, LONGEST = 120 };
    struct frame plain = {0}, other = {0}, rest = {0};
    struct pane p, q, r;
    uint32_t seed = 3;
    for (int n = 0; n < 3000; n++) {
        char ascii[LONGEST + 1] = "", accents[2 * LONGEST + 1] = "";
        int cols = any(&seed, 1, COLS), above = any(&seed, 0, 4);
        for (int len = any(&seed, 0, LONGEST); len > 0; len--) {
            int kind = any(&seed, 0, 7);
            const char *accent = kind == 0 ? "\n" : kind < 3 ? " " : "\xc3\xa9";
            copy_text(ascii + strlen(ascii), 2, kind < 3 ? accent : "e");
            copy_text(accents + strlen(accents), 3, accent);
        }
        frame_resize(&plain, ROWS, COLS);
        frame_resize(&other, ROWS, COLS);
        frame_resize(&rest, ROWS, COLS);
        p = pane_of(&plain);
        q = pane_of(&other);
        r = pane_of(&rest);
        int lines = pane_wrap(&p, -above, 0, cols, 1000, TOKEN_FG, ascii, 0);
        assert_int_equal(pane_wrap(&q, -above, 0, cols, 1000, TOKEN_FG, accents, 0), lines);
        for (int i = 0; i < ROWS * COLS; i++)
            assert_int_equal(plain.cell[i].text[0] == 'e', other.cell[i].text[0] == '\xc3');
        int looked = pane_wrap_rest(&r, -above, 0, cols, TOKEN_FG, ascii);
        assert_int_equal(looked, lines < ROWS + above ? lines : ROWS + above);
        assert_true(frame_same(&plain, &rest));
    }
    frame_release(&plain);
    frame_release(&other);
    frame_release(&rest);
}

static void test_panel_titles_fit_any_width(void **state)
{
    (void)state;
    static const struct {
        int cols;
        const char *want;
    } rows[] = {{22, "= 1 Positions 4/10 ===\n"}, {10, "= 1 Pos~ =\n"}, {3, "===\n"}, {1, "=\n"}};
    struct frame f = {.ascii = true};
    frame_resize(&f, 1, 35);
    struct pane p = pane_of(&f);
    pane_title(&p, 0, false, "1 Positions 4/10", "day +96.25");
    assert_frame(&f, "- 1 Positions 4/10 --- day +96.25 -\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        frame_resize(&f, 1, rows[i].cols);
        p = pane_of(&f);
        pane_title(&p, 0, true, "1 Positions 4/10", "day +96.25");
        assert_frame(&f, rows[i].want);
    }
    frame_release(&f);
}

static void test_boxes_are_closed(void **state)
{
    (void)state;
    struct frame f = {0};
    frame_resize(&f, 3, 4);
    struct pane p = pane_of(&f);
    pane_box(&p, TOKEN_RULE, LINE_THIN);
    assert_frame(&f, "┌──┐\n│  │\n└──┘\n");
    f.ascii = true;
    pane_box(&p, TOKEN_RULE, LINE_DOUBLE);
    assert_frame(&f, "+==+\n|  |\n+==+\n");
    assert_whole(&f);
    frame_release(&f);
}

static void test_a_changed_style_is_a_changed_frame(void **state)
{
    (void)state;
    struct frame a = {0}, b = {0};
    struct buf out = {0};
    frame_resize(&a, 2, 10);
    frame_resize(&b, 2, 10);
    struct pane p = pane_of(&a), q = pane_of(&b);
    pane_text(&p, 1, 2, TOKEN_PNL_UP, "+1.5");
    pane_text(&q, 1, 2, TOKEN_PNL_UP, "+1.5");
    assert_true(frame_same(&a, &b));
    pane_restyle(&q, 1, 0, 10, STYLE_CURSOR);
    assert_false(frame_same(&a, &b));
    assert_true(frame_same_row(&a, &b, 0));
    assert_false(frame_same_row(&a, &b, 1));
    frame_dump_styles(&b, &out);
    assert_string_equal(buf_text(&out), "1:0-1 fg+cursor\n1:2-5 pnl.up+cursor\n1:6-9 fg+cursor\n");
    buf_release(&out);
    frame_resize(&b, 3, 10);
    assert_false(frame_same(&a, &b));
    frame_release(&a);
    frame_release(&b);
}

static void draw_anything(const struct pane *p, uint32_t *seed)
{
    static const char *const pieces[] = {
        "a",        WIDE,       ACCENTED,     " ", "\xf0\x9f\x98\x80", "\n",
        "\x1b[2J",  "\xff",     "long word ", "│", "\xe2\x80\x8d",     ACUTE,
        "1,234.56", "\xc2\x9b", "\t"};
    char text[400] = "";
    size_t len = 0;
    for (int n = any(seed, 0, 20); n > 0; n--) {
        const char *piece = pieces[next_random(seed) % ARRAY_LEN(pieces)];
        memcpy(text + len, piece, strlen(piece) + 1);
        len += strlen(piece);
    }
    struct pane part = pane_part(p, any(seed, -5, 250), any(seed, -5, 520), any(seed, -2, 300),
                                 any(seed, -2, 600));
    const struct pane *at = next_random(seed) % 2 ? p : &part;
    int row = any(seed, -3, at->rows + 2), col = any(seed, -20, at->cols + 2);
    int n = any(seed, -2, 40);
    switch (next_random(seed) % 9) {
    case 0:
        pane_text(at, row, col, TOKEN_DIM, text);
        break;
    case 1:
        pane_cut(at, row, col, n, TOKEN_KEY, text);
        break;
    case 2:
        pane_right(at, row, col, n, TOKEN_KEY, text);
        break;
    case 3:
        pane_wrap(at, row, col, n, any(seed, 0, 9), TOKEN_FG, text, any(seed, 0, 4));
        break;
    case 4:
        pane_fill(at, row, col, n, any(seed, -2, 40), TOKEN_BG, '.');
        break;
    case 5:
        pane_restyle(at, row, col, n, STYLE_BOLD);
        break;
    case 6:
        pane_box(at, TOKEN_RULE, LINE_THIN);
        break;
    case 7:
        pane_title(at, row, n % 2 == 0, text, text);
        break;
    default:
        pane_printf(at, row, col, TOKEN_FG, "%s%d", text, n);
        break;
    }
}

static void test_no_size_and_no_text_writes_beside_the_frame(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1},    {5, 20},   {12, 40},  {24, 79},   {24, 80}, {32, 112},
                                   {40, 120}, {48, 170}, {60, 200}, {200, 500}, {1, 500}, {200, 1}};
    uint32_t seed = 7;
    struct frame f = {0};
    for (size_t i = 0; i < ARRAY_LEN(sizes) * 2; i++) {
        f.ascii = i % 2;
        frame_resize(&f, sizes[i / 2][0], sizes[i / 2][1]);
        struct pane p = pane_of(&f);
        for (int n = 0; n < 300; n++)
            draw_anything(&p, &seed);
        assert_whole(&f);
    }
    frame_resize(&f, -5, 1 << 30);
    assert_true(f.rows == 1 && f.cols == FRAME_MOST);
    assert_null(frame_cell(&f, 1, 0));
    assert_null(frame_cell(&f, 0, -1));
    frame_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_cut_at_the_edges_of_its_panel),
        cmocka_unit_test(test_no_half_of_a_wide_character_stays),
        cmocka_unit_test(test_hostile_text_reaches_no_cell),
        cmocka_unit_test(test_long_text_shows_that_it_is_cut),
        cmocka_unit_test(test_a_number_is_never_shown_without_its_digits),
        cmocka_unit_test(test_long_prose_wraps_at_words),
        cmocka_unit_test(test_plain_prose_wraps_like_any_other),
        cmocka_unit_test(test_panel_titles_fit_any_width),
        cmocka_unit_test(test_boxes_are_closed),
        cmocka_unit_test(test_a_changed_style_is_a_changed_frame),
        cmocka_unit_test(test_no_size_and_no_text_writes_beside_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
