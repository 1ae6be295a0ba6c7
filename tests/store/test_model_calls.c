/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The money around model calls, with a scripted model inside the process: what is reserved, paid,
 * repaired, retried, lost; with many processes and kill -9. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/desk/desk_private.h"
#include "quorum/evaluation.h"
#include "quorum/model.h"
#include "quorum/timeutil.h"
#include "store/fixture.h"

#define SEED_FIGURES                                                                               \
    "sma_20=172.30,sma_50=168.45,sma_200=165.20,atr=3.25,adx=28.5,rsi=58.2,volume_ratio=1.2,"      \
    "beta=1.15"

enum { WAIT_MS = 60000 };

/* The program's clock, in place of the C library's: ahead of the machine's by as much. */
static time_t clock_ahead;

int clock_gettime(clockid_t id, struct timespec *t)
{
    int result = (int)syscall(SYS_clock_gettime, id, t);
    if (id == CLOCK_REALTIME)
        t->tv_sec += clock_ahead;
    return result;
}

/* What the scripted model does with its n-th call (counted from 1). */
typedef void script_fn(int n, const struct model_request *r, struct model_reply *out);

struct scripted {
    struct model base;
    struct loop *loop;
    script_fn *script;
    int *calls; /* shared with children */
};
struct scripted_call {
    struct scripted *m;
    model_done_fn *done;
    void *arg;
    struct model_reply reply;
    struct loop_timer *timer;
};

static void answer_now(void *arg)
{
    struct scripted_call *c = arg;
    c->done(c->arg, &c->reply);
    loop_timer_free(c->timer);
    mem_free(c);
}

static struct model_call *scripted_send(struct model *m, const struct model_request *r,
                                        model_done_fn *done, void *arg)
{
    struct scripted *s = (struct scripted *)m;
    struct scripted_call *c = mem_alloc(sizeof *c);
    *c = (struct scripted_call){.m = s, .done = done, .arg = arg};
    c->reply = (struct model_reply){.outcome = MODEL_ANSWERED,
                                    .billing = BILLED_KNOWN,
                                    .usage = {.input = 1000, .output = 100},
                                    .raw = "{}",
                                    .retry_after_ms = -1};
    s->script(__atomic_add_fetch(s->calls, 1, __ATOMIC_SEQ_CST), r, &c->reply);
    c->timer = loop_timer_new(s->loop, answer_now, c);
    loop_timer_start(c->timer, 0);
    return NULL;
}

static void scripted_text(struct model *m, const struct model_request *r, struct buf *out)
{
    (void)m;
    buf_printf(out, "%s\n%s", r->system, r->facts);
}

static int64_t scripted_bound(struct model *m, const struct model_request *r)
{
    (void)m;
    return (int64_t)(strlen(r->system) + strlen(r->facts)) + 2048;
}

static const struct model_ops scripted_ops = {.name = "scripted",
                                              .send = scripted_send,
                                              .request_text = scripted_text,
                                              .prompt_bound = scripted_bound};

/* Answers that fit every agent's form. */
static const char *fitting_answer(const struct model_request *r)
{
    if (strcmp(r->agent, "regime_detector") == 0)
        return "{\"label\":\"BULL\",\"confidence\":70,\"reason\":\"trend\",\"evidence\":[]}";
    if (strcmp(r->agent, "risk_manager") == 0)
        return "{\"verdict\":\"APPROVE\",\"confidence\":70,\"max_shares\":null,"
               "\"reason\":\"fine\",\"evidence\":[]}";
    return "{\"decision\":\"BUY\",\"confidence\":82,\"reason\":\"good\",\"evidence\":[]}";
}

static void votes_buy(int n, const struct model_request *r, struct model_reply *out)
{
    (void)n;
    out->answer = fitting_answer(r);
}

struct bench {
    struct fixture *f;
    struct settings *settings;
    struct desk desk;
    struct scripted model;
};

