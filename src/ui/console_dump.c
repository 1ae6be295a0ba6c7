/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One frame as text, for tests and for showing to somebody. */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/text.h"
#include "ui/console_keys.h"
#include "ui/console_private.h"
#include "ui/console_verbs.h"

enum { LOADED_WITHIN_MS = 15000 };

static enum err bad_dump(const char *text, struct error *e)
{
    char shown[60];
    sanitize_line(shown, sizeof shown, untrusted(text));
    err_set(e, ERR_USAGE, "--dump=%s is not WxH or WxH:VIEW", shown);
    err_code(e, "E06");
    return err_fix(e, "example: --dump=120x40:trade:88");
}

static enum err no_view(const char *name, struct error *e)
{
    char shown[60];
    struct buf names = {0};
    for (int p = 0; p < PANEL_COUNT; p++)
        buf_printf(&names, " %s", panels[p].name);
    sanitize_line(shown, sizeof shown, untrusted(name));
    err_set(e, ERR_USAGE, "--dump: \"%s\" is no view", shown);
    err_code(e, "E06");
    err_fix(e, "help, an object as trade:88, or one of:%s", buf_text(&names));
    buf_release(&names);
    return e->kind;
}

static enum err set_view(struct console *c, const char *view, struct error *e)
{
    enum panel_id p;
    char object[OBJECT_MAX];
    if (strcmp(view, "help") == 0) {
        c->view.help = true;
        return OK;
    }
    if (console_find_panel(view, &p)) {
        c->view.focus = p;
        return OK;
    }
    copy_text(object, sizeof object, view);
    return view_open_object(&c->view, object) ? OK : no_view(view, e);
}

static bool is_there(const struct snap *s)
{
    return s->loaded_at != 0 || s->problem[0] != '\0';
}

static bool all_loaded(void *arg)
{
    struct console *c = arg;
    enum panel_id id[PANEL_COUNT];
    const struct detail_view *d = view_top(&c->view);
    size_t n = console_panels(&c->view, c->frame.rows, c->frame.cols, id);
    bool all = is_there(&c->snapshot.status);
    for (size_t i = 0; i < n && !d; i++)
        all &= !panels[id[i]].query || is_there(&c->snapshot.panel[id[i]]);
    for (int i = 0; d && i < DETAIL_PARTS && details[d->kind].part[i]; i++)
        all &= is_there(&c->snapshot.detail[i]);
    return all;
}

enum err console_dump(struct console *c, struct error *e)
{
    const char *text = c->options->dump;
    char *end;
    long cols = strtol(text, &end, 10);
    long rows = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
    if (cols < 1 || rows < 1 || cols > FRAME_MOST || rows > FRAME_MOST || (*end && *end != ':'))
        return bad_dump(text, e);
    if (*end == ':' && set_view(c, end + 1, e))
        return e->kind;
    c->frame.ascii =
        c->options->ascii || (!c->options->unicode && strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
    frame_resize(&c->frame, (int)rows, (int)cols);
    bool shown[PANEL_COUNT] = {false};
    enum panel_id id[PANEL_COUNT];
    size_t n = console_panels(&c->view, rows, cols, id);
    for (size_t i = 0; i < n; i++)
        shown[id[i]] = true;
    loader_watch(c->loader, shown, view_top(&c->view));
    if (!loop_run_until(c->loop, all_loaded, c, LOADED_WITHIN_MS) && loop_interrupted(c->loop))
        return err_set(e, ERR_TRANSIENT, "interrupted");
    loader_tick(c->loader);
    view_settle(&c->view, &c->snapshot);
    console_frame(&c->frame, &c->snapshot, &c->view);
    frame_dump(&c->frame, &c->call->out->text);
    return OK;
}
