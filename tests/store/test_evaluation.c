/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evaluations on a real database: what they decide, what they store, and that nothing of it is
 * lost or doubled whenever a process dies. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/command/show.h"
#include "quorum/buf.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"

/* A Friday after the close, so that every run of an evaluation sees the same market. */
#define AS_OF ((int64_t)day_from_civil(2024, 6, 28) * USEC_DAY + 22 * 3600 * USEC_SECOND)

static int64_t must_evaluate(struct rig *r, const struct evaluation_request *request)
{
    struct error e = {0};
    int64_t id;
    if (rig_evaluate(r->desk, request, &id, &e))
        fail_msg("%s; %s", e.text, e.fix);
    assert_true(id > 0);
    return id;
}

static struct stored_evaluation loaded(struct rig *r, int64_t id)
{
    struct stored_evaluation s;
    struct error e = {0};
    if (evaluation_load(r->desk, id, true, &s, &e))
        fail_msg("%s", e.text);
    return s;
}

static struct buf page_of(struct rig *r, int64_t id)
{
    struct stored_evaluation s = loaded(r, id);
    struct output o = {.format = OUTPUT_TEXT};
    show_evaluation_seed(&o, r->desk, &s);
    stored_evaluation_release(&s);
    return o.text;
}

static void expect_lines(const struct buf *page, const char *const *line)
{
    for (; *line; line++)
        if (!strstr(page->data, *line))
            fail_msg("\"%s\" is missing in:\n%s", *line, page->data);
}

static int64_t count(struct rig *r, const char *what, int64_t id)
{
    char sql[600];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s = %lld", what, (long long)id);
    return rig_int(r, sql);
}

/* Everything an evaluation stores, once and equal wherever it stands twice. */
static void expect_whole(struct rig *r, int64_t id, int votes)
{
    assert_int_equal(count(r, "dossiers WHERE evaluation_id", id), 1);
    assert_int_equal(count(r, "votes WHERE evaluation_id", id), votes);
    assert_int_equal(count(r, "agent_interactions WHERE evaluation_id", id), votes);
    assert_int_equal(count(r,
                           "votes v JOIN agent_interactions i ON i.id = v.interaction_id"
                           " AND i.evaluation_id = v.evaluation_id"
                           " AND i.agent_name = v.agent || '_baseline'"
                           " AND i.result->>'vote' = v.vote"
                           " AND (i.result->>'confidence')::float8 = v.confidence"
                           " AND i.result->>'reason' = v.reason WHERE v.evaluation_id",
                           id),
                     votes);
    assert_int_equal(count(r,
                           "dossiers WHERE sha256 = encode(sha256(convert_to(content, 'UTF8')),"
                           " 'hex') AND content::jsonb->>'symbol' = 'AAPL' AND evaluation_id",
                           id),
                     1);
    assert_int_equal(
        count(r,
              "evaluation_facts f JOIN dossiers d USING (evaluation_id),"
              " LATERAL (SELECT d.content::jsonb AS c) x WHERE f.sector = c->'profile'->>'sector'"
              " AND f.rsi IS NOT DISTINCT FROM (c->'indicators'->>'rsi')::float8"
              " AND f.volume_ratio IS NOT DISTINCT FROM (c->'indicators'->>'volume_ratio')::float8"
              " AND f.atr IS NOT DISTINCT FROM (c->'indicators'->>'atr')::float8"
              " AND f.beta IS NOT DISTINCT FROM (c->'indicators'->>'beta')::float8"
              " AND f.evaluation_id",
              id),
        1);
    assert_int_equal(
        count(r, "evaluations WHERE lease_until IS NULL AND finished_at IS NOT NULL AND id", id),
        1);
}

/* The roll-ups are the sum of the interactions, whatever happened on the way. */
static void expect_rollups(struct rig *r)
{
    assert_int_equal(
        rig_int(r, "SELECT count(*) FROM (SELECT agent_name, (created_at AT TIME ZONE 'UTC')::date"
                   " AS date, count(*) AS n, sum(cost_usd) AS cost, sum(latency_ms) AS ms"
                   " FROM agent_interactions GROUP BY 1, 2) i"
                   " FULL JOIN agent_daily_metrics m USING (agent_name, date)"
                   " WHERE (i.n, i.cost, i.ms) IS DISTINCT FROM"
                   " (m.total_calls, m.total_cost_usd, m.latency_ms_sum)"),
        0);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM (SELECT agent_name, date_trunc('hour',"
                                " created_at) AS hour, count(*) AS n FROM agent_interactions"
                                " GROUP BY 1, 2) i FULL JOIN agent_hourly m"
                                " USING (agent_name, hour) WHERE i.n IS DISTINCT FROM m.calls"),
                     0);
    assert_true(rig_int(r, "SELECT sum(total_calls) FROM agent_daily_metrics") > 0);
}

