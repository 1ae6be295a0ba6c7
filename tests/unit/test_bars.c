/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "market_fixtures.h"

#include <math.h>

#define HEADER "date,open,high,low,close,volume\n"

static char dir[64];
static char path[128];

static int make_dir(void **state)
{
    (void)state;
    temp_dir(dir);
    snprintf(path, sizeof path, "%s/bars.csv", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return 0;
}

static enum err read_text(const char *text, struct bars *b, struct bars_report *r, struct error *e)
{
    write_text(dir, "bars.csv", text);
    return bars_read_csv(path, b, r, e);
}

/* Refused with the place, the cause and the fix, and with nothing loaded. */
static void assert_refused(const char *text, const char *where, const char *what, const char *fix)
{
    struct bars b = {.n = 99};
    struct bars_report report;
    struct error e = {0};
    enum err rc = read_text(text, &b, &report, &e);
    if (rc != ERR_FAILED)
        fail_msg("accepted: %s", text);
    if (!strstr(e.text, path) || !strstr(e.text, where) || !strstr(e.text, what))
        fail_msg("the text is \"%s\", expected \"%s\" and \"%s\"", e.text, where, what);
    if (!strstr(e.fix, fix))
        fail_msg("the fix is \"%s\", expected \"%s\"", e.fix, fix);
    assert_int_equal(b.n, 0);
    assert_null(b.bar);
}

static void assert_two_good_bars(const char *text)
{
    struct bars b;
    struct error e = {0};
    if (read_text(text, &b, NULL, &e) != OK)
        fail_msg("%s", e.text);
    assert_int_equal(b.n, 2);
    assert_int_equal(b.bar[0].day, day_from_civil(2017, 1, 3));
    assert_int_equal(b.bar[0].open, 2126100);
    assert_int_equal(b.bar[0].high, 2133500);
    assert_int_equal(b.bar[0].low, 2115200);
    assert_int_equal(b.bar[0].close, 2128000);
    assert_int_equal(b.bar[0].volume, 96708880);
    assert_int_equal(b.bar[1].close, 2140600);
    bars_release(&b);
    assert_null(b.bar);
}

#define ONE "2017-01-03,212.61,213.35,211.52,212.8,96708880\n"
#define TWO "2017-01-04,213.16,214.22,213.15,214.06,83348752\n"

static void files_as_vendors_write_them_are_read(void **state)
{
    (void)state;
    assert_two_good_bars(HEADER ONE TWO);
    assert_two_good_bars("date,open,high,low,close,volume\r\n"
                         "2017-01-03,212.61,213.35,211.52,212.8,96708880\r\n"
                         "2017-01-04,213.16,214.22,213.15,214.06,83348752\r\n");
    assert_two_good_bars("\xEF\xBB\xBF" HEADER ONE TWO);
    assert_two_good_bars("\xEF\xBB\xBF\"date\",open,high,low,close,volume\n" ONE TWO);
    assert_two_good_bars(HEADER ONE TWO "\n");
    assert_two_good_bars(HEADER ONE TWO "\r\n  \n");
    assert_two_good_bars(HEADER ONE
                         "2017-01-04,213.16,214.22,213.15,214.06,83348752"); /* no last newline */
    assert_two_good_bars("\"Date\",\"Open\",\"High\",\"Low\",\"Close\",\"Volume\"\n"
                         "\"2017-01-03\",\"212.61\",\"213.35\",\"211.52\",\"212.8\",\"96708880\"\n"
                         "\"2017-01-04\" , \"213.16\", \"214.22\",\"213.15\",\"214.06\",83348752"
                         "\n");
    assert_two_good_bars("Date,Open,High,Low,Close,Adj Close,Volume\n"
                         "20170103,212.610000,213.350000,211.520000,212.800000,190.1,96708880\n"
                         "20170104,213.16,214.22,213.15,214.06,,83348752.0\n");
    assert_two_good_bars("volume,note,close,low,high,open,date\n"
                         "96708880,\"a \"\"b\"\", note\",212.8,211.52,213.35,212.61,2017-01-03\n"
                         "83348752,,214.06,213.15,214.22,213.16,2017-01-04\n");
}

static void prices_are_rounded_once_on_their_digits(void **state)
{
    (void)state;
    struct bars b;
    struct error e;
    assert_int_equal(
        read_text(HEADER "2017-01-03,0.10005,0.10005,0.00015,0.00014999,0\n", &b, NULL, &e), OK);
    assert_int_equal(b.bar[0].open, 1001);
    assert_int_equal(b.bar[0].low, 1); /* 0.00015 is 2, widened to the close, 0.0001 */
    assert_int_equal(b.bar[0].close, 1);
    bars_release(&b);
    assert_int_equal(read_text(HEADER "2017-01-03,212.61000000000001,213,211,212.80000000000001,"
                                      "7\n",
                               &b, NULL, &e),
                     OK);
    assert_int_equal(b.bar[0].open, 2126100);
    assert_int_equal(b.bar[0].close, 2128000);
    bars_release(&b);
}

static void rounding_of_the_vendor_is_forgiven_and_mended(void **state)
{
    (void)state;
    struct bars b;
    struct error e;
    assert_int_equal(read_text(HEADER "2017-01-03,10.01,10.00,9.90,9.89,5\n", &b, NULL, &e), OK);
    assert_int_equal(b.bar[0].high, 100100);
    assert_int_equal(b.bar[0].low, 98900);
    bars_release(&b);
    assert_refused(HEADER "2017-01-03,10.02,10.00,9.90,9.95,5\n", "line 2",
                   "open 10.0200 is above high 10.0000", "one adjustment basis");
    /* With four decimals a cent is no rounding. */
    assert_refused(HEADER "2017-01-03,10.0100,10.0000,9.9000,9.9500,5\n", "line 2",
                   "open 10.0100 is above high", "one adjustment basis");
}

static void a_bad_price_never_reaches_an_indicator(void **state)
{
    (void)state;
    assert_refused(HEADER ONE "2017-01-04,213.16,,213.15,214.06,1\n", "line 3", "high is missing",
                   "remove the line");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,213.15,null,1\n", "line 3",
                   "close \"null\" is not a number", "175.50");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,213.15,nan,1\n", "line 3",
                   "close \"nan\" is not a number", "175.50");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,213.15,2.1e2,1\n", "line 3",
                   "close \"2.1e2\" is not a number", "no exponent");
    assert_refused(HEADER ONE "2017-01-04,\"2,130.16\",214.22,213.15,214,1\n", "line 3",
                   "open \"2,130.16\" is not a number", "no thousands separator");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,0,214.06,1\n", "line 3", "low 0 is outside",
                   "correct the price");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,-3,214.06,1\n", "line 3",
                   "low \"-3\" is not a positive price", "correct the price");
    assert_refused(HEADER ONE "2017-01-04,1,1,1,999999999999999999999,1\n", "line 3",
                   "is not a number", "175.50");
    assert_refused(HEADER ONE "2017-01-04,1,200000000,1,1,1\n", "line 3",
                   "high 200000000 is outside", "correct the price");
    assert_refused(HEADER ONE "2017-01-04,213.16,213.15,214.22,214.06,1\n", "line 3",
                   "high 213.1500 is below low 214.2200", "swapped");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,213.15,212.00,1\n", "line 3",
                   "close 212.0000 is below low 213.1500", "one adjustment basis");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,213.15,214.06,\n", "line 3",
                   "volume is missing", "0 where there was none");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,213.15,214.06,-5\n", "line 3",
                   "volume \"-5\" is not a number of shares", "digits only");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,213.15,214.06,many\n", "line 3",
                   "volume \"many\"", "digits only");
    assert_refused(HEADER ONE "2017-01-04,213.16,214.22,213.15,214.06,1000.5\n", "line 3",
                   "volume \"1000.5\" is not a whole number", "in shares");
}

