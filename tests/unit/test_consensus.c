/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/consensus.h"
#include "quorum/mem.h"

static const enum vote_state states[] = {VOTE_BUY, VOTE_SELL, VOTE_HOLD, VOTE_ABSTAIN, VOTE_FAILED};
static const char *const names[] = {"research", "news_analyst", "technical_analyst", "fourth"};

static size_t camp(const struct ballot *b, size_t n, enum vote_state s)
{
    size_t votes = 0;
    for (size_t i = 0; i < n; i++)
        votes += b[i].state == s;
    return votes;
}

/* The rule, as docs/consensus.md says it and without looking at how the program counts. */
static enum decision by_the_rule(const struct ballot *b, size_t n, size_t needed)
{
    size_t buy = camp(b, n, VOTE_BUY), sell = camp(b, n, VOTE_SELL), hold = camp(b, n, VOTE_HOLD);
    bool veto = false;
    for (size_t i = 0; i < n; i++)
        veto = veto || (b[i].state == VOTE_SELL && b[i].confidence >= 70);
    if (buy + sell + hold < needed)
        return DECISION_NONE;
    if (buy >= needed && buy > sell && buy > hold)
        return veto ? DECISION_NONE : DECISION_BUY;
    if (sell >= needed && sell > buy && sell > hold)
        return DECISION_SELL;
    if (hold >= needed && hold > buy && hold > sell)
        return DECISION_HOLD;
    return DECISION_NONE;
}

static size_t largest(size_t a, size_t b, size_t c)
{
    size_t ab = a > b ? a : b;
    return ab > c ? ab : c;
}

static void check(const struct ballot *b, size_t n, int needed)
{
    struct consensus c;
    memset(&c, 0xa5, sizeof c);
    consensus_decide(b, n, needed, &c);
    enum decision want = by_the_rule(b, n, (size_t)needed);
    if (c.decision != want) {
        print_error("%zu voters, %d needed:", n, needed);
        for (size_t i = 0; i < n; i++)
            print_error(" %s %.1f", vote_state_name(b[i].state), b[i].confidence);
        fail_msg("%s, not %s: %s", decision_name(c.decision), decision_name(want), c.reason);
    }
    size_t buy = camp(b, n, VOTE_BUY), sell = camp(b, n, VOTE_SELL), hold = camp(b, n, VOTE_HOLD);
    assert_int_equal(c.reached, want != DECISION_NONE);
    assert_int_equal(c.quorum, buy + sell + hold >= (size_t)needed);
    assert_int_equal(c.voters, n);
    assert_int_equal(c.needed, needed);
    assert_int_equal(c.buy, buy);
    assert_int_equal(c.sell, sell);
    assert_int_equal(c.hold, hold);
    assert_int_equal(c.abstain, camp(b, n, VOTE_ABSTAIN));
    assert_int_equal(c.failed, camp(b, n, VOTE_FAILED));
    assert_int_equal(c.buy + c.sell + c.hold + c.abstain + c.failed, n);
    assert_int_equal(c.agree, largest(buy, sell, hold));
    assert_true(strlen(c.reason) > 5);
    assert_true(strlen(c.reason) < sizeof c.reason - 1);
}

static void three_voters_decide_by_the_rule_in_every_case(void **state)
{
    static const double confidence[] = {0, 69.99, 70, 100};
    (void)state;
    for (int needed = 1; needed <= 3; needed++)
        for (size_t i = 0; i < 125; i++)
            for (size_t k = 0; k < 64; k++) {
                struct ballot b[3];
                for (size_t v = 0, s = i, c = k; v < 3; v++, s /= 5, c /= 4)
                    b[v] = (struct ballot){names[v], states[s % 5], confidence[c % 4]};
                check(b, 3, needed);
            }
}

static void one_two_and_four_voters_decide_by_the_rule_too(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 4; n++) {
        size_t all = n == 1 ? 5 : n == 2 ? 25 : n == 3 ? 125 : 625;
        for (int needed = 1; needed <= (int)n; needed++)
            for (size_t i = 0; i < all; i++)
                for (int strong = 0; strong < 2; strong++) {
                    struct ballot b[4];
                    for (size_t v = 0, s = i; v < n; v++, s /= 5)
                        b[v] = (struct ballot){names[v], states[s % 5], strong ? 70 : 60};
                    check(b, n, needed);
                }
    }
}

static struct consensus decide(enum vote_state a, double ca, enum vote_state b, double cb,
                               enum vote_state third, double cc, int needed)
{
    const struct ballot ballot[] = {{names[0], a, ca}, {names[1], b, cb}, {names[2], third, cc}};
    struct consensus c;
    consensus_decide(ballot, 3, needed, &c);
    return c;
}

