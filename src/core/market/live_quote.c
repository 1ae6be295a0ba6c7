/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A live quote alone: one counted call at most, for the prices of orders and positions. */
#include "core/market/live_private.h"
#include "quorum/timeutil.h"

static void unlink_quote(struct lone_quote *q)
{
    if (q->prev)
        q->prev->next = q->next;
    else
        q->m->quotes = q->next;
    if (q->next)
        q->next->prev = q->prev;
}

/* FMP's empty list does not prove that the symbol is wrong (gather asks the profile, too): there
 * is no quote, which is a state. */
static void answered(void *arg, const struct vendor_answer *a)
{
    struct lone_quote *q = arg;
    if (q->m) {
        unlink_quote(q);
        live_read_quote(a, q->symbol, q->as_of, q->max_age, q->out);
        q->done(q->arg, NULL);
    }
    mem_free(q);
}

void live_quote(struct market *base, const char *symbol, int64_t as_of, int64_t max_age,
                struct quote *out, void (*done)(void *arg, const struct error *e), void *arg)
{
    struct market_live *m = (struct market_live *)base;
    struct error e = {0};
    if (live_refuse_symbol(symbol, &e)) {
        done(arg, &e);
        return;
    }
    struct lone_quote *q = mem_alloc(sizeof *q);
    *q = (struct lone_quote){.m = m,
                             .next = m->quotes,
                             .out = out,
                             .as_of = as_of,
                             .max_age = max_age,
                             .done = done,
                             .arg = arg};
    if (m->quotes)
        m->quotes->prev = q;
    m->quotes = q;
    fmp_symbol(q->symbol, symbol);
    struct buf url = {0};
    struct vendor_request r = live_request(m, FMP_QUOTE, q->symbol, as_of, &url);
    if (max_age > 0)
        r.life_s = max_age / USEC_SECOND;
    r.ignore_cache = m->fresh;
    vendor_get(m->vendor, &r, answered, q);
    buf_release(&url);
}
