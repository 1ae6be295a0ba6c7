/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/net/sse.h"

#include <string.h>

static const char byte_order_mark[] = "\xEF\xBB\xBF";

void sse_init(struct sse *s, size_t max,
              void (*event)(void *arg, const char *name, const char *data, size_t len), void *arg)
{
    *s = (struct sse){.event = event, .arg = arg, .max = max};
    s->line.max = s->data.max = max + 2; /* the NUL and the line feed that is taken off again */
}

static void dispatch(struct sse *s)
{
    if (s->data.overflow) {
        s->overflow = true;
    } else if (s->has_data) {
        s->data.data[--s->data.len] = '\0'; /* the line feed of the last data line */
        s->event(s->arg, s->name, buf_text(&s->data), s->data.len);
    }
    s->has_data = false;
    s->name[0] = '\0';
    buf_clear(&s->data);
}

static bool is_field(const char *line, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(line, name, len) == 0;
}

static void take_line(struct sse *s)
{
    const char *line = buf_text(&s->line);
    size_t len = s->line.len;
    if (len == 0) {
        dispatch(s);
        return;
    }
    const char *colon = memchr(line, ':', len);
    size_t field = colon ? (size_t)(colon - line) : len;
    const char *value = colon ? colon + 1 : line + len;
    size_t rest = len - (size_t)(value - line);
    if (rest > 0 && *value == ' ') {
        value++;
        rest--;
    }
    if (is_field(line, field, "data")) {
        buf_add(&s->data, value, rest);
        buf_char(&s->data, '\n');
        s->has_data = true;
    } else if (is_field(line, field, "event")) {
        copy_bytes(s->name, sizeof s->name, value, rest);
    }
}

static void end_line(struct sse *s)
{
    if (s->line.overflow)
        s->overflow = true;
    else
        take_line(s);
    buf_clear(&s->line);
}

static bool is_mark(struct sse *s, char c)
{
    if (s->bom > 2)
        return false;
    if (c == byte_order_mark[s->bom]) {
        s->bom++;
        return true;
    }
    buf_add(&s->line, byte_order_mark, s->bom);
    s->bom = 3;
    return false;
}

void sse_feed(struct sse *s, const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && s->bom < 3 && is_mark(s, bytes[i]))
        i++;
    while (i < len) {
        char c = bytes[i];
        if (c == '\n' || c == '\r') {
            if (c == '\r' || !s->after_cr)
                end_line(s);
            s->after_cr = c == '\r';
            i++;
            continue;
        }
        size_t from = i;
        while (i < len && bytes[i] != '\n' && bytes[i] != '\r')
            i++;
        buf_add(&s->line, bytes + from, i - from);
        s->after_cr = false;
    }
}

void sse_release(struct sse *s)
{
    buf_release(&s->line);
    buf_release(&s->data);
}
