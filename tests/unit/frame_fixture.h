/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A desk made by hand for pictures of the console: no database, the same numbers every time. */
#ifndef TEST_FRAME_FIXTURE_H
#define TEST_FRAME_FIXTURE_H

#include "ui/console_frame.h"

/* All of these release what the snapshot holds; a zeroed one holds nothing.
 * Thursday 2025-11-20, 14:32:07 in New York; all panels were answered half a second ago. */
void pictured_desk(struct snapshot *s);
/* Another console is attached. */
void pictured_company(struct snapshot *s);
/* The same desk on its first day: nothing happened yet. */
void pictured_empty(struct snapshot *s);
/* Every text column of every panel holds this. */
void pictured_hostile(struct snapshot *s, const char *text, size_t nrows);

#endif
