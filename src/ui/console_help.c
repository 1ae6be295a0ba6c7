/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_help.h"

#include <stdio.h>
#include <string.h>

#include "quorum/buf.h"
#include "quorum/command.h"
#include "quorum/mem.h"
#include "ui/console_keys.h"
#include "ui/console_run.h"
#include "ui/user_keys.h"

enum {
    LEAST_COLS = 20,
    LEAST_ROWS = 4,
    TWO_COLUMNS = 76, /* a page as wide as this has two */
    KEY_COLS = 9,
    VERB_COLS = 19,
    LINES_MOST = 400,
    FAR = 100000
};

struct help_line {
    const char *key; /* NULL: a heading, or a blank line when the text is "" */
    const char *text;
    int key_cols;
};
struct help_list {
    struct help_line line[LINES_MOST];
    int n;
};

/* left and right stand beside each other where there is room, below under both. */
struct help_page {
    struct help_list left, right, below;
};

static const struct key_binding bar_keys[] = {
    {"Tab", NULL, "complete; again: the choice"},
    {"Right", NULL, "take the grey rest"},
    {"Up", NULL, "lines that began like this; Down"},
    {"C-r", NULL, "search the history"},
    {"C-w", NULL, "delete a word; C-u the line"},
    {"M-.", NULL, "the last argument of before"},
    {"C-_", NULL, "undo typing"},
    {"C-c", NULL, "empty the line, then leave"},
    {"Esc", NULL, "leave; the text is kept"},
    {NULL, NULL, NULL},
};

/* ---- what it says */

static void add(struct help_list *l, const char *key, const char *text, int key_cols)
{
    if (l->n < LINES_MOST)
        l->line[l->n++] = (struct help_line){key, text, key_cols};
}

/* Keys without help of their own stand in the help of a neighbour ("j k"). */
static void add_keys(struct help_list *l, const char *heading, const struct key_binding *b)
{
    if (l->n > 0)
        add(l, NULL, "", 0);
    add(l, NULL, heading, 0);
    for (; b->key; b++)
        if (b->help)
            add(l, b->key, b->help, KEY_COLS);
}

/* Does a binding of the person's stand before this one? */
static bool is_rebound(const struct view *v, const struct key_layer *l, const char *key)
{
    struct key k;
    enum panel_id panel = l->panel == PANEL_COUNT || l->panel == PANEL_NONE ? v->focus : l->panel;
    enum detail_kind open =
        l->detail == DETAIL_KINDS && v->ndetails ? v->detail[v->ndetails - 1].kind : l->detail;
    return v->keys && key_parse(key, &k) && user_keys_find(v->keys, panel, open, &k);
}

static void add_layer(struct help_list *list, const struct view *v, const struct key_layer *l)
{
    if (list->n > 0)
        add(list, NULL, "", 0);
    add(list, NULL, l->name, 0);
    for (const struct key_binding *b = l->binding; b->key; b++)
        if (b->help && !is_rebound(v, l, b->key))
            add(list, b->key, b->help, KEY_COLS);
}

/* What the person bound, in the words of the command. */
static void add_own(struct help_list *list, const struct view *v)
{
    if (!v->keys || v->keys->n == 0)
        return;
    add(list, NULL, "Bound by you", 0);
    for (size_t i = 0; i < v->keys->n; i++) {
        const struct user_key *k = &v->keys->key[i];
        add(list, k->name, *k->command ? k->command : "nothing", KEY_COLS);
    }
}

static bool concerns(const struct key_layer *l, const struct view *v, enum detail_kind open)
{
    if (open != DETAIL_NONE)
        return l->detail == open || l->detail == DETAIL_KINDS;
    return l->panel == v->focus || l->panel == PANEL_COUNT;
}

static void add_commands(struct help_list *l)
{
    const char *group = "";
    for (const struct command *k = NULL; (k = command_next(k));) {
        if (!console_runs(k->name))
            continue;
        if (k->group && strcmp(k->group, group) != 0) {
            group = k->group;
            add(l, NULL, "", 0);
            add(l, NULL, group, 0);
        }
        add(l, k->name, k->help, VERB_COLS);
    }
}

static void make_page(struct help_page *page, const struct view *v, bool all)
{
    enum detail_kind open = v->ndetails ? v->detail[v->ndetails - 1].kind : DETAIL_NONE;
    const struct key_layer *l;
    add_own(&page->left, v);
    for (size_t i = 0; (l = console_keys_layer(i)); i++) {
        bool everywhere = l->panel == PANEL_NONE && l->detail == DETAIL_NONE;
        if (everywhere)
            add_layer(&page->right, v, l);
        else if (all || concerns(l, v, open))
            add_layer(&page->left, v, l);
    }
    add_keys(&page->below, "In the command bar", bar_keys);
    add_commands(&page->below);
}

