/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/log.h"
#include "store/fixture.h"
#include "store/vendor_side.h"

enum { LIMIT = 250, PROCESSES = 40, CALLS_EACH = 8, HOUR = 3600, DAY = 86400 };

/* What each test has: a desk's database, a stand-in, and this process's side of it. */
struct scene {
    struct fixture *f;
    struct fake_market *fake;
    struct side side;
};

static int scene_start(void **state)
{
    struct scene *s = mem_alloc(sizeof *s);
    void *fixture = NULL;
    if (fixture_desk(&fixture))
        return -1;
    s->f = fixture;
    s->fake = fake_market_start(NULL);
    *state = s;
    fixture_run(s->f, VENDOR_LIMIT("250", "0"));
    return s->fake && side_open(&s->side, fixture_conninfo(s->f, "quorum_app")) ? 0 : -1;
}

static int scene_end(void **state)
{
    struct scene *s = *state;
    void *fixture = s->f;
    const char *wrong = fake_market_wrong(s->fake);
    int bad = *wrong != '\0';
    if (bad)
        print_error("%s\n", wrong);
    side_close(&s->side);
    fake_market_stop(s->fake);
    mem_free(s);
    return fixture_drop(&fixture) || bad ? -1 : 0;
}

static struct outcome get(struct scene *s, const char *endpoint, const char *symbol, int64_t life_s)
{
    return side_get(&s->side, fake_market_url(s->fake), endpoint, symbol, life_s);
}

static void assert_fresh(const struct outcome *o, bool from_cache)
{
    if (o->state != VENDOR_FRESH || o->from_cache != from_cache)
        fail_msg("state %d, from cache %d: %s", (int)o->state, o->from_cache, o->problem);
}

static void assert_problem(const struct outcome *o, enum vendor_state state, const char *text)
{
    if (o->state != state || !strstr(o->problem, text))
        fail_msg("state %d: \"%s\" does not say \"%s\"", (int)o->state, o->problem, text);
}

static int64_t used(struct scene *s)
{
    return fixture_int(s->f, "SELECT COALESCE(sum(used), 0) FROM vendor_quota");
}

/* Makes everything kept so many seconds older, the remembered failures too. */
static void age(struct scene *s, int seconds)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "UPDATE vendor_cache SET fetched_at = fetched_at - interval '%d seconds',"
             " failed_at = failed_at - interval '%d seconds'",
             seconds, seconds);
    fixture_run(s->f, sql);
}

/* A child is this program again, started afresh: a fork would copy the locks of the stand-in's
 * threads, and the sanitizer's allocator in the child could wait for ever. */
static pid_t start_child(struct scene *s, const char *work, int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    char *argv[] = {(char *)(uintptr_t) "test_vendor",
                    (char *)(uintptr_t)work,
                    (char *)(uintptr_t)fixture_conninfo(s->f, "quorum_app"),
                    (char *)(uintptr_t)fake_market_url(s->fake),
                    text,
                    NULL};
    pid_t pid;
    assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
    return pid;
}

