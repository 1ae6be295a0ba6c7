/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests of the private cluster: a directory of their own, clients that are processes of their
 * own (and can be killed), and waiting with deadlines. */
#ifndef TESTS_STORE_CLUSTER_CLIENTS_H
#define TESTS_STORE_CLUSTER_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "quorum/cluster.h"

enum { PATIENCE_MS = 60000 };

struct place {
    char root[256], home[400];
};

/* A fresh directory that any user may pass, or none (private). Orphans become our children. */
void place_make(struct place *p, bool private);
/* Waits until no process works in it (fails the test if one stays), then removes it. */
void place_remove(struct place *p);
/* False when a process is left after the deadline. */
bool place_is_quiet(const struct place *p, int timeout_ms);
/* Kills every process named postgres that works in the place; returns how many. */
int place_kill_servers(const struct place *p);

struct cluster_options place_options(const struct place *p, int linger_ms);
struct cluster_status place_status(const struct place *p);
/* Waits for a server that answers; its pid, or 0 at the deadline. */
pid_t place_wait_running(const struct place *p, int timeout_ms);

struct client {
    pid_t pid;
    int order, answer; /* pipes */
};
/* Forks a process that joins, and holds on until it is told to leave. */
struct client client_start(const struct place *p, int linger_ms);
/* As another user, whose group has the same number; for root. */
struct client client_start_as(const struct place *p, int linger_ms, uid_t uid);
/* Waits until it says that it begins initdb. */
bool client_creates(struct client *c);
/* Waits until it has joined; why (may be NULL) gets the error's text. */
bool client_joined(struct client *c, char *why, size_t size);
void client_leave(struct client *c);
void client_kill(struct client *c);

/* A process running as `uid` that does nothing, with a name; or a zombie when name is NULL. */
pid_t idle_start(uid_t uid, const char *name);
void idle_end(pid_t pid);
/* True once the process has ended (reaped or not). */
bool process_gone(pid_t pid, int timeout_ms);

/* One value, as text; "" for none. Fails the test on an SQL error. */
void ask(struct cluster *c, const char *role, const char *database, const char *sql, char *dst,
         size_t size);
/* Joins from this process; fails the test with the error's text. */
struct cluster *must_join(const struct place *p, int linger_ms);

bool write_text(const char *path, const char *text, uid_t owner);
/* Prints "what: n, median" of times in microseconds. */
void report_times(const char *what, int64_t *us, int n);

#endif
