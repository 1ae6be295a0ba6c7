/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "market_fixtures.h"

static int32_t d(const char *text)
{
    int32_t day = DAY_NONE;
    assert_true(day_parse(text, &day));
    return day;
}

static int64_t t(const char *text)
{
    int64_t time = TIME_NONE;
    assert_true(time_parse(text, &time));
    return time;
}

/* What the reference says about each day from 1998 on; its one row on a Sunday is no session. */
static void read_reference_calendar(const char *path, enum session_kind *kind, int32_t first,
                                    size_t n)
{
    char line[128];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (size_t k = 0; k < n; k++) {
        int weekday = day_weekday(first + (int32_t)k);
        kind[k] = weekday == 0 || weekday == 6 ? SESSION_CLOSED : SESSION_FULL;
    }
    assert_non_null(fgets(line, sizeof line, f));
    while (fgets(line, sizeof line, f)) {
        line[10] = '\0';
        size_t k = (size_t)(d(line) - first);
        assert_true(k < n);
        bool early = strncmp(line + 11, "early_close", 11) == 0;
        if (early && kind[k] == SESSION_FULL)
            kind[k] = SESSION_HALF;
        else if (!early)
            kind[k] = SESSION_CLOSED;
    }
    fclose(f);
}

static void no_order_waits_for_a_session_that_does_not_come(void **state)
{
    (void)state;
    char path[512], text[11];
    reference(path, "ohlcv/nyse_calendar.csv");
    int32_t first = d("1998-01-01");
    size_t n = (size_t)(d("2028-12-31") - first) + 1;
    enum session_kind *want = mem_array(n, sizeof *want);
    read_reference_calendar(path, want, first, n);
    for (size_t k = 0; k < n; k++) {
        int32_t day = first + (int32_t)k;
        if (calendar_session(day) != want[k])
            fail_msg("%s: %d, expected %d", day_print(text, day), calendar_session(day), want[k]);
        assert_int_equal(calendar_reason(day)[0] == '\0', want[k] == SESSION_FULL);
    }
    mem_free(want);
}

/* Our own list, so that the rules are tested without the reference too. */
static void holidays_move_as_the_exchange_moves_them(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        enum session_kind kind;
        const char *reason;
    } rows[] = {
        {"2026-11-26", SESSION_CLOSED, "closed for Thanksgiving Day"},
        {"2026-11-27", SESSION_HALF, "closes at 13:00: day after Thanksgiving"},
        {"2026-07-03", SESSION_CLOSED, "closed for Independence Day"},
        {"2026-07-02", SESSION_FULL, ""},
        {"2027-07-05", SESSION_CLOSED, "closed for Independence Day"},
        {"2027-12-24", SESSION_CLOSED, "closed for Christmas Day"},
        {"2027-12-31", SESSION_FULL, ""},
        {"2022-01-03", SESSION_FULL, ""},
        {"2023-01-02", SESSION_CLOSED, "closed for New Year's Day"},
        {"2024-03-29", SESSION_CLOSED, "closed for Good Friday"},
        {"2000-04-21", SESSION_CLOSED, "closed for Good Friday"},
        {"1997-01-20", SESSION_FULL, ""},
        {"1998-01-19", SESSION_CLOSED, "closed for Martin Luther King Jr. Day"},
        {"2021-06-18", SESSION_FULL, ""},
        {"2022-06-20", SESSION_CLOSED, "closed for Juneteenth"},
        {"2027-06-18", SESSION_CLOSED, "closed for Juneteenth"},
        {"2025-02-17", SESSION_CLOSED, "closed for Washington's Birthday"},
        {"2025-05-26", SESSION_CLOSED, "closed for Memorial Day"},
        {"2025-09-01", SESSION_CLOSED, "closed for Labor Day"},
        {"2025-07-03", SESSION_HALF, "closes at 13:00: day before Independence Day"},
        {"2026-12-24", SESSION_HALF, "closes at 13:00: Christmas Eve"},
        {"2002-07-03", SESSION_FULL, ""},
        {"2002-07-05", SESSION_HALF, "closes at 13:00: day after Independence Day"},
        {"2001-09-14", SESSION_CLOSED, "closed for the attacks of September 11"},
        {"2001-09-17", SESSION_FULL, ""},
        {"2012-10-30", SESSION_CLOSED, "closed for Hurricane Sandy"},
        {"2018-12-05", SESSION_CLOSED, "closed for the funeral of President Bush"},
        {"2025-01-09", SESSION_CLOSED, "closed for the funeral of President Carter"},
        {"2026-11-22", SESSION_CLOSED, "closed for the weekend"},
    };
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        int32_t day = d(rows[k].day);
        if (calendar_session(day) != rows[k].kind)
            fail_msg("%s: %d", rows[k].day, calendar_session(day));
        assert_string_equal(calendar_reason(day), rows[k].reason);
    }
}

