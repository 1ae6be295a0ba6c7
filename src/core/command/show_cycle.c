/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One learning cycle: what it looked at, what it found, what it compared, what became of it. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/text.h"

static const struct statement head = {
    "cycle",
    "SELECT id, state, reason, trigger, requested_by, strategy, started_at, finished_at,"
    "  lookback_days, trades, cases, thinned, round(100 * win_rate::numeric, 1) AS won_pct,"
    "  tested, patterns, confirmed, candidates, considered, compared, proposals, queued,"
    "  applied, rejected, bad_answers, trim_scale(CASE state WHEN 'RUNNING'"
    "    THEN learning_cost(id) ELSE GREATEST(cost_usd, learning_cost(id)) END) AS cost_usd,"
    "  degraded, degraded_reason "
    "FROM learning_cycles WHERE id = COALESCE($1::bigint, (SELECT max(id)"
    "  FROM learning_cycles))"};
static const struct figure_column head_columns[] = {
    {"cycle", "", FIGURE_COUNT, 0},          {"state", "", FIGURE_TEXT, 0},
    {"reason", "", FIGURE_TEXT, 0},          {"trigger", "", FIGURE_TEXT, 0},
    {"requested_by", "", FIGURE_TEXT, 0},    {"strategy", "", FIGURE_TEXT, 0},
    {"started_at", "", FIGURE_WHEN, 0},      {"finished_at", "", FIGURE_WHEN, 0},
    {"lookback_days", "", FIGURE_COUNT, 0},  {"trades", "", FIGURE_COUNT, 0},
    {"cases", "", FIGURE_COUNT, 0},          {"overlapping", "", FIGURE_COUNT, 0},
    {"won_pct", "", FIGURE_RATE, 0},         {"tested", "", FIGURE_COUNT, 0},
    {"patterns", "", FIGURE_COUNT, 0},       {"confirmed", "", FIGURE_COUNT, 0},
    {"candidates", "", FIGURE_COUNT, 0},     {"considered", "", FIGURE_COUNT, 0},
    {"ever_compared", "", FIGURE_COUNT, 0},  {"proposals", "", FIGURE_COUNT, 0},
    {"queued", "", FIGURE_COUNT, 0},         {"applied", "", FIGURE_COUNT, 0},
    {"rejected", "", FIGURE_COUNT, 0},       {"bad_answers", "", FIGURE_COUNT, 0},
    {"cost_usd", "", FIGURE_COST, 0},        {"degraded", "", FIGURE_FLAG, 0},
    {"degraded_reason", "", FIGURE_TEXT, 0},
};

/* People see what was found and the nearest misses; programs see every condition. */
static const struct statement patterns = {
    "cycle patterns",
    "SELECT condition, title, status, n_in, round(100 * rate_in::numeric),"
    "  CASE WHEN n_in > 0 THEN round(100 * rate_lo::numeric) || '-' || round(100 *"
    "    rate_hi::numeric) END, mean_r_in, n_out, round(100 * rate_out::numeric), mean_r_out,"
    "  p, q, why, headline, quote, confirmation::text, trade_ids::text "
    "FROM learning_patterns WHERE cycle_id = $1::bigint ORDER BY"
    "  array_position(ARRAY['confirmed', 'candidate', 'exploratory', 'untested'], status), p,"
    "  condition LIMIT $2::int"};
static const struct figure_column pattern_columns[] = {
    {"condition", "", FIGURE_TEXT, WIDTH_NEVER},
    {"title", "PATTERN", FIGURE_TEXT, 0},
    {"status", "STATUS", FIGURE_TEXT, 0},
    {"n_in", "IN", FIGURE_COUNT, 0},
    {"won_in_pct", "WON", FIGURE_RATE, 0},
    {"won_in_95", "95 %", FIGURE_TEXT, 100},
    {"mean_r_in", "MEAN R", FIGURE_R, 0},
    {"n_out", "OUT", FIGURE_COUNT, 0},
    {"won_out_pct", "WON", FIGURE_RATE, 0},
    {"mean_r_out", "MEAN R", FIGURE_R, 100},
    {"p", "P", FIGURE_TEXT, WIDTH_NEVER},
    {"q", "Q", FIGURE_NUMBER, 0},
    {"why", "WHY", FIGURE_TEXT, 140},
    {"headline", "", FIGURE_TEXT, WIDTH_NEVER},
    {"quote", "", FIGURE_TEXT, WIDTH_NEVER},
};
enum { COL_CONFIRMATION = ARRAY_LEN(pattern_columns), COL_TRADE_IDS };

