/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/uuid.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

#include "quorum/timeutil.h"

const char *uuid_new(char dst[UUID_TEXT])
{
    unsigned char b[16];
    /* 16 bytes come whole and without a signal once the pool is up (getrandom(2)). */
    ssize_t got = getrandom(b, sizeof b, 0);
    assert(got == (ssize_t)sizeof b);
    uint64_t ms = (uint64_t)(time_machine_now() / 1000);
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (8 * (5 - i)));
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
    snprintf(dst, UUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
    return dst;
}
