/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the console's panels ask of a desk: a new one, one that has lived a few sessions, and one
 * with the rare rows (proposals, alerts, operators). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/calendar.h"
#include "quorum/engine.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"
#include "ui/load_status.h"
#include "ui/panel_private.h"

enum { SESSIONS = 12, MOST_MS = 50 };

static void ask(struct desk *d, const struct statement *st, struct rows *out)
{
    struct error e = {0};
    if (db_query(d->db, st, NULL, out, &e))
        fail_msg("%s: %s", st->name, e.text);
}

static const char *named(const struct rows *r, size_t row, const char *column)
{
    const char *text = rows_named(r, row, column);
    return text ? text : "(null)";
}

/* All panels of a desk at one time, and its status. */
static void load_all(struct rig *r, struct snapshot *s)
{
    int64_t now;
    for (int i = 0; i < PANEL_COUNT; i++)
        if (panels[i].query)
            ask(r->desk, panels[i].query, &s->panel[i].rows);
    ask(r->desk, &status_query, &s->status.rows);
    assert_true(time_parse(named(&s->status.rows, 0, "now"), &now));
    status_complete(r->desk, &s->status.rows, now, true);
}

static void every_panel_has_its_row_of_the_table(void **state)
{
    static const char keys[] = "1234567890WVLC";
    (void)state;
    for (int i = 0; i < PANEL_COUNT; i++) {
        const struct panel *p = &panels[i];
        assert_int_equal(p->id, i);
        assert_int_equal(p->key, keys[i]);
        assert_true(p->name && p->title && p->empty && p->refresh_ms >= 1000);
        assert_true(i == PANEL_LOG ? !p->query : p->query != NULL);
        assert_true((p->ncolumns == 0) == (p->draw != NULL));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(p->name, panels[k].name);
            assert_true(!p->query || p->query != panels[k].query);
        }
        for (size_t c = 0; c < p->ncolumns; c++) {
            bool last = c + 1 == p->ncolumns;
            assert_true(p->column[c].look == LOOK_HIDDEN || p->column[c].width > 0);
            if (p->column[c].look == LOOK_AGE)
                assert_true(!last && p->column[c + 1].look == LOOK_HIDDEN);
        }
    }
}

static void the_columns_of_a_list_are_those_of_its_query(void **state)
{
    struct rig *r = *state;
    struct snapshot s = {0};
    load_all(r, &s);
    for (int i = 0; i < PANEL_COUNT; i++) {
        const struct rows *rows = &s.panel[i].rows;
        if (!panels[i].query)
            continue;
        assert_string_equal(rows->column[0], "object");
        if (!panels[i].draw)
            assert_int_equal(rows->ncols, 1 + panels[i].ncolumns);
    }
    snapshot_release(&s);
}

/* What an empty panel says, and the line above it. */
static void a_new_desk_says_why_its_panels_are_empty(void **state)
{
    static const struct {
        enum panel_id id;
        const char *text;
    } said[] = {{PANEL_POSITIONS, "no open positions; cash 100,000.00"},
                {PANEL_PENDING, "nothing to review"},
                {PANEL_TRADES, "no trades yet (learning needs 10)"},
                {PANEL_AGENTS, "no calls in 24 h"},
                {PANEL_REGIME, "no regime yet"},
                {PANEL_LEARNING, "self-learning on: 0 of 10 trades"},
                {PANEL_ALERTS, "no open alerts"},
                {PANEL_EQUITY, "needs 2 days"},
                {PANEL_EVALUATIONS, ":eval SYMBOL"},
                {PANEL_CALIBRATION, "needs 30 outcomes"}};
    struct rig *r = *state;
    struct snapshot s = {0};
    char text[80];
    load_all(r, &s);
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        assert_int_equal(s.panel[said[i].id].rows.nrows, 0);
        panel_empty(&s, said[i].id, text, sizeof text);
        text[strcspn(text, said[i].id == PANEL_PENDING ? ";" : "")] = '\0'; /* the next cycle */
        assert_string_equal(text, said[i].text);
    }
    panel_name(&s, PANEL_POSITIONS, text, sizeof text);
    assert_string_equal(text, "Positions 0/10");
    assert_int_equal(s.panel[PANEL_WATCHLIST].rows.nrows, 23);
    assert_string_equal(named(&s.panel[PANEL_WATCHLIST].rows, 0, "object"), "symbol AAPL");
    assert_string_equal(named(&s.panel[PANEL_WATCHLIST].rows, 0, "why_not"), "not evaluated yet");
    assert_string_equal(named(&s.status.rows, 0, "state"), "STOPPED");
    assert_string_equal(named(&s.status.rows, 0, "llm_projected"), "0.000000");
    assert_string_equal(named(&s.panel[PANEL_BUDGET].rows, 0, "lim"), "5.00");
    assert_int_equal(s.panel[PANEL_BUDGET].rows.nrows, 25);
    snapshot_release(&s);
}

