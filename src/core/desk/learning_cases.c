/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a cycle looks at: the desk's decisions to buy, by what became of them. A decision that was
 * taken counts with its trade once that is closed; one that was not, with its shadow outcome. */
#include <stdio.h>
#include <string.h>

#include "core/desk/learning_private.h"
#include "quorum/calendar.h"
#include "quorum/mem.h"
#include "quorum/outcomes.h"
#include "quorum/timeutil.h"

/* Of shadow outcomes entered later only the quick are known, and stops are quicker than targets. A
 * position under way is no case yet, whatever its shadow has come to; one whose entry was never
 * filled was not taken. What was not taken while the symbol was held lives through the same prices
 * as the trade. */
#define CASES                                                                                      \
    "WITH k AS ("                                                                                  \
    " SELECT t.id AS trade, t.evaluation_id AS id, t.symbol,"                                      \
    "   COALESCE(m.market_regime, p.regime, '') AS regime, m.sentiment_score AS mood,"             \
    "   COALESCE(p.entry_day, (t.opened_at AT TIME ZONE 'America/New_York')::date) AS entered,"    \
    "   (t.closed_at AT TIME ZONE 'America/New_York')::date AS ended, t.exit_reason AS reason,"    \
    "   t.r_multiple AS r, t.closed_at"                                                            \
    " FROM trade_outcomes t LEFT JOIN trade_metadata m ON m.trade_outcome_id = t.id"               \
    "   LEFT JOIN positions p ON p.id = t.position_id"                                             \
    " WHERE t.account_id = 1 AND t.r_multiple IS NOT NULL AND t.evaluation_id IS NOT NULL"         \
    " UNION ALL "                                                                                  \
    " SELECT 0, s.evaluation_id, s.symbol, COALESCE(e.regime, ''),"                                \
    "   (SELECT v.score FROM votes v WHERE v.evaluation_id = e.id AND v.agent = 'news_analyst'"    \
    "    AND v.counted AND v.vote IN ('BUY', 'SELL', 'HOLD') AND v.score BETWEEN -1 AND 1"         \
    "    LIMIT 1), s.entry_day, s.exit_day, '', s.r_multiple, NULL"                                \
    " FROM shadow_outcomes s JOIN evaluations e ON e.id = s.evaluation_id"                         \
    " WHERE s.state = 'DONE' AND s.r_multiple IS NOT NULL AND e.decision = 'BUY'"                  \
    "   AND s.entry_day <= $1::date"                                                               \
    "   AND NOT EXISTS (SELECT FROM positions p WHERE p.evaluation_id = e.id"                      \
    "     AND (p.closed_at IS NULL OR EXISTS (SELECT FROM trade_outcomes t"                        \
    "          WHERE t.position_id = p.id)))"                                                      \
    "   AND NOT EXISTS (SELECT FROM positions p WHERE p.account_id = 1 AND p.symbol = s.symbol"    \
    "     AND p.entry_day <= s.entry_day AND (p.closed_at IS NULL"                                 \
    "       OR (p.closed_at AT TIME ZONE 'America/New_York')::date >= s.entry_day))) "             \
    "SELECT k.id, k.trade, k.symbol, k.regime, f.sector, k.mood, f.rsi, f.volume_ratio,"           \
    "  (SELECT avg(v.confidence) FROM votes v WHERE v.evaluation_id = k.id AND v.counted"          \
    "   AND v.role = 'voter' AND v.vote = e.decision), e.agree::float8 / NULLIF(e.voters, 0),"     \
    "  k.entered - DATE '1970-01-01', k.ended - DATE '1970-01-01', k.reason, k.r "                 \
    "FROM k JOIN evaluations e ON e.id = k.id"                                                     \
    "  LEFT JOIN evaluation_facts f ON f.evaluation_id = k.id "

static const struct statement lookback = {
    "learning lookback", CASES "WHERE CASE WHEN k.trade > 0"
                               " THEN k.closed_at > desk_now() - make_interval(days => $2::int)"
                               " ELSE k.entered > $1::date - $2::int END ORDER BY k.ended, k.id"};
/* All that can be known of those entered 20 sessions ago: what overlaps with what stays the same
 * whenever one looks. */
