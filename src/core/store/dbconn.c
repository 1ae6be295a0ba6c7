/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way to a ready connection: look-up, libpq's handshake, session settings; and back after a
 * loss, with a backoff. libpq ignores connect_timeout when polled, so the deadline is ours. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "core/store/db_private.h"
#include "quorum/log.h"
#include "quorum/text.h"

/* Set after connecting, not in the start-up packet: a pooler refuses options=. The statements are
 * long and small: compiling them (jit, on in most servers) takes up to seconds, running them
 * milliseconds. */
static const struct statement set_session = {
    .name = "session_settings",
    .sql = "SELECT set_config('search_path', 'quorum, public', false),"
           " set_config('TimeZone', 'UTC', false),"
           " set_config('DateStyle', 'ISO, YMD', false),"
           " set_config('jit', 'off', false),"
           " set_config('statement_timeout', '10s', false),"
           " set_config('lock_timeout', '5s', false),"
           " set_config('idle_in_transaction_session_timeout', '30s', false),"
           " set_config('default_transaction_read_only', CASE WHEN $1::boolean THEN 'on'"
           " ELSE current_setting('default_transaction_read_only') END, false)",
};

/* Ends the statements of clients that are gone. Its failure does not matter: some systems that
 * PostgreSQL runs on cannot do it. */
static const struct statement set_check_interval = {
    .name = "session_check_interval",
    .sql = "SELECT set_config('client_connection_check_interval', '2s', false)",
};

/* Requests, replies and dossiers are stored compressed: a third of the work with this. Servers made
 * without it keep theirs. */
static const struct statement set_compression = {
    .name = "session_compression",
    .sql = "SELECT set_config('default_toast_compression', 'lz4', false)",
};

void db_set_state(struct db *d, enum db_state state)
{
    if (d->state == state)
        return;
    d->state = state;
    d->calling++;
    if (d->opt.state_changed)
        d->opt.state_changed(d->opt.arg, state);
    d->calling--;
}

void db_disconnect(struct db *d)
{
    struct call_queue kept = {0};

    loop_timer_stop(d->timer);
    db_lookup_cancel(d);
    /* Before PQfinish closes the socket: libuv must not watch a number that is somebody else's. */
    loop_io_free(d->io);
    d->io = NULL;
    PQfinish(d->conn);
    d->conn = NULL;
    d->phase = PHASE_NONE;
    d->broken = false;
    d->nulls = 0;
    d->nprepared = 0;
    for (struct call *c; (c = call_pop(&d->sent)) != NULL;) {
        if (c->part_of_setup)
            call_free(c);
        else
            call_push(&kept, c);
    }
    d->sent = kept;
}

