/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/loop.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "quorum/mem.h"

enum { SIGNALS_MAX = 12 };

struct loop_signal {
    uv_signal_t handle;
    int number; /* 0: free */
    void (*caught)(void *arg, int number);
    void *arg;
};

struct loop_io {
    uv_poll_t poll; /* first: the close callback frees the whole through it */
    struct loop_io *prev, *next;
    struct loop *loop;
    int want; /* of libuv; told again, it would let go of the descriptor and take it back */
    void (*ready)(void *arg, int events);
    void *arg;
};

struct loop_timer {
    struct loop_timer *next; /* of those that run, the first due first */
    struct loop *loop;
    uint64_t due; /* uv_hrtime; 0: does not run */
    void (*fired)(void *arg);
    void *arg;
    struct loop_timer *all_prev, *all_next;
};

struct loop {
    uv_loop_t uv;
    /* Always active, so that a turn without any other handle sleeps instead of spinning. */
    uv_async_t keep;
    uv_timer_t deadline;
    bool expired;
    bool turning; /* inside uv_run or the hook: loop_run_until would be a nested wait */
    struct loop_signal signals[SIGNALS_MAX];
    int interrupted;
    void (*hook)(void *arg);
    void *hook_arg;
    struct loop_io *ios;
    struct loop_timer *timers;
    struct loop_timer *running;
    /* libuv's own timers count in whole milliseconds: an evaluation's two rounds of calls would
     * each feel one. This descriptor wakes the loop to the clock's precision. */
    int clock;
    struct loop_io *clock_io;
    uint64_t wakes; /* when the clock is set to; 0: not */
};

static void never_sent(uv_async_t *handle)
{
    (void)handle;
}

static void clock_ready(void *arg, int events);
static void clock_set(struct loop *l);

static int clock_new(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

    assert(fd >= 0);
    return fd;
}

struct loop *loop_new(void)
{
    struct loop *l = mem_alloc(sizeof(*l));
    int rc = uv_loop_init(&l->uv);

    /* A peer that closes its socket must be an error of write(), not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    assert(rc == 0);
    rc = uv_async_init(&l->uv, &l->keep, never_sent);
    assert(rc == 0);
    rc = uv_timer_init(&l->uv, &l->deadline);
    assert(rc == 0);
    (void)rc;
    l->clock = clock_new();
    l->clock_io = loop_io_new(l, l->clock, clock_ready, l);
    assert(l->clock_io);
    loop_io_want(l->clock_io, LOOP_READ);
    return l;
}

void loop_forked(struct loop *l)
{
    /* The clock is the parent's too: another takes its number before the watchers are renewed. */
    int fd = clock_new();
    int rc = dup3(fd, l->clock, O_CLOEXEC);

    assert(rc >= 0);
    close(fd);
    rc = uv_loop_fork(&l->uv);
    assert(rc == 0);
    (void)rc;
    clock_set(l);
}

struct uv_loop_s *loop_uv(struct loop *l)
{
    return &l->uv;
}

static void close_foreign(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    assert(!l->turning);
    while (l->ios)
        loop_io_free(l->ios);
    while (l->timers)
        loop_timer_free(l->timers);
    close(l->clock);
    uv_walk(&l->uv, close_foreign, NULL);
    l->turning = true;
    uv_run(&l->uv, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&l->uv);
    assert(rc == 0);
    (void)rc;
    mem_free(l);
}

static void deadline_passed(uv_timer_t *timer)
{
    struct loop *l = timer->data;

    l->expired = true;
}

/* libuv counts in whole milliseconds of a clock it rounds down, so a timer may come up to one
 * early; a timeout here never does. */
static uint64_t round_up(int64_t ms)
{
    return ms > 0 ? (uint64_t)ms + 1 : 0;
}

static void turn(struct loop *l, uv_run_mode mode)
{
    l->turning = true;
    uv_run(&l->uv, mode);
    if (l->hook)
        l->hook(l->hook_arg);
    l->turning = false;
}

