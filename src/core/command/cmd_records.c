/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was written down: the log, who looks, what operators did, the engines' work. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "core/command/show.h"
#include "quorum/jobs.h"
#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* The log and the files it rotates into, oldest first; log.c keeps five of 8 MB. */
static const char *const log_files[] = {"quorum.log.4", "quorum.log.3", "quorum.log.2",
                                        "quorum.log.1", "quorum.log"};
enum { LOG_LEVELS = 4, LOG_FILE_LARGEST = 32 << 20 };
static const char *const level_names[LOG_LEVELS] = {"debug", "info", "warn", "error"};

struct log_query {
    const char *pattern; /* NULL: any */
    int level;           /* this one and graver */
    int64_t since;       /* TIME_NONE: any time */
    int64_t limit;
};

/* One record as "TIME LEVEL AREA TEXT"; the parts point into the line, which is cut up. */
struct log_record {
    char *when, *level, *area, *text;
};

static bool split_record(char *line, struct log_record *r)
{
    char **part[] = {&r->when, &r->level, &r->area};
    char *p = line;
    for (size_t i = 0; i < ARRAY_LEN(part); i++) {
        *part[i] = p;
        p += strcspn(p, " ");
        if (!*p)
            return false;
        *p++ = '\0';
        p += strspn(p, " ");
    }
    r->text = p;
    return true;
}

static int level_of(const char *name)
{
    for (int i = 0; i < LOG_LEVELS; i++)
        if (strcmp(level_names[i], name) == 0)
            return i;
    return -1;
}

static bool fits(const struct log_query *q, const struct log_record *r)
{
    int64_t at;
    if (level_of(r->level) < q->level)
        return false;
    if (q->since != TIME_NONE && (!time_parse(r->when, &at) || at < q->since))
        return false;
    return !q->pattern || strcasestr(r->text, q->pattern) || strcasestr(r->area, q->pattern);
}

/* The records that fit, the last `limit` of them: a ring of rows. */
struct log_ring {
    struct log_record *record;
    size_t n, next, cap, dropped;
    struct arena arena;
};

static void ring_add(struct log_ring *ring, const struct log_record *r)
{
    if (ring->n == ring->cap)
        ring->dropped++;
    ring->record[ring->next] =
        (struct log_record){arena_text(&ring->arena, r->when), arena_text(&ring->arena, r->level),
                            arena_text(&ring->arena, r->area), arena_text(&ring->arena, r->text)};
    ring->next = (ring->next + 1) % ring->cap;
    ring->n += ring->n < ring->cap;
}

static void read_log(const char *path, const struct log_query *q, struct log_ring *ring)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < LOG_FILE_LARGEST) {
        char *text = mem_alloc((size_t)st.st_size + 1), *line = text, *end;
        ssize_t n = read(fd, text, (size_t)st.st_size);
        text[n > 0 ? n : 0] = '\0';
        for (; (end = strchr(line, '\n')); line = end + 1) {
            struct log_record r;
            *end = '\0';
            if (split_record(line, &r) && fits(q, &r))
                ring_add(ring, &r);
        }
        mem_free(text);
    }
    close(fd);
}

static enum err log_query_of(const struct call *c, struct log_query *q, struct error *e)
{
    const char *level = call_option(c, "level"), *since = call_option(c, "since");
    char interval[32];
    const char *unused = NULL;
    int64_t us;
    *q =
        (struct log_query){.since = TIME_NONE, .limit = 40, .pattern = c->nargs ? c->arg[0] : NULL};
    if (call_int(c, "limit", 1, 100000, &q->limit, e) || call_since(c, interval, &unused, e))
        return e->kind;
    if (since && duration_parse(since, &us))
        q->since = time_machine_now() - us;
    if (level && (q->level = level_of(level)) < 0) {
        err_set(e, ERR_USAGE, "--level is debug, info, warn or error");
        return err_code(e, "E06");
    }
    return OK;
}

static enum err check_log(const struct call *c, struct error *e)
{
    struct log_query q;
    return log_query_of(c, &q, e);
}

static void log_out(struct call *c, const struct log_ring *ring)
{
    static const struct column columns[] = {
        {"at", "TIME", COLUMN_TIME},
        {"level", "LEVEL", COLUMN_TEXT},
        {"area", "AREA", COLUMN_TEXT},
        {"text", "TEXT", COLUMN_TEXT},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < ring->n; i++) {
        const struct log_record *r =
            &ring->record[(ring->next + ring->cap - ring->n + i) % ring->cap];
        table_row(&t, (const char *const[]){r->when, r->level, r->area, r->text});
    }
    table_end(&t, c->out, "no record fits");
    if (ring->dropped)
        out_line(c->out, "%zu older ones fit, too (--limit)", ring->dropped);
}

