/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parser on a small table of its own: every rule once, whatever commands the program has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/command.h"

static int runs;

static enum err run_nothing(struct call *c, struct error *e)
{
    (void)e;
    runs++;
    out_line(c->out, "ran %s", c->command->name);
    return OK;
}

static const char *the_word(const struct call *c)
{
    return c->nargs ? c->arg[0] : "";
}

static const struct option_row evaluate_options[] = {
    {"price", "P", "price"},     {"min-agreement", "N", "votes"},
    {"fresh", NULL, "no cache"}, {"size", "X", "a number"},
    {NULL, NULL, NULL},
};

#define COMMON .usage = "ID", .help = "help text", .run = run_nothing
static const struct command looking[] = {
    {.name = "status", .aliases = (const char *const[]){"st", NULL}, .group = "Looking", COMMON},
    {.name = "evaluations",
     .aliases = (const char *const[]){"evals", "ev", NULL},
     .group = "Looking",
     COMMON,
     .max_args = 1},
    {.name = "help", .group = "Looking", COMMON, .max_args = -1, .without_settings = true},
    {.name = "version", .group = "Looking", COMMON, .without_settings = true},
    {.name = "audit verify", .group = "Looking", COMMON},
    {.name = NULL},
};
static const struct command acting[] = {
    {.name = "evaluate",
     .aliases = (const char *const[]){"eval", "e", NULL},
     .group = "Acting",
     COMMON,
     .max_args = -1,
     .options = evaluate_options,
     .details = "More words.",
     .acts = true},
    {.name = "approve",
     .group = "Acting",
     COMMON,
     .min_args = 1,
     .max_args = 2,
     .acts = true,
     .level = 2},
    {.name = "desk drop",
     .group = "Acting",
     COMMON,
     .min_args = 1,
     .max_args = 1,
     .acts = true,
     .level = 3,
     .confirm_word = the_word},
    {.name = "db up", .group = "Acting", COMMON, .acts = true},
    {.name = "db current", .group = "Acting", COMMON, .no_csv = true},
    {.name = "db psql", .group = "Acting", COMMON, .max_args = -1, .passes_rest = true},
    {.name = NULL},
};
const struct command *const command_groups[] = {looking, acting, NULL};

struct parsed {
    struct call call;
    struct output out;
    struct error e;
    enum err rc;
};

static struct parsed *parse_words(struct parsed *p, char **argv)
{
    int argc = 0;
    *p = (struct parsed){.out = {.format = OUTPUT_TEXT}};
    p->call.out = &p->out;
    while (argv[argc])
        argc++;
    p->rc = command_parse(&p->call, argc, argv, &p->e);
    return p;
}
#define PARSE(p, ...) parse_words(p, (char *[]){(char *)"quorum", __VA_ARGS__, NULL})
#define W             (char *)

static void expect_command(const struct parsed *p, const char *name)
{
    if (p->rc)
        fail_msg("%s %s. %s", p->e.code, p->e.text, p->e.fix);
    assert_non_null(p->call.command);
    assert_string_equal(p->call.command->name, name);
}

static void expect_error(const struct parsed *p, const char *code, const char *text,
                         const char *fix)
{
    assert_int_equal(p->rc, ERR_USAGE);
    assert_string_equal(p->e.code, code);
    if (!strstr(p->e.text, text))
        fail_msg("\"%s\" does not say \"%s\"", p->e.text, text);
    if (!strstr(p->e.fix, fix))
        fail_msg("\"%s\" does not say \"%s\"", p->e.fix, fix);
}

static void a_command_is_found_by_name_alias_and_two_words(void **state)
{
    struct parsed p;
    (void)state;
    expect_command(PARSE(&p, W "status"), "status");
    expect_command(PARSE(&p, W "st"), "status");
    expect_command(PARSE(&p, W "e", W "AAPL", W "MSFT"), "evaluate");
    assert_int_equal(p.call.nargs, 2);
    assert_string_equal(p.call.arg[1], "MSFT");
    expect_command(PARSE(&p, W "db", W "up"), "db up");
    assert_int_equal(p.call.nargs, 0);
    expect_command(PARSE(&p, W "desk", W "drop", W "demo"), "desk drop");
    assert_string_equal(p.call.arg[0], "demo");
    expect_command(parse_words(&p, (char *[]){W "quorum", NULL}), "help");
    expect_command(parse_words(&p, (char *[]){NULL}), "help");
}

