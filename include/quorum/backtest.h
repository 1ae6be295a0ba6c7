/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The back-test: a desk lives through recorded daily bars in a database of its own. Decisions are
 * the baseline voters', fills the paper broker's at the next open; the result stands beside the
 * same entries at doubled costs, random entries and holding. docs/backtest.md. */
#ifndef QUORUM_BACKTEST_H
#define QUORUM_BACKTEST_H

#include "quorum/broker.h"
#include "quorum/stats.h"

enum { BACKTEST_SYMBOLS_MAX = 100, BACKTEST_DRAWS = 1000, BACKTEST_LINES = 4 };

/* Exits at fixed distances instead of the desk's own: no trailing stop, no exit by regime. */
struct backtest_exits {
    bool fixed;
    double stop_pct, target_pct; /* of the entry price */
    int sessions;
};

struct backtest_options {
    const char *symbols; /* "AAPL,IBM" or with spaces; NULL: all of the directory */
    int32_t from, to;    /* DAY_NONE: as far as the bars go */
    const char *voters;  /* NULL: technical_analyst, the only one recorded bars suffice for */
    int min_agreement;   /* 0: 1 without voters, else the desk's, at most the number of voters */
    struct backtest_exits exits;
    bool explores; /* no Kelly gate: sizes stay those of a desk without trades */
    struct cost_model costs;
    uint64_t seed; /* of random entries and of the intervals */
    /* After each session; NULL: nobody listens. */
    void (*progress)(void *arg, size_t done, size_t all);
    /* Asked after each session: true ends the run with ERR_TRANSIENT. NULL: runs to the end. */
    bool (*stopped)(void *arg);
    void *arg;
};

/* What became of a set of entries. Shares are of all trades; R is the result over the risk at the
 * first stop. */
struct backtest_trades {
    size_t n, won;
    size_t exit[EXIT_REASONS];
    size_t gaps;               /* left at an open below the stop */
    double gap_r, worst_r;     /* mean loss of those, largest loss; R, positive */
    double mean_r;             /* meaningless when n is 0 */
    bool has_interval;         /* of mean_r; needs two trades */
    struct interval mean_r_95; /* by resampling trades; of the random line: of its draws */
    struct interval won_95;    /* of the share, 0..1 */
};
struct backtest_account {
    bool known;
    double total_return, drawdown;     /* fractions; drawdown positive */
    size_t days;                       /* daily returns */
    struct value sharpe, sharpe_error; /* annualised; unknown before 20 days, without spread */
    struct interval return_95, drawdown_95, sharpe_95; /* of the random line's draws */
};
enum backtest_line_kind { LINE_DESK, LINE_COSTS_TWICE, LINE_RANDOM, LINE_HOLD };
struct backtest_line {
    enum backtest_line_kind kind;
    bool absent; /* costs twice without costs */
    struct backtest_trades trades;
    struct backtest_account account;
};

struct backtest_bad_print {
    int32_t day;
    int64_t open, previous_close, close;
    bool in_book; /* the symbol was held or ordered then: nothing was filled */
};
struct backtest_symbol {
    char symbol[16];
    int32_t first, last;  /* bars within the period; DAY_NONE: none */
    size_t bars, missing; /* sessions of the period without a bar between first and last */
    char warning[128];    /* about the file, or "" */
    struct backtest_trades desk;
    struct backtest_trades every; /* every session as an entry, by the same exits */
    struct backtest_bad_print *bad;
    size_t nbad;
    size_t actions; /* splits and dividends within the period */
};
/* Why evaluations that said BUY were not ordered, with how many; most first. */
struct backtest_refusal {
    char why[80];
    int64_t n;
};
enum { BACKTEST_REFUSALS_MAX = 16 };

struct backtest_result {
    int32_t first, last; /* sessions lived */
    size_t sessions;
    struct backtest_symbol *symbol;
    size_t nsymbols;
    char voters[200];
    int nvoters, needed;
    int64_t start_equity; /* micro-dollars */
    struct backtest_line line[BACKTEST_LINES];
    int64_t judged, stored, abstained; /* symbol-days; of them stored; where no voter had a say */
    int64_t buys, ordered;
    struct backtest_refusal refusal[BACKTEST_REFUSALS_MAX];
    size_t nrefusals;
    size_t open_at_end;
    size_t draws;
    struct rows unproven;          /* rows of ledger_proof(); none: cash + positions = equity */
    size_t replayed, replay_wrong; /* trades recomputed from the bars alone, and how many differ */
    char replay_text[200];         /* the first that differs */
};
void backtest_result_release(struct backtest_result *r);

/* Name of the scratch database of this process, for desk_options.scratch; and dropping what dead
 * processes left behind. */
const char *backtest_database(char dst[64]);
void backtest_drop_leftovers(struct desk *d);

/* Lives the sessions on a desk opened with `scratch` and data_dir; once. out is released by the
 * caller whatever happens. */
enum err backtest_run(struct desk *d, const struct backtest_options *o, struct backtest_result *out,
                      struct error *e);

#endif
