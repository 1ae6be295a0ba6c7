/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/width.h"

#include <utf8proc.h>

/* First and last value a second byte may have, by first byte: this excludes overlong forms,
 * surrogates and what lies beyond U+10FFFF (Unicode 15, table 3-7). */
bool utf8_is_next(const unsigned char *have, size_t n, unsigned char byte)
{
    unsigned char low = 0x80, high = 0xbf;
    if (n == 1 && have[0] == 0xe0)
        low = 0xa0;
    else if (n == 1 && have[0] == 0xed)
        high = 0x9f;
    else if (n == 1 && have[0] == 0xf0)
        low = 0x90;
    else if (n == 1 && have[0] == 0xf4)
        high = 0x8f;
    return byte >= low && byte <= high;
}

size_t utf8_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

uint32_t utf8_join(const unsigned char *bytes, size_t n)
{
    static const unsigned char lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = bytes[0] & lead_mask[n];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (bytes[i] & 0x3fU);
    return c;
}

size_t utf8_take(const char *s, size_t len, uint32_t *c)
{
    const unsigned char *bytes = (const unsigned char *)s;
    size_t n = len > 0 ? utf8_length(bytes[0]) : 0;
    if (n == 0 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if (!utf8_is_next(bytes, i, bytes[i]))
            return 0;
    }
    *c = utf8_join(bytes, n);
    return n;
}

size_t utf8_put(char dst[4], uint32_t c)
{
    return (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)dst);
}

/* Nothing to see, but something to be misled by: default-ignorable and format characters, line
 * and paragraph separators, tags, variation selectors, skin tones (a terminal that knows them
 * draws two columns where another draws four). */
static bool is_hidden(uint32_t c, const utf8proc_property_t *p)
{
    return p->ignorable || p->category == UTF8PROC_CATEGORY_CF ||
           p->category == UTF8PROC_CATEGORY_ZL || p->category == UTF8PROC_CATEGORY_ZP ||
           (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0xe0000 && c <= 0xe0fff);
}

/* Characters that C libraries and terminals of different years give different columns: circled
 * tens, trigrams, hexagrams, counting rods (wide only since Unicode 16), a few tone and reading
 * marks. A desk can do without them. */
static bool is_disputed(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x2630, 0x2637}, {0x268a, 0x268f},   {0x302e, 0x302f},   {0x3248, 0x324f},
        {0x4dc0, 0x4dff}, {0x16ff0, 0x16ff1}, {0x1d300, 0x1d376},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

int width_of(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return WIDTH_UNFIT;
    if (c < 0x7f)
        return 1;
    const utf8proc_property_t *p = utf8proc_get_property((utf8proc_int32_t)c);
    if (is_hidden(c, p))
        return WIDTH_HIDDEN;
    if (is_disputed(c))
        return WIDTH_UNFIT;
    switch (p->category) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CC:
        return WIDTH_UNFIT;
    case UTF8PROC_CATEGORY_MC: /* has a cell of its own in a terminal */
        return 1;
    default:
        break;
    }
    /* Vowels and final consonants of Hangul join the cell of the syllable's first letter. */
    if ((c >= 0x1160 && c <= 0x11ff) || (c >= 0xd7b0 && c <= 0xd7ff))
        return 0;
    return p->charwidth;
}
