/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking the agents, and reading what they said. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/command/checks.h"
#include "core/command/commands.h"
#include "core/command/evaluate_run.h"
#include "core/command/show.h"
#include "core/command/show_trade.h"
#include "quorum/evaluation.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { ASK_ABOVE_NANO = 250000000 };

/* "2021-03-31" means everything known when that day's trading was over. */
static enum err parse_as_of(const struct call *c, int64_t *out, struct error *e)
{
    const char *value = call_option(c, "as-of");
    int32_t day;
    *out = TIME_NONE;
    if (!value)
        return OK;
    if (!day_parse(value, &day)) {
        char shown[40];
        sanitize_line(shown, sizeof shown, untrusted(value));
        err_set(e, ERR_USAGE, "--as-of=%s is not a date", shown);
        err_code(e, "E06");
        return err_fix(e, "example: --as-of=2021-03-31");
    }
    *out = exchange_to_utc(day, 20, 0);
    if (*out > time_machine_now() + USEC_DAY) {
        err_set(e, ERR_USAGE, "--as-of=%s lies in the future", value);
        return err_code(e, "E06");
    }
    return OK;
}

/* A resume may run in another directory: keep the absolute path. */
static enum err absolute_data_dir(struct evaluation_request *r, struct error *e)
{
    static char path[PATH_MAX]; /* lives as long as the call's own arguments */
    if (!r->data_dir)
        return OK;
    if (!realpath(r->data_dir, path)) {
        err_set(e, ERR_USAGE, "--data=%s cannot be read: %s", r->data_dir, strerror(errno));
        return err_fix(e, "give a directory with one CSV of daily bars per symbol");
    }
    r->data_dir = path;
    return OK;
}

static enum err max_cost(const struct call *c, int64_t *out, struct error *e)
{
    const char *value = call_option(c, "max-cost");
    if (!value || (decimal_parse(value, MONEY_NANO_DIGITS, out) && *out > 0))
        return OK;
    char shown[40];
    sanitize_line(shown, sizeof shown, untrusted(value));
    err_set(e, ERR_USAGE, "--max-cost=%s is not an amount", shown);
    err_code(e, "E06");
    return err_fix(e, "example: --max-cost=0.05");
}

enum err request_from_call(const struct call *c, struct evaluation_request *r, struct error *e)
{
    int64_t agreement = 0;
    *r = (struct evaluation_request){.indicators = call_option(c, "indicators"),
                                     .voters = call_option(c, "agents"),
                                     .fresh = call_option(c, "fresh") != NULL,
                                     .data_dir = call_option(c, "data")};
    if (!r->data_dir)
        r->data_dir = settings_text(c->settings, SETTING_DATA);
    if (call_price(c, "price", &r->price, e) ||
        call_int(c, "min-agreement", 1, VOTERS_MAX, &agreement, e) || parse_as_of(c, &r->as_of, e))
        return e->kind;
    r->min_agreement = (int)agreement;
    if (max_cost(c, &r->max_cost, e))
        return e->kind;
    if (absolute_data_dir(r, e))
        return e->kind;
    struct indicators ignored;
    return r->indicators ? indicators_parse_with_price(r->indicators, r->price, &ignored, e) : OK;
}

void help_indicators(struct buf *out)
{
    buf_str(out, "\nNames of --indicators:\n");
    for (size_t i = 0; i < indicator_row_count; i++) {
        const struct indicator_row *row = &indicator_rows[i];
        buf_printf(out, "  %-26s %s%s%s%s\n", row->name, row->help, *row->unit ? " (" : "",
                   row->unit, *row->unit ? ")" : "");
    }
}

