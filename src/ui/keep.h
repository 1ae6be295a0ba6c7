/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of the last frame, so that a part which hangs on the same as then is copied instead of
 * drawn anew: a key moves one list and eight stay. A frame made with a keep equals one made
 * without, cell by cell. */
#ifndef UI_KEEP_H
#define UI_KEEP_H

#include "ui/cells.h"
#include "ui/snapshot.h"

enum { KEEP_STATUS = PANEL_COUNT, KEEP_PARTS };

struct keep;
struct keep *keep_new(void);
void keep_free(struct keep *k); /* NULL is fine */

/* Copies a part into its pane when it was kept for the same place, kind of frame and inputs (bytes
 * which say all that its drawing reads). False: draw it, with keep_store behind, which also keeps
 * where the cursor is if the part has it. k may be NULL. */
bool keep_take(const struct keep *k, int part, const struct pane *p, const void *inputs, size_t n);
void keep_store(struct keep *k, int part, const struct pane *p, const void *inputs, size_t n,
                bool cursor);

/* An answer, for inputs: every other answer to the query gives another. Cells are told by their
 * place in memory only, which counts together with loaded_at. */
struct keep_answer {
    const void *cells;
    size_t nrows;
    int64_t loaded_at;
    char problem[200];
};
void keep_answer(struct keep_answer *a, const struct snap *of);

/* How wide the columns of a list are, of one answer; -1: not measured yet. */
enum { KEEP_COLUMNS = 40 };
struct keep_widths {
    int natural[KEEP_COLUMNS], content[KEEP_COLUMNS];
};
/* NULL without a keep. */
struct keep_widths *keep_widths(struct keep *k, enum panel_id id, const struct snap *of);

#endif
