/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The demo desk's life: its past in seconds, then a day in minutes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/command/commands.h"
#include "core/command/daemon.h"
#include "core/command/status.h"
#include "quorum/calendar.h"
#include "quorum/engine.h"
#include "quorum/evaluation.h"
#include "quorum/market.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { SESSIONS_MAX = 1000, AWAIT_POLL_MS = 200 };

struct demo {
    bool reset, exits, has_seed, has_speed;
    int64_t seed, sessions;
    int32_t start;
    double speed;
    const char *scenario;
};

static enum err read_options(const struct call *c, struct demo *o, struct error *e)
{
    struct value speed = VALUE_UNKNOWN;
    const char *start = call_option(c, "start");
    *o = (struct demo){.sessions = DEMO_SESSIONS,
                       .start = DAY_NONE,
                       .reset = call_option(c, "reset") != NULL,
                       .exits = call_option(c, "exit") != NULL,
                       .has_seed = call_option(c, "seed") != NULL,
                       .scenario = call_option(c, "scenario")};
    if (call_int(c, "seed", 0, INT64_MAX, &o->seed, e) ||
        call_int(c, "sessions", 1, SESSIONS_MAX, &o->sessions, e) ||
        call_number(c, "speed", 1, 100000, &speed, e))
        return e->kind;
    o->has_speed = speed.known;
    o->speed = speed.known ? speed.v : DEMO_SPEED;
    if (start && (!day_parse(start, &o->start) || day_to_civil(o->start).year < 2020)) {
        err_set(e, ERR_USAGE, "--start=%.40s is not a day from 2020-01-01 on", start);
        return err_fix(e, "example: --start=2026-08-03");
    }
    if (c->desk_name && strcmp(c->desk_name, "demo") != 0)
        return err_set(e, ERR_USAGE, "demo is the demo desk; --desk %s is another", c->desk_name);
    return OK;
}

static enum err check_demo(const struct call *c, struct error *e)
{
    struct demo o;
    return read_options(c, &o, e);
}

/* --reset drops all the desk lived through. */
static int demo_level(const struct call *c)
{
    return call_option(c, "reset") ? 3 : 0;
}

static const char *demo_word(const struct call *c)
{
    (void)c;
    return "demo";
}

static enum err open_demo(struct call *c, const struct demo *o, bool lasting, struct error *e)
{
    c->desk_name = "demo";
    struct desk_options options = call_desk_options(c);
    options.lasting = lasting;
    if (o->has_seed)
        options.seed = &o->seed;
    return call_desk_with(c, &options, e);
}

static enum err drop_demo(struct call *c, struct error *e)
{
    c->desk_name = "demo";
    struct desk_options options = call_desk_options(c);
    return desk_drop(&options, DESK_DEMO, e);
}

/* A past cannot be changed, only begun anew. */
static enum err begin(struct call *c, const struct demo *o, struct error *e)
{
    struct life life;
    struct desk *d = c->desk;
    if (o->has_seed && d->seed != o->seed) {
        err_set(e, ERR_CONFLICT, "the demo desk was begun with seed %lld", (long long)d->seed);
        return err_fix(e, "begin anew: quorum demo --seed %lld --reset --confirm=demo",
                       (long long)o->seed);
    }
    bool wanted = o->start != DAY_NONE || call_option(c, "sessions");
    if (life_load(d, &life, e))
        return e->kind;
    if (!life.is_virtual && life_begin(d, o->start, (int)o->sessions, o->speed, e) == OK)
        return OK;
    if (e->kind == ERR_CONFLICT && !wanted)
        err_clear(e); /* another process began it a moment ago */
    if (e->kind)
        return e->kind;
    if (wanted) {
        err_set(e, ERR_CONFLICT, "the demo desk has lived %d sessions already", life.lived);
        return err_fix(e, "--start and --sessions need --reset --confirm=demo");
    }
    return o->has_speed ? life_set_speed(d, o->speed, e) : OK;
}

static enum err begin_scenario(struct call *c, const struct demo *o, struct error *e)
{
    int32_t from;
    char day[11];
    if (!o->scenario)
        return OK;
    if (life_add_scenario(c->desk, o->scenario, &from, e))
        return e->kind;
    out_line(c->out, "%s begins with the session of %s", o->scenario, day_print(day, from));
    return OK;
}

/* ---- --exit ---- */

struct progress {
    struct call *call;
    int64_t began;
    int lived;
};

static void lived_one(void *arg, int32_t day, int32_t last)
{
    struct progress *p = arg;
    char text[11];
    int left = calendar_between(day, last);
    p->lived++;
    if (p->call->quiet || !isatty(STDERR_FILENO))
        return;
    double per = (double)(time_monotonic_us() - p->began) / 1e6 / p->lived;
    fprintf(stderr, "\rliving %s, %d sessions left, about %.0f s \033[K", day_print(text, day),
            left, per * left);
    if (left == 0)
        fprintf(stderr, "\r\033[K");
}

static const struct statement summary = {
    "demo summary",
    "SELECT (SELECT count(*) FROM equity_marks), (SELECT count(*) FROM evaluations),"
    "  (SELECT count(*) FROM vote_scores), (SELECT count(*) FROM trade_outcomes),"
    "  (SELECT string_agg(n || ' ' || exit_reason, ', ' ORDER BY n DESC, exit_reason) FROM"
    "    (SELECT exit_reason, count(*) AS n FROM trade_outcomes GROUP BY 1) t),"
    "  (SELECT count(*) FROM positions WHERE closed_at IS NULL),"
    "  (SELECT equity_usd FROM equity_marks ORDER BY session DESC LIMIT 1),"
    "  (SELECT min(session) || ' to ' || max(session) FROM equity_marks)"};