static void expect_audit(struct rig *r, int64_t rows)
{
    struct audit_state a;
    struct error e;
    assert_int_equal(audit_check(r->desk, &a, &e), OK);
    assert_int_equal(a.bad_id, 0);
    if (rows >= 0)
        assert_int_equal(a.rows, rows);
}

static void the_example_of_the_first_document_is_reproduced(void **state)
{
    struct rig *r = *state;
    struct evaluation_request request = rig_example();
    int64_t id = must_evaluate(r, &request);
    struct buf page = page_of(r, id);
    expect_lines(
        &page,
        (const char *const[]){
            "EVALUATING TRADE OPPORTUNITY: AAPL @ $175.50", "Market Regime: BULL (confidence: 96%)",
            "Decision: BUY", "Consensus Reached: True", "Agreement: 3/3 (2 needed)",
            "research: BUY (confidence: 60%)", "technical_analyst: BUY (confidence: 62%)",
            "Risk Manager Decision: APPROVE", "Position Size: 28 shares (4.9% of portfolio)",
            "Stop Loss: 3.2% below entry", "Take Profit: 8.5% above entry", "EXPLORATION",
            "Cost: $0.00 | Tokens: 0", NULL});
    buf_release(&page);
    expect_whole(r, id, 5);
    expect_rollups(r);
    expect_audit(r, 1);
    assert_int_equal(
        rig_int(r, "SELECT count(*) FROM operator_actions WHERE verb = 'evaluate' AND object ="
                   " 'evaluation #1 AAPL' AND after::jsonb->>'price' = '175.5000'"),
        1);
    struct stored_evaluation s = loaded(r, id);
    assert_string_equal(s.state, "DECIDED");
    assert_int_equal(s.shares, 28);
    assert_string_equal(s.binding, "position cap");
    assert_int_equal(s.ncaps, 12);
    assert_true(s.degraded);
    assert_non_null(strstr(s.degraded_reason, "MULTI_AGENT_ENABLED is false"));
    stored_evaluation_release(&s);
}

static void with_two_voters_the_agreement_reads_two_of_two(void **state)
{
    struct rig *r = *state;
    struct evaluation_request request = rig_example();
    request.voters = "research,news_analyst";
    int64_t id = must_evaluate(r, &request);
    struct buf page = page_of(r, id);
    expect_lines(&page,
                 (const char *const[]){"Agreement: 2/2 (2 needed)", "28 shares (4.9%", NULL});
    assert_null(strstr(page.data, "technical_analyst"));
    buf_release(&page);
    expect_whole(r, id, 4);
}

static void the_real_agents_call_the_example_a_bull_market(void **state)
{
    struct rig *r = *state;
    rig_reopen(r, agent_table);
    struct evaluation_request request = rig_example();
    int64_t id = must_evaluate(r, &request);
    struct stored_evaluation s = loaded(r, id);
    assert_string_equal(s.regime, "BULL");
    assert_true(s.regime_confidence.v >= 95.5 && s.regime_confidence.v < 96.5);
    assert_int_equal(s.voters, 3);
    for (size_t i = 0; i < s.nvotes; i++)
        if (strcmp(s.vote[i].agent, "technical_analyst") == 0)
            assert_string_equal(s.vote[i].vote, "BUY");
    stored_evaluation_release(&s);
    /* And what the market gives is evaluated without any figure given. */
    request = (struct evaluation_request){.symbol = "MSFT", .as_of = TIME_NONE};
    id = must_evaluate(r, &request);
    s = loaded(r, id);
    assert_true(strcmp(s.state, "DECIDED") == 0 || strcmp(s.state, "NO_QUORUM") == 0);
    assert_true(strcmp(s.regime, "UNKNOWN") != 0);
    assert_int_equal(count(r,
                           "dossiers WHERE bars_count >= 300 AND bars_sha256 IS NOT NULL AND"
                           " evaluation_id",
                           id),
                     1);
    stored_evaluation_release(&s);
    expect_rollups(r);
}

/* ---- other ends ---- */

static enum vote_state script_state;
static double script_confidence;

