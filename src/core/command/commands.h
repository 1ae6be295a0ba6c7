/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The groups of the command table, one file each. */
#ifndef QUORUM_COMMANDS_H
#define QUORUM_COMMANDS_H

#include "quorum/command.h"

extern const struct command status_commands[];      /* cmd_status.c: status */
extern const struct command trading_commands[];     /* cmd_trading.c: positions, trades */
extern const struct command results_commands[];     /* cmd_results.c: equity, periods, perf */
extern const struct command watch_commands[];       /* cmd_watch.c: watch, quote, regime, why-not */
extern const struct command watchlist_commands[];   /* cmd_watch.c: watch add, watch rm */
extern const struct command records_commands[];     /* cmd_records.c: log, actions, jobs */
extern const struct command guard_commands[];       /* cmd_guards.c: guards, alerts */
extern const struct command evaluate_commands[];    /* cmd_evaluate.c: asking the agents */
extern const struct command parameter_commands[];   /* cmd_parameters.c: param */
extern const struct command whatif_commands[];      /* cmd_whatif.c: whatif */
extern const struct command budget_commands[];      /* cmd_budget.c: budget, costs */
extern const struct command vendor_commands[];      /* cmd_vendor.c: fmp */
extern const struct command market_commands[];      /* cmd_market.c: indicators, size, agents */
extern const struct command engine_commands[];      /* cmd_engine.c: engine ... */
extern const struct command demo_commands[];        /* cmd_demo.c: demo */
extern const struct command backtest_commands[];    /* cmd_backtest.c: backtest */
extern const struct command control_commands[];     /* cmd_control.c: pause, kill, close */
extern const struct command desk_commands[];        /* cmd_desk.c: desks, settings, audit */
extern const struct command database_commands[];    /* cmd_database.c: db ... */
extern const struct command program_commands[];     /* cmd_program.c: doctor, help, version */
extern const struct command review_commands[];      /* cmd_review.c: pending, approve, revert */
extern const struct command learning_commands[];    /* cmd_learning.c: learn, learning, cycle */
extern const struct command calibration_commands[]; /* cmd_calibration.c: calibration */
extern const struct command prompts_commands[];     /* cmd_prompts.c: prompts */
extern const struct command replay_commands[];      /* cmd_replay.c: replay, diff */
extern const struct command away_commands[];        /* cmd_away.c: away */
extern const struct command note_commands[];        /* cmd_notes.c: note, notes */

/* The agent of that name; ERR_USAGE with the names there are. */
enum err call_agent(const struct call *c, const char *name, const struct agent **out,
                    struct error *e);

#endif
