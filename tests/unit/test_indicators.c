/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "market_fixtures.h"

#include <math.h>

#include "core/market/beta.h"
#include "quorum/indicators.h"
#include "quorum/money.h"
#include "quorum/text.h"

static struct indicators *compute(const struct bars *b, const struct bars *bench)
{
    struct indicators *out = mem_array(b->n, sizeof *out);
    indicators_compute(b, bench, out);
    return out;
}

static void assert_close(double got, double want, double tolerance, const char *what, size_t t)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s at bar %zu: %.15g, expected %.15g", what, t, got, want);
}

/* Columns of the expected file, in order, and where ours are; (size_t)-1: not an indicator. */
static const struct {
    const char *name;
    size_t offset;
} expected_columns[] = {
    {"sma20", offsetof(struct indicators, sma_20)},
    {"ema20", offsetof(struct indicators, ema_20)},
    {"rsi14", offsetof(struct indicators, rsi)},
    {"tr", offsetof(struct indicators, tr)},
    {"atr14", offsetof(struct indicators, atr)},
    {"atrp14", offsetof(struct indicators, natr)},
    {"plus_di14", offsetof(struct indicators, plus_di)},
    {"minus_di14", offsetof(struct indicators, minus_di)},
    {"dx14", offsetof(struct indicators, dx)},
    {"adx14", offsetof(struct indicators, adx)},
    {"macd_12_26", offsetof(struct indicators, macd)},
    {"macd_signal9", offsetof(struct indicators, macd_signal)},
    {"macd_hist", offsetof(struct indicators, macd_hist)},
    {"ema12", offsetof(struct indicators, ema_12)},
    {"ema26", offsetof(struct indicators, ema_26)},
    {"bb_upper20_2", offsetof(struct indicators, bb_upper)},
    {"bb_lower20_2", offsetof(struct indicators, bb_lower)},
    {"bb_pctb", offsetof(struct indicators, bb_pctb)},
    {"bb_width", offsetof(struct indicators, bb_width)},
};
enum { FIRST_COLUMN = 6, BETA_COLUMN = 25 };

static void check_cell(const char *cell, struct value got, const char *name, size_t t)
{
    double want = 0;
    if (*cell == '\0') {
        if (got.known)
            fail_msg("%s at bar %zu is %g, expected not ready", name, t, got.v);
        return;
    }
    assert_true(text_to_double(cell, &want));
    if (!got.known)
        fail_msg("%s at bar %zu is not ready, expected %g", name, t, want);
    assert_close(got.v, want, 1e-9, name, t);
}

static void check_expected_row(char *line, size_t t, const struct indicators *i,
                               const struct value *beta)
{
    char *rest = line;
    rest[strcspn(rest, "\r\n")] = '\0';
    for (size_t column = 0; rest; column++) {
        char *cell = strsep(&rest, ",");
        size_t k = column - FIRST_COLUMN;
        if (column >= FIRST_COLUMN && k < ARRAY_LEN(expected_columns)) {
            struct value got;
            memcpy(&got, (const char *)&i[t] + expected_columns[k].offset, sizeof got);
            check_cell(cell, got, expected_columns[k].name, t);
        } else if (column == BETA_COLUMN) {
            check_cell(cell, beta[t], "beta50", t);
        }
    }
}

