/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the operator has put the desk in. The change itself is control_change of migrations/0007,
 * under the lock every entry order shares. */
#include "quorum/control.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/zone.h"

static const char *const names[] = {"RUNNING", "PAUSED", "HALTED", "FLATTENING"};

/* An entry that is under way ends within its statement time-out; so does the waiting for it. */
enum { LOCK_TRIES = 3 };

static const struct statement load = {
    "control load", "SELECT state, reason, set_by, origin, set_at FROM control_state"};

static const struct statement change = {
    "control change",
    "SELECT outcome, was, state, cancelled, exits, last_order, last_order_at, at, set_by, set_at,"
    " reason FROM control_change($1, $2, $3, $4)"};

const char *control_name(enum control c)
{
    return names[c];
}

bool control_parse(const char *name, enum control *out)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        *out = (enum control)i;
        return true;
    }
    return false;
}

static void clean_cell(char *dst, size_t size, const struct rows *r, size_t col)
{
    const char *text = rows_text(r, 0, col);
    sanitize_line(dst, size, untrusted(text ? text : ""));
}

static int64_t time_cell(const struct rows *r, size_t col)
{
    int64_t t;
    const char *text = rows_text(r, 0, col);
    return text && time_parse(text, &t) ? t : TIME_NONE;
}

enum err control_load(struct desk *d, struct control_view *out, struct error *e)
{
    struct rows r = {0};
    *out = (struct control_view){0};
    if (db_query(d->db, &load, NULL, &r, e))
        return e->kind;
    if (r.nrows == 0 || !control_parse(rows_text(&r, 0, 0), &out->state)) {
        rows_release(&r);
        return err_set(e, ERR_FAILED, "the desk's control state cannot be read");
    }
    clean_cell(out->reason, sizeof out->reason, &r, 1);
    clean_cell(out->set_by, sizeof out->set_by, &r, 2);
    clean_cell(out->origin, sizeof out->origin, &r, 3);
    out->set_at = time_cell(&r, 4);
    rows_release(&r);
    return OK;
}

/* "HALTED since 2026-11-22 08:58:02 ET by ops (drawdown)" */
static const char *describe(const struct control_view *v, char dst[400])
{
    char at[48];
    snprintf(dst, 400, "%s since %s by %s%s%s%s", names[v->state],
             when_tell(at, v->set_at, WHEN_SECOND), v->set_by, *v->reason ? " (" : "", v->reason,
             *v->reason ? ")" : "");
    return dst;
}

static enum err already(const struct control_view *v, struct error *e)
{
    char holds[400];
    return err_set(e, ERR_CONFLICT, "the desk is already %s", describe(v, holds));
}

bool control_admits(enum control from, enum control to)
{
    return from != to && from != CONTROL_FLATTENING &&
           !(from == CONTROL_HALTED && to == CONTROL_PAUSED);
}

/* Why it does not become that. */
static enum err refuse(const struct control_view *v, enum control to, struct error *e)
{
    char holds[400];
    if (v->state == to)
        return already(v, e);
    describe(v, holds);
    if (v->state == CONTROL_HALTED) {
        err_set(e, ERR_CONFLICT, "the desk is %s, which is more than %s", holds, names[to]);
        return err_fix(e, "to loosen it, resume first");
    }
    err_set(e, ERR_POLICY, "the desk is %s: it cannot become %s before every position is closed",
            holds, names[to]);
    return err_fix(e, "it becomes HALTED by itself then; quorum positions shows what is left");
}

enum err control_check(struct desk *d, enum control to, struct error *e)
{
    struct control_view v;
    if (control_load(d, &v, e) == OK && !control_admits(v.state, to))
        refuse(&v, to, e);
    return e->kind;
}

static enum err refused(const struct rows *r, enum control to, struct error *e)
{
    struct control_view v = {0};
    (void)control_parse(rows_text(r, 0, 1), &v.state);
    clean_cell(v.set_by, sizeof v.set_by, r, 8);
    v.set_at = time_cell(r, 9);
    clean_cell(v.reason, sizeof v.reason, r, 10);
    return refuse(&v, to, e);
}

static void read_proof(const struct rows *r, struct control_proof *out)
{
    const char *was = rows_text(r, 0, 1), *now = rows_text(r, 0, 2);
    if (!was || !control_parse(was, &out->before))
        out->before = CONTROL_RUNNING;
    if (!now || !control_parse(now, &out->after))
        out->after = CONTROL_HALTED;
    out->entries_cancelled = rows_int(r, 0, 3);
    out->exits_ordered = rows_int(r, 0, 4);
    clean_cell(out->last_order, sizeof out->last_order, r, 5);
    out->last_order_at = time_cell(r, 6);
    out->at = time_cell(r, 7);
}

enum err control_set(struct desk *d, enum control to, const char *reason, const char *who,
                     const char *origin, struct control_proof *out, struct error *e)
{
    struct rows r = {0};
    char clean[200], by[96], place[64];
    enum err result;
    *out = (struct control_proof){0};
    sanitize_line(clean, sizeof clean, untrusted(reason ? reason : ""));
    sanitize_line(by, sizeof by, untrusted(who));
    sanitize_line(place, sizeof place, untrusted(origin ? origin : ""));
    for (int tries = 1;; tries++) {
        struct params p = {0};
        params_text(&p, names[to]);
        params_text(&p, clean);
        params_text(&p, by);
        params_text(&p, place);
        result = db_query(d->db, &change, &p, &r, e);
        /* Lock time-out and deadlock: nothing was changed. */
        if (result != ERR_TRANSIENT || tries == LOCK_TRIES ||
            (strcmp(r.sqlstate, "55P03") != 0 && strcmp(r.sqlstate, "40P01") != 0))
            break;
        rows_release(&r);
        err_clear(e);
    }
    if (!result) {
        if (strcmp(rows_text(&r, 0, 0), "changed") == 0)
            read_proof(&r, out);
        else
            result = refused(&r, to, e);
    }
    rows_release(&r);
    if (!result)
        log_write(LOG_WARN, "control", "%s by %s%s%s%s", names[out->after], by, *clean ? " (" : "",
                  clean, *clean ? ")" : "");
    return result;
}

bool control_halt_file(const struct settings *s, char *path, size_t size)
{
    char own[600];
    snprintf(own, sizeof own, "%s/HALT", settings_home(s));
    if (path)
        copy_text(path, size, own);
    return access(own, F_OK) == 0;
}
