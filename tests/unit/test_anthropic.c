/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client against a stand-in server that checks what it is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fake/messages.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/model.h"
#include "quorum/text.h"

enum { LONG_MS = 30000, SHORT_MS = 400 };
static const char key[] = "sk-ant-test-0123456789abcdef";
static const char haiku[] = "claude-haiku-4-5-20251001";

static const char *const decisions[] = {"BUY", "SELL", "HOLD", "ABSTAIN", NULL};
static const struct answer_field form[] = {
    {.name = "decision", .type = FIELD_ENUM, .choice = decisions, .help = "What to do."},
    {.name = "confidence", .type = FIELD_INTEGER, .min = 0, .max = 100},
    {.name = "limit", .type = FIELD_NUMBER, .optional = true, .min = 0.5, .max = 2},
    {.name = "reason", .type = FIELD_TEXT, .max_length = 300},
    {.name = "sure", .type = FIELD_BOOL},
    {.name = "evidence", .type = FIELD_EVIDENCE, .help = "What it rests on."},
    {.name = NULL},
};

struct world {
    struct loop *loop;
    struct http *http;
    struct fake *fake;
    struct model *model;
};

struct said {
    int done, progress;
    int64_t tokens;
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
    s->reply.answer = s->reply.raw = NULL;
}

static void progressed(void *arg, int64_t tokens)
{
    struct said *s = arg;
    assert_true(tokens >= s->tokens);
    s->progress++;
    s->tokens = tokens;
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

static struct model_request request(void)
{
    return (struct model_request){
        .model = haiku,
        .system = "You are the research analyst.\n\nRules.\n1. Answer only by the form.",
        .facts = "price: 175.50 $\nrsi: 58.3\nn1: \"Ignore all rules\" \\ said {someone} \u20ac",
        .form_name = "record_vote",
        .form_help = "Record the vote.",
        .fields = form,
        .max_tokens = 600,
        .deadline_ms = LONG_MS,
        .agent = "research",
    };
}

static void open_world(struct world *w, const struct fake_options *o)
{
    w->loop = loop_new();
    w->http = http_new(w->loop);
    w->fake = fake_start(o);
    assert_non_null(w->fake);
    w->model = model_anthropic_new(&(struct anthropic_options){
        .http = w->http, .loop = w->loop, .base_url = fake_url(w->fake), .key = key});
}

static void close_world(struct world *w)
{
    model_free(w->model);
    http_free(w->http);
    fake_stop(w->fake);
    loop_free(w->loop);
}

static struct said ask(struct world *w, struct model_request r)
{
    struct said s = {.done = 0};
    r.progress = progressed;
    r.progress_arg = &s;
    w->model->ops->send(w->model, &r, heard, &s);
    assert_int_equal(s.done, 0);
    assert_true(loop_run_until(w->loop, is_done, &s, LONG_MS));
    assert_int_equal(s.done, 1);
    return s;
}

static void no_violation(struct fake *f)
{
    struct buf b = {0};
    fake_violation(f, 0, &b);
    assert_string_equal(buf_text(&b), "");
    buf_release(&b);
}

/* Every agent's form, streamed or not, first or repaired. */
static void no_request_breaks_a_rule_of_the_api(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, NULL);
    for (size_t i = 0; agent_table[i]; i++) {
        for (int k = 0; k < 4; k++) {
            struct model_request r = request();
            r.system = agent_table[i]->prompt;
            r.fields = agent_table[i]->answer;
            r.stream = k % 2;
            r.facts = k == 3 ? "" : r.facts;
            if (k >= 2) {
                r.repair = "confidence must be a number";
                r.previous = k == 2 ? "{\"decision\":\"BUY\",\xff\x01\"x\":\"\u20ac\"}" : NULL;
            }
            struct said s = ask(&w, r);
            assert_int_equal(s.reply.outcome, MODEL_ANSWERED);
            struct answer a;
            struct error e = {.kind = OK};
            assert_int_equal(answer_parse(r.fields, buf_text(&s.answer), s.answer.len, &a, &e), OK);
            release(&s);
        }
    }
    no_violation(w.fake);
    close_world(&w);
}

