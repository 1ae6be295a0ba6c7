/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules a request to the Messages API must keep, as its documentation states them (state of
 * November 2026), and the desk's own: a forced strict tool, no sampling parameter. */
#include <ctype.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fake/messages.h"
#include "quorum/mem.h"

enum { BODY_MAX = 32 << 20, TEXT_MAX = 64, BREAKPOINTS_MAX = 4, UNIONS_MAX = 16 };

struct check {
    struct buf *out;
    int breakpoints, unions;
};

static void broken(struct check *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void broken(struct check *c, const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    buf_printf(c->out, "%s\n", text);
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

static bool is_one_of(const char *s, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(*list, s) == 0)
            return true;
    return false;
}

static void only_keys(struct check *c, struct json_object *o, const char *where,
                      const char *const *allowed)
{
    if (!json_object_is_type(o, json_type_object)) {
        broken(c, "%s: must be an object", where);
        return;
    }
    json_object_object_foreach(o, key, value)
    {
        (void)value;
        if (!is_one_of(key, allowed))
            broken(c, "%s.%.40s: Extra inputs are not permitted", where, key);
    }
}

static void check_headers(struct check *c, const struct fake_headers *h)
{
    if (!h->content_type || strncmp(h->content_type, "application/json", 16) != 0)
        broken(c, "content-type must be application/json");
    if (!h->version ||
        (strcmp(h->version, "2023-06-01") != 0 && strcmp(h->version, "2026-10-21") != 0))
        broken(c, "anthropic-version is missing or unknown");
    if (h->key && h->bearer)
        broken(c, "two keys: x-api-key and authorization");
}

static void check_cache_control(struct check *c, struct json_object *block, const char *where)
{
    static const char *const keys[] = {"type", "ttl", NULL};
    struct json_object *control = get(block, "cache_control");
    if (!control)
        return;
    only_keys(c, control, where, keys);
    if (strcmp(string(control, "type"), "ephemeral") != 0)
        broken(c, "%s: cache_control must be ephemeral", where);
    if (++c->breakpoints > BREAKPOINTS_MAX)
        broken(c, "more than %d cache breakpoints", BREAKPOINTS_MAX);
}

static void check_text_blocks(struct check *c, struct json_object *blocks, const char *where)
{
    static const char *const keys[] = {"type", "text", "cache_control", NULL};
    if (json_object_is_type(blocks, json_type_string)) {
        if (json_object_get_string_len(blocks) == 0)
            broken(c, "%s: text must not be empty", where);
        return;
    }
    if (!json_object_is_type(blocks, json_type_array) || json_object_array_length(blocks) == 0) {
        broken(c, "%s: must be text or a list of blocks", where);
        return;
    }
    for (size_t i = 0; i < json_object_array_length(blocks); i++) {
        struct json_object *b = json_object_array_get_idx(blocks, i);
        only_keys(c, b, where, keys);
        if (strcmp(string(b, "type"), "text") != 0)
            broken(c, "%s: only text blocks are expected", where);
        if (!string(b, "text")[0])
            broken(c, "%s: text must not be empty", where);
        check_cache_control(c, b, where);
    }
}

static void check_messages(struct check *c, struct json_object *messages)
{
    static const char *const keys[] = {"role", "content", NULL};
    const char *role = "";
    if (!json_object_is_type(messages, json_type_array) ||
        json_object_array_length(messages) == 0) {
        broken(c, "messages: Field required");
        return;
    }
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        struct json_object *m = json_object_array_get_idx(messages, i);
        only_keys(c, m, "messages", keys);
        role = string(m, "role");
        if (strcmp(role, "user") != 0 && strcmp(role, "assistant") != 0)
            broken(c, "messages: role must be user or assistant");
        if (i == 0 && strcmp(role, "user") != 0)
            broken(c, "messages: the first role must be user");
        check_text_blocks(c, get(m, "content"), "messages.content");
    }
    if (strcmp(role, "assistant") == 0)
        broken(c, "This model does not support assistant message prefill");
}

/* ---- the subset of JSON Schema that strict structured output takes ---- */

static void check_schema(struct check *c, struct json_object *s, int depth);

static void check_object_schema(struct check *c, struct json_object *s, int depth)
{
    struct json_object *properties = get(s, "properties"), *required = get(s, "required");
    struct json_object *additional = get(s, "additionalProperties");
    if (!json_object_is_type(additional, json_type_boolean) || json_object_get_boolean(additional))
        broken(c, "schema: every object needs additionalProperties false");
    if (!json_object_is_type(properties, json_type_object)) {
        broken(c, "schema: an object without properties");
        return;
    }
    if (!json_object_is_type(required, json_type_array) ||
        json_object_array_length(required) != (size_t)json_object_object_length(properties))
        broken(c, "schema: all properties must be required");
    json_object_object_foreach(properties, key, value)
    {
        (void)key;
        check_schema(c, value, depth + 1);
    }
}

