/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The votes whose outcome is known, read once: for the calibration_*.c files and the prompts'
 * scores. */
#ifndef DESK_CALIBRATION_CASES_H
#define DESK_CALIBRATION_CASES_H

#include "quorum/calibration.h"

enum calibration_vote { CALIBRATION_BUY, CALIBRATION_SELL, CALIBRATION_HOLD, CALIBRATION_NONE };

struct calibration_case {
    int64_t evaluation;
    const char *agent, *source, *regime; /* in the rows */
    enum calibration_vote vote;
    double p, y; /* p of NONE means nothing */
    int version;
    bool counted;
    int64_t week; /* of the entry */
    double days;  /* of desk time since the outcome became known */
};
/* By agent, the model's before its baseline's, then by evaluation. */
struct calibration_cases {
    struct calibration_case *c;
    size_t n;
    struct rows rows;
};
/* Of all agents; or of one with those the consensus used of the others. */
enum err calibration_cases_load(struct desk *d, const char *agent, struct calibration_cases *out,
                                struct error *e);
void calibration_cases_release(struct calibration_cases *c);
/* Only the voters of a report. */
void calibration_of_votes(const struct calibration_cases *c, struct calibration_report *out);
/* Adds what agents decide now and before. */
enum err calibration_mixes(struct desk *d, const char *agent, struct calibration_report *out,
                           struct error *e);
/* Of a BUY or SELL: was it? */
bool calibration_right(const struct calibration_case *c);

#endif
