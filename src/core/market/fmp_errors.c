/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an answer of FMP means before its content is read. Wordings as seen in August 2026; errors
 * come as JSON objects, as plain text and as pages, with statuses that do not always fit, so the
 * words decide and the status only where they say nothing. */
#include <ctype.h>
#include <json-c/json.h>
#include <string.h>
#include <strings.h>

#include "core/market/fmp.h"

enum { MESSAGE_BYTES = 600, JSON_DEPTH = 12 };

static const struct {
    const char *words;
    enum fmp_fault fault;
} wordings[] = {
    {"Bandwidth Limit", FMP_BANDWIDTH},       {"Limit Reach", FMP_LIMIT},
    {"Invalid API KEY", FMP_BAD_KEY},         {"Legacy Endpoint", FMP_LEGACY},
    {"Restricted Endpoint", FMP_NOT_IN_PLAN}, {"Premium Query Parameter", FMP_NOT_IN_PLAN},
    {"Special Endpoint", FMP_NOT_IN_PLAN},    {"Exclusive Endpoint", FMP_NOT_IN_PLAN},
    {"Premium Endpoint", FMP_NOT_IN_PLAN},    {"suspended", FMP_SUSPENDED},
};

static const char *const fault_texts[] = {
    [FMP_BAD_KEY] = "FMP does not accept the key in FMP_API_KEY",
    [FMP_NOT_IN_PLAN] = "not in the FMP plan of this key",
    [FMP_LIMIT] = "FMP says the day's calls are used up",
    [FMP_BANDWIDTH] = "FMP says the month's traffic is used up",
    [FMP_LEGACY] = "FMP no longer serves this endpoint",
    [FMP_SUSPENDED] = "FMP has suspended the account of this key",
    [FMP_NOT_FOUND] = "FMP does not know this address",
    [FMP_TOO_FAST] = "FMP asks for fewer calls a minute",
    [FMP_DOWN] = "FMP is out of order",
    [FMP_PAGE] = "a web page instead of data",
    [FMP_REFUSED] = "FMP refused the call",
    [FMP_GARBLED] = "the answer is cut off or garbled",
};

const char *fmp_fault_text(enum fmp_fault f)
{
    return fault_texts[f];
}

/* Words are compared without case; the text may hold any bytes. */
static bool contains(const char *text, size_t len, const char *words)
{
    size_t n = strlen(words);
    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp(text + i, words, n) == 0)
            return true;
    return false;
}

static enum fmp_fault by_words(const char *text, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(wordings); i++)
        if (contains(text, len, wordings[i].words))
            return wordings[i].fault;
    return FMP_FINE;
}

static enum fmp_fault by_status(int status)
{
    if (status >= 200 && status < 300)
        return FMP_FINE;
    switch (status) {
    case 401:
        return FMP_BAD_KEY;
    case 402:
    case 403:
        return FMP_NOT_IN_PLAN;
    case 404:
        return FMP_NOT_FOUND;
    case 429:
        return FMP_TOO_FAST;
    default:
        return status >= 500 ? FMP_DOWN : FMP_REFUSED;
    }
}

/* The whole body as one JSON value, or NULL. */
static struct json_object *parse_whole(const char *body, size_t len)
{
    struct json_tokener *t = json_tokener_new_ex(JSON_DEPTH);
    if (!t || len > INT32_MAX) {
        if (t)
            json_tokener_free(t);
        return NULL;
    }
    struct json_object *o = json_tokener_parse_ex(t, body, (int)len);
    size_t end = json_tokener_get_parse_end(t);
    bool whole = o && json_tokener_get_error(t) == json_tokener_success;
    while (whole && end < len)
        whole = isspace((unsigned char)body[end++]) != 0;
    json_tokener_free(t);
    if (o && !whole) {
        json_object_put(o);
        return NULL;
    }
    return o;
}

/* An error object: its words, else that it is one at all. */
static enum fmp_fault by_object(struct json_object *o)
{
    static const char *const keys[] = {"Error Message", "message", "error", "Error", "Message"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct json_object *v;
        if (!json_object_object_get_ex(o, keys[i], &v) || !json_object_is_type(v, json_type_string))
            continue;
        enum fmp_fault f =
            by_words(json_object_get_string(v), (size_t)json_object_get_string_len(v));
        if (f != FMP_FINE)
            return f;
    }
    return FMP_REFUSED;
}

static const char *skip_blanks(const char *p, const char *end)
{
    if (end - p >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        p += 3;
    while (p < end && isspace((unsigned char)*p))
        p++;
    return p;
}

/* A text that is no JSON: its words, a page, or the status. */
static enum fmp_fault by_text(int status, const char *p, size_t len)
{
    enum fmp_fault f = by_words(p, len < MESSAGE_BYTES ? len : MESSAGE_BYTES);
    if (f != FMP_FINE)
        return f;
    f = by_status(status);
    if (f != FMP_FINE)
        return f;
    return len && *p == '<' ? FMP_PAGE : FMP_GARBLED;
}

enum fmp_fault fmp_classify(int status, const char *body, size_t len)
{
    const char *end = body + len, *p = skip_blanks(body, end);
    size_t left = (size_t)(end - p);
    if (left == 0 || (*p != '[' && *p != '{'))
        return by_text(status, p, left);
    struct json_object *o = parse_whole(p, left);
    if (!o)
        return by_text(status, p, left);
    enum fmp_fault f;
    if (json_object_is_type(o, json_type_array)) {
        /* A list is an answer, also the empty one that comes with 404 for an unknown symbol. */
        f = by_status(status);
        if (f == FMP_NOT_FOUND && json_object_array_length(o) == 0)
            f = FMP_FINE;
    } else {
        f = by_object(o);
        /* An object without known words: the status says more, if it says anything. */
        if (f == FMP_REFUSED && by_status(status) != FMP_FINE)
            f = by_status(status);
    }
    json_object_put(o);
    return f;
}

const char *fmp_judge(int status, const char *body, size_t len, bool *refused, bool *exhausted)
{
    enum fmp_fault f = fmp_classify(status, body, len);
    *refused = f == FMP_NOT_IN_PLAN;
    *exhausted = f == FMP_LIMIT || f == FMP_BANDWIDTH;
    return fmp_fault_text(f);
}
