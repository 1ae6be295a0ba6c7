/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/calendar.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "csv.h"
#include "quorum/embedded.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY };

/* Half days by rule begin here; the published list this calendar is checked against has none
 * before. */
enum { HALF_DAYS_FROM = 1999, MLK_FROM = 1998, JUNETEENTH_FROM = 2022 };

/* Anonymous Gregorian computus (Nature, 20 April 1876; Meeus, Astronomical Algorithms,
 * chapter 8). */
static int32_t easter_sunday(int year)
{
    int a = year % 19, b = year / 100, c = year % 100;
    int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
    int h = (19 * a + b - d - g + 15) % 30;
    int i = c / 4, k = c % 4;
    int l = (32 + 2 * e + 2 * i - h - k) % 7;
    int m = (a + 11 * h + 22 * l) / 451;
    int n = h + l - 7 * m + 114;
    return day_from_civil(year, n / 31, n % 31 + 1);
}

/* A date that moves off the weekend: Saturday to Friday, Sunday to Monday. For dates that are not
 * at either end of a month. */
static bool is_observed(struct civil c, int weekday, int month, int day)
{
    if (c.month != month)
        return false;
    return c.day == day || (weekday == FRIDAY && c.day == day - 1) ||
           (weekday == MONDAY && c.day == day + 1);
}

static bool is_nth(struct civil c, int weekday, int wanted, int month, int first_day)
{
    return weekday == wanted && c.month == month && c.day >= first_day && c.day < first_day + 7;
}

/* Why the exchange is closed all day by rule (weekdays only), or NULL. */
static const char *holiday(struct civil c, int weekday, int32_t day)
{
    /* New Year's Day alone does not move back: the Friday before is the last of its year. */
    if (c.month == 1 && (c.day == 1 || (c.day == 2 && weekday == MONDAY)))
        return "closed for New Year's Day";
    if (c.year >= MLK_FROM && is_nth(c, weekday, MONDAY, 1, 15))
        return "closed for Martin Luther King Jr. Day";
    if (is_nth(c, weekday, MONDAY, 2, 15))
        return "closed for Washington's Birthday";
    if (weekday == FRIDAY && (c.month == 3 || c.month == 4) && easter_sunday(c.year) - 2 == day)
        return "closed for Good Friday";
    if (is_nth(c, weekday, MONDAY, 5, 25))
        return "closed for Memorial Day";
    if (c.year >= JUNETEENTH_FROM && is_observed(c, weekday, 6, 19))
        return "closed for Juneteenth";
    if (is_observed(c, weekday, 7, 4))
        return "closed for Independence Day";
    if (is_nth(c, weekday, MONDAY, 9, 1))
        return "closed for Labor Day";
    if (is_nth(c, weekday, THURSDAY, 11, 22))
        return "closed for Thanksgiving Day";
    if (is_observed(c, weekday, 12, 25))
        return "closed for Christmas Day";
    return NULL;
}

/* Why the exchange closes at 13:00 by rule, or NULL. */
static const char *half_day(struct civil c, int weekday)
{
    if (c.year < HALF_DAYS_FROM)
        return NULL;
    if (is_nth(c, weekday, FRIDAY, 11, 23))
        return "closes at 13:00: day after Thanksgiving";
    /* Not on a Friday: then the holiday itself is observed, or the day after is no session. */
    if (c.month == 7 && c.day == 3 && weekday <= THURSDAY)
        return "closes at 13:00: day before Independence Day";
    if (c.month == 12 && c.day == 24 && weekday <= THURSDAY)
        return "closes at 13:00: Christmas Eve";
    return NULL;
}

struct special {
    int32_t day;
    enum session_kind kind;
    char reason[64];
};

/* The calendar is asked from everywhere and has no instance: this is the one table of it, filled
 * from the shipped file at the first question and added to by calendar_load. Sorted by day. */
static struct special specials[512];
static size_t special_count;
static bool specials_ready;

static const char closures_header[] = "date,kind,reason";

/* Where `day` is or belongs. */
static size_t special_place(const struct special *table, size_t n, int32_t day)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (table[mid].day < day)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool special_put(struct special *table, size_t *n, const struct special *s)
{
    size_t at = special_place(table, *n, s->day);
    if (at == *n || table[at].day != s->day) {
        if (*n == ARRAY_LEN(specials))
            return false;
        memmove(table + at + 1, table + at, (*n - at) * sizeof *table);
        (*n)++;
    }
    table[at] = *s;
    return true;
}

