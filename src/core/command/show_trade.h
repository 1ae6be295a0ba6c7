/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One trade or open position written out: its chain from the evaluation to the exit. */
#ifndef COMMAND_SHOW_TRADE_H
#define COMMAND_SHOW_TRADE_H

#include "core/command/figures.h"

/* What `trade ID` means: a row of trade_outcomes. E10 names the newest ones. */
enum err show_trade(struct call *c, int64_t trade_id, bool why, struct error *e);
/* A position by its own id, open or closed. */
enum err show_position(struct call *c, int64_t position_id, bool why, struct error *e);
/* `why SYMBOL`: its open position, else its last trade, else its last evaluation. */
enum err show_why_symbol(struct call *c, const char *symbol, struct error *e);
/* The id of a symbol's open position, 0 when it has none. */
enum err find_open_position(struct desk *d, const char *symbol, int64_t *id, struct error *e);

#endif
