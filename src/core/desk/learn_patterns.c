/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/buf.h"
#include "quorum/learning_stats.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

#define SHRINK_CASES 20.0

const size_t pattern_look_cases[PATTERN_LOOKS] = {21, 42, 84, 169};
const double pattern_look_level[PATTERN_LOOKS] = {0.001, 0.003, 0.006, 0.04};

const char *pattern_status_name(enum pattern_status s)
{
    static const char *const name[] = {"untested", "exploratory", "candidate", "confirmed"};
    return (unsigned)s < ARRAY_LEN(name) ? name[s] : "?";
}

/* ---- the cases that count ---- */

struct sample {
    const struct learning_case **c; /* in the order in which they ended */
    size_t n;
    /* Of the condition under way, by case; room for n. */
    enum condition_state *state;
    double *r;
    bool *in;
};

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_symbol_and_entry(const void *a, const void *b)
{
    const struct learning_case *x = *(const struct learning_case *const *)a;
    const struct learning_case *y = *(const struct learning_case *const *)b;
    int symbol = strcmp(x->symbol, y->symbol);
    if (symbol)
        return symbol;
    return x->entry_day != y->entry_day ? compare(x->entry_day, y->entry_day)
                                        : compare(x->id, y->id);
}

static int by_end(const void *a, const void *b)
{
    const struct learning_case *x = *(const struct learning_case *const *)a;
    const struct learning_case *y = *(const struct learning_case *const *)b;
    return x->exit_day != y->exit_day ? compare(x->exit_day, y->exit_day) : compare(x->id, y->id);
}

/* A case entered while an earlier one of the symbol was still open lives through the same prices.
 */
static size_t drop_overlaps(const struct learning_case **c, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool same = kept > 0 && strcmp(c[kept - 1]->symbol, c[i]->symbol) == 0;
        if (!same || c[i]->entry_day > c[kept - 1]->exit_day)
            c[kept++] = c[i];
    }
    return kept;
}

static struct sample sample_of(const struct learning_case *c, size_t n)
{
    struct sample s = {.c = mem_array(n + 1, sizeof(const struct learning_case *)),
                       .state = mem_array(n + 1, sizeof(enum condition_state)),
                       .r = mem_array(n + 1, sizeof(double)),
                       .in = mem_array(n + 1, sizeof(bool))};
    for (size_t i = 0; i < n; i++)
        if (isfinite(c[i].r))
            s.c[s.n++] = &c[i];
    qsort(s.c, s.n, sizeof(const struct learning_case *), by_symbol_and_entry);
    s.n = drop_overlaps(s.c, s.n);
    qsort(s.c, s.n, sizeof(const struct learning_case *), by_end);
    return s;
}

static void sample_release(struct sample *s)
{
    mem_free(s->c);
    mem_free(s->state);
    mem_free(s->r);
    mem_free(s->in);
}

/* ---- one condition ---- */

/* Fills r and in with the cases on which the condition is known. */
static size_t known_cases(struct sample *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->state[i] == CONDITION_UNKNOWN)
            continue;
        s->in[n] = s->state[i] == CONDITION_INSIDE;
        s->r[n++] = s->c[i]->r;
    }
    return n;
}

static struct random generator(const struct pattern *p, uint64_t seed, const char *what)
{
    return random_begin(seed, random_stream(what) ^ random_stream(p->condition->id));
}