static int child_status(pid_t pid)
{
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- the day's limit */

/* Eight different symbols each; tells how many answers it got, the others must be refusals. */
static int eight_calls(struct side *side, const char *base, const char *number)
{
    int answers = 0;
    for (int i = 0; i < CALLS_EACH; i++) {
        char symbol[32];
        snprintf(symbol, sizeof symbol, "S%sX%d", number, i);
        struct outcome o = side_get(side, base, "quote", symbol, 300);
        answers += o.state == VENDOR_FRESH;
        if (o.state != VENDOR_FRESH &&
            !strstr(o.problem, "250 of 250 calls used, resets 00:00 UTC")) {
            fprintf(stderr, "%s\n", o.problem);
            return 98;
        }
    }
    return answers;
}

static int one_quote(struct side *side, const char *base)
{
    struct outcome o = side_get(side, base, "quote", "AAPL", 300);
    return o.state == VENDOR_FRESH && strstr(o.body, "\"AAPL\"") ? 0 : 1;
}

/* argv: what to do, the database, the stand-in, a number. */
static int child_main(char **argv)
{
    struct side side;
    if (!side_open(&side, argv[2]))
        return 99;
    int status = strcmp(argv[1], "eight-calls") == 0 ? eight_calls(&side, argv[3], argv[4])
                                                     : one_quote(&side, argv[3]);
    side_close(&side);
    return status;
}

static void forty_processes_never_make_call_251(void **state)
{
    struct scene *s = *state;
    pid_t pid[PROCESSES];
    int answers = 0;
    for (int i = 0; i < PROCESSES; i++)
        pid[i] = start_child(s, "eight-calls", i);
    for (int i = 0; i < PROCESSES; i++) {
        int status = child_status(pid[i]);
        if (status > CALLS_EACH)
            fail_msg("process %d ended with %d", i, status);
        answers += status;
    }
    assert_int_equal(fake_market_calls(s->fake, NULL), LIMIT);
    assert_int_equal(answers, LIMIT);
    assert_int_equal(used(s), LIMIT);
    assert_int_equal(fixture_int(s->f, "SELECT sum(calls) FROM vendor_calls"), LIMIT);
    assert_int_equal(fixture_int(s->f, "SELECT called FROM vendor_quota"), LIMIT);
}

static void a_new_day_begins_at_the_reset_hour(void **state)
{
    struct scene *s = *state;
    fixture_run(s->f,
                "INSERT INTO vendor_quota (vendor, day, reset_hour, used, daily_limit, called)"
                " VALUES ('fmp', vendor_day(0) - 1, 0, 250, 250, 250)");
    struct outcome o = get(s, "quote", "AAPL", 300);
    assert_fresh(&o, false);
    assert_int_equal(fixture_int(s->f, "SELECT used FROM vendor_quota WHERE day = vendor_day(0)"),
                     1);
    fixture_run(s->f, "INSERT INTO desk (name, kind, clock, clock_at)"
                      " VALUES ('demo', 'demo', 'virtual', '2026-11-22 19:59:59+00')");
    assert_string_equal(fixture_text(s->f, "SELECT vendor_day(20)"), "2026-11-21");
    assert_string_equal(fixture_text(s->f, "SELECT vendor_day(0)"), "2026-11-22");
    fixture_run(s->f, "UPDATE desk SET clock_at = '2026-11-22 20:00:00+00'");
    assert_string_equal(fixture_text(s->f, "SELECT vendor_day(20)"), "2026-11-22");
}

/* Adopted by a command, while other processes run. */
static void a_limit_and_an_hour_hold_from_the_next_call_of_every_process(void **state)
{
    struct scene *s = *state;
    struct side other;
    assert_true(side_open(&other, fixture_conninfo(s->f, "quorum_app")));
    fixture_run(s->f, "INSERT INTO desk (name, kind, clock, clock_at)"
                      " VALUES ('demo', 'demo', 'virtual', '2026-11-22 12:00:00+00')");
    struct outcome o = get(s, "quote", "AAPL", 300);
    assert_fresh(&o, false);
    fixture_run(s->f, VENDOR_LIMIT("2", "0"));
    o = side_get(&other, fake_market_url(s->fake), "quote", "MSFT", 300);
    assert_fresh(&o, false);
    o = get(s, "quote", "NVDA", 300);
    assert_problem(&o, VENDOR_NONE, "2 of 2 calls used, resets 00:00 UTC");
    assert_int_equal(fixture_int(s->f, "SELECT daily_limit FROM vendor_quota"), 2);
    fixture_run(s->f, VENDOR_LIMIT("2", "13"));
    o = get(s, "quote", "INTC", 300);
    assert_fresh(&o, false);
    assert_string_equal(fixture_text(s->f, "SELECT string_agg(format('%s %s %s', day, used,"
                                           "  reset_hour), ', ' ORDER BY day) FROM vendor_quota"),
                        "2026-11-21 1 13, 2026-11-22 2 0");
    fixture_run(s->f, VENDOR_LIMIT("0", "13"));
    o = side_get(&other, fake_market_url(s->fake), "quote", "DIS", 300);
    assert_problem(&o, VENDOR_NONE, "0 of 0 calls used, resets 13:00 UTC");
    assert_int_equal(fake_market_calls(s->fake, NULL), 3);
    side_close(&other);
}

static void the_vendors_word_that_the_limit_is_reached_ends_the_day(void **state)
{
    static const enum fake_fault words[] = {FAKE_LIMIT, FAKE_LIMIT_200, FAKE_BANDWIDTH};
    struct scene *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        fixture_run(s->f, "DELETE FROM vendor_quota; DELETE FROM vendor_cache");
        int before = fake_market_calls(s->fake, NULL);
        fake_market_fail(s->fake, NULL, words[i], -1);
        struct outcome o = get(s, "quote", "AAPL", 300);
        assert_problem(&o, VENDOR_NONE, "used up");
        assert_int_equal(used(s), LIMIT);
        assert_int_equal(fixture_int(s->f, "SELECT called FROM vendor_quota"), 1);
        o = get(s, "profile", "MSFT", 300);
        assert_problem(&o, VENDOR_NONE, "250 of 250 calls used");
        assert_int_equal(fake_market_calls(s->fake, NULL), before + 1);
    }
}

