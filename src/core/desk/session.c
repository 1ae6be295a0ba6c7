/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/desk/session.h"

#include "quorum/buf.h"
#include "quorum/guards.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

struct step {
    bool over;
    struct error e;
};

static void ended(void *arg, const struct error *e)
{
    struct step *s = arg;
    s->over = true;
    if (e)
        s->e = *e;
}

static bool is_over(void *arg)
{
    return ((const struct step *)arg)->over;
}

/* The step writes to its caller's stack, so it is waited for to the end; calls to the database
 * have deadlines. */
static enum err wait_for(struct desk *d, struct step *s, struct error *e)
{
    while (!loop_run_until(d->loop, is_over, s, LOOP_NO_DEADLINE))
        loop_clear_interrupt(d->loop);
    if (s->e.kind)
        *e = s->e;
    return s->e.kind;
}

enum err session_store(struct desk *d, const struct act *act, size_t n, struct error *e)
{
    struct step s = {0};
    if (n == 0)
        return OK;
    broker_store(d, act, n, ended, &s);
    return wait_for(d, &s, e);
}

enum err session_risk(struct desk *d, struct error *e)
{
    struct step s = {0};
    breakers_update(d, ended, &s);
    return wait_for(d, &s, e);
}

enum err session_mark(struct desk *d, int32_t day, struct error *e)
{
    struct step s = {0};
    broker_mark(d, day, ended, &s);
    return wait_for(d, &s, e) ? e->kind : session_risk(d, e);
}

/* The day up to which splits and dividends are in a position's figures: that of the last look, or
 * of the decision where nothing was bought yet. DAY_NONE: there is nothing to adjust. */
static int32_t adjusted_to(const struct book_entry *b)
{
    const struct position *p = &b->position;
    if (p->seen_day != DAY_NONE)
        return p->seen_day;
    if (p->quantity > 0)
        return p->entry_day;
    for (size_t i = 0; i < b->norders; i++)
        if (b->order[i].purpose == PURPOSE_ENTRY && b->order[i].not_before != TIME_NONE)
            return exchange_day(b->order[i].not_before);
    return DAY_NONE;
}

/* All of them: what is left out once is never asked for again. The caller's to free. */
static struct corporate_action *actions_of(struct desk *d, const char *symbol, int32_t since,
                                           int32_t day, size_t *n)
{
    for (size_t room = 16;; room *= 2) {
        struct corporate_action *a = mem_array(room, sizeof *a);
        *n = market_actions(d->market, symbol, since, day, a, room);
        if (*n < room)
            return a;
        mem_free(a);
    }
}

enum err session_actions(struct desk *d, const struct book *b, int32_t day, size_t *n,
                         struct error *e)
{
    *n = 0;
    for (size_t i = 0; i < b->n; i++) {
        const char *symbol = b->entry[i].position.symbol;
        int32_t since = adjusted_to(&b->entry[i]);
        size_t found = 0;
        if (since == DAY_NONE)
            continue;
        struct corporate_action *a = actions_of(d, symbol, since, day, &found);
        /* At the last price known then: the book's is of before the first split. */
        enum err result = OK;
        for (size_t k = 0; k < found && !result; k++)
            result = broker_corporate_action(d, symbol, a[k].ex_day, a[k].split_ratio,
                                             a[k].dividend, 0, e);
        mem_free(a);
        if (result)
            return result;
        *n += found;
    }
    return OK;
}
