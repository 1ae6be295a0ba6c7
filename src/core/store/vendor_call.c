/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/store/vendor_private.h"
#include "core/store/vendor_sql.h"
#include "quorum/log.h"
#include "quorum/text.h"

enum {
    CONNECT_MS = 5000,
    FIRST_BYTE_MS = 15000,
    TOTAL_MS = 20000,
    RETRY_MS = 700,
    RETRY_AFTER_MAX_S = 5,
    TRIES = 2,
    BODY_MAX = 4 << 20,
};

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

/* ---- the call ---- */

static void stored(void *arg, struct rows *rows, const struct error *e)
{
    struct request *q = arg;
    if (request_is_dropped(q))
        return;
    /* The answer is there all the same; only the next one will be asked for again. */
    if (e && e->kind)
        log_write(LOG_WARN, "vendor", "%s %s was not kept: %s", q->endpoint, q->symbol, e->text);
    else if (rows->nrows)
        q->answer.fetched_at = rows_int(rows, 0, 0);
    request_finish(q, VENDOR_FRESH);
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
    request_key(&p, q);
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
    if (request_is_dropped(q))
        return;
    if ((e && e->kind) || rows->nrows == 0) {
        request_say(q, "nothing new, and what was kept is gone");
        request_fall_back(q);
        return;
    }
    request_take_hex(q, rows_text(rows, 0, 0));
    q->answer.fetched_at = rows_int(rows, 0, 1);
    q->answer.from_cache = true;
    request_finish(q, VENDOR_FRESH);
}

static void renew(struct request *q)
{
    struct params p = {0};
    request_key(&p, q);
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
        request_say(q, r->problem);
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
        request_left_ms(q) > TOTAL_MS + retry_after_ms(r)) {
        request_wait(q, retry_after_ms(r));
        return;
    }
    request_fail(q, refused, exhausted);
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
    if (request_is_dropped(q))
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
    if (request_is_dropped(q))
        return;
    if (e && e->kind) {
        request_database_failed(q, e);
        return;
    }
    long long limit = (long long)rows_int(rows, 0, 0);
    const char *day = rows_text(rows, 0, 3);
    if (!day) {
        snprintf(q->answer.problem, sizeof q->answer.problem,
                 "%s: %lld of %lld calls used, resets %02lld:00 UTC", request_label(q, name), limit,
                 limit, (long long)rows_int(rows, 0, 1));
        request_fail(q, false, false);
        return;
    }
    copy_text(q->day, sizeof q->day, day);
    log_write(LOG_INFO, q->vendor, "%s API call %s %s (%lld of %lld today)", request_label(q, name),
              q->endpoint, q->symbol, (long long)rows_int(rows, 0, 2), limit);
    ask(q);
}

void request_take(struct request *q)
{
    struct params p = {0};
    if (!q->counted) {
        ask(q);
        return;
    }
    params_text(&p, q->vendor);
    params_text(&p, q->endpoint);
    db_send(q->v->o.db, &vendor_take, &p, took, q);
}
