/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `db setup`: steps that can be repeated, each with a line that says what it did. */
#include "core/command/db_setup.h"

#include <stdio.h>
#include <string.h>

#include "core/command/checks.h"
#include "quorum/migrate.h"
#include "quorum/setup.h"

struct setup {
    struct call *c;
    struct table table;
};

static const struct column column[] = {{"step", "STEP", COLUMN_TEXT},
                                       {"changed", "CHANGED", COLUMN_FLAG},
                                       {"result", "RESULT", COLUMN_TEXT}};

static void say(struct setup *s, const char *step, bool changed, const char *result)
{
    const char *cell[] = {step, changed ? "true" : "false", result};
    table_row(&s->table, cell);
}

static enum err migrate(struct setup *s, struct db *owner, struct error *e)
{
    char text[120];
    int before, applied = 0;
    if (migrate_current(owner, &before, e) || migrate_up(owner, -1, &applied, e))
        return e->kind;
    if (applied)
        snprintf(text, sizeof text, "version %d, was %d", migration_count, before);
    else
        snprintf(text, sizeof text, "version %d", migration_count);
    say(s, "schema", applied > 0, text);
    return OK;
}

/* Not fatal: `quorum db psql` and the program itself do without. */
static void defaults(struct setup *s, struct db *owner)
{
    struct error e = {0};
    bool changed;
    if (setup_defaults(owner, &changed, &e))
        call_warn(s->c, "search_path and time zone of the database were not set: %s", e.text);
    else
        say(s, "defaults", changed, "search_path quorum, public; timezone UTC");
}

static enum err grant(struct setup *s, struct db *owner, enum setting_id id, const char *owner_name,
                      struct error *e)
{
    const char *url = settings_text(s->c->settings, id);
    struct db_where w;
    char text[200];
    bool changed, reader = id == SETTING_DATABASE_RO_URL;
    if (!url)
        return OK;
    if (db_where(url, &w, e))
        return e->kind;
    if (strcmp(w.user, owner_name) == 0)
        return OK;
    if (setup_grants(owner, w.user, reader, &changed, e))
        return e->kind;
    snprintf(text, sizeof text, "%.100s may %s", w.user,
             reader ? "read" : "read and add rows, not change the schema");
    say(s, "grants", changed, text);
    return OK;
}

static enum err partitions(struct setup *s, struct db *owner, struct error *e)
{
    int made;
    char text[80];
    if (setup_partitions(owner, &made, e))
        return e->kind;
    snprintf(text, sizeof text, "this month and the next two%s", made ? " were made" : "");
    say(s, "partitions", made > 0, text);
    return OK;
}

static enum err own_database(struct setup *s, struct error *e)
{
    const struct settings *set = s->c->settings;
    const char *owner = settings_text(set, SETTING_DATABASE_OWNER_URL);
    struct db_where w;
    char text[600];
    bool created;
    if (!owner)
        owner = settings_text(set, SETTING_DATABASE_URL);
    if (db_where(owner, &w, e) || setup_database(s->c->loop, owner, &created, e))
        return e->kind;
    snprintf(text, sizeof text, "%s on %s:%s, owner login %s", w.database,
             *w.host ? w.host : "(socket)", w.port, w.user);
    say(s, "database", created, text);
    struct desk_options o = call_desk_options(s->c);
    o.as_owner = o.any_schema = true;
    if (call_desk_with(s->c, &o, e) || migrate(s, s->c->desk->db, e))
        return e->kind;
    defaults(s, s->c->desk->db);
    return grant(s, s->c->desk->db, SETTING_DATABASE_URL, w.user, e) ||
                   grant(s, s->c->desk->db, SETTING_DATABASE_RO_URL, w.user, e) ||
                   partitions(s, s->c->desk->db, e)
               ? e->kind
               : OK;
}

static enum err private_database(struct setup *s, struct error *e)
{
    struct cluster_status before;
    struct desk_options o = call_desk_options(s->c);
    o.as_owner = o.any_schema = true;
    if (inspect_cluster(s->c->settings, &before, e) || call_desk_with(s->c, &o, e))
        return e->kind;
    say(s, "cluster", !before.exists, cluster_data_dir(s->c->desk->cluster));
    if (migrate(s, s->c->desk->db, e))
        return e->kind;
    defaults(s, s->c->desk->db);
    return partitions(s, s->c->desk->db, e);
}

enum err run_setup(struct call *c, struct error *e)
{
    struct setup s = {.c = c};
    enum desk_kind k;
    const char *why;
    if (desk_choose(c->settings, c->desk_name, &k, &why, e))
        return e->kind;
    warn_other_desk(c, k, why);
    table_begin(&s.table, column, ARRAY_LEN(column));
    enum err result =
        desk_is_private(c->settings, k) ? private_database(&s, e) : own_database(&s, e);
    if (!result) {
        /* As every other command will open it: with the application's login, seeded. */
        desk_close(c->desk);
        c->desk = NULL;
        result = call_desk(c, e);
    }
    if (!result) {
        say(&s, "desk", false, desk_kind_name(k));
    }
    if (result && c->out->format != OUTPUT_TEXT) {
        mem_free(s.table.cell); /* one JSON value only: the error */
        arena_release(&s.table.arena);
    } else {
        table_end(&s.table, c->out, "nothing was done");
    }
    if (!result)
        out_line(c->out, "\nthe %s desk is ready; quorum db verify checks it", desk_kind_name(k));
    return result;
}
