/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's jobs on a paper desk: real calls to the stand-in of FMP, counted and kept in the
 * desk's database, at moments that the test chooses. Monday 2026-11-23 has a full session (14:30
 * to 21:00 UTC), the 27th a half one (to 18:00). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/desk/engine_private.h"
#include "fake/fake_market.h"
#include "quorum/broker.h"
#include "quorum/calendar.h"
#include "quorum/guards.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"

struct live {
    struct rig *rig;
    struct fake_market *fake;
    struct engine engine;
    char result[RESULT_MAX];
    char super[1024]; /* conninfo of the rig's connection */
};

static const char helpers[] =
    "UPDATE desk SET clock = 'virtual', clock_at = '2026-11-20 20:00Z';"
    "SELECT ensure_partitions('2026-11-20 20:00Z');"
    "CREATE FUNCTION test_decide(sym text, at_price numeric, n bigint, slot timestamptz,"
    "    worse boolean) RETURNS bigint LANGUAGE plpgsql AS $$"
    "DECLARE e bigint; BEGIN"
    " INSERT INTO evaluations (symbol, state, requested_by, origin, finished_at, price, regime,"
    "   decision, agree, voters, needed, shares, stop_loss_pct, take_profit_pct, slot_at,"
    "   degraded, degraded_reason)"
    " VALUES (sym, 'DECIDED', 'anna', 'schedule', desk_now(), at_price, 'BULL', 'BUY', 2, 3, 2, n,"
    "   4, 8, slot, worse, CASE WHEN worse THEN 'research: no key' ELSE '' END) RETURNING id INTO "
    "e;"
    " INSERT INTO dossiers (evaluation_id, created_at, content, sha256) VALUES (e, desk_now(),"
    "   jsonb_build_object('profile', jsonb_build_object('sector', 'Sector of ' || sym),"
    "     'indicators', jsonb_build_object('atr', 2, 'vol_60', 30, 'dollar_volume_20', 1e9))::text,"
    "   '');"
    " RETURN e; END $$;"
    /* Bought at 100 at the clock's moment, with a look at 100 at that day's close. */
    "CREATE FUNCTION test_hold(sym text) RETURNS void LANGUAGE plpgsql AS $$"
    "DECLARE at timestamptz := desk_now(); BEGIN"
    " PERFORM broker_enter(test_decide(sym, 100, 10, NULL, false));"
    " PERFORM broker_fill(o.id, 'test ' || sym, 10, 100, 0, 0, at, at::date, 'test')"
    "  FROM orders o WHERE o.symbol = sym AND o.purpose = 'ENTRY' AND o.state = 'OPEN';"
    " UPDATE positions SET last_price = 100, last_price_at = at::date + time '21:00' AT TIME ZONE "
    "  'UTC', seen_day = at::date, seen_high = 101, seen_low = 99 WHERE symbol = sym; END $$;";

static void must(enum err rc, const struct error *e, const char *what)
{
    if (rc != OK)
        fail_msg("%s: %s", what, e->text);
}

/* A paper desk as a user opens it, on the program's private cluster. */
static int open_desk(void **state, const char *models)
{
    struct live *l = mem_alloc(sizeof *l);
    void *rig = NULL;
    struct error e = {0};
    char feed[120];
    if (rig_bare(&rig))
        return -1;
    l->rig = rig;
    l->fake = fake_market_start(NULL);
    if (!l->fake)
        return -1;
    fake_market_set_day(l->fake, day_from_civil(2026, 11, 20));
    fake_market_feed(l->fake, "one", feed, sizeof feed);
    setenv("FMP_API_KEY", FAKE_MARKET_KEY, 1);
    setenv("FMP_BASE_URL", fake_market_url(l->fake), 1);
    setenv("QUORUM_NEWS_FEEDS", feed, 1);
    setenv("MULTI_AGENT_ENABLED", models, 1);
    setenv("ANTHROPIC_API_KEY", "sk-test-nobody-is-asked", 1);
    setenv("ANTHROPIC_BASE_URL", fake_market_url(l->fake), 1);
    l->rig->loop = loop_new();
    must(settings_load(&l->rig->settings, &e), &e, "settings");
    struct desk_options o = {.settings = l->rig->settings,
                             .loop = l->rig->loop,
                             .agents = buying_agents,
                             .name = "paper"};
    must(desk_open(&o, &l->rig->desk, &e), &e, "the paper desk");
    struct db_options super = {.conninfo =
                                   cluster_conninfo(l->rig->f->cluster, l->super, sizeof l->super,
                                                    FIXTURE_SUPERUSER, "quorum_paper"),
                               .application = "quorum-test",
                               .reconnect = true};
    l->rig->super = db_new(l->rig->f->loop, &super);
    must(db_open(l->rig->super, 20000, &e), &e, "superuser");
    rig_run(l->rig, helpers);
    l->engine = (struct engine){.desk = l->rig->desk, .plan = engine_schedule(l->rig->desk, false)};
    copy_text(l->engine.beat.control, sizeof l->engine.beat.control, "RUNNING");
    *state = l;
    return 0;
}

