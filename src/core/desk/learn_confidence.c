/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How sure the desk may be that a change is better, and what it may do about it by itself. */
#include <math.h>
#include <stdio.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"

#define R_LEAST        (-3.0)
#define R_MOST         5.0
#define LEAST_VARIANCE 1.0  /* of R: ten trades that all ended at -1 do not prove that all do */
#define WORTH_R        0.10 /* a trade: below it a change is not worth a person's time first */
#define PRIORITY_E     20.0
#define STEP_SLACK     1e-6 /* of a step */

const struct learning_policy learning_policy_default = {
    .automatic = true,
    .apply_at = 80,
    .queue_from = 60,
    .apply_min_cases = 30,
    .apply_most_change = 0.20,
    .cool_down_trades = 20,
    .blocked_days = 90,
};

const char *learning_level_name(enum learning_level l)
{
    static const char *const name[] = {"LOW", "MEDIUM", "HIGH"};
    return (unsigned)l < ARRAY_LEN(name) ? name[l] : "?";
}

const char *gate_verdict_name(enum gate_verdict v)
{
    static const char *const name[] = {"reject", "queue", "apply"};
    return (unsigned)v < ARRAY_LEN(name) ? name[v] : "?";
}

/* ---- effects ---- */

double learning_clip_r(double r)
{
    return fmin(R_MOST, fmax(R_LEAST, r));
}

struct arm {
    size_t n;
    double mean, error; /* variance of the mean */
};

/* The results with `wanted`, or all when `of` is NULL. */
static struct arm arm_of(const double *r, const bool *of, bool wanted, size_t n)
{
    struct arm a = {.error = (double)INFINITY};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (of && of[i] != wanted)
            continue;
        double x = learning_clip_r(r[i]);
        a.n++;
        sum += x;
        squares += x * x;
    }
    if (a.n == 0)
        return a;
    double count = (double)a.n;
    a.mean = sum / count;
    double variance = a.n > 1 ? (squares - count * a.mean * a.mean) / (count - 1) : 0;
    a.error = fmax(LEAST_VARIANCE, variance) / count;
    return a;
}

static struct learning_effect difference(struct arm more, struct arm less)
{
    return (struct learning_effect){.delta = more.n && less.n ? more.mean - less.mean : 0,
                                    .variance = more.error + less.error,
                                    .n = more.n < less.n ? more.n : less.n};
}

struct learning_effect learning_effect_between(const double *r_new, size_t n_new,
                                               const double *r_old, size_t n_old)
{
    return difference(arm_of(r_new, NULL, true, n_new), arm_of(r_old, NULL, true, n_old));
}

/* mean(kept) - mean(all) is the share of the dropped times mean(kept) - mean(dropped). */
struct learning_effect learning_effect_of_filter(const double *r, const bool *kept, size_t n)
{
    struct arm dropped = arm_of(r, kept, false, n);
    struct learning_effect e = difference(arm_of(r, kept, true, n), dropped);
    double share = n ? (double)dropped.n / (double)n : 0;
    if (e.n == 0)
        return e;
    e.delta *= share;
    e.variance *= share * share;
    return e;
}

struct learning_effect learning_effect_in_differences(const struct learning_effect *changed,
                                                      const struct learning_effect *shadow)
{
    return (struct learning_effect){.delta = changed->delta - shadow->delta,
                                    .variance = changed->variance + shadow->variance,
                                    .n = changed->n < shadow->n ? changed->n : shadow->n};
}

/* Posterior mean over its deviation: d tau / sqrt(v (tau^2 + v)). */
double learning_confidence(const struct learning_effect *e, size_t considered)
{
    double tau = LEARNING_PRIOR_DEVIATION;
    double v = e->variance * (considered > 1 ? 1 + log((double)considered) : 1);
    if (!isfinite(v) || !isfinite(e->delta) || v <= 0)
        return 50;
    return 100 * normal_cdf(e->delta * tau / sqrt(v * (tau * tau + v)));
}

/* ---- risk and priority ---- */

