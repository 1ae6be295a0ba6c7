/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The NYSE calendar: rules for 1998 on, one-off closures and early closes as data (embedded from
 * data/closures.csv; more by a file of the user). */
#ifndef QUORUM_CALENDAR_H
#define QUORUM_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "quorum/err.h"

enum session_kind { SESSION_CLOSED, SESSION_FULL, SESSION_HALF };

enum session_kind calendar_session(int32_t day);
int64_t calendar_open(int32_t day);     /* UTC microseconds of 09:30 New York */
int64_t calendar_close(int32_t day);    /* 16:00, or 13:00 on a half day; also for a closed day */
int32_t calendar_next(int32_t day);     /* first session after day */
int32_t calendar_previous(int32_t day); /* last session before day */
int32_t calendar_add(int32_t day, int sessions); /* n sessions forward (or back) */
int calendar_between(int32_t from, int32_t to);  /* sessions in (from, to]; negative backwards */
/* Last session whose close is at or before t. */
int32_t calendar_last_closed(int64_t t);
/* "closed for Thanksgiving Day", "" on a full session. */
const char *calendar_reason(int32_t day);

/* Adds days from a file of the user (date,kind,reason; kind closed, early or full); they win over
 * the rules and the shipped ones. Nothing is taken from a file with an error. */
enum err calendar_load(const char *path, struct error *e);

#endif
