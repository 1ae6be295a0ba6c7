/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One parameter the desk may learn: its values over time, who set them, what each was measured to
 * do, and what trades came of it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/text.h"
#include "ui/chart.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_HISTORY, PART_PROPOSALS };
enum { STEPS_MAX = 200, CHART_ROWS = 6, AXIS = 8 };

/* SQL reads by its clauses. clang-format would not. */
/* clang-format off */


const struct statement parameter_head = {
    "detail parameter",
    "SELECT p.name, p.title, p.unit, trim_scale(p.low) AS low, trim_scale(p.high) AS high,"
    "  trim_scale(p.step) AS step, " DETAIL_VALUE("p.baseline") " AS baseline, p.risk AS direction,"
    "  p.class, p.does, CASE WHEN v.id IS NULL THEN " DETAIL_VALUE("p.baseline") " ELSE "
    DETAIL_VALUE("v.value") " END AS value, v.id AS version, v.set_by,"
    "  to_char(v.created_at AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI') AS since,"
    "  extract(epoch FROM v.created_at)::bigint AS since_epoch,"
    "  extract(epoch FROM desk_now())::bigint AS now_epoch,"
    "  (SELECT count(*) FROM parameter_versions c WHERE c.name = p.name) AS versions,"
    "  (SELECT string_agg('#' || a.id || ' ' || " DETAIL_VALUE("a.old_value") " || ' -> ' || "
    DETAIL_VALUE("a.new_value") " || CASE a.status WHEN 'PENDING' THEN '' ELSE ' ' || a.status END,"
    "    ', ' ORDER BY a.id) FROM strategy_adjustments a WHERE a.parameter_name = p.name"
    "    AND a.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')) AS pending,"
    "  (SELECT o.name FROM parameters o WHERE o.position < p.position"
    "    ORDER BY o.position DESC LIMIT 1) AS older,"
    "  (SELECT o.name FROM parameters o WHERE o.position > p.position"
    "    ORDER BY o.position LIMIT 1) AS newer "
    "FROM " DETAIL_TZ " CROSS JOIN parameters p LEFT JOIN LATERAL (SELECT * FROM"
    "  parameter_versions c WHERE c.name = p.name ORDER BY c.id DESC LIMIT 1) v ON true "
    "WHERE p.name = $1"};

/* The trades of a version are those whose entry was decided under it. */
const struct statement parameter_history = {
    "detail parameter history",
    "SELECT v.id, to_char(v.created_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS at,"
    "  extract(epoch FROM v.created_at)::bigint AS epoch, trim_scale(v.value) AS value,"
    "  v.set_by, v.adjustment_id, a.status, COALESCE(t.n, 0) AS n, COALESCE(t.won, 0) AS won,"
    "  t.mean_r, a.measured->>'state' AS state, a.measured->>'n' AS measured_n,"
    "  a.measured->>'effect' AS effect "
    "FROM " DETAIL_TZ
    " CROSS JOIN parameter_versions v LEFT JOIN strategy_adjustments a ON a.id = v.adjustment_id"
    "  LEFT JOIN (SELECT p.parameters->>$1 AS version, count(*) AS n,"
    "    count(*) FILTER (WHERE o.pnl_dollars > 0) AS won, avg(o.r_multiple) AS mean_r"
    "    FROM (SELECT * FROM trade_outcomes ORDER BY created_at DESC LIMIT 5000) o"
    "    CROSS JOIN LATERAL (SELECT parameters FROM positions WHERE id = o.position_id OFFSET 0) p"
    "    GROUP BY 1) t"
    "  ON t.version = v.id::text "
    "WHERE v.name = $1 ORDER BY v.id DESC LIMIT 200"};

const struct statement parameter_proposals = {
    "detail parameter proposals",
    "SELECT a.id, to_char(a.created_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS at, "
    DETAIL_VALUE("a.old_value") " AS old_value, " DETAIL_VALUE("a.new_value") " AS new_value,"
    "  a.confidence_score AS confidence, a.evidence->>'verdict' AS verdict, a.status,"
    "  a.decided_by, a.decision_reason "
    "FROM " DETAIL_TZ
    " CROSS JOIN strategy_adjustments a WHERE a.parameter_name = $1 ORDER BY a.id DESC LIMIT 40"};

