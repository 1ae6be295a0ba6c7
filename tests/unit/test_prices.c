/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/embedded.h"
#include "quorum/prices.h"
#include "quorum/timeutil.h"

static int32_t day(const char *s)
{
    int32_t d;
    assert_true(day_parse(s, &d));
    return d;
}

#define TODAY day("2026-11-22")

static void the_first_documents_model_is_understood_with_a_warning(void **state)
{
    char id[64];
    const char *warning = NULL;
    struct error e = {.kind = OK};
    (void)state;
    assert_int_equal(model_resolve("claude-haiku-4-20250514", TODAY, id, &warning, &e), OK);
    assert_string_equal(id, "claude-haiku-4-5-20251001");
    assert_non_null(warning);
    assert_non_null(strstr(warning, "never existed"));
    assert_int_equal(model_resolve("claude-haiku-4-5", TODAY, id, &warning, &e), OK);
    assert_string_equal(id, "claude-haiku-4-5-20251001");
    assert_null(warning);
    assert_int_equal(model_resolve(id, TODAY, id, NULL, &e), OK);
}

static void a_model_without_a_price_is_refused_not_free(void **state)
{
    static const char *const names[] = {
        "", "llama3", "claude-haiku-9", "claude-fable-5-2", "CLAUDE-HAIKU-4-5", "model", "#"};
    char id[64];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error e = {.kind = OK};
        assert_int_equal(model_resolve(names[i], TODAY, id, NULL, &e), ERR_USAGE);
        assert_non_null(strstr(e.text, "claude-haiku-4-5"));
        assert_non_null(strstr(e.text, "claude-haiku-5-5"));
        assert_null(model_price_find(names[i], TODAY, 0));
        assert_int_equal(model_cost(names[i], TODAY, &(struct usage){.input = 1}), -1);
        assert_int_equal(model_worst_case(names[i], TODAY, 1, 1, false), -1);
    }
    struct error e = {.kind = OK};
    assert_int_equal(model_resolve("claude-haiku-5-5", day("2026-10-06"), id, NULL, &e), ERR_USAGE);
}

static void a_retired_model_is_refused_from_its_day(void **state)
{
    struct error e = {.kind = OK};
    char id[64];
    (void)state;
    assert_int_equal(model_resolve("claude-3-5-haiku-20241022", TODAY, id, NULL, &e), ERR_POLICY);
    assert_non_null(strstr(e.text, "2026-02-19"));
    assert_true(e.fix[0] != '\0');
    assert_int_equal(model_resolve("claude-sonnet-4-5", TODAY, id, NULL, &e), OK);
    assert_int_equal(model_resolve("claude-sonnet-4-5", day("2026-11-30"), id, NULL, &e),
                     ERR_POLICY);
    assert_true(model_price_find("claude-sonnet-4-5-20250929", day("2026-11-30"), 0)->retired);
}

/* $1 and $5 a million: 4,000 in and 1,000 out are $0.009. */
static void costs_are_exact_to_the_nano_dollar(void **state)
{
    const char *haiku = "claude-haiku-4-5-20251001";
    struct usage u = {.input = 4000, .output = 1000};
    (void)state;
    assert_int_equal(model_cost(haiku, TODAY, &u), 9000000);
    u = (struct usage){.input = 412,
                       .output = 168,
                       .cache_write_5m = 100,
                       .cache_write_1h = 10,
                       .cache_read = 5210};
    assert_int_equal(model_cost(haiku, TODAY, &u),
                     412 * 1000 + 168 * 5000 + 100 * 1250 + 10 * 2000 + 5210 * 100);
    assert_int_equal(model_cost(haiku, TODAY, &(struct usage){.input = 0}), 0);
    assert_int_equal(model_cost(haiku, TODAY, &(struct usage){.input = -1}), -1);
    assert_int_equal(model_cost(haiku, TODAY, &(struct usage){.input = INT64_MAX}), -1);
}

/* Every token of a long prompt's request costs the higher price, the cached ones decide too. */
static void a_long_prompt_costs_more_for_every_token(void **state)
{
    const char *haiku = "claude-haiku-5-5";
    (void)state;
    assert_int_equal(model_cost(haiku, TODAY, &(struct usage){.input = 100000, .output = 10}),
                     100000 * 100 + 10 * 500);
    assert_int_equal(model_cost(haiku, TODAY, &(struct usage){.input = 100001, .output = 10}),
                     100001 * 500 + 10 * 2500);
    assert_int_equal(
        model_cost(haiku, TODAY, &(struct usage){.input = 1, .cache_read = 100000, .output = 1}),
        500 + 100000 * 50 + 2500);
    assert_int_equal(
        model_cost(haiku, TODAY, &(struct usage){.input = 1, .cache_write_5m = 99999, .output = 1}),
        100 + 99999 * 125 + 500);
}

