/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One learning cycle: what was looked at, what was found and how sure it is, what became of it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/command/figures.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_PATTERNS, PART_PROPOSALS };

/* SQL reads by its clauses. clang-format would not. */
/* clang-format off */

const struct statement cycle_head = {
    "detail cycle",
    "SELECT c.id, c.trigger, c.requested_by, c.state, NULLIF(c.reason, '') AS reason, c.trades, c.cases, c.patterns, c.tested,"
    "  c.confirmed, c.proposals, c.queued, c.applied, c.rejected, c.cost_usd, c.degraded,"
    "  NULLIF(c.degraded_reason, '') AS degraded_reason, c.candidates, c.considered, c.compared,"
    "  c.bad_answers, c.thinned, c.lookback_days, to_char(c.started_at AT TIME ZONE z.tz,"
    "    'YYYY-MM-DD HH24:MI') AS started, to_char(c.finished_at AT TIME ZONE z.tz,"
    "    'YYYY-MM-DD HH24:MI') AS finished,"
    "  (SELECT max(o.id) FROM learning_cycles o WHERE o.id < c.id) AS older,"
    "  (SELECT min(o.id) FROM learning_cycles o WHERE o.id > c.id) AS newer "
    "FROM " DETAIL_TZ " CROSS JOIN learning_cycles c WHERE c.id = " DETAIL_ID};

/* What is sure first, then what differs most; what was not tested last. */
const struct statement cycle_patterns = {
    "detail cycle patterns",
    "SELECT p.condition, p.title, p.status, p.n_in, p.n_out, 100 * p.rate_in AS rate_in,"
    "  100 * p.rate_lo AS rate_lo, 100 * p.rate_hi AS rate_hi, p.mean_r_in, p.mean_r_out,"
    "  p.r_lo, p.r_hi, p.p, p.q, p.why, COALESCE(NULLIF(p.headline, ''), NULLIF(p.quote, '')) AS quote,"
    "  count(*) FILTER (WHERE p.status = 'untested') OVER () AS untested "
    "FROM learning_patterns p WHERE p.cycle_id = " DETAIL_ID " "
    "ORDER BY array_position(ARRAY['confirmed', 'candidate', 'exploratory', 'untested'],"
    "    lower(p.status)) NULLS LAST, p.q NULLS LAST, p.p NULLS LAST, p.condition LIMIT 80"};

const struct statement cycle_proposals = {
    "detail cycle proposals",
    "SELECT a.id, a.parameter_name, " DETAIL_VALUE("a.old_value") " AS old_value, " DETAIL_VALUE("a.new_value") " AS new_value,"
    "  a.confidence_score AS confidence, a.risk_level, a.priority, a.status,"
    "  a.evidence->>'verdict' AS verdict, COALESCE(NULLIF(a.gate_reason, ''), a.decision_reason) AS why "
    "FROM strategy_adjustments a WHERE a.cycle_id = " DETAIL_ID " ORDER BY a.id LIMIT 40"};

/* clang-format on */

static const char *count_of(const struct page *g, const char *column)
{
    return page_fact(g, column) ? page_fact(g, column) : "0";
}

static void head_lines(struct page *g)
{
    char cost[FIGURE_SIZE];
    const char *reason = page_fact(g, "reason");
    page_label(g, "RUN");
    page_say(g, TOKEN_FG, "%s", page_fact(g, "started"));
    page_say(g, TOKEN_FG, "asked by %s",
             page_is(g, "trigger", "schedule") ? "the schedule" : page_fact(g, "requested_by"));
    if (page_is(g, "state", "DONE"))
        page_say(g, TOKEN_FG, "done");
    else
        page_say(g, TOKEN_SEV_WARN, "%s%s%s", page_fact(g, "state"), reason && *reason ? ": " : "",
                 reason ? reason : "");
    page_label(g, "LOOKED AT");
    page_say(g, TOKEN_FG, "%s trades, %s cases with shadow outcomes", count_of(g, "trades"),
             count_of(g, "cases"));
    if (page_fact(g, "lookback_days"))
        page_say(g, TOKEN_FG, "of %s days", page_fact(g, "lookback_days"));
    page_say(g, TOKEN_FG, "%s decisions replayed", count_of(g, "candidates"));
    page_label(g, "FOUND");
    page_say(g, TOKEN_FG, "%s patterns of %s tested, %s confirmed", count_of(g, "patterns"),
             count_of(g, "tested"), count_of(g, "confirmed"));
    page_say(g, TOKEN_FG, "%s changes compared (%s ever)", count_of(g, "considered"),
             count_of(g, "compared"));
    page_label(g, "PROPOSED");
    page_say(g, TOKEN_FG, "%s: %s applied, %s to review, %s rejected", count_of(g, "proposals"),
             count_of(g, "applied"), count_of(g, "queued"), count_of(g, "rejected"));
    if (page_number(g, "bad_answers") > 0)
        page_say(g, TOKEN_SEV_WARN, "answers of models that could not be used: %s",
                 page_fact(g, "bad_answers"));
    page_label(g, "COST");
    page_say(g, TOKEN_FG, "$%s", figure_text(cost, FIGURE_COST, page_fact(g, "cost_usd")));
    if (page_flag(g, "degraded"))
        page_say(g, TOKEN_SEV_WARN, "worded by code: %s",
                 page_fact(g, "degraded_reason") ? page_fact(g, "degraded_reason") : "no model");
}

static const char *range_text(char dst[PAGE_CELL], const char *low, const char *high, int places)
{
    double a, b;
    if (!low || !high || !text_to_double(low, &a) || !text_to_double(high, &b))
        return NULL;
    snprintf(dst, PAGE_CELL, places ? "[%+.*f, %+.*f]" : "%.*f-%.*f", places,
             round_half_away(a, places), places, round_half_away(b, places));
    return dst;
}

