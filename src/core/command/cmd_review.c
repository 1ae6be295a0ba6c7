/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deciding about what the desk proposes to change of itself. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/show.h"
#include "core/command/show_adjustment.h"
#include "core/command/show_parameter.h"
#include "quorum/parameters.h"
#include "quorum/review.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { REASON_BYTES = 4096, REASON_LEAST = 3, REASON_MOST = 400, IDS_MAX = 20 };

/* ---- time goes on, whoever looks ---- */

struct passing {
    bool over;
    struct error e;
};

static void passed(void *arg, int64_t changed, const struct error *e)
{
    struct passing *p = arg;
    (void)changed;
    p->over = true;
    if (e)
        p->e = *e;
}

static bool is_over(void *arg)
{
    return ((const struct passing *)arg)->over;
}

/* What is past its hold or its time is so before anything is shown or decided. A login that only
 * reads shows what is stored. */
static enum err open_and_pass(struct call *c, struct error *e)
{
    struct passing p = {0};
    if (call_desk(c, e))
        return e->kind;
    review_pass(c->desk, passed, &p);
    while (!loop_run_until(c->desk->loop, is_over, &p, LOOP_NO_DEADLINE))
        loop_clear_interrupt(c->desk->loop); /* it ends: the database's calls have a deadline */
    if (p.e.kind && p.e.kind != ERR_POLICY)
        *e = p.e;
    return e->kind;
}

/* ---- lists ---- */

static enum err run_pending(struct call *c, struct error *e)
{
    return open_and_pass(c, e) ? e->kind : show_pending(c, e);
}

static enum err check_adjustments(const struct call *c, struct error *e)
{
    const char *status = call_option(c, "status"), *name = call_option(c, "param");
    char shown[40];
    if (name && parameter_find(name) == PARAMETERS)
        return unknown_parameter(name, e);
    if (!status || adjustment_status(status))
        return OK;
    sanitize_line(shown, sizeof shown, untrusted(status));
    err_set(e, ERR_USAGE, "\"%s\" is no status of an adjustment", shown);
    err_code(e, "E06");
    return err_fix(e, "pending, deferred, shadow, approved, applied, auto_applied, rejected, "
                      "expired, rolled_back, superseded or failed");
}

static enum err run_adjustments(struct call *c, struct error *e)
{
    const char *status = call_option(c, "status");
    if (open_and_pass(c, e))
        return e->kind;
    return show_adjustments(c, status ? adjustment_status(status) : NULL, call_option(c, "param"),
                            e);
}

static enum err check_id(const struct call *c, struct error *e)
{
    int64_t id;
    return call_id(c->arg[0], "adjustment", &id, e);
}

static enum err run_adjustment(struct call *c, struct error *e)
{
    int64_t id;
    if (call_id(c->arg[0], "adjustment", &id, e) || open_and_pass(c, e))
        return e->kind;
    return show_adjustment(c, id, e);
}

/* ---- deciding ---- */

static const struct {
    const char *name;
    enum review_verb verb;
} verb_names[] = {
    {"approve", REVIEW_APPROVE}, {"reject", REVIEW_REJECT},     {"defer", REVIEW_DEFER},
    {"shadow", REVIEW_SHADOW},   {"unshadow", REVIEW_UNSHADOW}, {"revert", REVIEW_REVERT},
    {"undo", REVIEW_UNDO},
};

static enum review_verb verb_of(const struct call *c)
{
    for (size_t i = 0; i < ARRAY_LEN(verb_names); i++)
        if (strcmp(verb_names[i].name, c->command->name) == 0)
            return verb_names[i].verb;
    return REVIEW_VERBS;
}

/* "17", "#17,#18": each once. */
static enum err ids_of(const struct call *c, int64_t id[IDS_MAX], size_t *n, struct error *e)
{
    const char *p = c->arg[0];
    char one[32];
    *n = 0;
    while (*p) {
        size_t len = strcspn(p, ",");
        int64_t x;
        bool known = false;
        if (!copy_bytes(one, sizeof one, p, len) || call_id(one, "adjustment", &x, e))
            return e->kind ? e->kind : call_id("?", "adjustment", &x, e);
        for (size_t i = 0; i < *n; i++)
            known = known || id[i] == x;
        if (*n == IDS_MAX)
            return err_set(e, ERR_USAGE, "at most %d adjustments at once", IDS_MAX);
        if (!known)
            id[(*n)++] = x;
        p += len + (p[len] == ',');
    }
    return *n ? OK : call_id("", "adjustment", id, e);
}

