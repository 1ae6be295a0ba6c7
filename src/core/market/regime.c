/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/regime.h"

#include <math.h>
#include <strings.h>

#include "quorum/mem.h"

enum { CONFIRM_DAYS = 3 };
static const double CAP_BY_FALLBACK = 60;

static const struct {
    const char *name;
    double size_multiplier; /* from the ratio of volatilities, docs/regimes.md */
} regimes[] = {
    [REGIME_UNKNOWN] = {"UNKNOWN", 0.62},   [REGIME_BULL] = {"BULL", 1},
    [REGIME_BEAR] = {"BEAR", 0.72},         [REGIME_SIDEWAYS] = {"SIDEWAYS", 0.94},
    [REGIME_HIGH_VOL] = {"HIGH_VOL", 0.62}, [REGIME_LOW_VOL] = {"LOW_VOL", 0.95},
};

const char *regime_name(enum regime r)
{
    return regimes[r].name;
}

bool regime_parse(const char *name, enum regime *out)
{
    for (size_t i = 0; i < ARRAY_LEN(regimes); i++) {
        if (strcasecmp(name, regimes[i].name) == 0) {
            *out = (enum regime)i;
            return true;
        }
    }
    return false;
}

double regime_size_multiplier(enum regime r)
{
    return regimes[r].size_multiplier;
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* x / scale within [-1, 1]; without any range (a series that never moved) the sign of x. */
static double clip_ratio(double x, double scale)
{
    if (scale > 0)
        return clamp(x / scale, -1, 1);
    return (x > 0) - (x < 0);
}

/* T of docs/regimes.md: terms whose inputs are missing drop out and the other weights are scaled
 * up; unknown without any term of the moving averages. */
static struct value trend(const struct indicators *i)
{
    if (!i->atr.known)
        return VALUE_UNKNOWN;
    double atr = i->atr.v;
    const struct {
        double weight;
        struct value a, b;
        double ranges;
    } term[] = {
        {.25, i->price, i->sma_200, 3},
        {.20, i->sma_50, i->sma_200, 1.5},
        {.15, i->sma_20, i->sma_50, 1},
        {.15, i->price, i->sma_50, 2},
    };
    double sum = 0, weight = 0;
    for (size_t k = 0; k < ARRAY_LEN(term); k++) {
        if (!term[k].a.known || !term[k].b.known)
            continue;
        sum += term[k].weight * clip_ratio(term[k].a.v - term[k].b.v, term[k].ranges * atr);
        weight += term[k].weight;
    }
    if (weight <= 0)
        return VALUE_UNKNOWN;
    if (i->adx.known) {
        double strength = clamp((i->adx.v - 15) / 15, 0, 1);
        bool has_di = i->plus_di.known && i->minus_di.known;
        double direction =
            has_di ? clamp((i->plus_di.v - i->minus_di.v) / 10, -1, 1) : (sum > 0) - (sum < 0);
        sum += .15 * strength * direction;
        weight += .15;
    }
    if (i->rsi.known) {
        sum += .10 * clamp((i->rsi.v - 50) / 20, -1, 1);
        weight += .10;
    }
    /* With every term known the weights are 1 up to rounding: leave the sum as it is. */
    return VALUE(weight > 1 - 1e-9 ? sum : sum / weight);
}

/* What the rules look at. Without 252 values of natr high and low volatility are judged by natr
 * itself (fallback), against 4 % for a share of beta 1. */
struct view {
    struct value trend, ratio, percentile, natr, adx;
    double beta;
    bool fallback;
};

static struct view view_of(const struct indicators *i)
{
    struct view v = {
        .trend = trend(i),
        .percentile = i->natr_percentile_252,
        .natr = i->natr,
        .adx = i->adx,
        .beta = i->beta.known && i->beta.v > 1 ? i->beta.v : 1,
    };
    if (!v.natr.known && i->atr.known && i->price.known && i->price.v > 0)
        v.natr = VALUE(100 * i->atr.v / i->price.v);
    if (v.natr.known && i->natr_median_252.known && i->natr_median_252.v > 0)
        v.ratio = VALUE(v.natr.v / i->natr_median_252.v);
    v.fallback = !v.ratio.known || !v.percentile.known;
    return v;
}

static bool is_high_vol(const struct view *v, bool stay)
{
    if (v->fallback)
        return v->natr.known && v->natr.v > 4 * v->beta;
    return stay ? v->ratio.v >= 1.3 && v->percentile.v >= .70
                : v->ratio.v >= 1.6 && v->percentile.v >= .90;
}

static bool is_low_vol(const struct view *v, bool stay)
{
    if (!v->adx.known || v->adx.v >= (stay ? 25 : 20))
        return false;
    if (v->fallback)
        return v->natr.known && v->natr.v < 0.8;
    return v->percentile.v <= (stay ? .30 : .20);
}

/* The label of this session alone; `current` decides between the enter and the stay threshold. */
static enum regime classify(const struct view *v, enum regime current)
{
    if (is_high_vol(v, current == REGIME_HIGH_VOL))
        return REGIME_HIGH_VOL;
    if (v->trend.v >= (current == REGIME_BULL ? .3 : .5))
        return REGIME_BULL;
    if (v->trend.v <= (current == REGIME_BEAR ? -.3 : -.5))
        return REGIME_BEAR;
    if (is_low_vol(v, current == REGIME_LOW_VOL))
        return REGIME_LOW_VOL;
    return REGIME_SIDEWAYS;
}

/* 100 P(same label in ten sessions): logistic fits and tables of docs/regimes.md. The side of the
 * trend counts: a BULL that waits for confirmation of a BEAR is not certain. */
static double confidence(enum regime label, const struct view *v)
{
    static const double sideways[] = {77, 71, 66, 55, 41};
    double t = v->trend.v;
    switch (label) {
    case REGIME_BULL:
        return 100 / (1 + exp(2.156 - 6.089 * (t > 0 ? t : 0)));
    case REGIME_BEAR:
        return 100 / (1 + exp(2.242 - 4.872 * (t < 0 ? -t : 0)));
    case REGIME_SIDEWAYS:
        return sideways[fabs(t) < .4 ? (int)(fabs(t) * 10) : 4];
    case REGIME_LOW_VOL:
        return 49;
    case REGIME_HIGH_VOL:
        if (v->fallback)
            return 79; /* the share over all ratios; capped below */
        return v->ratio.v < 1.3    ? 9
               : v->ratio.v < 1.5  ? 44
               : v->ratio.v < 1.75 ? 84
               : v->ratio.v <= 2   ? 94
                                   : 97;
    default:
        return 0;
    }
}

static struct regime_reading reading_of(enum regime label, const struct view *v)
{
    struct regime_reading r = {
        .label = label,
        .confidence = confidence(label, v),
        .trend = v->trend,
        .vol_ratio = v->ratio,
        .vol_percentile = v->percentile,
    };
    r.capped = v->fallback && (label == REGIME_HIGH_VOL || label == REGIME_LOW_VOL);
    if (r.capped && r.confidence > CAP_BY_FALLBACK)
        r.confidence = CAP_BY_FALLBACK;
    return r;
}

struct regime_reading regime_step(struct regime_state *s, const struct indicators *i)
{
    struct view v = view_of(i);
    if (!v.trend.known)
        return (struct regime_reading){
            .label = REGIME_UNKNOWN, .vol_ratio = v.ratio, .vol_percentile = v.percentile};
    if (!s->started)
        *s = (struct regime_state){.label = REGIME_SIDEWAYS, .started = true};
    enum regime seen = classify(&v, s->label);
    s->days++;
    if (seen == s->label) {
        s->candidate = REGIME_UNKNOWN;
        s->candidate_days = 0;
        return reading_of(s->label, &v);
    }
    s->candidate_days = seen == s->candidate ? s->candidate_days + 1 : 1;
    s->candidate = seen;
    /* A storm is not waited for. */
    if (seen == REGIME_HIGH_VOL || s->candidate_days >= CONFIRM_DAYS)
        *s = (struct regime_state){.label = seen, .days = 1, .started = true};
    return reading_of(s->label, &v);
}

struct regime_reading regime_single(const struct indicators *i)
{
    struct view v = view_of(i);
    struct regime_reading r = {.label = REGIME_UNKNOWN};
    if (v.trend.known)
        r = reading_of(classify(&v, REGIME_UNKNOWN), &v);
    r.single = true;
    return r;
}

struct regime_reading regime_of_series(const struct indicators *i, size_t n)
{
    struct regime_state s = {0};
    struct regime_reading r = {.label = REGIME_UNKNOWN};
    for (size_t t = 0; t < n; t++)
        r = regime_step(&s, &i[t]);
    return r;
}
