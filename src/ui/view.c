/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"

/* The words objects begin with, and what opens them. */
static const struct {
    const char *word;
    enum detail_kind kind;
} object_kinds[] = {
    {"evaluation", DETAIL_EVALUATION}, {"eval", DETAIL_EVALUATION},
    {"trade", DETAIL_TRADE},           {"position", DETAIL_POSITION},
    {"adjustment", DETAIL_ADJUSTMENT}, {"adj", DETAIL_ADJUSTMENT},
    {"agent", DETAIL_AGENT},           {"alert", DETAIL_ALERT},
    {"parameter", DETAIL_PARAMETER},   {"param", DETAIL_PARAMETER},
    {"cycle", DETAIL_CYCLE},           {"insight", DETAIL_CYCLE}, /* "insight 9 regime_bull" */
    {"symbol", DETAIL_SYMBOL},
};

enum size_class size_class_of(int rows, int cols)
{
    if (rows < 6 || cols < 24)
        return CLASS_LINE;
    if (rows < 20 || cols < 80)
        return CLASS_COMPACT;
    if (rows >= 48 && cols >= 170)
        return CLASS_MAX;
    return rows >= 32 && cols >= 112 ? CLASS_WIDE : CLASS_STD;
}

void view_init(struct view *v)
{
    *v = (struct view){.focus = PANEL_POSITIONS};
    for (int p = 0; p < PANEL_COUNT; p++) {
        v->shown[p] = true;
        v->list[p].sort = -1;
    }
    v->list[PANEL_ACTIVITY].follow = v->list[PANEL_LOG].follow = true;
}

void view_release(struct view *v)
{
    for (int i = 0; i < DETAIL_STACK; i++)
        mem_free(v->detail[i].text);
    mem_free(v->orders);
    *v = (struct view){0};
}

/* ---- rows */

static const char *cell_of(const struct snapshot *s, enum panel_id p, int row, int column)
{
    const struct rows *r = &s->panel[p].rows;
    const char *text = (size_t)column < r->ncols ? rows_text(r, (size_t)row, (size_t)column) : NULL;
    return text ? text : "";
}

static bool row_fits(const struct snapshot *s, enum panel_id p, int row, const char *filter)
{
    if (!*filter)
        return true;
    if (strcasestr(cell_of(s, p, row, 0), filter))
        return true;
    for (size_t c = 0; c < panels[p].ncolumns; c++)
        if (panels[p].column[c].look != LOOK_HIDDEN &&
            strcasestr(cell_of(s, p, row, (int)c + 1), filter))
            return true;
    return false;
}

/* The number a cell shows, its separators and marks aside. */
static bool number_of(const char *text, double *out)
{
    char digits[40];
    size_t n = 0;
    for (; *text && n < sizeof digits - 1; text++)
        if ((*text >= '0' && *text <= '9') || *text == '.' || *text == '-')
            digits[n++] = *text;
    digits[n] = '\0';
    return text_to_double(digits, out);
}

/* One row as it sorts. */
struct sort_key {
    const char *text;
    double number;
    bool has_number;
    int row;
};

struct order {
    bool number, descending;
};

static int compare(const void *a, const void *b, void *arg)
{
    const struct order *o = arg;
    const struct sort_key *x = a, *y = b;
    int result;
    if (!o->number)
        result = strcasecmp(x->text, y->text);
    else if (!x->has_number || !y->has_number)
        result = x->has_number ? -1 : y->has_number ? 1 : 0;
    else
        result = (x->number > y->number) - (x->number < y->number);
    if (o->number && x->has_number != y->has_number)
        return result; /* what has no value stands last, whatever the direction */
    result = o->descending ? -result : result;
    return result ? result : (x->row > y->row) - (x->row < y->row);
}

static void sort_rows(const struct list_view *l, const struct snapshot *s, enum panel_id p,
                      int *index, size_t n)
{
    struct sort_key key[VIEW_ROWS_MAX];
    enum cell_look look = panels[p].column[l->sort].look;
    int column = l->sort + (look == LOOK_AGE ? 2 : 1);
    struct order o = {.number = look == LOOK_NUMBER || look == LOOK_SIGNED || look == LOOK_AGE,
                      .descending = l->descending};
    for (size_t i = 0; i < n; i++) {
        key[i] = (struct sort_key){.text = cell_of(s, p, index[i], column), .row = index[i]};
        key[i].has_number = o.number && number_of(key[i].text, &key[i].number);
    }
    qsort_r(key, n, sizeof *key, compare, &o);
    for (size_t i = 0; i < n; i++)
        index[i] = key[i].row;
}