static void figures_are_written_the_same_everywhere(void **state)
{
    static const struct statement money = {
        "money", "SELECT " SQL_MONEY("x") ", " SQL_SIGNED("x") ", " SQL_PERCENT(
                     "x") " FROM (VALUES (9999.99), (9999.996), (1234567.891), (-0.001), (0.005),"
                          " (-12345.6), (-91)) v (x)"};
    static const struct statement spans = {
        "spans", "SELECT " SQL_AGE("s") ", " SQL_LEFT(
                     "s") " FROM (VALUES (-3), (9), (59), (60),"
                          " (2640), (11520), (93600), (237600), (8639999), (8640000)) v (s)"};
    static const char *const written[][3] = {{"9999.99", "+9999.99", "+9999.99%"},
                                             {"10,000.00", "+10,000.00", "+10,000.00%"},
                                             {"1,234,567.89", "+1,234,567.89", "+1,234,567.89%"},
                                             {"0.00", "0.00", "0.00%"},
                                             {"0.01", "+0.01", "+0.01%"},
                                             {"-12,345.60", "-12,345.60", "-12,345.60%"},
                                             {"-91.00", "-91.00", "-91.00%"}};
    static const char *const aged[][2] = {{"0s", "0s"},      {"9s", "9s"},      {"59s", "59s"},
                                          {"1m", "1m"},      {"44m", "44m"},    {"3h12", "3h12"},
                                          {"1d02", "1d02h"}, {"2d18", "2d18h"}, {"99d23", "99d23h"},
                                          {"100d", "100d"}};
    struct rig *r = *state;
    struct rows rows = {0};
    ask(r->desk, &money, &rows);
    for (size_t i = 0; i < ARRAY_LEN(written); i++)
        for (size_t k = 0; k < 3; k++)
            assert_string_equal(rows_text(&rows, i, k), written[i][k]);
    rows_release(&rows);
    ask(r->desk, &spans, &rows);
    for (size_t i = 0; i < ARRAY_LEN(aged); i++)
        for (size_t k = 0; k < 2; k++)
            assert_string_equal(rows_text(&rows, i, k), aged[i][k]);
    rows_release(&rows);
}

/* ---- a desk with a past */

static void live(struct rig *r, int sessions)
{
    struct error e = {0};
    const struct engine_options o = {.until_lived = true};
    if (life_begin(r->desk, DAY_NONE, sessions, 160, &e) || engine_run(r->desk, &o, &e))
        fail_msg("%s", e.text);
    rig_run(r, "ANALYZE");
}

static bool exists(struct rig *r, const char *object)
{
    static const struct {
        const char *word, *table;
    } kinds[] = {{"position", "positions"},
                 {"trade", "trade_outcomes"},
                 {"evaluation", "evaluations"},
                 {"alert", "alerts"},
                 {"adjustment", "strategy_adjustments"},
                 {"cycle", "learning_cycles"},
                 {"insight", "learning_cycles"},
                 {"action", "operator_actions"}};
    char word[20], id[40], sql[120];
    if (!*object)
        return true;
    if (sscanf(object, "%19s %39s", word, id) != 2)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE id = %s", kinds[i].table, id);
        if (strcmp(word, kinds[i].word) == 0)
            return rig_int(r, sql) == 1;
    }
    return strcmp(word, "agent") == 0 || strcmp(word, "symbol") == 0;
}

