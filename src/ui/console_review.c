/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_review.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/review.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/bar.h"
#include "ui/console_run.h"
#include "ui/console_session.h"
#include "ui/question.h"

enum { IDS_MAX = ABOUT_MOST, REASON_MAX = 200 };

/* What a line is about. */
struct about {
    enum review_verb verb;
    int64_t id[IDS_MAX];
    int version[IDS_MAX];
    char status[IDS_MAX][STATUS_MAX];
    size_t n;
    char reason[REASON_MAX];
    struct review_question question;
};

static bool find_verb(const struct call *call, enum review_verb *out)
{
    for (int v = 0; v < REVIEW_VERBS; v++) {
        if (strcmp(review_verb_name((enum review_verb)v), call->command->name) == 0) {
            *out = (enum review_verb)v;
            return true;
        }
    }
    return false;
}

bool console_review_is(const struct call *call)
{
    enum review_verb v;
    return find_verb(call, &v);
}

/* ---- the row */

static const struct statement last_act = {
    "console last decision",
    "SELECT COALESCE((SELECT s.id FROM strategy_adjustments s WHERE s.decided_by = $1"
    "  AND s.reverts IS NULL AND s.acted_at IS NOT NULL"
    "  AND (s.status IN ('APPROVED', 'DEFERRED', 'SHADOW') OR (s.status IN ('REJECTED', 'APPLIED')"
    "    AND s.acted_at > clock_timestamp() - interval '10 minutes'))"
    " ORDER BY s.acted_at DESC, s.id DESC LIMIT 1), 0),"
    " (SELECT l.verb FROM (SELECT verb FROM operator_actions WHERE operator = $1"
    "    ORDER BY id DESC LIMIT 1) l"
    "  WHERE l.verb IN ('pause', 'resume', 'halt', 'flatten', 'close'))"};

static const struct statement versions = {
    "console versions",
    "SELECT id, version, status FROM strategy_adjustments WHERE id = ANY ($1::bigint[])"};

static void read_ids(const struct call *call, struct about *a)
{
    const char *p = call->nargs ? call->arg[0] : "";
    while (*p && a->n < IDS_MAX) {
        char one[24];
        p += *p == '#';
        size_t len = strcspn(p, ",");
        if (copy_bytes(one, sizeof one, p, len) && text_to_int64(one, &a->id[a->n]))
            a->n++;
        p += len + (p[len] == ',');
    }
}

static const struct statement what_was_decided = {
    "console decided",
    "SELECT review_change(a), a.status, COALESCE(a.decided_by, '?') || COALESCE('@' ||"
    "  NULLIF(a.decided_origin, ''), ''), COALESCE(a.decision_reason, '')"
    " FROM strategy_adjustments a"
    " WHERE a.id = $1::bigint AND a.status IN ('APPROVED', 'DEFERRED', 'SHADOW', 'REJECTED')"};

static enum err find_last(struct console *c, struct about *a, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_text(&p, operator_name());
    if (db_query(c->desk->db, &last_act, &p, &r, e))
        return e->kind;
    const char *verb = rows_text(&r, 0, 1);
    if (verb) { /* not something older, unasked */
        err_set(e, ERR_CONFLICT, "the last thing you did was %s, which is not undone", verb);
        err_code(e, "E50");
        err_fix(e, strcmp(verb, "pause") == 0 || strcmp(verb, "halt") == 0
                       ? "resume lifts it; undo ID takes a decision back"
                       : "undo ID takes a decision back");
    }
    a->id[0] = rows_int(&r, 0, 0);
    a->n = 1;
    rows_release(&r);
    return e->kind;
}

/* Several are bound to what they are now, one by one. */
static enum err read_versions(struct console *c, struct about *a, struct error *e)
{
    struct buf list = {0};
    struct params p = {0};
    struct rows r = {0};
    for (size_t i = 0; i < a->n; i++)
        buf_printf(&list, "%c%lld", i ? ',' : '{', (long long)a->id[i]);
    buf_char(&list, '}');
    params_text(&p, buf_text(&list));
    buf_release(&list);
    if (db_query(c->desk->db, &versions, &p, &r, e))
        return e->kind;
    for (size_t k = 0; k < r.nrows; k++)
        for (size_t i = 0; i < a->n; i++)
            if (a->id[i] == rows_int(&r, k, 0)) {
                a->version[i] = (int)rows_int(&r, k, 1);
                copy_text(a->status[i], STATUS_MAX, rows_text(&r, k, 2));
            }
    rows_release(&r);
    return OK;
}

