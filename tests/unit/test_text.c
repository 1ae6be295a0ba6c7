/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "core/base/width.h"
#include "quorum/mem.h"
#include "quorum/text.h"

#define FFFD  "\xef\xbf\xbd"
#define DOTS  "\xe2\x80\xa6"
#define WIDE  "\xe4\xb8\xad" /* U+4E2D, two columns */
#define ACUTE "\xcc\x81"     /* U+0301, a combining mark */

struct row {
    const char *raw;
    size_t len;
    const char *line, *block; /* block NULL: the same */
};
#define ROW(raw, line)                                                                             \
    {                                                                                              \
        raw, sizeof(raw) - 1, line, NULL                                                           \
    }
#define FORMS(raw, line, block)                                                                    \
    {                                                                                              \
        raw, sizeof(raw) - 1, line, block                                                          \
    }

static void assert_clean(const char *raw, size_t len, enum text_form form, size_t max,
                         const char *want)
{
    struct buf out = {0}, again = {0};
    sanitize(&out, (struct untrusted_text){raw, len}, form, max);
    assert_string_equal(buf_text(&out), want);
    assert_int_equal(strlen(buf_text(&out)), out.len);
    sanitize(&again, untrusted(buf_text(&out)), form, max);
    assert_string_equal(buf_text(&again), want);
    buf_release(&out);
    buf_release(&again);
}

/* In one piece, cut in two anywhere, and byte by byte. */
static void assert_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        for (int form = TEXT_LINE; form <= TEXT_BLOCK; form++) {
            const char *want = form == TEXT_BLOCK && r->block ? r->block : r->line;
            assert_clean(r->raw, r->len, (enum text_form)form, 0, want);
            for (size_t cut = 0; cut <= r->len; cut++) {
                struct buf out = {0};
                struct text_stream s = {.form = (enum text_form)form};
                text_stream_feed(&s, &out, r->raw, cut);
                text_stream_feed(&s, &out, r->raw + cut, r->len - cut);
                text_stream_finish(&s, &out);
                assert_string_equal(buf_text(&out), want);
                buf_clear(&out);
                for (size_t j = 0; j < r->len; j++) /* a finished stream begins anew */
                    text_stream_feed(&s, &out, r->raw + j, 1);
                text_stream_finish(&s, &out);
                assert_string_equal(buf_text(&out), want);
                buf_release(&out);
            }
        }
    }
}

static void honest_text_is_left_alone(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("", ""),
        ROW("Apple beats Q4 estimates, shares +3.2%", "Apple beats Q4 estimates, shares +3.2%"),
        ROW("Z\xc3\xbcrich \xe2\x82\xac 5 \xe2\x80\x93 \xe2\x80\x9cyes\xe2\x80\x9d",
            "Z\xc3\xbcrich \xe2\x82\xac 5 \xe2\x80\x93 \xe2\x80\x9cyes\xe2\x80\x9d"),
        ROW(WIDE WIDE, WIDE WIDE),
        ROW("e" ACUTE "t", "e" ACUTE "t"),
        ROW("\xf0\x9f\x93\x88 up", "\xf0\x9f\x93\x88 up"), /* chart emoji */
        ROW("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"),
        ROW(FFFD, FFFD),
        ROW(" ~!@#$%^&*()_+`\\|'\"", " ~!@#$%^&*()_+`\\|'\""),
    };
    assert_rows(rows, ARRAY_LEN(rows));
}

