/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One parameter the desk may learn: its values, who set them, and what trades came of each. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/text.h"
#include "ui/chart.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_HISTORY, PART_TRADES };
enum { STEPS_MAX = 200, CHART_ROWS = 5, AXIS = 10 };

/* A name is known by its versions, or by proposals to change it. */
const struct statement parameter_head = {
    "detail parameter",
    "SELECT $1::text AS name, (SELECT trim_scale(value) FROM parameter_versions WHERE name = $1"
    "    ORDER BY id DESC LIMIT 1) AS value,"
    "  (SELECT count(*) FROM parameter_versions WHERE name = $1) AS versions,"
    "  (SELECT string_agg('#' || a.id || ' ' || trim_scale(a.old_value) || ' -> ' ||"
    "    trim_scale(a.new_value), ', ' ORDER BY a.id) FROM strategy_adjustments a"
    "    WHERE a.parameter_name = $1 AND a.status IN ('PENDING', 'DEFERRED')) AS pending "
    "WHERE EXISTS (SELECT FROM parameter_versions WHERE name = $1)"
    "  OR EXISTS (SELECT FROM strategy_adjustments WHERE parameter_name = $1)"};

const struct statement parameter_history = {
    "detail parameter history",
    "SELECT v.id, to_char(v.created_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS at,"
    "  trim_scale(v.value) AS value,"
    "  v.set_by, v.adjustment_id, a.status, COALESCE(t.n, 0) AS n, COALESCE(t.won, 0) AS won,"
    "  t.mean_r "
    "FROM " DETAIL_TZ
    " CROSS JOIN parameter_versions v LEFT JOIN strategy_adjustments a ON a.id = v.adjustment_id"
    "  LEFT JOIN (SELECT p.parameters->>$1 AS version, count(*) AS n,"
    "    count(*) FILTER (WHERE o.pnl_dollars > 0) AS won, avg(o.r_multiple) AS mean_r"
    "    FROM trade_outcomes o JOIN positions p ON p.id = o.position_id GROUP BY 1) t"
    "  ON t.version = v.id::text "
    "WHERE v.name = $1 ORDER BY v.id DESC LIMIT 200"};

const struct statement parameter_trades = {
    "detail parameter proposals",
    "SELECT a.id, to_char(a.created_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS at,"
    "  trim_scale(a.old_value) AS old_value,"
    "  trim_scale(a.new_value) AS new_value, a.confidence_score AS confidence, a.status,"
    "  a.decided_by "
    "FROM " DETAIL_TZ
    " CROSS JOIN strategy_adjustments a WHERE a.parameter_name = $1 ORDER BY a.id DESC LIMIT 40"};

static void step_chart(struct page *g)
{
    const struct rows *r = page_rows(g, PART_HISTORY);
    double value[STEPS_MAX];
    size_t n = 0;
    for (size_t i = r->nrows; i-- > 0 && n < STEPS_MAX;)
        n += text_to_double(rows_named(r, i, "value"), &value[n]);
    if (n < 2 || g->cols < 40)
        return;
    struct page_picture picture;
    struct chart_range range = chart_range_of(value, n);
    page_blank(g);
    page_picture(g, &picture, CHART_ROWS);
    struct pane canvas = pane_part(&picture.pane, 0, AXIS + 1, CHART_ROWS, g->cols - AXIS - 2);
    pane_vrule(&picture.pane, 0, AXIS, CHART_ROWS, TOKEN_RULE, LINE_THIN);
    double step[FRAME_MOST];
    size_t width = (size_t)canvas.cols;
    for (size_t i = 0; i < width; i++)
        step[i] = value[i * n / width];
    chart_line(&canvas, CHART_BLOCKS, range, step, width, TOKEN_CHART_1);
    char text[40];
    snprintf(text, sizeof text, "%.6g", range.high);
    pane_right(&picture.pane, 0, 0, AXIS - 1, TOKEN_DIM, text);
    snprintf(text, sizeof text, "%.6g", range.low);
    pane_right(&picture.pane, CHART_ROWS - 1, 0, AXIS - 1, TOKEN_DIM, text);
    page_picture_end(g, &picture);
}

