/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcurl's multi interface with its sockets and its timer in the loop (docs/models.md has the
 * rules about proxies, redirects and repeats). All of curl's transfers are in this file. */
#include "quorum/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/net/http_url.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum {
    CONNECT_MS = 5000,
    FIRST_BYTE_MS = 60000,
    TOTAL_MS = 120000,
    BODY_MAX = 8 << 20,
    HEADERS_BYTES_MAX = 64 << 10,
    REDIRECTS_MAX = 3,
    IDLE_EASY_MAX = 32,
    CONNECTIONS_MAX = 256,
    LAST_LOOK_MAX = 256,
    CONNECTION_IDLE_S = 60, /* younger than the idle limits of the vendors' front ends */
};

struct http {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *curl_timer;
    struct loop_timer *soon; /* starts and cancels that were asked for inside a curl callback */
    struct http_call *calls;
    struct watched *sockets;
    CURL *idle[IDLE_EASY_MAX];
    size_t nidle;
    int inside_curl;
    bool in_done;
};

struct http_call {
    struct http *h;
    struct http_call *prev, *next;
    CURL *easy; /* NULL until started */
    struct curl_slist *header;
    char *url;
    bool is_post;
    char *body;
    size_t body_len, max_body;
    int64_t connect_ms, first_byte_ms, total_ms;
    void (*on_data)(void *arg, const char *bytes, size_t len);
    http_done_fn *done;
    void *arg;
    struct loop_timer *deadline;
    int64_t start_us, first_us; /* first_us 0: no byte yet */
    int redirects;
    bool cancelled, too_large, ended, sent, unusable;
    struct buf reply, headers;
    char why[CURL_ERROR_SIZE];
};

struct watched {
    struct http *h;
    struct watched *prev, *next;
    struct loop_io *io;
    curl_socket_t fd;
};

static void start(struct http_call *c);
static void drain(struct http *h);

/* ---- response headers ---- */

const char *http_header(const struct http_response *r, const char *name, char *dst, size_t size)
{
    size_t n = strlen(name);
    dst[0] = '\0';
    for (const char *p = buf_text(&r->headers); *p;) {
        size_t line = strcspn(p, "\r\n");
        if (line > n && p[n] == ':' && strncasecmp(p, name, n) == 0) {
            const char *value = p + n + 1, *end = p + line;
            while (value < end && (*value == ' ' || *value == '\t'))
                value++;
            while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
                end--;
            copy_bytes(dst, size, value, (size_t)(end - value));
            break;
        }
        p += line;
        p += strspn(p, "\r\n");
    }
    return dst;
}

/* ---- the end of a call ---- */

static void wipe_headers(struct curl_slist *list)
{
    for (struct curl_slist *s = list; s; s = s->next)
        explicit_bzero(s->data, strlen(s->data));
    curl_slist_free_all(list);
}

static void unlink_call(struct http_call *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        c->h->calls = c->next;
    if (c->next)
        c->next->prev = c->prev;
}

static void free_call(struct http_call *c)
{
    loop_timer_free(c->deadline);
    wipe_headers(c->header);
    mem_free(c->url);
    mem_free(c->body);
    buf_release(&c->reply);
    buf_release(&c->headers);
    mem_free(c);
}

static int status_of(const struct http_call *c)
{
    const char *p = buf_text(&c->headers);
    int status = 0;
    if (strncmp(p, "HTTP/", 5) != 0)
        return 0;
    p += strcspn(p, " \r\n");
    while (*p == ' ')
        p++;
    for (int i = 0; i < 3 && *p >= '0' && *p <= '9'; i++, p++)
        status = status * 10 + (*p - '0');
    return status;
}

/* Curl no longer knows the call after this. */
static void detach(struct http_call *c)
{
    struct http *h = c->h;
    long request_size = 0;
    if (!c->easy)
        return;
    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &request_size);
    c->sent = c->sent || request_size > 0;
    h->inside_curl++;
    curl_multi_remove_handle(h->multi, c->easy);
    h->inside_curl--;
    curl_easy_reset(c->easy);
    if (h->nidle < IDLE_EASY_MAX)
        h->idle[h->nidle++] = c->easy;
    else
        curl_easy_cleanup(c->easy);
    c->easy = NULL;
}

