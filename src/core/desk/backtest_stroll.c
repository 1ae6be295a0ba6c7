/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One entry through the bars, by the same pure functions that the desk's positions go by, with
 * what the database would store kept in memory. It tells what would have become of entries that
 * were not made, and tells the desk's own trades a second time, without the ledger. */
#include <math.h>
#include <string.h>

#include "core/desk/backtest_private.h"
#include "core/desk/fill.h"
#include "quorum/calendar.h"
#include "quorum/money.h"
#include "quorum/regime.h"
#include "quorum/sizing.h"
#include "quorum/timeutil.h"

#define MICRO_A_PRICE 100 /* micro-dollars in 1/10,000 dollar */
#define SESSIONS_YEAR 252.0

struct under_way {
    const struct tape *t;
    const struct stroll *s;
    struct book_entry e;
    int32_t adjusted_to; /* splits and dividends up to this day are in */
    int64_t cash;        /* of this position so far */
    int64_t sells, lieu, fees;
    struct stroll_end *out;
};

/* ---- what the acts do ---- */

static void place_legs(struct under_way *w)
{
    struct position *p = &w->e.position;
    const struct order entry = w->e.order[0];
    struct order leg = {.side = SIDE_SELL,
                        .purpose = PURPOSE_EXIT,
                        .quantity = p->quantity,
                        .not_before = TIME_NONE,
                        .expires_at = TIME_NONE,
                        .sigma_daily = entry.sigma_daily,
                        .adv_shares = entry.adv_shares,
                        .half_spread_bps = entry.half_spread_bps};
    w->e.norders = 1;
    if (p->stop_price > 0) {
        struct order *o = &w->e.order[w->e.norders++];
        *o = leg;
        o->kind = ORDER_STOP;
        o->exit_reason = EXIT_STOP_LOSS;
        o->stop_price = p->stop_price;
        copy_text(o->id, sizeof o->id, "stop");
    }
    if (p->target_price > 0) {
        struct order *o = &w->e.order[w->e.norders++];
        *o = leg;
        o->kind = ORDER_LIMIT;
        o->exit_reason = EXIT_TAKE_PROFIT;
        o->limit_price = p->target_price;
        copy_text(o->id, sizeof o->id, "target");
    }
}

static void buy(struct under_way *w, const struct act *a, size_t session)
{
    struct position *p = &w->e.position;
    const struct fill *f = &a->fill;
    int64_t paid = f->quantity * f->price * MICRO_A_PRICE;
    p->quantity += f->quantity;
    p->bought += f->quantity;
    p->cost += paid;
    w->cash -= paid + f->fees;
    w->fees += f->fees;
    w->out->invested += paid;
    p->entry_price = llround((double)w->out->invested / MICRO_A_PRICE / (double)p->bought);
    p->state = POSITION_OPEN;
    if (!w->out->entered) {
        w->out->entered = true;
        w->out->entered_at = session;
        p->entry_day = a->look.day;
    }
    w->out->entry_price = p->entry_price;
    w->out->bought = p->bought;
    w->e.order[0].filled += f->quantity;
    if (p->stop_pct > 0)
        p->initial_stop = p->stop_price = price_below(p->entry_price, p->stop_pct / 100);
    if (p->target_pct > 0)
        p->target_price = price_above(p->entry_price, p->target_pct / 100);
    place_legs(w);
}

static struct order *find_order(struct under_way *w, const struct act *a)
{
    for (size_t i = 1; i < w->e.norders; i++) {
        struct order *o = &w->e.order[i];
        if (a->order_id[0] ? strcmp(o->id, a->order_id) == 0 : o->exit_reason == a->exit_reason)
            return o;
    }
    return NULL;
}

static void close_stroll(struct under_way *w, enum exit_reason why, size_t session)
{
    w->out->closed = true;
    w->out->closed_at = session;
    w->out->why = why;
}

static void sell(struct under_way *w, const struct act *a, size_t session)
{
    struct position *p = &w->e.position;
    struct order *o = find_order(w, a);
    const struct fill *f = &a->fill;
    if (!o)
        return;
    int64_t got = f->quantity * f->price * MICRO_A_PRICE;
    p->quantity -= f->quantity;
    w->sells += got;
    w->fees += f->fees;
    w->cash += got - f->fees;
    o->filled += f->quantity;
    o->triggered = o->triggered || o->kind == ORDER_STOP;
    w->out->gap = w->out->gap || (o->kind == ORDER_STOP && f->at_open && f->triggered);
    w->e.order[0].quantity = w->e.order[0].filled; /* nothing more is bought */
    for (size_t i = 1; i < w->e.norders; i++)
        w->e.order[i].quantity = w->e.order[i].filled + p->quantity;
    if (p->quantity == 0)
        close_stroll(w, o->exit_reason, session);
}

