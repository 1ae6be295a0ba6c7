/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/hints.h"

#include <string.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "ui/console_keys.h"
#include "ui/keep.h"
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

/* What the keys of one line are measured by, read once. */
struct facts {
    const struct snapshot *s;
    const struct view *v;
    enum detail_kind open;
    size_t rows;        /* of the list that has the focus, as it is shown */
    const char *status; /* of the adjustment that is open or under the cursor; NULL: not known */
};

static void find_facts(struct facts *f, const struct snapshot *s, const struct view *v)
{
    int index[VIEW_ROWS_MAX];
    *f = (struct facts){.s = s, .v = v};
    f->open = v->ndetails > 0 ? v->detail[v->ndetails - 1].kind : DETAIL_NONE;
    if (f->open == DETAIL_ADJUSTMENT)
        f->status = cell_named(&s->detail[0].rows, 0, "status");
    if (f->open != DETAIL_NONE || v->focus == PANEL_NONE || panels[v->focus].draw)
        return;
    f->rows = view_rows(v, s, v->focus, index);
    if (v->focus == PANEL_PENDING && f->rows > 0)
        f->status = cell_named(&s->panel[PANEL_PENDING].rows,
                               (size_t)index[view_selected(v, s, PANEL_PENDING)], "status");
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

/* Of an adjustment that is not known anything may be. */
static bool adjustment_allows(const struct facts *f, const char *key)
{
    static const char *const deciding[] = {"a", "x", "d", "s", "u", "r", NULL};
    return !is_one_of(key, deciding) || status_allows(f->status ? f->status : "PENDING", key);
}

/* Nothing is sent without a database, and a reader sends nothing. */
static bool is_flattening(const struct snapshot *s)
{
    return strcmp(status_field(s, "state"), "FLATTENING") == 0;
}

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

static bool list_works(const struct facts *f, const char *key)
{
    static const char *const of_lists[] = {"/", "o", "Enter", "Space", "y", NULL};
    static const char *const of_rows[] = {"a", "x", "d", "s", "w",     "c",     "u",
                                          "K", "m", "t", "y", "Enter", "Space", NULL};
    enum panel_id focus = f->v->focus;
    if (focus == PANEL_NONE || panels[focus].draw)
        return !is_one_of(key, of_lists);
    if (f->rows == 0)
        return !is_one_of(key, of_rows) &&
               (f->s->panel[focus].rows.nrows > 0 || !is_one_of(key, of_lists));
    return focus != PANEL_PENDING || adjustment_allows(f, key);
}

static bool detail_works(const struct facts *f, const char *key)
{
    const struct rows *r = &f->s->detail[0].rows;
    if (f->open == DETAIL_ADJUSTMENT)
        return adjustment_allows(f, key);
    if (f->open == DETAIL_EVALUATION && strcmp(key, "Ctrl-C") == 0) {
        const char *finished = cell_named(r, 0, "finished");
        return finished && *finished == 'f';
    }
    if (strcmp(key, "c") == 0) {
        const char *cited = cell_named(r, 0, "cited_by");
        return cited && *cited;
    }
    return true;
}

static bool works(const struct facts *f, const char *key)
{
    bool adjustment = f->open == DETAIL_ADJUSTMENT || (!f->open && f->v->focus == PANEL_PENDING);
    if (!adjustment && (strcmp(key, "a") == 0 || strcmp(key, "x") == 0))
        return false; /* the compact line names them wherever one is */
    if (f->open != DETAIL_NONE ? !detail_works(f, key) : !list_works(f, key))
        return false;
    if (strcmp(key, "p") == 0 && is_flattening(f->s))
        return false; /* neither pause nor resume would be taken */
    return desk_hears(f->s, adjustment || f->open != DETAIL_NONE, key);
}

bool hint_works(const struct snapshot *s, const struct view *v, const char *key)
{
    struct facts f;
    find_facts(&f, s, v);
    return works(&f, key);
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
    return v->keys != NULL && v->keys->n > 0 && key_parse(name, &k) &&
           user_keys_find(v->keys, v->focus, open, &k);
}

static const char *hints_of(const struct view *v, enum size_class size, int cols)
{
    enum detail_kind open = v->ndetails > 0 ? v->detail[v->ndetails - 1].kind : DETAIL_NONE;
    if (size == CLASS_COMPACT && cols < 60 && open == DETAIL_NONE)
        return "a ok  x no  Ent  e ev  p pause  ! kill";
    return console_keys_hint(v->focus, open);
}

/* Keys stand out, their words do not: "a approve  x reject". */
static void draw_line(const struct pane *p, int row, const struct facts *facts,
                      enum size_class size)
{
    const struct view *v = facts->v;
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
        if (strcmp(item, "p") == 0 && status_is_held(facts->s))
            copy_text(word, sizeof word, " resume");
        int width = list_columns(item, 80) + list_columns(word, 80);
        if (at + width + (hints == last ? 0 : keep) <= p->cols && !is_rebound(v, item) &&
            works(facts, strcmp(item, "Ent") == 0 ? "Enter" : item)) {
            pane_text(p, row, at, TOKEN_KEY, item);
            pane_text(p, row, at + list_columns(item, 80), TOKEN_HINT, word);
            at += width + 2;
        }
        hints += len;
        hints += strspn(hints, " ");
    }
}

/* All that the line of a list reads (keep.h). */
struct inputs {
    enum panel_id focus;
    enum size_class size;
    char status[24];
    bool known, shown, filled, connected, read_only, held, flattening;
};

void hints_draw(const struct pane *p, int row, const struct snapshot *s, const struct view *v,
                enum size_class size)
{
    struct keep *k = p->frame->keep;
    struct pane line = pane_part(p, row, 0, 1, p->cols);
    struct facts facts;
    struct inputs in;
    find_facts(&facts, s, v);
    bool keeps = k != NULL && facts.open == DETAIL_NONE && (v->keys == NULL || v->keys->n == 0);
    memset(&in, 0, sizeof in); /* compared byte by byte */
    in.focus = v->focus;
    in.size = size;
    in.known = facts.status != NULL;
    in.shown = facts.rows > 0;
    in.filled = v->focus != PANEL_NONE && s->panel[v->focus].rows.nrows > 0;
    in.connected = s->connected;
    in.read_only = s->read_only;
    in.held = status_is_held(s);
    in.flattening = is_flattening(s);
    if (facts.status && !copy_text(in.status, sizeof in.status, facts.status))
        keeps = false;
    if (keeps && keep_take(k, KEEP_HINTS, &line, &in, sizeof in))
        return;
    draw_line(&line, 0, &facts, size);
    if (keeps)
        keep_store(k, KEEP_HINTS, &line, &in, sizeof in, false);
}
