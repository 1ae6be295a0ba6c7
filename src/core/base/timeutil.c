/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/timeutil.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define USEC_MINUTE (60 * USEC_SECOND)
#define USEC_HOUR   (60 * USEC_MINUTE)

/* The Gregorian calendar repeats after 400 years. Years are counted from March, so that the leap
 * day is a year's last: then the days before a month are one linear formula, and March 1 of year
 * zero is day -719468. */
enum { DAYS_400 = 146097, DAYS_100 = 36524, DAYS_4 = 1461, DAYS_1 = 365, EPOCH_SHIFT = 719468 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct civil day_to_civil(int32_t day)
{
    int64_t shifted = (int64_t)day + EPOCH_SHIFT;
    int64_t cycle = floor_div(shifted, DAYS_400);
    int64_t rest = shifted - cycle * DAYS_400;
    int64_t century = rest / DAYS_100;
    if (century == 4) /* the last day of the cycle belongs to its fourth century */
        century = 3;
    rest -= century * DAYS_100;
    int64_t leap = rest / DAYS_4;
    rest -= leap * DAYS_4;
    int64_t single = rest / DAYS_1;
    if (single == 4) /* February 29 */
        single = 3;
    rest -= single * DAYS_1;
    int64_t month = (5 * rest + 2) / 153; /* 0 is March; five months have 153 days */
    int64_t year = cycle * 400 + century * 100 + leap * 4 + single;
    return (struct civil){
        .year = (int)(month < 10 ? year : year + 1),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(rest - (153 * month + 2) / 5 + 1),
    };
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

int32_t day_from_civil(int year, int month, int day)
{
    if (year < 1 || year > 9999 || month < 1 || month > 12)
        return DAY_NONE;
    if (day < 1 || day > month_days(year, month))
        return DAY_NONE;
    int y = month > 2 ? year : year - 1;
    int m = month > 2 ? month - 3 : month + 9;
    int days = y * DAYS_1 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    return days - EPOCH_SHIFT;
}

int day_weekday(int32_t day)
{
    int64_t n = (int64_t)day + 4; /* day 0 was a Thursday */
    return (int)(n - floor_div(n, 7) * 7);
}

/* Reads exactly n digits at *s and moves past them. */
static bool take_digits(const char **s, int n, int *out)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        char c = (*s)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *s += n;
    *out = value;
    return true;
}

static bool take_char(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

static bool take_day(const char **s, int32_t *out)
{
    int year, month, day;
    if (!take_digits(s, 4, &year) || !take_char(s, '-') || !take_digits(s, 2, &month) ||
        !take_char(s, '-') || !take_digits(s, 2, &day))
        return false;
    int32_t value = day_from_civil(year, month, day);
    if (value == DAY_NONE)
        return false;
    *out = value;
    return true;
}

bool day_parse(const char *s, int32_t *out)
{
    int32_t day;
    if (!take_day(&s, &day) || *s != '\0')
        return false;
    *out = day;
    return true;
}

static bool is_printable_day(int64_t day)
{
    return day >= day_from_civil(1, 1, 1) && day <= day_from_civil(9999, 12, 31);
}

const char *day_print(char dst[11], int32_t day)
{
    if (!is_printable_day(day))
        return memcpy(dst, "-", 2);
    struct civil c = day_to_civil(day);
    int parts[3] = {c.year, c.month, c.day};
    static const int widths[3] = {4, 2, 2};
    char *p = dst + 10;
    *p = '\0';
    for (int i = 2; i >= 0; i--) {
        for (int w = 0; w < widths[i]; w++, parts[i] /= 10)
            *--p = (char)('0' + parts[i] % 10);
        if (i > 0)
            *--p = '-';
    }
    return dst;
}

/* ".5" to ".123456789" after the seconds; what is finer than a microsecond is cut. */
static bool take_fraction(const char **s, int64_t *usec)
{
    int64_t unit = USEC_SECOND / 10;
    int n = 0;
    *usec = 0;
    if (!take_char(s, '.'))
        return true;
    for (; **s >= '0' && **s <= '9'; (*s)++, n++) {
        *usec += (**s - '0') * unit;
        unit /= 10;
    }
    return n >= 1 && n <= 9;
}

/* "", "Z", "+00", "-0500", "+05:30" or "+05:30:00": microseconds east of UTC. */
static bool take_offset(const char **s, int64_t *usec)
{
    int hour, minute = 0, second = 0;
    *usec = 0;
    if (**s == '\0' || take_char(s, 'Z'))
        return true;
    bool west = **s == '-';
    if (!west && **s != '+')
        return false;
    (*s)++;
    if (!take_digits(s, 2, &hour))
        return false;
    if (take_char(s, ':')) {
        if (!take_digits(s, 2, &minute))
            return false;
        if (take_char(s, ':') && !take_digits(s, 2, &second))
            return false;
    } else if (**s != '\0' && !take_digits(s, 2, &minute)) {
        return false;
    }
    if (hour > 15 || minute > 59 || second > 59)
        return false;
    int64_t east = hour * USEC_HOUR + minute * USEC_MINUTE + second * USEC_SECOND;
    *usec = west ? -east : east;
    return true;
}

bool time_parse(const char *s, int64_t *out)
{
    int32_t day;
    int hour, minute, second;
    int64_t fraction, offset;
    if (!take_day(&s, &day) || (!take_char(&s, ' ') && !take_char(&s, 'T')))
        return false;
    if (!take_digits(&s, 2, &hour) || !take_char(&s, ':') || !take_digits(&s, 2, &minute) ||
        !take_char(&s, ':') || !take_digits(&s, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    if (!take_fraction(&s, &fraction) || !take_offset(&s, &offset) || *s != '\0')
        return false;
    *out = day * USEC_DAY + hour * USEC_HOUR + minute * USEC_MINUTE + second * USEC_SECOND +
           fraction - offset;
    return true;
}

static const char *print_time(char dst[33], int64_t t, char separator, bool fraction)
{
    int64_t day = floor_div(t, USEC_DAY);
    if (!is_printable_day(day))
        return memcpy(dst, "-", 2);
    char date[11];
    int64_t usec = t - day * USEC_DAY;
    unsigned second = (unsigned)(usec / USEC_SECOND);
    int n = snprintf(dst, 33, "%s%c%02u:%02u:%02u", day_print(date, (int32_t)day), separator,
                     second / 3600, second / 60 % 60, second % 60);
    if (fraction)
        snprintf(dst + n, 33 - (size_t)n, ".%06uZ", (unsigned)(usec % USEC_SECOND));
    else
        snprintf(dst + n, 33 - (size_t)n, "Z");
    return dst;
}

const char *time_print(char dst[33], int64_t t)
{
    return print_time(dst, t, ' ', false);
}

const char *time_print_iso(char dst[33], int64_t t)
{
    return print_time(dst, t, 'T', true);
}

static int32_t sunday_from(int year, int month, int day)
{
    int32_t d = day_from_civil(year, month, day);
    return d + (7 - day_weekday(d)) % 7;
}

/* First and last day of daylight time: 15 U.S.C. 260a (Uniform Time Act of 1966 and its changes of
 * 1974, 1975, 1986 and 2005). It begins at 2:00 standard and ends at 2:00 daylight time. */
static void daylight_days(int year, int32_t *begin, int32_t *end)
{
    *end = sunday_from(year, 10, 25);
    if (year >= 2007) {
        *begin = sunday_from(year, 3, 8);
        *end = sunday_from(year, 11, 1);
    } else if (year >= 1987) {
        *begin = sunday_from(year, 4, 1);
    } else if (year == 1975) {
        *begin = day_from_civil(1975, 2, 23);
    } else if (year == 1974) {
        *begin = day_from_civil(1974, 1, 6);
    } else {
        *begin = sunday_from(year, 4, 24);
    }
}

static int year_of(int64_t day)
{
    if (day < day_from_civil(1967, 1, 1)) /* before the rules: as if they held */
        return 1967;
    return is_printable_day(day) ? day_to_civil((int32_t)day).year : 9999;
}

int64_t exchange_offset(int64_t utc)
{
    int32_t begin, end;
    daylight_days(year_of(floor_div(utc, USEC_DAY)), &begin, &end);
    bool summer = utc >= begin * USEC_DAY + 7 * USEC_HOUR && utc < end * USEC_DAY + 6 * USEC_HOUR;
    return (summer ? -4 : -5) * USEC_HOUR;
}

int64_t exchange_to_utc(int32_t day, int hour, int minute)
{
    if (!is_printable_day(day))
        return TIME_NONE;
    int32_t begin, end;
    daylight_days(year_of(day), &begin, &end);
    int64_t wall = day * USEC_DAY + hour * USEC_HOUR + minute * USEC_MINUTE;
    bool summer = wall >= begin * USEC_DAY + 3 * USEC_HOUR && wall < end * USEC_DAY + 2 * USEC_HOUR;
    return wall + (summer ? 4 : 5) * USEC_HOUR;
}

int32_t exchange_day(int64_t utc)
{
    int64_t day = floor_div(utc, USEC_DAY);
    if (!is_printable_day(day))
        return DAY_NONE;
    return (int32_t)floor_div(utc + exchange_offset(utc), USEC_DAY);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return ts.tv_sec * USEC_SECOND + ts.tv_nsec / 1000;
}

int64_t time_machine_now(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t time_monotonic_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

bool duration_parse(const char *s, int64_t *out)
{
    static const struct {
        char letter;
        int seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    int64_t n = 0;
    size_t digits = strspn(s, "0123456789");
    if (digits < 1 || digits > 7 || strlen(s) != digits + 1)
        return false;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (s[i] - '0');
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].letter != s[digits] || n < 1 || n > 1000000)
            continue;
        *out = n * units[i].seconds * USEC_SECOND;
        return true;
    }
    return false;
}

const char *duration_print(char dst[16], int64_t us)
{
    int64_t s = us / USEC_SECOND, m = s / 60, h = m / 60, d = h / 24;
    if (us < 0)
        snprintf(dst, 16, "-");
    else if (s < 60)
        snprintf(dst, 16, "%ds", (int)s);
    else if (m < 60)
        snprintf(dst, 16, "%dm", (int)m);
    else if (h < 24)
        snprintf(dst, 16, "%dh%02d", (int)h, (int)(m % 60));
    else if (d < 100)
        snprintf(dst, 16, "%dd%02dh", (int)d, (int)(h % 24));
    else
        snprintf(dst, 16, "%lldd", (long long)d);
    return dst;
}
