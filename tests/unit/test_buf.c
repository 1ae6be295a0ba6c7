/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <float.h>
#include <json-c/json.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/text.h"

static void text_added_in_pieces_is_whole(void **state)
{
    struct buf b = {0};
    (void)state;
    assert_string_equal(buf_text(&b), "");
    buf_add(&b, "", 0);
    assert_string_equal(buf_text(&b), "");
    for (int i = 0; i < 2000; i++)
        buf_printf(&b, "%d,", i);
    buf_char(&b, 'x');
    buf_str(&b, "end");
    assert_int_equal(b.len, strlen(b.data));
    assert_memory_equal(b.data, "0,1,2,3,", 8);
    assert_string_equal(b.data + b.len - 9, "1999,xend");
    char *kept = b.data;
    buf_clear(&b);
    assert_string_equal(buf_text(&b), "");
    buf_str(&b, "again");
    assert_ptr_equal(b.data, kept);
    assert_string_equal(b.data, "again");
    buf_release(&b);
    buf_release(&b);
    assert_string_equal(buf_text(&b), "");
}

static void zero_bytes_are_kept(void **state)
{
    struct buf b = {0};
    (void)state;
    buf_add(&b, "a\0b", 3);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.data, "a\0b", 4);
    buf_release(&b);
}

static void a_buffer_never_passes_its_maximum_and_says_so(void **state)
{
    (void)state;
    for (size_t max = 1; max < 200; max += 7) {
        struct buf b = {.max = max};
        for (int i = 0; i < 100; i++) {
            if (i % 3 == 0)
                buf_str(&b, "abcde");
            else if (i % 3 == 1)
                buf_printf(&b, "%d", i);
            else
                buf_char(&b, 'x');
            assert_true(b.len < max);
            assert_int_equal(strlen(buf_text(&b)), b.len);
        }
        assert_true(b.overflow);
        size_t before = b.len;
        buf_char(&b, 'y'); /* what would fit is dropped too: no hole in the middle */
        assert_int_equal(b.len, before);
        buf_clear(&b);
        assert_false(b.overflow);
        buf_release(&b);
        assert_int_equal(b.max, max);
    }
    struct buf b = {.max = 10};
    buf_add(&b, "x", SIZE_MAX); /* a length that would wrap */
    assert_true(b.overflow);
    assert_int_equal(b.len, 0);
    buf_release(&b);
}

static void a_copy_is_cut_between_characters(void **state)
{
    char dst[8];
    (void)state;
    assert_true(copy_text(dst, sizeof dst, "1234567"));
    assert_string_equal(dst, "1234567");
    assert_false(copy_text(dst, sizeof dst, "12345678"));
    assert_string_equal(dst, "1234567");
    assert_false(copy_text(dst, sizeof dst, "123456\xc3\xa9"));
    assert_string_equal(dst, "123456");
    assert_false(copy_text(dst, sizeof dst, "12345\xf0\x9f\x92\xb0"));
    assert_string_equal(dst, "12345");
    assert_true(copy_text(dst, sizeof dst, "12345\xc3\xa9"));
    assert_string_equal(dst, "12345\xc3\xa9");
    assert_false(copy_text(dst, 1, "\xc3\xa9"));
    assert_string_equal(dst, "");
    assert_true(copy_text(dst, 1, ""));
    assert_true(copy_bytes(dst, sizeof dst, "abcdef", 3));
    assert_string_equal(dst, "abc");
    copy_text(dst, sizeof dst, "overlap");
    assert_true(copy_text(dst, sizeof dst, dst + 4));
    assert_string_equal(dst, "lap");
}

/* What was written, read by the library everything else reads JSON with. */
static struct json_object *parsed(const struct buf *b)
{
    struct json_tokener *t = json_tokener_new();
    json_tokener_set_flags(t, JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *o = json_tokener_parse_ex(t, b->data, (int)b->len + 1);
    if (json_tokener_get_error(t) != json_tokener_success)
        fail_msg("%s: %s", json_tokener_error_desc(json_tokener_get_error(t)), b->data);
    json_tokener_free(t);
    return o;
}

static void check_number(double x)
{
    struct buf b = {0};
    struct json j;
    json_begin(&j, &b);
    json_open(&j, NULL, '[');
    json_num(&j, NULL, x);
    json_close(&j, ']');
    struct json_object *o = parsed(&b);
    double back = json_object_get_double(json_object_array_get_idx(o, 0));
    if (back != x)
        fail_msg("%.17g came back as %.17g from %s", x, back, b.data);
    if (strtod(b.data + 1, NULL) != x)
        fail_msg("%.17g is written as %s", x, b.data);
    json_object_put(o);
    buf_release(&b);
}

static void every_number_is_read_back_as_it_was(void **state)
{
    static const double special[] = {0,
                                     -0.0,
                                     1,
                                     -1,
                                     0.1,
                                     1.0 / 3,
                                     1e15,
                                     1e16,
                                     1e17,
                                     1e21,
                                     1e22,
                                     1.2345678901234568e17,
                                     DBL_MAX,
                                     DBL_MIN,
                                     4.94e-324,
                                     DBL_EPSILON,
                                     100000,
                                     1000000,
                                     175.5,
                                     3.25,
                                     0.30000000000000004,
                                     9007199254740993.0};
    uint64_t random = 88172645463325252u;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(special); i++) {
        check_number(special[i]);
        check_number(-special[i]);
    }
    for (int i = 0; i < 20000; i++) {
        double x;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        memcpy(&x, &random, sizeof x);
        if (isfinite(x))
            check_number(x);
        check_number((double)(int64_t)(random % 2000000000) / 10000);
    }
}

