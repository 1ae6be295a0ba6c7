/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a program says on its standard output when nobody is there to type. */
#ifndef TEST_SUPPORT_CAPTURE_H
#define TEST_SUPPORT_CAPTURE_H

#include <stddef.h>

/* Runs argv (it ends with NULL); dst gets the first size - 1 bytes. The exit status, or 128 and the
 * signal; -1 when it could not be run. */
int capture(char *dst, size_t size, const char *const *argv);

#endif
