/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Anthropic's Messages API, and servers that speak it. One try a call. The key lives in one
 * header line of this struct and is wiped with it. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/net/anthropic.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/text.h"

enum { FIRST_BYTE_MS = 60000, CHECK_MS = 10000 };

struct anthropic {
    struct model base;
    struct http *http;
    char *base_url;   /* without a slash at the end and without /v1 */
    char *key_header; /* "x-api-key: …", NULL without a key */
    struct model_call *calls;
    struct check *checks;
};

struct model_call {
    struct anthropic *a; /* NULL once the model is freed */
    struct model_call *prev, *next;
    struct http_call *http;
    struct wire wire;
    model_done_fn *done; /* NULL once it was called */
    void *arg;
};

struct check {
    struct anthropic *a;
    struct check *prev, *next;
    struct http_call *http;
    char model[64];
    void (*done)(void *arg, const struct error *e); /* NULL once it was called */
    void *arg;
};

static const char *key_of(const struct anthropic *a)
{
    return a->key_header ? a->key_header + strlen("x-api-key: ") : NULL;
}

static void add_headers(const struct anthropic *a, struct http_request *r)
{
    r->header[r->nheaders++] = "anthropic-version: 2023-06-01";
    r->header[r->nheaders++] = "accept: application/json, text/event-stream";
    if (a->key_header)
        r->header[r->nheaders++] = a->key_header;
}

static void unlink_call(struct model_call *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        c->a->calls = c->next;
    if (c->next)
        c->next->prev = c->prev;
    c->prev = c->next = NULL;
}

static void on_data(void *arg, const char *bytes, size_t len)
{
    struct model_call *c = arg;
    if (c->done)
        wire_feed(&c->wire, bytes, len);
}

static void tell(struct model_call *c, const struct http_response *r)
{
    struct model_reply reply;
    model_done_fn *done = c->done;
    assert(done && c->a);
    wire_conclude(&c->wire, r, key_of(c->a), &reply);
    if (reply.outcome != MODEL_ANSWERED)
        log_write(LOG_DEBUG, "model", "%s: %s (request %s)", model_outcome_name(reply.outcome),
                  reply.problem, reply.request_id[0] ? reply.request_id : "without an id");
    unlink_call(c);
    c->done = NULL;
    done(c->arg, &reply);
}

static void on_done(void *arg, const struct http_response *r)
{
    struct model_call *c = arg;
    if (c->done)
        tell(c, r);
    wire_release(&c->wire);
    mem_free(c);
}

static struct model_call *send_request(struct model *m, const struct model_request *r,
                                       model_done_fn *done, void *arg)
{
    struct anthropic *a = (struct anthropic *)m;
    struct model_call *c = mem_alloc(sizeof *c);
    struct buf url = {0}, body = {0};
    *c = (struct model_call){.a = a, .next = a->calls, .done = done, .arg = arg};
    if (a->calls)
        a->calls->prev = c;
    a->calls = c;
    wire_init(&c->wire, r);
    buf_printf(&url, "%s/v1/messages", a->base_url);
    anthropic_request_body(r, &body);
    struct http_request h = {
        .method = "POST",
        .url = buf_text(&url),
        .body = buf_text(&body),
        .body_len = body.len,
        .total_ms = r->deadline_ms,
        /* The first byte of an answer that is not streamed comes when all of it is there. */
        .first_byte_ms =
            r->stream && r->deadline_ms > FIRST_BYTE_MS ? FIRST_BYTE_MS : r->deadline_ms,
        .on_data = r->stream ? on_data : NULL,
    };
    add_headers(a, &h);
    h.header[h.nheaders++] = "content-type: application/json";
    c->http = http_send(a->http, &h, on_done, c);
    buf_release(&url);
    buf_release(&body);
    return c;
}

static void cancel(struct model_call *c)
{
    http_cancel(c->http);
}

static void request_text(struct model *m, const struct model_request *r, struct buf *out)
{
    const struct anthropic *a = (const struct anthropic *)m;
    size_t from = out->len;
    anthropic_request_body(r, out);
    if (!out->data)
        return;
    wire_redact(out->data + from, key_of(a));
    redact_text(out->data + from);
    out->len = from + strlen(out->data + from);
}

static int64_t prompt_bound(struct model *m, const struct model_request *r)
{
    struct buf body = {0};
    (void)m;
    anthropic_request_body(r, &body);
    int64_t bound = (int64_t)body.len + HIDDEN_PROMPT_TOKENS;
    buf_release(&body);
    return bound;
}

/* ---- the free check ---- */

