/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "quorum/mem.h"
#include "quorum/timeutil.h"

enum { SEEN_MOST = 8 << 20 };

static void become(const struct terminal_options *o, const char *const *argv, int slave)
{
    login_tty(slave);
    if (o->term)
        setenv("TERM", o->term, 1);
    else
        unsetenv("TERM");
    for (const char *const *s = o->setup; s && *s; s++) {
        const char *equals = strchr(*s, '=');
        char name[64];
        if (!equals) {
            unsetenv(*s);
            continue;
        }
        copy_bytes(name, sizeof name, *s, (size_t)(equals - *s));
        setenv(name, equals + 1, 1);
    }
    if (o->ignored)
        signal(o->ignored, SIG_IGN);
    if (o->traced)
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

bool terminal_start(struct terminal *t, const struct terminal_options *o, const char *const *argv)
{
    struct winsize size = {.ws_row = (unsigned short)o->rows, .ws_col = (unsigned short)o->cols};
    int slave;
    *t = (struct terminal){.fd = -1, .seen = {.max = SEEN_MOST}};
    if (openpty(&t->fd, &slave, NULL, NULL, &size) != 0)
        return false;
    fcntl(t->fd, F_SETFD, FD_CLOEXEC);
    tcgetattr(slave, &t->before);
    vt_init(&t->vt, o->rows, o->cols);
    t->vt.bce = o->term && (strncmp(o->term, "xterm", 5) == 0 || strcmp(o->term, "linux") == 0);
    t->pid = fork();
    if (t->pid == 0)
        become(o, argv, slave);
    close(slave);
    return t->pid > 0;
}

static void reap(struct terminal *t, int options)
{
    if (t->pid > 0 && waitpid(t->pid, &t->status, options) == t->pid)
        t->pid = 0;
}

void terminal_end(struct terminal *t)
{
    if (t->pid > 0) {
        kill(t->pid, SIGKILL);
        reap(t, 0);
    }
    terminal_hang_up(t);
    vt_release(&t->vt);
    buf_release(&t->seen);
}

void terminal_hang_up(struct terminal *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

/* What there is now; false when there is nothing, or nobody any more. */
static bool take_some(struct terminal *t)
{
    char piece[65536];
    ssize_t n = read(t->fd, piece, sizeof piece);
    if (n <= 0)
        return false;
    t->last_us = time_monotonic_us();
    t->bytes += (size_t)n;
    vt_feed(&t->vt, piece, (size_t)n);
    for (ssize_t i = 0; i < n; i++)
        piece[i] = piece[i] ? piece[i] : ' ';
    buf_add(&t->seen, piece, (size_t)n);
    return true;
}

bool terminal_take(struct terminal *t, int ms)
{
    int64_t until = time_monotonic_us() + ms * INT64_C(1000);
    bool any = false;
    for (;;) {
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        int64_t left = (until - time_monotonic_us() + 999) / 1000;
        if (t->fd < 0 || poll(&p, 1, left > 0 ? (int)left : 0) <= 0 || !take_some(t))
            return any;
        any = true;
        if (left <= 0)
            return any;
    }
}

void terminal_settle(struct terminal *t, int quiet_ms, int ms)
{
    int64_t until = time_monotonic_us() + ms * INT64_C(1000);
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    while (time_monotonic_us() < until && poll(&p, 1, quiet_ms) > 0 && take_some(t))
        continue;
}

bool terminal_until(struct terminal *t, bool (*done)(const struct terminal *t, const void *arg),
                    const void *arg, int ms)
{
    int64_t until = time_monotonic_us() + ms * INT64_C(1000);
    while (!done(t, arg)) {
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        int64_t left = (until - time_monotonic_us() + 999) / 1000;
        if (left <= 0 || poll(&p, 1, (int)left) <= 0 || !take_some(t))
            return done(t, arg);
    }
    return true;
}

static bool shows(const struct terminal *t, const void *text)
{
    return !t->vt.sync && vt_has(&t->vt, text);
}

bool terminal_shows(struct terminal *t, const char *text, int ms)
{
    return terminal_until(t, shows, text, ms);
}

static bool got(const struct terminal *t, const void *text)
{
    return strstr(buf_text(&t->seen), text) != NULL;
}

bool terminal_gets(struct terminal *t, const char *text, int ms)
{
    return terminal_until(t, got, text, ms);
}

void terminal_forget(struct terminal *t)
{
    buf_clear(&t->seen);
    t->seen.overflow = false;
}

bool terminal_type(struct terminal *t, const char *bytes, size_t n)
{
    int flags = fcntl(t->fd, F_GETFL);
    fcntl(t->fd, F_SETFL, flags | O_NONBLOCK);
    bool alive = true;
    while (n > 0 && alive) {
        ssize_t done = write(t->fd, bytes, n);
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
            continue;
        }
        struct pollfd p = {.fd = t->fd, .events = POLLIN | POLLOUT};
        alive = (errno == EAGAIN || errno == EINTR) && poll(&p, 1, 10000) > 0;
        if (alive && (p.revents & POLLIN))
            take_some(t);
        else if (p.revents & POLLHUP)
            alive = false;
    }
    fcntl(t->fd, F_SETFL, flags);
    return alive;
}

bool terminal_keys(struct terminal *t, const char *text)
{
    return terminal_type(t, text, strlen(text));
}

void terminal_resize(struct terminal *t, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    vt_resize(&t->vt, rows, cols);
    ioctl(t->fd, TIOCSWINSZ, &size);
}

bool terminal_ended(struct terminal *t, int ms)
{
    int64_t until = time_monotonic_us() + ms * INT64_C(1000);
    for (reap(t, WNOHANG); t->pid > 0; reap(t, WNOHANG)) {
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        if (time_monotonic_us() > until)
            return false;
        if (poll(&p, t->fd >= 0 ? 1 : 0, 1) <= 0 || !take_some(t))
            poll(NULL, 0, 1);
    }
    while (t->fd >= 0) { /* what it wrote last */
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        if (poll(&p, 1, 50) <= 0 || !take_some(t))
            break;
    }
    return true;
}

const char *terminal_left(const struct terminal *t, char dst[240])
{
    struct termios now;
    char modes[160];
    vt_left_on(&t->vt, modes);
    bool same = tcgetattr(t->fd, &now) == 0 && now.c_lflag == t->before.c_lflag &&
                now.c_iflag == t->before.c_iflag && now.c_oflag == t->before.c_oflag &&
                now.c_cflag == t->before.c_cflag;
    snprintf(dst, 240, "%s%s%s", same ? "" : "line settings", !same && *modes ? ", " : "", modes);
    return dst;
}

void terminal_print(const struct terminal *t)
{
    struct buf b = {0};
    vt_dump(&t->vt, &b);
    fprintf(stderr, "---- %dx%d, cursor %d,%d\n%s----\n", t->vt.cols, t->vt.rows,
            t->vt.page[t->vt.now].row, t->vt.page[t->vt.now].col, buf_text(&b));
    buf_release(&b);
}
