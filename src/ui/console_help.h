/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The help overlay: the keys of what has the focus beside those that work everywhere, below them
 * the command bar and all commands; made from the tables. It scrolls, and is searched as a whole.
 */
#ifndef UI_CONSOLE_HELP_H
#define UI_CONSOLE_HELP_H

#include "ui/input.h"
#include "ui/view.h"

/* Draws into the pane, which is blank; clamps v->help_scroll. */
void console_help_draw(const struct pane *p, struct view *v);
/* A key while it is open: scrolls, edits the search, closes it. rows: of its pane. */
void console_help_key(struct view *v, const struct key *k, int rows);
void console_help_open(struct view *v);

#endif