static enum err summarise(struct call *c, double seconds, struct error *e)
{
    struct rows r = {0};
    char equity[40];
    int64_t micro = 0;
    if (db_query(c->desk->db, &summary, NULL, &r, e))
        return e->kind;
    const char *marks = rows_text(&r, 0, 6), *span = rows_text(&r, 0, 7);
    if (marks)
        decimal_parse(marks, MONEY_MICRO_DIGITS, &micro);
    out_line(c->out, "DEMO desk, seed %lld: %s sessions lived (%s) in %.1f s",
             (long long)c->desk->seed, rows_text(&r, 0, 0), span ? span : "-", seconds);
    out_line(c->out, "evaluations %s, votes scored %s, trades closed %s%s%s%s, open %s",
             rows_text(&r, 0, 1), rows_text(&r, 0, 2), rows_text(&r, 0, 3),
             rows_text(&r, 0, 4) ? " (" : "", rows_text(&r, 0, 4) ? rows_text(&r, 0, 4) : "",
             rows_text(&r, 0, 4) ? ")" : "", rows_text(&r, 0, 5));
    out_line(c->out, "equity $%s",
             decimal_group(equity, sizeof equity, micro, MONEY_MICRO_DIGITS, 2));
    rows_release(&r);
    return OK;
}

static enum err live_and_exit(struct call *c, const struct demo *o, struct error *e)
{
    struct progress p = {.call = c, .began = time_monotonic_us()};
    struct engine_options run = {.until_lived = true, .lived = lived_one, .arg = &p};
    if (open_demo(c, o, true, e) || begin(c, o, e) || begin_scenario(c, o, e) ||
        engine_run(c->desk, &run, e))
        return e->kind;
    return summarise(c, (double)(time_monotonic_us() - p.began) / 1e6, e);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Without a terminal there is one answer: it is given when there is something to tell. */
static enum err await_past(struct call *c, struct error *e)
{
    struct life life;
    do {
        loop_run_until(c->loop, never, NULL, AWAIT_POLL_MS);
        if (loop_interrupted(c->loop))
            return err_set(e, ERR_TRANSIENT, "interrupted; the engine goes on");
        if (life_load(c->desk, &life, e))
            return e->kind;
    } while (life.clock_at < life.live_from);
    return OK;
}

static enum err open_living(struct call *c, struct error *e)
{
    struct demo o;
    return read_options(c, &o, e) || open_demo(c, &o, false, e) || begin(c, &o, e) ||
                   begin_scenario(c, &o, e)
               ? e->kind
               : OK;
}

static enum err run_demo(struct call *c, struct error *e)
{
    struct demo o;
    struct daemon_start engine;
    if (read_options(c, &o, e) || (o.reset && drop_demo(c, e)))
        return e->kind;
    if (o.exits)
        return live_and_exit(c, &o, e);
    /* The console of the demo desk begins here, too, with options of its own. */
    const struct command *console = command_find("console");
    bool looks = c->out->format == OUTPUT_TEXT && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (console && (looks || c->command == console)) {
        c->desk_name = "demo";
        c->opens = open_living;
        return console->run(c, e);
    }
    if (open_living(c, e))
        return e->kind;
    desk_close(c->desk);
    c->desk = NULL;
    if (daemon_engine(c, false, &engine, e) || open_demo(c, &o, false, e))
        return e->kind;
    if (isatty(STDOUT_FILENO))
        return status_show(c, true, e);
    if (await_past(c, e) || status_show(c, false, e))
        return e->kind;
    out_line(c->out,
             "the engine goes on in the background: quorum --desk demo engine stop ends it");
    return OK;
}

static void help_scenarios(struct buf *out)
{
    buf_str(out, "Scenarios:");
    for (const char *const *s = market_scenarios; *s; s++)
        buf_printf(out, " %s", *s);
    buf_char(out, '\n');
}

static const struct option_row demo_options[] = {
    {"seed", "N", "of the simulated market; the same seed lives the same life"},
    {"sessions", "N", "of the past to live through first; default 60"},
    {"start", "DATE", "first session; default: so that the last real one ends the past"},
    {"speed", "X", "virtual seconds a second afterwards; default 160"},
    {"scenario", "NAME", "make something happen from the next session on"},
    {"reset", NULL, "drop the demo desk and begin anew (--confirm=demo)"},
    {"exit", NULL, "live through the past and stop: no screen, no engine left"},
    {NULL, NULL, NULL},
};

const struct command demo_commands[] = {
    {.name = "demo",
     .group = "Running the desk",
     .usage = "",
     .help = "start the demo desk: simulated market, 60 sessions of past, then live",
     .details = "No key, no network, no risk: prices, headlines and model answers are simulated "
                "and so are the costs.\nThe engine goes on in the background; quorum --desk demo "
                "engine stop ends it.",
     .options = demo_options,
     .acts = true,
     .no_csv = true,
     .check = check_demo,
     .level_of = demo_level,
     .confirm_word = demo_word,
     .more_help = help_scenarios,
     .run = run_demo},
    {.name = NULL},
};
