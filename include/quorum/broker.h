/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The paper broker. Pure part: what a look at a price does to orders and positions (fill.c,
 * exits.c, fees.c, barrier.c: no database). Stored part (book.c, broker.c): a book is read in one
 * query, looks are turned into acts, and each act is one transaction that is recorded once.
 * docs/broker.md. Prices 1/10,000 dollar, money micro-dollars, in int64. */
#ifndef QUORUM_BROKER_H
#define QUORUM_BROKER_H

#include "quorum/bars.h"
#include "quorum/desk.h"
#include "quorum/market.h"

enum order_side { SIDE_BUY, SIDE_SELL };
enum order_kind { ORDER_MARKET, ORDER_LIMIT, ORDER_STOP };
enum order_purpose { PURPOSE_ENTRY, PURPOSE_EXIT };

/* In the order in which they win when several fall on one look (decisions: exits). */
enum exit_reason {
    EXIT_MANUAL,
    EXIT_CIRCUIT_BREAKER,
    EXIT_STOP_LOSS,
    EXIT_TRAILING_STOP,
    EXIT_TAKE_PROFIT,
    EXIT_REGIME_CHANGE,
    EXIT_TIME_EXIT,
    EXIT_REASONS
};
const char *exit_reason_name(enum exit_reason r); /* "stop_loss" */
bool exit_reason_parse(const char *name, enum exit_reason *out);

/* --- prices as the broker sees them ------------------------------------------------------ */

/* One look at a symbol's price. A daily bar is a look too: is_bar, at = the session's close. */
struct look {
    char symbol[16];
    int64_t at;      /* desk time of the look */
    int64_t as_of;   /* what moment the price is of */
    int32_t day;     /* exchange day of as_of */
    bool is_bar;     /* the whole session: open, high, low, close (= last), volume */
    bool in_session; /* the exchange is open at `at`; orders fill only then, or on a bar */
    int64_t last, open, high, low, previous_close; /* of that day; 0 unknown */
    int64_t volume;                                /* of the day so far, shares; 0 unknown */
};

enum look_fault { LOOK_GOOD, LOOK_ABSENT, LOOK_STALE, LOOK_ZERO, LOOK_JUMP, LOOK_BAD_PRINT };
/* May this price be traded on? last_price 0: none known. Stale: older than stale_after
 * microseconds in session. JUMP: 50 % or more from last_price and from previous_close (decisions
 * 18: a bar's open more than 40 % from both the previous close and its own close is BAD_PRINT; a
 * move its own close confirms is real). reason: one clean line for the position and the alert. */
enum look_fault look_check(const struct look *l, int64_t last_price, int64_t stale_after,
                           char reason[128]);

/* --- costs ------------------------------------------------------------------------------- */

struct cost_model {
    bool none;            /* --no-costs: no spread, slippage, fees */
    double scale;         /* 1; 2 for the costs x 2 row */
    double impact;        /* Y of Y sigma sqrt(Q/ADV); 0.7 */
    double participation; /* share of a look's volume one fill may take; 0.05; 0: no limit */
};
extern const struct cost_model cost_model_default;

/* Fees of a sale on that day, micro-dollars, each kind rounded up to a cent; data/fee_schedule.csv
 * (dated rows, embedded). Purchases are free. */
int64_t fees_of_sale(int32_t day, int64_t quantity, int64_t notional);

/* --- orders ------------------------------------------------------------------------------ */

struct order {
    char id[37];
    int64_t position_id, evaluation_id;
    char symbol[16];
    enum order_side side;
    enum order_kind kind;
    enum order_purpose purpose;
    enum exit_reason exit_reason; /* of an exit */
    bool triggered;               /* a stop that was hit: the rest goes at market */
    int64_t quantity, filled;
    int64_t limit_price, stop_price;
    int64_t not_before, expires_at; /* TIME_NONE: none */
    double sigma_daily, adv_shares, half_spread_bps;
};

struct fill {
    int64_t quantity; /* 0: nothing happens */
    int64_t price;    /* what is paid or got, after spread and slippage */
    int64_t seen;     /* the market's price before them */
    int64_t fees;
    int64_t slippage; /* (price - seen) against us, times quantity */
    bool at_open;     /* a gap: filled at the open */
    bool triggered;   /* the stop was hit, with or without a fill */
};
/* What a look does to one order (quant.md 8.1): market at the next price, limit strictly through,
 * stop at min(open, stop) with spread and impact, at most `participation` of the volume. since_*
 * are the extremes the order has not lived through yet are to be ignored: low and high at the
 * moment it was made on the same day (0: the whole day counts). */
void order_look(const struct order *o, const struct look *l, const struct cost_model *c,
                int64_t since_low, int64_t since_high, struct fill *out);

/* --- positions --------------------------------------------------------------------------- */

enum position_state { POSITION_OPENING, POSITION_OPEN, POSITION_CLOSING, POSITION_CLOSED };

struct position {
    int64_t id, evaluation_id;
    char symbol[16], sector[48];
    enum position_state state;
    int64_t quantity, bought;
    int64_t cost;        /* micro-dollars, of the shares held */
    int64_t entry_price; /* average */
    int64_t stop_price, target_price, initial_stop;
    double stop_pct, target_pct, trail_atr, atr;
    int time_exit;
    int64_t trail_high, high_price, low_price, last_price, last_price_at;
    int32_t seen_day, entry_day;
    int64_t seen_high, seen_low;
    char regime[12];
};

enum { BOOK_ORDERS_PER_POSITION = 8 };
struct book_entry {
    struct position position;
    struct order order[BOOK_ORDERS_PER_POSITION]; /* open ones, in the order they win */
    size_t norders;
};
struct book {
    struct book_entry *entry; /* symbol ascending */
    size_t n;
};
void book_release(struct book *b);

