/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which wording is asked, what it came to, and who decided that. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/calibration.h"
#include "quorum/prompts.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"

static const struct agent *research(void)
{
    return buying_agents[1];
}

static void store(struct rig *r)
{
    struct error e = {0};
    if (prompts_store(r->desk, &e))
        fail_msg("%s", e.text);
}

static int add(struct rig *r, const char *text)
{
    struct error e = {0};
    int version;
    if (prompt_add(r->desk, research(), text, strlen(text), &version, &e))
        fail_msg("%s", e.text);
    return version;
}

static const char *versions(struct rig *r)
{
    return rig_text(r, "SELECT string_agg(version || ' ' || status || ' ' || content, ', ' ORDER BY"
                       " version) FROM agent_prompts WHERE agent_name = 'research'");
}

static void what_is_known_is_not_written_again(void **state)
{
    struct rig *r = *state;
    store(r);
    assert_string_equal(versions(r), "1 ACTIVE buy");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM agent_prompts"), 5);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM agent_prompts WHERE model = ''"), 0);
    int64_t generation = rig_int(r, "SELECT generation FROM prompts_state");
    store(r);
    assert_int_equal(rig_int(r, "SELECT generation FROM prompts_state"), generation);
    assert_int_equal(prompts_generation(r->desk), generation);
}

/* The agents, research with another text. */
static const struct agent *const *reworded(const char *text)
{
    static struct agent other;
    static const struct agent *table[6];
    other = *research();
    other.prompt = text;
    for (int i = 0; i < 5; i++)
        table[i] = i == 1 ? &other : buying_agents[i];
    return table;
}

static void another_text_of_the_program_begins_another_version(void **state)
{
    struct rig *r = *state;
    store(r);
    rig_run(r, "UPDATE agent_prompts SET resolved = 50, right_weight = 30, wrong_weight = 20");
    rig_reopen(r, reworded("buy low"));
    store(r);
    assert_string_equal(versions(r), "1 RETIRED buy, 2 ACTIVE buy low");
    assert_int_equal(rig_int(r, "SELECT resolved FROM agent_prompts WHERE agent_name = 'research'"
                                " AND version = 2"),
                     0);
    /* An older program goes on with what it had, and does not pile up versions. */
    rig_reopen(r, buying_agents);
    store(r);
    assert_string_equal(versions(r), "1 ACTIVE buy, 2 RETIRED buy low");
    assert_int_equal(rig_int(r, "SELECT resolved FROM agent_prompts WHERE agent_name = 'research'"
                                " AND version = 1"),
                     50);
}

static void another_model_begins_every_version_anew(void **state)
{
    struct rig *r = *state;
    store(r);
    assert_int_equal(add(r, "buy more"), 2);
    rig_run(r, "INSERT INTO desk_setting (name, value, origin, set_by)"
               " VALUES ('QUORUM_MODEL', 'claude-sonnet-4-5', 'test', 'test')");
    rig_reopen(r, buying_agents);
    store(r);
    assert_string_equal(versions(r), "1 RETIRED buy, 2 RETIRED buy more, 3 ACTIVE buy, 4 ACTIVE buy"
                                     " more");
    assert_string_equal(rig_text(r, "SELECT DISTINCT origin FROM agent_prompts WHERE agent_name ="
                                    " 'research' AND version = 4"),
                        "operator");
    store(r);
    assert_int_equal(rig_int(r, "SELECT max(version) FROM agent_prompts"), 4);
}

/* ---- choosing */

static void with_one_version_nothing_is_drawn(void **state)
{
    struct rig *r = *state;
    struct prompt_pick pick;
    prompt_pick(r->desk, research(), "AAPL", 1, &pick); /* nothing read yet */
    assert_true(pick.compiled && pick.version == 1 && pick.propensity >= 1);
    store(r);
    prompt_pick(r->desk, research(), "AAPL", 1, &pick);
    assert_true(pick.compiled && pick.version == 1 && pick.propensity >= 1);
}

static void the_same_moment_is_asked_the_same_and_all_are_asked_by_turns(void **state)
{
    struct rig *r = *state;
    int of[3] = {0};
    store(r);
    add(r, "buy more");
    store(r);
    for (int64_t t = 0; t < 2000; t++) {
        struct prompt_pick a, b;
        prompt_pick(r->desk, research(), "AAPL", t * 60000000, &a);
        prompt_pick(r->desk, research(), "AAPL", t * 60000000, &b);
        assert_int_equal(a.version, b.version);
        assert_true(fabs(a.propensity - .5) < 1e-9);
        assert_string_equal(a.text, a.version == 1 ? "buy" : "buy more");
        of[a.version]++;
    }
    assert_true(of[1] > 850 && of[2] > 850); /* 1000 each, 6.7 deviations */
}