static void a_price_holds_from_its_day(void **state)
{
    struct usage u = {.cache_read = 1000000};
    (void)state;
    assert_int_equal(model_cost("claude-sonnet-5-5", day("2026-10-06"), &u), 200000000);
    assert_int_equal(model_cost("claude-sonnet-5-5", day("2026-10-07"), &u), 100000000);
}

/* The reservation must never be less than the bill, whatever part of the prompt was cached. */
static void no_usage_within_the_bound_costs_more_than_the_worst_case(void **state)
{
    static const char *const models[] = {"claude-haiku-5-5", "claude-haiku-4-5-20251001",
                                         "claude-opus-5-5", "claude-fable-5-1"};
    uint64_t random = 1;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t part[5], prompt = 0;
        for (int k = 0; k < 5; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            part[k] = (int64_t)((random >> 33) % (k == 4 ? 2000 : 60000));
        }
        struct usage u = {
            .input = part[0], .cache_write_5m = part[1], .cache_read = part[2], .output = part[4]};
        bool hour = i % 2;
        if (hour)
            u.cache_write_1h = part[3];
        prompt = u.input + u.cache_write_5m + u.cache_write_1h + u.cache_read;
        const char *m = models[i % 4];
        int64_t slack = (int64_t)(random % 3000);
        assert_true(model_cost(m, TODAY, &u) <=
                    model_worst_case(m, TODAY, prompt + slack, 2000, hour));
    }
    assert_int_equal(model_worst_case("claude-haiku-4-5-20251001", TODAY, 1000, 100, false),
                     1000 * 1250 + 100 * 5000);
    assert_int_equal(model_worst_case("claude-haiku-4-5-20251001", TODAY, 1000, 100, true),
                     1000 * 2000 + 100 * 5000);
    assert_int_equal(model_worst_case("claude-haiku-5-5", TODAY, 100001, 100, false),
                     100001 * 625 + 100 * 2500);
}

/* Each line of the file is a price that is found on its day: none was left out as unreadable. */
static void every_line_of_the_price_file_is_in_force_on_its_day(void **state)
{
    const char *p = embedded_file("model_prices.csv", NULL);
    int rows = 0, names = 0;
    (void)state;
    assert_non_null(p);
    for (; *p; p += strcspn(p, "\n") + 1) {
        char line[300], *comma;
        copy_bytes(line, sizeof line, p, strcspn(p, "\n"));
        if (*line == '#' || (strncmp(line, "model,", 6) == 0 && ++names))
            continue;
        assert_non_null(comma = strchr(line, ','));
        *comma = '\0';
        char when[11];
        copy_bytes(when, sizeof when, comma + 1, 10);
        const struct model_price *row = model_price_find(line, day(when), 1000000);
        assert_non_null(row);
        assert_int_equal(row->valid_from, day(when));
        assert_true(row->input > 0 && row->output > row->input);
        assert_true(row->cache_read < row->input && row->input < row->cache_write_5m);
        assert_true(row->cache_write_5m < row->cache_write_1h);
        assert_true(row->max_output >= 4096 && row->cache_min_tokens >= 512);
        assert_non_null(model_price_find(line, day(when), 0));
        rows++;
    }
    assert_int_equal(names, 1);
    assert_true(rows >= 20);
}

static void every_alias_leads_to_a_model(void **state)
{
    const char *p = embedded_file("model_aliases.csv", NULL);
    int rows = 0;
    (void)state;
    assert_non_null(p);
    for (; *p; p += strcspn(p, "\n") + 1) {
        char line[300], id[64];
        struct error e = {.kind = OK};
        copy_bytes(line, sizeof line, p, strcspn(p, ","));
        if (*p == '#' || strcmp(line, "alias") == 0)
            continue;
        enum err rc = model_resolve(line, TODAY, id, NULL, &e);
        assert_true(rc == OK || rc == ERR_POLICY);
        rows++;
    }
    assert_true(rows >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_documents_model_is_understood_with_a_warning),
        cmocka_unit_test(a_model_without_a_price_is_refused_not_free),
        cmocka_unit_test(a_retired_model_is_refused_from_its_day),
        cmocka_unit_test(costs_are_exact_to_the_nano_dollar),
        cmocka_unit_test(a_long_prompt_costs_more_for_every_token),
        cmocka_unit_test(a_price_holds_from_its_day),
        cmocka_unit_test(no_usage_within_the_bound_costs_more_than_the_worst_case),
        cmocka_unit_test(every_line_of_the_price_file_is_in_force_on_its_day),
        cmocka_unit_test(every_alias_leads_to_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
