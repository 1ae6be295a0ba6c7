/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of data/ and themes/ inside the program, put there at build time by scripts/embed.sh,
 * so that one binary runs without an installation. Everything returned lives as long as the
 * program. */
#ifndef QUORUM_EMBEDDED_H
#define QUORUM_EMBEDDED_H

#include <stddef.h>

/* The bytes of data/NAME ("prices.csv", "sub/list.txt") or of themes/NAME ("themes/dark.theme")
 * and their count; a NUL that is not counted follows them. NULL when there is no such file. len
 * may be NULL. */
const char *embedded_file(const char *name, size_t *len);
/* The name of the i-th file in ascending order; NULL behind the last. */
const char *embedded_name(size_t i);

#endif