static void a_version_that_does_badly_is_still_asked_now_and_then(void **state)
{
    struct rig *r = *state;
    int of[3] = {0};
    store(r);
    add(r, "buy more");
    rig_run(r, "UPDATE agent_prompts SET resolved = 400, scored_at = desk_now(),"
               " right_weight = CASE version WHEN 1 THEN 300 ELSE 100 END,"
               " wrong_weight = CASE version WHEN 1 THEN 100 ELSE 300 END"
               " WHERE agent_name = 'research'");
    store(r);
    for (int64_t t = 0; t < 4000; t++) {
        struct prompt_pick a;
        prompt_pick(r->desk, research(), "AAPL", t * 60000000, &a);
        of[a.version]++;
        assert_true(fabs(a.propensity - (a.version == 1 ? .95 : .05)) < 1e-6);
    }
    assert_true(of[2] > 120 && of[2] < 280); /* 200, 5.8 deviations */
}

/* What was asked stands with the call and with the vote, also in a process that was told nothing
 * of the new version. */
static void what_was_asked_is_stored_with_the_call_and_the_vote(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    int64_t id;
    store(r);
    rig_run(r, "UPDATE agent_prompts SET status = 'RETIRED', retired_by = 'ops'"
               " WHERE agent_name = 'news_analyst'");
    rig_run(r, "INSERT INTO agent_prompts (agent_name, prompt_name, version, content,"
               "  content_sha256, origin, model) SELECT agent_name, 'system', n, 'other ' || n,"
               "  prompt_sha('other ' || n), 'operator', model FROM agent_prompts,"
               "  generate_series(2, 3) n WHERE agent_name = 'research'");
    static const char *const symbols[] = {"AAPL", "MSFT", "NVDA", "JPM"};
    for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
        struct evaluation_request q = {.symbol = symbols[i], .as_of = TIME_NONE};
        assert_int_equal(rig_evaluate(r->desk, &q, &id, &e), OK);
    }
    assert_int_equal(rig_int(r,
                             "SELECT count(*) FROM agent_interactions i JOIN agent_prompts a"
                             "  ON a.id = i.prompt_id JOIN agent_payloads p"
                             "  ON p.interaction_id = i.id JOIN votes v ON v.interaction_id = i.id"
                             " WHERE i.agent_name = 'research' AND i.propensity BETWEEN .3 AND .4"
                             "  AND v.prompt_version = a.version AND v.source = 'model'"
                             "  AND strpos(p.request, '\"text\":\"' || a.content || '\\n') > 0"),
                     4);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM agent_interactions WHERE agent_name ="
                                " 'technical_analyst' AND propensity = 1"),
                     4);
    /* None in force: the program's own text is asked all the same. */
    assert_int_equal(rig_int(r, "SELECT count(*) FROM votes WHERE agent = 'news_analyst'"
                                " AND source = 'model' AND prompt_version = 1"),
                     4);
}

/* ---- scores */

static void resolved_votes_count_and_old_ones_count_less(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    struct prompt_list l;
    char text[200];
    store(r);
    add(r, "buy more");
    rig_run(r,
            "WITH e AS (INSERT INTO evaluations (symbol, requested_by, state, finished_at, as_of,"
            "  price) SELECT 'AAPL', 'test', 'DECIDED', desk_now(), desk_now(), 100"
            "  FROM generate_series(1, 8) RETURNING id), o AS ("
            " INSERT INTO shadow_outcomes (evaluation_id, symbol, state, y, entry_day,"
            "  resolved_at) SELECT id, 'AAPL', CASE id WHEN 8 THEN 'OPEN' ELSE 'DONE' END,"
            "  CASE WHEN id <= 4 THEN 1 ELSE 0 END, '2025-01-06',"
            "  desk_now() - interval '100 days' FROM e), v AS ("
            " INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence, reason,"
            "  counted, prompt_version) SELECT id, 'research', 'model', 'voter', CASE id WHEN 3"
            "  THEN 'SELL' WHEN 6 THEN 'HOLD' ELSE 'BUY' END, 70, '', true, 1 + id % 2 FROM e)"
            " INSERT INTO vote_scores (evaluation_id, agent, source, probability, y, brier)"
            " SELECT id, 'research', 'model', .7, CASE WHEN id <= 4 THEN 1 ELSE 0 END, 0 FROM e");
    assert_int_equal(calibration_refresh(r->desk, NULL, &e), OK);
    /* Version 1 (even ids): BUY right twice, a HOLD that says nothing, one open. Version 2 (odd):
     * BUY right, SELL wrong, BUY wrong twice. */
    double w = pow(PROMPT_DISCOUNT, 100);
    assert_int_equal(prompts_list(r->desk, "research", &l, &e), OK);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.prompt[0].score.version, 2);
    assert_int_equal(l.prompt[0].score.resolved, 4);
    assert_true(fabs(l.prompt[0].score.right - w) < 1e-6);
    assert_true(fabs(l.prompt[0].score.wrong - 3 * w) < 1e-6);
    assert_int_equal(l.prompt[1].score.resolved, 2);
    assert_true(fabs(l.prompt[1].score.right - 2 * w) < 1e-6);
    assert_true(fabs(l.prompt[1].mean - (1 + 2 * w) / (2 + 2 * w)) < 1e-6);
    assert_true(fabs(l.prompt[0].best + l.prompt[1].best - 1) < 1e-9);
    assert_true(l.prompt[1].best > l.prompt[0].best);
    assert_memory_equal(prompts_verdict(&l, "research", text), "not enough data: need ~", 23);
    assert_non_null(strstr(text, "have 2"));
    prompts_list_release(&l);
    assert_string_equal(rig_text(r, "SELECT round(performance_score::numeric, 3) FROM agent_prompts"
                                    " WHERE agent_name = 'research' AND version = 1"),
                        "0.689");
}