static void scripted(const struct dossier *d, const struct risk_view *risk, struct vote *out)
{
    (void)d;
    (void)risk;
    *out = (struct vote){.state = script_state, .confidence = script_confidence};
    copy_text(out->reason, sizeof out->reason, "by the script");
}

static const char *script_verdict;
static double script_shares;

static void scripted_risk(const struct dossier *d, const struct risk_view *risk, struct vote *out)
{
    (void)d;
    (void)risk;
    *out = (struct vote){.state = VOTE_HOLD, .confidence = 60, .score = VALUE(script_shares)};
    copy_text(out->answer, sizeof out->answer, script_verdict);
    copy_text(out->reason, sizeof out->reason, "too close to earnings");
}

static const struct agent scripted_voter = {.name = "scripted",
                                            .role = AGENT_VOTER,
                                            .does = "says what it is told",
                                            .facts = (const char *const[]){NULL},
                                            .prompt_version = 1,
                                            .prompt = "x",
                                            .baseline = scripted};
static const struct agent scripted_veto = {.name = "scripted_risk",
                                           .role = AGENT_VETO,
                                           .does = "says what it is told",
                                           .facts = (const char *const[]){NULL},
                                           .prompt_version = 1,
                                           .prompt = "x",
                                           .baseline = scripted_risk};
static const struct agent *const scripted_agents[] = {&scripted_voter, &scripted_veto, NULL};

static void every_vote_that_is_no_buy_ends_without_a_position(void **state)
{
    static const struct {
        enum vote_state vote;
        const char *state, *decision, *step;
    } rows[] = {
        {VOTE_SELL, "DECIDED", "SELL", "the consensus is not to buy"},
        {VOTE_HOLD, "DECIDED", "HOLD", "the consensus is not to buy"},
        {VOTE_ABSTAIN, "NO_QUORUM", "NONE", "NO_QUORUM: no quorum: 0 of 1"},
        {VOTE_FAILED, "NO_QUORUM", "NONE", "NO_QUORUM: no quorum: 0 of 1"},
    };
    struct rig *r = *state;
    rig_reopen(r, scripted_agents);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct evaluation_request request = rig_example();
        request.voters = "scripted";
        request.min_agreement = 1;
        script_state = rows[i].vote;
        script_confidence = i < 2 ? 65 : 0;
        int64_t id = must_evaluate(r, &request);
        struct stored_evaluation s = loaded(r, id);
        assert_string_equal(s.state, rows[i].state);
        assert_string_equal(s.decision, rows[i].decision);
        assert_int_equal(s.shares, 0);
        assert_null(s.risk_decision);
        stored_evaluation_release(&s);
        struct buf page = page_of(r, id);
        expect_lines(&page, (const char *const[]){rows[i].step, NULL});
        buf_release(&page);
        expect_whole(r, id, 1);
    }
}

static void the_risk_agent_may_shrink_or_forbid_and_never_enlarge(void **state)
{
    static const struct {
        const char *verdict;
        double limit;
        const char *decision;
        int64_t shares;
        double pct;
        const char *binding;
    } rows[] = {
        {"APPROVE", 0, "APPROVE", 28, 4.914, "position cap"},
        {"REDUCE", 10, "REDUCE", 10, 1.755, "risk agent"},
        {"REDUCE", 500, "APPROVE", 28, 4.914, "position cap"},
        {"REDUCE", 0, "REJECT", 0, 0, "risk agent"},
        {"REJECT", 0, "REJECT", 0, 0, "risk agent"},
    };
    struct rig *r = *state;
    rig_reopen(r, scripted_agents);
    script_state = VOTE_BUY;
    script_confidence = 60;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct evaluation_request request = rig_example();
        request.voters = "scripted";
        request.min_agreement = 1;
        script_verdict = rows[i].verdict;
        script_shares = rows[i].limit;
        int64_t id = must_evaluate(r, &request);
        struct stored_evaluation s = loaded(r, id);
        assert_string_equal(s.risk_decision, rows[i].decision);
        assert_int_equal(s.shares, rows[i].shares);
        assert_string_equal(s.binding, rows[i].binding);
        if (rows[i].shares < 28)
            assert_string_equal(s.size_reason, "scripted_risk: too close to earnings");
        assert_true(s.position_pct.v > rows[i].pct - 1e-6 && s.position_pct.v < rows[i].pct + 1e-6);
        stored_evaluation_release(&s);
        expect_whole(r, id, 2);
    }
}