static void votes_rest_on_the_same_indicators_as_the_reference(void **state)
{
    (void)state;
    char path[512], line[4096];
    struct bars spy, tsla;
    struct error e;
    assert_int_equal(bars_read_csv(reference(path, "indicators/spy502_quotes.csv"), &spy, NULL, &e),
                     OK);
    reference(path, "indicators/tsla502_quotes_compare.csv");
    assert_int_equal(bars_read_csv(path, &tsla, NULL, &e), OK);
    assert_int_equal(spy.n, 502);
    struct indicators *i = compute(&spy, NULL);
    struct value *beta = mem_array(tsla.n, sizeof *beta);
    beta_rolling(&tsla, &spy, 50, 50, beta);

    FILE *f = fopen(reference(path, "indicators/spy502_skender_expected.csv"), "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    size_t t = 0;
    for (; fgets(line, sizeof line, f); t++)
        check_expected_row(line, t, i, beta);
    assert_int_equal(t, 502);
    fclose(f);
    mem_free(i);
    mem_free(beta);
    bars_release(&spy);
    bars_release(&tsla);
}

/* First bar at which each value exists: what docs/indicators.md promises. */
static void a_value_never_appears_before_its_window_is_full(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t first;
    } firsts[] = {
        {"price", 0},
        {"sma_20", 19},
        {"sma_50", 49},
        {"sma_200", 199},
        {"ema_12", 11},
        {"ema_20", 19},
        {"ema_26", 25},
        {"tr", 1},
        {"atr", 14},
        {"natr", 14},
        {"plus_di", 14},
        {"minus_di", 14},
        {"dx", 14},
        {"adx", 27},
        {"rsi", 14},
        {"macd", 25},
        {"macd_signal", 33},
        {"macd_hist", 33},
        {"bb_upper", 19},
        {"bb_lower", 19},
        {"bb_pctb", 19},
        {"bb_width", 19},
        {"volume_ratio", 20},
        {"dollar_volume_20", 19},
        {"vol_20", 20},
        {"vol_60", 60},
        {"beta", 60},
        {"natr_median_252", 265},
        {"natr_percentile_252", 265},
        {"return_20", 20},
    };
    struct bars b = random_bars(12000, 300, 7), bench = random_bars(12000, 300, 8);
    struct indicators *i = compute(&b, &bench);
    assert_int_equal(ARRAY_LEN(firsts), indicator_row_count);
    for (size_t k = 0; k < ARRAY_LEN(firsts); k++) {
        const struct indicator_row *row = indicator_find(firsts[k].name);
        assert_non_null(row);
        for (size_t t = 0; t < b.n; t++) {
            if (indicator_get(&i[t], row).known != (t >= firsts[k].first))
                fail_msg("%s at bar %zu", row->name, t);
        }
    }
    mem_free(i);
    bars_release(&b);
    bars_release(&bench);
}

static void tomorrow_never_changes_what_was_decided_today(void **state)
{
    (void)state;
    struct bars b = random_bars(12000, 700, 21), bench = random_bars(12000, 700, 22);
    struct indicators *all = compute(&b, &bench);
    static const size_t lengths[] = {1, 2, 14, 15, 28, 61, 266, 313, 565, 699};
    for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
        struct bars prefix = b;
        prefix.n = lengths[k];
        struct indicators *part = compute(&prefix, &bench);
        for (size_t t = 0; t < prefix.n; t++) {
            for (size_t r = 0; r < indicator_row_count; r++) {
                struct value now = indicator_get(&part[t], &indicator_rows[r]);
                struct value later = indicator_get(&all[t], &indicator_rows[r]);
                assert_int_equal(now.known, later.known);
                assert_memory_equal(&now.v, &later.v, sizeof now.v);
            }
        }
        mem_free(part);
    }
    mem_free(all);
    bars_release(&b);
    bars_release(&bench);
}

static void a_split_changes_no_ratio(void **state)
{
    (void)state;
    struct bars b = random_bars(12000, 400, 5), scaled = {0};
    for (size_t t = 0; t < b.n; t++) {
        struct bar bar = b.bar[t];
        bar.open *= 7, bar.high *= 7, bar.low *= 7, bar.close *= 7;
        bars_add(&scaled, &bar);
    }
    struct indicators *one = compute(&b, &b), *seven = compute(&scaled, &b);
    for (size_t t = 0; t < b.n; t++) {
        assert_int_equal(one[t].adx.known, seven[t].adx.known);
        assert_close(seven[t].rsi.v, one[t].rsi.v, 1e-9, "rsi", t);
        assert_close(seven[t].adx.v, one[t].adx.v, 1e-9, "adx", t);
        assert_close(seven[t].bb_pctb.v, one[t].bb_pctb.v, 1e-9, "%B", t);
        assert_close(seven[t].natr.v, one[t].natr.v, 1e-9, "natr", t);
        assert_close(seven[t].beta.v, one[t].beta.v, 1e-9, "beta", t);
        assert_close(seven[t].vol_60.v, one[t].vol_60.v, 1e-9, "vol_60", t);
        assert_close(seven[t].atr.v, 7 * one[t].atr.v, 1e-9, "atr", t);
        assert_close(seven[t].macd.v, 7 * one[t].macd.v, 1e-8, "macd", t);
    }
    assert_close(one[399].beta.v, 1, 1e-9, "beta with itself", 399);
    mem_free(one);
    mem_free(seven);
    bars_release(&b);
    bars_release(&scaled);
}

