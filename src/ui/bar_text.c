/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may stand in the command bar. Widths are the C library's, since readline goes by those. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "ui/bar_private.h"

bool bar_has_width(uint32_t rune)
{
    return rune < 0x80 || wcwidth((wchar_t)rune) > 0;
}

char *bar_drop_widthless(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        wchar_t c;
        size_t n = mbrtowc(&c, from, MB_CUR_MAX, &(mbstate_t){0});
        bool whole = n > 0 && n <= MB_CUR_MAX;
        size_t len = whole ? n : 1;
        if (!whole || bar_has_width((uint32_t)c)) {
            memmove(to, from, len);
            to += len;
        }
        from += len;
    }
    *to = '\0';
    return text;
}
