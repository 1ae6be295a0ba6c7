/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/market/sim.h"

#include <stdio.h>

#include "quorum/buf.h"

/* Statements in whole dollars and shares, so that the identities of accounting hold exactly. They
 * follow the year's mean quality with noise: growth, margins, thrift, borrowing, buybacks. */

struct year {
    fx quality;
    int64_t revenue, gross, ebit, depreciation, net, shares;
    int64_t assets, current_assets, current_liabilities, debt, long_debt, cash, equity;
    int64_t operations, free_cash;
    int tax_bp;
};

static fx noise(struct sim_draw *d, int ten_thousandths)
{
    return fx_mul(FX_RATIO(ten_thousandths, 10000), sim_normal(d));
}

static fx year_quality(const struct sim_company *c, const fx quality[SIM_QUARTERS], int fiscal_year)
{
    int last = sim_quarter_of(c, day_from_civil(fiscal_year, c->fiscal_month, 1)).index;
    fx sum = 0;

    for (int i = last - 3; i <= last; i++)
        sum += i >= 0 && i < SIM_QUARTERS ? quality[i] : 0;
    return sum / 4;
}

static void income(const struct sim_company *c, struct year *y, struct sim_draw *d)
{
    fx q = y->quality;
    fx gross = c->gross_margin + fx_mul(FX_RATIO(14, 1000), q) + noise(d, 60);
    fx operating = c->operating_margin + fx_mul(fx_mul(c->operating_margin, FX_PERCENT(18)), q) +
                   fx_mul(c->operating_margin, noise(d, 500));
    int64_t interest, before_tax;

    gross = fx_clamp(gross, FX_PERCENT(5), FX_PERCENT(92));
    if (c->is_bank)
        gross = FX_PERCENT(92);
    operating = fx_clamp(operating, -FX_PERCENT(15), gross - FX_PERCENT(3));
    y->gross = fx_scale(y->revenue, gross);
    y->ebit = fx_scale(y->revenue, operating);
    y->depreciation = fx_scale(y->revenue, c->is_bank ? FX_PERCENT(2) : FX_PERCENT(4));
    interest = c->is_bank ? 0 : fx_scale(y->debt, FX_RATIO(35, 1000));
    before_tax = y->ebit - interest;
    y->tax_bp = 1650 + sim_below(d, 700);
    y->net = before_tax;
    if (before_tax > 0)
        y->net -= fx_scale(before_tax, FX_RATIO(y->tax_bp, 10000));
}

/* Assets by turnover; what is neither equity, debt nor current is other liabilities, never
 * negative. */
static void balance(const struct sim_company *c, struct year *y, struct sim_draw *d)
{
    fx q = y->quality;
    struct sim_draw own = sim_draw_begin(0, STREAM_STATEMENT, c->hash, 0); /* the firm's habits */
    fx turnover = FX_PERCENT(42) + fx_mul(FX_PERCENT(28), sim_uniform(&own));
    fx equity = FX_PERCENT(36) + fx_mul(FX_PERCENT(16), sim_uniform(&own));
    fx debt = FX_PERCENT(21) + fx_mul(FX_PERCENT(10), sim_uniform(&own));
    fx current = FX_PERCENT(26) + fx_mul(FX_PERCENT(12), sim_uniform(&own));
    fx ratio = FX_PERCENT(135) + fx_mul(FX_PERCENT(14), q) + noise(d, 800);

    if (c->gross_margin < FX_PERCENT(30))
        turnover = turnover * 2; /* thin margins live by turnover */
    turnover = fx_mul(turnover, FX_ONE + fx_mul(FX_PERCENT(4), q) + noise(d, 200));
    turnover = fx_clamp(turnover, FX_PERCENT(30), FX_PERCENT(300));
    equity =
        fx_clamp(equity + fx_mul(FX_PERCENT(3), q) + noise(d, 100), FX_PERCENT(25), FX_PERCENT(62));
    debt = fx_clamp(debt - fx_mul(FX_RATIO(22, 1000), q) + noise(d, 80), FX_PERCENT(5),
                    FX_PERCENT(35));
    ratio = fx_clamp(ratio, FX_PERCENT(90), FX_PERCENT(260));
    if (c->is_bank) {
        turnover = FX_PERCENT(5);
        equity = FX_PERCENT(9) + fx_mul(FX_RATIO(4, 1000), q);
        debt = FX_PERCENT(12);
    }
    y->assets = fx_mul(y->revenue, fx_div(FX_ONE, turnover));
    y->equity = fx_scale(y->assets, equity);
    y->debt = fx_scale(y->assets, debt);
    y->long_debt = fx_scale(y->debt, FX_PERCENT(86));
    y->current_assets = fx_scale(y->assets, current);
    y->current_liabilities = fx_scale(y->current_assets, fx_div(FX_ONE, ratio));
    y->cash = fx_scale(y->current_assets, FX_PERCENT(27));
    if (y->equity + y->long_debt + y->current_liabilities > y->assets)
        y->equity = y->assets - y->long_debt - y->current_liabilities;
}

