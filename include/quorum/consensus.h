/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Consensus: a pure function of the votes (docs/consensus.md). The denominator is the number of
 * voters asked and never shrinks; abstentions and failures agree with nobody. */
#ifndef QUORUM_CONSENSUS_H
#define QUORUM_CONSENSUS_H

#include <stdbool.h>
#include <stddef.h>

#include "quorum/agent.h"

enum decision { DECISION_NONE, DECISION_BUY, DECISION_SELL, DECISION_HOLD };
const char *decision_name(enum decision d); /* "BUY" */

#define CONSENSUS_SELL_VETO 70.0 /* a SELL this confident stops a BUY */

struct ballot {
    const char *agent;
    enum vote_state state;
    double confidence; /* stated, 0-100 */
};

struct consensus {
    enum decision decision; /* NONE: no agreement, a tie, a veto or no quorum */
    bool reached, quorum;
    int buy, sell, hold, abstain, failed;
    int voters, needed;
    int agree;        /* votes for the decision; for NONE the largest camp */
    char reason[200]; /* one sentence: which rule fired */
};

/* needed >= 1. A quorum is `needed` votes of BUY, SELL or HOLD. A camp wins with `needed` votes
 * and more than any other camp; BUY also needs that no SELL has confidence >= 70. */
void consensus_decide(const struct ballot *ballot, size_t n, int needed, struct consensus *out);

#endif
