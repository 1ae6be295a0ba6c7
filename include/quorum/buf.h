/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growing byte buffer with a maximum. Always NUL-terminated once anything was added. Passing the
 * maximum sets `overflow` and drops the rest: the owner checks it once at the end. Running out of
 * memory aborts (mem.h). A zeroed struct buf is a valid empty one with the default maximum. */
#ifndef QUORUM_BUF_H
#define QUORUM_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/err.h"

#define BUF_MAX_DEFAULT ((size_t)64 << 20)

struct buf {
    char *data;
    size_t len, cap;
    size_t max; /* 0 means BUF_MAX_DEFAULT */
    bool overflow;
};

void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *buf_text(const struct buf *b); /* "" when empty, never NULL */

/* Copies at most size - 1 bytes and always terminates; cuts on a UTF-8 boundary. Returns true if
 * all of it fitted. */
bool copy_text(char *dst, size_t size, const char *src);
bool copy_bytes(char *dst, size_t size, const char *src, size_t len);

/* JSON writer on a buf: one object or array at a time, commas kept by the writer. */
struct json {
    struct buf *out;
    unsigned depth;
    bool comma[16];
};
void json_begin(struct json *j, struct buf *out);
void json_open(struct json *j, const char *key, char bracket); /* '{' or '['; key NULL in arrays */
void json_close(struct json *j, char bracket);                 /* '}' or ']' */
void json_str(struct json *j, const char *key, const char *value); /* NULL value writes null */
void json_int(struct json *j, const char *key, int64_t value);
void json_num(struct json *j, const char *key,
              double value); /* shortest round-trip; not finite: null */
void json_flag(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
void json_raw(struct json *j, const char *key, const char *json); /* value is JSON already */

#endif
