/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What bounds new risk. One SQL function, guards(symbol, price, stop_pct, sector), is the only
 * place that knows the rules: the transaction that creates an entry order obeys it, `guards` shows
 * it. Open orders count as if filled. A guard never stops an exit. */
#ifndef QUORUM_GUARDS_H
#define QUORUM_GUARDS_H

#include "quorum/desk.h"

struct guard {
    const char *name;  /* "sector" */
    const char *value; /* decimal text; NULL: unknown, or not a number */
    const char *limit;
    const char *unit;     /* "%", "$", "positions", "sessions" */
    const char *distance; /* to the limit, decimal text; NULL: not a distance */
    const char *text;     /* why it blocks, or "" */
    bool blocks;
    int64_t max_shares; /* that this guard leaves for the symbol; -1: no say */
};
/* symbol NULL: the account as a whole; else at the price, stop and sector of the symbol's newest
 * evaluation that has them. Texts live in the arena. */
enum err guards_load(struct desk *d, const char *symbol, struct arena *a, struct guard **out,
                     size_t *n, struct error *e);

/* Trips and clears breakers by the account as it stands: daily loss 3 %, weekly 6 %, drawdown 20 %
 * (clears below 15 % or by a person). Called after every mark and look. */
void breakers_update(struct desk *d, void (*done)(void *arg, const struct error *e), void *arg);
/* A person clears a breaker (audited). ERR_USAGE when it is not tripped. */
enum err breaker_reset(struct desk *d, const char *name, const char *reason, struct error *e);

/* Alert rules (operator.md 4.11): raises and clears what the database can tell, in one function
 * alerts_refresh(). The engine calls it every 10 s, and after looks. */
void alerts_refresh(struct desk *d, void (*done)(void *arg, const struct error *e), void *arg);
/* An alert of the program itself; the same rule and object fires once until cleared. */
void alert_raise(struct desk *d, const char *rule, const char *object, char severity,
                 const char *text, const char *fix);
void alert_clear(struct desk *d, const char *rule, const char *object);

#endif
