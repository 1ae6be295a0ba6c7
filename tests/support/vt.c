/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/vt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "quorum/mem.h"

enum vt_state { GROUND, ESCAPE, CSI, STRING, STRING_ESC, CHARSET };

static struct vt_page *page(struct vt *v)
{
    return &v->page[v->now];
}

static struct vt_cell *cell(struct vt *v, int row, int col)
{
    return &page(v)->cell[(size_t)row * (size_t)v->cols + (size_t)col];
}

const struct vt_cell *vt_at(const struct vt *v, int row, int col)
{
    return &v->page[v->now].cell[(size_t)row * (size_t)v->cols + (size_t)col];
}

static struct vt_cell blank(const struct vt *v)
{
    return (struct vt_cell){.width = 1, .fg = -1, .bg = v->bce ? v->pen.bg : -1};
}

static void erase(struct vt *v, int row, int from, int to)
{
    for (int col = from < 0 ? 0 : from; col < to && col < v->cols; col++)
        *cell(v, row, col) = blank(v);
}

static void plain_pen(struct vt *v)
{
    v->pen = (struct vt_cell){.width = 1, .fg = -1, .bg = -1};
}

void vt_init(struct vt *v, int rows, int cols)
{
    *v = (struct vt){.rows = rows, .cols = cols, .bce = true};
    plain_pen(v);
    v->bottom = rows - 1;
    for (v->now = 1; v->now >= 0; v->now--) {
        page(v)->cell = mem_array((size_t)rows * (size_t)cols, sizeof(struct vt_cell));
        for (int row = 0; row < rows; row++)
            erase(v, row, 0, cols);
    }
    v->now = 0;
}

void vt_release(struct vt *v)
{
    mem_free(v->page[0].cell);
    mem_free(v->page[1].cell);
    v->page[0].cell = v->page[1].cell = NULL;
}

void vt_resize(struct vt *v, int rows, int cols)
{
    struct vt other;
    int now = v->now;
    vt_init(&other, rows, cols);
    for (int i = 0; i < 2; i++) {
        for (int row = 0; row < rows && row < v->rows; row++)
            for (int col = 0; col < cols && col < v->cols; col++)
                other.page[i].cell[(size_t)row * (size_t)cols + (size_t)col] =
                    v->page[i].cell[(size_t)row * (size_t)v->cols + (size_t)col];
        mem_free(v->page[i].cell);
        v->page[i].cell = other.page[i].cell;
        v->page[i].wrap = false;
        if (v->page[i].row >= rows)
            v->page[i].row = rows - 1;
        if (v->page[i].col >= cols)
            v->page[i].col = cols - 1;
    }
    v->now = now;
    v->rows = rows;
    v->cols = cols;
    v->top = 0;
    v->bottom = rows - 1;
}

static void scroll(struct vt *v, int top, int bottom, int by)
{
    size_t row = (size_t)v->cols * sizeof(struct vt_cell);
    for (; by > 0; by--) {
        memmove(cell(v, top, 0), cell(v, top, 0) + v->cols, row * (size_t)(bottom - top));
        erase(v, bottom, 0, v->cols);
    }
    for (; by < 0; by++) {
        memmove(cell(v, top, 0) + v->cols, cell(v, top, 0), row * (size_t)(bottom - top));
        erase(v, top, 0, v->cols);
    }
}

static void line_feed(struct vt *v)
{
    struct vt_page *p = page(v);
    p->wrap = false;
    if (p->row == v->bottom)
        scroll(v, v->top, v->bottom, 1);
    else if (p->row < v->rows - 1)
        p->row++;
}

/* Writing over one half of a wide character blanks the other. */
static void split(struct vt *v, int row, int col)
{
    if (cell(v, row, col)->width == 0 && col > 0) {
        struct vt_cell *left = cell(v, row, col - 1);
        left->text[0] = '\0';
        left->width = 1;
        cell(v, row, col)->width = 1;
    }
    if (cell(v, row, col)->width == 2 && col + 1 < v->cols) {
        cell(v, row, col + 1)->text[0] = '\0';
        cell(v, row, col + 1)->width = 1;
    }
}

