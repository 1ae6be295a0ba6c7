/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who looks at the desk: a row of console_sessions for as long as the console lives. */
#include <stdio.h>

#include "quorum/timeutil.h"
#include "quorum/uuid.h"
#include "ui/console_private.h"

enum { SEEN_EVERY_US = 60000000 };

static const struct statement begin = {
    "console session begin", "INSERT INTO console_sessions (id, operator, origin, kind, read_only)"
                             " VALUES ($1::uuid, $2, $3, $4, $5::boolean)"};
static const struct statement seen = {
    "console session seen",
    "UPDATE console_sessions SET seen_at = clock_timestamp() WHERE id = $1::uuid"};
static const struct statement end = {"console session end",
                                     "UPDATE console_sessions SET seen_at = clock_timestamp(),"
                                     " ended_at = clock_timestamp() WHERE id = $1::uuid"};

/* A login that may only read is not listed. */
void console_session_begin(struct console *c, const char *kind)
{
    struct params p = {0};
    if (c->reading_only)
        return;
    uuid_new(c->session);
    params_text(&p, c->session);
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    params_text(&p, kind);
    params_bool(&p, c->reading_only);
    db_send(c->desk->db, &begin, &p, NULL, NULL);
    c->seen_at = time_monotonic_us();
}

void console_session_seen(struct console *c)
{
    struct params p = {0};
    int64_t now = time_monotonic_us();
    if (!*c->session || now - c->seen_at < SEEN_EVERY_US || db_state(c->desk->db) != DB_READY)
        return;
    params_text(&p, c->session);
    db_send(c->desk->db, &seen, &p, NULL, NULL);
    c->seen_at = now;
}

/* A terminal that is gone is no reason to leave the row open; a database that is gone, is. */
void console_session_end(struct console *c)
{
    struct params p = {0};
    struct error ignored = {0};
    if (!*c->session || !c->desk || db_state(c->desk->db) != DB_READY)
        return;
    loop_clear_interrupt(c->loop);
    params_text(&p, c->session);
    db_query(c->desk->db, &end, &p, NULL, &ignored);
}
