/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "market_fixtures.h"

#include "quorum/market.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    temp_dir(dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return 0;
}

/* Sessions from `first` on at one price, with a split of `ratio` before bar `split_at`. */
static void write_flat(const char *name, const char *first, int n, int split_at, int ratio)
{
    char path[192], text[11];
    int32_t day;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(day_parse(first, &day));
    fputs("date,open,high,low,close,volume\n", f);
    for (int k = 0; k < n; k++, day = calendar_next(day)) {
        double p = 100.0 / (split_at && k >= split_at ? ratio : 1);
        fprintf(f, "%s,%.2f,%.2f,%.2f,%.2f,1000\n", day_print(text, day), p, p + 1, p - 1, p);
    }
    fclose(f);
}

static struct error gathered;
static int calls;

static void on_done(void *arg, const struct error *e)
{
    assert_ptr_equal(arg, &calls);
    calls++;
    gathered = e ? *e : (struct error){0};
}

static struct market *open_market(void)
{
    struct market *m = NULL;
    struct error e = {0};
    if (market_recorded_new(dir, &m, &e) != OK)
        fail_msg("%s", e.text);
    return m;
}

static int64_t at(const char *text)
{
    int64_t t = TIME_NONE;
    assert_true(time_parse(text, &t));
    return t;
}

static void gather(struct market *m, const char *symbol, const char *as_of, struct market_data *out)
{
    int before = calls;
    memset(out, 0, sizeof *out);
    market_gather(m, symbol, at(as_of), out, on_done, &calls);
    assert_int_equal(calls, before + 1);
}

static int32_t d(const char *text)
{
    int32_t day = DAY_NONE;
    assert_true(day_parse(text, &day));
    return day;
}

static void nothing_after_the_decision_gets_in(void **state)
{
    (void)state;
    write_flat("spy.csv", "2020-01-02", 200, 0, 1);
    write_flat("AAPL.csv", "2020-01-02", 200, 0, 1);
    struct market *m = open_market();
    struct market_data data;
    /* One microsecond before the bell the day's bar does not exist. */
    gather(m, "AAPL", "2020-03-09 19:59:59.999999Z", &data);
    assert_int_equal(gathered.kind, OK);
    assert_int_equal(data.bars_from.state, DATUM_PRESENT);
    assert_int_equal(data.bars.bar[data.bars.n - 1].day, d("2020-03-06"));
    assert_int_equal(data.benchmark_bars.bar[data.benchmark_bars.n - 1].day, d("2020-03-06"));
    /* Of the session that runs its open is known and nothing else. */
    assert_int_equal(data.quote.from.as_of, at("2020-03-09 13:30:00Z"));
    assert_int_equal(data.quote.price, 1000000);
    assert_int_equal(data.quote.high, 1000000);
    assert_int_equal(data.quote.volume, 0);
    market_data_release(&data);

    gather(m, "aapl", "2020-03-09 20:00:00Z", &data);
    assert_string_equal(data.symbol, "AAPL");
    assert_string_equal(data.benchmark, "SPY");
    assert_int_equal(data.bars.bar[data.bars.n - 1].day, d("2020-03-09"));
    assert_int_equal(data.quote.from.as_of, at("2020-03-09 20:00:00Z"));
    assert_int_equal(data.quote.previous_close, 1000000);
    assert_int_equal(data.quote.high, 1010000);
    assert_int_equal(data.quote.volume, 1000);
    assert_int_equal(data.profile.from.state, DATUM_ABSENT);
    assert_int_equal(data.fundamentals.from.state, DATUM_ABSENT);
    assert_string_equal(data.news.from.reason, "a recorded market has bars only");
    assert_string_equal(data.news.from.source, "recorded");
    market_data_release(&data);

    gather(m, "AAPL", "2019-12-31 22:00:00Z", &data);
    assert_int_equal(gathered.kind, OK);
    assert_int_equal(data.bars_from.state, DATUM_ABSENT);
    assert_int_equal(data.quote.from.state, DATUM_ABSENT);
    assert_string_equal(data.bars_from.reason, "the first recorded bar is of 2020-01-02");
    assert_int_equal(data.bars.n, 0);
    market_data_release(&data);
    market_free(m);
}

