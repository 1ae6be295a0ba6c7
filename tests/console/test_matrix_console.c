/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console as a whole on terminals of every kind and size, with every death, with what terminals
 * and enemies send, and with what breaks between a yes and its effect. A demo desk of its own.
 * QUORUM_TEST_LONG=1: the whole matrices; else a seeded sample (QUORUM_TEST_SEED chooses it). */
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/timeutil.h"
#include "support/capture.h"
#include "support/terminal.h"

enum { ROWS = 30, COLS = 100, WAIT_MS = 30000, GUARD_MS = 450 };

/* Keys that bring the console into a state, what is seen then, what must stay in the last row. */
struct situation {
    const char *name, *keys, *sign, *kept;
    const char *first, *shown; /* keys before those, and what must be seen then */
};
static const struct situation situations[] = {
    {.name = "panels", .keys = "", .sign = "Positions"},
    {.name = "a question", .keys = "p", .sign = "pause? [y/N]", .kept = "pause?"},
    {.name = "a question for a word",
     .keys = "!",
     .sign = "type PAUSE, HALT or FLATTEN",
     .kept = "type PAU"},
    {.name = "help", .keys = "?", .sign = "help"},
    {.name = "the bar", .keys = ":filter some", .sign = ":filter some", .kept = ":filter some"},
    {.name = "the choice of words", .keys = ":a\t\t", .sign = "actions", .kept = ":a"},
    {.name = "a list alone", .keys = "3z", .sign = "Closed trades"},
    {.name = "a detail", .first = "3", .shown = "> #", .keys = "\r", .sign = "Trade #"},
};
static const int sizes[][2] = {{1, 1},    {5, 20},   {12, 40},  {24, 79},  {23, 80},  {24, 80},
                               {32, 112}, {40, 120}, {48, 170}, {60, 200}, {200, 500}};
static const int deaths[] = {SIGTERM, SIGINT, SIGHUP,  SIGQUIT, SIGSEGV,
                             SIGBUS,  SIGFPE, SIGABRT, SIGILL};

/* The console of the test that runs; ended after it, also when it failed. */
static struct terminal here = {.fd = -1};

static uint32_t seed = 20261122;