static enum err run_log(struct call *c, struct error *e)
{
    struct log_query q;
    struct log_ring ring = {0};
    char path[600];
    if (log_query_of(c, &q, e))
        return e->kind;
    ring.cap = (size_t)q.limit;
    ring.record = mem_array(ring.cap, sizeof *ring.record);
    for (size_t i = 0; i < ARRAY_LEN(log_files); i++) {
        snprintf(path, sizeof path, "%s/log/%s", settings_home(c->settings), log_files[i]);
        read_log(path, &q, &ring);
    }
    log_out(c, &ring);
    mem_free(ring.record);
    arena_release(&ring.arena);
    return OK;
}

/* A console that has not been heard of for a minute is gone, whatever its row says. */
static const struct statement list_sessions = {
    "sessions",
    "SELECT operator, origin, kind, read_only,"
    "  extract(epoch FROM clock_timestamp() - started_at)::bigint,"
    "  extract(epoch FROM clock_timestamp() - seen_at)::bigint, started_at, seen_at, id "
    "FROM console_sessions "
    "WHERE ended_at IS NULL AND seen_at > clock_timestamp() - interval '1 minute' "
    "ORDER BY started_at"};
static const struct figure_column session_columns[] = {
    {"operator", "WHO", FIGURE_TEXT, 0},
    {"origin", "FROM", FIGURE_TEXT, 0},
    {"kind", "KIND", FIGURE_TEXT, 0},
    {"read_only", "READ ONLY", FIGURE_FLAG, 0},
    {"age_s", "FOR", FIGURE_AGE, 0},
    {"seen_s", "SEEN AGO", FIGURE_AGE, 0},
    {"started_at", "SINCE", FIGURE_WHEN, WIDTH_NEVER},
    {"seen_at", "SEEN", FIGURE_WHEN, WIDTH_NEVER},
    {"session_id", "ID", FIGURE_TEXT, WIDTH_NEVER},
};

static enum err list(struct call *c, const struct statement *st, struct params *p,
                     const struct figure_column *column, size_t n, const char *empty,
                     struct error *e)
{
    struct rows r = {0};
    struct figures f;
    if (db_query(c->desk->db, st, p, &r, e))
        return e->kind;
    figures_begin(&f, c->out, column, n);
    figures_rows(&f, &r);
    figures_end(&f, empty);
    rows_release(&r);
    return OK;
}

static enum err run_sessions(struct call *c, struct error *e)
{
    if (call_desk(c, e))
        return e->kind;
    return list(c, &list_sessions, NULL, session_columns, ARRAY_LEN(session_columns),
                "nobody is looking at this desk", e);
}

static const struct statement list_actions = {
    "actions", "SELECT id, at, operator, origin, verb, object, reason, before, after "
               "FROM operator_actions "
               "WHERE ($1::text IS NULL AND ($4::text IS NOT NULL OR operator <> 'schedule')"
               "   OR operator = $1 OR operator || '@' || origin = $1)"
               "  AND ($2::text IS NULL OR at >= clock_timestamp() - $2::interval) "
               "ORDER BY id DESC LIMIT $3::int"};
static const struct figure_column action_columns[] = {
    {"id", "ID", FIGURE_COUNT, 0},        {"at", "AT", FIGURE_WHEN, 0},
    {"operator", "WHO", FIGURE_TEXT, 0},  {"origin", "FROM", FIGURE_TEXT, 100},
    {"verb", "DID", FIGURE_TEXT, 0},      {"object", "TO", FIGURE_TEXT, 0},
    {"reason", "WHY", FIGURE_TEXT, 0},    {"before", "BEFORE", FIGURE_TEXT, 140},
    {"after", "AFTER", FIGURE_TEXT, 140},
};

