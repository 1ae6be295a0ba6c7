/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live market: what FMP and the feeds say, through the counted and cached calls of vendor.h.
 * A gather asks for quote and profile first: as soon as one of them knows the symbol, or neither
 * can tell, the rest is asked for in parallel. So a misspelt symbol costs two of the day's calls.
 * Each part may fail by itself; the others stand. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/market/fmp.h"
#include "core/market/news_feeds.h"
#include "quorum/calendar.h"
#include "quorum/log.h"
#include "quorum/market.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/vendor.h"

static const char benchmark[] = "SPY";

enum {
    YEARS_OF_BARS = 3, /* 252 sessions for the percentile of ATR and its own warm-up, twice over */
    CLOCKS_APART_S = 120,
    QUOTE_OLD_S = 30 * 60, /* while the exchange is open */
    SECOND_LOOK_S = 3600,  /* an answer that should have more by now is asked for again after */
    LATE_CLOSE_S = 15 * 60,
};

enum part_kind {
    PART_QUOTE,
    PART_PROFILE,
    PART_INCOME,
    PART_BALANCE,
    PART_CASH_FLOW,
    PART_BARS,
    PART_BENCHMARK,
    PART_FEED,
};

struct market_live {
    struct market base;
    struct vendor *vendor;
    char *base_url;
    char *key_header; /* secret */
    struct feed_sources feeds;
    struct gather *gathers;
    bool fresh;
    unsigned fresh_next; /* so many of the next gathers ignore the cache */
};

enum knowledge { ASKED, KNOWN, UNKNOWN, FAILED };

struct part {
    struct gather *g;
    enum part_kind kind;
    size_t feed; /* index of a PART_FEED */
    bool again;  /* asked for a second time */
};

struct gather {
    struct market_live *m; /* NULL: the market is gone, nobody waits */
    struct gather *prev, *next;
    struct market_data *out;
    void (*done)(void *arg, const struct error *e);
    void *arg;
    char symbol[16]; /* as FMP writes it */
    bool fresh, spread;
    size_t open;
    enum knowledge quote, profile;
    struct fmp_years years;
    struct provenance statement[3];
    struct provenance headline[FEEDS_MAX];
    struct feed *feed[FEEDS_MAX];
    struct part part[PART_FEED + FEEDS_MAX];
};

static void answered(void *arg, const struct vendor_answer *a);

/* ---- asking ---- */

static enum fmp_endpoint endpoint_of(enum part_kind kind)
{
    static const enum fmp_endpoint endpoints[] = {
        [PART_QUOTE] = FMP_QUOTE,     [PART_PROFILE] = FMP_PROFILE,     [PART_INCOME] = FMP_INCOME,
        [PART_BALANCE] = FMP_BALANCE, [PART_CASH_FLOW] = FMP_CASH_FLOW, [PART_BARS] = FMP_BARS,
        [PART_BENCHMARK] = FMP_BARS,
    };
    return endpoints[kind];
}

/* life_s below 0: the endpoint's own. */
static void ask_fmp(struct part *p, int64_t life_s, bool fresh)
{
    struct gather *g = p->g;
    enum fmp_endpoint endpoint = endpoint_of(p->kind);
    const char *symbol = p->kind == PART_BENCHMARK ? benchmark : g->symbol;
    struct civil c = day_to_civil(exchange_day(g->out->as_of));
    struct buf url = {0};
    /* The first of a month exists in every year. */
    fmp_url(&url, g->m->base_url, endpoint, symbol,
            day_from_civil(c.year - YEARS_OF_BARS, c.month, 1));
    struct vendor_request r = {
        .vendor = "fmp",
        .endpoint = fmp_endpoint_name(endpoint),
        .symbol = symbol,
        .url = buf_text(&url),
        .header = {g->m->key_header, "Accept: application/json"},
        .nheaders = 2,
        .life_s = life_s < 0 ? fmp_life_s(endpoint, g->out->as_of) : life_s,
        .counted = true,
        .ignore_cache = fresh,
        .judge = fmp_judge,
    };
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
        if (kind != PART_BENCHMARK || strcmp(g->symbol, benchmark) != 0)
            ask_fmp(new_part(g, (enum part_kind)kind, 0), -1, g->fresh);
    for (size_t i = 0; i < g->m->feeds.n; i++)
        if (!*g->m->feeds.source[i].skipped)
            ask_feed(new_part(g, PART_FEED, i));
}

/* ---- where a datum comes from ---- */

static void print_age(char *dst, size_t size, int64_t s)
{
    if (s < 3600)
        snprintf(dst, size, "%lld min", (long long)(s / 60));
    else if (s < 2 * 86400)
        snprintf(dst, size, "%lld h", (long long)(s / 3600));
    else
        snprintf(dst, size, "%lld days", (long long)(s / 86400));
}

