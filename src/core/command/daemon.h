/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An engine in the background, from the command line. */
#ifndef QUORUM_DAEMON_H
#define QUORUM_DAEMON_H

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

#endif
