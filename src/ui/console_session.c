/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/uuid.h"
#include "ui/presence.h"

/* `sessions` takes who was not heard of for a minute for gone. */
enum { SEEN_EVERY_US = 20000000 };

static const struct statement begin = {
    "console session begin", "INSERT INTO console_sessions (id, operator, origin, kind, read_only)"
                             " VALUES ($1::uuid, $2, $3, $4, $5::boolean)"};
static const struct statement seen = {"console session seen",
                                      "UPDATE console_sessions SET seen_at = clock_timestamp()"
                                      " WHERE id IN ($1::uuid, $2::uuid)"};
static const struct statement end = {"console session end",
                                     "UPDATE console_sessions SET seen_at = clock_timestamp(),"
                                     " ended_at = clock_timestamp()"
                                     " WHERE id IN ($1::uuid, $2::uuid)"};

static void insert(struct console *c, const char *id, const char *kind)
{
    struct params p = {0};
    params_text(&p, id);
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    params_text(&p, kind);
    params_bool(&p, c->reading_only);
    db_send(c->desk->db, &begin, &p, NULL, NULL);
}

/* The session's row and that of its review, which may be none. */
static void give_ids(const struct console *c, struct params *p)
{
    params_text(p, c->snapshot.session);
    params_text(p, *c->snapshot.review ? c->snapshot.review : NULL);
}

void console_session_begin(struct console *c, const char *kind)
{
    if (c->reading_only)
        return;
    uuid_new(c->snapshot.session);
    insert(c, c->snapshot.session, kind);
    c->seen_at = time_monotonic_us();
}

/* The review's row follows what the person has before them. */
static void follow_review(struct console *c)
{
    const struct detail_view *d = view_top(&c->view);
    int64_t wanted = c->view.question.open ? c->asked_review : 0;
    char kind[40];
    c->asked_review = wanted;
    if (!wanted && d && d->kind == DETAIL_ADJUSTMENT)
        text_to_int64(d->id, &wanted);
    if (wanted == c->review || db_state(c->desk->db) != DB_READY)
        return;
    if (*c->snapshot.review) {
        struct params p = {0};
        params_text(&p, c->snapshot.review);
        params_text(&p, NULL);
        db_send(c->desk->db, &end, &p, NULL, NULL);
        c->snapshot.review[0] = '\0';
    }
    c->review = wanted;
    if (wanted) {
        uuid_new(c->snapshot.review);
        snprintf(kind, sizeof kind, "review #%lld", (long long)wanted);
        insert(c, c->snapshot.review, kind);
    }
}

void console_session_seen(struct console *c)
{
    struct params p = {0};
    int64_t now = time_monotonic_us();
    if (!*c->snapshot.session)
        return;
    follow_review(c);
    if (now - c->seen_at < SEEN_EVERY_US || db_state(c->desk->db) != DB_READY)
        return;
    give_ids(c, &p);
    db_send(c->desk->db, &seen, &p, NULL, NULL);
    c->seen_at = now;
}

/* A terminal that is gone is no reason to leave the row open; a database that is gone, is. */
void console_session_end(struct console *c)
{
    struct params p = {0};
    struct error ignored = {0};
    if (!*c->snapshot.session || !c->desk || db_state(c->desk->db) != DB_READY)
        return;
    loop_clear_interrupt(c->loop);
    give_ids(c, &p);
    db_query(c->desk->db, &end, &p, NULL, &ignored);
}

void console_session_review(struct console *c, int64_t adjustment)
{
    c->asked_review = adjustment;
}

const char *console_session_reviewer(struct console *c, int64_t adjustment)
{
    presence_reviewer(&c->snapshot, adjustment, c->reviewer, sizeof c->reviewer);
    return c->reviewer;
}
