/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a dying console writes down, and what the next one says of it. */
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
#include "ui/crash.h"

static char dir[300];

static int begin(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s/crash.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(dir) ? 0 : -1;
}

/* The only note of the directory, and its mode. */
static void read_note(char path[400], char *text, size_t size, mode_t *mode)
{
    char line[900];
    struct stat st;
    assert_true(crash_last(dir, line, sizeof line));
    const char *name = strstr(line, "crash-");
    assert_non_null(name);
    snprintf(path, 400, "%s/%.*s", dir, (int)strcspn(name, " "), name);
    assert_int_equal(stat(path, &st), 0);
    *mode = st.st_mode & 0777;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, size - 1, f)] = '\0';
    fclose(f);
}

static int end(void **state)
{
    char path[400];
    (void)state;
    snprintf(path, sizeof path, "%s/crash.told", dir);
    unlink(path);
    return rmdir(dir);
}

static void test_a_note_holds_commands_and_no_word_of_a_person(void **state)
{
    char path[400], text[8000];
    mode_t mode;
    (void)state;
    crash_begin(dir);
    for (int i = 0; i < 60; i++)
        crash_command("positions AAPL");
    crash_command("trade #17");
    crash_command(":pause the moon is wrong");
    crash_command("  hunter2hunter2");
    crash_command("settings ANTHROPIC_API_KEY sk-ant-secret");
    crash_command("");
    fflush(stderr);
    int kept = dup(STDERR_FILENO); /* it says where the note is */
    assert_non_null(freopen("/dev/null", "w", stderr));
    crash_note(11);
    crash_note(11); /* a fault while it is written is not told of again */
    dup2(kept, STDERR_FILENO);
    close(kept);
    read_note(path, text, sizeof text, &mode);
    assert_int_equal(mode, 0600);
    assert_non_null(strstr(text, "the console died of signal 11 (quorum "));
    assert_non_null(strstr(text, "\n  trade #17\n  pause\n  ?\n  settings\n  ?\n"));
    assert_null(strstr(text, "moon"));
    assert_null(strstr(text, "hunter"));
    assert_null(strstr(text, "sk-ant"));
    int lines = 0;
    for (const char *p = text; (p = strstr(p, "\n  ")); p += 3)
        lines++;
    assert_int_equal(lines, 50);
    assert_non_null(strstr(text, "Where it was:\n"));
    unlink(path);
}

static void test_a_note_is_told_once(void **state)
{
    char line[900], path[400];
    (void)state;
    assert_false(crash_last(dir, line, sizeof line));
    assert_false(crash_last("/nowhere", line, sizeof line));
    snprintf(path, sizeof path, "%s/crash-20261122-101112-7.txt", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("the console died of signal 6 \x1b[31m(quorum 1)\n", f);
    fclose(f);
    assert_true(crash_last(dir, line, sizeof line));
    assert_ptr_equal(strstr(line, "the console died of signal 6"), line);
    assert_non_null(strstr(line, ": crash-20261122-101112-7.txt in "));
    assert_null(strchr(line, '\x1b'));
    assert_false(crash_last(dir, line, sizeof line));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_note_holds_commands_and_no_word_of_a_person, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_note_is_told_once, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
