/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/loop.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static bool is_set(void *arg)
{
    return *(bool *)arg;
}

static void set(void *arg)
{
    *(bool *)arg = true;
}

static int loop_setup(void **state)
{
    *state = loop_new();
    return 0;
}

static int loop_teardown(void **state)
{
    loop_free(*state);
    return 0;
}

static void a_wait_ends_when_its_condition_holds(void **state)
{
    struct loop *l = *state;
    bool fired = false;
    struct loop_timer *t = loop_timer_new(l, set, &fired);

    loop_timer_start(t, 1);
    assert_true(loop_run_until(l, is_set, &fired, 5000));
    loop_timer_free(t);
}

static void a_deadline_never_comes_early_and_an_idle_wait_does_not_hang(void **state)
{
    struct loop *l = *state;

    for (int i = 0; i < 5; i++) {
        int64_t begin = time_monotonic_us();

        assert_false(loop_run_until(l, never, NULL, 7));
        assert_true(time_monotonic_us() - begin >= 7000);
    }
    assert_false(loop_run_until(l, never, NULL, 0));
}

static void a_stopped_timer_does_not_fire(void **state)
{
    struct loop *l = *state;
    bool stopped = false, other = false;
    struct loop_timer *a = loop_timer_new(l, set, &stopped);
    struct loop_timer *b = loop_timer_new(l, set, &other);

    loop_timer_start(a, 2);
    loop_timer_start(b, 10);
    loop_timer_stop(a);
    assert_true(loop_run_until(l, is_set, &other, 5000));
    assert_false(stopped);
    loop_timer_free(a);
    loop_timer_free(b);
    loop_timer_free(NULL);
}

struct in_turn {
    struct loop *loop;
    struct loop_timer *timers[3], *doomed;
    int64_t began, at[3];
    int fired;
};

static void next_in_turn(void *arg)
{
    struct in_turn *r = arg;

    r->at[r->fired] = time_monotonic_us() - r->began;
    loop_timer_free(r->timers[r->fired++]); /* itself, inside its own call */
    loop_timer_free(r->doomed);
    r->doomed = NULL;
    if (r->fired == 2) { /* due at once: not lost though others fire in the same turn */
        r->timers[2] = loop_timer_new(r->loop, next_in_turn, r);
        loop_timer_start(r->timers[2], 0);
    }
}

static bool all_in_turn(void *arg)
{
    return ((struct in_turn *)arg)->fired == 3;
}

static void timers_fire_in_the_order_they_are_due_and_none_early(void **state)
{
    struct in_turn r = {.loop = *state, .began = time_monotonic_us()};

    r.timers[1] = loop_timer_new(r.loop, next_in_turn, &r);
    loop_timer_start(r.timers[1], 9);
    r.timers[0] = loop_timer_new(r.loop, next_in_turn, &r);
    loop_timer_start(r.timers[0], 60000);
    loop_timer_start(r.timers[0], 3); /* again: the first is forgotten */
    r.doomed = loop_timer_new(r.loop, next_in_turn, &r);
    loop_timer_start(r.doomed, 3);
    assert_true(loop_run_until(r.loop, all_in_turn, &r, 5000));
    assert_true(r.at[0] >= 3000 && r.at[1] >= 9000 && r.at[2] >= r.at[1]);
}

