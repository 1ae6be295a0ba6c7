/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which feeds are read for headlines, how each wants to be asked, and how what they say becomes
 * one list. */
#ifndef MARKET_NEWS_FEEDS_H
#define MARKET_NEWS_FEEDS_H

#include "core/market/feed.h"
#include "quorum/market.h"

enum { FEEDS_MAX = 8, NEWS_AGE_DAYS = 7 };

struct feed_source {
    char *url;         /* template with {symbol} */
    char endpoint[80]; /* "host/1f2e3d4c": the key of its cache */
    char host[64];
    char agent[160];  /* a whole header line */
    char skipped[96]; /* why it is not read; "" when it is */
};
struct feed_sources {
    struct feed_source source[FEEDS_MAX];
    size_t n;
};

/* templates: space separated, NULL for the built-in ones. contact: for SEC, may be NULL. */
void feed_sources_init(struct feed_sources *s, const char *templates, const char *contact);
void feed_sources_release(struct feed_sources *s);
void feed_source_url(const struct feed_source *s, const char *symbol, struct buf *out);
/* For struct vendor_request. */
const char *feed_judge(int status, const char *body, size_t len, bool *refused, bool *exhausted);

/* Adds a feed's items to `out`, newest first: not later than as_of, not older than a week, each
 * story once. What was left out is counted into *undated. Strings go into the arena. */
void news_merge(struct news *out, struct arena *arena, const struct feed *f, int64_t as_of,
                size_t *undated);

#endif
