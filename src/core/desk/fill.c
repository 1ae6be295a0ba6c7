/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/desk/fill.h"

#include <math.h>
#include <stdlib.h>

#include "quorum/calendar.h"
#include "quorum/timeutil.h"

/* A share's tick is a cent, so half a spread is at least half of one. */
#define HALF_CENT     50
#define FIXED_IMPACT  1e-4
#define MICRO_A_PRICE 100 /* micro-dollars in 1/10,000 dollar */

const struct cost_model cost_model_default = {.scale = 1, .impact = 0.7, .participation = 0.05};

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

bool price_is_sane(int64_t price)
{
    return price > 0 && price <= PRICE_MOST;
}

bool open_is_stray(int64_t open, int64_t previous_close, int64_t close)
{
    return price_is_sane(previous_close) && price_is_sane(close) && price_is_sane(open) &&
           10 * llabs(open - previous_close) > 4 * previous_close &&
           10 * llabs(open - close) > 4 * close;
}

/* A product that should be 43 and is 43.0000000001 is 43. */
static int64_t round_up(double x)
{
    return (int64_t)ceil(x - 1e-9 * fmax(1, fabs(x) * 1e-6));
}

int64_t price_below(int64_t price, double fraction)
{
    return max_of(1, llround((double)price * (1 - fraction)));
}

int64_t price_above(int64_t price, double fraction)
{
    return llround((double)price * (1 + fraction));
}

int64_t price_with_costs(enum order_side side, int64_t seen, int64_t quantity,
                         const struct order *o, const struct cost_model *c)
{
    if (c->none)
        return seen;
    double p = (double)seen, spread = HALF_CENT, impact = FIXED_IMPACT * p;
    if (o->half_spread_bps > 0)
        spread = fmax(spread, p * o->half_spread_bps / 1e4);
    if (o->sigma_daily > 0 && o->adv_shares > 0)
        impact += c->impact * o->sigma_daily * sqrt((double)quantity / o->adv_shares) * p;
    int64_t cost = round_up(fmin(p, c->scale * (spread + impact)));
    return side == SIDE_BUY ? seen + cost : max_of(1, seen - cost);
}

int64_t fees_with_costs(int32_t day, int64_t quantity, int64_t price, const struct cost_model *c)
{
    int64_t fees = c->none ? 0 : fees_of_sale(day, quantity, quantity * price * MICRO_A_PRICE);
    return round_up(c->scale * (double)fees);
}

/* The part of a look that an order lived through. */
struct stretch {
    int64_t open;              /* 0: the order was not there, or has lived through it before */
    int64_t low, high;         /* with open and last in them */
    int64_t last;              /* 0: the order has expired by then */
    int64_t old_low, old_high; /* of the day before this stretch; 0: none known */
};

static bool may_fill(const struct order *o, const struct look *l)
{
    if (o->filled >= o->quantity || !price_is_sane(l->last) || l->open > PRICE_MOST)
        return false;
    if (!l->is_bar)
        return l->in_session && (o->not_before == TIME_NONE || l->as_of >= o->not_before) &&
               (o->expires_at == TIME_NONE || l->at < o->expires_at);
    return l->open > 0 && l->low > 0 && l->high > 0 &&
           !open_is_stray(l->open, l->previous_close, l->last) &&
           (o->not_before == TIME_NONE || o->not_before < calendar_close(l->day)) &&
           (o->expires_at == TIME_NONE || o->expires_at > calendar_open(l->day));
}

/* An order made during the session did not see what the day's range says of the hours before it,
 * and one that expires during it does not see the hours after. */
static struct stretch lived_through(const struct order *o, const struct look *l, int64_t since_low,
                                    int64_t since_high)
{
    struct stretch s = {.last = l->last, .old_low = since_low, .old_high = since_high};
    bool range = l->low > 0 && l->high > 0 && l->low <= l->high && l->high <= PRICE_MOST;
    bool late = o->not_before != TIME_NONE && o->not_before > calendar_open(l->day);
    s.low = s.high = s.last;
    if (open_is_stray(l->open, l->previous_close, l->last))
        return s;
    if (since_low > 0 || since_high > 0) {
        if (range && l->low < since_low)
            s.low = min_of(l->low, s.low);
        if (range && l->high > since_high)
            s.high = max_of(l->high, s.high);
        return s;
    }
    if (late || l->open <= 0)
        return s;
    s.open = l->open;
    if (l->is_bar && o->expires_at != TIME_NONE && o->expires_at < calendar_close(l->day)) {
        s.low = s.high = s.open;
        s.last = 0;
        return s;
    }
    s.low = min_of(s.low, range ? min_of(l->low, s.open) : s.open);
    s.high = max_of(s.high, range ? max_of(l->high, s.open) : s.open);
    return s;
}

/* Where a price level was met, 0 when it was not. A level below the market (stop of a sale, limit
 * of a purchase) is met from above; with way -1 the same is asked of the mirrored prices. */
static int64_t price_met(const struct stretch *s, int way, int64_t level, bool is_stop,
                         bool *at_open)
{
    int64_t mark = way * level, extreme = way > 0 ? s->low : -s->high;
    if (level <= 0 || (is_stop ? extreme > mark : extreme >= mark))
        return 0;
    if (s->open > 0 && way * s->open < mark) {
        *at_open = true;
        return s->open;
    }
    /* A stop is met at its level where the day shows that the market came from the other side;
     * where it does not, at what the market has come to by now. A limit is never bettered. */
    bool crossed =
        s->open > 0 || (way > 0 ? s->old_low > level : s->old_high > 0 && s->old_high < level);
    return is_stop && !crossed ? way * min_of(mark, way * s->last) : level;
}

static void fill_at(const struct order *o, const struct look *l, const struct cost_model *c,
                    int64_t seen, bool costs, struct fill *out)
{
    int64_t q = o->quantity - o->filled, notional;
    if (c->participation > 0 && l->volume > 0)
        q = min_of(q, (int64_t)floor(c->participation * (double)l->volume + 1e-9));
    if (q <= 0)
        return;
    int64_t price = costs ? price_with_costs(o->side, seen, q, o, c) : seen;
    if (__builtin_mul_overflow(q, price * MICRO_A_PRICE, &notional))
        return;
    out->quantity = q;
    out->seen = seen;
    out->price = price;
    out->slippage = q * llabs(price - seen) * MICRO_A_PRICE;
    if (o->side == SIDE_SELL)
        out->fees = fees_with_costs(l->day, q, price, c);
}

void order_look(const struct order *o, const struct look *l, const struct cost_model *c,
                int64_t since_low, int64_t since_high, struct fill *out)
{
    int64_t seen = 0;
    *out = (struct fill){.triggered = o->triggered};
    if (!may_fill(o, l))
        return;
    struct stretch s = lived_through(o, l, since_low, since_high);
    bool market = o->kind == ORDER_MARKET || o->triggered, selling = o->side == SIDE_SELL;
    if (market) {
        out->at_open = l->is_bar && s.open > 0;
        seen = out->at_open ? s.open : s.last;
    } else if (o->kind == ORDER_STOP) {
        seen = price_met(&s, selling ? 1 : -1, o->stop_price, true, &out->at_open);
        out->triggered = seen > 0;
    } else {
        seen = price_met(&s, selling ? -1 : 1, o->limit_price, false, &out->at_open);
    }
    if (seen > 0)
        fill_at(o, l, c, seen, o->kind != ORDER_LIMIT, out);
    if (out->quantity == 0)
        out->at_open = false;
}
