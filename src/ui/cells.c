/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/cells.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "ui/keep.h"

static const struct cell blank = {.text = " ", .len = 1, .width = 1};

static int between(int low, int n, int high)
{
    return n < low ? low : n > high ? high : n;
}

void frame_resize(struct frame *f, int rows, int cols)
{
    f->rows = between(1, rows, FRAME_MOST);
    f->cols = between(1, cols, FRAME_MOST);
    size_t n = (size_t)f->rows * (size_t)f->cols;
    if (n > f->cap) {
        f->cell = mem_grow(f->cell, n, sizeof *f->cell);
        f->cap = n;
    }
    frame_clear(f);
}

void frame_release(struct frame *f)
{
    mem_free(f->cell);
    keep_free(f->keep);
    *f = (struct frame){0};
}

void frame_clear(struct frame *f)
{
    size_t n = (size_t)f->rows * (size_t)f->cols;
    for (size_t i = 0; i < n; i++)
        f->cell[i] = blank;
    f->cursor_on = f->drawn = false;
    f->cursor_row = f->cursor_col = 0;
}

static struct cell *cell_at(const struct frame *f, int row, int col)
{
    if (row < 0 || row >= f->rows || col < 0 || col >= f->cols)
        return NULL;
    return f->cell + (size_t)row * (size_t)f->cols + (size_t)col;
}

const struct cell *frame_cell(const struct frame *f, int row, int col)
{
    return cell_at(f, row, col);
}

bool frame_same_row(const struct frame *a, const struct frame *b, int row)
{
    const struct cell *x = cell_at(a, row, 0), *y = cell_at(b, row, 0);
    if (x == NULL || y == NULL || a->cols != b->cols)
        return false;
    return memcmp(x, y, (size_t)a->cols * sizeof *x) == 0;
}

bool frame_same(const struct frame *a, const struct frame *b)
{
    if (a->rows != b->rows || a->cols != b->cols || a->cursor_on != b->cursor_on ||
        a->cursor_row != b->cursor_row || a->cursor_col != b->cursor_col)
        return false;
    for (int row = 0; row < a->rows; row++) {
        if (!frame_same_row(a, b, row))
            return false;
    }
    return true;
}

/* ---- dumps */

void frame_dump(const struct frame *f, struct buf *out)
{
    for (int row = 0; row < f->rows; row++) {
        const struct cell *cell = f->cell + (size_t)row * (size_t)f->cols;
        int last = f->cols;
        while (last > 0 && memcmp(cell[last - 1].text, blank.text, CELL_BYTES) == 0)
            last--;
        for (int col = 0; col < last; col++)
            buf_add(out, cell[col].text, cell[col].len);
        buf_char(out, '\n');
    }
}

static void style_words(struct buf *out, uint16_t style)
{
    static const struct {
        uint16_t bit;
        const char *word;
    } words[] = {{STYLE_CURSOR, "cursor"},       {STYLE_MATCH, "match"},     {STYLE_BOLD, "bold"},
                 {STYLE_UNDERLINE, "underline"}, {STYLE_REVERSE, "reverse"}, {STYLE_DIM, "dim"}};
    buf_str(out, token_name((enum token)(style & STYLE_TOKEN)));
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (style & words[i].bit)
            buf_printf(out, "+%s", words[i].word);
    }
}

void frame_dump_styles(const struct frame *f, struct buf *out)
{
    for (int row = 0; row < f->rows; row++) {
        const struct cell *cell = f->cell + (size_t)row * (size_t)f->cols;
        for (int col = 0, end; col < f->cols; col = end) {
            uint16_t style = cell[col].style;
            for (end = col + 1; end < f->cols && cell[end].style == style; end++)
                continue;
            if (style == TOKEN_FG)
                continue;
            buf_printf(out, "%d:%d-%d ", row, col, end - 1);
            style_words(out, style);
            buf_char(out, '\n');
        }
    }
}

/* ---- cells */

