/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the desk asks of its results, fixed before it looks. */
#include <string.h>

#include "quorum/learning_stats.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

static enum condition_state word_is(const char *have, const char *want)
{
    if (!*have)
        return CONDITION_UNKNOWN;
    return strcmp(have, want) == 0 ? CONDITION_INSIDE : CONDITION_OUTSIDE;
}

static enum condition_state within(struct value x, const struct learning_condition *c)
{
    if (!x.known)
        return CONDITION_UNKNOWN;
    return x.v >= c->low && x.v < c->high ? CONDITION_INSIDE : CONDITION_OUTSIDE;
}

#define ARGS const struct learning_condition *c, const struct learning_case *k

static enum condition_state by_regime(ARGS)
{
    return word_is(k->regime, c->word);
}

static enum condition_state by_sector(ARGS)
{
    return word_is(k->sector, c->word);
}

static enum condition_state by_news(ARGS)
{
    return within(k->news_mood, c);
}

static enum condition_state by_rsi(ARGS)
{
    return within(k->rsi, c);
}

static enum condition_state by_volume(ARGS)
{
    return within(k->volume_ratio, c);
}

static enum condition_state by_confidence(ARGS)
{
    return within(k->confidence, c);
}

static enum condition_state by_agreement(ARGS)
{
    return within(k->agreement, c);
}

static enum condition_state by_weekday(ARGS)
{
    if (k->entry_day == DAY_NONE)
        return CONDITION_UNKNOWN;
    return within(VALUE((double)day_weekday(k->entry_day)), c);
}

static enum condition_state by_exit(ARGS)
{
    if ((unsigned)k->exit >= EXIT_REASONS)
        return CONDITION_UNKNOWN;
    return word_is(exit_reason_name(k->exit), c->word);
}

#undef ARGS

#define WORD(i, f, t, w)                                                                           \
    {                                                                                              \
        .id = (i), .feature = #f, .title = (t), .test = by_##f, .word = (w)                        \
    }
#define BAND(i, f, t, l, h)                                                                        \
    {                                                                                              \
        .id = (i), .feature = #f, .title = (t), .test = by_##f, .low = (l), .high = (h)            \
    }
#define EXIT(w)                                                                                    \
    {                                                                                              \
        .id = "exit_" w, .feature = "exit", .title = "left by " w, .descriptive = true,            \
        .test = by_exit, .word = (w)                                                               \
    }

const struct learning_condition learning_conditions[] = {
    WORD("regime_bull", regime, "regime BULL at entry", "BULL"),
    WORD("regime_bear", regime, "regime BEAR at entry", "BEAR"),
    WORD("regime_sideways", regime, "regime SIDEWAYS at entry", "SIDEWAYS"),
    WORD("regime_high_vol", regime, "regime HIGH_VOL at entry", "HIGH_VOL"),
    WORD("regime_low_vol", regime, "regime LOW_VOL at entry", "LOW_VOL"),
    WORD("sector_technology", sector, "sector Technology", "Technology"),
    WORD("sector_financial", sector, "sector Financial Services", "Financial Services"),
    WORD("sector_healthcare", sector, "sector Healthcare", "Healthcare"),
    WORD("sector_cyclical", sector, "sector Consumer Cyclical", "Consumer Cyclical"),
    WORD("sector_defensive", sector, "sector Consumer Defensive", "Consumer Defensive"),
    WORD("sector_communication", sector, "sector Communication Services", "Communication Services"),
    WORD("sector_industrials", sector, "sector Industrials", "Industrials"),
    WORD("sector_energy", sector, "sector Energy", "Energy"),
    WORD("sector_utilities", sector, "sector Utilities", "Utilities"),
    WORD("sector_real_estate", sector, "sector Real Estate", "Real Estate"),
    WORD("sector_materials", sector, "sector Basic Materials", "Basic Materials"),
    BAND("news_bad", news, "news below -0.15", -1.01, -0.15),
    BAND("news_mixed", news, "news -0.15 to 0.15", -0.15, 0.15),
    BAND("news_good", news, "news 0.15 and better", 0.15, 1.01),
    BAND("rsi_below_35", rsi, "RSI below 35", -1, 35),
    BAND("rsi_35_50", rsi, "RSI 35 to 50", 35, 50),
    BAND("rsi_50_65", rsi, "RSI 50 to 65", 50, 65),
    BAND("rsi_from_65", rsi, "RSI 65 and above", 65, 101),
    BAND("monday", weekday, "entered on a Monday", 1, 2),
    BAND("tuesday", weekday, "entered on a Tuesday", 2, 3),
    BAND("wednesday", weekday, "entered on a Wednesday", 3, 4),
    BAND("thursday", weekday, "entered on a Thursday", 4, 5),
    BAND("friday", weekday, "entered on a Friday", 5, 6),
    BAND("volume_thin", volume, "volume below 0.7 of usual", -1, 0.7),
    BAND("volume_usual", volume, "volume 0.7 to 1.5 of usual", 0.7, 1.5),
    BAND("volume_heavy", volume, "volume 1.5 of usual and more", 1.5, 1e9),
    BAND("confidence_below_60", confidence, "confidence below 60", -1, 60),
    BAND("confidence_60_75", confidence, "confidence 60 to 75", 60, 75),
    BAND("confidence_from_75", confidence, "confidence 75 and above", 75, 101),
    BAND("unanimous", agreement, "every voter agreed", 0.999, 1.01),
    EXIT("stop_loss"),
    EXIT("trailing_stop"),
    EXIT("take_profit"),
    EXIT("regime_change"),
    EXIT("time_exit"),
    EXIT("manual"),
    EXIT("circuit_breaker"),
};
const size_t learning_conditions_n = ARRAY_LEN(learning_conditions);

const struct learning_condition *learning_condition_find(const char *id)
{
    for (size_t i = 0; i < learning_conditions_n; i++)
        if (strcmp(learning_conditions[i].id, id) == 0)
            return &learning_conditions[i];
    return NULL;
}
