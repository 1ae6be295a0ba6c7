/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dossier's stored form. Everything by value but the bars, which the row beside it keeps as
 * a range and a hash: what agents saw of them is in the indicators. */
#include <json-c/json.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "quorum/evaluation.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { DOSSIER_FORMAT = 1 };

/* Rows of numbers that may be missing, written and read by the same table. */
struct value_row {
    const char *name;
    size_t offset;
};
#define STATEMENT_ROW(field)                                                                       \
    {                                                                                              \
#field, offsetof(struct statement_year, field)                                             \
    }
static const struct value_row statement_rows[] = {
    STATEMENT_ROW(revenue),        STATEMENT_ROW(gross_profit),
    STATEMENT_ROW(ebit),           STATEMENT_ROW(ebitda),
    STATEMENT_ROW(net_income),     STATEMENT_ROW(eps_diluted),
    STATEMENT_ROW(shares_diluted), STATEMENT_ROW(total_assets),
    STATEMENT_ROW(current_assets), STATEMENT_ROW(current_liabilities),
    STATEMENT_ROW(long_term_debt), STATEMENT_ROW(total_debt),
    STATEMENT_ROW(cash),           STATEMENT_ROW(equity),
    STATEMENT_ROW(tax_rate),       STATEMENT_ROW(cash_from_operations),
    STATEMENT_ROW(free_cash_flow),
};

static void write_value(struct json *j, const char *key, struct value v)
{
    if (v.known)
        json_num(j, key, v.v);
    else
        json_null(j, key);
}

static void write_time(struct json *j, const char *key, int64_t t)
{
    char text[33];
    if (t == TIME_NONE || t == 0)
        json_null(j, key);
    else
        json_str(j, key, time_print_iso(text, t));
}

static void write_provenance(struct json *j, const struct provenance *p)
{
    json_str(j, "state", datum_state_name(p->state));
    json_str(j, "source", p->source);
    write_time(j, "as_of", p->as_of);
    write_time(j, "published_at", p->published_at);
    write_time(j, "fetched_at", p->fetched_at);
    if (*p->reason)
        json_str(j, "reason", p->reason);
}

static void write_quote(struct json *j, const struct quote *q)
{
    json_open(j, "quote", '{');
    write_provenance(j, &q->from);
    json_int(j, "price", q->price);
    json_int(j, "open", q->open);
    json_int(j, "high", q->high);
    json_int(j, "low", q->low);
    json_int(j, "previous_close", q->previous_close);
    json_int(j, "volume", q->volume);
    json_close(j, '}');
}

