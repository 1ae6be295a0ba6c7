/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked before something is done, with what it will do. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "quorum/control.h"
#include "quorum/evaluation.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/console_review.h"
#include "ui/console_run.h"
#include "ui/question.h"
#include "ui/status_line.h"

/* What a question rests on: when it changes while the question stands, it is to be answered anew.
 */
static void fingerprint(const struct console *c, char dst[100])
{
    const struct rows *r = &c->snapshot.status.rows;
    const char *state = r->nrows ? rows_named(r, 0, "state") : NULL;
    const char *positions = r->nrows ? rows_named(r, 0, "positions") : NULL;
    if (c->asked.closes)
        snprintf(dst, 100, "%.20s, %.20s open positions", state ? state : "?",
                 positions ? positions : "?");
    else
        snprintf(dst, 100, "%.20s", state ? state : "?");
}

void console_drop_question(struct console *c)
{
    for (int i = 0; i < c->asked.n; i++)
        mem_free(c->asked.line[i]);
    mem_free(c->asked.anew);
    c->asked = (struct asked){0};
    question_close(&c->view.question);
}

/* A question does not outlive the database it was about: a yes to it would be to an old picture. */
static bool lost_its_database(struct console *c)
{
    if (c->snapshot.connected || c->snapshot.lost_at == 0)
        return false;
    console_drop_question(c);
    console_say(c, TOAST_ERR,
                "E40 the database went away: the question is closed, nothing was sent");
    console_urgent(c);
    return true;
}

void console_watch_question(struct console *c)
{
    char now[100], both[240];
    if (!c->view.question.open || !c->snapshot.status.loaded_at)
        return;
    if (lost_its_database(c))
        return;
    if (c->asked.decides) {
        console_review_watch(c);
        return;
    }
    fingerprint(c, now);
    if (strcmp(now, c->asked.told) == 0)
        return;
    snprintf(both, sizeof both, "%s -> %s", c->asked.before, now);
    if (c->asked.before[0] == '?')
        copy_text(c->asked.before, sizeof c->asked.before, now);
    else
        question_changed(&c->view.question, both);
    copy_text(c->asked.told, sizeof c->asked.told, now);
}

void console_answered(struct console *c, bool yes)
{
    int i = question_word(&c->view.question);
    if (yes && i >= 0 && i < c->asked.n) {
        mem_free(c->agreed);
        c->agreed = c->asked.line[i];
        if (strchr(c->agreed, '\n')) /* the marked ones */
            c->view.list[PANEL_PENDING].nmarks = 0;
        c->asked.line[i] = NULL;
    }
    console_drop_question(c);
}

bool console_question_ran_out(struct console *c)
{
    if (!question_is_over(&c->view.question, time_monotonic_us()))
        return false;
    console_answered(c, false);
    console_say(c, TOAST_WARN, "no answer in a minute: nothing was done");
    return true;
}

static const char *position_line(const struct console *c, const char *symbol, char *dst,
                                 size_t size)
{
    const struct rows *r = &c->snapshot.panel[PANEL_POSITIONS].rows;
    const struct panel *p = &panels[PANEL_POSITIONS];
    struct buf b = {0};
    for (size_t i = 0; i < r->nrows; i++) {
        const char *name = rows_text(r, i, 1);
        if (!name || strcasecmp(name, symbol) != 0)
            continue;
        for (size_t k = 1; k < p->ncolumns && k < 7; k++) {
            const char *cell = rows_text(r, i, k + 1);
            if (cell && *cell && p->column[k].look != LOOK_HIDDEN)
                buf_printf(&b, "%s %s  ", p->column[k].title, cell);
        }
    }
    copy_text(dst, size, buf_text(&b));
    buf_release(&b);
    return dst;
}

