/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/err.h"
#include "quorum/mem.h"
#include "quorum/text.h"

static void an_error_says_what_and_how_to_mend_it(void **state)
{
    struct error e = {0};
    (void)state;
    assert_int_equal(err_set(&e, ERR_POLICY, "%s is %d", "it", 7), ERR_POLICY);
    assert_int_equal(e.kind, ERR_POLICY);
    assert_string_equal(e.text, "it is 7");
    assert_string_equal(e.code, "");
    assert_string_equal(e.fix, "");
    assert_int_equal(err_code(&e, "E20"), ERR_POLICY);
    assert_int_equal(err_fix(&e, "say %s", "so"), ERR_POLICY);
    assert_int_equal(err_wrap(&e, "evaluation #%d", 3), ERR_POLICY);
    assert_string_equal(e.text, "evaluation #3: it is 7");
    assert_string_equal(e.code, "E20");
    assert_string_equal(e.fix, "say so");
    /* The next error has nothing of the last. */
    assert_int_equal(err_set(&e, ERR_USAGE, "new"), ERR_USAGE);
    assert_string_equal(e.code, "");
    assert_string_equal(e.fix, "");
    err_clear(&e);
    assert_int_equal(e.kind, OK);
    assert_string_equal(e.text, "");
}

static void whoever_asks_for_no_detail_gets_the_kind(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_TRANSIENT, "x"), ERR_TRANSIENT);
    assert_int_equal(err_code(NULL, "E01"), ERR_FAILED);
    assert_int_equal(err_fix(NULL, "x"), ERR_FAILED);
    assert_int_equal(err_wrap(NULL, "x"), ERR_FAILED);
    err_clear(NULL);
}

static void a_message_cannot_carry_an_escape_sequence(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"a\033[2Jb", "a?[2Jb"},
        {"two\nlines\tand\rmore", "two lines and?more"},
        {"\x7f", "?"},
        {"\xc2\x9b"
         "31m",
         "?31m"}, /* U+009B is ESC [ in one character */
        {"\x9b"
         "31m",
         "?31m"},
        {"gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x92\xb0",
         "gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x92\xb0"},
        {"\xff\xfe", "??"},
        {"cut \xe2\x82", "cut ??"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error e = {0};
        err_set(&e, ERR_FAILED, "%s", rows[i].from);
        assert_string_equal(e.text, rows[i].to);
        err_fix(&e, "%s", rows[i].from);
        assert_string_equal(e.fix, rows[i].to);
        err_set(&e, ERR_FAILED, "text");
        err_wrap(&e, "%s", rows[i].from);
        assert_memory_equal(e.text, rows[i].to, strlen(rows[i].to));
        assert_true(text_is_utf8(e.text, strlen(e.text)));
    }
}

static void a_long_message_is_cut_between_characters(void **state)
{
    static const char *const unit[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x92\xb0"};
    (void)state;
    for (size_t u = 0; u < ARRAY_LEN(unit); u++) {
        for (size_t shift = 0; shift < 5; shift++) {
            struct buf b = {0};
            struct error e = {0};
            for (size_t i = 0; i < shift; i++)
                buf_char(&b, 'x');
            while (b.len < 2 * sizeof e.text)
                buf_str(&b, unit[u]);
            err_set(&e, ERR_FAILED, "%s", b.data);
            assert_true(strlen(e.text) >= sizeof e.text - 4);
            assert_true(text_is_utf8(e.text, strlen(e.text)));
            assert_null(strchr(e.text, '?'));
            err_fix(&e, "%s", b.data);
            assert_true(text_is_utf8(e.fix, strlen(e.fix)));
            assert_null(strchr(e.fix, '?'));
            err_wrap(&e, "%s", b.data);
            err_wrap(&e, "context");
            assert_true(text_is_utf8(e.text, strlen(e.text)));
            assert_null(strchr(e.text, '?'));
            assert_true(strlen(e.text) < sizeof e.text);
            buf_release(&b);
        }
    }
}

static void an_error_may_be_made_from_its_own_parts(void **state)
{
    struct error e = {0};
    (void)state;
    err_set(&e, ERR_FAILED, "no such file");
    err_fix(&e, "make it");
    err_set(&e, ERR_USAGE, "reading: %s", e.text);
    assert_string_equal(e.text, "reading: no such file");
    err_fix(&e, "first");
    err_fix(&e, "then %s", e.fix);
    assert_string_equal(e.fix, "then first");
    err_wrap(&e, "%s", e.text);
    assert_string_equal(e.text, "reading: no such file: reading: no such file");
}

static void a_code_never_runs_over_its_place(void **state)
{
    struct error e = {0};
    (void)state;
    err_set(&e, ERR_FAILED, "x");
    err_code(&e, "E12345");
    assert_string_equal(e.code, "E12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_what_and_how_to_mend_it),
        cmocka_unit_test(whoever_asks_for_no_detail_gets_the_kind),
        cmocka_unit_test(a_message_cannot_carry_an_escape_sequence),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(an_error_may_be_made_from_its_own_parts),
        cmocka_unit_test(a_code_never_runs_over_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
