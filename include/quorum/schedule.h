/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the desk does what, by the exchange's calendar, and how much it can afford today. Pure:
 * no clock is read and nothing is stored here (engine.c queues the slots as jobs). */
#ifndef QUORUM_SCHEDULE_H
#define QUORUM_SCHEDULE_H

#include "quorum/jobs.h"

/* Times of a session, exchange time. A half day ends at 13:00 and has fewer looks and rounds;
 * what is counted from the close moves with it.
 *   rank    60 min before the open       round   first 30 min after the open, then every
 *   look    at the open, then every              round_minutes, the last 30 min before the close
 *           look_minutes, and at the     mark    5 min after the close
 *           close                        score   30 min, learn 3 h 25, keep 4 h after it
 * A proposal waits 72 hours: Friday's is looked at anew before it expires on Monday. */
struct schedule_plan {
    int look_minutes, round_minutes;
    int most_evaluations;  /* in a session; 0: the whole watchlist */
    bool evaluates;        /* MULTI_AGENT_ENABLED: rank, rounds and trade */
    bool learns;           /* SELF_LEARNING_ENABLED */
    int32_t learns_weekly; /* before this day only after the last session of a week */
};

struct slot {
    enum job_kind kind; /* JOB_EVALUATE stands for the round; its symbols come from the day plan */
    int64_t at;
    int32_t day; /* session */
};

enum { SLOTS_MAX = 512, ROUNDS_MAX = 32 };
/* The slots of one day, ascending by time and stage; none on a closed day. */
size_t schedule_day(int32_t day, const struct schedule_plan *p, struct slot out[SLOTS_MAX]);
/* The slots of the first moment after `after`; returns how many share it. */
size_t schedule_next(const struct schedule_plan *p, int64_t after, struct slot out[SLOTS_MAX]);
/* Moments of the rounds of a session. */
size_t schedule_rounds(int32_t day, const struct schedule_plan *p, int64_t out[ROUNDS_MAX]);

/* --- what today still allows -------------------------------------------------------------- */

struct day_means {
    bool counts_calls;  /* a vendor with a daily limit serves this desk */
    int64_t calls_left; /* of that limit */
    double calls_per_evaluation;
    int positions;    /* open, and entries under way */
    int minutes_left; /* of the session */
    int look_minutes; /* the schedule's */
    bool costs;       /* a model is asked */
    int64_t usd_free; /* nano-dollars of today's budget not spent or reserved */
    int64_t usd_per_evaluation;
    int symbols_left;  /* of the watchlist, not evaluated today */
    int schedule_left; /* of most_evaluations; -1: no such limit */
};
struct day_plan {
    int evaluations;      /* that can still be made today */
    const char *binding;  /* "watchlist", "schedule", "FMP", "budget": what allows no more */
    bool short_of_means;  /* calls or dollars bind, not the list of symbols */
    int position_minutes; /* between looks at one position */
    bool looks_bound;     /* more than look_minutes because of the vendor's limit */
};
/* Open positions come first: they get at most 60 % of the calls left, polled as often as that
 * allows (never more often than look_minutes); what is left over buys evaluations. */
void day_plan_make(const struct day_means *m, struct day_plan *out);

/* --- of a desk (engine_plan.c) ------------------------------------------------------------- */

/* The schedule of a desk: its own rhythm on real time, a coarser one on the virtual clock. */
struct schedule_plan engine_schedule(const struct desk *d, bool is_virtual);
/* What today still allows, from the database. */
enum err engine_day_plan(struct desk *d, const struct schedule_plan *p, struct day_plan *out,
                         struct error *e);

#endif
