/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/bar.h"
#include "ui/console_complete.h"
#include "ui/console_keys.h"
#include "ui/console_run.h"
#include "ui/console_session.h"
#include "ui/console_verbs.h"
#include "ui/crash.h"
#include "ui/question.h"
#include "ui/rescue.h"

enum { TICK_MS = 1000, SLOW_TICK_MS = 5000, THEME_LOOK_US = 1900000 };

void console_dirty(struct console *c)
{
    c->dirty = true;
    c->only_time = false;
}

void console_urgent(struct console *c)
{
    c->dirty = c->urgent = true;
    c->only_time = false;
}

void console_quit(struct console *c)
{
    c->quits = true;
    if (*c->at_work)
        loop_interrupt(c->loop, SIGTERM);
}

void console_queue(struct console *c, const char *line)
{
    if (c->queued < QUEUE_MAX)
        c->queue[c->queued++] = mem_text(line);
}

/* ---- time */

static void load_theme_again(struct console *c)
{
    if (console_load_theme(c, c->theme_name))
        console_say(c, TOAST_OK, "theme %s read again", c->theme_name);
}

/* Seconds are counted only where some are shown. */
static int tick_ms(const struct console *c)
{
    bool seconds = c->option[OPTION_CLOCK] == CLOCK_SECONDS || c->view.toast_at || c->nlater > 0 ||
                   !c->snapshot.connected;
    if (c->view.question.open) /* it ends by the clock, focus or not */
        return TICK_MS;
    return !c->focused ? c->option[OPTION_UNFOCUSED_REFRESH] : seconds ? TICK_MS : SLOW_TICK_MS;
}

/* On whole seconds of the machine. */
static void start_tick(struct console *c)
{
    c->tick_ms = tick_ms(c);
    loop_timer_start(c->tick, c->tick_ms - time_monotonic_us() / 1000 % c->tick_ms);
}

void console_keep_ticking(struct console *c)
{
    if (tick_ms(c) < c->tick_ms)
        start_tick(c);
}

static void ticked(void *arg)
{
    struct console *c = arg;
    int64_t now = time_monotonic_us();
    start_tick(c);
    if (c->loader)
        loader_beside_tick(c->loader);
    c->only_time = !c->dirty || c->only_time;
    c->dirty = true;
    c->view.wait |= c->line_begun; /* a check that takes this long is said to */
    if (c->view.toast_at && now - c->view.toast_at > view_toast_time(&c->view))
        c->view.toast_at = 0, c->view.toast[0] = '\0';
    if (!c->view.toast_at)
        console_say_next(c);
    console_question_ran_out(c);
    if (now - c->theme_seen_at >= THEME_LOOK_US) {
        c->theme_seen_at = now;
        if (theme_watch_changed(&c->watch))
            load_theme_again(c);
    }
    if (c->snapshot.connected && !c->connected && *c->snapshot.session)
        loader_now(c->loader);
    c->connected = c->snapshot.connected;
}

/* ---- beginning and end */

static void rows_came(void *arg)
{
    console_dirty(arg);
}

bool console_load_theme(struct console *c, const char *name)
{
    struct error e = {0};
    enum depth depth;
    char wanted[sizeof c->theme_name];
    copy_text(wanted, sizeof wanted, name);
    theme_depth(c->screen ? screen_colors(c->screen) : 0, c->options->color, getenv("NO_COLOR"),
                &depth);
    theme_watch_begin(&c->watch, wanted, c->theme_dir); /* first: it may change while it is read */
    enum err result = theme_load(&c->theme, wanted, c->theme_dir, depth, &e);
    copy_text(c->theme_name, sizeof c->theme_name, wanted);
    if (c->screen)
        screen_repaint(c->screen);
    if (result)
        console_say_error(c, &e);
    console_urgent(c);
    return result == OK;
}

static void submitted(void *arg, const char *line)
{
    struct console *c = arg;
    c->filtering = false;
    console_queue(c, line);
}