static void bench_open(struct bench *b, struct fixture *f, script_fn *script)
{
    struct error e = {0};
    *b = (struct bench){.f = f};
    assert_int_equal(settings_load(&b->settings, &e), OK);
    b->model = (struct scripted){.base = {.ops = &scripted_ops}, .loop = f->loop, .script = script};
    b->model.calls =
        mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    b->desk = (struct desk){.kind = DESK_DEMO,
                            .settings = b->settings,
                            .loop = f->loop,
                            .agents = agent_table,
                            .db = fixture_open(f, "quorum_app"),
                            .market = market_simulated_new(42),
                            .model = &b->model.base,
                            .seed = 42};
    assert_int_equal(desk_load_settings(&b->desk, &e), OK);
    assert_int_equal(prompts_store(&b->desk, &e), OK);
}

static void bench_close(struct bench *b)
{
    munmap(b->model.calls, sizeof(int));
    market_free(b->desk.market);
    db_free(b->desk.db);
    prompts_free(b->desk.prompts);
    for (int i = 0; i < SETTING_COUNT; i++) {
        mem_free(b->desk.in_force[i].value);
        mem_free(b->desk.in_force[i].set_by);
        mem_free(b->desk.in_force[i].set_at);
        mem_free(b->desk.in_force[i].origin);
    }
    settings_free(b->settings);
}

static int pending;
static struct error last_error;
static int64_t last_id;

static void ended(void *arg, int64_t id, const struct error *e)
{
    (void)arg;
    pending--;
    last_id = id;
    if (e && e->kind)
        last_error = *e;
}

static bool none_pending(void *arg)
{
    (void)arg;
    return pending == 0;
}

static void start(struct bench *b, const char *voters)
{
    struct error e = {0};
    struct evaluation_request r = {.symbol = "MSFT",
                                   .price = 1755000,
                                   .indicators = SEED_FIGURES,
                                   .voters = voters,
                                   .as_of = TIME_NONE};
    /* Then the simulated market has news of it to judge by, which it has not at every hour. */
    assert_true(time_parse("2026-11-20 20:00:00Z", &r.as_of));
    last_error = (struct error){0};
    if (evaluation_start(&b->desk, &r, ended, NULL, &e) != OK)
        fail_msg("%s", e.text);
    pending++;
}

static void finish(struct bench *b)
{
    assert_true(loop_run_until(b->f->loop, none_pending, NULL, WAIT_MS));
    if (last_error.kind)
        fail_msg("%s", last_error.text);
}

static void money_agrees(struct fixture *f)
{
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM budget_mismatch()"), 0);
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM budget_day WHERE spent_usd + "
                                    "reserved_usd > limit_usd"),
                     0);
}

static void three_buys_cost_what_their_tokens_cost(void **state)
{
    struct bench b;
    struct stored_evaluation s;
    struct error e = {0};
    bench_open(&b, *state, votes_buy);
    start(&b, NULL);
    finish(&b);
    assert_int_equal(evaluation_load(&b.desk, last_id, false, &s, &e), OK);
    assert_string_equal(s.agreement, "3/3");
    assert_string_equal(s.decision, "BUY");
    assert_int_equal(s.shares, 28);
    assert_false(s.degraded);
    /* five calls of 1,000 in and 100 out at $1 and $5 a million */
    assert_string_equal(s.cost_usd, "0.007500000");
    assert_int_equal(s.tokens, 5500);
    stored_evaluation_release(&s);
    assert_string_equal(fixture_text(b.f, "SELECT sum(cost_usd) FROM agent_interactions"),
                        "0.007500000");
    assert_string_equal(fixture_text(b.f, "SELECT spent_usd FROM budget_day"), "0.007500000");
    assert_string_equal(fixture_text(b.f, "SELECT sum(total_cost_usd) FROM agent_daily_metrics"),
                        "0.007500000");
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM votes WHERE source = 'model'"), 5);
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM agent_payloads WHERE response = '{}'"),
                     5);
    start(&b, "research news_analyst");
    finish(&b);
    assert_int_equal(evaluation_load(&b.desk, last_id, false, &s, &e), OK);
    assert_string_equal(s.agreement, "2/2");
    stored_evaluation_release(&s);
    money_agrees(b.f);
    bench_close(&b);
}

static enum err start_within(struct bench *b, const char *voters, int64_t most, struct error *e)
{
    struct evaluation_request r = {.symbol = "MSFT",
                                   .price = 1755000,
                                   .indicators = SEED_FIGURES,
                                   .voters = voters,
                                   .min_agreement = 1,
                                   .max_cost = most,
                                   .as_of = TIME_NONE};
    *e = (struct error){0};
    pending += evaluation_start(&b->desk, &r, ended, NULL, e) == OK;
    return e->kind;
}

