/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake/fake_market_data.h"

#include <stdio.h>
#include <string.h>

#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

enum { SESSIONS = 780, YEARS = 5 };

static const struct company {
    const char *symbol, *name, *sector, *industry;
    int64_t price; /* 1/10,000 dollar */
    double revenue;
} companies[] = {
    {"AAPL", "Apple Inc.", "Technology", "Consumer Electronics", 1755000, 390e9},
    {"MSFT", "Microsoft Corporation", "Technology", "Software - Infrastructure", 4100000, 210e9},
    {"JPM", "JPMorgan Chase & Co.", "Financial Services", "Banks - Diversified", 2100000, 150e9},
    {"BRK-B", "Berkshire Hathaway Inc.", "Financial Services", "Insurance - Diversified", 4800000,
     370e9},
#define SMALL_ONE(s)                                                                               \
    {                                                                                              \
        s, s " Inc.", "Industrials", "Tools", 1000000, 1e9                                         \
    }
    SMALL_ONE("XA"),
    SMALL_ONE("XB"),
    SMALL_ONE("XC"),
    SMALL_ONE("XD"),
    SMALL_ONE("XE"),
    SMALL_ONE("XF"),
    SMALL_ONE("XG"),
    SMALL_ONE("XH"),
    SMALL_ONE("XI"),
    SMALL_ONE("XJ"),
    SMALL_ONE("XK"),
    SMALL_ONE("XL"),
    {"SPY", "SPDR S&P 500 ETF Trust", "Financial Services", "Asset Management", 5600000, 0},
};

static const struct company *find(const char *symbol)
{
    for (size_t i = 0; i < ARRAY_LEN(companies); i++)
        if (strcmp(companies[i].symbol, symbol) == 0)
            return &companies[i];
    return NULL;
}

static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ x >> 16;
}

/* Within 6 percent of the company's price, by day: no state, so that any two calls agree. */
int64_t fake_data_close(const char *symbol, int32_t day)
{
    const struct company *c = find(symbol);
    if (!c)
        return 0;
    int64_t slow = (int64_t)(mix((uint32_t)(day / 5)) % 800) - 400;
    int64_t quick = (int64_t)(mix((uint32_t)day * 31U) % 400) - 200;
    return c->price + c->price * (slow + quick) / 10000;
}

struct prices {
    int64_t open, high, low, close, volume;
};

static struct prices session(const char *symbol, int32_t day, int split)
{
    struct prices p = {.close = fake_data_close(symbol, day)};
    p.open = fake_data_close(symbol, calendar_previous(day));
    p.high = (p.open > p.close ? p.open : p.close) * 1008 / 1000;
    p.low = (p.open < p.close ? p.open : p.close) * 993 / 1000;
    p.volume = 30000000 + mix((uint32_t)day) % 20000000;
    if (split > 1) {
        p.open /= split;
        p.high /= split;
        p.low /= split;
        p.close /= split;
        p.volume *= split;
    }
    return p;
}

static double dollars(int64_t price)
{
    return (double)price / 10000;
}

static void quote(const struct fake_world *w, const struct company *c, struct buf *out)
{
    struct prices p = session(c->symbol, w->last, w->split);
    int64_t before = p.open;
    /* A stamp after the last session is of a session that runs: what was the close is the close
     * before. */
    int64_t stamp = w->stamp ? w->stamp : calendar_close(w->last) / USEC_SECOND + 1;
    if (w->stamp && exchange_day(w->stamp * USEC_SECOND) > w->last) {
        before = p.close;
        p = session(c->symbol, calendar_next(w->last), w->split);
    }
    buf_printf(out,
               "[{\"symbol\":\"%s\",\"name\":\"%s\",\"price\":%.4f,\"changePercentage\":1.5,"
               "\"change\":%.4f,\"volume\":%lld,\"dayLow\":%.4f,\"dayHigh\":%.4f,"
               "\"marketCap\":4003120000000,\"priceAvg50\":null,\"exchange\":\"NASDAQ\","
               "\"open\":%.4f,\"previousClose\":%.4f,\"timestamp\":%lld}]",
               c->symbol, c->name, dollars(p.close), dollars(p.close - before), (long long)p.volume,
               dollars(p.low), dollars(p.high), dollars(p.open), dollars(before), (long long)stamp);
}