static void days_out_of_order_never_reach_an_indicator(void **state)
{
    (void)state;
    assert_refused(HEADER ONE ONE, "line 3", "2017-01-03 appears twice", "one bar per session");
    assert_refused(HEADER TWO ONE, "line 3", "2017-01-03 comes after 2017-01-04", "oldest first");
    assert_refused(HEADER "03.01.2017,1,1,1,1,1\n", "line 2", "\"03.01.2017\" is not a date",
                   "2021-03-31");
    assert_refused(HEADER "2017-02-29,1,1,1,1,1\n", "line 2", "\"2017-02-29\" is not a date",
                   "2021-03-31");
    assert_refused(HEADER "20170230,1,1,1,1,1\n", "line 2", "is not a date", "2021-03-31");
    assert_refused(HEADER ",1,1,1,1,1\n", "line 2", "\"\" is not a date", "2021-03-31");
    assert_refused(HEADER "2017-01-07,1,1,1,1,1\n", "line 2", "is a Saturday", "correct the date");
    assert_refused(HEADER "2017-01-08,1,1,1,1,1\n", "line 2", "is a Sunday", "correct the date");
    /* A line that stands too early is no hole in the data. */
    assert_refused(HEADER ONE "2017-01-20,1,1,1,1,1\n" TWO, "line 4",
                   "2017-01-04 comes after 2017-01-20", "out of order");
    assert_refused(HEADER ONE "2017-01-20,1,1,1,1,1\n2017-01-23,x,1,1,1,1\n", "line 3",
                   "sessions in a row are missing", "fetch the missing days");
}

