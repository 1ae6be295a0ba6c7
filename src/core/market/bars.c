/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/bars.h"

#include <math.h>
#include <string.h>

#include "csv.h"
#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { ROWS_MAX = 200000, HOLE_MIN = 6, FACTOR_ROWS_MAX = 10000 };
/* $100,000,000 a share: a hundred times the dearest real one, and far from overflow in sums. */
static const int64_t PRICE_MAX = (int64_t)1000000000000;
static const int64_t VOLUME_MAX = (int64_t)1000000000000000;

static const char bars_header[] = "date,open,high,low,close,volume";
static const char factors_header[] = "last_date_applies,price_factor,split_factor";

void bars_release(struct bars *b)
{
    mem_free(b->bar);
    *b = (struct bars){0};
}

void bars_add(struct bars *b, const struct bar *bar)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 512;
        b->bar = mem_grow(b->bar, b->cap, sizeof *b->bar);
    }
    b->bar[b->n++] = *bar;
}

size_t bars_until(const struct bars *b, int32_t d)
{
    size_t low = 0, high = b->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (b->bar[mid].day <= d)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_far(int64_t price, int64_t from)
{
    int64_t apart = price > from ? price - from : from - price;
    return apart * 10 > from * 4;
}

bool bar_is_bad_print(int64_t previous_close, const struct bar *b)
{
    return previous_close > 0 && is_far(b->open, previous_close) && is_far(b->open, b->close);
}

/* The cell as an error may show it: clean and short. */
static const char *shown(char dst[40], const char *cell)
{
    return sanitize_line(dst, 40, untrusted(cell));
}

enum { COL_DATE, COL_OPEN, COL_HIGH, COL_LOW, COL_CLOSE, COL_VOLUME, COLS };
static const char *const column_names[COLS] = {"date", "open", "high", "low", "close", "volume"};

static enum err read_price(struct csv *c, const char *name, const char *cell, int64_t *out,
                           int *decimals, struct error *e)
{
    char text[40];
    int places = 0;
    if (*cell == '\0') {
        csv_fail(c, e, "%s is missing", name);
        return err_fix(e, "fill in the price, or remove the line");
    }
    if (*cell == '-' || !csv_decimal(cell, PRICE_DIGITS, out, &places)) {
        bool negative = *cell == '-';
        csv_fail(c, e, "%s \"%s\" is %s", name, shown(text, cell),
                 negative ? "not a positive price" : "not a number");
        return err_fix(e, negative ? "correct the price, or remove the line"
                                   : "write prices as 175.50: digits and one point, no thousands "
                                     "separator, no exponent, no currency sign");
    }
    if (*out <= 0 || *out > PRICE_MAX) {
        csv_fail(c, e, "%s %s is outside 0.0001 .. 100,000,000 dollars", name, shown(text, cell));
        return err_fix(e, "correct the price, or remove the line");
    }
    if (places > *decimals)
        *decimals = places;
    return OK;
}

/* Open and close may lie outside high..low by one unit of the last decimal written (each price is
 * rounded on its own), at most one cent; then high and low are widened to hold them. */
static enum err check_range(struct csv *c, struct bar *b, int decimals, struct error *e)
{
    int64_t slack = decimals >= 4 ? 1 : decimals == 3 ? 10 : 100;
    int64_t top = b->open > b->close ? b->open : b->close;
    int64_t bottom = b->open < b->close ? b->open : b->close;
    char high[32], low[32], other[32];
    decimal_print(high, sizeof high, b->high, PRICE_DIGITS, PRICE_DIGITS);
    decimal_print(low, sizeof low, b->low, PRICE_DIGITS, PRICE_DIGITS);
    if (b->high < b->low) {
        csv_fail(c, e, "high %s is below low %s", high, low);
        return err_fix(e, "the columns may be swapped in the header; otherwise correct the line");
    }
    if (top > b->high + slack || bottom < b->low - slack) {
        bool above = top > b->high + slack;
        int64_t price = above ? top : bottom;
        decimal_print(other, sizeof other, price, PRICE_DIGITS, PRICE_DIGITS);
        csv_fail(c, e, "%s %s is %s %s", price == b->open ? "open" : "close", other,
                 above ? "above high" : "below low", above ? high : low);
        return err_fix(e, "prices of one line must be on one adjustment basis (all adjusted or "
                          "all raw); correct or remove the line");
    }
    b->high = top > b->high ? top : b->high;
    b->low = bottom < b->low ? bottom : b->low;
    return OK;
}

/* "1000.0" is a whole number as some programs write it. */
static enum err read_volume(struct csv *c, const char *cell, int64_t *out, struct error *e)
{
    char text[40];
    if (!csv_decimal(cell, 0, out, NULL) || *out > VOLUME_MAX) {
        csv_fail(c, e, *cell ? "volume \"%s\" is not a number of shares" : "volume is missing%s",
                 shown(text, cell));
        return err_fix(e, "write the volume as digits only; 0 where there was none");
    }
    const char *point = strchr(cell, '.');
    if (!point || point[1 + strspn(point + 1, "0")] == '\0')
        return OK;
    csv_fail(c, e, "volume \"%s\" is not a whole number of shares", shown(text, cell));
    return err_fix(e, "write the volume in shares, not in thousands or lots");
}

static enum err read_bar(struct csv *c, const size_t col[COLS], struct bar *b, struct error *e)
{
    char text[40];
    const char *date = c->field[col[COL_DATE]];
    if (!csv_day(date, &b->day)) {
        csv_fail(c, e, "\"%s\" is not a date", shown(text, date));
        return err_fix(e, "write dates as 2021-03-31 or 20210331");
    }
    int weekday = day_weekday(b->day);
    if (weekday == 0 || weekday == 6) {
        csv_fail(c, e, "%s is a %s: the exchange is closed", shown(text, date),
                 weekday ? "Saturday" : "Sunday");
        return err_fix(e, "correct the date, or remove the line; dates are New York's");
    }
    int64_t *const price[] = {&b->open, &b->high, &b->low, &b->close};
    int decimals = 0;
    for (int i = 0; i < 4; i++) {
        int k = COL_OPEN + i;
        enum err rc = read_price(c, column_names[k], c->field[col[k]], price[i], &decimals, e);
        if (rc != OK)
            return rc;
    }
    enum err rc = read_volume(c, c->field[col[COL_VOLUME]], &b->volume, e);
    return rc == OK ? check_range(c, b, decimals, e) : rc;
}

/* Order of the dates, and the exchange's sessions between this bar and the one before. A hole is
 * kept in *hole (the first one) and the reading goes on: days that come later in the file show
 * that nothing is missing, but that the lines are out of order. */
static enum err check_dates(struct csv *c, const struct bars *b, int32_t day,
                            struct bars_report *report, struct error *hole, struct error *e)
{
    if (b->n == 0)
        return OK;
    char now[11], before[11];
    int32_t last = b->bar[b->n - 1].day;
    day_print(now, day);
    day_print(before, last);
    if (day == last) {
        csv_fail(c, e, "%s appears twice", now);
        return err_fix(e, "keep one bar per session");
    }
    if (day < last) {
        err_clear(hole);
        csv_fail(c, e, "%s comes after %s: dates must ascend", now, before);
        return err_fix(e, "the lines are out of order: sort them by date, oldest first");
    }
    int32_t first = calendar_next(last);
    if (first >= day)
        return OK;
    int missing = calendar_between(last, day - 1);
    if (missing >= HOLE_MIN) {
        char from[11];
        if (hole->kind)
            return OK;
        day_print(from, first);
        csv_fail(c, hole, "%d sessions in a row are missing, from %s to before %s", missing, from,
                 now);
        err_fix(hole, "fetch the missing days, or start the file at %s", now);
        return OK;
    }
    if (report->missing_sessions == 0)
        report->first_missing = first;
    report->missing_sessions += (size_t)missing;
    return OK;
}

/* Whether a jump between two bars looks like a split: the open fits a common ratio and the close
 * confirms it (a bad print is back by the close), or both moved by 4.5 times or more, which no
 * share that still trades does overnight. AAPL's -51.7 % of 2000-09-29 (ratio 1.90) is neither. */
static bool is_split_like(const struct bar *before, const struct bar *now)
{
    static const struct {
        double ratio, tolerance, confirm; /* small ratios are also real gaps: ask for more */
    } split[] = {{1.25, .02, .03}, {4.0 / 3, .02, .03}, {1.5, .04, .1},
                 {2, .04, .1},     {3, .04, .1},        {4, .04, .1}};
    double at_open = (double)before->close / (double)now->open;
    double at_close = (double)before->close / (double)now->close;
    if (at_open < 1) {
        at_open = 1 / at_open;
        at_close = 1 / at_close;
    }
    if (at_open >= 4.5 && at_close >= 4.5)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(split); i++) {
        if (fabs(at_open / split[i].ratio - 1) <= split[i].tolerance &&
            fabs(at_close / at_open - 1) <= split[i].confirm)
            return true;
    }
    return false;
}