static void every_object_of_a_list_can_be_opened(struct rig *r, const struct snapshot *s)
{
    for (int i = 0; i < PANEL_COUNT; i++)
        for (size_t k = 0; k < s->panel[i].rows.nrows; k += k < 20 ? 1 : 17)
            if (!exists(r, named(&s->panel[i].rows, k, "object")))
                fail_msg("%s: no \"%s\"", panels[i].name, named(&s->panel[i].rows, k, "object"));
}

static void no_cell_is_empty_by_mistake(const struct snapshot *s)
{
    for (int i = 0; i < PANEL_COUNT; i++) {
        const struct rows *rows = &s->panel[i].rows;
        for (size_t k = 0; k < rows->nrows && !panels[i].draw; k++)
            for (size_t c = 0; c < panels[i].ncolumns; c++)
                if (panels[i].column[c].look != LOOK_HIDDEN && !rows_text(rows, k, c + 1))
                    fail_msg("%s: row %zu has no %s", panels[i].name, k, rows->column[c + 1]);
    }
}

static void activity_is_in_order(const struct rows *rows)
{
    static const char kinds[] = "eval vote call trade adj learn oper warn state fmp";
    bool eval = false, vote = false;
    int64_t before = INT64_MAX, at;
    assert_true(rows->nrows > 50 && rows->nrows <= 200);
    for (size_t i = 0; i < rows->nrows; i++) {
        const char *kind = named(rows, i, "kind");
        assert_non_null(strstr(kinds, kind));
        assert_true(text_to_int64(named(rows, i, "at_s"), &at));
        assert_true(at <= before);
        before = at;
        eval |= strcmp(kind, "eval") == 0;
        vote |= strcmp(kind, "vote") == 0;
        if (i > 0 && strcmp(kind, "vote") == 0) /* below what it was cast in */
            assert_string_equal(named(rows, i, "id"), named(rows, i - 1, "id"));
    }
    assert_true(eval && vote);
}

static void queries_are_quick(struct rig *r)
{
    for (int i = -1; i < PANEL_COUNT; i++) {
        const struct statement *st = i < 0 ? &status_query : panels[i].query;
        int64_t best = INT64_MAX;
        for (int k = 0; k < 4 && st; k++) {
            struct rows rows = {0};
            int64_t begin = time_monotonic_us();
            ask(r->desk, st, &rows);
            int64_t took = time_monotonic_us() - begin;
            best = took < best ? took : best;
            rows_release(&rows);
        }
        if (st && best > MOST_MS * 1000)
            fail_msg("%s takes %.1f ms", st->name, (double)best / 1e3);
    }
}

static void titles_carry_figures(const struct snapshot *s)
{
    for (int i = 0; i < PANEL_COUNT; i++) {
        char note[80] = "", small[4] = "", name[40];
        if (panels[i].note) {
            panels[i].note(s, note, sizeof note);
            panels[i].note(s, small, sizeof small);
        }
        panel_name(s, (enum panel_id)i, name, sizeof name);
        assert_true(strlen(name) > 2 && strlen(small) < sizeof small);
        if (i == PANEL_POSITIONS)
            assert_true(strncmp(note, "open ", 5) == 0 && strstr(note, "  day "));
        if (i == PANEL_EQUITY)
            assert_non_null(strstr(note, "%  dd "));
    }
}

