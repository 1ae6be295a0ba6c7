/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loader: what the console knows stays fresh, outlives the database's deaths, and nothing is
 * waited for. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"
#include "ui/load.h"

enum { PATIENCE_MS = 30000 };

struct scene {
    struct rig *r;
    struct snapshot s;
    struct loader *l;
    int changes;
    /* what is waited for */
    enum panel_id panel;
    int64_t after;
};

static void changed(void *arg)
{
    ((struct scene *)arg)->changes++;
}

static int scene_start(void **state)
{
    struct scene *c = mem_alloc(sizeof *c);
    void *rig = NULL;
    if (rig_open(&rig))
        return -1;
    c->r = rig;
    c->l = loader_new(c->r->desk, &c->s, changed, c);
    *state = c;
    return 0;
}

static int scene_end(void **state)
{
    struct scene *c = *state;
    void *rig = c->r;
    loader_free(c->l);
    snapshot_release(&c->s);
    mem_free(c);
    return rig_close(&rig);
}

static void watch(struct scene *c, int n, const enum panel_id *list)
{
    bool on[PANEL_COUNT] = {false};
    for (int i = 0; i < n; i++)
        on[list[i]] = true;
    loader_watch(c->l, on, NULL);
}

static bool is_fresh(void *arg)
{
    const struct scene *c = arg;
    return c->s.panel[c->panel].loaded_at > c->after;
}

static bool wait_for(struct scene *c, bool (*done)(void *arg))
{
    return loop_run_until(c->r->loop, done, c, PATIENCE_MS);
}

static void wait_fresh(struct scene *c, enum panel_id p, int64_t after)
{
    c->panel = p;
    c->after = after;
    if (!wait_for(c, is_fresh))
        fail_msg("%s was not refreshed: %s", panels[p].name, c->s.panel[p].problem);
}

