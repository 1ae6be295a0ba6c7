/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One agent: what its calls cost and how they end, and whether its word is worth it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "ui/chart.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_ERRORS, PART_LATENCY, PART_SCORES, PART_BINS, PART_PROMPTS, PART_LAST };
enum { WEEKS_LEAST = 8, BAR_LEAST = 14, BAR_MOST = 54 };

/* An agent is one that a prompt, a call or a vote knows. Calls are those of a model. */
const struct statement agent_head = {
    "detail agent",
    "WITH c AS (SELECT * FROM agent_interactions WHERE agent_name = $1 AND model IS NOT NULL"
    "  AND created_at > desk_now() - interval '7 days') "
    "SELECT $1::text AS agent, count(*) AS calls,"
    "  count(*) FILTER (WHERE created_at > desk_now() - interval '1 day') AS calls_day,"
    "  sum(cost_usd) AS cost_usd,"
    "  sum(cost_usd) FILTER (WHERE created_at > desk_now() - interval '1 day') AS cost_day,"
    "  sum(input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens)"
    "    AS tokens_in, sum(output_tokens) AS tokens_out, sum(cache_read_tokens) AS tokens_cached,"
    "  percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms) AS p50,"
    "  percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_ms) AS p95,"
    "  max(latency_ms) AS slowest,"
    "  count(*) FILTER (WHERE status IN ('FAILED', 'PRESUMED')) AS bad,"
    "  (SELECT model FROM c ORDER BY id DESC LIMIT 1) AS model,"
    "  (SELECT role FROM votes WHERE agent = $1 AND evaluation_id > (SELECT max(id) - 1000"
    "    FROM evaluations) ORDER BY evaluation_id DESC LIMIT 1) AS role,"
    "  (SELECT kind = 'demo' FROM desk) AS simulated,"
    "  (SELECT count(*) FROM votes v WHERE v.evaluation_id >= (SELECT min(evaluation_id) FROM c)"
    "    AND v.agent = $1 AND v.source = 'model' AND v.vote <> 'FAILED') AS votes,"
    "  (SELECT max(a.agent_name) FROM agent_prompts a WHERE a.agent_name < $1) AS older,"
    "  (SELECT min(a.agent_name) FROM agent_prompts a WHERE a.agent_name > $1) AS newer "
    "FROM c HAVING EXISTS (SELECT FROM agent_prompts WHERE agent_name = $1)"
    "  OR EXISTS (SELECT FROM agent_daily_metrics WHERE agent_name = $1) OR count(*) > 0"};

const struct statement agent_errors = {
    "detail agent errors",
    "SELECT k.kind, count(*) AS n, max(k.error) AS example FROM (SELECT CASE"
    "  WHEN error ~* 'time.?out|timed out|no reply' THEN 'timeout'"
    "  WHEN error ~* '429|rate' THEN 'rate limit' WHEN error ~* '401|403|key' THEN 'key'"
    "  WHEN error ~* '5[0-9][0-9]|overload' THEN 'server'"
    "  WHEN error ~* 'form|json|field|range|refus|max_tokens' THEN 'form'"
    "  WHEN status = 'PRESUMED' THEN 'presumed spent' ELSE 'other' END AS kind,"
    "  left(error, 200) AS error FROM agent_interactions WHERE agent_name = $1"
    "  AND status IN ('FAILED', 'PRESUMED') AND created_at > desk_now() - interval '7 days') k "
    "GROUP BY k.kind ORDER BY count(*) DESC, k.kind LIMIT 20"};

const struct statement agent_latency = {
    "detail agent latency",
    "SELECT b.name, count(i.id) AS n FROM (VALUES (1, '<0.1s', 0, 100), (2, '<0.5s', 100, 500),"
    "  (3, '<1s', 500, 1000), (4, '<2s', 1000, 2000), (5, '<5s', 2000, 5000),"
    "  (6, '<10s', 5000, 10000), (7, '<30s', 10000, 30000), (8, '30s+', 30000, 2147483647))"
    "  b (rank, name, low, high) LEFT JOIN agent_interactions i ON i.agent_name = $1"
    "  AND i.model IS NOT NULL AND i.created_at > desk_now() - interval '7 days'"
    "  AND i.latency_ms >= b.low AND i.latency_ms < b.high GROUP BY b.rank,"
    "  b.name ORDER BY b.rank"};

