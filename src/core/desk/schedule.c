/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/schedule.h"

#include <stdlib.h>

#include "quorum/calendar.h"
#include "quorum/timeutil.h"

#define USEC_MINUTE (60 * USEC_SECOND)

/* Slots with one fixed distance from the session's open or close. */
static const struct fixed_slot {
    enum job_kind kind;
    bool from_close;
    int minutes;
} fixed_slots[] = {
    {JOB_RANK, false, -60}, {JOB_MARK, true, 5},   {JOB_SCORE, true, 30},
    {JOB_LEARN, true, 205}, {JOB_KEEP, true, 240},
};

static bool ends_week(int32_t day)
{
    return day_weekday(calendar_next(day)) <= day_weekday(day);
}

static bool wanted(enum job_kind k, int32_t day, const struct schedule_plan *p)
{
    switch (k) {
    case JOB_RANK:
    case JOB_EVALUATE:
    case JOB_TRADE:
        return p->evaluates;
    case JOB_LEARN:
        return p->learns && (day >= p->learns_weekly || ends_week(day));
    default:
        return true;
    }
}

static size_t add(struct slot *out, size_t n, enum job_kind k, int64_t at, int32_t day)
{
    if (n < SLOTS_MAX)
        out[n++] = (struct slot){.kind = k, .at = at, .day = day};
    return n;
}

size_t schedule_rounds(int32_t day, const struct schedule_plan *p, int64_t out[ROUNDS_MAX])
{
    size_t n = 0;
    if (calendar_session(day) == SESSION_CLOSED || p->round_minutes <= 0)
        return 0;
    int64_t last = calendar_close(day) - 30 * USEC_MINUTE;
    for (int64_t t = calendar_open(day) + 30 * USEC_MINUTE; t <= last && n < ROUNDS_MAX;
         t += p->round_minutes * USEC_MINUTE)
        out[n++] = t;
    return n;
}

static int by_time(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return job_kinds[x->kind].stage - job_kinds[y->kind].stage;
}

size_t schedule_day(int32_t day, const struct schedule_plan *p, struct slot out[SLOTS_MAX])
{
    size_t n = 0;
    int64_t round[ROUNDS_MAX];
    if (calendar_session(day) == SESSION_CLOSED)
        return 0;
    int64_t open = calendar_open(day), close = calendar_close(day);
    for (size_t i = 0; i < ARRAY_LEN(fixed_slots); i++) {
        const struct fixed_slot *f = &fixed_slots[i];
        if (wanted(f->kind, day, p))
            n = add(out, n, f->kind, (f->from_close ? close : open) + f->minutes * USEC_MINUTE,
                    day);
    }
    for (int64_t t = open; t < close && p->look_minutes > 0; t += p->look_minutes * USEC_MINUTE)
        n = add(out, n, JOB_LOOK, t, day);
    n = add(out, n, JOB_LOOK, close, day);
    for (size_t i = 0, rounds = schedule_rounds(day, p, round); i < rounds && p->evaluates; i++) {
        n = add(out, n, JOB_EVALUATE, round[i], day);
        n = add(out, n, JOB_TRADE, round[i], day);
    }
    qsort(out, n, sizeof *out, by_time);
    return n;
}

size_t schedule_next(const struct schedule_plan *p, int64_t after, struct slot out[SLOTS_MAX])
{
    /* What is counted from a close may fall on the next day in UTC, never past the next session. */
    for (int32_t day = calendar_previous(exchange_day(after)); day != DAY_NONE;
         day = calendar_next(day)) {
        size_t n = schedule_day(day, p, out), first = 0, same;
        while (first < n && out[first].at <= after)
            first++;
        for (same = 0; first + same < n && out[first + same].at == out[first].at; same++)
            out[same] = out[first + same];
        if (same)
            return same;
    }
    return 0;
}

/* Calls the open positions get, and how often that lets them be looked at. */
static double reserve_looks(const struct day_means *m, struct day_plan *out)
{
    out->position_minutes = m->look_minutes;
    if (!m->counts_calls || m->positions == 0 || m->minutes_left <= 0)
        return 0;
    double share = 0.6 * (double)m->calls_left;
    double wanted_calls = (double)m->positions * m->minutes_left / m->look_minutes;
    if (wanted_calls <= share)
        return wanted_calls;
    out->looks_bound = true;
    out->position_minutes =
        share < 1 ? m->minutes_left : (int)((double)m->positions * m->minutes_left / share) + 1;
    return share;
}

void day_plan_make(const struct day_means *m, struct day_plan *out)
{
    *out = (struct day_plan){.evaluations = m->symbols_left, .binding = "watchlist"};
    double reserved = reserve_looks(m, out);
    if (m->schedule_left >= 0 && m->schedule_left < out->evaluations) {
        out->evaluations = m->schedule_left;
        out->binding = "schedule";
    }
    if (m->counts_calls && m->calls_per_evaluation > 0) {
        double n = ((double)m->calls_left - reserved) / m->calls_per_evaluation;
        if (n < out->evaluations) {
            out->evaluations = n > 0 ? (int)n : 0;
            out->binding = "FMP";
            out->short_of_means = true;
        }
    }
    if (m->costs && m->usd_per_evaluation > 0) {
        int64_t n = m->usd_free / m->usd_per_evaluation;
        if (n < out->evaluations) {
            out->evaluations = n > 0 ? (int)n : 0;
            out->binding = "budget";
            out->short_of_means = true;
        }
    }
}
