/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One proposed change, as a page and as JSON. What a model wrote stands in quotes; every figure is
 * code's. */
#include "core/command/show_adjustment.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#define NUMBER(key) "CASE WHEN jsonb_typeof(x.e->'" key "') = 'number' THEN x.e->>'" key "' END"
#define RATIO(key)  "round((" NUMBER(key) ")::numeric, 2)"
#define LIST(key)                                                                                  \
    "(SELECT string_agg(j, '; ') FROM jsonb_array_elements_text(CASE jsonb_typeof(x.e->'" key      \
    "') WHEN 'array' THEN x.e->'" key "' ELSE '[]' END) j)"
#define IDS(key)                                                                                   \
    "(SELECT string_agg('#' || j, ' ') FROM (SELECT j FROM jsonb_array_elements_text(CASE"         \
    " jsonb_typeof(x.e->'" key "') WHEN 'array' THEN x.e->'" key "' ELSE '[]' END) j"              \
    " LIMIT 20) t)"

/* A column a line. */
/* clang-format off */
static const struct statement head = {
    "adjustment head",
    "SELECT a.id, a.status, a.version, a.digest, a.parameter_name AS name,"
    "  review_value(a.old_value) AS old, review_value(a.new_value) AS new,"
    "  trim_scale(a.new_value - a.old_value) AS delta,"
    "  round(100 * (a.new_value / NULLIF(a.old_value, 0) - 1)) AS delta_pct,"
    "  p.title, p.unit, p.class, trim_scale(p.low) AS low, trim_scale(p.high) AS high,"
    "  trim_scale(p.step) AS step, review_value(p.baseline) AS baseline,"
    "  review_value((review_in_force(a.parameter_name)).value) AS in_force,"
    "  round(a.confidence_score)::int AS confidence, a.risk_level AS risk, a.priority,"
    "  a.proposed_by, a.cycle_id AS cycle, a.created_at, a.expires_at, a.hidden_until,"
    "  NULLIF(a.gate_reason, '') AS gate_reason, a.reasoning, a.evidence, a.decided_by,"
    "  NULLIF(a.decided_origin, '') AS decided_origin, a.decided_at, a.decision_reason,"
    "  NULLIF(a.stale, '') AS stale, review_beside(a.id, a.parameter_name) AS beside,"
    "  review_verdict(x.e, a.priority) AS verdict_text, a.changed_at,"
    "  a.applied_at, a.rolled_back_at, a.reverts, a.shadow_trades, a.shadow_from, a.measure,"
    "  a.measured, a.measured->>'text' AS result_text, a.measured->>'state' AS result,"
    "  CASE WHEN a.reviewing_until > clock_timestamp() THEN a.reviewing_by END AS reviewing_by,"
    "  CASE WHEN a.status = 'APPROVED' THEN GREATEST(0,"
    "    ceil(extract(epoch FROM a.apply_after - clock_timestamp())))::int END AS applies_in,"
    "  extract(epoch FROM a.expires_at - desk_now())::bigint AS left_s,"
    "  (SELECT o.id FROM strategy_adjustments o WHERE o.reverts = a.id ORDER BY o.id LIMIT 1)"
    "    AS reverted_by,"
    "  (SELECT count(*) FROM positions q WHERE q.closed_at IS NULL) AS open_positions,"
    "  (SELECT string_agg('#' || o.id, ' ' ORDER BY o.id) FROM strategy_adjustments o"
    "   WHERE o.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')"
    "    AND o.parameter_name = a.parameter_name AND o.id <> a.id) AS conflicts,"
    "  (SELECT count(*) FROM strategy_adjustments o WHERE o.parameter_name = a.parameter_name"
    "    AND o.id <> a.id AND o.reverts IS NULL AND o.applied_at > a.created_at"
    "    - interval '30 days' AND o.applied_at <= a.created_at) AS changed_lately,"
    "  COALESCE((SELECT value FROM desk_setting WHERE name ="
    "    'SELF_LEARNING_AUTO_APPLY_THRESHOLD' ORDER BY id DESC LIMIT 1), '80') AS threshold,"
    "  x.e->>'source' AS source, x.e->>'verdict' AS verdict, x.e->>'expected' AS expected,"
    "  x.e->>'model_quote' AS quote, x.e->'window'->>'from' AS window_from,"
    "  x.e->'window'->>'to' AS window_to, x.e->>'pattern' AS pattern,"
    "  x.e->'shadow'->>'text' AS shadow_text,"
    "  round((x.e->'delta_95'->>0)::numeric, 2) AS low_95,"
    "  round((x.e->'delta_95'->>1)::numeric, 2) AS high_95,"
    "  " NUMBER("n") " AS n,"
    "  " NUMBER("used") " AS used,"
    "  " NUMBER("changed") " AS changed,"
    "  " NUMBER("unknown") " AS unknown,"
    "  " NUMBER("weeks") " AS weeks,"
    "  " NUMBER("won_old") " AS won_old,"
    "  " NUMBER("won_new") " AS won_new,"
    "  " RATIO("mean_old") " AS mean_old,"
    "  " RATIO("mean_new") " AS mean_new,"
    "  " RATIO("effect") " AS effect,"
    "  " RATIO("drawdown_old") " AS drawdown_old,"
    "  " RATIO("drawdown_new") " AS drawdown_new,"
    "  " LIST("warnings") " AS warnings,"
    "  " IDS("trade_ids") " AS trades,"
    "  " IDS("evaluation_ids") " AS evaluations "
    "FROM strategy_adjustments a LEFT JOIN parameters p ON p.name = a.parameter_name"
    "  CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(a.evidence) WHEN 'object' THEN a.evidence"
    "    ELSE '{}' END AS e) x WHERE a.id = $1::bigint"};