static enum err read_rows(struct csv *c, struct bars *b, struct bars_report *report,
                          struct error *hole, struct error *e)
{
    size_t col[COLS];
    for (int i = 0; i < COLS; i++) {
        enum err rc = csv_column(c, column_names[i], bars_header, &col[i], e);
        if (rc != OK)
            return rc;
    }
    for (;;) {
        bool more = false;
        enum err rc = csv_row(c, &more, e);
        if (rc != OK || !more)
            return rc;
        if (b->n == ROWS_MAX) {
            csv_fail(c, e, "more than %d bars", ROWS_MAX);
            return err_fix(e, "give daily bars of one symbol");
        }
        struct bar bar = {0};
        rc = read_bar(c, col, &bar, e);
        if (rc == OK)
            rc = check_dates(c, b, bar.day, report, hole, e);
        if (rc != OK)
            return rc;
        if (b->n > 0 && is_split_like(&b->bar[b->n - 1], &bar)) {
            if (report->split_like_jumps++ == 0)
                report->first_jump = bar.day;
        }
        bars_add(b, &bar);
    }
}

enum err bars_read_csv(const char *path, struct bars *out, struct bars_report *report,
                       struct error *e)
{
    struct csv *c = mem_alloc(sizeof *c);
    struct bars read = {0};
    struct bars_report found = {.first_missing = DAY_NONE, .first_jump = DAY_NONE};
    *out = (struct bars){0};
    struct error hole = {0};
    enum err rc = csv_open(c, path, bars_header, e);
    if (rc == OK)
        rc = read_rows(c, &read, &found, &hole, e);
    if (hole.kind) { /* what is wrong behind it comes second */
        rc = hole.kind;
        if (e)
            *e = hole;
    }
    if (rc == OK && read.n == 0) {
        rc = err_set(e, ERR_FAILED, "%s has a header and no bars", c->path);
        err_fix(e, "put one line per session below the header");
    }
    if (report)
        *report = found;
    if (rc == OK)
        *out = read;
    else
        bars_release(&read);
    csv_close(c);
    mem_free(c);
    return rc;
}

