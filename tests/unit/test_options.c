/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's options and keys, and the file that keeps them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/timeutil.h"
#include "ui/chart.h"
#include "ui/console_verbs.h"
#include "ui/status_line.h"

static const struct console_options from_nowhere;
static struct console *c;

static int begin(void **state)
{
    (void)state;
    c = mem_alloc(sizeof *c);
    c->options = &from_nowhere;
    view_init(&c->view);
    console_options_begin(c);
    c->theme_is_usual = true;
    snprintf(c->config_dir, sizeof c->config_dir, "%s/options.XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(c->config_dir));
    return 0;
}

static const char *path(void)
{
    static char text[640];
    snprintf(text, sizeof text, "%s/console", c->config_dir);
    return text;
}

static int end(void **state)
{
    (void)state;
    unlink(path());
    rmdir(c->config_dir);
    view_release(&c->view);
    mem_free(c);
    return 0;
}

static void write_file(const char *text)
{
    FILE *f = fopen(path(), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void expect_file(const char *want)
{
    char text[2000];
    FILE *f = fopen(path(), "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(text, want);
}

static const char *get(enum option_id id)
{
    static char text[48];
    return console_get(c, id, text);
}

static void test_every_option_has_a_help_and_takes_its_own_value(void **state)
{
    const char *name, *values, *help;
    (void)state;
    for (size_t i = 0; (name = console_option(i, &values, &help)); i++) {
        struct error e = {0};
        enum option_id id;
        char value[48];
        assert_true(*values && *help);
        assert_true(console_option_find(name, &id) && id == (enum option_id)i);
        assert_true(console_option_is_usual(c, id));
        copy_text(value, sizeof value, id == OPTION_THEME ? "light" : get(id));
        if (console_set(c, name, value, &e))
            fail_msg("%s=%s: %s", name, value, e.text);
        assert_string_equal(get(id), value);
    }
    assert_string_equal(get(OPTION_UNFOCUSED_REFRESH), "10s");
    assert_string_equal(get(OPTION_COPY_MAX), "74994");
    assert_string_equal(get(OPTION_EVAL_FREE), "0.25");
    assert_string_equal(get(OPTION_COMPLETE), "ghost+popup");
}

static void test_a_value_that_is_none_is_refused_with_what_it_may_be(void **state)
{
    static const char *const wrong[][2] = {{"refresh", "7h"},       {"refresh", "2"},
                                           {"clock", "hour"},       {"copy.max", "1e9"},
                                           {"eval.free", "-1"},     {"history.size", ""},
                                           {"mouse", "yes"},        {"theme", "../x"},
                                           {"decimals.price", "5"}, {"unfocused.refresh", "0s"},
                                           {"tz", "Mars"},          {"wrap", "on off"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct error e = {0};
        assert_int_equal(console_set(c, wrong[i][0], wrong[i][1], &e), ERR_USAGE);
        assert_true(*e.fix);
    }
    struct error e = {0};
    assert_int_equal(console_set(c, "refresj", "2s", &e), ERR_USAGE);
    assert_string_equal(e.fix, "did you mean refresh?");
    assert_string_equal(get(OPTION_REFRESH), "2s");
}

static void test_a_mistake_in_the_file_is_told_with_its_line(void **state)
{
    struct error e = {0};
    (void)state;
    write_file("# a comment\n\ntheme = light\nclock = min\nrefresh = soon\n; another\n"
               "bind C-c = quit\nwhat is this\nwrap = off\n");
    assert_int_equal(console_settings_load(c, &e), ERR_USAGE);
    assert_string_equal(e.code, "E60");
    assert_non_null(strstr(e.text, "line 5: refresh=soon"));
    assert_non_null(strstr(e.fix, "2 more lines are wrong, see :errors"));
    assert_int_equal(c->nsaid, 2);
    assert_non_null(strstr(c->said[0].text, "line 7: "));
    assert_non_null(strstr(c->said[1].text, "line 8: "));
    assert_string_equal(get(OPTION_THEME), "light"); /* what is right counts */
    assert_string_equal(get(OPTION_CLOCK), "min");
    assert_string_equal(get(OPTION_WRAP), "off");
}

static void test_saving_keeps_what_somebody_wrote_into_the_file(void **state)
{
    struct error e = {0};
    struct call call = {.console = c};
    (void)state;
    write_file("# mine\nclock = min\nbind F2 = goto budget\nmouse = on\n");
    assert_int_equal(console_settings_load(c, &e), OK);
    assert_int_equal(console_set(c, "clock", "off", &e), OK);
    assert_int_equal(console_set(c, "mouse", "off", &e), OK);
    assert_int_equal(console_set(c, "eval.free", "0.5", &e), OK);
    assert_int_equal(verb_save(&call, &e), OK);
    expect_file("# mine\nclock = off\nbind F2 = goto budget\neval.free = 0.50\n");
    assert_int_equal(verb_save(&call, &e), OK); /* and again the same */
    expect_file("# mine\nclock = off\nbind F2 = goto budget\neval.free = 0.50\n");
    struct stat st;
    assert_int_equal(stat(path(), &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
}

static void bind_key(const char *text)
{
    struct error e = {0};
    if (user_keys_bind(&c->keys, text, &e))
        fail_msg("%s: %s. %s", text, e.text, e.fix);
}

static const char *bound(enum panel_id focus, enum detail_kind open, const char *name)
{
    struct key k;
    assert_true(key_parse(name, &k));
    return user_keys_find(&c->keys, focus, open, &k);
}

static void test_a_key_does_what_it_was_bound_to_where_it_was(void **state)
{
    (void)state;
    bind_key("F2 = goto budget");
    bind_key("pending F2 = approve %i");
    bind_key("  lists   n = none");
    bind_key("trade G = move 1");
    bind_key("= = zoom");
    assert_string_equal(bound(PANEL_TRADES, DETAIL_NONE, "F2"), "goto budget");
    assert_string_equal(bound(PANEL_PENDING, DETAIL_NONE, "F2"), "approve %i");
    assert_string_equal(bound(PANEL_PENDING, DETAIL_TRADE, "F2"), "goto budget");
    assert_string_equal(bound(PANEL_ALERTS, DETAIL_NONE, "n"), "");
    assert_null(bound(PANEL_ALERTS, DETAIL_TRADE, "n"));
    assert_string_equal(bound(PANEL_NONE, DETAIL_TRADE, "G"), "move 1");
    assert_null(bound(PANEL_NONE, DETAIL_AGENT, "G"));
    assert_string_equal(bound(PANEL_NONE, DETAIL_NONE, "="), "zoom");
    bind_key("F2 = quit"); /* the later line wins */
    assert_string_equal(bound(PANEL_TRADES, DETAIL_NONE, "F2"), "quit");
    assert_int_equal(c->keys.n, 5);
}

static void test_what_cannot_be_bound_is_refused(void **state)
{
    static const char *const wrong[] = {
        "Esc = quit", "Enter = quit",   "? = quit",        ": = quit",       "C-c = quit",
        "C-s = quit", "F99 = quit",     "F2 = frobnicate", "F2 = ",          "F2",
        "",           "mars F2 = quit", "F2 = goto %z",    "pending = quit", "F2 quit"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct error e = {0};
        if (user_keys_bind(&c->keys, wrong[i], &e) == OK)
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_true(*e.text);
    }
    assert_int_equal(c->keys.n, 0);
    for (int i = 0; i < 200; i++) {
        char line[60];
        struct error e = {0};
        snprintf(line, sizeof line, "M-%c = goto budget", 'A' + i % 26);
        user_keys_bind(&c->keys, line, &e);
    }
    assert_int_equal(c->keys.n, 26);
}

static void test_times_are_those_of_the_zone_that_was_asked_for(void **state)
{
    char clock[16], mark[12], rule[64], told[48];
    struct error e = {0};
    int64_t at = INT64_C(1753358400) * 1000000; /* 2025-07-24 12:00:00Z */
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_string_equal(status_clock(clock, &c->view, at, true), "08:00:00");
    assert_string_equal(when_tell(told, at, WHEN_MINUTE), "2025-07-24 08:00 ET");
    assert_int_equal(console_set(c, "tz", "local", &e), OK);
    assert_string_equal(status_clock(clock, &c->view, at, true), "14:00:00");
    assert_string_equal(when_tell(told, at, WHEN_SECOND), "2025-07-24 14:00:00 CEST"); /* answers */
    assert_string_equal(zone_mark(ZONE_LOCAL, at, mark), "CEST");
    assert_true(zone_rule(ZONE_LOCAL, rule));
    assert_string_equal(rule, "CET-1CEST,M3.5.0,M10.5.0/3");
    assert_int_equal(console_set(c, "tz", "utc", &e), OK);
    assert_string_equal(status_clock(clock, &c->view, at, false), "12:00");
    assert_int_equal(zone_day(at), day_from_civil(2025, 7, 24));
    setenv("TZ", "no such; zone", 1);
    tzset();
    assert_int_equal(console_set(c, "tz", "local", &e), ERR_USAGE);
    assert_string_equal(get(OPTION_TZ), "utc");
    setenv("TZ", ":America/New_York", 1);
    tzset();
    if (zone_rule(ZONE_LOCAL, rule)) /* where there are zone files */
        assert_string_equal(rule, "EST5EDT,M3.2.0,M11.1.0");
    unsetenv("TZ");
    tzset();
    zone_choose(ZONE_EXCHANGE);
}

static void test_options_of_drawing_reach_the_frame(void **state)
{
    struct error e = {0};
    (void)state;
    console_options_apply(c);
    assert_false(c->frame.ambiguous || c->frame.unwrapped);
    assert_int_equal(c->frame.marks, CHART_BLOCKS); /* nobody knows the terminal's font */
    assert_int_equal(console_set(c, "graph", "braille", &e), OK);
    assert_int_equal(c->frame.marks, CHART_BRAILLE);
    assert_int_equal(console_set(c, "ambiguous", "2", &e), OK);
    assert_true(c->frame.ambiguous);
    assert_int_equal(console_set(c, "wrap", "off", &e), OK);
    assert_true(c->frame.unwrapped);
    assert_int_equal(console_set(c, "layout", "wide", &e), OK);
    assert_int_equal(c->view.forced, CLASS_WIDE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(test_every_option_has_a_help_and_takes_its_own_value),
        TEST(test_a_value_that_is_none_is_refused_with_what_it_may_be),
        TEST(test_a_mistake_in_the_file_is_told_with_its_line),
        TEST(test_saving_keeps_what_somebody_wrote_into_the_file),
        TEST(test_a_key_does_what_it_was_bound_to_where_it_was),
        TEST(test_what_cannot_be_bound_is_refused),
        TEST(test_times_are_those_of_the_zone_that_was_asked_for),
        TEST(test_options_of_drawing_reach_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
