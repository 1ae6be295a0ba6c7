/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recorded bars of a back-test: read once, and every figure of every day computed in one pass
 * for each stretch of days that shares a basis of prices (from one split or dividend to the next).
 * What a day's evaluation sees is what gathering on that day would give it, to the last bit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/desk/backtest_private.h"
#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

static const char benchmark_symbol[] = "SPY";

/* Recorded providers answer before they return. */
struct answer_of {
    bool came;
    struct error e;
};

static void answered(void *arg, const struct error *e)
{
    struct answer_of *a = arg;
    a->came = true;
    if (e)
        a->e = *e;
}

static enum err check_answer(const struct answer_of *a, struct error *e)
{
    if (!a->came)
        return err_set(e, ERR_FAILED, "the recorded market did not answer at once");
    if (a->e.kind)
        *e = a->e;
    return a->e.kind;
}

/* ---- one symbol ---- */

/* Which row of the factors a day is on; their number: behind the last. */
static size_t factor_row(const struct factors *f, int32_t day)
{
    size_t i = 0;
    while (f && i < f->n && f->factor[i].last_day < day)
        i++;
    return i;
}

static enum err fill_looks(struct backtest *b, struct tape *t, struct error *e)
{
    for (size_t i = 0; i < t->raw->n; i++) {
        const struct bar *bar = &t->raw->bar[i];
        struct quote q = {0};
        struct answer_of a = {0};
        int64_t at = calendar_close(bar->day);
        market_quote(b->desk->market, t->symbol, at, 0, &q, answered, &a);
        if (check_answer(&a, e))
            return e->kind;
        t->look[i] = (struct look){.at = at,
                                   .as_of = at,
                                   .day = bar->day,
                                   .is_bar = true,
                                   .in_session = true,
                                   .last = bar->close,
                                   .open = bar->open,
                                   .high = bar->high,
                                   .low = bar->low,
                                   .previous_close = q.previous_close,
                                   .volume = bar->volume};
        copy_text(t->look[i].symbol, sizeof t->look[i].symbol, t->symbol);
    }
    return OK;
}

/* Days first .. last (bars) share a basis: one gathering at the end of the last serves them all,
 * for what a bar's indicators say depends on nothing after it. */
static enum err compute_stretch(struct backtest *b, struct tape *t, size_t first, size_t last,
                                struct error *e)
{
    struct market_data m = {0};
    struct answer_of a = {0};
    struct regime_state state = {0};
    market_gather(b->desk->market, t->symbol, calendar_close(t->raw->bar[last].day), &m, answered,
                  &a);
    enum err r = check_answer(&a, e);
    if (!r && m.bars.n != last + 1)
        r = err_set(e, ERR_FAILED, "the bars of %s changed while they were read", t->symbol);
    if (!r) {
        struct indicators *all = mem_array(m.bars.n, sizeof *all);
        indicators_compute(&m.bars, m.benchmark_bars.n ? &m.benchmark_bars : NULL, all);
        for (size_t i = 0; i <= last; i++) {
            struct regime_reading reading = regime_step(&state, &all[i]);
            if (i < first)
                continue;
            t->indicators[i] = all[i];
            t->regime[i] = reading;
        }
        mem_free(all);
        t->absent = m.profile.from;
        b->benchmark_state = m.benchmark_from.state;
    }
    market_data_release(&m);
    return r;
}

static enum err compute_stretches(struct backtest *b, struct tape *t, const struct factors *f,
                                  const struct factors *bench, struct error *e)
{
    size_t n = t->raw->n, first = 0;
    while (first < n) {
        int32_t day = t->raw->bar[first].day;
        size_t own = factor_row(f, day), other = factor_row(bench, day), last = first;
        while (last + 1 < n && factor_row(f, t->raw->bar[last + 1].day) == own &&
               factor_row(bench, t->raw->bar[last + 1].day) == other)
            last++;
        if (compute_stretch(b, t, first, last, e))
            return e->kind;
        first = last + 1;
    }
    return OK;
}

