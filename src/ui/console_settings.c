/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of options, and the verbs set, get, toggle and save. A line of the file is
 * "NAME = VALUE", "bind [WHERE] KEY = COMMAND", a comment (# or ;) or blank; it is read when the
 * console starts, and save changes only the lines of options. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "quorum/text.h"
#include "ui/console_run.h"
#include "ui/console_verbs.h"

enum { NAME_MAX_BYTES = 64, FILE_BYTES_MAX = 64 << 10 };

/* ---- the file */

static void file_of(const struct console *c, char path[640])
{
    snprintf(path, 640, "%s/console", c->config_dir);
}

/* All of the file, "" when there is none. */
static enum err read_file(const struct console *c, struct buf *out, struct error *e)
{
    char path[640], piece[4096];
    file_of(c, path);
    FILE *f = fopen(path, "re");
    if (!f && errno == ENOENT)
        return OK;
    if (!f) {
        err_set(e, ERR_USAGE, "console options cannot be read: %s", strerror(errno));
        return err_code(e, "E60");
    }
    out->max = FILE_BYTES_MAX;
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_add(out, piece, n);
    fclose(f);
    if (!out->overflow)
        return OK;
    err_set(e, ERR_USAGE, "the file of console options is longer than %d bytes", FILE_BYTES_MAX);
    return err_code(e, "E60");
}

/* "NAME = VALUE" cut into its parts, blanks around them dropped; false when it is not that. */
static bool split_line(const char *line, char name[NAME_MAX_BYTES], char value[NAME_MAX_BYTES])
{
    const char *equals = strchr(line, '=');
    const char *from = line + strspn(line, " \t"), *to = equals;
    if (!equals || equals == from)
        return false;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    bool fits = copy_bytes(name, NAME_MAX_BYTES, from, (size_t)(to - from));
    from = equals + 1 + strspn(equals + 1, " \t");
    to = from + strlen(from);
    while (to > from && strchr(" \t\r", to[-1]))
        to--;
    fits &= copy_bytes(value, NAME_MAX_BYTES, from, (size_t)(to - from));
    return fits && !strpbrk(name, " \t");
}

static bool is_blank_or_comment(const char *line)
{
    const char *first = line + strspn(line, " \t\r");
    return *first == '\0' || *first == '#' || *first == ';';
}

static enum err take_line(struct console *c, const char *line, struct error *e)
{
    char name[NAME_MAX_BYTES], value[NAME_MAX_BYTES];
    const char *first = line + strspn(line, " \t");
    if (is_blank_or_comment(line))
        return OK;
    if (strncmp(first, "bind ", 5) == 0)
        return user_keys_bind(&c->keys, first + 5, e);
    if (split_line(line, name, value))
        return console_set(c, name, value, e);
    err_set(e, ERR_USAGE, "this is not NAME = VALUE");
    return err_fix(e, "or: bind [WHERE] KEY = COMMAND");
}

/* What is told at once is the first mistake and how many there are; :errors has each. */
enum err console_settings_load(struct console *c, struct error *e)
{
    struct buf text = {0};
    char told[ERROR_LINE_MAX];
    int wrong = 0, number = 0;
    enum err result = read_file(c, &text, e);
    for (size_t i = 0; i < text.len; i++) /* only its own line is wrong for it */
        text.data[i] = text.data[i] ? text.data[i] : '\x7f';
    if (!result && text.len > 0) {
        char *copy = mem_text(buf_text(&text)), *next = copy, *line;
        while ((line = strsep(&next, "\n"))) {
            struct error odd = {0};
            number++;
            if (take_line(c, line, &odd) == OK)
                continue;
            struct error line_odd = {0};
            err_set(&line_odd, ERR_USAGE, "console options line %d: %s", number, odd.text);
            err_code(&line_odd, "E60");
            err_fix(&line_odd, "%s", odd.fix);
            if (wrong++ == 0)
                *e = line_odd;
            else
                console_keep_said(c, TOAST_WARN, error_line(told, &line_odd));
        }
        mem_free(copy);
    }
    if (wrong > 1)
        err_fix(e, "%d more line%s wrong, see :errors", wrong - 1, wrong > 2 ? "s are" : " is");
    buf_release(&text);
    return e->kind;
}

/* The file as it is, its lines of options set to what is in force; new ones at the end. */
static void write_options(const struct console *c, const char *before, struct buf *out, int *kept)
{
    bool written[OPTION_COUNT] = {false};
    char *copy = mem_text(before), *next = copy, *line, text[48];
    while ((line = strsep(&next, "\n"))) {
        char name[NAME_MAX_BYTES], value[NAME_MAX_BYTES];
        enum option_id id;
        bool option = !is_blank_or_comment(line) && split_line(line, name, value) &&
                      console_option_find(name, &id);
        if (!option && (*line || next))
            buf_printf(out, "%s\n", line);
        if (!option || written[id] || console_option_is_usual(c, id))
            continue;
        buf_printf(out, "%s = %s\n", name, console_get(c, id, text));
        written[id] = true;
        ++*kept;
    }
    for (int id = 0; id < OPTION_COUNT; id++) {
        const char *values, *help;
        if (written[id] || console_option_is_usual(c, (enum option_id)id))
            continue;
        buf_printf(out, "%s = %s\n", console_option((size_t)id, &values, &help),
                   console_get(c, (enum option_id)id, text));
        ++*kept;
    }
    mem_free(copy);
}

/* ---- the verbs */

static enum err tell(struct console *c, enum option_id id)
{
    const char *values, *help, *name = console_option((size_t)id, &values, &help);
    char text[48];
    console_say(c, TOAST_OK, "%s=%s  (%s)", name, console_get(c, id, text), help);
    return OK;
}

enum err verb_set(struct call *call, struct error *e)
{
    struct console *c = call->console;
    char name[NAME_MAX_BYTES], value[NAME_MAX_BYTES];
    const char *equals = strchr(call->arg[0], '=');
    enum option_id id;
    copy_bytes(name, sizeof name, call->arg[0],
               equals ? (size_t)(equals - call->arg[0]) : strlen(call->arg[0]));
    copy_text(value, sizeof value, equals ? equals + 1 : call->nargs > 1 ? call->arg[1] : "");
    bool asks = !equals && call->nargs < 2 && console_option_find(name, &id);
    if (!asks && console_set(c, name, value, e))
        return e->kind;
    return console_option_find(name, &id) ? tell(c, id) : OK;
}

enum err verb_get(struct call *call, struct error *e)
{
    enum option_id id;
    if (call->nargs && !console_option_find(call->arg[0], &id))
        return console_set(call->console, call->arg[0], "", e);
    if (call->nargs)
        return tell(call->console, id);
    for (int i = 0; i < OPTION_COUNT; i++) {
        const char *values, *help, *name = console_option((size_t)i, &values, &help);
        char text[48];
        out_line(call->out, "%-18s %-14s %-28s %s", name,
                 console_get(call->console, (enum option_id)i, text), values, help);
    }
    return OK;
}

/* The word behind the one it has, the first behind the last. */
enum err verb_toggle(struct call *call, struct error *e)
{
    struct console *c = call->console;
    char text[48], value[48];
    const char *values = "", *help = "", *now;
    enum option_id id;
    if (!console_option_find(call->arg[0], &id))
        return console_set(c, call->arg[0], "", e);
    console_option((size_t)id, &values, &help);
    if (id == OPTION_THEME || strstr(values, "..")) {
        err_set(e, ERR_USAGE, "%s has no other value", call->arg[0]);
        return err_fix(e, "set %s=VALUE", call->arg[0]);
    }
    now = console_get(c, id, text);
    const char *next = values;
    for (const char *p = values; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        bool here = strlen(now) == n && strncmp(p, now, n) == 0;
        p += n;
        if (here && *p)
            next = p + 1;
    }
    copy_bytes(value, sizeof value, next, strcspn(next, " "));
    return console_set(c, call->arg[0], value, e) ? e->kind : tell(c, id);
}

enum err verb_save(struct call *call, struct error *e)
{
    struct console *c = call->console;
    struct buf before = {0}, text = {0};
    char path[640], fresh[660];
    int n = 0;
    file_of(c, path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    if (read_file(c, &before, e) == OK && strlen(buf_text(&before)) != before.len) {
        err_set(e, ERR_USAGE, "the file of console options is no text: it is not written over");
        err_code(e, "E60");
    }
    if (!e->kind) {
        write_options(c, buf_text(&before), &text, &n);
        mkdir(c->config_dir, 0700);
        if (console_write_file(fresh, buf_text(&text), text.len, true, e) == OK &&
            rename(fresh, path) != 0)
            err_set(e, ERR_FAILED, "%.200s cannot be written: %s", path, strerror(errno));
    }
    if (!e->kind)
        console_say(c, TOAST_OK, "%d option%s kept in %s", n, n == 1 ? "" : "s", path);
    buf_release(&before);
    buf_release(&text);
    return e->kind;
}