static void a_call_that_never_left_is_given_back(void **state)
{
    struct scene *s = *state;
    struct fake_market *gone = fake_market_start(NULL);
    struct outcome o;
    char url[80];
    snprintf(url, sizeof url, "%s/stable/quote?symbol=AAPL", fake_market_url(gone));
    fake_market_stop(gone); /* nobody listens at its port now */
    side_start_at(&s->side, url, "quote", "AAPL", 300, &o);
    assert_true(side_wait(&s->side, &o));
    assert_problem(&o, VENDOR_NONE, "FMP: ");
    assert_int_equal(used(s), 0);
    assert_int_equal(fixture_int(s->f, "SELECT sum(called) FROM vendor_quota"), 0);
    assert_int_equal(fixture_int(s->f, "SELECT sum(calls) FROM vendor_calls"), 0);
}

/* ---- the cache */

static void an_answer_is_not_asked_for_twice_within_its_life(void **state)
{
    struct scene *s = *state;
    struct outcome first = get(s, "quote", "AAPL", 300);
    assert_fresh(&first, false);
    struct outcome again = get(s, "quote", "AAPL", 300);
    assert_fresh(&again, true);
    assert_string_equal(again.body, first.body);
    assert_true(again.fetched_at == first.fetched_at);
    assert_int_equal(fake_market_calls(s->fake, NULL), 1);
    age(s, 299);
    again = get(s, "quote", "AAPL", 300);
    assert_fresh(&again, true);
    assert_in_range(again.age_s, 299, 310);
    age(s, 2);
    again = get(s, "quote", "AAPL", 300);
    assert_fresh(&again, false);
    assert_int_equal(fake_market_calls(s->fake, NULL), 2);
    again = get(s, "quote", "AAPL", -1); /* --fresh */
    assert_fresh(&again, false);
    assert_int_equal(fake_market_calls(s->fake, NULL), 3);
    /* Another endpoint and another symbol are answers of their own. */
    again = get(s, "profile", "AAPL", 300);
    assert_fresh(&again, false);
    again = get(s, "quote", "MSFT", 300);
    assert_fresh(&again, false);
    assert_int_equal(used(s), 5);
}

static void a_symbol_that_was_unknown_is_looked_for_again_next_day(void **state)
{
    struct scene *s = *state;
    struct outcome o = get(s, "profile", "NEWCO", 7 * DAY);
    assert_fresh(&o, false);
    assert_string_equal(o.body, "[]");
    age(s, DAY - 60);
    o = get(s, "profile", "NEWCO", 7 * DAY);
    assert_fresh(&o, true);
    age(s, 120);
    o = get(s, "profile", "NEWCO", 7 * DAY);
    assert_fresh(&o, false);
    o = get(s, "profile", "AAPL", 7 * DAY);
    age(s, 6 * DAY);
    o = get(s, "profile", "AAPL", 7 * DAY);
    assert_fresh(&o, true);
}

