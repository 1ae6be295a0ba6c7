/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One proposed change of a parameter: what code measured stands above what a model said. */
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_EVIDENCE, PART_HISTORY, PART_TRADES };

#define WAITS "('PENDING', 'DEFERRED')"
const struct statement adjustment_head = {
    "detail adjustment",
    "SELECT a.id, a.parameter_name AS name, trim_scale(a.old_value) AS old_value,"
    "  trim_scale(a.new_value) AS new_value, a.confidence_score AS confidence, a.status,"
    "  a.reasoning, to_char(a.created_at AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI:SS') AS created,"
    "  extract(epoch FROM a.created_at)::bigint AS created_epoch, a.risk_level, a.priority,"
    "  a.decided_by, to_char(a.decided_at AT TIME ZONE z.tz,"
    "  'YYYY-MM-DD HH24:MI:SS') AS decided, a.decision_reason,"
    "  to_char(a.applied_at AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI:SS') AS applied,"
    "  extract(epoch FROM a.expires_at)::bigint    AS expires_epoch,"
    "  COALESCE((SELECT value FROM desk_setting WHERE name = 'SELF_LEARNING_AUTO_APPLY_THRESHOLD'"
    "    ORDER BY id DESC LIMIT 1), '80') AS threshold,"
    "  a.evidence->>'by' AS proposed_by, a.evidence->>'cycle' AS cycle,"
    "  a.evidence->>'expected' AS expected, a.evidence->>'verdict' AS verdict,"
    "  a.evidence->>'not_auto' AS not_auto, a.evidence->>'baseline' AS baseline,"
    "  a.evidence->>'bounds' AS bounds,"
    "  (SELECT string_agg(w, '; ') FROM jsonb_array_elements_text(CASE"
    "    jsonb_typeof(a.evidence->'warnings') WHEN 'array' THEN a.evidence->'warnings'"
    "    ELSE '[]' END) w) AS warnings,"
    "  (SELECT string_agg('#' || o.id, ' ' ORDER BY o.id) FROM strategy_adjustments o"
    "    WHERE o.parameter_name = a.parameter_name AND o.id <> a.id AND o.status IN " WAITS ")"
    "    AS conflicts,"
    "  (SELECT trim_scale(v.value) FROM parameter_versions v WHERE v.name = a.parameter_name"
    "    ORDER BY v.id DESC LIMIT 1) AS in_force,"
    "  (SELECT count(*) FROM positions WHERE closed_at IS NULL) AS open_positions,"
    "  (SELECT max(o.id) FROM strategy_adjustments o WHERE o.id < a.id"
    "    AND (o.status IN " WAITS " OR a.status NOT IN " WAITS ")) AS older,"
    "  (SELECT min(o.id) FROM strategy_adjustments o WHERE o.id > a.id"
    "    AND (o.status IN " WAITS " OR a.status NOT IN " WAITS ")) AS newer "
    "FROM " DETAIL_TZ " CROSS JOIN strategy_adjustments a WHERE a.id = " DETAIL_ID};

/* By keys, less what the lines above the list say. */
const struct statement adjustment_evidence = {
    "detail adjustment evidence",
    "SELECT j.key, left(CASE jsonb_typeof(j.value) WHEN 'string' THEN j.value #>> '{}'"
    "  ELSE j.value::text END, 2000) AS value "
    "FROM strategy_adjustments a, jsonb_each(CASE jsonb_typeof(a.evidence) WHEN 'object'"
    "  THEN a.evidence ELSE '{}' END) j "
    "WHERE a.id = " DETAIL_ID " AND j.key NOT IN ('by', 'cycle', 'expected', 'verdict',"
    "  'not_auto', 'baseline', 'bounds', 'warnings', 'trade_ids') ORDER BY j.key LIMIT 100"};

