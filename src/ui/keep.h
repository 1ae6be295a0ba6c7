/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of the last frame, so that a part which hangs on the same as then is copied instead of
 * drawn anew: a key moves one list and eight stay. A frame made with a keep equals one made
 * without, cell by cell. */
#ifndef UI_KEEP_H
#define UI_KEEP_H

#include "ui/cells.h"
#include "ui/snapshot.h"

enum { KEEP_STATUS = PANEL_COUNT, KEEP_HINTS, KEEP_PARTS };

struct keep;
struct keep *keep_new(void);
void keep_free(struct keep *k); /* NULL is fine */

/* Copies a part into its pane when it was kept for the same place, kind of frame and inputs (bytes
 * which say all that its drawing reads). False: draw it, with keep_store behind, which also keeps
 * where the cursor is if the part has it. k may be NULL. */
bool keep_take(const struct keep *k, int part, const struct pane *p, const void *inputs, size_t n);
void keep_store(struct keep *k, int part, const struct pane *p, const void *inputs, size_t n,
                bool cursor);

/* A number that goes with a part, where the last keep_store drew something in it. */
void keep_place(struct keep *k, int part, int place);
int keep_placed(const struct keep *k, int part);

/* One answer, for inputs: the next one is another, also where it says the same. */
struct keep_answer {
    struct rows_id rows;
    int64_t loaded_at;
};
void keep_answer(struct keep_answer *a, const struct snap *of);

/* A number that stays while a panel's words (its name, its note, what it says when it is empty) do.
 * They rest on the desk's state as well, which comes every second and seldom says another thing.
 * 0 without a keep. */
int64_t keep_words(struct keep *k, enum panel_id id, const struct snapshot *s);

/* How wide the columns of a list are, of one answer; -1: not measured yet. */
enum { KEEP_COLUMNS = 40 };
struct keep_widths {
    int natural[KEEP_COLUMNS], content[KEEP_COLUMNS];
};
/* NULL without a keep. */
struct keep_widths *keep_widths(struct keep *k, enum panel_id id, const struct snap *of);

#endif