/* Those named, not as many of the table as are named. */
static void the_most_it_may_cost_is_that_of_the_voters_named(void **state)
{
    struct bench b;
    struct error e;
    bench_open(&b, *state, votes_buy);
    int64_t one = evaluation_estimate(&b.desk, "research");
    int64_t other = evaluation_estimate(&b.desk, "technical_analyst");
    int64_t two = evaluation_estimate(&b.desk, "technical_analyst,research");
    int64_t three = evaluation_estimate(&b.desk, "research,news_analyst,technical_analyst");
    int64_t others = two - one; /* the technical analyst alone */
    assert_true(one > two - other && others > 0 && two < three && one != other);
    assert_true(three <= evaluation_estimate(&b.desk, NULL));
    assert_int_equal(evaluation_estimate(&b.desk, "no such agent"),
                     evaluation_estimate(&b.desk, NULL));
    assert_int_equal(start_within(&b, "technical_analyst", other - 1, &e), ERR_POLICY);
    assert_string_equal(e.code, "E22");
    assert_int_equal(start_within(&b, "technical_analyst", other, &e), OK);
    assert_int_equal(start_within(&b, "research", one - 1, &e), ERR_POLICY);
    assert_int_equal(start_within(&b, "research", one, &e), OK);
    finish(&b);
    assert_int_equal(*b.model.calls, 6);
    bench_close(&b);
}

static void first_of_research_is_prose(int n, const struct model_request *r,
                                       struct model_reply *out)
{
    (void)n;
    out->answer = fitting_answer(r);
    if (strcmp(r->agent, "research") == 0 && !r->repair)
        out->answer = "{\"decision\":\"BUY\",\"confidence\":\"high\"}";
}

static void a_wrong_form_is_repaired_once_and_both_calls_are_paid(void **state)
{
    struct bench b;
    bench_open(&b, *state, first_of_research_is_prose);
    start(&b, NULL);
    finish(&b);
    assert_int_equal(*b.model.calls, 6);
    assert_string_equal(fixture_text(b.f, "SELECT vote FROM votes WHERE agent = 'research' AND "
                                          "source = 'model'"),
                        "BUY");
    assert_string_equal(fixture_text(b.f, "SELECT spent_usd FROM budget_day"), "0.009000000");
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM agent_interactions WHERE action = "
                                      "'repair' AND agent_name = 'research'"),
                     1);
    money_agrees(b.f);
    bench_close(&b);
}

static void research_never_fits(int n, const struct model_request *r, struct model_reply *out)
{
    (void)n;
    out->answer =
        strcmp(r->agent, "research") == 0 ? "{\"decision\":\"STRONG BUY\"}" : fitting_answer(r);
}

static void an_answer_that_never_fits_is_no_opinion(void **state)
{
    struct bench b;
    bench_open(&b, *state, research_never_fits);
    start(&b, NULL);
    finish(&b);
    assert_int_equal(*b.model.calls, 6); /* one repair, not more */
    assert_string_equal(fixture_text(b.f, "SELECT vote FROM votes WHERE agent = 'research' AND "
                                          "source = 'model'"),
                        "FAILED");
    assert_string_equal(fixture_text(b.f, "SELECT agreement FROM evaluations"), "2/3");
    money_agrees(b.f);
    bench_close(&b);
}

static void news_refuses(int n, const struct model_request *r, struct model_reply *out)
{
    (void)n;
    out->answer = fitting_answer(r);
    if (strcmp(r->agent, "news_analyst") == 0) {
        out->outcome = MODEL_REFUSED;
        out->answer = NULL;
        copy_text(out->problem, sizeof out->problem, "the model refused");
    }
}

static void a_refusal_is_a_failed_vote_never_the_baseline(void **state)
{
    struct bench b;
    bench_open(&b, *state, news_refuses);
    start(&b, NULL);
    finish(&b);
    assert_string_equal(fixture_text(b.f, "SELECT vote || ' ' || reason FROM votes WHERE agent = "
                                          "'news_analyst' AND source = 'model'"),
                        "FAILED the model refused");
    assert_string_equal(fixture_text(b.f, "SELECT counted FROM votes WHERE agent = 'news_analyst' "
                                          "AND source = 'baseline'"),
                        "f");
    bench_close(&b);
}

