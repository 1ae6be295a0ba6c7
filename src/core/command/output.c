/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "quorum/command.h"
#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/zone.h"

enum { TEXT_LEAST = 8, GAP_USUAL = 2 }; /* columns of a text that is wrapped; between columns */

void out_line(struct output *o, const char *fmt, ...)
{
    if (o->format != OUTPUT_TEXT)
        return;
    char line[2048];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n >= (int)sizeof line) /* cut on a character, not inside one */
        copy_bytes(line, sizeof line - 1, line, sizeof line - 1);
    buf_str(&o->text, line);
    buf_char(&o->text, '\n');
}

void table_begin(struct table *t, const struct column *column, size_t ncols)
{
    *t = (struct table){.column = column, .ncols = ncols};
}

static char *clean_cell(struct table *t, const char *text)
{
    if (!text)
        return NULL;
    struct buf b = {.max = 4 << 20};
    sanitize(&b, untrusted(text), TEXT_LINE, 0);
    char *copy = arena_text(&t->arena, buf_text(&b));
    buf_release(&b);
    return copy;
}

static char **new_row(struct table *t)
{
    if (t->nrows == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 32;
        t->cell = mem_grow(t->cell, t->cap * t->ncols, sizeof *t->cell);
    }
    return t->cell + t->nrows++ * t->ncols;
}

void table_row(struct table *t, const char *const *cell)
{
    char **row = new_row(t);
    for (size_t i = 0; i < t->ncols; i++)
        row[i] = clean_cell(t, cell[i]);
}

void table_rows(struct table *t, const struct rows *rows)
{
    for (size_t r = 0; r < rows->nrows; r++) {
        char **row = new_row(t);
        for (size_t i = 0; i < t->ncols; i++)
            row[i] = clean_cell(t, i < rows->ncols ? rows_text(rows, r, i) : NULL);
    }
}

static void pad(struct buf *b, size_t n)
{
    while (n-- > 0)
        buf_char(b, ' ');
}

static void text_cell(struct buf *b, const char *text, size_t width, bool right, bool last)
{
    size_t used = text_columns(text);
    size_t fill = used < width ? width - used : 0;
    if (right)
        pad(b, fill);
    buf_str(b, text);
    if (!right && !last)
        pad(b, fill);
}

static bool is_true(const char *text)
{
    return text[0] == 't';
}

static const char *shown(const struct column *c, const char *cell)
{
    if (!cell)
        return "-";
    return c->type != COLUMN_FLAG ? cell : is_true(cell) ? "yes" : "no";
}

/* Each format has its form of a time; what cannot be read stays as it is. */
static void print_times(struct table *t, enum output_format format)
{
    char text[33];
    int64_t at;
    for (size_t i = 0; i < t->nrows * t->ncols; i++) {
        char **cell = &t->cell[i];
        if (t->column[i % t->ncols].type != COLUMN_TIME || !*cell || !time_parse(*cell, &at))
            continue;
        *cell = arena_text(&t->arena, format == OUTPUT_TEXT ? when_print(text, at, WHEN_SECOND)
                                                            : time_print_iso(text, at));
    }
}

/* Columns of a table, of the terminal. */
struct form {
    size_t *width, gap;
};

static size_t sum_of(const struct form *f, size_t n)
{
    size_t sum = n > 0 ? f->gap * (n - 1) : 0;
    for (size_t i = 0; i < n; i++)
        sum += f->width[i];
    return sum;
}

/* Columns of the longest word. */
static size_t longest_word(const char *text)
{
    size_t longest = 0, used = 0, columns;
    for (; *text; text += text_cluster(text, &columns)) {
        (void)text_cluster(text, &columns);
        used = *text == ' ' ? 0 : used + columns;
        longest = used > longest ? used : longest;
    }
    return longest;
}

/* What a column of text may be narrowed to: no word is broken for it. */
static size_t least_of(const struct table *t, size_t column)
{
    size_t least = TEXT_LEAST;
    for (size_t r = 0; r < t->nrows; r++) {
        size_t word = longest_word(shown(&t->column[column], t->cell[r * t->ncols + column]));
        least = word > least ? word : least;
    }
    return least;
}

/* The widest text gives way, a column at a time; then the gaps do. Where all that is not enough
 * nothing is narrowed: the terminal wraps the lines. */
static void narrow(const struct table *t, struct form *f, size_t most)
{
    if (most == 0 || sum_of(f, t->ncols) <= most)
        return;
    size_t *least = mem_array(t->ncols, sizeof *least), *width = f->width;
    for (size_t i = 0; i < t->ncols; i++) {
        size_t text = t->column[i].type == COLUMN_TEXT ? least_of(t, i) : width[i];
        least[i] = text < width[i] ? text : width[i];
    }
    f->gap = sum_of(&(struct form){least, GAP_USUAL}, t->ncols) > most ? 1 : GAP_USUAL;
    if (sum_of(&(struct form){least, f->gap}, t->ncols) > most)
        f->gap = GAP_USUAL;
    else
        while (sum_of(f, t->ncols) > most) {
            size_t widest = 0;
            for (size_t i = 0; i < t->ncols; i++)
                if (width[i] > least[i] &&
                    (width[i] > width[widest] || width[widest] <= least[widest]))
                    widest = i;
            width[widest]--;
        }
    mem_free(least);
}

/* Bytes of the text that stand in its next line: whole words, or what fits of a longer one. */
static size_t piece_of(const char *text, size_t width)
{
    size_t used = 0, columns, at = 0, words = 0;
    while (text[at]) {
        size_t n = text_cluster(text + at, &columns);
        if (used + columns > width)
            return words ? words : at ? at : n;
        at += n;
        used += columns;
        if (!text[at] || text[at] == ' ')
            words = at;
    }
    return at;
}

