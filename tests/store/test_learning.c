/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The learning cycle from stored decisions to proposals, on a desk whose past is written by hand;
 * what becomes of a cycle that dies, and of models that answer nonsense. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/agents.h"
#include "core/desk/desk_private.h"
#include "fake/messages.h"
#include "quorum/learning.h"
#include "quorum/model.h"
#include "quorum/parameters.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"

/* 240 decisions to buy in 24 weeks, two a day of 24 symbols, every third traded. `r` is an
 * expression in i, rsi and a number u that looks like chance (0 .. 1). */
#define PAST                                                                                       \
    "UPDATE desk SET clock = 'virtual', clock_at = '2026-10-30 01:00Z';"                           \
    "SELECT ensure_partitions(d::timestamptz) FROM generate_series('2026-04-01'::timestamp,"       \
    "  '2026-10-01', '1 month') d;"                                                                \
    "CREATE TEMP TABLE past AS SELECT i, symbol, day, rsi, u, (%s)::float8 AS r FROM ("            \
    "  SELECT i, (ARRAY['AAPL','MSFT','NVDA','INTC','GOOGL','META','DIS','AMZN','TSLA','HD',"      \
    "    'JPM','BAC','V','XOM','CVX','JNJ','PFE','UNH','WMT','KO','COST','BA','CAT','SPY'])"       \
    "    [i %% 24 + 1] AS symbol,"                                                                 \
    "    DATE '2026-04-20' + i / 2 / 5 * 7 + i / 2 %% 5 AS day, %s AS rsi,"                        \
    "    (hashint4(i * 7919 + %d)::bigint & 65535) / 65536.0 AS u"                                 \
    "  FROM generate_series(0, 239) i) x;"                                                         \
    "INSERT INTO evaluations (symbol, requested_by, state, finished_at, as_of, created_at, price," \
    "  regime, decision, consensus_reached, agree, voters, needed)"                                \
    " SELECT symbol, 'test', 'DECIDED', day + time '15:00', day + time '15:00',"                   \
    "  day + time '15:00', 100, 'BULL', 'BUY', true, 2, 3, 2 FROM past ORDER BY i;"                \
    "INSERT INTO dossiers (evaluation_id, created_at, content, sha256) SELECT i + 1,"              \
    "  day + time '15:00', jsonb_build_object('indicators', jsonb_build_object('rsi', rsi, 'atr'," \
    "  2, 'beta', 1, 'volume_ratio', 1), 'profile', jsonb_build_object('sector', 'Energy')), ''"   \
    " FROM past;"                                                                                  \
    "INSERT INTO evaluation_facts SELECT i + 1, 'Energy', rsi, 1, 2, 1 FROM past;"                 \
    "INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence, reason, counted)"    \
    " SELECT i + 1, a, 'baseline', 'voter', 'BUY', 70, '', true FROM past,"                        \
    "  unnest(ARRAY['research', 'technical_analyst']) a;"                                          \
    "INSERT INTO shadow_outcomes (evaluation_id, symbol, state, stop_pct, target_pct, entry_day,"  \
    "  entry_price, outcome, exit_day, exit_price, sessions, return_pct, r_multiple, y)"           \
    " SELECT i + 1, symbol, 'DONE', 3, 8, day, 100, 'time', day + 7, 100, 5, r * 3, r,"            \
    "  (r > 0)::int FROM past;"                                                                    \
    "INSERT INTO positions (symbol, state, evaluation_id, quantity, entry_price, opened_at,"       \
    "  closed_at, entry_day, regime) SELECT symbol, 'CLOSED', i + 1, 0, 100, day + time '15:00',"  \
    "  day + 7 + time '15:00', day, 'BULL' FROM past WHERE i %% 3 = 0 ORDER BY i;"                 \
    "INSERT INTO trade_outcomes (symbol, decision, entry_price, exit_price, pnl_dollars, pnl_pct," \
    "  exit_reason, position_id, evaluation_id, quantity, r_multiple, opened_at, closed_at,"       \
    "  created_at) SELECT p.symbol, 'BUY', 100, 100, round((x.r * 100)::numeric, 2), x.r * 3,"     \
    "  'time_exit', p.id, p.evaluation_id, 10, x.r, p.opened_at, p.closed_at, p.closed_at"         \
    " FROM positions p JOIN past x ON x.i + 1 = p.evaluation_id ORDER BY p.id;"                    \
    "DROP TABLE past"