/* clang-format on */

static const struct statement history = {
    "adjustment history",
    "SELECT h.created_at, review_value(h.before), review_value(h.value), h.set_by,"
    "  h.adjustment_id, a.status, a.measured->>'text' "
    "FROM (SELECT v.*, lag(v.value, 1, p.baseline) OVER (ORDER BY v.id) AS before"
    "  FROM parameter_versions v LEFT JOIN parameters p ON p.name = v.name"
    "  WHERE v.name = $1) h LEFT JOIN strategy_adjustments a ON a.id = h.adjustment_id "
    "ORDER BY h.id DESC LIMIT 20"};
static const struct figure_column history_columns[] = {
    {"at", "WHEN", FIGURE_WHEN, 0},          {"old_value", "OLD", FIGURE_TEXT, 0},
    {"new_value", "NEW", FIGURE_TEXT, 0},    {"set_by", "WHO", FIGURE_TEXT, 0},
    {"adjustment", "BY #", FIGURE_COUNT, 0}, {"status", "STATUS", FIGURE_TEXT, 0},
    {"result", "RESULT", FIGURE_TEXT, 0},
};

struct page {
    struct call *call;
    const struct rows *r;
    struct arena arena;
};

/* A named cell, fit for a terminal; NULL where there is none. */
static const char *fact(struct page *g, const char *name)
{
    const char *text = rows_named(g->r, 0, name);
    if (!text)
        return NULL;
    struct buf b = {0};
    sanitize(&b, untrusted(text), TEXT_LINE, 0);
    const char *copy = arena_text(&g->arena, buf_text(&b));
    buf_release(&b);
    return copy;
}

static const char *moment(struct page *g, const char *name)
{
    char text[FIGURE_SIZE];
    const char *stored = rows_named(g->r, 0, name);
    return stored ? arena_text(&g->arena, figure_text(text, FIGURE_WHEN, stored)) : NULL;
}

static int64_t number(struct page *g, const char *name)
{
    int64_t x = 0;
    const char *text = rows_named(g->r, 0, name);
    return text && text_to_int64(text, &x) ? x : 0;
}

static bool is(struct page *g, const char *name, const char *value)
{
    const char *text = rows_named(g->r, 0, name);
    return text && strcmp(text, value) == 0;
}

/* A label and the text behind it, broken between words. */
static void say(struct page *g, const char *label, const char *text)
{
    enum { LABEL = 11 };
    int columns, ignored;
    terminal_size(&columns, &ignored);
    size_t room = columns > LABEL + 30 ? (size_t)columns - LABEL - 1 : 68;
    const char *p = text;
    do {
        size_t len = strlen(p), cut = len;
        if (len > room) {
            for (cut = room; cut > 0 && p[cut] != ' '; cut--)
                ;
            cut = cut ? cut : len;
        }
        out_line(g->call->out, " %-*s%.*s", LABEL - 1, p == text ? label : "", (int)cut, p);
        p += cut;
        p += strspn(p, " ");
    } while (*p);
}

