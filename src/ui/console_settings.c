/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's options: the verbs set, get, toggle and save, and their file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "quorum/text.h"
#include "ui/console_run.h"
#include "ui/console_verbs.h"

enum { VALUE_MAX = 64, FILE_LINE_MAX = 200 };

static const char *const layout_names[] = {"auto", "compact", "std", "wide", "max"};

static const char *get_layout(const struct console *c)
{
    return layout_names[c->view.forced];
}

static bool set_layout(struct console *c, const char *value)
{
    for (size_t i = 0; i < ARRAY_LEN(layout_names); i++) {
        if (strcmp(layout_names[i], value) == 0) {
            c->view.forced = (enum size_class)i;
            return true;
        }
    }
    return false;
}

static const char *get_theme(const struct console *c)
{
    return c->theme_name;
}

/* An unknown name is told and dark is taken; that is no error of the option. */
static bool set_theme(struct console *c, const char *value)
{
    if (strlen(value) > THEME_NAME_MAX || strchr(value, '/'))
        return false;
    if (c->screen)
        console_load_theme(c, value);
    else
        copy_text(c->theme_name, sizeof c->theme_name, value);
    return true;
}

static const char *get_tz(const struct console *c)
{
    return c->view.exchange_time ? "exchange" : "utc";
}

static bool set_tz(struct console *c, const char *value)
{
    bool exchange = strcmp(value, "exchange") == 0;
    if (!exchange && strcmp(value, "utc") != 0)
        return false;
    c->view.exchange_time = exchange;
    if (c->loader)
        loader_zone(c->loader, exchange ? "" : "UTC");
    return true;
}

static const char *on_off(bool on)
{
    return on ? "on" : "off";
}

static bool parse_on_off(const char *value, bool *out)
{
    *out = strcmp(value, "on") == 0;
    return *out || strcmp(value, "off") == 0;
}

static const char *get_mouse(const struct console *c)
{
    return on_off(c->mouse);
}

static bool set_mouse(struct console *c, const char *value)
{
    if (!parse_on_off(value, &c->mouse))
        return false;
    if (c->screen)
        screen_mouse(c->screen, c->mouse);
    return true;
}

static const char *get_bell(const struct console *c)
{
    return on_off(c->bell);
}

static bool set_bell(struct console *c, const char *value)
{
    return parse_on_off(value, &c->bell);
}

/* Each is off, or the first, when nothing was said. */
static const struct option {
    const char *name, *values, *help;
    const char *(*get)(const struct console *c);
    bool (*set)(struct console *c, const char *value);
} options[] = {
    {"bell", "on off", "ring when something needs you", get_bell, set_bell},
    {"layout", "auto compact std wide max", "how many panels at once", get_layout, set_layout},
    {"mouse", "off on", "clicks and the wheel", get_mouse, set_mouse},
    {"theme", "a name", "colours", get_theme, set_theme},
    {"tz", "exchange utc", "the zone of times", get_tz, set_tz},
};
enum { OPTIONS = ARRAY_LEN(options) };

const char *console_option(size_t i, const char **values, const char **help)
{
    if (i >= OPTIONS)
        return NULL;
    *values = options[i].values;
    *help = options[i].help;
    return options[i].name;
}

static const struct option *find(const char *name, struct error *e)
{
    char shown[40];
    struct buf names = {0};
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(options[i].name, name) == 0) {
            buf_release(&names);
            return &options[i];
        }
        buf_printf(&names, " %s", options[i].name);
    }
    sanitize_line(shown, sizeof shown, untrusted(name));
    err_set(e, ERR_USAGE, "no option \"%s\"", shown);
    err_fix(e, "one of:%s", buf_text(&names));
    buf_release(&names);
    return NULL;
}

enum err console_set(struct console *c, const char *name, const char *value, struct error *e)
{
    const struct option *o = find(name, e);
    char shown[40];
    if (!o)
        return e->kind;
    if (o->set(c, value))
        return OK;
    sanitize_line(shown, sizeof shown, untrusted(value));
    err_set(e, ERR_USAGE, "%s=%s is not possible", name, shown);
    return err_fix(e, "one of: %s", o->values);
}