static enum err read_factor(struct csv *c, const size_t col[3], struct factor *f, struct error *e)
{
    char text[40];
    const char *date = c->field[col[0]];
    if (!csv_day(date, &f->last_day)) {
        csv_fail(c, e, "\"%s\" is not a date", shown(text, date));
        return err_fix(e, "write dates as 2021-03-31 or 20210331");
    }
    double *const value[] = {&f->price_factor, &f->split_factor};
    for (int i = 0; i < 2; i++) {
        const char *cell = c->field[col[i + 1]];
        if (csv_factor(cell, value[i]) && *value[i] >= 1e-6 && *value[i] <= 1e6)
            continue;
        csv_fail(c, e, "\"%s\" is not a factor between 0.000001 and 1,000,000", shown(text, cell));
        return err_fix(e, "adjusted price = raw x price_factor x split_factor; write 1 for none");
    }
    return OK;
}

static enum err read_factor_rows(struct csv *c, struct factors *f, struct error *e)
{
    static const char *const names[] = {"last_date_applies", "price_factor", "split_factor"};
    size_t col[3];
    for (int i = 0; i < 3; i++) {
        enum err rc = csv_column(c, names[i], factors_header, &col[i], e);
        if (rc != OK)
            return rc;
    }
    for (;;) {
        bool more = false;
        struct factor row;
        enum err rc = csv_row(c, &more, e);
        if (rc != OK || !more)
            return rc;
        rc = read_factor(c, col, &row, e);
        if (rc != OK)
            return rc;
        if (f->n == FACTOR_ROWS_MAX || (f->n > 0 && row.last_day <= f->factor[f->n - 1].last_day)) {
            csv_fail(c, e, f->n == FACTOR_ROWS_MAX ? "too many rows" : "dates must ascend");
            return err_fix(e, "one row per change of a factor, oldest first");
        }
        if (f->n == f->cap) {
            f->cap = f->cap ? f->cap * 2 : 64;
            f->factor = mem_grow(f->factor, f->cap, sizeof *f->factor);
        }
        f->factor[f->n++] = row;
    }
}

enum err factors_read_csv(const char *path, struct factors *out, struct error *e)
{
    struct csv *c = mem_alloc(sizeof *c);
    struct factors read = {0};
    *out = (struct factors){0};
    enum err rc = csv_open(c, path, factors_header, e);
    if (rc == OK)
        rc = read_factor_rows(c, &read, e);
    if (rc == OK)
        *out = read;
    else
        factors_release(&read);
    csv_close(c);
    mem_free(c);
    return rc;
}

void factors_release(struct factors *f)
{
    mem_free(f->factor);
    *f = (struct factors){0};
}

/* Half away from zero; at least the smallest price, at most what sums can carry. */
static int64_t scale(int64_t value, double by, int64_t min, int64_t max)
{
    double x = round((double)value * by);
    if (!(x > (double)min))
        return min;
    return x < (double)max ? (int64_t)x : max;
}

void bars_adjust(struct bars *b, const struct factors *f)
{
    size_t row = 0;
    for (size_t i = 0; i < b->n; i++) {
        struct bar *bar = &b->bar[i];
        while (row < f->n && f->factor[row].last_day < bar->day)
            row++;
        if (row == f->n) /* after the last row prices are as they are */
            return;
        double by = f->factor[row].price_factor * f->factor[row].split_factor;
        bar->open = scale(bar->open, by, 1, PRICE_MAX);
        bar->high = scale(bar->high, by, 1, PRICE_MAX);
        bar->low = scale(bar->low, by, 1, PRICE_MAX);
        bar->close = scale(bar->close, by, 1, PRICE_MAX);
        bar->volume = scale(bar->volume, 1 / f->factor[row].split_factor, 0, VOLUME_MAX);
    }
}