/* ---- drawing */

static void draw_line(const struct pane *p, int row, const struct help_line *line)
{
    if (!line->key) {
        pane_cut(p, row, 0, p->cols, TOKEN_TITLE | STYLE_BOLD, line->text);
        return;
    }
    int cols = line->key_cols < p->cols / 2 ? line->key_cols : p->cols / 2;
    int used = pane_cut(p, row, 1, p->cols - 1, TOKEN_KEY, line->key);
    int at = used + 1 < cols ? cols : used + 2;
    pane_cut(p, row, at, p->cols - at, TOKEN_FG, line->text);
}

static void draw_list(const struct pane *p, const struct help_list *l, int first)
{
    for (int row = 0; row < p->rows; row++)
        if (first + row >= 0 && first + row < l->n)
            draw_line(p, row, &l->line[first + row]);
}

static int clamp_scroll(struct view *v, int lines, int rows)
{
    int most = lines > rows ? lines - rows : 0;
    v->help_scroll = v->help_scroll > most ? most : v->help_scroll < 0 ? 0 : v->help_scroll;
    return v->help_scroll;
}

/* Returns the lines of the page. */
static int draw_page(const struct pane *p, struct view *v, const struct help_page *page)
{
    bool two = p->cols >= TWO_COLUMNS;
    int half = p->cols / 2, top = page->left.n > page->right.n ? page->left.n : page->right.n;
    if (!two)
        top = page->left.n + 1 + page->right.n;
    int lines = top + 1 + page->below.n, first = clamp_scroll(v, lines, p->rows);
    struct pane left = pane_part(p, 0, 1, p->rows, two ? half - 2 : p->cols - 2);
    struct pane right = two ? pane_part(p, 0, half, p->rows, p->cols - half - 1) : left;
    struct pane whole = pane_part(p, 0, 1, p->rows, p->cols - 2);
    draw_list(&left, &page->left, first);
    draw_list(&right, &page->right, two ? first : first - page->left.n - 1);
    draw_list(&whole, &page->below, first - top - 1);
    return lines;
}

static bool says(const struct help_line *line, const char *wanted)
{
    return strcasestr(line->text, wanted) || (line->key && strcasestr(line->key, wanted));
}

/* The lines of `from` that say it, below their headings. */
static int find_in(struct help_list *found, const struct help_list *from, const char *wanted)
{
    const struct help_line *heading = NULL;
    int n = 0;
    for (int i = 0; i < from->n; i++) {
        const struct help_line *line = &from->line[i];
        if (!line->key) {
            heading = *line->text ? line : NULL;
            continue;
        }
        if (!says(line, wanted))
            continue;
        if (heading)
            add(found, NULL, heading->text, 0);
        heading = NULL;
        add(found, line->key, line->text, VERB_COLS);
        n++;
    }
    return n;
}

static void mark_found(const struct pane *p, int row, const struct help_line *line,
                       const char *wanted)
{
    int cols = VERB_COLS < p->cols / 2 ? VERB_COLS : p->cols / 2;
    const char *in_key = line->key ? strcasestr(line->key, wanted) : NULL;
    const char *in_text = line->key ? strcasestr(line->text, wanted) : NULL;
    int width = (int)strlen(wanted);
    if (in_key) /* keys and commands are ASCII */
        pane_restyle(p, row, 1 + (int)(in_key - line->key), width, STYLE_MATCH);
    if (in_text && (int)strlen(line->key) + 1 < cols)
        pane_restyle(p, row, cols + (int)(in_text - line->text), width, STYLE_MATCH);
}

static int draw_found(const struct pane *p, struct view *v, struct help_page *page, int *hits)
{
    struct help_list *found = mem_alloc(sizeof *found);
    struct pane part = pane_part(p, 0, 1, p->rows, p->cols - 2);
    *hits = find_in(found, &page->left, v->help_search);
    *hits += find_in(found, &page->right, v->help_search);
    *hits += find_in(found, &page->below, v->help_search);
    int lines = found->n, first = clamp_scroll(v, lines, p->rows);
    draw_list(&part, found, first);
    for (int row = 0; row < part.rows && first + row < found->n; row++)
        mark_found(&part, row, &found->line[first + row], v->help_search);
    if (lines == 0)
        pane_cut(&part, 0, 1, part.cols - 1, TOKEN_DIM, "nothing in the help says that");
    mem_free(found);
    return lines;
}

