/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `settings`: works without a database, and makes none. */
#include "core/command/cmd_settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/command/checks.h"
#include "core/command/figures.h"
#include "quorum/text.h"

/* One setting as it is shown. Texts live in the arena. */
struct shown {
    const char *value, *origin, *file, *set_by, *set_at;
    const char *difference; /* NULL: none */
    bool secret;            /* the value is "present" or "absent" */
};

/* scheme://user:password@host: what stands before the @ is nobody's business. */
static const char *without_login(struct arena *a, const char *url)
{
    const char *scheme = strstr(url, "://"), *at;
    if (!scheme)
        return url;
    size_t authority = strcspn(scheme + 3, "/?#");
    at = memchr(scheme + 3, '@', authority);
    return at ? arena_printf(a, "%.*s://...%s", (int)(scheme - url), url, at) : url;
}

static const char *process_value(struct arena *a, const struct settings *s, enum setting_id id)
{
    const struct setting *row = setting_row(id);
    const char *value = settings_text(s, id);
    struct db_where w;
    struct error unused;
    if (id == SETTING_HOME)
        return settings_home(s); /* its default depends on the user */
    if (!value)
        return row->secret ? "absent" : NULL;
    if (row->secret && row->type == SET_URL && db_where(value, &w, &unused) == OK)
        return arena_printf(a, "%s@%s:%s/%s", w.user, *w.host ? w.host : "(socket)", w.port,
                            w.database);
    if (row->secret)
        return "present";
    return row->type == SET_URL ? without_login(a, value) : value;
}

static struct shown look_up(struct arena *a, const struct call *c, enum setting_id id)
{
    char text[600];
    const struct settings *s = c->settings;
    struct shown v = {.value = process_value(a, s, id),
                      .origin = setting_origin_text(settings_origin(s, id)),
                      .file = settings_origin_path(s, id),
                      .secret = setting_row(id)->secret};
    if (c->desk && c->desk->in_force[id].value) {
        v.value = c->desk->in_force[id].value;
        v.origin = setting_origin_text(FROM_DESK);
        v.file = "";
        v.set_by = c->desk->in_force[id].set_by;
        v.set_at = c->desk->in_force[id].set_at;
        if (setting_difference(c->desk, id, text, sizeof text))
            v.difference = arena_text(a, text);
    }
    return v;
}

static void add_rows(struct call *c, const enum setting_id *id, size_t n)
{
    static const struct column column[] = {
        {"name", "NAME", COLUMN_TEXT},       {"value", "VALUE", COLUMN_TEXT},
        {"origin", "FROM", COLUMN_TEXT},     {"file", "FILE", COLUMN_TEXT},
        {"scope", "SCOPE", COLUMN_TEXT},     {"secret", "SECRET", COLUMN_FLAG},
        {"default", "DEFAULT", COLUMN_TEXT}, {"set_by", "SET BY", COLUMN_TEXT},
        {"set_at", "SET AT", COLUMN_TIME},   {"difference", "DIFFERENCE", COLUMN_TEXT},
        {"help", "HELP", COLUMN_TEXT}};
    struct arena a = {0};
    struct table t;
    table_begin(&t, column, ARRAY_LEN(column));
    for (size_t i = 0; i < n; i++) {
        const struct setting *row = setting_row(id[i]);
        struct shown v = look_up(&a, c, id[i]);
        const char *cell[] = {row->name,
                              v.value,
                              v.origin,
                              *v.file ? v.file : NULL,
                              row->scope == SCOPE_DESK ? "desk" : "process",
                              v.secret ? "true" : "false",
                              row->fallback,
                              v.set_by,
                              v.set_at,
                              v.difference,
                              row->help};
        table_row(&t, cell);
    }
    table_end(&t, c->out, "");
    arena_release(&a);
}

static const char *from_text(struct arena *a, const struct shown *v)
{
    char at[48];
    if (v->set_by)
        return arena_printf(a, "desk, set by %s %s", v->set_by,
                            stored_tell(at, v->set_at, WHEN_MINUTE));
    return *v->file ? v->file : v->origin;
}

