/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A desk's state as lines of text: the list of `status`, and the frame of `status --follow`. */
#include <stdio.h>
#include <string.h>

#include "core/command/status_view.h"
#include "quorum/calendar.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/zone.h"

static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/* "- name ------------ note -" */
static void rule(struct buf *out, int columns, const char *name, const char *note)
{
    bool wide = terminal_is_utf8();
    int used =
        (*name ? (int)text_columns(name) + 3 : 0) + (*note ? (int)text_columns(note) + 3 : 0);
    buf_str(out, wide ? "─" : "-");
    if (*name)
        buf_printf(out, " %s ", name);
    for (int i = used + (*name ? 0 : 1); i < columns; i++)
        buf_str(out, wide ? "─" : "-");
    if (*note)
        buf_printf(out, " %s %s", note, wide ? "─" : "-");
    buf_char(out, '\n');
}

static void head_line(const struct status_view *v, int columns, struct buf *out)
{
    char word[32], clock[48], left[80], right[80];
    int32_t day = zone_day(v->now);
    const char *badge = v->kind == DESK_DEMO ? "DEMO" : "PAPER";
    snprintf(left, sizeof left, " %s  %s", badge, status_word(v, word));
    snprintf(right, sizeof right, "%s %s", weekdays[day_weekday(day)],
             when_tell(clock, v->now, WHEN_SECOND));
    int gap = columns - 1 - (int)strlen(left) - (int)strlen(right);
    buf_printf(out, "%s%*s%s\n", left, gap > 2 ? gap : 2, "", right);
}

static void key(struct buf *out, const char *name)
{
    buf_printf(out, " %-9s ", name);
}

static void market_line(const struct status_view *v, struct buf *out)
{
    key(out, "market");
    status_market(v, out);
    if (v->life.is_virtual && v->life.lived < v->life.sessions)
        buf_printf(out, "; living its past, session %d/%d", v->life.lived, v->life.sessions);
    else if (v->life.is_virtual)
        buf_printf(out, "; simulated, x%.0f%s%s", v->life.speed, *v->life.scenario ? ", " : "",
                   v->life.scenario);
    buf_char(out, '\n');
}

static void control_line(const struct status_view *v, bool full, struct buf *out)
{
    const struct control_view *c = &v->control;
    char when[33];
    if (!full && c->state == CONTROL_RUNNING)
        return;
    key(out, "control");
    buf_printf(out, "%s since %s by %s%s%s%s%s\n", control_name(c->state),
               when_print(when, c->set_at, WHEN_SHORT), c->set_by, *c->origin ? "@" : "", c->origin,
               *c->reason ? ": " : "", c->reason);
}

static void engine_text(const struct engine_row *r, struct buf *out)
{
    char age[16];
    buf_printf(out, "%s/%lld", r->host, (long long)r->pid);
    if (r->gone)
        buf_printf(out, " NO HEARTBEAT %02lld:%02lld", (long long)(r->beat_age_ms / 60000),
                   (long long)(r->beat_age_ms / 1000 % 60));
    else
        buf_printf(out, " %s, beat %s ago", r->state, duration_print(age, r->beat_age_ms * 1000));
    if (r->leads)
        buf_str(out, ", leads");
    if (r->in_flight)
        buf_printf(out, ", %lld in flight", (long long)r->in_flight);
}

static void engine_lines(const struct status_view *v, bool full, struct buf *out)
{
    size_t lives = 0;
    const struct engine_row *shown = NULL;
    for (size_t i = 0; i < v->nengines; i++) {
        const struct engine_row *r = &v->engine[i];
        if (strcmp(r->state, "STOPPED") == 0)
            continue;
        if (full) {
            key(out, lives == 0 ? "engine" : "");
            engine_text(r, out);
            buf_char(out, '\n');
        }
        lives++;
        /* In one line the leader stands for all, else one that lives. */
        if (!shown || (!shown->leads && (r->leads || (shown->gone && !r->gone))))
            shown = r;
    }
    if (lives == 0 || !full)
        key(out, "engine");
    if (lives == 0)
        buf_str(out, "no engine runs: quorum engine start\n");
    else if (!full) {
        engine_text(shown, out);
        if (lives > 1)
            buf_printf(out, "; %zu engines", lives);
        buf_char(out, '\n');
    }
}

static const char *fact(const struct status_view *v, const char *name, enum figure kind,
                        char dst[FIGURE_SIZE])
{
    return figure_text(dst, kind, status_fact(v, name));
}

