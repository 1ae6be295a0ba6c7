/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic of learning (docs/learning.md): what the desk may believe of its own results, and
 * what may be changed because of it. Pure functions of figures already read: no database, no clock,
 * no model. The same figures and seed give the same answer. R is a result over what was risked at
 * the first stop. */
#ifndef QUORUM_LEARNING_STATS_H
#define QUORUM_LEARNING_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/bars.h"
#include "quorum/broker.h"
#include "quorum/random.h"
#include "quorum/stats.h"
#include "quorum/value.h"

/* --- patterns (learn_patterns.c) --------------------------------------------------------- */

/* One closed trade, or one resolved shadow outcome. What is not known is unknown, not a default:
 * "" or VALUE_UNKNOWN, and then no condition on it counts the case as inside or outside. */
struct learning_case {
    int64_t id; /* the evaluation's: evidence */
    char symbol[16];
    char regime[12], sector[48]; /* at the decision */
    struct value news_mood;      /* -1 .. 1 */
    struct value rsi;
    struct value volume_ratio; /* of the 20-session mean */
    struct value confidence;   /* stated, mean of the votes for the decision, 0-100 */
    struct value agreement;    /* votes for the decision over voters, 0..1 */
    int32_t entry_day, exit_day;
    enum exit_reason exit; /* EXIT_REASONS: not known (a shadow outcome's barrier) */
    double r;
};

/* The conditions are fixed here, before any result is looked at; one is added by adding a row, and
 * counts as tested from then on. One that is part of the result (how a trade was left) is told with
 * its figures and never tested: that stopped trades lose is no discovery. */
enum condition_state { CONDITION_UNKNOWN, CONDITION_OUTSIDE, CONDITION_INSIDE };
struct learning_condition {
    const char *id;      /* "regime_bull": stored, cited, never renamed */
    const char *feature; /* "regime" */
    const char *title;   /* "regime BULL at entry" */
    bool descriptive;    /* part of the result: never tested */
    enum condition_state (*test)(const struct learning_condition *c, const struct learning_case *k);
    const char *word; /* of a condition on words */
    double low, high; /* of one on a figure: low <= x < high */
};
extern const struct learning_condition learning_conditions[];
extern const size_t learning_conditions_n;
const struct learning_condition *learning_condition_find(const char *id); /* NULL: none */

enum {
    PATTERN_MIN_ARM = 8,
    PATTERN_MIN_CASES = 30,
    PATTERN_SHUFFLES = 9999,
    PATTERN_RESAMPLES = 2000,
    PATTERN_LOOKS = 4,
};
#define PATTERN_Q 0.10

enum pattern_status { PATTERN_UNTESTED, PATTERN_EXPLORATORY, PATTERN_CANDIDATE, PATTERN_CONFIRMED };
const char *pattern_status_name(enum pattern_status s); /* "candidate"; "untested" */

/* What is stored of a condition when it first becomes a candidate. */
struct learning_discovery {
    const char *condition; /* id */
    int32_t day;           /* only cases entered after it can confirm */
    int direction;         /* 1: better inside, -1: worse */
};

/* Confirmation by the mean R of cases entered after the discovery, in the direction found. It is
 * looked at when the smaller arm reaches 21, 42, 84 and 169 cases and at no other time, at levels
 * that sum to .05: looking every night gives chance nothing. Which cases a look sees is fixed by
 * the order in which they ended. */
extern const size_t pattern_look_cases[PATTERN_LOOKS];
extern const double pattern_look_level[PATTERN_LOOKS];
struct pattern_confirmation {
    int32_t since;        /* DAY_NONE: not discovered yet */
    int direction;        /* of the discovery */
    size_t n_in, n_out;   /* cases entered since */
    int looks;            /* made so far */
    double p;             /* of the last look, one-sided; 1 before the first */
    bool confirmed;       /* at some look */
    bool failed;          /* the last look is over without it */
    size_t missing;       /* cases until the next look, in the smaller arm; 0: none left */
    int32_t confirmed_on; /* exit day of the case that completed the look; or DAY_NONE */
};

