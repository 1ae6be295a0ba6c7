/* SPDX-License-Identifier: GPL-3.0-or-later */
/* After each session: what is being measured and what runs in the shadow, judged by the rule that
 * was fixed when it was applied (review_judge.c), and what follows from it. Linear: it waits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/desk/review_judge.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/review.h"

/* Days before the change whose decisions tell how far replay and live results differ anyway. */
enum { BEFORE_DAYS = 120, BEFORE_TRADES = 200 };

static const struct statement watched = {
    "review watched",
    "SELECT a.id, a.parameter_name, a.old_value, a.new_value, a.status = 'SHADOW',"
    "  floor(extract(epoch FROM desk_now() - COALESCE(a.shadow_from, a.applied_at)) / 86400)::int,"
    "  COALESCE(a.shadow_trades, 0), COALESCE((a.measure->>'seed')::bigint, a.id),"
    "  (a.measure->>'worst_drawdown')::float8 "
    "FROM strategy_adjustments a WHERE a.status = 'SHADOW'"
    "  OR (a.status IN ('APPLIED', 'AUTO_APPLIED') AND a.measured->>'state' = 'measuring') "
    "ORDER BY a.id"};

/* The version a change made, and the one before it (NULL: the baseline). */
#define VERSIONS                                                                                   \
    "WITH a AS (SELECT s.*, v.id AS made, (SELECT max(b.id) FROM parameter_versions b"             \
    "   WHERE b.name = s.parameter_name AND b.id < v.id) AS base"                                  \
    "  FROM strategy_adjustments s LEFT JOIN parameter_versions v ON v.adjustment_id = s.id"       \
    "  WHERE s.id = $1::bigint ORDER BY v.id DESC LIMIT 1) "

static const struct statement results = {
    "review results", VERSIONS
    "SELECT r, since FROM (SELECT t.r_multiple AS r, p.parameters->>a.parameter_name = a.made::text"
    "    IS TRUE AS since, t.closed_at, t.id,"
    "    row_number() OVER (PARTITION BY p.parameters->>a.parameter_name = a.made::text IS TRUE"
    "                       ORDER BY t.closed_at DESC, t.id DESC) AS back"
    "  FROM a, trade_outcomes t JOIN positions p ON p.id = t.position_id"
    "  WHERE a.made IS NOT NULL AND t.account_id = 1 AND t.r_multiple IS NOT NULL"
    "   AND (p.parameters->>a.parameter_name = a.made::text"
    "        OR (t.closed_at <= a.applied_at"
    "            AND p.parameters->>a.parameter_name IS NOT DISTINCT FROM a.base::text))) w "
    "WHERE since OR back <= $2::int ORDER BY closed_at, id"};

/* Decisions to buy: of a shadow all since it began, else by the version they were made with. */
static const struct statement decisions = {
    "review decisions", VERSIONS
    "SELECT e.id, COALESCE(e.parameters->>a.parameter_name = a.made::text, a.status = 'SHADOW') "
    "FROM a JOIN evaluations e ON e.decision = 'BUY' AND CASE WHEN a.status = 'SHADOW'"
    "   THEN e.created_at >= a.shadow_from"
    "   ELSE (e.created_at >= a.applied_at AND e.parameters->>a.parameter_name = a.made::text)"
    "     OR (e.created_at < a.applied_at AND e.created_at > a.applied_at - $2::int * interval"
    "         '1 day' AND e.parameters IS NOT NULL"
    "         AND e.parameters->>a.parameter_name IS NOT DISTINCT FROM a.base::text) END "
    "ORDER BY e.id"};

static const struct statement store = {
    "review measured", "SELECT review_measured($1::bigint, $2::jsonb, $3::jsonb, $4)"};
static const struct statement store_shadow = {"review shadow done",
                                              "SELECT review_shadow_done($1::bigint, $2::jsonb)"};

static struct value value_at(const struct rows *r, size_t row, size_t col)
{
    bool is_null;
    double x = rows_double(r, row, col, &is_null);
    return is_null ? VALUE_UNKNOWN : VALUE(x);
}

static bool read_row(const struct rows *r, size_t row, struct judged *j)
{
    *j = (struct judged){.id = rows_int(r, row, 0),
                         .parameter = parameter_find(rows_text(r, row, 1)),
                         .old_value = value_at(r, row, 2),
                         .new_value = value_at(r, row, 3),
                         .shadow = rows_bool(r, row, 4),
                         .days = (int)rows_int(r, row, 5),
                         .shadow_trades = (int)rows_int(r, row, 6),
                         .seed = (uint64_t)rows_int(r, row, 7),
                         .worst = value_at(r, row, 8)};
    return j->parameter != PARAMETERS;
}

