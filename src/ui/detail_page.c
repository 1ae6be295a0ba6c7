/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/detail_page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* Micro-dollars from which on a price has commas. */
#define LONG_PRICE ((int64_t)10000 * 1000000)
enum { SCROLL_MOST = 1000000, NARROW = 60, LINES_MOST = 1 << 24 };

/* ---- the two runs */

static int bounded(int value)
{
    return value > SCROLL_MOST ? SCROLL_MOST : value < -SCROLL_MOST ? -SCROLL_MOST : value;
}

static void run_body(struct page *g, const struct pane *p, page_body_fn *body)
{
    g->pane = p;
    g->line = 0;
    g->nitems = 0;
    g->column = 1;
    g->fresh = true;
    body(g);
}

static int line_of_item(const struct page *g, int item)
{
    return item < PAGE_ITEMS_MAX ? g->item_at[item] : g->item_at[PAGE_ITEMS_MAX - 1];
}

/* The steps the keys asked for become a selection while the selected item is in sight, and
 * scrolling else. */
static void place_item(const struct page *g, struct detail_view *v, int rows)
{
    int before = v->drawn.item, step = v->item - before;
    if (g->nitems == 0) {
        v->scroll += step;
        v->item = before;
        return;
    }
    if (before >= g->nitems)
        before = g->nitems - 1;
    int at = line_of_item(g, before);
    if ((step > 0 && at >= v->scroll + rows) || (step < 0 && at < v->scroll)) {
        v->scroll += step;
        v->item = before;
        step = 0;
    } else if (v->item >= g->nitems) {
        v->scroll += v->item - (g->nitems - 1);
        v->item = g->nitems - 1;
    } else if (v->item < 0) {
        v->scroll += v->item;
        v->item = 0;
    }
    at = line_of_item(g, v->item);
    if (step != 0 && v->item != before && at < v->scroll)
        v->scroll = at;
    else if (step != 0 && v->item != before && at >= v->scroll + rows)
        v->scroll = at - rows + 1;
}

int page_draw(const struct pane *p, const struct snapshot *s, struct detail_view *v,
              page_body_fn *body)
{
    return page_draw_deep(p, s, v, body, 0);
}

int page_draw_deep(const struct pane *p, const struct snapshot *s, struct detail_view *v,
                   page_body_fn *body, int deepest)
{
    struct page g = {.snapshot = s, .view = v, .cols = p->cols};
    struct pane nowhere = pane_part(p, 0, 0, 0, 0);
    g.indent = p->cols >= NARROW ? 11 : 3;
    v->item = bounded(v->item);
    v->scroll = bounded(v->scroll);
    v->depth = v->depth > deepest ? deepest : v->depth < 0 ? 0 : v->depth;
    if (v->depth != v->drawn.depth) {
        v->scroll = 0;
        v->item = v->drawn.item; /* a step back finds the item it left */
        v->drawn.depth = v->depth;
    }
    if (v->depth > 0) { /* its text: the selection stays */
        v->scroll += v->item - v->drawn.item;
        v->item = v->drawn.item;
    }
    int counted_with = v->item;
    run_body(&g, &nowhere, body);
    place_item(&g, v, p->rows);
    if (v->item != counted_with && g.nitems > 0) /* without items it writes the same */
        run_body(&g, &nowhere, body);
    if (v->drawn.show && g.nitems > 0) /* with the two lines above its table */
        v->scroll = line_of_item(&g, v->item) - 3;
    if (g.nitems > 0 || s->detail[0].loaded_at)
        v->drawn.show = false;
    int lines = g.line, most = lines - p->rows;
    v->scroll = v->scroll > most ? most : v->scroll;
    v->scroll = v->scroll < 0 ? 0 : v->scroll;
    v->drawn.item = v->item;
    int at = g.nitems > 0 ? line_of_item(&g, v->item) - v->scroll : -1;
    v->drawn.in_sight = at >= 0 && at < p->rows;
    p->frame->cursor_row = p->row;
    p->frame->cursor_col = p->col;
    run_body(&g, p, body);
    return lines;
}

