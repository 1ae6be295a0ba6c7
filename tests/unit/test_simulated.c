/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/market/sim.h"
#include "quorum/calendar.h"
#include "quorum/indicators.h"
#include "quorum/regime.h"

enum { SEED = 42, SYMBOLS_MAX = 64 };

/* AAPL of seed 42 as of 2026-01-15 21:30 UTC. A change here changes every demo desk: new bytes
 * need a reason in docs/simulated-market.md. */
#define GOLDEN_BARS         UINT64_C(0x8fb1cb3a16408e1f)
#define GOLDEN_FUNDAMENTALS UINT64_C(0xd58cbb0a5a32c637)
#define GOLDEN_NEWS         UINT64_C(0xf4789fd6feabc7c8)

struct answer {
    struct error error;
    int calls;
};

static void on_done(void *arg, const struct error *e)
{
    struct answer *a = arg;

    a->calls++;
    if (e != NULL)
        a->error = *e;
}

static struct market_data gather(struct market *m, const char *symbol, int64_t as_of)
{
    struct market_data d = {0};
    struct answer a = {0};

    market_gather(m, symbol, as_of, &d, on_done, &a);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.error.kind, OK);
    return d;
}

static int64_t at(const char *text)
{
    int64_t t;

    assert_true(time_parse(text, &t));
    return t;
}

static size_t symbols_of(struct market *m, char names[SYMBOLS_MAX][16])
{
    struct buf b = {0};
    size_t n = 0;
    char *rest, *word;

    m->ops->symbols(m, &b);
    for (rest = b.data; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(n < SYMBOLS_MAX);
        copy_text(names[n++], 16, word);
    }
    buf_release(&b);
    return n;
}

/* FNV-1a over the values, byte order and padding left out of it. */
static void hash_int(uint64_t *h, int64_t v)
{
    for (int i = 0; i < 64; i += 8)
        *h = (*h ^ ((uint64_t)v >> i & 0xff)) * UINT64_C(0x100000001b3);
}

static void hash_value(uint64_t *h, struct value v)
{
    uint64_t bits;

    memcpy(&bits, &v.v, sizeof(bits));
    hash_int(h, v.known);
    hash_int(h, (int64_t)bits);
}

