/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Versions as a person sees them, and what a person does with them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "quorum/calibration.h"
#include "quorum/prompts.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#define SURE_BEST 0.95

static const struct statement list = {
    "prompts list",
    "SELECT a.agent_name, a.version, a.status, a.origin, a.added_by, a.model, a.content,"
    "  a.content_sha256, a.created_at,"
    "  a.retired_by, a.retired_why, a.right_weight, a.wrong_weight, a.resolved,"
    "  GREATEST(extract(epoch FROM desk_now() - a.scored_at) / 86400, 0),"
    "  COALESCE(v.votes, 0), COALESCE(v.buys, 0) "
    "FROM agent_prompts a LEFT JOIN (SELECT agent, prompt_version, count(*) AS votes,"
    "    count(*) FILTER (WHERE vote = 'BUY') AS buys FROM votes"
    "  WHERE source = 'model' AND evaluation_id >"
    "    (SELECT COALESCE(max(id), 0) - $2::bigint FROM evaluations) GROUP BY 1, 2) v"
    "  ON v.agent = a.agent_name AND v.prompt_version = a.version "
    "WHERE a.prompt_name = 'system' AND ($1::text IS NULL OR a.agent_name = $1) "
    "ORDER BY a.agent_name, a.version DESC"};

static const char *kept(struct arena *a, const char *text)
{
    return arena_text(a, text ? text : "");
}

/* As every other time of the desk is told to programs. */
static const char *kept_time(struct arena *a, const char *stored)
{
    char when[33];
    int64_t t;
    return kept(a, stored && time_parse(stored, &t) ? time_print_iso(when, t) : stored);
}

static void take_row(struct prompt_list *l, const struct rows *r, size_t i)
{
    struct arena *a = &l->arena;
    struct stored_prompt *s = &l->prompt[l->n++];
    bool never;
    double days = rows_double(r, i, 14, &never), weight = never ? 1 : pow(PROMPT_DISCOUNT, days);
    *s = (struct stored_prompt){
        .agent = kept(a, rows_text(r, i, 0)),
        .status = kept(a, rows_text(r, i, 2)),
        .origin = kept(a, rows_text(r, i, 3)),
        .added_by = kept(a, rows_text(r, i, 4)),
        .model = kept(a, rows_text(r, i, 5)),
        .content = kept(a, rows_text(r, i, 6)),
        .sha256 = kept(a, rows_text(r, i, 7)),
        .created_at = kept_time(a, rows_text(r, i, 8)),
        .retired_by = kept(a, rows_text(r, i, 9)),
        .retired_why = kept(a, rows_text(r, i, 10)),
        .score = {.version = (int)rows_int(r, i, 1),
                  .right = weight * rows_double(r, i, 11, &(bool){false}),
                  .wrong = weight * rows_double(r, i, 12, &(bool){false}),
                  .resolved = (size_t)rows_int(r, i, 13)},
        .votes = rows_int(r, i, 15),
        .buys = rows_int(r, i, 16),
    };
    s->active = strcmp(s->status, "ACTIVE") == 0;
    s->mean = prompt_score(&s->score);
}

/* The active ones of one agent, at most as many as are compared. */
static size_t active_of(const struct prompt_list *l, const char *agent,
                        struct stored_prompt *out[PROMPT_VERSIONS_MAX],
                        struct prompt_version score[PROMPT_VERSIONS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < l->n && n < PROMPT_VERSIONS_MAX; i++) {
        if (!l->prompt[i].active || strcmp(l->prompt[i].agent, agent) != 0)
            continue;
        out[n] = &l->prompt[i];
        score[n++] = l->prompt[i].score;
    }
    return n;
}

static void compare(struct prompt_list *l, const char *agent)
{
    struct stored_prompt *s[PROMPT_VERSIONS_MAX];
    struct prompt_version score[PROMPT_VERSIONS_MAX];
    double best[PROMPT_VERSIONS_MAX] = {1};
    size_t n = active_of(l, agent, s, score);
    if (n > 1)
        prompt_best(score, n, best);
    for (size_t i = 0; i < n; i++) {
        s[i]->best = best[i];
        s[i]->share = n > 1 ? PROMPT_EXPLORE / (double)n + (1 - PROMPT_EXPLORE) * best[i] : 1;
    }
}

enum err prompts_list(struct desk *d, const char *agent, struct prompt_list *out, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    *out = (struct prompt_list){0};
    params_text(&p, agent);
    params_int(&p, CALIBRATION_WINDOW);
    if (db_query(d->db, &list, &p, &r, e))
        return e->kind;
    out->prompt = arena_alloc(&out->arena, (r.nrows + 1) * sizeof *out->prompt);
    for (size_t i = 0; i < r.nrows; i++)
        take_row(out, &r, i);
    for (size_t i = 0; i < out->n; i++)
        if (i == 0 || strcmp(out->prompt[i].agent, out->prompt[i - 1].agent) != 0)
            compare(out, out->prompt[i].agent);
    rows_release(&r);
    return OK;
}

