/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said to the person: toasts one at a time, all of them kept for :errors, and the bell. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "quorum/timeutil.h"
#include "ui/console_run.h"

#define BELL_EVERY (10 * USEC_SECOND)

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

void console_say_next(struct console *c)
{
    if (c->nlater == 0)
        return;
    struct said next = c->later_said[0];
    c->nlater--;
    memmove(c->later_said, c->later_said + 1, c->nlater * sizeof next);
    console_say(c, next.kind, "%s", next.text);
}

/* What one of several lines said is told with the others. */
static bool is_one_of_several(struct console *c, enum toast_kind kind, const char *text)
{
    if (c->several.lines == 0)
        return false;
    console_keep_said(c, kind, text);
    c->several.ok |= kind == TOAST_OK;
    if (kind == TOAST_ERR) {
        c->several.ok = false;
        copy_bytes(c->several.now, sizeof c->several.now, text, strcspn(text, " "));
    }
    return true;
}

void console_say(struct console *c, enum toast_kind kind, const char *fmt, ...)
{
    char text[1200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (is_one_of_several(c, kind, text))
        return;
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

/* Lines that nobody types are a program: it learns from the exit status that one failed. */
void console_failed(struct console *c, int status)
{
    if (!c->screen && !c->asks && c->status == 0)
        c->status = status;
}

void console_say_error(struct console *c, const struct error *e)
{
    char line[ERROR_LINE_MAX];
    struct buf told = {0};
    console_failed(c, (int)e->kind);
    speak_console(error_line(line, e), &told);
    console_say(c, TOAST_ERR, "%s", buf_text(&told));
    buf_release(&told);
}

void console_notify(struct console *c, const char *text)
{
    int64_t now = time_monotonic_us();
    int way = c->option[OPTION_NOTIFY];
    if (!c->screen || way == NOTIFY_OFF || (c->bell_at && now - c->bell_at < BELL_EVERY))
        return;
    c->bell_at = now;
    if (way == NOTIFY_OSC9)
        screen_notify(c->screen, text);
    else
        screen_bell(c->screen);
}
