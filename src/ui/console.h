/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console: one screen from which a person watches and steers a desk. */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H

#include "quorum/command.h"

struct console_options {
    bool plain, read_only, ascii, unicode, mouse;
    bool dump_keys, dump_commands, dump_theme; /* print these tables and nothing else; no desk */
    const char *layout, *theme, *color, *tz, *refresh, *script, *record, *dump;
};
/* Runs until the person quits, a signal or the end of the terminal. Needs no terminal with plain
 * or dump, and no desk for the tables. Exit status by operator.md 4.2. */
enum err console_run(struct call *c, const struct console_options *o, struct error *e);

#endif
