/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/chart.h"

#include <math.h>
#include <string.h>

#include "quorum/mem.h"

/* Dots in a cell: how fine each kind of marks is. A line of blocks has halves, of ASCII thirds. */
struct grid {
    int across, down;
};

bool chart_marks(const char *option, bool utf8, bool braille, enum chart_marks *out)
{
    *out = !utf8 ? CHART_ASCII : braille ? CHART_BRAILLE : CHART_BLOCKS;
    if (option == NULL || strcmp(option, "auto") == 0)
        return true;
    if (strcmp(option, "braille") == 0)
        *out = utf8 ? CHART_BRAILLE : CHART_ASCII;
    else if (strcmp(option, "block") == 0)
        *out = utf8 ? CHART_BLOCKS : CHART_ASCII;
    else if (strcmp(option, "ascii") == 0)
        *out = CHART_ASCII;
    else
        return false;
    return true;
}

void chart_use(struct frame *f, const char *option, bool utf8)
{
    enum chart_marks marks;
    bool wanted = option != NULL && strcmp(option, "braille") == 0;
    chart_marks(option, utf8, wanted, &marks);
    f->marks = (uint8_t)marks;
}

static enum chart_marks marks_of(const struct pane *p, enum chart_marks marks)
{
    const struct frame *f = p->frame;
    if (f->ascii || f->ambiguous)
        return CHART_ASCII;
    if (marks == CHART_FRAME)
        marks = (enum chart_marks)f->marks;
    return marks == CHART_FRAME ? CHART_BLOCKS : marks;
}

/* ---- ranges */

struct chart_range chart_range_of(const double *value, size_t n)
{
    struct chart_range r = {HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < n; i++) {
        if (isfinite(value[i]))
            chart_range_include(&r, value[i]);
    }
    if (r.low > r.high)
        return (struct chart_range){0, 1};
    if (!(r.high - r.low > 0)) {
        double around = fabs(r.low) > 0 ? fabs(r.low) / 20 : 1;
        r.low -= around;
        r.high += around;
    }
    return r;
}

void chart_range_include(struct chart_range *r, double value)
{
    if (!isfinite(value))
        return;
    r->low = fmin(r->low, value);
    r->high = fmax(r->high, value);
}

struct chart_range chart_range_round(struct chart_range r)
{
    double span = r.high - r.low;
    if (!(span > 0) || !isfinite(span))
        return r;
    double unit = pow(10, floor(log10(span / 4)));
    static const double steps[] = {1, 2, 5, 10};
    double step = unit;
    for (size_t i = 0; i < ARRAY_LEN(steps) && step * 4 < span; i++)
        step = unit * steps[i];
    struct chart_range wide = {floor(r.low / step) * step, ceil(r.high / step) * step};
    return wide.low < wide.high && isfinite(wide.low) && isfinite(wide.high) ? wide : r;
}

/* The dot of a value, 0 at the upper edge; -1 above and `dots` below. */
static int dot_of(struct chart_range r, int dots, double value)
{
    double part = (r.high - value) / (r.high - r.low);
    if (!(part >= 0))
        return -1;
    if (part > 1)
        return dots;
    int dot = (int)(part * dots);
    return dot >= dots ? dots - 1 : dot;
}

int chart_row(struct chart_range r, int rows, double value)
{
    return dot_of(r, rows, value);
}

static int inside(int dot, int dots)
{
    return dot < 0 ? 0 : dot >= dots ? dots - 1 : dot;
}

/* ---- columns */

struct span {
    double low, high, mean;
    bool there;
};

/* What the values say about column x of w: those that fall on it, or the line between the two
 * around it. */