static void hash_string(uint64_t *h, const char *s)
{
    for (; *s != '\0'; s++)
        hash_int(h, (unsigned char)*s);
    hash_int(h, 0);
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t hash_bars(const struct bars *b)
{
    uint64_t h = HASH_START;

    for (size_t i = 0; i < b->n; i++) {
        hash_int(&h, b->bar[i].day);
        hash_int(&h, b->bar[i].open);
        hash_int(&h, b->bar[i].high);
        hash_int(&h, b->bar[i].low);
        hash_int(&h, b->bar[i].close);
        hash_int(&h, b->bar[i].volume);
    }
    return h;
}

static uint64_t hash_statement(uint64_t h, const struct statement_year *y)
{
    const struct value v[] = {
        y->revenue,        y->gross_profit,
        y->ebit,           y->ebitda,
        y->net_income,     y->eps_diluted,
        y->shares_diluted, y->total_assets,
        y->current_assets, y->current_liabilities,
        y->long_term_debt, y->total_debt,
        y->cash,           y->equity,
        y->tax_rate,       y->cash_from_operations,
        y->free_cash_flow,
    };

    hash_int(&h, y->fiscal_year);
    hash_int(&h, y->period_end);
    hash_int(&h, y->filed_at);
    hash_string(&h, y->currency);
    for (size_t i = 0; i < ARRAY_LEN(v); i++)
        hash_value(&h, v[i]);
    return h;
}

static uint64_t hash_fundamentals(const struct fundamentals *f)
{
    uint64_t h = HASH_START;

    for (size_t i = 0; i < f->n; i++)
        h = hash_statement(h, &f->year[i]);
    return h;
}

static uint64_t hash_item(const struct news_item *item)
{
    uint64_t h = HASH_START;

    hash_string(&h, item->title);
    hash_string(&h, item->summary);
    hash_string(&h, item->outlet);
    hash_int(&h, item->published_at);
    return h;
}

static uint64_t hash_news(const struct news *n)
{
    uint64_t h = HASH_START;

    for (size_t i = 0; i < n->n; i++)
        hash_int(&h, (int64_t)hash_item(&n->item[i]));
    return h;
}

static void test_a_seed_stands_for_the_same_bytes_for_ever(void **state)
{
    struct market *m = market_simulated_new(SEED);
    struct market_data d = gather(m, "AAPL", at("2026-01-15 21:30:00Z"));

    (void)state;
    assert_int_equal(d.bars.n, 1770);
    assert_int_equal(d.fundamentals.n, 5);
    assert_int_equal(hash_bars(&d.bars), GOLDEN_BARS);
    assert_int_equal(hash_fundamentals(&d.fundamentals), GOLDEN_FUNDAMENTALS);
    assert_int_equal(hash_news(&d.news), GOLDEN_NEWS);
    market_data_release(&d);
    market_free(m);
}

static void test_another_seed_is_another_market(void **state)
{
    struct market *a = market_simulated_new(SEED), *b = market_simulated_new(SEED + 1);
    struct market_data x = gather(a, "MSFT", at("2024-03-15 21:30:00Z"));
    struct market_data y = gather(b, "MSFT", at("2024-03-15 21:30:00Z"));

    (void)state;
    assert_true(hash_bars(&x.bars) != hash_bars(&y.bars));
    assert_true(hash_bars(&x.benchmark_bars) != hash_bars(&y.benchmark_bars));
    assert_true(hash_fundamentals(&x.fundamentals) != hash_fundamentals(&y.fundamentals));
    assert_true(hash_news(&x.news) != hash_news(&y.news));
    market_data_release(&x);
    market_data_release(&y);
    market_free(a);
    market_free(b);
}

static void test_what_was_asked_before_changes_no_answer(void **state)
{
    struct market *fresh = market_simulated_new(SEED), *used = market_simulated_new(SEED);
    int64_t as_of = at("2021-06-10 18:00:00Z");
    struct market_data far = gather(used, "JPM", at("2030-12-20 21:30:00Z"));
    struct market_data late = gather(used, "AAPL", at("2029-01-05 12:00:00Z"));
    struct market_data x = gather(fresh, "AAPL", as_of), y = gather(used, "AAPL", as_of);

    (void)state;
    assert_true(hash_bars(&x.bars) == hash_bars(&y.bars));
    assert_true(hash_bars(&x.benchmark_bars) == hash_bars(&y.benchmark_bars));
    assert_true(hash_fundamentals(&x.fundamentals) == hash_fundamentals(&y.fundamentals));
    assert_true(hash_news(&x.news) == hash_news(&y.news));
    assert_int_equal(x.quote.price, y.quote.price);
    market_data_release(&far);
    market_data_release(&late);
    market_data_release(&x);
    market_data_release(&y);
    market_free(fresh);
    market_free(used);
}

static void assert_bars_are_prefix(const struct bars *early, const struct bars *late)
{
    assert_true(early->n <= late->n);
    for (size_t i = 0; i < early->n; i++)
        assert_memory_equal(&early->bar[i], &late->bar[i], sizeof(struct bar));
}

static void assert_statements_are_prefix(const struct fundamentals *early,
                                         const struct fundamentals *late, int64_t as_of)
{
    for (size_t i = 0; i < early->n; i++) {
        assert_true(early->year[i].filed_at < as_of);
        for (size_t j = 0; j < late->n; j++)
            if (late->year[j].fiscal_year == early->year[i].fiscal_year)
                assert_true(hash_statement(HASH_START, &early->year[i]) ==
                            hash_statement(HASH_START, &late->year[j]));
    }
    /* What the earlier moment lacks was filed later. */
    for (size_t j = 0; j < late->n && early->n > 0; j++)
        if (late->year[j].fiscal_year > early->year[0].fiscal_year)
            assert_true(late->year[j].filed_at >= as_of);
}

/* Every story of the later feed that was out at `as_of` is in the earlier feed, and the other way
 * round while it is young enough. */
static void assert_news_agree(const struct news *early, const struct news *late, int64_t as_of,
                              int64_t later)
{
    size_t i = 0;

    if (early->from.state != DATUM_PRESENT || late->from.state != DATUM_PRESENT)
        return;
    for (size_t j = 0; j < late->n; j++) {
        if (late->item[j].published_at > as_of)
            continue;
        assert_true(i < early->n);
        assert_true(hash_item(&early->item[i++]) == hash_item(&late->item[j]));
    }
    for (; i < early->n; i++)
        assert_true(early->item[i].published_at <= later - 7 * USEC_DAY);
}

static void test_no_moment_knows_what_came_after_it(void **state)
{
    static const char *const names[] = {"AAPL", "WMT", "SPY", "CRWV", "BAC"};
    struct market *m = market_simulated_new(SEED);
    int64_t start = at("2025-03-20 09:00:00Z");

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        struct market_data early = gather(m, names[k], start);

        for (int step = 1; step < 130; step++) {
            int64_t as_of = early.as_of, later = start + step * (USEC_DAY * 2 + USEC_DAY * 7 / 24);
            struct market_data late = gather(m, names[k], later);

            assert_bars_are_prefix(&early.bars, &late.bars);
            assert_statements_are_prefix(&early.fundamentals, &late.fundamentals, as_of);
            assert_news_agree(&early.news, &late.news, as_of, later);
            if (early.bars.n > 0)
                assert_true(calendar_close(early.bars.bar[early.bars.n - 1].day) <= as_of);
            market_data_release(&early);
            early = late;
        }
        market_data_release(&early);
    }
    market_free(m);
}

