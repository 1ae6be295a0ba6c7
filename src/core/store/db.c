/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The queue of calls and libpq's pipeline. Every command has its own sync, so that the failure of
 * one does not abort its neighbours; results arrive in the order of the commands, so a FIFO of
 * calls is all that is needed to match them. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "core/store/db_private.h"
#include "quorum/buf.h"
#include "quorum/log.h"
#include "quorum/text.h"

int64_t db_now_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

void call_push(struct call_queue *q, struct call *c)
{
    c->next = NULL;
    if (q->tail)
        q->tail->next = c;
    else
        q->head = c;
    q->tail = c;
    q->n++;
}

struct call *call_pop(struct call_queue *q)
{
    struct call *c = q->head;

    if (!c)
        return NULL;
    q->head = c->next;
    if (!q->head)
        q->tail = NULL;
    q->n--;
    c->next = NULL;
    return c;
}

void call_free(struct call *c)
{
    params_release(&c->params);
    rows_release(&c->rows);
    mem_free(c->script);
    mem_free(c);
}

static const char *call_name(const struct call *c)
{
    return c->st ? c->st->name : "script";
}

static int64_t answer_ms(const struct db *d, const struct call *c)
{
    return c->st ? d->opt.answer_ms : DB_SCRIPT_MS;
}

void db_deliver(struct db *d, struct call *c)
{
    if (!c->st)
        d->fault = c->fault;
    d->calling++;
    if (c->done)
        c->done(c->arg, &c->rows, c->error.kind != OK ? &c->error : NULL);
    d->calling--;
    call_free(c);
}

/* Failures found while queueing are reported from the loop, never from inside db_send. */
static void kicked(void *arg)
{
    struct db *d = arg;
    struct call_queue doomed = d->doomed;

    d->doomed = (struct call_queue){0};
    for (struct call *c; (c = call_pop(&doomed)) != NULL;)
        db_deliver(d, c);
    if (d->broken && d->conn)
        db_lose(d, NULL);
}

static void describe_place(struct db *d)
{
    struct db_where w;

    if (db_where(d->opt.conninfo, &w, NULL) != OK)
        return;
    if (w.host[0] == '\0' || w.host[0] == '/' || w.host[0] == '@')
        snprintf(d->place, sizeof(d->place), "at the local socket%s%s", w.host[0] ? " in " : "",
                 w.host);
    else if (strchr(w.host, ','))
        snprintf(d->place, sizeof(d->place), "at one of %s", w.host);
    else
        snprintf(d->place, sizeof(d->place), "at %s:%s", w.host, w.port);
}

struct db *db_new(struct loop *l, const struct db_options *options)
{
    struct db *d = mem_alloc(sizeof(*d));

    d->loop = l;
    d->opt = *options;
    d->hear_arg = options->arg;
    d->opt.application = mem_text(options->application ? options->application : "quorum");
    if (d->opt.answer_ms <= 0)
        d->opt.answer_ms = DB_ANSWER_MS;
    d->timer = loop_timer_new(l, db_state_timer, d);
    d->kick = loop_timer_new(l, kicked, d);
    d->aging = loop_timer_new(l, db_age_unsent, d);
    if (conninfo_parse(options->conninfo, &d->info, &d->bad) == OK) {
        describe_place(d);
        if (conninfo_get(&d->info, "password"))
            log_redact(conninfo_get(&d->info, "password"));
    }
    d->opt.conninfo = NULL; /* the caller's, with the password in it */
    return d;
}

static void fail_all(struct db *d, struct call_queue *from, const char *why)
{
    for (struct call *c; (c = call_pop(from)) != NULL;) {
        if (c->error.kind == OK)
            err_set(&c->error, ERR_TRANSIENT, "%s: %s", call_name(c), why);
        db_deliver(d, c);
    }
}

void db_free(struct db *d)
{
    if (!d)
        return;
    assert(d->calling == 0);
    d->state = DB_CLOSED;
    db_disconnect(d);
    fail_all(d, &d->doomed, "the connection was closed");
    fail_all(d, &d->sent, "the connection was closed; it is not known whether it was done");
    fail_all(d, &d->waiting, "the connection was closed; nothing was sent");
    fail_all(d, &d->doomed, "the connection was closed");
    loop_timer_free(d->timer);
    loop_timer_free(d->kick);
    loop_timer_free(d->aging);
    conninfo_release(&d->info);
    conninfo_release(&d->dial);
    mem_free((char *)d->opt.application);
    mem_free(d);
}

enum db_state db_state(const struct db *d)
{
    return d->state;
}

const char *db_error(const struct db *d)
{
    return d->error_text;
}

/* ---- sending */

