/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FMP's answers to our structs. json-c stays in this file and in fmp_errors.c. */
#include <ctype.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/market/fmp.h"
#include "quorum/calendar.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { JSON_DEPTH = 12, ROWS_MAX = 20000, FILED_HOUR = 22 };

/* ---- values of a JSON object */

/* A finite number; FMP writes some as strings. */
static struct value number(struct json_object *row, const char *key)
{
    struct json_object *v;
    double x;
    if (!json_object_object_get_ex(row, key, &v))
        return VALUE_UNKNOWN;
    switch (json_object_get_type(v)) {
    case json_type_int:
        return VALUE((double)json_object_get_int64(v));
    case json_type_double:
        x = json_object_get_double(v);
        return isfinite(x) ? VALUE(x) : VALUE_UNKNOWN;
    case json_type_string:
        return text_to_double(json_object_get_string(v), &x) ? VALUE(x) : VALUE_UNKNOWN;
    default:
        return VALUE_UNKNOWN;
    }
}

/* The first of two names that holds a number. */
static struct value either(struct json_object *row, const char *key, const char *other)
{
    struct value v = number(row, key);
    return v.known ? v : number(row, other);
}

/* Figures that no company has at nought: FMP writes 0 for what it does not know. */
static struct value not_nought(struct value v)
{
    return v.v == 0 ? VALUE_UNKNOWN : v;
}

static const char *text(struct json_object *row, const char *key)
{
    struct json_object *v;
    return json_object_object_get_ex(row, key, &v) && json_object_is_type(v, json_type_string)
               ? json_object_get_string(v)
               : NULL;
}

static void line(struct json_object *row, const char *key, char *dst, size_t size)
{
    const char *s = text(row, key);
    sanitize_line(dst, size, untrusted(s ? s : ""));
}

/* A price in 1/10,000 dollar; false when it is missing, not above nought or absurd. */
static bool price(struct json_object *row, const char *key, int64_t *out)
{
    struct value v = number(row, key);
    int64_t p;
    if (!v.known || !(v.v > 0) || v.v > 1e9 || !decimal_from_double(v.v, PRICE_DIGITS, &p) ||
        p <= 0)
        return false;
    *out = p;
    return true;
}

static int64_t volume(struct json_object *row)
{
    struct value v = number(row, "volume");
    int64_t n;
    return v.known && v.v >= 0 && decimal_from_double(v.v, 0, &n) ? n : 0;
}

static bool day(struct json_object *row, const char *key, int32_t *out)
{
    const char *s = text(row, key);
    char date[11];
    if (!s)
        return false;
    copy_bytes(date, sizeof date, s, strnlen(s, 10));
    return day_parse(date, out);
}

/* ---- the list around them */

/* True for the symbol that was asked for, however it writes its share class. */
static bool is_same_symbol(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = (char)(*a == '.' ? '-' : toupper((unsigned char)*a));
        char y = (char)(*b == '.' ? '-' : toupper((unsigned char)*b));
        if (x != y)
            return false;
    }
    return *a == *b;
}

/* The list in the body, put by the caller; NULL with e set. */
static struct json_object *read_list(const char *body, size_t len, const char *symbol,
                                     struct error *e)
{
    struct json_tokener *t = json_tokener_new_ex(JSON_DEPTH);
    struct json_object *list = NULL;
    if (t && len < INT32_MAX)
        list = json_tokener_parse_ex(t, body, (int)len);
    if (t)
        json_tokener_free(t);
    if (!list || !json_object_is_type(list, json_type_array)) {
        err_set(e, ERR_FAILED, "FMP's answer is no list");
    } else if (json_object_array_length(list) == 0) {
        err_set(e, ERR_USAGE, "FMP has nothing for %s", symbol);
    } else {
        struct json_object *first = json_object_array_get_idx(list, 0);
        const char *about =
            json_object_is_type(first, json_type_object) ? text(first, "symbol") : NULL;
        if (!json_object_is_type(first, json_type_object))
            err_set(e, ERR_FAILED, "FMP's answer is no list of objects");
        else if (about && !is_same_symbol(about, symbol))
            err_set(e, ERR_FAILED, "FMP's answer is about %.16s, not %s", about, symbol);
        else
            return list;
    }
    json_object_put(list);
    return NULL;
}

/* A row of the list, NULL for one that is no object or about another symbol. */
static struct json_object *row_at(struct json_object *list, size_t i, const char *symbol)
{
    struct json_object *row = json_object_array_get_idx(list, i);
    if (!json_object_is_type(row, json_type_object))
        return NULL;
    const char *about = text(row, "symbol");
    return about && !is_same_symbol(about, symbol) ? NULL : row;
}