static void a_table_of_another_shape_says_what_is_expected(void **state)
{
    (void)state;
    assert_refused("", "is empty", "", "date,open,high,low,close,volume");
    assert_refused("\n\n", "is empty", "", "date,open,high,low,close,volume");
    assert_refused(HEADER, "has a header and no bars", "", "one line per session");
    assert_refused(ONE TWO, "line 1", "the header is missing", "date,open,high,low,close,volume");
    assert_refused("date,open,high,low,volume\n", "line 1", "no column \"close\"", "any order");
    assert_refused("date,open,high,low,close,close,volume\n", "line 1", "column \"close\" 2 times",
                   "rename");
    assert_refused("date;open;high;low;close;volume\n", "line 1", "not separated by commas",
                   "export with commas");
    assert_refused(HEADER "2017-01-03,1,1,1,1,1,7\n", "line 2", "has 7 columns, the header has 6",
                   "surplus cells");
    assert_refused(HEADER "2017-01-03,212.61,213.35\n", "line 2", "has 3 columns, the header has 6",
                   "cut off");
    assert_refused(HEADER "\"2017-01-03,212.61,213.35,211.52,212.8,1\n", "line 2",
                   "quote is not closed", "close the quote");
    assert_refused(HEADER "\"2017\"-01-03,212.61,213.35,211.52,212.8,1\n", "line 2",
                   "quote is not closed", "close the quote");
}

static void hostile_bytes_do_not_reach_the_terminal(void **state)
{
    (void)state;
    struct bars b;
    struct error e;
    assert_int_equal(read_text(HEADER "\x1b[31m\x1b]0;x\x07,1,1,1,1,1\n", &b, NULL, &e),
                     ERR_FAILED);
    assert_null(strchr(e.text, '\x1b'));
    assert_null(strchr(e.text, '\x07'));
}