static void test_bars_can_be_traded(void **state)
{
    struct market *m = market_simulated_new(SEED);
    char name[SYMBOLS_MAX][16];
    size_t n = symbols_of(m, name);

    (void)state;
    assert_true(n >= 24);
    for (size_t k = 0; k < n; k++) {
        struct market_data d = gather(m, name[k], at("2030-12-31 22:00:00Z"));

        assert_int_equal(d.bars_from.state, DATUM_PRESENT);
        for (size_t i = 0; i < d.bars.n; i++) {
            const struct bar *b = &d.bars.bar[i];

            assert_true(b->low <= b->open && b->low <= b->close);
            assert_true(b->high >= b->open && b->high >= b->close);
            assert_true(b->low >= 10000 && b->high <= 50000000);
            assert_true(b->volume > 0);
            assert_true(calendar_session(b->day) != SESSION_CLOSED);
            if (i > 0)
                assert_int_equal(b->day, calendar_next(b[-1].day));
        }
        market_data_release(&d);
    }
    market_free(m);
}

static void test_indicators_have_their_300_bars_of_history(void **state)
{
    struct market *m = market_simulated_new(SEED);
    char name[SYMBOLS_MAX][16];
    size_t n = symbols_of(m, name);

    (void)state;
    for (size_t k = 0; k < n; k++) {
        struct market_data d;

        if (strcmp(name[k], "CRWV") == 0)
            continue; /* the recent listing */
        d = gather(m, name[k], at("2020-06-01 14:00:00Z"));
        assert_true(d.bars.n >= 300);
        assert_string_equal(d.benchmark, "SPY");
        assert_true(d.benchmark_bars.n >= 300);
        market_data_release(&d);
    }
    market_free(m);
}

struct returns {
    double *r;
    size_t n;
    double mean, sd;
};

static struct returns returns_of(const struct bars *b)
{
    struct returns x = {.r = mem_array(b->n, sizeof(double)), .n = b->n - 1};
    double sum = 0, square = 0;