static int open_paper(void **state)
{
    return open_desk(state, "true");
}

static int open_without_models(void **state)
{
    return open_desk(state, "false");
}

static int close_paper(void **state)
{
    struct live *l = *state;
    struct error e = {0};
    void *rig = l->rig;
    const char *wrong = rig_text(l->rig, "SELECT string_agg(format('%s should be %s, is %s', what,"
                                         " expected, found), '; ') FROM ledger_proof()");
    bool bad = *wrong || *fake_market_wrong(l->fake);
    if (bad)
        print_error("%s %s\n", wrong, fake_market_wrong(l->fake));
    rig_desk_close(l->rig->desk, l->rig->settings, l->rig->loop);
    l->rig->desk = NULL;
    db_free(l->rig->super);
    l->rig->super = NULL;
    fake_market_stop(l->fake);
    if (cluster_drop_database(l->rig->f->cluster, "quorum_paper", &e))
        print_error("drop: %s\n", e.text);
    mem_free(l);
    return rig_close(&rig) || bad ? -1 : 0;
}

/* ---- */

/* "2026-11-23 14:30Z", or with seconds. */
static int64_t moment(const char *text)
{
    char iso[40];
    int64_t t;
    copy_text(iso, sizeof iso, text);
    if (strlen(iso) == 17)
        copy_text(iso + 16, sizeof iso - 16, ":00Z");
    if (!time_parse(iso, &t))
        fail_msg("%s is no moment", text);
    return t;
}

static void set_clock(struct live *l, int64_t now)
{
    char sql[120], at[33];
    snprintf(sql, sizeof sql, "UPDATE desk SET clock_at = '%s'", time_print_iso(at, now));
    rig_run(l->rig, sql);
}

typedef enum err work_fn(struct engine *g, const struct job *j, char result[RESULT_MAX],
                         struct error *e);

/* Runs a job that is due at `due` when the desk's clock is `late` seconds later. */
static const char *run(struct live *l, work_fn *work, enum job_kind kind, int64_t due, int late)
{
    struct job j = {.id = 1, .kind = kind, .due = due, .attempt = 1};
    struct error e = {0};
    copy_text(j.symbol, sizeof j.symbol, kind == JOB_EVALUATE ? "AAPL" : "");
    set_clock(l, due + late * USEC_SECOND);
    l->result[0] = '\0';
    must(work(&l->engine, &j, l->result, &e), &e, job_kinds[kind].name);
    return l->result;
}

static const char *look(struct live *l, const char *due)
{
    return run(l, engine_look, JOB_LOOK, moment(due), 2);
}

/* Prices in dollars; of a moment in the form "2026-11-23 15:00Z", NULL: FMP gives none. */
static void says(struct live *l, const char *symbol, double price, double low, double high,
                 const char *when)
{
    struct fake_quote q = {.price = (int64_t)(price * 10000),
                           .open = 1000000,
                           .low = (int64_t)(low * 10000),
                           .high = (int64_t)(high * 10000),
                           .previous_close = 1000000,
                           .volume = 9000000,
                           .seconds = when ? moment(when) / USEC_SECOND : 0};
    fake_market_set_quote(l->fake, symbol, &q);
}

static void hold(struct live *l, const char *symbol)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT test_hold('%s')", symbol);
    rig_run(l->rig, sql);
}

static void expect(struct live *l, const char *sql, const char *want)
{
    const char *got = rig_text(l->rig, sql);
    if (strcmp(got, want) != 0)
        fail_msg("%s\n   is %s\nwanted %s\nafter: %s", sql, got, want, l->result);
}

static void expect_result(struct live *l, const char *part)
{
    if (!strstr(l->result, part))
        fail_msg("\"%s\" has no \"%s\"", l->result, part);
}

static bool is_over(void *arg)
{
    return *(bool *)arg;
}

static void refreshed(void *arg, const struct error *e)
{
    assert_null(e);
    *(bool *)arg = true;
}

static const char *open_alerts(struct live *l)
{
    bool over = false;
    alerts_refresh(l->rig->desk, refreshed, &over);
    assert_true(loop_run_until(l->rig->loop, is_over, &over, 30000));
    return rig_text(l->rig, "SELECT string_agg(rule, ' ' ORDER BY rule) FROM alerts"
                            " WHERE cleared_at IS NULL AND rule LIKE 'pos.unpriced'");
}

