/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the pure files of the paper broker share: prices against us, and prices nobody traded at. */
#ifndef QUORUM_DESK_FILL_H
#define QUORUM_DESK_FILL_H

#include "quorum/broker.h"

/* 1/10,000 dollar: a hundred million dollars a share. More is no price. */
#define PRICE_MOST (INT64_C(1000000000000))
bool price_is_sane(int64_t price);

/* Is an opening price more than 40 % away from both the close before it and the one after it? False
 * where one of them is unknown (0). */
bool open_is_stray(int64_t open, int64_t previous_close, int64_t close);

/* What is paid or got where the market stands at `seen`: half a spread, one basis point and the
 * impact of `quantity` shares, rounded against us, never below 1/10,000 dollar. */
int64_t price_with_costs(enum order_side side, int64_t seen, int64_t quantity,
                         const struct order *o, const struct cost_model *c);
int64_t fees_with_costs(int32_t day, int64_t quantity, int64_t price, const struct cost_model *c);

/* price * (1 - fraction), at least 1, and price * (1 + fraction), half away from zero: the levels
 * the database gives a position's stop and target. */
int64_t price_below(int64_t price, double fraction);
int64_t price_above(int64_t price, double fraction);

#endif
