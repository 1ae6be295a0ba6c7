/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reply means: outcome, what it cost for sure, and whether another try may help. */
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/net/anthropic.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum {
    RAW_MAX = 256 << 10,
    SEARCH_MAX = 256 << 10, /* bytes of prose an object is looked for in */
    SECRET_SHORTEST = 6,
};

void wire_redact(char *text, const char *secret)
{
    static const char mark[] = "[redacted]";
    size_t n = secret ? strlen(secret) : 0;
    if (n < SECRET_SHORTEST)
        return;
    for (char *p = text; (p = strstr(p, secret));) {
        size_t show = n < sizeof mark - 1 ? n : sizeof mark - 1;
        memcpy(p, mark, show);
        memmove(p + show, p + n, strlen(p + n) + 1);
        p += show;
    }
}

/* ---- when to try again ---- */

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, the one form servers send). */
static bool parse_http_date(const char *s, int64_t *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char name[4] = "", zone[4] = "";
    int day, year, hour, minute, second;
    // NOLINTNEXTLINE(cert-err34-c): every number has at most four digits
    if (sscanf(s, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3[A-Z]", &day, name, &year, &hour,
               &minute, &second, zone) != 7 ||
        strlen(name) != 3 || strcmp(zone, "GMT") != 0)
        return false;
    const char *at = strstr(months, name);
    if (!at || (at - months) % 3 != 0)
        return false;
    int32_t date = day_from_civil(year, (int)(at - months) / 3 + 1, day);
    if (date == DAY_NONE)
        return false;
    *out = date * USEC_DAY + (hour * 3600 + minute * 60 + second) * USEC_SECOND;
    return true;
}

static bool parse_wait(const char *s, double unit_ms, int64_t *out)
{
    double x;
    if (!text_to_double(s, &x) || x < 0 || x * unit_ms > 1e12)
        return false;
    *out = (int64_t)ceil(x * unit_ms);
    return true;
}

int64_t wire_retry_after(const struct http_response *r)
{
    char text[64], now_text[64];
    int64_t ms, when, now;
    if (parse_wait(http_header(r, "retry-after-ms", text, sizeof text), 1, &ms) ||
        parse_wait(http_header(r, "retry-after", text, sizeof text), 1000, &ms))
        return ms;
    if (!parse_http_date(text, &when))
        return -1;
    /* The server's own clock, where it says what that is. */
    if (!parse_http_date(http_header(r, "date", now_text, sizeof now_text), &now))
        now = time_machine_now();
    return when > now ? (when - now) / 1000 : 0;
}

/* ---- what went wrong ---- */

static enum model_outcome outcome_of_type(const char *type, bool *known)
{
    static const struct {
        const char *type;
        enum model_outcome outcome;
    } rows[] = {
        {"overloaded_error", MODEL_UNREACHABLE},   {"api_error", MODEL_UNREACHABLE},
        {"timeout_error", MODEL_UNREACHABLE},      {"rate_limit_error", MODEL_UNREACHABLE},
        {"conflict_error", MODEL_UNREACHABLE},     {"authentication_error", MODEL_DENIED},
        {"permission_error", MODEL_DENIED},        {"billing_error", MODEL_DENIED},
        {"invalid_request_error", MODEL_REJECTED}, {"not_found_error", MODEL_REJECTED},
        {"request_too_large", MODEL_REJECTED},
    };
    *known = true;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].type, type) == 0)
            return rows[i].outcome;
    *known = false;
    return MODEL_UNREACHABLE;
}

static enum model_outcome outcome_of_status(int status)
{
    if (status == 401 || status == 402 || status == 403)
        return MODEL_DENIED;
    if (status == 408 || status == 409 || status == 429 || status >= 500)
        return MODEL_UNREACHABLE;
    return MODEL_REJECTED;
}

/* A limit of money, not of speed: waiting does not help. */
static bool is_spend_limit(const struct wire *w, int status)
{
    static const char *const codes[] = {
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
        "linked_organization_spend_limit_reached",
        "organization_on_hold",
    };
    static const char words[] = "You have reached your specified API usage limits";
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strcmp(w->error_code, codes[i]) == 0)
            return true;
    /* This one has no code of its own. */
    return status == 400 && strncmp(w->error_text, words, sizeof words - 1) == 0;
}

