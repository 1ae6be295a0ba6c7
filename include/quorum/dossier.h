/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known about one symbol at one moment: the bytes every vote of an evaluation rests on.
 * Built from market data and from what the operator gave; stored, so that a replay reads the same
 * bytes. Agents see nothing else. */
#ifndef QUORUM_DOSSIER_H
#define QUORUM_DOSSIER_H

#include "quorum/indicators.h"
#include "quorum/market.h"
#include "quorum/regime.h"

enum { FACTS_MAX = 160 };

struct fact {
    char id[40];  /* "rsi", "roa_2023", "n3" */
    char unit[8]; /* "$", "%", "x", "" */
    struct value number;
    char *text; /* for facts that are words; else NULL */
    int decimals;
    struct provenance from;
};

/* All that a dossier read from storage still knows of its bars. */
struct bar_range {
    int64_t count;
    int32_t first, last; /* days; meaningless when count is 0 */
};

struct dossier {
    char symbol[16];
    int64_t as_of;
    int64_t price;         /* 1/10,000 dollar; 0 unknown */
    bool indicators_given; /* --indicators: nothing else technical is known */
    bool simulated;
    struct indicators indicators;
    struct regime_reading regime;
    struct market_data market;
    struct bar_range bars, benchmark_bars; /* of market's, which a stored dossier does not hold */
    struct fact fact[FACTS_MAX];
    size_t nfacts;
    struct arena arena;
};

void dossier_release(struct dossier *d);
struct fact *dossier_add(struct dossier *d, const char *id, const struct provenance *from);
const struct fact *dossier_fact(const struct dossier *d, const char *id);

#endif
