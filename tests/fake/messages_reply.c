/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the stand-in answers. It fills the form of the request from its JSON schema. */
#include <json-c/json.h>
#include <string.h>

#include "fake/messages.h"
#include "quorum/mem.h"

enum { DELTA_BYTES = 7, HUGE_BYTES = 9 << 20 };

static const char *const kind_names[FAKE_KINDS] = {
    [FAKE_ANSWER] = "answer",
    [FAKE_THINKING] = "thinking",
    [FAKE_TEXT_JSON] = "text_json",
    [FAKE_FENCED] = "fenced",
    [FAKE_PROSE] = "prose",
    [FAKE_REFUSAL] = "refusal",
    [FAKE_MAX_TOKENS] = "max_tokens",
    [FAKE_WRONG_TYPE] = "wrong_type",
    [FAKE_NAN] = "nan",
    [FAKE_NULL_USAGE] = "null_usage",
    [FAKE_EMPTY] = "empty",
    [FAKE_GARBAGE] = "garbage",
    [FAKE_HUGE] = "huge",
    [FAKE_429] = "429",
    [FAKE_429_BARE] = "429_bare",
    [FAKE_SPEND_LIMIT] = "spend_limit",
    [FAKE_400] = "400",
    [FAKE_401] = "401",
    [FAKE_404] = "404",
    [FAKE_413_HTML] = "413_html",
    [FAKE_500] = "500",
    [FAKE_503_HTML] = "503_html",
    [FAKE_529] = "529",
    [FAKE_ECHO_KEY] = "echo_key",
    [FAKE_ERROR_INSIDE] = "error_inside",
    [FAKE_NO_STOP] = "no_stop",
    [FAKE_CUT] = "cut",
    [FAKE_CLOSE] = "close",
    [FAKE_DRIP] = "drip",
    [FAKE_HANG] = "hang",
    [FAKE_RAW] = "raw",
};

const char *fake_kind_name(enum fake_kind k)
{
    return kind_names[k];
}

bool fake_kind_parse(const char *name, enum fake_kind *out)
{
    for (size_t i = 0; i < FAKE_KINDS; i++) {
        if (strcmp(kind_names[i], name) == 0) {
            *out = (enum fake_kind)i;
            return true;
        }
    }
    return false;
}

static struct json_object *get(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    if (!json_object_is_type(o, json_type_object))
        return NULL;
    json_object_object_get_ex(o, key, &v);
    return v;
}

static const char *string(struct json_object *o, const char *key)
{
    struct json_object *v = get(o, key);
    return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
}

/* ---- filling the form ---- */

static bool offers(struct json_object *choices, const char *wanted)
{
    for (size_t i = 0; i < json_object_array_length(choices); i++) {
        const char *s = json_object_get_string(json_object_array_get_idx(choices, i));
        if (s && strcmp(s, wanted) == 0)
            return true;
    }
    return false;
}

static const char *choose(const struct fake_call *c, struct json_object *choices)
{
    const char *vote = c->options->vote ? c->options->vote : "BUY";
    const char *label = c->options->label ? c->options->label : "BULL";
    if (offers(choices, vote))
        return vote;
    if (offers(choices, label))
        return label;
    if (offers(choices, "APPROVE"))
        return "APPROVE";
    return json_object_get_string(json_object_array_get_idx(choices, 0));
}

static void fill(const struct fake_call *c, struct json *j, const char *key,
                 struct json_object *schema)
{
    struct json_object *choices = get(schema, "enum");
    const char *type = string(schema, "type");
    int confidence = c->options->confidence ? c->options->confidence : 75;
    if (json_object_is_type(choices, json_type_array))
        json_str(j, key, choose(c, choices));
    else if (get(schema, "anyOf"))
        json_null(j, key);
    else if (strcmp(type, "array") == 0) {
        json_open(j, key, '[');
        json_close(j, ']');
    } else if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0) {
        if (c->kind == FAKE_WRONG_TYPE)
            json_str(j, key, "rather sure");
        else if (c->kind == FAKE_NAN)
            json_raw(j, key, "NaN");
        else
            json_int(j, key, strcmp(key, "confidence") == 0 ? confidence : 1);
    } else if (strcmp(type, "boolean") == 0)
        json_flag(j, key, false);
    else
        json_str(j, key, "Said by the stand-in \"server\" {for tests} – nothing else.");
}

