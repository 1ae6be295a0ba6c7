/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Tab offers and what the hint says, on a desk made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "frame_fixture.h"
#include "quorum/mem.h"
#include "ui/console_complete.h"

struct offers {
    struct snapshot desk;
    struct bar_words words;
    const char *themes;
    bool in_passing;
};

static int begin(void **state)
{
    struct offers *o = mem_alloc(sizeof *o);
    pictured_desk(&o->desk);
    *state = o;
    return 0;
}

static void forget(struct offers *o)
{
    mem_free(o->words.word);
    arena_release(&o->words.arena);
    o->words = (struct bar_words){0};
}

static int end(void **state)
{
    struct offers *o = *state;
    forget(o);
    snapshot_release(&o->desk);
    mem_free(o);
    return 0;
}

/* The point is at the end of the line. */
static void ask(struct offers *o, const char *line)
{
    forget(o);
    struct complete_from from = {
        .snapshot = &o->desk, .focus = PANEL_POSITIONS, .theme_dir = o->themes};
    o->words.in_passing = o->in_passing;
    complete_line(&from, line, strlen(line), &o->words);
}

static const struct bar_word *offered(const struct offers *o, const char *word)
{
    for (size_t i = 0; i < o->words.n; i++)
        if (strcmp(o->words.word[i].word, word) == 0)
            return &o->words.word[i];
    return NULL;
}

static void test_every_command_is_found_by_tab(void **state)
{
    struct offers *o = *state;
    ask(o, "");
    assert_non_null(offered(o, "status"));
    assert_non_null(offered(o, "watch add"));
    ask(o, "  sta");
    assert_int_equal(o->words.from, 2);
    assert_non_null(offered(o, "status"));
}

static void test_symbols_come_from_what_is_held_once(void **state)
{
    struct offers *o = *state;
    int times = 0;
    ask(o, "evaluate AAPL N");
    assert_int_equal(o->words.from, 14);
    for (size_t i = 0; i < o->words.n; i++)
        times += strcmp(o->words.word[i].word, "NVDA") == 0;
    assert_int_equal(times, 1);
}

static void test_what_was_given_is_not_offered_again(void **state)
{
    struct offers *o = *state;
    ask(o, "evaluate AAPL ");
    assert_non_null(offered(o, "NVDA"));
    assert_null(offered(o, "AAPL"));
    ask(o, "evaluate AAPL --fresh --max-cost=1 --");
    assert_null(offered(o, "--fresh"));
    assert_null(offered(o, "--max-cost="));
    assert_non_null(offered(o, "--trade"));
    /* behind the only argument there is nothing to add */
    ask(o, "theme dark ");
    assert_int_equal(o->words.n, 0);
    ask(o, "show budget ");
    assert_int_equal(o->words.n, 0);
}

/* As at a key that is not Tab. */
static void test_no_disk_is_looked_at_in_passing(void **state)
{
    struct offers *o = *state;
    ask(o, "export trades > /");
    assert_non_null(offered(o, "/usr/"));
    o->in_passing = true;
    ask(o, "export trades > /");
    assert_int_equal(o->words.n, 0);
}

static void test_a_theme_of_ones_own_is_offered(void **state)
{
    struct offers *o = *state;
    char dir[] = "/tmp/themes.XXXXXX", path[80];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/mine.theme", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    o->themes = dir;
    ask(o, "theme m");
    assert_non_null(offered(o, "mine"));
    ask(o, "set theme=");
    assert_non_null(offered(o, "mine"));
    o->in_passing = true;
    ask(o, "theme ");
    assert_null(offered(o, "mine"));
    assert_non_null(offered(o, "dark"));
    unlink(path);
    rmdir(dir);
    o->themes = NULL;
}

static void test_the_second_word_depends_on_the_first(void **state)
{
    struct offers *o = *state;
    ask(o, "goto trade ");
    assert_non_null(offered(o, "88"));
    ask(o, "set mouse ");
    assert_non_null(offered(o, "on"));
    ask(o, "mute pending.age ");
    assert_non_null(offered(o, "2h"));
    ask(o, "export trades ");
    assert_non_null(offered(o, "csv"));
    assert_null(offered(o, "budget"));
    ask(o, "sort P&L");
    assert_int_equal(o->words.from, 5);
    assert_non_null(offered(o, "P&L %"));
    ask(o, "sort P&L % d");
    assert_int_equal(o->words.from, 5);
    assert_non_null(offered(o, "P&L % desc"));
    ask(o, "close ");
    assert_non_null(offered(o, "AMD"));
    assert_non_null(offered(o, "all"));
    assert_null(offered(o, "TSLA")); /* on the watchlist only */
}