/* High RSI loses six in seven, the rest every other; all above 85 loses; nothing matters. */
#define LOSES_HIGH        "CASE WHEN u < CASE WHEN rsi > 65 THEN .15 ELSE .5 END THEN 2.66 ELSE -1 END"
#define LOSES_ALL_FROM_85 "CASE WHEN rsi > 85 THEN -1 WHEN u < .5 THEN 2.66 ELSE -1 END"
#define NOTHING           "CASE WHEN u < .2735 THEN 2.66 ELSE -1 END"

static void write_past(struct rig *r, const char *result, int seed)
{
    struct buf sql = {0};
    struct error e = {0};
    bool late = strcmp(result, LOSES_ALL_FROM_85) == 0;
    buf_printf(&sql, PAST, result, late ? "60.5 + (i * 3 % 29)" : "40.5 + (i * 7 % 50)", seed);
    rig_run(r, buf_text(&sql));
    buf_release(&sql);
    rig_run(r, "INSERT INTO desk_setting (name, value, origin, set_by)"
               " VALUES ('SELF_LEARNING_LOOKBACK_DAYS', '365', 'test', 'test')");
    assert_int_equal(desk_load_settings(r->desk, &e), OK);
}

static void expect(struct rig *r, const char *sql, const char *text)
{
    const char *got = rig_text(r, sql);
    if (strcmp(got, text) != 0)
        fail_msg("%s: \"%s\", not \"%s\"", sql, got, text);
}

static enum err cycle(struct rig *r, struct learning_result *out, struct error *e)
{
    struct learning_request q = {.trigger = "operator", .seed_name = "default"};
    err_clear(e);
    return learning_cycle(r->desk, &q, out, e);
}

static struct learning_result must_cycle(struct rig *r)
{
    struct learning_result out;
    struct error e = {0};
    if (cycle(r, &out, &e))
        fail_msg("%s; %s", e.text, e.fix);
    return out;
}

/* ---- without a model ---- */

static void too_few_trades_say_how_many_are_missing(void **state)
{
    struct rig *r = *state;
    struct learning_result out;
    struct error e = {0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cycle(r, &out, &e), ERR_POLICY);
        assert_string_equal(e.code, "E33");
        assert_string_equal(e.text, "self-learning needs 10 trades, there are 0: 10 are missing");
    }
    expect(r, "SELECT string_agg(state || ' ' || reason, ',') FROM learning_cycles",
           "REFUSED needs 10 trades, there are 0");
}

