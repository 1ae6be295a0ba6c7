/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated market as a provider: what sim_*.c make, cut at as_of. */
#include <stdio.h>
#include <string.h>

#include "core/market/sim.h"
#include "quorum/calendar.h"
#include "quorum/text.h"

static struct sim *sim_of(struct market *m)
{
    return (struct sim *)m; /* its first member */
}

static struct provenance present(int64_t as_of, int64_t fetched_at)
{
    struct provenance p = {.state = DATUM_PRESENT,
                           .source = "simulated",
                           .as_of = as_of,
                           .published_at = as_of,
                           .fetched_at = fetched_at};

    return p;
}

static struct provenance absent(int64_t fetched_at, const char *reason)
{
    struct provenance p = {.state = DATUM_ABSENT,
                           .source = "simulated",
                           .as_of = TIME_NONE,
                           .published_at = TIME_NONE,
                           .fetched_at = fetched_at};

    copy_text(p.reason, sizeof(p.reason), reason);
    return p;
}

static struct provenance not_listed(const struct sim_company *c, int64_t fetched_at)
{
    char reason[96], listed[11];

    snprintf(reason, sizeof(reason), "no session of %s closed yet (listed %s)", c->symbol,
             day_print(listed, c->listed));
    return absent(fetched_at, reason);
}

/* Bars of the sessions closed at as_of; n of them are copied into out. */
static size_t bars_known(const struct bars *all, int64_t as_of)
{
    int32_t last = calendar_last_closed(as_of);

    return last == DAY_NONE ? 0 : bars_until(all, last);
}

static void bars_give(const struct bars *all, size_t n, int64_t as_of, struct bars *out,
                      struct provenance *from)
{
    if (n == 0)
        return;
    out->bar = mem_array(n, sizeof(*out->bar));
    out->n = out->cap = n;
    memcpy(out->bar, all->bar, n * sizeof(*out->bar));
    *from = present(calendar_close(out->bar[n - 1].day), as_of);
}

static int64_t between(int64_t a, int64_t b, int64_t part, int64_t whole)
{
    /* On cents, like every price here. */
    return (a + (b - a) * part / whole) / 100 * 100;
}

/* The session's path at as_of: 26 equal steps from open to close, straight lines between. */
static void quote_inside(const struct sim *s, const struct sim_company *c,
                         const struct sim_weekday *w, int64_t as_of, struct quote *q)
{
    int64_t open = calendar_open(w->bar.day), length = calendar_close(w->bar.day) - open;
    int64_t step = length / (SIM_KNOTS - 1), gone = as_of - open, knot[SIM_KNOTS];
    int k = (int)(gone / step);

    sim_path(s, c, w, knot);
    k = k > SIM_KNOTS - 2 ? SIM_KNOTS - 2 : k;
    q->open = q->high = q->low = knot[0];
    for (int i = 1; i <= k; i++) {
        q->high = knot[i] > q->high ? knot[i] : q->high;
        q->low = knot[i] < q->low ? knot[i] : q->low;
    }
    q->price = between(knot[k], knot[k + 1], gone - k * step, step);
    q->high = q->price > q->high ? q->price : q->high;
    q->low = q->price < q->low ? q->price : q->low;
    q->volume = w->bar.volume / 1000 * (gone * 1000 / length);
}

static void quote_of_bar(const struct bars *bars, size_t n, struct quote *q)
{
    const struct bar *last = &bars->bar[n - 1];

    q->price = last->close;
    q->open = last->open;
    q->high = last->high;
    q->low = last->low;
    q->volume = last->volume;
    q->previous_close = n > 1 ? last[-1].close : 0;
}

/* The last session whose bell had rung. */
static int32_t last_opened(int64_t as_of)
{
    int32_t today = exchange_day(as_of);

    if (calendar_session(today) != SESSION_CLOSED && as_of >= calendar_open(today))
        return today;
    return calendar_previous(today);
}

/* During a session a point of its path; otherwise the last close. A halt ends with the first bell
 * after it; a feed that is stuck says what it said before the bell. */
static void quote_give(const struct sim *s, size_t company, const struct sim_series *series,
                       size_t n, int64_t as_of, struct quote *q)
{
    const struct sim_company *c = &s->company[company];
    int32_t session = last_opened(as_of), halted = sim_halted_since(s, c, session);
    bool is_open = as_of < calendar_close(session) && session >= c->listed &&
                   session <= SIM_LAST_DAY && session >= SIM_EPOCH;
    char reason[128], when[33];

    if (halted != DAY_NONE && session >= c->listed) {
        snprintf(reason, sizeof(reason), "trading in %s is halted since %s", c->symbol,
                 day_print(when, halted));
        q->from = absent(as_of, reason);
    } else if (is_open && !sim_is_stale_on(s, session)) {
        quote_inside(s, c, &series->day[sim_index(session)], as_of, q);
        q->previous_close = n > 0 ? series->bars.bar[n - 1].close : 0;
        q->from = present(as_of, as_of);
    } else if (n == 0) {
        q->from = not_listed(c, as_of);
    } else {
        quote_of_bar(&series->bars, n, q);
        q->from = present(calendar_close(series->bars.bar[n - 1].day), as_of);
        if (!is_open)
            return;
        q->from.state = DATUM_STALE;
        snprintf(q->from.reason, sizeof(q->from.reason),
                 "the price is of %s, and the exchange is open", time_print(when, q->from.as_of));
    }
}

