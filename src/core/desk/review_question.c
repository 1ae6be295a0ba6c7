/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked before a person decides: how much has to be said, and what speaks against it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/desk/review_private.h"
#include "quorum/text.h"

enum { HURRY = 3 };

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
    return strcmp(review_cell(r, row, Q_RISK), "LOW") != 0;
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
    const char *old = review_cell(r, 0, Q_OLD), *new = review_cell(r, 0, Q_NEW);
    switch (verb) {
    case REVIEW_APPROVE:
        say(q,
            "applies in %d s to new entries (undo takes it back); %lld open position%s keep%s %s",
            hold_s, open, open == 1 ? "" : "s", open == 1 ? "s" : "", old);
        break;
    case REVIEW_REVERT:
        say(q, "%s is %s again for new entries; the same change is blocked for 90 days",
            review_cell(r, 0, Q_NAME), old);
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
        say(q, "being reviewed by %s", review_cell(r, 0, Q_REVIEWING));
    if (verb != REVIEW_APPROVE)
        return;
    if (strcmp(review_cell(r, 0, Q_IN_FORCE), review_cell(r, 0, Q_OLD)) != 0)
        say(q, "warning: %s is %s now: this would be refused", review_cell(r, 0, Q_NAME),
            review_cell(r, 0, Q_IN_FORCE));
    if (rows_text(r, 0, Q_STALE))
        say(q, "WARNING: measured while %s: look again with whatif %s", review_cell(r, 0, Q_STALE),
            review_cell(r, 0, Q_ID));
    if (rows_text(r, 0, Q_BESIDE))
        say(q, "warning: being measured at the same time: %s", review_cell(r, 0, Q_BESIDE));
    if (rows_text(r, 0, Q_WARNING))
        say(q, "warning: %s", review_cell(r, 0, Q_WARNING));
    else if (changes)
        say(q, "warning: change %lld of %s in 30 days", changes + 1, review_cell(r, 0, Q_NAME));
    if (raises_risk(r, 0))
        say(q, "risk is %s: a reason is needed", review_cell(r, 0, Q_RISK));
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
    for (const char *p = review_verb_name(verb); *p && n + 1 < sizeof name; p++)
        name[n++] = (char)(*p - 'a' + 'A');
    name[n] = '\0';
    if (r->nrows == 1) {
        char made[160];
        snprintf(made, sizeof made, "%s #%s  %s %s -> %s  conf %s%%  risk %s  %s", name,
                 review_cell(r, 0, Q_ID), review_cell(r, 0, Q_NAME), review_cell(r, 0, Q_OLD),
                 review_cell(r, 0, Q_NEW), review_cell(r, 0, Q_CONFIDENCE),
                 review_cell(r, 0, Q_RISK), review_cell(r, 0, Q_VERDICT));
        sanitize_line(q->title, sizeof q->title, untrusted(made));
        return;
    }
    snprintf(q->title, sizeof q->title, "%s %zu adjustments:", name, r->nrows);
    for (size_t i = 0; i < r->nrows; i++) {
        n = strlen(q->title);
        snprintf(q->title + n, sizeof q->title - n, " #%s", review_cell(r, i, Q_ID));
    }
}

/* The worst that speaks against one of several; "" when nothing does. */
static const char *worst_of(const struct rows *r, size_t i, char dst[80])
{
    *dst = '\0';
    if (strcmp(review_cell(r, i, Q_IN_FORCE), review_cell(r, i, Q_OLD)) != 0)
        snprintf(dst, 80, "  WARNING: it is %.20s now: this would be refused",
                 review_cell(r, i, Q_IN_FORCE));
    else if (rows_text(r, i, Q_STALE))
        snprintf(dst, 80, "  WARNING: measured while %.50s", review_cell(r, i, Q_STALE));
    else if (rows_text(r, i, Q_BESIDE))
        snprintf(dst, 80, "  warning: measured beside %.50s", review_cell(r, i, Q_BESIDE));
    else if (rows_text(r, i, Q_WARNING))
        snprintf(dst, 80, "  warning: %.66s", review_cell(r, i, Q_WARNING));
    return dst;
}

/* Several are agreed to at once: what each is stands there with the worst against it, as far as
 * there is room. */
static void say_each(struct review_question *q, enum review_verb verb, const struct rows *r,
                     int hold_s)
{
    char worst[80];
    if (verb == REVIEW_APPROVE)
        say(q, "each applies in %d s to new entries (undo takes one back)", hold_s);
    const size_t most = ARRAY_LEN(q->line) - (size_t)q->lines;
    const size_t shown = r->nrows > most ? most - 1 : r->nrows;
    for (size_t i = 0; i < shown; i++)
        say(q, "#%s  %s %s -> %s  conf %s%%  risk %s  %s%s", review_cell(r, i, Q_ID),
            review_cell(r, i, Q_NAME), review_cell(r, i, Q_OLD), review_cell(r, i, Q_NEW),
            review_cell(r, i, Q_CONFIDENCE), review_cell(r, i, Q_RISK),
            review_cell(r, i, Q_VERDICT), verb == REVIEW_APPROVE ? worst_of(r, i, worst) : "");
    if (shown < r->nrows)
        say(q, "and %zu more", r->nrows - shown);
}

/* Of two values of one parameter at most one can be approved. */
static enum err check_apart(enum review_verb verb, const struct rows *r, struct error *e)
{
    for (size_t i = 0; verb == REVIEW_APPROVE && i < r->nrows; i++) {
        for (size_t k = i + 1; k < r->nrows; k++) {
            if (strcmp(review_cell(r, i, Q_NAME), review_cell(r, k, Q_NAME)) != 0 ||
                rows_int(r, i, Q_ID) == rows_int(r, k, Q_ID))
                continue;
            err_set(e, ERR_CONFLICT, "#%s and #%s both change %s: nothing was done",
                    review_cell(r, i, Q_ID), review_cell(r, k, Q_ID), review_cell(r, i, Q_NAME));
            err_code(e, "E15");
            return err_fix(e, "decide one of them");
        }
    }
    return OK;
}

static enum err fill_question(const struct desk *d, enum review_verb verb, const struct rows *r,
                              struct review_question *out, struct error *e)
{
    for (size_t i = 0; i < r->nrows; i++)
        if (review_refused(r, i, Q_CODE, e))
            return e->kind;
    if (check_apart(verb, r, e))
        return e->kind;
    set_title(out, verb, r);
    if (r->nrows == 1) {
        out->version = (int)rows_int(r, 0, Q_VERSION);
        copy_text(out->status, sizeof out->status, review_cell(r, 0, Q_STATUS));
        copy_text(out->digest, sizeof out->digest, review_cell(r, 0, Q_DIGEST));
        say_effect(out, verb, r, review_hold_s(d));
        say_warnings(out, verb, r);
    } else {
        say_each(out, verb, r, review_hold_s(d));
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
                              : err_set(e, ERR_USAGE, "%s needs an id", review_verb_name(verb));
    rows_release(&r);
    return result;
}
