/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dates as feeds write them. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/market/feed.h"
#include "quorum/timeutil.h"

struct scan {
    const char *p;
};

static void skip_blanks(struct scan *s)
{
    while (isspace((unsigned char)*s->p) || *s->p == ',')
        s->p++;
}

/* One to `most` digits; how many there were, 0 when none. */
static int number(struct scan *s, int most, int *out)
{
    int n = 0;
    *out = 0;
    while (n < most && isdigit((unsigned char)s->p[n]))
        *out = *out * 10 + (s->p[n++] - '0');
    s->p += n;
    return n;
}

static bool take(struct scan *s, char c)
{
    if (*s->p != c)
        return false;
    s->p++;
    return true;
}

/* A word of letters; "" when there is none. Long ones are cut. */
static void word(struct scan *s, char dst[12])
{
    size_t n = 0;
    while (isalpha((unsigned char)*s->p)) {
        if (n < 11)
            dst[n++] = *s->p;
        s->p++;
    }
    dst[n] = '\0';
}

static int month_of(const char *name)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (strlen(name) < 3)
        return 0;
    for (int m = 0; m < 12; m++)
        if (strncasecmp(name, names + (size_t)m * 3, 3) == 0)
            return m + 1;
    return 0;
}

static bool is_weekday(const char *name)
{
    static const char names[] = "sunmontuewedthufrisat";
    if (strlen(name) < 3)
        return false;
    for (int d = 0; d < 7; d++)
        if (strncasecmp(name, names + (size_t)d * 3, 3) == 0)
            return true;
    return false;
}

/* "+0530", "-04:00", "+05": minutes to subtract. */
static bool offset(struct scan *s, int *minutes)
{
    int sign = *s->p == '-' ? -1 : 1, hours = 0, rest = 0;
    s->p++;
    if (number(s, 2, &hours) != 2)
        return false;
    take(s, ':');
    int n = number(s, 2, &rest);
    if ((n != 0 && n != 2) || hours > 15 || rest > 59)
        return false;
    *minutes = sign * (hours * 60 + rest);
    return true;
}

/* A zone by name or number; none at all is UTC, an unknown name an error: it could be anywhere. */
static bool zone(struct scan *s, int *minutes)
{
    static const struct {
        const char *name;
        int hours;
    } names[] = {{"Z", 0},     {"UT", 0},   {"UTC", 0},  {"GMT", 0},   {"WET", 0},
                 {"EST", -5},  {"EDT", -4}, {"CST", -6}, {"CDT", -5},  {"MST", -7},
                 {"MDT", -6},  {"PST", -8}, {"PDT", -7}, {"AKST", -9}, {"AKDT", -8},
                 {"HST", -10}, {"BST", 1},  {"CET", 1},  {"CEST", 2},  {"JST", 9}};
    char name[12];
    *minutes = 0;
    skip_blanks(s);
    if (*s->p == '\0')
        return true;
    if (*s->p == '+' || *s->p == '-')
        return offset(s, minutes);
    word(s, name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(name, names[i].name) != 0)
            continue;
        *minutes = names[i].hours * 60;
        /* "GMT+0200" */
        if (names[i].hours == 0 && (*s->p == '+' || *s->p == '-'))
            return offset(s, minutes);
        return true;
    }
    return false;
}

/* "15:05", "15:05:00", "15:05:00.123"; microseconds of the day. */
static bool clock_time(struct scan *s, int64_t *out)
{
    int hour, minute, second = 0, ignored;
    if (!number(s, 2, &hour) || !take(s, ':') || number(s, 2, &minute) != 2)
        return false;
    if (take(s, ':') && number(s, 2, &second) != 2)
        return false;
    if (take(s, '.') && !number(s, 9, &ignored))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *out = ((int64_t)hour * 3600 + minute * 60 + (second > 59 ? 59 : second)) * USEC_SECOND;
    return true;
}

static bool finish(struct scan *s, int year, int month, int day, int64_t time, int64_t *out)
{
    int minutes;
    int32_t d = day_from_civil(year, month, day);
    if (d == DAY_NONE || year < 1970 || year > 2999 || !zone(s, &minutes))
        return false;
    skip_blanks(s);
    /* A comment, "(EDT)", may end the line. */
    if (*s->p != '\0' && *s->p != '(')
        return false;
    *out = (int64_t)d * USEC_DAY + time - (int64_t)minutes * 60 * USEC_SECOND;
    return true;
}

/* "2026-07-16T11:39:40-04:00", "2026-07-16 11:39", "2026-07-16". */
static bool iso(struct scan s, int64_t *out)
{
    int year, month, day;
    int64_t time = 0;
    if (number(&s, 4, &year) != 4 || !take(&s, '-') || number(&s, 2, &month) != 2 ||
        !take(&s, '-') || number(&s, 2, &day) != 2)
        return false;
    bool has_time = take(&s, 'T') || take(&s, 't');
    if (!has_time && *s.p == ' ') {
        skip_blanks(&s);
        has_time = isdigit((unsigned char)*s.p);
    }
    if (has_time && !clock_time(&s, &time))
        return false;
    return finish(&s, year, month, day, time, out);
}

/* Two-digit years as RFC 2822 reads them, three digits likewise. */
static int full_year(int year, int digits)
{
    if (digits == 2)
        return year + (year < 50 ? 2000 : 1900);
    return digits == 3 ? year + 1900 : year;
}

/* "Thu, 16 Jul 2026 15:05:00 +0000", "16 Jul 26 15:05 Z", "Thursday, 16-Jul-26 15:05:00 GMT". */
static bool rfc822(struct scan s, int64_t *out)
{
    char name[12];
    int year, day, digits;
    int64_t time = 0;
    word(&s, name);
    if (*name && !is_weekday(name))
        return false;
    take(&s, '.');
    skip_blanks(&s);
    if (!number(&s, 2, &day))
        return false;
    take(&s, '-');
    skip_blanks(&s);
    word(&s, name);
    int month = month_of(name);
    take(&s, '.');
    take(&s, '-');
    skip_blanks(&s);
    digits = number(&s, 4, &year);
    if (!month || digits < 2)
        return false;
    skip_blanks(&s);
    if (isdigit((unsigned char)*s.p) && !clock_time(&s, &time))
        return false;
    return finish(&s, full_year(year, digits), month, day, time, out);
}

/* "Thu Jul 16 15:05:00 2026" of C's asctime, and "July 16, 2026 15:05 EDT". */
static bool month_first(struct scan s, int64_t *out)
{
    char name[12];
    int year, day;
    int64_t time = 0;
    word(&s, name);
    if (is_weekday(name) && !month_of(name)) {
        skip_blanks(&s);
        word(&s, name);
    }
    int month = month_of(name);
    skip_blanks(&s);
    if (!month || !number(&s, 2, &day))
        return false;
    skip_blanks(&s);
    struct scan clock = s;
    if (clock_time(&clock, &time)) {
        skip_blanks(&clock);
        s = clock;
        return number(&s, 4, &year) == 4 && finish(&s, year, month, day, time, out);
    }
    if (number(&s, 4, &year) != 4)
        return false;
    skip_blanks(&s);
    if (isdigit((unsigned char)*s.p) && !clock_time(&s, &time))
        return false;
    return finish(&s, year, month, day, time, out);
}

bool feed_date_parse(const char *text, int64_t *out)
{
    struct scan s = {.p = text};
    skip_blanks(&s);
    return iso(s, out) || rfc822(s, out) || month_first(s, out);
}
