/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A model that costs nothing and needs no network: it writes real replies in the vendor's wire
 * form and has them read by the same reader, after a latency, with the faults it is told. */
#include "core/net/rehearsal.h"

#include <inttypes.h>
#include <string.h>

#include "core/net/anthropic.h"
#include "quorum/log.h"
#include "quorum/mem.h"

enum {
    BYTES_PER_TOKEN = 4,
    PIECES = 8, /* of a stream, over the latency */
    DELTA_BYTES = 24,
    SLOW_MS = 30000,
    NO_DEADLINE_MS = 120000,
};

struct rehearsal {
    struct model base;
    struct loop *loop;
    uint64_t seed;
    int64_t latency_ms;
    enum rehearsal_fault fault;
    struct model_call *calls;
};

struct model_call {
    struct rehearsal *owner;
    struct model_call *prev, *next;
    struct loop_timer *timer;
    struct wire wire;
    struct http_response response;
    struct buf body;
    size_t fed;
    int pieces; /* still to come */
    int64_t wait_ms, waited_ms;
    bool stream, cancelled;
    model_done_fn *done;
    void *arg;
};

static const char *const fault_names[] = {
    [FAULT_NONE] = "",
    [FAULT_REFUSAL] = "refusal",
    [FAULT_MAX_TOKENS] = "max_tokens",
    [FAULT_PROSE] = "prose",
    [FAULT_WRONG_TYPE] = "wrong_type",
    [FAULT_NAN] = "nan",
    [FAULT_EMPTY] = "empty",
    [FAULT_SLOW] = "slow",
    [FAULT_429] = "429",
    [FAULT_500] = "500",
    [FAULT_529] = "529",
    [FAULT_CUT] = "cut",
};

/* ---- replies in the wire form ---- */

struct script {
    const struct model_request *r;
    const char *answer; /* the filled form */
    enum rehearsal_fault fault;
    int64_t input_tokens, output_tokens;
    uint64_t id;
};

static const char *stop_reason(const struct script *s)
{
    return s->fault == FAULT_REFUSAL      ? "refusal"
           : s->fault == FAULT_MAX_TOKENS ? "max_tokens"
           : s->fault == FAULT_PROSE      ? "end_turn"
                                          : "tool_use";
}

static const char prose[] = "I would rather not fill in a form. The company looks interesting.";

static void write_usage(struct json *j, const struct script *s, int64_t output)
{
    json_open(j, "usage", '{');
    json_int(j, "input_tokens", s->input_tokens);
    json_int(j, "cache_creation_input_tokens", 0);
    json_int(j, "cache_read_input_tokens", 0);
    json_int(j, "output_tokens", output);
    json_close(j, '}');
}

static void write_head(struct json *j, const struct script *s)
{
    char id[40];
    struct buf b = {0};
    buf_printf(&b, "msg_rehearsal_%016" PRIx64, s->id);
    copy_text(id, sizeof id, buf_text(&b));
    buf_release(&b);
    json_str(j, "id", id);
    json_str(j, "type", "message");
    json_str(j, "role", "assistant");
    json_str(j, "model", s->r->model);
}

static void write_block(struct json *j, const struct script *s, const char *key, const char *input)
{
    json_open(j, key, '{');
    json_str(j, "type", s->fault == FAULT_PROSE ? "text" : "tool_use");
    if (s->fault == FAULT_PROSE) {
        json_str(j, "text", prose);
    } else {
        json_str(j, "id", "toolu_rehearsal");
        json_str(j, "name", s->r->form_name);
        json_raw(j, "input", input);
    }
    json_close(j, '}');
}

static void write_stop(struct json *j, const struct script *s)
{
    json_str(j, "stop_reason", stop_reason(s));
    json_null(j, "stop_sequence");
    if (s->fault == FAULT_REFUSAL) {
        json_open(j, "stop_details", '{');
        json_str(j, "type", "refusal");
        json_str(j, "explanation", "a rehearsed refusal");
        json_close(j, '}');
    }
}

static void write_whole(const struct script *s, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    write_head(&j, s);
    json_open(&j, "content", '[');
    if (s->fault != FAULT_REFUSAL)
        write_block(&j, s, NULL, s->fault == FAULT_MAX_TOKENS ? "{}" : s->answer);
    json_close(&j, ']');
    write_stop(&j, s);
    write_usage(&j, s, s->output_tokens);
    json_close(&j, '}');
}

static void event(struct buf *out, struct json *j, const char *type)
{
    buf_printf(out, "event: %s\ndata: ", type);
    json_begin(j, out);
    json_open(j, NULL, '{');
    json_str(j, "type", type);
}