/* These refuse before any work is done. */
static bool is_free_status(int status)
{
    static const int rows[] = {400, 401, 402, 403, 404, 413, 429, 529};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i] == status)
            return true;
    return false;
}

static enum model_outcome classify(const struct wire *w, int status)
{
    bool known;
    enum model_outcome by_type = outcome_of_type(w->error_type, &known);
    if (is_spend_limit(w, status))
        return MODEL_DENIED;
    return known || status == 0 ? by_type : outcome_of_status(status);
}

static void name_error(const struct wire *w, int status, struct buf *out)
{
    if (status)
        buf_printf(out, "HTTP %d", status);
    else
        buf_str(out, "an error inside the answer");
    if (status >= 300 && status < 400)
        buf_str(out, ": the address redirects elsewhere; is the base URL right?");
    else if (status && !w->has_error)
        buf_str(out, ", without an error in the vendor's form");
    if (w->error_type[0])
        buf_printf(out, " %s", w->error_type);
    if (w->error_code[0])
        buf_printf(out, " (%s)", w->error_code);
    if (w->error_text[0])
        buf_printf(out, ": %s", w->error_text);
}

static void set_problem(struct model_reply *out, const char *text)
{
    sanitize_line(out->problem, sizeof out->problem, untrusted(text));
}

static void conclude_status(const struct wire *w, const struct http_response *r,
                            struct model_reply *out)
{
    struct buf text = {0};
    char should[8];
    out->outcome = classify(w, r->status);
    out->billing = is_free_status(r->status) ? BILLED_NOTHING : BILLED_UNKNOWN;
    out->retry_after_ms = wire_retry_after(r);
    out->retryable = out->outcome == MODEL_UNREACHABLE;
    http_header(r, "x-should-retry", should, sizeof should);
    if (out->outcome != MODEL_DENIED && strcasecmp(should, "true") == 0)
        out->retryable = true;
    else if (strcasecmp(should, "false") == 0)
        out->retryable = false;
    name_error(w, r->status, &text);
    set_problem(out, buf_text(&text));
    buf_release(&text);
}

static void conclude_transport(const struct http_response *r, struct model_reply *out)
{
    out->outcome = r->failure == HTTP_TOO_LARGE ? MODEL_WRONG_FORM : MODEL_UNREACHABLE;
    out->billing = r->sent ? BILLED_UNKNOWN : BILLED_NOTHING;
    out->retryable = r->failure != HTTP_TOO_LARGE && r->failure != HTTP_CANCELLED;
    set_problem(out, r->problem);
}

/* An error event after the 200, or a 200 with an error for a body. */
static void conclude_error_inside(const struct wire *w, struct model_reply *out)
{
    struct buf text = {0};
    out->outcome = classify(w, 0);
    out->retryable = out->outcome == MODEL_UNREACHABLE;
    name_error(w, 0, &text);
    set_problem(out, buf_text(&text));
    buf_release(&text);
}

/* ---- the object ---- */

enum found { FOUND_NONE, FOUND_BROKEN, FOUND_CUT, FOUND_TWO, FOUND_EMPTY, FOUND_ONE };

