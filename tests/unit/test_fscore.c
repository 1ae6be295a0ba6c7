/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent_fixtures.h"

#include <json-c/json.h>

#include "agents/fscore.h"

static double number(struct json_object *row, const char *key)
{
    struct json_object *o = NULL;
    if (!json_object_object_get_ex(row, key, &o))
        fail_msg("no %s", key);
    return json_object_get_double(o);
}

static int flag(struct json_object *row, size_t i)
{
    struct json_object *o = NULL;
    assert_true(json_object_object_get_ex(row, "flags", &o));
    return json_object_get_int(json_object_array_get_idx(o, i));
}

static struct json_object *golden_rows(struct json_object **root)
{
    size_t len;
    char *text = golden("fscore_golden.json", &len);
    struct json_object *rows = NULL;
    *root = json_tokener_parse(text);
    mem_free(text);
    assert_true(json_object_object_get_ex(*root, "rows", &rows));
    return rows;
}

/* Statements that have the golden row's ratios; what it has no figure for, by its flag. */
static void from_ratios(struct json_object *row, struct statement_year *a, struct statement_year *b)
{
    const double assets = 4e11;
    double roa = number(row, "roa"), debt = number(row, "lt_debt_ratio");
    *a = *b = (struct statement_year){.total_assets = VALUE(assets),
                                      .current_liabilities = VALUE(1e11),
                                      .shares_diluted = VALUE(1e9)};
    a->net_income = VALUE(roa * assets);
    b->net_income = VALUE(number(row, "roa_prev") * assets);
    a->revenue = VALUE(number(row, "asset_turnover") * assets);
    b->revenue = VALUE(number(row, "asset_turnover_prev") * assets);
    a->gross_profit = VALUE(number(row, "gross_margin") * a->revenue.v);
    b->gross_profit = VALUE(number(row, "gross_margin_prev") * b->revenue.v);
    a->current_assets = VALUE(number(row, "current_ratio") * 1e11);
    b->current_assets = VALUE(number(row, "current_ratio_prev") * 1e11);
    a->cash_from_operations = VALUE(flag(row, 3) ? roa * assets * 1.2 : roa * assets * .8);
    b->cash_from_operations = a->cash_from_operations;
    a->long_term_debt = VALUE(debt * assets);
    b->long_term_debt = VALUE((flag(row, 4) ? debt + .01 : debt - .01) * assets);
    b->shares_diluted = VALUE(flag(row, 6) ? 1e9 : .9e9);
}

static void check_row(struct json_object *row, const struct statement_year *a,
                      const struct statement_year *b)
{
    struct piotroski p;
    struct year_ratios r;
    piotroski_score(a, b, false, &p);
    for (size_t i = 0; i < PIOTROSKI_TESTS; i++) {
        assert_true(p.test[i].known);
        if ((p.test[i].v > 0) != flag(row, i))
            fail_msg("%s", piotroski_names[i]);
    }
    near_to(p.score.v, number(row, "f_score"), 0);
    year_ratios(a, &r);
    near_to(r.roa.v, number(row, "roa"), 1e-12);
    near_to(r.lt_debt.v, number(row, "lt_debt_ratio"), 1e-12);
    near_to(r.current.v, number(row, "current_ratio"), 1e-12);
    near_to(r.gross_margin.v, number(row, "gross_margin"), 1e-12);
    near_to(r.asset_turnover.v, number(row, "asset_turnover"), 1e-12);
}

static void the_score_of_six_known_years_is_right(void **state)
{
    struct json_object *root, *rows = golden_rows(&root);
    (void)state;
    assert_int_equal(json_object_array_length(rows), 6);
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        struct statement_year a, b;
        struct json_object *row = json_object_array_get_idx(rows, i);
        from_ratios(row, &a, &b);
        check_row(row, &a, &b);
    }
    json_object_put(root);
}

static struct json_object *of_year(struct json_object *list, int year)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *o = json_object_array_get_idx(list, i), *y = NULL;
        if (json_object_object_get_ex(o, "fiscalYear", &y) && json_object_get_int(y) == year)
            return o;
    }
    fail_msg("no year %d", year);
    return NULL;
}

static struct json_object *statements(const char *kind, const char *symbol)
{
    char path[512];
    size_t len;
    snprintf(path, sizeof path, "%s/fmp/multiyear_%s_%s_FY2020-2023.json",
             getenv("QUORUM_REFERENCE_DATA"), kind, symbol);
    char *text = file_text(path, &len);
    struct json_object *o = json_tokener_parse(text);
    mem_free(text);
    assert_non_null(o);
    return o;
}

