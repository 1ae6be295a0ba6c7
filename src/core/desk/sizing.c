/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/sizing.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/stats.h"

/* docs/sizing.md 2: where each figure comes from. */
#define CAP_POSITION    0.05 /* of equity in one symbol */
#define CAP_SECTOR      0.25
#define CAP_GROSS       1.00
#define RISK_BUDGET     0.005 /* of equity lost at the stop */
#define KELLY_PART      0.25
#define PRIOR_TRADES    40.0 /* weight of "no skill" */
#define SIZE_QUANTILE   0.20
#define CASH_RESERVE    0.02
#define ENTRY_SLIP      0.0005 /* half-spread and slippage of one side */
#define ROUND_TRIP_COST 0.0007
#define GAP_LOSS        0.035 /* 10 % of exits gap, 35 % beyond the stop on average */
#define STOP_MIN        0.01
#define STOP_MAX        0.10
#define VOL_TARGET      30.0 /* percent */
#define BETA_FREE       1.5
#define LIQUIDITY_PART  0.01

enum { MICRO_PER_PRICE_UNIT = 100 }; /* 1/10,000 dollar in micro-dollars */

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* Floor without losing a share to the last bits of a double: 0.05 x 200,000.00 must be 10,000, and
 * cash that pays for 22 shares must buy 22. */
static double floor_near(double x)
{
    return floor(x * (1 + 8 * DBL_EPSILON));
}

static struct size_cap *add_cap(struct worksheet *w, const char *name, bool applied,
                                double fraction, const char *fmt, ...) PRINTF_LIKE(5, 6);
static struct size_cap *add_cap(struct worksheet *w, const char *name, bool applied,
                                double fraction, const char *fmt, ...)
{
    assert(w->ncaps < SIZING_CAPS_MAX);
    struct size_cap *c = &w->cap[w->ncaps++];
    *c = (struct size_cap){.name = name, .applied = applied, .fraction = fmax(fraction, 0)};
    va_list args;
    va_start(args, fmt);
    vsnprintf(c->note, sizeof c->note, fmt, args);
    va_end(args);
    return c;
}

