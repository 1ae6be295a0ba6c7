/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operators note about things. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/text.h"

static const struct {
    const char *kind, *table;
} noted[] = {{"evaluation", "evaluations"},
             {"trade", "trade_outcomes"},
             {"position", "positions"},
             {"adjustment", "strategy_adjustments"},
             {"alert", "alerts"},
             {"cycle", "learning_cycles"},
             {"agent", NULL},
             {"parameter", NULL},
             {"symbol", NULL}};

enum { OBJECT_SIZE = 60, NOTE_MOST = 2000 };

static enum err unclear_object(const char *word, struct error *e)
{
    char shown[40];
    sanitize_line(shown, sizeof shown, untrusted(word));
    err_set(e, ERR_USAGE, "\"%s\" is not what a note can be about", shown);
    err_code(e, "E04");
    return err_fix(e, "note trade 88 TEXT, note evaluation 12 TEXT, note AAPL TEXT; also position, "
                      "adjustment, alert, cycle, agent, parameter");
}

/* "trade 88", "symbol AAPL": as two words, one quoted one, or a symbol alone. *used: arguments
 * that were taken. */
static enum err object_of(const struct call *c, char dst[OBJECT_SIZE], int *used, struct error *e)
{
    char kind[16], upper[16];
    const char *space = strchr(c->arg[0], ' '), *name = NULL;
    copy_bytes(kind, sizeof kind, c->arg[0],
               space ? (size_t)(space - c->arg[0]) : strlen(c->arg[0]));
    *used = 1;
    for (size_t i = 0; i < ARRAY_LEN(noted); i++) {
        int64_t id;
        if (strcmp(noted[i].kind, kind) != 0)
            continue;
        name = space ? space + 1 : c->nargs > 1 ? c->arg[1] : "";
        *used = space ? 1 : 2;
        if (noted[i].table && call_id(name, kind, &id, e))
            return e->kind;
        if (noted[i].table)
            snprintf(dst, OBJECT_SIZE, "%s %lld", kind, (long long)id);
        else
            snprintf(dst, OBJECT_SIZE, "%s %.40s", kind, name);
        return *name && text_is_utf8(name, strlen(name)) ? OK : unclear_object(c->arg[0], e);
    }
    symbol_from_argument(c->arg[0], upper, sizeof upper);
    if (space || strlen(c->arg[0]) >= sizeof upper || !text_is_symbol(upper))
        return unclear_object(c->arg[0], e);
    snprintf(dst, OBJECT_SIZE, "symbol %s", upper);
    return OK;
}

/* The words after the object; quotes are not needed. */
static enum err text_of(const struct call *c, int first, struct buf *out, struct error *e)
{
    struct buf raw = {0};
    for (int i = first; i < c->nargs; i++)
        buf_printf(&raw, "%s%s", i > first ? " " : "", c->arg[i]);
    sanitize(out, untrusted(buf_text(&raw)), TEXT_LINE, 0);
    buf_release(&raw);
    if (out->len == 0) {
        err_set(e, ERR_USAGE, "a note needs its text");
        err_code(e, "E04");
        return err_fix(e, "example: quorum note trade 88 \"stop was too tight\"");
    }
    return out->len <= NOTE_MOST
               ? OK
               : err_set(e, ERR_USAGE, "the note has %zu bytes, at most %d", out->len, NOTE_MOST);
}

static enum err check_note(const struct call *c, struct error *e)
{
    char object[OBJECT_SIZE];
    struct buf text = {0};
    int used;
    enum err result = object_of(c, object, &used, e);
    if (!result)
        result = text_of(c, used, &text, e);
    buf_release(&text);
    return result;
}

static const struct statement add_note = {
    "note",
    "INSERT INTO notes (operator, origin, object, note) SELECT $1, $2, $3, $4 WHERE CASE"
    " split_part($3, ' ', 1)"
    " WHEN 'evaluation' THEN EXISTS (SELECT FROM evaluations WHERE id = $5::bigint)"
    " WHEN 'trade' THEN EXISTS (SELECT FROM trade_outcomes WHERE id = $5::bigint)"
    " WHEN 'position' THEN EXISTS (SELECT FROM positions WHERE id = $5::bigint)"
    " WHEN 'adjustment' THEN EXISTS (SELECT FROM strategy_adjustments WHERE id = $5::bigint)"
    " WHEN 'alert' THEN EXISTS (SELECT FROM alerts WHERE id = $5::bigint)"
    " WHEN 'cycle' THEN EXISTS (SELECT FROM learning_cycles WHERE id = $5::bigint)"
    " ELSE true END RETURNING id"};

