/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Back-tests from the first bar to the dropped database. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/backtest.h"
#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"
#include "unit/market_fixtures.h"

struct life {
    struct rig *rig;
    struct settings *settings;
    struct loop *loop;
    struct desk *desk;
    struct backtest_options o;
    struct backtest_result r;
};

static const char *golden(char dst[512])
{
    const char *dir = getenv("QUORUM_TEST_DIR");
    snprintf(dst, 512, "%s/golden/backtest", dir && *dir ? dir : "tests");
    return dst;
}

static int64_t databases(const struct life *l)
{
    return fixture_int(l->rig->f, "SELECT count(*) FROM pg_database WHERE datname LIKE "
                                  "'quorum\\_backtest\\_%'");
}

static void must(enum err r, const struct error *e)
{
    if (r)
        fail_msg("%s", e->text);
}

static struct life *life_open(struct rig *rig, const char *dir, const char *symbols)
{
    struct life *l = mem_alloc(sizeof *l);
    struct error e = {0};
    char name[64];
    *l = (struct life){.rig = rig, .loop = loop_new()};
    must(settings_load(&l->settings, &e), &e);
    struct desk_options options = {.settings = l->settings,
                                   .loop = l->loop,
                                   .agents = agent_table,
                                   .data_dir = dir,
                                   .scratch = backtest_database(name)};
    must(desk_open(&options, &l->desk, &e), &e);
    l->o = (struct backtest_options){.symbols = symbols,
                                     .from = DAY_NONE,
                                     .to = DAY_NONE,
                                     .explores = true,
                                     .costs = cost_model_default,
                                     .seed = 42};
    return l;
}

static void life_close(struct life *l)
{
    assert_int_equal(databases(l), 1);
    backtest_result_release(&l->r);
    desk_close(l->desk);
    settings_free(l->settings);
    loop_free(l->loop);
    assert_int_equal(databases(l), 0);
    mem_free(l);
}

/* Lives it, and sees that every micro-dollar is accounted for, twice. */
static void run(struct life *l)
{
    struct error e = {0};
    must(backtest_run(l->desk, &l->o, &l->r, &e), &e);
    if (l->r.unproven.nrows)
        fail_msg("not proven: %s", rows_text(&l->r.unproven, 0, 0));
    if (l->r.replay_wrong)
        fail_msg("not reproduced: %s", l->r.replay_text);
}

static int64_t ask(struct life *l, const char *sql)
{
    const struct statement st = {"test", sql};
    struct rows r = {0};
    struct error e = {0};
    must(db_query(l->desk->db, &st, NULL, &r, &e), &e);
    int64_t v = rows_int(&r, 0, 0);
    rows_release(&r);
    return v;
}

static int32_t day(const char *text)
{
    int32_t d = DAY_NONE;
    assert_true(day_parse(text, &d));
    return d;
}

/* ---- own bars ---- */

static void a_life_is_proven_and_leaves_no_database(void **state)
{
    char dir[512];
    struct life *l = life_open(*state, golden(dir), NULL);
    l->o.to = day("2018-12-31");
    run(l);
    assert_int_equal(l->r.nsymbols, 5);
    assert_true(l->r.ordered > 20);
    assert_int_equal(l->r.replayed, ask(l, "SELECT count(DISTINCT position_id) FROM orders o"
                                           " JOIN fills f ON f.order_id = o.id"));
    assert_int_equal(l->r.line[LINE_DESK].trades.n, ask(l, "SELECT count(*) FROM trade_outcomes"));
    assert_int_equal(l->r.sessions, ask(l, "SELECT count(*) FROM equity_marks"));
    assert_int_equal(l->r.stored, ask(l, "SELECT count(*) FROM evaluations"));
    /* Decided at a close, filled by a later bar. */
    assert_int_equal(ask(l, "SELECT count(*) FROM fills f JOIN orders o ON o.id = f.order_id"
                            " JOIN evaluations e ON e.id = o.evaluation_id"
                            " WHERE f.filled_at <= e.as_of"),
                     0);
    const struct backtest_account *desk = &l->r.line[LINE_DESK].account;
    const struct backtest_account *twice = &l->r.line[LINE_COSTS_TWICE].account;
    assert_true(desk->known && twice->known && twice->total_return < desk->total_return);
    assert_true(l->r.line[LINE_RANDOM].trades.n == l->r.draws * l->r.line[LINE_DESK].trades.n);
    assert_true(l->r.line[LINE_HOLD].account.known);
    life_close(l);
}

