/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words beside the panels' names, from rows that are there already. A column that a picture
 * lacks is a fact that is not known. */
#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/panel_private.h"

/* The place of a column; ncols when there is none. */
static size_t column_of(const struct rows *r, const char *column)
{
    size_t i = 0;
    while (i < r->ncols && strcmp(r->column[i], column) != 0)
        i++;
    return i;
}

static const char *cell_at(const struct rows *r, size_t row, size_t column)
{
    return row < r->nrows && column < r->ncols ? rows_text(r, row, column) : NULL;
}

static const char *cell(const struct snap *n, size_t row, const char *column)
{
    return row < n->rows.nrows ? cell_at(&n->rows, row, column_of(&n->rows, column)) : NULL;
}

static const char *fact(const struct snapshot *s, const char *column)
{
    return cell(&s->status, 0, column);
}

static double number(const char *text)
{
    double x;
    return text && text_to_double(text, &x) ? x : 0;
}

/* Dollars to the cent with a sign, separators from 10,000 on. */
static const char *money(char dst[32], double x, bool sign)
{
    char digits[32];
    bool negative = x <= -0.005;
    snprintf(digits, sizeof digits, "%.2f", negative ? -x : x < 0 ? 0 : x);
    size_t whole = strcspn(digits, "."), n = 0;
    const char *mark = negative ? "-" : sign && x >= 0.005 ? "+" : "";
    n = (size_t)snprintf(dst, 32, "%s", mark);
    for (size_t i = 0; digits[i] && n + 2 < 32; i++) {
        if (whole > 4 && i > 0 && i < whole && (whole - i) % 3 == 0)
            dst[n++] = ',';
        dst[n++] = digits[i];
    }
    dst[n] = '\0';
    return dst;
}

static const char *is_on(const char *flag)
{
    return strcmp(flag, "true") == 0 ? "on" : "off";
}

static const char *span(char dst[16], const char *seconds)
{
    return duration_print(dst, (int64_t)number(seconds) * USEC_SECOND);
}

void note_positions(const struct snapshot *s, char *out, size_t size)
{
    char open[32], day[32];
    if (!fact(s, "day_pnl"))
        return;
    snprintf(out, size, "open %s  day %s", money(open, number(fact(s, "open_pnl")), true),
             money(day, number(fact(s, "day_pnl")), true));
}

/* The approval that applies next, and what runs in shadow: the table has no room for its last
 * columns in the narrow places it stands in. */
static size_t note_under_way(const struct snapshot *s, char *out, size_t size)
{
    const struct rows *r = &s->panel[PANEL_PENDING].rows;
    size_t status = column_of(r, "status"), hold = column_of(r, "hold"), id = column_of(r, "id");
    int shadows = 0;
    for (size_t i = 0; i < r->nrows; i++) {
        const char *is = cell_at(r, i, status);
        const char *what = cell_at(r, i, id), *left = cell_at(r, i, hold);
        if (is && what && left && strcmp(is, "APPROVED") == 0)
            return (size_t)snprintf(out, size, "%s applies in %s s", what, left);
        shadows += is && strcmp(is, "SHADOW") == 0;
    }
    return shadows ? (size_t)snprintf(out, size, "%d shadow", shadows) : 0;
}

void note_pending(const struct snapshot *s, char *out, size_t size)
{
    char age[16];
    const char *oldest = fact(s, "pending_oldest");
    const char *deferred = fact(s, "pending_deferred");
    size_t n = note_under_way(s, out, size);
    if (oldest && n < size)
        n += (size_t)snprintf(out + n, size - n, "%soldest %s", n ? "  " : "", span(age, oldest));
    if (deferred && number(deferred) > 0 && n < size)
        snprintf(out + n, size - n, "%s%s deferred", n ? "  " : "", deferred);
}

void note_trades(const struct snapshot *s, char *out, size_t size)
{
    const struct rows *r = &s->panel[PANEL_TRADES].rows;
    size_t is_today = column_of(r, "is_today"), dollars = column_of(r, "pnl_dollars");
    int today = 0, won = 0;
    double sum = 0;
    char text[32];
    for (size_t i = 0; i < r->nrows; i++) {
        const char *flag = cell_at(r, i, is_today);
        if (!flag || flag[0] != 't')
            continue;
        double pnl = number(cell_at(r, i, dollars));
        today++;
        won += pnl > 0;
        sum += pnl;
    }
    if (today > 0)
        snprintf(out, size, "today: win %d/%d  %s", won, today, money(text, sum, true));
    else if (r->nrows > 0)
        snprintf(out, size, "none today");
}

void note_agents(const struct snapshot *s, char *out, size_t size)
{
    const struct snap *n = &s->panel[PANEL_AGENTS];
    double calls = 0;
    for (size_t i = 0; i < n->rows.nrows; i++)
        calls += number(cell(n, i, "n"));
    if (calls > 0)
        snprintf(out, size, "%.0f calls", calls);
}

void note_budget(const struct snapshot *s, char *out, size_t size)
{
    const struct snap *n = &s->panel[PANEL_BUDGET];
    char left[16];
    const char *at = cell(n, 0, "reset_at");
    if (at)
        snprintf(out, size, "resets %s%s in %s", at, strcmp(at, "00:00") == 0 ? "" : " (00:00Z)",
                 span(left, cell(n, 0, "reset_in")));
}

