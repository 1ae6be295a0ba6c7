/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Crash notes: what a console that dies of a fatal signal leaves in the state directory, and how
 * the next one tells of it. A note holds the signal, the version, where the program was, and the
 * verbs that were run last with the numbers and symbols they were about: no reason, no text of a
 * person or model, no setting, no key. */
#ifndef UI_CRASH_H
#define UI_CRASH_H

#include <stdbool.h>
#include <stddef.h>

/* From now on a death is written to dir/crash-DATE-TIME-PID.txt (mode 0600). */
void crash_begin(const char *dir);
void crash_end(void);
/* A line that is run now. Keeps its first two words, the second only if it is an id or a symbol. */
void crash_command(const char *line);
/* Async-signal-safe. */
void crash_note(int signal);

/* One line about the newest note that nobody was told of: "the console died of signal 11 ...".
 * False when there is none. It is told once. */
bool crash_last(const char *dir, char *line, size_t size);

#endif
