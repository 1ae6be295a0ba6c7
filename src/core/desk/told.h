/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A statement whose rows nobody wants, only that it was done. */
#ifndef QUORUM_TOLD_H
#define QUORUM_TOLD_H

#include "quorum/db.h"

/* done (may be NULL) is called once from the loop, e NULL when all went well. */
void told_send(struct db *db, const struct statement *st, struct params *owned_params,
               void (*done)(void *arg, const struct error *e), void *arg);

#endif
