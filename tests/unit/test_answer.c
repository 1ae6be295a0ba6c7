/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent_fixtures.h"

#include <json-c/json.h>

static const char *const decisions[] = {"BUY", "SELL", "HOLD", "ABSTAIN", NULL};
static const struct answer_field fields[] = {
    {.name = "decision", .type = FIELD_ENUM, .choice = decisions},
    {.name = "confidence", .type = FIELD_INTEGER, .min = 0, .max = 100},
    {.name = "reason", .type = FIELD_TEXT, .max_length = 60},
    {.name = "weight", .type = FIELD_NUMBER, .optional = true, .min = -1, .max = 1},
    {.name = "sure", .type = FIELD_BOOL, .optional = true},
    {.name = "evidence", .type = FIELD_EVIDENCE},
    {.name = NULL},
};

#define GOOD                                                                                       \
    "{\"decision\":\"BUY\",\"confidence\":82,\"reason\":\"fine\",\"weight\":null,\"sure\":true,"   \
    "\"evidence\":[{\"fact_id\":\"rsi\",\"value\":58.2},{\"fact_id\":\"n3\",\"value\":null}]}"
/* An answer whose confidence, reason and evidence are these JSON texts. */
#define WITH(confidence, reason, evidence)                                                         \
    "{\"decision\":\"BUY\",\"confidence\":" confidence ",\"reason\":" reason                       \
    ",\"evidence\":" evidence "}"

static enum err parse_bytes(const char *text, size_t len, struct answer *a, struct error *e)
{
    *e = (struct error){.kind = OK};
    return answer_parse(fields, text, len, a, e);
}

static void accepts(const char *text, struct answer *a)
{
    struct error e;
    if (parse_bytes(text, strlen(text), a, &e))
        fail_msg("%s: %s", text, e.text);
}

static void refuses(const char *text, const char *says)
{
    struct answer *a = mem_alloc(sizeof *a);
    struct error e;
    if (parse_bytes(text, strlen(text), a, &e) != ERR_FAILED)
        fail_msg("taken: %s", text);
    if (!strstr(e.text, says))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, e.text, says);
    for (size_t i = 0; i < ANSWER_FIELDS_MAX; i++)
        assert_false(a->field[i].present);
    mem_free(a);
}

static void a_good_answer_is_read_as_it_was_meant(void **state)
{
    struct answer *a = mem_alloc(sizeof *a);
    (void)state;
    accepts(GOOD, a);
    assert_string_equal(a->field[0].text, "BUY");
    near_to(a->field[1].number, 82, 0);
    assert_string_equal(a->field[2].text, "fine");
    assert_false(a->field[3].present);
    near_to(a->field[4].number, 1, 0);
    assert_int_equal(a->field[5].nevidence, 2);
    assert_string_equal(a->field[5].evidence[0].fact_id, "rsi");
    near_to(a->field[5].evidence[0].value, 58.2, 0);
    assert_true(a->field[5].evidence[0].has_value);
    assert_false(a->field[5].evidence[1].has_value);
    mem_free(a);
}

static void fences_and_prose_around_the_one_object_are_put_up_with(void **state)
{
    struct answer *a = mem_alloc(sizeof *a);
    (void)state;
    accepts("```json\n" GOOD "\n```", a);
    accepts("Here is my \"vote\":\n" GOOD " I hope it's of use.", a);
    accepts("\xef\xbb\xbf  " GOOD "\r\n", a);
    accepts(WITH("5e1", "\"a } or { in text\"", "[]"), a);
    near_to(a->field[1].number, 50, 0);
    accepts(WITH("50.0", "\"x\"", "[]"), a);
    refuses(GOOD GOOD, "more than one");
    refuses(GOOD " or rather " GOOD, "more than one");
    refuses("[" GOOD "]", "array");
    refuses("I would buy.", "no JSON object");
    refuses("", "no JSON object");
    mem_free(a);
}

