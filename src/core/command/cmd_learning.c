/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The learning cycle by hand, what cycles found, and whether one runs each night. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/learning.h"
#include "quorum/model.h"
#include "quorum/money.h"
#include "quorum/text.h"

/* ---- learn ---- */

enum learn_word { LEARN_RUN, LEARN_ON, LEARN_OFF, LEARN_WORDS };
static const char *const learn_words[LEARN_WORDS] = {"run", "on", "off"};

static enum learn_word word_of(const struct call *c)
{
    for (int i = 0; c->nargs && i < LEARN_WORDS; i++)
        if (strcmp(c->arg[0], learn_words[i]) == 0)
            return (enum learn_word)i;
    return c->nargs ? LEARN_WORDS : LEARN_RUN;
}

static enum err check_learn(const struct call *c, struct error *e)
{
    char shown[40];
    if (word_of(c) != LEARN_WORDS)
        return OK;
    sanitize_line(shown, sizeof shown, untrusted(c->arg[0]));
    err_set(e, ERR_USAGE, "learn is run, on or off; not \"%s\"", shown);
    err_code(e, "E04");
    return err_fix(e, "example: quorum learn");
}

/* Whether the desk learns by itself is the operator's to say. */
static int learn_level(const struct call *c)
{
    return word_of(c) == LEARN_RUN ? 0 : 2;
}

