/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is learning honest? Desks without any pattern, desks with one of known size, and proposals whose
 * truth is known, all simulated from fixed seeds. Prints the tables of docs/learning.md and fails
 * where a promised rate is broken. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/calendar.h"
#include "quorum/learning_stats.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

enum {
    DESKS = 200,
    TRADES_LEAST = 30,
    TRADES_MOST = 200,
    SYMBOLS = 24,
    ARM = 169,
    POWER_RUNS = 500,
    PROPOSALS = 40000,
    DISCOVERIES_MOST = 64,
    LIFE_MOST = 1200,
    SESSIONS = TRADES_MOST + 80,
    CANDIDATES_A_SESSION = 3,
    CYCLES = 4000,
};
#define WIN            2.66
#define CHANCE         0.2735 /* of the target: mean R 0 */
#define PLANTED        0.5
#define RULE_CONFIRMED 0.10
#define RULE_APPLIED   0.05
#define RULE_POWER     0.80

static int broken;

static void rule(const char *what, double got, double limit, bool at_least)
{
    bool good = at_least ? got >= limit : got <= limit;
    printf("  %-58s %5.1f %%  %s %.0f %%  %s\n", what, 100 * got,
           at_least ? ">=" : "<=", 100 * limit, good ? "ok" : "BROKEN");
    broken += !good;
}

static void tell(const char *what, double share)
{
    printf("  %-58s %5.1f %%\n", what, 100 * share);
}

/* ---- a simulated life ---- */

/* Stop or target, with a little of everything else: deviation about 1.64. */
static double draw_r(struct random *g, double mean)
{
    double chance = CHANCE + mean / (WIN + 1);
    return (random_unit(g) < chance ? WIN : -1) + 0.15 * random_normal(g);
}

/* Regimes stay for weeks; everything else of a trade is drawn anew. `effect`: how much better a
 * trade is in a BULL regime, spread evenly over both sides of zero. */
static void live(struct learning_case *k, size_t n, uint64_t seed, double effect)
{
    static const char *const regime[] = {"BULL", "SIDEWAYS", "BEAR", "HIGH_VOL", "LOW_VOL"};
    static const char *const sector[] = {"Technology",        "Financial Services",    "Healthcare",
                                         "Consumer Cyclical", "Consumer Defensive",    "Energy",
                                         "Industrials",       "Communication Services"};
    struct random g = random_begin(seed, random_stream("life"));
    unsigned at = 0;
    int32_t day = day_from_civil(2022, 1, 3);
    for (size_t i = 0; i < n; i++) {
        if (random_below(&g, 20) == 0)
            at = random_below(&g, 2) ? 0 : 1 + random_below(&g, 4);
        k[i] = (struct learning_case){.id = (int64_t)i + 1, .exit = EXIT_REASONS};
        snprintf(k[i].symbol, sizeof k[i].symbol, "S%zu", i % SYMBOLS);
        snprintf(k[i].regime, sizeof k[i].regime, "%s", regime[at]);
        snprintf(k[i].sector, sizeof k[i].sector, "%s", sector[i % SYMBOLS % 8]);
        k[i].news_mood = VALUE(0.4 * random_normal(&g));
        k[i].rsi = VALUE(52 + 11 * random_normal(&g));
        k[i].volume_ratio = VALUE(exp(0.4 * random_normal(&g)));
        k[i].confidence = VALUE(50 + 45 * random_unit(&g));
        k[i].agreement = VALUE(random_below(&g, 2) ? 1 : 2.0 / 3);
        day = calendar_next(day);
        k[i].entry_day = day;
        k[i].exit_day = calendar_add(day, 1 + (int)random_below(&g, 20));
        k[i].r = draw_r(&g, at == 0 ? effect / 2 : -effect / 2);
    }
}

struct memory {
    struct learning_discovery discovery[DISCOVERIES_MOST];
    size_t n;
};