static void a_choice_is_matched_whole_whatever_its_case(void **state)
{
    struct answer *a = mem_alloc(sizeof *a);
    (void)state;
    accepts("{\"decision\":\"hold\",\"confidence\":0,\"reason\":\"x\",\"evidence\":[]}", a);
    assert_string_equal(a->field[0].text, "HOLD");
    refuses("{\"decision\":\"STRONG BUY\",\"confidence\":0,\"reason\":\"x\",\"evidence\":[]}",
            "one of BUY, SELL, HOLD, ABSTAIN");
    refuses("{\"decision\":\"BUY\\u0000\",\"confidence\":0,\"reason\":\"x\",\"evidence\":[]}",
            "one of");
    refuses("{\"decision\":1,\"confidence\":0,\"reason\":\"x\",\"evidence\":[]}", "text");
    mem_free(a);
}

static void a_number_that_is_none_never_becomes_a_confidence(void **state)
{
    (void)state;
    refuses(WITH("NaN", "\"x\"", "[]"), "not JSON");
    refuses(WITH("Infinity", "\"x\"", "[]"), "not JSON");
    refuses(WITH("-Infinity", "\"x\"", "[]"), "not JSON");
    refuses(WITH("1e999", "\"x\"", "[]"), "finite");
    refuses(WITH("\"82\"", "\"x\"", "[]"), "must be a number");
    refuses(WITH("true", "\"x\"", "[]"), "must be a number");
    refuses(WITH("null", "\"x\"", "[]"), "missing");
    refuses(WITH("82.5", "\"x\"", "[]"), "whole");
    refuses(WITH("082", "\"x\"", "[]"), "not JSON");
    refuses(WITH("+82", "\"x\"", "[]"), "not JSON");
    refuses(WITH("82.", "\"x\"", "[]"), "not JSON");
    refuses(WITH("0x52", "\"x\"", "[]"), "not JSON");
    refuses(WITH("101", "\"x\"", "[]"), "0 to 100");
    refuses(WITH("-1", "\"x\"", "[]"), "0 to 100");
    refuses(WITH("99999999999999999999", "\"x\"", "[]"), "0 to 100");
}

static void what_is_not_strict_json_is_refused(void **state)
{
    (void)state;
    refuses("{'decision':'BUY','confidence':1,'reason':'x','evidence':[]}", "not JSON");
    refuses("{\"decision\":\"BUY\",\"confidence\":1,\"reason\":\"x\",\"evidence\":[],}",
            "not JSON");
    refuses("{\"decision\":\"BUY\",/* */\"confidence\":1,\"reason\":\"x\",\"evidence\":[]}",
            "not JSON");
    refuses("{\"decision\":\"BUY\",\"confidence\":1", "cut off");
    refuses("{\"decision\":\"BUY", "cut off");
    refuses("{\"decision\":\"BUY\\", "cut off");
    refuses("{]", "not JSON");
    refuses("{\"decision\":\"BUY\",\"confidence\":1,\"reason\":\"x\",\"evidence\":TRUE}",
            "not JSON");
}

static void a_field_too_many_too_few_or_twice_is_refused(void **state)
{
    (void)state;
    refuses("{}", "decision is missing");
    refuses("{\"decision\":\"BUY\",\"confidence\":1,\"evidence\":[]}", "reason is missing");
    refuses("{\"decision\":\"BUY\",\"confidence\":1,\"reason\":\"x\",\"evidence\":[],\"shares\":9}",
            "unknown field \"shares\"");
    refuses("{\"decision\":\"SELL\",\"decision\":\"BUY\",\"confidence\":1,\"reason\":\"x\","
            "\"evidence\":[]}",
            "twice");
    refuses("{\"decision\":\"SELL\",\"d\\u0065cision\":\"BUY\",\"confidence\":1,\"reason\":\"x\","
            "\"evidence\":[]}",
            "escape");
    refuses(WITH("1", "\"x\"", "[{\"fact_id\":\"rsi\",\"value\":1,\"value\":2}]"), "twice");
    refuses(WITH("1", "7", "[]"), "reason must be text");
    refuses(WITH("1", "\" \\n \"", "[]"), "reason is empty");
    refuses("{\"decision\":\"BUY\",\"confidence\":1,\"reason\":\"x\",\"sure\":1,\"evidence\":[]}",
            "true or false");
    refuses("{\"decision\":\"BUY\",\"confidence\":1,\"reason\":\"x\",\"weight\":1.01,"
            "\"evidence\":[]}",
            "-1 to 1");
}

