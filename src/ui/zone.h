/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The zone in which the console shows times: the exchange's, this machine's or UTC; the same for
 * what is formatted here and what queries write. */
#ifndef UI_ZONE_H
#define UI_ZONE_H

#include <stdbool.h>
#include <stdint.h>

enum zone { ZONE_EXCHANGE, ZONE_LOCAL, ZONE_UTC };

/* Microseconds to add to a time in UTC. */
int64_t zone_offset(enum zone z, int64_t utc);
/* "ET", "UTC", or what this machine calls its zone at that time ("CET"). */
const char *zone_mark(enum zone z, int64_t utc, char dst[12]);
/* As PostgreSQL takes it: "" for the exchange's, "UTC", or the machine's rule in POSIX form
 * ("CET-1CEST,M3.5.0,M10.5.0/3"), which needs no zone of that name on the server. False when the
 * machine's rule cannot be found out. */
bool zone_rule(enum zone z, char dst[64]);

#endif