static const struct statement later = {
    "learning since discovery",
    CASES "WHERE k.entered > $2::date AND k.entered <= $1::date ORDER BY k.ended, k.id"};
static const struct statement discoveries = {
    "learning discoveries",
    "SELECT condition, day, direction FROM pattern_discoveries ORDER BY day, condition"};

static struct value number(const struct rows *r, size_t row, size_t col)
{
    bool is_null;
    double x = rows_double(r, row, col, &is_null);
    return is_null ? VALUE_UNKNOWN : VALUE(x);
}

static enum exit_reason reason_of(const char *word)
{
    for (int i = 0; i < EXIT_REASONS; i++)
        if (strcmp(exit_reason_name((enum exit_reason)i), word) == 0)
            return (enum exit_reason)i;
    return EXIT_REASONS;
}

static void copy_cell(char *dst, size_t size, const struct rows *r, size_t row, size_t col)
{
    const char *text = rows_text(r, row, col);
    copy_text(dst, size, text ? text : "");
}

static void take_cases(const struct rows *r, struct learning_cases *out)
{
    out->c = mem_array(r->nrows + 1, sizeof *out->c);
    out->trade_id = mem_array(r->nrows + 1, sizeof *out->trade_id);
    out->n = r->nrows;
    for (size_t i = 0; i < r->nrows; i++) {
        struct learning_case *k = &out->c[i];
        *k = (struct learning_case){.id = rows_int(r, i, 0),
                                    .news_mood = number(r, i, 5),
                                    .rsi = number(r, i, 6),
                                    .volume_ratio = number(r, i, 7),
                                    .confidence = number(r, i, 8),
                                    .agreement = number(r, i, 9),
                                    .entry_day = (int32_t)rows_int(r, i, 10),
                                    .exit_day = (int32_t)rows_int(r, i, 11),
                                    .exit = reason_of(rows_text(r, i, 12)),
                                    .r = number(r, i, 13).v};
        copy_cell(k->symbol, sizeof k->symbol, r, i, 2);
        copy_cell(k->regime, sizeof k->regime, r, i, 3);
        copy_cell(k->sector, sizeof k->sector, r, i, 4);
        out->trade_id[i] = rows_int(r, i, 1);
        out->trades += out->trade_id[i] > 0;
    }
}

/* Conditions that no longer stand in the table are left alone: what they once were cannot be told.
 */
static enum err load_discoveries(struct learning_run *r, struct error *e)
{
    struct rows rows = {0};
    if (db_query(r->desk->db, &discoveries, NULL, &rows, e))
        return e->kind;
    r->discovery = mem_array(rows.nrows + 1, sizeof *r->discovery);
    for (size_t i = 0; i < rows.nrows; i++) {
        const struct learning_condition *c = learning_condition_find(rows_text(&rows, i, 0));
        struct learning_discovery *d = &r->discovery[r->ndiscoveries];
        if (!c || !day_parse(rows_text(&rows, i, 1), &d->day))
            continue;
        d->condition = c->id;
        d->direction = (int)rows_int(&rows, i, 2);
        r->ndiscoveries++;
    }
    rows_release(&rows);
    return OK;
}

enum err learning_load_cases(struct learning_run *r, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    char day[11];
    if (load_discoveries(r, e))
        return e->kind;
    params_text(&p, day_print(day, r->mature));
    params_int(&p, r->days);
    if (db_query(r->desk->db, &lookback, &p, &rows, e))
        return e->kind;
    take_cases(&rows, &r->seen);
    rows_release(&rows);
    if (r->ndiscoveries == 0)
        return OK;
    params_text(&p, day_print(day, r->mature));
    params_text(&p, day_print(day, r->discovery[0].day)); /* the earliest */
    if (db_query(r->desk->db, &later, &p, &rows, e))
        return e->kind;
    take_cases(&rows, &r->since);
    rows_release(&rows);
    return OK;
}

void learning_release_cases(struct learning_run *r)
{
    mem_free(r->seen.c);
    mem_free(r->seen.trade_id);
    mem_free(r->since.c);
    mem_free(r->since.trade_id);
    mem_free(r->discovery);
    pattern_report_release(&r->report);
}
