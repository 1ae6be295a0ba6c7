/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console on a pseudo-terminal: what it takes, how it ends, and what it leaves behind. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

enum { COLUMNS = 100, ROWS = 30, DEADLINE_MS = 30000, QUIET_MS = 150 };

struct session {
    pid_t pid;
    int fd;
    struct buf seen;
    struct termios before;
};

static int run_program(const char *const *argv)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A desk with a short past, so that no test waits for a long one. */
static int live_a_little(void **state)
{
    const char *program = getenv("QUORUM_BIN");
    (void)state;
    if (!program)
        return -1;
    const char *argv[] = {program, "demo", "--sessions=2", "--exit", NULL};
    return run_program(argv);
}

/* The consoles left their engine behind, as they should. */
static int stop_engine(void **state)
{
    const char *argv[] = {getenv("QUORUM_BIN"), "--desk=demo", "engine", "stop", NULL};
    (void)state;
    run_program(argv);
    return 0;
}

static int begin(void **state)
{
    struct session *s = mem_alloc(sizeof *s);
    s->fd = -1;
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct session *s = *state;
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    if (s->fd >= 0)
        close(s->fd);
    buf_release(&s->seen);
    mem_free(s);
    return 0;
}

/* ignored: a signal the program starts with ignored; 0: none. */
static void start_with(struct session *s, const char *term, int ignored)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
    const char *program = getenv("QUORUM_BIN");
    int slave;
    assert_int_equal(openpty(&s->fd, &slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(slave, &s->before), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        close(s->fd);
        login_tty(slave);
        setenv("TERM", term, 1);
        if (ignored)
            signal(ignored, SIG_IGN);
        execl(program, program, "console", "--desk=demo", (char *)NULL);
        _exit(127);
    }
    close(slave);
}

/* Reads on until the text comes, or to the end when text is NULL. */
static bool read_until(struct session *s, const char *text)
{
    int64_t until = time_monotonic_us() + DEADLINE_MS * INT64_C(1000);
    while (!text || !strstr(buf_text(&s->seen), text)) {
        char piece[4096];
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        int64_t left = (until - time_monotonic_us()) / 1000;
        if (left <= 0 || poll(&p, 1, (int)left) <= 0)
            return false;
        ssize_t n = read(s->fd, piece, sizeof piece);
        if (n <= 0)
            return !text;
        for (ssize_t i = 0; i < n; i++)
            piece[i] = piece[i] ? piece[i] : ' ';
        buf_add(&s->seen, piece, (size_t)n);
    }
    return true;
}

/* Forgets what was seen. */
static void forget(struct session *s)
{
    buf_clear(&s->seen);
}

static void type(struct session *s, const char *keys)
{
    size_t n = strlen(keys);
    assert_int_equal(write(s->fd, keys, n), (ssize_t)n);
}

static void start(struct session *s)
{
    start_with(s, "xterm-256color", 0);
    assert_true(read_until(s, "Positions"));
    assert_true(read_until(s, "DB ok"));
}

/* Reads what comes in the meantime, so that the program is never held up. */
static void let_pass(struct session *s, int ms)
{
    int64_t until = time_monotonic_us() + ms * INT64_C(1000);
    for (int64_t left; (left = (until - time_monotonic_us()) / 1000) > 0;) {
        char piece[4096];
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        if (poll(&p, 1, (int)left) <= 0)
            return;
        ssize_t n = read(s->fd, piece, sizeof piece);
        if (n <= 0)
            return;
        for (ssize_t i = 0; i < n; i++)
            piece[i] = piece[i] ? piece[i] : ' ';
        buf_add(&s->seen, piece, (size_t)n);
    }
}

static int wait_end(struct session *s, int within_ms)
{
    int status = -1;
    for (int i = 0; i < within_ms / 10; i++) {
        let_pass(s, 10);
        if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
            s->pid = 0;
            let_pass(s, QUIET_MS);
            return status;
        }
        poll(NULL, 0, 10);
    }
    fail_msg("it still runs after %d ms", within_ms);
    return -1;
}

static void assert_restored(struct session *s)
{
    static const char *const undone[] = {"\033[?1049l", "\033[?2004l", "\033[?1004l", "\033[?25h"};
    struct termios now;
    assert_int_equal(tcgetattr(s->fd, &now), 0);
    assert_int_equal(now.c_lflag, s->before.c_lflag);
    assert_int_equal(now.c_iflag, s->before.c_iflag);
    assert_int_equal(now.c_oflag, s->before.c_oflag);
    for (size_t i = 0; i < ARRAY_LEN(undone); i++)
        assert_non_null(strstr(buf_text(&s->seen), undone[i]));
}

