/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deciding about proposed changes: every verb, every refusal, what time does, and what follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/review.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"

static int64_t propose_as(struct rig *r, const char *parameter, struct value old,
                          struct value new_value, struct gate gate)
{
    struct error e = {0};
    int64_t id;
    struct proposal p = {.parameter = parameter,
                         .old_value = old,
                         .new_value = new_value,
                         .gate = gate,
                         .reasoning = "stops are hit and prices come back",
                         .by = "baseline",
                         .evidence = "{\"n\": 42, \"verdict\": \"NOT PROVEN\"}"};
    if (gate.risk == LEVEL_LOW && *gate.reason == '\0')
        snprintf(p.gate.reason, sizeof p.gate.reason, "confidence %.0f is below 80",
                 gate.confidence);
    if (review_propose(r->desk, &p, &id, &e))
        fail_msg("propose: %s", e.text);
    return id;
}

static struct gate queued(double confidence)
{
    return (struct gate){.verdict = GATE_QUEUE, .confidence = confidence, .risk = LEVEL_LOW};
}

/* stop_mult 1.5 -> 1.25 waits. */
static int64_t propose(struct rig *r, double confidence)
{
    return propose_as(r, "stop_mult", VALUE(1.5), VALUE(1.25), queued(confidence));
}

static enum err act_on(struct rig *r, struct review_act a, struct review_result *out,
                       struct error *e)
{
    *e = (struct error){0};
    return review_act(r->desk, &a, out, e);
}

static void done(struct rig *r, enum review_verb verb, int64_t id, const char *reason)
{
    struct review_result out;
    struct error e;
    if (act_on(r, (struct review_act){.verb = verb, .id = id, .reason = reason}, &out, &e))
        fail_msg("%s #%lld: %s %s", review_verb_name(verb), (long long)id, e.code, e.text);
}

static void refused(struct rig *r, struct review_act a, enum err kind, const char *code,
                    const char *words)
{
    struct review_result out;
    struct error e;
    int64_t before = rig_int(r, "SELECT count(*) FROM operator_actions");
    assert_int_equal(act_on(r, a, &out, &e), kind);
    assert_string_equal(e.code, code);
    if (!strstr(e.text, words))
        fail_msg("\"%s\" does not say \"%s\"", e.text, words);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM operator_actions"), before);
}

struct passing {
    bool over;
    int64_t changed;
};

static void passed(void *arg, int64_t changed, const struct error *e)
{
    struct passing *p = arg;
    assert_null(e);
    p->over = true;
    p->changed = changed;
}

static bool is_over(void *arg)
{
    return ((const struct passing *)arg)->over;
}

static int64_t pass(struct rig *r)
{
    struct passing p = {0};
    review_pass(r->desk, passed, &p);
    assert_true(loop_run_until(r->desk->loop, is_over, &p, 20000));
    return p.changed;
}

static void hold_is_over(struct rig *r)
{
    rig_run(r, "UPDATE strategy_adjustments SET apply_after = clock_timestamp()"
               " WHERE status = 'APPROVED'");
}

static void applied(struct rig *r, int64_t id, const char *reason)
{
    done(r, REVIEW_APPROVE, id, reason);
    hold_is_over(r);
    assert_int_equal(pass(r), 1);
}

static const char *status(struct rig *r, int64_t id)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT status FROM strategy_adjustments WHERE id = %lld",
             (long long)id);
    return rig_text(r, sql);
}

static const char in_force[] = "SELECT COALESCE((SELECT trim_scale(value)::text FROM"
                               " parameter_versions WHERE name = 'stop_mult' ORDER BY id DESC"
                               " LIMIT 1), 'baseline')";

static void chain_is_whole(struct rig *r)
{
    struct audit_state a;
    struct error e = {0};
    assert_int_equal(audit_check(r->desk, &a, &e), OK);
    assert_int_equal(a.bad_id, 0);
}

/* ---- */