static void values_table(struct page *g)
{
    static const struct page_column columns[] = {{"SINCE", 11, false, 0},  {"VALUE", 10, true, 0},
                                                 {"SET BY", 18, false, 0}, {"CHANGE", 7, false, 50},
                                                 {"TRADES", 6, true, 60},  {"WON", 5, true, 60},
                                                 {"MEAN R", 7, true, 60}};
    const struct rows *r = page_rows(g, PART_HISTORY);
    page_heading(g, "VALUES", "newest first, with the trades opened under each");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM,
                  page_came(g, PART_HISTORY) ? "never set: the default holds" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], mean[FIGURE_SIZE];
        const char *change = rows_named(r, i, "adjustment_id"), *m = rows_named(r, i, "mean_r");
        snprintf(id, sizeof id, "#%.20s", change ? change : "");
        const struct page_cell cells[] = {
            {rows_named(r, i, "at"), TOKEN_FG},
            {rows_named(r, i, "value"), i == 0 ? TOKEN_FG | STYLE_BOLD : TOKEN_FG},
            {rows_named(r, i, "set_by"), TOKEN_FG},
            {change ? id : NULL, TOKEN_FG},
            {rows_named(r, i, "n"), TOKEN_FG},
            {rows_named(r, i, "won"), TOKEN_FG},
            {m ? figure_text(mean, FIGURE_R, m) : NULL, style_of_sign(m)},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, false);
    }
}

static void proposals_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"ID", 6, false, 0},  {"WHEN", 11, false, 0},   {"OLD", 9, true, 50}, {"NEW", 9, true, 0},
        {"CONF", 5, true, 0}, {"STATUS", 12, false, 0}, {"BY", 0, false, 72}};
    const struct rows *r = page_rows(g, PART_TRADES);
    page_heading(g, "PROPOSALS", "Enter opens one");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM, page_came(g, PART_TRADES) ? "none yet" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], conf[FIGURE_SIZE];
        snprintf(id, sizeof id, "#%.20s", rows_named(r, i, "id"));
        const struct page_cell cells[] = {
            {id, TOKEN_FG},
            {rows_named(r, i, "at"), TOKEN_FG},
            {rows_named(r, i, "old_value"), TOKEN_FG},
            {rows_named(r, i, "new_value"), TOKEN_FG},
            {figure_text(conf, FIGURE_RATE, rows_named(r, i, "confidence")), TOKEN_FG},
            {rows_named(r, i, "status"), TOKEN_FG},
            {rows_named(r, i, "decided_by"), TOKEN_FG},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

static void body(struct page *g)
{
    struct detail_view *v = g->view;
    if (!page_ready(g, "parameter", "none was changed or proposed under that name"))
        return;
    v->title[0] = '\0';
    page_label(g, "VALUE");
    if (page_fact(g, "value"))
        page_say(g, TOKEN_FG | STYLE_BOLD, "%s", page_fact(g, "value"));
    else
        page_say(g, TOKEN_DIM, "never changed: the default holds");
    page_say(g, TOKEN_FG, "versions %s", page_fact(g, "versions"));
    page_label(g, "PENDING");
    page_say(g, page_fact(g, "pending") ? TOKEN_FG : TOKEN_DIM, "%s",
             page_fact(g, "pending") ? page_fact(g, "pending") : "nothing to review");
    step_chart(g);
    values_table(g);
    proposals_table(g);
}

int draw_parameter(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, body);
}

void parameter_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX])
{
    const struct rows *r = &s->detail[PART_TRADES].rows;
    out[0] = '\0';
    if (v->item >= 0 && (size_t)v->item < r->nrows)
        snprintf(out, OBJECT_MAX, "adjustment %.30s", rows_named(r, (size_t)v->item, "id"));
}
