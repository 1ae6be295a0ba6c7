/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A number that may be missing. Not-ready is a flag, never 0. */
#ifndef QUORUM_VALUE_H
#define QUORUM_VALUE_H

#include <stdbool.h>

struct value {
    double v;
    bool known;
};

#define VALUE(x)      ((struct value){.v = (x), .known = true})
#define VALUE_UNKNOWN ((struct value){.v = 0, .known = false})

#endif
