/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request walks: look into the cache; take the lease, or wait for who has it; take one of the
 * day's calls; ask the vendor; store what came. It always has exactly one thing pending (an answer
 * of the database, an answer of the vendor, or the timer), so it can be dropped at any point. */
#include "quorum/vendor.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/store/vendor_sql.h"
#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum {
    CONNECT_MS = 5000,
    FIRST_BYTE_MS = 15000,
    TOTAL_MS = 20000,
    DEADLINE_MS = 40000, /* of a whole request, waiting for others included */
    LEASE_S = 45,        /* longer than any request, so that it ends only with its owner's death */
    POLL_FIRST_MS = 40,
    POLL_LAST_MS = 500,
    RETRY_MS = 700,
    RETRY_AFTER_MAX_S = 5,
    TRIES = 2,
    BODY_MAX = 4 << 20,
};

/* No time is later: as a lower bound of freshness it means "nothing that is there now". */
#define TIME_FAR ((int64_t)4102444800 * USEC_SECOND)

struct request {
    struct vendor *v;
    struct request *prev, *next;
    char *vendor, *endpoint, *symbol, *url;
    char *header[4];
    size_t nheaders;
    int64_t life_s;
    bool counted, ignore_cache;
    const char *(*judge)(int status, const char *body, size_t len, bool *refused, bool *exhausted);
    vendor_done_fn *done;
    void *arg;

    struct loop_timer *timer; /* runs: it is what is pending */
    struct http_call *call;
    bool waiting, dropped;
    int64_t deadline_us;        /* monotonic */
    int64_t began, fresh_after; /* machine time and desk time of the first look, by the database */
    int64_t version;
    char owner[48];
    char day[16]; /* of the call taken; "" none */
    char *etag, *last_modified;
    int tries, poll_ms;
    struct buf body;
    struct vendor_answer answer;
};

struct vendor {
    struct vendor_options o;
    struct request *requests;
    uint64_t self, count;
    bool closing;
};

static void look(struct request *q);
static void fail(struct request *q, bool refused, bool exhausted);

/* ---- life of a request ---- */

static void request_free(struct request *q)
{
    for (size_t i = 0; i < q->nheaders; i++) {
        explicit_bzero(q->header[i], strlen(q->header[i]));
        mem_free(q->header[i]);
    }
    loop_timer_free(q->timer);
    mem_free(q->vendor);
    mem_free(q->endpoint);
    mem_free(q->symbol);
    mem_free(q->url);
    mem_free(q->etag);
    mem_free(q->last_modified);
    buf_release(&q->body);
    mem_free(q);
}

static void unlink_request(struct request *q)
{
    if (q->prev)
        q->prev->next = q->next;
    else
        q->v->requests = q->next;
    if (q->next)
        q->next->prev = q->prev;
}

static void finish(struct request *q, enum vendor_state state)
{
    struct vendor_answer *a = &q->answer;
    a->state = state;
    a->body = buf_text(&q->body);
    a->body_len = q->body.len;
    if (state == VENDOR_NONE) {
        a->body = "";
        a->body_len = 0;
        a->fetched_at = TIME_NONE;
    }
    unlink_request(q);
    q->done(q->arg, a);
    request_free(q);
}

/* "FMP" of what is counted, else the endpoint: a feed's host. */
static const char *label(const struct request *q, char dst[64])
{
    if (!q->counted) {
        copy_text(dst, 64, q->endpoint);
        dst[strcspn(dst, "/")] = '\0';
        return dst;
    }
    copy_text(dst, 64, q->vendor);
    for (char *p = dst; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return dst;
}

static void say(struct request *q, const char *text)
{
    char name[64];
    snprintf(q->answer.problem, sizeof q->answer.problem, "%s: %s", label(q, name), text);
}

static void database_failed(struct request *q, const struct error *e)
{
    snprintf(q->answer.problem, sizeof q->answer.problem, "database: %s", e->text);
    finish(q, VENDOR_NONE);
}

/* Every callback begins with this: a dropped request only ends. */
static bool is_dropped(struct request *q)
{
    if (!q->dropped)
        return false;
    request_free(q);
    return true;
}

static int64_t left_ms(const struct request *q)
{
    return (q->deadline_us - time_monotonic_us()) / 1000;
}

static void wait_ms(struct request *q, int64_t ms)
{
    q->waiting = true;
    loop_timer_start(q->timer, ms);
}

static void key_params(struct params *p, const struct request *q)
{
    params_text(p, q->vendor);
    params_text(p, q->endpoint);
    params_text(p, q->symbol);
}

static int nibble(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The body of an answer of the database. */
static void take_hex(struct request *q, const char *hex)
{
    size_t n = hex ? strlen(hex) / 2 : 0;
    buf_clear(&q->body);
    for (size_t i = 0; i < n; i++)
        buf_char(&q->body, (char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1])));
}