static void an_approval_applies_after_its_hold_and_not_before(void **state)
{
    struct rig *r = *state;
    struct review_result out;
    struct error e;
    int64_t id = propose(r, 74);
    assert_int_equal(act_on(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id}, &out, &e),
                     OK);
    assert_string_equal(out.status, "APPROVED");
    assert_non_null(strstr(out.text, "no engine runs"));
    assert_int_not_equal(out.apply_at, TIME_NONE);
    assert_int_equal(pass(r), 0);
    assert_string_equal(rig_text(r, in_force), "baseline");
    hold_is_over(r);
    assert_int_equal(pass(r), 1);
    assert_int_equal(pass(r), 0);
    assert_string_equal(rig_text(r, in_force), "1.25");
    assert_string_equal(status(r, id), "APPLIED");
    assert_string_equal(rig_text(r, "SELECT string_agg(verb || ': ' || before || ' > ' || after,"
                                    " '; ' ORDER BY id) FROM operator_actions"
                                    " WHERE verb = 'apply'"),
                        "apply: stop_mult 1.5 > stop_mult 1.25, version 1");
    assert_string_equal(rig_text(r, "SELECT measured->>'state' FROM strategy_adjustments"),
                        "measuring");
    chain_is_whole(r);
}

static void the_hold_is_as_long_as_the_console_says(void **state)
{
    struct rig *r = *state;
    struct review_result out;
    struct error e;
    int64_t id = propose(r, 70);
    r->desk->review_hold_s = 37;
    struct review_act a = {.verb = REVIEW_APPROVE, .id = id, .reason = "seen"};
    assert_int_equal(act_on(r, a, &out, &e), OK);
    assert_non_null(strstr(out.text, "37 s"));
    assert_true(rig_int(r, "SELECT extract(epoch FROM apply_after - clock_timestamp())::int"
                           " FROM strategy_adjustments WHERE apply_after IS NOT NULL") > 20);
}

static void undo_in_the_hold_means_that_it_never_happened(void **state)
{
    struct rig *r = *state;
    int64_t id = propose(r, 74);
    done(r, REVIEW_APPROVE, id, "");
    done(r, REVIEW_UNDO, 0, NULL);
    assert_string_equal(status(r, id), "PENDING");
    assert_int_equal(pass(r), 0);
    assert_string_equal(rig_text(r, in_force), "baseline");
    refused(r, (struct review_act){.verb = REVIEW_UNDO}, ERR_USAGE, "E50", "nothing to undo");
    applied(r, id, "");
    refused(r, (struct review_act){.verb = REVIEW_UNDO}, ERR_CONFLICT, "E51", "was applied at");
    refused(r, (struct review_act){.verb = REVIEW_UNDO, .id = id}, ERR_CONFLICT, "E51",
            "was applied at");
}

static void what_is_decided_is_not_decided_again(void **state)
{
    struct rig *r = *state;
    static const enum review_verb all[] = {REVIEW_APPROVE, REVIEW_REJECT, REVIEW_DEFER,
                                           REVIEW_SHADOW};
    int64_t id = propose(r, 74);
    refused(r, (struct review_act){.verb = REVIEW_REJECT, .id = 99, .reason = "why"}, ERR_USAGE,
            "E10", "no adjustment #99");
    refused(r, (struct review_act){.verb = REVIEW_REJECT, .id = id, .reason = "x"}, ERR_USAGE,
            "E05", "needs a reason");
    refused(r, (struct review_act){.verb = REVIEW_UNSHADOW, .id = id}, ERR_CONFLICT, "E11",
            "not in shadow");
    refused(r, (struct review_act){.verb = REVIEW_REVERT, .id = id, .reason = "why"}, ERR_CONFLICT,
            "E11", "not applied");
    done(r, REVIEW_REJECT, id, "too few trades");
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        refused(r,
                (struct review_act){
                    .verb = all[i], .id = id, .reason = "because", .defer_us = USEC_DAY},
                ERR_CONFLICT, "E11", "rejected by");
    done(r, REVIEW_UNDO, id, NULL);
    assert_string_equal(status(r, id), "PENDING");
}

static void a_decision_is_bound_to_what_was_shown(void **state)
{
    struct rig *r = *state;
    struct review_question q;
    struct error e = {0};
    int64_t id = propose(r, 74);
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &id, 1, &q, &e), OK);
    assert_int_equal(q.level, 2);
    assert_int_equal(q.version, 1);
    assert_non_null(strstr(q.title, "APPROVE #1  stop_mult 1.5 -> 1.25  conf 74%  risk LOW  NOT"));
    assert_int_equal(propose(r, 70), id); /* the next cycle judges it anew: the same row */
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id, .version = q.version},
            ERR_CONFLICT, "E12", "(confidence 74 -> 70)");
    refused(r,
            (struct review_act){
                .verb = REVIEW_REJECT, .id = id, .digest = q.digest, .reason = "too few"},
            ERR_CONFLICT, "E12", "changed while you looked");
    rig_run(r, "UPDATE strategy_adjustments SET evidence = '{\"n\": 3}'");
    assert_int_equal(rig_int(r, "SELECT version FROM strategy_adjustments"), 3);
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &id, 1, &q, &e), OK);
    struct review_result out;
    assert_int_equal(
        act_on(r,
               (struct review_act){
                   .verb = REVIEW_APPROVE, .id = id, .version = q.version, .digest = q.digest},
               &out, &e),
        OK);
}

