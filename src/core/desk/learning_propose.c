/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best changes of a cycle become rows: the figures and what speaks against them by code. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/desk/learning_private.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

enum { TEXT_MAX = LEARNING_LINE, FEW_WEEKS = 12 };

static const char *print_value(const struct parameter *p, struct value v, char dst[24])
{
    return parameter_print(p, v, dst, 24);
}

/* ---- patterns that say the same ---- */

/* The condition whose bad cases a filter would leave out. */
static const struct pattern *pattern_behind(const struct learning_run *r,
                                            const struct learning_trial *t)
{
    static const char *const condition[PARAMETERS] = {
        [PARAM_RSI_MAX] = "rsi_from_65",
        [PARAM_MIN_VOLUME_RATIO] = "volume_thin",
        [PARAM_MIN_CONFIDENCE] = "confidence_below_60",
    };
    const struct parameter *p = &r->parameter[t->id];
    struct learning_change c = parameter_change(p, t->to);
    if (!condition[t->id] || learning_risk(&c) != LEVEL_LOW)
        return NULL;
    for (size_t i = 0; i < r->report.n; i++) {
        const struct pattern *one = &r->report.pattern[i];
        if (strcmp(one->condition->id, condition[t->id]) == 0)
            return one->status >= PATTERN_CANDIDATE && one->difference < 0 ? one : NULL;
    }
    return NULL;
}

/* ---- sentences by code ---- */

static const char *expected(const struct learning_run *r, const struct learning_trial *t,
                            char dst[TEXT_MAX])
{
    const struct whatif *w = &t->w;
    if (r->parameter[t->id].class == PARAMETER_EXIT)
        snprintf(dst, TEXT_MAX,
                 "mean R a trade from %+.2f to %+.2f over %zu past decisions in %zu weeks; %zu of "
                 "them would have ended otherwise",
                 w->mean_old, w->mean_new, w->used, w->weeks, w->changed);
    else if (w->n_new <= w->used)
        snprintf(dst, TEXT_MAX,
                 "%zu of %zu past decisions would not have been entered; mean R a trade of the "
                 "rest %+.2f instead of %+.2f",
                 w->used - w->n_new, w->used, w->mean_new, w->mean_old);
    else
        snprintf(dst, TEXT_MAX,
                 "%zu past decisions would have been entered instead of %zu; mean R a trade %+.2f "
                 "instead of %+.2f",
                 w->n_new, w->used, w->mean_new, w->mean_old);
    return dst;
}

const char *learning_change_line(const struct learning_run *r, const struct learning_trial *t,
                                 char dst[LEARNING_LINE])
{
    const struct parameter *p = &r->parameter[t->id];
    char text[TEXT_MAX], was[24], is[24];
    int n = snprintf(dst, LEARNING_LINE, "%s %s -> %s: %s. Effect %+.2f R a trade", p->title,
                     print_value(p, p->value, was), print_value(p, t->to, is), expected(r, t, text),
                     t->w.effect.delta);
    if (isfinite(t->w.delta_95.low) && n < LEARNING_LINE)
        snprintf(dst + n, (size_t)(LEARNING_LINE - n), ", 95 %% %+.2f to %+.2f (%s)",
                 t->w.delta_95.low, t->w.delta_95.high, t->w.verdict);
    return dst;
}

static const char *reasoning(const struct learning_run *r, const struct learning_trial *t,
                             char dst[2 * TEXT_MAX])
{
    const struct pattern *behind = pattern_behind(r, t);
    char text[LEARNING_LINE], found[TEXT_MAX / 2] = "";
    if (behind)
        snprintf(found, sizeof found, "; %s is a %s pattern (q %.3f)", behind->condition->title,
                 pattern_status_name(behind->status), behind->q);
    snprintf(dst, 2 * TEXT_MAX, "%s%s.", learning_change_line(r, t, text), found);
    return dst;
}

/* ---- evidence ---- */

/* Changes of this cycle that were compared with the value in force. */
static size_t compared_now(const struct learning_run *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->ntrials; i++)
        n += r->trial[i].compared;
    return n;
}

static void write_warnings(struct json *j, const struct learning_run *r,
                           const struct learning_trial *t)
{
    const struct whatif *w = &t->w;
    char text[TEXT_MAX];
    json_open(j, "warnings", '[');
    if (strcmp(w->verdict, "PROVEN") != 0 && isfinite(w->delta_95.low)) {
        snprintf(text, sizeof text, "not proven: the effect may be %+.2f to %+.2f R a trade",
                 w->delta_95.low, w->delta_95.high);
        json_str(j, NULL, text);
    }
    if (strcmp(w->verdict, "PROVEN") == 0 && t->gate.priority != LEVEL_HIGH &&
        compared_now(r) > 1) {
        snprintf(text, sizeof text,
                 "proven alone, not against all: it is the best of %zu changes compared in its "
                 "cycle",
                 compared_now(r));
        json_str(j, NULL, text);
    }
    if (t->gate.risk != LEVEL_LOW)
        json_str(j, NULL, "it can add to the loss of a trade, to exposure or to trades");
    if (w->weeks < FEW_WEEKS) {
        snprintf(text, sizeof text, "all of it happened in %zu weeks", w->weeks);
        json_str(j, NULL, text);
    }
    if (w->drawdown_new > 1.1 * w->drawdown_old) {
        snprintf(text, sizeof text, "the deepest fall would have been %.1f R instead of %.1f R",
                 w->drawdown_new, w->drawdown_old);
        json_str(j, NULL, text);
    }
    if (w->unknown > 0) {
        snprintf(text, sizeof text,
                 r->parameter[t->id].class == PARAMETER_EXIT
                     ? "of %zu the path inside a bar is not known; told as the stop"
                     : "of %zu the figure is not known; they are let in",
                 w->unknown);
        json_str(j, NULL, text);
    }
    if (t->w.changed < PATTERN_MIN_CASES) {
        snprintf(text, sizeof text, "it rests on %zu decisions that end otherwise", t->w.changed);
        json_str(j, NULL, text);
    }
    json_close(j, ']');
}