struct pattern {
    const struct learning_condition *condition;
    size_t n_in, n_out, won_in, won_out, unknown;
    double rate_in, rate_out;     /* of wins, R > 0; 0 where an arm is empty */
    struct interval rate_in_95;   /* Wilson */
    double shrunk_rate;           /* Beta: 20 cases at the rate of all */
    double mean_r_in, mean_r_out; /* 0 where an arm is empty */
    struct interval mean_r_in_95; /* bootstrap; NAN below two cases */
    double difference;            /* mean_r_in - mean_r_out */
    double p, q;                  /* 1 when not tested */
    enum pattern_status status;
    char why[120]; /* why not tested, or what the status rests on */
    struct pattern_confirmation confirmation;
};

enum pattern_test { PATTERN_BY_WINS, PATTERN_BY_MEAN_R }; /* Fisher's exact test; permutation */
struct pattern_options {
    enum pattern_test test;
    bool without_intervals; /* mean_r_in_95 stays NAN: simulations have no use for it */
    uint64_t seed;
    const struct learning_discovery *discovery;
    size_t ndiscoveries;
    /* What may confirm, where the search sees less than everything since a discovery: all cases
     * entered after the first discovery that can be known, of which those ended by `until` count,
     * so that no case turns up before one that was looked at. NULL: the cases of the search. */
    const struct learning_case *since;
    size_t nsince;
    int32_t until;
};
struct pattern_report {
    struct pattern *pattern; /* one a condition, in the table's order */
    size_t n;
    size_t cases;    /* looked at */
    size_t thinned;  /* left out: they overlap an earlier case of the symbol */
    size_t missing;  /* until the first test is made */
    size_t tested;   /* the family of the false discovery rate */
    double win_rate; /* of all cases */
};
/* Every condition over every case. Cases of one symbol that overlap in time are one event seen
 * twice: only the first entered counts. Below 30 cases nothing is tested. Of shadow outcomes give
 * those entered at least 20 sessions ago: of younger ones only the quick are known, and stops are
 * quicker than targets. */
void pattern_search(const struct learning_case *c, size_t n, const struct pattern_options *o,
                    struct pattern_report *out);
void pattern_report_release(struct pattern_report *r);

/* --- confidence and the gate (learn_confidence.c) ---------------------------------------- */

#define LEARNING_PRIOR_DEVIATION 0.2 /* of the change of mean R: most changes do little */
#define LEARNING_TEST_DEVIATION  0.3 /* of the mixture that is watched */

/* A change of mean R per trade, its estimate and the variance of that. */
struct learning_effect {
    double delta, variance; /* variance INFINITY when an arm has no case */
    size_t n;               /* cases in the smaller arm; of a replay all candidates */
};
/* new - old, for two sets of trades; each deviation counts as at least 1 R. Results are clipped to
 * [-3, 5] R. */
struct learning_effect learning_effect_between(const double *r_new, size_t n_new,
                                               const double *r_old, size_t n_old);
/* What an entry filter would have done: mean R of the kept less mean R of all. */
struct learning_effect learning_effect_of_filter(const double *r, const bool *kept, size_t n);
/* Difference in differences: (after - before) of the changed book less the same of its shadow. */
struct learning_effect learning_effect_in_differences(const struct learning_effect *changed,
                                                      const struct learning_effect *shadow);
double learning_clip_r(double r); /* to [-3, 5] */

/* 100 P(delta > 0): posterior under delta ~ N(0, .2^2); of `considered` proposals in one cycle each
 * has its variance times 1 + ln considered. 50 where nothing is known. */
double learning_confidence(const struct learning_effect *e, size_t considered);

enum learning_level { LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH };
const char *learning_level_name(enum learning_level l); /* "LOW" */

