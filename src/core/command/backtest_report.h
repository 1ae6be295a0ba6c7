/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_BACKTEST_REPORT_H
#define COMMAND_BACKTEST_REPORT_H

#include "quorum/backtest.h"
#include "quorum/command.h"

/* The result as text, one JSON object, or CSV (a row for each line of the report). */
void backtest_report(struct output *o, const struct backtest_options *options,
                     const struct backtest_result *r);

#endif
