/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One symbol: held or why not, what is planned today, and what was judged and traded before. */
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/text.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_EVALUATIONS, PART_GUARDS, PART_TRADES };

#define NEWEST                                                                                     \
    "LEFT JOIN LATERAL (SELECT * FROM evaluations v WHERE v.symbol = $1 AND v.price IS NOT NULL"   \
    "  ORDER BY v.id DESC LIMIT 1) e ON true "
#define WATCHLIST                                                                                  \
    "regexp_split_to_array(upper(COALESCE((SELECT value FROM desk_setting"                         \
    "  WHERE name = 'QUORUM_WATCHLIST' ORDER BY id DESC LIMIT 1), '')), '[ ,]+')"

const struct statement symbol_head = {
    "detail symbol",
    "SELECT $1::text AS symbol, p.id AS position_id, p.state AS position_state, p.quantity,"
    "  trim_scale(p.entry_price) AS entry_price, trim_scale(p.last_price) AS last_price,"
    "  extract(epoch FROM p.last_price_at)::bigint AS last_epoch,"
    "  100 * (p.last_price / NULLIF(p.entry_price, 0) - 1) AS pnl_pct,"
    "  trim_scale(p.quantity * p.last_price - p.cost_usd) AS pnl_usd,"
    "  $1 = ANY (" WATCHLIST ") AS watched,"
    "  e.id AS evaluation_id, trim_scale(e.price) AS price,"
    "  extract(epoch FROM e.as_of)::bigint    AS price_epoch, e.regime, e.regime_confidence,"
    "  x.d->'profile'->>'company' AS company, x.d->'profile'->>'sector' AS sector,"
    "  y.rank, y.score, to_char(y.round_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS round,"
    "  y.reason AS plan_reason,"
    "  y.day IS NOT NULL AS planned,"
    "  (SELECT CASE count(*) WHEN 1000 THEN '1000+' ELSE count(*)::text END"
    "    FROM (SELECT FROM evaluations WHERE symbol = $1 ORDER BY id DESC LIMIT 1000) n)"
    "    AS evaluations, t.trades, t.won, t.total_usd, t.mean_r,"
    "  (SELECT max(w) FROM unnest(" WATCHLIST ") w WHERE w < $1) AS older,"
    "  (SELECT min(w) FROM unnest(" WATCHLIST ") w WHERE w > $1) AS newer "
    "FROM " DETAIL_TZ " " NEWEST
    "LEFT JOIN positions p ON p.symbol = $1 AND p.closed_at IS NULL AND p.account_id = 1 "
    "LEFT JOIN LATERAL (SELECT content::jsonb AS d FROM dossiers d WHERE d.evaluation_id = e.id"
    "  ORDER BY d.created_at DESC LIMIT 1) x ON true "
    "LEFT JOIN day_plan y ON y.symbol = $1"
    "  AND y.day = (desk_now() AT TIME ZONE 'America/New_York')::date "
    "CROSS JOIN LATERAL (SELECT count(*) AS trades, count(*) FILTER (WHERE pnl_dollars > 0) AS won,"
    "    trim_scale(sum(pnl_dollars)) AS total_usd, avg(r_multiple) AS mean_r"
    "  FROM trade_outcomes WHERE symbol = $1) t "
    "WHERE e.id IS NOT NULL OR p.id IS NOT NULL OR y.day IS NOT NULL OR $1 = ANY (" WATCHLIST ")"
    "  OR (SELECT id FROM evaluations WHERE symbol = $1 ORDER BY id DESC LIMIT 1) IS NOT NULL"};

const struct statement symbol_evaluations = {
    "detail symbol evaluations",
    "SELECT e.id, to_char(e.created_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS at,"
    "  COALESCE(e.decision, e.state) AS decision,"
    "  e.agreement, trim_scale(e.price) AS price, e.regime, e.shares, e.order_result,"
    "  COALESCE(e.order_result, e.consensus_reason, e.state_reason) AS why, s.outcome,"
    "  s.r_multiple FROM " DETAIL_TZ
    " CROSS JOIN evaluations e LEFT JOIN shadow_outcomes s ON s.evaluation_id = e.id "
    "WHERE e.symbol = $1 ORDER BY e.id DESC LIMIT 12"};

/* As for a new position at the newest evaluation's price, stop and sector. */
const struct statement symbol_guards = {
    "detail symbol guards",
    "SELECT g.name, trim_scale(round(g.value, 2)) AS value, trim_scale(round(g.guard_limit, 2))"
    "  AS guard_limit, g.unit, trim_scale(round(g.distance, 2)) AS distance, g.blocks,"
    "  g.max_shares, g.text FROM (SELECT 1) one " NEWEST
    "CROSS JOIN LATERAL guards($1::text, e.price, CASE WHEN COALESCE(e.stop_loss_pct,"
    "    e.barrier_stop_pct) > 0 THEN COALESCE(e.stop_loss_pct, e.barrier_stop_pct) END,"
    "  (SELECT x.content::jsonb->'profile'->>'sector' FROM dossiers x"
    "   WHERE x.evaluation_id = e.id ORDER BY x.created_at DESC LIMIT 1)) g"};

