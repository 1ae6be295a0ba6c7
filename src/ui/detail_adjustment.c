/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One proposed change of a parameter: what code measured stands above what a model said. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "quorum/money.h"
#include "quorum/review.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/chart.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_CASES, PART_HISTORY, PART_ACTS };
enum { ENOUGH_CASES = 30, BAR_LEAST = 14, BAR_MOST = 48, NARROW_PAGE = 70, WIDE_PAGE = 112 };

/* ---- what the row says */

/* The number of a fact; false, and NAN, when it is none ("off"). */
static bool number_of(const struct page *g, const char *column, double *out)
{
    const char *text = page_fact(g, column);
    if (text && text_to_double(text, out) && isfinite(*out))
        return true;
    *out = (double)NAN;
    return false;
}

static bool is_open(const struct page *g)
{
    return page_is(g, "status", "PENDING") || page_is(g, "status", "DEFERRED") ||
           page_is(g, "status", "SHADOW");
}

/* Seconds of the hold that are left, counted on from when the row was read. */
static int64_t hold_left(const struct page *g)
{
    int64_t since = (g->snapshot->monotonic - g->snapshot->detail[PART_HEAD].loaded_at);
    int64_t left = page_number(g, "hold_s") - since / USEC_SECOND;
    return left > 0 ? left : 0;
}

/* ---- the change */

/* Where a value stands between the bounds; a filter that is off is at its loosest. */
static double place_of(const struct page *g, const char *column, double low, double high)
{
    double v;
    if (number_of(g, column, &v))
        return v < low ? low : v > high ? high : v;
    return page_is(g, "direction", "falls") ? low : high;
}

static void put_mark(const struct pane *bar, const struct page *g, const char *column, double low,
                     double high, uint16_t style, const char *mark)
{
    int width = bar->cols;
    double at = (place_of(g, column, low, high) - low) / (high - low);
    pane_put(bar, 0, (int)lround(at * (width - 1)), style, mark);
}

/* "1 [---n-----o-----------b----] 3  o old  n new  b baseline 1.5" */
static void bounds_bar(struct page *g)
{
    struct page_picture picture;
    double low, high;
    char left[40], right[40];
    if (!number_of(g, "low", &low) || !number_of(g, "high", &high) || high <= low)
        return;
    int width = g->cols - g->indent - 50;
    width = width < BAR_LEAST ? BAR_LEAST : width > BAR_MOST ? BAR_MOST : width;
    g->line--; /* behind its label */
    page_picture(g, &picture, 1);
    snprintf(left, sizeof left, "%.12s [", page_fact(g, "low"));
    snprintf(right, sizeof right, "] %.12s", page_fact(g, "high"));
    int at = g->indent + pane_text(&picture.pane, 0, g->indent, TOKEN_FG, left);
    struct pane bar = pane_part(&picture.pane, 0, at, 1, width);
    pane_hrule(&bar, 0, 0, bar.cols, TOKEN_GAUGE_TRACK, LINE_THIN);
    put_mark(&bar, g, "baseline", low, high, TOKEN_DIM, "b");
    put_mark(&bar, g, "old_value", low, high, TOKEN_FG | STYLE_BOLD, "o");
    put_mark(&bar, g, "new_value", low, high, TOKEN_KEY | STYLE_BOLD, "n");
    at += bar.cols;
    at += pane_text(&picture.pane, 0, at, TOKEN_FG, right);
    pane_printf(&picture.pane, 0, at + 2, TOKEN_DIM, "o old  n new  b baseline %.12s",
                page_fact(g, "baseline"));
    page_picture_end(g, &picture);
    page_say(g, TOKEN_FG, "%s", ""); /* the line is said */
}

