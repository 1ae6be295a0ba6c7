/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/money.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { DIGITS_MAX = 18 };

static const uint64_t ten_to[DIGITS_MAX + 1] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

/* The size of the most negative value, which has no positive twin in int64. */
static const uint64_t magnitude_max = (uint64_t)INT64_MAX + 1;

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* n = n * 10 + d, within the magnitude an int64 can have. */
static bool push_digit(uint64_t *n, unsigned d)
{
    if (*n > (magnitude_max - d) / 10)
        return false;
    *n = *n * 10 + d;
    return true;
}

bool decimal_parse(const char *s, int digits, int64_t *out)
{
    assert(digits >= 0 && digits <= DIGITS_MAX);
    uint64_t n = 0;
    bool negative = *s == '-';
    if (negative)
        s++;
    bool any = is_digit(*s);
    for (; is_digit(*s); s++) {
        if (!push_digit(&n, (unsigned)(*s - '0')))
            return false;
    }
    int places = 0;
    if (*s == '.') {
        s++;
        any = is_digit(*s);
        for (; is_digit(*s); s++) {
            if (places == digits) {
                if (*s != '0')
                    return false;
                continue;
            }
            if (!push_digit(&n, (unsigned)(*s - '0')))
                return false;
            places++;
        }
    }
    if (!any || *s != '\0')
        return false;
    for (; places < digits; places++) {
        if (!push_digit(&n, 0))
            return false;
    }
    if (n == magnitude_max && !negative)
        return false;
    *out = negative ? (int64_t)((uint64_t)0 - n) : (int64_t)n;
    return true;
}

/* Builds the text from its end. A number cut short would be a wrong number, so one that does not
 * fit is shown as "#". */
static const char *print_decimal(char *dst, size_t size, int64_t value, int digits, int places,
                                 bool group)
{
    assert(size > 0 && digits >= 0 && digits <= DIGITS_MAX && places >= 0 && places <= digits);
    uint64_t unit = ten_to[digits - places];
    uint64_t n = magnitude(value) / unit;
    uint64_t rest = magnitude(value) % unit;
    if (rest != 0 && rest >= unit - rest)
        n++;
    bool negative = value < 0 && n != 0; /* what rounds to zero has no sign */
    char text[DECIMAL_SIZE];
    char *p = text + sizeof(text);
    *--p = '\0';
    for (int i = 0; i < places; i++, n /= 10)
        *--p = (char)('0' + n % 10);
    if (places > 0)
        *--p = '.';
    int written = 0;
    do {
        if (group && written > 0 && written % 3 == 0)
            *--p = ',';
        *--p = (char)('0' + n % 10);
        n /= 10;
        written++;
    } while (n != 0);
    if (negative)
        *--p = '-';
    size_t len = (size_t)(text + sizeof(text) - p);
    if (len > size) {
        p = text + sizeof(text) - 2;
        *p = '#';
        len = 2;
    }
    if (len > size) /* not even that: one byte, the terminator */
        p++, len = 1;
    return memcpy(dst, p, len);
}

const char *decimal_print(char *dst, size_t size, int64_t value, int digits, int places)
{
    return print_decimal(dst, size, value, digits, places, false);
}

const char *decimal_group(char *dst, size_t size, int64_t value, int digits, int places)
{
    return print_decimal(dst, size, value, digits, places, true);
}

/* Rounds half away from zero. A product such as 1.005 * 100 falls one or two units in the last
 * place short of its tie although the decimal a person wrote is a tie; that near counts as one. */
static double round_near_tie(double y)
{
    double size = fabs(y);
    double whole = floor(size);
    double slack = size < 0x1p46 ? size * 0x1p-51 : 0;
    double up = size - whole >= 0.5 - slack ? 1 : 0;
    return copysign(whole + up, y);
}

bool decimal_from_double(double x, int digits, int64_t *out)
{
    assert(digits >= 0 && digits <= DIGITS_MAX);
    if (!isfinite(x))
        return false;
    double y = round_near_tie(x * (double)ten_to[digits]);
    if (!(y >= -0x1p63 && y < 0x1p63))
        return false;
    *out = (int64_t)y;
    return true;
}

double decimal_to_double(int64_t value, int digits)
{
    assert(digits >= 0 && digits <= DIGITS_MAX);
    return (double)value / (double)ten_to[digits];
}

double round_half_away(double x, int places)
{
    assert(places >= 0 && places <= DIGITS_MAX);
    double y = x * (double)ten_to[places];
    if (!(fabs(y) < 0x1p52)) /* no fraction left to round, infinite, or not a number */
        return x;
    return round_near_tie(y) / (double)ten_to[places] + 0.0; /* + 0.0: never minus zero */
}
