/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/timeutil.h"

#define HOUR (3600 * USEC_SECOND)

static bool is_leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Counts the days one by one, the way a person would. */
static void every_day_from_1970_to_2100_has_its_date_and_weekday(void **state)
{
    (void)state;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t n = 0;
    for (int y = 1970; y <= 2100; y++) {
        for (int m = 1; m <= 12; m++) {
            int last = lengths[m - 1] + (m == 2 && is_leap(y));
            for (int d = 1; d <= last; d++, n++) {
                struct civil c = day_to_civil(n);
                assert_true(c.year == y && c.month == m && c.day == d);
                assert_int_equal(day_from_civil(y, m, d), n);
                assert_int_equal(day_weekday(n), (n + 4) % 7);
                char text[11], want[40];
                snprintf(want, sizeof(want), "%04d-%02d-%02d", y, m, d);
                assert_string_equal(day_print(text, n), want);
                int32_t back;
                assert_true(day_parse(text, &back));
                assert_int_equal(back, n);
            }
            assert_int_equal(day_from_civil(y, m, last + 1), DAY_NONE);
        }
    }
}

static void days_far_from_today_convert_both_ways(void **state)
{
    (void)state;
    assert_int_equal(day_from_civil(1, 1, 1), -719162);
    assert_int_equal(day_from_civil(1969, 12, 31), -1);
    assert_int_equal(day_weekday(-1), 3);
    assert_int_equal(day_weekday(-5), 6);
    assert_int_equal(day_from_civil(9999, 12, 31), 2932896);
    for (int32_t n = -719162; n <= 2932896; n += 17) {
        struct civil c = day_to_civil(n);
        assert_int_equal(day_from_civil(c.year, c.month, c.day), n);
    }
    struct civil edge = day_to_civil(INT32_MAX);
    assert_true(edge.year == 5881580 && edge.month == 7 && edge.day == 11);
    char text[11];
    assert_string_equal(day_print(text, DAY_NONE), "-");
    assert_string_equal(day_print(text, 2932897), "-");
    assert_string_equal(day_print(text, -719162), "0001-01-01");
}

static void a_date_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "2021",       "2021-3-31",   "2021-02-29",  "1900-02-29",
        "2021-04-31", "2021-00-10", "2021-13-01",  "2021-01-00",  "2021-01-32",
        "0000-01-01", "2021/01/01", " 2021-01-01", "2021-01-01 ", "2021-01-011",
        "21-01-01",   "+021-01-01", "2021-0a-01",  "-2021-01-01", "2021-01",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int32_t day = 42;
        assert_false(day_parse(bad[i], &day));
        assert_int_equal(day, 42);
    }
    assert_int_equal(day_from_civil(2000, 2, 29), 11016);
    assert_int_equal(day_from_civil(2024, 0, 1), DAY_NONE);
    assert_int_equal(day_from_civil(10000, 1, 1), DAY_NONE);
    assert_int_equal(day_from_civil(2024, 1, 0), DAY_NONE);
}

static void times_of_the_database_are_read_to_the_microsecond(void **state)
{
    (void)state;
    static const struct {
        const char *text, *iso;
    } rows[] = {
        {"2026-11-22 14:03:11.123456+00", "2026-11-22T14:03:11.123456Z"},
        {"2026-11-22 14:03:11+00", "2026-11-22T14:03:11.000000Z"},
        {"2026-11-22T14:03:11Z", "2026-11-22T14:03:11.000000Z"},
        {"2026-11-22 14:03:11", "2026-11-22T14:03:11.000000Z"},
        {"2026-11-22 14:03:11.5", "2026-11-22T14:03:11.500000Z"},
        {"2026-11-22 14:03:11.1234569Z", "2026-11-22T14:03:11.123456Z"},
        {"2026-11-22 14:03:11.123456789Z", "2026-11-22T14:03:11.123456Z"},
        {"2026-11-22 14:03:11-05", "2026-11-22T19:03:11.000000Z"},
        {"2026-11-22 14:03:11+05:30", "2026-11-22T08:33:11.000000Z"},
        {"2026-11-22T14:03:11-0500", "2026-11-22T19:03:11.000000Z"},
        {"1883-11-18 12:03:58-04:56:02", "1883-11-18T17:00:00.000000Z"},
        {"2026-12-31 23:30:00-01", "2027-01-01T00:30:00.000000Z"},
        {"1969-12-31 23:59:59.999999+00", "1969-12-31T23:59:59.999999Z"},
        {"0001-01-01 00:00:00+00", "0001-01-01T00:00:00.000000Z"},
        {"9999-12-31 23:59:59.999999+00", "9999-12-31T23:59:59.999999Z"},
    };
    char text[33];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t t, back;
        assert_true(time_parse(rows[i].text, &t));
        assert_string_equal(time_print_iso(text, t), rows[i].iso);
        assert_true(time_parse(text, &back));
        assert_int_equal(back, t);
    }
    assert_string_equal(time_print(text, 0), "1970-01-01 00:00:00Z");
    assert_string_equal(time_print(text, -1), "1969-12-31 23:59:59Z");
    assert_string_equal(time_print(text, TIME_NONE), "-");
    assert_string_equal(time_print_iso(text, INT64_MAX), "-");
}

