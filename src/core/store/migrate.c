/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each step is one transaction that takes the lock, reads the state again, runs the script and
 * records it: a failed step leaves nothing, and of any number of runners one does it. */
#include "quorum/migrate.h"

#include <stdio.h>
#include <string.h>

#include "core/store/db_private.h"
#include "core/store/migrate_private.h"
#include "core/store/sqltext.h"
#include "quorum/buf.h"
#include "quorum/text.h"

#ifndef QUORUM_VERSION
#define QUORUM_VERSION "unknown"
#endif

/* The lock is held to the end of the transaction, which works through a pooler as well. Waiting
 * for another runner may take as long as its migration; waiting for a table's lock may not: DDL in
 * the queue behind a long reader blocks everybody. 124749194884461 is "quorum" in ASCII. */
static const char begin_sql[] = "BEGIN ISOLATION LEVEL READ COMMITTED;"
                                "SET LOCAL statement_timeout = '10min';"
                                "SET LOCAL lock_timeout = 0;"
                                "SET LOCAL search_path = quorum, public;"
                                "SELECT pg_advisory_xact_lock(124749194884461);"
                                "SET LOCAL lock_timeout = '5s'";

/* The application may see how far its schema is before the migrations have granted it anything. */
static const char ensure_sql[] =
    "DO $$ DECLARE r text; BEGIN"
    "  IF to_regnamespace('quorum') IS NULL THEN CREATE SCHEMA quorum; END IF;"
    "  IF to_regclass('quorum.schema_migration') IS NULL THEN"
    "    CREATE TABLE quorum.schema_migration ("
    "      version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
    "      applied_at timestamptz NOT NULL DEFAULT clock_timestamp(), down_sql text,"
    "      program text NOT NULL);"
    "    FOR r IN SELECT rolname FROM pg_roles WHERE rolname IN ('quorum_app', 'quorum_ro') LOOP"
    "      EXECUTE format('GRANT USAGE ON SCHEMA quorum TO %I', r);"
    "      EXECUTE format('GRANT SELECT ON quorum.schema_migration TO %I', r);"
    "    END LOOP;"
    "  END IF; "
    "END $$";

static const struct statement find_table = {
    .name = "migration_table",
    .sql = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
           " WHERE n.nspname = 'quorum' AND c.relname = 'schema_migration')",
};
static const struct statement current = {
    .name = "migration_current",
    .sql = "SELECT coalesce(max(version), 0) FROM quorum.schema_migration",
};
/* $1: our texts as a JSON array, version by version. The server makes the checksums, so program
 * and database cannot differ in how. */
static const struct statement compare = {
    .name = "migration_compare",
    .sql = "WITH ours AS (SELECT ordinality::integer AS version,"
           "   encode(sha256(convert_to(value, 'UTF8')), 'hex') AS checksum"
           "   FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY)"
           " SELECT version, m.name, m.applied_at, m.checksum, ours.checksum"
           " FROM ours FULL JOIN quorum.schema_migration m USING (version) ORDER BY version",
};
static const struct statement record = {
    .name = "migration_record",
    .sql = "INSERT INTO quorum.schema_migration (version, name, checksum, down_sql, program)"
           " VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'), $4, $5)",
};
static const struct statement record_again = {
    .name = "migration_stamp",
    .sql = "INSERT INTO quorum.schema_migration (version, name, checksum, down_sql, program)"
           " VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'), $4, $5)"
           " ON CONFLICT (version) DO UPDATE SET name = excluded.name,"
           " checksum = excluded.checksum, down_sql = excluded.down_sql,"
           " program = excluded.program",
};
static const struct statement forget_above = {
    .name = "migration_forget",
    .sql = "DELETE FROM quorum.schema_migration WHERE version > $1",
};
static const struct statement last_row = {
    .name = "migration_last",
    .sql = "SELECT version, name, down_sql FROM quorum.schema_migration"
           " ORDER BY version DESC LIMIT 1",
};

static struct migration_set embedded(void)
{
    return (struct migration_set){.list = migrations, .count = migration_count};
}

/* Without CR and blanks at line ends and without blank lines at the end: what editors, linters
 * and git change on their own does not count as an edit. */
static void normalise(struct buf *out, const char *sql)
{
    size_t first = out->len;

    for (const char *p = sql; *p; p++) {
        if (*p == '\r')
            continue;
        if (*p == '\n') {
            while (out->len > first &&
                   (out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '\t'))
                out->data[--out->len] = '\0';
        }
        buf_char(out, *p);
    }
    while (out->len > first && strchr(" \t\n", out->data[out->len - 1]))
        out->data[--out->len] = '\0';
}

/* ---- one step's transaction */

