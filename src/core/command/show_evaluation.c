/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/calibration.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#define RULE "=============================================================="

const char *cost_text(char dst[32], const char *cost_usd)
{
    int64_t nano = 0;
    char number[28];
    if (cost_usd)
        decimal_parse(cost_usd, MONEY_NANO_DIGITS, &nano);
    int places = nano == 0 || nano >= 100000000 ? 2 : 4;
    snprintf(dst, 32, "$%s", decimal_print(number, sizeof number, nano, MONEY_NANO_DIGITS, places));
    return dst;
}

static const char *price_text(char dst[32], const char *price)
{
    int64_t units = 0;
    char number[28];
    if (!price || !decimal_parse(price, MONEY_MICRO_DIGITS, &units)) {
        copy_text(dst, 32, "?");
        return dst;
    }
    int places = units % 10000 ? 4 : 2; /* cents, unless the price is finer */
    snprintf(dst, 32, "$%s",
             decimal_print(number, sizeof number, units, MONEY_MICRO_DIGITS, places));
    return dst;
}

static bool is_role(const struct stored_vote *v, const char *role)
{
    return v->role && strcmp(v->role, role) == 0;
}

static bool has_opinion(const struct stored_vote *v)
{
    return strcmp(v->vote, "ABSTAIN") != 0 && strcmp(v->vote, "FAILED") != 0;
}

/* " (61 real, n=14)": what such votes came to. Rules go by what is stated. */
static const char *beside(char dst[CALIBRATED_SIZE], const struct stored_vote *v)
{
    char whole[CALIBRATED_SIZE];
    const char *real = strchr(calibration_print(whole, v->confidence, v->real_pct, v->real_n), ' ');
    copy_text(dst, CALIBRATED_SIZE, real ? real : "");
    return dst;
}

static void vote_line(struct output *o, const struct stored_vote *v)
{
    char real[CALIBRATED_SIZE];
    if (has_opinion(v))
        out_line(o, "    %s: %s (confidence: %.0f%%)%s", v->agent, v->vote, v->confidence,
                 beside(real, v));
    else
        out_line(o, "    %s: %s (%s)", v->agent, v->vote, v->reason);
}

static void size_lines(struct output *o, const struct stored_evaluation *s)
{
    char missing[200] = "";
    out_line(o, "  Risk Manager Decision: %s", s->risk_decision);
    if (s->shares > 0) {
        out_line(o, "    Position Size: %lld shares (%.1f%% of portfolio)", (long long)s->shares,
                 round_half_away(s->position_pct.v, 1));
        out_line(o, "    Stop Loss: %.1f%% below entry", round_half_away(s->stop_pct.v, 1));
        out_line(o, "    Take Profit: %.1f%% above entry", round_half_away(s->target_pct.v, 1));
    } else {
        out_line(o, "    No position: %s", s->size_reason);
    }
    if (s->shares > 0)
        out_line(o, "    Limited by: %s; %s", s->binding, s->size_reason);
    for (size_t i = 0; i < s->ncaps; i++) {
        size_t n = strlen(missing);
        if (!s->cap[i].applied)
            snprintf(missing + n, sizeof missing - n, "%s%s", n ? ", " : "", s->cap[i].name);
    }
    if (*missing)
        out_line(o, "    Not applied, figures missing: %s", missing);
}

static void step_three(struct output *o, const struct stored_evaluation *s)
{
    if (strcmp(s->state, "DECIDED") != 0) {
        out_line(o, "Step 3: No decision - %s: %s", s->state, s->state_reason);
    } else if (s->decision && strcmp(s->decision, "BUY") == 0) {
        out_line(o, "Step 3: Consensus reached for BUY - calculating position size...");
        size_lines(o, s);
    } else {
        out_line(o, "Step 3: No position - %s",
                 s->reached ? "the consensus is not to buy" : "no consensus");
    }
}