static void a_desk_that_lives_fills_its_panels(void **state)
{
    struct rig *r = *state;
    struct snapshot s = {0};
    live(r, SESSIONS);
    load_all(r, &s);
    assert_int_equal(s.panel[PANEL_EVALUATIONS].rows.nrows,
                     rig_int(r, "SELECT least(count(*), 200) FROM evaluations"));
    assert_int_equal(s.panel[PANEL_TRADES].rows.nrows,
                     rig_int(r, "SELECT count(*) FROM trade_outcomes"));
    assert_int_equal(s.panel[PANEL_EQUITY].rows.nrows, SESSIONS + 1);
    assert_string_equal(named(&s.panel[PANEL_REGIME].rows, 0, "part"), "now");
    assert_string_equal(named(&s.panel[PANEL_BUDGET].rows, 24, "part"), "hour");
    if (rig_int(r, "SELECT count(*) FROM vote_scores s JOIN votes v USING (evaluation_id, agent,"
                   " source) WHERE v.counted") >= 30)
        assert_string_equal(named(&s.panel[PANEL_CALIBRATION].rows, 0, "agent"), "all");
    activity_is_in_order(&s.panel[PANEL_ACTIVITY].rows);
    every_object_of_a_list_can_be_opened(r, &s);
    no_cell_is_empty_by_mistake(&s);
    titles_carry_figures(&s);
    queries_are_quick(r);
    snapshot_release(&s);
}

/* Machine times do not say where on a virtual clock an act belongs: among the jobs of its time. */
static void what_a_person_did_stands_at_the_desks_time(void **state)
{
    struct rig *r = *state;
    struct rows rows = {0};
    bool found = false;
    live(r, 2);
    rig_run(r, "SELECT audit_append('ops', '10.0.0.7', 'pause', 'desk', 'lunch', '', '');"
               "SELECT audit_append('quorum', '', 'breaker trip', 'x', '', '', '');"
               "SELECT audit_append('schedule', '', 'order', 'evaluation #1', '', '', '')");
    ask(r->desk, &activity_query, &rows);
    for (size_t i = 0; i < rows.nrows; i++) {
        const char *text = named(&rows, i, "text");
        assert_null(strstr(text, "breaker trip"));
        assert_null(strstr(text, "schedule order"));
        if (strcmp(text, "ops@10.0.0.7 pause desk \"lunch\"") != 0)
            continue;
        found = true;
        assert_string_equal(named(&rows, i, "kind"), "state");
        assert_string_equal(rig_text(r,
                                     "SELECT extract(epoch FROM due_at)::bigint FROM jobs WHERE"
                                     " finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1"),
                            named(&rows, i, "at_s"));
    }
    assert_true(found);
    rows_release(&rows);
}

/* ---- rare rows */

