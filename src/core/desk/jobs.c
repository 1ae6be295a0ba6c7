/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The queue of jobs: queued once by its key, taken under a lease, ended under a fence
 * (owner and attempt), given back when its engine is gone. */
#include "quorum/jobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/desk/engines.h"
#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

const struct job_kind_row job_kinds[JOB_KINDS] = {
    [JOB_LOOK] = {"look", 0, 3},          [JOB_RANK] = {"rank", 1, 5},
    [JOB_EVALUATE] = {"evaluate", 2, 12}, [JOB_TRADE] = {"trade", 3, 8},
    [JOB_MARK] = {"mark", 4, 8},          [JOB_SCORE] = {"score", 5, 5},
    [JOB_LEARN] = {"learn", 6, 3},        [JOB_KEEP] = {"keep", 7, 5},
};

/* Longer results are cut: the row is for people. */
enum { RESULT_BYTES = 300, FINISH_TRIES = 5 };

/* ---- held */

void jobs_hold(struct desk *d, int64_t id, int attempt)
{
    if (d->held.n == d->held.cap) {
        d->held.cap = d->held.cap ? d->held.cap * 2 : 16;
        d->held.job = mem_grow(d->held.job, d->held.cap, sizeof *d->held.job);
    }
    d->held.job[d->held.n++] = (struct held_job){.id = id, .attempt = attempt};
}

void jobs_let_go(struct desk *d, int64_t id, int attempt)
{
    for (size_t i = 0; i < d->held.n; i++) {
        if (d->held.job[i].id != id || d->held.job[i].attempt != attempt)
            continue;
        d->held.job[i] = d->held.job[--d->held.n];
        return;
    }
}

void jobs_held(const struct desk *d, struct buf *out)
{
    buf_char(out, '{');
    for (size_t i = 0; i < d->held.n; i++)
        buf_printf(out, "%s%" PRId64, i ? "," : "", d->held.job[i].id);
    buf_char(out, '}');
}

/* ---- queueing */

static const struct statement queue = {"jobs queue",
                                       "SELECT jobs_queue($1, $2::bigint, $3::jsonb)"};

void jobs_write(const struct job_request *r, size_t n, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < n; i++) {
        const struct job_kind_row *kind = &job_kinds[r[i].kind];
        const char *symbol = r[i].symbol ? r[i].symbol : "";
        char due[33], key[80];
        time_print_iso(due, r[i].due);
        snprintf(key, sizeof key, "%s%s%s %s", kind->name, *symbol ? " " : "", symbol, due);
        json_open(&j, NULL, '{');
        json_str(&j, "kind", kind->name);
        json_int(&j, "stage", kind->stage);
        json_str(&j, "symbol", symbol);
        json_str(&j, "key", r[i].unique_key ? r[i].unique_key : key);
        json_str(&j, "due", due);
        json_int(&j, "tries", kind->max_attempts);
        json_close(&j, '}');
    }
    json_close(&j, ']');
}

struct counting {
    jobs_queued_fn *done;
    void *arg;
};

static void counted(void *arg, struct rows *rows, const struct error *e)
{
    struct counting c = *(struct counting *)arg;
    struct error bad = {0};
    int64_t n = e ? 0 : rows_int(rows, 0, 0);
    mem_free(arg);
    if (e)
        bad = *e;
    else if (n < 0)
        err_set(&bad, ERR_CONFLICT, "this engine does not lead any more");
    if (c.done)
        c.done(c.arg, n < 0 ? 0 : n, bad.kind ? &bad : NULL);
}

static struct counting *counting_new(jobs_queued_fn *done, void *arg)
{
    struct counting *c = mem_alloc(sizeof *c);
    *c = (struct counting){.done = done, .arg = arg};
    return c;
}

void jobs_queue(struct desk *d, const struct job_request *r, size_t n, int64_t epoch,
                jobs_queued_fn *done, void *arg)
{
    struct params p = {0};
    struct buf list = {0};
    jobs_write(r, n, &list);
    params_text(&p, owner_self());
    params_int(&p, epoch);
    params_text(&p, buf_text(&list));
    buf_release(&list);
    db_send(d->db, &queue, &p, counted, counting_new(done, arg));
}

/* ---- taking */

/* One statement, so that of two engines each row goes to one. That the stage rule holds: an open
 * job becomes ended but never the other way, and the jobs of a moment become visible together; so
 * a job that looks free of lower stages in this statement's snapshot is free of them. */
