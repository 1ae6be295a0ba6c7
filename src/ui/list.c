/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/list.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/keep.h"

enum { COLUMNS_MOST = KEEP_COLUMNS, TEXT_LEAST = 10, GROW_LEAST = 26, NUMBER_MORE = 4 };

/* One column as it is drawn. */
struct slot {
    int column; /* of the panel's table */
    int natural;
    int at, width;
};

struct fit {
    int gutter;
    size_t n, all; /* shown; there are, without those of a wider screen */
    struct slot slot[COLUMNS_MOST];
    struct keep_widths *kept; /* NULL: nothing is */
};

/* Lists of what happened: most of their lines have neither a cost nor a number. */
static bool is_events(enum panel_id id)
{
    return id == PANEL_ACTIVITY || id == PANEL_ALERTS || id == PANEL_LOG;
}

/* ---- cells */

const char *list_cell(const struct snapshot *s, enum panel_id id, int row, int column)
{
    const struct rows *r = &s->panel[id].rows;
    const char *text = NULL;
    if (row >= 0 && (size_t)row < r->nrows && (size_t)column + 1 < r->ncols)
        text = rows_text(r, (size_t)row, (size_t)column + 1);
    if (text != NULL)
        return text;
    return panels[id].column[column].look == LOOK_QUOTE || is_events(id) ? "" : "-";
}

static uint16_t signed_style(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c >= '1' && *c <= '9')
            return text[0] == '-' ? TOKEN_PNL_DOWN : TOKEN_PNL_UP;
    }
    return TOKEN_PNL_FLAT;
}

static uint16_t vote_style(const char *text)
{
    if (strncmp(text, "BUY", 3) == 0 || strncmp(text, "APPR", 4) == 0)
        return TOKEN_VOTE_BUY;
    if (strncmp(text, "SELL", 4) == 0 || strncmp(text, "REJ", 3) == 0)
        return TOKEN_VOTE_SELL;
    return strncmp(text, "HOLD", 4) == 0 ? TOKEN_VOTE_HOLD : TOKEN_VOTE_SKIP;
}

static uint16_t risk_style(const char *text)
{
    if (text[0] == 'H')
        return TOKEN_RISK_HIGH;
    return text[0] == 'M' ? TOKEN_RISK_MED : text[0] == 'L' ? TOKEN_RISK_LOW : TOKEN_FG;
}

static uint16_t severity_style(const char *text)
{
    if (text[0] == 'C')
        return TOKEN_SEV_CRIT;
    return text[0] == 'W' ? TOKEN_SEV_WARN : text[0] == 'i' ? TOKEN_SEV_INFO : TOKEN_FG;
}

uint16_t list_style(enum cell_look look, const char *text)
{
    if (strcmp(text, "-") == 0)
        return TOKEN_DIM;
    switch (look) {
    case LOOK_SIGNED:
        return signed_style(text);
    case LOOK_VOTE:
        return vote_style(text);
    case LOOK_RISK:
        return risk_style(text);
    case LOOK_SEVERITY:
        return severity_style(text);
    case LOOK_QUOTE:
        return TOKEN_DIM;
    case LOOK_TEXT:
    case LOOK_NUMBER:
    case LOOK_AGE:
    case LOOK_HIDDEN:
        break;
    }
    return TOKEN_FG;
}

/* Bytes that are a column each, up to `most`; -1: there are others. */
static bool is_plain_byte(char byte)
{
    return (unsigned char)byte >= 0x20 && (unsigned char)byte <= 0x7e;
}

static int plain_columns(const char *text, int most)
{
    int n = 0;
    for (; n < most && text[n]; n++) {
        if (!is_plain_byte(text[n]))
            return -1;
    }
    return !is_plain_byte(text[n]) && text[n] != '\0' ? -1
                                                      : n; /* a mark would belong to the last one */
}

int list_columns(const char *text, int most)
{
    char clean[1024];
    int plain = plain_columns(text, most);
    if (plain >= 0)
        return plain;
    sanitize_line(clean, sizeof clean, (struct untrusted_text){text, strnlen(text, sizeof clean)});
    int columns = (int)text_columns(clean);
    return columns < most ? columns : most;
}

int list_find_column(enum panel_id id, const char *title)
{
    for (size_t i = 0; i < panels[id].ncolumns; i++) {
        const char *a = panels[id].column[i].title, *b = title;
        while (a != NULL && *a) {
            if (*a == ' ')
                a++;
            else if (*a++ != *b++)
                break;
            if (*a == '\0' && *b == '\0' && panels[id].column[i].look != LOOK_HIDDEN)
                return (int)i;
        }
    }
    return -1;
}

