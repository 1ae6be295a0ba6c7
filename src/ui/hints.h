/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line of keys above the bar: what works where one is, on what is selected, now. */
#ifndef UI_HINTS_H
#define UI_HINTS_H

#include "ui/draw.h"
#include "ui/view.h"

/* Does this key of a hint ("a", "Enter", "Ctrl-C") do anything to what is open or selected? Keys
 * that are about the whole screen always do. */
bool hint_works(const struct snapshot *s, const struct view *v, const char *key);
/* Draws the line; what does not work is left out, and so is what does not fit, but help. */
void hints_draw(const struct pane *p, int row, const struct snapshot *s, const struct view *v,
                enum size_class size);

#endif