/* The step after a round is on its way while the last reply is still being booked. */
static void expect_baseline_for(void **state, const char *agent)
{
    struct bench b;
    char sql[400];
    bench_open(&b, *state, votes_buy);
    snprintf(sql, sizeof sql,
             "CREATE FUNCTION refuse_vote() RETURNS trigger LANGUAGE plpgsql AS"
             " $$ BEGIN RAISE EXCEPTION 'no room for it'; END $$;"
             "CREATE TRIGGER refuse_vote BEFORE INSERT ON votes FOR EACH ROW WHEN"
             " (NEW.source = 'model' AND NEW.agent = '%s') EXECUTE FUNCTION refuse_vote()",
             agent);
    fixture_run(b.f, sql);
    start(&b, NULL);
    finish(&b);
    assert_int_equal(*b.model.calls, 5);
    assert_string_equal(fixture_text(b.f, "SELECT state || ' ' || decision FROM evaluations"),
                        "DECIDED BUY");
    snprintf(sql, sizeof sql,
             "SELECT string_agg(source || ' ' || counted, ', ') FROM votes WHERE agent = '%s'",
             agent);
    assert_string_equal(fixture_text(b.f, sql), "baseline true");
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM votes WHERE source = 'model'"), 4);
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM votes WHERE source = 'baseline'"), 5);
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM agent_interactions"), 10);
    assert_int_equal(fixture_int(b.f, "SELECT sum(total_calls) FROM agent_daily_metrics"), 9);
    snprintf(sql, sizeof sql, "%s: budget settle: no room for it", agent);
    assert_non_null(strstr(fixture_text(b.f, "SELECT degraded_reason FROM evaluations"), sql));
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM budget_reservation"
                                      " WHERE state = 'SENT'"),
                     1);
    money_agrees(b.f);
    fixture_run(b.f, "SELECT budget_end(ARRAY(SELECT id FROM budget_reservation))");
    money_agrees(b.f);
    bench_close(&b);
}

static void a_vote_that_could_not_be_stored_decides_nothing(void **state)
{
    expect_baseline_for(state, "research");
}

static void a_verdict_that_could_not_be_stored_decides_nothing(void **state)
{
    expect_baseline_for(state, "risk_manager");
}

static void overloaded(int n, const struct model_request *r, struct model_reply *out)
{
    (void)n;
    out->answer = fitting_answer(r);
    if (strcmp(r->agent, "research") == 0) {
        out->outcome = MODEL_UNREACHABLE;
        out->billing = BILLED_NOTHING;
        out->usage = (struct usage){0};
        out->retryable = true;
        out->retry_after_ms = 1;
        out->answer = NULL;
        copy_text(out->problem, sizeof out->problem, "overloaded (529)");
    }
}

static const char *const lost_repair[] = {"overloaded (529)", "the model refused"};

static void repair_is_lost(int n, const struct model_request *r, struct model_reply *out)
{
    (void)n;
    out->answer = fitting_answer(r);
    bool is_research = strcmp(r->agent, "research") == 0;
    if (!is_research && strcmp(r->agent, "news_analyst") != 0)
        return;
    out->answer = "{\"decision\":\"STRONG BUY\"}";
    if (!r->repair)
        return;
    out->outcome = is_research ? MODEL_UNREACHABLE : MODEL_REFUSED;
    out->answer = NULL;
    copy_text(out->problem, sizeof out->problem, lost_repair[!is_research]);
}

/* What was wrong with the answer before it is told in that one's row. */
static void a_repair_that_was_lost_says_how(void **state)
{
    struct bench b;
    bench_open(&b, *state, repair_is_lost);
    start(&b, NULL);
    finish(&b);
    assert_string_equal(
        fixture_text(b.f, "SELECT string_agg(error, ', ' ORDER BY error) FROM agent_interactions"
                          " WHERE action = 'repair'"),
        "overloaded (529), the model refused");
    assert_int_equal(fixture_int(b.f,
                                 "SELECT count(*) FROM agent_interactions WHERE action = 'vote'"
                                 " AND error LIKE '%decision%'"),
                     2);
    money_agrees(b.f);
    bench_close(&b);
}

