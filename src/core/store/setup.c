/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/setup.h"

#include <string.h>

#include "core/store/dburl.h"
#include "quorum/buf.h"

enum { OPEN_MS = 10000 };

/* ---- the database */

static enum err try_open(struct loop *l, const char *conninfo, struct db **out, struct error *e)
{
    struct db_options o = {.conninfo = conninfo, .application = "quorum-setup"};
    *out = db_new(l, &o);
    return db_open(*out, OPEN_MS, e);
}

static void add_quoted(struct buf *b, const char *name, char quote)
{
    buf_char(b, quote);
    for (; *name; name++) {
        if (*name == quote)
            buf_char(b, quote);
        buf_char(b, *name);
    }
    buf_char(b, quote);
}

/* C.UTF-8 sorts the same everywhere; a server that lacks it has C. */
static enum err create(struct db *d, const char *name, struct error *e)
{
    static const char *const locale[] = {"C.UTF-8", "C"};
    enum err result = OK;
    for (size_t i = 0; i < ARRAY_LEN(locale); i++) {
        struct buf sql = {0};
        buf_str(&sql, "CREATE DATABASE ");
        add_quoted(&sql, name, '"');
        buf_str(&sql, " TEMPLATE template0 ENCODING 'UTF8' LOCALE ");
        add_quoted(&sql, locale[i], '\'');
        result = db_script(d, buf_text(&sql), e);
        buf_release(&sql);
        if (result == OK || !strstr(e->text, "locale"))
            return result;
    }
    return result;
}

static enum err create_beside(struct loop *l, const char *conninfo, struct error *e)
{
    struct conninfo c;
    struct buf beside = {0};
    struct db *d = NULL;
    if (conninfo_parse(conninfo, &c, e))
        return e->kind;
    const char *name = conninfo_get(&c, "dbname");
    char database[128];
    copy_text(database, sizeof database, name ? name : conninfo_get(&c, "user"));
    conninfo_put(&c, "dbname", "postgres");
    conninfo_print(&c, &beside);
    conninfo_release(&c);
    enum err result = try_open(l, buf_text(&beside), &d, e);
    if (!result)
        result = create(d, database, e);
    db_free(d);
    explicit_bzero(beside.data, beside.len);
    buf_release(&beside);
    return result;
}

enum err setup_database(struct loop *l, const char *conninfo, bool *created, struct error *e)
{
    struct db *d;
    struct error second;
    *created = false;
    enum err result = try_open(l, conninfo, &d, e);
    db_free(d);
    if (result == OK || !strstr(e->text, "(3D000)"))
        return result;
    if (create_beside(l, conninfo, &second)) {
        char text[sizeof e->text];
        copy_text(text, sizeof text, e->text);
        err_set(e, ERR_FAILED, "%.200s; creating it: %.250s", text, second.text);
        return err_fix(e, "scripts/setup-database.sh, run where you are PostgreSQL's superuser, "
                          "makes database and roles");
    }
    err_clear(e);
    *created = true;
    return OK;
}

/* ---- defaults */

static const struct statement has_defaults = {
    "setup defaults",
    "SELECT (SELECT reset_val LIKE 'quorum%' FROM pg_settings WHERE name = 'search_path')"
    " AND (SELECT reset_val IN ('UTC', 'Etc/UTC') FROM pg_settings WHERE name = 'TimeZone')"};
/* Who does not own the database can still say so for its own logins. */
static const char set_defaults[] =
    "DO $$ DECLARE target text; BEGIN"
    "  target := CASE WHEN (SELECT pg_has_role(datdba, 'MEMBER') FROM pg_database"
    "                       WHERE datname = current_database())"
    "            THEN format('DATABASE %I', current_database())"
    "            ELSE format('ROLE %I IN DATABASE %I', current_user, current_database()) END;"
    "  EXECUTE 'ALTER ' || target || ' SET search_path TO quorum, public';"
    "  EXECUTE 'ALTER ' || target || ' SET timezone TO ''UTC''';"
    "END $$";

enum err setup_defaults(struct db *owner, bool *changed, struct error *e)
{
    struct rows r = {0};
    enum err result = db_query(owner, &has_defaults, NULL, &r, e);
    *changed = !result && !rows_bool(&r, 0, 0);
    rows_release(&r);
    return *changed ? db_script(owner, set_defaults, e) : result;
}

/* ---- grants */

/* What an application's login may do is said once, in the database (migration 20). */
static const struct statement app_ready = {
    "setup rights", "SELECT NOT EXISTS (SELECT FROM quorum.app_rights_wrong(rolname))"
                    " FROM pg_roles WHERE rolname = $1"};
static const struct statement reader_ready = {
    "setup reader", "SELECT (SELECT bool_and(has_schema_privilege(p.oid, s.oid, 'USAGE')"
                    "    AND has_table_privilege(p.oid, c.oid, 'SELECT'))"
                    "  FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace"
                    "  WHERE s.nspname = 'quorum' AND c.relkind IN ('r', 'p')"
                    "   AND NOT c.relispartition) FROM pg_roles p WHERE p.rolname = $1"};
static const struct statement grant_app = {"setup grant", "SELECT quorum.app_grant($1)"};
static const struct statement name_grantee = {"setup grantee",
                                              "SELECT set_config('quorum.grantee', $1, false)"};
static const char grant_reader[] =
    "DO $$ DECLARE r text := current_setting('quorum.grantee'); BEGIN"
    "  EXECUTE format('GRANT USAGE ON SCHEMA quorum TO %I', r);"
    "  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA quorum TO %I', r);"
    "  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA quorum GRANT SELECT ON TABLES TO %I', r);"
    "END $$";

static enum err give(struct db *owner, const char *role, bool read_only, struct error *e)
{
    struct params p = {0};
    params_text(&p, role);
    if (db_query(owner, read_only ? &name_grantee : &grant_app, &p, NULL, e) || !read_only)
        return e->kind;
    return db_script(owner, grant_reader, e);
}

enum err setup_grants(struct db *owner, const char *role, bool read_only, bool *changed,
                      struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    *changed = false;
    params_text(&p, role);
    enum err result = db_query(owner, read_only ? &reader_ready : &app_ready, &p, &r, e);
    bool exists = !result && r.nrows > 0, ready = exists && rows_bool(&r, 0, 0);
    rows_release(&r);
    if (result || ready)
        return result;
    if (!exists) {
        err_set(e, ERR_FAILED, "there is no role \"%s\" on the server", role);
        return err_fix(e, "scripts/setup-database.sh makes it");
    }
    if (give(owner, role, read_only, e))
        return e->kind;
    *changed = true;
    return OK;
}

/* ---- partitions */

static const struct statement partitions = {"setup partitions",
                                            "SELECT quorum.ensure_partitions(quorum.desk_now())"};

enum err setup_partitions(struct db *owner, int *made, struct error *e)
{
    struct rows r = {0};
    enum err result = db_query(owner, &partitions, NULL, &r, e);
    *made = result ? 0 : (int)rows_int(&r, 0, 0);
    rows_release(&r);
    return result;
}
