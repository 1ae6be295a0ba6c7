/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/load_status.h"

#include <stdio.h>
#include <string.h>

#include "quorum/calendar.h"
#include "quorum/evaluation.h"
#include "quorum/money.h"
#include "quorum/schedule.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

static void put(struct rows *r, const char *column, const char *text)
{
    for (size_t i = 0; i < r->ncols; i++)
        if (strcmp(r->column[i], column) == 0)
            r->cell[i] = arena_text(&r->arena, text);
}

static void put_int(struct rows *r, const char *column, int64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)n);
    put(r, column, text);
}

static int64_t whole(const struct rows *r, const char *column, int64_t otherwise)
{
    int64_t n;
    const char *text = rows_named(r, 0, column);
    return text && text_to_int64(text, &n) ? n : otherwise;
}

static int64_t nano(const struct rows *r, const char *column, int64_t otherwise)
{
    int64_t n;
    const char *text = rows_named(r, 0, column);
    return text && decimal_parse(text, MONEY_NANO_DIGITS, &n) ? n : otherwise;
}

static bool is_true(const struct rows *r, const char *column)
{
    const char *text = rows_named(r, 0, column);
    return text && strcmp(text, "true") == 0;
}

static bool market_open(int64_t now, int64_t *change)
{
    int32_t day = exchange_day(now);
    bool trades = calendar_session(day) != SESSION_CLOSED;
    if (trades && now >= calendar_open(day) && now < calendar_close(day)) {
        *change = calendar_close(day);
        return true;
    }
    *change = calendar_open(trades && now < calendar_open(day) ? day : calendar_next(day));
    return false;
}

static void put_plan(struct desk *d, struct rows *r, int64_t now)
{
    struct schedule_plan plan = engine_schedule(d, rows_named(r, 0, "speed") != NULL);
    struct day_plan left;
    int64_t change, done = whole(r, "watched", 0) - whole(r, "watched_left", 0);
    struct day_means m = {
        .counts_calls = d->vendor != NULL,
        .calls_left = desk_int(d, SETTING_FMP_DAILY_LIMIT) - whole(r, "fmp_used", 0),
        .positions = (int)whole(r, "positions", 0),
        .minutes_left = market_open(now, &change) ? (int)((change - now) / (60 * USEC_SECOND)) : 0,
        .look_minutes = plan.look_minutes,
        .costs = desk_model_absent(d) == NULL,
        .usd_free = nano(r, "llm_free", 0),
        .usd_per_evaluation = nano(r, "llm_mean", 0),
        .symbols_left = (int)whole(r, "watched_left", 0),
        .schedule_left = !plan.most_evaluations         ? -1
                         : plan.most_evaluations > done ? plan.most_evaluations - (int)done
                                                        : 0};
    const char *each = rows_named(r, 0, "fmp_each");
    if (!each || !text_to_double(each, &m.calls_per_evaluation))
        m.calls_per_evaluation = 4;
    if (m.costs && m.usd_per_evaluation == 0)
        m.usd_per_evaluation = evaluation_estimate(d, NULL);
    day_plan_make(&m, &left);
    put_int(r, "evaluations_left", plan.evaluates ? left.evaluations : 0);
    put(r, "evaluations_binding", plan.evaluates ? left.binding : "MULTI_AGENT_ENABLED");
}

/* The next slot of the schedule in which the desk learns, "19:30" or "11-23 19:30". */
static void put_next_learn(struct rows *r, int64_t now, enum zone zone)
{
    struct schedule_plan plan = {.look_minutes = 60, .round_minutes = 120, .learns = true};
    struct slot *slot = mem_array(SLOTS_MAX, sizeof *slot);
    int32_t day = exchange_day(now);
    char text[33];
    for (int i = 0; i < 2 && is_true(r, "learning"); i++) {
        size_t n = schedule_day(day, &plan, slot);
        for (size_t k = 0; k < n; k++) {
            int64_t at = slot[k].at, offset = zone_offset(zone, at);
            if (slot[k].kind != JOB_LEARN || at <= now)
                continue;
            time_print(text, at + offset); /* 2026-11-22 19:30:00Z */
            text[16] = '\0';
            bool today = (at + offset) / USEC_DAY == (now + zone_offset(zone, now)) / USEC_DAY;
            put(r, "next_learn", text + (today ? 11 : 5));
            mem_free(slot);
            return;
        }
        day = calendar_next(day);
    }
    mem_free(slot);
}

void status_complete(struct desk *d, struct rows *r, int64_t now, enum zone zone)
{
    int64_t change;
    if (r->nrows == 0)
        return;
    put(r, "market", market_open(now, &change) ? "open" : "closed");
    put_int(r, "market_change", (change - now) / USEC_SECOND);
    put_plan(d, r, now);
    put_next_learn(r, now, zone);
}
