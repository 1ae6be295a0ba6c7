/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of market arithmetic share: temporary directories, files, made-up bars, and the
 * reference data that is not part of the project. */
#ifndef QUORUM_TEST_MARKET_FIXTURES_H
#define QUORUM_TEST_MARKET_FIXTURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quorum/bars.h"
#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

/* Path of a reference file; the test is skipped where there is none. */
static inline const char *reference(char dst[512], const char *name)
{
    const char *dir = getenv("QUORUM_REFERENCE_DATA");
    if (!dir || !*dir)
        skip();
    snprintf(dst, 512, "%s/%s", dir, name);
    return dst;
}

static inline void temp_dir(char dst[64])
{
    snprintf(dst, 64, "/tmp/quorum-market-XXXXXX");
    assert_non_null(mkdtemp(dst));
}

static inline void temp_dir_remove(const char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));) {
        char path[512];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        remove(path);
    }
    closedir(d);
    assert_int_equal(rmdir(dir), 0);
}

static inline void write_bytes(const char *dir, const char *name, const void *data, size_t len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static inline void write_text(const char *dir, const char *name, const char *text)
{
    write_bytes(dir, name, text, strlen(text));
}

static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* n sessions of a random walk around $100 from `first` on; deterministic. */
static inline struct bars random_bars(int32_t first, size_t n, uint64_t seed)
{
    struct bars b = {0};
    int64_t close = 1000000;
    int32_t day = first - 1;
    for (size_t i = 0; i < n; i++) {
        day = calendar_next(day);
        int64_t open = close + (int64_t)(next_random(&seed) % 20001) - 10000;
        close = open + (int64_t)(next_random(&seed) % 40001) - 20000;
        open = open < 50000 ? 50000 : open;
        close = close < 50000 ? 50000 : close;
        struct bar bar = {.day = day, .open = open, .close = close};
        bar.high = (open > close ? open : close) + (int64_t)(next_random(&seed) % 15000);
        bar.low = (open < close ? open : close) - (int64_t)(next_random(&seed) % 15000);
        bar.volume = 1000000 + (int64_t)(next_random(&seed) % 1000000);
        bars_add(&b, &bar);
    }
    return b;
}

#endif
