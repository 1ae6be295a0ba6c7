/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The votes of all resolved evaluations of the window are read once; every figure is made from
 * them. */
#include "quorum/calibration.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/desk/calibration_cases.h"
#include "quorum/money.h"
#include "quorum/text.h"

enum { DUEL_RESAMPLES = 2000, DUEL_RUN = 4 };

/* Weeks count from any one Monday. HOLD without a chance has none. */
static const struct statement cases_read = {
    "calibration cases",
    "SELECT o.evaluation_id, v.agent, v.source, v.vote, s.probability, o.y,"
    "  COALESCE(e.regime, ''), COALESCE(v.prompt_version, 0), v.counted,"
    "  (o.entry_day - date '2000-01-03') / 7,"
    "  extract(epoch FROM desk_now() - o.resolved_at) / 86400 "
    "FROM shadow_outcomes o JOIN evaluations e ON e.id = o.evaluation_id"
    "  JOIN votes v ON v.evaluation_id = o.evaluation_id"
    "  LEFT JOIN vote_scores s ON s.evaluation_id = v.evaluation_id AND s.agent = v.agent"
    "    AND s.source = v.source "
    "WHERE o.state = 'DONE' AND o.y IS NOT NULL AND v.role = 'voter'"
    "  AND o.evaluation_id > (SELECT COALESCE(max(evaluation_id), 0) - $1::bigint FROM vote_scores)"
    "  AND ($2::text IS NULL OR v.agent = $2 OR v.counted) "
    "ORDER BY v.agent, v.source DESC, o.evaluation_id"};

/* All tries of the model in evaluations where its vote was scored. */
static const struct statement costs_read = {
    "calibration costs",
    "SELECT i.agent_name, sum(i.cost_usd) FROM agent_interactions i "
    "WHERE i.model IS NOT NULL AND i.cost_usd > 0 AND i.evaluation_id >"
    "    (SELECT COALESCE(max(evaluation_id), 0) - $1::bigint FROM vote_scores)"
    "  AND (SELECT count(*) FROM vote_scores s WHERE s.evaluation_id = i.evaluation_id"
    "       AND s.agent = i.agent_name) = 2 "
    "GROUP BY i.agent_name"};

/* Of a version that still votes: its last votes against those before them. */
static const struct statement mixes_read = {
    "calibration mixes",
    "SELECT m.agent, m.source, m.version, m.vote, count(*) FILTER (WHERE NOT m.recent),"
    "  count(*) FILTER (WHERE m.recent) "
    "FROM (SELECT v.agent, v.source, COALESCE(v.prompt_version, 0) AS version, v.vote,"
    "    row_number() OVER w <= $2::int AS recent, max(v.evaluation_id) OVER"
    "      (PARTITION BY v.agent, v.source, COALESCE(v.prompt_version, 0)) AS newest"
    "  FROM votes v WHERE v.role = 'voter' AND v.evaluation_id > $3::bigint - $1::bigint"
    "    AND ($4::text IS NULL OR v.agent = $4)"
    "    AND NOT EXISTS (SELECT FROM evaluations e WHERE e.id = v.evaluation_id"
    "      AND e.request ? 'replay_of')"
    "  WINDOW w AS (PARTITION BY v.agent, v.source, COALESCE(v.prompt_version, 0)"
    "    ORDER BY v.evaluation_id DESC)) m "
    "WHERE m.newest > $3::bigint - 10 * $2::int GROUP BY 1, 2, 3, 4 ORDER BY 1, 2 DESC, 3"};
static const struct statement newest = {"evaluations newest",
                                        "SELECT COALESCE(max(id), 0) FROM evaluations"};

/* ---- reading */

static enum calibration_vote vote_of(const char *name)
{
    static const char *const names[] = {"BUY", "SELL", "HOLD"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum calibration_vote)i;
    return CALIBRATION_NONE;
}

