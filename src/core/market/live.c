/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live market: what FMP and the feeds say, through the counted and cached calls of vendor.h.
 * A gather asks for quote and profile first: as soon as one of them knows the symbol, or neither
 * can tell, the rest is asked for in parallel. So a misspelt symbol costs two of the day's calls.
 * Each part may fail by itself; the others stand. */
#include <stdio.h>
#include <string.h>

#include "core/market/live_private.h"
#include "quorum/calendar.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* 252 sessions for the percentile of ATR, its own warm-up, and as much again. */
enum { YEARS_OF_BARS = 3 };

static void answered(void *arg, const struct vendor_answer *a);

/* ---- asking ---- */

enum fmp_endpoint live_endpoint(enum part_kind kind)
{
    static const enum fmp_endpoint endpoints[] = {
        [PART_QUOTE] = FMP_QUOTE,     [PART_PROFILE] = FMP_PROFILE,     [PART_INCOME] = FMP_INCOME,
        [PART_BALANCE] = FMP_BALANCE, [PART_CASH_FLOW] = FMP_CASH_FLOW, [PART_BARS] = FMP_BARS,
        [PART_BENCHMARK] = FMP_BARS,
    };
    return endpoints[kind];
}

struct vendor_request live_request(const struct market_live *m, enum fmp_endpoint endpoint,
                                   const char *symbol, int64_t as_of, struct buf *url)
{
    struct civil c = day_to_civil(exchange_day(as_of));
    /* The first of a month exists in every year. */
    fmp_url(url, m->base_url, endpoint, symbol, day_from_civil(c.year - YEARS_OF_BARS, c.month, 1));
    return (struct vendor_request){
        .vendor = "fmp",
        .endpoint = fmp_endpoint_name(endpoint),
        .symbol = symbol,
        .url = buf_text(url),
        .header = {m->key_header, "Accept: application/json"},
        .nheaders = 2,
        .life_s = fmp_life_s(endpoint, as_of),
        .counted = true,
        .judge = fmp_judge,
    };
}

void live_ask_fmp(struct part *p, int64_t life_s, bool fresh)
{
    struct gather *g = p->g;
    const char *symbol = p->kind == PART_BENCHMARK ? LIVE_BENCHMARK : g->symbol;
    struct buf url = {0};
    struct vendor_request r =
        live_request(g->m, live_endpoint(p->kind), symbol, g->out->as_of, &url);
    r.life_s = life_s < 0 ? r.life_s : life_s;
    r.ignore_cache = fresh;
    g->open++;
    vendor_get(g->m->vendor, &r, answered, p);
    buf_release(&url);
}

static void ask_feed(struct part *p)
{
    struct gather *g = p->g;
    const struct feed_source *s = &g->m->feeds.source[p->feed];
    struct buf url = {0};
    feed_source_url(s, g->symbol, &url);
    struct vendor_request r = {
        .vendor = "rss",
        .endpoint = s->endpoint,
        .symbol = g->symbol,
        .url = buf_text(&url),
        .header = {s->agent, "Accept: application/rss+xml, application/atom+xml, "
                             "application/xml;q=0.9, */*;q=0.5"},
        .nheaders = 2,
        .life_s = 15 * 60,
        .ignore_cache = g->fresh,
        .judge = feed_judge,
    };
    g->open++;
    vendor_get(g->m->vendor, &r, answered, p);
    buf_release(&url);
}

static struct part *new_part(struct gather *g, enum part_kind kind, size_t feed)
{
    struct part *p = &g->part[kind + feed];
    *p = (struct part){.g = g, .kind = kind, .feed = feed};
    return p;
}

/* Once the symbol is known to somebody, or neither quote nor profile can tell. */
static void spread(struct gather *g)
{
    bool is_known = g->quote == KNOWN || g->profile == KNOWN;
    bool is_over = g->quote != ASKED && g->profile != ASKED;
    if (g->spread || !(is_known || (is_over && (g->quote == FAILED || g->profile == FAILED))))
        return;
    g->spread = true;
    for (int kind = PART_INCOME; kind < PART_FEED; kind++)
        if (kind != PART_BENCHMARK || strcmp(g->symbol, LIVE_BENCHMARK) != 0)
            live_ask_fmp(new_part(g, (enum part_kind)kind, 0), -1, g->fresh);
    for (size_t i = 0; i < g->m->feeds.n; i++)
        if (!*g->m->feeds.source[i].skipped)
            ask_feed(new_part(g, PART_FEED, i));
}

/* ---- the end ---- */

static void gather_free(struct gather *g)
{
    for (size_t i = 0; i < FEEDS_MAX; i++) {
        if (g->feed[i])
            feed_release(g->feed[i]);
        mem_free(g->feed[i]);
    }
    mem_free(g);
}

static void unlink_gather(struct gather *g)
{
    if (g->prev)
        g->prev->next = g->next;
    else
        g->m->gathers = g->next;
    if (g->next)
        g->next->prev = g->prev;
}

static void copy_benchmark(struct gather *g)
{
    struct market_data *out = g->out;
    out->benchmark_from = out->bars_from;
    for (size_t i = 0; i < out->bars.n; i++)
        bars_add(&out->benchmark_bars, &out->bars.bar[i]);
}