static void an_unreachable_model_leaves_the_baseline_and_says_so(void **state)
{
    struct bench b;
    bench_open(&b, *state, overloaded);
    start(&b, NULL);
    finish(&b);
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM agent_interactions WHERE agent_name = "
                                      "'research'"),
                     3);
    assert_string_equal(fixture_text(b.f, "SELECT degraded || ' ' || degraded_reason FROM "
                                          "evaluations"),
                        "true research: overloaded (529)");
    assert_string_equal(fixture_text(b.f, "SELECT counted FROM votes WHERE agent = 'research' AND "
                                          "source = 'baseline'"),
                        "t");
    assert_string_equal(fixture_text(b.f, "SELECT sum(cost_usd) FROM agent_interactions WHERE "
                                          "agent_name = 'research'"),
                        "0.000000000");
    money_agrees(b.f);
    bench_close(&b);
}

static void bill_unknown(int n, const struct model_request *r, struct model_reply *out)
{
    (void)n;
    (void)r;
    out->outcome = MODEL_UNREACHABLE;
    out->billing = BILLED_UNKNOWN;
    out->usage = (struct usage){0};
    copy_text(out->problem, sizeof out->problem, "the connection was cut");
}

static void an_unknown_bill_is_presumed_to_be_the_worst_case(void **state)
{
    struct bench b;
    bench_open(&b, *state, bill_unknown);
    start(&b, NULL);
    finish(&b);
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM budget_reservation WHERE actual_usd <> "
                                      "estimate_usd"),
                     0);
    assert_true(fixture_int(b.f, "SELECT (spent_usd * 1e9)::bigint FROM budget_day") > 0);
    money_agrees(b.f);
    bench_close(&b);
}

/* A price list begins on 2026-10-07 that has half the price of the one before it. */
static time_t at_midnight;

static void answers_after_midnight(int n, const struct model_request *r, struct model_reply *out)
{
    (void)n;
    clock_ahead = at_midnight;
    out->answer = fitting_answer(r);
    out->usage = (struct usage){.cache_read = 10000};
}

static void a_bill_goes_by_the_prices_it_was_reserved_by(void **state)
{
    struct bench b;
    struct timespec machine;
    assert_int_equal(syscall(SYS_clock_gettime, CLOCK_REALTIME, &machine), 0);
    at_midnight = (time_t)day_from_civil(2026, 10, 7) * 86400 - machine.tv_sec;
    bench_open(&b, *state, answers_after_midnight);
    fixture_run(b.f, "INSERT INTO desk_setting (name, value, origin, set_by) VALUES"
                     " ('QUORUM_MODEL', 'claude-sonnet-5-5', 'test', 'test')");
    assert_int_equal(desk_load_settings(&b.desk, &last_error), OK);
    clock_ahead = at_midnight - 3600;
    start(&b, NULL);
    finish(&b);
    clock_ahead = 0;
    /* Those of the first round at the old price, the veto's after it at the new one. */
    assert_string_equal(
        fixture_text(b.f, "SELECT string_agg(n || ' of ' || cost, ', ' ORDER BY n) FROM (SELECT"
                          "  count(*) AS n, trim_scale(cost_usd) AS cost FROM agent_interactions"
                          "  WHERE model IS NOT NULL GROUP BY cost_usd) x"),
        "1 of 0.001, 4 of 0.002");
    bench_close(&b);
}

static void a_small_budget_is_never_passed_by_many_at_once(void **state)
{
    struct bench b;
    bench_open(&b, *state, votes_buy);
    fixture_run(b.f, "INSERT INTO desk_setting (name, value, origin, set_by) VALUES "
                     "('MULTI_AGENT_DAILY_LLM_BUDGET', '0.20', 'test', 'test')");
    for (int i = 0; i < 32; i++)
        start(&b, NULL);
    finish(&b);
    assert_int_equal(fixture_int(b.f, "SELECT count(*) FROM evaluations WHERE finished_at IS NULL"),
                     0);
    assert_true(fixture_int(b.f, "SELECT count(*) FROM evaluations WHERE degraded_reason LIKE "
                                 "'%E21%'") > 0);
    assert_true(fixture_int(b.f, "SELECT count(*) FROM votes WHERE source = 'model'") > 0);
    money_agrees(b.f);
    bench_close(&b);
}