static void what_is_not_a_table_is_refused_at_once(void **state)
{
    (void)state;
    struct bars b;
    struct error e;
    static const char nul[] = HEADER "2017-01-03,1\0,1,1,1,1\n";
    write_bytes(dir, "bars.csv", nul, sizeof nul - 1);
    assert_int_equal(bars_read_csv(path, &b, NULL, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "line 2: holds a NUL byte"));
    assert_non_null(strstr(e.fix, "UTF-8"));

    char *line = mem_alloc(10000);
    memset(line, '1', 9999);
    write_text(dir, "bars.csv", line);
    mem_free(line);
    assert_int_equal(bars_read_csv(path, &b, NULL, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "line 1: is longer than 4095 characters"));
    assert_non_null(strstr(e.fix, "one bar per line"));

    char wide[2000] = "";
    memset(wide, ',', 600);
    write_text(dir, "bars.csv", wide);
    assert_int_equal(bars_read_csv(path, &b, NULL, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "more than 256 columns"));

    /* 300 MB that take no room on the disk. */
    assert_int_equal(truncate(path, (off_t)300 << 20), 0);
    assert_int_equal(bars_read_csv(path, &b, NULL, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "has 300 MB, the limit is 64 MB"));
    assert_non_null(strstr(e.fix, "one file per symbol"));

    assert_int_equal(bars_read_csv(dir, &b, NULL, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "is not a regular file"));
    char nowhere[160];
    snprintf(nowhere, sizeof nowhere, "%s/none.csv", dir);
    assert_int_equal(bars_read_csv(nowhere, &b, NULL, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "none.csv: No such file"));
    assert_non_null(strstr(e.fix, "check the name"));
}

static void more_bars_than_any_share_has_are_refused(void **state)
{
    (void)state;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(HEADER, f);
    char day[11];
    /* Every weekday from 1600 on. */
    int32_t date = day_from_civil(1600, 1, 3);
    for (int32_t k = 0; k < 200001; k++, date += day_weekday(date) == 5 ? 3 : 1)
        fprintf(f, "%s,1,1,1,1,1\n", day_print(day, date));
    fclose(f);
    struct bars b;
    struct error e;
    assert_int_equal(bars_read_csv(path, &b, NULL, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "line 200002: more than 200000 bars"));
    assert_non_null(strstr(e.fix, "one symbol"));
}

static void write_sessions(int32_t first, int32_t last, int32_t gap_from, int32_t gap_to)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(HEADER, f);
    char day[11];
    for (int32_t d = first; d <= last; d = calendar_next(d)) {
        if (d < gap_from || d > gap_to)
            fprintf(f, "%s,1,1,1,1,1\n", day_print(day, d));
    }
    fclose(f);
}

static void a_hole_is_refused_and_single_days_are_counted(void **state)
{
    (void)state;
    struct bars b;
    struct bars_report r;
    struct error e;
    int32_t first = day_from_civil(2001, 8, 1), last = day_from_civil(2001, 10, 31);
    write_sessions(first, last, DAY_NONE, DAY_NONE);
    assert_int_equal(bars_read_csv(path, &b, &r, &e), OK); /* September 11 is no hole */
    assert_int_equal(r.missing_sessions, 0);
    assert_int_equal(r.first_missing, DAY_NONE);
    bars_release(&b);

    int32_t gap = day_from_civil(2001, 9, 20);
    write_sessions(first, last, gap, calendar_add(gap, 4));
    assert_int_equal(bars_read_csv(path, &b, &r, &e), OK);
    assert_int_equal(r.missing_sessions, 5);
    assert_int_equal(r.first_missing, gap);
    bars_release(&b);

    write_sessions(first, last, gap, calendar_add(gap, 5));
    assert_int_equal(bars_read_csv(path, &b, &r, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "6 sessions in a row are missing, from 2001-09-20 to before "
                                   "2001-09-28"));
    assert_non_null(strstr(e.fix, "fetch the missing days, or start the file at 2001-09-28"));
}