static void put_mark(struct vt *v, const char *text)
{
    struct vt_page *p = page(v);
    int col = p->wrap ? p->col : p->col - 1;
    if (col < 0)
        return;
    if (cell(v, p->row, col)->width == 0 && col > 0)
        col--;
    struct vt_cell *c = cell(v, p->row, col);
    if (c->text[0] == '\0')
        snprintf(c->text, sizeof c->text, " "); /* a mark may stand alone */
    size_t len = strlen(c->text), more = strlen(text);
    if (len + more < sizeof c->text)
        memcpy(c->text + len, text, more + 1);
}

static void put(struct vt *v, const char *text, int width)
{
    struct vt_page *p = page(v);
    if (width == 0) {
        put_mark(v, text);
        return;
    }
    if ((p->wrap || p->col + width > v->cols) && !v->no_wrap) {
        p->col = 0;
        line_feed(v);
    }
    if (p->col + width > v->cols)
        p->col = v->cols - width;
    if (p->col < 0)
        return; /* no room for a wide one at all */
    for (int i = 0; i < width; i++)
        split(v, p->row, p->col + i);
    struct vt_cell *c = cell(v, p->row, p->col);
    *c = v->pen;
    snprintf(c->text, sizeof c->text, "%s", strcmp(text, " ") == 0 ? "" : text);
    c->width = (uint8_t)width;
    if (width == 2) {
        c[1] = v->pen;
        c[1].width = 0;
    }
    p->wrap = p->col + width >= v->cols;
    p->col = p->wrap ? v->cols - 1 : p->col + width;
}

/* DEC's line drawing. */
static void put_ascii(struct vt *v, char byte)
{
    static const char *const drawing[] = {
        ['a'] = "▒", ['j'] = "┘", ['k'] = "┐", ['l'] = "┌", ['m'] = "└", ['n'] = "┼",
        ['q'] = "─", ['t'] = "├", ['u'] = "┤", ['v'] = "┴", ['w'] = "┬", ['x'] = "│",
        ['`'] = "◆", ['f'] = "°", ['g'] = "±", ['~'] = "·", ['y'] = "≤", ['z'] = "≥"};
    char text[2] = {byte, '\0'};
    size_t i = (unsigned char)byte;
    if (v->graphics[v->shifted_out] && i < ARRAY_LEN(drawing) && drawing[i])
        put(v, drawing[i], 1);
    else
        put(v, text, 1);
}

static void not_known(struct vt *v, char final)
{
    if (v->unknown++ == 0)
        snprintf(v->first_unknown, sizeof v->first_unknown, "ESC [ %c %d %c", v->private,
                 v->nargs ? v->arg[0] : -1, final);
}

static int clamp(int x, int least, int most)
{
    return x < least ? least : x > most ? most : x;
}

static void move_to(struct vt *v, int row, int col)
{
    page(v)->row = clamp(row, 0, v->rows - 1);
    page(v)->col = clamp(col, 0, v->cols - 1);
    page(v)->wrap = false;
}

static int arg(const struct vt *v, int i, int otherwise)
{
    return i < v->nargs && v->arg[i] > 0 ? v->arg[i] : otherwise;
}

/* 38;5;N and 38;2;R;G;B; returns how many numbers it took. */
static int take_color(const struct vt *v, int i, int32_t *color)
{
    if (i + 2 < v->nargs && v->arg[i + 1] == 5) {
        *color = v->arg[i + 2];
        return 2;
    }
    if (i + 4 < v->nargs && v->arg[i + 1] == 2) {
        *color = 0x1000000 | v->arg[i + 2] << 16 | v->arg[i + 3] << 8 | v->arg[i + 4];
        return 4;
    }
    return 0;
}

static void set_pen(struct vt *v)
{
    if (v->nargs == 0)
        plain_pen(v);
    for (int i = 0; i < v->nargs; i++) {
        int n = v->arg[i] < 0 ? 0 : v->arg[i];
        if (n == 0)
            plain_pen(v);
        else if (n <= 8)
            v->pen.attrs |= (uint8_t)(1 << (n - 1));
        else if (n == 22)
            v->pen.attrs &= (uint8_t)~3;
        else if (n >= 23 && n <= 28)
            v->pen.attrs &= (uint8_t) ~(1 << (n - 21));
        else if (n >= 30 && n <= 37)
            v->pen.fg = n - 30;
        else if (n == 38)
            i += take_color(v, i, &v->pen.fg);
        else if (n == 39)
            v->pen.fg = -1;
        else if (n >= 40 && n <= 47)
            v->pen.bg = n - 40;
        else if (n == 48)
            i += take_color(v, i, &v->pen.bg);
        else if (n == 49)
            v->pen.bg = -1;
        else if (n >= 90 && n <= 97)
            v->pen.fg = n - 82;
        else if (n >= 100 && n <= 107)
            v->pen.bg = n - 92;
    }
}

