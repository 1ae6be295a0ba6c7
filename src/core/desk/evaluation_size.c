/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a BUY to a number of shares: the account, the worksheet, the risk agent's veto. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/desk/evaluation_private.h"
#include "quorum/money.h"
#include "quorum/text.h"

enum { TRADES_MAX = 2000 };

/* The account at this moment, from the ledger and the open rows; and the last 250 results, newest
 * first: trades, and what became of the entries that were refused for want of an edge. Without the
 * latter a desk that once lost its edge could never find it again. */
const struct statement evaluation_account = {
    "evaluation account",
    "SELECT ledger_cash(1),"
    " COALESCE((SELECT sum(reserved_usd) FROM orders WHERE account_id = 1 AND state = 'OPEN'), 0),"
    " COALESCE(sum(quantity * COALESCE(last_price, entry_price)), 0),"
    " COALESCE(sum(quantity * COALESCE(last_price, entry_price)) FILTER (WHERE sector = $2), 0),"
    " count(*), COALESCE(bool_or(symbol = $1), false),"
    " (SELECT max(peak_usd) FROM equity_marks WHERE account_id = 1),"
    " (SELECT string_agg(r::text, ' ' ORDER BY at DESC) FROM (SELECT r, at FROM"
    "   ((SELECT r_multiple AS r, closed_at AS at FROM trade_outcomes"
    "     WHERE account_id = 1 AND r_multiple IS NOT NULL ORDER BY id DESC LIMIT 250)"
    "    UNION ALL"
    "    (SELECT o.r_multiple, o.resolved_at FROM evaluations e JOIN shadow_outcomes o"
    "       ON o.evaluation_id = e.id AND o.state = 'DONE' AND o.r_multiple IS NOT NULL"
    "     WHERE e.decision = 'BUY' AND e.shares = 0 AND e.size_reason LIKE 'no edge%'"
    "     ORDER BY e.id DESC LIMIT 250)) u ORDER BY at DESC LIMIT 250) t),"
    " " PARAMETERS_IN_FORCE " "
    "FROM positions WHERE account_id = 1 AND closed_at IS NULL"};

void evaluation_account_params(const struct evaluation *v, struct params *p)
{
    params_text(p, v->symbol);
    params_text(p, v->dossier.market.profile.sector);
}

static int64_t micro(const struct rows *r, size_t col)
{
    int64_t x = 0;
    const char *text = rows_text(r, 0, col);
    if (text)
        decimal_parse(text, MONEY_MICRO_DIGITS, &x);
    return x;
}

static size_t parse_trades(const char *text, double *r, size_t max)
{
    size_t n = 0;
    char word[40];
    while (text && *text && n < max) {
        size_t len = strcspn(text, " ");
        if (copy_bytes(word, sizeof word, text, len) && text_to_double(word, &r[n]))
            n++;
        text += len + (text[len] == ' ');
    }
    return n;
}

static void read_account(const struct evaluation *v, const struct rows *r, double *trades,
                         struct sizing_input *in)
{
    const struct dossier *d = &v->dossier;
    const struct parameter *p = v->parameter;
    int64_t peak = micro(r, 6);
    *in = (struct sizing_input){
        .price = d->price,
        .cash = micro(r, 0),
        .reserved = micro(r, 1),
        .gross = micro(r, 2),
        .in_sector = micro(r, 3),
        .open_positions = (int)rows_int(r, 0, 4),
        .holds_symbol = rows_bool(r, 0, 5),
        .sector_known = d->market.profile.from.state == DATUM_PRESENT && *d->market.profile.sector,
        .atr = d->indicators.atr,
        .beta = d->indicators.beta,
        .vol_60 = d->indicators.vol_60,
        .dollar_volume = d->indicators.dollar_volume_20,
        .regime = d->regime.label,
        .stop_multiple = p[PARAM_STOP_MULT].value.v,
        .target_multiple = p[PARAM_TARGET_MULT].value.v,
        .exploration_pct = p[PARAM_EXPLORATION_PCT].value.v,
        .r_multiple = trades,
    };
    in->equity = in->cash + in->gross;
    if (peak > in->equity)
        in->drawdown = 1 - (double)in->equity / (double)peak;
    in->ntrades = v->explores ? 0 : parse_trades(rows_text(r, 0, 7), trades, TRADES_MAX);
}

const struct agent *evaluation_risk_agent(const struct evaluation *v)
{
    for (const struct agent *const *a = v->desk->agents; *a; a++)
        if ((*a)->role == AGENT_VETO && (*a)->baseline)
            return *a;
    return NULL;
}

static void cast_risk_baseline(struct evaluation *v, const struct agent *a)
{
    const struct worksheet *w = &v->worksheet;
    struct risk_view view = {.shares = w->shares,
                             .price = v->dossier.price,
                             .position_pct = w->position_pct,
                             .stop_pct = 100 * w->stop_fraction,
                             .target_pct = 100 * w->target_fraction,
                             .risk_pct = w->risk_pct,
                             .binding = w->binding};
    if (v->nvotes == EVALUATION_VOTES_MAX)
        return;
    struct cast_vote *c = &v->vote[v->nvotes++];
    *c = (struct cast_vote){.agent = a};
    if (a->add_facts)
        a->add_facts(&v->dossier, &view);
    a->baseline(&v->dossier, &view, &c->vote);
    evidence_check(&v->dossier, &c->vote);
}

