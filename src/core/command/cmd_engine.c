/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Engines: in the foreground, in the background, stopping them, and who runs. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/daemon.h"
#include "core/command/figures.h"
#include "quorum/control.h"
#include "quorum/engine.h"
#include "quorum/log.h"
#include "quorum/text.h"

enum { STOP_TIMEOUT_MS = 60000, STOP_POLL_MS = 100 };

static enum err run_engine(struct call *c, struct error *e)
{
    struct desk_options o = call_desk_options(c);
    struct engine_options run = {0};
    o.lasting = true;
    if (call_desk_with(c, &o, e))
        return e->kind;
    log_to_stderr(!c->quiet);
    enum err result = engine_run(c->desk, &run, e);
    log_to_stderr(false);
    return result;
}

static enum err run_start(struct call *c, struct error *e)
{
    struct daemon_start s;
    if (daemon_engine(c, call_option(c, "another") != NULL, &s, e))
        return e->kind;
    if (s.already)
        out_line(c->out, "an engine runs already, pid %lld; --another starts one more",
                 (long long)s.pid);
    else
        out_line(c->out, "engine started, pid %lld; log: %s", (long long)s.pid, s.log);
    return OK;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

struct census {
    int alive, lost;
    int64_t in_flight;
};

static enum err count_engines(struct desk *d, struct census *out, struct error *e)
{
    struct arena a = {0};
    struct engine_row *row;
    size_t n;
    *out = (struct census){0};
    enum err r = engines_load(d, &a, &row, &n, e);
    for (size_t i = 0; !r && i < n; i++) {
        bool stopped = strcmp(row[i].state, "STOPPED") == 0;
        out->alive += !stopped && !row[i].gone;
        out->lost += !stopped && row[i].gone;
        out->in_flight += stopped || row[i].gone ? 0 : row[i].in_flight;
    }
    arena_release(&a);
    return r;
}

static const struct statement last_intent = {"last intent",
                                             "SELECT id, created_at FROM orders WHERE purpose = "
                                             "'ENTRY' ORDER BY created_at DESC, id DESC LIMIT 1"};

static enum err prove_stop(struct call *c, int64_t asked, struct error *e)
{
    char at[48];
    struct rows r = {0};
    if (db_query(c->desk->db, &last_intent, NULL, &r, e))
        return e->kind;
    if (r.nrows)
        out_line(c->out, "%lld engine%s stopped: in flight 0, last entry order %s at %s",
                 (long long)asked, asked == 1 ? "" : "s", rows_text(&r, 0, 0),
                 stored_tell(at, rows_text(&r, 0, 1), WHEN_SECOND));
    else
        out_line(c->out, "%lld engine%s stopped: in flight 0, no entry order was ever made",
                 (long long)asked, asked == 1 ? "" : "s");
    rows_release(&r);
    return OK;
}

static enum err run_stop(struct call *c, struct error *e)
{
    int64_t asked = 0;
    struct census now;
    if (call_desk(c, e) || engines_ask_to_stop(c->desk, &asked, e) ||
        count_engines(c->desk, &now, e))
        return e->kind;
    if (now.alive == 0) {
        out_line(c->out, "no engine runs on the %s desk", desk_kind_name(c->desk->kind));
        return OK;
    }
    for (int waited = 0; now.alive && waited < STOP_TIMEOUT_MS; waited += STOP_POLL_MS) {
        loop_run_until(c->loop, never, NULL, STOP_POLL_MS);
        if (loop_interrupted(c->loop))
            break;
        if (count_engines(c->desk, &now, e))
            return e->kind;
    }
    if (now.alive == 0)
        return prove_stop(c, asked, e);
    err_set(e, ERR_TRANSIENT, "%d engine%s still at work, %lld evaluations in flight", now.alive,
            now.alive == 1 ? " is" : "s are", (long long)now.in_flight);
    return err_fix(e, "they stop when these end: quorum engine status");
}

static enum err run_status(struct call *c, struct error *e)
{
    static const struct column columns[] = {
        {"id", "ENGINE", COLUMN_TEXT},           {"state", "STATE", COLUMN_TEXT},
        {"leads", "LEADS", COLUMN_FLAG},         {"in_flight", "IN FLIGHT", COLUMN_NUMBER},
        {"beat_age_s", "BEAT S", COLUMN_NUMBER}, {"version", "VERSION", COLUMN_TEXT},
        {"started_at", "STARTED", COLUMN_TIME},
    };
    struct arena a = {0};
    struct engine_row *row;
    struct table t;
    size_t n;
    if (call_desk(c, e) || engines_load(c->desk, &a, &row, &n, e))
        return e->kind;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        char flight[24], age[24];
        snprintf(flight, sizeof flight, "%lld", (long long)row[i].in_flight);
        snprintf(age, sizeof age, "%.1f", (double)row[i].beat_age_ms / 1000);
        bool stopped = strcmp(row[i].state, "STOPPED") == 0;
        table_row(&t, (const char *const[]){row[i].id,
                                            !stopped && row[i].gone ? "NO HEARTBEAT" : row[i].state,
                                            row[i].leads ? "t" : "f", flight, stopped ? NULL : age,
                                            row[i].version, row[i].started_at});
    }
    table_end(&t, c->out, "no engine runs: quorum engine start");
    arena_release(&a);
    return OK;
}

static const struct option_row start_options[] = {
    {"another", NULL, "also when one runs on this host already"},
    {NULL, NULL, NULL},
};

const struct command engine_commands[] = {
    {.name = "engine",
     .group = "Running the desk",
     .usage = "",
     .help = "run an engine here, in the foreground",
     .details =
         "An engine takes the desk's jobs: looks at prices, evaluations, entries, marks. One of\n"
         "several leads and runs the schedule. SIGTERM and Ctrl-C end what was begun and stop;\n"
         "SIGUSR2 or a file HALT in QUORUM_HOME halts the desk: no entry is made any more.",
     .acts = true,
     .no_csv = true,
     .run = run_engine},
    {.name = "engine start",
     .group = "Running the desk",
     .usage = "",
     .help = "start an engine in the background",
     .acts = true,
     .no_csv = true,
     .options = start_options,
     .run = run_start},
    {.name = "engine stop",
     .group = "Running the desk",
     .usage = "",
     .help = "let all engines of the desk end what they began and stop, with proof",
     .acts = true,
     .no_csv = true,
     .run = run_stop},
    {.name = "engine status",
     .group = "Running the desk",
     .usage = "",
     .help = "engines of the desk: state, who leads, heartbeat",
     .run = run_status},
    {.name = NULL},
};
