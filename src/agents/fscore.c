/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agents/fscore.h"

#include <math.h>
#include <string.h>

#include "quorum/timeutil.h"

const char *const piotroski_names[PIOTROSKI_TESTS] = {
    "return on assets above zero",
    "cash from operations above zero",
    "return on assets up",
    "cash from operations above net income",
    "long-term debt down",
    "current ratio up",
    "no new shares",
    "gross margin up",
    "asset turnover up",
};

/* Tests that rest on a margin, a turnover or current items, which banks do not have. */
enum { TEST_CURRENT = 5, TEST_MARGIN = 7, TEST_TURNOVER = 8 };

static struct value divide(struct value a, struct value b)
{
    return a.known && b.known && b.v > 0 ? VALUE(a.v / b.v) : VALUE_UNKNOWN;
}

static struct value above(struct value a, struct value b)
{
    return a.known && b.known ? VALUE(a.v > b.v ? 1 : 0) : VALUE_UNKNOWN;
}

void year_ratios(const struct statement_year *y, struct year_ratios *out)
{
    out->roa = divide(y->net_income, y->total_assets);
    out->cfo_to_assets = divide(y->cash_from_operations, y->total_assets);
    out->lt_debt = divide(y->long_term_debt, y->total_assets);
    out->current = divide(y->current_assets, y->current_liabilities);
    out->gross_margin = divide(y->gross_profit, y->revenue);
    out->asset_turnover = divide(y->revenue, y->total_assets);
}

/* Year-end assets, not the beginning of the year's as in the paper; diluted weighted shares;
 * strict comparisons except for the shares. */
void piotroski_score(const struct statement_year *now, const struct statement_year *before,
                     bool is_bank, struct piotroski *out)
{
    struct year_ratios a, b = {.roa = VALUE_UNKNOWN};
    struct value shares_before = VALUE_UNKNOWN;
    year_ratios(now, &a);
    if (before) {
        year_ratios(before, &b);
        shares_before = before->shares_diluted;
    }
    struct value diluted = above(now->shares_diluted, shares_before);
    *out = (struct piotroski){
        .test = {above(a.roa, VALUE(0)), above(now->cash_from_operations, VALUE(0)),
                 above(a.roa, b.roa), above(a.cfo_to_assets, a.roa), above(b.lt_debt, a.lt_debt),
                 above(a.current, b.current), diluted.known ? VALUE(1 - diluted.v) : VALUE_UNKNOWN,
                 above(a.gross_margin, b.gross_margin), above(a.asset_turnover, b.asset_turnover)}};
    bool complete = true;
    for (int i = 0; i < PIOTROSKI_TESTS; i++) {
        out->skipped[i] = is_bank && (i == TEST_CURRENT || i == TEST_MARGIN || i == TEST_TURNOVER);
        if (out->skipped[i])
            continue;
        out->asked++;
        complete = complete && out->test[i].known;
        out->passed += out->test[i].known && out->test[i].v > 0;
    }
    if (complete)
        out->score = VALUE((double)out->passed * PIOTROSKI_TESTS / out->asked);
}

/* 0 at `zero`, 100 at `full`, straight between, clamped. zero may be the larger one. */
static struct value map(struct value x, double zero, double full)
{
    if (!x.known)
        return VALUE_UNKNOWN;
    return VALUE(fmin(fmax((x.v - zero) / (full - zero), 0), 1) * 100);
}

/* Mean of the known parts; a pillar stands when at least half of its parts do. */
static struct value mean(const struct value *part, int n)
{
    double sum = 0;
    int known = 0;
    for (int i = 0; i < n; i++) {
        if (part[i].known) {
            sum += part[i].v;
            known++;
        }
    }
    return 2 * known >= n && known > 0 ? VALUE(sum / known) : VALUE_UNKNOWN;
}

/* Invested capital is debt and equity less cash; a tax rate outside 0..1 is an artefact. */
static struct value roic(const struct statement_year *y)
{
    if (!y->ebit.known || !y->tax_rate.known || y->tax_rate.v < 0 || y->tax_rate.v >= 1 ||
        !y->total_debt.known || !y->equity.known || y->equity.v <= 0 || !y->cash.known)
        return VALUE_UNKNOWN;
    return divide(VALUE(y->ebit.v * (1 - y->tax_rate.v)),
                  VALUE(y->total_debt.v + y->equity.v - y->cash.v));
}

static struct value net_debt_to_ebitda(const struct statement_year *y)
{
    if (!y->total_debt.known || !y->cash.known)
        return VALUE_UNKNOWN;
    return divide(VALUE(y->total_debt.v - y->cash.v), y->ebitda);
}

