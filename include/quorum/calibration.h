/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the agents' word is worth (docs/learning.md): every vote with a known outcome scored, for
 * each agent and its baseline; whether the model beats it; how independent the voters are; whether
 * one has begun to decide otherwise. p is the chance a vote gives to the target being met before
 * the stop: BUY c, SELL 1 - c, HOLD the break-even chance. */
#ifndef QUORUM_CALIBRATION_H
#define QUORUM_CALIBRATION_H

#include "quorum/desk.h"
#include "quorum/learning_stats.h"

enum {
    CALIBRATION_VOTERS_MAX = 24, /* agents and their baselines */
    CALIBRATION_REGIMES_MAX = 8, /* of each */
    CALIBRATION_SHOWN_FROM = 30, /* votes until a calibrated confidence stands beside a stated */
    CALIBRATION_WINDOW = 10000,  /* evaluations looked back, newest first */
    CALIBRATION_MIX_RECENT = 50, /* votes that are compared with those before */
    CALIBRATION_WEEKS_MIN = 8,   /* below it cases count as independent, which they are not */
};
#define CALIBRATION_POINT 0.01 /* of Brier: the unit an improvement is priced in */

struct calibration_regime {
    char regime[16];
    struct calibration_score score;
};
struct calibration_voter {
    char agent[48], source[12];
    size_t asked;                    /* evaluations with a known outcome in which it was a voter */
    size_t votes;                    /* of them with a vote, ABSTAIN and FAILED too */
    size_t buys, sells, holds;       /* of them with a chance */
    struct calibration_score all;    /* BUY, SELL and HOLD */
    struct calibration_score stated; /* BUY and SELL: bins and expected error mean these */
    struct calibration_map map;      /* of the stated ones */
    struct calibration_regime regime[CALIBRATION_REGIMES_MAX];
    size_t nregimes;
};
/* Model against baseline of one agent, on the evaluations where both have a chance. */
struct calibration_match {
    char agent[48];
    struct calibration_duel duel; /* gain in Brier a vote, positive: the model is better */
    bool blocks;                  /* the interval resamples weeks in runs of four */
    double needed;                /* cases until a gain of one point is seen; NAN: not known */
    int64_t cost;                 /* nano-dollars, of the model's calls in these evaluations */
    struct value point_cost;      /* dollars a vote for one point; unknown without a gain */
};
enum calibration_verdict { MATCH_FEW, MATCH_UNPROVEN, MATCH_MODEL, MATCH_BASELINE };
enum calibration_verdict calibration_verdict(const struct calibration_match *m);
/* "the model beats its free baseline", "not enough data: need ~600, have 41" */
const char *calibration_verdict_text(const struct calibration_match *m, char dst[160]);

struct calibration_pair {
    char a[48], b[48];
    size_t n;         /* shared cases in which both counted and said BUY or SELL */
    struct value phi; /* of being right; unknown where one always or never was */
};
struct calibration_mix {
    char agent[48], source[12];
    int version;
    uint64_t before[MIX_KINDS], recent[MIX_KINDS];
    struct mix_alarm alarm;
};
struct calibration_report {
    size_t evaluations; /* with a known outcome, in the window */
    struct calibration_voter voter[CALIBRATION_VOTERS_MAX];
    size_t nvoters;
    struct calibration_match match[CALIBRATION_VOTERS_MAX];
    size_t nmatches;
    struct calibration_pair pair[CALIBRATION_VOTERS_MAX];
    size_t npairs;
    size_t voters;     /* that counted: k of the effective number */
    double phi;        /* of all pairs with 30 cases, by n; else VOTE_PHI_ASSUMED */
    bool phi_measured; /* ... */
    double effective;  /* voters */
    struct calibration_mix mix[CALIBRATION_VOTERS_MAX];
    size_t nmixes;
};
/* Of all agents, or of one (its pairs are those it is in). Two statements and the votes' shares. */
enum err calibration_load(struct desk *d, const char *agent, struct calibration_report *out,
                          struct error *e);
void calibration_release(struct calibration_report *r);

/* After a scoring: refits the maps (vote_calibration), counts the prompt versions' outcomes, raises
 * and clears agent.mix (not where a model goes with its baseline, that is the market, and of a
 * baseline only for missing facts). Idempotent. *alarms (may be NULL): how many are raised. */
enum err calibration_refresh(struct desk *d, size_t *alarms, struct error *e);

/* A vote's confidence as shown: "82%", with what such votes came to beside it where that is known:
 * "82% (61 real, n=14)". real_pct and n are those of the SQL function calibrated(agent, source,
 * vote, confidence); n counts the votes of that agent stated in the same fifth. */
enum { CALIBRATED_SIZE = 48 };
const char *calibration_print(char dst[CALIBRATED_SIZE], double confidence, struct value real_pct,
                              int64_t n);

#endif