static void nothing_is_applied_by_silence(void **state)
{
    struct rig *r = *state;
    int64_t id = propose(r, 74);
    rig_run(r, "UPDATE strategy_adjustments SET expires_at = desk_now()");
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id}, ERR_POLICY, "E13",
            "it was not applied");
    assert_int_equal(pass(r), 1);
    assert_string_equal(status(r, id), "EXPIRED");
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id}, ERR_POLICY, "E13",
            "expired at");
    assert_string_equal(rig_text(r, in_force), "baseline");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM operator_actions WHERE verb = 'expire'"), 1);
}

static void the_next_cycle_renews_before_anything_expires(void **state)
{
    struct rig *r = *state;
    int64_t id = propose(r, 74), other;
    rig_run(r, "UPDATE strategy_adjustments SET expires_at = desk_now() - interval '1 second'");
    assert_int_equal(propose(r, 71), id);
    assert_string_equal(status(r, id), "PENDING");
    assert_int_equal(rig_int(r, "SELECT round(extract(epoch FROM expires_at - desk_now()) / 3600)"
                                " FROM strategy_adjustments"),
                     REVIEW_EXPIRES_H);
    /* Another value replaces it: somebody has decided. */
    rig_run(r, "UPDATE strategy_adjustments SET expires_at = desk_now() - interval '1 second'");
    other = propose_as(r, "stop_mult", VALUE(1.5), VALUE(1), queued(71));
    assert_string_equal(status(r, id), "SUPERSEDED");
    /* While a cycle is due, time waits for it; not for ever. */
    rig_run(r, "INSERT INTO jobs (kind, stage, unique_key, due_at) VALUES ('learn', 6, 'x',"
               " desk_now());"
               "UPDATE strategy_adjustments SET expires_at = desk_now() - interval '1 minute'"
               " WHERE status = 'PENDING'");
    assert_int_equal(pass(r), 0);
    assert_string_equal(status(r, other), "PENDING");
    rig_run(r, "UPDATE jobs SET state = 'done' WHERE unique_key = 'x'");
    assert_int_equal(pass(r), 1);
    assert_string_equal(status(r, other), "EXPIRED");
}

static void evidence_holds_only_under_the_values_it_was_measured_with(void **state)
{
    struct rig *r = *state;
    struct review_question q;
    struct error e = {0};
    struct review_result out;
    int64_t first = propose(r, 74);
    int64_t id = propose_as(r, "time_exit", VALUE(20), VALUE(15), queued(70));
    applied(r, first, "");
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &id, 1, &q, &e), OK);
    assert_int_equal(q.level, 3);
    assert_int_equal(q.version, 2);
    assert_true(q.needs_reason);
    assert_string_equal(q.line[1], "WARNING: measured while stop_mult was 1.5; it is 1.25 now: "
                                   "look again with whatif 2");
    assert_string_equal(q.line[2], "warning: being measured at the same time: #1 stop_mult");
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id, .version = 1}, ERR_CONFLICT,
            "E12", "(stop_mult was 1.5; it is 1.25 now)");
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id}, ERR_USAGE, "E05",
            "measured while stop_mult was 1.5");
    /* The next cycle measures it anew. */
    assert_int_equal(propose_as(r, "time_exit", VALUE(20), VALUE(15), queued(70)), id);
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &id, 1, &q, &e), OK);
    assert_int_equal(q.level, 2);
    assert_int_equal(
        act_on(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id, .version = q.version}, &out,
               &e),
        OK);
}

static void the_best_of_many_is_not_called_proof(void **state)
{
    struct rig *r = *state;
    struct review_question q;
    struct error e = {0};
    int64_t id = propose(r, 74);
    rig_run(r, "UPDATE strategy_adjustments SET evidence = evidence || '{\"verdict\": \"PROVEN\","
               " \"compared\": 28, \"ever_compared\": 31}'");
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &id, 1, &q, &e), OK);
    assert_non_null(strstr(q.title, "PROVEN alone; best of 28 compared"));
    rig_run(r, "UPDATE strategy_adjustments SET priority = 'HIGH'");
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &id, 1, &q, &e), OK);
    assert_non_null(strstr(q.title, "PROVEN against all 31 compared"));
}

