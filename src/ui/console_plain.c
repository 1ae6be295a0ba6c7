/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console as lines: commands are read from the standard input, what happens on the desk and
 * the answers are written as lines. No escape sequence ever. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/console_run.h"
#include "ui/console_session.h"
#include "ui/question.h"

enum { PLAIN_LINE_MAX = 8192, TOLD_MAX = 500, TIME_CELL = 1 };

struct plain {
    struct console *console;
    struct loop_io *io;
    struct buf input;
    bool terminal, over, prompted;
    int old_flags;
    /* A question stands, and the next line is its answer. */
    bool asking, answered;
    char answer[80];
    struct loop_timer *minute; /* it ends by */
    /* Events told already, by a hash of their text, the newest first. */
    uint64_t told[TOLD_MAX];
    size_t ntold;
    bool primed; /* what happened before this console began is not news */
};

/* Without its time: that of an action on a virtual clock is worked out anew with each query. */
static uint64_t hash_row(const struct rows *r, size_t row)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < r->ncols; i++) {
        if (i == TIME_CELL || i == TIME_CELL + 1)
            continue;
        const char *p = rows_text(r, row, i);
        for (; p && *p; p++)
            h = (h ^ (unsigned char)*p) * 1099511628211u;
        h = (h ^ 0xff) * 1099511628211u;
    }
    return h;
}

static size_t count(const uint64_t *hash, size_t n, uint64_t h)
{
    size_t same = 0;
    for (size_t i = 0; i < n; i++)
        same += hash[i] == h;
    return same;
}

static void prompt(struct plain *p)
{
    const struct console *c = p->console;
    if (!p->terminal || p->prompted || c->queued || c->agreed || c->view.question.open || c->quits)
        return;
    fputs("quorum> ", stdout);
    fflush(stdout);
    p->prompted = true;
}

static void say_event(const struct rows *r, size_t row)
{
    struct buf line = {0};
    const struct panel *p = &panels[PANEL_ACTIVITY];
    for (size_t i = 0; i < p->ncolumns; i++) {
        const char *text = rows_text(r, row, i + 1);
        if (p->column[i].look == LOOK_HIDDEN || !text || !*text)
            continue;
        if (line.len)
            buf_str(&line, "  ");
        sanitize(&line, untrusted(text), TEXT_LINE, 0);
    }
    printf("%s\n", buf_text(&line));
    buf_release(&line);
}

/* New rows of the activity, oldest first. */
static void tell_events(void *arg)
{
    struct plain *p = arg;
    const struct snap *s = &p->console->snapshot.panel[PANEL_ACTIVITY];
    uint64_t now[TOLD_MAX];
    size_t n = s->rows.nrows < TOLD_MAX ? s->rows.nrows : TOLD_MAX;
    if (!s->loaded_at)
        return;
    for (size_t i = 0; i < n; i++)
        now[i] = hash_row(&s->rows, i);
    for (size_t i = n; i-- > 0;) {
        /* the same words may come again: then there are more of them than there were */
        if (!p->primed || count(now + i, n - i, now[i]) <= count(p->told, p->ntold, now[i]))
            continue;
        if (p->prompted)
            putchar('\n');
        p->prompted = false;
        say_event(&s->rows, i);
    }
    memcpy(p->told, now, n * sizeof now[0]);
    p->ntold = n;
    p->primed = true;
    fflush(stdout);
    if (!*p->console->at_work)
        prompt(p);
}

/* ---- a question on a terminal */

static void show_question(struct plain *p)
{
    struct question *q = &p->console->view.question;
    for (int i = 0; i < q->lines; i++)
        printf("%s\n", q->text[i]);
    printf("%s ", q->prompt);
    fflush(stdout);
    question_painted(q, time_monotonic_us());
    p->answered = false;
}

/* What was typed before it is thrown away. */
static void ask(struct plain *p)
{
    struct console *c = p->console;
    char waste[256];
    while (p->io && read(STDIN_FILENO, waste, sizeof waste) > 0)
        continue;
    buf_clear(&p->input);
    while (c->queued > 0)
        mem_free(c->queue[--c->queued]);
    show_question(p);
    p->asking = true;
    loop_timer_start(p->minute, QUESTION_LIFE_US / 1000);
}

static void minute_is_over(void *arg)
{
    struct plain *p = arg;
    putchar('\n');
    if (!console_question_ran_out(p->console))
        loop_timer_start(p->minute, 1000);
}

/* It may have become another question, or none. */
static void watch_question(struct plain *p)
{
    struct console *c = p->console;
    if (!p->asking)
        return;
    if (c->view.question.open)
        console_watch_question(c);
    if (c->view.question.open && c->view.question.painted_at == 0) {
        putchar('\n');
        show_question(p);
    }
}

/* A word must be typed as it stands. */
static void take_answer(struct plain *p)
{
    struct console *c = p->console;
    struct question *q = &c->view.question;
    bool yes = strcmp(p->answer, "y") == 0 || strcmp(p->answer, "yes") == 0;
    if (q->level >= 3)
        yes = copy_text(q->typed, sizeof q->typed, p->answer) && question_word(q) >= 0;
    console_answered(c, yes);
    if (!yes)
        puts("nothing was done");
}

/* True while the loop is to go on waiting. */
static bool question_stands(struct plain *p)
{
    struct console *c = p->console;
    if (c->view.question.open && !p->asking)
        ask(p);
    if (c->view.question.open && p->over)
        console_answered(c, false);
    if (c->view.question.open && p->answered)
        take_answer(p);
    if (c->view.question.open)
        return true;
    p->asking = p->answered = p->prompted = false;
    loop_timer_stop(p->minute);
    return false;
}

