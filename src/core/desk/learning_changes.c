/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which changes a cycle compares, which of a parameter's is put to the gate, and what the gate is
 * told of the desk. The list depends on the values in force alone, never on results. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/desk/learning_private.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

enum {
    STEPS_EACH_WAY = 2,
    FILTER_STEPS = 4,      /* from off: so many values, */
    FILTER_PART = 6,       /* each a sixth of the range tighter than the one before */
    ASKED_AGAIN_DAYS = 30, /* after a person said no */
};
#define STAYS_WITHIN 3.0 /* points of confidence: a waiting proposal is not replaced for less */

/* ---- what is compared ---- */

static void add(struct learning_run *r, enum parameter_id id, struct value to)
{
    r->trial[r->ntrials++] =
        (struct learning_trial){.id = id, .to = to, .back_days = -1, .by = "baseline"};
}

static void add_step(struct learning_run *r, enum parameter_id id, double from, double steps)
{
    const struct parameter *p = &r->parameter[id];
    double to = p->low + round((from - p->low) / p->step + steps) * p->step;
    if (to >= p->low - 1e-9 && to <= p->high + 1e-9 && r->ntrials < LEARNING_TRIALS_MAX)
        add(r, id, VALUE(to));
}

/* From its loosest bound, where off stands, towards the tightest. */
static void add_from_off(struct learning_run *r, enum parameter_id id)
{
    const struct parameter *p = &r->parameter[id];
    bool falls = p->risk == RISK_FALLS;
    double stride = fmax(1, round((p->high - p->low) / p->step / FILTER_PART));
    for (int k = 1; k <= FILTER_STEPS; k++)
        add_step(r, id, falls ? p->low : p->high, (falls ? k : -k) * stride);
}

void learning_list_changes(struct learning_run *r)
{
    r->ntrials = 0;
    for (int i = 0; i < PARAMETERS; i++) {
        const struct parameter *p = &r->parameter[i];
        if (p->class == PARAMETER_SIZE)
            continue; /* a size changes no result in R */
        if (!p->value.known) {
            add_from_off(r, (enum parameter_id)i);
            continue;
        }
        for (int k = -STEPS_EACH_WAY; k <= STEPS_EACH_WAY; k++)
            if (k != 0)
                add_step(r, (enum parameter_id)i, p->value.v, k);
        if (p->class == PARAMETER_FILTER)
            add(r, (enum parameter_id)i, VALUE_UNKNOWN);
    }
}

/* ---- what the gate asks of the desk ---- */

static const struct statement desk_state = {
    "learning state",
    "WITH last AS (SELECT max(created_at) AS at FROM parameter_versions) "
    "SELECT (SELECT count(*) FROM trade_outcomes),"
    "  (SELECT count(*) FROM trade_outcomes t, last WHERE t.closed_at > last.at),"
    "  (SELECT at IS NOT NULL FROM last),"
    "  EXISTS (SELECT FROM strategy_adjustments a WHERE a.status IN ('APPLIED', 'AUTO_APPLIED')"
    "    AND a.measured->>'state' = 'measuring')"};
/* One row a waiting, refused or taken back proposal; a person's no holds for the direction. */
static const struct statement history = {
    "learning history",
    "SELECT a.parameter_name, a.old_value, a.new_value, a.status,"
    "  review_days_since_rollback(a.parameter_name, a.new_value),"
    "  a.decided_by IS DISTINCT FROM 'gate' "
    "FROM strategy_adjustments a WHERE a.reverts IS NULL AND ("
    "  a.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED', 'ROLLED_BACK')"
    "  OR (a.status = 'REJECTED' AND a.decided_at > desk_now() - make_interval(days => $1::int))) "
    "ORDER BY a.id"};

static bool same(struct value a, struct value b)
{
    return a.known == b.known && (!a.known || fabs(a.v - b.v) < 1e-6);
}

/* Off stands at the loosest bound. */
static double place(const struct parameter *p, struct value v)
{
    return v.known ? v.v : p->risk == RISK_FALLS ? p->low : p->high;
}

static int way(const struct parameter *p, struct value from, struct value to)
{
    double d = place(p, to) - place(p, from);
    if (d != 0)
        return d > 0 ? 1 : -1;
    /* From off to the loosest bound, or back. */
    int tighter = p->risk == RISK_FALLS ? 1 : -1;
    return to.known == from.known ? 0 : to.known ? tighter : -tighter;
}

struct past {
    enum parameter_id id;
    struct value from, to;
    const char *status;
    int back_days; /* -1: never taken back */
    bool person;
};