/* A filter that is off stands at its loosest bound. */
static double value_of(const struct learning_change *c, struct value v)
{
    if (v.known)
        return v.v;
    return c->risk == RISK_FALLS ? c->low : c->high;
}

static double move_of(const struct learning_change *c)
{
    return value_of(c, c->to) - value_of(c, c->now);
}

static double share_of_range(const struct learning_change *c)
{
    return fabs(move_of(c)) / (c->high - c->low);
}

enum learning_level learning_risk(const struct learning_change *c)
{
    double move = move_of(c);
    bool from_off = !c->now.known && c->to.known, to_off = c->now.known && !c->to.known;
    bool less = (c->risk == RISK_RISES && move < 0) || (c->risk == RISK_FALLS && move > 0);
    if ((less || (from_off && c->risk != RISK_BOTH_WAYS)) && !to_off)
        return LEVEL_LOW;
    return share_of_range(c) <= learning_policy_default.apply_most_change ? LEVEL_MEDIUM
                                                                          : LEVEL_HIGH;
}

enum learning_level learning_priority(const struct learning_effect *e, double confidence,
                                      size_t ever_compared)
{
    double family = ever_compared > 1 ? (double)ever_compared : 1;
    if (one_sided_log_e(e->delta, e->variance, LEARNING_TEST_DEVIATION) >= log(PRIORITY_E * family))
        return LEVEL_HIGH;
    bool worth = e->delta >= WORTH_R && confidence >= learning_policy_default.queue_from;
    return worth ? LEVEL_MEDIUM : LEVEL_LOW;
}

/* ---- the gate ---- */

struct question {
    const struct learning_change *c;
    const struct learning_effect *e;
    const struct learning_state *s;
    const struct learning_policy *p;
    struct gate *g;
};

static bool is_number(const struct value *v)
{
    return !v->known || isfinite(v->v);
}

static bool in_bounds(const struct learning_change *c)
{
    return !c->to.known || (c->to.v >= c->low && c->to.v <= c->high);
}

static bool on_step(const struct learning_change *c)
{
    if (!c->to.known || !(c->step > 0))
        return c->step > 0;
    double steps = (c->to.v - c->low) / c->step;
    return fabs(steps - round(steps)) <= STEP_SLACK;
}

static bool changes(const struct learning_change *c)
{
    if (c->now.known != c->to.known)
        return true;
    return c->to.known && fabs(c->to.v - c->now.v) > STEP_SLACK * c->step;
}

static bool is_blocked(const struct question *q)
{
    return q->s->days_since_rolled_back >= 0 && q->s->days_since_rolled_back < q->p->blocked_days;
}

static bool holds(const struct question *q, enum gate_condition k)
{
    const struct learning_change *c = q->c;
    switch (k) {
    case GATE_REGISTERED:
        return c->registered;
    case GATE_NUMBER:
        return is_number(&c->to) && is_number(&c->now) && isfinite(q->e->delta) &&
               !isnan(q->e->variance) && c->high > c->low;
    case GATE_BOUNDS:
        return in_bounds(c);
    case GATE_STEP:
        return on_step(c);
    case GATE_CHANGES:
        return changes(c);
    case GATE_NOT_BLOCKED:
        return !is_blocked(q);
    case GATE_WORTH_ASKING:
        return q->g->confidence >= q->p->queue_from;
    case GATE_AUTOMATIC:
        return q->p->automatic;
    case GATE_CONFIDENCE:
        return q->g->confidence >= q->p->apply_at;
    case GATE_CASES:
        return q->e->n >= q->p->apply_min_cases;
    case GATE_RISK:
        return q->g->risk == LEVEL_LOW;
    case GATE_PRIORITY:
        return q->g->priority == LEVEL_HIGH;
    case GATE_SMALL:
        return share_of_range(c) <= q->p->apply_most_change + STEP_SLACK;
    case GATE_ALONE:
        return !q->s->measuring;
    case GATE_COOLED:
        return !q->s->ever_changed || q->s->trades_since_last >= q->p->cool_down_trades;
    case GATE_CONDITIONS:
        break;
    }
    return true;
}