static void money_lines(const struct status_view *v, struct buf *out)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE], c[FIGURE_SIZE], d[FIGURE_SIZE];
    key(out, "equity");
    buf_printf(out, "%12s   day %s (%s)   %s from the peak\n",
               fact(v, "equity_usd", FIGURE_MONEY, a), fact(v, "day_usd", FIGURE_PROFIT, b),
               fact(v, "day_pct", FIGURE_CHANGE, c), fact(v, "drawdown_pct", FIGURE_CHANGE, d));
    key(out, "cash");
    buf_printf(out, "%12s   positions %lld/%lld   trades today %lld, %lld won, %s\n",
               fact(v, "cash_usd", FIGURE_MONEY, a), (long long)status_count(v, "positions"),
               (long long)status_count(v, "positions_max"), (long long)status_count(v, "trades"),
               (long long)status_count(v, "won"), fact(v, "trades_usd", FIGURE_PROFIT, b));
}

/* The last marks as one row of blocks between their lowest and highest. */
static void curve_line(const struct status_view *v, int columns, struct buf *out)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char plain[] = "_.,-~=+#";
    int64_t low = INT64_MAX, high = INT64_MIN;
    size_t room = columns > 40 ? (size_t)columns - 26 : 14, n = v->curve.nrows;
    size_t first = n > room ? n - room : 0;
    char a[FIGURE_SIZE], b[FIGURE_SIZE];
    bool wide = terminal_is_utf8();
    if (n < 2)
        return;
    for (size_t i = first; i < n; i++) {
        int64_t x = micro_of(rows_text(&v->curve, i, 0));
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    key(out, "curve");
    for (size_t i = first; i < n; i++) {
        int64_t x = micro_of(rows_text(&v->curve, i, 0));
        int level = high > low ? (int)((double)(x - low) / (double)(high - low) * 7.999) : 3;
        if (wide)
            buf_str(out, blocks[level]);
        else
            buf_char(out, plain[level]);
    }
    snprintf(a, sizeof a, "%.1fk", (double)low / 1e9);
    snprintf(b, sizeof b, "%.1fk", (double)high / 1e9);
    buf_printf(out, " %s..%s\n", a, b);
}

static void means_line(const struct status_view *v, bool full, struct buf *out)
{
    char spent[FIGURE_SIZE], limit[FIGURE_SIZE], span[16];
    key(out, "models");
    if (v->no_model)
        buf_printf(out, "not asked: %s", v->no_model);
    else
        buf_printf(out, "$%s of $%s spent%s", fact(v, "spent_usd", FIGURE_COST, spent),
                   fact(v, "budget_usd", FIGURE_MONEY, limit),
                   v->kind == DESK_DEMO ? " (simulated)" : "");
    if (full && !v->no_model)
        buf_printf(out, ", resets in %s",
                   duration_print(span, status_count(v, "budget_resets_s") * USEC_SECOND));
    if (v->counts_calls)
        buf_printf(out, "   FMP %lld of %lld left", (long long)v->fmp_left,
                   (long long)v->fmp_limit);
    buf_char(out, '\n');
}

static void evaluations_line(const struct status_view *v, struct buf *out)
{
    long long others = status_count(v, "others");
    key(out, "today");
    buf_printf(out, "%lld evaluations: %lld BUY %lld SELL %lld HOLD",
               (long long)status_count(v, "evaluations"), (long long)status_count(v, "buys"),
               (long long)status_count(v, "sells"), (long long)status_count(v, "holds"));
    if (others)
        buf_printf(out, " %lld none", others);
    buf_str(out, "; ");
    status_plan(v, out);
    buf_char(out, '\n');
}

static void next_lines(const struct status_view *v, bool full, struct buf *out)
{
    key(out, "next");
    status_next_runs(v, out);
    buf_char(out, '\n');
    long long dead = status_count(v, "jobs_dead");
    if (!full)
        return;
    key(out, "jobs");
    buf_printf(out, "%lld due, %lld running, %lld waiting for their time",
               (long long)status_count(v, "jobs_due"), (long long)status_count(v, "jobs_running"),
               (long long)status_count(v, "jobs_waiting"));
    if (dead)
        buf_printf(out, "; %lld failed in the last day: quorum jobs", dead);
    buf_char(out, '\n');
}

static void clean_cell(struct buf *out, const struct rows *r, size_t row, size_t col)
{
    const char *text = rows_text(r, row, col);
    sanitize(out, untrusted(text ? text : ""), TEXT_LINE, 0);
}

