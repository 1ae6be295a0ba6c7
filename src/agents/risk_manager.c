/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Risk: code has sized the position; this agent may veto or shrink it, never enlarge it. */
#include <math.h>
#include <string.h>

#include "agents/agents.h"
#include "agents/common.h"

#define ATR_MAX_PCT     10.0 /* of the price: a stop inside the noise protects nothing */
#define RISK_BUDGET_PCT 0.5  /* of equity, lost at the stop; the sizing's own limit */
#define RSI_OVERBOUGHT  70.0
#define EXTENDED_ATR    3.0 /* above sma_20 */

static const char *const facts[] = {
    "regime_rule",
    "regime_confidence",
    "price",
    "sma_*",
    "atr",
    "natr",
    "natr_*",
    "adx",
    "rsi",
    "volume_ratio",
    "dollar_volume_20",
    "vol_20",
    "vol_60",
    "beta",
    "return_20",
    "sector",
    "size_*",
    NULL,
};

static const char *const verdicts[] = {"APPROVE", "REDUCE", "REJECT", NULL};

static const struct answer_field answer[] = {
    {.name = "verdict",
     .type = FIELD_ENUM,
     .choice = verdicts,
     .help = "APPROVE the size, REDUCE it to max_shares, or REJECT the trade."},
    {.name = "confidence",
     .type = FIELD_INTEGER,
     .min = 0,
     .max = 100,
     .help = "How sure you are of the verdict."},
    {.name = "max_shares",
     .type = FIELD_INTEGER,
     .optional = true,
     .min = 0,
     .max = 1e9,
     .help = "Only with REDUCE: the most shares you would allow, below size_shares."},
    {.name = "reason",
     .type = FIELD_TEXT,
     .max_length = REASON_LENGTH,
     .help = "One or two plain sentences."},
    {.name = "evidence",
     .type = FIELD_EVIDENCE,
     .help = "The facts the verdict rests on, with their values as shown."},
    {.name = NULL},
};

static const char prompt[] =
    "You are the risk manager of a trading desk. The desk has agreed to buy one stock and code has "
    "computed the position: size_shares, its share of equity, the distance of stop and target, the "
    "loss at the stop and the limit that bound it (the facts that begin with size_). You may let "
    "it stand, shrink it or forbid it. You can never enlarge it, and whether the stock is a good "
    "one is not your question.\n\n"
    "APPROVE when the size fits the risk. REDUCE when something the limits do not see makes this "
    "entry riskier than its size says, for example a price far above its averages with rsi over "
    "70, or a range that has just widened; then give max_shares. REJECT when a stop would not "
    "protect, for example when atr is more than a tenth of the price or almost nothing is traded. "
    "A small position with a small loss at the stop needs no further caution. max_shares is the "
    "one number you choose, and it only ever lowers the size." PROMPT_RULES;

static void add_facts(struct dossier *d, const struct risk_view *risk)
{
    struct provenance from = {.state = DATUM_PRESENT,
                              .as_of = d->as_of,
                              .published_at = d->as_of,
                              .fetched_at = d->as_of};
    if (!risk)
        return;
    copy_text(from.source, sizeof from.source, "sizing");
    dossier_add_number(d, "size_shares", VALUE((double)risk->shares), "", 0, &from);
    dossier_add_number(d, "size_position_pct", VALUE(risk->position_pct), "%", 2, &from);
    dossier_add_number(d, "size_stop_pct", VALUE(risk->stop_pct), "%", 2, &from);
    dossier_add_number(d, "size_target_pct", VALUE(risk->target_pct), "%", 2, &from);
    dossier_add_number(d, "size_risk_pct", VALUE(risk->risk_pct), "%", 3, &from);
    dossier_add_words(d, "size_binding", risk->binding, &from);
}

static void give(struct vote *out, const char *verdict, struct value shares, const char *why)
{
    copy_text(out->answer, sizeof out->answer, verdict);
    out->score = shares;
    vote_baseline(out, VOTE_HOLD, BASELINE_CONFIDENCE_MAX, "%s", why);
}

static void reduce(struct vote *out, double shares, const char *why)
{
    if (shares < 1)
        give(out, "REJECT", VALUE(0), why);
    else
        give(out, "REDUCE", VALUE(floor(shares)), why);
}