bool loop_run_until(struct loop *l, bool (*done)(void *arg), void *arg, int64_t timeout_ms)
{
    bool finished;

    assert(!l->turning); /* waiting inside a callback would turn the loop inside itself */
    l->expired = false;
    if (timeout_ms >= 0) {
        l->deadline.data = l;
        uv_update_time(&l->uv);
        uv_timer_start(&l->deadline, deadline_passed, round_up(timeout_ms), 0);
    }
    while (!(finished = done(arg)) && !l->expired && !l->interrupted)
        turn(l, timeout_ms == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    uv_timer_stop(&l->deadline);
    return finished;
}

void loop_on_turn(struct loop *l, void (*hook)(void *arg), void *arg)
{
    l->hook = hook;
    l->hook_arg = arg;
}

static void io_ready(uv_poll_t *poll, int status, int events)
{
    struct loop_io *io = poll->data;
    int ready = 0;

    /* An error is reported as both directions: the owner's read or write then meets it. */
    if (status < 0) {
        io->want = 0; /* libuv has stopped it */
        ready = LOOP_READ | LOOP_WRITE;
    }
    if (events & UV_READABLE)
        ready |= LOOP_READ;
    if (events & UV_WRITABLE)
        ready |= LOOP_WRITE;
    if (ready)
        io->ready(io->arg, ready);
}

struct loop_io *loop_io_new(struct loop *l, int fd, void (*ready)(void *arg, int events), void *arg)
{
    struct loop_io *io = mem_alloc(sizeof(*io));
    int rc = uv_poll_init(&l->uv, &io->poll, fd);

    if (rc != 0) { /* a closed or regular file, or an fd that is watched already */
        mem_free(io);
        return NULL;
    }
    io->poll.data = io;
    io->loop = l;
    io->ready = ready;
    io->arg = arg;
    io->next = l->ios;
    if (l->ios)
        l->ios->prev = io;
    l->ios = io;
    return io;
}

void loop_io_want(struct loop_io *io, int events)
{
    int want = 0;

    if (events & LOOP_READ)
        want |= UV_READABLE;
    if (events & LOOP_WRITE)
        want |= UV_WRITABLE;
    if (want == io->want)
        return;
    io->want = want;
    if (want)
        uv_poll_start(&io->poll, want, io_ready);
    else
        uv_poll_stop(&io->poll);
}

static void io_closed(uv_handle_t *handle)
{
    mem_free((struct loop_io *)handle);
}

void loop_io_free(struct loop_io *io)
{
    if (!io)
        return;
    if (io->prev)
        io->prev->next = io->next;
    else
        io->loop->ios = io->next;
    if (io->next)
        io->next->prev = io->prev;
    uv_close((uv_handle_t *)&io->poll, io_closed);
}

static void clock_set(struct loop *l)
{
    uint64_t due = l->running ? l->running->due : 0;
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(due / 1000000000), .tv_nsec = (long)(due % 1000000000)}};
    int rc = timerfd_settime(l->clock, TFD_TIMER_ABSTIME, &at, NULL); /* forgets what has passed */

    assert(rc == 0);
    (void)rc;
    l->wakes = due;
}

static void clock_ready(void *arg, int events)
{
    struct loop *l = arg;
    uint64_t now = uv_hrtime();

    (void)events;
    while (l->running && l->running->due <= now) {
        struct loop_timer *t = l->running;
        l->running = t->next;
        t->due = 0;
        t->fired(t->arg); /* may start, stop or free any timer, itself too */
    }
    clock_set(l);
}

struct loop_timer *loop_timer_new(struct loop *l, void (*fired)(void *arg), void *arg)
{
    struct loop_timer *t = mem_alloc(sizeof(*t));

    t->loop = l;
    t->fired = fired;
    t->arg = arg;
    t->all_next = l->timers;
    if (l->timers)
        l->timers->all_prev = t;
    l->timers = t;
    return t;
}

void loop_timer_start(struct loop_timer *t, int64_t after_ms)
{
    struct loop *l = t->loop;
    struct loop_timer **place = &l->running;

    loop_timer_stop(t);
    t->due = uv_hrtime() + (after_ms > 0 ? (uint64_t)after_ms : 0) * 1000000;
    while (*place && (*place)->due <= t->due)
        place = &(*place)->next;
    t->next = *place;
    *place = t;
    if (!l->wakes || t->due < l->wakes)
        clock_set(l);
}

void loop_timer_stop(struct loop_timer *t)
{
    struct loop_timer **place = &t->loop->running;

    if (!t->due)
        return;
    while (*place != t)
        place = &(*place)->next;
    *place = t->next;
    t->due = 0;
}

void loop_timer_free(struct loop_timer *t)
{
    if (!t)
        return;
    loop_timer_stop(t);
    if (t->all_prev)
        t->all_prev->all_next = t->all_next;
    else
        t->loop->timers = t->all_next;
    if (t->all_next)
        t->all_next->all_prev = t->all_prev;
    mem_free(t);
}

static void signal_caught(uv_signal_t *handle, int number)
{
    struct loop_signal *s = handle->data;

    if (s->caught)
        s->caught(s->arg, number);
}

void loop_on_signal(struct loop *l, int number, void (*caught)(void *arg, int number), void *arg)
{
    struct loop_signal *s = l->signals;

    while (s->number && s->number != number)
        s++;
    assert(s < l->signals + SIGNALS_MAX);
    if (!s->number) {
        s->number = number;
        uv_signal_init(&l->uv, &s->handle);
        s->handle.data = s;
        uv_signal_start(&s->handle, signal_caught, number);
    }
    s->caught = caught;
    s->arg = arg;
}

void loop_interrupt(struct loop *l, int number)
{
    l->interrupted = number;
}

static void interrupt(void *arg, int number)
{
    loop_interrupt(arg, number);
}

void loop_catch_signals(struct loop *l)
{
    loop_on_signal(l, SIGINT, interrupt, l);
    loop_on_signal(l, SIGTERM, interrupt, l);
    loop_on_signal(l, SIGHUP, interrupt, l);
}

int loop_interrupted(const struct loop *l)
{
    return l->interrupted;
}

void loop_clear_interrupt(struct loop *l)
{
    l->interrupted = 0;
}
