/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `status --follow` on a pseudo-terminal and into a pipe, as a person meets it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { COLUMNS = 80, ROWS = 24, DEADLINE_MS = 60000 };

struct session {
    pid_t pid;
    int fd;
    struct buf seen;
};

static int begin(void **state)
{
    if (!getenv("QUORUM_BIN"))
        return -1;
    struct session *s = mem_alloc(sizeof *s);
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
    if (s->fd > 0)
        close(s->fd);
    buf_release(&s->seen);
    mem_free(s);
    return 0;
}

static void run_follow(void)
{
    const char *program = getenv("QUORUM_BIN");
    execl(program, program, "--desk", "demo", "status", "--follow", (char *)NULL);
    _exit(127);
}

static void on_terminal(struct session *s, const char *term)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
    s->pid = forkpty(&s->fd, NULL, NULL, &size);
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        setenv("TERM", term, 1);
        run_follow();
    }
}

static void into_pipe(struct session *s)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        run_follow();
    }
    close(ends[1]);
    s->fd = ends[0];
}

/* Reads on until the text is there, or to the end when text is NULL. */
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
            return !text; /* a terminal whose last writer is gone says EIO */
        buf_add(&s->seen, piece, (size_t)n);
    }
    return true;
}

static int exit_status(struct session *s)
{
    int status = -1;
    read_until(s, NULL);
    waitpid(s->pid, &status, 0);
    s->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool ends_with(const struct buf *b, const char *tail)
{
    size_t n = strlen(tail);
    return b->len >= n && strcmp(b->data + b->len - n, tail) == 0;
}

/* Before the screen is left everything it changed must be put back. */
static void assert_restored(struct session *s, const struct termios *before)
{
    struct termios now;
    assert_int_equal(tcgetattr(s->fd, &now), 0);
    assert_int_equal(now.c_lflag, before->c_lflag);
    assert_int_equal(now.c_iflag, before->c_iflag);
    assert_memory_equal(now.c_cc, before->c_cc, sizeof now.c_cc);
    assert_true(ends_with(&s->seen, "\033[?25h\033[m\033[?1049l"));
}

static void the_view_ends_with_q_and_leaves_the_terminal_as_it_was(void **state)
{
    struct session *s = *state;
    struct termios before;
    on_terminal(s, "xterm-256color");
    assert_int_equal(tcgetattr(s->fd, &before), 0);
    assert_true(read_until(s, "q leaves this view"));
    assert_int_equal(write(s->fd, "q", 1), 1);
    assert_int_equal(exit_status(s), 0);
    assert_restored(s, &before);
}

static void a_signal_ends_it_the_same_way(void **state)
{
    struct session *s = *state;
    struct termios before;
    on_terminal(s, "xterm-256color");
    assert_int_equal(tcgetattr(s->fd, &before), 0);
    assert_true(read_until(s, "q leaves this view"));
    kill(s->pid, SIGTERM);
    assert_int_equal(exit_status(s), 0);
    assert_restored(s, &before);
}

static void ctrl_c_ends_it_the_same_way(void **state)
{
    struct session *s = *state;
    struct termios before;
    on_terminal(s, "xterm-256color");
    assert_int_equal(tcgetattr(s->fd, &before), 0);
    assert_true(read_until(s, "q leaves this view"));
    assert_int_equal(write(s->fd, "\003", 1), 1);
    assert_int_equal(exit_status(s), 0);
    assert_restored(s, &before);
}

/* The text of one frame: its rows between the begin and the end of the synchronised update. */
static void no_row_is_wider_than_the_terminal_and_none_is_below_it(void **state)
{
    struct session *s = *state;
    int rows = 1;
    on_terminal(s, "xterm-256color");
    assert_true(read_until(s, "\033[?2026h"));
    assert_true(read_until(s, "q leaves this view"));
    const char *p = strstr(buf_text(&s->seen), "\033[?2026h\033[2J\033[H");
    assert_non_null(p);
    p = strstr(p, "\033[H") + 3;
    const char *last = strstr(p, "\033[J");
    assert_non_null(last);
    while (p < last) {
        const char *stop = strstr(p, "\r\n");
        struct buf row = {0}, clean = {0};
        assert_true(stop && stop < last);
        buf_add(&row, p, (size_t)(stop - p));
        sanitize(&clean, untrusted(buf_text(&row)), TEXT_LINE, 0);
        assert_true(text_columns(buf_text(&clean)) <= COLUMNS);
        buf_release(&row);
        buf_release(&clean);
        rows++;
        p = stop + 2;
    }
    assert_in_range(rows, 10, ROWS);
}

static void a_dumb_terminal_gets_no_escape(void **state)
{
    struct session *s = *state;
    on_terminal(s, "dumb");
    assert_true(read_until(s, "last trades"));
    kill(s->pid, SIGINT);
    assert_int_equal(exit_status(s), 0);
    assert_null(strchr(buf_text(&s->seen), '\033'));
}

static void a_file_gets_plain_blocks(void **state)
{
    struct session *s = *state;
    into_pipe(s);
    assert_true(read_until(s, "no closed trades yet"));
    kill(s->pid, SIGINT);
    assert_int_equal(exit_status(s), 0);
    assert_null(strchr(buf_text(&s->seen), '\033'));
}

/* The reader had enough: no error, no loop. */
static void a_closed_pipe_ends_it(void **state)
{
    struct session *s = *state;
    into_pipe(s);
    close(s->fd);
    s->fd = 0;
    int status = -1;
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    s->pid = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_view_ends_with_q_and_leaves_the_terminal_as_it_was,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_signal_ends_it_the_same_way, begin, end),
        cmocka_unit_test_setup_teardown(ctrl_c_ends_it_the_same_way, begin, end),
        cmocka_unit_test_setup_teardown(no_row_is_wider_than_the_terminal_and_none_is_below_it,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_dumb_terminal_gets_no_escape, begin, end),
        cmocka_unit_test_setup_teardown(a_file_gets_plain_blocks, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_pipe_ends_it, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
