/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/desk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/desk/desk_private.h"
#include "quorum/buf.h"
#include "quorum/engine.h"
#include "quorum/http.h"
#include "quorum/log.h"
#include "quorum/migrate.h"
#include "quorum/model.h"
#include "quorum/prompts.h"
#include "quorum/text.h"
#include "quorum/vendor.h"

enum { CONNECT_TIMEOUT_MS = 10000, SHORT_WAY_MS = 2000, SCRATCH_ANSWER_MS = 300000, DEMO_SEED = 1 };

static const struct statement desk_row = {"desk row", "SELECT kind, seed FROM desk"};
/* Of a desk that is there and complete: all that has to be known of its schema and its kind. */
static const struct statement desk_at_head = {
    "desk at head", "SELECT kind, seed, (SELECT max(version) FROM schema_migration),"
                    " EXISTS (SELECT FROM demo_scenario) FROM desk"};

static const char *database_name(enum desk_kind k)
{
    return k == DESK_PAPER ? "quorum_paper" : "quorum_demo";
}

static const char *database_of(const struct desk *d)
{
    return d->scratch[0] ? d->scratch : database_name(d->kind);
}

static bool uses_private_cluster(const struct settings *s, enum desk_kind k)
{
    return k == DESK_DEMO || !settings_text(s, SETTING_DATABASE_URL);
}

static struct cluster_options cluster_options(const struct desk_options *o)
{
    return (struct cluster_options){.home = settings_home(o->settings),
                                    .bindir = settings_text(o->settings, SETTING_PG_BINDIR),
                                    .user = settings_text(o->settings, SETTING_PG_USER),
                                    .linger_ms = -1,
                                    .durable = true,
                                    .progress = o->progress,
                                    .arg = o->arg};
}

static enum err join_cluster(const struct desk_options *o, struct cluster **out, struct error *e)
{
    struct cluster_options c = cluster_options(o);
    return cluster_join(&c, out, e);
}

/* Which login of DATABASE_URL's server serves the purpose. */
static const char *login_url(const struct desk_options *o)
{
    const char *owner = settings_text(o->settings, SETTING_DATABASE_OWNER_URL);
    const char *reader = settings_text(o->settings, SETTING_DATABASE_RO_URL);
    return o->as_owner && owner     ? owner
           : o->as_reader && reader ? reader
                                    : settings_text(o->settings, SETTING_DATABASE_URL);
}

static enum err connect_within(struct desk *d, const char *conninfo, bool prepare, int timeout_ms,
                               struct db **out, struct error *e)
{
    char application[200];
    snprintf(application, sizeof application, "quorum/%s", owner_self());
    struct db_options options = {.conninfo = conninfo,
                                 .application = application,
                                 .reconnect = !d->scratch[0],
                                 .prepare = prepare,
                                 .answer_ms = d->scratch[0] ? SCRATCH_ANSWER_MS : 0};
    *out = db_new(d->loop, &options);
    return db_open(*out, timeout_ms, e);
}

static enum err connect(struct desk *d, const char *conninfo, bool prepare, struct db **out,
                        struct error *e)
{
    return connect_within(d, conninfo, prepare, CONNECT_TIMEOUT_MS, out, e);
}

/* A private desk follows the program by itself; a database the user named is theirs to migrate
 * (postgres.md 2). */
static enum err bring_to_head(struct desk *d, const struct desk_options *o, struct error *e)
{
    if (!d->cluster)
        return migrate_require_head(d->db, e);
    int version = 0, applied = 0;
    if (migrate_current(d->db, &version, e) == OK && version == migration_count)
        return OK;
    err_clear(e); /* the application may not even see an empty database's schema */
    char conninfo[sizeof d->conninfo];
    struct db *owner = NULL;
    if (o->progress && version == 0)
        o->progress(o->arg, "creating the tables");
    cluster_conninfo(d->cluster, conninfo, sizeof conninfo, "quorum_owner", database_of(d));
    enum err result = connect(d, conninfo, false, &owner, e);
    if (!result)
        result = migrate_up(owner, -1, &applied, e);
    db_free(owner);
    if (!result)
        result = migrate_require_head(d->db, e);
    if (!result && applied)
        log_write(LOG_INFO, "desk", "%s: %d migrations applied", desk_kind_name(d->kind), applied);
    return result;
}

