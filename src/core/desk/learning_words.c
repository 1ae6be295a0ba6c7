/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The agents `learning` and `strategy_builder`: each is shown what code has found as facts, chooses
 * one and words it. They are asked only when there is something to word. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/desk/agent_call.h"
#include "core/desk/learning_private.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/prompts.h"
#include "quorum/text.h"

static const char pattern_prefix[] = "pattern_", proposal_prefix[] = "proposal_";

static const struct statement reserve = {
    "learning reserve", "SELECT reservation, short, trim_scale(left_usd)::text"
                        " FROM learning_reserve($1::bigint, $2, $3, '90 seconds', $4::jsonb)"};

/* Outlives a cycle that was interrupted: calls under way end in it. */
struct wording {
    struct agent_asker asker;
    struct dossier dossier;
    struct learning_run *run; /* NULL: nobody listens any more */
    const char *state;
    int open;
    struct said {
        char choice[40], first[84], reason[400];
    } pattern, proposal;
};

/* ---- facts ---- */

static struct fact *add(struct wording *w, const char *prefix, const char *name)
{
    char id[40];
    struct provenance from = {.state = DATUM_PRESENT,
                              .source = "desk",
                              .as_of = w->dossier.as_of,
                              .published_at = w->dossier.as_of,
                              .fetched_at = w->dossier.as_of};
    snprintf(id, sizeof id, "%s%s", prefix, name);
    return dossier_add(&w->dossier, id, &from);
}

static void add_number(struct wording *w, const char *prefix, const char *name, struct value x,
                       int decimals, const char *unit)
{
    struct fact *f = add(w, prefix, name);
    if (!f)
        return;
    f->number = x;
    f->decimals = decimals;
    copy_text(f->unit, sizeof f->unit, unit);
}

static void add_words(struct wording *w, const char *prefix, const char *name, const char *text)
{
    struct fact *f = add(w, prefix, name);
    if (f)
        f->text = arena_text(&w->dossier.arena, text);
}

static void add_trades(struct wording *w, const struct learning_run *r)
{
    double sum = 0;
    size_t n = r->seen.n;
    for (size_t i = 0; i < n; i++)
        sum += r->seen.c[i].r;
    add_number(w, "trades_", "closed", VALUE((double)r->seen.trades), 0, "");
    add_number(w, "trades_", "cases", VALUE((double)r->report.cases), 0, "");
    add_number(w, "trades_", "won", VALUE(100 * r->report.win_rate), 0, "%");
    add_number(w, "trades_", "mean_r", n ? VALUE(sum / (double)n) : VALUE_UNKNOWN, 2, "R");
    add_number(w, "trades_", "tested", VALUE((double)r->report.tested), 0, "");
}

static void add_pattern(struct wording *w, const struct pattern *p)
{
    char text[LEARNING_LINE];
    snprintf(text, sizeof text,
             "%s: inside %zu, won %.0f %% (95 %% %.0f to %.0f), mean R %+.2f; outside %zu, won "
             "%.0f %%, mean R %+.2f; q %.3f; %s",
             p->condition->title, p->n_in, 100 * p->rate_in, 100 * p->rate_in_95.low,
             100 * p->rate_in_95.high, p->mean_r_in, p->n_out, 100 * p->rate_out, p->mean_r_out,
             p->q, pattern_status_name(p->status));
    add_words(w, pattern_prefix, p->condition->id, text);
}

static void add_parameter(struct wording *w, const struct parameter *p)
{
    char name[40];
    double tenths = 10 * p->step;
    int decimals = fabs(tenths - round(tenths)) > 1e-9 ? 2 : p->step < 1 ? 1 : 0;
    if (p->value.known)
        add_number(w, "parameter_", p->name, p->value, decimals, "");
    else
        add_words(w, "parameter_", p->name, "off");
    snprintf(name, sizeof name, "%s_low", p->name);
    add_number(w, "parameter_", name, VALUE(p->low), decimals, "");
    snprintf(name, sizeof name, "%s_high", p->name);
    add_number(w, "parameter_", name, VALUE(p->high), decimals, "");
}

