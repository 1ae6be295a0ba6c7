/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Voters together: how independent they are, and whether one has begun to decide otherwise. */
#include <math.h>
#include <stdio.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"

#define MIX_BAYES    100.0 /* the alarm's odds */
#define MIX_DISTANCE 0.15  /* of consequence */
#define MIX_PRIOR    0.5   /* Jeffreys, for each kind */
#define MIX_FEWEST   20

struct value vote_phi(const bool *right_a, const bool *right_b, size_t n)
{
    double both = 0, a = 0, b = 0, count = (double)n;
    for (size_t i = 0; i < n; i++) {
        both += right_a[i] && right_b[i];
        a += right_a[i];
        b += right_b[i];
    }
    double spread = a * (count - a) * b * (count - b);
    return spread > 0 ? VALUE((count * both - a * b) / sqrt(spread)) : VALUE_UNKNOWN;
}

double effective_voters(double voters, double phi)
{
    return voters / (1 + (voters - 1) * fmin(1, fmax(0, phi)));
}

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

static double log_beta(double a, double b)
{
    return lgamma(a) + lgamma(b) - lgamma(a + b);
}

double chance_of_right(int right, int voters, double p, double rho)
{
    if (right < 0 || right > voters || !(p >= 0 && p <= 1) || !(rho >= 0 && rho <= 1))
        return (double)NAN;
    double k = right, n = voters;
    if (p <= 0 || p >= 1)
        return right == (p >= 1 ? voters : 0);
    if (rho >= 1)
        return right == voters ? p : right == 0 ? 1 - p : 0;
    if (rho <= 0)
        return exp(log_choose(n, k) + k * log(p) + (n - k) * log1p(-p));
    double a = p * (1 - rho) / rho, b = (1 - p) * (1 - rho) / rho;
    return exp(log_choose(n, k) + log_beta(a + k, b + n - k) - log_beta(a, b));
}

/* ---- decision mix ---- */

/* ln of the chance of these votes in their order where the shares are not known: Dirichlet. */
static double log_chance(const uint64_t *votes, const double prior[MIX_KINDS])
{
    double all = 0, n = 0, sum = 0;
    for (int k = 0; k < MIX_KINDS; k++) {
        all += prior[k];
        n += (double)votes[k];
        sum += lgamma(prior[k] + (double)votes[k]) - lgamma(prior[k]);
    }
    return sum + lgamma(all) - lgamma(all + n);
}

static uint64_t votes_in(const uint64_t votes[MIX_KINDS])
{
    uint64_t n = 0;
    for (int k = 0; k < MIX_KINDS; k++)
        n += votes[k];
    return n;
}

/* The recent votes as a fresh agent's, over the recent ones as those of the one before. */
void decision_mix(const uint64_t before[MIX_KINDS], const uint64_t recent[MIX_KINDS],
                  struct mix_alarm *out)
{
    static const char *const word[] = {"BUY", "SELL", "HOLD", "ABSTAIN", "FAILED"};
    double fresh[MIX_KINDS], known[MIX_KINDS], most = -1;
    uint64_t n = votes_in(before), m = votes_in(recent);
    *out = (struct mix_alarm){0};
    if (n < MIX_FEWEST || m < MIX_FEWEST) {
        snprintf(out->reason, sizeof out->reason,
                 "%llu votes before and %llu recent; %d are needed", (unsigned long long)n,
                 (unsigned long long)m, MIX_FEWEST);
        return;
    }
    for (int k = 0; k < MIX_KINDS; k++) {
        double was = (double)before[k] / (double)n, is = (double)recent[k] / (double)m;
        fresh[k] = MIX_PRIOR;
        known[k] = MIX_PRIOR + (double)before[k];
        out->distance += fabs(is - was) / 2;
        if (fabs(is - was) > most) {
            most = fabs(is - was);
            out->kind = k;
        }
    }
    out->log_bayes = log_chance(recent, fresh) - log_chance(recent, known);
    out->fires = out->log_bayes >= log(MIX_BAYES) && out->distance >= MIX_DISTANCE;
    snprintf(out->reason, sizeof out->reason, "%s %.0f%% of %llu, before %.0f%% of %llu%s",
             word[out->kind], 100 * (double)recent[out->kind] / (double)m, (unsigned long long)m,
             100 * (double)before[out->kind] / (double)n, (unsigned long long)n,
             out->fires ? "" : ": not more than chance");
}
