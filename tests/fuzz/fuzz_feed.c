/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever a feed's server sends: what comes out is clean, bounded and told once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/market/feed.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void must_be_clean(const char *s, size_t columns)
{
    must(s != NULL);
    must(text_is_utf8(s, strlen(s)));
    for (const char *p = s; *p; p++)
        must((unsigned char)*p >= 0x20 && *p != 0x7F);
    must(columns == 0 || text_columns(s) <= columns);
}

static void check_feed(const struct feed *f)
{
    must(f->n <= FEED_ITEMS_MAX);
    for (size_t i = 0; i < f->n; i++) {
        const struct feed_item *item = &f->item[i];
        must(*item->title != '\0');
        must_be_clean(item->title, FEED_TITLE_COLUMNS);
        must_be_clean(item->summary, FEED_SUMMARY_COLUMNS);
        must_be_clean(item->outlet, 64);
        must_be_clean(item->link, 0);
        must(item->published_at == TIME_NONE || item->published_at >= -2 * USEC_DAY);
        for (size_t k = 0; k < i; k++)
            must(strcmp(f->item[k].key, item->key) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct feed f;
    struct error e = {.kind = OK};
    struct buf mended = {0}, clean = {0};
    if (feed_parse(bytes, size, &f, &e))
        must(e.text[0] != '\0' && f.n == 0);
    else
        check_feed(&f);
    feed_release(&f);

    feed_mend(bytes, size, &mended);
    must(!memchr(buf_text(&mended), '\x1B', mended.len) || size < 2 || data[0] >= 0xFE);
    feed_clean(&clean, bytes, size, size & 1, 100);
    must_be_clean(buf_text(&clean), 100);
    buf_release(&mended);
    buf_release(&clean);

    char date[64];
    int64_t t;
    copy_bytes(date, sizeof date, bytes, size);
    if (feed_date_parse(date, &t))
        must(t > -2 * USEC_DAY && t < (int64_t)400000 * USEC_DAY);
    return 0;
}