/* What is not known is not checked, and said. */
static void approve(const struct dossier *d, struct vote *out)
{
    const struct indicators *i = &d->indicators;
    struct buf b = {0};
    buf_str(&b, "within the limits");
    if (d->regime.label == REGIME_UNKNOWN)
        buf_str(&b, "; regime not known, not checked");
    if (!i->rsi.known || !i->sma_20.known)
        buf_printf(&b, "; %s not known, extension not checked", i->rsi.known ? "sma_20" : "rsi");
    give(out, "APPROVE", VALUE_UNKNOWN, buf_text(&b));
    buf_release(&b);
}

static bool is_overheated(const struct indicators *i, double price)
{
    return i->rsi.known && i->sma_20.known && i->rsi.v > RSI_OVERBOUGHT &&
           price - i->sma_20.v > EXTENDED_ATR * i->atr.v;
}

static void judge(const struct dossier *d, const struct risk_view *risk, double price,
                  struct vote *out)
{
    const struct indicators *i = &d->indicators;
    double atr_pct = 100 * i->atr.v / price;
    double half_budget = RISK_BUDGET_PCT / 2;
    struct buf b = {0};
    vote_cite(out, "atr", i->atr.v);
    if (atr_pct > ATR_MAX_PCT) {
        buf_printf(&b,
                   "atr is %.1f %% of the price, over %.0f %%: a stop would sit inside one "
                   "day's range",
                   atr_pct, ATR_MAX_PCT);
        give(out, "REJECT", VALUE(0), buf_text(&b));
    } else if (d->regime.label == REGIME_HIGH_VOL && risk->risk_pct > half_budget) {
        buf_printf(&b,
                   "HIGH_VOL and %.2f %% of equity lost at the stop: cut to half of the budget "
                   "of %.1f %%",
                   risk->risk_pct, RISK_BUDGET_PCT);
        vote_cite(out, "size_risk_pct", risk->risk_pct);
        reduce(out, (double)risk->shares * half_budget / risk->risk_pct, buf_text(&b));
    } else if (is_overheated(i, price)) {
        buf_printf(&b, "rsi %.1f and %.1f atr above sma_20: cut to half", i->rsi.v,
                   (price - i->sma_20.v) / i->atr.v);
        vote_cite(out, "rsi", i->rsi.v);
        vote_cite(out, "sma_20", i->sma_20.v);
        reduce(out, (double)risk->shares / 2, buf_text(&b));
    } else {
        vote_cite(out, "size_risk_pct", risk->risk_pct);
        approve(d, out);
    }
    buf_release(&b);
}

static void baseline(const struct dossier *d, const struct risk_view *risk, struct vote *out)
{
    *out = (struct vote){.state = VOTE_ABSTAIN};
    struct value price =
        risk && risk->price > 0 ? VALUE((double)risk->price / 10000.0) : dossier_price(d);
    if (!risk)
        vote_abstain(out, "no position was sized");
    else if (!price.known || price.v <= 0)
        vote_abstain(out, "not known: price");
    else if (!d->indicators.atr.known)
        vote_abstain(out, "not known: atr");
    else if (risk->shares < 1)
        give(out, "REJECT", VALUE(0), "the sized position is below one share");
    else
        judge(d, risk, price.v, out);
}

static void to_vote(const struct answer *a, const struct dossier *d, struct vote *out)
{
    (void)d;
    const struct answer_value *max_shares = &a->field[2];
    vote_from_answer(out, a->field[1].number, &a->field[3], &a->field[4]);
    copy_text(out->answer, sizeof out->answer, a->field[0].text);
    if (strcmp(out->answer, "REDUCE") != 0)
        return;
    if (max_shares->present) {
        out->score = VALUE(max_shares->number);
        return;
    }
    *out = (struct vote){.state = VOTE_FAILED};
    copy_text(out->reason, sizeof out->reason, "REDUCE without max_shares");
}

const struct agent agent_risk_manager = {
    .name = "risk_manager",
    .title = "Risk",
    .role = AGENT_VETO,
    .does = "May veto or shrink a size that code computed, never enlarge it.",
    .facts = facts,
    .add_facts = add_facts,
    .prompt_version = 1,
    .prompt = prompt,
    .answer = answer,
    .baseline = baseline,
    .to_vote = to_vote,
};