void note_regime(const struct snapshot *s, char *out, size_t size)
{
    char age[16];
    /* the status line's: it is asked more often than the panel, and both say the same age */
    const char *asked = cell(&s->panel[PANEL_REGIME], 0, "age_s"), *now = fact(s, "regime_age");
    const char *old = asked && now && *now ? now : asked;
    if (old)
        snprintf(out, size, "%s old", span(age, old));
}

void note_learning(const struct snapshot *s, char *out, size_t size)
{
    const char *next = fact(s, "next_learn"), *on = fact(s, "learning");
    const char *last = fact(s, "last_cycle");
    if (next && *next)
        snprintf(out, size, "%s%s%snext %s", last ? "last " : "", last ? last : "",
                 last ? "  " : "", next);
    else if (on)
        snprintf(out, size, "%s", is_on(on));
}

void note_alerts(const struct snapshot *s, char *out, size_t size)
{
    const char *n = fact(s, "alerts");
    if (n && number(n) > 0)
        snprintf(out, size, "%s open", n);
}

void note_equity(const struct snapshot *s, char *out, size_t size)
{
    const struct snap *n = &s->panel[PANEL_EQUITY];
    double deepest = 0, total;
    if (n->rows.nrows == 0)
        return;
    size_t last = n->rows.nrows - 1;
    for (size_t i = 0; i <= last; i++) {
        double d = number(cell(n, i, "drawdown_pct"));
        deepest = d < deepest ? d : deepest;
    }
    total = number(cell(n, last, "total_pct"));
    const char *worth = cell(n, last, "equity_text"), *held = cell(n, last, "hold_pct");
    int used = snprintf(out, size, "%s  %s%.2f%%  dd %.1f%%", worth ? worth : "-",
                        total >= 0.005 ? "+" : "", total, deepest);
    if (held && used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, "  (hold %s%.2f%%)",
                 number(held) >= 0.005 ? "+" : "", number(held));
}

void note_watchlist(const struct snapshot *s, char *out, size_t size)
{
    char left[16];
    const char *market = fact(s, "market"), *change = fact(s, "market_change");
    if (market && change) /* what the columns say is of the symbol's last evaluation */
        snprintf(out, size, "as last evaluated  market %s, %s in %s", market,
                 strcmp(market, "open") == 0 ? "closes" : "opens", span(left, change));
}

/* A demo desk lives in another time than the log is written in. */
void note_log(const struct snapshot *s, char *out, size_t size)
{
    copy_text(out, size, s->demo ? "by this machine's clock" : "");
}

void note_calibration(const struct snapshot *s, char *out, size_t size)
{
    const struct snap *n = &s->panel[PANEL_CALIBRATION];
    for (size_t i = 0; i < n->rows.nrows; i++) {
        const char *agent = cell(n, i, "agent"), *brier = cell(n, i, "brier");
        if (agent && brier && strcmp(agent, "all") == 0) {
            snprintf(out, size, "90d  Brier %.2f", number(brier));
            return;
        }
    }
}

/* "nothing to review; 2 deferred; last cycle #9 09:30, next 19:30" */
static void empty_pending(const struct snapshot *s, char *out, size_t size)
{
    const char *next = fact(s, "next_learn"), *last = fact(s, "last_cycle");
    const char *deferred = fact(s, "pending_deferred");
    struct buf b = {0};
    buf_str(&b, "nothing to review");
    if (deferred && number(deferred) > 0)
        buf_printf(&b, "; %s deferred", deferred);
    if (last)
        buf_printf(&b, "; last cycle %s", last);
    if (next && *next)
        buf_printf(&b, "%s%s", last ? ", next " : "; next cycle ", next);
    copy_text(out, size, buf_text(&b));
    buf_release(&b);
}

/* What the table's empty text means just now. */
void panel_empty(const struct snapshot *s, enum panel_id p, char *out, size_t size)
{
    char text[32];
    const char *needs = fact(s, "learning_needs");
    const char *on = fact(s, "learning"), *cash = fact(s, "cash"), *made = fact(s, "trades");
    copy_text(out, size, panels[p].empty);
    if (p == PANEL_POSITIONS && cash)
        snprintf(out, size, "no open positions; cash %s", money(text, number(cash), false));
    else if (p == PANEL_PENDING)
        empty_pending(s, out, size);
    else if (p == PANEL_TRADES && needs)
        snprintf(out, size, "no trades yet (learning needs %s)", needs);
    else if (p == PANEL_LEARNING && on && needs && number(made) < number(needs))
        snprintf(out, size, "self-learning %s: %s of %s trades", is_on(on), made ? made : "0",
                 needs);
    else if (p == PANEL_LEARNING && on && needs)
        snprintf(out, size, "self-learning %s, no cycle yet (%s trades, %s needed)", is_on(on),
                 made ? made : "0", needs);
}

void panel_name(const struct snapshot *s, enum panel_id p, char *out, size_t size)
{
    const struct panel *panel = &panels[p];
    size_t n = s->panel[p].rows.nrows;
    const char *held = fact(s, "positions"), *most = fact(s, "positions_max");
    if (p == PANEL_POSITIONS && held && most)
        snprintf(out, size, "%s %s/%s", panel->title, held, most);
    else if (p == PANEL_PENDING && n > 0)
        snprintf(out, size, "%s %zu", panel->title, n);
    else
        copy_text(out, size, panel->title);
}