    for (size_t i = 0; i < x.n; i++) {
        x.r[i] = log((double)b->bar[i + 1].close / (double)b->bar[i].close);
        sum += x.r[i];
    }
    x.mean = sum / (double)x.n;
    for (size_t i = 0; i < x.n; i++)
        square += (x.r[i] - x.mean) * (x.r[i] - x.mean);
    x.sd = sqrt(square / (double)(x.n - 1));
    return x;
}

static double correlation(const struct returns *a, const struct returns *b)
{
    double sum = 0;

    for (size_t i = 0; i < a->n; i++)
        sum += (a->r[i] - a->mean) * (b->r[i] - b->mean);
    return sum / (double)(a->n - 1) / (a->sd * b->sd);
}

static void test_volatility_and_correlation_are_a_stock_markets(void **state)
{
    struct market *m = market_simulated_new(SEED);
    struct sim *s = (struct sim *)m;
    struct returns x[SIM_COMPANIES_MAX];
    double sum = 0, pairs = 0;

    (void)state;
    for (size_t k = 0; k < s->companies; k++) {
        struct market_data d = gather(m, s->company[k].symbol, at("2026-11-20 22:00:00Z"));
        double year, wanted = (double)s->company[k].volatility / (double)FX_ONE;

        x[k] = returns_of(&d.bars);
        year = x[k].sd * sqrt(252);
        assert_true(year > wanted * .75 && year < wanted * 1.35);
        market_data_release(&d);
    }
    for (size_t a = 1; a < s->companies; a++) {
        for (size_t b = a + 1; b < s->companies; b++) {
            double c;

            if (x[a].n != x[b].n)
                continue;
            c = correlation(&x[a], &x[b]);
            assert_true(c > .1 && c < .8);
            sum += c;
            pairs++;
        }
    }
    print_message("mean correlation of daily returns %.3f, benchmark volatility %.1f %%\n",
                  sum / pairs, x[0].sd * sqrt(252) * 100);
    assert_true(sum / pairs > .3 && sum / pairs < .6);
    for (size_t k = 0; k < s->companies; k++)
        mem_free(x[k].r);
    market_free(m);
}

static void test_every_regime_is_lived_through(void **state)
{
    struct market *m = market_simulated_new(SEED);
    char name[SYMBOLS_MAX][16];
    size_t n = symbols_of(m, name), count[REGIME_LOW_VOL + 1] = {0}, all = 0;

    (void)state;
    for (size_t k = 0; k < n; k++) {
        struct market_data d = gather(m, name[k], at("2026-11-20 22:00:00Z"));
        struct indicators *i = mem_array(d.bars.n, sizeof(*i));
        struct regime_state regime = {0};

        indicators_compute(&d.bars, NULL, i);
        for (size_t j = 0; j < d.bars.n; j++) {
            struct regime_reading r = regime_step(&regime, &i[j]);

            if (j >= 300) {
                count[r.label]++;
                all++;
            }
        }
        mem_free(i);
        market_data_release(&d);
    }
    for (enum regime r = REGIME_BULL; r <= REGIME_LOW_VOL; r++) {
        print_message("%s %.1f %%\n", regime_name(r), 100.0 * (double)count[r] / (double)all);
        assert_true(count[r] * 50 > all); /* more than 2 % */
    }
    market_free(m);
}

/* Enter at every open, stop 3.2 %, target 8.5 %, at most 60 sessions: how many trades leave
 * through an open below the stop? Real stocks: 6 to 13 %. */
static void test_gaps_jump_over_stops_as_often_as_in_life(void **state)
{
    struct market *m = market_simulated_new(SEED);
    char name[SYMBOLS_MAX][16];
    size_t n = symbols_of(m, name), trades = 0, gaps = 0;

    (void)state;
    for (size_t k = 0; k < n; k++) {
        struct market_data d = gather(m, name[k], at("2026-11-20 22:00:00Z"));

        for (size_t i = 0; i + 60 < d.bars.n; i++) {
            double entry = (double)d.bars.bar[i].open;

            trades++;
            for (size_t j = i; j < i + 60; j++) {
                const struct bar *b = &d.bars.bar[j];

                if (j > i && (double)b->open <= entry * .968) {
                    gaps++;
                    break;
                }
                if ((double)b->low <= entry * .968 || (double)b->high >= entry * 1.085)
                    break;
            }
        }
        market_data_release(&d);
    }
    print_message("trades stopped by a gap: %.1f %%\n", 100.0 * (double)gaps / (double)trades);
    assert_true(gaps * 100 > trades * 6 && gaps * 100 < trades * 13);
    market_free(m);
}

