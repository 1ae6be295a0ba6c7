/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/command/compare.h"

#include <stdio.h>
#include <string.h>

#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/parameters.h"
#include "quorum/text.h"

enum { SIDES = 2, CELL = 200, NAME_COLUMNS = 32, VOTES_MAX = 2 * EVALUATION_VOTES_MAX };

struct side {
    struct stored_evaluation s;
    struct dossier d;
    bool has_facts;
};

static enum err load(struct call *c, int64_t id, struct side *out, struct error *e)
{
    struct error unreadable;
    if (evaluation_load(c->desk, id, true, &out->s, e))
        return e->kind;
    out->has_facts = out->s.dossier && dossier_read(&out->d, out->s.dossier, strlen(out->s.dossier),
                                                    &unreadable) == OK;
    return OK;
}

/* ---- how they were asked and ended */

struct field {
    const char *key, *title;
    char of[SIDES][CELL];
};

static void put(struct field *f, const char *key, const char *title, int side, const char *text)
{
    f->key = key;
    f->title = title;
    copy_text(f->of[side], CELL, text ? text : "-");
}

enum { FIELDS = 9 };

static void regime_cell(char dst[CELL], const struct stored_evaluation *s, bool stored)
{
    if (stored || !s->regime_confidence.known)
        copy_text(dst, CELL, s->regime ? s->regime : "-");
    else
        snprintf(dst, CELL, "%.40s %.0f%%", s->regime ? s->regime : "?", s->regime_confidence.v);
}

/* stored: as programs get it, the time with its zone. */
static void head(struct field f[FIELDS], int side, const struct stored_evaluation *s, bool stored)
{
    char text[CELL], cost[32], at[48];
    put(&f[0], "symbol", "symbol", side, s->symbol);
    if (stored)
        snprintf(at, sizeof at, "%.10sT%.8sZ", s->as_of,
                 strlen(s->as_of) > 11 ? s->as_of + 11 : "");
    else
        stored_tell(at, s->as_of, WHEN_SECOND);
    put(&f[1], "as_of", "as of", side, at);
    put(&f[2], "asked_by", "asked by", side, s->requested_by);
    put(&f[3], "price", "price", side, s->price);
    regime_cell(text, s, stored);
    put(&f[4], "regime", "regime", side, text);
    snprintf(text, sizeof text, "%.40s %.40s", s->decision ? s->decision : s->state,
             s->agreement ? s->agreement : "");
    put(&f[5], "decision", "decision", side, text);
    put(&f[6], "why", "why", side, s->consensus_reason);
    snprintf(text, sizeof text, "%lld", (long long)s->shares);
    put(&f[7], "shares", "shares", side, text);
    put(&f[8], stored ? "cost_usd" : "cost", "cost", side,
        stored ? s->cost_usd : cost_text(cost, s->cost_usd));
}

/* ---- the values a BUY was sized with */

struct parameter_row {
    const char *name;
    char of[SIDES][CELL];
};

/* "2 (version 17)" out of "stop_mult 2 (version 17), time_exit 10 (version 3)". */
static void parameter_cell(char dst[CELL], const struct stored_evaluation *s, const char *name)
{
    size_t n = strlen(name);
    copy_text(dst, CELL, s->parameters ? "baseline" : "-");
    for (const char *p = s->parameters_text; p && *p;) {
        size_t len = strcspn(p, ",");
        if (strncmp(p, name, n) == 0 && p[n] == ' ')
            copy_bytes(dst, CELL, p + n + 1, len - n - 1);
        p += len + strspn(p + len, ", ");
    }
}

static size_t differing_parameters(const struct side side[SIDES],
                                   struct parameter_row row[PARAMETERS])
{
    size_t n = 0;
    for (int i = 0; i < PARAMETERS; i++) {
        struct parameter_row *r = &row[n];
        r->name = parameter_name((enum parameter_id)i);
        for (int k = 0; k < SIDES; k++)
            parameter_cell(r->of[k], &side[k].s, r->name);
        n += strcmp(r->of[0], r->of[1]) != 0;
    }
    return n;
}

/* ---- votes */

struct pair {
    const char *agent, *source;
    const struct stored_vote *of[SIDES];
};

