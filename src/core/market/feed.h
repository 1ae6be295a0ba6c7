/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Feeds of headlines: RSS 0.9 to 2.0 and Atom, in the shapes they really come in. Document types
 * and entities of their own are refused, so nothing outside the bytes is read and nothing expands.
 * All text that comes out is clean (text.h). docs/market-data.md says what is mended. */
#ifndef MARKET_FEED_H
#define MARKET_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "quorum/buf.h"
#include "quorum/err.h"
#include "quorum/mem.h"

enum {
    FEED_BYTES_MAX = 4 << 20,
    FEED_ITEMS_MAX = 200,
    FEED_DEPTH_MAX = 64,
    FEED_TITLE_COLUMNS = 300,
    FEED_SUMMARY_COLUMNS = 600,
};

struct feed_item {
    char *title;   /* never empty */
    char *summary; /* without markup, "" when it says no more than the title */
    char *outlet;  /* who wrote it: the source named, else the link's host; may be "" */
    char *link;
    char *key;            /* two items with one key are the same: guid, link or title */
    int64_t published_at; /* TIME_NONE when none was given or it cannot be read */
};

struct feed {
    char *title;
    struct feed_item item[FEED_ITEMS_MAX]; /* in the feed's order */
    size_t n;
    size_t untitled, repeated; /* items left out */
    char note[160];            /* the feed was cut off or damaged: what was kept; else "" */
    struct arena arena;
};

/* ERR_FAILED for what is no feed or nothing of it can be read; of a damaged one the items before
 * the damage are kept. out is released by the caller in any case. */
enum err feed_parse(const char *bytes, size_t len, struct feed *out, struct error *e);
void feed_release(struct feed *f);

/* RFC 822, 850 and 1123 dates in any of the forms feeds use, and ISO 8601. Without a zone it is
 * taken as UTC; a date alone as its first moment. */
bool feed_date_parse(const char *text, int64_t *out);

/* NULL if the bytes begin as a feed does, else what they are instead. */
const char *feed_check(const char *bytes, size_t len);

/* What two headlines that are the same have in common: letters and digits in lower case. */
void feed_title_key(struct buf *out, const char *title);

/* Shared by the files feed*.c. */
/* The bytes as an XML parser takes them: stray ampersands and HTML's own entities written out,
 * control characters dropped, wrong UTF-8 read as Windows-1252. */
void feed_mend(const char *bytes, size_t len, struct buf *out);
/* Text of an element to one clean line: tags dropped, HTML entities decoded. `markup`: the field
 * is HTML by custom, so what looks like tags after decoding is dropped too. */
void feed_clean(struct buf *out, const char *text, size_t len, bool markup, size_t columns);
/* Unicode of byte 80..9F in Windows-1252. */
extern const uint16_t feed_cp1252[32];

#endif
