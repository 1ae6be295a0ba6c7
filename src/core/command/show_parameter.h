/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the commands about parameters share. */
#ifndef QUORUM_SHOW_PARAMETER_H
#define QUORUM_SHOW_PARAMETER_H

#include "quorum/buf.h"
#include "quorum/err.h"
#include "quorum/value.h"

/* E14 with the names there are. */
enum err unknown_parameter(const char *name, struct error *e);
/* A number, or null for "off". */
void json_parameter_value(struct json *j, const char *key, struct value v);

#endif
