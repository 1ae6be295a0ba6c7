/* Text from outside (headlines, model prose, server errors, database rows, file names) is hostile
 * until sanitised: escape sequences, control and bidi characters, zero-width tricks and broken
 * UTF-8 must reach no cell, log line, title, prompt or clipboard. */
#ifndef QUORUM_TEXT_H
#define QUORUM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "quorum/buf.h"

struct untrusted_text {
    const char *bytes;
    size_t len;
};

enum text_form {
    TEXT_LINE,  /* one line: \n and \t become a space */
    TEXT_BLOCK, /* \n kept, \t expanded to the next multiple of 8 */
};

struct untrusted_text untrusted(const char *s);

/* Appends the clean form of t to out, at most max_columns wide (0: no limit; longer ends in an
 * ellipsis). Idempotent. The specification is docs/text.md. */
void sanitize(struct buf *out, struct untrusted_text t, enum text_form form, size_t max_columns);
/* The same for one line into a fixed array; cuts with an ellipsis when it does not fit. */
const char *sanitize_line(char *dst, size_t size, struct untrusted_text t);

/* Columns a terminal needs for clean text. */
size_t text_columns(const char *clean);
bool text_is_utf8(const char *s, size_t len);

/* Strict numbers: the whole string must be the number, finite, in the C locale. */
bool text_to_double(const char *s, double *out);
bool text_to_int64(const char *s, int64_t *out);
bool text_is_symbol(const char *s); /* 1-12 of A-Z 0-9 . - ^, begins with a letter or ^ */
size_t text_distance(const char *a, const char *b); /* Damerau-Levenshtein, for "did you mean" */

#endif
