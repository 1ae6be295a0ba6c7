/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text from outside (headlines, model prose, server errors, database rows, file names) is hostile
 * until sanitised: escape sequences, control and bidi characters, zero-width tricks and broken
 * UTF-8 must reach no cell, log line, title, prompt or clipboard. */
#ifndef QUORUM_TEXT_H
#define QUORUM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/buf.h"

struct untrusted_text {
    const char *bytes;
    size_t len;
};

enum text_form {
    TEXT_LINE,  /* one line: \n and \t become a space */
    TEXT_BLOCK, /* \n kept, \t expanded to the next multiple of 8; widths are of each line */
};

struct untrusted_text untrusted(const char *s);

/* Appends the clean form of t to out, at most max_columns wide (0: no limit; longer ends in an
 * ellipsis). Idempotent. The specification is docs/text.md. */
void sanitize(struct buf *out, struct untrusted_text t, enum text_form form, size_t max_columns);
/* The same for one line into a fixed array; cuts with an ellipsis when it does not fit. dst may
 * be where t is. */
const char *sanitize_line(char *dst, size_t size, struct untrusted_text t);

/* The same for text that arrives in pieces: a character or an escape sequence may be split
 * anywhere. Begin with {.form = …, .max_columns = …} and all else zero; what was fed, in whatever
 * pieces, and finished is what sanitize() gives for the whole. After finish it can begin anew. */
struct text_stream {
    enum text_form form;
    size_t max_columns;
    /* private */
    size_t column;
    unsigned char pending[4], pending_len;
    unsigned char held[12], held_len;
    unsigned char state, marks;
    bool has_base, cut;
};
void text_stream_feed(struct text_stream *s, struct buf *out, const char *bytes, size_t len);
void text_stream_finish(struct text_stream *s, struct buf *out);

/* Columns a terminal needs for clean text: of its widest line. */
size_t text_columns(const char *clean);
/* Bytes of the first cell of clean text: a character with the marks on it. Its columns are 1 or
 * 2 (0 for a newline, which is a cluster of its own). 0 at the end. */
size_t text_cluster(const char *clean, size_t *columns);
bool text_is_utf8(const char *s, size_t len);
/* Bytes of UTF-8 text before the first character that acts or is not seen: controls other than
 * \n, \t and \r, bidirectional controls, zero widths, all that sanitize() drops. len: none. */
size_t text_find_hidden(const char *s, size_t len, uint32_t *c);

/* Appends clean text for a terminal without UTF-8: ASCII of the same columns, accents dropped, '?'
 * for what has no likeness. */
void text_ascii(struct buf *out, const char *clean);

/* Strict numbers: the whole string must be the number, finite, in the C locale. */
bool text_to_double(const char *s, double *out);
bool text_to_int64(const char *s, int64_t *out);
bool text_is_symbol(const char *s); /* 1-12 of A-Z 0-9 . - ^, begins with a letter or ^ */
/* Damerau-Levenshtein in bytes, for "did you mean"; words over 64 bytes differ wholly. */
size_t text_distance(const char *a, const char *b);

#endif
