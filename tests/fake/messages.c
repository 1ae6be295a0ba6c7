/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake/messages.h"

#include <arpa/inet.h>
#include <assert.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "quorum/mem.h"

enum { STEPS_MAX = 64, DRIP_BYTES = 40, DRIP_MS = 2, HANG_MS = 600000 };

struct fake {
    struct fake_options options;
    struct MHD_Daemon *daemon;
    char url[40];
    unsigned port;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    bool stopping;
    struct fake_step step[STEPS_MAX];
    size_t nsteps, taken;
    size_t requests, answered, connections;
    struct buf violations, last_body, last_path;
    size_t nviolations;
};

/* One request as it comes in and the answer as it goes out. */
struct exchange {
    struct fake *f;
    struct buf body;
    struct fake_step step;
    uint64_t number;
    struct fake_reply reply;
    size_t sent, until; /* bytes of the body; the connection breaks at `until` */
    bool slow, counted;
};

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Less when the server is being stopped. */
static void wait_ms(struct fake *f, int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    pthread_mutex_lock(&f->lock);
    while (!f->stopping && pthread_cond_clockwait(&f->changed, &f->lock, CLOCK_MONOTONIC, &t) == 0)
        ;
    pthread_mutex_unlock(&f->lock);
}

static struct fake_step next_step(struct fake *f, uint64_t number)
{
    if (f->taken < f->nsteps)
        return f->step[f->taken++ % STEPS_MAX];
    struct fake_step s = {.kind = f->options.kind, .latency_ms = f->options.latency_ms};
    if (f->options.mix) {
        uint64_t h = mix(f->options.seed ^ mix(number));
        s.kind = (enum fake_kind)(h % FAKE_RAW);
        /* Those that cost a test much time or memory come less often. */
        if ((s.kind == FAKE_HUGE || s.kind == FAKE_HANG) && (h >> 32) % 4 != 0)
            s.kind = FAKE_ANSWER;
        s.latency_ms = (int)((h >> 40) % 8);
    }
    return s;
}

/* ---- the request ---- */

static void append_line(const char *path, const struct buf *body)
{
    FILE *file = path ? fopen(path, "ae") : NULL;
    if (!file)
        return;
    fprintf(file, "%s\n", buf_text(body));
    fclose(file);
}

static void examine(struct exchange *x, const struct fake_headers *h, const char *path)
{
    struct fake *f = x->f;
    struct buf found = {0};
    fake_check_request(h, buf_text(&x->body), x->body.len, &found);
    pthread_mutex_lock(&f->lock);
    x->number = ++f->requests;
    x->step = next_step(f, x->number);
    for (const char *p = buf_text(&found); *p; p++)
        f->nviolations += *p == '\n';
    buf_str(&f->violations, buf_text(&found));
    buf_clear(&f->last_body);
    buf_add(&f->last_body, buf_text(&x->body), x->body.len);
    buf_clear(&f->last_path);
    buf_str(&f->last_path, path);
    append_line(f->options.request_file, &x->body);
    pthread_mutex_unlock(&f->lock);
    buf_release(&found);
}

static void read_headers(struct MHD_Connection *c, struct fake_headers *h)
{
    *h = (struct fake_headers){
        .content_type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "content-type"),
        .version = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "anthropic-version"),
        .key = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "x-api-key"),
        .bearer = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "authorization"),
    };
}

/* ---- the answer ---- */

/* MHD asks for the body in pieces; in a thread of the connection, so that waiting is allowed. */
static ssize_t read_reply(void *arg, uint64_t at, char *dst, size_t size)
{
    struct exchange *x = arg;
    size_t left = x->until - (size_t)at;
    if (left == 0)
        return x->until < x->reply.body.len ? MHD_CONTENT_READER_END_WITH_ERROR
                                            : MHD_CONTENT_READER_END_OF_STREAM;
    if (x->slow) {
        wait_ms(x->f, DRIP_MS);
        size = size < DRIP_BYTES ? size : DRIP_BYTES;
    }
    if (size > left)
        size = left;
    memcpy(dst, x->reply.body.data + at, size);
    return (ssize_t)size;
}