static void no_escape_sequence_reaches_the_terminal(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("a\x1b[31mred\x1b[0m", "ared"),
        ROW("a\x1b[?1049h\x1b[2J\x1b[1;1Hb", "ab"),
        ROW("\x1b]0;owned\x07x", "x"),
        ROW("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ROW("\x1b]52;c;cm0gLXJm\x07x", "x"),
        ROW("\x1bP1$r0m\x1b\\x", "x"),
        ROW("\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\x", "x"),
        ROW("a\x1b"
            "7b\x1b(Bc\x1b#8d\x1b%Ge",
            "abcde"),
        ROW("\x1b\x1b[1mx", "x"),
        ROW("x\x1b", "x"),
        ROW("x\x1b[", "x"),
        ROW("x\x1b[31", "x"),
        ROW("x\x1b]0;never ended", "x"),
        ROW("x\x1bPnever\nended", "x"),
        ROW("\x1b]0;a\x1b[31mb", "b"), /* a sequence ends a string */
        ROW("\x1b]0;a\xe2\x82\xac\xff"
            "b\x07x",
            "x"),                              /* also with odd bytes inside */
        ROW("\x1b[3\x18x\x1b]0;t\x1ay", "xy"), /* CAN and SUB abort */
        ROW("\x1b[3\x01x", FFFD "x"),          /* a broken one ends where it breaks */
        ROW("\x1b[3\xc3\xa9", "\xc3\xa9"),
        ROW("\x1b\xc3\xa9", "\xc3\xa9"),
        FORMS("\x1b[3\nx", " x", "\nx"),
        ROW("\x1b[\x1b[31mx", "x"),
        ROW("a\xc2\x9b"
            "31mb",
            "ab"), /* the 8-bit forms */
        ROW("a\xc2\x9d"
            "0;t\xc2\x9c"
            "b",
            "ab"),
        ROW("a\xc2\x90q\x07\xc2\x98q\x07\xc2\x9eq\x07\xc2\x9fq\x07"
            "b",
            "ab"),
        ROW("a\x9b"
            "31m",
            "a" FFFD "31m"), /* not UTF-8: no terminal takes it for one */
    };
    assert_rows(rows, ARRAY_LEN(rows));
}

static void control_characters_show_instead_of_acting(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("a\0b", "a" FFFD "b"),
        ROW("\x07\x08\x0b\x0c\x0e\x7f", FFFD FFFD FFFD FFFD FFFD FFFD),
        ROW("\xc2\x80\xc2\x85\xc2\x9c", FFFD FFFD FFFD),
        ROW("SELL\rBUY ", "SELLBUY "), /* nothing is written over */
        FORMS("a\r\nb", "a b", "a\nb"),
        FORMS("a\tb", "a b", "a       b"),
        FORMS("1234567\tb\tc", "1234567 b c", "1234567 b       c"),
        FORMS("12345678\tb", "12345678 b", "12345678        b"),
        FORMS("a\n\tb", "a  b", "a\n        b"),
        FORMS(WIDE "\tb", WIDE " b", WIDE "      b"),
        FORMS("\n\n", "  ", "\n\n"),
    };
    assert_rows(rows, ARRAY_LEN(rows));
    for (int c = 1; c < 0x20; c++) {
        char raw[4] = {'a', (char)c, 'b', 0};
        struct buf out = {0};
        sanitize(&out, untrusted(raw), TEXT_LINE, 0);
        for (size_t i = 0; i < out.len; i++)
            assert_true((unsigned char)out.data[i] >= 0x20);
        buf_release(&out);
    }
}

static void broken_utf8_never_passes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("\xff", FFFD),
        ROW("\x80", FFFD),
        ROW("a\xc3", "a" FFFD),
        ROW("\xc3(", FFFD "("),
        ROW("\xe2\x82", FFFD FFFD),
        ROW("\xe2\x82x", FFFD FFFD "x"),
        ROW("\xf0\x9f\x93", FFFD FFFD FFFD),
        ROW("\xf0\x9f\x93\xf0\x9f\x93\x88", FFFD FFFD FFFD "\xf0\x9f\x93\x88"),
        ROW("\xc0\xaf", FFFD FFFD), /* overlong */
        ROW("\xc1\x81", FFFD FFFD),
        ROW("\xe0\x80\xaf", FFFD FFFD FFFD),
        ROW("\xf0\x80\x80\xaf", FFFD FFFD FFFD FFFD),
        ROW("\xed\xa0\x80", FFFD FFFD FFFD),          /* surrogate */
        ROW("\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD), /* past U+10FFFF */
        ROW("\xf8\x88\x80\x80\x80", FFFD FFFD FFFD FFFD FFFD),
        ROW("\xc0\x9b"
            "31m",
            FFFD FFFD "31m"),
    };
    assert_rows(rows, ARRAY_LEN(rows));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_false(text_is_utf8(rows[i].raw, rows[i].len));
    assert_true(text_is_utf8("", 0));
    assert_true(text_is_utf8("a\0b", 3));
    assert_true(text_is_utf8("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", 10));
}