static void evidence_of_the_wrong_form_is_refused(void **state)
{
    struct buf b = {0};
    (void)state;
    refuses(WITH("1", "\"x\"", "{}"), "list");
    refuses(WITH("1", "\"x\"", "[\"rsi\"]"), "objects");
    refuses(WITH("1", "\"x\"", "[{\"fact_id\":\"rsi\"}]"), "objects");
    refuses(WITH("1", "\"x\"", "[{\"fact_id\":\"rsi\",\"value\":1,\"note\":\"x\"}]"), "objects");
    refuses(WITH("1", "\"x\"", "[{\"fact_id\":\"rsi\",\"value\":\"58.2\"}]"), "number or null");
    refuses(WITH("1", "\"x\"", "[{\"fact_id\":\"rsi\",\"value\":1e999}]"), "finite");
    refuses(WITH("1", "\"x\"", "[{\"fact_id\":5,\"value\":1}]"), "fact_id");
    refuses(WITH("1", "\"x\"", "[{\"fact_id\":\"\",\"value\":1}]"), "fact_id");
    refuses(WITH("1", "\"x\"",
                 "[{\"fact_id\":\"0123456789012345678901234567890123456789\",\"value\":1}]"),
            "fact_id");
    buf_str(&b, "{\"decision\":\"BUY\",\"confidence\":1,\"reason\":\"x\",\"evidence\":[");
    for (int i = 0; i <= EVIDENCE_MAX; i++)
        buf_printf(&b, "%s{\"fact_id\":\"n%d\",\"value\":null}", i ? "," : "", i);
    buf_str(&b, "]}");
    refuses(buf_text(&b), "at most 12");
    buf_release(&b);
}

static void a_reply_made_to_hurt_is_refused(void **state)
{
    struct buf b = {0};
    (void)state;
    for (int i = 0; i < 10000; i++)
        buf_str(&b, "{\"a\":");
    refuses(buf_text(&b), "deeper");
    buf_clear(&b);
    buf_str(&b, "{\"evidence\":");
    for (int i = 0; i < 10000; i++)
        buf_char(&b, '[');
    refuses(buf_text(&b), "deeper");
    buf_clear(&b);
    for (int i = 0; i < 70000; i++)
        buf_char(&b, ' ');
    buf_str(&b, GOOD);
    refuses(buf_text(&b), "longer");
    buf_release(&b);
}

/* What a terminal or a log would act on is gone from every text, NUL included. */
static void control_characters_do_not_reach_the_desk(void **state)
{
    struct answer *a = mem_alloc(sizeof *a);
    struct error e;
    (void)state;
    accepts(WITH("1", "\"a\\u0000b\\u001b[31mc\\u202ed\\u0007\"", "[]"), a);
    for (const char *p = a->field[2].text; *p; p++)
        assert_true((unsigned char)*p >= 0x20);
    assert_null(strstr(a->field[2].text, "\u202e"));
    assert_non_null(strchr(a->field[2].text, 'd'));
    static const char raw[] = "{\"decision\":\"BUY\",\"confidence\":1,\"reason\":\"a\0\n\x1b[0mb\","
                              "\"evidence\":[]}";
    if (parse_bytes(raw, sizeof raw - 1, a, &e))
        fail_msg("%s", e.text);
    assert_non_null(strchr(a->field[2].text, 'b'));
    assert_null(strchr(a->field[2].text, '\n'));
    static const char outside[] = "{\"decision\":\"BUY\",\0\"confidence\":1,\"reason\":\"a\","
                                  "\"evidence\":[]}";
    assert_int_equal(parse_bytes(outside, sizeof outside - 1, a, &e), ERR_FAILED);
    accepts(WITH("1", "\"\xff\xfe broken \\ud800\"", "[]"), a);
    assert_non_null(strstr(a->field[2].text, "broken"));
    mem_free(a);
}

static void a_long_reason_is_cut_not_paid_for_again(void **state)
{
    struct answer *a = mem_alloc(sizeof *a);
    (void)state;
    accepts(WITH("1",
                 "\"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\"",
                 "[]"),
            a);
    assert_in_range(strlen(a->field[2].text), 50, 60);
    assert_memory_equal(a->field[2].text, "0123456789 ", 11);
    mem_free(a);
}

