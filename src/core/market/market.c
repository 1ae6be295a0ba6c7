/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/market.h"

#include <string.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"

const char *datum_state_name(enum datum_state s)
{
    static const char *const names[] = {
        [DATUM_ABSENT] = "ABSENT",
        [DATUM_PRESENT] = "PRESENT",
        [DATUM_STALE] = "STALE",
        [DATUM_ERROR] = "ERROR",
    };
    return names[s];
}

void market_data_release(struct market_data *m)
{
    bars_release(&m->bars);
    bars_release(&m->benchmark_bars);
    arena_release(&m->arena);
    memset(m, 0, sizeof *m);
}

void market_free(struct market *m)
{
    if (m)
        m->ops->free(m);
}

void market_gather(struct market *m, const char *symbol, int64_t as_of, struct market_data *out,
                   void (*done)(void *arg, const struct error *e), void *arg)
{
    m->ops->gather(m, symbol, as_of, out, done, arg);
}

void market_bars(struct market *m, const char *symbol, int64_t as_of, struct market_data *out,
                 void (*done)(void *arg, const struct error *e), void *arg)
{
    (m->ops->bars ? m->ops->bars : m->ops->gather)(m, symbol, as_of, out, done, arg);
}

/* A quote taken out of a gather. */
struct quote_of_gather {
    struct market_data data;
    struct quote *out;
    void (*done)(void *arg, const struct error *e);
    void *arg;
};

static void gathered_for_quote(void *arg, const struct error *e)
{
    struct quote_of_gather *g = arg;
    if (!e)
        *g->out = g->data.quote;
    market_data_release(&g->data);
    g->done(g->arg, e);
    mem_free(g);
}

void market_quote(struct market *m, const char *symbol, int64_t as_of, int64_t max_age,
                  struct quote *out, void (*done)(void *arg, const struct error *e), void *arg)
{
    *out = (struct quote){.price = 0};
    if (m->ops->quote) {
        m->ops->quote(m, symbol, as_of, max_age, out, done, arg);
        return;
    }
    struct quote_of_gather *g = mem_alloc(sizeof *g);
    g->out = out;
    g->done = done;
    g->arg = arg;
    m->ops->gather(m, symbol, as_of, &g->data, gathered_for_quote, g);
}

size_t market_actions(struct market *m, const char *symbol, int32_t after, int32_t until,
                      struct corporate_action *out, size_t max)
{
    return m->ops->actions ? m->ops->actions(m, symbol, after, until, out, max) : 0;
}

/* Names the nearest known symbol; a provider that cannot list its symbols is asked by gathering. */
enum err market_check_symbol(struct market *m, const char *symbol, struct error *e)
{
    if (!text_is_symbol(symbol)) {
        err_set(e, ERR_USAGE, "\"%s\" is not a symbol: 1 to 12 of A-Z 0-9 . - ^", symbol);
        return err_code(e, "E20");
    }
    struct buf known = {0};
    char word[20], best[20] = "";
    size_t distance = 99;
    m->ops->symbols(m, &known);
    const char *p = buf_text(&known);
    while (*p) {
        size_t n = strcspn(p, " ");
        if (copy_bytes(word, sizeof word, p, n)) {
            size_t d = text_distance(word, symbol);
            if (d < distance) {
                distance = d;
                copy_text(best, sizeof best, word);
            }
        }
        p += n + strspn(p + n, " ");
    }
    enum err result = OK;
    if (known.len && distance > 0) {
        err_set(e, ERR_USAGE, "\"%s\" is not a known symbol of the %s market", symbol,
                m->ops->name);
        err_code(e, "E20");
        result = err_fix(e, "known: %.200s", buf_text(&known));
        if (distance <= 2)
            err_fix(e, "did you mean %s? known: %.180s", best, buf_text(&known));
    }
    buf_release(&known);
    return result == OK && m->ops->check ? m->ops->check(m, symbol, e) : result;
}

/* A provider of nothing: a desk without a market key still shows why each datum is missing. */
struct market_none {
    struct market base;
    char reason[128];
};

static void none_free(struct market *m)
{
    mem_free(m);
}

static struct provenance none_provenance(const struct market *m, int64_t as_of)
{
    struct provenance none = {.state = DATUM_ABSENT,
                              .source = "none",
                              .as_of = TIME_NONE,
                              .published_at = TIME_NONE,
                              .fetched_at = as_of};
    copy_text(none.reason, sizeof none.reason, ((const struct market_none *)m)->reason);
    return none;
}

static void none_gather(struct market *m, const char *symbol, int64_t as_of,
                        struct market_data *out, void (*done)(void *arg, const struct error *e),
                        void *arg)
{
    struct provenance none = none_provenance(m, as_of);
    copy_text(out->symbol, sizeof out->symbol, symbol);
    out->as_of = as_of;
    struct provenance *const parts[] = {
        &out->quote.from,   &out->bars_from,         &out->benchmark_from,
        &out->profile.from, &out->fundamentals.from, &out->news.from,
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        *parts[i] = none;
    done(arg, NULL);
}

static void none_quote(struct market *m, const char *symbol, int64_t as_of, int64_t max_age,
                       struct quote *out, void (*done)(void *arg, const struct error *e), void *arg)
{
    (void)symbol;
    (void)max_age;
    out->from = none_provenance(m, as_of);
    done(arg, NULL);
}

static void none_symbols(struct market *m, struct buf *b)
{
    (void)m;
    buf_str(b, "");
}

static int32_t none_last_session(struct market *m, int64_t now)
{
    (void)m;
    (void)now;
    return DAY_NONE;
}

static const struct market_ops none_ops = {
    .name = "none",
    .free = none_free,
    .gather = none_gather,
    .symbols = none_symbols,
    .last_session = none_last_session,
    .quote = none_quote,
};

struct market *market_none_new(const char *reason)
{
    struct market_none *m = mem_alloc(sizeof *m);
    m->base.ops = &none_ops;
    sanitize_line(m->reason, sizeof m->reason, untrusted(reason));
    return &m->base;
}