static void invisible_characters_cannot_reorder_or_hide_text(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("a\xe2\x80\xae"
            "b\xe2\x80\xac",
            "ab"), /* RLO, PDF */
        ROW("a\xe2\x81\xa6"
            "b\xe2\x81\xa9",
            "ab"), /* LRI, PDI */
        ROW("a\xd8\x9c"
            "b",
            "ab"), /* ALM */
        ROW("a\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f"
            "b",
            "ab"),
        ROW("a\xe2\x80\xa8"
            "b\xe2\x80\xa9",
            "ab"), /* line, paragraph separator */
        ROW("\xef\xbb\xbf"
            "ab",
            "ab"), /* BOM */
        ROW("a\xc2\xad"
            "b",
            "ab"), /* soft hyphen */
        ROW("a\xe2\x81\xa0\xe2\x81\xa4"
            "b",
            "ab"), /* word joiner, invisible plus */
        ROW("a\xe3\x85\xa4\xef\xbe\xa0\xe1\x85\x9f\xe1\x85\xa0"
            "b",
            "ab"), /* fillers */
        ROW("a\xef\xbf\xb9"
            "b\xef\xbf\xbb",
            "ab"), /* annotation */
        ROW("a\xf3\xa0\x81\xa1\xf3\xa0\x84\x80"
            "b",
            "ab"),                                                   /* tag, variation selector */
        ROW("\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4"),             /* VS16 */
        ROW("\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd", "\xf0\x9f\x91\x8d"), /* skin tone */
        ROW("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9", "\xf0\x9f\x91\xa8\xf0\x9f\x91\xa9"),
        ROW("\xee\x80\x80\xef\xbf\xbf\xcd\xb8",
            FFFD FFFD FFFD),       /* private, no character, none yet */
        ROW("\xe4\xb7\x80", FFFD), /* a hexagram */
    };
    assert_rows(rows, ARRAY_LEN(rows));
}

static void a_text_to_be_read_by_a_person_hides_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        uint32_t c;
    } rows[] = {
        {"ab\x1b[2J", 2, 0x1b},
        {"a\x7f", 1, 0x7f},
        {"a\xc2\x85z", 1, 0x85},
        {"\xc2\x9b", 0, 0x9b},
        {"\xc3\xa9\xe2\x80\xae", 2, 0x202e},
        {"a\xe2\x81\xa6", 1, 0x2066},
        {"a\xe2\x80\x8b", 1, 0x200b},
        {"a\xe2\x80\x8d", 1, 0x200d},
        {"\xef\xbb\xbf", 0, 0xfeff},
        {"a\xf3\xa0\x81\x81", 1, 0xe0041},
    };
    static const char plain[] = "a\tb\r\n\xc3\xa9\xc2\xa0\xe2\x80\x94 e\xcc\x81";
    uint32_t c = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(text_find_hidden(rows[i].text, strlen(rows[i].text), &c), rows[i].at);
        assert_int_equal(c, rows[i].c);
    }
    assert_int_equal(text_find_hidden(plain, strlen(plain), &c), strlen(plain));
    assert_int_equal(text_find_hidden("", 0, &c), 0);
}

static void marks_cannot_pile_up_over_other_lines(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW(ACUTE "a", "a"),
        ROW("a" ACUTE ACUTE ACUTE ACUTE "b", "a" ACUTE ACUTE "b"),
        ROW("a" ACUTE "\xe2\x80\x8b" ACUTE ACUTE "b", "a" ACUTE ACUTE "b"),
        ROW("a\x1b[1m" ACUTE ACUTE ACUTE, "a" ACUTE ACUTE),
        FORMS("a\n" ACUTE "b", "a " ACUTE "b", "a\nb"),
        ROW("\x1b[1m" ACUTE "b", "b"),
    };
    assert_rows(rows, ARRAY_LEN(rows));
}

