/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/indicators.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "beta.h"
#include "quorum/mem.h"
#include "quorum/money.h"

/* Wilder's period; sessions in a year; the windows of beta and of the volatility percentile. */
enum { WILDER = 14, BOLLINGER = 20, YEAR = 252, BETA_MIN = 60 };

#define ROW(field, places, u, lo, hi, text)                                                        \
    {                                                                                              \
        .name = #field, .offset = offsetof(struct indicators, field), .decimals = places,          \
        .unit = u, .min = lo, .max = hi, .help = text                                              \
    }

const struct indicator_row indicator_rows[] = {
    ROW(price, 2, "$", 0.0001, 1e8, "closing price"),
    ROW(sma_20, 2, "$", 0.0001, 1e8, "mean of 20 closes"),
    ROW(sma_50, 2, "$", 0.0001, 1e8, "mean of 50 closes"),
    ROW(sma_200, 2, "$", 0.0001, 1e8, "mean of 200 closes"),
    ROW(ema_12, 2, "$", 0.0001, 1e8, "exponential mean of closes, 12"),
    ROW(ema_20, 2, "$", 0.0001, 1e8, "exponential mean of closes, 20"),
    ROW(ema_26, 2, "$", 0.0001, 1e8, "exponential mean of closes, 26"),
    ROW(tr, 2, "$", 0, 1e8, "true range of the day"),
    ROW(atr, 2, "$", 0, 1e8, "average true range, Wilder 14"),
    ROW(natr, 2, "%", 0, 1000, "average true range as a share of the price"),
    ROW(plus_di, 1, "", 0, 100, "upward directional indicator, Wilder 14"),
    ROW(minus_di, 1, "", 0, 100, "downward directional indicator, Wilder 14"),
    ROW(dx, 1, "", 0, 100, "directional movement index, Wilder 14"),
    ROW(adx, 1, "", 0, 100, "average of dx: strength of a trend, not its direction"),
    ROW(rsi, 1, "", 0, 100, "relative strength index, Wilder 14"),
    ROW(macd, 3, "$", -1e8, 1e8, "ema_12 less ema_26"),
    ROW(macd_signal, 3, "$", -1e8, 1e8, "exponential mean of macd, 9"),
    ROW(macd_hist, 3, "$", -1e8, 1e8, "macd less its signal"),
    ROW(bb_upper, 2, "$", -1e8, 1e8, "sma_20 plus two deviations"),
    ROW(bb_lower, 2, "$", -1e8, 1e8, "sma_20 less two deviations"),
    ROW(bb_pctb, 2, "", -100, 100, "place between the bands, 0 lower, 1 upper"),
    ROW(bb_width, 3, "", 0, 100, "distance of the bands as a share of sma_20"),
    ROW(volume_ratio, 2, "x", 0, 1e6, "volume against the mean of the 20 days before"),
    ROW(dollar_volume_20, 0, "$", 0, 1e15, "dollars traded a day, mean of 20"),
    ROW(vol_20, 1, "%", 0, 10000, "realised volatility of 20 days, annualised"),
    ROW(vol_60, 1, "%", 0, 10000, "realised volatility of 60 days, annualised"),
    ROW(beta, 2, "x", -100, 100, "slope of returns on the benchmark's, 252 days"),
    ROW(natr_median_252, 2, "%", 0, 1000, "median of natr, 252 days"),
    ROW(natr_percentile_252, 2, "", 0, 1, "place of natr among its last 252"),
    ROW(return_20, 2, "%", -100, 1e6, "change of the price over 20 days"),
};
const size_t indicator_row_count = ARRAY_LEN(indicator_rows);

const struct indicator_row *indicator_find(const char *name)
{
    for (size_t i = 0; i < indicator_row_count; i++) {
        if (strcasecmp(indicator_rows[i].name, name) == 0)
            return &indicator_rows[i];
    }
    return NULL;
}

struct value indicator_get(const struct indicators *i, const struct indicator_row *row)
{
    struct value v;
    memcpy(&v, (const char *)i + row->offset, sizeof v);
    return v;
}

void indicator_set(struct indicators *i, const struct indicator_row *row, double v)
{
    struct value value = VALUE(v);
    memcpy((char *)i + row->offset, &value, sizeof value);
}

static double dollars(int64_t price)
{
    return decimal_to_double(price, PRICE_DIGITS);
}

