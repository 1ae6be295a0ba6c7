/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader of replies, byte by byte: what real and compatible servers send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <cmocka.h>

#include "core/net/anthropic.h"
#include "quorum/mem.h"
#include "quorum/text.h"

static const struct model_request request = {.model = "claude-haiku-4-5-20251001",
                                             .form_name = "record_vote"};

/* The outcome with its texts copied out, for the reader is released. */
struct seen {
    struct model_reply reply;
    char answer[300];
    bool has_answer;
};

static struct seen conclude(const char *body, size_t len, const struct http_response *like,
                            size_t step)
{
    struct wire *w = mem_alloc(sizeof *w);
    struct http_response r = like ? *like : (struct http_response){.status = 200};
    struct seen s = {.has_answer = false};
    r.sent = true;
    r.body = body;
    r.body_len = len;
    wire_init(w, &request);
    for (size_t i = 0; step && i < len; i += step)
        wire_feed(w, body + i, len - i < step ? len - i : step);
    wire_conclude(w, &r, NULL, &s.reply);
    if (s.reply.answer) {
        s.has_answer = true;
        copy_text(s.answer, sizeof s.answer, s.reply.answer);
    }
    wire_release(w);
    mem_free(w);
    return s;
}

static struct seen whole(const char *body)
{
    return conclude(body, strlen(body), NULL, 0);
}

#define MESSAGE(content, stop, usage)                                                              \
    "{\"id\":\"x\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":"       \
    "[" content "],\"stop_reason\":" stop ",\"usage\":" usage "}"
#define TOOL(input)                                                                                \
    "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"record_vote\",\"input\":" input "}"
#define TEXT(text)  "{\"type\":\"text\",\"text\":\"" text "\"}"
#define USAGE       "{\"input_tokens\":412,\"output_tokens\":168}"
#define VOTE        "{\"decision\":\"BUY\",\"confidence\":74}"
#define VOTE_QUOTED "{\\\"decision\\\":\\\"BUY\\\",\\\"confidence\\\":74}"

static void assert_vote(const struct seen *s)
{
    assert_int_equal(s->reply.outcome, MODEL_ANSWERED);
    assert_true(s->has_answer);
    assert_string_equal(s->answer, VOTE);
    assert_string_equal(s->reply.problem, "");
}

static void an_answer_is_found_wherever_a_server_puts_it(void **state)
{
    static const char *const bodies[] = {
        MESSAGE(TOOL(VOTE), "\"tool_use\"", USAGE),
        MESSAGE("{\"type\":\"thinking\",\"thinking\":\"{}\",\"signature\":\"x\"}," TOOL(VOTE),
                "\"tool_use\"", USAGE),
        MESSAGE("{\"type\":\"novelty\",\"text\":\"{\\\"a\\\":1}\"},7,null," TOOL(VOTE),
                "\"tool_use\"", USAGE),
        MESSAGE(TEXT(VOTE_QUOTED), "\"end_turn\"", USAGE),
        MESSAGE(TEXT("```json\\n" VOTE_QUOTED "\\n```"), "\"end_turn\"", USAGE),
        MESSAGE(TEXT("I say {so}: " VOTE_QUOTED ". {Done}"), "\"end_turn\"", USAGE),
        MESSAGE(TEXT(VOTE_QUOTED) "," TEXT("Again: " VOTE_QUOTED), "\"end_turn\"", USAGE),
        MESSAGE(TEXT("Let me see {\\\"a\\\":1}.") "," TOOL(VOTE), "\"tool_use\"", USAGE),
        MESSAGE(TOOL("{}") "," TEXT(VOTE_QUOTED), "\"tool_use\"", USAGE),
        MESSAGE(TOOL("\"" VOTE_QUOTED "\""), "\"tool_use\"", USAGE),
        MESSAGE("{\"type\":\"tool_use\",\"name\":\"other\",\"input\":{\"a\":1}}," TOOL(VOTE),
                "\"tool_use\"", USAGE),
        MESSAGE("{\"type\":\"tool_use\",\"name\":\"functions.record_vote\",\"input\":" VOTE "}",
                "\"tool_use\"", USAGE),
        MESSAGE(TOOL(VOTE), "null", USAGE),
        "{\"content\":[" TOOL(VOTE) "],\"usage\":" USAGE "}",
        "\n  {\"content\":\"" VOTE_QUOTED "\",\"usage\":" USAGE "}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct seen s = whole(bodies[i]);
        assert_vote(&s);
        assert_int_equal(s.reply.billing, BILLED_KNOWN);
        assert_int_equal(s.reply.usage.input, 412);
        assert_int_equal(s.reply.usage.output, 168);
    }
}

