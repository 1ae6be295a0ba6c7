/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about a desk's database: schema versions, checks, setup, psql. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/command/checks.h"
#include "core/command/commands.h"
#include "core/command/db_setup.h"
#include "quorum/log.h"
#include "quorum/migrate.h"
#include "quorum/psql.h"
#include "quorum/text.h"

/* Opens the desk at whatever schema. A command that needs data that is there already makes no
 * private cluster for the purpose. */
static enum err open_any(struct call *c, bool as_owner, bool may_make, struct error *e)
{
    enum desk_kind k;
    const char *why;
    struct cluster_status st;
    if (desk_choose(c->settings, c->desk_name, &k, &why, e))
        return e->kind;
    warn_other_desk(c, k, why);
    if (!may_make && desk_is_private(c->settings, k)) {
        if (inspect_cluster(c->settings, &st, e))
            return e->kind;
        if (!st.exists) {
            err_set(e, ERR_USAGE, "the %s desk has no database yet", desk_kind_name(k));
            return err_fix(e, "quorum db setup makes it");
        }
    }
    struct desk_options o = call_desk_options(c);
    o.any_schema = true;
    o.as_owner = as_owner;
    return call_desk_with(c, &o, e);
}

/* "head", a version, and (where relative is allowed) -N steps below `current`. */
static enum err parse_target(const char *text, int current, bool relative, int *out,
                             struct error *e)
{
    int64_t n;
    *out = migration_count;
    if (strcmp(text, "head") == 0)
        return OK;
    if (!text_to_int64(text, &n) || n > migration_count || n < (relative ? -current : 0)) {
        err_set(e, ERR_USAGE, "\"%s\" is no schema version: this program has 0 to %d", text,
                migration_count);
        return relative ? err_fix(e, "the database is at %d; -1 is one step down", current)
                        : err_fix(e, "write a number or head");
    }
    *out = (int)(n < 0 ? current + n : n);
    return OK;
}

static void say_move(struct call *c, int from, int to)
{
    static const struct column column[] = {{"desk", "DESK", COLUMN_TEXT},
                                           {"from", "FROM", COLUMN_NUMBER},
                                           {"to", "TO", COLUMN_NUMBER},
                                           {"head", "HEAD", COLUMN_NUMBER}};
    const char *desk = desk_kind_name(c->desk->kind);
    char number[3][16];
    log_write(LOG_INFO, "db", "%s desk: schema %d -> %d by %s", desk, from, to, operator_name());
    if (c->out->format == OUTPUT_TEXT) {
        if (from == to)
            out_line(c->out, "%s desk: schema is version %d already", desk, to);
        else
            out_line(c->out, "%s desk: schema is version %d now, was %d", desk, to, from);
        return;
    }
    snprintf(number[0], sizeof number[0], "%d", from);
    snprintf(number[1], sizeof number[1], "%d", to);
    snprintf(number[2], sizeof number[2], "%d", migration_count);
    const char *cell[] = {desk, number[0], number[1], number[2]};
    struct table t;
    table_begin(&t, column, ARRAY_LEN(column));
    table_row(&t, cell);
    table_end(&t, c->out, "");
}

static enum err run_up(struct call *c, struct error *e)
{
    int target, current, applied = 0;
    if (parse_target(c->nargs ? c->arg[0] : "head", 0, false, &target, e) ||
        open_any(c, true, true, e) || migrate_current(c->desk->db, &current, e))
        return e->kind;
    enum err result = migrate_up(c->desk->db, target, &applied, e);
    for (int i = current; i < current + applied && i < migration_count; i++)
        out_line(c->out, "applied %04d_%s", migrations[i].version, migrations[i].name);
    if (result)
        return result;
    if (applied == 0 && target < current)
        call_warn(c, "up never goes down: quorum db down %d does", target);
    say_move(c, current, current + applied);
    return OK;
}

static const char *confirm_down(const struct call *c)
{
    (void)c;
    return "down";
}

static enum err run_down(struct call *c, struct error *e)
{
    int target, current, reverted = 0;
    if (open_any(c, true, false, e) || migrate_current(c->desk->db, &current, e))
        return e->kind;
    if (current == 0 && !c->nargs) {
        say_move(c, 0, 0);
        return OK;
    }
    if (parse_target(c->nargs ? c->arg[0] : "-1", current, true, &target, e))
        return e->kind;
    if (target > current) {
        err_set(e, ERR_USAGE, "the schema is version %d already, below %d", current, target);
        return err_fix(e, "quorum db up %d", target);
    }
    enum err result = migrate_down(c->desk->db, target, &reverted, e);
    int now = current - reverted;
    if (result && reverted && migrate_current(c->desk->db, &now, NULL) == OK)
        out_line(c->out, "went down to version %d before it failed", now);
    if (result)
        return result;
    say_move(c, current, now);
    if (c->desk->cluster && now < migration_count)
        call_warn(c, "the next command that opens this private desk brings it up again");
    return OK;
}