static void what_cannot_be_evaluated_stores_nothing(void **state)
{
    struct rig *r = *state;
    struct error e;
    int64_t id;
    struct evaluation_request request = rig_example();
    request.symbol = "AAPLX";
    assert_int_equal(rig_evaluate(r->desk, &request, &id, &e), ERR_USAGE);
    assert_string_equal(e.code, "E20");
    request = rig_example();
    request.min_agreement = 4;
    assert_int_equal(rig_evaluate(r->desk, &request, &id, &e), ERR_USAGE);
    assert_string_equal(e.text, "4 of 3 voters cannot agree");
    request = rig_example();
    request.voters = "research,risk_manager";
    assert_int_equal(rig_evaluate(r->desk, &request, &id, &e), ERR_USAGE);
    request.voters = "research research";
    assert_int_equal(rig_evaluate(r->desk, &request, &id, &e), ERR_USAGE);
    request = rig_example();
    request.indicators = "atr=-1";
    assert_int_equal(rig_evaluate(r->desk, &request, &id, &e), ERR_USAGE);
    request.indicators = "atr=1,atr=2";
    assert_int_equal(rig_evaluate(r->desk, &request, &id, &e), ERR_USAGE);
    request = rig_example();
    request.indicators = "price=10,atr=3";
    assert_int_equal(rig_evaluate(r->desk, &request, &id, &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "--price 175.50 and --indicators price=10.00"));
    request = rig_example();
    request.data_dir = "/no/such/directory";
    assert_int_not_equal(rig_evaluate(r->desk, &request, &id, &e), OK);
    assert_non_null(strstr(e.text, "/no/such/directory"));
    assert_int_equal(rig_int(r, "SELECT count(*) FROM evaluations"), 0);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM operator_actions"), 0);
    assert_int_equal(rig_resume(r->desk, 77, &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "no evaluation #77"));
    struct stored_evaluation s;
    assert_int_equal(evaluation_load(r->desk, 77, true, &s, &e), ERR_USAGE);
    stored_evaluation_release(&s);
}

/* ---- death and resumption ---- */

struct victim {
    const char *die_at; /* the state at which the child kills itself; NULL: it does not */
    int barrier;        /* read end: everybody starts when it is closed; -1: at once */
    int64_t id;         /* to resume; 0: evaluate the example */
    int report;         /* write end for the error's text; -1: none */
};

static void kill_at(void *arg, int64_t id, const char *state)
{
    const struct victim *v = arg;
    (void)id;
    if (v->die_at && strcmp(v->die_at, state) == 0)
        kill(getpid(), SIGKILL);
}

static bool dies_gathering(const struct victim *v)
{
    return v->die_at && strcmp(v->die_at, "GATHERING") == 0;
}

/* In a child: opens the desk like any other process and evaluates or resumes. */
static int run_victim(void *arg)
{
    struct victim *v = arg;
    struct settings *s;
    struct loop *l;
    struct error e = {0};
    char byte;
    struct desk *d = rig_desk(&s, &l, buying_agents);
    while (v->barrier >= 0 && read(v->barrier, &byte, 1) < 0 && errno == EINTR)
        ;
    struct evaluation_request request = rig_example();
    if (!dies_gathering(v)) /* of a moment known beforehand all is gathered by then */
        request.as_of = AS_OF;
    request.on_state = kill_at;
    request.on_state_arg = v;
    int64_t id;
    enum err rc = v->id ? rig_resume(d, v->id, &e) : rig_evaluate(d, &request, &id, &e);
    if (v->report >= 0 && write(v->report, e.text, strlen(e.text)) < 0)
        return 99;
    return (int)rc;
}

static struct victim plain_victim(void)
{
    return (struct victim){.barrier = -1, .report = -1};
}

/* The votes of an evaluation in one text, without ids and times. */
static const char *votes_text(struct rig *r, int64_t id)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT string_agg(concat_ws('|', agent, source, role, vote, answer, confidence,"
             " reason, score, evidence, counted), E'\\n' ORDER BY agent)"
             " FROM votes WHERE evaluation_id = %lld",
             (long long)id);
    return rig_text(r, sql);
}

/* The only unfinished evaluation; its owner is gone. */
static int64_t orphan(struct rig *r)
{
    struct arena a = {0};
    int64_t *ids, id;
    size_t n, held;
    struct error e;
    assert_int_equal(evaluation_unfinished(r->desk, &a, &ids, &n, &held, &e), OK);
    assert_int_equal(n, 1);
    assert_int_equal(held, 0);
    id = ids[0];
    arena_release(&a);
    return id;
}