static bool knows(const struct memory *m, const char *id)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->discovery[i].condition, id) == 0)
            return true;
    return false;
}

/* One night's search: what became a candidate is remembered with its day. */
static void night(const struct learning_case *k, size_t n, struct memory *m,
                  struct pattern_report *out)
{
    struct pattern_options o = {
        .without_intervals = true, .seed = 1, .discovery = m->discovery, .ndiscoveries = m->n};
    pattern_search(k, n, &o, out);
    for (size_t i = 0; i < out->n; i++) {
        const struct pattern *p = &out->pattern[i];
        if (p->status == PATTERN_CANDIDATE && m->n < DISCOVERIES_MOST &&
            !knows(m, p->condition->id))
            m->discovery[m->n++] = (struct learning_discovery){p->condition->id, k[n - 1].entry_day,
                                                               p->difference > 0 ? 1 : -1};
    }
}

static bool any_of(const struct pattern_report *r, enum pattern_status s)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->pattern[i].status == s)
            return true;
    return false;
}

/* ---- desks without a pattern ---- */

struct null_counts {
    int naive, one_test, candidate, confirmed, applied, asked;
};

/* What the desk would have believed without care: a condition with three trades and 70 % wins, or
 * one test at 5 %, on any night. */
static void count_naive(const struct pattern_report *r, bool *naive, bool *one_test)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct pattern *p = &r->pattern[i];
        if (p->condition->descriptive)
            continue;
        *naive = *naive || (p->n_in >= 3 && p->rate_in >= 0.7);
        *one_test = *one_test || p->p <= 0.05;
    }
}

static void null_patterns(const struct learning_case *k, size_t n, struct null_counts *c)
{
    struct memory m = {0};
    bool naive = false, one_test = false, confirmed = false;
    for (size_t t = TRADES_LEAST; t <= n; t++) {
        struct pattern_report r;
        night(k, t, &m, &r);
        count_naive(&r, &naive, &one_test);
        confirmed = confirmed || any_of(&r, PATTERN_CONFIRMED);
        pattern_report_release(&r);
    }
    c->naive += naive;
    c->one_test += one_test;
    c->candidate += m.n > 0;
    c->confirmed += confirmed;
}

/* ---- changes on desks where none is better ---- */

struct world {
    struct bars bars[SYMBOLS];
    struct replay_candidate candidate[SESSIONS * CANDIDATES_A_SESSION];
    size_t ncandidates;
};

/* Walks without drift, a third of the variance common to all: whatever the exit, R is 0 on
 * average, because no costs are taken. */
static void make_world(struct world *w, uint64_t seed)
{
    struct random g = random_begin(seed, random_stream("world"));
    double price[SYMBOLS];
    int32_t day = day_from_civil(2022, 1, 3);
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < SYMBOLS; i++)
        price[i] = 100;
    for (size_t t = 0; t < SESSIONS; t++) {
        double market = random_normal(&g);
        day = calendar_next(day);
        for (size_t i = 0; i < SYMBOLS; i++) {
            struct bar b = {.day = day, .volume = 1000000};
            double p[9] = {price[i]};
            for (int s = 1; s < 9; s++)
                p[s] = p[s - 1] * (1 + 0.0053 * (0.204 * market + 0.816 * random_normal(&g)));
            b.open = b.high = b.low = llround(p[0] * 1e4);
            for (int s = 1; s < 9; s++) {
                int64_t x = llround(p[s] * 1e4);
                b.high = x > b.high ? x : b.high;
                b.low = x < b.low ? x : b.low;
                b.close = x;
            }
            price[i] = p[8];
            bars_add(&w->bars[i], &b);
        }
    }
    for (size_t t = 1; t < SESSIONS; t++) {
        for (size_t j = 0; j < CANDIDATES_A_SESSION; j++) {
            const struct bars *b = &w->bars[random_below(&g, SYMBOLS)];
            w->candidate[w->ncandidates++] =
                (struct replay_candidate){.id = (int64_t)t,
                                          .bars = b,
                                          .first = t,
                                          .price = b->bar[t - 1].close,
                                          .atr = 0.02 * (double)b->bar[t - 1].close / 1e4,
                                          .beta = VALUE(1)};
        }
    }
}

