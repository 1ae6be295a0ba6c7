/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A screen on a pseudo-terminal: what is written to it, and what is left behind. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "ui/screen.h"

struct terminal {
    int master, slave;
    pthread_t reader;
    struct buf seen;
    size_t writes;
    struct termios before;
};

/* A terminal that takes all there is, until the other side is closed. */
static void *read_all(void *arg)
{
    struct terminal *t = arg;
    char piece[8192];
    ssize_t n;
    while ((n = read(t->master, piece, sizeof piece)) > 0)
        buf_add(&t->seen, piece, (size_t)n);
    return NULL;
}

static void terminal_open(struct terminal *t, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    *t = (struct terminal){0};
    assert_int_equal(openpty(&t->master, &t->slave, NULL, NULL, &size), 0);
    fcntl(t->slave, F_SETFD, FD_CLOEXEC);
    assert_int_equal(tcgetattr(t->slave, &t->before), 0);
    assert_int_equal(pthread_create(&t->reader, NULL, read_all, t), 0);
}

/* What the terminal got; it must be in the mode it began with. */
static const char *terminal_end(struct terminal *t)
{
    struct termios now;
    assert_int_equal(tcgetattr(t->slave, &now), 0);
    assert_int_equal(now.c_lflag, t->before.c_lflag);
    assert_int_equal(now.c_iflag, t->before.c_iflag);
    assert_int_equal(now.c_oflag, t->before.c_oflag);
    close(t->slave);
    pthread_join(t->reader, NULL);
    close(t->master);
    return buf_text(&t->seen);
}

static void count_write(void *arg, const char *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    ((struct terminal *)arg)->writes++;
}

static struct screen *open_screen(struct terminal *t, const char *term)
{
    struct screen *s = NULL;
    struct error e;
    struct screen_options o = {
        .fd = t->slave, .term = term, .keep_stderr = true, .tap = count_write, .tap_arg = t};
    err_clear(&e);
    if (screen_open(&s, &o, &e) != OK)
        fail_msg("%s", e.text);
    return s;
}

static void load(struct theme *t, enum depth depth)
{
    assert_int_equal(theme_load(t, "dark", NULL, depth, NULL), OK);
}

/* Where the last of `text` begins; fails without one. */
static size_t last_of(const char *all, const char *text)
{
    const char *at = NULL, *next = all;
    while ((next = strstr(next, text)) != NULL)
        at = next++;
    if (at == NULL)
        fail_msg("the terminal never got %s", text + 1);
    return (size_t)(at - all);
}

