/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's options: what there is, what each may be, and what a change does. */
#ifndef UI_CONSOLE_OPTIONS_H
#define UI_CONSOLE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "quorum/err.h"

/* In the order of the table. Values are words by their place, milliseconds, thousandths of a dollar
 * or numbers; the theme's is its name, in the console. */
enum option_id {
    OPTION_AMBIGUOUS,
    OPTION_CLOCK,
    OPTION_COMPLETE,
    OPTION_CONFIRM_HOLD,
    OPTION_COPY_MAX,
    OPTION_DECIMALS_PRICE,
    OPTION_EVAL_FREE,
    OPTION_GRAPH,
    OPTION_HISTORY_SIZE,
    OPTION_LAYOUT,
    OPTION_MOUSE,
    OPTION_NOTIFY,
    OPTION_REFRESH,
    OPTION_THEME,
    OPTION_TZ,
    OPTION_UNFOCUSED_REFRESH,
    OPTION_WRAP,
    OPTION_COUNT
};
/* Places of words. */
enum { NOTIFY_BELL, NOTIFY_OFF, NOTIFY_OSC9 };
enum { COMPLETE_BOTH, COMPLETE_GHOST, COMPLETE_POPUP, COMPLETE_OFF };

struct console;
/* All as they are without a file; before anything is drawn. */
void console_options_begin(struct console *c);
/* After the loader, the bar and the screen came to be: what could not be done before. */
void console_options_apply(struct console *c);
/* Those of them that the desk and its loader take. */
void console_options_apply_desk(struct console *c);
/* Changes one. What it may be is in the error. */
enum err console_set(struct console *c, const char *name, const char *value, struct error *e);
/* As it is written; "" for no such option. */
const char *console_get(const struct console *c, enum option_id id, char dst[48]);
bool console_option_is_usual(const struct console *c, enum option_id id);
bool console_option_find(const char *name, enum option_id *out);
/* The i-th option and its values, separated by blanks ("1s..60s" for a range); NULL behind the
 * last. */
const char *console_option(size_t i, const char **values, const char **help);

#endif
