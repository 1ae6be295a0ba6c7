/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deciding about proposed changes: each act is one function of migrations/0014. */
#include "quorum/review.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "quorum/log.h"
#include "quorum/parameters.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { SHADOW_TRADES = 20, HURRY = 3, PARAMETER_PLACES = 6 };

#define ANSWER "id, code, words, fix, status, (extract(epoch FROM apply_at) * 1000000)::bigint"
#define LOOKED "$1::bigint, $2::int, $3, $4, $5, $6"

static const struct verb {
    const char *name;
    struct statement act;
} verbs[REVIEW_VERBS] = {
    [REVIEW_APPROVE] = {"approve",
                        {"review approve",
                         "SELECT " ANSWER " FROM review_approve(" LOOKED ", $7::interval)"}},
    [REVIEW_REJECT] = {"reject",
                       {"review reject", "SELECT " ANSWER " FROM review_reject(" LOOKED ")"}},
    [REVIEW_DEFER] = {"defer",
                      {"review defer",
                       "SELECT " ANSWER " FROM review_defer(" LOOKED ", $7::interval)"}},
    [REVIEW_SHADOW] = {"shadow",
                       {"review shadow",
                        "SELECT " ANSWER " FROM review_shadow(" LOOKED ", $7::int)"}},
    [REVIEW_UNSHADOW] = {"unshadow",
                         {"review unshadow", "SELECT " ANSWER " FROM review_unshadow(" LOOKED ")"}},
    [REVIEW_REVERT] = {"revert",
                       {"review revert", "SELECT " ANSWER " FROM review_revert(" LOOKED ")"}},
    [REVIEW_UNDO] = {"undo",
                     {"review undo", "SELECT " ANSWER " FROM review_undo($1::bigint, $2, $3)"}},
};

const char *review_verb_name(enum review_verb v)
{
    return (unsigned)v < REVIEW_VERBS ? verbs[v].name : "?";
}

/* ---- acting ---- */

static enum err kind_of(const char *code)
{
    static const struct {
        const char *code;
        enum err kind;
    } kinds[] = {{"E05", ERR_USAGE},    {"E10", ERR_USAGE},  {"E11", ERR_CONFLICT},
                 {"E12", ERR_CONFLICT}, {"E13", ERR_POLICY}, {"E14", ERR_POLICY},
                 {"E15", ERR_CONFLICT}, {"E50", ERR_USAGE},  {"E51", ERR_CONFLICT}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].code, code) == 0)
            return kinds[i].kind;
    return ERR_FAILED;
}

static const char *cell(const struct rows *r, size_t row, size_t col)
{
    const char *text = rows_text(r, row, col);
    return text ? text : "";
}

static void clean_cell(char *dst, size_t size, const struct rows *r, size_t row, size_t col)
{
    sanitize_line(dst, size, untrusted(cell(r, row, col)));
}

/* Columns code, words, fix from `col` on; OK when there is no code. */
static enum err refused(const struct rows *r, size_t row, size_t col, struct error *e)
{
    char words[480], fix[240];
    const char *code = cell(r, row, col);
    if (!*code)
        return OK;
    clean_cell(words, sizeof words, r, row, col + 1);
    clean_cell(fix, sizeof fix, r, row, col + 2);
    err_set(e, kind_of(code), "%s", words);
    if (*fix)
        err_fix(e, "%s", fix);
    return err_code(e, code);
}

static int hold_of(const struct desk *d)
{
    return d->review_hold_s > 0 ? d->review_hold_s : REVIEW_HOLD_S;
}

static void bind_act(const struct desk *d, struct params *p, const struct review_act *a)
{
    char extra[40];
    struct buf reason = {0}; /* whole: the database refuses a long one rather than cut it */
    sanitize(&reason, untrusted(a->reason ? a->reason : ""), TEXT_LINE, 0);
    params_int(p, a->id);
    if (a->verb != REVIEW_UNDO) {
        params_int(p, a->version);
        params_text(p, a->digest ? a->digest : "");
        params_text(p, buf_text(&reason));
    }
    buf_release(&reason);
    params_text(p, operator_name());
    params_text(p, operator_origin());
    if (a->verb == REVIEW_APPROVE)
        snprintf(extra, sizeof extra, "%d seconds", hold_of(d));
    else if (a->verb == REVIEW_DEFER)
        snprintf(extra, sizeof extra, "%lld seconds", (long long)(a->defer_us / USEC_SECOND));
    else if (a->verb == REVIEW_SHADOW)
        snprintf(extra, sizeof extra, "%d", a->trades ? a->trades : SHADOW_TRADES);
    else
        return;
    params_text(p, extra);
}

