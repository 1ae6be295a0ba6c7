/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wire form of Anthropic's Messages API, shared by the provider that sends it and by the
 * rehearsal, which answers in it: the request's body, and the reader of replies. The reader takes
 * what compatible servers send, too: it picks blocks by type and misses nothing that may be
 * missing. */
#ifndef QUORUM_NET_ANTHROPIC_H
#define QUORUM_NET_ANTHROPIC_H

#include "core/net/sse.h"
#include "quorum/model.h"

/* More than the tool prompt that the vendor adds and the request does not show (Haiku 4.5: 588). */
enum { HIDDEN_PROMPT_TOKENS = 2048 };

/* The JSON body for POST /v1/messages. Stable parts (system, form) come first and are marked for
 * the cache when they reach the model's cacheable minimum. No sampling parameter, ever. */
void anthropic_request_body(const struct model_request *r, struct buf *out);

enum { WIRE_BLOCKS_MAX = 16 };

struct wire_block {
    int64_t index;
    bool is_tool, is_other; /* neither: text */
    bool right_name;        /* the tool that was asked for */
    struct buf text;        /* text, or the tool's input as JSON */
    struct buf start;       /* the input content_block_start held */
};

/* One reply as it comes in. */
struct wire {
    struct sse sse;
    char form_name[72];
    bool is_stream, ended;
    bool has_message; /* the reply has the shape of one, whatever is in it */
    bool has_error;
    char error_type[64], error_code[64], error_text[320];
    char stop_reason[40], stop_text[200], model[64], request_id[80];
    struct usage usage;
    bool has_input, has_output; /* the counts that matter were given and are final */
    struct wire_block block[WIRE_BLOCKS_MAX];
    size_t nblocks;
    int64_t streamed_bytes;
    void (*progress)(void *arg, int64_t output_tokens);
    void *progress_arg;
    struct buf answer, raw; /* what the reply points to */
};

void wire_init(struct wire *w, const struct model_request *r);
/* A piece of a streamed reply. */
void wire_feed(struct wire *w, const char *bytes, size_t len);
/* A reply that came whole. */
void wire_read_body(struct wire *w, const char *body, size_t len);
/* The end: `r` holds the whole body; one that was not fed as a stream is read now. `key` (may be
 * NULL) is taken out of every text. The reply's pointers live as long as w. */
void wire_conclude(struct wire *w, const struct http_response *r, const char *key,
                   struct model_reply *out);
void wire_release(struct wire *w);

/* Milliseconds the vendor asks to wait, -1: does not say. */
int64_t wire_retry_after(const struct http_response *r);
/* Replaces a secret by "[redacted]", in place; NULL and short secrets are ignored. */
void wire_redact(char *text, const char *secret);

#endif
