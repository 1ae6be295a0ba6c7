/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic by hand: indicators, position size, one agent at a time. */
#include <stdio.h>
#include <string.h>

#include "core/command/checks.h"
#include "core/command/commands.h"
#include "core/command/show.h"
#include "quorum/money.h"
#include "quorum/parameters.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* A word with a slash or ending in .csv is a file. */
static bool is_file(const char *word)
{
    size_t n = strlen(word);
    return strchr(word, '/') || (n > 4 && strcmp(word + n - 4, ".csv") == 0);
}

static const char *value_text(char *dst, size_t size, struct value v, int decimals)
{
    if (!v.known)
        return NULL;
    snprintf(dst, size, "%.*f", decimals, round_half_away(v.v, decimals));
    return dst;
}

static void one_bar_text(struct output *o, const struct indicators *i,
                         const struct regime_reading *regime)
{
    static const struct column columns[] = {
        {"indicator", "INDICATOR", COLUMN_TEXT},
        {"value", "VALUE", COLUMN_NUMBER},
        {"unit", "UNIT", COLUMN_TEXT},
        {"meaning", "MEANING", COLUMN_TEXT},
    };
    struct table t;
    char number[40];
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t k = 0; k < indicator_row_count; k++) {
        const struct indicator_row *row = &indicator_rows[k];
        table_row(&t, (const char *const[]){
                          row->name,
                          value_text(number, sizeof number, indicator_get(i, row), row->decimals),
                          row->unit, row->help});
    }
    table_end(&t, o, "");
    if (regime->label == REGIME_UNKNOWN)
        out_line(o, "regime UNKNOWN");
    else
        out_line(o, "regime %s, %.0f%% to hold for ten sessions%s", regime_name(regime->label),
                 round_half_away(regime->confidence, 0),
                 regime->capped ? " (capped: a figure is missing)" : "");
}

static void bar_json(struct json *j, const char *symbol, int32_t day, const struct indicators *i,
                     const struct regime_reading *regime)
{
    char date[11];
    json_open(j, NULL, '{');
    if (symbol)
        json_str(j, "symbol", symbol);
    json_str(j, "date", day_print(date, day));
    for (size_t k = 0; k < indicator_row_count; k++) {
        struct value v = indicator_get(i, &indicator_rows[k]);
        if (v.known)
            json_num(j, indicator_rows[k].name, v.v);
        else
            json_null(j, indicator_rows[k].name);
    }
    json_open(j, "regime", '{');
    json_str(j, "label", regime_name(regime->label));
    if (regime->label == REGIME_UNKNOWN)
        json_null(j, "confidence");
    else
        json_num(j, "confidence", regime->confidence);
    json_flag(j, "capped", regime->capped);
    json_close(j, '}');
    json_close(j, '}');
}

/* All bars: one row each, for a spreadsheet or a chart. */
static void all_bars(struct output *o, const struct bars *b, const struct indicators *all)
{
    struct column *columns = mem_array(indicator_row_count + 3, sizeof *columns);
    const char **cell = mem_array(indicator_row_count + 3, sizeof *cell);
    char(*number)[40] = mem_array(indicator_row_count + 1, sizeof *number);
    struct regime_state state = {0};
    struct table t;
    size_t n = indicator_row_count;
    columns[0] = (struct column){"date", "DATE", COLUMN_TEXT};
    for (size_t k = 0; k < n; k++)
        columns[k + 1] =
            (struct column){indicator_rows[k].name, indicator_rows[k].name, COLUMN_NUMBER};
    columns[n + 1] = (struct column){"regime", "regime", COLUMN_TEXT};
    columns[n + 2] = (struct column){"regime_confidence", "confidence", COLUMN_NUMBER};
    table_begin(&t, columns, n + 3);
    for (size_t r = 0; r < b->n; r++) {
        char date[11];
        struct regime_reading reading = regime_step(&state, &all[r]);
        bool known = reading.label != REGIME_UNKNOWN;
        cell[0] = day_print(date, b->bar[r].day);
        for (size_t k = 0; k < n; k++) {
            /* Full precision for programs, the row's decimals for people. */
            struct value v = indicator_get(&all[r], &indicator_rows[k]);
            if (o->format == OUTPUT_TEXT)
                cell[k + 1] =
                    value_text(number[k], sizeof number[k], v, indicator_rows[k].decimals);
            else
                cell[k + 1] = v.known && snprintf(number[k], sizeof number[k], "%.12g", v.v) > 0
                                  ? number[k]
                                  : NULL;
        }
        cell[n + 1] = known ? regime_name(reading.label) : NULL;
        cell[n + 2] = value_text(number[n], sizeof number[n],
                                 known ? VALUE(reading.confidence) : VALUE_UNKNOWN, 1);
        table_row(&t, cell);
    }
    table_end(&t, o, "no bars");
    mem_free(number);
    mem_free(cell);
    mem_free(columns);
}

