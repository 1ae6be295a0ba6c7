/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desk's virtual clock: moved by the leader alone, from moment to moment. */
#include <string.h>

#include "core/desk/engines.h"
#include "quorum/timeutil.h"

static const struct statement advance = {
    "clock advance", "SELECT clock_advance($1, $2::bigint, $3::timestamptz, $4::jsonb)"};

enum err clock_advance(struct desk *d, int64_t epoch, int64_t to, const struct job_request *r,
                       size_t n, bool *moved, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    struct buf list = {0};
    char at[33];
    *moved = false;
    jobs_write(r, n, &list);
    params_text(&p, owner_self());
    params_int(&p, epoch);
    params_text(&p, time_print_iso(at, to));
    params_text(&p, buf_text(&list));
    buf_release(&list);
    if (db_query(d->db, &advance, &p, &rows, e))
        return e->kind;
    const char *outcome = rows_text(&rows, 0, 0);
    *moved = strcmp(outcome, "moved") == 0;
    if (strcmp(outcome, "real") == 0)
        err_set(e, ERR_POLICY, "the desk's clock is the real one: nobody moves it");
    else if (strcmp(outcome, "backwards") == 0)
        err_set(e, ERR_POLICY, "the desk's clock never goes back (to %s)", at);
    bool refused = strcmp(outcome, "real") == 0 || strcmp(outcome, "backwards") == 0;
    rows_release(&rows);
    return refused ? e->kind : OK;
}