static void what_cannot_be_trusted_is_no_answer(void **state)
{
    static const struct {
        const char *body;
        enum model_outcome outcome;
    } rows[] = {
        {MESSAGE(TOOL(VOTE), "\"max_tokens\"", USAGE), MODEL_CUT},
        {MESSAGE(TOOL(VOTE), "\"model_context_window_exceeded\"", USAGE), MODEL_CUT},
        {MESSAGE(TEXT("{\\\"decision\\\":\\\"BUY"), "\"end_turn\"", USAGE), MODEL_CUT},
        {MESSAGE(TEXT("{\\\"a\\\":[{\\\"b\\\":1}"), "\"end_turn\"", USAGE), MODEL_CUT},
        {MESSAGE(TOOL(VOTE), "\"refusal\"", USAGE), MODEL_REFUSED},
        {MESSAGE("", "\"refusal\"", USAGE), MODEL_REFUSED},
        {MESSAGE("", "\"end_turn\"", USAGE), MODEL_WRONG_FORM},
        {MESSAGE(TEXT("I would buy."), "\"end_turn\"", USAGE), MODEL_WRONG_FORM},
        {MESSAGE(TEXT("{buy}"), "\"end_turn\"", USAGE), MODEL_WRONG_FORM},
        {MESSAGE(TOOL("{}"), "\"tool_use\"", USAGE), MODEL_WRONG_FORM},
        {MESSAGE(TOOL("null"), "\"tool_use\"", USAGE), MODEL_WRONG_FORM},
        {MESSAGE(TOOL("[1]"), "\"tool_use\"", USAGE), MODEL_WRONG_FORM},
        {MESSAGE(TOOL(VOTE), "\"pause_turn\"", USAGE), MODEL_WRONG_FORM},
        {MESSAGE(TOOL(VOTE), "\"a_new_reason\"", USAGE), MODEL_WRONG_FORM},
        /* Nobody can tell which of two was meant. */
        {MESSAGE(TEXT("Draft " VOTE_QUOTED " final {\\\"decision\\\":\\\"SELL\\\"}"),
                 "\"end_turn\"", USAGE),
         MODEL_WRONG_FORM},
        {MESSAGE(TOOL(VOTE) "," TOOL("{\"decision\":\"SELL\"}"), "\"tool_use\"", USAGE),
         MODEL_WRONG_FORM},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen s = whole(rows[i].body);
        assert_int_equal(s.reply.outcome, rows[i].outcome);
        assert_false(s.has_answer);
        assert_int_equal(s.reply.billing, BILLED_KNOWN);
        assert_true(s.reply.problem[0] != '\0');
        assert_false(s.reply.retryable);
    }
}

static void a_reply_that_is_none_may_have_been_billed(void **state)
{
    static const char *const bodies[] = {
        "",
        " ",
        "<html>login</html>",
        "null",
        "[]",
        "42",
        "{",
        "{}",
        "{\"a\"",
        "{\"choices\":[{\"message\":{\"content\":\"BUY\"}}]}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct seen s = whole(bodies[i]);
        assert_int_equal(s.reply.outcome, MODEL_UNREACHABLE);
        assert_int_equal(s.reply.billing, BILLED_UNKNOWN);
        assert_true(s.reply.retryable);
        assert_non_null(s.reply.raw);
    }
}