/* A database without a desk has no kind yet; *is_new (may be NULL) tells. */
static enum err check_kind(struct desk *d, bool *is_new, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    if (db_query(d->db, &desk_row, &p, &rows, e))
        return e->kind;
    enum err result = OK;
    const char *kind = rows.nrows ? rows_text(&rows, 0, 0) : NULL;
    if (is_new)
        *is_new = !kind;
    if (kind && strcmp(kind, desk_kind_name(d->kind)) == 0) {
        d->seed = rows_int(&rows, 0, 1);
    } else if (kind || !is_new) {
        err_set(e, ERR_USAGE, "this database holds the %s desk, not the %s desk",
                kind ? kind : "unknown", desk_kind_name(d->kind));
        result =
            err_fix(e, "point DATABASE_URL at a database of its own: demo and paper never mix");
    }
    rows_release(&rows);
    return result;
}

/* The kind is asked before anything is seeded, so that the other kind's database stays as it is,
 * and after, because two may have found it empty. */
static enum err load_desk(struct desk *d, struct error *e)
{
    bool is_new = false;
    if (check_kind(d, &is_new, e) || desk_load_settings(d, e))
        return e->kind;
    return is_new ? check_kind(d, NULL, e) : OK;
}

/* The usual case of a private desk in one question. Anything else, an error too, is left to the
 * questions above: they mend it or say what is wrong. */
static bool is_at_head(struct desk *d, bool *scenarios)
{
    struct rows r = {0};
    struct error unheard = {0};
    bool is = d->cluster && db_query(d->db, &desk_at_head, NULL, &r, &unheard) == OK &&
              r.nrows == 1 && strcmp(rows_text(&r, 0, 0), desk_kind_name(d->kind)) == 0 &&
              rows_int(&r, 0, 2) == migration_count;
    if (is) {
        d->seed = rows_int(&r, 0, 1);
        *scenarios = rows_bool(&r, 0, 3);
    }
    rows_release(&r);
    return is;
}

static enum err make_ready(struct desk *d, const struct desk_options *o, bool *scenarios,
                           struct error *e)
{
    if (is_at_head(d, scenarios))
        return desk_load_settings(d, e);
    return bring_to_head(d, o, e) ? e->kind : load_desk(d, e);
}

/* The paper desk's: FMP and the feeds, through the calls counted in this desk's database. */
static struct market *open_live(struct desk *d)
{
    d->vendor = vendor_new(&(struct vendor_options){.db = d->db, .http = d->http, .loop = d->loop});
    return market_live_new(&(struct market_live_options){
        .vendor = d->vendor,
        .fmp_base_url = settings_text(d->settings, SETTING_FMP_BASE_URL),
        .fmp_key = settings_text(d->settings, SETTING_FMP_API_KEY),
        .feeds = settings_text(d->settings, SETTING_NEWS_FEEDS),
        .contact = settings_text(d->settings, SETTING_CONTACT),
    });
}

/* scenarios: the demo desk has or may have some. */
static enum err open_market(struct desk *d, const struct desk_options *o, bool scenarios,
                            struct error *e)
{
    if (o->data_dir)
        return market_recorded_new(o->data_dir, &d->market, e);
    if (d->kind == DESK_DEMO) {
        d->market = market_simulated_new((uint64_t)d->seed);
        return o->any_schema || !scenarios ? OK : life_apply_scenarios(d, e);
    }
    if (o->any_schema)
        d->market = market_none_new("opened for work on the database only");
    else if (settings_text(d->settings, SETTING_FMP_API_KEY))
        d->market = open_live(d);
    else
        d->market =
            market_none_new("no market data: FMP_API_KEY is not set; use --data or --desk demo");
    return OK;
}