static void proposals_stand_with_their_bounds_in_time(void **state)
{
    struct rig *r = *state;
    struct rows rows = {0};
    char note[80] = "";
    rig_run(r, "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
               " confidence_score, reasoning, risk_level, priority, status, created_at, expires_at,"
               " evidence) VALUES"
               " ('stop_mult', 1.5, 1.75, 74.4, 'x', 'LOW', 'MEDIUM', 'DEFERRED', desk_now(), NULL,"
               "  '{}'),"
               " ('target_mult', 12000, 4.125, 63, 'x', 'MEDIUM', 'HIGH', 'PENDING',"
               "  desk_now() - interval '10 s', NULL, '{\"n\": 42, \"effect\": \"odd\"}'),"
               " ('rsi_max', NULL, 65, 74.4, 'x', 'HIGH', 'LOW', 'PENDING', desk_now() - interval"
               "  '5 h 2 min 1 s', desk_now() + interval '66 h 1 min', '{\"used\": 40, \"effect\":"
               "  0.061, \"delta_95\": [-0.11, 0.24], \"verdict\": \"NOT PROVEN\"}'),"
               " ('time_exit', 20, 25, 50, 'x', 'LOW', 'LOW', 'PENDING', desk_now(), NULL, '{}'),"
               " ('trail_atr', 3, 2, 50, 'x', 'LOW', 'LOW', 'REJECTED', desk_now(), NULL, '{}');"
               "SELECT review_approve(4, 0, '', '', 'ops', '', interval '8 s');"
               "UPDATE strategy_adjustments SET reviewing_by = 'desk@10.0.0.9', reviewing_until ="
               " clock_timestamp() + interval '1 min' WHERE id = 3");
    ask(r->desk, &pending_query, &rows);
    assert_int_equal(rows.nrows, 3); /* what was put off is counted elsewhere */
    assert_string_equal(named(&rows, 0, "expires"), "hold 8s");
    assert_non_null(strstr(named(&rows, 0, "told"), "approved by ops; applies in 8 s; u undoes"));
    assert_string_equal(named(&rows, 1, "old_value"), "12000.00");
    assert_string_equal(named(&rows, 1, "new_value"), "4.125");
    assert_string_equal(named(&rows, 1, "risk"), "MED");
    assert_string_equal(named(&rows, 1, "expires"), "-");
    assert_string_equal(named(&rows, 1, "n"), "42");
    assert_string_equal(named(&rows, 1, "effect"), "-");
    assert_string_equal(named(&rows, 2, "old_value"), "off");
    assert_string_equal(named(&rows, 2, "confidence"), "74%");
    assert_string_equal(named(&rows, 2, "age"), "5h02*"); /* somebody reviews it */
    assert_string_equal(named(&rows, 2, "expires"), "2d18h");
    assert_string_equal(named(&rows, 2, "told"),
                        "being reviewed by desk@10.0.0.9; +0.061 R a trade [-0.110, +0.240], n=40:"
                        " NOT PROVEN");
    rows_release(&rows);
    struct snapshot s = {0};
    load_all(r, &s);
    note_pending(&s, note, sizeof note);
    assert_true(strncmp(note, "#4 applies in ", 14) == 0);
    assert_non_null(strstr(note, " s  oldest 5h02  1 deferred"));
    assert_string_equal(named(&s.status.rows, 0, "pending"), "2");
    snapshot_release(&s);
}

static void learning_shows_cycles_results_and_insights(void **state)
{
    struct rig *r = *state;
    struct rows rows = {0};
    rig_run(r, "INSERT INTO learning_cycles (trigger, state, requested_by, lookback_days, owner,"
               " finished_at, trades, patterns, proposals, queued, cost_usd) SELECT 'schedule',"
               " 'DONE', 's', 90, 'x', desk_now(), 42, 2, 3, 2, 0.02 FROM generate_series(1, 5);"
               "INSERT INTO learning_patterns (cycle_id, condition, feature, title, status, n_in,"
               " n_out, won_in, won_out, rate_lo, rate_hi, mean_r_in, r_lo, r_hi, p, q, why) VALUES"
               " (5, 'rsi_high', 'f', 'RSI above 70', 'candidate', 19, 80, 3, 40, 0.055, 0.376,"
               "  -0.62, -0.93, -0.2, 0.004, 0.07, '');"
               "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
               " confidence_score, reasoning, status, applied_at, decided_by, measured) VALUES"
               " ('stop_mult', 1.5, 1.75, 80, 'x', 'APPLIED', desk_now(), 'ops',"
               "  '{\"state\": \"better\"}'), ('stop_mult', 1.75, 2, 80, 'x', 'AUTO_APPLIED',"
               "  desk_now(), 'gate', '{\"state\": \"measuring\"}')");
    static const struct statement who = {"who",
                                         "SELECT set_config('quorum.operator', 'ops', false)"};
    ask(r->desk, &who, &rows);
    rows_release(&rows);
    ask(r->desk, &learning_query, &rows);
    static const char *const first[] = {
        "#5",
        "#4",
        "#3",
        "applied 30 d: 2   better 1   worse 0   unclear 0   being measured 1",
        "you approved 1: 1 better, 0 worse, 0 unclear; by itself 1: 0/0/0",
        "candidate: RSI above 70, won 3 of 19 (6-38 %), mean -0.62 R [-0.93, -0.20]",
        "#2",
        "#1"};
    assert_int_equal(rows.nrows, ARRAY_LEN(first));
    for (size_t i = 0; i < rows.nrows; i++)
        assert_string_equal(named(&rows, i, "cycle"), first[i]);
    assert_string_equal(named(&rows, 0, "object"), "cycle 5");
    assert_string_equal(named(&rows, 0, "proposed"), "3");
    assert_string_equal(named(&rows, 0, "review"), "2");
    assert_string_equal(named(&rows, 5, "object"), "insight 5 rsi_high");
    rows_release(&rows);
}