static void a_reason_is_words_and_is_kept_whole(void **state)
{
    struct rig *r = *state;
    char text[450];
    int64_t id = propose(r, 74);
    memset(text, 'x', sizeof text);
    text[401] = '\0';
    refused(r, (struct review_act){.verb = REVIEW_REJECT, .id = id, .reason = text}, ERR_USAGE,
            "E05", "has 401 characters; at most 400");
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id, .reason = text}, ERR_USAGE,
            "E05", "at most 400");
    refused(r, (struct review_act){.verb = REVIEW_REJECT, .id = id, .reason = "..."}, ERR_USAGE,
            "E05", "in words");
    refused(r, (struct review_act){.verb = REVIEW_SHADOW, .id = id, .reason = "\u2026 !"},
            ERR_USAGE, "E05", "in words");
    text[400] = '\0';
    done(r, REVIEW_REJECT, id, text);
    done(r, REVIEW_UNDO, id, NULL);
    done(r, REVIEW_REJECT, id, "\u8db3\u308a\u306a\u3044");
    assert_string_equal(rig_text(r, "SELECT decision_reason FROM strategy_adjustments"),
                        "\u8db3\u308a\u306a\u3044");
}

static void a_refusal_tells_who_and_when_of_what_it_is_now(void **state)
{
    struct rig *r = *state;
    int64_t id = propose(r, 74);
    refused(r, (struct review_act){.verb = REVIEW_UNDO, .id = id}, ERR_USAGE, "E50",
            "nothing to undo: #1 is pending");
    applied(r, id, "");
    rig_run(r, "UPDATE strategy_adjustments SET decided_at = desk_now() - interval '3 days',"
               " applied_at = desk_now() - interval '3 days', decided_by = 'ann'");
    done(r, REVIEW_REVERT, id, "worse since");
    char words[120];
    snprintf(words, sizeof words, "rolled back by %s@%s at %s (applied", operator_name(),
             operator_origin(), rig_text(r, "SELECT minute_text(desk_now())"));
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id}, ERR_CONFLICT, "E11", words);
}

static void a_deferred_one_comes_back_and_keeps_its_expiry(void **state)
{
    struct rig *r = *state;
    struct review_result out;
    struct error e;
    int64_t id = propose(r, 74);
    struct review_act a = {.verb = REVIEW_DEFER, .id = id, .defer_us = 100 * 3600 * USEC_SECOND};
    assert_int_equal(act_on(r, a, &out, &e), OK);
    assert_non_null(strstr(out.text, "6 h before it expires"));
    assert_int_equal(rig_int(r, "SELECT extract(epoch FROM expires_at - hidden_until)::int"
                                " FROM strategy_adjustments"),
                     6 * 3600);
    assert_int_equal(pass(r), 0);
    rig_run(r, "UPDATE strategy_adjustments SET hidden_until = desk_now()");
    assert_int_equal(pass(r), 1);
    assert_string_equal(status(r, id), "PENDING");
    rig_run(r, "UPDATE strategy_adjustments SET expires_at = desk_now() + interval '5 hours'");
    refused(r, a, ERR_POLICY, "E13", "cannot be put off");
}

static void a_value_that_moved_meanwhile_is_not_overwritten(void **state)
{
    struct rig *r = *state;
    int64_t id = propose(r, 74);
    done(r, REVIEW_APPROVE, id, "");
    rig_run(r, "INSERT INTO parameter_versions (name, value, set_by) VALUES ('stop_mult', 2, 'x')");
    hold_is_over(r);
    assert_int_equal(pass(r), 1);
    assert_string_equal(status(r, id), "SUPERSEDED");
    assert_string_equal(rig_text(r, in_force), "2");
    /* There and back again is a change, too. */
    id = propose_as(r, "stop_mult", VALUE(2), VALUE(1.25), queued(74));
    done(r, REVIEW_APPROVE, id, "");
    rig_run(r, "INSERT INTO parameter_versions (name, value, set_by) VALUES ('stop_mult', 3, 'x'),"
               " ('stop_mult', 2, 'x')");
    hold_is_over(r);
    pass(r);
    assert_string_equal(status(r, id), "SUPERSEDED");
    id = propose_as(r, "stop_mult", VALUE(2), VALUE(1.25), queued(74));
    rig_run(r, "INSERT INTO parameter_versions (name, value, set_by) VALUES ('stop_mult', 3, 'x')");
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id}, ERR_CONFLICT, "E12",
            "stop_mult is 3 now, not 2");
}

