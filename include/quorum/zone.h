/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The zone in which people read times: the exchange's, this machine's or UTC. Programs are told UTC
 * with its Z (time_print_iso). */
#ifndef QUORUM_ZONE_H
#define QUORUM_ZONE_H

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

/* The zone of all that this process tells people from now on: ZONE_EXCHANGE until somebody chose
 * another. Like the C library's locale it is set at one place and read everywhere. */
void zone_choose(enum zone z);
int32_t zone_day(int64_t utc); /* the calendar day of that moment there */

/* "11-20 14:32", "2025-11-20 14:32", "2025-11-20 14:32:07"; TIME_NONE is "-". */
enum when_form { WHEN_SHORT, WHEN_MINUTE, WHEN_SECOND };
const char *when_print(char dst[33], int64_t t, enum when_form form);
/* With the zone's mark: "2025-11-20 14:32:07 ET". In words, where no column heads the time. */
const char *when_tell(char dst[48], int64_t t, enum when_form form);

#endif
