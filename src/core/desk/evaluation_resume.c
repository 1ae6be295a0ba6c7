/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking over an evaluation whose process is gone, at whatever state it was stored. Nothing that
 * was paid is paid again: votes that were settled are read back, and a reply that was paid for
 * but died with its process leaves the baseline's vote. */
#include <string.h>

#include "core/desk/evaluation_private.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

static const struct statement holder = {
    "evaluation holder", "SELECT state, locked_by FROM evaluations WHERE id = $1::bigint"};

/* What was asked of "now" and has gathered nothing yet is asked of the now there is: a live market
 * has no other. (Rows from before a moment asked for was kept tell by the time they were made.) */
static const struct statement claim = {
    "evaluation claim",
    "WITH ev AS ("
    "  UPDATE evaluations SET locked_by = $2, lease_until = clock_timestamp() + " LEASE ","
    "    attempt = attempt + 1, as_of = CASE WHEN state IN ('QUEUED', 'GATHERING')"
    "      AND NOT request ? 'as_of' AND as_of > created_at - interval '1 second'"
    "      THEN desk_now() ELSE as_of END"
    "  WHERE id = $1::bigint AND finished_at IS NULL AND (locked_by IS NULL OR"
    "    lease_until < clock_timestamp() OR locked_by = $3) RETURNING *) "
    "SELECT ev.symbol, ev.state, ev.as_of, ev.needed, ev.request->>'price',"
    "  ev.request->>'indicators', ev.request->>'voters', ev.request->>'data',"
    "  (SELECT content FROM dossiers d WHERE d.evaluation_id = ev.id), budget_abandon(ev.id),"
    "  ev.degraded_reason "
    "FROM ev"};

/* What another process sent may have been answered and paid, whoever is settling it just now. */
static const struct statement paid = {
    "evaluation paid votes",
    "SELECT agent, vote, answer, confidence, reason, score FROM votes"
    " WHERE evaluation_id = $1::bigint AND source = 'model' "
    "UNION ALL SELECT DISTINCT agent_name, 'LOST', '', 0, '', NULL::float8"
    " FROM agent_interactions i"
    " WHERE evaluation_id = $1::bigint AND model IS NOT NULL"
    " AND (status = 'PRESUMED' OR (status = 'FAILED' AND cost_usd > 0)"
    "      OR (status = 'SENT' AND NOT EXISTS (SELECT FROM budget_reservation b"
    "          WHERE b.interaction_id = i.id AND b.owner = $2)))"
    " AND NOT EXISTS (SELECT FROM votes v WHERE v.evaluation_id = i.evaluation_id"
    "                 AND v.agent = i.agent_name AND v.source = 'model')"};

/* Another attempt need not wait for the lease. */
static const struct statement release = {
    "evaluation release", "UPDATE evaluations SET locked_by = NULL, lease_until = NULL"
                          " WHERE id = $1::bigint AND locked_by = $2 AND finished_at IS NULL"};

static const char *known_state(const char *name)
{
    static const char *const open[] = {"QUEUED", "GATHERING", "VOTING", "SIZING"};
    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        if (strcmp(open[i], name) == 0)
            return open[i];
    return NULL;
}

static enum err restore(struct evaluation *v, const struct rows *rows, struct error *e)
{
    const char *price = rows_text(rows, 0, 4), *given = rows_text(rows, 0, 5);
    const char *voters = rows_text(rows, 0, 6), *data = rows_text(rows, 0, 7);
    const char *dossier = rows_text(rows, 0, 8);
    copy_text(v->symbol, sizeof v->symbol, rows_text(rows, 0, 0));
    v->state = known_state(rows_text(rows, 0, 1));
    v->needed = (int)rows_int(rows, 0, 3);
    if (!v->state || !time_parse(rows_text(rows, 0, 2), &v->as_of) || v->needed < 1)
        return err_set(e, ERR_FAILED, "evaluation #%lld cannot be read", (long long)v->id);
    if (price && !decimal_parse(price, PRICE_DIGITS, &v->given_price))
        return err_set(e, ERR_FAILED, "evaluation #%lld holds a wrong price", (long long)v->id);
    copy_text(v->degraded, sizeof v->degraded, rows_text(rows, 0, 10));
    v->has_given = given != NULL;
    if ((given && indicators_parse(given, &v->given, e)) ||
        voters_parse(v->desk->agents, voters ? voters : "", v->voter, &v->nvoters, e))
        return err_wrap(e, "evaluation #%lld", (long long)v->id);
    if (strcmp(v->state, "VOTING") == 0 || strcmp(v->state, "SIZING") == 0)
        return dossier ? dossier_read(&v->dossier, dossier, strlen(dossier), e)
                       : err_set(e, ERR_FAILED, "evaluation #%lld has lost its dossier",
                                 (long long)v->id);
    if (!data || market_recorded_new(data, &v->recorded, e) == OK)
        return OK;
    /* A directory may be back later: a disk that is not mounted. */
    e->kind = ERR_TRANSIENT;
    err_wrap(e, "evaluation #%lld stays unfinished", (long long)v->id);
    return err_fix(e, "make the directory readable, then: quorum evaluate --resume %lld",
                   (long long)v->id);
}

