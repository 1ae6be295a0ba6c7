/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON schema a model is held to. Strict structured output takes few keywords, so ranges and
 * lengths go into descriptions and are checked by the parser. */
#include "quorum/agent.h"

static void describe(struct json *j, const struct answer_field *f)
{
    struct buf b = {0};
    buf_str(&b, f->help ? f->help : "");
    if (f->type == FIELD_NUMBER || f->type == FIELD_INTEGER)
        buf_printf(&b, "%s%.12g to %.12g.", b.len ? " " : "", f->min, f->max);
    if (f->type == FIELD_TEXT)
        buf_printf(&b, "%sAt most %zu characters.", b.len ? " " : "", f->max_length);
    if (f->type == FIELD_EVIDENCE)
        buf_printf(&b, "%sAt most %d.", b.len ? " " : "", EVIDENCE_MAX);
    if (f->optional)
        buf_printf(&b, "%snull when it does not apply.", b.len ? " " : "");
    json_str(j, "description", buf_text(&b));
    buf_release(&b);
}

static void nullable(struct json *j, const char *type)
{
    json_open(j, "anyOf", '[');
    json_open(j, NULL, '{');
    json_str(j, "type", type);
    json_close(j, '}');
    json_open(j, NULL, '{');
    json_str(j, "type", "null");
    json_close(j, '}');
    json_close(j, ']');
}

static void evidence_items(struct json *j)
{
    json_str(j, "type", "array");
    json_open(j, "items", '{');
    json_str(j, "type", "object");
    json_open(j, "properties", '{');
    json_open(j, "fact_id", '{');
    json_str(j, "type", "string");
    json_close(j, '}');
    json_open(j, "value", '{');
    nullable(j, "number");
    json_close(j, '}');
    json_close(j, '}');
    json_open(j, "required", '[');
    json_str(j, NULL, "fact_id");
    json_str(j, NULL, "value");
    json_close(j, ']');
    json_flag(j, "additionalProperties", false);
    json_close(j, '}');
}

static void property(struct json *j, const struct answer_field *f)
{
    static const char *const types[] = {
        [FIELD_TEXT] = "string",     [FIELD_ENUM] = "string",  [FIELD_NUMBER] = "number",
        [FIELD_INTEGER] = "integer", [FIELD_BOOL] = "boolean", [FIELD_EVIDENCE] = "array",
    };
    json_open(j, f->name, '{');
    if (f->type == FIELD_EVIDENCE)
        evidence_items(j);
    else if (f->optional)
        nullable(j, types[f->type]);
    else
        json_str(j, "type", types[f->type]);
    if (f->type == FIELD_ENUM) {
        json_open(j, "enum", '[');
        for (size_t i = 0; f->choice[i]; i++)
            json_str(j, NULL, f->choice[i]);
        if (f->optional)
            json_null(j, NULL);
        json_close(j, ']');
    }
    describe(j, f);
    json_close(j, '}');
}

void answer_schema(const struct answer_field *fields, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    json_str(&j, "type", "object");
    json_open(&j, "properties", '{');
    for (const struct answer_field *f = fields; f->name; f++)
        property(&j, f);
    json_close(&j, '}');
    json_open(&j, "required", '[');
    for (const struct answer_field *f = fields; f->name; f++)
        json_str(&j, NULL, f->name);
    json_close(&j, ']');
    json_flag(&j, "additionalProperties", false);
    json_close(&j, '}');
}