static bool has_status(void *arg)
{
    return ((struct scene *)arg)->s.status.loaded_at != 0;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void turn_for(struct scene *c, int64_t ms)
{
    loop_run_until(c->r->loop, never, NULL, ms);
}

static void the_status_has_every_field_of_the_first_line(void **state)
{
    static const char *const fields[] = {
        "state",      "state_reason",  "state_by",         "state_since",
        "desk",       "pending",       "alerts",           "alert_worst",
        "llm_spent",  "llm_limit",     "llm_projected",    "fmp_used",
        "fmp_limit",  "regime",        "regime_conf",      "regime_age",
        "market",     "market_change", "engine_beat",      "engines",
        "equity",     "open_pnl",      "day_pnl",          "cash",
        "positions",  "positions_max", "evaluations_left", "evaluations_binding",
        "next_learn", "schema",        "pending_oldest",   "now",
        "speed",      "learning",      "learning_needs",   "trades",
        "llm_free",   "llm_reset_s",   "pending_deferred", "last_cycle"};
    struct scene *c = *state;
    struct rows *r = &c->s.status.rows;
    assert_true(c->s.connected && c->s.demo);
    assert_true(wait_for(c, has_status));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        rows_named(r, 0, fields[i]); /* asserts that it is there */
    assert_string_equal(rows_named(r, 0, "desk"), "demo");
    assert_string_equal(rows_named(r, 0, "state"), "STOPPED");
    assert_string_equal(rows_named(r, 0, "cash"), "100000");
    assert_non_null(strstr("open closed", rows_named(r, 0, "market")));
    assert_non_null(rows_named(r, 0, "market_change"));
    assert_string_equal(rows_named(r, 0, "evaluations_left"), "0"); /* models are off here */
    assert_true(c->changes > 0);
}

static void all_that_is_watched_comes_and_nothing_else(void **state)
{
    struct scene *c = *state;
    watch(c, 2, (const enum panel_id[]){PANEL_WATCHLIST, PANEL_BUDGET});
    wait_fresh(c, PANEL_WATCHLIST, 0);
    wait_fresh(c, PANEL_BUDGET, 0);
    assert_int_equal(c->s.panel[PANEL_WATCHLIST].rows.nrows, 23);
    for (int i = 0; i < PANEL_COUNT; i++)
        if (i != PANEL_WATCHLIST && i != PANEL_BUDGET)
            assert_true(c->s.panel[i].loaded_at == 0);
    watch(c, 1, (const enum panel_id[]){PANEL_EQUITY});
    wait_fresh(c, PANEL_EQUITY, 0);
    int64_t kept = c->s.panel[PANEL_BUDGET].loaded_at;
    loader_now(c->l);
    wait_fresh(c, PANEL_EQUITY, time_monotonic_us());
    assert_true(c->s.panel[PANEL_BUDGET].loaded_at == kept);
    assert_int_equal(c->s.panel[PANEL_BUDGET].rows.nrows, 25); /* shown again at once */
}

/* What is not asked again by itself for an hour comes at once when a person asks for it. */
static void r_asks_at_once(void **state)
{
    struct scene *c = *state;
    watch(c, 1, (const enum panel_id[]){PANEL_CALIBRATION});
    wait_fresh(c, PANEL_CALIBRATION, 0);
    int64_t before = time_monotonic_us();
    loader_now(c->l);
    wait_fresh(c, PANEL_CALIBRATION, before);
    assert_true(time_monotonic_us() - before < 5 * USEC_SECOND);
}

/* Behind a lock the panel's query stays under way; R, R, R must not pile up more of it. */
static bool is_heard(void *arg)
{
    const struct rows *r = &((struct scene *)arg)->s.status.rows;
    const char *listens = r->nrows ? rows_named(r, 0, "listens") : NULL;
    return listens && strcmp(listens, "true") == 0;
}

static bool alert_came(void *arg)
{
    return ((struct scene *)arg)->s.panel[PANEL_ALERTS].rows.nrows > 0;
}

/* Panels whose changes are heard of are polled every thirty seconds. */
static void a_row_is_shown_when_it_is_hinted_at_and_not_at_the_next_poll(void **state)
{
    struct scene *c = *state;
    watch(c, 1, (const enum panel_id[]){PANEL_ALERTS});
    wait_fresh(c, PANEL_ALERTS, 0);
    assert_true(wait_for(c, is_heard));
    int64_t heard_at = time_monotonic_us();
    loader_now(c->l); /* its next poll is half a minute away then */
    wait_fresh(c, PANEL_ALERTS, heard_at);
    assert_false(alert_came(c));
    int64_t version = c->s.panel[PANEL_ALERTS].version;
    loader_now(c->l); /* the same answer again is no other one to who draws */
    wait_fresh(c, PANEL_ALERTS, time_monotonic_us());
    assert_int_equal(c->s.panel[PANEL_ALERTS].version, version);
    rig_run(c->r, "INSERT INTO alerts (rule, severity, text) VALUES ('test', 'i', 'now')");
    assert_true(loop_run_until(c->r->loop, alert_came, c, 5000));
    assert_true(c->s.panel[PANEL_ALERTS].version > version);
}

static void a_query_under_way_is_not_asked_again(void **state)
{
    struct scene *c = *state;
    int64_t before;
    watch(c, 1, (const enum panel_id[]){PANEL_LEARNING});
    wait_fresh(c, PANEL_LEARNING, 0);
    struct error e = {0};
    const struct statement begin = {"begin", "BEGIN"}, end = {"end", "ROLLBACK"};
    const struct statement lock = {"lock", "LOCK TABLE strategy_adjustments"};
    assert_int_equal(db_query(c->r->super, &begin, NULL, NULL, &e), OK);
    assert_int_equal(db_query(c->r->super, &lock, NULL, NULL, &e), OK);
    for (int i = 0; i < 20; i++) {
        loader_now(c->l);
        turn_for(c, 5);
    }
    before = c->s.panel[PANEL_LEARNING].loaded_at;
    int seen = c->changes;
    assert_int_equal(db_query(c->r->super, &end, NULL, NULL, &e), OK);
    wait_fresh(c, PANEL_LEARNING, before);
    turn_for(c, 100);
    assert_true(c->changes - seen <= 4); /* not twenty answers */
    assert_string_equal(c->s.panel[PANEL_LEARNING].problem, "");
}

static bool has_problem(void *arg)
{
    return ((struct scene *)arg)->s.panel[PANEL_LEARNING].problem[0] != '\0';
}

static void a_query_that_is_cancelled_says_so_and_the_others_go_on(void **state)
{
    struct scene *c = *state;
    struct error e = {0};
    const struct statement begin = {"begin", "BEGIN"}, end = {"end", "ROLLBACK"};
    const struct statement lock = {"lock", "LOCK TABLE strategy_adjustments"};
    const struct statement impatient = {"impatient",
                                        "SELECT set_config('statement_timeout', '100', false)"};
    watch(c, 2, (const enum panel_id[]){PANEL_LEARNING, PANEL_WATCHLIST});
    wait_fresh(c, PANEL_LEARNING, 0);
    wait_fresh(c, PANEL_WATCHLIST, 0);
    assert_int_equal(db_query(c->r->desk->db, &impatient, NULL, NULL, &e), OK);
    assert_int_equal(db_query(c->r->super, &begin, NULL, NULL, &e), OK);
    assert_int_equal(db_query(c->r->super, &lock, NULL, NULL, &e), OK);
    int64_t before = time_monotonic_us(), version = c->s.panel[PANEL_LEARNING].version;
    loader_now(c->l);
    assert_true(wait_for(c, has_problem));
    assert_true(c->s.panel[PANEL_LEARNING].version > version);
    version = c->s.panel[PANEL_LEARNING].version;
    wait_fresh(c, PANEL_WATCHLIST, before);
    const char *said = c->s.panel[PANEL_LEARNING].problem;
    assert_int_equal(strncmp(said, "E70 panel 8 not refreshed for ", 30), 0);
    assert_non_null(strstr(said, "statement timeout"));
    assert_true(c->s.connected);
    assert_int_equal(db_query(c->r->super, &end, NULL, NULL, &e), OK);
    loader_now(c->l);
    wait_fresh(c, PANEL_LEARNING, before);
    assert_string_equal(c->s.panel[PANEL_LEARNING].problem, "");
    assert_true(c->s.panel[PANEL_LEARNING].version > version);
}

static bool is_lost(void *arg)
{
    return !((struct scene *)arg)->s.connected;
}

static bool is_back(void *arg)
{
    const struct scene *c = arg;
    return c->s.connected && c->s.panel[PANEL_WATCHLIST].loaded_at > c->after;
}

static bool has_tried(void *arg)
{
    const struct scene *c = arg;
    return c->s.tries >= 3 && c->s.retry_s >= 1;
}

static void the_picture_outlives_the_database_and_comes_back_by_itself(void **state)
{
    struct scene *c = *state;
    watch(c, 1, (const enum panel_id[]){PANEL_WATCHLIST});
    wait_fresh(c, PANEL_WATCHLIST, 0);
    int64_t loaded = c->s.panel[PANEL_WATCHLIST].loaded_at, begin = time_monotonic_us();
    rig_run(c->r, "ALTER ROLE quorum_app NOLOGIN;"
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                  " WHERE usename = 'quorum_app' AND datname = current_database()");
    assert_true(wait_for(c, is_lost));
    assert_true(c->s.lost_at >= begin);
    assert_true(wait_for(c, has_tried));
    assert_int_equal(c->s.panel[PANEL_WATCHLIST].rows.nrows, 23);
    assert_true(c->s.panel[PANEL_WATCHLIST].loaded_at - loaded < 15 * USEC_SECOND);
    assert_string_equal(c->s.panel[PANEL_WATCHLIST].problem, "");
    assert_int_equal(c->s.status.rows.nrows, 1);
    rig_run(c->r, "ALTER ROLE quorum_app LOGIN");
    c->after = time_monotonic_us();
    loader_now(c->l); /* R does not wait for the next try */
    assert_true(wait_for(c, is_back));
    assert_true(c->s.lost_at == 0 && c->s.tries == 0 && c->s.retry_s == 0);
    assert_int_equal(c->s.panel[PANEL_WATCHLIST].rows.nrows, 23);
}

/* It may be back before anybody looked: what was on its way is asked again all the same. */
static void a_killed_server_is_asked_again(void **state)
{
    struct scene *c = *state;
    watch(c, 1, (const enum panel_id[]){PANEL_CALIBRATION}); /* every ten minutes by itself */
    wait_fresh(c, PANEL_CALIBRATION, 0);
    rig_run(c->r, "CHECKPOINT");
    int64_t before = time_monotonic_us();
    assert_int_equal(kill(fixture_postmaster(c->r->f), SIGKILL), 0);
    wait_fresh(c, PANEL_CALIBRATION, before);
    assert_true(c->s.connected);
}

static void answers_to_a_loader_that_is_gone_are_dropped(void **state)
{
    struct scene *c = *state;
    watch(c, 3, (const enum panel_id[]){PANEL_WATCHLIST, PANEL_ACTIVITY, PANEL_EQUITY});
    assert_true(wait_for(c, has_status));
    loader_now(c->l);
    turn_for(c, 1); /* some are on the wire */
    loader_free(c->l);
    c->l = NULL;
    int seen = c->changes;
    snapshot_release(&c->s);
    turn_for(c, 200);
    assert_int_equal(c->changes, seen);
}

static bool has_detail(void *arg)
{
    return ((struct scene *)arg)->s.detail[0].loaded_at != 0;
}

static void open_symbol(struct scene *c, const char *symbol)
{
    struct detail_view open = {.kind = DETAIL_SYMBOL};
    const bool none[PANEL_COUNT] = {false};
    copy_text(open.id, sizeof open.id, symbol);
    loader_watch(c->l, none, *symbol ? &open : NULL);
}

static void rows_of_one_object_are_never_shown_as_anothers(void **state)
{
    struct scene *c = *state;
    rig_run(c->r, "INSERT INTO evaluations (symbol, requested_by) VALUES ('AAPL', 'a'),"
                  " ('MSFT', 'b')");
    open_symbol(c, "AAPL");
    assert_true(wait_for(c, has_detail));
    assert_true(c->s.detail[0].rows.ncols > 0);
    int64_t loaded = c->s.detail[0].loaded_at;
    open_symbol(c, "AAPL"); /* the same: what is there stays */
    assert_true(c->s.detail[0].loaded_at == loaded);
    open_symbol(c, "MSFT");
    for (int i = 0; i < DETAIL_PARTS; i++)
        assert_true(c->s.detail[i].loaded_at == 0 && c->s.detail[i].rows.nrows == 0);
    open_symbol(c, "AAPL"); /* the answer about MSFT is on its way */
    turn_for(c, 1);
    open_symbol(c, "MSFT");
    turn_for(c, 1);
    open_symbol(c, "");
    turn_for(c, 100);
    for (int i = 0; i < DETAIL_PARTS; i++)
        assert_true(c->s.detail[i].loaded_at == 0 && c->s.detail[i].rows.nrows == 0);
}

static void times_are_asked_again_in_the_other_zone(void **state)
{
    struct scene *c = *state;
    rig_run(c->r, "UPDATE desk SET clock = 'virtual', clock_at = '2026-11-20 02:00Z';"
                  "INSERT INTO alerts (rule, severity, text, raised_at) VALUES"
                  " ('a', 'C', '', '2026-11-20 01:30:05Z')");
    watch(c, 1, (const enum panel_id[]){PANEL_ALERTS});
    wait_fresh(c, PANEL_ALERTS, 0);
    assert_string_equal(rows_named(&c->s.panel[PANEL_ALERTS].rows, 0, "at"), "20:30:05");
    int64_t before = time_monotonic_us();
    assert_true(loader_forms(c->l, ZONE_UTC, PRICE_PLACES));
    wait_fresh(c, PANEL_ALERTS, before);
    assert_string_equal(rows_named(&c->s.panel[PANEL_ALERTS].rows, 0, "at"), "01:30:05");
    before = time_monotonic_us();
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1); /* the server need not have such a zone */
    assert_true(loader_forms(c->l, ZONE_LOCAL, PRICE_PLACES));
    unsetenv("TZ");
    wait_fresh(c, PANEL_ALERTS, before);
    assert_string_equal(rows_named(&c->s.panel[PANEL_ALERTS].rows, 0, "at"), "02:30:05");
}

