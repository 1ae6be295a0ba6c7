/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/command/why_not.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/command/status_view.h"
#include "quorum/calendar.h"
#include "quorum/guards.h"
#include "quorum/parameters.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { CAUSES_MAX = 32 };

struct cause {
    const char *name;
    char text[240], change[120]; /* when or how it may go away */
};

struct causes {
    struct cause cause[CAUSES_MAX];
    size_t n;
};

static struct cause *add(struct causes *all, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static struct cause *add(struct causes *all, const char *name, const char *fmt, ...)
{
    struct cause *c = &all->cause[all->n < CAUSES_MAX ? all->n++ : CAUSES_MAX - 1];
    va_list args;
    *c = (struct cause){.name = name};
    va_start(args, fmt);
    vsnprintf(c->text, sizeof c->text, fmt, args);
    va_end(args);
    sanitize_line(c->text, sizeof c->text, untrusted(c->text));
    return c;
}

static void changes(struct cause *c, const char *text)
{
    copy_text(c->change, sizeof c->change, text);
}

static const struct statement of_symbol = {
    "why not",
    "SELECT (SELECT state FROM positions WHERE symbol = $1 AND closed_at IS NULL),"
    "  e.id, e.state, e.state_reason, e.decision, e.agreement, e.needed, e.consensus_reason,"
    "  e.shares, e.size_reason, e.order_result, e.origin, e.finished_at IS NOT NULL,"
    "  y.round_at, y.reason, e.created_at "
    "FROM (SELECT 1) one"
    "  LEFT JOIN LATERAL (SELECT * FROM evaluations WHERE symbol = $1 ORDER BY id DESC LIMIT 1) e"
    "    ON true"
    "  LEFT JOIN day_plan y ON y.symbol = $1"
    "    AND y.day = (desk_now() AT TIME ZONE 'America/New_York')::date"};
enum {
    COL_POSITION,
    COL_ID,
    COL_STATE,
    COL_STATE_REASON,
    COL_DECISION,
    COL_AGREEMENT,
    COL_NEEDED,
    COL_CONSENSUS,
    COL_SHARES,
    COL_SIZE_REASON,
    COL_ORDER,
    COL_ORIGIN,
    COL_FINISHED,
    COL_ROUND,
    COL_PLAN_REASON,
    COL_CREATED,
};

static bool on_list(const char *list, const char *symbol)
{
    size_t n = strlen(symbol);
    for (const char *p = list; *(p += strspn(p, " ,")); p += strcspn(p, " ,"))
        if (strncmp(p, symbol, n) == 0 && strchr(" ,", p[n]))
            return true;
    return false;
}

static void held_cause(struct causes *all, const struct rows *r, const char *symbol)
{
    const char *state = rows_text(r, 0, COL_POSITION);
    if (state)
        add(all, "position",
            strcmp(state, "OPENING") == 0 ? "an entry in %s is ordered already"
                                          : "%s is held already",
            symbol);
}

static void desk_causes(struct causes *all, struct desk *d, const struct status_view *v,
                        const char *symbol)
{
    char word[32];
    bool lives = false;
    for (size_t i = 0; i < v->nengines; i++)
        lives |= !v->engine[i].gone && strcmp(v->engine[i].state, "STOPPED") != 0;
    if (!on_list(desk_text(d, SETTING_WATCHLIST), symbol)) {
        struct cause *c = add(all, "watchlist", "%s is not on the watchlist", symbol);
        snprintf(c->change, sizeof c->change, "quorum watch add %s", symbol);
    }
    if (!lives)
        changes(add(all, "engine", "no engine works: %s", status_word(v, word)),
                "quorum engine start");
    if (!v->schedule.evaluates)
        changes(add(all, "setting", "MULTI_AGENT_ENABLED is false: nothing is evaluated"),
                "quorum settings adopt MULTI_AGENT_ENABLED");
}

/* A guard that blocks for every symbol alike stands here, too. */
static enum err guard_causes(struct causes *all, struct desk *d, const char *symbol, bool held,
                             struct error *e)
{
    struct arena a = {0};
    struct guard *g = NULL;
    size_t n = 0;
    enum err result = guards_load(d, symbol, &a, &g, &n, e);
    for (size_t i = 0; !result && i < n; i++) {
        char name[40];
        if (!g[i].blocks || (held && strcmp(g[i].name, "holding") == 0))
            continue;
        copy_text(name, sizeof name, g[i].name);
        struct cause *c = add(all, "guard", "%s: %s", name, g[i].text);
        changes(c, strcmp(name, "control") == 0 ? "quorum resume" : "quorum guards");
    }
    arena_release(&a);
    return result;
}

static void means_causes(struct causes *all, const struct status_view *v)
{
    char span[16];
    if (v->counts_calls && v->fmp_left == 0)
        changes(add(all, "FMP", "all %lld calls of the day are used", (long long)v->fmp_limit),
                "quorum fmp");
    if (!v->no_model && v->plan.evaluations == 0 && strcmp(v->plan.binding, "budget") == 0) {
        struct cause *c = add(all, "budget", "the day's model budget is used up");
        snprintf(c->change, sizeof c->change, "resets in %s",
                 duration_print(span, status_count(v, "budget_resets_s") * USEC_SECOND));
    }
}

/* The next time it is looked at: its round of today, else the ranking before the next session. */
static void next_round(const struct status_view *v, const struct rows *r, char dst[120])
{
    char when[33];
    int64_t at;
    const char *round = rows_text(r, 0, COL_ROUND);
    if (round && time_parse(round, &at) && at > v->now) {
        snprintf(dst, 120, "next evaluated %s", when_print(when, at, WHEN_SHORT));
        return;
    }
    int32_t day = exchange_day(v->now);
    if (calendar_session(day) == SESSION_CLOSED || v->now >= calendar_open(day))
        day = calendar_next(day);
    snprintf(dst, 120, "planned anew before %s", when_print(when, calendar_open(day), WHEN_SHORT));
}

static void evaluation_causes(struct causes *all, const struct status_view *v, const struct rows *r)
{
    char when[120];
    const char *state = rows_text(r, 0, COL_STATE), *decision = rows_text(r, 0, COL_DECISION);
    const char *plan = rows_text(r, 0, COL_PLAN_REASON), *order = rows_text(r, 0, COL_ORDER);
    long long id = rows_int(r, 0, COL_ID);
    struct cause *c = NULL;
    next_round(v, r, when);
    if (plan && *plan && !rows_text(r, 0, COL_ROUND))
        changes(add(all, "plan", "today %s", plan), when);
    if (!state)
        c = add(all, "evaluation", "it was not evaluated yet");
    else if (!rows_bool(r, 0, COL_FINISHED))
        c = add(all, "evaluation", "evaluation #%lld is under way (%s)", id, state);
    else if (strcmp(state, "DECIDED") != 0)
        c = add(all, "evaluation", "#%lld ended %s: %s", id, state,
                rows_text(r, 0, COL_STATE_REASON));
    else if (!decision || strcmp(decision, "NONE") == 0)
        c = add(all, "vote", "#%lld: votes %s, %lld needed: %s", id, rows_text(r, 0, COL_AGREEMENT),
                (long long)rows_int(r, 0, COL_NEEDED),
                rows_text(r, 0, COL_CONSENSUS) ? rows_text(r, 0, COL_CONSENSUS) : "no consensus");
    else if (strcmp(decision, "BUY") != 0)
        c = add(all, "vote", "#%lld: %s say %s", id, rows_text(r, 0, COL_AGREEMENT), decision);
    else if (rows_int(r, 0, COL_SHARES) == 0 && rows_text(r, 0, COL_SIZE_REASON) &&
             strncmp(rows_text(r, 0, COL_SIZE_REASON), ENTRY_FILTER, strlen(ENTRY_FILTER)) == 0)
        c = add(all, "filter", "#%lld said BUY, not entered: %s", id,
                rows_text(r, 0, COL_SIZE_REASON));
    else if (rows_int(r, 0, COL_SHARES) == 0)
        c = add(all, "size", "#%lld said BUY, sized to nothing: %s", id,
                rows_text(r, 0, COL_SIZE_REASON) ? rows_text(r, 0, COL_SIZE_REASON) : "");
    else if (order && strcmp(order, "ordered") != 0)
        c = add(all, "order", "#%lld said BUY, not ordered: %s", id, order);
    else if (!order && strcmp(rows_text(r, 0, COL_ORIGIN), "operator") == 0)
        c = add(all, "evaluation", "#%lld said BUY, asked for by hand: only the schedule trades",
                id);
    if (c)
        changes(c, when);
}

static void market_cause(struct causes *all, const struct status_view *v)
{
    struct buf b = {0};
    status_market(v, &b);
    if (strncmp(buf_text(&b), "open", 4) != 0)
        add(all, "market", "%s", buf_text(&b));
    buf_release(&b);
}

static void print(struct call *c, const char *symbol, const struct causes *all,
                  const char *evaluation)
{
    static const struct column columns[] = {
        {"cause", "CAUSE", COLUMN_TEXT},
        {"text", "WHAT", COLUMN_TEXT},
        {"change", "WHEN OR HOW IT MAY CHANGE", COLUMN_TEXT},
    };
    struct table t;
    if (c->out->format != OUTPUT_TEXT) {
        table_begin(&t, columns, ARRAY_LEN(columns));
        for (size_t i = 0; i < all->n; i++) {
            const struct cause *k = &all->cause[i];
            table_row(&t, (const char *const[]){k->name, k->text, *k->change ? k->change : NULL});
        }
        table_end(&t, c->out, "");
        return;
    }
    if (all->n == 0)
        out_line(c->out, "nothing keeps the desk from buying %s: the next vote decides", symbol);
    else
        out_line(c->out, "%s is not bought: %s", symbol, all->cause[0].text);
    for (size_t i = 0; i < all->n; i++) {
        const struct cause *k = &all->cause[i];
        out_line(c->out, "  %zu. %-10s  %s", i + 1, k->name, k->text);
        if (*k->change)
            out_line(c->out, "     %-10s  %s", "", k->change);
    }
    if (evaluation)
        out_line(c->out, "the votes: quorum why %s", evaluation);
}

enum err show_why_not(struct call *c, const char *symbol, struct error *e)
{
    struct causes *all = mem_alloc(sizeof *all);
    struct status_view v = {0};
    struct params p = {0};
    struct rows r = {0};
    params_text(&p, symbol);
    enum err result = db_query(c->desk->db, &of_symbol, &p, &r, e);
    if (!result)
        result = status_load(c->desk, false, &v, e);
    if (!result) {
        held_cause(all, &r, symbol);
        desk_causes(all, c->desk, &v, symbol);
        result = guard_causes(all, c->desk, symbol, rows_text(&r, 0, COL_POSITION), e);
    }
    if (!result) {
        means_causes(all, &v);
        evaluation_causes(all, &v, &r);
        market_cause(all, &v);
        print(c, symbol, all, rows_text(&r, 0, COL_ID));
    }
    status_release(&v);
    rows_release(&r);
    mem_free(all);
    return result;
}