static void the_same_seed_gives_the_same_report(void **state)
{
    char dir[512];
    struct backtest_line line[2][BACKTEST_LINES];
    for (int i = 0; i < 2; i++) {
        struct life *l = life_open(*state, golden(dir), "GAPS");
        l->o.to = day("2018-08-31");
        run(l);
        memcpy(line[i], l->r.line, sizeof line[i]);
        life_close(l);
    }
    for (int i = 0; i < BACKTEST_LINES; i++) {
        assert_true(line[0][i].trades.mean_r == line[1][i].trades.mean_r);
        assert_true(line[0][i].trades.mean_r_95.low == line[1][i].trades.mean_r_95.low);
        assert_true(line[0][i].account.total_return == line[1][i].account.total_return);
        assert_true(line[0][i].account.sharpe.v == line[1][i].account.sharpe.v);
    }
}

static void a_split_and_a_dividend_make_no_phantom_profit(void **state)
{
    char dir[512];
    struct life *l = life_open(*state, golden(dir), "WHOLE,PARTS");
    l->o.from = day("2018-09-04");
    l->o.to = day("2019-04-30");
    run(l);
    const struct backtest_trades *parts = &l->r.symbol[0].desk, *whole = &l->r.symbol[1].desk;
    assert_string_equal(l->r.symbol[1].symbol, "WHOLE");
    assert_int_equal(l->r.symbol[1].actions, 2);
    assert_true(whole->n > 5);
    assert_int_equal(whole->n, parts->n);
    assert_true(fabs(whole->mean_r - parts->mean_r) < 0.05);
    assert_true(whole->worst_r < 3);
    assert_int_equal(ask(l, "SELECT count(*) FROM trade_outcomes WHERE abs(pnl_pct) > 30"), 0);
    life_close(l);
}

static void a_bad_print_pays_nothing(void **state)
{
    char dir[512];
    struct life *l = life_open(*state, golden(dir), "BADP");
    l->o.from = day("2018-03-20");
    l->o.to = day("2018-05-31");
    run(l);
    const struct backtest_symbol *s = &l->r.symbol[0];
    assert_int_equal(s->nbad, 1);
    assert_int_equal(s->bad[0].day, day("2018-04-12"));
    assert_true(s->bad[0].in_book);
    assert_int_equal(ask(l, "SELECT count(*) FROM fills WHERE filled_at::date = '2018-04-12'"), 0);
    assert_int_equal(ask(l, "SELECT count(*) FROM trade_outcomes WHERE exit_price > 100"), 0);
    life_close(l);
}

static void a_gap_through_the_stop_costs_what_it_costs(void **state)
{
    char dir[512];
    struct life *l = life_open(*state, golden(dir), "GAPS");
    l->o.from = day("2018-03-20");
    l->o.to = day("2018-05-31");
    run(l);
    assert_int_equal(l->r.symbol[0].desk.gaps, 1);
    assert_true(l->r.symbol[0].desk.worst_r > 5);
    assert_int_equal(ask(l, "SELECT count(*) FROM trade_outcomes WHERE exit_reason = 'stop_loss'"
                            " AND closed_at::date = '2018-04-24' AND r_multiple < -5"),
                     1);
    life_close(l);
}

static void fixed_exits_replace_the_desks_own(void **state)
{
    char dir[512];
    struct life *l = life_open(*state, golden(dir), "GAPS,BADP");
    l->o.to = day("2018-10-31");
    l->o.exits =
        (struct backtest_exits){.fixed = true, .stop_pct = 3.2, .target_pct = 8.5, .sessions = 7};
    l->o.costs.none = true;
    run(l);
    const struct backtest_trades *t = &l->r.line[LINE_DESK].trades;
    assert_true(t->n > 5);
    assert_int_equal(t->exit[EXIT_TRAILING_STOP] + t->exit[EXIT_REGIME_CHANGE], 0);
    assert_true(t->exit[EXIT_TIME_EXIT] > 0);
    assert_true(l->r.line[LINE_COSTS_TWICE].absent);
    assert_int_equal(ask(l, "SELECT count(*) FROM positions WHERE stop_pct <> 3.2"
                            " OR target_pct <> 8.5 OR time_exit <> 7"),
                     0);
    assert_int_equal(ask(l, "SELECT count(*) FROM fills WHERE fees_usd + slippage_usd <> 0"), 0);
    life_close(l);
}