static void list_text(struct call *c, enum setting_scope scope)
{
    static const struct column column[] = {{"name", "NAME", COLUMN_TEXT},
                                           {"value", "VALUE", COLUMN_TEXT},
                                           {"origin", "FROM", COLUMN_TEXT}};
    struct arena a = {0};
    struct table t;
    table_begin(&t, column, ARRAY_LEN(column));
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        struct shown v = look_up(&a, c, id);
        const char *cell[] = {setting_row(id)->name, v.value, from_text(&a, &v)};
        if (setting_row(id)->scope == scope)
            table_row(&t, cell);
    }
    table_end(&t, c->out, "");
    arena_release(&a);
}

static void say_differences(struct call *c)
{
    char text[600], cure[160];
    for (int i = 0; c->desk && i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        const char *name = setting_row(id)->name;
        if (setting_difference(c->desk, id, text, sizeof text))
            out_line(c->out, "\n%s: %s\n  %s", name, text, adopt_cure(id, cure, sizeof cure));
    }
}

static const char *range_text(struct arena *a, const struct setting *row)
{
    if (row->type == SET_BOOL)
        return "true or false";
    if (row->type == SET_INT)
        return arena_printf(a, "whole number from %.0f to %.0f", row->min, row->max);
    if (row->type == SET_DECIMAL)
        return arena_printf(a, "number from %.10g to %.10g", row->min, row->max);
    return row->type == SET_URL ? "URL" : row->type == SET_WORDS ? "words" : "text";
}

static void one_text(struct call *c, enum setting_id id)
{
    const struct setting *row = setting_row(id);
    struct arena a = {0};
    struct shown v = look_up(&a, c, id);
    out_line(c->out, "%s = %s", row->name, v.value ? v.value : "(not set)");
    out_line(c->out, "  %s", row->help);
    out_line(c->out, "  from     %s", from_text(&a, &v));
    out_line(c->out, "  scope    %s", row->scope == SCOPE_DESK ? "the desk" : "this process");
    out_line(c->out, "  allowed  %s", range_text(&a, row));
    out_line(c->out, "  default  %s", row->fallback ? row->fallback : "none");
    arena_release(&a);
    if (v.difference)
        say_differences(c);
}

