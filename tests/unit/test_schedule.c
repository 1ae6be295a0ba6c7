/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schedule over real weeks, and what a day's means allow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quorum/calendar.h"
#include "quorum/schedule.h"
#include "quorum/timeutil.h"

static const struct schedule_plan usual = {
    .look_minutes = 60, .round_minutes = 120, .evaluates = true, .learns = true};

static int32_t on(const char *date)
{
    int32_t day;
    assert_true(day_parse(date, &day));
    return day;
}

static size_t count(const struct slot *s, size_t n, enum job_kind k)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += s[i].kind == k;
    return found;
}

static void a_full_session_has_all_its_slots(void **state)
{
    struct slot s[SLOTS_MAX];
    (void)state;
    size_t n = schedule_day(on("2026-11-24"), &usual, s);
    assert_int_equal(count(s, n, JOB_LOOK), 8); /* 9:30 to 15:30 by the hour, and the close */
    assert_int_equal(count(s, n, JOB_EVALUATE), 3);
    assert_int_equal(count(s, n, JOB_TRADE), 3);
    assert_int_equal(count(s, n, JOB_MARK), 1);
    assert_int_equal(count(s, n, JOB_LEARN), 1);
    assert_int_equal(s[0].kind, JOB_RANK);
    assert_int_equal(s[0].at, exchange_to_utc(on("2026-11-24"), 8, 30));
    for (size_t i = 1; i < n; i++)
        assert_true(s[i - 1].at <= s[i].at);
}

static void a_half_day_ends_at_one(void **state)
{
    struct slot s[SLOTS_MAX];
    int32_t day = on("2026-11-27");
    (void)state;
    size_t n = schedule_day(day, &usual, s);
    assert_int_equal(count(s, n, JOB_LOOK), 5);
    assert_int_equal(count(s, n, JOB_EVALUATE), 2);
    for (size_t i = 0; i < n; i++)
        if (s[i].kind == JOB_LOOK)
            assert_true(s[i].at <= exchange_to_utc(day, 13, 0));
    assert_int_equal(s[n - 1].at, exchange_to_utc(day, 17, 0)); /* housekeeping, 4 h after */
}

static void nothing_happens_on_closed_days(void **state)
{
    struct slot s[SLOTS_MAX];
    (void)state;
    assert_int_equal(schedule_day(on("2026-11-26"), &usual, s), 0);
    assert_int_equal(schedule_day(on("2026-11-28"), &usual, s), 0);
}

/* From moment to moment through Thanksgiving week: every slot once, none on the holiday. */
static void stepping_meets_every_slot_once(void **state)
{
    struct slot s[SLOTS_MAX];
    int64_t t = exchange_to_utc(on("2026-11-22"), 12, 0),
            end = exchange_to_utc(on("2026-11-29"), 0, 0);
    size_t met = 0, whole = 0;
    (void)state;
    for (size_t n; (n = schedule_next(&usual, t, s)) > 0 && s[0].at < end; t = s[0].at) {
        assert_true(s[0].at > t);
        assert_int_not_equal(exchange_day(s[0].at), on("2026-11-26"));
        met += n;
    }
    for (int32_t day = on("2026-11-23"); day <= on("2026-11-27"); day++)
        whole += schedule_day(day, &usual, s);
    assert_int_equal(met, whole);
}

static void winter_time_moves_the_open_in_utc(void **state)
{
    struct slot s[SLOTS_MAX];
    (void)state;
    schedule_day(on("2026-10-30"), &usual, s);
    int64_t summer = s[0].at - (int64_t)on("2026-10-30") * USEC_DAY;
    schedule_day(on("2026-11-02"), &usual, s);
    int64_t winter = s[0].at - (int64_t)on("2026-11-02") * USEC_DAY;
    assert_int_equal(winter - summer, 3600 * USEC_SECOND);
}