static void voters_that_need_more_than_bars_abstain(void **state)
{
    char dir[512];
    struct life *l = life_open(*state, golden(dir), "GAPS");
    l->o.voters = "research,news_analyst";
    l->o.to = day("2018-06-29");
    run(l);
    assert_int_equal(l->r.needed, 2);
    assert_int_equal(l->r.judged, l->r.abstained);
    assert_int_equal(l->r.stored, 0);
    assert_int_equal(l->r.replayed, 0);
    assert_true(l->r.line[LINE_RANDOM].absent);
    life_close(l);
}

/* ---- refusals ---- */

static void a_hole_or_a_bad_number_is_named_by_file_and_line(void **state)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"date,open,high,low,close,volume\n2020-01-02,10,11,9,10,1\n2020-03-03,10,11,9,10,1\n",
         "BARS.csv line 3"},
        {"date,open,high,low,close,volume\n2020-01-02,10,11,9,ten,1\n", "BARS.csv line 2"},
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        char dir[64];
        struct error e = {0};
        temp_dir(dir);
        write_text(dir, "BARS.csv", row[i].text);
        struct life *l = life_open(*state, dir, NULL);
        assert_int_not_equal(backtest_run(l->desk, &l->o, &l->r, &e), OK);
        assert_non_null(strstr(e.text, row[i].says));
        assert_int_equal(ask(l, "SELECT count(*) FROM evaluations"), 0);
        life_close(l);
        temp_dir_remove(dir);
    }
}

static void unknown_symbols_and_empty_periods_are_refused(void **state)
{
    char dir[512];
    struct life *l = life_open(*state, golden(dir), "GAPS,NONE");
    struct error e = {0};
    assert_int_equal(backtest_run(l->desk, &l->o, &l->r, &e), ERR_USAGE);
    assert_string_equal(e.code, "E20");
    backtest_result_release(&l->r);
    l->o.symbols = "GAPS";
    l->o.from = day("2030-01-02");
    err_clear(&e);
    assert_int_equal(backtest_run(l->desk, &l->o, &l->r, &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "2018-01-02 to 2019-06-28"));
    life_close(l);
}

static size_t lived;

static void count(void *arg, size_t done, size_t all)
{
    (void)arg;
    (void)all;
    lived = done;
}

static bool enough(void *arg)
{
    (void)arg;
    return lived >= 10;
}

static void an_interrupted_life_ends_between_two_sessions(void **state)
{
    char dir[512];
    struct life *l = life_open(*state, golden(dir), "GAPS");
    struct error e = {0};
    lived = 0;
    l->o.progress = count;
    l->o.stopped = enough;
    assert_int_equal(backtest_run(l->desk, &l->o, &l->r, &e), ERR_TRANSIENT);
    assert_int_equal(ask(l, "SELECT count(*) FROM equity_marks"), 10);
    life_close(l);
}

static void what_a_dead_process_left_is_dropped_and_nothing_else(void **state)
{
    char dir[512], dead[64], other[64];
    struct error e = {0};
    struct life *l = life_open(*state, golden(dir), "GAPS");
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    snprintf(dead, sizeof dead, "quorum_backtest_%ld", (long)pid);
    snprintf(other, sizeof other, "quorum_backtest_%ld", (long)getppid());
    must(cluster_ensure_database(l->desk->cluster, dead, NULL, &e), &e);
    must(cluster_ensure_database(l->desk->cluster, other, NULL, &e), &e);
    backtest_drop_leftovers(l->desk);
    assert_int_equal(databases(l), 2);
    must(cluster_drop_database(l->desk->cluster, other, &e), &e);
    life_close(l);
}

/* ---- real bars ---- */