static void a_planted_effect_is_found_proposed_and_explained(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_HIGH, 1);
    struct learning_result out = must_cycle(r);
    assert_int_equal(out.trades, 80);
    assert_true(out.cases > 200 && out.tested >= 4 && out.patterns >= 1);
    assert_int_equal(out.confirmed, 0);
    assert_true(out.queued >= 1 && out.cost == 0);
    assert_int_equal(out.proposals, out.queued + out.applied + out.rejected);
    expect(r,
           "SELECT status || ' ' || (n_in > 60)::text || ' ' || (rate_in < rate_out)::text"
           " FROM learning_patterns WHERE condition = 'rsi_from_65'",
           "candidate true true");
    expect(r,
           "SELECT direction || ' ' || day FROM pattern_discoveries"
           " WHERE condition = 'rsi_from_65'",
           "-1 2026-10-29");
    expect(r, "SELECT count(*) || ' ' || count(DISTINCT condition) FROM learning_patterns",
           "42 42");
    expect(r, "SELECT count(*) FROM learning_trials", "28");
    expect(r, "SELECT count(*) FROM learning_changes", "28");
    expect(r, "SELECT state || ' ' || considered || ' ' || compared FROM learning_cycles",
           "DONE 28 28");
    /* The proposal, and that its evidence is what is stored. */
    expect(r,
           "SELECT status || ' ' || risk_level || ' ' || (evidence->>'source') || ' ' ||"
           " (evidence->>'by') || ' ' || (evidence->>'pattern') || ' ' || (effect > 0)::text"
           " FROM strategy_adjustments, LATERAL (SELECT (evidence->>'effect')::float8 AS effect)"
           " x WHERE parameter_name = 'rsi_max'",
           "PENDING LOW filter baseline rsi_from_65 true");
    expect(r,
           "SELECT count(*) FROM strategy_adjustments a,"
           " jsonb_array_elements_text(a.evidence->'trade_ids') t"
           " WHERE a.parameter_name = 'rsi_max' AND NOT EXISTS (SELECT FROM trade_outcomes o"
           "  WHERE o.id = t::bigint)",
           "0");
    expect(r,
           "SELECT bool_and((d.content::jsonb->'indicators'->>'rsi')::float8 > a.new_value)"
           " FROM strategy_adjustments a, jsonb_array_elements(a.evidence->'cases') c"
           " JOIN dossiers d ON d.evaluation_id = (c->>'evaluation_id')::bigint"
           " WHERE a.parameter_name = 'rsi_max'",
           "t");
    expect(r,
           "SELECT bool_and(o.evaluation_id = (c->>'evaluation_id')::bigint"
           "  AND abs(o.r_multiple - (c->>'r_old')::float8) < 1e-9"
           "  AND (c->>'r_new')::float8 = 0)"
           " FROM strategy_adjustments a, jsonb_array_elements(a.evidence->'cases') c"
           " JOIN trade_outcomes o ON o.id = (c->>'trade_id')::bigint"
           " WHERE a.parameter_name = 'rsi_max'",
           "t");
    expect(r,
           "SELECT count(*) FROM strategy_adjustments WHERE evidence ?& ARRAY['n', 'used',"
           " 'changed', 'unknown', 'weeks', 'mean_old', 'mean_new', 'won_old', 'won_new',"
           " 'delta_95', 'verdict', 'drawdown_old', 'drawdown_new', 'expected', 'warnings',"
           " 'bounds', 'baseline', 'evaluation_ids', 'window', 'cycle', 'not_auto']",
           rig_text(r, "SELECT count(*) FROM strategy_adjustments"));
}

static void a_second_night_refreshes_what_waits_and_counts_no_change_twice(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_HIGH, 1);
    /* What was taken back last month is refused, however good it looks. */
    rig_run(r, "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
               "  confidence_score, reasoning, status, rolled_back_at) SELECT 'target_mult', 4, v,"
               "  70, 'test', 'ROLLED_BACK', desk_now() - interval '30 days'"
               " FROM unnest(ARRAY[3, 3.5, 4.5, 5]) v");
    assert_true(must_cycle(r).rejected > 0);
    rig_run(r, "UPDATE desk SET clock_at = clock_at + interval '1 day'");
    must_cycle(r);
    expect(r,
           "SELECT max(n) FROM (SELECT count(*) AS n FROM strategy_adjustments WHERE status = "
           "'REJECTED'"
           " GROUP BY parameter_name, new_value) k",
           "1");
    expect(r,
           "SELECT count(DISTINCT parameter_name) || ' ' || count(*) FROM strategy_adjustments"
           " WHERE status = 'PENDING'",
           rig_text(r, "SELECT count(*) || ' ' || count(*) FROM strategy_adjustments"
                       " WHERE status = 'PENDING' AND cycle_id = 2"));
    expect(r, "SELECT count(*) || ' ' || min(times) || ' ' || max(times) FROM learning_changes",
           "28 2 2");
    expect(r, "SELECT compared FROM learning_cycles WHERE id = 2", "28");
    expect(r, "SELECT cycle_id FROM pattern_discoveries WHERE condition = 'rsi_from_65'", "1");
    expect(r,
           "SELECT confirmation->>'since' FROM learning_patterns"
           " WHERE cycle_id = 2 AND condition = 'rsi_from_65'",
           "2026-10-29");
}