static void add_headers(struct MHD_Response *r, struct exchange *x)
{
    char id[48];
    snprintf(id, sizeof id, "req_fake_%llu", (unsigned long long)x->number);
    MHD_add_response_header(r, "content-type", x->reply.type);
    MHD_add_response_header(r, "request-id", id);
    for (char *p = x->reply.header.data; p && *p;) {
        char *end = strchr(p, '\n'), *colon = strstr(p, ": ");
        if (!end || !colon || colon > end)
            break;
        *end = *colon = '\0';
        MHD_add_response_header(r, p, colon + 2);
        p = end + 1;
    }
}

static enum MHD_Result answer(struct MHD_Connection *c, struct exchange *x, const char *key)
{
    struct fake *f = x->f;
    struct fake_call call = {.options = &f->options,
                             .kind = x->step.kind,
                             .body = buf_text(&x->body),
                             .len = x->body.len,
                             .key = key,
                             .number = x->number};
    wait_ms(f, x->step.kind == FAKE_HANG ? HANG_MS : x->step.latency_ms);
    if (x->step.kind == FAKE_CLOSE || (x->step.kind == FAKE_HANG && f->stopping))
        return MHD_NO; /* closes the connection */
    if (f->options.key && (!key || strcmp(key, f->options.key) != 0))
        call.kind = FAKE_401;
    if (x->step.kind == FAKE_RAW) {
        x->reply = (struct fake_reply){.status = x->step.status,
                                       .type = x->step.type ? x->step.type : "application/json"};
        if (x->step.header)
            buf_printf(&x->reply.header, "%s\n", x->step.header);
        buf_str(&x->reply.body, x->step.body ? x->step.body : "");
    } else {
        fake_write_reply(&call, &x->reply);
    }
    x->until = x->reply.body.len;
    x->slow = call.kind == FAKE_DRIP;
    if (call.kind == FAKE_CUT)
        x->until /= 2;
    bool chunked = x->slow || call.kind == FAKE_CUT || strstr(x->reply.type, "event-stream");
    struct MHD_Response *r = MHD_create_response_from_callback(
        chunked ? MHD_SIZE_UNKNOWN : x->reply.body.len, 16384, read_reply, x, NULL);
    add_headers(r, x);
    enum MHD_Result queued = MHD_queue_response(c, (unsigned)x->reply.status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result answer_text(struct MHD_Connection *c, unsigned status, const char *text)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                             MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(r, "content-type", "application/json");
    enum MHD_Result queued = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return queued;
}

/* The free check, and a page of counts for scripts. */
static enum MHD_Result answer_get(struct fake *f, struct MHD_Connection *c, const char *path)
{
    static const char models[] = "/v1/models/";
    struct fake_headers h;
    char text[200];
    read_headers(c, &h);
    if (strcmp(path, "/stat") == 0) {
        snprintf(text, sizeof text, "{\"requests\":%zu,\"violations\":%zu,\"connections\":%zu}\n",
                 fake_requests(f), fake_violations(f), fake_connections(f));
        return answer_text(c, 200, text);
    }
    if (f->options.key && (!h.key || strcmp(h.key, f->options.key) != 0))
        return answer_text(c, 401,
                           "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\","
                           "\"message\":\"invalid x-api-key\"}}");
    if (strncmp(path, models, sizeof models - 1) != 0)
        return answer_text(c, 404, "{\"detail\":\"Not Found\"}");
    if (strncmp(path + sizeof models - 1, "claude-", 7) != 0)
        return answer_text(c, 404,
                           "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\","
                           "\"message\":\"model: unknown\"}}");
    snprintf(text, sizeof text, "{\"type\":\"model\",\"id\":\"%.60s\"}", path + sizeof models - 1);
    return answer_text(c, 200, text);
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *bytes,
                              size_t *len, void **state)
{
    struct exchange *x = *state;
    struct fake_headers h;
    (void)version;
    if (!x) {
        x = mem_alloc(sizeof *x);
        x->f = arg;
        *state = x;
        return MHD_YES;
    }
    if (*len > 0) {
        buf_add(&x->body, bytes, *len);
        *len = 0;
        return MHD_YES;
    }
    if (strcmp(method, "POST") != 0)
        return answer_get(arg, c, url);
    if (strstr(url, "/v1/messages") == NULL)
        return answer_text(c, 404, "{\"error\":\"no such address\"}");
    read_headers(c, &h);
    examine(x, &h, url);
    x->counted = true;
    return answer(c, x, h.key);
}

static void ended(void *arg, struct MHD_Connection *c, void **state,
                  enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *state;
    struct fake *f = arg;
    (void)c;
    (void)why;
    if (!x)
        return;
    pthread_mutex_lock(&f->lock);
    f->answered += x->counted;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    buf_release(&x->body);
    buf_release(&x->reply.header);
    buf_release(&x->reply.body);
    mem_free(x);
    *state = NULL;
}

static void connected(void *arg, struct MHD_Connection *c, void **socket_state,
                      enum MHD_ConnectionNotificationCode what)
{
    struct fake *f = arg;
    (void)c;
    (void)socket_state;
    if (what != MHD_CONNECTION_NOTIFY_STARTED)
        return;
    pthread_mutex_lock(&f->lock);
    f->connections++;
    pthread_mutex_unlock(&f->lock);
}

/* ---- what tests call ---- */

struct fake *fake_start(const struct fake_options *o)
{
    struct fake *f = mem_alloc(sizeof *f);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (o)
        f->options = *o;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL,
        NULL, handle, f, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, ended, f,
        MHD_OPTION_NOTIFY_CONNECTION, connected, f, MHD_OPTION_CONNECTION_LIMIT, 1000u,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)64 << 10, MHD_OPTION_END);
    if (!f->daemon) {
        mem_free(f);
        return NULL;
    }
    f->port = MHD_get_daemon_info(f->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u", f->port);
    return f;
}