struct pane pane_of(struct frame *f)
{
    return (struct pane){.frame = f, .rows = f->rows, .cols = f->cols};
}

/* Cuts [*from, *from + *n) to [0, most). */
static void clip(int *from, int *n, int most)
{
    if (*n > FRAME_MOST * 2)
        *n = FRAME_MOST * 2;
    if (*from < 0) {
        *n = *from < -FRAME_MOST * 2 ? 0 : *n + *from;
        *from = 0;
    }
    if (*from > most)
        *from = most;
    if (*n > most - *from)
        *n = most - *from;
    if (*n < 0)
        *n = 0;
}

struct pane pane_part(const struct pane *p, int row, int col, int rows, int cols)
{
    clip(&row, &rows, p->rows);
    clip(&col, &cols, p->cols);
    return (struct pane){p->frame, p->row + row, p->col + col, rows, cols};
}

static void make_blank(struct cell *c)
{
    uint16_t style = c->style;
    *c = blank;
    c->style = style;
}

/* A character of two columns that loses one of its halves is gone. The first column is inside. */
static void before_write(struct frame *f, int row, int col, int width)
{
    struct cell *first = f->cell + (size_t)row * (size_t)f->cols + (size_t)col;
    if (first->width == 0 && col > 0)
        make_blank(first - 1);
    if (col + width < f->cols && first[width].width == 0)
        make_blank(first + width);
}

/* One cluster at a place of the pane; blanks where only a part of it would be inside. */
static void write_cell(const struct pane *p, int row, int col, uint16_t style, const char *text,
                       size_t len, int width)
{
    if (row < 0 || row >= p->rows || col >= p->cols || col + width <= 0)
        return;
    struct frame *f = p->frame;
    if (col < 0 || col + width > p->cols) {
        int at = col < 0 ? 0 : col;
        struct cell *c = cell_at(f, p->row + row, p->col + at);
        if (c != NULL) {
            before_write(f, p->row + row, p->col + at, 1);
            *c = blank;
            c->style = style;
        }
        return;
    }
    struct cell *c = cell_at(f, p->row + row, p->col + col);
    if (c == NULL || p->col + col + width > f->cols)
        return;
    before_write(f, p->row + row, p->col + col, width);
    *c = (struct cell){.len = (uint8_t)len, .width = (uint8_t)width, .style = style};
    if (len == 1)
        c->text[0] = *text;
    else
        memcpy(c->text, text, len);
    if (width == 2)
        c[1] = (struct cell){.style = style};
}

/* ---- text */

/* The next cluster as it is to be drawn. */
struct glyph {
    char text[48]; /* clean */
    size_t len;
    int width;
};

static void take_ascii(struct glyph *g)
{
    struct buf plain = {0};
    text_ascii(&plain, g->text);
    copy_text(g->text, sizeof g->text, buf_text(&plain));
    buf_release(&plain);
    g->len = strlen(g->text);
}

/* f: NULL where only columns count. Returns the bytes of text it took, 0 at its end. Broken or
 * unclean text gives clean glyphs, some of no width at all. */
static size_t next_glyph(const char *text, const struct frame *f, struct glyph *g)
{
    size_t columns, n = text_cluster(text, &columns);
    unsigned char byte = (unsigned char)*text;
    if (n == 0)
        return 0;
    if (n == 1 && byte < 0x80) {
        g->text[0] = byte == '\n' || byte == '\t' ? ' ' : byte < 0x20 || byte == 0x7f ? '?' : *text;
        g->text[1] = '\0';
        g->len = 1;
        g->width = 1;
        return n;
    }
    sanitize_line(g->text, sizeof g->text, (struct untrusted_text){text, n > 32 ? 32 : n});
    g->len = text_cluster(g->text, &columns);
    g->text[g->len] = '\0';
    g->width = (int)columns;
    if (g->len > CELL_BYTES) { /* cannot be: the sanitiser allows two marks */
        copy_text(g->text, sizeof g->text, "?");
        g->len = 1;
        g->width = 1;
    }
    if (f != NULL && (f->ascii || (f->ambiguous && g->width == 1)) && g->width > 0)
        take_ascii(g);
    return n;
}