void console_review_done(struct console *c, int64_t id, const char *as)
{
    size_t i = c->ndecided++ % DECIDED_MAX;
    c->decided[i].id = id;
    copy_text(c->decided[i].as, sizeof c->decided[i].as, as);
}

/* The last that was done to it here has made it what it is. */
static bool was_done_here(const struct console *c, int64_t id, const char *status)
{
    size_t n = c->ndecided < DECIDED_MAX ? c->ndecided : DECIDED_MAX;
    for (size_t k = 1; k <= n; k++) {
        size_t i = (c->ndecided - k) % DECIDED_MAX;
        if (c->decided[i].id == id)
            return strcmp(c->decided[i].as, status) == 0;
    }
    return false;
}

/* Taking back what was decided in this console needs no question; what another one decided since,
 * or this one before it was left, is shown first. */
static enum err ask_about_undo(struct console *c, struct about *a, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    struct review_question *q = &a->question;
    params_int(&p, a->id[0]);
    if (a->n != 1 || db_query(c->desk->db, &what_was_decided, &p, &r, e))
        return e->kind;
    const char *status = r.nrows ? rows_text(&r, 0, 1) : "";
    bool own = was_done_here(c, a->id[0], status);
    if (r.nrows && !own) {
        const char *why = rows_text(&r, 0, 3);
        q->level = 2;
        copy_text(q->status, sizeof q->status, status);
        copy_text(a->status[0], STATUS_MAX, status);
        snprintf(q->title, sizeof q->title, "UNDO #%lld  %s", (long long)a->id[0],
                 rows_text(&r, 0, 0));
        snprintf(q->line[q->lines++], sizeof q->line[0], "takes back: %s by %s%s%.80s%s", status,
                 rows_text(&r, 0, 2), *why ? " (" : "", why, *why ? ")" : "");
        snprintf(q->line[q->lines++], sizeof q->line[0], "which was not decided here");
    }
    rows_release(&r);
    return OK;
}

static enum err read_about(struct console *c, struct call *call, struct about *a, struct error *e)
{
    struct buf reason = {0};
    *a = (struct about){0};
    find_verb(call, &a->verb);
    read_ids(call, a);
    for (int i = a->verb == REVIEW_DEFER ? 2 : 1; i < call->nargs; i++)
        buf_printf(&reason, "%s%s", reason.len ? " " : "", call->arg[i]);
    sanitize_line(a->reason, sizeof a->reason, untrusted(buf_text(&reason)));
    buf_release(&reason);
    if (a->verb == REVIEW_UNDO && call->nargs == 0 && find_last(c, a, e))
        return e->kind;
    if (review_ask(c->desk, a->verb, a->id, a->n, &a->question, e))
        return e->kind;
    a->version[0] = a->question.version;
    copy_text(a->status[0], STATUS_MAX, a->question.status);
    if (a->verb == REVIEW_UNDO && ask_about_undo(c, a, e))
        return e->kind;
    return a->n > 1 ? read_versions(c, a, e) : OK;
}

enum err console_review_level(struct console *c, struct call *call, int *level, const char **word,
                              struct error *e)
{
    static char kept[sizeof((struct review_question *)0)->word];
    struct about a;
    if (read_about(c, call, &a, e))
        return e->kind;
    copy_text(kept, sizeof kept, a.question.word);
    *level = a.question.level;
    *word = kept;
    return OK;
}

/* ---- the question */

static int shown_version(const struct call *call)
{
    const char *text = call_option(call, "shown");
    int64_t n;
    return text && text_to_int64(text, &n) && n > 0 && n < INT32_MAX ? (int)n : 0;
}