static void world_release(struct world *w)
{
    for (size_t i = 0; i < SYMBOLS; i++)
        bars_release(&w->bars[i]);
}

/* What a cycle compares: of each parameter the neighbouring values, here only those that may apply
 * themselves, towards less risk; the others can only be chosen in their place. As many count as a
 * cycle compares. */
enum { FILTERS = 3, VALUES = 4, TRIED = 18, COMPARED = 28, PARAMETERS_SEEN = 7 };

#define FILTER_VALUE(name, v, low, high, step, risk)                                               \
    {                                                                                              \
        name, true, {0, false}, {v, true}, low, high, step, risk                                   \
    }
#define EXIT_VALUE(name, was, v, low, high, step)                                                  \
    {                                                                                              \
        name, true, {was, true}, {v, true}, low, high, step, RISK_RISES                            \
    }
static const struct learning_change change[TRIED] = {
    FILTER_VALUE("rsi_max", 85, 60, 90, 5, RISK_RISES),
    FILTER_VALUE("rsi_max", 80, 60, 90, 5, RISK_RISES),
    FILTER_VALUE("rsi_max", 75, 60, 90, 5, RISK_RISES),
    FILTER_VALUE("rsi_max", 70, 60, 90, 5, RISK_RISES),
    FILTER_VALUE("min_volume_ratio", 0.3, 0, 2, 0.1, RISK_FALLS),
    FILTER_VALUE("min_volume_ratio", 0.6, 0, 2, 0.1, RISK_FALLS),
    FILTER_VALUE("min_volume_ratio", 0.9, 0, 2, 0.1, RISK_FALLS),
    FILTER_VALUE("min_volume_ratio", 1.2, 0, 2, 0.1, RISK_FALLS),
    FILTER_VALUE("min_confidence", 55, 50, 80, 5, RISK_FALLS),
    FILTER_VALUE("min_confidence", 60, 50, 80, 5, RISK_FALLS),
    FILTER_VALUE("min_confidence", 65, 50, 80, 5, RISK_FALLS),
    FILTER_VALUE("min_confidence", 70, 50, 80, 5, RISK_FALLS),
    EXIT_VALUE("stop_mult", 1.5, 1.25, 1, 3, 0.25),
    EXIT_VALUE("stop_mult", 1.5, 1, 1, 3, 0.25),
    EXIT_VALUE("time_exit", 20, 15, 5, 60, 5),
    EXIT_VALUE("time_exit", 20, 10, 5, 60, 5),
    EXIT_VALUE("trail_atr", 3, 2.5, 1.5, 6, 0.5),
    EXIT_VALUE("trail_atr", 3, 2, 1.5, 6, 0.5),
};

static bool passes(size_t which, const struct learning_case *k)
{
    double limit = change[which].to.v;
    switch (which / VALUES) {
    case 0:
        return k->rsi.v <= limit;
    case 1:
        return k->volume_ratio.v >= limit;
    default:
        return k->confidence.v >= limit;
    }
}

/* Below 8 in either arm a filter has no confidence, as in a cycle. */
static struct learning_effect filtered(size_t which, const struct learning_case *k, size_t n)
{
    bool kept[TRADES_MOST];
    double r[TRADES_MOST];
    size_t stay = 0;
    for (size_t i = 0; i < n; i++) {
        kept[i] = passes(which, &k[i]);
        stay += kept[i];
        r[i] = k[i].r;
    }
    struct learning_effect e = learning_effect_of_filter(r, kept, n);
    if (stay < PATTERN_MIN_ARM || n - stay < PATTERN_MIN_ARM)
        e.variance = (double)INFINITY;
    return e;
}

