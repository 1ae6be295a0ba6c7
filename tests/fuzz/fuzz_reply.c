/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of a server: the first byte chooses status, streaming and failure, a line of headers
 * follows, then the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/net/anthropic.h"
#include "quorum/mem.h"
#include "quorum/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static const char key[] = "secret-key";

static void check_text(const char *s, size_t size)
{
    must(strlen(s) < size && text_is_utf8(s, strlen(s)) && !strstr(s, key));
    for (; *s; s++)
        must((unsigned char)*s >= 0x20);
}

static void check_reply(const struct model_reply *r)
{
    must((r->outcome == MODEL_ANSWERED) == (r->answer != NULL));
    must((r->outcome == MODEL_ANSWERED) == (r->problem[0] == '\0'));
    must(r->retry_after_ms >= -1);
    must(!r->retryable || r->outcome == MODEL_UNREACHABLE || r->outcome == MODEL_REJECTED);
    must(r->usage.input >= 0 && r->usage.output >= 0 && r->usage.cache_read >= 0);
    must(r->usage.cache_write_5m >= 0 && r->usage.cache_write_1h >= 0);
    must(text_is_utf8(r->raw, strlen(r->raw)) && strlen(r->raw) <= 262144);
    must(!strstr(r->raw, key));
    if (r->answer)
        must(r->answer[0] == '{' && r->answer[strlen(r->answer) - 1] == '}');
    check_text(r->problem, sizeof r->problem);
    check_text(r->stop_reason, sizeof r->stop_reason);
    check_text(r->request_id, sizeof r->request_id);
    check_text(r->served_model, sizeof r->served_model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 200, 400, 401, 429, 529};
    static const struct model_request request = {.model = "m", .form_name = "record_vote"};
    if (size < 1)
        return 0;
    struct wire *w = mem_alloc(sizeof *w);
    struct model_reply reply;
    struct http_response r = {.status = statuses[data[0] & 7], .sent = true};
    bool stream = data[0] & 8;
    if (data[0] & 16) {
        r.failure = HTTP_CUT;
        copy_text(r.problem, sizeof r.problem, "the connection broke");
    }
    const char *head = (const char *)data + 1;
    const char *end = memchr(head, '\n', size - 1);
    size_t headers = end ? (size_t)(end - head) + 1 : 0;
    buf_add(&r.headers, head, headers);
    struct buf body = {0}; /* ends in a NUL, as curl's does here */
    buf_add(&body, head + headers, size - 1 - headers);
    r.body = buf_text(&body);
    r.body_len = body.len;
    wire_init(w, &request);
    for (size_t i = 0; stream && i < r.body_len; i += 5)
        wire_feed(w, r.body + i, r.body_len - i < 5 ? r.body_len - i : 5);
    wire_conclude(w, &r, key, &reply);
    check_reply(&reply);
    wire_release(w);
    mem_free(w);
    buf_release(&r.headers);
    buf_release(&body);
    return 0;
}