static const struct statement take = {
    "jobs take",
    "WITH next AS MATERIALIZED ("
    "  SELECT j.id FROM jobs j"
    "  WHERE j.state = 'available' AND j.due_at <= desk_now()"
    "    AND (j.retry_at IS NULL OR j.retry_at <= clock_timestamp()) AND j.kind = ANY($3::text[])"
    "    AND NOT EXISTS (SELECT FROM jobs o WHERE o.state IN ('available', 'running')"
    "                    AND o.due_at = j.due_at AND o.stage < j.stage)"
    "  ORDER BY j.due_at, j.stage, j.kind, j.symbol, j.id LIMIT $2::int"
    "  FOR UPDATE OF j SKIP LOCKED"
    "), taken AS ("
    "  UPDATE jobs j SET state = 'running', attempt = j.attempt + 1, locked_by = $1,"
    "    lease_until = clock_timestamp() + interval '30 s', started_at = clock_timestamp(),"
    "    retry_at = NULL, session_pid = pg_backend_pid()"
    "  FROM next WHERE j.id = next.id"
    "  RETURNING j.id, j.kind, j.symbol, j.due_at, j.attempt, j.stage) "
    "SELECT id, kind, symbol, due_at, attempt FROM taken"
    " ORDER BY due_at, stage, kind, symbol, id"};

struct taking {
    struct desk *desk;
    jobs_taken_fn *done;
    void *arg;
};

static bool kind_parse(const char *name, enum job_kind *out)
{
    for (int k = 0; k < JOB_KINDS; k++) {
        *out = (enum job_kind)k;
        if (strcmp(job_kinds[k].name, name) == 0)
            return true;
    }
    return false;
}

static void taken(void *arg, struct rows *rows, const struct error *e)
{
    struct taking t = *(struct taking *)arg;
    size_t n = 0;
    mem_free(arg);
    if (e) {
        t.done(t.arg, NULL, 0, e);
        return;
    }
    struct job *job = mem_array(rows->nrows ? rows->nrows : 1, sizeof *job);
    for (size_t i = 0; i < rows->nrows; i++) {
        struct job *j = &job[n];
        j->id = rows_int(rows, i, 0);
        j->attempt = (int)rows_int(rows, i, 4);
        if (!kind_parse(rows_text(rows, i, 1), &j->kind) ||
            !time_parse(rows_text(rows, i, 3), &j->due))
            continue; /* cannot be: kinds were named; its lease runs out */
        copy_text(j->symbol, sizeof j->symbol, rows_text(rows, i, 2));
        jobs_hold(t.desk, j->id, j->attempt);
        n++;
    }
    t.done(t.arg, job, n, NULL);
    mem_free(job);
}

void jobs_take(struct desk *d, int max, jobs_taken_fn *done, void *arg)
{
    struct params p = {0};
    struct buf kinds = {0};
    struct taking *t = mem_alloc(sizeof *t);
    *t = (struct taking){.desk = d, .done = done, .arg = arg};
    /* Kinds a newer program queued are left to it. */
    for (int k = 0; k < JOB_KINDS; k++)
        buf_printf(&kinds, "%c%s", k ? ',' : '{', job_kinds[k].name);
    buf_char(&kinds, '}');
    params_text(&p, owner_self());
    params_int(&p, max);
    params_text(&p, buf_text(&kinds));
    buf_release(&kinds);
    db_send(d->db, &take, &p, taken, t);
}

/* ---- ending */

/* Said again when the answer was lost: then the row is ours and not running any more. */
static const struct statement finish = {
    "job finish",
    "WITH how AS (SELECT CASE WHEN $4 = 'done' AND session_pid <> pg_backend_pid()"
    "    AND EXISTS (SELECT FROM desk WHERE clock = 'virtual') THEN 'again' ELSE $4 END AS word"
    "  FROM jobs WHERE id = $1::bigint), "
    "ended AS ("
    "  UPDATE jobs SET"
    "    state = CASE how.word WHEN 'done' THEN 'done'"
    "                    WHEN 'again' THEN CASE WHEN attempt < max_attempts THEN 'available'"
    "                                           ELSE 'dead' END"
    "                    ELSE 'dead' END,"
    "    retry_at = CASE WHEN how.word = 'again' AND attempt < max_attempts THEN clock_timestamp() "
    "+"
    "      make_interval(secs => LEAST(60, power(2, LEAST(attempt, 10) - 1))) END,"
    "    finished_at = CASE WHEN how.word = 'again' AND attempt < max_attempts THEN NULL"
    "                       ELSE clock_timestamp() END,"
    "    result = $5, lease_until = NULL"
    "  FROM how WHERE id = $1::bigint AND locked_by = $2 AND attempt = $3::int AND state = "
    "'running'"
    "  RETURNING 1) "
    "SELECT EXISTS (SELECT FROM ended) OR EXISTS (SELECT FROM jobs"
    "  WHERE id = $1::bigint AND locked_by = $2 AND attempt = $3::int AND state <> 'running')"};

