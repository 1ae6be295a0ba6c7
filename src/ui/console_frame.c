/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_frame.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/compact.h"
#include "ui/console_help.h"
#include "ui/hints.h"
#include "ui/keep.h"
#include "ui/layout.h"
#include "ui/list.h"
#include "ui/status_line.h"

enum { HELP_WIDTH = 110, TOAST_LINES = 5, TITLE_ROOM = 7 /* "- left -" and " right -" */ };

static struct pane part_of(const struct pane *whole, const struct rect *r)
{
    return pane_part(whole, r->row, r->col, r->rows, r->cols);
}

/* ---- one panel */

/* "1 Positions 4/10  STALE 42s  /AAPL 2 of 4" */
static void panel_left(const struct snapshot *s, const struct view *v, enum panel_id id, int rows,
                       char *out, size_t size)
{
    const struct list_view *lv = &v->list[id];
    char name[120], span[16];
    int64_t stale = list_stale_s(s, id);
    panel_name(s, id, name, sizeof name);
    int n = snprintf(out, size, "%c %s", panels[id].key, name);
    if (stale > 0)
        n += snprintf(out + n, size - (size_t)n, "  STALE %s",
                      duration_print(span, stale * USEC_SECOND));
    if (panels[id].draw != NULL)
        return;
    int index[VIEW_ROWS_MAX], shown = (int)view_rows(v, s, id, index);
    if (lv->filter[0])
        snprintf(out + n, size - (size_t)n, "  /%s %d of %zu", lv->filter, shown,
                 s->panel[id].rows.nrows);
    else if (shown > rows && rows > 0 && !lv->follow)
        snprintf(out + n, size - (size_t)n, "  %d-%d of %d", lv->top + 1, lv->top + rows, shown);
}

/* Every number of a note gets its doubt. */
static void doubt_numbers(const char *note, char *out, size_t size)
{
    size_t n = 0;
    for (const char *c = note; *c && n + 2 < size; c++) {
        bool ends = isdigit((unsigned char)*c) || *c == '%';
        out[n++] = *c;
        if (ends && (c[1] == ' ' || c[1] == '\0'))
            out[n++] = '?';
    }
    out[n] = '\0';
}

static void panel_right(const struct snapshot *s, const struct view *v, enum panel_id id, char *out,
                        size_t size)
{
    char note[160] = "";
    const char *follow = v->list[id].follow ? "follow" : "";
    if (s->panel[id].problem[0] && s->panel[id].loaded_at > 0) {
        snprintf(out, size, "%s", s->panel[id].problem);
        return;
    }
    if (panels[id].note != NULL && s->panel[id].loaded_at > 0)
        panels[id].note(s, note, sizeof note);
    if (list_stale_s(s, id) > 0) {
        doubt_numbers(note, out, size);
        return;
    }
    snprintf(out, size, "%s%s%s", note, *note && *follow ? "  " : "", follow);
}

/* What stands in brackets goes before all of it does. */
static void shorten_right(char *right, int room)
{
    char *from = strstr(right, " ("), *to = from != NULL ? strchr(from, ')') : NULL;
    if (to != NULL && list_columns(right, 200) > room)
        memmove(from, to + 1, strlen(to + 1) + 1);
}

static void draw_body(const struct pane *p, const struct snapshot *s, struct view *v,
                      enum panel_id id, const struct list_how *how)
{
    if (panels[id].draw == NULL) {
        list_draw(p, s, v, id, how);
        return;
    }
    if (s->panel[id].rows.nrows > 0)
        panels[id].draw(p, s);
    else
        list_draw_nothing(p, s, id, "");
    if (how->focused) {
        p->frame->cursor_row = p->row;
        p->frame->cursor_col = p->col;
    }
}