static struct span span_of(const double *value, size_t n, int x, int w)
{
    struct span s = {HUGE_VAL, -HUGE_VAL, 0, false};
    double scale = w > 1 ? (double)(n - 1) / (w - 1) : 0;
    double from = (x - 0.5) * scale, to = (x + 0.5) * scale, at = x * scale;
    size_t count = 0, first = from > 0 ? (size_t)ceil(from) : 0;
    if (w <= 1)
        to = (double)n;
    for (size_t i = first; i < n && (double)i < to; i++) {
        if (!isfinite(value[i]))
            continue;
        s.low = fmin(s.low, value[i]);
        s.high = fmax(s.high, value[i]);
        s.mean += value[i];
        count++;
    }
    s.there = count > 0;
    if (count > 0) {
        s.mean /= (double)count;
    } else if (scale < 1 && n > 0) {
        size_t left = (size_t)at, right = left + 1 < n ? left + 1 : left;
        double between = value[left] + (value[right] - value[left]) * (at - (double)left);
        s = (struct span){between, between, between, isfinite(between)};
    }
    return s;
}

/* ---- dots */

struct dots {
    int w, h;
    unsigned char *on;
};

static void set_dots(struct dots *d, int x, int top, int bottom)
{
    for (int y = inside(top, d->h); y <= inside(bottom, d->h); y++)
        d->on[(size_t)y * (size_t)d->w + (size_t)x] = 1;
}

static unsigned dot_at(const struct dots *d, int x, int y)
{
    return d->on[(size_t)y * (size_t)d->w + (size_t)x];
}

/* The dots of one cell as a character; "" for none. Braille has eight, halves two, ASCII three. */
static void cell_of_dots(const struct dots *d, enum chart_marks marks, int row, int col,
                         char text[4])
{
    static const unsigned char bits[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
    text[0] = '\0';
    if (marks == CHART_BRAILLE) {
        unsigned code = 0;
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 2; x++)
                code |= dot_at(d, col * 2 + x, row * 4 + y) ? bits[y][x] : 0;
        }
        if (code == 0)
            return;
        text[0] = (char)0xe2; /* U+2800 and the dots */
        text[1] = (char)(0xa0 | code >> 6);
        text[2] = (char)(0x80 | (code & 0x3f));
        text[3] = '\0';
    } else if (marks == CHART_BLOCKS) {
        static const char *const halves[] = {"", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"};
        unsigned code = dot_at(d, col, row * 2) | dot_at(d, col, row * 2 + 1) << 1;
        copy_text(text, 4, halves[code]);
    } else {
        static const char thirds[] = " '-|_|||";
        unsigned code = dot_at(d, col, row * 3) | dot_at(d, col, row * 3 + 1) << 1 |
                        dot_at(d, col, row * 3 + 2) << 2;
        text[0] = code ? thirds[code] : '\0';
        text[1] = '\0';
    }
}

static struct grid grid_of(enum chart_marks marks)
{
    return marks == CHART_BRAILLE  ? (struct grid){2, 4}
           : marks == CHART_BLOCKS ? (struct grid){1, 2}
                                   : (struct grid){1, 3};
}

static void put_dots(const struct pane *p, enum chart_marks marks, const struct dots *d,
                     uint16_t style)
{
    for (int row = 0; row < p->rows; row++) {
        for (int col = 0; col < p->cols; col++) {
            char text[4];
            cell_of_dots(d, marks, row, col, text);
            if (*text != '\0')
                pane_put(p, row, col, style, text);
        }
    }
}

static bool is_drawable(const struct pane *p, struct chart_range r, size_t n)
{
    return p->rows > 0 && p->cols > 0 && n > 0 && r.high > r.low && isfinite(r.high - r.low);
}

