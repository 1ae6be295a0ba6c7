/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recorded market: a directory of daily bars. Prices are put on the basis of the last session
 * that had opened at the time asked for: the factors after it are divided out, so that a split of
 * next year neither shows nor changes a price, and the last close is the one that was traded. */
#include "quorum/market.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/market/recorded_private.h"
#include "quorum/calendar.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { STALE_AFTER = 5 };

static const char benchmark[] = "SPY";

static struct provenance absent(int64_t fetched_at, const char *reason)
{
    struct provenance p = {.state = DATUM_ABSENT,
                           .source = "recorded",
                           .as_of = TIME_NONE,
                           .published_at = TIME_NONE,
                           .fetched_at = fetched_at};
    copy_text(p.reason, sizeof p.reason, reason);
    return p;
}

static struct provenance broken(const struct market_recorded *m, int64_t fetched_at,
                                const struct error *e)
{
    size_t dir = strlen(m->dir);
    bool inside = strncmp(e->text, m->dir, dir) == 0 && e->text[dir] == '/';
    struct provenance p = absent(fetched_at, inside ? e->text + dir + 1 : e->text);
    p.state = DATUM_ERROR;
    return p;
}

/* Divides the factors by those in force on `day`, so that its prices stay as they were traded. */
static struct factors rebase(const struct factors *f, int32_t day)
{
    struct factors out = {0};
    if (f->n == 0)
        return out;
    out.factor = mem_array(f->n + 1, sizeof *out.factor);
    out.n = out.cap = f->n + 1;
    memcpy(out.factor, f->factor, f->n * sizeof *out.factor);
    /* Behind the last row prices count as they are. */
    out.factor[f->n] = (struct factor){.last_day = INT32_MAX, .price_factor = 1, .split_factor = 1};
    struct factor base = {.price_factor = 1, .split_factor = 1};
    for (size_t i = 0; i < out.n; i++) {
        if (out.factor[i].last_day >= day) {
            base = out.factor[i];
            break;
        }
    }
    for (size_t i = 0; i < out.n; i++) {
        out.factor[i].price_factor /= base.price_factor;
        out.factor[i].split_factor /= base.split_factor;
    }
    return out;
}

/* Sessions without a bar in the first n. */
static int missing_sessions(const struct series *s, size_t n)
{
    int missing = 0;
    if (s->report.missing_sessions == 0 || s->report.first_missing > s->bars.bar[n - 1].day)
        return 0;
    for (size_t i = 1; i < n; i++)
        missing += calendar_between(s->bars.bar[i - 1].day, s->bars.bar[i].day - 1);
    return missing;
}

/* What a reader of the bars ought to know: "warning: ..." or nothing. */
static void warn_of_flaws(const struct series *s, size_t n, char *dst, size_t size)
{
    char day[11], jump[11];
    int missing = missing_sessions(s, n);
    bool jumps = !s->adjusted && s->factors.n == 0 && s->report.split_like_jumps > 0 &&
                 s->report.first_jump <= s->bars.bar[n - 1].day;
    if (jumps)
        day_print(jump, s->report.first_jump);
    if (missing)
        day_print(day, s->report.first_missing);
    if (missing && jumps)
        snprintf(dst, size,
                 "warning: %d sessions missing, first %s; jump on %s fits a split: adjust, or "
                 "add %s_factors.csv",
                 missing, day, jump, s->symbol);
    else if (missing)
        snprintf(dst, size, "warning: %d session%s missing, the first %s", missing,
                 missing == 1 ? " is" : "s are", day);
    else if (jumps)
        snprintf(dst, size,
                 "warning: the jump on %s fits a split; adjust the file or add %s_factors.csv",
                 jump, s->symbol);
}

/* The last session whose bell had rung at t: its splits and dividends count. */
static int32_t last_opened(int64_t t)
{
    int32_t day = exchange_day(t);
    if (calendar_session(day) != SESSION_CLOSED && t >= calendar_open(day))
        return day;
    return calendar_previous(day);
}

