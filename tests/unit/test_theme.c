/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/mem.h"
#include "ui/theme.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/theme.XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
    (void)state;
    static const char *const names[] = {"mine", "dark", "a", "b", "odd"};
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s.theme", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static void write_theme(const char *name, const char *text, size_t len)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s.theme", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

static void assert_look(const struct theme *t, enum token token, int fg, int bg, int attrs)
{
    assert_int_equal(t->look[token].fg, fg);
    assert_int_equal(t->look[token].bg, bg);
    assert_int_equal(t->look[token].attrs, attrs);
}

static void count_error(void *arg, const struct error *e)
{
    buf_printf(arg, "%s %s. %s\n", e->code, e->text, e->fix);
}

static void test_every_built_in_theme_is_right(void **state)
{
    (void)state;
    const char *name;
    size_t n = 0;
    for (; (name = theme_builtin(n)) != NULL; n++) {
        struct error e;
        char path[256];
        struct buf said = {0};
        const char *tests = getenv("QUORUM_TEST_DIR");
        snprintf(path, sizeof path, "%s/../themes/%s.theme", tests != NULL ? tests : "tests", name);
        assert_int_equal(theme_lint(path, count_error, &said), 0);
        assert_string_equal(buf_text(&said), "");
        buf_release(&said);
        for (int d = 0; d < DEPTH_COUNT; d++) {
            struct theme t;
            assert_int_equal(theme_load(&t, name, NULL, (enum depth)d, &e), OK);
            int most = d == DEPTH_MONO ? 0 : d == DEPTH_8 ? 8 : d == DEPTH_16 ? 16 : 256;
            for (int i = 0; i < TOKEN_COUNT; i++) {
                assert_true(t.look[i].fg >= -1 && t.look[i].fg < most);
                assert_true(t.look[i].bg >= -1 && t.look[i].bg < most);
            }
        }
    }
    assert_int_equal(n, 8);
}

static void test_without_colour_gain_and_loss_still_differ(void **state)
{
    (void)state;
    for (size_t i = 0; theme_builtin(i) != NULL; i++) {
        struct theme t;
        assert_int_equal(theme_load(&t, theme_builtin(i), NULL, DEPTH_MONO, NULL), OK);
        assert_true(t.look[TOKEN_PNL_UP].attrs != t.look[TOKEN_PNL_DOWN].attrs);
        assert_true(t.look[TOKEN_CURSOR].attrs != 0);
        assert_true(t.look[TOKEN_STATE_HALT].attrs != 0);
        uint8_t plain = theme_look(&t, TOKEN_FG | STYLE_CURSOR).attrs;
        uint8_t loss = theme_look(&t, TOKEN_PNL_DOWN | STYLE_CURSOR).attrs;
        assert_int_not_equal(plain, loss); /* on the selected row, too */
    }
}

static void test_a_mistake_is_named_and_costs_one_line(void **state)
{
    (void)state;
    static const char text[] = "template = light\n"
                               "# a comment\n"
                               "pnl.upp = 74\n"
                               "pnl.down = 208, default, bold\n"
                               "   key = #5fafff\n"
                               "match = blinking\n"
                               "rule = 300\n"
                               "just words\n"
                               "[17]\n"
                               "dim = 3\n";
    struct theme t;
    struct error e;
    char path[128];
    struct buf said = {0};
    write_theme("mine", text, sizeof text - 1);
    assert_int_equal(theme_load(&t, "mine", dir, DEPTH_256, &e), ERR_USAGE);
    assert_string_equal(e.code, "E60");
    assert_string_equal(e.text, "theme \"mine\" line 3: \"pnl.upp\" is not a token");
    assert_string_equal(e.fix, "did you mean pnl.up? built-in used");
    assert_look(&t, TOKEN_PNL_UP, 22, -1, 0); /* as light has it */
    assert_look(&t, TOKEN_PNL_DOWN, 208, -1, LOOK_BOLD);
    assert_look(&t, TOKEN_KEY, 75, -1, 0);
    assert_look(&t, TOKEN_RULE, 250, -1, 0);
    snprintf(path, sizeof path, "%s/mine.theme", dir);
    assert_int_equal(theme_lint(path, count_error, &said), 5);
    assert_non_null(strstr(buf_text(&said), "line 6: \"blinking\" is neither"));
    assert_non_null(strstr(buf_text(&said), "line 7: \"300\" is neither"));
    assert_non_null(strstr(buf_text(&said), "line 8: there is no value"));
    assert_non_null(strstr(buf_text(&said), "line 10: [17] is no section"));
    buf_release(&said);
}