static enum err check_ids(const struct call *c, struct error *e)
{
    int64_t id[IDS_MAX];
    size_t n;
    return ids_of(c, id, &n, e);
}

/* The words from `first` on; quotes are not needed on a command line. */
static void reason_from(const struct call *c, int first, char dst[REASON_BYTES])
{
    struct buf b = {0};
    for (int i = first; i < c->nargs; i++)
        buf_printf(&b, "%s%s", i > first ? " " : "", c->arg[i]);
    sanitize_line(dst, REASON_BYTES, untrusted(buf_text(&b)));
    buf_release(&b);
}

static bool has_words(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80 || strchr("0123456789", *text) ||
            ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z'))
            return true;
    return false;
}

/* Before anything is asked; the database looks at it again. */
static enum err check_words(const struct call *c, int first, bool needed, struct error *e)
{
    char reason[REASON_BYTES];
    size_t characters = 0;
    reason_from(c, first, reason);
    for (const char *p = reason; *p; p++)
        characters += ((unsigned char)*p & 0xC0) != 0x80;
    if (characters == 0 && !needed)
        return OK;
    if (needed && characters < REASON_LEAST)
        err_set(e, ERR_USAGE, "%s needs a reason of at least %d characters", c->command->name,
                REASON_LEAST);
    else if (characters > REASON_MOST)
        err_set(e, ERR_USAGE, "the reason has %zu characters; at most %d are kept", characters,
                REASON_MOST);
    else if (!has_words(reason))
        err_set(e, ERR_USAGE, "%s needs a reason in words", c->command->name);
    else
        return OK;
    err_code(e, "E05");
    return err_fix(e, "%s %.40s%s \"too few trades\"", c->command->name, c->arg[0],
                   first > 1 ? " 24h" : "");
}

static enum err check_reason(const struct call *c, struct error *e)
{
    return check_ids(c, e) ? e->kind : check_words(c, 1, true, e);
}

static enum err check_optional(const struct call *c, struct error *e)
{
    return check_ids(c, e) ? e->kind : check_words(c, 1, false, e);
}

static enum err check_defer(const struct call *c, struct error *e)
{
    int64_t us;
    char shown[40];
    if (check_ids(c, e))
        return e->kind;
    if (duration_parse(c->arg[1], &us))
        return check_words(c, 2, false, e);
    sanitize_line(shown, sizeof shown, untrusted(c->arg[1]));
    err_set(e, ERR_USAGE, "\"%s\" is not a duration", shown);
    err_code(e, "E06");
    return err_fix(e, "example: defer %.40s 24h (90s 15m 2h 3d)", c->arg[0]);
}

/* A process of its own asks when it knows the row (ask_first); the console before. */
static int level_of(const struct call *c)
{
    return c->console ? c->command->level : 0;
}

static const char *confirm_several(const struct call *c)
{
    static char word[24];
    int64_t id[IDS_MAX];
    size_t n;
    struct error ignored = {0};
    if (!c->nargs || ids_of(c, id, &n, &ignored) || n < 2)
        return strcmp(c->command->name, "revert") == 0 ? "REVERT" : NULL;
    snprintf(word, sizeof word, "%zu", n);
    return word;
}

struct deciding {
    struct review_act act;
    struct review_question question;
    int64_t id[IDS_MAX];
    size_t n;
    char reason[REASON_BYTES];
};

/* The row decides how much has to be said; what is confirmed is bound to what was read here. */
static enum err ask_first(struct call *c, struct deciding *a, struct error *e)
{
    const char *line[8];
    size_t n = 0;
    struct review_question *q = &a->question;
    int64_t shown = 0;
    if (review_ask(c->desk, a->act.verb, a->id, a->n, q, e) ||
        (call_option(c, "shown") && call_int(c, "shown", 1, INT32_MAX, &shown, e)))
        return e->kind;
    a->act.version = shown ? (int)shown : a->n == 1 ? q->version : 0;
    a->act.digest = a->n == 1 && !shown ? q->digest : NULL;
    if (c->console)
        return OK;
    line[n++] = q->title;
    for (int i = 0; i < q->lines; i++)
        line[n++] = q->line[i];
    return call_confirm(c, q->level, q->word, line, n, e);
}