static void check_schema(struct check *c, struct json_object *s, int depth)
{
    static const char *const keys[] = {"type",  "properties",  "required", "additionalProperties",
                                       "items", "enum",        "const",    "anyOf",
                                       "allOf", "description", "title",    "$ref",
                                       "$defs", "format",      NULL};
    struct json_object *any = get(s, "anyOf"), *items = get(s, "items");
    if (depth > 10) {
        broken(c, "schema: nested too deeply");
        return;
    }
    only_keys(c, s, "schema", keys);
    if (strcmp(string(s, "type"), "object") == 0)
        check_object_schema(c, s, depth);
    if (strcmp(string(s, "type"), "array") == 0 && !items)
        broken(c, "schema: an array without items");
    if (items)
        check_schema(c, items, depth + 1);
    if (!any)
        return;
    if (++c->unions > UNIONS_MAX)
        broken(c, "schema: more than %d unions", UNIONS_MAX);
    for (size_t i = 0;
         json_object_is_type(any, json_type_array) && i < json_object_array_length(any); i++)
        check_schema(c, json_object_array_get_idx(any, i), depth + 1);
}

/* ---- tools ---- */

static bool is_tool_name(const char *s)
{
    size_t n = strlen(s);
    for (const char *p = s; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
            return false;
    return n >= 1 && n <= TEXT_MAX;
}

static void check_tools(struct check *c, struct json_object *root)
{
    static const char *const keys[] = {"name",         "description",   "strict",
                                       "input_schema", "cache_control", NULL};
    static const char *const choice_keys[] = {"type", "name", "disable_parallel_tool_use", NULL};
    struct json_object *tools = get(root, "tools"), *choice = get(root, "tool_choice");
    if (!json_object_is_type(tools, json_type_array) || json_object_array_length(tools) != 1) {
        broken(c, "tools: the desk gives exactly one");
        return;
    }
    struct json_object *tool = json_object_array_get_idx(tools, 0);
    only_keys(c, tool, "tools", keys);
    if (!is_tool_name(string(tool, "name")))
        broken(c, "tools: name must match ^[a-zA-Z0-9_-]{1,64}$");
    if (!string(tool, "description")[0])
        broken(c, "tools: description is empty");
    if (!json_object_get_boolean(get(tool, "strict")))
        broken(c, "tools: must be strict");
    if (strcmp(string(get(tool, "input_schema"), "type"), "object") != 0)
        broken(c, "tools: input_schema must be an object's");
    check_schema(c, get(tool, "input_schema"), 0);
    check_cache_control(c, tool, "tools");
    only_keys(c, choice, "tool_choice", choice_keys);
    if (strcmp(string(choice, "type"), "tool") != 0 ||
        strcmp(string(choice, "name"), string(tool, "name")) != 0)
        broken(c, "tool_choice must force the tool");
    if (!json_object_get_boolean(get(choice, "disable_parallel_tool_use")))
        broken(c, "tool_choice must forbid parallel use");
}

static void check_body(struct check *c, struct json_object *root)
{
    static const char *const keys[] = {"model",       "max_tokens", "system", "messages", "tools",
                                       "tool_choice", "metadata",   "stream", NULL};
    static const char *const sampling[] = {"temperature", "top_p", "top_k", NULL};
    struct json_object *max = get(root, "max_tokens"), *stream = get(root, "stream");
    only_keys(c, root, "body", keys);
    for (size_t i = 0; sampling[i]; i++)
        if (get(root, sampling[i]))
            broken(c, "%s: sampling parameters are not accepted", sampling[i]);
    if (!string(root, "model")[0])
        broken(c, "model: Field required");
    if (!json_object_is_type(max, json_type_int) || json_object_get_int64(max) < 1)
        broken(c, "max_tokens: must be a whole number of at least 1");
    if (stream && !json_object_is_type(stream, json_type_boolean))
        broken(c, "stream: must be true or false");
    check_tools(c, root);
    check_text_blocks(c, get(root, "system"), "system");
    check_messages(c, get(root, "messages"));
}

void fake_check_request(const struct fake_headers *h, const char *body, size_t len, struct buf *out)
{
    struct check c = {.out = out};
    check_headers(&c, h);
    if (len > BODY_MAX) {
        broken(&c, "the body is larger than 32 MB");
        return;
    }
    struct json_tokener *tok = json_tokener_new_ex(32);
    json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *root = json_tokener_parse_ex(tok, body, (int)len);
    if (json_object_is_type(root, json_type_object))
        check_body(&c, root);
    else
        broken(&c, "the body is not a JSON object");
    json_object_put(root);
    json_tokener_free(tok);
}