static enum err open_bar(struct console *c, struct error *e)
{
    char path[640];
    snprintf(path, sizeof path, "%s/history", settings_home(c->call->settings));
    struct bar_options o = {.history = c->reading_only ? NULL : path,
                            .history_size = c->option[OPTION_HISTORY_SIZE],
                            .submit = submitted,
                            .complete = console_complete,
                            .hint = console_hint,
                            .arg = c};
    return bar_open(&o, e);
}

static enum err open_screen(struct console *c, struct error *e)
{
    struct screen_options o = {.fd = STDOUT_FILENO,
                               .mouse = c->option[OPTION_MOUSE] != 0,
                               .tap = c->recorder ? recorder_write : NULL,
                               .tap_arg = c->recorder};
    int rows, cols;
    if (screen_open(&c->screen, &o, e))
        return e->kind;
    mem_on_exhausted(screen_rescue);
    crash_begin(settings_home(c->call->settings));
    rescue_on_death(crash_note);
    screen_size(c->screen, &rows, &cols);
    frame_resize(&c->frame, rows, cols);
    bar_resize(rows, cols);
    return OK;
}

static bool has_something_to_do(void *arg)
{
    const struct console *c = arg;
    return c->queued > 0 || c->agreed || c->ntrades > 0 || c->quits;
}

/* Runs lines until the end. A signal that came while a line waited ended that line only when a key
 * sent it. */
static void live(struct console *c)
{
    console_settle(c, "console");
    while (!c->quits) {
        loop_run_until(c->loop, has_something_to_do, c, LOOP_NO_DEADLINE);
        if (loop_interrupted(c->loop))
            c->quits = true;
        else if (c->ntrades > 0)
            console_trade_decided(c);
        else if (!c->quits && (c->agreed || c->queued > 0))
            console_run_next(c);
        console_release_events(c);
        if (c->dirty) /* by what ran just now: nothing else may come to turn the loop for it */
            console_turn_over(c);
    }
}

/* What went wrong first. */
static void say_what_is_new(struct console *c)
{
    char crash[900];
    if (crash_last(settings_home(c->call->settings), crash, sizeof crash))
        console_say_later(c, TOAST_WARN, crash);
    if (c->snapshot.no_market)
        console_say_later(c, TOAST_WARN,
                          "no market data: FMP_API_KEY is not set, so nothing can be decided;"
                          " set it in .env, or look at quorum demo");
    if (*screen_note(c->screen))
        console_say_later(c, TOAST_WARN, screen_note(c->screen));
    if (*bar_note())
        console_say_later(c, TOAST_WARN, bar_note());
    for (size_t i = 0; i < c->call->nwarnings; i++)
        console_say_later(c, TOAST_OK, c->call->warning[i].text);
    call_warnings_free(c->call);
    console_say_next(c);
}

static void leave_screen(struct console *c)
{
    bar_close();
    loop_io_free(c->rest_io);
    c->rest_io = NULL;
    screen_close(c->screen);
    rescue_on_death(NULL);
    crash_end();
    c->screen = NULL;
    mem_on_exhausted(NULL);
    console_close_tty(c);
}

static enum err on_screen(struct console *c, struct error *e)
{
    if (open_bar(c, e))
        return e->kind;
    if (open_screen(c, e) || console_open_tty(c, e)) {
        leave_screen(c);
        return e->kind;
    }
    c->tick = loop_timer_new(c->loop, ticked, c);
    c->later = loop_timer_new(c->loop, console_later, c);
    start_tick(c);
    console_options_apply(c);
    console_load_theme(c, c->theme_name);
    if (console_open_desk(c, rows_came, e)) {
        leave_screen(c);
        return e->kind;
    }
    loop_io_want(c->tty_io, LOOP_READ);
    console_resume_view(c);
    say_what_is_new(c);
    console_tell_loader(c);
    loop_on_turn(c->loop, console_turn_over, c);
    live(c);
    loop_on_turn(c->loop, NULL, NULL);
    if (c->hung_up || loop_interrupted(c->loop) == SIGHUP)
        console_keep_view(c);
    leave_screen(c);
    return OK;
}

