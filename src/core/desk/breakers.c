/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Breakers are rows of the database and trip there (breakers_update() of the migration): whoever
 * asks, after whatever crash, finds the same. */
#include <string.h>

#include "core/desk/told.h"
#include "quorum/guards.h"

static const struct statement update = {"breakers update", "SELECT breakers_update()"};
static const struct statement reset = {"breaker reset", "SELECT breaker_reset($1, $2, $3, $4)"};

void breakers_update(struct desk *d, void (*done)(void *arg, const struct error *e), void *arg)
{
    told_send(d->db, &update, NULL, done, arg);
}

enum err breaker_reset(struct desk *d, const char *name, const char *reason, struct error *e)
{
    static const char *const names[] = {"daily_loss", "weekly_loss", "drawdown"};
    struct params p = {0};
    struct rows r = {0};
    bool known = false, was_tripped;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        known = known || strcmp(names[i], name) == 0;
    if (!known) {
        err_set(e, ERR_USAGE, "there is no breaker \"%s\"", name);
        return err_fix(e, "breakers: daily_loss weekly_loss drawdown");
    }
    params_text(&p, name);
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    params_text(&p, reason);
    if (db_query(d->db, &reset, &p, &r, e))
        return e->kind;
    was_tripped = rows_text(&r, 0, 0) != NULL;
    rows_release(&r);
    if (was_tripped)
        return OK;
    err_set(e, ERR_USAGE, "the breaker %s is not tripped", name);
    return err_fix(e, "quorum guards shows where each stands");
}