/* clang-format on */

/* ---- the chart */

static bool number(const char *text, double *out)
{
    *out = (double)NAN;
    return text && text_to_double(text, out);
}

/* Values oldest first with the time each began at; the first is the baseline, one step before. An
 * unknown value ("off") is a gap. */
struct steps {
    double value[STEPS_MAX], at[STEPS_MAX];
    size_t n;
};

static void take_steps(const struct page *g, struct steps *s)
{
    const struct rows *r = page_rows(g, PART_HISTORY);
    double now, first, span;
    s->n = 0;
    if (r->nrows == 0 || !number(page_fact(g, "now_epoch"), &now) ||
        !number(rows_named(r, r->nrows - 1, "epoch"), &first))
        return;
    span = now - first;
    number(page_fact(g, "baseline"), &s->value[0]);
    s->at[s->n++] = first - (span > 0 ? span / 8 : 86400);
    for (size_t i = r->nrows; i-- > 0 && s->n < STEPS_MAX; s->n++) {
        number(rows_named(r, i, "value"), &s->value[s->n]);
        number(rows_named(r, i, "epoch"), &s->at[s->n]);
    }
}

static void axis_text(const struct pane *p, int row, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.6g", value);
    pane_right(p, row, 0, AXIS - 1, TOKEN_DIM, text);
}

/* Under the step at which a value began: who proposed it, and what it was measured to do. */
static void mark_changes(const struct page *g, const struct pane *row, double from, double to)
{
    const struct rows *r = page_rows(g, PART_HISTORY);
    int free_from = 0;
    for (size_t i = r->nrows; i-- > 0;) {
        double at;
        char text[40];
        const char *change = rows_named(r, i, "adjustment_id"), *state = rows_named(r, i, "state");
        if (!number(rows_named(r, i, "epoch"), &at) || to <= from)
            continue;
        int col = (int)lround((at - from) / (to - from) * (row->cols - 1));
        if (change)
            snprintf(text, sizeof text, "#%.12s %.12s", change, state ? state : "");
        else
            sanitize_line(text, sizeof text, untrusted(rows_named(r, i, "set_by")));
        int width = (int)text_columns(text);
        if (col + width > row->cols)
            col = row->cols - width;
        if (col < free_from)
            continue;
        pane_text(row, 0, col, style_of_measured(state), text);
        free_from = col + width + 1;
    }
}

static void step_chart(struct page *g)
{
    struct steps s;
    struct page_picture picture;
    double base;
    take_steps(g, &s);
    if (s.n < 2 || g->cols < 40)
        return;
    struct chart_range range = chart_range_of(s.value, s.n);
    if (number(page_fact(g, "baseline"), &base))
        chart_range_include(&range, base);
    double now = s.at[s.n - 1];
    number(page_fact(g, "now_epoch"), &now);
    page_blank(g);
    page_picture(g, &picture, CHART_ROWS + 1);
    struct pane canvas = pane_part(&picture.pane, 0, AXIS + 1, CHART_ROWS, g->cols - AXIS - 2);
    struct pane foot = pane_part(&picture.pane, CHART_ROWS, AXIS + 1, 1, canvas.cols);
    pane_vrule(&picture.pane, 0, AXIS, CHART_ROWS, TOKEN_RULE, LINE_THIN);
    double column[FRAME_MOST];
    size_t width = (size_t)canvas.cols;
    for (size_t i = 0, k = 0; i < width; i++) {
        double t = s.at[0] + (now - s.at[0]) * (double)i / (double)(width > 1 ? width - 1 : 1);
        while (k + 1 < s.n && s.at[k + 1] <= t)
            k++;
        column[i] = s.value[k];
    }
    if (isfinite(base))
        chart_level(&canvas, CHART_FRAME, range, base, TOKEN_DIM);
    chart_line(&canvas, CHART_FRAME, range, column, width, TOKEN_CHART_1);
    axis_text(&picture.pane, 0, range.high);
    axis_text(&picture.pane, CHART_ROWS - 1, range.low);
    mark_changes(g, &foot, s.at[0], now);
    page_picture_end(g, &picture);
}

/* ---- tables */

