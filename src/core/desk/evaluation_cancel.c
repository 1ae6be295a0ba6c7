/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>

#include "quorum/evaluation.h"
#include "quorum/text.h"

/* Whoever works on it finds at its next step that it is over: every step is fenced by the state.
 * Calls that are under way are paid and recorded. */
static const struct statement cancel = {
    "evaluation cancel",
    "WITH ev AS ("
    "  UPDATE evaluations e SET state = 'CANCELLED', state_reason = 'cancelled by ' || $2,"
    "    finished_at = desk_now(), cost_usd = spent.cost, tokens = spent.tokens,"
    "    latency_ms ="
    "      LEAST(extract(epoch FROM clock_timestamp() - e.started_machine) * 1000, 2147483647)::int"
    "  FROM (SELECT COALESCE(sum(i.cost_usd), 0) AS cost, COALESCE(sum(i.tokens_used), 0) AS tokens"
    "        FROM agent_interactions i WHERE i.evaluation_id = $1::bigint) spent"
    "  WHERE e.id = $1::bigint AND e.finished_at IS NULL RETURNING e.id, e.symbol) "
    "SELECT id, audit_append($2, $3, 'cancel', 'evaluation #' || id || ' ' || symbol, '', '', '')"
    " FROM ev"};

static const struct statement state_of = {"evaluation state",
                                          "SELECT state FROM evaluations WHERE id = $1::bigint"};

static const struct statement last_of = {"evaluation last asked",
                                         "SELECT id FROM evaluations WHERE finished_at IS NULL"
                                         " AND requested_by = $1 ORDER BY id DESC LIMIT 1"};

enum err evaluation_last_asked(struct desk *d, int64_t *id, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_text(&p, operator_name());
    if (db_query(d->db, &last_of, &p, &r, e))
        return e->kind;
    *id = r.nrows ? rows_int(&r, 0, 0) : 0;
    rows_release(&r);
    return OK;
}

/* Why nothing was cancelled. */
static enum err say_why(struct desk *d, int64_t id, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    char state[32];
    params_int(&p, id);
    if (db_query(d->db, &state_of, &p, &r, e))
        return e->kind;
    bool known = r.nrows > 0;
    if (known)
        sanitize_line(state, sizeof state, untrusted(rows_text(&r, 0, 0)));
    rows_release(&r);
    if (known)
        return err_set(e, ERR_CONFLICT, "evaluation #%" PRId64 " is over already: %s", id, state);
    err_set(e, ERR_USAGE, "no evaluation #%" PRId64, id);
    err_code(e, "E10");
    return err_fix(e, "quorum evaluations lists them");
}

enum err evaluation_cancel(struct desk *d, int64_t id, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_int(&p, id);
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    if (db_query(d->db, &cancel, &p, &r, e))
        return e->kind;
    bool done = r.nrows > 0;
    rows_release(&r);
    return done ? OK : say_why(d, id, e);
}