/* The line without its option, for each id one that is bound to its version; apart by '\n'. */
static char *bound_lines(const struct call *call, const struct about *a)
{
    struct buf b = {0};
    bool binds = a->verb != REVIEW_UNDO && a->verb != REVIEW_UNSHADOW && a->verb != REVIEW_REVERT;
    for (size_t i = 0; i < a->n; i++) {
        buf_printf(&b, "%s%s %lld", i ? "\n" : "", call->command->name, (long long)a->id[i]);
        if (binds && a->version[i] > 0)
            buf_printf(&b, " --shown=%d", a->version[i]);
        if (call_option(call, "trades"))
            buf_printf(&b, " --trades=%s", call_option(call, "trades"));
        for (int k = 1; k < call->nargs; k++) {
            buf_str(&b, " \"");
            for (const char *p = call->arg[k]; *p; p++) {
                if (*p == '"' || *p == '\\')
                    buf_char(&b, '\\');
                buf_char(&b, *p);
            }
            buf_char(&b, '"');
        }
    }
    char *lines = mem_text(buf_text(&b));
    buf_release(&b);
    return lines;
}

static void say_lines(struct console *c, const struct call *call, const struct about *a)
{
    struct question *q = &c->view.question;
    int shown = shown_version(call);
    question_line(q, "%s", a->question.title);
    if (a->n == 1 && shown && shown != a->question.version)
        question_line(q,
                      "  warning: CHANGED while you looked (version %d -> %d): this is how it is "
                      "now",
                      shown, a->question.version);
    if (*c->was && strcmp(c->was, a->question.status) != 0)
        question_line(q, "  warning: CHANGED while you looked: it is %s now, not %s",
                      a->question.status, c->was);
    if (*c->changed)
        question_line(q, "  warning: CHANGED while you looked: %s", c->changed);
    c->was[0] = c->changed[0] = '\0';
    for (int i = 0; i < a->question.lines; i++)
        question_line(q, "  %s", a->question.line[i]);
    if (*a->reason)
        question_line(q, "  reason: \"%s\"", a->reason);
    else if (a->verb == REVIEW_APPROVE)
        question_line(q, "  no reason given (:approve %lld WHY gives one)", (long long)a->id[0]);
}

static void open_question(struct console *c, const struct call *call, const struct about *a)
{
    char prompt[80], upper[24];
    const char *name = call->command->name;
    struct question *q = &c->view.question;
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof upper; n++)
        upper[n] = (char)toupper((unsigned char)name[n]);
    upper[n] = '\0';
    if (a->question.level >= 3)
        snprintf(prompt, sizeof prompt, "type %s to do it:", a->question.word);
    else
        snprintf(prompt, sizeof prompt, "%s #%lld? [y/N]", name, (long long)a->id[0]);
    question_open(q, a->question.level, a->question.level >= 3 ? a->question.word : "", prompt,
                  time_monotonic_us());
    say_lines(c, call, a);
    if (a->question.level >= 3)
        question_line(q, "  Esc leaves it as it is       [60 s, then No]");
    else
        question_line(q, "  y = %s    any other key = leave it as it is    [60 s, then No]", name);
    console_urgent(c);
}

/* The bar as the field of the reason: what was typed stands there, and the last reasons complete
 * it. */
static bool wants_reason(struct console *c, const struct call *call, const struct about *a)
{
    if (!a->question.needs_reason || strlen(a->reason) >= 3 || !c->screen)
        return false;
    char text[120];
    snprintf(text, sizeof text, "%s %.80s ", call->command->name, call->arg[0]);
    bar_enter(text);
    console_say(c, TOAST_WARN,
                "E05 it does not only lower risk: say why, then Enter (Tab: your"
                " last reasons)");
    return true;
}

bool console_review_asks(struct console *c, struct call *call, const char *line, struct error *e)
{
    struct about a;
    bool anew = c->asked.decides; /* what was asked about is another by now */
    enum err result = read_about(c, call, &a, e);
    if (anew)
        console_drop_question(c);
    if (result) {
        c->was[0] = c->changed[0] = '\0';
        return true;
    }
    if (wants_reason(c, call, &a))
        return true;
    if (a.question.level < 2 || a.n == 0) {
        if (anew)
            console_say(c, TOAST_WARN, "it is another by now: nothing was done");
        return anew;
    }
    console_drop_question(c);
    c->asked.line[c->asked.n++] = bound_lines(call, &a);
    c->asked.decides = true;
    for (size_t i = 0; i < a.n; i++) {
        c->asked.of[i] = (struct asked_of){.id = a.id[i], .version = a.version[i]};
        copy_text(c->asked.of[i].status, STATUS_MAX, a.status[i]);
    }
    c->asked.nof = a.n;
    if (a.n == 1)
        console_session_review(c, a.id[0]);
    else
        c->asked.anew = mem_text(line);
    open_question(c, call, &a);
    return true;
}