static void draw_panel(const struct pane *p, const struct snapshot *s, struct view *v,
                       enum panel_id id, const struct layout *l, bool quiet)
{
    bool focused = v->focus == id && !quiet;
    char left[200], right[200];
    if (p->rows < 1 || p->cols < 1)
        return;
    if (l->size == CLASS_COMPACT && !l->zoomed && compact_draw(p, s, v, id))
        return;
    struct pane body = pane_part(p, 1, 0, p->rows - 1, p->cols);
    struct list_how how = {.focused = focused,
                           .wide = l->size >= CLASS_WIDE || (l->zoomed && p->cols >= 112),
                           .header = list_has_header(id, l->zoomed, body.rows),
                           .stale = list_stale_s(s, id) > 0};
    draw_body(&body, s, v, id, &how);
    panel_left(s, v, id, body.rows - how.header, left, sizeof left);
    panel_right(s, v, id, right, sizeof right);
    shorten_right(right, p->cols - list_columns(left, p->cols) - 8);
    if (l->size == CLASS_COMPACT)
        compact_title(p, focused, left, right);
    else
        pane_title(p, 0, focused, left, right);
}

/* ---- what is kept of the last frame */

/* All that drawing a panel reads, apart from its place. A drawing of its own may take any figure of
 * the desk's state that does not only tell the time. */
struct panel_inputs {
    struct rows_id own;
    int64_t words, figures, stale_s;
    bool loaded, connected, zoomed, focused, quiet;
    enum size_class size;
    struct list_view list; /* last: as far as it has marks */
};

/* Returns the bytes that count. */
static size_t panel_inputs(struct panel_inputs *in, struct keep *k, const struct snapshot *s,
                           const struct view *v, enum panel_id id, const struct layout *l)
{
    const struct list_view *list = &v->list[id];
    size_t n = offsetof(struct list_view, mark) + list->nmarks * sizeof list->mark[0];
    memset(in, 0, offsetof(struct panel_inputs, list)); /* compared byte by byte */
    in->own = rows_id_of(&s->panel[id]);
    in->words = keep_words(k, id, s);
    in->figures = panels[id].draw != NULL ? s->status.version : 0;
    in->loaded = s->panel[id].loaded_at > 0;
    in->stale_s = list_stale_s(s, id);
    in->connected = s->connected;
    in->zoomed = l->zoomed;
    in->focused = v->focus == id;
    in->quiet = v->ndetails > 0;
    in->size = l->size;
    memcpy(&in->list, list, n);
    return offsetof(struct panel_inputs, list) + n;
}

static void keep_panel(const struct pane *p, const struct snapshot *s, struct view *v,
                       enum panel_id id, const struct layout *l)
{
    struct keep *k = p->frame->keep;
    struct panel_inputs in, behind;
    if (k == NULL) {
        draw_panel(p, s, v, id, l, v->ndetails > 0);
        return;
    }
    size_t n = panel_inputs(&in, k, s, v, id, l);
    if (keep_take(k, (int)id, p, &in, n))
        return;
    draw_panel(p, s, v, id, l, in.quiet);
    panel_inputs(&behind, k, s, v, id, l);
    if (memcmp(&in, &behind, n) == 0) /* else it has scrolled while it was drawn */
        keep_store(k, (int)id, p, &in, n, in.focused && !in.quiet);
}

static void keep_status(const struct pane *p, const struct snapshot *s, const struct view *v,
                        enum size_class size)
{
    struct keep *k = p->frame->keep;
    struct status_inputs in;
    bool keeps = k != NULL && status_inputs(&in, s, v, size);
    if (keeps && keep_take(k, KEEP_STATUS, p, &in, sizeof in)) {
        status_tick(p, s, v, keep_placed(k, KEEP_STATUS));
        return;
    }
    int clock = status_line(p, s, v, size);
    if (keeps) {
        keep_store(k, KEEP_STATUS, p, &in, sizeof in, false);
        keep_place(k, KEEP_STATUS, clock);
    }
}