static const char *const ten[] = {"XA", "XB", "XC", "XD", "XE", "XF", "XG", "XH", "XI", "XJ"};

static int64_t used(struct live *l)
{
    return rig_int(l->rig, "SELECT COALESCE(sum(used), 0) FROM vendor_quota");
}

#define STATE(s)  "SELECT " s " FROM positions WHERE symbol = 'XA' ORDER BY id DESC LIMIT 1"
#define TRADE(s)  "SELECT (" s ")::text FROM trade_outcomes ORDER BY id DESC LIMIT 1"
#define HAS_TRADE "SELECT count(*) FROM trade_outcomes"

/* ---- what the day's calls allow */

static void ten_positions_are_seen_all_day_and_at_the_close_within_the_days_calls(void **state)
{
    struct live *l = *state;
    int64_t open = moment("2026-11-23 14:30Z"), close = moment("2026-11-23 21:00Z");
    char iso[33];
    for (size_t i = 0; i < ARRAY_LEN(ten); i++)
        hold(l, ten[i]);
    run(l, engine_rank, JOB_RANK, open - 3600 * USEC_SECOND, 1);
    expect_result(l, "23 ranked");
    /* Bars alone: one call a symbol and the benchmark's. */
    assert_in_range(used(l), 10, 24);
    int most = 0, looks = 0; /* with a call */
    for (int64_t due = open; due <= close; due += 300 * USEC_SECOND) {
        int before = fake_market_calls(l->fake, "quote");
        for (size_t i = 0; i < ARRAY_LEN(ten); i++)
            says(l, ten[i], 100, 99, 101, time_print_iso(iso, due));
        if (due == open + 7200 * USEC_SECOND) /* an operator's evaluations */
            rig_run(l->rig, "UPDATE vendor_quota SET used = used + 60");
        run(l, engine_look, JOB_LOOK, due, 3);
        int calls = fake_market_calls(l->fake, "quote") - before;
        looks += calls > 0;
        most = calls > most ? calls : most;
        assert_true(used(l) <= 250);
        if (due == open)
            expect_result(l, " min: FMP");
    }
    assert_int_equal(most, 10);
    assert_in_range(looks, 8, 20);
    expect_result(l, "10 symbols, 10 acts");
    /* And what the mark needs is left. */
    fake_market_set_day(l->fake, day_from_civil(2026, 11, 23));
    run(l, engine_mark, JOB_MARK, close + 300 * USEC_SECOND, 1);
    assert_null(strstr(l->result, "without a bar"));
    assert_true(used(l) <= 250);
}

static void what_fmp_no_longer_allows_is_not_asked_and_is_said(void **state)
{
    struct live *l = *state;
    hold(l, "XA");
    says(l, "XA", 90, 90, 101, "2026-11-23 15:00Z");
    set_clock(l, moment("2026-11-23 14:59Z"));
    rig_run(l->rig, "INSERT INTO vendor_quota (vendor, day, reset_hour, used, daily_limit, called)"
                    " VALUES ('fmp', '2026-11-23', 0, 249, 250, 249)");
    look(l, "2026-11-23 15:00Z");
    expect(l, HAS_TRADE, "1");
    assert_int_equal(used(l), 250);
    rig_run(l->rig, "UPDATE desk SET clock_at = '2026-11-20 20:00Z'");
    hold(l, "XB");
    look(l, "2026-11-23 15:05Z");
    assert_int_equal(fake_market_calls(l->fake, NULL), 1);
    expect(l,
           "SELECT unpriced_reason LIKE '%250 of 250 calls used%' FROM positions"
           " WHERE symbol = 'XB'",
           "t");
    run(l, engine_evaluate, JOB_EVALUATE, moment("2026-11-23 15:30Z"), 1);
    expect_result(l, "skipped: no evaluations left today: FMP");
    expect(l, "SELECT count(*) FROM evaluations WHERE symbol = 'AAPL'", "0");
    assert_int_equal(fake_market_calls(l->fake, NULL), 1);
}

static void a_spent_budget_skips_evaluations_and_is_named(void **state)
{
    struct live *l = *state;
    set_clock(l, moment("2026-11-23 15:29Z"));
    rig_run(l->rig, "INSERT INTO budget_day (day, limit_usd, spent_usd)"
                    " VALUES ('2026-11-23', budget_limit(), budget_limit())");
    run(l, engine_evaluate, JOB_EVALUATE, moment("2026-11-23 15:30Z"), 1);
    expect_result(l, "skipped: no evaluations left today: budget");
    run(l, engine_evaluate, JOB_EVALUATE, moment("2026-11-23 15:30Z"), 1860);
    expect_result(l, "skipped: its round was 31 minutes ago");
    assert_int_equal(fake_market_calls(l->fake, NULL), 0);
}

