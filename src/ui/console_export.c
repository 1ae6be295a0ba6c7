/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is on the screen, elsewhere: files, the clipboard. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/text.h"
#include "ui/console_run.h"
#include "ui/console_verbs.h"

enum { COPY_COLUMNS = 100, COPY_ROWS = FRAME_MOST, DRAWING_ROWS = 20 };

static const char *cell(const struct snapshot *s, enum panel_id p, size_t row, size_t column)
{
    const char *text = rows_text(&s->panel[p].rows, row, column + 1);
    return text ? text : "";
}

/* "P&L $" is p_l in JSON and CSV. */
static void key_of(const char *title, char *dst, size_t size)
{
    size_t n = 0;
    for (; *title && n + 1 < size; title++) {
        if (isalnum((unsigned char)*title))
            dst[n++] = (char)tolower((unsigned char)*title);
        else if (*title == '%' || *title == '$')
            n += (size_t)snprintf(dst + n, size - n, "%s", *title == '%' ? "pct" : "usd");
        else if (n && dst[n - 1] != '_')
            dst[n++] = '_';
    }
    dst[n < size ? n : size - 1] = '\0';
}

static bool is_shown(const struct panel *p, size_t column)
{
    return p->column[column].look != LOOK_HIDDEN;
}

static void clean(struct buf *out, const char *text)
{
    sanitize(out, untrusted(text), TEXT_LINE, 0);
}

static void csv_cell(struct buf *out, const char *text)
{
    struct buf plain = {0};
    clean(&plain, text);
    bool quoted = strpbrk(buf_text(&plain), ",\"\n") != NULL;
    if (quoted)
        buf_char(out, '"');
    for (const char *p = buf_text(&plain); *p; p++) {
        if (*p == '"')
            buf_char(out, '"');
        buf_char(out, *p);
    }
    if (quoted)
        buf_char(out, '"');
    buf_release(&plain);
}

static void panel_csv(const struct snapshot *s, const struct panel *p, struct buf *out)
{
    char key[40];
    const char *comma = "";
    for (size_t i = 0; i < p->ncolumns; i++) {
        if (!is_shown(p, i))
            continue;
        key_of(p->column[i].title, key, sizeof key);
        buf_printf(out, "%s%s", comma, key);
        comma = ",";
    }
    buf_char(out, '\n');
    for (size_t row = 0; row < s->panel[p->id].rows.nrows; row++) {
        comma = "";
        for (size_t i = 0; i < p->ncolumns; i++) {
            if (!is_shown(p, i))
                continue;
            buf_str(out, comma);
            csv_cell(out, cell(s, p->id, row, i));
            comma = ",";
        }
        buf_char(out, '\n');
    }
}

static void panel_json(const struct snapshot *s, const struct panel *p, struct buf *out)
{
    struct json j;
    char key[40];
    json_begin(&j, out);
    json_open(&j, NULL, '[');
    for (size_t row = 0; row < s->panel[p->id].rows.nrows; row++) {
        json_open(&j, NULL, '{');
        for (size_t i = 0; i < p->ncolumns; i++) {
            struct buf text = {0};
            if (!is_shown(p, i))
                continue;
            key_of(p->column[i].title, key, sizeof key);
            clean(&text, cell(s, p->id, row, i));
            json_str(&j, key, buf_text(&text));
            buf_release(&text);
        }
        json_close(&j, '}');
    }
    json_close(&j, ']');
    buf_char(out, '\n');
}

static void panel_md(const struct snapshot *s, const struct panel *p, struct buf *out)
{
    buf_printf(out, "# %s\n\n|", p->title);
    for (size_t i = 0; i < p->ncolumns; i++)
        if (is_shown(p, i))
            buf_printf(out, " %s |", p->column[i].title);
    buf_str(out, "\n|");
    for (size_t i = 0; i < p->ncolumns; i++)
        if (is_shown(p, i))
            buf_str(out, p->column[i].right ? "---:|" : "---|");
    for (size_t row = 0; row < s->panel[p->id].rows.nrows; row++) {
        buf_str(out, "\n|");
        for (size_t i = 0; i < p->ncolumns; i++) {
            struct buf text = {0};
            if (!is_shown(p, i))
                continue;
            clean(&text, cell(s, p->id, row, i));
            buf_char(out, ' ');
            for (const char *q = buf_text(&text); *q; q++)
                buf_printf(out, "%s%c", *q == '|' ? "\\" : "", *q);
            buf_str(out, " |");
            buf_release(&text);
        }
    }
    buf_char(out, '\n');
}