static void a_change_beyond_doubt_applies_itself_alone(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_ALL_FROM_85, 2);
    struct learning_result out = must_cycle(r);
    assert_int_equal(out.applied, 1);
    expect(r, "SELECT name || ' ' || value::float8 || ' ' || set_by FROM parameter_versions",
           "rsi_max 85 desk");
    expect(r, "SELECT status FROM strategy_adjustments WHERE parameter_name = 'rsi_max'",
           "AUTO_APPLIED");
    /* While it is measured nothing else is, and the next step is a person's to take. */
    out = must_cycle(r);
    assert_int_equal(out.applied, 0);
    expect(r, "SELECT count(*) FROM parameter_versions", "1");
}

static void a_desk_that_does_not_learn_applies_nothing_by_itself(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_ALL_FROM_85, 2);
    rig_run(r, "INSERT INTO desk_setting (name, value, origin, set_by)"
               " VALUES ('SELF_LEARNING_ENABLED', 'false', 'test', 'test')");
    struct error e = {0};
    assert_int_equal(desk_load_settings(r->desk, &e), OK);
    struct learning_result out = must_cycle(r);
    assert_int_equal(out.applied, 0);
    expect(r,
           "SELECT status || ': ' || gate_reason FROM strategy_adjustments"
           " WHERE parameter_name = 'rsi_max'",
           "PENDING: changes are not applied without a person here");
}

static void a_desk_without_anything_to_learn_applies_nothing(void **state)
{
    struct rig *r = *state;
    write_past(r, NOTHING, 3);
    for (int seed = 0; seed < 8; seed++) {
        char sql[400];
        snprintf(sql, sizeof sql,
                 "UPDATE shadow_outcomes SET r_multiple = CASE WHEN (hashint4((evaluation_id * 31"
                 "  + %d)::int)::bigint & 65535) / 65536.0 < .2735 THEN 2.66 ELSE -1 END;"
                 "UPDATE trade_outcomes t SET r_multiple = s.r_multiple FROM shadow_outcomes s"
                 " WHERE s.evaluation_id = t.evaluation_id",
                 seed * 1009);
        rig_run(r, sql);
        struct learning_result out = must_cycle(r);
        assert_int_equal(out.applied, 0);
        assert_int_equal(out.confirmed, 0);
    }
    expect(r, "SELECT count(*) FROM parameter_versions", "0");
    expect(r,
           "SELECT count(*) FROM strategy_adjustments WHERE confidence_score < 60"
           " AND status <> 'REJECTED' AND status <> 'SUPERSEDED'",
           "0");
}

static void what_a_person_refused_is_not_asked_again_for_a_month(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_HIGH, 1);
    must_cycle(r);
    rig_run(r, "UPDATE strategy_adjustments SET status = 'REJECTED', decided_by = 'someone',"
               " decided_at = desk_now(), decision_reason = 'no' WHERE parameter_name = 'rsi_max'");
    rig_run(r, "UPDATE desk SET clock_at = clock_at + interval '5 days'");
    must_cycle(r);
    expect(r, "SELECT count(*) FROM strategy_adjustments WHERE parameter_name = 'rsi_max'", "1");
    expect(r,
           "SELECT DISTINCT reason FROM learning_trials"
           " WHERE cycle_id = 2 AND parameter = 'rsi_max'",
           "a person said no to this direction within 30 days");
    rig_run(r, "UPDATE strategy_adjustments SET decided_at = decided_at - interval '31 days'"
               " WHERE parameter_name = 'rsi_max'");
    must_cycle(r);
    expect(r,
           "SELECT count(*) FROM strategy_adjustments WHERE parameter_name = 'rsi_max'"
           " AND status = 'PENDING'",
           "1");
}

