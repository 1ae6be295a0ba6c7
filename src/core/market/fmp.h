/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Financial Modeling Prep, the /stable/ interface: what is asked, what its answers mean, what its
 * errors mean. Nothing here talks to anybody. Every number of an answer may be null, an integer or
 * a float; what is missing stays unknown. docs/market-data.md. */
#ifndef MARKET_FMP_H
#define MARKET_FMP_H

#include "quorum/market.h"

enum fmp_endpoint {
    FMP_QUOTE,
    FMP_PROFILE,
    FMP_INCOME,
    FMP_BALANCE,
    FMP_CASH_FLOW,
    FMP_BARS,
    FMP_ENDPOINTS,
};
/* Short names: in the log, the cache and the table of calls ("quote", "income", "eod"). */
const char *fmp_endpoint_name(enum fmp_endpoint p);
/* "BRK.B" is BRK-B there. */
const char *fmp_symbol(char dst[16], const char *symbol);
/* The whole URL, without a key. Bars begin at `from` (ignored otherwise). */
void fmp_url(struct buf *out, const char *base, enum fmp_endpoint p, const char *symbol,
             int32_t from);
/* Seconds for which an answer fetched before `now` counts as fresh. Bars: since the last session
 * whose bar the vendor has (three quarters of an hour after its close). */
int64_t fmp_life_s(enum fmp_endpoint p, int64_t now);

/* ---- answers. ERR_USAGE: an empty list, the symbol is not known there. ERR_FAILED: not the
 * answer it should be, e says why. `from` of the parts is the caller's business, except that the
 * time a datum describes goes into from.as_of and from.published_at. */
enum err fmp_read_quote(const char *body, size_t len, const char *symbol, struct quote *out,
                        struct error *e);
enum err fmp_read_profile(const char *body, size_t len, const char *symbol, struct profile *out,
                          struct error *e);
/* Ascending bars of sessions with day <= last; *left_out counts rows that cannot be. */
enum err fmp_read_bars(const char *body, size_t len, const char *symbol, int32_t last,
                       struct bars *out, size_t *left_out, struct error *e);
/* True for banks, insurers and lenders. */
bool fmp_is_bank(const char *sector, const char *industry);

/* The three statements, merged by fiscal year as they come in any order. */
enum { FMP_YEARS_MAX = 24 };
struct fmp_year {
    struct statement_year y;
    int64_t filed[3]; /* of income, balance and cash flow; TIME_NONE unknown */
    bool has[3];
};
struct fmp_years {
    struct fmp_year year[FMP_YEARS_MAX];
    size_t n;
    bool came[3];
};
enum err fmp_read_statement(const char *body, size_t len, const char *symbol,
                            enum fmp_endpoint which, struct fmp_years *out, struct error *e);
/* Years known at as_of, newest first, without those that lack a statement the others have; a year
 * was filed when the last of its statements was. reason (128 bytes) names what was left out. */
void fmp_merge_years(const struct fmp_years *years, int64_t as_of, struct fundamentals *out);

/* ---- errors */
enum fmp_fault {
    FMP_FINE,
    FMP_BAD_KEY,
    FMP_NOT_IN_PLAN, /* this symbol or endpoint */
    FMP_LIMIT,       /* the day's calls are used up */
    FMP_BANDWIDTH,   /* the month's traffic is used up */
    FMP_LEGACY,
    FMP_SUSPENDED,
    FMP_NOT_FOUND,
    FMP_TOO_FAST, /* 429 that names no limit */
    FMP_DOWN,     /* 5xx */
    FMP_PAGE,     /* HTML */
    FMP_REFUSED,  /* another error object or another 4xx */
    FMP_GARBLED,  /* not JSON, or cut off */
};
/* By the body first, then by the status: errors come with 200 too. */
enum fmp_fault fmp_classify(int status, const char *body, size_t len);
const char *fmp_fault_text(enum fmp_fault f); /* NULL for FMP_FINE */
/* For struct vendor_request. */
const char *fmp_judge(int status, const char *body, size_t len, bool *refused, bool *exhausted);

#endif