static struct provenance origin(const struct vendor_answer *a, const char *source)
{
    struct provenance p = {.state = a->state == VENDOR_FRESH   ? DATUM_PRESENT
                                    : a->state == VENDOR_STALE ? DATUM_STALE
                                                               : DATUM_ERROR,
                           .as_of = TIME_NONE,
                           .published_at = TIME_NONE,
                           .fetched_at = a->fetched_at};
    char age[24];
    copy_text(p.source, sizeof p.source, source);
    sanitize_line(p.reason, sizeof p.reason, untrusted(a->problem));
    if (a->state == VENDOR_STALE) {
        print_age(age, sizeof age, a->age_s);
        snprintf(p.reason, sizeof p.reason, "%s old; %.100s", age, a->problem);
    }
    return p;
}

/* After a read that failed: ABSENT when the vendor has nothing, ERROR when it said nonsense. */
static void mark(struct provenance *p, const struct error *e)
{
    p->state = e->kind == ERR_USAGE ? DATUM_ABSENT : DATUM_ERROR;
    sanitize_line(p->reason, sizeof p->reason, untrusted(e->text));
}

static enum knowledge knowledge_of(enum err kind)
{
    return kind == OK ? KNOWN : kind == ERR_USAGE ? UNKNOWN : FAILED;
}

/* ---- quote ---- */

static void judge_quote_time(struct quote *q, int64_t as_of)
{
    struct provenance *p = &q->from;
    char when[33];
    int64_t stamp = p->as_of, open = calendar_open(exchange_day(as_of));
    int64_t closed = calendar_close(calendar_last_closed(as_of));
    bool trading = calendar_session(exchange_day(as_of)) != SESSION_CLOSED && as_of >= open &&
                   as_of < calendar_close(exchange_day(as_of));
    if (p->state == DATUM_STALE)
        return;
    if (stamp == TIME_NONE) {
        p->state = DATUM_STALE;
        copy_text(p->reason, sizeof p->reason, "FMP gives no time for the price");
    } else if (stamp > as_of + CLOCKS_APART_S * USEC_SECOND) {
        struct provenance from = *p;
        *q = (struct quote){.from = from};
        p->state = DATUM_ERROR;
        snprintf(p->reason, sizeof p->reason, "the price is of %s, after the time of the decision",
                 time_print(when, stamp));
    } else if (stamp < closed - LATE_CLOSE_S * USEC_SECOND ||
               (trading && as_of - stamp > QUOTE_OLD_S * USEC_SECOND)) {
        p->state = DATUM_STALE;
        snprintf(p->reason, sizeof p->reason, "the price is of %s%s", time_print(when, stamp),
                 trading ? ", and the exchange is open" : "");
    }
}

static void take_quote(struct gather *g, const struct vendor_answer *a)
{
    struct quote q = {.price = 0};
    struct error e = {0};
    struct provenance from = origin(a, "fmp");
    g->quote = FAILED;
    if (a->state != VENDOR_NONE) {
        enum err rc = fmp_read_quote(a->body, a->body_len, g->symbol, &q, &e);
        g->quote = knowledge_of(rc);
        if (rc)
            mark(&from, &e);
        from.as_of = q.from.as_of;
        from.published_at = q.from.published_at;
    }
    bool usable = g->quote == KNOWN;
    if (!usable)
        q = (struct quote){.price = 0};
    q.from = from;
    g->out->quote = q;
    if (usable)
        judge_quote_time(&g->out->quote, g->out->as_of);
}

static void take_profile(struct gather *g, const struct vendor_answer *a)
{
    struct profile *p = &g->out->profile;
    struct error e = {0};
    p->from = origin(a, "fmp");
    g->profile = FAILED;
    if (a->state == VENDOR_NONE)
        return;
    enum err rc = fmp_read_profile(a->body, a->body_len, g->symbol, p, &e);
    g->profile = knowledge_of(rc);
    p->from.as_of = a->fetched_at;
    if (rc)
        mark(&p->from, &e);
}

/* ---- bars ---- */

/* True when the vendor should have more by now and was not asked for an hour. */
static bool is_worth_asking_again(const struct part *p, const struct vendor_answer *a, int behind)
{
    return behind > 0 && !p->again && a->state == VENDOR_FRESH && a->age_s > SECOND_LOOK_S;
}

