/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the agents' word is worth. */
#include "quorum/calibration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "quorum/money.h"
#include "quorum/text.h"

/* ---- text */

static const char *percent(char dst[24], double share)
{
    snprintf(dst, 24, "%.0f%%", round_half_away(100 * share, 0));
    return dst;
}

static const char *fixed(char dst[24], double x, int places, bool sign)
{
    if (isfinite(x))
        snprintf(dst, 24, sign ? "%+.*f" : "%.*f", places, round_half_away(x, places));
    else
        copy_text(dst, 24, "-");
    return dst;
}

static const char *dollars(char dst[40], double usd)
{
    snprintf(dst, 40, "$%.*f", usd != 0 && fabs(usd) < 0.1 ? 5 : 2, usd);
    return dst;
}

static double coverage(const struct calibration_voter *v)
{
    return v->asked ? (double)v->all.n / (double)v->asked : 0;
}

static void scores_text(struct output *o, const struct calibration_report *r)
{
    static const struct column columns[] = {
        {"agent", "AGENT", COLUMN_TEXT},
        {"source", "BY", COLUMN_TEXT},
        {"n", "N", COLUMN_NUMBER},
        {"base", "BASE", COLUMN_NUMBER},
        {"brier", "BRIER", COLUMN_NUMBER},
        {"skill", "SKILL", COLUMN_NUMBER},
        {"log_loss", "LOG L", COLUMN_NUMBER},
        {"ece", "ECE (N)", COLUMN_NUMBER},
        {"coverage", "COVER", COLUMN_NUMBER},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nvoters; i++) {
        const struct calibration_voter *v = &r->voter[i];
        char n[24], base[24], brier[24], skill[24], loss[24], ece[48], cover[24], x[24];
        bool any = v->all.n > 0;
        snprintf(n, sizeof n, "%zu", v->all.n);
        snprintf(ece, sizeof ece, "%s (%zu)", fixed(x, v->stated.expected_error, 2, false),
                 v->stated.n);
        table_row(&t, (const char *const[]){
                          v->agent, v->source, n, any ? percent(base, v->all.base_rate) : NULL,
                          any ? fixed(brier, v->all.brier, 3, false) : NULL,
                          v->all.skill.known ? fixed(skill, v->all.skill.v, 2, true) : NULL,
                          any ? fixed(loss, v->all.log_loss, 3, false) : NULL,
                          v->stated.n ? ece : NULL, percent(cover, coverage(v))});
    }
    table_end(&t, o, "");
}

static const char *bin_name(int k, char dst[24])
{
    snprintf(dst, 24, "%d-%d%%", 100 / RELIABILITY_BINS * k, 100 / RELIABILITY_BINS * (k + 1));
    return dst;
}

/* "54% (37)" of each bin. */
static void bins_text(struct output *o, const struct calibration_report *r)
{
    static const struct column columns[] = {
        {"agent", "AGENT", COLUMN_TEXT},  {"source", "BY", COLUMN_TEXT},
        {"b0", "0-20%", COLUMN_NUMBER},   {"b1", "20-40%", COLUMN_NUMBER},
        {"b2", "40-60%", COLUMN_NUMBER},  {"b3", "60-80%", COLUMN_NUMBER},
        {"b4", "80-100%", COLUMN_NUMBER},
    };
    struct table t;
    out_line(o, "%s",
             "\nSTATED -> CAME TRUE (of N)  chance of the target as BUY and SELL state it");
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nvoters; i++) {
        const struct calibration_voter *v = &r->voter[i];
        char text[RELIABILITY_BINS][48], x[24];
        const char *cell[2 + RELIABILITY_BINS] = {v->agent, v->source};
        for (int k = 0; k < RELIABILITY_BINS; k++) {
            const struct reliability_bin *b = &v->stated.bin[k];
            snprintf(text[k], sizeof text[k], "%s (%zu)", percent(x, b->rate), b->n);
            cell[2 + k] = b->n ? text[k] : NULL;
        }
        table_row(&t, cell);
    }
    table_end(&t, o, "");
}