static enum err find_setting(const char *name, enum setting_id *out, struct error *e)
{
    char upper[80];
    const char *best = NULL;
    size_t distance = 12;
    copy_text(upper, sizeof upper, name);
    for (char *p = upper; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    if (setting_find(upper, out))
        return OK;
    for (int i = 0; i < SETTING_COUNT; i++) {
        const char *other = setting_row((enum setting_id)i)->name;
        size_t d = text_distance(upper, other);
        /* "budget" means the only name that has it in it. */
        if (strlen(upper) >= 3 && strstr(other, upper))
            d = 1;
        if (d < distance) {
            distance = d;
            best = other;
        }
    }
    err_set(e, ERR_USAGE, "there is no setting \"%s\"", name);
    return best ? err_fix(e, "did you mean %s? quorum settings lists all", best)
                : err_fix(e, "quorum settings lists all");
}

enum err run_settings(struct call *c, struct error *e)
{
    enum setting_id id[SETTING_COUNT];
    size_t n = SETTING_COUNT;
    char why[700] = "";
    for (int i = 0; i < SETTING_COUNT; i++)
        id[i] = (enum setting_id)i;
    if (c->nargs == 1) {
        n = 1;
        if (find_setting(c->arg[0], &id[0], e))
            return e->kind;
    }
    if (n > 1 || setting_row(id[0])->scope == SCOPE_DESK)
        open_made_desk(c, why, sizeof why);
    if (c->out->format != OUTPUT_TEXT) {
        add_rows(c, id, n);
        if (*why)
            call_warn(c, "%s: desk-wide settings are those it would begin with", why);
        return OK;
    }
    if (n == 1) {
        one_text(c, id[0]);
    } else {
        out_line(c->out, "This process");
        list_text(c, SCOPE_PROCESS);
        if (c->desk)
            out_line(c->out, "\nThe %s desk", desk_kind_name(c->desk->kind));
        else
            out_line(c->out, "\nThe desk");
        list_text(c, SCOPE_DESK);
        say_differences(c);
    }
    if (*why)
        out_line(c->out, "%s%s: desk-wide settings are those it would begin with",
                 n == 1 ? "  " : "\n", why);
    return OK;
}

enum err check_settings_adopt(const struct call *c, struct error *e)
{
    enum setting_id id;
    if (find_setting(c->arg[0], &id, e))
        return e->kind;
    const struct setting *row = setting_row(id);
    if (row->scope != SCOPE_DESK) {
        err_set(e, ERR_USAGE, "%s is this process's own: it holds as soon as it is set", row->name);
        return err_fix(e, "quorum settings %s", row->name);
    }
    if (id == SETTING_PORTFOLIO) {
        err_set(e, ERR_POLICY,
                "%s is the cash a desk starts with: that of a desk that was opened does not change",
                row->name);
        return err_fix(e, "desk reset opens a desk anew, with the value set then");
    }
    if (settings_origin(c->settings, id) == FROM_DEFAULT) {
        err_set(e, ERR_USAGE, "nothing sets %s here, so there is no value to take over", row->name);
        return err_fix(e, "set it in the environment or in .env first");
    }
    return OK;
}

enum err run_settings_adopt(struct call *c, struct error *e)
{
    enum setting_id id;
    char text[600];
    if (find_setting(c->arg[0], &id, e) || call_desk(c, e))
        return e->kind;
    const struct setting *row = setting_row(id);
    const char *desk = desk_kind_name(c->desk->kind);
    if (!setting_difference(c->desk, id, text, sizeof text)) {
        out_line(c->out, "%s desk: %s is %s already", desk, row->name, desk_text(c->desk, id));
        return OK;
    }
    if (desk_adopt(c->desk, id, e))
        return e->kind;
    out_line(c->out, "%s desk: %s is %s now, was %s", desk, row->name,
             settings_text(c->settings, id), desk_text(c->desk, id));
    return OK;
}

/* ---- settings init */

static void env_setting(struct buf *b, enum setting_id id)
{
    const struct setting *row = setting_row(id);
    const char *value = row->fallback ? row->fallback : "";
    const char *quote = strpbrk(value, " #") ? "\"" : "";
    buf_printf(b, "\n# %s\n", row->help);
    /* An empty value counts as not set, so a secret needs only to be filled in. */
    if (row->secret)
        buf_printf(b, "%s=\n", row->name);
    else
        buf_printf(b, "#%s=%s%s%s\n", row->name, quote, value, quote);
}

static void env_text(struct buf *b)
{
    static const struct {
        const char *title;
        enum setting_scope scope;
        bool secret;
    } part[] = {
        {"Keys and logins. A login is postgresql://USER:PASSWORD@HOST:5432/DATABASE.",
         SCOPE_PROCESS, true},
        {"Of each process.", SCOPE_PROCESS, false},
        {"Of the desk: taken when it is first opened, later by `quorum settings adopt NAME`.",
         SCOPE_DESK, false},
    };
    buf_str(b,
            "# Settings of quorum. Lines that begin with # hold defaults. This file is read from "
            "the\n# working directory and must be readable by you alone (chmod 600).\n");
    for (size_t p = 0; p < ARRAY_LEN(part); p++) {
        buf_printf(b, "\n# ---- %s\n", part[p].title);
        for (int i = 0; i < SETTING_COUNT; i++) {
            const struct setting *row = setting_row((enum setting_id)i);
            if (row->scope == part[p].scope && row->secret == part[p].secret)
                env_setting(b, (enum setting_id)i);
        }
    }
}

enum err run_settings_init(struct call *c, struct error *e)
{
    char cwd[400];
    struct buf b = {0};
    if (!getcwd(cwd, sizeof cwd))
        return err_set(e, ERR_FAILED, "no working directory: %s", strerror(errno));
    int fd = open(".env", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) {
        err_set(e, ERR_CONFLICT, "%s/.env is there already; nothing was written", cwd);
        return err_fix(e, "move it away, or edit it");
    }
    if (fd < 0)
        return err_set(e, ERR_FAILED, "cannot write %s/.env: %s", cwd, strerror(errno));
    env_text(&b);
    bool done = fchmod(fd, 0600) == 0 && write(fd, b.data, b.len) == (ssize_t)b.len;
    int why = errno;
    if (close(fd) < 0 && done) {
        done = false;
        why = errno;
    }
    buf_release(&b);
    if (!done) {
        unlink(".env");
        return err_set(e, ERR_FAILED, "cannot write %s/.env: %s", cwd, strerror(why));
    }
    out_line(c->out, "wrote %s/.env, readable by you alone; fill in what you have", cwd);
    return OK;
}