/* In the words of FMP, where a number may also be missing. */
static bool own_quote(const struct fake_world *w, const char *symbol, struct buf *out)
{
    for (size_t i = 0; i < FAKE_QUOTES; i++) {
        const struct fake_quote *q = &w->quote[i].says;
        if (strcmp(w->quote[i].symbol, symbol) != 0)
            continue;
        buf_printf(out,
                   "[{\"symbol\":\"%s\",\"price\":%.4f,\"open\":%.4f,\"dayHigh\":%.4f,"
                   "\"dayLow\":%.4f,\"previousClose\":%.4f,\"volume\":%lld",
                   symbol, dollars(q->price), dollars(q->open), dollars(q->high), dollars(q->low),
                   dollars(q->previous_close), (long long)q->volume);
        if (q->seconds)
            buf_printf(out, ",\"timestamp\":%lld", (long long)q->seconds);
        buf_str(out, "}]");
        return true;
    }
    return false;
}

static bool is_late(const struct fake_world *w, const char *symbol)
{
    size_t n = strlen(symbol);
    for (const char *p = w->late; *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        if (len == n && strncmp(p, symbol, n) == 0)
            return true;
        p += len;
    }
    return false;
}

static void bars(const struct fake_world *w, const struct company *c, struct buf *out)
{
    int32_t day = is_late(w, c->symbol) ? calendar_previous(w->last) : w->last;
    char date[11];
    buf_char(out, '[');
    for (int i = 0; i < SESSIONS; i++) {
        struct prices p = session(c->symbol, day, w->split);
        buf_printf(out,
                   "%s{\"symbol\":\"%s\",\"date\":\"%s\",\"open\":%.4f,\"high\":%.4f,\"low\":%.4f,"
                   "\"close\":%.4f,\"volume\":%lld,\"change\":0,\"changePercent\":0,\"vwap\":1}",
                   i ? "," : "", c->symbol, day_print(date, day), dollars(p.open), dollars(p.high),
                   dollars(p.low), dollars(p.close), (long long)p.volume);
        day = calendar_previous(day);
    }
    buf_char(out, ']');
}

static void profile(const struct company *c, struct buf *out)
{
    buf_printf(out,
               "[{\"symbol\":\"%s\",\"companyName\":\"%s\",\"currency\":\"USD\",\"sector\":\"%s\","
               "\"industry\":\"%s\",\"fullTimeEmployees\":\"1000\",\"isEtf\":%s}]",
               c->symbol, c->name, c->sector, c->industry, c->revenue > 0 ? "false" : "true");
}

/* The figures of one year in millions of its revenue. */
static void figures(const char *endpoint, const struct company *c, int year, struct buf *out)
{
    double r = c->revenue * (1 + .07 * (year - 2024));
    if (strcmp(endpoint, "income") == 0)
        buf_printf(out,
                   "\"revenue\":%.0f,\"costOfRevenue\":%.0f,\"grossProfit\":%.0f,\"ebit\":%.0f,"
                   "\"ebitda\":%.0f,\"netIncome\":%.0f,\"epsDiluted\":%.2f,"
                   "\"weightedAverageShsOutDil\":%.0f,\"incomeBeforeTax\":%.0f,"
                   "\"incomeTaxExpense\":%.0f",
                   r, r * .55, r * (.45 + .001 * (year - 2024)), r * .3, r * .33, r * .24,
                   6 + .3 * (year - 2024), 1.5e10 - 1e8 * (year - 2024), r * .29, r * .05);
    else if (strcmp(endpoint, "balance") == 0)
        buf_printf(out,
                   "\"totalAssets\":%.0f,\"totalCurrentAssets\":%.0f,"
                   "\"totalCurrentLiabilities\":%.0f,\"longTermDebt\":%.0f,\"totalDebt\":%.0f,"
                   "\"cashAndShortTermInvestments\":%.0f,\"totalStockholdersEquity\":%.0f",
                   r * .95, r * .4, r * .38, r * (.2 - .01 * (year - 2024)), r * .25, r * .15,
                   r * .3);
    else
        buf_printf(out,
                   "\"operatingCashFlow\":%.0f,\"capitalExpenditure\":%.0f,\"freeCashFlow\":%.0f",
                   r * .3, r * -.03, r * .27);
}

