/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/market_fixtures.h"

#include <math.h>

#include "agents/fscore.h"
#include "core/market/fmp.h"

static const char quote_text[] =
    "[{\"symbol\":\"AAPL\",\"name\":\"Apple Inc.\",\"price\":271.35,\"change\":2.266,"
    "\"volume\":41200345,\"dayLow\":268.9,\"dayHigh\":272.1,\"marketCap\":4003120000000,"
    "\"open\":269.4,\"previousClose\":269.084,\"timestamp\":1795467601}]";

static enum err quote(const char *text, struct quote *q, struct error *e)
{
    *q = (struct quote){.price = 0};
    *e = (struct error){0};
    return fmp_read_quote(text, strlen(text), "AAPL", q, e);
}

static char *read_file(const char *name)
{
    char path[512];
    FILE *f = fopen(reference(path, name), "r");
    assert_non_null(f);
    char *bytes = mem_alloc(1 << 20);
    size_t n = fread(bytes, 1, (1 << 20) - 1, f);
    fclose(f);
    bytes[n] = '\0';
    return bytes;
}

static void add_statement(struct fmp_years *years, const char *text, const char *symbol,
                          enum fmp_endpoint which)
{
    struct error e = {0};
    if (fmp_read_statement(text, strlen(text), symbol, which, years, &e) != OK)
        fail_msg("%s: %s", symbol, e.text);
}

static void add_file(struct fmp_years *years, const char *name, const char *symbol,
                     enum fmp_endpoint which)
{
    char *text = read_file(name);
    add_statement(years, text, symbol, which);
    mem_free(text);
}

static void assert_value(struct value v, double x)
{
    assert_true(v.known);
    assert_true(fabs(v.v - x) <= 1e-9 * fmax(1, fabs(x)));
}

/* ---- quote, profile */

static void a_quote_keeps_every_digit(void **state)
{
    struct quote q;
    struct error e;
    (void)state;
    assert_int_equal(quote(quote_text, &q, &e), OK);
    assert_int_equal(q.price, 2713500);
    assert_int_equal(q.open, 2694000);
    assert_int_equal(q.high, 2721000);
    assert_int_equal(q.low, 2689000);
    assert_int_equal(q.previous_close, 2690840);
    assert_int_equal(q.volume, 41200345);
    assert_true(q.from.as_of == 1795467601 * USEC_SECOND);
}

static void a_null_an_integer_and_a_string_are_numbers_or_missing(void **state)
{
    struct quote q;
    struct error e;
    (void)state;
    assert_int_equal(quote("[{\"price\":271,\"open\":null,\"dayHigh\":\"272.5\",\"dayLow\":{},"
                           "\"previousClose\":-3,\"volume\":41200345.0,\"timestamp\":null}]",
                           &q, &e),
                     OK);
    assert_int_equal(q.price, 2710000);
    assert_int_equal(q.open, 0);
    assert_int_equal(q.high, 2725000);
    assert_int_equal(q.low, 0);
    assert_int_equal(q.previous_close, 0);
    assert_int_equal(q.volume, 41200345);
    assert_true(q.from.as_of == TIME_NONE);
}

static void no_price_is_made_of_what_is_none(void **state)
{
    static const char *const wrong[] = {
        "[{\"price\":null}]",
        "[{\"price\":0}]",
        "[{\"price\":-5}]",
        "[{\"price\":1e999}]",
        "[{\"price\":NaN}]",
        "[{\"price\":\"abc\"}]",
        "[{}]",
        "[1]",
        "[[]]",
        "{\"price\":5}",
        "[{\"price\":5}",
        "",
        "[{\"price\":1e300}]",
        "[{\"symbol\":\"MSFT\",\"price\":5}]",
        "null",
    };
    struct quote q;
    struct error e;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (quote(wrong[i], &q, &e) != ERR_FAILED || !*e.text)
            fail_msg("%s: %d %s", wrong[i], e.kind, e.text);
    assert_int_equal(quote("[]", &q, &e), ERR_USAGE);
    assert_int_equal(quote(" [ ] ", &q, &e), ERR_USAGE);
}

