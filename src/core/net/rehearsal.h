/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the rehearsal model says. It knows no agent: it reads simple signals from the facts it is
 * shown (lines of "id: value" or "id = value") and fills whatever form it is given. */
#ifndef QUORUM_NET_REHEARSAL_H
#define QUORUM_NET_REHEARSAL_H

#include "quorum/model.h"

enum rehearsal_fault {
    FAULT_NONE,
    FAULT_REFUSAL,
    FAULT_MAX_TOKENS,
    FAULT_PROSE,
    FAULT_WRONG_TYPE,
    FAULT_NAN,
    FAULT_EMPTY,
    FAULT_SLOW,
    FAULT_429,
    FAULT_500,
    FAULT_529,
    FAULT_CUT,
};

/* The filled form as JSON. The same seed, agent, facts and repair give the same bytes; only
 * FAULT_WRONG_TYPE and FAULT_NAN make a difference here. */
void rehearsal_answer(const struct model_request *r, uint64_t seed, enum rehearsal_fault fault,
                      struct buf *out);
/* A number that depends on the same things. */
uint64_t rehearsal_hash(const struct model_request *r, uint64_t seed);

#endif
