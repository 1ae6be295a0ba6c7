/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake/fake_market.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fake/fake_market_data.h"
#include "quorum/buf.h"
#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

enum { ENDPOINTS = 7, WAIT_S = 20 };

static const struct {
    const char *name, *path;
} endpoints[ENDPOINTS] = {
    {"quote", "/stable/quote"},
    {"profile", "/stable/profile"},
    {"income", "/stable/income-statement"},
    {"balance", "/stable/balance-sheet-statement"},
    {"cash-flow", "/stable/cash-flow-statement"},
    {"eod", "/stable/historical-price-eod/full"},
    {"rss", "/rss/"},
};

static const struct {
    const char *name;
    int status;
    const char *body;
} faults[FAKE_FAULTS] = {
    [FAKE_FINE] = {"fine", 200, NULL},
    [FAKE_BAD_KEY] = {"bad-key", 401,
                      "{\"Error Message\": \"Invalid API KEY. Feel free to create a Free API Key "
                      "or visit https://site.financialmodelingprep.com/faqs?search=why-is-my-api-"
                      "key-invalid for more information.\"}"},
    [FAKE_RESTRICTED] = {"restricted", 402,
                         "Restricted Endpoint: This endpoint is not available under your current "
                         "subscription please visit our subscription page to upgrade your plan at "
                         "https://financialmodelingprep.com/"},
    [FAKE_SYMBOL_PLAN] = {"symbol-plan", 402,
                          "Premium Query Parameter: 'Special Endpoint : This value set for "
                          "'symbol' is not available under your current subscription please visit "
                          "our subscription page to upgrade your plan at "
                          "https://financialmodelingprep.com/"},
    [FAKE_LEGACY] = {"legacy", 403,
                     "{\"Error Message\": \"Legacy Endpoint : Due to Legacy endpoints being no "
                     "longer supported\"}"},
    [FAKE_SUSPENDED] = {"suspended", 403,
                        "{\"Error Message\":\"Account suspended. Please contact "
                        "info@financialmodelingprep.com more details.\"}"},
    [FAKE_NOT_FOUND] = {"not-found", 404, "<html><body>404</body></html>"},
    [FAKE_LIMIT] = {"limit", 429,
                    "{\"Error Message\": \"Limit Reach . Please upgrade your plan or visit our "
                    "documentation for more details at "
                    "https://site.financialmodelingprep.com/\"}"},
    [FAKE_LIMIT_200] = {"limit-200", 200,
                        "{\"Error Message\": \"Limit Reach . Please upgrade your plan\"}"},
    [FAKE_BANDWIDTH] = {"bandwidth", 429, "Bandwidth Limit Reach . Please upgrade your plan"},
    [FAKE_TOO_FAST] = {"too-fast", 429, "Too Many Requests"},
    [FAKE_DOWN] = {"down", 503, "<html><head><title>503</title></head></html>"},
    [FAKE_PAGE] = {"page", 200,
                   "<!DOCTYPE html><html><head><title>Just a moment</title></head></html>"},
    [FAKE_GARBLED] = {"garbled", 200, "[{\"symbol\":\"AAPL\",\"pri"},
    [FAKE_CUT] = {"cut", 200, NULL},
    [FAKE_EMPTY] = {"empty", 200, "[]"},
};

struct fake_market {
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char url[40];
    struct fake_world world;
    char *feed;
    bool hold;
    int calls[ENDPOINTS], unmodified;
    enum fake_fault fault[ENDPOINTS];
    int times[ENDPOINTS];
    char agent[ENDPOINTS][200];
    char wrong[200];
};

const char *fake_fault_name(enum fake_fault f)
{
    return faults[f].name;
}

static int endpoint_of(const char *path)
{
    for (int i = 0; i < ENDPOINTS; i++)
        if (strncmp(path, endpoints[i].path, strlen(endpoints[i].path)) == 0)
            return i;
    return -1;
}

static enum MHD_Result look_for_key(void *arg, enum MHD_ValueKind kind, const char *key,
                                    const char *value)
{
    struct fake_market *f = arg;
    (void)kind;
    if (strcasecmp(key, "apikey") == 0 || (value && strstr(value, FAKE_MARKET_KEY)))
        snprintf(f->wrong, sizeof f->wrong, "the key is in an address, as %.40s", key);
    return MHD_YES;
}