static void an_unknown_symbol_is_told_what_there_is(void **state)
{
    (void)state;
    struct market_data data;
    write_flat("b.csv", "2020-01-02", 5, 0, 1);
    write_flat("A_adj_2020.csv", "2020-01-02", 5, 0, 1);
    write_text(dir, "nyse_calendar.csv", "x\n");
    write_text(dir, "README.md", "x\n");
    struct market *m = open_market();
    gather(m, "AAPLX", "2020-03-09 20:00:00Z", &data);
    assert_int_equal(gathered.kind, ERR_USAGE);
    assert_string_equal(gathered.code, "E20");
    assert_non_null(strstr(gathered.text, "\"AAPLX\" is not a known symbol"));
    assert_non_null(strstr(gathered.text, "has A B"));
    assert_non_null(strstr(gathered.fix, "AAPLX.csv"));
    static const char *const hostile[] = {
        "../b", "B/../B", "", "A_adj", "\x1b[2J", "B.csv\n", "ALONGNAMETHATDOESNOTFIT"};
    for (size_t k = 0; k < ARRAY_LEN(hostile); k++) {
        gather(m, hostile[k], "2020-03-09 20:00:00Z", &data);
        assert_string_equal(gathered.code, "E20");
        assert_null(strchr(gathered.text, '\x1b'));
        market_data_release(&data);
    }
    char name[32];
    for (int k = 0; k < 20; k++) {
        snprintf(name, sizeof name, "C%02d.csv", k);
        write_flat(name, "2020-01-02", 2, 0, 1);
    }
    gather(m, "ZZ", "2020-03-09 20:00:00Z", &data);
    assert_non_null(strstr(gathered.text, "has A B C00 C01 C02 C03 C04 C05 C06 C07 C08 C09 and "
                                          "10 more"));
    struct buf b = {0};
    m->ops->symbols(m, &b);
    assert_int_equal(strncmp(buf_text(&b), "A B C00 C01 ", 12), 0);
    buf_release(&b);
    market_free(m);
}

static void a_split_neither_shows_nor_tells_the_future(void **state)
{
    (void)state;
    struct market_data data;
    write_flat("X_raw_2020.csv", "2020-01-02", 100, 50, 4);
    write_text(dir, "x_factors.csv", "last_date_applies,price_factor,split_factor\n");
    /* Bar 50 is 2020-03-16: a 4:1 split, and a dividend of 2 % before bar 80, 2020-04-28. */
    write_text(dir, "x_factors.csv",
               "last_date_applies,price_factor,split_factor\n"
               "20200313,0.98,0.25\n20200427,0.98,1\n20501231,1,1\n");
    struct market *m = open_market();
    gather(m, "X", "2020-03-13 20:00:00Z", &data);
    assert_int_equal(data.quote.price, 1000000); /* what was traded, with no factor of later */
    assert_int_equal(data.bars.bar[0].close, 1000000);
    assert_string_equal(data.bars_from.reason, "");
    market_data_release(&data);

    gather(m, "X", "2020-03-16 20:00:00Z", &data);
    assert_int_equal(data.quote.price, 250000);
    assert_int_equal(data.quote.previous_close, 250000);
    assert_int_equal(data.bars.bar[0].close, 250000);
    assert_int_equal(data.bars.bar[0].volume, 4000);
    assert_int_equal(data.bars.bar[data.bars.n - 1].volume, 1000);
    market_data_release(&data);

    gather(m, "X", "2020-05-08 20:00:00Z", &data);
    assert_int_equal(data.quote.price, 250000);
    assert_int_equal(data.bars.bar[0].close, 245000);
    market_data_release(&data);
    market_free(m);
}

static struct quote quote_at(struct market *m, const char *symbol, const char *as_of)
{
    struct quote q = {.volume = -1};
    int before = calls;
    market_quote(m, symbol, at(as_of), 0, &q, on_done, &calls);
    assert_int_equal(calls, before + 1);
    return q;
}

