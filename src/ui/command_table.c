/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All commands. It stands here, above all else, so that the core need not know of a console. */
#include "core/command/commands.h"
#include "ui/cmd_console.h"

const struct command *const command_groups[] = {
    status_commands,
    trading_commands,
    results_commands,
    watch_commands,
    records_commands,
    guard_commands,
    control_commands,
    watchlist_commands,
    evaluate_commands,
    budget_commands,
    vendor_commands,
    market_commands,
    engine_commands,
    demo_commands,
    backtest_commands,
    learning_commands,
    parameter_commands,
    whatif_commands,
    review_commands,
    calibration_commands,
    prompts_commands,
    replay_commands,
    away_commands,
    note_commands,
    desk_commands,
    database_commands,
    console_commands,
    program_commands,
    NULL,
};
