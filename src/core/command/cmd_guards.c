/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What bounds new risk, and what the desk has to say: guards, breakers, alerts. */
#include "quorum/guards.h"

#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/money.h"
#include "quorum/text.h"

/* ---- guards ---- */

/* "blocked by daily_loss, holding", or how many shares are left and by which rule. */
static void guards_head(struct call *c, const char *symbol, const struct guard *g, size_t n)
{
    struct buf blocked = {0};
    const struct guard *least = NULL;
    for (size_t i = 0; i < n; i++) {
        if (g[i].blocks)
            buf_printf(&blocked, "%s%s", blocked.len ? ", " : "", g[i].name);
        if (g[i].max_shares >= 0 && (!least || g[i].max_shares < least->max_shares))
            least = &g[i];
    }
    const char *desk = desk_kind_name(c->desk->kind), *in = symbol ? " in " : "",
               *of = symbol ? symbol : "";
    if (blocked.len)
        out_line(c->out, "%s desk: no new position%s%s: %s", desk, in, of, buf_text(&blocked));
    else if (least)
        out_line(c->out, "%s desk: at most %lld shares of %s (%s)", desk,
                 (long long)least->max_shares, of, least->name);
    else
        out_line(c->out, "%s desk: no rule blocks a new position%s%s", desk, in, of);
    buf_release(&blocked);
}

/* For a person: dollars and percent to two places. JSON and CSV keep every digit. */
static const char *guard_figure(const struct call *c, const char *decimal, const char *unit,
                                char dst[40])
{
    int64_t nano;
    bool is_measure = strcmp(unit, "$") == 0 || strcmp(unit, "%") == 0;
    if (c->out->format != OUTPUT_TEXT || !decimal || !is_measure ||
        !decimal_parse(decimal, MONEY_NANO_DIGITS, &nano))
        return decimal;
    return decimal_group(dst, 40, nano, MONEY_NANO_DIGITS, 2);
}

static void guard_row(const struct call *c, struct table *t, const struct guard *g)
{
    char shares[24], figure[3][40];
    snprintf(shares, sizeof shares, "%lld", (long long)g->max_shares);
    table_row(t, (const char *const[]){g->name, guard_figure(c, g->value, g->unit, figure[0]),
                                       guard_figure(c, g->limit, g->unit, figure[1]), g->unit,
                                       guard_figure(c, g->distance, g->unit, figure[2]),
                                       g->max_shares < 0 ? NULL : shares,
                                       g->blocks ? "true" : "false", g->text});
}

static enum err run_guards(struct call *c, struct error *e)
{
    static const struct column columns[] = {
        {"rule", "RULE", COLUMN_TEXT},     {"value", "VALUE", COLUMN_NUMBER},
        {"limit", "LIMIT", COLUMN_NUMBER}, {"unit", "UNIT", COLUMN_TEXT},
        {"left", "LEFT", COLUMN_NUMBER},   {"max_shares", "SHARES", COLUMN_NUMBER},
        {"blocks", "BLOCKS", COLUMN_FLAG}, {"text", "", COLUMN_TEXT},
    };
    char symbol[20];
    struct arena a = {0};
    struct guard *g;
    size_t n;
    struct table t;
    const char *of = c->nargs ? symbol_from_argument(c->arg[0], symbol, sizeof symbol) : NULL;
    if (call_desk(c, e) || (of && market_check_symbol(c->desk->market, of, e)))
        return e->kind;
    if (guards_load(c->desk, of, &a, &g, &n, e) == OK) {
        guards_head(c, of, g, n);
        table_begin(&t, columns, ARRAY_LEN(columns));
        for (size_t i = 0; i < n; i++)
            guard_row(c, &t, &g[i]);
        table_end(&t, c->out, "");
    }
    arena_release(&a);
    return e->kind;
}

static enum err run_reset(struct call *c, struct error *e)
{
    const char *reason = c->nargs > 1 ? c->arg[1] : "";
    if (call_desk(c, e) || breaker_reset(c->desk, c->arg[0], reason, e))
        return e->kind;
    out_line(c->out, "%s desk: the breaker %s is reset; quorum guards shows when it trips again",
             desk_kind_name(c->desk->kind), c->arg[0]);
    return OK;
}

/* ---- alerts ---- */

