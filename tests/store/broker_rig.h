/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A demo desk whose clock stands at 2020-11-20 15:00Z, with SQL helpers for the broker's tests:
 *   test_buy(symbol, price, shares, stop_pct, target_pct, slot) -> evaluation id
 *   test_fill(order, quantity, price, fees) -> what broker_fill says; each call another key
 *   test_leg(symbol, reason) -> id of the open order of that reason; 'entry' is one
 *   test_no_guards() makes guards() say nothing */
#ifndef TESTS_STORE_BROKER_RIG_H
#define TESTS_STORE_BROKER_RIG_H

#include "quorum/broker.h"
#include "store/desk_rig.h"

int broker_rig_open(void **state);
/* Teardown: the ledger is proven once more, then rig_close. */
int broker_rig_close(void **state);

/* The proof's findings in one line, "" when proven. */
const char *broker_rig_wrong(struct rig *r);
/* Stores acts and waits. */
enum err broker_rig_store(struct desk *d, const struct act *act, size_t n, struct error *e);
/* Microseconds of that moment. */
int64_t broker_rig_time(const char *iso);

#endif