static void a_broken_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22 ",
        "2026-11-22 14:03",
        "2026-11-22 24:00:00",
        "2026-11-22 14:60:00",
        "2026-11-22 14:03:60",
        "2026-02-29 00:00:00",
        "2026-11-22 14:03:11.",
        "2026-11-22 14:03:11.Z",
        "2026-11-22 14:03:11.1234567890",
        "2026-11-22 14:03:11 +00",
        "2026-11-22 14:03:11+",
        "2026-11-22 14:03:11+0",
        "2026-11-22 14:03:11+00:",
        "2026-11-22 14:03:11+000",
        "2026-11-22 14:03:11+16",
        "2026-11-22 14:03:11+05:60",
        "2026-11-22 14:03:11+05:30:60",
        "2026-11-22 14:03:11ZZ",
        "2026-11-22 14:03:11Z ",
        "2026-11-22  14:03:11",
        "2026-11-22 4:03:11",
        "2026-11-22_14:03:11",
        "infinity",
        "-infinity",
        "now",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int64_t t = 42;
        assert_false(time_parse(bad[i], &t));
        assert_int_equal(t, 42);
    }
}

static int64_t parse(const char *s)
{
    int64_t t;
    assert_true(time_parse(s, &t));
    return t;
}

static void the_open_of_new_york_follows_the_changes_of_daylight_time(void **state)
{
    (void)state;
    static const struct {
        const char *last, *first;
        int64_t before, after; /* hours to UTC */
    } rows[] = {
        {"1987-04-05 06:59:59.999999", "1987-04-05 07:00:00", -5, -4},
        {"1987-10-25 05:59:59.999999", "1987-10-25 06:00:00", -4, -5},
        {"2006-04-02 06:59:59.999999", "2006-04-02 07:00:00", -5, -4},
        {"2006-10-29 05:59:59.999999", "2006-10-29 06:00:00", -4, -5},
        {"2007-03-11 06:59:59.999999", "2007-03-11 07:00:00", -5, -4},
        {"2007-11-04 05:59:59.999999", "2007-11-04 06:00:00", -4, -5},
        {"2026-03-08 06:59:59.999999", "2026-03-08 07:00:00", -5, -4},
        {"2026-11-01 05:59:59.999999", "2026-11-01 06:00:00", -4, -5},
        {"1974-01-06 06:59:59.999999", "1974-01-06 07:00:00", -5, -4},
        {"1975-02-23 06:59:59.999999", "1975-02-23 07:00:00", -5, -4},
        {"1976-04-25 06:59:59.999999", "1976-04-25 07:00:00", -5, -4},
        {"1986-10-26 05:59:59.999999", "1986-10-26 06:00:00", -4, -5},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(exchange_offset(parse(rows[i].last)), rows[i].before * HOUR);
        assert_int_equal(exchange_offset(parse(rows[i].first)), rows[i].after * HOUR);
    }
    int32_t day;
    assert_true(day_parse("2026-11-20", &day));
    assert_int_equal(exchange_to_utc(day, 9, 30), parse("2026-11-20 14:30:00"));
    assert_true(day_parse("2026-07-20", &day));
    assert_int_equal(exchange_to_utc(day, 9, 30), parse("2026-07-20 13:30:00"));
    /* the hour that is skipped, and the one there is twice */
    assert_true(day_parse("2026-03-08", &day));
    assert_int_equal(exchange_to_utc(day, 1, 59), parse("2026-03-08 06:59:00"));
    assert_int_equal(exchange_to_utc(day, 2, 30), parse("2026-03-08 07:30:00"));
    assert_int_equal(exchange_to_utc(day, 3, 0), parse("2026-03-08 07:00:00"));
    assert_true(day_parse("2026-11-01", &day));
    assert_int_equal(exchange_to_utc(day, 1, 30), parse("2026-11-01 05:30:00"));
    assert_int_equal(exchange_to_utc(day, 2, 0), parse("2026-11-01 07:00:00"));
}

static void every_trading_hour_keeps_its_day_from_1970_to_2100(void **state)
{
    (void)state;
    int32_t begin = day_from_civil(1970, 1, 1), end = day_from_civil(2100, 12, 31);
    int changes = 0;
    int64_t before = exchange_offset(exchange_to_utc(begin, 12, 0));
    for (int32_t day = begin; day <= end; day++) {
        static const int hours[] = {0, 4, 9, 16, 20, 23};
        for (size_t i = 0; i < ARRAY_LEN(hours); i++) {
            int64_t utc = exchange_to_utc(day, hours[i], 30);
            int64_t wall = utc + exchange_offset(utc);
            assert_int_equal(wall, day * USEC_DAY + hours[i] * HOUR + HOUR / 2);
            assert_int_equal(exchange_day(utc), day);
        }
        int64_t now = exchange_offset(exchange_to_utc(day, 12, 0));
        if (now != before) {
            changes++;
            assert_true(day_weekday(day) == 0);
        }
        before = now;
    }
    assert_int_equal(changes, 2 * 131);
}