/* Which way a parameter adds risk: loss of a trade, exposure or number of trades. */
enum risk_direction { RISK_RISES, RISK_FALLS, RISK_BOTH_WAYS };

/* A change of one parameter. Unknown value: the filter is off, which is its loosest bound. */
struct learning_change {
    const char *parameter;
    bool registered; /* in the registry, and not of the safety layer */
    struct value now, to;
    double low, high, step;
    enum risk_direction risk;
};
/* LOW: the change cannot raise loss of a trade, exposure or number of trades. Otherwise MEDIUM up
 * to a fifth of the range and HIGH beyond. */
enum learning_level learning_risk(const struct learning_change *c);
/* HIGH: proven by a test that may be looked at every night, at 5 % over all changes ever compared:
 * e-value at least 20 x ever_compared, which is to be no less than the registry holds. MEDIUM: at
 * least .1 R a trade at confidence 60. LOW: the rest. */
enum learning_level learning_priority(const struct learning_effect *e, double confidence,
                                      size_t ever_compared);

struct learning_policy {
    bool automatic;              /* SELF_LEARNING_AUTO_APPLY or the like; false: all are queued */
    double apply_at, queue_from; /* confidence; 80 and 60 */
    size_t apply_min_cases;      /* 30 */
    double apply_most_change;    /* share of the range; .2 */
    size_t cool_down_trades;     /* 20 */
    int blocked_days;            /* 90 after a rollback */
};
extern const struct learning_policy learning_policy_default;

struct learning_state {
    size_t closed_trades;     /* of the desk */
    size_t trades_since_last; /* closed since any change was applied or taken back */
    bool ever_changed;
    bool measuring;              /* another change is being measured */
    int days_since_rolled_back;  /* of this very change; -1: never */
    size_t considered, compared; /* proposals in this cycle; different changes ever compared */
};

enum gate_verdict { GATE_REJECT, GATE_QUEUE, GATE_APPLY };
/* Conditions of the gate; `failed` has the bit of each that does not hold. */
enum gate_condition {
    GATE_REGISTERED,
    GATE_NUMBER,
    GATE_BOUNDS,
    GATE_STEP,
    GATE_CHANGES,
    GATE_NOT_BLOCKED,
    GATE_WORTH_ASKING, /* these and those above reject; the rest send it to a person */
    GATE_AUTOMATIC,
    GATE_CONFIDENCE,
    GATE_CASES,
    GATE_RISK,
    GATE_PRIORITY,
    GATE_SMALL,
    GATE_ALONE,
    GATE_COOLED,
    GATE_CONDITIONS,
};
struct gate {
    enum gate_verdict verdict;
    double confidence;
    enum learning_level risk, priority;
    unsigned failed;
    char reason[160]; /* the first that failed, in words with figures; of APPLY, what held */
};
void learning_gate(const struct learning_change *c, const struct learning_effect *e,
                   const struct learning_state *s, const struct learning_policy *p,
                   struct gate *out);
const char *gate_verdict_name(enum gate_verdict v); /* "apply" "queue" "reject" */

/* --- tests that may be watched (learn_sequential.c) -------------------------------------- */

/* ln of the beta-binomial e-value against rate p0: B(a + wins, b + n - wins) over
 * B(a, b) p0^wins (1 - p0)^(n - wins). Stop when it is at least ln(1/alpha). */
double bernoulli_log_e(uint64_t wins, uint64_t n, double p0, double a, double b);
/* The rates not yet refuted at level alpha, at whatever moment one looks; Beta(1, 1). */
struct interval bernoulli_sequence(uint64_t wins, uint64_t n, double alpha);
/* ln Lambda of the mixture SPRT (Johari et al. 2017): n differences of mean d, variance s2 known,
 * mixing variance tau2. */