static void weigh_past(struct learning_run *r, const struct past *h)
{
    const struct parameter *p = &r->parameter[h->id];
    for (size_t i = 0; i < r->ntrials; i++) {
        struct learning_trial *t = &r->trial[i];
        if (t->id != h->id)
            continue;
        bool is_same = same(t->to, h->to);
        if (strcmp(h->status, "ROLLED_BACK") == 0) {
            if (is_same)
                t->back_days = h->back_days;
        } else if (strcmp(h->status, "REJECTED") == 0) {
            if (h->person && way(p, p->value, t->to) == way(p, h->from, h->to))
                t->not_asked = "a person said no to this direction within 30 days";
            t->known_rejected = t->known_rejected || (!h->person && is_same);
        } else if (strcmp(h->status, "SHADOW") == 0 || strcmp(h->status, "APPROVED") == 0) {
            t->not_asked = "a proposal for this parameter is approved or runs as a shadow";
        } else if (is_same) {
            t->waits = true;
        }
    }
}

static struct value number(const struct rows *r, size_t row, size_t col)
{
    bool is_null;
    double x = rows_double(r, row, col, &is_null);
    return is_null ? VALUE_UNKNOWN : VALUE(x);
}

enum err learning_load_state(struct learning_run *r, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    if (db_query(r->desk->db, &desk_state, NULL, &rows, e))
        return e->kind;
    r->state = (struct learning_state){.closed_trades = (size_t)rows_int(&rows, 0, 0),
                                       .trades_since_last = (size_t)rows_int(&rows, 0, 1),
                                       .ever_changed = rows_bool(&rows, 0, 2),
                                       .measuring = rows_bool(&rows, 0, 3),
                                       .days_since_rolled_back = -1};
    rows_release(&rows);
    params_int(&p, ASKED_AGAIN_DAYS);
    if (db_query(r->desk->db, &history, &p, &rows, e))
        return e->kind;
    for (size_t i = 0; i < rows.nrows; i++) {
        struct past h = {.id = parameter_find(rows_text(&rows, i, 0)),
                         .from = number(&rows, i, 1),
                         .to = number(&rows, i, 2),
                         .status = rows_text(&rows, i, 3),
                         .back_days = rows_text(&rows, i, 4) ? (int)rows_int(&rows, i, 4) : -1,
                         .person = rows_bool(&rows, i, 5)};
        if (h.id != PARAMETERS)
            weigh_past(r, &h);
    }
    rows_release(&rows);
    return OK;
}

/* ---- the best of each parameter ---- */

static bool beats(const struct learning_trial *t, const struct learning_trial *best)
{
    if (!best)
        return true;
    double lead = t->waits != best->waits ? STAYS_WITHIN : 0;
    return t->waits ? t->confidence > best->confidence - lead
                    : t->confidence > best->confidence + lead;
}

static struct learning_trial *best_of(struct learning_run *r, enum parameter_id id)
{
    struct learning_trial *best = NULL;
    for (size_t i = 0; i < r->ntrials; i++) {
        struct learning_trial *t = &r->trial[i];
        if (t->id == id && t->compared && !t->not_asked && t->w.effect.delta > 0 &&
            isfinite(t->w.effect.variance) && beats(t, best))
            best = t;
    }
    return best;
}

static int by_confidence(const void *a, const void *b)
{
    const struct learning_trial *x = *(struct learning_trial *const *)a;
    const struct learning_trial *y = *(struct learning_trial *const *)b;
    if (x->confidence != y->confidence)
        return x->confidence > y->confidence ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Parameters of which something is known. A proposal is the best value of its parameter; that the
 * values of one were compared, too, needs no further care, for they rise and fall together (the
 * bench prints how right such confidences are). */
static size_t considered(const struct learning_run *r)
{
    bool known[PARAMETERS] = {false};
    size_t n = 0;
    for (size_t i = 0; i < r->ntrials; i++)
        if (r->trial[i].compared && isfinite(r->trial[i].w.effect.variance))
            known[r->trial[i].id] = true;
    for (int i = 0; i < PARAMETERS; i++)
        n += known[i];
    return n;
}

void learning_judge(struct learning_run *r, size_t ever_compared)
{
    struct learning_policy policy = learning_policy_default;
    policy.automatic = desk_bool(r->desk, SETTING_LEARNING_ENABLED);
    policy.apply_at = (double)desk_decimal(r->desk, SETTING_LEARNING_THRESHOLD, 2) / 100;
    r->state.considered = considered(r);
    r->state.compared = ever_compared;
    for (size_t i = 0; i < r->ntrials; i++)
        if (r->trial[i].compared)
            r->trial[i].confidence =
                learning_confidence(&r->trial[i].w.effect, r->state.considered);
    for (int i = 0; i < PARAMETERS; i++) {
        struct learning_trial *t = best_of(r, (enum parameter_id)i);
        if (t)
            r->best[r->nbest++] = t;
    }
    qsort(r->best, r->nbest, sizeof(struct learning_trial *), by_confidence);
    for (size_t i = 0; i < r->nbest; i++) {
        struct learning_trial *t = r->best[i];
        struct learning_change change = parameter_change(&r->parameter[t->id], t->to);
        r->state.days_since_rolled_back = t->back_days;
        learning_gate(&change, &t->w.effect, &r->state, &policy, &t->gate);
        if (t->gate.verdict == GATE_APPLY)
            r->state.measuring = true; /* one at a time */
    }
}
