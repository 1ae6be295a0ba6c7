/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/market/news_feeds.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/vendor.h"

#define AGENT_BROWSER                                                                              \
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
#define AGENT_OWN "User-Agent: quorum (reads headlines for one desk)"

static const char built_in[] =
    "https://feeds.finance.yahoo.com/rss/2.0/headline?s={symbol}&region=US&lang=en-US "
    "https://news.google.com/rss/search?q=%22{symbol}%22+stock+when:7d&hl=en-US&gl=US&ceid=US:en";

static const char placeholder[] = "{symbol}";

/* Servers that answer a browser and nobody else (429, or silence). */
static const char *const browser_hosts[] = {"yahoo.com", "nasdaq.com"};

static bool is_host(const char *host, const char *domain)
{
    size_t h = strlen(host), d = strlen(domain);
    return h >= d && strcasecmp(host + h - d, domain) == 0 && (h == d || host[h - d - 1] == '.');
}

/* FNV-1a: tells two feeds of one host apart. */
static uint32_t hash(const char *s)
{
    uint32_t h = 2166136261U;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619U;
    return h;
}

static void read_host(struct feed_source *s)
{
    const char *p = strstr(s->url, "://");
    char host[64];
    p = p ? p + 3 : s->url;
    copy_bytes(host, sizeof host, p, strcspn(p, "/?#"));
    char *at = strrchr(host, '@');
    if (at)
        memmove(host, at + 1, strlen(at));
    for (char *c = host; *c; c++)
        *c = isprint((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '?';
    copy_text(s->host, sizeof s->host, host);
    snprintf(s->endpoint, sizeof s->endpoint, "%s/%08x", host, hash(s->url));
}

static void choose_agent(struct feed_source *s, const char *contact)
{
    char host[64];
    copy_text(host, sizeof host, s->host);
    host[strcspn(host, ":")] = '\0';
    copy_text(s->agent, sizeof s->agent, AGENT_OWN);
    for (size_t i = 0; i < ARRAY_LEN(browser_hosts); i++)
        if (is_host(host, browser_hosts[i]))
            copy_text(s->agent, sizeof s->agent, AGENT_BROWSER);
    if (!is_host(host, "sec.gov"))
        return;
    if (!contact || !*contact) {
        copy_text(s->skipped, sizeof s->skipped, "QUORUM_CONTACT is not set, and SEC asks for it");
        return;
    }
    char clean[100];
    sanitize_line(clean, sizeof clean, untrusted(contact));
    snprintf(s->agent, sizeof s->agent, "User-Agent: quorum %s", clean);
}

static void add_source(struct feed_sources *s, const char *word, size_t len, const char *contact)
{
    if (s->n == FEEDS_MAX) {
        log_write(LOG_WARN, "rss", "only the first %d feeds are read", FEEDS_MAX);
        return;
    }
    struct feed_source *f = &s->source[s->n++];
    *f = (struct feed_source){.url = mem_alloc(len + 1)};
    memcpy(f->url, word, len);
    read_host(f);
    choose_agent(f, contact);
    bool is_web = strncasecmp(f->url, "http://", 7) == 0 || strncasecmp(f->url, "https://", 8) == 0;
    if (!is_web)
        copy_text(f->skipped, sizeof f->skipped, "its address is not http:// or https://");
    else if (!strstr(f->url, placeholder))
        copy_text(f->skipped, sizeof f->skipped, "its address has no {symbol}");
}

void feed_sources_init(struct feed_sources *s, const char *templates, const char *contact)
{
    *s = (struct feed_sources){.n = 0};
    const char *p = templates ? templates : built_in;
    while (*p) {
        size_t n = strcspn(p, " \t\n");
        if (n > 0 && s->n < FEEDS_MAX + 1)
            add_source(s, p, n, contact);
        p += n + strspn(p + n, " \t\n");
    }
}

void feed_sources_release(struct feed_sources *s)
{
    for (size_t i = 0; i < s->n; i++)
        mem_free(s->source[i].url);
    *s = (struct feed_sources){.n = 0};
}

void feed_source_url(const struct feed_source *s, const char *symbol, struct buf *out)
{
    const char *p = s->url;
    for (const char *at; (at = strstr(p, placeholder)); p = at + strlen(placeholder)) {
        buf_add(out, p, (size_t)(at - p));
        for (const char *c = symbol; *c; c++) {
            if (isalnum((unsigned char)*c) || strchr("-._~", *c))
                buf_char(out, *c);
            else
                buf_printf(out, "%%%02X", (unsigned char)*c);
        }
    }
    buf_str(out, p);
}

const char *feed_judge(int status, const char *body, size_t len, bool *refused, bool *exhausted)
{
    (void)refused;
    (void)exhausted;
    if (status == 429)
        return "too many requests";
    if (status == 403 || status == 401)
        return "refused";
    if (status >= 300 && status < 400)
        return "sent elsewhere";
    if (status != 200)
        return status >= 500 ? "out of order" : "no feed there";
    const char *wrong = feed_check(body, len);
    if (wrong)
        return wrong;
    struct feed f;
    struct error e = {0};
    enum err result = feed_parse(body, len, &f, &e);
    feed_release(&f);
    if (result)
        log_write(LOG_WARN, "rss", "%s", e.text);
    return result ? "the feed cannot be read" : NULL;
}

static bool is_same_story(const struct news_item *a, const char *title)
{
    struct buf x = {0}, y = {0};
    feed_title_key(&x, a->title);
    feed_title_key(&y, title);
    bool same = strcmp(buf_text(&x), buf_text(&y)) == 0;
    buf_release(&x);
    buf_release(&y);
    return same;
}

static void insert(struct news *out, struct arena *arena, const struct feed_item *item)
{
    for (size_t i = 0; i < out->n; i++)
        if (is_same_story(&out->item[i], item->title))
            return;
    size_t at = out->n;
    while (at > 0 && out->item[at - 1].published_at < item->published_at)
        at--;
    if (at == NEWS_ITEMS_MAX)
        return;
    if (out->n < NEWS_ITEMS_MAX)
        out->n++;
    for (size_t i = out->n - 1; i > at; i--)
        out->item[i] = out->item[i - 1];
    out->item[at] = (struct news_item){.title = arena_text(arena, item->title),
                                       .summary = arena_text(arena, item->summary),
                                       .outlet = arena_text(arena, item->outlet),
                                       .published_at = item->published_at};
}

void news_merge(struct news *out, struct arena *arena, const struct feed *f, int64_t as_of,
                size_t *undated)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct feed_item *item = &f->item[i];
        if (item->published_at == TIME_NONE)
            ++*undated;
        else if (item->published_at <= as_of &&
                 as_of - item->published_at <= NEWS_AGE_DAYS * USEC_DAY)
            insert(out, arena, item);
    }
    for (size_t i = 0; i < out->n; i++)
        snprintf(out->item[i].id, sizeof out->item[i].id, "n%zu", i + 1);
}

size_t market_feeds(const char *templates, const char *contact, const char *symbol,
                    struct market_feed out[MARKET_FEEDS_MAX])
{
    struct feed_sources s;
    feed_sources_init(&s, templates, contact);
    size_t n = s.n < MARKET_FEEDS_MAX ? s.n : MARKET_FEEDS_MAX;
    for (size_t i = 0; i < n; i++) {
        struct buf url = {0};
        feed_source_url(&s.source[i], symbol, &url);
        copy_text(out[i].url, sizeof out[i].url, buf_text(&url));
        buf_release(&url);
        copy_text(out[i].host, sizeof out[i].host, s.source[i].host);
        copy_text(out[i].agent, sizeof out[i].agent, s.source[i].agent);
        copy_text(out[i].skipped, sizeof out[i].skipped, s.source[i].skipped);
    }
    feed_sources_release(&s);
    return n;
}