static void test_depths_of_one_file(void **state)
{
    (void)state;
    static const char text[] = "template = dark\ndepth = 256\npnl.up = 74\nkey = red\n"
                               "[16]\npnl.up = brightcyan\n[mono]\npnl.up = underline\n";
    struct theme t;
    write_theme("mine", text, sizeof text - 1);
    assert_int_equal(theme_load(&t, "mine", dir, DEPTH_256, NULL), OK);
    assert_look(&t, TOKEN_PNL_UP, 74, -1, 0);
    assert_look(&t, TOKEN_KEY, 1, -1, 0);
    assert_int_equal(theme_load(&t, "mine", dir, DEPTH_16, NULL), OK);
    assert_look(&t, TOKEN_PNL_UP, 14, -1, 0);
    assert_int_equal(theme_load(&t, "mine", dir, DEPTH_8, NULL), OK);
    assert_look(&t, TOKEN_PNL_UP, 6, -1, 0); /* bright cyan is cyan there */
    assert_int_equal(theme_load(&t, "mine", dir, DEPTH_MONO, NULL), OK);
    assert_look(&t, TOKEN_PNL_UP, -1, -1, LOOK_UNDERLINE);
    assert_look(&t, TOKEN_PNL_DOWN, -1, -1, LOOK_REVERSE);
}

static void test_no_file_stops_the_console(void **state)
{
    (void)state;
    struct theme t, dark;
    struct error e;
    assert_int_equal(theme_load(&dark, "dark", NULL, DEPTH_256, NULL), OK);
    static const char *const names[] = {"nothing", "../../etc/passwd", "", "a b",
                                        "a-name-that-is-much-too-long-to-be-one-of-a-theme"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(theme_load(&t, names[i], dir, DEPTH_256, &e), ERR_USAGE);
        assert_string_equal(e.code, "E60");
        assert_memory_equal(t.look, dark.look, sizeof t.look);
    }
    char odd[400];
    memset(odd, 'x', sizeof odd);
    memcpy(odd, "key = 9\n\0\xff\x1b=\x1b[2J\nrule=", 22);
    write_theme("odd", odd, sizeof odd);
    assert_int_equal(theme_load(&t, "odd", dir, DEPTH_256, &e), ERR_USAGE);
    assert_null(strchr(e.text, 0x1b));
    assert_int_equal(t.look[TOKEN_KEY].fg, 9);
    assert_int_equal(t.look[TOKEN_RULE].fg, dark.look[TOKEN_RULE].fg);
    write_theme("a", "template = b\nkey = 1\n", 21); /* round and round */
    write_theme("b", "template = a\nhint = 2\n", 22);
    assert_int_equal(theme_load(&t, "a", dir, DEPTH_256, &e), OK);
    assert_true(t.look[TOKEN_KEY].fg == 1 && t.look[TOKEN_HINT].fg == 2);
    write_theme("dark", "template = dark\nkey = 1\n", 24); /* one's own dark */
    assert_int_equal(theme_load(&t, "dark", dir, DEPTH_256, &e), OK);
    assert_true(t.look[TOKEN_KEY].fg == 1 && t.look[TOKEN_RULE].fg == dark.look[TOKEN_RULE].fg);
}

static void test_a_saved_theme_is_noticed(void **state)
{
    (void)state;
    struct theme_watch w;
    theme_watch_begin(&w, "mine", dir);
    bool there = w.there;
    write_theme("mine", "key = 1\n", 8);
    assert_true(theme_watch_changed(&w) || there);
    write_theme("mine", "key = 100\n", 10);
    assert_true(theme_watch_changed(&w));
    assert_false(theme_watch_changed(&w));
    char path[128];
    snprintf(path, sizeof path, "%s/mine.theme", dir);
    unlink(path);
    assert_true(theme_watch_changed(&w));
    assert_false(theme_watch_changed(&w));
    theme_watch_begin(&w, "mine", NULL);
    assert_false(theme_watch_changed(&w));
}

static void test_no_color_wins(void **state)
{
    (void)state;
    enum depth d;
    assert_true(theme_depth(256, NULL, NULL, &d) && d == DEPTH_256);
    assert_true(theme_depth(256, "auto", "", &d) && d == DEPTH_256);
    assert_true(theme_depth(256, "16", NULL, &d) && d == DEPTH_16);
    assert_true(theme_depth(8, NULL, NULL, &d) && d == DEPTH_8);
    assert_true(theme_depth(0, NULL, NULL, &d) && d == DEPTH_MONO);
    assert_true(theme_depth(256, "never", NULL, &d) && d == DEPTH_MONO);
    assert_true(theme_depth(256, "256", "1", &d) && d == DEPTH_MONO);
    assert_false(theme_depth(256, "much", NULL, &d));
    assert_string_equal(theme_choose("tty", "light", "0;15"), "tty");
    assert_string_equal(theme_choose(NULL, "light", NULL), "light");
    assert_string_equal(theme_choose("", NULL, "0;default;15"), "light");
    assert_string_equal(theme_choose(NULL, NULL, "15;0"), "dark");
}

/* ---- what eyes can tell apart */