static void describe(struct pattern *p, struct sample *s, size_t n, double base,
                     const struct pattern_options *o)
{
    double *inside = mem_array(n + 1, sizeof *inside), sum_out = 0;
    struct random g = generator(p, o->seed, "mean");
    for (size_t i = 0; i < n; i++) {
        bool won = s->r[i] > 0;
        p->won_in += s->in[i] && won;
        p->won_out += !s->in[i] && won;
        if (s->in[i])
            inside[p->n_in++] = s->r[i];
        else
            sum_out += s->r[i];
    }
    p->n_out = n - p->n_in;
    p->unknown = s->n - n;
    p->rate_in = p->n_in ? (double)p->won_in / (double)p->n_in : 0;
    p->rate_out = p->n_out ? (double)p->won_out / (double)p->n_out : 0;
    p->rate_in_95 = wilson_interval(p->won_in, p->n_in, 0.95);
    p->shrunk_rate = ((double)p->won_in + SHRINK_CASES * base) / ((double)p->n_in + SHRINK_CASES);
    p->mean_r_in = moments_of(inside, p->n_in).mean;
    p->mean_r_out = p->n_out ? sum_out / (double)p->n_out : 0;
    p->mean_r_in_95 =
        bootstrap_mean(inside, p->n_in, 0.95, o->without_intervals ? 0 : PATTERN_RESAMPLES, &g);
    p->difference = p->n_in && p->n_out ? p->mean_r_in - p->mean_r_out : 0;
    mem_free(inside);
}

static bool may_test(struct pattern *p, size_t cases)
{
    if (p->condition->descriptive)
        snprintf(p->why, sizeof p->why, "part of the result: told, not tested");
    else if (cases < PATTERN_MIN_CASES)
        snprintf(p->why, sizeof p->why, "%zu of %d cases", cases, PATTERN_MIN_CASES);
    else if (p->n_in < PATTERN_MIN_ARM || p->n_out < PATTERN_MIN_ARM)
        snprintf(p->why, sizeof p->why, "%zu inside and %zu outside; %d of each are needed",
                 p->n_in, p->n_out, PATTERN_MIN_ARM);
    else
        return true;
    return false;
}

static void test_condition(struct pattern *p, struct sample *s, const struct pattern_options *o,
                           double base)
{
    for (size_t i = 0; i < s->n; i++)
        s->state[i] = p->condition->test(p->condition, s->c[i]);
    size_t n = known_cases(s);
    describe(p, s, n, base, o);
    p->p = p->q = 1;
    if (!may_test(p, s->n))
        return;
    p->status = PATTERN_EXPLORATORY;
    if (o->test == PATTERN_BY_WINS) {
        p->p = fisher_exact(p->won_in, p->n_in, p->won_out, p->n_out);
        return;
    }
    struct random g = generator(p, o->seed, "shuffle");
    p->p = permutation_test(s->r, s->in, n, TAIL_BOTH, PATTERN_SHUFFLES, &g);
}

/* ---- confirmation ---- */

static const struct learning_discovery *discovery_of(const struct pattern_options *o,
                                                     const char *id)
{
    for (size_t i = 0; i < o->ndiscoveries; i++)
        if (strcmp(o->discovery[i].condition, id) == 0)
            return &o->discovery[i];
    return NULL;
}

/* The cases since the discovery, up to the one that makes the smaller arm reach a look's size. */
static void look(struct pattern *p, const struct sample *s, size_t n, int32_t day, uint64_t seed)
{
    struct pattern_confirmation *c = &p->confirmation;
    struct random g = generator(p, seed + (uint64_t)c->looks + 1, "confirm");
    c->p = permutation_test(s->r, s->in, n, c->direction > 0 ? TAIL_UPPER : TAIL_LOWER,
                            PATTERN_SHUFFLES, &g);
    if (!c->confirmed && c->p <= pattern_look_level[c->looks]) {
        c->confirmed = true;
        c->confirmed_on = day;
    }
    c->looks++;
}

