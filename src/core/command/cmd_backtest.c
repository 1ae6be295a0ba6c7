/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A desk's life through recorded years, in a database that is gone afterwards. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/command/backtest_report.h"
#include "core/command/commands.h"
#include "quorum/evaluation.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* The setting of the published table of random entries (docs/broker.md). */
#define STOP_PCT   3.2
#define TARGET_PCT 8.5
enum { TIME_EXIT = 60, TIME_EXIT_MAX = 250, SEED = 42 };

struct progress {
    struct call *call;
    int64_t began, said;
    bool terminal;
    int signal;
};

static void said(void *arg, size_t done, size_t all)
{
    struct progress *p = arg;
    int64_t now = time_monotonic_us(), every = p->terminal ? USEC_SECOND / 5 : 10 * USEC_SECOND;
    bool over = done == all;
    if (p->call->quiet || (now - p->said < every && !(over && p->terminal)))
        return;
    p->said = now;
    double left = (double)(now - p->began) / 1e6 / (double)done * (double)(all - done);
    if (over)
        fprintf(stderr, "\r\033[K");
    else
        fprintf(stderr, "%s%zu of %zu sessions, about %.0f s left%s", p->terminal ? "\r" : "", done,
                all, left, p->terminal ? " \033[K" : "\n");
}

static bool stopped(void *arg)
{
    return ((const struct progress *)arg)->signal != 0;
}

static void caught(void *arg, int number)
{
    ((struct progress *)arg)->signal = number;
}

static enum err read_day(const struct call *c, const char *name, int32_t *out, struct error *e)
{
    const char *value = call_option(c, name);
    char shown[40];
    *out = DAY_NONE;
    if (!value || day_parse(value, out))
        return OK;
    sanitize_line(shown, sizeof shown, untrusted(value));
    err_set(e, ERR_USAGE, "--%s=%s is not a date", name, shown);
    err_code(e, "E06");
    return err_fix(e, "example: --%s=2014-06-09", name);
}

/* One of the three asks for fixed exits; the others are then the table's. */
static enum err read_exits(const struct call *c, struct backtest_exits *x, struct error *e)
{
    struct value stop = VALUE_UNKNOWN, target = VALUE_UNKNOWN;
    int64_t sessions = 0;
    if (call_number(c, "stop-pct", 0.1, 50, &stop, e) ||
        call_number(c, "target-pct", 0.1, 1000, &target, e) ||
        call_int(c, "time-exit", 1, TIME_EXIT_MAX, &sessions, e))
        return e->kind;
    *x = (struct backtest_exits){0};
    if (stop.known || target.known || sessions)
        *x = (struct backtest_exits){.fixed = true,
                                     .stop_pct = stop.known ? stop.v : STOP_PCT,
                                     .target_pct = target.known ? target.v : TARGET_PCT,
                                     .sessions = sessions ? (int)sessions : TIME_EXIT};
    return OK;
}

static enum err read_options(const struct call *c, struct backtest_options *o, struct error *e)
{
    int64_t agreement = 0, seed = SEED;
    *o = (struct backtest_options){.symbols = call_option(c, "symbols"),
                                   .voters = call_option(c, "agents"),
                                   .costs = cost_model_default};
    o->explores = call_option(c, "explore") != NULL;
    o->costs.none = call_option(c, "no-costs") != NULL;
    if (read_day(c, "from", &o->from, e) || read_day(c, "to", &o->to, e) ||
        read_exits(c, &o->exits, e) || call_int(c, "min-agreement", 1, VOTERS_MAX, &agreement, e) ||
        call_int(c, "seed", 0, INT64_MAX, &seed, e))
        return e->kind;
    o->min_agreement = (int)agreement;
    o->seed = (uint64_t)seed;
    if (o->from != DAY_NONE && o->to != DAY_NONE && o->to <= o->from) {
        err_set(e, ERR_USAGE, "--to lies before --from");
        return err_code(e, "E06");
    }
    return OK;
}

