/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "quorum/command.h"
#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/zone.h"

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
    if (!last)
        buf_str(b, "  ");
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

static void write_text(const struct table *t, struct buf *b)
{
    size_t *width = mem_array(t->ncols, sizeof *width);
    for (size_t i = 0; i < t->ncols; i++) {
        width[i] = text_columns(t->column[i].title);
        for (size_t r = 0; r < t->nrows; r++) {
            size_t w = text_columns(shown(&t->column[i], t->cell[r * t->ncols + i]));
            width[i] = w > width[i] ? w : width[i];
        }
    }
    for (size_t r = 0; r <= t->nrows; r++) {
        for (size_t i = 0; i < t->ncols; i++) {
            const struct column *c = &t->column[i];
            bool right = c->type == COLUMN_NUMBER || c->type == COLUMN_MONEY;
            const char *text = r == 0 ? c->title : shown(c, t->cell[(r - 1) * t->ncols + i]);
            text_cell(b, text, width[i], right, i + 1 == t->ncols);
        }
        while (b->len && b->data[b->len - 1] == ' ')
            b->data[--b->len] = '\0';
        buf_char(b, '\n');
    }
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
        write_text(t, &o->text);
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