static uint32_t dice(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static bool is_long(void)
{
    const char *text = getenv("QUORUM_TEST_LONG");
    return text && strcmp(text, "1") == 0;
}

static const char *program(void)
{
    return getenv("QUORUM_BIN");
}

/* ---- other processes */

static int command(const char *first, const char *second)
{
    char ignored[8192];
    const char *argv[] = {program(), "--desk=demo", first, second, NULL};
    return capture(ignored, sizeof ignored, argv);
}

static bool desk_is(const char *word)
{
    char json[8192], quoted[40];
    const char *argv[] = {program(), "--desk=demo", "status", "--json", NULL};
    snprintf(quoted, sizeof quoted, "\"%s\"", word);
    capture(json, sizeof json, argv);
    return strstr(json, quoted) != NULL;
}

/* How often the desk was paused, as its audit says. */
static int times_paused(void)
{
    char json[1 << 17];
    const char *argv[] = {program(), "--desk=demo", "actions", "--limit=200", "--json", NULL};
    int n = 0;
    capture(json, sizeof json, argv);
    for (const char *at = json; (at = strstr(at, "\"pause\"")) != NULL; at++)
        n++;
    return n;
}

static int live_a_little(void **state)
{
    char said[8192];
    const char *start = getenv("QUORUM_TEST_SEED");
    (void)state;
    if (!program())
        return -1;
    /* random keys may export something into the working directory */
    if (chdir(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp") != 0)
        return -1;
    if (start)
        seed = (uint32_t)strtoul(start, NULL, 10);
    const char *argv[] = {program(), "demo", "--sessions=3", "--exit", NULL};
    return capture(said, sizeof said, argv);
}

static int end_console(void **state)
{
    (void)state;
    terminal_end(&here);
    return 0;
}

static int stop_engine(void **state)
{
    (void)state;
    command("engine", "stop");
    return 0;
}

/* ---- a console */

static void start_with(struct terminal *t, const char *term, const char *const *setup)
{
    const char *argv[] = {program(), "console", "--desk=demo", NULL};
    struct terminal_options o = {.rows = ROWS, .cols = COLS, .term = term, .setup = setup};
    assert_true(terminal_start(t, &o, argv));
}

static void must_show(struct terminal *t, const char *text)
{
    if (!terminal_shows(t, text, WAIT_MS)) {
        terminal_print(t);
        fail_msg("\"%s\" did not come", text);
    }
}

static void start(struct terminal *t)
{
    static const char *const usual[] = {"INPUTRC=/dev/null", NULL};
    start_with(t, "xterm-256color", usual);
    must_show(t, "DB ok");
    must_show(t, "Positions");
}

static void must_end(struct terminal *t, int ms, const char *what)
{
    char left[240];
    if (!terminal_ended(t, ms)) {
        terminal_print(t);
        fail_msg("%s: it runs on after %d ms", what, ms);
    }
    if (*terminal_left(t, left))
        fail_msg("%s: left behind: %s", what, left);
}

static void leave(struct terminal *t)
{
    terminal_keys(t, "\x1b");
    terminal_take(t, 120);
    terminal_keys(t, "\x1b");
    terminal_take(t, 120);
    terminal_keys(t, "\003");
    terminal_take(t, 60);
    terminal_keys(t, "q");
    if (!terminal_ended(t, 1500))
        terminal_keys(t, "\x1b"); /* something was open below */
    if (!terminal_ended(t, 200))
        terminal_keys(t, "qq");
    must_end(t, 10000, "q");
    terminal_end(t);
}

static void enter(struct terminal *t, const struct situation *s)
{
    if (s->first) {
        terminal_keys(t, s->first);
        must_show(t, s->shown);
    }
    terminal_keys(t, s->keys);
    must_show(t, s->sign);
    terminal_settle(t, 80, 2000);
}

/* Back to the panels from wherever. */
static void come_back(struct terminal *t)
{
    for (int i = 0; i < 3; i++) {
        terminal_keys(t, "\x1b");
        terminal_take(t, 90);
    }
    terminal_keys(t, ":\025\003");
    terminal_take(t, 60);
}

/* ---- sizes */

/* True when what stands there is what is drawn anew: no cell is left from before. */
static bool is_whole(struct terminal *t, struct buf *why)
{
    struct buf before = {0}, anew = {0};
    terminal_gets(t, "\x1b[?2026l", 1500);
    terminal_settle(t, 60, 2000);
    vt_dump(&t->vt, &before);
    terminal_forget(t);
    terminal_keys(t, "\014");
    terminal_gets(t, "\x1b[?2026l", 5000);
    terminal_settle(t, 60, 2000);
    vt_dump(&t->vt, &anew);
    const char *a = buf_text(&before), *b = buf_text(&anew);
    bool same = strcmp(a, b) == 0;
    while (!same && *a && strcspn(a, "\n") == strcspn(b, "\n") &&
           strncmp(a, b, strcspn(a, "\n")) == 0) {
        a += strcspn(a, "\n") + 1;
        b += strcspn(b, "\n") + 1;
    }
    if (!same)
        buf_printf(why, "\n%.*s\n%.*s", (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
    buf_release(&before);
    buf_release(&anew);
    return same;
}

static bool bottom_has(const struct terminal *t, const char *text)
{
    char line[4096];
    vt_row(&t->vt, t->vt.rows - 1, line, sizeof line);
    return strncmp(line, text, strlen(text)) == 0;
}

/* A picture that changes by itself (an age, a toast's end) may differ once, not again and again. */
static void check_size(struct terminal *t, const struct situation *s, int rows, int cols)
{
    struct buf why = {0};
    bool whole = false;
    for (int i = 0; i < 3 && !whole; i++) {
        terminal_forget(t);
        terminal_resize(t, rows, cols);
        whole = is_whole(t, &why);
        if (!whole)
            terminal_resize(t, ROWS, COLS);
    }
    if (!whole)
        print_message("# a line, and what it is when drawn anew:%s\n", buf_text(&why));
    buf_release(&why);
    if (!whole)
        fail_msg("%s at %dx%d: a cell is left of another picture", s->name, cols, rows);
    if (terminal_ended(t, 0))
        fail_msg("%s at %dx%d: it ended", s->name, cols, rows);
    /* A question that cannot be read says so. */
    bool small = (rows < 16 || cols < 60) && bottom_has(t, "enlarge");
    if (s->kept && rows > 1 && cols >= 20 && !small && !bottom_has(t, s->kept)) {
        terminal_print(t);
        fail_msg("%s at %dx%d: \"%s\" is gone", s->name, cols, rows, s->kept);
    }
}

static void whatever_is_open_survives_every_size(void **state)
{
    (void)state;
    command("engine", "stop");
    start(&here);
    must_show(&here, "an engine was started");
    command("engine", "stop"); /* the clock stands still, and with it the picture */
    terminal_take(&here, 2500);
    for (size_t i = 0; i < ARRAY_LEN(situations); i++) {
        int fixed = is_long() ? (int)ARRAY_LEN(sizes) : 2, any = is_long() ? 40 : 2;
        enter(&here, &situations[i]);
        for (int k = 0; k < fixed; k++) {
            const int *size = sizes[is_long() ? (size_t)k : dice() % (ARRAY_LEN(sizes) - 1)];
            check_size(&here, &situations[i], size[0], size[1]);
        }
        for (int k = 0; k < any; k++)
            check_size(&here, &situations[i], 1 + (int)(dice() % 70), 1 + (int)(dice() % 200));
        terminal_resize(&here, ROWS, COLS);
        terminal_settle(&here, 60, 2000);
        come_back(&here);
        assert_true(desk_is("RUNNING"));
    }
    leave(&here);
}

/* ---- deaths */

static void die(int signal, const struct situation *s)
{
    char what[120];
    start(&here);
    enter(&here, s);
    kill(here.pid, signal);
    snprintf(what, sizeof what, "signal %d in %s", signal, s->name);
    must_end(&here, 5000, what);
    terminal_end(&here);
}

static void every_death_in_every_situation_gives_the_terminal_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(deaths); i++) {
        for (size_t k = 1; k < ARRAY_LEN(situations); k++)
            if (is_long())
                die(deaths[i], &situations[k]);
    }
    for (int i = 0; i < 3 && !is_long(); i++)
        die(deaths[dice() % ARRAY_LEN(deaths)], &situations[1 + dice() % 7]);
    assert_true(desk_is("RUNNING"));
}

/* ---- terminals */

static void screen_of(const char *term, const char *locale)
{
    char lc[60];
    const char *setup[] = {"INPUTRC=/dev/null", lc, NULL};
    snprintf(lc, sizeof lc, "LC_ALL=%s", locale);
    start_with(&here, term, setup);
    must_show(&here, "Positions");
    must_show(&here, "DB ok");
    terminal_keys(&here, "3");
    must_show(&here, "Closed trades");
    if (strcmp(locale, "C") == 0)
        for (size_t i = 0; i < here.seen.len; i++)
            assert_false(here.seen.data[i] & 0x80);
    if (here.vt.unknown)
        fail_msg("TERM %s does not know %s", term, here.vt.first_unknown);
    terminal_keys(&here, "q");
    must_end(&here, 10000, term);
    terminal_end(&here);
}

static void lines_of(const char *term)
{
    start_with(&here, term, NULL);
    if (!terminal_gets(&here, "quorum", WAIT_MS))
        fail_msg("nothing came without a screen");
    terminal_keys(&here, "status\n");
    if (!terminal_gets(&here, "equity", WAIT_MS))
        fail_msg("no answer came without a screen: %s", buf_text(&here.seen));
    assert_null(strstr(buf_text(&here.seen), "\x1b["));
    terminal_keys(&here, "quit\n");
    must_end(&here, 10000, "quit");
    terminal_end(&here);
}

static void every_terminal_has_a_console_or_a_clear_line(void **state)
{
    static const char *const terms[] = {"xterm-256color", "tmux-256color", "screen",
                                        "linux",          "vt100",         "nosuch"};
    static const char *const locales[] = {"C.UTF-8", "C"};
    size_t some = 3 + dice() % 3;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(terms); i++)
        for (size_t k = 0; k < ARRAY_LEN(locales); k++)
            if (is_long() || (i == some && k == 1) || (i == 1 && k == 0))
                screen_of(terms[i], locales[k]);
    lines_of("dumb");
    if (is_long())
        lines_of(NULL);
}

/* ---- what comes in */

static void replies_of_the_terminal_are_not_typed(void **state)
{
    static const char *const replies[] = {"\x1b[?64;1;2c",
                                          "\x1b]11;rgb:0000/0000/0000\x1b\\",
                                          "\x1b]10;rgb:ffff/ffff/ffff\a",
                                          "\x1bP>|xterm(390)\x1b\\",
                                          "\x1bP1+r544e=787465726d\x1b\\",
                                          "\x1b[24;80R",
                                          "\x1b[I",
                                          "\x1b[O",
                                          "\x1b[I",
                                          "\x1b[?2026;2$y",
                                          "\x1b[?0u",
                                          "\x1b[8;30;100t",
                                          "\x1b_Gi=31;OK\x1b\\"};
    (void)state;
    start(&here);
    for (int in_bar = 0; in_bar < 2; in_bar++) {
        if (in_bar)
            terminal_keys(&here, ":");
        for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
            terminal_keys(&here, replies[i]);
            terminal_take(&here, 30);
        }
    }
    terminal_keys(&here, "filter ok");
    must_show(&here, ":filter ok");
    char line[400];
    vt_row(&here.vt, ROWS - 1, line, sizeof line);
    if (strncmp(line, ":filter ok", 10) != 0)
        fail_msg("the bar has \"%s\"", line);
    terminal_keys(&here, "\003\003");
    leave(&here);
}

static void random_bytes_crash_nothing(void **state)
{
    int rounds = is_long() ? 60 : 2, size = is_long() ? 20000 : 6000;
    /* what readline forgets, and how it compares strings, is its own */
    static const char *const with[] = {
        "INPUTRC=/dev/null",
        "ASAN_OPTIONS=detect_leaks=0:replace_str=0:intercept_strchr=0:intercept_strndup=0", NULL};
    (void)state;
    for (int round = 0; round < rounds; round++) {
        uint32_t begun = seed;
        start_with(&here, "xterm-256color", with);
        must_show(&here, "DB ok");
        for (int i = 0; i < size && here.pid > 0; i++) {
            char byte = (char)(dice() >> 8);
            if (byte == 'q' || byte == 'Q' || byte == 0x04 || byte == 0x1c || byte == 0x1a)
                byte = 'j'; /* it would end too soon */
            if (!terminal_type(&here, &byte, 1) || (i % 64 == 0 && terminal_ended(&here, 0)))
                break;
            if (i % 512 == 0)
                terminal_take(&here, 20);
        }
        if (here.pid > 0) {
            terminal_take(&here, 200);
            kill(here.pid, SIGTERM);
        }
        must_end(&here, 10000, "random bytes");
        if (!WIFEXITED(here.status) || WEXITSTATUS(here.status) != 0) {
            terminal_print(&here);
            fail_msg("seed %u: it ended with %x", begun, (unsigned)here.status);
        }
        terminal_end(&here);
    }
    command("resume", "--yes"); /* they may have paused the desk */
}

static void megabytes_pasted_into_the_bar_run_nothing(void **state)
{
    struct buf paste = {0};
    size_t most = (size_t)(is_long() ? 16 : 2) << 20;
    (void)state;
    start(&here);
    terminal_keys(&here, ":");
    buf_str(&paste, "\x1b[200~");
    while (paste.len < most)
        buf_str(&paste, "kill halt --confirm=HALT\ny\n\x1b[A\x1b]0;x\a!HALT\nq\n");
    buf_str(&paste, "\x1b[201~");
    int64_t begun = time_monotonic_us();
    assert_true(terminal_type(&here, paste.data, paste.len));
    buf_release(&paste);
    terminal_keys(&here, "\025\003");
    terminal_settle(&here, 300, 20000);
    assert_true(time_monotonic_us() - begun < 60 * INT64_C(1000000));
    assert_true(desk_is("RUNNING"));
    leave(&here);
}

static void an_inputrc_of_an_enemy_breaks_nothing(void **state)
{
    static const char *const files[] = {
        "set editing-mode vi\nset bell-style audible\nset convert-meta on\nTab: self-insert\n",
        "\"\\C-m\": self-insert\n\"\\C-j\": abort\n\"y\": \"n\"\n\"p\": kill-whole-line\n",
        "\"a\": \":kill halt\\n\"\n\"\\e\": accept-line\nset enable-bracketed-paste on\n"
        "set horizontal-scroll-mode on\nset completion-query-items 0\nset show-all-if-ambiguous "
        "on\n",
        "$include /nowhere\n$if mode=\n$endif\nset\n\"\n"};
    char path[300], setup[340];
    /* readline does not give back what such a file made it keep. */
    const char *const with[] = {setup, "ASAN_OPTIONS=detect_leaks=0", NULL};
    (void)state;
    snprintf(path, sizeof path, "%s/inputrc", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    snprintf(setup, sizeof setup, "INPUTRC=%s", path);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        fputs(files[i], f);
        fclose(f);
        if (!is_long() && i != dice() % 4)
            continue;
        start_with(&here, "xterm-256color", with);
        must_show(&here, "DB ok");
        terminal_keys(&here, ":layout std"); /* whatever becomes of it */
        terminal_settle(&here, 300, 3000);
        terminal_keys(&here, "\r");
        terminal_settle(&here, 300, 3000);
        assert_true(desk_is("RUNNING"));
        terminal_keys(&here, "\x1b");
        terminal_take(&here, 120);
        kill(here.pid, SIGTERM);
        must_end(&here, 10000, "a hostile inputrc");
        if (!WIFEXITED(here.status) || WEXITSTATUS(here.status) != 0) {
            terminal_print(&here);
            fail_msg("file %zu: it ended with %x", i, (unsigned)here.status);
        }
        terminal_end(&here);
    }
    unlink(path);
}

static void keys_typed_before_their_question_answer_none(void **state)
{
    static const char *const lines[] = {"pyyyy",
                                        ":pause\ryyy",
                                        "!HALT\r",
                                        ":kill halt\rHALT\r",
                                        ":kill flatten\rFLATTEN\r",
                                        ":close all\rCLOSE\rALL\ryyy",
                                        "!PAUSE\ry",
                                        ":guards reset drawdown\ryy"};
    (void)state;
    start(&here);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (!is_long() && i > 1 && i != 2 + dice() % 6)
            continue;
        terminal_keys(&here, lines[i]); /* in one write, before anything is painted */
        terminal_take(&here, GUARD_MS + 300);
        come_back(&here);
        if (!desk_is("RUNNING"))
            fail_msg("\"%s\" was obeyed", lines[i]);
    }
    leave(&here);
}

