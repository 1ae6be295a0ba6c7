/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which versions are in force is read when a process begins to ask, and again when the generation
 * that comes with every new evaluation says so. */
#include "quorum/prompts.h"

#include <math.h>
#include <string.h>

#include "quorum/log.h"
#include "quorum/text.h"

enum { BOOK_AGENTS = 16 };

struct entry {
    const struct agent *agent;
    struct prompt_version version[PROMPT_VERSIONS_MAX];
    const char *text[PROMPT_VERSIONS_MAX]; /* NULL: the program's own */
    double share[PROMPT_VERSIONS_MAX];
    size_t n;
    bool in_force; /* false: the only one known is not ACTIVE; it is asked all the same */
    bool shared;   /* share is worked out */
};
struct prompt_book {
    int64_t generation;
    struct entry entry[BOOK_AGENTS];
    size_t n;
    struct arena arena;
};

static const struct statement sync = {"prompts sync", "SELECT prompts_sync($1::jsonb)"};

/* Of the model this process asks; where none is in force for it, the program's own text. */
static const struct statement read_book = {
    "prompts read",
    "WITH p AS (SELECT t.*, prompt_sha(t.content) AS sha FROM jsonb_to_recordset($1::jsonb)"
    "  AS t (agent text, content text, model text)) "
    "SELECT s.generation, a.agent_name, a.version,"
    "  CASE WHEN a.content_sha256 <> p.sha THEN a.content END, a.right_weight, a.wrong_weight,"
    "  a.resolved, GREATEST(extract(epoch FROM desk_now() - a.scored_at) / 86400, 0),"
    "  a.status = 'ACTIVE' "
    "FROM prompts_state s LEFT JOIN (p JOIN agent_prompts a ON a.agent_name = p.agent"
    "  AND a.prompt_name = 'system' AND ((a.status = 'ACTIVE' AND p.model IN (a.model, ''))"
    "    OR (a.content_sha256 = p.sha AND p.model IN (a.model, '')))) ON true "
    "ORDER BY a.agent_name, a.status = 'ACTIVE' DESC, a.version DESC"};

/* ---- what the program brings */

static void program_texts(struct desk *d, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_open(&j, NULL, '[');
    for (const struct agent *const *a = d->agents; *a; a++) {
        char model[64];
        struct error no_price = {0};
        if (!(*a)->prompt)
            continue;
        json_open(&j, NULL, '{');
        json_str(&j, "agent", (*a)->name);
        json_int(&j, "version", (*a)->prompt_version);
        json_str(&j, "content", (*a)->prompt);
        json_str(&j, "model", desk_model(d, *a, model, &no_price) == OK ? model : "");
        json_close(&j, '}');
    }
    json_close(&j, ']');
}

/* ---- what is in force */

void prompts_free(struct prompt_book *b)
{
    if (!b)
        return;
    arena_release(&b->arena);
    mem_free(b);
}

static const struct agent *agent_named(const struct desk *d, const char *name)
{
    for (const struct agent *const *a = d->agents; *a; a++)
        if (strcmp((*a)->name, name) == 0)
            return *a;
    return NULL;
}

static struct entry *entry_of(struct prompt_book *b, const struct agent *a)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->entry[i].agent == a)
            return &b->entry[i];
    if (b->n == BOOK_AGENTS)
        return NULL;
    b->entry[b->n] = (struct entry){.agent = a};
    return &b->entry[b->n++];
}

static void take_row(struct prompt_book *b, const struct agent *a, const struct rows *r, size_t row)
{
    struct entry *t = entry_of(b, a);
    bool active = rows_bool(r, row, 8), never;
    if (!t || t->n == PROMPT_VERSIONS_MAX || (t->n && !active))
        return;
    double days = rows_double(r, row, 7, &never), weight = never ? 1 : pow(PROMPT_DISCOUNT, days);
    const char *text = rows_text(r, row, 3);
    t->in_force = active;
    t->text[t->n] = text ? arena_text(&b->arena, text) : NULL;
    t->version[t->n++] =
        (struct prompt_version){.version = (int)rows_int(r, row, 2),
                                .right = weight * rows_double(r, row, 4, &(bool){false}),
                                .wrong = weight * rows_double(r, row, 5, &(bool){false}),
                                .resolved = (size_t)rows_int(r, row, 6)};
}