static void a_long_text_ends_in_an_ellipsis_at_the_column(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        size_t max;
        enum text_form form;
        const char *want;
    } rows[] = {
        {"abcdef", 6, TEXT_LINE, "abcdef"},
        {"abcdefg", 6, TEXT_LINE, "abcde" DOTS},
        {"abcdef\x1b[0m\xe2\x80\x8b", 6, TEXT_LINE, "abcdef"}, /* nothing visible follows */
        {"a", 1, TEXT_LINE, "a"},
        {"ab", 1, TEXT_LINE, DOTS},
        {WIDE, 1, TEXT_LINE, DOTS},
        {WIDE, 2, TEXT_LINE, WIDE},
        {WIDE WIDE, 3, TEXT_LINE, WIDE DOTS},
        {WIDE WIDE, 4, TEXT_LINE, WIDE WIDE},
        {WIDE WIDE "x", 4, TEXT_LINE, WIDE DOTS},
        {"a" WIDE, 2, TEXT_LINE, "a" DOTS},
        {"abc" ACUTE, 3, TEXT_LINE, "abc" ACUTE},
        {"abc" ACUTE "d", 3, TEXT_LINE, "ab" DOTS},
        {"ab" ACUTE "cd", 3, TEXT_LINE, "ab" ACUTE DOTS},
        {"abcd" ACUTE, 3, TEXT_LINE, "ab" DOTS},
        {"abcdef\nx\nabcdefg\n", 6, TEXT_BLOCK, "abcdef\nx\nabcde" DOTS "\n"},
        {"abcdef\tx\ny", 6, TEXT_BLOCK, "abcde" DOTS "\ny"},
        {"ab\tc", 6, TEXT_BLOCK, "ab   " DOTS},
        {"ab\tc", 9, TEXT_BLOCK, "ab      c"},
        {"ab\ncd", 4, TEXT_LINE, "ab " DOTS},
        {"", 3, TEXT_LINE, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_clean(rows[i].raw, strlen(rows[i].raw), rows[i].form, rows[i].max, rows[i].want);
        assert_true(text_columns(rows[i].want) <= rows[i].max);
    }
}

static void a_field_of_fixed_size_holds_whole_characters(void **state)
{
    (void)state;
    char dst[16];
    assert_string_equal(sanitize_line(dst, 16, untrusted("fifteen letters")), "fifteen letters");
    assert_string_equal(sanitize_line(dst, 16, untrusted("sixteen letters.")), "sixteen lett" DOTS);
    assert_string_equal(sanitize_line(dst, 16, untrusted("12345678901" WIDE WIDE)),
                        "12345678901" DOTS);
    assert_string_equal(sanitize_line(dst, 16, untrusted("12345678901e" ACUTE "xyz")),
                        "12345678901" DOTS);
    assert_string_equal(sanitize_line(dst, 4, untrusted("abcd")), DOTS);
    assert_string_equal(sanitize_line(dst, 3, untrusted("abcd")), "ab");
    assert_string_equal(sanitize_line(dst, 3, untrusted(WIDE)), "");
    assert_string_equal(sanitize_line(dst, 1, untrusted("abcd")), "");
    assert_string_equal(sanitize_line(dst, 16, untrusted(NULL)), "");
    memcpy(dst, "\x1b[1mab\ncd", 10);
    assert_string_equal(sanitize_line(dst, sizeof(dst), untrusted(dst)), "ab cd");
}

