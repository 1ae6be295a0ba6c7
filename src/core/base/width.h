/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Code points and their columns, for text.c. Everybody else counts with text_columns(). */
#ifndef QUORUM_BASE_WIDTH_H
#define QUORUM_BASE_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIDTH_HIDDEN = -2, /* to be dropped */
    WIDTH_UNFIT = -1,  /* to be shown as U+FFFD */
};

/* Columns of one code point: 0 (joins the character before it), 1, 2, or one of the above. */
int width_of(uint32_t c);

/* Bytes of a sequence by its first byte; 0 if no sequence begins with it. */
size_t utf8_length(unsigned char first);
/* Whether `byte` may be byte n (from 0, so n >= 1) of the sequence begun in `have`. */
bool utf8_is_next(const unsigned char *have, size_t n, unsigned char byte);
/* The code point of a complete, valid sequence. */
uint32_t utf8_join(const unsigned char *bytes, size_t n);
/* Decodes one code point; returns its bytes, 0 if there is no valid one. */
size_t utf8_take(const char *s, size_t len, uint32_t *c);
size_t utf8_put(char dst[4], uint32_t c);

#endif