static size_t order_rows(const struct list_view *l, const struct snapshot *s, enum panel_id p,
                         int *index)
{
    size_t n = 0, most = s->panel[p].rows.nrows;
    for (size_t i = 0; i < most && n < VIEW_ROWS_MAX; i++)
        if (row_fits(s, p, (int)i, l->filter))
            index[n++] = (int)i;
    if (l->sort >= 0 && (size_t)l->sort < panels[p].ncolumns)
        sort_rows(l, s, p, index, n);
    return n;
}

/* Several ask for the rows of a list in one frame, which seldom has others than the one before. */
struct view_orders {
    struct list_order {
        struct rows_id of;
        bool known, descending;
        int sort;
        char filter[FILTER_MAX];
        size_t n;
        int index[VIEW_ROWS_MAX];
    } panel[PANEL_COUNT];
};

static bool is_order_of(const struct list_order *o, const struct rows_id *rows,
                        const struct list_view *l)
{
    return o->known && rows_id_same(&o->of, rows) && o->sort == l->sort &&
           o->descending == l->descending && strcmp(o->filter, l->filter) == 0;
}

size_t view_rows(const struct view *v, const struct snapshot *s, enum panel_id p, int *index)
{
    const struct list_view *l = &v->list[p];
    if (!v->orders || (l->sort < 0 && !*l->filter))
        return order_rows(l, s, p, index);
    struct list_order *o = &v->orders->panel[p];
    struct rows_id now = rows_id_of(&s->panel[p]);
    if (!is_order_of(o, &now, l)) {
        *o = (struct list_order){
            .known = true, .of = now, .sort = l->sort, .descending = l->descending};
        copy_text(o->filter, sizeof o->filter, l->filter);
        o->n = order_rows(l, s, p, o->index);
    }
    memcpy(index, o->index, o->n * sizeof *index);
    return o->n;
}

/* Of several rows with the object the one nearest to where the selection was. */
static int find_selected(const struct list_view *l, const struct snapshot *s, enum panel_id p,
                         const int *index, size_t n)
{
    int found = -1;
    if (n == 0)
        return -1;
    bool stays = l->place >= 0 && (size_t)l->place < n &&
                 strcmp(cell_of(s, p, index[l->place], 0), l->selected) == 0;
    if (stays)
        return l->place;
    for (size_t i = 0; *l->selected && i < n; i++) {
        if (strcmp(cell_of(s, p, index[i], 0), l->selected) == 0 &&
            (found < 0 || abs((int)i - l->place) < abs(found - l->place)))
            found = (int)i;
    }
    if (found < 0)
        found = l->place;
    return found < 0 ? 0 : found >= (int)n ? (int)n - 1 : found;
}

int view_selected(const struct view *v, const struct snapshot *s, enum panel_id p)
{
    int index[VIEW_ROWS_MAX];
    size_t n = view_rows(v, s, p, index);
    return find_selected(&v->list[p], s, p, index, n);
}

static void select_row(struct list_view *l, const struct snapshot *s, enum panel_id p,
                       const int *index, size_t n, int row)
{
    if (n == 0)
        return;
    row = row < 0 ? 0 : row >= (int)n ? (int)n - 1 : row;
    l->place = row;
    copy_text(l->selected, sizeof l->selected, cell_of(s, p, index[row], 0));
}

/* A mark that nobody sees is none. */
static void drop_marks_of_the_gone(struct list_view *l, const struct rows *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->nmarks; i++) {
        bool there = false;
        for (size_t row = 0; row < r->nrows && !there; row++)
            there = rows_text(r, row, 0) && strcmp(rows_text(r, row, 0), l->mark[i]) == 0;
        if (there)
            memmove(l->mark[kept++], l->mark[i], sizeof l->mark[0]);
    }
    l->nmarks = kept;
}

void view_settle(struct view *v, const struct snapshot *s)
{
    int index[VIEW_ROWS_MAX];
    if (!v->orders)
        v->orders = mem_alloc(sizeof *v->orders);
    for (enum panel_id p = 0; p < PANEL_COUNT; p++) {
        struct list_view *l = &v->list[p];
        if (!s->panel[p].loaded_at || panels[p].draw)
            continue;
        drop_marks_of_the_gone(l, &s->panel[p].rows);
        /* What was never moved stays at the newest. */
        bool at_top = l->follow || (!*l->selected && l->place == 0);
        if (!at_top) {
            size_t n = view_rows(v, s, p, index);
            select_row(l, s, p, index, n, find_selected(l, s, p, index, n));
        } else if (l->follow) {
            l->selected[0] = '\0', l->place = l->top = 0;
        }
    }
}

void view_select(struct view *v, const struct snapshot *s, enum panel_id p, int row)
{
    int index[VIEW_ROWS_MAX];
    size_t n = view_rows(v, s, p, index);
    v->list[p].follow &= row == 0;
    select_row(&v->list[p], s, p, index, n, row);
}

