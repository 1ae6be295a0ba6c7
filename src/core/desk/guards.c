/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guards as guards() of the database tells them; no rule and no limit stands here. */
#include "quorum/guards.h"

#include "quorum/buf.h"
#include "quorum/text.h"

/* For one symbol: price, stop and sector of its newest evaluation that has them. */
static const struct statement load = {
    "guards",
    "WITH e AS (SELECT id, price, COALESCE(stop_loss_pct, barrier_stop_pct) AS stop"
    "  FROM evaluations WHERE symbol = $1 AND price IS NOT NULL"
    "    AND COALESCE(stop_loss_pct, barrier_stop_pct) > 0 ORDER BY id DESC LIMIT 1) "
    "SELECT g.name, trim_scale(round(g.value, 4)), trim_scale(round(g.guard_limit, 4)), g.unit,"
    "  trim_scale(round(g.distance, 4)), g.blocks, g.max_shares, g.text "
    "FROM (SELECT 1) one LEFT JOIN e ON true"
    "  LEFT JOIN LATERAL (SELECT d.content::jsonb->'profile'->>'sector' AS sector FROM dossiers d"
    "    WHERE d.evaluation_id = e.id ORDER BY d.created_at DESC LIMIT 1) s ON true,"
    "  LATERAL guards($1, e.price, e.stop, s.sector) g"};

static const char *clean(struct arena *a, const char *text)
{
    if (!text)
        return NULL;
    struct buf b = {0};
    sanitize(&b, untrusted(text), TEXT_LINE, 0);
    const char *copy = arena_text(a, buf_text(&b));
    buf_release(&b);
    return copy;
}

enum err guards_load(struct desk *d, const char *symbol, struct arena *a, struct guard **out,
                     size_t *n, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    *n = 0;
    params_text(&p, symbol);
    if (db_query(d->db, &load, &p, &r, e))
        return e->kind;
    struct guard *g = arena_alloc(a, (r.nrows + 1) * sizeof *g);
    for (size_t i = 0; i < r.nrows; i++)
        g[i] = (struct guard){
            .name = clean(a, rows_text(&r, i, 0)),
            .value = clean(a, rows_text(&r, i, 1)),
            .limit = clean(a, rows_text(&r, i, 2)),
            .unit = clean(a, rows_text(&r, i, 3)),
            .distance = clean(a, rows_text(&r, i, 4)),
            .blocks = rows_bool(&r, i, 5),
            .max_shares = rows_text(&r, i, 6) ? rows_int(&r, i, 6) : -1,
            .text = clean(a, rows_text(&r, i, 7)),
        };
    *out = g;
    *n = r.nrows;
    rows_release(&r);
    return OK;
}