bool db_put_on_wire(struct db *d, struct call *c)
{
    bool ok;

    if (c->st) {
        /* A call on the wire without its sync would never be answered: count it as sent, the
         * connection is lost anyway. */
        ok = db_put_statement(d, c);
        if (ok && PQpipelineSync(d->conn) != 1)
            d->broken = true;
    } else {
        ok = PQexitPipelineMode(d->conn) == 1 && PQsendQuery(d->conn, c->script) == 1;
    }
    if (!ok) {
        d->broken = true;
        return false;
    }
    call_push(&d->sent, c);
    if (d->sent.n == 1) {
        d->progress_ms = db_now_ms();
        if (d->state == DB_READY)
            loop_timer_start(d->timer, answer_ms(d, c));
    }
    return true;
}

void db_flush(struct db *d)
{
    int left;

    if (!d->conn || !d->io)
        return;
    left = PQflush(d->conn);
    if (left < 0)
        d->broken = true;
    loop_io_want(d->io, left == 1 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    if (d->broken)
        loop_timer_start(d->kick, 0);
}

void db_pump(struct db *d)
{
    struct call *c;

    while (d->state == DB_READY && !d->broken && (c = d->waiting.head) != NULL &&
           d->sent.n < DB_PIPELINE_DEPTH) {
        bool script_runs = d->sent.head && !d->sent.head->st;

        if (script_runs || (!c->st && d->sent.head))
            break; /* a script leaves pipeline mode, so it runs alone */
        call_pop(&d->waiting);
        if (!db_put_on_wire(d, c)) {
            c->next = d->waiting.head; /* nothing of it was sent: it stays the next */
            d->waiting.head = c;
            if (!d->waiting.tail)
                d->waiting.tail = c;
            d->waiting.n++;
        }
    }
    db_flush(d);
}

static struct call *new_call(const struct statement *st, struct params *owned_params,
                             db_done_fn *done, void *arg)
{
    struct call *c = mem_alloc(sizeof(*c));

    c->st = st;
    if (owned_params) {
        c->params = *owned_params;
        *owned_params = (struct params){0};
    }
    c->done = done;
    c->arg = arg;
    c->queued_ms = db_now_ms();
    return c;
}

static void submit(struct db *d, struct call *c)
{
    if (d->state == DB_CLOSED || d->pin_broken) {
        err_set(&c->error, ERR_TRANSIENT, "%s: no connection to the database; nothing was sent%s%s",
                call_name(c), d->error_text[0] ? ": " : "", d->error_text);
        call_push(&d->doomed, c);
        loop_timer_start(d->kick, 0);
        return;
    }
    call_push(&d->waiting, c);
    if (d->state == DB_READY)
        db_pump(d);
    else if (d->waiting.n == 1)
        loop_timer_start(d->aging, 2 * d->opt.answer_ms);
}

void db_send(struct db *d, const struct statement *st, struct params *owned_params,
             db_done_fn *done, void *arg)
{
    submit(d, new_call(st, owned_params, done, arg));
}

/* ---- receiving */

void db_hear(struct db *d, void (*notified)(void *arg, const char *channel, const char *payload),
             void *arg)
{
    d->opt.notified = notified;
    d->hear_arg = arg;
    if (d->state == DB_READY && d->sent.n == 0 && notified)
        loop_timer_start(d->timer, DB_PING_MS);
}

static void drain_notifications(struct db *d)
{
    for (PGnotify *n; d->conn && (n = PQnotifies(d->conn)) != NULL;) {
        d->calling++;
        if (d->opt.notified)
            d->opt.notified(d->hear_arg, n->relname, n->extra);
        d->calling--;
        PQfreemem(n);
    }
}

static void finish(struct db *d)
{
    struct call *c = call_pop(&d->sent);

    assert(c); /* a result always belongs to the first call on the wire */
    d->nulls = 0;
    if (c->dropped)
        d->broken = true;
    db_deliver(d, c);
}

static void take_result(struct db *d, struct call *c, const PGresult *r)
{
    switch (PQresultStatus(r)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        if (c->prepares) {
            db_prepare_ended(d, c, true);
            break;
        }
        c->fault.statements++;
        if (c->st)
            rows_from_result(&c->rows, r);
        break;
    case PGRES_PIPELINE_SYNC:
        finish(d);
        break;
    case PGRES_FATAL_ERROR: {
        const char *position = PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION);
        int64_t at = 0;

        if (!PQresultErrorField(r, PG_DIAG_SQLSTATE)) {
            d->broken = true; /* libpq's own words: the connection, not the command */
            break;
        }
        if (c->prepares)
            db_prepare_ended(d, c, false);
        if (position && text_to_int64(position, &at))
            c->fault.position = (int)at;
        db_error_from_result(d, call_name(c), r, c);
        copy_text(c->fault.sqlstate, sizeof(c->fault.sqlstate), c->rows.sqlstate);
        break;
    }
    case PGRES_PIPELINE_ABORTED: /* what follows a preparation that failed */
        break;
    default: /* COPY cannot be answered from here; the connection is of no more use */
        err_set(&c->error, ERR_FAILED, "%s: COPY is not possible here", call_name(c));
        d->broken = true;
    }
}