static void what_was_known_on_a_day_is_found_in_any_series(void **state)
{
    (void)state;
    struct bars b = {0};
    assert_int_equal(bars_until(&b, 100), 0);
    for (int32_t day = 10; day < 2000; day += 10)
        bars_add(&b, &(struct bar){.day = day});
    assert_int_equal(bars_until(&b, 9), 0);
    assert_int_equal(bars_until(&b, 10), 1);
    assert_int_equal(bars_until(&b, 19), 1);
    assert_int_equal(bars_until(&b, 5000), b.n);
    for (int32_t day = 0; day < 2100; day++) {
        size_t n = bars_until(&b, day);
        assert_true(n == 0 || b.bar[n - 1].day <= day);
        assert_true(n == b.n || b.bar[n].day > day);
    }
    bars_release(&b);
}

static void splits_are_noticed_and_crashes_are_not(void **state)
{
    (void)state;
    static const struct {
        double before, open, close;
        size_t jumps;
    } rows[] = {
        {499.23, 127.67, 129.04, 1}, /* AAPL 2020-08-31, 4:1 */
        {645.57, 92.69, 93.70, 1},   /* AAPL 2014-06-09, 7:1 */
        {128.44, 87.44, 87.75, 1},   /* AIG 2000-07-31, 3:2 */
        {1.13, 19.70, 18.08, 1},     /* AIG 2009-07-01, 1:20 */
        {116.38, 92.94, 92.75, 1},   /* AIG 1999-08-02, 5:4 */
        {53.38, 28.06, 25.81, 0},    /* AAPL 2000-09-29, a real -51.7 % */
        {12.16, 7.10, 5.09, 0},      /* AIG 2008-09-15, real */
        {5.09, 1.75, 3.94, 0},       /* AIG 2008-09-16, real */
        {51.01, 101.98, 51.42, 0},   /* IBM 2002-12-23, a bad print */
        {28.70, 23.91, 22.78, 0},    /* BAC 2008-09-15, real */
        {26.38, 32.58, 30.47, 0},    /* BAC 2008-09-19, real */
        {100, 100, 100, 0},
    };
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        char text[256];
        struct bars b;
        struct bars_report r;
        struct error e;
        double p = rows[k].before, o = rows[k].open, c = rows[k].close;
        snprintf(text, sizeof text,
                 HEADER "2017-01-03,%.2f,%.2f,%.2f,%.2f,1\n"
                        "2017-01-04,%.2f,%.2f,%.2f,%.2f,1\n",
                 p, p, p, p, o, fmax(o, c), fmin(o, c), c);
        assert_int_equal(read_text(text, &b, &r, &e), OK);
        if (r.split_like_jumps != rows[k].jumps)
            fail_msg("%.2f -> %.2f: %zu jumps", p, o, r.split_like_jumps);
        assert_int_equal(r.first_jump, r.split_like_jumps ? b.bar[1].day : DAY_NONE);
        bars_release(&b);
    }
}

static void factors_apply_up_to_and_including_their_day(void **state)
{
    (void)state;
    struct bars b = {0};
    struct factors f;
    struct error e;
    for (int32_t k = 0; k < 5; k++)
        bars_add(&b, &(struct bar){.day = day_from_civil(2020, 8, 27) + k,
                                   .open = 5000000,
                                   .high = 5000001,
                                   .low = 4999999,
                                   .close = 5000000,
                                   .volume = 100});
    write_text(dir, "bars.csv",
               "last_date_applies,price_factor,split_factor\n"
               "20200828,0.9,0.25\n2020-08-29,1,0.5\n20200830,1,1\n");
    assert_int_equal(factors_read_csv(path, &f, &e), OK);
    bars_adjust(&b, &f);
    assert_int_equal(b.bar[0].close, 1125000);
    assert_int_equal(b.bar[0].volume, 400);
    assert_int_equal(b.bar[1].close, 1125000);
    assert_int_equal(b.bar[2].close, 2500000);
    assert_int_equal(b.bar[2].high, 2500001); /* 2500000.5, half away from zero */
    assert_int_equal(b.bar[2].volume, 200);
    assert_int_equal(b.bar[3].close, 5000000);
    assert_int_equal(b.bar[4].close, 5000000); /* after the last row: as it is */
    bars_release(&b);
    factors_release(&f);
    assert_null(f.factor);
}