/* Under the lock. True when the call may have its answer. */
static bool check_call(struct fake_market *f, struct MHD_Connection *c, int endpoint)
{
    const char *key = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "apikey");
    const char *agent = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "User-Agent");
    bool is_feed = strcmp(endpoints[endpoint].name, "rss") == 0;
    f->calls[endpoint]++;
    copy_text(f->agent[endpoint], sizeof f->agent[endpoint], agent ? agent : "");
    MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, look_for_key, f);
    if (is_feed && key)
        snprintf(f->wrong, sizeof f->wrong, "a feed was sent the key");
    pthread_cond_broadcast(&f->changed);
    while (f->hold)
        pthread_cond_wait(&f->changed, &f->lock);
    return is_feed || (key && strcmp(key, FAKE_MARKET_KEY) == 0);
}

static enum fake_fault next_fault(struct fake_market *f, int endpoint)
{
    if (f->times[endpoint] == 0)
        return FAKE_FINE;
    if (f->times[endpoint] > 0)
        f->times[endpoint]--;
    return f->fault[endpoint];
}

/* Half of what was promised, then the end. */
static ssize_t cut_reader(void *arg, uint64_t at, char *dst, size_t size)
{
    (void)arg;
    if (at >= 100)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = size < 100 - at ? size : (size_t)(100 - at);
    memset(dst, ' ', n);
    return (ssize_t)n;
}

static enum MHD_Result reply(struct MHD_Connection *c, int status, const char *body, size_t len,
                             const char *etag)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(len, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (etag)
        MHD_add_response_header(r, "ETag", etag);
    MHD_add_response_header(r, "Content-Type", *body == '<' ? "text/xml" : "application/json");
    enum MHD_Result queued = MHD_queue_response(c, (unsigned)status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result reply_cut(struct MHD_Connection *c)
{
    struct MHD_Response *r = MHD_create_response_from_callback(2000, 1000, cut_reader, NULL, NULL);
    enum MHD_Result queued = MHD_queue_response(c, 200, r);
    MHD_destroy_response(r);
    return queued;
}

/* Under the lock. */
static void write_answer(struct fake_market *f, int endpoint, const char *symbol, struct buf *b)
{
    if (strcmp(endpoints[endpoint].name, "rss") == 0) {
        if (f->feed)
            buf_str(b, f->feed);
        else
            fake_data_feed(&f->world, symbol, b);
        return;
    }
    fake_data_answer(&f->world, endpoints[endpoint].name, symbol, b);
}

static enum MHD_Result answer_fine(struct fake_market *f, struct MHD_Connection *c, int endpoint)
{
    const char *symbol = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "symbol");
    const char *known = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-None-Match");
    struct buf b = {0};
    char etag[24] = "";
    symbol = symbol ? symbol : MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "s");
    pthread_mutex_lock(&f->lock);
    write_answer(f, endpoint, symbol ? symbol : "", &b);
    if (strcmp(endpoints[endpoint].name, "rss") == 0) {
        uint32_t h = 5381;
        for (size_t i = 0; i < b.len; i++)
            h = h * 33 + (unsigned char)b.data[i];
        snprintf(etag, sizeof etag, "\"%08x\"", h);
    }
    bool unmodified = *etag && known && strcmp(known, etag) == 0;
    f->unmodified += unmodified;
    pthread_mutex_unlock(&f->lock);
    enum MHD_Result r = unmodified ? reply(c, 304, "", 0, etag)
                                   : reply(c, 200, buf_text(&b), b.len, *etag ? etag : NULL);
    buf_release(&b);
    return r;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    struct fake_market *f = arg;
    int endpoint = endpoint_of(path);
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)state;
    if (strcmp(method, "GET") != 0 || endpoint < 0)
        return reply(c, 404, "[]", 2, NULL);
    pthread_mutex_lock(&f->lock);
    bool allowed = check_call(f, c, endpoint);
    enum fake_fault fault = allowed ? next_fault(f, endpoint) : FAKE_BAD_KEY;
    pthread_mutex_unlock(&f->lock);
    if (fault == FAKE_CUT)
        return reply_cut(c);
    if (fault == FAKE_FINE)
        return answer_fine(f, c, endpoint);
    return reply(c, faults[fault].status, faults[fault].body, strlen(faults[fault].body), NULL);
}

struct fake_market *fake_market_start(const char *recorded)
{
    struct fake_market *f = mem_alloc(sizeof *f);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->world.recorded = recorded && *recorded ? recorded : NULL;
    f->world.last = calendar_last_closed(time_machine_now());
    f->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
                                 NULL, NULL, handle, f, MHD_OPTION_SOCK_ADDR, &here,
                                 MHD_OPTION_CONNECTION_TIMEOUT, 60U, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        f->daemon ? MHD_get_daemon_info(f->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!info) {
        fake_market_stop(f);
        return NULL;
    }
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u", (unsigned)info->port);
    return f;
}

