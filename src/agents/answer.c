/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer against its table: the parser and the checks a schema cannot express, and what becomes
 * of a checked one. The reply is data from outside. json-c decodes it, but it is lenient (NaN,
 * 'quotes', "5.", a comma too many, the last of two equal keys), so a scanner goes first. Its
 * strict mode is of no use: version 0.18 takes every byte above 127 for a control character. */
#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "quorum/agent.h"
#include "quorum/mem.h"
#include "quorum/text.h"

enum { REPLY_MAX = 64 * 1024, DEPTH_MAX = 4 };

static const char *const state_names[] = {
    [VOTE_ABSTAIN] = "ABSTAIN", [VOTE_BUY] = "BUY",       [VOTE_SELL] = "SELL",
    [VOTE_HOLD] = "HOLD",       [VOTE_FAILED] = "FAILED",
};

const char *vote_state_name(enum vote_state s)
{
    return state_names[s];
}

bool vote_state_parse(const char *name, enum vote_state *out)
{
    for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
        if (strcmp(name, state_names[i]) == 0) {
            *out = (enum vote_state)i;
            return true;
        }
    }
    return false;
}

const char *agent_role_name(enum agent_role r)
{
    switch (r) {
    case AGENT_CLASSIFIER:
        return "classifier";
    case AGENT_VOTER:
        return "voter";
    case AGENT_VETO:
        return "veto";
    case AGENT_PROPOSER:
        return "proposer";
    }
    return "?";
}

void vote_abstain(struct vote *v, const char *fmt, ...)
{
    char text[sizeof v->reason];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    *v = (struct vote){.state = VOTE_ABSTAIN};
    sanitize_line(v->reason, sizeof v->reason, untrusted(text));
}

int64_t vote_risk_limit(const struct vote *v, int64_t shares)
{
    if (strcmp(v->answer, "REJECT") == 0)
        return 0;
    if (strcmp(v->answer, "REDUCE") == 0 && v->score.known && v->score.v < (double)shares)
        return v->score.v > 0 ? (int64_t)v->score.v : 0;
    return shares;
}

size_t evidence_check(const struct dossier *d, struct vote *v)
{
    size_t wrong = 0;
    for (size_t i = 0; i < v->nevidence; i++) {
        struct evidence *e = &v->evidence[i];
        const struct fact *f = dossier_fact(d, e->fact_id);
        e->wrong = !f;
        if (f && e->has_value) {
            /* A fact is shown rounded: citing what was shown is right whatever its size. */
            double shown = 0.5 * pow(10, -f->decimals) * (1 + 1e-9);
            double slack = fmax(0.005 * fabs(f->number.v), shown);
            e->wrong = !f->number.known || !(fabs(e->value - f->number.v) <= slack);
        }
        wrong += e->wrong;
    }
    if (wrong && v->confidence > 50)
        v->confidence = 50;
    return wrong;
}

/* ---- scanner: finds the one object and refuses what json-c would let pass ---- */

struct span {
    size_t start, end; /* the object, end excluded */
    size_t members;    /* colons outside strings: one per member */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 8259: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static bool is_json_number(const char *s, size_t n)
{
    size_t i = 0;
    if (i < n && s[i] == '-')
        i++;
    if (i >= n || !is_digit(s[i]))
        return false;
    if (s[i] == '0' && i + 1 < n && is_digit(s[i + 1]))
        return false;
    while (i < n && is_digit(s[i]))
        i++;
    if (i < n && s[i] == '.') {
        size_t first = ++i;
        while (i < n && is_digit(s[i]))
            i++;
        if (i == first)
            return false;
    }
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        if (i < n && (s[i] == '+' || s[i] == '-'))
            i++;
        size_t first = i;
        while (i < n && is_digit(s[i]))
            i++;
        if (i == first)
            return false;
    }
    return i == n;
}

