/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <utf8proc.h>

#include "core/base/width.h"
#include "quorum/mem.h"
#include "quorum/text.h"

/* What decomposition does not lead to ASCII, sorted by code point; ranges share one stand-in. */
static const struct {
    uint32_t first, last;
    char plain;
} stand_ins[] = {
    {0x00a0, 0x00a0, ' '}, {0x00a6, 0x00a6, '|'}, {0x00ab, 0x00ab, '<'},  {0x00b0, 0x00b0, 'o'},
    {0x00b7, 0x00b7, '.'}, {0x00bb, 0x00bb, '>'}, {0x00c6, 0x00c6, 'A'},  {0x00d0, 0x00d0, 'D'},
    {0x00d7, 0x00d7, 'x'}, {0x00d8, 0x00d8, 'O'}, {0x00de, 0x00de, 'T'},  {0x00df, 0x00df, 's'},
    {0x00e6, 0x00e6, 'a'}, {0x00f0, 0x00f0, 'd'}, {0x00f7, 0x00f7, '/'},  {0x00f8, 0x00f8, 'o'},
    {0x00fe, 0x00fe, 't'}, {0x0110, 0x0110, 'D'}, {0x0111, 0x0111, 'd'},  {0x0131, 0x0131, 'i'},
    {0x0141, 0x0141, 'L'}, {0x0142, 0x0142, 'l'}, {0x0152, 0x0152, 'O'},  {0x0153, 0x0153, 'o'},
    {0x2000, 0x200a, ' '}, {0x2010, 0x2015, '-'}, {0x2018, 0x201b, '\''}, {0x201c, 0x201f, '"'},
    {0x2022, 0x2023, '*'}, {0x2026, 0x2026, '.'}, {0x2032, 0x2032, '\''}, {0x2033, 0x2033, '"'},
    {0x2039, 0x2039, '<'}, {0x203a, 0x203a, '>'}, {0x20ac, 0x20ac, 'E'},  {0x2190, 0x2190, '<'},
    {0x2191, 0x2191, '^'}, {0x2192, 0x2192, '>'}, {0x2193, 0x2193, 'v'},  {0x2212, 0x2212, '-'},
    {0x2248, 0x2248, '~'}, {0x2264, 0x2264, '<'}, {0x2265, 0x2265, '>'},  {0x2500, 0x2501, '-'},
    {0x2502, 0x2503, '|'}, {0x2504, 0x2505, '-'}, {0x2506, 0x2507, '|'},  {0x2508, 0x2509, '-'},
    {0x250a, 0x250b, '|'}, {0x250c, 0x254b, '+'}, {0x254c, 0x254d, '-'},  {0x254e, 0x254f, '|'},
    {0x2550, 0x2550, '='}, {0x2551, 0x2551, '|'}, {0x2552, 0x2573, '+'},  {0x2574, 0x257f, '-'},
    {0x2580, 0x259f, '#'}, {0x25a0, 0x25a0, '#'}, {0x25b2, 0x25b2, '^'},  {0x25b6, 0x25b6, '>'},
    {0x25bc, 0x25bc, 'v'}, {0x25c0, 0x25c0, '<'}, {0x25cf, 0x25cf, '*'},  {0x2713, 0x2714, 'v'},
    {0x2717, 0x2718, 'x'}, {0x2800, 0x2800, ' '}, {0x2801, 0x28ff, ':'},  {0x3000, 0x3000, ' '},
};

static char stand_in(uint32_t c)
{
    size_t low = 0, high = ARRAY_LEN(stand_ins);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c > stand_ins[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ARRAY_LEN(stand_ins) && c >= stand_ins[low].first ? stand_ins[low].plain : '\0';
}

/* The ASCII that a character is made of ("é" is e and a mark, a fullwidth A is an A); 0 if there
 * is something else in it or it needs more than `columns`. */
static size_t decompose(char *dst, uint32_t c, size_t columns)
{
    utf8proc_int32_t parts[32];
    int last_class = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, ARRAY_LEN(parts),
                                                 UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &last_class);
    size_t len = 0;
    if (n < 0 || n > (utf8proc_ssize_t)ARRAY_LEN(parts))
        return 0;
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        if (width_of((uint32_t)parts[i]) == 0)
            continue;
        char plain =
            parts[i] >= 0x20 && parts[i] < 0x7f ? (char)parts[i] : stand_in((uint32_t)parts[i]);
        if (plain == '\0' || len == columns)
            return 0;
        dst[len++] = plain;
    }
    return len;
}

void text_ascii(struct buf *out, const char *clean)
{
    size_t columns;
    for (size_t n; (n = text_cluster(clean, &columns)) > 0; clean += n) {
        uint32_t c = 0xfffd;
        char plain[2] = {'?', '?'};
        if ((unsigned char)*clean < 0x80) {
            buf_char(out, *clean);
            continue;
        }
        utf8_take(clean, n, &c);
        char one = stand_in(c);
        size_t len = one ? 1 : decompose(plain, c, columns < 2 ? columns : 2);
        if (one)
            plain[0] = one;
        for (size_t i = 0; i < columns; i++) /* the cells beyond a short stand-in are blank */
            buf_char(out, len == 0 ? '?' : i < len ? plain[i] : ' ');
    }
}