static void take(struct under_way *w, const struct act *a, size_t session)
{
    struct position *p = &w->e.position;
    struct order *o;
    switch (a->kind) {
    case ACT_FILL:
        if (strcmp(a->order_id, "entry") == 0)
            buy(w, a, session);
        else
            sell(w, a, session);
        break;
    case ACT_TRIGGER:
        if ((o = find_order(w, a)))
            o->triggered = true;
        break;
    case ACT_SEEN:
        p->last_price = a->look.last;
        p->last_price_at = a->look.as_of;
        p->seen_day = a->look.day;
        p->seen_high = a->look.high;
        p->seen_low = a->look.low;
        break;
    case ACT_STOP:
        p->stop_price = a->price;
        for (size_t i = 1; i < w->e.norders; i++) {
            if (w->e.order[i].kind == ORDER_STOP) {
                w->e.order[i].stop_price = a->price;
                w->e.order[i].exit_reason = a->exit_reason;
            }
        }
        break;
    case ACT_EXIT:
        o = &w->e.order[w->e.norders++];
        *o = w->e.order[0];
        o->side = SIDE_SELL;
        o->purpose = PURPOSE_EXIT;
        o->kind = ORDER_MARKET;
        o->exit_reason = a->exit_reason;
        o->quantity = p->quantity;
        o->filled = 0;
        o->not_before = a->look.at;
        o->expires_at = TIME_NONE;
        copy_text(o->id, sizeof o->id, "exit");
        w->e.order[0].quantity = w->e.order[0].filled;
        p->state = POSITION_CLOSING;
        break;
    case ACT_EXPIRE:
        w->e.order[0].quantity = w->e.order[0].filled;
        break;
    case ACT_UNPRICED:
        break;
    }
}

/* ---- splits and dividends, as the broker applies them ---- */

static int64_t divided(int64_t price, double split)
{
    return llround((double)price / split);
}

static void split_position(struct under_way *w, double split, size_t session)
{
    struct position *p = &w->e.position;
    int64_t held = (int64_t)floor((double)p->quantity * split + 1e-6);
    double fraction = (double)p->quantity * split - (double)held;
    p->atr /= split;
    for (size_t i = 0; i < w->e.norders; i++)
        w->e.order[i].adv_shares *= split;
    if (p->quantity == 0)
        return; /* the shares wanted are counted on the day of the entry */
    if (fraction > 1e-6) {
        int64_t lieu = llround(fraction / split * (double)p->last_price * MICRO_A_PRICE);
        w->lieu += lieu;
        w->cash += lieu;
    }
    p->quantity = held;
    p->bought = llround((double)p->bought * split);
    p->entry_price = divided(p->entry_price, split);
    p->stop_price = divided(p->stop_price, split);
    p->initial_stop = divided(p->initial_stop, split);
    p->target_price = divided(p->target_price, split);
    p->last_price = divided(p->last_price, split);
    p->seen_high = divided(p->seen_high, split);
    p->seen_low = divided(p->seen_low, split);
    for (size_t i = 1; i < w->e.norders; i++) {
        struct order *o = &w->e.order[i];
        o->stop_price = divided(o->stop_price, split);
        o->limit_price = divided(o->limit_price, split);
        o->quantity = o->filled + held;
    }
    if (held == 0)
        close_stroll(w, EXIT_MANUAL, session);
}

static void apply_actions(struct under_way *w, int32_t day, size_t session)
{
    struct position *p = &w->e.position;
    for (size_t i = 0; i < w->t->nactions && !w->out->closed; i++) {
        const struct corporate_action *a = &w->t->action[i];
        if (a->ex_day <= w->adjusted_to || a->ex_day > day)
            continue;
        w->out->dividends += a->dividend * p->quantity;
        w->cash += a->dividend * p->quantity;
        if (fabs(a->split_ratio - 1) > 1e-9)
            split_position(w, a->split_ratio, session);
    }
    w->adjusted_to = day;
}

/* ---- the way ---- */

