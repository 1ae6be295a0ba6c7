/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every row of the table of commands: its help, what Tab offers for its arguments, one wrong call,
 * and its answer as JSON on a small demo desk. A command that is added is looked at without a new
 * test. QUORUM_TEST_LONG=1: all are run; else a seeded third (QUORUM_TEST_SEED chooses it). */
#include <ctype.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/command.h"
#include "quorum/mem.h"
#include "support/capture.h"
#include "ui/console_complete.h"
#include "ui/console_run.h"
#include "unit/frame_fixture.h"

enum { KINDS_MAX = 12, ANSWER_MAX = 4 << 20 };

static uint32_t seed = 20261122;

static bool is_chosen(void)
{
    const char *text = getenv("QUORUM_TEST_LONG");
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return (text && strcmp(text, "1") == 0) || seed % 3 == 0;
}

/* ---- the arguments of a usage line */

/* The alternatives of argument `index`: "[pause|halt] [REASON]" has pause and halt at 0. */
static int alternatives(const char *usage, int index, char out[KINDS_MAX][32])
{
    static const char ends[] = "[]|, ";
    int n = 0;
    while (index-- > 0) {
        usage += strcspn(usage, " ");
        usage += strspn(usage, " ");
    }
    size_t whole = strcspn(usage, " ");
    for (const char *at = usage; at < usage + whole && n < KINDS_MAX;) {
        at += strspn(at, "[]|,");
        size_t len = strcspn(at, ends);
        if (len > 0 && at < usage + whole) {
            copy_bytes(out[n], 32, at, len);
            char *dots = strstr(out[n++], "...");
            if (dots)
                *dots = '\0';
        }
        at += len;
    }
    return n;
}

static bool is_word_to_type(const char *word)
{
    for (const char *p = word; *p; p++)
        if (!islower((unsigned char)*p) && *p != '-')
            return false;
    return *word != '\0';
}

/* ---- help */

static void every_command_says_what_it_does(void **state)
{
    (void)state;
    for (const struct command *c = NULL; (c = command_next(c));) {
        struct buf help = {0};
        command_help(c, &help);
        if (!c->help || strlen(c->help) < 10 || !strstr(buf_text(&help), c->help))
            fail_msg("%s: no help", c->name);
        if (!strstr(buf_text(&help), c->name) || !strstr(buf_text(&help), c->usage))
            fail_msg("%s: help does not show how it is called", c->name);
        for (const struct option_row *o = c->options; o && o->name; o++) {
            char dashed[60];
            snprintf(dashed, sizeof dashed, "--%s", o->name);
            if (!strstr(buf_text(&help), dashed) || !o->help || !*o->help)
                fail_msg("%s: help does not tell of --%s", c->name, o->name);
        }
        if ((c->max_args != 0) != (*c->usage != '\0') && !c->passes_rest)
            fail_msg("%s: takes arguments that its usage \"%s\" does not show, or none that it "
                     "does",
                     c->name, c->usage);
        buf_release(&help);
    }
}

/* ---- completion */

static struct snapshot desk;

static bool is_offered(const char *line, const char *word, size_t *n)
{
    struct complete_from from = {
        .snapshot = &desk, .focus = PANEL_POSITIONS, .agents = agent_table};
    struct bar_words words = {0};
    bool found = false;
    complete_line(&from, line, strlen(line), &words);
    for (size_t i = 0; i < words.n; i++)
        found = found || (word && strcmp(words.word[i].word, word) == 0);
    *n = words.n;
    mem_free(words.word);
    arena_release(&words.arena);
    return found;
}

