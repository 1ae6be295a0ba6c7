/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One agent, or only the gathering, by hand: outside any evaluation, nothing decided. */
#include <string.h>

#include "core/desk/evaluation_private.h"
#include "quorum/timeutil.h"

enum { GATHER_TIMEOUT_MS = 120000 };

static const struct statement now = {"desk now", "SELECT desk_now()"};
static const struct statement record = {
    "agent by hand",
    "WITH i AS ("
    "  INSERT INTO agent_interactions (agent_name, action, context, result, cost_usd, latency_ms)"
    "  VALUES ($1, 'manual', $2::jsonb, $3::jsonb, 0, 0) RETURNING agent_name, created_at"
    ") SELECT add_to_rollups(agent_name, created_at, 1, 0, 0, 0, 0) FROM i"};

struct wait {
    bool ended;
    struct error error;
};

static void gathered(void *arg, const struct error *e)
{
    struct wait *w = arg;
    w->ended = true;
    if (e)
        w->error = *e;
}

static bool has_ended(void *arg)
{
    return ((const struct wait *)arg)->ended;
}

enum err desk_time(struct desk *d, int64_t *out, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    if (db_query(d->db, &now, &p, &rows, e))
        return e->kind;
    bool fine = time_parse(rows_text(&rows, 0, 0), out);
    rows_release(&rows);
    return fine ? OK : err_set(e, ERR_FAILED, "the database's time cannot be read");
}

enum err dossier_gather(struct desk *d, const struct evaluation_request *r, struct dossier *out,
                        struct error *e)
{
    struct wait w = {0};
    struct indicators given;
    struct market *recorded = NULL;
    if ((r->indicators && indicators_parse_with_price(r->indicators, r->price, &given, e)) ||
        (r->data_dir && market_recorded_new(r->data_dir, &recorded, e)))
        return e->kind;
    struct market *m = recorded ? recorded : d->market;
    int64_t as_of = recorded_as_of(recorded, r->as_of);
    enum err result = market_check_symbol(m, r->symbol, e);
    if (!result && as_of == TIME_NONE)
        result = desk_time(d, &as_of, e);
    if (!result) {
        market_gather(m, r->symbol, as_of, &out->market, gathered, &w);
        if (!loop_run_until(d->loop, has_ended, &w, GATHER_TIMEOUT_MS))
            err_set(&w.error, ERR_TRANSIENT, "%s was not gathered in time", r->symbol);
        *e = w.error;
        result = w.error.kind;
    }
    if (!result && !r->indicators)
        result = dossier_check_price(&out->market, r->price, e);
    if (!result)
        dossier_build(out, d->agents, r->indicators ? &given : NULL, r->price);
    market_free(recorded);
    return result;
}

static enum err record_try(struct desk *d, const struct agent *a, const struct dossier *dossier,
                           const struct vote *v, struct error *e)
{
    struct params p = {0};
    struct buf name = {0}, context = {0}, result = {0};
    struct json j;
    buf_printf(&name, "%s_baseline", a->name);
    json_begin(&j, &context);
    json_open(&j, NULL, '{');
    json_str(&j, "symbol", dossier->symbol);
    json_close(&j, '}');
    json_begin(&j, &result);
    json_open(&j, NULL, '{');
    json_str(&j, "vote", vote_state_name(v->state));
    json_str(&j, "answer", v->answer);
    json_num(&j, "confidence", v->confidence);
    json_str(&j, "reason", v->reason);
    json_close(&j, '}');
    params_text(&p, buf_text(&name));
    params_text(&p, buf_text(&context));
    params_text(&p, buf_text(&result));
    buf_release(&name);
    buf_release(&context);
    buf_release(&result);
    return db_query(d->db, &record, &p, NULL, e);
}

/* The risk agent judges a size, so one is worked out first, with the desk's account. */
static enum err try_veto(struct desk *d, const struct agent *a, struct dossier *dossier,
                         struct vote *out, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    struct evaluation *v = mem_alloc(sizeof *v);
    v->desk = d;
    v->dossier = *dossier;
    copy_text(v->symbol, sizeof v->symbol, dossier->symbol);
    evaluation_account_params(v, &p);
    enum err result = db_query(d->db, &evaluation_account, &p, &rows, e);
    if (!result) {
        evaluation_size(v, &rows);
        if (v->nvotes && v->vote[0].agent == a)
            *out = v->vote[0].vote;
        else
            vote_abstain(out, "no size to judge: %s", v->worksheet.reason);
    }
    rows_release(&rows);
    *dossier = v->dossier; /* it may have gained facts */
    mem_free(v);
    return result;
}

enum err agent_try(struct desk *d, const struct agent *a, const struct evaluation_request *r,
                   struct dossier *dossier, struct vote *out, struct error *e)
{
    *out = (struct vote){0};
    if (!a->baseline) {
        err_set(e, ERR_POLICY, "%s does not judge single symbols", a->name);
        return err_fix(e, "it acts in the learning cycle; quorum agents says what each does");
    }
    if (dossier_gather(d, r, dossier, e))
        return e->kind;
    if (a->role == AGENT_VETO) {
        if (try_veto(d, a, dossier, out, e))
            return e->kind;
    } else {
        a->baseline(dossier, NULL, out);
        evidence_check(dossier, out);
    }
    return record_try(d, a, dossier, out, e);
}