static void bounds_hold_when_it_is_applied(void **state)
{
    struct rig *r = *state;
    int64_t id = propose(r, 74);
    rig_run(r, "UPDATE parameters SET low = 1.4 WHERE name = 'stop_mult'");
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id}, ERR_POLICY, "E14",
            "1.25 is outside 1.4..3 for stop_mult; nothing was applied");
    rig_run(r, "UPDATE parameters SET low = 1 WHERE name = 'stop_mult'");
    done(r, REVIEW_APPROVE, id, "");
    rig_run(r, "UPDATE parameters SET step = 0.5 WHERE name = 'stop_mult'");
    hold_is_over(r);
    assert_int_equal(pass(r), 1);
    assert_string_equal(status(r, id), "FAILED");
    assert_string_equal(rig_text(r, in_force), "baseline");
    rig_run(r, "SELECT alerts_refresh()");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM alerts WHERE rule = 'adj.failed'"), 1);
    /* Off is for filters. */
    id = propose_as(r, "time_exit", VALUE(20), VALUE_UNKNOWN, queued(74));
    assert_string_equal(status(r, id), "REJECTED");
    id = propose_as(r, "max_drawdown", VALUE(20), VALUE(30), queued(74));
    assert_string_equal(status(r, id), "REJECTED");
}

static void one_parameter_is_changed_by_one_at_a_time(void **state)
{
    struct rig *r = *state;
    int64_t a = propose(r, 74), b = propose_as(r, "stop_mult", VALUE(1.5), VALUE(1), queued(71));
    assert_string_equal(status(r, a), "SUPERSEDED");
    done(r, REVIEW_APPROVE, b, "");
    int64_t c = propose(r, 80);
    assert_int_not_equal(c, a);
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = c}, ERR_CONFLICT, "E15",
            "change the same parameter");
    hold_is_over(r);
    pass(r);
    assert_string_equal(status(r, b), "APPLIED");
    assert_string_equal(status(r, c), "SUPERSEDED"); /* it was about 1.5 */
}

static void the_gate_applies_and_rejects_with_its_reason(void **state)
{
    struct rig *r = *state;
    struct gate g = {.verdict = GATE_APPLY,
                     .confidence = 92,
                     .risk = LEVEL_LOW,
                     .priority = LEVEL_HIGH,
                     .reason = "all conditions hold"};
    int64_t id = propose_as(r, "stop_mult", VALUE(1.5), VALUE(1.25), g);
    assert_string_equal(status(r, id), "AUTO_APPLIED");
    assert_string_equal(rig_text(r, in_force), "1.25");
    assert_string_equal(rig_text(r, "SELECT operator || ' ' || origin || ' ' || verb || ' ' ||"
                                    " reason FROM operator_actions ORDER BY id DESC LIMIT 1"),
                        "desk gate apply all conditions hold");
    g = (struct gate){.verdict = GATE_REJECT,
                      .confidence = 40,
                      .risk = LEVEL_LOW,
                      .reason = "confidence 40 is below 60"};
    id = propose_as(r, "time_exit", VALUE(20), VALUE(15), g);
    assert_string_equal(status(r, id), "REJECTED");
    assert_string_equal(rig_text(r, "SELECT gate_reason FROM strategy_adjustments"
                                    " ORDER BY id DESC LIMIT 1"),
                        "confidence 40 is below 60");
}

static void a_revert_restores_the_value_and_blocks_the_change(void **state)
{
    struct rig *r = *state;
    int64_t id = propose(r, 74);
    applied(r, id, "");
    refused(r, (struct review_act){.verb = REVIEW_REVERT, .id = id}, ERR_USAGE, "E05", "reason");
    done(r, REVIEW_REVERT, id, "worse since");
    assert_string_equal(status(r, id), "ROLLED_BACK");
    assert_string_equal(rig_text(r, in_force), "1.5");
    assert_int_equal(rig_int(r, "SELECT reverts FROM strategy_adjustments ORDER BY id DESC"
                                " LIMIT 1"),
                     id);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM parameter_versions"), 2);
    int64_t again = propose(r, 90);
    assert_string_equal(status(r, again), "REJECTED");
    rig_run(r, "UPDATE strategy_adjustments SET rolled_back_at = desk_now() - interval '91 days'"
               " WHERE status = 'ROLLED_BACK'");
    assert_string_equal(status(r, propose(r, 90)), "PENDING");
    /* A change that another stands on is not pulled away from under it. */
    rig_run(r, "UPDATE strategy_adjustments SET status = 'APPLIED' WHERE status = 'ROLLED_BACK'");
    refused(r, (struct review_act){.verb = REVIEW_REVERT, .id = id, .reason = "worse"},
            ERR_CONFLICT, "E15", "was set again");
    chain_is_whole(r);
}