/* How far each goes; the words of kill. */
static const struct kill_mode {
    const char *mode;
    enum control to;
    const char *text;
    const char *words, *prompt; /* when this is the mildest one left */
} kill_modes[] = {
    {"pause", CONTROL_PAUSED, "no new entries; exits, stops and targets continue",
     "PAUSE HALT FLATTEN", "type PAUSE, HALT or FLATTEN:"},
    {"halt", CONTROL_HALTED, "pause, and the open entry orders are cancelled", "HALT FLATTEN",
     "type HALT or FLATTEN:"},
    {"flatten", CONTROL_FLATTENING, "halt, then every position is closed at the next price",
     "FLATTEN", "type FLATTEN:"},
};

/* What closing all of them means today. */
static void explain_positions(struct console *c)
{
    const struct rows *status = &c->snapshot.status.rows;
    const struct rows *r = &c->snapshot.panel[PANEL_POSITIONS].rows;
    struct buf b = {0};
    if (!status->nrows)
        return;
    for (size_t i = 0; i < r->nrows; i++)
        buf_printf(&b, "%s%s", i ? " " : "  ", rows_text(r, i, 1) ? rows_text(r, i, 1) : "?");
    char figure[40] = "?";
    int64_t nano;
    const char *n = rows_named(status, 0, "positions"), *pnl = rows_named(status, 0, "open_pnl");
    if (pnl && decimal_parse(pnl, MONEY_NANO_DIGITS, &nano))
        decimal_group(figure, sizeof figure, nano, MONEY_NANO_DIGITS, 2);
    question_line(&c->view.question, "  %s open, together %s%s%s", n ? n : "?",
                  *figure == '-' || *figure == '?' ? "" : "+", figure, buf_text(&b));
    buf_release(&b);
}

static void explain_kill(struct console *c, const struct call *call)
{
    const char *mode = call->arg[0];
    for (size_t i = 0; i < ARRAY_LEN(kill_modes); i++)
        if (strcmp(kill_modes[i].mode, mode) == 0)
            question_line(&c->view.question, "  %s", kill_modes[i].text);
    if (strcmp(mode, "flatten") == 0)
        explain_positions(c);
    question_line(&c->view.question, "  it survives a restart; only resume lifts it");
}

static void explain_pause(struct console *c, const struct call *call)
{
    (void)call;
    question_line(&c->view.question,
                  "  no new entries and no scheduled evaluations; stops, targets "
                  "and other exits go on");
    question_line(&c->view.question, "  it survives a restart; resume lifts it");
}

static void explain_resume(struct console *c, const struct call *call)
{
    const struct rows *r = &c->snapshot.status.rows;
    const char *state = r->nrows ? rows_named(r, 0, "state") : NULL;
    const char *by = r->nrows ? rows_named(r, 0, "state_by") : NULL;
    const char *why = r->nrows ? rows_named(r, 0, "state_reason") : NULL;
    (void)call;
    question_line(&c->view.question, "  lifts %s by %s (%s)", state ? state : "?", by ? by : "?",
                  why ? why : "?");
    question_line(&c->view.question, "  scheduled evaluations and entries begin again");
}

static void explain_close(struct console *c, const struct call *call)
{
    char line[160];
    if (strcmp(call->arg[0], "all") == 0) {
        question_line(&c->view.question, "  every position is closed at the next price");
        explain_positions(c);
        return;
    }
    position_line(c, call->arg[0], line, sizeof line);
    question_line(&c->view.question, "  %s", *line ? line : "no such position is open here");
    question_line(&c->view.question, "  a market order at the next price");
}

static void explain_replay(struct console *c, const struct call *call)
{
    char cost[40];
    (void)call;
    decimal_print(cost, sizeof cost, evaluation_estimate(c->desk, NULL), MONEY_NANO_DIGITS, 2);
    question_line(&c->view.question,
                  "  asks the agents again with the stored facts; nothing is traded");
    question_line(&c->view.question, "  costs at most $%s%s", cost,
                  c->desk->kind == DESK_DEMO ? " (simulated)" : "");
}

static void explain_evaluate(struct console *c, const struct call *call)
{
    question_line(&c->view.question, "  %s", call->command->help);
    if (call_option(call, "trade"))
        question_line(&c->view.question,
                      "  a BUY is ordered at the next price, in the size the desk gives it");
}