static size_t pair_votes(struct pair p[VOTES_MAX], const struct side side[SIDES])
{
    size_t n = 0;
    for (int k = 0; k < SIDES; k++) {
        for (size_t i = 0; i < side[k].s.nvotes; i++) {
            const struct stored_vote *v = &side[k].s.vote[i];
            size_t at = 0;
            while (at < n &&
                   (strcmp(p[at].agent, v->agent) != 0 || strcmp(p[at].source, v->source) != 0))
                at++;
            if (at == n)
                p[n++] = (struct pair){.agent = v->agent, .source = v->source};
            p[at].of[k] = v;
        }
    }
    return n;
}

static const char *said(const struct stored_vote *v)
{
    return *v->answer ? v->answer : v->vote;
}

static void vote_cell(char dst[CELL], const struct stored_vote *v)
{
    char version[24] = "";
    if (!v) {
        copy_text(dst, CELL, "-");
        return;
    }
    if (strcmp(v->source, "model") == 0 && v->prompt_version)
        snprintf(version, sizeof version, " v%d", v->prompt_version);
    snprintf(dst, CELL, "%.40s %.0f%%%s%s", said(v), v->confidence, version,
             v->counted ? "" : " (beside)");
}

static bool votes_differ(const struct pair *p)
{
    const struct stored_vote *a = p->of[0], *b = p->of[1];
    return !a || !b || strcmp(said(a), said(b)) != 0 || a->prompt_version != b->prompt_version ||
           a->confidence < b->confidence || a->confidence > b->confidence;
}

/* ---- facts */

static const struct fact *fact_of(const struct dossier *d, const char *id)
{
    for (size_t i = 0; i < d->nfacts; i++)
        if (strcmp(d->fact[i].id, id) == 0)
            return &d->fact[i];
    return NULL;
}

static void fact_cell(char dst[CELL], const struct fact *f)
{
    if (!f)
        copy_text(dst, CELL, "-");
    else if (f->from.state != DATUM_PRESENT)
        snprintf(dst, CELL, "%s %.150s", datum_state_name(f->from.state), f->from.reason);
    else
        show_fact_value(dst, CELL, f);
}

/* Two of them fit beside a name. */
static const char *cut(struct arena *a, const char *text)
{
    int columns, rows;
    struct buf b = {0};
    terminal_size(&columns, &rows);
    int each = (columns - NAME_COLUMNS) / SIDES;
    sanitize(&b, untrusted(text), TEXT_LINE, each > 16 ? (size_t)each : 16);
    const char *kept = arena_text(a, buf_text(&b));
    buf_release(&b);
    return kept;
}
struct fact_row {
    const char *id;
    char of[SIDES][CELL];
};

/* Those that differ, in the order of the first dossier, then what only the second has. */
static struct fact_row *differing(const struct side side[SIDES], size_t *n, size_t *same)
{
    struct fact_row *row = mem_array(side[0].d.nfacts + side[1].d.nfacts + 1, sizeof *row);
    *n = *same = 0;
    for (int k = 0; k < SIDES; k++) {
        for (size_t i = 0; i < side[k].d.nfacts; i++) {
            const char *id = side[k].d.fact[i].id;
            struct fact_row *r = &row[*n];
            if (k == 1 && fact_of(&side[0].d, id))
                continue;
            r->id = id;
            fact_cell(r->of[0], fact_of(&side[0].d, id));
            fact_cell(r->of[1], fact_of(&side[1].d, id));
            if (strcmp(r->of[0], r->of[1]) != 0)
                ++*n;
            else
                ++*same;
        }
    }
    return row;
}

/* ---- text */

static void side_by_side(struct output *o, const char *title, const struct side side[SIDES],
                         const char *const (*cell)[4], size_t n, const char *empty)
{
    char a[24], b[24];
    snprintf(a, sizeof a, "#%lld", (long long)side[0].s.id);
    snprintf(b, sizeof b, "#%lld", (long long)side[1].s.id);
    const struct column columns[] = {{"mark", " ", COLUMN_TEXT},
                                     {"what", title, COLUMN_TEXT},
                                     {"a", a, COLUMN_TEXT},
                                     {"b", b, COLUMN_TEXT}};
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++)
        table_row(&t, cell[i]);
    table_end(&t, o, empty);
}

