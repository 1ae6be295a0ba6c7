/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of the desk's log file as rows of the log panel, read as it grows. No database is needed,
 * and no call takes longer than reading a quarter of a megabyte. */
#ifndef UI_LOG_TAIL_H
#define UI_LOG_TAIL_H

#include "quorum/db.h"
#include "quorum/zone.h"

struct log_tail;
/* desk: records of other desks are left out. */
struct log_tail *log_tail_new(const char *path, const char *desk);
void log_tail_free(struct log_tail *t);
/* Reads what was added; goes on in the new file when the log was rotated. True when the rows are
 * others than before: object (""), time ("14:31:58.102" of that zone), level, module, text; the
 * newest first. A file that does not exist yet has no rows. */
bool log_tail_read(struct log_tail *t, enum zone zone, struct rows *out);

#endif
