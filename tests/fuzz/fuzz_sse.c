/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream cut into pieces must give the events of the whole. The first byte chooses the pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/net/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(void *arg, const char *name, const char *data, size_t len)
{
    struct buf *out = arg;
    if (strlen(name) >= 64 || data[len] != '\0')
        abort();
    buf_printf(out, "%s|%zu|", name, len);
    buf_add(out, data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = {0}, pieces = {0};
    struct sse a, b;
    if (size < 1)
        return 0;
    const char *bytes = (const char *)data + 1;
    uint32_t random = data[0] + 1u;
    size--;
    sse_init(&a, 512, note, &whole);
    sse_init(&b, 512, note, &pieces);
    sse_feed(&a, bytes, size);
    for (size_t i = 0; i < size;) {
        random = random * 1664525u + 1013904223u;
        size_t n = 1 + (random >> 16) % (data[0] % 32 + 1);
        n = n < size - i ? n : size - i;
        sse_feed(&b, bytes + i, n);
        i += n;
    }
    if (whole.len != pieces.len || a.overflow != b.overflow ||
        (whole.len && memcmp(whole.data, pieces.data, whole.len) != 0))
        abort();
    sse_release(&a);
    sse_release(&b);
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
