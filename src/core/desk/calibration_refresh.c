/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follows from a scoring: the maps behind calibrated confidence, the prompt versions' scores,
 * the alarm on what agents decide. */
#include <stdio.h>
#include <string.h>

#include "core/desk/calibration_cases.h"
#include "quorum/guards.h"
#include "quorum/log.h"

enum { VERSIONS_MAX = 64 };

static const struct statement store_maps = {
    "calibration store",
    "INSERT INTO vote_calibration AS c (agent, source, n, kind, base, intercept, slope, x, fit,"
    "  bins) "
    "SELECT m.agent, m.source, m.n, m.kind, m.base, m.intercept, m.slope,"
    "  ARRAY(SELECT t::float8 FROM jsonb_array_elements_text(m.x) WITH ORDINALITY AS a (t, i)"
    "        ORDER BY i),"
    "  ARRAY(SELECT t::float8 FROM jsonb_array_elements_text(m.fit) WITH ORDINALITY AS a (t, i)"
    "        ORDER BY i),"
    "  ARRAY(SELECT t::bigint FROM jsonb_array_elements_text(m.bins) WITH ORDINALITY AS a (t, i)"
    "        ORDER BY i) "
    "FROM jsonb_to_recordset($1::jsonb) AS m (agent text, source text, n bigint, kind text,"
    "  base float8, intercept float8, slope float8, x jsonb, fit jsonb, bins jsonb) "
    "ON CONFLICT (agent, source) DO UPDATE SET n = EXCLUDED.n, kind = EXCLUDED.kind,"
    "  base = EXCLUDED.base, intercept = EXCLUDED.intercept, slope = EXCLUDED.slope,"
    "  x = EXCLUDED.x, fit = EXCLUDED.fit, bins = EXCLUDED.bins, fitted_at = desk_now()"};

static const struct statement store_scores = {
    "prompts score",
    "UPDATE agent_prompts a SET right_weight = s.right_weight, wrong_weight = s.wrong_weight,"
    "  resolved = s.resolved, performance_score = s.score, scored_at = desk_now() "
    "FROM jsonb_to_recordset($1::jsonb) AS s (agent text, version int, right_weight float8,"
    "  wrong_weight float8, resolved bigint, score float8) "
    "WHERE a.agent_name = s.agent AND a.prompt_name = 'system' AND a.version = s.version"
    "  AND (a.resolved <> s.resolved OR a.right_weight <> s.right_weight"
    "       OR a.wrong_weight <> s.wrong_weight)"};

/* ---- the maps */

static void numbers(struct json *j, const char *key, const double *x, size_t n)
{
    json_open(j, key, '[');
    for (size_t i = 0; i < n; i++)
        json_num(j, NULL, x[i]);
    json_close(j, ']');
}

static void map_json(struct json *j, const struct calibration_voter *v)
{
    static const char *const kind[] = {"shrunk", "logistic", "isotonic"};
    json_open(j, NULL, '{');
    json_str(j, "agent", v->agent);
    json_str(j, "source", v->source);
    json_int(j, "n", (int64_t)v->stated.n);
    json_str(j, "kind", kind[v->map.kind]);
    json_num(j, "base", v->map.base);
    json_num(j, "intercept", v->map.intercept);
    json_num(j, "slope", v->map.slope);
    numbers(j, "x", v->map.x, v->map.points);
    numbers(j, "fit", v->map.fit, v->map.points);
    json_open(j, "bins", '[');
    for (int i = 0; i < RELIABILITY_BINS; i++)
        json_int(j, NULL, (int64_t)v->stated.bin[i].n);
    json_close(j, ']');
    json_close(j, '}');
}

static enum err save_maps(struct desk *d, const struct calibration_report *r, struct error *e)
{
    struct buf b = {0};
    struct json j;
    struct params p = {0};
    json_begin(&j, &b);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < r->nvoters; i++)
        map_json(&j, &r->voter[i]);
    json_close(&j, ']');
    params_text(&p, buf_text(&b));
    buf_release(&b);
    return db_query(d->db, &store_maps, &p, NULL, e);
}

/* ---- the prompt versions */

struct tally {
    const char *agent;
    struct prompt_version v;
};

