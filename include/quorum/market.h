/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where facts about a symbol come from: simulated, recorded, or a vendor. A provider fills a
 * struct market_data as it was known at `as_of`; nothing published later gets in. */
#ifndef QUORUM_MARKET_H
#define QUORUM_MARKET_H

#include <stdbool.h>
#include <stdint.h>

#include "quorum/bars.h"
#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/value.h"

enum datum_state { DATUM_ABSENT, DATUM_PRESENT, DATUM_STALE, DATUM_ERROR };
const char *datum_state_name(enum datum_state s);

struct provenance {
    enum datum_state state;
    char source[24]; /* "simulated", "recorded", "fmp", "given" */
    int64_t as_of;   /* what moment the datum describes; TIME_NONE unknown */
    int64_t published_at, fetched_at;
    char reason[128]; /* why it is not PRESENT; clean text */
};

struct quote {
    struct provenance from;
    int64_t price, open, high, low, previous_close; /* 1/10,000 dollar */
    int64_t volume;
};

struct profile {
    struct provenance from;
    char company[96], sector[48], industry[64]; /* clean text */
    bool is_bank; /* banks and insurers: margin, turnover and current ratio mean nothing */
};

/* One fiscal year; dollars (not thousands), shares. Unknown stays unknown. */
struct statement_year {
    int fiscal_year;
    int32_t period_end;
    int64_t filed_at; /* microseconds UTC */
    char currency[4];
    struct value revenue, gross_profit, ebit, ebitda, net_income, eps_diluted, shares_diluted;
    struct value total_assets, current_assets, current_liabilities, long_term_debt, total_debt;
    struct value cash, equity, tax_rate, cash_from_operations, free_cash_flow;
};
enum { STATEMENT_YEARS_MAX = 5, NEWS_ITEMS_MAX = 40 };
struct fundamentals {
    struct provenance from;
    struct statement_year year[STATEMENT_YEARS_MAX]; /* newest first, filed at or before as_of */
    size_t n;
};

struct news_item {
    char id[24];   /* "n1" .. within one dossier */
    char *title;   /* clean text */
    char *summary; /* clean text, may be "" */
    char *outlet;
    int64_t published_at;
};
struct news {
    struct provenance from;
    struct news_item item[NEWS_ITEMS_MAX]; /* newest first */
    size_t n;
};

struct market_data {
    char symbol[16], benchmark[16];
    int64_t as_of;
    struct quote quote;
    struct provenance bars_from, benchmark_from;
    struct bars bars, benchmark_bars;
    struct profile profile;
    struct fundamentals fundamentals;
    struct news news;
    struct arena arena; /* strings of the above */
};
void market_data_release(struct market_data *m);

struct corporate_action {
    int32_t ex_day;
    double split_ratio; /* new shares for one old; 1: none */
    int64_t dividend;   /* micro-dollars a share, of the shares before a split of that day */
};

struct market; /* a provider instance */

struct market_ops {
    const char *name; /* "simulated", "recorded", "none" */
    void (*free)(struct market *m);
    /* Fills out (zeroed by the caller, released by the caller) and calls done, possibly before it
     * returns. An unknown symbol is ERR_USAGE E20; missing parts are states, not errors. */
    void (*gather)(struct market *m, const char *symbol, int64_t as_of, struct market_data *out,
                   void (*done)(void *arg, const struct error *e), void *arg);
    /* Known symbols, space separated, into b; "" when it cannot tell. */
    void (*symbols)(struct market *m, struct buf *b);
    /* Whether what is kept about a known symbol and its benchmark can be read: file, line, what and
     * the fix as ERR_USAGE. NULL where nothing is read from files. */
    enum err (*check)(struct market *m, const char *symbol, struct error *e);
    /* Last session with data at or before now, or DAY_NONE when it cannot tell. */
    int32_t (*last_session)(struct market *m, int64_t now);
    /* The quote alone, at a fraction of gather's cost (one vendor call at most; kept for max_age
     * microseconds, 0: the provider's own). Same rules as gather. NULL: gather's quote serves. */
    void (*quote)(struct market *m, const char *symbol, int64_t as_of, int64_t max_age,
                  struct quote *out, void (*done)(void *arg, const struct error *e), void *arg);
    /* Bars and benchmark bars alone, at a fraction of gather's cost (two vendor calls at most).
     * Same rules as gather, but that a wrong symbol has no bars instead of being told. NULL:
     * gather. */
    void (*bars)(struct market *m, const char *symbol, int64_t as_of, struct market_data *out,
                 void (*done)(void *arg, const struct error *e), void *arg);
    /* Splits and dividends with an ex-day in (after, until], ascending; returns how many (at most
     * max). NULL: the provider cannot tell. */
    size_t (*actions)(struct market *m, const char *symbol, int32_t after, int32_t until,
                      struct corporate_action *out, size_t max);
};
struct market {
    const struct market_ops *ops;
};

void market_free(struct market *m);
void market_gather(struct market *m, const char *symbol, int64_t as_of, struct market_data *out,
                   void (*done)(void *arg, const struct error *e), void *arg);

void market_bars(struct market *m, const char *symbol, int64_t as_of, struct market_data *out,
                 void (*done)(void *arg, const struct error *e), void *arg);
void market_quote(struct market *m, const char *symbol, int64_t as_of, int64_t max_age,
                  struct quote *out, void (*done)(void *arg, const struct error *e), void *arg);
size_t market_actions(struct market *m, const char *symbol, int32_t after, int32_t until,
                      struct corporate_action *out, size_t max);

/* E20 for what is no symbol, and for one a provider that can list its symbols does not have; names
 * the nearest. Bar files that cannot be read are told here, before anything rests on them. */
enum err market_check_symbol(struct market *m, const char *symbol, struct error *e);

/* Simulated: prices with regimes, gaps and correlation, fundamentals and headlines with a hidden
 * truth; the same seed gives the same bytes for ever. */
struct market *market_simulated_new(uint64_t seed);
/* Something happens in the simulated market at and after `from` (a session): "calm" (nothing),
 * "crash" (three sessions down 20 % together), "gap" (every symbol opens 8-15 % lower once),
 * "halt" (a third of the symbols have no quote and no bar for two sessions), "stale" (quotes stop
 * moving for a session and carry their old as_of), "earnings" (every company reports within a
 * week). The past before `from` stays to the byte. ERR_USAGE names the known ones. */
enum err market_simulated_scenario(struct market *m, const char *name, int32_t from,
                                   struct error *e);
extern const char *const market_scenarios[]; /* NULL-terminated */
/* Recorded: DIR/SYMBOL.csv (also symbol.csv, SYMBOL_raw*.csv with SYMBOL_factors.csv, and
 * symbol_adj*.csv). It has bars only: fundamentals and news are ABSENT with that reason. Reads on
 * demand. */
enum err market_recorded_new(const char *dir, struct market **out, struct error *e);
/* The files of a symbol as they are: bars as they were traded and the factors beside them (none: n
 * is 0). Both stay until the market is freed, whatever happens to the files. E20, or why the files
 * cannot be read; ERR_USAGE for a market that is not recorded. */
enum err market_recorded_bars(struct market *m, const char *symbol, const struct bars **raw,
                              const struct factors **factors, struct error *e);
/* No provider: every datum ABSENT with the reason given (a paper desk without a market key). */
struct market *market_none_new(const char *reason);

#endif