static void draw_detail(const struct pane *p, const struct snapshot *s, struct view *v,
                        const struct layout *l)
{
    struct detail_view *d = view_top(v);
    const struct detail *kind = &details[d->kind];
    struct pane body = pane_part(p, 1, 0, p->rows - 1, p->cols);
    char left[240], right[80] = "";
    if (p->rows < 1 || kind->draw == NULL)
        return;
    p->frame->cursor_row = body.row;
    p->frame->cursor_col = body.col;
    int lines = kind->draw(&body, s, d);
    bool number = d->id[0] != '\0' && strspn(d->id, "0123456789") == strlen(d->id);
    snprintf(left, sizeof left, "%s%s%s%s%s", kind->title ? kind->title : "",
             d->kind == DETAIL_TEXT || d->id[0] == '\0' ? ""
             : number                                   ? " #"
                                                        : " ",
             d->kind == DETAIL_TEXT ? "" : d->id, d->title[0] ? " " : "", d->title);
    if (lines > body.rows) {
        int last = d->scroll + body.rows < lines ? d->scroll + body.rows : lines;
        snprintf(right, sizeof right, "%d-%d of %d", d->scroll + 1, last, lines);
        if (text_columns(left) + text_columns(right) + TITLE_ROOM > (size_t)p->cols)
            snprintf(right, sizeof right, "%d/%d", last, lines); /* that there is more, at least */
    }
    if (l->size == CLASS_COMPACT)
        compact_title(p, true, left, right);
    else
        pane_title(p, 0, true, left, right);
}

/* ---- below the panels */

static const char *told_cell(const struct snapshot *s, int row)
{
    const struct rows *r = &s->panel[PANEL_PENDING].rows;
    for (size_t i = 0; i < r->ncols; i++) {
        if (strcmp(r->column[i], "told") == 0 && rows_text(r, (size_t)row, i) != NULL)
            return rows_text(r, (size_t)row, i);
    }
    return "";
}

/* What the selected row has to say that its columns are too narrow for. */
static void draw_told(const struct pane *p, int row, const struct snapshot *s, const struct view *v)
{
    int index[VIEW_ROWS_MAX];
    enum panel_id id = v->focus;
    if (v->ndetails > 0 || (id != PANEL_PENDING && id != PANEL_ALERTS))
        return;
    size_t n = view_rows(v, s, id, index);
    int selected = view_selected(v, s, id);
    int name = list_find_column(id, id == PANEL_PENDING ? "ID" : "RULE");
    if (selected < 0 || (size_t)selected >= n || name < 0)
        return;
    int text = list_find_column(id, "TEXT");
    const char *what = id == PANEL_PENDING ? told_cell(s, index[selected])
                       : text < 0          ? ""
                                           : list_cell(s, id, index[selected], text);
    if (*what == '\0' || strcmp(what, "-") == 0)
        return;
    int at = 1 + pane_cut(p, row, 1, 20, TOKEN_HINT, list_cell(s, id, index[selected], name));
    pane_cut(p, row, at + 1, p->cols - at - 1, TOKEN_DIM, what);
}

static bool toast_is_fresh(const struct snapshot *s, const struct view *v)
{
    return v->toast[0] && s->monotonic - v->toast_at < view_toast_time(v);
}

/* Ends in that row and takes as many above it as it has lines: a proof or a fix is not cut. */
static void draw_toast_text(const struct pane *p, int row, const struct view *v)
{
    static const uint16_t style[] = {[TOAST_OK] = TOKEN_TOAST_OK,
                                     [TOAST_WARN] = TOKEN_TOAST_WARN,
                                     [TOAST_ERR] = TOKEN_TOAST_ERR};
    int most = row < TOAST_LINES ? row : TOAST_LINES, cols = p->cols - 2;
    int lines = pane_wrap(p, row, 1, cols, 0, TOKEN_FG, v->toast, 0);
    if (lines > most || lines < 2) {
        pane_cut(p, row, 1, p->cols - 1, style[v->toast_kind], v->toast);
        return;
    }
    pane_fill(p, row - lines + 1, 0, lines, p->cols, TOKEN_FG, ' ');
    pane_wrap(p, row - lines + 1, 1, cols, lines, style[v->toast_kind], v->toast, 0);
}