static void tokens_of_the_cache_are_told_apart(void **state)
{
    static const struct {
        const char *body;
        struct usage usage;
        enum billing billing;
    } rows[] = {
        {MESSAGE(TOOL(VOTE), "\"tool_use\"",
                 "{\"input_tokens\":1,\"output_tokens\":2,\"cache_read_input_tokens\":3,"
                 "\"cache_creation_input_tokens\":9,\"cache_creation\":{"
                 "\"ephemeral_5m_input_tokens\":4,\"ephemeral_1h_input_tokens\":5}}"),
         {1, 2, 4, 5, 3},
         BILLED_KNOWN},
        {MESSAGE(TOOL(VOTE), "\"tool_use\"",
                 "{\"input_tokens\":1,\"output_tokens\":2,\"cache_read_input_tokens\":null,"
                 "\"cache_creation_input_tokens\":9,\"cache_creation\":null}"),
         {1, 2, 9, 0, 0},
         BILLED_KNOWN},
        {MESSAGE(TOOL(VOTE), "\"tool_use\"",
                 "{\"input_tokens\":1,\"output_tokens\":2,\"cache_creation_input_tokens\":9,"
                 "\"cache_creation\":{\"ephemeral_1h_input_tokens\":5}}"),
         {1, 2, 4, 5, 0},
         BILLED_KNOWN},
        {MESSAGE(TOOL(VOTE), "\"tool_use\"", "null"), {0, 0, 0, 0, 0}, BILLED_UNKNOWN},
        {MESSAGE(TOOL(VOTE), "\"tool_use\"", "{\"input_tokens\":7}"),
         {7, 0, 0, 0, 0},
         BILLED_UNKNOWN},
        {MESSAGE(TOOL(VOTE), "\"tool_use\"", "{\"input_tokens\":\"7\",\"output_tokens\":-2}"),
         {0, 0, 0, 0, 0},
         BILLED_UNKNOWN},
        {MESSAGE(TOOL(VOTE), "\"tool_use\"",
                 "{\"input_tokens\":7,\"output_tokens\":99999999999999}"),
         {7, 0, 0, 0, 0},
         BILLED_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen s = whole(rows[i].body);
        assert_vote(&s);
        assert_memory_equal(&s.reply.usage, &rows[i].usage, sizeof rows[i].usage);
        assert_int_equal(s.reply.billing, rows[i].billing);
    }
}

/* ---- streams ---- */

#define START                                                                                      \
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"served\","   \
    "\"content\":[],\"usage\":{\"input_tokens\":412,\"cache_creation_input_tokens\":0,"            \
    "\"cache_read_input_tokens\":5210,\"output_tokens\":2}}}\n\n"
#define BLOCK(index, block)                                                                        \
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":" index         \
    ",\"content_block\":" block "}\n\n"
#define DELTA(index, delta)                                                                        \
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":" index         \
    ",\"delta\":" delta "}\n\n"
#define BLOCK_STOP(index) "data: {\"type\":\"content_block_stop\",\"index\":" index "}\n\n"
#define STOP(reason)                                                                               \
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":" reason   \
    "},\"usage\":{\"output_tokens\":168,\"input_tokens\":null}}\n\n"                               \
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
#define THINK                                                                                      \
    BLOCK("0", "{\"type\":\"thinking\",\"thinking\":\"\"}")                                        \
    DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"{\\\"decision\\\":\\\"SELL\\\"}\"}")   \
    DELTA("0", "{\"type\":\"signature_delta\",\"signature\":\"Eq\"}")                              \
    BLOCK_STOP("0") "event: ping\ndata: {\"type\": \"ping\"}\n\n"
#define PART(index, json)                                                                          \
    DELTA(index, "{\"type\":\"input_json_delta\",\"partial_json\":\"" json "\"}")

static struct seen stream(const char *body, size_t step)
{
    return conclude(body, strlen(body), NULL, step);
}