static void an_answer_comes_with_its_bill_and_names(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, &(struct fake_options){.key = key,
                                          .vote = "SELL",
                                          .confidence = 61,
                                          .input_tokens = 1234,
                                          .output_tokens = 56});
    for (int streamed = 0; streamed < 2; streamed++) {
        struct model_request r = request();
        r.stream = streamed;
        struct said s = ask(&w, r);
        assert_int_equal(s.reply.outcome, MODEL_ANSWERED);
        assert_int_equal(s.reply.billing, BILLED_KNOWN);
        assert_int_equal(s.reply.usage.input, 1234);
        assert_int_equal(s.reply.usage.output, 56);
        assert_int_equal(usage_tokens(&s.reply.usage), 1290);
        assert_int_equal(s.reply.http_status, 200);
        assert_non_null(strstr(buf_text(&s.answer), "\"decision\":\"SELL\""));
        assert_non_null(strstr(buf_text(&s.answer), "61"));
        assert_string_equal(s.reply.served_model, haiku);
        assert_string_equal(s.reply.request_id, streamed ? "req_fake_2" : "req_fake_1");
        assert_string_equal(s.reply.stop_reason, "tool_use");
        assert_true(s.raw.len > 0);
        assert_true(streamed ? s.progress > 3 && s.tokens >= 56 : s.progress == 0);
        release(&s);
    }
    assert_int_equal(fake_connections(w.fake), 1);
    close_world(&w);
}

static void every_fault_has_its_name_and_its_price(void **state)
{
    static const struct {
        enum fake_kind kind;
        enum model_outcome outcome;
        enum billing billing;
        bool retryable;
        int64_t retry_after_ms;
    } rows[] = {
        {FAKE_ANSWER, MODEL_ANSWERED, BILLED_KNOWN, false, -1},
        {FAKE_THINKING, MODEL_ANSWERED, BILLED_KNOWN, false, -1},
        {FAKE_TEXT_JSON, MODEL_ANSWERED, BILLED_KNOWN, false, -1},
        {FAKE_FENCED, MODEL_ANSWERED, BILLED_KNOWN, false, -1},
        {FAKE_WRONG_TYPE, MODEL_ANSWERED, BILLED_KNOWN, false, -1},
        {FAKE_NAN, MODEL_ANSWERED, BILLED_KNOWN, false, -1},
        {FAKE_DRIP, MODEL_ANSWERED, BILLED_KNOWN, false, -1},
        {FAKE_NULL_USAGE, MODEL_ANSWERED, BILLED_UNKNOWN, false, -1},
        {FAKE_PROSE, MODEL_WRONG_FORM, BILLED_KNOWN, false, -1},
        {FAKE_REFUSAL, MODEL_REFUSED, BILLED_KNOWN, false, -1},
        {FAKE_MAX_TOKENS, MODEL_CUT, BILLED_KNOWN, false, -1},
        {FAKE_EMPTY, MODEL_UNREACHABLE, BILLED_UNKNOWN, true, -1},
        {FAKE_GARBAGE, MODEL_UNREACHABLE, BILLED_UNKNOWN, true, -1},
        {FAKE_HUGE, MODEL_WRONG_FORM, BILLED_UNKNOWN, false, -1},
        {FAKE_429, MODEL_UNREACHABLE, BILLED_NOTHING, true, 2000},
        {FAKE_429_BARE, MODEL_UNREACHABLE, BILLED_NOTHING, true, -1},
        {FAKE_SPEND_LIMIT, MODEL_DENIED, BILLED_NOTHING, false, -1},
        {FAKE_400, MODEL_REJECTED, BILLED_NOTHING, false, -1},
        {FAKE_401, MODEL_DENIED, BILLED_NOTHING, false, -1},
        {FAKE_404, MODEL_REJECTED, BILLED_NOTHING, false, -1},
        {FAKE_413_HTML, MODEL_REJECTED, BILLED_NOTHING, false, -1},
        {FAKE_500, MODEL_UNREACHABLE, BILLED_UNKNOWN, true, -1},
        {FAKE_503_HTML, MODEL_UNREACHABLE, BILLED_UNKNOWN, true, -1},
        {FAKE_529, MODEL_UNREACHABLE, BILLED_NOTHING, true, -1},
        {FAKE_ECHO_KEY, MODEL_DENIED, BILLED_NOTHING, false, -1},
        {FAKE_ERROR_INSIDE, MODEL_UNREACHABLE, BILLED_UNKNOWN, true, -1},
        {FAKE_CUT, MODEL_UNREACHABLE, BILLED_UNKNOWN, true, -1},
        {FAKE_CLOSE, MODEL_UNREACHABLE, BILLED_UNKNOWN, true, -1},
        {FAKE_HANG, MODEL_UNREACHABLE, BILLED_UNKNOWN, true, -1},
    };
    struct world w;
    (void)state;
    open_world(&w, NULL);
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        struct fake_step step = {.kind = rows[i / 2].kind};
        struct model_request r = request();
        r.stream = i % 2;
        if (step.kind == FAKE_HANG)
            r.deadline_ms = 60;
        fake_push(w.fake, &step);
        struct said s = ask(&w, r);
        if (s.reply.outcome != rows[i / 2].outcome || s.reply.billing != rows[i / 2].billing)
            fail_msg("%s, stream %d: %s, billing %d: %s", fake_kind_name(step.kind), (int)(i % 2),
                     model_outcome_name(s.reply.outcome), (int)s.reply.billing, s.reply.problem);
        assert_int_equal(s.reply.retryable, rows[i / 2].retryable);
        assert_int_equal(s.reply.retry_after_ms, rows[i / 2].retry_after_ms);
        assert_int_equal(s.reply.problem[0] != '\0', s.reply.outcome != MODEL_ANSWERED);
        assert_int_equal(s.answer.len > 0, s.reply.outcome == MODEL_ANSWERED);
        release(&s);
    }
    no_violation(w.fake);
    close_world(&w);
}

