/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/layout.h"

#include <string.h>

#include "quorum/mem.h"

/* One panel of a size class, with its rows, title included. A column is given to its panels from
 * the top: the least to each (the last ones go when that is too much), then up to what they want,
 * then what is left over by `grow`, none above `most`. */
struct place {
    enum panel_id id;
    int column;
    int least, want, most; /* most 0: any */
    int grow;
    int from; /* only when the column has so many rows */
};

/* 80x24, and narrower windows that are taller. */
static const struct place std_places[] = {
    {PANEL_POSITIONS, 0, 4, 6, 12, 1, 0}, {PANEL_PENDING, 0, 3, 5, 0, 1, 0},
    {PANEL_TRADES, 0, 4, 6, 0, 1, 30},    {PANEL_ALERTS, 0, 3, 4, 8, 1, 36},
    {PANEL_ACTIVITY, 0, 3, 8, 0, 2, 0},
};

static const struct place wide_places[] = {
    {PANEL_POSITIONS, 0, 5, 7, 12, 1, 0}, {PANEL_TRADES, 0, 5, 9, 0, 2, 0},
    {PANEL_ACTIVITY, 0, 5, 16, 0, 3, 0},  {PANEL_PENDING, 1, 4, 7, 0, 1, 0},
    {PANEL_AGENTS, 1, 5, 9, 12, 0, 0},    {PANEL_BUDGET, 1, 5, 9, 11, 1, 0},
    {PANEL_REGIME, 1, 3, 4, 5, 1, 0},     {PANEL_ALERTS, 1, 3, 4, 0, 2, 0},
    {PANEL_LEARNING, 1, 5, 6, 10, 1, 0},
};

/* The log stands below the middle and the right column, as high as Activity beside it. */
static const struct place max_places[] = {
    {PANEL_POSITIONS, 0, 4, 7, 12, 1, 0},   {PANEL_TRADES, 0, 4, 10, 0, 2, 0},
    {PANEL_EQUITY, 0, 5, 10, 14, 1, 0},     {PANEL_LEARNING, 0, 4, 8, 10, 1, 0},
    {PANEL_WATCHLIST, 0, 4, 8, 0, 2, 0},    {PANEL_ACTIVITY, 0, 5, 12, 0, 3, 0},
    {PANEL_EVALUATIONS, 1, 5, 24, 0, 2, 0}, {PANEL_PENDING, 1, 5, 11, 0, 1, 0},
    {PANEL_ALERTS, 1, 4, 8, 0, 1, 0},       {PANEL_AGENTS, 2, 5, 11, 14, 1, 0},
    {PANEL_BUDGET, 2, 6, 13, 15, 1, 0},     {PANEL_REGIME, 2, 4, 7, 9, 1, 0},
    {PANEL_CALIBRATION, 2, 4, 9, 12, 1, 0},
};

/* Compact forms have no blank rows to spare: 2 Pending, 1 Positions, 4 Activity. */
static const struct place compact_places[] = {
    {PANEL_PENDING, 0, 2, 4, 0, 1, 0},
    {PANEL_POSITIONS, 0, 2, 3, 7, 1, 0},
    {PANEL_ACTIVITY, 0, 1, 2, 0, 2, 0},
};

enum { COLUMNS_MOST = 3, MAX_BAND = 12, MAX_BELOW_DETAIL = 17 };

static const struct size_table {
    const struct place *place;
    size_t n;
    int columns;
    enum panel_id guest; /* gives its place to a focused panel that has none here */
} tables[] = {
    [CLASS_LINE] = {NULL, 0, 1, PANEL_NONE},
    [CLASS_COMPACT] = {compact_places, ARRAY_LEN(compact_places), 1, PANEL_NONE},
    [CLASS_STD] = {std_places, ARRAY_LEN(std_places), 1, PANEL_ACTIVITY},
    [CLASS_WIDE] = {wide_places, ARRAY_LEN(wide_places), 2, PANEL_ACTIVITY},
    [CLASS_MAX] = {max_places, ARRAY_LEN(max_places), 3, PANEL_EVALUATIONS},
};

static int least_of(int a, int b)
{
    return a < b ? a : b;
}