static void set_mode(struct vt *v, int mode, bool on)
{
    switch (mode) {
    case 1:
        v->cursor_keys = on;
        break;
    case 7:
        v->no_wrap = !on;
        break;
    case 12:
        break;
    case 25:
        v->cursor_hidden = !on;
        break;
    case 1000:
        v->mouse_clicks = on;
        break;
    case 1002:
        v->mouse_moves = on;
        break;
    case 1004:
        v->focus = on;
        break;
    case 1006:
        v->mouse_sgr = on;
        break;
    case 1034:
        break;
    case 1049:
        v->now = on;
        for (int row = 0; on && row < v->rows; row++)
            erase(v, row, 0, v->cols);
        break;
    case 2004:
        v->bracketed_paste = on;
        break;
    case 2026:
        v->frames += v->sync && !on;
        v->sync = on;
        break;
    default:
        not_known(v, on ? 'h' : 'l');
    }
}

static void erase_display(struct vt *v, int how)
{
    struct vt_page *p = page(v);
    int from = how == 0 ? p->row + 1 : 0, to = how == 1 ? p->row : v->rows;
    for (int row = from; row < to; row++)
        erase(v, row, 0, v->cols);
    if (how == 0)
        erase(v, p->row, p->col, v->cols);
    else if (how == 1)
        erase(v, p->row, 0, p->col + 1);
}

static void shift(struct vt *v, int n, bool insert)
{
    struct vt_page *p = page(v);
    int left = v->cols - p->col;
    n = clamp(n, 0, left);
    struct vt_cell *at = cell(v, p->row, p->col);
    size_t keep = (size_t)(left - n) * sizeof *at;
    if (insert) {
        memmove(at + n, at, keep);
        erase(v, p->row, p->col, p->col + n);
    } else {
        memmove(at, at + n, keep);
        erase(v, p->row, v->cols - n, v->cols);
    }
}

static void repeat(struct vt *v, int n)
{
    struct vt_page *p = page(v);
    int col = p->wrap ? p->col : p->col - 1;
    if (col < 0)
        return;
    struct vt_cell c = *cell(v, p->row, col);
    for (; n > 0; n--)
        put(v, c.text[0] ? c.text : " ", 1);
}

static void final_private(struct vt *v, char final)
{
    if (v->private == '?' && (final == 'h' || final == 'l')) {
        for (int i = 0; i < v->nargs; i++)
            set_mode(v, v->arg[i], final == 'h');
    } else if (v->private != '?' || final != 'c') { /* ESC [ ? N c: linux' cursor */
        not_known(v, final);
    }
}

static void finish_window(struct vt *v)
{
    if (v->nargs && v->arg[0] == 22)
        v->titles_pushed++;
    else if (v->nargs && v->arg[0] == 23)
        v->titles_pushed--;
    else
        not_known(v, 't');
}

static void finish_region(struct vt *v)
{
    v->top = clamp(arg(v, 0, 1) - 1, 0, v->rows - 1);
    v->bottom = clamp(arg(v, 1, v->rows) - 1, 0, v->rows - 1);
    move_to(v, 0, 0);
}

static void finish_lines(struct vt *v, char final)
{
    struct vt_page *p = page(v);
    int most = v->bottom - p->row + 1, n = clamp(arg(v, 0, 1), 0, most > 0 ? most : 0);
    if (p->row >= v->top && p->row <= v->bottom)
        scroll(v, p->row, v->bottom, final == 'L' ? -n : n);
    p->col = 0;
    p->wrap = false;
}