/* Of the last evaluations that were scored: what it is like now, and no more rows than that. What
 * belongs to them is read by its index (OFFSET 0): the planner cannot know how few they are. */
#define RECENT                                                                                     \
    "r AS MATERIALIZED (SELECT * FROM (SELECT * FROM vote_scores ORDER BY evaluation_id DESC"      \
    "  LIMIT 30000) x WHERE agent = $1)"
#define ITS_VOTE(s)                                                                                \
    "CROSS JOIN LATERAL (SELECT * FROM votes WHERE evaluation_id = " s ".evaluation_id"            \
    "  AND agent = " s ".agent AND source = " s ".source OFFSET 0) v "

/* Both sources on the evaluations where both were scored, so that they are about the same. The gain
 * of the model is told with a standard error that takes the votes of a week for one event: they
 * share a market. */
const struct statement agent_scores = {
    "detail agent scores",
    "WITH " RECENT ", d AS (SELECT s.evaluation_id, s.brier AS model, o.brier AS base,"
    "    date_trunc('week', e.created_at) AS week FROM r s JOIN r o"
    "    ON o.evaluation_id = s.evaluation_id AND o.source = 'baseline' CROSS JOIN LATERAL"
    "    (SELECT created_at FROM evaluations WHERE id = s.evaluation_id OFFSET 0) e"
    "  WHERE s.source = 'model'), "
    "g AS (SELECT avg(base - model) AS gain, count(*) AS n FROM d), "
    "w AS (SELECT count(*) AS weeks, sqrt(sum(x.off * x.off)) / max(g.n) AS se FROM g,"
    "   (SELECT sum(d.base - d.model - g.gain) AS off FROM d, g GROUP BY d.week) x) "
    "SELECT s.source, count(*) AS n, avg(s.brier) AS brier,"
    "  avg(((v.vote = 'BUY') = (s.y > 0.5))::int) FILTER (WHERE v.vote IN ('BUY', 'SELL'))"
    "    AS hit, count(*) FILTER (WHERE v.vote IN ('BUY', 'SELL')) AS opinions,"
    "  max(g.gain) AS gain, max(w.se) AS se, max(w.weeks) AS weeks "
    "FROM d JOIN r s ON s.evaluation_id = d.evaluation_id " ITS_VOTE(
        "s") "CROSS JOIN g CROSS JOIN w "
             "GROUP BY s.source ORDER BY s.source DESC"};

/* `fitted`: what such votes come to by the map that is refitted after each scoring. */
const struct statement agent_bins = {
    "detail agent bins",
    "WITH " RECENT " "
    "SELECT b.low, b.source, sum(b.n) AS n, sum(b.n * b.stated) / sum(b.n) AS stated,"
    "  sum(b.n * b.real) / sum(b.n) AS real, sum(b.n * c.real_pct) / sum(b.n) AS fitted "
    "FROM (SELECT (LEAST(floor(v.confidence / 10), 9) * 10)::int AS low, v.source, v.vote,"
    "    count(*) AS n, avg(v.confidence) AS stated,"
    "    100 * avg(((v.vote = 'BUY') = (s.y > 0.5))::int) AS real "
    "  FROM r s " ITS_VOTE(
        "s") "WHERE s.source = 'model' AND v.vote IN ('BUY', 'SELL') "
             "  GROUP BY 1, 2, 3) b CROSS JOIN LATERAL calibrated($1, 'model', b.vote, b.stated) c "
             "GROUP BY b.low, b.source ORDER BY b.low LIMIT 20"};

