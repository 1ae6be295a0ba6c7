/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Versions of the agents' questions: which there are, what they came to, and what a person decides
 * about them. */
#include "quorum/prompts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/money.h"
#include "quorum/text.h"

enum { DIFF_LINES_MAX = 1500 };

/* ---- the list */

/* What the program keeps in a version's row: figures as they are, times in UTC. */
static void list_stored(struct output *o, const struct prompt_list *l)
{
    static const struct column columns[] = {
        {"agent", "", COLUMN_TEXT},       {"version", "", COLUMN_NUMBER},
        {"status", "", COLUMN_TEXT},      {"origin", "", COLUMN_TEXT},
        {"added_by", "", COLUMN_TEXT},    {"model", "", COLUMN_TEXT},
        {"sha256", "", COLUMN_TEXT},      {"bytes", "", COLUMN_NUMBER},
        {"created_at", "", COLUMN_TEXT},  {"score", "", COLUMN_NUMBER},
        {"right", "", COLUMN_NUMBER},     {"wrong", "", COLUMN_NUMBER},
        {"resolved", "", COLUMN_NUMBER},  {"best", "", COLUMN_NUMBER},
        {"share", "", COLUMN_NUMBER},     {"votes", "", COLUMN_NUMBER},
        {"buys", "", COLUMN_NUMBER},      {"retired_by", "", COLUMN_TEXT},
        {"retired_why", "", COLUMN_TEXT},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < l->n; i++) {
        const struct stored_prompt *s = &l->prompt[i];
        char version[16], bytes[24], score[24], right[24], wrong[24], n[24], best[24], share[24];
        char votes[24], buys[24];
        snprintf(version, sizeof version, "%d", s->score.version);
        snprintf(bytes, sizeof bytes, "%zu", strlen(s->content));
        snprintf(score, sizeof score, "%.6g", s->mean);
        snprintf(right, sizeof right, "%.6g", s->score.right);
        snprintf(wrong, sizeof wrong, "%.6g", s->score.wrong);
        snprintf(n, sizeof n, "%zu", s->score.resolved);
        snprintf(best, sizeof best, "%.6g", s->best);
        snprintf(share, sizeof share, "%.6g", s->share);
        snprintf(votes, sizeof votes, "%lld", (long long)s->votes);
        snprintf(buys, sizeof buys, "%lld", (long long)s->buys);
        table_row(&t, (const char *const[]){
                          s->agent, version, s->status, s->origin, s->added_by, s->model, s->sha256,
                          bytes, s->created_at, score, right, wrong, n, best, share, votes, buys,
                          s->active ? NULL : s->retired_by, s->active ? NULL : s->retired_why});
    }
    table_end(&t, o, "");
}

static void list_rows(struct output *o, const struct prompt_list *l)
{
    static const struct column columns[] = {
        {"agent", "AGENT", COLUMN_TEXT},   {"version", "V", COLUMN_NUMBER},
        {"status", "STATUS", COLUMN_TEXT}, {"score", "SCORE", COLUMN_NUMBER},
        {"resolved", "N", COLUMN_NUMBER},  {"best", "BEST", COLUMN_NUMBER},
        {"share", "SHARE", COLUMN_NUMBER}, {"votes", "VOTES", COLUMN_NUMBER},
        {"buys", "BUY", COLUMN_NUMBER},    {"since", "SINCE", COLUMN_TEXT},
        {"by", "BY", COLUMN_TEXT},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < l->n; i++) {
        const struct stored_prompt *s = &l->prompt[i];
        char version[16], score[16], n[24], best[16], share[16], votes[24], buys[16];
        char since[48];
        snprintf(version, sizeof version, "%d", s->score.version);
        snprintf(score, sizeof score, "%.2f", round_half_away(s->mean, 2));
        snprintf(n, sizeof n, "%zu", s->score.resolved);
        snprintf(best, sizeof best, "%.0f%%", 100 * s->best);
        snprintf(share, sizeof share, "%.0f%%", 100 * s->share);
        snprintf(votes, sizeof votes, "%lld", (long long)s->votes);
        snprintf(buys, sizeof buys, "%.0f%%",
                 s->votes ? 100 * (double)s->buys / (double)s->votes : 0.0);
        stored_tell(since, s->created_at, WHEN_MINUTE);
        table_row(&t, (const char *const[]){
                          s->agent, version, s->status, s->score.resolved ? score : NULL, n,
                          s->active ? best : NULL, s->active ? share : NULL, votes,
                          s->votes ? buys : NULL, since,
                          strcmp(s->origin, "program") == 0 ? s->origin : s->added_by});
    }
    table_end(&t, o, "no prompts are stored yet: an engine or an evaluation stores them");
}