static void a_bad_factor_never_scales_a_price(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what, *fix;
    } rows[] = {
        {"20200828,0,1\n", "line 2: \"0\" is not a factor", "write 1 for none"},
        {"20200828,1,-2\n", "line 2: \"-2\" is not a factor", "write 1 for none"},
        {"20200828,1,inf\n", "line 2: \"inf\" is not a factor", "write 1 for none"},
        {"20200828,1,\n", "line 2: \"\" is not a factor", "write 1 for none"},
        {"2020,1,1\n", "line 2: \"2020\" is not a date", "2021-03-31"},
        {"20200828,1,1\n20200828,1,1\n", "line 3: dates must ascend", "oldest first"},
        {"20200828,1\n", "line 2: has 2 columns, the header has 3", "cut off"},
    };
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        char text[256];
        struct factors f = {.n = 9};
        struct error e = {0};
        snprintf(text, sizeof text, "last_date_applies,price_factor,split_factor\n%s",
                 rows[k].text);
        write_text(dir, "bars.csv", text);
        assert_int_equal(factors_read_csv(path, &f, &e), ERR_FAILED);
        if (!strstr(e.text, rows[k].what) || !strstr(e.fix, rows[k].fix))
            fail_msg("%s | %s", e.text, e.fix);
        assert_int_equal(f.n, 0);
    }
}

/* Raw times factors is the adjusted file, to the rounding of both. */
static void real_splits_and_dividends_are_adjusted_away(void **state)
{
    (void)state;
    char name[512];
    struct bars raw, adjusted;
    struct bars_report r;
    struct factors f;
    struct error e;
    reference(name, "ohlcv/aapl_raw_1998_2021.csv");
    assert_int_equal(bars_read_csv(name, &raw, &r, &e), OK);
    assert_int_equal(r.missing_sessions, 0);
    assert_int_equal(r.split_like_jumps, 4);
    assert_int_equal(r.first_jump, day_from_civil(2000, 6, 21));
    assert_int_equal(factors_read_csv(reference(name, "ohlcv/aapl_factors.csv"), &f, &e), OK);
    assert_int_equal(
        bars_read_csv(reference(name, "ohlcv/aapl_adj_1998_2021.csv"), &adjusted, &r, &e), OK);
    assert_int_equal(r.split_like_jumps, 0);
    assert_int_equal(raw.n, adjusted.n);
    bars_adjust(&raw, &f);
    for (size_t t = 0; t < raw.n; t++) {
        int64_t off = raw.bar[t].close - adjusted.bar[t].close;
        if (off < -1 || off > 1)
            fail_msg("bar %zu: off by %d", t, (int)off);
        double volume = (double)raw.bar[t].volume / (double)adjusted.bar[t].volume;
        assert_true(fabs(volume - 1) < 1e-6);
    }
    bars_release(&raw);
    bars_release(&adjusted);
    factors_release(&f);
}

static void every_real_file_is_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t bars, jumps;
    } files[] = {
        {"ohlcv/spy_adj_1998_2021.csv", 5849, 0},
        {"ohlcv/ibm_adj_1998_2021.csv", 5849, 0},
        {"ohlcv/bac_adj_1998_2021.csv", 5849, 0},
        {"ohlcv/iwm_adj_1998_2021.csv", 5244, 0},
        {"ohlcv/aig_raw_1998_2021.csv", 5849, 4},
        {"indicators/spx_longish_quotes.csv", 5285, 0},
        {"indicators/tsla502_quotes_compare.csv", 502, 0},
    };
    for (size_t k = 0; k < ARRAY_LEN(files); k++) {
        char name[512];
        struct bars b;
        struct bars_report r;
        struct error e;
        if (bars_read_csv(reference(name, files[k].name), &b, &r, &e) != OK)
            fail_msg("%s", e.text);
        assert_int_equal(b.n, files[k].bars);
        assert_int_equal(r.missing_sessions, 0);
        assert_int_equal(r.split_like_jumps, files[k].jumps);
        bars_release(&b);
    }
}

