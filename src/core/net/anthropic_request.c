/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <string.h>

#include "core/net/anthropic.h"
#include "quorum/text.h"

enum { PREVIOUS_MAX = 8 << 10, BYTES_PER_TOKEN = 4 };

/* ---- the form in words: local servers ignore tools ---- */

static void describe_field(const struct answer_field *f, struct buf *out)
{
    static const char *const kinds[] = {
        [FIELD_TEXT] = "text",
        [FIELD_ENUM] = "one of ",
        [FIELD_NUMBER] = "number",
        [FIELD_INTEGER] = "whole number",
        [FIELD_BOOL] = "true or false",
        [FIELD_EVIDENCE] = "list of objects {\"fact_id\": text, \"value\": number or null}",
    };
    buf_printf(out, "- \"%s\": %s", f->name, kinds[f->type]);
    if (f->type == FIELD_ENUM)
        for (size_t i = 0; f->choice[i]; i++)
            buf_printf(out, "%s\"%s\"", i ? ", " : "", f->choice[i]);
    if (f->type == FIELD_NUMBER || f->type == FIELD_INTEGER)
        buf_printf(out, " from %.12g to %.12g", f->min, f->max);
    if (f->type == FIELD_TEXT)
        buf_printf(out, " of at most %zu characters", f->max_length);
    if (f->type == FIELD_EVIDENCE)
        buf_printf(out, ", at most %d", EVIDENCE_MAX);
    if (f->optional)
        buf_str(out, ", or null");
    buf_printf(out, ".%s%s\n", f->help ? " " : "", f->help ? f->help : "");
}

static void describe_form(const struct model_request *r, struct buf *out)
{
    buf_printf(out,
               "\n\nThe form. Answer by calling the tool %s. Where you cannot call tools, answer "
               "with the same fields as one JSON object and no other text. All fields are "
               "required, no others are allowed:\n",
               r->form_name);
    for (const struct answer_field *f = r->fields; f->name; f++)
        describe_field(f, out);
}

static void write_tools(struct json *j, const struct model_request *r, const char *schema)
{
    json_open(j, "tools", '[');
    json_open(j, NULL, '{');
    json_str(j, "name", r->form_name);
    json_str(j, "description", r->form_help ? r->form_help : "The answer.");
    json_flag(j, "strict", true);
    json_raw(j, "input_schema", schema);
    json_close(j, '}');
    json_close(j, ']');
    json_open(j, "tool_choice", '{');
    json_str(j, "type", "tool");
    json_str(j, "name", r->form_name);
    json_flag(j, "disable_parallel_tool_use", true);
    json_close(j, '}');
}

/* A prefix below the model's minimum would not be cached, whatever the request says. */
static bool is_cacheable(const char *model, size_t prefix_bytes)
{
    const struct model_price *p = model_price_find(model, INT32_MAX, 0);
    return p && p->cache_min_tokens > 0 &&
           (int64_t)(prefix_bytes / BYTES_PER_TOKEN) >= p->cache_min_tokens;
}

static void write_system(struct json *j, const struct model_request *r, size_t schema_bytes)
{
    struct buf text = {0};
    buf_str(&text, r->system ? r->system : "");
    describe_form(r, &text);
    json_open(j, "system", '[');
    json_open(j, NULL, '{');
    json_str(j, "type", "text");
    json_str(j, "text", buf_text(&text));
    if (is_cacheable(r->model, text.len + schema_bytes)) {
        json_open(j, "cache_control", '{');
        json_str(j, "type", "ephemeral");
        json_close(j, '}');
    }
    json_close(j, '}');
    json_close(j, ']');
    buf_release(&text);
}

static void write_text_block(struct json *j, const char *text)
{
    json_open(j, NULL, '{');
    json_str(j, "type", "text");
    json_str(j, "text", text);
    json_close(j, '}');
}

/* The earlier answer is quoted in the user's turn: newer models refuse a turn put into the
 * assistant's mouth. */
static void write_repair(struct json *j, const struct model_request *r)
{
    struct buf text = {0}, previous = {.max = PREVIOUS_MAX};
    struct untrusted_text before = untrusted(r->previous ? r->previous : "");
    if (before.len > PREVIOUS_MAX / 2)
        before.len = PREVIOUS_MAX / 2;
    sanitize(&previous, before, TEXT_BLOCK, 0);
    buf_str(&text, "You answered this before, and the answer could not be used");
    if (previous.len > 0)
        buf_printf(&text, ":\n<earlier_answer>\n%s\n</earlier_answer>\n", buf_text(&previous));
    else
        buf_str(&text, ".\n");
    buf_str(&text, "What was wrong with it: ");
    sanitize(&text, untrusted(r->repair), TEXT_LINE, 0);
    buf_str(&text, ".\nAnswer again, from the same facts, with every field of the form right.");
    write_text_block(j, buf_text(&text));
    buf_release(&text);
    buf_release(&previous);
}

static void write_messages(struct json *j, const struct model_request *r)
{
    json_open(j, "messages", '[');
    json_open(j, NULL, '{');
    json_str(j, "role", "user");
    json_open(j, "content", '[');
    write_text_block(j, r->facts && *r->facts ? r->facts : "There are no facts."); /* "" is 400 */
    if (r->repair)
        write_repair(j, r);
    json_close(j, ']');
    json_close(j, '}');
    json_close(j, ']');
}

void anthropic_request_body(const struct model_request *r, struct buf *out)
{
    struct json j;
    struct buf schema = {0};
    answer_schema(r->fields, &schema);
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    json_str(&j, "model", r->model);
    json_int(&j, "max_tokens", r->max_tokens);
    write_tools(&j, r, buf_text(&schema));
    write_system(&j, r, schema.len);
    write_messages(&j, r);
    if (r->stream)
        json_flag(&j, "stream", true);
    json_close(&j, '}');
    buf_release(&schema);
}
