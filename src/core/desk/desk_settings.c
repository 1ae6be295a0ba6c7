/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Desk-wide settings: versioned rows, seeded once by whoever opens the desk first. */
#include <string.h>

#include "core/desk/desk_private.h"
#include "quorum/buf.h"
#include "quorum/evaluation.h"
#include "quorum/money.h"
#include "quorum/text.h"

/* Makes a new desk whole or does nothing: its row, its account with the start capital, and the
 * settings of the process that opened it. One statement, so that of many at once one wins: the
 * others neither insert the desk nor see it in their snapshot, and so add no settings of theirs. An
 * older desk gets those it lacks. */
static const struct statement seed = {
    "desk seed", "WITH opened AS ("
                 "  INSERT INTO desk (name, kind, seed) VALUES ($1, $1, $2::bigint)"
                 "  ON CONFLICT (id) DO NOTHING RETURNING id"
                 "), account AS ("
                 "  INSERT INTO accounts (id, name) SELECT 1, 'main' FROM opened RETURNING id"
                 "), tx AS (SELECT gen_random_uuid() AS id), capital AS ("
                 "  INSERT INTO ledger (transaction_id, account_id, book, amount_usd, memo)"
                 "  SELECT tx.id, account.id, line.book, line.sign * $3::numeric, 'start capital'"
                 "  FROM account, tx, (VALUES ('cash', 1), ('capital', -1)) AS line (book, sign)"
                 ") "
                 "INSERT INTO desk_setting (name, value, origin, set_by)"
                 "  SELECT s->>'name', s->>'value', s->>'origin', $5"
                 "  FROM jsonb_array_elements($4::jsonb) AS s"
                 "  WHERE (EXISTS (SELECT FROM opened) OR EXISTS (SELECT FROM desk))"
                 "    AND NOT EXISTS (SELECT FROM desk_setting d WHERE d.name = s->>'name')"};
static const struct statement partitions = {"desk partitions",
                                            "SELECT ensure_partitions(desk_now())"};
static const struct statement load = {"desk settings",
                                      "SELECT DISTINCT ON (name) name, value, set_by,"
                                      "  set_at, origin "
                                      "FROM desk_setting ORDER BY name, id DESC"};
static const struct statement adopt = {
    "desk setting adopt",
    "WITH old AS (SELECT value FROM desk_setting WHERE name = $1 ORDER BY id DESC LIMIT 1),"
    " new AS (INSERT INTO desk_setting (name, value, origin, set_by)"
    "         VALUES ($1, $2, $3, $4) RETURNING value) "
    "SELECT audit_append($4, $5, 'settings adopt', $1, '', COALESCE((SELECT value FROM old), ''),"
    "                    (SELECT value FROM new))"};

/* The demo desk learns, from all of its short past, unless it was told otherwise. */
static const char *demo_value(const struct desk *d, enum setting_id id)
{
    bool lives = d->kind == DESK_DEMO && !d->scratch[0];
    if (!lives || settings_origin(d->settings, id) != FROM_DEFAULT)
        return NULL;
    return id == SETTING_LEARNING_ENABLED ? "true" : id == SETTING_LEARNING_LOOKBACK ? "120" : NULL;
}

static void seed_values(const struct desk *d, struct buf *json)
{
    const struct settings *s = d->settings;
    struct json j;
    json_begin(&j, json);
    json_open(&j, NULL, '[');
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        if (setting_row(id)->scope != SCOPE_DESK)
            continue;
        json_open(&j, NULL, '{');
        const char *demo = demo_value(d, id);
        json_str(&j, "name", setting_row(id)->name);
        json_str(&j, "value", demo ? demo : settings_text(s, id));
        json_str(&j, "origin", demo ? "demo desk" : setting_origin_text(settings_origin(s, id)));
        json_close(&j, '}');
    }
    json_close(&j, ']');
}

/* Voters the table of agents knows, and as many as must agree. */
static enum err check_voters(const struct desk *d, const char *voters, int64_t needed,
                             struct error *e)
{
    const struct agent *voter[VOTERS_MAX];
    size_t n;
    if (voters_parse(d->agents, voters, voter, &n, e))
        return err_wrap(e, "QUORUM_VOTERS");
    if (needed >= 1 && (size_t)needed <= n)
        return OK;
    err_set(e, ERR_USAGE,
            "MULTI_AGENT_MIN_AGREEMENT=%lld cannot be reached by the %zu voters of "
            "QUORUM_VOTERS",
            (long long)needed, n);
    return err_fix(e, "name more voters or ask for fewer votes");
}

