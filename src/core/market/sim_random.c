/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/market/sim_random.h"

#define FX_MASK ((uint64_t)FX_ONE - 1)
#define FX_LN2  ((fx)744261118) /* ln 2 * 2^30 */

static uint64_t magnitude(int64_t a)
{
    return a < 0 ? (uint64_t)0 - (uint64_t)a : (uint64_t)a;
}

static int64_t with_sign(uint64_t m, bool negative)
{
    return negative ? -(int64_t)m : (int64_t)m;
}

/* Split into high and low halves: 64-bit products only, so no compiler needs __int128. */
fx fx_mul(fx a, fx b)
{
    uint64_t x = magnitude(a), y = magnitude(b);
    uint64_t xh = x >> 30, xl = x & FX_MASK, yh = y >> 30, yl = y & FX_MASK;

    return with_sign(((xh * yh) << 30) + xh * yl + xl * yh + ((xl * yl) >> 30), (a < 0) != (b < 0));
}

fx fx_div(fx a, fx b)
{
    return with_sign((magnitude(a) << 30) / magnitude(b), (a < 0) != (b < 0));
}

int64_t fx_scale(int64_t a, fx b)
{
    return fx_mul(a, b);
}

static int64_t isqrt(uint64_t a)
{
    uint64_t root = 0, bit = (uint64_t)1 << 62;

    while (bit > a)
        bit >>= 2;
    for (; bit != 0; bit >>= 2) {
        if (a >= root + bit) {
            a -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (int64_t)root;
}

fx fx_sqrt(fx a)
{
    return a <= 0 ? 0 : isqrt((uint64_t)a << 30);
}

fx fx_clamp(fx a, fx low, fx high)
{
    return a < low ? low : a > high ? high : a;
}

/* e^a = 2^k e^r with r in [0, ln 2); e^r by Horner's form of the series, 12 terms (the rest is
 * below 2^-36). */
int64_t fx_exp_times(fx a, int64_t scale)
{
    fx k = a >= 0 ? a / FX_LN2 : -((-a + FX_LN2 - 1) / FX_LN2);
    fx r = a - k * FX_LN2, e = FX_ONE;

    for (int i = 12; i >= 1; i--)
        e = FX_ONE + fx_mul(e, r) / i;
    if (k < -30)
        return 0;
    e = k >= 0 ? e * ((fx)1 << k) : e >> -k;
    return (fx_mul(2 * scale, e) + 1) / 2;
}

/* log2 by squaring, one bit at a time. */
fx fx_log(int64_t n)
{
    int whole = 0;
    uint64_t m = (uint64_t)n, fraction = 0;

    while (m >> (whole + 1) != 0)
        whole++;
    m = whole > 30 ? m >> (whole - 30) : m << (30 - whole);
    for (int i = 0; i < 30; i++) {
        m = (m * m) >> 30;
        fraction <<= 1;
        if (m >= (uint64_t)FX_ONE << 1) {
            fraction |= 1;
            m >>= 1;
        }
    }
    return fx_mul(((fx)whole << 30) + (fx)fraction, FX_LN2);
}

/* The finaliser of SplitMix64 (Steele, Lea and Flood 2014; constants as published by Vigna). */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

uint64_t sim_hash_text(const char *s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h;
}

struct sim_draw sim_draw_begin(uint64_t seed, uint64_t stream, uint64_t subject, int64_t when)
{
    uint64_t k = mix(seed + GOLDEN * (stream + 1));

    k = mix(k ^ subject);
    k = mix(k + GOLDEN * (uint64_t)when);
    return (struct sim_draw){.key = k};
}

uint64_t sim_bits(struct sim_draw *d)
{
    return mix(d->key + GOLDEN * ++d->taken);
}

fx sim_uniform(struct sim_draw *d)
{
    return (fx)(sim_bits(d) >> 34);
}

int sim_below(struct sim_draw *d, int n)
{
    return (int)(((sim_bits(d) >> 32) * (uint64_t)n) >> 32);
}

bool sim_chance(struct sim_draw *d, fx p)
{
    return sim_uniform(d) < p;
}

fx sim_normal(struct sim_draw *d)
{
    int64_t sum = 0;

    for (int word = 0; word < 2; word++) {
        uint64_t bits = sim_bits(d);

        for (int i = 0; i < 4; i++)
            sum += (int64_t)(bits >> (16 * i) & 0xffff);
    }
    /* Variance of the sum is 8 * 65536^2 / 12; the factor is 2^30 * 2^8 / (2 * 53509.92). */
    return with_sign((magnitude(2 * sum - 8 * 65535) * UINT64_C(2568476)) >> 8,
                     2 * sum < 8 * 65535);
}