static void bells_ring_at_the_right_instant_around_clock_changes(void **state)
{
    (void)state;
    static const struct {
        const char *day, *open, *close;
    } rows[] = {
        /* Second Sunday of March to first Sunday of November since 2007. */
        {"2026-03-06", "2026-03-06 14:30:00Z", "2026-03-06 21:00:00Z"},
        {"2026-03-09", "2026-03-09 13:30:00Z", "2026-03-09 20:00:00Z"},
        {"2026-10-30", "2026-10-30 13:30:00Z", "2026-10-30 20:00:00Z"},
        {"2026-11-02", "2026-11-02 14:30:00Z", "2026-11-02 21:00:00Z"},
        {"2026-11-27", "2026-11-27 14:30:00Z", "2026-11-27 18:00:00Z"},
        {"2025-07-03", "2025-07-03 13:30:00Z", "2025-07-03 17:00:00Z"},
        {"2007-03-09", "2007-03-09 14:30:00Z", "2007-03-09 21:00:00Z"},
        {"2007-03-12", "2007-03-12 13:30:00Z", "2007-03-12 20:00:00Z"},
        {"2007-11-02", "2007-11-02 13:30:00Z", "2007-11-02 20:00:00Z"},
        {"2007-11-05", "2007-11-05 14:30:00Z", "2007-11-05 21:00:00Z"},
        /* First Sunday of April to last Sunday of October before. */
        {"2006-03-31", "2006-03-31 14:30:00Z", "2006-03-31 21:00:00Z"},
        {"2006-04-03", "2006-04-03 13:30:00Z", "2006-04-03 20:00:00Z"},
        {"2006-10-27", "2006-10-27 13:30:00Z", "2006-10-27 20:00:00Z"},
        {"2006-10-30", "2006-10-30 14:30:00Z", "2006-10-30 21:00:00Z"},
    };
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        assert_int_equal(calendar_open(d(rows[k].day)), t(rows[k].open));
        assert_int_equal(calendar_close(d(rows[k].day)), t(rows[k].close));
    }
}

static void a_bar_counts_only_once_its_session_has_closed(void **state)
{
    (void)state;
    static const struct {
        const char *now, *last;
    } rows[] = {
        {"2026-11-20 20:59:59.999999Z", "2026-11-19"},
        {"2026-11-20 21:00:00Z", "2026-11-20"},
        {"2026-11-22 14:03:11Z", "2026-11-20"},
        {"2026-11-27 03:00:00Z", "2026-11-25"}, /* still Thanksgiving in New York */
        {"2026-11-27 17:59:59Z", "2026-11-25"},
        {"2026-11-27 18:00:00Z", "2026-11-27"},
        {"2001-09-16 12:00:00Z", "2001-09-10"},
        {"2022-01-01 12:00:00Z", "2021-12-31"},
    };
    for (size_t k = 0; k < ARRAY_LEN(rows); k++)
        assert_int_equal(calendar_last_closed(t(rows[k].now)), d(rows[k].last));
}

static void counting_sessions_forth_and_back_agrees(void **state)
{
    (void)state;
    assert_int_equal(calendar_next(d("2001-09-10")), d("2001-09-17"));
    assert_int_equal(calendar_previous(d("2001-09-17")), d("2001-09-10"));
    assert_int_equal(calendar_add(d("2026-11-20"), 5), d("2026-11-30"));
    assert_int_equal(calendar_add(d("2026-11-30"), -5), d("2026-11-20"));
    assert_int_equal(calendar_add(d("2026-11-22"), 0), d("2026-11-22"));
    assert_int_equal(calendar_between(d("2025-12-31"), d("2026-12-31")), 251);
    assert_int_equal(calendar_between(d("2026-12-31"), d("2025-12-31")), -251);
    assert_int_equal(calendar_between(d("2026-11-20"), d("2026-11-20")), 0);
    int32_t day = d("2020-01-02");
    for (int n = 1; n < 300; n++) {
        int32_t later = calendar_add(day, n);
        assert_int_equal(calendar_between(day, later), n);
        assert_int_equal(calendar_add(later, -n), day);
    }
}

static void a_closure_announced_today_can_be_added_by_file(void **state)
{
    (void)state;
    char dir[64], path[128];
    struct error e = {0};
    temp_dir(dir);
    snprintf(path, sizeof path, "%s/closures.csv", dir);

    write_text(dir, "closures.csv",
               "date,kind,reason\n2030-01-08,closed,a storm\n"
               "2030-01-09,shut,x\n");
    assert_int_equal(calendar_load(path, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "closures.csv line 3: \"shut\" is not a kind of day"));
    assert_string_equal(e.fix, "write closed, early (13:00) or full");
    /* Nothing is taken from a file with an error. */
    assert_int_equal(calendar_session(d("2030-01-08")), SESSION_FULL);

    write_text(dir, "closures.csv", "date,kind,reason\n2030-01-32,closed,x\n");
    assert_int_equal(calendar_load(path, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "line 2: \"2030-01-32\" is not a date"));

    write_text(dir, "closures.csv",
               "date,kind,reason\n2030-01-08,closed,a storm\n"
               "2030-01-07,early,a parade\n2030-12-25,full,\n");
    assert_int_equal(calendar_load(path, &e), OK);
    assert_int_equal(calendar_session(d("2030-01-08")), SESSION_CLOSED);
    assert_string_equal(calendar_reason(d("2030-01-08")), "closed for a storm");
    assert_string_equal(calendar_reason(d("2030-01-07")), "closes at 13:00: a parade");
    assert_int_equal(calendar_close(d("2030-01-07")), t("2030-01-07 18:00:00Z"));
    assert_int_equal(calendar_session(d("2030-12-25")), SESSION_FULL);
    assert_int_equal(calendar_session(d("2001-09-11")), SESSION_CLOSED);
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_order_waits_for_a_session_that_does_not_come),
        cmocka_unit_test(holidays_move_as_the_exchange_moves_them),
        cmocka_unit_test(bells_ring_at_the_right_instant_around_clock_changes),
        cmocka_unit_test(a_bar_counts_only_once_its_session_has_closed),
        cmocka_unit_test(counting_sessions_forth_and_back_agrees),
        cmocka_unit_test(a_closure_announced_today_can_be_added_by_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