/* What is above the panels and below them. */
static void place_chrome(struct layout *l, int rows, int cols)
{
    int below = 1; /* the bar */
    l->rule_row = l->toast_row = l->hint_row = -1;
    if (l->size == CLASS_COMPACT) {
        if (rows >= 10)
            l->hint_row = rows - 1 - below++;
        l->toast_row = l->hint_row >= 0 ? l->hint_row : rows - 2; /* a toast covers what is there */
    } else {
        if (rows >= 20)
            l->hint_row = rows - 1 - below++;
        l->toast_row = rows - 1 - below++;
        l->rule_row = rows - 1 - below++;
    }
    l->area = (struct rect){1, 0, rows - 1 - below > 0 ? rows - 1 - below : 0, cols};
}

/* Widths of the columns with a rule between each two; a column without panels has none. */
static void column_widths(const struct layout *l, const bool used[COLUMNS_MOST],
                          int width[COLUMNS_MOST])
{
    int cols = l->area.cols, n = 0;
    for (int c = 0; c < COLUMNS_MOST; c++)
        n += used[c];
    memset(width, 0, COLUMNS_MOST * sizeof width[0]);
    int left = cols - (n - 1);
    if (used[0] && n > 1) { /* the left column holds the positions: 77 columns when there is room */
        int extra = l->size == CLASS_MAX ? (cols - 200) / 5 : (cols - 120) * 2 / 5;
        width[0] =
            least_of(77 + (extra > 0 ? extra : (cols < 120 ? (cols - 120) / 2 : 0)), left * 2 / 3);
        left -= width[0];
        n--;
    }
    for (int c = 0; c < COLUMNS_MOST && n > 0; c++) {
        if (!used[c] || width[c] > 0)
            continue;
        width[c] = (left + n - 1) / n;
        left -= width[c];
        n--;
    }
}

/* Gives `rows` rows to places; those that get none have 0, but never place[keep]. */
static void share_rows(const struct place *const place[], size_t n, size_t keep, int rows,
                       int given[])
{
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        given[i] = place[i]->least;
        sum += given[i];
    }
    for (size_t i = n; i-- > 0 && sum > rows;) {
        if (i == keep)
            continue;
        sum -= given[i];
        given[i] = 0;
    }
    if (sum > rows) /* not even one: it has what there is */
        given[keep] = sum = rows;
    for (bool more = true; more && sum < rows;) {
        more = false;
        for (size_t i = 0; i < n && sum < rows; i++) {
            if (given[i] == 0 || given[i] >= place[i]->want)
                continue;
            given[i]++;
            sum++;
            more = true;
        }
    }
    for (bool more = true; more && sum < rows;) {
        more = false;
        for (size_t i = 0; i < n && sum < rows; i++) {
            for (int k = 0; k < place[i]->grow && given[i] > 0 && sum < rows; k++) {
                if (place[i]->most > 0 && given[i] >= place[i]->most)
                    break;
                given[i]++;
                sum++;
                more = true;
            }
        }
    }
    for (size_t i = n; i-- > 0 && sum < rows;) { /* all are as high as they may be: the last one */
        if (given[i] > 0) {
            given[i] += rows - sum;
            sum = rows;
        }
    }
}

static void add(struct layout *l, enum panel_id id, struct rect at)
{
    l->place[l->n].id = id;
    l->place[l->n++].at = at;
}

/* The panel that stands in a place of the table, PANEL_NONE when it is hidden. */
static enum panel_id tenant(const struct size_table *t, const struct view *v, enum panel_id id)
{
    bool has_focus = t == &tables[CLASS_MAX] && v->focus == PANEL_LOG; /* it has its band */
    for (size_t i = 0; i < t->n; i++)
        has_focus |= t->place[i].id == v->focus;
    if (id == t->guest && !has_focus && v->focus != PANEL_NONE)
        return v->focus;
    return v->shown[id] || id == v->focus ? id : PANEL_NONE;
}

static void place_column(struct layout *l, const struct size_table *t, const struct view *v,
                         int column, struct rect r)
{
    const struct place *place[PANEL_COUNT];
    enum panel_id id[PANEL_COUNT];
    int given[PANEL_COUNT];
    size_t n = 0, keep = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct place *p = &t->place[i];
        enum panel_id who = tenant(t, v, p->id);
        if (p->column != column || who == PANEL_NONE || (r.rows < p->from && who != v->focus))
            continue;
        if (p->id == PANEL_EVALUATIONS && l->has_detail)
            continue;
        if (who == v->focus)
            keep = n;
        place[n] = p;
        id[n++] = who;
    }
    if (n == 0 || r.rows < 1)
        return;
    share_rows(place, n, keep, r.rows, given);
    for (size_t i = 0, row = (size_t)r.row; i < n; row += (size_t)given[i++]) {
        if (given[i] > 0)
            add(l, id[i], (struct rect){(int)row, r.col, given[i], r.cols});
    }
}

