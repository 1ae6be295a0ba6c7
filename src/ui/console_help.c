/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The help overlay: keys of what has the focus and keys that work everywhere, side by side, made
 * from the key tables; or the help of one command. */
#include "ui/console_help.h"

#include <stdio.h>
#include <string.h>

#include "quorum/buf.h"
#include "quorum/command.h"
#include "ui/console_keys.h"

enum { LEAST_COLS = 40, LEAST_ROWS = 10, KEY_COLS = 9 };

/* A column of the page, filled from the top; what does not fit is left out. */
struct help_column {
    struct pane pane;
    int row;
};

static bool is_full(const struct help_column *c)
{
    return c->row >= c->pane.rows;
}

/* Keys without help of their own stand in the help of a neighbour ("j k"). What the column has no
 * room for goes on in the other one. */
static void draw_layer(struct help_column *c, struct help_column *other, const struct key_layer *l)
{
    if (is_full(c))
        return;
    pane_cut(&c->pane, c->row++, 0, c->pane.cols, TOKEN_TITLE | STYLE_BOLD, l->name);
    for (const struct key_binding *b = l->binding; b->key; b++) {
        if (!b->help)
            continue;
        if (is_full(c) && other)
            c = other, other = NULL;
        if (is_full(c))
            return;
        pane_text(&c->pane, c->row, 1, TOKEN_KEY, b->key);
        pane_cut(&c->pane, c->row++, KEY_COLS, c->pane.cols - KEY_COLS, TOKEN_FG, b->help);
    }
    c->row++;
}

static bool concerns(const struct key_layer *l, const struct view *v, enum detail_kind open)
{
    if (open != DETAIL_NONE)
        return l->detail == open || l->detail == DETAIL_KINDS;
    return l->panel == v->focus || l->panel == PANEL_COUNT;
}

static void draw_keys(const struct pane *p, const struct view *v)
{
    enum detail_kind open = v->ndetails ? v->detail[v->ndetails - 1].kind : DETAIL_NONE;
    bool two = p->cols >= 76;
    int rows = p->rows - 1; /* the last one is the footer's */
    struct help_column left = {.pane =
                                   pane_part(p, 0, 1, rows, two ? p->cols / 2 - 2 : p->cols - 2)};
    struct help_column right = {.pane =
                                    pane_part(p, 0, p->cols / 2, rows, p->cols - p->cols / 2 - 1)};
    const struct key_layer *l;
    for (size_t i = 0; (l = console_keys_layer(i)); i++) {
        bool everywhere = l->panel == PANEL_NONE && l->detail == DETAIL_NONE;
        if (everywhere && two)
            draw_layer(&right, &left, l);
        else if (everywhere || concerns(l, v, open))
            draw_layer(&left, NULL, l);
    }
    pane_cut(p, p->rows - 1, 1, p->cols - 2, TOKEN_HINT,
             "commands: help commands    one: help VERB    errors: help E21    Esc closes");
}

static const struct command *find_command(const char *name)
{
    for (const struct command *k = NULL; (k = command_next(k));)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

static void draw_topic(const struct pane *p, const struct view *v)
{
    struct buf b = {0};
    const struct command *k = find_command(v->help_topic);
    if (k)
        command_help(k, &b);
    else
        command_overview(&b);
    int row = 0;
    for (const char *line = buf_text(&b); *line && row < p->rows; row++) {
        size_t n = strcspn(line, "\n");
        char text[400];
        snprintf(text, sizeof text, "%.*s", (int)(n < sizeof text ? n : sizeof text - 1), line);
        pane_cut(p, row, 1, p->cols - 2, TOKEN_FG, text);
        line += n + (line[n] == '\n');
    }
    buf_release(&b);
}

void console_help_draw(const struct pane *p, const struct view *v)
{
    struct pane body = pane_part(p, 1, 0, p->rows - 1, p->cols);
    if (p->cols < LEAST_COLS || p->rows < LEAST_ROWS) {
        char text[120];
        snprintf(text, sizeof text,
                 "E62 terminal %dx%d is too small for the help page; :help VERB prints one command",
                 p->cols, p->rows);
        pane_wrap(p, 0, 0, p->cols, p->rows, TOKEN_FG, text, 0);
        return;
    }
    pane_title(p, 0, true, "Help", "Esc closes");
    if (*v->help_topic && strcmp(v->help_topic, "keys") != 0)
        draw_topic(&body, v);
    else
        draw_keys(&body, v);
}
