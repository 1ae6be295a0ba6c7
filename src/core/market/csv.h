/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a comma-separated table with a header, one row at a time, in constant memory. Accepts
 * CRLF, a byte order mark, quoted fields and blank lines; refuses NUL bytes, lines and files past
 * the limits, and rows shorter or longer than the header. Every error names file and line. */
#ifndef QUORUM_MARKET_CSV_H
#define QUORUM_MARKET_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "quorum/err.h"

enum { CSV_LINE_MAX = 4096, CSV_FIELDS_MAX = 256 };
#define CSV_FILE_MAX ((int64_t)64 << 20) /* 200,000 bars take about 15 MB */

struct csv {
    FILE *file;
    char *path;
    long line_no; /* of the row last read, from 1 */
    int64_t bytes;
    size_t n;                    /* fields in this row */
    char *field[CSV_FIELDS_MAX]; /* into line; unquoted, blanks at both ends removed */
    size_t header_n;
    char line[CSV_LINE_MAX];
};

/* Opens and reads the header; csv_close also after an error. */
enum err csv_open(struct csv *c, const char *path, const char *header_example, struct error *e);
void csv_close(struct csv *c);
/* The same over bytes that outlive c (data built into the program). */
enum err csv_open_memory(struct csv *c, const char *name, const char *data, size_t len,
                         const char *header_example, struct error *e);
/* Index of the column `name` (any case). Missing or twice is an error that names it. Only valid
 * until the first csv_row. */
enum err csv_column(struct csv *c, const char *name, const char *header_example, size_t *out,
                    struct error *e);
/* The next row with at least one field. At the end *more is false. */
enum err csv_row(struct csv *c, bool *more, struct error *e);
/* An error about the current line: "PATH line N: what". */
enum err csv_fail(const struct csv *c, struct error *e, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* "2021-03-31" or "20210331". */
bool csv_day(const char *s, int32_t *out);
/* Unsigned decimal text to 1 / 10^digits, rounded half away from zero without passing through a
 * double; `decimals` (may be NULL) gets the number of decimals written. False for anything else,
 * and for more than 15 digits before the point. */
bool csv_decimal(const char *s, int digits, int64_t *out, int *decimals);
/* An unsigned factor such as 0.8613657. */
bool csv_factor(const char *s, double *out);

#endif