const struct statement adjustment_history = {
    "detail adjustment history",
    "SELECT to_char(h.created_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS at,"
    "  trim_scale(h.before) AS old_value,"
    "  trim_scale(h.value) AS new_value, h.set_by, h.adjustment_id "
    "FROM " DETAIL_TZ
    " CROSS JOIN (SELECT v.*, lag(v.value) OVER (ORDER BY v.id) AS before FROM parameter_versions v"
    "  JOIN strategy_adjustments a ON a.parameter_name = v.name AND a.id = " DETAIL_ID ") h "
    "ORDER BY h.id DESC LIMIT 20"};

const struct statement adjustment_others = {
    "detail adjustment trades",
    "SELECT t.id, t.symbol, to_char(t.closed_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS closed,"
    "  trim_scale(t.pnl_dollars) AS pnl_usd, t.pnl_pct, t.exit_reason "
    "FROM " DETAIL_TZ " CROSS JOIN strategy_adjustments a, jsonb_array_elements_text(CASE"
    "  jsonb_typeof(a.evidence->'trade_ids') WHEN 'array' THEN a.evidence->'trade_ids'"
    "  ELSE '[]' END) j JOIN trade_outcomes t"
    "  ON t.id = CASE WHEN j ~ '^[0-9]{1,18}$' THEN j::bigint END "
    "WHERE a.id = " DETAIL_ID " ORDER BY t.id LIMIT 400"};

static bool waits(const struct page *g)
{
    return page_is(g, "status", "PENDING") || page_is(g, "status", "DEFERRED");
}

static double number_of(const char *text)
{
    double v = 0;
    return text && text_to_double(text, &v) ? v : 0;
}

static void change_lines(struct page *g)
{
    double old = number_of(page_fact(g, "old_value")), new = number_of(page_fact(g, "new_value"));
    page_label(g, "CHANGE");
    page_say(g, TOKEN_FG | STYLE_BOLD, "%s", page_fact(g, "name"));
    page_say(g, TOKEN_FG | STYLE_BOLD, "%s -> %s", page_fact(g, "old_value"),
             page_fact(g, "new_value"));
    if (old != 0.0)
        page_say(g, TOKEN_FG, "(%+.4g, %+.0f%%)", new - old,
                 round_half_away(100 * (new / old - 1), 0));
    page_say(g, page_fact(g, "bounds") ? TOKEN_FG : TOKEN_DIM, "bounds %s",
             page_fact(g, "bounds") ? page_fact(g, "bounds") : "not recorded");
    page_say(g, page_fact(g, "baseline") ? TOKEN_FG : TOKEN_DIM, "baseline %s",
             page_fact(g, "baseline") ? page_fact(g, "baseline") : "not recorded");
    if (page_fact(g, "in_force") &&
        micro_of(page_fact(g, "in_force")) != micro_of(page_fact(g, "old_value")))
        page_say(g, TOKEN_SEV_WARN, "in force now: %s", page_fact(g, "in_force"));
}

static void judgement_lines(struct page *g)
{
    char conf[FIGURE_SIZE];
    const char *risk = page_fact(g, "risk_level"), *priority = page_fact(g, "priority");
    double confidence = number_of(page_fact(g, "confidence"));
    double threshold = number_of(page_fact(g, "threshold"));
    page_label(g, "CONF");
    page_say(g, TOKEN_FG, "%s (auto needs %s)",
             figure_text(conf, FIGURE_RATE, page_fact(g, "confidence")), page_fact(g, "threshold"));
    page_say(g, style_of_risk(risk), "RISK %s", risk);
    page_say(g, TOKEN_FG, "PRI %s", priority);
    page_say(g, TOKEN_FG, "by %s",
             page_fact(g, "proposed_by") ? page_fact(g, "proposed_by") : "learning");
    if (page_fact(g, "cycle"))
        page_say(g, TOKEN_FG, "cycle #%s", page_fact(g, "cycle"));
    if (page_is(g, "status", "AUTO_APPLIED"))
        return;
    page_label(g, "NOT AUTO");
    if (page_fact(g, "not_auto")) {
        page_say(g, TOKEN_FG, "because: %s", page_fact(g, "not_auto"));
        return;
    }
    bool said = false;
    if (confidence < threshold) {
        page_say(g, TOKEN_FG, "confidence %g < %g", round_half_away(confidence, 1), threshold);
        said = true;
    }
    if (strcmp(risk, "LOW") != 0) {
        page_say(g, TOKEN_FG, "risk %s, needs LOW", risk);
        said = true;
    }
    if (strcmp(priority, "HIGH") != 0) {
        page_say(g, TOKEN_FG, "priority %s, needs HIGH", priority);
        said = true;
    }
    if (!said)
        page_say(g, TOKEN_DIM, "the reason is not recorded");
}