double msprt_log_lambda(double n, double d, double s2, double tau2);
/* Two-sided normal mixture boundary at intrinsic time v (Howard et al. 2021). */
double normal_mixture_bound(double v, double alpha, double rho);
/* ln of the e-value for "delta > 0" from an estimate whose variance falls as cases come in: the
 * one-sided normal mixture. For "delta < 0" negate delta. */
double one_sided_log_e(double delta, double variance, double tau);

/* Mean of values in [0, 1], exact at any time and for any distribution: predictable plug-in
 * empirical Bernstein (Waudby-Smith and Ramdas 2024). Zero-initialise; alpha is kept by the first
 * value. */
struct bernstein {
    double alpha;
    size_t n;
    double sum, squares; /* of x, and of its distance from the running mean */
    double lambda_sum, weighted, spent;
};
void bernstein_add(struct bernstein *b, double x, double alpha);
double bernstein_centre(const struct bernstein *b);
struct interval bernstein_interval(const struct bernstein *b); /* within [0, 1] */
double bernstein_of_r(double r);                               /* (clipped R + 3) / 8 */
double bernstein_to_r(double x);

/* What is fixed when a change is applied. */
enum { MEASURE_TRADES = 60, MEASURE_DAYS = 90, DRAWDOWN_PATHS = 1000 };
#define ROLLBACK_E             10.0 /* at most one good change in ten is ever taken back by it */
#define ROLLBACK_DRAWDOWN_PART 1.5
struct measure {
    struct learning_effect effect; /* since it was applied, less its shadow's */
    size_t trades;
    int days;
    double drawdown;       /* R lost from the highest since, positive */
    double worst_drawdown; /* of the old way, by drawdown_bootstrap(); 0: not known */
};
enum measure_verdict { MEASURE_GO_ON, MEASURE_KEEP, MEASURE_ROLL_BACK, MEASURE_SUNSET };
const char *measure_verdict_name(enum measure_verdict v); /* "go on" */
/* The rule: roll back on proof of harm or on a drawdown 1.5 times the worst expected; at the
 * horizon (60 trades with a known variance, or 90 days) keep what is more likely good than not,
 * drop the rest. */
enum measure_verdict measure_judge(const struct measure *m, char reason[160]);

double drawdown_of(const double *r, size_t n); /* of the sum of r, from its highest point or 0 */
/* The largest of `paths` resampled runs of `length` results; 0 when r is empty. */
double drawdown_bootstrap(const double *r, size_t n, size_t length, int paths, struct random *g);

/* --- what trades came to (learn_selection.c) --------------------------------------------- */

struct closed_trade {
    int64_t pnl; /* micro-dollars, after fees: below 0 is lost, also by fees alone */
    double r;
};
struct trade_metrics {
    size_t n, wins, losses, scratches, longest_losing;
    int64_t gross_profit, gross_loss, net;  /* micro-dollars, positive but net */
    double expectancy, mean_win, mean_loss; /* micro-dollars a trade */
    struct value profit_factor, payoff;     /* unknown without a loss */
    struct value win_rate;                  /* of all; scratches are not won */
    struct value mean_r, deviation_r, sqn;  /* sqn: sqrt(n) mean / deviation (Tharp) */
    double drawdown;                        /* of equity after each trade, fraction of its peak */
};
/* In the order in which they closed; start_equity in micro-dollars, > 0. */
void trade_metrics(const struct closed_trade *t, size_t n, int64_t start_equity,
                   struct trade_metrics *out);

/* --- the best of many (learn_selection.c) ------------------------------------------------ */

/* Sharpe ratios are of one period, not annualised; kurtosis is 3 for the normal. */
/* Probability that the true ratio is above `benchmark` (Bailey and Lopez de Prado 2012). */
double sharpe_probability(double sharpe, double benchmark, double periods, double skew,
                          double kurtosis);
/* Expected highest of n ratios of pure noise, in their deviations; 0 for one. */
double sharpe_expected_best(double trials);
/* The deflated ratio (Bailey and Lopez de Prado 2014): the probability above what the best of
 * `trials` worthless ones shows. `variance` is that of the trials' ratios. */