/* The last line: what is searched for, or the keys of the help itself. */
static void draw_footer(const struct pane *p, const struct view *v, int hits)
{
    int row = p->rows - 1;
    if (!v->help_typing && !*v->help_search) {
        pane_cut(p, row, 1, p->cols - 2, TOKEN_HINT,
                 p->cols < 60 ? "j k scroll  / search  Esc closes"
                              : "j k PgDn PgUp scroll   / search   :help VERB   :help E21   Esc "
                                "closes");
        return;
    }
    int at = 1 + pane_text(p, row, 1, TOKEN_KEY, "/");
    at += pane_cut(p, row, at, p->cols - at, TOKEN_FG, v->help_search);
    if (v->help_typing) {
        p->frame->cursor_on = true;
        p->frame->cursor_row = p->row + row;
        p->frame->cursor_col = p->col + (at < p->cols ? at : p->cols - 1);
    }
    if (*v->help_search)
        pane_printf(p, row, at + 2, TOKEN_HINT, "%d found   Esc: all again", hits);
}

void console_help_draw(const struct pane *p, struct view *v)
{
    char right[40] = "Esc closes";
    int hits = 0;
    if (p->cols < LEAST_COLS || p->rows < LEAST_ROWS) {
        char text[120];
        snprintf(text, sizeof text,
                 "E62 terminal %dx%d is too small for the help page; :help VERB prints one command",
                 p->cols, p->rows);
        pane_wrap(p, 0, 0, p->cols, p->rows, TOKEN_FG, text, 0);
        return;
    }
    struct help_page *page = mem_alloc(sizeof *page);
    struct pane body = pane_part(p, 1, 0, p->rows - 2, p->cols);
    bool searched = *v->help_search != '\0';
    make_page(page, v, searched);
    p->frame->cursor_row = body.row;
    p->frame->cursor_col = body.col;
    int lines = searched ? draw_found(&body, v, page, &hits) : draw_page(&body, v, page);
    int last = v->help_scroll + body.rows;
    if (lines > body.rows)
        snprintf(right, sizeof right, "%d-%d of %d", v->help_scroll + 1,
                 last < lines ? last : lines, lines);
    pane_title(p, 0, true, "Help", right);
    draw_footer(p, v, hits);
    mem_free(page);
}

/* ---- keys */

void console_help_open(struct view *v)
{
    v->help = true;
    v->help_typing = false;
    v->help_search[0] = '\0';
    v->help_scroll = 0;
}

/* True if the key belongs to the text that is searched for. */
static bool edit_search(struct view *v, const struct key *k)
{
    size_t n = strlen(v->help_search);
    if (k->kind == INPUT_ENTER) {
        v->help_typing = false;
    } else if (k->kind == INPUT_BACKSPACE && n > 0) {
        v->help_search[n - 1] = '\0';
    } else if (key_is_control(k, 'u')) {
        v->help_search[0] = '\0';
    } else if (k->kind == INPUT_CHAR && k->mods == 0 && k->rune >= ' ' && k->rune < 0x7f) {
        if (n + 1 < sizeof v->help_search)
            v->help_search[n] = (char)k->rune, v->help_search[n + 1] = '\0';
    } else {
        return false;
    }
    v->help_scroll = 0;
    return true;
}

/* Lines to scroll, 0 when it is no such key. */
static int step_of(const struct key *k, int rows)
{
    int page = rows > 4 ? rows - 3 : 1; /* title, footer, and one line to hold on to */
    if (k->kind == INPUT_DOWN || key_is_char(k, 'j'))
        return 1;
    if (k->kind == INPUT_UP || key_is_char(k, 'k'))
        return -1;
    if (k->kind == INPUT_PAGE_DOWN || key_is_char(k, ' '))
        return page;
    if (k->kind == INPUT_PAGE_UP)
        return -page;
    if (k->kind == INPUT_HOME || key_is_char(k, 'g'))
        return -FAR;
    return k->kind == INPUT_END || key_is_char(k, 'G') ? FAR : 0;
}

void console_help_key(struct view *v, const struct key *k, int rows)
{
    bool leaves = k->kind == INPUT_ESC || key_is_control(k, 'c');
    if (v->help_typing && edit_search(v, k))
        return;
    int step = step_of(k, rows);
    if (leaves && (v->help_typing || *v->help_search))
        console_help_open(v); /* one step back: all of it */
    else if (leaves || key_is_char(k, 'q') || key_is_char(k, '?') || k->kind == INPUT_F1)
        v->help = false;
    else if (key_is_char(k, '/'))
        v->help_typing = true;
    else
        v->help_scroll += step;
}