static void check_argument(const struct command *c, const char *kind)
{
    /* What can be known before it is typed; N, REASON, TEXT, FILE and the like cannot. */
    static const char *const known[] = {"SYMBOL", "SYM", "RULE", "PANEL", "AGENT", "COMMAND", "ID"};
    static const char *const empty[] = {"revert", "unshadow", "cycle", "undo"}; /* no such rows */
    char line[120], hint[200];
    bool may_be_none = false;
    size_t n;
    for (size_t i = 0; i < ARRAY_LEN(empty); i++)
        may_be_none = may_be_none || strcmp(c->name, empty[i]) == 0;
    snprintf(line, sizeof line, "%s ", c->name);
    bool found = is_offered(line, kind, &n);
    if (is_word_to_type(kind) && !found)
        fail_msg("Tab after \"%s\" does not offer %s", line, kind);
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(kind, known[i]) == 0 && n == 0 && !may_be_none)
            fail_msg("Tab after \"%s\" offers no %s", line, kind);
    hint_line(line, strlen(line), hint, sizeof hint);
    if (!*hint)
        fail_msg("no hint for \"%s\"", line);
}

static void every_argument_is_completed(void **state)
{
    (void)state;
    pictured_desk(&desk);
    for (const struct command *c = NULL; (c = command_next(c));) {
        char kind[KINDS_MAX][32], line[120], option[60];
        size_t n;
        if (!console_runs(c->name) || c->passes_rest)
            continue;
        if (!is_offered("", c->name, &n))
            fail_msg("Tab in an empty bar does not offer %s", c->name);
        for (int i = 0, all = alternatives(c->usage, 0, kind); i < all; i++)
            check_argument(c, kind[i]);
        for (const struct option_row *o = c->options; o && o->name; o++) {
            snprintf(line, sizeof line, "%s --", c->name);
            snprintf(option, sizeof option, "--%s%s", o->name, o->value ? "=" : "");
            if (!is_offered(line, option, &n))
                fail_msg("Tab after \"%s\" does not offer %s", line, option);
        }
    }
    snapshot_release(&desk);
}

/* ---- what they answer */

/* Runs the program on a desk of its own; the answer is to be freed. */
static char *answer(const char *const *word, int nwords, int *status)
{
    const char *argv[24] = {getenv("QUORUM_BIN"), "--desk=demo", "--json"};
    char *text = mem_array(ANSWER_MAX, 1);
    for (int i = 0; i < nwords && i < 20; i++)
        argv[3 + i] = word[i];
    *status = capture(text, ANSWER_MAX, argv);
    return text;
}

/* Words of the command's name, which may be two. */
static int name_words(const struct command *c, char first[40], const char *word[20])
{
    const char *space = strchr(c->name, ' ');
    if (!space) {
        word[0] = c->name;
        return 1;
    }
    copy_bytes(first, 40, c->name, (size_t)(space - c->name));
    word[0] = first;
    word[1] = space + 1;
    return 2;
}

/* One JSON value, and nothing else. NULL: it is none. */
static json_object *parse(const char *text)
{
    enum json_tokener_error error;
    json_tokener *t = json_tokener_new();
    json_object *value = json_tokener_parse_ex(t, text, -1);
    error = json_tokener_get_error(t);
    const char *rest = text + json_tokener_get_parse_end(t);
    bool whole = error == json_tokener_success && rest[strspn(rest, " \n")] == '\0';
    json_tokener_free(t);
    if (!whole) {
        json_object_put(value);
        return NULL;
    }
    return value;
}

/* {"error": {"code", "text", "fix"}}; not every error has a code. */
static bool is_error(json_object *value)
{
    json_object *error, *code, *text;
    return json_object_object_get_ex(value, "error", &error) &&
           json_object_object_get_ex(error, "code", &code) &&
           json_object_object_get_ex(error, "text", &text) && json_object_get_string_len(text) > 0;
}

static void a_wrong_call_of_any_command_is_refused_in_json(void **state)
{
    (void)state;
    for (const struct command *c = NULL; (c = command_next(c));) {
        const char *word[20];
        char first[40];
        int status, n = name_words(c, first, word);
        if (c->passes_rest || !is_chosen())
            continue;
        word[n++] = "--no-such-option";
        char *text = answer(word, n, &status);
        json_object *value = parse(text);
        if (status != ERR_USAGE || !value || !is_error(value) || !strstr(text, "\"E0"))
            fail_msg("%s --no-such-option: exit status %d, %s", c->name, status, text);
        json_object_put(value);
        mem_free(text);
    }
}