static void change_lines(struct page *g)
{
    double old, new;
    const char *unit = page_fact(g, "unit");
    page_label(g, "CHANGE");
    page_say(g, TOKEN_FG | STYLE_BOLD, "%s", page_fact(g, "name"));
    page_say(g, TOKEN_FG | STYLE_BOLD, "%s  ->  %s", page_fact(g, "old_value"),
             page_fact(g, "new_value"));
    bool both = number_of(g, "old_value", &old) && number_of(g, "new_value", &new);
    if (both && old != 0.0)
        page_say(g, TOKEN_FG, "(%+.4g, %+.0f%%)", new - old,
                 round_half_away(100 * (new / old - 1), 0));
    if (page_fact(g, "title") && g->cols >= WIDE_PAGE)
        page_say(g, TOKEN_DIM, "%s%s%s", page_fact(g, "title"), unit && *unit ? ", " : "",
                 unit ? unit : "");
    page_label(g, "BOUNDS");
    if (page_fact(g, "low") && g->cols >= NARROW_PAGE)
        bounds_bar(g);
    else if (page_fact(g, "low"))
        page_say(g, TOKEN_FG, "%s .. %s   baseline %s", page_fact(g, "low"), page_fact(g, "high"),
                 page_fact(g, "baseline"));
    else
        page_say(g, TOKEN_SEV_WARN, "none: the desk has no such parameter");
    const char *in_force =
        page_fact(g, "in_force") ? page_fact(g, "in_force") : page_fact(g, "baseline");
    if (is_open(g) && in_force && strcmp(in_force, page_fact(g, "old_value")) != 0) {
        page_label(g, "");
        page_say(g, TOKEN_SEV_WARN, "in force now: %s; an approval would be refused", in_force);
    }
}

static void judgement_lines(struct page *g)
{
    char conf[FIGURE_SIZE];
    double threshold;
    const char *risk = page_fact(g, "risk_level"), *priority = page_fact(g, "priority");
    page_label(g, "CONF");
    number_of(g, "threshold", &threshold);
    page_say(g, TOKEN_FG, "%s (auto at %g)",
             figure_text(conf, FIGURE_RATE, page_fact(g, "confidence")), threshold);
    page_say(g, style_of_risk(risk), "RISK %s", risk);
    page_say(g, TOKEN_FG, "PRI %s", strcmp(priority, "MEDIUM") == 0 ? "MED" : priority);
    page_say(g, TOKEN_FG, "by %s%s%s",
             page_fact(g, "proposed_by") ? page_fact(g, "proposed_by") : "learning",
             page_fact(g, "cycle") ? ", cycle #" : "",
             page_fact(g, "cycle") ? page_fact(g, "cycle") : "");
    if (page_is(g, "status", "AUTO_APPLIED"))
        return;
    page_label(g, "NOT AUTO because:");
    page_more(g, page_fact(g, "not_auto") ? TOKEN_FG : TOKEN_DIM, "%s",
              page_fact(g, "not_auto") ? page_fact(g, "not_auto") : "the reason is not recorded");
}

static void expected_lines(struct page *g)
{
    page_label(g, "EXPECTED");
    page_say(g, page_fact(g, "expected") ? TOKEN_FG : TOKEN_DIM, "%s",
             page_fact(g, "expected") ? page_fact(g, "expected") : "not recorded");
}

/* The words behind a label are never words of code: in quotes and dim. */
static void reason_lines(struct page *g)
{
    const char *quote = page_fact(g, "quote"), *reason = page_fact(g, "reasoning");
    const char *words = quote && *quote ? quote : reason;
    bool by_code = !(quote && *quote) && page_is(g, "proposed_by", "baseline");
    page_label(g, "REASON");
    if (!words || !*words) {
        page_say(g, TOKEN_DIM, "none was given");
        return;
    }
    g->line--; /* the words stand in its line */
    if (by_code)
        page_text(g, TOKEN_FG, words, 0);
    else
        page_quote(g, words, 0);
}

/* ---- the evidence */

static uint16_t style_of_verdict(const char *verdict)
{
    if (strcmp(verdict, "PROVEN") == 0 || strncmp(verdict, "PROVEN against", 14) == 0)
        return TOKEN_PNL_UP; /* not "PROVEN alone": the best of many is not proof */
    return strcmp(verdict, "CONTRADICTED") == 0 ? TOKEN_PNL_DOWN : TOKEN_SEV_WARN;
}

static const char *share_text(char dst[32], double won, double of)
{
    if (of > 0)
        snprintf(dst, 32, "%.0f%%", round_half_away(100 * won / of, 0));
    else
        snprintf(dst, 32, "-");
    return dst;
}