static void assert_given_back(const char *all)
{
    static const char *const pairs[][2] = {{"\x1b[?1049h", "\x1b[?1049l"},
                                           {"\x1b[?2004h", "\x1b[?2004l"},
                                           {"\x1b[?1004h", "\x1b[?1004l"},
                                           {"\x1b[22;2t", "\x1b[23;2t"},
                                           {"\x1b[?2026h", "\x1b[?2026l"}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        assert_true(last_of(all, pairs[i][0]) < last_of(all, pairs[i][1]));
    assert_true(strstr(all, "\x1b[?25l") == NULL ||
                last_of(all, "\x1b[?25l") < last_of(all, "25h"));
}

static void test_a_frame_is_one_write_and_no_change_is_none(void **state)
{
    (void)state;
    struct terminal t;
    struct theme theme;
    struct frame f = {0};
    terminal_open(&t, 24, 80);
    struct screen *s = open_screen(&t, "xterm-256color");
    load(&theme, DEPTH_256);
    assert_int_equal(screen_colors(s), 256);
    frame_resize(&f, 24, 80);
    struct pane p = pane_of(&f);
    pane_text(&p, 3, 4, TOKEN_PNL_UP, "+75.60");
    t.writes = 0;
    assert_true(screen_draw(s, &f, &theme));
    assert_int_equal(t.writes, 1);
    assert_true(screen_draw(s, &f, &theme));
    assert_int_equal(t.writes, 1);
    for (int i = 0; i < 10; i++) {
        pane_printf(&p, 3, 4, TOKEN_PNL_UP, "+75.6%d", i);
        pane_printf(&p, 20, 4, TOKEN_PNL_DOWN, "-75.6%d", i);
        screen_draw(s, &f, &theme);
    }
    assert_int_equal(t.writes, 11);
    screen_close(s);
    const char *all = terminal_end(&t);
    const char *frame = strstr(all, "\x1b[?2026h");
    assert_non_null(strstr(frame, "38;5;78m"));
    assert_non_null(strstr(frame, "+75.60"));
    assert_given_back(all);
    buf_release(&t.seen);
    frame_release(&f);
}

static void test_every_terminal_works_or_says_why_not(void **state)
{
    (void)state;
    static const struct {
        const char *term, *says; /* "": no word; NULL: refused */
    } rows[] = {{"xterm", ""},
                {"xterm-256color", ""},
                {"tmux-256color", ""},
                {"screen", ""},
                {"linux", ""},
                {"vt100", ""},
                {"rxvt-unicode", ""},
                {"dumb", NULL},
                {"", NULL},
                {"nosuch-term", "xterm"},
                {"nosuch-256color", "xterm-256color"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct terminal t;
        struct theme theme;
        struct frame f = {0};
        struct screen *s = NULL;
        struct error e;
        terminal_open(&t, 24, 80);
        struct screen_options o = {.fd = t.slave, .term = rows[i].term, .keep_stderr = true};
        err_clear(&e);
        enum err err = screen_open(&s, &o, &e);
        if (rows[i].says == NULL) {
            assert_int_equal(err, ERR_USAGE);
            assert_non_null(strstr(e.fix, "--plain"));
            assert_null(s);
        } else {
            enum depth depth;
            assert_int_equal(err, OK);
            assert_non_null(strstr(screen_note(s), rows[i].says));
            assert_true((*rows[i].says == '\0') == (*screen_note(s) == '\0'));
            theme_depth(screen_colors(s), NULL, NULL, &depth);
            load(&theme, depth);
            frame_resize(&f, 24, 80);
            struct pane p = pane_of(&f);
            pane_text(&p, 1, 1, TOKEN_TOAST_ERR | STYLE_CURSOR, "hello");
            assert_true(screen_draw(s, &f, &theme));
            screen_title(s, "t");
            screen_close(s);
        }
        const char *all = terminal_end(&t);
        if (rows[i].says != NULL)
            assert_non_null(strstr(all, "hello"));
        if (strcmp(rows[i].term, "vt100") == 0 || strcmp(rows[i].term, "linux") == 0)
            assert_null(strstr(all, "2026")); /* nothing it might print */
        buf_release(&t.seen);
        frame_release(&f);
    }
    struct screen *s;
    struct error e;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct screen_options o = {.fd = null, .term = "xterm"};
    assert_int_equal(screen_open(&s, &o, &e), ERR_USAGE);
    close(null);
}

static void die(struct terminal *t, int how)
{
    struct theme theme;
    struct frame f = {0};
    int null = open("/dev/null", O_RDWR);
    dup2(null, 2);
    if (how != 0)
        signal(how, SIG_DFL); /* not the test library's */
    struct screen *s = open_screen(t, "xterm-256color");
    theme_load(&theme, "dark", NULL, DEPTH_256, NULL);
    frame_resize(&f, 24, 80);
    screen_mouse(s, true);
    screen_draw(s, &f, &theme);
    if (how == 0)
        exit(0);
    if (how == SIGABRT)
        abort();
    raise(how);
    _exit(1);
}

static void test_every_death_gives_the_terminal_back(void **state)
{
    (void)state;
    static const int deaths[] = {0, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < ARRAY_LEN(deaths); i++) {
        struct terminal t;
        int status;
        terminal_open(&t, 24, 80);
        pid_t child = fork();
        if (child == 0)
            die(&t, deaths[i]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(deaths[i] == 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0);
        const char *all = terminal_end(&t);
        assert_given_back(all);
        assert_true(last_of(all, "\x1b[?1006h") < last_of(all, "\x1b[?1006l"));
        buf_release(&t.seen);
    }
}

static void test_a_suspended_screen_is_the_shells(void **state)
{
    (void)state;
    struct terminal t;
    struct theme theme;
    struct frame f = {0};
    struct termios now;
    terminal_open(&t, 24, 80);
    struct screen *s = open_screen(&t, "xterm-256color");
    load(&theme, DEPTH_256);
    frame_resize(&f, 24, 80);
    struct pane p = pane_of(&f);
    pane_text(&p, 0, 0, TOKEN_FG, "first");
    screen_draw(s, &f, &theme);
    assert_int_equal(tcgetattr(t.slave, &now), 0);
    assert_false(now.c_lflag & (ECHO | ICANON | ISIG));
    screen_suspend(s);
    tcgetattr(t.slave, &now);
    assert_int_equal(now.c_lflag, t.before.c_lflag);
    t.writes = 0;
    screen_draw(s, &f, &theme);
    screen_bell(s);
    assert_int_equal(t.writes, 0);
    struct winsize size = {.ws_row = 10, .ws_col = 40};
    ioctl(t.slave, TIOCSWINSZ, &size);
    screen_resume(s);
    int rows, cols;
    screen_size(s, &rows, &cols);
    assert_true(rows == 10 && cols == 40);
    frame_resize(&f, rows, cols);
    p = pane_of(&f);
    pane_text(&p, 0, 0, TOKEN_FG, "again");
    screen_draw(s, &f, &theme);
    screen_close(s);
    const char *all = terminal_end(&t);
    assert_true(last_of(all, "\x1b[?1049h") > (size_t)(strstr(all, "\x1b[?1049l") - all));
    assert_true(last_of(all, "again") > last_of(all, "first"));
    assert_given_back(all);
    buf_release(&t.seen);
    frame_release(&f);
}

static void test_any_size_and_any_frame_can_be_drawn(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1},     {5, 20},  {12, 3}, {24, 80},
                                   {200, 500}, {1, 300}, {60, 1}};
    struct terminal t;
    struct theme theme;
    struct frame f = {0};
    terminal_open(&t, 24, 80);
    struct screen *s = open_screen(&t, "xterm-256color");
    load(&theme, DEPTH_256);
    for (size_t i = 0; i < ARRAY_LEN(sizes) * 2; i++) {
        const int *size = sizes[i % ARRAY_LEN(sizes)];
        struct winsize w = {.ws_row = (unsigned short)size[0], .ws_col = (unsigned short)size[1]};
        ioctl(t.slave, TIOCSWINSZ, &w);
        screen_resize(s);
        int late = (int)(i % 3) - 1; /* the frame may be of another size still */
        frame_resize(&f, size[0] + late, size[1] - late);
        struct pane p = pane_of(&f);
        for (int row = 0; row < f.rows; row++) {
            pane_text(&p, row, row % 3, (uint16_t)(row % TOKEN_COUNT),
                      "\xe4\xb8\xad\xe4\xb8\xad e\xcc\x81 text \xf0\x9f\xab\xa8 \xe4\xb8\xad");
        }
        f.cursor_on = true;
        f.cursor_row = f.rows;
        f.cursor_col = f.cols + 5;
        assert_true(screen_draw(s, &f, &theme));
    }
    screen_close(s);
    assert_given_back(terminal_end(&t));
    buf_release(&t.seen);
    frame_release(&f);
}

static void test_a_terminal_that_is_gone_ends_drawing(void **state)
{
    (void)state;
    struct terminal t;
    struct theme theme;
    struct frame f = {0};
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    t = (struct terminal){0};
    assert_int_equal(openpty(&t.master, &t.slave, NULL, NULL, &size), 0);
    struct screen *s = open_screen(&t, "xterm");
    load(&theme, DEPTH_8);
    frame_resize(&f, 24, 80);
    close(t.master);
    struct pane p = pane_of(&f);
    pane_text(&p, 0, 0, TOKEN_FG, "anybody?");
    assert_false(screen_draw(s, &f, &theme));
    assert_false(screen_draw(s, &f, &theme));
    screen_bell(s);
    screen_close(s);
    close(t.slave);
    frame_release(&f);
}

static void test_title_and_clipboard_hold_text_only(void **state)
{
    (void)state;
    struct terminal t;
    terminal_open(&t, 24, 80);
    setenv("TMUX", "", 1);
    struct screen *s = open_screen(&t, "tmux-256color");
    screen_title(s, "(P3 A1) quorum\x07\x1b]52;c;ZXZpbA==\x07");
    assert_true(screen_copy(s, "#17\tstop", 8, 0));
    setenv("TMUX", "/tmp/x,1,0", 1);
    assert_true(screen_copy(s, "ab", 2, 0));
    assert_false(screen_copy(s, "abcdef", 6, 4));
    unsetenv("TMUX");
    screen_close(s);
    const char *all = terminal_end(&t);
    assert_non_null(strstr(all, "\x1b]2;(P3 A1) quorum"));
    assert_null(strstr(all, "ZXZpbA"));
    assert_non_null(strstr(all, "\x1b]52;c;IzE3CXN0b3A=\a"));
    assert_non_null(strstr(all, "\x1bPtmux;\x1b\x1b]52;c;YWI=\a\x1b\\"));
    buf_release(&t.seen);
}

/* GNU screen hands on strings of at most 256 bytes. */
static void test_inside_of_gnu_screen_the_outer_terminal_is_told(void **state)
{
    (void)state;
    struct terminal t;
    static char much[600];
    terminal_open(&t, 24, 80);
    memset(much, 'x', sizeof much - 1);
    unsetenv("TMUX");
    setenv("STY", "1.pts", 1);
    struct screen *s = open_screen(&t, "screen");
    assert_true(screen_copy(s, "ab", 2, 0));
    assert_true(screen_copy(s, much, sizeof much - 1, 0));
    screen_notify(s, "pos.loss: AAPL\x1b]0;evil\a -5 %");
    unsetenv("STY");
    screen_notify(s, "plain");
    screen_close(s);
    const char *all = terminal_end(&t);
    assert_non_null(strstr(all, "\x1bP\x1b]52;c;YWI=\a\x1b\\"));
    const char *piece = strstr(strstr(all, "YWI="), "\x1bP\x1b]52;c;eHh4");
    assert_non_null(piece);
    for (int i = 0; i < 3; i++) {
        const char *end = strstr(piece + 2, "\x1b\\");
        assert_non_null(end);
        assert_in_range(end - piece, 10, 250);
        piece = end + 2;
    }
    assert_non_null(strstr(all, "\x1bP\x1b]9;pos.loss: AAPL"));
    assert_non_null(strstr(all, "\x1b]9;plain\a\a"));
    assert_null(strstr(all, "]0;evil"));
    buf_release(&t.seen);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frame_is_one_write_and_no_change_is_none),
        cmocka_unit_test(test_every_terminal_works_or_says_why_not),
        cmocka_unit_test(test_every_death_gives_the_terminal_back),
        cmocka_unit_test(test_a_suspended_screen_is_the_shells),
        cmocka_unit_test(test_any_size_and_any_frame_can_be_drawn),
        cmocka_unit_test(test_a_terminal_that_is_gone_ends_drawing),
        cmocka_unit_test(test_title_and_clipboard_hold_text_only),
        cmocka_unit_test(test_inside_of_gnu_screen_the_outer_terminal_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