static void votes_text(struct output *o, const struct side side[SIDES], const struct pair *p,
                       size_t n)
{
    const char *cell[VOTES_MAX][4];
    char who[VOTES_MAX][80], said_by[VOTES_MAX][SIDES][CELL];
    size_t changed = 0;
    for (size_t i = 0; i < n; i++) {
        snprintf(who[i], sizeof who[i], "%.50s %.20s", p[i].agent, p[i].source);
        vote_cell(said_by[i][0], p[i].of[0]);
        vote_cell(said_by[i][1], p[i].of[1]);
        cell[i][0] = votes_differ(&p[i]) ? "*" : "";
        cell[i][1] = who[i];
        cell[i][2] = said_by[i][0];
        cell[i][3] = said_by[i][1];
        changed += votes_differ(&p[i]);
    }
    out_line(o, "%s", "");
    side_by_side(o, "VOTE", side, (const char *const(*)[4])cell, n, "no votes");
    if (changed == 0)
        out_line(o, "every vote is the same");
}

static void facts_text(struct output *o, const struct side side[SIDES])
{
    size_t n, same;
    out_line(o, "%s", "");
    if (!side[0].has_facts || !side[1].has_facts) {
        out_line(o, "the facts of #%lld are not stored (any more)",
                 (long long)side[side[0].has_facts ? 1 : 0].s.id);
        return;
    }
    if (strcmp(side[0].s.dossier_sha256, side[1].s.dossier_sha256) == 0) {
        out_line(o, "FACTS  the same dossier: %.12s...", side[0].s.dossier_sha256);
        return;
    }
    struct fact_row *row = differing(side, &n, &same);
    const char *(*cell)[4] = mem_array(n + 1, sizeof *cell);
    struct arena kept = {0};
    for (size_t i = 0; i < n; i++) {
        cell[i][0] = "*";
        cell[i][1] = row[i].id;
        cell[i][2] = cut(&kept, row[i].of[0]);
        cell[i][3] = cut(&kept, row[i].of[1]);
    }
    side_by_side(o, "FACT", side, (const char *const(*)[4])cell, n, "FACTS  all the same");
    if (n)
        out_line(o, "%zu more facts are the same", same);
    arena_release(&kept);
    mem_free(cell);
    mem_free(row);
}

static void parameters_text(struct output *o, const struct side side[SIDES])
{
    struct parameter_row row[PARAMETERS];
    const char *cell[PARAMETERS][4];
    const struct stored_evaluation *a = &side[0].s, *b = &side[1].s;
    size_t n = differing_parameters(side, row);
    out_line(o, "%s", "");
    if (!a->parameters || !b->parameters) {
        if (a->parameters || b->parameters)
            out_line(o, "PARAMETERS  #%lld used %s; #%lld was not sized with any",
                     (long long)(a->parameters ? a : b)->id,
                     (a->parameters ? a : b)->parameters_text
                         ? (a->parameters ? a : b)->parameters_text
                         : "the baselines",
                     (long long)(a->parameters ? b : a)->id);
        else
            out_line(o, "PARAMETERS  neither was sized with any");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        cell[i][0] = "*";
        cell[i][1] = row[i].name;
        cell[i][2] = row[i].of[0];
        cell[i][3] = row[i].of[1];
    }
    side_by_side(o, "PARAMETER", side, (const char *const(*)[4])cell, n,
                 "PARAMETERS  all the same");
}

static void all_text(struct output *o, const struct side side[SIDES], const struct field *f,
                     const struct pair *p, size_t npairs)
{
    const char *cell[FIELDS][4];
    struct arena kept = {0};
    for (size_t i = 0; i < FIELDS; i++) {
        cell[i][0] = strcmp(f[i].of[0], f[i].of[1]) != 0 ? "*" : "";
        cell[i][1] = f[i].title;
        cell[i][2] = cut(&kept, f[i].of[0]);
        cell[i][3] = cut(&kept, f[i].of[1]);
    }
    side_by_side(o, "EVALUATION", side, (const char *const(*)[4])cell, FIELDS, "");
    arena_release(&kept);
    votes_text(o, side, p, npairs);
    parameters_text(o, side);
    facts_text(o, side);
}

/* ---- JSON */

static void vote_json_of(struct json *j, const char *key, const struct stored_vote *v)
{
    if (!v) {
        json_null(j, key);
        return;
    }
    json_open(j, key, '{');
    json_str(j, "vote", v->vote);
    json_str(j, "answer", v->answer);
    json_num(j, "confidence", v->confidence);
    if (strcmp(v->source, "model") == 0)
        json_int(j, "prompt_version", v->prompt_version);
    json_flag(j, "counted", v->counted);
    json_str(j, "reason", v->reason);
    json_close(j, '}');
}

