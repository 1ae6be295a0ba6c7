/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/compact.h"

#include <stdio.h>
#include <string.h>

#include "quorum/text.h"
#include "ui/list.h"

enum { POSITION_WIDTH = 15 };

void compact_title(const struct pane *p, bool focused, const char *left, const char *right)
{
    uint16_t style = focused ? TOKEN_TITLE_FOCUS : TOKEN_TITLE;
    int used = pane_cut(p, 0, 0, p->cols, style, left), len = list_columns(right, p->cols);
    if (len > 0 && used + 1 + len <= p->cols)
        pane_text(p, 0, p->cols - len, focused ? style : TOKEN_DIM, right);
}

/* What the list shows, and which of it is selected. */
struct shown {
    int index[VIEW_ROWS_MAX];
    int n, selected, top;
};

/* `per` rows of the list stand on a line. */
static void find_shown(struct shown *shown, const struct snapshot *s, struct view *v,
                       enum panel_id id, int lines, int per)
{
    struct list_view *lv = &v->list[id];
    shown->n = (int)view_rows(v, s, id, shown->index);
    shown->selected = v->focus == id ? view_selected(v, s, id) : -1;
    int visible = lines * per;
    if (lv->follow || visible < 1)
        lv->top = 0;
    if (shown->selected >= lv->top + visible)
        lv->top = shown->selected - visible + 1;
    if (shown->selected >= 0 && shown->selected < lv->top)
        lv->top = shown->selected / per * per;
    if (lv->top > shown->n - visible)
        lv->top = shown->n - visible;
    lv->top = lv->top < 0 ? 0 : (lv->top + per - 1) / per * per;
    shown->top = lv->top;
}

static void mark_selected(const struct pane *p, int row, int col, int cols)
{
    pane_restyle(p, row, col, cols, STYLE_CURSOR);
    pane_put(p, row, col, TOKEN_TITLE_FOCUS | STYLE_CURSOR, ">");
    p->frame->cursor_row = p->row + row;
    p->frame->cursor_col = p->col + col;
}

static void draw_name(const struct pane *p, const struct snapshot *s, const struct view *v,
                      enum panel_id id, const char *name)
{
    char left[80], right[160] = "";
    snprintf(left, sizeof left, "%c %s%s%s", panels[id].key, name,
             v->list[id].filter[0] ? " /" : "", v->list[id].filter);
    if (panels[id].note != NULL)
        panels[id].note(s, right, sizeof right);
    compact_title(p, v->focus == id, left, right);
}

/* ">#17 stop_loss_pct  3.20>2.60 74 L" */
static void draw_pending(const struct pane *p, const struct snapshot *s, struct view *v)
{
    static const char *const titles[] = {"ID", "PARAMETER", "OLD", "NEW", "CONF", "RISK"};
    struct shown shown;
    int at[6], wide = 0;
    char name[60];
    snprintf(name, sizeof name, "Pending %zu", s->panel[PANEL_PENDING].rows.nrows);
    draw_name(p, s, v, PANEL_PENDING, name);
    for (int i = 0; i < 6; i++)
        at[i] = list_find_column(PANEL_PENDING, titles[i]);
    find_shown(&shown, s, v, PANEL_PENDING, p->rows - 1, 1);
    for (int i = 0; i < shown.n; i++) {
        int n = list_columns(list_cell(s, PANEL_PENDING, shown.index[i], at[0]), 7);
        wide = n > wide ? n : wide;
    }
    for (int line = 1; line < p->rows && shown.top + line - 1 < shown.n; line++) {
        const char *cell[6];
        char figures[64];
        for (int i = 0; i < 6; i++)
            cell[i] = list_cell(s, PANEL_PENDING, shown.index[shown.top + line - 1], at[i]);
        snprintf(figures, sizeof figures, "%.12s>%.12s %.*s %.1s", cell[2], cell[3],
                 (int)strcspn(cell[4], "%"), cell[4], cell[5]);
        int len = list_columns(figures, p->cols), room = p->cols - 3 - wide - len;
        pane_cut(p, line, 1, wide, TOKEN_FG, cell[0]);
        pane_cut(p, line, 2 + wide, room, TOKEN_FG, cell[1]);
        pane_cut(p, line, p->cols - len, len, TOKEN_FG, figures);
        pane_cut(p, line, p->cols - 1, 1, list_style(LOOK_RISK, cell[5]),
                 (char[2]){cell[5][0], '\0'});
        if (shown.top + line - 1 == shown.selected)
            mark_selected(p, line, 0, p->cols);
    }
}

static int positions_per_line(const struct pane *p)
{
    int per = (p->cols + 1) / POSITION_WIDTH;
    return per < 1 ? 1 : per;
}