static void expect_resumed(struct rig *r, int64_t id, const char *votes, const char *state)
{
    struct error e;
    if (rig_resume(r->desk, id, &e))
        fail_msg("killed at %s: %s", state, e.text);
    struct stored_evaluation s = loaded(r, id);
    assert_string_equal(s.state, "DECIDED");
    assert_string_equal(s.decision, "BUY");
    assert_string_equal(s.agreement, "3/3");
    assert_int_equal(s.shares, 28);
    assert_string_equal(s.risk_decision, "APPROVE");
    assert_true(s.degraded && *s.degraded_reason);
    stored_evaluation_release(&s);
    expect_whole(r, id, 5);
    assert_string_equal(votes_text(r, id), votes);
    assert_int_equal(rig_resume(r->desk, id, &e), ERR_CONFLICT); /* it is finished */
}

/* As if it had been asked of AS_OF from the start. */
static void ask_of_moment(struct rig *r, int64_t id)
{
    char at[33], sql[300];
    time_print_iso(at, AS_OF);
    snprintf(sql, sizeof sql,
             "UPDATE evaluations SET as_of = '%s', request = request || '{\"as_of\": \"%s\"}'"
             " WHERE id = %lld",
             at, at, (long long)id);
    rig_run(r, sql);
}

static void killed_at_any_state_an_evaluation_is_finished_by_another(void **state)
{
    static const char *const states[] = {"QUEUED", "GATHERING", "VOTING", "SIZING"};
    struct rig *r = *state;
    struct evaluation_request request = rig_example();
    request.as_of = AS_OF;
    int64_t whole = must_evaluate(r, &request);
    char *votes = mem_text(votes_text(r, whole));
    char *dossier = mem_text(rig_text(r, "SELECT sha256 FROM dossiers"));
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct victim v = plain_victim();
        v.die_at = states[i];
        assert_int_equal(rig_wait(rig_fork(run_victim, &v)), -SIGKILL);
        int64_t id = orphan(r);
        char where[80];
        snprintf(where, sizeof where, "SELECT state FROM evaluations WHERE id = %lld",
                 (long long)id);
        assert_string_equal(rig_text(r, where), states[i]);
        if (dies_gathering(&v))
            ask_of_moment(r, id);
        expect_resumed(r, id, votes, states[i]);
        assert_int_equal(count(r, "evaluations WHERE attempt = 2 AND id", id), 1);
    }
    assert_int_equal(rig_int(r, "SELECT count(DISTINCT sha256) FROM dossiers"), 1);
    assert_string_equal(rig_text(r, "SELECT sha256 FROM dossiers LIMIT 1"), dossier);
    expect_rollups(r);
    expect_audit(r, 5);
    mem_free(votes);
    mem_free(dossier);
}

static int64_t desk_sessions(struct rig *r)
{
    return rig_int(r, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'quorum_demo' AND"
                      " usename = 'quorum_app'");
}

/* Starts an evaluation in a child and kills it `after_ms` later. True if that was in time. */
static bool killed_after(struct rig *r, int after_ms)
{
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    struct victim v = plain_victim();
    v.barrier = gate[0];
    pid_t pid = rig_fork(run_victim, &v);
    while (desk_sessions(r) < 2) /* until it has the desk open, as we have */
        poll(NULL, 0, 5);
    assert_int_equal(write(gate[1], "x", 1), 1);
    poll(NULL, 0, after_ms);
    kill(pid, SIGKILL);
    bool in_time = rig_wait(pid) == -SIGKILL;
    close(gate[0]);
    close(gate[1]);
    while (desk_sessions(r) > 1) /* its backend may still be at the last statement */
        poll(NULL, 0, 5);
    return in_time;
}

static int kill_rounds(void)
{
    return getenv("QUORUM_TEST_LONG") ? 200 : 12;
}

/* Not at a state but anywhere: between statements, inside one, before or after. */
static void killed_at_any_moment_nothing_is_lost_or_doubled(void **state)
{
    struct rig *r = *state;
    struct evaluation_request request = rig_example();
    request.as_of = AS_OF;
    char *votes = mem_text(votes_text(r, must_evaluate(r, &request)));
    int killed = 0;
    for (int i = 0; i < kill_rounds(); i++) {
        int64_t before = rig_int(r, "SELECT count(*) FROM evaluations");
        killed += killed_after(r, i % 12 * 2);
        if (rig_int(r, "SELECT count(*) FROM evaluations WHERE finished_at IS NULL"))
            expect_resumed(r, orphan(r), votes, "some moment");
        assert_in_range(rig_int(r, "SELECT count(*) FROM evaluations"), before, before + 1);
    }
    assert_true(killed > 0);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM evaluations e WHERE"
                                " (SELECT count(*) FROM votes v WHERE v.evaluation_id = e.id) <> 5"
                                " OR (SELECT count(*) FROM dossiers d WHERE d.evaluation_id = e.id)"
                                " <> 1 OR state <> 'DECIDED'"),
                     0);
    expect_rollups(r);
    expect_audit(r, rig_int(r, "SELECT count(*) FROM evaluations"));
    mem_free(votes);
}