/* The child dies when its model is asked: after the request is out, before the reply. */
static void dies(int n, const struct model_request *r, struct model_reply *out)
{
    (void)n;
    (void)r;
    (void)out;
    raise(SIGKILL);
}

/* Forks a process that starts one evaluation and dies by `script`, then resumes it here. Returns
 * how many calls the dead process made. */
static int die_and_resume(struct fixture *f, struct bench *b, script_fn *script)
{
    struct error e = {0};
    int64_t *ids = NULL;
    size_t n = 0, held = 0;
    struct arena arena = {0};
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct fixture own = *f;
        struct bench c;
        own.loop = loop_new();
        bench_open(&c, &own, script);
        c.model.calls = b->model.calls;
        start(&c, NULL);
        loop_run_until(own.loop, none_pending, NULL, WAIT_MS);
        _exit(1);
    }
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    int asked = *b->model.calls;
    assert_int_equal(evaluation_unfinished(&b->desk, &arena, &ids, &n, &held, &e), OK);
    assert_int_equal(n, 1);
    pending++;
    evaluation_resume(&b->desk, ids[0], ended, NULL);
    finish(b);
    arena_release(&arena);
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM evaluations WHERE state = 'DECIDED'"), 1);
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM budget_reservation WHERE state IN "
                                    "('HELD', 'SENT')"),
                     0);
    money_agrees(f);
    return asked;
}

static void a_reply_that_died_with_its_process_is_not_paid_twice(void **state)
{
    struct bench b;
    struct fixture *f = *state;
    bench_open(&b, f, votes_buy);
    int asked = die_and_resume(f, &b, dies);
    assert_int_equal(asked, 1);
    /* What was marked sent is presumed paid and not asked again, all else is asked now. */
    int presumed =
        (int)fixture_int(f, "SELECT count(*) FROM agent_interactions WHERE status = 'PRESUMED'");
    assert_true(presumed >= 1);
    assert_int_equal(*b.model.calls, asked + 5 - presumed);
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM evaluations WHERE degraded_reason LIKE "
                                    "'%not paid twice%'"),
                     1);
    bench_close(&b);
}

static void dies_at_the_veto(int n, const struct model_request *r, struct model_reply *out)
{
    votes_buy(n, r, out);
    if (strcmp(r->agent, "risk_manager") == 0)
        raise(SIGKILL);
}

static void votes_that_were_paid_survive_their_process(void **state)
{
    struct bench b;
    struct fixture *f = *state;
    bench_open(&b, f, votes_buy);
    int asked = die_and_resume(f, &b, dies_at_the_veto);
    assert_int_equal(asked, 5);
    assert_int_equal(*b.model.calls, asked); /* nobody is asked again */
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM votes WHERE source = 'model'"), 4);
    assert_string_equal(fixture_text(f, "SELECT agreement FROM evaluations"), "3/3");
    assert_int_equal(fixture_int(f, "SELECT shares FROM evaluations"), 28);
    bench_close(&b);
}

static void overloaded_and_dies_at_the_veto(int n, const struct model_request *r,
                                            struct model_reply *out)
{
    overloaded(n, r, out);
    if (strcmp(r->agent, "risk_manager") == 0)
        raise(SIGKILL);
}

static void a_resume_keeps_why_the_votes_were_degraded(void **state)
{
    struct bench b;
    struct fixture *f = *state;
    bench_open(&b, f, votes_buy);
    die_and_resume(f, &b, overloaded_and_dies_at_the_veto);
    assert_string_equal(fixture_text(f, "SELECT degraded_reason FROM evaluations"),
                        "research: overloaded (529); risk_manager: its reply was lost in a crash "
                        "and is not paid twice");
    bench_close(&b);
}

#define FOUR_CALLS                                                                                 \
    "(SELECT jsonb_agg(jsonb_build_object('id', gen_random_uuid(), 'agent', 'a' || i, 'act',"      \
    " 'vote', 'model', 'm', 'prompt_version', 1, 'estimate', '0.010000000', 'request', '{}'))"     \
    " FROM generate_series(1, 4) i)"