/* Candidates up to session n, on the bars up to there. */
static struct learning_effect replayed(size_t which, struct world *w, size_t n)
{
    static const struct cost_model none = {.none = true};
    const struct learning_change *c = &change[which];
    struct replay_exits old = {1.5, 4, 3, 20}, new_exits = old;
    struct replay_result r;
    struct random g = random_begin(1, n);
    size_t full = w->bars[0].n, candidates = (n - 1) * CANDIDATES_A_SESSION;
    if (strcmp(c->parameter, "stop_mult") == 0)
        new_exits.stop_mult = c->to.v;
    else if (strcmp(c->parameter, "time_exit") == 0)
        new_exits.time_exit = (int)c->to.v;
    else
        new_exits.trail_atr = c->to.v;
    for (size_t i = 0; i < SYMBOLS; i++)
        w->bars[i].n = n;
    paired_replay(w->candidate, candidates, &old, &new_exits, &none, &g, NULL, &r);
    for (size_t i = 0; i < SYMBOLS; i++)
        w->bars[i].n = full;
    return r.effect;
}

/* A parameter's best value, by confidence: SIZE_MAX when none is better than what is in force. */
static size_t best_value(const struct learning_effect e[TRIED], size_t first)
{
    size_t best = SIZE_MAX;
    double most = 0;
    for (size_t i = first; i < TRIED && !strcmp(change[i].parameter, change[first].parameter);
         i++) {
        double c = learning_confidence(&e[i], PARAMETERS_SEEN);
        if (e[i].delta > 0 && isfinite(e[i].variance) && (best == SIZE_MAX || c > most)) {
            best = i;
            most = c;
        }
    }
    return best;
}

/* Every tenth trade a cycle: the best value of each parameter goes to the gate. */
static void null_changes(const struct learning_case *k, size_t n, uint64_t seed,
                         struct null_counts *c)
{
    struct world *w = mem_alloc(sizeof *w);
    bool applied = false, asked = false;
    make_world(w, seed);
    for (size_t t = TRADES_LEAST; t <= n; t += 10) {
        struct learning_state s = {.closed_trades = t,
                                   .days_since_rolled_back = -1,
                                   .considered = PARAMETERS_SEEN,
                                   .compared = COMPARED};
        struct learning_effect e[TRIED];
        for (size_t i = 0; i < TRIED; i++)
            e[i] = i < (size_t)FILTERS * VALUES ? filtered(i, k, t) : replayed(i, w, t + 40);
        for (size_t i = 0; i < TRIED; i++) {
            struct gate g;
            size_t best = i && !strcmp(change[i].parameter, change[i - 1].parameter)
                              ? SIZE_MAX
                              : best_value(e, i);
            if (best == SIZE_MAX)
                continue;
            learning_gate(&change[best], &e[best], &s, &learning_policy_default, &g);
            applied = applied || g.verdict == GATE_APPLY;
            asked = asked || g.verdict == GATE_QUEUE;
        }
    }
    c->applied += applied;
    c->asked += asked;
    world_release(w);
    mem_free(w);
}

/* Lives long enough for every look at what chance has made a candidate. */
static double confirmed_in_long_lives(void)
{
    static struct learning_case k[LIFE_MOST];
    int confirmed = 0;
    for (uint64_t d = 0; d < DESKS; d++) {
        struct memory m = {0};
        bool yes = false;
        live(k, LIFE_MOST, 500000 + d, 0);
        for (size_t t = TRADES_LEAST; t <= LIFE_MOST; t += 10) {
            struct pattern_report r;
            night(k, t, &m, &r);
            yes = yes || any_of(&r, PATTERN_CONFIRMED);
            pattern_report_release(&r);
        }
        confirmed += yes;
    }
    return (double)confirmed / DESKS;
}

