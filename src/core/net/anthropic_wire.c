/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a reply, streamed or whole, into what it says. Judging it is anthropic_reply.c. */
#include <json-c/json.h>
#include <string.h>

#include "core/net/anthropic.h"
#include "quorum/text.h"

enum {
    EVENT_MAX = 4 << 20,
    DEPTH_MAX = 64,
    TOKENS_MAX = 100000000, /* more is no count of tokens */
    BYTES_PER_TOKEN = 4,
};

static struct json_object *member(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &v))
        return NULL;
    return v;
}

/* The text of a string member, NULL for anything else. */
static const char *text_of(struct json_object *o, const char *key)
{
    struct json_object *v = member(o, key);
    return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

static void clean_member(struct json_object *o, const char *key, char *dst, size_t size)
{
    const char *s = text_of(o, key);
    if (s)
        sanitize_line(dst, size, untrusted(s));
}

static bool is_type(struct json_object *o, const char *wanted)
{
    const char *type = text_of(o, "type");
    return type && strcmp(type, wanted) == 0;
}

/* ---- usage: any field may be missing or null; later ones replace, they are never added ---- */

static bool read_count(struct json_object *o, const char *key, int64_t *out)
{
    struct json_object *v = member(o, key);
    if (!json_object_is_type(v, json_type_int))
        return false;
    int64_t n = json_object_get_int64(v);
    if (n < 0 || n > TOKENS_MAX)
        return false;
    *out = n;
    return true;
}

static void read_usage(struct wire *w, struct json_object *usage, bool is_final)
{
    int64_t written = 0;
    struct json_object *split = member(usage, "cache_creation");
    if (read_count(usage, "input_tokens", &w->usage.input))
        w->has_input = true;
    if (read_count(usage, "output_tokens", &w->usage.output) && is_final)
        w->has_output = true;
    read_count(usage, "cache_read_input_tokens", &w->usage.cache_read);
    bool has_split = json_object_is_type(split, json_type_object);
    if (has_split) {
        read_count(split, "ephemeral_5m_input_tokens", &w->usage.cache_write_5m);
        read_count(split, "ephemeral_1h_input_tokens", &w->usage.cache_write_1h);
    }
    /* What the split does not account for was written for five minutes: that is what is asked. */
    if (read_count(usage, "cache_creation_input_tokens", &written) &&
        written > w->usage.cache_write_5m + w->usage.cache_write_1h)
        w->usage.cache_write_5m = written - w->usage.cache_write_1h;
}

/* ---- errors: three shapes, and none ---- */

static void read_error(struct wire *w, struct json_object *root)
{
    struct json_object *error = member(root, "error"), *details = member(error, "details");
    clean_member(root, "request_id", w->request_id, sizeof w->request_id);
    if (json_object_is_type(error, json_type_string)) {
        w->has_error = true;
        clean_member(root, "error", w->error_text, sizeof w->error_text);
    } else if (json_object_is_type(error, json_type_object)) {
        w->has_error = true;
        clean_member(error, "type", w->error_type, sizeof w->error_type);
        clean_member(error, "message", w->error_text, sizeof w->error_text);
        clean_member(error, "code", w->error_code, sizeof w->error_code);
        clean_member(details, "error_code", w->error_code, sizeof w->error_code);
    } else if (is_type(root, "error")) {
        w->has_error = true;
        clean_member(root, "message", w->error_text, sizeof w->error_text);
    }
}

/* ---- blocks ---- */

static void read_stop(struct wire *w, struct json_object *o)
{
    struct json_object *details = member(o, "stop_details");
    clean_member(o, "stop_reason", w->stop_reason, sizeof w->stop_reason);
    clean_member(details, "category", w->stop_text, sizeof w->stop_text);
    clean_member(details, "explanation", w->stop_text, sizeof w->stop_text);
}

static void add_json(struct buf *out, struct json_object *o)
{
    if (json_object_is_type(o, json_type_string))
        buf_str(out, json_object_get_string(o)); /* some servers send the input as text */
    else if (o)
        buf_str(out, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

static struct wire_block *add_block(struct wire *w, int64_t index, struct json_object *o)
{
    if (w->nblocks == WIRE_BLOCKS_MAX)
        return NULL;
    struct wire_block *b = &w->block[w->nblocks++];
    const char *name = text_of(o, "name"), *text = text_of(o, "text");
    *b = (struct wire_block){.index = index, .is_tool = is_type(o, "tool_use")};
    b->text.max = b->start.max = EVENT_MAX;
    b->is_other = !b->is_tool && !is_type(o, "text");
    b->right_name = b->is_tool && name && strcmp(name, w->form_name) == 0;
    if (b->is_tool)
        add_json(&b->start, member(o, "input"));
    else if (!b->is_other && text)
        buf_str(&b->text, text);
    return b;
}

static void read_message(struct wire *w, struct json_object *o, bool is_final)
{
    struct json_object *content = member(o, "content");
    clean_member(o, "model", w->model, sizeof w->model);
    read_stop(w, o);
    read_usage(w, member(o, "usage"), is_final);
    w->has_message = w->has_message || is_type(o, "message") || content != NULL;
    if (json_object_is_type(content, json_type_string)) {
        struct wire_block *b = add_block(w, 0, NULL);
        if (b) {
            b->is_other = false;
            buf_str(&b->text, json_object_get_string(content));
        }
        return;
    }
    if (!json_object_is_type(content, json_type_array))
        return;
    for (size_t i = 0; i < json_object_array_length(content); i++)
        add_block(w, (int64_t)i, json_object_array_get_idx(content, i));
}

static struct json_object *parse(const char *text, size_t len)
{
    struct json_tokener *tok = json_tokener_new_ex(DEPTH_MAX);
    if (!tok || len > INT32_MAX)
        return NULL;
    struct json_object *root = json_tokener_parse_ex(tok, text, (int)len);
    if (json_tokener_get_error(tok) != json_tokener_success) {
        json_object_put(root);
        root = NULL;
    }
    json_tokener_free(tok);
    return root;
}

/* ---- a stream ---- */

static void report_progress(struct wire *w)
{
    int64_t guess = w->streamed_bytes / BYTES_PER_TOKEN;
    if (w->progress)
        w->progress(w->progress_arg, w->usage.output > guess ? w->usage.output : guess);
}

static void read_delta(struct wire *w, struct json_object *o)
{
    struct json_object *delta = member(o, "delta");
    const char *text = text_of(delta, "text"), *json = text_of(delta, "partial_json");
    const char *thought = text_of(delta, "thinking");
    int64_t index = json_object_get_int64(member(o, "index"));
    struct wire_block *b = NULL;
    for (size_t i = 0; i < w->nblocks; i++)
        if (w->block[i].index == index)
            b = &w->block[i];
    const char *bytes = text ? text : json;
    if (b && bytes && !b->is_other && b->is_tool == (json != NULL && !text))
        buf_str(&b->text, bytes);
    w->streamed_bytes += (int64_t)strlen(bytes ? bytes : thought ? thought : "");
}

static void read_event(struct wire *w, const char *type, struct json_object *o)
{
    w->is_stream = true;
    if (strcmp(type, "message_start") == 0) {
        read_message(w, member(o, "message"), false);
        w->has_message = true;
    } else if (strcmp(type, "content_block_start") == 0) {
        add_block(w, json_object_get_int64(member(o, "index")), member(o, "content_block"));
    } else if (strcmp(type, "content_block_delta") == 0) {
        read_delta(w, o);
    } else if (strcmp(type, "message_delta") == 0) {
        read_stop(w, member(o, "delta"));
        read_usage(w, member(o, "usage"), true);
    } else if (strcmp(type, "message_stop") == 0) {
        w->ended = true;
    } else if (strcmp(type, "error") == 0) {
        read_error(w, o);
        w->has_error = true;
    }
    report_progress(w);
}

/* The type inside the data is trusted, the event's name only where it has none. */
static void take_event(void *arg, const char *name, const char *data, size_t len)
{
    struct wire *w = arg;
    struct json_object *o = parse(data, len);
    if (w->ended || w->has_error) {
        json_object_put(o);
        return;
    }
    const char *type = text_of(o, "type");
    if (json_object_is_type(o, json_type_object))
        read_event(w, type ? type : name, o);
    json_object_put(o);
}

/* ---- what others call ---- */

void wire_init(struct wire *w, const struct model_request *r)
{
    *w = (struct wire){.progress = r->progress, .progress_arg = r->progress_arg};
    copy_text(w->form_name, sizeof w->form_name, r->form_name);
    sse_init(&w->sse, EVENT_MAX, take_event, w);
}

void wire_feed(struct wire *w, const char *bytes, size_t len)
{
    sse_feed(&w->sse, bytes, len);
}

void wire_read_body(struct wire *w, const char *body, size_t len)
{
    struct json_object *root = parse(body, len);
    if (json_object_is_type(root, json_type_object)) {
        read_error(w, root);
        if (!w->has_error) {
            read_message(w, root, true);
            w->ended = w->has_message;
        }
    }
    json_object_put(root);
}

void wire_release(struct wire *w)
{
    sse_release(&w->sse);
    for (size_t i = 0; i < w->nblocks; i++) {
        buf_release(&w->block[i].text);
        buf_release(&w->block[i].start);
    }
    buf_release(&w->answer);
    buf_release(&w->raw);
}