const struct statement agent_prompts = {
    "detail agent prompts",
    "WITH " RECENT " "
    "SELECT p.prompt_name, p.version, p.status, to_char(p.created_at AT TIME ZONE z.tz,"
    "  'MM-DD HH24:MI') AS since,"
    "  length(p.content) AS length, left(p.content_sha256, 12) AS sha, p.performance_score,"
    "  s.n, s.brier FROM " DETAIL_TZ
    " CROSS JOIN agent_prompts p LEFT JOIN LATERAL (SELECT count(*) AS n,"
    "    avg(q.brier) AS brier FROM r q " ITS_VOTE(
        "q") "    WHERE q.source = 'model' AND v.prompt_version = p.version) s"
             "  ON p.prompt_name = 'system' "
             "WHERE p.agent_name = $1 ORDER BY p.prompt_name, p.version DESC LIMIT 40"};

const struct statement agent_last = {
    "detail agent last",
    "SELECT v.evaluation_id, e.symbol, to_char(e.created_at AT TIME ZONE z.tz,"
    "  'MM-DD HH24:MI') AS at, v.vote, v.answer,"
    "  v.confidence, o.outcome, s.brier, v.reason, v.source FROM " DETAIL_TZ " CROSS JOIN votes v"
    "  JOIN evaluations e ON e.id = v.evaluation_id"
    "  LEFT JOIN shadow_outcomes o ON o.evaluation_id = v.evaluation_id"
    "  LEFT JOIN vote_scores s ON s.evaluation_id = v.evaluation_id AND s.agent = v.agent"
    "    AND s.source = v.source "
    "WHERE v.agent = $1 AND v.evaluation_id > (SELECT max(id) - 5000 FROM evaluations)"
    "  AND (v.source = 'model' OR (v.counted AND NOT EXISTS (SELECT FROM votes m"
    "    WHERE m.evaluation_id = v.evaluation_id AND m.agent = v.agent AND m.source = 'model'))) "
    "ORDER BY v.evaluation_id DESC, v.source LIMIT 20"};

static const char *fixed(char dst[PAGE_CELL], const char *text, int places)
{
    double v;
    if (!text || !text_to_double(text, &v))
        return NULL;
    snprintf(dst, PAGE_CELL, "%.*f", places, round_half_away(v, places));
    return dst;
}

static const char *grouped(char dst[PAGE_CELL], const char *count)
{
    int64_t n = 0;
    if (count)
        whole_number(count, &n);
    return decimal_group(dst, PAGE_CELL, n, 0, 0);
}

static void calls_lines(struct page *g)
{
    char a[PAGE_CELL], b[PAGE_CELL], c[PAGE_CELL];
    int64_t calls = page_number(g, "calls"), votes = page_number(g, "votes");
    const char *usd = page_fact(g, "cost_usd");
    double cost = 0;
    page_label(g, "AGENT");
    page_say(g, TOKEN_FG, "%s", page_fact(g, "role") ? page_fact(g, "role") : "has not voted");
    page_say(g, TOKEN_FG, "%s",
             page_fact(g, "model") ? short_model(a, page_fact(g, "model")) : "no model in 7 days");
    page_label(g, "CALLS");
    page_say(g, TOKEN_FG, "7 days %s", grouped(a, page_fact(g, "calls")));
    page_say(g, TOKEN_FG, "24 h %s", grouped(a, page_fact(g, "calls_day")));
    if (calls == 0)
        return;
    page_say(g, page_number(g, "bad") ? TOKEN_SEV_WARN : TOKEN_FG, "failed %s (%.1f%%)",
             grouped(a, page_fact(g, "bad")), 100 * (double)page_number(g, "bad") / (double)calls);
    page_label(g, "COST");
    page_say(g, TOKEN_FG, "7 days $%s", fixed(a, usd, 4) ? a : "0");
    page_say(g, TOKEN_FG, "24 h $%s", fixed(b, page_fact(g, "cost_day"), 4) ? b : "0");
    if (votes > 0 && usd && text_to_double(usd, &cost))
        page_say(g, TOKEN_FG, "a vote $%.5f", cost / (double)votes);
    if (page_flag(g, "simulated"))
        page_say(g, TOKEN_DIM, "(simulated)");
    page_label(g, "TOKENS");
    page_say(g, TOKEN_FG, "in %s", grouped(a, page_fact(g, "tokens_in")));
    page_say(g, TOKEN_FG, "of it cached %s", grouped(b, page_fact(g, "tokens_cached")));
    page_say(g, TOKEN_FG, "out %s", grouped(c, page_fact(g, "tokens_out")));
    page_label(g, "LATENCY");
    page_say(g, TOKEN_FG, "p50 %s", latency_text(a, page_fact(g, "p50")));
    page_say(g, TOKEN_FG, "p95 %s", latency_text(b, page_fact(g, "p95")));
    page_say(g, TOKEN_FG, "slowest %s", latency_text(c, page_fact(g, "slowest")));
}