static void explain_status(const struct check *c, const struct model_reply *reply,
                           const struct http_response *r, bool vendor_error, struct error *e)
{
    if (r->status == 401 || r->status == 403) {
        err_set(e, ERR_POLICY, "the model's server refused the key: %s", reply->problem);
        err_fix(e, "set ANTHROPIC_API_KEY to a valid key");
    } else if (r->status == 404 && vendor_error) {
        err_set(e, ERR_USAGE, "the server does not know the model %s", c->model);
        err_fix(e, "name another with QUORUM_MODEL");
    } else if (reply->outcome == MODEL_UNREACHABLE) {
        err_set(e, ERR_TRANSIENT, "the model's server does not answer: %s", reply->problem);
    } else {
        err_set(e, ERR_FAILED, "the model's server: %s", reply->problem);
    }
}

static void unlink_check(struct check *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        c->a->checks = c->next;
    if (c->next)
        c->next->prev = c->prev;
}

/* A server that has no such address, as local ones do, is not blamed for it. */
static void on_checked(void *arg, const struct http_response *r)
{
    struct check *c = arg;
    struct wire w;
    struct model_reply reply;
    struct error e = {.kind = OK};
    if (!c->done) { /* the model was freed */
        mem_free(c);
        return;
    }
    wire_init(&w, &(struct model_request){.form_name = ""});
    wire_conclude(&w, r, key_of(c->a), &reply);
    bool vendor_error = w.has_error && w.error_type[0];
    bool fine =
        r->failure == HTTP_OK && (r->status / 100 == 2 || (r->status == 404 && !vendor_error));
    if (!fine)
        explain_status(c, &reply, r, vendor_error, &e);
    wire_release(&w);
    unlink_check(c);
    c->done(c->arg, fine ? NULL : &e);
    mem_free(c);
}

static bool is_plain_id(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@-");
    return n > 0 && s[n] == '\0';
}

static void check(struct model *m, const char *model,
                  void (*done)(void *arg, const struct error *e), void *arg)
{
    struct anthropic *a = (struct anthropic *)m;
    struct check *c = mem_alloc(sizeof *c);
    struct buf url = {0};
    *c = (struct check){.a = a, .next = a->checks, .done = done, .arg = arg};
    if (a->checks)
        a->checks->prev = c;
    a->checks = c;
    copy_text(c->model, sizeof c->model, model);
    buf_printf(&url, "%s/v1/models/%s", a->base_url, is_plain_id(model) ? model : "-");
    struct http_request h = {.method = "GET", .url = buf_text(&url), .total_ms = CHECK_MS};
    add_headers(a, &h);
    c->http = http_send(a->http, &h, on_checked, c);
    buf_release(&url);
}

/* ---- life ---- */

/* Calls that are open end now, as cancelled; curl lets go of them at the loop's next turn. */
static void free_model(struct model *m)
{
    struct anthropic *a = (struct anthropic *)m;
    struct http_response gone = {.failure = HTTP_CANCELLED, .sent = true, .body = ""};
    copy_text(gone.problem, sizeof gone.problem, "cancelled");
    while (a->calls) {
        struct model_call *c = a->calls;
        http_cancel(c->http);
        tell(c, &gone);
        c->a = NULL;
    }
    while (a->checks) {
        struct check *c = a->checks;
        struct error e = {.kind = OK};
        void (*done)(void *arg, const struct error *e) = c->done;
        assert(done);
        err_set(&e, ERR_TRANSIENT, "cancelled");
        http_cancel(c->http);
        unlink_check(c);
        c->done = NULL;
        done(c->arg, &e);
    }
    if (a->key_header) {
        explicit_bzero(a->key_header, strlen(a->key_header));
        mem_free(a->key_header);
    }
    mem_free(a->base_url);
    mem_free(a);
}

static const struct model_ops anthropic_ops = {
    .name = "anthropic",
    .free = free_model,
    .send = send_request,
    .cancel = cancel,
    .request_text = request_text,
    .prompt_bound = prompt_bound,
    .check = check,
};

/* The SDKs' variable holds no /v1; one that does is understood. */
static char *clean_base(const char *url)
{
    char *s = mem_text(url);
    size_t n = strlen(s);
    while (n > 0 && s[n - 1] == '/')
        s[--n] = '\0';
    if (n > 3 && strcmp(s + n - 3, "/v1") == 0)
        s[n - 3] = '\0';
    return s;
}

struct model *model_anthropic_new(const struct anthropic_options *o)
{
    struct anthropic *a = mem_alloc(sizeof *a);
    a->base.ops = &anthropic_ops;
    a->http = o->http;
    a->base_url = clean_base(o->base_url ? o->base_url : "https://api.anthropic.com");
    if (o->key && *o->key) {
        size_t size = strlen("x-api-key: ") + strlen(o->key) + 1;
        a->key_header = mem_alloc(size);
        snprintf(a->key_header, size, "x-api-key: %s", o->key);
        log_redact(o->key);
    }
    return &a->base;
}