static void a_quote_knows_the_open_first_and_the_bar_after_the_close(void **state)
{
    (void)state;
    write_text(dir, "X.csv",
               "date,open,high,low,close,volume\n"
               "2020-01-02,10,12,9,11,500\n2020-01-03,13,15,12,14,700\n"
               "2020-01-07,20,21,19,20,900\n");
    struct market *m = open_market();
    struct quote q = quote_at(m, "x", "2020-01-03 14:29:59Z");
    assert_int_equal(q.price, 110000);
    assert_int_equal(q.from.as_of, at("2020-01-02 21:00:00Z"));
    assert_int_equal(q.from.state, DATUM_PRESENT);
    q = quote_at(m, "X", "2020-01-03 14:30:00Z");
    assert_int_equal(q.price, 130000);
    assert_int_equal(q.open, 130000);
    assert_int_equal(q.high, 130000);
    assert_int_equal(q.low, 130000);
    assert_int_equal(q.volume, 0);
    assert_int_equal(q.previous_close, 110000);
    assert_int_equal(q.from.as_of, at("2020-01-03 14:30:00Z"));
    q = quote_at(m, "X", "2020-01-03 20:59:59Z");
    assert_int_equal(q.price, 130000);
    q = quote_at(m, "X", "2020-01-03 21:00:00Z");
    assert_int_equal(q.price, 140000);
    assert_int_equal(q.high, 150000);
    assert_int_equal(q.low, 120000);
    assert_int_equal(q.volume, 700);
    assert_int_equal(q.from.as_of, at("2020-01-03 21:00:00Z"));
    /* No bar of the 6th: nothing may be traded at the price of the 3rd. */
    q = quote_at(m, "X", "2020-01-06 14:00:00Z");
    assert_int_equal(q.from.state, DATUM_PRESENT);
    q = quote_at(m, "X", "2020-01-06 15:00:00Z");
    assert_int_equal(q.from.state, DATUM_STALE);
    assert_int_equal(q.price, 140000);
    assert_string_equal(q.from.reason, "there is no bar of 2020-01-06; the last recorded one is of "
                                       "2020-01-03");
    q = quote_at(m, "X", "2020-01-07 15:00:00Z");
    assert_int_equal(q.from.state, DATUM_PRESENT);
    assert_int_equal(q.price, 200000);
    q = quote_at(m, "X", "2019-12-31 15:00:00Z");
    assert_int_equal(q.from.state, DATUM_ABSENT);
    assert_int_equal(q.price, 0);
    q = quote_at(m, "Y", "2020-01-07 15:00:00Z");
    assert_int_equal(gathered.kind, ERR_USAGE);
    assert_string_equal(gathered.code, "E20");
    write_text(dir, "X.csv", "date\n");
    q = quote_at(m, "X", "2020-01-07 15:00:00Z");
    assert_int_equal(q.from.state, DATUM_ERROR);
    market_free(m);
}

static void a_split_at_the_open_is_an_action_and_the_same_money(void **state)
{
    (void)state;
    struct corporate_action a[4];
    /* As above: 4:1 on 2020-03-16, two dollars of a hundred, written small, on 2020-04-28. */
    write_flat("X_raw_2020.csv", "2020-01-02", 100, 50, 4);
    write_text(dir, "x_factors.csv",
               "last_date_applies,price_factor,split_factor\n"
               "20200102,0.98,0.25\n20200313,0.98,0.25\n20200427,0.98,1\n20501231,1,1\n");
    struct market *m = open_market();
    assert_int_equal(market_actions(m, "X", d("2020-01-01"), d("2020-12-31"), a, 4), 2);
    assert_int_equal(a[0].ex_day, d("2020-03-16"));
    assert_true(a[0].split_ratio == 4);
    assert_int_equal(a[0].dividend, 0);
    assert_int_equal(a[1].ex_day, d("2020-04-28"));
    assert_true(a[1].split_ratio == 1);
    assert_int_equal(a[1].dividend, 500000);
    /* (after, until]: neither twice nor never. */
    assert_int_equal(market_actions(m, "X", d("2020-03-15"), d("2020-03-16"), a, 4), 1);
    assert_int_equal(market_actions(m, "X", d("2020-03-16"), d("2020-04-27"), a, 4), 0);
    assert_int_equal(market_actions(m, "X", d("2020-03-13"), d("2020-03-15"), a, 4), 0);
    assert_int_equal(market_actions(m, "X", d("2020-01-01"), d("2020-12-31"), a, 1), 1);
    assert_int_equal(market_actions(m, "NONE", d("2020-01-01"), d("2020-12-31"), a, 4), 0);
    /* What is asked at the open of the ex-day is all on its basis; a minute before, on the old. */
    struct quote q = quote_at(m, "X", "2020-03-16 13:29:00Z");
    assert_int_equal(q.price, 1000000);
    q = quote_at(m, "X", "2020-03-16 13:30:00Z");
    assert_int_equal(q.price, 250000);
    assert_int_equal(q.previous_close, 250000);
    struct market_data data;
    gather(m, "X", "2020-03-16 13:30:00Z", &data);
    assert_int_equal(data.quote.price, 250000);
    assert_int_equal(data.bars.bar[data.bars.n - 1].day, d("2020-03-13"));
    assert_int_equal(data.bars.bar[data.bars.n - 1].close, 250000);
    market_data_release(&data);
    market_free(m);
}

