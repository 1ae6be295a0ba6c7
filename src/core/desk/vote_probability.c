/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "quorum/outcomes.h"

bool vote_probability(const char *vote, double confidence, double stop_pct, double target_pct,
                      double *out)
{
    bool stated = confidence >= 0 && confidence <= 100;
    if (strcmp(vote, "BUY") == 0 && stated) {
        *out = confidence / 100;
        return true;
    }
    if (strcmp(vote, "SELL") == 0 && stated) {
        *out = 1 - confidence / 100;
        return true;
    }
    /* A fair coin between two barriers meets the nearer one the more often. */
    if (strcmp(vote, "HOLD") == 0 && stop_pct > 0 && target_pct > 0) {
        *out = stop_pct / (stop_pct + target_pct);
        return *out > 0 && *out < 1;
    }
    return false;
}
