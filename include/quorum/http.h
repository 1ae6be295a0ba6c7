/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP on the loop (libcurl multi): HTTP/2 where offered, connections reused, deadlines for
 * connect, first byte and total, no redirect to another host, bodies capped. No retries here:
 * each client knows its vendor's rules. */
#ifndef QUORUM_HTTP_H
#define QUORUM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/buf.h"
#include "quorum/loop.h"

struct http;
struct http_call;

enum { HTTP_HEADERS_MAX = 12 };

struct http_request {
    const char *method;                   /* "GET" or "POST" */
    const char *url;                      /* http:// or https://; never holds a key */
    const char *header[HTTP_HEADERS_MAX]; /* "name: value"; values may be secret: never logged */
    size_t nheaders;
    const char *body;
    size_t body_len;
    int64_t connect_ms, first_byte_ms, total_ms; /* 0: 5 s, 60 s, 120 s */
    size_t max_body;                             /* 0: 8 MB */
    /* Body bytes as they arrive (NULL: only at the end). Called between start and done. */
    void (*on_data)(void *arg, const char *bytes, size_t len);
};

enum http_failure { HTTP_OK, HTTP_CONNECT, HTTP_TIMEOUT, HTTP_CUT, HTTP_TOO_LARGE, HTTP_CANCELLED };

/* Borrowed for the duration of done. With failure HTTP_OK any status may have come. */
struct http_response {
    enum http_failure failure;
    bool sent;         /* request bytes left this machine: the vendor may have acted on them */
    int status;        /* 0 when none came */
    char problem[200]; /* of a failure; clean, without URL parameters */
    const char *body;
    size_t body_len;
    int64_t first_byte_ms, total_ms;
    /* First value of a response header, "" if absent; names are compared without case. */
    struct buf headers; /* raw lines */
};
const char *http_header(const struct http_response *r, const char *name, char *dst, size_t size);

typedef void http_done_fn(void *arg, const struct http_response *r);

struct http *http_new(struct loop *l);
void http_free(struct http *h); /* open calls end as HTTP_CANCELLED */
/* The request is copied. done is called once, from the loop, never from inside http_send. */
struct http_call *http_send(struct http *h, const struct http_request *r, http_done_fn *done,
                            void *arg);
void http_cancel(struct http_call *c); /* done is called with HTTP_CANCELLED from the loop */

#endif
