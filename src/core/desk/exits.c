/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/desk/fill.h"
#include "quorum/buf.h"
#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

static const char *const reason_name[EXIT_REASONS] = {
    [EXIT_MANUAL] = "manual",           [EXIT_CIRCUIT_BREAKER] = "circuit_breaker",
    [EXIT_STOP_LOSS] = "stop_loss",     [EXIT_TRAILING_STOP] = "trailing_stop",
    [EXIT_TAKE_PROFIT] = "take_profit", [EXIT_REGIME_CHANGE] = "regime_change",
    [EXIT_TIME_EXIT] = "time_exit",
};

const char *exit_reason_name(enum exit_reason r)
{
    return (unsigned)r < EXIT_REASONS ? reason_name[r] : "?";
}

bool exit_reason_parse(const char *name, enum exit_reason *out)
{
    for (int r = 0; r < EXIT_REASONS; r++) {
        if (strcmp(name, reason_name[r]) == 0) {
            *out = (enum exit_reason)r;
            return true;
        }
    }
    return false;
}

/* ---- is this a price? */

/* Half or more away; false where there is nothing to compare with. */
static bool is_half_off(int64_t price, int64_t other)
{
    return price_is_sane(other) && 2 * llabs(price - other) >= other;
}

static bool is_stale(const struct look *l, int64_t stale_after)
{
    return !l->is_bar && l->in_session && stale_after > 0 &&
           (l->as_of == TIME_NONE || l->at - l->as_of > stale_after);
}

/* Neither the last price nor the previous close is near, as far as they are known, and it is no
 * whole session that opened where it closed. */
static bool is_jump(const struct look *l, int64_t last_price)
{
    bool off_last = is_half_off(l->last, last_price);
    bool off_close = is_half_off(l->last, l->previous_close);
    if (!(off_last || !price_is_sane(last_price)) ||
        !(off_close || !price_is_sane(l->previous_close)) || !(off_last || off_close))
        return false;
    return !l->is_bar || 10 * llabs(l->open - l->last) > 4 * l->last;
}

static const char *dollars(char dst[DECIMAL_SIZE], int64_t price)
{
    return decimal_group(dst, DECIMAL_SIZE, price, PRICE_DIGITS, 2);
}

enum look_fault look_check(const struct look *l, int64_t last_price, int64_t stale_after,
                           char reason[128])
{
    char a[DECIMAL_SIZE], b[DECIMAL_SIZE], c[DECIMAL_SIZE];
    int64_t lowest = l->is_bar && l->low < l->last ? l->low : l->last;
    if (l->is_bar && l->open < lowest)
        lowest = l->open;
    reason[0] = '\0';
    if (l->last == 0 && l->open == 0 && l->high == 0 && l->low == 0 && l->previous_close == 0) {
        snprintf(reason, 128, "no price");
        return LOOK_ABSENT;
    }
    if (lowest <= 0 || (l->is_bar && l->high < l->last)) {
        snprintf(reason, 128, "a price of zero, or outside the range of its day");
        return LOOK_ZERO;
    }
    if (is_stale(l, stale_after)) {
        if (l->as_of == TIME_NONE)
            snprintf(reason, 128, "a price of unknown age");
        else
            snprintf(reason, 128, "the price is %lld minutes old, more than %lld",
                     (long long)((l->at - l->as_of) / (60 * USEC_SECOND)),
                     (long long)(stale_after / (60 * USEC_SECOND)));
        return LOOK_STALE;
    }
    if (!price_is_sane(l->last) || l->open > PRICE_MOST) {
        snprintf(reason, 128, "$%s is no price of a share", dollars(a, l->last));
        return LOOK_JUMP;
    }
    if (l->is_bar && open_is_stray(l->open, l->previous_close, l->last)) {
        snprintf(reason, 128, "opened at $%s between closes of $%s and $%s: a bad print",
                 dollars(a, l->open), dollars(b, l->previous_close), dollars(c, l->last));
        return LOOK_BAD_PRINT;
    }
    if (is_jump(l, last_price)) {
        bool known = price_is_sane(last_price);
        snprintf(reason, 128, "$%s is half or more away from the %s, $%s", dollars(a, l->last),
                 known ? "last price" : "previous close",
                 dollars(b, known ? last_price : l->previous_close));
        return LOOK_JUMP;
    }
    return LOOK_GOOD;
}

/* ---- a look at a position */

struct acts {
    struct act *act;
    size_t n;
    const struct book_entry *entry;
    const struct look *look;
    const struct cost_model *costs;
    int64_t since_low, since_high;
};