static void finish(struct http_call *c, enum http_failure failure, const char *problem)
{
    struct http *h = c->h;
    int64_t now = time_monotonic_us();
    bool outer = h->in_done;
    detach(c);
    struct http_response r = {
        .failure = failure,
        .sent = c->sent,
        .status = status_of(c),
        .body = buf_text(&c->reply),
        .body_len = c->reply.len,
        .first_byte_ms = c->first_us ? (c->first_us - c->start_us) / 1000 : 0,
        .total_ms = (now - c->start_us) / 1000,
        .headers = c->headers,
    };
    if (failure != HTTP_OK) {
        sanitize_line(r.problem, sizeof r.problem, untrusted(problem));
        redact_text(r.problem);
    }
    c->ended = true;
    unlink_call(c);
    h->in_done = true;
    c->done(c->arg, &r);
    h->in_done = outer;
    free_call(c);
}

/* ---- redirects ---- */

/* A POST is repeated only where the server asks for the same method (307, 308). */
static bool is_redirect(const struct http_call *c)
{
    int status = status_of(c);
    return status == 307 || status == 308 ||
           (!c->is_post && (status == 301 || status == 302 || status == 303));
}

static bool is_followed(const struct http_call *c, char *target, size_t size)
{
    char *to = NULL;
    return is_redirect(c) && c->redirects < REDIRECTS_MAX &&
           curl_easy_getinfo(c->easy, CURLINFO_REDIRECT_URL, &to) == CURLE_OK && to &&
           copy_text(target, size, to) && http_is_same_site(c->url, target);
}

/* ---- what curl calls ---- */

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct http_call *c = arg;
    if (!c->first_us)
        c->first_us = time_monotonic_us();
    if (size * n >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buf_clear(&c->headers); /* of an interim response (1xx) */
    buf_add(&c->headers, bytes, size * n);
    return size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct http_call *c = arg;
    size_t len = size * n;
    if (c->cancelled)
        return CURL_WRITEFUNC_ERROR;
    if (is_redirect(c))
        return len; /* the text of a redirect is nobody's answer */
    if (len > c->max_body || c->reply.len > c->max_body - len) {
        c->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    buf_add(&c->reply, bytes, len);
    if (c->on_data)
        c->on_data(c->arg, bytes, len);
    return len;
}

/* Curl repeats a request by itself when a kept connection turns out to be dead. The vendor may
 * have acted on bytes that left, so a POST is not repeated behind the budget's back. */
static int before_request(void *arg, char *remote, char *local, int remote_port, int local_port)
{
    struct http_call *c = arg;
    long request_size = 0;
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &request_size);
    if (c->is_post && request_size > 0) {
        copy_text(c->why, sizeof c->why, "the connection broke after the request was sent");
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

static void act(struct http *h, curl_socket_t fd, int events)
{
    int running;
    h->inside_curl++;
    curl_multi_socket_action(h->multi, fd, events, &running);
    h->inside_curl--;
    drain(h);
}

static void socket_ready(void *arg, int events)
{
    const struct watched *w = arg;
    int mask =
        (events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
    act(w->h, w->fd, mask); /* may free w */
}

static struct watched *watch(struct http *h, curl_socket_t fd)
{
    struct watched *w = mem_alloc(sizeof *w);
    *w = (struct watched){.h = h, .fd = fd};
    w->io = loop_io_new(h->loop, fd, socket_ready, w);
    if (!w->io) {
        mem_free(w);
        return NULL;
    }
    w->next = h->sockets;
    if (h->sockets)
        h->sockets->prev = w;
    h->sockets = w;
    return w;
}

static void unwatch(struct watched *w)
{
    if (!w)
        return;
    if (w->prev)
        w->prev->next = w->next;
    else
        w->h->sockets = w->next;
    if (w->next)
        w->next->prev = w->prev;
    loop_io_free(w->io);
    mem_free(w);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct http *h = arg;
    struct watched *w = socket_arg;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        unwatch(w);
        curl_multi_assign(h->multi, fd, NULL);
        return 0;
    }
    if (!w) {
        w = watch(h, fd);
        if (!w)
            return -1;
        curl_multi_assign(h->multi, fd, w);
    }
    loop_io_want(w->io,
                 (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0));
    return 0;
}

static int want_timer(CURLM *multi, long ms, void *arg)
{
    struct http *h = arg;
    (void)multi;
    if (ms < 0)
        loop_timer_stop(h->curl_timer);
    else
        loop_timer_start(h->curl_timer, ms);
    return 0;
}

static void curl_time(void *arg)
{
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- the course of a call ---- */

static void fail(struct http_call *c, CURLcode rc)
{
    const char *why = c->why[0] ? c->why : curl_easy_strerror(rc);
    long request_size = 0;
    double connected = 0;
    char text[160];
    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &request_size);
    curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME, &connected);
    if (c->cancelled) {
        finish(c, HTTP_CANCELLED, "cancelled");
    } else if (c->too_large || rc == CURLE_FILESIZE_EXCEEDED) {
        snprintf(text, sizeof text, "the answer is larger than %zu bytes", c->max_body);
        finish(c, HTTP_TOO_LARGE, text);
    } else if (rc == CURLE_OPERATION_TIMEDOUT && connected <= 0) {
        snprintf(text, sizeof text, "no connection within %lld ms", (long long)c->connect_ms);
        finish(c, HTTP_CONNECT, text);
    } else if (request_size == 0 && !c->sent) {
        finish(c, HTTP_CONNECT, why);
    } else {
        finish(c, rc == CURLE_OPERATION_TIMEDOUT ? HTTP_TIMEOUT : HTTP_CUT, why);
    }
}

static void completed(struct http_call *c, CURLcode rc)
{
    char target[2048];
    if (rc != CURLE_OK || c->cancelled) {
        fail(c, rc);
    } else if (is_followed(c, target, sizeof target)) {
        detach(c);
        c->redirects++;
        mem_free(c->url);
        c->url = mem_text(target);
        buf_clear(&c->reply);
        buf_clear(&c->headers);
        start(c);
    } else {
        finish(c, HTTP_OK, "");
    }
}

static void drain(struct http *h)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(h->multi, &left))) {
        struct http_call *c = NULL;
        CURLcode rc = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
        completed(c, rc);
    }
}

