/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One parameter at another value over past decisions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/parameters.h"
#include "quorum/random.h"
#include "quorum/stats.h"
#include "quorum/timeutil.h"

static const struct statement count_variant = {
    "variant tried", "SELECT variant_tried($1, $2::numeric, $3::date, $4::date, $5)"};

static void set_verdict(struct whatif *w, enum parameter_class class)
{
    bool dark = class == PARAMETER_EXIT && w->unknown * WHATIF_UNKNOWN_PART > w->used;
    w->verdict = dark                   ? "NOT PROVEN"
                 : w->delta_95.low > 0  ? "PROVEN"
                 : w->delta_95.high < 0 ? "CONTRADICTED"
                                        : "NOT PROVEN";
}

/* ---- evidence: the cases with the largest change ---- */

struct change {
    size_t candidate;
    double r_old, r_new;
};

static int by_size(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    double dx = fabs(x->r_new - x->r_old), dy = fabs(y->r_new - y->r_old);
    if (dx != dy)
        return dx > dy ? -1 : 1;
    return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

static void keep_cases(struct whatif *w, const struct candidate_set *s, struct change *c, size_t n)
{
    qsort(c, n, sizeof *c, by_size);
    for (size_t i = 0; i < n && w->ncases < ARRAY_LEN(w->case_of); i++) {
        const struct candidate *k = &s->c[c[i].candidate];
        w->case_of[w->ncases].evaluation_id = k->known.id;
        w->case_of[w->ncases].trade_id = k->trade_id;
        w->case_of[w->ncases].r_old = c[i].r_old;
        w->case_of[w->ncases++].r_new = c[i].r_new;
    }
}

/* ---- exits ---- */

struct replay_exits parameters_exits(const struct parameter p[PARAMETERS])
{
    return (struct replay_exits){.stop_mult = p[PARAM_STOP_MULT].value.v,
                                 .target_mult = p[PARAM_TARGET_MULT].value.v,
                                 .trail_atr = p[PARAM_TRAIL_ATR].value.v,
                                 .time_exit = (int)lround(p[PARAM_TIME_EXIT].value.v)};
}

static void change_exit(struct replay_exits *x, enum parameter_id id, double to)
{
    if (id == PARAM_STOP_MULT)
        x->stop_mult = to;
    else if (id == PARAM_TARGET_MULT)
        x->target_mult = to;
    else if (id == PARAM_TRAIL_ATR)
        x->trail_atr = to;
    else
        x->time_exit = (int)lround(to);
}

/* One after the other in the order of entry. */
struct walked {
    int32_t entry;
    struct change change;
};

static int by_entry(const void *a, const void *b)
{
    const struct walked *x = a, *y = b;
    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    return (x->change.candidate > y->change.candidate) -
           (x->change.candidate < y->change.candidate);
}

static void set_drawdowns(struct whatif *w, struct walked *k, size_t n)
{
    double *r = mem_array(n + 1, sizeof *r);
    qsort(k, n, sizeof *k, by_entry);
    for (size_t i = 0; i < n; i++)
        r[i] = k[i].change.r_old;
    w->drawdown_old = drawdown_of(r, n);
    for (size_t i = 0; i < n; i++)
        r[i] = k[i].change.r_new;
    w->drawdown_new = drawdown_of(r, n);
    mem_free(r);
}

/* What the replay does not keep of each: both results, for the drawdown and the evidence. */
static void walk_again(struct whatif *w, const struct candidate_set *s, const double *difference,
                       const struct replay_exits *old)
{
    struct walked *k = mem_array(s->n + 1, sizeof *k);
    struct change *changed = mem_array(s->n + 1, sizeof *changed);
    size_t n = 0, m = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct replay_path a;
        if (isnan(difference[i]))
            continue;
        replay_walk(&s->c[i].replay, old, &cost_model_default, &a);
        double before = learning_clip_r(a.return_fraction / a.stop_fraction);
        k[n] = (struct walked){.entry = a.entry_day, .change = {i, before, before + difference[i]}};
        if (fabs(difference[i]) > 1e-9)
            changed[m++] = k[n].change;
        n++;
    }
    set_drawdowns(w, k, n);
    keep_cases(w, s, changed, m);
    mem_free(k);
    mem_free(changed);
}

