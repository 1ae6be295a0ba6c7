/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/market/live_private.h"
#include "quorum/calendar.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum {
    CLOCKS_APART_S = 120,
    QUOTE_OLD_S = 30 * 60, /* while the exchange is open */
    LATE_CLOSE_S = 15 * 60,
    SECOND_LOOK_S = 3600, /* an answer that should have more by now is asked for again after */
};

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

/* Older than it should be? While the exchange is open an age of half an hour is borne, or that of
 * the answers the caller puts up with. */
static void judge_quote_time(struct quote *q, int64_t as_of, int64_t max_age)
{
    int64_t bearable = QUOTE_OLD_S * USEC_SECOND;
    struct provenance *p = &q->from;
    char when[33];
    int64_t stamp = p->as_of, open = calendar_open(exchange_day(as_of));
    int64_t closed = calendar_close(calendar_last_closed(as_of));
    bool trading = calendar_session(exchange_day(as_of)) != SESSION_CLOSED && as_of >= open &&
                   as_of < calendar_close(exchange_day(as_of));
    if (max_age > bearable - CLOCKS_APART_S * USEC_SECOND)
        bearable = max_age + CLOCKS_APART_S * USEC_SECOND;
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
               (trading && as_of - stamp > bearable)) {
        p->state = DATUM_STALE;
        snprintf(p->reason, sizeof p->reason, "the price is of %s%s", time_print(when, stamp),
                 trading ? ", and the exchange is open" : "");
    }
}

enum knowledge live_read_quote(const struct vendor_answer *a, const char *symbol, int64_t as_of,
                               int64_t max_age, struct quote *out)
{
    struct quote q = {.price = 0};
    struct error e = {0};
    struct provenance from = origin(a, "fmp");
    enum knowledge is = FAILED;
    if (a->state != VENDOR_NONE) {
        enum err rc = fmp_read_quote(a->body, a->body_len, symbol, &q, &e);
        is = knowledge_of(rc);
        if (rc)
            mark(&from, &e);
        from.as_of = q.from.as_of;
        from.published_at = q.from.published_at;
    }
    *out = is == KNOWN ? q : (struct quote){.price = 0};
    out->from = from;
    if (is == KNOWN)
        judge_quote_time(out, as_of, max_age);
    return is;
}

static void take_quote(struct gather *g, const struct vendor_answer *a)
{
    g->quote = live_read_quote(a, g->symbol, g->out->as_of, 0, &g->out->quote);
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
    if (fmp_read_bars(a->body, a->body_len, own ? p->g->symbol : LIVE_BENCHMARK, closed, bars,
                      &left_out, &e)) {
        mark(from, &e);
        return;
    }
    int32_t last = bars->bar[bars->n - 1].day;
    int behind = calendar_between(last, closed);
    from->as_of = from->published_at = calendar_close(last);
    if (is_worth_asking_again(p, a, behind)) {
        p->again = true;
        live_ask_fmp(p, SECOND_LOOK_S, false);
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
bool live_mend_basis(struct gather *g)
{
    struct part *p = &g->part[PART_BARS];
    if (g->out->bars.n == 0 || g->quote != KNOWN || is_one_basis(g->out))
        return false;
    if (!p->again) {
        p->again = true;
        live_ask_fmp(p, 0, true);
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
        fmp_read_statement(a->body, a->body_len, g->symbol, live_endpoint(p->kind), &g->years, &e))
        mark(from, &e);
}

/* How much a state says about what went wrong. */
static int weight(enum datum_state s)
{
    static const int weights[] = {
        [DATUM_PRESENT] = 0, [DATUM_ABSENT] = 1, [DATUM_STALE] = 2, [DATUM_ERROR] = 3};
    return weights[s];
}

void live_merge_statements(struct gather *g)
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
void live_merge_news(struct gather *g)
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

void live_take(struct part *p, const struct vendor_answer *a)
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