static void latency_bars(struct page *g)
{
    const struct rows *r = page_rows(g, PART_LATENCY);
    int64_t most = 0;
    for (size_t i = 0; i < r->nrows; i++) {
        int64_t n = 0;
        whole_number(rows_named(r, i, "n"), &n);
        most = n > most ? n : most;
    }
    if (most == 0)
        return;
    for (size_t i = 0; i < r->nrows; i++) {
        struct page_picture picture;
        int64_t n = 0;
        char name[PAGE_CELL];
        whole_number(rows_named(r, i, "n"), &n);
        page_picture(g, &picture, 1);
        pane_right(&picture.pane, 0, g->indent, 6, TOKEN_DIM, rows_named(r, i, "name"));
        pane_right(&picture.pane, 0, g->indent + 7, 7, TOKEN_FG,
                   grouped(name, rows_named(r, i, "n")));
        chart_bar(&picture.pane, CHART_FRAME, 0, g->indent + 15, g->cols - g->indent - 17,
                  (double)n, (double)most, TOKEN_CHART_1);
        page_picture_end(g, &picture);
    }
}

static void error_lines(struct page *g)
{
    const struct rows *r = page_rows(g, PART_ERRORS);
    page_label(g, "ERRORS");
    if (r->nrows == 0)
        page_say(g, TOKEN_DIM, page_came(g, PART_ERRORS) ? "none in 7 days" : "loading");
    for (size_t i = 0; i < r->nrows; i++) {
        if (i)
            page_label(g, "");
        page_say(g, TOKEN_SEV_WARN, "%s %s", rows_named(r, i, "n"), rows_named(r, i, "kind"));
        if (rows_named(r, i, "example"))
            page_say(g, TOKEN_DIM, "%s", rows_named(r, i, "example"));
    }
}

/* Whether the gain is more than chance: 95 % of it, weeks taken as one event each. */
static void verdict_lines(struct page *g, const struct rows *r)
{
    double gain, se;
    int64_t weeks = 0;
    const char *by = rows_named(r, 0, "gain"), *error = rows_named(r, 0, "se");
    if (!by || !text_to_double(by, &gain))
        return;
    whole_number(rows_named(r, 0, "weeks"), &weeks);
    page_label(g, "");
    if (!error || !text_to_double(error, &se) || weeks < WEEKS_LEAST) {
        page_say(g, TOKEN_SEV_WARN, "the model %s by %.3f", gain > 0 ? "is better" : "is worse",
                 gain > 0 ? gain : -gain);
        page_say(g, TOKEN_DIM, "not proven: %lld weeks, %d are needed", (long long)weeks,
                 WEEKS_LEAST);
        return;
    }
    double low = gain - 1.96 * se, high = gain + 1.96 * se;
    page_say(g, low > 0 ? TOKEN_PNL_UP : TOKEN_SEV_WARN, "%s",
             low > 0    ? "the model beats its free baseline"
             : high < 0 ? "the free baseline beats the model"
                        : "not proven: 0 lies inside");
    page_say(g, TOKEN_FG, "gain in Brier a vote %+.3f, 95%% [%+.3f, %+.3f]", gain, low, high);
}

