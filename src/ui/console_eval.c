/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evaluations asked for from the console: they run in its loop while everything else goes on. */
#include <stdio.h>
#include <string.h>

#include "core/command/show.h"
#include "quorum/broker.h"
#include "quorum/engine.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "ui/console_run.h"

static struct running *free_slot(struct console *c)
{
    for (size_t i = 0; i < RUNNING_MAX; i++)
        if (!c->running[i].used)
            return &c->running[i];
    return NULL;
}

bool console_evaluations_run(const struct console *c)
{
    for (size_t i = 0; i < RUNNING_MAX; i++)
        if (c->running[i].used)
            return true;
    return false;
}

static void cancel_by_number(struct console *c, int64_t id)
{
    char line[40];
    snprintf(line, sizeof line, "cancel %lld", (long long)id);
    console_queue(c, line);
}

/* Its live view opens as soon as it has a number; in plain mode there is a line. */
static void stored(void *arg, int64_t id, const char *state)
{
    struct running *r = arg;
    struct console *c = r->console;
    char text[24];
    (void)state;
    if (r->cancelled && !r->id) /* before it had a number */
        cancel_by_number(c, id);
    r->id = id;
    console_dirty(c);
    if (r->opened)
        return;
    r->opened = true;
    snprintf(text, sizeof text, "%lld", (long long)id);
    if (c->screen)
        view_open(&c->view, DETAIL_EVALUATION, text);
    else
        console_say(c, TOAST_OK, "evaluation #%s of %s began", text, r->symbol);
    console_urgent(c);
}

static const struct statement outcome = {
    "console evaluation outcome",
    "SELECT state, state_reason, decision, agree, voters, needed, shares,"
    " to_char(cost_usd, 'FM999990.0000'), symbol FROM evaluations WHERE id = $1::bigint"};

static bool is(const struct rows *rows, size_t column, const char *text)
{
    const char *cell = rows_text(rows, 0, column);
    return cell && strcmp(cell, text) == 0;
}

static void say_outcome(struct console *c, const struct running *r, const struct rows *rows)
{
    const char *reason = rows_text(rows, 0, 1), *decision = rows_text(rows, 0, 2);
    const char *symbol = rows_text(rows, 0, 8);
    bool decided = is(rows, 0, "DECIDED");
    if (decided)
        console_say(c, TOAST_OK, "eval #%lld %s: %s %s/%s (need %s)  $%s", (long long)r->id, symbol,
                    decision ? decision : "no decision", rows_text(rows, 0, 3),
                    rows_text(rows, 0, 4), rows_text(rows, 0, 5), rows_text(rows, 0, 7));
    else
        console_say(c, TOAST_WARN, "eval #%lld %s: %s%s%s", (long long)r->id, symbol,
                    rows_text(rows, 0, 0), reason && *reason ? ": " : "", reason ? reason : "");
    if (decided && r->trades && decision && strcmp(decision, "BUY") == 0 &&
        c->ntrades < RUNNING_MAX)
        c->trade[c->ntrades++] = r->id;
}

static void outcome_came(void *arg, struct rows *rows, const struct error *e)
{
    struct running *r = arg;
    struct console *c = r->console;
    if (c->leaving) {
        r->used = false;
        return;
    }
    if (e && e->kind)
        console_say_error(c, e);
    else if (rows->nrows)
        say_outcome(c, r, rows);
    if (!c->focused)
        console_notify(c, c->view.toast); /* what was just said of it */
    r->used = false;
    loader_now(c->loader);
    console_urgent(c);
}

static void ended(void *arg, int64_t id, const struct error *e)
{
    struct running *r = arg;
    struct console *c = r->console;
    struct params p = {0};
    if (c->leaving) {
        r->used = false;
        return;
    }
    if (id)
        r->id = id;
    /* What was cancelled ends with the word that somebody else has it. */
    if (e && e->kind && (!id || e->kind != ERR_CONFLICT)) {
        console_say_error(c, e);
        r->used = false;
        return;
    }
    params_int(&p, r->id);
    db_send(c->desk->db, &outcome, &p, outcome_came, r);
}

static struct running *begin(struct console *c, bool trades, struct error *e)
{
    struct running *r = free_slot(c);
    if (!r) {
        err_set(e, ERR_POLICY, "%d evaluations of this console run already", RUNNING_MAX);
        err_fix(e, "wait for one, or: cancel last");
        return NULL;
    }
    *r = (struct running){.console = c, .used = true, .trades = trades};
    return r;
}