static void take_book(struct desk *d, const struct rows *r)
{
    struct prompt_book *b = mem_alloc(sizeof *b);
    b->generation = r->nrows ? rows_int(r, 0, 0) : 0;
    for (size_t i = 0; i < r->nrows; i++) {
        const char *name = rows_text(r, i, 1);
        const struct agent *a = name ? agent_named(d, name) : NULL;
        if (a)
            take_row(b, a, r, i);
    }
    prompts_free(d->prompts);
    d->prompts = b;
}

int64_t prompts_generation(const struct desk *d)
{
    return d->prompts ? d->prompts->generation : 0;
}

struct reload {
    struct desk *desk;
    void (*done)(void *arg, const struct error *e);
    void *arg;
};

static void read_again(void *arg, struct rows *rows, const struct error *e)
{
    struct reload *l = arg;
    void (*done)(void *arg, const struct error *e) = l->done;
    void *done_arg = l->arg;
    if (e && e->kind)
        log_write(LOG_WARN, "prompts", "not read: %s", e->text);
    else
        take_book(l->desk, rows);
    mem_free(l);
    if (done)
        done(done_arg, e && e->kind ? e : NULL);
}

void prompts_reload(struct desk *d, void (*done)(void *arg, const struct error *e), void *arg)
{
    struct reload *l = mem_alloc(sizeof *l);
    struct buf b = {0};
    struct params p = {0};
    *l = (struct reload){.desk = d, .done = done, .arg = arg};
    program_texts(d, &b);
    params_text(&p, buf_text(&b));
    buf_release(&b);
    db_send(d->db, &read_book, &p, read_again, l);
}

struct told {
    struct error e;
    bool ended, left; /* left: whoever asked waits no more */
};

static void synced(void *arg, struct rows *rows, const struct error *e)
{
    struct told *t = arg;
    (void)rows;
    t->ended = true;
    if (e && e->kind)
        t->e = *e;
    if (t->left)
        mem_free(t);
}

/* Both are on their way at once: one wait. */
enum err prompts_store(struct desk *d, struct error *e)
{
    struct buf b = {0};
    struct params p = {0}, q = {0};
    struct rows r = {0};
    struct told *told = mem_alloc(sizeof *told);
    program_texts(d, &b);
    params_text(&p, buf_text(&b));
    params_text(&q, buf_text(&b));
    buf_release(&b);
    db_send(d->db, &sync, &p, synced, told);
    enum err result = db_query(d->db, &read_book, &q, &r, e);
    if (!result && told->e.kind) {
        *e = told->e;
        result = e->kind;
    } else if (!result) {
        take_book(d, &r);
    }
    if (told->ended)
        mem_free(told);
    else
        told->left = true;
    rows_release(&r);
    return result;
}

/* ---- choosing */

static void work_out_shares(struct entry *t)
{
    double best[PROMPT_VERSIONS_MAX];
    prompt_best(t->version, t->n, best);
    for (size_t i = 0; i < t->n; i++)
        t->share[i] = PROMPT_EXPLORE / (double)t->n + (1 - PROMPT_EXPLORE) * best[i];
    t->shared = true;
}

/* prompt_choose() with the chances kept: they cost more than a question's other arithmetic. */
static size_t draw(struct entry *t, const char *symbol, int64_t as_of)
{
    struct random g =
        random_begin(random_stream(symbol) ^ (uint64_t)as_of, random_stream(t->agent->name));
    double lot = random_unit(&g);
    if (!t->shared)
        work_out_shares(t);
    for (size_t i = 0;; i++) {
        lot -= t->share[i];
        if (lot < 0 || i + 1 == t->n)
            return i;
    }
}

void prompt_pick(const struct desk *d, const struct agent *a, const char *symbol, int64_t as_of,
                 struct prompt_pick *out)
{
    struct entry *t = NULL;
    *out = (struct prompt_pick){
        .text = a->prompt, .compiled = true, .version = a->prompt_version, .propensity = 1};
    for (size_t i = 0; d->prompts && i < d->prompts->n; i++)
        if (d->prompts->entry[i].agent == a)
            t = &d->prompts->entry[i];
    if (!t || t->n == 0)
        return;
    size_t k = t->n > 1 ? draw(t, symbol, as_of) : 0;
    out->version = t->version[k].version;
    out->compiled = t->text[k] == NULL;
    if (t->text[k])
        out->text = t->text[k];
    if (t->n > 1)
        out->propensity = t->share[k];
}
