/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/command/figures.h"

#include <assert.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/command/show.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { CENTS = 10000, GROUP_FROM = 10000 };

void terminal_size(int *columns, int *rows)
{
    struct winsize w = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0;
    *columns = known ? w.ws_col : 80;
    *rows = known ? w.ws_row : 24;
}

bool terminal_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int64_t micro_of(const char *decimal)
{
    int64_t micro = 0;
    double d;
    if (decimal && !decimal_parse(decimal, MONEY_MICRO_DIGITS, &micro) &&
        text_to_double(decimal, &d))
        decimal_from_double(d, MONEY_MICRO_DIGITS, &micro); /* numeric with more digits */
    return micro;
}

const char *money_text(char dst[FIGURE_SIZE], int64_t micro, bool sign)
{
    char number[FIGURE_SIZE];
    int64_t size = micro < 0 ? -micro : micro;
    if (size >= GROUP_FROM * INT64_C(1000000))
        decimal_group(number, sizeof number, micro, MONEY_MICRO_DIGITS, 2);
    else
        decimal_print(number, sizeof number, micro, MONEY_MICRO_DIGITS, 2);
    snprintf(dst, FIGURE_SIZE, "%s%.40s", sign && micro > 0 && size >= CENTS / 2 ? "+" : "",
             number);
    return dst;
}

const char *stored_tell(char dst[48], const char *stored, enum when_form form)
{
    int64_t t = TIME_NONE;
    if (stored)
        (void)time_parse(stored, &t);
    return when_tell(dst, t, form);
}

static void signed_number(char dst[FIGURE_SIZE], double v, int places, const char *unit)
{
    v = round_half_away(v, places);
    snprintf(dst, FIGURE_SIZE, v > 0 ? "+%.*f%s" : "%.*f%s", places, v, unit);
}

static void number_text(char dst[FIGURE_SIZE], enum figure kind, const char *stored)
{
    double v;
    if (!text_to_double(stored, &v))
        copy_text(dst, FIGURE_SIZE, stored);
    else if (kind == FIGURE_CHANGE)
        signed_number(dst, v, 2, "%");
    else if (kind == FIGURE_R)
        signed_number(dst, v, 2, "");
    else if (kind == FIGURE_RATE)
        snprintf(dst, FIGURE_SIZE, "%.0f%%", round_half_away(v, 0));
    else if (kind == FIGURE_AGE)
        duration_print(dst, (int64_t)v * USEC_SECOND);
    else
        snprintf(dst, FIGURE_SIZE, "%.*f", kind == FIGURE_COST ? 4 : 2,
                 round_half_away(v, kind == FIGURE_COST ? 4 : 2));
}

const char *figure_text(char dst[FIGURE_SIZE], enum figure kind, const char *stored)
{
    int64_t t;
    if (!stored) {
        copy_text(dst, FIGURE_SIZE, "-");
        return dst;
    }
    switch (kind) {
    case FIGURE_MONEY:
    case FIGURE_PROFIT:
        return money_text(dst, micro_of(stored), kind == FIGURE_PROFIT);
    case FIGURE_CHANGE:
    case FIGURE_R:
    case FIGURE_RATE:
    case FIGURE_NUMBER:
    case FIGURE_AGE:
    case FIGURE_COST:
        number_text(dst, kind, stored);
        return dst;
    case FIGURE_WHEN:
        if (time_parse(stored, &t))
            return when_print(dst, t, WHEN_SHORT);
        break;
    default:
        break;
    }
    return sanitize_line(dst, FIGURE_SIZE, untrusted(stored));
}

static enum column_type type_of(enum figure kind, bool people)
{
    switch (kind) {
    case FIGURE_TEXT:
    case FIGURE_WHEN:
    case FIGURE_DATE:
        return COLUMN_TEXT;
    case FIGURE_FLAG:
        return COLUMN_FLAG;
    case FIGURE_MONEY:
    case FIGURE_PROFIT:
    case FIGURE_COST:
        return COLUMN_MONEY;
    case FIGURE_AGE:
        return people ? COLUMN_MONEY : COLUMN_NUMBER;
    default:
        return COLUMN_NUMBER;
    }
}

