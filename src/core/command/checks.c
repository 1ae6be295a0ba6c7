/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/command/checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/zone.h"

bool desk_is_private(const struct settings *s, enum desk_kind k)
{
    return k == DESK_DEMO || !settings_text(s, SETTING_DATABASE_URL);
}

enum err inspect_cluster(const struct settings *s, struct cluster_status *out, struct error *e)
{
    struct cluster_options o = {.home = settings_home(s),
                                .bindir = settings_text(s, SETTING_PG_BINDIR),
                                .user = settings_text(s, SETTING_PG_USER),
                                .linger_ms = -1,
                                .durable = true};
    return cluster_inspect(&o, out, e);
}

void warn_other_desk(struct call *c, enum desk_kind k, const char *why)
{
    if (k == DESK_DEMO && !c->desk_name && settings_text(c->settings, SETTING_DATABASE_URL))
        call_warn(c, "DATABASE_URL is set, but the demo desk was meant (%s); --desk paper is there",
                  why);
}

static void say_cluster(struct checks *k, const struct cluster_status *st)
{
    if (st->running)
        check_add(k, CHECK_OK, "cluster", NULL,
                  "PostgreSQL %s runs (process %d), %d client%s, data %s, socket %s", st->version,
                  st->postmaster_pid, st->clients, st->clients == 1 ? "" : "s", st->data_dir,
                  st->socket_dir);
    else
        check_add(k, CHECK_OK, "cluster", NULL,
                  "not running (it starts when needed), PostgreSQL %s, data %s", st->version,
                  st->data_dir);
}

/* False when there is none: what is asked for does not exist yet. */
static bool check_cluster(const struct call *c, struct checks *k)
{
    struct cluster_status st;
    struct error e = {0};
    if (inspect_cluster(c->settings, &st, &e)) {
        check_error(k, "cluster", &e);
        return false;
    }
    if (st.exists)
        say_cluster(k, &st);
    else
        check_add(k, CHECK_WARN, "cluster",
                  "`quorum db setup` makes it, and so does any command "
                  "that needs it",
                  "no private database in %s yet", settings_home(c->settings));
    return st.exists;
}

static void where_text(const struct call *c, enum desk_kind k, char *dst, size_t size)
{
    struct db_where w;
    struct error unused;
    struct buf b = {0};
    if (desk_is_private(c->settings, k))
        buf_str(&b, "private cluster");
    else if (db_where(settings_text(c->settings, SETTING_DATABASE_URL), &w, &unused) == OK)
        buf_printf(&b, "%s@%s:%s/%s", w.user, w.host, w.port, w.database);
    else
        buf_str(&b, "DATABASE_URL");
    copy_text(dst, size, buf_text(&b));
    buf_release(&b);
}

void check_reach(struct call *c, struct checks *k, bool *opened)
{
    struct error e = {0};
    enum desk_kind kind;
    const char *why;
    char where[320];
    *opened = false;
    if (desk_choose(c->settings, c->desk_name, &kind, &why, &e)) {
        check_error(k, "desk", &e);
        return;
    }
    where_text(c, kind, where, sizeof where);
    check_add(k, CHECK_OK, "desk", NULL, "%s (%s), %s", desk_kind_name(kind), why, where);
    if (desk_is_private(c->settings, kind)) {
        bool recorded = false;
        if (!check_cluster(c, k))
            return;
        if (desk_recorded(c->settings, kind, &recorded, NULL, 0, &e) == OK && !recorded) {
            check_add(k, CHECK_WARN, "database", "`quorum db setup` makes it",
                      "the %s desk was not opened from here yet", desk_kind_name(kind));
            return;
        }
    }
    struct desk_options o = call_desk_options(c);
    o.any_schema = true;
    int64_t start = time_monotonic_us();
    if (call_desk_with(c, &o, &e)) {
        check_error(k, "database", &e);
        return;
    }
    check_add(k, CHECK_OK, "database", NULL, "%s, reached in %.1f ms", where,
              (double)(time_monotonic_us() - start) / 1e3);
    *opened = true;
}

void check_desk_database(struct call *c, struct checks *k)
{
    struct verify_options o = {.loop = c->loop, .db = c->desk->db, .conninfo = c->desk->conninfo};
    verify_database(k, &o);
}