/* The value is null where a filter is off; all is null where the baseline or none was in force. */
static void used_json(struct json *j, const char *key, const char *cell)
{
    const char *version = strstr(cell, "(version ");
    char digits[24], value[24] = "";
    int64_t id = 0;
    double x;
    if (version) {
        version += strlen("(version ");
        if (copy_bytes(digits, sizeof digits, version, strcspn(version, ")")))
            text_to_int64(digits, &id);
    }
    if (id == 0) {
        json_null(j, key);
        return;
    }
    copy_bytes(value, sizeof value, cell, strcspn(cell, " "));
    json_open(j, key, '{');
    if (text_to_double(value, &x))
        json_raw(j, "value", value);
    else
        json_null(j, "value");
    json_int(j, "version", id);
    json_close(j, '}');
}

static void parameters_json(struct json *j, const struct side side[SIDES])
{
    struct parameter_row row[PARAMETERS];
    size_t n = differing_parameters(side, row);
    json_open(j, "parameters", '[');
    for (size_t i = 0; i < n; i++) {
        json_open(j, NULL, '{');
        json_str(j, "parameter", row[i].name);
        used_json(j, "a", row[i].of[0]);
        used_json(j, "b", row[i].of[1]);
        json_close(j, '}');
    }
    json_close(j, ']');
}

/* A number, words, or why there is neither; null where the dossier does not speak of it. */
static void fact_json(struct json *j, const char *key, const struct fact *f)
{
    char why[CELL];
    if (f && f->from.state != DATUM_PRESENT) {
        fact_cell(why, f);
        json_open(j, key, '{');
        json_str(j, "missing", why);
        json_close(j, '}');
    } else if (f && f->text) {
        json_str(j, key, f->text);
    } else if (f && f->number.known) {
        json_num(j, key, f->number.v);
    } else {
        json_null(j, key);
    }
}

static void facts_json(struct json *j, const struct side side[SIDES])
{
    size_t n, same;
    struct fact_row *row = differing(side, &n, &same);
    json_open(j, "facts", '[');
    for (size_t i = 0; i < n; i++) {
        json_open(j, NULL, '{');
        json_str(j, "fact", row[i].id);
        fact_json(j, "a", fact_of(&side[0].d, row[i].id));
        fact_json(j, "b", fact_of(&side[1].d, row[i].id));
        json_close(j, '}');
    }
    json_close(j, ']');
    json_int(j, "same_facts", (int64_t)same);
    mem_free(row);
}

static void all_json(struct call *c, const struct side side[SIDES], const struct field *f,
                     const struct pair *p, size_t npairs)
{
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_int(&j, "a", side[0].s.id);
    json_int(&j, "b", side[1].s.id);
    json_open(&j, "fields", '[');
    for (size_t i = 0; i < FIELDS; i++) {
        json_open(&j, NULL, '{');
        json_str(&j, "field", f[i].key);
        json_str(&j, "a", strcmp(f[i].of[0], "-") != 0 ? f[i].of[0] : NULL);
        json_str(&j, "b", strcmp(f[i].of[1], "-") != 0 ? f[i].of[1] : NULL);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_open(&j, "votes", '[');
    for (size_t i = 0; i < npairs; i++) {
        json_open(&j, NULL, '{');
        json_str(&j, "agent", p[i].agent);
        json_str(&j, "source", p[i].source);
        json_flag(&j, "differs", votes_differ(&p[i]));
        vote_json_of(&j, "a", p[i].of[0]);
        vote_json_of(&j, "b", p[i].of[1]);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    parameters_json(&j, side);
    facts_json(&j, side);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

enum err compare_evaluations(struct call *c, int64_t a, int64_t b, struct error *e)
{
    struct side side[SIDES] = {0};
    struct field field[FIELDS] = {0};
    struct pair pair[VOTES_MAX];
    bool stored = c->out->format != OUTPUT_TEXT;
    enum err result = load(c, a, &side[0], e) || load(c, b, &side[1], e) ? e->kind : OK;
    if (!result) {
        head(field, 0, &side[0].s, stored);
        head(field, 1, &side[1].s, stored);
        size_t n = pair_votes(pair, side);
        if (c->out->format == OUTPUT_TEXT)
            all_text(c->out, side, field, pair, n);
        else
            all_json(c, side, field, pair, n);
    }
    for (int k = 0; k < SIDES; k++) {
        dossier_release(&side[k].d);
        stored_evaluation_release(&side[k].s);
    }
    return result;
}