void chart_line(const struct pane *p, enum chart_marks marks, struct chart_range r,
                const double *value, size_t n, uint16_t style)
{
    marks = marks_of(p, marks);
    struct grid g = grid_of(marks);
    if (!is_drawable(p, r, n))
        return;
    struct dots d = {.w = p->cols * g.across, .h = p->rows * g.down};
    d.on = mem_array((size_t)d.w * (size_t)d.h, 1);
    int before = 0;
    bool joined = false;
    for (int x = 0; x < d.w; x++) {
        struct span s = span_of(value, n, x, d.w);
        if (s.there && !(s.high < r.low || s.low > r.high)) {
            int top = dot_of(r, d.h, s.high), bottom = dot_of(r, d.h, s.low);
            if (joined && before < top - 1) /* no hole between two columns */
                top = before + 1;
            else if (joined && before > bottom + 1)
                bottom = before - 1;
            set_dots(&d, x, top, bottom);
        }
        joined = s.there;
        before = s.there ? inside(dot_of(r, d.h, s.mean), d.h) : 0;
    }
    put_dots(p, marks, &d, style);
    mem_free(d.on);
}

/* ---- columns that are filled from below */

/* Eighths of a cell, 1 to 8; ASCII knows four of them. */
static const char *column_mark(enum chart_marks marks, int eighths)
{
    static const char *const blocks[] = {"",
                                         "\xe2\x96\x81",
                                         "\xe2\x96\x82",
                                         "\xe2\x96\x83",
                                         "\xe2\x96\x84",
                                         "\xe2\x96\x85",
                                         "\xe2\x96\x86",
                                         "\xe2\x96\x87",
                                         "\xe2\x96\x88"};
    static const char *const ascii[] = {"", "_", "_", "-", "-", "=", "=", "#", "#"};
    return marks == CHART_ASCII ? ascii[eighths] : blocks[eighths];
}

/* How far a column of `cells` cells is filled, in eighths; what is above nothing shows at least
 * one. */
static int eighths_of(struct chart_range r, int cells, double value)
{
    double part = (value - r.low) / (r.high - r.low);
    if (!(part > 0))
        return 0;
    double filled = fmin(part, 1) * cells * 8;
    return filled < 1 ? 1 : (int)lround(filled);
}

static void put_column(const struct pane *p, enum chart_marks marks, int col, int eighths,
                       uint16_t style)
{
    for (int row = p->rows - 1; row >= 0 && eighths > 0; row--, eighths -= 8)
        pane_put(p, row, col, style, column_mark(marks, eighths > 8 ? 8 : eighths));
}

void chart_area(const struct pane *p, enum chart_marks marks, struct chart_range r,
                const double *value, size_t n, uint16_t style)
{
    marks = marks_of(p, marks);
    if (!is_drawable(p, r, n))
        return;
    if (marks != CHART_BRAILLE) {
        for (int x = 0; x < p->cols; x++) {
            struct span s = span_of(value, n, x, p->cols);
            if (s.there)
                put_column(p, marks, x, eighths_of(r, p->rows, s.mean), style);
        }
        return;
    }
    struct dots d = {.w = p->cols * 2, .h = p->rows * 4};
    d.on = mem_array((size_t)d.w * (size_t)d.h, 1);
    for (int x = 0; x < d.w; x++) {
        struct span s = span_of(value, n, x, d.w);
        if (s.there && s.mean >= r.low)
            set_dots(&d, x, dot_of(r, d.h, s.mean), d.h - 1);
    }
    put_dots(p, marks, &d, style);
    mem_free(d.on);
}

void chart_bars(const struct pane *p, enum chart_marks marks, struct chart_range r,
                const double *value, size_t n, uint16_t style)
{
    marks = marks_of(p, marks);
    if (!is_drawable(p, r, n))
        return;
    size_t most = (size_t)p->cols, width = 1;
    if (n > most) {
        value += n - most;
        n = most;
    }
    if (most / n >= 2)
        width = most / n > 4 ? 4 : most / n; /* the last of them stays empty */
    for (size_t i = 0; i < n; i++) {
        for (size_t x = 0; x < (width > 1 ? width - 1 : 1) && isfinite(value[i]); x++)
            put_column(p, marks, (int)(i * width + x), eighths_of(r, p->rows, value[i]), style);
    }
}