void fake_market_stop(struct fake_market *f)
{
    if (!f)
        return;
    fake_market_hold(f, false);
    if (f->daemon)
        MHD_stop_daemon(f->daemon);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    mem_free(f->feed);
    mem_free(f);
}

const char *fake_market_url(const struct fake_market *f)
{
    return f->url;
}

void fake_market_feed(const struct fake_market *f, const char *name, char *dst, int size)
{
    snprintf(dst, (size_t)size, "%s/rss/%s?s={symbol}", f->url, name);
}

void fake_market_set_day(struct fake_market *f, int32_t day)
{
    pthread_mutex_lock(&f->lock);
    f->world.last = day;
    pthread_mutex_unlock(&f->lock);
}

void fake_market_set_stamp(struct fake_market *f, int64_t seconds)
{
    pthread_mutex_lock(&f->lock);
    f->world.stamp = seconds;
    pthread_mutex_unlock(&f->lock);
}

void fake_market_set_quote(struct fake_market *f, const char *symbol, const struct fake_quote *q)
{
    pthread_mutex_lock(&f->lock);
    int at = -1;
    for (int i = 0; i < FAKE_QUOTES; i++) {
        bool is_it = strcmp(f->world.quote[i].symbol, symbol) == 0;
        if (is_it || (at < 0 && !f->world.quote[i].symbol[0]))
            at = i;
        if (is_it)
            break;
    }
    if (at >= 0) {
        copy_text(f->world.quote[at].symbol, sizeof f->world.quote[at].symbol, q ? symbol : "");
        if (q)
            f->world.quote[at].says = *q;
    }
    pthread_mutex_unlock(&f->lock);
}

void fake_market_hold_bars(struct fake_market *f, const char *symbols)
{
    pthread_mutex_lock(&f->lock);
    copy_text(f->world.late, sizeof f->world.late, symbols);
    pthread_mutex_unlock(&f->lock);
}

void fake_market_split(struct fake_market *f, int n)
{
    pthread_mutex_lock(&f->lock);
    f->world.split = n;
    pthread_mutex_unlock(&f->lock);
}

void fake_market_fail(struct fake_market *f, const char *endpoint, enum fake_fault fault, int times)
{
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < ENDPOINTS; i++) {
        if (endpoint && strcmp(endpoint, endpoints[i].name) != 0)
            continue;
        f->fault[i] = fault;
        f->times[i] = times;
    }
    pthread_mutex_unlock(&f->lock);
}

void fake_market_set_feed(struct fake_market *f, const char *body)
{
    pthread_mutex_lock(&f->lock);
    mem_free(f->feed);
    f->feed = mem_text(body);
    pthread_mutex_unlock(&f->lock);
}

void fake_market_hold(struct fake_market *f, bool hold)
{
    pthread_mutex_lock(&f->lock);
    f->hold = hold;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

static int count(const struct fake_market *f, const char *endpoint)
{
    int n = 0;
    for (int i = 0; i < ENDPOINTS; i++)
        if (!endpoint || strcmp(endpoint, endpoints[i].name) == 0)
            n += f->calls[i];
    return n;
}

bool fake_market_wait_calls(struct fake_market *f, const char *endpoint, int n)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&f->lock);
    while (count(f, endpoint) < n && rc == 0)
        rc = pthread_cond_timedwait(&f->changed, &f->lock, &until);
    bool came = count(f, endpoint) >= n;
    pthread_mutex_unlock(&f->lock);
    return came;
}

int fake_market_calls(struct fake_market *f, const char *endpoint)
{
    pthread_mutex_lock(&f->lock);
    int n = count(f, endpoint);
    pthread_mutex_unlock(&f->lock);
    return n;
}

int fake_market_not_modified(struct fake_market *f)
{
    pthread_mutex_lock(&f->lock);
    int n = f->unmodified;
    pthread_mutex_unlock(&f->lock);
    return n;
}

void fake_market_agent(struct fake_market *f, const char *endpoint, char *dst, int size)
{
    *dst = '\0';
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < ENDPOINTS; i++)
        if (strcmp(endpoint, endpoints[i].name) == 0)
            copy_text(dst, (size_t)size, f->agent[i]);
    pthread_mutex_unlock(&f->lock);
}

const char *fake_market_wrong(struct fake_market *f)
{
    return f->wrong;
}
