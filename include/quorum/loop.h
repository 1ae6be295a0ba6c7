/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one event loop of a process (libuv). A callback does not block. Linear code (a one-shot
 * command, a console command started between turns) waits with loop_run_until, which keeps
 * turning the loop; it must never be called from inside a callback. */
#ifndef QUORUM_LOOP_H
#define QUORUM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "quorum/err.h"

struct loop;
struct loop_io;
struct loop_timer;
struct uv_loop_s;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
enum { LOOP_NO_DEADLINE = -1 };

struct loop *loop_new(void);      /* also makes the process ignore SIGPIPE */
void loop_free(struct loop *l);   /* closes and frees the ios and timers that are left */
void loop_forked(struct loop *l); /* in a child that goes on without exec: call it first */
struct uv_loop_s *loop_uv(struct loop *l);

/* Turns the loop until done(arg) or the deadline (milliseconds from now). True if done. Returns
 * false at once when a termination signal was caught (loop_interrupted). */
bool loop_run_until(struct loop *l, bool (*done)(void *arg), void *arg, int64_t timeout_ms);
/* Called after every turn: the console draws here. */
void loop_on_turn(struct loop *l, void (*hook)(void *arg), void *arg);

/* NULL when fd cannot be watched (closed, a regular file, watched already). An error on the
 * descriptor is reported as both events. */
struct loop_io *loop_io_new(struct loop *l, int fd, void (*ready)(void *arg, int events),
                            void *arg);
void loop_io_want(struct loop_io *io, int events); /* 0 stops */
void loop_io_free(struct loop_io *io);             /* does not close fd; NULL is fine */

struct loop_timer *loop_timer_new(struct loop *l, void (*fired)(void *arg), void *arg);
void loop_timer_start(struct loop_timer *t, int64_t after_ms); /* once; restarts */
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

/* Catches SIGINT, SIGTERM and SIGHUP: loop_interrupted() becomes the signal number. */
void loop_catch_signals(struct loop *l);
int loop_interrupted(const struct loop *l);
/* As if that signal had come, at once: nothing of it is left to arrive later. */
void loop_interrupt(struct loop *l, int number);
/* From now on the signal calls caught from the loop and interrupts no wait: a program that runs
 * until told ends what it does first. */
void loop_on_signal(struct loop *l, int number, void (*caught)(void *arg, int number), void *arg);
/* Forgets a caught signal, so that cleaning up (giving back leases) may wait again; the next
 * signal interrupts that too. */
void loop_clear_interrupt(struct loop *l);

#endif
