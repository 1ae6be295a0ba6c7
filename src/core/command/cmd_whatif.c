/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What past decisions would have come to by another value of a parameter. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/show.h"
#include "core/command/show_parameter.h"
#include "quorum/outcomes.h"
#include "quorum/parameters.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { VALUE_SIZE = 24, LEAST_DAYS = 90, CASES_SHOWN = 5 };

static const struct statement proposed = {
    "proposed value", "SELECT parameter_name, new_value FROM strategy_adjustments WHERE id = $1"};

struct question {
    enum parameter_id id;
    struct value to;
    int64_t adjustment; /* 0: a value of one's own */
    int64_t days;
};

static enum err of_adjustment(struct call *c, struct question *q, struct error *e)
{
    struct params a = {0};
    struct rows r = {0};
    bool off;
    if (call_id(c->arg[0], "adjustment", &q->adjustment, e))
        return e->kind;
    params_int(&a, q->adjustment);
    if (db_query(c->desk->db, &proposed, &a, &r, e))
        return e->kind;
    if (r.nrows == 0) {
        err_set(e, ERR_USAGE, "no adjustment #%lld", (long long)q->adjustment);
        err_code(e, "E10");
        err_fix(e, "quorum pending lists those that wait");
    } else {
        q->id = parameter_find(rows_text(&r, 0, 0));
        double x = rows_double(&r, 0, 1, &off);
        q->to = off ? VALUE_UNKNOWN : VALUE(x);
        if (q->id == PARAMETERS)
            unknown_parameter(rows_text(&r, 0, 0), e);
    }
    rows_release(&r);
    return e->kind;
}

static enum err of_words(const struct call *c, const struct parameter p[PARAMETERS],
                         struct question *q, struct error *e)
{
    char name[64];
    const char *equals = strchr(c->arg[0], '=');
    if (!copy_bytes(name, sizeof name, c->arg[0], (size_t)(equals - c->arg[0])) ||
        (q->id = parameter_find(name)) == PARAMETERS)
        return unknown_parameter(name, e);
    return parameter_parse(&p[q->id], equals + 1, &q->to, e);
}

static const char *ordinal(int64_t n, char dst[24])
{
    int64_t last = n % 100 >= 11 && n % 100 <= 13 ? 0 : n % 10;
    snprintf(dst, 24, "%lld%s", (long long)n,
             last == 1   ? "st"
             : last == 2 ? "nd"
             : last == 3 ? "rd"
                         : "th");
    return dst;
}

static void result_row(struct table *t, const char *what, size_t n, double mean, size_t won,
                       double drawdown)
{
    char count[24], each[24], total[24], rate[24], fall[24];
    double entries = (double)n;
    snprintf(count, sizeof count, "%zu", n);
    snprintf(each, sizeof each, "%+.3f", mean);
    snprintf(total, sizeof total, "%+.1f", mean * entries);
    snprintf(rate, sizeof rate, "%.0f%%", n ? 100 * (double)won / entries : 0);
    snprintf(fall, sizeof fall, "%.1f", drawdown);
    table_row(t, (const char *const[]){what, count, each, total, rate, fall});
}

/* What the figures leave out. */
static void limits_lines(struct call *c, const struct parameter *p, const struct whatif *w)
{
    bool exits = p->class == PARAMETER_EXIT;
    out_line(c->out, "%zu of %zu %s, in %zu weeks%s", w->changed, exits ? w->used : w->candidates,
             exits ? "leave otherwise" : "are let in by one of the values only", w->weeks,
             !isnan(w->delta_95.low) ? ""
             : exits                 ? "; an interval needs 8 weeks: wait, or --days"
                     : "; an interval needs 8 weeks, 8 that change and 8 that stay");
    if (w->overlapping)
        out_line(c->out,
                 "%zu begin before an earlier one of their symbol has ended; so weeks are "
                 "resampled, not cases",
                 w->overlapping);
    if (w->unfinished)
        out_line(c->out, "%zu are too young for the longer time limit, and left out",
                 w->unfinished);
    if (w->unknown && exits)
        out_line(c->out,
                 "%zu have stop and target in one bar: the path is unknown, told as the "
                 "stop%s",
                 w->unknown,
                 w->unknown * WHATIF_UNKNOWN_PART > w->used ? "; too many to prove anything" : "");
    else if (w->unknown)
        out_line(c->out, "of %zu the figure is not known: they pass", w->unknown);
}

static void cases_table(struct call *c, const struct whatif *w)
{
    static const struct column columns[] = {
        {"evaluation", "EVALUATION", COLUMN_TEXT},
        {"trade", "TRADE", COLUMN_TEXT},
        {"old", "R NOW", COLUMN_MONEY},
        {"new", "R THEN", COLUMN_MONEY},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < w->ncases && i < CASES_SHOWN; i++) {
        char evaluation[24], trade[24], before[24], after[24];
        snprintf(evaluation, sizeof evaluation, "#%lld", (long long)w->case_of[i].evaluation_id);
        snprintf(trade, sizeof trade, "#%lld", (long long)w->case_of[i].trade_id);
        snprintf(before, sizeof before, "%+.2f", w->case_of[i].r_old);
        snprintf(after, sizeof after, "%+.2f", w->case_of[i].r_new);
        table_row(&t, (const char *const[]){evaluation, w->case_of[i].trade_id ? trade : NULL,
                                            before, after});
    }
    table_end(&t, c->out, "no decision comes out otherwise");
}

