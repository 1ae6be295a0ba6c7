/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fundamentals: four pillars from the annual statements as filed (docs/agents.md). */
#include <math.h>
#include <stdio.h>

#include "agents/agents.h"
#include "agents/common.h"
#include "agents/fscore.h"
#include "quorum/timeutil.h"

enum { STALE_MONTHS = 18, YEARS_SHOWN = 3 };

static const char *const facts[] = {
    "price",
    "company",
    "sector",
    "industry",
    "statements",
    "f_score",
    "quality",
    "value",
    "growth",
    "health",
    "roic",
    "gross_to_assets",
    "cfo_to_income",
    "net_debt_to_ebitda",
    "ebit_to_ev",
    "fcf_yield",
    "earnings_yield",
    "revenue_growth",
    "eps_growth",
    "fcf_growth",
    "roa_#",
    "cfo_to_assets_#",
    "lt_debt_#",
    "current_ratio_#",
    "gross_margin_#",
    "asset_turnover_#",
    NULL,
};

static const char prompt[] =
    "You are the research analyst of a trading desk. You judge one company by its annual "
    "statements and the price, for a holding time of about twenty sessions with a stop below and a "
    "target above the entry. News and charts are other analysts' work.\n\n"
    "f_score counts the nine tests of Piotroski (0 to 9). quality, value, growth and health are "
    "scores from 0 (poor) to 100 (excellent) made from the ratios below them: quality from return "
    "on invested capital, gross profit on assets, cash conversion and leverage; value from yields "
    "at the present price; growth from the change to the year before; health from f_score. Facts "
    "that end in a year are that fiscal year's ratios. Banks and insurers have no gross margin, "
    "asset turnover or current ratio.\n\n"
    "BUY when the business is sound and the price does not ask for more than it delivers. SELL "
    "when returns, cash or balance sheet are deteriorating or the price rests on hope alone. HOLD "
    "when neither is clear. ABSTAIN when fewer than three of the four scores are "
    "known." PROMPT_RULES;

struct view {
    const struct statement_year *year[STATEMENT_YEARS_MAX];
    size_t n;
    struct pillars pillars;
};

static void look(const struct dossier *d, struct view *v)
{
    *v = (struct view){.n = 0};
    v->n = statements_known(&d->market.fundamentals, d->as_of, v->year);
    if (v->n)
        pillars_compute(v->year[0], statements_before(v->year, v->n), dossier_price(d),
                        d->market.profile.is_bank, &v->pillars);
}

static void add_year(struct dossier *d, const struct statement_year *y, struct provenance from)
{
    struct year_ratios r;
    year_ratios(y, &r);
    const struct {
        const char *name;
        struct value x;
        const char *unit;
        double scale;
    } rows[] = {
        {"roa", r.roa, "%", 100},
        {"cfo_to_assets", r.cfo_to_assets, "%", 100},
        {"lt_debt", r.lt_debt, "%", 100},
        {"current_ratio", r.current, "x", 1},
        {"gross_margin", r.gross_margin, "%", 100},
        {"asset_turnover", r.asset_turnover, "x", 1},
    };
    from.as_of = (int64_t)y->period_end * USEC_DAY;
    from.published_at = y->filed_at;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char id[sizeof d->fact[0].id];
        struct value x = rows[i].x;
        x.v *= rows[i].scale;
        snprintf(id, sizeof id, "%s_%d", rows[i].name, y->fiscal_year);
        dossier_add_number(d, id, x, rows[i].unit, 2, &from);
    }
}