static void score_lines(struct page *g)
{
    char brier[PAGE_CELL];
    const struct rows *r = page_rows(g, PART_SCORES);
    page_heading(g, "DOES THE MODEL BEAT ITS BASELINE?",
                 "last 5000 evaluations; Brier: 0 perfect, 0.25 a coin");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM,
                  page_came(g, PART_SCORES) ? "not measured yet: no outcome is known" : "loading",
                  0);
        return;
    }
    for (size_t i = 0; i < r->nrows; i++) {
        double hit;
        const char *source = rows_named(r, i, "source"), *share = rows_named(r, i, "hit");
        page_label(g, strcmp(source, "model") == 0 ? "MODEL" : "BASELINE");
        page_say(g, TOKEN_FG, "Brier %s", fixed(brier, rows_named(r, i, "brier"), 3));
        if (share && text_to_double(share, &hit))
            page_say(g, TOKEN_FG, "right %.0f%% of %s BUY and SELL", round_half_away(100 * hit, 0),
                     rows_named(r, i, "opinions"));
        page_say(g, TOKEN_DIM, "n %s", rows_named(r, i, "n"));
    }
    verdict_lines(g, r);
}

/* Wilson's score interval (1927) at 95 %, of a share in percent. */
static void wilson(double percent, double n, double *low, double *high)
{
    static const double z = 1.96;
    double p = percent / 100, mid = p + z * z / (2 * n);
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)), whole = 1 + z * z / n;
    *low = 100 * (mid - half) / whole;
    *high = 100 * (mid + half) / whole;
}

/* " 80-89  84%  61%  41-78   22  58%  [######:....]": filled to what came true, a mark where it was
 * stated. */
static void bin_row(struct page *g, const struct rows *r, size_t i,
                    const struct page_column *columns, size_t ncolumns, int bar)
{
    char bin[32], stated[FIGURE_SIZE], real[FIGURE_SIZE], fitted[FIGURE_SIZE], range[32] = "-";
    int64_t low = 0, n = 0;
    double is = 0, said = 0, from = 0, to = 100;
    whole_number(rows_named(r, i, "low"), &low);
    whole_number(rows_named(r, i, "n"), &n);
    snprintf(bin, sizeof bin, low >= 90 ? "%lld+" : "%lld-%lld", (long long)low,
             (long long)low + 9);
    const char *truth = rows_named(r, i, "real"), *word = rows_named(r, i, "stated");
    if (n > 0 && truth && text_to_double(truth, &is) && is >= 0 && is <= 100) {
        wilson(is, (double)n, &from, &to);
        snprintf(range, sizeof range, "%.0f-%.0f", from, to);
    }
    bool off = word && text_to_double(word, &said) && strcmp(range, "-") != 0 &&
               (said < from || said > to);
    const struct page_cell cells[] = {
        {bin, TOKEN_FG},
        {figure_text(stated, FIGURE_RATE, word), TOKEN_FG},
        {figure_text(real, FIGURE_RATE, truth), off ? TOKEN_SEV_WARN : TOKEN_FG},
        {range, TOKEN_DIM},
        {rows_named(r, i, "n"), TOKEN_FG},
        {figure_text(fitted, FIGURE_RATE, rows_named(r, i, "fitted")), TOKEN_FG},
    };
    page_cells(g, columns, ncolumns, cells, false);
    if (g->cols - bar < BAR_LEAST)
        return;
    struct page_picture picture;
    g->line--; /* behind the figures */
    page_picture(g, &picture, 1);
    int width = g->cols - bar - 2;
    chart_gauge(&picture.pane, CHART_FRAME, 0, bar, width > BAR_MOST ? BAR_MOST : width, is, said,
                100);
    page_picture_end(g, &picture);
}

