/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The nightly learning cycle. */
#include <stdio.h>
#include <string.h>

#include "core/desk/engine_private.h"
#include "quorum/evaluation.h"
#include "quorum/learning.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

#define LATE_AFTER (20 * 3600 * USEC_SECOND) /* the next night's is near */

static void tell(const struct learning_result *r, char result[RESULT_MAX])
{
    char cost[40];
    snprintf(result, RESULT_MAX,
             "cycle #%lld: %zu trades, %zu cases, %zu patterns; %zu proposed, %zu applied; $%s%s%s",
             (long long)r->cycle, r->trades, r->cases, r->patterns, r->proposals, r->applied,
             decimal_print(cost, sizeof cost, r->cost, MONEY_NANO_DIGITS, 4),
             r->degraded ? "; DEGRADED: " : "", r->degraded ? r->degraded_why : "");
}

enum err engine_learn(struct engine *g, const struct job *j, char result[RESULT_MAX],
                      struct error *e)
{
    struct learning_request q = {.trigger = "schedule", .seed_name = "default"};
    struct learning_result r;
    int64_t now;
    if (desk_time(g->desk, &now, e))
        return e->kind;
    if (now - j->due > LATE_AFTER || !desk_bool(g->desk, SETTING_LEARNING_ENABLED)) {
        snprintf(result, RESULT_MAX, "skipped: %s",
                 now - j->due > LATE_AFTER ? "its night is over" : "learning was turned off");
        return OK;
    }
    enum err rc = learning_cycle(g->desk, &q, &r, e);
    if (rc == OK) {
        tell(&r, result);
    } else if (rc == ERR_POLICY || rc == ERR_CONFLICT) { /* too few trades; one runs by hand */
        snprintf(result, RESULT_MAX, "skipped: %s", e->text);
        err_clear(e);
        rc = OK;
    }
    return rc;
}