/* A cell of a column of the output: column is an offset into struct indicators. */
static struct value *cell(struct indicators *out, size_t t, size_t column)
{
    return (struct value *)(void *)((char *)&out[t] + column);
}

/* Sums of integers are exact: no drift, and no dependence on where the series began. */
static void compute_sma(const struct bars *b, size_t n, struct indicators *out, size_t column)
{
    int64_t sum = 0;
    for (size_t t = 0; t < b->n; t++) {
        sum += b->bar[t].close;
        if (t >= n)
            sum -= b->bar[t - n].close;
        if (t + 1 >= n)
            *cell(out, t, column) = VALUE(dollars(sum) / (double)n);
    }
}

/* Exponential mean of the column `from`, seeded with the plain mean of its first n values. */
static void compute_ema(struct indicators *out, size_t count, size_t from, size_t n, size_t column)
{
    double k = 2.0 / ((double)n + 1), ema = 0, sum = 0;
    size_t seen = 0;
    for (size_t t = 0; t < count; t++) {
        struct value x = *cell(out, t, from);
        if (!x.known)
            continue;
        seen++;
        if (seen <= n) {
            sum += x.v;
            ema = sum / (double)n;
        } else {
            ema += k * (x.v - ema);
        }
        if (seen >= n)
            *cell(out, t, column) = VALUE(ema);
    }
}

static void compute_macd(struct indicators *out, size_t n)
{
    for (size_t t = 0; t < n; t++) {
        if (out[t].ema_12.known && out[t].ema_26.known)
            out[t].macd = VALUE(out[t].ema_12.v - out[t].ema_26.v);
    }
    compute_ema(out, n, offsetof(struct indicators, macd), 9,
                offsetof(struct indicators, macd_signal));
    for (size_t t = 0; t < n; t++) {
        if (out[t].macd_signal.known)
            out[t].macd_hist = VALUE(out[t].macd.v - out[t].macd_signal.v);
    }
}

static int64_t true_range(const struct bar *b, const struct bar *before)
{
    int64_t high = b->high > before->close ? b->high : before->close;
    int64_t low = b->low < before->close ? b->low : before->close;
    return high - low;
}

/* Wilder's running mean: the plain mean of the first n, then ((n-1) m + x) / n. */
struct wilder_mean {
    double mean;
    int seen;
};

static struct value wilder_add(struct wilder_mean *m, double x)
{
    m->seen++;
    if (m->seen <= WILDER) {
        m->mean += x; /* a sum until it is complete */
        if (m->seen < WILDER)
            return VALUE_UNKNOWN;
        m->mean /= WILDER;
    } else {
        m->mean = ((WILDER - 1) * m->mean + x) / WILDER;
    }
    return VALUE(m->mean);
}

static void compute_atr(const struct bars *b, struct indicators *out)
{
    struct wilder_mean atr = {0};
    for (size_t t = 1; t < b->n; t++) {
        double range = dollars(true_range(&b->bar[t], &b->bar[t - 1]));
        out[t].tr = VALUE(range);
        out[t].atr = wilder_add(&atr, range);
        if (out[t].atr.known)
            out[t].natr = VALUE(100 * out[t].atr.v / out[t].price.v);
    }
}

/* Wilder's sum: the first 14 added up, then s - s/14 + x. */
static void wilder_sum(double *s, size_t t, double x)
{
    *s += t <= WILDER ? x : x - *s / WILDER;
}

static void compute_adx(const struct bars *b, struct indicators *out)
{
    double plus = 0, minus = 0, range = 0;
    struct wilder_mean adx = {0};
    for (size_t t = 1; t < b->n; t++) {
        const struct bar *bar = &b->bar[t], *before = bar - 1;
        /* Compared as integers: on doubles a tie would be broken by noise. */
        int64_t up = bar->high - before->high, down = before->low - bar->low;
        wilder_sum(&plus, t, up > down && up > 0 ? dollars(up) : 0);
        wilder_sum(&minus, t, down > up && down > 0 ? dollars(down) : 0);
        wilder_sum(&range, t, dollars(true_range(bar, before)));
        if (t < WILDER)
            continue;
        double plus_di = range > 0 ? 100 * plus / range : 0;
        double minus_di = range > 0 ? 100 * minus / range : 0;
        double both = plus_di + minus_di;
        double dx = both > 0 ? 100 * fabs(plus_di - minus_di) / both : 0;
        out[t].plus_di = VALUE(plus_di);
        out[t].minus_di = VALUE(minus_di);
        out[t].dx = VALUE(dx);
        out[t].adx = wilder_add(&adx, dx);
    }
}

