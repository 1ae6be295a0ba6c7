/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened while an operator was away. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* ---- since when */

/* A session that is still seen is one of now. Sessions of before the desk's time was kept with them
 * tell the machine's. */
static const struct statement last_here = {
    "away since",
    "SELECT w.desk_at, w.machine_at, desk_now(), w.known FROM ("
    "  SELECT CASE WHEN $2::text IS NOT NULL THEN desk_now() - $2::interval"
    "      ELSE COALESCE(s.seen_desk, s.seen_at, desk_now() - interval '1 day') END AS desk_at,"
    "    CASE WHEN $2::text IS NOT NULL THEN clock_timestamp() - $2::interval"
    "      ELSE COALESCE(s.seen_at, clock_timestamp() - interval '1 day') END AS machine_at,"
    "    s.seen_at IS NOT NULL AS known"
    "  FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT c.seen_desk, c.seen_at"
    "    FROM console_sessions c WHERE c.operator = $1 AND (c.ended_at IS NOT NULL"
    "      OR c.seen_at < clock_timestamp() - interval '1 minute')"
    "    ORDER BY c.seen_at DESC LIMIT 1) s ON true) w"};

struct since {
    char desk[40], machine[40], now[40];
    bool known;  /* the operator was here before */
    bool chosen; /* --since */
};

static enum err load_since(struct call *c, struct since *s, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    char interval[32];
    const char *since = NULL;
    if (call_since(c, interval, &since, e) || call_desk(c, e))
        return e->kind;
    params_text(&p, operator_name());
    params_text(&p, since);
    if (db_query(c->desk->db, &last_here, &p, &r, e))
        return e->kind;
    copy_text(s->desk, sizeof s->desk, rows_text(&r, 0, 0));
    copy_text(s->machine, sizeof s->machine, rows_text(&r, 0, 1));
    copy_text(s->now, sizeof s->now, rows_text(&r, 0, 2));
    s->known = rows_bool(&r, 0, 3);
    s->chosen = since != NULL;
    rows_release(&r);
    return OK;
}

/* ---- what happened */

/* One row of sums; $1 desk time, $2 machine time, $3 the operator. */
static const struct statement sums = {
    "away sums",
    "SELECT t.*, v.*, m.*, x.*, a.*, w.*, q.* FROM"
    " (SELECT count(*) AS closed, count(*) FILTER (WHERE pnl_dollars > 0) AS won,"
    "    COALESCE(trim_scale(sum(pnl_dollars)), 0) AS pnl, avg(r_multiple) AS mean_r"
    "  FROM trade_outcomes WHERE closed_at > $1::timestamptz) t,"
    " (SELECT count(*) AS evaluations, count(*) FILTER (WHERE decision = 'BUY') AS buys,"
    "    count(*) FILTER (WHERE decision = 'SELL') AS sells,"
    "    count(*) FILTER (WHERE decision = 'HOLD') AS holds,"
    "    count(*) FILTER (WHERE state = 'FAILED') AS failed,"
    "    count(*) FILTER (WHERE degraded) AS degraded,"
    "    count(*) FILTER (WHERE order_result = 'ordered') AS ordered"
    "  FROM evaluations WHERE created_at > $1::timestamptz) v,"
    " (SELECT count(*) FILTER (WHERE model IS NOT NULL) AS calls,"
    "    COALESCE(trim_scale(sum(cost_usd)), 0) AS cost,"
    "    count(*) FILTER (WHERE status IN ('FAILED', 'PRESUMED')) AS failed_calls"
    "  FROM agent_interactions WHERE created_at > $1::timestamptz) m,"
    " (SELECT count(*) AS failed_jobs FROM jobs WHERE state = 'dead'"
    "    AND finished_at > $2::timestamptz) x,"
    " (SELECT count(*) AS alerts, count(*) FILTER (WHERE severity IN ('W', 'C')) AS grave"
    "  FROM alerts WHERE raised_at > $1::timestamptz) a,"
    " (SELECT count(*) FILTER (WHERE status = 'PENDING') AS pending,"
    "    count(*) FILTER (WHERE status = 'APPROVED') AS held,"
    "    (SELECT count(*) FROM alerts WHERE cleared_at IS NULL AND acked_at IS NULL) AS unseen,"
    "    (SELECT count(*) FROM positions WHERE closed_at IS NULL) AS open,"
    "    (SELECT count(*) FROM positions WHERE opened_at > $1::timestamptz AND quantity > 0)"
    "      AS opened,"
    "    (SELECT c.state FROM control_state c LIMIT 1) AS state,"
    "    (SELECT count(*) FROM operator_actions WHERE at > $2::timestamptz AND operator <> $3"
    "      AND operator NOT IN ('quorum', 'schedule', 'engine')) AS others"
    "  FROM strategy_adjustments) w,"
    " (SELECT trim_scale((SELECT equity_usd FROM equity_marks WHERE account_id = 1"
    "      ORDER BY session DESC LIMIT 1)) AS equity,"
    "    trim_scale((SELECT equity_usd FROM equity_marks WHERE account_id = 1"
    "      AND created_at <= $1::timestamptz ORDER BY session DESC LIMIT 1)) AS before) q"};

