/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running engine, shared by the engine*.c files only. */
#ifndef QUORUM_ENGINE_PRIVATE_H
#define QUORUM_ENGINE_PRIVATE_H

#include "quorum/control.h"
#include "quorum/engine.h"
#include "quorum/jobs.h"
#include "quorum/schedule.h"

enum { AT_ONCE_MAX = 32 };

struct engine {
    struct desk *desk;
    const struct engine_options *options;
    struct schedule_plan plan;
    struct beat beat; /* the last answer */
    struct life life;
    bool beating, stopping;
    int running;      /* evaluations */
    bool handed_over; /* the job at hand goes on in the loop and ends by itself */
    int at_once;
    int64_t settings; /* the newest that is in force here */
    bool woken;       /* something ended: look at once instead of waiting */
    int64_t next_rescue, next_refresh, next_review; /* monotonic */
    bool reviewing;                                 /* the pass over adjustments is under way */
    struct loop_timer *pulse;
    struct error beat_problem;
};

/* Waiting for a call that ends in a callback; it always ends (database and network calls have
 * deadlines), so what it writes to may stand on the stack of linear code. */
struct waiting {
    bool over;
    int64_t n;
    struct error e;
};
void waiting_ended(struct waiting *w, int64_t n, const struct error *e);
enum err engine_wait(struct engine *g, struct waiting *w, struct error *e);

/* engine_work.c, engine_plan.c: does one job, waiting; result is one line for the job's row. */
enum { RESULT_MAX = 200 };
/* Which positions are to be looked at. $1 now, $2 seconds between two looks, $3 the job's time. */
extern const struct statement engine_looks_due;
enum err engine_look(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e);
/* engine.c: begins one (g->handed_over) or says why it is skipped. */
enum err engine_evaluate(struct engine *g, const struct job *j, char result[RESULT_MAX],
                         struct error *e);
enum err engine_trade(struct engine *g, const struct job *j, char result[RESULT_MAX],
                      struct error *e);
enum err engine_mark(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e);
enum err engine_score(struct engine *g, const struct job *j, char result[RESULT_MAX],
                      struct error *e);
/* engine_learn.c */
enum err engine_learn(struct engine *g, const struct job *j, char result[RESULT_MAX],
                      struct error *e);
enum err engine_keep(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e);
enum err engine_rank(struct engine *g, const struct job *j, char result[RESULT_MAX],
                     struct error *e);
/* The schedule as the desk's settings and its clock have it now. */
void engine_follow_plan(struct engine *g);
/* How far the schedule has been turned into jobs on real time (now, on a new desk), and one step
 * further: *moved false when this engine does not lead any more. */
enum err schedule_reached(struct desk *d, int64_t *until, struct error *e);
enum err schedule_reach(struct desk *d, int64_t epoch, int64_t to, const struct job_request *q,
                        size_t n, bool *moved, struct error *e);

/* notify.c: tells the service manager (systemd's protocol), if one listens. */
void notify_manager(const char *state);

#endif
