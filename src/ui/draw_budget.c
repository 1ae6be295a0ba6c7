/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"
#include "ui/chart.h"
#include "ui/draw.h"
#include "ui/draw_rows.h"
#include "ui/status_line.h"

enum { HOURS_MOST = 48, AGENTS_MOST = 8 };

/* ".05", "0.25", "12.00": two digits that count. */
static const char *money(char dst[24], double x)
{
    if (!isfinite(x))
        snprintf(dst, 24, "-");
    else if (x > 0 && x < 0.1)
        snprintf(dst, 24, "%.3f", x);
    else
        snprintf(dst, 24, "%.2f", x < 1e9 ? x : 1e9);
    return dst;
}

static void draw_gauge(const struct pane *p, int row, const char *name, double used, double mark,
                       double whole, const char *behind)
{
    int width = p->cols - 5 - (int)strlen(behind) - 2;
    pane_text(p, row, 1, TOKEN_FG, name);
    if (width < 5 || !(whole > 0))
        width = 0;
    else
        chart_gauge(p, CHART_FRAME, row, 5, width, used, mark, whole);
    bool over = whole > 0 && used >= whole;
    pane_cut(p, row, 5 + width + 1, p->cols, over ? TOKEN_SEV_CRIT : TOKEN_FG, behind);
}

static void draw_llm(const struct pane *p, int row, const struct rows *r, size_t day)
{
    double limit = rows_figure(r, day, "lim"), used = rows_figure(r, day, "spent");
    char text[24];
    if (limit > 0)
        snprintf(text, sizeof text, "%3.0f%%", fmin(used / limit * 100, 999));
    else
        snprintf(text, sizeof text, "off");
    draw_gauge(p, row, "LLM", used, rows_figure(r, day, "projected"), limit, text);
}

static void draw_fmp(const struct pane *p, int row, const struct rows *r, size_t day)
{
    double limit = rows_figure(r, day, "fmp_limit"), used = rows_figure(r, day, "fmp_used");
    char text[40];
    if (!(limit > 0)) {
        pane_cut(p, row, 1, p->cols - 1, TOKEN_DIM, "FMP not asked");
        return;
    }
    snprintf(text, sizeof text, "%.0f/%.0f", used, limit);
    draw_gauge(p, row, "FMP", used, (double)NAN, limit, text);
}

static void draw_spent(const struct pane *p, int row, const struct rows *r, size_t day)
{
    char used[24], rate[24], at_reset[24], text[3][64];
    double projected = rows_figure(r, day, "projected"), limit = rows_figure(r, day, "lim");
    int at = 1;
    money(used, rows_figure(r, day, "spent"));
    money(rate, rows_figure(r, day, "rate"));
    money(at_reset, projected);
    int n = snprintf(text[0], sizeof text[0], "spent %s", used);
    n += snprintf(text[1], sizeof text[1], "  rate %s/h", rate);
    n += snprintf(text[2], sizeof text[2], "  at reset %s", at_reset);
    draw_whole(p, row, &at, TOKEN_FG, text[0]);
    if (1 + n <= p->cols)
        draw_whole(p, row, &at, TOKEN_FG, text[1]);
    draw_whole(p, row, &at, limit > 0 && projected > limit ? TOKEN_SEV_WARN : TOKEN_FG, text[2]);
}

static void draw_forecast(const struct pane *p, int row, const struct rows *r, size_t day)
{
    char a[24], b[24], text[80];
    double projected = rows_figure(r, day, "projected"), limit = rows_figure(r, day, "lim");
    const char *cap = rows_words(r, day, "cap_at");
    int at = 1;
    money(a, rows_figure(r, day, "spent"));
    snprintf(text, sizeof text, "spent %s", a);
    draw_whole(p, row, &at, TOKEN_FG, text);
    snprintf(text, sizeof text, "   now %s/h", money(a, rows_figure(r, day, "rate")));
    draw_whole(p, row, &at, TOKEN_FG, text);
    snprintf(text, sizeof text, "   24h avg %s/h", money(a, rows_figure(r, day, "rate_day")));
    draw_whole(p, row, &at, TOKEN_FG, text);
    at = 1;
    snprintf(text, sizeof text, "at reset %s", money(a, projected));
    draw_whole(p, row + 1, &at, limit > 0 && projected > limit ? TOKEN_SEV_WARN : TOKEN_FG, text);
    money(a, rows_figure(r, day, "low"));
    money(b, rows_figure(r, day, "high"));
    snprintf(text, sizeof text, " (p10 %s, p90 %s)", a, b);
    draw_whole(p, row + 1, &at, TOKEN_DIM, text);
    snprintf(text, sizeof text, "   %s%.12s", *cap ? "cap at " : "cap: not reached", cap);
    draw_whole(p, row + 1, &at, *cap ? TOKEN_SEV_WARN : TOKEN_FG, text);
}

/* What ends first is the one to look at: of the day's plan (its schedule and watchlist, dollars,
 * vendor calls) that is in the status row. */