/* Index behind the object that begins at `i`, 0 when it does not end. */
static size_t skip_object(const char *t, size_t n, size_t i)
{
    size_t depth = 0;
    bool in_string = false;
    for (; i < n; i++) {
        char c = t[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

static bool is_object(const char *t, size_t n)
{
    struct json_tokener *tok = json_tokener_new();
    struct json_object *o = tok ? json_tokener_parse_ex(tok, t, (int)n) : NULL;
    bool yes = json_object_is_type(o, json_type_object) && json_object_object_length(o) > 0;
    json_object_put(o);
    json_tokener_free(tok);
    return yes;
}

/* The first balanced object, fences and prose around it or not. A second one that says something
 * else makes it no answer: nobody can tell which was meant. */
static enum found find_object(const char *t, size_t n, const char **at, size_t *len)
{
    enum found found = FOUND_NONE;
    if (n > SEARCH_MAX)
        n = SEARCH_MAX;
    for (size_t i = 0; i < n;) {
        if (t[i] != '{') {
            i++;
            continue;
        }
        size_t end = skip_object(t, n, i);
        if (!end)
            return found == FOUND_ONE ? found : FOUND_CUT;
        if (!is_object(t + i, end - i)) {
            if (found != FOUND_ONE)
                found = t[i + 1] == '}' ? FOUND_EMPTY : FOUND_BROKEN;
        } else if (found != FOUND_ONE) {
            found = FOUND_ONE;
            *at = t + i;
            *len = end - i;
        } else if (*len != end - i || memcmp(*at, t + i, *len) != 0) {
            return FOUND_TWO;
        }
        i = end;
    }
    return found;
}

static const struct buf *input_of(const struct wire_block *b)
{
    return b->text.len > 0 ? &b->text : &b->start;
}

static enum found merge(enum found before, enum found now, struct buf *answer, const char *at,
                        size_t len)
{
    if (now != FOUND_ONE)
        return now == FOUND_TWO || before < now ? now : before;
    if (before == FOUND_ONE)
        return answer->len == len && memcmp(answer->data, at, len) == 0 ? FOUND_ONE : FOUND_TWO;
    buf_clear(answer);
    buf_add(answer, at, len);
    return before == FOUND_TWO ? before : now;
}

/* The input of the tool that was asked for, else of any tool, else an object in the text. */
static enum found find_answer(const struct wire *w, struct buf *answer)
{
    enum found found = FOUND_NONE, now;
    const char *at = NULL;
    size_t len = 0;
    for (int named = 1; named >= 0 && found < FOUND_TWO; named--) {
        for (size_t i = 0; i < w->nblocks; i++) {
            const struct wire_block *b = &w->block[i];
            if (!b->is_tool || b->right_name != (named == 1))
                continue;
            const struct buf *input = input_of(b);
            now = find_object(buf_text(input), input->len, &at, &len);
            found = merge(found, now, answer, at, len);
        }
    }
    if (found == FOUND_ONE || found == FOUND_TWO || found == FOUND_CUT)
        return found;
    struct buf text = {0};
    for (size_t i = 0; i < w->nblocks; i++)
        if (!w->block[i].is_tool && !w->block[i].is_other)
            buf_add(&text, buf_text(&w->block[i].text), w->block[i].text.len);
    now = find_object(buf_text(&text), text.len, &at, &len);
    found = merge(found, now, answer, at, len);
    buf_release(&text);
    return found;
}

static void judge_answer(struct wire *w, struct model_reply *out)
{
    static const char *const problems[] = {
        [FOUND_NONE] = "the reply holds no object to fill the form",
        [FOUND_BROKEN] = "the object in the reply is not JSON",
        [FOUND_CUT] = "the object in the reply is cut off",
        [FOUND_TWO] = "the reply holds two different objects",
        [FOUND_EMPTY] = "the form came back empty",
    };
    enum found found = find_answer(w, &w->answer);
    if (found == FOUND_ONE) {
        out->outcome = MODEL_ANSWERED;
        out->answer = buf_text(&w->answer);
        return;
    }
    out->outcome = found == FOUND_CUT ? MODEL_CUT : MODEL_WRONG_FORM;
    set_problem(out, problems[found]);
}

/* A missing stop_reason is put up with, for local servers leave it out; an unknown one is not. */
static void judge_message(struct wire *w, struct model_reply *out)
{
    static const char *const fine[] = {"", "tool_use", "end_turn", "stop_sequence"};
    struct buf text = {0};
    if (strcmp(w->stop_reason, "refusal") == 0) {
        out->outcome = MODEL_REFUSED;
        buf_printf(&text, "the model refused%s%s", w->stop_text[0] ? ": " : "", w->stop_text);
    } else if (strcmp(w->stop_reason, "max_tokens") == 0) {
        out->outcome = MODEL_CUT;
        buf_str(&text, "the answer was cut off at max_tokens");
    } else if (strcmp(w->stop_reason, "model_context_window_exceeded") == 0) {
        out->outcome = MODEL_CUT;
        buf_str(&text, "the answer was cut off: the context window is full");
    } else {
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(fine); i++)
            known = known || strcmp(w->stop_reason, fine[i]) == 0;
        if (known) {
            judge_answer(w, out);
            return;
        }
        out->outcome = MODEL_WRONG_FORM;
        buf_printf(&text, "the model stopped for an unexpected reason: %s", w->stop_reason);
    }
    set_problem(out, buf_text(&text));
    buf_release(&text);
}

/* ---- texts for the desk ---- */

static void cut_utf8(struct buf *b, size_t max)
{
    if (b->len <= max)
        return;
    while (max > 0 && ((unsigned char)b->data[max] & 0xC0) == 0x80)
        max--;
    b->len = max;
    b->data[max] = '\0';
}

/* As received where that can be stored as text; else cleaned. */
static void keep_raw(struct wire *w, const struct http_response *r, const char *key)
{
    struct buf *raw = &w->raw;
    buf_clear(raw);
    buf_add(raw, r->body, r->body_len);
    cut_utf8(raw, RAW_MAX + (key ? strlen(key) : 0)); /* no half of a key at the end */
    if (raw->len && (memchr(raw->data, '\0', raw->len) || !text_is_utf8(raw->data, raw->len))) {
        struct buf clean = {0};
        struct untrusted_text t = {.bytes = raw->data, .len = raw->len};
        sanitize(&clean, t, TEXT_BLOCK, 0);
        buf_release(raw);
        *raw = clean;
    }
    if (!raw->data)
        return;
    wire_redact(raw->data, key);
    redact_text(raw->data);
    raw->len = strlen(raw->data);
    cut_utf8(raw, RAW_MAX);
}

static void redact_reply(struct wire *w, const char *key, struct model_reply *out)
{
    char *const texts[] = {out->problem, out->stop_reason, out->request_id, out->served_model,
                           w->answer.data};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i]) {
            wire_redact(texts[i], key);
            redact_text(texts[i]);
        }
    }
}

