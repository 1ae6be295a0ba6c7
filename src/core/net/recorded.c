/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers with the replies another evaluation got, byte for byte, through the reader of live
 * replies. Costs nothing, needs no network, and shows what changed when something else did. */
#include <string.h>

#include "core/net/anthropic.h"
#include "quorum/mem.h"

struct recorded {
    struct model base;
    struct recorded_options o;
};

struct model_call {
    struct recorded *owner;
    struct loop_timer *timer;
    struct wire wire;
    char agent[64];
    bool cancelled;
    model_done_fn *done;
    void *arg;
};

static void end(struct model_call *c, const struct model_reply *reply)
{
    c->done(c->arg, reply);
    wire_release(&c->wire);
    loop_timer_free(c->timer);
    mem_free(c);
}

static void without_reply(struct model_call *c, const char *problem)
{
    struct model_reply reply = {
        .outcome = MODEL_UNREACHABLE, .billing = BILLED_NOTHING, .retry_after_ms = -1};
    copy_text(reply.problem, sizeof reply.problem, problem);
    end(c, &reply);
}

static void found(void *arg, const char *raw)
{
    struct model_call *c = arg;
    struct model_reply reply = {0};
    if (c->cancelled || !raw || !*raw) {
        without_reply(c, c->cancelled ? "cancelled" : "the recorded evaluation has no reply here");
        return;
    }
    struct http_response r = {
        .failure = HTTP_OK, .sent = true, .status = 200, .body = raw, .body_len = strlen(raw)};
    if (*raw == '{')
        wire_read_body(&c->wire, raw, strlen(raw));
    else
        wire_feed(&c->wire, raw, strlen(raw));
    wire_conclude(&c->wire, &r, NULL, &reply);
    /* It was paid for when it was recorded. */
    reply.billing = BILLED_NOTHING;
    reply.usage = (struct usage){0};
    reply.retryable = false;
    end(c, &reply);
}

static void look_up(void *arg)
{
    struct model_call *c = arg;
    c->owner->o.find(c->owner->o.arg, c->agent, found, c);
}

static struct model_call *recorded_send(struct model *m, const struct model_request *r,
                                        model_done_fn *done, void *arg)
{
    struct model_call *c = mem_alloc(sizeof *c);
    c->owner = (struct recorded *)m;
    c->done = done;
    c->arg = arg;
    copy_text(c->agent, sizeof c->agent, r->agent);
    wire_init(&c->wire, r);
    c->timer = loop_timer_new(c->owner->o.loop, look_up, c);
    loop_timer_start(c->timer, 0);
    return c;
}

static void recorded_cancel(struct model_call *c)
{
    c->cancelled = true;
}

static void recorded_request(struct model *m, const struct model_request *r, struct buf *out)
{
    (void)m;
    anthropic_request_body(r, out);
}

static int64_t recorded_bound(struct model *m, const struct model_request *r)
{
    (void)m;
    (void)r;
    return 0;
}

static void recorded_free(struct model *m)
{
    mem_free(m);
}

static const struct model_ops recorded_ops = {
    .name = "recorded",
    .simulated = true,
    .costs_nothing = true,
    .free = recorded_free,
    .send = recorded_send,
    .cancel = recorded_cancel,
    .request_text = recorded_request,
    .prompt_bound = recorded_bound,
};

struct model *model_recorded_new(const struct recorded_options *o)
{
    struct recorded *m = mem_alloc(sizeof *m);
    m->base.ops = &recorded_ops;
    m->o = *o;
    return &m->base;
}