static struct act *add(struct acts *a, enum act_kind kind)
{
    struct act *act = &a->act[a->n++];
    *act = (struct act){.kind = kind, .look = *a->look};
    act->position_id = a->entry->position.id;
    return act;
}

static void add_fill(struct acts *a, const char *order_id, enum exit_reason why,
                     const struct fill *f)
{
    struct act *act = add(a, f->quantity > 0 ? ACT_FILL : ACT_TRIGGER);
    copy_text(act->order_id, sizeof act->order_id, order_id);
    act->fill = *f;
    act->exit_reason = why;
}

/* Which of the day's extremes the position has lived through already: those of the last look. On
 * the day of entry without such a look, all of a live look's, for they may be older than the
 * position; a bar's entry was at its open. */
static void set_since(struct acts *a)
{
    const struct position *p = &a->entry->position;
    const struct look *l = a->look;
    bool seen = p->seen_day == l->day;
    if (!seen && (p->entry_day != l->day || l->is_bar))
        return;
    a->since_low = seen && p->seen_low > 0 ? p->seen_low : l->low > 0 ? l->low : l->last;
    a->since_high = seen && p->seen_high > 0 ? p->seen_high : l->high > 0 ? l->high : l->last;
}

/* Does the look do anything to this order, which may sell at most `held` shares? */
static bool exit_happens(const struct acts *a, const struct order *o, int64_t held, struct fill *f)
{
    struct order part = *o;
    if (part.quantity - part.filled > held)
        part.quantity = part.filled + held;
    order_look(&part, a->look, a->costs, a->since_low, a->since_high, f);
    return f->quantity > 0 || (f->triggered && !o->triggered);
}

/* The exit orders are alternatives: one acts, the first by reason. In a daily bar what fills at the
 * open comes before what happens later that day, or a sale ordered for the open would be told as
 * the target that was reached after it. */
static bool look_at_exits(struct acts *a)
{
    const struct book_entry *b = a->entry;
    const struct order *best = NULL;
    struct fill best_fill = {0};
    for (int r = 0; r < EXIT_REASONS && b->position.quantity > 0; r++) {
        for (size_t i = 0; i < b->norders; i++) {
            const struct order *o = &b->order[i];
            struct fill f;
            if (o->purpose != PURPOSE_EXIT || (int)o->exit_reason != r ||
                !exit_happens(a, o, b->position.quantity, &f))
                continue;
            if (!best || (a->look->is_bar && f.at_open && !best_fill.at_open)) {
                best = o;
                best_fill = f;
            }
        }
    }
    if (best)
        add_fill(a, best->id, best->exit_reason, &best_fill);
    return best != NULL;
}

/* The rest of a daily bar after an entry in it. The protective orders are made when the entry is
 * stored; here they are tried on the same bar, stop first. After an entry below the open the bar's
 * high may be older than the entry, so that only the close can have reached the target. */
static void rest_of_bar(struct acts *a, const struct order *entry, const struct fill *bought)
{
    const struct position *p = &a->entry->position;
    struct look rest = *a->look;
    struct order leg = *entry;
    struct fill f;
    rest.open = bought->seen;
    if (!bought->at_open)
        rest.high = rest.last > rest.open ? rest.last : rest.open;
    leg.side = SIDE_SELL;
    leg.purpose = PURPOSE_EXIT;
    leg.quantity = bought->quantity;
    leg.filled = 0;
    leg.not_before = leg.expires_at = TIME_NONE;
    if (p->stop_pct > 0) {
        leg.kind = ORDER_STOP;
        leg.stop_price = price_below(bought->price, p->stop_pct / 100);
        order_look(&leg, &rest, a->costs, 0, 0, &f);
        if (f.triggered) {
            add_fill(a, "", EXIT_STOP_LOSS, &f);
            return;
        }
    }
    if (p->target_pct > 0) {
        leg.kind = ORDER_LIMIT;
        leg.limit_price = price_above(bought->price, p->target_pct / 100);
        order_look(&leg, &rest, a->costs, 0, 0, &f);
        if (f.quantity > 0)
            add_fill(a, "", EXIT_TAKE_PROFIT, &f);
    }
}

static void look_at_entry(struct acts *a)
{
    const struct book_entry *b = a->entry;
    if (b->position.state == POSITION_CLOSING)
        return;
    for (size_t i = 0; i < b->norders; i++) {
        const struct order *o = &b->order[i];
        struct fill f;
        if (o->purpose != PURPOSE_ENTRY)
            continue;
        order_look(o, a->look, a->costs, a->since_low, a->since_high, &f);
        if (f.quantity == 0)
            continue;
        add_fill(a, o->id, EXIT_MANUAL, &f);
        bool in_bar = f.at_open || o->kind == ORDER_LIMIT;
        if (a->look->is_bar && b->position.quantity == 0 && in_bar)
            rest_of_bar(a, o, &f);
        return;
    }
}