static enum err seed_desk(struct desk *d, struct error *e)
{
    if (check_voters(d, settings_text(d->settings, SETTING_VOTERS),
                     settings_int(d->settings, SETTING_MIN_AGREEMENT), e))
        return e->kind;
    struct params p = {0}, none = {0};
    struct buf json = {0};
    params_text(&p, desk_kind_name(d->kind));
    params_int(&p, d->seed);
    params_decimal(&p, settings_decimal(d->settings, SETTING_PORTFOLIO, MONEY_MICRO_DIGITS),
                   MONEY_MICRO_DIGITS);
    seed_values(d, &json);
    params_text(&p, buf_text(&json));
    params_text(&p, operator_name());
    buf_release(&json);
    return db_query(d->db, &seed, &p, NULL, e) || db_query(d->db, &partitions, &none, NULL, e)
               ? e->kind
               : OK;
}

static char *clean_copy(const char *s)
{
    struct buf b = {0};
    sanitize(&b, untrusted(s ? s : ""), TEXT_LINE, 0);
    char *copy = mem_text(buf_text(&b));
    buf_release(&b);
    return copy;
}

/* A row that no longer passes the table (written by another version) is an error, not a guess. */
static enum err take_row(struct desk *d, const struct rows *rows, size_t i, struct error *e)
{
    enum setting_id id;
    const char *name = rows_text(rows, i, 0), *value = rows_text(rows, i, 1);
    if (!setting_find(name, &id) || setting_row(id)->scope != SCOPE_DESK)
        return OK;
    if (setting_check(id, value, "the desk's database", e))
        return e->kind;
    mem_free(d->in_force[id].value);
    mem_free(d->in_force[id].set_by);
    mem_free(d->in_force[id].set_at);
    mem_free(d->in_force[id].origin);
    d->in_force[id].value = clean_copy(value);
    d->in_force[id].set_by = clean_copy(rows_text(rows, i, 2));
    d->in_force[id].set_at = clean_copy(rows_text(rows, i, 3));
    d->in_force[id].origin = clean_copy(rows_text(rows, i, 4));
    return OK;
}

static bool complete(const struct desk *d)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        if (setting_row((enum setting_id)i)->scope == SCOPE_DESK && !d->in_force[i].value)
            return false;
    return true;
}

static enum err load_rows(struct desk *d, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    enum err result = db_query(d->db, &load, &p, &rows, e);
    for (size_t i = 0; !result && i < rows.nrows; i++)
        result = take_row(d, &rows, i, e);
    rows_release(&rows);
    return result;
}

enum err desk_load_settings(struct desk *d, struct error *e)
{
    if (load_rows(d, e))
        return e->kind;
    if (complete(d))
        return OK;
    return seed_desk(d, e) ? e->kind : load_rows(d, e);
}

const char *desk_text(const struct desk *d, enum setting_id id)
{
    return d->in_force[id].value ? d->in_force[id].value : settings_text(d->settings, id);
}

int64_t desk_int(const struct desk *d, enum setting_id id)
{
    int64_t n = 0;
    text_to_int64(desk_text(d, id), &n);
    return n;
}

int64_t desk_decimal(const struct desk *d, enum setting_id id, int digits)
{
    int64_t n = 0;
    decimal_parse(desk_text(d, id), digits, &n);
    return n;
}

bool desk_bool(const struct desk *d, enum setting_id id)
{
    return strcmp(desk_text(d, id), "true") == 0;
}

enum err desk_adopt(struct desk *d, enum setting_id id, struct error *e)
{
    const char *value = settings_text(d->settings, id);
    int64_t needed = desk_int(d, SETTING_MIN_AGREEMENT);
    if (id == SETTING_VOTERS && check_voters(d, value, needed, e))
        return e->kind;
    if (id == SETTING_MIN_AGREEMENT &&
        check_voters(d, desk_text(d, SETTING_VOTERS), settings_int(d->settings, id), e))
        return e->kind;
    struct params p = {0};
    params_text(&p, setting_row(id)->name);
    params_text(&p, settings_text(d->settings, id));
    params_text(&p, setting_origin_text(settings_origin(d->settings, id)));
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    return db_query(d->db, &adopt, &p, NULL, e);
}
