/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stand-in for a Messages API server on a port of its own (127.0.0.1, chosen by the system). It
 * answers as it is told, step by step or by a seeded mix of faults, checks every request against
 * the API's rules and keeps what breaks them. Threads are its own affair: all functions here may
 * be called from the test's thread at any time. */
#ifndef QUORUM_TESTS_FAKE_MESSAGES_H
#define QUORUM_TESTS_FAKE_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/buf.h"

enum fake_kind {
    FAKE_ANSWER,    /* the form, filled by the tool */
    FAKE_THINKING,  /* the same behind a thinking block and a ping */
    FAKE_TEXT_JSON, /* the object as plain text */
    FAKE_FENCED,    /* in a fence, with prose around it */
    FAKE_PROSE,     /* no object at all */
    FAKE_REFUSAL,
    FAKE_MAX_TOKENS, /* cut off in the middle of the object */
    FAKE_WRONG_TYPE, /* confidence is a word */
    FAKE_NAN,        /* confidence is NaN */
    FAKE_NULL_USAGE,
    FAKE_EMPTY,       /* 200 without a byte */
    FAKE_GARBAGE,     /* 200 with bytes that are nothing */
    FAKE_HUGE,        /* 200 with 9 MB */
    FAKE_429,         /* retry-after: 2 */
    FAKE_429_BARE,    /* without retry-after */
    FAKE_SPEND_LIMIT, /* 429 of a spend limit */
    FAKE_400,
    FAKE_401,
    FAKE_404,
    FAKE_413_HTML,
    FAKE_500,
    FAKE_503_HTML,
    FAKE_529,
    FAKE_ECHO_KEY,     /* 401 whose text quotes the key */
    FAKE_ERROR_INSIDE, /* 200, then an error */
    FAKE_NO_STOP,      /* a stream that ends before message_stop */
    FAKE_CUT,          /* the connection breaks in the middle of the answer */
    FAKE_CLOSE,        /* it breaks before the first byte */
    FAKE_DRIP,         /* the answer in small pieces, slowly */
    FAKE_HANG,         /* no answer until the server stops */
    FAKE_RAW,          /* status, header and body of the step */
    FAKE_KINDS,
};
const char *fake_kind_name(enum fake_kind k); /* "max_tokens" */
bool fake_kind_parse(const char *name, enum fake_kind *out);

struct fake_step {
    enum fake_kind kind;
    int latency_ms;
    /* FAKE_RAW; header is "name: value" or NULL. */
    int status;
    const char *type, *header, *body;
};

struct fake_options {
    const char *key;                     /* required of requests; NULL: any or none */
    const char *vote, *label;            /* BUY and BULL when NULL */
    int confidence;                      /* 75 when 0 */
    int64_t input_tokens, output_tokens; /* 1000 and 100 when 0 */
    int latency_ms;                      /* of every answer that no step speaks of */
    enum fake_kind kind;                 /* likewise */
    bool mix;                            /* likewise, drawn from all kinds */
    uint64_t seed;
    const char *request_file; /* every request's body is appended to it, one a line */
};

struct fake;
struct fake *fake_start(const struct fake_options *o); /* NULL when it cannot listen */
void fake_stop(struct fake *f);
const char *fake_url(const struct fake *f); /* "http://127.0.0.1:PORT" */
unsigned fake_port(const struct fake *f);

/* What the next request that no step waits for yet is answered with. The texts must outlive it. */
void fake_push(struct fake *f, const struct fake_step *s);

size_t fake_requests(struct fake *f);    /* of POST /v1/messages */
size_t fake_connections(struct fake *f); /* accepted */
size_t fake_violations(struct fake *f);
/* "messages[0]: role must be user"; "" past the last. Appends to out. */
void fake_violation(struct fake *f, size_t i, struct buf *out);
void fake_last_body(struct fake *f, struct buf *out);
void fake_last_path(struct fake *f, struct buf *out);
/* Until n requests have been answered to the last byte, or the time is over. */
bool fake_wait_answered(struct fake *f, size_t n, int ms);

/* messages_check.c: appends each broken rule of the API to out, one a line. */
struct fake_headers {
    const char *content_type, *version, *key, *bearer;
};
void fake_check_request(const struct fake_headers *h, const char *body, size_t len,
                        struct buf *out);

/* messages_reply.c */
struct fake_call {
    const struct fake_options *options;
    enum fake_kind kind;
    const char *body; /* of the request */
    size_t len;
    const char *key; /* it carried */
    uint64_t number;
};
struct fake_reply {
    int status;
    const char *type;
    struct buf header; /* "name: value" lines, each ended by \n */
    struct buf body;
};
void fake_write_reply(const struct fake_call *c, struct fake_reply *out);

#endif