static void draw_toast(const struct pane *p, const struct layout *l, const struct snapshot *s,
                       const struct view *v)
{
    int row = l->toast_row;
    if (row < 0)
        return;
    bool fresh = toast_is_fresh(s, v);
    bool lost = !s->connected && s->lost_at > 0;
    if (l->size == CLASS_COMPACT && (fresh || v->wait))
        pane_fill(p, row, 0, 1, p->cols, TOKEN_FG, ' ');
    if (fresh)
        draw_toast_text(p, row, v);
    else if (v->wait)
        pane_cut(p, row, 1, p->cols - 1, TOKEN_HINT, "working; Ctrl-C cancels");
    else if (lost && l->size > CLASS_COMPACT)
        pane_cut(p, row, 1, p->cols - 1, TOKEN_TOAST_WARN,
                 "Engine state unknown. approve, reject and eval are off until the database is up");
    else if (l->size > CLASS_COMPACT)
        draw_told(p, row, s, v);
}

static int question_lines(const struct pane *p, const struct question *q)
{
    int lines = 0;
    for (int i = 0; i < q->lines; i++) {
        int wrapped = pane_wrap(p, 0, 0, p->cols - 2, 0, TOKEN_FG, q->text[i], 0);
        lines += wrapped > 0 ? wrapped : 1;
    }
    return lines;
}

/* Above it the status line stays, below it the prompt has room for the longest answer. */
bool console_question_fits(const struct frame *f, const struct view *v)
{
    const struct pane all = {.rows = f->rows, .cols = f->cols};
    int answer = (int)strlen(v->question.word) + 2;
    return !v->bare && size_class_of(f->rows, f->cols) != CLASS_LINE &&
           question_lines(&all, &v->question) <= f->rows - 2 &&
           text_columns(v->question.prompt) + (size_t)answer <= (size_t)f->cols;
}

/* The question covers what is below it: rule, lines, rule, and then the bar with the prompt. In a
 * narrow window its lines are wrapped: nobody answers what cannot be read. */
static void draw_question(const struct pane *p, const struct question *q)
{
    enum line_weight weight = q->level >= 3 ? LINE_DOUBLE : LINE_THIN;
    int room = p->rows - 2, n = q->lines, lines = question_lines(p, q);
    int width = p->cols - 2;
    int rows = lines + 2 < room ? lines + 2 : room;
    if (rows < 1)
        return;
    struct pane box = pane_part(p, p->rows - 1 - rows, 0, rows, p->cols);
    int row = rows > lines, last = rows > lines + 1 ? rows - 1 : rows;
    pane_fill(&box, 0, 0, rows, p->cols, TOKEN_FG, ' ');
    if (row > 0)
        pane_hrule(&box, 0, 0, p->cols, TOKEN_RULE, weight);
    for (int i = 0; i < n && row < last; i++) {
        uint16_t style = i == 0 ? TOKEN_TITLE_FOCUS : TOKEN_FG;
        if (strncasecmp(q->text[i] + strspn(q->text[i], " "), "warning", 7) == 0)
            style = TOKEN_SEV_WARN;
        int wrapped = pane_wrap(&box, row, 1, width, last - row, style, q->text[i], 0);
        row += wrapped > 0 ? wrapped : 1;
    }
    if (last < rows)
        pane_hrule(&box, last, 0, p->cols, TOKEN_RULE, weight);
}

/* ---- the whole */

static void draw_panels(const struct pane *whole, const struct snapshot *s, struct view *v,
                        const struct layout *l)
{
    bool covered = v->ndetails > 0 && l->detail.cols == l->area.cols;
    for (size_t i = 0; i < l->n && !covered; i++) {
        struct pane p = part_of(whole, &l->place[i].at);
        keep_panel(&p, s, v, l->place[i].id, l);
    }
    for (size_t i = 0; i < l->nrules && !covered; i++)
        pane_vrule(whole, l->rule[i].row, l->rule[i].col, l->rule[i].rows, TOKEN_RULE, LINE_THIN);
    if (v->ndetails > 0) {
        struct pane p = part_of(whole, &l->detail);
        draw_detail(&p, s, v, l);
    }
}