const struct statement symbol_trades = {
    "detail symbol trades",
    "SELECT t.id, to_char(t.closed_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS closed,"
    "  trim_scale(t.pnl_dollars) AS pnl_usd,"
    "  t.pnl_pct, t.r_multiple, t.exit_reason FROM " DETAIL_TZ " CROSS JOIN trade_outcomes t "
    "WHERE t.symbol = $1 ORDER BY t.created_at DESC, t.id DESC LIMIT 10"};

static void held_line(struct page *g)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE], age[PAGE_CELL];
    const char *pnl = page_fact(g, "pnl_usd");
    bool held = page_fact(g, "position_id") != NULL;
    if (held)
        page_item(g);
    page_label(g, "POSITION");
    if (!held) {
        page_say(g, TOKEN_DIM, "none");
        return;
    }
    page_say(g, TOKEN_FG, "#%s %s", page_fact(g, "position_id"), page_fact(g, "position_state"));
    page_say(g, TOKEN_FG, "%s @ %s", page_fact(g, "quantity"),
             price_text(a, g, page_fact(g, "entry_price")));
    page_say(g, TOKEN_FG, "last %s", price_text(a, g, page_fact(g, "last_price")));
    page_more(g, TOKEN_DIM, "%s old", age_text(age, g, page_fact(g, "last_epoch")));
    page_say(g, style_of_sign(pnl), "%s (%s)", figure_text(a, FIGURE_PROFIT, pnl),
             figure_text(b, FIGURE_CHANGE, page_fact(g, "pnl_pct")));
}

static void known_lines(struct page *g)
{
    char a[FIGURE_SIZE], age[PAGE_CELL];
    page_label(g, "SYMBOL");
    page_say(g, TOKEN_FG | STYLE_BOLD, "%s", page_fact(g, "symbol"));
    if (page_fact(g, "company"))
        page_say(g, TOKEN_FG, "%s", page_fact(g, "company"));
    if (page_fact(g, "sector") && *page_fact(g, "sector"))
        page_say(g, TOKEN_DIM, "%s", page_fact(g, "sector"));
    page_say(g, TOKEN_DIM, page_flag(g, "watched") ? "on the watchlist" : "not on the watchlist");
    page_label(g, "PRICE");
    if (page_fact(g, "price")) {
        page_say(g, TOKEN_FG, "%s", price_text(a, g, page_fact(g, "price")));
        page_more(g, TOKEN_DIM, "at #%s, %s old", page_fact(g, "evaluation_id"),
                  age_text(age, g, page_fact(g, "price_epoch")));
    } else {
        page_say(g, TOKEN_DIM, "not known yet");
    }
    if (page_fact(g, "regime"))
        page_say(g, TOKEN_FG, "regime %s %s", page_fact(g, "regime"),
                 figure_text(a, FIGURE_RATE, page_fact(g, "regime_confidence")));
    held_line(g);
    page_label(g, "TODAY");
    if (!page_flag(g, "planned"))
        page_say(g, TOKEN_DIM, "no plan for it today");
    else if (page_fact(g, "round"))
        page_say(g, TOKEN_FG, "to be judged at %s, rank %s", page_fact(g, "round"),
                 page_fact(g, "rank"));
    else
        page_say(g, TOKEN_FG, "%s",
                 page_fact(g, "plan_reason") && *page_fact(g, "plan_reason")
                     ? page_fact(g, "plan_reason")
                     : "not planned");
    page_label(g, "RECORD");
    page_say(g, TOKEN_FG, "%s evaluations", page_fact(g, "evaluations"));
    page_say(g, TOKEN_FG, "%s trades, %s won", page_fact(g, "trades"), page_fact(g, "won"));
    if (page_fact(g, "total_usd")) {
        page_more(g, style_of_sign(page_fact(g, "total_usd")), "%s",
                  figure_text(a, FIGURE_PROFIT, page_fact(g, "total_usd")));
        page_more(g, TOKEN_FG, "mean R %s", figure_text(a, FIGURE_R, page_fact(g, "mean_r")));
    }
}

static const char *guard_figure(char dst[FIGURE_SIZE], const char *stored, bool money)
{
    return stored && money ? figure_text(dst, FIGURE_MONEY, stored) : stored;
}