static const struct agent *named(const struct call *c, const char *name)
{
    for (const struct agent *const *a = c->agents; *a; a++)
        if (strcmp((*a)->name, name) == 0)
            return *a;
    return NULL;
}

static void verdicts(struct call *c, const struct prompt_list *l)
{
    char text[200];
    for (size_t i = 0; i < l->n; i++) {
        const char *agent = l->prompt[i].agent;
        const struct agent *a = named(c, agent);
        if (i > 0 && strcmp(agent, l->prompt[i - 1].agent) == 0)
            continue;
        prompts_verdict(l, agent, text);
        if (a && a->role != AGENT_VOTER)
            out_line(c->out, "%s: no outcome says whether its answers were right", agent);
        else
            out_line(c->out, "%s: %s", agent, text);
    }
}

static void retired_lines(struct output *o, const struct prompt_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct stored_prompt *s = &l->prompt[i];
        char by[64], why[200];
        if (s->active)
            continue;
        sanitize_line(by, sizeof by, untrusted(s->retired_by));
        sanitize_line(why, sizeof why, untrusted(s->retired_why));
        out_line(o, "version %d was retired by %s: %s", s->score.version, by, why);
    }
}

static void list_json(struct call *c, const struct prompt_list *l)
{
    struct json j;
    char text[200];
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < l->n; i++) {
        const struct stored_prompt *s = &l->prompt[i];
        json_open(&j, NULL, '{');
        json_str(&j, "agent", s->agent);
        json_int(&j, "version", s->score.version);
        json_str(&j, "status", s->status);
        json_str(&j, "origin", s->origin);
        json_str(&j, "added_by", s->added_by);
        json_str(&j, "model", s->model);
        json_str(&j, "sha256", s->sha256);
        json_int(&j, "bytes", (int64_t)strlen(s->content));
        json_str(&j, "created_at", s->created_at);
        json_num(&j, "score", s->mean);
        json_num(&j, "right", s->score.right);
        json_num(&j, "wrong", s->score.wrong);
        json_int(&j, "resolved", (int64_t)s->score.resolved);
        json_num(&j, "best", s->best);
        json_num(&j, "share", s->share);
        json_int(&j, "votes", s->votes);
        json_int(&j, "buys", s->buys);
        json_str(&j, "retired_by", s->active ? NULL : s->retired_by);
        json_str(&j, "retired_why", s->active ? NULL : s->retired_why);
        json_str(&j, "verdict", prompts_verdict(l, s->agent, text));
        json_close(&j, '}');
    }
    json_close(&j, ']');
    buf_char(&c->out->text, '\n');
}

static enum err run_list(struct call *c, struct error *e)
{
    struct prompt_list l;
    bool one = c->nargs > 0;
    enum err result = prompts_list(c->desk, one ? c->arg[0] : NULL, &l, e);
    if (!result && c->out->format == OUTPUT_JSON) {
        list_json(c, &l);
    } else if (!result && c->out->format == OUTPUT_CSV) {
        list_stored(c->out, &l);
    } else if (!result) {
        list_rows(c->out, &l);
        if (l.n)
            verdicts(c, &l);
        if (one)
            retired_lines(c->out, &l);
    }
    prompts_list_release(&l);
    return result;
}

/* ---- texts */

static const struct stored_prompt *version_of(const struct prompt_list *l, int64_t version,
                                              struct error *e)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->prompt[i].score.version == version)
            return &l->prompt[i];
    err_set(e, ERR_USAGE, "there is no version %lld", (long long)version);
    if (l->n)
        err_fix(e, "quorum prompts %s lists them", l->prompt[0].agent);
    return NULL;
}

