/* SPDX-License-Identifier: GPL-3.0-or-later */
/* At most one frame a turn: when it is made, and when it is dropped. */
#include <stdio.h>
#include <string.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/bar.h"
#include "ui/console_complete.h"
#include "ui/console_run.h"
#include "ui/console_session.h"
#include "ui/keep.h"
#include "ui/question.h"

enum {
    FRAME_EVERY_US = 250000, /* what changes by itself is shown four times a second in the end */
    FRAMES_AT_ONCE = 4,      /* after a pause so many may follow each other at once */
    FRAME_GAP_US = 10000,    /* but what comes this soon after one, comes together */
    SLOW_FRAME_US = 100000,
    SLOW_TOLD_US = 5000000, /* so long it is said that frames were dropped */
    SLOW_MOST_MS = 5000
};

void console_tell_loader(struct console *c)
{
    bool shown[PANEL_COUNT] = {false};
    enum panel_id id[PANEL_COUNT];
    size_t n = console_panels(&c->view, c->frame.rows, c->frame.cols, id);
    for (size_t i = 0; i < n && !c->view.frozen; i++)
        shown[id[i]] = true;
    if (c->view.focus != PANEL_NONE && !c->view.frozen)
        shown[c->view.focus] = true;
    for (size_t i = 0; bar_is_active() && i < complete_npanels; i++)
        shown[complete_panels[i]] = true;
    loader_watch(c->loader, shown, view_top(&c->view));
}

/* What needs somebody now rings once; what was there when they came, they see. */
static void ring_for_alerts(struct console *c)
{
    const struct rows *r = &c->snapshot.status.rows;
    const char *newest = r->nrows ? rows_named(r, 0, "ring") : NULL;
    const char *text = newest ? rows_named(r, 0, "ring_text") : NULL;
    int64_t id = 0;
    if (r->nrows == 0 || (newest && !text_to_int64(newest, &id)))
        return;
    if (c->rung >= 0 && id > c->rung)
        console_notify(c, text ? text : "");
    if (id > c->rung)
        c->rung = id;
}

static void set_title(struct console *c)
{
    char title[sizeof c->title];
    const struct rows *r = &c->snapshot.status.rows;
    const char *pending = r->nrows ? rows_named(r, 0, "pending") : NULL;
    const char *alerts = r->nrows ? rows_named(r, 0, "alerts") : NULL;
    snprintf(title, sizeof title, "(P%.8s A%.8s) quorum", pending ? pending : "0",
             alerts ? alerts : "0");
    if (strcmp(title, c->title) == 0)
        return;
    copy_text(c->title, sizeof c->title, title);
    screen_title(c->screen, title);
}

static void draw_question(struct console *c, const struct pane *row)
{
    char prompt[160];
    question_prompt(&c->view.question, prompt, sizeof prompt);
    pane_fill(row, 0, 0, 1, row->cols, TOKEN_FG, ' ');
    int end = pane_cut(row, 0, 0, row->cols, TOKEN_KEY, prompt);
    c->frame.cursor_on = true;
    c->frame.cursor_row = row->row;
    c->frame.cursor_col = end < row->cols ? end : row->cols - 1;
}

/* After a frame: what it shows under the cursor is what a key may be about. */
static void note_object(struct console *c)
{
    const char *object = view_object(&c->view, &c->snapshot);
    if (strcmp(object, c->under) != 0) {
        copy_text(c->under, sizeof c->under, object);
        c->under_since = c->moved ? 0 : time_monotonic_us();
    }
    c->moved = false;
}

static void make_frame(struct console *c)
{
    int rows, cols;
    screen_size(c->screen, &rows, &cols);
    c->frame.ascii = c->options->ascii || (!c->options->unicode && !screen_is_utf8(c->screen));
    if (c->frame.drawn || c->frame.rows != rows || c->frame.cols != cols)
        frame_resize(&c->frame, rows, cols);
    c->frame.drawn = true;
    if (c->frame.keep == NULL)
        c->frame.keep = keep_new();
    /* without the focus the picture is too rarely drawn for seconds */
    c->view.clock = (enum clock_form)c->option[OPTION_CLOCK];
    if (c->view.clock == CLOCK_SECONDS && !c->focused)
        c->view.clock = CLOCK_MINUTES;
    if (c->loader)
        loader_tick(c->loader);
    view_settle(&c->view, &c->snapshot);
    console_watch_question(c);
    question_fits(&c->view.question, console_question_fits(&c->frame, &c->view));
    console_frame(&c->frame, &c->snapshot, &c->view);
    struct pane all = pane_of(&c->frame), bar = pane_part(&all, rows - 1, 0, 1, cols);
    struct pane above = pane_part(&all, 0, 0, rows - 1, cols);
    if (c->view.bare || c->frame.rows < 2)
        return;
    if (c->view.question.open) {
        draw_question(c, &bar);
    } else {
        bar_draw(&bar);
        bar_draw_popup(&above);
    }
}