static enum err resume(struct console *c, struct call *call, struct error *e)
{
    struct arena arena = {0};
    int64_t *ids = NULL, one;
    size_t n = 0, held = 0;
    enum err result = OK;
    if (call->nargs == 0)
        result = evaluation_unfinished(c->desk, &arena, &ids, &n, &held, e);
    for (size_t i = 0; !result && i < (call->nargs ? (size_t)call->nargs : n); i++) {
        struct running *r = begin(c, false, e);
        if (!r || (call->nargs && call_id(call->arg[i], "evaluation", &one, e))) {
            if (r)
                r->used = false;
            result = e->kind;
            break;
        }
        r->id = call->nargs ? one : ids[i];
        evaluation_resume(c->desk, r->id, ended, r);
    }
    if (!result && !call->nargs && n == 0)
        out_line(call->out, "nothing to resume on the %s desk", desk_kind_name(c->desk->kind));
    arena_release(&arena);
    return result;
}

/* The estimate is the worst case; the demo desk's dollars are play money. */
int64_t console_evaluation_cost(const struct console *c, const struct call *call)
{
    int64_t free_nano = (int64_t)c->option[OPTION_EVAL_FREE] * 1000000;
    if (strcmp(call->command->name, "evaluate") != 0 || c->desk->kind == DESK_DEMO ||
        call_option(call, "max-cost") || call_option(call, "resume") ||
        call_option(call, "recorded"))
        return 0;
    int64_t each = evaluation_estimate(c->desk, call_option(call, "agents"));
    return each > free_nano ? each * call->nargs : 0;
}

enum err console_evaluate(struct console *c, struct call *call, struct error *e)
{
    struct evaluation_request r;
    char symbol[CALL_ARGS_MAX][16];
    if (call_option(call, "resume"))
        return resume(c, call, e);
    if (call_option(call, "recorded")) {
        err_set(e, ERR_USAGE, "--recorded does not run inside the console");
        return err_fix(e, "in a shell: quorum evaluate ... --recorded ID");
    }
    if ((!console_evaluations_run(c) && desk_load_settings(c->desk, e)) ||
        request_from_call(call, &r, e) || prompts_store(c->desk, e) ||
        life_apply_scenarios(c->desk, e))
        return e->kind;
    r.on_state = stored;
    for (int i = 0; i < call->nargs; i++) {
        symbol_from_argument(call->arg[i], symbol[i], sizeof symbol[i]);
        r.symbol = strlen(call->arg[i]) < sizeof symbol[i] ? symbol[i] : call->arg[i];
        if (evaluation_check(c->desk, &r, e))
            return call->nargs > 1 ? err_wrap(e, "nothing was started") : e->kind;
    }
    for (int i = 0; i < call->nargs; i++) {
        struct running *slot = begin(c, call_option(call, "trade") != NULL, e);
        if (!slot)
            return e->kind;
        r.symbol = symbol[i];
        r.on_state_arg = slot;
        copy_text(slot->symbol, sizeof slot->symbol, symbol[i]);
        if (evaluation_start(c->desk, &r, ended, slot, e)) {
            slot->used = false;
            return e->kind;
        }
    }
    out_line(call->out, "asking the agents about %s%s", symbol[0], call->nargs > 1 ? " ..." : "");
    return OK;
}

/* The one that is looked at, else the newest: what has no number yet is newer than all. */
bool console_cancel_evaluation(struct console *c)
{
    const struct detail_view *d = view_top(&c->view);
    struct running *found = NULL;
    char id[24];
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        struct running *r = &c->running[i];
        if (!r->used || r->cancelled)
            continue;
        snprintf(id, sizeof id, "%lld", (long long)r->id);
        if (r->id && d && d->kind == DETAIL_EVALUATION && strcmp(d->id, id) == 0) {
            found = r;
            break;
        }
        if (!found || (found->id && (!r->id || r->id > found->id)))
            found = r;
    }
    if (!found)
        return false;
    found->cancelled = true;
    if (found->id)
        cancel_by_number(c, found->id);
    return true;
}

void console_trade_decided(struct console *c)
{
    while (c->ntrades > 0) {
        struct entry_result entry;
        struct error e = {0};
        int64_t id = c->trade[--c->ntrades];
        if (broker_enter(c->desk, id, &entry, &e))
            console_say_error(c, &e);
        else
            console_say(c, entry.ordered ? TOAST_OK : TOAST_WARN, "eval #%lld: %s", (long long)id,
                        entry.result);
    }
    loader_now(c->loader);
}

/* What still runs reports its end when the desk is closed: now, while there is somebody to tell. */
void console_forget_evaluations(struct console *c)
{
    bool some = false;
    c->leaving = true;
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        const struct running *r = &c->running[i];
        some |= r->used;
        if (r->used && !r->cancelled && r->id)
            call_warn(c->call,
                      "evaluation #%lld %s is not at its end: quorum --desk %s evaluate "
                      "--resume %lld",
                      (long long)r->id, r->symbol, desk_kind_name(c->desk->kind), (long long)r->id);
    }
    if (!some)
        return;
    desk_close(c->desk);
    c->desk = c->call->desk = NULL;
}
