/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/command.h"
#include "quorum/text.h"

static const struct column columns[] = {
    {"symbol", "SYMBOL", COLUMN_TEXT},    {"shares", "SHARES", COLUMN_NUMBER},
    {"cost_usd", "COST $", COLUMN_MONEY}, {"degraded", "DEGRADED", COLUMN_FLAG},
    {"note", "NOTE", COLUMN_TEXT},
};

/* Rows of five cells as one text, in so many columns (0: any). */
static struct buf shown_in(size_t width, enum output_format format, size_t n,
                           const char *const rows[][5])
{
    struct output o = {.format = format, .width = width};
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++)
        table_row(&t, rows[i]);
    table_end(&t, &o, "nothing yet");
    return o.text;
}

static struct buf shown(enum output_format format, size_t n, const char *const rows[][5])
{
    return shown_in(0, format, n, rows);
}

static void expect(enum output_format format, size_t n, const char *const rows[][5],
                   const char *text)
{
    struct buf b = shown(format, n, rows);
    assert_string_equal(buf_text(&b), text);
    buf_release(&b);
}

static void numbers_stand_right_and_words_left(void **state)
{
    static const char *const rows[][5] = {
        {"AAPL", "28", "0.0123", "t", "fine"},
        {"BRK.B", NULL, "12.5", "false", NULL},
        {"X", "1000000", NULL, NULL, ""},
    };
    (void)state;
    expect(OUTPUT_TEXT, 3, rows,
           "SYMBOL   SHARES  COST $  DEGRADED  NOTE\n"
           "AAPL         28  0.0123  yes       fine\n"
           "BRK.B         -    12.5  no        -\n"
           "X       1000000       -  -\n");
}

