/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about the program itself. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/doctor.h"

#ifndef QUORUM_VERSION
#define QUORUM_VERSION "unknown"
#endif

static enum err run_version(struct call *c, struct error *e)
{
    (void)e;
    if (c->out->format == OUTPUT_TEXT) {
        out_line(c->out, "quorum %s", QUORUM_VERSION);
        out_line(c->out, "License GPL-3.0-or-later: free software, without any warranty.");
        return OK;
    }
    static const struct column column[] = {{"version", "VERSION", COLUMN_TEXT},
                                           {"license", "LICENSE", COLUMN_TEXT}};
    const char *cell[] = {QUORUM_VERSION, "GPL-3.0-or-later"};
    struct table t;
    table_begin(&t, column, ARRAY_LEN(column));
    table_row(&t, cell);
    table_end(&t, c->out, "");
    return OK;
}

/* "db psql" from the words; false when they are longer than any name. */
static bool join_words(const struct call *c, char *dst, size_t size)
{
    struct buf b = {0};
    for (int i = 0; i < c->nargs; i++)
        buf_printf(&b, "%s%s", i ? " " : "", c->arg[i]);
    bool fits = copy_text(dst, size, buf_text(&b));
    buf_release(&b);
    return fits;
}

static bool belongs_to(const struct command *k, const char *group_word)
{
    size_t n = strlen(group_word);
    return strncmp(k->name, group_word, n) == 0 && k->name[n] == ' ';
}

/* "help db" and the two-word neighbours of "settings". Returns how many there are. */
static int list_of(const char *word, struct buf *out)
{
    int n = 0;
    for (const struct command *k = NULL; (k = command_next(k));) {
        if (!belongs_to(k, word))
            continue;
        buf_printf(out, "  %-16s %s\n", k->name, k->help);
        n++;
    }
    return n;
}

static const struct command *find_command(struct call *c, int *used, struct error *e)
{
    char *argv[CALL_ARGS_MAX + 2] = {(char *)"quorum"};
    struct output unused = {0};
    struct call asked = {.out = &unused};
    int argc = 1;
    for (int i = 0; i < c->nargs; i++)
        argv[argc++] = (char *)c->arg[i];
    argv[argc++] = (char *)"--help";
    /* What the words after the name are worth does not matter here. */
    if (command_parse(&asked, argc, argv, e) && !asked.command)
        return NULL;
    *used = strchr(asked.command->name, ' ') ? 2 : 1;
    return asked.command;
}

static void help_table(struct output *o)
{
    static const struct column column[] = {{"command", "COMMAND", COLUMN_TEXT},
                                           {"usage", "USAGE", COLUMN_TEXT},
                                           {"group", "GROUP", COLUMN_TEXT},
                                           {"confirmation", "CONFIRMATION", COLUMN_NUMBER},
                                           {"help", "HELP", COLUMN_TEXT}};
    struct table t;
    table_begin(&t, column, ARRAY_LEN(column));
    for (const struct command *k = NULL; (k = command_next(k));) {
        char level[12];
        snprintf(level, sizeof level, "%d", k->level);
        const char *cell[] = {k->name, k->usage, k->group, level, k->help};
        table_row(&t, cell);
    }
    table_end(&t, o, "");
}

static enum err run_help(struct call *c, struct error *e)
{
    char words[80];
    int used;
    struct buf list = {0};
    err_clear(e);
    if (c->out->format != OUTPUT_TEXT) {
        help_table(c->out);
        return OK;
    }
    if (c->nargs == 0) {
        command_overview(&c->out->text);
        return OK;
    }
    int found = join_words(c, words, sizeof words) ? list_of(words, &list) : 0;
    const struct command *k = find_command(c, &used, e);
    if (k) {
        err_clear(e);
        command_help(k, &c->out->text);
    }
    if (found) {
        err_clear(e);
        buf_printf(&c->out->text, "%squorum %s ...\n%s", k ? "\n" : "", words, buf_text(&list));
    }
    buf_release(&list);
    return e->kind;
}

static const char *const help_also[] = {"h", NULL};

const struct command program_commands[] = {
    {.name = "doctor",
     .group = "Program",
     .usage = "",
     .help = "check settings, database, services and disk, with cures",
     .details = "One line a check: ok, warn or FAIL. Exit status 1 when one failed. Keys are "
                "never shown.",
     .without_settings = true,
     .run = run_doctor},
    {.name = "help",
     .aliases = help_also,
     .group = "Program",
     .usage = "[COMMAND]",
     .help = "this overview, or all about one command",
     .max_args = -1,
     .without_settings = true,
     .run = run_help},
    {.name = "version",
     .group = "Program",
     .usage = "",
     .help = "version and licence",
     .without_settings = true,
     .run = run_version},
    {.name = NULL},
};