void prompts_list_release(struct prompt_list *l)
{
    arena_release(&l->arena);
    *l = (struct prompt_list){0};
}

/* Around the rate seen, kept where the arithmetic has meaning. */
static double votes_needed(const struct prompt_version *v, size_t n)
{
    double right = 1, all = 2;
    for (size_t i = 0; i < n; i++) {
        right += v[i].right;
        all += v[i].right + v[i].wrong;
    }
    return prompt_votes_needed(fmin(0.9, fmax(0.1, right / all)), PROMPT_APART);
}

const char *prompts_verdict(const struct prompt_list *l, const char *agent, char dst[200])
{
    struct stored_prompt *s[PROMPT_VERSIONS_MAX];
    struct prompt_version score[PROMPT_VERSIONS_MAX];
    size_t n = active_of(l, agent, s, score), top = 0, least = 0;
    if (n < 2) {
        snprintf(dst, 200, n ? "one version is asked: nothing is compared" : "no version is asked");
        return dst;
    }
    for (size_t i = 1; i < n; i++) {
        top = s[i]->best > s[top]->best ? i : top;
        least = score[i].resolved < score[least].resolved ? i : least;
    }
    double needed = votes_needed(score, n);
    if ((double)score[least].resolved < needed)
        snprintf(dst, 200,
                 "not enough data: need ~%.0f resolved votes each to tell %.0f points, have %zu",
                 needed, 100 * PROMPT_APART, score[least].resolved);
    else if (s[top]->best >= SURE_BEST)
        snprintf(dst, 200, "version %d is the best of %zu, %.0f%% sure", score[top].version, n,
                 100 * s[top]->best);
    else
        snprintf(dst, 200, "no difference of %.0f points is seen in %zu votes each",
                 100 * PROMPT_APART, score[least].resolved);
    return dst;
}

/* ---- a person's acts */

static const struct statement add = {"prompt add", "SELECT added, problem FROM prompt_add($1, $2,"
                                                   " $3::int, $4, $5)"};
static const struct statement retire = {"prompt retire",
                                        "SELECT prompt_retire($1, $2::int, $3, $4, $5)"};
static const struct statement promote = {"prompt promote",
                                         "SELECT prompt_promote($1, $2::int, $3, $4, $5)"};

static enum err check_text(const char *text, size_t len, struct error *e)
{
    uint32_t c = 0;
    if (len == 0 || strspn(text, " \t\r\n") == len)
        return err_set(e, ERR_USAGE, "the text is empty");
    if (len > PROMPT_TEXT_MAX) {
        err_set(e, ERR_USAGE, "the text has more than %d bytes, the most that is asked",
                PROMPT_TEXT_MAX);
        return err_fix(e, "every question pays for its whole length");
    }
    if (memchr(text, '\0', len) || !text_is_utf8(text, len))
        return err_set(e, ERR_USAGE, "the text is not UTF-8");
    size_t at = text_find_hidden(text, len, &c);
    if (at < len) {
        bool control = c < 0xa0;
        err_set(e, ERR_USAGE, "the text holds a %s character (byte %zu): U+%04X",
                control ? "control" : "hidden", at + 1, (unsigned)c);
        return control ? ERR_USAGE : err_fix(e, "a person must see what is asked");
    }
    return OK;
}

enum err prompt_add(struct desk *d, const struct agent *a, const char *text, size_t len,
                    int *version, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    *version = 0;
    if (check_text(text, len, e))
        return e->kind;
    params_text(&p, a->name);
    params_text(&p, text);
    params_int(&p, PROMPT_VERSIONS_MAX);
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    if (db_query(d->db, &add, &p, &r, e))
        return e->kind;
    const char *problem = rows_text(&r, 0, 1);
    *version = (int)rows_int(&r, 0, 0);
    if (problem) {
        err_set(e, ERR_POLICY, "%s: %s", a->name, problem);
        err_fix(e,
                "quorum prompts %s lists them; --retire=V makes room, --promote=V brings one "
                "back",
                a->name);
    }
    rows_release(&r);
    return *version ? OK : e->kind;
}

static enum err act(struct desk *d, const struct statement *st, const char *agent, int version,
                    const char *why, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_text(&p, agent);
    params_int(&p, version);
    params_text(&p, why);
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    if (db_query(d->db, st, &p, &r, e))
        return e->kind;
    const char *problem = rows_text(&r, 0, 0);
    enum err result = OK;
    if (problem) {
        result = err_set(e, ERR_POLICY, "%s: %s", agent, problem);
        err_fix(e, "quorum prompts %s lists them", agent);
    }
    rows_release(&r);
    return result;
}

enum err prompt_retire(struct desk *d, const char *agent, int version, const char *why,
                       struct error *e)
{
    return act(d, &retire, agent, version, why, e);
}

enum err prompt_promote(struct desk *d, const char *agent, int version, const char *why,
                        struct error *e)
{
    return act(d, &promote, agent, version, why, e);
}