static int draw_glyph(const struct pane *p, int row, int col, uint16_t style, const struct glyph *g)
{
    if (g->width == 0)
        return 0;
    if ((int)g->len == g->width) { /* ASCII, or the ASCII likeness of a wide character */
        for (size_t i = 0; i < g->len; i++)
            write_cell(p, row, col + (int)i, style, g->text + i, 1, 1);
    } else {
        write_cell(p, row, col, style, g->text, g->len, g->width);
    }
    return g->width;
}

/* Most of what is drawn is ASCII. How many of the first `most` bytes are a column each for sure: a
 * mark behind the last would belong to it. */
static int plain_run(const char *text, int most)
{
    int n = 0;
    while (n < most && text[n] >= ' ' && text[n] <= '~')
        n++;
    return n > 0 && (unsigned char)text[n] >= 0x80 ? n - 1 : n;
}

/* draw_text for a run of plain bytes, all of them inside the pane. */
static void draw_plain(const struct pane *p, int row, int col, uint16_t style, const char *text,
                       int n)
{
    struct cell *c = cell_at(p->frame, p->row + row, p->col + col);
    if (c == NULL || n == 0)
        return;
    before_write(p->frame, p->row + row, p->col + col, 1);
    before_write(p->frame, p->row + row, p->col + col + n - 1, 1);
    for (int i = 0; i < n; i++)
        c[i] = (struct cell){.text = {text[i]}, .len = 1, .width = 1, .style = style};
}

/* Draws from col until the text ends or `most` columns are full. */
static int draw_text(const struct pane *p, int row, int col, int most, uint16_t style,
                     const char *text)
{
    struct glyph g;
    int used = 0;
    if (row >= 0 && row < p->rows && col >= 0 && col < p->cols) {
        used = plain_run(text, most < p->cols - col ? most : p->cols - col);
        draw_plain(p, row, col, style, text, used);
        text += used;
    }
    for (size_t n; (n = next_glyph(text, p->frame, &g)) > 0; text += n) {
        if (g.width > most - used)
            break;
        used += draw_glyph(p, row, col + used, style, &g);
    }
    return used;
}

int pane_text(const struct pane *p, int row, int col, uint16_t style, const char *text)
{
    if (col >= p->cols || row < 0 || row >= p->rows || col < -FRAME_MOST * 16)
        return 0;
    struct glyph g;
    int at = col;
    if (col >= 0) {
        int n = plain_run(text, p->cols - col);
        draw_plain(p, row, col, style, text, n);
        text += n;
        at += n;
    }
    for (size_t n; at < p->cols && (n = next_glyph(text, p->frame, &g)) > 0; text += n)
        at += draw_glyph(p, row, at, style, &g);
    return at - col;
}

int pane_printf(const struct pane *p, int row, int col, uint16_t style, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n >= (int)sizeof text) /* cut on a character */
        copy_bytes(text, sizeof text - 1, text, sizeof text - 1);
    return n < 0 ? 0 : pane_text(p, row, col, style, text);
}

/* Columns as draw_text counts them, up to `enough`. */
static int count_columns(const char *text, int enough)
{
    struct glyph g;
    int used = plain_run(text, enough);
    text += used;
    for (size_t n; used < enough && (n = next_glyph(text, NULL, &g)) > 0; text += n)
        used += g.width;
    return used;
}

int pane_cut(const struct pane *p, int row, int col, int width, uint16_t style, const char *text)
{
    if (width <= 0)
        return 0;
    if (count_columns(text, width + 1) <= width)
        return draw_text(p, row, col, width, style, text);
    int used = draw_text(p, row, col, width - 1, style, text);
    pane_put(p, row, col + used, style, p->frame->ascii ? "~" : "\xe2\x80\xa6");
    return used + 1;
}