/* ---- what was loaded */

const struct rows *page_rows(const struct page *g, int part)
{
    return &g->snapshot->detail[part].rows;
}

bool page_came(const struct page *g, int part)
{
    return g->snapshot->detail[part].loaded_at != 0;
}

const char *page_value(const struct page *g, int part, size_t row, const char *column)
{
    const struct rows *r = page_rows(g, part);
    return row < r->nrows ? rows_named(r, row, column) : NULL;
}

const char *page_fact(const struct page *g, const char *column)
{
    return page_value(g, 0, 0, column);
}

bool whole_number(const char *text, int64_t *out)
{
    static const int64_t most = INT64_C(1000000000000);
    int64_t n = 0;
    bool is = text && text_to_int64(text, &n);
    *out = !is ? 0 : n > most ? most : n < -most ? -most : n;
    return is;
}

int64_t page_number(const struct page *g, const char *column)
{
    int64_t n;
    whole_number(page_fact(g, column), &n);
    return n;
}

bool page_is(const struct page *g, const char *column, const char *text)
{
    const char *fact = page_fact(g, column);
    return fact && strcmp(fact, text) == 0;
}

bool page_flag(const struct page *g, const char *column)
{
    return page_is(g, column, "t");
}

bool page_ready(struct page *g, const char *what, const char *fix)
{
    const struct snap *head = &g->snapshot->detail[0];
    const char *id = g->view->id;
    bool number = *id && strspn(id, "0123456789") == strlen(id);
    if (head->rows.nrows > 0)
        return true;
    page_label(g, "");
    if (*head->problem)
        page_say(g, TOKEN_TOAST_ERR, "%s %s cannot be read: %s. R asks again", what, g->view->id,
                 head->problem);
    else if (head->loaded_at == 0)
        page_say(g, TOKEN_DIM, "loading %s %s", what, g->view->id);
    else
        page_say(g, TOKEN_TOAST_ERR, "E10 no %s %s%s. %s", what, number ? "#" : "", id, fix);
    return false;
}

/* ---- lines */

static int row_of(const struct page *g)
{
    return g->line - 1 - g->view->scroll;
}

/* The open line is one that is drawn. */
static bool in_sight(const struct page *g)
{
    return row_of(g) >= 0 && row_of(g) < g->pane->rows;
}

/* Nothing of what is still to come will be drawn: its lines were counted before. */
static bool is_below(const struct page *g)
{
    return g->pane->rows > 0 && g->line - g->view->scroll >= g->pane->rows;
}

static void open_line(struct page *g, int column)
{
    g->line += g->line < LINES_MOST;
    g->column = column;
    g->fresh = true;
}

void page_blank(struct page *g)
{
    open_line(g, g->indent);
}

void page_label(struct page *g, const char *label)
{
    int width = (int)text_columns(label);
    open_line(g, g->indent);
    pane_text(g->pane, row_of(g), 1, TOKEN_TITLE, label);
    if (1 + width + 1 > g->column)
        g->column = 1 + width + 1;
}

/* Clean text behind what the line has, or in the next line. */
static void add_text(struct page *g, uint16_t style, int gap, const char *text)
{
    int width = (int)text_columns(text);
    int from = g->fresh ? g->column : g->column + gap;
    if (width == 0)
        return;
    if (from + width > g->cols && !g->fresh) {
        open_line(g, g->indent);
        from = g->column;
    }
    g->fresh = false;
    if (from + width <= g->cols) {
        pane_text(g->pane, row_of(g), from, style, text);
        g->column = from + width;
        return;
    }
    int room = g->cols - from;
    if (room < 8) { /* behind a label that is too long */
        open_line(g, g->indent);
        g->fresh = false;
        from = g->indent;
        room = g->cols - from;
    }
    int lines = pane_wrap(g->pane, row_of(g), from, room, LINES_MOST, style, text, 0);
    g->line += lines > 0 ? lines - 1 : 0;
    g->column = g->cols;
}

