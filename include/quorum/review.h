/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of a proposed change (docs/learning.md): decided by a person or the gate, applied,
 * measured, kept or taken back. Everything is a function in the database (migrations/0014), so that
 * one transaction holds the row, the parameter's version and the audit; this only calls them. */
#ifndef QUORUM_REVIEW_H
#define QUORUM_REVIEW_H

#include "quorum/desk.h"
#include "quorum/learning_stats.h"

enum review_verb {
    REVIEW_APPROVE, /* applies after REVIEW_HOLD_S of machine time, unless undone */
    REVIEW_REJECT,  /* reason of at least 3 characters */
    REVIEW_DEFER,   /* hidden for a while; the expiry stays, at most until 6 h before it */
    REVIEW_SHADOW,  /* the new value runs beside the old for n trades, then it is pending again */
    REVIEW_UNSHADOW,
    REVIEW_REVERT, /* of an applied one: the old value as a new version; ROLLED_BACK */
    REVIEW_UNDO,   /* my last reversible act: APPROVED in its hold, DEFERRED, SHADOW, REJECTED just
                    * now -> PENDING. id 0: the last */
    REVIEW_VERBS
};
enum { REVIEW_HOLD_S = 10, REVIEW_EXPIRES_H = 72 };
const char *review_verb_name(enum review_verb v); /* "approve": also the command */

struct review_act {
    enum review_verb verb;
    int64_t id;
    /* What was looked at: refused with E12 when it is not that any more. 0 and NULL: not looked. */
    int version;
    const char *digest;
    const char *reason; /* in words, at most 400 characters (E05) */
    int64_t defer_us;   /* REVIEW_DEFER */
    int trades;         /* REVIEW_SHADOW; 0: 20 */
};
struct review_result {
    int64_t id;
    char status[16];  /* it has now */
    char text[300];   /* one line for a person: "approved #17; applies in 10 s; undo undoes" */
    int64_t apply_at; /* machine time, REVIEW_APPROVE */
};
/* Refusals are ERR_CONFLICT, ERR_USAGE or ERR_POLICY with the codes E10-E15, E50, E51. */
enum err review_act(struct desk *d, const struct review_act *a, struct review_result *out,
                    struct error *e);
/* The confirmation level of it (0, 2 or 3) and the question's lines, from the row: operator.md 4.9.
 * `word`: what is to be typed at level 3. */
struct review_question {
    int level;
    char word[24];
    char title[160];   /* "APPROVE #17  stop_mult 1.50 -> 1.25  conf 74%  risk LOW  NOT PROVEN" */
    char line[6][160]; /* what it does, the worst warnings */
    int lines;
    int version;     /* of the only one asked about, as the two below */
    char status[24]; /* "PENDING" */
    char digest[65];
    bool needs_reason; /* reject, revert, risk above LOW, measured under other values */
};
enum err review_ask(struct desk *d, enum review_verb verb, const int64_t *id, size_t n,
                    struct review_question *out, struct error *e);
/* Says that this session looks at it now (soft lock, a minute); others see who. */
void review_looks(struct desk *d, int64_t id, const char *session);

/* What time does: applies what was approved and is past its hold (bounds, version and current value
 * checked again: E14 and stale ones FAILED or SUPERSEDED), expires what nobody decided, brings back
 * what was deferred and what ran its shadow. Idempotent, any number of processes; called by the
 * leader every second, before an evaluation reads parameters, and by the commands. */
typedef void review_pass_fn(void *arg, int64_t changed, const struct error *e);
void review_pass(struct desk *d, review_pass_fn *done, void *arg);

/* A proposal as the cycle has judged it. Same parameter and value as a waiting one: that one is
 * refreshed (version + 1). Another value: the waiting one is SUPERSEDED. GATE_APPLY applies it in
 * the same transaction. */
struct proposal {
    const char *parameter;
    struct value old_value, new_value; /* unknown: off */
    struct gate gate;
    const char *reasoning; /* worded by a model (then by != "baseline") or by code */
    const char *by;        /* "baseline", "strategy_builder" */
    const char *evidence;  /* JSON object, keys in docs/learning.md */
    int64_t cycle;
};
enum err review_propose(struct desk *d, const struct proposal *p, int64_t *id, struct error *e);

/* After each closed trade or session: judges every applied change by the rule fixed when it was
 * applied (measure_judge, with the shadow book under the old value), rolls back what harms, lets
 * sunset what is unproven at the horizon, notes the result of the rest. done: how many ended. */
void review_measure(struct desk *d, review_pass_fn *done, void *arg);

/* What became of the changes somebody approved, beside those the desk applied by itself. */
struct review_record {
    int64_t approved, better, worse, unclear; /* the rest is being measured */
    int64_t automatic, auto_better, auto_worse, auto_unclear;
    char text[200]; /* "you approved 9: 5 better, 2 worse, 2 unclear; auto 6: 3/1/2" */
};
enum err review_record(struct desk *d, const char *who, struct review_record *out, struct error *e);

#endif