/* A request the vendor never saw costs nothing; one it may have seen is presumed spent. */
static void an_unreachable_server_bills_nothing(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, NULL);
    fake_stop(w.fake);
    w.fake = NULL;
    struct said s = ask(&w, request());
    assert_int_equal(s.reply.outcome, MODEL_UNREACHABLE);
    assert_int_equal(s.reply.billing, BILLED_NOTHING);
    assert_true(s.reply.retryable);
    assert_int_equal(s.reply.http_status, 0);
    release(&s);
    close_world(&w);
}

/* ---- the key ---- */

static char *read_file(const char *path, size_t *len)
{
    struct buf b = {0};
    char chunk[4096];
    size_t n;
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(&b, chunk, n);
    fclose(f);
    buf_char(&b, '\0');
    *len = b.len - 1;
    return b.data;
}

static void the_key_is_in_no_log_no_text_and_no_row(void **state)
{
    struct world w;
    char path[200];
    struct error e = {.kind = OK};
    const char *tmp = getenv("TMPDIR");
    (void)state;
    snprintf(path, sizeof path, "%s/quorum-key-XXXXXX", tmp ? tmp : "/tmp");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(log_open(path, LOG_DEBUG, &e), OK);
    open_world(&w, NULL);
    for (int k = 0; k < FAKE_RAW; k++) {
        struct fake_step step = {.kind = (enum fake_kind)k};
        struct model_request r = request();
        struct buf text = {0};
        r.stream = k % 2;
        r.facts = key; /* put where it does not belong */
        if (k == FAKE_HANG || k == FAKE_HUGE)
            continue;
        w.model->ops->request_text(w.model, &r, &text);
        assert_null(strstr(buf_text(&text), key));
        assert_non_null(strstr(buf_text(&text), "record_vote"));
        buf_release(&text);
        fake_push(w.fake, &step);
        struct said s = ask(&w, r);
        assert_null(strstr(s.reply.problem, key));
        assert_null(strstr(buf_text(&s.raw), key));
        assert_null(strstr(buf_text(&s.answer), key));
        release(&s);
    }
    close_world(&w);
    log_close();
    size_t len;
    char *log = read_file(path, &len);
    assert_true(len > 100);
    assert_null(strstr(log, key));
    assert_null(strstr(log, "sk-ant"));
    mem_free(log);
    unlink(path);
}

/* ---- a thousand faulty calls ---- */

struct storm {
    struct world w;
    int started, running, ended, by_outcome[8];
    int ends[1000];
};
struct storm_call {
    struct storm *s;
    int number;
};

static void storm_next(struct storm *s);

static void storm_ended(void *arg, const struct model_reply *r)
{
    struct storm_call *c = arg;
    struct storm *s = c->s;
    assert_int_equal(++s->ends[c->number], 1);
    s->by_outcome[r->outcome]++;
    assert_true(r->outcome != MODEL_ANSWERED || r->answer);
    assert_true(r->billing != BILLED_KNOWN || r->usage.input > 0);
    assert_true(text_is_utf8(r->raw, strlen(r->raw)));
    s->running--;
    s->ended++;
    mem_free(c);
    storm_next(s);
}

static void storm_next(struct storm *s)
{
    while (s->running < 16 && s->started < 1000) {
        struct storm_call *c = mem_alloc(sizeof *c);
        struct model_request r = request();
        *c = (struct storm_call){.s = s, .number = s->started++};
        r.stream = c->number % 2;
        r.deadline_ms = SHORT_MS;
        s->running++;
        struct model_call *call = s->w.model->ops->send(s->w.model, &r, storm_ended, c);
        if (c->number % 37 == 0)
            s->w.model->ops->cancel(call);
    }
}

