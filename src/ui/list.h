/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A panel that is a list, drawn from its row of the table panels[] alone. */
#ifndef UI_LIST_H
#define UI_LIST_H

#include "ui/view.h"

struct list_how {
    bool focused; /* shows its selection and has the cursor */
    bool wide;    /* with the columns for wide screens */
    bool header;  /* titles of the columns above the rows */
    bool plain;   /* without the place for marks at the left (bare view) */
    bool stale;   /* what changes with the market is in doubt */
};
/* Draws header and rows into the pane, which is below the title. Scroll positions are clamped. */
void list_draw(const struct pane *p, const struct snapshot *s, struct view *v, enum panel_id id,
               const struct list_how *how);
/* What stands instead of rows: why there are none. Also for the drawn panels. */
void list_draw_nothing(const struct pane *p, const struct snapshot *s, enum panel_id id,
                       const char *filter);
/* Activity, alerts and the log need no titles unless they have the whole screen. */
bool list_has_header(enum panel_id id, bool zoomed, int rows);
/* The style of a cell by what its column says of it. */
uint16_t list_style(enum cell_look look, const char *text);
/* Columns that text, which need not be clean, takes on the screen, at most `most`. */
int list_columns(const char *text, int most);
/* The column of a panel's table with this title, blanks aside; -1 when it has none. */
int list_find_column(enum panel_id id, const char *title);
/* A cell of the table (column as in panels[].column), "-" or "" when there is nothing. */
const char *list_cell(const struct snapshot *s, enum panel_id id, int row, int column);

/* Age of the rows in seconds when they are older than three refreshes or the database is lost,
 * else 0. */
int64_t list_stale_s(const struct snapshot *s, enum panel_id id);

#endif
