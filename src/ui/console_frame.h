/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole picture: status line, panels or a detail, rule, toast, hints; the bar's row is left to
 * whoever has the bar. Pure; tests dump it. operator.md 4.3 and 4.5. */
#ifndef UI_CONSOLE_FRAME_H
#define UI_CONSOLE_FRAME_H

#include "ui/detail.h"

/* Draws on f, which is blank (frame_resize), all but its last row. The view's scroll positions are
 * clamped to what there is. With f->keep it is the same picture, made sooner. */
void console_frame(struct frame *f, const struct snapshot *s, struct view *v);
/* Shows a frame of that size all of the question that is open? */
bool console_question_fits(const struct frame *f, const struct view *v);
/* Panels the size shows, in order of Tab. Returns how many. */
size_t console_panels(const struct view *v, int rows, int cols, enum panel_id out[PANEL_COUNT]);
/* What lies at a place of the picture (mouse): the panel, and its row among those shown or -1. */
enum panel_id console_at(const struct frame *f, const struct view *v, int row, int col,
                         int *list_row);

#endif