/* "changed 14   mean R +0.05->+0.11   won 57%->61%   drawdown 4.2->3.6 R" */
static void effect_line(struct page *g)
{
    double used, old, new, won_old, won_new, n_new;
    char a[32], b[32];
    page_label(g, "");
    if (page_fact(g, "changed"))
        page_say(g, TOKEN_FG, "changed %s", page_fact(g, "changed"));
    if (number_of(g, "mean_old", &old) && number_of(g, "mean_new", &new))
        page_say(g, TOKEN_FG, "mean R %+.2f->%+.2f", old, new);
    if (!number_of(g, "used", &used) && !number_of(g, "n", &used))
        return;
    if (!number_of(g, "n_new", &n_new))
        n_new = used;
    if (number_of(g, "won_old", &won_old) && number_of(g, "won_new", &won_new))
        page_say(g, TOKEN_FG, "won %s->%s", share_text(a, won_old, used),
                 share_text(b, won_new, n_new));
    if (n_new < used)
        page_say(g, TOKEN_FG, "entries %.0f->%.0f", used, n_new);
    if (number_of(g, "drawdown_old", &old) && number_of(g, "drawdown_new", &new))
        page_say(g, TOKEN_FG, "drawdown %.1f->%.1f R", old, new);
}

static void verdict_line(struct page *g)
{
    const char *verdict = page_fact(g, "verdict");
    double effect, low, high;
    page_label(g, "");
    if (number_of(g, "effect", &effect))
        page_say(g, style_of_sign(page_fact(g, "effect")), "%+.3f R a trade", effect);
    if (number_of(g, "delta_low", &low) && number_of(g, "delta_high", &high))
        page_say(g, TOKEN_FG, "95%% CI [%+.3f, %+.3f] %s 0:", low, high,
                 low <= 0 && high >= 0 ? "includes" : "without");
    else
        page_say(g, TOKEN_DIM, "no interval: too few weeks:");
    if (verdict)
        page_more(g, style_of_verdict(verdict) | STYLE_BOLD, "%s", verdict);
    else
        page_more(g, TOKEN_DIM, "not measured");
}

static void quality_line(struct page *g)
{
    const char *source = page_fact(g, "source"), *unknown = page_fact(g, "unknown");
    int64_t changed = page_number(g, "changed"), n = 0;
    page_label(g, "");
    if (source && strcmp(source, "replay") == 0)
        page_say(g, TOKEN_FG, "replayed on stored prices");
    else if (source && strcmp(source, "filter") == 0)
        page_say(g, TOKEN_FG, "entries the filter would have kept");
    else if (source)
        page_say(g, TOKEN_FG, "trades before and after");
    if (whole_number(unknown, &n) && (n > 0 || (source && strcmp(source, "replay") == 0)))
        page_say(g, n > 0 ? TOKEN_SEV_WARN : TOKEN_FG,
                 "path inside the bar unknown for %lld of %lld", (long long)n, (long long)changed);
    if (page_fact(g, "pattern"))
        page_say(g, TOKEN_FG, "led there by: %s", page_fact(g, "pattern"));
    if (page_fact(g, "shadow_text")) {
        page_label(g, "");
        page_say(g, TOKEN_FG, "run beside the desk: %s", page_fact(g, "shadow_text"));
    }
}

static void evidence_lines(struct page *g)
{
    const char *used = page_fact(g, "used") ? page_fact(g, "used") : page_fact(g, "n");
    size_t cases = page_rows(g, PART_CASES)->nrows;
    page_label(g, "EVIDENCE");
    if (!used && !page_fact(g, "verdict")) {
        page_say(g, TOKEN_DIM, "not measured: nothing is recorded");
        return;
    }
    page_say(
        g, page_number(g, "used") + page_number(g, "n") < ENOUGH_CASES ? TOKEN_SEV_WARN : TOKEN_FG,
        "%s cases", used ? used : "0");
    if (page_fact(g, "window_from") && page_fact(g, "window_to"))
        page_more(g, TOKEN_FG, "%s..%s", page_fact(g, "window_from"), page_fact(g, "window_to"));
    if (page_fact(g, "weeks"))
        page_more(g, TOKEN_FG, "(%s weeks)", page_fact(g, "weeks"));
    if (cases)
        page_say(g, TOKEN_DIM, "[Enter: %zu of them]", cases);
    effect_line(g);
    verdict_line(g);
    quality_line(g);
}