/* Everything there is to say about one comparison. */
struct comparison {
    const struct question *q;
    const struct parameter *p;
    const struct candidate_set *s;
    struct whatif w;
    int64_t nth; /* 0: not counted */
    double confidence, confidence_of_many;
    struct learning_change change;
};

static void whatif_text(struct call *c, const struct comparison *a)
{
    static const struct column columns[] = {
        {"value", "VALUE", COLUMN_TEXT},    {"n", "ENTRIES", COLUMN_NUMBER},
        {"mean_r", "MEAN R", COLUMN_MONEY}, {"total_r", "TOTAL R", COLUMN_MONEY},
        {"won", "WON", COLUMN_MONEY},       {"drawdown", "WORST FALL R", COLUMN_MONEY},
    };
    const struct whatif *w = &a->w;
    char old[VALUE_SIZE], new[VALUE_SIZE], from[11], until[11], nth[24], range[64] = "no interval";
    struct table t;
    parameter_print(a->p, a->p->value, old, sizeof old);
    parameter_print(a->p, a->q->to, new, sizeof new);
    out_line(c->out, "%s %s -> %s over %zu past decisions to buy (%zu were entered), %s to %s",
             a->p->name, old, new, a->s->n, a->s->traded, day_print(from, a->s->from_day),
             day_print(until, a->s->to_day));
    table_begin(&t, columns, ARRAY_LEN(columns));
    result_row(&t, old, w->used, w->mean_old, w->won_old, w->drawdown_old);
    result_row(&t, new, w->n_new, w->mean_new, w->won_new, w->drawdown_new);
    table_end(&t, c->out, "");
    if (!isnan(w->delta_95.low))
        snprintf(range, sizeof range, "95 %% %+.3f .. %+.3f", w->delta_95.low, w->delta_95.high);
    out_line(c->out, "change %+.3f R a trade, %s: %s", w->effect.delta, range, w->verdict);
    limits_lines(c, a->p, w);
    out_line(c->out, "confidence %.0f %% that it is better, risk %s", a->confidence,
             learning_level_name(learning_risk(&a->change)));
    if (a->nth > 1)
        out_line(c->out,
                 "%s value tried on this window: expect the best of %lld by luck; as one "
                 "of them confidence %.0f %%",
                 ordinal(a->nth, nth), (long long)a->nth, a->confidence_of_many);
    cases_table(c, w);
}

static void json_side(struct json *j, const char *key, struct value v, size_t n, double mean,
                      size_t won, double drawdown)
{
    json_open(j, key, '{');
    json_parameter_value(j, "value", v);
    json_int(j, "entries", (int64_t)n);
    json_num(j, "mean_r", mean);
    json_num(j, "total_r", mean * (double)n);
    json_int(j, "won", (int64_t)won);
    json_num(j, "drawdown_r", drawdown);
    json_close(j, '}');
}

