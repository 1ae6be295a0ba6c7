/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who else looks at the desk, from the sessions of the snapshot. Pure. */
#ifndef UI_PRESENCE_H
#define UI_PRESENCE_H

#include "ui/snapshot.h"

/* The sessions heard of within a minute: id, who ("ops@10.0.0.7"), kind, read_only, age_s. */
extern const struct statement presence_query;

/* How many others are attached, and who came last. */
int presence_others(const struct snapshot *s, char *who, size_t size);

#endif
