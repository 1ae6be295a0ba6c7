/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/command/status_view.h"

#include <stdio.h>
#include <string.h>

#include "quorum/calendar.h"
#include "quorum/evaluation.h"
#include "quorum/schedule.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/zone.h"

/* Today is the exchange's day; the budget's is UTC. */
static const struct statement facts = {
    "status facts",
    "SELECT desk_now() AS now, trim_scale(f.cash) AS cash_usd, trim_scale(f.equity) AS equity_usd,"
    "  trim_scale(f.equity - f.day_start) AS day_usd,"
    "  round(100 * (f.equity / NULLIF(f.day_start, 0) - 1), 4) AS day_pct,"
    "  round(100 * (f.equity / NULLIF(f.peak, 0) - 1), 4) AS drawdown_pct,"
    "  trim_scale(f.peak) AS peak_usd, p.n AS positions, guard_limit('positions') AS positions_max,"
    "  trim_scale(p.pnl) AS open_usd, j.due AS jobs_due, j.running AS jobs_running,"
    "  j.waiting AS jobs_waiting, (SELECT count(*) FROM jobs WHERE state = 'dead'"
    "    AND finished_at > clock_timestamp() - interval '1 day') AS jobs_dead,"
    "  a.n AS alerts, w.n AS pending, w.age AS pending_age_s,"
    "  trim_scale(COALESCE(b.limit_usd, budget_limit())) AS budget_usd,"
    "  trim_scale(COALESCE(b.spent_usd, 0)) AS spent_usd,"
    "  trim_scale(COALESCE(b.reserved_usd, 0)) AS reserved_usd,"
    "  ceil(extract(epoch FROM date_trunc('day', u.now) + interval '1 day' - u.now))"
    "    AS budget_resets_s,"
    "  COALESCE((SELECT used FROM vendor_quota WHERE vendor = 'fmp'"
    "    AND day = vendor_day($1::int)), 0) AS fmp_used,"
    "  e.n AS evaluations, e.buys, e.sells, e.holds, e.n - e.buys - e.sells - e.holds AS others,"
    "  t.n AS trades, t.won, trim_scale(COALESCE(t.pnl, 0)) AS trades_usd "
    "FROM account_figures(1) f"
    "  CROSS JOIN (SELECT desk_now() AT TIME ZONE 'UTC' AS now) u"
    "  CROSS JOIN LATERAL (SELECT exchange_midnight(f.today) AS at) m"
    "  LEFT JOIN budget_day b ON b.day = u.now::date"
    "  CROSS JOIN LATERAL (SELECT count(*) AS n, sum(quantity * last_price -"
    "    COALESCE(NULLIF(cost_usd, 0), quantity * entry_price)) AS pnl"
    "    FROM positions WHERE closed_at IS NULL) p"
    "  CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE due_at <= desk_now()) AS due,"
    "    count(*) FILTER (WHERE state = 'running') AS running,"
    "    count(*) FILTER (WHERE due_at > desk_now()) AS waiting"
    "    FROM jobs WHERE state IN ('available', 'running')) j"
    "  CROSS JOIN LATERAL (SELECT count(*) AS n FROM alerts WHERE cleared_at IS NULL"
    "    AND acked_at IS NULL) a"
    "  CROSS JOIN LATERAL (SELECT count(*) AS n,"
    "    extract(epoch FROM desk_now() - min(created_at))::bigint AS age"
    "    FROM strategy_adjustments WHERE status IN ('PENDING', 'DEFERRED')) w"
    "  CROSS JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE decision = 'BUY') AS buys,"
    "    count(*) FILTER (WHERE decision = 'SELL') AS sells,"
    "    count(*) FILTER (WHERE decision = 'HOLD') AS holds"
    "    FROM evaluations WHERE created_at >= m.at) e"
    "  CROSS JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE pnl_dollars > 0) AS won,"
    "    sum(pnl_dollars) AS pnl FROM trade_outcomes WHERE created_at >= m.at) t"};

static const struct statement open_alerts = {"status alerts",
                                             "SELECT severity, rule, text, fix FROM alerts "
                                             "WHERE cleared_at IS NULL AND acked_at IS NULL "
                                             "ORDER BY strpos('CWi', severity), id DESC LIMIT 5"};
