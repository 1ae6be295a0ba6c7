/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the back-test that need no database. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/desk/backtest_private.h"
#include "quorum/calendar.h"
#include "unit/market_fixtures.h"

/* A back-test on the market of a directory, with every bar of one symbol as a session. */
struct bench {
    struct desk desk;
    struct backtest_options options;
    struct backtest_result result;
    struct backtest b;
};

static const struct backtest_exits published = {
    .fixed = true, .stop_pct = 3.2, .target_pct = 8.5, .sessions = 60};

static void must(enum err r, const struct error *e)
{
    if (r != OK)
        fail_msg("%s", e->text);
}

static void bench_open(struct bench *x, const char *dir, const char *symbol)
{
    struct error e = {0};
    *x = (struct bench){.desk.agents = agent_table};
    must(market_recorded_new(dir, &x->desk.market, &e), &e);
    x->options.costs = cost_model_default;
    x->b = (struct backtest){.desk = &x->desk, .o = &x->options, .out = &x->result, .n = 1};
    x->b.tape = mem_array(1, sizeof *x->b.tape);
    struct tape *t = &x->b.tape[0];
    copy_text(t->symbol, sizeof t->symbol, symbol);
    t->half_spread_bps = 2.5;
    must(tape_compute(&x->b, t, &e), &e);
    x->b.ndays = t->raw->n;
    x->b.day = mem_array(x->b.ndays, sizeof *x->b.day);
    t->at = mem_array(x->b.ndays, sizeof *t->at);
    for (size_t k = 0; k < x->b.ndays; k++) {
        x->b.day[k] = t->raw->bar[k].day;
        t->at[k] = (int32_t)k;
    }
}

static void bench_close(struct bench *x)
{
    tapes_release(&x->b);
    market_free(x->desk.market);
}

static const char *golden(char dst[512])
{
    const char *dir = getenv("QUORUM_TEST_DIR");
    snprintf(dst, 512, "%s/golden/backtest", dir && *dir ? dir : "tests");
    return dst;
}

/* ---- what a day knows ---- */

static void gathered(void *arg, const struct error *e)
{
    *(bool *)arg = !e || !e->kind;
}

static void same_facts(const struct dossier *a, const struct dossier *b)
{
    assert_int_equal(a->nfacts, b->nfacts);
    assert_int_equal(a->price, b->price);
    assert_int_equal(a->as_of, b->as_of);
    assert_int_equal(a->bars.count, b->bars.count);
    assert_int_equal(a->benchmark_bars.count, b->benchmark_bars.count);
    assert_int_equal(a->regime.label, b->regime.label);
    for (size_t i = 0; i < a->nfacts; i++) {
        const struct fact *x = &a->fact[i], *y = &b->fact[i];
        assert_string_equal(x->id, y->id);
        assert_int_equal(x->number.known, y->number.known);
        if (x->number.known && !(x->number.v == y->number.v))
            fail_msg("%s is %.17g, gathered %.17g", x->id, x->number.v, y->number.v);
        assert_int_equal(x->from.state, y->from.state);
        assert_string_equal(x->text ? x->text : "", y->text ? y->text : "");
    }
}

/* Every `step`-th day, and the days around each split and dividend. */
static void facts_are_those_of_gathering(const char *dir, const char *symbol, size_t step)
{
    struct bench *x = mem_alloc(sizeof *x);
    struct dossier *mine = mem_alloc(sizeof *mine), *theirs = mem_alloc(sizeof *theirs);
    bench_open(x, dir, symbol);
    const struct tape *t = &x->b.tape[0];
    for (size_t i = 0; i < t->raw->n; i++) {
        bool came = false, near_action = false;
        for (size_t k = 0; k < t->nactions; k++)
            near_action = near_action || abs(t->action[k].ex_day - t->raw->bar[i].day) < 4;
        if (i % step && !(near_action && step < 50))
            continue;
        tape_dossier(&x->b, t, i, mine);
        *theirs = (struct dossier){0};
        market_gather(x->desk.market, symbol, calendar_close(t->raw->bar[i].day), &theirs->market,
                      gathered, &came);
        assert_true(came);
        dossier_build(theirs, agent_table, NULL, 0);
        same_facts(mine, theirs);
        dossier_release(mine);
        dossier_release(theirs);
    }
    bench_close(x);
    mem_free(mine);
    mem_free(theirs);
    mem_free(x);
}

static void test_a_day_sees_what_gathering_on_that_day_gives(void **state)
{
    (void)state;
    char dir[512];
    facts_are_those_of_gathering(golden(dir), "WHOLE", 7);
    facts_are_those_of_gathering(golden(dir), "GAPS", 13);
}

static void test_a_day_of_real_prices_sees_what_gathering_gives(void **state)
{
    (void)state;
    char dir[512];
    facts_are_those_of_gathering(reference(dir, "ohlcv"), "AAPL", 599);
}

/* ---- entries ---- */