/* With models in it there is money under way. */
static void killed_while_models_think_no_money_is_lost_or_paid_twice(void **state)
{
    struct rig *r = *state;
    int killed = 0;
    for (int i = 0; i < kill_rounds(); i++) {
        struct error e;
        killed += killed_after(r, i % 12 * 4);
        if (rig_int(r, "SELECT count(*) FROM evaluations WHERE finished_at IS NULL") &&
            rig_resume(r->desk, orphan(r), &e))
            fail_msg("%s", e.text);
    }
    assert_true(killed > 0);
    assert_true(rig_int(r, "SELECT count(*) FROM votes WHERE source = 'model'") > 0);
    assert_int_equal(
        rig_int(r, "SELECT count(*) FROM evaluations e WHERE finished_at IS NULL OR"
                   " (SELECT count(*) FROM dossiers d WHERE d.evaluation_id = e.id) <> 1 OR"
                   " (SELECT count(*) FROM votes v WHERE v.evaluation_id = e.id AND"
                   "  source = 'baseline') NOT IN (4, 5)"
                   " OR (SELECT count(*) FROM votes v WHERE v.evaluation_id = e.id AND"
                   "  role = 'voter' AND counted) <> 3"),
        0);
    /* Nothing is still reserved, and every sum is the sum of its parts. */
    assert_int_equal(rig_int(r, "SELECT count(*) FROM budget_reservation WHERE actual_usd IS NULL"),
                     0);
    assert_int_equal(
        rig_int(r, "SELECT count(*) FROM budget_day d WHERE reserved_usd <> 0 OR spent_usd <>"
                   " (SELECT sum(actual_usd) FROM budget_reservation b WHERE b.day = d.day)"),
        0);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM agent_interactions WHERE cost_usd IS NULL OR"
                                " status IN ('RESERVED', 'SENT')"),
                     0);
    assert_int_equal(
        rig_int(r, "SELECT count(*) FROM evaluations e WHERE cost_usd <> (SELECT sum(cost_usd)"
                   " FROM agent_interactions i WHERE i.evaluation_id = e.id)"),
        0);
    /* One bill for one agent's question: the one that was lost with its process, or the other. */
    assert_int_equal(
        rig_int(r, "SELECT count(*) FROM (SELECT FROM agent_interactions WHERE model IS NOT NULL"
                   " AND cost_usd > 0 AND action <> 'repair'"
                   " GROUP BY evaluation_id, agent_name HAVING count(*) > 1) twice"),
        0);
    expect_rollups(r);
}

static void of_two_that_resume_the_same_exactly_one_does(void **state)
{
    static const char *const states[] = {"QUEUED", "VOTING", "SIZING"};
    struct rig *r = *state;
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct victim v = plain_victim();
        int gate[2], won = 0, conflicts = 0;
        v.die_at = states[i];
        assert_int_equal(rig_wait(rig_fork(run_victim, &v)), -SIGKILL);
        assert_int_equal(pipe(gate), 0);
        v = plain_victim();
        v.id = orphan(r);
        v.barrier = gate[0];
        pid_t pid[3];
        for (size_t k = 0; k < ARRAY_LEN(pid); k++)
            pid[k] = rig_fork(run_victim, &v);
        assert_int_equal(write(gate[1], "xxx", 3), 3);
        for (size_t k = 0; k < ARRAY_LEN(pid); k++) {
            int rc = rig_wait(pid[k]);
            won += rc == OK;
            conflicts += rc == ERR_CONFLICT;
        }
        close(gate[0]);
        close(gate[1]);
        assert_int_equal(won, 1);
        assert_int_equal(conflicts, 2);
        expect_whole(r, v.id, 5);
    }
    expect_rollups(r);
}