/* Of one agent: each bin with its interval, each regime, the map. */
static void voter_text(struct output *o, const struct calibration_voter *v)
{
    static const struct column bins[] = {
        {"bin", "STATED", COLUMN_TEXT},   {"n", "N", COLUMN_NUMBER},
        {"mean", "MEAN", COLUMN_NUMBER},  {"rate", "CAME TRUE", COLUMN_NUMBER},
        {"range", "95 %", COLUMN_NUMBER}, {"off", "", COLUMN_TEXT},
    };
    struct table t;
    out_line(o, "\n%s (%s)  %zu BUY, %zu SELL, %zu HOLD; a voter %zu times", v->agent, v->source,
             v->buys, v->sells, v->holds, v->asked);
    table_begin(&t, bins, ARRAY_LEN(bins));
    for (int k = 0; k < RELIABILITY_BINS; k++) {
        const struct reliability_bin *b = &v->stated.bin[k];
        char name[24], n[24], mean[24], rate[24], range[48];
        bool off = b->n && (b->mean_p < b->rate_95.low || b->mean_p > b->rate_95.high);
        snprintf(n, sizeof n, "%zu", b->n);
        snprintf(range, sizeof range, "%.0f-%.0f%%", 100 * b->rate_95.low, 100 * b->rate_95.high);
        table_row(&t, (const char *const[]){bin_name(k, name), n,
                                            b->n ? percent(mean, b->mean_p) : NULL,
                                            b->n ? percent(rate, b->rate) : NULL,
                                            b->n ? range : NULL, off ? "<- off" : ""});
    }
    table_end(&t, o, "");
    for (size_t i = 0; i < v->nregimes; i++) {
        const struct calibration_score *s = &v->regime[i].score;
        char base[24], brier[24], skill[24];
        out_line(o, "  %-9s n=%zu  base %s  Brier %s  skill %s", v->regime[i].regime, s->n,
                 percent(base, s->base_rate), fixed(brier, s->brier, 3, false),
                 s->skill.known ? fixed(skill, s->skill.v, 2, true) : "-");
    }
    if (v->stated.n >= CALIBRATION_SHOWN_FROM)
        out_line(o, "  shown beside its confidence: the map is %s, of %zu votes",
                 calibration_kind_name(v->map.kind), v->stated.n);
    else
        out_line(o, "  no calibrated confidence yet: %zu of %d BUY and SELL with an outcome",
                 v->stated.n, CALIBRATION_SHOWN_FROM);
}

static void match_text(struct output *o, const struct desk *d, const struct calibration_report *r)
{
    out_line(o, "%s", "\nDOES THE MODEL BEAT ITS FREE BASELINE?  Brier saved a vote, same cases");
    if (r->nmatches == 0)
        out_line(o, "%s", "no model's vote has a known outcome yet");
    for (size_t i = 0; i < r->nmatches; i++) {
        const struct calibration_match *m = &r->match[i];
        char gain[24], low[24], high[24], each[40], point[40], verdict[160];
        double n = (double)m->duel.n;
        out_line(o, "%-18s %s [%s, %s]  n=%zu: %s", m->agent,
                 fixed(gain, n > 0 ? m->duel.gain : (double)NAN, 3, true),
                 fixed(low, m->duel.gain_95.low, 3, true),
                 fixed(high, m->duel.gain_95.high, 3, true), m->duel.n,
                 calibration_verdict_text(m, verdict));
        if (m->duel.n)
            out_line(o, "%-18s %s a vote%s; 0.01 of Brier %s%s%s", "",
                     dollars(each, (double)m->cost / 1e9 / n),
                     d->kind == DESK_DEMO ? " (simulated)" : "",
                     m->point_cost.known ? "costs " : "is not to be had: nothing was saved",
                     m->point_cost.known ? dollars(point, m->point_cost.v) : "",
                     m->point_cost.known ? " a vote" : "");
        if (m->duel.n && !m->blocks)
            out_line(o, "%-18s cases of fewer than %d weeks overlap: the interval is too narrow",
                     "", CALIBRATION_WEEKS_MIN);
    }
}

static void pairs_text(struct output *o, const struct calibration_report *r)
{
    if (r->voters < 2)
        return;
    out_line(o, "%s", "\nINDEPENDENCE  phi of being right together; 0 independent, 1 the same");
    for (size_t i = 0; i < r->npairs; i++) {
        const struct calibration_pair *p = &r->pair[i];
        char phi[24];
        out_line(o, "%-18s %-18s phi %s  n=%zu%s", p->a, p->b,
                 p->phi.known ? fixed(phi, p->phi.v, 2, true) : "-", p->n,
                 p->n < VOTE_PHI_MIN ? ", too few" : "");
    }
    char phi[24], voters[24];
    out_line(o, "%zu voters count as %s (phi %s%s)", r->voters,
             fixed(voters, r->effective, 1, false), fixed(phi, r->phi, 2, false),
             r->phi_measured ? "" : ", assumed");
}

static void mixes_text(struct output *o, const struct calibration_report *r)
{
    out_line(o, "\nDECISIONS  the last %d against those before", CALIBRATION_MIX_RECENT);
    for (size_t i = 0; i < r->nmixes; i++) {
        const struct calibration_mix *m = &r->mix[i];
        char who[80];
        if (strcmp(m->source, "model") == 0)
            snprintf(who, sizeof who, "%s v%d", m->agent, m->version);
        else
            snprintf(who, sizeof who, "%s %s", m->agent, m->source);
        out_line(o, "%s %-26s %s", m->alarm.fires ? "!" : " ", who, m->alarm.reason);
    }
    if (r->nmixes == 0)
        out_line(o, "no votes yet");
}

