/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
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

enum { TICK_MS = 1000, SLOW_TICK_MS = 5000, BELL_EVERY_US = 10000000, THEME_LOOK_US = 1900000 };

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

/* For :errors, which shows what went by. */
void console_keep_said(struct console *c, enum toast_kind kind, const char *text)
{
    struct said *s = &c->said[c->nsaid++ % SAID_MAX];
    s->kind = kind;
    s->at = c->snapshot.now;
    copy_text(s->text, sizeof s->text, text);
}

/* One at a time: each is to be read. */
void console_say_later(struct console *c, enum toast_kind kind, const char *text)
{
    if (c->nlater == ARRAY_LEN(c->later_said))
        return;
    struct said *s = &c->later_said[c->nlater++];
    s->kind = kind;
    copy_text(s->text, sizeof s->text, text);
}

static void say_next(struct console *c)
{
    if (c->nlater == 0)
        return;
    struct said next = c->later_said[0];
    c->nlater--;
    memmove(c->later_said, c->later_said + 1, c->nlater * sizeof next);
    console_say(c, next.kind, "%s", next.text);
}

void console_say(struct console *c, enum toast_kind kind, const char *fmt, ...)
{
    char text[1200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    view_toast(&c->view, kind, time_monotonic_us(), "%s", text);
    console_keep_said(c, c->view.toast_kind, c->view.toast);
    if (c->screen) {
        console_urgent(c);
    } else {
        printf("%s%s\n",
               kind == TOAST_OK     ? ""
               : kind == TOAST_WARN ? "warning: "
                                    : "error: ",
               c->view.toast);
        fflush(stdout);
    }
}

/* One-shot texts name commands as "quorum VERB"; here they are typed behind a colon. */
static void speak_console(const char *text, struct buf *out)
{
    static const char name[] = "quorum ";
    char word[32];
    for (; *text; text++) {
        bool begins = strncmp(text, name, sizeof name - 1) == 0;
        const char *verb = text + sizeof name - 1;
        if (begins)
            copy_bytes(word, sizeof word, verb, strspn(verb, "abcdefghijklmnopqrstuvwxyz-"));
        if (begins && command_find(word) && console_runs(word)) {
            buf_char(out, ':');
            text = verb - 1;
        } else {
            buf_char(out, *text);
        }
    }
}

void console_say_error(struct console *c, const struct error *e)
{
    char line[ERROR_LINE_MAX];
    struct buf told = {0};
    speak_console(error_line(line, e), &told);
    console_say(c, TOAST_ERR, "%s", buf_text(&told));
    buf_release(&told);
}

void console_notify(struct console *c, const char *text)
{
    int64_t now = time_monotonic_us();
    int way = c->option[OPTION_NOTIFY];
    if (!c->screen || way == NOTIFY_OFF || (c->bell_at && now - c->bell_at < BELL_EVERY_US))
        return;
    c->bell_at = now;
    if (way == NOTIFY_OSC9)
        screen_notify(c->screen, text);
    else
        screen_bell(c->screen);
}

/* A wait that is under way ends as if a signal had come. */
static void interrupt_wait(const struct console *c, int number)
{
    if (*c->at_work)
        kill(getpid(), number);
}

void console_quit(struct console *c)
{
    c->quits = true;
    interrupt_wait(c, SIGTERM);
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
                   c->view.question.open || !c->snapshot.connected;
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
    if (c->view.toast_at && now - c->view.toast_at > view_toast_time(&c->view))
        c->view.toast_at = 0, c->view.toast[0] = '\0';
    if (!c->view.toast_at)
        say_next(c);
    if (question_is_over(&c->view.question, now)) {
        console_answered(c, false);
        console_say(c, TOAST_WARN, "no answer in a minute: nothing was done");
    }
    if (now - c->theme_seen_at >= THEME_LOOK_US) {
        c->theme_seen_at = now;
        if (theme_watch_changed(&c->watch))
            load_theme_again(c);
    }
    if (c->snapshot.connected && !c->connected && *c->snapshot.session)
        loader_now(c->loader);
    c->connected = c->snapshot.connected;
}

/* ---- the terminal */

static void expired(void *arg);

static void await_more(struct console *c)
{
    int wait = input_wait_ms(&c->input);
    if (wait >= 0)
        loop_timer_start(c->escape, wait);
    else
        loop_timer_stop(c->escape);
}

/* Keys of one packet come one by one here; what the first one asked for is done between turns. */
static bool has_line_before(const struct console *c)
{
    return (c->queued > 0 || c->agreed) && !*c->at_work;
}

static void hold(struct console *c, const struct input_event *ev)
{
    if (c->nheld == HELD_MAX)
        return;
    if (c->nheld == c->held_cap) {
        c->held_cap = c->held_cap ? 2 * c->held_cap : 32;
        c->held = mem_grow(c->held, c->held_cap, sizeof *c->held);
    }
    struct input_event *kept = &c->held[c->nheld++].event;
    *kept = *ev;
    if (ev->kind == EVENT_PASTE) {
        char *bytes = mem_array(ev->paste_len + 1, 1);
        memcpy(bytes, ev->paste, ev->paste_len);
        kept->paste = bytes;
    }
}

static void take_event(void *arg, const struct input_event *ev)
{
    struct console *c = arg;
    if (c->nheld > 0 || has_line_before(c) || console_waits_for_rows(c, ev))
        hold(c, ev);
    else
        console_event(c, ev);
}

static void drop_first_event(struct console *c)
{
    if (c->held[0].event.kind == EVENT_PASTE)
        mem_free((char *)(uintptr_t)c->held[0].event.paste);
    c->nheld--;
    memmove(c->held, c->held + 1, c->nheld * sizeof *c->held);
}

void console_release_events(struct console *c)
{
    while (c->nheld > 0 && !c->quits && !has_line_before(c) &&
           !console_waits_for_rows(c, &c->held[0].event)) {
        console_event(c, &c->held[0].event);
        drop_first_event(c);
    }
}

static void expired(void *arg)
{
    struct console *c = arg;
    input_expire(&c->input, take_event, c);
    await_more(c);
}

static void hang_up(struct console *c)
{
    c->hung_up = true;
    loop_io_want(c->tty_io, 0);
    console_quit(c);
}

static void can_read(void *arg, int events)
{
    struct console *c = arg;
    char bytes[16384];
    (void)events;
    ssize_t n = read(c->tty, bytes, sizeof bytes);
    if (n > 0) {
        input_feed(&c->input, bytes, (size_t)n, take_event, c);
        await_more(c);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        hang_up(c);
    }
}

static enum err open_input(struct console *c, struct error *e)
{
    const char *name = ttyname(STDOUT_FILENO);
    c->tty = open(name ? name : "/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (c->tty < 0)
        return err_set(e, ERR_FAILED, "the terminal cannot be read: %s", strerror(errno));
    c->tty_io = loop_io_new(c->loop, c->tty, can_read, c);
    if (!c->tty_io)
        return err_set(e, ERR_FAILED, "the terminal cannot be watched");
    return OK;
}

static void resized(void *arg, int number)
{
    struct console *c = arg;
    int rows, cols;
    (void)number;
    if (!c->screen)
        return;
    if (!screen_resize(c->screen))
        screen_repaint(c->screen); /* smaller and back: the terminal has lost what was outside */
    screen_size(c->screen, &rows, &cols);
    bar_resize(rows, cols);
    if (c->recorder)
        recorder_size(c->recorder, rows, cols);
    console_urgent(c);
}

/* The program stops in here, until somebody lets it go on. */
void console_suspend(struct console *c)
{
    struct sigaction before, usual = {.sa_handler = SIG_DFL};
    c->stop = 0;
    screen_suspend(c->screen);
    sigaction(SIGTSTP, &usual, &before);
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &before, NULL);
    screen_resume(c->screen);
    resized(c, SIGWINCH);
    console_urgent(c);
}

static void told_to_stop(void *arg, int number)
{
    struct console *c = arg;
    c->stop = number;
}

static void goes_on(void *arg, int number)
{
    struct console *c = arg;
    (void)number;
    if (c->screen && !c->hung_up)
        screen_repaint(c->screen);
    console_urgent(c);
}

static void told_to_quit(void *arg, int number)
{
    (void)number;
    console_quit(arg);
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

static bool kept(void *arg, const char *line)
{
    (void)arg;
    return *line != '\0' && *line != ' ';
}

static enum err open_bar(struct console *c, struct error *e)
{
    char path[640];
    snprintf(path, sizeof path, "%s/history", settings_home(c->call->settings));
    struct bar_options o = {.history = c->reading_only ? NULL : path,
                            .submit = submitted,
                            .complete = console_complete,
                            .hint = console_hint,
                            .keeps = kept,
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

static void run_next(struct console *c)
{
    if (c->agreed) {
        char *agreed = c->agreed, *rest = strchr(agreed, '\n');
        c->agreed = rest ? mem_text(rest + 1) : NULL; /* a yes to several is one for each */
        if (rest)
            *rest = '\0';
        c->yes = true;
        console_run_line(c, agreed);
        mem_free(agreed);
        loader_open(c->loader, view_top(&c->view));
        return;
    }
    char *line = c->queue[0];
    c->queued--;
    memmove(c->queue, c->queue + 1, (size_t)c->queued * sizeof c->queue[0]);
    console_run_line(c, line);
    mem_free(line);
    loader_open(c->loader, view_top(&c->view));
    console_urgent(c);
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
            run_next(c);
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
    if (*screen_note(c->screen))
        console_say_later(c, TOAST_WARN, screen_note(c->screen));
    if (*bar_note())
        console_say_later(c, TOAST_WARN, bar_note());
    for (size_t i = 0; i < c->call->nwarnings; i++)
        console_say_later(c, TOAST_OK, c->call->warning[i].text);
    call_warnings_free(c->call);
    say_next(c);
}

static void leave_screen(struct console *c)
{
    bar_close();
    screen_close(c->screen);
    rescue_on_death(NULL);
    crash_end();
    c->screen = NULL;
    mem_on_exhausted(NULL);
    loop_io_free(c->tty_io);
    if (c->tty >= 0)
        close(c->tty);
}

static enum err on_screen(struct console *c, struct error *e)
{
    if (open_bar(c, e))
        return e->kind;
    if (open_screen(c, e) || open_input(c, e)) {
        leave_screen(c);
        return e->kind;
    }
    c->escape = loop_timer_new(c->loop, expired, c);
    c->tick = loop_timer_new(c->loop, ticked, c);
    c->later = loop_timer_new(c->loop, console_later, c);
    loop_on_signal(c->loop, SIGWINCH, resized, c);
    loop_on_signal(c->loop, SIGTSTP, told_to_stop, c);
    loop_on_signal(c->loop, SIGCONT, goes_on, c);
    loop_on_signal(c->loop, SIGQUIT, told_to_quit, c);
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
    c->snapshot.demo = call->desk && call->desk->kind == DESK_DEMO;
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
    loop_timer_free(c->escape);
    loop_timer_free(c->tick);
    loop_timer_free(c->later);
    view_release(&c->view);
    snapshot_release(&c->snapshot);
    frame_release(&c->frame);
    input_release(&c->input);
    for (int i = 0; i < c->queued; i++)
        mem_free(c->queue[i]);
    while (c->nheld > 0)
        drop_first_event(c);
    mem_free(c->held);
    console_answered(c, false);
    mem_free(c->agreed);
    int status = c->status;
    mem_free(c);
    call->exit_status = status;
    return result;
}
