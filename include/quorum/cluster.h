/* The private PostgreSQL cluster of a user who named no DATABASE_URL. Created on first use, kept
 * alive by its clients (a kernel lock each holds), restarted when killed, stopped after the last
 * client has gone and the linger time has passed. docs/cluster.md. */
#ifndef QUORUM_CLUSTER_H
#define QUORUM_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "quorum/err.h"

struct cluster; /* this process's hold on it */
struct db;

struct cluster_options {
    const char *home;   /* QUORUM_HOME; the cluster lives in home/cluster */
    const char *bindir; /* QUORUM_PG_BINDIR or NULL: found */
    const char *user;   /* QUORUM_PG_USER or NULL: postgres, used when root */
    int64_t linger_ms; /* < 0: the default, 10 s; that of the client that starts the server holds */
    bool durable;      /* false only in tests: fsync off */
    void (*progress)(void *arg, const char *text); /* "creating the private database" */
    void *arg;
};

/* Blocks (at most 60 s) until the server answers. The hold lasts until cluster_leave or the
 * death of the process. ERR_FAILED with the package to install when no server program is found. */
enum err cluster_join(const struct cluster_options *options, struct cluster **out, struct error *e);
/* The short way to a server that runs already: the hold, without a connection and without waiting;
 * NULL where that is not to be had and the long way is to be gone. The caller connects at once and
 * has cluster_is_server judge the connection before it is used: it is false too where the kernel
 * does not tell who listens, and then cluster_join asks the server itself. */
struct cluster *cluster_hold(const struct cluster_options *options);
/* At the other end of this connection is the living postmaster of our data directory. */
bool cluster_is_server(const struct cluster *c, const struct db *d);
void cluster_leave(struct cluster *c);
/* For a long-lived client that lost its connection: starts a new supervisor if the old one was
 * killed, else does nothing. Does not wait for the server. */
enum err cluster_revive(struct cluster *c, struct error *e);
/* libpq's keywords: host=/dir, port, user=ROLE, dbname=DATABASE, and empty options, so that
 * PGPORT and PGOPTIONS of the user's shell do not leak in; roles quorum_owner, quorum_app,
 * quorum_ro. Returns dst, "" when it does not fit. */
const char *cluster_conninfo(const struct cluster *c, char *dst, unsigned long size,
                             const char *role, const char *database);
const char *cluster_socket_dir(const struct cluster *c);
const char *cluster_data_dir(const struct cluster *c);
const char *cluster_bindir(const struct cluster *c);

/* Creates a database (UTF8, C.UTF-8, owner quorum_owner) unless it is there. Any number of
 * clients may ask at once: *created (may be NULL) is true for exactly one of them. */
enum err cluster_ensure_database(struct cluster *c, const char *name, bool *created,
                                 struct error *e);
/* Drops a database and throws out whoever is connected to it. Not there: OK. */
enum err cluster_drop_database(struct cluster *c, const char *name, struct error *e);

struct cluster_status {
    bool exists, running;
    int postmaster_pid, supervisor_pid; /* 0: none */
    int clients;                        /* locks held, this process not counted; -1 unknown */
    char data_dir[512], socket_dir[256], version[16];
};
/* Looks without starting anything. */
enum err cluster_inspect(const struct cluster_options *options, struct cluster_status *out,
                         struct error *e);

#endif