static void assert_identities(const struct statement_year *y, bool is_bank)
{
    assert_string_equal(y->currency, "USD");
    assert_true(y->revenue.known && y->revenue.v > 0 && y->shares_diluted.v > 0);
    assert_true(y->ebit.v <= y->revenue.v && y->net_income.v <= y->ebit.v);
    assert_true(y->equity.v > 0 && y->equity.v < y->total_assets.v);
    assert_true(y->cash.v > 0 && y->cash.v < y->total_assets.v);
    assert_true(!y->long_term_debt.known || y->long_term_debt.v <= y->total_debt.v);
    assert_true(!y->free_cash_flow.known || y->free_cash_flow.v <= y->cash_from_operations.v);
    assert_true(!y->tax_rate.known || (y->tax_rate.v >= .1 && y->tax_rate.v <= .3));
    if (y->eps_diluted.known)
        assert_true(fabs(y->eps_diluted.v - y->net_income.v / y->shares_diluted.v) <= .00501);
    assert_int_equal(y->gross_profit.known, !is_bank);
    assert_int_equal(y->current_assets.known, !is_bank);
    if (!is_bank) {
        assert_true(y->gross_profit.v <= y->revenue.v && y->ebit.v <= y->gross_profit.v);
        assert_true(!y->ebitda.known || y->ebitda.v >= y->ebit.v);
        assert_true(y->cash.v <= y->current_assets.v);
        assert_true(y->current_assets.v <= y->total_assets.v);
        assert_true(y->current_liabilities.v + y->equity.v + y->total_debt.v * .8 <=
                    y->total_assets.v);
    }
}

static void test_statements_add_up_and_come_in_time(void **state)
{
    struct market *m = market_simulated_new(SEED);
    char name[SYMBOLS_MAX][16];
    size_t n = symbols_of(m, name), seen = 0, unknown = 0;

    (void)state;
    for (size_t k = 0; k < n; k++) {
        for (int year = 2020; year <= 2030; year++) {
            int64_t as_of = exchange_to_utc(day_from_civil(year, 6, 3), 10, 0);
            struct market_data d = gather(m, name[k], as_of);

            for (size_t i = 0; i < d.fundamentals.n; i++) {
                const struct statement_year *y = &d.fundamentals.year[i];
                int32_t days = exchange_day(y->filed_at) - y->period_end;

                assert_true(y->filed_at < as_of && days >= 30 && days <= 45);
                if (i > 0)
                    assert_int_equal(y->fiscal_year, y[-1].fiscal_year - 1);
                assert_identities(y, d.profile.is_bank);
                unknown += !y->ebitda.known + !y->tax_rate.known;
                seen++;
            }
            if (d.fundamentals.from.state == DATUM_PRESENT)
                assert_true(exchange_day(as_of) - d.fundamentals.year[0].period_end < 460);
            market_data_release(&d);
        }
    }
    assert_true(seen > 800 && unknown > 0);
    market_free(m);
}