static void add_lines(const struct frame *f, int from, int to, struct buf *out)
{
    struct buf text = {0};
    frame_dump(f, &text);
    const char *at = buf_text(&text);
    for (int i = 0; i < to && *at; i++) {
        size_t n = strcspn(at, "\n");
        if (i >= from) {
            buf_add(out, at, n);
            buf_char(out, '\n');
        }
        at += n + (at[n] == '\n');
    }
    buf_release(&text);
}

/* As it stands in the picture: the rows of a drawing, without the blanks below it. A detail is
 * longer than any frame may be, so it is scrolled through one. */
static void drawn(struct console *c, enum panel_id p, struct buf *out)
{
    struct frame f = {
        .ascii = c->frame.ascii, .ambiguous = c->frame.ambiguous, .marks = c->frame.marks};
    struct detail_view *d = view_top(&c->view);
    frame_resize(&f, p == PANEL_NONE ? COPY_ROWS : DRAWING_ROWS, COPY_COLUMNS);
    struct pane all = pane_of(&f);
    if (p != PANEL_NONE) {
        panels[p].draw(&all, &c->snapshot);
        add_lines(&f, 0, DRAWING_ROWS, out);
    }
    for (int done = 0, lines = 1; p == PANEL_NONE && done < lines; done += COPY_ROWS) {
        struct detail_view part = *d;
        part.scroll = done;
        frame_clear(&f);
        lines = details[d->kind].draw(&all, &c->snapshot, &part);
        int skip = done > part.scroll ? done - part.scroll : 0; /* the last one stops at the end */
        add_lines(&f, skip, lines - part.scroll, out);
    }
    frame_release(&f);
}

static enum err export_panel(struct call *call, enum panel_id id, const char *form, struct error *e)
{
    struct console *c = call->console;
    const struct panel *p = &panels[id];
    struct buf *out = &call->out->text;
    if (!c->snapshot.panel[id].loaded_at) {
        err_set(e, ERR_TRANSIENT, "%s was not read yet", p->name);
        return err_fix(e, "look at it first: goto %s", p->name);
    }
    if (p->draw)
        drawn(c, id, out);
    else if (strcmp(form, "json") == 0)
        panel_json(&c->snapshot, p, out);
    else if (strcmp(form, "md") == 0)
        panel_md(&c->snapshot, p, out);
    else
        panel_csv(&c->snapshot, p, out);
    return OK;
}

/* The one-shot command of the same name knows the object whole. */
static enum err export_object(struct call *call, const char *object, const char *form,
                              struct error *e)
{
    char word[OBJECT_MAX];
    copy_text(word, sizeof word, object);
    char *id = strpbrk(word, " :-#");
    if (id)
        *id++ = '\0';
    struct output out = {.format = strcmp(form, "json") == 0 ? OUTPUT_JSON : OUTPUT_TEXT};
    struct call inner = *call;
    char *argv[] = {(char *)"quorum", word, id};
    inner.out = &out;
    inner.nargs = inner.noptions = 0;
    inner.command = NULL;
    const struct command *k = command_find(word);
    if (!id || !*id || !k || k->acts || k->in_console) {
        char shown[60];
        sanitize_line(shown, sizeof shown, untrusted(object));
        err_set(e, ERR_USAGE, "\"%s\" is no panel and no object", shown);
        return err_fix(e, "example: export trade-88 json > trade.json");
    }
    if (db_state(call->console->desk->db) != DB_READY) {
        err_set(e, ERR_TRANSIENT, "no database: nothing was asked");
        return err_code(e, "E40");
    }
    bool failed = command_parse(&inner, (int)ARRAY_LEN(argv), argv, e) ||
                  (inner.command->check && inner.command->check(&inner, e)) ||
                  inner.command->run(&inner, e);
    call->warning = inner.warning;
    call->nwarnings = inner.nwarnings;
    call->warnings_cap = inner.warnings_cap;
    if (failed) {
        buf_release(&out.text);
        return e->kind;
    }
    bool fenced = strcmp(form, "md") == 0;
    if (fenced)
        buf_printf(&call->out->text, "# %s %s\n\n```\n", word, id);
    buf_add(&call->out->text, buf_text(&out.text), out.text.len);
    if (fenced)
        buf_str(&call->out->text, "```\n");
    buf_release(&out.text);
    return OK;
}