static const struct statement trades = {
    "away trades", "SELECT id, symbol, exit_reason, trim_scale(pnl_dollars), r_multiple"
                   " FROM trade_outcomes WHERE closed_at > $1::timestamptz"
                   " ORDER BY abs(pnl_dollars) DESC LIMIT 8"};
static const struct figure_column trade_columns[] = {
    {"trade_id", "", FIGURE_COUNT, 0},   {"symbol", "", FIGURE_TEXT, 0},
    {"exit_reason", "", FIGURE_TEXT, 0}, {"pnl_usd", "", FIGURE_PROFIT, 0},
    {"r_multiple", "", FIGURE_R, 0},
};

/* Applied, taken back and decided meanwhile; never silent when nobody decided. */
static const struct statement changes = {
    "away changes",
    "SELECT a.id, a.parameter_name, COALESCE(trim_scale(a.old_value)::text, 'off'),"
    "  COALESCE(trim_scale(a.new_value)::text, 'off'), a.status, COALESCE(a.decided_by, ''),"
    "  GREATEST(a.applied_at, a.decided_at, a.created_at) FROM strategy_adjustments a "
    "WHERE a.status IN ('AUTO_APPLIED', 'APPLIED', 'ROLLED_BACK', 'EXPIRED', 'FAILED')"
    "  AND GREATEST(a.applied_at, a.decided_at, a.rolled_back_at) > $1::timestamptz "
    "ORDER BY a.status = 'AUTO_APPLIED' DESC, a.id DESC LIMIT 8"};
static const struct figure_column change_columns[] = {
    {"adjustment_id", "", FIGURE_COUNT, 0},
    {"parameter", "", FIGURE_TEXT, 0},
    {"old", "", FIGURE_TEXT, 0},
    {"new", "", FIGURE_TEXT, 0},
    {"status", "", FIGURE_TEXT, 0},
    {"decided_by", "", FIGURE_TEXT, 0},
    {"at", "", FIGURE_WHEN, 0},
};

static const struct statement unseen_alerts = {
    "away alerts", "SELECT id, severity, rule, text, fix FROM alerts"
                   " WHERE cleared_at IS NULL AND acked_at IS NULL"
                   " ORDER BY alert_rank(severity) DESC, id DESC LIMIT 8"};
static const struct figure_column alert_columns[] = {
    {"alert_id", "", FIGURE_COUNT, 0}, {"severity", "", FIGURE_TEXT, 0},
    {"rule", "", FIGURE_TEXT, 0},      {"text", "", FIGURE_TEXT, 0},
    {"fix", "", FIGURE_TEXT, 0},
};

static const struct statement pending = {
    "away pending",
    "SELECT id, parameter_name, COALESCE(trim_scale(old_value)::text, 'off'),"
    "  COALESCE(trim_scale(new_value)::text, 'off'), round(confidence_score), risk_level,"
    "  expires_at FROM strategy_adjustments WHERE status = 'PENDING'"
    " ORDER BY expires_at, id LIMIT 8"};
static const struct figure_column pending_columns[] = {
    {"adjustment_id", "", FIGURE_COUNT, 0},
    {"parameter", "", FIGURE_TEXT, 0},
    {"old", "", FIGURE_TEXT, 0},
    {"new", "", FIGURE_TEXT, 0},
    {"confidence", "", FIGURE_COUNT, 0},
    {"risk", "", FIGURE_TEXT, 0},
    {"expires_at", "", FIGURE_WHEN, 0},
};

struct digest {
    struct since since;
    struct rows sums, trades, changes, alerts, pending;
};

static enum err ask(struct call *c, const struct statement *st, const char *since, struct rows *out,
                    struct error *e)
{
    struct params p = {0};
    if (since)
        params_text(&p, since);
    return db_query(c->desk->db, st, &p, out, e);
}