static void say_formatted(struct page *g, const char *label, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static void say_formatted(struct page *g, const char *label, const char *fmt, ...)
{
    char text[900];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    say(g, label, text);
}

static void say_fact(struct page *g, const char *label, const char *name)
{
    const char *text = fact(g, name);
    if (text && *text)
        say(g, label, text);
}

static const char *text_or(const char *text, const char *other)
{
    return text && *text ? text : other;
}

static void title_line(struct page *g)
{
    char left[16] = "";
    const char *since = moment(g, "created_at");
    if (is(g, "status", "PENDING") || is(g, "status", "DEFERRED"))
        duration_print(left, number(g, "left_s") * USEC_SECOND);
    bool due = *left == '-'; /* a cycle that is due may still renew it */
    out_line(g->call->out, "%s desk: adjustment #%s  %s, proposed %s%s%s%s%s",
             desk_kind_name(g->call->desk->kind), fact(g, "id"), fact(g, "status"),
             text_or(since, "-"),
             due     ? ", expires unless the cycle renews it"
             : *left ? ", expires in "
                     : "",
             due ? "" : left, fact(g, "reviewing_by") ? "; being reviewed by " : "",
             text_or(fact(g, "reviewing_by"), ""));
}

static void change_lines(struct page *g)
{
    char delta[80] = "", bounds[160] = "not in the registry";
    if (fact(g, "delta"))
        snprintf(delta, sizeof delta, "  (%s%s%s%s%s)", *fact(g, "delta") == '-' ? "" : "+",
                 fact(g, "delta"), fact(g, "delta_pct") ? ", " : "",
                 text_or(fact(g, "delta_pct"), ""), fact(g, "delta_pct") ? "%" : "");
    if (fact(g, "low"))
        snprintf(bounds, sizeof bounds, "bounds %s .. %s  step %s  baseline %s", fact(g, "low"),
                 fact(g, "high"), fact(g, "step"), fact(g, "baseline"));
    say_formatted(g, "CHANGE", "%s  %s -> %s%s   %s", fact(g, "name"), fact(g, "old"),
                  fact(g, "new"), delta, bounds);
    if (strcmp(fact(g, "in_force"), fact(g, "old")) != 0)
        say_formatted(g, "", "in force now: %s", fact(g, "in_force"));
    if (fact(g, "title"))
        say_formatted(g, "", "%s, %s", fact(g, "title"), fact(g, "unit"));
    say_formatted(g, "JUDGED", "confidence %s%% (auto needs %s)  risk %s  priority %s  by %s%s%s",
                  fact(g, "confidence"), fact(g, "threshold"), fact(g, "risk"), fact(g, "priority"),
                  fact(g, "proposed_by"), fact(g, "cycle") ? ", cycle #" : "",
                  text_or(fact(g, "cycle"), ""));
    if (is(g, "status", "AUTO_APPLIED"))
        say_fact(g, "AUTO", "gate_reason");
    else
        say_fact(g, is(g, "status", "REJECTED") ? "REJECTED" : "NOT AUTO", "gate_reason");
    const char *reasoning = fact(g, "reasoning"), *quote = fact(g, "quote");
    const char *expected = fact(g, "expected");
    if (expected && !(reasoning && strstr(reasoning, expected))) /* code's words hold it already */
        say(g, "EXPECTED", expected);
    if (quote && *quote)
        say_formatted(g, "MODEL", "\"%.800s\"", quote);
    if (reasoning && *reasoning && !(quote && strcmp(quote, reasoning) == 0)) {
        bool by_code = is(g, "proposed_by", "baseline") || fact(g, "reverts");
        say_formatted(g, "REASON", by_code ? "%.800s" : "\"%.800s\"", reasoning);
    }
}

static void evidence_lines(struct page *g)
{
    const char *from = fact(g, "window_from"), *to = fact(g, "window_to");
    if (!fact(g, "n")) {
        say(g, "EVIDENCE", fact(g, "reverts") ? "none: it restores a value" : "not recorded");
        return;
    }
    say_formatted(g, "EVIDENCE", "%s: %s cases%s%s%s%s, %s changed, %s with an unknown path",
                  text_or(fact(g, "source"), "trades"), fact(g, "n"), from ? ", " : "",
                  from ? from : "", to ? " .. " : "", to ? to : "",
                  text_or(fact(g, "changed"), "?"), text_or(fact(g, "unknown"), "?"));
    if (fact(g, "mean_old") && fact(g, "mean_new"))
        say_formatted(g, "", "mean %s -> %s R, won %s -> %s of %s, drawdown %s -> %s R",
                      fact(g, "mean_old"), fact(g, "mean_new"), text_or(fact(g, "won_old"), "?"),
                      text_or(fact(g, "won_new"), "?"), text_or(fact(g, "used"), fact(g, "n")),
                      text_or(fact(g, "drawdown_old"), "?"), text_or(fact(g, "drawdown_new"), "?"));
    if (fact(g, "low_95"))
        say_formatted(g, "", "change of a trade %s R, 95%% interval [%s, %s] over %s weeks: %s",
                      text_or(fact(g, "effect"), "?"), fact(g, "low_95"), fact(g, "high_95"),
                      text_or(fact(g, "weeks"), "?"),
                      text_or(fact(g, "verdict_text"), "NOT PROVEN"));
    else
        say_formatted(g, "", "change of a trade %s R, no interval (too few cases): %s",
                      text_or(fact(g, "effect"), "?"),
                      text_or(fact(g, "verdict_text"), "NOT PROVEN"));
    say_fact(g, "TRADES", "trades");
    if (!fact(g, "trades"))
        say_fact(g, "EVALS", "evaluations");
    say_fact(g, "PATTERN", "pattern");
    say_fact(g, "SHADOW", "shadow_text");
}

static void warning_lines(struct page *g)
{
    const char *stale = fact(g, "stale"), *beside = fact(g, "beside");
    const char *label = "WARNINGS";
    bool open = is(g, "status", "PENDING") || is(g, "status", "DEFERRED") ||
                is(g, "status", "SHADOW") || is(g, "status", "APPROVED");
    if (stale && open) {
        say_formatted(g, label, "WARNING: measured while %s: look again with whatif %s", stale,
                      fact(g, "id"));
        label = "";
    }
    if (beside && open) {
        say_formatted(g, label, "being measured at the same time: %s", beside);
        label = "";
    }
    if (fact(g, "warnings")) {
        say_fact(g, label, "warnings");
        label = "";
    }
    int64_t lately = number(g, "changed_lately");
    if (lately)
        say_formatted(g, label, "change %d of %s in 30 days", (int)lately + 1, fact(g, "name"));
    if (fact(g, "conflicts") && open)
        say_formatted(g, "", "E15 %s: the same parameter; decide one, the other is re-based",
                      fact(g, "conflicts"));
}

static void decided_lines(struct page *g)
{
    const char *by = fact(g, "decided_by"), *why = fact(g, "decision_reason");
    if (by)
        say_formatted(g, "DECIDED", "%s by %s%s%s %s%s%s%s", fact(g, "status"), by,
                      fact(g, "decided_origin") ? "@" : "", text_or(fact(g, "decided_origin"), ""),
                      text_or(moment(g, "decided_at"), ""), why && *why ? " (" : "",
                      text_or(why, ""), why && *why ? ")" : "");
    if (is(g, "status", "DEFERRED") && moment(g, "hidden_until"))
        say_formatted(g, "", "hidden until %s", moment(g, "hidden_until"));
    if (is(g, "status", "SHADOW"))
        say_formatted(g, "", "runs beside the value in force since %s, for %s trades",
                      text_or(moment(g, "shadow_from"), "-"), fact(g, "shadow_trades"));
    if (fact(g, "applies_in"))
        say_formatted(g, "", "applies in %s s; undo %s takes it back", fact(g, "applies_in"),
                      fact(g, "id"));
    if (moment(g, "applied_at"))
        say_formatted(g, "APPLIED", "%s%s%s", moment(g, "applied_at"),
                      moment(g, "rolled_back_at") ? ", taken back " : "",
                      text_or(moment(g, "rolled_back_at"), ""));
    if (fact(g, "reverts"))
        say_formatted(g, "", "restores the value before #%s", fact(g, "reverts"));
    if (fact(g, "reverted_by"))
        say_formatted(g, "", "the old value is back by #%s", fact(g, "reverted_by"));
    if (fact(g, "result"))
        say_formatted(g, "RESULT", "%s: %s", fact(g, "result"),
                      text_or(fact(g, "result_text"), ""));
}

static void approval_lines(struct page *g)
{
    int64_t open = number(g, "open_positions");
    if (!is(g, "status", "PENDING") && !is(g, "status", "DEFERRED"))
        return;
    say_formatted(g, "IF YOU", "approve: in 10 s %s is %s for new entries (undo takes it back);",
                  fact(g, "name"), fact(g, "new"));
    if (open)
        say_formatted(g, "", "%d open position%s keep%s %s;", (int)open, open == 1 ? "" : "s",
                      open == 1 ? "s" : "", fact(g, "old"));
    say(g, "",
        "it is measured for 60 trades or 90 days and taken back if it harms or stays "
        "unproven");
    say_formatted(g, "",
                  "quorum approve %s | reject %s REASON | defer %s 24h | shadow %s | "
                  "whatif %s",
                  fact(g, "id"), fact(g, "id"), fact(g, "id"), fact(g, "id"), fact(g, "id"));
}

static void history_text(struct page *g, const struct rows *h)
{
    struct figures f;
    if (h->nrows == 0) {
        say(g, "HISTORY", "never changed: the baseline holds");
        return;
    }
    out_line(g->call->out, " HISTORY of %s", fact(g, "name"));
    figures_begin(&f, g->call->out, history_columns, ARRAY_LEN(history_columns));
    figures_rows(&f, h);
    figures_end(&f, "");
}

static void page_text(struct page *g, const struct rows *h)
{
    title_line(g);
    change_lines(g);
    evidence_lines(g);
    warning_lines(g);
    decided_lines(g);
    approval_lines(g);
    history_text(g, h);
}

/* ---- JSON ---- */

static void json_text(struct json *j, const struct rows *r, const char *const *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_str(j, name[i], rows_named(r, 0, name[i]));
}

static void json_numbers(struct json *j, const struct rows *r, const char *const *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t x;
        const char *text = rows_named(r, 0, name[i]);
        if (text && text_to_int64(text, &x))
            json_int(j, name[i], x);
        else
            json_null(j, name[i]);
    }
}

