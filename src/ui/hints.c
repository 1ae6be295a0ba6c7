/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/hints.h"

#include <string.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "ui/console_keys.h"
#include "ui/list.h"
#include "ui/status_line.h"
#include "ui/user_keys.h"

/* ---- what works */

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

static const char *cell_named(const struct rows *r, size_t row, const char *column)
{
    for (size_t i = 0; row < r->nrows && i < r->ncols; i++)
        if (strcmp(r->column[i], column) == 0)
            return rows_text(r, row, i);
    return NULL;
}

/* Of the adjustment that is open or under the cursor; NULL: not known, so anything may be. */
static const char *adjustment_cell(const struct snapshot *s, const struct view *v, bool open,
                                   const char *column)
{
    int index[VIEW_ROWS_MAX];
    if (open)
        return cell_named(&s->detail[0].rows, 0, column);
    int row = view_rows(v, s, PANEL_PENDING, index) ? view_selected(v, s, PANEL_PENDING) : -1;
    return row < 0 ? NULL : cell_named(&s->panel[PANEL_PENDING].rows, (size_t)index[row], column);
}

/* What can be done to an adjustment is a matter of its status. */
static bool status_allows(const char *status, const char *key)
{
    bool waits = strcmp(status, "PENDING") == 0 || strcmp(status, "DEFERRED") == 0;
    if (strcmp(key, "u") == 0)
        return strcmp(status, "APPROVED") == 0;
    if (strcmp(key, "r") == 0)
        return strcmp(status, "APPLIED") == 0 || strcmp(status, "AUTO_APPLIED") == 0;
    if (strcmp(key, "x") == 0)
        return waits || strcmp(status, "SHADOW") == 0;
    return waits;
}

static bool adjustment_allows(const struct snapshot *s, const struct view *v, bool open,
                              const char *key)
{
    static const char *const deciding[] = {"a", "x", "d", "s", "u", "r", NULL};
    if (!is_one_of(key, deciding))
        return true;
    const char *status = adjustment_cell(s, v, open, "status");
    return status_allows(status ? status : "PENDING", key);
}

/* Nothing is sent without a database, and a reader sends nothing. */
static bool desk_hears(const struct snapshot *s, bool adjustment, const char *key)
{
    static const char *const acting[] = {"e", "p", "K", "m", "r", "u", "t", NULL};
    static const char *const deciding[] = {"a", "x", "d", "s", "c", NULL};
    if (s->connected && !s->read_only)
        return true;
    if (strcmp(key, "c") == 0) /* the cases of an adjustment, else: close */
        return adjustment;
    return !is_one_of(key, acting) && !is_one_of(key, deciding);
}

static bool list_works(const struct snapshot *s, const struct view *v, const char *key)
{
    static const char *const of_lists[] = {"/", "o", "Enter", "Space", "y", NULL};
    static const char *const of_rows[] = {"a", "x", "d", "s", "w",     "c",     "u",
                                          "K", "m", "t", "y", "Enter", "Space", NULL};
    int index[VIEW_ROWS_MAX];
    if (v->focus == PANEL_NONE || panels[v->focus].draw)
        return !is_one_of(key, of_lists);
    if (view_rows(v, s, v->focus, index) == 0)
        return !is_one_of(key, of_rows) &&
               (s->panel[v->focus].rows.nrows > 0 || !is_one_of(key, of_lists));
    return v->focus != PANEL_PENDING || adjustment_allows(s, v, false, key);
}

static bool detail_works(const struct snapshot *s, const struct view *v, const char *key)
{
    enum detail_kind open = v->detail[v->ndetails - 1].kind;
    const struct rows *r = &s->detail[0].rows;
    if (open == DETAIL_ADJUSTMENT)
        return adjustment_allows(s, v, true, key);
    if (open == DETAIL_EVALUATION && strcmp(key, "Ctrl-C") == 0) {
        const char *finished = cell_named(r, 0, "finished");
        return finished && *finished == 'f';
    }
    if (strcmp(key, "c") == 0) {
        const char *cited = cell_named(r, 0, "cited_by");
        return cited && *cited;
    }
    return true;
}

bool hint_works(const struct snapshot *s, const struct view *v, const char *key)
{
    enum detail_kind open = v->ndetails > 0 ? v->detail[v->ndetails - 1].kind : DETAIL_NONE;
    bool adjustment = open == DETAIL_ADJUSTMENT || (!open && v->focus == PANEL_PENDING);
    if (!adjustment && (strcmp(key, "a") == 0 || strcmp(key, "x") == 0))
        return false; /* the compact line names them wherever one is */
    if (open != DETAIL_NONE ? !detail_works(s, v, key) : !list_works(s, v, key))
        return false;
    return desk_hears(s, adjustment || open != DETAIL_NONE, key);
}

/* ---- the line */

/* Bytes of the keys an item begins with: "Enter", "j k", "PgDn PgUp". */
static size_t key_length(const char *item, size_t len)
{
    size_t n = strcspn(item, " ");
    while (n < len) {
        size_t word = strcspn(item + n + 1, " ");
        if (n + 1 + word >= len || (word != 1 && strncmp(item + n + 1, "Pg", 2) != 0))
            break;
        n += 1 + word;
    }
    return n < len ? n : len;
}

/* A key that the person bound anew means something else. */
static bool is_rebound(const struct view *v, const char *name)
{
    enum detail_kind open = v->ndetails > 0 ? v->detail[v->ndetails - 1].kind : DETAIL_NONE;
    struct key k;
    return v->keys != NULL && key_parse(name, &k) && user_keys_find(v->keys, v->focus, open, &k);
}

static const char *hints_of(const struct view *v, enum size_class size, int cols)
{
    enum detail_kind open = v->ndetails > 0 ? v->detail[v->ndetails - 1].kind : DETAIL_NONE;
    if (size == CLASS_COMPACT && cols < 60 && open == DETAIL_NONE)
        return "a ok  x no  Ent  e ev  p pause  ! kill";
    return console_keys_hint(v->focus, open);
}

/* Keys stand out, their words do not: "a approve  x reject". */
void hints_draw(const struct pane *p, int row, const struct snapshot *s, const struct view *v,
                enum size_class size)
{
    const char *hints = hints_of(v, size, p->cols);
    const char *last = strstr(hints, "? help");
    int at = 1, keep = last != NULL ? list_columns(last, 40) + 2 : 0;
    hints += strspn(hints, " ");
    while (*hints) {
        const char *end = strstr(hints, "  ");
        size_t len = end != NULL ? (size_t)(end - hints) : strlen(hints);
        size_t key = key_length(hints, len);
        char item[80], word[80];
        copy_bytes(item, sizeof item, hints, key);
        copy_bytes(word, sizeof word, hints + strlen(item), len - strlen(item));
        if (strcmp(item, "p") == 0 && status_is_held(s))
            copy_text(word, sizeof word, " resume");
        int width = list_columns(item, 80) + list_columns(word, 80);
        if (at + width + (hints == last ? 0 : keep) <= p->cols && !is_rebound(v, item) &&
            hint_works(s, v, strcmp(item, "Ent") == 0 ? "Enter" : item)) {
            pane_text(p, row, at, TOKEN_KEY, item);
            pane_text(p, row, at + list_columns(item, 80), TOKEN_HINT, word);
            at += width + 2;
        }
        hints += len;
        hints += strspn(hints, " ");
    }
}
