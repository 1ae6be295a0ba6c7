/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/store/vendor_private.h"

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
    DEADLINE_MS = 40000, /* of a whole request, waiting for others included */
    LEASE_S = 45,        /* longer than any request, so that it ends only with its owner's death */
    POLL_FIRST_MS = 40,
    POLL_LAST_MS = 500,
};

/* No time is later: as a lower bound of freshness it means "nothing that is there now". */
#define TIME_FAR ((int64_t)4102444800 * USEC_SECOND)

static void look(struct request *q);

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

void request_finish(struct request *q, enum vendor_state state)
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

const char *request_label(const struct request *q, char dst[64])
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

void request_say(struct request *q, const char *text)
{
    char name[64];
    snprintf(q->answer.problem, sizeof q->answer.problem, "%s: %s", request_label(q, name), text);
}

void request_database_failed(struct request *q, const struct error *e)
{
    snprintf(q->answer.problem, sizeof q->answer.problem, "database: %s", e->text);
    request_finish(q, VENDOR_NONE);
}

bool request_is_dropped(struct request *q)
{
    if (!q->dropped)
        return false;
    request_free(q);
    return true;
}

int64_t request_left_ms(const struct request *q)
{
    return (q->deadline_us - time_monotonic_us()) / 1000;
}

void request_wait(struct request *q, int64_t ms)
{
    q->waiting = true;
    loop_timer_start(q->timer, ms);
}

void request_key(struct params *p, const struct request *q)
{
    params_text(p, q->vendor);
    params_text(p, q->endpoint);
    params_text(p, q->symbol);
}

static int nibble(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

void request_take_hex(struct request *q, const char *hex)
{
    size_t n = hex ? strlen(hex) / 2 : 0;
    buf_clear(&q->body);
    for (size_t i = 0; i < n; i++)
        buf_char(&q->body, (char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1])));
}

/* ---- when there is no answer ---- */

static void looked_old(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    if (request_is_dropped(q))
        return;
    if ((e && e->kind) || rows->nrows == 0) {
        request_finish(q, VENDOR_NONE);
        return;
    }
    request_take_hex(q, rows_text(rows, 0, 0));
    q->answer.fetched_at = rows_int(rows, 0, 1);
    q->answer.age_s = rows_int(rows, 0, 2);
    q->answer.from_cache = true;
    request_finish(q, VENDOR_STALE);
}

void request_fall_back(struct request *q)
{
    struct params p = {0};
    request_key(&p, q);
    db_send(q->v->o.db, &vendor_old, &p, looked_old, q);
}

static void failed(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    (void)rows;
    if (request_is_dropped(q))
        return;
    if (e && e->kind)
        log_write(LOG_WARN, "vendor", "%s %s: %s", q->endpoint, q->symbol, e->text);
    request_fall_back(q);
}

void request_fail(struct request *q, bool refused, bool exhausted)
{
    struct params p = {0};
    log_write(LOG_WARN, q->vendor, "%s %s: %s", q->endpoint, q->symbol, q->answer.problem);
    request_key(&p, q);
    params_text(&p, q->owner);
    params_text(&p, q->answer.problem);
    params_bool(&p, refused);
    params_bool(&p, exhausted && q->counted);
    db_send(q->v->o.db, &vendor_fail, &p, failed, q);
}

/* ---- the cache and the lease ---- */

static void leased(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    if (request_is_dropped(q))
        return;
    if (e && e->kind)
        request_database_failed(q, e);
    else if (rows->nrows == 0)
        look(q); /* somebody was faster: see what came of it */
    else
        request_take(q);
}

static void lease(struct request *q)
{
    struct params p = {0};
    request_key(&p, q);
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
    if (request_is_dropped(q))
        return;
    if (e && e->kind) {
        request_database_failed(q, e);
        return;
    }
    if (rows_bool(rows, 0, 0)) {
        request_take_hex(q, rows_text(rows, 0, 1));
        q->answer.fetched_at = rows_int(rows, 0, 2);
        q->answer.age_s = rows_int(rows, 0, 3);
        q->answer.from_cache = true;
        request_finish(q, VENDOR_FRESH);
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
        request_fall_back(q);
    } else if (problem) {
        sanitize_line(q->answer.problem, sizeof q->answer.problem, untrusted(problem));
        request_fall_back(q);
    } else if (!rows_bool(rows, 0, 4)) {
        remember_validators(q, rows);
        lease(q);
    } else if (request_left_ms(q) <= q->poll_ms) {
        request_say(q, "another process has been asking and got no answer yet");
        request_fall_back(q);
    } else {
        request_wait(q, q->poll_ms);
        q->poll_ms = q->poll_ms * 2 < POLL_LAST_MS ? q->poll_ms * 2 : POLL_LAST_MS;
    }
}

/* The first look takes any recent failure for an answer; the later ones only what failed since. */
static void look(struct request *q)
{
    struct params p = {0};
    int64_t since = q->began;
    request_key(&p, q);
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
        request_take(q);
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
        request_say(q, "the program is closing");
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