static void end_event(struct buf *out, struct json *j)
{
    json_close(j, '}');
    buf_str(out, "\n\n");
}

static void write_deltas(const struct script *s, struct buf *out)
{
    struct json j;
    size_t len = strlen(s->answer);
    if (s->fault == FAULT_MAX_TOKENS)
        len /= 2;
    for (size_t i = 0; i < len; i += DELTA_BYTES) {
        char piece[DELTA_BYTES + 1];
        copy_bytes(piece, sizeof piece, s->answer + i,
                   len - i < DELTA_BYTES ? len - i : DELTA_BYTES);
        event(out, &j, "content_block_delta");
        json_int(&j, "index", 0);
        json_open(&j, "delta", '{');
        json_str(&j, "type", "input_json_delta");
        json_str(&j, "partial_json", piece);
        json_close(&j, '}');
        end_event(out, &j);
    }
}

static void write_stream(const struct script *s, struct buf *out)
{
    struct json j;
    event(out, &j, "message_start");
    json_open(&j, "message", '{');
    write_head(&j, s);
    json_open(&j, "content", '[');
    json_close(&j, ']');
    write_usage(&j, s, 1);
    json_close(&j, '}');
    end_event(out, &j);
    if (s->fault != FAULT_REFUSAL) {
        event(out, &j, "content_block_start");
        json_int(&j, "index", 0);
        write_block(&j, s, "content_block", "{}");
        end_event(out, &j);
        if (s->fault != FAULT_PROSE)
            write_deltas(s, out);
        event(out, &j, "content_block_stop");
        json_int(&j, "index", 0);
        end_event(out, &j);
    }
    event(out, &j, "message_delta");
    json_open(&j, "delta", '{');
    write_stop(&j, s);
    json_close(&j, '}');
    write_usage(&j, s, s->output_tokens);
    end_event(out, &j);
    event(out, &j, "message_stop");
    end_event(out, &j);
}

static void write_error(struct model_call *c, int status, const char *type, const char *text)
{
    struct json j;
    c->response.status = status;
    json_begin(&j, &c->body);
    json_open(&j, NULL, '{');
    json_str(&j, "type", "error");
    json_open(&j, "error", '{');
    json_str(&j, "type", type);
    json_str(&j, "message", text);
    json_close(&j, '}');
    json_close(&j, '}');
}

static void write_reply(struct model_call *c, const struct model_request *r)
{
    struct rehearsal *m = c->owner;
    struct buf answer = {0}, request = {0};
    anthropic_request_body(r, &request);
    rehearsal_answer(r, m->seed, m->fault, &answer);
    struct script s = {
        .r = r,
        .answer = buf_text(&answer),
        .fault = m->fault,
        .input_tokens = (int64_t)request.len / BYTES_PER_TOKEN,
        .output_tokens = (int64_t)answer.len / BYTES_PER_TOKEN + 1,
        .id = rehearsal_hash(r, m->seed),
    };
    if (m->fault == FAULT_MAX_TOKENS || s.output_tokens > r->max_tokens)
        s.output_tokens = r->max_tokens;
    c->response.status = 200;
    if (m->fault == FAULT_429)
        write_error(c, 429, "rate_limit_error", "a rehearsed rate limit");
    else if (m->fault == FAULT_500)
        write_error(c, 500, "api_error", "a rehearsed server error");
    else if (m->fault == FAULT_529)
        write_error(c, 529, "overloaded_error", "Overloaded, in rehearsal");
    else if (c->stream && m->fault != FAULT_EMPTY)
        write_stream(&s, &c->body);
    else if (m->fault != FAULT_EMPTY)
        write_whole(&s, &c->body);
    buf_printf(&c->response.headers,
               "HTTP/1.1 %d\r\nrequest-id: req_rehearsal_%016" PRIx64 "\r\n%s", c->response.status,
               s.id, m->fault == FAULT_429 ? "retry-after: 1\r\n" : "");
    if (m->fault == FAULT_CUT)
        c->body.len /= 2;
    buf_release(&answer);
    buf_release(&request);
}

/* ---- the course of a call ---- */

static void unlink_call(struct model_call *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        c->owner->calls = c->next;
    if (c->next)
        c->next->prev = c->prev;
}

