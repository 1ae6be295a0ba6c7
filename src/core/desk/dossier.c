/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/dossier.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "quorum/evaluation.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

void dossier_release(struct dossier *d)
{
    market_data_release(&d->market);
    arena_release(&d->arena);
    *d = (struct dossier){0};
}

struct fact *dossier_add(struct dossier *d, const char *id, const struct provenance *from)
{
    if (d->nfacts == FACTS_MAX)
        return NULL;
    struct fact *f = &d->fact[d->nfacts++];
    *f = (struct fact){.decimals = 2, .from = *from};
    copy_text(f->id, sizeof f->id, id);
    return f;
}

const struct fact *dossier_fact(const struct dossier *d, const char *id)
{
    for (size_t i = 0; i < d->nfacts; i++)
        if (strcmp(d->fact[i].id, id) == 0)
            return &d->fact[i];
    return NULL;
}

/* Indicators of the last bar and the regime of the whole series. */
static void read_series(struct dossier *d)
{
    const struct bars *b = &d->market.bars;
    if (b->n == 0)
        return;
    struct indicators *all = mem_array(b->n, sizeof *all);
    const struct bars *bench = d->market.benchmark_bars.n ? &d->market.benchmark_bars : NULL;
    indicators_compute(b, bench, all);
    d->indicators = all[b->n - 1];
    d->regime = regime_of_series(all, b->n);
    mem_free(all);
}

static struct provenance given_provenance(const struct dossier *d)
{
    return (struct provenance){.state = DATUM_PRESENT,
                               .source = "given",
                               .as_of = d->as_of,
                               .published_at = d->as_of,
                               .fetched_at = d->as_of};
}

/* Agents judge d->price, so that is what the fact says, whatever the last close was. */
static void make_price_fact(const struct dossier *d, struct fact *f, bool given)
{
    f->number = VALUE(decimal_to_double(d->price, PRICE_DIGITS));
    f->from = given ? given_provenance(d) : d->market.quote.from;
}

static void add_indicator_facts(struct dossier *d, const struct provenance *from, bool price_given)
{
    for (size_t i = 0; i < indicator_row_count; i++) {
        const struct indicator_row *row = &indicator_rows[i];
        struct fact *f = dossier_add(d, row->name, from);
        if (!f)
            return;
        f->number = indicator_get(&d->indicators, row);
        f->decimals = row->decimals;
        copy_text(f->unit, sizeof f->unit, row->unit);
        if (row->offset == offsetof(struct indicators, price) && d->price > 0)
            make_price_fact(d, f, price_given);
        if (f->number.known || from->state == DATUM_ERROR || from->state == DATUM_ABSENT)
            continue;
        f->from.state = DATUM_ABSENT;
        if (d->indicators_given)
            copy_text(f->from.reason, sizeof f->from.reason, "not given");
        else
            snprintf(f->from.reason, sizeof f->from.reason, "not ready with %lld bars",
                     (long long)d->bars.count);
    }
}

static void add_regime_facts(struct dossier *d, const struct provenance *from)
{
    struct fact *label = dossier_add(d, "regime_rule", from);
    struct fact *confidence = dossier_add(d, "regime_confidence", from);
    if (!label || !confidence)
        return;
    if (d->regime.label == REGIME_UNKNOWN) {
        label->from.state = confidence->from.state = DATUM_ABSENT;
        return;
    }
    label->text = arena_text(&d->arena, regime_name(d->regime.label));
    confidence->number = VALUE(d->regime.confidence);
    confidence->decimals = 0;
    copy_text(confidence->unit, sizeof confidence->unit, "%");
}

/* The price that is judged and sized: the one asked about, else the one among given figures, else
 * the market's. During a session that is not the last close, which the indicators end with. */
static void set_price(struct dossier *d, int64_t given_price)
{
    struct value among = d->indicators.price;
    d->price = given_price > 0 ? given_price : 0;
    if (d->price == 0 && d->indicators_given && among.known)
        decimal_from_double(among.v, PRICE_DIGITS, &d->price);
    if (d->price <= 0)
        d->price = d->market.quote.price > 0 ? d->market.quote.price : 0;
    /* With given figures only, the price belongs to them. */
    if (d->indicators_given && !among.known && d->price > 0)
        d->indicators.price = VALUE(decimal_to_double(d->price, PRICE_DIGITS));
}

static struct bar_range range_of(const struct bars *b)
{
    if (b->n == 0)
        return (struct bar_range){0};
    return (struct bar_range){
        .count = (int64_t)b->n, .first = b->bar[0].day, .last = b->bar[b->n - 1].day};
}

enum err dossier_check_price(const struct market_data *m, int64_t given_price, struct error *e)
{
    char given[40], known[40];
    int64_t market = m->quote.price;
    if (given_price <= 0 || market <= 0 ||
        (given_price >= market - market / 2 && given_price <= market + market / 2))
        return OK;
    err_set(
        e, ERR_USAGE, "--price %s is more than 50 %% away from the market's price of %s, %s",
        decimal_print(given, sizeof given, given_price, PRICE_DIGITS, given_price % 100 ? 4 : 2),
        m->symbol, decimal_print(known, sizeof known, market, PRICE_DIGITS, 2));
    return err_fix(e, "leave --price out, or give the figures of that price too: --indicators");
}

static void begin(struct dossier *d, bool given)
{
    copy_text(d->symbol, sizeof d->symbol, d->market.symbol);
    d->as_of = d->market.as_of;
    d->simulated = strcmp(d->market.quote.from.source, "simulated") == 0;
    d->indicators_given = given;
}

static void add_agents_facts(struct dossier *d, const struct agent *const *agents)
{
    for (const struct agent *const *a = agents; *a; a++)
        if ((*a)->add_facts && (*a)->role != AGENT_VETO)
            (*a)->add_facts(d, NULL);
}

void dossier_build(struct dossier *d, const struct agent *const *agents,
                   const struct indicators *given, int64_t given_price)
{
    begin(d, given != NULL);
    d->bars = range_of(&d->market.bars);
    d->benchmark_bars = range_of(&d->market.benchmark_bars);
    if (given)
        d->indicators = *given;
    else
        read_series(d);
    set_price(d, given_price);
    if (given)
        d->regime = regime_single(&d->indicators);
    struct provenance from = given ? given_provenance(d) : d->market.bars_from;
    add_indicator_facts(d, &from, given || given_price > 0);
    add_regime_facts(d, &from);
    add_agents_facts(d, agents);
}

void dossier_build_from(struct dossier *d, const struct agent *const *agents,
                        const struct indicators *indicators, const struct regime_reading *regime)
{
    begin(d, false);
    d->indicators = *indicators;
    d->regime = *regime;
    set_price(d, 0);
    add_indicator_facts(d, &d->market.bars_from, false);
    add_regime_facts(d, &d->market.bars_from);
    add_agents_facts(d, agents);
}