static void a_sell_of_exactly_70_stops_a_buy_and_is_named(void **state)
{
    (void)state;
    struct consensus c = decide(VOTE_BUY, 90, VOTE_SELL, 70, VOTE_BUY, 80, 2);
    assert_int_equal(c.decision, DECISION_NONE);
    assert_false(c.reached);
    assert_true(c.quorum);
    assert_int_equal(c.agree, 2);
    assert_string_equal(c.reason, "2 of 3 say BUY, stopped by news_analyst: SELL at 70%");
    c = decide(VOTE_BUY, 90, VOTE_SELL, 69.999, VOTE_BUY, 80, 2);
    assert_int_equal(c.decision, DECISION_BUY);
    /* A confident SELL stops nothing but a BUY. */
    c = decide(VOTE_HOLD, 10, VOTE_SELL, 100, VOTE_HOLD, 10, 2);
    assert_int_equal(c.decision, DECISION_HOLD);
    /* Nor does a HOLD or an abstention stop one, however sure. */
    c = decide(VOTE_BUY, 10, VOTE_HOLD, 100, VOTE_BUY, 10, 2);
    assert_int_equal(c.decision, DECISION_BUY);
}

static void the_denominator_never_shrinks(void **state)
{
    (void)state;
    struct consensus c = decide(VOTE_BUY, 90, VOTE_ABSTAIN, 0, VOTE_FAILED, 0, 2);
    assert_int_equal(c.decision, DECISION_NONE);
    assert_false(c.quorum);
    assert_int_equal(c.voters, 3);
    assert_string_equal(c.reason, "no quorum: 1 of 3 voters gave an opinion, 2 needed");
    c = decide(VOTE_BUY, 90, VOTE_BUY, 60, VOTE_ABSTAIN, 0, 2);
    assert_int_equal(c.decision, DECISION_BUY);
    assert_int_equal(c.agree, 2);
    assert_int_equal(c.voters, 3);
    assert_string_equal(c.reason, "2 of 3 say BUY, 2 needed");
    c = decide(VOTE_BUY, 90, VOTE_BUY, 60, VOTE_ABSTAIN, 0, 3);
    assert_int_equal(c.decision, DECISION_NONE);
    assert_false(c.quorum);
    c = decide(VOTE_ABSTAIN, 0, VOTE_ABSTAIN, 0, VOTE_FAILED, 0, 1);
    assert_false(c.quorum);
    assert_int_equal(c.agree, 0);
}

static void a_tie_is_no_trade(void **state)
{
    (void)state;
    struct consensus c = decide(VOTE_BUY, 90, VOTE_SELL, 10, VOTE_ABSTAIN, 0, 1);
    assert_int_equal(c.decision, DECISION_NONE);
    assert_true(c.quorum);
    assert_string_equal(c.reason, "a tie: 1 BUY, 1 SELL, 0 HOLD");
    c = decide(VOTE_BUY, 90, VOTE_SELL, 10, VOTE_HOLD, 10, 1);
    assert_int_equal(c.decision, DECISION_NONE);
    c = decide(VOTE_BUY, 90, VOTE_SELL, 10, VOTE_HOLD, 10, 2);
    assert_string_equal(c.reason, "a tie: 1 BUY, 1 SELL, 1 HOLD");
}

static void nobody_asked_decides_nothing(void **state)
{
    struct consensus c;
    (void)state;
    consensus_decide(NULL, 0, 1, &c);
    assert_int_equal(c.decision, DECISION_NONE);
    assert_false(c.quorum);
    assert_int_equal(c.voters, 0);
}

static void every_state_and_decision_has_a_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        enum vote_state back;
        assert_true(vote_state_parse(vote_state_name(states[i]), &back));
        assert_int_equal(back, states[i]);
    }
    assert_string_equal(decision_name(DECISION_NONE), "NONE");
    assert_string_equal(decision_name(DECISION_BUY), "BUY");
    assert_string_equal(decision_name(DECISION_SELL), "SELL");
    assert_string_equal(decision_name(DECISION_HOLD), "HOLD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_voters_decide_by_the_rule_in_every_case),
        cmocka_unit_test(one_two_and_four_voters_decide_by_the_rule_too),
        cmocka_unit_test(a_sell_of_exactly_70_stops_a_buy_and_is_named),
        cmocka_unit_test(the_denominator_never_shrinks),
        cmocka_unit_test(a_tie_is_no_trade),
        cmocka_unit_test(nobody_asked_decides_nothing),
        cmocka_unit_test(every_state_and_decision_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