static enum err begin(struct db *d, struct error *e)
{
    db_pin(d);
    return db_script(d, begin_sql, e);
}

/* Ends the transaction; a failure of the step stays the error that is reported. */
static enum err end(struct db *d, enum err rc, struct error *e)
{
    struct error other;

    if (rc == OK)
        rc = db_script(d, "COMMIT", e);
    if (rc != OK)
        db_script(d, "ROLLBACK", &other);
    db_unpin(d);
    return rc;
}

static enum err need_owner(struct error *e)
{
    if (e->kind == ERR_POLICY)
        err_fix(e, "migrations need the owner of the schema: set QUORUM_DATABASE_OWNER_URL");
    return e->kind;
}

static enum err table_exists(struct db *d, bool *exists, struct error *e)
{
    struct rows r;
    enum err rc = db_query(d, &find_table, NULL, &r, e);

    *exists = rc == OK && rows_bool(&r, 0, 0);
    rows_release(&r);
    return rc;
}

/* Runs one script of a migration. The error names file, line and SQLSTATE. */
static enum err run(struct db *d, int version, const char *name, const char *direction,
                    const char *sql, struct error *e)
{
    struct sql_statement st;
    struct script_fault fault;
    struct error cause;
    char file[100];

    snprintf(file, sizeof(file), "%04d_%.64s.%s.sql", version, name, direction);
    if (sql_controls_transaction(sql, &st)) {
        err_set(e, ERR_FAILED, "%s line %d: %s inside a migration, which is one transaction", file,
                st.line, st.words);
        return err_fix(e, "leave it out; nothing of the file was done");
    }
    if (db_script_at(d, sql, &fault, &cause) == OK) {
        if (db_in_transaction(d))
            return OK;
        return err_set(e, ERR_FAILED, "%s ended the transaction of its step by itself", file);
    }
    if (!fault.sqlstate[0])
        return err_set(e, cause.kind, "%s: %s", file, cause.text);
    int line = fault.position ? sql_position_line(sql, fault.position)
                              : sql_statement_line(sql, fault.statements);
    const char *text = strncmp(cause.text, "script: ", 8) == 0 ? cause.text + 8 : cause.text;
    err_set(e, cause.kind, "%s line %d: %s%s%s%s", file, line, text,
            cause.kind == ERR_POLICY ? " (" : "", cause.kind == ERR_POLICY ? fault.sqlstate : "",
            cause.kind == ERR_POLICY ? ")" : "");
    err_code(e, cause.code);
    if (cause.kind == ERR_POLICY)
        return need_owner(e);
    return err_fix(e, "nothing of this step was kept; the steps before it were");
}

/* ---- the state */

static enum err read_state(struct db *d, const struct migration_set *set, struct arena *a,
                           struct migration_status **out, size_t *n, struct error *e)
{
    struct buf texts = {0}, one = {0};
    struct params p = {0};
    struct json j;
    struct rows r;

    json_begin(&j, &texts);
    json_open(&j, NULL, '[');
    for (int i = 0; i < set->count; i++) {
        buf_clear(&one);
        normalise(&one, set->list[i].up);
        json_str(&j, NULL, buf_text(&one));
    }
    json_close(&j, ']');
    params_text(&p, buf_text(&texts));
    buf_release(&texts);
    buf_release(&one);
    enum err rc = db_query(d, &compare, &p, &r, e);
    *out = arena_alloc(a, (r.nrows + 1) * sizeof(**out));
    *n = r.nrows;
    for (size_t i = 0; i < r.nrows; i++) {
        struct migration_status *s = &(*out)[i];
        const char *stored = rows_text(&r, i, 3), *ours = rows_text(&r, i, 4);

        s->version = (int)rows_int(&r, i, 0);
        copy_text(s->applied_at, sizeof(s->applied_at), stored ? rows_text(&r, i, 2) : "");
        sanitize_line(s->name, sizeof(s->name),
                      untrusted(ours ? set->list[s->version - 1].name : rows_text(&r, i, 1)));
        s->state = !ours                       ? MIGRATION_UNKNOWN
                   : !stored                   ? MIGRATION_PENDING
                   : strcmp(stored, ours) == 0 ? MIGRATION_APPLIED
                                               : MIGRATION_EDITED;
    }
    rows_release(&r);
    return rc;
}