static void test_a_split_and_a_dividend_make_no_phantom_profit(void **state)
{
    (void)state;
    char dir[512];
    struct bench *whole = mem_alloc(sizeof *whole), *parts = mem_alloc(sizeof *parts);
    size_t spanning = 0, compared = 0, same = 0, paid = 0;
    bench_open(whole, golden(dir), "WHOLE");
    bench_open(parts, golden(dir), "PARTS");
    assert_int_equal(whole->b.tape[0].nactions, 2);
    assert_int_equal(parts->b.tape[0].nactions, 0);
    int32_t ex = whole->b.tape[0].action[1].ex_day;
    assert_true(whole->b.tape[0].action[1].split_ratio == 4);
    for (size_t k = 0; k + 1 < whole->b.ndays; k++) {
        struct stroll a, b;
        struct stroll_end x, y;
        bool one = stroll_from(&whole->b, &whole->b.tape[0], k, &a);
        assert_int_equal(one, stroll_from(&parts->b, &parts->b.tape[0], k, &b));
        if (!one)
            continue;
        bool before = whole->b.day[k] < ex;
        a.shares = before ? 25 : 100;
        b.shares = 100;
        stroll(&whole->b, &whole->b.tape[0], &a, &whole->options.costs, &x);
        stroll(&parts->b, &parts->b.tape[0], &b, &parts->options.costs, &y);
        if (!x.closed || !y.closed)
            continue;
        compared++;
        paid += x.dividends > 0;
        spanning += before && whole->b.day[x.closed_at] >= ex;
        /* A price rounded to cents before or after the split may touch a level or not. A phantom
         * of the split would be twenty times what was risked. */
        assert_true(fabs(x.r) < 6 && fabs(y.r) < 6);
        same += x.why == y.why && x.closed_at == y.closed_at && fabs(x.r - y.r) < 0.02;
    }
    assert_true(compared > 300 && same + 5 > compared);
    assert_true(spanning >= 3 && paid >= 3);
    bench_close(whole);
    bench_close(parts);
    mem_free(whole);
    mem_free(parts);
}

/* The stroll uses the broker's orders, barrier_walk a rule of its own; only what runs out of time
 * may differ, for the broker sells at the next open. */
static void strolls_are_barriers(const char *dir, const char *symbol, size_t step)
{
    struct bench *x = mem_alloc(sizeof *x);
    bench_open(x, dir, symbol);
    x->options.exits = published;
    x->options.costs.none = true;
    const struct tape *t = &x->b.tape[0];
    size_t compared = 0;
    assert_true(t->nactions == 0);
    for (size_t k = 0; k + 1 < x->b.ndays; k += step) {
        struct stroll s;
        struct stroll_end end;
        struct barrier walk;
        assert_true(stroll_from(&x->b, t, k, &s));
        s.shares = 10;
        stroll(&x->b, t, &s, &x->options.costs, &end);
        barrier_walk(t->raw, k + 1, 0.032, 0.085, 60, &x->options.costs, &walk);
        if (!end.closed || !end.entered || !*walk.outcome || end.why == EXIT_TIME_EXIT ||
            strcmp(walk.outcome, "time") == 0)
            continue;
        assert_string_equal(walk.outcome, end.why == EXIT_STOP_LOSS ? "stop" : "target");
        assert_int_equal(x->b.day[end.closed_at], walk.exit_day);
        assert_int_equal(end.gap, walk.gap_stop);
        if (fabs(end.r - walk.r_multiple) > 1e-3)
            fail_msg("%s, session %zu: %.5f R, %.5f R", symbol, k, end.r, walk.r_multiple);
        compared++;
    }
    assert_true(compared * step > x->b.ndays / 2);
    bench_close(x);
    mem_free(x);
}

static void test_entries_by_chance_end_as_barriers_do(void **state)
{
    (void)state;
    char dir[512];
    strolls_are_barriers(golden(dir), "GAPS", 1);
    strolls_are_barriers(golden(dir), "PARTS", 1);
}

/* docs/broker.md, by the desk's own orders instead of a rule; left by time at the next open. */
static void test_random_entries_on_real_prices_end_as_published(void **state)
{
    (void)state;
    char dir[512];
    static const struct {
        const char *symbol;
        double target, stopped, gap, gap_r, r;
    } row[] = {{"SPY", .196, .620, .064, 1.19, .12}, {"IBM", .287, .670, .107, 1.38, .15}};
    reference(dir, "ohlcv");
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct bench *x = mem_alloc(sizeof *x);
        struct trade_set set = {0};
        bench_open(x, dir, row[i].symbol);
        x->options.exits = published;
        x->options.costs.none = true;
        for (size_t k = 0; k + 1 < x->b.ndays; k++) {
            struct stroll s;
            struct stroll_end end;
            stroll_from(&x->b, &x->b.tape[0], k, &s);
            s.shares = 10;
            stroll(&x->b, &x->b.tape[0], &s, &x->options.costs, &end);
            if (end.closed)
                trades_add(&set, end.r, end.why, end.gap);
        }
        struct backtest_trades t = trades_end(&set, 42);
        double n = (double)t.n;
        assert_true(fabs((double)t.exit[EXIT_TAKE_PROFIT] / n - row[i].target) < .02);
        assert_true(fabs((double)t.exit[EXIT_STOP_LOSS] / n - row[i].stopped) < .02);
        assert_true(fabs((double)t.gaps / n - row[i].gap) < .01);
        assert_true(fabs(t.gap_r - row[i].gap_r) < .05);
        assert_true(fabs(t.mean_r - row[i].r) < .03);
        assert_true(t.mean_r_95.low < t.mean_r && t.mean_r < t.mean_r_95.high);
        bench_close(x);
        mem_free(x);
    }
}