static void off_is_a_value(void **state)
{
    struct rig *r = *state;
    int64_t id = propose_as(r, "rsi_max", VALUE_UNKNOWN, VALUE(70), queued(66));
    applied(r, id, "");
    assert_int_equal(rig_int(r, "SELECT value FROM parameter_versions WHERE name = 'rsi_max'"), 70);
    done(r, REVIEW_REVERT, id, "worse");
    assert_string_equal(rig_text(r, "SELECT COALESCE(value::text, 'off') FROM parameter_versions"
                                    " ORDER BY id DESC LIMIT 1"),
                        "off");
}

static void risk_and_haste_ask_for_more(void **state)
{
    struct rig *r = *state;
    struct review_question q;
    struct error e = {0};
    struct gate g = {
        .verdict = GATE_QUEUE, .confidence = 66, .risk = LEVEL_HIGH, .reason = "risk is HIGH"};
    int64_t id = propose_as(r, "target_mult", VALUE(4), VALUE(5), g);
    int64_t both[] = {id, propose(r, 74)};
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &id, 1, &q, &e), OK);
    assert_int_equal(q.level, 3);
    assert_string_equal(q.word, "APPROVE");
    refused(r, (struct review_act){.verb = REVIEW_APPROVE, .id = id}, ERR_USAGE, "E05",
            "has risk HIGH");
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, both, 2, &q, &e), OK);
    assert_int_equal(q.level, 3);
    assert_string_equal(q.word, "2");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &both[1], 1, &q, &e), OK);
        assert_int_equal(q.level, 2);
        done(r, REVIEW_APPROVE, both[1], "");
        done(r, REVIEW_UNDO, 0, NULL);
    }
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &both[1], 1, &q, &e), OK);
    assert_int_equal(q.level, 3);
    assert_int_equal(review_ask(r->desk, REVIEW_REJECT, &both[1], 1, &q, &e), OK);
    assert_int_equal(q.level, 2);
    id = 99;
    assert_int_equal(review_ask(r->desk, REVIEW_APPROVE, &id, 1, &q, &e), ERR_USAGE);
    assert_string_equal(e.code, "E10");
}

static void a_shadow_comes_back_with_what_it_saw(void **state)
{
    struct rig *r = *state;
    int64_t id = propose(r, 74);
    done(r, REVIEW_SHADOW, id, "let us see");
    assert_string_equal(status(r, id), "SHADOW");
    assert_int_equal(rig_int(r, "SELECT shadow_trades FROM strategy_adjustments"), 20);
    done(r, REVIEW_UNSHADOW, id, "");
    assert_string_equal(status(r, id), "PENDING");
    /* Its time rests, and goes on. */
    static const char left[] =
        "SELECT round(extract(epoch FROM expires_at - desk_now()) / 60) FROM strategy_adjustments";
    rig_run(r, "UPDATE strategy_adjustments SET expires_at = desk_now() + interval '90 minutes'");
    done(r, REVIEW_SHADOW, id, "");
    done(r, REVIEW_UNSHADOW, id, "");
    assert_int_equal(rig_int(r, left), 90);
    done(r, REVIEW_SHADOW, id, "");
    done(r, REVIEW_UNDO, id, NULL);
    assert_int_equal(rig_int(r, left), 90);
    done(r, REVIEW_SHADOW, id, "");
    rig_run(r, "UPDATE strategy_adjustments SET shadow_from = desk_now() - interval '91 days'");
    struct passing p = {0};
    review_measure(r->desk, passed, &p);
    assert_true(p.over);
    assert_int_equal(p.changed, 1);
    assert_string_equal(status(r, id), "PENDING");
    assert_int_equal(rig_int(r, "SELECT version FROM strategy_adjustments"), 2);
    assert_non_null(strstr(rig_text(r, "SELECT evidence->'shadow'->>'text'"
                                       " FROM strategy_adjustments"),
                           "no trade could be compared"));
    assert_int_equal(rig_int(r, "SELECT count(*) FROM parameter_versions"), 0);
    /* The next cycle measures anew, and what the shadow saw is still there. */
    assert_int_equal(propose(r, 77), id);
    assert_int_equal(rig_int(r, "SELECT round(confidence_score) FROM strategy_adjustments"), 77);
    assert_non_null(strstr(rig_text(r, "SELECT evidence->'shadow'->>'text'"
                                       " FROM strategy_adjustments"),
                           "no trade could be compared"));
}

