/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/db_private.h"
#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/text.h"

void rows_release(struct rows *r)
{
    arena_release(&r->arena);
    *r = (struct rows){0};
}

void rows_move(struct rows *dst, struct rows *src)
{
    *dst = *src;
    *src = (struct rows){0};
}

const char *rows_text(const struct rows *r, size_t row, size_t col)
{
    assert(row < r->nrows && col < r->ncols);
    return r->cell[row * r->ncols + col];
}

const char *rows_named(const struct rows *r, size_t row, const char *column)
{
    for (size_t i = 0; i < r->ncols; i++) {
        /* a status row of sixty columns is asked for forty of them each second */
        if (r->column[i][0] == column[0] && strcmp(r->column[i], column) == 0)
            return rows_text(r, row, i);
    }
    assert(!"a column the statement does not return");
    return NULL;
}

int64_t rows_int(const struct rows *r, size_t row, size_t col)
{
    const char *s = rows_text(r, row, col);
    int64_t v = 0;

    return s && text_to_int64(s, &v) ? v : 0;
}

double rows_double(const struct rows *r, size_t row, size_t col, bool *is_null)
{
    const char *s = rows_text(r, row, col);
    double v = 0;
    bool ok = s && text_to_double(s, &v); /* NaN and Infinity count as absent */

    if (is_null)
        *is_null = !ok;
    return ok ? v : 0;
}

bool rows_bool(const struct rows *r, size_t row, size_t col)
{
    const char *s = rows_text(r, row, col);

    return s && s[0] == 't';
}

static int64_t affected(const PGresult *r)
{
    const char *text = PQcmdTuples((PGresult *)r); /* declared without const, changes nothing */
    int64_t n;

    return text_to_int64(text, &n) ? n : 0;
}

void rows_from_result(struct rows *out, const PGresult *r)
{
    size_t nrows = (size_t)PQntuples(r), ncols = (size_t)PQnfields(r);

    rows_release(out);
    out->affected = affected(r);
    if (ncols == 0)
        return;
    out->nrows = nrows;
    out->ncols = ncols;
    out->column = arena_alloc(&out->arena, ncols * sizeof(*out->column));
    for (size_t i = 0; i < ncols; i++)
        out->column[i] = arena_text(&out->arena, PQfname(r, (int)i));
    if (nrows == 0)
        return;
    out->cell = arena_alloc(&out->arena, nrows * ncols * sizeof(*out->cell));
    for (size_t i = 0; i < nrows * ncols; i++) {
        int row = (int)(i / ncols), col = (int)(i % ncols);

        if (!PQgetisnull(r, row, col))
            out->cell[i] = arena_text(&out->arena, PQgetvalue(r, row, col));
    }
}

static void bind(struct params *p, const char *value)
{
    assert(p->n < (int)ARRAY_LEN(p->value));
    p->value[p->n++] = value;
}

void params_text(struct params *p, const char *s)
{
    bind(p, s ? arena_text(&p->arena, s) : NULL);
}

void params_int(struct params *p, int64_t v)
{
    bind(p, arena_printf(&p->arena, "%" PRId64, v));
}

/* Not a number binds NULL: one NaN in a column poisons every sum over it. */
void params_double(struct params *p, double v)
{
    bind(p, isfinite(v) ? arena_printf(&p->arena, "%.17g", v) : NULL);
}

void params_bool(struct params *p, bool v)
{
    bind(p, v ? "t" : "f");
}

void params_decimal(struct params *p, int64_t value, int digits)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char text[32];

    assert(digits >= 0 && digits <= 18);
    int len = snprintf(text, sizeof(text), "%0*" PRIu64, digits + 1, magnitude);
    int whole = len - digits;
    bind(p, arena_printf(&p->arena, "%s%.*s%s%s", value < 0 ? "-" : "", whole, text,
                         digits ? "." : "", text + whole));
}

void params_release(struct params *p)
{
    arena_release(&p->arena);
    *p = (struct params){0};
}