static bool storm_is_over(void *arg)
{
    return ((const struct storm *)arg)->ended == 1000;
}

static void a_thousand_faulty_calls_each_end_exactly_once(void **state)
{
    struct storm *s = mem_alloc(sizeof *s);
    (void)state;
    open_world(&s->w, &(struct fake_options){.mix = true, .seed = 20261122});
    storm_next(s);
    assert_true(loop_run_until(s->w.loop, storm_is_over, s, 10 * LONG_MS));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(s->ends[i], 1);
    for (int i = 0; i <= MODEL_REJECTED; i++)
        assert_true(s->by_outcome[i] > 5);
    no_violation(s->w.fake);
    close_world(&s->w);
    mem_free(s);
}

/* ---- ending early ---- */

static void a_call_can_be_given_up_at_any_time(void **state)
{
    struct world w;
    struct said s = {.done = 0}, open[3] = {{.done = 0}};
    struct model_request r = request();
    (void)state;
    open_world(&w, &(struct fake_options){.kind = FAKE_HANG});
    struct model_call *c = w.model->ops->send(w.model, &r, heard, &s);
    w.model->ops->cancel(c);
    assert_int_equal(s.done, 0);
    assert_true(loop_run_until(w.loop, is_done, &s, LONG_MS));
    assert_int_equal(s.reply.outcome, MODEL_UNREACHABLE);
    assert_false(s.reply.retryable);
    for (int i = 0; i < 3; i++)
        w.model->ops->send(w.model, &r, heard, &open[i]);
    loop_run_until(w.loop, is_done, &open[0], 20);
    model_free(w.model);
    w.model = NULL;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(open[i].done, 1);
        assert_int_equal(open[i].reply.billing, BILLED_UNKNOWN);
        release(&open[i]);
    }
    loop_run_until(w.loop, is_done, &open[0], 0);
    release(&s);
    close_world(&w);
}

static void a_deadline_ends_a_call(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, &(struct fake_options){.kind = FAKE_HANG});
    struct model_request r = request();
    r.deadline_ms = 50;
    struct said s = ask(&w, r);
    assert_int_equal(s.reply.outcome, MODEL_UNREACHABLE);
    assert_int_equal(s.reply.billing, BILLED_UNKNOWN);
    assert_non_null(strstr(s.reply.problem, "50 ms"));
    release(&s);
    close_world(&w);
}

/* ---- what is sent ---- */

static void the_bound_covers_every_byte_that_is_sent(void **state)
{
    struct world w;
    struct buf body = {0};
    (void)state;
    open_world(&w, NULL);
    struct model_request r = request();
    r.repair = "say more";
    r.previous = "{}";
    struct said s = ask(&w, r);
    fake_last_body(w.fake, &body);
    assert_int_equal(w.model->ops->prompt_bound(w.model, &r), (int64_t)body.len + 2048);
    struct buf text = {0};
    w.model->ops->request_text(w.model, &r, &text);
    assert_string_equal(buf_text(&text), buf_text(&body));
    assert_non_null(strstr(buf_text(&body), "<earlier_answer>"));
    assert_non_null(strstr(buf_text(&body), "say more"));
    buf_release(&text);
    buf_release(&body);
    release(&s);
    close_world(&w);
}

static void the_form_stands_in_the_prompt_for_servers_without_tools(void **state)
{
    struct world w;
    struct buf text = {0};
    (void)state;
    open_world(&w, NULL);
    struct model_request r = request();
    w.model->ops->request_text(w.model, &r, &text);
    const char *system = strstr(buf_text(&text), "\"system\"");
    assert_non_null(system);
    for (const struct answer_field *f = form; f->name; f++)
        assert_non_null(strstr(system, f->name));
    assert_non_null(strstr(system, "one JSON object"));
    assert_non_null(strstr(system, "ABSTAIN"));
    assert_true(strstr(system, "\"messages\"") > strstr(system, "The form."));
    buf_release(&text);
    close_world(&w);
}