static enum err load_digest(struct call *c, struct digest *g, struct error *e)
{
    struct params p = {0};
    if (load_since(c, &g->since, e))
        return e->kind;
    params_text(&p, g->since.desk);
    params_text(&p, g->since.machine);
    params_text(&p, operator_name());
    return db_query(c->desk->db, &sums, &p, &g->sums, e) ||
                   ask(c, &trades, g->since.desk, &g->trades, e) ||
                   ask(c, &changes, g->since.desk, &g->changes, e) ||
                   ask(c, &unseen_alerts, NULL, &g->alerts, e) ||
                   ask(c, &pending, NULL, &g->pending, e)
               ? e->kind
               : OK;
}

static void digest_release(struct digest *g)
{
    rows_release(&g->sums);
    rows_release(&g->trades);
    rows_release(&g->changes);
    rows_release(&g->alerts);
    rows_release(&g->pending);
}

/* ---- text */

static long long sum(const struct digest *g, const char *name)
{
    const char *text = rows_named(&g->sums, 0, name);
    int64_t n = 0;
    if (text)
        text_to_int64(text, &n);
    return (long long)n;
}

static const char *clean(char dst[120], const struct rows *r, size_t row, size_t col)
{
    const char *text = rows_text(r, row, col);
    return sanitize_line(dst, 120, untrusted(text ? text : ""));
}

static void since_line(struct call *c, const struct digest *g)
{
    char at[48];
    stored_tell(at, g->since.desk, WHEN_MINUTE);
    out_line(c->out, "%s desk, %s: since %s%s", desk_kind_name(c->desk->kind),
             rows_named(&g->sums, 0, "state"), at,
             g->since.chosen  ? ""
             : g->since.known ? ", when you were here last"
                              : ": you were never attached, so the last day");
}

static void money_lines(struct call *c, const struct digest *g)
{
    char now[FIGURE_SIZE], gain[FIGURE_SIZE], pnl[FIGURE_SIZE], mean[FIGURE_SIZE], word[120];
    const char *equity = rows_named(&g->sums, 0, "equity"),
               *was = rows_named(&g->sums, 0, "before");
    if (equity && was)
        out_line(c->out, "equity     $%s, %s since the mark before",
                 money_text(now, micro_of(equity), false),
                 money_text(gain, micro_of(equity) - micro_of(was), true));
    else if (equity)
        out_line(c->out, "equity     $%s", money_text(now, micro_of(equity), false));
    out_line(c->out, "trades     %lld closed, %lld won, %s, mean %s R; %lld opened, %lld open",
             sum(g, "closed"), sum(g, "won"),
             money_text(pnl, micro_of(rows_named(&g->sums, 0, "pnl")), true),
             figure_text(mean, FIGURE_R, rows_named(&g->sums, 0, "mean_r")), sum(g, "opened"),
             sum(g, "open"));
    for (size_t i = 0; i < g->trades.nrows; i++)
        out_line(c->out, "           #%s %-6s %-13s %12s  %s R", rows_text(&g->trades, i, 0),
                 rows_text(&g->trades, i, 1), clean(word, &g->trades, i, 2),
                 figure_text(pnl, FIGURE_PROFIT, rows_text(&g->trades, i, 3)),
                 figure_text(mean, FIGURE_R, rows_text(&g->trades, i, 4)));
}

static void change_lines(struct call *c, const struct digest *g)
{
    char name[120], status[120], by[120];
    if (g->changes.nrows == 0)
        out_line(c->out, "changes    none");
    for (size_t i = 0; i < g->changes.nrows; i++)
        out_line(c->out, "%-10s #%s %s %s -> %s  %s%s%s", i ? "" : "changes",
                 rows_text(&g->changes, i, 0), clean(name, &g->changes, i, 1),
                 rows_text(&g->changes, i, 2), rows_text(&g->changes, i, 3),
                 clean(status, &g->changes, i, 4), *clean(by, &g->changes, i, 5) ? " by " : "", by);
}

static void waiting_lines(struct call *c, const struct digest *g)
{
    char name[120], text[120], rule[120];
    if (g->pending.nrows == 0 && g->alerts.nrows == 0)
        out_line(c->out, "waits      nothing");
    for (size_t i = 0; i < g->pending.nrows; i++)
        out_line(c->out, "%-10s #%s %s %s -> %s  %s%% %s  (quorum adjustment %s)", i ? "" : "waits",
                 rows_text(&g->pending, i, 0), clean(name, &g->pending, i, 1),
                 rows_text(&g->pending, i, 2), rows_text(&g->pending, i, 3),
                 rows_text(&g->pending, i, 4), rows_text(&g->pending, i, 5),
                 rows_text(&g->pending, i, 0));
    for (size_t i = 0; i < g->alerts.nrows; i++)
        out_line(c->out, "%-10s alert #%s %s %s: %s", i || g->pending.nrows ? "" : "waits",
                 rows_text(&g->alerts, i, 0), rows_text(&g->alerts, i, 1),
                 clean(rule, &g->alerts, i, 2), clean(text, &g->alerts, i, 3));
}