static void fill_factors(struct tape *t, const struct factors *f)
{
    for (size_t i = 0; i < t->raw->n; i++) {
        size_t row = factor_row(f, t->raw->bar[i].day);
        t->factor[i] = row < f->n ? f->factor[row].price_factor * f->factor[row].split_factor : 1;
    }
}

enum err tape_compute(struct backtest *b, struct tape *t, struct error *e)
{
    const struct factors *f, *bench = NULL;
    struct error none = {0};
    if (market_recorded_bars(b->desk->market, t->symbol, &t->raw, &f, e))
        return e->kind;
    if (market_recorded_bars(b->desk->market, benchmark_symbol, &b->benchmark, &bench, &none)) {
        b->benchmark = NULL;
        bench = NULL;
    }
    size_t n = t->raw->n;
    if (n == 0)
        return err_set(e, ERR_FAILED, "%s has no bars", t->symbol);
    t->look = mem_array(n, sizeof *t->look);
    t->indicators = mem_array(n, sizeof *t->indicators);
    t->regime = mem_array(n, sizeof *t->regime);
    t->factor = mem_array(n, sizeof *t->factor);
    t->action = mem_array(f->n + 1, sizeof *t->action);
    fill_factors(t, f);
    t->nactions = market_actions(b->desk->market, t->symbol, t->raw->bar[0].day,
                                 t->raw->bar[n - 1].day, t->action, f->n + 1);
    return fill_looks(b, t, e) || compute_stretches(b, t, f, bench, e) ? e->kind : OK;
}

/* ---- which symbols, which sessions ---- */

static int by_symbol(const void *a, const void *b)
{
    return strcmp(((const struct tape *)a)->symbol, ((const struct tape *)b)->symbol);
}

static enum err name_symbols(struct backtest *b, struct error *e)
{
    struct buf all = {0};
    if (!b->o->symbols)
        b->desk->market->ops->symbols(b->desk->market, &all);
    const char *p = b->o->symbols ? b->o->symbols : buf_text(&all);
    b->tape = mem_array(BACKTEST_SYMBOLS_MAX, sizeof *b->tape);
    enum err r = OK;
    for (p += strspn(p, " ,"); *p && !r; p += strspn(p, " ,")) {
        char name[24];
        size_t len = strcspn(p, " ,");
        copy_bytes(name, sizeof name, p, len);
        p += len;
        for (char *c = name; *c; c++)
            if (*c >= 'a' && *c <= 'z')
                *c = (char)(*c - 'a' + 'A');
        if (b->n == BACKTEST_SYMBOLS_MAX) {
            err_set(e, ERR_USAGE, "more than %d symbols", BACKTEST_SYMBOLS_MAX);
            r = err_fix(e, "name fewer: --symbols AAPL,IBM");
        } else {
            r = market_check_symbol(b->desk->market, name, e);
        }
        bool twice = false;
        for (size_t i = 0; i < b->n; i++)
            twice = twice || strcmp(b->tape[i].symbol, name) == 0;
        if (!r && !twice)
            copy_text(b->tape[b->n++].symbol, sizeof b->tape->symbol, name);
    }
    buf_release(&all);
    if (!r && b->n == 0) {
        err_set(e, ERR_USAGE, "no symbols are named");
        r = err_fix(e, "example: --symbols AAPL,IBM");
    }
    if (!r)
        qsort(b->tape, b->n, sizeof *b->tape, by_symbol);
    return r;
}