static void confirm(struct pattern *p, struct sample *s, const struct learning_discovery *d,
                    const struct pattern_options *o)
{
    struct pattern_confirmation *c = &p->confirmation;
    size_t n = 0;
    c->since = d->day;
    c->direction = d->direction;
    for (size_t i = 0; i < s->n; i++) {
        enum condition_state in = p->condition->test(p->condition, s->c[i]);
        if (in == CONDITION_UNKNOWN || s->c[i]->entry_day <= d->day ||
            (o->since && s->c[i]->exit_day > o->until))
            continue;
        s->in[n] = in == CONDITION_INSIDE;
        s->r[n++] = s->c[i]->r;
        c->n_in += in == CONDITION_INSIDE;
        c->n_out += in == CONDITION_OUTSIDE;
        size_t arm = c->n_in < c->n_out ? c->n_in : c->n_out;
        if (!c->confirmed && c->looks < PATTERN_LOOKS && arm >= pattern_look_cases[c->looks])
            look(p, s, n, s->c[i]->exit_day, o->seed);
    }
    size_t arm = c->n_in < c->n_out ? c->n_in : c->n_out;
    c->failed = !c->confirmed && c->looks == PATTERN_LOOKS;
    if (!c->confirmed && !c->failed)
        c->missing = pattern_look_cases[c->looks] - arm;
}

static void conclude(struct pattern *p)
{
    const struct pattern_confirmation *c = &p->confirmation;
    char day[11];
    if (c->confirmed) {
        p->status = PATTERN_CONFIRMED;
        snprintf(p->why, sizeof p->why, "held on cases after %s: p %.4f at look %d of %d",
                 day_print(day, c->since), c->p, c->looks, PATTERN_LOOKS);
    } else if (p->status == PATTERN_UNTESTED) {
        return;
    } else if (p->q > PATTERN_Q) {
        p->status = PATTERN_EXPLORATORY;
        snprintf(p->why, sizeof p->why, "may well be chance: q %.2f is above %.2f", p->q,
                 PATTERN_Q);
    } else if (c->failed) {
        p->status = PATTERN_EXPLORATORY;
        snprintf(p->why, sizeof p->why, "did not hold on %zu and %zu cases after %s", c->n_in,
                 c->n_out, day_print(day, c->since));
    } else {
        p->status = PATTERN_CANDIDATE;
        if (c->since == DAY_NONE)
            snprintf(p->why, sizeof p->why, "q %.3f; later cases will tell", p->q);
        else
            snprintf(p->why, sizeof p->why, "q %.3f; look %d of %d is %zu cases of an arm away",
                     p->q, c->looks + 1, PATTERN_LOOKS, c->missing);
    }
}

void pattern_search(const struct learning_case *c, size_t n, const struct pattern_options *o,
                    struct pattern_report *out)
{
    struct sample s = sample_of(c, n);
    struct sample later = sample_of(o->since, o->since ? o->nsince : 0);
    size_t won = 0;
    double *p = mem_array(learning_conditions_n, sizeof *p);
    *out =
        (struct pattern_report){.n = learning_conditions_n,
                                .cases = s.n,
                                .thinned = n - s.n,
                                .missing = s.n < PATTERN_MIN_CASES ? PATTERN_MIN_CASES - s.n : 0};
    out->pattern = mem_array(out->n, sizeof *out->pattern);
    for (size_t i = 0; i < s.n; i++)
        won += s.c[i]->r > 0;
    out->win_rate = s.n ? (double)won / (double)s.n : 0;
    for (size_t i = 0; i < out->n; i++) {
        struct pattern *one = &out->pattern[i];
        one->condition = &learning_conditions[i];
        one->confirmation =
            (struct pattern_confirmation){.since = DAY_NONE, .p = 1, .confirmed_on = DAY_NONE};
        test_condition(one, &s, o, s.n ? out->win_rate : 0.5);
        if (one->status != PATTERN_UNTESTED)
            p[out->tested++] = one->p;
    }
    benjamini_hochberg(p, out->tested, p);
    for (size_t i = 0, k = 0; i < out->n; i++) {
        struct pattern *one = &out->pattern[i];
        const struct learning_discovery *d = discovery_of(o, one->condition->id);
        if (one->status != PATTERN_UNTESTED)
            one->q = p[k++];
        if (d && !one->condition->descriptive)
            confirm(one, o->since ? &later : &s, d, o);
        conclude(one);
    }
    mem_free(p);
    sample_release(&s);
    sample_release(&later);
}

void pattern_report_release(struct pattern_report *r)
{
    mem_free(r->pattern);
    *r = (struct pattern_report){0};
}