static struct statement_year read_year(struct json_object *const set[3], int year)
{
    struct json_object *i = of_year(set[0], year), *b = of_year(set[1], year),
                       *c = of_year(set[2], year);
    return (struct statement_year){
        .fiscal_year = year,
        .revenue = VALUE(number(i, "revenue")),
        .gross_profit = VALUE(number(i, "grossProfit")),
        .net_income = VALUE(number(i, "netIncome")),
        .shares_diluted = VALUE(number(i, "weightedAverageShsOutDil")),
        .total_assets = VALUE(number(b, "totalAssets")),
        .current_assets = VALUE(number(b, "totalCurrentAssets")),
        .current_liabilities = VALUE(number(b, "totalCurrentLiabilities")),
        .long_term_debt = VALUE(number(b, "longTermDebt")),
        .cash_from_operations = VALUE(number(c, "operatingCashFlow")),
    };
}

static void the_score_of_real_statements_is_right(void **state)
{
    (void)state;
    const char *dir = getenv("QUORUM_REFERENCE_DATA");
    if (!dir || !*dir)
        skip();
    struct json_object *root, *rows = golden_rows(&root);
    for (size_t k = 0; k < json_object_array_length(rows); k++) {
        struct json_object *row = json_object_array_get_idx(rows, k), *symbol = NULL;
        json_object_object_get_ex(row, "symbol", &symbol);
        const char *s = json_object_get_string(symbol);
        struct json_object *set[3] = {statements("income-statement", s),
                                      statements("balance-sheet-statement", s),
                                      statements("cash-flow-statement", s)};
        int year = (int)number(row, "year");
        struct statement_year a = read_year(set, year), b = read_year(set, year - 1);
        check_row(row, &a, &b);
        for (size_t i = 0; i < 3; i++)
            json_object_put(set[i]);
    }
    json_object_put(root);
}

/* Each figure the nine tests read, taken away one at a time. */
static void a_missing_figure_never_scores_a_company(void **state)
{
    static const size_t used[] = {
        offsetof(struct statement_year, revenue),
        offsetof(struct statement_year, gross_profit),
        offsetof(struct statement_year, net_income),
        offsetof(struct statement_year, shares_diluted),
        offsetof(struct statement_year, total_assets),
        offsetof(struct statement_year, current_assets),
        offsetof(struct statement_year, current_liabilities),
        offsetof(struct statement_year, long_term_debt),
        offsetof(struct statement_year, cash_from_operations),
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(used); i++) {
        struct statement_year a = sound_year(2023), b = sound_year(2022);
        struct piotroski p;
        piotroski_score(&a, &b, false, &p);
        assert_true(p.score.known);
        memcpy((char *)&a + used[i], &VALUE_UNKNOWN, sizeof(struct value));
        piotroski_score(&a, &b, false, &p);
        assert_false(p.score.known);
    }
    struct statement_year a = sound_year(2023);
    struct piotroski p;
    piotroski_score(&a, NULL, false, &p);
    assert_false(p.score.known);
    assert_true(p.test[0].known);
}

static void a_bank_is_not_judged_by_what_banks_do_not_have(void **state)
{
    struct statement_year a = sound_year(2023), b = sound_year(2022);
    struct pillars p;
    (void)state;
    a.gross_profit = a.ebitda = a.current_assets = a.current_liabilities = VALUE_UNKNOWN;
    b.gross_profit = b.ebitda = b.current_assets = b.current_liabilities = VALUE_UNKNOWN;
    pillars_compute(&a, &b, VALUE(40), true, &p);
    assert_int_equal(p.piotroski.asked, 6);
    assert_int_equal(p.piotroski.passed, 6);
    near_to(p.piotroski.score.v, 9, 1e-12);
    assert_false(p.ebit_to_ev.known);
    assert_false(p.net_debt_to_ebitda.known);
    assert_int_equal(p.available, 4);
    pillars_compute(&a, &b, VALUE(40), false, &p);
    assert_false(p.health.known);
}

