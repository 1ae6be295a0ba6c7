/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/model.h"
#include "quorum/timeutil.h"

enum { LONG_MS = 20000 };

struct said {
    int done, progress;
    struct model_reply reply;
    struct buf answer, raw;
};

static void heard(void *arg, const struct model_reply *r)
{
    struct said *s = arg;
    s->done++;
    s->reply = *r;
    if (r->answer)
        buf_str(&s->answer, r->answer);
    buf_str(&s->raw, r->raw);
}

static void progressed(void *arg, int64_t tokens)
{
    struct said *s = arg;
    assert_true(tokens >= 0);
    s->progress++;
}

static bool is_done(void *arg)
{
    return ((const struct said *)arg)->done > 0;
}

static void release(struct said *s)
{
    buf_release(&s->answer);
    buf_release(&s->raw);
}

static const char rising[] = "price: $175.50\nsma_50: 168.45 $\nsma_200 = 160.10\nrsi: 58.3\n"
                             "macd_hist: 0.42\nregime_rule: BULL\n";
static const char falling[] = "price: $150.00\nsma_50: 168.45 $\nsma_200 = 180.10\nrsi: 38.3\n"
                              "macd_hist: -0.42\nregime_rule: BEAR\n";
static const char sized[] = "price: 175.50\nrsi: 81.0\nsize_shares: 28\nregime_rule: HIGH_VOL\n";
static const char nothing[] = "price: n/a\nsma_50: n/a\nrsi: n/a\n";

static struct model_request request(const char *agent, const char *facts)
{
    const struct agent *a = agent_find(agent);
    assert_non_null(a);
    return (struct model_request){.model = "claude-haiku-4-5-20251001",
                                  .system = a->prompt,
                                  .facts = facts,
                                  .form_name = "record_answer",
                                  .fields = a->answer,
                                  .max_tokens = 800,
                                  .deadline_ms = LONG_MS,
                                  .agent = agent};
}

static struct said ask(struct loop *l, struct model *m, struct model_request r)
{
    struct said s = {.done = 0};
    r.progress = progressed;
    r.progress_arg = &s;
    m->ops->send(m, &r, heard, &s);
    assert_int_equal(s.done, 0);
    assert_true(loop_run_until(l, is_done, &s, LONG_MS));
    assert_int_equal(s.done, 1);
    return s;
}

static struct model *rehearsal(struct loop *l, uint64_t seed, const char *misbehave)
{
    return model_rehearsal_new(
        &(struct rehearsal_options){.loop = l, .seed = seed, .misbehave = misbehave});
}

static struct answer parsed(const struct said *s, const struct model_request *r)
{
    struct answer a;
    struct error e = {.kind = OK};
    assert_int_equal(s->reply.outcome, MODEL_ANSWERED);
    if (answer_parse(r->fields, buf_text(&s->answer), s->answer.len, &a, &e))
        fail_msg("%s: %s", e.text, buf_text(&s->answer));
    return a;
}

static void every_agent_gets_an_answer_that_fits_its_form(void **state)
{
    static const char *const facts[] = {rising, falling, sized, nothing, "", "\xff\n:\n==\n"};
    struct loop *l = loop_new();
    struct model *m = rehearsal(l, 1, NULL);
    (void)state;
    for (size_t i = 0; agent_table[i]; i++) {
        for (size_t k = 0; k < 2 * ARRAY_LEN(facts); k++) {
            struct model_request r = request(agent_table[i]->name, facts[k / 2]);
            r.stream = k % 2;
            struct said s = ask(l, m, r);
            parsed(&s, &r);
            assert_int_equal(s.reply.billing, BILLED_KNOWN);
            assert_true(s.reply.usage.input > 100 && s.reply.usage.output > 5);
            assert_true(s.reply.usage.input < m->ops->prompt_bound(m, &r));
            assert_true(r.stream ? s.progress >= 3 : s.progress == 0);
            assert_non_null(strstr(buf_text(&s.raw), "\"usage\""));
            release(&s);
        }
    }
    assert_true(m->ops->simulated);
    model_free(m);
    loop_free(l);
}

static int votes_for(const char *facts, const char *wanted, int *confident)
{
    struct loop *l = loop_new();
    int n = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct model *m = rehearsal(l, seed, NULL);
        struct model_request r = request("technical_analyst", facts);
        struct said s = ask(l, m, r);
        struct answer a = parsed(&s, &r);
        n += strcmp(a.field[0].text, wanted) == 0;
        *confident += a.field[1].number > 60;
        release(&s);
        model_free(m);
    }
    loop_free(l);
    return n;
}

static void its_votes_follow_the_facts_it_is_shown(void **state)
{
    int confident = 0;
    (void)state;
    assert_true(votes_for(rising, "BUY", &confident) >= 35);
    assert_true(votes_for(falling, "SELL", &confident) >= 35);
    assert_true(confident >= 60);
    assert_int_equal(votes_for(nothing, "ABSTAIN", &confident), 40);
}

static void a_hot_position_is_shrunk_and_never_enlarged(void **state)
{
    struct loop *l = loop_new();
    struct model *m = rehearsal(l, 3, NULL);
    struct model_request r = request("risk_manager", sized);
    (void)state;
    struct said s = ask(l, m, r);
    struct answer a = parsed(&s, &r);
    assert_string_equal(a.field[0].text, "REDUCE");
    assert_true(a.field[2].present && a.field[2].number == 14);
    release(&s);
    model_free(m);
    loop_free(l);
}

