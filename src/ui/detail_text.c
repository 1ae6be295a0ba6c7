/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The detail that rests on no table: the answer of a command. */
#include "ui/detail_page.h"

static void text_body(struct page *g)
{
    g->indent = 1;
    page_text(g, TOKEN_FG, g->view->text && *g->view->text ? g->view->text : "(no answer)", 0);
}

/* A table is wider than it is long: its lines are wrapped only where they must be. */
int draw_text_detail(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, text_body);
}