static void read_results(struct db *d)
{
    while (d->conn && d->sent.head && !d->broken && !PQisBusy(d->conn)) {
        struct call *c = d->sent.head;
        PGresult *r = PQgetResult(d->conn);

        if (r) {
            d->nulls = 0;
            take_result(d, c, r);
            PQclear(r);
        } else if (!c->st && PQstatus(d->conn) == CONNECTION_OK) {
            if (PQenterPipelineMode(d->conn) != 1)
                d->broken = true;
            finish(d);
        } else if (++d->nulls > 1 || !c->st) {
            d->broken = true;
        }
    }
}

void db_exchange(struct db *d, int events)
{
    bool alive = true;

    if (events & LOOP_READ) {
        alive = PQconsumeInput(d->conn) == 1;
        d->progress_ms = db_now_ms();
    }
    drain_notifications(d);
    read_results(d);
    drain_notifications(d);
    if (!d->conn)
        return;
    if (!alive || d->broken || PQstatus(d->conn) == CONNECTION_BAD)
        db_lose(d, NULL);
    else
        db_pump(d);
}

static const struct statement ping = {.name = "ping", .sql = "SELECT 1"};

void db_check_silence(struct db *d)
{
    int64_t silent = db_now_ms() - d->progress_ms;
    int64_t limit = d->sent.n > 0 ? answer_ms(d, d->sent.head) : DB_PING_MS;

    if (d->sent.n == 0 && !d->opt.notified)
        return; /* the next call starts the watch again */
    if (silent < limit) {
        loop_timer_start(d->timer, limit - silent);
    } else if (d->sent.n > 0) {
        char why[64];

        snprintf(why, sizeof(why), "the database server gave no answer for %.1f s",
                 (double)silent / 1e3);
        db_lose(d, why);
    } else {
        db_send(d, &ping, NULL, NULL, NULL);
    }
}

/* ---- waiting */

struct waiter {
    bool done;
    enum err kind;
    struct rows *out;
    struct error *e;
};

static void waiter_done(void *arg, struct rows *rows, const struct error *e)
{
    struct waiter *w = arg;

    w->done = true;
    w->kind = e ? e->kind : OK;
    if (e && w->e)
        *w->e = *e;
    if (w->out)
        rows_move(w->out, rows);
}

static bool waiter_is_done(void *arg)
{
    return ((struct waiter *)arg)->done;
}

/* The statement of a call that nobody waits for may be gone with its owner. */
static const struct statement disowned = {.name = "an interrupted statement", .sql = ""};

static bool disown(struct call_queue *q, const struct waiter *w)
{
    for (struct call *c = q->head; c; c = c->next) {
        if (c->done == waiter_done && c->arg == w) {
            c->done = NULL;
            c->st = c->st ? &disowned : NULL;
            return true;
        }
    }
    return false;
}

/* Takes an unsent call out of the queue again. */
static void withdraw(struct call_queue *q, const struct waiter *w)
{
    struct call_queue kept = {0};

    for (struct call *c; (c = call_pop(q)) != NULL;) {
        if (c->arg == w && c->done == waiter_done)
            call_free(c);
        else
            call_push(&kept, c);
    }
    *q = kept;
}

static enum err wait_for(struct db *d, struct waiter *w, const char *name)
{
    if (loop_run_until(d->loop, waiter_is_done, w, LOOP_NO_DEADLINE))
        return w->kind;
    bool sent = disown(&d->sent, w);
    withdraw(&d->waiting, w);
    withdraw(&d->doomed, w);
    return err_set(w->e, ERR_TRANSIENT, "%s: interrupted; %s", name,
                   sent ? "it is not known whether it was done" : "nothing was sent");
}

enum err db_query(struct db *d, const struct statement *st, struct params *owned_params,
                  struct rows *out, struct error *e)
{
    struct waiter w = {.out = out, .e = e};

    if (out)
        *out = (struct rows){0};
    submit(d, new_call(st, owned_params, waiter_done, &w));
    return wait_for(d, &w, st->name);
}

enum err db_script_at(struct db *d, const char *sql, struct script_fault *fault, struct error *e)
{
    struct waiter w = {.e = e};
    struct call *c = new_call(NULL, NULL, waiter_done, &w);

    c->script = mem_text(sql);
    d->fault = (struct script_fault){0};
    submit(d, c);
    enum err rc = wait_for(d, &w, "script");
    if (fault)
        *fault = d->fault;
    return rc;
}

enum err db_script(struct db *d, const char *sql, struct error *e)
{
    return db_script_at(d, sql, NULL, e);
}

void db_pin(struct db *d)
{
    d->pinned = true;
    d->pin_broken = d->state != DB_READY;
}

void db_unpin(struct db *d)
{
    d->pinned = d->pin_broken = false;
}

bool db_in_transaction(const struct db *d)
{
    return d->conn && PQtransactionStatus(d->conn) == PQTRANS_INTRANS;
}
