/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proposed changes as rows. */
#include <strings.h>

#include "core/command/figures.h"
#include "core/command/show_adjustment.h"
#include "quorum/review.h"

/* A number of the evidence, in R a trade, for programs. */
#define IN_R(path)                                                                                 \
    "CASE jsonb_typeof(a.evidence->" path ") WHEN 'number'"                                        \
    " THEN round((a.evidence->" path ")::numeric, 6) END"
/* The verdict of people is in the words of the console's list of what waits. */
#define LIST_COLUMNS                                                                               \
    "a.id, a.parameter_name, review_value(a.old_value), review_value(a.new_value),"                \
    " round(a.confidence_score), a.risk_level, a.priority, a.status,"                              \
    " extract(epoch FROM desk_now() - a.created_at)::bigint,"                                      \
    " CASE WHEN a.status IN ('PENDING', 'DEFERRED')"                                               \
    "      THEN GREATEST(extract(epoch FROM a.expires_at - desk_now()), 0)::bigint END,"           \
    " a.proposed_by, a.cycle_id, CASE WHEN a.evidence->>'n' ~ '^[0-9]{1,9}$'"                      \
    "      THEN a.evidence->>'n' END, a.evidence->>'verdict', a.decided_by, a.decided_at,"         \
    " a.applied_at, a.measured->>'state', a.measured->>'text', a.version, a.created_at,"           \
    " COALESCE(NULLIF(a.decision_reason, ''), NULLIF(a.gate_reason, '')),"                         \
    " replace(replace(replace(review_verdict(a.evidence, a.priority), 'PROVEN alone; ',"           \
    "   'alone, '), 'PROVEN against all', 'PROVEN of all'), ' compared', ''), " IN_R(              \
        "'effect'") ", " IN_R("'delta_95'->0") ", " IN_R("'delta_95'->1") " "

static const struct figure_column list_columns[] = {
    {"id", "ID", FIGURE_COUNT, 0},
    {"parameter", "PARAMETER", FIGURE_TEXT, 0},
    {"old_value", "OLD", FIGURE_TEXT, 0},
    {"new_value", "NEW", FIGURE_TEXT, 0},
    {"confidence", "CONF", FIGURE_COUNT, 0},
    {"risk", "RISK", FIGURE_TEXT, 0},
    {"priority", "PRI", FIGURE_TEXT, 0},
    {"status", "STATUS", FIGURE_TEXT, 0},
    {"age_s", "AGE", FIGURE_AGE, 0},
    {"expires_in_s", "LEFT", FIGURE_AGE, 0},
    {"proposed_by", "BY", FIGURE_TEXT, 112},
    {"cycle", "CYCLE", FIGURE_COUNT, 112},
    {"n", "N", FIGURE_COUNT, 96},
    {"verdict", "", FIGURE_TEXT, WIDTH_NEVER},
    {"decided_by", "DECIDED", FIGURE_TEXT, 120},
    {"decided_at", "AT", FIGURE_WHEN, 140},
    {"applied_at", "APPLIED", FIGURE_WHEN, 140},
    {"result", "RESULT", FIGURE_TEXT, 112},
    {"result_text", "", FIGURE_TEXT, WIDTH_NEVER},
    {"version", "", FIGURE_COUNT, WIDTH_NEVER},
    {"created_at", "", FIGURE_WHEN, WIDTH_NEVER},
    {"reason", "", FIGURE_TEXT, WIDTH_NEVER},
    {"verdict_text", "EFFECT", FIGURE_TEXT, 96},
    {"effect_r", "", FIGURE_NUMBER, WIDTH_NEVER},
    {"effect_low_95", "", FIGURE_NUMBER, WIDTH_NEVER},
    {"effect_high_95", "", FIGURE_NUMBER, WIDTH_NEVER},
};

static const struct statement pending_rows = {
    "pending", "SELECT " LIST_COLUMNS "FROM strategy_adjustments a"
               " WHERE a.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')"
               " ORDER BY a.status <> 'PENDING', a.id LIMIT 500"};
static const struct statement adjustment_rows = {
    "adjustments", "SELECT " LIST_COLUMNS "FROM strategy_adjustments a"
                   " WHERE ($1::text IS NULL OR a.status = $1)"
                   "  AND ($2::text IS NULL OR a.parameter_name = $2)"
                   " ORDER BY a.id DESC LIMIT 200"};

static enum err show_list(struct call *c, const struct statement *st, struct params *p,
                          const char *empty, struct error *e)
{
    struct rows r = {0};
    struct figures f;
    if (db_query(c->desk->db, st, p, &r, e))
        return e->kind;
    figures_begin(&f, c->out, list_columns, ARRAY_LEN(list_columns));
    figures_rows(&f, &r);
    figures_end(&f, empty);
    rows_release(&r);
    return OK;
}

enum err show_pending(struct call *c, struct error *e)
{
    struct review_record record;
    if (show_list(c, &pending_rows, NULL, "nothing waits for review", e))
        return e->kind;
    if (c->out->format == OUTPUT_TEXT &&
        review_record(c->desk, operator_name(), &record, e) == OK &&
        record.approved + record.automatic > 0)
        out_line(c->out, "%s", record.text);
    return e->kind;
}

enum err show_adjustments(struct call *c, const char *status, const char *parameter,
                          struct error *e)
{
    struct params p = {0};
    params_text(&p, status);
    params_text(&p, parameter);
    return show_list(c, &adjustment_rows, &p, "no adjustment", e);
}

static const char *const statuses[] = {"PENDING",     "DEFERRED",     "SHADOW",   "APPROVED",
                                       "APPLIED",     "AUTO_APPLIED", "REJECTED", "EXPIRED",
                                       "ROLLED_BACK", "SUPERSEDED",   "FAILED"};

const char *adjustment_status(const char *typed)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (strcasecmp(statuses[i], typed) == 0)
            return statuses[i];
    return NULL;
}