static void what_was_taken_back_is_blocked(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_HIGH, 1);
    must_cycle(r);
    rig_run(r, "UPDATE strategy_adjustments SET status = 'ROLLED_BACK', decided_by = 'someone',"
               " decided_at = desk_now(), rolled_back_at = desk_now()"
               " WHERE parameter_name = 'rsi_max'");
    must_cycle(r);
    expect(r,
           "SELECT count(*) FROM strategy_adjustments a WHERE parameter_name = 'rsi_max'"
           " AND status = 'PENDING' AND EXISTS (SELECT FROM strategy_adjustments b"
           "  WHERE b.status = 'ROLLED_BACK' AND b.new_value = a.new_value)",
           "0");
}

/* ---- when dossiers are past their time ---- */

static struct candidate_set *must_load(struct rig *r)
{
    struct candidate_set *s;
    struct error e = {0};
    if (candidates_wait(r->desk, 10000, &s, &e))
        fail_msg("%s", e.text);
    return s;
}

static void what_learning_looks_at_outlives_the_dossiers(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_HIGH, 1);
    struct candidate_set *before = must_load(r);
    assert_true(before->n > 200);
    rig_run(r, "UPDATE desk SET clock_at = clock_at + interval '20 months';"
               "SELECT housekeeping();"
               "UPDATE desk SET clock_at = clock_at - interval '20 months'");
    expect(r, "SELECT count(*) FROM dossiers", "0");
    struct candidate_set *after = must_load(r);
    assert_int_equal(after->n, before->n);
    for (size_t i = 0; i < before->n; i++) {
        const struct candidate *a = &before->c[i], *b = &after->c[i];
        assert_int_equal(a->known.id, b->known.id);
        assert_true(b->known.rsi.known && a->known.rsi.v == b->known.rsi.v);
        assert_true(b->known.volume_ratio.known && b->replay.beta.v == 1);
        assert_true(b->replay.atr > 0 && a->replay.atr == b->replay.atr);
        assert_string_equal(b->known.sector, "Energy");
    }
    candidates_release(before);
    candidates_release(after);
    struct learning_result out = must_cycle(r);
    assert_true(out.cases > 200 && out.patterns >= 1);
    expect(r, "SELECT status FROM learning_patterns WHERE condition = 'rsi_from_65'", "candidate");
    expect(r,
           "SELECT ((evidence->>'changed')::int > 0)::text FROM strategy_adjustments"
           " WHERE parameter_name = 'rsi_max'",
           "true");
}

/* ---- cycles that meet, and that die ---- */

static void of_two_cycles_at_once_one_is_refused(void **state)
{
    struct rig *r = *state;
    struct learning_result out;
    struct error e = {0};
    char sql[400];
    write_past(r, NOTHING, 3);
    snprintf(sql, sizeof sql,
             "INSERT INTO learning_cycles (trigger, state, requested_by, lookback_days, owner,"
             " lease_until) VALUES ('operator', 'RUNNING', 'other', 30, '%s',"
             " clock_timestamp() + interval '1 minute')",
             owner_self());
    rig_run(r, sql);
    assert_int_equal(cycle(r, &out, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.text, "cycle #1 is running"));
    expect(r, "SELECT count(*) FROM learning_cycles", "1");
    rig_run(r, "UPDATE learning_cycles SET lease_until = clock_timestamp() - interval '1 s'");
    assert_int_equal(must_cycle(r).cycle, 2);
    expect(r, "SELECT string_agg(state, ' ' ORDER BY id) FROM learning_cycles", "FAILED DONE");
}