static const struct statement living = {
    "review engines", "SELECT EXISTS (SELECT FROM engines WHERE state IN ('STARTING', 'RUNNING')"
                      " AND heartbeat_at > clock_timestamp() - interval '15 seconds')"};

/* When an approval takes effect: somebody has to be there to apply it. */
static void say_when(struct desk *d, struct review_result *out)
{
    struct rows r = {0};
    struct error ignored = {0};
    size_t n = strlen(out->text);
    if (db_query(d->db, &living, NULL, &r, &ignored) == OK && !rows_bool(&r, 0, 0))
        snprintf(out->text + n, sizeof out->text - n,
                 "; no engine runs: after %d s it applies with the next command about "
                 "adjustments, or when an engine starts; undo undoes",
                 hold_of(d));
    else
        snprintf(out->text + n, sizeof out->text - n, "; applies in %d s; undo undoes", hold_of(d));
    rows_release(&r);
}

enum err review_act(struct desk *d, const struct review_act *a, struct review_result *out,
                    struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    *out = (struct review_result){.id = a->id, .apply_at = TIME_NONE};
    bind_act(d, &p, a);
    if (db_query(d->db, &verbs[a->verb].act, &p, &r, e))
        return e->kind;
    enum err result = refused(&r, 0, 1, e);
    if (!result) {
        out->id = rows_int(&r, 0, 0);
        copy_text(out->status, sizeof out->status, cell(&r, 0, 4));
        clean_cell(out->text, sizeof out->text, &r, 0, 2);
        if (rows_text(&r, 0, 5))
            out->apply_at = rows_int(&r, 0, 5);
    }
    rows_release(&r);
    if (result)
        return result;
    log_write(LOG_INFO, "review", "%s #%lld by %s: %s", verbs[a->verb].name, (long long)out->id,
              operator_name(), out->status);
    if (a->verb == REVIEW_APPROVE)
        say_when(d, out);
    else if (a->verb == REVIEW_DEFER)
        copy_text(out->text + strlen(out->text), sizeof out->text - strlen(out->text),
                  "; undo takes it back");
    return OK;
}

static const struct statement looks = {
    "review looks", "UPDATE strategy_adjustments SET reviewing_by = $2,"
                    " reviewing_until = clock_timestamp() + interval '60 seconds'"
                    " WHERE id = $1::bigint AND status IN ('PENDING', 'DEFERRED', 'SHADOW')"};

void review_looks(struct desk *d, int64_t id, const char *session)
{
    struct params p = {0};
    params_int(&p, id);
    params_text(&p, session);
    db_send(d->db, &looks, &p, NULL, NULL); /* a courtesy: that it fails harms nothing */
}

/* ---- what is asked before ---- */

static const struct statement question = {
    "review question",
    "SELECT w.id, a.version, a.digest, a.parameter_name, review_value(a.old_value),"
    "  review_value(a.new_value), round(a.confidence_score), a.risk_level,"
    "  COALESCE(review_verdict(a.evidence, a.priority), 'NOT PROVEN'), x.code, x.words, x.fix,"
    "  (SELECT count(*) FROM positions p WHERE p.closed_at IS NULL),"
    "  CASE WHEN a.reviewing_until > clock_timestamp() AND a.reviewing_by <> $3"
    "    THEN a.reviewing_by END,"
    "  CASE jsonb_typeof(a.evidence->'warnings') WHEN 'array' THEN a.evidence->'warnings'->>0 END,"
    "  (SELECT count(*) FROM strategy_adjustments o WHERE o.parameter_name = a.parameter_name"
    "    AND o.applied_at > desk_now() - interval '30 days' AND o.reverts IS NULL),"
    "  review_value((review_in_force(a.parameter_name)).value), a.status,"
    "  (SELECT count(*) FROM (SELECT verb, operator, at FROM operator_actions ORDER BY id DESC"
    "     LIMIT 30) l WHERE l.verb = 'approve' AND l.operator = $3"
    "    AND l.at > clock_timestamp() - interval '20 seconds'), NULLIF(a.stale, ''),"
    "  review_beside(a.id, a.parameter_name) "
    "FROM unnest($1::bigint[]) WITH ORDINALITY AS w (id, n)"
    "  LEFT JOIN strategy_adjustments a ON a.id = w.id"
    "  CROSS JOIN LATERAL review_refusal(a, w.id, 0, '', $2::text[]) x ORDER BY w.n"};
