/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registered engines as others see them. */
#include <string.h>

#include "quorum/engine.h"
#include "quorum/text.h"

enum { SILENT_MS = 15000 };

static const struct statement list = {
    "engines", "SELECT e.id, e.host, e.pid, e.program_version, e.state,"
               "  e.started_at, e.in_flight,"
               "  (extract(epoch FROM clock_timestamp() - e.heartbeat_at) * 1000)::bigint,"
               "  COALESCE(l.holder = e.id AND l.expires_at > clock_timestamp(), false) "
               "FROM engines e LEFT JOIN leader l ON true"
               " WHERE e.state <> 'STOPPED' OR e.stopped_at > clock_timestamp() - interval '1 day'"
               " ORDER BY (e.state = 'STOPPED'), e.started_at DESC LIMIT 40"};
static const struct statement ask = {
    "engines stop", "WITH a AS (UPDATE engines SET state = 'STOPPING' WHERE state IN"
                    " ('STARTING', 'RUNNING') AND heartbeat_at > clock_timestamp() - interval"
                    " '15 seconds' RETURNING 1) SELECT count(*) FROM a"};

static const char *clean(struct arena *a, const char *text)
{
    char line[200];
    sanitize_line(line, sizeof line, untrusted(text ? text : ""));
    return arena_text(a, line);
}

enum err engines_load(struct desk *d, struct arena *a, struct engine_row **out, size_t *n,
                      struct error *e)
{
    struct rows r = {0};
    *n = 0;
    if (db_query(d->db, &list, NULL, &r, e))
        return e->kind;
    *out = arena_alloc(a, (r.nrows + 1) * sizeof **out);
    for (size_t i = 0; i < r.nrows; i++) {
        struct engine_row *w = &(*out)[(*n)++];
        *w = (struct engine_row){.id = clean(a, rows_text(&r, i, 0)),
                                 .host = clean(a, rows_text(&r, i, 1)),
                                 .pid = rows_int(&r, i, 2),
                                 .version = clean(a, rows_text(&r, i, 3)),
                                 .state = clean(a, rows_text(&r, i, 4)),
                                 .started_at = clean(a, rows_text(&r, i, 5)),
                                 .in_flight = rows_int(&r, i, 6),
                                 .beat_age_ms = rows_int(&r, i, 7),
                                 .leads = rows_bool(&r, i, 8)};
        w->gone = strcmp(w->state, "STOPPED") != 0 &&
                  (w->beat_age_ms > SILENT_MS || owner_is_gone(w->id));
    }
    rows_release(&r);
    return OK;
}

enum err engines_ask_to_stop(struct desk *d, int64_t *asked, struct error *e)
{
    struct rows r = {0};
    if (db_query(d->db, &ask, NULL, &r, e))
        return e->kind;
    *asked = rows_int(&r, 0, 0);
    rows_release(&r);
    return OK;
}