static void comparison_json(struct call *c, const struct comparison *a)
{
    const struct whatif *w = &a->w;
    bool interval = !isnan(w->delta_95.low);
    char day[11];
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_str(&j, "desk", desk_kind_name(c->desk->kind));
    json_str(&j, "parameter", a->p->name);
    if (a->q->adjustment)
        json_int(&j, "adjustment", a->q->adjustment);
    json_str(&j, "from", day_print(day, a->s->from_day));
    json_str(&j, "to", day_print(day, a->s->to_day));
    json_int(&j, "candidates", (int64_t)w->candidates);
    json_int(&j, "entered", (int64_t)a->s->traded);
    json_side(&j, "now", a->p->value, w->used, w->mean_old, w->won_old, w->drawdown_old);
    json_side(&j, "then", a->q->to, w->n_new, w->mean_new, w->won_new, w->drawdown_new);
    json_num(&j, "delta_r", w->effect.delta);
    json_parameter_value(&j, "delta_low", interval ? VALUE(w->delta_95.low) : VALUE_UNKNOWN);
    json_parameter_value(&j, "delta_high", interval ? VALUE(w->delta_95.high) : VALUE_UNKNOWN);
    json_str(&j, "verdict", w->verdict);
    json_int(&j, "changed", (int64_t)w->changed);
    json_int(&j, "unknown", (int64_t)w->unknown);
    json_int(&j, "unfinished", (int64_t)w->unfinished);
    json_int(&j, "overlapping", (int64_t)w->overlapping);
    json_int(&j, "weeks", (int64_t)w->weeks);
    json_num(&j, "confidence", a->confidence);
    json_str(&j, "risk", learning_level_name(learning_risk(&a->change)));
    json_int(&j, "tried_on_this_window", a->nth);
    json_num(&j, "confidence_as_one_of_them", a->confidence_of_many);
    whatif_json_cases(&j, w);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static enum err compare(struct call *c, const struct parameter p[PARAMETERS], struct comparison *a,
                        struct error *e)
{
    struct error uncounted = {0};
    if (a->s->n == 0) {
        err_set(e, ERR_POLICY, "no decision to buy of the last %lld days is %d sessions old yet",
                (long long)a->q->days, BARRIER_SESSIONS);
        return err_fix(e, "what a decision came to is known after %d sessions; or --days=N",
                       BARRIER_SESSIONS);
    }
    if (whatif_run(a->s, p, a->q->id, a->q->to, &a->w, e))
        return e->kind;
    if (whatif_count(c->desk, a->s, a->p, a->q->to, &a->nth, &uncounted))
        call_warn(c, "the values tried were not counted: %s", uncounted.text);
    a->confidence = learning_confidence(&a->w.effect, 1);
    a->confidence_of_many = learning_confidence(&a->w.effect, a->nth > 1 ? (size_t)a->nth : 1);
    a->change = parameter_change(a->p, a->q->to);
    if (c->out->format == OUTPUT_JSON)
        comparison_json(c, a);
    else
        whatif_text(c, a);
    return OK;
}

/* No desk is open yet whose bounds could be read. */
static enum err no_value(const char *name, struct error *e)
{
    static const char *const example[PARAMETERS] = {
        [PARAM_STOP_MULT] = "2",        [PARAM_TARGET_MULT] = "3",     [PARAM_TIME_EXIT] = "10",
        [PARAM_TRAIL_ATR] = "2",        [PARAM_EXPLORATION_PCT] = "2", [PARAM_RSI_MAX] = "75",
        [PARAM_MIN_VOLUME_RATIO] = "1", [PARAM_MIN_CONFIDENCE] = "60",
    };
    err_set(e, ERR_USAGE, "whatif needs the value at which %s is to be tried", name);
    err_code(e, "E04");
    return err_fix(e, "example: quorum whatif %s=%s; quorum param %s shows its bounds", name,
                   example[parameter_find(name)], name);
}

static enum err check_whatif(const struct call *c, struct error *e)
{
    struct question q = {.days = 0};
    int64_t id;
    char name[64];
    const char *equals = strchr(c->arg[0], '=');
    if (call_int(c, "days", 1, 3650, &q.days, e))
        return e->kind;
    if (!equals && parameter_find(c->arg[0]) != PARAMETERS)
        return no_value(c->arg[0], e);
    if (!equals && c->arg[0][0] != '#' && (c->arg[0][0] < '0' || c->arg[0][0] > '9'))
        return unknown_parameter(c->arg[0], e);
    if (!equals)
        return call_id(c->arg[0], "adjustment", &id, e);
    if (!copy_bytes(name, sizeof name, c->arg[0], (size_t)(equals - c->arg[0])) ||
        parameter_find(name) == PARAMETERS)
        return unknown_parameter(name, e);
    return equals[1] ? OK : no_value(name, e);
}

static enum err run_whatif(struct call *c, struct error *e)
{
    struct parameter p[PARAMETERS];
    struct question q = {.days = 0};
    struct candidate_set *s = NULL;
    if (check_whatif(c, e) || call_int(c, "days", 1, 3650, &q.days, e) || call_desk(c, e) ||
        parameters_load(c->desk, p, e))
        return e->kind;
    if (q.days == 0) {
        int64_t lookback = desk_int(c->desk, SETTING_LEARNING_LOOKBACK);
        q.days = lookback > LEAST_DAYS ? lookback : LEAST_DAYS;
    }
    enum err result = strchr(c->arg[0], '=') ? of_words(c, p, &q, e) : of_adjustment(c, &q, e);
    if (result || candidates_wait(c->desk, (int)q.days, &s, e))
        return e->kind;
    struct comparison *a = mem_alloc(sizeof *a);
    *a = (struct comparison){.q = &q, .p = &p[q.id], .s = s};
    result = compare(c, p, a, e);
    candidates_release(s);
    mem_free(a);
    return result;
}

static const struct option_row whatif_options[] = {
    {"days", "N", "decisions entered in N days; default SELF_LEARNING_LOOKBACK_DAYS, at least 90"},
    {NULL, NULL, NULL},
};

const struct command whatif_commands[] = {
    {.name = "whatif",
     .aliases = (const char *const[]){"wi", NULL},
     .group = "Deciding",
     .usage = "NAME=VALUE | ID",
     .help = "what past decisions would have come to by another value",
     .details =
         "Every decision to buy of which the outcome is known, entered or not, is left again\n"
         "by the other stop, target, time limit or trailing stop; an entry filter is asked\n"
         "whom it would have kept out. ID takes the value of a proposal. No model is asked,\n"
         "nothing is changed but the count of values tried on the same decisions.\n"
         "NOT PROVEN: 0 lies inside the interval. Days count back from the last decision\n"
         "whose 20 sessions are over.",
     .min_args = 1,
     .max_args = 1,
     .options = whatif_options,
     .no_csv = true,
     .check = check_whatif,
     .run = run_whatif},
    {.name = NULL},
};
