/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The regime: the rule of docs/regimes.md has the say; a model may give a second opinion beside
 * it. Both are scored against the rule's label ten sessions later. */
#include "agents/agents.h"
#include "agents/common.h"
#include "quorum/text.h"

static const char *const facts[] = {
    "regime_rule", "regime_confidence", "price", "sma_*", "atr",          "natr", "natr_*",
    "plus_di",     "minus_di",          "adx",   "rsi",   "volume_ratio", "beta", "vol_20",
    "vol_60",      "return_20",         NULL,
};

static const char *const labels[] = {"BULL", "BEAR", "SIDEWAYS", "HIGH_VOL", "LOW_VOL", NULL};

static const struct answer_field answer[] = {
    {.name = "label",
     .type = FIELD_ENUM,
     .choice = labels,
     .help = "The regime the price is in now."},
    {.name = "confidence",
     .type = FIELD_INTEGER,
     .min = 0,
     .max = 100,
     .help = "How probable, in percent, that the same label holds in ten sessions."},
    {.name = "reason",
     .type = FIELD_TEXT,
     .max_length = REASON_LENGTH,
     .help = "One or two plain sentences."},
    {.name = "evidence",
     .type = FIELD_EVIDENCE,
     .help = "The facts the label rests on, with their values as shown."},
    {.name = NULL},
};

static const char prompt[] =
    "You are the regime analyst of a trading desk. You say which of five states the price of one "
    "stock is in. You do not say whether to trade.\n\n"
    "BULL: the trend is up over weeks and months. BEAR: it is down. HIGH_VOL: the daily range is "
    "far above its own usual size of the last year, whatever the direction. LOW_VOL: the range is "
    "near the smallest of the last year and there is no trend. SIDEWAYS: none of these.\n\n"
    "A label describes the present and says little about the direction of coming prices. The fact "
    "regime_rule is what a fixed rule says and regime_confidence how often its label held; agree "
    "or differ, but say why. HIGH_VOL comes before all others." PROMPT_RULES;

static void baseline(const struct dossier *d, const struct risk_view *risk, struct vote *out)
{
    const struct regime_reading *r = &d->regime;
    (void)risk;
    *out = (struct vote){.state = VOTE_ABSTAIN};
    if (r->label == REGIME_UNKNOWN) {
        vote_abstain(out, "no regime: %s",
                     d->indicators_given ? "the given indicators do not allow one"
                                         : "there are too few bars");
        return;
    }
    out->state = VOTE_HOLD;
    out->confidence =
        r->confidence; /* the rule's is calibrated, so the baselines' cap is not its */
    out->score = r->trend;
    copy_text(out->answer, sizeof out->answer, regime_name(r->label));
    struct buf b = {0};
    buf_printf(&b, "by rule");
    if (r->trend.known)
        buf_printf(&b, ", trend %+.2f", r->trend.v);
    if (r->vol_ratio.known)
        buf_printf(&b, ", range %.2f times its median", r->vol_ratio.v);
    if (r->vol_percentile.known)
        buf_printf(&b, ", percentile %.0f", 100 * r->vol_percentile.v);
    if (r->single)
        buf_str(&b, ", from one observation");
    if (r->capped)
        buf_str(&b, ", confidence capped: an input is missing");
    copy_text(out->reason, sizeof out->reason, buf_text(&b));
    buf_release(&b);
    vote_cite_words(out, "regime_rule");
    vote_cite(out, "regime_confidence", r->confidence);
}

static void to_vote(const struct answer *a, const struct dossier *d, struct vote *out)
{
    (void)d;
    vote_from_answer(out, a->field[1].number, &a->field[2], &a->field[3]);
    copy_text(out->answer, sizeof out->answer, a->field[0].text);
}

const struct agent agent_regime_detector = {
    .name = "regime_detector",
    .title = "Regime",
    .role = AGENT_CLASSIFIER,
    .does = "Says which of five regimes the price is in; the rule decides, a model comments.",
    .facts = facts,
    .prompt_version = 1,
    .prompt = prompt,
    .answer = answer,
    .baseline = baseline,
    .to_vote = to_vote,
};