enum {
    Q_ID,
    Q_VERSION,
    Q_DIGEST,
    Q_NAME,
    Q_OLD,
    Q_NEW,
    Q_CONFIDENCE,
    Q_RISK,
    Q_VERDICT,
    Q_CODE,
    Q_POSITIONS = 12,
    Q_REVIEWING,
    Q_WARNING,
    Q_CHANGES,
    Q_IN_FORCE,
    Q_STATUS,
    Q_HURRY,
    Q_STALE,
    Q_BESIDE
};

static const char *allowed_of(enum review_verb v)
{
    switch (v) {
    case REVIEW_APPROVE:
    case REVIEW_DEFER:
    case REVIEW_SHADOW:
        return "{PENDING,DEFERRED}";
    case REVIEW_REJECT:
        return "{PENDING,DEFERRED,SHADOW}";
    case REVIEW_UNSHADOW:
        return "{SHADOW}";
    case REVIEW_REVERT:
        return "{APPLIED,AUTO_APPLIED}";
    default:
        return "{}"; /* an undo is not asked about */
    }
}

static void say(struct review_question *q, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct review_question *q, const char *fmt, ...)
{
    va_list args;
    if (q->lines == (int)ARRAY_LEN(q->line))
        return;
    va_start(args, fmt);
    vsnprintf(q->line[q->lines], sizeof q->line[0], fmt, args);
    va_end(args);
    q->lines++;
}

static bool raises_risk(const struct rows *r, size_t row)
{
    return strcmp(cell(r, row, Q_RISK), "LOW") != 0;
}

/* It may do more harm than its figures say. */
static bool is_risky(const struct rows *r, size_t row)
{
    return raises_risk(r, row) || rows_text(r, row, Q_STALE);
}

static void say_effect(struct review_question *q, enum review_verb verb, const struct rows *r,
                       int hold_s)
{
    long long open = rows_int(r, 0, Q_POSITIONS);
    const char *old = cell(r, 0, Q_OLD), *new = cell(r, 0, Q_NEW);
    switch (verb) {
    case REVIEW_APPROVE:
        say(q,
            "applies in %d s to new entries (undo takes it back); %lld open position%s keep%s %s",
            hold_s, open, open == 1 ? "" : "s", open == 1 ? "s" : "", old);
        break;
    case REVIEW_REVERT:
        say(q, "%s is %s again for new entries; the same change is blocked for 90 days",
            cell(r, 0, Q_NAME), old);
        break;
    case REVIEW_SHADOW:
        say(q, "%s runs beside %s without touching a position, then it is pending again", new, old);
        break;
    case REVIEW_REJECT:
        say(q, "the reason is kept for the learning agent; undo takes it back for 10 minutes");
        break;
    default:
        break;
    }
}

/* The worst first: there is room for few. */
static void say_warnings(struct review_question *q, enum review_verb verb, const struct rows *r)
{
    long long changes = rows_int(r, 0, Q_CHANGES);
    if (rows_text(r, 0, Q_REVIEWING))
        say(q, "being reviewed by %s", cell(r, 0, Q_REVIEWING));
    if (verb != REVIEW_APPROVE)
        return;
    if (strcmp(cell(r, 0, Q_IN_FORCE), cell(r, 0, Q_OLD)) != 0)
        say(q, "warning: %s is %s now: this would be refused", cell(r, 0, Q_NAME),
            cell(r, 0, Q_IN_FORCE));
    if (rows_text(r, 0, Q_STALE))
        say(q, "WARNING: measured while %s: look again with whatif %s", cell(r, 0, Q_STALE),
            cell(r, 0, Q_ID));
    if (rows_text(r, 0, Q_BESIDE))
        say(q, "warning: being measured at the same time: %s", cell(r, 0, Q_BESIDE));
    if (rows_text(r, 0, Q_WARNING))
        say(q, "warning: %s", cell(r, 0, Q_WARNING));
    else if (changes)
        say(q, "warning: change %lld of %s in 30 days", changes + 1, cell(r, 0, Q_NAME));
    if (raises_risk(r, 0))
        say(q, "risk is %s: a reason is needed", cell(r, 0, Q_RISK));
}

