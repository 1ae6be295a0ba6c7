/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_BACKTEST_REPORT_H
#define COMMAND_BACKTEST_REPORT_H

#include "quorum/backtest.h"
#include "quorum/command.h"

/* One row of the report, whatever its form. */
struct row {
    char name[40];
    const char *key, *symbol;               /* symbol NULL: all */
    const struct backtest_trades *trades;   /* NULL: it makes none */
    const struct backtest_account *account; /* NULL: it has none */
    size_t draws;                           /* trades are of so many draws; 0: of one life */
};
struct report {
    struct row row[BACKTEST_LINES + 2 * BACKTEST_SYMBOLS_MAX];
    size_t n;
};

void backtest_csv(struct output *o, const struct report *rep);
void backtest_json(struct output *o, const struct backtest_options *opt,
                   const struct backtest_result *r, const struct report *rep);

/* The result as text, one JSON object, or CSV (a row for each line of the report). */
void backtest_report(struct output *o, const struct backtest_options *options,
                     const struct backtest_result *r);

#endif