static void quality_pillar(const struct statement_year *y, bool is_bank, struct pillars *p)
{
    p->roic = roic(y);
    p->cfo_to_income = divide(y->cash_from_operations, y->net_income);
    struct value part[4] = {map(p->roic, 0, .25), map(p->cfo_to_income, .5, 1.5)};
    if (!is_bank) {
        p->gross_to_assets = divide(y->gross_profit, y->total_assets);
        p->net_debt_to_ebitda = net_debt_to_ebitda(y);
        part[2] = map(p->gross_to_assets, 0, .50);
        part[3] = map(p->net_debt_to_ebitda, 4, 0);
    }
    p->quality = mean(part, is_bank ? 2 : 4);
}

/* The price is in dollars, so statements in another currency say nothing about value. */
static void value_pillar(const struct statement_year *y, struct value price, bool is_bank,
                         struct pillars *p)
{
    struct value cap = VALUE_UNKNOWN, ev = VALUE_UNKNOWN;
    if (price.known && price.v > 0 && y->shares_diluted.known && y->shares_diluted.v > 0 &&
        strcmp(y->currency, "USD") == 0)
        cap = VALUE(price.v * y->shares_diluted.v);
    if (cap.known && y->total_debt.known && y->cash.known && !is_bank)
        ev = VALUE(cap.v + y->total_debt.v - y->cash.v);
    p->ebit_to_ev = divide(y->ebit, ev);
    p->fcf_yield = divide(y->free_cash_flow, cap);
    p->earnings_yield = divide(y->net_income, cap);
    const struct value part[3] = {map(p->fcf_yield, 0, .08), map(p->earnings_yield, 0, .08),
                                  map(p->ebit_to_ev, 0, .12)};
    p->value = mean(part, is_bank ? 2 : 3);
}

/* A base near zero makes any change look huge, a negative one turns its sign round. */
static struct value change(struct value now, struct value before, double least_base)
{
    if (!now.known || !before.known || before.v <= least_base)
        return VALUE_UNKNOWN;
    return VALUE(now.v / before.v - 1);
}

static void growth_pillar(const struct statement_year *y, const struct statement_year *b,
                          struct pillars *p)
{
    if (!b)
        return;
    /* One percent of revenue, and five cents a share. */
    double least_fcf = b->revenue.known && b->revenue.v > 0 ? .01 * b->revenue.v : HUGE_VAL;
    p->revenue_growth = change(y->revenue, b->revenue, 0);
    p->eps_growth = change(y->eps_diluted, b->eps_diluted, .05);
    p->fcf_growth = change(y->free_cash_flow, b->free_cash_flow, least_fcf);
    const struct value part[3] = {map(p->revenue_growth, -.05, .20), map(p->eps_growth, -.10, .30),
                                  map(p->fcf_growth, -.10, .30)};
    p->growth = mean(part, 3);
}

void pillars_compute(const struct statement_year *now, const struct statement_year *before,
                     struct value price, bool is_bank, struct pillars *out)
{
    static const double weight[4] = {.30, .25, .25, .20};
    *out = (struct pillars){.available = 0};
    piotroski_score(now, before, is_bank, &out->piotroski);
    quality_pillar(now, is_bank, out);
    value_pillar(now, price, is_bank, out);
    growth_pillar(now, before, out);
    out->health = map(out->piotroski.score, 0, PIOTROSKI_TESTS);
    const struct value pillar[4] = {out->quality, out->value, out->growth, out->health};
    double sum = 0, weights = 0;
    for (int i = 0; i < 4; i++) {
        if (!pillar[i].known)
            continue;
        sum += weight[i] * pillar[i].v;
        weights += weight[i];
        out->available++;
    }
    if (out->available >= 3)
        out->score = VALUE(sum / weights);
}

size_t statements_known(const struct fundamentals *f, int64_t as_of,
                        const struct statement_year *out[STATEMENT_YEARS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < f->n && i < STATEMENT_YEARS_MAX; i++)
        if (f->year[i].filed_at != TIME_NONE && f->year[i].filed_at <= as_of)
            out[n++] = &f->year[i];
    return n;
}

const struct statement_year *statements_before(const struct statement_year *const *years, size_t n)
{
    if (n < 2 || years[1]->fiscal_year != years[0]->fiscal_year - 1 ||
        strcmp(years[1]->currency, years[0]->currency) != 0)
        return NULL;
    return years[1];
}