/* Where a desk is, as the list of opened desks keeps it: no password. */
static void describe(const struct settings *s, enum desk_kind k, char *dst, size_t size)
{
    struct db_where w;
    struct error ignored;
    struct buf b = {0};
    if (uses_private_cluster(s, k))
        buf_printf(&b, "private cluster, database %s", database_name(k));
    else if (db_where(settings_text(s, SETTING_DATABASE_URL), &w, &ignored) == OK)
        buf_printf(&b, "%s@%s:%s/%s", w.user, w.host, w.port, w.database);
    else
        buf_str(&b, "DATABASE_URL");
    sanitize_line(dst, size, untrusted(buf_text(&b))); /* as it is read back */
    buf_release(&b);
}

/* Another login reaches the same desk. */
static const char *without_login(const char *where)
{
    const char *at = strrchr(where, '@');
    return at ? at + 1 : where;
}

/* A desk that was opened in one database must not silently go on in another: its trades, its
 * settings and its budget would be those of a stranger. */
static enum err check_place(const struct settings *s, enum desk_kind k, struct error *e)
{
    char before[320], now[320];
    bool recorded = false, private = uses_private_cluster(s, k);
    if (desk_recorded(s, k, &recorded, before, sizeof before, e))
        return e->kind;
    describe(s, k, now, sizeof now);
    if (!recorded || strcmp(without_login(before), without_login(now)) == 0)
        return OK;
    err_set(e, ERR_POLICY, "the %s desk was opened in %.180s, but %s it would be in %.180s",
            desk_kind_name(k), before, private ? "without DATABASE_URL" : "by DATABASE_URL", now);
    return err_fix(e, "%s, or use the second from now on: quorum desk forget %s",
                   strncmp(before, "private cluster", 15) == 0 ? "unset DATABASE_URL"
                   : private ? "set DATABASE_URL as it was (the .env of another directory?)"
                             : "set DATABASE_URL as it was",
                   desk_kind_name(k));
}

/* Where the private server runs and the database is there, one connection is enough. Whatever is
 * not so is left to the long way, which says what is wrong. */
static bool open_running(struct desk *d, const struct desk_options *o, const char *role)
{
    struct cluster_options c = cluster_options(o);
    struct error unheard = {0};
    d->cluster = cluster_hold(&c);
    if (!d->cluster)
        return false;
    cluster_conninfo(d->cluster, d->conninfo, sizeof d->conninfo, role, database_name(d->kind));
    if (connect_within(d, d->conninfo, true, SHORT_WAY_MS, &d->db, &unheard) == OK &&
        cluster_is_server(d->cluster, d->db))
        return true;
    db_free(d->db);
    cluster_leave(d->cluster);
    d->db = NULL;
    d->cluster = NULL;
    return false;
}

static enum err open_private(struct desk *d, const struct desk_options *o, bool *created,
                             struct error *e)
{
    const char *name = database_name(d->kind), *role = o->as_owner    ? "quorum_owner"
                                                       : o->as_reader ? "quorum_ro"
                                                                      : "quorum_app";
    if (open_running(d, o, role))
        return OK;
    if (join_cluster(o, &d->cluster, e) || cluster_ensure_database(d->cluster, name, created, e))
        return e->kind;
    cluster_conninfo(d->cluster, d->conninfo, sizeof d->conninfo, role, name);
    /* No pooler stands in between. */
    return connect(d, d->conninfo, true, &d->db, e);
}

static enum err open_database(struct desk *d, const struct desk_options *o, bool *created,
                              struct error *e)
{
    if (uses_private_cluster(d->settings, d->kind))
        return open_private(d, o, created, e);
    if (!copy_text(d->conninfo, sizeof d->conninfo, login_url(o)))
        return err_set(e, ERR_USAGE, "DATABASE_URL is longer than %zu bytes",
                       sizeof d->conninfo - 1);
    return connect(d, d->conninfo, o->lasting, &d->db, e);
}