static void a_backtest_reads_the_files_as_they_were_when_it_began(void **state)
{
    (void)state;
    const struct bars *raw, *other;
    const struct factors *factors;
    struct error e = {0};
    char name[32];
    write_flat("X_raw.csv", "2020-01-02", 100, 50, 4);
    write_text(dir, "X_factors.csv",
               "last_date_applies,price_factor,split_factor\n20200313,0.98,0.25\n");
    struct market *m = open_market();
    assert_int_equal(market_recorded_bars(m, "x", &raw, &factors, &e), OK);
    assert_int_equal(raw->n, 100);
    assert_int_equal(factors->n, 1);
    for (int k = 0; k < 40; k++) {
        snprintf(name, sizeof name, "S%02d.csv", k);
        write_flat(name, "2020-01-02", 2 + k, 0, 1);
        snprintf(name, sizeof name, "S%02d", k);
        assert_int_equal(market_recorded_bars(m, name, &other, &factors, &e), OK);
        assert_int_equal(other->n, 2 + k);
        assert_int_equal(factors->n, 0);
    }
    write_flat("X_raw.csv", "2020-01-02", 3, 0, 1);
    assert_int_equal(market_recorded_bars(m, "X", &other, &factors, &e), OK);
    assert_int_equal(other->n, 3);
    assert_int_equal(raw->n, 100);
    assert_int_equal(raw->bar[99].close, 250000);
    assert_int_equal(market_recorded_bars(m, "Y", &other, &factors, &e), ERR_USAGE);
    assert_string_equal(e.code, "E20");
    write_text(dir, "X_raw.csv", "date\n");
    assert_int_equal(market_recorded_bars(m, "X", &other, &factors, &e), ERR_FAILED);
    assert_null(other);
    market_free(m);
    m = market_none_new("no key");
    assert_int_equal(market_recorded_bars(m, "X", &other, &factors, &e), ERR_USAGE);
    market_free(m);
}

static void an_unadjusted_split_is_warned_of_once_it_has_happened(void **state)
{
    (void)state;
    struct market_data data;
    write_flat("X.csv", "2020-01-02", 100, 50, 4);
    write_flat("Y_adj.csv", "2020-01-02", 100, 50, 4);
    struct market *m = open_market();
    gather(m, "X", "2020-03-13 20:00:00Z", &data);
    assert_string_equal(data.bars_from.reason, "");
    market_data_release(&data);
    gather(m, "X", "2020-03-16 20:00:00Z", &data);
    assert_int_equal(data.bars_from.state, DATUM_PRESENT);
    assert_string_equal(data.bars_from.reason, "warning: the jump on 2020-03-16 fits a split; "
                                               "adjust the file or add X_factors.csv");
    market_data_release(&data);
    gather(m, "Y", "2020-03-16 20:00:00Z", &data); /* adjusted by its name: a real move */
    assert_string_equal(data.bars_from.reason, "");
    assert_int_equal(data.benchmark_from.state, DATUM_ABSENT);
    assert_non_null(strstr(data.benchmark_from.reason, "no SPY.csv"));
    market_data_release(&data);
    market_free(m);
}