static void a_share_that_does_not_trade_gives_neutral_values(void **state)
{
    (void)state;
    struct bars b = random_bars(12000, 300, 3);
    for (size_t t = 0; t < b.n; t++)
        b.bar[t] = (struct bar){
            .day = b.bar[t].day, .open = 333333, .high = 333333, .low = 333333, .close = 333333};
    struct indicators *i = compute(&b, &b);
    const struct indicators *last = &i[299];
    assert_close(last->rsi.v, 50, 0, "rsi", 299);
    assert_close(last->adx.v, 0, 0, "adx", 299);
    assert_close(last->atr.v, 0, 0, "atr", 299);
    assert_close(last->bb_pctb.v, 0.5, 0, "%B", 299);
    assert_close(last->bb_width.v, 0, 0, "width", 299);
    assert_close(last->vol_20.v, 0, 0, "vol", 299);
    assert_close(last->natr_percentile_252.v, 0.5, 0, "percentile", 299);
    assert_close(last->sma_200.v, 33.3333, 1e-12, "sma", 299);
    assert_false(last->volume_ratio.known);
    assert_false(last->beta.known);
    assert_true(last->dollar_volume_20.known);
    mem_free(i);
    bars_release(&b);
}

/* Prices reflected at a level: what rose falls by the same amount. */
static void up_and_down_are_judged_alike(void **state)
{
    (void)state;
    struct bars b = random_bars(12000, 300, 11), mirrored = {0};
    enum { LEVEL = 4000000 };
    for (size_t t = 0; t < b.n; t++) {
        struct bar bar = b.bar[t], m = bar;
        m.open = LEVEL - bar.open, m.close = LEVEL - bar.close;
        m.high = LEVEL - bar.low, m.low = LEVEL - bar.high;
        assert_true(m.low > 0);
        bars_add(&mirrored, &m);
    }
    struct indicators *a = compute(&b, NULL), *z = compute(&mirrored, NULL);
    for (size_t t = 27; t < b.n; t++) {
        assert_close(z[t].plus_di.v, a[t].minus_di.v, 1e-9, "+DI", t);
        assert_close(z[t].minus_di.v, a[t].plus_di.v, 1e-9, "-DI", t);
        assert_close(z[t].adx.v, a[t].adx.v, 1e-9, "adx", t);
        assert_close(z[t].atr.v, a[t].atr.v, 1e-9, "atr", t);
        assert_close(z[t].rsi.v, 100 - a[t].rsi.v, 1e-9, "rsi", t);
    }
    mem_free(a);
    mem_free(z);
    bars_release(&b);
    bars_release(&mirrored);
}

/* 0.1 + 0.2 style: the moves up and down are both 0.3 exactly in ten-thousandths, and differ in
 * the last bit as doubles. */
static void a_tie_in_directional_movement_counts_for_neither_side(void **state)
{
    (void)state;
    struct bars b = {0};
    for (int32_t t = 0; t < 40; t++) {
        int64_t grow = 3000 * t;
        struct bar bar = {.day = 12000 + t,
                          .open = 1001000,
                          .high = 1001000 + grow,
                          .low = 1001000 - grow,
                          .close = 1001000,
                          .volume = 1};
        bars_add(&b, &bar);
    }
    struct indicators *i = compute(&b, NULL);
    assert_close(i[39].plus_di.v, 0, 0, "+DI", 39);
    assert_close(i[39].minus_di.v, 0, 0, "-DI", 39);
    assert_close(i[39].adx.v, 0, 0, "adx", 39);
    mem_free(i);
    bars_release(&b);
}