enum err verb_export(struct call *call, struct error *e)
{
    static const char *const forms[] = {"csv", "json", "md"};
    const char *last = call->arg[call->nargs - 1], *form = "csv";
    char object[OBJECT_MAX];
    int words = call->nargs;
    enum panel_id p;
    for (size_t i = 0; words > 1 && i < ARRAY_LEN(forms); i++) {
        if (strcmp(forms[i], last) == 0) {
            form = forms[i];
            words--;
            break;
        }
    }
    snprintf(object, sizeof object, "%s%s%s", call->arg[0], words > 1 ? " " : "",
             words > 1 ? call->arg[1] : "");
    if (words > 2)
        return err_set(e, ERR_USAGE, "export takes a panel or an object, and csv, json or md");
    if (words == 1 && console_find_panel(object, &p))
        return export_panel(call, p, form, e);
    return export_object(call, object, form, e);
}

static void copied_row(struct console *c, struct buf *out)
{
    int index[VIEW_ROWS_MAX];
    enum panel_id id = c->view.focus;
    const char *object = view_object(&c->view, &c->snapshot);
    view_rows(&c->view, &c->snapshot, id, index);
    int row = view_selected(&c->view, &c->snapshot, id);
    if (row < 0)
        return;
    clean(out, object);
    for (size_t i = 0; i < panels[id].ncolumns; i++) {
        if (!is_shown(&panels[id], i))
            continue;
        buf_char(out, '\t');
        clean(out, cell(&c->snapshot, id, (size_t)index[row], i));
    }
}

enum err verb_copy(struct call *call, struct error *e)
{
    struct console *c = call->console;
    struct detail_view *d = view_top(&c->view);
    struct buf text = {0};
    if (!c->screen)
        return err_set(e, ERR_USAGE, "there is nothing to copy from in plain mode");
    if (d && d->kind == DETAIL_TEXT)
        sanitize(&text, untrusted(d->text ? d->text : ""), TEXT_BLOCK, 0);
    else if (d && details[d->kind].draw)
        drawn(c, PANEL_NONE, &text);
    else if (c->view.focus != PANEL_NONE && panels[c->view.focus].draw)
        drawn(c, c->view.focus, &text);
    else if (c->view.focus != PANEL_NONE)
        copied_row(c, &text);
    if (text.len == 0)
        err_set(e, ERR_USAGE, "there is nothing to copy here");
    else if (!screen_copy(c->screen, buf_text(&text), text.len, (size_t)c->option[OPTION_COPY_MAX]))
        err_set(e, ERR_FAILED, "%zu bytes are more than this terminal takes", text.len);
    else
        console_say(c, TOAST_OK, "%zu bytes copied", text.len);
    buf_release(&text);
    return e->kind;
}

enum err verb_history(struct call *call, struct error *e)
{
    char path[640], *line = NULL;
    size_t size = 0;
    (void)e;
    snprintf(path, sizeof path, "%s/history", settings_home(call->settings));
    FILE *f = fopen(path, "re");
    while (f && getline(&line, &size, f) > 0)
        if (!call->nargs || strcasestr(line, call->arg[0]))
            clean(&call->out->text, line), buf_char(&call->out->text, '\n');
    free(line);
    if (f)
        fclose(f);
    if (call->out->text.len == 0)
        out_line(call->out, call->nargs ? "no line of the history has it" : "the history is empty");
    return OK;
}