static void prices_have_the_digits_that_were_asked_for(void **state)
{
    static const struct {
        int places;
        const char *entry, *stop;
    } cases[] = {{2, "12,345.68", "9.50"}, {0, "12,346", "10"}, {4, "12,345.6789", "9.5000"}};
    struct scene *c = *state;
    rig_run(c->r, "INSERT INTO positions (account_id, symbol, state, quantity, entry_price,"
                  " stop_price, target_price) VALUES (1, 'AAPL', 'OPEN', 5, 12345.6789, 9.5, 20)");
    watch(c, 1, (const enum panel_id[]){PANEL_POSITIONS});
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t before = time_monotonic_us();
        assert_true(loader_forms(c->l, ZONE_EXCHANGE, cases[i].places));
        wait_fresh(c, PANEL_POSITIONS, i ? before : 0);
        const struct rows *r = &c->s.panel[PANEL_POSITIONS].rows;
        assert_string_equal(rows_named(r, 0, "entry"), cases[i].entry);
        assert_string_equal(rows_named(r, 0, "stop"), cases[i].stop);
    }
}

static bool has_sessions(void *arg)
{
    return ((struct scene *)arg)->s.sessions.loaded_at != 0;
}

/* The clock of a machine that is wrong would make every age wrong. */
static void clocks_and_the_way_to_the_database_are_measured(void **state)
{
    struct scene *c = *state;
    rig_run(c->r, "INSERT INTO console_sessions (id, operator, origin, kind) VALUES"
                  " ('00000000-0000-4000-8000-000000000001', 'ops', '10.0.0.7', 'console')");
    loader_now(c->l);
    assert_true(wait_for(c, has_sessions));
    assert_true(c->s.skew_us > -USEC_SECOND && c->s.skew_us < USEC_SECOND);
    assert_in_range(c->s.latency_ms, 0, 10000);
    assert_string_equal(rows_named(&c->s.sessions.rows, 0, "who"), "ops@10.0.0.7");
}