static void write_cases(struct json *j, const struct whatif *w)
{
    json_open(j, "trade_ids", '[');
    for (size_t i = 0; i < w->ncases; i++)
        if (w->case_of[i].trade_id)
            json_int(j, NULL, w->case_of[i].trade_id);
    json_close(j, ']');
    json_open(j, "evaluation_ids", '[');
    for (size_t i = 0; i < w->ncases; i++)
        json_int(j, NULL, w->case_of[i].evaluation_id);
    json_close(j, ']');
    whatif_json_cases(j, w);
}

static void write_figures(struct json *j, const struct whatif *w)
{
    json_int(j, "n", (int64_t)w->effect.n);
    json_int(j, "used", (int64_t)w->used);
    json_int(j, "n_new", (int64_t)w->n_new);
    json_int(j, "changed", (int64_t)w->changed);
    json_int(j, "unknown", (int64_t)w->unknown);
    json_int(j, "weeks", (int64_t)w->weeks);
    json_num(j, "mean_old", w->mean_old);
    json_num(j, "mean_new", w->mean_new);
    json_int(j, "won_old", (int64_t)w->won_old);
    json_int(j, "won_new", (int64_t)w->won_new);
    json_num(j, "effect", w->effect.delta);
    json_open(j, "delta_95", '[');
    json_num(j, NULL, w->delta_95.low);
    json_num(j, NULL, w->delta_95.high);
    json_close(j, ']');
    json_str(j, "verdict", w->verdict);
    json_num(j, "drawdown_old", w->drawdown_old);
    json_num(j, "drawdown_new", w->drawdown_new);
}

/* What the other parameters were: its figures hold only while they are. */
static void write_in_force(struct json *j, const struct learning_run *r)
{
    json_open(j, "parameters", '{');
    for (int i = 0; i < PARAMETERS; i++) {
        const struct parameter *p = &r->parameter[i];
        if (p->value.known)
            json_num(j, p->name, p->value.v);
        else
            json_null(j, p->name);
    }
    json_close(j, '}');
}

static void write_evidence(struct json *j, const struct learning_run *r,
                           const struct learning_trial *t)
{
    const struct parameter *p = &r->parameter[t->id];
    const struct pattern *behind = pattern_behind(r, t);
    char text[TEXT_MAX], low[24], high[24], day[11];
    json_open(j, NULL, '{');
    json_str(j, "source", p->class == PARAMETER_EXIT ? "replay" : "filter");
    json_str(j, "by", t->by);
    json_int(j, "cycle", r->out->cycle);
    write_figures(j, &t->w);
    json_str(j, "expected", expected(r, t, text));
    write_warnings(j, r, t);
    snprintf(text, sizeof text, "%s .. %s", print_value(p, VALUE(p->low), low),
             print_value(p, VALUE(p->high), high));
    json_str(j, "bounds", text);
    json_str(j, "baseline", print_value(p, p->baseline, low));
    if (t->gate.verdict != GATE_APPLY)
        json_str(j, "not_auto", t->gate.reason);
    json_int(j, "considered", (int64_t)r->state.considered);
    json_int(j, "compared", (int64_t)compared_now(r));
    json_int(j, "ever_compared", r->compared);
    write_in_force(j, r);
    json_open(j, "window", '{');
    json_str(j, "from", day_print(day, r->candidates->from_day));
    json_str(j, "to", day_print(day, r->candidates->to_day));
    json_close(j, '}');
    if (behind)
        json_str(j, "pattern", behind->condition->id);
    if (*t->quote) {
        json_str(j, "model_quote", t->quote);
        json_str(j, "model_priority", t->model_priority);
    }
    write_cases(j, &t->w);
    json_close(j, '}');
}

/* ---- to the gate's verdict ---- */

static enum err propose(struct learning_run *r, struct learning_trial *t, struct error *e)
{
    const struct parameter *p = &r->parameter[t->id];
    char text[2 * TEXT_MAX];
    struct buf evidence = {0};
    struct json j;
    json_begin(&j, &evidence);
    write_evidence(&j, r, t);
    struct proposal q = {.parameter = p->name,
                         .old_value = p->value,
                         .new_value = t->to,
                         .gate = t->gate,
                         .reasoning = reasoning(r, t, text),
                         .by = t->by,
                         .evidence = buf_text(&evidence),
                         .cycle = r->out->cycle};
    enum err result = review_propose(r->desk, &q, &t->adjustment, e);
    buf_release(&evidence);
    return result;
}

/* The same rejection every night tells nobody anything: it is written down once in 30 days. */
static bool is_news(const struct learning_trial *t)
{
    return t->gate.verdict != GATE_REJECT || !t->known_rejected;
}

enum err learning_propose(struct learning_run *r, struct error *e)
{
    struct learning_result *out = r->out;
    for (size_t i = 0; i < r->nbest; i++) {
        struct learning_trial *t = r->best[i];
        if (is_news(t) && propose(r, t, e))
            return e->kind;
        out->proposals++;
        out->queued += t->gate.verdict == GATE_QUEUE;
        out->applied += t->gate.verdict == GATE_APPLY;
        out->rejected += t->gate.verdict == GATE_REJECT;
    }
    return OK;
}
