/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine: one process that takes jobs of a desk, and, while it leads, runs the schedule. The
 * same code runs on real time and on the desk's virtual clock. docs/engine.md. */
#ifndef QUORUM_ENGINE_H
#define QUORUM_ENGINE_H

#include "quorum/desk.h"

struct engine_options {
    int at_once;                /* evaluations at once; 0: 8 */
    bool until_lived;           /* virtual clock: stop when the past has been lived through */
    void (*started)(void *arg); /* registered, about to take jobs (NULL: nobody listens) */
    /* Once a lived session, while the clock catches up (NULL: nobody listens). */
    void (*lived)(void *arg, int32_t day, int32_t last);
    void *arg;
};
/* Runs until a termination signal, `engine stop`, or until_lived; ends what it began (drain). */
enum err engine_run(struct desk *d, const struct engine_options *o, struct error *e);

struct engine_row {
    const char *id, *host, *version, *state, *started_at;
    int64_t pid, in_flight, beat_age_ms;
    bool leads, gone; /* gone: its process on this host has ended, or 15 s without a beat */
};
/* Engines that have not said STOPPED and those of the last day that did; texts in the arena. */
enum err engines_load(struct desk *d, struct arena *a, struct engine_row **out, size_t *n,
                      struct error *e);
/* Asks all living engines of the desk to stop; returns how many. */
enum err engines_ask_to_stop(struct desk *d, int64_t *asked, struct error *e);

/* --- the demo desk's life ----------------------------------------------------------------- */

enum { DEMO_SESSIONS = 60 };
#define DEMO_SPEED 160.0 /* virtual seconds a second: a session in about two and a half minutes */

struct life {
    bool is_virtual;
    int64_t clock_at, live_from; /* TIME_NONE: none */
    double speed;
    char scenario[16];   /* the last that began, "" */
    int lived, sessions; /* of the past to be lived through */
};
enum err life_load(struct desk *d, struct life *out, struct error *e);
/* Puts a desk that has not lived on a virtual clock: `sessions` sessions before the last real one
 * (or from the session `start`, DAY_NONE: none), ticking visibly afterwards. ERR_CONFLICT when it
 * lives already. */
enum err life_begin(struct desk *d, int32_t start, int sessions, double speed, struct error *e);
enum err life_set_speed(struct desk *d, double speed, struct error *e);
/* Something happens in the simulated market from the next session on (market.h); kept, so that
 * every process of the desk sees it. */
enum err life_add_scenario(struct desk *d, const char *name, int32_t *from, struct error *e);
/* Makes the simulated market of this process show what was made to happen. */
enum err life_apply_scenarios(struct desk *d, struct error *e);

#endif