static void draw_left(const struct pane *p, int row, const struct snapshot *s, size_t day)
{
    static const struct {
        const char *binding, *word;
    } words[] = {
        {"budget", "$"}, {"FMP", "FMP"}, {"schedule", "schedule"}, {"watchlist", "watchlist"}};
    const struct rows *r = &s->panel[PANEL_BUDGET].rows;
    double left[] = {rows_figure(r, day, "left_usd"), rows_figure(r, day, "left_fmp")}, planned;
    const char *binding = status_field(s, "evaluations_binding"), *comma = "";
    bool known = status_number(s, "evaluations_left", &planned);
    char text[60];
    int at = 1;
    draw_whole(p, row, &at, TOKEN_FG, "evals left: ");
    for (size_t i = 0; known && i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].binding, binding) != 0)
            continue;
        snprintf(text, sizeof text, "%.0f by %s <- limit", planned, words[i].word);
        draw_whole(p, row, &at, TOKEN_FG, text);
        comma = ", ";
    }
    if (known && strcmp(binding, "MULTI_AGENT_ENABLED") == 0)
        draw_whole(p, row, &at, TOKEN_DIM, "none, agents are off");
    for (size_t i = 0; i < ARRAY_LEN(left); i++) {
        if (!isfinite(left[i]) || strcmp(words[i].binding, binding) == 0)
            continue;
        snprintf(text, sizeof text, "%s%.0f by %s", comma, fmin(left[i], 1e6), words[i].word);
        draw_whole(p, row, &at, *comma ? TOKEN_DIM : TOKEN_FG, text);
        comma = ", ";
    }
    if (at == 1 + (int)strlen("evals left: "))
        draw_whole(p, row, &at, TOKEN_DIM, "no limit binds");
}

static void draw_agents(const struct pane *p, int row, const struct rows *r)
{
    int at = 1, shown = 0;
    draw_whole(p, row, &at, TOKEN_FG, "by agent");
    for (size_t i = 0; i < r->nrows && shown < AGENTS_MOST; i++) {
        char text[64];
        if (!rows_is_part(r, i, "agent"))
            continue;
        snprintf(text, sizeof text, "  %.30s %.0f%%", rows_words(r, i, "name"),
                 fmax(rows_figure(r, i, "share"), 0));
        draw_whole(p, row, &at, TOKEN_DIM, text);
        shown++;
    }
    if (shown == 0)
        draw_whole(p, row, &at, TOKEN_DIM, "  nothing spent today");
}

static void draw_more(const struct pane *p, int row, const struct rows *r, size_t day)
{
    char a[24], text[64];
    double cached = rows_figure(r, day, "cached"), model = rows_figure(r, day, "brier_model");
    int at = 1;
    snprintf(text, sizeof text, "7 days %s", money(a, rows_figure(r, day, "week_usd")));
    draw_whole(p, row, &at, TOKEN_DIM, text);
    snprintf(text, sizeof text, "   cache %.0f%% of input", cached);
    if (isfinite(cached))
        draw_whole(p, row, &at, TOKEN_DIM, text);
    snprintf(text, sizeof text, "   Brier %.2f, baseline %.2f", model,
             rows_figure(r, day, "brier_baseline"));
    if (isfinite(model))
        draw_whole(p, row, &at, TOKEN_DIM, text);
}

/* Dollars of each hour, the last row the axis. */
static void draw_hours(const struct pane *p, const struct rows *r)
{
    double value[HOURS_MOST], most = 0;
    size_t first = 0, n = rows_part_figures(r, "hour", "usd", value, HOURS_MOST, &first);
    char label[24];
    if (p->rows < 2 || p->cols < 20 || n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        most = value[i] > most ? value[i] : most;
    if (most == 0) {
        pane_cut(p, p->rows / 2, 7, p->cols - 7, TOKEN_DIM, "nothing spent in 24 h");
        return;
    }
    int width = p->cols - 8, step = width / (int)n < 1 ? 1 : width / (int)n;
    step = step > 4 ? 4 : step;
    struct pane area = pane_part(p, 0, 7, p->rows - 1, width);
    pane_right(p, 0, 1, 5, TOKEN_DIM, money(label, most));
    pane_vrule(p, 0, 6, p->rows - 1, TOKEN_RULE, LINE_THIN);
    chart_bars(&area, CHART_FRAME, (struct chart_range){0, most}, value, n, TOKEN_CHART_1);
    size_t cut = n > (size_t)width ? n - (size_t)width : 0;
    for (size_t i = cut; i < n; i++) {
        int col = 7 + (int)(i - cut) * step;
        if ((i - cut) % 4 == 0 && col + 2 <= p->cols)
            pane_cut(p, p->rows - 1, col, 2, TOKEN_DIM, rows_words(r, first + i, "name"));
    }
}

void draw_budget(const struct pane *p, const struct snapshot *s)
{
    const struct rows *r = &s->panel[PANEL_BUDGET].rows;
    size_t day = 0;
    if (!rows_find_part(r, "day", &day))
        return;
    bool two = p->rows >= 10, fmp = p->rows >= 9 || (p->rows >= 4 && p->rows < 6);
    bool agents = p->rows >= 8 && p->cols >= 40, more = p->rows >= 11;
    int row = 0, below = 1 + fmp + agents + more;
    draw_llm(p, row++, r, day);
    if (two)
        draw_forecast(p, row, r, day);
    else
        draw_spent(p, row, r, day);
    row += 1 + two;
    int chart = p->rows - row - below;
    if (chart >= 3) {
        struct pane area = pane_part(p, row, 0, chart > 8 ? 8 : chart, p->cols);
        draw_hours(&area, r);
        row += area.rows;
    }
    if (agents)
        draw_agents(p, row++, r);
    if (fmp)
        draw_fmp(p, row++, r, day);
    draw_left(p, row++, s, day);
    if (more)
        draw_more(p, row, r, day);
}