static void a_huge_text_is_cut_within_its_limits(void **state)
{
    (void)state;
    size_t len = 3 << 20;
    char *huge = mem_alloc(len + 1), dst[64];
    for (size_t i = 0; i < len; i += 3)
        memcpy(huge + i, WIDE, 3);
    assert_string_equal(sanitize_line(dst, 10, untrusted(huge)), WIDE WIDE DOTS);
    struct buf out = {.max = 1000};
    sanitize(&out, untrusted(huge), TEXT_BLOCK, 0);
    assert_true(out.overflow && out.len < 1000 && text_is_utf8(out.data, out.len));
    buf_release(&out);
    mem_free(huge);
}

/* Columns are what the terminal's own idea of a character's width says, wherever it has one:
 * ncurses lays cells out by wcwidth(). */
static void columns_counted_are_columns_drawn(void **state)
{
    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    int differ = 0, shown = 0;
    for (uint32_t c = 0x20; c < 0x110000; c++) {
        int mine = width_of(c), libc = wcwidth((wchar_t)c);
        if (mine < 0 || libc < 0) /* not shown by us, or newer than the C library */
            continue;
        shown++;
        if (mine != libc && differ++ < 20)
            print_message("U+%04X: %d here, %d in the C library\n", c, mine, libc);
    }
    setlocale(LC_CTYPE, "C");
    assert_true(shown > 140000);
    /* None with Debian 12's C library. Another one's tables may be of another year; a whole class
     * of characters counted wrongly is more than this. */
    assert_true(differ <= shown / 1000);
}

static void cells_are_counted_with_their_marks(void **state)
{
    (void)state;
    size_t columns;
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_columns("abc"), 3);
    assert_int_equal(text_columns(WIDE "e" ACUTE), 3);
    assert_int_equal(text_columns("ab\nabcd\nabc"), 4);
    assert_int_equal(text_columns("\n\n"), 0);
    assert_int_equal(text_columns("\xff\xc3"), 2); /* not clean, but no crash */
    assert_int_equal(text_cluster("", &columns), 0);
    assert_int_equal(text_cluster("e" ACUTE ACUTE "x", &columns), 5);
    assert_int_equal(columns, 1);
    assert_int_equal(text_cluster(WIDE "x", &columns), 3);
    assert_int_equal(columns, 2);
    assert_int_equal(text_cluster("\nx", &columns), 1);
    assert_int_equal(columns, 0);
    assert_int_equal(text_cluster("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab.", &columns), 9);
    assert_int_equal(columns, 2);
}

static void a_terminal_without_utf8_still_shows_readable_text(void **state)
{
    (void)state;
    static const struct {
        const char *clean, *ascii;
    } rows[] = {
        {"plain\nlines", "plain\nlines"},
        {"Z\xc3\xbcrich caf"
         "e" ACUTE,
         "Zurich cafe"},
        {"\xe2\x80\x9cyes\xe2\x80\x9d \xe2\x80\x93 no" DOTS, "\"yes\" - no."},
        {"\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90\xe2\x94\x82\xe2\x96\x88\xe2\xa0\x80", "+-+|# "},
        {"\xef\xbc\xa1\xef\xbc\xa2", "A B "}, /* fullwidth A B keep their two cells */
        {WIDE "x", "??x"},
        {FFFD, "?"},
        {"\xef\xac\x81", "?"}, /* the ligature fi: two letters do not fit one cell */
        {"\xc5\x81\xc3\xb3"
         "d\xc5\xba",
         "Lodz"},
        {"\xe2\x82\xac"
         "5 \xe2\x89\xa4 6",
         "E5 < 6"},
        {"\xff", "?"}, /* not clean */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {0};
        text_ascii(&out, rows[i].clean);
        assert_string_equal(buf_text(&out), rows[i].ascii);
        assert_int_equal(text_columns(rows[i].ascii), text_columns(rows[i].clean));
        buf_release(&out);
    }
    for (uint32_t c = 0x20; c < 0x110000; c++) { /* whatever it is, it keeps its columns */
        char text[8] = {0};
        struct buf out = {0};
        if (width_of(c) < 0)
            continue;
        utf8_put(text, c);
        text_ascii(&out, text);
        assert_int_equal(out.len, text_columns(text));
        for (size_t i = 0; i < out.len; i++)
            assert_in_range(out.data[i], 0x20, 0x7e);
        buf_release(&out);
    }
}