static bool is_open(const struct http *h, const struct http_call *wanted)
{
    for (const struct http_call *c = h->calls; c; c = c->next)
        if (c == wanted)
            return true;
    return false;
}

/* After a long turn of the loop the answer may lie in a socket when the deadline comes: it has
 * been paid for, so it is taken. May end any call. */
static void last_look(struct http *h)
{
    struct pollfd p[LAST_LOOK_MAX];
    nfds_t n = 0;
    for (const struct watched *w = h->sockets; w && n < LAST_LOOK_MAX; w = w->next)
        p[n++] = (struct pollfd){.fd = w->fd, .events = POLLIN};
    if (n == 0 || poll(p, n, 0) <= 0)
        return;
    for (nfds_t i = 0; i < n; i++)
        if (p[i].revents & POLLIN)
            act(h, p[i].fd, CURL_CSELECT_IN); /* one that is gone by now is no matter to curl */
}

static void deadline_passed(void *arg)
{
    struct http_call *c = arg;
    struct http *h = c->h;
    char text[160];
    last_look(h);
    if (!is_open(h, c))
        return;
    int64_t passed = (time_monotonic_us() - c->start_us) / 1000;
    if (c->first_us && passed < c->total_ms) {
        loop_timer_start(c->deadline, c->total_ms - passed);
        return;
    }
    if (c->first_us || c->total_ms <= c->first_byte_ms)
        snprintf(text, sizeof text, "no complete answer within %lld ms", (long long)c->total_ms);
    else
        snprintf(text, sizeof text, "no answer within %lld ms", (long long)c->first_byte_ms);
    finish(c, HTTP_TIMEOUT, text);
}

static void set_options(struct http_call *c, CURL *e)
{
    bool is_tls = strncasecmp(c->url, "https:", 6) == 0;
    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->why);
    curl_easy_setopt(e, CURLOPT_URL, c->url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->header);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "quorum");
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, c);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_ms);
    curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)c->max_body);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* never waits for a resolver thread */
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, (long)CONNECTION_IDLE_S);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* Parallel calls wait for the first handshake and share its HTTP/2 connection; over plain
     * HTTP/1.1 the same option would make them wait for the first answer. */
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                     (long)(is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(e, CURLOPT_PIPEWAIT, is_tls ? 1L : 0L);
    if (http_is_loopback(c->url))
        curl_easy_setopt(e, CURLOPT_PROXY, "");
    if (c->is_post) {
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->body);
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body_len);
    } else {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    }
}