static void set_level(struct review_question *q, enum review_verb verb, const struct rows *r)
{
    bool risky = false;
    for (size_t i = 0; i < r->nrows; i++)
        risky = risky || is_risky(r, i);
    q->needs_reason =
        verb == REVIEW_REJECT || verb == REVIEW_REVERT || (verb == REVIEW_APPROVE && risky);
    bool hurried = rows_int(r, 0, Q_HURRY) >= HURRY;
    q->level = verb == REVIEW_DEFER || verb == REVIEW_UNDO ? 0 : 2;
    if (r->nrows > 1 && q->level) {
        q->level = 3;
        snprintf(q->word, sizeof q->word, "%zu", r->nrows);
    } else if (verb == REVIEW_REVERT) {
        q->level = 3;
        copy_text(q->word, sizeof q->word, "REVERT");
    } else if (verb == REVIEW_APPROVE && (risky || hurried)) {
        q->level = 3;
        copy_text(q->word, sizeof q->word, "APPROVE");
    }
    if (verb == REVIEW_APPROVE && hurried)
        say(q, "%lld approvals within 20 s: take your time", (long long)rows_int(r, 0, Q_HURRY));
}

static void set_title(struct review_question *q, enum review_verb verb, const struct rows *r)
{
    char name[24];
    size_t n = 0;
    for (const char *p = verbs[verb].name; *p && n + 1 < sizeof name; p++)
        name[n++] = (char)(*p - 'a' + 'A');
    name[n] = '\0';
    if (r->nrows == 1) {
        char made[160];
        snprintf(made, sizeof made, "%s #%s  %s %s -> %s  conf %s%%  risk %s  %s", name,
                 cell(r, 0, Q_ID), cell(r, 0, Q_NAME), cell(r, 0, Q_OLD), cell(r, 0, Q_NEW),
                 cell(r, 0, Q_CONFIDENCE), cell(r, 0, Q_RISK), cell(r, 0, Q_VERDICT));
        sanitize_line(q->title, sizeof q->title, untrusted(made));
        return;
    }
    snprintf(q->title, sizeof q->title, "%s %zu adjustments:", name, r->nrows);
    for (size_t i = 0; i < r->nrows; i++) {
        n = strlen(q->title);
        snprintf(q->title + n, sizeof q->title - n, " #%s", cell(r, i, Q_ID));
    }
}

static enum err fill_question(const struct desk *d, enum review_verb verb, const struct rows *r,
                              struct review_question *out, struct error *e)
{
    for (size_t i = 0; i < r->nrows; i++)
        if (refused(r, i, Q_CODE, e))
            return e->kind;
    set_title(out, verb, r);
    if (r->nrows == 1) {
        out->version = (int)rows_int(r, 0, Q_VERSION);
        copy_text(out->digest, sizeof out->digest, cell(r, 0, Q_DIGEST));
        say_effect(out, verb, r, hold_of(d));
        say_warnings(out, verb, r);
    }
    set_level(out, verb, r);
    for (int i = 0; i < out->lines; i++) {
        char line[sizeof out->line[0]];
        copy_text(line, sizeof line, out->line[i]);
        sanitize_line(out->line[i], sizeof out->line[i], untrusted(line));
    }
    return OK;
}

enum err review_ask(struct desk *d, enum review_verb verb, const int64_t *id, size_t n,
                    struct review_question *out, struct error *e)
{
    struct buf list = {0};
    struct params p = {0};
    struct rows r = {0};
    *out = (struct review_question){0};
    if (verb == REVIEW_UNDO)
        return OK; /* which it is, and whether it can be, is known when it is done */
    for (size_t i = 0; i < n; i++)
        buf_printf(&list, "%c%lld", i ? ',' : '{', (long long)id[i]);
    buf_str(&list, n ? "}" : "{}");
    params_text(&p, buf_text(&list));
    params_text(&p, allowed_of(verb));
    params_text(&p, operator_name());
    buf_release(&list);
    if (db_query(d->db, &question, &p, &r, e))
        return e->kind;
    enum err result = r.nrows ? fill_question(d, verb, &r, out, e)
                              : err_set(e, ERR_USAGE, "%s needs an id", verbs[verb].name);
    rows_release(&r);
    return result;
}