static struct fact *add(struct dossier *d, const char *id, struct value v, int decimals)
{
    struct provenance from = {.state = DATUM_PRESENT};
    struct fact *f = dossier_add(d, id, &from);
    f->number = v;
    f->decimals = decimals;
    return f;
}

static size_t cite(const struct dossier *d, const char *id, double value, double *confidence)
{
    struct vote v = {.state = VOTE_BUY, .confidence = 80, .nevidence = 1};
    v.evidence[0].value = value;
    v.evidence[0].has_value = !isnan(value);
    copy_text(v.evidence[0].fact_id, sizeof v.evidence[0].fact_id, id);
    size_t wrong = evidence_check(d, &v);
    assert_int_equal(v.evidence[0].wrong, wrong == 1);
    *confidence = v.confidence;
    return wrong;
}

static void a_vote_on_an_invented_value_is_marked_and_capped(void **state)
{
    struct dossier *d = mem_alloc(sizeof *d);
    double c;
    (void)state;
    add(d, "atr", VALUE(3.25), 2);
    add(d, "sma_50", VALUE(168.45), 2);
    add(d, "growth", VALUE(-0.26), 1);
    add(d, "unknown", VALUE_UNKNOWN, 2);
    add(d, "label", VALUE_UNKNOWN, 2)->text = arena_text(&d->arena, "BULL");
    assert_int_equal(cite(d, "sma_50", 168.45, &c), 0);
    near_to(c, 80, 0);
    assert_int_equal(cite(d, "sma_50", 168.45 * 1.0049, &c), 0);
    assert_int_equal(cite(d, "sma_50", 168.45 * .9951, &c), 0);
    assert_int_equal(cite(d, "sma_50", 168.45 * 1.0051, &c), 1);
    near_to(c, 50, 0);
    assert_int_equal(cite(d, "sma_50", -168.45, &c), 1);
    assert_int_equal(cite(d, "growth", -0.3, &c), 0); /* as it was shown */
    assert_int_equal(cite(d, "growth", -0.4, &c), 1);
    assert_int_equal(cite(d, "atr", NAN, &c), 0); /* without a value */
    assert_int_equal(cite(d, "label", NAN, &c), 0);
    assert_int_equal(cite(d, "label", 1, &c), 1);
    assert_int_equal(cite(d, "unknown", 0, &c), 1);
    assert_int_equal(cite(d, "rsi", 58, &c), 1);
    assert_int_equal(cite(d, "", NAN, &c), 1);
    struct vote v = {.state = VOTE_BUY, .confidence = 30, .nevidence = 1};
    assert_int_equal(evidence_check(d, &v), 1);
    near_to(v.confidence, 30, 0); /* a cap, not a value */
    free_dossier(d);
}

static void a_veto_can_only_lower_a_size(void **state)
{
    struct vote v = {.state = VOTE_HOLD, .answer = "APPROVE"};
    (void)state;
    assert_int_equal(vote_risk_limit(&v, 28), 28);
    copy_text(v.answer, sizeof v.answer, "REDUCE");
    assert_int_equal(vote_risk_limit(&v, 28), 28); /* to an unknown number: nothing */
    v.score = VALUE(10);
    assert_int_equal(vote_risk_limit(&v, 28), 10);
    v.score = VALUE(1e9);
    assert_int_equal(vote_risk_limit(&v, 28), 28);
    v.score = VALUE(-5);
    assert_int_equal(vote_risk_limit(&v, 28), 0);
    copy_text(v.answer, sizeof v.answer, "REJECT");
    assert_int_equal(vote_risk_limit(&v, 28), 0);
    v = (struct vote){.state = VOTE_ABSTAIN};
    assert_int_equal(vote_risk_limit(&v, 28), 28);
}