static void what_a_living_process_works_on_is_left_to_it(void **state)
{
    struct rig *r = *state;
    struct arena a = {0};
    struct error e;
    int64_t *ids;
    size_t n, held;
    rig_run(r, "INSERT INTO evaluations (symbol, requested_by, voters, needed, locked_by,"
               " lease_until, request) VALUES ('AAPL', 'x', 3, 2, 'elsewhere/1/1',"
               " clock_timestamp() + interval '1 hour', '{\"voters\": \"research news_analyst"
               " technical_analyst\"}')");
    assert_int_equal(evaluation_unfinished(r->desk, &a, &ids, &n, &held, &e), OK);
    assert_int_equal(n, 0);
    assert_int_equal(held, 1);
    assert_int_equal(rig_resume(r->desk, 1, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.text, "another process works on it"));
    /* A lease that ran out is a sign of death, on whatever host. */
    rig_run(r, "UPDATE evaluations SET lease_until = clock_timestamp() - interval '1 second'");
    assert_int_equal(evaluation_unfinished(r->desk, &a, &ids, &n, &held, &e), OK);
    assert_int_equal(n, 1);
    assert_int_equal(rig_resume(r->desk, 1, &e), OK);
    expect_whole(r, 1, 5);
    arena_release(&a);
}

#define UNFINISHED(as_of, request)                                                                 \
    "INSERT INTO evaluations (symbol, requested_by, state, voters, needed, created_at, as_of,"     \
    " request) VALUES ('AAPL', 'x', 'GATHERING', 3, 2, desk_now() - interval '2 days', desk_now()" \
    " - interval '" as_of "', '{\"voters\": \"research news_analyst technical_analyst\"" request   \
    "}')"

/* A live market's quotes are newer than an evaluation that lay for days, and would be refused. */
static void what_was_asked_of_now_is_finished_with_the_now_there_is(void **state)
{
    struct rig *r = *state;
    struct error e;
    rig_run(r, UNFINISHED("2 days", ""));
    rig_run(r, UNFINISHED("2 days", ", \"as_of\": \"2026-11-20T21:00:00Z\""));
    rig_run(r, UNFINISHED("9 days", "")); /* of before as_of was kept in the request */
    for (int64_t id = 1; id <= 3; id++) {
        assert_int_equal(rig_resume(r->desk, id, &e), OK);
        expect_whole(r, id, 5);
    }
    assert_string_equal(rig_text(r, "SELECT string_agg(round(extract(epoch FROM desk_now() - as_of)"
                                    " / 86400)::text, ' ' ORDER BY id) FROM evaluations"),
                        "0 2 9");
}

static void a_price_far_from_the_markets_is_refused(void **state)
{
    struct rig *r = *state;
    struct error e;
    int64_t id;
    struct evaluation_request request = rig_example();
    request.indicators = NULL;
    request.price = 1;
    assert_int_equal(rig_evaluate(r->desk, &request, &id, &e), OK);
    struct stored_evaluation s = loaded(r, id);
    assert_string_equal(s.state, "REFUSED");
    assert_non_null(strstr(s.state_reason, "--price 0.0001 is more than 50 % away"));
    assert_int_equal(s.nvotes, 0);
    stored_evaluation_release(&s);
    struct dossier d = {0};
    assert_int_equal(dossier_gather(r->desk, &request, &d, &e), ERR_USAGE);
    dossier_release(&d);
}

/* What was stored and cannot be understood ends the evaluation with the reason, once for all. */
static void an_unreadable_evaluation_ends_as_failed(void **state)
{
    static const char *const broken[] = {
        "UPDATE evaluations SET request = '{\"voters\": \"nobody\"}'",
        "UPDATE evaluations SET request = '{}'",
        "UPDATE evaluations SET request = request || '{\"price\": \"x\"}'",
        "UPDATE evaluations SET request = request || '{\"indicators\": \"\"}'",
        "UPDATE evaluations SET state = 'VOTING'",
    };
    struct rig *r = *state;
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct error e;
        struct victim v = plain_victim();
        char sql[300];
        v.die_at = "GATHERING";
        assert_int_equal(rig_wait(rig_fork(run_victim, &v)), -SIGKILL);
        int64_t id = orphan(r);
        snprintf(sql, sizeof sql, "%s WHERE id = %lld", broken[i], (long long)id);
        rig_run(r, sql);
        assert_int_equal(rig_resume(r->desk, id, &e), OK);
        struct stored_evaluation s = loaded(r, id);
        if (strcmp(s.state, "FAILED") != 0 || !*s.state_reason)
            fail_msg("%s: %s, %s", broken[i], s.state, s.state_reason);
        stored_evaluation_release(&s);
    }
}