static const struct statement alert_rows = {
    "alerts",
    "SELECT a.id, a.severity, a.raised_at, a.rule, a.object, a.text, a.fix, a.acked_by,"
    "  a.acked_at, a.cleared_at, EXISTS (SELECT FROM alert_mutes m WHERE m.rule = a.rule"
    "    AND m.until > clock_timestamp()) "
    "FROM alerts a WHERE a.cleared_at IS NULL OR $1::boolean "
    "ORDER BY a.cleared_at IS NOT NULL, a.acked_at IS NOT NULL, alert_rank(a.severity) DESC,"
    "  a.id DESC LIMIT 500"};

static void alerts_text(struct call *c, const struct rows *r)
{
    if (r->nrows == 0)
        out_line(c->out, "%s desk: no alerts", desk_kind_name(c->desk->kind));
    for (size_t i = 0; i < r->nrows; i++) {
        char text[600], object[80], who[80], fix[300], since[48], over[48];
        sanitize_line(text, sizeof text, untrusted(rows_text(r, i, 5)));
        sanitize_line(object, sizeof object, untrusted(rows_text(r, i, 4)));
        sanitize_line(fix, sizeof fix, untrusted(rows_text(r, i, 6)));
        const char *acked = rows_text(r, i, 7), *cleared = rows_text(r, i, 9);
        sanitize_line(who, sizeof who, untrusted(acked ? acked : ""));
        out_line(c->out, "#%s %s %s  %s%s%s%s%s%s%s%s", rows_text(r, i, 0), rows_text(r, i, 1),
                 stored_tell(since, rows_text(r, i, 2), WHEN_MINUTE), rows_text(r, i, 3),
                 *object ? " " : "", object, acked ? ", seen by " : "", who,
                 cleared ? ", over since " : "",
                 cleared ? stored_tell(over, cleared, WHEN_MINUTE) : "",
                 rows_bool(r, i, 10) ? ", muted" : "");
        out_line(c->out, "   %s", text);
        if (*fix && !cleared)
            out_line(c->out, "   -> %s", fix);
    }
}

/* What is true now: without an engine nobody else would have looked. A login that may only read
 * shows what is stored. */
static enum err refresh_now(struct call *c, struct error *e)
{
    static const struct statement refresh = {"alerts refresh", "SELECT alerts_refresh()"};
    if (db_query(c->desk->db, &refresh, NULL, NULL, e) == ERR_POLICY)
        err_clear(e);
    return e->kind;
}

static enum err run_alerts(struct call *c, struct error *e)
{
    static const struct column columns[] = {
        {"id", "ID", COLUMN_NUMBER},         {"severity", "SEV", COLUMN_TEXT},
        {"raised_at", "SINCE", COLUMN_TIME}, {"rule", "RULE", COLUMN_TEXT},
        {"object", "OBJECT", COLUMN_TEXT},   {"text", "TEXT", COLUMN_TEXT},
        {"fix", "FIX", COLUMN_TEXT},         {"acked_by", "SEEN BY", COLUMN_TEXT},
        {"acked_at", "SEEN", COLUMN_TIME},   {"cleared_at", "OVER", COLUMN_TIME},
        {"muted", "MUTED", COLUMN_FLAG},
    };
    struct params p = {0};
    struct rows r = {0};
    if (call_desk(c, e) || refresh_now(c, e))
        return e->kind;
    params_bool(&p, call_option(c, "all") != NULL);
    if (db_query(c->desk->db, &alert_rows, &p, &r, e))
        return e->kind;
    if (c->out->format == OUTPUT_TEXT) {
        alerts_text(c, &r);
    } else {
        struct table t;
        table_begin(&t, columns, ARRAY_LEN(columns));
        table_rows(&t, &r);
        table_end(&t, c->out, "");
    }
    rows_release(&r);
    return OK;
}

