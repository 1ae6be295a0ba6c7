/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shadow outcomes: what became of every evaluation, and how good each vote was. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/broker.h"
#include "quorum/calendar.h"
#include "quorum/money.h"
#include "quorum/outcomes.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"

enum { WAIT_MS = 60000 };

static int64_t time_of(const char *text)
{
    int64_t t = TIME_NONE;
    assert_true(time_parse(text, &t));
    return t;
}

struct ended {
    bool yes;
    int64_t resolved;
    enum err kind;
};

static void done(void *arg, int64_t resolved, const struct error *e)
{
    *(struct ended *)arg =
        (struct ended){.yes = true, .resolved = resolved, .kind = e ? e->kind : OK};
}

static bool has_ended(void *arg)
{
    return ((const struct ended *)arg)->yes;
}

/* After the close of that day. */
static int64_t update(struct rig *r, const char *now)
{
    struct ended end = {0};
    outcomes_update(r->desk, time_of(now), done, &end);
    assert_true(loop_run_until(r->desk->loop, has_ended, &end, WAIT_MS));
    assert_int_equal(end.kind, OK);
    return end.resolved;
}

/* An ended evaluation with the votes BUY 70 (model), SELL 60 (baseline), HOLD 50 and others. */
static void evaluation(struct rig *r, const char *symbol, const char *as_of, const char *columns,
                       const char *values)
{
    char sql[1500];
    snprintf(sql, sizeof sql,
             "WITH e AS (INSERT INTO evaluations (symbol, requested_by, state, finished_at, as_of,"
             "  price %s) VALUES ('%s', 'test', 'DECIDED', '%s', '%s', 100 %s) RETURNING id)"
             "INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence, reason,"
             "  counted) SELECT e.id, v.* FROM e, (VALUES"
             "  ('research', 'model', 'voter', 'BUY', 70, '', true),"
             "  ('research', 'baseline', 'voter', 'SELL', 60, '', false),"
             "  ('news_analyst', 'baseline', 'voter', 'HOLD', 50, '', true),"
             "  ('technical_analyst', 'baseline', 'voter', 'ABSTAIN', 0, '', true),"
             "  ('technical_analyst', 'model', 'voter', 'FAILED', 0, '', false),"
             "  ('regime_detector', 'baseline', 'classifier', 'HOLD', 90, '', true)) v",
             columns, symbol, as_of, as_of, values);
    rig_run(r, sql);
}

#define BARRIERS ", barrier_stop_pct, barrier_target_pct"

static void gathered(void *arg, const struct error *e)
{
    assert_true(!e || !e->kind);
    *(bool *)arg = true;
}

static bool is_true(void *arg)
{
    return *(bool *)arg;
}

static void gather(struct rig *r, const char *symbol, const char *now, struct market_data *m)
{
    bool ready = false;
    *m = (struct market_data){0};
    market_gather(r->desk->market, symbol, time_of(now), m, gathered, &ready);
    assert_true(loop_run_until(r->desk->loop, is_true, &ready, WAIT_MS));
}

