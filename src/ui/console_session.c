/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_session.h"

#include "quorum/review.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/uuid.h"

/* `sessions` takes who was not heard of for a minute for gone. */
enum { SEEN_EVERY_US = 20000000 };

static const struct statement begin = {
    "console session begin", "INSERT INTO console_sessions (id, operator, origin, kind, read_only)"
                             " VALUES ($1::uuid, $2, $3, $4, $5::boolean)"};
static const struct statement seen = {
    "console session seen",
    "UPDATE console_sessions SET seen_at = clock_timestamp() WHERE id = $1::uuid"};
static const struct statement end = {"console session end",
                                     "UPDATE console_sessions SET seen_at = clock_timestamp(),"
                                     " ended_at = clock_timestamp() WHERE id = $1::uuid"};

void console_session_begin(struct console *c, const char *kind)
{
    struct params p = {0};
    if (c->reading_only)
        return;
    uuid_new(c->snapshot.session);
    params_text(&p, c->snapshot.session);
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    params_text(&p, kind);
    params_bool(&p, c->reading_only);
    db_send(c->desk->db, &begin, &p, NULL, NULL);
    c->seen_at = time_monotonic_us();
}

/* The lock follows what the person has before them. */
static void keep_lock(struct console *c, int64_t now)
{
    const struct detail_view *d = view_top(&c->view);
    int64_t wanted = c->view.question.open ? c->asked_review : 0;
    c->asked_review = wanted;
    if (!wanted && d && d->kind == DETAIL_ADJUSTMENT && !text_to_int64(d->id, &wanted))
        wanted = 0;
    if (wanted && (wanted != c->review || now - c->review_at >= SEEN_EVERY_US)) {
        review_looks(c->desk, wanted, operator_name());
        c->review_at = now;
    }
    c->review = wanted;
}

void console_session_seen(struct console *c)
{
    struct params p = {0};
    int64_t now = time_monotonic_us();
    if (!*c->snapshot.session || db_state(c->desk->db) != DB_READY)
        return;
    keep_lock(c, now);
    if (now - c->seen_at < SEEN_EVERY_US)
        return;
    params_text(&p, c->snapshot.session);
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
    params_text(&p, c->snapshot.session);
    db_query(c->desk->db, &end, &p, NULL, &ignored);
}

void console_session_review(struct console *c, int64_t adjustment)
{
    c->asked_review = adjustment;
}