static void cash_flow(const struct sim_company *c, struct year *y, struct sim_draw *d)
{
    fx working = fx_mul(FX_RATIO(7, 1000), y->quality) - FX_RATIO(8, 1000) + noise(d, 110);
    int64_t spending = fx_scale(y->depreciation, FX_PERCENT(115) + noise(d, 1000));

    if (c->is_bank)
        spending = y->depreciation / 2;
    y->operations = y->net + y->depreciation + fx_scale(y->revenue, working);
    y->free_cash = y->operations - spending;
}

/* The year before the first: sizes only. The share count is chosen so that earnings fit the start
 * price at the company's usual multiple. */
static struct year year_before(const struct sim_company *c)
{
    struct year y = {.revenue = c->revenue};
    struct sim_draw d = sim_draw_begin(0, STREAM_STATEMENT, c->hash, 1);
    int64_t usual;

    balance(c, &y, &d);
    usual = fx_scale(c->revenue, fx_mul(c->operating_margin, FX_PERCENT(75)));
    usual = fx_scale(usual, FX_PERCENT(140)); /* five years' growth to the first session */
    y.shares = usual / 100 * c->price_earnings / (c->start_price / 100) * 100;
    return y;
}

static struct year year_after(const struct sim *s, const struct sim_company *c,
                              const fx quality[SIM_QUARTERS], const struct year *before,
                              int fiscal_year)
{
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_STATEMENT, c->hash, fiscal_year);
    struct year y = {.quality = year_quality(c, quality, fiscal_year), .debt = before->debt};
    fx growth = FX_PERCENT(7) + fx_mul(FX_RATIO(60, 1000), y.quality) + noise(&d, 220);
    fx issue = fx_clamp(-FX_RATIO(4, 1000) - fx_mul(FX_RATIO(9, 1000), y.quality) + noise(&d, 60),
                        -FX_PERCENT(5), FX_PERCENT(6));

    /* Past a twentyfold a firm has its market. */
    if (before->revenue > 20 * c->revenue)
        growth = 0;
    y.revenue = before->revenue +
                fx_scale(before->revenue, fx_clamp(growth, -FX_PERCENT(20), FX_PERCENT(35)));
    y.shares = before->shares + fx_scale(before->shares, issue);
    income(c, &y, &d);
    balance(c, &y, &d);
    cash_flow(c, &y, &d);
    return y;
}

/* Doubles appear only here, as exact integers or one correctly rounded division. */
static struct value whole(int64_t n)
{
    return VALUE((double)n);
}

static int64_t eps_cents(const struct year *y)
{
    int64_t cents = y->net * 100, half = y->shares / 2;

    return (cents + (cents < 0 ? -half : half)) / y->shares;
}

/* A provider leaves a field empty now and then. */
static void forget_one(const struct sim *s, const struct sim_company *c, struct statement_year *out)
{
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_OUTAGE, c->hash, -out->fiscal_year);
    struct value *may_miss[] = {&out->ebitda, &out->free_cash_flow, &out->tax_rate,
                                &out->long_term_debt, &out->eps_diluted};

    if (sim_chance(&d, FX_PERCENT(6)))
        *may_miss[sim_below(&d, 5)] = VALUE_UNKNOWN;
}