/* The stored outcomes are those of the walk, each from the session after its evaluation. */
static void the_stored_outcome_is_what_the_bars_did(void **state)
{
    struct rig *r = *state;
    static const char now[] = "2025-12-31 21:00:00Z";
    static const char *const symbols[] = {"AAPL", "JPM", "XOM"};
    static const char *const stops[] = {"1", "3.2", "6"};
    struct error e = {0};
    struct rows rows = {0};
    int compared = 0;
    for (int32_t day = day_from_civil(2025, 6, 2); day < day_from_civil(2025, 11, 20);
         day = calendar_add(day, 4)) {
        char at[33], values[60];
        time_print_iso(at, calendar_open(day) + (day % 3) * 3600 * USEC_SECOND);
        snprintf(values, sizeof values, ", %s, %s * 2.6667", stops[day % 3], stops[day % 3]);
        evaluation(r, symbols[day / 4 % 3], at, BARRIERS, values);
    }
    int64_t all = rig_int(r, "SELECT count(*) FROM evaluations");
    assert_int_equal(update(r, now), all);
    const struct statement look = {
        "look", "SELECT s.symbol, e.as_of, s.stop_pct, s.target_pct, s.outcome, s.entry_day,"
                "  s.exit_day, s.entry_price, s.exit_price, s.sessions, s.return_pct,"
                "  s.r_multiple, s.y FROM shadow_outcomes s JOIN evaluations e"
                "  ON e.id = s.evaluation_id WHERE s.state = 'DONE' ORDER BY s.evaluation_id"};
    assert_int_equal(db_query(r->super, &look, NULL, &rows, &e), OK);
    for (size_t i = 0; i < rows.nrows; i++) {
        struct market_data m;
        struct barrier b;
        char day[11];
        bool null;
        int64_t as_of = time_of(rows_text(&rows, i, 1)), price;
        int32_t from = exchange_day(as_of);
        gather(r, rows_text(&rows, i, 0), now, &m);
        size_t first = bars_until(&m.bars, from - 1);
        while (calendar_open(m.bars.bar[first].day) <= as_of)
            first++;
        barrier_walk(&m.bars, first, rows_double(&rows, i, 2, &null) / 100,
                     rows_double(&rows, i, 3, &null) / 100, 20, &cost_model_default, &b);
        assert_string_equal(rows_text(&rows, i, 4), b.outcome);
        assert_string_equal(rows_text(&rows, i, 5), day_print(day, b.entry_day));
        assert_string_equal(rows_text(&rows, i, 6), day_print(day, b.exit_day));
        assert_true(decimal_parse(rows_text(&rows, i, 7), PRICE_DIGITS, &price));
        assert_int_equal(price, b.entry_price);
        assert_true(decimal_parse(rows_text(&rows, i, 8), PRICE_DIGITS, &price));
        assert_int_equal(price, b.exit_price);
        assert_int_equal(rows_int(&rows, i, 9), b.sessions);
        assert_true(fabs(rows_double(&rows, i, 10, &null) - 100 * b.return_fraction) < 1e-9);
        assert_true(fabs(rows_double(&rows, i, 11, &null) - b.r_multiple) < 1e-9);
        assert_true(rows_double(&rows, i, 12, &null) == b.y);
        market_data_release(&m);
        compared++;
    }
    rows_release(&rows);
    assert_int_equal(compared, all);
    assert_int_equal(rig_int(r, "SELECT count(DISTINCT outcome) FROM shadow_outcomes"), 3);
}

/* Bought at the open after the decision, never at a price that was known already. */
static void nobody_enters_at_an_open_that_was_over(void **state)
{
    struct rig *r = *state;
    evaluation(r, "AAPL", "2025-06-02 13:29:59Z", BARRIERS, ", 3, 8"); /* before the open */
    evaluation(r, "AAPL", "2025-06-02 13:30:00Z", BARRIERS, ", 3, 8"); /* at it */
    evaluation(r, "AAPL", "2025-06-06 20:30:00Z", BARRIERS, ", 3, 8"); /* Friday evening */
    evaluation(r, "AAPL", "2025-07-03 18:00:00Z", BARRIERS, ", 3, 8"); /* then a holiday */
    update(r, "2025-12-31 21:00:00Z");
    assert_string_equal(rig_text(r, "SELECT string_agg(entry_day::text, ' ' ORDER BY"
                                    " evaluation_id) FROM shadow_outcomes"),
                        "2025-06-02 2025-06-03 2025-06-09 2025-07-07");
}

static void every_voice_is_scored_and_no_silence(void **state)
{
    struct rig *r = *state;
    evaluation(r, "AAPL", "2025-06-02 15:00:00Z", BARRIERS, ", 2, 6");
    assert_int_equal(update(r, "2025-12-31 21:00:00Z"), 1);
    assert_string_equal(rig_text(r, "SELECT string_agg(agent || ' ' || source || ' ' ||"
                                    "  round(probability::numeric, 4), ', ' ORDER BY agent, source)"
                                    " FROM vote_scores"),
                        "news_analyst baseline 0.2500, research baseline 0.4000, "
                        "research model 0.7000");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM vote_scores v JOIN shadow_outcomes s"
                                " USING (evaluation_id) WHERE v.y = s.y AND v.y IN (0, 1)"
                                " AND abs(v.brier - (v.probability - s.y) ^ 2) < 1e-12"),
                     3);
}