static void a_share_class_is_found_however_it_is_written(void **state)
{
    static const char text[] = "[{\"symbol\":\"BRK-B\",\"price\":480.5}]";
    struct quote q = {.price = 0};
    struct error e = {0};
    char name[16];
    (void)state;
    assert_string_equal(fmp_symbol(name, "brk.b"), "BRK-B");
    assert_string_equal(fmp_symbol(name, "RIO.L"), "RIO.L");
    assert_string_equal(fmp_symbol(name, "^GSPC"), "^GSPC");
    assert_int_equal(fmp_read_quote(text, strlen(text), "BRK.B", &q, &e), OK);
}

static void banks_and_insurers_are_told_from_others(void **state)
{
    static const char *const banks[] = {
        "Banks - Diversified",
        "Banks - Regional",
        "Banks\xE2\x80\x94Regional",
        "Insurance - Life",
        "Insurance - Property & Casualty",
        "Insurance - Reinsurance",
        "Financial - Mortgages",
        "Investment - Banking & Investment Services",
    };
    static const char *const others[] = {
        "Insurance - Brokers",
        "Financial - Credit Services",
        "Asset Management",
        "Financial - Data & Stock Exchanges",
        "Consumer Electronics",
        "Semiconductors",
        "",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(banks); i++)
        if (!fmp_is_bank("Financial Services", banks[i]))
            fail_msg("%s is a bank", banks[i]);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (fmp_is_bank("Financial Services", others[i]))
            fail_msg("%s is no bank", others[i]);
}

static void a_profile_is_clean_text(void **state)
{
    static const char text[] = "[{\"symbol\":\"X\",\"companyName\":\"Ev\\u001b[31mil\\nInc\","
                               "\"sector\":null,\"industry\":\"Steel\"}]";
    struct profile p = {.company = ""};
    struct error e = {0};
    (void)state;
    assert_int_equal(fmp_read_profile(text, strlen(text), "X", &p, &e), OK);
    assert_string_equal(p.company, "Evil Inc");
    assert_string_equal(p.sector, "");
    assert_false(p.is_bank);
}

/* ---- bars */

#define BAR(date, o, h, l, c, v)                                                                   \
    "{\"symbol\":\"AAPL\",\"date\":\"" date "\",\"open\":" o ",\"high\":" h ",\"low\":" l          \
    ",\"close\":" c ",\"volume\":" v ",\"vwap\":1}"

static void bars_come_ascending_without_what_cannot_be(void **state)
{
    static const char text[] =
        "[" BAR("2026-11-20", "269.4", "272.1", "268.9", "271.35", "41200345") "," BAR(
            "2026-11-19", "268", "270.5", "267", "269.4",
            "40000000.0") "," BAR("2026-11-19", "1", "1", "1", "1", "1") "," /* twice */
        BAR("2026-11-18", "null", "270", "267", "268", "1") ","              /* no open */
        BAR("2026-11-17", "267", "266", "268", "267", "1") ","               /* high below low */
        BAR("2026-11-15", "267", "268", "266", "267", "1") ","               /* a Sunday */
        BAR("2026-11-16", "267.001", "267", "266", "266.5", "null") "]";     /* a rounding */
    struct bars b = {0};
    struct error e = {0};
    size_t left_out;
    int32_t last = day_from_civil(2026, 11, 20);
    (void)state;
    assert_int_equal(fmp_read_bars(text, strlen(text), "AAPL", last, &b, &left_out, &e), OK);
    assert_int_equal(b.n, 3);
    assert_int_equal(left_out, 4);
    assert_int_equal(b.bar[0].day, day_from_civil(2026, 11, 16));
    assert_int_equal(b.bar[0].high, 2670010);
    assert_int_equal(b.bar[0].volume, 0);
    assert_int_equal(b.bar[1].close, 2694000);
    assert_int_equal(b.bar[2].close, 2713500);
    assert_int_equal(b.bar[2].volume, 41200345);
    bars_release(&b);
    /* A session that is not over gives no bar. */
    assert_int_equal(fmp_read_bars(text, strlen(text), "AAPL", last - 1, &b, &left_out, &e), OK);
    assert_int_equal(b.n, 2);
    bars_release(&b);
}

/* ---- statements */

#define INCOME(year, filed, revenue)                                                               \
    "{\"symbol\":\"ACME\",\"date\":\"" year "-09-30\",\"fiscalYear\":\"" year                      \
    "\",\"period\":\"FY\",\"reportedCurrency\":\"USD\",\"acceptedDate\":\"" filed                  \
    "\",\"revenue\":" revenue ",\"costOfRevenue\":40,\"grossProfit\":60,\"ebit\":20,"              \
    "\"ebitda\":25,\"netIncome\":15,\"epsDiluted\":1.5,\"weightedAverageShsOutDil\":10,"           \
    "\"incomeBeforeTax\":20,\"incomeTaxExpense\":5}"