static void say(struct page *g, uint16_t style, int gap, const char *fmt, va_list args)
    __attribute__((format(printf, 4, 0)));
static void say(struct page *g, uint16_t style, int gap, const char *fmt, va_list args)
{
    char raw[1200];
    struct buf clean = {0};
    int n = vsnprintf(raw, sizeof raw, fmt, args);
    if (n >= (int)sizeof raw) /* cut on a character */
        copy_bytes(raw, sizeof raw - 1, raw, sizeof raw - 1);
    sanitize(&clean, untrusted(raw), TEXT_LINE, 0);
    add_text(g, style, gap, buf_text(&clean));
    buf_release(&clean);
}

void page_say(struct page *g, uint16_t style, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(g, style, 3, fmt, args);
    va_end(args);
}

void page_more(struct page *g, uint16_t style, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(g, style, 1, fmt, args);
    va_end(args);
}

/* Each line of the text as one of the page, from the column it is scrolled to. */
static void unwrapped_text(struct page *g, uint16_t style, const char *clean, int most)
{
    int room = g->cols - g->indent, lines = 0;
    for (const char *at = clean; lines == 0 || (*at && (most == 0 || lines < most)); lines++) {
        size_t len = strcspn(at, "\n");
        char line[4096];
        open_line(g, g->indent);
        const char *begins = at;
        at += len + (at[len] == '\n');
        if (is_below(g))
            return;
        if (!in_sight(g))
            continue;
        copy_bytes(line, sizeof line, begins, len);
        struct pane row = pane_part(g->pane, row_of(g), g->indent, 1, room);
        int wide = (int)text_columns(line) - g->view->hscroll;
        pane_text(&row, 0, -g->view->hscroll, style, line);
        if (wide > room)
            pane_put(&row, 0, room - 1, style, g->pane->frame->ascii ? "~" : "\xe2\x80\xa6");
    }
}

static void clean_text(struct page *g, uint16_t style, const char *clean, int most)
{
    int room = g->cols - g->indent;
    if (g->pane->frame->unwrapped) {
        unwrapped_text(g, style, clean, most);
        return;
    }
    open_line(g, g->indent);
    int rows = most > 0 ? most : LINES_MOST;
    int lines = most == 0 && g->pane->rows > 0
                    ? pane_wrap_rest(g->pane, row_of(g), g->indent, room, style, clean)
                    : pane_wrap(g->pane, row_of(g), g->indent, room, rows, style, clean, 0);
    if (lines > rows) {
        pane_put(g->pane, row_of(g) + rows - 1, g->cols - 1, style,
                 g->pane->frame->ascii ? "~" : "\xe2\x80\xa6");
        lines = rows;
    }
    g->line += lines > 0 ? lines - 1 : 0;
}

void page_text(struct page *g, uint16_t style, const char *text, int most)
{
    struct buf clean = {0};
    if (is_below(g))
        return;
    sanitize(&clean, untrusted(text), TEXT_BLOCK, 0);
    clean_text(g, style, buf_text(&clean), most);
    buf_release(&clean);
}

void page_quote(struct page *g, const char *text, int most)
{
    struct buf quoted = {0};
    if (is_below(g))
        return;
    buf_char(&quoted, '"');
    sanitize(&quoted, untrusted(text), TEXT_BLOCK, 0);
    buf_char(&quoted, '"');
    clean_text(g, TOKEN_DIM, buf_text(&quoted), most);
    buf_release(&quoted);
}

void page_heading(struct page *g, const char *text, const char *note)
{
    page_blank(g);
    open_line(g, 1);
    page_say(g, TOKEN_TITLE, "%s", text);
    if (note)
        page_say(g, TOKEN_DIM, "%s", note);
}

