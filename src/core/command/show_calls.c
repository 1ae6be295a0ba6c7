/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exact request and reply of every model call of an evaluation. */
#include "core/command/show.h"
#include "quorum/text.h"

static const struct statement calls = {
    "evaluation calls",
    "SELECT i.id, i.agent_name, i.action, i.model, i.status, COALESCE(i.error, ''),"
    "  trim_scale(i.cost_usd)::text, i.tokens_used, i.latency_ms, i.request_id, p.request,"
    "  p.response "
    "FROM agent_interactions i LEFT JOIN agent_payloads p"
    "  ON p.interaction_id = i.id AND p.created_at = i.created_at "
    "WHERE i.evaluation_id = $1::bigint AND i.model IS NOT NULL ORDER BY i.id"};

static void block(struct output *o, const char *title, const char *text)
{
    out_line(o, "%s", title);
    if (text)
        sanitize(&o->text, untrusted(text), TEXT_BLOCK, 0);
    else
        buf_str(&o->text, "(none)");
    buf_char(&o->text, '\n');
}

static void call_text(struct output *o, const struct rows *r, size_t i)
{
    char cost[32];
    const char *id = rows_text(r, i, 9);
    out_line(o, "CALL #%s  %s %s  %s  %s%s%s  %s, %s tokens, %s ms%s%s", rows_text(r, i, 0),
             rows_text(r, i, 1), rows_text(r, i, 2), rows_text(r, i, 3), rows_text(r, i, 4),
             *rows_text(r, i, 5) ? ": " : "", rows_text(r, i, 5),
             rows_text(r, i, 6) ? cost_text(cost, rows_text(r, i, 6)) : "cost not settled",
             rows_text(r, i, 7), rows_text(r, i, 8) ? rows_text(r, i, 8) : "-", id ? ", " : "",
             id ? id : "");
    block(o, "--- request", rows_text(r, i, 10));
    block(o, "--- reply", rows_text(r, i, 11));
    out_line(o, "%s", "");
}

enum err show_calls(struct call *c, int64_t id, struct error *e)
{
    static const struct column columns[] = {
        {"interaction_id", "CALL", COLUMN_NUMBER}, {"agent", "AGENT", COLUMN_TEXT},
        {"action", "ACTION", COLUMN_TEXT},         {"model", "MODEL", COLUMN_TEXT},
        {"status", "STATUS", COLUMN_TEXT},         {"error", "ERROR", COLUMN_TEXT},
        {"cost_usd", "COST $", COLUMN_MONEY},      {"tokens", "TOKENS", COLUMN_NUMBER},
        {"latency_ms", "MS", COLUMN_NUMBER},       {"request_id", "REQUEST ID", COLUMN_TEXT},
        {"request", "REQUEST", COLUMN_TEXT},       {"reply", "REPLY", COLUMN_TEXT},
    };
    struct params p = {0};
    struct rows rows = {0};
    params_int(&p, id);
    if (db_query(c->desk->db, &calls, &p, &rows, e))
        return e->kind;
    if (c->out->format == OUTPUT_TEXT) {
        for (size_t i = 0; i < rows.nrows; i++)
            call_text(c->out, &rows, i);
        if (rows.nrows == 0)
            out_line(c->out, "no model was asked in evaluation #%lld", (long long)id);
    } else {
        struct table t;
        table_begin(&t, columns, ARRAY_LEN(columns));
        table_rows(&t, &rows);
        table_end(&t, c->out, "");
    }
    rows_release(&rows);
    return OK;
}
