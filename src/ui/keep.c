/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/keep.h"

#include <string.h>

#include "quorum/mem.h"
#include "ui/panels.h"

struct part {
    int row, col, rows, cols; /* no rows: nothing is kept */
    bool ascii, ambiguous, unwrapped;
    uint8_t marks;
    void *inputs;
    size_t ninputs;
    struct cell *cell;
    size_t cap;  /* cells there is room for */
    bool cursor; /* it is in this part */
    int cursor_row, cursor_col, place;
};

struct words {
    char name[120], note[160], empty[160];
};

struct keep {
    struct part part[KEEP_PARTS];
    struct {
        bool known;
        struct rows_id of;
        struct keep_widths widths;
    } list[PANEL_COUNT];
    struct {
        struct rows_id own;
        struct keep_answer status;
        struct words words;
        int64_t number; /* 0: nothing is known yet */
    } title[PANEL_COUNT];
};

struct keep *keep_new(void)
{
    return mem_alloc(sizeof(struct keep));
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

void keep_place(struct keep *k, int part, int place)
{
    if (k != NULL)
        k->part[part].place = place;
}

int keep_placed(const struct keep *k, int part)
{
    return k->part[part].place;
}

void keep_answer(struct keep_answer *a, const struct snap *of)
{
    *a = (struct keep_answer){.rows = rows_id_of(of), .loaded_at = of->loaded_at};
}

static void find_words(struct words *w, const struct snapshot *s, enum panel_id id)
{
    memset(w, 0, sizeof *w); /* compared byte by byte */
    panel_name(s, id, w->name, sizeof w->name);
    if (panels[id].note != NULL)
        panels[id].note(s, w->note, sizeof w->note);
    if (s->panel[id].rows.nrows == 0)
        panel_empty(s, id, w->empty, sizeof w->empty);
}

int64_t keep_words(struct keep *k, enum panel_id id, const struct snapshot *s)
{
    struct rows_id own = rows_id_of(&s->panel[id]);
    struct keep_answer status;
    struct words words;
    if (k == NULL)
        return 0;
    keep_answer(&status, &s->status);
    if (k->title[id].number > 0 && rows_id_same(&own, &k->title[id].own) &&
        rows_id_same(&status.rows, &k->title[id].status.rows) &&
        status.loaded_at == k->title[id].status.loaded_at)
        return k->title[id].number;
    find_words(&words, s, id);
    k->title[id].own = own;
    k->title[id].status = status;
    if (k->title[id].number == 0 || memcmp(&words, &k->title[id].words, sizeof words) != 0) {
        memcpy(&k->title[id].words, &words, sizeof words);
        k->title[id].number++;
    }
    return k->title[id].number;
}

struct keep_widths *keep_widths(struct keep *k, enum panel_id id, const struct snap *of)
{
    if (k == NULL)
        return NULL;
    struct rows_id now = rows_id_of(of);
    if (!k->list[id].known || !rows_id_same(&now, &k->list[id].of)) {
        k->list[id].known = true;
        k->list[id].of = now;
        for (int i = 0; i < KEEP_COLUMNS; i++)
            k->list[id].widths.natural[i] = k->list[id].widths.content[i] = -1;
    }
    return &k->list[id].widths;
}
