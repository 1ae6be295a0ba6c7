/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two consoles, one row: exactly one of them decides, whatever dies in between. 40 rounds; with
 * QUORUM_TEST_LONG 1,000. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/review.h"
#include "store/desk_rig.h"

static int rounds(int usual, int all)
{
    return getenv("QUORUM_TEST_LONG") ? all : usual;
}

static int64_t propose(struct rig *r)
{
    struct error e = {0};
    int64_t id;
    struct proposal p = {.parameter = "stop_mult",
                         .old_value = VALUE(1.5),
                         .new_value = VALUE(1.25),
                         .gate = {.verdict = GATE_QUEUE,
                                  .confidence = 74,
                                  .risk = LEVEL_LOW,
                                  .reason = "confidence 74 is below 80"},
                         .reasoning = "why",
                         .evidence = "{}"};
    if (review_propose(r->desk, &p, &id, &e))
        fail_msg("propose: %s", e.text);
    return id;
}

/* A process that does one act for each byte it is given, and answers with a byte. */
enum { ACT_APPROVE, ACT_UNDO, ACT_PASS, ACT_END };
struct hand {
    pid_t pid;
    int ask, answer;     /* the parent's ends */
    int asked, answered; /* the child's */
};

static bool is_over(void *arg)
{
    return *(const bool *)arg;
}

static void passed(void *arg, int64_t changed, const struct error *e)
{
    (void)changed;
    (void)e;
    *(bool *)arg = true;
}

/* 'd' done, 'c' somebody else decided, 'r' refused otherwise. */
static char act(struct desk *d, char what)
{
    struct review_result out;
    struct error e = {0};
    bool over = false;
    if (what == ACT_PASS) {
        review_pass(d, passed, &over);
        loop_run_until(d->loop, is_over, &over, 20000);
        return 'd';
    }
    struct review_act a = {.verb = what == ACT_UNDO ? REVIEW_UNDO : REVIEW_APPROVE, .id = 1};
    enum err rc = review_act(d, &a, &out, &e);
    return rc == OK ? 'd' : rc == ERR_CONFLICT ? 'c' : 'r';
}

static int work(void *arg)
{
    struct hand *h = arg;
    struct settings *s;
    struct loop *l;
    char what, result = '.';
    close(h->ask);
    close(h->answer);
    struct desk *d = rig_desk(&s, &l, buying_agents);
    if (write(h->answered, &result, 1) != 1)
        return 1;
    while (read(h->asked, &what, 1) == 1 && what != ACT_END) {
        result = act(d, what);
        if (write(h->answered, &result, 1) != 1)
            return 1;
    }
    rig_desk_close(d, s, l);
    return 0;
}

static char answer(struct hand *h)
{
    char c;
    return read(h->answer, &c, 1) == 1 ? c : '?';
}

static void tell(struct hand *h, char what)
{
    assert_int_equal(write(h->ask, &what, 1), 1);
}

static void hand_start(struct hand *h)
{
    int to[2], from[2];
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    *h = (struct hand){.ask = to[1], .asked = to[0], .answer = from[0], .answered = from[1]};
    h->pid = rig_fork(work, h);
    close(h->asked);
    close(h->answered);
    assert_int_equal(answer(h), '.');
}

/* Its own end closed would not do: a process forked later holds it, too. */
static int hand_stop(struct hand *h)
{
    char end = ACT_END;
    ssize_t told = write(h->ask, &end, 1);
    int status = rig_wait(h->pid);
    close(h->ask);
    close(h->answer);
    return told == 1 || status < 0 ? status : 1;
}

/* As it was before anybody decided. */
static void begin_anew(struct rig *r)
{
    rig_run(r, "UPDATE strategy_adjustments SET status = 'PENDING', decided_by = NULL,"
               " applied_at = NULL, apply_after = NULL WHERE id = 1;"
               "ALTER TABLE parameter_versions DISABLE TRIGGER USER;"
               "DELETE FROM parameter_versions;"
               "ALTER TABLE parameter_versions ENABLE TRIGGER USER");
}