static void alert_lines(const struct status_view *v, bool full, struct buf *out)
{
    long long n = status_count(v, "alerts"), pending = status_count(v, "pending");
    char age[FIGURE_SIZE];
    key(out, "alerts");
    if (n == 0)
        buf_str(out, "no open alerts\n");
    for (size_t i = 0; i < v->alerts.nrows && (full || i == 0); i++) {
        if (i)
            key(out, "");
        else
            buf_printf(out, "%lld open: ", n);
        clean_cell(out, &v->alerts, i, 0);
        buf_char(out, ' ');
        clean_cell(out, &v->alerts, i, 1);
        buf_char(out, ' ');
        clean_cell(out, &v->alerts, i, 2);
        const char *fix = rows_text(&v->alerts, i, 3);
        if (full && fix && *fix) {
            buf_str(out, ": ");
            clean_cell(out, &v->alerts, i, 3);
        }
        buf_char(out, '\n');
    }
    if (!pending && !full)
        return;
    key(out, "pending");
    if (pending)
        buf_printf(out, "%lld adjustment%s for review, the oldest since %s\n", pending,
                   pending == 1 ? " waits" : "s wait", fact(v, "pending_age_s", FIGURE_AGE, age));
    else
        buf_str(out, "nothing to review\n");
}

static const char *cell(const struct rows *r, size_t row, size_t col, enum figure kind,
                        char dst[FIGURE_SIZE])
{
    return figure_text(dst, kind, rows_text(r, row, col));
}

static void position_row(const struct rows *r, size_t i, struct buf *out)
{
    char t[8][FIGURE_SIZE];
    buf_printf(out, "  %-5s %4s %9s %8s%s %9s %7s %8s %8s %6s%s\n", rows_text(r, i, 0),
               rows_text(r, i, 1), cell(r, i, 2, FIGURE_MONEY, t[0]),
               cell(r, i, 3, FIGURE_MONEY, t[1]), rows_text(r, i, 10),
               cell(r, i, 4, FIGURE_PROFIT, t[2]), cell(r, i, 5, FIGURE_CHANGE, t[3]),
               cell(r, i, 6, FIGURE_MONEY, t[4]), cell(r, i, 7, FIGURE_MONEY, t[5]),
               cell(r, i, 8, FIGURE_AGE, t[6]), rows_text(r, i, 9));
}

static void positions_part(const struct status_view *v, int columns, size_t room, struct buf *out)
{
    const struct rows *r = &v->positions;
    char name[60], note[60], text[FIGURE_SIZE];
    snprintf(name, sizeof name, "positions %zu/%lld", r->nrows,
             (long long)status_count(v, "positions_max"));
    snprintf(note, sizeof note, "open %.40s", fact(v, "open_usd", FIGURE_PROFIT, text));
    rule(out, columns, name, r->nrows ? note : "");
    if (r->nrows == 0) {
        buf_printf(out, "  no open positions; cash %s\n", fact(v, "cash_usd", FIGURE_MONEY, text));
        return;
    }
    buf_str(out, "  SYM    QTY     ENTRY     LAST      P&L $   P&L %     STOP   TARGET    AGE\n");
    bool cut = room && r->nrows > room;
    size_t n = cut ? room - 1 : r->nrows;
    for (size_t i = 0; i < n; i++)
        position_row(r, i, out);
    if (cut)
        buf_printf(out, "  and %zu more: quorum positions\n", r->nrows - n);
}

static void trade_row(const struct rows *r, size_t i, struct buf *out)
{
    char t[4][FIGURE_SIZE];
    int64_t from, to;
    int held_sessions = 0;
    if (time_parse(rows_text(r, i, 7), &from) && time_parse(rows_text(r, i, 2), &to))
        held_sessions = calendar_between(exchange_day(from), exchange_day(to));
    buf_printf(out, "  %-5s %-15s  %s %10s %8s %6s R   held %d\n", rows_text(r, i, 1),
               rows_text(r, i, 3), cell(r, i, 2, FIGURE_WHEN, t[0]),
               cell(r, i, 4, FIGURE_PROFIT, t[1]), cell(r, i, 5, FIGURE_CHANGE, t[2]),
               cell(r, i, 6, FIGURE_R, t[3]), held_sessions);
}

static void trades_part(const struct status_view *v, int columns, size_t room, struct buf *out)
{
    const struct rows *r = &v->trades;
    rule(out, columns, "last trades", "");
    if (r->nrows == 0)
        buf_str(out, "  no closed trades yet\n");
    for (size_t i = 0; i < r->nrows && i < room; i++)
        trade_row(r, i, out);
}