static void add_proposal(struct wording *w, const struct learning_run *r,
                         const struct learning_trial *t)
{
    const struct parameter *p = &r->parameter[t->id];
    char line[LEARNING_LINE], text[2 * LEARNING_LINE];
    snprintf(text, sizeof text, "%s; %zu cases; confidence %.0f; risk %s; priority %s; %s",
             learning_change_line(r, t, line), t->w.effect.n, t->gate.confidence,
             learning_level_name(t->gate.risk), learning_level_name(t->gate.priority),
             t->gate.verdict == GATE_APPLY ? "it applies itself" : "a person decides");
    add_words(w, proposal_prefix, p->name, text);
}

static bool is_proposed(const struct learning_trial *t)
{
    return t->gate.verdict != GATE_REJECT;
}

/* ---- answers ---- */

static bool is_learning(const struct agent *a)
{
    return agent_shows(a, "pattern_x");
}

/* A choice is the id of a fact of its kind that this agent was shown. */
static bool is_offered(const struct wording *w, const struct agent *a, const char *id)
{
    const char *prefix = is_learning(a) ? pattern_prefix : proposal_prefix;
    return strncmp(id, prefix, strlen(prefix)) == 0 && dossier_fact(&w->dossier, id);
}

static void refuse(struct vote *out, const char *text)
{
    out->state = VOTE_FAILED;
    sanitize_line(out->reason, sizeof out->reason, untrusted(text));
}

static const char *first_wrong(const struct vote *v)
{
    for (size_t i = 0; i < v->nevidence; i++)
        if (v->evidence[i].wrong)
            return v->evidence[i].fact_id;
    return "";
}

static const struct answer_value *field(const struct agent *a, const struct answer *answer,
                                        const char *name)
{
    size_t i = 0;
    while (a->answer[i].name && strcmp(a->answer[i].name, name) != 0)
        i++;
    assert(a->answer[i].name);
    return &answer->field[i];
}

/* Something chosen that was not offered, or evidence that the facts do not bear out: the answer is
 * kept with its bill, and used for nothing. */
static void take(void *arg, const struct agent *a, const struct answer *answer, struct vote *out)
{
    struct wording *w = arg;
    struct said *said = is_learning(a) ? &w->pattern : &w->proposal;
    const struct answer_value *cited = field(a, answer, "evidence");
    char text[200];
    *out = (struct vote){.state = VOTE_HOLD, .nevidence = cited->nevidence};
    memcpy(out->evidence, cited->evidence, sizeof out->evidence);
    copy_text(said->choice, sizeof said->choice,
              field(a, answer, is_learning(a) ? "pattern" : "proposal")->text);
    copy_text(said->first, sizeof said->first,
              field(a, answer, is_learning(a) ? "headline" : "priority")->text);
    copy_text(said->reason, sizeof said->reason, field(a, answer, "reason")->text);
    const char *name = strchr(said->choice, '_');
    copy_text(out->answer, sizeof out->answer, name ? name + 1 : said->choice);
    copy_text(out->reason, sizeof out->reason, said->reason);
    if (!is_offered(w, a, said->choice)) {
        snprintf(text, sizeof text, "it chose \"%s\", which is no %s it was shown", said->choice,
                 is_learning(a) ? "pattern" : "proposal");
        refuse(out, text);
    } else if (evidence_check(&w->dossier, out) > 0) {
        snprintf(text, sizeof text, "it cites \"%s\" otherwise than the facts have it",
                 first_wrong(out));
        refuse(out, text);
    }
}

static void use_pattern(const struct wording *w, struct learning_run *r)
{
    const char *id = w->pattern.choice + strlen(pattern_prefix);
    for (size_t i = 0; i < r->report.n; i++)
        if (strcmp(r->report.pattern[i].condition->id, id) == 0)
            r->chosen = &r->report.pattern[i];
    copy_text(r->headline, sizeof r->headline, w->pattern.first);
    copy_text(r->quote, sizeof r->quote, w->pattern.reason);
}

/* The one a person is to see first; the others keep code's order. */
static void use_proposal(const struct wording *w, struct learning_run *r)
{
    const char *name = w->proposal.choice + strlen(proposal_prefix);
    size_t i = 0;
    while (i < r->nbest && strcmp(r->parameter[r->best[i]->id].name, name) != 0)
        i++;
    if (i == r->nbest)
        return;
    struct learning_trial *t = r->best[i];
    memmove(r->best + 1, r->best, i * sizeof(struct learning_trial *));
    r->best[0] = t;
    t->by = "strategy_builder";
    copy_text(t->model_priority, sizeof t->model_priority, w->proposal.first);
    copy_text(t->quote, sizeof t->quote, w->proposal.reason);
}