static struct desk *child_desk(struct settings **s, struct loop **l)
{
    return rig_desk(s, l, agent_table);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* A model that takes the question and never answers. */
static int dies_while_a_model_thinks(void *arg)
{
    struct settings *s;
    struct loop *l;
    struct learning_result out;
    struct error e = {0};
    struct learning_request q = {.trigger = "operator"};
    struct desk *d = child_desk(&s, &l);
    (void)arg;
    model_free(d->model);
    d->model = model_rehearsal_new(
        &(struct rehearsal_options){.loop = l, .seed = 1, .latency_ms = 600000});
    learning_cycle(d, &q, &out, &e);
    return 1;
}

static void a_killed_cycle_is_failed_by_the_next_with_its_bill(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_HIGH, 1);
    pid_t pid = rig_fork(dies_while_a_model_thinks, NULL);
    for (int i = 0; i < 600 && !rig_int(r, "SELECT count(*) FROM budget_reservation"
                                           " WHERE state = 'SENT'");
         i++)
        loop_run_until(r->desk->loop, never, NULL, 50);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM budget_reservation WHERE state = 'SENT'"), 2);
    kill(pid, SIGKILL);
    assert_int_equal(rig_wait(pid), -SIGKILL);
    expect(r, "SELECT state FROM learning_cycles", "RUNNING");
    assert_int_equal(must_cycle(r).cycle, 2);
    expect(r,
           "SELECT state || ' ' || (cost_usd > 0)::text || ' ' || (reason LIKE"
           " 'its process ended before it did%')::text FROM learning_cycles WHERE id = 1",
           "FAILED true true");
    expect(r,
           "SELECT c.cost_usd = sum(i.cost_usd) FROM learning_cycles c JOIN agent_interactions i"
           " ON i.cycle_id = c.id WHERE c.id = 1 GROUP BY c.cost_usd",
           "t");
    expect(r, "SELECT count(*) FROM budget_mismatch()", "0");
    expect(r, "SELECT state FROM learning_cycles WHERE id = 2", "DONE");
}

/* ---- models ---- */

struct served {
    struct fake *fake;
    struct http *http;
};

static const struct agent *const only_strategy[] = {&agent_strategy_builder, NULL};
static const struct agent *const only_learning[] = {&agent_learning, NULL};

/* From now on the stand-in answers the desk, and these agents are all it has. */
static struct served serve(struct rig *r, const struct agent *const *agents)
{
    struct served s = {.http = http_new(r->desk->loop),
                       .fake = fake_start(&(struct fake_options){.key = "sk-ant-test"})};
    assert_non_null(s.fake);
    model_free(r->desk->model);
    r->desk->model = model_anthropic_new(&(struct anthropic_options){
        .http = s.http, .loop = r->desk->loop, .base_url = fake_url(s.fake), .key = "sk-ant-test"});
    r->desk->agents = agents;
    return s;
}

static void serve_end(struct rig *r, struct served *s)
{
    model_free(r->desk->model);
    r->desk->model = NULL;
    http_free(s->http);
    fake_stop(s->fake);
}

#define REPLY(input)                                                                               \
    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","                               \
    "\"model\":\"claude-haiku-4-5\",\"content\":[{\"type\":\"tool_use\",\"id\":\"toolu_1\","       \
    "\"name\":\"record_choice\",\"input\":" input "}],\"stop_reason\":\"tool_use\","               \
    "\"usage\":{\"input_tokens\":1000,\"output_tokens\":100}}"
#define CHOICE(id, evidence)                                                                       \
    REPLY("{\"proposal\":\"" id "\",\"priority\":\"LOW\",\"reason\":\"Fewer late entries.\","      \
          "\"evidence\":[" evidence "]}")

static void push(struct served *s, const char *body)
{
    fake_push(s->fake,
              &(struct fake_step){
                  .kind = FAKE_RAW, .status = 200, .type = "application/json", .body = body});
}