/* " AAPL  +1.54%  NVDA  -0.43%" */
static void draw_positions(const struct pane *p, const struct snapshot *s, struct view *v)
{
    int symbol = list_find_column(PANEL_POSITIONS, "SYM");
    int gain = list_find_column(PANEL_POSITIONS, "P&L%"), per = positions_per_line(p);
    struct shown shown;
    char name[60];
    snprintf(name, sizeof name, "Pos %zu", s->panel[PANEL_POSITIONS].rows.nrows);
    draw_name(p, s, v, PANEL_POSITIONS, name);
    find_shown(&shown, s, v, PANEL_POSITIONS, p->rows - 1, per);
    for (int i = shown.top; i < shown.n && (i - shown.top) / per + 1 < p->rows; i++) {
        int line = (i - shown.top) / per + 1, col = (i - shown.top) % per * POSITION_WIDTH;
        const char *change = list_cell(s, PANEL_POSITIONS, shown.index[i], gain);
        pane_cut(p, line, col + 1, 6, TOKEN_FG,
                 list_cell(s, PANEL_POSITIONS, shown.index[i], symbol));
        pane_right(p, line, col + 7, 7, list_style(LOOK_SIGNED, change), change);
        if (i == shown.selected)
            mark_selected(p, line, col, POSITION_WIDTH - 1);
    }
    if (shown.n == 0 && p->rows > 1) {
        struct pane below = pane_part(p, 1, 0, p->rows - 1, p->cols);
        list_draw_nothing(&below, s, PANEL_POSITIONS, v->list[PANEL_POSITIONS].filter);
    }
}

/* "14:31" of "14:31:58"; what carries a date stays as it is. */
static void short_time(char dst[16], const char *time)
{
    copy_text(dst, 16, time);
    if (strlen(dst) == 8 && dst[2] == ':' && dst[5] == ':')
        dst[5] = '\0';
}

/* "4 14:31 eval #412 NVDA BUY 2/2", without a title of its own. */
static void draw_activity(const struct pane *p, const struct snapshot *s, struct view *v)
{
    static const char *const titles[] = {"TIME", "KIND", "ID", "TEXT"};
    struct shown shown;
    int at[4];
    bool focused = v->focus == PANEL_ACTIVITY;
    for (int i = 0; i < 4; i++)
        at[i] = list_find_column(PANEL_ACTIVITY, titles[i]);
    find_shown(&shown, s, v, PANEL_ACTIVITY, p->rows, 1);
    pane_put(p, 0, 0, focused ? TOKEN_TITLE_FOCUS : TOKEN_TITLE, "4");
    for (int line = 0; line < p->rows && shown.top + line < shown.n; line++) {
        int row = shown.index[shown.top + line], col = 2;
        char time[16];
        short_time(time, list_cell(s, PANEL_ACTIVITY, row, at[0]));
        for (int i = 0; i < 4 && col < p->cols; i++) {
            const char *text = i == 0 ? time : list_cell(s, PANEL_ACTIVITY, row, at[i]);
            if (*text && strcmp(text, "-") != 0)
                col +=
                    pane_cut(p, line, col, p->cols - col, i == 0 ? TOKEN_DIM : TOKEN_FG, text) + 1;
        }
        if (shown.top + line == shown.selected)
            mark_selected(p, line, line == 0 ? 1 : 0, p->cols);
    }
    if (shown.n == 0) {
        struct pane behind = pane_part(p, 0, 1, p->rows, p->cols - 1);
        list_draw_nothing(&behind, s, PANEL_ACTIVITY, v->list[PANEL_ACTIVITY].filter);
    }
}

static bool has_columns(enum panel_id id, const char *const titles[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (list_find_column(id, titles[i]) < 0)
            return false;
    }
    return true;
}

bool compact_draw(const struct pane *p, const struct snapshot *s, struct view *v, enum panel_id id)
{
    static const char *const pending[] = {"ID", "PARAMETER", "OLD", "NEW", "CONF", "RISK"};
    static const char *const positions[] = {"SYM", "P&L%"};
    static const char *const activity[] = {"TIME", "KIND", "ID", "TEXT"};
    if (id == PANEL_PENDING && has_columns(id, pending, 6))
        draw_pending(p, s, v);
    else if (id == PANEL_POSITIONS && has_columns(id, positions, 2))
        draw_positions(p, s, v);
    else if (id == PANEL_ACTIVITY && has_columns(id, activity, 4))
        draw_activity(p, s, v);
    else
        return false;
    return true;
}

int compact_at(const struct pane *p, const struct view *v, enum panel_id id, int row, int col)
{
    int top = v->list[id].top;
    if (id == PANEL_ACTIVITY)
        return top + row;
    if (row < 1)
        return -1;
    int per = positions_per_line(p), at = col / POSITION_WIDTH;
    return id == PANEL_POSITIONS ? top + (row - 1) * per + (at < per ? at : per - 1)
                                 : top + row - 1;
}