static void put_on_basis(struct bars *b, const struct factors *all, int32_t day)
{
    struct factors f = rebase(all, day);
    bars_adjust(b, &f);
    factors_release(&f);
}

static struct provenance before_the_first(const struct series *s, int64_t as_of)
{
    char text[128], first[11];
    snprintf(text, sizeof text, "the first recorded bar is of %s",
             day_print(first, s->bars.bar[0].day));
    return absent(as_of, text);
}

/* Copies what was known at as_of and says how good it is. */
static struct provenance take_bars(const struct series *s, int64_t as_of, struct bars *out)
{
    char date[11];
    int32_t closed = calendar_last_closed(as_of);
    size_t n = bars_until(&s->bars, closed);
    if (n == 0)
        return before_the_first(s, as_of);
    out->bar = mem_array(n, sizeof *out->bar);
    out->n = out->cap = n;
    memcpy(out->bar, s->bars.bar, n * sizeof *out->bar);
    int32_t last = out->bar[n - 1].day;
    put_on_basis(out, &s->factors, last_opened(as_of));

    struct provenance p = {.state = DATUM_PRESENT, .source = "recorded", .fetched_at = as_of};
    p.as_of = p.published_at = calendar_close(last);
    int behind = calendar_between(last, closed);
    if (behind > STALE_AFTER) {
        p.state = DATUM_STALE;
        snprintf(p.reason, sizeof p.reason, "the last recorded bar is of %s, %d sessions back",
                 day_print(date, last), behind);
    } else {
        warn_of_flaws(s, n, p.reason, sizeof p.reason);
    }
    return p;
}

/* After the close the whole bar is known; inside the session its open alone, and that is the price.
 * A session without a bar (a halt, or the end of the file) makes the price before it STALE when
 * more than `tolerance` sessions are missing. */
static void take_quote(const struct series *s, int64_t as_of, int tolerance, struct quote *q)
{
    char date[11], missing[11];
    int32_t opened = last_opened(as_of);
    size_t n = bars_until(&s->bars, opened);
    if (n == 0) {
        q->from = before_the_first(s, as_of);
        return;
    }
    struct bar two[2] = {s->bars.bar[n > 1 ? n - 2 : 0], s->bars.bar[n - 1]}, *last = &two[1];
    put_on_basis(&(struct bars){.bar = two, .n = 2}, &s->factors, opened);
    bool is_inside = last->day == opened && as_of < calendar_close(opened);
    if (is_inside) {
        last->close = last->high = last->low = last->open;
        last->volume = 0;
    }
    *q = (struct quote){
        .from = {.state = DATUM_PRESENT, .source = "recorded", .fetched_at = as_of},
        .price = last->close,
        .open = last->open,
        .high = last->high,
        .low = last->low,
        .previous_close = n > 1 ? two[0].close : 0,
        .volume = last->volume,
    };
    q->from.as_of = q->from.published_at =
        is_inside ? calendar_open(last->day) : calendar_close(last->day);
    if (calendar_between(last->day, opened) > tolerance) {
        q->from.state = DATUM_STALE;
        snprintf(q->from.reason, sizeof q->from.reason,
                 "there is no bar of %s; the last recorded one is of %s",
                 day_print(missing, opened), day_print(date, last->day));
    }
}

static void fill_benchmark(struct market_recorded *m, struct market_data *out)
{
    struct error e = {0};
    struct series *s;
    copy_text(out->benchmark, sizeof out->benchmark, benchmark);
    if (recorded_load(m, benchmark, &s, &e) != OK)
        out->benchmark_from = broken(m, out->as_of, &e);
    else if (!s)
        out->benchmark_from = absent(out->as_of, "the directory has no SPY.csv to compare with");
    else
        out->benchmark_from = take_bars(s, out->as_of, &out->benchmark_bars);
}

/* Finds the symbol however it is written. *out NULL: it cannot be read, and e says why. False: it
 * is not known, E20. */