static const char *confirm_stamp(const struct call *c)
{
    (void)c;
    return "stamp";
}

static enum err run_stamp(struct call *c, struct error *e)
{
    int version, current;
    if (parse_target(c->arg[0], 0, false, &version, e) || open_any(c, true, false, e) ||
        migrate_current(c->desk->db, &current, e) || migrate_stamp(c->desk->db, version, e))
        return e->kind;
    if (c->out->format == OUTPUT_TEXT)
        out_line(c->out, "%s desk: recorded as schema version %d, was %d; nothing was run",
                 desk_kind_name(c->desk->kind), version, current);
    else
        say_move(c, current, version);
    return OK;
}

static enum err read_history(struct call *c, struct arena *a, struct migration_status **list,
                             size_t *n, struct error *e)
{
    enum desk_kind k;
    /* A private owner may always look; a schema that was taken down grants the application nothing.
     */
    if (desk_choose(c->settings, c->desk_name, &k, NULL, e) ||
        open_any(c, desk_is_private(c->settings, k), false, e))
        return e->kind;
    return migrate_history(c->desk->db, a, list, n, e);
}

/* The worst that holds for any version. */
static const char *schema_state(const struct migration_status *list, size_t n, const char **cure)
{
    bool pending = false, edited = false, unknown = false;
    for (size_t i = 0; i < n; i++) {
        pending = pending || list[i].state == MIGRATION_PENDING;
        edited = edited || list[i].state == MIGRATION_EDITED;
        unknown = unknown || list[i].state == MIGRATION_UNKNOWN;
    }
    *cure = unknown   ? "use the newer quorum that made it"
            : edited  ? "quorum db history shows which migration"
            : pending ? "run `quorum db up`"
                      : NULL;
    return unknown ? "ahead" : edited ? "edited" : pending ? "behind" : "head";
}

static enum err run_current(struct call *c, struct error *e)
{
    static const struct column column[] = {{"desk", "DESK", COLUMN_TEXT},
                                           {"version", "VERSION", COLUMN_NUMBER},
                                           {"head", "HEAD", COLUMN_NUMBER},
                                           {"state", "STATE", COLUMN_TEXT}};
    struct arena a = {0};
    struct migration_status *list = NULL;
    size_t n = 0;
    const char *cure;
    int version;
    enum err result = read_history(c, &a, &list, &n, e);
    if (!result)
        result = migrate_current(c->desk->db, &version, e);
    if (!result) {
        const char *state = schema_state(list, n, &cure), *desk = desk_kind_name(c->desk->kind);
        char number[2][16];
        snprintf(number[0], sizeof number[0], "%d", version);
        snprintf(number[1], sizeof number[1], "%d", migration_count);
        const char *cell[] = {desk, number[0], number[1], state};
        struct table t;
        if (c->out->format == OUTPUT_TEXT) {
            out_line(c->out, "%s desk: schema version %d, this program has %d: %s%s%s", desk,
                     version, migration_count, state, cure ? ", " : "", cure ? cure : "");
        } else {
            table_begin(&t, column, ARRAY_LEN(column));
            table_row(&t, cell);
            table_end(&t, c->out, "");
        }
    }
    arena_release(&a);
    return result;
}

static enum err run_history(struct call *c, struct error *e)
{
    static const struct column column[] = {{"version", "VERSION", COLUMN_NUMBER},
                                           {"name", "NAME", COLUMN_TEXT},
                                           {"state", "STATE", COLUMN_TEXT},
                                           {"applied_at", "APPLIED AT", COLUMN_TEXT},
                                           {"reversible", "REVERSIBLE", COLUMN_FLAG}};
    static const char *const name[] = {[MIGRATION_PENDING] = "pending",
                                       [MIGRATION_APPLIED] = "applied",
                                       [MIGRATION_EDITED] = "edited after it was applied",
                                       [MIGRATION_UNKNOWN] = "unknown to this program"};
    struct arena a = {0};
    struct migration_status *list = NULL;
    size_t n = 0;
    enum err result = read_history(c, &a, &list, &n, e);
    if (!result) {
        struct table t;
        table_begin(&t, column, ARRAY_LEN(column));
        for (size_t i = 0; i < n; i++) {
            bool ours = list[i].version <= migration_count;
            char version[16];
            snprintf(version, sizeof version, "%d", list[i].version);
            const char *cell[] = {version, list[i].name, name[list[i].state],
                                  *list[i].applied_at ? list[i].applied_at : NULL,
                                  !ours                                  ? NULL
                                  : migrations[list[i].version - 1].down ? "true"
                                                                         : "false"};
            table_row(&t, cell);
        }
        table_end(&t, c->out, "this program has no migrations");
    }
    arena_release(&a);
    return result;
}