enum err calibration_cases_load(struct desk *d, const char *agent, struct calibration_cases *out,
                                struct error *e)
{
    struct params p = {0};
    *out = (struct calibration_cases){0};
    params_int(&p, CALIBRATION_WINDOW);
    params_text(&p, agent);
    if (db_query(d->db, &cases_read, &p, &out->rows, e))
        return e->kind;
    out->c = mem_array(out->rows.nrows + 1, sizeof *out->c);
    for (size_t i = 0; i < out->rows.nrows; i++) {
        const struct rows *r = &out->rows;
        bool none;
        double chance = rows_double(r, i, 4, &none);
        out->c[out->n++] = (struct calibration_case){
            .evaluation = rows_int(r, i, 0),
            .agent = rows_text(r, i, 1),
            .source = rows_text(r, i, 2),
            .vote = none ? CALIBRATION_NONE : vote_of(rows_text(r, i, 3)),
            .p = chance,
            .y = rows_double(r, i, 5, &(bool){false}),
            .regime = rows_text(r, i, 6),
            .version = (int)rows_int(r, i, 7),
            .counted = rows_bool(r, i, 8),
            .week = rows_int(r, i, 9),
            .days = rows_double(r, i, 10, &(bool){false}),
        };
    }
    return OK;
}

void calibration_cases_release(struct calibration_cases *c)
{
    mem_free(c->c);
    rows_release(&c->rows);
    *c = (struct calibration_cases){0};
}

bool calibration_right(const struct calibration_case *c)
{
    return (c->vote == CALIBRATION_BUY) == (c->y > 0.5);
}

/* The end of the run of one agent's votes from one source. */
static size_t run_end(const struct calibration_cases *c, size_t from)
{
    size_t i = from;
    while (i < c->n && strcmp(c->c[i].agent, c->c[from].agent) == 0 &&
           strcmp(c->c[i].source, c->c[from].source) == 0)
        i++;
    return i;
}

/* ---- one voter */

struct pairs {
    double *p, *y;
    size_t n;
};

/* NONE is never kept; with_hold: HOLD too; regime NULL: any. */
static struct pairs keep(const struct calibration_case *c, size_t n, bool with_hold,
                         const char *regime)
{
    struct pairs k = {.p = mem_array(n + 1, sizeof(double)), .y = mem_array(n + 1, sizeof(double))};
    for (size_t i = 0; i < n; i++) {
        if (c[i].vote == CALIBRATION_NONE || (c[i].vote == CALIBRATION_HOLD && !with_hold) ||
            (regime && strcmp(c[i].regime, regime) != 0))
            continue;
        k.p[k.n] = c[i].p;
        k.y[k.n++] = c[i].y;
    }
    return k;
}

static void pairs_release(struct pairs *k)
{
    mem_free(k->p);
    mem_free(k->y);
}

static bool has_regime(const struct calibration_voter *v, const char *regime)
{
    for (size_t i = 0; i < v->nregimes; i++)
        if (strcmp(v->regime[i].regime, regime) == 0)
            return true;
    return false;
}

static void score_regimes(struct calibration_voter *v, const struct calibration_case *c, size_t n)
{
    for (size_t i = 0; i < n && v->nregimes < CALIBRATION_REGIMES_MAX; i++) {
        if (c[i].vote == CALIBRATION_NONE || !*c[i].regime || has_regime(v, c[i].regime))
            continue;
        struct calibration_regime *g = &v->regime[v->nregimes++];
        copy_text(g->regime, sizeof g->regime, c[i].regime);
        struct pairs k = keep(c, n, true, c[i].regime);
        calibration_score(k.p, k.y, k.n, &g->score);
        pairs_release(&k);
    }
}

static void score_voter(struct calibration_voter *v, const struct calibration_case *c, size_t n)
{
    *v = (struct calibration_voter){.votes = n};
    copy_text(v->agent, sizeof v->agent, c->agent);
    copy_text(v->source, sizeof v->source, c->source);
    for (size_t i = 0; i < n; i++) {
        v->buys += c[i].vote == CALIBRATION_BUY;
        v->sells += c[i].vote == CALIBRATION_SELL;
        v->holds += c[i].vote == CALIBRATION_HOLD;
    }
    struct pairs all = keep(c, n, true, NULL), stated = keep(c, n, false, NULL);
    calibration_score(all.p, all.y, all.n, &v->all);
    calibration_score(stated.p, stated.y, stated.n, &v->stated);
    calibration_fit(stated.p, stated.y, stated.n, &v->map);
    score_regimes(v, c, n);
    pairs_release(&all);
    pairs_release(&stated);
}

/* ---- model against baseline */

struct match_cases {
    double *model, *baseline, *y, *gain;
    size_t *week, n, weeks;
};

static void match_alloc(struct match_cases *m, size_t n)
{
    *m = (struct match_cases){.model = mem_array(n + 1, sizeof(double)),
                              .baseline = mem_array(n + 1, sizeof(double)),
                              .y = mem_array(n + 1, sizeof(double)),
                              .gain = mem_array(n + 1, sizeof(double)),
                              .week = mem_array(n + 1, sizeof(size_t))};
}

