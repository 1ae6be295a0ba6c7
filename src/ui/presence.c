/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/presence.h"

#include <string.h>

#include "quorum/text.h"

const struct statement presence_query = {
    "console sessions",
    "SELECT id, operator || CASE WHEN origin = '' THEN '' ELSE '@' || origin END AS who, kind,"
    "  read_only, extract(epoch FROM clock_timestamp() - started_at)::bigint AS age_s "
    "FROM console_sessions "
    "WHERE ended_at IS NULL AND seen_at > clock_timestamp() - interval '1 minute' "
    "ORDER BY started_at LIMIT 100"};

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
        if (strcmp(cell(s, i, "id"), s->session) == 0)
            continue;
        sanitize_line(who, size, untrusted(cell(s, i, "who")));
        n++;
    }
    return n;
}
