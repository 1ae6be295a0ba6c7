/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/consensus.h"

#include <assert.h>
#include <stdio.h>

const char *decision_name(enum decision d)
{
    static const char *const name[] = {[DECISION_NONE] = "NONE",
                                       [DECISION_BUY] = "BUY",
                                       [DECISION_SELL] = "SELL",
                                       [DECISION_HOLD] = "HOLD"};
    return name[d];
}

static void count(const struct ballot *ballot, size_t n, struct consensus *c)
{
    for (size_t i = 0; i < n; i++) {
        switch (ballot[i].state) {
        case VOTE_BUY:
            c->buy++;
            break;
        case VOTE_SELL:
            c->sell++;
            break;
        case VOTE_HOLD:
            c->hold++;
            break;
        case VOTE_ABSTAIN:
            c->abstain++;
            break;
        case VOTE_FAILED:
            c->failed++;
            break;
        }
    }
}

static const struct ballot *strongest_sell(const struct ballot *ballot, size_t n)
{
    const struct ballot *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (ballot[i].state == VOTE_SELL && (!best || ballot[i].confidence > best->confidence))
            best = &ballot[i];
    return best;
}

/* The largest camp; a tie for the first place has no winner. */
static enum decision winner(const struct consensus *c, int *votes)
{
    const struct {
        enum decision decision;
        int votes;
    } camp[] = {{DECISION_BUY, c->buy}, {DECISION_SELL, c->sell}, {DECISION_HOLD, c->hold}};
    enum decision best = DECISION_NONE;
    *votes = 0;
    for (size_t i = 0; i < 3; i++) {
        if (camp[i].votes > *votes) {
            best = camp[i].decision;
            *votes = camp[i].votes;
        } else if (camp[i].votes == *votes) {
            best = DECISION_NONE;
        }
    }
    return best;
}

void consensus_decide(const struct ballot *ballot, size_t n, int needed, struct consensus *out)
{
    assert(needed >= 1);
    *out = (struct consensus){.voters = (int)n, .needed = needed};
    count(ballot, n, out);
    int opinions = out->buy + out->sell + out->hold;
    enum decision camp = winner(out, &out->agree);
    out->quorum = opinions >= needed;
    if (!out->quorum) {
        snprintf(out->reason, sizeof out->reason,
                 "no quorum: %d of %d voters gave an opinion, %d needed", opinions, out->voters,
                 needed);
        return;
    }
    if (camp == DECISION_NONE) {
        snprintf(out->reason, sizeof out->reason, "a tie: %d BUY, %d SELL, %d HOLD", out->buy,
                 out->sell, out->hold);
        return;
    }
    if (out->agree < needed) {
        snprintf(out->reason, sizeof out->reason, "%d of %d say %s, %d needed", out->agree,
                 out->voters, decision_name(camp), needed);
        return;
    }
    const struct ballot *sell = strongest_sell(ballot, n);
    if (camp == DECISION_BUY && sell && sell->confidence >= CONSENSUS_SELL_VETO) {
        snprintf(out->reason, sizeof out->reason, "%d of %d say BUY, stopped by %s: SELL at %.0f%%",
                 out->agree, out->voters, sell->agent, sell->confidence);
        return;
    }
    out->decision = camp;
    out->reached = true;
    snprintf(out->reason, sizeof out->reason, "%d of %d say %s, %d needed", out->agree, out->voters,
             decision_name(camp), needed);
}
