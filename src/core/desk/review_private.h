/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by review.c (acts, the pass of time) and review_question.c only. */
#ifndef QUORUM_REVIEW_PRIVATE_H
#define QUORUM_REVIEW_PRIVATE_H

#include "quorum/review.h"

/* A cell as stored, "" for none. */
const char *review_cell(const struct rows *r, size_t row, size_t col);
/* Columns code, words, fix from `col` on; OK when there is no code. */
enum err review_refused(const struct rows *r, size_t row, size_t col, struct error *e);
/* Seconds between an approval and its effect. */
int review_hold_s(const struct desk *d);

#endif