static void add_scores(struct dossier *d, const struct pillars *p, const struct provenance *from)
{
    const struct {
        const char *id;
        struct value x;
        const char *unit;
        double scale;
        int decimals;
    } rows[] = {
        {"f_score", p->piotroski.score, "", 1, d->market.profile.is_bank ? 1 : 0},
        {"quality", p->quality, "", 1, 1},
        {"value", p->value, "", 1, 1},
        {"growth", p->growth, "", 1, 1},
        {"health", p->health, "", 1, 1},
        {"roic", p->roic, "%", 100, 1},
        {"gross_to_assets", p->gross_to_assets, "%", 100, 1},
        {"cfo_to_income", p->cfo_to_income, "x", 1, 2},
        {"net_debt_to_ebitda", p->net_debt_to_ebitda, "x", 1, 2},
        {"ebit_to_ev", p->ebit_to_ev, "%", 100, 1},
        {"fcf_yield", p->fcf_yield, "%", 100, 1},
        {"earnings_yield", p->earnings_yield, "%", 100, 1},
        {"revenue_growth", p->revenue_growth, "%", 100, 1},
        {"eps_growth", p->eps_growth, "%", 100, 1},
        {"fcf_growth", p->fcf_growth, "%", 100, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct value x = rows[i].x;
        x.v *= rows[i].scale;
        dossier_add_number(d, rows[i].id, x, rows[i].unit, rows[i].decimals, from);
    }
}

static void add_facts(struct dossier *d, const struct risk_view *risk)
{
    struct view v;
    const struct profile *profile = &d->market.profile;
    struct provenance from = d->market.fundamentals.from;
    (void)risk;
    look(d, &v);
    dossier_add_words(d, "company", profile->company, &profile->from);
    dossier_add_words(d, "sector", profile->sector, &profile->from);
    dossier_add_words(d, "industry", profile->industry, &profile->from);
    if (v.n) {
        char filed[11], ended[11];
        from.as_of = (int64_t)v.year[0]->period_end * USEC_DAY;
        from.published_at = v.year[0]->filed_at;
        day_print(ended, v.year[0]->period_end);
        day_print(filed, exchange_day(v.year[0]->filed_at));
        const char *line = arena_printf(&d->arena, "fiscal year %d to %s, filed %s, in %s",
                                        v.year[0]->fiscal_year, ended, filed, v.year[0]->currency);
        dossier_add_words(d, "statements", line, &from);
    } else {
        dossier_add_words(d, "statements", NULL, &from);
    }
    add_scores(d, &v.pillars, &from);
    for (size_t i = 0; i < v.n && i < YEARS_SHOWN; i++)
        add_year(d, v.year[i], from);
}

/* Is `day` more than n months before the moment? Compared by the calendar, not in days. */
static bool older_than_months(int32_t day, int64_t moment, int n)
{
    struct civil then = day_to_civil(day), now = day_to_civil(exchange_day(moment));
    int months = 12 * (now.year - then.year) + now.month - then.month;
    return months > n || (months == n && now.day > then.day);
}

static void name_missing(const struct pillars *p, struct buf *b)
{
    const struct {
        const char *name;
        struct value x;
    } rows[] = {
        {"quality", p->quality}, {"value", p->value}, {"growth", p->growth}, {"health", p->health}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!rows[i].x.known)
            buf_printf(b, "%s%s", b->len ? ", " : "", rows[i].name);
}

static bool abstained(const struct dossier *d, const struct view *v, struct vote *out)
{
    const struct fundamentals *f = &d->market.fundamentals;
    if (!v->n) {
        if (f->n)
            vote_abstain(out, "no statement had been filed by then");
        else
            vote_abstain(out, "no statements: %s",
                         f->from.reason[0] ? f->from.reason : datum_state_name(f->from.state));
        return true;
    }
    if (v->year[0]->period_end == DAY_NONE) {
        vote_abstain(out, "the statements do not say when their year ended");
        return true;
    }
    if (older_than_months(v->year[0]->period_end, d->as_of, STALE_MONTHS)) {
        char day[11];
        vote_abstain(out, "the last statements, of the year to %s, are older than %d months",
                     day_print(day, v->year[0]->period_end), STALE_MONTHS);
        return true;
    }
    if (!v->pillars.score.known) {
        struct buf b = {0};
        name_missing(&v->pillars, &b);
        vote_abstain(out, "only %d of 4 pillars: %s cannot be computed", v->pillars.available,
                     buf_text(&b));
        buf_release(&b);
        return true;
    }
    return false;
}

static void cite(struct vote *out, const char *id, struct value x, struct buf *b)
{
    if (!x.known) {
        buf_printf(b, ", %s n/a", id);
        return;
    }
    vote_cite(out, id, x.v);
    buf_printf(b, ", %s %.0f", id, x.v);
}

static void baseline(const struct dossier *d, const struct risk_view *risk, struct vote *out)
{
    struct view v;
    (void)risk;
    *out = (struct vote){.state = VOTE_ABSTAIN};
    look(d, &v);
    if (abstained(d, &v, out))
        return;
    const struct pillars *p = &v.pillars;
    double s = p->score.v;
    struct buf b = {0};
    buf_printf(&b, "score %.1f of 100", s);
    cite(out, "quality", p->quality, &b);
    cite(out, "value", p->value, &b);
    cite(out, "growth", p->growth, &b);
    cite(out, "health", p->health, &b);
    if (p->piotroski.score.known) {
        vote_cite(out, "f_score", p->piotroski.score.v);
        buf_printf(&b, " (%d of %d tests)", p->piotroski.passed, p->piotroski.asked);
    }
    out->score = p->score;
    vote_baseline(out,
                  s >= 65   ? VOTE_BUY
                  : s <= 35 ? VOTE_SELL
                            : VOTE_HOLD,
                  50 + fabs(s - 50), "%s; fiscal year %d", buf_text(&b), v.year[0]->fiscal_year);
    buf_release(&b);
}

const struct agent agent_research = {
    .name = "research",
    .title = "Research",
    .role = AGENT_VOTER,
    .does = "Judges the company by its annual statements and the price.",
    .facts = facts,
    .add_facts = add_facts,
    .prompt_version = 1,
    .prompt = prompt,
    .answer = voter_answer,
    .baseline = baseline,
    .to_vote = voter_to_vote,
};