static void finish_csi(struct vt *v, char final)
{
    struct vt_page *p = page(v);
    int n = arg(v, 0, 1), first = v->nargs && v->arg[0] > 0 ? v->arg[0] : 0;
    if (v->private) {
        final_private(v, final);
        return;
    }
    switch (final) {
    case 'A':
        move_to(v, p->row - n, p->col);
        break;
    case 'B':
        move_to(v, p->row + n, p->col);
        break;
    case 'C':
        move_to(v, p->row, p->col + n);
        break;
    case 'D':
        move_to(v, p->row, p->col - n);
        break;
    case 'G':
        move_to(v, p->row, n - 1);
        break;
    case 'H':
        move_to(v, n - 1, arg(v, 1, 1) - 1);
        break;
    case 'J':
        erase_display(v, first);
        break;
    case 'K':
        erase(v, p->row, first == 0 ? p->col : 0, first == 1 ? p->col + 1 : v->cols);
        break;
    case 'L':
    case 'M':
        finish_lines(v, final);
        break;
    case 'P':
    case '@':
        shift(v, n, final == '@');
        break;
    case 'S':
    case 'T':
        scroll(v, v->top, v->bottom, final == 'S' ? n : -n);
        break;
    case 'X':
        erase(v, p->row, p->col, p->col + n);
        break;
    case 'Z':
        for (; n > 0; n--)
            move_to(v, p->row, (p->col - 1) / 8 * 8);
        break;
    case 'b':
        repeat(v, n);
        break;
    case 'd':
        move_to(v, n - 1, p->col);
        break;
    case 'l':
    case 'h':
        break; /* insert mode and the like: nothing here uses them */
    case 'm':
        set_pen(v);
        break;
    case 'r':
        finish_region(v);
        break;
    case 't':
        finish_window(v);
        break;
    default:
        not_known(v, final);
    }
}

static void finish_string(struct vt *v)
{
    v->string[v->string_len] = '\0';
    if (strncmp(v->string, "]2;", 3) == 0 || strncmp(v->string, "]0;", 3) == 0)
        snprintf(v->title, sizeof v->title, "%s", v->string + 3);
    v->state = GROUND;
}

static void control(struct vt *v, char byte)
{
    struct vt_page *p = page(v);
    switch (byte) {
    case '\a':
        v->bells++;
        break;
    case '\b':
        move_to(v, p->row, p->col - 1);
        break;
    case '\t':
        move_to(v, p->row, (p->col / 8 + 1) * 8);
        break;
    case '\n':
        line_feed(v);
        break;
    case '\r':
        move_to(v, p->row, 0);
        break;
    case '\016':
    case '\017':
        v->shifted_out = byte == '\016';
        break;
    case '\033':
        v->state = ESCAPE;
        break;
    case '\0':
        break; /* padding */
    default:
        not_known(v, byte);
    }
}

static void after_escape(struct vt *v, char byte)
{
    struct vt_page *p = page(v);
    v->state = GROUND;
    switch (byte) {
    case '[':
        v->state = CSI;
        v->nargs = 0;
        v->private = v->between = '\0';
        break;
    case ']':
    case 'P':
    case '_':
    case 'k': /* screen's way to name a window */
        v->state = STRING;
        v->string[0] = byte;
        v->string_len = 1;
        break;
    case '(':
    case ')':
        v->state = CHARSET;
        v->between = byte;
        break;
    case '7':
        p->saved_row = p->row;
        p->saved_col = p->col;
        break;
    case '8':
        move_to(v, p->saved_row, p->saved_col);
        break;
    case '=':
    case '>':
        v->keypad = byte == '=';
        break;
    case 'M':
        if (p->row == v->top)
            scroll(v, v->top, v->bottom, -1);
        else
            move_to(v, p->row - 1, p->col);
        break;
    case 'g': /* screen's visible bell */
    case '\\':
        break;
    default:
        not_known(v, byte);
    }
}

static void in_csi(struct vt *v, char byte)
{
    if (byte >= '0' && byte <= '9') {
        if (v->nargs == 0) {
            v->nargs = 1;
            v->arg[0] = -1;
        }
        int *a = &v->arg[v->nargs - 1];
        *a = (*a < 0 ? 0 : *a) * 10 + (byte - '0');
        if (*a > 100000)
            *a = 100000;
    } else if (byte == ';' || byte == ':') {
        if (v->nargs == 0) {
            v->nargs = 1;
            v->arg[0] = -1;
        }
        if (v->nargs < VT_ARGS)
            v->arg[v->nargs++] = -1;
    } else if (byte >= '<' && byte <= '?') {
        v->private = byte;
    } else if (byte >= ' ' && byte <= '/') {
        v->between = byte;
    } else if (byte >= '@' && byte <= '~') {
        v->state = GROUND;
        finish_csi(v, byte);
    } else {
        control(v, byte);
    }
}

