/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading theme files; for theme.c and theme_file.c only. */
#ifndef UI_THEME_FILE_H
#define UI_THEME_FILE_H

#include "ui/theme.h"

/* The colour of [from, to) that looks most like rgb. */
int theme_nearest_rgb(const uint8_t rgb[3], int from, int to);

#endif