static const struct agent *agent_of(const struct evaluation *v, const char *name)
{
    for (const struct agent *const *a = v->desk->agents; *a; a++)
        if (strcmp((*a)->name, name) == 0)
            return *a;
    return NULL;
}

static void take_paid(struct evaluation *v, const struct rows *rows)
{
    for (size_t i = 0; i < rows->nrows; i++) {
        const struct agent *a = agent_of(v, rows_text(rows, i, 0));
        struct vote vote = {0};
        bool no_score;
        if (!a)
            continue;
        if (!vote_state_parse(rows_text(rows, i, 1), &vote.state)) {
            if (v->nlost < ARRAY_LEN(v->lost))
                v->lost[v->nlost++] = a;
            continue;
        }
        copy_text(vote.answer, sizeof vote.answer, rows_text(rows, i, 2));
        vote.confidence = rows_double(rows, i, 3, NULL);
        copy_text(vote.reason, sizeof vote.reason, rows_text(rows, i, 4));
        vote.score.v = rows_double(rows, i, 5, &no_score);
        vote.score.known = !no_score;
        evaluation_add_model_vote(v, a, &vote);
    }
}

static void paid_read(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    if (e && e->kind) {
        evaluation_finish(v, e);
        return;
    }
    take_paid(v, rows);
    evaluation_step(v);
}

static void released(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    (void)rows;
    evaluation_finish(v, e && e->kind ? e : &v->unavailable);
}

static void claimed(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    struct error bad = {0};
    if (e && e->kind) {
        evaluation_finish(v, e);
    } else if (rows->nrows == 0) {
        err_set(&bad, ERR_CONFLICT, "evaluation #%lld is finished or another process works on it",
                (long long)v->id);
        evaluation_finish(v, &bad);
    } else if (restore(v, rows, &bad) == ERR_TRANSIENT) {
        struct params p = {0};
        v->unavailable = bad;
        params_int(&p, v->id);
        params_text(&p, owner_self());
        db_send(v->desk->db, &release, &p, released, v);
    } else if (bad.kind) {
        /* What cannot be read again will not be readable later either. */
        const char *state = known_state(rows_text(rows, 0, 1));
        v->state = state ? state : "QUEUED";
        evaluation_fail(v, "FAILED", bad.text);
    } else {
        struct params p = {0};
        params_int(&p, v->id);
        params_text(&p, owner_self());
        db_send(v->desk->db, &paid, &p, paid_read, v);
    }
}

/* An owner that is gone, or this process, which lost the database under it. */
static bool is_left(const struct evaluation *v, const char *owner)
{
    return strcmp(owner, owner_self()) == 0 ? !evaluation_is_at_work(v->desk, v->id, v)
                                            : owner_is_gone(owner);
}

static void held(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    struct error bad = {0};
    if (e && e->kind) {
        evaluation_finish(v, e);
        return;
    }
    if (rows->nrows == 0) {
        err_set(&bad, ERR_USAGE, "there is no evaluation #%lld", (long long)v->id);
        evaluation_finish(v, &bad);
        return;
    }
    const char *owner = rows_text(rows, 0, 1);
    struct params p = {0};
    params_int(&p, v->id);
    params_text(&p, owner_self());
    params_text(&p, owner && is_left(v, owner) ? owner : NULL);
    db_send(v->desk->db, &claim, &p, claimed, v);
}

void evaluation_resume(struct desk *d, int64_t id, evaluation_done_fn *done, void *arg)
{
    struct evaluation *v = evaluation_new(d, done, arg);
    struct params p = {0};
    v->id = id;
    params_int(&p, id);
    db_send(d->db, &holder, &p, held, v);
}
