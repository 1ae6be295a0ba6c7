/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Money is an integer in its smallest unit: model cost in nano-dollars, trades in micro-dollars,
 * prices in ten-thousandths of a dollar. Parsed from and printed as decimal text, never through
 * a double. Rounding happens at output only, half away from zero. */
#ifndef QUORUM_MONEY_H
#define QUORUM_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MONEY_NANO_DIGITS = 9, MONEY_MICRO_DIGITS = 6, PRICE_DIGITS = 4 };
enum { DECIMAL_SIZE = 32 }; /* bytes that hold any decimal printed here */

/* "175.50" with digits 4 -> 1755000. Rejects signs other than one leading '-', exponents, blanks,
 * a point without a digit after it, more decimals than `digits` unless they are zero, and values
 * past int64. `digits` is 0 to 18 everywhere here. */
bool decimal_parse(const char *s, int digits, int64_t *out);
/* Writes value / 10^digits with exactly `places` decimals (places <= digits), rounded half away
 * from zero; what rounds to zero has no sign. decimal_group puts commas in the integer part. A
 * number that does not fit into dst is shown as "#", never cut. Returns dst. */
const char *decimal_print(char *dst, size_t size, int64_t value, int digits, int places);
const char *decimal_group(char *dst, size_t size, int64_t value, int digits, int places);
/* Nearest integer of the unit, half away from zero; the argument is checked to be finite and the
 * result to fit. Two units in the last place from a tie count as the tie: 1.005 is 1.01 at 2. */
bool decimal_from_double(double x, int digits, int64_t *out);
double decimal_to_double(int64_t value, int digits);
/* The same for output of doubles, at `places` decimals (3.194 -> 3.2 at 1); never minus zero. */
double round_half_away(double x, int places);

#endif