static void what_is_open_stands_before_what_is_over(void **state)
{
    struct rig *r = *state;
    struct rows rows = {0};
    rig_run(r,
            "INSERT INTO alerts (rule, object, severity, text, raised_at, cleared_at, acked_at)"
            " VALUES ('over', '', 'C', 'x', desk_now() - interval '1 h', desk_now() -"
            " interval '1 min', NULL), ('old', '', 'C', 'x', desk_now() - interval '9 d',"
            " desk_now() - interval '8 d', NULL),"
            " ('info', '', 'i', 'x', desk_now(), NULL, NULL),"
            " ('seen', '', 'C', 'x', desk_now(), NULL, desk_now()),"
            " ('quiet', '', 'C', 'x', desk_now(), NULL, NULL),"
            " ('warn', '', 'W', 'x', desk_now() - interval '400 d', NULL, NULL);"
            "INSERT INTO alert_mutes VALUES ('quiet', clock_timestamp() + interval '1 h', 'me')");
    ask(r->desk, &alerts_query, &rows);
    static const char *const order[][2] = {{"warn", "open"},
                                           {"info", "open"},
                                           {"quiet", "muted"},
                                           {"seen", "acked"},
                                           {"over", "cleared"}};
    assert_int_equal(rows.nrows, ARRAY_LEN(order));
    for (size_t i = 0; i < rows.nrows; i++) {
        assert_string_equal(named(&rows, i, "rule"), order[i][0]);
        assert_string_equal(named(&rows, i, "state"), order[i][1]);
    }
    rows_release(&rows);
}

static void times_follow_the_zone_that_was_asked_for(void **state)
{
    static const struct statement utc = {"zone", "SELECT set_config('quorum.tz', 'UTC', false)"};
    struct rig *r = *state;
    struct rows rows = {0};
    rig_run(r, "UPDATE desk SET clock = 'virtual', clock_at = '2026-11-20 02:00Z';"
               "INSERT INTO alerts (rule, severity, text, raised_at) VALUES"
               " ('a', 'C', '', '2026-11-20 01:30:05Z'), ('b', 'W', '', '2026-11-19 04:30Z')");
    ask(r->desk, &alerts_query, &rows);
    assert_string_equal(named(&rows, 0, "at"), "20:30:05");
    assert_string_equal(named(&rows, 1, "at"), "11-18 23:30");
    rows_release(&rows);
    ask(r->desk, &utc, &rows);
    rows_release(&rows);
    ask(r->desk, &alerts_query, &rows);
    assert_string_equal(named(&rows, 0, "at"), "01:30:05");
    assert_string_equal(named(&rows, 1, "at"), "11-19 04:30");
    rows_release(&rows);
}

static int with_real_agents(void **state)
{
    rig_open_with_models(state);
    rig_reopen(*state, agent_table);
    return 0;
}

#define TEST(f)      cmocka_unit_test_setup_teardown(f, rig_open, rig_close)
#define TEST_LIFE(f) cmocka_unit_test_setup_teardown(f, with_real_agents, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_panel_has_its_row_of_the_table),
        TEST(the_columns_of_a_list_are_those_of_its_query),
        TEST(a_new_desk_says_why_its_panels_are_empty),
        TEST(figures_are_written_the_same_everywhere),
        TEST_LIFE(a_desk_that_lives_fills_its_panels),
        TEST_LIFE(what_a_person_did_stands_at_the_desks_time),
        TEST(proposals_stand_with_their_bounds_in_time),
        TEST(learning_shows_cycles_results_and_insights),
        TEST(what_is_open_stands_before_what_is_over),
        TEST(times_follow_the_zone_that_was_asked_for),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