static void report_text(struct call *c, const struct calibration_report *r, bool one)
{
    struct output *o = c->out;
    out_line(o, "%s desk: %zu evaluations with a known outcome (of the last %d)",
             desk_kind_name(c->desk->kind), r->evaluations, CALIBRATION_WINDOW);
    if (r->nvoters == 0) {
        out_line(o, "nothing is scored yet: an outcome is known after at most 20 sessions");
        return;
    }
    scores_text(o, r);
    if (!one)
        bins_text(o, r);
    for (size_t i = 0; one && i < r->nvoters; i++)
        voter_text(o, &r->voter[i]);
    out_line(o, "%s", "stated is the chance of the target: a BUY's confidence, 100 less a SELL's");
    out_line(o, "%s",
             "the console's panel goes by the confidence itself: how often the vote was right");
    match_text(o, c->desk, r);
    pairs_text(o, r);
    mixes_text(o, r);
}

/* ---- JSON */

static void json_value(struct json *j, const char *key, struct value v)
{
    if (v.known)
        json_num(j, key, v.v);
    else
        json_null(j, key);
}

static void interval_json(struct json *j, const char *key, struct interval i)
{
    json_open(j, key, '[');
    json_num(j, NULL, i.low);
    json_num(j, NULL, i.high);
    json_close(j, ']');
}

static void score_json(struct json *j, const struct calibration_score *s)
{
    bool any = s->n > 0;
    json_int(j, "n", (int64_t)s->n);
    json_num(j, "base_rate", any ? s->base_rate : (double)NAN);
    json_num(j, "brier", any ? s->brier : (double)NAN);
    json_value(j, "skill", s->skill);
    json_num(j, "log_loss", any ? s->log_loss : (double)NAN);
}