static void profile_give(const struct sim_company *c, int64_t as_of, struct profile *p)
{
    p->from = present(as_of, as_of);
    copy_text(p->company, sizeof(p->company), c->name);
    copy_text(p->sector, sizeof(p->sector), c->sector);
    copy_text(p->industry, sizeof(p->industry), c->industry);
    p->is_bank = c->is_bank;
}

static void words_give(struct sim *s, size_t company, const struct sim_series *series,
                       int64_t as_of, struct market_data *out)
{
    out->fundamentals.from = absent(as_of, "");
    sim_fundamentals(s, &s->company[company], series->quality, as_of, &out->fundamentals);
    out->news.from = absent(as_of, "");
    sim_news(s, company, as_of, &out->news, &out->arena);
}

static void fill(struct sim *s, size_t company, int64_t as_of, struct market_data *out)
{
    const struct sim_company *c = &s->company[company], *bench = &s->company[0];
    int32_t today = exchange_day(as_of);
    struct sim_series *market = sim_series_through(s, 0, today);
    struct sim_series *own = sim_series_through(s, company, today);
    size_t n = bars_known(&own->bars, as_of), nbench = bars_known(&market->bars, as_of);

    copy_text(out->symbol, sizeof(out->symbol), c->symbol);
    copy_text(out->benchmark, sizeof(out->benchmark), bench->symbol);
    out->as_of = as_of;
    out->bars_from = not_listed(c, as_of);
    out->benchmark_from = absent(as_of, "the simulated market opens on 2019-01-02");
    bars_give(&own->bars, n, as_of, &out->bars, &out->bars_from);
    bars_give(&market->bars, nbench, as_of, &out->benchmark_bars, &out->benchmark_from);
    quote_give(s, company, own, n, as_of, &out->quote);
    profile_give(c, as_of, &out->profile);
    if (n > 0) {
        words_give(s, company, own, as_of, out);
    } else {
        out->fundamentals.from = out->news.from = not_listed(c, as_of);
    }
}

static enum err unknown_symbol(const struct sim *s, const char *symbol, struct error *e)
{
    size_t best = 0, distance = 3;

    for (size_t i = 0; i < s->companies; i++) {
        size_t d = text_distance(symbol, s->company[i].symbol);

        if (d < distance && d < strlen(s->company[i].symbol)) {
            distance = d;
            best = i;
        }
    }
    err_set(e, ERR_USAGE, "\"%.40s\" is not a known symbol of the simulated market", symbol);
    err_code(e, "E20");
    if (distance < 3)
        return err_fix(e, "did you mean %s? Known are %s", s->company[best].symbol, s->symbols);
    return err_fix(e, "use one of %s", s->symbols);
}

/* The nearest moment the simulation answers for. */
static int64_t clamp_moment(int64_t as_of)
{
    int64_t end = exchange_to_utc(SIM_LAST_DAY + 1, 0, 0);

    return as_of < 0 ? 0 : as_of < end ? as_of : end - 1;
}

static void simulated_gather(struct market *m, const char *symbol, int64_t as_of,
                             struct market_data *out,
                             void (*done)(void *arg, const struct error *e), void *arg)
{
    struct sim *s = sim_of(m);
    size_t company = sim_universe_find(s, symbol);
    struct error e = {0};

    if (company == SIM_COMPANIES_MAX) {
        unknown_symbol(s, symbol, &e);
        done(arg, &e);
        return;
    }
    fill(s, company, clamp_moment(as_of), out);
    done(arg, NULL);
}

/* A simulated price is never older than the question, so max_age says nothing. */
static void simulated_quote(struct market *m, const char *symbol, int64_t as_of, int64_t max_age,
                            struct quote *out, void (*done)(void *arg, const struct error *e),
                            void *arg)
{
    struct sim *s = sim_of(m);
    size_t company = sim_universe_find(s, symbol);
    int64_t moment = clamp_moment(as_of);
    const struct sim_series *own;
    struct error e = {0};

    (void)max_age;
    if (company == SIM_COMPANIES_MAX) {
        unknown_symbol(s, symbol, &e);
        done(arg, &e);
        return;
    }
    own = sim_series_through(s, company, exchange_day(moment));
    quote_give(s, company, own, bars_known(&own->bars, moment), moment, out);
    done(arg, NULL);
}

static void simulated_symbols(struct market *m, struct buf *b)
{
    buf_str(b, sim_of(m)->symbols);
}

static int32_t simulated_last_session(struct market *m, int64_t now)
{
    int32_t day = now < exchange_to_utc(SIM_EPOCH, 0, 0) ? DAY_NONE : calendar_last_closed(now);

    (void)m;
    if (day > SIM_LAST_DAY)
        return calendar_previous(SIM_LAST_DAY + 1);
    return day < SIM_EPOCH ? DAY_NONE : day;
}

static void simulated_free(struct market *m)
{
    struct sim *s = sim_of(m);

    sim_forget(s);
    mem_free(s);
}

static const struct market_ops simulated_ops = {
    .name = "simulated",
    .free = simulated_free,
    .gather = simulated_gather,
    .symbols = simulated_symbols,
    .last_session = simulated_last_session,
    .quote = simulated_quote,
};

struct market *market_simulated_new(uint64_t seed)
{
    struct sim *s = mem_alloc(sizeof(*s));

    s->market.ops = &simulated_ops;
    s->seed = seed;
    sim_universe_load(s);
    return &s->market;
}

enum err market_simulated_scenario(struct market *m, const char *name, int32_t from,
                                   struct error *e)
{
    if (m->ops != &simulated_ops)
        return err_set(e, ERR_USAGE, "only the simulated market has scenarios, not the %s one",
                       m->ops->name);
    return sim_scenario_add(sim_of(m), name, from, e);
}