static enum err act_on(struct call *c, struct deciding *a, size_t i, struct table *t,
                       struct error *e)
{
    struct review_result result = {0};
    char id[24], at[33] = "";
    a->act.id = a->id[i];
    if (a->n > 1)
        a->act.version = 0;
    enum err rc = review_act(c->desk, &a->act, &result, e);
    snprintf(id, sizeof id, "%" PRId64, rc ? a->id[i] : result.id);
    if (!rc && result.apply_at != TIME_NONE)
        time_print_iso(at, result.apply_at);
    if (!rc) {
        c->decided = result.id;
        copy_text(c->decided_as, sizeof c->decided_as, result.status);
    }
    char line[ERROR_LINE_MAX];
    const char *cell[] = {id, rc ? "false" : "true", rc ? NULL : result.status, *at ? at : NULL,
                          rc ? error_line(line, e) : result.text};
    table_row(t, cell);
    if (c->out->format == OUTPUT_TEXT && (!rc || a->n > 1))
        out_line(c->out, "%s desk: %s", desk_kind_name(c->desk->kind),
                 rc ? error_line(line, e) : result.text);
    return rc;
}

static enum err act_on_all(struct call *c, struct deciding *a, struct error *e)
{
    static const struct column column[] = {{"id", "ID", COLUMN_NUMBER},
                                           {"done", "DONE", COLUMN_FLAG},
                                           {"status", "STATUS", COLUMN_TEXT},
                                           {"applies_at", "APPLIES", COLUMN_TEXT},
                                           {"text", "WHAT", COLUMN_TEXT}};
    struct output unused = {.format = OUTPUT_TEXT};
    struct table t;
    struct error first = {0};
    size_t failed = 0;
    table_begin(&t, column, ARRAY_LEN(column));
    for (size_t i = 0; i < a->n; i++) {
        struct error one = {0};
        if (act_on(c, a, i, &t, &one) == OK)
            continue;
        if (failed++ == 0)
            first = one;
    }
    bool answers = c->out->format != OUTPUT_TEXT && failed < a->n;
    table_end(&t, answers ? c->out : &unused, "");
    buf_release(&unused.text);
    if (failed == a->n) {
        *e = first;
        return e->kind;
    }
    if (failed)
        c->exit_status = ERR_PARTLY;
    return OK;
}

static enum err run_act(struct call *c, struct error *e)
{
    struct deciding a = {.act.verb = verb_of(c)};
    int64_t trades = 20;
    reason_from(c, a.act.verb == REVIEW_DEFER ? 2 : 1, a.reason);
    a.act.reason = a.reason;
    if (c->nargs == 0) { /* undo: the last */
        a.n = 1;
    } else if (ids_of(c, a.id, &a.n, e)) {
        return e->kind;
    }
    if (a.act.verb == REVIEW_DEFER && !duration_parse(c->arg[1], &a.act.defer_us))
        return err_set(e, ERR_USAGE, "that is not a duration");
    if (call_int(c, "trades", 1, 500, &trades, e) || open_and_pass(c, e) || ask_first(c, &a, e))
        return e->kind;
    a.act.trades = (int)trades;
    return act_on_all(c, &a, e);
}

#define GROUP "Deciding"
static const struct option_row shown_option[] = {
    {"shown", "VERSION", "refuse when it is not this version any more (E12)"},
    {NULL, NULL, NULL},
};
static const struct option_row shadow_options[] = {
    {"trades", "N", "trades to run beside the value in force (20)"},
    {"shown", "VERSION", "refuse when it is not this version any more (E12)"},
    {NULL, NULL, NULL},
};
static const struct option_row adjustments_options[] = {
    {"status", "S", "pending, applied, rejected, rolled_back ..."},
    {"param", "P", "of one parameter"},
    {NULL, NULL, NULL},
};
static const char *const pending_aliases[] = {"pend", NULL};
static const char *const adjustments_aliases[] = {"adj", NULL};
static const char *const approve_aliases[] = {"ok", NULL};
static const char *const reject_aliases[] = {"no", NULL};
static const char *const undo_aliases[] = {"u", NULL};