static void warning_lines(struct page *g)
{
    const char *stale = page_fact(g, "stale"), *beside = page_fact(g, "beside");
    bool open = is_open(g);
    bool undecided = open || page_is(g, "status", "APPROVED");
    const char *conflicts = undecided ? page_fact(g, "conflicts") : NULL;
    page_label(g, "WARNINGS");
    if (stale && open)
        page_say(g, TOKEN_SEV_CRIT, "WARNING: measured while %s: look again with whatif %s", stale,
                 page_fact(g, "id"));
    if (beside && open)
        page_say(g, TOKEN_SEV_WARN, "being measured at the same time: %s", beside);
    if (page_fact(g, "warnings"))
        page_say(g, TOKEN_SEV_WARN, "%s", page_fact(g, "warnings"));
    if (conflicts)
        page_say(g, TOKEN_SEV_WARN, "E15 %s: the same parameter; decide one, the other is re-based",
                 conflicts);
    if (!page_fact(g, "warnings") && !conflicts && !(open && (stale || beside)))
        page_say(g, TOKEN_DIM, "none");
}

/* ---- what was and what will be */

uint16_t style_of_measured(const char *state)
{
    if (!state)
        return TOKEN_DIM;
    if (strcmp(state, "better") == 0)
        return TOKEN_PNL_UP;
    return strcmp(state, "worse") == 0 || strcmp(state, "rolled back") == 0 ? TOKEN_PNL_DOWN
                                                                            : TOKEN_FG;
}

/* "better n=60 +0.08 R" */
const char *measured_text(char dst[PAGE_CELL], const char *state, const char *n, const char *effect)
{
    double x;
    size_t len = (size_t)snprintf(dst, PAGE_CELL, "%.20s", state ? state : "not measured yet");
    if (state && n)
        len += (size_t)snprintf(dst + len, PAGE_CELL - len, "  n=%.12s", n);
    if (state && effect && text_to_double(effect, &x))
        snprintf(dst + len, PAGE_CELL - len, "  %+.2f R", x);
    return dst;
}

static void history_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"HISTORY", 11, false, 0}, {"OLD", 7, true, 0},  {"NEW", 7, true, 0},
        {"WHO", 16, false, 60},    {"BY", 5, false, 60}, {"RESULT", 0, false, 0},
    };
    const struct rows *r = page_rows(g, PART_HISTORY);
    if (r->nrows == 0) {
        page_label(g, "HISTORY");
        page_say(g, TOKEN_DIM,
                 page_came(g, PART_HISTORY) ? "never changed: the baseline holds" : "loading");
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    size_t most = g->cols < WIDE_PAGE ? 3 : 6; /* all of it stands in the parameter's own view */
    for (size_t i = 0; i < r->nrows && i < most; i++) {
        char by[32], result[PAGE_CELL];
        const char *adjustment = rows_named(r, i, "adjustment_id");
        const char *state = rows_named(r, i, "state"), *status = rows_named(r, i, "status");
        snprintf(by, sizeof by, "#%.20s", adjustment ? adjustment : "");
        measured_text(result, state, rows_named(r, i, "n"), rows_named(r, i, "effect"));
        if (!state && status && strcmp(status, "ROLLED_BACK") == 0)
            copy_text(result, sizeof result, "rolled back");
        const struct page_cell cells[] = {
            {rows_named(r, i, "at"), TOKEN_FG},        {rows_named(r, i, "old_value"), TOKEN_FG},
            {rows_named(r, i, "new_value"), TOKEN_FG}, {rows_named(r, i, "set_by"), TOKEN_FG},
            {adjustment ? by : NULL, TOKEN_FG},        {result, style_of_measured(state)},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, false);
    }
}