/* ---- quote and profile */

enum err fmp_read_quote(const char *body, size_t len, const char *symbol, struct quote *out,
                        struct error *e)
{
    struct json_object *list = read_list(body, len, symbol, e);
    if (!list)
        return e->kind;
    struct json_object *row = json_object_array_get_idx(list, 0);
    enum err result = OK;
    struct value stamp = number(row, "timestamp");
    out->from.as_of = out->from.published_at = TIME_NONE;
    /* Seconds since 1970; anything before 1990 or after 2100 is no time. */
    if (stamp.known && stamp.v > 631152000 && stamp.v < 4102444800)
        out->from.as_of = out->from.published_at = (int64_t)stamp.v * USEC_SECOND;
    if (price(row, "price", &out->price)) {
        price(row, "open", &out->open);
        price(row, "dayHigh", &out->high);
        price(row, "dayLow", &out->low);
        price(row, "previousClose", &out->previous_close);
        out->volume = volume(row);
    } else {
        result = err_set(e, ERR_FAILED, "FMP's quote has no price");
    }
    json_object_put(list);
    return result;
}

/* Does one of the words begin anywhere in s? */
static bool has_word(const char *s, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; s[i]; i++)
        if ((i == 0 || !isalpha((unsigned char)s[i - 1])) && strncasecmp(s + i, word, n) == 0)
            return true;
    return false;
}

/* Brokers of insurance carry no risks and have a margin like any service. */
bool fmp_is_bank(const char *sector, const char *industry)
{
    bool insures = has_word(industry, "insurance") || has_word(industry, "reinsurance");
    if (has_word(industry, "bank") || has_word(industry, "mortgage") ||
        (insures && !has_word(industry, "broker")))
        return true;
    return !*industry && (has_word(sector, "bank") || has_word(sector, "insurance"));
}

enum err fmp_read_profile(const char *body, size_t len, const char *symbol, struct profile *out,
                          struct error *e)
{
    struct json_object *list = read_list(body, len, symbol, e);
    if (!list)
        return e->kind;
    struct json_object *row = json_object_array_get_idx(list, 0);
    line(row, "companyName", out->company, sizeof out->company);
    line(row, "sector", out->sector, sizeof out->sector);
    line(row, "industry", out->industry, sizeof out->industry);
    out->is_bank = fmp_is_bank(out->sector, out->industry);
    json_object_put(list);
    if (!*out->company && !*out->sector)
        return err_set(e, ERR_FAILED, "FMP's profile is empty");
    return OK;
}

/* ---- bars */

/* A row to a bar. High and low that miss open or close by a rounding are widened; more is no bar.
 */
static bool read_bar(struct json_object *row, struct bar *b)
{
    if (!day(row, "date", &b->day) || !price(row, "open", &b->open) ||
        !price(row, "high", &b->high) || !price(row, "low", &b->low) ||
        !price(row, "close", &b->close) || b->high < b->low)
        return false;
    b->volume = volume(row);
    int64_t top = b->open > b->close ? b->open : b->close;
    int64_t bottom = b->open < b->close ? b->open : b->close;
    int64_t slack = top / 200;
    if (top - b->high > slack || b->low - bottom > slack)
        return false;
    b->high = b->high < top ? top : b->high;
    b->low = b->low > bottom ? bottom : b->low;
    return calendar_session(b->day) != SESSION_CLOSED;
}

static int by_day(const void *a, const void *b)
{
    const struct bar *x = a, *y = b;
    return (x->day > y->day) - (x->day < y->day);
}

enum err fmp_read_bars(const char *body, size_t len, const char *symbol, int32_t last,
                       struct bars *out, size_t *left_out, struct error *e)
{
    struct json_object *list = read_list(body, len, symbol, e);
    *left_out = 0;
    if (!list)
        return e->kind;
    size_t n = json_object_array_length(list);
    for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
        struct json_object *row = row_at(list, i, symbol);
        struct bar b;
        if (!row || !read_bar(row, &b))
            ++*left_out;
        else if (b.day <= last)
            bars_add(out, &b);
    }
    json_object_put(list);
    if (out->n == 0)
        return err_set(e, ERR_FAILED, "none of FMP's %zu rows is a bar", n);
    qsort(out->bar, out->n, sizeof *out->bar, by_day);
    size_t kept = 1;
    for (size_t i = 1; i < out->n; i++) {
        if (out->bar[i].day == out->bar[kept - 1].day)
            ++*left_out;
        else
            out->bar[kept++] = out->bar[i];
    }
    out->n = kept;
    return OK;
}

