/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "ui/input.h"

/* Events as words: "a", "C-c", "<paste text>", "[end]", "[press 1 3,4]". */
static void write_event(void *arg, const struct input_event *ev)
{
    static const char *const mouse[] = {"press", "release", "drag", "wheel-up", "wheel-down"};
    struct buf *out = arg;
    char name[KEY_NAME_MAX];
    if (out->len > 0 && ev->kind != EVENT_PASTE)
        buf_char(out, ' ');
    switch (ev->kind) {
    case EVENT_KEY:
        buf_str(out, key_name(&ev->key, name));
        break;
    case EVENT_PASTE:
        buf_char(out, '<');
        buf_add(out, ev->paste, ev->paste_len);
        buf_char(out, '>');
        break;
    case EVENT_PASTE_END:
        buf_str(out, "[end]");
        break;
    case EVENT_MOUSE:
        buf_printf(out, "[%s %d %d,%d%s]", mouse[ev->mouse.kind], ev->mouse.button, ev->mouse.row,
                   ev->mouse.col, ev->mouse.mods ? " mods" : "");
        break;
    case EVENT_FOCUS_IN:
        buf_str(out, "[in]");
        break;
    case EVENT_FOCUS_OUT:
        buf_str(out, "[out]");
        break;
    }
}

/* The events of bytes in one piece, and that any two pieces give the same keys. */
static void assert_events(const char *bytes, size_t n, const char *want)
{
    for (size_t cut = 0; cut < n; cut++) {
        struct input in = {0};
        struct buf out = {0};
        input_feed(&in, bytes, cut, write_event, &out);
        input_feed(&in, bytes + cut, n - cut, write_event, &out);
        if (input_wait_ms(&in) >= 0)
            input_expire(&in, write_event, &out);
        assert_string_equal(buf_text(&out), want);
        buf_release(&out);
        input_release(&in);
    }
}
#define EVENTS(bytes, want) assert_events(bytes, sizeof(bytes) - 1, want)

static void test_keys_are_understood_as_every_terminal_sends_them(void **state)
{
    (void)state;
    EVENTS("aZ9 \r\t\x7f\b", "a Z 9 Space Enter Tab Backspace Backspace");
    EVENTS("\x03\x01\x10\x1a\x1f", "C-c C-a C-p C-z C-_");
    EVENTS("\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", "Up Down Right Left Home End");
    EVENTS("\x1bOA\x1bOB\x1bOC\x1bOD\x1bOH\x1bOF", "Up Down Right Left Home End");
    EVENTS("\x1b[1~\x1b[4~\x1b[7~\x1b[8~", "Home End Home End");
    EVENTS("\x1b[2~\x1b[3~\x1b[5~\x1b[6~", "Insert Delete PgUp PgDn");
    EVENTS("\x1bOP\x1b[11~\x1b[[A\x1b[[E\x1b[15~\x1b[21~\x1b[24~", "F1 F1 F1 F5 F5 F10 F12");
    EVENTS("\x1b[1;5A\x1b[1;2D\x1b[3;3~\x1b[1;5R", "C-Up S-Left M-Delete C-F3");
    EVENTS("\x1b[Z\x1bOM\x1bOy\x1bOj", "S-Tab Enter 9 *");
    EVENTS("\x1b"
           "f\x1b\x7f\x1b.",
           "M-f M-Backspace M-.");
    EVENTS("\x1b[97;5u\x1b[13;5u\x1b[27;5;9~\x1b[9;2u", "C-a C-Enter C-Tab S-Tab");
    EVENTS("h\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80\x1b\xc3\xa9",
           "h \xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80 M-\xc3\xa9");
}

static void test_esc_alone_is_esc(void **state)
{
    (void)state;
    struct input in = {0};
    struct buf out = {0};
    input_feed(&in, "\x1b", 1, write_event, &out);
    assert_int_equal(input_wait_ms(&in), 50);
    assert_string_equal(buf_text(&out), "");
    input_expire(&in, write_event, &out);
    assert_int_equal(input_wait_ms(&in), -1);
    input_feed(&in, "b", 1, write_event, &out);
    assert_string_equal(buf_text(&out), "Esc b");
    buf_clear(&out);
    input_feed(&in, "\x1b\x1b\x1b", 3, write_event, &out);
    input_expire(&in, write_event, &out);
    assert_string_equal(buf_text(&out), "Esc Esc Esc");
    buf_clear(&out);
    input_feed(&in, "\x1b[", 2, write_event, &out);
    assert_true(input_wait_ms(&in) >= 50);
    input_expire(&in, write_event, &out);
    assert_string_equal(buf_text(&out), "M-[");
    buf_clear(&out);
    input_feed(&in, "\x1b[1;", 4, write_event, &out); /* cut off by the line */
    input_expire(&in, write_event, &out);
    input_feed(&in, "q", 1, write_event, &out);
    assert_string_equal(buf_text(&out), "q");
    buf_release(&out);
    input_release(&in);
}