#define BALANCE(year, filed)                                                                       \
    "{\"symbol\":\"ACME\",\"date\":\"" year "-09-30\",\"fiscalYear\":" year                        \
    ",\"period\":\"FY\",\"reportedCurrency\":\"USD\",\"filingDate\":\"" filed                      \
    "\",\"totalAssets\":200,\"totalCurrentAssets\":80,\"totalCurrentLiabilities\":50,"             \
    "\"longTermDebt\":0,\"totalDebt\":10,\"cashAndShortTermInvestments\":30,"                      \
    "\"totalStockholdersEquity\":null,\"totalEquity\":120}"

static void a_year_counts_from_the_filing_of_its_last_statement(void **state)
{
    struct fmp_years years = {.n = 0};
    struct fundamentals f = {.n = 0};
    int64_t filed = exchange_to_utc(day_from_civil(2025, 11, 3), 22, 0);
    (void)state;
    add_statement(&years,
                  "[" INCOME("2025", "2025-11-01 06:01:36",
                             "100") "," INCOME("2024", "2024-11-01 16:30:05", "90") "]",
                  "ACME", FMP_INCOME);
    add_statement(&years, "[" BALANCE("2025", "2025-11-03") "," BALANCE("2024", "2024-11-01") "]",
                  "ACME", FMP_BALANCE);
    fmp_merge_years(&years, filed - 1, &f);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.year[0].fiscal_year, 2024);
    assert_string_equal(f.from.reason, "fiscal years left out: 1 filed later");
    fmp_merge_years(&years, filed, &f);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.year[0].fiscal_year, 2025);
    assert_true(f.year[0].filed_at == filed);
    assert_true(f.from.published_at == filed);
    assert_string_equal(f.from.reason, "");
    assert_int_equal(f.year[0].period_end, day_from_civil(2025, 9, 30));
    assert_string_equal(f.year[0].currency, "USD");
    assert_value(f.year[0].tax_rate, .25);
    assert_value(f.year[0].long_term_debt, 0);
    assert_value(f.year[0].equity, 120);
    assert_value(f.year[1].revenue, 90);
    assert_false(f.year[0].free_cash_flow.known);
}

static void a_period_end_is_never_taken_for_a_filing(void **state)
{
    struct fmp_years years = {.n = 0};
    struct fundamentals f = {.n = 0};
    (void)state;
    add_statement(&years, "[" INCOME("2025", "2025-09-30 00:00:00", "100") "]", "ACME", FMP_INCOME);
    fmp_merge_years(&years, INT64_MAX, &f);
    assert_int_equal(f.n, 0);
    assert_string_equal(f.from.reason, "fiscal years left out: 1 without a filing date");
}

static void a_year_with_half_its_statements_waits_for_the_rest(void **state)
{
    struct fmp_years years = {.n = 0};
    struct fundamentals f = {.n = 0};
    (void)state;
    add_statement(&years,
                  "[" INCOME("2025", "2025-11-01 06:01:36",
                             "100") "," INCOME("2024", "2024-11-01 16:30:05", "90") "]",
                  "ACME", FMP_INCOME);
    add_statement(&years, "[" BALANCE("2024", "2024-11-01") "]", "ACME", FMP_BALANCE);
    fmp_merge_years(&years, INT64_MAX, &f);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.year[0].fiscal_year, 2024);
    assert_string_equal(f.from.reason, "fiscal years left out: 1 incomplete");
}

static void two_currencies_and_quarters_do_not_mix(void **state)
{
    struct fmp_years years = {.n = 0};
    struct error e = {0};
    static const char quarters[] = "[{\"fiscalYear\":\"2025\",\"period\":\"Q1\",\"revenue\":1}]";
    (void)state;
    assert_int_equal(fmp_read_statement(quarters, strlen(quarters), "ACME", FMP_INCOME, &years, &e),
                     ERR_FAILED);
    add_statement(&years, "[" INCOME("2025", "2025-11-01 06:01:36", "100") "]", "ACME", FMP_INCOME);
    add_statement(&years,
                  "[{\"symbol\":\"ACME\",\"fiscalYear\":\"2025\",\"date\":\"2025-09-30\","
                  "\"reportedCurrency\":\"EUR\",\"totalAssets\":5}]",
                  "ACME", FMP_BALANCE);
    assert_false(years.year[0].has[1]);
    assert_false(years.year[0].y.total_assets.known);
}

