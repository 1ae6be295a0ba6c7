/* Money is an integer in its smallest unit: model cost in nano-dollars, trades in micro-dollars,
 * prices in ten-thousandths of a dollar. Parsed from and printed as decimal text, never through
 * a double. Rounding happens at output only, half away from zero. */
#ifndef QUORUM_MONEY_H
#define QUORUM_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MONEY_NANO_DIGITS = 9, MONEY_MICRO_DIGITS = 6, PRICE_DIGITS = 4 };

/* "175.50" with digits 4 -> 1755000. Rejects signs other than one leading '-', exponents, blanks,
 * more decimals than `digits` unless they are zero, and values past int64. */
bool decimal_parse(const char *s, int digits, int64_t *out);
/* Writes value / 10^digits with exactly `places` decimals (places <= digits), rounded half away
 * from zero. `group` puts commas in the integer part. Returns dst. */
const char *decimal_print(char *dst, size_t size, int64_t value, int digits, int places);
const char *decimal_group(char *dst, size_t size, int64_t value, int digits, int places);
/* Nearest integer of the unit, half away from zero; the argument is checked to be finite. */
bool decimal_from_double(double x, int digits, int64_t *out);
double decimal_to_double(int64_t value, int digits);
/* Half away from zero at n decimals, for output of doubles ("3.194" -> 3.2 at 1). */
double round_half_away(double x, int places);

#endif