static void test_a_missing_datum_says_why(void **state)
{
    struct market *m = market_simulated_new(SEED);
    struct market_data fund = gather(m, "SPY", at("2026-11-20 22:00:00Z"));
    struct market_data young = gather(m, "CRWV", at("2025-11-20 22:00:00Z"));
    struct market_data early = gather(m, "CRWV", at("2024-11-20 22:00:00Z"));
    int feed_outages = 0, statement_outages = 0;

    (void)state;
    assert_int_equal(fund.fundamentals.from.state, DATUM_ABSENT);
    assert_string_equal(fund.fundamentals.from.reason, "a fund files no statements of a company");
    assert_int_equal(young.bars_from.state, DATUM_PRESENT);
    assert_int_equal(young.fundamentals.from.state, DATUM_ABSENT);
    assert_string_equal(young.fundamentals.from.reason,
                        "no annual report filed yet (listed 2025-03-28)");
    assert_int_equal(early.bars_from.state, DATUM_ABSENT);
    assert_int_equal(early.quote.from.state, DATUM_ABSENT);
    assert_string_equal(early.bars_from.reason,
                        "no session of CRWV closed yet (listed 2025-03-28)");
    for (int i = 0; i < 500; i++) {
        struct market_data d = gather(m, "KO", at("2024-01-02 22:00:00Z") + i * USEC_DAY);

        feed_outages += d.news.from.state == DATUM_ABSENT && d.news.from.reason[0] != '\0';
        statement_outages +=
            d.fundamentals.from.state == DATUM_ABSENT && d.fundamentals.from.reason[0] != '\0';
        market_data_release(&d);
    }
    assert_in_range(feed_outages, 1, 30);
    assert_in_range(statement_outages, 1, 50);
    market_data_release(&fund);
    market_data_release(&young);
    market_data_release(&early);
    market_free(m);
}

static void test_headlines_are_dated_ordered_and_of_this_week(void **state)
{
    struct market *m = market_simulated_new(SEED);
    struct sim *s = (struct sim *)m;
    size_t items = 0, named = 0, copies = 0;

    (void)state;
    for (size_t k = 1; k < s->companies; k++) {
        int64_t as_of = at("2026-02-12 19:41:00Z") + (int64_t)k * 5 * USEC_DAY;
        struct market_data d = gather(m, s->company[k].symbol, as_of);

        assert_true(d.news.n <= NEWS_ITEMS_MAX);
        for (size_t i = 0; i < d.news.n; i++) {
            const struct news_item *item = &d.news.item[i];
            char id[24];

            snprintf(id, sizeof(id), "n%zu", i + 1);
            assert_string_equal(item->id, id);
            assert_true(item->published_at <= as_of && item->published_at > as_of - 7 * USEC_DAY);
            assert_true(i == 0 || item->published_at <= item[-1].published_at);
            assert_true(item->title[0] != '\0' && item->outlet[0] != '\0');
            assert_null(strpbrk(item->title, "{}"));
            assert_null(strpbrk(item->summary, "{}"));
            items++;
            named += strstr(item->title, s->company[k].brief) != NULL ||
                     strstr(item->title, s->company[k].symbol) != NULL;
            copies += strstr(item->title, " - ") != NULL;
        }
        market_data_release(&d);
    }
    print_message("%zu headlines, %zu name the company, %zu copies\n", items, named, copies);
    assert_true(named * 2 > items && named < items && copies * 4 < items && copies > 0);
    market_free(m);
}

static void test_a_quote_walks_from_open_to_close_inside_the_bar(void **state)
{
    struct market *m = market_simulated_new(SEED);
    int32_t days[] = {day_from_civil(2025, 7, 8), day_from_civil(2025, 11, 28)}; /* full, half */

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(days); k++) {
        int64_t open = calendar_open(days[k]), close = calendar_close(days[k]);
        struct market_data after = gather(m, "NVDA", close), before = gather(m, "NVDA", open - 1);
        const struct bar *bar = &after.bars.bar[after.bars.n - 1];
        int64_t high = 0, low = INT64_MAX, volume = 0;

        assert_int_equal(bar->day, days[k]);
        assert_int_equal(after.quote.price, bar->close);
        assert_int_equal(before.quote.price, before.bars.bar[before.bars.n - 1].close);
        assert_int_equal(before.bars.n + 1, after.bars.n);
        for (int64_t t = open; t < close; t += 607 * USEC_SECOND) {
            struct market_data d = gather(m, "NVDA", t);

            assert_int_equal(d.bars.n, before.bars.n);
            assert_int_equal(d.quote.open, bar->open);
            assert_int_equal(d.quote.previous_close, before.quote.price);
            assert_true(d.quote.price >= bar->low && d.quote.price <= bar->high);
            assert_true(d.quote.low <= d.quote.price && d.quote.price <= d.quote.high);
            assert_true(d.quote.high >= high || high == 0);
            assert_true(d.quote.low <= low);
            assert_true(d.quote.volume >= volume && d.quote.volume <= bar->volume);
            assert_int_equal(d.quote.from.as_of, t);
            if (t == open)
                assert_int_equal(d.quote.price, bar->open);
            high = d.quote.high;
            low = d.quote.low;
            volume = d.quote.volume;
            market_data_release(&d);
        }
        market_data_release(&before);
        market_data_release(&after);
    }
    market_free(m);
}

