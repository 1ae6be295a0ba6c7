/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Details made by hand: an evaluation running and ended, a trade and so on, the same every time.
 * The columns are those the statements of the details give; tests/store/test_details.c holds the
 * two together. */
#ifndef TEST_DETAIL_FIXTURE_H
#define TEST_DETAIL_FIXTURE_H

#include "ui/detail.h"

/* Names of the columns of a part in order, apart by a blank; NULL: there is no such part. */
const char *detail_columns(enum detail_kind kind, int part);

struct detail_example {
    const char *name; /* "evaluation_running" */
    enum detail_kind kind;
    const char *id;
    int depth, item;
};
extern const struct detail_example detail_examples[];
extern const size_t ndetail_examples;

/* A zeroed snapshot and view become the example. 2025-11-20, 14:32:07 in New York. */
void detail_fixture(const struct detail_example *x, struct snapshot *s, struct detail_view *v);
/* Every cell that holds something holds this text. */
void detail_fixture_fill(struct snapshot *s, const char *text);
void detail_fixture_release(struct snapshot *s, struct detail_view *v);

#endif