bool page_item(struct page *g)
{
    bool selected = g->nitems == g->view->item;
    if (g->nitems < PAGE_ITEMS_MAX)
        g->item_at[g->nitems] = g->line;
    g->nitems++;
    if (selected && g->pane->rows > 0) {
        int row = g->line - g->view->scroll;
        if (row >= 0 && row < g->pane->rows) {
            g->pane->frame->cursor_row = g->pane->row + row;
            g->pane->frame->cursor_col = g->pane->col;
        }
        pane_text(g->pane, row, 0, TOKEN_KEY, ">");
    }
    return selected;
}

/* ---- tables */

static bool shown(const struct page *g, const struct page_column *c)
{
    return g->cols >= c->from;
}

static int width_of(const struct page *g, const struct page_column *c, int at)
{
    int room = g->cols - at;
    return c->width == 0 || c->width > room ? room : c->width;
}

static void draw_cell(const struct page *g, const struct page_column *c, int at, uint16_t style,
                      const char *text)
{
    char clean[600];
    int width = width_of(g, c, at);
    if (!in_sight(g))
        return;
    sanitize_line(clean, sizeof clean, untrusted(text));
    if (c->right)
        pane_right(g->pane, row_of(g), at, width, style, clean);
    else
        pane_cut(g->pane, row_of(g), at, width, style, clean);
}

void page_header(struct page *g, const struct page_column *column, size_t n)
{
    int at = 1;
    open_line(g, g->indent);
    for (size_t i = 0; i < n; i++) {
        if (!shown(g, &column[i]))
            continue;
        draw_cell(g, &column[i], at, TOKEN_DIM, column[i].title);
        at += width_of(g, &column[i], at) + 1;
    }
}

void page_cells(struct page *g, const struct page_column *column, size_t n,
                const struct page_cell *cell, bool item)
{
    int at = 1;
    bool selected = item && page_item(g);
    open_line(g, g->indent);
    for (size_t i = 0; i < n; i++) {
        if (!shown(g, &column[i]))
            continue;
        draw_cell(g, &column[i], at, cell[i].text ? cell[i].style : TOKEN_DIM,
                  cell[i].text ? cell[i].text : "-");
        at += width_of(g, &column[i], at) + 1;
    }
    if (selected)
        pane_restyle(g->pane, row_of(g), 0, g->cols, STYLE_CURSOR);
}

/* ---- pictures */

void page_picture(struct page *g, struct page_picture *a, int rows)
{
    *a = (struct page_picture){.row = g->line - g->view->scroll};
    a->frame.ascii = g->pane->frame->ascii;
    a->frame.ambiguous = g->pane->frame->ambiguous;
    a->frame.marks = g->pane->frame->marks;
    frame_resize(&a->frame, rows, g->cols > 0 ? g->cols : 1);
    a->pane = pane_of(&a->frame);
    g->line += rows;
}

void page_picture_end(struct page *g, struct page_picture *a)
{
    const struct pane *p = g->pane;
    for (int r = 0; r < a->frame.rows; r++) {
        int row = a->row + r;
        for (int c = 0; row >= 0 && row < p->rows && c < a->frame.cols && c < p->cols; c++) {
            const struct cell *from = frame_cell(&a->frame, r, c);
            if (from->len > 0 && from->text[0] != ' ')
                pane_put(p, row, c, from->style, from->text);
        }
    }
    frame_release(&a->frame);
}

/* ---- how figures look */

uint16_t style_of_sign(const char *number)
{
    double v;
    if (!number || !text_to_double(number, &v))
        return TOKEN_FG;
    return v > 0 ? TOKEN_PNL_UP : v < 0 ? TOKEN_PNL_DOWN : TOKEN_PNL_FLAT;
}