const char *symbol_from_argument(const char *arg, char *dst, size_t size)
{
    copy_text(dst, size, arg);
    for (char *p = dst; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return dst;
}

static enum err use_recorded(struct call *c, struct error *e)
{
    const char *value = call_option(c, "recorded");
    struct stored_evaluation s;
    int64_t id;
    if (!value)
        return OK;
    if (call_id(value, "evaluation", &id, e))
        return e->kind;
    enum err result = evaluation_load(c->desk, id, false, &s, e);
    stored_evaluation_release(&s);
    if (!result)
        desk_use_recorded(c->desk, id);
    return result;
}

/* A typed evaluation needs no question while it costs at most 25 cents a symbol. */
static enum err check_price_of_asking(struct call *c, struct error *e)
{
    char cost[40];
    const char *agents = call_option(c, "agents");
    int64_t estimate =
        evaluation_estimate(c->desk, agents ? agents : desk_text(c->desk, SETTING_VOTERS));
    if (c->desk->kind == DESK_DEMO || c->yes || estimate <= ASK_ABOVE_NANO)
        return OK;
    err_set(e, ERR_CONFIRM, "an evaluation may cost $%s",
            decimal_print(cost, sizeof cost, estimate, MONEY_NANO_DIGITS, 2));
    return err_fix(e, "add --yes, or --max-cost=USD");
}

static enum err check_resume(const struct call *c, struct error *e)
{
    int64_t id[CALL_ARGS_MAX];
    for (int i = 0; i < c->noptions; i++) {
        if (strcmp(c->option[i].name, "resume") == 0)
            continue;
        err_set(e, ERR_USAGE, "--%s does not go with --resume", c->option[i].name);
        return err_fix(e, "an evaluation is finished as it was asked for");
    }
    for (int i = 0; i < c->nargs; i++) {
        if (call_id(c->arg[i], "evaluation", &id[i], e))
            return e->kind;
        for (int k = 0; k < i; k++)
            if (id[k] == id[i])
                return err_set(e, ERR_USAGE, "#%lld is named twice", (long long)id[i]);
    }
    return OK;
}

/* An order rests on the desk's own market of now, and on votes made for it. */
static enum err trade_needs_market(const struct call *c, struct error *e)
{
    static const char *const other[] = {"price", "indicators", "as-of", "data", "recorded"};
    for (size_t i = 0; i < ARRAY_LEN(other); i++)
        if (call_option(c, other[i]))
            return err_set(e, ERR_USAGE, "--trade does not go with --%s: it trades at the market",
                           other[i]);
    return OK;
}

static int evaluate_level(const struct call *c)
{
    return call_option(c, "trade") ? 2 : 0;
}

static enum err check_evaluate(const struct call *c, struct error *e)
{
    struct evaluation_request r;
    if (call_option(c, "resume"))
        return check_resume(c, e);
    if (c->nargs == 0) {
        err_set(e, ERR_USAGE, "evaluate needs SYMBOL...");
        err_code(e, "E04");
        return err_fix(e, "quorum evaluate AAPL");
    }
    if (request_from_call(c, &r, e))
        return e->kind;
    if (call_option(c, "trade") && trade_needs_market(c, e))
        return e->kind;
    if (c->nargs > 1 && (r.price || r.indicators))
        return err_set(e, ERR_USAGE, "--price and --indicators belong to one symbol, %d are named",
                       c->nargs);
    for (int i = 0; i < c->nargs; i++)
        for (int k = 0; k < i; k++)
            if (strcasecmp(c->arg[k], c->arg[i]) == 0)
                return err_set(e, ERR_USAGE, "%s is named twice", c->arg[i]);
    return OK;
}

/* Somebody with a database of their own expects its desk to be asked. */
static void warn_of_demo(struct call *c)
{
    enum desk_kind k;
    const char *why;
    struct error ignored;
    if (desk_choose(c->settings, c->desk_name, &k, &why, &ignored) == OK)
        warn_other_desk(c, k, why);
}

static enum err run_evaluate(struct call *c, struct error *e)
{
    struct evaluation_request r;
    warn_of_demo(c);
    if (call_option(c, "resume"))
        return call_desk(c, e) || prompts_store(c->desk, e) ? e->kind : evaluate_resume(c, e);
    if (request_from_call(c, &r, e) || call_desk(c, e) || use_recorded(c, e) ||
        prompts_store(c->desk, e) || check_price_of_asking(c, e))
        return e->kind;
    return evaluate_symbols(c, &r, e);
}

static enum err check_cancel(const struct call *c, struct error *e)
{
    int64_t id;
    return strcmp(c->arg[0], "last") == 0 ? OK : call_id(c->arg[0], "evaluation", &id, e);
}

static enum err run_cancel(struct call *c, struct error *e)
{
    int64_t id = 0;
    if (call_desk(c, e))
        return e->kind;
    if (strcmp(c->arg[0], "last") != 0) {
        if (call_id(c->arg[0], "evaluation", &id, e))
            return e->kind;
    } else if (evaluation_last_asked(c->desk, &id, e)) {
        return e->kind;
    } else if (id == 0) {
        err_set(e, ERR_USAGE, "no evaluation of %s is under way", operator_name());
        return err_fix(e, "quorum evaluations lists them all");
    }
    if (evaluation_cancel(c->desk, id, e))
        return e->kind;
    out_line(c->out, "evaluation #%lld is cancelled; finished calls stay recorded and paid",
             (long long)id);
    return OK;
}

#define EVALUATION_COLUMNS                                                                         \
    {"id", "ID", COLUMN_NUMBER}, {"created_at", "CREATED", COLUMN_TIME},                           \
        {"symbol", "SYMBOL", COLUMN_TEXT}, {"price", "PRICE", COLUMN_MONEY},                       \
        {"regime", "REGIME", COLUMN_TEXT}, {"state", "STATE", COLUMN_TEXT},                        \
        {"decision", "DECISION", COLUMN_TEXT}, {"agreement", "AGREE", COLUMN_TEXT},                \
        {"shares", "SHARES", COLUMN_NUMBER}, {"position_pct", "SIZE %", COLUMN_NUMBER},            \
        {"cost_usd", "COST $", COLUMN_MONEY},                                                      \
    {                                                                                              \
        "degraded", "DEGRADED", COLUMN_FLAG                                                        \
    }
static const struct column evaluation_columns[] = {EVALUATION_COLUMNS};

#define SELECT_EVALUATIONS                                                                         \
    "SELECT id, created_at, symbol,"                                                               \
    " round(price, 2)::text, regime, state, decision, agreement, shares,"                          \
    " round(position_pct::numeric, 2)::text, trim_scale(cost_usd)::text, degraded "                \
    "FROM evaluations "

static const struct statement list_evaluations = {
    "evaluations",
    SELECT_EVALUATIONS "WHERE ($1::text IS NULL OR symbol = $1)"
                       " AND ($2::text IS NULL OR decision = $2)"
                       " AND ($3::text IS NULL OR created_at >= desk_now() - $3::interval) "
                       "ORDER BY created_at DESC, id DESC LIMIT $4::int"};
static const struct statement some_evaluations = {
    "evaluations by id",
    SELECT_EVALUATIONS "WHERE id = ANY ($1::bigint[]) ORDER BY array_position($1::bigint[], id)"};
static const struct statement count_evaluations = {"evaluations counted",
                                                   "SELECT count(*) FROM evaluations"};

enum err show_evaluation_rows(struct call *c, const int64_t *id, size_t n, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    struct buf list = {0};
    struct table t;
    for (size_t i = 0; i < n; i++)
        buf_printf(&list, "%s%lld", i ? "," : "{", (long long)id[i]);
    buf_str(&list, n ? "}" : "{}");
    params_text(&p, buf_text(&list));
    buf_release(&list);
    if (db_query(c->desk->db, &some_evaluations, &p, &rows, e))
        return e->kind;
    table_begin(&t, evaluation_columns, ARRAY_LEN(evaluation_columns));
    table_rows(&t, &rows);
    rows_release(&rows);
    table_end(&t, c->out, "");
    return OK;
}

/* What the list says when it has no rows. */
static enum err none_listed(struct call *c, bool filtered, char *dst, size_t size, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    copy_text(dst, size, "no evaluations yet; start one: quorum evaluate AAPL");
    if (!filtered || c->out->format != OUTPUT_TEXT)
        return OK;
    if (db_query(c->desk->db, &count_evaluations, &p, &rows, e))
        return e->kind;
    long long n = rows_int(&rows, 0, 0);
    rows_release(&rows);
    if (n > 0)
        snprintf(dst, size, "none of the %lld evaluations match%s", n, n == 1 ? "es" : "");
    return OK;
}

static enum err run_evaluations(struct call *c, struct error *e)
{
    char symbol[16], decision[8];
    const char *wanted = call_option(c, "decision"), *since = NULL;
    char interval[32], empty[100] = "";
    int64_t limit = 20;
    if (call_int(c, "limit", 1, 10000, &limit, e) || call_since(c, interval, &since, e))
        return e->kind;
    if (wanted && strcmp(symbol_from_argument(wanted, decision, sizeof decision), "BUY") != 0 &&
        strcmp(decision, "SELL") != 0 && strcmp(decision, "HOLD") != 0 &&
        strcmp(decision, "NONE") != 0) {
        err_set(e, ERR_USAGE, "--decision is BUY, SELL, HOLD or NONE");
        return err_code(e, "E06");
    }
    if (call_desk(c, e))
        return e->kind;
    struct params p = {0};
    struct rows rows = {0};
    params_text(&p, c->nargs ? symbol_from_argument(c->arg[0], symbol, sizeof symbol) : NULL);
    params_text(&p, wanted ? decision : NULL);
    params_text(&p, since);
    params_int(&p, limit);
    if (db_query(c->desk->db, &list_evaluations, &p, &rows, e))
        return e->kind;
    struct table t;
    table_begin(&t, evaluation_columns, ARRAY_LEN(evaluation_columns));
    table_rows(&t, &rows);
    rows_release(&rows);
    enum err result =
        t.nrows ? OK : none_listed(c, c->nargs || wanted || since, empty, sizeof empty, e);
    table_end(&t, c->out, empty);
    return result;
}

static enum err show_stored(struct call *c, bool with_dossier,
                            void (*show)(struct call *c, const struct stored_evaluation *s),
                            struct error *e)
{
    struct stored_evaluation s = {0};
    int64_t id;
    if (call_id(c->arg[0], "evaluation", &id, e) || call_desk(c, e))
        return e->kind;
    enum err result = evaluation_load(c->desk, id, with_dossier, &s, e);
    if (!result && call_option(c, "calls"))
        result = show_calls(c, id, e);
    else if (!result)
        show(c, &s);
    stored_evaluation_release(&s);
    return result;
}

/* The calls are rows, the evaluation is not. */
static enum err check_evaluation(const struct call *c, struct error *e)
{
    if (c->out->format != OUTPUT_CSV || call_option(c, "calls"))
        return OK;
    err_set(e, ERR_USAGE, "the answer of evaluation is one object, not rows: it has no --csv");
    return err_fix(e, "--json gives all of it; --calls has --csv");
}

static enum err run_evaluation(struct call *c, struct error *e)
{
    return show_stored(c, true, show_evaluation_detail, e);
}

/* "why 12" is an evaluation, "why trade 12" a trade, "why AAPL" what became of it last. */
static enum err check_why(const struct call *c, struct error *e)
{
    char symbol[16];
    const char *unused;
    int64_t id;
    bool of_trade = strcmp(c->arg[0], "trade") == 0;
    if (c->nargs == 2 && of_trade)
        return call_id(c->arg[1], "trade", &id, e);
    if (c->nargs == 2) {
        err_set(e, ERR_USAGE, "why takes one id or symbol, or: trade ID");
        return err_code(e, "E04");
    }
    if (strchr("#0123456789", c->arg[0][0]))
        return call_id(c->arg[0], "evaluation", &id, e);
    return call_symbol(c, 0, symbol, &unused, e);
}

static enum err run_why(struct call *c, struct error *e)
{
    char text[16];
    const char *symbol;
    int64_t id;
    if (c->nargs == 2)
        return call_id(c->arg[1], "trade", &id, e) || call_desk(c, e) ? e->kind
                                                                      : show_trade(c, id, true, e);
    if (strchr("#0123456789", c->arg[0][0]))
        return show_stored(c, true, show_evaluation_why, e);
    if (call_symbol(c, 0, text, &symbol, e) || call_desk(c, e))
        return e->kind;
    return show_why_symbol(c, symbol, e);
}

static const struct option_row evaluate_options[] = {
    {"price", "P", "price in dollars instead of the market's"},
    {"indicators", "K=V,...", "technical figures instead of the market's; nothing else is known"},
    {"agents", "LIST", "voters, comma separated; default: the desk's"},
    {"min-agreement", "N", "votes needed; default: the desk's"},
    {"as-of", "DATE", "judge what was known after that day's trading"},
    {"data", "DIR", "recorded daily bars (SYMBOL.csv) instead of the desk's market"},
    {"fresh", NULL, "do not use cached vendor data"},
    {"max-cost", "USD", "refuse when it may cost more"},
    {"recorded", "ID", "answer with the model replies of evaluation ID; nothing is paid"},
    {"trade", NULL, "a BUY becomes an entry order, if the guards let it (--yes)"},
    {"resume", NULL, "finish interrupted evaluations (all, or the ids given)"},
    {NULL, NULL, NULL},
};
static const struct option_row evaluation_options[] = {
    {"calls", NULL, "the exact request and reply of every model call instead"},
    {NULL, NULL, NULL},
};
static const struct option_row evaluations_options[] = {
    {"since", "DUR", "90m, 15h, 2d: not older than that"},
    {"decision", "D", "BUY, SELL, HOLD or NONE"},
    {"limit", "N", "rows, newest first; default 20"},
    {NULL, NULL, NULL},
};

const struct command evaluate_commands[] = {
    {.name = "evaluate",
     .aliases = (const char *const[]){"eval", "e", NULL},
     .group = "Asking the agents",
     .usage = "SYMBOL...",
     .help = "let the agents vote on symbols; decide and size, stored",
     .details = "The regime is read, every voter votes, the consensus decides, arithmetic sizes.\n"
                "No position is opened without --trade. Every step is a row before it is an act: "
                "an evaluation\n"
                "that was interrupted is finished by --resume.\n\n"
                "Example:\n"
                "  quorum evaluate AAPL --price 175.50 --indicators "
                "sma_20=172.30,sma_50=168.45,sma_200=165.20,atr=3.25,adx=28.5,rsi=58.2,"
                "volume_ratio=1.2,beta=1.15",
     .max_args = -1,
     .options = evaluate_options,
     .more_help = help_indicators,
     .acts = true,
     .check = check_evaluate,
     .level_of = evaluate_level,
     .run = run_evaluate},
    {.name = "cancel",
     .group = "Asking the agents",
     .usage = "ID|last",
     .help = "stop an evaluation; finished calls stay recorded and paid",
     .min_args = 1,
     .max_args = 1,
     .acts = true,
     .no_csv = true,
     .check = check_cancel,
     .run = run_cancel},
    {.name = "evaluations",
     .aliases = (const char *const[]){"evals", "ev", NULL},
     .group = "Asking the agents",
     .usage = "[SYMBOL]",
     .help = "list of evaluations, newest first",
     .max_args = 1,
     .options = evaluations_options,
     .run = run_evaluations},
    {.name = "evaluation",
     .group = "Asking the agents",
     .usage = "ID",
     .help = "one evaluation: every vote, fact and step of the size",
     .min_args = 1,
     .max_args = 1,
     .options = evaluation_options,
     .check = check_evaluation,
     .run = run_evaluation},
    {.name = "why",
     .group = "Asking the agents",
     .usage = "ID|SYMBOL|trade ID",
     .help = "the chain of causes behind an evaluation, position or trade",
     .details = "A number is an evaluation. A symbol is its open position, else its last trade,\n"
                "else its last evaluation.",
     .min_args = 1,
     .max_args = 2,
     .no_csv = true,
     .check = check_why,
     .run = run_why},
    {.name = NULL},
};
