/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/keep.h"

#include <string.h>

#include "quorum/mem.h"

struct part {
    int row, col, rows, cols; /* no rows: nothing is kept */
    bool ascii, ambiguous, unwrapped;
    uint8_t marks;
    void *inputs;
    size_t ninputs;
    struct cell *cell;
    size_t cap;  /* cells there is room for */
    bool cursor; /* it is in this part */
    int cursor_row, cursor_col;
};

struct keep {
    struct part part[KEEP_PARTS];
    struct {
        struct keep_answer of;
        struct keep_widths widths;
    } list[PANEL_COUNT];
};

struct keep *keep_new(void)
{
    struct keep *k = mem_alloc(sizeof *k);
    for (int i = 0; i < PANEL_COUNT; i++)
        k->list[i].of.loaded_at = -1; /* of no answer */
    return k;
}

void keep_free(struct keep *k)
{
    for (int i = 0; k != NULL && i < KEEP_PARTS; i++) {
        mem_free(k->part[i].inputs);
        mem_free(k->part[i].cell);
    }
    mem_free(k);
}

/* Where the pane's row begins in its frame; NULL when it is not all inside. */
static struct cell *row_of(const struct pane *p, int row)
{
    const struct frame *f = p->frame;
    if (p->row < 0 || p->col < 0 || p->row + row >= f->rows || p->col + p->cols > f->cols)
        return NULL;
    return f->cell + (size_t)(p->row + row) * (size_t)f->cols + (size_t)p->col;
}

static bool fits(const struct part *k, const struct pane *p)
{
    const struct frame *f = p->frame;
    return k->rows > 0 && k->row == p->row && k->col == p->col && k->rows == p->rows &&
           k->cols == p->cols && k->ascii == f->ascii && k->ambiguous == f->ambiguous &&
           k->unwrapped == f->unwrapped && k->marks == f->marks;
}

bool keep_take(const struct keep *k, int part, const struct pane *p, const void *inputs, size_t n)
{
    const struct part *kept = k != NULL ? &k->part[part] : NULL;
    if (kept == NULL || !fits(kept, p) || n != kept->ninputs ||
        memcmp(kept->inputs, inputs, n) != 0 || row_of(p, p->rows - 1) == NULL)
        return false;
    size_t cols = (size_t)p->cols;
    for (int row = 0; row < p->rows; row++)
        memcpy(row_of(p, row), kept->cell + (size_t)row * cols, cols * sizeof *kept->cell);
    if (kept->cursor) {
        p->frame->cursor_row = kept->cursor_row;
        p->frame->cursor_col = kept->cursor_col;
    }
    return true;
}

void keep_store(struct keep *k, int part, const struct pane *p, const void *inputs, size_t n,
                bool cursor)
{
    if (k == NULL)
        return;
    struct part *kept = &k->part[part];
    kept->rows = 0;
    if (p->rows < 1 || p->cols < 1 || row_of(p, p->rows - 1) == NULL)
        return;
    size_t cols = (size_t)p->cols, cells = (size_t)p->rows * cols;
    if (cells > kept->cap) {
        kept->cell = mem_grow(kept->cell, cells, sizeof *kept->cell);
        kept->cap = cells;
    }
    for (int row = 0; row < p->rows; row++)
        memcpy(kept->cell + (size_t)row * cols, row_of(p, row), cols * sizeof *kept->cell);
    if (n != kept->ninputs)
        kept->inputs = mem_grow(kept->inputs, n, 1);
    memcpy(kept->inputs, inputs, n);
    kept->ninputs = n;
    kept->row = p->row;
    kept->col = p->col;
    kept->rows = p->rows;
    kept->cols = p->cols;
    kept->ascii = p->frame->ascii;
    kept->ambiguous = p->frame->ambiguous;
    kept->unwrapped = p->frame->unwrapped;
    kept->marks = p->frame->marks;
    kept->cursor = cursor;
    kept->cursor_row = p->frame->cursor_row;
    kept->cursor_col = p->frame->cursor_col;
}

void keep_answer(struct keep_answer *a, const struct snap *of)
{
    memset(a, 0, sizeof *a); /* compared byte by byte */
    a->cells = of->rows.cell;
    a->nrows = of->rows.nrows;
    a->loaded_at = of->loaded_at;
    memcpy(a->problem, of->problem, sizeof a->problem);
}

struct keep_widths *keep_widths(struct keep *k, enum panel_id id, const struct snap *of)
{
    struct keep_answer now;
    if (k == NULL)
        return NULL;
    keep_answer(&now, of);
    if (memcmp(&now, &k->list[id].of, sizeof now) != 0) {
        memcpy(&k->list[id].of, &now, sizeof now);
        for (int i = 0; i < KEEP_COLUMNS; i++)
            k->list[id].widths.natural[i] = k->list[id].widths.content[i] = -1;
    }
    return &k->list[id].widths;
}