/* ---- statements */

/* "2024-11-01 06:01:36" in New York, when the SEC took it; else the evening of the filing day,
 * by when it was public. Some rows carry the end of the period there: nothing is filed before it
 * is over. */
static int64_t filed_at(struct json_object *row, int32_t period_end)
{
    int32_t d;
    int64_t wall;
    const char *accepted = text(row, "acceptedDate");
    if (accepted && day(row, "acceptedDate", &d) && d > period_end) {
        /* Read as if it were UTC: what is left of the day is the time on the wall. */
        int64_t rest = time_parse(accepted, &wall) ? wall - d * USEC_DAY : 0;
        int64_t minutes = rest / (60 * USEC_SECOND);
        if (rest <= 0 || rest >= USEC_DAY)
            return exchange_to_utc(d, FILED_HOUR, 0);
        return exchange_to_utc(d, (int)(minutes / 60), (int)(minutes % 60)) +
               rest % (60 * USEC_SECOND);
    }
    if (day(row, "filingDate", &d) && d > period_end)
        return exchange_to_utc(d, FILED_HOUR, 0);
    return TIME_NONE;
}

static int fiscal_year(struct json_object *row, int32_t period_end)
{
    struct value v = either(row, "fiscalYear", "calendarYear");
    if (v.known && v.v >= 1900 && v.v <= 2200 && v.v == floor(v.v))
        return (int)v.v;
    return period_end == DAY_NONE ? 0 : day_to_civil(period_end).year;
}

static bool is_annual(struct json_object *row)
{
    const char *period = text(row, "period");
    return !period || strcasecmp(period, "FY") == 0 || strcasecmp(period, "annual") == 0;
}

/* Its place among the years; NULL when there are too many. */
static struct fmp_year *place(struct fmp_years *years, int year)
{
    for (size_t i = 0; i < years->n; i++)
        if (years->year[i].y.fiscal_year == year)
            return &years->year[i];
    if (years->n == FMP_YEARS_MAX)
        return NULL;
    struct fmp_year *y = &years->year[years->n++];
    *y = (struct fmp_year){.y = {.fiscal_year = year, .period_end = DAY_NONE}};
    return y;
}

static struct value difference(struct value a, struct value b)
{
    return a.known && b.known ? VALUE(a.v - b.v) : VALUE_UNKNOWN;
}

static void read_income(struct json_object *row, struct statement_year *y)
{
    y->revenue = number(row, "revenue");
    y->gross_profit = number(row, "grossProfit");
    if (!y->gross_profit.known)
        y->gross_profit = difference(y->revenue, number(row, "costOfRevenue"));
    y->ebit = number(row, "ebit");
    y->ebitda = number(row, "ebitda");
    y->net_income = number(row, "netIncome");
    y->eps_diluted = either(row, "epsDiluted", "epsdiluted");
    if (y->eps_diluted.v == 0 && y->net_income.v != 0)
        y->eps_diluted = VALUE_UNKNOWN;
    y->shares_diluted = not_nought(number(row, "weightedAverageShsOutDil"));
    struct value before_tax = number(row, "incomeBeforeTax"), tax = number(row, "incomeTaxExpense");
    if (before_tax.known && tax.known && before_tax.v > 0)
        y->tax_rate = VALUE(tax.v / before_tax.v);
}

static void read_balance(struct json_object *row, struct statement_year *y)
{
    y->total_assets = not_nought(number(row, "totalAssets"));
    y->current_assets = not_nought(number(row, "totalCurrentAssets"));
    y->current_liabilities = not_nought(number(row, "totalCurrentLiabilities"));
    y->long_term_debt = number(row, "longTermDebt");
    y->total_debt = number(row, "totalDebt");
    y->cash = either(row, "cashAndShortTermInvestments", "cashAndCashEquivalents");
    y->equity = not_nought(either(row, "totalStockholdersEquity", "totalEquity"));
}

static void read_cash_flow(struct json_object *row, struct statement_year *y)
{
    y->cash_from_operations =
        either(row, "operatingCashFlow", "netCashProvidedByOperatingActivities");
    y->free_cash_flow = number(row, "freeCashFlow");
    struct value spent = number(row, "capitalExpenditure");
    /* Written as a negative number. */
    if (!y->free_cash_flow.known && spent.known && spent.v <= 0 && y->cash_from_operations.known)
        y->free_cash_flow = VALUE(y->cash_from_operations.v + spent.v);
}