static enum err run_text(struct call *c, int64_t version, struct error *e)
{
    struct prompt_list l;
    if (prompts_list(c->desk, c->arg[0], &l, e))
        return e->kind;
    const struct stored_prompt *s = version_of(&l, version, e);
    if (s && c->out->format == OUTPUT_JSON) {
        struct json j;
        json_begin(&j, &c->out->text);
        json_open(&j, NULL, '{');
        json_str(&j, "agent", s->agent);
        json_int(&j, "version", version);
        json_str(&j, "sha256", s->sha256);
        json_str(&j, "content", s->content);
        json_close(&j, '}');
        buf_char(&c->out->text, '\n');
    } else if (s) {
        sanitize(&c->out->text, untrusted(s->content), TEXT_BLOCK, 0);
        if (s->content[0] && s->content[strlen(s->content) - 1] != '\n')
            buf_char(&c->out->text, '\n');
    }
    prompts_list_release(&l);
    return e->kind;
}

/* ---- diff */

struct lines {
    char **line;
    size_t n;
    struct arena arena;
};

static void split_lines(struct lines *l, const char *text)
{
    size_t most = 2;
    for (const char *p = text; *p; p++)
        most += *p == '\n';
    l->line = arena_alloc(&l->arena, most * sizeof *l->line);
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        char *copy = arena_alloc(&l->arena, n + 1);
        memcpy(copy, p, n);
        l->line[l->n++] = copy;
        p += n + (p[n] == '\n');
    }
}

struct diff_out {
    struct call *call;
    struct json json;
};

static void diff_line(struct diff_out *d, char op, const char *line)
{
    if (d->call->out->format == OUTPUT_JSON) {
        char word[2] = {op, '\0'};
        json_open(&d->json, NULL, '{');
        json_str(&d->json, "op", word);
        json_str(&d->json, "line", line);
        json_close(&d->json, '}');
        return;
    }
    struct buf clean = {0};
    sanitize(&clean, untrusted(line), TEXT_LINE, 0);
    out_line(d->call->out, "%c %s", op, buf_text(&clean));
    buf_release(&clean);
}

/* The longest common run of lines stays; what is only in one of them is marked. */
static void diff_lines(struct diff_out *d, const struct lines *a, const struct lines *b)
{
    size_t wide = b->n + 1, i = 0, k = 0;
    uint16_t *best = mem_array((a->n + 1) * wide, sizeof *best);
    for (size_t x = a->n; x-- > 0;) {
        for (size_t y = b->n; y-- > 0;) {
            uint16_t down = best[(x + 1) * wide + y], right = best[x * wide + y + 1];
            best[x * wide + y] = strcmp(a->line[x], b->line[y]) == 0
                                     ? (uint16_t)(best[(x + 1) * wide + y + 1] + 1)
                                 : down > right ? down
                                                : right;
        }
    }
    while (i < a->n || k < b->n) {
        if (i < a->n && k < b->n && strcmp(a->line[i], b->line[k]) == 0) {
            diff_line(d, ' ', a->line[i++]);
            k++;
        } else if (k == b->n || (i < a->n && best[(i + 1) * wide + k] >= best[i * wide + k + 1])) {
            diff_line(d, '-', a->line[i++]);
        } else {
            diff_line(d, '+', b->line[k++]);
        }
    }
    mem_free(best);
}

static enum err parse_pair(const char *text, int64_t version[2], struct error *e)
{
    char first[24];
    const char *comma = strchr(text, ',');
    if (comma && copy_bytes(first, sizeof first, text, (size_t)(comma - text)) &&
        text_to_int64(first, &version[0]) && text_to_int64(comma + 1, &version[1]))
        return OK;
    err_set(e, ERR_USAGE, "--diff takes two versions");
    err_code(e, "E06");
    return err_fix(e, "example: quorum prompts research --diff=1,2");
}

static enum err run_diff(struct call *c, struct error *e)
{
    struct prompt_list l;
    int64_t version[2] = {0};
    const struct stored_prompt *s[2] = {NULL, NULL};
    struct lines a = {0}, b = {0};
    struct diff_out d = {.call = c};
    if (parse_pair(call_option(c, "diff"), version, e) || prompts_list(c->desk, c->arg[0], &l, e))
        return e->kind;
    for (int i = 0; i < 2 && !e->kind; i++)
        s[i] = version_of(&l, version[i], e);
    if (s[0] && s[1]) {
        split_lines(&a, s[0]->content);
        split_lines(&b, s[1]->content);
        if (a.n > DIFF_LINES_MAX || b.n > DIFF_LINES_MAX)
            err_set(e, ERR_FAILED, "more than %d lines", DIFF_LINES_MAX);
    }
    if (!e->kind) {
        json_begin(&d.json, &c->out->text);
        if (c->out->format == OUTPUT_JSON)
            json_open(&d.json, NULL, '[');
        else
            out_line(c->out, "--- %s v%lld\n+++ %s v%lld", c->arg[0], (long long)version[0],
                     c->arg[0], (long long)version[1]);
        diff_lines(&d, &a, &b);
        if (c->out->format == OUTPUT_JSON) {
            json_close(&d.json, ']');
            buf_char(&c->out->text, '\n');
        }
    }
    arena_release(&a.arena);
    arena_release(&b.arena);
    prompts_list_release(&l);
    return e->kind;
}

