/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/command/evaluate_run.h"

#include <stdio.h>
#include <string.h>

#include "quorum/broker.h"
#include "quorum/text.h"

enum { EVALUATION_TIMEOUT_MS = 600000 };

struct run {
    struct call *call;
    int n, pending;
    bool list;  /* the JSON form is a list */
    bool trade; /* a BUY becomes an entry order */
    int64_t id[CALL_ARGS_MAX];
    struct error error[CALL_ARGS_MAX]; /* kind OK: none */
    char symbol[CALL_ARGS_MAX][16];    /* "" when only the id was named */
    int64_t shown_id[CALL_ARGS_MAX];   /* evaluations that are in the answer */
    size_t nshown;
};
struct slot {
    struct run *run;
    int index;
};

static void evaluation_ended(void *arg, int64_t id, const struct error *e)
{
    struct slot *slot = arg;
    if (id)
        slot->run->id[slot->index] = id;
    if (e)
        slot->run->error[slot->index] = *e;
    slot->run->pending--;
}

static bool all_ended(void *arg)
{
    return ((const struct run *)arg)->pending == 0;
}

/* Waits for all; an interrupted wait leaves rows that --resume finishes. */
static enum err wait_for(struct run *run, struct error *e)
{
    if (loop_run_until(run->call->loop, all_ended, run, EVALUATION_TIMEOUT_MS))
        return OK;
    /* What is under way reports its end to `run` when the desk closes: now, while it lives. */
    desk_close(run->call->desk);
    run->call->desk = NULL;
    err_set(e, ERR_TRANSIENT,
            loop_interrupted(run->call->loop) ? "interrupted; what was stored stays"
                                              : "no answer from the database in 10 minutes");
    return err_fix(e, "quorum evaluate --resume finishes it");
}

/* An evaluation that came to no decision of its own is an error of the command. What gathering
 * refuses is a symbol nobody knows, or a price that is not the market's. */
static void say_how_it_ended(const struct stored_evaluation *s, struct error *e)
{
    if (strcmp(s->state, "FAILED") == 0) {
        err_set(e, ERR_FAILED, "evaluation #%lld of %s failed: %s", (long long)s->id, s->symbol,
                s->state_reason);
    } else if (strcmp(s->state, "REFUSED") == 0) {
        err_set(e, ERR_USAGE, "%s", s->state_reason);
        err_code(e, strncmp(s->state_reason, "--price", 7) == 0 ? "E06" : "E20");
    }
}

void warn_about_bars(struct call *c, const struct dossier *d)
{
    static const char mark[] = "warning: ";
    const size_t n = sizeof mark - 1;
    const char *bars = d->market.bars_from.reason, *benchmark = d->market.benchmark_from.reason;
    if (strncmp(bars, mark, n) == 0)
        call_warn(c, "bars of %s: %s", d->symbol, bars + n);
    if (strncmp(benchmark, mark, n) == 0 && strcmp(d->symbol, "SPY") != 0)
        call_warn(c, "bars of the benchmark: %s", benchmark + n);
}

static void warn_about_stored_bars(struct call *c, const struct stored_evaluation *s)
{
    struct dossier d = {0};
    struct error unreadable;
    if (s->dossier && dossier_read(&d, s->dossier, strlen(s->dossier), &unreadable) == OK)
        warn_about_bars(c, &d);
    dossier_release(&d);
}

/* The place of one that has no result to show, in a list; alone it is the error of the command. */
static void failed_json(const struct run *run, int i, struct json *j)
{
    if (!run->list)
        return;
    json_open(j, NULL, '{');
    json_str(j, "symbol", *run->symbol[i] ? run->symbol[i] : NULL);
    if (run->id[i])
        json_int(j, "evaluation_id", run->id[i]);
    json_error(j, "error", &run->error[i]);
    json_close(j, '}');
}

/* --trade: the entry of a BUY, as the schedule would make it; why not stands in its row. */
static void enter(struct run *run, int i)
{
    struct call *c = run->call;
    struct stored_evaluation s;
    struct entry_result entry;
    struct error e = {0};
    if (!run->trade || !run->id[i] || run->error[i].kind)
        return;
    bool buys = evaluation_load(c->desk, run->id[i], false, &s, &e) == OK && s.decision &&
                strcmp(s.decision, "BUY") == 0 && s.shares > 0;
    stored_evaluation_release(&s);
    if (buys)
        broker_enter(c->desk, run->id[i], &entry, &e);
    if (e.kind)
        run->error[i] = e;
}

static void show_one(struct run *run, int i, struct json *j)
{
    struct call *c = run->call;
    struct error *bad = &run->error[i], unread = {0};
    struct stored_evaluation s;
    bool loaded = false;
    enter(run, i);
    if (run->id[i]) {
        loaded = evaluation_load(c->desk, run->id[i], true, &s, &unread) == OK;
        if (loaded && !*run->symbol[i])
            copy_text(run->symbol[i], sizeof run->symbol[i], s.symbol);
        if (!bad->kind)
            *bad = unread;
    }
    if (loaded) {
        warn_about_stored_bars(c, &s);
        s.dossier = NULL; /* evaluation ID shows it */
    }
    if (c->out->format == OUTPUT_JSON && bad->kind)
        failed_json(run, i, j);
    else if (c->out->format == OUTPUT_JSON)
        show_evaluation_json(j, c->desk, &s);
    else if (loaded)
        show_evaluation_seed(c->out, c->desk, &s);
    if (loaded) {
        run->shown_id[run->nshown++] = run->id[i];
        if (s.degraded)
            call_warn(c, "#%lld %s is DEGRADED: %s", (long long)s.id, s.symbol, s.degraded_reason);
        if (!bad->kind)
            say_how_it_ended(&s, bad);
    }
    if (run->id[i])
        stored_evaluation_release(&s);
}