static void null_desks(void)
{
    static struct learning_case k[TRADES_MOST];
    struct null_counts c = {0};
    for (uint64_t d = 0; d < DESKS; d++) {
        struct random g = random_begin(d, random_stream("length"));
        size_t n = TRADES_LEAST + random_below(&g, TRADES_MOST - TRADES_LEAST + 1);
        live(k, n, d, 0);
        null_patterns(k, n, &c);
        null_changes(k, n, d, &c);
    }
    printf("No pattern: %d desks of %d to %d trades, searched every night, a cycle's changes "
           "compared every tenth\n",
           DESKS, TRADES_LEAST, TRADES_MOST);
    tell("70 % wins in three trades, on some night", (double)c.naive / DESKS);
    tell("one test at 5 %, on some night", (double)c.one_test / DESKS);
    tell("a candidate, on some night", (double)c.candidate / DESKS);
    rule("a confirmed pattern, ever", (double)c.confirmed / DESKS, RULE_CONFIRMED, false);
    rule("the same in 1,200 trades, searched every tenth night", confirmed_in_long_lives(),
         RULE_CONFIRMED, false);
    tell("a change that a person is asked about, ever", (double)c.asked / DESKS);
    rule("a change applied by itself, ever", (double)c.applied / DESKS, RULE_APPLIED, false);
}

/* ---- desks with one ---- */

/* How many cases until both arms have `each`. */
static size_t until(const struct learning_case *k, size_t n, size_t from, size_t each)
{
    size_t in = 0, out = 0;
    for (size_t i = from; i < n; i++) {
        bool bull = strcmp(k[i].regime, "BULL") == 0;
        in += bull;
        out += !bull;
        if (in >= each && out >= each)
            return i + 1;
    }
    return n;
}

/* The effect alone: 169 an arm, one test. */
static void power_of_one_test(double found[3], double *deviation)
{
    double r[2 * ARM], squares = 0;
    bool in[2 * ARM];
    for (uint64_t run = 0; run < POWER_RUNS; run++) {
        struct random g = random_begin(run, random_stream("one test"));
        uint64_t won[2] = {0};
        for (size_t i = 0; i < (size_t)2 * ARM; i++) {
            in[i] = i < ARM;
            r[i] = draw_r(&g, in[i] ? PLANTED / 2 : -PLANTED / 2);
            won[in[i]] += r[i] > 0;
        }
        squares += moments_of(r, ARM).variance + moments_of(r + ARM, ARM).variance;
        found[0] += fisher_exact(won[1], ARM, won[0], ARM) <= 0.05;
        found[1] += permutation_test(r, in, (size_t)2 * ARM, TAIL_BOTH, 1999, &g) <= 0.05;
        found[2] += permutation_test(r, in, (size_t)2 * ARM, TAIL_UPPER, 1999, &g) <= 0.05;
    }
    for (int i = 0; i < 3; i++)
        found[i] /= POWER_RUNS;
    *deviation = sqrt(squares / (2.0 * POWER_RUNS));
}

struct way {
    double searched, searched_250, searched_320, discovered, confirmed_given, whole;
};

/* A desk's whole way: searched every fifth night while it gathers 169 an arm, then 169 an arm more
 * to confirm what was found. */
static bool confirmed_after(const struct learning_case *k, size_t n, int32_t day)
{
    struct learning_discovery d = {"regime_bull", day, 1};
    struct pattern_options o = {
        .without_intervals = true, .seed = 1, .discovery = &d, .ndiscoveries = 1};
    struct pattern_report r;
    bool yes = false;
    pattern_search(k, n, &o, &r);
    for (size_t i = 0; i < r.n; i++)
        if (strcmp(r.pattern[i].condition->id, "regime_bull") == 0)
            yes = r.pattern[i].confirmation.confirmed;
    pattern_report_release(&r);
    return yes;
}

static bool is_candidate(const struct learning_case *k, size_t n)
{
    struct memory m = {0};
    struct pattern_report r;
    night(k, n, &m, &r);
    pattern_report_release(&r);
    return knows(&m, "regime_bull");
}

