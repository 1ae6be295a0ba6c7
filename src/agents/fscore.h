/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Annual statements as scores: the nine tests of Piotroski (2000), and four pillars of 0 to 100.
 * Everything is computed here from the statements as filed; a figure that is missing leaves what
 * rests on it unknown, never zero. Conventions: docs/agents.md. */
#ifndef AGENTS_FSCORE_H
#define AGENTS_FSCORE_H

#include "quorum/market.h"

enum { PIOTROSKI_TESTS = 9 };
extern const char *const piotroski_names[PIOTROSKI_TESTS];

struct piotroski {
    struct value test[PIOTROSKI_TESTS]; /* 1 passed, 0 not */
    bool skipped[PIOTROSKI_TESTS];      /* means nothing for this kind of company */
    int passed, asked;
    struct value score; /* 0-9; rescaled when some are skipped; unknown if any asked test is */
};
/* before is the fiscal year before now, or NULL. */
void piotroski_score(const struct statement_year *now, const struct statement_year *before,
                     bool is_bank, struct piotroski *out);

/* Ratios of one year, as fractions. */
struct year_ratios {
    struct value roa, cfo_to_assets, lt_debt, current, gross_margin, asset_turnover;
};
void year_ratios(const struct statement_year *y, struct year_ratios *out);

struct pillars {
    struct value roic, gross_to_assets, cfo_to_income, net_debt_to_ebitda; /* fractions, times */
    struct value ebit_to_ev, fcf_yield, earnings_yield;
    struct value revenue_growth, eps_growth, fcf_growth;
    struct piotroski piotroski;
    struct value quality, value, growth, health; /* 0-100 */
    int available;
    struct value score; /* S; unknown below three pillars */
};
/* price in dollars, as of the decision. */
void pillars_compute(const struct statement_year *now, const struct statement_year *before,
                     struct value price, bool is_bank, struct pillars *out);

/* Years filed at or before as_of, newest first; returns how many. */
size_t statements_known(const struct fundamentals *f, int64_t as_of,
                        const struct statement_year *out[STATEMENT_YEARS_MAX]);
/* The second of them if it is the fiscal year before the first, in the same currency. */
const struct statement_year *statements_before(const struct statement_year *const *years, size_t n);

#endif