static void test_a_wrong_symbol_is_named_with_the_way_out(void **state)
{
    struct market *m = market_simulated_new(SEED);
    struct market_data d = {0};
    struct answer a = {0};

    (void)state;
    market_gather(m, "AAPLX", at("2026-11-20 22:00:00Z"), &d, on_done, &a);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.error.kind, ERR_USAGE);
    assert_string_equal(a.error.code, "E20");
    assert_string_equal(a.error.text, "\"AAPLX\" is not a known symbol of the simulated market");
    assert_non_null(strstr(a.error.fix, "did you mean AAPL?"));
    assert_non_null(strstr(a.error.fix, "MSFT"));
    market_data_release(&d);
    market_free(m);
}

static void test_moments_outside_the_simulation_are_answered(void **state)
{
    static const int64_t moments[] = {INT64_MIN, -1, 0, INT64_MAX};
    struct market *m = market_simulated_new(SEED);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
        struct market_data d = gather(m, "AAPL", moments[i]);

        assert_int_equal(d.bars_from.state, i < 3 ? DATUM_ABSENT : DATUM_PRESENT);
        market_data_release(&d);
    }
    assert_int_equal(m->ops->last_session(m, at("2018-12-31 22:00:00Z")), DAY_NONE);
    assert_int_equal(m->ops->last_session(m, INT64_MIN), DAY_NONE);
    assert_int_equal(m->ops->last_session(m, at("2026-11-21 12:00:00Z")),
                     day_from_civil(2026, 11, 20));
    assert_int_equal(m->ops->last_session(m, at("2026-11-20 15:00:00Z")),
                     day_from_civil(2026, 11, 19));
    market_free(m);
}

/* Agents must be able to be right, and wrong: the truth behind the headlines moves the next twenty
 * sessions, modestly. */
static void test_the_truth_pays_modestly(void **state)
{
    struct market *m = market_simulated_new(SEED);
    struct sim *s = (struct sim *)m;
    double xy = 0, xx = 0, yy = 0;

    (void)state;
    for (size_t k = 1; k < s->companies; k++) {
        struct sim_series *series = sim_series_through(s, k, day_from_civil(2030, 12, 31));

        for (size_t i = 10; i + 21 < series->bars.n; i++) {
            const struct bar *b = &series->bars.bar[i];
            double mood = (double)series->day[sim_index(b->day)].mood / (double)FX_ONE;
            double r = log((double)b[21].open / (double)b[1].open) / (double)series->daily;

            r *= (double)FX_ONE;
            xy += mood * r;
            xx += mood * mood;
            yy += r * r;
        }
    }
    print_message("correlation of the truth with the next 20 sessions: %.3f\n", xy / sqrt(xx * yy));
    assert_true(xy / sqrt(xx * yy) > .05 && xy / sqrt(xx * yy) < .25);
    market_free(m);
}

/* What the demo desk is to find (docs/learning.md): entries after thin sessions do worse, closes
 * below the short mean are followed by lower ones, lows lie deeper below open and close than highs
 * above them. And what must not show: a day does not foretell the next. */