/* Anything else in a schema is a 400 from the service, after the call was paid for in time. */
static void only_keywords(struct json_object *schema)
{
    static const char *const known[] = {"type",  "properties",  "required", "additionalProperties",
                                        "items", "description", "enum",     "anyOf"};
    json_object_object_foreach(schema, key, value)
    {
        size_t i = 0;
        while (i < ARRAY_LEN(known) && strcmp(known[i], key) != 0)
            i++;
        if (i == ARRAY_LEN(known))
            fail_msg("keyword %s", key);
        if (strcmp(key, "properties") == 0) {
            json_object_object_foreach(value, name, property)
            {
                (void)name;
                only_keywords(property);
            }
        } else if (strcmp(key, "items") == 0) {
            only_keywords(value);
        } else if (strcmp(key, "anyOf") == 0) {
            for (size_t k = 0; k < json_object_array_length(value); k++)
                only_keywords(json_object_array_get_idx(value, k));
        }
    }
    struct json_object *properties = NULL, *required = NULL, *more = NULL;
    if (!json_object_object_get_ex(schema, "properties", &properties))
        return;
    assert_true(json_object_object_get_ex(schema, "required", &required));
    assert_int_equal(json_object_array_length(required), json_object_object_length(properties));
    assert_true(json_object_object_get_ex(schema, "additionalProperties", &more));
    assert_true(json_object_is_type(more, json_type_boolean) && !json_object_get_boolean(more));
}

static void the_service_takes_the_schema_of_every_agent(void **state)
{
    (void)state;
    for (size_t i = 0; agent_table[i]; i++) {
        struct buf b = {0};
        answer_schema(agent_table[i]->answer, &b);
        struct json_object *o = json_tokener_parse(buf_text(&b));
        assert_true(json_object_is_type(o, json_type_object));
        only_keywords(o);
        json_object_put(o);
        buf_release(&b);
    }
}

static void the_schema_is_the_table(void **state)
{
    struct buf b = {0};
    (void)state;
    answer_schema(fields, &b);
    assert_string_equal(
        buf_text(&b),
        "{\"type\":\"object\",\"properties\":{"
        "\"decision\":{\"type\":\"string\",\"enum\":[\"BUY\",\"SELL\",\"HOLD\",\"ABSTAIN\"],"
        "\"description\":\"\"},"
        "\"confidence\":{\"type\":\"integer\",\"description\":\"0 to 100.\"},"
        "\"reason\":{\"type\":\"string\",\"description\":\"At most 60 characters.\"},"
        "\"weight\":{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"null\"}],"
        "\"description\":\"-1 to 1. null when it does not apply.\"},"
        "\"sure\":{\"anyOf\":[{\"type\":\"boolean\"},{\"type\":\"null\"}],"
        "\"description\":\"null when it does not apply.\"},"
        "\"evidence\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
        "\"fact_id\":{\"type\":\"string\"},"
        "\"value\":{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"null\"}]}},"
        "\"required\":[\"fact_id\",\"value\"],\"additionalProperties\":false},"
        "\"description\":\"At most 12.\"}},"
        "\"required\":[\"decision\",\"confidence\",\"reason\",\"weight\",\"sure\",\"evidence\"],"
        "\"additionalProperties\":false}");
    buf_release(&b);
}

static void vote_names_go_there_and_back(void **state)
{
    (void)state;
    for (int i = VOTE_ABSTAIN; i <= VOTE_FAILED; i++) {
        enum vote_state back;
        assert_true(vote_state_parse(vote_state_name((enum vote_state)i), &back));
        assert_int_equal(back, i);
    }
    enum vote_state s;
    assert_false(vote_state_parse("buy", &s));
    assert_false(vote_state_parse("SKIP", &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer_is_read_as_it_was_meant),
        cmocka_unit_test(fences_and_prose_around_the_one_object_are_put_up_with),
        cmocka_unit_test(a_choice_is_matched_whole_whatever_its_case),
        cmocka_unit_test(a_number_that_is_none_never_becomes_a_confidence),
        cmocka_unit_test(what_is_not_strict_json_is_refused),
        cmocka_unit_test(a_field_too_many_too_few_or_twice_is_refused),
        cmocka_unit_test(evidence_of_the_wrong_form_is_refused),
        cmocka_unit_test(a_reply_made_to_hurt_is_refused),
        cmocka_unit_test(control_characters_do_not_reach_the_desk),
        cmocka_unit_test(a_long_reason_is_cut_not_paid_for_again),
        cmocka_unit_test(a_vote_on_an_invented_value_is_marked_and_capped),
        cmocka_unit_test(a_veto_can_only_lower_a_size),
        cmocka_unit_test(the_service_takes_the_schema_of_every_agent),
        cmocka_unit_test(the_schema_is_the_table),
        cmocka_unit_test(vote_names_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