static void write_statements(struct json *j, const struct fundamentals *f)
{
    json_open(j, "fundamentals", '{');
    write_provenance(j, &f->from);
    json_open(j, "years", '[');
    for (size_t i = 0; i < f->n; i++) {
        const struct statement_year *y = &f->year[i];
        char day[11];
        json_open(j, NULL, '{');
        json_int(j, "fiscal_year", y->fiscal_year);
        json_str(j, "period_end", day_print(day, y->period_end));
        write_time(j, "filed_at", y->filed_at);
        json_str(j, "currency", y->currency);
        for (size_t k = 0; k < ARRAY_LEN(statement_rows); k++)
            write_value(j, statement_rows[k].name,
                        *(const struct value *)((const char *)y + statement_rows[k].offset));
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void write_news(struct json *j, const struct news *n)
{
    json_open(j, "news", '{');
    write_provenance(j, &n->from);
    json_open(j, "items", '[');
    for (size_t i = 0; i < n->n; i++) {
        json_open(j, NULL, '{');
        json_str(j, "id", n->item[i].id);
        json_str(j, "title", n->item[i].title);
        json_str(j, "summary", n->item[i].summary);
        json_str(j, "outlet", n->item[i].outlet);
        write_time(j, "published_at", n->item[i].published_at);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void write_bars(struct json *j, const char *key, const struct provenance *from,
                       const struct bar_range *b)
{
    char day[11];
    json_open(j, key, '{');
    write_provenance(j, from);
    json_int(j, "count", b->count);
    if (b->count) {
        json_str(j, "first", day_print(day, b->first));
        json_str(j, "last", day_print(day, b->last));
    }
    json_close(j, '}');
}

static void write_technical(struct json *j, const struct dossier *d)
{
    json_open(j, "indicators", '{');
    for (size_t i = 0; i < indicator_row_count; i++)
        write_value(j, indicator_rows[i].name, indicator_get(&d->indicators, &indicator_rows[i]));
    json_close(j, '}');
    json_open(j, "regime", '{');
    json_str(j, "label", regime_name(d->regime.label));
    json_num(j, "confidence", d->regime.confidence);
    write_value(j, "trend", d->regime.trend);
    write_value(j, "vol_ratio", d->regime.vol_ratio);
    write_value(j, "vol_percentile", d->regime.vol_percentile);
    json_flag(j, "capped", d->regime.capped);
    json_flag(j, "single", d->regime.single);
    json_close(j, '}');
}

static void write_facts(struct json *j, const struct dossier *d)
{
    json_open(j, "facts", '[');
    for (size_t i = 0; i < d->nfacts; i++) {
        const struct fact *f = &d->fact[i];
        json_open(j, NULL, '{');
        json_str(j, "id", f->id);
        if (f->text)
            json_str(j, "text", f->text);
        else
            write_value(j, "value", f->number);
        json_str(j, "unit", f->unit);
        json_int(j, "decimals", f->decimals);
        write_provenance(j, &f->from);
        json_close(j, '}');
    }
    json_close(j, ']');
}

void dossier_write(const struct dossier *d, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    json_int(&j, "format", DOSSIER_FORMAT);
    json_str(&j, "symbol", d->symbol);
    json_str(&j, "benchmark", d->market.benchmark);
    write_time(&j, "as_of", d->as_of);
    json_int(&j, "price", d->price);
    json_flag(&j, "indicators_given", d->indicators_given);
    json_flag(&j, "simulated", d->simulated);
    write_quote(&j, &d->market.quote);
    write_bars(&j, "bars", &d->market.bars_from, &d->bars);
    write_bars(&j, "benchmark_bars", &d->market.benchmark_from, &d->benchmark_bars);
    json_open(&j, "profile", '{');
    write_provenance(&j, &d->market.profile.from);
    json_str(&j, "company", d->market.profile.company);
    json_str(&j, "sector", d->market.profile.sector);
    json_str(&j, "industry", d->market.profile.industry);
    json_flag(&j, "is_bank", d->market.profile.is_bank);
    json_close(&j, '}');
    write_statements(&j, &d->market.fundamentals);
    write_news(&j, &d->market.news);
    write_technical(&j, d);
    write_facts(&j, d);
    json_close(&j, '}');
}

/* Reading. A stored dossier was ours, but a database row is data: every type is checked, text is
 * cleaned again, and what does not fit reads as missing. */
static struct json_object *member(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) ? v
                                                                                             : NULL;
}

static void read_text(struct json_object *o, const char *key, char *dst, size_t size)
{
    struct json_object *v = member(o, key);
    dst[0] = '\0';
    if (json_object_is_type(v, json_type_string))
        sanitize_line(dst, size, untrusted(json_object_get_string(v)));
}

static char *read_long_text(struct json_object *o, const char *key, struct arena *a)
{
    struct json_object *v = member(o, key);
    struct buf clean = {.max = 1 << 20};
    if (json_object_is_type(v, json_type_string))
        sanitize(&clean, untrusted(json_object_get_string(v)), TEXT_LINE, 0);
    char *text = arena_text(a, buf_text(&clean));
    buf_release(&clean);
    return text;
}

static struct value read_value(struct json_object *o, const char *key)
{
    struct json_object *v = member(o, key);
    if (!json_object_is_type(v, json_type_double) && !json_object_is_type(v, json_type_int))
        return VALUE_UNKNOWN;
    double x = json_object_get_double(v);
    return isfinite(x) ? VALUE(x) : VALUE_UNKNOWN;
}

static int64_t read_int(struct json_object *o, const char *key)
{
    struct json_object *v = member(o, key);
    return json_object_is_type(v, json_type_int) ? json_object_get_int64(v) : 0;
}

/* For numbers that later arithmetic or formatting must be able to hold. */
static int read_small(struct json_object *o, const char *key, int min, int max)
{
    int64_t n = read_int(o, key);
    return n < min || n > max ? min : (int)n;
}

static bool read_bool(struct json_object *o, const char *key)
{
    return json_object_get_boolean(member(o, key));
}

static int64_t read_time(struct json_object *o, const char *key)
{
    struct json_object *v = member(o, key);
    int64_t t;
    return json_object_is_type(v, json_type_string) && time_parse(json_object_get_string(v), &t)
               ? t
               : TIME_NONE;
}

static int32_t read_day(struct json_object *o, const char *key)
{
    struct json_object *v = member(o, key);
    int32_t day;
    return json_object_is_type(v, json_type_string) && day_parse(json_object_get_string(v), &day)
               ? day
               : DAY_NONE;
}

static struct bar_range read_range(struct json_object *o)
{
    struct bar_range r = {.count = read_small(o, "count", 0, INT32_MAX),
                          .first = read_day(o, "first"),
                          .last = read_day(o, "last")};
    if (r.first == DAY_NONE || r.last == DAY_NONE)
        r = (struct bar_range){0};
    return r;
}

static struct provenance read_provenance(struct json_object *o)
{
    struct provenance p = {.as_of = read_time(o, "as_of"),
                           .published_at = read_time(o, "published_at"),
                           .fetched_at = read_time(o, "fetched_at")};
    char state[16];
    read_text(o, "state", state, sizeof state);
    for (int s = DATUM_ABSENT; s <= DATUM_ERROR; s++)
        if (strcmp(datum_state_name((enum datum_state)s), state) == 0)
            p.state = (enum datum_state)s;
    read_text(o, "source", p.source, sizeof p.source);
    read_text(o, "reason", p.reason, sizeof p.reason);
    return p;
}

static void read_quote(struct json_object *o, struct quote *q)
{
    q->from = read_provenance(o);
    q->price = read_int(o, "price");
    q->open = read_int(o, "open");
    q->high = read_int(o, "high");
    q->low = read_int(o, "low");
    q->previous_close = read_int(o, "previous_close");
    q->volume = read_int(o, "volume");
}

static void read_statements(struct json_object *o, struct fundamentals *f)
{
    f->from = read_provenance(o);
    struct json_object *years = member(o, "years");
    if (!json_object_is_type(years, json_type_array))
        return;
    size_t n = json_object_array_length(years);
    for (size_t i = 0; i < n && f->n < STATEMENT_YEARS_MAX; i++) {
        struct json_object *e = json_object_array_get_idx(years, i);
        struct statement_year *y = &f->year[f->n++];
        y->fiscal_year = read_small(e, "fiscal_year", 0, 9999);
        y->period_end = read_day(e, "period_end");
        y->filed_at = read_time(e, "filed_at");
        read_text(e, "currency", y->currency, sizeof y->currency);
        for (size_t k = 0; k < ARRAY_LEN(statement_rows); k++)
            *(struct value *)((char *)y + statement_rows[k].offset) =
                read_value(e, statement_rows[k].name);
    }
}

static void read_news(struct json_object *o, struct news *news, struct arena *a)
{
    news->from = read_provenance(o);
    struct json_object *items = member(o, "items");
    if (!json_object_is_type(items, json_type_array))
        return;
    size_t n = json_object_array_length(items);
    for (size_t i = 0; i < n && news->n < NEWS_ITEMS_MAX; i++) {
        struct json_object *e = json_object_array_get_idx(items, i);
        struct news_item *item = &news->item[news->n++];
        read_text(e, "id", item->id, sizeof item->id);
        item->title = read_long_text(e, "title", a);
        item->summary = read_long_text(e, "summary", a);
        item->outlet = read_long_text(e, "outlet", a);
        item->published_at = read_time(e, "published_at");
    }
}

static void read_technical(struct json_object *root, struct dossier *d)
{
    struct json_object *o = member(root, "indicators");
    for (size_t i = 0; i < indicator_row_count; i++) {
        struct value v = read_value(o, indicator_rows[i].name);
        if (v.known)
            indicator_set(&d->indicators, &indicator_rows[i], v.v);
    }
    o = member(root, "regime");
    char label[16];
    read_text(o, "label", label, sizeof label);
    if (!regime_parse(label, &d->regime.label))
        d->regime.label = REGIME_UNKNOWN;
    double confidence = read_value(o, "confidence").v;
    d->regime.confidence = confidence >= 0 && confidence <= 100 ? confidence : 0;
    d->regime.trend = read_value(o, "trend");
    d->regime.vol_ratio = read_value(o, "vol_ratio");
    d->regime.vol_percentile = read_value(o, "vol_percentile");
    d->regime.capped = read_bool(o, "capped");
    d->regime.single = read_bool(o, "single");
}

static void read_facts(struct json_object *root, struct dossier *d)
{
    struct json_object *facts = member(root, "facts");
    if (!json_object_is_type(facts, json_type_array))
        return;
    size_t n = json_object_array_length(facts);
    for (size_t i = 0; i < n; i++) {
        struct json_object *e = json_object_array_get_idx(facts, i);
        struct provenance from = read_provenance(e);
        char id[sizeof d->fact[0].id];
        read_text(e, "id", id, sizeof id);
        struct fact *f = dossier_add(d, id, &from);
        if (!f)
            return;
        f->number = read_value(e, "value");
        if (member(e, "text"))
            f->text = read_long_text(e, "text", &d->arena);
        read_text(e, "unit", f->unit, sizeof f->unit);
        f->decimals = read_small(e, "decimals", 0, 9);
    }
}

enum err dossier_read(struct dossier *d, const char *text, size_t len, struct error *e)
{
    struct json_tokener *tokener = len > INT32_MAX ? NULL : json_tokener_new_ex(16);
    if (!tokener)
        return err_set(e, ERR_FAILED, "the stored dossier cannot be read: too large");
    struct json_object *root = json_tokener_parse_ex(tokener, text, (int)len);
    enum err result = OK;
    if (!json_object_is_type(root, json_type_object) ||
        read_int(root, "format") != DOSSIER_FORMAT) {
        result = err_set(e, ERR_FAILED, "the stored dossier is not of format %d", DOSSIER_FORMAT);
        goto out;
    }
    read_text(root, "symbol", d->symbol, sizeof d->symbol);
    copy_text(d->market.symbol, sizeof d->market.symbol, d->symbol);
    read_text(root, "benchmark", d->market.benchmark, sizeof d->market.benchmark);
    d->as_of = d->market.as_of = read_time(root, "as_of");
    d->price = read_int(root, "price");
    d->indicators_given = read_bool(root, "indicators_given");
    d->simulated = read_bool(root, "simulated");
    read_quote(member(root, "quote"), &d->market.quote);
    d->market.bars_from = read_provenance(member(root, "bars"));
    d->bars = read_range(member(root, "bars"));
    d->market.benchmark_from = read_provenance(member(root, "benchmark_bars"));
    d->benchmark_bars = read_range(member(root, "benchmark_bars"));
    struct json_object *profile = member(root, "profile");
    d->market.profile.from = read_provenance(profile);
    read_text(profile, "company", d->market.profile.company, sizeof d->market.profile.company);
    read_text(profile, "sector", d->market.profile.sector, sizeof d->market.profile.sector);
    read_text(profile, "industry", d->market.profile.industry, sizeof d->market.profile.industry);
    d->market.profile.is_bank = read_bool(profile, "is_bank");
    read_statements(member(root, "fundamentals"), &d->market.fundamentals);
    read_news(member(root, "news"), &d->market.news, &d->arena);
    read_technical(root, d);
    read_facts(root, d);
out:
    json_object_put(root);
    json_tokener_free(tokener);
    return result;
}