static const struct statement coming_jobs = {
    "status coming jobs", "SELECT kind, min(due_at) FROM jobs "
                          "WHERE state = 'available' AND due_at > desk_now() GROUP BY kind"};
static const struct statement held = {
    "status positions",
    "SELECT symbol, quantity, entry_price, last_price,"
    "  quantity * last_price - COALESCE(NULLIF(cost_usd, 0), quantity * entry_price),"
    "  100 * (last_price / entry_price - 1), stop_price, target_price,"
    "  extract(epoch FROM desk_now() - opened_at)::bigint,"
    "  CASE WHEN state = 'CLOSING' THEN ' *' WHEN state = 'OPENING' THEN ' +' ELSE '' END,"
    "  CASE WHEN unpriced_since IS NULL THEN ' ' ELSE '?' END "
    "FROM positions WHERE closed_at IS NULL ORDER BY symbol"};
static const struct statement last_trades = {
    "status trades", "SELECT id, symbol, closed_at, exit_reason, pnl_dollars, pnl_pct, r_multiple,"
                     "  opened_at FROM trade_outcomes ORDER BY created_at DESC, id DESC LIMIT 12"};
static const struct statement equity_marks = {
    "status curve", "SELECT equity_usd FROM (SELECT session, equity_usd FROM equity_marks"
                    "  WHERE account_id = 1 ORDER BY session DESC LIMIT 60) m ORDER BY session"};

static enum err load_lists(struct desk *d, struct status_view *v, struct error *e)
{
    return db_query(d->db, &held, NULL, &v->positions, e) ||
                   db_query(d->db, &last_trades, NULL, &v->trades, e) ||
                   db_query(d->db, &equity_marks, NULL, &v->curve, e)
               ? e->kind
               : OK;
}

enum err status_load(struct desk *d, bool lists, struct status_view *v, struct error *e)
{
    struct params p = {0};
    *v = (struct status_view){.kind = d->kind,
                              .counts_calls = d->vendor != NULL,
                              .fmp_limit = desk_int(d, SETTING_FMP_DAILY_LIMIT),
                              .no_model = desk_model_absent(d)};
    params_int(&p, desk_int(d, SETTING_FMP_RESET_HOUR));
    if (db_query(d->db, &facts, &p, &v->facts, e) || life_load(d, &v->life, e) ||
        control_load(d, &v->control, e) ||
        engines_load(d, &v->arena, &v->engine, &v->nengines, e) ||
        db_query(d->db, &open_alerts, NULL, &v->alerts, e) ||
        db_query(d->db, &coming_jobs, NULL, &v->coming, e) || (lists && load_lists(d, v, e)))
        return e->kind;
    v->schedule = engine_schedule(d, v->life.is_virtual);
    if (engine_day_plan(d, &v->schedule, &v->plan, e))
        return e->kind;
    if (!time_parse(status_fact(v, "now"), &v->now))
        return err_set(e, ERR_FAILED, "the desk's time cannot be read");
    int64_t used = status_count(v, "fmp_used");
    v->fmp_left = v->fmp_limit > used ? v->fmp_limit - used : 0;
    return OK;
}

void status_release(struct status_view *v)
{
    rows_release(&v->facts);
    rows_release(&v->positions);
    rows_release(&v->trades);
    rows_release(&v->alerts);
    rows_release(&v->coming);
    rows_release(&v->curve);
    arena_release(&v->arena);
    *v = (struct status_view){0};
}

const char *status_fact(const struct status_view *v, const char *name)
{
    return rows_named(&v->facts, 0, name);
}

int64_t status_count(const struct status_view *v, const char *name)
{
    int64_t n = 0;
    const char *text = status_fact(v, name);
    if (text)
        text_to_int64(text, &n);
    return n;
}

const char *status_word(const struct status_view *v, char dst[32])
{
    int64_t silent = -1;
    bool lives = false;
    for (size_t i = 0; i < v->nengines; i++) {
        const struct engine_row *r = &v->engine[i];
        if (strcmp(r->state, "STOPPED") == 0)
            continue;
        lives |= !r->gone;
        silent = silent < 0 || r->beat_age_ms < silent ? r->beat_age_ms : silent;
    }
    if (lives || v->control.state == CONTROL_HALTED)
        copy_text(dst, 32, control_name(v->control.state));
    else if (silent >= 0)
        snprintf(dst, 32, "NO HEARTBEAT %02lld:%02lld", (long long)(silent / 60000 % 1000),
                 (long long)(silent / 1000 % 60));
    else
        copy_text(dst, 32, "STOPPED");
    return dst;
}