static void statements(const struct fake_world *w, const char *endpoint, const struct company *c,
                       struct buf *out)
{
    /* Years end in September and are filed on the first of November. */
    struct civil now = day_to_civil(w->last);
    int newest = now.month >= 11 ? now.year : now.year - 1;
    buf_char(out, '[');
    for (int i = 0; i < YEARS && c->revenue > 0; i++) {
        int year = newest - i;
        buf_printf(out,
                   "%s{\"date\":\"%d-09-28\",\"symbol\":\"%s\",\"reportedCurrency\":\"USD\","
                   "\"filingDate\":\"%d-11-01\",\"acceptedDate\":\"%d-11-01 06:01:36\","
                   "\"fiscalYear\":\"%d\",\"period\":\"FY\",",
                   i ? "," : "", year, c->symbol, year, year, year);
        figures(endpoint, c, year, out);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

/* A recorded answer; false when there is none. */
static bool recorded(const struct fake_world *w, const char *endpoint, const char *symbol,
                     struct buf *out)
{
    static const struct {
        const char *endpoint, *file;
    } files[] = {{"quote", "stable_quote_AAPL_2025-09-23.json"},
                 {"profile", "v3_profile_AAPL_2024-06-27.json"},
                 {"income", "stable_income-statement_AAPL_FY2024.json"},
                 {"balance", "stable_balance-sheet_AAPL_FY2024.json"},
                 {"cash-flow", "stable_cash-flow_AAPL_FY2024.json"}};
    char path[512], chunk[4096];
    size_t n;
    if (!w->recorded || strcmp(symbol, "AAPL") != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (strcmp(endpoint, files[i].endpoint) != 0)
            continue;
        snprintf(path, sizeof path, "%s/fmp/%s", w->recorded, files[i].file);
        FILE *f = fopen(path, "re");
        if (!f)
            return false;
        while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
            buf_add(out, chunk, n);
        fclose(f);
        return true;
    }
    return false;
}

void fake_data_answer(const struct fake_world *w, const char *endpoint, const char *symbol,
                      struct buf *out)
{
    const struct company *c = find(symbol);
    if (strcmp(endpoint, "quote") == 0 && own_quote(w, symbol, out))
        return;
    if (recorded(w, endpoint, symbol, out))
        return;
    if (!c)
        buf_str(out, "[]");
    else if (strcmp(endpoint, "quote") == 0)
        quote(w, c, out);
    else if (strcmp(endpoint, "profile") == 0)
        profile(c, out);
    else if (strcmp(endpoint, "eod") == 0)
        bars(w, c, out);
    else
        statements(w, endpoint, c, out);
}

static void item(const struct fake_world *w, const char *symbol, int i, const char *title,
                 struct buf *out)
{
    char when[33];
    int64_t t = calendar_close(w->last) - (int64_t)(i * 7 + 1) * 3600 * USEC_SECOND;
    buf_printf(out,
               "<item><description>What happened, in a sentence.</description>"
               "<guid isPermaLink=\"false\">%s-%d-%d</guid>"
               "<link>https://news.example/%s/%d?.tsrc=rss</link><pubDate>%s</pubDate>"
               "<title>%s</title></item>",
               symbol, (int)w->last, i, symbol, i, time_print_iso(when, t), title);
}

void fake_data_feed(const struct fake_world *w, const char *symbol, struct buf *out)
{
    const struct company *c = find(symbol);
    char title[160];
    static const char *const told[] = {"beats estimates and raises its outlook",
                                       "supplier sees strong demand", "faces a new inquiry",
                                       "names a finance chief"};
    buf_printf(out,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\"><channel>"
               "<title>%s</title>",
               c ? "Example headlines" : "RSS feed not found");
    for (size_t i = 0; c && i < ARRAY_LEN(told); i++) {
        char name[40];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(c->name, " "), c->name);
        snprintf(title, sizeof title, "%s (%s) %s", name, symbol, told[i]);
        item(w, symbol, (int)i, title, out);
    }
    buf_str(out, "</channel></rss>");
}