static bool find_series(struct market_recorded *m, const char *symbol, char name[16],
                        struct series **out, struct error *e)
{
    enum err rc = OK;
    *out = NULL;
    name[0] = '\0';
    if (copy_text(name, 16, symbol)) {
        recorded_upper(name);
        if (text_is_symbol(name))
            rc = recorded_load(m, name, out, e);
    }
    if (rc != OK || *out)
        return true;
    recorded_unknown(m, symbol, e);
    return false;
}

static void recorded_gather(struct market *base, const char *symbol, int64_t as_of,
                            struct market_data *out, void (*done)(void *arg, const struct error *e),
                            void *arg)
{
    struct market_recorded *m = (struct market_recorded *)base;
    struct error e = {0};
    struct series *s;
    char name[16];
    if (!find_series(m, symbol, name, &s, &e)) {
        done(arg, &e);
        return;
    }
    copy_text(out->symbol, sizeof out->symbol, name);
    out->as_of = as_of;
    if (s) {
        out->bars_from = take_bars(s, as_of, &out->bars);
        take_quote(s, as_of, STALE_AFTER, &out->quote);
        if (!*out->quote.from.reason)
            copy_text(out->quote.from.reason, sizeof out->quote.from.reason, out->bars_from.reason);
    } else {
        out->bars_from = out->quote.from = broken(m, as_of, &e);
    }
    fill_benchmark(m, out);
    out->profile.from = out->fundamentals.from = out->news.from =
        absent(as_of, "a recorded market has bars only");
    done(arg, NULL);
}

/* Files do not get fresher by being asked: max_age says nothing. */
static void recorded_quote(struct market *base, const char *symbol, int64_t as_of, int64_t max_age,
                           struct quote *out, void (*done)(void *arg, const struct error *e),
                           void *arg)
{
    struct market_recorded *m = (struct market_recorded *)base;
    struct error e = {0};
    struct series *s;
    char name[16];
    (void)max_age;
    if (!find_series(m, symbol, name, &s, &e)) {
        done(arg, &e);
        return;
    }
    if (s)
        take_quote(s, as_of, 0, out);
    else
        out->from = broken(m, as_of, &e);
    done(arg, NULL);
}

/* Factors are written with seven digits, so a 7:1 split reads 6.99999: the nearest ratio of small
 * whole numbers is meant. */
static double split_ratio(double ratio)
{
    enum { LARGEST_PART = 20 };
    for (int old = 1; old <= LARGEST_PART; old++) {
        double shares = round(ratio * old);
        if (shares >= 1 && fabs(shares / old / ratio - 1) < 2e-5)
            return shares / old;
    }
    return ratio;
}

/* Micro-dollars. A price factor of seven digits knows the dividend to a ten-millionth of the price:
 * the roundest amount within that is meant. */
static int64_t dividend_of(int64_t close, double factor_ratio)
{
    static const double steps[] = {10000, 1000, 100};
    double exact = (double)close * 100 * (1 - factor_ratio);
    double known_to = (double)close * 100 * 1.2e-7;
    if (exact <= known_to)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        double rounded = round(exact / steps[i]) * steps[i];
        if (fabs(rounded - exact) <= known_to)
            return (int64_t)rounded;
    }
    return (int64_t)round(exact);
}

/* A row of factors ends the evening before an ex-day. */
static size_t recorded_actions(struct market *base, const char *symbol, int32_t after,
                               int32_t until, struct corporate_action *out, size_t max)
{
    static const struct factor none = {.price_factor = 1, .split_factor = 1};
    struct error e = {0};
    struct series *s;
    char name[16];
    size_t found = 0;
    if (!find_series((struct market_recorded *)base, symbol, name, &s, &e) || !s)
        return 0;
    for (size_t i = 0; i < s->factors.n && found < max; i++) {
        const struct factor *now = &s->factors.factor[i];
        const struct factor *next = i + 1 < s->factors.n ? now + 1 : &none;
        if (now->last_day >= until)
            break;
        size_t before = bars_until(&s->bars, now->last_day);
        struct corporate_action a = {.ex_day = calendar_next(now->last_day)};
        if (before == 0 || a.ex_day <= after || a.ex_day > until)
            continue;
        a.split_ratio = split_ratio(next->split_factor / now->split_factor);
        a.dividend =
            dividend_of(s->bars.bar[before - 1].close, now->price_factor / next->price_factor);
        if (fabs(a.split_ratio - 1) > 1e-9 || a.dividend > 0)
            out[found++] = a;
    }
    return found;
}