static void nobody_is_filled_at_a_price_that_was_not_traded(void **state)
{
    (void)state;
    struct bar b = {.open = 1980000, .high = 1980000, .low = 990000, .close = 1000000};
    assert_true(bar_is_bad_print(990000, &b));
    assert_false(bar_is_bad_print(0, &b));
    assert_false(bar_is_bad_print(1900000, &b)); /* it was there the evening before */
    b.close = 1900000;                           /* or stayed there */
    assert_false(bar_is_bad_print(990000, &b));
    /* Exactly 40 % is not more. */
    b = (struct bar){.open = 600000, .high = 1000000, .low = 600000, .close = 1000000};
    assert_false(bar_is_bad_print(1000000, &b));
    b.open = b.low = 599900;
    assert_true(bar_is_bad_print(1000000, &b));
}

static void the_bad_prints_of_real_files_are_found_and_no_real_move_is(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t day; /* 0: none */
    } files[] = {
        {"ohlcv/ibm_adj_1998_2021.csv", 12044}, /* 2002-12-23 */
        {"ohlcv/aapl_adj_1998_2021.csv", 0},    {"ohlcv/bac_adj_1998_2021.csv", 0},
        {"ohlcv/spy_adj_1998_2021.csv", 0},     {"ohlcv/iwm_adj_1998_2021.csv", 0},
    };
    for (size_t k = 0; k < ARRAY_LEN(files); k++) {
        char name[512];
        struct bars b;
        struct bars_report r;
        struct error e;
        size_t found = 0;
        assert_int_equal(bars_read_csv(reference(name, files[k].name), &b, &r, &e), OK);
        for (size_t i = 1; i < b.n; i++) {
            if (!bar_is_bad_print(b.bar[i - 1].close, &b.bar[i]))
                continue;
            print_message("%s: bad print on day %d\n", files[k].name, (int)b.bar[i].day);
            found++;
            assert_int_equal(b.bar[i].day, files[k].day);
        }
        assert_int_equal(found, files[k].day != 0);
        bars_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_filled_at_a_price_that_was_not_traded),
        cmocka_unit_test(the_bad_prints_of_real_files_are_found_and_no_real_move_is),
        cmocka_unit_test(files_as_vendors_write_them_are_read),
        cmocka_unit_test(prices_are_rounded_once_on_their_digits),
        cmocka_unit_test(rounding_of_the_vendor_is_forgiven_and_mended),
        cmocka_unit_test(a_bad_price_never_reaches_an_indicator),
        cmocka_unit_test(days_out_of_order_never_reach_an_indicator),
        cmocka_unit_test(a_table_of_another_shape_says_what_is_expected),
        cmocka_unit_test(hostile_bytes_do_not_reach_the_terminal),
        cmocka_unit_test(what_is_not_a_table_is_refused_at_once),
        cmocka_unit_test(more_bars_than_any_share_has_are_refused),
        cmocka_unit_test(a_hole_is_refused_and_single_days_are_counted),
        cmocka_unit_test(what_was_known_on_a_day_is_found_in_any_series),
        cmocka_unit_test(splits_are_noticed_and_crashes_are_not),
        cmocka_unit_test(factors_apply_up_to_and_including_their_day),
        cmocka_unit_test(a_bad_factor_never_scales_a_price),
        cmocka_unit_test(real_splits_and_dividends_are_adjusted_away),
        cmocka_unit_test(every_real_file_is_read_whole),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
