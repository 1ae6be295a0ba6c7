/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chart: a plain trend rule on the indicators (docs/agents.md). It is a benchmark for the
 * model, not a discovery: trend rules of this kind have no proven edge on single stocks. */
#include <math.h>

#include "agents/agents.h"
#include "agents/common.h"

enum { TESTS_NEEDED = 3 };
#define VOTE_AT         0.5  /* of the tests' mean, -1..1 */
#define ADX_TREND       20.0 /* Wilder: below 20 there is no trend to follow */
#define RSI_OVERBOUGHT  70.0
#define RSI_OVERSOLD    30.0
#define EXTENDED_ATR_20 3.0 /* distance from sma_20 */
#define EXTENDED_ATR_50 6.0 /* distance from sma_50, where sma_20 is unknown */
#define VOLUME_CONFIRMS 1.0
#define VOLUME_THIN     0.5

static const char *const facts[] = {
    "price",
    "sma_*",
    "ema_*",
    "atr",
    "natr",
    "natr_*",
    "plus_di",
    "minus_di",
    "adx",
    "rsi",
    "macd*",
    "bb_*",
    "volume_ratio",
    "vol_20",
    "vol_60",
    "return_20",
    "beta",
    "regime_rule",
    "regime_confidence",
    NULL,
};

static const char prompt[] =
    "You are the technical analyst of a trading desk. You judge the chart of one stock by its "
    "indicators, for a holding time of about twenty sessions with a stop of about one and a half "
    "and a target of about four average true ranges, both widened by beta. News and statements "
    "are other analysts' work.\n\n"
    "Averages are of daily closes in dollars; rsi, atr, adx and the directional indicators are "
    "Wilder's with 14 days; macd is 12, 26, 9; volume_ratio is today's volume against the mean of "
    "the 20 days before. regime_rule is the desk's own label of the present state and no "
    "forecast.\n\n"
    "BUY when trend, strength and momentum agree and the price is not far above its averages. "
    "SELL when they agree downward. HOLD when they differ, when there is no trend, or when the "
    "move is overextended. ABSTAIN when price, sma_50, atr or rsi is n/a." PROMPT_RULES;

/* Up to seven tests of +1 or -1; what is unknown is not asked. */
struct tests {
    double sum;
    int known;
};

static void compare(struct tests *t, struct value a, struct value b)
{
    if (!a.known || !b.known)
        return;
    t->sum += a.v > b.v ? 1 : a.v < b.v ? -1 : 0;
    t->known++;
}

/* Volume has no direction: it speaks for the others' or, when thin, against it. */
static void confirm(struct tests *t, struct value volume_ratio)
{
    if (!volume_ratio.known || t->sum == 0)
        return;
    double sign = t->sum > 0 ? 1 : -1;
    if (volume_ratio.v >= VOLUME_CONFIRMS)
        t->sum += sign;
    else if (volume_ratio.v < VOLUME_THIN)
        t->sum -= sign;
    t->known++;
}

static struct tests run_tests(const struct indicators *i, struct value price)
{
    struct tests t = {.known = 0};
    compare(&t, price, i->sma_50);
    compare(&t, price, i->sma_200);
    compare(&t, i->sma_50, i->sma_200);
    compare(&t, i->sma_20, i->sma_50);
    compare(&t, i->macd, VALUE(0));
    compare(&t, i->macd_hist, VALUE(0));
    confirm(&t, i->volume_ratio);
    return t;
}

/* Distance from the average in average true ranges; unknown averages give no answer. */
static struct value extension(const struct indicators *i, struct value price, double *limit)
{
    struct value from = i->sma_20.known ? i->sma_20 : i->sma_50;
    *limit = i->sma_20.known ? EXTENDED_ATR_20 : EXTENDED_ATR_50;
    return VALUE((price.v - from.v) / i->atr.v);
}

static bool abstained(const struct indicators *i, struct value price, const struct tests *t,
                      struct vote *out)
{
    const struct {
        const char *name;
        struct value x;
    } needed[] = {{"price", price}, {"sma_50", i->sma_50}, {"atr", i->atr}, {"rsi", i->rsi}};
    struct buf b = {0};
    for (size_t k = 0; k < ARRAY_LEN(needed); k++)
        if (!needed[k].x.known)
            buf_printf(&b, "%s%s", b.len ? ", " : "", needed[k].name);
    if (b.len)
        vote_abstain(out, "not known: %s", buf_text(&b));
    else if (i->atr.v <= 0 || price.v <= 0)
        vote_abstain(out, "atr or price is zero: the stock does not trade");
    else if (t->known < TESTS_NEEDED)
        vote_abstain(out, "%d of 7 trend tests can be made, %d are needed", t->known, TESTS_NEEDED);
    bool yes = b.len || out->reason[0];
    buf_release(&b);
    return yes;
}

/* Why a direction is not followed; false when it is. */
static bool blocked(const struct indicators *i, struct value price, bool up, struct buf *why)
{
    double limit, side = up ? 1 : -1;
    struct value ext = extension(i, price, &limit);
    if (i->adx.known && i->adx.v < ADX_TREND)
        buf_printf(why, "no trend, adx %.1f", i->adx.v);
    else if (up && i->rsi.v > RSI_OVERBOUGHT)
        buf_printf(why, "overbought, rsi %.1f", i->rsi.v);
    else if (!up && i->rsi.v < RSI_OVERSOLD)
        buf_printf(why, "oversold, rsi %.1f", i->rsi.v);
    else if (side * ext.v > limit)
        buf_printf(why, "overextended, %.1f atr from %s", fabs(ext.v),
                   i->sma_20.known ? "sma_20" : "sma_50");
    return why->len > 0;
}

static void cite(struct vote *out, const char *id, struct value x)
{
    if (x.known)
        vote_cite(out, id, x.v);
}

static void baseline(const struct dossier *d, const struct risk_view *risk, struct vote *out)
{
    const struct indicators *i = &d->indicators;
    struct value price = dossier_price(d);
    struct tests t = run_tests(i, price);
    (void)risk;
    *out = (struct vote){.state = VOTE_ABSTAIN};
    if (abstained(i, price, &t, out))
        return;
    double score = t.sum / t.known;
    enum vote_state state = score >= VOTE_AT ? VOTE_BUY : score <= -VOTE_AT ? VOTE_SELL : VOTE_HOLD;
    struct buf why = {0};
    if (state != VOTE_HOLD && blocked(i, price, state == VOTE_BUY, &why))
        state = VOTE_HOLD;
    out->score = VALUE(score);
    cite(out, "price", price);
    cite(out, "sma_20", i->sma_20);
    cite(out, "sma_50", i->sma_50);
    cite(out, "sma_200", i->sma_200);
    cite(out, "atr", i->atr);
    cite(out, "rsi", i->rsi);
    cite(out, "adx", i->adx);
    cite(out, "macd_hist", i->macd_hist);
    cite(out, "volume_ratio", i->volume_ratio);
    vote_baseline(out, state, 50 + 10 * fabs(score),
                  "trend %+.2f from %d of 7 tests, rsi %.1f%s%s%s", score, t.known, i->rsi.v,
                  why.len ? "; " : "", buf_text(&why),
                  i->adx.known ? "" : "; adx not known, strength not checked");
    buf_release(&why);
}

const struct agent agent_technical_analyst = {
    .name = "technical_analyst",
    .title = "Technical",
    .role = AGENT_VOTER,
    .does = "Judges the chart by its indicators.",
    .facts = facts,
    .prompt_version = 1,
    .prompt = prompt,
    .answer = voter_answer,
    .baseline = baseline,
    .to_vote = voter_to_vote,
};