/* ---- stops between two looks */

static void a_stop_crossed_between_two_looks_closes_at_the_stop(void **state)
{
    struct live *l = *state;
    hold(l, "XA");
    says(l, "XA", 100, 97, 101, "2026-11-23 15:00Z");
    look(l, "2026-11-23 15:00Z");
    expect(l, HAS_TRADE, "0");
    says(l, "XA", 99.5, 95.5, 101, "2026-11-23 15:05Z");
    look(l, "2026-11-23 15:05Z");
    /* Stop at 96, half a spread of 2.5 basis points and impact below it. */
    expect(l, TRADE("symbol, quantity, exit_reason, exit_price BETWEEN 95.9 AND 95.99"),
           "(XA,10,stop_loss,t)");
}

static void on_the_day_of_entry_only_what_came_after_it_counts(void **state)
{
    struct live *l = *state;
    set_clock(l, moment("2026-11-23 15:30Z"));
    rig_run(l->rig, "SELECT broker_enter(test_decide('XA', 100, 10, NULL, false))");
    says(l, "XA", 100, 90, 112, "2026-11-23 15:34Z");
    look(l, "2026-11-23 15:35Z");
    expect(l, STATE("state || ' ' || quantity"), "OPEN 10");
    says(l, "XA", 101, 90, 112, "2026-11-23 15:39Z");
    look(l, "2026-11-23 15:40Z");
    expect(l, STATE("state"), "OPEN");
    says(l, "XA", 101, 89.9, 112, "2026-11-23 15:44Z");
    look(l, "2026-11-23 15:45Z");
    expect(l, TRADE("exit_reason, exit_price > 95.8"), "(stop_loss,t)");
}

static void an_order_is_filled_at_the_next_look_not_when_its_turn_comes(void **state)
{
    struct live *l = *state;
    char iso[33];
    for (size_t i = 0; i < ARRAY_LEN(ten) - 1; i++)
        hold(l, ten[i + 1]);
    int64_t at = moment("2026-11-23 15:30Z");
    for (size_t i = 0; i < ARRAY_LEN(ten); i++)
        says(l, ten[i], 100, 99, 101, time_print_iso(iso, at));
    run(l, engine_look, JOB_LOOK, at, 2);
    expect_result(l, "min: FMP");
    /* The decision has just asked for the price, which is kept. */
    rig_run(l->rig, "SELECT broker_enter(test_decide('XA', 100, 10, NULL, false))");
    at += 300 * USEC_SECOND;
    says(l, "XA", 100, 99, 101, time_print_iso(iso, at));
    run(l, engine_look, JOB_LOOK, at, 2);
    expect_result(l, "1 of 10 symbols");
    expect(l, STATE("state"), "OPEN");
}

/* ---- prices that are none */

static void faulty(struct live *l, const char *clock, const char *reason)
{
    char sql[400];
    look(l, clock);
    expect(l, STATE("state || ' ' || quantity"), "OPEN 10");
    snprintf(sql, sizeof sql,
             STATE("CASE WHEN unpriced_since IS NOT NULL AND unpriced_reason LIKE"
                   " '%%%s%%' THEN '' ELSE COALESCE(unpriced_reason, '-') END"),
             reason);
    expect(l, sql, "");
}

static void a_price_that_is_none_is_not_traded_on(void **state)
{
    struct live *l = *state;
    hold(l, "XA");
    says(l, "XA", 80, 80, 101, "2026-11-23 14:00Z");
    faulty(l, "2026-11-23 15:00Z", "the price is of");
    assert_string_equal(open_alerts(l), "");
    says(l, "XA", 0, 0, 0, "2026-11-23 15:05Z");
    faulty(l, "2026-11-23 15:05Z", "no price");
    assert_string_equal(open_alerts(l), "pos.unpriced");
    says(l, "XA", -80, -80, -70, "2026-11-23 15:10Z");
    faulty(l, "2026-11-23 15:10Z", "no price");
    says(l, "XA", 40, 40, 101, "2026-11-23 15:15Z");
    faulty(l, "2026-11-23 15:15Z", "half or more away");
    says(l, "XA", 80, 80, 101, NULL);
    faulty(l, "2026-11-23 15:20Z", "FMP gives no time");
    says(l, "XA", 80, 80, 101, "2026-11-23 15:45Z");
    faulty(l, "2026-11-23 15:25Z", "after the time of the decision");
    fake_market_fail(l->fake, "quote", FAKE_EMPTY, 1);
    faulty(l, "2026-11-23 15:30Z", "XA");
    assert_string_equal(open_alerts(l), "pos.unpriced");
    says(l, "XA", 99, 98, 101, "2026-11-23 15:35Z");
    look(l, "2026-11-23 15:35Z");
    expect(l, STATE("state || COALESCE(unpriced_reason, '')"), "OPEN");
    assert_string_equal(open_alerts(l), "");
    expect(l, HAS_TRADE, "0");
}