static void a_streamed_answer_survives_any_split(void **state)
{
    static const char body[] =
        START THINK BLOCK("1", "{\"type\":\"tool_use\",\"name\":\"record_vote\",\"input\":{}}")
            PART("1", "") PART("1", "{\\\"decision\\\":\\\"BU") "event: unknown\ndata: {}\n\n" PART(
                "1", "Y\\\",\\\"confidence\\\":74}") BLOCK_STOP("1") STOP("\"tool_use\"");
    (void)state;
    for (size_t step = 0; step < 90; step++) { /* 0: it was not asked for as a stream */
        struct seen s = stream(body, step);
        assert_vote(&s);
        assert_int_equal(s.reply.billing, BILLED_KNOWN);
        assert_int_equal(s.reply.usage.input, 412);
        assert_int_equal(s.reply.usage.output, 168); /* replaced, not added */
        assert_int_equal(s.reply.usage.cache_read, 5210);
        assert_string_equal(s.reply.served_model, "served");
        assert_string_equal(s.reply.stop_reason, "tool_use");
    }
}

static void a_stream_may_bring_the_input_at_once_or_as_text(void **state)
{
    static const char *const bodies[] = {
        START BLOCK("0", "{\"type\":\"tool_use\",\"name\":\"record_vote\",\"input\":" VOTE "}")
            STOP("\"tool_use\""),
        START BLOCK("0", "{\"type\":\"text\",\"text\":\"\"}")
            DELTA("0", "{\"type\":\"text_delta\",\"text\":\"" VOTE_QUOTED "\"}") BLOCK_STOP("0")
                STOP("\"end_turn\""),
        START BLOCK("0", "{\"type\":\"tool_use\",\"name\":\"record_vote\"}") PART("0", VOTE_QUOTED)
            STOP("null"),
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":null}}\n\n" BLOCK(
            "0", "{\"type\":\"tool_use\",\"name\":\"record_vote\",\"input\":" VOTE
                 "}") "event: message_delta\ndata: {\"delta\":{}}\n\n"
                      "event: message_stop\ndata: {}\n\n",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct seen s = stream(bodies[i], 11);
        assert_vote(&s);
        assert_int_equal(s.reply.billing, i < 3 ? BILLED_KNOWN : BILLED_UNKNOWN);
    }
}

static void a_stream_that_fails_is_presumed_billed(void **state)
{
    static const char error[] = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                                "\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    char body[2000] = START BLOCK("0", "{\"type\":\"tool_use\",\"name\":\"record_vote\"}")
        PART("0", VOTE_QUOTED) BLOCK_STOP("0");
    (void)state;
    struct seen s = stream(body, 13); /* no message_stop */
    assert_int_equal(s.reply.outcome, MODEL_UNREACHABLE);
    assert_int_equal(s.reply.billing, BILLED_UNKNOWN);
    assert_int_equal(s.reply.usage.input, 412);
    assert_true(s.reply.retryable);
    memcpy(body + strlen(body), error, sizeof error);
    s = stream(body, 13);
    assert_int_equal(s.reply.outcome, MODEL_UNREACHABLE);
    assert_int_equal(s.reply.billing, BILLED_UNKNOWN);
    assert_non_null(strstr(s.reply.problem, "Overloaded"));
}

/* The last byte of the answer was there before the connection broke: it was paid for. */
static void a_break_after_the_end_takes_nothing_away(void **state)
{
    static const char body[] =
        START BLOCK("0", "{\"type\":\"tool_use\",\"name\":\"record_vote\",\"input\":" VOTE "}")
            STOP("\"tool_use\"") "event: error\ndata: {\"error\":\"too late\"}\n\n";
    struct http_response r = {.status = 200, .failure = HTTP_CUT};
    (void)state;
    struct seen s = conclude(body, sizeof body - 1, &r, 20);
    assert_vote(&s);
}

/* ---- errors and waiting ---- */