static void replay_exit(const struct candidate_set *s, const struct parameter p[PARAMETERS],
                        enum parameter_id id, double to, struct whatif *w)
{
    struct replay_exits old = parameters_exits(p), new = old;
    struct replay_result r;
    struct random g = random_begin(0, random_stream("whatif"));
    struct replay_candidate *c = mem_array(s->n + 1, sizeof *c);
    double *difference = mem_array(s->n + 1, sizeof *difference);
    change_exit(&new, id, to);
    for (size_t i = 0; i < s->n; i++)
        c[i] = s->c[i].replay;
    paired_replay(c, s->n, &old, &new, &cost_model_default, &g, difference, &r);
    w->effect = r.effect;
    w->delta_95 = r.delta_95;
    w->used = w->n_new = r.used;
    w->changed = r.changed;
    w->unknown = r.unknown;
    w->unfinished = r.unfinished;
    w->weeks = r.weeks;
    w->won_old = r.won_old;
    w->won_new = r.won_new;
    w->mean_old = r.mean_old;
    w->mean_new = r.mean_new;
    walk_again(w, s, difference, &old);
    mem_free(c);
    mem_free(difference);
}

/* ---- filters ---- */

static bool lets_in(enum parameter_id id, struct value limit, const struct learning_case *k)
{
    if (id == PARAM_RSI_MAX)
        return !limit.known || !k->rsi.known || k->rsi.v <= limit.v;
    const struct value *x = id == PARAM_MIN_VOLUME_RATIO ? &k->volume_ratio : &k->confidence;
    return !limit.known || !x->known || x->v >= limit.v;
}

static bool is_figure_known(enum parameter_id id, const struct learning_case *k)
{
    return id == PARAM_RSI_MAX            ? k->rsi.known
           : id == PARAM_MIN_VOLUME_RATIO ? k->volume_ratio.known
                                          : k->confidence.known;
}

/* The set is by symbol and entry. */
static size_t count_overlapping(const struct candidate_set *s)
{
    size_t n = 0;
    const struct learning_case *last = NULL;
    for (size_t i = 0; i < s->n; i++) {
        const struct learning_case *k = &s->c[i].known;
        if (last && strcmp(last->symbol, k->symbol) == 0 && k->entry_day <= last->exit_day)
            n++;
        else
            last = k;
    }
    return n;
}

struct arm {
    size_t n, won;
    double sum;
};

static void arm_add(struct arm *a, double r)
{
    a->n++;
    a->won += r > 0;
    a->sum += r;
}

/* A case that either value lets in; one value lets in what the other does and more. */
struct asked {
    struct walked walked;
    double r;
    bool stays; /* let in by both */
};

static int by_entry_of_asked(const void *a, const void *b)
{
    const struct asked *x = a, *y = b;
    return by_entry(&x->walked, &y->walked);
}

/* What each case adds to the difference of the two means; its variance over resampled weeks. k is
 * by entry. At least as if each result deviated by 1 R from its arm's mean. */
static void filter_variance(struct whatif *w, const struct asked *k, size_t n, size_t kept)
{
    double *part = mem_array(n + 1, sizeof *part), all = 0, stay = 0;
    size_t *week_of = mem_array(n + 1, sizeof *week_of);
    struct random g = random_begin(0, random_stream("whatif"));
    int32_t last = -1;
    for (size_t i = 0; i < n; i++) {
        all += k[i].r / (double)n;
        stay += k[i].stays ? k[i].r / (double)kept : 0; /* kept > 0 where one stays */
    }
    for (size_t i = 0; i < n; i++) {
        int32_t week = (k[i].walked.entry + 3) / 7; /* day 4 of 1970 was a Monday */
        w->weeks += week != last;
        last = week;
        week_of[i] = w->weeks - 1;
        part[i] = (k[i].stays ? (k[i].r - stay) * (double)n / (double)kept : 0) - (k[i].r - all);
    }
    if (w->weeks >= REPLAY_MIN_WEEKS && kept >= PATTERN_MIN_ARM && n - kept >= PATTERN_MIN_ARM) {
        struct block_bootstrap b = bootstrap_blocks(part, week_of, n, w->weeks, REPLAY_RUN_WEEKS,
                                                    0.95, REPLAY_RESAMPLES, &g);
        double share = (double)(n - kept) / (double)n;
        double least = share * share * (1 / (double)kept + 1 / (double)(n - kept));
        w->effect.variance = fmax(b.variance, least);
    }
    mem_free(part);
    mem_free(week_of);
}

/* The mean of what stays less the mean of all; the other way round when the new value is looser. */
static void filter_effect(struct whatif *w, const struct asked *k, size_t n, bool looser)
{
    double *r = mem_array(n + 1, sizeof *r);
    bool *stays = mem_array(n + 1, sizeof *stays);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        r[i] = k[i].r;
        stays[i] = k[i].stays;
        kept += k[i].stays;
    }
    w->effect = learning_effect_of_filter(r, stays, n);
    w->effect.variance = (double)INFINITY;
    if (looser)
        w->effect.delta = -w->effect.delta;
    filter_variance(w, k, n, kept);
    if (isfinite(w->effect.variance)) {
        double half = normal_quantile(0.975) * sqrt(w->effect.variance);
        w->delta_95 = (struct interval){w->effect.delta - half, w->effect.delta + half};
    }
    mem_free(r);
    mem_free(stays);
}