static enum err refuse_unknown(const struct migration_set *set,
                               const struct migration_status *state, size_t n, struct error *e)
{
    for (size_t i = n; i-- > 0;) {
        if (state[i].state != MIGRATION_UNKNOWN)
            continue;
        err_set(e, ERR_POLICY, "the database is at schema version %d, ahead of this program (%d)",
                state[i].version, set->count);
        return err_fix(e, "use the newer quorum, or `quorum db down %d` first", set->count);
    }
    for (size_t i = 0; i < n; i++) {
        if (state[i].state != MIGRATION_EDITED)
            continue;
        err_set(e, ERR_POLICY, "migration %04d_%s was edited after it was applied",
                state[i].version, state[i].name);
        return err_fix(e,
                       "use the program that made this schema, or accept the new text with "
                       "`quorum db stamp %d`",
                       set->count);
    }
    return OK;
}

static int first_pending(const struct migration_status *state, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (state[i].state == MIGRATION_PENDING)
            return state[i].version;
    }
    return 0;
}

static int head_of(const struct migration_status *state, size_t n)
{
    int head = 0;

    for (size_t i = 0; i < n; i++) {
        if (state[i].state != MIGRATION_PENDING)
            head = state[i].version;
    }
    return head;
}

static enum err check_target(const struct migration_set *set, int target, struct error *e)
{
    if (target <= set->count)
        return OK;
    return err_set(e, ERR_USAGE, "there is no migration %d; this program has 1 to %d", target,
                   set->count);
}

/* ---- up */

static enum err insert_row(struct db *d, const struct statement *st, const struct migration *m,
                           struct error *e)
{
    struct params p = {0};
    struct buf text = {0};

    normalise(&text, m->up);
    params_int(&p, m->version);
    params_text(&p, m->name);
    params_text(&p, buf_text(&text));
    params_text(&p, m->down);
    params_text(&p, "quorum " QUORUM_VERSION);
    buf_release(&text);
    return db_query(d, st, &p, NULL, e);
}

/* Under the lock: the first pending migration, if it is not beyond target. */
static enum err up_inside(struct db *d, const struct migration_set *set, int target, bool *did,
                          struct error *e)
{
    struct arena a = {0};
    struct migration_status *state;
    size_t n;
    bool exists;

    enum err rc = table_exists(d, &exists, e);
    if (rc == OK && !exists && db_script(d, ensure_sql, e) != OK)
        rc = need_owner(e);
    if (rc == OK)
        rc = read_state(d, set, &a, &state, &n, e);
    if (rc == OK)
        rc = refuse_unknown(set, state, n, e);
    int next = rc == OK ? first_pending(state, n) : 0;
    arena_release(&a);
    if (next == 0 || next > target)
        return rc;
    const struct migration *m = &set->list[next - 1];
    rc = run(d, m->version, m->name, "up", m->up, e);
    if (rc == OK)
        rc = insert_row(d, &record, m, e);
    *did = rc == OK;
    return rc;
}

/* Whether there is anything to do, without the lock and without the owner's rights. */
static enum err up_needed(struct db *d, const struct migration_set *set, int target, bool *needed,
                          struct error *e)
{
    struct arena a = {0};
    struct migration_status *state;
    size_t n;
    bool exists;
    enum err rc = table_exists(d, &exists, e);

    *needed = true;
    if (rc != OK || !exists)
        return rc;
    rc = read_state(d, set, &a, &state, &n, e);
    if (rc == OK)
        rc = refuse_unknown(set, state, n, e);
    if (rc == OK) {
        int next = first_pending(state, n);

        *needed = next != 0 && next <= target;
    }
    arena_release(&a);
    return rc;
}

enum err migration_set_up(struct db *d, const struct migration_set *set, int target, int *applied,
                          struct error *e)
{
    struct error unused;
    bool more = true;

    e = e ? e : &unused;
    *applied = 0;
    target = target < 0 ? set->count : target;
    enum err rc = check_target(set, target, e);
    if (rc == OK)
        rc = up_needed(d, set, target, &more, e);
    while (rc == OK && more) {
        more = false;
        rc = begin(d, e);
        if (rc == OK)
            rc = up_inside(d, set, target, &more, e);
        rc = end(d, rc, e);
        if (rc == OK && more)
            ++*applied;
    }
    return rc;
}

/* ---- down */

static enum err down_inside(struct db *d, int target, bool *did, struct error *e)
{
    struct rows r = {0};
    struct params p = {0};
    bool exists;

    enum err rc = table_exists(d, &exists, e);
    if (rc == OK && exists)
        rc = db_query(d, &last_row, NULL, &r, e);
    if (rc != OK || r.nrows == 0 || rows_int(&r, 0, 0) <= target)
        goto out;
    int version = (int)rows_int(&r, 0, 0);
    const char *name = rows_text(&r, 0, 1), *down = rows_text(&r, 0, 2);
    if (!down) {
        rc = err_set(e, ERR_POLICY, "migration %04d_%.64s cannot be taken back", version, name);
        err_fix(e, "restore a backup made before it");
        goto out;
    }
    /* The row first: the last script may drop the schema with the table in it. */
    params_int(&p, version - 1);
    rc = db_query(d, &forget_above, &p, NULL, e);
    if (rc == OK)
        rc = run(d, version, name, "down", down, e);
    *did = rc == OK;
out:
    rows_release(&r);
    return rc == ERR_POLICY && strcmp(e->code, "E42") == 0 ? need_owner(e) : rc;
}

