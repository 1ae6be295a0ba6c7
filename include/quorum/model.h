/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking a model one question with a form to fill in: one try, for each try needs a reservation
 * of its own. A provider speaks to a vendor (anthropic),
 * pretends to (rehearsal), or answers from a stored evaluation (recorded). It knows nothing of
 * budgets and agents: the desk reserves, marks sent and settles around it. */
#ifndef QUORUM_MODEL_H
#define QUORUM_MODEL_H

#include "quorum/agent.h"
#include "quorum/http.h"
#include "quorum/prices.h"

struct model_request {
    const char *model;     /* canonical id */
    const char *system;    /* stable text, first in the prompt, cached where it pays */
    const char *facts;     /* the volatile part: data, delimited by the caller */
    const char *form_name; /* tool name, [a-zA-Z0-9_-]{1,64} */
    const char *form_help;
    const struct answer_field *fields; /* the form */
    const char *repair;                /* NULL, or what was wrong with the answer before */
    const char *previous;              /* the answer before, with repair */
    int max_tokens;
    bool stream;
    int64_t deadline_ms;   /* for this one try */
    int64_t evaluation_id; /* for the recorded and the rehearsal provider */
    const char *agent;
    /* Progress while streaming (may be NULL): output tokens so far, as far as known. */
    void (*progress)(void *arg, int64_t output_tokens);
    void *progress_arg;
};

enum model_outcome {
    MODEL_ANSWERED,    /* reply->answer holds the text of one JSON object, unchecked */
    MODEL_REFUSED,     /* stop_reason refusal */
    MODEL_CUT,         /* max_tokens, context window, or an incomplete object */
    MODEL_WRONG_FORM,  /* a reply without a usable object */
    MODEL_UNREACHABLE, /* connection, time-out, 408, 409, 429, 5xx, an error inside a stream */
    MODEL_DENIED,      /* 401, 402, 403, spend limit: no use to try again today */
    MODEL_REJECTED,    /* 400, 404, 413, 422: our request or model id is wrong */
};
const char *model_outcome_name(enum model_outcome o);

/* How sure we are of what was billed. */
enum billing { BILLED_NOTHING, BILLED_KNOWN, BILLED_UNKNOWN };

struct model_reply {
    enum model_outcome outcome;
    enum billing billing; /* UNKNOWN: presume the worst case */
    struct usage usage;
    bool retryable;         /* by the vendor's rules; the desk reserves anew before it tries */
    int64_t retry_after_ms; /* what the vendor asked for, -1: nothing */
    const char *answer;     /* JSON text or NULL */
    const char *raw;        /* body as received (redacted, at most 256 kB), for the payload row */
    char stop_reason[40], request_id[80], served_model[64];
    char problem[200]; /* clean text, for every outcome but ANSWERED */
    int http_status;
    int64_t latency_ms;
};
typedef void model_done_fn(void *arg, const struct model_reply *r);

struct model;
struct model_call;
struct model_ops {
    const char *name; /* "anthropic", "rehearsal", "recorded" */
    bool simulated;   /* costs are not real */
    /* Its replies were paid for when they were recorded: nothing is reserved for them. */
    bool costs_nothing;
    void (*free)(struct model *m);
    /* The request is copied. done is called once, from the loop, never from inside. */
    struct model_call *(*send)(struct model *m, const struct model_request *r, model_done_fn *done,
                               void *arg);
    void (*cancel)(struct model_call *c);
    /* The bytes that would be sent, for the payload row; no key in them. */
    void (*request_text)(struct model *m, const struct model_request *r, struct buf *out);
    /* Upper bound of the prompt's tokens: bytes of the request and a fixed allowance for the
     * hidden tool prompt (a token is at least one byte). */
    int64_t (*prompt_bound)(struct model *m, const struct model_request *r);
    /* Free check of key, address and model id (GET /v1/models/ID). May be NULL. */
    void (*check)(struct model *m, const char *model,
                  void (*done)(void *arg, const struct error *e), void *arg);
};
struct model {
    const struct model_ops *ops;
};

struct anthropic_options {
    struct http *http;
    struct loop *loop;
    const char *base_url; /* without /v1 */
    const char *key;      /* NULL for local servers */
};
struct model *model_anthropic_new(const struct anthropic_options *o);

/* Answers in the vendor's wire format after a latency, from what the agents' baselines would say
 * with some of its own noise; deterministic for a seed. `misbehave` names a fault or is NULL:
 * refusal, max_tokens, prose, wrong_type, nan, empty, slow, 429, 500, 529, cut. */
struct rehearsal_options {
    struct loop *loop;
    uint64_t seed;
    int64_t latency_ms;
    const char *misbehave;
};
struct model *model_rehearsal_new(const struct rehearsal_options *o);
/* Changes the latency: a virtual clock that catches up does not wait. Any other model is left
 * alone. */
void model_rehearsal_pace(struct model *m, int64_t latency_ms);

/* Answers with stored replies. find looks one up and calls found once (NULL: there is none), from
 * the loop; raw is borrowed for the call. Nothing is billed. */
struct recorded_options {
    struct loop *loop;
    void (*find)(void *arg, const char *agent, void (*found)(void *call, const char *raw),
                 void *call);
    void *arg;
};
struct model *model_recorded_new(const struct recorded_options *o);
void model_free(struct model *m);

#endif