static enum err run_actions(struct call *c, struct error *e)
{
    struct params p = {0};
    char interval[32];
    const char *since = NULL;
    int64_t limit = 20;
    if (call_since(c, interval, &since, e) || call_int(c, "limit", 1, 100000, &limit, e) ||
        call_desk(c, e))
        return e->kind;
    params_text(&p, call_option(c, "who"));
    params_text(&p, since);
    params_int(&p, limit);
    params_text(&p, call_option(c, "all"));
    if (list(c, &list_actions, &p, action_columns, ARRAY_LEN(action_columns),
             call_option(c, "who") || since ? "no action fits" : "no operator did anything yet", e))
        return e->kind;
    if (c->desk->kind == DESK_DEMO)
        out_line(c->out, "AT goes by this machine's clock, not by the desk's");
    return OK;
}

/* What is open, by when it is due, then what ended, newest first. */
static const struct statement list_jobs = {
    "jobs",
    "(SELECT id, kind, NULLIF(symbol, ''), due_at, state, attempt, locked_by,"
    "   concat_ws('; ', CASE WHEN retry_at > clock_timestamp() THEN 'again in ' ||"
    "     ceil(extract(epoch FROM retry_at - clock_timestamp())) || ' s' END, NULLIF(result, '')),"
    "   started_at, finished_at "
    " FROM jobs WHERE state IN ('available', 'running') ORDER BY due_at, stage, kind, symbol"
    " LIMIT $1::int) "
    "UNION ALL "
    "(SELECT id, kind, NULLIF(symbol, ''), due_at, state, attempt, locked_by, NULLIF(result, ''),"
    "   started_at, finished_at "
    " FROM jobs WHERE finished_at IS NOT NULL ORDER BY finished_at DESC, id DESC LIMIT $1::int)"};
static const struct figure_column job_columns[] = {
    {"job_id", "ID", FIGURE_COUNT, 0},
    {"kind", "KIND", FIGURE_TEXT, 0},
    {"symbol", "SYM", FIGURE_TEXT, 0},
    {"due_at", "DUE", FIGURE_WHEN, 0},
    {"state", "STATE", FIGURE_TEXT, 0},
    {"attempt", "TRY", FIGURE_COUNT, 0},
    {"engine", "ENGINE", FIGURE_TEXT, 112},
    {"result", "RESULT", FIGURE_TEXT, 0},
    {"started_at", "BEGUN", FIGURE_WHEN, WIDTH_NEVER},
    {"finished_at", "ENDED", FIGURE_WHEN, WIDTH_NEVER},
};

static enum err run_jobs(struct call *c, struct error *e)
{
    struct params p = {0};
    int64_t limit = 10;
    if (call_int(c, "limit", 1, 100000, &limit, e) || call_desk(c, e))
        return e->kind;
    params_int(&p, limit);
    return list(c, &list_jobs, &p, job_columns, ARRAY_LEN(job_columns),
                "no jobs yet: an engine makes them (quorum engine start)", e);
}

static const struct option_row log_options[] = {
    {"level", "L", "debug, info, warn or error: that and graver"},
    {"since", "DUR", "90s, 15m, 2h, 3d: not older than that"},
    {"limit", "N", "the last N records; default 40"},
    {NULL, NULL, NULL},
};
static const struct option_row actions_options[] = {
    {"who", "NAME", "operator, or operator@origin"},
    {"all", NULL, "with the orders of the schedule"},
    {"since", "DUR", "90m, 15h, 2d: not older than that"},
    {"limit", "N", "rows, newest first; default 20"},
    {NULL, NULL, NULL},
};
static const struct option_row jobs_options[] = {
    {"limit", "N", "that many open and that many ended; default 10"},
    {NULL, NULL, NULL},
};

const struct command records_commands[] = {
    {.name = "log",
     .group = "Looking",
     .usage = "[PATTERN]",
     .help = "the program's log on this machine, with a word looked for",
     .details = "Reads log/quorum.log of QUORUM_HOME and the files it rotates into. PATTERN is a\n"
                "piece of text in any case. Needs no database.",
     .max_args = 1,
     .options = log_options,
     .check = check_log,
     .run = run_log},
    {.name = "sessions",
     .group = "Looking",
     .usage = "",
     .help = "who is looking at the desk now",
     .run = run_sessions},
    {.name = "actions",
     .group = "Looking",
     .usage = "",
     .help = "what operators did, newest first",
     .details = "AT is real time, also on the demo desk, whose own clock is simulated.",
     .options = actions_options,
     .run = run_actions},
    {.name = "jobs",
     .group = "Looking",
     .usage = "",
     .help = "the engines' work: what is open, what ended last",
     .options = jobs_options,
     .run = run_jobs},
    {.name = NULL},
};