static void recorded_bars_that_are_away_for_a_while_end_no_evaluation(void **state)
{
    struct rig *r = *state;
    struct error e;
    struct victim v = plain_victim();
    v.die_at = "GATHERING";
    assert_int_equal(rig_wait(rig_fork(run_victim, &v)), -SIGKILL);
    int64_t id = orphan(r);
    rig_run(r, "UPDATE evaluations SET request = request || '{\"data\": \"/no/such\"}'");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig_resume(r->desk, id, &e), ERR_TRANSIENT);
        assert_non_null(strstr(e.text, "/no/such"));
        assert_non_null(strstr(e.text, "stays unfinished"));
        assert_int_equal(rig_int(r, "SELECT count(*) FROM evaluations"
                                    " WHERE locked_by IS NULL AND finished_at IS NULL"),
                         1);
    }
    rig_run(r, "UPDATE evaluations SET request = request - 'data'");
    assert_int_equal(rig_resume(r->desk, id, &e), OK);
    expect_whole(r, id, 5);
}

/* ---- the database dies ---- */

struct killer {
    struct fixture *f;
    int report;
};

static void kill_database(void *arg, int64_t id, const char *state)
{
    const struct killer *k = arg;
    (void)id;
    if (strcmp(state, "VOTING") != 0)
        return;
    int pid = fixture_postmaster(k->f);
    kill(pid, SIGQUIT); /* at once, all sessions with it */
    while (kill(pid, 0) == 0)
        poll(NULL, 0, 1);
}

static int evaluate_without_database(void *arg)
{
    struct killer *k = arg;
    struct settings *s;
    struct loop *l;
    struct error e = {0};
    int64_t id;
    struct desk *d = rig_desk(&s, &l, buying_agents);
    struct evaluation_request request = rig_example();
    request.on_state = kill_database;
    request.on_state_arg = k;
    enum err rc = rig_evaluate(d, &request, &id, &e);
    if (dprintf(k->report, "%s. %s", e.text, e.fix) < 0)
        return 99;
    return (int)rc;
}

static void a_database_that_dies_under_an_evaluation_is_a_clear_error_and_no_loss(void **state)
{
    struct rig *r = *state;
    int fd[2];
    char text[600] = "";
    /* As for a user; the fixture's server does not wait for its log. */
    rig_run(r, "ALTER DATABASE quorum_demo SET synchronous_commit = on");
    assert_int_equal(pipe(fd), 0);
    struct killer k = {.f = r->f, .report = fd[1]};
    pid_t pid = rig_fork(evaluate_without_database, &k);
    close(fd[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(fd[0], text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)got;
    close(fd[0]);
    int rc = rig_wait(pid);
    if (rc != ERR_TRANSIENT)
        fail_msg("%d: %s", rc, text);
    if (!strstr(text, "the database was lost under evaluation #1: ") || !strstr(text, "--resume 1"))
        fail_msg("%s", text);
    /* The server is started again by whoever watches it; then the work is finished. */
    rig_reopen(r, buying_agents);
    struct error e;
    int64_t id = orphan(r);
    if (rig_resume(r->desk, id, &e))
        fail_msg("%s", e.text);
    expect_whole(r, id, 5);
    expect_rollups(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_example_of_the_first_document_is_reproduced),
        TEST(with_two_voters_the_agreement_reads_two_of_two),
        TEST(the_real_agents_call_the_example_a_bull_market),
        TEST(every_vote_that_is_no_buy_ends_without_a_position),
        TEST(the_risk_agent_may_shrink_or_forbid_and_never_enlarge),
        TEST(what_cannot_be_evaluated_stores_nothing),
        TEST(killed_at_any_state_an_evaluation_is_finished_by_another),
        TEST(killed_at_any_moment_nothing_is_lost_or_doubled),
        cmocka_unit_test_setup_teardown(killed_while_models_think_no_money_is_lost_or_paid_twice,
                                        rig_open_with_models, rig_close),
        TEST(of_two_that_resume_the_same_exactly_one_does),
        TEST(what_a_living_process_works_on_is_left_to_it),
        TEST(what_was_asked_of_now_is_finished_with_the_now_there_is),
        TEST(an_unreadable_evaluation_ends_as_failed),
        TEST(a_price_far_from_the_markets_is_refused),
        TEST(recorded_bars_that_are_away_for_a_while_end_no_evaluation),
        TEST(a_database_that_dies_under_an_evaluation_is_a_clear_error_and_no_loss),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