/* ---- lines */

static void turn_over(void *arg)
{
    struct plain *p = arg;
    console_session_seen(p->console);
    watch_question(p);
    if (p->console->dirty && !p->asking) { /* news wait for the answer */
        p->console->dirty = p->console->urgent = false;
        tell_events(p);
    }
}

static void take_line(struct plain *p, const char *text, size_t len)
{
    struct console *c = p->console;
    char line[PLAIN_LINE_MAX];
    p->prompted = false;
    if (p->asking) {
        if (!p->answered && !copy_bytes(p->answer, sizeof p->answer, text, len))
            p->answer[0] = '\0'; /* no answer is that long */
        p->answer[strcspn(p->answer, "\r")] = '\0';
        p->answered = true;
        return;
    }
    if (!copy_bytes(line, sizeof line, text, len) || !text_is_utf8(text, len)) {
        console_say(c, TOAST_ERR, "a line of %zu bytes was left out", len);
        return;
    }
    sanitize_line(line, sizeof line, untrusted(line));
    if (line[strspn(line, " \t")] && line[0] != '#')
        console_queue(c, line);
}

static void take_lines(struct plain *p)
{
    const char *at = buf_text(&p->input), *end;
    struct buf rest = {0};
    while (p->console->queued < QUEUE_MAX && (end = strchr(at, '\n'))) {
        take_line(p, at, (size_t)(end - at));
        at = end + 1;
    }
    size_t left = p->input.len - (size_t)(at - buf_text(&p->input));
    if (left > PLAIN_LINE_MAX && !strchr(at, '\n'))
        left = 0; /* no command is that long */
    buf_add(&rest, at, left);
    buf_release(&p->input);
    p->input = rest;
}

static void can_read(void *arg, int events)
{
    struct plain *p = arg;
    char bytes[4096];
    (void)events;
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n > 0) {
        for (ssize_t i = 0; i < n; i++)
            if (!bytes[i])
                bytes[i] = '?';
        buf_add(&p->input, bytes, (size_t)n);
        take_lines(p);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        if (p->input.len)
            buf_char(&p->input, '\n');
        take_lines(p);
        p->over = true;
        if (p->io)
            loop_io_want(p->io, 0);
    }
}

static bool has_something_to_do(void *arg)
{
    const struct plain *p = arg;
    const struct console *c = p->console;
    if (p->asking)
        return p->answered || p->over || !c->view.question.open || c->quits;
    return c->queued > 0 || c->agreed || c->ntrades > 0 || c->quits || p->over ||
           c->view.question.open;
}

static bool evaluations_are_over(void *arg)
{
    return !console_evaluations_run(((struct plain *)arg)->console);
}

/* Ctrl-C is no to a question and else the end of the line; what leaves is Ctrl-D, or quit. */
static void interrupted(struct plain *p)
{
    loop_clear_interrupt(p->console->loop);
    putchar('\n');
    if (p->console->view.question.open) {
        console_answered(p->console, false);
        puts("nothing was done");
        question_stands(p);
    }
    buf_clear(&p->input);
    p->prompted = false;
}

static void live(struct plain *p)
{
    struct console *c = p->console;
    while (!c->quits) {
        prompt(p);
        loop_run_until(c->loop, has_something_to_do, p, LOOP_NO_DEADLINE);
        if (loop_interrupted(c->loop) == SIGINT && p->terminal) {
            interrupted(p);
            continue;
        }
        if (loop_interrupted(c->loop))
            return;
        if (question_stands(p))
            continue;
        if (c->ntrades > 0)
            console_trade_decided(c);
        else if (c->agreed || c->queued > 0)
            console_run_next(c);
        else if (p->over)
            break;
        take_lines(p);
    }
    /* What was asked for last is waited for. */
    loop_run_until(c->loop, evaluations_are_over, p, LOOP_NO_DEADLINE);
    if (c->ntrades > 0)
        console_trade_decided(c);
}

static void say_what_is_new(struct console *c)
{
    printf("%s desk. help lists commands, quit leaves; the engine goes on.\n",
           desk_kind_name(c->desk->kind));
    for (size_t i = 0; i < c->call->nwarnings; i++)
        console_say(c, TOAST_OK, "%s", c->call->warning[i].text);
    call_warnings_free(c->call);
    for (size_t i = 0; i < c->nlater; i++)
        console_say(c, c->later_said[i].kind, "%s", c->later_said[i].text);
    c->nlater = 0;
}

enum err console_plain(struct console *c, struct error *e)
{
    struct plain p = {.console = c, .terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)};
    bool shown[PANEL_COUNT] = {[PANEL_ACTIVITY] = true};
    (void)e;
    c->asks = p.terminal;
    c->view.focus = PANEL_ACTIVITY;
    p.minute = loop_timer_new(c->loop, minute_is_over, &p);
    p.old_flags = fcntl(STDIN_FILENO, F_GETFL);
    console_settle(c, "plain");
    say_what_is_new(c);
    loader_watch(c->loader, shown, NULL);
    loop_on_turn(c->loop, turn_over, &p);
    p.io = loop_io_new(c->loop, STDIN_FILENO, can_read, &p);
    if (p.io)
        loop_io_want(p.io, LOOP_READ);
    while (!p.io && !p.over)
        can_read(&p, LOOP_READ); /* a file: it is all there */
    live(&p);
    loop_on_turn(c->loop, NULL, NULL);
    loop_io_free(p.io);
    loop_timer_free(p.minute);
    fcntl(STDIN_FILENO, F_SETFL, p.old_flags);
    buf_release(&p.input);
    if (p.terminal)
        putchar('\n');
    fflush(stdout);
    return OK;
}