/* OK, or what went wrong first, with the others as warnings; 7 when only some of several did. */
static enum err collect(const struct run *run, struct error *e)
{
    int bad = 0;
    for (int i = 0; i < run->n; i++) {
        const struct error *one = &run->error[i];
        if (!one->kind)
            continue;
        if (bad++ == 0)
            *e = *one;
        else
            call_warn(run->call, "%s%s%s", one->code, *one->code ? " " : "", one->text);
    }
    if (bad && bad < run->n)
        e->kind = ERR_PARTLY;
    return bad ? e->kind : OK;
}

static enum err finish_run(struct run *run, struct error *e)
{
    struct output *o = run->call->out;
    struct json j;
    size_t before = o->text.len;
    json_begin(&j, &o->text);
    if (o->format == OUTPUT_JSON && run->list)
        json_open(&j, NULL, '[');
    for (int i = 0; i < run->n; i++)
        show_one(run, i, &j);
    if (o->format == OUTPUT_JSON && run->list)
        json_close(&j, ']');
    if (o->format == OUTPUT_JSON && o->text.len > before)
        buf_char(&o->text, '\n');
    if (o->format == OUTPUT_CSV && show_evaluation_rows(run->call, run->shown_id, run->nshown, e))
        return e->kind;
    return collect(run, e);
}

enum err evaluate_symbols(struct call *c, const struct evaluation_request *r, struct error *e)
{
    struct run run = {
        .call = c, .n = c->nargs, .list = c->nargs > 1, .trade = call_option(c, "trade") != NULL};
    struct slot slot[CALL_ARGS_MAX];
    struct evaluation_request one = *r;
    for (int i = 0; i < run.n; i++) {
        symbol_from_argument(c->arg[i], run.symbol[i], sizeof run.symbol[i]);
        /* One too long to be a symbol is refused with its whole text. */
        one.symbol = strlen(c->arg[i]) < sizeof run.symbol[i] ? run.symbol[i] : c->arg[i];
        if (evaluation_check(c->desk, &one, e))
            return run.n > 1 ? err_wrap(e, "nothing was started") : e->kind;
    }
    for (int i = 0; i < run.n; i++) {
        one.symbol = run.symbol[i];
        slot[i] = (struct slot){.run = &run, .index = i};
        if (evaluation_start(c->desk, &one, evaluation_ended, &slot[i], &run.error[i]) == OK)
            run.pending++;
    }
    if (wait_for(&run, e))
        return e->kind;
    enum err result = finish_run(&run, e);
    if (c->desk->model_warning)
        call_warn(c, "%s", c->desk->model_warning);
    return result;
}

/* The ids to finish, into run->id. */
static enum err resume_ids(struct run *run, size_t *held, struct error *e)
{
    struct call *c = run->call;
    struct arena arena = {0};
    int64_t *ids = NULL;
    size_t n = 0;
    enum err result = OK;
    for (; run->n < c->nargs; run->n++)
        if (call_id(c->arg[run->n], "evaluation", &run->id[run->n], e))
            return e->kind;
    if (c->nargs == 0)
        result = evaluation_unfinished(c->desk, &arena, &ids, &n, held, e);
    for (size_t i = 0; !result && i < n && i < CALL_ARGS_MAX; i++)
        run->id[run->n++] = ids[i];
    if (n > CALL_ARGS_MAX)
        call_warn(c, "%zu more are finished by the next call", n - CALL_ARGS_MAX);
    arena_release(&arena);
    return result;
}

/* A sibling that resumes at the same time has taken these; they are neither shown nor an error. */
static void leave_to_others(struct run *run)
{
    int kept = 0;
    for (int i = 0; i < run->n; i++) {
        if (run->error[i].kind == ERR_CONFLICT) {
            out_line(run->call->out, "#%lld: somebody else has it", (long long)run->id[i]);
            continue;
        }
        run->id[kept] = run->id[i];
        run->error[kept++] = run->error[i];
    }
    run->n = kept;
}

enum err evaluate_resume(struct call *c, struct error *e)
{
    struct run run = {.call = c, .list = c->nargs != 1};
    struct slot slot[CALL_ARGS_MAX];
    size_t held = 0;
    if (resume_ids(&run, &held, e))
        return e->kind;
    if (run.n == 0)
        out_line(c->out,
                 held ? "nothing to resume on the %s desk: %zu still worked on"
                      : "nothing to resume on the %s desk",
                 desk_kind_name(c->desk->kind), held);
    run.pending = run.n;
    for (int i = 0; i < run.n; i++) {
        slot[i] = (struct slot){.run = &run, .index = i};
        evaluation_resume(c->desk, run.id[i], evaluation_ended, &slot[i]);
    }
    if (wait_for(&run, e))
        return e->kind;
    if (c->nargs == 0)
        leave_to_others(&run);
    return finish_run(&run, e);
}