static struct way power_of_the_search(void)
{
    static struct learning_case k[LIFE_MOST];
    struct way w = {0};
    double found = 0;
    for (uint64_t run = 0; run < POWER_RUNS; run++) {
        live(k, LIFE_MOST, 100000 + run, PLANTED);
        size_t first = until(k, LIFE_MOST, 0, ARM), discovered = 0;
        w.searched += is_candidate(k, first);
        w.searched_250 += is_candidate(k, until(k, LIFE_MOST, 0, 250));
        w.searched_320 += is_candidate(k, until(k, LIFE_MOST, 0, 320));
        for (size_t t = TRADES_LEAST; t <= first && !discovered; t += 5)
            discovered = is_candidate(k, t) ? t : 0;
        w.discovered += discovered > 0;
        size_t from = discovered ? discovered : first;
        size_t second = until(k, LIFE_MOST, from, ARM);
        bool yes = confirmed_after(k, second, k[from - 1].entry_day);
        w.confirmed_given += yes;
        found += yes && discovered;
    }
    w.searched /= POWER_RUNS;
    w.searched_250 /= POWER_RUNS;
    w.searched_320 /= POWER_RUNS;
    w.discovered /= POWER_RUNS;
    w.confirmed_given /= POWER_RUNS;
    w.whole = found / POWER_RUNS;
    return w;
}

static void planted_desks(void)
{
    double one[3] = {0}, deviation;
    power_of_one_test(one, &deviation);
    struct way w = power_of_the_search();
    printf("\nA pattern of %+.1f R, deviation %.2f R in both arms, %d runs\n", PLANTED, deviation,
           POWER_RUNS);
    tell("one test of wins (Fisher), two-sided 5 %, 169 an arm", one[0]);
    tell("one test of mean R (shuffled), two-sided 5 %, 169 an arm", one[1]);
    tell("one test of mean R, one-sided 5 %, 169 an arm", one[2]);
    rule("confirmed by 169 trades an arm after its discovery", w.confirmed_given, RULE_POWER, true);
    tell("found among all conditions by 169 an arm, on the last night", w.searched);
    tell("found among all conditions by 169 an arm, on some night", w.discovered);
    tell("found so, and confirmed by 169 an arm more", w.whole);
    tell("found among all conditions by 250 an arm", w.searched_250);
    tell("found among all conditions by 320 an arm", w.searched_320);
}

/* ---- does a confidence mean what it says? ---- */

enum { BANDS = 10 };

struct table {
    size_t n[BANDS], right[BANDS];
    size_t n_ask, right_ask; /* 75 to 85 */
};

static void note(struct table *t, double confidence, bool right)
{
    int band = (int)((confidence - 50) / 5);
    if (confidence < 50)
        return;
    band = band < BANDS ? band : BANDS - 1;
    t->n[band]++;
    t->right[band] += right;
    if (confidence >= 75 && confidence < 85) {
        t->n_ask++;
        t->right_ask += right;
    }
}

/* One proposal: the true change, and 30 to 200 trades of either arm to judge it by. */
static double propose(struct random *g, double tau, size_t considered, double *truth)
{
    double arm[2][TRADES_MOST];
    size_t n = TRADES_LEAST + random_below(g, TRADES_MOST - TRADES_LEAST + 1);
    *truth = tau * random_normal(g);
    for (size_t i = 0; i < n; i++) {
        arm[0][i] = draw_r(g, -*truth / 2);
        arm[1][i] = draw_r(g, *truth / 2);
    }
    struct learning_effect e = learning_effect_between(arm[1], n, arm[0], n);
    return learning_confidence(&e, considered);
}

static struct table reliability(double tau, size_t considered)
{
    struct table t = {0};
    struct random g = random_begin((uint64_t)(1000 * tau), considered);
    for (size_t i = 0; i < PROPOSALS / considered; i++) {
        double best = -1, best_truth = 0;
        for (size_t k = 0; k < considered; k++) {
            double truth, c = propose(&g, tau, considered, &truth);
            if (c > best) {
                best = c;
                best_truth = truth;
            }
        }
        note(&t, best, best_truth > 0);
    }
    return t;
}

