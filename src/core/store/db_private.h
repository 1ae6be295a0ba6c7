/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the database connection share. db.c holds the queue and the pipeline, dbconn.c
 * the way to a ready connection and its loss, dberror.c what the server's errors mean, rows.c
 * results and parameters, dbprepared.c statements that the server keeps. Nobody outside store/
 * includes this. */
#ifndef STORE_DB_PRIVATE_H
#define STORE_DB_PRIVATE_H

#include <libpq-fe.h>

#include "core/store/dburl.h"
#include "quorum/db.h"

enum {
    DB_PIPELINE_DEPTH = 64, /* calls on the wire; the others wait here */
    DB_PREPARED_MAX = 128,  /* statements a connection keeps; the others are parsed every time */
    DB_CONNECT_MS = 10000,  /* one attempt, name look-up included */
    DB_ANSWER_MS = 15000,   /* above the server's own statement_timeout of 10 s */
    DB_SCRIPT_MS = 600000,  /* a migration may build an index */
    DB_PING_MS = 15000,     /* an idle connection that listens proves that it is alive */
    DB_BACKOFF_FIRST_MS = 50,
    DB_BACKOFF_LAST_MS = 10000,
};

enum db_phase { PHASE_NONE, PHASE_RESOLVE, PHASE_POLL, PHASE_SETUP };

/* Where a failed script failed: position is PostgreSQL's, in characters from 1, or 0; then the
 * number of statements that had succeeded before tells. */
struct script_fault {
    int statements;
    int position;
    char sqlstate[6];
};

struct call {
    struct call *next;
    const struct statement *st; /* NULL for a script */
    char *script;
    struct params params;
    db_done_fn *done; /* NULL: nobody waits any more */
    void *arg;
    int64_t queued_ms;
    bool part_of_setup;
    bool dropped;  /* the server said that it may only be read, or that it forgot a statement */
    uint64_t text; /* a hash of the statement's, while it prepares */
    bool prepares, prepared; /* it makes a prepared statement first; it uses one */
    struct rows rows;
    struct error error;
    struct script_fault fault;
};

struct call_queue {
    struct call *head, *tail;
    int n;
};

/* A statement the server keeps. */
struct prepared {
    uint64_t text; /* a hash */
    bool ready;    /* the server has said so: before that its parsing may still fail */
};

struct db_lookup;

struct db {
    struct loop *loop;
    struct db_options opt;
    void *hear_arg;             /* of opt.notified */
    struct conninfo info, dial; /* as given; with the addresses of this attempt */
    struct error bad;           /* the URL is wrong: db_open says so */
    char place[300];            /* "desk at db.example:5432" */

    PGconn *conn;
    struct loop_io *io;
    enum db_state state;
    enum db_phase phase;
    struct db_lookup *lookup;
    struct call_queue waiting, sent, doomed;
    struct loop_timer *timer; /* connecting: deadline; waiting: backoff; ready: watchdog */
    struct loop_timer *kick;  /* failures that must not be reported from inside db_send */
    struct loop_timer *aging; /* unsent calls do not wait for ever */
    int64_t progress_ms;      /* when the server was last heard, or was first asked */
    int64_t backoff_ms;
    int64_t retry_at_ms, session; /* db_returning */
    int tries;
    struct prepared prepared[DB_PREPARED_MAX]; /* of this connection */
    int nprepared;
    int nulls;               /* NULL results in a row: two mean that libpq and we disagree */
    int calling;             /* inside a callback */
    bool broken;             /* to be lost at the next chance */
    bool opening;            /* db_open waits */
    bool pinned, pin_broken; /* inside a transaction: never go on with another connection */
    struct error failure;    /* of the last attempt to connect */
    char error_text[400];
    struct script_fault fault; /* of the last script */
};

/* db.c */
int64_t db_now_ms(void);
void call_free(struct call *c);
struct call *call_pop(struct call_queue *q);
void call_push(struct call_queue *q, struct call *c);
void db_deliver(struct db *d, struct call *c);
bool db_put_on_wire(struct db *d, struct call *c);
void db_flush(struct db *d);
void db_exchange(struct db *d, int events);
void db_pump(struct db *d);
void db_check_silence(struct db *d);
/* From here until db_unpin a lost connection fails every call, sent or not. */
void db_pin(struct db *d);
void db_unpin(struct db *d);
bool db_in_transaction(const struct db *d);
enum err db_script_at(struct db *d, const char *sql, struct script_fault *fault, struct error *e);

/* dbprepared.c: puts the statement without its sync; false when nothing of it was put. */
bool db_put_statement(struct db *d, struct call *c);
/* The server's answer to the preparation. */
void db_prepare_ended(struct db *d, struct call *c, bool ready);

/* dbconn.c */
void db_connect(struct db *d);
void db_disconnect(struct db *d);
void db_state_timer(void *arg);
void db_set_state(struct db *d, enum db_state state);
/* The connection is gone: sent calls fail as unknown, the others wait or fail. */
void db_lose(struct db *d, const char *why);
void db_age_unsent(void *arg);

/* dberror.c */
void db_error_from_result(struct db *d, const char *what, const PGresult *r, struct call *call);
/* Classifies the failure of an attempt to connect into d->failure and d->error_text. */
void db_error_from_connect(struct db *d, const char *own);

/* rows.c */
void rows_from_result(struct rows *out, const PGresult *r);

/* dbresolve.c: copies d->info to d->dial with an address for every host, then calls
 * db_lookup_done, at once where no name server is needed; an error text when no host was found. */
void db_lookup_start(struct db *d);
void db_lookup_cancel(struct db *d);
void db_lookup_done(struct db *d, const char *error);

#endif