static void live_session(struct under_way *w, const struct backtest *b, size_t k,
                         const struct cost_model *c)
{
    struct act act[ACTS_MAX];
    struct position *p = &w->e.position;
    int32_t i = w->t->at[k];
    apply_actions(w, b->day[k], k);
    if (i == NO_BAR || w->out->closed)
        return;
    size_t n = position_look(&w->e, &w->t->look[i], c, 0, act);
    for (size_t j = 0; j < n; j++)
        take(w, &act[j], k);
    if (w->out->closed || p->quantity == 0)
        return;
    n = position_close_of_day(&w->e, b->day[k], w->t->look[i].last,
                              w->s->by_regime ? regime_name(w->t->regime[i].label) : NULL, act);
    for (size_t j = 0; j < n; j++)
        take(w, &act[j], k);
}

/* What was known at the decision, the session before the entry. */
static void begin(struct under_way *w, const struct backtest *b)
{
    const struct stroll *s = w->s;
    struct position *p = &w->e.position;
    struct order *o = &w->e.order[0];
    int32_t i = s->entry > 0 ? w->t->at[s->entry - 1] : NO_BAR;
    int64_t close = calendar_close(b->day[s->entry]);
    *p = (struct position){.state = POSITION_OPENING,
                           .stop_pct = s->stop_pct,
                           .target_pct = s->target_pct,
                           .trail_atr = s->trail_atr,
                           .time_exit = s->sessions,
                           .last_price_at = TIME_NONE,
                           .seen_day = DAY_NONE,
                           .entry_day = DAY_NONE};
    copy_text(p->symbol, sizeof p->symbol, w->t->symbol);
    *o = (struct order){.side = SIDE_BUY,
                        .kind = ORDER_MARKET,
                        .purpose = PURPOSE_ENTRY,
                        .quantity = s->shares,
                        .not_before = TIME_NONE,
                        .expires_at = s->expires ? close : TIME_NONE,
                        .half_spread_bps = w->t->half_spread_bps};
    copy_text(o->id, sizeof o->id, "entry");
    w->e.norders = 1;
    w->adjusted_to = b->day[s->entry] - 1;
    if (i == NO_BAR)
        return;
    const struct indicators *known = &w->t->indicators[i];
    w->adjusted_to = b->day[s->entry - 1];
    copy_text(p->regime, sizeof p->regime, regime_name(w->t->regime[i].label));
    p->atr = known->atr.known ? known->atr.v : 0;
    if (known->vol_60.known)
        o->sigma_daily = known->vol_60.v / 100 / sqrt(SESSIONS_YEAR);
    if (known->dollar_volume_20.known)
        o->adv_shares =
            known->dollar_volume_20.v / decimal_to_double(w->t->look[i].last, PRICE_DIGITS);
}

void stroll(const struct backtest *b, const struct tape *t, const struct stroll *s,
            const struct cost_model *c, struct stroll_end *out)
{
    struct under_way w = {.t = t, .s = s, .out = out};
    *out = (struct stroll_end){0};
    begin(&w, b);
    for (size_t k = s->entry; k < b->ndays; k++) {
        int64_t before = w.cash;
        live_session(&w, b, k, c);
        if (s->cash)
            s->cash[k] += w.cash - before;
        if (s->stock)
            s->stock[k] += w.e.position.quantity * w.e.position.last_price * MICRO_A_PRICE;
        bool given_up = !out->entered && w.e.order[0].quantity == 0;
        if (out->closed || given_up)
            break;
    }
    out->pnl = w.sells + w.lieu - out->invested - w.fees;
    if (out->invested > 0 && s->stop_pct > 0)
        out->r = (double)out->pnl / ((double)out->invested * s->stop_pct / 100);
}

bool stroll_from(const struct backtest *b, const struct tape *t, size_t k, struct stroll *out)
{
    const struct backtest_exits *x = &b->o->exits;
    int32_t i = t->at[k];
    double stop, target;
    if (i == NO_BAR || k + 1 >= b->ndays)
        return false;
    *out = (struct stroll){.entry = k + 1,
                           .stop_pct = x->stop_pct,
                           .target_pct = x->target_pct,
                           .sessions = x->sessions,
                           .expires = true};
    if (x->fixed)
        return true;
    const struct indicators *known = &t->indicators[i];
    if (!known->atr.known || known->atr.v <= 0)
        return false;
    barrier_fractions(t->look[i].last, known->atr.v, known->beta, STOP_MULTIPLE, TARGET_MULTIPLE,
                      &stop, &target);
    out->stop_pct = 100 * stop;
    out->target_pct = 100 * target;
    out->trail_atr = TRAIL_ATR;
    out->sessions = TIME_EXIT_SESSIONS;
    out->by_regime = true;
    return true;
}