void figures_begin(struct figures *f, struct output *o, const struct figure_column *c, size_t n)
{
    int columns, rows;
    bool people = o->format == OUTPUT_TEXT;
    size_t kept = 0;
    assert(n <= FIGURE_COLUMNS_MAX);
    terminal_size(&columns, &rows);
    *f = (struct figures){.output = o, .column = c, .n = n};
    for (size_t i = 0; i < n; i++) {
        f->shown[i] = !people || columns >= c[i].from_width;
        if (f->shown[i])
            f->kept[kept++] = (struct column){c[i].key, c[i].title, type_of(c[i].figure, people)};
    }
    table_begin(&f->table, f->kept, kept);
}

/* As a program reads it: times in UTC with a Z, numeric without trailing zeros stays as it is. */
static const char *stored_text(char dst[FIGURE_SIZE], enum figure kind, const char *stored)
{
    int64_t t;
    if (stored && kind == FIGURE_WHEN && time_parse(stored, &t))
        return time_print_iso(dst, t);
    return stored;
}

void figures_row(struct figures *f, const char *const *stored, size_t marked, const char *mark)
{
    char text[FIGURE_COLUMNS_MAX][FIGURE_SIZE];
    const char *cell[FIGURE_COLUMNS_MAX];
    bool people = f->output->format == OUTPUT_TEXT;
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct figure_column *c = &f->column[i];
        if (!f->shown[i])
            continue;
        if (!stored[i] || c->figure == FIGURE_TEXT || c->figure == FIGURE_FLAG)
            cell[kept] = stored[i];
        else if (people)
            cell[kept] = figure_text(text[kept], c->figure, stored[i]);
        else
            cell[kept] = stored_text(text[kept], c->figure, stored[i]);
        if (people && mark && *mark && i == marked) {
            char plain[FIGURE_SIZE];
            copy_text(plain, sizeof plain, cell[kept] ? cell[kept] : "-");
            snprintf(text[kept], FIGURE_SIZE, "%.50s%.8s", plain, mark);
            cell[kept] = text[kept];
        }
        kept++;
    }
    table_row(&f->table, cell);
}

void figures_rows(struct figures *f, const struct rows *r)
{
    const char *stored[FIGURE_COLUMNS_MAX];
    for (size_t i = 0; i < r->nrows; i++) {
        for (size_t k = 0; k < f->n; k++)
            stored[k] = k < r->ncols ? rows_text(r, i, k) : NULL;
        figures_row(f, stored, 0, NULL);
    }
}

void figures_end(struct figures *f, const char *empty)
{
    table_end(&f->table, f->output, empty);
}

void figures_json_row(struct json *j, const struct figure_column *c, size_t n, const struct rows *r,
                      size_t row)
{
    for (size_t i = 0; i < n; i++) {
        char text[FIGURE_SIZE];
        double number;
        const char *stored = stored_text(text, c[i].figure, rows_text(r, row, i));
        enum column_type type = type_of(c[i].figure, false);
        if (stored && type == COLUMN_NUMBER && text_to_double(stored, &number))
            json_num(j, c[i].key, number);
        else if (stored && type == COLUMN_FLAG)
            json_flag(j, c[i].key, *stored == 't');
        else
            json_str(j, c[i].key, stored);
    }
}

void figures_json(struct json *j, const char *key, const struct figure_column *c, size_t n,
                  const struct rows *r)
{
    json_open(j, key, '[');
    for (size_t i = 0; i < r->nrows; i++) {
        json_open(j, NULL, '{');
        figures_json_row(j, c, n, r, i);
        json_close(j, '}');
    }
    json_close(j, ']');
}

enum err call_symbol(const struct call *c, int arg, char dst[16], const char **out, struct error *e)
{
    char shown[40];
    *out = NULL;
    if (arg >= c->nargs)
        return OK;
    *out = symbol_from_argument(c->arg[arg], dst, 16);
    if (strlen(c->arg[arg]) < 16 && text_is_symbol(dst))
        return OK;
    sanitize_line(shown, sizeof shown, untrusted(c->arg[arg]));
    err_set(e, ERR_USAGE, "\"%s\" is not a symbol: 1 to 12 of A-Z 0-9 . - ^", shown);
    return err_code(e, "E20");
}