static void a_feed_that_has_not_changed_is_not_sent_again(void **state)
{
    struct scene *s = *state;
    struct outcome first = get(s, "rss", "AAPL", 900);
    assert_fresh(&first, false);
    age(s, 1000);
    struct outcome o = get(s, "rss", "AAPL", 900);
    assert_fresh(&o, true);
    assert_int_equal(fake_market_not_modified(s->fake), 1);
    assert_string_equal(o.body, first.body);
    assert_int_equal(o.age_s, 0);
    o = get(s, "rss", "AAPL", 900);
    assert_fresh(&o, true);
    assert_int_equal(fake_market_calls(s->fake, "rss"), 2);
    fake_market_set_feed(s->fake, "<rss><channel><title>Nestl\xE9</title></channel></rss>");
    age(s, 1000);
    o = get(s, "rss", "AAPL", 900);
    assert_fresh(&o, false);
    o = get(s, "rss", "AAPL", 900);
    assert_fresh(&o, true);
    /* Byte for byte, also what is not UTF-8. */
    assert_string_equal(o.body, "<rss><channel><title>Nestl\xE9</title></channel></rss>");
    assert_int_equal(used(s), 0);
}

static void an_older_answer_stands_in_when_the_vendor_fails(void **state)
{
    struct scene *s = *state;
    struct outcome first = get(s, "quote", "AAPL", 300);
    assert_fresh(&first, false);
    age(s, 3 * HOUR);
    fake_market_fail(s->fake, NULL, FAKE_DOWN, -1);
    struct outcome o = get(s, "quote", "AAPL", 300);
    assert_problem(&o, VENDOR_STALE, "FMP is out of order (HTTP 503)");
    assert_string_equal(o.body, first.body);
    assert_in_range(o.age_s, 3 * HOUR, 3 * HOUR + 60);
    /* One repeat; then the failure is believed for some seconds. */
    assert_int_equal(fake_market_calls(s->fake, NULL), 3);
    o = get(s, "quote", "AAPL", 300);
    assert_problem(&o, VENDOR_STALE, "out of order");
    assert_int_equal(fake_market_calls(s->fake, NULL), 3);
    fake_market_fail(s->fake, NULL, FAKE_FINE, -1);
    age(s, 20);
    o = get(s, "quote", "AAPL", 300);
    assert_fresh(&o, false);
    assert_int_equal(used(s), 4);
}

static void a_passing_failure_is_repeated_once(void **state)
{
    static const enum fake_fault passing[] = {FAKE_DOWN, FAKE_TOO_FAST, FAKE_CUT};
    struct scene *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(passing); i++) {
        fake_market_fail(s->fake, "quote", passing[i], 1);
        struct outcome o = get(s, "quote", "AAPL", -1);
        assert_fresh(&o, false);
        assert_int_equal(fake_market_calls(s->fake, NULL), 2 * (int)i + 2);
        assert_int_equal(used(s), 2 * (int64_t)i + 2);
    }
}

static void nonsense_is_never_kept(void **state)
{
    static const enum fake_fault wrong[] = {FAKE_PAGE,      FAKE_GARBLED, FAKE_BAD_KEY,
                                            FAKE_SUSPENDED, FAKE_LEGACY,  FAKE_NOT_FOUND};
    struct scene *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        fake_market_fail(s->fake, NULL, wrong[i], -1);
        struct outcome o = get(s, "quote", "AAPL", -1);
        assert_int_equal(o.state, VENDOR_NONE);
        assert_true(*o.problem != '\0');
        assert_int_equal(o.len, 0);
    }
    assert_int_equal(fake_market_calls(s->fake, NULL), (int)ARRAY_LEN(wrong));
    assert_int_equal(fixture_int(s->f, "SELECT count(*) FROM vendor_cache WHERE body IS NOT NULL"),
                     0);
}

/* ---- refusals */