/* One row, of as many lines as its longest cell needs. */
static void write_row(const struct table *t, const struct form *f, const char **text, struct buf *b)
{
    struct buf piece = {0};
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < t->ncols; i++) {
            bool right = t->column[i].type == COLUMN_NUMBER || t->column[i].type == COLUMN_MONEY;
            size_t width = f->width[i];
            size_t n = text_columns(text[i]) <= width ? strlen(text[i]) : piece_of(text[i], width);
            buf_clear(&piece);
            buf_add(&piece, text[i], n);
            pad(b, i > 0 ? f->gap : 0);
            text_cell(b, buf_text(&piece), width, right, i + 1 == t->ncols);
            text[i] += n + strspn(text[i] + n, " ");
            more |= *text[i] != '\0';
        }
        while (b->len && b->data[b->len - 1] == ' ')
            b->data[--b->len] = '\0';
        buf_char(b, '\n');
    }
    buf_release(&piece);
}

static void write_text(const struct table *t, struct buf *b, size_t most)
{
    size_t *width = mem_array(t->ncols, sizeof *width);
    struct form f = {width, GAP_USUAL};
    const char **text = mem_array(t->ncols, sizeof *text);
    for (size_t i = 0; i < t->ncols; i++) {
        width[i] = text_columns(t->column[i].title);
        for (size_t r = 0; r < t->nrows; r++) {
            size_t w = text_columns(shown(&t->column[i], t->cell[r * t->ncols + i]));
            width[i] = w > width[i] ? w : width[i];
        }
    }
    narrow(t, &f, most);
    for (size_t r = 0; r <= t->nrows; r++) {
        for (size_t i = 0; i < t->ncols; i++)
            text[i] =
                r == 0 ? t->column[i].title : shown(&t->column[i], t->cell[(r - 1) * t->ncols + i]);
        write_row(t, &f, text, b);
    }
    mem_free(text);
    mem_free(width);
}

/* Digits as they are, unless JSON does not allow them so: 007, .5 */
static void json_number(struct json *j, const char *key, const char *text, double number)
{
    const char *digits = text + (*text == '-');
    if (*digits == '.' || (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'))
        json_num(j, key, number);
    else
        json_raw(j, key, text);
}

static void write_json(const struct table *t, struct buf *b)
{
    struct json j;
    json_begin(&j, b);
    json_open(&j, NULL, '[');
    for (size_t r = 0; r < t->nrows; r++) {
        json_open(&j, NULL, '{');
        for (size_t i = 0; i < t->ncols; i++) {
            const struct column *c = &t->column[i];
            const char *cell = t->cell[r * t->ncols + i];
            double number;
            if (!cell)
                json_null(&j, c->key);
            else if (c->type == COLUMN_NUMBER && text_to_double(cell, &number))
                json_number(&j, c->key, cell, number);
            else if (c->type == COLUMN_FLAG)
                json_flag(&j, c->key, is_true(cell));
            else
                json_str(&j, c->key, cell);
        }
        json_close(&j, '}');
    }
    json_close(&j, ']');
    buf_char(b, '\n');
}

static bool is_number(const struct column *c, const char *text)
{
    double ignored;
    return (c->type == COLUMN_NUMBER || c->type == COLUMN_MONEY) && text_to_double(text, &ignored);
}

/* RFC 4180; a cell that a spreadsheet would run as a formula gets a ' in front. */
static void csv_cell(struct buf *b, const struct column *c, const char *text)
{
    bool formula = *text && strchr("=+-@", *text) && !is_number(c, text);
    if (!formula && !strpbrk(text, ",\"\r\n")) {
        buf_str(b, text);
        return;
    }
    buf_char(b, '"');
    if (formula)
        buf_char(b, '\'');
    for (; *text; text++) {
        if (*text == '"')
            buf_char(b, '"');
        buf_char(b, *text);
    }
    buf_char(b, '"');
}

static void write_csv(const struct table *t, struct buf *b)
{
    for (size_t r = 0; r <= t->nrows; r++) {
        for (size_t i = 0; i < t->ncols; i++) {
            const struct column *c = &t->column[i];
            const char *cell = r == 0 ? c->key : t->cell[(r - 1) * t->ncols + i];
            if (r > 0 && cell && c->type == COLUMN_FLAG)
                cell = is_true(cell) ? "true" : "false";
            if (i)
                buf_char(b, ',');
            csv_cell(b, c, cell ? cell : "");
        }
        buf_str(b, "\r\n");
    }
}

void table_end(struct table *t, struct output *o, const char *empty)
{
    print_times(t, o->format);
    if (o->format == OUTPUT_JSON)
        write_json(t, &o->text);
    else if (o->format == OUTPUT_CSV)
        write_csv(t, &o->text);
    else if (t->nrows == 0)
        out_line(o, "%s", empty);
    else
        write_text(t, &o->text, o->width);
    mem_free(t->cell);
    arena_release(&t->arena);
    *t = (struct table){0};
}

void json_error(struct json *j, const char *key, const struct error *e)
{
    struct error clean = *e;
    redact_text(clean.text);
    redact_text(clean.fix);
    json_open(j, key, '{');
    json_str(j, "code", *clean.code ? clean.code : NULL);
    json_str(j, "text", clean.text);
    json_str(j, "fix", *clean.fix ? clean.fix : NULL);
    json_close(j, '}');
}