static void what_fmp_writes_as_nought_is_not_a_figure(void **state)
{
    struct fmp_years years = {.n = 0};
    (void)state;
    add_statement(&years,
                  "[{\"fiscalYear\":\"2025\",\"totalAssets\":0,\"totalCurrentAssets\":0,"
                  "\"totalCurrentLiabilities\":0,\"longTermDebt\":0,\"totalEquity\":0}]",
                  "ACME", FMP_BALANCE);
    add_statement(&years,
                  "[{\"fiscalYear\":\"2025\",\"netIncome\":5,\"epsDiluted\":0,\"revenue\":null,"
                  "\"weightedAverageShsOutDil\":0,\"incomeBeforeTax\":-4,\"incomeTaxExpense\":1}]",
                  "ACME", FMP_INCOME);
    const struct statement_year *y = &years.year[0].y;
    assert_false(y->total_assets.known || y->current_assets.known || y->current_liabilities.known);
    assert_false(y->equity.known || y->eps_diluted.known || y->shares_diluted.known);
    assert_false(y->revenue.known || y->tax_rate.known || y->gross_profit.known);
    assert_value(y->long_term_debt, 0);
}

/* ---- errors */

static void every_error_body_is_known_for_what_it_is(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum fmp_fault fault;
    } rows[] = {
        {200, "[]", FMP_FINE},
        {200, " [{\"symbol\":\"A\"}]\n", FMP_FINE},
        {404, "[]", FMP_FINE},
        {401,
         "{\"Error Message\": \"Invalid API KEY. Feel free to create a Free API Key or visit "
         "https://site.financialmodelingprep.com/faqs?search=why-is-my-api-key-invalid for more "
         "information.\"}",
         FMP_BAD_KEY},
        {200, "{\"Error Message\": \"Invalid API KEY. Feel free\"}", FMP_BAD_KEY},
        {402,
         "Restricted Endpoint: This endpoint is not available under your current subscription "
         "please visit our subscription page to upgrade your plan at "
         "https://financialmodelingprep.com/",
         FMP_NOT_IN_PLAN},
        {402,
         "Premium Query Parameter: 'Special Endpoint : This value set for 'symbol' is not "
         "available under your current subscription",
         FMP_NOT_IN_PLAN},
        {402, "Premium Query Parameter: 'Special Parameters : The values for 'limit' must be",
         FMP_NOT_IN_PLAN},
        {403, "{\"Error Message\": \"Exclusive Endpoint : This endpoint is not available\"}",
         FMP_NOT_IN_PLAN},
        {403, "{\"Error Message\": \"Special Endpoint : This endpoint is not available\"}",
         FMP_NOT_IN_PLAN},
        {403,
         "{\"Error Message\": \"Legacy Endpoint : Due to Legacy endpoints being no longer "
         "supported\"}",
         FMP_LEGACY},
        {403, "{\"Error Message\":\"Account suspended. Please contact info@x for more details.\"}",
         FMP_SUSPENDED},
        {429, "{\"Error Message\": \"Limit Reach . Please upgrade your plan\"}", FMP_LIMIT},
        {200, "{\"Error Message\": \"Limit Reach . Please upgrade your plan\"}", FMP_LIMIT},
        {402, "{\"message\": \"limit reach\"}", FMP_LIMIT},
        {200, "{\"error\": \"Limit Reach .\"}", FMP_LIMIT},
        {429, "Bandwidth Limit Reach . Please upgrade your plan", FMP_BANDWIDTH},
        {429, "{\"Error Message\": \"Bandwidth Limit Reach . Please upgrade\"}", FMP_BANDWIDTH},
        {429, "Too Many Requests", FMP_TOO_FAST},
        {429, "", FMP_TOO_FAST},
        {404, "<html>no</html>", FMP_NOT_FOUND},
        {500, "<html>oops</html>", FMP_DOWN},
        {503, "", FMP_DOWN},
        {520, "{}", FMP_DOWN},
        {200, "<!DOCTYPE html><html></html>", FMP_PAGE},
        {200, "{\"Error Message\": \"something new\"}", FMP_REFUSED},
        {200, "{\"historical\":[]}", FMP_REFUSED},
        {400, "{\"x\":1}", FMP_REFUSED},
        {200, "[{\"symbol\":\"AAPL\",\"pri", FMP_GARBLED},
        {200, "[1] trailing", FMP_GARBLED},
        {200, "", FMP_GARBLED},
        {200, "OK", FMP_GARBLED},
        {500, "[]", FMP_DOWN},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum fmp_fault f = fmp_classify(rows[i].status, rows[i].body, strlen(rows[i].body));
        if (f != rows[i].fault)
            fail_msg("%d %s: %s", rows[i].status, rows[i].body,
                     fmp_fault_text(f) ? fmp_fault_text(f) : "fine");
        bool refused, exhausted;
        const char *text =
            fmp_judge(rows[i].status, rows[i].body, strlen(rows[i].body), &refused, &exhausted);
        assert_int_equal(text != NULL, f != FMP_FINE);
        assert_int_equal(refused, f == FMP_NOT_IN_PLAN);
        assert_int_equal(exhausted, f == FMP_LIMIT || f == FMP_BANDWIDTH);
    }
}