/* What it does, told with what it is about now; of all others the line of their help. */
static const struct {
    const char *command;
    void (*explain)(struct console *c, const struct call *call);
} explained[] = {{"pause", explain_pause},   {"resume", explain_resume},
                 {"kill", explain_kill},     {"close", explain_close},
                 {"replay", explain_replay}, {"evaluate", explain_evaluate}};

static void explain(struct console *c, const struct call *call)
{
    struct question *q = &c->view.question;
    char line[40];
    int before = q->lines;
    for (size_t i = 0; i < ARRAY_LEN(explained); i++)
        if (strcmp(explained[i].command, call->command->name) == 0)
            explained[i].explain(c, call);
    if (q->lines == before)
        question_line(q, "  %s", call->command->help);
    int64_t cost = console_evaluation_cost(c, call);
    if (cost > 0)
        question_line(q, "  it may cost up to $%s; more than eval.free is asked about",
                      decimal_print(line, sizeof line, cost, MONEY_NANO_DIGITS, 2));
}

static void begin_question(struct console *c, int level, const char *word, const char *prompt,
                           const char *head)
{
    const char *desk = desk_kind_name(c->desk->kind);
    question_open(&c->view.question, level, word, prompt, time_monotonic_us());
    question_line(&c->view.question, "%s   on the %s desk, %s", head, desk, c->asked.before);
    console_urgent(c);
}

static void rest_on_now(struct console *c, bool closes)
{
    c->asked.closes = closes;
    fingerprint(c, c->asked.before);
    copy_text(c->asked.told, sizeof c->asked.told, c->asked.before);
}

/* The kill switch asks how far; each word is a line of its own. What the desk would refuse, being
 * that far already, is not offered; what is not known is. */
void console_ask_kill(struct console *c)
{
    const struct kill_mode *end = kill_modes + ARRAY_LEN(kill_modes), *first = kill_modes;
    struct question *q = &c->view.question;
    enum control now = CONTROL_RUNNING;
    char line[24];
    (void)control_parse(status_field(&c->snapshot, "state"), &now);
    while (first < end && !control_admits(now, first->to))
        first++;
    if (first == end) {
        console_say(c, TOAST_WARN,
                    "the desk is FLATTENING: every position is being closed, then it is HALTED");
        return;
    }
    console_drop_question(c);
    for (const struct kill_mode *m = first; m < end; m++) {
        snprintf(line, sizeof line, "kill %s", m->mode);
        c->asked.line[c->asked.n++] = mem_text(line);
    }
    rest_on_now(c, true);
    begin_question(c, 3, first->words, first->prompt, "KILL SWITCH - choose how far to go");
    for (const struct kill_mode *m = first; m < end; m++)
        question_line(q, "  %-8s  %s", m->mode, m->text);
    explain_positions(c);
    question_line(q, "It survives a restart. Only :resume lifts it.          Esc leaves it as it "
                     "is");
}

void console_ask(struct console *c, const struct call *call, const char *line, int level,
                 const char *word)
{
    struct question *q = &c->view.question;
    char prompt[80], head[120];
    console_drop_question(c);
    c->asked.line[c->asked.n++] = mem_text(line);
    rest_on_now(c, strcmp(call->command->name, "close") == 0 ||
                       strcmp(call->command->name, "kill") == 0);
    snprintf(head, sizeof head, "%s", line);
    for (char *p = head; *p && *p != ' '; p++)
        *p = (char)toupper((unsigned char)*p);
    if (level == 2)
        snprintf(prompt, sizeof prompt, "%.50s? [y/N]", line);
    else
        snprintf(prompt, sizeof prompt, "type %s to do it:", word);
    begin_question(c, level, level == 2 ? "" : word, prompt, head);
    explain(c, call);
    question_line(q, level == 2 ? "  y = do it    n, Esc or Enter alone = leave it as it is"
                                  "       [60 s, then No]"
                                : "  Esc leaves it as it is       [60 s, then No]");
}