static void match_free(struct match_cases *m)
{
    mem_free(m->model);
    mem_free(m->baseline);
    mem_free(m->y);
    mem_free(m->gain);
    mem_free(m->week);
}

/* Both runs are in the order of evaluations. */
static void match_cases(struct match_cases *m, const struct calibration_case *a, size_t na,
                        const struct calibration_case *b, size_t nb)
{
    int64_t last = 0;
    match_alloc(m, na);
    for (size_t i = 0, k = 0; i < na; i++) {
        while (k < nb && b[k].evaluation < a[i].evaluation)
            k++;
        if (k == nb || b[k].evaluation != a[i].evaluation || a[i].vote == CALIBRATION_NONE ||
            b[k].vote == CALIBRATION_NONE)
            continue;
        double y = a[i].y;
        m->model[m->n] = a[i].p;
        m->baseline[m->n] = b[k].p;
        m->y[m->n] = y;
        m->gain[m->n] = (b[k].p - y) * (b[k].p - y) - (a[i].p - y) * (a[i].p - y);
        /* Numbered in the order they come: of weeks, not of calendars. */
        if (m->n == 0 || a[i].week > last) {
            m->weeks++;
            last = a[i].week;
        }
        m->week[m->n++] = m->weeks - 1;
    }
}

static void duel(struct calibration_match *out, const struct match_cases *m)
{
    struct random g = random_begin(random_stream("calibration duel"), random_stream(out->agent));
    struct moments gain = moments_of(m->gain, m->n);
    out->duel = calibration_compare(m->model, m->baseline, m->y, m->n, &g);
    out->needed = (double)NAN;
    if (m->n >= 2 && gain.variance > 0) {
        double z = normal_quantile(0.95) + normal_quantile(0.8);
        out->needed = ceil(z * z * gain.variance / (CALIBRATION_POINT * CALIBRATION_POINT));
    }
    out->blocks = m->weeks >= CALIBRATION_WEEKS_MIN;
    if (out->blocks)
        out->duel.gain_95 =
            bootstrap_blocks(m->gain, m->week, m->n, m->weeks, DUEL_RUN, 0.95, DUEL_RESAMPLES, &g)
                .interval;
}

/* The model's votes stand before its baseline's. */
static void match_agents(struct calibration_report *out, const struct calibration_cases *c,
                         const char *agent)
{
    for (size_t at = 0, end, last; at < c->n; at = end) {
        end = run_end(c, at);
        if (strcmp(c->c[at].source, "model") != 0 || end == c->n ||
            strcmp(c->c[end].agent, c->c[at].agent) != 0 ||
            out->nmatches == ARRAY_LEN(out->match) || (agent && strcmp(c->c[at].agent, agent) != 0))
            continue;
        struct match_cases m;
        last = run_end(c, end);
        struct calibration_match *match = &out->match[out->nmatches++];
        *match = (struct calibration_match){0};
        copy_text(match->agent, sizeof match->agent, c->c[at].agent);
        match_cases(&m, c->c + at, end - at, c->c + end, last - end);
        duel(match, &m);
        match_free(&m);
    }
}

static enum err read_costs(struct desk *d, struct calibration_report *out, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_int(&p, CALIBRATION_WINDOW);
    if (db_query(d->db, &costs_read, &p, &r, e))
        return e->kind;
    for (size_t i = 0; i < out->nmatches; i++) {
        struct calibration_match *m = &out->match[i];
        for (size_t k = 0; k < r.nrows; k++)
            if (strcmp(rows_text(&r, k, 0), m->agent) == 0)
                decimal_parse(rows_text(&r, k, 1), MONEY_NANO_DIGITS, &m->cost);
        if (m->duel.n && m->duel.gain > 0)
            m->point_cost =
                VALUE((double)m->cost / 1e9 / (double)m->duel.n / m->duel.gain * CALIBRATION_POINT);
    }
    rows_release(&r);
    return OK;
}

enum calibration_verdict calibration_verdict(const struct calibration_match *m)
{
    const struct interval *i = &m->duel.gain_95;
    if (m->duel.n < PATTERN_MIN_CASES || !isfinite(i->low) || !isfinite(i->high))
        return MATCH_FEW;
    return i->low > 0 ? MATCH_MODEL : i->high < 0 ? MATCH_BASELINE : MATCH_UNPROVEN;
}