static enum err read_special(struct csv *c, const size_t col[3], struct special *s, struct error *e)
{
    static const struct {
        const char *word;
        enum session_kind kind;
        const char *prefix;
    } kinds[] = {
        {"closed", SESSION_CLOSED, "closed for "},
        {"early", SESSION_HALF, "closes at 13:00: "},
        {"full", SESSION_FULL, ""},
    };
    char shown[40], reason[48];
    if (!csv_day(c->field[col[0]], &s->day)) {
        csv_fail(c, e, "\"%s\" is not a date",
                 sanitize_line(shown, sizeof shown, untrusted(c->field[col[0]])));
        return err_fix(e, "write dates as 2021-03-31");
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(c->field[col[1]], kinds[i].word) != 0)
            continue;
        s->kind = kinds[i].kind;
        sanitize_line(reason, sizeof reason, untrusted(c->field[col[2]]));
        /* A full session needs no reason: that is what calendar_reason promises. */
        snprintf(s->reason, sizeof s->reason, "%s%s", kinds[i].prefix,
                 s->kind == SESSION_FULL ? "" : reason);
        return OK;
    }
    csv_fail(c, e, "\"%s\" is not a kind of day",
             sanitize_line(shown, sizeof shown, untrusted(c->field[col[1]])));
    return err_fix(e, "write closed, early (13:00) or full");
}

static enum err read_specials(struct csv *c, struct special *table, size_t *n, struct error *e)
{
    static const char *const names[] = {"date", "kind", "reason"};
    size_t col[3];
    for (int i = 0; i < 3; i++) {
        enum err rc = csv_column(c, names[i], closures_header, &col[i], e);
        if (rc != OK)
            return rc;
    }
    for (;;) {
        bool more = false;
        struct special s;
        enum err rc = csv_row(c, &more, e);
        if (rc != OK || !more)
            return rc;
        rc = read_special(c, col, &s, e);
        if (rc != OK)
            return rc;
        if (!special_put(table, n, &s)) {
            csv_fail(c, e, "more than %zu special days", ARRAY_LEN(specials));
            return err_fix(e, "list only days that follow no rule");
        }
    }
}

static void load_shipped(void)
{
    struct error e = {0};
    struct csv *c = mem_alloc(sizeof *c);
    size_t len = 0;
    const char *data = embedded_file("closures.csv", &len);
    specials_ready = true;
    assert(data && "closures.csv is not embedded");
    enum err rc = csv_open_memory(c, "closures.csv", data, len, closures_header, &e);
    if (rc == OK)
        rc = read_specials(c, specials, &special_count, &e);
    assert(rc == OK && "the shipped closures.csv is malformed");
    csv_close(c);
    mem_free(c);
}

enum err calendar_load(const char *path, struct error *e)
{
    if (!specials_ready)
        load_shipped();
    struct csv *c = mem_alloc(sizeof *c);
    struct special *merged = mem_alloc(sizeof specials);
    size_t n = special_count;
    memcpy(merged, specials, sizeof specials);
    enum err rc = csv_open(c, path, closures_header, e);
    if (rc == OK)
        rc = read_specials(c, merged, &n, e);
    if (rc == OK) {
        memcpy(specials, merged, sizeof specials);
        special_count = n;
    }
    mem_free(merged);
    csv_close(c);
    mem_free(c);
    return rc;
}

static enum session_kind look_up(int32_t day, const char **reason)
{
    if (!specials_ready)
        load_shipped();
    int weekday = day_weekday(day);
    *reason = "";
    size_t at = special_place(specials, special_count, day);
    if (at < special_count && specials[at].day == day) {
        *reason = specials[at].reason;
        return specials[at].kind;
    }
    if (weekday == SATURDAY || weekday == SUNDAY) {
        *reason = "closed for the weekend";
        return SESSION_CLOSED;
    }
    struct civil c = day_to_civil(day);
    const char *why = holiday(c, weekday, day);
    if (why) {
        *reason = why;
        return SESSION_CLOSED;
    }
    why = half_day(c, weekday);
    if (why) {
        *reason = why;
        return SESSION_HALF;
    }
    return SESSION_FULL;
}

enum session_kind calendar_session(int32_t day)
{
    const char *reason;
    return look_up(day, &reason);
}

const char *calendar_reason(int32_t day)
{
    const char *reason;
    look_up(day, &reason);
    return reason;
}

int64_t calendar_open(int32_t day)
{
    return exchange_to_utc(day, 9, 30);
}

int64_t calendar_close(int32_t day)
{
    return exchange_to_utc(day, calendar_session(day) == SESSION_HALF ? 13 : 16, 0);
}

int32_t calendar_next(int32_t day)
{
    do {
        day++;
    } while (calendar_session(day) == SESSION_CLOSED);
    return day;
}

int32_t calendar_previous(int32_t day)
{
    do {
        day--;
    } while (calendar_session(day) == SESSION_CLOSED);
    return day;
}

int32_t calendar_add(int32_t day, int sessions)
{
    for (; sessions > 0; sessions--)
        day = calendar_next(day);
    for (; sessions < 0; sessions++)
        day = calendar_previous(day);
    return day;
}

int calendar_between(int32_t from, int32_t to)
{
    if (to < from)
        return -calendar_between(to, from);
    int n = 0;
    for (int32_t day = from; day < to;) {
        day++;
        n += calendar_session(day) != SESSION_CLOSED;
    }
    return n;
}

int32_t calendar_last_closed(int64_t t)
{
    int32_t day = exchange_day(t);
    if (calendar_session(day) != SESSION_CLOSED && calendar_close(day) <= t)
        return day;
    return calendar_previous(day);
}