void show_evaluation_seed(struct output *o, const struct desk *d, const struct stored_evaluation *s)
{
    char price[32], cost[32], tokens[32];
    out_line(o, RULE);
    out_line(o, "EVALUATING TRADE OPPORTUNITY: %s @ %s", s->symbol, price_text(price, s->price));
    out_line(o, RULE);
    out_line(o, "%s", "");
    out_line(o, "Step 1: Detecting market regime...");
    if (s->regime_confidence.known)
        out_line(o, "  Market Regime: %s (confidence: %.0f%%)", s->regime,
                 round_half_away(s->regime_confidence.v, 0));
    else
        out_line(o, "  Market Regime: UNKNOWN");
    out_line(o, "%s", "");
    out_line(o, "Step 2: Running multi-agent consensus vote...");
    out_line(o, "  Consensus Result:");
    out_line(o, "    Decision: %s", s->decision ? s->decision : "NONE");
    out_line(o, "    Consensus Reached: %s", s->reached ? "True" : "False");
    out_line(o, "    Agreement: %s (%d needed)", s->agreement ? s->agreement : "0/0", s->needed);
    if (s->consensus_reason && !s->reached)
        out_line(o, "    Why: %s", s->consensus_reason);
    out_line(o, "%s", "");
    out_line(o, "  Agent Votes:");
    for (size_t i = 0; i < s->nvotes; i++)
        if (is_role(&s->vote[i], "voter") && s->vote[i].counted)
            vote_line(o, &s->vote[i]);
    out_line(o, "%s", "");
    step_three(o, s);
    out_line(o, "%s", "");
    decimal_group(tokens, sizeof tokens, s->tokens, 0, 0);
    if (s->order_result)
        out_line(o, "Order: %s", s->order_result);
    out_line(o, "Cost: %s | Tokens: %s%s", cost_text(cost, s->cost_usd), tokens,
             d->kind == DESK_DEMO && s->tokens > 0 ? " (simulated)" : "");
    out_line(o, "%s desk, evaluation #%lld; why: quorum why %lld",
             d->kind == DESK_DEMO ? "DEMO" : "PAPER", (long long)s->id, (long long)s->id);
    out_line(o, "%s", "");
}

static void json_value(struct json *j, const char *key, struct value v)
{
    if (v.known)
        json_num(j, key, v.v);
    else
        json_null(j, key);
}

static void vote_figures(struct json *j, const struct stored_vote *v)
{
    json_num(j, "confidence", v->confidence);
    json_value(j, "calibrated", v->real_pct);
    if (v->real_pct.known)
        json_int(j, "calibrated_n", v->real_n);
    if (v->prompt_version && strcmp(v->source, "model") == 0)
        json_int(j, "prompt_version", v->prompt_version);
}

