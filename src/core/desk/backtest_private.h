/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running back-test, shared by the backtest*.c files only. */
#ifndef QUORUM_BACKTEST_PRIVATE_H
#define QUORUM_BACKTEST_PRIVATE_H

#include "quorum/backtest.h"
#include "quorum/evaluation.h"
#include "quorum/outcomes.h"

/* What the broker opens positions with while nothing was learned (migrations/0008). */
#define TRAIL_ATR 3.0
enum { TIME_EXIT_SESSIONS = BARRIER_SESSIONS };

/* A symbol's bars with all that is computed of them once. Arrays have one element a bar. */
struct tape {
    char symbol[16];
    const struct bars *raw; /* as traded; the market's */
    struct look *look;      /* the bar as a look; previous_close on the bar's own basis */
    struct indicators *indicators;
    struct regime_reading *regime;
    double *factor; /* raw price to the basis of the last bar, dividends included */
    struct corporate_action *action;
    size_t nactions;
    struct provenance absent; /* of what recorded bars do not hold */
    double half_spread_bps;
    int32_t *at; /* session number to bar, -1 where there is none */
};

struct backtest {
    struct desk *desk;
    const struct backtest_options *o;
    struct backtest_result *out;
    struct tape *tape; /* by symbol */
    size_t n;
    const struct bars *benchmark; /* NULL: none recorded */
    enum datum_state benchmark_state;
    int32_t *day; /* sessions lived, ascending */
    size_t ndays;
    const struct agent *voter[VOTERS_MAX];
    size_t nvoters;
    int needed;
    char voters[200];
    struct book book;
    struct dossier *dossier; /* of the symbol under way */
};

enum { NO_BAR = -1 };

/* backtest_tape.c: the symbols meant, their bars, the sessions of the period. Nothing is stored. */
enum err tapes_load(struct backtest *b, struct error *e);
void tapes_release(struct backtest *b);
/* Everything known of bar i at its close, as gathering would build it. */
void tape_dossier(const struct backtest *b, const struct tape *t, size_t i, struct dossier *out);
/* Looks, indicators and regimes of all bars of a symbol; what tapes_load does for each. */
enum err tape_compute(struct backtest *b, struct tape *t, struct error *e);

/* An entry and how it is left, by the broker's pure part alone, without a database. */
struct stroll {
    size_t entry;                           /* session of the first fill wanted */
    int64_t shares;                         /* as counted on the day of the entry */
    double stop_pct, target_pct, trail_atr; /* 0: none */
    int sessions;                           /* 0: no limit */
    bool by_regime;
    bool expires;          /* what is not filled in the first session is cancelled */
    int64_t *cash, *stock; /* micro-dollars by session, added to; NULL: not wanted */
};
struct stroll_end {
    bool entered, closed;
    size_t entered_at, closed_at; /* sessions */
    enum exit_reason why;
    bool gap;
    int64_t entry_price, bought;      /* average; shares */
    int64_t pnl, dividends, invested; /* micro-dollars; pnl after fees, without dividends */
    double r;
};
/* backtest_stroll.c */
void stroll(const struct backtest *b, const struct tape *t, const struct stroll *s,
            const struct cost_model *c, struct stroll_end *out);
/* A stroll of the back-test's own exits that a decision on session k's close leads to; false when
 * no stop can be placed or no session follows. */
bool stroll_from(const struct backtest *b, const struct tape *t, size_t k, struct stroll *out);

/* backtest_figures.c: what sets of trades and curves come to. */
struct trade_set {
    struct backtest_trades sum;
    double *r;
    size_t n, cap;
    double total_r, total_gap_r;
};
void trades_add(struct trade_set *s, double r, enum exit_reason why, bool gap);
/* The figures and, resampled with the seed, the interval of the mean; releases s. */
struct backtest_trades trades_end(struct trade_set *s, uint64_t seed);
struct backtest_account account_of(const double *equity, size_t n, double start);
/* The middle 95 % of x, which is sorted in place. */
struct interval middle_95(double *x, size_t n);
/* backtest_lines.c: what the desk's database says, and what it is held against. */
enum err lines_compute(struct backtest *b, struct error *e);

#endif
