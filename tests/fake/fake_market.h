/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stand-in for FMP and for news feeds on 127.0.0.1, port 0. It serves made-up companies (or, for
 * AAPL, recorded answers where reference data is at hand), every error FMP is known to give, and
 * counts what it is asked. A call that shows the key in its address, or lacks it, is remembered. */
#ifndef TESTS_FAKE_MARKET_H
#define TESTS_FAKE_MARKET_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_MARKET_KEY "test-key-0123456789"

enum fake_fault {
    FAKE_FINE,
    FAKE_BAD_KEY,     /* 401 */
    FAKE_RESTRICTED,  /* 402, plain text */
    FAKE_SYMBOL_PLAN, /* 402, this symbol */
    FAKE_LEGACY,      /* 403 */
    FAKE_SUSPENDED,   /* 403 */
    FAKE_NOT_FOUND,   /* 404, HTML */
    FAKE_LIMIT,       /* 429, the day's calls are used up */
    FAKE_LIMIT_200,   /* the same with status 200 */
    FAKE_BANDWIDTH,   /* 429 */
    FAKE_TOO_FAST,    /* 429 without words */
    FAKE_DOWN,        /* 503, HTML */
    FAKE_PAGE,        /* 200, HTML */
    FAKE_GARBLED,     /* 200, half an answer with the length of it */
    FAKE_CUT,         /* 200, the connection ends in the middle */
    FAKE_EMPTY,       /* [] */
    FAKE_FAULTS,
};
const char *fake_fault_name(enum fake_fault f);

struct fake_market;
/* NULL when it cannot listen. `recorded`: directory of reference data, or NULL. */
struct fake_market *fake_market_start(const char *recorded);
void fake_market_stop(struct fake_market *f);
const char *fake_market_url(const struct fake_market *f); /* "http://127.0.0.1:PORT" */
/* "URL/rss/one?s={symbol}"; name is any word, each is a feed of its own. */
void fake_market_feed(const struct fake_market *f, const char *name, char *dst, int size);

/* The last session it knows; by default the last that is over. */
void fake_market_set_day(struct fake_market *f, int32_t day);
/* Time of its quotes in seconds; 0: the close of that day. */
void fake_market_set_stamp(struct fake_market *f, int64_t seconds);
/* What the quote of a symbol says from now on, whether or not it is known otherwise; prices in
 * 1/10,000 dollar, seconds 0: it has no time. NULL: what it usually says. */
struct fake_quote {
    int64_t price, open, high, low, previous_close, volume, seconds;
};
void fake_market_set_quote(struct fake_market *f, const char *symbol, const struct fake_quote *q);
/* Bars of these symbols end one session before the last; "" all are whole. Space separated. */
void fake_market_hold_bars(struct fake_market *f, const char *symbols);
/* A split n:1 after the last session: quotes and later bars are on the new basis. */
void fake_market_split(struct fake_market *f, int n);

/* Endpoints are "quote", "profile", "income", "balance", "cash-flow", "eod", "rss"; NULL is any.
 * From now on (the next `times` calls; < 0: all) calls fail so. */
void fake_market_fail(struct fake_market *f, const char *endpoint, enum fake_fault fault,
                      int times);
/* A body of the test's own with status 200, for feeds; NULL: the usual one. Copied. */
void fake_market_set_feed(struct fake_market *f, const char *body);
/* Calls are answered only after the release. */
void fake_market_hold(struct fake_market *f, bool hold);
/* Waits until so many calls came, at most 20 s. */
bool fake_market_wait_calls(struct fake_market *f, const char *endpoint, int n);

int fake_market_calls(struct fake_market *f, const char *endpoint);
int fake_market_not_modified(struct fake_market *f); /* answers of 304 */
/* The User-Agent of the last call. */
void fake_market_agent(struct fake_market *f, const char *endpoint, char *dst, int size);
/* What was wrong with any call so far: a key in an address or to the wrong server; "" nothing. */
const char *fake_market_wrong(struct fake_market *f);

#endif