static void values_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"SINCE", 11, false, 0}, {"VALUE", 8, true, 0},   {"SET BY", 14, false, 100},
        {"BY", 5, false, 0},     {"TRADES", 6, true, 60}, {"WON", 4, true, 60},
        {"MEAN R", 6, true, 60}, {"RESULT", 0, false, 0}};
    const struct rows *r = page_rows(g, PART_HISTORY);
    page_heading(g, "VALUES", "newest first, with the trades entered under each");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM,
                  page_came(g, PART_HISTORY) ? "never changed: the baseline holds" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], mean[FIGURE_SIZE], result[PAGE_CELL];
        const char *change = rows_named(r, i, "adjustment_id"), *m = rows_named(r, i, "mean_r");
        const char *value = rows_named(r, i, "value"), *state = rows_named(r, i, "state");
        snprintf(id, sizeof id, "#%.20s", change ? change : "");
        measured_text(result, state, rows_named(r, i, "measured_n"), rows_named(r, i, "effect"));
        const struct page_cell cells[] = {
            {rows_named(r, i, "at"), TOKEN_FG},
            {value ? value : "off", i == 0 ? TOKEN_FG | STYLE_BOLD : TOKEN_FG},
            {rows_named(r, i, "set_by"), TOKEN_FG},
            {change ? id : NULL, TOKEN_FG},
            {rows_named(r, i, "n"), TOKEN_FG},
            {rows_named(r, i, "won"), TOKEN_FG},
            {m ? figure_text(mean, FIGURE_R, m) : NULL, style_of_sign(m)},
            {change ? result : NULL, style_of_measured(state)},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, false);
    }
}

static void proposals_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"ID", 5, false, 0},  {"WHEN", 11, false, 0},    {"OLD", 7, true, 50},
        {"NEW", 7, true, 0},  {"CONF", 4, true, 0},      {"STATUS", 12, false, 0},
        {"BY", 8, false, 60}, {"EFFECT", 12, false, 72}, {"WHY", 0, false, 100}};
    const struct rows *r = page_rows(g, PART_PROPOSALS);
    page_heading(g, "PROPOSALS", "Enter opens one");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM, page_came(g, PART_PROPOSALS) ? "none yet" : "loading", 0);
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
            {rows_named(r, i, "verdict"), TOKEN_FG},
            {rows_named(r, i, "decision_reason"), TOKEN_FG},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

/* ---- the page */

static const char *risk_words(const char *direction)
{
    if (direction && strcmp(direction, "rises") == 0)
        return "a higher value adds risk";
    if (direction && strcmp(direction, "falls") == 0)
        return "a lower value adds risk";
    return "a change may add risk either way";
}

static void body(struct page *g)
{
    struct detail_view *v = g->view;
    if (!page_ready(g, "parameter", "all: :param"))
        return;
    copy_text(v->title, sizeof v->title, page_fact(g, "title"));
    sanitize_line(v->title, sizeof v->title, untrusted(v->title));
    page_label(g, "VALUE");
    page_say(g, TOKEN_FG | STYLE_BOLD, "%s", page_fact(g, "value"));
    if (!page_is(g, "value", "off"))
        page_more(g, TOKEN_FG, "%s", page_fact(g, "unit"));
    if (page_fact(g, "version"))
        page_say(g, TOKEN_FG, "since %s, set by %s (version %s)", page_fact(g, "since"),
                 page_fact(g, "set_by"), page_fact(g, "version"));
    else
        page_say(g, TOKEN_DIM, "never changed: the baseline holds");
    page_label(g, "MAY BE");
    page_say(g, TOKEN_FG, "%s .. %s in steps of %s", page_fact(g, "low"), page_fact(g, "high"),
             page_fact(g, "step"));
    page_say(g, TOKEN_FG, "baseline %s", page_fact(g, "baseline"));
    page_say(g, TOKEN_FG, "%s", risk_words(page_fact(g, "direction")));
    page_label(g, "DOES");
    page_say(g, TOKEN_FG, "%s", page_fact(g, "does"));
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
    const struct rows *r = &s->detail[PART_PROPOSALS].rows;
    out[0] = '\0';
    if (v->item >= 0 && (size_t)v->item < r->nrows)
        snprintf(out, OBJECT_MAX, "adjustment %.30s", rows_named(r, (size_t)v->item, "id"));
}