static void note_json(struct call *c, int64_t id, const char *object)
{
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_int(&j, "id", id);
    json_str(&j, "object", object);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static enum err run_note(struct call *c, struct error *e)
{
    char object[OBJECT_SIZE];
    struct buf text = {0};
    struct params p = {0};
    struct rows r = {0};
    int64_t id;
    int used;
    if (object_of(c, object, &used, e) || text_of(c, used, &text, e) || call_desk(c, e) ||
        (strncmp(object, "symbol ", 7) == 0 &&
         market_check_symbol(c->desk->market, object + 7, e))) {
        buf_release(&text);
        return e->kind;
    }
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    params_text(&p, object);
    params_text(&p, buf_text(&text));
    if (text_to_int64(strchr(object, ' ') + 1, &id))
        params_int(&p, id);
    else
        params_text(&p, NULL);
    buf_release(&text);
    if (db_query(c->desk->db, &add_note, &p, &r, e))
        return e->kind;
    if (r.nrows == 0)
        err_set(e, ERR_USAGE, "there is no %s on the %s desk", object,
                desk_kind_name(c->desk->kind));
    else if (c->out->format == OUTPUT_JSON)
        note_json(c, rows_int(&r, 0, 0), object);
    else
        out_line(c->out, "%s desk: noted of %s", desk_kind_name(c->desk->kind), object);
    rows_release(&r);
    return e->kind;
}

static const struct statement list_notes = {
    "notes", "SELECT id, created_at, operator, object, note FROM notes"
             " WHERE $1::text IS NULL OR object = $1 ORDER BY id DESC LIMIT $2::int"};
static const struct figure_column note_columns[] = {
    {"id", "ID", FIGURE_COUNT, 0},       {"at", "AT", FIGURE_WHEN, 0},
    {"operator", "WHO", FIGURE_TEXT, 0}, {"object", "OF", FIGURE_TEXT, 0},
    {"note", "NOTE", FIGURE_TEXT, 0},
};

static enum err check_notes(const struct call *c, struct error *e)
{
    char object[OBJECT_SIZE];
    int used;
    return c->nargs ? object_of(c, object, &used, e) : OK;
}

static enum err run_notes(struct call *c, struct error *e)
{
    char object[OBJECT_SIZE];
    int64_t limit = 20;
    int used;
    struct params p = {0};
    struct rows r = {0};
    struct figures f;
    if ((c->nargs && object_of(c, object, &used, e)) ||
        call_int(c, "limit", 1, 100000, &limit, e) || call_desk(c, e))
        return e->kind;
    params_text(&p, c->nargs ? object : NULL);
    params_int(&p, limit);
    if (db_query(c->desk->db, &list_notes, &p, &r, e))
        return e->kind;
    figures_begin(&f, c->out, note_columns, ARRAY_LEN(note_columns));
    figures_rows(&f, &r);
    figures_end(&f, "no notes");
    rows_release(&r);
    return OK;
}

static const struct option_row notes_options[] = {
    {"limit", "N", "rows, newest first; default 20"},
    {NULL, NULL, NULL},
};

const struct command note_commands[] = {
    {.name = "note",
     .group = "Looking",
     .usage = "OBJECT TEXT",
     .help = "write a note about a trade, an evaluation, a symbol, ...",
     .details = "OBJECT is a symbol, or a kind with its id or name: evaluation, trade, position,\n"
                "adjustment, alert, cycle, agent, parameter. Notes are never changed or removed.",
     .min_args = 1,
     .max_args = -1,
     .acts = true,
     .no_csv = true,
     .check = check_note,
     .run = run_note},
    {.name = "notes",
     .group = "Looking",
     .usage = "[OBJECT]",
     .help = "the notes, newest first",
     .max_args = 2,
     .options = notes_options,
     .check = check_notes,
     .run = run_notes},
    {.name = NULL},
};