/* As a cycle does it: seven parameters, of each the best of four values. What a parameter does
 * grows with the step and turns round with its direction; so does most of what chance adds. The
 * deviation of the true changes is tau on average of the steps. */
static struct table reliability_of_cycles(double tau)
{
    static const int step[VALUES] = {-2, -1, 1, 2};
    struct table t = {0};
    struct random g = random_begin((uint64_t)(1000 * tau), random_stream("cycle"));
    for (size_t i = 0; i < (size_t)CYCLES * PARAMETERS_SEEN; i++) {
        double slope = random_normal(&g), chance = random_normal(&g), best = -1, best_truth = 0;
        size_t n = TRADES_LEAST + random_below(&g, TRADES_MOST - TRADES_LEAST + 1);
        double v = 5.4 / (double)n * (0.1 + 0.9 * random_unit(&g)); /* paired: less */
        for (int k = 0; k < VALUES; k++) {
            double sign = step[k] > 0 ? 1 : -1, size = step[k] * sign > 1 ? 1.25 : 0.75;
            double truth = tau * (sign * size * slope + 0.25 * random_normal(&g));
            struct learning_effect e = {.variance = v * (size > 1 ? 1 : 0.6), .n = n};
            e.delta = truth +
                      sqrt(e.variance) * (sign * 0.9 * chance + sqrt(1 - 0.81) * random_normal(&g));
            double c = learning_confidence(&e, PARAMETERS_SEEN);
            if (c > best) {
                best = c;
                best_truth = truth;
            }
        }
        note(&t, best, best_truth > 0);
    }
    return t;
}

static void reliability_table(void)
{
    static const struct {
        double tau;
        size_t considered; /* 0: as a cycle does it */
        const char *name;
    } column[] = {{0.2, 1, "as assumed"}, {0.2, 5, "best of 5"},       {0.2, 0, "a cycle's"},
                  {0.1, 1, "half"},       {0.1, 0, "half, a cycle's"}, {0.4, 1, "twice"}};
    struct table t[ARRAY_LEN(column)];
    printf("\nOf proposals with that computed confidence, so many really are better (true changes "
           "drawn\nwith deviation .2 R as assumed, or half or twice as wide; alone, the best of 5, "
           "or the best\nof four values of each of seven parameters, as a cycle proposes them)\n"
           "  confidence");
    for (size_t i = 0; i < ARRAY_LEN(column); i++) {
        t[i] = column[i].considered ? reliability(column[i].tau, column[i].considered)
                                    : reliability_of_cycles(column[i].tau);
        printf("  %16s", column[i].name);
    }
    putchar('\n');
    for (int b = 0; b < BANDS; b++) {
        printf("  %d-%-8d", 50 + 5 * b, 55 + 5 * b);
        for (size_t i = 0; i < ARRAY_LEN(column); i++) {
            if (t[i].n[b])
                printf("  %6.1f %% n=%6zu", 100 * (double)t[i].right[b] / (double)t[i].n[b],
                       t[i].n[b]);
            else
                printf("  %16s", "-");
        }
        putchar('\n');
    }
    double ask = (double)t[0].right_ask / (double)t[0].n_ask;
    struct interval i = wilson_interval(t[0].right_ask, t[0].n_ask, 0.95);
    printf("  75-85 as assumed: %.1f %% right [%.1f, %.1f], n=%zu\n", 100 * ask, 100 * i.low,
           100 * i.high, t[0].n_ask);
    rule("75 to 85: right at least", ask, 0.77, true);
    rule("75 to 85: right at most", ask, 0.83, false);
    rule("75 to 85 of a cycle: right at least", (double)t[2].right_ask / (double)t[2].n_ask, 0.77,
         true);
    rule("the same where true changes are half as large",
         (double)t[4].right_ask / (double)t[4].n_ask, 0.77, true);
}

