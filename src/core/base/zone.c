/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "quorum/buf.h"
#include "quorum/timeutil.h"

/* False when the C library cannot tell. */
static bool local_time(int64_t utc, struct tm *out)
{
    time_t seconds = (time_t)(utc / USEC_SECOND - (utc % USEC_SECOND < 0));
    return localtime_r(&seconds, out) != NULL;
}

int64_t zone_offset(enum zone z, int64_t utc)
{
    struct tm local;
    if (z == ZONE_EXCHANGE)
        return exchange_offset(utc);
    return z == ZONE_LOCAL && local_time(utc, &local) ? local.tm_gmtoff * USEC_SECOND : 0;
}

const char *zone_mark(enum zone z, int64_t utc, char dst[12])
{
    struct tm local;
    copy_text(dst, 12, z == ZONE_EXCHANGE ? "ET" : "UTC");
    if (z == ZONE_LOCAL && local_time(utc, &local) && local.tm_zone && *local.tm_zone)
        copy_text(dst, 12, local.tm_zone);
    return dst;
}

/* What a rule is made of; anything else has no business in a query's parameter. */
static bool is_rule(const char *s)
{
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789<>+-,./:");
    return n > 2 && n < 64 && s[n] == '\0' && strpbrk(s, "0123456789");
}

/* A time zone file (RFC 9636) ends in a line with its rule for today and later. */
static bool rule_of_file(const char *path, char dst[64])
{
    char end[128] = "";
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    size_t n = 0;
    if (fseek(f, -(long)(sizeof end - 1), SEEK_END) == 0 || fseek(f, 0, SEEK_SET) == 0)
        n = fread(end, 1, sizeof end - 1, f);
    fclose(f);
    size_t to = n > 0 && end[n - 1] == '\n' ? n - 1 : 0, from = to;
    while (from > 0 && end[from - 1] != '\n' && end[from - 1] != '\0')
        from--;
    return copy_bytes(dst, 64, end + from, to - from) && is_rule(dst);
}

bool zone_rule(enum zone z, char dst[64])
{
    const char *tz = getenv("TZ");
    char path[300];
    copy_text(dst, 64, z == ZONE_UTC ? "UTC" : "");
    if (z != ZONE_LOCAL)
        return true;
    if (tz && !*tz)
        return copy_text(dst, 64, "UTC0");
    tz = tz && *tz == ':' ? tz + 1 : tz;
    snprintf(path, sizeof path, "%s%s", !tz || *tz == '/' ? "" : "/usr/share/zoneinfo/",
             tz ? tz : "/etc/localtime");
    if (rule_of_file(path, dst))
        return true;
    return tz && is_rule(tz) && copy_text(dst, 64, tz);
}

static enum zone chosen = ZONE_EXCHANGE;

void zone_choose(enum zone z)
{
    chosen = z;
}

int32_t zone_day(int64_t utc)
{
    int64_t there = utc + zone_offset(chosen, utc);
    return (int32_t)(there / USEC_DAY - (there % USEC_DAY < 0));
}

const char *when_print(char dst[33], int64_t t, enum when_form form)
{
    enum { DATE_TIME = 20, MINUTE = 16, SECOND = 19, YEAR = 5 };
    char text[33] = "-";
    if (t != TIME_NONE)
        time_print(text, t + zone_offset(chosen, t)); /* "2025-11-20 14:32:07Z" */
    if (strlen(text) != DATE_TIME)
        copy_text(dst, 33, "-");
    else if (form == WHEN_SHORT)
        copy_bytes(dst, 33, text + YEAR, MINUTE - YEAR);
    else
        copy_bytes(dst, 33, text, form == WHEN_MINUTE ? MINUTE : SECOND);
    return dst;
}

const char *when_tell(char dst[48], int64_t t, enum when_form form)
{
    char text[33], mark[12];
    if (t == TIME_NONE)
        copy_text(dst, 48, "-");
    else
        snprintf(dst, 48, "%s %s", when_print(text, t, form), zone_mark(chosen, t, mark));
    return dst;
}