/* The next decision is made with, and keeps, the version in force at its moment. */
static const char *decided_with(struct rig *r)
{
    struct evaluation_request q = rig_example();
    struct error e;
    int64_t id;
    char sql[160];
    if (rig_evaluate(r->desk, &q, &id, &e))
        fail_msg("%s", e.text);
    snprintf(sql, sizeof sql,
             "SELECT decision || ' ' || COALESCE(parameters->>'stop_mult', '-') FROM evaluations"
             " WHERE id = %lld",
             (long long)id);
    return rig_text(r, sql);
}

static void a_decision_keeps_the_version_it_was_made_with(void **state)
{
    struct rig *r = *state;
    assert_string_equal(decided_with(r), "BUY -");
    int64_t id = propose(r, 74);
    done(r, REVIEW_APPROVE, id, "");
    assert_string_equal(decided_with(r), "BUY -"); /* in its hold: not committed */
    hold_is_over(r);
    pass(r);
    assert_string_equal(decided_with(r), "BUY 1");
    done(r, REVIEW_REVERT, id, "worse");
    assert_string_equal(decided_with(r), "BUY 2");
}

#define TRADES(n, version, result, days)                                                           \
    "WITH p AS (INSERT INTO positions (symbol, state, quantity, entry_price, opened_at,"           \
    " closed_at, parameters) SELECT 'T' || i, 'CLOSED', 0, 100, desk_now(), desk_now()"            \
    " + interval '" days "', '" version "' FROM generate_series(1, " n ") i RETURNING id, symbol)" \
    " INSERT INTO trade_outcomes (symbol, decision, entry_price, exit_price, pnl_dollars, "        \
    "pnl_pct,"                                                                                     \
    " exit_reason, position_id, quantity, r_multiple, opened_at, closed_at)"                       \
    " SELECT symbol, 'BUY', 100, 99, -1, -1, 'stop_loss', id, 1, " result ", desk_now(),"          \
    " desk_now() + interval '" days "' FROM p"

static int64_t measure(struct rig *r)
{
    struct passing p = {0};
    review_measure(r->desk, passed, &p);
    assert_true(p.over);
    return p.changed;
}

static void a_change_that_harms_is_taken_back_by_its_rule(void **state)
{
    struct rig *r = *state;
    int64_t id = propose(r, 74);
    rig_run(r, TRADES("30", "{}", "CASE WHEN id % 3 = 0 THEN 2 ELSE -1 END", "-1 day"));
    applied(r, id, "");
    rig_run(r, TRADES("10", "{\"stop_mult\": 1}", "-1", "1 day"));
    assert_int_equal(measure(r), 0);
    double worst = strtod(rig_text(r, "SELECT measure->>'worst_drawdown' FROM"
                                      " strategy_adjustments WHERE reverts IS NULL"),
                          NULL);
    assert_true(worst > 10 && worst < 60);
    assert_string_equal(rig_text(r, "SELECT measured->>'n' FROM strategy_adjustments"), "10");
    /* What was fixed at first stays, whatever is known of the past later. */
    rig_run(r, TRADES("100", "{}", "5", "-2 days"));
    rig_run(r, TRADES("90", "{\"stop_mult\": 1}", "-1", "2 days"));
    assert_int_equal(measure(r), 1);
    assert_true(strtod(rig_text(r, "SELECT measure->>'worst_drawdown' FROM strategy_adjustments"
                                   " WHERE reverts IS NULL"),
                       NULL) == worst);
    assert_string_equal(status(r, id), "ROLLED_BACK");
    assert_string_equal(rig_text(r, in_force), "1.5");
    assert_string_equal(rig_text(r, "SELECT measured->>'state' FROM strategy_adjustments"
                                    " WHERE reverts IS NULL"),
                        "rolled back");
    assert_string_equal(rig_text(r, "SELECT operator || ' ' || verb FROM operator_actions"
                                    " ORDER BY id DESC LIMIT 1"),
                        "desk roll back");
    rig_run(r, "SELECT alerts_refresh()");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM alerts WHERE rule = 'adj.back'"), 1);
    assert_string_equal(status(r, propose(r, 95)), "REJECTED");
    assert_int_equal(measure(r), 0);
    chain_is_whole(r);
}

