/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server's and libpq's errors mean to a person at this desk. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/store/db_private.h"
#include "quorum/log.h"
#include "quorum/text.h"

static bool begins(const char *state, const char *prefix)
{
    return strncmp(state, prefix, strlen(prefix)) == 0;
}

/* Server text on one line without control characters and registered secrets. */
static const char *clean(char *dst, size_t size, const char *text)
{
    sanitize_line(dst, size, untrusted(text ? text : ""));
    redact_text(dst);
    return dst;
}

/* States after which the same call may well succeed. */
static bool is_passing(const char *state)
{
    static const char *const passing[] = {
        "08",    /* connection exception */
        "57P0",  /* shutdown, crash, starting up */
        "40001", /* serialisation */
        "40P01", /* deadlock */
        "55P03", /* lock_timeout */
        "57014", /* statement_timeout */
        "53300", /* too many connections */
    };

    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (begins(state, passing[i]))
            return true;
    }
    return false;
}

static bool is_on(const struct db *d, const char *parameter)
{
    const char *value = d->conn ? PQparameterStatus(d->conn, parameter) : NULL;

    return value && strcmp(value, "on") == 0;
}

/* Of a prepared statement: it does not exist, exists already, or returns other columns now. */
static bool is_forgotten(const char *state)
{
    return strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0 ||
           strcmp(state, "0A000") == 0;
}

void db_error_from_result(struct db *d, const char *what, const PGresult *r, struct call *call)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    char text[400];
    struct error *e = &call->error;

    state = state ? state : "";
    clean(text, sizeof(text), PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
    copy_text(call->rows.sqlstate, sizeof(call->rows.sqlstate), state);
    if (strcmp(state, "25006") == 0 && !d->opt.read_only &&
        !is_on(d, "default_transaction_read_only")) {
        /* This server has become a standby: the next attempt may find the new primary. */
        call->dropped = true;
        err_set(e, ERR_TRANSIENT, "%s: the database server has become read-only (25006)", what);
        err_fix(e, "it may be a standby now; the connection is made anew");
    } else if (call->prepared && is_forgotten(state)) {
        /* Nothing of the statement was done. The next connection goes without. */
        call->dropped = true;
        d->opt.prepare = false;
        err_set(e, ERR_TRANSIENT, "%s: the database lost a prepared statement (%s)", what, state);
        err_fix(e, "a pooler in transaction mode? The connection is made anew, without them");
    } else if (strcmp(state, "42501") == 0 || strcmp(state, "25006") == 0) {
        err_set(e, ERR_POLICY, "database answered \"%s\": %s", text,
                d->opt.read_only ? "this session may only read" : "this role may not do that");
        err_code(e, "E42");
        err_fix(e, "%s",
                d->opt.read_only ? "open the desk without --read-only"
                                 : "`quorum db verify` shows what the role lacks");
    } else if (begins(state, "23")) {
        err_set(e, ERR_CONFLICT, "%s: %s (%s)", what, text, state);
    } else if (is_passing(state)) {
        err_set(e, ERR_TRANSIENT, "%s: %s (%s)", what, text, state);
    } else {
        err_set(e, ERR_FAILED, "%s: %s (%s)", what, text, state);
        if (strcmp(state, "42P01") == 0 || strcmp(state, "42703") == 0)
            err_fix(e, "the schema may be older than this program: `quorum db current`");
    }
}

/* The SQLSTATE in "FATAL:  28P01: ..."; libpq gives a failed connection no field for it, so
 * dbconn.c asks for verbose messages. The severity may be translated, the shape is not. The last
 * one counts: earlier ones belong to hosts tried before. Moves *message behind it. */
static void find_state(const char **message, char state[6])
{
    for (const char *p = *message; (p = strstr(p, ":  ")) != NULL; p++) {
        size_t n = 0;

        while (n < 5 && (isdigit((unsigned char)p[3 + n]) || isupper((unsigned char)p[3 + n])))
            n++;
        if (n == 5 && p[8] == ':' && p[9] == ' ') {
            copy_bytes(state, 6, p + 3, 5);
            *message = p + 10;
        }
    }
}

static enum err refused(struct db *d, const char *state, const char *text)
{
    struct error *e = &d->failure;
    const char *user = PQuser(d->conn), *database = PQdb(d->conn);
    char role[80], base[80];

    clean(role, sizeof(role), user);
    clean(base, sizeof(base), database);
    err_set(e, ERR_FAILED, "the database %s refused role \"%s\" for database \"%s\": %s%s%s%s",
            d->place, role, base, text, state[0] ? " (" : "", state, state[0] ? ")" : "");
    if (strcmp(state, "3D000") == 0)
        return err_fix(e, "create database \"%s\": `quorum db setup`, or scripts/setup-database.sh",
                       base);
    if (strcmp(state, "28P01") == 0 || PQconnectionNeedsPassword(d->conn))
        return err_fix(e,
                       "check the password of role \"%s\" in DATABASE_URL, or let "
                       "scripts/setup-database.sh --new-passwords set a new one",
                       role);
    if (begins(state, "28"))
        return err_fix(e,
                       "role \"%s\" must exist and be let in by pg_hba.conf; `quorum db setup` "
                       "or scripts/setup-database.sh makes it",
                       role);
    if (strcmp(state, "42501") == 0)
        return err_fix(e, "role \"%s\" needs CONNECT on database \"%s\": scripts/setup-database.sh",
                       role, base);
    return err_fix(e, "`quorum db verify` checks role, database and TLS one by one");
}

/* libpq repeats what d->place says: 'connection to server at "h" (::1), port 5432 failed: ' */
static const char *after_prefix(const char *message)
{
    const char *line = message, *failed;

    for (const char *p = message; (p = strchr(p, '\n')) != NULL && p[1]; p++) {
        if (p[1] != '\t') /* a continuation of the line before */
            line = p + 1;
    }
    failed = strstr(line, "failed: ");
    return failed && begins(line, "connection to server") ? failed + 8 : line;
}

void db_error_from_connect(struct db *d, const char *own)
{
    const char *message = own ? own : d->conn ? PQerrorMessage(d->conn) : "";
    char state[6] = "", line[512], text[400];
    bool refusal;

    if (!own) {
        const char *found = message;

        find_state(&found, state);
        message = state[0] ? found : after_prefix(message);
    }
    copy_bytes(line, sizeof(line), message, strcspn(message, "\n"));
    clean(text, sizeof(text), line);
    refusal = !own && d->conn &&
              (begins(state, "28") || strcmp(state, "3D000") == 0 || strcmp(state, "42501") == 0 ||
               (state[0] && !is_passing(state)) || PQconnectionNeedsPassword(d->conn) ||
               (!state[0] && (strstr(text, "SSL") || strstr(text, "certificate"))));
    if (refusal) {
        refused(d, state, text);
    } else {
        err_set(&d->failure, ERR_TRANSIENT, "no database %s: %s%s%s%s", d->place, text,
                state[0] ? " (" : "", state, state[0] ? ")" : "");
        if (own && strcmp(own, "interrupted") == 0)
            ;                                             /* nothing to mend */
        else if (begins(d->place, "at the local socket")) /* perhaps with no DATABASE_URL set */
            err_fix(&d->failure, "is PostgreSQL running there? `quorum doctor` looks at it");
        else
            err_fix(&d->failure,
                    "is PostgreSQL running there, and is the host of DATABASE_URL right?");
    }
    copy_text(d->error_text, sizeof(d->error_text), d->failure.text);
}