const struct command review_commands[] = {
    {.name = "pending",
     .aliases = pending_aliases,
     .group = GROUP,
     .usage = "",
     .help = "changes that wait for a decision",
     .run = run_pending},
    {.name = "adjustments",
     .aliases = adjustments_aliases,
     .group = GROUP,
     .usage = "",
     .help = "every change ever proposed, the newest first, and what became of it",
     .options = adjustments_options,
     .check = check_adjustments,
     .run = run_adjustments},
    {.name = "adjustment",
     .group = GROUP,
     .usage = "ID",
     .help = "one change: evidence, warnings, history, and what approving it does",
     .min_args = 1,
     .max_args = 1,
     .no_csv = true,
     .check = check_id,
     .run = run_adjustment},
    {.name = "approve",
     .aliases = approve_aliases,
     .group = GROUP,
     .usage = "ID[,ID...] [REASON]",
     .help = "let a proposed change take effect, after ten seconds in which undo takes it back",
     .details = "--yes for one of risk LOW. With any other risk a reason is needed and "
                "--confirm=APPROVE; for several\n--confirm=COUNT; after three approvals within "
                "20 s the next wants --confirm=APPROVE, too. When it is\napplied, bounds, step "
                "and the value in force are checked again; positions that are open keep the\n"
                "old value.",
     .min_args = 1,
     .max_args = -1,
     .options = shown_option,
     .acts = true,
     .level = 2,
     .level_of = level_of,
     .confirm_word = confirm_several,
     .check = check_optional,
     .run = run_act},
    {.name = "reject",
     .aliases = reject_aliases,
     .group = GROUP,
     .usage = "ID[,ID...] REASON",
     .help = "turn a proposed change down; the reason is kept for the learning agent",
     .min_args = 1,
     .max_args = -1,
     .options = shown_option,
     .acts = true,
     .level = 2,
     .level_of = level_of,
     .confirm_word = confirm_several,
     .check = check_reason,
     .run = run_act},
    {.name = "defer",
     .group = GROUP,
     .usage = "ID[,ID...] DURATION [REASON]",
     .help = "put a proposal aside for a while (2h 24h 3d); it expires when it would have",
     .details = "At most until six hours before it expires. Times are the desk's.",
     .min_args = 2,
     .max_args = -1,
     .options = shown_option,
     .acts = true,
     .check = check_defer,
     .run = run_act},
    {.name = "shadow",
     .group = GROUP,
     .usage = "ID [REASON]",
     .help = "run the proposed value beside the one in force, touching no position",
     .details = "After so many trades it is pending again, with the comparison in its evidence.",
     .min_args = 1,
     .max_args = -1,
     .options = shadow_options,
     .acts = true,
     .level = 2,
     .level_of = level_of,
     .confirm_word = confirm_several,
     .check = check_optional,
     .run = run_act},
    {.name = "unshadow",
     .group = GROUP,
     .usage = "ID",
     .help = "end a shadow early; the change is pending again",
     .min_args = 1,
     .max_args = -1,
     .options = shown_option,
     .acts = true,
     .level = 2,
     .level_of = level_of,
     .confirm_word = confirm_several,
     .check = check_ids,
     .run = run_act},
    {.name = "revert",
     .group = GROUP,
     .usage = "ID REASON",
     .help = "put the value before an applied change back in force; nothing is deleted",
     .details = "The confirmation is --confirm=REVERT. The old value becomes a new version; the "
                "same change is not\nproposed again for 90 days.",
     .min_args = 1,
     .max_args = -1,
     .options = shown_option,
     .acts = true,
     .level = 3,
     .level_of = level_of,
     .confirm_word = confirm_several,
     .check = check_reason,
     .run = run_act},
    {.name = "undo",
     .aliases = undo_aliases,
     .group = GROUP,
     .usage = "[ID]",
     .help = "take your last decision back: an approval in its hold, a defer, a shadow, a reject",
     .details = "A rejection for ten minutes. What is applied is not undone but reverted.",
     .max_args = 1,
     .acts = true,
     .check = NULL,
     .run = run_act},
    {.name = NULL},
};