static void tell_json(struct call *c, const struct learning_result *r)
{
    struct json j;
    char cost[40];
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_int(&j, "cycle_id", r->cycle);
    json_int(&j, "trades_analyzed", (int64_t)r->trades);
    json_int(&j, "cases", (int64_t)r->cases);
    json_int(&j, "conditions_tested", (int64_t)r->tested);
    json_int(&j, "patterns_found", (int64_t)r->patterns);
    json_int(&j, "patterns_confirmed", (int64_t)r->confirmed);
    json_int(&j, "proposals_total", (int64_t)r->proposals);
    json_int(&j, "proposals_queued", (int64_t)r->queued);
    json_int(&j, "proposals_auto_applied", (int64_t)r->applied);
    json_int(&j, "proposals_rejected", (int64_t)r->rejected);
    json_str(&j, "cost_usd", decimal_print(cost, sizeof cost, r->cost, MONEY_NANO_DIGITS, 4));
    json_flag(&j, "degraded", r->degraded);
    json_str(&j, "degraded_reason", r->degraded_why);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static void tell(struct call *c, const struct learning_result *r)
{
    char cost[40];
    const struct model *m = c->desk->model;
    out_line(c->out, "Analyzed %zu trades", r->trades);
    out_line(c->out, "Found %zu patterns", r->patterns);
    out_line(c->out, "Proposed %zu adjustments", r->proposals);
    out_line(c->out, "Auto-applied %zu high-confidence changes", r->applied);
    if (r->proposals)
        out_line(c->out, "Review: %zu queued, %zu rejected by the gate", r->queued, r->rejected);
    out_line(c->out, "Cost: $%s%s | cycle #%lld",
             decimal_print(cost, sizeof cost, r->cost, MONEY_NANO_DIGITS, 4),
             m && m->ops->simulated && r->cost > 0 ? " (simulated)" : "", (long long)r->cycle);
    if (r->degraded)
        out_line(c->out, "DEGRADED: %s", r->degraded_why);
}

static enum err run_cycle(struct call *c, struct error *e)
{
    struct learning_result r;
    struct learning_request q = {.trigger = "operator",
                                 .without_model = call_option(c, "baseline") != NULL,
                                 .seed_name = "default"};
    if (call_desk(c, e) || learning_cycle(c->desk, &q, &r, e))
        return e->kind;
    if (c->out->format == OUTPUT_JSON)
        tell_json(c, &r);
    else
        tell(c, &r);
    return OK;
}

static const struct statement switch_learning = {
    "learning on or off",
    "WITH old AS (SELECT value FROM desk_setting WHERE name = 'SELF_LEARNING_ENABLED'"
    "  ORDER BY id DESC LIMIT 1), "
    "new AS (INSERT INTO desk_setting (name, value, origin, set_by)"
    "  SELECT 'SELF_LEARNING_ENABLED', $1, 'desk', $2"
    "  WHERE (SELECT value FROM old) IS DISTINCT FROM $1 RETURNING value) "
    "SELECT audit_append($2, $3, 'learn', 'SELF_LEARNING_ENABLED', '', COALESCE((SELECT value"
    "  FROM old), ''), value) FROM new"};

static enum err turn(struct call *c, bool on, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    if (call_desk(c, e))
        return e->kind;
    params_text(&p, on ? "true" : "false");
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    if (db_query(c->desk->db, &switch_learning, &p, &rows, e))
        return e->kind;
    const char *desk = desk_kind_name(c->desk->kind);
    bool changed = rows.nrows > 0;
    rows_release(&rows);
    if (c->out->format == OUTPUT_JSON) {
        struct json j;
        json_begin(&j, &c->out->text);
        json_open(&j, NULL, '{');
        json_flag(&j, "learning", on);
        json_flag(&j, "changed", changed);
        json_close(&j, '}');
        buf_char(&c->out->text, '\n');
    } else if (on) {
        out_line(c->out, "%s desk: learning %s on; a cycle runs 3 h 25 after each close", desk,
                 changed ? "is" : "was");
    } else {
        out_line(c->out, "%s desk: learning %s off; quorum learn runs a cycle by hand", desk,
                 changed ? "is" : "was");
    }
    return OK;
}

static enum err run_learn(struct call *c, struct error *e)
{
    enum learn_word w = word_of(c);
    return w == LEARN_RUN ? run_cycle(c, e) : turn(c, w == LEARN_ON, e);
}

/* ---- learning ---- */

static const struct statement cycles = {
    "learning cycles",
    "SELECT id, started_at, trigger, state, trades, cases, patterns, confirmed, considered,"
    "  proposals, queued, applied, rejected, trim_scale(cost_usd), degraded,"
    "  COALESCE(NULLIF(reason, ''), NULLIF(degraded_reason, ''), '') "
    "FROM learning_cycles ORDER BY id DESC LIMIT $1::int"};
static const struct figure_column cycle_columns[] = {
    {"id", "ID", FIGURE_COUNT, 0},
    {"started_at", "AT", FIGURE_WHEN, 0},
    {"trigger", "BY", FIGURE_TEXT, 100},
    {"state", "STATE", FIGURE_TEXT, 0},
    {"trades", "TRADES", FIGURE_COUNT, 0},
    {"cases", "CASES", FIGURE_COUNT, 0},
    {"patterns", "PATTERNS", FIGURE_COUNT, 0},
    {"confirmed", "CONFIRMED", FIGURE_COUNT, 110},
    {"considered", "TRIED", FIGURE_COUNT, 110},
    {"proposals", "PROPOSED", FIGURE_COUNT, 0},
    {"queued", "QUEUED", FIGURE_COUNT, 0},
    {"applied", "APPLIED", FIGURE_COUNT, 0},
    {"rejected", "REJECTED", FIGURE_COUNT, 120},
    {"cost_usd", "COST", FIGURE_COST, 0},
    {"degraded", "DEGRADED", FIGURE_FLAG, 130},
    {"reason", "REASON", FIGURE_TEXT, 150},
};

static enum err run_learning(struct call *c, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    struct figures f;
    int64_t limit = 15;
    if (call_int(c, "limit", 1, 10000, &limit, e) || call_desk(c, e))
        return e->kind;
    params_int(&p, limit);
    if (db_query(c->desk->db, &cycles, &p, &r, e))
        return e->kind;
    figures_begin(&f, c->out, cycle_columns, ARRAY_LEN(cycle_columns));
    figures_rows(&f, &r);
    figures_end(&f, "no cycle yet: quorum learn runs one");
    rows_release(&r);
    return OK;
}

static enum err check_cycle(const struct call *c, struct error *e)
{
    int64_t id;
    return c->nargs ? call_id(c->arg[0], "cycle", &id, e) : OK;
}

static enum err run_cycle_page(struct call *c, struct error *e)
{
    int64_t id = 0;
    if ((c->nargs && call_id(c->arg[0], "cycle", &id, e)) || call_desk(c, e))
        return e->kind;
    return cycle_show(c, c->nargs ? &id : NULL, call_option(c, "all") != NULL, e);
}

static const struct option_row learn_options[] = {
    {"baseline", NULL, "without a model: code words what it found"},
    {NULL, NULL, NULL},
};
static const struct option_row learning_options[] = {
    {"limit", "N", "cycles; default 15"},
    {NULL, NULL, NULL},
};

static const struct option_row cycle_options[] = {
    {"all", NULL, "every condition tested and every change compared"},
    {NULL, NULL, NULL},
};

const struct command learning_commands[] = {
    {.name = "learn",
     .group = "Learning",
     .usage = "[run|on|off]",
     .help = "look for patterns in closed trades and propose changes; or switch the nightly cycle",
     .details = "Tests fixed conditions on closed trades and on what became of entries that were\n"
                "not taken, compares changes of the parameters on stored candidates, and has the\n"
                "agents word what came of it. on and off say whether it happens each night\n"
                "(SELF_LEARNING_ENABLED of this desk).",
     .max_args = 1,
     .options = learn_options,
     .acts = true,
     .no_csv = true,
     .level_of = learn_level,
     .check = check_learn,
     .run = run_learn},
    {.name = "learning",
     .aliases = (const char *const[]){"cycles", NULL},
     .group = "Learning",
     .usage = "",
     .help = "learning cycles and what they came to",
     .options = learning_options,
     .run = run_learning},
    {.name = "cycle",
     .group = "Learning",
     .usage = "[ID]",
     .help =
         "one learning cycle: patterns, changes compared, what the gate said; without ID the last",
     .max_args = 1,
     .options = cycle_options,
     .no_csv = true,
     .check = check_cycle,
     .run = run_cycle_page},
    {.name = NULL},
};