static uint16_t style_of_verdict(const char *verdict)
{
    if (strcmp(verdict, "PROVEN") == 0)
        return TOKEN_PNL_UP;
    return strcmp(verdict, "CONTRADICTED") == 0 ? TOKEN_PNL_DOWN : TOKEN_SEV_WARN;
}

static void evidence_lines(struct page *g)
{
    const struct rows *r = page_rows(g, PART_EVIDENCE);
    const char *verdict = page_fact(g, "verdict");
    page_label(g, "EVIDENCE");
    if (verdict)
        page_say(g, style_of_verdict(verdict) | STYLE_BOLD, "%s", verdict);
    else
        page_say(g, TOKEN_DIM, "effect: not measured yet");
    if (page_rows(g, PART_TRADES)->nrows)
        page_say(g, TOKEN_DIM, "%d trades, listed below", (int)page_rows(g, PART_TRADES)->nrows);
    if (r->nrows == 0)
        page_say(g, TOKEN_DIM,
                 page_came(g, PART_EVIDENCE) ? "nothing else is recorded" : "loading");
    for (size_t i = 0; i < r->nrows; i++) {
        page_label(g, "");
        page_say(g, TOKEN_FG, "%s", rows_named(r, i, "key"));
        page_say(g, TOKEN_FG, "%s", rows_named(r, i, "value") ? rows_named(r, i, "value") : "-");
    }
}

static void warning_lines(struct page *g)
{
    page_label(g, "WARNINGS");
    if (page_fact(g, "warnings"))
        page_say(g, TOKEN_SEV_WARN, "%s", page_fact(g, "warnings"));
    if (page_fact(g, "conflicts"))
        page_say(g, TOKEN_SEV_WARN, "E15 %s: the same parameter; decide one, the other is re-based",
                 page_fact(g, "conflicts"));
    if (!page_fact(g, "warnings") && !page_fact(g, "conflicts"))
        page_say(g, TOKEN_DIM, "none are recorded");
}

static void history_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"WHEN", 11, false, 0}, {"OLD", 9, true, 0},  {"NEW", 9, true, 0},
        {"WHO", 18, false, 0},  {"BY", 6, false, 60}, {"RESULT", 0, false, 72},
    };
    const struct rows *r = page_rows(g, PART_HISTORY);
    page_heading(g, "HISTORY OF", page_fact(g, "name"));
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM,
                  page_came(g, PART_HISTORY) ? "never changed: the default holds" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char by[32];
        const char *adjustment = rows_named(r, i, "adjustment_id");
        snprintf(by, sizeof by, "#%.20s", adjustment ? adjustment : "");
        const struct page_cell cells[] = {
            {rows_named(r, i, "at"), TOKEN_FG},        {rows_named(r, i, "old_value"), TOKEN_FG},
            {rows_named(r, i, "new_value"), TOKEN_FG}, {rows_named(r, i, "set_by"), TOKEN_FG},
            {adjustment ? by : NULL, TOKEN_FG},        {"not measured yet", TOKEN_DIM},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, false);
    }
}