/* ---- while it stands */

static const char *cell_of(const struct rows *r, size_t row, const char *column)
{
    for (size_t i = 0; i < r->ncols; i++)
        if (strcmp(r->column[i], column) == 0)
            return rows_text(r, row, i);
    return NULL;
}

/* An adjustment as it is on the screen; version 0: it is not there. */
struct seen {
    int version;
    const char *status;
    int64_t loaded_at; /* monotonic */
};

static struct seen seen_in(const struct snap *l, size_t row)
{
    int64_t version = 0;
    const char *text = cell_of(&l->rows, row, "version"),
               *status = cell_of(&l->rows, row, "status");
    if (text)
        text_to_int64(text, &version);
    return (struct seen){(int)version, status ? status : "", l->loaded_at};
}

static struct seen seen(const struct console *c, int64_t id)
{
    const struct detail_view *d = c->view.ndetails ? &c->view.detail[c->view.ndetails - 1] : NULL;
    const struct snap *panel = &c->snapshot.panel[PANEL_PENDING];
    char object[OBJECT_MAX], number[24];
    snprintf(object, sizeof object, "adjustment %lld", (long long)id);
    snprintf(number, sizeof number, "%lld", (long long)id);
    if (d && d->kind == DETAIL_ADJUSTMENT && strcmp(d->id, number) == 0 &&
        c->snapshot.detail[0].rows.nrows)
        return seen_in(&c->snapshot.detail[0], 0);
    for (size_t i = 0; i < panel->rows.nrows; i++) {
        const char *is = rows_text(&panel->rows, i, 0);
        if (is && strcmp(is, object) == 0)
            return seen_in(panel, i);
    }
    return (struct seen){0};
}

/* Of what is open or under the cursor. */
static int64_t adjustment_under(const struct console *c)
{
    const struct detail_view *d = c->view.ndetails ? &c->view.detail[c->view.ndetails - 1] : NULL;
    const char *object = d ? "" : view_object(&c->view, &c->snapshot);
    int64_t id = 0;
    if (d && d->kind == DETAIL_ADJUSTMENT)
        text_to_int64(d->id, &id);
    else if (strncmp(object, "adjustment ", 11) == 0)
        text_to_int64(object + 11, &id);
    return id;
}

void console_review_shown(const struct console *c, char out[32])
{
    int64_t id = adjustment_under(c);
    int version = id ? seen(c, id).version : 0;
    *out = '\0';
    if (version > 0)
        snprintf(out, 32, " --shown=%d", version);
}

/* What became of it since it was asked about; NULL: nothing. */
static const char *became(const struct console *c, struct asked_of *of)
{
    struct seen now = seen(c, of->id);
    if (now.version > of->version)
        return "another version";
    if (now.version == 0)
        return of->was_seen ? "decided by somebody" : NULL;
    of->was_seen = true;
    /* What was on the screen before the question may be older than what it was asked about. */
    if (now.loaded_at > c->view.question.opened_at && strcmp(now.status, of->status) != 0)
        return "decided by somebody";
    return NULL;
}

void console_review_watch(struct console *c)
{
    char what[80];
    const char *is = NULL;
    size_t i = 0;
    while (i < c->asked.nof && !(is = became(c, &c->asked.of[i])))
        i++;
    if (!is)
        return;
    /* The line is bound to what was read: asked anew it says what is another. */
    snprintf(what, sizeof what, "#%lld is %s now", (long long)c->asked.of[i].id, is);
    copy_text(c->was, sizeof c->was, c->asked.nof == 1 ? c->asked.of[0].status : "");
    copy_text(c->changed, sizeof c->changed, c->asked.nof == 1 ? "" : what);
    bool several = c->asked.nof > 1;
    c->asked.nof = 0;
    question_changed(&c->view.question, what);
    console_queue(c, several ? c->asked.anew : c->asked.line[0]);
}
