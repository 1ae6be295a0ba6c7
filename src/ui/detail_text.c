/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Details that rest on no table: the answer of a command, and what is not recorded yet. */
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

static void cycle_body(struct page *g)
{
    g->view->title[0] = '\0';
    page_label(g, "");
    page_say(g, TOKEN_DIM,
             "learning cycles are not recorded on this desk: there is nothing to show of cycle %s",
             g->view->id);
    page_label(g, "");
    page_say(g, TOKEN_DIM, "what was proposed stands in panel 2 (waiting) and panel 8 (all)");
}

int draw_cycle(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, cycle_body);
}