/* One thing to be stored; each is one call of one SQL function, one transaction. */
enum act_kind {
    ACT_FILL,     /* order, fill */
    ACT_TRIGGER,  /* order: a stop was hit, no volume to fill yet */
    ACT_SEEN,     /* position: price, extremes */
    ACT_UNPRICED, /* position: reason */
    ACT_STOP,     /* position: new stop price (trailing), exit_reason trailing_stop */
    ACT_EXIT,     /* position: a market exit order with exit_reason is to be made */
    ACT_EXPIRE,   /* order: cancelled, expired */
};
struct act {
    enum act_kind kind;
    int64_t position_id;
    char order_id[37];
    struct fill fill;
    struct look look;
    int64_t price; /* ACT_STOP */
    enum exit_reason exit_reason;
    char reason[128];
};
enum { ACTS_MAX = 16 };
/* What one look does to one position and its open orders, in the order it is to be stored. Stop
 * before target in one bar; on the entry day only what came after entry counts; a fill of one leg
 * ends the others (the SQL does that). ACT_SEEN is the last: once stored, what the market crossed
 * since the look before is forgotten. An ACT_FILL or ACT_TRIGGER with order_id "" is of the leg
 * with that exit_reason, which the ACT_FILL of the entry before it makes. Pure. */
size_t position_look(const struct book_entry *b, const struct look *l, const struct cost_model *c,
                     int64_t stale_after, struct act act[ACTS_MAX]);
/* After a session's close: the trailing stop (off until +1 R, then highest close - trail_atr ATR,
 * never lowered), exits by regime change (regime now BEAR and not BEAR at entry) and by time
 * (sessions held >= time_exit; held counts from the entry session by the calendar). */
size_t position_close_of_day(const struct book_entry *b, int32_t day, int64_t close,
                             const char *regime_now, struct act act[ACTS_MAX]);

/* --- barrier outcomes -------------------------------------------------------------------- */

struct barrier {
    char outcome[8]; /* "target", "stop", "time"; "" while undecided */
    int32_t entry_day, exit_day;
    int64_t entry_price, exit_price;
    int sessions;
    bool gap_stop;                      /* stopped at the open, below the stop */
    double return_fraction, r_multiple; /* after costs, unless c->none */
    double y;
};
/* Enter at the open of bars[first] (which must not be a bad print: then the next bar that is not),
 * leave at stop or target (stop first), or at the close of session `limit`. Undecided when the
 * bars end first (outcome ""). quant.md 5.4 and 8.2. */
void barrier_walk(const struct bars *bars, size_t first, double stop_fraction,
                  double target_fraction, int limit, const struct cost_model *c,
                  struct barrier *out);

/* --- stored part ------------------------------------------------------------------------- */

/* Open positions (OPENING, OPEN, CLOSING) with their open orders. */
enum err book_load(struct desk *d, struct book *out, struct error *e);
void book_load_async(struct desk *d, void (*done)(void *arg, struct book *b, const struct error *e),
                     void *arg);

/* The entry order of a DECIDED evaluation with a BUY and shares > 0: one transaction that reads
 * control_state FOR SHARE, takes the account's lock, asks the guards (guards(symbol, ...) of
 * migrations/0009) how many shares they leave, and writes position, order with the reserved cash,
 * evaluations.order_result and the audit row. The order id is derived from the evaluation id, so
 * that a repeated call changes nothing. ERR_POLICY (exit 4) with the guard's words when refused,
 * E31 when not RUNNING; ERR_CONFLICT when it was ordered before. */
struct entry_result {
    bool ordered;
    char order_id[37];
    int64_t position_id, shares;
    char result[160]; /* evaluations.order_result */
};
enum err broker_enter(struct desk *d, int64_t evaluation_id, struct entry_result *out,
                      struct error *e);
/* The same for all BUYs of one moment of the schedule, by symbol; done once. */
void broker_enter_slot(struct desk *d, int64_t slot_at,
                       void (*done)(void *arg, int64_t ordered, int64_t refused,
                                    const struct error *e),
                       void *arg);
/* A market exit of an open position (close SYM): ERR_USAGE when none is open, ERR_CONFLICT when
 * one is under way. */
enum err broker_close(struct desk *d, const char *symbol, enum exit_reason why, const char *who,
                      const char *reason, struct error *e);
/* Stores acts one after the other; a fill whose key is stored already changes nothing. `at` is
 * the desk time of the facts. */
void broker_store(struct desk *d, const struct act *act, size_t n,
                  void (*done)(void *arg, const struct error *e), void *arg);
/* Split (new shares for one old) and dividend on an ex-day, once each, before that day's prices
 * are looked at; a fraction of a share is paid in cash at `price` of an old share (0: the last one
 * known). */
enum err broker_corporate_action(struct desk *d, const char *symbol, int32_t ex_day,
                                 double split_ratio, int64_t dividend, int64_t price,
                                 struct error *e);
/* Equity mark of a session from the positions' last prices. */
void broker_mark(struct desk *d, int32_t day, void (*done)(void *arg, const struct error *e),
                 void *arg);
/* cash + positions = equity, and every figure from its own rows: NULL-free list of what does not
 * fit; 0 rows: proven. For `audit verify`. */
enum err broker_prove(struct desk *d, struct rows *out, struct error *e);
/* The account at last prices, micro-dollars; cash is what the ledger holds. */
struct account_totals {
    int64_t cash, stock, equity;
};
enum err broker_totals(struct desk *d, struct account_totals *out, struct error *e);

#endif