int64_t list_stale_s(const struct snapshot *s, enum panel_id id)
{
    const struct snap *snap = &s->panel[id];
    int64_t age = s->monotonic - snap->loaded_at;
    if (snap->loaded_at == 0 || age < USEC_SECOND)
        return 0;
    int64_t ms =
        (int64_t)panels[id].refresh_ms * (s->refresh_ms ? s->refresh_ms : USUAL_MS) / USUAL_MS;
    ms = ms > s->least_ms ? ms : s->least_ms;
    if (s->connected && age <= ms * 3000)
        return 0;
    return age / USEC_SECOND;
}

bool list_has_header(enum panel_id id, bool zoomed, int rows)
{
    return rows >= 2 && (zoomed || !is_events(id));
}

/* ---- which columns, and how wide */

static int quotes_of(const struct panel_column *c)
{
    return c->look == LOOK_QUOTE ? 2 : 0;
}

/* A number or an age that is cut would be another one: its column may be a little wider. */
static bool may_not_be_cut(const struct panel_column *c)
{
    return c->right && (c->look == LOOK_NUMBER || c->look == LOOK_AGE);
}

/* Columns its title and rows need, at most its width (a number: a little more). */
static int content_width(const struct snapshot *s, enum panel_id id, int column)
{
    const struct panel_column *c = &panels[id].column[column];
    int most = c->width + (may_not_be_cut(c) ? NUMBER_MORE : 0);
    int width = list_columns(c->title, c->width);
    for (size_t row = 0; row < s->panel[id].rows.nrows && width < most; row++) {
        int n = list_columns(list_cell(s, id, (int)row, column), most) + quotes_of(c);
        width = n > width ? n : width;
    }
    return width < most ? width : most;
}

/* Times at the left are as wide as they need: a date is rare. */
static int natural_width(const struct snapshot *s, enum panel_id id, int column)
{
    const struct panel_column *c = &panels[id].column[column];
    if (c->look == LOOK_AGE && !c->right)
        return content_width(s, id, column);
    int width = c->width;
    for (size_t row = 0; may_not_be_cut(c) && row < s->panel[id].rows.nrows; row++) {
        int n = list_columns(list_cell(s, id, (int)row, column), c->width + NUMBER_MORE);
        width = n > width ? n : width;
    }
    return width;
}

/* The same two, measured once for each answer. */
static int natural_of(const struct fit *f, const struct snapshot *s, enum panel_id id, int column)
{
    if (f->kept == NULL || column >= KEEP_COLUMNS)
        return natural_width(s, id, column);
    if (f->kept->natural[column] < 0)
        f->kept->natural[column] = natural_width(s, id, column);
    return f->kept->natural[column];
}

static int content_of(const struct fit *f, const struct snapshot *s, enum panel_id id, int column)
{
    if (f->kept == NULL || column >= KEEP_COLUMNS)
        return content_width(s, id, column);
    if (f->kept->content[column] < 0)
        f->kept->content[column] = content_width(s, id, column);
    return f->kept->content[column];
}

static int sum_of(const int width[], size_t n)
{
    int sum = n > 0 ? (int)n - 1 : 0;
    for (size_t i = 0; i < n; i++)
        sum += width[i];
    return sum;
}

/* Text may be cut; a number may not. */
static int cut_width(const struct panel_column *c, int width, int room)
{
    int third = room / 3 < GROW_LEAST ? room / 3 : GROW_LEAST;
    int least = c->grow ? third : c->right || c->look != LOOK_TEXT ? width : TEXT_LEAST;
    return least < width ? least : width;
}

static void spread(const struct panel *panel, struct fit *f, int width[], const int wanted[],
                   int room)
{
    int spare = room - sum_of(width, f->n);
    for (size_t i = 0; i < f->n && spare > 0; i++) {
        int more = wanted[i] - width[i] < spare ? wanted[i] - width[i] : spare;
        if (more > 0) {
            width[i] += more;
            spare -= more;
        }
    }
    for (size_t i = 0; i < f->n && spare > 0; i++) {
        if (panel->column[f->slot[i].column].grow) {
            width[i] += spare;
            spare = 0;
        }
    }
}

/* As wide as they are meant to be when there is room; else as wide as what is in them; else text is
 * cut; else the rightmost are dropped. */
static void fit_widths(struct fit *f, const struct snapshot *s, enum panel_id id, int room)
{
    const struct panel *panel = &panels[id];
    int width[COLUMNS_MOST] = {0}, wanted[COLUMNS_MOST] = {0}, content[COLUMNS_MOST] = {0};
    for (size_t i = 0; i < f->n; i++)
        width[i] = wanted[i] = content[i] = f->slot[i].natural;
    if (sum_of(width, f->n) > room) {
        for (size_t i = 0; i < f->n; i++)
            width[i] = content[i] = content_of(f, s, id, f->slot[i].column);
    }
    if (sum_of(width, f->n) > room) {
        for (size_t i = 0; i < f->n; i++)
            width[i] = cut_width(&panel->column[f->slot[i].column], content[i], room);
        while (f->n > 1 && sum_of(width, f->n) > room)
            f->n--;
        spread(panel, f, width, content, room);
    }
    if (f->n == 1 && width[0] > room)
        width[0] = room;
    spread(panel, f, width, wanted, room);
    for (size_t i = 0, at = (size_t)f->gutter; i < f->n; i++) {
        f->slot[i].at = (int)at;
        f->slot[i].width = width[i];
        at += (size_t)width[i] + 1;
    }
}