#define RESERVE(who, in_state)                                                                     \
    "SELECT string_agg(COALESCE(short || ' ' || trim_scale(left_usd), 'fits'), ', ') FROM"         \
    " evaluations e, budget_reserve(e.id, '" who "', '" in_state "', '90 s', " FOUR_CALLS ")"

static void a_round_reserves_what_fits_and_nothing_for_strangers(void **state)
{
    struct fixture *f = *state;
    fixture_run(f, "INSERT INTO desk_setting (name, value, origin, set_by) VALUES "
                   "('MULTI_AGENT_DAILY_LLM_BUDGET', '0.085', 'test', 'test');"
                   "INSERT INTO evaluations (symbol, requested_by, state, locked_by) VALUES "
                   "('AAPL', 'x', 'VOTING', 'me')");
    assert_string_equal(fixture_text(f, RESERVE("somebody", "VOTING")), "");
    assert_string_equal(fixture_text(f, RESERVE("me", "SIZING")), "");
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM agent_interactions"), 0);
    assert_string_equal(fixture_text(f, RESERVE("me", "VOTING")), "fits, fits, fits, fits");
    fixture_run(f, "UPDATE evaluations SET max_cost_usd = 0.055");
    assert_string_equal(fixture_text(f, RESERVE("me", "VOTING")),
                        "fits, evaluation 0.005, evaluation 0.005, evaluation 0.005");
    fixture_run(f, "UPDATE evaluations SET max_cost_usd = NULL");
    assert_string_equal(fixture_text(f, RESERVE("me", "VOTING")), "fits, fits, fits, day 0.005");
    assert_string_equal(fixture_text(f, "SELECT reserved_usd FROM budget_day"), "0.080000000");
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM budget_reservation WHERE state = 'SENT'"),
                     8);
    money_agrees(f);
}

/* As a reply to the form's tool call stands in the vendor's words. */
#define AS_RECORDED                                                                                \
    "UPDATE agent_payloads p SET response = jsonb_build_object('type', 'message', 'model', "       \
    "i.model,"                                                                                     \
    " 'stop_reason', 'tool_use', 'usage', '{\"input_tokens\": 1000, \"output_tokens\": "           \
    "100}'::jsonb,"                                                                                \
    " 'content', jsonb_build_array(jsonb_build_object('type', 'tool_use', 'id', 'x', 'name',"      \
    "  CASE i.agent_name WHEN 'regime_detector' THEN 'record_label' WHEN 'risk_manager'"           \
    "   THEN 'record_verdict' ELSE 'record_vote' END, 'input', CASE i.agent_name"                  \
    "   WHEN 'regime_detector' THEN '{\"label\":\"BULL\",\"confidence\":70,\"reason\":\"trend\","  \
    "   \"evidence\":[]}' WHEN 'risk_manager' THEN '{\"verdict\":\"APPROVE\",\"confidence\":70,"   \
    "   \"max_shares\":null,\"reason\":\"fine\",\"evidence\":[]}' ELSE '{\"decision\":\"BUY\","    \
    "   \"confidence\":82,\"reason\":\"good\",\"evidence\":[]}' END::jsonb)))"                     \
    " FROM agent_interactions i WHERE i.id = p.interaction_id"

/* With the day's budget used up, and stopped in the middle: nothing is reserved, so nothing can be
 * presumed spent. */
static void recorded_answers_need_no_budget(void **state)
{
    struct bench b;
    bench_open(&b, *state, votes_buy);
    start(&b, NULL);
    finish(&b);
    fixture_run(b.f, AS_RECORDED);
    fixture_run(b.f, "UPDATE budget_day SET limit_usd = spent_usd");
    b.desk.model = NULL; /* the scripted one is not the desk's to end */
    desk_use_recorded(&b.desk, last_id);
    assert_int_equal(evaluation_estimate(&b.desk, NULL), 0);
    start(&b, NULL);
    finish(&b);
    assert_string_equal(fixture_text(b.f, "SELECT concat_ws(' ', state, decision, degraded,"
                                          " degraded_reason, agree, trim_scale(cost_usd))"
                                          " FROM evaluations ORDER BY id DESC LIMIT 1"),
                        "DECIDED BUY f  3 0");
    assert_string_equal(fixture_text(b.f, "SELECT count(*) || ' ' || trim_scale(sum(estimate_usd))"
                                          " FROM budget_reservation r WHERE evaluation_id ="
                                          " (SELECT max(id) FROM evaluations)"),
                        "5 0");
    assert_string_equal(fixture_text(b.f, "SELECT trim_scale(spent_usd) FROM budget_day"),
                        "0.0075");
    money_agrees(b.f);
    model_free(b.desk.model);
    bench_close(&b);
}

