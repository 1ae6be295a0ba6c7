/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desk is opened with the screen standing, so that a person sees at once what is coming; an
 * engine is looked for when the data are there, and started beside the console. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/console_private.h"
#include "ui/console_session.h"

enum { WHOLE_MS = 1000 };

/* The opening may wait outside of the loop, where no key is read: Ctrl-C is a signal meanwhile. All
 * other keys stay with the terminal and are read when the desk is there. */
static void interrupt_by_key(const struct console *c, bool on)
{
    struct termios t;
    if (!c->screen || tcgetattr(STDOUT_FILENO, &t) < 0)
        return;
    if (on) {
        t.c_cc[VINTR] = 3;
        t.c_cc[VQUIT] = t.c_cc[VSUSP] = _POSIX_VDISABLE;
        t.c_lflag |= ISIG;
    } else {
        t.c_lflag &= ~(tcflag_t)ISIG;
    }
    tcsetattr(STDOUT_FILENO, TCSANOW, &t);
}

static void tell(void *arg, const char *text)
{
    struct console *c = arg;
    copy_text(c->opening, sizeof c->opening, text);
    console_draw(c, time_monotonic_us());
}

void console_know_desk(struct console *c, enum desk_kind kind)
{
    c->snapshot.demo = kind == DESK_DEMO;
    c->snapshot.no_market =
        kind == DESK_PAPER && !settings_text(c->call->settings, SETTING_FMP_API_KEY);
}

static void draw_skeleton(struct console *c)
{
    enum desk_kind kind;
    struct error ignored = {0};
    if (desk_choose(c->call->settings, c->call->desk_name, &kind, NULL, &ignored) == OK)
        console_know_desk(c, kind);
    c->snapshot.connected = true; /* nothing was lost */
    tell(c, "opening the desk");
    c->call->progress = tell;
    c->call->progress_arg = c;
}

void console_prepare_engine(struct console *c)
{
    const struct console_options *o = c->options;
    struct error e = {0};
    c->engine = (struct daemon_child){.go = -1, .report = -1};
    if (!c->call->desk && !o->dump && !o->read_only &&
        daemon_prepare(c->call, false, &c->engine, &e))
        call_warn(c->call, "no engine was started: %s", e.text);
}

enum err console_open_desk(struct console *c, void (*rows_came)(void *arg), struct error *e)
{
    struct call *call = c->call;
    if (c->screen)
        draw_skeleton(c);
    copy_text(c->at_work, sizeof c->at_work, "opening the desk"); /* what would quit, ends it */
    interrupt_by_key(c, true);
    enum err result = call->desk ? OK : call->opens(call, e);
    interrupt_by_key(c, false);
    call->progress = NULL;
    c->at_work[0] = c->opening[0] = '\0';
    if (result)
        return result;
    c->desk = call->desk;
    c->loader = loader_new(c->desk, &c->snapshot, rows_came, c);
    console_options_apply_desk(c);
    return OK;
}

static bool is_whole(void *arg)
{
    struct console *c = arg;
    return c->whole || c->quits || c->queued > 0 || c->agreed;
}

/* What takes the server's time comes after what the person waits for. */
void console_settle(struct console *c, const char *kind)
{
    if (c->screen)
        loop_run_until(c->loop, is_whole, c, WHOLE_MS);
    if (loop_interrupted(c->loop) || c->quits)
        return;
    console_session_begin(c, kind);
    console_start_engine(c);
}

/* ---- the engine */

static void say_of_engine(struct console *c, enum toast_kind kind, const char *text)
{
    if (c->screen && !c->view.toast_at)
        console_say(c, kind, "%s", text);
    else if (c->screen)
        console_say_later(c, kind, text);
    else
        call_warn(c->call, "%s", text);
}

static void engine_answered(struct console *c)
{
    struct daemon_start engine;
    struct error e = {0};
    char text[400];
    enum err result = daemon_answer(&c->engine, &engine, &e);
    if (result)
        snprintf(text, sizeof text, "no engine was started: %s", e.text);
    else
        snprintf(text, sizeof text,
                 "an engine was started (pid %lld); it goes on without this console",
                 (long long)engine.pid);
    if (result || !engine.already)
        say_of_engine(c, result ? TOAST_WARN : TOAST_OK, text);
    console_release_engine(c);
}

static void engine_says(void *arg, int events)
{
    struct console *c = arg;
    (void)events;
    if (daemon_listen(&c->engine))
        engine_answered(c);
}

void console_start_engine(struct console *c)
{
    if (c->engine.go < 0)
        return;
    if (!daemon_needed(c->desk)) {
        console_release_engine(c);
        return;
    }
    daemon_go(&c->engine);
    c->engine_io = c->screen ? loop_io_new(c->loop, c->engine.report, engine_says, c) : NULL;
    if (c->engine_io)
        loop_io_want(c->engine_io, LOOP_READ);
    else
        engine_answered(c);
}

void console_release_engine(struct console *c)
{
    loop_io_free(c->engine_io);
    c->engine_io = NULL;
    daemon_release(&c->engine);
}