static void a_split_nobody_applied_does_not_sell(void **state)
{
    struct live *l = *state;
    hold(l, "XA");
    struct fake_quote q = {.price = 505000,
                           .open = 500000,
                           .low = 495000,
                           .high = 510000,
                           .previous_close = 500000,
                           .volume = 9000000,
                           .seconds = moment("2026-11-23 15:00Z") / USEC_SECOND};
    fake_market_set_quote(l->fake, "XA", &q);
    faulty(l, "2026-11-23 15:00Z", "$50.00, the price last seen $100.00: a split?");
    struct error e = {0};
    must(broker_corporate_action(l->rig->desk, "XA", day_from_civil(2026, 11, 23), 2, 0, 0, &e), &e,
         "split");
    q.seconds += 300;
    fake_market_set_quote(l->fake, "XA", &q);
    look(l, "2026-11-23 15:05Z");
    expect(l, STATE("state || ' ' || quantity || COALESCE(unpriced_reason, '')"), "OPEN 20");
}

static void an_hour_without_fmp_costs_no_shares_and_not_the_days_calls(void **state)
{
    static const enum fake_fault faults[] = {FAKE_DOWN, FAKE_PAGE, FAKE_CUT, FAKE_GARBLED};
    struct live *l = *state;
    int64_t at = moment("2026-11-23 15:00Z");
    char iso[33];
    for (size_t i = 0; i < ARRAY_LEN(ten); i++) {
        hold(l, ten[i]);
        says(l, ten[i], 100, 99, 101, time_print_iso(iso, at));
    }
    run(l, engine_look, JOB_LOOK, at, 2);
    for (int i = 1; i <= 12; i++) {
        fake_market_fail(l->fake, "quote", faults[i % 4], -1);
        run(l, engine_look, JOB_LOOK, at + i * 300 * USEC_SECOND, 2);
        /* Looks are half an hour apart, so that one has failed by now, not two. */
        if (i == 11)
            assert_string_equal(open_alerts(l), "");
        /* What failed is believed for seconds of machine time, which pass in a test too quickly. */
        rig_run(l->rig, "UPDATE vendor_cache SET failed_at = failed_at - interval '1 minute'");
    }
    expect(l, HAS_TRADE, "0");
    expect(l, "SELECT count(*) FROM positions WHERE state = 'OPEN' AND unpriced_reason <> ''",
           "10");
    assert_string_equal(open_alerts(l), "pos.unpriced pos.unpriced pos.unpriced pos.unpriced "
                                        "pos.unpriced pos.unpriced pos.unpriced pos.unpriced "
                                        "pos.unpriced pos.unpriced");
    assert_true(used(l) <= 100);
    fake_market_fail(l->fake, "quote", FAKE_FINE, 0);
    for (int i = 13; i <= 30; i++) {
        for (size_t k = 0; k < ARRAY_LEN(ten); k++)
            says(l, ten[k], 100, 95, 101, time_print_iso(iso, at + i * 300 * USEC_SECOND));
        run(l, engine_look, JOB_LOOK, at + i * 300 * USEC_SECOND, 2);
    }
    expect(l, "SELECT count(*) FROM trade_outcomes WHERE exit_reason = 'stop_loss'", "10");
    assert_string_equal(open_alerts(l), "");
}

static void a_vendor_that_never_answers_ends_the_look(void **state)
{
    struct live *l = *state;
    if (!getenv("QUORUM_TEST_LONG"))
        skip(); /* fifteen seconds */
    hold(l, "XA");
    fake_market_hold(l->fake, true);
    look(l, "2026-11-23 15:00Z");
    fake_market_hold(l->fake, false);
    expect(l, STATE("state || ' ' || (unpriced_reason <> '')"), "OPEN true");
}

/* ---- the calendar */

static void an_order_waits_for_the_open(void **state)
{
    struct live *l = *state;
    set_clock(l, moment("2026-11-21 15:00Z"));
    rig_run(l->rig, "SELECT broker_enter(test_decide('XA', 100, 10, NULL, false))");
    says(l, "XA", 100, 99, 101, "2026-11-21 15:00Z");
    look(l, "2026-11-21 15:05Z"); /* a Saturday */
    expect(l, STATE("state"), "OPENING");
    says(l, "XA", 100, 99, 101, "2026-11-20 21:00Z");
    look(l, "2026-11-23 14:30Z"); /* the vendor is still at Friday's close */
    expect(l, STATE("state"), "OPENING");
    says(l, "XA", 102, 99, 103, "2026-11-23 14:34Z");
    look(l, "2026-11-23 14:35Z");
    expect(l, STATE("state || ' ' || (entry_price BETWEEN 102 AND 102.1)"), "OPEN true");
}

