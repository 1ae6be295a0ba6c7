/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "quorum/command.h"

const struct command *command_next(const struct command *after)
{
    bool passed = after == NULL;
    for (size_t g = 0; command_groups[g]; g++) {
        for (const struct command *c = command_groups[g]; c->name; c++) {
            if (passed)
                return c;
            passed = c == after;
        }
    }
    return NULL;
}

static void option_lines(const struct option_row *rows, struct buf *out)
{
    for (const struct option_row *o = rows; o && o->name; o++) {
        struct buf left = {0};
        buf_printf(&left, "--%s%s%s", o->name, o->value ? "=" : "", o->value ? o->value : "");
        buf_printf(out, "  %-26s %s\n", buf_text(&left), o->help);
        buf_release(&left);
    }
}

void command_help(const struct command *c, struct buf *out)
{
    buf_printf(out, "quorum %s%s%s\n", c->name, *c->usage ? " " : "", c->usage);
    buf_printf(out, "  %s\n", c->help);
    if (c->aliases) {
        buf_str(out, "  also:");
        for (const char *const *a = c->aliases; *a; a++)
            buf_printf(out, " %s", *a);
        buf_char(out, '\n');
    }
    if (c->details)
        buf_printf(out, "\n%s\n", c->details);
    if (c->more_help)
        c->more_help(out);
    if (c->options) {
        buf_str(out, "\n");
        option_lines(c->options, out);
    }
    if (c->level >= 2)
        buf_printf(out, "\nAsks before it acts; without a terminal it needs %s.\n",
                   c->level == 2 ? "--yes" : "--confirm=WORD");
}

/* Commands of one group stand in several files; help shows them together. */
static bool first_of_group(const struct command *of)
{
    const struct command *c = command_next(NULL);
    while (c && strcmp(c->group, of->group) != 0)
        c = command_next(c);
    return c == of;
}

static void group_lines(const char *group, struct buf *out)
{
    buf_printf(out, "\n%s\n", group);
    for (const struct command *c = NULL; (c = command_next(c));)
        if (strcmp(c->group, group) == 0)
            buf_printf(out, "  %-16s %s\n", c->name, c->help);
}

void command_overview(struct buf *out)
{
    buf_str(out, "quorum: a desk of trading agents that vote, on paper money\n\n"
                 "usage: quorum COMMAND [arguments] [--desk NAME] [--json|--csv]\n");
    for (const struct command *c = NULL; (c = command_next(c));)
        if (first_of_group(c))
            group_lines(c->group, out);
    buf_str(out, "\nEvery command:\n");
    option_lines(command_global_options(), out);
    buf_str(out, "\nquorum help COMMAND says more. Start with: quorum evaluate AAPL\n");
}