/* By hand: price 40, 5e8 shares: cap 20e9, EV 21e9. */
static void the_pillars_are_the_documented_arithmetic(void **state)
{
    struct statement_year a = sound_year(2023), b = sound_year(2022);
    struct pillars p;
    (void)state;
    pillars_compute(&a, &b, VALUE(40), false, &p);
    near_to(p.roic.v, 2.75e9 * .8 / 7e9, 1e-12);         /* .314: 100 points */
    near_to(p.gross_to_assets.v, .605, 1e-12);           /* 100 */
    near_to(p.cfo_to_income.v, 1.3, 1e-12);              /* 80 */
    near_to(p.net_debt_to_ebitda.v, 1e9 / 3.3e9, 1e-12); /* 92.424 */
    near_to(p.quality.v, (100 + 100 + 80 + 100 * (4 - 1 / 3.3) / 4) / 4, 1e-9);
    near_to(p.ebit_to_ev.v, 2.75 / 21, 1e-12); /* 100 */
    near_to(p.fcf_yield.v, 2.42 / 20, 1e-12);  /* 100 */
    near_to(p.earnings_yield.v, .11, 1e-12);   /* 100 */
    near_to(p.value.v, 100, 1e-9);
    near_to(p.growth.v, (100 * .15 / .25 + 100 * .2 / .4 * 2) / 3, 1e-9);
    near_to(p.health.v, 100, 1e-9); /* all nine */
    near_to(p.score.v, .30 * p.quality.v + .25 * 100 + .25 * p.growth.v + .20 * 100, 1e-9);
}

static void a_quotient_that_means_nothing_is_not_computed(void **state)
{
    struct statement_year a = sound_year(2023), b = sound_year(2022);
    struct pillars p;
    (void)state;
    a.ebitda = VALUE(-1e9);
    a.equity = VALUE(-1e9);
    a.net_income = VALUE(-1e9);
    b.eps_diluted = VALUE(.01);
    b.free_cash_flow = VALUE(1e6);
    pillars_compute(&a, &b, VALUE(40), false, &p);
    assert_false(p.net_debt_to_ebitda.known);
    assert_false(p.roic.known);
    assert_false(p.cfo_to_income.known);
    assert_false(p.eps_growth.known);
    assert_false(p.fcf_growth.known);
    assert_false(p.quality.known); /* one of four parts is left */
    assert_false(p.growth.known);  /* one of three */
    assert_true(p.value.known);
    assert_int_equal(p.available, 2);
    assert_false(p.score.known);
    a = sound_year(2023);
    a.cash = VALUE(50e9); /* more than the company costs */
    pillars_compute(&a, &b, VALUE(40), false, &p);
    assert_false(p.ebit_to_ev.known);
    assert_true(p.value.known);
}

static void value_needs_a_price_shares_and_dollars(void **state)
{
    struct statement_year a = sound_year(2023), b = sound_year(2022);
    struct pillars p;
    (void)state;
    pillars_compute(&a, &b, VALUE_UNKNOWN, false, &p);
    assert_false(p.value.known);
    assert_int_equal(p.available, 3);
    near_to(p.score.v, (.30 * p.quality.v + .25 * p.growth.v + .20 * p.health.v) / .75, 1e-9);
    copy_text(a.currency, sizeof a.currency, "EUR");
    pillars_compute(&a, &b, VALUE(40), false, &p);
    assert_false(p.value.known);
    a = sound_year(2023);
    a.shares_diluted = VALUE_UNKNOWN;
    pillars_compute(&a, &b, VALUE(40), false, &p);
    assert_false(p.value.known);
}

static void a_statement_filed_later_is_not_seen(void **state)
{
    struct fundamentals f = {.n = 3,
                             .year = {sound_year(2023), sound_year(2022), sound_year(2020)}};
    const struct statement_year *y[STATEMENT_YEARS_MAX];
    int64_t filed = f.year[0].filed_at;
    (void)state;
    assert_int_equal(statements_known(&f, filed, y), 3);
    assert_ptr_equal(statements_before(y, 3), &f.year[1]);
    assert_int_equal(statements_known(&f, filed - 1, y), 2);
    assert_int_equal(y[0]->fiscal_year, 2022);
    assert_null(statements_before(y, 2)); /* 2020 is not the year before 2022 */
    f.year[0].filed_at = TIME_NONE;
    assert_int_equal(statements_known(&f, filed, y), 2);
    f.year[0].filed_at = filed;
    copy_text(f.year[1].currency, sizeof f.year[1].currency, "EUR");
    assert_int_equal(statements_known(&f, filed, y), 3);
    assert_null(statements_before(y, 3));
    assert_null(statements_before(y, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_score_of_six_known_years_is_right),
        cmocka_unit_test(the_score_of_real_statements_is_right),
        cmocka_unit_test(a_missing_figure_never_scores_a_company),
        cmocka_unit_test(a_bank_is_not_judged_by_what_banks_do_not_have),
        cmocka_unit_test(the_pillars_are_the_documented_arithmetic),
        cmocka_unit_test(a_quotient_that_means_nothing_is_not_computed),
        cmocka_unit_test(value_needs_a_price_shares_and_dollars),
        cmocka_unit_test(a_statement_filed_later_is_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