static struct seen failed(int status, const char *headers, const char *body)
{
    struct http_response r = {.status = status};
    buf_printf(&r.headers, "HTTP/1.1 %d X\r\n%s\r\n", status, headers);
    struct seen s = conclude(body, strlen(body), &r, 0);
    buf_release(&r.headers);
    return s;
}

static void a_failure_is_classed_by_code_then_type_then_status(void **state)
{
#define BODY(type)    "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"m\"}}"
#define CODE(t, code) "{\"error\":{\"type\":\"" t "\",\"details\":{\"error_code\":\"" code "\"}}}"
#define LIMIT                                                                                      \
    "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"You have "                       \
    "reached your specified API usage limits. Access returns 2026-12-01.\"}}"
    static const struct {
        int status;
        const char *body;
        enum model_outcome outcome;
        enum billing billing;
        bool retryable;
    } rows[] = {
        {400, BODY("invalid_request_error"), MODEL_REJECTED, BILLED_NOTHING, false},
        {400, LIMIT, MODEL_DENIED, BILLED_NOTHING, false},
        {401, BODY("authentication_error"), MODEL_DENIED, BILLED_NOTHING, false},
        {402, BODY("billing_error"), MODEL_DENIED, BILLED_NOTHING, false},
        {403, BODY("permission_error"), MODEL_DENIED, BILLED_NOTHING, false},
        {404, BODY("not_found_error"), MODEL_REJECTED, BILLED_NOTHING, false},
        {408, "", MODEL_UNREACHABLE, BILLED_UNKNOWN, true},
        {409, BODY("conflict_error"), MODEL_UNREACHABLE, BILLED_UNKNOWN, true},
        {413, "<html>", MODEL_REJECTED, BILLED_NOTHING, false},
        {422, "{\"detail\":[]}", MODEL_REJECTED, BILLED_UNKNOWN, false},
        {429, BODY("rate_limit_error"), MODEL_UNREACHABLE, BILLED_NOTHING, true},
        {429, CODE("rate_limit_error", "ramp_limit_exceeded"), MODEL_UNREACHABLE, BILLED_NOTHING,
         true},
        {429, CODE("rate_limit_error", "enforced_spend_limit_reached"), MODEL_DENIED,
         BILLED_NOTHING, false},
        {429, CODE("rate_limit_error", "contract_spend_limit_reached"), MODEL_DENIED,
         BILLED_NOTHING, false},
        {500, BODY("api_error"), MODEL_UNREACHABLE, BILLED_UNKNOWN, true},
        {502, "<html>Bad gateway", MODEL_UNREACHABLE, BILLED_UNKNOWN, true},
        {503, "", MODEL_UNREACHABLE, BILLED_UNKNOWN, true},
        {504, BODY("timeout_error"), MODEL_UNREACHABLE, BILLED_UNKNOWN, true},
        {529, BODY("overloaded_error"), MODEL_UNREACHABLE, BILLED_NOTHING, true},
        {500, "{\"error\":\"out of memory\"}", MODEL_UNREACHABLE, BILLED_UNKNOWN, true},
        {401, "{\"error\":{\"message\":\"no\",\"type\":\"x\",\"code\":\"401\"}}", MODEL_DENIED,
         BILLED_NOTHING, false},
        {302, "", MODEL_REJECTED, BILLED_UNKNOWN, false},
        {200, BODY("overloaded_error"), MODEL_UNREACHABLE, BILLED_UNKNOWN, true},
        {200, "{\"error\":{\"type\":\"authentication_error\"}}", MODEL_DENIED, BILLED_UNKNOWN,
         false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen s = failed(rows[i].status, "", rows[i].body);
        assert_int_equal(s.reply.outcome, rows[i].outcome);
        assert_int_equal(s.reply.billing, rows[i].billing);
        assert_int_equal(s.reply.retryable, rows[i].retryable);
        assert_int_equal(s.reply.retry_after_ms, -1);
        assert_int_equal(s.reply.http_status, rows[i].status);
        assert_true(s.reply.problem[0] != '\0');
    }
}

static void the_vendors_wish_to_wait_is_understood_in_every_form(void **state)
{
    static const struct {
        const char *headers;
        int64_t ms;
    } rows[] = {
        {"retry-after: 2\r\n", 2000},
        {"Retry-After: 0.5\r\n", 500},
        {"retry-after-ms: 120.4\r\nretry-after: 7\r\n", 121},
        {"retry-after: 0\r\n", 0},
        {"retry-after: -1\r\n", -1},
        {"retry-after: soon\r\n", -1},
        {"retry-after: nan\r\n", -1},
        {"retry-after: 1e300\r\n", -1},
        {"date: Sun, 22 Nov 2026 10:00:00 GMT\r\nretry-after: Sun, 22 Nov 2026 10:01:30 GMT\r\n",
         90000},
        {"date: Sun, 22 Nov 2026 10:00:00 GMT\r\nretry-after: Sun, 22 Nov 2026 09:00:00 GMT\r\n",
         0},
        {"retry-after: Sun, 22 Foo 2026 10:00:00 GMT\r\n", -1},
        {"retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(failed(429, rows[i].headers, "").reply.retry_after_ms, rows[i].ms);
    assert_false(failed(529, "x-should-retry: false\r\n", "").reply.retryable);
    assert_true(failed(400, "x-should-retry: true\r\n", "").reply.retryable);
}

static void hostile_text_comes_out_clean(void **state)
{
    static const char body[] =
        "{\"error\":{\"type\":\"\\u001b[2J\",\"message\":\"a\\u001b]0;b\\u0007"
        "\\u202ec\\n\xff\"},\"request_id\":\"\\u001b[1m\"}";
    (void)state;
    struct seen s = failed(500, "request-id: \x1b[31mred\r\n", body);
    assert_null(strchr(s.reply.problem, '\x1b'));
    assert_null(strstr(s.reply.problem, "\u202e"));
    assert_null(strchr(s.reply.request_id, '\x1b'));
}

/* A payload row must take it: UTF-8, no NUL, bounded. */
static void the_raw_reply_can_always_be_stored(void **state)
{
    static const char bytes[] = "\xff\xfe{\x00\"a\":\x1b[2J,";
    (void)state;
    struct wire *w = mem_alloc(sizeof *w);
    struct model_reply reply;
    struct buf big = {0};
    while (big.len < 300000)
        buf_str(&big, "\u20ac ");
    struct http_response r = {.status = 200, .body = bytes, .body_len = sizeof bytes - 1};
    wire_init(w, &request);
    wire_conclude(w, &r, NULL, &reply);
    assert_true(text_is_utf8(reply.raw, strlen(reply.raw)));
    assert_null(strchr(reply.raw, '\x1b'));
    r.body = big.data;
    r.body_len = big.len;
    wire_conclude(w, &r, NULL, &reply);
    assert_true(strlen(reply.raw) > 262000 && strlen(reply.raw) <= 262144);
    assert_memory_equal(reply.raw, big.data, strlen(reply.raw));
    wire_release(w);
    mem_free(w);
    buf_release(&big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_found_wherever_a_server_puts_it),
        cmocka_unit_test(what_cannot_be_trusted_is_no_answer),
        cmocka_unit_test(a_reply_that_is_none_may_have_been_billed),
        cmocka_unit_test(tokens_of_the_cache_are_told_apart),
        cmocka_unit_test(a_streamed_answer_survives_any_split),
        cmocka_unit_test(a_stream_may_bring_the_input_at_once_or_as_text),
        cmocka_unit_test(a_stream_that_fails_is_presumed_billed),
        cmocka_unit_test(a_break_after_the_end_takes_nothing_away),
        cmocka_unit_test(a_failure_is_classed_by_code_then_type_then_status),
        cmocka_unit_test(the_vendors_wish_to_wait_is_understood_in_every_form),
        cmocka_unit_test(hostile_text_comes_out_clean),
        cmocka_unit_test(the_raw_reply_can_always_be_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
