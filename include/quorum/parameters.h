/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters: what the desk may change of itself, and nothing else (docs/learning.md). The registry
 * is the table `parameters`; values are rows of parameter_versions, the highest id of a name is in
 * force, without a row the baseline. The safety layer (caps, breakers, budget, min agreement,
 * learning's own thresholds) is not in it. */
#ifndef QUORUM_PARAMETERS_H
#define QUORUM_PARAMETERS_H

#include "quorum/buf.h"
#include "quorum/desk.h"
#include "quorum/learning_stats.h"

enum parameter_id {
    PARAM_STOP_MULT,        /* stop distance, x beta x ATR */
    PARAM_TARGET_MULT,      /* target distance, x beta x ATR */
    PARAM_TIME_EXIT,        /* sessions */
    PARAM_TRAIL_ATR,        /* trailing stop, x ATR */
    PARAM_EXPLORATION_PCT,  /* size before Kelly, percent of equity */
    PARAM_RSI_MAX,          /* entry filters, unknown = off: no entry above this RSI */
    PARAM_MIN_VOLUME_RATIO, /* no entry below this share of the 20-session mean volume */
    PARAM_MIN_CONFIDENCE,   /* no entry below this mean stated confidence of the agreeing votes */
    PARAMETERS
};
enum parameter_class { PARAMETER_EXIT, PARAMETER_SIZE, PARAMETER_FILTER };

struct parameter {
    const char *name;         /* "stop_mult" */
    char title[32], unit[24]; /* "stop distance", "x ATR" */
    char does[96];            /* in half a sentence */
    double low, high, step;
    struct value baseline; /* unknown: off */
    enum risk_direction risk;
    enum parameter_class class;
    /* In force: */
    struct value value; /* unknown: off */
    int64_t version;    /* id in parameter_versions; 0: the baseline, never set */
    char set_by[64];
    int64_t set_at; /* desk time; TIME_NONE */
};

/* All of them, in the enum's order, by one statement. ERR_FAILED when the registry of the database
 * and the program do not have the same names. */
enum err parameters_load(struct desk *d, struct parameter out[PARAMETERS], struct error *e);
/* The same from what PARAMETERS_IN_FORCE, an expression in a statement, gave: value and version
 * only, for a decision that reads it together with the account. exploration_pct without a version
 * is the desk's setting QUORUM_EXPLORATION_PCT. */
#define PARAMETERS_IN_FORCE                                                                        \
    "(SELECT string_agg(v.name || ' ' || v.id || ' ' || COALESCE(v.value::text, 'off'), ' ')"      \
    " FROM (SELECT DISTINCT ON (name) name, id, value FROM parameter_versions"                     \
    "       ORDER BY name, id DESC) v)"
void parameters_read(const struct desk *d, const char *in_force, struct parameter out[PARAMETERS]);
/* What a BUY refused by an entry filter has as its size_reason begins with this. */
#define ENTRY_FILTER "entry filter: "
const char *parameter_name(enum parameter_id id);
/* PARAMETERS when there is none of that name. */
enum parameter_id parameter_find(const char *name);
/* "2.5", "20", "off". Returns dst. */
const char *parameter_print(const struct parameter *p, struct value v, char *dst, size_t size);
/* "off" or a number inside the bounds and on the step; else ERR_USAGE E14 with the bounds. */
enum err parameter_parse(const struct parameter *p, const char *text, struct value *out,
                         struct error *e);
struct learning_change parameter_change(const struct parameter *p, struct value to);
/* Does the value in force let this entry pass? why: "RSI 74.2 is above rsi_max 70". What is not
 * known passes. */
bool parameters_admit(const struct parameter p[PARAMETERS], struct value rsi,
                      struct value volume_ratio, struct value confidence, char why[120]);

/* --- the past by other values (desk/candidates.c) ------------------------------------------ */

/* Every stored decision to buy whose path is known, for the paired replay: real entries and shadow
 * outcomes alike (one case an evaluation), with bars, features and the result it had. Entered at
 * least 20 sessions ago, and no more than `days` before that day: of younger ones only the quick
 * are known. A replay has no interval below 8 weeks. */
struct candidate {
    struct replay_candidate replay; /* bars borrowed from the set */
    struct learning_case known;     /* r: of the trade, else of its shadow outcome */
    int64_t trade_id;               /* trade_outcomes; 0: it was not taken */
};
struct candidate_set {
    struct candidate *c; /* by symbol and entry */
    size_t n;
    size_t traded;            /* of them were entered */
    int32_t from_day, to_day; /* first and last entry; DAY_NONE when there is none */
    struct arena *arena;
};
/* From the database and the desk's market (one gather a symbol); done from the loop, with a set
 * that is the caller's to release with candidates_release(), or NULL and why. */
typedef void candidates_done_fn(void *arg, struct candidate_set *s, const struct error *e);
void candidates_load(struct desk *d, int days, candidates_done_fn *done, void *arg);
/* The same, waiting. */
enum err candidates_wait(struct desk *d, int days, struct candidate_set **out, struct error *e);
void candidates_release(struct candidate_set *s); /* NULL: nothing */

/* One parameter at another value over the candidates: exits by paired replay, filters by what they
 * would have let in, exploration_pct has no effect in R (ERR_USAGE, says so).
 *   exits    used: all with bars past the longer time limit (the others: unfinished). changed: left
 *            otherwise. unknown: stop and target in one bar, told as the stop.
 *   filters  used: let in by the value in force; n_new: by the new one; changed: the difference;
 *            unknown: the figure is not known, so let in. Below 8 in either arm there is no
 *            interval and no confidence.
 * Cases overlap in time and share their weeks: the variance is that of weeks resampled in runs of
 * four, for both. overlapping: those that begin before an earlier one of their symbol has ended. */
enum { WHATIF_UNKNOWN_PART = 20 };
struct whatif {
    struct learning_effect effect;
    struct interval delta_95; /* of mean R; NAN: too few */
    size_t candidates, used, changed, unknown, unfinished, overlapping, weeks;
    size_t won_old, won_new, n_new;    /* of used, and of n_new (exits: the same) */
    double mean_old, mean_new;         /* R */
    double drawdown_old, drawdown_new; /* R */
    /* "PROVEN" "NOT PROVEN" "CONTRADICTED": where 0 lies. Not proven, too, where the path of more
     * than one exit in WHATIF_UNKNOWN_PART is not known. */
    const char *verdict;
    struct { /* evidence, largest change first */
        int64_t evaluation_id, trade_id;
        double r_old, r_new;
    } case_of[50];
    size_t ncases;
};
/* The values in force as rules of exit. */
struct replay_exits parameters_exits(const struct parameter p[PARAMETERS]);
enum err whatif_run(const struct candidate_set *s, const struct parameter p[PARAMETERS],
                    enum parameter_id id, struct value to, struct whatif *out, struct error *e);
/* "cases": [{evaluation_id, trade_id, r_old, r_new}], as evidence and answers have them. */
void whatif_json_cases(struct json *j, const struct whatif *w);
/* Notes that a value was compared on these candidates; *nth: how many different ones were, on
 * windows that share half of the days or more. */
enum err whatif_count(struct desk *d, const struct candidate_set *s, const struct parameter *p,
                      struct value to, int64_t *nth, struct error *e);

#endif
