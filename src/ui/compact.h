/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The three panels of a small window, each in its own short form (operator.md 4.5). */
#ifndef UI_COMPACT_H
#define UI_COMPACT_H

#include "ui/view.h"

/* Draws a panel with its title into the pane; false when it has no short form. */
bool compact_draw(const struct pane *p, const struct snapshot *s, struct view *v, enum panel_id id);
/* The row of the list at a place of the pane, -1: none. */
int compact_at(const struct pane *p, const struct view *v, enum panel_id id, int row, int col);
/* "2 Pending 3               oldest 5h02", without a rule. */
void compact_title(const struct pane *p, bool focused, const char *left, const char *right);

#endif
