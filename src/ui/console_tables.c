/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's tables as text: keys, commands, a theme. Nothing is opened for them. */
#include <stdio.h>
#include <string.h>

#include "quorum/text.h"
#include "ui/console_keys.h"
#include "ui/console_run.h"
#include "ui/console_verbs.h"

/* Where a layer's keys count, in the words of "bind". */
static const char *where_of(const struct key_layer *l)
{
    struct user_key k = {.panel = l->panel, .detail = l->detail};
    return user_key_where(&k);
}

static void put_key(struct output *o, const char *where, const char *key, const char *command,
                    const char *what)
{
    struct buf line = {0};
    buf_printf(&line, "%-12s %-7s %-28s", where, key, *command ? command : "none");
    if (*what)
        buf_printf(&line, "  %s", what);
    while (line.len > 0 && line.data[line.len - 1] == ' ')
        line.data[--line.len] = '\0';
    out_line(o, "%s", buf_text(&line));
    buf_release(&line);
}

/* The person's first: they win. */
static void keys_table(const struct console *c, struct output *o)
{
    const struct key_layer *l;
    for (size_t i = 0; i < c->keys.n; i++) {
        const struct user_key *k = &c->keys.key[i];
        put_key(o, user_key_where(k), k->name, k->command, "(bound by you)");
    }
    for (size_t i = 0; (l = console_keys_layer(i)); i++)
        for (const struct key_binding *b = l->binding; b->key; b++)
            put_key(o, where_of(l), b->key, b->command, b->help ? b->help : "");
}

static void commands_table(struct output *o)
{
    for (const struct command *k = NULL; (k = command_next(k));) {
        char usage[200];
        snprintf(usage, sizeof usage, "%s%s%s", k->name, k->usage && *k->usage ? " " : "",
                 k->usage ? k->usage : "");
        const char *kind = !console_runs(k->name) ? "shell"
                           : k->level == 3        ? "word"
                           : k->level == 2        ? "asks"
                           : k->acts              ? "acts"
                                                  : "looks";
        out_line(o, "%-6s %-44s  %s", kind, usage, k->help);
    }
}

static void put_ink(struct buf *b, const struct ink *look)
{
    static const struct {
        uint8_t bit;
        const char *word;
    } words[] = {{LOOK_BOLD, "bold"},
                 {LOOK_DIM, "dim"},
                 {LOOK_UNDERLINE, "underline"},
                 {LOOK_REVERSE, "reverse"},
                 {LOOK_ITALIC, "italic"}};
    int color[2] = {look->fg, look->bg};
    int n = look->bg != COLOR_OF_TERMINAL || look->attrs ? 2 : 1;
    for (int i = 0; i < n; i++) {
        buf_str(b, i ? ", " : "");
        if (color[i] == COLOR_OF_TERMINAL)
            buf_str(b, "default");
        else
            buf_int(b, color[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (look->attrs & words[i].bit)
            buf_printf(b, ", %s", words[i].word);
}

/* As a theme file that says all of it: a beginning for one's own. */
static enum err theme_table(struct console *c, struct output *o, struct error *e)
{
    static const char *const depths[] = {
        [DEPTH_MONO] = "mono", [DEPTH_8] = "8", [DEPTH_16] = "16", [DEPTH_256] = "256"};
    enum depth depth;
    struct theme t;
    theme_depth(256, c->options->color, NULL, &depth);
    theme_load(&t, c->theme_name, c->theme_dir, depth, e);
    out_line(o, "# %s", t.name);
    out_line(o, "depth = %s", depths[depth]);
    for (int i = 0; i < TOKEN_COUNT; i++) {
        struct buf line = {0};
        buf_printf(&line, "%s = ", token_name((enum token)i));
        put_ink(&line, &t.look[i]);
        out_line(o, "%s", buf_text(&line));
        buf_release(&line);
    }
    return e->kind;
}

static void say_mistake(void *arg, const struct error *e)
{
    char line[ERROR_LINE_MAX];
    out_line(arg, "%s", error_line(line, e));
}

enum err verb_theme_lint(struct call *call, struct error *e)
{
    size_t n = theme_lint(call->arg[0], say_mistake, call->out);
    if (n == 0)
        out_line(call->out, "nothing is wrong with it");
    if (n == 0)
        return OK;
    return err_set(e, ERR_FAILED, "%zu mistake%s in the theme", n, n == 1 ? "" : "s");
}

enum err console_tables(struct console *c, struct error *e)
{
    struct output *o = c->call->out;
    if (c->options->dump_keys)
        keys_table(c, o);
    if (c->options->dump_commands)
        commands_table(o);
    return c->options->dump_theme ? theme_table(c, o, e) : OK;
}