static void what_stays_unproven_does_not_stay(void **state)
{
    struct rig *r = *state;
    struct review_record record;
    struct error e = {0};
    int64_t id = propose(r, 74);
    applied(r, id, "");
    assert_int_equal(measure(r), 0);
    rig_run(r, "UPDATE strategy_adjustments SET applied_at = desk_now() - interval '90 days'");
    assert_int_equal(measure(r), 1);
    assert_string_equal(status(r, id), "ROLLED_BACK");
    assert_string_equal(rig_text(r, in_force), "1.5");
    assert_int_equal(review_record(r->desk, operator_name(), &record, &e), OK);
    assert_string_equal(record.text, "you approved 1: 0 better, 0 worse, 1 unclear; auto 0: 0/0/0");
}

static void a_value_set_past_the_program_is_named(void **state)
{
    struct rig *r = *state;
    struct audit_state a;
    struct error e = {0};
    int64_t id = propose(r, 74);
    applied(r, id, "");
    done(r, REVIEW_REVERT, id, "worse");
    applied(r, propose_as(r, "rsi_max", VALUE_UNKNOWN, VALUE(70), queued(66)), "");
    assert_int_equal(audit_check(r->desk, &a, &e), OK);
    assert_string_equal(a.unaudited, "");
    rig_run(r, "INSERT INTO parameter_versions (name, value, adjustment_id, set_by) VALUES"
               " ('stop_mult', 3, 1, 'x')");
    assert_int_equal(audit_check(r->desk, &a, &e), OK);
    assert_int_equal(a.bad_id, 0);
    assert_non_null(strstr(a.unaudited, "version 4 (stop_mult 3, by x at "));
}

static void tampering_with_a_decision_is_named(void **state)
{
    struct rig *r = *state;
    struct audit_state a;
    struct error e = {0};
    int64_t id = propose(r, 74);
    applied(r, id, "");
    done(r, REVIEW_REVERT, id, "worse");
    rig_run(r, "SET session_replication_role = replica;"
               "UPDATE operator_actions SET operator = 'somebody' WHERE verb = 'apply'");
    assert_int_equal(audit_check(r->desk, &a, &e), OK);
    assert_int_equal(a.bad_id, rig_int(r, "SELECT id FROM operator_actions WHERE verb = 'apply'"));
    assert_non_null(strstr(a.problem, "its content was changed"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_approval_applies_after_its_hold_and_not_before),
        TEST(the_hold_is_as_long_as_the_console_says),
        TEST(undo_in_the_hold_means_that_it_never_happened),
        TEST(what_is_decided_is_not_decided_again),
        TEST(a_decision_is_bound_to_what_was_shown),
        TEST(nothing_is_applied_by_silence),
        TEST(the_next_cycle_renews_before_anything_expires),
        TEST(evidence_holds_only_under_the_values_it_was_measured_with),
        TEST(the_best_of_many_is_not_called_proof),
        TEST(a_reason_is_words_and_is_kept_whole),
        TEST(a_refusal_tells_who_and_when_of_what_it_is_now),
        TEST(a_deferred_one_comes_back_and_keeps_its_expiry),
        TEST(a_value_that_moved_meanwhile_is_not_overwritten),
        TEST(bounds_hold_when_it_is_applied),
        TEST(one_parameter_is_changed_by_one_at_a_time),
        TEST(the_gate_applies_and_rejects_with_its_reason),
        TEST(a_revert_restores_the_value_and_blocks_the_change),
        TEST(off_is_a_value),
        TEST(risk_and_haste_ask_for_more),
        TEST(a_shadow_comes_back_with_what_it_saw),
        TEST(a_decision_keeps_the_version_it_was_made_with),
        TEST(a_change_that_harms_is_taken_back_by_its_rule),
        TEST(what_stays_unproven_does_not_stay),
        TEST(a_value_set_past_the_program_is_named),
        TEST(tampering_with_a_decision_is_named),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