static bool has_panels(const struct size_table *t, const struct view *v, int column)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->place[i].column == column && tenant(t, v, t->place[i].id) != PANEL_NONE)
            return true;
    }
    return false;
}

/* Rows below the middle and right column that the log has. */
static int band_rows(const struct layout *l, const struct view *v)
{
    if (l->size != CLASS_MAX || !(v->shown[PANEL_LOG] || v->focus == PANEL_LOG))
        return 0;
    const struct rect *activity = layout_find(l, PANEL_ACTIVITY);
    int rows = activity ? activity->rows : MAX_BAND;
    return rows * 2 > l->area.rows ? l->area.rows / 3 : rows;
}

static void place_columns(struct layout *l, const struct view *v)
{
    const struct size_table *t = &tables[l->size];
    bool used[COLUMNS_MOST] = {false};
    int width[COLUMNS_MOST], band = 0, col = 0, right_of_left = 0;
    for (int c = 0; c < t->columns; c++)
        used[c] = has_panels(t, v, c);
    column_widths(l, used, width);
    for (int c = 0; c < t->columns; c++) {
        struct rect r = {l->area.row, col, l->area.rows, width[c]};
        if (c == 1) {
            right_of_left = col;
            band = band_rows(l, v);
        }
        r.rows -= band;
        if (c >= 1 && l->has_detail) {
            r.row += l->detail.rows;
            r.rows -= l->detail.rows;
        }
        place_column(l, t, v, c, r);
        col += width[c] + (width[c] > 0);
        if (width[c] > 0 && col < l->area.cols)
            l->rule[l->nrules++] = (struct rect){c == 0 ? l->area.row : r.row, col - 1,
                                                 c == 0 ? l->area.rows : r.rows, 1};
    }
    if (band > 0)
        add(l, PANEL_LOG,
            (struct rect){l->area.row + l->area.rows - band, right_of_left, band,
                          l->area.cols - right_of_left});
}

/* In the size `max` a detail stands beside the left column, else it has all of the area. */
static void place_detail(struct layout *l, const struct view *v)
{
    l->has_detail = v->ndetails > 0;
    l->detail = l->area;
    if (!l->has_detail || l->size != CLASS_MAX || v->zoomed)
        return;
    bool used[COLUMNS_MOST] = {true, true, true};
    int width[COLUMNS_MOST];
    column_widths(l, used, width);
    l->detail.col = width[0] + 1;
    l->detail.cols = l->area.cols - l->detail.col;
    l->detail.rows = l->area.rows - MAX_BAND - MAX_BELOW_DETAIL;
    if (l->detail.rows < 18)
        l->detail = l->area;
}

static bool has_place(const struct size_table *t, enum panel_id id)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->place[i].id == id)
            return true;
    }
    return false;
}

void layout_make(struct layout *l, const struct view *v, int rows, int cols)
{
    *l = (struct layout){.size = size_class_of(rows, cols)};
    if (l->size != CLASS_LINE && v->forced != CLASS_LINE)
        l->size = v->forced;
    if (l->size == CLASS_LINE) {
        l->rule_row = l->toast_row = l->hint_row = -1;
        l->area = (struct rect){0, 0, 0, cols};
        l->zoomed = true;
        if (v->focus != PANEL_NONE)
            add(l, v->focus, l->area);
        return;
    }
    place_chrome(l, rows, cols);
    place_detail(l, v);
    bool whole = l->detail.cols == l->area.cols && l->has_detail;
    l->zoomed = v->zoomed && v->focus != PANEL_NONE;
    if (l->size == CLASS_COMPACT && v->focus != PANEL_NONE &&
        !has_place(&tables[CLASS_COMPACT], v->focus))
        l->zoomed = true;
    if (l->zoomed) {
        add(l, v->focus, l->area);
        return;
    }
    bool has_detail = l->has_detail;
    l->has_detail = has_detail && !whole; /* what is covered wholly lies as without a detail */
    place_columns(l, v);
    l->has_detail = has_detail;
    if (l->n == 0) { /* all are hidden */
        l->zoomed = true;
        add(l, v->focus != PANEL_NONE ? v->focus : PANEL_POSITIONS, l->area);
    }
}

const struct rect *layout_find(const struct layout *l, enum panel_id id)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->place[i].id == id)
            return &l->place[i].at;
    }
    return NULL;
}