static void a_child_that_goes_on_has_a_clock_of_its_own(void **state)
{
    struct loop *l = *state;
    bool fired = false;
    struct loop_timer *t = loop_timer_new(l, set, &fired);
    int status;

    loop_timer_start(t, 20);
    pid_t pid = fork();
    if (pid == 0) {
        loop_forked(l);
        loop_timer_start(t, 60000); /* the parent's must not move with it */
        bool done = false;
        loop_timer_start(loop_timer_new(l, set, &done), 1);
        _exit(loop_run_until(l, is_set, &done, 5000) && !fired ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(loop_run_until(l, is_set, &fired, 5000));
    loop_timer_free(t);
}

struct pipe_end {
    struct loop_io *io;
    int fd, events;
    char text[8];
};

static void pipe_ready(void *arg, int events)
{
    struct pipe_end *end = arg;

    end->events |= events;
    if (events & LOOP_READ)
        assert_int_equal(read(end->fd, end->text, sizeof(end->text)), 2);
    /* Freed inside its own callback, as a connection that ends here does. */
    loop_io_free(end->io);
    end->io = NULL;
}

static bool pipe_done(void *arg)
{
    return ((struct pipe_end *)arg)->io == NULL;
}

static void a_descriptor_is_reported_and_may_be_dropped_in_its_callback(void **state)
{
    struct loop *l = *state;
    int fd[2];

    assert_int_equal(pipe(fd), 0);
    struct pipe_end in = {.fd = fd[0]}, out = {.fd = fd[1]};
    in.io = loop_io_new(l, fd[0], pipe_ready, &in);
    out.io = loop_io_new(l, fd[1], pipe_ready, &out);
    loop_io_want(in.io, LOOP_READ);
    assert_false(loop_run_until(l, pipe_done, &in, 5)); /* nothing was written */
    assert_int_equal(write(fd[1], "ok", 2), 2);
    assert_true(loop_run_until(l, pipe_done, &in, 5000));
    assert_int_equal(in.events, LOOP_READ);
    loop_io_want(out.io, LOOP_WRITE);
    assert_true(loop_run_until(l, pipe_done, &out, 5000));
    assert_int_equal(out.events, LOOP_WRITE);
    close(fd[0]);
    close(fd[1]);
}

static void a_descriptor_can_be_watched_again_after_it_was_dropped(void **state)
{
    struct loop *l = *state;
    int fd[2];

    assert_int_equal(pipe(fd), 0);
    for (int i = 0; i < 3; i++) {
        struct pipe_end in = {.fd = fd[0]};

        in.io = loop_io_new(l, fd[0], pipe_ready, &in);
        assert_non_null(in.io);
        loop_io_want(in.io, LOOP_READ);
        assert_int_equal(write(fd[1], "ok", 2), 2);
        assert_true(loop_run_until(l, pipe_done, &in, 5000));
    }
    close(fd[0]);
    close(fd[1]);
    assert_null(loop_io_new(l, fd[0], pipe_ready, NULL));
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void the_screen_is_drawn_after_every_turn(void **state)
{
    struct loop *l = *state;
    int turns = 0;
    bool fired = false;
    struct loop_timer *t = loop_timer_new(l, set, &fired);

    loop_on_turn(l, count, &turns);
    loop_timer_start(t, 1);
    assert_true(loop_run_until(l, is_set, &fired, 5000));
    assert_true(turns >= 1);
    loop_on_turn(l, NULL, NULL);
    loop_timer_free(t);
}

static void ctrl_c_ends_every_wait_until_it_is_cleared(void **state)
{
    struct loop *l = *state;
    bool fired = true;

    loop_catch_signals(l);
    loop_catch_signals(l);
    assert_int_equal(loop_interrupted(l), 0);
    raise(SIGTERM);
    assert_false(loop_run_until(l, never, NULL, 5000));
    assert_int_equal(loop_interrupted(l), SIGTERM);
    assert_false(loop_run_until(l, never, NULL, LOOP_NO_DEADLINE));
    assert_true(loop_run_until(l, is_set, &fired, 0)); /* what is done is done */
    loop_clear_interrupt(l);
    assert_int_equal(loop_interrupted(l), 0);
    assert_false(loop_run_until(l, never, NULL, 1));
}

static void end_wait(void *arg)
{
    loop_interrupt(arg, SIGINT);
    loop_interrupt(arg, SIGINT); /* pressed twice */
}

static void a_wait_ended_by_a_key_leaves_nothing_for_the_next_one(void **state)
{
    struct loop *l = *state;
    struct loop_timer *t = loop_timer_new(l, end_wait, l);
    loop_catch_signals(l);
    loop_timer_start(t, 1);
    assert_false(loop_run_until(l, never, NULL, 5000));
    assert_int_equal(loop_interrupted(l), SIGINT);
    loop_clear_interrupt(l);
    assert_false(loop_run_until(l, never, NULL, 5));
    assert_int_equal(loop_interrupted(l), 0);
    loop_timer_free(t);
}

static void wait_again(void *arg)
{
    loop_run_until(arg, never, NULL, 1);
}

static void waiting_inside_a_callback_is_caught_at_once(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    if (pid == 0) {
        const struct rlimit no_core = {0, 0};
        struct loop *l = loop_new(); /* a loop does not survive a fork */

        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        close(2);
        loop_timer_start(loop_timer_new(l, wait_again, l), 0);
        loop_run_until(l, never, NULL, 1000);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void what_is_left_open_is_closed_with_the_loop(void **state)
{
    struct loop *l = loop_new();
    bool fired = false;
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    loop_timer_start(loop_timer_new(l, set, &fired), 60000);
    loop_io_want(loop_io_new(l, fd[0], pipe_ready, NULL), LOOP_READ);
    loop_catch_signals(l);
    loop_free(l);
    loop_free(NULL);
    assert_false(fired);
    close(fd[0]);
    close(fd[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, loop_setup, loop_teardown)
        TEST(a_wait_ends_when_its_condition_holds),
        TEST(a_deadline_never_comes_early_and_an_idle_wait_does_not_hang),
        TEST(a_stopped_timer_does_not_fire),
        TEST(timers_fire_in_the_order_they_are_due_and_none_early),
        TEST(a_child_that_goes_on_has_a_clock_of_its_own),
        TEST(a_descriptor_is_reported_and_may_be_dropped_in_its_callback),
        TEST(a_descriptor_can_be_watched_again_after_it_was_dropped),
        TEST(the_screen_is_drawn_after_every_turn),
        TEST(ctrl_c_ends_every_wait_until_it_is_cleared),
        TEST(a_wait_ended_by_a_key_leaves_nothing_for_the_next_one),
        cmocka_unit_test(waiting_inside_a_callback_is_caught_at_once),
        cmocka_unit_test(what_is_left_open_is_closed_with_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