static void set_places(struct console *c)
{
    copy_text(c->config_dir, sizeof c->config_dir, settings_config_dir(c->call->settings));
    snprintf(c->theme_dir, sizeof c->theme_dir, "%s/themes", c->config_dir);
}

/* What the file of options said, then what the command line says. */
static enum err apply_options(struct console *c, struct error *e)
{
    const struct console_options *o = c->options;
    char kept[sizeof c->theme_name];
    copy_text(kept, sizeof kept, c->theme_name);
    c->theme_is_usual = !*kept;
    copy_text(c->theme_name, sizeof c->theme_name,
              theme_choose(o->theme, *kept ? kept : NULL, getenv("COLORFGBG")));
    if ((o->layout && console_set(c, "layout", o->layout, e)) ||
        (o->tz && console_set(c, "tz", o->tz, e)) ||
        (o->refresh && console_set(c, "refresh", o->refresh, e)) ||
        (o->mouse && console_set(c, "mouse", "on", e)))
        return err_code(e, "E06");
    enum depth depth;
    if (theme_depth(0, o->color, NULL, &depth))
        return OK;
    err_set(e, ERR_USAGE, "--color=%.40s is not auto, never, 8, 16 or 256", o->color);
    return err_code(e, "E06");
}

/* Without a screen notes go where a command's warnings do. */
static void warn_of_notes(struct console *c)
{
    for (size_t i = 0; i < c->nlater; i++)
        call_warn(c->call, "%s", c->later_said[i].text);
    c->nlater = 0;
}

enum err console_run(struct call *call, const struct console_options *o, struct error *e)
{
    struct console *c = mem_alloc(sizeof *c);
    *c = (struct console){.call = call,
                          .options = o,
                          .loop = call->loop,
                          .desk = call->desk,
                          .reading_only = o->read_only,
                          .tty = -1,
                          .engine = {.go = -1, .report = -1},
                          .rung = -1,
                          .focused = true};
    view_init(&c->view);
    c->view.keys = &c->keys;
    console_options_begin(c);
    c->snapshot.read_only = o->read_only;
    if (call->desk)
        console_know_desk(c, call->desk->kind);
    set_places(c);
    struct error odd = {0};
    char line[ERROR_LINE_MAX];
    if (console_settings_load(c, &odd))
        console_say_later(c, TOAST_WARN, error_line(line, &odd));
    enum err result = apply_options(c, e);
    bool tables = o->dump_keys || o->dump_commands || o->dump_theme;
    bool on_terminal = !o->dump && !o->plain;
    if (!result && !tables)
        console_prepare_engine(c);
    if (tables || o->dump)
        warn_of_notes(c);
    if (!result && tables)
        result = console_tables(c, e);
    if (!result && !tables && o->record)
        result = recorder_open(&c->recorder, o->record, e);
    if (!result && !tables && o->script)
        result = script_open(&c->script, c, o->script, e);
    if (!result && !tables) {
        if (c->recorder)
            copy_text(c->view.notice, sizeof c->view.notice, "REC");
        if (!on_terminal)
            console_options_apply(c);
        result = on_terminal                          ? on_screen(c, e)
                 : console_open_desk(c, rows_came, e) ? e->kind
                 : o->dump                            ? console_dump(c, e)
                                                      : console_plain(c, e);
        console_release_engine(c);
        console_session_end(c);
        loader_free(c->loader);
        console_forget_evaluations(c);
    }
    script_close(c->script);
    recorder_close(c->recorder);
    loop_timer_free(c->tick);
    loop_timer_free(c->later);
    view_release(&c->view);
    snapshot_release(&c->snapshot);
    frame_release(&c->frame);
    for (int i = 0; i < c->queued; i++)
        mem_free(c->queue[i]);
    console_forget_events(c);
    console_answered(c, false);
    mem_free(c->agreed);
    int status = c->status;
    mem_free(c);
    call->exit_status = status;
    return result;
}
