/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/width.h"

/* Messages go to terminals and logs: whatever an argument smuggled in stays on one plain line.
 * U+0080 to U+009F are control characters too: U+009B begins an escape sequence. */
static void make_plain(char *s)
{
    char *to = s;
    for (size_t left = strlen(s), n; left > 0; s += n, left -= n) {
        uint32_t c = 0;
        n = utf8_take(s, left, &c);
        if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            *to++ = c == '\n' || c == '\t' ? ' ' : '?';
            n = n ? n : 1;
        } else {
            memmove(to, s, n);
            to += n;
        }
    }
    *to = '\0';
}

/* vsnprintf may cut inside a UTF-8 sequence: drop the incomplete tail. */
static void trim_utf8_tail(char *s)
{
    size_t n = strlen(s), back = 0;
    while (back < 3 && back < n && ((unsigned char)s[n - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back >= n)
        return;
    unsigned char lead = (unsigned char)s[n - 1 - back];
    size_t need = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (lead >= 0xC0 && back < need)
        s[n - 1 - back] = '\0';
}

static void format(char *dst, size_t size, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));
static void format(char *dst, size_t size, const char *fmt, va_list args)
{
    if (vsnprintf(dst, size, fmt, args) >= (int)size)
        trim_utf8_tail(dst);
    make_plain(dst);
}

enum err err_set(struct error *e, enum err kind, const char *fmt, ...)
{
    if (!e)
        return kind;
    /* An argument may point into e itself (wrapping): format aside first. */
    char text[sizeof e->text];
    va_list args;
    va_start(args, fmt);
    format(text, sizeof text, fmt, args);
    va_end(args);
    *e = (struct error){.kind = kind};
    memcpy(e->text, text, sizeof text);
    return kind;
}

enum err err_code(struct error *e, const char *code)
{
    if (!e)
        return ERR_FAILED;
    snprintf(e->code, sizeof e->code, "%s", code);
    return e->kind;
}

enum err err_fix(struct error *e, const char *fmt, ...)
{
    if (!e)
        return ERR_FAILED;
    char fix[sizeof e->fix];
    va_list args;
    va_start(args, fmt);
    format(fix, sizeof fix, fmt, args);
    va_end(args);
    memcpy(e->fix, fix, sizeof fix);
    return e->kind;
}

enum err err_wrap(struct error *e, const char *fmt, ...)
{
    if (!e)
        return ERR_FAILED;
    char context[256], text[sizeof e->text];
    va_list args;
    va_start(args, fmt);
    format(context, sizeof context, fmt, args);
    va_end(args);
    memcpy(text, e->text, sizeof text);
    if (snprintf(e->text, sizeof e->text, "%s: %s", context, text) >= (int)sizeof e->text)
        trim_utf8_tail(e->text);
    return e->kind;
}

void err_clear(struct error *e)
{
    if (e)
        *e = (struct error){.kind = OK};
}