/* Mean of what the votes for the decision stated. */
static struct value agreeing_confidence(const struct evaluation *v)
{
    double sum = 0;
    int n = 0;
    for (size_t i = 0; i < v->nvotes; i++) {
        const struct cast_vote *c = &v->vote[i];
        const struct vote *model = evaluation_model_vote(v, c->agent);
        const struct vote *used = model ? model : &c->vote;
        if (c->agent->role != AGENT_VOTER || used->state != VOTE_BUY)
            continue;
        sum += used->confidence;
        n++;
    }
    return n ? VALUE(sum / n) : VALUE_UNKNOWN;
}

/* A BUY that an entry filter does not let in stays a BUY, of no shares. */
static bool filters_admit(struct evaluation *v)
{
    char why[120];
    const struct indicators *i = &v->dossier.indicators;
    if (parameters_admit(v->parameter, i->rsi, i->volume_ratio, agreeing_confidence(v), why))
        return true;
    v->worksheet = (struct worksheet){.verdict = SIZE_REJECTED, .binding = ""};
    snprintf(v->worksheet.reason, sizeof v->worksheet.reason, ENTRY_FILTER "%s", why);
    return false;
}

void evaluation_size(struct evaluation *v, const struct rows *account)
{
    struct sizing_input in;
    double *trades = mem_array(TRADES_MAX, sizeof *trades);
    const struct agent *risk = evaluation_risk_agent(v);
    parameters_read(v->desk, rows_text(account, 0, 8), v->parameter);
    read_account(v, account, trades, &in);
    if (filters_admit(v))
        size_position(&in, &v->worksheet);
    mem_free(trades);
    v->shares = v->worksheet.shares;
    copy_text(v->risk_reason, sizeof v->risk_reason, v->worksheet.reason);
    if (v->worksheet.verdict == SIZE_APPROVED && risk)
        cast_risk_baseline(v, risk);
}

/* The risk agent may veto or shrink, never raise: min(code, agent). One that failed changes
 * nothing: the code's size stands. */
void evaluation_apply_veto(struct evaluation *v)
{
    const struct agent *risk = evaluation_risk_agent(v);
    for (size_t i = 0; i < v->nvotes; i++) {
        struct cast_vote *c = &v->vote[i];
        if (c->agent != risk)
            continue;
        const struct vote *model = evaluation_model_vote(v, risk);
        const struct vote *used = model ? model : &c->vote;
        c->counted = model == NULL;
        int64_t limit = vote_risk_limit(used, v->worksheet.shares);
        if (limit >= v->shares)
            continue;
        char why[sizeof used->reason + 40];
        snprintf(why, sizeof why, "%s: %s", risk->name, used->reason);
        v->shares = limit < 0 ? 0 : limit;
        copy_text(v->risk_reason, sizeof v->risk_reason, why);
    }
    const char *verdict = v->shares == 0                    ? "REJECT"
                          : v->shares < v->worksheet.shares ? "REDUCE"
                                                            : "APPROVE";
    copy_text(v->risk_decision, sizeof v->risk_decision, verdict);
}

static void write_caps(struct json *j, const struct worksheet *w)
{
    json_open(j, "caps", '[');
    for (size_t i = 0; i < w->ncaps; i++) {
        json_open(j, NULL, '{');
        json_str(j, "name", w->cap[i].name);
        json_flag(j, "applied", w->cap[i].applied);
        if (w->cap[i].applied)
            json_num(j, "pct", 100 * w->cap[i].fraction);
        json_flag(j, "binding", w->cap[i].name == w->binding);
        json_str(j, "note", w->cap[i].note);
        json_close(j, '}');
    }
    json_close(j, ']');
}

void evaluation_worksheet_json(const struct evaluation *v, struct buf *out)
{
    const struct worksheet *w = &v->worksheet;
    char money[40];
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    json_str(&j, "verdict", w->verdict == SIZE_APPROVED ? "APPROVED" : "REJECTED");
    json_str(&j, "reason", w->reason);
    json_flag(&j, "exploration", w->exploration);
    json_num(&j, "beta_used", w->beta_used);
    json_num(&j, "stop_pct", 100 * w->stop_fraction);
    json_num(&j, "target_pct", 100 * w->target_fraction);
    json_num(&j, "effective_loss_pct", 100 * w->effective_loss);
    json_num(&j, "breakeven_pct", 100 * w->breakeven);
    json_int(&j, "trades", (int64_t)w->trades);
    json_int(&j, "wins", (int64_t)w->wins);
    if (!w->exploration && w->trades) {
        json_num(&j, "win_q20_pct", 100 * w->win_q20);
        json_num(&j, "kelly_risk_pct", 100 * w->kelly_risk_fraction);
    }
    write_caps(&j, w);
    json_str(&j, "binding", w->binding);
    json_int(&j, "shares", w->shares);
    json_int(&j, "shares_after_risk_agent", v->shares);
    json_raw(&j, "notional_usd",
             decimal_print(money, sizeof money, w->notional, MONEY_MICRO_DIGITS, 2));
    json_raw(&j, "risk_usd",
             decimal_print(money, sizeof money, w->risk_usd, MONEY_MICRO_DIGITS, 2));
    json_num(&j, "risk_pct", w->risk_pct);
    json_close(&j, '}');
}