/* As far as asked, but no farther than to where the last column stands. */
static void scroll_columns(struct fit *f, const struct snapshot *s, struct list_view *lv,
                           enum panel_id id, int room)
{
    int by = 0;
    for (size_t left = f->all; by < lv->hscroll && f->n < left; by++) {
        left--;
        memmove(f->slot + 1, f->slot + 2, (left - 1) * sizeof f->slot[0]);
        f->n = left;
        fit_widths(f, s, id, room);
    }
    lv->hscroll = by;
}

/* The first column stays, the others can be scrolled away. Those for wide screens come only where
 * nothing has to be narrowed for them. */
static void fit_columns(struct fit *f, const struct snapshot *s, struct list_view *lv,
                        enum panel_id id, const struct list_how *how, const struct pane *p)
{
    const struct panel *panel = &panels[id];
    size_t n = 0;
    int cols = p->cols;
    *f = (struct fit){.gutter = how->plain                  ? 0
                                : cols >= 60 && how->header ? 2
                                                            : 1,
                      .kept = keep_widths(p->frame->keep, id, &s->panel[id])};
    for (size_t i = 0, sum = (size_t)f->gutter; i < panel->ncolumns && n < COLUMNS_MOST; i++) {
        const struct panel_column *c = &panel->column[i];
        if (c->look == LOOK_HIDDEN || (c->wide && !how->wide))
            continue;
        int natural = natural_of(f, s, id, (int)i);
        sum += (size_t)natural + (n > 0);
        if (c->wide && lv->hscroll == 0 && sum > (size_t)cols)
            break;
        f->slot[n++] = (struct slot){.column = (int)i, .natural = natural};
    }
    f->n = f->all = n;
    fit_widths(f, s, id, cols - f->gutter);
    scroll_columns(f, s, lv, id, cols - f->gutter);
}

/* ---- drawing */

static void draw_header(const struct pane *p, const struct fit *f, const struct panel *panel,
                        const struct list_view *lv, bool stale)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct slot *slot = &f->slot[i];
        const struct panel_column *c = &panel->column[slot->column];
        char title[64];
        int len = list_columns(c->title, slot->width), at = slot->at;
        copy_text(title, sizeof title, c->title);
        if (c->right)
            at += slot->width - len;
        pane_cut(p, 0, at, slot->width, TOKEN_DIM, title);
        if (lv->sort == slot->column) {
            bool ascii = p->frame->ascii;
            const char *mark = lv->descending ? (ascii ? "v" : "↓") : ascii ? "^" : "↑";
            pane_put(p, 0, at + len, TOKEN_TITLE_FOCUS, mark);
        } else if (stale && (c->look == LOOK_SIGNED || strcmp(c->title, "LAST") == 0)) {
            pane_put(p, 0, at + len, TOKEN_STALE, "?");
        }
    }
}

/* Marks what a filter found in a cell: the place when it is plain text, else all of it. */
static void draw_match(const struct pane *p, int row, int at, int width, const char *text,
                       const char *filter)
{
    const char *found = *filter ? strcasestr(text, filter) : NULL;
    if (found == NULL)
        return;
    int from = (int)(found - text), n = (int)strlen(filter);
    if (strnlen(text, 4096) == 4096 || plain_columns(text, 4096) < 0) {
        from = 0;
        n = width;
    }
    if (from < width)
        pane_restyle(p, row, at + from, from + n > width ? width - from : n, STYLE_MATCH);
}

static void draw_cell(const struct pane *p, int row, const struct slot *slot,
                      const struct panel_column *c, const char *text, const char *filter)
{
    uint16_t style = list_style(c->look, text);
    int at = slot->at;
    if (c->look == LOOK_QUOTE && *text && slot->width > 2) {
        pane_put(p, row, at, style, "\"");
        int used = pane_cut(p, row, at + 1, slot->width - 2, style, text);
        pane_put(p, row, at + 1 + used, style, "\"");
        draw_match(p, row, at + 1, slot->width - 2, text, filter);
        return;
    }
    if (c->right) {
        int len = list_columns(text, slot->width);
        pane_right(p, row, at, slot->width, style, text);
        draw_match(p, row, at + slot->width - len, len, text, filter);
        return;
    }
    pane_cut(p, row, at, slot->width, style, text);
    draw_match(p, row, at, slot->width, text, filter);
}