static void a_price_of_long_ago_is_not_shown_as_todays(void **state)
{
    (void)state;
    struct market_data data;
    write_flat("X.csv", "2020-01-02", 10, 0, 1); /* to 2020-01-15 */
    struct market *m = open_market();
    gather(m, "X", "2020-01-23 22:00:00Z", &data);
    assert_int_equal(data.quote.from.state, DATUM_PRESENT);
    market_data_release(&data);
    gather(m, "X", "2020-01-24 22:00:00Z", &data);
    assert_int_equal(data.quote.from.state, DATUM_STALE);
    assert_string_equal(data.bars_from.reason, "the last recorded bar is of 2020-01-15, "
                                               "6 sessions back");
    assert_int_equal(data.bars.n, 10);
    market_data_release(&data);
    assert_int_equal(m->ops->last_session(m, at("2026-11-22 00:00:00Z")), d("2020-01-15"));
    assert_int_equal(m->ops->last_session(m, at("2020-01-10 12:00:00Z")), d("2020-01-09"));
    assert_int_equal(m->ops->last_session(m, at("2019-01-10 12:00:00Z")), DAY_NONE);
    write_flat("SPY.csv", "2020-01-02", 5, 0, 1);
    assert_int_equal(m->ops->last_session(m, at("2026-11-22 00:00:00Z")), d("2020-01-08"));
    market_free(m);
}

static void a_broken_file_is_an_error_with_its_line_not_a_crash(void **state)
{
    (void)state;
    struct market_data data;
    write_text(dir, "X.csv", "date,open,high,low,close,volume\n2020-01-02,1,2,3,4,5\n");
    write_flat("Y.csv", "2020-01-02", 10, 0, 1);
    write_text(dir, "Y_factors.csv", "nonsense\n");
    struct market *m = open_market();
    gather(m, "X", "2020-01-23 22:00:00Z", &data);
    assert_int_equal(gathered.kind, OK);
    assert_int_equal(data.bars_from.state, DATUM_ERROR);
    assert_int_equal(data.quote.from.state, DATUM_ERROR);
    assert_int_equal(strncmp(data.bars_from.reason, "X.csv line 2: high 2.0000 is below low", 38),
                     0);
    market_data_release(&data);
    gather(m, "Y", "2020-01-23 22:00:00Z", &data);
    assert_int_equal(data.bars_from.state, DATUM_ERROR);
    assert_non_null(strstr(data.bars_from.reason, "Y_factors.csv line 1"));
    assert_int_equal(data.bars.n, 0);
    market_data_release(&data);
    /* A mended file is read again. */
    write_flat("X.csv", "2020-01-02", 3, 0, 1);
    gather(m, "X", "2020-01-06 22:00:00Z", &data);
    assert_int_equal(data.bars.n, 3);
    market_data_release(&data);
    write_flat("X.csv", "2020-01-02", 4, 0, 1);
    gather(m, "X", "2020-01-07 22:00:00Z", &data);
    assert_int_equal(data.bars.n, 4);
    market_data_release(&data);
    market_free(m);
}

static void a_broken_file_is_refused_before_anything_rests_on_it(void **state)
{
    (void)state;
    struct error e = {0};
    write_flat("X.csv", "2020-01-02", 10, 0, 1);
    write_text(dir, "BAD.csv", "date,open,high,low,close,volume\n2020-01-02,1,1,1,abc,1\n");
    write_text(dir, "EMPTY.csv", "");
    struct market *m = open_market();
    assert_int_equal(market_check_symbol(m, "X", &e), OK);
    assert_int_equal(market_check_symbol(m, "BAD", &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "BAD.csv line 2: close \"abc\""));
    assert_non_null(strstr(e.fix, "175.50"));
    assert_int_equal(market_check_symbol(m, "EMPTY", &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "is empty"));
    write_text(dir, "SPY.csv", "date\n");
    err_clear(&e);
    assert_int_equal(market_check_symbol(m, "X", &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "SPY.csv line 1"));
    market_free(m);
}

static void missing_sessions_are_warned_of_once_they_are_past(void **state)
{
    (void)state;
    struct market_data data;
    write_text(dir, "X.csv",
               "date,open,high,low,close,volume\n2020-01-02,1,1,1,1,1\n"
               "2020-01-03,1,1,1,1,1\n2020-01-08,1,1,1,1,1\n");
    struct market *m = open_market();
    gather(m, "X", "2020-01-03 22:00:00Z", &data);
    assert_string_equal(data.bars_from.reason, "");
    market_data_release(&data);
    gather(m, "X", "2020-01-08 22:00:00Z", &data);
    assert_int_equal(data.bars_from.state, DATUM_PRESENT);
    assert_string_equal(data.bars_from.reason,
                        "warning: 2 sessions are missing, the first 2020-01-06");
    market_data_release(&data);
    market_free(m);
}