static void a_symbol_outside_the_plan_is_asked_for_once_a_week(void **state)
{
    struct scene *s = *state;
    fake_market_fail(s->fake, "quote", FAKE_SYMBOL_PLAN, 1);
    struct outcome o = get(s, "quote", "MSFT", 300);
    assert_problem(&o, VENDOR_NONE, "not in the FMP plan of this key (HTTP 402)");
    age(s, HOUR);
    o = get(s, "quote", "MSFT", 300);
    assert_problem(&o, VENDOR_NONE, "asked again after");
    assert_int_equal(fake_market_calls(s->fake, NULL), 1);
    o = get(s, "quote", "AAPL", 300);
    assert_fresh(&o, false);
    o = get(s, "profile", "MSFT", 300);
    assert_fresh(&o, false);
    fixture_run(s->f, "UPDATE vendor_refusals SET until = until - interval '8 days'");
    o = get(s, "quote", "MSFT", 300);
    assert_fresh(&o, false);
    fake_market_fail(s->fake, "quote", FAKE_RESTRICTED, 1);
    o = get(s, "quote", "JPM", 300);
    assert_problem(&o, VENDOR_NONE, "not in the FMP plan");
    o = get(s, "quote", "JPM", -1); /* --fresh: the plan may have changed */
    assert_fresh(&o, false);
    age(s, HOUR);
    o = get(s, "quote", "JPM", 300);
    assert_fresh(&o, false);
}

/* ---- one asks, the others wait */