const char *calibration_verdict_text(const struct calibration_match *m, char dst[160])
{
    double needed = isfinite(m->needed) ? fmax(m->needed, PATTERN_MIN_CASES) : PATTERN_MIN_CASES;
    enum calibration_verdict v = calibration_verdict(m);
    if (v == MATCH_MODEL)
        copy_text(dst, 160, "the model beats its free baseline");
    else if (v == MATCH_BASELINE)
        copy_text(dst, 160, "the free baseline beats the model");
    else if ((double)m->duel.n < needed)
        snprintf(dst, 160, "not enough data: need ~%.0f, have %zu", needed, m->duel.n);
    else
        snprintf(dst, 160, "no difference is seen in %zu votes", m->duel.n);
    return dst;
}

/* ---- voters together */

static size_t shared(const struct calibration_case *a, size_t na, const struct calibration_case *b,
                     size_t nb, bool *right_a, bool *right_b)
{
    size_t n = 0;
    for (size_t i = 0, k = 0; i < na; i++) {
        while (k < nb && b[k].evaluation < a[i].evaluation)
            k++;
        if (k == nb || b[k].evaluation != a[i].evaluation || a[i].vote > CALIBRATION_SELL ||
            b[k].vote > CALIBRATION_SELL)
            continue;
        right_a[n] = calibration_right(&a[i]);
        right_b[n++] = calibration_right(&b[k]);
    }
    return n;
}

static int by_agent_and_evaluation(const void *x, const void *y)
{
    const struct calibration_case *a = x, *b = y;
    int names = strcmp(a->agent, b->agent);
    return names ? names : (a->evaluation > b->evaluation) - (a->evaluation < b->evaluation);
}

static void pair_up(struct calibration_report *out, const struct calibration_case *c,
                    const size_t *first, size_t agents, const char *agent)
{
    size_t most = first[agents] + 1;
    bool *right_a = mem_array(most, sizeof *right_a), *right_b = mem_array(most, sizeof *right_b);
    for (size_t i = 0; i < agents; i++) {
        for (size_t k = i + 1; k < agents && out->npairs < ARRAY_LEN(out->pair); k++) {
            const struct calibration_case *a = c + first[i], *b = c + first[k];
            if (agent && strcmp(a->agent, agent) != 0 && strcmp(b->agent, agent) != 0)
                continue;
            struct calibration_pair *pair = &out->pair[out->npairs++];
            copy_text(pair->a, sizeof pair->a, a->agent);
            copy_text(pair->b, sizeof pair->b, b->agent);
            pair->n =
                shared(a, first[i + 1] - first[i], b, first[k + 1] - first[k], right_a, right_b);
            pair->phi = vote_phi(right_a, right_b, pair->n);
        }
    }
    mem_free(right_a);
    mem_free(right_b);
}

static void pair_voters(struct calibration_report *out, const struct calibration_cases *all,
                        const char *agent)
{
    struct calibration_case *c = mem_array(all->n + 1, sizeof *c);
    size_t n = 0, first[CALIBRATION_VOTERS_MAX + 1], agents = 0;
    double sum = 0, cases = 0;
    for (size_t i = 0; i < all->n; i++)
        if (all->c[i].counted)
            c[n++] = all->c[i];
    qsort(c, n, sizeof *c, by_agent_and_evaluation);
    for (size_t i = 0; i < n && agents < CALIBRATION_VOTERS_MAX; i++)
        if (i == 0 || strcmp(c[i].agent, c[i - 1].agent) != 0)
            first[agents++] = i;
    first[agents] = n;
    pair_up(out, c, first, agents, agent);
    mem_free(c);
    out->voters = agents;
    for (size_t i = 0; i < out->npairs; i++) {
        const struct calibration_pair *p = &out->pair[i];
        if (p->n < VOTE_PHI_MIN || !p->phi.known)
            continue;
        sum += p->phi.v * (double)p->n;
        cases += (double)p->n;
    }
    out->phi_measured = cases > 0;
    out->phi = out->phi_measured ? sum / cases : VOTE_PHI_ASSUMED;
    out->effective = agents ? effective_voters((double)agents, out->phi) : 0;
}

/* ---- what they decide */

static int kind_of(const char *vote)
{
    static const char *const names[] = {"BUY", "SELL", "HOLD", "ABSTAIN", "FAILED"};
    for (int i = 0; i < MIX_KINDS; i++)
        if (strcmp(names[i], vote) == 0)
            return i;
    return MIX_FAILED;
}

