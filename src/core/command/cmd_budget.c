/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the models cost, and what is left of the day. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/show.h"
#include "quorum/evaluation.h"
#include "quorum/money.h"

/* Whole hours come from the roll-up, the one cut hour from the rows themselves: exact for any
 * window at the price of at most an hour of rows. */
static const struct statement costs = {
    "costs", "WITH w AS (SELECT desk_now() - make_interval(days => $1::int) AS since), part AS ("
             "  SELECT agent_name, calls, cost_usd, tokens, latency_ms_sum FROM agent_hourly, w"
             "  WHERE hour > since"
             "  UNION ALL"
             "  SELECT agent_name, 1, cost_usd, tokens_used, COALESCE(latency_ms, 0)"
             "  FROM agent_interactions, w"
             "  WHERE created_at >= since AND date_trunc('hour', created_at) <= since"
             "    AND cost_usd IS NOT NULL) "
             "SELECT agent_name, sum(calls), round(sum(cost_usd) / sum(calls), 6)::text,"
             "  trim_scale(sum(cost_usd))::text, round(sum(tokens) / sum(calls)),"
             "  round(sum(latency_ms_sum) / sum(calls)) "
             "FROM part GROUP BY agent_name ORDER BY sum(cost_usd) DESC, agent_name"};

static enum err run_costs(struct call *c, struct error *e)
{
    static const struct column columns[] = {
        {"agent_name", "AGENT", COLUMN_TEXT},        {"total_calls", "CALLS", COLUMN_NUMBER},
        {"avg_cost", "AVG COST $", COLUMN_MONEY},    {"total_cost", "TOTAL COST $", COLUMN_MONEY},
        {"avg_tokens", "AVG TOKENS", COLUMN_NUMBER}, {"avg_latency_ms", "AVG MS", COLUMN_NUMBER},
    };
    struct params p = {0};
    struct rows rows = {0};
    struct table t;
    int64_t days = 7;
    if (call_int(c, "days", 1, 3650, &days, e) || call_desk(c, e))
        return e->kind;
    params_int(&p, days);
    if (db_query(c->desk->db, &costs, &p, &rows, e))
        return e->kind;
    table_begin(&t, columns, ARRAY_LEN(columns));
    table_rows(&t, &rows);
    rows_release(&rows);
    out_line(c->out, "%s desk, last %lld days%s", desk_kind_name(c->desk->kind), (long long)days,
             c->desk->kind == DESK_DEMO ? " (simulated costs)" : "");
    table_end(&t, c->out, "no agent was asked yet");
    return OK;
}

static const struct statement day = {
    "budget day",
    "SELECT (desk_now() AT TIME ZONE 'UTC')::date, COALESCE(b.limit_usd, budget_limit())::text,"
    "  COALESCE(b.spent_usd, 0)::text, COALESCE(b.reserved_usd, 0)::text,"
    "  COALESCE(b.overrun, false),"
    "  (SELECT count(*) FROM budget_reservation WHERE state = 'SENT'),"
    "  (SELECT count(*) FROM budget_mismatch()),"
    "  round(extract(epoch FROM date_trunc('day', desk_now() AT TIME ZONE 'UTC') +"
    "    interval '1 day' - (desk_now() AT TIME ZONE 'UTC')) / 60) "
    "FROM (SELECT 1) one LEFT JOIN budget_day b ON b.day = (desk_now() AT TIME ZONE 'UTC')::date"};

struct day_view {
    int64_t limit, spent, reserved, left, estimate;
    bool overrun;
    int64_t open, mismatches, minutes;
    char date[11];
};

static int64_t nano(const struct rows *r, size_t col)
{
    int64_t n = 0;
    const char *text = rows_text(r, 0, col);
    if (text)
        decimal_parse(text, MONEY_NANO_DIGITS, &n);
    return n;
}

