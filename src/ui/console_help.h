/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The help overlay. */
#ifndef UI_CONSOLE_HELP_H
#define UI_CONSOLE_HELP_H

#include "ui/view.h"

/* Draws into the pane, which is blank: the help of what has the focus, or of v->help_topic. */
void console_help_draw(const struct pane *p, const struct view *v);

#endif
