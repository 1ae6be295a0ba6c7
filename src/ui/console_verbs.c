/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_verbs.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "quorum/text.h"
#include "ui/console_run.h"
#include "ui/status_line.h"

/* By name, by the start of one, or by its key. */
bool console_find_panel(const char *word, enum panel_id *out)
{
    size_t n = strlen(word);
    int hits = 0;
    for (int p = 0; p < PANEL_COUNT; p++) {
        bool key = n == 1 && panels[p].key == word[0];
        if (key || strcasecmp(panels[p].name, word) == 0) {
            *out = (enum panel_id)p;
            return true;
        }
        if (n > 1 && strncasecmp(panels[p].name, word, n) == 0) {
            *out = (enum panel_id)p;
            hits++;
        }
    }
    return hits == 1;
}

static enum err no_panel(const char *word, struct error *e)
{
    char shown[60];
    struct buf names = {0};
    sanitize_line(shown, sizeof shown, untrusted(word));
    for (int p = 0; p < PANEL_COUNT; p++)
        buf_printf(&names, "%s%s", p ? " " : "", panels[p].name);
    err_set(e, ERR_USAGE, "no panel \"%s\"", shown);
    err_fix(e, "one of: %s", buf_text(&names));
    buf_release(&names);
    return e->kind;
}

/* "trade 88", "trade:88", "trade-88"; "#412" is an evaluation. */
static bool open_object(struct console *c, const struct call *call)
{
    char object[OBJECT_MAX];
    const char *first = call->arg[0];
    if (call->nargs == 2)
        snprintf(object, sizeof object, "%s %s", first, call->arg[1]);
    else if (*first == '#' || isdigit((unsigned char)*first))
        snprintf(object, sizeof object, "evaluation %s", first + (*first == '#'));
    else
        copy_text(object, sizeof object, first);
    char *dash = strpbrk(object, " :-");
    if (dash)
        *dash = ' ';
    return view_open_object(&c->view, object);
}

enum err verb_goto(struct call *call, struct error *e)
{
    struct console *c = call->console;
    enum panel_id p;
    if (call->nargs == 1 && console_find_panel(call->arg[0], &p)) {
        while (view_back(&c->view))
            continue;
        c->view.focus = p;
        c->view.shown[p] = true;
        return OK;
    }
    return open_object(c, call) ? OK : no_panel(call->arg[0], e);
}

static enum err set_shown(struct call *call, bool shown, struct error *e)
{
    struct console *c = call->console;
    enum panel_id p;
    if (!console_find_panel(call->arg[0], &p))
        return no_panel(call->arg[0], e);
    c->view.shown[p] = shown;
    if (shown)
        c->view.focus = p;
    else if (c->view.focus == p) /* what has the focus is always shown */
        c->view.focus = p == PANEL_POSITIONS ? PANEL_PENDING : PANEL_POSITIONS;
    return OK;
}

enum err verb_show(struct call *c, struct error *e)
{
    return set_shown(c, true, e);
}

enum err verb_hide(struct call *c, struct error *e)
{
    return set_shown(c, false, e);
}

enum err verb_layout(struct call *c, struct error *e)
{
    return console_set(c->console, "layout", c->nargs ? c->arg[0] : "auto", e);
}

enum err verb_theme(struct call *c, struct error *e)
{
    if (c->nargs)
        return console_set(c->console, "theme", c->arg[0], e);
    struct buf names = {0};
    for (size_t i = 0; theme_builtin(i); i++)
        buf_printf(&names, " %s", theme_builtin(i));
    console_say(c->console, TOAST_OK, "theme %s; there are:%s", c->console->theme_name,
                buf_text(&names));
    buf_release(&names);
    return OK;
}

static enum err needs_list(const struct console *c, struct error *e)
{
    if (c->view.focus != PANEL_NONE && !panels[c->view.focus].draw)
        return OK;
    return err_set(e, ERR_USAGE, "this panel is no list");
}

enum err verb_filter(struct call *call, struct error *e)
{
    struct console *c = call->console;
    struct buf text = {0};
    if (needs_list(c, e))
        return e->kind;
    for (int i = 0; i < call->nargs; i++)
        buf_printf(&text, "%s%s", i ? " " : "", call->arg[i]);
    copy_text(c->view.list[c->view.focus].filter, FILTER_MAX, buf_text(&text));
    buf_release(&text);
    return OK;
}

enum err verb_sort(struct call *call, struct error *e)
{
    struct console *c = call->console;
    struct buf name = {0}, titles = {0};
    if (needs_list(c, e))
        return e->kind;
    const struct panel *p = &panels[c->view.focus];
    struct list_view *l = &c->view.list[c->view.focus];
    int words = call->nargs, found = -1;
    bool descending = words > 1 && strcasecmp(call->arg[words - 1], "desc") == 0;
    words -= descending;
    for (int i = 0; i < words; i++)
        buf_printf(&name, "%s%s", i ? " " : "", call->arg[i]);
    for (size_t i = 0; i < p->ncolumns; i++) {
        if (p->column[i].look == LOOK_HIDDEN || !*p->column[i].title)
            continue;
        buf_printf(&titles, " %s", p->column[i].title);
        if (strcasecmp(p->column[i].title, buf_text(&name)) == 0)
            found = (int)i;
    }
    if (words == 0 || found >= 0) {
        l->sort = found;
        l->descending = descending;
    } else {
        char shown[60];
        sanitize_line(shown, sizeof shown, untrusted(buf_text(&name)));
        err_set(e, ERR_USAGE, "no column \"%s\" in %s", shown, p->name);
        err_fix(e, "one of:%s", buf_text(&titles));
    }
    buf_release(&name);
    buf_release(&titles);
    return e->kind;
}

enum err verb_follow(struct call *call, struct error *e)
{
    struct console *c = call->console;
    if (needs_list(c, e))
        return e->kind;
    struct list_view *l = &c->view.list[c->view.focus];
    l->follow = call->nargs ? strcmp(call->arg[0], "off") != 0 : !l->follow;
    console_say(c, TOAST_OK, "follow %s", l->follow ? "on" : "off");
    return OK;
}

enum err verb_freeze(struct call *call, struct error *e)
{
    struct console *c = call->console;
    (void)e;
    c->view.frozen = !c->view.frozen;
    console_say(c, TOAST_OK,
                c->view.frozen ? "the picture stands still; Ctrl-P lets it go on"
                               : "the picture goes on");
    return OK;
}

enum err verb_redraw(struct call *call, struct error *e)
{
    (void)e;
    if (call->console->screen)
        screen_repaint(call->console->screen);
    return OK;
}

/* The newest first. */
enum err verb_errors(struct call *call, struct error *e)
{
    static const char *const kinds[] = {[TOAST_OK] = "", [TOAST_WARN] = "W", [TOAST_ERR] = "E"};
    const struct console *c = call->console;
    size_t n = c->nsaid < SAID_MAX ? c->nsaid : SAID_MAX;
    (void)e;
    for (size_t i = 1; i <= n; i++) {
        const struct said *s = &c->said[(c->nsaid - i) % SAID_MAX];
        char clock[16];
        /* before the desk's clock was heard */
        const char *at = s->at ? status_clock(clock, &c->view, s->at, true) : "at start";
        out_line(call->out, "%s %1s %s", at, kinds[s->kind], s->text);
    }
    if (n == 0)
        out_line(call->out, "nothing was said yet");
    return OK;
}

enum err verb_quit(struct call *call, struct error *e)
{
    (void)e;
    call->console->quits = true;
    return OK;
}