static void end_call(struct model_call *c, enum http_failure failure, const char *problem)
{
    struct model_reply reply;
    c->response.failure = failure;
    c->response.sent = true;
    c->response.total_ms = c->waited_ms;
    c->response.body = buf_text(&c->body);
    c->response.body_len = c->stream && failure != HTTP_OK ? c->fed : c->body.len;
    copy_text(c->response.problem, sizeof c->response.problem, problem);
    if (failure == HTTP_CANCELLED || failure == HTTP_TIMEOUT)
        c->response.status = c->fed ? c->response.status : 0;
    if (c->response.status == 0)
        c->response.body_len = 0;
    wire_conclude(&c->wire, &c->response, NULL, &reply);
    unlink_call(c);
    c->done(c->arg, &reply);
    loop_timer_free(c->timer);
    wire_release(&c->wire);
    buf_release(&c->response.headers);
    buf_release(&c->body);
    mem_free(c);
}

static void plan(struct model_call *c)
{
    int64_t step = c->pieces > 1 ? c->wait_ms / c->pieces : c->wait_ms;
    c->wait_ms -= step;
    c->waited_ms += step;
    loop_timer_start(c->timer, step);
}

static void next(void *arg)
{
    struct model_call *c = arg;
    if (c->cancelled) {
        end_call(c, HTTP_CANCELLED, "cancelled");
        return;
    }
    if (c->pieces == 0) {
        end_call(c, HTTP_TIMEOUT, "no answer in time, in rehearsal");
        return;
    }
    size_t left = c->body.len - c->fed, size = left / (size_t)c->pieces;
    if (c->stream && size > 0) {
        wire_feed(&c->wire, c->body.data + c->fed, size);
        c->fed += size;
    }
    c->pieces--;
    if (c->cancelled) /* by its progress callback */
        loop_timer_start(c->timer, 0);
    else if (c->pieces > 0)
        plan(c);
    else if (c->owner->fault == FAULT_CUT)
        end_call(c, HTTP_CUT, "the connection broke, in rehearsal");
    else
        end_call(c, HTTP_OK, "");
}

static struct model_call *send_request(struct model *m, const struct model_request *r,
                                       model_done_fn *done, void *arg)
{
    struct rehearsal *owner = (struct rehearsal *)m;
    struct model_call *c = mem_alloc(sizeof *c);
    int64_t deadline = r->deadline_ms > 0 ? r->deadline_ms : NO_DEADLINE_MS;
    *c = (struct model_call){.owner = owner,
                             .next = owner->calls,
                             .stream = r->stream,
                             .pieces = r->stream ? PIECES : 1,
                             .wait_ms = owner->latency_ms,
                             .done = done,
                             .arg = arg};
    if (owner->calls)
        owner->calls->prev = c;
    owner->calls = c;
    c->timer = loop_timer_new(owner->loop, next, c);
    wire_init(&c->wire, r);
    if (owner->fault == FAULT_SLOW)
        c->wait_ms += SLOW_MS;
    if (c->wait_ms > deadline) {
        c->wait_ms = deadline;
        c->pieces = 0;
    }
    plan(c);
    write_reply(c, r); /* within the latency */
    return c;
}

static void cancel(struct model_call *c)
{
    c->cancelled = true;
    loop_timer_start(c->timer, 0);
}

static void request_text(struct model *m, const struct model_request *r, struct buf *out)
{
    (void)m;
    anthropic_request_body(r, out);
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

static void free_model(struct model *m)
{
    struct rehearsal *owner = (struct rehearsal *)m;
    while (owner->calls)
        end_call(owner->calls, HTTP_CANCELLED, "cancelled");
    mem_free(owner);
}

static const struct model_ops rehearsal_ops = {
    .name = "rehearsal",
    .simulated = true,
    .free = free_model,
    .send = send_request,
    .cancel = cancel,
    .request_text = request_text,
    .prompt_bound = prompt_bound,
};

struct model *model_rehearsal_new(const struct rehearsal_options *o)
{
    struct rehearsal *m = mem_alloc(sizeof *m);
    bool known = false;
    m->base.ops = &rehearsal_ops;
    m->loop = o->loop;
    m->seed = o->seed;
    m->latency_ms = o->latency_ms > 0 ? o->latency_ms : 0;
    for (size_t i = 0; o->misbehave && i < ARRAY_LEN(fault_names); i++) {
        if (strcmp(o->misbehave, fault_names[i]) == 0) {
            m->fault = (enum rehearsal_fault)i;
            known = true;
        }
    }
    if (o->misbehave && !known)
        log_write(LOG_WARN, "model", "the rehearsal knows no fault \"%s\"", o->misbehave);
    return &m->base;
}

void model_rehearsal_pace(struct model *m, int64_t latency_ms)
{
    if (m && m->ops == &rehearsal_ops)
        ((struct rehearsal *)m)->latency_ms = latency_ms;
}