double sharpe_deflated(double sharpe, double periods, double skew, double kurtosis, double trials,
                       double variance, double *benchmark);
/* Periods until `sharpe` is above the benchmark at level alpha; INFINITY when it is not above. */
double sharpe_periods_needed(double sharpe, double benchmark, double skew, double kurtosis,
                             double alpha);

/* --- calibration (learn_calibration.c) --------------------------------------------------- */

enum { RELIABILITY_BINS = 5 };
struct reliability_bin {
    size_t n, right;
    double mean_p, rate;
    struct interval rate_95; /* Wilson */
};
/* y is 0 or 1. Murphy 1973: brier = reliability - resolution + uncertainty, up to what varies
 * within a bin. */
struct calibration_score {
    size_t n;
    double base_rate, brier, log_loss;
    struct value skill;    /* 1 - brier / brier of the base rate; unknown when all y are equal */
    double expected_error; /* ECE; biased upward when n is small: print n */
    double reliability, resolution, uncertainty;
    struct reliability_bin bin[RELIABILITY_BINS];
};
void calibration_score(const double *p, const double *y, size_t n, struct calibration_score *out);
struct reliability_bin reliability_of(const double *p, const double *y, size_t n, double low,
                                      double high); /* low <= p < high */

/* Does one forecaster beat another on the same cases? Mean of brier_b - brier_a, positive when a is
 * better, with its bootstrap interval. */
struct calibration_duel {
    size_t n;
    double gain;
    struct interval gain_95;
};
struct calibration_duel calibration_compare(const double *p_a, const double *p_b, const double *y,
                                            size_t n, struct random *g);

enum calibration_kind { CALIBRATION_SHRINK, CALIBRATION_PLATT, CALIBRATION_ISOTONIC };
const char *calibration_kind_name(enum calibration_kind k);
enum { CALIBRATION_PLATT_FROM = 50, CALIBRATION_ISOTONIC_FROM = 1000 };
struct calibration_map {
    enum calibration_kind kind;
    size_t n;
    double base;             /* rate of y, shrunk to .5 by two cases */
    double intercept, slope; /* of Platt's logistic, on ln(p / (1 - p)) */
    double *x, *fit;         /* of the isotonic one: block means, ascending */
    size_t points;
};
/* From stated probabilities to those that came true; which map is decided by n alone. */
void calibration_fit(const double *p, const double *y, size_t n, struct calibration_map *out);
double calibration_apply(const struct calibration_map *m, double p); /* within [0, 1] */
void calibration_map_release(struct calibration_map *m);
/* Pool adjacent violators: fit[i] is the best non-decreasing fit to y[i], which is in ascending
 * order of its p (Ayer et al. 1955). Equal weights. */
void isotonic_fit(const double *y, size_t n, double *fit);

/* Correlation of two voters' being right on the same cases. */
struct value vote_phi(const bool *right_a, const bool *right_b, size_t n);
#define VOTE_PHI_ASSUMED 0.5 /* of agents on one model, until 30 shared cases are measured */
enum { VOTE_PHI_MIN = 30 };
double effective_voters(double voters, double phi); /* k / (1 + (k - 1) phi), phi within [0, 1] */
/* Chance that exactly `right` of `voters` are right, each with chance p and pairwise correlation
 * rho: beta-binomial; rho 0 is the binomial. */
double chance_of_right(int right, int voters, double p, double rho);

enum { MIX_BUY, MIX_SELL, MIX_HOLD, MIX_ABSTAIN, MIX_FAILED, MIX_KINDS };
/* Does an agent decide otherwise than before? Recent votes against those before them. */
struct mix_alarm {
    bool fires;
    double log_bayes; /* ln of how much better "it has changed" tells the recent votes */
    double distance;  /* total variation, 0..1 */
    int kind;         /* which share moved most */
    char reason[160];
};
void decision_mix(const uint64_t before[MIX_KINDS], const uint64_t recent[MIX_KINDS],
                  struct mix_alarm *out);