static void a_second_run_changes_nothing(void **state)
{
    struct rig *r = *state;
    static const char print[] =
        "SELECT md5(string_agg(s::text, ' ' ORDER BY s.evaluation_id) || (SELECT"
        "  string_agg(v::text, ' ' ORDER BY v.evaluation_id, v.agent, v.source)"
        "  FROM vote_scores v)) FROM shadow_outcomes s";
    char before[40];
    evaluation(r, "AAPL", "2025-06-02 15:00:00Z", BARRIERS, ", 2, 6");
    evaluation(r, "JPM", "2025-12-30 15:00:00Z", BARRIERS, ", 9, 20");
    assert_int_equal(update(r, "2025-12-31 21:00:00Z"), 1);
    snprintf(before, sizeof before, "%s", rig_text(r, print));
    assert_int_equal(update(r, "2025-12-31 21:00:00Z"), 0);
    assert_string_equal(rig_text(r, print), before);
    /* Not even when the run died after the store of another engine. */
    rig_run(r, "UPDATE outcomes_progress SET opened_before = 0;"
               "UPDATE shadow_outcomes SET checked_day = NULL");
    assert_int_equal(update(r, "2025-12-31 21:00:00Z"), 0);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM vote_scores"), 3);
}

static void nothing_is_decided_before_its_bars_are_there(void **state)
{
    struct rig *r = *state;
    evaluation(r, "AAPL", "2025-06-02 15:00:00Z", BARRIERS, ", 50, 90");
    assert_int_equal(update(r, "2025-06-02 20:30:00Z"), 0); /* that evening: no bar after it */
    assert_int_equal(update(r, "2025-06-03 20:30:00Z"), 0);
    assert_string_equal(rig_text(r, "SELECT state || ' ' || checked_day FROM shadow_outcomes"),
                        "OPEN 2025-06-03");
    assert_int_equal(update(r, "2025-06-30 20:30:00Z"), 0); /* session 19 */
    assert_int_equal(update(r, "2025-07-01 19:59:59Z"), 0); /* session 20 is not over */
    assert_int_equal(update(r, "2025-07-01 20:00:00Z"), 1);
    assert_string_equal(rig_text(r, "SELECT state || ' ' || outcome || ' ' || sessions || ' ' ||"
                                    "  exit_day FROM shadow_outcomes"),
                        "DONE time 20 2025-07-01");
}

static void what_cannot_be_judged_is_void_with_the_reason(void **state)
{
    struct rig *r = *state;
    static const char at[] = "2025-06-02 15:00:00Z";
    evaluation(r, "AAPL", at, "", "");
    evaluation(r, "AAPL", at, BARRIERS, ", 3, 8");
    rig_run(r, "UPDATE evaluations SET price = NULL WHERE id = 2");
    evaluation(r, "AAPL", at, BARRIERS ", request", ", 3, 8, '{\"indicators\": \"atr=3\"}'");
    evaluation(r, "NOSUCH", at, BARRIERS, ", 3, 8");
    evaluation(r, "AAPL", at, BARRIERS, ", 100, 8");
    rig_run(r, "INSERT INTO evaluations (symbol, requested_by, state, finished_at, price,"
               "  barrier_stop_pct, barrier_target_pct) VALUES"
               " ('AAPL', 'test', 'FAILED', desk_now(), 100, 3, 8)");
    update(r, "2025-12-31 21:00:00Z");
    assert_string_equal(
        rig_text(r, "SELECT string_agg(state || ' ' || reason, '; ' ORDER BY evaluation_id)"
                    " FROM shadow_outcomes"),
        "VOID no stop could be placed: ATR was not known; VOID the price was not known; "
        "VOID judged on figures given by hand; VOID the market does not know this symbol; "
        "VOID the barriers are out of range");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM vote_scores"), 0);
}