static void no_time_at_all_stays_none(void **state)
{
    (void)state;
    assert_int_equal(exchange_day(TIME_NONE), DAY_NONE);
    assert_int_equal(exchange_day(INT64_MAX), DAY_NONE);
    assert_true(exchange_to_utc(DAY_NONE, 9, 30) == TIME_NONE);
    assert_int_equal(exchange_offset(TIME_NONE), -5 * HOUR);
}

static void clocks_move_forward(void **state)
{
    (void)state;
    int64_t a = time_monotonic_us(), b = time_monotonic_us();
    assert_true(b >= a && a > 0);
    assert_true(exchange_day(time_machine_now()) > day_from_civil(2020, 1, 1));
}

/* Asks the system's tz database through date(1): one instant a line in, "+hhmm" a line out. Both
 * are files, so that neither side can wait for the other. */
static bool ask_date(FILE *instants, FILE *answers)
{
    char name[] = "date", option[] = "-f", input[] = "-", form[] = "+%z";
    char zone[] = "TZ=America/New_York", path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    char *argv[] = {name, option, input, form, NULL}, *env[] = {zone, path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = -1;
    fflush(instants);
    rewind(instants);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(instants), 0);
    posix_spawn_file_actions_adddup2(&actions, fileno(answers), 1);
    if (posix_spawnp(&pid, "date", &actions, NULL, argv, env) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    rewind(answers);
    return status == 0;
}

static void the_rules_agree_with_the_systems_time_zones(void **state)
{
    (void)state;
    if (access("/usr/share/zoneinfo/America/New_York", R_OK) != 0)
        skip();
    FILE *list = tmpfile(), *answers = tmpfile();
    assert_true(list && answers);
    int32_t begin = day_from_civil(1970, 1, 1), end = day_from_civil(2037, 12, 31);
    int64_t first = begin * 86400LL, step = 6 * 3600 + 1799; /* drifts through the hours of day */
    for (int64_t s = first; s < end * 86400LL; s += step)
        fprintf(list, "@%lld\n", (long long)s);
    bool asked = ask_date(list, answers);
    fclose(list);
    if (!asked) { /* a date(1) that has no -f */
        fclose(answers);
        skip();
    }
    char line[16];
    int n = 0;
    for (int64_t s = first; fgets(line, sizeof(line), answers); s += step, n++) {
        long hours = strtol(line, NULL, 10) / 100;
        assert_int_equal(exchange_offset(s * USEC_SECOND), hours * HOUR);
    }
    fclose(answers);
    assert_true(n > 80000);
}

static void a_duration_is_a_number_with_its_unit_and_nothing_else(void **state)
{
    (void)state;
    static const char *const broken[] = {"",         "s",         "2",  "2w",   "-2h",
                                         "2 h",      "2hh",       "0d", "0x2d", "1.5h",
                                         "1000001s", "99999999d", "h2"};
    int64_t us;
    assert_true(duration_parse("90s", &us));
    assert_int_equal(us, 90 * USEC_SECOND);
    assert_true(duration_parse("15m", &us));
    assert_int_equal(us, 900 * USEC_SECOND);
    assert_true(duration_parse("2h", &us));
    assert_int_equal(us, 2 * HOUR);
    assert_true(duration_parse("1000000d", &us));
    assert_int_equal(us, 1000000 * USEC_DAY);
    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        assert_false(duration_parse(broken[i], &us));
}

static void an_age_never_takes_more_than_seven_columns(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } ages[] = {{0, "0s"},         {59, "59s"},         {60, "1m"},       {3599, "59m"},
                {3600, "1h00"},    {18150, "5h02"},     {86399, "23h59"}, {86400, "1d00h"},
                {237600, "2d18h"}, {8639999, "99d23h"}, {8640000, "100d"}};
    char text[16];
    for (size_t i = 0; i < ARRAY_LEN(ages); i++)
        assert_string_equal(duration_print(text, ages[i].seconds * USEC_SECOND), ages[i].text);
    assert_string_equal(duration_print(text, -1), "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_from_1970_to_2100_has_its_date_and_weekday),
        cmocka_unit_test(days_far_from_today_convert_both_ways),
        cmocka_unit_test(a_date_that_does_not_exist_is_refused),
        cmocka_unit_test(times_of_the_database_are_read_to_the_microsecond),
        cmocka_unit_test(a_broken_time_is_refused),
        cmocka_unit_test(the_open_of_new_york_follows_the_changes_of_daylight_time),
        cmocka_unit_test(every_trading_hour_keeps_its_day_from_1970_to_2100),
        cmocka_unit_test(no_time_at_all_stays_none),
        cmocka_unit_test(clocks_move_forward),
        cmocka_unit_test(a_duration_is_a_number_with_its_unit_and_nothing_else),
        cmocka_unit_test(an_age_never_takes_more_than_seven_columns),
        cmocka_unit_test(the_rules_agree_with_the_systems_time_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