/* Why an id cannot be acknowledged: there is none, or somebody has seen it. */
static enum err not_acked(struct call *c, int64_t id, struct error *e)
{
    static const struct statement one = {
        "alert one", "SELECT acked_by, acked_at FROM alerts WHERE id = $1::bigint"};
    char at[48];
    struct params p = {0};
    struct rows r = {0};
    params_int(&p, id);
    if (db_query(c->desk->db, &one, &p, &r, e))
        return e->kind;
    if (r.nrows == 0) {
        err_set(e, ERR_USAGE, "no alert #%lld", (long long)id);
        err_code(e, "E10");
        err_fix(e, "quorum alerts --all lists them");
    } else {
        err_set(e, ERR_CONFLICT, "alert #%lld was seen by %s at %s", (long long)id,
                rows_text(&r, 0, 0), stored_tell(at, rows_text(&r, 0, 1), WHEN_MINUTE));
    }
    rows_release(&r);
    return e->kind;
}

static enum err run_ack(struct call *c, struct error *e)
{
    static const struct statement ack = {"alert ack", "SELECT alert_ack($1::bigint, $2)"};
    bool all = strcmp(c->arg[0], "all") == 0;
    int64_t id = 0;
    struct params p = {0};
    struct rows r = {0};
    if ((!all && call_id(c->arg[0], "alert", &id, e)) || call_desk(c, e))
        return e->kind;
    if (all)
        params_text(&p, NULL);
    else
        params_int(&p, id);
    params_text(&p, operator_name());
    if (db_query(c->desk->db, &ack, &p, &r, e))
        return e->kind;
    int64_t n = rows_int(&r, 0, 0);
    rows_release(&r);
    if (n == 0 && !all)
        return not_acked(c, id, e);
    out_line(c->out, "%s desk: %lld %s seen", desk_kind_name(c->desk->kind), (long long)n,
             n == 1 ? "alert" : "alerts");
    return OK;
}

/* ---- rules and mutes ---- */

static enum err run_rules(struct call *c, struct error *e)
{
    static const struct statement rules = {
        "alert rules", "SELECT r.rule, r.severity, r.condition, r.clears,"
                       "  (SELECT m.until FROM alert_mutes m WHERE m.rule = r.rule"
                       "   AND m.until > clock_timestamp()) FROM alert_rules() r"};
    static const struct column columns[] = {
        {"rule", "RULE", COLUMN_TEXT},
        {"severity", "SEV", COLUMN_TEXT},
        {"condition", "WHEN", COLUMN_TEXT},
        {"clears", "UNTIL", COLUMN_TEXT},
        {"muted_until", "MUTED UNTIL", COLUMN_TIME},
    };
    struct rows r = {0};
    struct table t;
    if (call_desk(c, e) || db_query(c->desk->db, &rules, NULL, &r, e))
        return e->kind;
    table_begin(&t, columns, ARRAY_LEN(columns));
    table_rows(&t, &r);
    table_end(&t, c->out, "");
    rows_release(&r);
    return OK;
}

/* "90s 15m 2h 3d", at most 30 days, as an interval of the database. */
static enum err parse_duration(const char *text, char dst[32], struct error *e)
{
    static const struct {
        char letter;
        const char *unit;
        int64_t max;
    } units[] = {
        {'s', "seconds", 2592000}, {'m', "minutes", 43200}, {'h', "hours", 720}, {'d', "days", 30}};
    char number[12], shown[32];
    int64_t n;
    size_t len = strlen(text);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (len >= 2 && text[len - 1] == units[i].letter &&
            copy_bytes(number, sizeof number, text, len - 1) && text_to_int64(number, &n) &&
            n > 0 && n <= units[i].max) {
            snprintf(dst, 32, "%lld %s", (long long)n, units[i].unit);
            return OK;
        }
    }
    sanitize_line(shown, sizeof shown, untrusted(text));
    err_set(e, ERR_USAGE, "\"%s\" is not a duration of at most 30 days", shown);
    err_code(e, "E06");
    return err_fix(e, "example: quorum mute pos.loss 2h (90s 15m 2h 3d)");
}

static enum err check_mute(const struct call *c, struct error *e)
{
    char interval[32];
    return parse_duration(c->arg[1], interval, e);
}