static bool is_bare_word(const char *s, size_t n)
{
    return (n == 4 && (memcmp(s, "true", 4) == 0 || memcmp(s, "null", 4) == 0)) ||
           (n == 5 && memcmp(s, "false", 5) == 0) || is_json_number(s, n);
}

/* t[i] is the opening quote; returns the index after the closing one, 0 if there is none. Control
 * bytes inside become spaces: invalid JSON, but only prose is lost by mending it. */
static size_t skip_string(char *t, size_t n, size_t i, bool *escaped)
{
    *escaped = false;
    for (i++; i < n; i++) {
        if (t[i] == '"')
            return i + 1;
        if ((unsigned char)t[i] < 0x20)
            t[i] = ' ';
        if (t[i] == '\\') {
            *escaped = true;
            i++;
        }
    }
    return 0;
}

/* A field name with an escape in it could be cut or duplicated behind the parser's back. */
static bool is_key(const char *t, size_t n, size_t i)
{
    while (i < n && is_space(t[i]))
        i++;
    return i < n && t[i] == ':';
}

static enum err scan_object(char *t, size_t n, size_t start, struct span *s, struct error *e)
{
    size_t depth = 0, i = start;
    char before = '\0'; /* the last byte that was no space */
    *s = (struct span){.start = start};
    while (i < n) {
        char c = t[i];
        if (before == ',' && (c == '}' || c == ']'))
            return err_set(e, ERR_FAILED, "not JSON near byte %zu of the object", i - start);
        before = is_space(c) ? before : c;
        if (c == '"') {
            bool escaped;
            i = skip_string(t, n, i, &escaped);
            if (!i)
                break;
            if (escaped && is_key(t, n, i))
                return err_set(e, ERR_FAILED, "a field name contains an escape");
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return err_set(e, ERR_FAILED, "nested deeper than %d levels", DEPTH_MAX);
            i++;
        } else if (c == '}' || c == ']') {
            i++;
            if (--depth == 0) {
                s->end = i;
                return OK;
            }
        } else if (c == ':' || c == ',' || is_space(c)) {
            s->members += c == ':';
            i++;
        } else {
            size_t word = i;
            while (i < n && !is_space(t[i]) && !strchr("\"{}[]:,", t[i])) /* NUL ends it too */
                i++;
            if (!is_bare_word(t + word, i - word))
                return err_set(e, ERR_FAILED, "not JSON near byte %zu of the object", word - start);
        }
    }
    return err_set(e, ERR_FAILED, "the object is cut off");
}

/* Prose and code fences around it are put up with as long as there is no second object to choose
 * from. */
static enum err find_object(char *t, size_t n, struct span *found, struct error *e)
{
    bool have = false;
    for (size_t i = 0; i < n;) {
        if (t[i] != '{') {
            i++;
            continue;
        }
        if (have)
            return err_set(e, ERR_FAILED, "more than one object");
        enum err rc = scan_object(t, n, i, found, e);
        if (rc)
            return rc;
        have = true;
        i = found->end;
    }
    if (!have)
        return err_set(e, ERR_FAILED, "no JSON object in the reply");
    for (size_t i = found->start; i-- > 0 && (is_space(t[i]) || t[i] == '[');)
        if (t[i] == '[')
            return err_set(e, ERR_FAILED, "an array where one object was expected");
    return OK;
}

static size_t count_members(struct json_object *o)
{
    size_t n = 0;
    if (json_object_is_type(o, json_type_object)) {
        json_object_object_foreach(o, key, value)
        {
            (void)key;
            n += 1 + count_members(value);
        }
    } else if (json_object_is_type(o, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(o); i++)
            n += count_members(json_object_array_get_idx(o, i));
    }
    return n;
}

