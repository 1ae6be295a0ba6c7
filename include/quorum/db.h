/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One PostgreSQL connection in the loop: non-blocking, pipelined, reconnecting with backoff.
 * Statements are named rows next to the code that uses them; parameters are always bound, as
 * text. Results are copied out: no libpq type leaves store/. */
#ifndef QUORUM_DB_H
#define QUORUM_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/err.h"
#include "quorum/loop.h"
#include "quorum/mem.h"

struct db;

struct statement {
    const char *name; /* unique; for the log and for error messages */
    const char *sql;  /* $1 .. $n */
};

/* A finished result. Cell text is NULL for SQL NULL. */
struct rows {
    size_t nrows, ncols;
    char **column; /* names */
    char **cell;   /* nrows * ncols */
    int64_t affected;
    char sqlstate[6]; /* of an error, else "" */
    struct arena arena;
};
void rows_release(struct rows *r);
const char *rows_text(const struct rows *r, size_t row, size_t col); /* NULL when SQL NULL */
const char *rows_named(const struct rows *r, size_t row, const char *column);
int64_t rows_int(const struct rows *r, size_t row, size_t col); /* 0 when NULL */
double rows_double(const struct rows *r, size_t row, size_t col, bool *is_null);
bool rows_bool(const struct rows *r, size_t row, size_t col);

/* Parameters of one call. */
struct params {
    const char *value[32];
    int n;
    struct arena arena;
};
void params_text(struct params *p, const char *s); /* NULL binds SQL NULL; copied */
void params_int(struct params *p, int64_t v);
void params_double(struct params *p, double v);
void params_bool(struct params *p, bool v);
void params_decimal(struct params *p, int64_t value, int digits);
void params_release(struct params *p);

enum db_state { DB_CLOSED, DB_CONNECTING, DB_READY, DB_WAITING };

struct db_options {
    const char *conninfo;    /* URL or keyword string; a "+driver" in the scheme is dropped */
    const char *application; /* application_name */
    bool reconnect;          /* keep trying with backoff 50 ms -> 10 s */
    bool read_only;
    bool prepare; /* keep statements prepared: for a long life, not behind a pooler in transaction
                     mode (where it costs one reconnect). The server may then plan without looking
                     at the parameters: no "LIMIT $1", no partial index on a parameter */
    int64_t answer_ms; /* a sent call without an answer for so long ends the connection, an
                          unsent one fails after twice that; 0: 15 s */
    void (*notified)(void *arg, const char *channel, const char *payload); /* as db_hear's */
    /* On DB_READY: LISTEN, then read again what notifications were missed about. */
    void (*state_changed)(void *arg, enum db_state state);
    void *arg;
};

struct db *db_new(struct loop *l, const struct db_options *options);
/* Pending calls end with ERR_TRANSIENT. Not from inside one of its callbacks. */
void db_free(struct db *d);
enum db_state db_state(const struct db *d);
const char *db_error(const struct db *d); /* last connection error, sanitised, no password */
/* How a lost connection comes back. */
struct db_return {
    int64_t session; /* counts the sessions begun: another number is another server session */
    int tries;       /* failed attempts since the last session */
    int64_t next_ms; /* until the next attempt; 0 unless DB_WAITING */
};
void db_returning(const struct db *d, struct db_return *out);
void db_retry(struct db *d); /* DB_WAITING: the next attempt begins with the next turn */
/* Who hears what is notified on this connection from now on (NULL: nobody), instead of who was told
 * in the options. Each new session wants its LISTEN sent again. */
void db_hear(struct db *d, void (*notified)(void *arg, const char *channel, const char *payload),
             void *arg);
/* Starts connecting and waits until ready. ERR_TRANSIENT when unreachable, ERR_USAGE when the URL
 * is wrong, ERR_FAILED when refused (role, password, database). With `reconnect` it keeps trying
 * until the time is over. After a failure the connection is closed and may be opened again. */
enum err db_open(struct db *d, int64_t timeout_ms, struct error *e);

typedef void db_done_fn(void *arg, struct rows *rows, const struct error *e);
/* Queues one statement (st must stay; no text of the call is kept but the parameters, which are
 * taken over and may be NULL). done (may be NULL) is called from the loop, never from inside
 * db_send; rows belong to the callee for the call only (move them with rows_move). e is NULL on
 * success; on failure rows has the sqlstate and e is one of
 *   ERR_TRANSIENT  connection lost or silent ("it is not known whether it was done": it was sent),
 *                  no connection in time (E40, nothing was sent), lock or statement time-out,
 *                  deadlock, serialisation
 *   ERR_POLICY     E42, the role or the session may not do it
 *   ERR_CONFLICT   a constraint (SQLSTATE 23...)
 *   ERR_FAILED     anything else
 * While the connection is down, calls not yet sent are kept and go out after the reconnect. */
void db_send(struct db *d, const struct statement *st, struct params *owned_params,
             db_done_fn *done, void *arg);
void rows_move(struct rows *dst, struct rows *src);
/* The same, waiting (not from inside a callback). out may be NULL. */
enum err db_query(struct db *d, const struct statement *st, struct params *owned_params,
                  struct rows *out, struct error *e);
/* A whole script in one transaction, waiting. For migrations only. */
enum err db_script(struct db *d, const char *sql, struct error *e);
/* Connection facts without the password. */
struct db_where {
    char host[256], port[16], database[128], user[128];
};
enum err db_where(const char *conninfo, struct db_where *out, struct error *e);

#endif