static void guards_lines(struct page *g)
{
    static const struct page_column columns[] = {{"GUARD", 14, false, 0}, {"VALUE", 11, true, 0},
                                                 {"LIMIT", 9, true, 0},   {"UNIT", 9, false, 44},
                                                 {"LEFT", 11, true, 60},  {"SHARES", 8, true, 72},
                                                 {"WHY", 0, false, 60}};
    const struct rows *r = page_rows(g, PART_GUARDS);
    page_heading(g, "GUARDS", "for a new position now; the smallest number of shares wins");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM, page_came(g, PART_GUARDS) ? "its price is not known" : "loading",
                  0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char value[FIGURE_SIZE], limit[FIGURE_SIZE], left[FIGURE_SIZE];
        bool blocks = rows_bool(r, i, 5), money = strcmp(rows_named(r, i, "unit"), "$") == 0;
        const struct page_cell cells[] = {
            {rows_named(r, i, "name"), blocks ? TOKEN_SEV_WARN : TOKEN_FG},
            {guard_figure(value, rows_named(r, i, "value"), money), TOKEN_FG},
            {guard_figure(limit, rows_named(r, i, "guard_limit"), money), TOKEN_FG},
            {rows_named(r, i, "unit"), TOKEN_DIM},
            {guard_figure(left, rows_named(r, i, "distance"), money), TOKEN_FG},
            {rows_named(r, i, "max_shares"), TOKEN_FG},
            {blocks || *rows_named(r, i, "text") ? rows_named(r, i, "text") : "passes",
             blocks ? TOKEN_SEV_WARN : TOKEN_DIM},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, false);
    }
}

static void evaluations_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"EVAL", 7, false, 0},  {"WHEN", 11, false, 0}, {"DECISION", 9, false, 0},
        {"VOTES", 5, true, 40}, {"PRICE", 9, true, 50}, {"REGIME", 9, false, 60},
        {"CAME", 6, false, 72}, {"WHY", 0, false, 72}};
    const struct rows *r = page_rows(g, PART_EVALUATIONS);
    page_heading(g, "LAST EVALUATIONS", "Enter opens one");
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM,
                  page_came(g, PART_EVALUATIONS) ? "none yet: :evaluate SYMBOL" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], price[FIGURE_SIZE];
        const char *decision = rows_named(r, i, "decision");
        snprintf(id, sizeof id, "#%.20s", rows_named(r, i, "id"));
        const struct page_cell cells[] = {
            {id, TOKEN_FG},
            {rows_named(r, i, "at"), TOKEN_FG},
            {decision, style_of_vote(decision)},
            {rows_named(r, i, "agreement"), TOKEN_FG},
            {price_text(price, g, rows_named(r, i, "price")), TOKEN_FG},
            {rows_named(r, i, "regime"), TOKEN_FG},
            {rows_named(r, i, "outcome"), TOKEN_FG},
            {rows_named(r, i, "why"), TOKEN_DIM},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

static void trades_table(struct page *g)
{
    static const struct page_column columns[] = {{"TRADE", 7, false, 0}, {"CLOSED", 11, false, 0},
                                                 {"P&L $", 10, true, 0}, {"P&L %", 8, true, 0},
                                                 {"R", 6, true, 44},     {"REASON", 0, false, 60}};
    const struct rows *r = page_rows(g, PART_TRADES);
    if (r->nrows == 0)
        return;
    page_heading(g, "TRADES", "Enter opens one");
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], usd[FIGURE_SIZE], pct[FIGURE_SIZE], mult[FIGURE_SIZE];
        const char *pnl = rows_named(r, i, "pnl_usd");
        snprintf(id, sizeof id, "#%.20s", rows_named(r, i, "id"));
        const struct page_cell cells[] = {
            {id, TOKEN_FG},
            {rows_named(r, i, "closed"), TOKEN_FG},
            {figure_text(usd, FIGURE_PROFIT, pnl), style_of_sign(pnl)},
            {figure_text(pct, FIGURE_CHANGE, rows_named(r, i, "pnl_pct")), style_of_sign(pnl)},
            {figure_text(mult, FIGURE_R, rows_named(r, i, "r_multiple")), TOKEN_FG},
            {rows_named(r, i, "exit_reason"), TOKEN_FG},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

static void body(struct page *g)
{
    struct detail_view *v = g->view;
    if (!page_ready(g, "symbol", "nothing is known of it: :watch add SYMBOL, or :evaluate SYMBOL"))
        return;
    copy_text(v->title, sizeof v->title, page_fact(g, "position_id") ? "held" : "not held");
    known_lines(g);
    evaluations_table(g);
    guards_lines(g);
    trades_table(g);
}

int draw_symbol(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, body);
}

/* The position, then the evaluations, then the trades. */
void symbol_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX])
{
    const struct rows *head = &s->detail[PART_HEAD].rows;
    const struct rows *e = &s->detail[PART_EVALUATIONS].rows, *t = &s->detail[PART_TRADES].rows;
    const char *position = head->nrows ? rows_named(head, 0, "position_id") : NULL;
    int item = v->item - (position != NULL);
    out[0] = '\0';
    if (position && v->item == 0)
        snprintf(out, OBJECT_MAX, "position %.30s", position);
    else if (item >= 0 && (size_t)item < e->nrows)
        snprintf(out, OBJECT_MAX, "evaluation %.30s", rows_named(e, (size_t)item, "id"));
    else if (item >= 0 && (size_t)item - e->nrows < t->nrows)
        snprintf(out, OBJECT_MAX, "trade %.30s", rows_named(t, (size_t)item - e->nrows, "id"));
}