/* What an earlier process of the same number left under the name is not ours. */
static enum err open_scratch(struct desk *d, const struct desk_options *o, struct error *e)
{
    d->kind = DESK_DEMO;
    d->seed = o->seed ? *o->seed : DEMO_SEED;
    if (join_cluster(o, &d->cluster, e) || cluster_drop_database(d->cluster, o->scratch, e))
        return e->kind;
    if (!copy_text(d->scratch, sizeof d->scratch, o->scratch))
        return err_set(e, ERR_USAGE, "\"%.80s\" cannot be the name of a database", o->scratch);
    if (cluster_ensure_database(d->cluster, d->scratch, NULL, e))
        return e->kind;
    cluster_conninfo(d->cluster, d->conninfo, sizeof d->conninfo, "quorum_app", d->scratch);
    return connect(d, d->conninfo, true, &d->db, e) || bring_to_head(d, o, e) || load_desk(d, e) ||
                   open_market(d, o, true, e)
               ? e->kind
               : OK;
}

enum err desk_open(const struct desk_options *o, struct desk **out, struct error *e)
{
    struct desk *d = mem_alloc(sizeof *d);
    char where[320];
    bool created = false, scenarios = true;
    *out = d;
    d->settings = o->settings;
    d->loop = o->loop;
    d->agents = o->agents;
    if (o->scratch)
        return open_scratch(d, o, e);
    if (desk_choose(o->settings, o->name, &d->kind, NULL, e))
        return e->kind;
    log_desk(desk_kind_name(d->kind));
    /* A database as such may be looked at, whatever desk it is to become. */
    if (!(o->any_schema && o->only_looks) && check_place(o->settings, d->kind, e))
        return e->kind;
    if (open_database(d, o, &created, e))
        return e->kind;
    d->seed = o->seed ? *o->seed : DEMO_SEED;
    if (!o->any_schema && make_ready(d, o, &scenarios, e))
        return e->kind;
    d->http = http_new(d->loop);
    if (open_market(d, o, scenarios, e) || desk_open_model(d, e))
        return e->kind;
    if (o->only_looks && !created)
        return OK;
    describe(o->settings, d->kind, where, sizeof where);
    return desk_remember(o->settings, d->kind, where, e);
}

/* Whatever could not be dropped, the next back-test drops. */
static void drop_scratch(struct desk *d)
{
    struct error e = {0};
    loop_clear_interrupt(d->loop);
    if (cluster_drop_database(d->cluster, d->scratch, &e))
        log_write(LOG_WARN, "desk", "%s was not dropped: %s", d->scratch, e.text);
}

void desk_close(struct desk *d)
{
    if (!d)
        return;
    model_free(d->model);
    market_free(d->market);
    vendor_free(d->vendor);
    http_free(d->http);
    db_free(d->db);
    if (d->scratch[0])
        drop_scratch(d);
    cluster_leave(d->cluster);
    for (int i = 0; i < SETTING_COUNT; i++) {
        mem_free(d->in_force[i].value);
        mem_free(d->in_force[i].set_by);
        mem_free(d->in_force[i].set_at);
        mem_free(d->in_force[i].origin);
    }
    mem_free(d->held.job);
    prompts_free(d->prompts);
    explicit_bzero(d->conninfo, sizeof d->conninfo);
    mem_free(d);
}

enum err desk_drop(const struct desk_options *o, enum desk_kind k, struct error *e)
{
    if (!uses_private_cluster(o->settings, k)) {
        err_set(e, ERR_POLICY,
                "the %s desk lives in DATABASE_URL; quorum drops only databases "
                "of its private cluster",
                desk_kind_name(k));
        return err_fix(e, "drop it as its owner with psql or dropdb, then: quorum db setup");
    }
    struct cluster *c = NULL;
    enum err result = check_place(o->settings, k, e) ? e->kind : join_cluster(o, &c, e);
    if (!result)
        result = cluster_drop_database(c, database_name(k), e);
    cluster_leave(c);
    return result ? result : desk_forget(o->settings, k, e);
}