static enum err decode(const char *t, const struct span *s, struct json_object **out,
                       struct error *e)
{
    struct json_tokener *tok = json_tokener_new_ex(DEPTH_MAX + 2);
    if (!tok)
        return err_set(e, ERR_FAILED, "no JSON parser");
    *out = json_tokener_parse_ex(tok, t + s->start, (int)(s->end - s->start));
    enum json_tokener_error why = json_tokener_get_error(tok);
    json_tokener_free(tok);
    if (why != json_tokener_success)
        return err_set(e, ERR_FAILED, "not JSON: %s", json_tokener_error_desc(why));
    if (!json_object_is_type(*out, json_type_object))
        return err_set(e, ERR_FAILED, "not an object");
    if (count_members(*out) != s->members)
        return err_set(e, ERR_FAILED, "a field is given twice");
    return OK;
}

/* ---- fields ---- */

static void clean_text(struct json_object *o, char *dst, size_t size)
{
    struct untrusted_text t = {.bytes = json_object_get_string(o),
                               .len = (size_t)json_object_get_string_len(o)};
    sanitize_line(dst, size, t);
}

static bool is_number(struct json_object *o)
{
    return json_object_is_type(o, json_type_int) || json_object_is_type(o, json_type_double);
}

static enum err read_number(const struct answer_field *f, struct json_object *o,
                            struct answer_value *v, struct error *e)
{
    if (!is_number(o))
        return err_set(e, ERR_FAILED, "%s must be a number", f->name);
    v->number = json_object_get_double(o);
    if (!isfinite(v->number))
        return err_set(e, ERR_FAILED, "%s must be finite", f->name);
    if (f->type == FIELD_INTEGER && v->number != floor(v->number))
        return err_set(e, ERR_FAILED, "%s must be a whole number", f->name);
    if (v->number < f->min || v->number > f->max)
        return err_set(e, ERR_FAILED, "%s must be from %.12g to %.12g", f->name, f->min, f->max);
    return OK;
}

static enum err read_text(const struct answer_field *f, struct json_object *o,
                          struct answer_value *v, struct error *e)
{
    if (!json_object_is_type(o, json_type_string))
        return err_set(e, ERR_FAILED, "%s must be text", f->name);
    size_t size = f->max_length + 1 < sizeof v->text ? f->max_length + 1 : sizeof v->text;
    clean_text(o, v->text, size);
    if (v->text[strspn(v->text, " ")] == '\0')
        return err_set(e, ERR_FAILED, "%s is empty", f->name);
    return OK;
}

static enum err read_enum(const struct answer_field *f, struct json_object *o,
                          struct answer_value *v, struct error *e)
{
    if (!json_object_is_type(o, json_type_string))
        return err_set(e, ERR_FAILED, "%s must be text", f->name);
    size_t len = (size_t)json_object_get_string_len(o);
    const char *s = json_object_get_string(o);
    struct buf b = {0};
    for (size_t i = 0; f->choice[i]; i++) {
        /* The API does not promise the letter case of a schema's choices. */
        if (strlen(f->choice[i]) == len && strncasecmp(f->choice[i], s, len) == 0) {
            copy_text(v->text, sizeof v->text, f->choice[i]);
            buf_release(&b);
            return OK;
        }
        buf_printf(&b, "%s%s", i ? ", " : "", f->choice[i]);
    }
    err_set(e, ERR_FAILED, "%s must be one of %s", f->name, buf_text(&b));
    buf_release(&b);
    return ERR_FAILED;
}

static enum err read_evidence_item(struct json_object *o, struct evidence *out, struct error *e)
{
    struct json_object *id = NULL, *value = NULL;
    if (!json_object_is_type(o, json_type_object) || json_object_object_length(o) != 2 ||
        !json_object_object_get_ex(o, "fact_id", &id) ||
        !json_object_object_get_ex(o, "value", &value))
        return err_set(e, ERR_FAILED, "evidence must be objects of fact_id and value");
    if (!json_object_is_type(id, json_type_string) || json_object_get_string_len(id) == 0 ||
        (size_t)json_object_get_string_len(id) >= sizeof out->fact_id)
        return err_set(e, ERR_FAILED, "evidence: fact_id must be the id of a fact");
    clean_text(id, out->fact_id, sizeof out->fact_id);
    if (value && !is_number(value))
        return err_set(e, ERR_FAILED, "evidence: value must be a number or null");
    out->has_value = value != NULL;
    out->value = value ? json_object_get_double(value) : 0;
    if (!isfinite(out->value))
        return err_set(e, ERR_FAILED, "evidence: value must be finite");
    return OK;
}