/* From below the status line to the bar, whatever stands there. */
static void draw_help(const struct pane *whole, struct view *v, const struct layout *l)
{
    int cols = l->area.cols > HELP_WIDTH ? HELP_WIDTH : l->area.cols;
    int col = (l->area.cols - cols) / 2;
    struct pane p = pane_part(whole, 1, col, whole->rows - 1, cols);
    pane_fill(whole, 1, col > 0 ? col - 1 : 0, p.rows, cols + 2, TOKEN_FG, ' ');
    if (col > 0) {
        pane_vrule(whole, 1, col - 1, p.rows, TOKEN_RULE, LINE_THIN);
        pane_vrule(whole, 1, col + cols, p.rows, TOKEN_RULE, LINE_THIN);
    }
    console_help_draw(&p, v);
}

/* What has the focus and nothing else, for the terminal's own selection. */
static void draw_bare(const struct pane *p, const struct snapshot *s, struct view *v)
{
    struct detail_view *d = view_top(v);
    struct list_how how = {.wide = p->cols >= 112, .header = p->rows >= 2, .plain = true};
    if (d != NULL && details[d->kind].draw != NULL)
        details[d->kind].draw(p, s, d);
    else if (v->focus != PANEL_NONE)
        draw_body(p, s, v, v->focus, &how);
    struct frame *f = p->frame;
    for (int i = 0; i < f->cols * p->rows; i++)
        f->cell[i].style = TOKEN_FG;
    f->cursor_row = f->cursor_col = 0;
}

void console_frame(struct frame *f, const struct snapshot *s, struct view *v)
{
    struct pane all = pane_of(f), whole = pane_part(&all, 0, 0, f->rows - 1, f->cols);
    struct layout l;
    layout_make(&l, v, f->rows, f->cols);
    if (v->bare && l.size != CLASS_LINE) {
        draw_bare(&whole, s, v);
        return;
    }
    if (l.size == CLASS_LINE) {
        if (f->rows > 1)
            status_smallest(&whole, s);
        return;
    }
    draw_panels(&whole, s, v, &l);
    if (l.rule_row >= 0)
        pane_hrule(&whole, l.rule_row, 0, f->cols, TOKEN_RULE, LINE_THIN);
    if (l.hint_row >= 0)
        hints_draw(&whole, l.hint_row, s, v, l.size);
    draw_toast(&whole, &l, s, v);
    if (v->help) {
        draw_help(&whole, v, &l);
        if (toast_is_fresh(s, v)) {
            pane_fill(&whole, whole.rows - 1, 0, 1, f->cols, TOKEN_FG, ' ');
            draw_toast_text(&whole, whole.rows - 1, v);
        }
    }
    struct pane top = pane_part(&whole, 0, 0, 1, f->cols);
    keep_status(&top, s, v, l.size);
    if (v->question.open)
        draw_question(&all, &v->question);
}

size_t console_panels(const struct view *v, int rows, int cols, enum panel_id out[PANEL_COUNT])
{
    struct layout l;
    layout_make(&l, v, rows, cols);
    for (size_t i = 0; i < l.n; i++)
        out[i] = l.place[i].id;
    return l.n;
}

static bool is_inside(const struct rect *r, int row, int col)
{
    return row >= r->row && row < r->row + r->rows && col >= r->col && col < r->col + r->cols;
}

enum panel_id console_at(const struct frame *f, const struct view *v, int row, int col,
                         int *list_row)
{
    struct layout l;
    *list_row = -1;
    layout_make(&l, v, f->rows, f->cols);
    if (v->bare || v->help || (v->ndetails > 0 && is_inside(&l.detail, row, col)))
        return PANEL_NONE;
    for (size_t i = 0; i < l.n; i++) {
        const struct rect *r = &l.place[i].at;
        enum panel_id id = l.place[i].id;
        if (!is_inside(r, row, col))
            continue;
        struct pane p = {NULL, r->row, r->col, r->rows, r->cols};
        if (l.size == CLASS_COMPACT && !l.zoomed) {
            *list_row = compact_at(&p, v, id, row - r->row, col - r->col);
        } else if (panels[id].draw == NULL) {
            int first = 1 + list_has_header(id, l.zoomed, r->rows - 1);
            *list_row = row - r->row >= first ? v->list[id].top + row - r->row - first : -1;
        }
        return id;
    }
    return PANEL_NONE;
}
