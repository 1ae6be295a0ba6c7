/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log file: one line a record, "2026-11-22T14:03:11.123Z info demo/engine text"; without a
 * desk just "engine". Every text passes the sanitiser and the redaction of registered secrets.
 * Rotates by size (5 files of 8 MB). Several processes append to one file; each line is one
 * write(2). */
#ifndef QUORUM_LOG_H
#define QUORUM_LOG_H

#include <stdbool.h>

#include "quorum/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Until log_open, records go nowhere. */
enum err log_open(const char *path, enum log_level level, struct error *e);
void log_close(void);
void log_desk(const char *name); /* whose records these are from now on: "demo"; "": nobody's */
void log_to_stderr(bool on);     /* foreground engine */
void log_write(enum log_level level, const char *area, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* From now on `secret` is replaced by "[redacted]" in every record; under 6 bytes is ignored. */
void log_redact(const char *secret);
/* The same redaction for text that goes elsewhere (errors, crash notes), in place. */
void redact_text(char *text);

#endif