static void start(struct http_call *c)
{
    struct http *h = c->h;
    c->easy = h->nidle ? h->idle[--h->nidle] : curl_easy_init();
    if (!c->easy) {
        c->unusable = true;
        loop_timer_start(h->soon, 0);
        return;
    }
    c->why[0] = '\0';
    set_options(c, c->easy);
    h->inside_curl++;
    CURLMcode rc = curl_multi_add_handle(h->multi, c->easy);
    h->inside_curl--;
    if (rc != CURLM_OK) {
        c->unusable = true;
        loop_timer_start(h->soon, 0);
    }
}

/* The next call that waits for a turn outside of curl. */
static struct http_call *waiting(const struct http *h)
{
    struct http_call *c = h->calls;
    while (c && c->easy && !c->cancelled && !c->unusable)
        c = c->next;
    return c;
}

static void soon(void *arg)
{
    struct http *h = arg;
    struct http_call *c;
    while ((c = waiting(h))) {
        if (c->cancelled)
            finish(c, HTTP_CANCELLED, "cancelled");
        else if (c->unusable)
            finish(c, HTTP_CONNECT, "the request cannot be sent");
        else
            start(c);
    }
}

/* ---- what others call ---- */

struct http *http_new(struct loop *l)
{
    struct http *h = mem_alloc(sizeof *h);
    h->loop = l;
    h->curl_timer = loop_timer_new(l, curl_time, h);
    h->soon = loop_timer_new(l, soon, h);
    return h;
}

/* With the first request: curl and its TLS take milliseconds and memory to begin, and most
 * processes ask nobody. */
static void begin(struct http *h)
{
    if (h->multi)
        return;
    curl_global_init(CURL_GLOBAL_DEFAULT); /* counted by curl */
    h->multi = curl_multi_init();
    assert(h->multi);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
}

void http_free(struct http *h)
{
    if (!h)
        return;
    assert(!h->inside_curl && !h->in_done);
    while (h->calls)
        finish(h->calls, HTTP_CANCELLED, "cancelled");
    for (size_t i = 0; i < h->nidle; i++)
        curl_easy_cleanup(h->idle[i]);
    if (h->multi) {
        curl_multi_cleanup(h->multi); /* closes its sockets, which unwatches them */
        curl_global_cleanup();
    }
    loop_timer_free(h->curl_timer);
    loop_timer_free(h->soon);
    mem_free(h);
}

/* A line break in a value would be a header of its own. */
static bool copy_headers(struct http_call *c, const struct http_request *r)
{
    /* Curl would wait for a "100 Continue" before a large body. */
    c->header = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; i < r->nheaders; i++) {
        if (r->header[i][strcspn(r->header[i], "\r\n")] != '\0')
            return false;
        c->header = curl_slist_append(c->header, r->header[i]);
    }
    return true;
}

struct http_call *http_send(struct http *h, const struct http_request *r, http_done_fn *done,
                            void *arg)
{
    struct http_call *c = mem_alloc(sizeof *c);
    assert(r->nheaders <= HTTP_HEADERS_MAX);
    begin(h);
    *c = (struct http_call){
        .h = h,
        .url = mem_text(r->url),
        .is_post = strcmp(r->method, "POST") == 0,
        .body_len = r->body_len,
        .max_body = r->max_body ? r->max_body : BODY_MAX,
        .connect_ms = r->connect_ms > 0 ? r->connect_ms : CONNECT_MS,
        .first_byte_ms = r->first_byte_ms > 0 ? r->first_byte_ms : FIRST_BYTE_MS,
        .total_ms = r->total_ms > 0 ? r->total_ms : TOTAL_MS,
        .on_data = r->on_data,
        .done = done,
        .arg = arg,
        .start_us = time_monotonic_us(),
        .headers = {.max = HEADERS_BYTES_MAX},
    };
    assert(c->is_post || strcmp(r->method, "GET") == 0);
    c->reply.max = c->max_body + 2;
    c->body = mem_alloc(r->body_len + 1);
    if (r->body_len)
        memcpy(c->body, r->body, r->body_len);
    c->unusable = !copy_headers(c, r);
    c->next = h->calls;
    if (h->calls)
        h->calls->prev = c;
    h->calls = c;
    c->deadline = loop_timer_new(h->loop, deadline_passed, c);
    loop_timer_start(c->deadline, c->first_byte_ms < c->total_ms ? c->first_byte_ms : c->total_ms);
    if (h->inside_curl || c->unusable)
        loop_timer_start(h->soon, 0);
    else
        start(c);
    return c;
}

void http_cancel(struct http_call *c)
{
    if (!c || c->ended || c->cancelled)
        return;
    c->cancelled = true;
    loop_timer_start(c->h->soon, 0);
}
