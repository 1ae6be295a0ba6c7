/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/buf.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/width.h"
#include "quorum/mem.h"

void buf_release(struct buf *b)
{
    mem_free(b->data);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->overflow = false;
    if (b->data)
        b->data[0] = '\0';
}

/* Room for `more` bytes and the NUL; false when the maximum would be passed. */
static bool reserve(struct buf *b, size_t more)
{
    size_t max = b->max ? b->max : BUF_MAX_DEFAULT;
    if (b->overflow || more >= max || b->len + more >= max) {
        b->overflow = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap *= 2;
    b->data = mem_grow(b->data, cap, 1);
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    if (!reserve(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_int(struct buf *b, int64_t v)
{
    char text[20];
    size_t at = sizeof text;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do
        text[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (v < 0)
        text[--at] = '-';
    buf_add(b, text + at, sizeof text - at);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    size_t room = b->cap - b->len; /* mostly enough, then it is formatted only once */
    int n = vsnprintf(b->data ? b->data + b->len : NULL, room, fmt, args);
    va_end(args);
    if (n >= 0 && (size_t)n < room && reserve(b, (size_t)n)) {
        b->len += (size_t)n;
    } else if (n >= 0 && reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    } else if (b->data) {
        b->data[b->len] = '\0'; /* the part that fitted is not said either */
    }
    va_end(again);
}

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

bool copy_bytes(char *dst, size_t size, const char *src, size_t len)
{
    assert(size > 0);
    bool fits = len < size;
    if (!fits) {
        len = size - 1;
        while (len > 0 && ((unsigned char)src[len] & 0xC0) == 0x80)
            len--;
    }
    if (len)
        memmove(dst, src, len);
    dst[len] = '\0';
    return fits;
}

bool copy_text(char *dst, size_t size, const char *src)
{
    return copy_bytes(dst, size, src, strlen(src));
}

void json_begin(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out};
}

/* Stands for itself, as most do. */
static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Bytes that are not UTF-8 (a file name may hold any) become U+FFFD: with them it would be no
 * JSON, and the database would refuse it. */
static void json_escape(struct buf *out, const char *s)
{
    size_t n;
    buf_char(out, '"');
    for (size_t left = strlen(s); left > 0; s += n, left -= n) {
        uint32_t c = 0;
        for (n = 0; n < left && is_plain(s[n]);)
            n++;
        if (n > 0) {
            buf_add(out, s, n);
            continue;
        }
        n = utf8_take(s, left, &c);
        if (n == 0) {
            buf_str(out, "\\ufffd");
            n = 1;
        } else if (c == '"' || c == '\\') {
            buf_printf(out, "\\%c", (char)c);
        } else if (c == '\n') {
            buf_str(out, "\\n");
        } else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            buf_printf(out, "\\u%04x", (unsigned)c);
        } else {
            buf_add(out, s, n);
        }
    }
    buf_char(out, '"');
}

static void json_key(struct json *j, const char *key)
{
    if (j->comma[j->depth])
        buf_char(j->out, ',');
    j->comma[j->depth] = true;
    if (key) {
        json_escape(j->out, key);
        buf_char(j->out, ':');
    }
}

void json_open(struct json *j, const char *key, char bracket)
{
    json_key(j, key);
    buf_char(j->out, bracket);
    j->depth++;
    assert(j->depth < sizeof j->comma / sizeof j->comma[0]);
    j->comma[j->depth] = false;
}

void json_close(struct json *j, char bracket)
{
    assert(j->depth > 0);
    j->depth--;
    buf_char(j->out, bracket);
}

void json_str(struct json *j, const char *key, const char *value)
{
    if (!value) {
        json_null(j, key);
        return;
    }
    json_key(j, key);
    json_escape(j->out, value);
}

void json_int(struct json *j, const char *key, int64_t value)
{
    json_key(j, key);
    buf_int(j->out, value);
}

/* The fewest digits, six at least, that may read back as this value. Up to 15 digits survive the
 * way through a double (DBL_DIG), so those of its 15 that are not trailing zeros are the shortest;
 * where 15 are not enough, 16 or 17 are. */
static int digits_enough(double value)
{
    char text[40];
    if (fabs(value) < DBL_MIN)
        return 6; /* denormal: it holds fewer */
    snprintf(text, sizeof text, "%.14e", value);
    if (strtod(text, NULL) != value)
        return 16;
    size_t last = strcspn(text, "e");
    while (last > 0 && text[last - 1] == '0')
        last--;
    int digits = 0;
    for (size_t i = 0; i < last; i++)
        digits += text[i] >= '0' && text[i] <= '9';
    return digits < 6 ? 6 : digits;
}

void json_num(struct json *j, const char *key, double value)
{
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    char text[40];
    for (int digits = digits_enough(value); digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (digits == 17 || strtod(text, NULL) == value)
            break;
    }
    json_key(j, key);
    buf_str(j->out, text);
}

void json_flag(struct json *j, const char *key, bool value)
{
    json_key(j, key);
    buf_str(j->out, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
    json_key(j, key);
    buf_str(j->out, "null");
}

void json_raw(struct json *j, const char *key, const char *json)
{
    json_key(j, key);
    buf_str(j->out, json);
}