static uint16_t style_of_pattern(const char *status)
{
    if (status && strcasecmp(status, "confirmed") == 0)
        return TOKEN_PNL_UP;
    return status && strcasecmp(status, "candidate") == 0 ? TOKEN_SEV_WARN : TOKEN_DIM;
}

static bool is_told(const struct rows *r, size_t i)
{
    const char *status = rows_named(r, i, "status");
    return !status || strcasecmp(status, "untested") != 0;
}

static void pattern_row(struct page *g, const struct rows *r, size_t i,
                        const struct page_column *columns, size_t n)
{
    char won[FIGURE_SIZE], wide[PAGE_CELL], in[FIGURE_SIZE], out[FIGURE_SIZE], r95[PAGE_CELL];
    char q[32] = "-";
    double x;
    const char *status = rows_named(r, i, "status"), *mean = rows_named(r, i, "mean_r_in");
    if (rows_named(r, i, "q") && text_to_double(rows_named(r, i, "q"), &x))
        snprintf(q, sizeof q, "%.2f", round_half_away(x, 2));
    const struct page_cell cells[] = {
        {rows_named(r, i, "title"), TOKEN_FG},
        {status, style_of_pattern(status)},
        {rows_named(r, i, "n_in"), TOKEN_FG},
        {figure_text(won, FIGURE_RATE, rows_named(r, i, "rate_in")), TOKEN_FG},
        {range_text(wide, rows_named(r, i, "rate_lo"), rows_named(r, i, "rate_hi"), 0), TOKEN_DIM},
        {figure_text(in, FIGURE_R, mean), style_of_sign(mean)},
        {range_text(r95, rows_named(r, i, "r_lo"), rows_named(r, i, "r_hi"), 2), TOKEN_DIM},
        {figure_text(out, FIGURE_R, rows_named(r, i, "mean_r_out")), TOKEN_FG},
        {q, TOKEN_FG},
        {rows_named(r, i, "why"), TOKEN_DIM},
    };
    page_cells(g, columns, n, cells, false);
    if (rows_named(r, i, "quote"))
        page_quote(g, rows_named(r, i, "quote"), 2);
}

static void patterns_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"PATTERN", 27, false, 0}, {"STATUS", 11, false, 0}, {"N", 4, true, 0},
        {"WON", 5, true, 0},       {"95 %", 6, false, 60},   {"R IN", 6, true, 50},
        {"95 %", 14, false, 72},   {"R OUT", 6, true, 90},   {"Q", 5, true, 100},
        {"WHY", 0, false, 112}};
    const struct rows *r = page_rows(g, PART_PATTERNS);
    size_t told = 0;
    page_heading(g, "INSIGHTS", "a candidate is a question, only confirmed is an answer");
    for (size_t i = 0; i < r->nrows; i++) {
        if (!is_told(r, i))
            continue;
        if (told++ == 0)
            page_header(g, columns, ARRAY_LEN(columns));
        pattern_row(g, r, i, columns, ARRAY_LEN(columns));
    }
    if (told == 0)
        page_text(g, TOKEN_DIM,
                  page_came(g, PART_PATTERNS) ? "none: too few cases to test anything" : "loading",
                  0);
    if (r->nrows > told)
        page_text(g, TOKEN_DIM, "the other conditions had too few cases to be tested", 0);
}

static void proposals_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"ID", 5, false, 0},      {"PARAMETER", 16, false, 0}, {"OLD", 7, true, 50},
        {"NEW", 7, true, 0},      {"CONF", 4, true, 0},        {"RISK", 6, false, 60},
        {"STATUS", 12, false, 0}, {"EFFECT", 12, false, 72},   {"WHY", 0, false, 90}};
    const struct rows *r = page_rows(g, PART_PROPOSALS);
    page_heading(g, "PROPOSALS", "Enter opens one");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM, page_came(g, PART_PROPOSALS) ? "none" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], conf[FIGURE_SIZE];
        const char *risk = rows_named(r, i, "risk_level");
        snprintf(id, sizeof id, "#%.20s", rows_named(r, i, "id"));
        const struct page_cell cells[] = {
            {id, TOKEN_FG},
            {rows_named(r, i, "parameter_name"), TOKEN_FG},
            {rows_named(r, i, "old_value"), TOKEN_FG},
            {rows_named(r, i, "new_value"), TOKEN_FG},
            {figure_text(conf, FIGURE_RATE, rows_named(r, i, "confidence")), TOKEN_FG},
            {risk, style_of_risk(risk)},
            {rows_named(r, i, "status"), TOKEN_FG},
            {rows_named(r, i, "verdict"), TOKEN_FG},
            {rows_named(r, i, "why"), TOKEN_DIM},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

static void body(struct page *g)
{
    struct detail_view *v = g->view;
    if (!page_ready(g, "cycle", "all: panel 8, or :learning"))
        return;
    snprintf(v->title, sizeof v->title, "%.12s %.20s", page_fact(g, "state"),
             page_fact(g, "finished") ? page_fact(g, "finished") : page_fact(g, "started"));
    sanitize_line(v->title, sizeof v->title, untrusted(v->title));
    head_lines(g);
    patterns_table(g);
    proposals_table(g);
}

int draw_cycle(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, body);
}

void cycle_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX])
{
    const struct rows *r = &s->detail[PART_PROPOSALS].rows;
    out[0] = '\0';
    if (v->item >= 0 && (size_t)v->item < r->nrows)
        snprintf(out, OBJECT_MAX, "adjustment %.30s", rows_named(r, (size_t)v->item, "id"));
}