static void test_no_entry_begins_or_ends_on_a_bad_print(void **state)
{
    (void)state;
    char dir[512];
    struct bench *x = mem_alloc(sizeof *x);
    bench_open(x, golden(dir), "BADP");
    x->options.exits = published;
    const struct tape *t = &x->b.tape[0];
    size_t bad = 0, touched = 0;
    while (!bar_is_bad_print(t->look[bad].previous_close, &t->raw->bar[bad]))
        bad++;
    for (size_t k = bad > 60 ? bad - 60 : 0; k < bad + 2; k++) {
        struct stroll s;
        struct stroll_end end;
        assert_true(stroll_from(&x->b, t, k, &s));
        s.shares = 10;
        stroll(&x->b, t, &s, &x->options.costs, &end);
        if (end.entered)
            assert_int_not_equal(end.entered_at, bad);
        if (end.closed)
            assert_int_not_equal(end.closed_at, bad);
        touched += k + 1 == bad ? !end.entered : end.entered && end.closed_at > bad;
    }
    assert_true(touched > 1);
    bench_close(x);
    mem_free(x);
}

/* ---- figures ---- */

static void near_to(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.9f is not %.9f", got, want);
}

static void test_the_account_is_told_by_its_daily_returns(void **state)
{
    (void)state;
    const double equity[] = {110, 99, 108.9};
    struct backtest_account a = account_of(equity, 3, 100);
    near_to(a.total_return, 0.089, 1e-12);
    near_to(a.drawdown, 0.1, 1e-12);
    assert_int_equal(a.days, 3);
    assert_false(a.sharpe.known); /* three days are no sample */
    double long_one[100], x = 100;
    for (int i = 0; i < 100; i++)
        long_one[i] = x *= i % 2 ? 0.99 : 1.02;
    a = account_of(long_one, 100, 100);
    /* Mean .005, deviation .015 sqrt(100/99). */
    near_to(a.sharpe.v, 0.005 / (0.015 * sqrt(100.0 / 99)) * sqrt(252), 1e-9);
    assert_true(a.sharpe_error.known && a.sharpe_error.v > 1 && a.sharpe_error.v < 2);
    const double flat[30] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                             1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_false(account_of(flat, 30, 1).sharpe.known);
}

static void test_the_interval_is_of_the_seed_and_holds_the_middle(void **state)
{
    (void)state;
    struct backtest_trades t[2];
    for (int i = 0; i < 2; i++) {
        struct trade_set s = {0};
        for (int k = 0; k < 60; k++)
            trades_add(&s, k % 3 ? -1 : 2.5, k % 3 ? EXIT_STOP_LOSS : EXIT_TAKE_PROFIT,
                       k % 10 == 1);
        t[i] = trades_end(&s, 7);
    }
    assert_memory_equal(&t[0], &t[1], sizeof t[0]);
    assert_int_equal(t[0].n, 60);
    assert_int_equal(t[0].won, 20);
    near_to(t[0].mean_r, 1.0 / 6, 1e-12);
    near_to(t[0].worst_r, 1, 1e-12);
    /* A deviation of 1.66 in 60 trades: about .42 to either side. */
    near_to(t[0].mean_r_95.low, 1.0 / 6 - .42, .08);
    near_to(t[0].mean_r_95.high, 1.0 / 6 + .42, .08);
    struct trade_set none = {0};
    assert_false(trades_end(&none, 7).has_interval);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_sees_what_gathering_on_that_day_gives),
        cmocka_unit_test(test_a_day_of_real_prices_sees_what_gathering_gives),
        cmocka_unit_test(test_a_split_and_a_dividend_make_no_phantom_profit),
        cmocka_unit_test(test_entries_by_chance_end_as_barriers_do),
        cmocka_unit_test(test_random_entries_on_real_prices_end_as_published),
        cmocka_unit_test(test_no_entry_begins_or_ends_on_a_bad_print),
        cmocka_unit_test(test_the_account_is_told_by_its_daily_returns),
        cmocka_unit_test(test_the_interval_is_of_the_seed_and_holds_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
