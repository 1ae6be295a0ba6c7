/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The detail that rests on no table: the answer of a command. */
#include <string.h>

#include "quorum/text.h"
#include "ui/detail_page.h"

/* Where a line goes on in the next, that begins below its first word. */
static void text_line(struct page *g, const char *line, size_t len)
{
    struct buf b = {0};
    size_t blank = strspn(line, " ");
    blank = blank > len ? len : blank;
    if (blank > (size_t)g->cols / 2)
        blank = 0;
    buf_add(&b, line + blank, len - blank);
    g->indent = 1 + (int)blank;
    page_text(g, TOKEN_FG, buf_text(&b), 0);
    buf_release(&b);
}

static void text_body(struct page *g)
{
    struct buf clean = {0};
    g->indent = 1;
    sanitize(&clean, untrusted(g->view->text ? g->view->text : ""), TEXT_BLOCK, 0);
    if (clean.len == 0 || g->pane->frame->unwrapped) {
        page_text(g, TOKEN_FG, clean.len ? buf_text(&clean) : "(no answer)", 0);
    } else {
        for (const char *line = buf_text(&clean); *line;) {
            size_t len = strcspn(line, "\n");
            text_line(g, line, len);
            line += len + (line[len] == '\n');
        }
    }
    buf_release(&clean);
}

/* A table is wider than it is long: its lines are wrapped only where they must be. */
int draw_text_detail(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, text_body);
}