/* ---- a person's acts */

static enum err refused(struct rig *r, const char *text, size_t len)
{
    struct error e = {0};
    int version;
    return prompt_add(r->desk, research(), text, len, &version, &e);
}

static void a_text_that_cannot_be_asked_is_refused(void **state)
{
    struct rig *r = *state;
    static char large[PROMPT_TEXT_MAX + 1];
    memset(large, 'a', sizeof large);
    store(r);
    assert_int_equal(refused(r, "", 0), ERR_USAGE);
    assert_int_equal(refused(r, " \n", 2), ERR_USAGE);
    assert_int_equal(refused(r, "a\0b", 3), ERR_USAGE);
    assert_int_equal(refused(r, "\xff\xfe", 2), ERR_USAGE);
    assert_int_equal(refused(r, "a\x1b[2J", 5), ERR_USAGE);
    assert_int_equal(refused(r, "a\xc2\x9b", 3), ERR_USAGE);
    assert_int_equal(refused(r, "a\xe2\x80\xae", 4), ERR_USAGE);
    assert_int_equal(refused(r, "a\xe2\x80\x8b", 4), ERR_USAGE);
    assert_int_equal(refused(r, large, sizeof large), ERR_USAGE);
    assert_int_equal(refused(r, "buy", 3), ERR_POLICY); /* it is version 1 */
    assert_string_equal(versions(r), "1 ACTIVE buy");
}

static void three_are_asked_and_one_is_always_left(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    store(r);
    add(r, "two");
    add(r, "three");
    assert_int_equal(refused(r, "four", 4), ERR_POLICY);
    assert_int_equal(prompt_retire(r->desk, "research", 1, "worse", &e), OK);
    assert_int_equal(prompt_retire(r->desk, "research", 1, "worse", &e), ERR_POLICY);
    assert_int_equal(prompt_retire(r->desk, "research", 9, "worse", &e), ERR_POLICY);
    assert_int_equal(add(r, "four"), 4);
    assert_int_equal(prompt_promote(r->desk, "research", 3, "better", &e), OK);
    assert_string_equal(versions(r),
                        "1 RETIRED buy, 2 RETIRED two, 3 ACTIVE three, 4 RETIRED four");
    assert_int_equal(prompt_retire(r->desk, "research", 3, "worse", &e), ERR_POLICY);
    assert_int_equal(prompt_promote(r->desk, "research", 1, "back", &e), OK);
    assert_string_equal(rig_text(r,
                                 "SELECT string_agg(verb || ' ' || object || ' ' || reason, ', '"
                                 " ORDER BY id) FROM operator_actions WHERE verb LIKE 'prompts%'"),
                        "prompts add research v2 , prompts add research v3 , prompts retire"
                        " research v1 worse, prompts add research v4 , prompts promote research v3"
                        " better, prompts promote research v1 back");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM audit_verify() WHERE bad_id IS NULL"), 1);
}

/* What an operator has put away does not come back with the next start of the program. */
static void a_start_does_not_undo_what_an_operator_decided(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    store(r);
    add(r, "two");
    assert_int_equal(prompt_promote(r->desk, "research", 2, "better", &e), OK);
    store(r);
    assert_string_equal(versions(r), "1 RETIRED buy, 2 ACTIVE two");
    rig_reopen(r, reworded("buy low"));
    store(r);
    assert_string_equal(versions(r), "1 RETIRED buy, 2 ACTIVE two, 3 RETIRED buy low");
    store(r);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM agent_prompts WHERE agent_name = 'research'"),
                     3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(what_is_known_is_not_written_again),
        TEST(another_text_of_the_program_begins_another_version),
        TEST(another_model_begins_every_version_anew),
        TEST(with_one_version_nothing_is_drawn),
        TEST(the_same_moment_is_asked_the_same_and_all_are_asked_by_turns),
        TEST(a_version_that_does_badly_is_still_asked_now_and_then),
        cmocka_unit_test_setup_teardown(what_was_asked_is_stored_with_the_call_and_the_vote,
                                        rig_open_with_models, rig_close),
        TEST(resolved_votes_count_and_old_ones_count_less),
        TEST(a_text_that_cannot_be_asked_is_refused),
        TEST(three_are_asked_and_one_is_always_left),
        TEST(a_start_does_not_undo_what_an_operator_decided),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