static void fill_form(const struct fake_call *c, struct json_object *request, struct buf *out)
{
    struct json_object *tool = json_object_array_get_idx(get(request, "tools"), 0);
    struct json_object *properties = get(get(tool, "input_schema"), "properties");
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    if (json_object_is_type(properties, json_type_object)) {
        json_object_object_foreach(properties, key, schema)
        {
            fill(c, &j, key, schema);
        }
    }
    json_close(&j, '}');
}

/* ---- messages ---- */

struct script {
    const struct fake_call *call;
    const char *model, *tool, *form; /* the filled form */
    bool stream;
};

static bool is_text(enum fake_kind k)
{
    return k == FAKE_TEXT_JSON || k == FAKE_FENCED || k == FAKE_PROSE;
}

static const char *stop_reason(enum fake_kind k)
{
    return k == FAKE_REFUSAL      ? "refusal"
           : k == FAKE_MAX_TOKENS ? "max_tokens"
           : is_text(k)           ? "end_turn"
                                  : "tool_use";
}

static void write_usage(struct json *j, const struct script *s, bool at_end)
{
    const struct fake_options *o = s->call->options;
    if (s->call->kind == FAKE_NULL_USAGE) {
        json_null(j, "usage");
        return;
    }
    json_open(j, "usage", '{');
    json_int(j, "input_tokens", o->input_tokens ? o->input_tokens : 1000);
    json_int(j, "cache_creation_input_tokens", 0);
    json_null(j, "cache_read_input_tokens");
    json_int(j, "output_tokens", !at_end ? 1 : o->output_tokens ? o->output_tokens : 100);
    json_str(j, "service_tier", "standard");
    json_close(j, '}');
}

static void write_text(const struct script *s, struct buf *out)
{
    if (s->call->kind == FAKE_FENCED)
        buf_printf(out, "Here is my answer:\n\n```json\n%s\n```\nI hope it helps.", s->form);
    else if (s->call->kind == FAKE_PROSE)
        buf_str(out, "I think one could buy it. Then again, one could {not}.");
    else
        buf_str(out, s->form);
}

static void write_head(struct json *j, const struct script *s)
{
    struct buf id = {0};
    buf_printf(&id, "msg_fake_%llu", (unsigned long long)s->call->number);
    json_str(j, "id", buf_text(&id));
    json_str(j, "type", "message");
    json_str(j, "role", "assistant");
    json_str(j, "model", s->model);
    buf_release(&id);
}

static void write_thinking(struct json *j, const char *text)
{
    json_open(j, NULL, '{');
    json_str(j, "type", "thinking");
    json_str(j, "thinking", text);
    json_str(j, "signature", "EqQBCkYIBxgCKkA");
    json_close(j, '}');
}

static void write_block(struct json *j, const struct script *s, const char *key, bool whole)
{
    struct buf text = {0};
    json_open(j, key, '{');
    if (is_text(s->call->kind)) {
        write_text(s, &text);
        json_str(j, "type", "text");
        json_str(j, "text", whole ? buf_text(&text) : "");
    } else {
        json_str(j, "type", "tool_use");
        json_str(j, "id", "toolu_fake");
        json_str(j, "name", s->tool);
        json_raw(j, "input", whole && s->call->kind != FAKE_MAX_TOKENS ? s->form : "{}");
    }
    json_close(j, '}');
    buf_release(&text);
}

static void write_stop(struct json *j, const struct script *s)
{
    json_str(j, "stop_reason", stop_reason(s->call->kind));
    json_null(j, "stop_sequence");
    if (s->call->kind != FAKE_REFUSAL)
        return;
    json_open(j, "stop_details", '{');
    json_str(j, "type", "refusal");
    json_str(j, "category", "general_harms");
    json_str(j, "explanation", "The stand-in does not like the question.");
    json_close(j, '}');
}

