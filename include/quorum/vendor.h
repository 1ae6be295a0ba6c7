/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls to data vendors that are counted and cached in the desk's database, shared by all
 * processes: the day's limit is never passed, a fresh answer is not asked for twice, a refusal of
 * a symbol is remembered. */
#ifndef QUORUM_VENDOR_H
#define QUORUM_VENDOR_H

#include "quorum/db.h"
#include "quorum/http.h"

enum vendor_state {
    VENDOR_FRESH, /* from the vendor or a cache younger than its life */
    VENDOR_STALE, /* the vendor failed; an older answer stands in, see age_s */
    VENDOR_NONE,  /* nothing: problem says why */
};
struct vendor_answer {
    enum vendor_state state;
    bool from_cache;
    int64_t fetched_at; /* desk time, microseconds */
    int64_t age_s;
    const char *body; /* borrowed during done */
    size_t body_len;
    char problem[160]; /* "FMP: 250 of 250 calls used, resets 00:00 UTC" */
};
typedef void vendor_done_fn(void *arg, const struct vendor_answer *a);

struct vendor_request {
    const char *vendor;   /* "fmp", "rss" */
    const char *endpoint; /* "quote": with symbol the cache and entitlement key */
    const char *symbol;
    const char *url;       /* no key in it */
    const char *header[4]; /* may be secret */
    size_t nheaders;
    int64_t life_s;    /* answers younger than this are fresh */
    bool counted;      /* takes one of the day's calls */
    bool ignore_cache; /* --fresh */
    /* NULL if the body is a good answer; else what it says is wrong. *refused: this symbol is not
     * in the plan (remembered for a week); *exhausted: the day's limit is reached. */
    const char *(*judge)(int status, const char *body, size_t len, bool *refused, bool *exhausted);
};

struct vendor;
struct vendor_options {
    struct db *db; /* of a desk: its settings say how many calls a day are counted, and from when */
    struct http *http;
    struct loop *loop;
};
struct vendor *vendor_new(const struct vendor_options *o);
/* Before its db and http. Open requests end as VENDOR_NONE. */
void vendor_free(struct vendor *v);
/* The request is copied. done is called once, from the loop (from inside vendor_get only while
 * vendor_free runs), within 40 s. */
void vendor_get(struct vendor *v, const struct vendor_request *r, vendor_done_fn *done, void *arg);

/* The live market: FMP for quotes, profiles, statements and bars, RSS feeds for news. */
struct market;
struct market_live_options {
    struct vendor *vendor;
    const char *fmp_base_url; /* without /stable */
    const char *fmp_key;
    const char *feeds;   /* URL templates with {symbol}, space separated; NULL: built in */
    const char *contact; /* for SEC; NULL: SEC feeds are skipped and say so */
    bool fresh;
};
struct market *market_live_new(const struct market_live_options *o);

/* The feeds that would be read for a symbol. */
enum { MARKET_FEEDS_MAX = 8 };
struct market_feed {
    char url[512], host[64];
    char agent[160];  /* a User-Agent header line, or "" */
    char skipped[96]; /* why it is not read, or "" */
};
size_t market_feeds(const char *templates, const char *contact, const char *symbol,
                    struct market_feed out[MARKET_FEEDS_MAX]);
/* The next gather ignores the cache (--fresh); any other market is left alone. */
void market_live_fresh(struct market *m);

#endif
