/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the strings of the key tables do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/text.h"
#include "ui/bar.h"
#include "ui/console_keys.h"
#include "ui/console_review.h"
#include "ui/console_run.h"
#include "ui/status_line.h"

enum { SIDEWAYS_MOST = 4000 };

/* ---- filling in */

static const char *detail_cell(struct console *c, const char *column)
{
    const struct rows *r = &c->snapshot.detail[0].rows;
    for (size_t i = 0; r->nrows && i < r->ncols; i++)
        if (strcmp(r->column[i], column) == 0)
            return rows_text(r, 0, i) ? rows_text(r, 0, i) : "";
    return "";
}

/* The cell of the selected row under a title of the panel's table. */
static const char *list_field(struct console *c, const char *title)
{
    const struct view *v = &c->view;
    int index[VIEW_ROWS_MAX];
    if (v->focus == PANEL_NONE || panels[v->focus].draw)
        return "";
    view_rows(v, &c->snapshot, v->focus, index);
    int row = view_selected(v, &c->snapshot, v->focus);
    for (size_t i = 0; row >= 0 && i < panels[v->focus].ncolumns; i++) {
        if (strcmp(panels[v->focus].column[i].title, title) != 0)
            continue;
        const char *cell = rows_text(&c->snapshot.panel[v->focus].rows, (size_t)index[row], i + 1);
        return cell ? cell : "";
    }
    return "";
}

static const char *symbol_under(struct console *c)
{
    const struct detail_view *d = view_top(&c->view);
    const char *object = d ? "" : view_object(&c->view, &c->snapshot);
    const char *symbol = d ? detail_cell(c, "symbol") : list_field(c, "SYM");
    if (d && d->kind == DETAIL_SYMBOL)
        symbol = d->id;
    if (!*symbol && strncmp(object, "symbol ", 7) == 0)
        symbol = object + 7;
    return text_is_symbol(symbol) ? symbol : "";
}

/* "trade 88" of what is open or under the cursor. */
static void object_under(struct console *c, char out[OBJECT_MAX + 16])
{
    const struct detail_view *d = view_top(&c->view);
    if (d)
        snprintf(out, OBJECT_MAX + 16, "%s %s", details[d->kind].name ? details[d->kind].name : "",
                 d->id);
    else
        copy_text(out, OBJECT_MAX + 16, view_object(&c->view, &c->snapshot));
}

static void marked_ids(const struct console *c, struct buf *out)
{
    const struct list_view *l = &c->view.list[c->view.focus == PANEL_NONE ? 0 : c->view.focus];
    for (size_t i = 0; i < l->nmarks; i++) {
        const char *id = strchr(l->mark[i], ' ');
        buf_printf(out, "%s%s", i ? "," : "", id ? id + 1 : l->mark[i]);
    }
}

static void fill_in(struct console *c, char what, struct buf *out)
{
    char object[OBJECT_MAX + 16], shown[32];
    object_under(c, object);
    const char *id = strchr(object, ' ');
    id = id ? id + 1 : "";
    switch (what) {
    case 'i':
        buf_str(out, id);
        break;
    case 's':
        buf_str(out, symbol_under(c));
        break;
    case 'o': /* why takes an evaluation's number, a symbol or "trade ID" */
        buf_str(out, strncmp(object, "evaluation ", 11) == 0 ? id
                     : strncmp(object, "trade ", 6) == 0     ? object
                                                             : symbol_under(c));
        break;
    case 'O':
        for (const char *p = object; *p; p++)
            buf_char(out, *p == ' ' ? '-' : *p);
        break;
    case 'p':
        buf_str(out, c->view.focus == PANEL_NONE ? "" : panels[c->view.focus].name);
        break;
    case 'm':
        marked_ids(c, out);
        break;
    case 'v':
        console_review_shown(c, shown);
        buf_str(out, shown);
        break;
    case 'r':
        buf_str(out, list_field(c, "RULE"));
        break;
    default:
        buf_char(out, what);
    }
}

/* ---- words of the view */

/* Of a person's own binding, too: kept small enough to be multiplied. */
static int count_of(const char *arg)
{
    long n = strtol(arg, NULL, 10);
    return n > 1000 ? 1000 : n < -1000 ? -1000 : (int)n;
}

static void act_move(struct console *c, const char *arg)
{
    view_move(&c->view, &c->snapshot, count_of(arg), 0);
}

static void act_page(struct console *c, const char *arg)
{
    view_move(&c->view, &c->snapshot, 0, count_of(arg) * console_page(c));
}

static void act_end(struct console *c, const char *arg)
{
    int far = count_of(arg) * VIEW_FAR;
    bool in_detail = view_top(&c->view) != NULL;
    view_move(&c->view, &c->snapshot, in_detail ? 0 : far, in_detail ? far : 0);
}