/* ---- what time does ---- */

struct passing {
    review_pass_fn *done;
    void *arg;
};

static void passed(void *arg, struct rows *r, const struct error *e)
{
    struct passing p = *(struct passing *)arg;
    bool failed = e && e->kind;
    int64_t changed = failed ? 0 : rows_int(r, 0, 0);
    mem_free(arg);
    if (changed)
        log_write(LOG_INFO, "review", "%lld adjustments applied, expired or shown again",
                  (long long)changed);
    if (p.done)
        p.done(p.arg, changed, failed ? e : NULL);
}

static const struct statement pass = {"review pass", "SELECT changed FROM review_pass()"};

void review_pass(struct desk *d, review_pass_fn *done, void *arg)
{
    struct passing *p = mem_alloc(sizeof *p);
    *p = (struct passing){.done = done, .arg = arg};
    db_send(d->db, &pass, NULL, passed, p);
}

/* ---- proposals ---- */

static const struct statement propose = {
    "review propose", "SELECT id, status FROM review_propose($1, $2::numeric, $3::numeric, $4, $5,"
                      " $6::double precision, $7, $8, $9, $10, $11::jsonb, $12::bigint)"};

static void params_value(struct params *p, struct value v)
{
    char text[48];
    snprintf(text, sizeof text, "%.*f", PARAMETER_PLACES, v.v);
    params_text(p, v.known ? text : NULL);
}

enum err review_propose(struct desk *d, const struct proposal *p, int64_t *id, struct error *e)
{
    struct params q = {0};
    struct rows r = {0};
    *id = 0;
    params_text(&q, p->parameter);
    params_value(&q, p->old_value);
    params_value(&q, p->new_value);
    params_text(&q, gate_verdict_name(p->gate.verdict));
    params_text(&q, p->gate.reason);
    params_double(&q, p->gate.confidence);
    params_text(&q, learning_level_name(p->gate.risk));
    params_text(&q, learning_level_name(p->gate.priority));
    params_text(&q, p->reasoning ? p->reasoning : "");
    params_text(&q, p->by ? p->by : "baseline");
    params_text(&q, p->evidence ? p->evidence : "{}");
    params_int(&q, p->cycle);
    if (db_query(d->db, &propose, &q, &r, e))
        return e->kind;
    *id = rows_int(&r, 0, 0);
    log_write(LOG_INFO, "review", "proposal #%lld %s: %s", (long long)*id, p->parameter,
              cell(&r, 0, 1));
    rows_release(&r);
    return OK;
}

/* ---- one's own record ---- */

static const struct statement record = {
    "review record", "SELECT approved, better, worse, unclear, auto, auto_better, auto_worse,"
                     " auto_unclear FROM review_record($1)"};

enum err review_record(struct desk *d, const char *who, struct review_record *out, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    *out = (struct review_record){0};
    params_text(&p, who);
    if (db_query(d->db, &record, &p, &r, e))
        return e->kind;
    *out = (struct review_record){
        .approved = rows_int(&r, 0, 0),
        .better = rows_int(&r, 0, 1),
        .worse = rows_int(&r, 0, 2),
        .unclear = rows_int(&r, 0, 3),
        .automatic = rows_int(&r, 0, 4),
        .auto_better = rows_int(&r, 0, 5),
        .auto_worse = rows_int(&r, 0, 6),
        .auto_unclear = rows_int(&r, 0, 7),
    };
    rows_release(&r);
    long long open = (long long)(out->approved - out->better - out->worse - out->unclear);
    snprintf(out->text, sizeof out->text,
             "you approved %lld: %lld better, %lld worse, %lld unclear%s; auto %lld: "
             "%lld/%lld/%lld",
             (long long)out->approved, (long long)out->better, (long long)out->worse,
             (long long)out->unclear, open > 0 ? ", the rest is being measured" : "",
             (long long)out->automatic, (long long)out->auto_better, (long long)out->auto_worse,
             (long long)out->auto_unclear);
    return OK;
}
