/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's terminal: its bytes become events, which may have to wait for what an earlier key
 * asked for, and its signals. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ui/bar.h"
#include "ui/console_run.h"

static void await_more(struct console *c)
{
    int wait = input_wait_ms(&c->input);
    if (wait >= 0)
        loop_timer_start(c->escape, wait);
    else
        loop_timer_stop(c->escape);
}

/* Keys of one packet come one by one here; what the first one asked for is done between turns. */
static bool has_line_before(const struct console *c)
{
    return (c->queued > 0 || c->agreed || c->line_begun) && !*c->at_work;
}

/* Nothing goes before what was typed earlier, but for the end of waiting for it. */
static bool ends_the_wait(struct console *c, const struct input_event *ev)
{
    if (!c->line_begun || ev->kind != EVENT_KEY || !key_is_control(&ev->key, 'c'))
        return false;
    console_end_wait(c);
    return true;
}

static void hold(struct console *c, const struct input_event *ev)
{
    if (c->nheld == HELD_MAX)
        return;
    if (c->nheld == c->held_cap) {
        c->held_cap = c->held_cap ? 2 * c->held_cap : 32;
        c->held = mem_grow(c->held, c->held_cap, sizeof *c->held);
    }
    struct input_event *kept = &c->held[c->nheld++].event;
    *kept = *ev;
    if (ev->kind == EVENT_PASTE) {
        char *bytes = mem_array(ev->paste_len + 1, 1);
        memcpy(bytes, ev->paste, ev->paste_len);
        kept->paste = bytes;
    }
}

static void take_event(void *arg, const struct input_event *ev)
{
    struct console *c = arg;
    struct input_event now = *ev;
    if (ends_the_wait(c, ev))
        return;
    do {
        if (c->nheld > 0 || has_line_before(c) || console_waits_for_rows(c, &now)) {
            hold(c, &now);
            return;
        }
    } while (now.kind == EVENT_KEY && console_took_esc_of(c, &now.key));
    console_event(c, &now);
}

static void drop_first_event(struct console *c)
{
    if (c->held[0].event.kind == EVENT_PASTE)
        mem_free((char *)(uintptr_t)c->held[0].event.paste);
    c->nheld--;
    memmove(c->held, c->held + 1, c->nheld * sizeof *c->held);
}

void console_release_events(struct console *c)
{
    while (c->nheld > 0 && !c->quits && !has_line_before(c) &&
           !console_waits_for_rows(c, &c->held[0].event)) {
        struct input_event *first = &c->held[0].event;
        if (first->kind == EVENT_KEY && console_took_esc_of(c, &first->key))
            continue;
        console_event(c, first);
        drop_first_event(c);
    }
}

static void expired(void *arg)
{
    struct console *c = arg;
    input_expire(&c->input, take_event, c);
    await_more(c);
}

static void hang_up(struct console *c)
{
    c->hung_up = true;
    loop_io_want(c->tty_io, 0);
    console_quit(c);
}

static void can_read(void *arg, int events)
{
    struct console *c = arg;
    char bytes[16384];
    (void)events;
    ssize_t n = read(c->tty, bytes, sizeof bytes);
    if (n > 0) {
        input_feed(&c->input, bytes, (size_t)n, take_event, c);
        await_more(c);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        hang_up(c);
    }
}

static void resized(void *arg, int number)
{
    struct console *c = arg;
    int rows, cols;
    (void)number;
    if (!c->screen)
        return;
    if (!screen_resize(c->screen))
        screen_repaint(c->screen); /* smaller and back: the terminal has lost what was outside */
    screen_size(c->screen, &rows, &cols);
    bar_resize(rows, cols);
    if (c->recorder)
        recorder_size(c->recorder, rows, cols);
    console_urgent(c);
}

/* The program stops in here, until somebody lets it go on. */
void console_suspend(struct console *c)
{
    struct sigaction before, usual = {.sa_handler = SIG_DFL};
    c->stop = 0;
    screen_suspend(c->screen);
    sigaction(SIGTSTP, &usual, &before);
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &before, NULL);
    screen_resume(c->screen);
    resized(c, SIGWINCH);
    console_urgent(c);
}

static void told_to_stop(void *arg, int number)
{
    struct console *c = arg;
    c->stop = number;
}

static void goes_on(void *arg, int number)
{
    struct console *c = arg;
    (void)number;
    if (!c->screen || c->hung_up)
        return;
    /* Stopped from outside and let go on behind the shell: it has the keys, so it has the screen.
     */
    pid_t front = tcgetpgrp(c->tty);
    if (front > 0 && front != getpgrp()) {
        raise(SIGSTOP);
        return;
    }
    screen_retake(c->screen);
    console_urgent(c);
}

/* What stops or halts an engine is nothing to a console. */
static void not_for_us(void *arg, int number)
{
    (void)arg;
    (void)number;
}

static void told_to_quit(void *arg, int number)
{
    (void)number;
    console_quit(arg);
}

enum err console_open_tty(struct console *c, struct error *e)
{
    const char *name = ttyname(STDOUT_FILENO);
    c->tty = open(name ? name : "/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (c->tty < 0)
        return err_set(e, ERR_FAILED, "the terminal cannot be read: %s", strerror(errno));
    c->tty_io = loop_io_new(c->loop, c->tty, can_read, c);
    if (!c->tty_io)
        return err_set(e, ERR_FAILED, "the terminal cannot be watched");
    c->escape = loop_timer_new(c->loop, expired, c);
    loop_on_signal(c->loop, SIGWINCH, resized, c);
    loop_on_signal(c->loop, SIGTSTP, told_to_stop, c);
    loop_on_signal(c->loop, SIGCONT, goes_on, c);
    loop_on_signal(c->loop, SIGQUIT, told_to_quit, c);
    loop_on_signal(c->loop, SIGUSR1, not_for_us, c);
    loop_on_signal(c->loop, SIGUSR2, not_for_us, c);
    return OK;
}

void console_close_tty(struct console *c)
{
    static const int ours[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGQUIT, SIGUSR1, SIGUSR2};
    for (size_t i = 0; c->tty_io && i < ARRAY_LEN(ours); i++)
        loop_on_signal(c->loop, ours[i], NULL, NULL);
    loop_io_free(c->tty_io);
    c->tty_io = NULL;
    if (c->tty >= 0)
        close(c->tty);
    c->tty = -1;
}

void console_forget_events(struct console *c)
{
    while (c->nheld > 0)
        drop_first_event(c);
    mem_free(c->held);
    loop_timer_free(c->escape);
    input_release(&c->input);
}
