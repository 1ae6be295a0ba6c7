/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the desk's figures are written: for people with signs, thousands separators, exchange time
 * and ages; for programs as they are stored, times in UTC. */
#ifndef QUORUM_FIGURES_H
#define QUORUM_FIGURES_H

#include "quorum/command.h"
#include "quorum/evaluation.h"
#include "quorum/zone.h"

enum figure {
    FIGURE_TEXT,
    FIGURE_COUNT,  /* whole number */
    FIGURE_MONEY,  /* dollars to the cent: also prices */
    FIGURE_PROFIT, /* the same with its sign */
    FIGURE_CHANGE, /* percent with its sign: +1.54% */
    FIGURE_RATE,   /* percent without: 58% */
    FIGURE_R,      /* multiples with their sign: +0.66 */
    FIGURE_NUMBER, /* two decimals */
    FIGURE_WHEN,   /* timestamptz; exchange time "11-20 14:30" */
    FIGURE_DATE,   /* date */
    FIGURE_AGE,    /* seconds; "5h02" */
    FIGURE_COST,   /* model cost: four decimals */
    FIGURE_FLAG,
};

enum { FIGURE_SIZE = 64, FIGURE_COLUMNS_MAX = 32 };
/* Cells of programs only: from_width. */
enum { WIDTH_NEVER = 10000 };

struct figure_column {
    const char *key, *title;
    enum figure figure;
    int from_width; /* columns of the terminal from which it is shown; 0: always */
};

struct figures {
    struct output *output;
    const struct figure_column *column;
    size_t n;
    bool shown[FIGURE_COLUMNS_MAX];
    struct column kept[FIGURE_COLUMNS_MAX];
    struct table table;
};
void figures_begin(struct figures *f, struct output *o, const struct figure_column *c, size_t n);
/* Stored text of every column, NULL where there is none; n of them. `mark` (may be NULL) stands
 * behind the text form of column `marked`. */
void figures_row(struct figures *f, const char *const *stored, size_t marked, const char *mark);
void figures_rows(struct figures *f, const struct rows *r);
void figures_end(struct figures *f, const char *empty);

/* The same as JSON: an array of objects, or the object of one row. */
void figures_json(struct json *j, const char *key, const struct figure_column *c, size_t n,
                  const struct rows *r);
void figures_json_row(struct json *j, const struct figure_column *c, size_t n, const struct rows *r,
                      size_t row);

/* One figure for people; "-" for NULL. */
const char *figure_text(char dst[FIGURE_SIZE], enum figure kind, const char *stored);
/* Micro-dollars to the cent, separators above 9,999.99, sign when asked. */
const char *money_text(char dst[FIGURE_SIZE], int64_t micro, bool sign);
int64_t micro_of(const char *decimal); /* 0 for NULL */

/* What a query answered, told in words (when_tell); NULL is "-". */
const char *stored_tell(char dst[48], const char *stored, enum when_form form);

/* Columns and rows of the terminal on stdout; 80 and 24 where it is none. */
void terminal_size(int *columns, int *rows);
/* The locale speaks UTF-8. */
bool terminal_is_utf8(void);

/* A symbol among the arguments, upper case, checked; NULL when there is none. */
enum err call_symbol(const struct call *c, int arg, char dst[16], const char **out,
                     struct error *e);

#endif