static void act_columns(struct console *c, const char *arg)
{
    struct detail_view *d = view_top(&c->view);
    if (!d && c->view.focus == PANEL_NONE)
        return;
    int *columns = d ? &d->hscroll : &c->view.list[c->view.focus].hscroll;
    *columns += count_of(arg);
    *columns = *columns < 0 ? 0 : *columns > SIDEWAYS_MOST ? SIDEWAYS_MOST : *columns;
}

static void act_focus(struct console *c, const char *arg)
{
    enum panel_id id[PANEL_COUNT];
    struct view *v = &c->view;
    size_t n, at = 0;
    bool zoomed = v->zoomed;
    v->zoomed = false; /* the neighbours of what is alone now */
    n = console_panels(v, c->frame.rows, c->frame.cols, id);
    v->zoomed = zoomed;
    for (size_t i = 0; i < n; i++)
        at = id[i] == v->focus ? i : at;
    if (n > 0)
        v->focus = id[(at + (strcmp(arg, "next") == 0 ? 1 : n - 1)) % n];
}

static void act_leave(struct console *c, const char *arg)
{
    struct view *v = &c->view;
    struct list_view *l = &v->list[v->focus == PANEL_NONE ? 0 : v->focus];
    (void)arg;
    if (view_top(v) && view_top(v)->depth > 0)
        view_top(v)->depth--;
    else if (view_back(v))
        return;
    else if (*l->filter)
        l->filter[0] = '\0';
    else if (l->nmarks)
        l->nmarks = 0;
    else if (v->zoomed)
        v->zoomed = false;
    else
        l->follow = v->focus == PANEL_ACTIVITY || v->focus == PANEL_LOG;
}

static void act_back(struct console *c, const char *arg)
{
    (void)arg;
    if (view_back(&c->view))
        return;
    if (c->view.zoomed)
        c->view.zoomed = false;
    else
        console_quit(c);
}

static void act_history(struct console *c, const char *arg)
{
    bool moved = strcmp(arg, "back") == 0 ? view_back(&c->view) : view_forward(&c->view);
    if (!moved)
        console_say(c, TOAST_OK, "there is no other view");
}

static void act_zoom(struct console *c, const char *arg)
{
    (void)arg;
    c->view.zoomed = !c->view.zoomed;
}

static void act_bar(struct console *c, const char *arg)
{
    bar_enter(*arg ? arg : NULL);
    (void)c;
}

static void act_edit_filter(struct console *c, const char *arg)
{
    (void)arg;
    if (c->view.focus == PANEL_NONE || panels[c->view.focus].draw)
        return;
    copy_text(c->saved_filter, sizeof c->saved_filter, c->view.list[c->view.focus].filter);
    c->filtering = true;
    bar_enter("filter ");
}

static void act_sort_by(struct console *c, const char *arg)
{
    struct list_view *l = &c->view.list[c->view.focus];
    int n = (int)panels[c->view.focus].ncolumns;
    for (int i = 0; i <= n; i++) {
        l->sort += count_of(arg);
        l->sort = l->sort < -1 ? n - 1 : l->sort >= n ? -1 : l->sort;
        if (l->sort < 0 || panels[c->view.focus].column[l->sort].look != LOOK_HIDDEN)
            break;
    }
    if (l->sort < 0)
        console_say(c, TOAST_OK, "in the order of the desk");
    else
        console_say(c, TOAST_OK, "sorted by %s", panels[c->view.focus].column[l->sort].title);
}

static void act_sort_around(struct console *c, const char *arg)
{
    struct list_view *l = &c->view.list[c->view.focus];
    (void)arg;
    l->descending = !l->descending;
}

static void act_mark(struct console *c, const char *arg)
{
    (void)arg;
    if (view_mark(&c->view, view_object(&c->view, &c->snapshot)))
        view_move(&c->view, &c->snapshot, 1, 0);
}

/* A detail's item, then its full text, then what lies behind it. */
static void open_item(struct console *c, struct detail_view *d)
{
    char object[OBJECT_MAX] = "";
    if (details[d->kind].item_object)
        details[d->kind].item_object(&c->snapshot, d, object);
    if (!*object || !view_open_object(&c->view, object))
        d->depth = d->depth < 2 ? d->depth + 1 : 0;
}

static void act_open(struct console *c, const char *arg)
{
    struct detail_view *d = view_top(&c->view);
    (void)arg;
    if (d && d->kind != DETAIL_TEXT)
        open_item(c, d);
    else if (!d && !view_open_object(&c->view, view_object(&c->view, &c->snapshot)))
        console_say(c, TOAST_OK, "there is nothing behind this row");
}

static void act_neighbour(struct console *c, const char *arg)
{
    struct detail_view *d = view_top(&c->view);
    char id[OBJECT_MAX] = "";
    if (!d || !details[d->kind].neighbour)
        return;
    details[d->kind].neighbour(&c->snapshot, d, count_of(arg), id);
    const char *plain = strchr(id, ' ');
    if (*id) {
        enum detail_kind kind = d->kind;
        view_back(&c->view);
        view_open(&c->view, kind, plain ? plain + 1 : id);
    } else {
        console_say(c, TOAST_OK, "there is no %s one", *arg == '-' ? "older" : "newer");
    }
}