static void a_desk_without_agents_still_minds_its_positions(void **state)
{
    struct slot s[SLOTS_MAX];
    struct schedule_plan p = usual;
    (void)state;
    p.evaluates = false;
    size_t n = schedule_day(on("2026-11-24"), &p, s);
    assert_int_equal(count(s, n, JOB_EVALUATE) + count(s, n, JOB_TRADE) + count(s, n, JOB_RANK), 0);
    assert_int_equal(count(s, n, JOB_LOOK), 8);
    assert_int_equal(count(s, n, JOB_MARK), 1);
}

static struct day_means plenty(void)
{
    return (struct day_means){.counts_calls = true,
                              .calls_left = 250,
                              .calls_per_evaluation = 4,
                              .positions = 0,
                              .minutes_left = 390,
                              .look_minutes = 5,
                              .costs = true,
                              .usd_free = 5000000000,
                              .usd_per_evaluation = 10000000,
                              .symbols_left = 23,
                              .schedule_left = -1};
}

static void what_binds_is_named(void **state)
{
    struct day_plan p;
    struct day_means m = plenty();
    (void)state;
    day_plan_make(&m, &p);
    assert_int_equal(p.evaluations, 23);
    assert_string_equal(p.binding, "watchlist");
    m.calls_left = 40;
    day_plan_make(&m, &p);
    assert_int_equal(p.evaluations, 10);
    assert_string_equal(p.binding, "FMP");
    m.usd_free = 45000000;
    day_plan_make(&m, &p);
    assert_int_equal(p.evaluations, 4);
    assert_string_equal(p.binding, "budget");
    m.schedule_left = 3;
    day_plan_make(&m, &p);
    assert_int_equal(p.evaluations, 3);
    assert_string_equal(p.binding, "schedule");
}

/* Open positions are looked at before new ones are thought of, and never beyond the limit. */
static void positions_get_their_calls_first(void **state)
{
    struct day_plan p;
    struct day_means m = plenty();
    (void)state;
    m.positions = 1;
    day_plan_make(&m, &p); /* 78 looks of 250 */
    assert_false(p.looks_bound);
    assert_int_equal(p.position_minutes, 5);
    assert_int_equal(p.evaluations, 23);
    m.positions = 10;
    day_plan_make(&m, &p); /* 780 wanted, 150 granted: 10 x 390 / 150 = 26 min */
    assert_true(p.looks_bound);
    assert_in_range(p.position_minutes, 26, 27);
    assert_true(m.positions * m.minutes_left / p.position_minutes <= 150);
    assert_true(p.evaluations * 4 + 150 <= 254);
    assert_string_equal(p.binding, "watchlist");
    m.calls_left = 0;
    day_plan_make(&m, &p);
    assert_int_equal(p.evaluations, 0);
    assert_string_equal(p.binding, "FMP");
    assert_int_equal(p.position_minutes, 390);
}

/* 2026-11-26 is Thanksgiving, 27 a half day: the last session of its week all the same. */
static void a_lived_past_learns_once_a_week(void **state)
{
    struct slot s[SLOTS_MAX];
    struct schedule_plan past = usual;
    (void)state;
    past.learns_weekly = on("2026-12-02");
    static const struct {
        const char *day;
        size_t times;
    } expected[] = {{"2026-11-19", 0}, {"2026-11-20", 1}, {"2026-11-25", 0}, {"2026-11-27", 1},
                    {"2026-12-01", 0}, {"2026-12-02", 1}, {"2026-12-03", 1}, {"2026-07-02", 1}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        size_t n = schedule_day(on(expected[i].day), &past, s);
        assert_int_equal(count(s, n, JOB_LEARN), expected[i].times);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_session_has_all_its_slots),
        cmocka_unit_test(a_half_day_ends_at_one),
        cmocka_unit_test(nothing_happens_on_closed_days),
        cmocka_unit_test(stepping_meets_every_slot_once),
        cmocka_unit_test(winter_time_moves_the_open_in_utc),
        cmocka_unit_test(a_desk_without_agents_still_minds_its_positions),
        cmocka_unit_test(what_binds_is_named),
        cmocka_unit_test(positions_get_their_calls_first),
        cmocka_unit_test(a_lived_past_learns_once_a_week),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
