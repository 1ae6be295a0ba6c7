/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/vendor_side.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/market/fmp.h"
#include "core/market/news_feeds.h"
#include "quorum/timeutil.h"

enum { PATIENCE_MS = 60000 };

bool side_open(struct side *s, const char *conninfo)
{
    struct db_options options = {.conninfo = conninfo, .reconnect = true};
    int64_t give_up = time_monotonic_us() + (int64_t)PATIENCE_MS * 1000;
    *s = (struct side){.loop = loop_new()};
    s->db = db_new(s->loop, &options);
    /* Forty processes are more than the server takes at once. */
    while (db_open(s->db, PATIENCE_MS, NULL) != OK) {
        if (time_monotonic_us() > give_up)
            return false;
        poll(NULL, 0, 20);
    }
    s->http = http_new(s->loop);
    s->vendor = vendor_new(&(struct vendor_options){.db = s->db, .http = s->http, .loop = s->loop});
    return true;
}

void side_close(struct side *s)
{
    vendor_free(s->vendor);
    http_free(s->http);
    db_free(s->db);
    loop_free(s->loop);
    *s = (struct side){.loop = NULL};
}

static void ended(void *arg, const struct vendor_answer *a)
{
    struct outcome *out = arg;
    out->ended = true;
    out->state = a->state;
    out->from_cache = a->from_cache;
    out->age_s = a->age_s;
    out->fetched_at = a->fetched_at;
    out->len = a->body_len;
    copy_bytes(out->body, sizeof out->body, a->body, a->body_len);
    copy_text(out->problem, sizeof out->problem, a->problem);
}

void side_start_at(struct side *s, const char *url, const char *endpoint, const char *symbol,
                   int64_t life_s, struct outcome *out)
{
    bool is_feed = strcmp(endpoint, "rss") == 0;
    struct vendor_request r = {
        .vendor = is_feed ? "rss" : "fmp",
        .endpoint = is_feed ? "news.example/1" : endpoint,
        .symbol = symbol,
        .url = url,
        .header = {is_feed ? "User-Agent: test" : "apikey: " FAKE_MARKET_KEY},
        .nheaders = 1,
        .life_s = life_s < 0 ? 0 : life_s,
        .counted = !is_feed,
        .ignore_cache = life_s < 0,
        .judge = is_feed ? feed_judge : fmp_judge,
    };
    *out = (struct outcome){.ended = false};
    vendor_get(s->vendor, &r, ended, out);
}

void side_start(struct side *s, const char *base, const char *endpoint, const char *symbol,
                int64_t life_s, struct outcome *out)
{
    struct buf url = {0};
    if (strcmp(endpoint, "rss") == 0) {
        buf_printf(&url, "%s/rss/one?s=%s", base, symbol);
    } else {
        enum fmp_endpoint p = FMP_QUOTE;
        while (strcmp(fmp_endpoint_name(p), endpoint) != 0)
            p++;
        fmp_url(&url, base, p, symbol, day_from_civil(2024, 1, 1));
    }
    side_start_at(s, buf_text(&url), endpoint, symbol, life_s, out);
    buf_release(&url);
}

static bool has_ended(void *arg)
{
    return ((const struct outcome *)arg)->ended;
}

bool side_wait(struct side *s, const struct outcome *out)
{
    return loop_run_until(s->loop, has_ended, (void *)(uintptr_t)out, PATIENCE_MS);
}

struct outcome side_get(struct side *s, const char *base, const char *endpoint, const char *symbol,
                        int64_t life_s)
{
    struct outcome out;
    side_start(s, base, endpoint, symbol, life_s, &out);
    if (!side_wait(s, &out))
        snprintf(out.problem, sizeof out.problem, "no end");
    return out;
}
