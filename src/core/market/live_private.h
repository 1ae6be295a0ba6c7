/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two files of the live market share: live.c asks and ends, live_parts.c reads what came
 * into the parts of a struct market_data. */
#ifndef MARKET_LIVE_PRIVATE_H
#define MARKET_LIVE_PRIVATE_H

#include "core/market/fmp.h"
#include "core/market/news_feeds.h"
#include "quorum/market.h"
#include "quorum/vendor.h"

#define LIVE_BENCHMARK "SPY"

enum part_kind {
    PART_QUOTE,
    PART_PROFILE,
    PART_INCOME,
    PART_BALANCE,
    PART_CASH_FLOW,
    PART_BARS,
    PART_BENCHMARK,
    PART_FEED,
};

struct market_live {
    struct market base;
    struct vendor *vendor;
    char *base_url;
    char *key_header; /* secret */
    struct feed_sources feeds;
    struct gather *gathers;
    struct lone_quote *quotes;
    bool fresh;
    unsigned fresh_next; /* so many of the next gathers ignore the cache */
};

enum knowledge { ASKED, KNOWN, UNKNOWN, FAILED };

struct part {
    struct gather *g;
    enum part_kind kind;
    size_t feed; /* index of a PART_FEED */
    bool again;  /* asked for a second time */
};

struct gather {
    struct market_live *m; /* NULL: the market is gone, nobody waits */
    struct gather *prev, *next;
    struct market_data *out;
    void (*done)(void *arg, const struct error *e);
    void *arg;
    char symbol[16]; /* as FMP writes it */
    bool fresh, spread, only_bars;
    size_t open;
    enum knowledge quote, profile;
    struct fmp_years years;
    struct provenance statement[3];
    struct provenance headline[FEEDS_MAX];
    struct feed *feed[FEEDS_MAX];
    struct part part[PART_FEED + FEEDS_MAX];
};

/* A quote that is asked for alone. */
struct lone_quote {
    struct market_live *m; /* NULL: the market is gone, nobody waits */
    struct lone_quote *prev, *next;
    struct quote *out;
    int64_t as_of, max_age;
    char symbol[16]; /* as FMP writes it */
    void (*done)(void *arg, const struct error *e);
    void *arg;
};
void live_quote(struct market *m, const char *symbol, int64_t as_of, int64_t max_age,
                struct quote *out, void (*done)(void *arg, const struct error *e), void *arg);

/* Reads a quote and judges its age; *out is empty but for where it is from unless it is KNOWN. */
enum knowledge live_read_quote(const struct vendor_answer *a, const char *symbol, int64_t as_of,
                               int64_t max_age, struct quote *out);
/* The call behind a datum, without cache rules. Released by the caller: url. */
struct vendor_request live_request(const struct market_live *m, enum fmp_endpoint endpoint,
                                   const char *symbol, int64_t as_of, struct buf *url);
/* E20 for what cannot be a symbol. */
bool live_refuse_symbol(const char *symbol, struct error *e);

/* life_s below 0: the endpoint's own. */
void live_ask_fmp(struct part *p, int64_t life_s, bool fresh);
enum fmp_endpoint live_endpoint(enum part_kind kind);

/* Reads one answer; may ask again for better. */
void live_take(struct part *p, const struct vendor_answer *a);
/* After the last answer. True when the bars are asked for again: they are on another side of a
 * split than the quote. */
bool live_mend_basis(struct gather *g);
void live_merge_statements(struct gather *g);
void live_merge_news(struct gather *g);

#endif
