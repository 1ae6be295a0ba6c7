/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/desk/fill.h"
#include "quorum/buf.h"
#include "quorum/timeutil.h"

/* What a label's costs are told for: a position of $5,000 (5 % of the default portfolio) in a large
 * company, without the little its own size moves the market. */
#define POSITION_PRICE_UNITS (INT64_C(5000) * 10000)
static const struct order typical = {.half_spread_bps = 2.5};

static bool is_bad_print(const struct bars *bars, size_t i)
{
    const struct bar *b = &bars->bar[i];
    return i > 0 && open_is_stray(b->open, bars->bar[i - 1].close, b->close);
}

struct walk {
    int64_t stop, target, quantity;
    bool first; /* the bar of the entry: its open is the entry */
    bool last;  /* out of time at this bar's close */
};

/* What the market stood at when the bar ended the walk, 0 when it did not. Stop first. */
static int64_t bar_ends(const struct bar *b, const struct walk *w, struct barrier *out)
{
    if (b->low <= w->stop) {
        out->gap_stop = !w->first && b->open < w->stop;
        copy_text(out->outcome, sizeof out->outcome, "stop");
        return out->gap_stop ? b->open : w->stop;
    }
    if (b->high > w->target) {
        copy_text(out->outcome, sizeof out->outcome, "target");
        return !w->first && b->open > w->target ? b->open : w->target;
    }
    if (!w->last)
        return 0;
    copy_text(out->outcome, sizeof out->outcome, "time");
    return b->close;
}

static void set_result(struct barrier *out, int64_t seen, const struct walk *w,
                       double stop_fraction, const struct cost_model *c)
{
    bool at_limit = strcmp(out->outcome, "target") == 0;
    out->exit_price = at_limit ? seen : price_with_costs(SIDE_SELL, seen, w->quantity, &typical, c);
    double fees =
        (double)fees_with_costs(out->exit_day, w->quantity, out->exit_price, c) / 100; /* prices */
    double entry = (double)out->entry_price;
    double gain = (double)(out->exit_price - out->entry_price) - fees / (double)w->quantity;
    out->return_fraction = gain / entry;
    out->r_multiple = out->return_fraction / stop_fraction;
    if (strcmp(out->outcome, "time") == 0)
        out->y = out->return_fraction > 0 ? 1 : 0;
    else
        out->y = at_limit ? 1 : 0;
}

void barrier_walk(const struct bars *bars, size_t first, double stop_fraction,
                  double target_fraction, int limit, const struct cost_model *c,
                  struct barrier *out)
{
    *out = (struct barrier){.entry_day = DAY_NONE, .exit_day = DAY_NONE};
    while (first < bars->n && is_bad_print(bars, first))
        first++;
    if (first >= bars->n || limit < 1 || !(stop_fraction > 0 && stop_fraction < 1) ||
        !(target_fraction > 0 && target_fraction < 1e3) || !price_is_sane(bars->bar[first].open))
        return;
    int64_t open = bars->bar[first].open;
    struct walk w = {.quantity = open < POSITION_PRICE_UNITS ? POSITION_PRICE_UNITS / open : 1};
    out->entry_day = bars->bar[first].day;
    out->entry_price = price_with_costs(SIDE_BUY, open, w.quantity, &typical, c);
    w.stop = price_below(out->entry_price, stop_fraction);
    w.target = price_above(out->entry_price, target_fraction);
    for (size_t i = first; i < bars->n; i++) {
        out->sessions++;
        w.first = i == first;
        w.last = out->sessions >= limit;
        int64_t seen = is_bad_print(bars, i) ? 0 : bar_ends(&bars->bar[i], &w, out);
        if (seen > 0) {
            out->exit_day = bars->bar[i].day;
            set_result(out, seen, &w, stop_fraction, c);
            return;
        }
    }
}
