/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Just enough of SQL's grammar to find the statements of a script: quotes, dollar quotes, nested
 * comments and BEGIN ATOMIC bodies. Used to name the line of an error. */
#ifndef STORE_SQLTEXT_H
#define STORE_SQLTEXT_H

#include <stdbool.h>

struct sql_cursor {
    const char *at; /* the script to begin with */
    int line;       /* 1 to begin with */
};

struct sql_statement {
    int line;       /* of its first word */
    char words[32]; /* its first two words, upper case, one blank between */
};

/* The next statement that is not empty; false at the end. */
bool sql_next(struct sql_cursor *c, struct sql_statement *out);
/* The line of the statement with this number (from 0); the last line when there are fewer. */
int sql_statement_line(const char *sql, int number);
/* The line of PostgreSQL's error position, which counts characters from 1. */
int sql_position_line(const char *sql, int position);
/* A statement that would begin or end a transaction. */
bool sql_controls_transaction(const char *sql, struct sql_statement *out);

#endif
