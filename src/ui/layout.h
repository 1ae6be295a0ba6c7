/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which panels stand where: a table of places for each size class, and what follows from it for one
 * size and one view (hidden panels, zoom, an open detail, a panel the size has no place for). Pure:
 * the same answer for drawing, for Tab and for the mouse. */
#ifndef UI_LAYOUT_H
#define UI_LAYOUT_H

#include "ui/view.h"

struct rect {
    int row, col, rows, cols;
};

struct layout {
    enum size_class size;
    bool zoomed;      /* one panel has it all */
    struct rect area; /* between the status line and the rule */
    size_t n;         /* panels, in order of Tab */
    struct {
        enum panel_id id;
        struct rect at;
    } place[PANEL_COUNT];
    bool has_detail;
    struct rect detail;
    size_t nrules; /* vertical ones between columns */
    struct rect rule[3];
    int rule_row, toast_row, hint_row; /* -1: there is none */
};

void layout_make(struct layout *l, const struct view *v, int rows, int cols);
/* The rectangle of a panel, NULL when it is not shown. */
const struct rect *layout_find(const struct layout *l, enum panel_id id);

#endif
