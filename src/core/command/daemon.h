/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An engine in the background, from the command line. */
#ifndef QUORUM_DAEMON_H
#define QUORUM_DAEMON_H

#include <sys/types.h>

#include "quorum/command.h"

struct daemon_start {
    bool already;  /* one ran; none was started */
    int64_t pid;   /* of the engine that runs now */
    char log[600]; /* where it writes */
};
/* Starts an engine for the call's desk in a session of its own and waits until it takes jobs.
 * With `another` also when one runs on this host. No desk may be open: the process is forked (not
 * executed anew, for the keys must not stand in an environment). */
enum err daemon_engine(struct call *c, bool another, struct daemon_start *out, struct error *e);

/* The same in steps, for a process that opens its desk before it knows whether an engine is needed:
 * the child is forked first, and waits. */
enum { DAEMON_WORD_MAX = 900 };
struct daemon_child {
    pid_t pid;
    int go, report; /* pipes to it and from it; -1 */
    char log[600], said[DAEMON_WORD_MAX + 1];
    size_t nsaid;
};
enum err daemon_prepare(struct call *c, bool another, struct daemon_child *out, struct error *e);
bool daemon_needed(struct desk *d); /* no engine of the desk lives on this host */
void daemon_go(struct daemon_child *child);
/* Reads what the child says, when child->report can be read; true when that was all. */
bool daemon_listen(struct daemon_child *child);
/* After daemon_go: what became of it; waits for the rest of what it says. */
enum err daemon_answer(struct daemon_child *child, struct daemon_start *out, struct error *e);
/* A child that was not told to go ends. */
void daemon_release(struct daemon_child *child);

#endif
