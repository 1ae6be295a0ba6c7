/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An applied change against what would have been without it. The shadow book is the same decisions
 * left by the old value (paired replay); what replay and live results differ by anyway is measured
 * on the trades before and taken off (difference in differences). */
#include "core/desk/review_judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/broker.h"
#include "quorum/mem.h"

enum { DRAWDOWN_LEAST = 20 }; /* trades before, until a drawdown of them means something */
#define Z_95         1.959963984540054
#define SURELY       80.0 /* percent likely better: the result is told as better */
#define DRAWDOWN_RUN "review drawdown"

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool holds(const int64_t *ids, size_t n, int64_t id)
{
    return n && bsearch(&id, ids, n, sizeof *ids, by_id);
}

/* The parameters with the judged one at v. */
static void parameters_with(const struct judged *j, const struct parameter p[PARAMETERS],
                            struct value v, struct parameter out[PARAMETERS])
{
    memcpy(out, p, PARAMETERS * sizeof *out);
    out[j->parameter].value = v;
}

/* ---- exits: live against the same decision left by the old value ---- */

struct ways {
    struct replay_exits old, new;
    int limit; /* sessions there have to be: quick ends are not told before slow ones */
};

static bool live_less_old(const struct candidate *c, const struct ways *w, bool since, double *out)
{
    struct replay_path old, new;
    const struct replay_candidate *k = &c->replay;
    if (!c->trade_id || k->bars->n < k->first + (size_t)w->limit + 1)
        return false;
    replay_walk(k, &w->old, &cost_model_default, &old);
    if (!old.decided || !(old.stop_fraction > 0))
        return false;
    double live = c->known.r;
    if (since) { /* its R is of the new stop */
        replay_walk(k, &w->new, &cost_model_default, &new);
        live *= new.stop_fraction / old.stop_fraction;
    }
    *out = learning_clip_r(live) - learning_clip_r(old.return_fraction / old.stop_fraction);
    return isfinite(*out);
}

struct learning_effect judge_exits(const struct judged *j, const struct candidate_set *all,
                                   const struct parameter p[PARAMETERS], size_t *compared)
{
    struct parameter with[PARAMETERS];
    struct ways w;
    double *since = mem_array(all->n + 1, sizeof *since);
    double *before = mem_array(all->n + 1, sizeof *before);
    size_t n = 0, m = 0;
    parameters_with(j, p, j->old_value, with);
    w.old = parameters_exits(with);
    parameters_with(j, p, j->new_value, with);
    w.new = parameters_exits(with);
    w.limit = w.old.time_exit > w.new.time_exit ? w.old.time_exit : w.new.time_exit;
    for (size_t i = 0; i < all->n; i++) {
        const struct candidate *c = &all->c[i];
        if (holds(j->decided, j->ndecided, c->known.id))
            n += live_less_old(c, &w, true, &since[n]);
        else if (holds(j->earlier, j->nearlier, c->known.id))
            m += live_less_old(c, &w, false, &before[m]);
    }
    /* Without trades before the replay is taken at its word; zeros have no spread, so count as the
     * floor of one R does. */
    if (m == 0)
        for (; m < n; m++)
            before[m] = 0;
    struct learning_effect e = learning_effect_between(since, n, before, m);
    e.n = n;
    *compared = n;
    mem_free(since);
    mem_free(before);
    return e;
}

/* ---- filters and shadows: whatif over the decisions since ---- */

static bool run_whatif(const struct judged *j, const struct candidate_set *all,
                       const struct parameter p[PARAMETERS], struct whatif *out)
{
    struct parameter with[PARAMETERS];
    struct error ignored = {0};
    bool exits = p[j->parameter].class == PARAMETER_EXIT;
    struct candidate_set some = *all;
    some.c = mem_array(all->n + 1, sizeof *some.c);
    some.n = some.traded = 0;
    for (size_t i = 0; i < all->n; i++) {
        if (!holds(j->decided, j->ndecided, all->c[i].known.id) || (exits && !all->c[i].trade_id))
            continue;
        some.traded += all->c[i].trade_id > 0;
        some.c[some.n++] = all->c[i];
    }
    parameters_with(j, p, j->old_value, with);
    bool done = some.n && whatif_run(&some, with, j->parameter, j->new_value, out, &ignored) == OK;
    mem_free(some.c);
    return done;
}

static void judge_filter(const struct judged *j, const struct candidate_set *all,
                         const struct parameter p[PARAMETERS], struct judgement *out)
{
    struct whatif *w = mem_alloc(sizeof *w);
    if (run_whatif(j, all, p, w)) {
        out->effect = w->effect;
        out->compared = w->used > w->n_new ? w->used : w->n_new;
    }
    mem_free(w);
}

/* ---- the rule ---- */

static double worst_of(const struct judged *j)
{
    struct random g = random_begin(j->seed, random_stream(DRAWDOWN_RUN));
    if (j->worst.known)
        return j->worst.v;
    if (j->nbefore < DRAWDOWN_LEAST)
        return 0;
    return drawdown_bootstrap(j->before, j->nbefore, MEASURE_TRADES, DRAWDOWN_PATHS, &g);
}