/* "14:35", or with the weekday when it is not today. */
static void moment(struct buf *out, int64_t at, int64_t now)
{
    static const char *const weekday[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    char text[33];
    int32_t day = zone_day(at), today = zone_day(now);
    when_print(text, at, WHEN_MINUTE);
    if (day > today + 6)
        buf_printf(out, "%.11s", text + 5);
    else if (day != today)
        buf_printf(out, "%s %s", weekday[day_weekday(day)], text + 11);
    else
        buf_str(out, text + 11);
}

/* The first moment of each kind after now, of the rest of today and the next session. */
static void first_moments(const struct status_view *v, int64_t at[JOB_KINDS])
{
    struct slot *slot = mem_array(SLOTS_MAX, sizeof *slot);
    int32_t day = exchange_day(v->now);
    for (int i = 0; i < JOB_KINDS; i++)
        at[i] = TIME_NONE;
    for (int round = 0; round < 2; round++) {
        size_t n = schedule_day(day, &v->schedule, slot);
        for (size_t k = 0; k < n; k++)
            if (slot[k].at > v->now && at[slot[k].kind] == TIME_NONE)
                at[slot[k].kind] = slot[k].at;
        day = calendar_next(day);
    }
    mem_free(slot);
    /* What is queued already says more exactly when. */
    for (size_t i = 0; i < v->coming.nrows; i++) {
        int64_t due;
        for (int k = 0; k < JOB_KINDS; k++)
            if (strcmp(job_kinds[k].name, rows_text(&v->coming, i, 0)) == 0 &&
                time_parse(rows_text(&v->coming, i, 1), &due) &&
                (at[k] == TIME_NONE || due < at[k]))
                at[k] = due;
    }
}

void status_next_runs(const struct status_view *v, struct buf *out)
{
    int64_t at[JOB_KINDS];
    bool first = true;
    first_moments(v, at);
    at[JOB_TRADE] = TIME_NONE; /* comes with every round */
    for (int shown = 0; shown < 4; shown++) {
        int next = -1;
        for (int k = 0; k < JOB_KINDS; k++)
            if (at[k] != TIME_NONE && (next < 0 || at[k] < at[next]))
                next = k;
        if (next < 0)
            break;
        buf_printf(out, "%s%s ", first ? "" : "   ", job_kinds[next].name);
        moment(out, at[next], v->now);
        at[next] = TIME_NONE;
        first = false;
    }
    if (first)
        buf_str(out, "nothing is scheduled");
}

void status_plan(const struct status_view *v, struct buf *out)
{
    if (!v->schedule.evaluates)
        buf_str(out, "no evaluations: MULTI_AGENT_ENABLED is false");
    else
        buf_printf(out, "%d evaluation%s left: %s", v->plan.evaluations,
                   v->plan.evaluations == 1 ? "" : "s", v->plan.binding);
    if (v->plan.looks_bound)
        buf_printf(out, "; positions every %d min: FMP", v->plan.position_minutes);
}

void status_market(const struct status_view *v, struct buf *out)
{
    char span[16];
    int32_t day = exchange_day(v->now);
    enum session_kind today = calendar_session(day);
    const char *why = "";
    if (today != SESSION_CLOSED && v->now >= calendar_open(day) && v->now < calendar_close(day)) {
        buf_str(out, "open, closes ");
        moment(out, calendar_close(day), v->now);
        buf_printf(out, " in %s%s", duration_print(span, calendar_close(day) - v->now),
                   today == SESSION_HALF ? ", a half day" : "");
        return;
    }
    if (today == SESSION_CLOSED)
        why = calendar_reason(day);
    if (today == SESSION_CLOSED || v->now >= calendar_close(day))
        day = calendar_next(day);
    buf_printf(out, "%s, opens ", *why ? why : "closed");
    moment(out, calendar_open(day), v->now);
    buf_printf(out, " in %s", duration_print(span, calendar_open(day) - v->now));
}