static enum err read_results(struct desk *d, struct judged *j, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_int(&p, j->id);
    params_int(&p, BEFORE_TRADES);
    if (db_query(d->db, &results, &p, &r, e))
        return e->kind;
    j->before = mem_array(r.nrows + 1, sizeof *j->before);
    j->since = mem_array(r.nrows + 1, sizeof *j->since);
    for (size_t i = 0; i < r.nrows; i++) {
        double x = learning_clip_r(rows_double(&r, i, 0, &(bool){false}));
        if (rows_bool(&r, i, 1))
            j->since[j->nsince++] = x;
        else
            j->before[j->nbefore++] = x;
    }
    rows_release(&r);
    return OK;
}

static enum err read_decisions(struct desk *d, struct judged *j, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_int(&p, j->id);
    params_int(&p, BEFORE_DAYS);
    if (db_query(d->db, &decisions, &p, &r, e))
        return e->kind;
    j->decided = mem_array(r.nrows + 1, sizeof *j->decided);
    j->earlier = mem_array(r.nrows + 1, sizeof *j->earlier);
    for (size_t i = 0; i < r.nrows; i++) {
        if (rows_bool(&r, i, 1))
            j->decided[j->ndecided++] = rows_int(&r, i, 0);
        else
            j->earlier[j->nearlier++] = rows_int(&r, i, 0);
    }
    rows_release(&r);
    return OK;
}

static void judged_release(struct judged *j)
{
    mem_free(j->before);
    mem_free(j->since);
    mem_free(j->decided);
    mem_free(j->earlier);
}

static enum err store_applied(struct desk *d, const struct judged *j, const struct judgement *g,
                              struct error *e)
{
    struct params p = {0};
    struct buf text = {0};
    char fixed[160];
    snprintf(fixed, sizeof fixed, "{\"worst_drawdown\":%.6f,\"trades_before\":%zu}", g->worst,
             j->nbefore);
    judgement_json(g, &text);
    params_int(&p, j->id);
    params_text(&p, fixed);
    params_text(&p, buf_text(&text));
    params_text(&p, g->take_back ? g->text : "");
    buf_release(&text);
    return db_query(d->db, &store, &p, NULL, e);
}

static enum err store_comparison(struct desk *d, const struct judged *j, const struct judgement *g,
                                 struct error *e)
{
    struct params p = {0};
    struct buf text = {0};
    judgement_json(g, &text);
    params_int(&p, j->id);
    params_text(&p, buf_text(&text));
    buf_release(&text);
    return db_query(d->db, &store_shadow, &p, NULL, e);
}

static enum err judge_one(struct desk *d, struct judged *j, const struct candidate_set *all,
                          const struct parameter p[PARAMETERS], int64_t *ended, struct error *e)
{
    struct judgement g;
    if ((!j->shadow && read_results(d, j, e)) || read_decisions(d, j, e))
        return e->kind;
    review_judge(j, all, p, &g);
    if (j->shadow && !g.ends)
        return OK;
    if (j->shadow ? store_comparison(d, j, &g, e) : store_applied(d, j, &g, e))
        return e->kind;
    if (g.ends) {
        (*ended)++;
        log_write(g.take_back ? LOG_WARN : LOG_INFO, "review", "#%lld %s: %s", (long long)j->id,
                  g.state, g.text);
    }
    return OK;
}

static enum err judge_all(struct desk *d, const struct rows *r, int64_t *ended, struct error *e)
{
    struct parameter p[PARAMETERS];
    struct candidate_set *all = NULL;
    int longest = 0;
    for (size_t i = 0; i < r->nrows; i++)
        if (rows_int(r, i, 5) > longest)
            longest = (int)rows_int(r, i, 5);
    if (parameters_load(d, p, e) || candidates_wait(d, longest + BEFORE_DAYS, &all, e))
        return e->kind;
    for (size_t i = 0; i < r->nrows && !e->kind; i++) {
        struct judged j;
        if (read_row(r, i, &j))
            judge_one(d, &j, all, p, ended, e);
        judged_release(&j);
    }
    candidates_release(all);
    return e->kind;
}

void review_measure(struct desk *d, review_pass_fn *done, void *arg)
{
    struct rows r = {0};
    struct error e = {0};
    int64_t ended = 0;
    if (db_query(d->db, &watched, NULL, &r, &e) == OK && r.nrows)
        judge_all(d, &r, &ended, &e);
    rows_release(&r);
    if (done)
        done(arg, ended, e.kind ? &e : NULL);
}