static void copy_identity(const struct wire *w, const struct http_response *r,
                          struct model_reply *out)
{
    char id[sizeof out->request_id];
    http_header(r, "request-id", id, sizeof id);
    sanitize_line(out->request_id, sizeof out->request_id, untrusted(id[0] ? id : w->request_id));
    copy_text(out->stop_reason, sizeof out->stop_reason, w->stop_reason);
    copy_text(out->served_model, sizeof out->served_model, w->model);
}

static void read_whole(struct wire *w, const struct http_response *r)
{
    const char *p = r->body;
    size_t n = r->body_len;
    if (w->is_stream)
        return;
    while (n > 0 && strchr(" \t\r\n", *p)) {
        p++;
        n--;
    }
    if (n > 0 && *p == '{')
        wire_read_body(w, p, n);
    else if (n > 0 && r->status / 100 == 2 && w->sse.bom == 0)
        wire_feed(w, p, n); /* a stream that was not asked for */
}

void wire_conclude(struct wire *w, const struct http_response *r, const char *key,
                   struct model_reply *out)
{
    *out = (struct model_reply){
        .billing = BILLED_UNKNOWN, .retry_after_ms = -1, .http_status = r->status};
    out->latency_ms = r->total_ms;
    w->progress = NULL;
    read_whole(w, r);
    copy_identity(w, r, out);
    out->usage = w->usage;
    if (r->status != 0 && r->status / 100 != 2) {
        conclude_status(w, r, out);
    } else if (r->failure != HTTP_OK && !w->ended) {
        conclude_transport(r, out);
    } else if (w->has_error) {
        conclude_error_inside(w, out);
    } else if (!w->has_message && !w->is_stream) {
        out->outcome = MODEL_UNREACHABLE;
        out->retryable = true;
        set_problem(out, r->body_len ? "the answer is not one of a Messages API"
                                     : "the answer is empty");
    } else if (w->sse.overflow) {
        out->outcome = MODEL_WRONG_FORM;
        set_problem(out, "an event of the stream is too large");
    } else if (!w->ended) {
        out->outcome = MODEL_UNREACHABLE;
        out->retryable = true;
        set_problem(out, "the stream broke off before its end");
    } else {
        if (w->has_input && w->has_output)
            out->billing = BILLED_KNOWN;
        judge_message(w, out);
    }
    keep_raw(w, r, key);
    out->raw = buf_text(&w->raw);
    redact_reply(w, key, out);
}