int pane_right(const struct pane *p, int row, int col, int width, uint16_t style, const char *text)
{
    if (width <= 0)
        return 0;
    int columns = count_columns(text, width + 1);
    if (columns > width)
        pane_fill(p, row, col, 1, width, style, '#');
    else
        draw_text(p, row, col + width - columns, columns, style, text);
    return width;
}

/* take_line where the line and what follows it are plain: nearly always. */
static bool take_plain_line(const char *text, int cols, size_t *len, size_t *next)
{
    int n = plain_run(text, cols + 1), at = cols;
    if (n <= cols && (text[n] == '\n' || text[n] == '\0')) {
        *len = (size_t)n;
        *next = *len + (text[n] == '\n');
        return true;
    }
    if (n <= cols || text[cols] == ' ')
        return false;
    while (at > 0 && text[at - 1] != ' ')
        at--;
    *len = at > 0 ? (size_t)at - 1 : (size_t)cols;
    *next = at > 0 ? (size_t)at : (size_t)cols;
    return true;
}

/* The bytes of the next line of at most cols columns; *next is where the one after it begins. A
 * word longer than a line is broken; a character wider than a line stands for itself. */
static size_t take_line(const char *text, int cols, size_t *next)
{
    size_t len;
    if (take_plain_line(text, cols, &len, next))
        return len;
    struct glyph g;
    size_t at = 0, blank_at = 0, behind_blank = 0;
    int used = 0;
    for (size_t n; (n = next_glyph(text + at, NULL, &g)) > 0; at += n) {
        if (text[at] == '\n') {
            *next = at + 1;
            return at;
        }
        if (text[at] == ' ') {
            blank_at = at;
            behind_blank = at + 1;
        }
        if (used + g.width > cols && text[at] != ' ') {
            if (behind_blank > 0)
                at = blank_at;
            else if (at == 0)
                at = n;
            *next = behind_blank > 0 ? behind_blank : at;
            return at;
        }
        used += g.width;
    }
    *next = at;
    return at;
}

static void draw_line(const struct pane *p, int row, int col, int cols, uint16_t style,
                      const char *text, size_t len)
{
    char line[4096];
    if (row < 0 || row >= p->rows)
        return;
    copy_bytes(line, sizeof line, text, len);
    draw_text(p, row, col, cols, style, line);
}

int pane_wrap(const struct pane *p, int row, int col, int cols, int rows, uint16_t style,
              const char *text, int skip)
{
    int lines = 0;
    if (cols < 1)
        return 0;
    while (*text != '\0') {
        size_t next, len = take_line(text, cols, &next);
        if (lines >= skip && lines - skip < rows)
            draw_line(p, row + lines - skip, col, cols, style, text, len);
        lines++;
        text += next;
    }
    return lines;
}

int pane_wrap_rest(const struct pane *p, int row, int col, int cols, uint16_t style,
                   const char *text)
{
    int lines = 0;
    for (size_t next; cols > 0 && *text != '\0' && row + lines < p->rows; text += next, lines++) {
        size_t len = take_line(text, cols, &next);
        draw_line(p, row + lines, col, cols, style, text, len);
    }
    return lines;
}

void pane_put(const struct pane *p, int row, int col, uint16_t style, const char *character)
{
    struct glyph g;
    if (next_glyph(character, p->frame, &g) > 0)
        draw_glyph(p, row, col, style, &g);
}

/* All of the pane with a cell of one column. */
static void fill_with(const struct pane *p, struct cell with)
{
    for (int r = 0; r < p->rows && p->cols > 0; r++) {
        struct cell *c = cell_at(p->frame, p->row + r, p->col);
        if (c == NULL || p->col + p->cols > p->frame->cols)
            return;
        before_write(p->frame, p->row + r, p->col, 1);
        before_write(p->frame, p->row + r, p->col + p->cols - 1, 1);
        for (int i = 0; i < p->cols; i++)
            c[i] = with;
    }
}