/* --- prompt versions (learn_prompts.c) --------------------------------------------------- */

enum { PROMPT_VERSIONS_MAX = 3, PROMPT_MIN_RESOLVED = 50 };
#define PROMPT_EXPLORE  0.10
#define PROMPT_DISCOUNT 0.995 /* a day */
#define PROMPT_RETIRE   0.02
struct prompt_version {
    int version;
    double right, wrong; /* resolved votes, discounted; unresolved ones are not in it */
    size_t resolved;     /* without discount */
};
/* Adds a resolved vote that became known `days` ago. */
void prompt_count(struct prompt_version *v, bool right, double days);
double
prompt_score(const struct prompt_version *v); /* posterior mean, Beta(1 + right, 1 + wrong) */
/* Chance of each to be the best; sums to 1. */
void prompt_best(const struct prompt_version *v, size_t n, double best[]);
/* Thompson sampling with a floor: each version is chosen with its chance of being the best, and one
 * time in ten by lot. Returns the index; propensity is the chance it had, to be stored. */
size_t prompt_choose(const struct prompt_version *v, size_t n, struct random *g,
                     double *propensity);
/* May it be retired? 50 resolved votes and a chance below .02 of being the best; never the last. */
bool prompt_retires(const struct prompt_version *v, size_t n, size_t which, char reason[160]);
/* Resolved votes an arm until two versions `apart` are told from each other (one-sided 5 %, power
 * 80 %) around a rate. */
double prompt_votes_needed(double rate, double apart);

/* --- paired replay (paired_replay.c) ----------------------------------------------------- */

struct replay_exits {
    double stop_mult, target_mult, trail_atr; /* trail_atr 0: no trailing stop */
    int time_exit;
};
/* A decision and the bars after it, on one adjustment basis. Bars are borrowed. */
struct replay_candidate {
    int64_t id;
    const struct bars *bars;
    size_t first;  /* the bar whose open is the entry */
    int64_t price; /* at the decision, 1/10,000 dollar */
    double atr;    /* dollars */
    struct value beta;
};
struct replay_path {
    enum exit_reason exit;
    bool decided;
    bool unknown; /* stop and target in one bar: told as the stop */
    int32_t entry_day, exit_day;
    int64_t entry_price, exit_price;
    int sessions;
    double stop_fraction, return_fraction; /* after costs */
};
/* One entry by one set of exits: barrier_walk() with a trailing stop. */
void replay_walk(const struct replay_candidate *c, const struct replay_exits *x,
                 const struct cost_model *costs, struct replay_path *out);

struct replay_result {
    size_t candidates, used;
    size_t unfinished; /* too few bars for the longer time limit, whatever happened */
    size_t unusable;   /* no price, no ATR, no entry */
    size_t changed;    /* leave at another price or on another day */
    size_t unknown;    /* whose path inside a bar is not known, by either set */
    size_t weeks;
    double mean_old, mean_new; /* R, both over the old stop's risk: one unit for both */
    size_t won_old, won_new;
    struct learning_effect effect;
    struct interval delta_95; /* block bootstrap by week; NAN when there are too few */
};
enum {
    REPLAY_RUN_WEEKS = 4,
    REPLAY_MIN_WEEKS = 8,
    REPLAY_SURE_WEEKS = 52, /* from here on overlapping decisions are told apart by resampling */
    REPLAY_RESAMPLES = 2000
};
/* Every candidate by the old exits and by the new. difference: room for n, or NULL; NAN where a
 * candidate was not used. With fewer than 8 weeks effect.variance is INFINITY: no confidence. */
void paired_replay(const struct replay_candidate *c, size_t n, const struct replay_exits *old,
                   const struct replay_exits *new_exits, const struct cost_model *costs,
                   struct random *g, double *difference, struct replay_result *out);

#endif