static void two_consoles_approve_one_row_once(void **state)
{
    struct rig *r = *state;
    struct hand a, b;
    struct audit_state chain;
    struct error e = {0};
    int n = rounds(40, 1000), first = 0;
    assert_int_equal(propose(r), 1);
    hand_start(&a);
    hand_start(&b);
    for (int i = 0; i < n; i++) {
        tell(i % 2 ? &a : &b, ACT_APPROVE);
        tell(i % 2 ? &b : &a, ACT_APPROVE);
        char x = answer(&a), y = answer(&b);
        if (!((x == 'd' && y == 'c') || (x == 'c' && y == 'd')))
            fail_msg("round %d: one answered %c, the other %c", i, x, y);
        first += x == 'd';
        assert_int_equal(rig_int(r, "SELECT count(*) FROM operator_actions"), i + 1);
        assert_string_equal(rig_text(r, "SELECT status FROM strategy_adjustments"), "APPROVED");
        begin_anew(r);
    }
    assert_int_equal(hand_stop(&a), 0);
    assert_int_equal(hand_stop(&b), 0);
    assert_true(first > 0 && first < n); /* it was a race */
    assert_int_equal(audit_check(r->desk, &chain, &e), OK);
    assert_int_equal(chain.bad_id, 0);
}

static void an_undo_against_the_end_of_the_hold_has_one_winner(void **state)
{
    struct rig *r = *state;
    struct hand a, b;
    int n = rounds(40, 1000);
    assert_int_equal(propose(r), 1);
    hand_start(&a);
    hand_start(&b);
    for (int i = 0; i < n; i++) {
        assert_int_equal(act(r->desk, ACT_APPROVE), 'd');
        rig_run(r, "UPDATE strategy_adjustments SET apply_after = clock_timestamp()");
        tell(i % 2 ? &a : &b, ACT_UNDO);
        tell(i % 2 ? &b : &a, ACT_PASS);
        char undo = answer(i % 2 ? &a : &b);
        assert_int_equal(answer(i % 2 ? &b : &a), 'd');
        assert_string_equal(
            rig_text(r, "SELECT status || ' ' || (SELECT count(*) FROM parameter_versions)"
                        " FROM strategy_adjustments WHERE id = 1"),
            undo == 'd' ? "PENDING 0" : "APPLIED 1");
        begin_anew(r);
    }
    assert_int_equal(hand_stop(&a), 0);
    assert_int_equal(hand_stop(&b), 0);
}

/* What the row says is what the audit says last, and a version is there if it was applied. */
static void row_and_audit_agree(struct rig *r)
{
    assert_string_equal(
        rig_text(r, "SELECT CASE"
                    " WHEN a.status = 'APPROVED' AND l.verb = 'approve' AND v.n = 0 THEN 'agree'"
                    " WHEN a.status = 'APPLIED' AND l.verb = 'apply' AND v.n = 1 THEN 'agree'"
                    " WHEN a.status = 'PENDING' AND COALESCE(l.verb, 'undo') = 'undo' AND v.n = 0"
                    " THEN 'agree' ELSE format('%s %s %s', a.status, l.verb, v.n) END"
                    " FROM strategy_adjustments a LEFT JOIN LATERAL (SELECT o.verb FROM"
                    "  operator_actions o WHERE o.object = 'adjustment 1' ORDER BY o.id DESC"
                    "  LIMIT 1) l ON true, (SELECT count(*) AS n FROM parameter_versions) v"
                    " WHERE a.id = 1"),
        "agree");
}

static void a_console_killed_while_it_decides_leaves_it_decided_or_not(void **state)
{
    struct rig *r = *state;
    struct hand h;
    struct audit_state chain;
    struct error e = {0};
    int n = rounds(6, 60);
    assert_int_equal(propose(r), 1);
    for (int i = 0; i < n; i++) {
        hand_start(&h);
        for (int k = 0; k < i % 4; k++) { /* some acts end, the last is cut off */
            tell(&h, k % 2 ? ACT_UNDO : ACT_APPROVE);
            assert_int_equal(answer(&h), 'd');
        }
        tell(&h, i % 4 % 2 ? ACT_UNDO : ACT_APPROVE);
        for (volatile int spin = 0; spin < (i % 5) * 40000; spin++)
            ;
        assert_int_equal(kill(h.pid, SIGKILL), 0);
        assert_int_equal(hand_stop(&h), -SIGKILL);
        /* What its server process was sent it still does: until it is gone, nothing is settled. */
        while (rig_int(r, "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                          " current_database() AND backend_type = 'client backend'") > 2)
            rig_run(r, "SELECT pg_sleep(0.005)");
        row_and_audit_agree(r);
        if (strcmp(rig_text(r, "SELECT status FROM strategy_adjustments WHERE id = 1"),
                   "APPROVED") == 0)
            assert_int_equal(act(r->desk, ACT_UNDO), 'd');
        row_and_audit_agree(r);
    }
    assert_int_equal(audit_check(r->desk, &chain, &e), OK);
    assert_int_equal(chain.bad_id, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_consoles_approve_one_row_once),
        TEST(an_undo_against_the_end_of_the_hold_has_one_winner),
        TEST(a_console_killed_while_it_decides_leaves_it_decided_or_not),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