static void filter_ends(struct whatif *w, const struct candidate_set *s, struct asked *k, size_t n)
{
    struct walked *way = mem_array(n + 1, sizeof *way);
    struct change *changed = mem_array(n + 1, sizeof *changed);
    size_t moved = 0;
    for (size_t i = 0; i < n; i++) {
        way[i] = k[i].walked;
        if (!k[i].stays)
            changed[moved++] = k[i].walked.change;
    }
    w->changed = moved;
    set_drawdowns(w, way, n);
    keep_cases(w, s, changed, moved);
    mem_free(way);
    mem_free(changed);
}

static void replay_filter(const struct candidate_set *s, const struct parameter *p,
                          enum parameter_id id, struct value to, struct whatif *w)
{
    struct asked *k = mem_array(s->n + 1, sizeof *k);
    struct arm old = {0}, new = {0};
    size_t n = 0;
    bool looser = false;
    for (size_t i = 0; i < s->n; i++) {
        const struct learning_case *c = &s->c[i].known;
        bool was = lets_in(id, p->value, c), is = lets_in(id, to, c);
        double x = learning_clip_r(c->r);
        if ((!was && !is) || !isfinite(c->r))
            continue;
        looser |= is && !was;
        w->unknown += !is_figure_known(id, c);
        k[n++] = (struct asked){
            .walked = {.entry = c->entry_day, .change = {i, was ? x : 0, is ? x : 0}},
            .r = x,
            .stays = was && is};
        if (was)
            arm_add(&old, x);
        if (is)
            arm_add(&new, x);
    }
    qsort(k, n, sizeof *k, by_entry_of_asked);
    w->used = old.n;
    w->n_new = new.n;
    w->won_old = old.won;
    w->won_new = new.won;
    w->mean_old = old.n ? old.sum / (double)old.n : 0;
    w->mean_new = new.n ? new.sum / (double)new.n : 0;
    filter_effect(w, k, n, looser);
    filter_ends(w, s, k, n);
    mem_free(k);
}

enum err whatif_run(const struct candidate_set *s, const struct parameter p[PARAMETERS],
                    enum parameter_id id, struct value to, struct whatif *out, struct error *e)
{
    const struct parameter *one = &p[id];
    char text[24];
    *out = (struct whatif){.candidates = s->n,
                           .overlapping = count_overlapping(s),
                           .effect = {.variance = (double)INFINITY},
                           .delta_95 = {(double)NAN, (double)NAN}};
    if (one->class == PARAMETER_SIZE) {
        err_set(e, ERR_USAGE, "%s changes how much is bought, not what it comes to in R",
                one->name);
        return err_fix(e, "quorum param %s", one->name);
    }
    if (one->value.known == to.known && (!to.known || fabs(one->value.v - to.v) < 1e-9)) {
        err_set(e, ERR_USAGE, "%s is %s already", one->name,
                parameter_print(one, to, text, sizeof text));
        return err_fix(e, "quorum param %s", one->name);
    }
    if (one->class == PARAMETER_EXIT)
        replay_exit(s, p, id, to.v, out);
    else
        replay_filter(s, one, id, to, out);
    set_verdict(out, one->class);
    return OK;
}

void whatif_json_cases(struct json *j, const struct whatif *w)
{
    json_open(j, "cases", '[');
    for (size_t i = 0; i < w->ncases; i++) {
        json_open(j, NULL, '{');
        json_int(j, "evaluation_id", w->case_of[i].evaluation_id);
        if (w->case_of[i].trade_id)
            json_int(j, "trade_id", w->case_of[i].trade_id);
        else
            json_null(j, "trade_id");
        json_num(j, "r_old", w->case_of[i].r_old);
        json_num(j, "r_new", w->case_of[i].r_new);
        json_close(j, '}');
    }
    json_close(j, ']');
}

enum err whatif_count(struct desk *d, const struct candidate_set *s, const struct parameter *p,
                      struct value to, int64_t *nth, struct error *e)
{
    struct params a = {0};
    struct rows r = {0};
    char from[11], until[11];
    *nth = 0;
    if (s->n == 0)
        return OK;
    params_text(&a, p->name);
    if (to.known)
        params_double(&a, to.v);
    else
        params_text(&a, NULL);
    params_text(&a, day_print(from, s->from_day));
    params_text(&a, day_print(until, s->to_day));
    params_text(&a, operator_name());
    if (db_query(d->db, &count_variant, &a, &r, e))
        return e->kind;
    *nth = rows_int(&r, 0, 0);
    rows_release(&r);
    return OK;
}