static void beta_uses_only_days_that_both_series_have(void **state)
{
    (void)state;
    struct bars bench = random_bars(12000, 200, 31), own = {0}, thin = {0};
    /* Twice the benchmark's return between the days that remain: beta 2 exactly there. */
    double price = 100, last = 0;
    for (size_t t = 0; t < bench.n; t++) {
        if (t % 5 == 2) {
            struct bar alone = bench.bar[t];
            alone.close = 990000000; /* a wild price on a day the other series lacks */
            bars_add(&own, &alone);
            continue;
        }
        double close = (double)bench.bar[t].close;
        if (last > 0)
            price *= 1 + 2 * (close / last - 1);
        last = close;
        struct bar bar = bench.bar[t];
        bar.close = (int64_t)llround(price * 1e10);
        bars_add(&own, &bar);
        bars_add(&thin, &bench.bar[t]);
    }
    struct value *beta = mem_array(own.n, sizeof *beta);
    beta_rolling(&own, &thin, 100, 60, beta);
    assert_true(beta[own.n - 1].known);
    assert_close(beta[own.n - 1].v, 2, 1e-6, "beta", own.n - 1);
    assert_false(beta[2].known);
    size_t known = 0;
    for (size_t t = 0; t < own.n; t++)
        known += beta[t].known;
    assert_int_equal(known, thin.n - 60);
    mem_free(beta);
    bars_release(&bench);
    bars_release(&own);
    bars_release(&thin);
}

/* The window kept sorted against counting from scratch, with many equal values. */
static void the_place_among_a_year_is_counted_right(void **state)
{
    (void)state;
    struct bars b = random_bars(12000, 700, 41);
    for (size_t t = 0; t < b.n; t++) {
        int64_t range = 10000 + 10000 * (int64_t)(t % 3 == 0);
        b.bar[t].open = b.bar[t].close = 1000000;
        b.bar[t].high = 1000000 + (t > 300 && t < 500 ? 10000 : range);
        b.bar[t].low = 1000000;
    }
    struct indicators *i = compute(&b, NULL);
    for (size_t t = 265; t < b.n; t++) {
        double less = 0, equal = 0, below_median = 0;
        for (size_t k = t - 251; k <= t; k++) {
            less += i[k].natr.v < i[t].natr.v;
            equal += i[k].natr.v == i[t].natr.v;
            below_median += i[k].natr.v < i[t].natr_median_252.v;
        }
        assert_close(i[t].natr_percentile_252.v, (less + equal / 2) / 252, 0, "pv", t);
        assert_true(below_median <= 126);
    }
    mem_free(i);
    bars_release(&b);
}

static void every_name_that_can_be_typed_finds_its_own_value(void **state)
{
    (void)state;
    struct indicators i = {0};
    for (size_t r = 0; r < indicator_row_count; r++) {
        const struct indicator_row *row = &indicator_rows[r];
        assert_ptr_equal(indicator_find(row->name), row);
        assert_true(row->help[0] != '\0' && row->min < row->max && row->decimals >= 0);
        assert_false(indicator_get(&i, row).known);
        indicator_set(&i, row, (double)r);
    }
    for (size_t r = 0; r < indicator_row_count; r++)
        assert_close(indicator_get(&i, &indicator_rows[r]).v, (double)r, 0, "value", r);
    assert_int_equal(indicator_row_count * sizeof(struct value), sizeof(struct indicators));
    assert_null(indicator_find("sma_21"));
    assert_non_null(indicator_find("RSI"));
}

static void an_empty_series_is_no_crash(void **state)
{
    (void)state;
    struct bars none = {0};
    indicators_compute(&none, NULL, NULL);
    struct bars one = random_bars(12000, 1, 1);
    struct indicators i;
    indicators_compute(&one, &none, &i);
    assert_true(i.price.known);
    assert_false(i.tr.known);
    bars_release(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(votes_rest_on_the_same_indicators_as_the_reference),
        cmocka_unit_test(a_value_never_appears_before_its_window_is_full),
        cmocka_unit_test(tomorrow_never_changes_what_was_decided_today),
        cmocka_unit_test(a_split_changes_no_ratio),
        cmocka_unit_test(a_share_that_does_not_trade_gives_neutral_values),
        cmocka_unit_test(up_and_down_are_judged_alike),
        cmocka_unit_test(a_tie_in_directional_movement_counts_for_neither_side),
        cmocka_unit_test(beta_uses_only_days_that_both_series_have),
        cmocka_unit_test(the_place_among_a_year_is_counted_right),
        cmocka_unit_test(every_name_that_can_be_typed_finds_its_own_value),
        cmocka_unit_test(an_empty_series_is_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
