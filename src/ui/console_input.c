/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a key goes: question, command bar, help, then the tables of keys. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/bar.h"
#include "ui/console_help.h"
#include "ui/console_keys.h"
#include "ui/console_run.h"
#include "ui/layout.h"
#include "ui/question.h"

#define DEAF_US      (3 * USEC_SECOND / 10)
#define ROWS_AWAITED (2 * USEC_SECOND) /* keys typed ahead wait so long for what they are about */

int console_page(const struct console *c)
{
    struct layout l;
    layout_make(&l, &c->view, c->frame.rows, c->frame.cols);
    const struct rect *r = c->view.ndetails && l.has_detail ? &l.detail : NULL;
    if (!r && c->view.focus != PANEL_NONE)
        r = layout_find(&l, c->view.focus);
    int rows = (r ? r->rows : c->frame.rows) - 3; /* title, header, and one to hold on to */
    return rows > 1 ? rows : 1;
}

static bool is_letter(const struct key *k)
{
    return k->kind == INPUT_CHAR && k->mods == 0;
}

/* Who types a word where a y was asked for has said no with its first letter; the others are not
 * keys of a panel. They are over when nothing was typed for a moment. */
static bool is_typed_on(struct console *c, const struct key *k)
{
    int64_t now = time_monotonic_us();
    if (now >= c->deaf_until || !is_letter(k))
        return false;
    c->deaf_until = now + DEAF_US;
    return true;
}

static void question_took(struct console *c, const struct key *k)
{
    const struct question *q = &c->view.question;
    char typed[sizeof q->typed], word[sizeof q->word];
    console_watch_question(c); /* what came since the last frame makes it another question */
    if (console_question_ran_out(c) || !q->open)
        return;
    if (key_is_char(k, '!') && c->view.question.painted_at != 0) {
        console_answered(c, false);
        console_queue(c, "kill");
        return;
    }
    switch (question_key(&c->view.question, k, time_monotonic_us())) {
    case QUESTION_STAYS:
        break;
    case QUESTION_YES:
        console_answered(c, true);
        break;
    case QUESTION_NO:
        copy_text(typed, sizeof typed, k->kind == INPUT_ENTER ? q->typed : "");
        copy_text(word, sizeof word, q->word);
        if (q->level == 2 && is_letter(k) && !key_is_char(k, 'n'))
            c->deaf_until = time_monotonic_us() + DEAF_US;
        console_answered(c, false);
        if (*typed)
            console_say(c, TOAST_WARN, "\"%s\" is not %s, in capitals: nothing was done", typed,
                        word);
        else
            console_say(c, TOAST_OK, "nothing was done");
        break;
    }
}

/* The filter follows what is typed; Esc takes it back. */
static void follow_filter(struct console *c, enum bar_outcome outcome)
{
    struct list_view *l = &c->view.list[c->view.focus];
    const char *text = bar_text();
    if (!c->filtering)
        return;
    if (outcome == BAR_LEFT) {
        copy_text(l->filter, sizeof l->filter, c->saved_filter);
        c->filtering = false;
        bar_enter("");
        bar_leave();
    } else if (strncmp(text, "filter ", 7) == 0) {
        copy_text(l->filter, sizeof l->filter, text + 7);
    } else {
        c->filtering = false; /* it became another command */
        copy_text(l->filter, sizeof l->filter, c->saved_filter);
    }
}

static const char *command_of(struct console *c, const struct key *k)
{
    struct detail_view *d = view_top(&c->view);
    enum detail_kind open = d ? d->kind : DETAIL_NONE;
    const char *command = user_keys_find(&c->keys, c->view.focus, open, k);
    return command ? command : console_keys_find(c->view.focus, open, k);
}

/* Is it about a row, or about what is open? */
static bool is_about_rows(const char *command)
{
    static const char *const words[] = {"open", "move",      "page", "end", "neighbour",
                                        "mark", "show-evid", "copy", NULL};
    for (size_t i = 0; words[i]; i++)
        if (strncmp(command, words[i], strlen(words[i])) == 0)
            return true;
    return strchr(command, '%') != NULL;
}

/* What has the focus was opened and its rows are not here yet, or not drawn as was asked for. */
static bool is_coming(struct console *c)
{
    struct detail_view *d = view_top(&c->view);
    const struct snapshot *s = &c->snapshot;
    if (!s->connected || c->view.frozen)
        return false;
    if (!d)
        return c->view.focus != PANEL_NONE && !panels[c->view.focus].draw &&
               s->panel[c->view.focus].loaded_at == 0 && !*s->panel[c->view.focus].problem;
    loader_open(c->loader, d); /* rows of another detail are none of this one's */
    for (int i = 0; i < DETAIL_PARTS; i++)
        if (details[d->kind].part[i] && s->detail[i].loaded_at == 0 && !*s->detail[i].problem)
            return true;
    return d->drawn.show;
}

bool console_waits_for_rows(struct console *c, const struct input_event *ev)
{
    const char *command;
    if (ev->kind != EVENT_KEY || !c->screen || *c->at_work || c->view.question.open ||
        bar_is_active() || c->view.bare || c->view.help)
        return false;
    if (!is_coming(c)) {
        c->rows_awaited = 0;
        return false;
    }
    command = command_of(c, &ev->key);
    if (!command || !is_about_rows(command))
        return false;
    int64_t now = time_monotonic_us();
    if (c->rows_awaited == 0)
        c->rows_awaited = now;
    console_dirty(c);
    return now - c->rows_awaited < ROWS_AWAITED;
}