static void complete(struct gather *g)
{
    struct error e = {0};
    if (g->only_bars) {
        if (strcmp(g->symbol, LIVE_BENCHMARK) == 0)
            copy_benchmark(g);
    } else if (g->spread) {
        if (live_mend_basis(g))
            return;
        if (strcmp(g->symbol, LIVE_BENCHMARK) == 0)
            copy_benchmark(g);
        live_merge_statements(g);
        live_merge_news(g);
    } else {
        err_set(&e, ERR_USAGE, "\"%s\" is not a known symbol: FMP has neither quote nor profile",
                g->out->symbol);
        err_code(&e, "E20");
        err_fix(&e, "check the spelling; a class of shares is written BRK-B");
    }
    unlink_gather(g);
    g->done(g->arg, e.kind ? &e : NULL);
    gather_free(g);
}

static void answered(void *arg, const struct vendor_answer *a)
{
    struct part *p = arg;
    struct gather *g = p->g;
    if (!g->m) {
        if (--g->open == 0)
            gather_free(g);
        return;
    }
    /* Still counted as open, so that what is asked here does not end the gather. */
    live_take(p, a);
    if (!g->only_bars)
        spread(g);
    if (--g->open == 0)
        complete(g);
}

/* ---- the provider ---- */

bool live_refuse_symbol(const char *symbol, struct error *e)
{
    if (text_is_symbol(symbol))
        return false;
    err_set(e, ERR_USAGE, "\"%.20s\" is not a symbol: 1 to 12 of A-Z 0-9 . - ^", symbol);
    err_code(e, "E20");
    return true;
}

static struct gather *new_gather(struct market *base, const char *symbol, int64_t as_of,
                                 struct market_data *out,
                                 void (*done)(void *arg, const struct error *e), void *arg)
{
    struct market_live *m = (struct market_live *)base;
    struct gather *g = mem_alloc(sizeof *g);
    *g = (struct gather){.m = m, .next = m->gathers, .out = out, .done = done, .arg = arg};
    g->fresh = m->fresh || m->fresh_next > 0;
    m->fresh_next -= m->fresh_next > 0;
    if (m->gathers)
        m->gathers->prev = g;
    m->gathers = g;
    fmp_symbol(g->symbol, symbol);
    copy_text(out->symbol, sizeof out->symbol, symbol);
    copy_text(out->benchmark, sizeof out->benchmark, LIVE_BENCHMARK);
    out->as_of = as_of;
    return g;
}

/* Two parts to begin with; second may be the first. */
static void ask_first(struct gather *g, enum part_kind first, enum part_kind second)
{
    g->open++; /* this function: an answer may come before it returns when the vendor closes */
    live_ask_fmp(new_part(g, first, 0), -1, g->fresh);
    if (second != first)
        live_ask_fmp(new_part(g, second, 0), -1, g->fresh);
    g->open--;
    if (g->open == 0)
        complete(g);
}

static void live_gather(struct market *base, const char *symbol, int64_t as_of,
                        struct market_data *out, void (*done)(void *arg, const struct error *e),
                        void *arg)
{
    struct error e = {0};
    if (live_refuse_symbol(symbol, &e))
        done(arg, &e);
    else
        ask_first(new_gather(base, symbol, as_of, out, done, arg), PART_QUOTE, PART_PROFILE);
}

static void live_bars(struct market *base, const char *symbol, int64_t as_of,
                      struct market_data *out, void (*done)(void *arg, const struct error *e),
                      void *arg)
{
    struct error e = {0};
    if (live_refuse_symbol(symbol, &e)) {
        done(arg, &e);
        return;
    }
    struct gather *g = new_gather(base, symbol, as_of, out, done, arg);
    bool is_benchmark = strcmp(g->symbol, LIVE_BENCHMARK) == 0;
    g->only_bars = true;
    ask_first(g, PART_BARS, is_benchmark ? PART_BARS : PART_BENCHMARK);
}

static void live_free(struct market *base)
{
    struct market_live *m = (struct market_live *)base;
    for (struct gather *g = m->gathers; g; g = g->next)
        g->m = NULL; /* ends with its last answer, at the latest in vendor_free */
    for (struct lone_quote *q = m->quotes; q; q = q->next)
        q->m = NULL;
    feed_sources_release(&m->feeds);
    explicit_bzero(m->key_header, strlen(m->key_header));
    mem_free(m->key_header);
    mem_free(m->base_url);
    mem_free(m);
}

static void live_symbols(struct market *base, struct buf *b)
{
    (void)base;
    buf_str(b, "");
}

static int32_t live_last_session(struct market *base, int64_t now)
{
    (void)base;
    return calendar_last_closed(now);
}

static const struct market_ops live_ops = {
    .name = "live",
    .free = live_free,
    .gather = live_gather,
    .symbols = live_symbols,
    .last_session = live_last_session,
    .quote = live_quote,
    .bars = live_bars,
};

struct market *market_live_new(const struct market_live_options *o)
{
    struct market_live *m = mem_alloc(sizeof *m);
    struct buf header = {0};
    m->base.ops = &live_ops;
    m->vendor = o->vendor;
    m->base_url = mem_text(o->fmp_base_url);
    buf_printf(&header, "apikey: %s", o->fmp_key);
    m->key_header = header.data;
    m->fresh = o->fresh;
    feed_sources_init(&m->feeds, o->feeds, o->contact);
    return &m->base;
}

void market_live_fresh(struct market *market)
{
    if (market->ops == &live_ops)
        ((struct market_live *)market)->fresh_next++;
}