static bool is_marked(const struct list_view *lv, const char *object)
{
    for (size_t i = 0; i < lv->nmarks && i < MARKS_MAX; i++) {
        if (strcmp(lv->mark[i], object) == 0)
            return true;
    }
    return false;
}

/* Nothing stands to the right of a text: it may go on. */
static bool is_blank_behind(const struct snapshot *s, enum panel_id id, int row,
                            const struct fit *f, size_t i)
{
    for (size_t k = i + 1; k < f->n; k++) {
        if (*list_cell(s, id, row, f->slot[k].column) != '\0')
            return false;
    }
    return true;
}

static void draw_row(const struct pane *p, int line, const struct fit *f, const struct snapshot *s,
                     const struct list_view *lv, enum panel_id id, int row, bool selected)
{
    const struct panel *panel = &panels[id];
    const struct rows *r = &s->panel[id].rows;
    const char *object = r->ncols > 0 ? rows_text(r, (size_t)row, 0) : NULL;
    bool marked = object != NULL && *object && is_marked(lv, object);
    for (size_t i = 0; i < f->n; i++) {
        struct slot slot = f->slot[i];
        const struct panel_column *c = &panel->column[slot.column];
        if ((c->grow || i == 0) && is_blank_behind(s, id, row, f, i))
            slot.width = p->cols - slot.at;
        draw_cell(p, line, &slot, c, list_cell(s, id, row, slot.column), lv->filter);
    }
    if (selected)
        pane_restyle(p, line, 0, p->cols, STYLE_CURSOR);
    if (f->gutter == 0)
        return;
    if (selected)
        pane_put(p, line, 0, TOKEN_TITLE_FOCUS | STYLE_CURSOR, ">");
    if (marked)
        pane_put(p, line, f->gutter - 1, selected ? TOKEN_KEY | STYLE_CURSOR : TOKEN_KEY, "+");
}

/* Scrolls so that the selected row is inside and no row is blank that could be filled. */
static int clamp_top(struct list_view *lv, int n, int selected, int visible)
{
    if (lv->follow)
        lv->top = 0;
    if (selected >= 0 && selected < lv->top)
        lv->top = selected;
    if (selected >= lv->top + visible)
        lv->top = selected - visible + 1;
    if (lv->top > n - visible)
        lv->top = n - visible;
    if (lv->top < 0)
        lv->top = 0;
    return lv->top;
}

void list_draw_nothing(const struct pane *p, const struct snapshot *s, enum panel_id id,
                       const char *filter)
{
    const struct snap *snap = &s->panel[id];
    char text[160];
    if (p->rows < 1)
        return;
    panel_empty(s, id, text, sizeof text);
    if (snap->problem[0])
        pane_cut(p, 0, 1, p->cols - 1, TOKEN_TOAST_ERR, snap->problem);
    else if (snap->loaded_at == 0)
        pane_cut(p, 0, 1, p->cols - 1, TOKEN_DIM, s->connected ? "loading" : "no data yet");
    else if (*filter)
        pane_cut(p, 0, 1, p->cols - 1, TOKEN_DIM, "nothing matches; Esc clears the filter");
    else
        pane_cut(p, 0, 1, p->cols - 1, TOKEN_DIM, text);
}

void list_draw(const struct pane *p, const struct snapshot *s, struct view *v, enum panel_id id,
               const struct list_how *how)
{
    int index[VIEW_ROWS_MAX];
    struct list_view *lv = &v->list[id];
    size_t n = view_rows(v, s, id, index);
    int selected = view_selected(v, s, id), header = how->header;
    struct fit f;
    if (p->rows < 1 || p->cols < 1)
        return;
    if (n == 0) {
        list_draw_nothing(p, s, id, lv->filter);
        if (how->focused) {
            p->frame->cursor_row = p->row;
            p->frame->cursor_col = p->col;
        }
        return;
    }
    fit_columns(&f, s, lv, id, how, p);
    if (header)
        draw_header(p, &f, &panels[id], lv, how->stale);
    const struct cell *edge = frame_cell(p->frame, p->row, p->col + p->cols - 1);
    if (header && how->focused && f.n + (size_t)lv->hscroll < f.all && edge->text[0] == ' ')
        pane_put(p, 0, p->cols - 1, TOKEN_KEY, p->frame->ascii ? ">" : "›"); /* l shows more */
    int visible = p->rows - header, top = clamp_top(lv, (int)n, selected, visible);
    for (int i = 0; i < visible && top + i < (int)n; i++) {
        bool here = how->focused && top + i == selected;
        draw_row(p, header + i, &f, s, lv, id, index[top + i], here);
        if (here) {
            p->frame->cursor_row = p->row + header + i;
            p->frame->cursor_col = p->col;
        }
    }
}