static void try_later(struct console *c, int64_t after_ms)
{
    loop_timer_start(c->later, after_ms);
}

/* The terminal is behind: this frame is dropped, never queued, and the next try comes later. */
static void slow_down(struct console *c)
{
    c->slow_ms = c->slow_ms ? c->slow_ms * 2 : FRAME_EVERY_US / 1000;
    if (c->slow_ms > SLOW_MOST_MS)
        c->slow_ms = SLOW_MOST_MS;
    c->slow_at = time_monotonic_us();
    try_later(c, c->slow_ms);
}

/* The terminal takes more: the rest of the frame, and then perhaps the next one. */
static void can_write(void *arg, int events)
{
    struct console *c = arg;
    (void)events;
    if (screen_is_ready(c->screen) || screen_waits_for(c->screen) < 0)
        loop_io_want(c->rest_io, 0);
    c->urgent |= c->dirty;
}

static void send_rest(struct console *c)
{
    int fd = screen_waits_for(c->screen);
    if (fd >= 0 && !c->rest_io)
        c->rest_io = loop_io_new(c->loop, fd, can_write, c);
    if (fd >= 0 && c->rest_io)
        loop_io_want(c->rest_io, LOOP_WRITE);
}

void console_draw(struct console *c, int64_t now)
{
    bool slow = c->slow_at && now - c->slow_at < SLOW_TOLD_US;
    copy_text(c->view.notice, sizeof c->view.notice,
              *c->opening   ? c->opening
              : slow        ? "slow link"
              : c->recorder ? "REC"
                            : "");
    make_frame(c);
    c->dirty = c->urgent = false;
    if (!screen_draw(c->screen, &c->frame, &c->theme)) {
        c->hung_up = true;
        console_quit(c);
        return;
    }
    set_title(c);
    ring_for_alerts(c);
    send_rest(c);
    frame_clear(&c->frame); /* now, when nobody waits for it */
    int64_t end = time_monotonic_us();
    if (!c->only_time) /* what comes behind a tick of the clock is not of its kind */
        c->drawn_at = end;
    c->only_time = false;
    question_painted(&c->view.question, end);
    note_object(c);
    c->slow_ms = 0;
    if (end - now > SLOW_FRAME_US)
        slow_down(c);
}

/* A frame that was drawn pushes the next one back by FRAME_EVERY_US, from when it was due: a row
 * that comes after a pause is shown at once, though the clock was drawn a moment ago. */
static int64_t frame_due(const struct console *c, int64_t now)
{
    int64_t least = now - (FRAMES_AT_ONCE - 1) * FRAME_EVERY_US;
    int64_t due = c->frame_due > least ? c->frame_due : least;
    return due <= now && now - c->drawn_at < FRAME_GAP_US ? c->drawn_at + FRAME_GAP_US : due;
}

/* What a key asked for is not counted. */
static void count_frame(struct console *c, int64_t now)
{
    if (!c->urgent)
        c->frame_due = frame_due(c, now) + FRAME_EVERY_US;
}

/* What the operator opened waits for no rate until all of it is there. */
static void notice_whole(struct console *c)
{
    c->urgent |= !c->whole;
    c->whole = loader_is_whole(c->loader);
}

static void draw_what_is_due(struct console *c, int64_t now)
{
    int64_t wait = frame_due(c, now) - now;
    if (!c->screen || !c->dirty || c->hung_up)
        return;
    console_tell_loader(c); /* before the frame: rows of another detail are not drawn as this one */
    notice_whole(c);
    if (!c->urgent && wait > 0) {
        try_later(c, wait / 1000 + 1);
    } else if (!screen_is_ready(c->screen)) {
        slow_down(c);
        send_rest(c);
    } else {
        count_frame(c, now);
        console_draw(c, now);
    }
}

void console_turn_over(void *arg)
{
    struct console *c = arg;
    int64_t now = time_monotonic_us();
    if (*c->at_work || c->rows_awaited)
        console_release_events(c); /* at work keys only move the view, or end the wait */
    if (c->script && !*c->at_work)
        script_step(c->script);
    console_keep_ticking(c);
    if (c->stop)
        console_suspend(c);
    draw_what_is_due(c, now);
    /* What nobody looks at comes when the person has their answer. */
    console_session_seen(c);
    bar_settle();
}

void console_later(void *arg)
{
    struct console *c = arg;
    c->dirty = true;
    c->urgent |= c->slow_ms > 0;
}