/* From half the present backoff to all of it, so that many engines do not return in step. */
static int64_t jittered(int64_t ms)
{
    uint32_t random = 0;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        random = 0;
    return ms / 2 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

static void doom_waiting(struct db *d)
{
    for (struct call *c; (c = call_pop(&d->waiting)) != NULL;) {
        err_set(&c->error, ERR_TRANSIENT, "%s: no connection to the database; nothing was sent: %s",
                c->st ? c->st->name : "script", d->error_text);
        call_push(&d->doomed, c);
    }
    if (d->doomed.n > 0)
        loop_timer_start(d->kick, 0);
}

static void retry_later(struct db *d)
{
    if (d->backoff_ms == 0)
        d->backoff_ms = DB_BACKOFF_FIRST_MS;
    int64_t pause_ms = jittered(d->backoff_ms);
    loop_timer_start(d->timer, pause_ms);
    d->retry_at_ms = db_now_ms() + pause_ms;
    d->backoff_ms *= 2;
    if (d->backoff_ms > DB_BACKOFF_LAST_MS)
        d->backoff_ms = DB_BACKOFF_LAST_MS;
    if (d->waiting.n > 0)
        loop_timer_start(d->aging, 0);
    db_set_state(d, DB_WAITING);
}

/* d->failure says why. */
static void attempt_failed(struct db *d)
{
    bool starting = strstr(d->failure.text, "(57P03)") != NULL; /* recovery after a crash */
    bool again = d->opt.reconnect || starting;

    db_disconnect(d);
    d->tries++;
    if (d->opening && d->failure.kind == ERR_FAILED)
        again = false;
    if (again) {
        retry_later(d);
        return;
    }
    doom_waiting(d);
    db_set_state(d, DB_CLOSED);
}

static void ignore(void *arg, struct rows *rows, const struct error *e)
{
    (void)arg;
    (void)rows;
    (void)e;
}

static void session_ready(void *arg, struct rows *rows, const struct error *e)
{
    struct db *d = arg;

    (void)rows;
    if (e) {
        d->failure = *e;
        copy_text(d->error_text, sizeof(d->error_text), e->text);
        d->broken = true;
        d->phase = PHASE_NONE; /* db_lose keeps this failure */
        return;
    }
    d->phase = PHASE_NONE;
    d->backoff_ms = 0;
    d->tries = 0;
    d->session++;
    d->error_text[0] = '\0';
    loop_timer_stop(d->aging);
    loop_timer_start(d->timer, d->opt.notified ? DB_PING_MS : d->opt.answer_ms);
    db_set_state(d, DB_READY);
}

static bool put_setup(struct db *d, const struct statement *st, db_done_fn *done)
{
    struct call *c = mem_alloc(sizeof(*c));

    c->st = st;
    c->done = done;
    c->arg = d;
    c->part_of_setup = true;
    if (st == &set_session)
        params_bool(&c->params, d->opt.read_only);
    if (db_put_on_wire(d, c))
        return true;
    call_free(c);
    return false;
}

static void socket_ready(void *arg, int events);

static bool watch(struct db *d, int events)
{
    int fd = PQsocket(d->conn);

    d->io = fd < 0 ? NULL : loop_io_new(d->loop, fd, socket_ready, d);
    if (!d->io)
        return false;
    loop_io_want(d->io, events);
    return true;
}

static void begin_session(struct db *d)
{
    PQsetErrorVerbosity(d->conn, PQERRORS_DEFAULT);
    d->phase = PHASE_SETUP;
    bool ok = PQsetnonblocking(d->conn, 1) == 0 && PQenterPipelineMode(d->conn) == 1 &&
              watch(d, LOOP_READ);
    if (ok && PQserverVersion(d->conn) >= 140000)
        ok = put_setup(d, &set_check_interval, ignore) && put_setup(d, &set_compression, ignore);
    if (ok && put_setup(d, &set_session, session_ready)) {
        db_flush(d);
        return;
    }
    db_error_from_connect(d, NULL);
    attempt_failed(d);
}

static void connect_step(struct db *d)
{
    /* The socket may change with every step (next host, TLS refused), and a new one may get the
     * old number: watch it anew each time. */
    loop_io_free(d->io);
    d->io = NULL;
    switch (PQconnectPoll(d->conn)) {
    case PGRES_POLLING_OK:
        begin_session(d);
        return;
    case PGRES_POLLING_READING:
        if (watch(d, LOOP_READ))
            return;
        break;
    case PGRES_POLLING_WRITING:
        if (watch(d, LOOP_WRITE))
            return;
        break;
    default:
        break;
    }
    db_error_from_connect(d, NULL);
    attempt_failed(d);
}

static void socket_ready(void *arg, int events)
{
    struct db *d = arg;

    if (d->phase == PHASE_POLL)
        connect_step(d);
    else
        db_exchange(d, events);
}

/* The server's words; libpq would print them to stderr, into the console's screen. */
static void notice(void *arg, const PGresult *r)
{
    const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
    bool warns = severity && strcmp(severity, "WARNING") == 0;
    char text[400];

    (void)arg;
    const char *primary = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    sanitize_line(text, sizeof(text), untrusted(primary ? primary : PQresultErrorMessage(r)));
    log_write(warns ? LOG_WARN : LOG_DEBUG, "db", "%s", text);
}

/* A half-dead link must not hold a call for two hours. */
static void add_defaults(struct db *d)
{
    struct conninfo *c = &d->info;

    conninfo_default(c, "keepalives_idle", "10");
    conninfo_default(c, "keepalives_interval", "5");
    conninfo_default(c, "keepalives_count", "3");
    conninfo_default(c, "tcp_user_timeout", "15000");
    conninfo_put(c, "client_encoding", "UTF8");
    conninfo_put(c, "application_name", d->opt.application);
    if (conninfo_get(c, "host") && conninfo_get(c, "host")[0])
        conninfo_default(c, "port", "5432"); /* not PGPORT's, which is of another server */
    if (!d->opt.read_only && conninfo_get(c, "host") && strchr(conninfo_get(c, "host"), ','))
        conninfo_default(c, "target_session_attrs", "read-write");
}

void db_lookup_done(struct db *d, const char *error)
{
    struct buf text = {0};

    if (!error) {
        conninfo_print(&d->dial, &text);
        conninfo_release(&d->dial);
        d->conn = PQconnectStart(buf_text(&text));
        if (text.data)
            explicit_bzero(text.data, text.len);
        buf_release(&text);
        if (!d->conn)
            error = "out of memory";
    }
    if (error || PQstatus(d->conn) == CONNECTION_BAD) {
        db_error_from_connect(d, error);
        attempt_failed(d);
        return;
    }
    /* Only verbose messages carry the SQLSTATE of a refusal. */
    PQsetErrorVerbosity(d->conn, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(d->conn, notice, NULL);
    d->phase = PHASE_POLL;
    if (!watch(d, LOOP_WRITE)) {
        db_error_from_connect(d, NULL);
        attempt_failed(d);
    }
}

static int64_t connect_ms(const struct db *d)
{
    const char *own = conninfo_get(&d->info, "connect_timeout");
    int64_t seconds;

    return own && text_to_int64(own, &seconds) && seconds > 0 && seconds < 600 ? seconds * 1000
                                                                               : DB_CONNECT_MS;
}

void db_connect(struct db *d)
{
    add_defaults(d);
    d->phase = PHASE_RESOLVE;
    loop_timer_start(d->timer, connect_ms(d));
    db_set_state(d, DB_CONNECTING);
    db_lookup_start(d);
}

void db_lose(struct db *d, const char *why)
{
    struct call_queue lost;
    char text[sizeof(d->error_text)];

    if (d->state == DB_CONNECTING) { /* during the session settings */
        if (d->phase == PHASE_SETUP)
            db_error_from_connect(d, why);
        attempt_failed(d);
        return;
    }
    if (!why)
        why = PQerrorMessage(d->conn);
    copy_bytes(text, sizeof(text), why, strcspn(why, "\n"));
    sanitize_line(d->error_text, sizeof(d->error_text), untrusted(text));
    redact_text(d->error_text);
    if (!d->error_text[0])
        copy_text(d->error_text, sizeof(d->error_text), "the connection was lost");
    log_write(LOG_WARN, "db", "connection %s lost: %s", d->place, d->error_text);
    db_disconnect(d);
    lost = d->sent;
    d->sent = (struct call_queue){0};
    d->pin_broken = d->pinned;
    if (d->pinned || !d->opt.reconnect)
        doom_waiting(d);
    if (d->opt.reconnect)
        retry_later(d);
    else
        db_set_state(d, DB_CLOSED);
    for (struct call *c; (c = call_pop(&lost)) != NULL;) {
        if (c->error.kind == OK)
            err_set(&c->error, ERR_TRANSIENT, "%s: %s; it is not known whether it was done",
                    c->st ? c->st->name : "script", d->error_text);
        db_deliver(d, c);
    }
}

void db_returning(const struct db *d, struct db_return *out)
{
    int64_t left = d->state == DB_WAITING ? d->retry_at_ms - db_now_ms() : 0;

    *out = (struct db_return){d->session, d->tries, left > 0 ? left : 0};
}

void db_retry(struct db *d)
{
    if (d->state != DB_WAITING)
        return;
    d->backoff_ms = 0;
    d->retry_at_ms = db_now_ms();
    loop_timer_start(d->timer, 0);
}

void db_state_timer(void *arg)
{
    struct db *d = arg;
    char why[64];

    switch (d->state) {
    case DB_READY:
        db_check_silence(d);
        break;
    case DB_WAITING:
        db_connect(d);
        break;
    case DB_CONNECTING:
        snprintf(why, sizeof(why), "no answer within %.0f s", (double)connect_ms(d) / 1e3);
        db_error_from_connect(d, why);
        attempt_failed(d);
        break;
    case DB_CLOSED:
        break;
    }
}

void db_age_unsent(void *arg)
{
    struct db *d = arg;
    int64_t limit = 2 * d->opt.answer_ms;

    if (d->state == DB_READY)
        return;
    while (d->waiting.n > 0 && db_now_ms() - d->waiting.head->queued_ms >= limit) {
        struct call *c = call_pop(&d->waiting);

        err_set(&c->error, ERR_TRANSIENT, "no database for %lld s; nothing was sent: %s",
                (long long)(limit / 1000), d->error_text);
        err_code(&c->error, "E40");
        db_deliver(d, c);
    }
    if (d->waiting.n > 0)
        loop_timer_start(d->aging, limit - (db_now_ms() - d->waiting.head->queued_ms));
}

static bool open_is_decided(void *arg)
{
    const struct db *d = arg;

    return d->state == DB_READY || d->state == DB_CLOSED;
}

enum err db_open(struct db *d, int64_t timeout_ms, struct error *e)
{
    struct error unused;

    e = e ? e : &unused;
    if (d->bad.kind != OK) {
        *e = d->bad;
        return e->kind;
    }
    if (d->state == DB_READY)
        return OK;
    d->opening = true;
    if (d->state == DB_CLOSED) {
        d->failure = (struct error){0};
        d->backoff_ms = 0;
        db_connect(d);
    }
    loop_run_until(d->loop, open_is_decided, d, timeout_ms);
    d->opening = false;
    if (d->state == DB_READY)
        return OK;
    if (d->failure.kind == OK)
        db_error_from_connect(d, loop_interrupted(d->loop) ? "interrupted" : "no answer in time");
    db_disconnect(d);
    doom_waiting(d);
    db_set_state(d, DB_CLOSED);
    *e = d->failure;
    return e->kind;
}