static enum err run_mute(struct call *c, struct error *e)
{
    static const struct statement mute = {
        "alert mute",
        "WITH m AS (INSERT INTO alert_mutes AS m (rule, until, muted_by)"
        "  SELECT r.rule, clock_timestamp() + $2::interval, $3 FROM alert_rules() r"
        "  WHERE r.rule = $1"
        "  ON CONFLICT (rule) DO UPDATE SET until = EXCLUDED.until, muted_by = EXCLUDED.muted_by"
        "  RETURNING until) "
        "SELECT until, audit_append($3, $4, 'mute', $1, '', '', 'until ' || until) FROM m"};
    struct params p = {0};
    struct rows r = {0};
    char interval[32], shown[40], until[48];
    if (parse_duration(c->arg[1], interval, e) || call_desk(c, e))
        return e->kind;
    params_text(&p, c->arg[0]);
    params_text(&p, interval);
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    if (db_query(c->desk->db, &mute, &p, &r, e))
        return e->kind;
    if (r.nrows == 0) {
        sanitize_line(shown, sizeof shown, untrusted(c->arg[0]));
        err_set(e, ERR_USAGE, "there is no alert rule \"%s\"", shown);
        err_fix(e, "quorum rules lists them");
    } else {
        out_line(c->out, "%s desk: %s is muted until %s", desk_kind_name(c->desk->kind), c->arg[0],
                 stored_tell(until, rows_text(&r, 0, 0), WHEN_MINUTE));
    }
    rows_release(&r);
    return e->kind;
}

static enum err run_unmute(struct call *c, struct error *e)
{
    static const struct statement unmute = {
        "alert unmute", "WITH m AS (UPDATE alert_mutes SET until = clock_timestamp()"
                        "  WHERE rule = $1 AND until > clock_timestamp() RETURNING rule) "
                        "SELECT rule, audit_append($2, $3, 'unmute', rule, '', '', '') FROM m"};
    struct params p = {0};
    struct rows r = {0};
    char shown[40];
    if (call_desk(c, e))
        return e->kind;
    params_text(&p, c->arg[0]);
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    if (db_query(c->desk->db, &unmute, &p, &r, e))
        return e->kind;
    sanitize_line(shown, sizeof shown, untrusted(c->arg[0]));
    if (r.nrows == 0) {
        err_set(e, ERR_USAGE, "the rule \"%s\" is not muted", shown);
        err_fix(e, "quorum rules lists them");
    } else {
        out_line(c->out, "%s desk: %s speaks again", desk_kind_name(c->desk->kind), shown);
    }
    rows_release(&r);
    return e->kind;
}

static const struct option_row alerts_options[] = {
    {"all", NULL, "those that are over too"},
    {NULL, NULL, NULL},
};

const struct command guard_commands[] = {
    {.name = "guards",
     .group = "Risk and alerts",
     .usage = "[SYM]",
     .help = "what bounds a new position: each rule, its value and how much is left",
     .details = "With a symbol: how many shares each rule leaves at the price and the stop of its "
                "newest evaluation.\nOpen entry orders count as filled. No rule ever stops an "
                "exit.",
     .max_args = 1,
     .run = run_guards},
    {.name = "guards reset",
     .group = "Risk and alerts",
     .usage = "NAME [REASON]",
     .help = "lift a breaker that tripped: daily_loss, weekly_loss or drawdown",
     .details = "It allows as much again (another 3 % of the day, 6 % of the week, 5 points of "
                "drawdown) and then\ntrips anew.",
     .min_args = 1,
     .max_args = 2,
     .acts = true,
     .level = 2,
     .run = run_reset},
    {.name = "alerts",
     .group = "Risk and alerts",
     .usage = "",
     .help = "what needs a look, and what to do about it",
     .options = alerts_options,
     .run = run_alerts},
    {.name = "ack",
     .group = "Risk and alerts",
     .usage = "ID|all",
     .help = "an alert was seen; it stays silent everywhere",
     .min_args = 1,
     .max_args = 1,
     .acts = true,
     .run = run_ack},
    {.name = "rules",
     .group = "Risk and alerts",
     .usage = "",
     .help = "the alert rules: when each speaks and when it falls silent",
     .run = run_rules},
    {.name = "mute",
     .group = "Risk and alerts",
     .usage = "RULE DUR",
     .help = "an alert rule raises nothing for so long (90s 15m 2h 3d)",
     .min_args = 2,
     .max_args = 2,
     .acts = true,
     .check = check_mute,
     .run = run_mute},
    {.name = "unmute",
     .group = "Risk and alerts",
     .usage = "RULE",
     .help = "an alert rule speaks again",
     .min_args = 1,
     .max_args = 1,
     .acts = true,
     .run = run_unmute},
    {.name = NULL},
};