static void show_bars(struct call *c, const char *symbol, const struct bars *b,
                      const struct bars *bench)
{
    struct indicators *all = mem_array(b->n, sizeof *all);
    indicators_compute(b, bench, all);
    if (call_option(c, "all") || c->out->format == OUTPUT_CSV) {
        all_bars(c->out, b, all);
    } else {
        struct regime_reading regime = regime_of_series(all, b->n);
        char date[11];
        int32_t last = b->bar[b->n - 1].day;
        if (c->out->format == OUTPUT_JSON) {
            struct json j;
            json_begin(&j, &c->out->text);
            bar_json(&j, symbol, last, &all[b->n - 1], &regime);
            buf_char(&c->out->text, '\n');
        } else {
            out_line(c->out, "%s on %s, %zu bars", symbol ? symbol : c->arg[0],
                     day_print(date, last), b->n);
            one_bar_text(c->out, &all[b->n - 1], &regime);
        }
    }
    mem_free(all);
}

static enum err indicators_of_file(struct call *c, struct error *e)
{
    struct bars bars = {0};
    struct bars_report report;
    char day[11];
    enum err result = bars_read_csv(c->arg[0], &bars, &report, e);
    if (!result && bars.n == 0)
        result = err_set(e, ERR_USAGE, "%s has no bars", c->arg[0]);
    if (!result) {
        if (report.missing_sessions)
            call_warn(c, "%zu sessions are missing, the first %s", report.missing_sessions,
                      day_print(day, report.first_missing));
        if (report.split_like_jumps)
            call_warn(c, "%zu jumps fit a split, the first on %s; are the prices adjusted?",
                      report.split_like_jumps, day_print(day, report.first_jump));
        show_bars(c, NULL, &bars, NULL);
    }
    bars_release(&bars);
    return result;
}

static enum err run_indicators(struct call *c, struct error *e)
{
    struct evaluation_request r;
    struct dossier d = {0};
    char symbol[16];
    if (is_file(c->arg[0]))
        return indicators_of_file(c, e);
    if (request_from_call(c, &r, e) || call_desk(c, e))
        return e->kind;
    r.symbol = symbol_from_argument(c->arg[0], symbol, sizeof symbol);
    enum err result = dossier_gather(c->desk, &r, &d, e);
    if (!result && d.market.bars.n == 0)
        result = err_set(e, ERR_FAILED, "%s has no bars: %s", symbol, d.market.bars_from.reason);
    if (!result) {
        warn_about_bars(c, &d);
        show_bars(c, symbol, &d.market.bars,
                  d.market.benchmark_bars.n ? &d.market.benchmark_bars : NULL);
    }
    dossier_release(&d);
    return result;
}

/* What --price, --atr, ... leave open is read from the desk's market, by the desk's parameters. */
static enum err fill_from_market(struct call *c, const char *symbol, struct sizing_input *in,
                                 struct error *e)
{
    struct evaluation_request r;
    struct dossier d = {0};
    struct parameter p[PARAMETERS];
    if (request_from_call(c, &r, e) || call_desk(c, e) || parameters_load(c->desk, p, e))
        return e->kind;
    r.symbol = symbol;
    enum err result = dossier_gather(c->desk, &r, &d, e);
    if (!result) {
        const struct indicators *i = &d.indicators;
        in->price = in->price ? in->price : d.price;
        in->stop_multiple = p[PARAM_STOP_MULT].value.v;
        in->target_multiple = p[PARAM_TARGET_MULT].value.v;
        in->exploration_pct = p[PARAM_EXPLORATION_PCT].value.v;
        if (!call_option(c, "equity")) {
            in->equity = desk_decimal(c->desk, SETTING_PORTFOLIO, MONEY_MICRO_DIGITS);
            in->cash = call_option(c, "cash") ? in->cash : in->equity;
        }
        in->atr = in->atr.known ? in->atr : i->atr;
        in->beta = in->beta.known ? in->beta : i->beta;
        in->vol_60 = i->vol_60;
        in->dollar_volume = i->dollar_volume_20;
        in->regime = in->regime != REGIME_UNKNOWN ? in->regime : d.regime.label;
    }
    dossier_release(&d);
    return result;
}