static void test_what_does_not_run_here_is_not_offered(void **state)
{
    struct offers *o = *state;
    ask(o, "");
    assert_null(offered(o, "db up"));
    assert_null(offered(o, "demo"));
    assert_non_null(offered(o, "quit"));
}

static void test_an_id_comes_with_what_it_is(void **state)
{
    struct offers *o = *state;
    ask(o, "trade ");
    const struct bar_word *w = offered(o, "88");
    assert_non_null(w);
    assert_non_null(strstr(w->meaning, "TSLA"));
    assert_null(strstr(w->meaning, "#88"));
}

static void test_ones_last_reasons_are_offered_where_one_is_needed(void **state)
{
    struct offers *o = *state;
    ask(o, "reject 17 ");
    assert_non_null(offered(o, "n=6 too small"));
    assert_null(offered(o, "lunch"));
    ask(o, "pause ");
    assert_non_null(offered(o, "lunch"));
}

static void test_words_of_a_choice_are_offered(void **state)
{
    struct offers *o = *state;
    ask(o, "kill ");
    assert_non_null(offered(o, "halt"));
    assert_non_null(offered(o, "flatten"));
    ask(o, "watch ");
    assert_non_null(offered(o, "add"));
}

static void test_options_and_their_values_are_offered(void **state)
{
    struct offers *o = *state;
    ask(o, "evaluate AAPL --");
    assert_non_null(offered(o, "--fresh"));
    assert_non_null(offered(o, "--max-cost="));
    ask(o, "trades --reason=");
    assert_int_equal(o->words.from, 16);
    assert_non_null(offered(o, "stop_loss"));
}

static void test_the_consoles_options_columns_and_themes_are_offered(void **state)
{
    struct offers *o = *state;
    ask(o, "set ");
    assert_non_null(offered(o, "theme"));
    ask(o, "set theme=");
    assert_non_null(offered(o, "safe-rg"));
    ask(o, "set mouse=o");
    assert_int_equal(o->words.from, 10);
    assert_non_null(offered(o, "off"));
    ask(o, "sort ");
    assert_non_null(offered(o, "QTY"));
    ask(o, "goto ");
    assert_non_null(offered(o, "budget"));
}

/* Every place of every command's line is asked; the sanitizers look. */
static void test_no_line_is_too_odd_to_complete(void **state)
{
    struct offers *o = *state;
    char hint[40];
    struct complete_from from = {.snapshot = &o->desk, .focus = PANEL_NONE};
    static const char *const odd[] = {
        "--",           "evaluate --=",
        "kill  ",       " \t watch",
        "set =",        "trade ID ID ID ID",
        "\"",           "perf by x y",
        "watch add --", "evaluate \xc3\xa4\xc3\xb6 --price=",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        for (size_t point = 0; point <= strlen(odd[i]); point++) {
            forget(o);
            complete_line(&from, odd[i], point, &o->words);
            assert_true(o->words.from <= point);
            hint_line(odd[i], point, hint, sizeof hint);
            assert_true(strlen(hint) < sizeof hint);
        }
    }
}

static void test_the_hint_shows_the_argument_in_capitals(void **state)
{
    char hint[200];
    (void)state;
    hint_line("kill ", 5, hint, sizeof hint);
    assert_non_null(strstr(hint, "kill [PAUSE|HALT|FLATTEN] [reason]"));
    hint_line("kill halt ", 10, hint, sizeof hint);
    assert_non_null(strstr(hint, "kill [pause|halt|flatten] [REASON]"));
    hint_line("nonsense ", 9, hint, sizeof hint);
    assert_string_equal(hint, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_command_is_found_by_tab, begin, end),
        cmocka_unit_test_setup_teardown(test_symbols_come_from_what_is_held_once, begin, end),
        cmocka_unit_test_setup_teardown(test_what_was_given_is_not_offered_again, begin, end),
        cmocka_unit_test_setup_teardown(test_no_disk_is_looked_at_in_passing, begin, end),
        cmocka_unit_test_setup_teardown(test_a_theme_of_ones_own_is_offered, begin, end),
        cmocka_unit_test_setup_teardown(test_the_second_word_depends_on_the_first, begin, end),
        cmocka_unit_test_setup_teardown(test_what_does_not_run_here_is_not_offered, begin, end),
        cmocka_unit_test_setup_teardown(test_an_id_comes_with_what_it_is, begin, end),
        cmocka_unit_test_setup_teardown(test_ones_last_reasons_are_offered_where_one_is_needed,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_words_of_a_choice_are_offered, begin, end),
        cmocka_unit_test_setup_teardown(test_options_and_their_values_are_offered, begin, end),
        cmocka_unit_test_setup_teardown(test_the_consoles_options_columns_and_themes_are_offered,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_no_line_is_too_odd_to_complete, begin, end),
        cmocka_unit_test(test_the_hint_shows_the_argument_in_capitals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
