/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a file of bars: refused with a reason, or loaded with every promise of bars.h kept
 * and no indicator that is not a number. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "quorum/bars.h"
#include "quorum/indicators.h"
#include "quorum/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bars(const struct bars *b)
{
    assert(b->n > 0);
    for (size_t t = 0; t < b->n; t++) {
        const struct bar *bar = &b->bar[t];
        assert(t == 0 || bar[-1].day < bar->day);
        assert(bar->low > 0 && bar->low <= bar->open && bar->low <= bar->close);
        assert(bar->high >= bar->open && bar->high >= bar->close && bar->volume >= 0);
    }
    struct indicators *i = mem_array(b->n, sizeof *i);
    indicators_compute(b, b, i);
    for (size_t t = 0; t < b->n; t++) {
        for (size_t r = 0; r < indicator_row_count; r++) {
            struct value v = indicator_get(&i[t], &indicator_rows[r]);
            assert(!v.known || isfinite(v.v));
        }
    }
    mem_free(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[64];
    if (fd < 0)
        fd = memfd_create("bars", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);

    struct bars b;
    struct factors f;
    struct bars_report report;
    struct error e = {0};
    if (bars_read_csv(path, &b, &report, &e) == OK) {
        check_bars(&b);
        /* Known factors of any day: adjusting keeps prices positive and in order. */
        struct factor half = {
            .last_day = b.bar[b.n / 2].day, .price_factor = .5, .split_factor = .25};
        bars_adjust(&b, &(struct factors){.factor = &half, .n = 1});
        check_bars(&b);
    } else {
        assert(e.text[0] && e.fix[0] && b.n == 0);
    }
    bars_release(&b);
    if (factors_read_csv(path, &f, &e) != OK)
        assert(e.text[0] && e.fix[0] && f.n == 0);
    factors_release(&f);
    return 0;
}
