/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by engines.c, jobs.c and clock.c only. */
#ifndef QUORUM_ENGINES_H
#define QUORUM_ENGINES_H

#include "quorum/buf.h"
#include "quorum/jobs.h"

/* Compares "v1.2.3-4-gabcdef" by its numbers: < 0, 0, > 0. 0 also when one of them is no such
 * version (built from a tree without tags). */
int engine_compare_versions(const char *a, const char *b);

/* The jobs this process has taken and not ended: only their leases are kept, so that one whose
 * taking was never answered runs out. */
void jobs_hold(struct desk *d, int64_t id, int attempt);
void jobs_let_go(struct desk *d, int64_t id, int attempt);
void jobs_held(const struct desk *d, struct buf *out); /* "{12,13}" */

/* JSON of requests for jobs_add of migrations/0007. */
void jobs_write(const struct job_request *r, size_t n, struct buf *out);

#endif