/* ---- addresses and lives */

static void no_address_holds_a_key_and_symbols_are_encoded(void **state)
{
    struct buf b = {0};
    (void)state;
    fmp_url(&b, "https://x.example/", FMP_QUOTE, "^GSPC", DAY_NONE);
    assert_string_equal(buf_text(&b), "https://x.example/stable/quote?symbol=%5EGSPC");
    buf_clear(&b);
    fmp_url(&b, "https://x.example", FMP_BARS, "SPY", day_from_civil(2023, 11, 20));
    assert_string_equal(buf_text(&b), "https://x.example/stable/historical-price-eod/full?"
                                      "symbol=SPY&from=2023-11-20");
    buf_clear(&b);
    fmp_url(&b, "https://x.example", FMP_BALANCE, "A", DAY_NONE);
    assert_string_equal(buf_text(&b), "https://x.example/stable/balance-sheet-statement?"
                                      "symbol=A&period=annual&limit=5");
    buf_release(&b);
}

static void bars_are_asked_for_once_a_session(void **state)
{
    int32_t friday = day_from_civil(2026, 11, 20), monday = friday + 3;
    int64_t had = exchange_to_utc(friday, 16, 45);
    (void)state;
    /* What was fetched at or after Friday 16:45 lasts to Monday 16:45. */
    assert_true(fmp_life_s(FMP_BARS, had + 60 * USEC_SECOND) == 60);
    int64_t now = exchange_to_utc(monday, 16, 44);
    assert_true(fmp_life_s(FMP_BARS, now) == (now - had) / USEC_SECOND);
    now = exchange_to_utc(monday, 16, 46);
    assert_true(fmp_life_s(FMP_BARS, now) == 60);
    assert_true(fmp_life_s(FMP_QUOTE, now) == 300);
    assert_true(fmp_life_s(FMP_PROFILE, now) == 7 * 86400);
}

/* ---- recorded answers */

static void recorded_answers_are_read_field_by_field(void **state)
{
    struct quote q;
    struct profile p = {.company = ""};
    struct error e = {0};
    char *text = read_file("fmp/stable_quote_AAPL_2025-09-23.json");
    (void)state;
    assert_int_equal(quote(text, &q, &e), OK);
    mem_free(text);
    assert_int_equal(q.price, 2560800);
    assert_int_equal(q.open, 2483000);
    assert_int_equal(q.high, 2566300);
    assert_int_equal(q.low, 2481200);
    assert_int_equal(q.previous_close, 2455000);
    assert_int_equal(q.volume, 101865199);
    assert_true(q.from.as_of == 1758571201 * USEC_SECOND);
    text = read_file("fmp/v3_profile_AAPL_2024-06-27.json");
    assert_int_equal(fmp_read_profile(text, strlen(text), "AAPL", &p, &e), OK);
    mem_free(text);
    assert_string_equal(p.company, "Apple Inc.");
    assert_string_equal(p.sector, "Technology");
    assert_string_equal(p.industry, "Consumer Electronics");
    assert_false(p.is_bank);
}