static void test_what_the_terminal_says_is_not_typed(void **state)
{
    (void)state;
    EVENTS("a\x1b]11;rgb:0000/0000/0000\x1b\\b", "a b");
    EVENTS("a\x1b]11;rgb:0000/0000/0000\x07"
           "b",
           "a b");
    EVENTS("a\x1bP1+r524742=38\x1b\\b\x1b_Gi=1;OK\x1b\\c", "a b c");
    EVENTS("\x1b[?62;22c\x1b[24;80R\x1b[?2026;2$y\x1b[4;600;800tq", "q");
    EVENTS("\x1b[M !!q\x1b[M\x1b[Aq", "q q"); /* an old mouse report is three bytes of anything */
    EVENTS("\x1b[I\x1b[Oq", "[in] [out] q");
}

static void test_an_unended_reply_does_not_eat_the_keys(void **state)
{
    (void)state;
    EVENTS("\x1b]11;rgb\x03q", "C-c q");
    EVENTS("\x1b]11;rgb\x1b[Aq", "Up q");
    EVENTS("\x1b]52;c;abc\rq", "q"); /* not an Enter somebody pressed */
    struct input in = {0};
    struct buf out = {0};
    input_feed(&in, "\x1b]11;rgb", 8, write_event, &out);
    assert_true(input_wait_ms(&in) > 0);
    input_expire(&in, write_event, &out);
    input_feed(&in, "q", 1, write_event, &out);
    assert_string_equal(buf_text(&out), "q");
    buf_release(&out);
    input_release(&in);
}

static void test_rubbish_is_no_key(void **state)
{
    (void)state;
    EVENTS("\xff\xfe\xc0\x80\xed\xa0\x80\xf8q", "q");
    EVENTS("\xc2\x9b"
           "A\xc2q\xe6\x97"
           "w",
           "A q w"); /* C1 is no character */
    EVENTS("\x1b[999999999999999999;5A\x1b[1;99A\x1b[1;2;3;4;5;6;7;8;9;10Zq", "S-Tab q");
    EVENTS("\x1b[?:5h\x1b[!:1pq", "q"); /* no number where one is expected */
    char longest[300] = "\x1b[";
    memset(longest + 2, '1', 200);
    copy_text(longest + 202, 4, "Aq");
    assert_events(longest, strlen(longest), "q");
}

static void test_a_paste_is_never_keys(void **state)
{
    (void)state;
    EVENTS("a\x1b[200~\x1b[201~b", "a [end] b");
    struct input in = {0};
    struct buf out = {0};
    static const char paste[] =
        "\x1b[200~approve 17\r\ny\r\x1b[A\x03\x1b]0;x\x07\x1b[31mred\xff\x1b[201~x";
    input_feed(&in, paste, sizeof paste - 1, write_event, &out);
    assert_string_equal(buf_text(&out), "<approve 17  y \xef\xbf\xbdred\xef\xbf\xbd> [end] x");
    buf_release(&out);
    input_release(&in);
}

struct collected {
    struct buf text;
    size_t keys, ends, longest;
};

static void collect(void *arg, const struct input_event *ev)
{
    struct collected *c = arg;
    c->keys += ev->kind == EVENT_KEY;
    c->ends += ev->kind == EVENT_PASTE_END;
    if (ev->kind == EVENT_PASTE) {
        buf_add(&c->text, ev->paste, ev->paste_len);
        c->longest = ev->paste_len > c->longest ? ev->paste_len : c->longest;
    }
}

static void test_a_paste_of_megabytes_comes_in_pieces(void **state)
{
    (void)state;
    enum { SIZE = 3 << 20 };
    char *text = mem_alloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = i % 61 == 60 ? '\r' : (char)('a' + i % 26);
    struct input in = {0};
    struct collected c = {0};
    input_feed(&in, "\x1b[200~", 6, collect, &c);
    for (size_t i = 0; i < SIZE; i += 1000)
        input_feed(&in, text + i, SIZE - i < 1000 ? SIZE - i : 1000, collect, &c);
    input_feed(&in, "\x1b[20", 4, collect, &c);
    input_feed(&in, "1~", 2, collect, &c);
    assert_int_equal(c.text.len, SIZE);
    assert_int_equal(c.keys, 0);
    assert_int_equal(c.ends, 1);
    assert_true(c.longest <= 16384 && in.pasted.cap <= 65536);
    buf_release(&c.text);
    mem_free(text);
    input_release(&in);
}

