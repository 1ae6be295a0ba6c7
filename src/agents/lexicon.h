/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The headline scorer: words, subjects and rules of data/headline_lexicon.json, applied as
 * docs/agents.md describes. Deterministic and free of cost. A lexicon holds scratch space, so one
 * thread uses it. */
#ifndef AGENTS_LEXICON_H
#define AGENTS_LEXICON_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <stddef.h>

#include "quorum/err.h"
#include "quorum/mem.h"

enum word_class {
    WORD_UP = 1, /* directions */
    WORD_DOWN = 2,
    WORD_GOOD = 4,      /* subjects whose rise is good */
    WORD_BAD = 8,       /* subjects whose rise is bad */
    WORD_POSITIVE = 16, /* good or bad by themselves */
    WORD_NEGATIVE = 32,
    WORD_NEGATOR = 64,
    WORD_SUFFIX = 128,    /* "inc": no part of a company's spoken name */
    WORD_GENERIC = 256,   /* "general": names no company alone */
    WORD_AMBIGUOUS = 512, /* a ticker that is also a word, upper case */
};

struct lexicon_word {
    const char *text;
    unsigned classes;
};

struct lexicon_rule {
    pcre2_code *code;
    double weight;
    const char *replacement; /* rules that prepare the text */
};

struct lexicon_rules {
    struct lexicon_rule *rule;
    size_t n;
};

struct lexicon_pair {
    const char *key, *text;
};

struct lexicon_unit {
    const char *name;
    double factor;
};

struct lexicon {
    struct arena arena;
    struct lexicon_word *word; /* sorted by text, unique */
    size_t nwords;
    struct lexicon_rules prepare, phrases, swings, comparisons;
    struct lexicon_rule comparison_bad, comparison_good;
    struct lexicon_unit *unit;
    size_t nunits;
    struct lexicon_pair *alias; /* symbol, what headlines call the company */
    size_t naliases;
    pcre2_match_context *limits; /* so that a hostile headline cannot hang the desk */
    pcre2_jit_stack *stack;
    pcre2_match_data *match;
};

/* The shipped lexicon, compiled at the first call and kept for the life of the process. NULL with
 * e set if the built-in file is broken. */
const struct lexicon *lexicon_shared(struct error *e);
struct lexicon *lexicon_new(const char *json, size_t len, struct error *e);
void lexicon_free(struct lexicon *l);

/* Classes of a word (not NUL-terminated), 0 if unknown. */
unsigned lexicon_word(const struct lexicon *l, const char *word, size_t len);

/* Raw score: 0 neutral, about +-1 for a clear headline, more for several reasons. Only the first
 * 1,000 bytes are read. */
double lexicon_score(const struct lexicon *l, const char *text);
/* s / sqrt(s^2 + 4): in (-1, 1). */
double lexicon_normalise(double score);

#endif