static void the_look_at_the_close_runs_late_and_sees_the_last_crossing(void **state)
{
    struct live *l = *state;
    for (size_t i = 0; i < ARRAY_LEN(ten); i++)
        hold(l, ten[i]);
    char iso[33];
    int64_t before = moment("2026-11-23 20:55Z"), close = moment("2026-11-23 21:00Z");
    for (size_t i = 0; i < ARRAY_LEN(ten); i++)
        says(l, ten[i], 100, 97, 101, time_print_iso(iso, before));
    run(l, engine_look, JOB_LOOK, before, 2);
    for (size_t i = 0; i < ARRAY_LEN(ten); i++)
        says(l, ten[i], 99, 95.5, 101, time_print_iso(iso, close));
    run(l, engine_look, JOB_LOOK, close, 20 * 60);
    expect(l, "SELECT count(*) FROM trade_outcomes WHERE exit_reason = 'stop_loss'", "10");
}

static void a_half_day_ends_at_one(void **state)
{
    struct live *l = *state;
    set_clock(l, moment("2026-11-25 20:00Z"));
    hold(l, "XA");
    hold(l, "XB");
    says(l, "XA", 99, 95.5, 101, "2026-11-27 18:00Z");
    says(l, "XB", 99, 98, 101, "2026-11-27 18:00Z");
    look(l, "2026-11-27 18:00Z");
    expect(l, TRADE("symbol, exit_reason"), "(XA,stop_loss)");
    says(l, "XB", 90, 90, 101, "2026-11-27 18:04Z");
    look(l, "2026-11-27 18:05Z");
    expect(l, HAS_TRADE, "1");
    /* One that waited for an engine until the next day says nothing about that day. */
    run(l, engine_look, JOB_LOOK, moment("2026-11-27 18:00Z"), 20 * 3600);
    expect_result(l, "skipped: its day is over");
}

/* ---- the end of a day */

static void a_mark_without_the_days_bar_decides_nothing_and_says_so(void **state)
{
    struct live *l = *state;
    hold(l, "XA");
    hold(l, "XB");
    says(l, "XA", 101, 99, 101, "2026-11-23 21:00Z");
    says(l, "XB", 101, 99, 101, "2026-11-23 21:00Z");
    rig_run(l->rig, "UPDATE positions SET time_exit = 2");
    look(l, "2026-11-23 21:00Z");
    fake_market_set_day(l->fake, day_from_civil(2026, 11, 23));
    fake_market_hold_bars(l->fake, "XA");
    run(l, engine_mark, JOB_MARK, moment("2026-11-23 21:05Z"), 1);
    expect_result(l, "2 positions marked, 1 acts; nothing decided without a bar of the day, again "
                     "at 2026-11-23 21:50");
    expect_result(l, ": XA");
    expect(l,
           "SELECT string_agg(symbol || ' ' || exit_reason, ' ') FROM orders"
           " WHERE kind = 'MARKET' AND purpose = 'EXIT'",
           "XB time_exit");
    expect(l, "SELECT string_agg(due_at::text, ' ') FROM jobs WHERE kind = 'mark'",
           "2026-11-23 21:50:00+00");
    expect(l, "SELECT count(*) FROM equity_marks WHERE session = '2026-11-23'", "1");
    fake_market_hold_bars(l->fake, "");
    /* An answer is kept for an hour. */
    run(l, engine_mark, JOB_MARK, moment("2026-11-23 22:50Z"), 1);
    expect(l,
           "SELECT string_agg(symbol || ' ' || exit_reason, ' ' ORDER BY symbol) FROM orders"
           " WHERE kind = 'MARKET' AND purpose = 'EXIT'",
           "XA time_exit XB time_exit");
}

static void what_no_quote_showed_is_settled_by_the_days_bar(void **state)
{
    struct live *l = *state;
    hold(l, "XA");
    /* The bars of the stand-in are within 6 % of 100; this stop is met by any of them. */
    rig_run(l->rig, "UPDATE orders SET stop_price = 120 WHERE exit_reason = 'stop_loss';"
                    "UPDATE positions SET stop_price = 120");
    says(l, "XA", 100, 99, 101, "2026-11-20 21:00Z"); /* a plan with prices of the day before */
    look(l, "2026-11-23 15:00Z");
    look(l, "2026-11-23 21:00Z");
    expect(l, HAS_TRADE, "0");
    fake_market_set_day(l->fake, day_from_civil(2026, 11, 23));
    run(l, engine_mark, JOB_MARK, moment("2026-11-23 21:05Z"), 1);
    expect(l, TRADE("exit_reason, closed_at"), "(stop_loss,\"2026-11-23 21:00:00+00\")");
}