static void a_number_is_no_longer_than_it_must_be(void **state)
{
    static const struct {
        double x;
        const char *text;
    } rows[] = {{0.1, "0.1"},     {175.5, "175.5"},  {42, "42"},
                {-3.25, "-3.25"}, {1e100, "1e+100"}, {0.1 + 0.2, "0.30000000000000004"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b = {0};
        struct json j;
        json_begin(&j, &b);
        json_num(&j, NULL, rows[i].x);
        assert_string_equal(b.data, rows[i].text);
        buf_release(&b);
    }
}

/* Stored text is compared byte by byte: of all that read back the same, the shortest is written. */
static void the_shortest_of_all_spellings_is_written(void **state)
{
    uint64_t random = 88172645463325252;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        double x = 0;
        char expected[40];
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if (i % 4 == 0)
            memcpy(&x, &random, sizeof x);
        else if (i % 4 == 1)
            x = (double)(int64_t)(random >> 20) / 1e4;
        else
            x = (double)(random % 100000) *
                pow(10, (double)(random >> 32 & 31) - (i % 4 == 2 ? 20 : 340));
        if (!isfinite(x))
            continue;
        for (int digits = 6; digits <= 17; digits++) {
            snprintf(expected, sizeof expected, "%.*g", digits, x);
            if (strtod(expected, NULL) == x)
                break;
        }
        struct buf b = {0};
        struct json j;
        json_begin(&j, &b);
        json_num(&j, NULL, x);
        assert_string_equal(b.data, expected);
        buf_release(&b);
    }
}

static void what_is_no_number_is_null(void **state)
{
    struct buf b = {0};
    struct json j;
    (void)state;
    json_begin(&j, &b);
    json_open(&j, NULL, '{');
    json_num(&j, "nan", (double)NAN);
    json_num(&j, "inf", (double)INFINITY);
    json_num(&j, "minf", -(double)INFINITY);
    json_str(&j, "none", NULL);
    json_close(&j, '}');
    assert_string_equal(b.data, "{\"nan\":null,\"inf\":null,\"minf\":null,\"none\":null}");
    buf_release(&b);
}

static void any_text_can_be_read_back(void **state)
{
    static const char *const texts[] = {
        "",
        "plain",
        "\"quoted\" and \\ back",
        "line\nbreak\ttab\rreturn\bback\fform",
        "\001\002\037\177",
        "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x92\xb0",
        "</script>",
        "\xc2\x9b",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf b = {0};
        struct json j;
        json_begin(&j, &b);
        json_open(&j, NULL, '{');
        json_str(&j, texts[i], texts[i]);
        json_close(&j, '}');
        for (size_t k = 0; k < b.len; k++)
            assert_true((unsigned char)b.data[k] >= 0x20 && b.data[k] != 0x7f);
        struct json_object *o = parsed(&b), *v;
        assert_true(json_object_object_get_ex(o, texts[i], &v));
        assert_string_equal(json_object_get_string(v), texts[i]);
        json_object_put(o);
        buf_release(&b);
    }
}

static void broken_text_still_makes_json(void **state)
{
    static const char *const texts[] = {
        "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf8\x88\x80\x80\x80", "dir\x80/\xe9t\xe9"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf b = {0};
        struct json j;
        json_begin(&j, &b);
        json_open(&j, NULL, '[');
        json_str(&j, NULL, texts[i]);
        json_close(&j, ']');
        assert_true(text_is_utf8(b.data, b.len));
        json_object_put(parsed(&b));
        assert_non_null(strstr(b.data, "\\ufffd"));
        buf_release(&b);
    }
}

static void nesting_and_commas_are_right(void **state)
{
    struct buf b = {0};
    struct json j;
    (void)state;
    json_begin(&j, &b);
    json_open(&j, NULL, '{');
    json_open(&j, "empty", '[');
    json_close(&j, ']');
    json_open(&j, "o", '{');
    json_close(&j, '}');
    json_open(&j, "list", '[');
    json_int(&j, NULL, INT64_MIN);
    json_int(&j, NULL, INT64_MAX);
    json_open(&j, NULL, '[');
    json_flag(&j, NULL, true);
    json_close(&j, ']');
    json_open(&j, NULL, '{');
    json_flag(&j, "no", false);
    json_close(&j, '}');
    json_close(&j, ']');
    json_raw(&j, "raw", "[1]");
    json_null(&j, "n");
    json_close(&j, '}');
    assert_string_equal(b.data, "{\"empty\":[],\"o\":{},\"list\":[-9223372036854775808,"
                                "9223372036854775807,[true],{\"no\":false}],\"raw\":[1],"
                                "\"n\":null}");
    json_object_put(parsed(&b));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_added_in_pieces_is_whole),
        cmocka_unit_test(zero_bytes_are_kept),
        cmocka_unit_test(a_buffer_never_passes_its_maximum_and_says_so),
        cmocka_unit_test(a_copy_is_cut_between_characters),
        cmocka_unit_test(every_number_is_read_back_as_it_was),
        cmocka_unit_test(a_number_is_no_longer_than_it_must_be),
        cmocka_unit_test(the_shortest_of_all_spellings_is_written),
        cmocka_unit_test(what_is_no_number_is_null),
        cmocka_unit_test(any_text_can_be_read_back),
        cmocka_unit_test(broken_text_still_makes_json),
        cmocka_unit_test(nesting_and_commas_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