static bool at_four(void *arg)
{
    struct scene *c = arg;
    loader_tick(c->l);
    return c->s.now >= c->after;
}

/* The desk's clock moves on by 160 s, a second's worth. True when the picture's was seen beyond
 * what the answer said, *said. */
static bool runs_on_behind_a_move(struct scene *c, int64_t *said)
{
    rig_run(c->r, "UPDATE desk SET clock_at = clock_at + interval '160 s'");
    assert_true(time_parse(rig_text(c->r, "SELECT clock_at FROM desk"), said));
    loader_now(c->l);
    c->after = *said + USEC_SECOND;
    for (int i = 0; i < 300 && !at_four(c); i++)
        turn_for(c, 10);
    return at_four(c);
}

/* Between two answers the clock runs at the desk's speed, and it is never seen to go back. */
static void the_clock_of_the_picture_runs_on(void **state)
{
    struct scene *c = *state;
    int64_t last = 0, said;
    rig_run(c->r, "UPDATE desk SET clock = 'virtual', clock_at = '2026-11-20 15:00Z';"
                  "INSERT INTO schedule_state (planned_until, speed) VALUES ('2026-11-20', 160)"
                  " ON CONFLICT (id) DO UPDATE SET speed = 160");
    loader_now(c->l);
    assert_true(time_parse("2026-11-20 15:00:00+00", &c->after));
    assert_true(wait_for(c, at_four));
    /* It runs on for a second and a half only: a busy machine may look too late once. */
    bool ran_on = false;
    for (int i = 0; i < 5 && !ran_on; i++)
        ran_on = runs_on_behind_a_move(c, &said);
    assert_true(ran_on);
    for (int i = 0; i < 60; i++) {
        turn_for(c, 10);
        loader_tick(c->l);
        assert_true(c->s.now >= last);
        last = c->s.now;
    }
    assert_true(last - said <= 241 * USEC_SECOND); /* and it waits for the desk */
}

