/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An agent: what it is shown, what it is asked, what it may answer, and its free baseline. One
 * file and one line in agents/table.c each. */
#ifndef QUORUM_AGENT_H
#define QUORUM_AGENT_H

#include "quorum/dossier.h"

enum vote_state { VOTE_ABSTAIN, VOTE_BUY, VOTE_SELL, VOTE_HOLD, VOTE_FAILED };
const char *vote_state_name(enum vote_state s);
bool vote_state_parse(const char *name, enum vote_state *out);

enum { EVIDENCE_MAX = 12 };
struct evidence {
    char fact_id[40];
    double value;
    bool has_value;
    bool wrong; /* the dossier says otherwise */
};

/* One agent's opinion. For ABSTAIN and FAILED `reason` says why and confidence is 0. A classifier
 * and a veto do not vote: when they answered, state is HOLD and `answer` holds what they said. */
struct vote {
    enum vote_state state;
    double confidence;  /* 0-100, stated */
    char reason[400];   /* clean text, one line */
    char answer[24];    /* the classifier's label or the risk verdict; "" for voters */
    struct value score; /* what the vote was made from: S of research, m' of news, the most shares
                         * a REDUCE leaves, ... */
    struct evidence evidence[EVIDENCE_MAX];
    size_t nevidence;
};

enum agent_role {
    AGENT_CLASSIFIER, /* gives a label (regime) */
    AGENT_VOTER,      /* votes BUY, SELL, HOLD */
    AGENT_VETO,       /* may veto or shrink a size */
    AGENT_PROPOSER,   /* words and ranks parameter changes */
};
const char *agent_role_name(enum agent_role r); /* "voter" */

enum field_type { FIELD_TEXT, FIELD_ENUM, FIELD_NUMBER, FIELD_INTEGER, FIELD_BOOL, FIELD_EVIDENCE };

/* One row of an answer table; makes the JSON schema, the validator and the parser. */
struct answer_field {
    const char *name;
    enum field_type type;
    bool optional;
    double min, max;           /* numbers: range, inclusive; rejected outside, never clamped */
    size_t max_length;         /* text: bytes after cleaning; longer is cut with an ellipsis, for
                                * prose is not worth a second paid call */
    const char *const *choice; /* enum: NULL-terminated, upper case */
    const char *help;
};

struct answer_value {
    bool present;
    double number;
    char text[600];
    struct evidence evidence[EVIDENCE_MAX];
    size_t nevidence;
};
enum { ANSWER_FIELDS_MAX = 8 };
struct answer {
    struct answer_value field[ANSWER_FIELDS_MAX]; /* in table order */
};

/* What the risk agent looks at besides the dossier; filled by sizing. */
struct risk_view {
    int64_t shares, price; /* price 1/10,000 dollar */
    double position_pct, stop_pct, target_pct, risk_pct;
    const char *binding;
};

struct agent {
    const char *name;  /* "research" */
    const char *title; /* "Research" */
    enum agent_role role;
    const char *does; /* one sentence for `agents` */
    /* Fact ids it is shown; "sma_*" is all that begin so, "n#" all that end in a number there;
     * NULL-terminated. */
    const char *const *facts;
    /* Puts the facts this agent derives from the dossier's market data into it (ratios, headlines,
     * the proposed size). NULL: it needs none. Call once per dossier; risk is NULL except for
     * AGENT_VETO. */
    void (*add_facts)(struct dossier *d, const struct risk_view *risk);
    int prompt_version;
    const char *prompt;                /* stable system text; facts follow as data */
    const struct answer_field *answer; /* ends with .name = NULL */
    /* Deterministic and free. risk is NULL except for AGENT_VETO. NULL: none yet. */
    void (*baseline)(const struct dossier *d, const struct risk_view *risk, struct vote *out);
    /* A checked answer becomes a vote. NULL for AGENT_PROPOSER. */
    void (*to_vote)(const struct answer *a, const struct dossier *d, struct vote *out);
};

/* NULL-terminated; given to the engine by main. */
extern const struct agent *const agent_table[];
const struct agent *agent_find(const char *name); /* NULL when there is none */
/* Does the agent's list name this fact, itself or by a pattern? */
bool agent_shows(const struct agent *a, const char *fact_id);
/* What a veto leaves of `shares`: 0 on REJECT, at most its score on REDUCE, else all. */
int64_t vote_risk_limit(const struct vote *v, int64_t shares);

/* agents/answer.c, answer_schema.c: the form of an answer, from its table. */
void answer_schema(const struct answer_field *fields, struct buf *out); /* JSON schema, strict */
/* Parses and checks one JSON object: unknown or missing fields, wrong types, NaN, numbers as
 * strings, values out of range are ERR_FAILED with a reason fit for a repair request. */
enum err answer_parse(const struct answer_field *fields, const char *text, size_t len,
                      struct answer *out, struct error *e);
/* Marks evidence that the dossier does not bear out: an id it does not have, a value where it has
 * none, a value off by more than 0.5 % and by more than half of the last decimal shown. Caps the
 * confidence at 50 if there is any. Returns how many are wrong. */
size_t evidence_check(const struct dossier *d, struct vote *v);
void vote_abstain(struct vote *v, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