static void write_whole(const struct script *s, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    write_head(&j, s);
    json_open(&j, "content", '[');
    if (s->call->kind == FAKE_THINKING)
        write_thinking(&j, "{\"decision\":\"SELL\"} perhaps?");
    if (s->call->kind != FAKE_REFUSAL)
        write_block(&j, s, NULL, true);
    json_close(&j, ']');
    write_stop(&j, s);
    write_usage(&j, s, true);
    json_close(&j, '}');
}

/* ---- the same as a stream ---- */

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

static void block_event(struct buf *out, const char *type, int index)
{
    struct json j;
    event(out, &j, type);
    json_int(&j, "index", index);
    end_event(out, &j);
}

static void delta(struct buf *out, int index, const char *type, const char *key, const char *text)
{
    struct json j;
    event(out, &j, "content_block_delta");
    json_int(&j, "index", index);
    json_open(&j, "delta", '{');
    json_str(&j, "type", type);
    json_str(&j, key, text);
    json_close(&j, '}');
    end_event(out, &j);
}

static void write_deltas(const struct script *s, struct buf *out, int index)
{
    bool text = is_text(s->call->kind);
    struct buf whole = {0};
    if (text)
        write_text(s, &whole);
    else
        buf_str(&whole, s->form);
    size_t end = s->call->kind == FAKE_MAX_TOKENS ? whole.len / 2 : whole.len;
    for (size_t i = 0; i < end;) {
        char piece[DELTA_BYTES + 1];
        copy_text(piece, sizeof piece, whole.data + i); /* cut between characters */
        i += strlen(piece);
        delta(out, index, text ? "text_delta" : "input_json_delta", text ? "text" : "partial_json",
              piece);
    }
    buf_release(&whole);
}

static void write_stream_head(const struct script *s, struct buf *out)
{
    struct json j;
    event(out, &j, "message_start");
    json_open(&j, "message", '{');
    write_head(&j, s);
    json_open(&j, "content", '[');
    json_close(&j, ']');
    json_null(&j, "stop_reason");
    write_usage(&j, s, false);
    json_close(&j, '}');
    end_event(out, &j);
    buf_str(out, ": a comment\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n");
    buf_str(out, "event: novelty\ndata: {\"type\":\"novelty\",\"x\":[1]}\n\n");
}

static void write_stream_blocks(const struct script *s, struct buf *out)
{
    struct json j;
    int index = 0;
    if (s->call->kind == FAKE_THINKING) {
        event(out, &j, "content_block_start");
        json_int(&j, "index", index);
        json_raw(&j, "content_block", "{\"type\":\"thinking\",\"thinking\":\"\"}");
        end_event(out, &j);
        delta(out, index, "thinking_delta", "thinking", "{\"decision\":\"SELL\"} perhaps?");
        delta(out, index, "signature_delta", "signature", "EqQBCkYIBxgC");
        block_event(out, "content_block_stop", index++);
    }
    event(out, &j, "content_block_start");
    json_int(&j, "index", index);
    write_block(&j, s, "content_block", false);
    end_event(out, &j);
    write_deltas(s, out, index);
    if (s->call->kind != FAKE_MAX_TOKENS)
        block_event(out, "content_block_stop", index);
}

static const char error_event[] = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                                  "\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";

static void write_stream(const struct script *s, struct buf *out)
{
    struct json j;
    write_stream_head(s, out);
    if (s->call->kind != FAKE_REFUSAL)
        write_stream_blocks(s, out);
    if (s->call->kind == FAKE_ERROR_INSIDE) {
        buf_str(out, error_event);
        return;
    }
    event(out, &j, "message_delta");
    json_open(&j, "delta", '{');
    write_stop(&j, s);
    json_close(&j, '}');
    write_usage(&j, s, true);
    end_event(out, &j);
    if (s->call->kind != FAKE_NO_STOP)
        block_event(out, "message_stop", 0);
}