static double linear(uint8_t part)
{
    double v = part / 255.0;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* WCAG 2.1's contrast ratio, 1 to 21. */
static double contrast(int a, int b)
{
    double light[2];
    int colors[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        uint8_t rgb[3];
        theme_rgb(colors[i], rgb);
        light[i] = 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
    }
    double high = fmax(light[0], light[1]), low = fmin(light[0], light[1]);
    return (high + 0.05) / (low + 0.05);
}

static void assert_readable(const char *name, int ground, int ink)
{
    struct theme t;
    assert_int_equal(theme_load(&t, name, NULL, DEPTH_256, NULL), OK);
    for (int i = 0; i < TOKEN_COUNT; i++) {
        if (i == TOKEN_BG || i == TOKEN_RULE || i == TOKEN_GAUGE_TRACK) /* no text */
            continue;
        for (int cursor = 0; cursor < 2; cursor++) {
            struct ink look = theme_look(&t, (uint16_t)(i | (cursor ? STYLE_CURSOR : 0)));
            double ratio = contrast(look.fg < 0 ? ink : look.fg, look.bg < 0 ? ground : look.bg);
            if (ratio < (cursor ? 3.0 : 4.5))
                fail_msg("%s: %s%s has a contrast of %.2f", name, token_name((enum token)i),
                         cursor ? " on the cursor's row" : "", ratio);
        }
    }
}

static void test_text_can_be_read_on_its_ground(void **state)
{
    (void)state;
    assert_readable("dark", 16, 231);
    assert_readable("high-contrast", 16, 231);
    assert_readable("safe-rg", 16, 231);
    assert_readable("safe-by", 16, 231);
    assert_readable("light", 231, 16);
    assert_readable("paper", 16, 231); /* it has a ground of its own */
}

/* Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB. */
static const double protanopia[9] = {0.152286, 1.052583,  -0.204868, 0.114503, 0.786281,
                                     0.099216, -0.003882, -0.048116, 1.051998};
static const double deuteranopia[9] = {0.367322, 0.860646,  -0.227968, 0.280085, 0.672501,
                                       0.047413, -0.011820, 0.042940,  0.968881};
static const double tritanopia[9] = {1.255528, -0.076749, -0.178779, -0.078411, 0.930809,
                                     0.147602, 0.004733,  0.691367,  0.303900};

static double lab_f(double v)
{
    return v > 0.008856 ? cbrt(v) : 7.787 * v + 16.0 / 116.0;
}

static void seen_lab(int color, const double *m, double lab[3])
{
    uint8_t rgb[3];
    double in[3], v[3];
    theme_rgb(color, rgb);
    for (int i = 0; i < 3; i++)
        in[i] = linear(rgb[i]);
    for (int i = 0; i < 3; i++) {
        v[i] = m[3 * i] * in[0] + m[3 * i + 1] * in[1] + m[3 * i + 2] * in[2];
        v[i] = fmin(fmax(v[i], 0), 1);
    }
    double x = lab_f((0.4124 * v[0] + 0.3576 * v[1] + 0.1805 * v[2]) / 0.9505);
    double y = lab_f(0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]);
    double z = lab_f((0.0193 * v[0] + 0.1192 * v[1] + 0.9505 * v[2]) / 1.089);
    lab[0] = 116 * y - 16;
    lab[1] = 500 * (x - y);
    lab[2] = 200 * (y - z);
}

static void assert_told_apart(const char *name, const double *eye)
{
    static const enum token tokens[] = {TOKEN_PNL_UP, TOKEN_PNL_DOWN, TOKEN_SEV_WARN,
                                        TOKEN_SEV_INFO};
    struct theme t;
    assert_int_equal(theme_load(&t, name, NULL, DEPTH_256, NULL), OK);
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        for (size_t j = 0; j < i; j++) {
            double a[3], b[3], sum = 0;
            seen_lab(t.look[tokens[i]].fg, eye, a);
            seen_lab(t.look[tokens[j]].fg, eye, b);
            for (int k = 0; k < 3; k++)
                sum += (a[k] - b[k]) * (a[k] - b[k]);
            if (sqrt(sum) < 12) /* five times what is just noticed */
                fail_msg("%s: %s and %s differ by %.1f", name, token_name(tokens[i]),
                         token_name(tokens[j]), sqrt(sum));
        }
    }
}

static void test_safe_themes_are_safe_for_eyes_that_see_other_colours(void **state)
{
    (void)state;
    assert_told_apart("safe-rg", protanopia);
    assert_told_apart("safe-rg", deuteranopia);
    assert_told_apart("safe-by", tritanopia);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_built_in_theme_is_right),
        cmocka_unit_test(test_without_colour_gain_and_loss_still_differ),
        cmocka_unit_test(test_a_mistake_is_named_and_costs_one_line),
        cmocka_unit_test(test_depths_of_one_file),
        cmocka_unit_test(test_no_file_stops_the_console),
        cmocka_unit_test(test_a_saved_theme_is_noticed),
        cmocka_unit_test(test_no_color_wins),
        cmocka_unit_test(test_text_can_be_read_on_its_ground),
        cmocka_unit_test(test_safe_themes_are_safe_for_eyes_that_see_other_colours),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
