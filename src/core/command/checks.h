/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `db verify` and `doctor` share: looking at a desk without making one, and the report. */
#ifndef COMMAND_CHECKS_H
#define COMMAND_CHECKS_H

#include "quorum/command.h"
#include "quorum/verify.h"

/* True when commands about this desk would use the private cluster. */
bool desk_is_private(const struct settings *s, enum desk_kind k);
enum err inspect_cluster(const struct settings *s, struct cluster_status *out, struct error *e);
/* Says so when DATABASE_URL is set but the desk that is meant (why) does not live there. */
void warn_other_desk(struct call *c, enum desk_kind k, const char *why);
/* Opens the desk the call means at whatever schema, unless that would create something: then a row
 * says so and *opened is false. A desk that cannot be opened is a FAIL row. */
void check_reach(struct call *c, struct checks *k, bool *opened);
void check_desk_database(struct call *c, struct checks *k);
/* The chain of operator actions, and parameters set past it. The schema is this program's. */
void check_audit(struct desk *d, struct checks *k);
/* "env 10.00, desk 5.00 set by ops 11-20": the process has another value for a desk-wide setting
 * than the (normally opened) desk. False when it has not, or when nobody set one. */
bool setting_difference(const struct desk *d, enum setting_id id, char *dst, size_t size);
/* What to do about such a difference. */
const char *adopt_cure(enum setting_id id, char *dst, size_t size);
/* Opens the desk the call means where that makes nothing; why says why it did not, "" when it did.
 */
void open_made_desk(struct call *c, char *why, size_t size);
/* Prints and releases; the exit status becomes 1 when a check failed. */
void checks_print(struct call *c, struct checks *k);

#endif