static void the_same_seed_says_the_same_and_another_something_else(void **state)
{
    struct loop *l = loop_new();
    struct model_request r = request("technical_analyst", rising);
    struct said first = {.done = 0}, again, other;
    int differ = 0;
    (void)state;
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct model *a = rehearsal(l, seed, NULL), *b = rehearsal(l, seed, NULL);
        struct model *c = rehearsal(l, seed + 100, NULL);
        first = ask(l, a, r);
        r.evaluation_id = 77; /* ids differ from desk to desk: they must not matter */
        again = ask(l, b, r);
        other = ask(l, c, r);
        assert_string_equal(buf_text(&first.answer), buf_text(&again.answer));
        assert_string_equal(buf_text(&first.raw), buf_text(&again.raw));
        differ += strcmp(buf_text(&first.answer), buf_text(&other.answer)) != 0;
        release(&first);
        release(&again);
        release(&other);
        model_free(a);
        model_free(b);
        model_free(c);
    }
    assert_true(differ >= 3);
    loop_free(l);
}

static void it_misbehaves_as_told(void **state)
{
    static const struct {
        const char *fault;
        enum model_outcome outcome;
        enum billing billing;
        int status;
    } rows[] = {
        {"refusal", MODEL_REFUSED, BILLED_KNOWN, 200},
        {"max_tokens", MODEL_CUT, BILLED_KNOWN, 200},
        {"prose", MODEL_WRONG_FORM, BILLED_KNOWN, 200},
        {"wrong_type", MODEL_ANSWERED, BILLED_KNOWN, 200},
        {"nan", MODEL_ANSWERED, BILLED_KNOWN, 200},
        {"empty", MODEL_UNREACHABLE, BILLED_UNKNOWN, 200},
        {"slow", MODEL_UNREACHABLE, BILLED_UNKNOWN, 0},
        {"429", MODEL_UNREACHABLE, BILLED_NOTHING, 429},
        {"500", MODEL_UNREACHABLE, BILLED_UNKNOWN, 500},
        {"529", MODEL_UNREACHABLE, BILLED_NOTHING, 529},
        {"cut", MODEL_UNREACHABLE, BILLED_UNKNOWN, 200},
        {NULL, MODEL_ANSWERED, BILLED_KNOWN, 200},
        {"no such fault", MODEL_ANSWERED, BILLED_KNOWN, 200},
    };
    struct loop *l = loop_new();
    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        struct model *m = rehearsal(l, 5, rows[i / 2].fault);
        struct model_request r = request("research", rising);
        struct answer a;
        struct error e = {.kind = OK};
        r.stream = i % 2;
        r.deadline_ms = 30;
        struct said s = ask(l, m, r);
        assert_int_equal(s.reply.outcome, rows[i / 2].outcome);
        assert_int_equal(s.reply.billing, rows[i / 2].billing);
        assert_int_equal(s.reply.http_status, rows[i / 2].status);
        assert_int_equal(s.reply.retry_after_ms, s.reply.http_status == 429 ? 1000 : -1);
        if (s.reply.outcome == MODEL_ANSWERED) {
            bool fits = !answer_parse(r.fields, buf_text(&s.answer), s.answer.len, &a, &e);
            assert_int_equal(fits, i / 2 >= 11);
        }
        release(&s);
        model_free(m);
    }
    loop_free(l);
}

static void it_takes_its_time_and_can_be_stopped(void **state)
{
    struct loop *l = loop_new();
    struct model *m =
        model_rehearsal_new(&(struct rehearsal_options){.loop = l, .seed = 1, .latency_ms = 40});
    struct model_request r = request("research", rising);
    struct said s[2] = {{.done = 0}};
    (void)state;
    for (int streamed = 0; streamed < 2; streamed++) {
        int64_t begin = time_monotonic_us();
        r.stream = streamed;
        struct said slow = ask(l, m, r);
        assert_true(time_monotonic_us() - begin >= 40000);
        assert_int_equal(slow.reply.latency_ms, 40);
        release(&slow);
    }
    struct model_call *c = m->ops->send(m, &r, heard, &s[0]);
    m->ops->send(m, &r, heard, &s[1]);
    m->ops->cancel(c);
    assert_int_equal(s[0].done, 0);
    assert_true(loop_run_until(l, is_done, &s[0], LONG_MS));
    assert_int_equal(s[0].reply.outcome, MODEL_UNREACHABLE);
    assert_int_equal(s[1].done, 0);
    model_free(m);
    assert_int_equal(s[1].done, 1);
    release(&s[0]);
    release(&s[1]);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_agent_gets_an_answer_that_fits_its_form),
        cmocka_unit_test(its_votes_follow_the_facts_it_is_shown),
        cmocka_unit_test(a_hot_position_is_shrunk_and_never_enlarged),
        cmocka_unit_test(the_same_seed_says_the_same_and_another_something_else),
        cmocka_unit_test(it_misbehaves_as_told),
        cmocka_unit_test(it_takes_its_time_and_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