/* ---- acts */

static enum err read_text(const char *path, struct buf *out, struct error *e)
{
    char shown[200], piece[4096];
    ssize_t n = 0;
    sanitize_line(shown, sizeof shown, untrusted(path));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        err_set(e, ERR_USAGE, "%s cannot be read: %s", shown, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        err_set(e, ERR_USAGE, "%s is not a file", shown);
    while (!e->kind && (n = read(fd, piece, sizeof piece)) > 0 && out->len <= PROMPT_TEXT_MAX)
        buf_add(out, piece, (size_t)n);
    if (!e->kind && n < 0)
        err_set(e, ERR_USAGE, "%s cannot be read: %s", shown, strerror(errno));
    if (fd >= 0)
        close(fd);
    return e->kind;
}

/* What was done, with what the figures said of it: `rule` NULL where no rule is asked. */
static void act_json(struct call *c, const char *act, const char *agent, int64_t version,
                     const char *rule, bool rule_agrees)
{
    struct json j;
    if (c->out->format != OUTPUT_JSON)
        return;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_str(&j, "act", act);
    json_str(&j, "agent", agent);
    json_int(&j, "version", version);
    json_str(&j, "figures", rule);
    if (strcmp(act, "retire") == 0)
        json_flag(&j, "rule_says_so", rule_agrees);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static enum err run_add(struct call *c, const struct agent *a, struct error *e)
{
    struct buf text = {0};
    int version;
    enum err result = read_text(call_option(c, "add"), &text, e);
    if (!result)
        result = prompts_store(c->desk, e);
    if (!result)
        result = prompt_add(c->desk, a, buf_text(&text), text.len, &version, e);
    buf_release(&text);
    if (result)
        return result;
    act_json(c, "add", a->name, version, NULL, false);
    out_line(c->out, "%s desk: %s version %d is asked from the next evaluation on, by turns",
             desk_kind_name(c->desk->kind), a->name, version);
    if (a->role != AGENT_VOTER)
        out_line(c->out, "no outcome judges this agent: it is asked by turns and the shares never "
                         "move");
    return OK;
}

/* What the rule says about retiring it; "" where it is not one of those compared. */
static enum err rule_says(struct call *c, int64_t version, bool *says, char why[160],
                          struct error *e)
{
    struct prompt_list l;
    struct prompt_version v[PROMPT_VERSIONS_MAX];
    size_t n = 0, which = PROMPT_VERSIONS_MAX;
    *says = false;
    why[0] = '\0';
    if (prompts_list(c->desk, c->arg[0], &l, e))
        return e->kind;
    for (size_t i = 0; i < l.n && n < PROMPT_VERSIONS_MAX; i++) {
        if (!l.prompt[i].active)
            continue;
        which = l.prompt[i].score.version == version ? n : which;
        v[n++] = l.prompt[i].score;
    }
    if (which < n)
        *says = prompt_retires(v, n, which, why);
    prompts_list_release(&l);
    return OK;
}

static enum err run_retire(struct call *c, int64_t version, struct error *e)
{
    bool says;
    char why[160], reason[200];
    const char *own = call_option(c, "reason");
    if (rule_says(c, version, &says, why, e))
        return e->kind;
    snprintf(reason, sizeof reason, "%s", own ? own : why);
    if (prompt_retire(c->desk, c->arg[0], (int)version, reason, e))
        return e->kind;
    act_json(c, "retire", c->arg[0], version, why, says);
    out_line(c->out, "%s desk: %s version %lld is not asked any more",
             desk_kind_name(c->desk->kind), c->arg[0], (long long)version);
    out_line(c->out, "the rule %s: %s", says ? "says so too" : "did not ask for it", why);
    return OK;
}

static enum err run_promote(struct call *c, int64_t version, struct error *e)
{
    struct prompt_list l;
    char verdict[200];
    const char *own = call_option(c, "reason");
    if (prompts_list(c->desk, c->arg[0], &l, e))
        return e->kind;
    prompts_verdict(&l, c->arg[0], verdict);
    prompts_list_release(&l);
    if (prompt_promote(c->desk, c->arg[0], (int)version, own ? own : verdict, e))
        return e->kind;
    act_json(c, "promote", c->arg[0], version, verdict, false);
    out_line(c->out, "%s desk: %s is asked with version %lld alone from the next evaluation on",
             desk_kind_name(c->desk->kind), c->arg[0], (long long)version);
    out_line(c->out, "the figures: %s", verdict);
    return OK;
}

static int acts(const struct call *c)
{
    return (call_option(c, "add") != NULL) + (call_option(c, "retire") != NULL) +
           (call_option(c, "promote") != NULL);
}

static int prompts_level(const struct call *c)
{
    return acts(c) ? 2 : 0;
}

static enum err option_version(const struct call *c, int64_t *out, struct error *e)
{
    *out = 0;
    if (call_int(c, "retire", 1, INT32_MAX, out, e) || call_int(c, "promote", 1, INT32_MAX, out, e))
        return e->kind;
    if (c->nargs < 2 || (text_to_int64(c->arg[1], out) && *out > 0 && *out <= INT32_MAX))
        return OK;
    err_set(e, ERR_USAGE, "the version is a number");
    return err_code(e, "E06");
}

static enum err check_prompts(const struct call *c, struct error *e)
{
    const struct agent *a;
    int64_t version, pair[2];
    const char *diff = call_option(c, "diff");
    if (c->nargs && call_agent(c, c->arg[0], &a, e))
        return e->kind;
    if (option_version(c, &version, e) || (diff && parse_pair(diff, pair, e)))
        return e->kind;
    if (c->nargs == 0 && (acts(c) || diff)) {
        err_set(e, ERR_USAGE, "prompts needs the agent");
        err_code(e, "E04");
        return err_fix(e, "example: quorum prompts research --diff=1,2");
    }
    if (c->out->format == OUTPUT_CSV && (diff || c->nargs > 1)) {
        err_set(e, ERR_USAGE, "a version's text is lines, not rows: it has no --csv");
        return err_fix(e, "--json gives all of it");
    }
    if (acts(c) + (diff != NULL) + (c->nargs > 1) > 1)
        return err_set(e, ERR_USAGE,
                       "one thing at a time: a version, --diff, --add, --retire or "
                       "--promote");
    return OK;
}

static enum err run_prompts(struct call *c, struct error *e)
{
    const struct agent *a = NULL;
    int64_t version;
    if (option_version(c, &version, e) || (c->nargs && call_agent(c, c->arg[0], &a, e)) ||
        call_desk(c, e))
        return e->kind;
    if (a && call_option(c, "add"))
        return run_add(c, a, e);
    if (call_option(c, "retire"))
        return run_retire(c, version, e);
    if (call_option(c, "promote"))
        return run_promote(c, version, e);
    if (call_option(c, "diff"))
        return run_diff(c, e);
    return c->nargs > 1 ? run_text(c, version, e) : run_list(c, e);
}

static const struct option_row prompts_options[] = {
    {"diff", "A,B", "the lines in which two versions differ"},
    {"add", "FILE", "a text of yours becomes a version, asked by turns (--yes)"},
    {"retire", "V", "this version is asked no more (--yes)"},
    {"promote", "V", "from now on it alone is asked (--yes)"},
    {"reason", "TEXT", "of --retire and --promote, for the record"},
    {NULL, NULL, NULL},
};

const struct command prompts_commands[] = {
    {.name = "prompts",
     .group = "Learning",
     .usage = "[AGENT [VERSION]]",
     .help = "versions of the agents' questions, their scores; add, compare, retire, promote",
     .details =
         "SCORE is the mean chance to be right with BUY and SELL, by N resolved votes (older ones\n"
         "count less); BEST the chance that it is the best of those asked; SHARE how often it is\n"
         "drawn: by that chance, and one time in ten by lot. At most three are asked. Without N\n"
         "enough no winner is named. Another model, or another text in the program, begins a new\n"
         "version. With a version: its text.",
     .max_args = 2,
     .options = prompts_options,
     .level_of = prompts_level,
     .check = check_prompts,
     .run = run_prompts},
    {.name = NULL},
};
