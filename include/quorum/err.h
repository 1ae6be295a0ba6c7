/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors. A function that can fail returns enum err (OK is 0) and fills a struct error, its last
 * parameter. The enum is the program's exit status, so that no table translates between them.
 * A user's error has three parts: what is wrong and why (text), a code of the error list
 * (docs/errors.md) where one exists, and the fix. */
#ifndef QUORUM_ERR_H
#define QUORUM_ERR_H

enum err {
    OK = 0,
    ERR_FAILED = 1,    /* could not be done; a retry will not help by itself */
    ERR_USAGE = 2,     /* wrong words or an unknown id: do not retry */
    ERR_TRANSIENT = 3, /* database, model or feed unreachable: a retry is safe */
    ERR_POLICY = 4,    /* refused: budget, halted, read-only, outside bounds */
    ERR_CONFLICT = 5,  /* somebody else already decided it */
    ERR_CONFIRM = 6,   /* needs --yes or --confirm and there is no terminal to ask */
    ERR_PARTLY = 7,    /* some of several things were done */
};

struct error {
    enum err kind;
    char code[4];   /* "E20", or "" */
    char text[512]; /* one line, already free of control characters */
    char fix[256];  /* one line, or "" */
};

#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Fills e (which may be NULL) and returns kind, so a caller can `return err_set(...)`.
 * Control characters that slip in through arguments are replaced by '?'. */
enum err err_set(struct error *e, enum err kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Adds the code and the fix to an error that is set; both return e->kind (ERR_FAILED if NULL). */
enum err err_code(struct error *e, const char *code);
enum err err_fix(struct error *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts "context: " in front of the text. */
enum err err_wrap(struct error *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
void err_clear(struct error *e);

#endif