static void trades_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"TRADE", 7, false, 0}, {"SYM", 6, false, 0},  {"CLOSED", 11, false, 50},
        {"P&L $", 10, true, 0}, {"P&L %", 8, true, 0}, {"REASON", 0, false, 60},
    };
    const struct rows *r = page_rows(g, PART_TRADES);
    if (r->nrows == 0)
        return;
    page_heading(g, "TRADES IT CITES", "Enter opens one");
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], usd[FIGURE_SIZE], pct[FIGURE_SIZE];
        const char *pnl = rows_named(r, i, "pnl_usd");
        snprintf(id, sizeof id, "#%.20s", rows_named(r, i, "id"));
        const struct page_cell cells[] = {
            {id, TOKEN_FG},
            {rows_named(r, i, "symbol"), TOKEN_FG},
            {rows_named(r, i, "closed"), TOKEN_FG},
            {figure_text(usd, FIGURE_PROFIT, pnl), style_of_sign(pnl)},
            {figure_text(pct, FIGURE_CHANGE, rows_named(r, i, "pnl_pct")), style_of_sign(pnl)},
            {rows_named(r, i, "exit_reason"), TOKEN_FG},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

static void decision_lines(struct page *g)
{
    if (waits(g)) {
        page_label(g, "IF YOU APPROVE");
        page_say(g, TOKEN_FG, "applies in 10 s to new entries (u undoes)");
        if (page_number(g, "open_positions") > 0)
            page_say(g, TOKEN_FG, "%s open positions keep %s", page_fact(g, "open_positions"),
                     page_fact(g, "old_value"));
        return;
    }
    page_label(g, "DECIDED");
    page_say(g, TOKEN_FG, "%s", page_fact(g, "status"));
    if (page_fact(g, "decided"))
        page_say(g, TOKEN_FG, "by %s at %s", page_fact(g, "decided_by"), page_fact(g, "decided"));
    if (page_fact(g, "decision_reason"))
        page_say(g, TOKEN_FG, "\"%s\"", page_fact(g, "decision_reason"));
    if (page_fact(g, "applied"))
        page_say(g, TOKEN_FG, "applied %s", page_fact(g, "applied"));
    if (!page_fact(g, "applied"))
        return;
    page_label(g, "RESULT");
    page_say(g, TOKEN_DIM, "not measured yet");
}

static void set_title(struct page *g)
{
    char age[PAGE_CELL], left[16] = "";
    struct detail_view *v = g->view;
    int64_t expires = page_number(g, "expires_epoch");
    if (expires)
        duration_print(left, expires * USEC_SECOND - g->snapshot->now);
    if (waits(g))
        snprintf(v->title, sizeof v->title, "%.12s for %s%s%s", page_fact(g, "status"),
                 age_text(age, g, page_fact(g, "created_epoch")),
                 !*left         ? ""
                 : *left == '-' ? ", expired"
                                : ", expires in ",
                 *left == '-' ? "" : left);
    else
        snprintf(v->title, sizeof v->title, "%.14s %.19s", page_fact(g, "status"),
                 page_fact(g, "decided") ? page_fact(g, "decided") : "");
    sanitize_line(v->title, sizeof v->title, untrusted(v->title));
}

static void body(struct page *g)
{
    if (!page_ready(g, "adjustment", "pending ones: panel 2; all: panel 8"))
        return;
    set_title(g);
    change_lines(g);
    judgement_lines(g);
    page_label(g, "EXPECTED");
    page_say(g, page_fact(g, "expected") ? TOKEN_FG : TOKEN_DIM, "%s",
             page_fact(g, "expected") ? page_fact(g, "expected") : "not recorded");
    evidence_lines(g);
    warning_lines(g);
    page_label(g, "REASON");
    if (*page_fact(g, "reasoning")) {
        g->line--; /* the words stand in its line */
        page_quote(g, page_fact(g, "reasoning"), 0);
    } else {
        page_say(g, TOKEN_DIM, "none was given");
    }
    decision_lines(g);
    history_table(g);
    trades_table(g);
}

int draw_adjustment(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, body);
}

void adjustment_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX])
{
    const struct rows *r = &s->detail[PART_TRADES].rows;
    out[0] = '\0';
    if (v->item >= 0 && (size_t)v->item < r->nrows)
        snprintf(out, OBJECT_MAX, "trade %.30s", rows_named(r, (size_t)v->item, "id"));
}