static const char *state_of_desk(char *dst, size_t size)
{
    const char *program = getenv("QUORUM_BIN");
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        execl(program, program, "--desk=demo", "status", "--json", (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    size_t n = 0;
    for (ssize_t k; n + 1 < size && (k = read(pipes[0], dst + n, size - n - 1)) > 0;)
        n += (size_t)k;
    dst[n] = '\0';
    close(pipes[0]);
    waitpid(pid, NULL, 0);
    return dst;
}

static bool desk_is(const char *word)
{
    char json[8192], quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\"", word);
    return strstr(state_of_desk(json, sizeof json), quoted) != NULL;
}

static void q_ends_it_and_gives_the_terminal_back(void **state)
{
    struct session *s = *state;
    start(s);
    type(s, "q");
    int status = wait_end(s, 5000);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_restored(s);
}

static void every_death_gives_the_terminal_back(void **state)
{
    const int deaths[] = {SIGTERM, SIGINT, SIGHUP,  SIGQUIT, SIGSEGV, SIGBUS, SIGFPE,
                          SIGABRT, SIGILL, SIGALRM, SIGPROF, SIGXCPU, SIGIO,  SIGRTMIN};
    for (size_t i = 0; i < ARRAY_LEN(deaths); i++) {
        void *fresh;
        (void)state;
        begin(&fresh);
        struct session *s = fresh;
        start(s);
        kill(s->pid, deaths[i]);
        wait_end(s, 5000);
        assert_restored(s);
        end(&fresh);
    }
}

static void a_closed_terminal_ends_it_within_a_second(void **state)
{
    struct session *s = *state;
    start(s);
    close(s->fd);
    s->fd = -1;
    int status = -1;
    int64_t until = time_monotonic_us() + 3000000;
    while (waitpid(s->pid, &status, WNOHANG) == 0 && time_monotonic_us() < until)
        poll(NULL, 0, 10);
    assert_true(status != -1);
    s->pid = 0;
}

static void a_closed_terminal_ends_it_even_when_hang_ups_are_ignored(void **state)
{
    struct session *s = *state;
    start_with(s, "xterm-256color", SIGHUP);
    assert_true(read_until(s, "DB ok"));
    close(s->fd);
    s->fd = -1;
    int status = -1;
    int64_t until = time_monotonic_us() + 3000000;
    while (waitpid(s->pid, &status, WNOHANG) == 0 && time_monotonic_us() < until)
        poll(NULL, 0, 10);
    assert_true(status != -1);
    s->pid = 0;
}

static void a_signal_meant_for_engines_does_nothing(void **state)
{
    struct session *s = *state;
    start(s);
    kill(s->pid, SIGUSR1);
    kill(s->pid, SIGUSR2);
    let_pass(s, 200);
    forget(s);
    type(s, "?");
    assert_true(read_until(s, "Help"));
    type(s, "qq");
    int status = wait_end(s, 5000);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Somebody's ssh hangs: the console must hear signals though nobody takes its frames. */
static void a_terminal_that_nobody_reads_holds_nothing_up(void **state)
{
    struct session *s = *state;
    struct winsize size = {.ws_row = 60, .ws_col = 200};
    start(s);
    ioctl(s->fd, TIOCSWINSZ, &size);
    for (int i = 0; i < 100; i++) {
        type(s, "\014"); /* repaint */
        poll(NULL, 0, 5);
    }
    kill(s->pid, SIGTERM);
    int status = -1;
    int64_t until = time_monotonic_us() + 3000000;
    while (waitpid(s->pid, &status, WNOHANG) == 0 && time_monotonic_us() < until)
        poll(NULL, 0, 10);
    assert_true(status != -1);
    s->pid = 0;
}

/* What was left over of a frame comes before the next one, in order. */
static void a_terminal_that_falls_behind_gets_whole_frames(void **state)
{
    struct session *s = *state;
    struct winsize size = {.ws_row = 60, .ws_col = 200};
    start(s);
    ioctl(s->fd, TIOCSWINSZ, &size);
    for (int i = 0; i < 50; i++) {
        type(s, "\014");
        poll(NULL, 0, 5);
    }
    forget(s);
    assert_true(read_until(s, "\033[?2026l"));
    type(s, ":help");
    assert_true(read_until(s, "help"));
    size_t begun = 0, ended = 0;
    for (const char *p = buf_text(&s->seen); (p = strstr(p, "\033[?2026")); p += 8)
        *(p[7] == 'h' ? &begun : &ended) += 1;
    assert_true(begun == ended || begun == ended + 1);
    type(s, "\033");
    let_pass(s, 200);
    type(s, "q");
    wait_end(s, 5000);
    assert_restored(s);
}

static void a_question_that_cannot_be_read_takes_no_yes(void **state)
{
    struct session *s = *state;
    struct winsize size = {.ws_row = 40, .ws_col = 20};
    start(s);
    ioctl(s->fd, TIOCSWINSZ, &size);
    let_pass(s, 200);
    forget(s);
    type(s, "p");
    assert_true(read_until(s, "enlarge"));
    let_pass(s, 500);
    type(s, "y");
    let_pass(s, 300);
    assert_true(desk_is("RUNNING"));
    type(s, "\033");
    let_pass(s, 200);
    type(s, "q");
    wait_end(s, 5000);
}

static void keys_typed_before_a_question_never_answer_it(void **state)
{
    struct session *s = *state;
    start(s);
    forget(s);
    type(s, "pyyy"); /* in one write */
    assert_true(read_until(s, "pause? [y/N]"));
    type(s, "y");
    let_pass(s, 300);
    assert_true(desk_is("RUNNING"));
    let_pass(s, 500);
    type(s, "\033");
    assert_true(read_until(s, "nothing was done"));
    assert_true(desk_is("RUNNING"));
    type(s, "q");
    wait_end(s, 5000);
}

static void a_paste_runs_nothing(void **state)
{
    struct session *s = *state;
    struct buf paste = {0};
    start(s);
    buf_str(&paste, "\033[200~");
    while (paste.len < 2 << 20)
        buf_str(&paste, "q\n!HALT\n:kill halt --confirm=HALT\ny\n\033[A");
    buf_str(&paste, "\033[201~");
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    for (size_t at = 0; at < paste.len;) {
        ssize_t n = write(s->fd, paste.data + at, paste.len - at);
        at += n > 0 ? (size_t)n : 0;
        let_pass(s, 1);
    }
    fcntl(s->fd, F_SETFL, 0);
    buf_release(&paste);
    let_pass(s, 600);
    assert_true(desk_is("RUNNING"));
    type(s, "q");
    wait_end(s, 5000);
    assert_restored(s);
}

static void a_resize_keeps_the_typed_line(void **state)
{
    struct session *s = *state;
    static const struct winsize sizes[] = {{1, 1, 0, 0},   {5, 20, 0, 0},    {12, 40, 0, 0},
                                           {24, 80, 0, 0}, {200, 500, 0, 0}, {30, 100, 0, 0}};
    start(s);
    type(s, ":filter some");
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        ioctl(s->fd, TIOCSWINSZ, &sizes[i]);
        let_pass(s, 60);
    }
    forget(s);
    type(s, "\014");
    assert_true(read_until(s, "filter some"));
    type(s, "thing\003\003");
    let_pass(s, 100);
    type(s, "q");
    wait_end(s, 5000);
    assert_restored(s);
}

/* The postmaster of the private cluster of this test's home. */
static pid_t postmaster(void)
{
    char pattern[600];
    char line[32] = "";
    int pid = 0;
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/cluster/pg/*/postmaster.pid", getenv("QUORUM_HOME"));
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    FILE *f = fopen(found.gl_pathv[0], "re");
    if (f && fgets(line, sizeof line, f))
        pid = (int)strtol(line, NULL, 10);
    if (f)
        fclose(f);
    globfree(&found);
    return pid;
}

static void a_yes_without_a_database_does_nothing(void **state)
{
    struct session *s = *state;
    pid_t server = postmaster();
    if (server <= 0)
        skip();
    start(s);
    forget(s);
    type(s, "p");
    assert_true(read_until(s, "pause? [y/N]"));
    kill(server, SIGQUIT);             /* immediate shutdown */
    assert_true(read_until(s, "E40")); /* the question ends with it */
    let_pass(s, 500);
    type(s, "y");
    let_pass(s, 100);
    type(s, "q");
    wait_end(s, 10000);
    assert_restored(s);
    assert_true(desk_is("RUNNING"));
}

static void an_evaluation_is_followed_and_cancelled(void **state)
{
    struct session *s = *state;
    start(s);
    type(s, ":eval AAPL\r");
    assert_true(read_until(s, "Evaluation #"));
    assert_true(read_until(s, "eval #"));
    type(s, ":cancel last\r");
    assert_true(read_until(s, "no evaluation of"));
    type(s, "\033");
    let_pass(s, 100);
    type(s, "q");
    wait_end(s, 5000);
    assert_restored(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(q_ends_it_and_gives_the_terminal_back, begin, end),
        cmocka_unit_test_setup_teardown(every_death_gives_the_terminal_back, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_terminal_ends_it_within_a_second, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_terminal_ends_it_even_when_hang_ups_are_ignored,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_signal_meant_for_engines_does_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_terminal_that_nobody_reads_holds_nothing_up, begin, end),
        cmocka_unit_test_setup_teardown(a_terminal_that_falls_behind_gets_whole_frames, begin, end),
        cmocka_unit_test_setup_teardown(a_question_that_cannot_be_read_takes_no_yes, begin, end),
        cmocka_unit_test_setup_teardown(keys_typed_before_a_question_never_answer_it, begin, end),
        cmocka_unit_test_setup_teardown(a_paste_runs_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_resize_keeps_the_typed_line, begin, end),
        cmocka_unit_test_setup_teardown(an_evaluation_is_followed_and_cancelled, begin, end),
        cmocka_unit_test_setup_teardown(a_yes_without_a_database_does_nothing, begin, end),
    };
    return cmocka_run_group_tests(tests, live_a_little, stop_engine);
}