static void a_good_answer_puts_its_choice_first_and_changes_no_figure(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_HIGH, 1);
    struct served s = serve(r, only_strategy);
    push(&s, CHOICE("proposal_rsi_max", "{\"fact_id\":\"proposal_rsi_max\",\"value\":null},"
                                        "{\"fact_id\":\"parameter_rsi_max_high\",\"value\":90}"));
    struct learning_result out = must_cycle(r);
    assert_false(out.degraded);
    assert_int_equal(out.cost, 1500000);
    expect(r,
           "SELECT id || ' ' || proposed_by || ' ' || (evidence->>'model_quote') || ' ' ||"
           " (evidence->>'model_priority') FROM strategy_adjustments"
           " WHERE parameter_name = 'rsi_max'",
           "1 strategy_builder Fewer late entries. LOW");
    /* Priority and confidence are the gate's, the sentence code's. */
    expect(r,
           "SELECT a.priority = 'LOW' OR abs(a.confidence_score - t.confidence) > .001 OR"
           " a.reasoning LIKE '%late entries%' FROM strategy_adjustments a JOIN learning_trials t"
           " ON t.parameter = a.parameter_name AND t.new_value = a.new_value"
           " WHERE a.parameter_name = 'rsi_max'",
           "f");
    expect(r,
           "SELECT agent_name || ' ' || action || ' ' || status || ' ' || cost_usd::float8"
           " FROM agent_interactions WHERE cycle_id = 1",
           "strategy_builder learn DONE 0.0015");
    expect(r, "SELECT cost_usd::float8 FROM learning_cycles", "0.0015");
    serve_end(r, &s);
}

static void the_pattern_is_told_in_the_models_words(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_HIGH, 1);
    struct served s = serve(r, only_learning);
    push(&s, REPLY("{\"pattern\":\"pattern_rsi_from_65\",\"headline\":\"Late entries lose\","
                   "\"impact\":\"HIGH\",\"reason\":\"After a run-up\\u0007 little is left.\","
                   "\"evidence\":[{\"fact_id\":\"pattern_rsi_from_65\",\"value\":null}]}"));
    assert_false(must_cycle(r).degraded);
    expect(r, "SELECT headline || ': ' || quote FROM learning_patterns WHERE headline <> ''",
           "Late entries lose: After a run-up\xEF\xBF\xBD little is left.");
    serve_end(r, &s);
}

struct nonsense {
    const char *what;
    enum fake_kind kind;
    const char *body; /* of FAKE_RAW */
    int bad, requests;
};

/* Each is kept with its bill and used for nothing; code's proposals stand. */
static void what_a_model_answers_wrongly_is_kept_and_not_used(void **state)
{
    struct rig *r = *state;
    static const struct nonsense all[] = {
        {"a proposal that does not exist", FAKE_RAW, CHOICE("proposal_leverage", ""), 1, 1},
        {"a parameter of the safety layer", FAKE_RAW, CHOICE("parameter_min_agreement", ""), 1, 1},
        {"a fact that is no proposal", FAKE_RAW, CHOICE("trades_closed", ""), 1, 1},
        {"evidence that does not exist", FAKE_RAW,
         CHOICE("proposal_rsi_max", "{\"fact_id\":\"trade_4711\",\"value\":1}"), 1, 1},
        {"a value outside the bounds", FAKE_RAW,
         CHOICE("proposal_rsi_max", "{\"fact_id\":\"parameter_rsi_max_high\",\"value\":99}"), 1, 1},
        {"prose, and prose again", FAKE_PROSE, NULL, 1, 2},
        {"a form with another field", FAKE_RAW,
         REPLY("{\"proposal\":\"proposal_rsi_max\",\"new_value\":5}"), 1, 2},
        {"a refusal", FAKE_REFUSAL, NULL, 1, 1},
        {"half a form", FAKE_MAX_TOKENS, NULL, 1, 1},
        {"a wrong key", FAKE_401, NULL, 0, 1},
    };
    write_past(r, LOSES_HIGH, 1);
    struct served s = serve(r, only_strategy);
    size_t asked = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (int k = 0; k < all[i].requests; k++)
            fake_push(s.fake, &(struct fake_step){.kind = all[i].kind,
                                                  .status = 200,
                                                  .type = "application/json",
                                                  .body = all[i].body});
        struct learning_result out = must_cycle(r);
        asked += (size_t)all[i].requests;
        if (!out.degraded || fake_requests(s.fake) != asked)
            fail_msg("%s: %zu requests, degraded %d", all[i].what, fake_requests(s.fake),
                     out.degraded);
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT bad_answers FROM learning_cycles WHERE id = %lld",
                 (long long)out.cycle);
        if (rig_int(r, sql) != all[i].bad)
            fail_msg("%s: %s", all[i].what, out.degraded_why);
        expect(r,
               "SELECT count(*) FROM strategy_adjustments WHERE proposed_by <> 'baseline'"
               " OR evidence ? 'model_quote'",
               "0");
        assert_true(out.queued >= 1);
    }
    /* Counted against the agent that said it. */
    expect(r,
           "SELECT count(*) FROM agent_interactions WHERE agent_name = 'strategy_builder'"
           " AND status = 'FAILED' AND error <> ''",
           "12");
    expect(r, "SELECT errors FROM agent_daily_metrics WHERE agent_name = 'strategy_builder'", "12");
    expect(r, "SELECT count(*) FROM budget_mismatch()", "0");
    expect(r, "SELECT count(DISTINCT name) FROM parameter_versions", "0");
    serve_end(r, &s);
}