static void take_bars(struct part *p, const struct vendor_answer *a)
{
    struct market_data *out = p->g->out;
    bool own = p->kind == PART_BARS;
    struct bars *bars = own ? &out->bars : &out->benchmark_bars;
    struct provenance *from = own ? &out->bars_from : &out->benchmark_from;
    struct error e = {0};
    size_t left_out = 0;
    int32_t closed = calendar_last_closed(out->as_of);
    char date[11];
    bars_release(bars);
    *from = origin(a, "fmp");
    if (a->state == VENDOR_NONE)
        return;
    if (fmp_read_bars(a->body, a->body_len, own ? p->g->symbol : benchmark, closed, bars, &left_out,
                      &e)) {
        mark(from, &e);
        return;
    }
    int32_t last = bars->bar[bars->n - 1].day;
    int behind = calendar_between(last, closed);
    from->as_of = from->published_at = calendar_close(last);
    if (is_worth_asking_again(p, a, behind)) {
        p->again = true;
        ask_fmp(p, SECOND_LOOK_S, false);
    } else if (behind > 1 && from->state == DATUM_PRESENT) {
        from->state = DATUM_STALE;
        snprintf(from->reason, sizeof from->reason, "FMP's last bar is of %s, %d sessions back",
                 day_print(date, last), behind);
    } else if (behind == 1 && from->state == DATUM_PRESENT) {
        snprintf(from->reason, sizeof from->reason, "FMP's last bar is still of %s",
                 day_print(date, last));
    } else if (left_out && from->state == DATUM_PRESENT) {
        snprintf(from->reason, sizeof from->reason, "%zu rows left out that are no bars", left_out);
    }
}

/* Are bars and quote on one basis? A split of today shows in the quote before it shows in bars
 * that were kept since yesterday, and a price of half the average would look like a crash. */
static bool is_one_basis(const struct market_data *d)
{
    const struct quote *q = &d->quote;
    if (q->previous_close <= 0 || q->from.as_of == TIME_NONE)
        return true;
    size_t n = bars_until(&d->bars, exchange_day(q->from.as_of) - 1);
    if (n == 0)
        return true;
    double ratio = (double)q->previous_close / (double)d->bars.bar[n - 1].close;
    /* The bar before the quote's day must be the very day before, or prices have moved on. */
    return calendar_next(d->bars.bar[n - 1].day) != exchange_day(q->from.as_of) ||
           (ratio > 0.8 && ratio < 1.25);
}

/* True when the bars are asked for again. */
static bool mend_basis(struct gather *g)
{
    struct part *p = &g->part[PART_BARS];
    if (g->out->bars.n == 0 || g->quote != KNOWN || is_one_basis(g->out))
        return false;
    if (!p->again) {
        p->again = true;
        ask_fmp(p, 0, true);
        return true;
    }
    g->out->bars_from.state = DATUM_ERROR;
    copy_text(g->out->bars_from.reason, sizeof g->out->bars_from.reason,
              "FMP's bars and its quote are on different sides of a split");
    bars_release(&g->out->bars);
    return false;
}

/* ---- statements ---- */

static void take_statement(struct part *p, const struct vendor_answer *a)
{
    struct gather *g = p->g;
    struct provenance *from = &g->statement[p->kind - PART_INCOME];
    struct error e = {0};
    *from = origin(a, "fmp");
    if (a->state != VENDOR_NONE &&
        fmp_read_statement(a->body, a->body_len, g->symbol, endpoint_of(p->kind), &g->years, &e))
        mark(from, &e);
}

/* How much a state says about what went wrong. */
static int weight(enum datum_state s)
{
    static const int weights[] = {
        [DATUM_PRESENT] = 0, [DATUM_ABSENT] = 1, [DATUM_STALE] = 2, [DATUM_ERROR] = 3};
    return weights[s];
}

static void merge_statements(struct gather *g)
{
    struct fundamentals *f = &g->out->fundamentals;
    const struct provenance *worst = &g->statement[0];
    bool any = false, stale = false;
    for (int i = 0; i < 3; i++) {
        const struct provenance *p = &g->statement[i];
        any = any || g->years.came[i];
        stale = stale || p->state == DATUM_STALE;
        if (weight(p->state) > weight(worst->state))
            worst = p;
    }
    f->from = *worst;
    if (!any)
        return;
    fmp_merge_years(&g->years, g->out->as_of, f);
    f->from.state = f->n == 0 ? DATUM_ABSENT : stale ? DATUM_STALE : DATUM_PRESENT;
    if (*worst->reason)
        copy_text(f->from.reason, sizeof f->from.reason, worst->reason);
    else if (f->n == 0 && !*f->from.reason)
        copy_text(f->from.reason, sizeof f->from.reason, "FMP has no annual statement yet");
}

/* ---- news ---- */

static void take_feed(struct part *p, const struct vendor_answer *a)
{
    struct gather *g = p->g;
    struct error e = {0};
    g->headline[p->feed] = origin(a, "rss");
    if (a->state == VENDOR_NONE)
        return;
    struct feed *f = mem_alloc(sizeof *f);
    if (feed_parse(a->body, a->body_len, f, &e)) {
        mark(&g->headline[p->feed], &e);
        feed_release(f);
        mem_free(f);
        return;
    }
    g->feed[p->feed] = f;
}