enum err calibration_mixes(struct desk *d, const char *agent, struct calibration_report *out,
                           struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    if (db_query(d->db, &newest, &p, &r, e))
        return e->kind;
    params_int(&p, CALIBRATION_WINDOW);
    params_int(&p, CALIBRATION_MIX_RECENT);
    params_int(&p, rows_int(&r, 0, 0));
    params_text(&p, agent);
    rows_release(&r);
    if (db_query(d->db, &mixes_read, &p, &r, e))
        return e->kind;
    for (size_t i = 0; i < r.nrows; i++) {
        struct calibration_mix *m = out->nmixes ? &out->mix[out->nmixes - 1] : NULL;
        int version = (int)rows_int(&r, i, 2);
        if (!m || strcmp(m->agent, rows_text(&r, i, 0)) != 0 ||
            strcmp(m->source, rows_text(&r, i, 1)) != 0 || m->version != version) {
            if (out->nmixes == ARRAY_LEN(out->mix))
                break;
            m = &out->mix[out->nmixes++];
            *m = (struct calibration_mix){.version = version};
            copy_text(m->agent, sizeof m->agent, rows_text(&r, i, 0));
            copy_text(m->source, sizeof m->source, rows_text(&r, i, 1));
        }
        int kind = kind_of(rows_text(&r, i, 3));
        m->before[kind] = (uint64_t)rows_int(&r, i, 4);
        m->recent[kind] = (uint64_t)rows_int(&r, i, 5);
    }
    rows_release(&r);
    for (size_t i = 0; i < out->nmixes; i++)
        decision_mix(out->mix[i].before, out->mix[i].recent, &out->mix[i].alarm);
    return OK;
}

/* ---- all of it */

/* A baseline votes whenever its agent is a voter; a model is not asked what its baseline has no
 * data for. */
static void set_asked(struct calibration_report *out)
{
    for (size_t i = 0; i < out->nvoters; i++) {
        struct calibration_voter *v = &out->voter[i];
        for (size_t k = 0; k < out->nvoters; k++)
            if (strcmp(out->voter[k].agent, v->agent) == 0 && out->voter[k].votes > v->asked)
                v->asked = out->voter[k].votes;
    }
}

static void score_voters(const struct calibration_cases *c, const char *agent,
                         struct calibration_report *out)
{
    for (size_t at = 0, end; at < c->n; at = end) {
        end = run_end(c, at);
        if (agent && strcmp(c->c[at].agent, agent) != 0)
            continue;
        if (out->nvoters < ARRAY_LEN(out->voter))
            score_voter(&out->voter[out->nvoters++], c->c + at, end - at);
    }
    set_asked(out);
}

void calibration_of_votes(const struct calibration_cases *c, struct calibration_report *out)
{
    *out = (struct calibration_report){0};
    score_voters(c, NULL, out);
}

static int by_number(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static size_t count_evaluations(const struct calibration_cases *c)
{
    int64_t *id = mem_array(c->n + 1, sizeof *id);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        id[i] = c->c[i].evaluation;
    qsort(id, c->n, sizeof *id, by_number);
    for (size_t i = 0; i < c->n; i++)
        n += i == 0 || id[i] != id[i - 1];
    mem_free(id);
    return n;
}

enum err calibration_load(struct desk *d, const char *agent, struct calibration_report *out,
                          struct error *e)
{
    struct calibration_cases c;
    *out = (struct calibration_report){0};
    enum err result = calibration_cases_load(d, agent, &c, e);
    if (!result) {
        out->evaluations = count_evaluations(&c);
        score_voters(&c, agent, out);
        match_agents(out, &c, agent);
        pair_voters(out, &c, agent);
    }
    calibration_cases_release(&c);
    if (result || read_costs(d, out, e) || calibration_mixes(d, agent, out, e))
        return e->kind;
    return OK;
}

void calibration_release(struct calibration_report *r)
{
    for (size_t i = 0; i < r->nvoters; i++)
        calibration_map_release(&r->voter[i].map);
    r->nvoters = 0;
}

const char *calibration_print(char dst[CALIBRATED_SIZE], double confidence, struct value real_pct,
                              int64_t n)
{
    if (real_pct.known)
        snprintf(dst, CALIBRATED_SIZE, "%.0f%% (%.0f real, n=%lld)", round_half_away(confidence, 0),
                 round_half_away(real_pct.v, 0), (long long)n);
    else
        snprintf(dst, CALIBRATED_SIZE, "%.0f%%", round_half_away(confidence, 0));
    return dst;
}