/* ---- ranking and entries */

static void a_symbol_without_bars_is_ranked_last(void **state)
{
    struct live *l = *state;
    hold(l, "XA");
    set_clock(l, moment("2026-11-23 13:00Z"));
    rig_run(l->rig, "INSERT INTO desk_setting (name, value, origin, set_by)"
                    " VALUES ('QUORUM_WATCHLIST', 'XA ZZZZ XB AAPL', 'test', 'test')");
    run(l, engine_rank, JOB_RANK, moment("2026-11-23 13:30Z"), 1);
    expect_result(l, "4 ranked, 4 planned in 12 rounds: watchlist");
    expect(l, "SELECT symbol || ' ' || COALESCE(score::text, 'none') FROM day_plan WHERE rank = 3",
           "ZZZZ none");
    expect(l, "SELECT symbol FROM day_plan WHERE rank = 4", "XA");
    expect(l, "SELECT count(*) FROM jobs WHERE kind = 'evaluate'", "4");
}

static void a_degraded_decision_opens_nothing_on_the_paper_desk(void **state)
{
    struct live *l = *state;
    set_clock(l, moment("2026-11-23 15:30Z"));
    rig_run(l->rig, "SELECT test_decide('XA', 100, 10, '2026-11-23 15:30Z', true);"
                    "SELECT test_decide('XB', 100, 10, '2026-11-23 15:30Z', false)");
    run(l, engine_trade, JOB_TRADE, moment("2026-11-23 15:30Z"), 9);
    expect_result(l, "1 ordered, 1 refused");
    expect(l, "SELECT order_result FROM evaluations WHERE symbol = 'XA'",
           "it is degraded (research: no key) and QUORUM_TRADE_DEGRADED is false");
    expect(l, "SELECT string_agg(symbol, ' ') FROM orders", "XB");
}

static void without_agents_nothing_is_ranked_and_looks_go_on(void **state)
{
    struct live *l = *state;
    struct slot slot[SLOTS_MAX];
    int32_t day = day_from_civil(2026, 11, 23);
    size_t n = schedule_day(day, &l->engine.plan, slot), looks = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(slot[i].kind != JOB_RANK && slot[i].kind != JOB_EVALUATE &&
                    slot[i].kind != JOB_TRADE);
        looks += slot[i].kind == JOB_LOOK;
    }
    assert_int_equal(looks, 79);
    run(l, engine_rank, JOB_RANK, moment("2026-11-23 13:30Z"), 1);
    expect_result(l, "skipped: MULTI_AGENT_ENABLED is false");
    expect(l, "SELECT count(*) FROM jobs", "0");
    set_clock(l, moment("2026-11-20 20:00Z"));
    hold(l, "XA");
    says(l, "XA", 95, 95, 101, "2026-11-23 15:00Z");
    look(l, "2026-11-23 15:00Z");
    expect(l, HAS_TRADE, "1");
}

/* ---- settings that are adopted while engines run */

struct adopting {
    struct live *l;
    struct loop_timer *timer;
    int step;
    int64_t beats; /* heartbeats seen since the step before */
    char beat[40];
    int64_t give_up;
};

static bool has_beaten(struct adopting *a, int times)
{
    const char *at = rig_text(a->l->rig, "SELECT heartbeat_at FROM engines");
    a->beats += strcmp(at, a->beat) != 0;
    copy_text(a->beat, sizeof a->beat, at);
    return a->beats > times;
}

static void queue(struct adopting *a, const char *symbol)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "INSERT INTO jobs (kind, stage, symbol, unique_key, due_at) VALUES ('evaluate', 2,"
             " '%s', '%s', desk_now())",
             symbol, symbol);
    rig_run(a->l->rig, sql);
}

/* One evaluation waits for its prices when agents are turned off, another is queued behind it. */
static bool goes_on(struct adopting *a)
{
    struct live *l = a->l;
    switch (a->step) {
    case 0:
        queue(a, "AAPL");
        return true;
    case 1:
        if (fake_market_calls(l->fake, NULL) == 0)
            return false;
        rig_run(l->rig, "INSERT INTO desk_setting (name, value, origin, set_by)"
                        " VALUES ('MULTI_AGENT_ENABLED', 'false', 'test', 'test')");
        return true;
    case 2:
        if (!has_beaten(a, 2))
            return false;
        queue(a, "MSFT");
        return true;
    case 3:
        if (!has_beaten(a, 1))
            return false;
        expect(l, "SELECT string_agg(state, ' ' ORDER BY symbol) FROM jobs", "running available");
        fake_market_hold(l->fake, false);
        return true;
    case 4:
        if (rig_int(l->rig, "SELECT count(*) FROM jobs WHERE state = 'done'") < 2)
            return false;
        rig_run(l->rig, "UPDATE engines SET state = 'STOPPING'");
        return true;
    default:
        return false;
    }
}