static void statement(const struct sim *s, const struct sim_company *c, const struct year *y,
                      int fiscal_year, int32_t period_end, int64_t filed_at,
                      struct statement_year *out)
{
    *out = (struct statement_year){
        .fiscal_year = fiscal_year,
        .period_end = period_end,
        .filed_at = filed_at,
        .currency = "USD",
        .revenue = whole(y->revenue),
        .gross_profit = whole(y->gross),
        .ebit = whole(y->ebit),
        .ebitda = whole(y->ebit + y->depreciation),
        .net_income = whole(y->net),
        .eps_diluted = VALUE((double)eps_cents(y) / 100),
        .shares_diluted = whole(y->shares),
        .total_assets = whole(y->assets),
        .current_assets = whole(y->current_assets),
        .current_liabilities = whole(y->current_liabilities),
        .long_term_debt = whole(y->long_debt),
        .total_debt = whole(y->debt),
        .cash = whole(y->cash),
        .equity = whole(y->equity),
        .tax_rate = VALUE((double)y->tax_bp / 10000),
        .cash_from_operations = whole(y->operations),
        .free_cash_flow = whole(y->free_cash),
    };
    if (c->is_bank)
        out->gross_profit = out->ebitda = out->current_assets = out->current_liabilities =
            VALUE_UNKNOWN;
    else
        forget_one(s, c, out);
}

/* 36 to 45 days after the year's end, on a weekday: always after the results. */
static int64_t filing_time(const struct sim *s, const struct sim_company *c, int fiscal_year,
                           int32_t period_end)
{
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_EARNINGS, c->hash, -fiscal_year);
    int32_t day = period_end + 36 + sim_below(&d, 8);
    int weekday = day_weekday(day), hour = sim_below(&d, 3) == 0 ? 6 : 16;
    int minute = 5 + sim_below(&d, 50), second = sim_below(&d, 60);

    day += weekday == 6 ? 2 : weekday == 0 ? 1 : 0;
    return exchange_to_utc(day, hour, minute) + second * USEC_SECOND;
}

static void absent(struct provenance *from, const char *reason)
{
    from->state = DATUM_ABSENT;
    copy_text(from->reason, sizeof(from->reason), reason);
}

static void collect(const struct sim *s, const struct sim_company *c,
                    const fx quality[SIM_QUARTERS], int64_t as_of, struct fundamentals *out)
{
    struct year y = year_before(c);

    for (int fiscal_year = SIM_FIRST_YEAR;; fiscal_year++) {
        int32_t end = sim_quarter_of(c, day_from_civil(fiscal_year, c->fiscal_month, 1)).period_end;
        int64_t filed = filing_time(s, c, fiscal_year, end);

        if (filed >= as_of || end > SIM_LAST_DAY)
            return;
        y = year_after(s, c, quality, &y, fiscal_year);
        if (end < c->listed && c->listed > SIM_EPOCH)
            continue; /* a private firm's accounts are its own */
        if (out->n < STATEMENT_YEARS_MAX)
            out->n++;
        for (size_t i = out->n - 1; i > 0; i--)
            out->year[i] = out->year[i - 1];
        statement(s, c, &y, fiscal_year, end, filed, &out->year[0]);
    }
}

void sim_fundamentals(const struct sim *s, const struct sim_company *c,
                      const fx quality[SIM_QUARTERS], int64_t as_of, struct fundamentals *out)
{
    int32_t day = exchange_day(as_of);
    struct sim_draw d =
        sim_draw_begin(s->seed, STREAM_OUTAGE, c->hash, (int64_t)sim_index(day) / 5);
    char listed[11];

    out->n = 0;
    if (c->is_fund) {
        absent(&out->from, "a fund files no statements of a company");
        return;
    }
    if (sim_chance(&d, FX_RATIO(25, 1000))) {
        absent(&out->from, "the simulated provider had no statements this week");
        return;
    }
    collect(s, c, quality, as_of, out);
    if (out->n == 0) {
        out->from.state = DATUM_ABSENT;
        snprintf(out->from.reason, sizeof(out->from.reason),
                 "no annual report filed yet (listed %s)", day_print(listed, c->listed));
        return;
    }
    out->from.state = DATUM_PRESENT;
    out->from.published_at = out->year[0].filed_at;
    out->from.as_of = exchange_to_utc(out->year[0].period_end, 16, 0);
}

int64_t sim_quarter_eps(const struct sim *s, const struct sim_company *c,
                        const fx quality[SIM_QUARTERS], const struct sim_quarter *q)
{
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_STATEMENT, c->hash, -q->index - 1);
    struct year y = year_before(c);
    int64_t eps;

    for (int fiscal_year = SIM_FIRST_YEAR; fiscal_year <= q->fiscal_year; fiscal_year++)
        y = year_after(s, c, quality, &y, fiscal_year);
    eps = eps_cents(&y) / 4;
    return eps + fx_scale(eps, noise(&d, 700));
}
