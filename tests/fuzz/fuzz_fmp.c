/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever FMP or something in front of it sends, read as each of its answers. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/market/fmp.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void try_quote(const char *body, size_t len)
{
    struct quote q = {.price = 0};
    struct error e = {.kind = OK};
    if (fmp_read_quote(body, len, "AAPL", &q, &e)) {
        must(e.text[0] != '\0');
        return;
    }
    must(q.price > 0 && q.open >= 0 && q.high >= 0 && q.low >= 0 && q.volume >= 0);
    must(q.from.as_of == TIME_NONE || q.from.as_of > 0);
}

static void try_profile(const char *body, size_t len)
{
    struct profile p = {.company = ""};
    struct error e = {.kind = OK};
    if (fmp_read_profile(body, len, "AAPL", &p, &e))
        return;
    must(text_is_utf8(p.company, strlen(p.company)));
    for (const char *c = p.company; *c; c++)
        must((unsigned char)*c >= 0x20);
}

static void try_bars(const char *body, size_t len)
{
    struct bars b = {0};
    struct error e = {.kind = OK};
    size_t left_out;
    int32_t last = day_from_civil(2026, 11, 20);
    if (fmp_read_bars(body, len, "AAPL", last, &b, &left_out, &e) == OK) {
        must(b.n > 0 && b.bar[b.n - 1].day <= last);
        for (size_t i = 0; i < b.n; i++) {
            const struct bar *x = &b.bar[i];
            must(i == 0 || x->day > b.bar[i - 1].day);
            must(x->low > 0 && x->low <= x->open && x->low <= x->close);
            must(x->high >= x->open && x->high >= x->close && x->volume >= 0);
        }
    }
    bars_release(&b);
}

static void try_statements(const char *body, size_t len)
{
    struct fmp_years *years = mem_alloc(sizeof *years);
    struct fundamentals f = {.n = 0};
    struct error e = {.kind = OK};
    for (int which = FMP_INCOME; which <= FMP_CASH_FLOW; which++)
        fmp_read_statement(body, len, "AAPL", (enum fmp_endpoint)which, years, &e);
    int64_t as_of = (int64_t)day_from_civil(2026, 11, 20) * USEC_DAY;
    fmp_merge_years(years, as_of, &f);
    must(f.n <= STATEMENT_YEARS_MAX);
    for (size_t i = 0; i < f.n; i++) {
        const struct statement_year *y = &f.year[i];
        must(y->filed_at != TIME_NONE && y->filed_at <= as_of);
        must(i == 0 || y->fiscal_year < f.year[i - 1].fiscal_year);
        must(!y->revenue.known || isfinite(y->revenue.v));
        must(!y->tax_rate.known || isfinite(y->tax_rate.v));
    }
    mem_free(years);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *body = (const char *)data;
    static const int statuses[] = {200, 401, 402, 403, 404, 429, 500};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        bool refused, exhausted;
        const char *text = fmp_judge(statuses[i], body, size, &refused, &exhausted);
        must(text || (!refused && !exhausted));
    }
    try_quote(body, size);
    try_profile(body, size);
    try_bars(body, size);
    try_statements(body, size);
    return 0;
}