static enum err run_verify(struct call *c, struct error *e)
{
    struct checks k = {0};
    struct error behind = {0};
    bool opened;
    (void)e;
    check_reach(c, &k, &opened);
    if (opened)
        check_desk_database(c, &k);
    if (opened && migrate_require_head(c->desk->db, &behind) == OK)
        check_audit(c->desk, &k);
    checks_print(c, &k);
    if (!opened)
        c->exit_status = ERR_FAILED; /* nothing was verified */
    return OK;
}

/* A person may look even where the program may not work: behind, ahead, edited. */
static enum err open_for_psql(struct call *c, struct error *e)
{
    enum desk_kind k;
    const char *why;
    if (desk_choose(c->settings, c->desk_name, &k, &why, e))
        return e->kind;
    warn_other_desk(c, k, why);
    if (call_desk(c, e) == OK)
        return OK;
    if (!c->desk->db || db_state(c->desk->db) != DB_READY)
        return e->kind;
    if (!c->quiet)
        fprintf(stderr, "quorum: warning: %s\n", e->text);
    desk_close(c->desk);
    c->desk = NULL;
    err_clear(e);
    return open_any(c, false, true, e);
}

static enum err run_psql(struct call *c, struct error *e)
{
    if (open_for_psql(c, e))
        return e->kind;
    struct desk *d = c->desk;
    assert(d);
    struct psql_options o = {.loop = c->loop,
                             .conninfo = d->conninfo,
                             .bindir = d->cluster ? cluster_bindir(d->cluster)
                                                  : settings_text(c->settings, SETTING_PG_BINDIR),
                             .isolate = d->cluster != NULL,
                             .session_settings =
                                 d->cluster || psql_options_work(c->loop, d->conninfo),
                             .arg = c->arg,
                             .nargs = c->nargs};
    /* An idle connection of ours is of no use meanwhile; the hold on the cluster is. */
    db_free(d->db);
    d->db = NULL;
    return psql_run(&o, &c->exit_status, e);
}

static const char *const up_also[] = {"db upgrade", NULL};
static const char *const down_also[] = {"db downgrade", NULL};

const struct command database_commands[] = {
    {.name = "db setup",
     .group = "Database",
     .usage = "",
     .help = "make or repair what the desk's database needs",
     .details = "The private cluster is made if there is none. For a DATABASE_URL, as far as the "
                "owner's login\n(QUORUM_DATABASE_OWNER_URL, else DATABASE_URL) allows: the "
                "database, schema and migrations,\ndefaults, grants for the logins, partitions. "
                "Never drops anything.",
     .acts = true,
     .run = run_setup},
    {.name = "db up",
     .aliases = up_also,
     .group = "Database",
     .usage = "[N|head]",
     .help = "bring the schema up to version N, or to this program's",
     .details = "Each migration is one transaction; any number of programs may do this at once.",
     .max_args = 1,
     .acts = true,
     .run = run_up},
    {.name = "db down",
     .aliases = down_also,
     .group = "Database",
     .usage = "[N|-1]",
     .help = "take migrations back, to version N or by one",
     .details = "Tables of a migration that is taken back are dropped with what they hold.",
     .max_args = 1,
     .acts = true,
     .level = 3,
     .confirm_word = confirm_down,
     .run = run_down},
    {.name = "db current",
     .group = "Database",
     .usage = "",
     .help = "schema version of the database and of this program",
     .run = run_current},
    {.name = "db history",
     .group = "Database",
     .usage = "",
     .help = "every migration and whether it is applied",
     .run = run_history},
    {.name = "db stamp",
     .group = "Database",
     .usage = "N|head",
     .help = "record versions 1 to N as applied, without running them",
     .details = "For a schema that was made by other means, or to accept a migration that was "
                "edited.",
     .min_args = 1,
     .max_args = 1,
     .acts = true,
     .level = 3,
     .confirm_word = confirm_stamp,
     .run = run_stamp},
    {.name = "db verify",
     .group = "Database",
     .usage = "",
     .help = "check the database; each finding comes with its cure",
     .details = "Changes nothing. Exit status 1 when a check failed.",
     .run = run_verify},
    {.name = "db psql",
     .group = "Database",
     .usage = "[PSQL ARGUMENTS]",
     .help = "PostgreSQL's client on the desk's database",
     .details = "Everything after psql is its own: options of quorum stand before, as in\n"
                "  quorum --desk demo db psql -c 'SELECT count(*) FROM evaluations'\n"
                "The password is not visible to other users. The exit status is psql's.",
     .max_args = -1,
     .passes_rest = true,
     .run = run_psql},
    {.name = NULL},
};