void chart_level(const struct pane *p, enum chart_marks marks, struct chart_range r, double value,
                 uint16_t style)
{
    int row = isfinite(value) && is_drawable(p, r, 1) ? chart_row(r, p->rows, value) : -1;
    if (row < 0 || row >= p->rows)
        return;
    bool ascii = marks_of(p, marks) == CHART_ASCII;
    for (int col = 0; col < p->cols; col++) {
        const struct cell *c = frame_cell(p->frame, p->row + row, p->col + col);
        if (c != NULL && c->len == 1 && c->text[0] == ' ')
            pane_put(p, row, col, style, ascii ? "-" : "\xe2\x94\x88");
    }
}

/* ---- one row */

/* Columns of `cells` that show part of whole. */
static int filled_cells(double part, double whole, int cells)
{
    if (!(part > 0) || !(whole > 0) || cells < 1)
        return 0;
    double filled = part / whole * cells;
    int n = filled >= cells ? cells : (int)lround(filled);
    if (n == 0)
        return 1;
    return n >= cells && part < whole && cells > 1 ? cells - 1 : n;
}

void chart_gauge(const struct pane *p, enum chart_marks marks, int row, int col, int width,
                 double part, double mark, double whole)
{
    bool ascii = marks_of(p, marks) == CHART_ASCII;
    int cells = width - 2;
    if (cells < 1)
        return;
    int filled = filled_cells(part, whole, cells);
    bool beyond = isfinite(mark) && mark >= whole;
    int at = beyond ? cells - 1 : mark >= 0 ? (int)(mark / whole * cells) : -1;
    pane_put(p, row, col, TOKEN_FG, "[");
    for (int i = 0; i < cells; i++) {
        if (i == at && (i >= filled || beyond))
            pane_put(p, row, col + 1 + i, TOKEN_GAUGE_MARK, ascii ? ":" : "\xe2\x94\x82");
        else if (i < filled)
            pane_put(p, row, col + 1 + i, TOKEN_GAUGE_FILL, ascii ? "#" : "\xe2\x96\x88");
        else
            pane_put(p, row, col + 1 + i, TOKEN_GAUGE_TRACK, ascii ? "." : "\xc2\xb7");
    }
    pane_put(p, row, col + width - 1, TOKEN_FG, "]");
}

int chart_bar(const struct pane *p, enum chart_marks marks, int row, int col, int width,
              double part, double whole, uint16_t style)
{
    static const char *const eighth[] = {"",
                                         "\xe2\x96\x8f",
                                         "\xe2\x96\x8e",
                                         "\xe2\x96\x8d",
                                         "\xe2\x96\x8c",
                                         "\xe2\x96\x8b",
                                         "\xe2\x96\x8a",
                                         "\xe2\x96\x89"};
    int n = filled_cells(part, whole, width), used = 0;
    if (marks_of(p, marks) == CHART_ASCII) {
        for (; used < n; used++)
            pane_put(p, row, col + used, style, "#");
        return used;
    }
    int fine = n == 0 ? 0 : (int)lround(fmin(part / whole, 1) * width * 8);
    if (n > 0 && fine == 0)
        fine = 1;
    for (; used < fine / 8; used++)
        pane_put(p, row, col + used, style, "\xe2\x96\x88");
    if (fine % 8)
        pane_put(p, row, col + used++, style, eighth[fine % 8]);
    return used;
}

void chart_spark(const struct pane *p, enum chart_marks marks, int row, int col, int width,
                 const double *value, size_t n, uint16_t style)
{
    marks = marks_of(p, marks);
    if (width < 1)
        return;
    if (n > (size_t)width) {
        value += n - (size_t)width;
        n = (size_t)width;
    }
    struct chart_range r = chart_range_of(value, n);
    for (size_t i = 0; i < n; i++) {
        double part = (value[i] - r.low) / (r.high - r.low);
        int eighths = isfinite(part) ? 1 + (int)(part * 7.999) : 0;
        if (eighths > 0)
            pane_put(p, row, col + (int)i, style, column_mark(marks, eighths > 8 ? 8 : eighths));
    }
}
