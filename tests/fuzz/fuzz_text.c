/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sanitiser's promises, for any bytes. The first byte chooses the form and where the input is
 * cut into pieces, the second the column limit. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/width.h"
#include "quorum/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bytes(const struct buf *b, enum text_form form)
{
    assert(text_is_utf8(buf_text(b), b->len));
    assert(strlen(buf_text(b)) == b->len);
    uint32_t c;
    for (size_t i = 0; i < b->len; i += utf8_take(b->data + i, b->len - i, &c)) {
        unsigned char byte = (unsigned char)b->data[i];
        assert(byte >= 0x20 || (byte == '\n' && form == TEXT_BLOCK));
        assert(byte != 0x7f);
        assert(!(byte == 0xc2 && (unsigned char)b->data[i + 1] < 0xa0)); /* C1 */
    }
}

/* Every character is one the terminal gives the columns we counted, every cell begins with a
 * character of its own, and no line is wider than the limit. */
static void check_columns(const struct buf *b, size_t max)
{
    size_t widest = 0, line = 0, columns, marks = 0;
    uint32_t c;
    bool begun = false;
    for (size_t i = 0, n; i < b->len; i += n) {
        n = utf8_take(b->data + i, b->len - i, &c);
        if (c == '\n') {
            line = 0;
            begun = false;
            continue;
        }
        int width = width_of(c);
        assert(width >= 0 && width <= 2);
        assert(width > 0 || begun);
        marks = width > 0 ? 0 : marks + 1;
        assert(marks <= 2);
        begun = true;
        line += (size_t)width;
        widest = line > widest ? line : widest;
    }
    assert(text_columns(buf_text(b)) == widest);
    assert(max == 0 || widest <= max);
    size_t bytes = 0;
    for (size_t n; (n = text_cluster(buf_text(b) + bytes, &columns)) > 0; bytes += n)
        assert(columns <= 2);
    assert(bytes == b->len);
}

static void check_same(const struct buf *a, const struct buf *b)
{
    assert(a->len == b->len && memcmp(buf_text(a), buf_text(b), a->len) == 0);
}

static void check_field(const char *text, size_t len, size_t size)
{
    char field[64];
    if (size == 0 || size > sizeof(field))
        return;
    sanitize_line(field, size, (struct untrusted_text){text, len});
    size_t n = strlen(field);
    assert(n < size && text_is_utf8(field, n));
    char again[64];
    sanitize_line(again, size, untrusted(field));
    assert(strcmp(field, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum text_form form = data[0] & 1 ? TEXT_BLOCK : TEXT_LINE;
    size_t piece = (size_t)(data[0] >> 1) + 1, max = data[1];
    const char *text = (const char *)data + 2;
    size_t len = size - 2;
    struct buf out = {0}, again = {0}, pieces = {0}, plain = {0};

    sanitize(&out, (struct untrusted_text){text, len}, form, max);
    check_bytes(&out, form);
    check_columns(&out, max);
    sanitize(&again, (struct untrusted_text){buf_text(&out), out.len}, form, max);
    check_same(&out, &again);

    struct text_stream s = {.form = form, .max_columns = max};
    for (size_t i = 0; i < len; i += piece)
        text_stream_feed(&s, &pieces, text + i, len - i < piece ? len - i : piece);
    text_stream_finish(&s, &pieces);
    check_same(&out, &pieces);

    text_ascii(&plain, buf_text(&out));
    assert(text_columns(buf_text(&plain)) == text_columns(buf_text(&out)));
    check_field(text, len, max);

    buf_release(&out);
    buf_release(&again);
    buf_release(&pieces);
    buf_release(&plain);
    return 0;
}