void pane_fill(const struct pane *p, int row, int col, int rows, int cols, uint16_t style,
               char filler)
{
    struct pane part = pane_part(p, row, col, rows, cols);
    char text = filler >= 0x20 && filler < 0x7f ? filler : ' ';
    fill_with(&part, (struct cell){.text = {text}, .len = 1, .width = 1, .style = style});
}

void pane_restyle(const struct pane *p, int row, int col, int cols, uint16_t bits)
{
    struct pane part = pane_part(p, row, col, 1, cols);
    for (int c = 0; part.rows > 0 && c < part.cols; c++) {
        struct cell *cell = cell_at(p->frame, part.row, part.col + c);
        if (cell != NULL)
            cell->style |= bits;
    }
}

/* ---- rules */

enum line_part { LINE_H, LINE_V, LINE_TL, LINE_TR, LINE_BL, LINE_BR };

static const char *line_text(const struct frame *f, enum line_part part, enum line_weight weight)
{
    static const char *const thin[] = {"─", "│", "┌", "┐", "└", "┘"};
    static const char *const twice[] = {"═", "║", "╔", "╗", "╚", "╝"};
    if (f->ascii || f->ambiguous)
        return part == LINE_V ? "|" : part != LINE_H ? "+" : weight == LINE_DOUBLE ? "=" : "-";
    return weight == LINE_DOUBLE ? twice[part] : thin[part];
}

static void put_line(const struct pane *p, int row, int col, uint16_t style, enum line_part part,
                     enum line_weight weight)
{
    const char *text = line_text(p->frame, part, weight);
    write_cell(p, row, col, style, text, strlen(text), 1);
}

void pane_hrule(const struct pane *p, int row, int col, int cols, uint16_t style,
                enum line_weight weight)
{
    struct pane part = pane_part(p, row, col, 1, cols);
    const char *text = line_text(p->frame, LINE_H, weight);
    struct cell with = {.len = (uint8_t)strlen(text), .width = 1, .style = style};
    memcpy(with.text, text, with.len);
    fill_with(&part, with);
}

void pane_vrule(const struct pane *p, int row, int col, int rows, uint16_t style,
                enum line_weight weight)
{
    struct pane part = pane_part(p, row, col, rows, 1);
    for (int r = 0; r < part.rows; r++)
        put_line(&part, r, 0, style, LINE_V, weight);
}

void pane_box(const struct pane *p, uint16_t style, enum line_weight weight)
{
    int bottom = p->rows - 1, right = p->cols - 1;
    if (bottom < 1 || right < 1)
        return;
    pane_hrule(p, 0, 1, right - 1, style, weight);
    pane_hrule(p, bottom, 1, right - 1, style, weight);
    pane_vrule(p, 1, 0, bottom - 1, style, weight);
    pane_vrule(p, 1, right, bottom - 1, style, weight);
    put_line(p, 0, 0, style, LINE_TL, weight);
    put_line(p, 0, right, style, LINE_TR, weight);
    put_line(p, bottom, 0, style, LINE_BL, weight);
    put_line(p, bottom, right, style, LINE_BR, weight);
}

void pane_title(const struct pane *p, int row, bool focused, const char *left, const char *right)
{
    uint16_t style = focused ? TOKEN_TITLE_FOCUS : TOKEN_TITLE;
    pane_hrule(p, row, 0, p->cols, TOKEN_RULE, focused ? LINE_DOUBLE : LINE_THIN);
    int room = p->cols - 4, used = 0; /* "- left -" */
    if (left != NULL && *left != '\0' && room > 0) {
        used = pane_cut(p, row, 2, room, style, left);
        pane_put(p, row, 1, style, " ");
        pane_put(p, row, 2 + used, style, " ");
        used += 2;
    }
    int wanted = right != NULL && *right != '\0' ? count_columns(right, p->cols) : 0;
    int from = p->cols - 2 - wanted; /* " right -" */
    if (wanted == 0 || from - 1 < used + 2)
        return;
    pane_put(p, row, from - 1, style, " ");
    draw_text(p, row, from, wanted, style, right);
    pane_put(p, row, from + wanted, style, " ");
}
