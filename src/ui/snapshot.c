/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/snapshot.h"

static void release(struct snap *n)
{
    rows_release(&n->rows);
    *n = (struct snap){0};
}

struct rows_id rows_id_of(const struct snap *n)
{
    return (struct rows_id){n->rows.cell, n->rows.nrows, n->version};
}

bool rows_id_same(const struct rows_id *a, const struct rows_id *b)
{
    return a->cells == b->cells && a->nrows == b->nrows && a->version == b->version;
}

void snapshot_release(struct snapshot *s)
{
    release(&s->status);
    release(&s->sessions);
    release(&s->reasons);
    for (int i = 0; i < PANEL_COUNT; i++)
        release(&s->panel[i]);
    for (int i = 0; i < DETAIL_PARTS; i++)
        release(&s->detail[i]);
    *s = (struct snapshot){0};
}