static enum err size_input(struct call *c, const char *symbol, struct sizing_input *in,
                           struct error *e)
{
    const char *regime = call_option(c, "regime");
    in->equity = settings_decimal(c->settings, SETTING_PORTFOLIO, MONEY_MICRO_DIGITS);
    if (call_price(c, "price", &in->price, e) || call_money(c, "equity", &in->equity, e) ||
        call_number(c, "atr", 0.0001, 1e6, &in->atr, e) ||
        call_number(c, "beta", -10, 10, &in->beta, e))
        return e->kind;
    in->cash = in->equity;
    if (call_money(c, "cash", &in->cash, e))
        return e->kind;
    if (regime && !regime_parse(regime, &in->regime)) {
        err_set(e, ERR_USAGE, "--regime is BULL, BEAR, SIDEWAYS, HIGH_VOL or LOW_VOL");
        return err_code(e, "E06");
    }
    in->exploration_pct =
        decimal_to_double(settings_decimal(c->settings, SETTING_EXPLORATION_PCT, 2), 2);
    in->stop_multiple = 1.5;
    in->target_multiple = 4;
    return in->price && in->atr.known ? OK : fill_from_market(c, symbol, in, e);
}

static void size_json(struct call *c, const char *symbol, const struct sizing_input *in,
                      const struct worksheet *w)
{
    struct json j;
    char money[40];
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_str(&j, "symbol", symbol);
    json_str(&j, "price", decimal_print(money, sizeof money, in->price, PRICE_DIGITS, 4));
    json_str(&j, "decision", w->verdict == SIZE_APPROVED ? "APPROVE" : "REJECT");
    json_str(&j, "reason", w->reason);
    json_int(&j, "shares", w->shares);
    json_num(&j, "position_pct", w->position_pct);
    json_str(&j, "notional_usd",
             decimal_print(money, sizeof money, w->notional, MONEY_MICRO_DIGITS, 2));
    json_str(&j, "risk_usd",
             decimal_print(money, sizeof money, w->risk_usd, MONEY_MICRO_DIGITS, 2));
    json_num(&j, "stop_loss_pct", 100 * w->stop_fraction);
    json_num(&j, "take_profit_pct", 100 * w->target_fraction);
    json_str(&j, "binding", w->binding);
    json_open(&j, "caps", '[');
    for (size_t i = 0; i < w->ncaps; i++) {
        json_open(&j, NULL, '{');
        json_str(&j, "name", w->cap[i].name);
        json_flag(&j, "applied", w->cap[i].applied);
        if (w->cap[i].applied)
            json_num(&j, "pct", 100 * w->cap[i].fraction);
        json_str(&j, "note", w->cap[i].note);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static void size_text(struct call *c, const char *symbol, const struct sizing_input *in,
                      const struct worksheet *w)
{
    static const struct column columns[] = {
        {"cap", "LIMIT", COLUMN_TEXT},
        {"pct", "% OF EQUITY", COLUMN_NUMBER},
        {"binding", " ", COLUMN_TEXT},
        {"note", "ARITHMETIC", COLUMN_TEXT},
    };
    char price[40], notional[40], risk[40], pct[24];
    struct table t;
    out_line(c->out, "%s @ $%s: %lld shares", symbol,
             decimal_print(price, sizeof price, in->price, PRICE_DIGITS, in->price % 100 ? 4 : 2),
             (long long)w->shares);
    out_line(c->out, "%s", w->reason);
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < w->ncaps; i++) {
        snprintf(pct, sizeof pct, "%.2f", 100 * w->cap[i].fraction);
        table_row(&t, (const char *const[]){w->cap[i].name, w->cap[i].applied ? pct : NULL,
                                            w->cap[i].name == w->binding ? "<- binds" : "",
                                            w->cap[i].note});
    }
    table_end(&t, c->out, "no limit was worked out");
    if (w->shares > 0)
        out_line(c->out,
                 "$%s, %.2f%% of equity; $%s at risk at the stop %.2f%% below; target "
                 "%.2f%% above",
                 decimal_group(notional, sizeof notional, w->notional, MONEY_MICRO_DIGITS, 2),
                 w->position_pct,
                 decimal_group(risk, sizeof risk, w->risk_usd, MONEY_MICRO_DIGITS, 2),
                 100 * w->stop_fraction, 100 * w->target_fraction);
}

static enum err run_size(struct call *c, struct error *e)
{
    struct sizing_input in = {0};
    struct worksheet w;
    char symbol[16];
    symbol_from_argument(c->arg[0], symbol, sizeof symbol);
    if (!text_is_symbol(symbol) || strlen(c->arg[0]) >= sizeof symbol) {
        err_set(e, ERR_USAGE, "that is not a symbol: 1 to 12 of A-Z 0-9 . - ^");
        return err_code(e, "E20");
    }
    if (size_input(c, symbol, &in, e))
        return e->kind;
    size_position(&in, &w);
    if (c->out->format == OUTPUT_TEXT)
        size_text(c, symbol, &in, &w);
    else
        size_json(c, symbol, &in, &w);
    return OK;
}

static const struct agent *agent_named(const struct agent *const *table, const char *name,
                                       struct error *e)
{
    char names[200] = "", shown[64];
    for (const struct agent *const *a = table; *a; a++) {
        size_t n = strlen(names);
        if (strcmp((*a)->name, name) == 0)
            return *a;
        snprintf(names + n, sizeof names - n, "%s%s", n ? " " : "", (*a)->name);
    }
    sanitize_line(shown, sizeof shown, untrusted(name));
    err_set(e, ERR_USAGE, "there is no agent \"%s\"", shown);
    err_fix(e, "agents: %s", names);
    return NULL;
}

static void agent_text(struct output *o, const struct agent *a, const struct dossier *d,
                       const struct vote *v)
{
    out_line(o, "%s (baseline) on %s: %s %.0f%%", a->name, d->symbol,
             *v->answer ? v->answer : vote_state_name(v->state), v->confidence);
    out_line(o, "  %s", v->reason);
    for (size_t i = 0; i < v->nevidence; i++) {
        const struct evidence *ev = &v->evidence[i];
        const struct fact *f = dossier_fact(d, ev->fact_id);
        if (ev->has_value)
            out_line(o, "  %s = %.*f%s%s%s", ev->fact_id, f ? f->decimals : 2, ev->value,
                     f && *f->unit ? " " : "", f ? f->unit : "", ev->wrong ? "  WRONG" : "");
        else
            out_line(o, "  %s%s%s%s", ev->fact_id, f && f->text ? ": " : "",
                     f && f->text ? f->text : "", ev->wrong ? "  WRONG" : "");
    }
}

static void agent_json(struct output *o, const struct agent *a, const struct dossier *d,
                       const struct vote *v)
{
    struct json j;
    json_begin(&j, &o->text);
    json_open(&j, NULL, '{');
    json_str(&j, "agent", a->name);
    json_str(&j, "source", "baseline");
    json_str(&j, "symbol", d->symbol);
    json_str(&j, "state", vote_state_name(v->state));
    if (*v->answer)
        json_str(&j, "answer", v->answer);
    json_num(&j, "confidence", v->confidence);
    json_str(&j, "reason", v->reason);
    if (v->score.known)
        json_num(&j, "score", v->score.v);
    json_open(&j, "evidence", '[');
    for (size_t i = 0; i < v->nevidence; i++) {
        json_open(&j, NULL, '{');
        json_str(&j, "fact", v->evidence[i].fact_id);
        if (v->evidence[i].has_value)
            json_num(&j, "value", v->evidence[i].value);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    buf_char(&o->text, '\n');
}

static enum err run_agent(struct call *c, struct error *e)
{
    struct evaluation_request r;
    struct dossier d = {0};
    struct vote v;
    char symbol[16];
    const struct agent *a = agent_named(c->agents, c->arg[0], e);
    if (!a || request_from_call(c, &r, e) || call_desk(c, e))
        return e->kind;
    r.symbol = symbol_from_argument(c->arg[1], symbol, sizeof symbol);
    enum err result = agent_try(c->desk, a, &r, &d, &v, e);
    if (!result) {
        if (c->out->format == OUTPUT_TEXT)
            agent_text(c->out, a, &d, &v);
        else
            agent_json(c->out, a, &d, &v);
    }
    dossier_release(&d);
    return result;
}

static bool names_voter(const char *voters, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = voters; (p = strstr(p, name)); p += n)
        if ((p == voters || p[-1] == ' ' || p[-1] == ',') &&
            (p[n] == '\0' || p[n] == ' ' || p[n] == ','))
            return true;
    return false;
}

/* What a model said for an agent and could not be used: paid for, kept, and no vote or choice. */
static const struct statement asked_of = {
    "agents asked", "SELECT agent_name, count(*), count(*) FILTER (WHERE status = 'FAILED')"
                    " FROM agent_interactions WHERE model IS NOT NULL"
                    "  AND created_at > desk_now() - interval '30 days'"
                    "  AND status IN ('DONE', 'FAILED') GROUP BY 1"};

/* The versions of its question that are asked: the newest, and all. */
static const struct statement versions_of = {
    "agents prompts", "SELECT agent_name, max(version), string_agg(version::text, ' ' ORDER BY"
                      " version) FROM agent_prompts WHERE status = 'ACTIVE' GROUP BY 1"};

/* The row of an agent; none is "-": without a desk nobody was asked. */
static const char *asked_cell(const struct rows *r, const char *agent, size_t col)
{
    for (size_t i = 0; i < r->nrows; i++)
        if (strcmp(rows_text(r, i, 0), agent) == 0)
            return rows_text(r, i, col);
    return NULL;
}

static enum err run_agents(struct call *c, struct error *e)
{
    static const struct column columns[] = {
        {"agent", "AGENT", COLUMN_TEXT},       {"role", "ROLE", COLUMN_TEXT},
        {"votes", "VOTES", COLUMN_FLAG},       {"prompt_version", "PROMPT", COLUMN_NUMBER},
        {"asked_30d", "ASKED", COLUMN_NUMBER}, {"unusable_30d", "UNUSABLE", COLUMN_NUMBER},
        {"does", "DOES", COLUMN_TEXT},
    };
    struct rows asked = {0}, versions = {0};
    struct table t;
    char own[12];
    char why[700];
    open_made_desk(c, why, sizeof why);
    if (c->desk && (db_query(c->desk->db, &asked_of, NULL, &asked, e) ||
                    db_query(c->desk->db, &versions_of, NULL, &versions, e))) {
        rows_release(&asked);
        return e->kind;
    }
    const char *voters =
        c->desk ? desk_text(c->desk, SETTING_VOTERS) : settings_text(c->settings, SETTING_VOTERS);
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (const struct agent *const *a = c->agents; *a; a++) {
        const char *version =
            asked_cell(&versions, (*a)->name, c->out->format == OUTPUT_TEXT ? 2 : 1);
        snprintf(own, sizeof own, "%d", (*a)->prompt_version);
        table_row(&t,
                  (const char *const[]){(*a)->name, agent_role_name((*a)->role),
                                        names_voter(voters, (*a)->name) ? "true" : "false",
                                        version ? version : own, asked_cell(&asked, (*a)->name, 1),
                                        asked_cell(&asked, (*a)->name, 2), (*a)->does});
    }
    rows_release(&asked);
    rows_release(&versions);
    table_end(&t, c->out, "");
    return OK;
}

#define MARKET_OPTIONS                                                                             \
    {"as-of", "DATE", "what was known after that day's trading"},                                  \
    {                                                                                              \
        "data", "DIR", "recorded daily bars (SYMBOL.csv) instead of the desk's market"             \
    }

static const struct option_row indicator_options[] = {
    {"all", NULL, "a row for every bar, not only the last"},
    MARKET_OPTIONS,
    {NULL, NULL, NULL},
};
static const struct option_row size_options[] = {
    {"price", "P", "entry price, dollars"},
    {"atr", "A", "average true range, dollars"},
    {"beta", "B", "beta against the market"},
    {"equity", "E", "account equity; default QUORUM_PORTFOLIO, the desk's when its market is read"},
    {"cash", "C", "free cash; default the equity"},
    {"regime", "R", "BULL, BEAR, SIDEWAYS, HIGH_VOL or LOW_VOL"},
    MARKET_OPTIONS,
    {NULL, NULL, NULL},
};
static const struct option_row agent_options[] = {
    {"price", "P", "price in dollars instead of the market's"},
    {"indicators", "K=V,...", "technical figures instead of the market's"},
    MARKET_OPTIONS,
    {NULL, NULL, NULL},
};

const struct command market_commands[] = {
    {.name = "agents",
     .group = "The parts by hand",
     .usage = "",
     .help = "the agents: role, vote, what each does",
     .run = run_agents},
    {.name = "agent run",
     .group = "The parts by hand",
     .usage = "NAME SYMBOL",
     .help = "one agent's opinion on one symbol, outside any evaluation",
     .min_args = 2,
     .max_args = 2,
     .options = agent_options,
     .no_csv = true,
     .more_help = help_indicators,
     .acts = true,
     .run = run_agent},
    {.name = "indicators",
     .group = "The parts by hand",
     .usage = "SYMBOL|FILE.csv",
     .help = "every indicator and the regime of the last bar",
     .min_args = 1,
     .max_args = 1,
     .options = indicator_options,
     .run = run_indicators},
    {.name = "size",
     .group = "The parts by hand",
     .usage = "SYMBOL",
     .help = "position size worksheet for given figures",
     .details = "With --price and --atr nothing is read from a market; what is not given is\n"
                "listed as not applied.",
     .min_args = 1,
     .max_args = 1,
     .options = size_options,
     .no_csv = true,
     .run = run_size},
    {.name = NULL},
};