static void keys_that_come_together_are_done_in_their_order(void **state)
{
    (void)state;
    start(&here);
    terminal_keys(&here, "3");
    must_show(&here, "> #");
    terminal_keys(&here, "1");
    terminal_settle(&here, 200, 3000);
    terminal_keys(&here, "3\r"); /* Enter is for the list that 3 goes to */
    must_show(&here, "Trade #");
    terminal_keys(&here, "\x1b");
    terminal_take(&here, 200);
    terminal_keys(&here, "3\r:filter some");
    must_show(&here, "Trade #");
    must_show(&here, ":filter some");
    terminal_keys(&here, "\003\003");
    leave(&here);
}

/* ---- what breaks between a yes and its effect */

static pid_t postmaster(void)
{
    char pattern[600], line[32] = "";
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/cluster/pg/*/postmaster.pid", getenv("QUORUM_HOME"));
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    FILE *f = fopen(found.gl_pathv[0], "re");
    if (f && !fgets(line, sizeof line, f))
        line[0] = '\0';
    if (f)
        fclose(f);
    globfree(&found);
    return (pid_t)strtol(line, NULL, 10);
}

static void ask_to_pause(struct terminal *t)
{
    terminal_keys(t, "p");
    must_show(t, "pause? [y/N]");
    terminal_take(t, GUARD_MS);
}

static bool said_what_became_of_it(const struct terminal *t, const void *arg)
{
    (void)arg;
    return vt_has(&t->vt, "E40") || vt_has(&t->vt, "paused") || vt_has(&t->vt, "PAUSED") ||
           vt_has(&t->vt, "not known") || vt_has(&t->vt, "was not done") ||
           vt_has(&t->vt, "nothing was");
}

/* Returns whether the pause came into force. */
static bool lose_the_database(int after_us)
{
    struct timespec nap = {.tv_nsec = after_us * 1000L};
    if (desk_is("PAUSED"))
        command("resume", "--yes");
    int before = times_paused();
    start(&here);
    ask_to_pause(&here);
    pid_t server = postmaster();
    assert_true(server > 0);
    terminal_keys(&here, "y");
    nanosleep(&nap, NULL);
    kill(server, SIGQUIT); /* at once, as a machine that fails */
    if (!terminal_until(&here, said_what_became_of_it, NULL, WAIT_MS)) {
        terminal_print(&here);
        fail_msg("nothing was said %d us after y", after_us);
    }
    bool paused = desk_is("PAUSED");
    int times = times_paused() - before;
    if ((paused && times != 1) || (!paused && times != 0))
        fail_msg("%d us after y: the desk is %s paused, and was paused %d times", after_us,
                 paused ? "" : "not", times);
    must_show(&here, paused ? "DEMO PAUSED" : "DEMO RUNNING"); /* it is back, and says which */
    leave(&here);
    if (paused)
        assert_int_equal(command("resume", "--yes"), 0);
    return paused;
}

static void a_pause_whose_database_dies_is_done_once_or_not_at_all(void **state)
{
    int done = 0, n = is_long() ? 40 : 2;
    (void)state;
    if (postmaster() <= 0)
        skip();
    for (int i = 0; i < n; i++)
        done += lose_the_database(is_long() ? (int)(dice() % 30000) : i * 4000);
    print_message("# %d of %d came into force\n", done, n);
    assert_true(desk_is("RUNNING"));
}

/* Of the engine that runs: {"id":"HOST/PID/START","state":"RUNNING", ... */
static pid_t engine_pid(void)
{
    char json[8192];
    const char *argv[] = {program(), "--desk=demo", "engine", "status", "--json", NULL};
    capture(json, sizeof json, argv);
    char *running = strstr(json, "\"state\":\"RUNNING\"");
    if (!running)
        return 0;
    *running = '\0';
    const char *id = strrchr(json, '{'), *slash = id ? strchr(id, '/') : NULL;
    return slash ? (pid_t)strtol(slash + 1, NULL, 10) : 0;
}

static void a_pause_whose_engine_dies_is_done_once(void **state)
{
    int before;
    (void)state;
    before = times_paused();
    start(&here);
    pid_t pid = engine_pid();
    assert_true(pid > 0);
    ask_to_pause(&here);
    terminal_keys(&here, "y");
    kill(pid, SIGKILL);
    must_show(&here, "PAUSED");
    assert_true(desk_is("PAUSED"));
    assert_int_equal(times_paused() - before, 1);
    leave(&here);
    assert_int_equal(command("resume", "--yes"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(whatever_is_open_survives_every_size, end_console),
        cmocka_unit_test_teardown(every_death_in_every_situation_gives_the_terminal_back,
                                  end_console),
        cmocka_unit_test_teardown(every_terminal_has_a_console_or_a_clear_line, end_console),
        cmocka_unit_test_teardown(replies_of_the_terminal_are_not_typed, end_console),
        cmocka_unit_test_teardown(random_bytes_crash_nothing, end_console),
        cmocka_unit_test_teardown(megabytes_pasted_into_the_bar_run_nothing, end_console),
        cmocka_unit_test_teardown(an_inputrc_of_an_enemy_breaks_nothing, end_console),
        cmocka_unit_test_teardown(keys_typed_before_their_question_answer_none, end_console),
        cmocka_unit_test_teardown(keys_that_come_together_are_done_in_their_order, end_console),
        cmocka_unit_test_teardown(a_pause_whose_engine_dies_is_done_once, end_console),
        cmocka_unit_test_teardown(a_pause_whose_database_dies_is_done_once_or_not_at_all,
                                  end_console),
    };
    return cmocka_run_group_tests(tests, live_a_little, stop_engine);
}
