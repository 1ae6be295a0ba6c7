/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How evaluations are written out, and small parsers the commands share. */
#ifndef QUORUM_SHOW_H
#define QUORUM_SHOW_H

#include "quorum/command.h"
#include "quorum/evaluation.h"

/* The layout of the product's first document: three steps, cost and tokens. */
void show_evaluation_seed(struct output *o, const struct desk *d,
                          const struct stored_evaluation *s);
/* One JSON object (docs/evaluation.md). */
void show_evaluation_json(struct json *j, const struct desk *d, const struct stored_evaluation *s);
/* The rows of `evaluations`, in the order of the ids. */
enum err show_evaluation_rows(struct call *c, const int64_t *id, size_t n, struct error *e);
void show_evaluation_detail(struct call *c, const struct stored_evaluation *s);
void show_evaluation_why(struct call *c, const struct stored_evaluation *s);

/* The model calls of an evaluation, to the byte but for what a terminal must not see. */
enum err show_calls(struct call *c, int64_t id, struct error *e);

/* One learning cycle, NULL: the last; all: not only what was found and its nearest misses. */
enum err cycle_show(struct call *c, const int64_t *id, bool all, struct error *e);

/* "12" or "#12". E04-like error names what kind of id is wanted. */
enum err call_id(const char *text, const char *what, int64_t *out, struct error *e);
/* --since=90m as a PostgreSQL interval in dst; *out stays NULL when absent. */
enum err call_since(const struct call *c, char dst[32], const char **out, struct error *e);
/* Options --price --indicators --agents --min-agreement --as-of --data --fresh. */
enum err request_from_call(const struct call *c, struct evaluation_request *r, struct error *e);
/* The names --indicators knows, for help. */
void help_indicators(struct buf *out);
/* Passes on what the reader of recorded bars warns of: holes, jumps like a split. */
void warn_about_bars(struct call *c, const struct dossier *d);
/* A fact that is there, as one line: words, or the number with its unit. */
void show_fact_value(char *dst, size_t size, const struct fact *f);
/* Upper case copy. */
const char *symbol_from_argument(const char *arg, char *dst, size_t size);
/* "$0.12", with four decimals below ten cents, "$0.00" when nothing. */
const char *cost_text(char dst[32], const char *cost_usd);

#endif