static void more_symbols_than_the_cache_holds_still_answer(void **state)
{
    (void)state;
    char name[32];
    for (int k = 0; k < 40; k++) {
        snprintf(name, sizeof name, "S%02d.csv", k);
        write_flat(name, "2020-01-02", 2 + k, 0, 1);
    }
    struct market *m = open_market();
    for (int round = 0; round < 2; round++) {
        for (int k = 0; k < 40; k++) {
            struct market_data data;
            snprintf(name, sizeof name, "S%02d", k);
            gather(m, name, "2020-12-31 22:00:00Z", &data);
            assert_int_equal(data.bars.n, 2 + k);
            market_data_release(&data);
        }
    }
    market_free(m);
}

static void a_directory_without_bars_says_how_to_name_them(void **state)
{
    (void)state;
    struct market *m = NULL;
    struct error e = {0};
    assert_int_equal(market_recorded_new(dir, &m, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "has no bar files"));
    assert_non_null(strstr(e.fix, "SYMBOL.csv"));
    assert_null(m);
    char nowhere[128];
    snprintf(nowhere, sizeof nowhere, "%s/none", dir);
    assert_int_equal(market_recorded_new(nowhere, &m, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "cannot read the directory"));
}

static void a_desk_without_a_market_says_why_each_datum_is_missing(void **state)
{
    (void)state;
    struct market *m = market_none_new("FMP_API_KEY is not set");
    struct market_data data;
    gather(m, "AAPL", "2020-12-31 22:00:00Z", &data);
    assert_int_equal(gathered.kind, OK);
    assert_string_equal(data.symbol, "AAPL");
    const struct provenance *const parts[] = {&data.quote.from,        &data.bars_from,
                                              &data.benchmark_from,    &data.profile.from,
                                              &data.fundamentals.from, &data.news.from};
    for (size_t k = 0; k < ARRAY_LEN(parts); k++) {
        assert_int_equal(parts[k]->state, DATUM_ABSENT);
        assert_string_equal(parts[k]->reason, "FMP_API_KEY is not set");
        assert_string_equal(parts[k]->source, "none");
    }
    struct quote q = quote_at(m, "AAPL", "2020-12-31 22:00:00Z");
    struct corporate_action a;
    assert_int_equal(q.from.state, DATUM_ABSENT);
    assert_string_equal(q.from.reason, "FMP_API_KEY is not set");
    assert_int_equal(market_actions(m, "AAPL", 0, 30000, &a, 1), 0);
    struct buf b = {0};
    m->ops->symbols(m, &b);
    assert_string_equal(buf_text(&b), "");
    buf_release(&b);
    assert_int_equal(m->ops->last_session(m, 0), DAY_NONE);
    market_data_release(&data);
    market_free(m);
    market_free(NULL);
    assert_string_equal(datum_state_name(DATUM_STALE), "STALE");
    assert_string_equal(datum_state_name(DATUM_ABSENT), "ABSENT");
}

static void recorded_history_is_usable_as_it_comes(void **state)
{
    (void)state;
    char path[512];
    struct market *m = NULL;
    struct market_data data;
    struct error e = {0};
    assert_int_equal(market_recorded_new(reference(path, "ohlcv"), &m, &e), OK);
    struct buf b = {0};
    m->ops->symbols(m, &b);
    assert_string_equal(buf_text(&b), "AAPL AIG BAC IBM IWM SPY");
    buf_release(&b);
    assert_int_equal(m->ops->last_session(m, at("2026-11-22 00:00:00Z")), d("2021-03-31"));
    gather(m, "AAPL", "2020-08-28 20:00:00Z", &data);
    assert_int_equal(data.quote.price, 4992300); /* the last day before the 4:1 split */
    assert_int_equal(data.bars_from.state, DATUM_PRESENT);
    assert_int_equal(data.benchmark_from.state, DATUM_PRESENT);
    assert_int_equal(data.bars.n, data.benchmark_bars.n);
    market_data_release(&data);
    gather(m, "SPY", "2020-08-28 20:00:00Z", &data);
    assert_int_equal(data.bars.n, data.benchmark_bars.n);
    market_data_release(&data);
    market_free(m);
}