static size_t tally(const struct calibration_cases *c, struct tally *t)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct calibration_case *k = &c->c[i];
        size_t at = n;
        if (strcmp(k->source, "model") != 0 || k->version < 1 || k->vote > CALIBRATION_SELL)
            continue;
        /* The cases are by agent, so its versions stand last. */
        while (at > 0 && strcmp(t[at - 1].agent, k->agent) == 0 &&
               t[at - 1].v.version != k->version)
            at--;
        if (at == 0 || strcmp(t[at - 1].agent, k->agent) != 0) {
            if (n == VERSIONS_MAX)
                continue;
            at = ++n;
            t[at - 1] = (struct tally){.agent = k->agent, .v = {.version = k->version}};
        }
        prompt_count(&t[at - 1].v, calibration_right(k), k->days);
    }
    return n;
}

static enum err save_scores(struct desk *d, const struct calibration_cases *c, struct error *e)
{
    struct tally t[VERSIONS_MAX];
    size_t n = tally(c, t);
    struct buf b = {0};
    struct json j;
    struct params p = {0};
    if (n == 0)
        return OK;
    json_begin(&j, &b);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&j, NULL, '{');
        json_str(&j, "agent", t[i].agent);
        json_int(&j, "version", t[i].v.version);
        json_num(&j, "right_weight", t[i].v.right);
        json_num(&j, "wrong_weight", t[i].v.wrong);
        json_int(&j, "resolved", (int64_t)t[i].v.resolved);
        json_num(&j, "score", prompt_score(&t[i].v));
        json_close(&j, '}');
    }
    json_close(&j, ']');
    params_text(&p, buf_text(&b));
    buf_release(&b);
    return db_query(d->db, &store_scores, &p, NULL, e);
}

/* ---- the alarm */

/* "research v3", "research baseline" */
static void mix_object(const struct calibration_mix *m, char dst[80])
{
    if (strcmp(m->source, "model") == 0)
        snprintf(dst, 80, "%s v%d", m->agent, m->version);
    else
        snprintf(dst, 80, "%s %s", m->agent, m->source);
}

/* A rule decides otherwise when its facts do: of a baseline only missing facts are news, and a
 * model that goes with its baseline goes with the market. */
static bool is_news(const struct calibration_report *r, const struct calibration_mix *m)
{
    if (!m->alarm.fires)
        return false;
    if (strcmp(m->source, "model") != 0)
        return m->alarm.kind == MIX_ABSTAIN || m->alarm.kind == MIX_FAILED;
    for (size_t i = 0; i < r->nmixes; i++)
        if (strcmp(r->mix[i].agent, m->agent) == 0 && strcmp(r->mix[i].source, "model") != 0 &&
            r->mix[i].alarm.fires)
            return false;
    return true;
}

static size_t raise_mixes(struct desk *d, const struct calibration_report *r)
{
    size_t fire = 0;
    for (size_t i = 0; i < r->nmixes; i++) {
        const struct calibration_mix *m = &r->mix[i];
        char object[80], text[300], fix[160];
        mix_object(m, object);
        if (!is_news(r, m)) {
            alert_clear(d, "agent.mix", object);
            continue;
        }
        fire++;
        snprintf(text, sizeof text, "%s decides otherwise than before: %s", object,
                 m->alarm.reason);
        snprintf(fix, sizeof fix,
                 "quorum calibration %s: are facts missing, did the vendor change the model?",
                 m->agent);
        alert_raise(d, "agent.mix", object, 'W', text, fix);
    }
    return fire;
}

enum err calibration_refresh(struct desk *d, size_t *alarms, struct error *e)
{
    struct calibration_cases c;
    struct calibration_report *r = mem_alloc(sizeof *r);
    enum err result = calibration_cases_load(d, NULL, &c, e);
    if (!result) {
        calibration_of_votes(&c, r);
        result = save_maps(d, r, e) || save_scores(d, &c, e) || calibration_mixes(d, NULL, r, e)
                     ? e->kind
                     : OK;
    }
    size_t fire = result ? 0 : raise_mixes(d, r);
    if (alarms)
        *alarms = fire;
    calibration_release(r);
    calibration_cases_release(&c);
    mem_free(r);
    return result;
}