void console_end_wait(struct console *c)
{
    c->cancels = true;
    loop_interrupt(c->loop, SIGINT);
}

/* A key that acts on a row without a question must not hit one that came under the cursor by itself
 * and was not seen there. True: it is left, and that is said. */
static bool hits_another_row(struct console *c, const char *command)
{
    static const char *const harmless[] = {"bar ", "why ", "whatif ", "approve ", NULL};
    if (!strstr(command, "%i") || view_top(&c->view))
        return false;
    for (size_t i = 0; harmless[i]; i++)
        if (strncmp(command, harmless[i], strlen(harmless[i])) == 0)
            return false;
    bool new = c->under_since &&time_monotonic_us() - c->under_since < QUESTION_GUARD_US;
    bool other = !c->moved && strcmp(view_object(&c->view, &c->snapshot), c->under) != 0;
    if (new || other)
        console_say(c, TOAST_WARN, "another row has just come under the cursor: look, then again");
    return new || other;
}

/* While a line is at work keys only move the view; Ctrl-C ends the wait. */
static void table_took(struct console *c, const struct key *k)
{
    if (*c->at_work && key_is_control(k, 'c')) {
        console_end_wait(c);
        return;
    }
    if (is_typed_on(c, k))
        return;
    const char *command = command_of(c, k);
    if (command && *command && !hits_another_row(c, command))
        console_do(c, command);
}

static void key_came(struct console *c, const struct key *k)
{
    console_urgent(c);
    if (key_is_control(k, 'z') && c->screen) {
        c->stop = SIGTSTP;
    } else if (key_is_control(k, 'l') && c->screen) {
        screen_repaint(c->screen);
    } else if (c->view.question.open) {
        question_took(c, k);
    } else if (c->view.bare) {
        c->view.bare = false;
    } else if (bar_is_active()) {
        follow_filter(c, bar_key(k));
    } else if (c->view.help && !c->view.help_typing && key_is_char(k, '!')) {
        c->view.help = false;
        console_queue(c, "kill");
    } else if (c->view.help) {
        console_help_key(&c->view, k, c->frame.rows - 2);
    } else {
        table_took(c, k);
    }
}

bool console_took_esc_of(struct console *c, struct key *k)
{
    static const struct key esc = {.kind = INPUT_ESC, .raw = "\x1b", .raw_len = 1};
    bool one_packet = (k->mods & INPUT_ALT) && k->raw_len > 1 && k->raw[0] == '\x1b' &&
                      k->kind <= INPUT_BACKSPACE;
    if (!one_packet)
        return false;
    bool bound = !c->view.question.open && !c->view.bare &&
                 (bar_is_active() ? bar_binds(k) : !c->view.help && command_of(c, k) != NULL);
    if (bound)
        return false;
    key_came(c, &esc);
    k->mods &= (uint8_t)~INPUT_ALT;
    memmove(k->raw, k->raw + 1, --k->raw_len);
    return true;
}

static void mouse_came(struct console *c, const struct mouse *m)
{
    int row;
    if (!c->option[OPTION_MOUSE] || c->view.question.open || bar_is_active())
        return;
    console_urgent(c);
    if (m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN) {
        int by = m->kind == MOUSE_WHEEL_UP ? -3 : 3;
        bool detail = view_top(&c->view) != NULL;
        if (c->view.help) {
            c->view.help_scroll += by;
            return;
        }
        view_move(&c->view, &c->snapshot, detail ? 0 : by, detail ? by : 0);
        return;
    }
    if (m->kind != MOUSE_PRESS || m->button != 1)
        return;
    enum panel_id id = console_at(&c->frame, &c->view, m->row, m->col, &row);
    if (id == PANEL_NONE)
        return;
    bool again = id == c->view.focus && row >= 0 && row == c->view.list[id].place;
    c->view.focus = id;
    if (again && !view_top(&c->view))
        console_do(c, "open");
    else if (row >= 0)
        view_select(&c->view, &c->snapshot, id, row);
}

static void focus_came(struct console *c, bool focused)
{
    c->focused = focused;
    loader_focus(c->loader, focused);
    if (focused)
        console_dirty(c);
}

static void take(struct console *c, const struct input_event *ev)
{
    bool takes_text = bar_is_active() && !c->view.question.open;
    switch (ev->kind) {
    case EVENT_KEY:
        key_came(c, &ev->key);
        break;
    case EVENT_PASTE:
        if (takes_text)
            bar_paste(ev->paste, ev->paste_len);
        break;
    case EVENT_PASTE_END:
        bar_paste_end(); /* it may have begun before a question opened */
        if (!takes_text) /* said, since it could be taken for done */
            console_say(c, TOAST_WARN,
                        c->view.question.open ? "a paste is no answer: type it"
                                              : "nothing was pasted: open the bar with : first");
        console_urgent(c);
        break;
    case EVENT_MOUSE:
        mouse_came(c, &ev->mouse);
        break;
    case EVENT_FOCUS_IN:
    case EVENT_FOCUS_OUT:
        focus_came(c, ev->kind == EVENT_FOCUS_IN);
        break;
    }
}

void console_event(struct console *c, const struct input_event *ev)
{
    char object[OBJECT_MAX];
    copy_text(object, sizeof object, view_object(&c->view, &c->snapshot));
    take(c, ev);
    c->moved |= strcmp(object, view_object(&c->view, &c->snapshot)) != 0;
    loader_open(c->loader, view_top(&c->view)); /* the next key acts on its rows or on none */
}
