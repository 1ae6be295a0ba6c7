/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an evaluation may cost, before anything is gathered. */
#include <string.h>

#include "core/desk/evaluation_private.h"
#include "quorum/model.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

/* A model without a price is refused before anything is stored. */
static enum err check_models(const struct evaluation *v, struct error *e)
{
    char id[64];
    if (desk_model_absent(v->desk))
        return OK;
    for (const struct agent *const *a = v->desk->agents; *a; a++)
        if ((*a)->role != AGENT_PROPOSER && desk_model(v->desk, *a, id, e))
            return e->kind;
    return OK;
}

/* voter NULL: all of the table. */
static bool is_asked(const struct agent *a, const struct agent *const *voter, size_t n)
{
    if (a->role == AGENT_PROPOSER)
        return false;
    bool asked = a->role != AGENT_VOTER || !voter;
    for (size_t i = 0; i < n && !asked; i++)
        asked = voter[i] == a;
    return asked;
}

static int64_t estimate_of(struct desk *d, const struct agent *const *voter, size_t n)
{
    int64_t sum = 0;
    char id[64];
    if (desk_model_absent(d) || d->model->ops->costs_nothing)
        return 0;
    for (const struct agent *const *a = d->agents; *a; a++) {
        if (!is_asked(*a, voter, n) || desk_model(d, *a, id, NULL))
            continue;
        int64_t prompt = (int64_t)strlen((*a)->prompt) + FACTS_TEXT_MAX / 2;
        int64_t cost = model_worst_case(id, (int32_t)(time_machine_now() / USEC_DAY), prompt,
                                        ANSWER_TOKENS_MAX, false);
        sum += cost > 0 ? cost : 0;
    }
    return sum;
}

int64_t evaluation_estimate(struct desk *d, const char *voters)
{
    const struct agent *voter[VOTERS_MAX];
    struct error ignored = {0};
    size_t n = 0;
    bool known = voters && voters_parse(d->agents, voters, voter, &n, &ignored) == OK;
    return estimate_of(d, known ? voter : NULL, n);
}

enum err evaluation_check_cost(const struct evaluation *v, const struct evaluation_request *r,
                               struct error *e)
{
    char need[40], have[40];
    if (check_models(v, e))
        return e->kind;
    int64_t estimate = estimate_of(v->desk, v->voter, v->nvoters);
    if (r->max_cost <= 0 || estimate <= r->max_cost)
        return OK;
    err_set(e, ERR_POLICY, "this evaluation may cost %s, --max-cost is %s",
            decimal_print(need, sizeof need, estimate, MONEY_NANO_DIGITS, 4),
            decimal_print(have, sizeof have, r->max_cost, MONEY_NANO_DIGITS, 4));
    err_code(e, "E22");
    return err_fix(e, "allow more, or name fewer agents");
}
