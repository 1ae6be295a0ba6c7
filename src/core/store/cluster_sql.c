/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the private cluster asks its server: is it ours, the three roles, databases. Blocking, on
 * short connections of its own; the desk's work goes through db.h. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/store/cluster_internal.h"
#include "core/store/db_private.h"
#include "quorum/buf.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#define CONNECT_US (5 * USEC_SECOND)
#define PING_US    (2 * USEC_SECOND)

static void ignore_notice(void *arg, const PGresult *r)
{
    (void)arg, (void)r; /* libpq prints notices to stderr, which destroys a screen */
}

/* Not PQconnectdb: what a dying server says while that runs would already go to stderr, and no
 * signal would end it. */
static PGconn *connect_within(const struct cluster *c, const char *role, int64_t us,
                              PGVerbosity verbosity)
{
    char conninfo[1024];
    cluster_hide_environment();
    PGconn *conn =
        PQconnectStart(cluster_conninfo(c, conninfo, sizeof(conninfo), role, CLUSTER_SUPERUSER));
    if (!conn || PQstatus(conn) == CONNECTION_BAD)
        return conn;
    PQsetNoticeReceiver(conn, ignore_notice, NULL);
    PQsetErrorVerbosity(conn, verbosity);
    int64_t deadline = time_monotonic_us() + us;
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    while (step == PGRES_POLLING_READING || step == PGRES_POLLING_WRITING) {
        struct pollfd fd = {.fd = PQsocket(conn),
                            .events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int64_t left_us = deadline - time_monotonic_us();
        if (left_us <= 0 || cluster_interrupted())
            break; /* its status is not OK: the caller sees a refusal */
        if (poll(&fd, 1, (int)(left_us / 1000) + 1) > 0)
            step = PQconnectPoll(conn);
    }
    return conn;
}

static PGconn *open_connection(const struct cluster *c, const char *role)
{
    return connect_within(c, role, CONNECT_US, PQERRORS_DEFAULT);
}

/* As PQping, which no signal ends: a server that refuses is there. */
enum cluster_answer cluster_ping(const struct cluster *c)
{
    PGconn *conn = connect_within(c, CLUSTER_SUPERUSER, PING_US, PQERRORS_SQLSTATE);
    const char *said = PQerrorMessage(conn);
    enum cluster_answer answer = CLUSTER_NO_ANSWER;
    if (strstr(said, ":  57P03")) /* starting, recovering or stopping */
        answer = CLUSTER_NOT_YET;
    else if (PQstatus(conn) == CONNECTION_OK || strstr(said, ":  "))
        answer = CLUSTER_OURS;
    PQfinish(conn);
    return answer;
}

static enum err sql_error(struct error *e, const char *what, const char *message)
{
    char clean[300];
    sanitize_line(clean, sizeof(clean), untrusted(message));
    return err_set(e, ERR_TRANSIENT, "%s: %s", what, clean[0] ? clean : "no answer in time");
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return !strcmp(a, b) ||
           (!stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* The lock makes first starts by several clients one after the other. */
static const char roles_sql[] =
    "DO $$ BEGIN"
    "  PERFORM pg_advisory_xact_lock(7180523);"
    "  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_owner') THEN"
    "    CREATE ROLE quorum_owner LOGIN CREATEDB; END IF;"
    "  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_app') THEN"
    "    CREATE ROLE quorum_app LOGIN; END IF;"
    "  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_ro') THEN"
    "    CREATE ROLE quorum_ro LOGIN;"
    "    ALTER ROLE quorum_ro SET default_transaction_read_only = on; END IF;"
    "END $$";

static enum cluster_answer check_roles(PGconn *conn, const char *found, struct error *e)
{
    if (!strcmp(found, "3"))
        return CLUSTER_OURS;
    PGresult *r = PQexec(conn, roles_sql);
    bool done = PQresultStatus(r) == PGRES_COMMAND_OK;
    if (!done)
        sql_error(e, "cannot make the roles of the private database", PQresultErrorMessage(r));
    PQclear(r);
    return done ? CLUSTER_OURS : CLUSTER_REFUSED;
}

enum cluster_answer cluster_verify(const struct cluster *c, bool make_roles, char *version,
                                   struct error *e)
{
    enum cluster_answer answer = CLUSTER_REFUSED;
    PGresult *r = NULL;
    PGconn *conn = open_connection(c, CLUSTER_SUPERUSER);
    if (PQstatus(conn) != CONNECTION_OK) {
        sql_error(e, "the private database refused", PQerrorMessage(conn));
        goto out;
    }
    r = PQexec(conn, "SELECT current_setting('data_directory'), current_setting('server_version'),"
                     " (SELECT count(*) FROM pg_roles"
                     "   WHERE rolname IN ('quorum_owner', 'quorum_app', 'quorum_ro'))");
    if (PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) != 1) {
        sql_error(e, "the private database answered", PQerrorMessage(conn));
        goto out;
    }
    const char *data = PQgetvalue(r, 0, 0), *full = PQgetvalue(r, 0, 1);
    if (!same_file(data, c->at.data)) {
        err_set(e, ERR_FAILED, "the server at %s works in %s, not in %s", c->at.sock, data,
                c->at.data);
        answer = CLUSTER_FOREIGN;
        goto out;
    }
    if (version)
        copy_bytes(version, 16, full, strcspn(full, " "));
    answer = make_roles ? check_roles(conn, PQgetvalue(r, 0, 2), e) : CLUSTER_OURS;
out:
    PQclear(r);
    PQfinish(conn);
    return answer;
}

/* The kernel tells which process listens: no statement, and no role that may ask it. */
bool cluster_is_server(const struct cluster *c, const struct db *d)
{
    struct ucred other;
    socklen_t size = sizeof(other);
    return d->conn && getsockopt(PQsocket(d->conn), SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 &&
           other.pid > 0 && other.pid == cluster_postmaster(c);
}

static bool is_there(PGconn *conn, const char *name)
{
    PGresult *r = PQexecParams(conn, "SELECT 1 FROM pg_database WHERE datname = $1", 1, NULL, &name,
                               NULL, NULL, 0);
    bool found = PQntuples(r) == 1;
    PQclear(r);
    return found;
}

static enum err run(PGconn *conn, const char *what, const char *sql, struct error *e)
{
    PGresult *r = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        sql_error(e, what, PQresultErrorMessage(r));
    PQclear(r);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? OK : ERR_TRANSIENT;
}

static bool is_name(const char *name)
{
    size_t n = name ? strlen(name) : 0;
    return n > 0 && n < 64 && strcmp(name, "postgres") && strncmp(name, "template", 8) &&
           text_is_utf8(name, n);
}

enum err cluster_ensure_database(struct cluster *c, const char *name, bool *created,
                                 struct error *e)
{
    if (created)
        *created = false;
    if (!is_name(name))
        return err_set(e, ERR_USAGE, "\"%.80s\" cannot be the name of a database",
                       name ? name : "");
    PGconn *conn = open_connection(c, CLUSTER_SUPERUSER);
    char *quoted = NULL;
    enum err result = OK;
    if (PQstatus(conn) != CONNECTION_OK) {
        result = sql_error(e, "the private database refused", PQerrorMessage(conn));
        goto out;
    }
    if (is_there(conn, name))
        goto out;
    /* CREATE DATABASE runs in no transaction, so the lock is the session's; closing frees it. */
    result = run(conn, "cannot lock", "SELECT pg_advisory_lock(7180524)", e);
    if (result || is_there(conn, name))
        goto out;
    char sql[400];
    quoted = PQescapeIdentifier(conn, name, strlen(name));
    snprintf(sql, sizeof(sql),
             "CREATE DATABASE %s OWNER quorum_owner TEMPLATE template0"
             " ENCODING 'UTF8' LOCALE 'C.UTF-8'",
             quoted ? quoted : "");
    result = run(conn, "cannot create the database", sql, e);
    if (result == OK && created)
        *created = true;
out:
    PQfreemem(quoted);
    PQfinish(conn);
    return result;
}

enum err cluster_drop_database(struct cluster *c, const char *name, struct error *e)
{
    if (!is_name(name))
        return err_set(e, ERR_USAGE, "\"%.80s\" cannot be dropped", name ? name : "");
    PGconn *conn = open_connection(c, CLUSTER_SUPERUSER);
    enum err result;
    if (PQstatus(conn) != CONNECTION_OK) {
        result = sql_error(e, "the private database refused", PQerrorMessage(conn));
    } else {
        char sql[300], *quoted = PQescapeIdentifier(conn, name, strlen(name));
        snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %s WITH (FORCE)", quoted ? quoted : "");
        PQfreemem(quoted);
        result = run(conn, "cannot drop the database", sql, e);
    }
    PQfinish(conn);
    return result;
}