static void fill_figures(struct judgement *out)
{
    double v = out->effect.variance, half = Z_95 * sqrt(v);
    bool known = isfinite(v) && v > 0 && out->compared > 0;
    out->interval = known ? (struct interval){out->effect.delta - half, out->effect.delta + half}
                          : (struct interval){(double)NAN, (double)NAN};
    out->confidence = known ? learning_confidence(&out->effect, 1) : 50;
    out->e_value =
        known ? exp(fmin(one_sided_log_e(-out->effect.delta, v, LEARNING_TEST_DEVIATION), 50)) : 1;
}

static void conclude(struct judgement *out, enum measure_verdict verdict, const char *reason)
{
    static const char *const state[] = {
        [MEASURE_GO_ON] = "measuring",
        [MEASURE_ROLL_BACK] = "rolled back",
        [MEASURE_SUNSET] = "sunset",
    };
    out->ends = verdict != MEASURE_GO_ON;
    out->take_back = verdict == MEASURE_ROLL_BACK || verdict == MEASURE_SUNSET;
    out->state = verdict == MEASURE_KEEP ? (out->confidence >= SURELY ? "better" : "unclear")
                                         : state[verdict];
    char figures[80] = "";
    if (out->ends && isfinite(out->interval.low))
        snprintf(figures, sizeof figures, ", %+.2f R a trade [%+.2f, %+.2f]", out->effect.delta,
                 out->interval.low, out->interval.high);
    snprintf(out->text, sizeof out->text, "%s%s%s; %zu trades since, %zu compared", reason, figures,
             verdict == MEASURE_SUNSET ? ": not proven" : "", out->n, out->compared);
}

/* How much is held has no effect on R: kept, told as unclear, never taken back by this rule. */
static void judge_size(const struct judged *j, struct judgement *out)
{
    out->ends = j->nsince >= MEASURE_TRADES || j->days >= MEASURE_DAYS;
    out->state = out->ends ? "unclear" : "measuring";
    snprintf(out->text, sizeof out->text,
             "%zu of %d trades, %d of %d days; a size changes no R, "
             "so nothing can be proven of it",
             j->nsince, MEASURE_TRADES, j->days, MEASURE_DAYS);
}

static void judge_applied(const struct judged *j, const struct candidate_set *all,
                          const struct parameter p[PARAMETERS], struct judgement *out)
{
    char reason[160];
    enum parameter_class class = p[j->parameter].class;
    out->n = j->nsince;
    out->worst = worst_of(j);
    out->drawdown = drawdown_of(j->since, j->nsince);
    if (class == PARAMETER_SIZE) {
        judge_size(j, out);
        return;
    }
    if (class == PARAMETER_EXIT)
        out->effect = judge_exits(j, all, p, &out->compared);
    else
        judge_filter(j, all, p, out);
    fill_figures(out);
    struct measure m = {.effect = out->effect,
                        .trades = out->compared,
                        .days = j->days,
                        .drawdown = out->drawdown,
                        .worst_drawdown = out->worst};
    conclude(out, measure_judge(&m, reason), reason);
}

static void judge_shadow(const struct judged *j, const struct candidate_set *all,
                         const struct parameter p[PARAMETERS], struct judgement *out)
{
    struct whatif *w = mem_alloc(sizeof *w);
    bool known = run_whatif(j, all, p, w);
    size_t seen = known ? (w->used > w->n_new ? w->used : w->n_new) : 0;
    out->state = "pending";
    out->ends = seen >= (size_t)j->shadow_trades || j->days >= MEASURE_DAYS;
    if (known) {
        out->n = out->compared = seen;
        out->effect = w->effect;
        fill_figures(out);
        snprintf(out->text, sizeof out->text,
                 "%zu trades beside the value in force, %zu changed: "
                 "mean %.2f -> %.2f R, won %zu -> %zu%s",
                 seen, w->changed, w->mean_old, w->mean_new, w->won_old, w->won_new,
                 isfinite(w->effect.variance) ? "" : "; too few for an interval");
    } else {
        snprintf(out->text, sizeof out->text, "no trade could be compared in %d days", j->days);
    }
    mem_free(w);
}

void review_judge(const struct judged *j, const struct candidate_set *all,
                  const struct parameter p[PARAMETERS], struct judgement *out)
{
    *out = (struct judgement){.effect.variance = (double)INFINITY,
                              .interval = {(double)NAN, (double)NAN},
                              .confidence = 50,
                              .e_value = 1};
    if (j->shadow)
        judge_shadow(j, all, p, out);
    else
        judge_applied(j, all, p, out);
}

void judgement_json(const struct judgement *g, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    json_str(&j, "state", g->state);
    json_int(&j, "n", (int64_t)g->n);
    json_int(&j, "compared", (int64_t)g->compared);
    json_num(&j, "effect", g->compared ? g->effect.delta : (double)NAN);
    json_open(&j, "interval", '[');
    json_num(&j, NULL, g->interval.low);
    json_num(&j, NULL, g->interval.high);
    json_close(&j, ']');
    json_num(&j, "confidence", g->confidence);
    json_num(&j, "e_value", g->e_value);
    json_num(&j, "drawdown", g->drawdown);
    json_str(&j, "text", g->text);
    json_close(&j, '}');
}
