/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One process's side of the vendor calls, for tests: its loop, connection, HTTP and vendor; and
 * the stand-in all sides call. */
#ifndef TESTS_STORE_VENDOR_SIDE_H
#define TESTS_STORE_VENDOR_SIDE_H

#include "fake/fake_market.h"
#include "quorum/vendor.h"

struct side {
    struct loop *loop;
    struct db *db;
    struct http *http;
    struct vendor *vendor;
};

/* False when no connection is to be had for a minute. */
bool side_open(struct side *s, const char *conninfo);
/* The SQL by which a desk's day has that many calls, and begins at that hour: "250", "0". */
#define VENDOR_LIMIT(calls, hour)                                                                  \
    "INSERT INTO desk_setting (name, value, origin, set_by) VALUES"                                \
    " ('QUORUM_FMP_DAILY_LIMIT', '" calls "', 'test', 'test'),"                                    \
    " ('QUORUM_FMP_RESET_HOUR_UTC', '" hour "', 'test', 'test')"
void side_close(struct side *s);

/* What one request came to. */
struct outcome {
    bool ended;
    enum vendor_state state;
    bool from_cache;
    int64_t age_s, fetched_at;
    size_t len;
    char body[512];
    char problem[160];
};
/* A counted FMP call to the stand-in at base, or with endpoint "rss" a feed; life in seconds, below
 * 0: --fresh. */
void side_start(struct side *s, const char *base, const char *endpoint, const char *symbol,
                int64_t life_s, struct outcome *out);
/* The same at an address of the test's own. */
void side_start_at(struct side *s, const char *url, const char *endpoint, const char *symbol,
                   int64_t life_s, struct outcome *out);
/* False when it does not end within a minute. */
bool side_wait(struct side *s, const struct outcome *out);
struct outcome side_get(struct side *s, const char *base, const char *endpoint, const char *symbol,
                        int64_t life_s);

#endif