static enum err read_evidence(const struct answer_field *f, struct json_object *o,
                              struct answer_value *v, struct error *e)
{
    if (!json_object_is_type(o, json_type_array))
        return err_set(e, ERR_FAILED, "%s must be a list", f->name);
    size_t n = json_object_array_length(o);
    if (n > EVIDENCE_MAX)
        return err_set(e, ERR_FAILED, "%s has %zu entries, at most %d are read", f->name, n,
                       EVIDENCE_MAX);
    for (size_t i = 0; i < n; i++) {
        enum err rc = read_evidence_item(json_object_array_get_idx(o, i), &v->evidence[i], e);
        if (rc)
            return rc;
    }
    v->nevidence = n;
    return OK;
}

static enum err read_field(const struct answer_field *f, struct json_object *o,
                           struct answer_value *v, struct error *e)
{
    v->present = true;
    switch (f->type) {
    case FIELD_TEXT:
        return read_text(f, o, v, e);
    case FIELD_ENUM:
        return read_enum(f, o, v, e);
    case FIELD_NUMBER:
    case FIELD_INTEGER:
        return read_number(f, o, v, e);
    case FIELD_EVIDENCE:
        return read_evidence(f, o, v, e);
    case FIELD_BOOL:
        if (!json_object_is_type(o, json_type_boolean))
            return err_set(e, ERR_FAILED, "%s must be true or false", f->name);
        v->number = json_object_get_boolean(o) ? 1 : 0;
        return OK;
    }
    return err_set(e, ERR_FAILED, "%s has no type", f->name);
}

static enum err read_fields(const struct answer_field *fields, struct json_object *root,
                            struct answer *out, struct error *e)
{
    size_t seen = 0;
    for (const struct answer_field *f = fields; f->name; f++) {
        struct json_object *o = NULL;
        bool given = json_object_object_get_ex(root, f->name, &o);
        seen += given;
        if (!o && f->optional)
            continue;
        if (!o)
            return err_set(e, ERR_FAILED, "%s is missing", f->name);
        enum err rc = read_field(f, o, &out->field[f - fields], e);
        if (rc)
            return rc;
    }
    if (seen == (size_t)json_object_object_length(root))
        return OK;
    json_object_object_foreach(root, key, value)
    {
        const struct answer_field *f = fields;
        (void)value;
        while (f->name && strcmp(f->name, key) != 0)
            f++;
        if (!f->name)
            return err_set(e, ERR_FAILED, "unknown field \"%.40s\"", key);
    }
    return err_set(e, ERR_FAILED, "unknown field");
}

enum err answer_parse(const struct answer_field *fields, const char *text, size_t len,
                      struct answer *out, struct error *e)
{
    struct json_object *root = NULL;
    struct span span = {0};
    *out = (struct answer){.field = {{.present = false}}};
    if (len > REPLY_MAX)
        return err_set(e, ERR_FAILED, "the reply is longer than %d bytes", REPLY_MAX);
    char *copy = mem_alloc(len + 1);
    memcpy(copy, text, len);
    enum err rc = find_object(copy, len, &span, e);
    if (!rc)
        rc = decode(copy, &span, &root, e);
    if (!rc)
        rc = read_fields(fields, root, out, e);
    if (rc)
        *out = (struct answer){.field = {{.present = false}}};
    json_object_put(root);
    mem_free(copy);
    return rc;
}
