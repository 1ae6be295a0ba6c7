/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request on its way: look into the cache; take the lease, or wait for who has it; take one of
 * the day's calls; ask the vendor; store what came. It always has exactly one thing pending (an
 * answer of the database, an answer of the vendor, or the timer), so it can be dropped at any
 * point. vendor.c has the cache and the lease, vendor_call.c the call. */
#ifndef STORE_VENDOR_PRIVATE_H
#define STORE_VENDOR_PRIVATE_H

#include "quorum/vendor.h"

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

/* Ends it with what is in q->answer and q->body; q is gone after. */
void request_finish(struct request *q, enum vendor_state state);
void request_database_failed(struct request *q, const struct error *e);
/* With the problem said: an older answer, if there is one, ends it. */
void request_fall_back(struct request *q);
/* Gives the lease back with the reason, which those who wait take as their answer too. */
void request_fail(struct request *q, bool refused, bool exhausted);
/* Every callback begins with this: a dropped request only ends. */
bool request_is_dropped(struct request *q);

/* "FMP" of what is counted, else the endpoint up to a slash: a feed's host. */
const char *request_label(const struct request *q, char dst[64]);
void request_say(struct request *q, const char *text); /* "label: text" is the problem */
int64_t request_left_ms(const struct request *q);
void request_wait(struct request *q, int64_t ms);
void request_key(struct params *p, const struct request *q);
void request_take_hex(struct request *q, const char *hex); /* the body, of the database */

/* Takes one of the day's calls, if it is counted, and asks. */
void request_take(struct request *q);

#endif