static void test_the_planted_habits_are_there_and_days_stay_unforeseen(void **state)
{
    struct market *m = market_simulated_new(SEED);
    struct sim *s = (struct sim *)m;
    double thin[2] = {0}, n[2] = {0}, dent = 0, bulge = 0, xy = 0, xx = 0;

    (void)state;
    for (size_t k = 1; k < s->companies; k++) {
        struct market_data d = gather(m, s->company[k].symbol, at("2026-11-20 22:00:00Z"));
        struct indicators *i = mem_array(d.bars.n, sizeof(*i));
        double daily = (double)s->company[k].volatility / (double)FX_ONE / sqrt(252);

        indicators_compute(&d.bars, NULL, i);
        for (size_t j = 21; j + 11 < d.bars.n; j++) {
            const struct bar *b = &d.bars.bar[j];
            double x = log((double)b->close / (double)b[-1].close) / daily;
            double next = log((double)b[1].close / (double)b->close) / daily;
            int64_t low = b->open < b->close ? b->open : b->close;
            int64_t high = b->open > b->close ? b->open : b->close;
            bool is_thin = i[j].volume_ratio.v < .75;

            thin[is_thin] += log((double)b[11].open / (double)b[1].open) / daily;
            n[is_thin]++;
            xy += x * next;
            xx += x * x;
            dent += log((double)low / (double)b->low) / daily;
            bulge += log((double)b->high / (double)high) / daily;
        }
        mem_free(i);
        market_data_release(&d);
    }
    print_message("ten days after thin sessions %+.2f sd, after others %+.2f; a day and the next "
                  "%+.3f; below the body %.2f, above it %.2f\n",
                  thin[1] / n[1], thin[0] / n[0], xy / xx, dent / (n[0] + n[1]),
                  bulge / (n[0] + n[1]));
    assert_true(thin[0] / n[0] - thin[1] / n[1] > 1);
    assert_true(xy / xx > -.1 && xy / xx < .1);
    assert_true(dent > 1.1 * bulge);
    market_free(m);
}

static void test_speed_is_printed(void **state)
{
    struct market *m = market_simulated_new(SEED);
    int64_t as_of = at("2026-11-20 22:00:00Z"), start = time_monotonic_us(), first;
    struct market_data d = gather(m, "AAPL", as_of);

    (void)state;
    first = time_monotonic_us() - start;
    start = time_monotonic_us();
    for (int i = 0; i < 100; i++) {
        market_data_release(&d);
        d = gather(m, "AAPL", as_of - i * USEC_DAY);
    }
    print_message("gather: first %lld us, then %lld us\n", (long long)first,
                  (long long)(time_monotonic_us() - start) / 100);
    assert_true(d.bars.n > 0);
    market_data_release(&d);
    market_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_seed_stands_for_the_same_bytes_for_ever),
        cmocka_unit_test(test_another_seed_is_another_market),
        cmocka_unit_test(test_what_was_asked_before_changes_no_answer),
        cmocka_unit_test(test_no_moment_knows_what_came_after_it),
        cmocka_unit_test(test_bars_can_be_traded),
        cmocka_unit_test(test_indicators_have_their_300_bars_of_history),
        cmocka_unit_test(test_volatility_and_correlation_are_a_stock_markets),
        cmocka_unit_test(test_every_regime_is_lived_through),
        cmocka_unit_test(test_gaps_jump_over_stops_as_often_as_in_life),
        cmocka_unit_test(test_statements_add_up_and_come_in_time),
        cmocka_unit_test(test_a_missing_datum_says_why),
        cmocka_unit_test(test_headlines_are_dated_ordered_and_of_this_week),
        cmocka_unit_test(test_a_quote_walks_from_open_to_close_inside_the_bar),
        cmocka_unit_test(test_a_wrong_symbol_is_named_with_the_way_out),
        cmocka_unit_test(test_moments_outside_the_simulation_are_answered),
        cmocka_unit_test(test_the_truth_pays_modestly),
        cmocka_unit_test(test_the_planted_habits_are_there_and_days_stay_unforeseen),
        cmocka_unit_test(test_speed_is_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