static void degrade(struct learning_run *r, const char *who, const char *why)
{
    struct learning_result *o = r->out;
    size_t n = strlen(o->degraded_why);
    o->degraded = true;
    snprintf(o->degraded_why + n, sizeof o->degraded_why - n, "%s%s%s%s", n ? "; " : "", who,
             *who ? ": " : "", why);
}

static void wording_free(struct wording *w)
{
    dossier_release(&w->dossier);
    mem_free(w);
}

static void answered(void *arg, const struct agent_call_result *result)
{
    struct wording *w = arg;
    struct learning_run *r = w->run;
    const struct agent *a = result->agent;
    w->open--;
    if (!r) {
        if (w->open == 0)
            wording_free(w);
        return;
    }
    if (!result->has_vote) {
        degrade(r, a->name, result->why);
    } else if (result->vote.state == VOTE_FAILED) {
        r->bad_answers++;
        log_write(LOG_WARN, "learning", "%s: its answer is not used: %s", a->name,
                  result->vote.reason);
        degrade(r, a->name, result->vote.reason);
    } else if (is_learning(a)) {
        use_pattern(w, r);
    } else {
        use_proposal(w, r);
    }
}

/* ---- asking ---- */

static void ask(struct wording *w, const char *name)
{
    const struct agent *const *a = w->asker.desk->agents;
    while (*a && strcmp((*a)->name, name) != 0)
        a++;
    if (!*a)
        return;
    w->open++;
    agent_call_add(&w->asker, *a, answered);
}

static bool is_answered(void *arg)
{
    return ((const struct wording *)arg)->open == 0;
}

static struct wording *wording_new(struct learning_run *r)
{
    struct wording *w = mem_alloc(sizeof *w);
    *w = (struct wording){.run = r, .state = "RUNNING"};
    w->asker = (struct agent_asker){.desk = r->desk,
                                    .dossier = &w->dossier,
                                    .id = r->out->cycle,
                                    .state = &w->state,
                                    .reserve = &reserve,
                                    .act = "learn",
                                    .symbol = w->dossier.symbol,
                                    .as_of = r->now,
                                    .take = take,
                                    .arg = w};
    copy_text(w->dossier.symbol, sizeof w->dossier.symbol, "the desk");
    w->dossier.as_of = r->now;
    return w;
}

/* Facts of what there is to word; how many patterns and proposals. */
static void gather(struct wording *w, struct learning_run *r, size_t *patterns, size_t *proposals)
{
    *patterns = *proposals = 0;
    add_trades(w, r);
    for (size_t i = 0; i < r->report.n; i++)
        if (r->report.pattern[i].status >= PATTERN_CANDIDATE) {
            add_pattern(w, &r->report.pattern[i]);
            ++*patterns;
        }
    for (size_t i = 0; i < r->nbest; i++)
        if (is_proposed(r->best[i])) {
            add_parameter(w, &r->parameter[r->best[i]->id]);
            add_proposal(w, r, r->best[i]);
            ++*proposals;
        }
}

void learning_word(struct learning_run *r)
{
    struct wording *w = wording_new(r);
    const char *none = desk_model_absent(r->desk);
    struct error unread = {0};
    size_t patterns, proposals;
    gather(w, r, &patterns, &proposals);
    if (r->request->without_model || patterns + proposals == 0 || none) {
        if (none && !r->request->without_model && patterns + proposals > 0)
            degrade(r, "code worded it", none);
        wording_free(w);
        return;
    }
    /* No evaluation brings the generation of the versions along here. */
    if (prompts_store(r->desk, &unread))
        log_write(LOG_WARN, "learning", "the prompts' versions were not read: %s", unread.text);
    w->open = 1; /* until the round is sent, so that none ends it early */
    if (patterns)
        ask(w, "learning");
    if (proposals)
        ask(w, "strategy_builder");
    w->open--;
    agent_calls_send(&w->asker);
    if (loop_run_until(r->desk->loop, is_answered, w, LOOP_NO_DEADLINE)) {
        wording_free(w);
        return;
    }
    degrade(r, "code worded it", "interrupted");
    w->run = NULL;
}