/* A company that was bought or struck off has no more bars, and a vendor that is late has some. */
static void a_series_that_ended_is_void_and_one_that_is_late_is_not(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    char dir[300], path[320], day[11];
    snprintf(dir, sizeof dir, "%s/bars", r->f->home);
    snprintf(path, sizeof path, "%s/AAPL.csv", dir);
    assert_int_equal(mkdir(dir, 0755), 0);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "date,open,high,low,close,volume\n");
    for (int32_t d = day_from_civil(2025, 6, 2); d <= day_from_civil(2025, 7, 31);
         d = calendar_next(d))
        fprintf(f, "%s,100,101,99,100,1000\n", day_print(day, d));
    fclose(f);
    market_free(r->desk->market);
    assert_int_equal(market_recorded_new(dir, &r->desk->market, &e), OK);
    evaluation(r, "AAPL", "2025-07-30 15:00:00Z", BARRIERS, ", 3, 8");
    assert_int_equal(update(r, "2025-09-12 20:00:00Z"), 0); /* thirty sessions later */
    assert_string_equal(rig_text(r, "SELECT state FROM shadow_outcomes"), "OPEN");
    assert_int_equal(update(r, "2025-09-15 20:00:00Z"), 1);
    assert_string_equal(rig_text(r, "SELECT state || ' ' || reason FROM shadow_outcomes"),
                        "VOID its bars end on 2025-07-31");
    unlink(path);
    rmdir(dir);
}

/* One that was left unfinished while later ones ended, and ended long after. */
static void one_that_was_resumed_late_is_not_forgotten(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO evaluations (symbol, requested_by, state, as_of, price,"
               "  barrier_stop_pct, barrier_target_pct)"
               " VALUES ('AAPL', 'test', 'VOTING', '2025-06-02 15:00Z', 100, 3, 8);"
               "INSERT INTO evaluations (symbol, requested_by, state, finished_at)"
               " SELECT 'AAPL', 'test', 'FAILED', desk_now() FROM generate_series(1, 300)");
    evaluation(r, "JPM", "2025-06-02 15:00:00Z", BARRIERS, ", 3, 8");
    assert_int_equal(update(r, "2025-12-30 21:00:00Z"), 1);
    rig_run(r, "UPDATE evaluations SET state = 'NO_QUORUM', finished_at = desk_now() WHERE id = 1");
    assert_int_equal(update(r, "2025-12-31 21:00:00Z"), 1);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM shadow_outcomes WHERE state = 'DONE'"), 2);
    assert_int_equal(rig_int(r, "SELECT opened_before FROM outcomes_progress"), 303);
}

static void an_evaluation_of_the_desk_gets_its_outcome(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    int64_t id;
    struct evaluation_request q = {.symbol = "MSFT", .as_of = time_of("2025-06-02 15:00:00Z")};
    assert_int_equal(rig_evaluate(r->desk, &q, &id, &e), OK);
    assert_int_equal(update(r, "2025-12-31 21:00:00Z"), 1);
    assert_string_equal(rig_text(r, "SELECT s.state || ' ' || (s.stop_pct BETWEEN 1 AND 10)"
                                    " FROM shadow_outcomes s"),
                        "DONE true");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM vote_scores"), 3);
}

#define ON_DESK(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DESK(the_stored_outcome_is_what_the_bars_did),
        ON_DESK(nobody_enters_at_an_open_that_was_over),
        ON_DESK(every_voice_is_scored_and_no_silence),
        ON_DESK(a_second_run_changes_nothing),
        ON_DESK(nothing_is_decided_before_its_bars_are_there),
        ON_DESK(what_cannot_be_judged_is_void_with_the_reason),
        ON_DESK(a_series_that_ended_is_void_and_one_that_is_late_is_not),
        ON_DESK(one_that_was_resumed_late_is_not_forgotten),
        ON_DESK(an_evaluation_of_the_desk_gets_its_outcome),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