const char *view_object(const struct view *v, const struct snapshot *s)
{
    int index[VIEW_ROWS_MAX];
    if (v->focus == PANEL_NONE || panels[v->focus].draw)
        return "";
    size_t n = view_rows(v, s, v->focus, index);
    int row = find_selected(&v->list[v->focus], s, v->focus, index, n);
    return row < 0 ? "" : cell_of(s, v->focus, index[row], 0);
}

static int sum(int a, int b)
{
    int64_t both = (int64_t)a + b;
    return both > VIEW_FAR ? VIEW_FAR : both < -VIEW_FAR ? -VIEW_FAR : (int)both;
}

void view_move(struct view *v, const struct snapshot *s, int by, int page)
{
    struct detail_view *d = view_top(v);
    if (d) {
        d->item = sum(d->item, by);
        d->scroll = sum(d->scroll, page);
        return;
    }
    if (v->focus == PANEL_NONE)
        return;
    int at = view_selected(v, s, v->focus);
    view_select(v, s, v->focus, at < 0 ? 0 : sum(at, sum(by, page)));
}

/* ---- details */

static void drop_text(struct detail_view *d)
{
    mem_free(d->text);
    *d = (struct detail_view){0};
}

void view_open(struct view *v, enum detail_kind kind, const char *id)
{
    struct detail_view *top = view_top(v);
    v->help = false;
    if (top && top->kind == kind && kind != DETAIL_TEXT && strcmp(top->id, id) == 0)
        return;
    if (v->ndetails == DETAIL_STACK) {
        drop_text(&v->detail[0]);
        memmove(&v->detail[0], &v->detail[1], (DETAIL_STACK - 1) * sizeof v->detail[0]);
        v->detail[DETAIL_STACK - 1] = (struct detail_view){0};
        v->ndetails--;
    }
    for (int i = v->ndetails; i < DETAIL_STACK; i++)
        drop_text(&v->detail[i]);
    struct detail_view *d = &v->detail[v->ndetails++];
    d->kind = kind;
    copy_text(d->id, sizeof d->id, id);
}

void view_open_text(struct view *v, const char *title, char *owned_text)
{
    view_open(v, DETAIL_TEXT, "");
    struct detail_view *d = &v->detail[v->ndetails - 1];
    sanitize_line(d->title, sizeof d->title, untrusted(title));
    d->text = owned_text;
}

bool view_open_object(struct view *v, const char *object)
{
    const char *id = strpbrk(object, " :");
    if (!id)
        return false;
    size_t word = (size_t)(id - object);
    id += strspn(id, " :#");
    for (size_t i = 0; *id && i < ARRAY_LEN(object_kinds); i++) {
        if (strlen(object_kinds[i].word) != word || strncmp(object_kinds[i].word, object, word))
            continue;
        char first[OBJECT_MAX];
        copy_bytes(first, sizeof first, id, strcspn(id, " "));
        view_open(v, object_kinds[i].kind, first);
        return true;
    }
    return false;
}

/* What is left can be gone to again: it stays above the top. */
bool view_back(struct view *v)
{
    if (v->ndetails == 0)
        return false;
    v->ndetails--;
    return true;
}

bool view_forward(struct view *v)
{
    if (v->ndetails == DETAIL_STACK || v->detail[v->ndetails].kind == DETAIL_NONE)
        return false;
    v->ndetails++;
    return true;
}

struct detail_view *view_top(struct view *v)
{
    return v->ndetails ? &v->detail[v->ndetails - 1] : NULL;
}

/* ---- marks, toasts */

bool view_mark(struct view *v, const char *object)
{
    struct list_view *l = &v->list[v->focus];
    if (!*object)
        return false;
    for (size_t i = 0; i < l->nmarks; i++) {
        if (strcmp(l->mark[i], object) == 0) {
            memmove(l->mark[i], l->mark[i + 1], (l->nmarks - i - 1) * sizeof l->mark[0]);
            l->nmarks--;
            return true;
        }
    }
    if (l->nmarks == MARKS_MAX)
        return false;
    copy_text(l->mark[l->nmarks++], OBJECT_MAX, object);
    return true;
}

int64_t view_toast_time(const struct view *v)
{
    enum { LEAST_S = 6, READ_A_SECOND = 20 }; /* characters; reading aloud takes longer */
    int64_t seconds = (int64_t)strlen(v->toast) / READ_A_SECOND;
    return (seconds < LEAST_S ? LEAST_S : seconds) * USEC_SECOND;
}

void view_toast(struct view *v, enum toast_kind kind, int64_t now, const char *fmt, ...)
{
    char text[1200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    sanitize_line(v->toast, sizeof v->toast, untrusted(text));
    v->toast_kind = kind;
    v->toast_at = now;
}