static char *to_hex(const char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = mem_alloc(2 * len + 1);
    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = digits[(unsigned char)bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    return hex;
}

/* ---- when there is no answer ---- */

static void looked_old(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    if (is_dropped(q))
        return;
    if ((e && e->kind) || rows->nrows == 0) {
        finish(q, VENDOR_NONE);
        return;
    }
    take_hex(q, rows_text(rows, 0, 0));
    q->answer.fetched_at = rows_int(rows, 0, 1);
    q->answer.age_s = rows_int(rows, 0, 2);
    q->answer.from_cache = true;
    finish(q, VENDOR_STALE);
}

/* With the problem said: an older answer, if there is one. */
static void fall_back(struct request *q)
{
    struct params p = {0};
    key_params(&p, q);
    db_send(q->v->o.db, &vendor_old, &p, looked_old, q);
}

static void failed(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    (void)rows;
    if (is_dropped(q))
        return;
    if (e && e->kind)
        log_write(LOG_WARN, "vendor", "%s %s: %s", q->endpoint, q->symbol, e->text);
    fall_back(q);
}

/* Gives the lease back with the reason, which those who wait take as their answer too. */
static void fail(struct request *q, bool refused, bool exhausted)
{
    struct params p = {0};
    const struct vendor_options *o = &q->v->o;
    log_write(LOG_WARN, q->vendor, "%s %s: %s", q->endpoint, q->symbol, q->answer.problem);
    key_params(&p, q);
    params_text(&p, q->owner);
    params_text(&p, q->answer.problem);
    params_bool(&p, refused);
    params_bool(&p, exhausted && q->counted);
    params_int(&p, o->daily_limit);
    params_int(&p, o->reset_hour_utc);
    db_send(o->db, &vendor_fail, &p, failed, q);
}

/* ---- the call ---- */

static void stored(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    if (is_dropped(q))
        return;
    /* The answer is there all the same; only the next one will be asked for again. */
    if (e && e->kind)
        log_write(LOG_WARN, "vendor", "%s %s was not kept: %s", q->endpoint, q->symbol, e->text);
    else if (rows->nrows)
        q->answer.fetched_at = rows_int(rows, 0, 0);
    finish(q, VENDOR_FRESH);
}

static void store(struct request *q, const struct http_response *r)
{
    struct params p = {0};
    char etag[200], modified[80];
    char *hex = to_hex(r->body, r->body_len);
    buf_clear(&q->body);
    buf_add(&q->body, r->body, r->body_len);
    q->answer.fetched_at = q->fresh_after;
    http_header(r, "etag", etag, sizeof etag);
    http_header(r, "last-modified", modified, sizeof modified);
    key_params(&p, q);
    params_text(&p, q->owner);
    params_int(&p, r->status);
    params_text(&p, hex);
    /* They go back into a request: only what can be one header line. */
    params_text(&p, *etag && text_is_utf8(etag, strlen(etag)) ? etag : NULL);
    params_text(&p, *modified && text_is_utf8(modified, strlen(modified)) ? modified : NULL);
    db_send(q->v->o.db, &vendor_store, &p, stored, q);
    mem_free(hex);
}

static void renewed(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    if (is_dropped(q))
        return;
    if ((e && e->kind) || rows->nrows == 0) {
        say(q, "nothing new, and what was kept is gone");
        fall_back(q);
        return;
    }
    take_hex(q, rows_text(rows, 0, 0));
    q->answer.fetched_at = rows_int(rows, 0, 1);
    q->answer.from_cache = true;
    finish(q, VENDOR_FRESH);
}

static void renew(struct request *q)
{
    struct params p = {0};
    key_params(&p, q);
    params_text(&p, q->owner);
    db_send(q->v->o.db, &vendor_renew, &p, renewed, q);
}

static int64_t retry_after_ms(const struct http_response *r)
{
    char text[16];
    int64_t seconds;
    if (text_to_int64(http_header(r, "retry-after", text, sizeof text), &seconds) && seconds > 0)
        return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000;
    return RETRY_MS;
}

/* What may be over in a second: asked once more, as another of the day's calls. */
static bool is_passing(const struct http_response *r)
{
    if (r->failure != HTTP_OK)
        return r->failure == HTTP_CONNECT || r->failure == HTTP_CUT;
    return r->status == 429 || r->status >= 500;
}

static void judge(struct request *q, const struct http_response *r)
{
    bool refused = false, exhausted = false;
    const char *wrong = NULL;
    if (r->failure != HTTP_OK) {
        say(q, r->problem);
    } else if (r->status == 304 && (q->etag || q->last_modified)) {
        renew(q);
        return;
    } else {
        if (q->judge)
            wrong = q->judge(r->status, r->body, r->body_len, &refused, &exhausted);
        else if (r->status < 200 || r->status > 299)
            wrong = "refused";
        if (!wrong) {
            store(q, r);
            return;
        }
        size_t n = sizeof q->answer.problem;
        if (r->status == 200)
            copy_text(q->answer.problem, n, wrong);
        else
            snprintf(q->answer.problem, n, "%s (HTTP %d)", wrong, r->status);
    }
    if (!refused && !exhausted && is_passing(r) && q->tries < TRIES &&
        left_ms(q) > TOTAL_MS + retry_after_ms(r)) {
        wait_ms(q, retry_after_ms(r));
        return;
    }
    fail(q, refused, exhausted);
}

static void given_back(void *arg, struct rows *rows, const struct error *e)
{
    (void)arg;
    (void)rows;
    if (e && e->kind)
        log_write(LOG_WARN, "vendor", "a call that was not made stays counted: %s", e->text);
}

static void give_back(struct request *q)
{
    struct params p = {0};
    params_text(&p, q->vendor);
    params_text(&p, q->endpoint);
    params_text(&p, q->day);
    db_send(q->v->o.db, &vendor_give_back, &p, given_back, NULL);
    q->day[0] = '\0';
}

static void answered(void *arg, const struct http_response *r)
{
    struct request *q = arg;
    q->call = NULL;
    if (is_dropped(q))
        return;
    if (r->failure != HTTP_OK && !r->sent && q->day[0])
        give_back(q);
    judge(q, r);
}

static void ask(struct request *q)
{
    char etag[240], modified[120];
    struct http_request r = {.method = "GET",
                             .url = q->url,
                             .connect_ms = CONNECT_MS,
                             .first_byte_ms = FIRST_BYTE_MS,
                             .total_ms = TOTAL_MS,
                             .max_body = BODY_MAX};
    for (size_t i = 0; i < q->nheaders; i++)
        r.header[r.nheaders++] = q->header[i];
    if (q->etag) {
        snprintf(etag, sizeof etag, "If-None-Match: %s", q->etag);
        r.header[r.nheaders++] = etag;
    }
    if (q->last_modified) {
        snprintf(modified, sizeof modified, "If-Modified-Since: %s", q->last_modified);
        r.header[r.nheaders++] = modified;
    }
    q->tries++;
    q->call = http_send(q->v->o.http, &r, answered, q);
}

static void took(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    char name[64];
    if (is_dropped(q))
        return;
    if (e && e->kind) {
        database_failed(q, e);
        return;
    }
    long long limit = (long long)q->v->o.daily_limit;
    if (rows->nrows == 0) {
        snprintf(q->answer.problem, sizeof q->answer.problem,
                 "%s: %lld of %lld calls used, resets %02d:00 UTC", label(q, name), limit, limit,
                 q->v->o.reset_hour_utc);
        fail(q, false, false);
        return;
    }
    copy_text(q->day, sizeof q->day, rows_text(rows, 0, 1));
    log_write(LOG_INFO, q->vendor, "%s API call %s %s (%lld of %lld today)", label(q, name),
              q->endpoint, q->symbol, (long long)rows_int(rows, 0, 0), limit);
    ask(q);
}

static void take(struct request *q)
{
    struct params p = {0};
    if (!q->counted) {
        ask(q);
        return;
    }
    params_text(&p, q->vendor);
    params_text(&p, q->endpoint);
    params_int(&p, q->v->o.reset_hour_utc);
    params_int(&p, q->v->o.daily_limit);
    db_send(q->v->o.db, &vendor_take, &p, took, q);
}

/* ---- the cache and the lease ---- */

static void leased(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    if (is_dropped(q))
        return;
    if (e && e->kind)
        database_failed(q, e);
    else if (rows->nrows == 0)
        look(q); /* somebody was faster: see what came of it */
    else
        take(q);
}

static void lease(struct request *q)
{
    struct params p = {0};
    key_params(&p, q);
    params_text(&p, q->owner);
    params_int(&p, q->version);
    params_int(&p, LEASE_S);
    db_send(q->v->o.db, &vendor_lease, &p, leased, q);
}

static void remember_validators(struct request *q, const struct rows *rows)
{
    mem_free(q->etag);
    mem_free(q->last_modified);
    q->etag = mem_text(rows_text(rows, 0, 9));
    q->last_modified = mem_text(rows_text(rows, 0, 10));
}

static void looked(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    if (is_dropped(q))
        return;
    if (e && e->kind) {
        database_failed(q, e);
        return;
    }
    if (rows_bool(rows, 0, 0)) {
        take_hex(q, rows_text(rows, 0, 1));
        q->answer.fetched_at = rows_int(rows, 0, 2);
        q->answer.age_s = rows_int(rows, 0, 3);
        q->answer.from_cache = true;
        finish(q, VENDOR_FRESH);
        return;
    }
    if (!q->began) {
        q->fresh_after = rows_int(rows, 0, 11);
        q->began = rows_int(rows, 0, 12);
    }
    q->version = rows_int(rows, 0, 5);
    const char *problem = rows_text(rows, 0, 6), *refusal = rows_text(rows, 0, 7);
    if (refusal && !q->ignore_cache) {
        snprintf(q->answer.problem, sizeof q->answer.problem, "%s; asked again after %s", refusal,
                 rows_text(rows, 0, 8));
        fall_back(q);
    } else if (problem) {
        sanitize_line(q->answer.problem, sizeof q->answer.problem, untrusted(problem));
        fall_back(q);
    } else if (!rows_bool(rows, 0, 4)) {
        remember_validators(q, rows);
        lease(q);
    } else if (left_ms(q) <= q->poll_ms) {
        say(q, "another process has been asking and got no answer yet");
        fall_back(q);
    } else {
        wait_ms(q, q->poll_ms);
        q->poll_ms = q->poll_ms * 2 < POLL_LAST_MS ? q->poll_ms * 2 : POLL_LAST_MS;
    }
}

/* The first look takes any recent failure for an answer; the later ones only what failed since. */
static void look(struct request *q)
{
    struct params p = {0};
    int64_t since = q->began;
    key_params(&p, q);
    params_int(&p, q->life_s);
    if (!q->ignore_cache)
        params_text(&p, NULL);
    else
        params_int(&p, q->began ? q->fresh_after : TIME_FAR);
    if (!q->began && q->ignore_cache)
        since = TIME_FAR;
    if (since)
        params_int(&p, since);
    else
        params_text(&p, NULL);
    db_send(q->v->o.db, &vendor_look, &p, looked, q);
}

static void timer_fired(void *arg)
{
    struct request *q = arg;
    q->waiting = false;
    /* Once the vendor was asked, the timer means that it is asked again. */
    if (q->tries)
        take(q);
    else
        look(q);
}

/* ---- what others call ---- */

struct vendor *vendor_new(const struct vendor_options *o)
{
    struct vendor *v = mem_alloc(sizeof *v);
    v->o = *o;
    if (getrandom(&v->self, sizeof v->self, 0) != (ssize_t)sizeof v->self)
        v->self = (uint64_t)time_monotonic_us();
    return v;
}

void vendor_free(struct vendor *v)
{
    if (!v)
        return;
    v->closing = true;
    while (v->requests) {
        struct request *q = v->requests;
        unlink_request(q);
        q->answer =
            (struct vendor_answer){.state = VENDOR_NONE, .body = "", .fetched_at = TIME_NONE};
        say(q, "the program is closing");
        q->done(q->arg, &q->answer);
        q->dropped = true;
        if (q->call)
            http_cancel(q->call);
        else if (q->waiting)
            request_free(q);
    }
    mem_free(v);
}

void vendor_get(struct vendor *v, const struct vendor_request *r, vendor_done_fn *done, void *arg)
{
    if (v->closing) {
        struct vendor_answer none = {.state = VENDOR_NONE, .body = "", .fetched_at = TIME_NONE};
        copy_text(none.problem, sizeof none.problem, "the program is closing");
        done(arg, &none);
        return;
    }
    struct request *q = mem_alloc(sizeof *q);
    *q = (struct request){.v = v,
                          .next = v->requests,
                          .vendor = mem_text(r->vendor),
                          .endpoint = mem_text(r->endpoint),
                          .symbol = mem_text(r->symbol),
                          .url = mem_text(r->url),
                          .nheaders = r->nheaders,
                          .life_s = r->life_s,
                          .counted = r->counted,
                          .ignore_cache = r->ignore_cache,
                          .judge = r->judge,
                          .done = done,
                          .arg = arg,
                          .deadline_us = time_monotonic_us() + (int64_t)DEADLINE_MS * 1000,
                          .poll_ms = POLL_FIRST_MS};
    for (size_t i = 0; i < r->nheaders; i++)
        q->header[i] = mem_text(r->header[i]);
    if (v->requests)
        v->requests->prev = q;
    v->requests = q;
    q->timer = loop_timer_new(v->o.loop, timer_fired, q);
    snprintf(q->owner, sizeof q->owner, "%ld/%016llx/%llu", (long)getpid(),
             (unsigned long long)v->self, (unsigned long long)v->count++);
    look(q);
}
