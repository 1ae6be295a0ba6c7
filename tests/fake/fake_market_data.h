/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The companies fake_market.c serves. */
#ifndef TESTS_FAKE_MARKET_DATA_H
#define TESTS_FAKE_MARKET_DATA_H

#include <stdint.h>

#include "fake/fake_market.h"
#include "quorum/buf.h"

enum { FAKE_QUOTES = 24 };

struct fake_world {
    const char *recorded; /* directory of reference data, or NULL */
    int32_t last;         /* last session that is over */
    int64_t stamp;        /* seconds, of quotes; 0: that session's close */
    int split;            /* n:1 after it; 0 none */
    char late[120];       /* symbols without a bar of the last session */
    struct {
        char symbol[16];
        struct fake_quote says;
    } quote[FAKE_QUOTES]; /* of the test's own; symbol "": none */
};

/* AAPL MSFT JPM BRK-B SPY and XA .. XL are known; anything else is []. */
void fake_data_answer(const struct fake_world *w, const char *endpoint, const char *symbol,
                      struct buf *out);
void fake_data_feed(const struct fake_world *w, const char *symbol, struct buf *out);
/* Close of a session in 1/10,000 dollar, before any split. */
int64_t fake_data_close(const char *symbol, int32_t day);

#endif