static void page_json(struct page *g, const struct rows *h)
{
    static const char *const numbers[] = {
        "id",          "version", "confidence",     "cycle",      "reverts",
        "reverted_by", "left_s",  "open_positions", "applies_in", "shadow_trades"};
    static const char *const texts[] = {
        "status",       "digest",         "name",           "old",          "new",
        "delta",        "title",          "unit",           "class",        "low",
        "high",         "step",           "baseline",       "in_force",     "risk",
        "priority",     "threshold",      "proposed_by",    "gate_reason",  "expected",
        "reasoning",    "verdict",        "verdict_text",   "stale",        "beside",
        "changed_at",   "warnings",       "conflicts",      "created_at",   "expires_at",
        "hidden_until", "decided_by",     "decided_origin", "decided_at",   "decision_reason",
        "applied_at",   "rolled_back_at", "shadow_from",    "reviewing_by", "result",
        "result_text"};
    static const char *const raw[] = {"evidence", "measure", "measured"};
    struct json j;
    json_begin(&j, &g->call->out->text);
    json_open(&j, NULL, '{');
    json_numbers(&j, g->r, numbers, ARRAY_LEN(numbers));
    json_text(&j, g->r, texts, ARRAY_LEN(texts));
    for (size_t i = 0; i < ARRAY_LEN(raw); i++) {
        const char *text = rows_named(g->r, 0, raw[i]);
        json_raw(&j, raw[i], text ? text : "null");
    }
    figures_json(&j, "history", history_columns, ARRAY_LEN(history_columns), h);
    json_close(&j, '}');
    buf_char(&g->call->out->text, '\n');
}