static void test_a_paste_that_stalls_does_not_go_on_as_keys(void **state)
{
    (void)state;
    struct input in = {0};
    struct collected c = {0};
    input_feed(&in, "\x1b[200~first", 11, collect, &c);
    assert_int_equal(input_wait_ms(&in), 2000);
    input_expire(&in, collect, &c); /* the marker is lost, or the line is slow */
    assert_int_equal(c.ends, 1);
    assert_string_equal(buf_text(&c.text), "first");
    input_feed(&in, "and more of it\rkill halt\r", 25, collect, &c);
    input_feed(&in, "y\r\x1b[201~", 8, collect, &c);
    assert_int_equal(c.keys, 0);
    assert_int_equal(c.ends, 1);
    input_feed(&in, "q", 1, collect, &c);
    assert_int_equal(c.keys, 1);

    input_feed(&in, "\x1b[200~lost", 10, collect, &c);
    input_expire(&in, collect, &c);
    input_feed(&in, "\x1b[A", 3, collect, &c); /* a person is back */
    input_feed(&in, "q", 1, collect, &c);
    assert_int_equal(c.keys, 3);
    buf_release(&c.text);
    input_release(&in);
}

static void test_the_mouse_is_where_it_is(void **state)
{
    (void)state;
    EVENTS("\x1b[<0;5;4M\x1b[<0;5;4m\x1b[<2;1;1M", "[press 1 3,4] [release 1 3,4] [press 3 0,0]");
    EVENTS("\x1b[<64;9;9M\x1b[<65;9;9M\x1b[<32;9;9M",
           "[wheel-up 0 8,8] [wheel-down 0 8,8] [drag 1 8,8]");
    EVENTS("\x1b[<16;2;2Mq", "[press 1 1,1 mods] q");
    EVENTS("\x1b[<0;0;0M\x1b[<0;1M\x1b[<999;1;1M\x1b[<35;1;1M\x1b[<;;Mq", "q");
}

/* What the line editor is fed is what makes it do the same thing. */
static void keep_raw(void *arg, const struct input_event *ev)
{
    if (ev->kind == EVENT_KEY)
        buf_add(arg, ev->key.raw, ev->key.raw_len);
}

static void test_the_line_editor_gets_the_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *raw;
    } rows[] = {
        {"a\x01\r\t", "a\x01\r\t"},
        {"\xe6\x97\xa5\x1b"
         "f",
         "\xe6\x97\xa5\x1b"
         "f"},
        {"\x1b[A\x1bOA\x1b[1;5D", "\x1b[A\x1bOA\x1b[1;5D"},
        {"\x1b[97;5u\x1b[102;3u\x1b[13u\x1b[233u", "\x01\x1b"
                                                   "f\r\xc3\xa9"},
        {"\x1b]11;x\x07\x1b[?1c", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct input in = {0};
        struct buf raw = {0};
        input_feed(&in, rows[i].in, strlen(rows[i].in), keep_raw, &raw);
        assert_string_equal(buf_text(&raw), rows[i].raw);
        buf_release(&raw);
        input_release(&in);
    }
}

static void test_key_names_read_back(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a",    "A",   "?",     "!",    "Space", "C-c", "M-x", "S-Tab", "Esc",      "C-Left",
        "S-F5", "F12", "Enter", "PgDn", "-",     "C-_", "M-.", "C-M-a", "\xc3\xa9", "C-Space"};
    static const char *const wrong[] = {"",    "C-",  "Foo", "ab",         "C-C-a",
                                        "X-a", "S-a", "C-i", "C-\xc3\xa9", "\xff"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct key k, other;
        char name[KEY_NAME_MAX];
        struct input in = {0};
        struct buf out = {0};
        assert_true(key_parse(names[i], &k));
        assert_string_equal(key_name(&k, name), names[i]);
        input_feed(&in, k.raw, k.raw_len, write_event, &out); /* its bytes are this key */
        if (input_wait_ms(&in) >= 0)
            input_expire(&in, write_event, &out);
        assert_string_equal(buf_text(&out), names[i]);
        assert_true(key_parse(names[i], &other) && key_same(&k, &other));
        for (size_t j = 0; j < ARRAY_LEN(names); j++)
            assert_int_equal(key_is(&k, names[j]), i == j);
        buf_release(&out);
        input_release(&in);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct key k;
        assert_false(key_parse(wrong[i], &k));
        for (size_t j = 0; j < ARRAY_LEN(names); j++)
            assert_false(key_parse(names[j], &k) && key_is(&k, wrong[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_understood_as_every_terminal_sends_them),
        cmocka_unit_test(test_esc_alone_is_esc),
        cmocka_unit_test(test_what_the_terminal_says_is_not_typed),
        cmocka_unit_test(test_an_unended_reply_does_not_eat_the_keys),
        cmocka_unit_test(test_rubbish_is_no_key),
        cmocka_unit_test(test_a_paste_is_never_keys),
        cmocka_unit_test(test_a_paste_of_megabytes_comes_in_pieces),
        cmocka_unit_test(test_a_paste_that_stalls_does_not_go_on_as_keys),
        cmocka_unit_test(test_the_mouse_is_where_it_is),
        cmocka_unit_test(test_the_line_editor_gets_the_bytes),
        cmocka_unit_test(test_key_names_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