uint16_t style_of_vote(const char *vote)
{
    static const struct {
        const char *word;
        enum token token;
    } tokens[] = {
        {"BUY", TOKEN_VOTE_BUY},      {"SELL", TOKEN_VOTE_SELL},   {"HOLD", TOKEN_VOTE_HOLD},
        {"ABSTAIN", TOKEN_VOTE_SKIP}, {"ABST", TOKEN_VOTE_SKIP},   {"FAILED", TOKEN_SEV_WARN},
        {"FAIL", TOKEN_SEV_WARN},     {"APPROVE", TOKEN_VOTE_BUY}, {"REDUCE", TOKEN_RISK_MED},
        {"REJECT", TOKEN_VOTE_SELL},  {"BULL", TOKEN_VOTE_BUY},    {"BEAR", TOKEN_VOTE_SELL},
        {"NONE", TOKEN_VOTE_SKIP},
    };
    for (size_t i = 0; vote && i < ARRAY_LEN(tokens); i++)
        if (strcmp(tokens[i].word, vote) == 0)
            return tokens[i].token;
    return TOKEN_FG;
}

uint16_t style_of_risk(const char *level)
{
    if (level && *level == 'L')
        return TOKEN_RISK_LOW;
    if (level && *level == 'M')
        return TOKEN_RISK_MED;
    return level && *level == 'H' ? TOKEN_RISK_HIGH : TOKEN_FG;
}

const char *short_model(char dst[PAGE_CELL], const char *model)
{
    if (strncmp(model, "claude-", 7) == 0)
        model += 7;
    copy_text(dst, PAGE_CELL, model);
    size_t n = strlen(dst);
    if (n > 9 && dst[n - 9] == '-' && strspn(dst + n - 8, "0123456789") == 8)
        dst[n - 9] = '\0';
    return dst;
}

const char *price_text(char dst[PRICE_CELL], const struct page *g, const char *stored)
{
    int64_t micro = stored ? micro_of(stored) : 0;
    int places = g->snapshot->price_places;
    places = places < 0 ? 0 : places > MONEY_MICRO_DIGITS ? MONEY_MICRO_DIGITS : places;
    if (!stored)
        copy_text(dst, PRICE_CELL, "-");
    else if (micro >= LONG_PRICE || micro <= -LONG_PRICE)
        decimal_group(dst, PRICE_CELL, micro, MONEY_MICRO_DIGITS, places);
    else
        decimal_print(dst, PRICE_CELL, micro, MONEY_MICRO_DIGITS, places);
    return dst;
}

const char *latency_text(char dst[PAGE_CELL], const char *ms)
{
    int64_t n;
    if (!whole_number(ms, &n))
        copy_text(dst, PAGE_CELL, "-");
    else if (n < 1000)
        snprintf(dst, PAGE_CELL, "%lldms", (long long)n);
    else
        snprintf(dst, PAGE_CELL, "%.*fs", n < 10000 ? 2 : 1, (double)n / 1000);
    return dst;
}

const char *age_text(char dst[PAGE_CELL], const struct page *g, const char *epoch)
{
    int64_t t;
    if (whole_number(epoch, &t)) {
        int64_t age = g->snapshot->now - t * USEC_SECOND;
        duration_print(dst, age < 0 ? 0 : age);
    } else {
        copy_text(dst, PAGE_CELL, "-");
    }
    return dst;
}

const char *distance_text(char dst[PAGE_CELL], const char *price, const char *base)
{
    double a, b;
    *dst = '\0';
    if (price && base && text_to_double(price, &a) && text_to_double(base, &b) && b > 0)
        snprintf(dst, PAGE_CELL, "(%+.2f%%)", round_half_away(100 * (a / b - 1), 2));
    return dst;
}

void neighbour_by_id(const struct snapshot *s, const struct detail_view *v, int direction,
                     char out[OBJECT_MAX])
{
    const struct rows *r = &s->detail[0].rows;
    const char *id = r->nrows ? rows_named(r, 0, direction < 0 ? "older" : "newer") : NULL;
    out[0] = '\0';
    if (id)
        snprintf(out, OBJECT_MAX, "%s %.40s", details[v->kind].name, id);
}