static void watch(void *arg)
{
    struct adopting *a = arg;
    if (goes_on(a)) {
        a->step++;
        a->beats = 0;
    }
    if (time_monotonic_us() > a->give_up)
        fail_msg("nothing came after step %d", a->step);
    loop_timer_start(a->timer, 20);
}

static void what_is_adopted_holds_for_an_engine_that_does_not_lead(void **state)
{
    struct live *l = *state;
    struct error e = {0};
    const struct engine_options o = {.at_once = 8};
    struct adopting a = {.l = l, .give_up = time_monotonic_us() + 60 * USEC_SECOND};
    rig_run(l->rig, "INSERT INTO leader (holder, epoch, expires_at)"
                    " VALUES ('elsewhere/1/1', 41, clock_timestamp() + interval '1 hour');"
                    "INSERT INTO desk_setting (name, value, origin, set_by)"
                    " VALUES ('MULTI_AGENT_DAILY_LLM_BUDGET', '0', 'test', 'test')");
    fake_market_hold(l->fake, true);
    a.timer = loop_timer_new(l->rig->loop, watch, &a);
    loop_timer_start(a.timer, 20);
    must(engine_run(l->rig->desk, &o, &e), &e, "the engine");
    loop_timer_free(a.timer);
    assert_int_equal(a.step, 5);
    expect(l,
           "SELECT string_agg(symbol || ' ' || (degraded_reason LIKE '%E21%')::text, ', '"
           " ORDER BY symbol) FROM evaluations",
           "AAPL true, MSFT false");
    expect(l, "SELECT holder FROM leader", "elsewhere/1/1");
}

/* ---- the demo desk's scenarios */

static int64_t close_after(struct rig *r, int32_t day)
{
    struct quote q;
    bool over = false;
    market_quote(r->desk->market, "AAPL", calendar_close(day) + 1, 0, &q, refreshed, &over);
    assert_true(loop_run_until(r->loop, is_over, &over, 30000));
    return q.price;
}

static void a_scenario_that_is_refused_changes_no_price(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    int32_t from, other;
    assert_int_equal(life_add_scenario(r->desk, "flood", &from, &e), ERR_USAGE);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM demo_scenario"), 0);
    must(life_add_scenario(r->desk, "calm", &from, &e), &e, "calm");
    int64_t calm = close_after(r, from);
    err_clear(&e);
    assert_int_equal(life_add_scenario(r->desk, "crash", &other, &e), ERR_CONFLICT);
    assert_int_equal(other, from);
    assert_int_equal(close_after(r, from), calm);
    assert_string_equal(rig_text(r, "SELECT string_agg(name, ' ') FROM demo_scenario"), "calm");
}

#define LIVE(test) cmocka_unit_test_setup_teardown(test, open_paper, close_paper)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIVE(ten_positions_are_seen_all_day_and_at_the_close_within_the_days_calls),
        LIVE(what_fmp_no_longer_allows_is_not_asked_and_is_said),
        LIVE(a_spent_budget_skips_evaluations_and_is_named),
        LIVE(a_stop_crossed_between_two_looks_closes_at_the_stop),
        LIVE(on_the_day_of_entry_only_what_came_after_it_counts),
        LIVE(an_order_is_filled_at_the_next_look_not_when_its_turn_comes),
        LIVE(a_price_that_is_none_is_not_traded_on),
        LIVE(a_split_nobody_applied_does_not_sell),
        LIVE(an_hour_without_fmp_costs_no_shares_and_not_the_days_calls),
        LIVE(a_vendor_that_never_answers_ends_the_look),
        LIVE(an_order_waits_for_the_open),
        LIVE(the_look_at_the_close_runs_late_and_sees_the_last_crossing),
        LIVE(a_half_day_ends_at_one),
        LIVE(a_mark_without_the_days_bar_decides_nothing_and_says_so),
        LIVE(what_no_quote_showed_is_settled_by_the_days_bar),
        LIVE(a_symbol_without_bars_is_ranked_last),
        LIVE(a_degraded_decision_opens_nothing_on_the_paper_desk),
        LIVE(what_is_adopted_holds_for_an_engine_that_does_not_lead),
        cmocka_unit_test_setup_teardown(without_agents_nothing_is_ranked_and_looks_go_on,
                                        open_without_models, close_paper),
        cmocka_unit_test_setup_teardown(a_scenario_that_is_refused_changes_no_price, rig_open,
                                        rig_close),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