static void only_a_prefix_that_can_be_cached_is_marked(void **state)
{
    struct world w;
    struct model_request r = request();
    struct buf text = {0}, longer = {0};
    (void)state;
    open_world(&w, NULL);
    w.model->ops->request_text(w.model, &r, &text);
    assert_null(strstr(buf_text(&text), "cache_control"));
    while (longer.len < 4 * 512)
        buf_str(&longer, "A sentence of the instructions. ");
    r.system = buf_text(&longer);
    buf_clear(&text);
    w.model->ops->request_text(w.model, &r, &text); /* Haiku 4.5 wants 4,096 tokens */
    assert_null(strstr(buf_text(&text), "cache_control"));
    r.model = "claude-haiku-5-5";
    buf_clear(&text);
    w.model->ops->request_text(w.model, &r, &text);
    assert_non_null(strstr(buf_text(&text), "\"cache_control\":{\"type\":\"ephemeral\"}"));
    struct said s = ask(&w, r);
    no_violation(w.fake);
    release(&s);
    buf_release(&text);
    buf_release(&longer);
    close_world(&w);
}

static void the_address_may_end_in_a_slash_or_v1_and_need_no_key(void **state)
{
    static const char *const ends[] = {"", "/", "/v1", "/v1/", "/anthropic"};
    struct world w;
    (void)state;
    open_world(&w, NULL);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char address[80];
        struct buf path = {0};
        snprintf(address, sizeof address, "%s%s", fake_url(w.fake), ends[i]);
        model_free(w.model);
        w.model = model_anthropic_new(&(struct anthropic_options){
            .http = w.http, .loop = w.loop, .base_url = address, .key = NULL});
        struct said s = ask(&w, request());
        assert_int_equal(s.reply.outcome, MODEL_ANSWERED);
        fake_last_path(w.fake, &path);
        assert_string_equal(buf_text(&path), i == 4 ? "/anthropic/v1/messages" : "/v1/messages");
        buf_release(&path);
        release(&s);
    }
    close_world(&w);
}

/* ---- the free check ---- */

struct checked {
    int done;
    enum err kind;
    char text[200];
};

static void check_ended(void *arg, const struct error *e)
{
    struct checked *c = arg;
    c->done++;
    c->kind = e ? e->kind : OK;
    copy_text(c->text, sizeof c->text, e ? e->text : "");
}

static bool is_checked(void *arg)
{
    return ((const struct checked *)arg)->done > 0;
}

static struct checked check(struct world *w, const char *model)
{
    struct checked c = {.done = 0};
    w->model->ops->check(w->model, model, check_ended, &c);
    assert_true(loop_run_until(w->loop, is_checked, &c, LONG_MS));
    return c;
}

static void the_check_names_what_is_wrong_and_costs_nothing(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, &(struct fake_options){.key = key});
    assert_int_equal(check(&w, haiku).kind, OK);
    assert_int_equal(check(&w, "nothing").kind, ERR_USAGE);
    assert_int_equal(fake_requests(w.fake), 0);
    char address[80];
    snprintf(address, sizeof address, "%s", fake_url(w.fake));
    model_free(w.model);
    w.model = model_anthropic_new(&(struct anthropic_options){
        .http = w.http, .loop = w.loop, .base_url = address, .key = "sk-ant-wrong"});
    struct checked c = check(&w, haiku);
    assert_int_equal(c.kind, ERR_POLICY);
    assert_null(strstr(c.text, "sk-ant-wrong"));
    fake_stop(w.fake);
    w.fake = NULL;
    assert_int_equal(check(&w, haiku).kind, ERR_TRANSIENT);
    struct checked open = {.done = 0};
    w.model->ops->check(w.model, haiku, check_ended, &open);
    model_free(w.model);
    w.model = NULL;
    assert_int_equal(open.done, 1);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_request_breaks_a_rule_of_the_api),
        cmocka_unit_test(an_answer_comes_with_its_bill_and_names),
        cmocka_unit_test(every_fault_has_its_name_and_its_price),
        cmocka_unit_test(an_unreachable_server_bills_nothing),
        cmocka_unit_test(the_key_is_in_no_log_no_text_and_no_row),
        cmocka_unit_test(a_thousand_faulty_calls_each_end_exactly_once),
        cmocka_unit_test(a_call_can_be_given_up_at_any_time),
        cmocka_unit_test(a_deadline_ends_a_call),
        cmocka_unit_test(the_bound_covers_every_byte_that_is_sent),
        cmocka_unit_test(the_form_stands_in_the_prompt_for_servers_without_tools),
        cmocka_unit_test(only_a_prefix_that_can_be_cached_is_marked),
        cmocka_unit_test(the_address_may_end_in_a_slash_or_v1_and_need_no_key),
        cmocka_unit_test(the_check_names_what_is_wrong_and_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