static void many_who_want_the_same_make_one_call(void **state)
{
    struct scene *s = *state;
    enum { MANY = 12 };
    pid_t pid[MANY];
    struct outcome here[3];
    fake_market_hold(s->fake, true);
    for (int i = 0; i < MANY; i++)
        pid[i] = start_child(s, "one-quote", i);
    for (int i = 0; i < 3; i++)
        side_start(&s->side, fake_market_url(s->fake), "quote", "AAPL", 300, &here[i]);
    assert_true(fake_market_wait_calls(s->fake, NULL, 1));
    fake_market_hold(s->fake, false);
    for (int i = 0; i < 3; i++) {
        assert_true(side_wait(&s->side, &here[i]));
        assert_int_equal(here[i].state, VENDOR_FRESH);
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(child_status(pid[i]), 0);
    assert_int_equal(fake_market_calls(s->fake, NULL), 1);
    assert_int_equal(used(s), 1);
}

static void those_who_wait_share_the_failure_too(void **state)
{
    struct scene *s = *state;
    struct outcome o[6];
    fake_market_fail(s->fake, NULL, FAKE_BAD_KEY, -1);
    for (int i = 0; i < 6; i++)
        side_start(&s->side, fake_market_url(s->fake), "quote", "AAPL", 300, &o[i]);
    for (int i = 0; i < 6; i++) {
        assert_true(side_wait(&s->side, &o[i]));
        assert_problem(&o[i], VENDOR_NONE, "does not accept the key");
    }
    assert_int_equal(fake_market_calls(s->fake, NULL), 1);
}

static void a_process_killed_while_it_asks_holds_nobody_up(void **state)
{
    struct scene *s = *state;
    fake_market_hold(s->fake, true);
    pid_t pid = start_child(s, "one-quote", 0);
    assert_true(fake_market_wait_calls(s->fake, NULL, 1));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(child_status(pid), 128 + SIGKILL);
    /* Its call was counted before it was made, and stays counted. */
    assert_int_equal(used(s), 1);
    assert_int_equal(fixture_int(s->f, "SELECT count(*) FROM vendor_cache WHERE lease_until >"
                                       " clock_timestamp()"),
                     1);
    struct outcome o;
    side_start(&s->side, fake_market_url(s->fake), "quote", "AAPL", 300, &o);
    fake_market_hold(s->fake, false);
    fixture_run(s->f, "UPDATE vendor_cache SET lease_until = clock_timestamp()");
    assert_true(side_wait(&s->side, &o));
    assert_fresh(&o, false);
    assert_int_equal(fake_market_calls(s->fake, NULL), 2);
    assert_int_equal(used(s), 2);
}

/* ---- secrets, log, end */

static void the_log_counts_every_call_and_shows_no_key(void **state)
{
    struct scene *s = *state;
    char path[300], text[8192];
    struct error e = {0};
    snprintf(path, sizeof path, "%s/vendor.log", s->f->home);
    assert_int_equal(log_open(path, LOG_DEBUG, &e), OK);
    get(s, "quote", "AAPL", 300);
    get(s, "quote", "AAPL", 300);
    fake_market_fail(s->fake, NULL, FAKE_BAD_KEY, 1);
    get(s, "eod", "MSFT", 300);
    log_close();
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    remove(path);
    assert_non_null(strstr(text, " fmp FMP API call quote AAPL (1 of 250 today)"));
    assert_non_null(strstr(text, " fmp FMP API call eod MSFT (2 of 250 today)"));
    assert_null(strstr(text, "(3 of"));
    assert_null(strstr(text, FAKE_MARKET_KEY));
    assert_int_equal(
        fixture_int(s->f,
                    "SELECT count(*) FROM vendor_cache c WHERE c::text LIKE '%" FAKE_MARKET_KEY
                    "%' OR convert_from(body, 'LATIN1') LIKE '%" FAKE_MARKET_KEY "%'"),
        0);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void closing_ends_open_requests_and_leaks_nothing(void **state)
{
    struct scene *s = *state;
    struct outcome o[4];
    fake_market_hold(s->fake, true);
    side_start(&s->side, fake_market_url(s->fake), "quote", "AAPL", 300, &o[0]);
    while (fake_market_calls(s->fake, NULL) == 0)
        loop_run_until(s->side.loop, never, NULL, 2);
    side_start(&s->side, fake_market_url(s->fake), "quote", "AAPL", 300,
               &o[1]); /* will wait for the first */
    for (int i = 0; i < 10; i++)
        loop_run_until(s->side.loop, never, NULL, 2);
    side_start(&s->side, fake_market_url(s->fake), "quote", "AAPL", 300,
               &o[2]); /* looks into the cache */
    vendor_free(s->side.vendor);
    s->side.vendor = NULL;
    for (int i = 0; i < 3; i++) {
        assert_true(o[i].ended);
        assert_problem(&o[i], VENDOR_NONE, "closing");
    }
    fake_market_hold(s->fake, false);
    for (int i = 0; i < 10; i++)
        loop_run_until(s->side.loop, never, NULL, 2);
}

static void without_a_database_nothing_is_called(void **state)
{
    struct scene *s = *state;
    struct outcome o;
    fixture_run(s->f, "DROP TABLE vendor_quota");
    o = get(s, "quote", "AAPL", 300);
    assert_problem(&o, VENDOR_NONE, "database: ");
    assert_int_equal(fake_market_calls(s->fake, NULL), 0);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_end)

int main(int argc, char **argv)
{
    if (argc == 5)
        return child_main(argv);
    const struct CMUnitTest tests[] = {
        SCENE(forty_processes_never_make_call_251),
        SCENE(a_new_day_begins_at_the_reset_hour),
        SCENE(a_limit_and_an_hour_hold_from_the_next_call_of_every_process),
        SCENE(the_vendors_word_that_the_limit_is_reached_ends_the_day),
        SCENE(a_call_that_never_left_is_given_back),
        SCENE(an_answer_is_not_asked_for_twice_within_its_life),
        SCENE(a_symbol_that_was_unknown_is_looked_for_again_next_day),
        SCENE(a_feed_that_has_not_changed_is_not_sent_again),
        SCENE(an_older_answer_stands_in_when_the_vendor_fails),
        SCENE(a_passing_failure_is_repeated_once),
        SCENE(nonsense_is_never_kept),
        SCENE(a_symbol_outside_the_plan_is_asked_for_once_a_week),
        SCENE(many_who_want_the_same_make_one_call),
        SCENE(those_who_wait_share_the_failure_too),
        SCENE(a_process_killed_while_it_asks_holds_nobody_up),
        SCENE(the_log_counts_every_call_and_shows_no_key),
        SCENE(closing_ends_open_requests_and_leaks_nothing),
        SCENE(without_a_database_nothing_is_called),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