static void real_splits_make_no_phantom_profit(void **state)
{
    static const struct {
        const char *symbol, *from, *to, *ex;
    } row[] = {{"AAPL", "2014-05-01", "2014-07-15", "2014-06-09"},
               {"AAPL", "2020-07-20", "2020-10-15", "2020-08-31"},
               {"AIG", "2009-06-01", "2009-07-31", "2009-07-01"}};
    char dir[512];
    reference(dir, "ohlcv");
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct life *l = life_open(*state, dir, row[i].symbol);
        l->o.from = day(row[i].from);
        l->o.to = day(row[i].to);
        run(l);
        assert_true(l->r.symbol[0].actions >= 1);
        assert_true(l->r.line[LINE_DESK].trades.worst_r < 6);
        assert_true(l->r.symbol[0].every.n > 10);
        /* A split taken for a move would be tens of R, or hundreds. */
        assert_true(l->r.symbol[0].every.worst_r < 6);
        assert_true(fabs(l->r.symbol[0].every.mean_r) < 3);
        assert_true(fabs(l->r.line[LINE_DESK].account.total_return) < 0.05);
        /* AIG went from $1.70 to the $0.66 of an old share: -61 %. */
        assert_true(fabs(l->r.line[LINE_HOLD].account.total_return) < 0.7);
        assert_int_equal(ask(l, "SELECT count(*) FROM trade_outcomes WHERE abs(r_multiple) > 6"),
                         0);
        life_close(l);
    }
}

static void the_bad_print_of_ibm_pays_nothing(void **state)
{
    char dir[512];
    struct life *l = life_open(*state, reference(dir, "ohlcv"), "IBM");
    l->o.from = day("2002-10-15");
    l->o.to = day("2003-01-31");
    run(l);
    assert_int_equal(l->r.symbol[0].nbad, 1);
    assert_int_equal(l->r.symbol[0].bad[0].day, day("2002-12-23"));
    assert_int_equal(ask(l, "SELECT count(*) FROM fills WHERE filled_at::date = '2002-12-23'"), 0);
    assert_int_equal(ask(l, "SELECT count(*) FROM trade_outcomes WHERE exit_price > 90"), 0);
    life_close(l);
}

/* docs/broker.md; all years only in the long run. */
static void the_years_of_five_symbols_reconcile_and_agree_with_the_published_table(void **state)
{
    static const struct {
        const char *symbol;
        double target, stopped, gap, r;
    } row[] = {{"AAPL", .359, .637, .075, .31},
               {"BAC", .265, .700, .080, .04},
               {"IBM", .287, .670, .107, .15},
               {NULL, 0, 0, 0, 0},
               {"SPY", .196, .620, .064, .12}};
    char dir[512];
    if (!getenv("QUORUM_TEST_LONG"))
        skip();
    struct life *l = life_open(*state, reference(dir, "ohlcv"), "AAPL IBM BAC SPY IWM");
    l->o.exits =
        (struct backtest_exits){.fixed = true, .stop_pct = 3.2, .target_pct = 8.5, .sessions = 60};
    l->o.costs.none = true;
    run(l);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        const struct backtest_trades *t = &l->r.symbol[i].every;
        double n = (double)t->n;
        if (!row[i].symbol)
            continue;
        assert_string_equal(l->r.symbol[i].symbol, row[i].symbol);
        assert_true(fabs((double)t->exit[EXIT_TAKE_PROFIT] / n - row[i].target) < .02);
        assert_true(fabs((double)t->exit[EXIT_STOP_LOSS] / n - row[i].stopped) < .02);
        assert_true(fabs((double)t->gaps / n - row[i].gap) < .01);
        assert_true(fabs(t->mean_r - row[i].r) < .03);
    }
    /* And the desk's own trades, by their ledger, are within chance of random ones. */
    const struct backtest_trades *desk = &l->r.line[LINE_DESK].trades;
    const struct interval *by_chance = &l->r.line[LINE_RANDOM].trades.mean_r_95;
    assert_true(desk->n > 300);
    assert_true(desk->mean_r_95.low < by_chance->high && desk->mean_r_95.high > by_chance->low);
    life_close(l);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_bare, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(a_life_is_proven_and_leaves_no_database),
        TEST(the_same_seed_gives_the_same_report),
        TEST(a_split_and_a_dividend_make_no_phantom_profit),
        TEST(a_bad_print_pays_nothing),
        TEST(a_gap_through_the_stop_costs_what_it_costs),
        TEST(fixed_exits_replace_the_desks_own),
        TEST(voters_that_need_more_than_bars_abstain),
        TEST(a_hole_or_a_bad_number_is_named_by_file_and_line),
        TEST(unknown_symbols_and_empty_periods_are_refused),
        TEST(an_interrupted_life_ends_between_two_sessions),
        TEST(what_a_dead_process_left_is_dropped_and_nothing_else),
        TEST(real_splits_make_no_phantom_profit),
        TEST(the_bad_print_of_ibm_pays_nothing),
        TEST(the_years_of_five_symbols_reconcile_and_agree_with_the_published_table),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