static void only_whole_finite_numbers_are_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0},
        {"-1.5", -1.5},
        {".5", 0.5},
        {"1e3", 1000},
        {"1E-2", .01},
        {"1e+2", 100},
        {"0.1", 0.1},
        {"007", 7},
        {"1e-400", 0},
        {"-0", 0},
        {"1.7976931348623157e308", 1.7976931348623157e308},
    };
    static const char *const bad[] = {
        "",   "-", "+1",  " 1",  "1 ",    "1x",     "0x10", "nan",  "inf",      "1e",    "1e+",
        "1.", ".", "1,5", "1_0", "1e400", "-1e400", "--1",  "1.e3", "infinity", "1e3.5", "\xd9\xa1",
    };
    double d = 42;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(text_to_double(good[i].text, &d));
        assert_true(d == good[i].value);
    }
    d = 42;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_to_double(bad[i], &d));
    assert_true(d == 42);
}

static void whole_numbers_are_read_to_their_last_digit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"0042", 42},
        {"-7", -7},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x1",
        "9223372036854775808",
        "--1",
        "-9223372036854775809",
        "99999999999999999999",
        "1-",
    };
    int64_t n = 42;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(text_to_int64(good[i].text, &n));
        assert_int_equal(n, good[i].value);
    }
    n = 42;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_to_int64(bad[i], &n));
    assert_int_equal(n, 42);
}

static void only_symbols_are_symbols(void **state)
{
    (void)state;
    static const char *const good[] = {"A",     "AAPL", "BRK.B",       "BRK-B",
                                       "^GSPC", "X1",   "ABCDEFGHIJKL"};
    static const char *const bad[] = {
        "", "aapl", "1A", ".A", "-A", "A B", "A\n", "ABCDEFGHIJKLM", "A/B", "A;--", "\xc3\x84",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(text_is_symbol(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_is_symbol(bad[i]));
}

static void a_typing_mistake_is_near_the_word_meant(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"halt", "halt", 0},
        {"hatl", "halt", 1},
        {"evalaute", "evaluate", 1},
        {"kitten", "sitting", 3},
        {"ca", "abc", 3},
        {"stauts", "status", 1},
        {"a", "b", 1},
        {"abcd", "badc", 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(text_distance(rows[i].a, rows[i].b), rows[i].distance);
        assert_int_equal(text_distance(rows[i].b, rows[i].a), rows[i].distance);
    }
    char word[81] = {0};
    memset(word, 'a', 80);
    assert_int_equal(text_distance(word, word), 0);
    assert_int_equal(text_distance(word, "a"), 80);
    word[64] = '\0';
    assert_int_equal(text_distance(word, "a"), 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_text_is_left_alone),
        cmocka_unit_test(no_escape_sequence_reaches_the_terminal),
        cmocka_unit_test(control_characters_show_instead_of_acting),
        cmocka_unit_test(broken_utf8_never_passes),
        cmocka_unit_test(invisible_characters_cannot_reorder_or_hide_text),
        cmocka_unit_test(a_text_to_be_read_by_a_person_hides_nothing),
        cmocka_unit_test(marks_cannot_pile_up_over_other_lines),
        cmocka_unit_test(a_long_text_ends_in_an_ellipsis_at_the_column),
        cmocka_unit_test(a_field_of_fixed_size_holds_whole_characters),
        cmocka_unit_test(a_huge_text_is_cut_within_its_limits),
        cmocka_unit_test(columns_counted_are_columns_drawn),
        cmocka_unit_test(cells_are_counted_with_their_marks),
        cmocka_unit_test(a_terminal_without_utf8_still_shows_readable_text),
        cmocka_unit_test(only_whole_finite_numbers_are_numbers),
        cmocka_unit_test(whole_numbers_are_read_to_their_last_digit),
        cmocka_unit_test(only_symbols_are_symbols),
        cmocka_unit_test(a_typing_mistake_is_near_the_word_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