static void recorded_statements_make_one_year(void **state)
{
    struct fmp_years years = {.n = 0};
    struct fundamentals f = {.n = 0};
    (void)state;
    add_file(&years, "fmp/stable_income-statement_AAPL_FY2024.json", "AAPL", FMP_INCOME);
    add_file(&years, "fmp/stable_balance-sheet_AAPL_FY2024.json", "AAPL", FMP_BALANCE);
    add_file(&years, "fmp/stable_cash-flow_AAPL_FY2024.json", "AAPL", FMP_CASH_FLOW);
    int64_t filed = exchange_to_utc(day_from_civil(2024, 11, 1), 6, 1) + 36 * USEC_SECOND;
    fmp_merge_years(&years, filed - 1, &f);
    assert_int_equal(f.n, 0);
    fmp_merge_years(&years, filed, &f);
    assert_int_equal(f.n, 1);
    const struct statement_year *y = &f.year[0];
    assert_int_equal(y->fiscal_year, 2024);
    assert_int_equal(y->period_end, day_from_civil(2024, 9, 28));
    assert_true(y->filed_at == filed);
    assert_value(y->revenue, 391035e6);
    assert_value(y->gross_profit, 180683e6);
    assert_value(y->ebit, 123216e6);
    assert_value(y->ebitda, 134661e6);
    assert_value(y->net_income, 93736e6);
    assert_value(y->eps_diluted, 6.08);
    assert_value(y->shares_diluted, 15408095e3);
    assert_value(y->tax_rate, 29749. / 123485);
    assert_value(y->total_assets, 364980e6);
    assert_value(y->current_assets, 152987e6);
    assert_value(y->current_liabilities, 176392e6);
    assert_value(y->long_term_debt, 85750e6);
    assert_value(y->total_debt, 119059e6);
    assert_value(y->cash, 65171e6);
    assert_value(y->equity, 56950e6);
    assert_value(y->cash_from_operations, 118254e6);
    assert_value(y->free_cash_flow, 108807e6);
}

/* Scores of three years from four years of statements. */
static void assert_scores(const char *symbol, const int score[3])
{
    struct fmp_years years = {.n = 0};
    static const char *const kinds[3] = {"income-statement", "balance-sheet-statement",
                                         "cash-flow-statement"};
    for (int i = 0; i < 3; i++) {
        char name[96];
        snprintf(name, sizeof name, "fmp/multiyear_%s_%s_FY2020-2023.json", kinds[i], symbol);
        add_file(&years, name, symbol, FMP_INCOME + (enum fmp_endpoint)i);
    }
    assert_int_equal(years.n, 4);
    for (int year = 2021; year <= 2023; year++) {
        const struct statement_year *now = NULL, *before = NULL;
        struct piotroski f;
        for (size_t i = 0; i < years.n; i++) {
            now = years.year[i].y.fiscal_year == year ? &years.year[i].y : now;
            before = years.year[i].y.fiscal_year == year - 1 ? &years.year[i].y : before;
        }
        assert_non_null(now);
        piotroski_score(now, before, false, &f);
        assert_true(f.score.known);
        assert_int_equal((int)f.score.v, score[year - 2021]);
    }
}

static void f_scores_of_recorded_statements_are_the_golden_ones(void **state)
{
    (void)state;
    assert_scores("AAPL", (const int[]){7, 8, 7});
    assert_scores("MSFT", (const int[]){8, 7, 6});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_keeps_every_digit),
        cmocka_unit_test(a_null_an_integer_and_a_string_are_numbers_or_missing),
        cmocka_unit_test(no_price_is_made_of_what_is_none),
        cmocka_unit_test(a_share_class_is_found_however_it_is_written),
        cmocka_unit_test(banks_and_insurers_are_told_from_others),
        cmocka_unit_test(a_profile_is_clean_text),
        cmocka_unit_test(bars_come_ascending_without_what_cannot_be),
        cmocka_unit_test(a_year_counts_from_the_filing_of_its_last_statement),
        cmocka_unit_test(a_period_end_is_never_taken_for_a_filing),
        cmocka_unit_test(a_year_with_half_its_statements_waits_for_the_rest),
        cmocka_unit_test(two_currencies_and_quarters_do_not_mix),
        cmocka_unit_test(what_fmp_writes_as_nought_is_not_a_figure),
        cmocka_unit_test(every_error_body_is_known_for_what_it_is),
        cmocka_unit_test(no_address_holds_a_key_and_symbols_are_encoded),
        cmocka_unit_test(bars_are_asked_for_once_a_session),
        cmocka_unit_test(recorded_answers_are_read_field_by_field),
        cmocka_unit_test(recorded_statements_make_one_year),
        cmocka_unit_test(f_scores_of_recorded_statements_are_the_golden_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
