/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/random.h"

#include "quorum/stats.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

/* The finaliser, with the constants as published by Vigna. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct random random_begin(uint64_t seed, uint64_t stream)
{
    return (struct random){.key = mix(mix(seed + GOLDEN) ^ (GOLDEN * (stream + 1)))};
}

uint64_t random_stream(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return h;
}

uint64_t random_bits(struct random *g)
{
    return mix(g->key + GOLDEN * ++g->taken);
}

double random_unit(struct random *g)
{
    return ((double)(random_bits(g) >> 12) + 0.5) * 0x1p-52;
}

/* The top 32 bits times n: no value is off by more than n / 2^32 of its share. */
uint32_t random_below(struct random *g, uint32_t n)
{
    return (uint32_t)(((random_bits(g) >> 32) * n) >> 32);
}

double random_normal(struct random *g)
{
    return normal_quantile(random_unit(g));
}