/* In tenths; never rounded up to the limit that it misses. */
static double short_of(double x, double limit)
{
    return fmin(x, limit - 0.1);
}

static void say_rejected(const struct question *q, enum gate_condition k, char *s, size_t n)
{
    const struct learning_change *c = q->c;
    switch (k) {
    case GATE_REGISTERED:
        snprintf(s, n, "%.40s is not a parameter that may be learned", c->parameter);
        break;
    case GATE_BOUNDS:
        snprintf(s, n, "%g is outside %g to %g", c->to.v, c->low, c->high);
        break;
    case GATE_STEP:
        snprintf(s, n, "%g is not on a step of %g from %g", c->to.v, c->step, c->low);
        break;
    case GATE_CHANGES:
        snprintf(s, n, "%.40s has that value", c->parameter);
        break;
    case GATE_NOT_BLOCKED:
        snprintf(s, n, "taken back %d days ago; blocked for %d", q->s->days_since_rolled_back,
                 q->p->blocked_days);
        break;
    case GATE_WORTH_ASKING:
        snprintf(s, n, "confidence %.1f is below %g (%zu cases)",
                 short_of(q->g->confidence, q->p->queue_from), q->p->queue_from, q->e->n);
        break;
    default:
        snprintf(s, n, "the figures are not numbers");
        break;
    }
}

static void say_queued(const struct question *q, enum gate_condition k, char *s, size_t n)
{
    const struct learning_policy *p = q->p;
    switch (k) {
    case GATE_AUTOMATIC:
        snprintf(s, n, "changes are not applied without a person here");
        break;
    case GATE_CONFIDENCE:
        snprintf(s, n, "confidence %.1f is below %g", short_of(q->g->confidence, p->apply_at),
                 p->apply_at);
        break;
    case GATE_CASES:
        snprintf(s, n, "%zu cases, %zu short of %zu", q->e->n, p->apply_min_cases - q->e->n,
                 p->apply_min_cases);
        break;
    case GATE_RISK:
        snprintf(s, n, "risk is %s: it can add to the loss of a trade, to exposure or to trades",
                 learning_level_name(q->g->risk));
        break;
    case GATE_PRIORITY:
        snprintf(s, n, "priority is %s: not proven against all %zu changes compared so far",
                 learning_level_name(q->g->priority), q->s->compared);
        break;
    case GATE_SMALL:
        snprintf(s, n, "moves by %.0f%% of its range, more than %.0f%%", 100 * share_of_range(q->c),
                 100 * p->apply_most_change);
        break;
    case GATE_ALONE:
        snprintf(s, n, "another change is being measured");
        break;
    default:
        snprintf(s, n, "%zu trades since the last change, %zu short of %zu",
                 q->s->trades_since_last, p->cool_down_trades - q->s->trades_since_last,
                 p->cool_down_trades);
        break;
    }
}

void learning_gate(const struct learning_change *c, const struct learning_effect *e,
                   const struct learning_state *s, const struct learning_policy *p,
                   struct gate *out)
{
    int first = GATE_CONDITIONS;
    *out = (struct gate){.confidence = learning_confidence(e, s->considered),
                         .risk = learning_risk(c)};
    struct question q = {c, e, s, p, out};
    out->priority = learning_priority(e, out->confidence, s->compared);
    for (int k = GATE_CONDITIONS - 1; k >= 0; k--) {
        if (holds(&q, (enum gate_condition)k))
            continue;
        out->failed |= 1U << k;
        first = k;
    }
    if (first == GATE_CONDITIONS) {
        out->verdict = GATE_APPLY;
        snprintf(out->reason, sizeof out->reason,
                 "confidence %.1f, risk LOW, priority HIGH, %zu cases", out->confidence, e->n);
    } else if (first > GATE_WORTH_ASKING) {
        out->verdict = GATE_QUEUE;
        say_queued(&q, (enum gate_condition)first, out->reason, sizeof out->reason);
    } else {
        out->verdict = GATE_REJECT;
        say_rejected(&q, (enum gate_condition)first, out->reason, sizeof out->reason);
    }
}