static void json_votes(struct json *j, const struct stored_evaluation *s)
{
    json_open(j, "votes", '[');
    for (size_t i = 0; i < s->nvotes; i++) {
        const struct stored_vote *v = &s->vote[i];
        json_open(j, NULL, '{');
        json_str(j, "agent", v->agent);
        json_str(j, "role", v->role);
        json_str(j, "state", v->vote);
        if (*v->answer)
            json_str(j, "answer", v->answer);
        vote_figures(j, v);
        json_str(j, "reason", v->reason);
        json_str(j, "source", v->source);
        json_flag(j, "counted", v->counted);
        json_raw(j, "evidence", v->evidence);
        json_str(j, "cost_usd", v->cost_usd);
        json_int(j, "tokens", v->tokens);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_risk(struct json *j, const struct stored_evaluation *s)
{
    if (!s->risk_decision) {
        json_null(j, "risk");
        return;
    }
    json_open(j, "risk", '{');
    json_str(j, "decision", s->risk_decision);
    json_int(j, "shares", s->shares);
    json_value(j, "position_pct", s->position_pct);
    json_value(j, "stop_loss_pct", s->stop_pct);
    json_value(j, "take_profit_pct", s->target_pct);
    json_str(j, "binding", s->binding);
    json_str(j, "reason", s->size_reason);
    json_raw(j, "worksheet", s->worksheet ? s->worksheet : "null");
    json_raw(j, "parameters", s->parameters ? s->parameters : "null");
    json_close(j, '}');
}

/* "2026-11-19 15:00:00" as it is stored, with the zone it is in. */
static void json_utc(struct json *j, const char *key, const char *stored)
{
    char at[33];
    if (!stored || strlen(stored) < 19)
        json_null(j, key);
    else {
        snprintf(at, sizeof at, "%.10sT%.8sZ", stored, stored + 11);
        json_str(j, key, at);
    }
}

void show_evaluation_json(struct json *j, const struct desk *d, const struct stored_evaluation *s)
{
    json_open(j, NULL, '{');
    json_int(j, "evaluation_id", s->id);
    json_str(j, "desk", desk_kind_name(d->kind));
    json_str(j, "symbol", s->symbol);
    json_str(j, "price", s->price);
    json_utc(j, "as_of", s->as_of);
    json_utc(j, "created_at", s->created_at);
    json_utc(j, "finished_at", s->finished_at);
    json_str(j, "state", s->state);
    json_str(j, "state_reason", s->state_reason);
    json_open(j, "regime", '{');
    json_str(j, "label", s->regime);
    json_value(j, "confidence", s->regime_confidence);
    json_close(j, '}');
    json_str(j, "decision", s->decision);
    json_open(j, "consensus", '{');
    json_str(j, "decision", s->decision);
    json_flag(j, "reached", s->reached);
    json_int(j, "agree", s->agree);
    json_int(j, "voters", s->voters);
    json_int(j, "needed", s->needed);
    json_str(j, "reason", s->consensus_reason);
    json_close(j, '}');
    json_votes(j, s);
    json_risk(j, s);
    json_str(j, "order_result", s->order_result);
    json_str(j, "cost_usd", s->cost_usd);
    json_int(j, "tokens", s->tokens);
    json_int(j, "latency_ms", s->latency_ms);
    json_flag(j, "degraded", s->degraded);
    json_str(j, "degraded_reason", s->degraded_reason);
    if (s->dossier) {
        json_str(j, "dossier_sha256", s->dossier_sha256);
        json_raw(j, "dossier", s->dossier);
    }
    json_close(j, '}');
}

static void detail_header(struct output *o, const struct stored_evaluation *s)
{
    char price[32], cost[32], asked[48], as_of[48], finished[48];
    out_line(o, "EVALUATION #%lld  %s  %s  %s%s%s", (long long)s->id, s->symbol,
             price_text(price, s->price), s->state, *s->state_reason ? ": " : "", s->state_reason);
    out_line(o, "asked by %s at %s, as of %s, finished %s, %lld ms, %s", s->requested_by,
             stored_tell(asked, s->created_at, WHEN_SECOND),
             stored_tell(as_of, s->as_of, WHEN_SECOND),
             s->finished_at ? stored_tell(finished, s->finished_at, WHEN_SECOND) : "not yet",
             (long long)s->latency_ms, cost_text(cost, s->cost_usd));
    if (s->degraded)
        out_line(o, "DEGRADED: %s", s->degraded_reason);
    if (!s->finished_at)
        out_line(o, "worked on by %s; quorum evaluate --resume %lld finishes it when that is gone",
                 s->locked_by ? s->locked_by : "nobody", (long long)s->id);
}

static void detail_votes(struct output *o, const struct stored_evaluation *s)
{
    static const struct column columns[] = {
        {"agent", "AGENT", COLUMN_TEXT},   {"source", "SOURCE", COLUMN_TEXT},
        {"vote", "VOTE", COLUMN_TEXT},     {"confidence", "CONF", COLUMN_TEXT},
        {"score", "SCORE", COLUMN_NUMBER}, {"reason", "REASON", COLUMN_TEXT},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < s->nvotes; i++) {
        const struct stored_vote *v = &s->vote[i];
        char confidence[CALIBRATED_SIZE], score[24];
        calibration_print(confidence, v->confidence, v->real_pct, v->real_n);
        snprintf(score, sizeof score, "%.2f", v->score.v);
        table_row(&t, (const char *const[]){v->agent, v->source, *v->answer ? v->answer : v->vote,
                                            confidence, v->score.known ? score : NULL, v->reason});
    }
    out_line(o, "\nVOTES  %s, %s", s->agreement ? s->agreement : "none",
             s->consensus_reason ? s->consensus_reason : "not yet");
    table_end(&t, o, "no votes yet");
}

static void detail_size(struct output *o, const struct stored_evaluation *s)
{
    static const struct column columns[] = {
        {"cap", "LIMIT", COLUMN_TEXT},
        {"pct", "% OF EQUITY", COLUMN_NUMBER},
        {"binding", " ", COLUMN_TEXT},
        {"note", "ARITHMETIC", COLUMN_TEXT},
    };
    if (!s->worksheet)
        return;
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < s->ncaps; i++) {
        char pct[24];
        snprintf(pct, sizeof pct, "%.2f", s->cap[i].pct);
        table_row(&t, (const char *const[]){s->cap[i].name, s->cap[i].applied ? pct : NULL,
                                            s->cap[i].binding ? "<- binds" : "", s->cap[i].note});
    }
    out_line(o, "\nSIZE  %s: %lld shares, %s", s->risk_decision ? s->risk_decision : "not yet",
             (long long)s->shares, s->size_reason);
    table_end(&t, o, "no limit was reached: rejected before");
    if (s->stop_pct.known)
        out_line(o, "stop %.2f%% below entry, target %.2f%% above", s->stop_pct.v, s->target_pct.v);
    if (s->parameters)
        out_line(o, "parameters: %s", s->parameters_text ? s->parameters_text : "baselines");
}

void show_fact_value(char *dst, size_t size, const struct fact *f)
{
    if (f->text)
        copy_text(dst, size, f->text);
    else if (f->number.known)
        snprintf(dst, size, "%.*f%s%s", f->decimals, f->number.v, *f->unit ? " " : "", f->unit);
    else
        copy_text(dst, size, "n/a");
}

static void detail_facts(struct output *o, const struct dossier *d)
{
    static const struct column columns[] = {
        {"fact", "FACT", COLUMN_TEXT},
        {"state", "STATE", COLUMN_TEXT},
        {"source", "SOURCE", COLUMN_TEXT},
        {"value", "VALUE, or why there is none", COLUMN_TEXT},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < d->nfacts; i++) {
        const struct fact *f = &d->fact[i];
        char value[400];
        if (f->from.state == DATUM_PRESENT)
            show_fact_value(value, sizeof value, f);
        else
            copy_text(value, sizeof value, f->from.reason);
        table_row(&t, (const char *const[]){f->id, datum_state_name(f->from.state), f->from.source,
                                            value});
    }
    table_end(&t, o, "no facts");
}

void show_evaluation_detail(struct call *c, const struct stored_evaluation *s)
{
    if (c->out->format != OUTPUT_TEXT) {
        struct json j;
        json_begin(&j, &c->out->text);
        show_evaluation_json(&j, c->desk, s);
        buf_char(&c->out->text, '\n');
        return;
    }
    struct dossier d = {0};
    struct error e = {0};
    detail_header(c->out, s);
    detail_votes(c->out, s);
    detail_size(c->out, s);
    if (s->dossier && dossier_read(&d, s->dossier, strlen(s->dossier), &e) == OK) {
        out_line(c->out, "\nFACTS  dossier %.12s...", s->dossier_sha256);
        detail_facts(c->out, &d);
    } else {
        out_line(c->out, "\nFACTS  %s", s->dossier ? e.text : "not gathered yet");
    }
    dossier_release(&d);
}

/* The facts a vote names, with what the dossier says. */
static void why_evidence(struct output *o, const struct stored_vote *v, const struct dossier *d)
{
    for (size_t i = 0; i < d->nfacts; i++) {
        char quoted[64], value[400];
        snprintf(quoted, sizeof quoted, "\"fact\": \"%s\"", d->fact[i].id);
        if (!v->evidence || !strstr(v->evidence, quoted))
            continue;
        show_fact_value(value, sizeof value, &d->fact[i]);
        out_line(o, "       %s = %s", d->fact[i].id, value);
    }
}

/* The vote that counted with its facts; one that stood beside it in a line. */
static void why_vote(struct output *o, const struct stored_vote *v, const struct dossier *d)
{
    char confidence[CALIBRATED_SIZE];
    out_line(o, "     %s%s (%s) said %s %s: %s", v->counted ? "" : "beside it ", v->agent,
             v->source, v->vote,
             calibration_print(confidence, v->confidence, v->real_pct, v->real_n), v->reason);
    if (v->counted)
        why_evidence(o, v, d);
}

static void why_decision(struct output *o, const struct stored_evaluation *s)
{
    bool refused = s->finished_at && s->risk_decision && s->size_reason && *s->size_reason;
    if (s->shares > 0)
        out_line(o, "%s #%lld: BUY %lld shares because", s->symbol, (long long)s->id,
                 (long long)s->shares);
    else if (refused) /* the votes said BUY: they are not what stopped it */
        out_line(o, "%s #%lld: no position: %s", s->symbol, (long long)s->id, s->size_reason);
    else
        out_line(o, "%s #%lld: %s because", s->symbol, (long long)s->id,
                 !s->finished_at ? "not decided yet" : "no position");
    if (s->consensus_reason)
        out_line(o, "  1. consensus: %s", s->consensus_reason);
    else
        out_line(o, "  1. %s %s", s->state, s->state_reason);
}

void show_evaluation_why(struct call *c, const struct stored_evaluation *s)
{
    struct dossier d = {0};
    struct error ignored;
    if (c->out->format != OUTPUT_TEXT) {
        show_evaluation_detail(c, s);
        return;
    }
    if (s->dossier)
        dossier_read(&d, s->dossier, strlen(s->dossier), &ignored);
    why_decision(c->out, s);
    for (size_t i = 0; i < s->nvotes; i++)
        if (is_role(&s->vote[i], "voter"))
            why_vote(c->out, &s->vote[i], &d);
    if (s->regime)
        out_line(c->out, "  2. regime: %s, which sets the size and predicts no direction",
                 s->regime);
    if (s->risk_decision) {
        bool limited = s->binding && *s->binding;
        out_line(c->out, "  3. size: %s, %lld shares%s%s; %s", s->risk_decision,
                 (long long)s->shares, limited ? ", limited by " : "", limited ? s->binding : "",
                 s->size_reason);
    }
    for (size_t i = 0; i < s->nvotes; i++)
        if (is_role(&s->vote[i], "veto") && s->vote[i].counted)
            out_line(c->out, "     %s said %s: %s", s->vote[i].agent, s->vote[i].answer,
                     s->vote[i].reason);
    out_line(c->out, "all of it: quorum evaluation %lld", (long long)s->id);
    dossier_release(&d);
}

enum err call_id(const char *text, const char *what, int64_t *out, struct error *e)
{
    const char *digits = *text == '#' ? text + 1 : text;
    char shown[64];
    if (text_to_int64(digits, out) && *out > 0)
        return OK;
    sanitize_line(shown, sizeof shown, untrusted(text));
    err_set(e, ERR_USAGE, "\"%s\" is not the id of a%s %s", shown,
            strchr("aeiou", *what) ? "n" : "", what);
    err_code(e, "E04");
    return err_fix(e, "quorum %ss lists them", what);
}

enum err call_since(const struct call *c, char dst[32], const char **out, struct error *e)
{
    const char *value = call_option(c, "since");
    char shown[40];
    int64_t us;
    if (!value)
        return OK;
    if (duration_parse(value, &us)) {
        snprintf(dst, 32, "%lld seconds", (long long)(us / USEC_SECOND));
        *out = dst;
        return OK;
    }
    sanitize_line(shown, sizeof shown, untrusted(value));
    err_set(e, ERR_USAGE, "--since=%s is not a duration", shown);
    err_code(e, "E06");
    return err_fix(e, "example: --since=2d (90s 15m 2h 3d)");
}