static void a_word_that_is_no_command_suggests_one(void **state)
{
    struct parsed p;
    (void)state;
    expect_error(PARSE(&p, W "aprove"), "E01", "no command \"aprove\"", "did you mean approve?");
    expect_error(PARSE(&p, W "evalaute"), "E01", "evalaute", "did you mean evaluate?");
    expect_error(PARSE(&p, W "evlas"), "E01", "evlas", "did you mean evaluations?"); /* by alias */
    expect_error(PARSE(&p, W "xyzzy"), "E01", "xyzzy", "quorum help");
    assert_null(strstr(p.e.fix, "did you mean"));
    expect_error(PARSE(&p, W ""), "E01", "no command \"\"", "quorum help");
    expect_error(PARSE(&p, W "\033[2Jst\xe2\x80\xae"), "E01", "no command", "help");
    assert_null(strchr(p.e.text, '\033'));
    assert_null(strstr(p.e.text, "\xe2\x80\xae"));
    char longer[3000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    expect_error(PARSE(&p, longer), "E01", "no command", "help");
    expect_error(PARSE(&p, W "db", longer), "E01", "no command", "db up");
}

static void a_prefix_is_enough_only_to_look_and_only_when_it_fits_one(void **state)
{
    struct parsed p;
    (void)state;
    expect_command(PARSE(&p, W "sta"), "status");
    expect_command(PARSE(&p, W "vers"), "version");
    expect_command(PARSE(&p, W "evaluati"), "evaluations");
    expect_error(PARSE(&p, W "evalu"), "E02", "\"evalu\" fits evaluations, evaluate",
                 "more letters");
    expect_error(PARSE(&p, W "appr", W "17"), "E03", "\"appr\" acts, so write it in full: approve",
                 "");
    expect_error(PARSE(&p, W "evaluat"), "E02", "fits", "");
}

static void half_of_a_two_word_command_says_what_may_follow(void **state)
{
    struct parsed p;
    (void)state;
    expect_error(PARSE(&p, W "db"), "E01", "\"db\" needs a second word", "db up, db current");
    expect_error(PARSE(&p, W "db", W "--json"), "E01", "\"db\" needs a second word", "db up");
    expect_error(PARSE(&p, W "db", W "upp"), "E01", "no command \"db upp\"", "db up");
}

static void missing_and_surplus_arguments_show_the_usage(void **state)
{
    struct parsed p;
    (void)state;
    expect_error(PARSE(&p, W "approve"), "E04", "approve needs ID", "quorum help approve");
    expect_error(PARSE(&p, W "approve", W "1", W "2", W "3"), "", "approve does not take \"3\"",
                 "quorum approve ID");
    expect_error(PARSE(&p, W "status", W "x"), "", "status does not take \"x\"", "");
    char *many[CALL_ARGS_MAX + 4] = {W "quorum", W "evaluate"};
    for (int i = 2; i < CALL_ARGS_MAX + 3; i++)
        many[i] = W "AAPL";
    expect_error(parse_words(&p, many), "", "more than 64 arguments", "");
}

static void an_option_takes_its_value_either_way(void **state)
{
    struct parsed p;
    (void)state;
    expect_command(PARSE(&p, W "evaluate", W "--price=175.50", W "AAPL", W "--fresh",
                         W "--min-agreement", W "1"),
                   "evaluate");
    assert_string_equal(call_option(&p.call, "price"), "175.50");
    assert_string_equal(call_option(&p.call, "min-agreement"), "1");
    assert_string_equal(call_option(&p.call, "fresh"), "");
    assert_null(call_option(&p.call, "size"));
    assert_int_equal(p.call.nargs, 1);
    expect_command(PARSE(&p, W "evaluate", W "--price=", W "A"), "evaluate");
    assert_string_equal(call_option(&p.call, "price"), "");
    expect_command(PARSE(&p, W "evaluate", W "--price=a=b", W "A"), "evaluate");
    assert_string_equal(call_option(&p.call, "price"), "a=b");
    expect_command(PARSE(&p, W "evaluate", W "--size", W "-5", W "A"), "evaluate");
    assert_string_equal(call_option(&p.call, "size"), "-5");
}

static void a_wrong_option_is_named_and_the_right_one_suggested(void **state)
{
    struct parsed p;
    (void)state;
    expect_error(PARSE(&p, W "evaluate", W "--min-agree=1"), "E07",
                 "unknown option --min-agree for evaluate", "did you mean --min-agreement?");
    expect_error(PARSE(&p, W "evaluate", W "--pirce", W "1"), "E07", "--pirce",
                 "did you mean --price?");
    expect_error(PARSE(&p, W "status", W "--price=1"), "E07", "unknown option --price for status",
                 "quorum help status");
    expect_error(PARSE(&p, W "--jsno", W "status"), "E07", "unknown option --jsno",
                 "did you mean --json?");
    expect_error(PARSE(&p, W "evaluate", W "A", W "-x"), "E07", "unknown option -x for evaluate",
                 "quorum help evaluate");
    expect_error(PARSE(&p, W "db", W "current", W "--csv"), "", "one object", "--json");
    expect_error(PARSE(&p, W "-x", W "status"), "E07", "unknown option -x", "quorum help");
    expect_error(PARSE(&p, W "evaluate", W "--price"), "E06", "--price needs a value: --price=P",
                 "");
    expect_error(PARSE(&p, W "evaluate", W "--price", W "--fresh"), "E06", "--price needs a value",
                 "");
    expect_error(PARSE(&p, W "evaluate", W "--fresh=1"), "", "--fresh takes no value", "");
    expect_error(PARSE(&p, W "evaluate", W "--price=1", W "--price=2"), "",
                 "--price is given twice", "");
    expect_error(PARSE(&p, W "status", W "--json", W "--csv"), "", "exclude each other", "");
    expect_error(PARSE(&p, W "evaluate", W "--\033[2J=1"), "E07", "unknown option", "");
    assert_null(strchr(p.e.text, '\033'));
}

static void global_options_stand_before_or_behind_the_command(void **state)
{
    struct parsed p;
    (void)state;
    expect_command(PARSE(&p, W "--desk", W "demo", W "--json", W "status", W "--quiet", W "--yes"),
                   "status");
    assert_string_equal(p.call.desk_name, "demo");
    assert_int_equal(p.out.format, OUTPUT_JSON);
    assert_true(p.call.quiet && p.call.yes);
    expect_command(PARSE(&p, W "status", W "--csv", W "--desk=paper", W "--confirm=demo"),
                   "status");
    assert_int_equal(p.out.format, OUTPUT_CSV);
    assert_string_equal(p.call.desk_name, "paper");
    assert_string_equal(p.call.confirm, "demo");
    expect_error(PARSE(&p, W "--desk"), "E06", "--desk needs a value", "");
}

static void after_two_dashes_everything_is_an_argument(void **state)
{
    struct parsed p;
    (void)state;
    expect_command(PARSE(&p, W "evaluate", W "--", W "--price=1", W "-h", W "--"), "evaluate");
    assert_int_equal(p.call.nargs, 3);
    assert_string_equal(p.call.arg[0], "--price=1");
    assert_string_equal(p.call.arg[2], "--");
    assert_null(call_option(&p.call, "price"));
    assert_false(p.call.help);
    expect_command(PARSE(&p, W "--json", W "--", W "status"), "status");
}

static void a_command_that_passes_the_rest_on_gets_all_of_it(void **state)
{
    struct parsed p;
    (void)state;
    expect_command(PARSE(&p, W "--desk=demo", W "db", W "psql", W "-c", W "SELECT 1", W "--help",
                         W "--desk=x", W "--"),
                   "db psql");
    assert_int_equal(p.call.nargs, 5);
    assert_string_equal(p.call.arg[2], "--help");
    assert_string_equal(p.call.arg[4], "--");
    assert_string_equal(p.call.desk_name, "demo");
    assert_false(p.call.help);
}

static void help_and_version_are_found_wherever_they_stand(void **state)
{
    struct parsed p;
    (void)state;
    expect_command(PARSE(&p, W "--help"), "help");
    assert_false(p.call.help); /* the overview */
    expect_command(PARSE(&p, W "-h"), "help");
    assert_false(p.call.help);
    expect_command(PARSE(&p, W "--version"), "version");
    expect_command(PARSE(&p, W "-V"), "version");
    expect_command(PARSE(&p, W "approve", W "--help"), "approve"); /* though it lacks its ID */
    assert_true(p.call.help);
    expect_command(PARSE(&p, W "--help", W "approve"), "approve");
    assert_true(p.call.help);
    expect_command(PARSE(&p, W "db", W "up", W "-h"), "db up");
    assert_true(p.call.help);
}

static void values_of_options_are_checked_with_an_example(void **state)
{
    static const struct {
        const char *value;
        bool price, money, integer, number;
    } rows[] = {
        {"175.50", true, true, false, true},
        {"1", true, true, true, true},
        {"5", true, true, true, true},
        {"6", true, true, false, false},
        {"0", false, true, false, false},
        {"-1", false, false, false, false},
        {"1.23456", false, true, false, true},
        {"1e3", false, false, false, false},
        {"1e0", false, false, false, true},
        {"", false, false, false, false},
        {" 1", false, false, false, false},
        {"0x1", false, false, false, false},
        {"nan", false, false, false, false},
        {"\033[2J", false, false, false, false},
        {"99999999999999999999", false, false, false, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char option[64];
        struct parsed p;
        int64_t n = -7;
        struct value x = VALUE_UNKNOWN;
        snprintf(option, sizeof option, "--price=%s", rows[i].value);
        expect_command(PARSE(&p, W "evaluate", W "A", option), "evaluate");
        enum err rc[] = {
            call_price(&p.call, "price", &n, &p.e), call_money(&p.call, "price", &n, &p.e),
            call_int(&p.call, "price", 1, 5, &n, &p.e),
            call_number(&p.call, "price", .5, strchr(rows[i].value, '7') ? 200 : 5, &x, &p.e)};
        bool want[] = {rows[i].price, rows[i].money, rows[i].integer, rows[i].number};
        for (size_t k = 0; k < ARRAY_LEN(rc); k++) {
            if ((rc[k] == OK) != want[k])
                fail_msg("--price=%s as kind %zu: %d", rows[i].value, k, (int)rc[k]);
            if (rc[k])
                assert_string_equal(p.e.code, "E06");
        }
        assert_null(strchr(p.e.text, '\033'));
    }
    struct parsed p;
    int64_t n = -7;
    expect_command(PARSE(&p, W "evaluate", W "A", W "--price=175.50", W "--size=abc"), "evaluate");
    assert_int_equal(call_price(&p.call, "price", &n, &p.e), OK);
    assert_int_equal(n, 1755000);
    assert_int_equal(call_money(&p.call, "price", &n, &p.e), OK);
    assert_int_equal(n, 175500000);
    assert_int_equal(call_money(&p.call, "size", &n, &p.e), ERR_USAGE);
    assert_string_equal(p.e.text, "--size=abc is not an amount from 0 to 1000000000");
    assert_string_equal(p.e.fix, "example: --size=100000.00");
    assert_int_equal(n, 175500000);                                           /* untouched */
    assert_int_equal(call_int(&p.call, "min-agreement", 1, 5, &n, &p.e), OK); /* absent */
    assert_int_equal(n, 175500000);
}

/* The tests' standard input is no terminal: nothing dangerous happens without its option. */
static void nothing_that_acts_runs_unconfirmed(void **state)
{
    struct parsed p;
    (void)state;
    runs = 0;
    expect_command(PARSE(&p, W "approve", W "17"), "approve");
    assert_int_equal(command_run(&p.call, &p.e), ERR_CONFIRM);
    assert_string_equal(p.e.fix, "add --yes");
    expect_command(PARSE(&p, W "approve", W "17", W "--confirm=yes"), "approve");
    assert_int_equal(command_run(&p.call, &p.e), ERR_CONFIRM);
    expect_command(PARSE(&p, W "desk", W "drop", W "demo", W "--yes"), "desk drop");
    assert_int_equal(command_run(&p.call, &p.e), ERR_CONFIRM);
    assert_string_equal(p.e.fix, "add --confirm=demo");
    expect_command(PARSE(&p, W "desk", W "drop", W "demo", W "--confirm=paper"), "desk drop");
    assert_int_equal(command_run(&p.call, &p.e), ERR_CONFIRM);
    assert_int_equal(runs, 0);
    expect_command(PARSE(&p, W "approve", W "17", W "--yes"), "approve");
    assert_int_equal(command_run(&p.call, &p.e), OK);
    assert_string_equal(buf_text(&p.out.text), "ran approve\n");
    buf_release(&p.out.text);
    expect_command(PARSE(&p, W "desk", W "drop", W "demo", W "--confirm=demo"), "desk drop");
    assert_int_equal(command_run(&p.call, &p.e), OK);
    buf_release(&p.out.text);
    assert_int_equal(runs, 2);
    expect_command(PARSE(&p, W "approve", W "--help"), "approve"); /* only reading about it */
    assert_int_equal(command_run(&p.call, &p.e), OK);
    assert_int_equal(runs, 2);
    buf_release(&p.out.text);
}

static void help_names_everything_a_command_takes(void **state)
{
    struct buf b = {0};
    (void)state;
    command_help(&acting[0], &b);
    static const char *const parts[] = {"quorum evaluate ID", "help text", "also: eval e",
                                        "More words.",        "--price=P", "--fresh"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (!strstr(b.data, parts[i]))
            fail_msg("\"%s\" is missing in:\n%s", parts[i], b.data);
    buf_clear(&b);
    command_help(&acting[1], &b);
    assert_non_null(strstr(b.data, "needs --yes"));
    buf_clear(&b);
    command_help(&acting[2], &b);
    assert_non_null(strstr(b.data, "--confirm=WORD"));
    buf_clear(&b);
    command_overview(&b);
    for (const struct command *c = NULL; (c = command_next(c));)
        assert_non_null(strstr(b.data, c->name));
    for (const struct option_row *o = command_global_options(); o->name; o++)
        assert_non_null(strstr(b.data, o->name));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_found_by_name_alias_and_two_words),
        cmocka_unit_test(a_word_that_is_no_command_suggests_one),
        cmocka_unit_test(a_prefix_is_enough_only_to_look_and_only_when_it_fits_one),
        cmocka_unit_test(half_of_a_two_word_command_says_what_may_follow),
        cmocka_unit_test(missing_and_surplus_arguments_show_the_usage),
        cmocka_unit_test(an_option_takes_its_value_either_way),
        cmocka_unit_test(a_wrong_option_is_named_and_the_right_one_suggested),
        cmocka_unit_test(global_options_stand_before_or_behind_the_command),
        cmocka_unit_test(after_two_dashes_everything_is_an_argument),
        cmocka_unit_test(a_command_that_passes_the_rest_on_gets_all_of_it),
        cmocka_unit_test(help_and_version_are_found_wherever_they_stand),
        cmocka_unit_test(values_of_options_are_checked_with_an_example),
        cmocka_unit_test(nothing_that_acts_runs_unconfirmed),
        cmocka_unit_test(help_names_everything_a_command_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