static void read_year(struct json_object *row, int which, struct fmp_years *years)
{
    static void (*const readers[3])(struct json_object *, struct statement_year *) = {
        read_income, read_balance, read_cash_flow};
    int32_t end = DAY_NONE;
    char currency[8];
    day(row, "date", &end);
    int number_of_year = fiscal_year(row, end);
    struct fmp_year *y = number_of_year ? place(years, number_of_year) : NULL;
    /* Of a year filed twice the first row stands, which is the newest. */
    if (!y || y->has[which])
        return;
    line(row, "reportedCurrency", currency, sizeof currency);
    if (y->y.currency[0] == '\0')
        copy_text(y->y.currency, sizeof y->y.currency, currency);
    else if (*currency && strncmp(y->y.currency, currency, 3) != 0)
        return; /* figures in two currencies make no ratio */
    y->has[which] = true;
    y->filed[which] = filed_at(row, end);
    if (end != DAY_NONE)
        y->y.period_end = end;
    readers[which](row, &y->y);
}

enum err fmp_read_statement(const char *body, size_t len, const char *symbol,
                            enum fmp_endpoint which, struct fmp_years *out, struct error *e)
{
    struct json_object *list = read_list(body, len, symbol, e);
    if (!list)
        return e->kind;
    size_t n = json_object_array_length(list), years = 0;
    for (size_t i = 0; i < n && i < FMP_YEARS_MAX; i++) {
        struct json_object *row = row_at(list, i, symbol);
        if (!row || !is_annual(row))
            continue;
        read_year(row, (int)which - FMP_INCOME, out);
        years++;
    }
    json_object_put(list);
    if (years == 0)
        return err_set(e, ERR_FAILED, "none of FMP's %zu rows is a fiscal year", n);
    out->came[which - FMP_INCOME] = true;
    return OK;
}

static int newest_first(const void *a, const void *b)
{
    const struct statement_year *x = a, *y = b;
    return (x->fiscal_year < y->fiscal_year) - (x->fiscal_year > y->fiscal_year);
}

/* When the last statement of a year was filed; TIME_NONE while one's date is unknown. */
static int64_t all_filed(const struct fmp_year *y)
{
    int64_t latest = TIME_NONE;
    for (int i = 0; i < 3; i++) {
        if (!y->has[i])
            continue;
        if (y->filed[i] == TIME_NONE)
            return TIME_NONE;
        latest = y->filed[i] > latest ? y->filed[i] : latest;
    }
    return latest;
}

void fmp_merge_years(const struct fmp_years *years, int64_t as_of, struct fundamentals *out)
{
    struct statement_year known[FMP_YEARS_MAX];
    size_t n = 0, undated = 0, later = 0, partial = 0;
    for (size_t i = 0; i < years->n; i++) {
        const struct fmp_year *y = &years->year[i];
        bool whole = true;
        for (int k = 0; k < 3; k++)
            whole = whole && (y->has[k] || !years->came[k]);
        int64_t filed = all_filed(y);
        if (!whole) {
            partial++;
        } else if (filed == TIME_NONE) {
            undated++;
        } else if (filed > as_of) {
            later++;
        } else {
            known[n] = y->y;
            known[n++].filed_at = filed;
        }
    }
    if (n > 1)
        qsort(known, n, sizeof *known, newest_first);
    out->n = n < STATEMENT_YEARS_MAX ? n : STATEMENT_YEARS_MAX;
    memcpy(out->year, known, out->n * sizeof *known);
    out->from.as_of = out->from.published_at = TIME_NONE;
    out->from.reason[0] = '\0';
    if (n) {
        out->from.published_at = known[0].filed_at;
        if (known[0].period_end != DAY_NONE)
            out->from.as_of = exchange_to_utc(known[0].period_end, 16, 0);
    }
    struct buf b = {0};
    if (undated)
        buf_printf(&b, "%zu without a filing date", undated);
    if (later)
        buf_printf(&b, "%s%zu filed later", b.len ? ", " : "", later);
    if (partial)
        buf_printf(&b, "%s%zu incomplete", b.len ? ", " : "", partial);
    if (b.len)
        snprintf(out->from.reason, sizeof out->from.reason, "fiscal years left out: %s",
                 buf_text(&b));
    buf_release(&b);
}
