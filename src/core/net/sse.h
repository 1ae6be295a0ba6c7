/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Server-sent events (WHATWG HTML, section 9.2): bytes in, events out. Pieces may be split
 * anywhere, also inside a character or between CR and LF. */
#ifndef QUORUM_NET_SSE_H
#define QUORUM_NET_SSE_H

#include "quorum/buf.h"

struct sse {
    /* One event: its name ("" if none) and its data lines joined with \n, NUL-terminated. */
    void (*event)(void *arg, const char *name, const char *data, size_t len);
    void *arg;
    bool overflow; /* a line or an event passed the maximum and was dropped */
    /* private */
    struct buf line, data;
    char name[64];
    size_t max;
    unsigned bom; /* bytes of a byte order mark met so far; 3: past it */
    bool has_data, after_cr;
};

/* An event and a line have at most `max` bytes each. */
void sse_init(struct sse *s, size_t max,
              void (*event)(void *arg, const char *name, const char *data, size_t len), void *arg);
void sse_feed(struct sse *s, const char *bytes, size_t len);
/* What was not ended by an empty line is dropped. */
void sse_release(struct sse *s);

#endif