/* ---- what is measured after a change ---- */

/* How often the gate lets a change through that is better by so much, seen by replay on so many
 * candidates whose results differ with a deviation of 1 R. */
static void gate_table(void)
{
    enum { RUNS = 2000 };
    static const double delta[] = {0, 0.05, 0.1, 0.2, 0.3};
    static const size_t size[] = {100, 300, 1000, 3000};
    struct learning_state s = {.closed_trades = 100,
                               .days_since_rolled_back = -1,
                               .considered = PARAMETERS_SEEN,
                               .compared = COMPARED};
    printf("\nApplied by itself, of changes of low risk seen once (28 compared so far)\n"
           "  better by");
    for (size_t k = 0; k < ARRAY_LEN(size); k++)
        printf("  %5zu candidates", size[k]);
    putchar('\n');
    for (size_t d = 0; d < ARRAY_LEN(delta); d++) {
        printf("  %+4.2f R  ", delta[d]);
        for (size_t k = 0; k < ARRAY_LEN(size); k++) {
            struct random g = random_begin(d, k);
            int applied = 0;
            for (int i = 0; i < RUNS; i++) {
                struct learning_effect e = {.variance = 1 / (double)size[k], .n = size[k]};
                struct gate gate;
                e.delta = delta[d] + sqrt(e.variance) * random_normal(&g);
                learning_gate(&change[14], &e, &s, &learning_policy_default, &gate);
                applied += gate.verdict == GATE_APPLY;
            }
            printf("         %5.1f %%", 100.0 * applied / RUNS);
        }
        putchar('\n');
    }
}

static void measuring(void)
{
    enum { RUNS = 1000, OLD = 100 };
    static const double delta[] = {0.3, 0, -0.3, -0.6, -1};
    printf("\nAfter a change, judged after every trade until 60: %d runs each\n"
           "  true change      rolled back      dropped at the end      kept\n",
           RUNS);
    for (size_t d = 0; d < ARRAY_LEN(delta); d++) {
        int verdicts[4] = {0};
        for (uint64_t run = 0; run < RUNS; run++) {
            struct random g = random_begin(run, random_stream("measure") + d);
            double old[OLD], new_r[MEASURE_TRADES], shadow[MEASURE_TRADES];
            char why[160];
            enum measure_verdict v = MEASURE_GO_ON;
            for (size_t i = 0; i < OLD; i++)
                old[i] = draw_r(&g, 0);
            struct measure m = {
                .worst_drawdown = drawdown_bootstrap(old, OLD, MEASURE_TRADES, DRAWDOWN_PATHS, &g)};
            while (v == MEASURE_GO_ON) {
                new_r[m.trades] = draw_r(&g, delta[d]);
                shadow[m.trades] = draw_r(&g, 0);
                m.trades++;
                m.drawdown = drawdown_of(new_r, m.trades);
                m.effect = learning_effect_between(new_r, m.trades, shadow, m.trades);
                v = measure_judge(&m, why);
            }
            verdicts[v]++;
        }
        printf("  %+4.1f R        %8.1f %%            %8.1f %%      %8.1f %%\n", delta[d],
               100.0 * verdicts[MEASURE_ROLL_BACK] / RUNS, 100.0 * verdicts[MEASURE_SUNSET] / RUNS,
               100.0 * verdicts[MEASURE_KEEP] / RUNS);
        if (delta[d] >= 0 && verdicts[MEASURE_ROLL_BACK] > RUNS / 10)
            broken++;
    }
}

int main(void)
{
    int64_t start = time_monotonic_us();
    null_desks();
    planted_desks();
    reliability_table();
    gate_table();
    measuring();
    printf("\n%.0f s, %s\n", (double)(time_monotonic_us() - start) / 1e6,
           broken ? "BROKEN" : "all promised rates hold");
    return broken ? 1 : 0;
}