/* In the order of the setting, so that the same answers make the same list. */
static void merge_news(struct gather *g)
{
    struct news *news = &g->out->news;
    size_t undated = 0, read = 0, stale = 0, failed = 0;
    struct buf why = {0};
    int64_t fetched = TIME_NONE;
    for (size_t i = 0; i < g->m->feeds.n; i++) {
        const struct feed_source *s = &g->m->feeds.source[i];
        const struct provenance *from = &g->headline[i];
        const char *reason = *s->skipped ? s->skipped : from->reason;
        if (*reason)
            buf_printf(&why, "%s%s%s%s", why.len ? "; " : "",
                       strstr(reason, s->host) ? "" : s->host, strstr(reason, s->host) ? "" : ": ",
                       reason);
        failed += !*s->skipped && !g->feed[i];
        if (!g->feed[i])
            continue;
        read++;
        stale += from->state == DATUM_STALE;
        fetched = from->fetched_at > fetched ? from->fetched_at : fetched;
        news_merge(news, &g->out->arena, g->feed[i], g->out->as_of, &undated);
    }
    news->from = (struct provenance){.state = DATUM_PRESENT,
                                     .source = "rss",
                                     .as_of = fetched,
                                     .published_at = news->n ? news->item[0].published_at : fetched,
                                     .fetched_at = fetched};
    if (read == 0)
        news->from.state = failed ? DATUM_ERROR : DATUM_ABSENT;
    else if (stale == read)
        news->from.state = DATUM_STALE;
    if (read == 0 && !failed && why.len == 0)
        buf_str(&why, "no feed is set: QUORUM_NEWS_FEEDS is empty");
    if (undated && news->n == 0)
        buf_printf(&why, "%s%zu headlines without a date left out", why.len ? "; " : "", undated);
    sanitize_line(news->from.reason, sizeof news->from.reason, untrusted(buf_text(&why)));
    buf_release(&why);
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
    if (g->spread) {
        if (mend_basis(g))
            return;
        if (strcmp(g->symbol, benchmark) == 0)
            copy_benchmark(g);
        merge_statements(g);
        merge_news(g);
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

static void take_part(struct part *p, const struct vendor_answer *a)
{
    switch (p->kind) {
    case PART_QUOTE:
        take_quote(p->g, a);
        break;
    case PART_PROFILE:
        take_profile(p->g, a);
        break;
    case PART_INCOME:
    case PART_BALANCE:
    case PART_CASH_FLOW:
        take_statement(p, a);
        break;
    case PART_BARS:
    case PART_BENCHMARK:
        take_bars(p, a);
        break;
    case PART_FEED:
        take_feed(p, a);
        break;
    }
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
    /* Still counted as open, so that what is asked for now does not end the gather. */
    take_part(p, a);
    spread(g);
    if (--g->open == 0)
        complete(g);
}

/* ---- the provider ---- */

static void live_gather(struct market *base, const char *symbol, int64_t as_of,
                        struct market_data *out, void (*done)(void *arg, const struct error *e),
                        void *arg)
{
    struct market_live *m = (struct market_live *)base;
    struct error e = {0};
    if (!text_is_symbol(symbol)) {
        err_set(&e, ERR_USAGE, "\"%.20s\" is not a symbol: 1 to 12 of A-Z 0-9 . - ^", symbol);
        err_code(&e, "E20");
        done(arg, &e);
        return;
    }
    struct gather *g = mem_alloc(sizeof *g);
    *g = (struct gather){.m = m, .next = m->gathers, .out = out, .done = done, .arg = arg};
    g->fresh = m->fresh || m->fresh_next > 0;
    m->fresh_next -= m->fresh_next > 0;
    if (m->gathers)
        m->gathers->prev = g;
    m->gathers = g;
    fmp_symbol(g->symbol, symbol);
    copy_text(out->symbol, sizeof out->symbol, symbol);
    copy_text(out->benchmark, sizeof out->benchmark, benchmark);
    out->as_of = as_of;
    g->open++; /* this function: an answer may come before it returns when the vendor closes */
    ask_fmp(new_part(g, PART_QUOTE, 0), -1, g->fresh);
    ask_fmp(new_part(g, PART_PROFILE, 0), -1, g->fresh);
    g->open--;
    if (g->open == 0)
        complete(g);
}

static void live_free(struct market *base)
{
    struct market_live *m = (struct market_live *)base;
    for (struct gather *g = m->gathers; g; g = g->next)
        g->m = NULL; /* ends with its last answer, at the latest in vendor_free */
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