static script_fn *const chaos_scripts[] = {votes_buy, first_of_research_is_prose, overloaded,
                                           bill_unknown};

static _Noreturn void chaos_child(struct fixture *f, unsigned seed)
{
    struct fixture own = *f;
    struct bench c;
    own.loop = loop_new();
    bench_open(&c, &own, chaos_scripts[seed % 4]);
    for (;;) {
        for (int i = 0; i < 4; i++)
            start(&c, NULL);
        if (!loop_run_until(own.loop, none_pending, NULL, WAIT_MS))
            _exit(1);
    }
}

static void kill_nine_at_random_moments_loses_no_cent(void **state)
{
    struct fixture *f = *state;
    struct bench b;
    pid_t child[4] = {0};
    bench_open(&b, f, votes_buy);
    int rounds = getenv("QUORUM_TEST_LONG") ? 200 : 12;
    srandom(7);
    for (int round = 0; round < rounds; round++) {
        int k = round % 4;
        if (child[k] > 0) {
            kill(child[k], SIGKILL);
            waitpid(child[k], NULL, 0);
        }
        child[k] = fork();
        if (child[k] == 0)
            chaos_child(f, (unsigned)round);
        /* Wait for work to be done, not for time to pass: at least five more interactions. */
        int64_t before = fixture_int(f, "SELECT count(*) FROM agent_interactions");
        while (fixture_int(f, "SELECT count(*) FROM agent_interactions") <
               before + 5 + random() % 20)
            money_agrees(f);
    }
    for (int k = 0; k < 4; k++) {
        kill(child[k], SIGKILL);
        waitpid(child[k], NULL, 0);
    }
    /* The server may take a moment to see that the last clients are gone. */
    while (
        fixture_int(f, "SELECT count(*) FROM budget_reservation WHERE state IN ('HELD', 'SENT')"))
        fixture_run(f, "SELECT budget_end(ARRAY(SELECT id FROM budget_reservation))");
    money_agrees(f);
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM budget_day WHERE reserved_usd <> 0"), 0);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_desk, fixture_drop)
        DESK_TEST(three_buys_cost_what_their_tokens_cost),
        DESK_TEST(the_most_it_may_cost_is_that_of_the_voters_named),
        DESK_TEST(a_wrong_form_is_repaired_once_and_both_calls_are_paid),
        DESK_TEST(an_answer_that_never_fits_is_no_opinion),
        DESK_TEST(a_refusal_is_a_failed_vote_never_the_baseline),
        DESK_TEST(a_vote_that_could_not_be_stored_decides_nothing),
        DESK_TEST(a_verdict_that_could_not_be_stored_decides_nothing),
        DESK_TEST(a_repair_that_was_lost_says_how),
        DESK_TEST(a_bill_goes_by_the_prices_it_was_reserved_by),
        DESK_TEST(recorded_answers_need_no_budget),
        DESK_TEST(an_unreachable_model_leaves_the_baseline_and_says_so),
        DESK_TEST(an_unknown_bill_is_presumed_to_be_the_worst_case),
        DESK_TEST(a_small_budget_is_never_passed_by_many_at_once),
        DESK_TEST(a_reply_that_died_with_its_process_is_not_paid_twice),
        DESK_TEST(votes_that_were_paid_survive_their_process),
        DESK_TEST(a_resume_keeps_why_the_votes_were_degraded),
        DESK_TEST(a_round_reserves_what_fits_and_nothing_for_strangers),
        DESK_TEST(kill_nine_at_random_moments_loses_no_cent),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