static const char *data_dir(const struct call *c)
{
    const char *dir = call_option(c, "data");
    return dir || !c->settings ? dir : settings_text(c->settings, SETTING_DATA);
}

/* What can be told before a database is made. */
static enum err check_backtest(const struct call *c, struct error *e)
{
    struct backtest_options o;
    const struct agent *voter[VOTERS_MAX];
    struct market *m = NULL;
    const char *dir = data_dir(c);
    size_t n = 0;
    if (read_options(c, &o, e))
        return e->kind;
    if (o.voters && voters_parse(c->agents, o.voters, voter, &n, e))
        return e->kind;
    if (!dir) {
        err_set(e, ERR_USAGE, "which bars? --data names a directory of them");
        return err_fix(e, "one CSV a symbol: SYMBOL.csv, with date,open,high,low,close,volume");
    }
    enum err r = market_recorded_new(dir, &m, e);
    market_free(m);
    return r;
}

static enum err run_backtest(struct call *c, struct error *e)
{
    char name[64];
    struct backtest_options o;
    struct backtest_result r;
    struct progress p = {.call = c, .terminal = isatty(STDERR_FILENO)};
    if (read_options(c, &o, e))
        return e->kind;
    struct desk_options options = call_desk_options(c);
    options.data_dir = data_dir(c);
    options.scratch = backtest_database(name);
    if (call_desk_with(c, &options, e))
        return e->kind;
    backtest_drop_leftovers(c->desk);
    /* From here a signal ends the run between two sessions, and the database goes with it. */
    loop_on_signal(c->loop, SIGINT, caught, &p);
    loop_on_signal(c->loop, SIGTERM, caught, &p);
    loop_on_signal(c->loop, SIGHUP, caught, &p);
    o.progress = said;
    o.stopped = stopped;
    o.arg = &p;
    p.began = p.said = time_monotonic_us();
    enum err result = backtest_run(c->desk, &o, &r, e);
    loop_catch_signals(c->loop);
    if (p.terminal && !c->quiet)
        fprintf(stderr, "\r\033[K");
    if (!result) {
        backtest_report(c->out, &o, &r);
        if (r.unproven.nrows || r.replay_wrong)
            c->exit_status = ERR_FAILED;
    }
    backtest_result_release(&r);
    return result;
}

static const struct option_row backtest_options[] = {
    {"data", "DIR", "recorded daily bars: SYMBOL.csv, or raw bars with SYMBOL_factors.csv"},
    {"symbols", "LIST", "AAPL,IBM; default: all of the directory"},
    {"from", "DATE", "first session; default: the first bar's"},
    {"to", "DATE", "last session; default: the last bar's"},
    {"agents", "LIST", "baseline voters; default: technical_analyst"},
    {"min-agreement", "N", "votes that must agree; default 1, with --agents the setting"},
    {"stop-pct", "P", "a fixed stop, percent below the entry (3.2 beside the other two)"},
    {"target-pct", "P", "a fixed target, percent above the entry (8.5)"},
    {"time-exit", "N", "a fixed limit of sessions (60)"},
    {"explore", NULL, "size without the Kelly gate, which ends what shows no edge in 30 trades"},
    {"no-costs", NULL, "no spread, no slippage, no fees"},
    {"seed", "N", "of random entries and intervals; default 42"},
    {NULL, NULL, NULL},
};

const struct command backtest_commands[] = {
    {.name = "backtest",
     .group = "The parts by hand",
     .usage = "",
     .help = "a desk's life through recorded years, beside random entries and holding",
     .details =
         "The baselines vote at each close, the next open fills, with the desk's own sizes, "
         "guards,\n"
         "exits and costs. Any of --stop-pct, --target-pct and --time-exit fixes all three and\n"
         "turns the trailing stop and the exit by regime off. The start capital is "
         "QUORUM_PORTFOLIO.\nIt lives in a database of its own, which is dropped at the end. "
         "Exit status 1: the ledger is not\nproven.",
     .options = backtest_options,
     .check = check_backtest,
     .run = run_backtest},
    {.name = NULL},
};