static const struct statement trials = {
    "cycle trials",
    "SELECT t.parameter, review_value(t.old_value), review_value(t.new_value), t.delta, t.delta_lo,"
    "  t.delta_hi, t.n, t.changed, round(t.confidence::numeric, 1), NULLIF(t.verdict, ''), a.id,"
    "  a.status, NULLIF(t.reason, '') "
    "FROM learning_trials t LEFT JOIN LATERAL (SELECT s.id, s.status FROM strategy_adjustments s"
    "  WHERE s.cycle_id = t.cycle_id AND s.parameter_name = t.parameter AND s.reverts IS NULL"
    "    AND s.new_value IS NOT DISTINCT FROM t.new_value ORDER BY s.id DESC LIMIT 1) a ON true "
    "WHERE t.cycle_id = $1::bigint AND ($2::bool OR t.verdict <> '') "
    "ORDER BY t.verdict = '', t.confidence DESC NULLS LAST, t.parameter, t.new_value"};
static const struct figure_column trial_columns[] = {
    {"parameter", "CHANGE", FIGURE_TEXT, 0},
    {"old_value", "OLD", FIGURE_TEXT, 0},
    {"new_value", "NEW", FIGURE_TEXT, 0},
    {"effect", "EFFECT R", FIGURE_R, 0},
    {"low_95", "LOW", FIGURE_R, 100},
    {"high_95", "HIGH", FIGURE_R, 100},
    {"n", "N", FIGURE_COUNT, 0},
    {"changed", "CHANGED", FIGURE_COUNT, 100},
    {"confidence", "CONF", FIGURE_RATE, 0},
    {"verdict", "GATE", FIGURE_TEXT, 0},
    {"adjustment", "#", FIGURE_COUNT, 0},
    {"status", "STATUS", FIGURE_TEXT, 0},
    {"reason", "WHY", FIGURE_TEXT, 130},
};

enum { NEAREST = 8, ALL_PATTERNS = 1000 };

struct cycle_page {
    struct rows head, patterns, trials;
};

static void page_release(struct cycle_page *g)
{
    rows_release(&g->head);
    rows_release(&g->patterns);
    rows_release(&g->trials);
}

static enum err page_load(struct call *c, const int64_t *id, bool all, struct cycle_page *g,
                          struct error *e)
{
    struct params p = {0};
    if (id)
        params_int(&p, *id);
    else
        params_text(&p, NULL);
    if (db_query(c->desk->db, &head, &p, &g->head, e))
        return e->kind;
    if (g->head.nrows == 0) {
        if (id)
            err_set(e, ERR_USAGE, "there is no cycle #%lld", (long long)*id);
        else
            err_set(e, ERR_USAGE, "no cycle has run yet");
        return err_fix(e, id ? "quorum learning lists them" : "quorum learn runs one");
    }
    params_int(&p, rows_int(&g->head, 0, 0));
    params_int(&p, all ? ALL_PATTERNS : NEAREST);
    if (db_query(c->desk->db, &patterns, &p, &g->patterns, e))
        return e->kind;
    params_int(&p, rows_int(&g->head, 0, 0));
    params_bool(&p, all);
    return db_query(c->desk->db, &trials, &p, &g->trials, e);
}

