/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Engines and their work: a registry with heartbeats, one leader by lease, and a queue of jobs
 * with leases and fences, all in the desk's database (migrations/0007). Whatever holds a job or
 * the lead may die at any moment: the lease tells, and on the same host the process table. */
#ifndef QUORUM_JOBS_H
#define QUORUM_JOBS_H

#include "quorum/desk.h"

/* Order of the stages of one instant: a job is taken only when no job of the same due time and a
 * lower stage is open. Jobs that touch cash are in stages with one job each. */
enum job_kind {
    JOB_LOOK,     /* prices of orders and positions: fills, stops, targets */
    JOB_RANK,     /* before the session: the order in which symbols are evaluated */
    JOB_EVALUATE, /* one symbol */
    JOB_TRADE,    /* entry orders of the evaluations of this instant, in one job */
    JOB_MARK,     /* after the session: equity, trailing stops, exits by time and regime */
    JOB_SCORE,    /* shadow outcomes and vote scores */
    JOB_LEARN,    /* the nightly learning cycle */
    JOB_KEEP,     /* partitions, retention, old jobs */
    JOB_KINDS
};
struct job_kind_row {
    const char *name; /* "look" */
    int stage;
    int max_attempts;
};
extern const struct job_kind_row job_kinds[JOB_KINDS];

struct job {
    int64_t id;
    enum job_kind kind;
    char symbol[16];
    int64_t due; /* desk time */
    int attempt; /* the fence, with the owner */
};

/* A job to be queued; unique_key makes it once for ever. */
struct job_request {
    enum job_kind kind;
    const char *symbol; /* "" */
    int64_t due;
    const char *unique_key; /* NULL: "KIND SYMBOL DUE" */
};

/* Registers this process; refuses (ERR_POLICY) when the schema is ahead of the program, or when a
 * living engine of a newer program version is on this desk ("refuses: a newer engine runs"). */
enum err engine_register(struct desk *d, struct error *e);
/* One heartbeat: engines row, leases of my running jobs (30 s), the leader's lease (10 s; tries to
 * take it when it is free, expired, or held by a dead process of this host: the caller passes
 * nothing, the function finds out). `beat` tells what came of it. Sent every 2 s by the engine. */
#define NO_REVIEW INT64_MIN
struct beat {
    bool leading;
    int64_t epoch;
    int64_t skew_ms;    /* this machine's clock minus the database's */
    int64_t desk_now;   /* the desk's clock */
    char control[12];   /* control_state */
    int64_t settings;   /* the newest of the desk's settings, by its id */
    bool asked_to_stop; /* engines.state was set to STOPPING by `engine stop` */
    /* Until an approval's hold ends, or a proposal expires or is shown again, by the desk's clock;
     * NO_REVIEW: no adjustment waits. */
    int64_t review_in_ms;
};
typedef void beat_fn(void *arg, const struct beat *b, const struct error *e);
void engine_beat(struct desk *d, int in_flight, beat_fn *done, void *arg);
/* Says STOPPED, gives back the lead and the jobs not begun. Waits. */
enum err engine_unregister(struct desk *d, struct error *e);

/* Queues jobs in one statement; those known already are left alone. Returns through done how many
 * were new. Fenced by the leader's epoch when epoch > 0. */
typedef void jobs_queued_fn(void *arg, int64_t queued, const struct error *e);
void jobs_queue(struct desk *d, const struct job_request *r, size_t n, int64_t epoch,
                jobs_queued_fn *done, void *arg);
/* Takes up to max due jobs, in order (due, stage, kind, symbol). */
typedef void jobs_taken_fn(void *arg, const struct job *job, size_t n, const struct error *e);
void jobs_take(struct desk *d, int max, jobs_taken_fn *done, void *arg);
/* Ends a job with a result line; a transient error puts it back with backoff (1 s, 2 s, 4 s ...
 * at most 60 s), any other or the last attempt ends it as dead. done(ok false): somebody else
 * owns it by now. done may be NULL. */
void job_finish(struct desk *d, const struct job *j, const struct error *problem,
                const char *result, void (*done)(void *arg, bool ok, const struct error *e),
                void *arg);
/* The leader's: gives back jobs whose lease ran out or whose engine is gone. */
void jobs_rescue(struct desk *d, jobs_queued_fn *done, void *arg);
/* Jobs due and not ended, and the earliest due of those that are not due yet (TIME_NONE: none). */
enum err jobs_open(struct desk *d, int64_t *due_open, int64_t *next_due, struct error *e);

/* Virtual clock: moves the desk's clock forward to `to` and queues jobs of that moment in one
 * transaction, only while this engine leads (epoch), no due job is open, and none would be jumped
 * over. *moved tells. ERR_POLICY on a real clock and for a `to` that is past. */
enum err clock_advance(struct desk *d, int64_t epoch, int64_t to, const struct job_request *r,
                       size_t n, bool *moved, struct error *e);

#endif