static void without_budget_code_words_it_and_says_so(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    write_past(r, LOSES_HIGH, 1);
    rig_run(r, "INSERT INTO desk_setting (name, value, origin, set_by)"
               " VALUES ('MULTI_AGENT_DAILY_LLM_BUDGET', '0.000001', 'test', 'test')");
    assert_int_equal(desk_load_settings(r->desk, &e), OK);
    struct served s = serve(r, only_strategy);
    struct learning_result out = must_cycle(r);
    assert_true(out.degraded && out.queued >= 1 && out.cost == 0);
    assert_non_null(strstr(out.degraded_why, "E21"));
    assert_int_equal(fake_requests(s.fake), 0);
    expect(r, "SELECT degraded || ' ' || (degraded_reason LIKE '%E21%')::text FROM learning_cycles",
           "true true");
    serve_end(r, &s);
}

static void without_a_model_the_desk_says_that_code_worded_it(void **state)
{
    struct rig *r = *state;
    write_past(r, LOSES_HIGH, 1);
    struct learning_result out = must_cycle(r);
    assert_true(out.degraded);
    assert_string_equal(out.degraded_why, "code worded it: MULTI_AGENT_ENABLED is false");
    /* Asked to do without, it is not degraded. */
    struct learning_request q = {.trigger = "operator", .without_model = true};
    struct error e = {0};
    assert_int_equal(learning_cycle(r->desk, &q, &out, &e), OK);
    assert_false(out.degraded);
}

#define TEST(name)   cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
#define MODELS(name) cmocka_unit_test_setup_teardown(name, rig_open_with_models, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(too_few_trades_say_how_many_are_missing),
        TEST(a_planted_effect_is_found_proposed_and_explained),
        TEST(a_second_night_refreshes_what_waits_and_counts_no_change_twice),
        TEST(a_change_beyond_doubt_applies_itself_alone),
        TEST(a_desk_that_does_not_learn_applies_nothing_by_itself),
        TEST(a_desk_without_anything_to_learn_applies_nothing),
        TEST(what_a_person_refused_is_not_asked_again_for_a_month),
        TEST(what_was_taken_back_is_blocked),
        TEST(what_learning_looks_at_outlives_the_dossiers),
        TEST(of_two_cycles_at_once_one_is_refused),
        MODELS(a_killed_cycle_is_failed_by_the_next_with_its_bill),
        MODELS(a_good_answer_puts_its_choice_first_and_changes_no_figure),
        MODELS(the_pattern_is_told_in_the_models_words),
        MODELS(what_a_model_answers_wrongly_is_kept_and_not_used),
        MODELS(without_budget_code_words_it_and_says_so),
        TEST(without_a_model_the_desk_says_that_code_worded_it),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