enum err migration_set_down(struct db *d, const struct migration_set *set, int target,
                            int *reverted, struct error *e)
{
    struct error unused;
    enum err rc = OK;
    bool more = true;

    (void)set; /* the scripts come from the database: they fit what was applied */
    e = e ? e : &unused;
    *reverted = 0;
    if (target < 0)
        return err_set(e, ERR_USAGE, "down needs the version to go to, from 0");
    while (rc == OK && more) {
        more = false;
        rc = begin(d, e);
        if (rc == OK)
            rc = down_inside(d, target, &more, e);
        rc = end(d, rc, e);
        if (rc == OK && more)
            ++*reverted;
    }
    return rc;
}

/* ---- the rest */

enum err migration_set_stamp(struct db *d, const struct migration_set *set, int version,
                             struct error *e)
{
    struct error unused;
    struct params p = {0};

    e = e ? e : &unused;
    version = version < 0 ? set->count : version;
    enum err rc = check_target(set, version, e);
    if (rc != OK)
        return rc;
    rc = begin(d, e);
    if (rc == OK)
        rc = db_script(d, ensure_sql, e);
    if (rc == OK) {
        params_int(&p, version);
        rc = db_query(d, &forget_above, &p, NULL, e);
    }
    for (int i = 0; rc == OK && i < version; i++)
        rc = insert_row(d, &record_again, &set->list[i], e);
    rc = end(d, rc, e);
    return rc == ERR_POLICY ? need_owner(e) : rc;
}

enum err migration_set_history(struct db *d, const struct migration_set *set, struct arena *a,
                               struct migration_status **out, size_t *n, struct error *e)
{
    bool exists;
    enum err rc = table_exists(d, &exists, e);

    *n = 0;
    if (rc != OK)
        return rc;
    if (exists)
        return read_state(d, set, a, out, n, e);
    *n = (size_t)set->count;
    *out = arena_alloc(a, (*n + 1) * sizeof(**out));
    for (int i = 0; i < set->count; i++) {
        (*out)[i].version = set->list[i].version;
        copy_text((*out)[i].name, sizeof((*out)[i].name), set->list[i].name);
    }
    return OK;
}

enum err migration_set_require_head(struct db *d, const struct migration_set *set, struct error *e)
{
    struct error unused;
    struct arena a = {0};
    struct migration_status *state;
    size_t n;

    e = e ? e : &unused;
    enum err rc = migration_set_history(d, set, &a, &state, &n, e);
    if (rc == OK)
        rc = refuse_unknown(set, state, n, e);
    if (rc == OK && first_pending(state, n) != 0) {
        int head = head_of(state, n);

        rc =
            err_set(e, ERR_POLICY, "schema is version %d, this program needs %d", head, set->count);
        err_code(e, "E41");
        err_fix(e, "run `quorum db up`");
    }
    arena_release(&a);
    return rc;
}

enum err migrate_current(struct db *d, int *version, struct error *e)
{
    struct rows r = {0};
    bool exists;
    enum err rc = table_exists(d, &exists, e);

    *version = 0;
    if (rc == OK && exists) {
        rc = db_query(d, &current, NULL, &r, e);
        if (rc == OK)
            *version = (int)rows_int(&r, 0, 0);
    }
    rows_release(&r);
    return rc;
}

enum err migrate_up(struct db *d, int target, int *applied, struct error *e)
{
    const struct migration_set set = embedded();

    return migration_set_up(d, &set, target, applied, e);
}

enum err migrate_down(struct db *d, int target, int *reverted, struct error *e)
{
    const struct migration_set set = embedded();

    return migration_set_down(d, &set, target, reverted, e);
}

enum err migrate_stamp(struct db *d, int version, struct error *e)
{
    const struct migration_set set = embedded();

    return migration_set_stamp(d, &set, version, e);
}

enum err migrate_history(struct db *d, struct arena *a, struct migration_status **out, size_t *n,
                         struct error *e)
{
    const struct migration_set set = embedded();

    return migration_set_history(d, &set, a, out, n, e);
}

enum err migrate_require_head(struct db *d, struct error *e)
{
    const struct migration_set set = embedded();

    return migration_set_require_head(d, &set, e);
}