static void recorded_symbols(struct market *base, struct buf *b)
{
    size_t n;
    char(*list)[16] = recorded_list((struct market_recorded *)base, &n);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s%s", i ? " " : "", list[i]);
    mem_free(list);
}

/* A broken benchmark would silently take beta away. */
static enum err recorded_check(struct market *base, const char *symbol, struct error *e)
{
    struct market_recorded *m = (struct market_recorded *)base;
    struct series *s;
    if (recorded_load(m, symbol, &s, e) == OK && recorded_load(m, benchmark, &s, e) == OK)
        return OK;
    if (e)
        e->kind = ERR_USAGE;
    return ERR_USAGE;
}

static int32_t last_bar(struct market_recorded *m, const char *symbol, int32_t closed)
{
    struct series *s;
    if (recorded_load(m, symbol, &s, NULL) != OK || !s)
        return DAY_NONE;
    size_t n = bars_until(&s->bars, closed);
    return n ? s->bars.bar[n - 1].day : DAY_NONE;
}

/* The benchmark knows every session; without it all files are asked. */
static int32_t recorded_last_session(struct market *base, int64_t now)
{
    struct market_recorded *m = (struct market_recorded *)base;
    int32_t closed = calendar_last_closed(now);
    int32_t day = last_bar(m, benchmark, closed);
    if (day != DAY_NONE)
        return day;
    size_t n;
    char(*list)[16] = recorded_list(m, &n);
    for (size_t i = 0; i < n; i++) {
        int32_t other = last_bar(m, list[i], closed);
        if (other > day)
            day = other;
    }
    mem_free(list);
    return day;
}

static void recorded_free(struct market *base)
{
    recorded_release((struct market_recorded *)base);
}

static const struct market_ops recorded_ops = {
    .name = "recorded",
    .free = recorded_free,
    .gather = recorded_gather,
    .symbols = recorded_symbols,
    .check = recorded_check,
    .last_session = recorded_last_session,
    .quote = recorded_quote,
    .actions = recorded_actions,
};

enum err market_recorded_bars(struct market *m, const char *symbol, const struct bars **raw,
                              const struct factors **factors, struct error *e)
{
    struct series *s;
    char name[16];
    *raw = NULL;
    *factors = NULL;
    if (m->ops != &recorded_ops)
        return err_set(e, ERR_USAGE, "the %s market has no files of bars", m->ops->name);
    if (!find_series((struct market_recorded *)m, symbol, name, &s, e))
        return ERR_USAGE;
    if (!s)
        return ERR_FAILED;
    s->lent = true;
    *raw = &s->bars;
    *factors = &s->factors;
    return OK;
}

enum err market_recorded_new(const char *dir, struct market **out, struct error *e)
{
    *out = NULL;
    DIR *d = opendir(dir);
    if (!d) {
        int why = errno;
        err_set(e, ERR_FAILED, "cannot read the directory %.300s: %s", dir, strerror(why));
        return err_fix(e, "give a directory with one CSV of daily bars per symbol");
    }
    closedir(d);
    struct market_recorded *m = mem_alloc(sizeof *m);
    m->base.ops = &recorded_ops;
    m->dir = mem_text(dir);
    size_t len = strlen(m->dir);
    while (len > 1 && m->dir[len - 1] == '/')
        m->dir[--len] = '\0';
    size_t n;
    mem_free(recorded_list(m, &n));
    if (n == 0) {
        recorded_free(&m->base);
        err_set(e, ERR_FAILED, "%.300s has no bar files", dir);
        return err_fix(e, "name them SYMBOL.csv (date,open,high,low,close,volume), or "
                          "SYMBOL_raw.csv with SYMBOL_factors.csv, or SYMBOL_adj.csv");
    }
    *out = &m->base;
    return OK;
}