static size_t lines_of(const struct buf *b)
{
    size_t n = 0;
    for (const char *p = buf_text(b); (p = strchr(p, '\n')); p++)
        n++;
    return n;
}

/* How many rows trades and positions get of those that the head leaves. */
static void share_rows(const struct status_view *v, size_t used, int rows, size_t *positions,
                       size_t *trades)
{
    /* Two rules, the positions' titles, and the last row for the keys. */
    size_t taken = used + 4, left = (size_t)rows > taken ? (size_t)rows - taken : 2;
    size_t want = v->positions.nrows ? v->positions.nrows : 1;
    *trades = left / 3 > 2 ? left / 3 : 2;
    *positions = left > *trades ? left - *trades : 1;
    if (want < *positions) {
        *trades += *positions - want;
        *positions = want;
    }
}

void status_text(const struct status_view *v, bool full, int columns, int rows, struct buf *out)
{
    size_t positions = 0, trades = 5;
    head_line(v, columns, out);
    rule(out, columns, "", "");
    market_line(v, out);
    control_line(v, full, out);
    engine_lines(v, full, out);
    money_lines(v, out);
    if (!full)
        curve_line(v, columns, out);
    means_line(v, full, out);
    evaluations_line(v, out);
    next_lines(v, full, out);
    alert_lines(v, full, out);
    if (full)
        return;
    if (rows)
        share_rows(v, lines_of(out), rows, &positions, &trades);
    positions_part(v, columns, positions, out);
    trades_part(v, columns, trades, out);
}

static void engines_json(const struct status_view *v, struct json *j)
{
    json_open(j, "engines", '[');
    for (size_t i = 0; i < v->nengines; i++) {
        const struct engine_row *r = &v->engine[i];
        json_open(j, NULL, '{');
        json_str(j, "id", r->id);
        json_str(j, "host", r->host);
        json_int(j, "pid", r->pid);
        json_str(j, "version", r->version);
        json_str(j, "state", r->state);
        json_int(j, "in_flight", r->in_flight);
        json_num(j, "beat_age_s", (double)r->beat_age_ms / 1e3);
        json_flag(j, "leads", r->leads);
        json_flag(j, "gone", r->gone);
        json_close(j, '}');
    }
    json_close(j, ']');
}

/* Money as text, counts and percents as numbers. */
static void facts_json(const struct status_view *v, struct json *j)
{
    const struct rows *r = &v->facts;
    for (size_t i = 1; i < r->ncols; i++) {
        const char *name = r->column[i], *text = rows_text(r, 0, i);
        size_t n = strlen(name);
        double number;
        if (text && !(n > 4 && strcmp(name + n - 4, "_usd") == 0) && text_to_double(text, &number))
            json_num(j, name, number);
        else
            json_str(j, name, text);
    }
}

void status_json(const struct status_view *v, struct buf *out)
{
    static const char *const alert_keys[] = {"severity", "rule", "text", "fix"};
    struct json j;
    struct buf text = {0};
    char word[32], when[33];
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    json_str(&j, "desk", desk_kind_name(v->kind));
    json_str(&j, "state", status_word(v, word));
    json_str(&j, "desk_time", time_print_iso(when, v->now));
    status_market(v, &text);
    json_str(&j, "market", buf_text(&text));
    json_open(&j, "control", '{');
    json_str(&j, "state", control_name(v->control.state));
    json_str(&j, "reason", v->control.reason);
    json_str(&j, "set_by", v->control.set_by);
    json_str(&j, "origin", v->control.origin);
    json_str(&j, "set_at", time_print(when, v->control.set_at));
    json_close(&j, '}');
    engines_json(v, &j);
    facts_json(v, &j);
    json_int(&j, "fmp_left", v->fmp_left);
    json_int(&j, "evaluations_left", v->plan.evaluations);
    json_str(&j, "evaluations_bound_by", v->plan.binding);
    buf_clear(&text);
    status_next_runs(v, &text);
    json_str(&j, "next", buf_text(&text));
    json_open(&j, "open_alerts", '[');
    for (size_t i = 0; i < v->alerts.nrows; i++) {
        json_open(&j, NULL, '{');
        for (size_t k = 0; k < ARRAY_LEN(alert_keys); k++)
            json_str(&j, alert_keys[k], rows_text(&v->alerts, i, k));
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    buf_char(out, '\n');
    buf_release(&text);
}