static void digest_text(struct call *c, const struct digest *g)
{
    char cost[32];
    since_line(c, g);
    money_lines(c, g);
    out_line(c->out,
             "decisions  %lld evaluations: %lld BUY (%lld ordered), %lld SELL, %lld HOLD; %lld "
             "degraded",
             sum(g, "evaluations"), sum(g, "buys"), sum(g, "ordered"), sum(g, "sells"),
             sum(g, "holds"), sum(g, "degraded"));
    change_lines(c, g);
    out_line(c->out, "alerts     %lld raised, %lld of them grave; %lld not seen", sum(g, "alerts"),
             sum(g, "grave"), sum(g, "unseen"));
    out_line(c->out, "spend      %s in %lld calls%s",
             cost_text(cost, rows_named(&g->sums, 0, "cost")), sum(g, "calls"),
             c->desk->kind == DESK_DEMO ? " (simulated)" : "");
    out_line(c->out, "errors     %lld evaluations, %lld calls, %lld jobs failed", sum(g, "failed"),
             sum(g, "failed_calls"), sum(g, "failed_jobs"));
    if (sum(g, "others"))
        out_line(c->out, "others     %lld acts of other operators (quorum actions)",
                 sum(g, "others"));
    waiting_lines(c, g);
}

/* ---- JSON */

static void json_counts(struct json *j, const char *key, const struct digest *g,
                        const char *const *name)
{
    json_open(j, key, '{');
    for (; *name; name++)
        json_int(j, *name, sum(g, *name));
    json_close(j, '}');
}

static void json_when(struct json *j, const char *key, const char *stored)
{
    char at[33];
    int64_t t;
    json_str(j, key, time_parse(stored, &t) ? time_print_iso(at, t) : NULL);
}

static void digest_json(struct call *c, const struct digest *g)
{
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_str(&j, "desk", desk_kind_name(c->desk->kind));
    json_str(&j, "state", rows_named(&g->sums, 0, "state"));
    json_when(&j, "since", g->since.desk);
    json_when(&j, "now", g->since.now);
    json_flag(&j, "was_attached", g->since.known);
    json_str(&j, "equity_usd", rows_named(&g->sums, 0, "equity"));
    json_str(&j, "equity_before_usd", rows_named(&g->sums, 0, "before"));
    json_str(&j, "pnl_usd", rows_named(&g->sums, 0, "pnl"));
    json_counts(
        &j, "counts", g,
        (const char *const[]){"closed",  "won",   "opened", "open",         "evaluations", "buys",
                              "ordered", "sells", "holds",  "degraded",     "alerts",      "grave",
                              "unseen",  "calls", "failed", "failed_calls", "failed_jobs", "others",
                              "pending", "held",  NULL});
    json_str(&j, "cost_usd", rows_named(&g->sums, 0, "cost"));
    figures_json(&j, "trades", trade_columns, ARRAY_LEN(trade_columns), &g->trades);
    figures_json(&j, "changes", change_columns, ARRAY_LEN(change_columns), &g->changes);
    figures_json(&j, "pending", pending_columns, ARRAY_LEN(pending_columns), &g->pending);
    figures_json(&j, "alerts_unseen", alert_columns, ARRAY_LEN(alert_columns), &g->alerts);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static enum err run_away(struct call *c, struct error *e)
{
    struct digest g = {0};
    enum err result = load_digest(c, &g, e);
    if (!result && c->out->format == OUTPUT_TEXT)
        digest_text(c, &g);
    else if (!result)
        digest_json(c, &g);
    digest_release(&g);
    return result;
}

static enum err check_away(const struct call *c, struct error *e)
{
    char interval[32];
    const char *since;
    return call_since(c, interval, &since, e);
}

static const struct option_row away_options[] = {
    {"since", "DUR", "90m, 15h, 2d of desk time; default: since you were attached last"},
    {NULL, NULL, NULL},
};

const struct command away_commands[] = {
    {.name = "away",
     .group = "Looking",
     .usage = "",
     .help = "what happened since you were here last, and what waits for you",
     .details = "Trades, result, decisions, changes (also those that applied themselves), alerts,\n"
                "model spend, errors, what waits. --json for a morning mail.",
     .options = away_options,
     .no_csv = true,
     .check = check_away,
     .run = run_away},
    {.name = NULL},
};