static bool is_filled_now(const struct acts *a, const struct order *o)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->act[i].kind == ACT_FILL && strcmp(a->act[i].order_id, o->id) == 0 &&
            o->filled + a->act[i].fill.quantity >= o->quantity)
            return true;
    return false;
}

size_t position_look(const struct book_entry *b, const struct look *l, const struct cost_model *c,
                     int64_t stale_after, struct act act[ACTS_MAX])
{
    struct acts a = {.act = act, .entry = b, .look = l, .costs = c};
    struct look price_only = *l;
    char reason[128];
    if (b->position.state == POSITION_CLOSED)
        return 0;
    /* The range of a quote's day has the bad print in it, and is not to be remembered. */
    if (!l->is_bar && open_is_stray(l->open, l->previous_close, l->last)) {
        price_only.open = price_only.high = price_only.low = 0;
        a.look = &price_only;
    }
    if (look_check(l, b->position.last_price, stale_after, reason) != LOOK_GOOD) {
        struct act *unpriced = add(&a, ACT_UNPRICED);
        copy_text(unpriced->reason, sizeof unpriced->reason, reason);
        return a.n;
    }
    set_since(&a);
    if (!look_at_exits(&a))
        look_at_entry(&a);
    for (size_t i = 0; i < b->norders; i++) {
        const struct order *o = &b->order[i];
        if (o->expires_at != TIME_NONE && l->at >= o->expires_at && !is_filled_now(&a, o))
            copy_text(add(&a, ACT_EXPIRE)->order_id, sizeof o->id, o->id);
    }
    add(&a, ACT_SEEN);
    return a.n;
}

/* ---- after the close */

/* The stop that follows the highest close, from the first close that is the initial risk above the
 * entry. 0: none, or not above the stop there is. Only a close higher than all before raises it, so
 * the highest need not be known. */
static int64_t trailing_stop(const struct position *p, int64_t close)
{
    int64_t risk = p->entry_price - p->initial_stop;
    double distance = p->trail_atr * p->atr * 1e4;
    if (risk <= 0 || p->initial_stop <= 0 || close - p->entry_price < risk ||
        !(distance >= 1 && distance < (double)close))
        return 0;
    int64_t stop = (int64_t)floor((double)close - distance);
    return stop > p->stop_price ? stop : 0;
}

static bool exit_ordered(const struct book_entry *b)
{
    for (size_t i = 0; i < b->norders; i++) {
        const struct order *o = &b->order[i];
        if (o->purpose == PURPOSE_EXIT && (o->kind == ORDER_MARKET || o->triggered))
            return true;
    }
    return false;
}

size_t position_close_of_day(const struct book_entry *b, int32_t day, int64_t close,
                             const char *regime_now, struct act act[ACTS_MAX])
{
    const struct position *p = &b->position;
    struct look l = {
        .at = calendar_close(day), .as_of = calendar_close(day), .day = day, .last = close};
    struct acts a = {.act = act, .entry = b, .look = &l};
    copy_text(l.symbol, sizeof l.symbol, p->symbol);
    if (p->quantity <= 0 || !price_is_sane(close) || p->state == POSITION_CLOSING ||
        p->state == POSITION_CLOSED || exit_ordered(b))
        return 0;
    int64_t stop = trailing_stop(p, close);
    if (stop > 0) {
        struct act *raise = add(&a, ACT_STOP);
        raise->price = stop;
        raise->exit_reason = EXIT_TRAILING_STOP;
    }
    bool turned = regime_now && strcmp(regime_now, "BEAR") == 0 && strcmp(p->regime, "BEAR") != 0;
    int held = p->entry_day == DAY_NONE ? 0 : calendar_between(p->entry_day, day) + 1;
    bool late = p->time_exit > 0 && held >= p->time_exit;
    if (turned || late) {
        struct act *leave = add(&a, ACT_EXIT);
        leave->exit_reason = turned ? EXIT_REGIME_CHANGE : EXIT_TIME_EXIT;
        if (turned)
            snprintf(leave->reason, sizeof leave->reason, "the regime is BEAR, at entry it was %s",
                     p->regime[0] ? p->regime : "unknown");
        else
            snprintf(leave->reason, sizeof leave->reason, "held %d sessions, the limit is %d", held,
                     p->time_exit);
    }
    return a.n;
}