/* From the first bar of any symbol to the last, within what was asked for. */
static enum err count_sessions(struct backtest *b, struct error *e)
{
    char from[11], to[11];
    int32_t first = INT32_MAX, last = INT32_MIN;
    for (size_t i = 0; i < b->n; i++) {
        const struct bars *raw = b->tape[i].raw;
        first = raw->bar[0].day < first ? raw->bar[0].day : first;
        last = raw->bar[raw->n - 1].day > last ? raw->bar[raw->n - 1].day : last;
    }
    int32_t have_first = first, have_last = last;
    if (b->o->from != DAY_NONE && b->o->from > first)
        first = b->o->from;
    if (b->o->to != DAY_NONE && b->o->to < last)
        last = b->o->to;
    int32_t day = calendar_next(first - 1);
    int n = day <= last ? calendar_between(day - 1, last) : 0;
    if (n < 2) {
        err_set(e, ERR_USAGE, "the bars go from %s to %s: less than two sessions of them are meant",
                day_print(from, have_first), day_print(to, have_last));
        return err_fix(e, "give --from and --to within them");
    }
    b->day = mem_array((size_t)n, sizeof *b->day);
    for (b->ndays = 0; b->ndays < (size_t)n; day = calendar_next(day))
        b->day[b->ndays++] = day;
    return OK;
}

static void index_sessions(const struct backtest *b, struct tape *t)
{
    t->at = mem_array(b->ndays, sizeof *t->at);
    for (size_t k = 0; k < b->ndays; k++) {
        size_t n = bars_until(t->raw, b->day[k]);
        t->at[k] = n && t->raw->bar[n - 1].day == b->day[k] ? (int32_t)(n - 1) : NO_BAR;
    }
}

static const struct statement half_spread = {"backtest half spread",
                                             "SELECT broker_half_spread($1)"};

enum err tapes_load(struct backtest *b, struct error *e)
{
    if (name_symbols(b, e))
        return e->kind;
    for (size_t i = 0; i < b->n; i++) {
        struct params p = {0};
        struct rows r = {0};
        if (tape_compute(b, &b->tape[i], e))
            return e->kind;
        params_text(&p, b->tape[i].symbol);
        if (db_query(b->desk->db, &half_spread, &p, &r, e))
            return e->kind;
        b->tape[i].half_spread_bps = rows_double(&r, 0, 0, NULL);
        rows_release(&r);
    }
    if (count_sessions(b, e))
        return e->kind;
    for (size_t i = 0; i < b->n; i++)
        index_sessions(b, &b->tape[i]);
    return OK;
}

void tapes_release(struct backtest *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct tape *t = &b->tape[i];
        mem_free(t->look);
        mem_free(t->indicators);
        mem_free(t->regime);
        mem_free(t->factor);
        mem_free(t->action);
        mem_free(t->at);
    }
    mem_free(b->tape);
    mem_free(b->day);
}

/* ---- what a day knew ---- */

static struct provenance present(int64_t at)
{
    struct provenance p = {.state = DATUM_PRESENT, .source = "recorded"};
    p.as_of = p.published_at = p.fetched_at = at;
    return p;
}

void tape_dossier(const struct backtest *b, const struct tape *t, size_t i, struct dossier *out)
{
    const struct look *l = &t->look[i];
    struct market_data *m = &out->market;
    *out = (struct dossier){0};
    copy_text(m->symbol, sizeof m->symbol, t->symbol);
    copy_text(m->benchmark, sizeof m->benchmark, benchmark_symbol);
    m->as_of = l->at;
    m->quote = (struct quote){.from = present(l->at),
                              .price = l->last,
                              .open = l->open,
                              .high = l->high,
                              .low = l->low,
                              .previous_close = l->previous_close,
                              .volume = l->volume};
    m->bars_from = m->benchmark_from = present(l->at);
    m->benchmark_from.state = b->benchmark_state;
    m->profile.from = t->absent;
    m->profile.from.fetched_at = l->at;
    m->fundamentals.from = m->news.from = m->profile.from;
    out->bars = (struct bar_range){
        .count = (int64_t)i + 1, .first = t->raw->bar[0].day, .last = t->raw->bar[i].day};
    size_t n = b->benchmark ? bars_until(b->benchmark, l->day) : 0;
    if (n)
        out->benchmark_bars = (struct bar_range){.count = (int64_t)n,
                                                 .first = b->benchmark->bar[0].day,
                                                 .last = b->benchmark->bar[n - 1].day};
    dossier_build_from(out, b->desk->agents, &t->indicators[i], &t->regime[i]);
}