static void reject(struct worksheet *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void reject(struct worksheet *w, const char *fmt, ...)
{
    w->verdict = SIZE_REJECTED;
    w->shares = 0;
    va_list args;
    va_start(args, fmt);
    vsnprintf(w->reason, sizeof w->reason, fmt, args);
    va_end(args);
}

void barrier_fractions(int64_t price, double atr, struct value beta, double stop_multiple,
                       double target_multiple, double *stop, double *target)
{
    double b = beta.known ? clamp(beta.v, 0.5, 2) : 1;
    double width = b * atr / decimal_to_double(price, PRICE_DIGITS);
    *stop = clamp(stop_multiple * width, STOP_MIN, STOP_MAX);
    *target = *stop * fmax(target_multiple / stop_multiple, 1.5);
}

/* Step 1 and 2: how far the stop and the target stand, and what a stop really costs. */
static void place_barriers(const struct sizing_input *in, struct worksheet *w)
{
    w->beta_used = in->beta.known ? clamp(in->beta.v, 0.5, 2) : 1;
    barrier_fractions(in->price, in->atr.v, in->beta, in->stop_multiple, in->target_multiple,
                      &w->stop_fraction, &w->target_fraction);
    w->effective_loss = w->stop_fraction * (1 + GAP_LOSS) + ROUND_TRIP_COST;
    w->breakeven = w->stop_fraction / (w->target_fraction + w->stop_fraction);
}

/* Step 3: is there an edge at all? The win probability is the 20 % quantile of a Beta posterior
 * whose prior is "no skill" with the weight of 40 trades; wins and losses keep their measured
 * sizes in R. Returns false when the answer is no. */
static bool kelly_gate(const struct sizing_input *in, struct worksheet *w)
{
    w->trades = in->ntrades;
    for (size_t i = 0; i < in->ntrades; i++)
        w->wins += in->r_multiple[i] > 0;
    w->exploration = in->ntrades < KELLY_MIN_TRADES;
    if (w->exploration) {
        snprintf(w->reason, sizeof w->reason, "EXPLORATION: %zu closed trades, Kelly needs %d",
                 w->trades, KELLY_MIN_TRADES);
        return true;
    }
    double losses = (double)(w->trades - w->wins);
    w->win_q20 = beta_quantile(SIZE_QUANTILE, PRIOR_TRADES * w->breakeven + (double)w->wins,
                               PRIOR_TRADES * (1 - w->breakeven) + losses);
    double *weight = mem_array(w->trades, sizeof *weight);
    for (size_t i = 0; i < w->trades; i++)
        weight[i] =
            in->r_multiple[i] > 0 ? w->win_q20 / (double)w->wins : (1 - w->win_q20) / losses;
    double f = kelly_empirical(in->r_multiple, weight, w->trades);
    mem_free(weight);
    w->kelly_risk_fraction = fmin(f, 1);
    if (f <= 0) {
        reject(w,
               "no edge: %zu wins in %zu results give a win chance of %.1f%% at the 20%% "
               "quantile, %.1f%% breaks even",
               w->wins, w->trades, 100 * w->win_q20, 100 * w->breakeven);
        return false;
    }
    snprintf(w->reason, sizeof w->reason, "KELLY: %zu wins in %zu results, quarter Kelly %.1f%%",
             w->wins, w->trades, 100 * KELLY_PART * w->kelly_risk_fraction / w->stop_fraction);
    return true;
}

static void limit_by_policy(const struct sizing_input *in, struct worksheet *w)
{
    double drawdown = drawdown_multiplier(in->drawdown),
           regime = regime_size_multiplier(in->regime);
    add_cap(w, "position cap", true, CAP_POSITION, "%.0f%% of equity in one symbol",
            100 * CAP_POSITION);
    if (w->exploration)
        add_cap(w, "exploration size", true, in->exploration_pct / 100,
                "until %d trades are closed", KELLY_MIN_TRADES);
    else
        add_cap(w, "quarter Kelly", true, KELLY_PART * w->kelly_risk_fraction / w->stop_fraction,
                "%.2f x %.3f at risk / %.2f%% stop", KELLY_PART, w->kelly_risk_fraction,
                100 * w->stop_fraction);
    add_cap(w, "risk budget", true, RISK_BUDGET / w->stop_fraction,
            "%.1f%% of equity at the %.2f%% stop", 100 * RISK_BUDGET, 100 * w->stop_fraction);
    add_cap(w, "regime", true, CAP_POSITION * regime, "%s: %.2f of the position cap",
            in->regime == REGIME_UNKNOWN ? "not known, so the most careful"
                                         : regime_name(in->regime),
            regime);
    add_cap(w, "drawdown", true, CAP_POSITION * drawdown, "%.1f%% below the peak: %.2f of the cap",
            100 * in->drawdown, drawdown);
}

static void limit_by_risk_figures(const struct sizing_input *in, struct worksheet *w)
{
    if (in->beta.known)
        add_cap(w, "beta", true, CAP_POSITION * fmin(1, BETA_FREE / fmax(in->beta.v, 0.01)),
                "beta %.2f, free up to %.1f", in->beta.v, BETA_FREE);
    else
        add_cap(w, "beta", false, 0, "not applied: beta is not known (1 used for the stop)");
    if (in->vol_60.known)
        add_cap(w, "volatility", true,
                CAP_POSITION * fmin(1, VOL_TARGET / fmax(in->vol_60.v, 0.01)),
                "60-day volatility %.1f%%, free up to %.0f%%", in->vol_60.v, VOL_TARGET);
    else
        add_cap(w, "volatility", false, 0, "not applied: 60-day volatility is not known");
    if (in->dollar_volume.known)
        add_cap(w, "liquidity", true,
                LIQUIDITY_PART * in->dollar_volume.v /
                    decimal_to_double(in->equity, MONEY_MICRO_DIGITS),
                "%.0f%% of $%.0f traded a day", 100 * LIQUIDITY_PART, in->dollar_volume.v);
    else
        add_cap(w, "liquidity", false, 0, "not applied: dollar volume is not known");
}

static void limit_by_book(const struct sizing_input *in, struct worksheet *w)
{
    double equity = (double)in->equity, price = (double)in->price * MICRO_PER_PRICE_UNIT;
    add_cap(w, "gross exposure", true, CAP_GROSS - (double)in->gross / equity,
            "%.1f%% of equity is invested", 100 * (double)in->gross / equity);
    if (in->sector_known)
        add_cap(w, "sector", true, CAP_SECTOR - (double)in->in_sector / equity,
                "%.1f%% of %.0f%% used", 100 * (double)in->in_sector / equity, 100 * CAP_SECTOR);
    else
        add_cap(w, "sector", false, 0, "not applied: the sector is not known");
    add_cap(w, "positions", true, in->open_positions < SIZING_POSITIONS_MAX ? CAP_GROSS : 0,
            "%d of %d open", in->open_positions, SIZING_POSITIONS_MAX);
    double free_cash = (double)in->cash - CASH_RESERVE * equity - (double)in->reserved;
    double shares = floor_near(free_cash / (price * (1 + ENTRY_SLIP)));
    add_cap(w, "cash", true, shares * price / equity, "$%.2f after the %.0f%% reserve",
            fmax(free_cash, 0) / 1e6, 100 * CASH_RESERVE);
}

static void count_shares(const struct sizing_input *in, struct worksheet *w)
{
    const struct size_cap *least = &w->cap[0]; /* the position cap, which always applies */
    for (size_t i = 1; i < w->ncaps; i++)
        if (w->cap[i].applied && w->cap[i].fraction < least->fraction - 1e-12)
            least = &w->cap[i];
    w->binding = least->name;
    int64_t unit = in->price * MICRO_PER_PRICE_UNIT;
    w->shares = (int64_t)floor_near(least->fraction * (double)in->equity) / unit;
    w->notional = w->shares * unit;
    if (w->shares == 0) {
        reject(w, "below one share: %s allows %.2f%% of equity", least->name,
               100 * least->fraction);
        return;
    }
    w->position_pct = 100 * (double)w->notional / (double)in->equity;
    w->risk_pct = w->position_pct * w->stop_fraction;
    w->risk_usd = (int64_t)llround((double)w->notional * w->stop_fraction);
    /* A hard cap is hard: whatever the steps above did, these hold for the integer count. */
    assert((double)w->notional <= CAP_POSITION * (double)in->equity + 1);
    assert((double)w->risk_usd <= RISK_BUDGET * (double)in->equity + 1);
}

void size_position(const struct sizing_input *in, struct worksheet *out)
{
    *out = (struct worksheet){.verdict = SIZE_APPROVED, .binding = ""};
    if (in->price <= 0 || in->equity <= 0) {
        reject(out, in->price <= 0 ? "the price is not known" : "the account has no equity");
        return;
    }
    if (!in->atr.known || in->atr.v <= 0) {
        reject(out, "ATR is not known: no stop can be placed");
        return;
    }
    if (in->holds_symbol) {
        reject(out, "a position in this symbol is open already");
        return;
    }
    place_barriers(in, out);
    if (!kelly_gate(in, out))
        return;
    limit_by_policy(in, out);
    limit_by_risk_figures(in, out);
    limit_by_book(in, out);
    count_shares(in, out);
}