static void compute_rsi(const struct bars *b, struct indicators *out)
{
    struct wilder_mean gain = {0}, loss = {0};
    for (size_t t = 1; t < b->n; t++) {
        int64_t change = b->bar[t].close - b->bar[t - 1].close;
        struct value up = wilder_add(&gain, change > 0 ? dollars(change) : 0);
        struct value down = wilder_add(&loss, change < 0 ? dollars(-change) : 0);
        if (!up.known)
            continue;
        double sum = up.v + down.v;
        out[t].rsi = VALUE(sum > 0 ? 100 * up.v / sum : 50);
    }
}

/* Two passes: the one-pass variance loses ten digits at ordinary prices. */
static void compute_bollinger(const struct bars *b, struct indicators *out)
{
    for (size_t t = BOLLINGER - 1; t < b->n; t++) {
        double mean = out[t].sma_20.v, sum = 0;
        for (size_t i = t + 1 - BOLLINGER; i <= t; i++) {
            double d = out[i].price.v - mean;
            sum += d * d;
        }
        double sd = sqrt(sum / BOLLINGER);
        double upper = mean + 2 * sd, lower = mean - 2 * sd;
        out[t].bb_upper = VALUE(upper);
        out[t].bb_lower = VALUE(lower);
        out[t].bb_width = VALUE((upper - lower) / mean);
        out[t].bb_pctb = VALUE(upper > lower ? (out[t].price.v - lower) / (upper - lower) : 0.5);
    }
}

static void compute_volume(const struct bars *b, struct indicators *out)
{
    enum { N = 20 };
    int64_t before = 0; /* shares of the N days before today */
    for (size_t t = 0; t < b->n; t++) {
        if (t >= N) {
            if (before > 0)
                out[t].volume_ratio = VALUE((double)b->bar[t].volume * N / (double)before);
            before -= b->bar[t - N].volume;
        }
        before += b->bar[t].volume;
        if (t + 1 < N)
            continue;
        double sum = 0;
        for (size_t i = t + 1 - N; i <= t; i++)
            sum += out[i].price.v * (double)b->bar[i].volume;
        out[t].dollar_volume_20 = VALUE(sum / N);
    }
}

/* Annualised sample deviation, in percent, of the n log returns that end at t. */
static double realised_volatility(const double *log_return, size_t t, size_t n)
{
    double mean = 0, sum = 0;
    for (size_t i = t + 1 - n; i <= t; i++)
        mean += log_return[i];
    mean /= (double)n;
    for (size_t i = t + 1 - n; i <= t; i++)
        sum += (log_return[i] - mean) * (log_return[i] - mean);
    return 100 * sqrt(sum / (double)(n - 1)) * sqrt(YEAR);
}

static void compute_returns(const struct bars *b, struct indicators *out)
{
    double *log_return = mem_array(b->n, sizeof *log_return);
    for (size_t t = 1; t < b->n; t++) {
        log_return[t] = log(out[t].price.v / out[t - 1].price.v);
        if (t < 20)
            continue;
        out[t].vol_20 = VALUE(realised_volatility(log_return, t, 20));
        out[t].return_20 = VALUE(100 * (out[t].price.v / out[t - 20].price.v - 1));
        if (t >= 60)
            out[t].vol_60 = VALUE(realised_volatility(log_return, t, 60));
    }
    mem_free(log_return);
}

/* First place in the sorted array a[0..n-1] whose value is not below x (or is above it). */
static size_t place(const double *a, size_t n, double x, bool above)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (above ? a[mid] <= x : a[mid] < x)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Median and percentile of natr among its last 252 values, today included. The window is kept
 * sorted: one removal and one insertion a day. */
