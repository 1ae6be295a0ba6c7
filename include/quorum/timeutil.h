/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dates are days since 1970-01-01, times are microseconds since 1970-01-01T00:00Z. Machine time
 * comes from the monotonic clock or the database; desk time from the desk's clock row. Nothing
 * here reads TZ: the exchange's zone is computed from the US rules (in force since 1967, changed
 * 1974-75, 1976, 1987 and 2007). */
#ifndef QUORUM_TIMEUTIL_H
#define QUORUM_TIMEUTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DAY_NONE = INT32_MIN };
#define TIME_NONE   INT64_MIN
#define USEC_SECOND ((int64_t)1000000)
#define USEC_DAY    (86400 * USEC_SECOND)

struct civil {
    int year, month, day; /* month 1-12, day 1-31 */
};

struct civil day_to_civil(int32_t day);
/* DAY_NONE when there is no such date; years 1 to 9999. */
int32_t day_from_civil(int year, int month, int day);
int day_weekday(int32_t day); /* 0 Sunday .. 6 Saturday */
/* "2021-03-31" (strict, must exist in the calendar). */
bool day_parse(const char *s, int32_t *out);
const char *day_print(char dst[11], int32_t day); /* "-" for DAY_NONE and past year 9999 */

/* PostgreSQL or ISO text in UTC: "2026-11-22 14:03:11.123456+00", 'T' and 'Z' accepted; an offset
 * other than zero is applied. Seconds are required, a fraction may have 1 to 9 digits and is cut
 * to microseconds. */
bool time_parse(const char *s, int64_t *out);
const char *time_print(char dst[33], int64_t t);     /* "2026-11-22 14:03:11Z"; TIME_NONE is "-" */
const char *time_print_iso(char dst[33], int64_t t); /* "2026-11-22T14:03:11.123456Z" */

/* "90s", "15m", "2h", "3d" as microseconds: 1 to 1,000,000 of a unit, nothing else. */
bool duration_parse(const char *s, int64_t *out);
/* "9s", "44m", "5h02", "2d18h", "120d"; "-" below zero. */
const char *duration_print(char dst[16], int64_t us);

int64_t exchange_offset(int64_t utc); /* microseconds to add to UTC: -4 or -5 h */
/* Wall time in New York to UTC. The hour that spring skips is read as standard time (2:30 becomes
 * 3:30), the hour that autumn repeats as its first, daylight one. */
int64_t exchange_to_utc(int32_t day, int hour, int minute);
int32_t exchange_day(int64_t utc); /* the calendar day in New York */

int64_t time_machine_now(void); /* CLOCK_REALTIME, for log lines and file names only */
int64_t time_monotonic_us(void);

#endif