static void calibration_table(struct page *g)
{
    static const struct page_column columns[] = {{"STATED", 7, false, 0}, {"MEAN", 5, true, 0},
                                                 {"REAL", 5, true, 0},    {"95 %", 7, false, 0},
                                                 {"N", 5, true, 0},       {"FITTED", 6, true, 0}};
    const struct rows *r = page_rows(g, PART_BINS);
    page_heading(g, "STATED AGAINST REAL", "BUY and SELL; the mark is what was stated");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM, page_came(g, PART_BINS) ? "not measured yet" : "loading", 0);
        return;
    }
    int bar = 2;
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        bar += columns[i].width + 1;
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++)
        bin_row(g, r, i, columns, ARRAY_LEN(columns), bar);
}

static void prompts_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"PROMPT", 8, false, 0}, {"V", 3, true, 0},        {"STATUS", 8, false, 0},
        {"SINCE", 11, false, 0}, {"CHARS", 6, true, 50},   {"VOTES", 6, true, 60},
        {"BRIER", 6, true, 60},  {"SHA-256", 0, false, 72}};
    const struct rows *r = page_rows(g, PART_PROMPTS);
    page_heading(g, "PROMPT VERSIONS", NULL);
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM, page_came(g, PART_PROMPTS) ? "none are stored" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char brier[PAGE_CELL];
        const struct page_cell cells[] = {
            {rows_named(r, i, "prompt_name"), TOKEN_FG},
            {rows_named(r, i, "version"), TOKEN_FG},
            {rows_named(r, i, "status"), TOKEN_FG},
            {rows_named(r, i, "since"), TOKEN_FG},
            {rows_named(r, i, "length"), TOKEN_FG},
            {rows_named(r, i, "n"), TOKEN_FG},
            {fixed(brier, rows_named(r, i, "brier"), 3), TOKEN_FG},
            {rows_named(r, i, "sha"), TOKEN_DIM},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, false);
    }
}

static void last_table(struct page *g)
{
    static const struct page_column columns[] = {{"EVAL", 7, false, 0},  {"WHEN", 11, false, 50},
                                                 {"SYM", 6, false, 0},   {"VOTE", 8, false, 0},
                                                 {"CONF", 5, true, 0},   {"CAME", 6, false, 44},
                                                 {"BRIER", 5, true, 60}, {"IT SAID", 0, false, 72}};
    const struct rows *r = page_rows(g, PART_LAST);
    page_heading(g, "LAST VOTES", "Enter opens the evaluation");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM, page_came(g, PART_LAST) ? "none yet" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], conf[FIGURE_SIZE], brier[PAGE_CELL], quote[300];
        const char *answer = rows_named(r, i, "answer");
        const char *vote = answer && *answer ? answer : rows_named(r, i, "vote");
        bool code = strcmp(rows_named(r, i, "source"), "model") != 0;
        snprintf(id, sizeof id, "#%.20s", rows_named(r, i, "evaluation_id"));
        snprintf(quote, sizeof quote, code ? "%.280s" : "\"%.280s\"", rows_named(r, i, "reason"));
        const struct page_cell cells[] = {
            {id, TOKEN_FG},
            {rows_named(r, i, "at"), TOKEN_FG},
            {rows_named(r, i, "symbol"), TOKEN_FG},
            {vote, style_of_vote(vote)},
            {figure_text(conf, FIGURE_RATE, rows_named(r, i, "confidence")), TOKEN_FG},
            {rows_named(r, i, "outcome"), TOKEN_FG},
            {fixed(brier, rows_named(r, i, "brier"), 2), TOKEN_FG},
            {quote, TOKEN_DIM},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

static void body(struct page *g)
{
    struct detail_view *v = g->view;
    if (!page_ready(g, "agent", "all: panel 5, or :agents"))
        return;
    v->title[0] = '\0';
    calls_lines(g);
    latency_bars(g);
    error_lines(g);
    score_lines(g);
    calibration_table(g);
    prompts_table(g);
    last_table(g);
}

int draw_agent(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, body);
}

void agent_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX])
{
    const struct rows *r = &s->detail[PART_LAST].rows;
    out[0] = '\0';
    if (v->item >= 0 && (size_t)v->item < r->nrows)
        snprintf(out, OBJECT_MAX, "evaluation %.30s",
                 rows_named(r, (size_t)v->item, "evaluation_id"));
}