static void a_long_text_is_wrapped_inside_its_column(void **state)
{
    static const char *const rows[][5] = {
        {"AAPL", "28", "0.0123", "t", "two words more than fit"},
        {"X", "1", "0.5", "f", "fine"},
    };
    static const struct {
        size_t width;
        const char *text;
    } forms[] = {{44, "SYMBOL  SHARES  COST $  DEGRADED  NOTE\n"
                      "AAPL        28  0.0123  yes       two words\n"
                      "                                  more than\n"
                      "                                  fit\n"
                      "X            1     0.5  no        fine\n"},
                 {38, "SYMBOL SHARES COST $ DEGRADED NOTE\n"
                      "AAPL       28 0.0123 yes      two\n"
                      "                              words\n"
                      "                              more\n"
                      "                              than fit\n"
                      "X           1    0.5 no       fine\n"},
                 {20, "SYMBOL  SHARES  COST $  DEGRADED  NOTE\n"
                      "AAPL        28  0.0123  yes       two words more than fit\n"
                      "X            1     0.5  no        fine\n"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct buf b = shown_in(forms[i].width, OUTPUT_TEXT, 2, rows);
        assert_string_equal(buf_text(&b), forms[i].text);
        buf_release(&b);
    }
}

static void wide_characters_keep_the_columns_straight(void **state)
{
    static const char *const rows[][5] = {
        {"\xe6\x97\xa5\xe6\x9c\xac", "1", "1", "t", "|"}, /* two characters, four columns */
        {"e\xcc\x81t\xc3\xa9", "1", "1", "t", "|"},       /* a combining accent takes none */
        {"\xf0\x9f\x92\xb0", "1", "1", "t", "|"},
        {"plain", "1", "1", "t", "|"},
    };
    (void)state;
    struct buf b = shown(OUTPUT_TEXT, 4, rows);
    int lines = 0;
    for (char *line = b.data, *next; *line; line = next, lines++) {
        next = strchr(line, '\n');
        *next++ = '\0';
        char *bar = strrchr(line, lines ? '|' : 'N');
        assert_non_null(bar);
        *bar = '\0';
        assert_int_equal(text_columns(line), 34);
    }
    assert_int_equal(lines, 5);
    buf_release(&b);
}

static void people_read_a_time_in_their_zone_and_programs_in_utc(void **state)
{
    static const struct column one[] = {{"at", "AT", COLUMN_TIME}};
    static const struct {
        enum output_format format;
        const char *text;
    } cases[] = {
        {OUTPUT_TEXT, "AT\n2025-07-24 08:00:00\nsoon\n-\n"},
        {OUTPUT_JSON, "[{\"at\":\"2025-07-24T12:00:00.000000Z\"},{\"at\":\"soon\"},"
                      "{\"at\":null}]\n"},
        {OUTPUT_CSV, "at\r\n2025-07-24T12:00:00.000000Z\r\nsoon\r\n\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct output o = {.format = cases[i].format};
        struct table t;
        table_begin(&t, one, 1);
        table_row(&t, (const char *const[]){"2025-07-24 12:00:00+00"});
        table_row(&t, (const char *const[]){"soon"});
        table_row(&t, (const char *const[]){NULL});
        table_end(&t, &o, "");
        assert_string_equal(buf_text(&o.text), cases[i].text);
        buf_release(&o.text);
    }
}

static void no_rows_say_what_to_do_and_are_an_empty_list_for_programs(void **state)
{
    (void)state;
    expect(OUTPUT_TEXT, 0, NULL, "nothing yet\n");
    expect(OUTPUT_JSON, 0, NULL, "[]\n");
    expect(OUTPUT_CSV, 0, NULL, "symbol,shares,cost_usd,degraded,note\r\n");
}

static void json_has_the_types_of_the_columns(void **state)
{
    static const char *const rows[][5] = {
        {"12", "28", "0.000000001", "t", "\"quoted\" \\ \xe2\x82\xac"},
        {NULL, NULL, NULL, NULL, NULL},
        {"", "-1.50", "12345678901234.123456", "false", "x"},
    };
    (void)state;
    expect(OUTPUT_JSON, 3, rows,
           "[{\"symbol\":\"12\",\"shares\":28,\"cost_usd\":\"0.000000001\",\"degraded\":true,"
           "\"note\":\"\\\"quoted\\\" \\\\ \xe2\x82\xac\"},"
           "{\"symbol\":null,\"shares\":null,\"cost_usd\":null,\"degraded\":null,\"note\":null},"
           "{\"symbol\":\"\",\"shares\":-1.50,\"cost_usd\":\"12345678901234.123456\","
           "\"degraded\":false,\"note\":\"x\"}]\n");
}

static void whatever_a_number_column_holds_the_json_is_valid(void **state)
{
    static const char *const cells[] = {"007",
                                        "-007",
                                        ".5",
                                        "-.5",
                                        "0",
                                        "-0",
                                        "0.5",
                                        "1e5",
                                        "NaN",
                                        "Infinity",
                                        "",
                                        "0x1",
                                        "1.",
                                        "+1",
                                        "1 2",
                                        "00",
                                        "9223372036854775807",
                                        "1e999",
                                        "-",
                                        "0e1",
                                        "1E+5"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
        const char *const rows[][5] = {{"A", cells[i], cells[i], "t", "x"}};
        struct buf b = shown(OUTPUT_JSON, 1, rows);
        struct json_tokener *t = json_tokener_new();
        json_tokener_set_flags(t, JSON_TOKENER_VALIDATE_UTF8);
        struct json_object *o = json_tokener_parse_ex(t, b.data, (int)b.len);
        double number;
        struct json_object *v;
        if (json_tokener_get_error(t) != json_tokener_success)
            fail_msg("%s: %s", cells[i], b.data);
        /* json-c lets 007 pass; the grammar does not. */
        const char *digits = strstr(b.data, "\"shares\":") + 9;
        digits += *digits == '-';
        if (*digits == '0')
            assert_false(digits[1] >= '0' && digits[1] <= '9');
        assert_true(*digits != '.');
        assert_true(json_object_object_get_ex(json_object_array_get_idx(o, 0), "shares", &v));
        if (text_to_double(cells[i], &number))
            assert_true(json_object_get_double(v) == number);
        else
            assert_string_equal(json_object_get_string(v), cells[i]);
        json_object_put(o);
        json_tokener_free(t);
        buf_release(&b);
    }
}

static void csv_is_quoted_and_runs_no_formula(void **state)
{
    static const char *const rows[][5] = {
        {"AAPL", "28", "-0.5", "t", "a,b"},
        {"=1+1", "-3", "0.1", "f", "say \"so\""},
        {"+cmd|' /C calc'!A0", NULL, NULL, NULL, "@SUM(1)"},
        {"-2+3", "=1+1", "@x", "t", "two\nlines"},
        {"", "1", "+1", "t", "\t=1"},
    };
    (void)state;
    expect(OUTPUT_CSV, 5, rows,
           "symbol,shares,cost_usd,degraded,note\r\n"
           "AAPL,28,-0.5,true,\"a,b\"\r\n"
           "\"'=1+1\",-3,0.1,false,\"say \"\"so\"\"\"\r\n"
           "\"'+cmd|' /C calc'!A0\",,,,\"'@SUM(1)\"\r\n"
           "\"'-2+3\",\"'=1+1\",\"'@x\",true,two lines\r\n"
           ",1,\"'+1\",true, =1\r\n");
}

static void hostile_cells_cannot_break_out_of_their_row(void **state)
{
    static const char *const rows[][5] = {
        {"A\033[2J\nB", "1", "1", "t", "\xe2\x80\xaeolleh\xff\xc2\x9bm"},
    };
    static const enum output_format formats[] = {OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_CSV};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct buf b = shown(formats[i], 1, rows);
        int lines = 0;
        for (const char *p = b.data; *p; p++) {
            lines += *p == '\n';
            assert_true((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\r');
        }
        assert_int_equal(lines, formats[i] == OUTPUT_JSON ? 1 : 2);
        assert_null(strstr(b.data, "\xe2\x80\xae"));
        assert_null(strstr(b.data, "\xc2\x9b"));
        assert_true(text_is_utf8(b.data, b.len));
        buf_release(&b);
    }
}

static void rows_of_the_database_fill_the_columns_there_are(void **state)
{
    char *cell[] = {(char *)"AAPL", (char *)"1", NULL, (char *)"MSFT", (char *)"2", (char *)"0.5"};
    struct rows rows = {.nrows = 2, .ncols = 3, .cell = cell};
    struct output o = {.format = OUTPUT_CSV};
    struct table t;
    (void)state;
    table_begin(&t, columns, ARRAY_LEN(columns));
    table_rows(&t, &rows);
    table_end(&t, &o, "");
    assert_string_equal(buf_text(&o.text), "symbol,shares,cost_usd,degraded,note\r\n"
                                           "AAPL,1,,,\r\n"
                                           "MSFT,2,0.5,,\r\n");
    buf_release(&o.text);
    o = (struct output){.format = OUTPUT_TEXT};
    table_begin(&t, columns, 2); /* fewer than the rows have */
    table_rows(&t, &rows);
    table_end(&t, &o, "");
    assert_string_equal(buf_text(&o.text), "SYMBOL  SHARES\nAAPL         1\nMSFT         2\n");
    buf_release(&o.text);
}

static void a_table_of_thousands_of_rows_is_whole(void **state)
{
    struct output o = {.format = OUTPUT_JSON};
    struct table t;
    (void)state;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (int i = 0; i < 5000; i++)
        table_row(&t, (const char *const[]){"AAPL", "1", "2", "t", "note"});
    table_end(&t, &o, "");
    struct json_object *root = json_tokener_parse(o.text.data);
    assert_int_equal(json_object_array_length(root), 5000);
    json_object_put(root);
    buf_release(&o.text);
}

static void lines_are_for_people_only_and_cut_between_characters(void **state)
{
    struct output o = {.format = OUTPUT_JSON};
    char longer[5000];
    (void)state;
    out_line(&o, "not for %s", "programs");
    assert_string_equal(buf_text(&o.text), "");
    o.format = OUTPUT_TEXT;
    out_line(&o, "%s", "");
    out_line(&o, "%d%%", 5);
    assert_string_equal(buf_text(&o.text), "\n5%\n");
    for (size_t shift = 0; shift < 3; shift++) {
        buf_clear(&o.text);
        memset(longer, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof longer; i += 3)
            memcpy(longer + i, "\xe2\x82\xac", 4);
        out_line(&o, "%s", longer);
        assert_true(text_is_utf8(o.text.data, o.text.len));
        assert_int_equal(o.text.data[o.text.len - 1], '\n');
        assert_in_range(o.text.len, 2000, 2048);
    }
    buf_release(&o.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stand_right_and_words_left),
        cmocka_unit_test(a_long_text_is_wrapped_inside_its_column),
        cmocka_unit_test(wide_characters_keep_the_columns_straight),
        cmocka_unit_test(people_read_a_time_in_their_zone_and_programs_in_utc),
        cmocka_unit_test(no_rows_say_what_to_do_and_are_an_empty_list_for_programs),
        cmocka_unit_test(json_has_the_types_of_the_columns),
        cmocka_unit_test(whatever_a_number_column_holds_the_json_is_valid),
        cmocka_unit_test(csv_is_quoted_and_runs_no_formula),
        cmocka_unit_test(hostile_cells_cannot_break_out_of_their_row),
        cmocka_unit_test(rows_of_the_database_fill_the_columns_there_are),
        cmocka_unit_test(a_table_of_thousands_of_rows_is_whole),
        cmocka_unit_test(lines_are_for_people_only_and_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
