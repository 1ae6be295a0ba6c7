/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Completion and hints of the command bar, from the one table of commands and from the rows that
 * are loaded: nothing is asked and nothing waits. */
#ifndef UI_CONSOLE_COMPLETE_H
#define UI_CONSOLE_COMPLETE_H

#include "quorum/agent.h"
#include "ui/bar.h"
#include "ui/snapshot.h"

/* The panels whose rows are offered; to be kept loaded while the bar is active. */
extern const enum panel_id complete_panels[];
extern const size_t complete_npanels;

/* What it is made from. */
struct complete_from {
    const struct snapshot *snapshot;
    enum panel_id focus; /* whose columns `sort` takes */
    const struct agent *const *agents;
    const char *theme_dir; /* of the user's themes; NULL: none */
};
/* What may stand at byte `point` of the line: a verb, an option, or a value by the command's usage
 * ("SYM", "ID", "halt|flatten"). */
void complete_line(const struct complete_from *from, const char *line, size_t point,
                   struct bar_words *words);
/* The syntax of the line's command, the argument at `point` in capitals; "" for no command. */
void hint_line(const char *line, size_t point, char *out, size_t size);

/* The bar's callbacks; arg is the struct console. */
void console_complete(void *arg, const char *line, size_t point, struct bar_words *words);
void console_hint(void *arg, const char *line, size_t point, char *out, size_t size);

#endif