static void take_rune(struct vt *v, unsigned char byte)
{
    if (v->rune_len == 0)
        v->rune_want = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    v->rune[v->rune_len++] = (char)byte;
    if (v->rune_len < v->rune_want)
        return;
    utf8proc_int32_t rune = -1;
    char text[5] = "";
    memcpy(text, v->rune, v->rune_len);
    utf8proc_iterate((const utf8proc_uint8_t *)v->rune, (utf8proc_ssize_t)v->rune_len, &rune);
    v->rune_len = 0;
    if (rune < 0) {
        v->bad_utf8++;
        return;
    }
    put(v, text, utf8proc_charwidth(rune));
}

static void feed_one(struct vt *v, char byte)
{
    switch ((enum vt_state)v->state) {
    case ESCAPE:
        after_escape(v, byte);
        return;
    case CSI:
        in_csi(v, byte);
        return;
    case CHARSET:
        v->graphics[v->between == ')'] = byte == '0';
        v->state = GROUND;
        return;
    case STRING:
        if (byte == '\a')
            finish_string(v);
        else if (byte == '\033')
            v->state = STRING_ESC;
        else if (v->string_len + 1 < sizeof v->string)
            v->string[v->string_len++] = byte;
        return;
    case STRING_ESC:
        finish_string(v);
        if (byte != '\\')
            after_escape(v, byte);
        return;
    case GROUND:
        break;
    }
    if ((byte & 0x80) || v->rune_len)
        take_rune(v, (unsigned char)byte);
    else if ((unsigned char)byte < ' ' || byte == 0x7f)
        control(v, byte);
    else
        put_ascii(v, byte);
}

void vt_feed(struct vt *v, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        feed_one(v, bytes[i]);
}

void vt_row(const struct vt *v, int row, char *dst, size_t size)
{
    struct buf b = {0};
    size_t end = 0;
    for (int col = 0; col < v->cols; col++) {
        const struct vt_cell *c = vt_at(v, row, col);
        if (c->width)
            buf_str(&b, c->text[0] ? c->text : " ");
        if (c->text[0])
            end = b.len;
    }
    copy_bytes(dst, size, buf_text(&b), end);
    buf_release(&b);
}

void vt_dump(const struct vt *v, struct buf *out)
{
    char line[8192];
    for (int row = 0; row < v->rows; row++) {
        vt_row(v, row, line, sizeof line);
        buf_printf(out, "%s\n", line);
    }
}

bool vt_has(const struct vt *v, const char *text)
{
    char line[8192];
    for (int row = 0; row < v->rows; row++) {
        vt_row(v, row, line, sizeof line);
        if (strstr(line, text))
            return true;
    }
    return false;
}

const char *vt_left_on(const struct vt *v, char dst[160])
{
    const struct {
        bool on;
        const char *name;
    } modes[] = {{v->now == 1, "alternate screen"},
                 {v->bracketed_paste, "bracketed paste"},
                 {v->focus, "focus reports"},
                 {v->mouse_clicks || v->mouse_moves || v->mouse_sgr, "mouse"},
                 {v->sync, "synchronised output"},
                 {v->cursor_hidden, "hidden cursor"},
                 {v->cursor_keys, "cursor keys"},
                 {v->keypad, "keypad"},
                 {v->shifted_out || v->graphics[0], "line drawing"},
                 {v->no_wrap, "no wrapping"},
                 {v->titles_pushed > 0, "pushed title"},
                 {v->top != 0 || v->bottom != v->rows - 1, "scroll region"},
                 {v->pen.attrs || v->pen.fg != -1 || v->pen.bg != -1, "colours"},
                 {v->state != GROUND, "open sequence"}};
    size_t len = 0;
    dst[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (modes[i].on && len < 120)
            len += (size_t)snprintf(dst + len, 160 - len, "%s%s", len ? ", " : "", modes[i].name);
    return dst;
}
