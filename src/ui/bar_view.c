/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "quorum/text.h"
#include "ui/bar_private.h"

enum { LEAST_HINT = 24 };

/* ---- the line */

/* One character of the line as it is shown: controls as ^X, what cannot be seen as U+FFFD, so that
 * nothing is in the line that the person does not know of. Returns the bytes it took. */
static size_t show_character(const char *s, size_t left, struct buf *out, bool after_character)
{
    unsigned char byte = (unsigned char)*s;
    char probe[8] = "x", clean[24];
    size_t n = byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    if (byte < 0x20 || byte == 0x7f) {
        buf_char(out, '^');
        buf_char(out, (char)(byte ^ 0x40));
        return 1;
    }
    if (byte < 0x80) {
        buf_char(out, *s);
        return 1;
    }
    if (n > left || byte > 0xf4 || !text_is_utf8(s, n)) {
        buf_str(out, "\xef\xbf\xbd");
        return 1;
    }
    memcpy(probe + 1, s, n);
    sanitize_line(clean, sizeof clean, untrusted(probe));
    bool mark = text_columns(clean) == 1;
    if (strcmp(clean, probe) == 0 && (!mark || after_character))
        buf_add(out, s, n);
    else
        buf_str(out, "\xef\xbf\xbd");
    return n;
}

/* The line as clean text; *column becomes that of the cursor. */
static void show_line(const struct bar_view *v, struct buf *out, int *column)
{
    size_t len = strlen(v->line);
    *column = -1;
    for (size_t i = 0; i < len;) {
        if (i >= v->point && *column < 0)
            *column = (int)text_columns(buf_text(out));
        i += show_character(v->line + i, len - i, out, i > 0);
    }
    if (*column < 0)
        *column = (int)text_columns(buf_text(out));
}

/* Scrolls by half a width when the cursor would be outside. */
static void scroll(struct bar_view *v, int column, int total, int room)
{
    if (total < room)
        v->first_col = 0;
    if (column < v->first_col)
        v->first_col = column > room / 2 ? column - room / 2 : 0;
    if (column >= v->first_col + room)
        v->first_col = column - room / 2;
}

void bar_view_draw(struct bar_view *v, const struct pane *row)
{
    struct buf line = {0};
    struct frame *f = row->frame;
    char prompt[200];
    int column;
    pane_fill(row, 0, 0, 1, row->cols, TOKEN_FG, ' ');
    if (row->cols < 1 || row->rows < 1)
        return;
    sanitize_line(prompt, sizeof prompt, untrusted(v->prompt));
    /* a long prompt (a search) leaves room for the line */
    int most = row->cols > 36 ? row->cols - 12 : row->cols > 8 ? row->cols * 2 / 3 : 1;
    int begin = v->active ? pane_cut(row, 0, 0, most, TOKEN_KEY, prompt) : 0;
    struct pane part = pane_part(row, 0, begin, 1, row->cols - begin);
    show_line(v, &line, &column);
    int total = (int)text_columns(buf_text(&line));
    if (v->active && part.cols > 0) {
        scroll(v, column, total, part.cols);
        int at = -v->first_col + pane_text(&part, 0, -v->first_col, TOKEN_FG, buf_text(&line));
        int offered = (int)text_columns(v->line + strlen(v->line) - v->offered);
        if (v->offered > 0 && offered <= at)
            pane_restyle(&part, 0, at - offered, offered, STYLE_CURSOR);
        int ghost =
            at < part.cols ? pane_cut(&part, 0, at, part.cols - at, TOKEN_HINT, v->ghost) : 0;
        int hint = (int)text_columns(v->hint), left = part.cols - at - ghost - 2;
        if (hint > left && left >= LEAST_HINT)
            hint = left; /* its end is options */
        if (hint > 0 && hint <= left && at + ghost >= 0)
            pane_cut(&part, 0, part.cols - hint, hint, TOKEN_HINT, v->hint);
        f->cursor_on = true;
        f->cursor_row = row->row;
        f->cursor_col = part.col + column - v->first_col;
    }
    buf_release(&line);
}

/* ---- the choice */

void bar_popup_move(struct bar_popup *p, const struct bar_words *w, int by)
{
    int n = (int)w->n;
    if (p->chosen < 0)
        p->chosen = by > 0 ? 0 : n - 1;
    else
        p->chosen = (p->chosen + by + n) % n;
}

int bar_popup_height(const struct bar_popup *p, const struct bar_words *w)
{
    int n = w->n > BAR_POPUP_ROWS ? BAR_POPUP_ROWS : (int)w->n;
    return p->open && n > 0 ? n + 2 : 0;
}

void bar_popup_draw(struct bar_popup *p, const struct bar_words *w, const struct pane *above)
{
    int rows = bar_popup_height(p, w);
    if (rows > above->rows)
        rows = above->rows;
    int shown = rows - 2, word_cols = 0;
    if (shown < 1 || above->cols < 6)
        return;
    if (p->chosen >= 0 && p->chosen < p->top)
        p->top = p->chosen;
    if (p->chosen >= p->top + shown)
        p->top = p->chosen - shown + 1;
    if (p->top > (int)w->n - shown)
        p->top = (int)w->n - shown;
    struct pane box = pane_part(above, above->rows - rows, 0, rows, above->cols);
    pane_fill(&box, 0, 0, rows, box.cols, TOKEN_FG, ' ');
    pane_box(&box, TOKEN_RULE, LINE_THIN);
    for (int i = 0; i < shown; i++) {
        int columns = (int)text_columns(w->word[p->top + i].word);
        word_cols = columns > word_cols ? columns : word_cols;
    }
    struct pane in = pane_part(&box, 1, 1, shown, box.cols - 2);
    if (word_cols > in.cols - 2)
        word_cols = in.cols - 2;
    for (int i = 0; i < shown; i++) {
        const struct bar_word *word = &w->word[p->top + i];
        pane_cut(&in, i, 1, word_cols, TOKEN_KEY, word->word);
        pane_cut(&in, i, word_cols + 3, in.cols - word_cols - 4, TOKEN_FG, word->meaning);
        if (p->top + i == p->chosen)
            pane_restyle(&in, i, 0, in.cols, STYLE_CURSOR);
    }
    if ((int)w->n > shown)
        pane_printf(&box, rows - 1, 2, TOKEN_HINT, " %d-%d of %zu ", p->top + 1, p->top + shown,
                    w->n);
}