/* Something that exists on the desk, for each kind of argument. */
static const char *example(const struct command *c, const char *kind)
{
    static const char *const some[][2] = {{"SYMBOL", "AAPL"},    {"SYM", "AAPL"},
                                          {"ID", "1"},           {"ID1", "1"},
                                          {"ID2", "2"},          {"N", "3"},
                                          {"OBJECT", "#1"},      {"TEXT", "seen"},
                                          {"RULE", "fmp.429"},   {"AGENT", "research"},
                                          {"COMMAND", "status"}, {"PATTERN", "engine"},
                                          {"NAME", "stop_mult"}, {"NAME=VALUE", "stop_mult=2"}};
    if (strcmp(c->name, "agent run") == 0 && strcmp(kind, "NAME") == 0)
        return "research";
    if (is_word_to_type(kind))
        return kind;
    for (size_t i = 0; i < ARRAY_LEN(some); i++)
        if (strcmp(kind, some[i][0]) == 0)
            return some[i][1];
    return NULL;
}

/* Those that look, with the arguments they must have. Returns 0 when it should not be run here. */
static int looking_call(const struct command *c, char first[40], const char *word[20])
{
    static const char *const others[] = {"console", "backtest", "demo", "engine",
                                         "quote",   "doctor"}; /* long, or need a market */
    static char kinds[4][KINDS_MAX][32];
    int n = name_words(c, first, word), most = c->max_args < 0 ? c->min_args : c->max_args;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (strcmp(c->name, others[i]) == 0)
            return 0;
    if (c->acts || c->in_console || c->passes_rest || c->level || strncmp(c->name, "db ", 3) == 0)
        return 0;
    for (int i = 0; i < c->min_args && i < 4 && i < most; i++) {
        const char *text;
        if (alternatives(c->usage, i, kinds[i]) == 0 || !(text = example(c, kinds[i][0])))
            return 0;
        word[n++] = text;
    }
    return n;
}

static void every_command_that_looks_answers_in_json(void **state)
{
    int asked = 0, answered = 0;
    (void)state;
    for (const struct command *c = NULL; (c = command_next(c));) {
        const char *word[20];
        char first[40];
        int status, n = looking_call(c, first, word);
        if (n == 0 || !is_chosen())
            continue;
        char *text = answer(word, n, &status);
        json_object *value = parse(text);
        if (status > 10 || !value)
            fail_msg("%s: exit status %d, no JSON: %.2000s", c->name, status, text);
        if (status != 0 && !is_error(value) && status != ERR_FAILED)
            fail_msg("%s: exit status %d without an error: %.2000s", c->name, status, text);
        asked++;
        answered += status == 0;
        json_object_put(value);
        mem_free(text);
    }
    print_message("# %d asked, %d answered\n", asked, answered);
    assert_true(answered * 4 >= asked * 3); /* what an example does not fit may be refused */
}

static int live_a_little(void **state)
{
    const char *argv[] = {"demo", "--sessions=3", "--exit"};
    const char *start = getenv("QUORUM_TEST_SEED");
    int status;
    (void)state;
    if (!getenv("QUORUM_BIN"))
        return -1;
    if (start)
        seed = (uint32_t)strtoul(start, NULL, 10) | 1;
    mem_free(answer(argv, 3, &status));
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_says_what_it_does),
        cmocka_unit_test(every_argument_is_completed),
        cmocka_unit_test(a_wrong_call_of_any_command_is_refused_in_json),
        cmocka_unit_test(every_command_that_looks_answers_in_json),
    };
    return cmocka_run_group_tests(tests, live_a_little, NULL);
}