/* What is JSON in the database stays so. */
static void patterns_json(struct json *j, const struct rows *r)
{
    json_open(j, "patterns_tested", '[');
    for (size_t i = 0; i < r->nrows; i++) {
        json_open(j, NULL, '{');
        figures_json_row(j, pattern_columns, ARRAY_LEN(pattern_columns), r, i);
        json_raw(j, "confirmation", rows_text(r, i, COL_CONFIRMATION));
        json_raw(j, "trade_ids", rows_text(r, i, COL_TRADE_IDS));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void page_json(struct call *c, const struct cycle_page *g)
{
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    figures_json_row(&j, head_columns, ARRAY_LEN(head_columns), &g->head, 0);
    patterns_json(&j, &g->patterns);
    figures_json(&j, "changes_compared", trial_columns, ARRAY_LEN(trial_columns), &g->trials);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static const char *cell(const struct cycle_page *g, const char *name)
{
    const char *text = rows_named(&g->head, 0, name);
    return text ? text : "-";
}

static void head_text(struct call *c, const struct cycle_page *g)
{
    char when[FIGURE_SIZE], cost[FIGURE_SIZE], reason[300], won[FIGURE_SIZE];
    struct output *o = c->out;
    sanitize_line(reason, sizeof reason, untrusted(cell(g, "reason")));
    out_line(o, "CYCLE #%s  %s%s%s  %s  by %s  $%s", cell(g, "id"), cell(g, "state"),
             *reason ? ": " : "", reason,
             figure_text(when, FIGURE_WHEN, rows_named(&g->head, 0, "started_at")),
             cell(g, "trigger"), figure_text(cost, FIGURE_COST, cell(g, "cost_usd")));
    if (strcmp(cell(g, "state"), "REFUSED") == 0)
        return;
    out_line(o,
             "%s trades closed in %s days; with entries not taken %s cases (%s that overlap left "
             "out), %s won",
             cell(g, "trades"), cell(g, "lookback_days"), cell(g, "cases"), cell(g, "thinned"),
             figure_text(won, FIGURE_RATE, rows_named(&g->head, 0, "won_pct")));
    out_line(o, "%s conditions tested: %s found, %s of them confirmed on later cases",
             cell(g, "tested"), cell(g, "patterns"), cell(g, "confirmed"));
    out_line(o,
             "%s changes compared on %s past decisions (%s different ones ever): %s proposed, %s "
             "queued, %s applied, %s rejected",
             cell(g, "considered"), cell(g, "candidates"), cell(g, "compared"),
             cell(g, "proposals"), cell(g, "queued"), cell(g, "applied"), cell(g, "rejected"));
    if (rows_int(&g->head, 0, 23) > 0)
        out_line(o, "answers of models that were not used: %s", cell(g, "bad_answers"));
    if (strcmp(cell(g, "degraded"), "t") == 0) {
        sanitize_line(reason, sizeof reason, untrusted(cell(g, "degraded_reason")));
        out_line(o, "DEGRADED: %s", reason);
    }
}

/* A model's words stand in quotes. */
static void quotes_text(struct call *c, const struct cycle_page *g)
{
    char headline[120], quote[420];
    for (size_t i = 0; i < g->patterns.nrows; i++) {
        const char *first = rows_text(&g->patterns, i, 13), *more = rows_text(&g->patterns, i, 14);
        if (!first || !*first)
            continue;
        sanitize_line(headline, sizeof headline, untrusted(first));
        sanitize_line(quote, sizeof quote, untrusted(more ? more : ""));
        out_line(c->out, "learning on \"%s\": \"%s: %s\"", rows_text(&g->patterns, i, 1), headline,
                 quote);
    }
}

static void page_text(struct call *c, const struct cycle_page *g)
{
    struct figures f;
    head_text(c, g);
    if (g->patterns.nrows) {
        out_line(c->out, "%s", "");
        figures_begin(&f, c->out, pattern_columns, ARRAY_LEN(pattern_columns));
        for (size_t i = 0; i < g->patterns.nrows; i++)
            figures_row(&f, (const char *const *)g->patterns.cell + i * g->patterns.ncols, 0, NULL);
        figures_end(&f, "");
        quotes_text(c, g);
    }
    if (g->trials.nrows) {
        out_line(c->out, "%s", "");
        figures_begin(&f, c->out, trial_columns, ARRAY_LEN(trial_columns));
        figures_rows(&f, &g->trials);
        figures_end(&f, "");
    }
}

enum err cycle_show(struct call *c, const int64_t *id, bool all, struct error *e)
{
    struct cycle_page g = {0};
    bool json = c->out->format == OUTPUT_JSON;
    enum err result = page_load(c, id, all || json, &g, e);
    if (!result && json)
        page_json(c, &g);
    else if (!result)
        page_text(c, &g);
    page_release(&g);
    return result;
}
