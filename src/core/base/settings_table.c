/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "quorum/settings.h"

static const char *const desks[] = {"paper", "demo", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

/* The one table: parsing, validation, `quorum settings`, help and docs/settings.md come from it. */
static const struct setting table[SETTING_COUNT] = {
    [SETTING_ANTHROPIC_API_KEY] = {.name = "ANTHROPIC_API_KEY",
                                   .secret = true,
                                   .help = "key of the Anthropic API; without it baselines vote"},
    [SETTING_FMP_API_KEY] = {.name = "FMP_API_KEY",
                             .secret = true,
                             .help = "key of Financial Modeling Prep; makes `paper` the desk"},
    [SETTING_DATABASE_URL] = {.name = "DATABASE_URL",
                              .type = SET_URL,
                              .secret = true,
                              .help = "database of the paper desk; unset: the private cluster"},
    [SETTING_DATABASE_OWNER_URL] = {.name = "QUORUM_DATABASE_OWNER_URL",
                                    .type = SET_URL,
                                    .secret = true,
                                    .help = "owner login, for db up, down and setup only"},
    [SETTING_DATABASE_RO_URL] = {.name = "QUORUM_DATABASE_RO_URL",
                                 .type = SET_URL,
                                 .secret = true,
                                 .help = "read-only login"},
    [SETTING_ANTHROPIC_BASE_URL] = {.name = "ANTHROPIC_BASE_URL",
                                    .type = SET_URL,
                                    .fallback = "https://api.anthropic.com",
                                    .help = "model endpoint, without /v1"},
    [SETTING_FMP_BASE_URL] = {.name = "FMP_BASE_URL",
                              .type = SET_URL,
                              .fallback = "https://financialmodelingprep.com",
                              .help = "market data endpoint, without /stable"},
    [SETTING_DESK] = {.name = "QUORUM_DESK",
                      .choice = desks,
                      .help = "desk a command means: paper or demo"},
    [SETTING_HOME] = {.name = "QUORUM_HOME",
                      .type = SET_PATH,
                      .help = "state, log and private cluster"},
    [SETTING_PG_BINDIR] = {.name = "QUORUM_PG_BINDIR",
                           .type = SET_PATH,
                           .help = "directory of PostgreSQL's server programs; unset: found"},
    [SETTING_PG_USER] = {.name = "QUORUM_PG_USER",
                         .fallback = "postgres",
                         .help = "user the private cluster runs as when you are root"},
    [SETTING_LOG_LEVEL] = {.name = "QUORUM_LOG_LEVEL",
                           .fallback = "info",
                           .choice = levels,
                           .help = "debug, info, warn or error"},
    [SETTING_CONTACT] = {.name = "QUORUM_CONTACT",
                         .help = "mail address sent to feeds that ask for one (SEC)"},
    [SETTING_DATA] = {.name = "QUORUM_DATA",
                      .type = SET_PATH,
                      .help = "directory of recorded bars, as --data"},
    [SETTING_MULTI_AGENT_ENABLED] = {.name = "MULTI_AGENT_ENABLED",
                                     .type = SET_BOOL,
                                     .scope = SCOPE_DESK,
                                     .fallback = "true",
                                     .help = "false: no schedule and no model votes"},
    [SETTING_MIN_AGREEMENT] = {.name = "MULTI_AGENT_MIN_AGREEMENT",
                               .type = SET_INT,
                               .scope = SCOPE_DESK,
                               .fallback = "2",
                               .min = 1,
                               .max = 3,
                               .help = "voters that must say BUY"},
    [SETTING_DAILY_BUDGET] = {.name = "MULTI_AGENT_DAILY_LLM_BUDGET",
                              .type = SET_DECIMAL,
                              .scope = SCOPE_DESK,
                              .fallback = "5.00",
                              .max = 10000,
                              .decimals = 9,
                              .help = "dollars for models a day, UTC"},
    [SETTING_LEARNING_ENABLED] = {.name = "SELF_LEARNING_ENABLED",
                                  .type = SET_BOOL,
                                  .scope = SCOPE_DESK,
                                  .fallback = "false",
                                  .help = "nightly learning cycle"},
    [SETTING_LEARNING_MIN_TRADES] = {.name = "SELF_LEARNING_MIN_TRADES",
                                     .type = SET_INT,
                                     .scope = SCOPE_DESK,
                                     .fallback = "10",
                                     .min = 10,
                                     .max = 100000,
                                     .help = "closed trades before analysis begins"},
    [SETTING_LEARNING_THRESHOLD] = {.name = "SELF_LEARNING_AUTO_APPLY_THRESHOLD",
                                    .type = SET_DECIMAL,
                                    .scope = SCOPE_DESK,
                                    .fallback = "80.0",
                                    .min = 80,
                                    .max = 100,
                                    .decimals = 2,
                                    .help = "confidence a change needs to apply itself"},
    [SETTING_LEARNING_LOOKBACK] = {.name = "SELF_LEARNING_LOOKBACK_DAYS",
                                   .type = SET_INT,
                                   .scope = SCOPE_DESK,
                                   .fallback = "30",
                                   .min = 1,
                                   .max = 3650,
                                   .help = "days of trades a learning cycle looks at"},
    [SETTING_MODEL] = {.name = "QUORUM_MODEL",
                       .scope = SCOPE_DESK,
                       .fallback = "claude-haiku-4-5",
                       .help = "model of all agents"},
    [SETTING_VOTERS] = {.name = "QUORUM_VOTERS",
                        .type = SET_WORDS,
                        .scope = SCOPE_DESK,
                        .fallback = "research news_analyst technical_analyst",
                        .help = "agents that vote"},
    [SETTING_PORTFOLIO] = {.name = "QUORUM_PORTFOLIO",
                           .type = SET_DECIMAL,
                           .scope = SCOPE_DESK,
                           .fallback = "100000",
                           .min = 100,
                           .max = 1e9,
                           .decimals = 2,
                           .help = "start cash of the paper account, dollars"},
    [SETTING_WATCHLIST] = {.name = "QUORUM_WATCHLIST",
                           .type = SET_WORDS,
                           .scope = SCOPE_DESK,
                           .fallback = "AAPL MSFT NVDA AMZN GOOGL META JPM XOM JNJ PG KO CAT",
                           .help = "symbols the desk looks at"},
    [SETTING_NEWS_FEEDS] = {.name = "QUORUM_NEWS_FEEDS",
                            .type = SET_WORDS,
                            .help = "feed URLs with {symbol}, space separated"},
    [SETTING_FMP_DAILY_LIMIT] = {.name = "QUORUM_FMP_DAILY_LIMIT",
                                 .type = SET_INT,
                                 .scope = SCOPE_DESK,
                                 .fallback = "250",
                                 .max = 1000000,
                                 .help = "market data calls a day"},
    [SETTING_FMP_RESET_HOUR] = {.name = "QUORUM_FMP_RESET_HOUR_UTC",
                                .type = SET_INT,
                                .scope = SCOPE_DESK,
                                .fallback = "0",
                                .max = 23,
                                .help = "hour at which the call limit starts anew, UTC"},
    [SETTING_EXPLORATION_PCT] = {.name = "QUORUM_EXPLORATION_PCT",
                                 .type = SET_DECIMAL,
                                 .scope = SCOPE_DESK,
                                 .fallback = "5",
                                 .min = 0,
                                 .max = 5,
                                 .decimals = 2,
                                 .help = "position size in percent before 30 closed trades"},
};

const struct setting *setting_row(enum setting_id id)
{
    return &table[id];
}

bool setting_find(const char *name, enum setting_id *out)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(table[i].name, name) == 0) {
            *out = (enum setting_id)i;
            return true;
        }
    }
    return false;
}

const char *setting_origin_text(enum setting_origin origin)
{
    static const char *const text[] = {
        [FROM_DEFAULT] = "default",         [FROM_USER_FILE] = "user file",  [FROM_DOTENV] = ".env",
        [FROM_ENVIRONMENT] = "environment", [FROM_COMMAND] = "command line", [FROM_DESK] = "desk"};
    return text[origin];
}