static void cases_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"EVIDENCE", 9, false, 0}, {"SYM", 6, false, 0},  {"ENTERED", 7, false, 50},
        {"R OLD", 6, true, 0},     {"R NEW", 6, true, 0}, {"CHANGE", 6, true, 0},
        {"P&L $", 10, true, 60},   {"HOW", 0, false, 70},
    };
    const struct rows *r = page_rows(g, PART_CASES);
    if (r->nrows == 0)
        return;
    page_heading(g, "THE VERY CASES", "largest change first; Enter opens one");
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32], usd[FIGURE_SIZE], old[FIGURE_SIZE], new[FIGURE_SIZE], by[FIGURE_SIZE] = "-";
        const char *trade = rows_named(r, i, "trade_id"), *pnl = rows_named(r, i, "pnl_usd");
        const char *a = rows_named(r, i, "r_old"), *b = rows_named(r, i, "r_new");
        double x, y;
        if (a && b && text_to_double(a, &x) && text_to_double(b, &y))
            snprintf(by, sizeof by, "%+.2f", round_half_away(y - x, 2));
        uint16_t style = by[0] == '+' ? TOKEN_PNL_UP : by[1] ? TOKEN_PNL_DOWN : TOKEN_FG;
        snprintf(id, sizeof id, trade ? "#%.20s" : "eval %.20s",
                 trade ? trade : rows_named(r, i, "evaluation_id"));
        const struct page_cell cells[] = {
            {id, TOKEN_FG},
            {rows_named(r, i, "symbol"), TOKEN_FG},
            {rows_named(r, i, "entered"), TOKEN_FG},
            {a ? figure_text(old, FIGURE_R, a) : NULL, TOKEN_FG},
            {b ? figure_text(new, FIGURE_R, b) : NULL, TOKEN_FG},
            {by, style},
            {pnl ? figure_text(usd, FIGURE_PROFIT, pnl) : NULL, style_of_sign(pnl)},
            {rows_named(r, i, "exit_reason"), TOKEN_FG},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

static void keeps_line(struct page *g)
{
    int64_t open = page_number(g, "open_positions");
    if (page_is(g, "class", "filter")) {
        page_say(g, TOKEN_FG, "open positions are not touched");
        return;
    }
    if (open > 0)
        page_say(g, TOKEN_FG, "%lld open position%s %s", (long long)open, open == 1 ? "" : "s",
                 open == 1 ? "keeps" : "keep");
    if (open > 0)
        page_more(g, TOKEN_FG, "%s", page_fact(g, "old_value"));
}

static void waiting_lines(struct page *g)
{
    if (page_fact(g, "reviewing_by")) {
        page_label(g, "NOW");
        page_say(g, TOKEN_SEV_INFO, "being reviewed by %s", page_fact(g, "reviewing_by"));
    }
    if (page_is(g, "status", "DEFERRED") && page_fact(g, "hidden_until")) {
        page_label(g, "DEFERRED");
        page_say(g, TOKEN_FG, "until %s; the expiry stays as it is", page_fact(g, "hidden_until"));
    }
    if (page_is(g, "status", "SHADOW")) {
        page_label(g, "SHADOW");
        page_say(g, TOKEN_FG, "%s of %s trades since %s; then it waits here again",
                 page_fact(g, "shadow_done") ? page_fact(g, "shadow_done") : "0",
                 page_fact(g, "shadow_trades") ? page_fact(g, "shadow_trades") : "?",
                 page_fact(g, "shadow_from") ? page_fact(g, "shadow_from") : "just now");
    }
    page_label(g, "IF YOU APPROVE");
    int hold = g->snapshot->hold_s ? g->snapshot->hold_s : REVIEW_HOLD_S;
    page_say(g, TOKEN_FG, "applies in %d s to new entries (u undoes)", hold);
    keeps_line(g);
}

static void hold_line(struct page *g)
{
    int64_t left = hold_left(g);
    page_label(g, "APPROVED");
    page_say(g, TOKEN_FG, "by %s", page_fact(g, "decided_by") ? page_fact(g, "decided_by") : "?");
    if (left > 0)
        page_say(g, TOKEN_KEY | STYLE_BOLD, "applies in %lld s; u undoes", (long long)left);
    else
        page_say(g, TOKEN_FG, "the hold is over: it is being applied");
    keeps_line(g);
}

static void result_line(struct page *g)
{
    char text[PAGE_CELL];
    double low, high;
    const char *state = page_fact(g, "measured_state");
    page_label(g, "RESULT");
    page_say(
        g, style_of_measured(state), "%s",
        measured_text(text, state, page_fact(g, "measured_n"), page_fact(g, "measured_effect")));
    if (number_of(g, "measured_low", &low) && number_of(g, "measured_high", &high))
        page_say(g, TOKEN_FG, "[%+.2f, %+.2f] R", low, high);
    if (page_fact(g, "measured_text"))
        page_say(g, TOKEN_FG, "%s", page_fact(g, "measured_text"));
}

static void decided_lines(struct page *g)
{
    page_label(g, "DECIDED");
    page_say(g, TOKEN_FG, "%s", page_fact(g, "status"));
    if (page_fact(g, "decided_by"))
        page_more(g, TOKEN_FG, "by %s", page_fact(g, "decided_by"));
    if (page_fact(g, "decided"))
        page_more(g, TOKEN_FG, "at %s", page_fact(g, "decided"));
    if (page_fact(g, "decision_reason") && *page_fact(g, "decision_reason"))
        page_say(g, TOKEN_FG, "\"%s\"", page_fact(g, "decision_reason"));
    if (page_fact(g, "applied"))
        page_say(g, TOKEN_FG, "applied %s", page_fact(g, "applied"));
    if (page_fact(g, "reverts"))
        page_say(g, TOKEN_FG, "it takes #%s back", page_fact(g, "reverts"));
    if (page_fact(g, "reverted_by"))
        page_say(g, TOKEN_FG, "taken back by #%s", page_fact(g, "reverted_by"));
    if (page_fact(g, "applied"))
        result_line(g);
}

static void acts_lines(struct page *g)
{
    const struct rows *r = page_rows(g, PART_ACTS);
    for (size_t i = 0; i < r->nrows; i++) {
        const char *verb = rows_named(r, i, "verb"), *reason = rows_named(r, i, "reason");
        page_label(g, i == 0 ? "NOTES" : "");
        page_say(g, TOKEN_DIM, "%s %s", rows_named(r, i, "at"), rows_named(r, i, "who"));
        page_more(g, TOKEN_FG, reason ? "%s: \"%s\"" : "%s%s", verb ? verb : "",
                  reason ? reason : "");
    }
}

/* ---- the page */

static void set_title(struct page *g)
{
    char left[16] = "", place[48] = "";
    struct detail_view *v = g->view;
    int64_t expires = page_number(g, "expires_epoch");
    if (expires)
        duration_print(left, expires * USEC_SECOND - g->snapshot->now);
    if (page_fact(g, "place") && page_fact(g, "places"))
        snprintf(place, sizeof place, "   %.8s/%.8s < >", page_fact(g, "place"),
                 page_fact(g, "places"));
    if (is_open(g))
        snprintf(v->title, sizeof v->title, "%.12s since %.12s%s%s%s", page_fact(g, "status"),
                 page_fact(g, "changed_at") ? page_fact(g, "changed_at") : "?",
                 !*left         ? ""
                 : *left == '-' ? ", expires unless renewed"
                                : ", expires in ",
                 *left == '-' ? "" : left, place);
    else
        snprintf(v->title, sizeof v->title, "%.14s %.12s%s", page_fact(g, "status"),
                 page_fact(g, "changed_at") ? page_fact(g, "changed_at") : "", place);
    sanitize_line(v->title, sizeof v->title, untrusted(v->title));
}

static void body(struct page *g)
{
    if (!page_ready(g, "adjustment", "pending ones: panel 2; all: panel 8"))
        return;
    set_title(g);
    change_lines(g);
    judgement_lines(g);
    expected_lines(g);
    reason_lines(g);
    evidence_lines(g);
    warning_lines(g);
    history_table(g);
    if (is_open(g))
        waiting_lines(g);
    else if (page_is(g, "status", "APPROVED"))
        hold_line(g);
    else
        decided_lines(g);
    acts_lines(g);
    cases_table(g);
}

/* Enter on evidence that is out of sight brings it into sight first. */
int draw_adjustment(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    v->drawn.show |= v->depth > 0;
    v->depth = v->drawn.depth = 0;
    return page_draw(p, s, v, body);
}

int adjustment_rhythm(const struct snapshot *s)
{
    const struct rows *r = &s->detail[PART_HEAD].rows;
    const char *status = r->nrows ? rows_named(r, 0, "status") : NULL;
    return status && strcmp(status, "APPROVED") == 0 ? 1000 : 2000;
}

void adjustment_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX])
{
    const struct rows *r = &s->detail[PART_CASES].rows;
    out[0] = '\0';
    if (v->drawn.in_sight && v->item >= 0 && (size_t)v->item < r->nrows)
        snprintf(out, OBJECT_MAX, "%.40s", rows_named(r, (size_t)v->item, "object"));
}
