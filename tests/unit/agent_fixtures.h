/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of agents share: files of tests/ and of the reference data, and a dossier on
 * which every baseline has an opinion. */
#ifndef QUORUM_TEST_AGENT_FIXTURES_H
#define QUORUM_TEST_AGENT_FIXTURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "quorum/agent.h"
#include "quorum/timeutil.h"

/* The whole file, NUL-terminated; to be freed with mem_free. */
static inline char *file_text(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    struct buf b = {0};
    char chunk[4096];
    size_t n;
    if (!f)
        fail_msg("cannot read %s", path);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(&b, chunk, n);
    fclose(f);
    buf_char(&b, '\0');
    *len = b.len - 1;
    return b.data;
}

static inline char *golden(const char *name, size_t *len)
{
    const char *dir = getenv("QUORUM_TEST_DIR");
    char path[512];
    snprintf(path, sizeof path, "%s/golden/%s", dir && *dir ? dir : "tests", name);
    return file_text(path, len);
}

/* 2024-06-28 20:00Z. */
#define NOW (19902 * USEC_DAY + 20 * 3600 * USEC_SECOND)

static inline void near_to(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.15g is not %.15g", got, want);
}

/* The example every reader of the project knows. */
static inline void seed_indicators(struct dossier *d)
{
    struct indicators *i = &d->indicators;
    i->price = VALUE(175.50);
    i->sma_20 = VALUE(172.30);
    i->sma_50 = VALUE(168.45);
    i->sma_200 = VALUE(165.20);
    i->atr = VALUE(3.25);
    i->adx = VALUE(28.5);
    i->rsi = VALUE(58.2);
    i->volume_ratio = VALUE(1.2);
    i->beta = VALUE(1.15);
}

/* A sound company: dollars, filed in time. */
static inline struct statement_year sound_year(int fiscal_year)
{
    double grow = fiscal_year == 2023 ? 1.1 : 1.0;
    return (struct statement_year){
        .fiscal_year = fiscal_year,
        .period_end = day_from_civil(fiscal_year, 12, 31),
        .filed_at = (int64_t)day_from_civil(fiscal_year + 1, 2, 10) * USEC_DAY,
        .currency = "USD",
        .revenue = VALUE(10e9 * grow),
        .gross_profit = VALUE(5e9 * grow * grow),
        .ebit = VALUE(2.5e9 * grow),
        .ebitda = VALUE(3e9 * grow),
        .net_income = VALUE(2e9 * grow),
        .eps_diluted = VALUE(4.0 * grow),
        .shares_diluted = VALUE(5e8),
        .total_assets = VALUE(10e9),
        .current_assets = VALUE(4e9 * grow),
        .current_liabilities = VALUE(2e9),
        .long_term_debt = VALUE(2e9 / grow),
        .total_debt = VALUE(2e9),
        .cash = VALUE(1e9),
        .equity = VALUE(6e9),
        .tax_rate = VALUE(0.2),
        .cash_from_operations = VALUE(2.6e9 * grow),
        .free_cash_flow = VALUE(2.2e9 * grow),
    };
}

static inline void add_news(struct dossier *d, const char *title, double hours_ago)
{
    struct news *n = &d->market.news;
    struct news_item *item = &n->item[n->n++];
    snprintf(item->id, sizeof item->id, "n%zu", n->n);
    item->title = arena_text(&d->market.arena, title);
    item->summary = arena_text(&d->market.arena, "");
    item->outlet = arena_text(&d->market.arena, "");
    item->published_at = d->as_of - (int64_t)(hours_ago * 3600.0 * (double)USEC_SECOND);
}

static inline struct dossier *new_dossier(void)
{
    struct dossier *d = mem_alloc(sizeof *d);
    copy_text(d->symbol, sizeof d->symbol, "ACME");
    d->as_of = NOW;
    d->price = 1755000;
    seed_indicators(d);
    d->regime = (struct regime_reading){
        .label = REGIME_BULL, .confidence = 95.6, .trend = VALUE(.859), .single = true};
    copy_text(d->market.profile.company, sizeof d->market.profile.company, "Acme Rockets Inc.");
    d->market.profile.from.state = DATUM_PRESENT;
    d->market.fundamentals.from.state = DATUM_PRESENT;
    d->market.fundamentals.year[0] = sound_year(2023);
    d->market.fundamentals.year[1] = sound_year(2022);
    d->market.fundamentals.n = 2;
    d->market.news.from.state = DATUM_PRESENT;
    return d;
}

static inline void free_dossier(struct dossier *d)
{
    dossier_release(d);
    mem_free(d);
}

#endif