static const struct statement waiting = {"adjustment ids", "SELECT review_pending_ids()"};

static enum err no_such(struct call *c, int64_t id, struct error *e)
{
    struct rows r = {0};
    if (db_query(c->desk->db, &waiting, NULL, &r, e))
        return e->kind;
    err_set(e, ERR_USAGE, "no adjustment #%lld", (long long)id);
    err_code(e, "E10");
    err_fix(e, "pending: %s; all: quorum adjustments", rows_text(&r, 0, 0));
    rows_release(&r);
    return e->kind;
}

enum err show_adjustment(struct call *c, int64_t id, struct error *e)
{
    struct params p = {0}, q = {0};
    struct rows r = {0}, h = {0};
    struct page g = {.call = c, .r = &r};
    params_int(&p, id);
    if (db_query(c->desk->db, &head, &p, &r, e))
        return e->kind;
    if (r.nrows == 0) {
        rows_release(&r);
        return no_such(c, id, e);
    }
    params_text(&q, rows_named(&r, 0, "name"));
    if (db_query(c->desk->db, &history, &q, &h, e) == OK) {
        if (c->out->format == OUTPUT_JSON)
            page_json(&g, &h);
        else
            page_text(&g, &h);
    }
    rows_release(&r);
    rows_release(&h);
    arena_release(&g.arena);
    return e->kind;
}
