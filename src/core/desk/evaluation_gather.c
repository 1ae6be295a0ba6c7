/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an evaluation rests on, from the market. Where the moment is known beforehand that begins
 * before the evaluation's row is there, and is waited for in the state GATHERING. */
#include "core/desk/evaluation_private.h"
#include "quorum/timeutil.h"
#include "quorum/vendor.h"

static void judge_gathered(struct evaluation *v)
{
    const struct error *bad = &v->ungathered;
    if (bad->kind)
        evaluation_fail(v, bad->kind == ERR_USAGE ? "REFUSED" : "FAILED", bad->text);
    else
        evaluation_facts_known(v);
}

static void gathered(void *arg, const struct error *e)
{
    struct evaluation *v = arg;
    v->gathering = false;
    v->gathered = true;
    if (v->over.kind) {
        evaluation_finish(v, &v->over);
        return;
    }
    if (e && e->kind)
        v->ungathered = *e;
    else if (v->has_given ||
             !dossier_check_price(&v->dossier.market, v->given_price, &v->ungathered))
        dossier_build(&v->dossier, v->desk->agents, v->has_given ? &v->given : NULL,
                      v->given_price);
    if (v->awaits_facts)
        judge_gathered(v);
}

static void begin_gather(struct evaluation *v)
{
    v->gathering = true;
    if (v->fresh && !v->recorded)
        market_live_fresh(v->desk->market);
    market_gather(v->recorded ? v->recorded : v->desk->market, v->symbol, v->as_of,
                  &v->dossier.market, gathered, v);
}

void evaluation_gather(struct evaluation *v)
{
    if (v->made) {
        evaluation_facts_known(v);
    } else if (v->gathered) {
        judge_gathered(v);
    } else {
        v->awaits_facts = true;
        if (!v->gathering)
            begin_gather(v);
    }
}

void evaluation_gather_ahead(struct evaluation *v)
{
    if (v->as_of != TIME_NONE && !v->made)
        begin_gather(v);
}

void evaluation_spell_facts(struct evaluation *v)
{
    bool known = v->made || (v->gathered && !v->ungathered.kind);
    if (known && v->content.len == 0)
        dossier_write(&v->dossier, &v->content);
}