static void bins_json(struct json *j, const struct calibration_score *s)
{
    json_open(j, "stated", '{');
    json_int(j, "n", (int64_t)s->n);
    json_num(j, "expected_error", s->n ? s->expected_error : (double)NAN);
    json_open(j, "bins", '[');
    for (int k = 0; k < RELIABILITY_BINS; k++) {
        const struct reliability_bin *b = &s->bin[k];
        json_open(j, NULL, '{');
        json_num(j, "from", (double)k / RELIABILITY_BINS);
        json_num(j, "to", (double)(k + 1) / RELIABILITY_BINS);
        json_int(j, "n", (int64_t)b->n);
        json_num(j, "mean_p", b->n ? b->mean_p : (double)NAN);
        json_num(j, "rate", b->n ? b->rate : (double)NAN);
        interval_json(j, "rate_95", b->rate_95);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void voter_json(struct json *j, const struct calibration_voter *v)
{
    json_open(j, NULL, '{');
    json_str(j, "agent", v->agent);
    json_str(j, "source", v->source);
    json_int(j, "asked", (int64_t)v->asked);
    json_int(j, "votes", (int64_t)v->votes);
    json_int(j, "buys", (int64_t)v->buys);
    json_int(j, "sells", (int64_t)v->sells);
    json_int(j, "holds", (int64_t)v->holds);
    json_num(j, "coverage", coverage(v));
    score_json(j, &v->all);
    bins_json(j, &v->stated);
    json_str(j, "map", calibration_kind_name(v->map.kind));
    json_open(j, "regimes", '[');
    for (size_t i = 0; i < v->nregimes; i++) {
        json_open(j, NULL, '{');
        json_str(j, "regime", v->regime[i].regime);
        score_json(j, &v->regime[i].score);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void match_json(struct json *j, const struct calibration_match *m)
{
    static const char *const word[] = {"too few", "unproven", "model", "baseline"};
    char text[160], cost[40];
    json_open(j, NULL, '{');
    json_str(j, "agent", m->agent);
    json_int(j, "n", (int64_t)m->duel.n);
    json_num(j, "brier_gain", m->duel.n ? m->duel.gain : (double)NAN);
    interval_json(j, "brier_gain_95", m->duel.gain_95);
    json_flag(j, "by_weeks", m->blocks);
    json_str(j, "better", word[calibration_verdict(m)]);
    json_str(j, "text", calibration_verdict_text(m, text));
    json_num(j, "needed", m->needed);
    json_str(j, "cost_usd",
             decimal_print(cost, sizeof cost, m->cost, MONEY_NANO_DIGITS, MONEY_NANO_DIGITS));
    json_value(j, "usd_per_point", m->point_cost);
    json_close(j, '}');
}

static void mix_counts(struct json *j, const char *key, const uint64_t count[MIX_KINDS])
{
    static const char *const names[] = {"BUY", "SELL", "HOLD", "ABSTAIN", "FAILED"};
    json_open(j, key, '{');
    for (int k = 0; k < MIX_KINDS; k++)
        json_int(j, names[k], (int64_t)count[k]);
    json_close(j, '}');
}

static void together_json(struct json *j, const struct calibration_report *r)
{
    json_open(j, "independence", '{');
    json_int(j, "voters", (int64_t)r->voters);
    json_num(j, "phi", r->phi);
    json_flag(j, "measured", r->phi_measured);
    json_num(j, "effective_voters", r->effective);
    json_open(j, "pairs", '[');
    for (size_t i = 0; i < r->npairs; i++) {
        json_open(j, NULL, '{');
        json_str(j, "a", r->pair[i].a);
        json_str(j, "b", r->pair[i].b);
        json_int(j, "n", (int64_t)r->pair[i].n);
        json_value(j, "phi", r->pair[i].phi);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
    json_open(j, "mixes", '[');
    for (size_t i = 0; i < r->nmixes; i++) {
        const struct calibration_mix *m = &r->mix[i];
        json_open(j, NULL, '{');
        json_str(j, "agent", m->agent);
        json_str(j, "source", m->source);
        json_int(j, "prompt_version", m->version);
        mix_counts(j, "before", m->before);
        mix_counts(j, "recent", m->recent);
        json_flag(j, "alarm", m->alarm.fires);
        json_str(j, "text", m->alarm.reason);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void report_json(struct call *c, const struct calibration_report *r)
{
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_str(&j, "desk", desk_kind_name(c->desk->kind));
    json_int(&j, "evaluations", (int64_t)r->evaluations);
    json_open(&j, "voters", '[');
    for (size_t i = 0; i < r->nvoters; i++)
        voter_json(&j, &r->voter[i]);
    json_close(&j, ']');
    json_open(&j, "model_against_baseline", '[');
    for (size_t i = 0; i < r->nmatches; i++)
        match_json(&j, &r->match[i]);
    json_close(&j, ']');
    together_json(&j, r);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

/* ---- the command */

enum err call_agent(const struct call *c, const char *name, const struct agent **out,
                    struct error *e)
{
    char names[300] = "", shown[64];
    for (const struct agent *const *a = c->agents; *a; a++) {
        size_t n = strlen(names);
        if (strcmp((*a)->name, name) == 0) {
            *out = *a;
            return OK;
        }
        snprintf(names + n, sizeof names - n, "%s%s", n ? " " : "", (*a)->name);
    }
    sanitize_line(shown, sizeof shown, untrusted(name));
    err_set(e, ERR_USAGE, "there is no agent \"%s\"", shown);
    return err_fix(e, "agents: %s", names);
}

static enum err check_calibration(const struct call *c, struct error *e)
{
    const struct agent *a = NULL;
    if (c->nargs == 0)
        return OK;
    if (call_agent(c, c->arg[0], &a, e) || !a)
        return e->kind;
    if (a->role == AGENT_VOTER)
        return OK;
    err_set(e, ERR_USAGE, "%s is a %s: its word has no outcome to be held against", a->name,
            agent_role_name(a->role));
    return err_fix(e, "quorum calibration shows those that vote");
}

static enum err run_calibration(struct call *c, struct error *e)
{
    struct calibration_report *r = mem_alloc(sizeof *r);
    const char *agent = c->nargs ? c->arg[0] : NULL;
    enum err result = call_desk(c, e) ? e->kind : calibration_load(c->desk, agent, r, e);
    if (!result && c->out->format == OUTPUT_TEXT)
        report_text(c, r, agent != NULL);
    else if (!result)
        report_json(c, r);
    calibration_release(r);
    mem_free(r);
    return result;
}

const struct command calibration_commands[] = {
    {.name = "calibration",
     .aliases = (const char *const[]){"cal", NULL},
     .group = "Learning",
     .usage = "[AGENT]",
     .help = "what stated confidence came to, and whether the model beats its free baseline",
     .details =
         "Of every vote whose outcome is known: Brier score (0 perfect), skill over always saying\n"
         "the base rate, log loss, expected calibration error with its number of votes, and the\n"
         "share of evaluations in which the agent had an opinion. With an agent: each fifth of\n"
         "stated chance with Wilson's interval, and each regime. The bins and the error are of "
         "BUY\n"
         "and SELL; a HOLD counts in the scores with the break-even chance of its barriers.\n"
         "Rules go by stated confidence; this stands beside it.",
     .max_args = 1,
     .no_csv = true,
     .check = check_calibration,
     .run = run_calibration},
    {.name = NULL},
};
