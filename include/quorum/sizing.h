/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Position size as arithmetic (docs/sizing.md). The smallest limit wins and is named; shares are
 * floored, never rounded up; no model takes part. */
#ifndef QUORUM_SIZING_H
#define QUORUM_SIZING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/regime.h"
#include "quorum/value.h"

enum { SIZING_CAPS_MAX = 16, SIZING_POSITIONS_MAX = 10, KELLY_MIN_TRADES = 30 };

struct sizing_input {
    int64_t price;            /* 1/10,000 dollar, > 0 */
    int64_t equity, cash;     /* micro-dollars */
    int64_t reserved;         /* cash promised to open orders, micro-dollars */
    int64_t gross, in_sector; /* open positions at market, micro-dollars */
    bool sector_known;
    int open_positions;
    bool holds_symbol;
    double drawdown;            /* 1 - equity / peak, 0..1 */
    struct value atr;           /* dollars */
    struct value beta;          /* raw */
    struct value vol_60;        /* annualised, percent */
    struct value dollar_volume; /* 20-session mean, dollars */
    enum regime regime;
    double stop_multiple, target_multiple; /* of beta x ATR; 1.5 and 4 */
    double exploration_pct;                /* size before 30 closed trades, percent of equity */
    const double *r_multiple;              /* of closed trades */
    size_t ntrades;
};

struct size_cap {
    const char *name; /* "position cap" */
    double fraction;  /* of equity; meaningless when not applied */
    bool applied;
    char note[112]; /* the arithmetic, or why it was not applied */
};

enum size_verdict { SIZE_APPROVED, SIZE_REJECTED };

struct worksheet {
    enum size_verdict verdict;
    char reason[160]; /* of a rejection, or "EXPLORATION" / "KELLY" with numbers */
    bool exploration;
    double beta_used, stop_fraction, target_fraction, effective_loss;
    double breakeven, win_q20, kelly_risk_fraction; /* q20 and f_R; 0 before 30 trades */
    size_t trades, wins;
    struct size_cap cap[SIZING_CAPS_MAX];
    size_t ncaps;
    const char *binding; /* name of the smallest cap, "" when rejected before */
    int64_t shares;
    int64_t notional;              /* micro-dollars */
    double position_pct, risk_pct; /* of equity, from the integer share count */
    int64_t risk_usd;              /* micro-dollars lost at the stop */
};

void size_position(const struct sizing_input *in, struct worksheet *out);

/* Distances of the stop and the target from the entry, as fractions of it (docs/sizing.md 2):
 * multiples of beta x ATR, the stop between 1 and 10 %, the target at least 1.5 stops. */
#define STOP_MULTIPLE   1.5
#define TARGET_MULTIPLE 4.0
void barrier_fractions(int64_t price, double atr, struct value beta, double stop_multiple,
                       double target_multiple, double *stop, double *target);

/* At-risk Kelly fraction p - (1-p)/b (Kelly 1956) and the growth-optimal f of a weighted set of
 * returns: the root of sum w r / (1 + f r) on (0, -1/min r), 0 when the mean is not positive. */
double kelly_binary(double p, double b);
double kelly_empirical(const double *r, const double *weight, size_t n);
/* 1 below 5 % drawdown, linear to .25 at 15 %, 0 from 20 %. */
double drawdown_multiplier(double drawdown);

#endif
