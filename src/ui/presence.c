/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/presence.h"

#include <stdio.h>
#include <string.h>

#include "quorum/text.h"

const struct statement presence_query = {
    "console sessions",
    "SELECT id, operator || CASE WHEN origin = '' THEN '' ELSE '@' || origin END AS who, kind,"
    "  read_only, extract(epoch FROM clock_timestamp() - started_at)::bigint AS age_s "
    "FROM console_sessions "
    "WHERE ended_at IS NULL AND seen_at > clock_timestamp() - interval '1 minute' "
    "ORDER BY started_at LIMIT 100"};

static bool is_own(const struct snapshot *s, const char *id)
{
    return strcmp(id, s->session) == 0 || strcmp(id, s->review) == 0;
}

static const char *cell(const struct snapshot *s, size_t row, const char *column)
{
    const char *text = rows_named(&s->sessions.rows, row, column);
    return text ? text : "";
}

int presence_others(const struct snapshot *s, char *who, size_t size)
{
    int n = 0;
    *who = '\0';
    for (size_t i = 0; i < s->sessions.rows.nrows; i++) {
        if (is_own(s, cell(s, i, "id")) || strncmp(cell(s, i, "kind"), "review", 6) == 0)
            continue;
        sanitize_line(who, size, untrusted(cell(s, i, "who")));
        n++;
    }
    return n;
}

bool presence_reviewer(const struct snapshot *s, int64_t adjustment, char *who, size_t size)
{
    char kind[40];
    *who = '\0';
    snprintf(kind, sizeof kind, "review #%lld", (long long)adjustment);
    for (size_t i = 0; i < s->sessions.rows.nrows; i++) {
        if (is_own(s, cell(s, i, "id")) || strcmp(cell(s, i, "kind"), kind) != 0)
            continue;
        sanitize_line(who, size, untrusted(cell(s, i, "who")));
        return true;
    }
    return false;
}
