/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <cmocka.h>

#include "core/net/sse.h"
#include "quorum/mem.h"

/* Events as text: "name|data;" */
static void note(void *arg, const char *name, const char *data, size_t len)
{
    struct buf *out = arg;
    assert_int_equal(strlen(data), len);
    buf_printf(out, "%s|%s;", name, data);
}

static void expect(const char *bytes, size_t len, const char *wanted)
{
    /* Whole, and in pieces of every size. */
    for (size_t step = 1; step <= len + 1; step++) {
        struct buf out = {0};
        struct sse s;
        sse_init(&s, 1000, note, &out);
        for (size_t i = 0; i < len; i += step)
            sse_feed(&s, bytes + i, len - i < step ? len - i : step);
        assert_string_equal(buf_text(&out), wanted);
        assert_false(s.overflow);
        sse_release(&s);
        buf_release(&out);
    }
}

#define EXPECT(bytes, wanted) expect(bytes, sizeof(bytes) - 1, wanted)

static void events_survive_any_split_and_any_line_end(void **state)
{
    (void)state;
    EXPECT("event: a\ndata: 1\n\ndata: 2\n\n", "a|1;|2;");
    EXPECT("event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", "a|1;|2;");
    EXPECT("event: a\rdata: 1\r\rdata: 2\r\r", "a|1;|2;");
    EXPECT("data: \xe2\x82\xac\xf0\x9f\x98\x80\n\n", "|\xe2\x82\xac\xf0\x9f\x98\x80;");
}

static void data_lines_join_and_one_space_is_dropped(void **state)
{
    (void)state;
    EXPECT("data: a\ndata:b\ndata:  c\ndata\n\n", "|a\nb\n c\n;");
    EXPECT("data:\n\n", "|;");
    EXPECT("data: x: y\n\n", "|x: y;");
}

static void what_is_no_event_is_ignored(void **state)
{
    (void)state;
    EXPECT(": comment\n\nevent: lonely\n\ndata: 1\n\n", "|1;");
    EXPECT("id: 7\nretry: 10\nnovelty: 1\nDATA: 2\ndatax: 3\n\n\n\n", "");
    EXPECT("data: without an end\n", "");
    EXPECT("data: cut", "");
    EXPECT("", "");
}

static void a_byte_order_mark_hides_nothing(void **state)
{
    (void)state;
    EXPECT("\xEF\xBB\xBF"
           "data: 1\n\n",
           "|1;");
    EXPECT("\xEF\xBB"
           "data: 1\n\ndata: 2\n\n",
           "|2;"); /* half a mark is part of a field's name */
    EXPECT("data: 1\n\n\xEF\xBB\xBF"
           "data: 2\n\n",
           "|1;");
}

static void an_endless_line_or_event_costs_no_memory(void **state)
{
    (void)state;
    struct buf out = {0};
    struct sse s;
    char chunk[100];
    memset(chunk, 'x', sizeof chunk);
    for (int lines = 0; lines < 2; lines++) {
        sse_init(&s, 1000, note, &out);
        sse_feed(&s, "data: ", 6);
        for (int i = 0; i < 50; i++) {
            sse_feed(&s, chunk, sizeof chunk);
            if (lines)
                sse_feed(&s, "\ndata: ", 7);
        }
        assert_true(s.line.cap <= 2048 && s.data.cap <= 2048);
        sse_feed(&s, "\n\ndata: next\n\n", 14);
        assert_true(s.overflow);
        assert_string_equal(buf_text(&out), "|next;");
        sse_release(&s);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_survive_any_split_and_any_line_end),
        cmocka_unit_test(data_lines_join_and_one_space_is_dropped),
        cmocka_unit_test(what_is_no_event_is_ignored),
        cmocka_unit_test(a_byte_order_mark_hides_nothing),
        cmocka_unit_test(an_endless_line_or_event_costs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