struct finishing {
    struct desk *desk;
    struct job job;
    const char *outcome;
    char result[RESULT_BYTES];
    int tries;
    void (*done)(void *arg, bool ok, const struct error *e);
    void *arg;
};

static void finished(void *arg, struct rows *rows, const struct error *e);

static void send_finish(struct finishing *f)
{
    struct params p = {0};
    params_int(&p, f->job.id);
    params_text(&p, owner_self());
    params_int(&p, f->job.attempt);
    params_text(&p, f->outcome);
    params_text(&p, f->result);
    f->tries++;
    db_send(f->desk->db, &finish, &p, finished, f);
}

static void finished(void *arg, struct rows *rows, const struct error *e)
{
    struct finishing *f = arg;
    /* Each try waits for the connection by itself. */
    if (e && e->kind == ERR_TRANSIENT && f->tries < FINISH_TRIES) {
        send_finish(f);
        return;
    }
    bool ok = !e && rows_bool(rows, 0, 0);
    jobs_let_go(f->desk, f->job.id, f->job.attempt);
    if (e)
        log_write(LOG_WARN, "jobs", "job %" PRId64 " cannot be ended: %s", f->job.id, e->text);
    else if (!ok)
        log_write(LOG_INFO, "jobs", "job %" PRId64 " belongs to another by now", f->job.id);
    if (f->done)
        f->done(f->arg, ok, e);
    mem_free(f);
}

void job_finish(struct desk *d, const struct job *j, const struct error *problem,
                const char *result, void (*done)(void *arg, bool ok, const struct error *e),
                void *arg)
{
    struct finishing *f = mem_alloc(sizeof *f);
    bool failed = problem && problem->kind;
    *f = (struct finishing){.desk = d, .job = *j, .done = done, .arg = arg};
    f->outcome = !failed ? "done" : problem->kind == ERR_TRANSIENT ? "again" : "dead";
    sanitize_line(f->result, sizeof f->result,
                  untrusted(result && *result ? result
                            : failed          ? problem->text
                                              : ""));
    send_finish(f);
}

/* ---- rescue */

static const struct statement holders = {
    "jobs holders", "SELECT locked_by FROM jobs WHERE state = 'running' AND locked_by <> $1 "
                    "UNION SELECT id FROM engines WHERE state <> 'STOPPED' AND id <> $1"};
static const struct statement rescue = {"jobs rescue", "SELECT jobs_rescue($1::text[])"};

/* An element of an array in PostgreSQL's text form. */
static void array_element(struct buf *out, const char *text, bool first)
{
    buf_str(out, first ? "\"" : ",\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_char(out, '\\');
        buf_char(out, *text);
    }
    buf_char(out, '"');
}

struct rescuing {
    struct desk *desk;
    struct counting *counting;
};

static void holders_known(void *arg, struct rows *rows, const struct error *e)
{
    struct rescuing r = *(struct rescuing *)arg;
    mem_free(arg);
    if (e) {
        counted(r.counting, rows, e);
        return;
    }
    struct params p = {0};
    struct buf gone = {0};
    size_t n = 0;
    buf_char(&gone, '{');
    for (size_t i = 0; i < rows->nrows; i++) {
        const char *owner = rows_text(rows, i, 0);
        if (!owner || !owner_is_gone(owner))
            continue;
        array_element(&gone, owner, n++ == 0);
    }
    buf_char(&gone, '}');
    params_text(&p, buf_text(&gone));
    buf_release(&gone);
    db_send(r.desk->db, &rescue, &p, counted, r.counting);
}

void jobs_rescue(struct desk *d, jobs_queued_fn *done, void *arg)
{
    struct params p = {0};
    struct rescuing *r = mem_alloc(sizeof *r);
    *r = (struct rescuing){.desk = d, .counting = counting_new(done, arg)};
    params_text(&p, owner_self());
    db_send(d->db, &holders, &p, holders_known, r);
}

/* ---- looking */

static const struct statement open_jobs = {
    "jobs open",
    "SELECT count(*) FILTER (WHERE due_at <= desk_now()), min(due_at) FILTER (WHERE due_at >"
    " desk_now()) FROM jobs WHERE state IN ('available', 'running')"};

enum err jobs_open(struct desk *d, int64_t *due_open, int64_t *next_due, struct error *e)
{
    struct rows r = {0};
    if (db_query(d->db, &open_jobs, NULL, &r, e))
        return e->kind;
    const char *next = rows_text(&r, 0, 1);
    *due_open = rows_int(&r, 0, 0);
    if (!next || !time_parse(next, next_due))
        *next_due = TIME_NONE;
    rows_release(&r);
    return OK;
}