void fake_stop(struct fake *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->stopping = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    MHD_stop_daemon(f->daemon);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    buf_release(&f->violations);
    buf_release(&f->last_body);
    buf_release(&f->last_path);
    mem_free(f);
}

const char *fake_url(const struct fake *f)
{
    return f->url;
}

unsigned fake_port(const struct fake *f)
{
    return f->port;
}

void fake_push(struct fake *f, const struct fake_step *s)
{
    pthread_mutex_lock(&f->lock);
    assert(f->nsteps - f->taken < STEPS_MAX);
    f->step[f->nsteps++ % STEPS_MAX] = *s;
    pthread_mutex_unlock(&f->lock);
}

static size_t read_count(struct fake *f, const size_t *count)
{
    pthread_mutex_lock(&f->lock);
    size_t n = *count;
    pthread_mutex_unlock(&f->lock);
    return n;
}

size_t fake_requests(struct fake *f)
{
    return read_count(f, &f->requests);
}

size_t fake_connections(struct fake *f)
{
    return read_count(f, &f->connections);
}

size_t fake_violations(struct fake *f)
{
    return read_count(f, &f->nviolations);
}

void fake_violation(struct fake *f, size_t i, struct buf *out)
{
    pthread_mutex_lock(&f->lock);
    const char *p = buf_text(&f->violations);
    for (; i > 0 && *p; i--)
        p += strcspn(p, "\n") + 1;
    buf_add(out, p, strcspn(p, "\n"));
    pthread_mutex_unlock(&f->lock);
}

static void copy_buf(struct fake *f, const struct buf *from, struct buf *out)
{
    pthread_mutex_lock(&f->lock);
    buf_add(out, buf_text(from), from->len);
    pthread_mutex_unlock(&f->lock);
}

void fake_last_body(struct fake *f, struct buf *out)
{
    copy_buf(f, &f->last_body, out);
}

void fake_last_path(struct fake *f, struct buf *out)
{
    copy_buf(f, &f->last_path, out);
}

bool fake_wait_answered(struct fake *f, size_t n, int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000 + 1;
    pthread_mutex_lock(&f->lock);
    while (f->answered < n &&
           pthread_cond_clockwait(&f->changed, &f->lock, CLOCK_MONOTONIC, &t) == 0)
        ;
    bool done = f->answered >= n;
    pthread_mutex_unlock(&f->lock);
    return done;
}