/* 100 shares held over every split and dividend of the real files: what the actions make of them
 * at the open of the ex-day is worth what they were worth the evening before. */
static void money_stays_right_over_the_splits_of_aapl_and_aig(void **state)
{
    (void)state;
    static const struct {
        const char *symbol, *ex_day;
        double ratio;
    } split[] = {
        {"AAPL", "2000-06-21", 2},  {"AAPL", "2005-02-28", 2},   {"AAPL", "2014-06-09", 7},
        {"AAPL", "2020-08-31", 4},  {"AIG", "1998-08-03", 1.5},  {"AIG", "1999-08-02", 1.25},
        {"AIG", "2000-07-31", 1.5}, {"AIG", "2009-07-01", 0.05},
    };
    char path[512], text[33];
    struct market *m = NULL;
    struct error e = {0};
    struct corporate_action a[200];
    assert_int_equal(market_recorded_new(reference(path, "ohlcv"), &m, &e), OK);
    for (size_t k = 0; k < ARRAY_LEN(split); k++) {
        int32_t day = d(split[k].ex_day);
        assert_int_equal(market_actions(m, split[k].symbol, day - 1, day, a, 200), 1);
        assert_true(a[0].split_ratio == split[k].ratio);
        time_print(text, calendar_close(calendar_previous(day)));
        struct quote before = quote_at(m, split[k].symbol, text);
        time_print(text, calendar_open(day));
        struct quote after = quote_at(m, split[k].symbol, text);
        double was = (double)before.price, is = (double)after.previous_close * a[0].split_ratio;
        assert_true(is / was > .99999 && is / was < 1.00001);
        assert_true(after.price > after.previous_close * .85);
        assert_true(after.price < after.previous_close * 1.15);
    }
    size_t n = market_actions(m, "AAPL", d("1998-01-01"), d("2021-12-31"), a, 200);
    size_t splits = 0;
    for (size_t i = 0; i < n; i++) {
        splits += a[i].split_ratio != 1;
        assert_true(i == 0 || a[i].ex_day > a[i - 1].ex_day);
    }
    assert_int_equal(splits, 4);
    assert_int_equal(n, 4 + 35); /* 34 + the one of 2012-08-09 */
    assert_int_equal(market_actions(m, "AAPL", d("2014-05-07"), d("2014-05-08"), a, 200), 1);
    assert_int_equal(a[0].dividend, 3290000); /* $3.29 a share before the split */
    assert_int_equal(market_actions(m, "AAPL", d("2014-08-06"), d("2014-08-07"), a, 200), 1);
    assert_int_equal(a[0].dividend, 470000);
    assert_int_equal(market_actions(m, "AAPL", d("2021-02-04"), d("2021-02-05"), a, 200), 1);
    assert_int_equal(a[0].dividend, 205000);
    assert_int_equal(market_actions(m, "IBM", d("1998-01-01"), d("2021-12-31"), a, 200), 0);
    market_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_after_the_decision_gets_in, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(an_unknown_symbol_is_told_what_there_is, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_split_neither_shows_nor_tells_the_future, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_quote_knows_the_open_first_and_the_bar_after_the_close,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_split_at_the_open_is_an_action_and_the_same_money,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_backtest_reads_the_files_as_they_were_when_it_began,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(an_unadjusted_split_is_warned_of_once_it_has_happened,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_price_of_long_ago_is_not_shown_as_todays, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_broken_file_is_an_error_with_its_line_not_a_crash,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_broken_file_is_refused_before_anything_rests_on_it,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(missing_sessions_are_warned_of_once_they_are_past, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(more_symbols_than_the_cache_holds_still_answer, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_directory_without_bars_says_how_to_name_them, make_dir,
                                        remove_dir),
        cmocka_unit_test(money_stays_right_over_the_splits_of_aapl_and_aig),
        cmocka_unit_test(a_desk_without_a_market_says_why_each_datum_is_missing),
        cmocka_unit_test(recorded_history_is_usable_as_it_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