void check_audit(struct desk *d, struct checks *k)
{
    struct audit_state st;
    struct error e = {0};
    if (audit_check(d, &st, &e))
        check_error(k, "audit", &e);
    else if (st.bad_id)
        check_add(k, CHECK_FAIL, "audit", "quorum audit verify", "row %" PRId64 ": %s", st.bad_id,
                  st.problem);
    else if (*st.unaudited)
        check_add(k, CHECK_FAIL, "audit", "quorum audit verify",
                  "a parameter was changed past the program: no audited act made %s", st.unaudited);
    else
        check_add(k, CHECK_OK, "audit", NULL, "%" PRId64 " rows, the chain is intact", st.rows);
}

/* 5 and 5.00 are the same budget. */
static bool same_value(const struct setting *row, const char *a, const char *b)
{
    int64_t x, y;
    if (row->type == SET_DECIMAL && decimal_parse(a, row->decimals, &x) &&
        decimal_parse(b, row->decimals, &y))
        return x == y;
    return strcmp(a, b) == 0;
}

bool setting_difference(const struct desk *d, enum setting_id id, char *dst, size_t size)
{
    const struct setting *row = setting_row(id);
    enum setting_origin origin = settings_origin(d->settings, id);
    if (row->scope != SCOPE_DESK || origin == FROM_DEFAULT || !d->in_force[id].value)
        return false;
    const char *own = settings_text(d->settings, id), *desk = d->in_force[id].value;
    if (same_value(row, own, desk))
        return false;
    char at[33];
    int64_t t = TIME_NONE;
    (void)time_parse(d->in_force[id].set_at, &t);
    struct buf b = {0};
    buf_printf(&b, "%s %s, desk %s set by %s %s",
               origin == FROM_ENVIRONMENT ? "env" : setting_origin_text(origin), own, desk,
               d->in_force[id].set_by, when_print(at, t, WHEN_SHORT));
    copy_text(dst, size, buf_text(&b));
    buf_release(&b);
    return true;
}

static void print_text(struct call *c, const struct checks *k)
{
    for (size_t i = 0; i < k->n; i++) {
        const struct check *r = &k->row[i];
        out_line(c->out, "%-4s  %-13s %s%s%s", check_state_name(r->state), r->name, r->detail,
                 r->cure ? ": " : "", r->cure ? r->cure : "");
    }
    size_t warnings = checks_count(k, CHECK_WARN), failures = checks_count(k, CHECK_FAIL);
    out_line(c->out, "%zu ok, %zu warning%s, %zu failure%s", checks_count(k, CHECK_OK), warnings,
             warnings == 1 ? "" : "s", failures, failures == 1 ? "" : "s");
}

static void print_rows(struct call *c, const struct checks *k)
{
    static const struct column column[] = {{"check", "CHECK", COLUMN_TEXT},
                                           {"state", "STATE", COLUMN_TEXT},
                                           {"detail", "DETAIL", COLUMN_TEXT},
                                           {"cure", "CURE", COLUMN_TEXT}};
    struct table t;
    table_begin(&t, column, ARRAY_LEN(column));
    for (size_t i = 0; i < k->n; i++) {
        const struct check *r = &k->row[i];
        const char *cell[] = {r->name, check_state_name(r->state), r->detail, r->cure};
        table_row(&t, cell);
    }
    table_end(&t, c->out, "");
}

void checks_print(struct call *c, struct checks *k)
{
    if (c->out->format == OUTPUT_TEXT)
        print_text(c, k);
    else
        print_rows(c, k);
    if (checks_count(k, CHECK_FAIL))
        c->exit_status = ERR_FAILED;
    checks_release(k);
}

const char *adopt_cure(enum setting_id id, char *dst, size_t size)
{
    if (id == SETTING_PORTFOLIO)
        copy_text(dst, size, "the desk keeps the cash it started with; the next desk takes this");
    else
        snprintf(dst, size, "to take it over: quorum settings adopt %s", setting_row(id)->name);
    return dst;
}

void open_made_desk(struct call *c, char *why, size_t size)
{
    struct error e = {0};
    enum desk_kind k;
    struct cluster_status st;
    struct buf b = {0};
    bool recorded = false;
    if (desk_choose(c->settings, c->desk_name, &k, NULL, &e) ||
        desk_recorded(c->settings, k, &recorded, NULL, 0, &e)) {
        buf_printf(&b, "%s", e.text);
    } else if (!recorded || (desk_is_private(c->settings, k) &&
                             (inspect_cluster(c->settings, &st, &e) || !st.exists))) {
        buf_printf(&b, "the %s desk was not opened yet", desk_kind_name(k));
    } else if (call_desk(c, &e)) {
        buf_printf(&b, "the %s desk cannot be opened (%s)", desk_kind_name(k), e.text);
        desk_close(c->desk);
        c->desk = NULL;
    }
    copy_text(why, size, buf_text(&b));
    buf_release(&b);
}