/* ---- the log */

static void write_log(struct scene *c, const char *mode, const char *text)
{
    char path[400];
    snprintf(path, sizeof path, "%s/log", c->r->f->home);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/log/quorum.log", c->r->f->home);
    FILE *f = fopen(path, mode);
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const char *newest_line(struct scene *c)
{
    const struct rows *r = &c->s.panel[PANEL_LOG].rows;
    return r->nrows ? rows_named(r, 0, "text") : "";
}

static void next_look(struct scene *c)
{
    int64_t before = time_monotonic_us();
    loader_now(c->l);
    wait_fresh(c, PANEL_LOG, before);
}

static void the_log_is_followed_through_its_rotation(void **state)
{
    struct scene *c = *state;
    char path[400], old[420];
    const struct rows *r = &c->s.panel[PANEL_LOG].rows;
    snprintf(path, sizeof path, "%s/log/quorum.log", c->r->f->home);
    snprintf(old, sizeof old, "%s.1", path);
    unlink(path);
    watch(c, 1, (const enum panel_id[]){PANEL_LOG});
    wait_fresh(c, PANEL_LOG, 0);
    assert_int_equal(r->nrows, 0);
    write_log(c, "w",
              "2026-11-22T19:03:11.123Z info engine one\n"
              "2026-11-22T19:03:11.500Z info other/engine not this desk's\n"
              "2026-11-22T19:03:12.001Z warn demo/db two words\nhalf a li");
    next_look(c);
    assert_int_equal(r->nrows, 2);
    assert_string_equal(rows_named(r, 1, "time"), "14:03:11.123");
    assert_string_equal(rows_named(r, 0, "level"), "WARN");
    assert_string_equal(rows_named(r, 0, "module"), "db");
    assert_string_equal(newest_line(c), "two words");
    write_log(c, "a", "ne\nx");
    next_look(c);
    assert_int_equal(r->nrows, 3);
    assert_string_equal(newest_line(c), "half a line"); /* no record: as it is */
    assert_int_equal(rename(path, old), 0);
    write_log(c, "w", "2026-11-22T19:03:13.000Z error engine after\n");
    next_look(c);
    assert_int_equal(r->nrows, 4);
    assert_string_equal(newest_line(c), "after");
    assert_true(loader_forms(c->l, ZONE_UTC, PRICE_PLACES));
    next_look(c);
    assert_string_equal(rows_named(r, 0, "time"), "19:03:13.000");
    unlink(old);
}

static void of_a_long_log_the_end_is_shown(void **state)
{
    struct scene *c = *state;
    const struct rows *r = &c->s.panel[PANEL_LOG].rows;
    struct buf text = {0};
    for (int i = 0; i < 3000; i++)
        buf_printf(&text, "2026-11-22T19:03:11.123Z info engine line %d of many\n", i);
    write_log(c, "w", buf_text(&text));
    buf_release(&text);
    watch(c, 1, (const enum panel_id[]){PANEL_LOG});
    wait_fresh(c, PANEL_LOG, 0);
    assert_int_equal(r->nrows, 400);
    assert_string_equal(newest_line(c), "line 2999 of many");
    assert_string_equal(rows_named(r, 399, "text"), "line 2600 of many");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scene_start, scene_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_status_has_every_field_of_the_first_line),
        TEST(all_that_is_watched_comes_and_nothing_else),
        TEST(r_asks_at_once),
        TEST(a_row_is_shown_when_it_is_hinted_at_and_not_at_the_next_poll),
        TEST(a_query_under_way_is_not_asked_again),
        TEST(a_query_that_is_cancelled_says_so_and_the_others_go_on),
        TEST(the_picture_outlives_the_database_and_comes_back_by_itself),
        TEST(a_killed_server_is_asked_again),
        TEST(answers_to_a_loader_that_is_gone_are_dropped),
        TEST(rows_of_one_object_are_never_shown_as_anothers),
        TEST(times_are_asked_again_in_the_other_zone),
        TEST(prices_have_the_digits_that_were_asked_for),
        TEST(clocks_and_the_way_to_the_database_are_measured),
        TEST(the_clock_of_the_picture_runs_on),
        TEST(the_log_is_followed_through_its_rotation),
        TEST(of_a_long_log_the_end_is_shown),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