static void compute_natr_window(struct indicators *out, size_t n)
{
    double sorted[YEAR];
    size_t held = 0;
    for (size_t t = WILDER; t < n; t++) {
        double x = out[t].natr.v;
        if (held == YEAR) {
            size_t old = place(sorted, held, out[t - YEAR].natr.v, false);
            memmove(sorted + old, sorted + old + 1, (held - old - 1) * sizeof *sorted);
            held--;
        }
        size_t at = place(sorted, held, x, false);
        memmove(sorted + at + 1, sorted + at, (held - at) * sizeof *sorted);
        sorted[at] = x;
        if (++held < YEAR)
            continue;
        size_t equal = place(sorted, held, x, true) - at;
        out[t].natr_median_252 = VALUE((sorted[YEAR / 2 - 1] + sorted[YEAR / 2]) / 2);
        out[t].natr_percentile_252 = VALUE(((double)at + 0.5 * (double)equal) / YEAR);
    }
}

struct beta_sums {
    double x, y, xx, xy; /* x: benchmark */
};

static void beta_add(struct beta_sums *s, double x, double y, double sign)
{
    s->x += sign * x;
    s->y += sign * y;
    s->xx += sign * x * x;
    s->xy += sign * x * y;
}

static struct value beta_slope(const struct beta_sums *s, size_t n)
{
    double variance = s->xx / (double)n - s->x / (double)n * (s->x / (double)n);
    double covariance = s->xy / (double)n - s->x / (double)n * (s->y / (double)n);
    /* A benchmark that stands still leaves rounding noise of about 1e-20 here. */
    return variance > 1e-16 ? VALUE(covariance / variance) : VALUE_UNKNOWN;
}

void beta_rolling(const struct bars *b, const struct bars *bench, size_t window, size_t min,
                  struct value *out)
{
    assert(window >= 2 && min >= 2 && min <= window);
    double *x = mem_array(b->n, sizeof *x), *y = mem_array(b->n, sizeof *y);
    struct beta_sums sums = {0};
    size_t returns = 0, j = 0;
    const struct bar *last = NULL, *last_bench = NULL;
    for (size_t t = 0; t < b->n; t++) {
        out[t] = VALUE_UNKNOWN;
        while (j < bench->n && bench->bar[j].day < b->bar[t].day)
            j++;
        if (j == bench->n || bench->bar[j].day != b->bar[t].day)
            continue;
        if (last) {
            x[returns] = (double)bench->bar[j].close / (double)last_bench->close - 1;
            y[returns] = (double)b->bar[t].close / (double)last->close - 1;
            beta_add(&sums, x[returns], y[returns], 1);
            if (returns >= window)
                beta_add(&sums, x[returns - window], y[returns - window], -1);
            returns++;
            /* Plain running sums drift: once a window they are added up afresh. */
            if (returns % window == 0) {
                sums = (struct beta_sums){0};
                for (size_t i = returns - window; i < returns; i++)
                    beta_add(&sums, x[i], y[i], 1);
            }
            if (returns >= min)
                out[t] = beta_slope(&sums, returns < window ? returns : window);
        }
        last = &b->bar[t];
        last_bench = &bench->bar[j];
    }
    mem_free(x);
    mem_free(y);
}

static void compute_beta(const struct bars *b, const struct bars *bench, struct indicators *out)
{
    struct value *beta = mem_array(b->n, sizeof *beta);
    beta_rolling(b, bench, YEAR, BETA_MIN, beta);
    for (size_t t = 0; t < b->n; t++)
        out[t].beta = beta[t];
    mem_free(beta);
}

void indicators_compute(const struct bars *b, const struct bars *bench, struct indicators *out)
{
    size_t n = b->n, price = offsetof(struct indicators, price);
    if (n == 0)
        return;
    memset(out, 0, n * sizeof *out);
    for (size_t t = 0; t < n; t++)
        out[t].price = VALUE(dollars(b->bar[t].close));
    compute_sma(b, 20, out, offsetof(struct indicators, sma_20));
    compute_sma(b, 50, out, offsetof(struct indicators, sma_50));
    compute_sma(b, 200, out, offsetof(struct indicators, sma_200));
    compute_ema(out, n, price, 12, offsetof(struct indicators, ema_12));
    compute_ema(out, n, price, 20, offsetof(struct indicators, ema_20));
    compute_ema(out, n, price, 26, offsetof(struct indicators, ema_26));
    compute_macd(out, n);
    compute_atr(b, out);
    compute_adx(b, out);
    compute_rsi(b, out);
    compute_bollinger(b, out);
    compute_volume(b, out);
    compute_returns(b, out);
    compute_natr_window(out, n);
    if (bench)
        compute_beta(b, bench, out);
}