static void act_open_evaluation(struct console *c, const char *arg)
{
    const char *id = detail_cell(c, "evaluation_id");
    (void)arg;
    if (*id)
        view_open(&c->view, DETAIL_EVALUATION, id);
    else
        console_say(c, TOAST_OK, "no evaluation led to it");
}

/* The first of "#17 #22". */
static void act_open_citing(struct console *c, const char *arg)
{
    const char *ids = detail_cell(c, "cited_by");
    char id[24];
    (void)arg;
    ids += *ids == '#';
    copy_bytes(id, sizeof id, ids, strspn(ids, "0123456789"));
    if (*id)
        view_open(&c->view, DETAIL_ADJUSTMENT, id);
    else
        console_say(c, TOAST_OK, "no adjustment cites it");
}

static void act_open_parameter(struct console *c, const char *arg)
{
    const char *name = detail_cell(c, "name");
    (void)arg;
    if (*name)
        view_open(&c->view, DETAIL_PARAMETER, name);
}

/* In the list: opened there. */
static void act_show_evidence(struct console *c, const char *arg)
{
    (void)arg;
    if (!view_top(&c->view))
        view_open_object(&c->view, view_object(&c->view, &c->snapshot));
    if (view_top(&c->view))
        view_top(&c->view)->drawn.show = true;
}

static void act_bare(struct console *c, const char *arg)
{
    (void)arg;
    c->view.bare = true;
}

static void act_reload(struct console *c, const char *arg)
{
    (void)arg;
    loader_now(c->loader);
}

static void act_pause_or_resume(struct console *c, const char *arg)
{
    (void)arg;
    if (*c->at_work)
        console_say(c, TOAST_WARN, "%s is at work; Ctrl-C cancels it", c->at_work);
    else
        console_queue(c, status_is_held(&c->snapshot) ? "resume" : "pause");
}

static void act_cancel_work(struct console *c, const char *arg)
{
    (void)arg;
    if (!console_cancel_evaluation(c))
        console_say(c, TOAST_OK, "nothing of yours is running; q quits");
}

static const struct {
    const char *word;
    void (*act)(struct console *c, const char *arg);
    bool list; /* needs a focused panel and no detail */
} acts[] = {
    {"move", act_move, false},
    {"page", act_page, false},
    {"end", act_end, false},
    {"columns", act_columns, false},
    {"focus", act_focus, false},
    {"leave", act_leave, false},
    {"back", act_back, false},
    {"history", act_history, false},
    {"zoom", act_zoom, false},
    {"bar", act_bar, false},
    {"edit-filter", act_edit_filter, true},
    {"sort-by", act_sort_by, true},
    {"sort-around", act_sort_around, true},
    {"mark", act_mark, true},
    {"open", act_open, false},
    {"neighbour", act_neighbour, false},
    {"open-evaluation", act_open_evaluation, false},
    {"open-citing", act_open_citing, false},
    {"open-parameter", act_open_parameter, false},
    {"show-evidence", act_show_evidence, false},
    {"bare", act_bare, false},
    {"reload", act_reload, false},
    {"pause-or-resume", act_pause_or_resume, false},
    {"cancel-work", act_cancel_work, false},
};

bool console_acts_word(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(acts); i++)
        if (strcmp(acts[i].word, word) == 0)
            return true;
    return false;
}

/* False when what the line is about is not there; that is said. */
static bool fill_line(struct console *c, const char *command, struct buf *line)
{
    for (const char *p = command; *p; p++) {
        size_t before = line->len;
        if (*p != '%' || !p[1]) {
            buf_char(line, *p);
            continue;
        }
        fill_in(c, *++p, line);
        if (line->len > before || !strchr("imo", *p))
            continue;
        console_say(c, TOAST_OK,
                    *p == 'm' ? "no row is marked; Space marks one"
                              : "there is nothing selected here to do that with");
        return false;
    }
    return true;
}

void console_do(struct console *c, const char *command)
{
    struct buf line = {0};
    if (!fill_line(c, command, &line)) {
        console_urgent(c);
        buf_release(&line);
        return;
    }
    const char *text = buf_text(&line);
    size_t word = strcspn(text, " ");
    console_urgent(c);
    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        if (strlen(acts[i].word) != word || strncmp(acts[i].word, text, word) != 0)
            continue;
        bool fits = !acts[i].list || (c->view.focus != PANEL_NONE && !view_top(&c->view));
        if (fits)
            acts[i].act(c, text[word] ? text + word + 1 : "");
        buf_release(&line);
        return;
    }
    if (*c->at_work)
        console_say(c, TOAST_WARN, "%s is at work; Ctrl-C cancels it", c->at_work);
    else
        console_queue(c, text);
    buf_release(&line);
}