static enum err tell(struct console *c, const struct option *o)
{
    console_say(c, TOAST_OK, "%s=%s  (%s)", o->name, o->get(c), o->help);
    return OK;
}

enum err verb_set(struct call *call, struct error *e)
{
    char name[VALUE_MAX], value[VALUE_MAX];
    const char *equals = strchr(call->arg[0], '=');
    const struct option *o;
    copy_bytes(name, sizeof name, call->arg[0],
               equals ? (size_t)(equals - call->arg[0]) : strlen(call->arg[0]));
    copy_text(value, sizeof value, equals ? equals + 1 : call->nargs > 1 ? call->arg[1] : "");
    o = find(name, e);
    if (!o)
        return e->kind;
    if (*value && console_set(call->console, name, value, e))
        return e->kind;
    return tell(call->console, o);
}

enum err verb_get(struct call *call, struct error *e)
{
    const struct option *o;
    if (call->nargs) {
        o = find(call->arg[0], e);
        return o ? tell(call->console, o) : e->kind;
    }
    for (size_t i = 0; i < OPTIONS; i++)
        out_line(call->out, "%-8s %-14s %-28s %s", options[i].name, options[i].get(call->console),
                 options[i].help, options[i].values);
    return OK;
}

/* The value behind the one it has, the first behind the last. */
enum err verb_toggle(struct call *call, struct error *e)
{
    const struct option *o = find(call->arg[0], e);
    char value[VALUE_MAX];
    if (!o)
        return e->kind;
    if (strcmp(o->values, "a name") == 0) {
        err_set(e, ERR_USAGE, "%s has no other value", o->name);
        return err_fix(e, "set %s=NAME", o->name);
    }
    const char *now = o->get(call->console), *next = o->values;
    for (const char *p = o->values; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        bool here = strlen(now) == n && strncmp(p, now, n) == 0;
        p += n;
        if (here && *p)
            next = p + 1;
    }
    copy_bytes(value, sizeof value, next, strcspn(next, " "));
    return console_set(call->console, o->name, value, e) ? e->kind : tell(call->console, o);
}

static void file_of(const struct console *c, char path[640])
{
    snprintf(path, 640, "%s/console", c->config_dir);
}

enum err verb_save(struct call *call, struct error *e)
{
    struct console *c = call->console;
    struct buf text = {0};
    char path[640];
    int n = 0;
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strncmp(options[i].values, options[i].get(c), strlen(options[i].get(c))) == 0)
            continue; /* as it is without the file */
        buf_printf(&text, "%s = %s\n", options[i].name, options[i].get(c));
        n++;
    }
    file_of(c, path);
    mkdir(c->config_dir, 0700);
    if (console_write_file(path, buf_text(&text), text.len, true, e) == OK)
        console_say(c, TOAST_OK, "%d options kept in %s", n, path);
    buf_release(&text);
    return e->kind;
}

static enum err take_line(struct console *c, char *line, int number, struct error *e)
{
    char name[VALUE_MAX], value[VALUE_MAX], rest[2];
    struct error wrong = {0};
    if (sscanf(line, " %63[a-z.] = %63s %1s", name, value, rest) == 2) {
        if (console_set(c, name, value, &wrong) == OK || e->kind)
            return OK;
        err_set(e, ERR_USAGE, "console options, line %d: %s", number, wrong.text);
        err_code(e, "E60");
        return err_fix(e, "%s", wrong.fix);
    }
    if (line[strspn(line, " \t\r\n")] == '\0' || line[strspn(line, " \t")] == ';' || e->kind)
        return OK;
    err_set(e, ERR_USAGE, "console options, line %d is not NAME = VALUE", number);
    return err_code(e, "E60");
}

enum err console_settings_load(struct console *c, struct error *e)
{
    char path[640], line[FILE_LINE_MAX];
    file_of(c, path);
    FILE *f = fopen(path, "re");
    if (!f)
        return OK;
    for (int number = 1; fgets(line, sizeof line, f); number++)
        take_line(c, line, number, e);
    fclose(f);
    return e->kind;
}