static enum err load_day(struct call *c, struct day_view *v, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    if (db_query(c->desk->db, &day, &p, &r, e))
        return e->kind;
    copy_text(v->date, sizeof v->date, rows_text(&r, 0, 0));
    v->limit = nano(&r, 1);
    v->spent = nano(&r, 2);
    v->reserved = nano(&r, 3);
    v->overrun = rows_bool(&r, 0, 4);
    v->open = rows_int(&r, 0, 5);
    v->mismatches = rows_int(&r, 0, 6);
    v->minutes = rows_int(&r, 0, 7);
    v->left = v->limit - v->spent - v->reserved;
    v->left = v->left < 0 ? 0 : v->left;
    v->estimate = evaluation_estimate(c->desk, desk_text(c->desk, SETTING_VOTERS));
    rows_release(&r);
    return OK;
}

static const char *dollars(char dst[40], int64_t nano_usd)
{
    return decimal_print(dst, 40, nano_usd, MONEY_NANO_DIGITS, 4);
}

static void budget_text(struct call *c, const struct day_view *v)
{
    char a[40], b[40], f[40], g[40];
    out_line(c->out, "%s desk, %s UTC%s", desk_kind_name(c->desk->kind), v->date,
             c->desk->kind == DESK_DEMO ? " (simulated costs)" : "");
    out_line(c->out, "limit     $%12s", dollars(a, v->limit));
    out_line(c->out, "spent     $%12s", dollars(b, v->spent));
    out_line(c->out, "reserved  $%12s  in %lld open calls", dollars(f, v->reserved),
             (long long)v->open);
    out_line(c->out, "free      $%12s  resets in %lld h %02lld min", dollars(g, v->left),
             (long long)(v->minutes / 60), (long long)(v->minutes % 60));
    const char *absent = desk_model_absent(c->desk);
    if (absent)
        out_line(c->out, "no model is asked: %s", absent);
    else if (v->estimate > 0)
        out_line(c->out, "at least %lld evaluations fit, at most $%s each",
                 (long long)(v->left / v->estimate), dollars(a, v->estimate));
    if (v->overrun)
        out_line(c->out, "OVERRUN: a bill passed its reservation; nothing more is spent today");
    if (v->mismatches)
        out_line(c->out,
                 "WRONG: on %lld days ledger, reservations and interactions differ; "
                 "quorum db verify",
                 (long long)v->mismatches);
}

static void budget_json(struct call *c, const struct day_view *v)
{
    struct json j;
    char text[40];
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_str(&j, "desk", desk_kind_name(c->desk->kind));
    json_str(&j, "day", v->date);
    json_str(&j, "limit_usd", decimal_print(text, sizeof text, v->limit, 9, 9));
    json_str(&j, "spent_usd", decimal_print(text, sizeof text, v->spent, 9, 9));
    json_str(&j, "reserved_usd", decimal_print(text, sizeof text, v->reserved, 9, 9));
    json_str(&j, "free_usd", decimal_print(text, sizeof text, v->left, 9, 9));
    json_int(&j, "open_calls", v->open);
    json_int(&j, "minutes_to_reset", v->minutes);
    json_str(&j, "worst_case_evaluation_usd", decimal_print(text, sizeof text, v->estimate, 9, 9));
    json_flag(&j, "overrun", v->overrun);
    json_flag(&j, "consistent", v->mismatches == 0);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static enum err run_budget(struct call *c, struct error *e)
{
    struct day_view v = {0};
    if (call_desk(c, e) || load_day(c, &v, e))
        return e->kind;
    if (c->out->format == OUTPUT_TEXT)
        budget_text(c, &v);
    else
        budget_json(c, &v);
    return OK;
}

static const struct option_row costs_options[] = {
    {"days", "N", "days back from now; default 7"},
    {NULL, NULL, NULL},
};

const struct command budget_commands[] = {
    {.name = "budget",
     .aliases = (const char *const[]){"bud", NULL},
     .group = "Money",
     .usage = "",
     .help = "the day's model budget: spent, reserved, free",
     .no_csv = true,
     .run = run_budget},
    {.name = "costs",
     .group = "Money",
     .usage = "",
     .help = "calls, cost and tokens by agent",
     .options = costs_options,
     .run = run_costs},
    {.name = NULL},
};
