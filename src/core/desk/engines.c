/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of engines, their heartbeats and the leader's lease. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/desk/engines.h"
#include "quorum/migrate.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#ifndef QUORUM_VERSION
#define QUORUM_VERSION "unknown"
#endif

/* A heartbeat is due every 2 s. */
#define LIVING "state <> 'STOPPED' AND heartbeat_at > clock_timestamp() - interval '15 s'"

static const struct statement living = {
    "engines living",
    "SELECT id, program_version, schema_version FROM engines WHERE id <> $1 AND " LIVING};

static const struct statement enroll = {
    "engine register",
    "INSERT INTO engines (id, host, pid, program_version, schema_version, state) "
    "VALUES ($1, split_part($1, '/', 1), split_part($1, '/', 2)::int, $2, $3::int, 'STARTING') "
    "ON CONFLICT (id) DO UPDATE SET state = 'STARTING', in_flight = 0, stopped_at = NULL,"
    "  program_version = excluded.program_version, schema_version = excluded.schema_version,"
    "  started_at = clock_timestamp(), heartbeat_at = clock_timestamp()"};

/* With it: in how many ms the first approval's hold ends, or the first proposal expires or is shown
 * again (desk time), NULL where nothing waits for time to pass; and what was adopted last. */
static const struct statement beat_statement = {
    "engine heartbeat",
    "SELECT known, stopping, leads, epoch, holder, machine_at, desk_at, control,"
    "  (SELECT ceil(extract(epoch FROM min(CASE s.status WHEN 'APPROVED'"
    "       THEN s.apply_after - machine_at"
    "       WHEN 'SHADOW' THEN NULL ELSE LEAST(s.expires_at, s.hidden_until) - desk_at END))"
    "     * 1000)::bigint FROM strategy_adjustments s"
    "   WHERE s.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')),"
    "  (SELECT max(id) FROM desk_setting)"
    " FROM engine_beat($1, $2::int, $3::bigint[], $4)"};

static const struct statement stop = {"engine stop", "SELECT engine_stop($1)"};

static const char *next_number(const char *p, long long *n)
{
    char *end;
    while (*p == '.' || *p == '-')
        p++;
    if (*p < '0' || *p > '9') {
        *n = 0;
        return NULL;
    }
    *n = strtoll(p, &end, 10);
    return end;
}

static bool is_version(const char *v)
{
    size_t digits = strspn(v, "0123456789");
    return digits > 0 && v[digits] == '.' && v[digits + 1] >= '0' && v[digits + 1] <= '9';
}

int engine_compare_versions(const char *a, const char *b)
{
    a += *a == 'v';
    b += *b == 'v';
    if (!is_version(a) || !is_version(b))
        return 0;
    while (a || b) {
        long long x = 0, y = 0;
        a = a ? next_number(a, &x) : NULL;
        b = b ? next_number(b, &y) : NULL;
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

static enum err refuse_older(const struct rows *r, struct error *e)
{
    for (size_t i = 0; i < r->nrows; i++) {
        const char *id = rows_text(r, i, 0), *version = rows_text(r, i, 1);
        char shown[160], shown_version[64];
        if (owner_is_gone(id) || (rows_int(r, i, 2) <= migration_count &&
                                  engine_compare_versions(version, QUORUM_VERSION) <= 0))
            continue;
        sanitize_line(shown, sizeof shown, untrusted(id));
        sanitize_line(shown_version, sizeof shown_version, untrusted(version));
        err_set(e, ERR_POLICY, "a newer engine runs on this desk (%s, quorum %s; this is %s)",
                shown, shown_version, QUORUM_VERSION);
        return err_fix(e, "update quorum on this host, or stop the newer engine first");
    }
    return OK;
}

enum err engine_register(struct desk *d, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    if (migrate_require_head(d->db, e))
        return e->kind;
    params_text(&p, owner_self());
    if (db_query(d->db, &living, &p, &r, e))
        return e->kind;
    enum err result = refuse_older(&r, e);
    rows_release(&r);
    if (result)
        return result;
    params_text(&p, owner_self());
    params_text(&p, QUORUM_VERSION);
    params_int(&p, migration_count);
    return db_query(d->db, &enroll, &p, NULL, e);
}

struct beating {
    struct desk *desk;
    int in_flight;
    bool again; /* this is the second one, for the lead of a dead engine */
    int64_t sent_at;
    beat_fn *done;
    void *arg;
};

static void beaten(void *arg, struct rows *rows, const struct error *e);

static void send_beat(struct beating *b, const char *gone)
{
    struct params p = {0};
    struct buf held = {0};
    jobs_held(b->desk, &held);
    params_text(&p, owner_self());
    params_int(&p, b->in_flight);
    params_text(&p, buf_text(&held));
    params_text(&p, gone);
    buf_release(&held);
    b->sent_at = time_machine_now();
    db_send(b->desk->db, &beat_statement, &p, beaten, b);
}

static void read_beat(const struct beating *b, const struct rows *rows, struct beat *out)
{
    int64_t database = TIME_NONE;
    const char *control = rows_text(rows, 0, 7);
    out->asked_to_stop = rows_bool(rows, 0, 1);
    out->leading = rows_bool(rows, 0, 2);
    out->epoch = rows_int(rows, 0, 3);
    /* The answer was made between asking and hearing, where nobody knows: a slow one tells nothing.
     */
    if (time_parse(rows_text(rows, 0, 5), &database)) {
        int64_t unsure = (time_machine_now() - b->sent_at) / 2;
        int64_t skew = b->sent_at + unsure - database;
        out->skew_ms = skew > -unsure && skew < unsure ? 0 : skew / (USEC_SECOND / 1000);
    }
    if (!time_parse(rows_text(rows, 0, 6), &out->desk_now))
        out->desk_now = TIME_NONE;
    out->review_in_ms = rows_text(rows, 0, 8) ? rows_int(rows, 0, 8) : NO_REVIEW;
    out->settings = rows_int(rows, 0, 9);
    copy_text(out->control, sizeof out->control, control ? control : "");
}

static void beaten(void *arg, struct rows *rows, const struct error *e)
{
    struct beating *b = arg;
    struct beat beat = {0};
    struct error bad = {0};
    const char *holder = e || !rows->nrows ? NULL : rows_text(rows, 0, 4);
    if (e && e->kind) {
        bad = *e;
    } else if (!rows->nrows || !rows_bool(rows, 0, 0)) {
        err_set(&bad, ERR_CONFLICT, "this engine is not registered on the desk any more");
    } else if (!b->again && holder && !rows_bool(rows, 0, 2) && owner_is_gone(holder)) {
        b->again = true;
        send_beat(b, holder);
        return;
    } else {
        read_beat(b, rows, &beat);
    }
    b->done(b->arg, bad.kind ? NULL : &beat, bad.kind ? &bad : NULL);
    mem_free(b);
}

void engine_beat(struct desk *d, int in_flight, beat_fn *done, void *arg)
{
    struct beating *b = mem_alloc(sizeof *b);
    *b = (struct beating){.desk = d, .in_flight = in_flight, .done = done, .arg = arg};
    send_beat(b, NULL);
}

enum err engine_unregister(struct desk *d, struct error *e)
{
    struct params p = {0};
    params_text(&p, owner_self());
    enum err result = db_query(d->db, &stop, &p, NULL, e);
    if (!result)
        d->held.n = 0;
    return result;
}