/* ---- errors ---- */

struct error_row {
    enum fake_kind kind;
    int status;
    const char *type, *header, *body;
};
static const char html[] = "text/html";
static const char type_json[] = "application/json";
#define ERROR_BODY(type, message)                                                                  \
    "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"" message                  \
    "\"},\"request_id\":\"req_body\"}"
static const struct error_row errors[] = {
    {FAKE_429, 429, type_json, "retry-after: 2\n",
     ERROR_BODY("rate_limit_error", "This request would exceed the rate limit")},
    {FAKE_429_BARE, 429, type_json, "", ERROR_BODY("rate_limit_error", "Slow down")},
    {FAKE_SPEND_LIMIT, 429, type_json, "",
     "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"Spend limit\","
     "\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}}}"},
    {FAKE_400, 400, type_json, "", ERROR_BODY("invalid_request_error", "max_tokens: too large")},
    {FAKE_401, 401, type_json, "", ERROR_BODY("authentication_error", "invalid x-api-key")},
    {FAKE_404, 404, type_json, "", ERROR_BODY("not_found_error", "model: claude-nothing")},
    {FAKE_413_HTML, 413, html, "", "<html><body>Request Entity Too Large</body></html>"},
    {FAKE_500, 500, type_json, "", ERROR_BODY("api_error", "Internal server error")},
    {FAKE_503_HTML, 503, html, "", "<html><h1>503 Service Unavailable</h1></html>"},
    {FAKE_529, 529, type_json, "x-should-retry: true\n",
     ERROR_BODY("overloaded_error", "Overloaded")},
};

static bool write_error(const struct fake_call *c, struct fake_reply *out)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        const struct error_row *r = &errors[i];
        if (r->kind != c->kind)
            continue;
        out->status = r->status;
        out->type = r->type;
        buf_str(&out->header, r->header);
        buf_str(&out->body, r->body);
        return true;
    }
    if (c->kind != FAKE_ECHO_KEY)
        return false;
    out->status = 401;
    out->type = type_json;
    buf_printf(&out->header, "x-echo: %s\n", c->key ? c->key : "");
    buf_printf(&out->body, ERROR_BODY("authentication_error", "invalid key %s, \\\"%s\\\""),
               c->key ? c->key : "", c->key ? c->key : "");
    return true;
}

static void write_filler(struct buf *out, size_t size)
{
    static const char line[] = "data: {\"type\":\"filler\",\"text\":\"nothing to see\"}\n\n";
    while (out->len < size)
        buf_str(out, line);
}

void fake_write_reply(const struct fake_call *c, struct fake_reply *out)
{
    struct buf form = {0};
    struct json_object *request = json_tokener_parse(c->body);
    struct script s = {.call = c, .stream = json_object_get_boolean(get(request, "stream"))};
    struct json_object *tools = get(request, "tools");
    out->status = 200;
    out->type = s.stream ? "text/event-stream; charset=utf-8" : type_json;
    if (!json_object_is_type(tools, json_type_array)) {
        out->status = 400;
        out->type = type_json;
        buf_str(&out->body, ERROR_BODY("invalid_request_error", "tools: Field required"));
    } else if (c->kind == FAKE_GARBAGE) {
        buf_add(&out->body, "\xff\xfe{\x00\"a\":\x1b[2J,", 14);
    } else if (c->kind == FAKE_HUGE) {
        write_filler(&out->body, HUGE_BYTES);
    } else if (c->kind != FAKE_EMPTY && !write_error(c, out)) {
        fill_form(c, request, &form);
        s.model = string(request, "model");
        s.tool = string(json_object_array_get_idx(tools, 0), "name");
        s.form = buf_text(&form);
        if (s.stream)
            write_stream(&s, &out->body);
        else if (c->kind == FAKE_ERROR_INSIDE)
            buf_str(&out->body, ERROR_BODY("overloaded_error", "Overloaded"));
        else
            write_whole(&s, &out->body);
    }
    buf_release(&form);
    json_object_put(request);
}
