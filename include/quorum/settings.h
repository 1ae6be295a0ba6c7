/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings. One table drives parsing, validation, help and documentation. The value in force is
 * the first of: command line, environment, .env of the working directory,
 * $XDG_CONFIG_HOME/quorum/env, default. Desk-wide settings are seeded into the desk's database
 * once (store/desk_settings); a later difference is shown and changes nothing until adopted. */
#ifndef QUORUM_SETTINGS_H
#define QUORUM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/err.h"

enum setting_type { SET_TEXT, SET_BOOL, SET_INT, SET_DECIMAL, SET_URL, SET_PATH, SET_WORDS };
enum setting_scope { SCOPE_PROCESS, SCOPE_DESK };
enum setting_origin {
    FROM_DEFAULT,
    FROM_USER_FILE,
    FROM_DOTENV,
    FROM_ENVIRONMENT,
    FROM_COMMAND,
    FROM_DESK
};

struct setting {
    const char *name;
    enum setting_type type;
    enum setting_scope scope;
    bool secret;
    const char *fallback;      /* default; NULL: none */
    double min, max;           /* for SET_INT and SET_DECIMAL; both 0: no range */
    int decimals;              /* SET_DECIMAL: most decimals */
    const char *const *choice; /* SET_TEXT: one of these, NULL-terminated; NULL: any text */
    const char *help;
};

enum setting_id {
    SETTING_ANTHROPIC_API_KEY,
    SETTING_FMP_API_KEY,
    SETTING_DATABASE_URL,
    SETTING_DATABASE_OWNER_URL,
    SETTING_DATABASE_RO_URL,
    SETTING_ANTHROPIC_BASE_URL,
    SETTING_FMP_BASE_URL,
    SETTING_DESK,
    SETTING_HOME,
    SETTING_PG_BINDIR,
    SETTING_PG_USER,
    SETTING_LOG_LEVEL,
    SETTING_CONTACT,
    SETTING_DATA,
    SETTING_CLOSURES,
    SETTING_MULTI_AGENT_ENABLED,
    SETTING_MIN_AGREEMENT,
    SETTING_DAILY_BUDGET,
    SETTING_LEARNING_ENABLED,
    SETTING_LEARNING_MIN_TRADES,
    SETTING_LEARNING_THRESHOLD,
    SETTING_LEARNING_LOOKBACK,
    SETTING_MODEL,
    SETTING_AGENT_MODELS,
    SETTING_REHEARSAL,
    SETTING_VOTERS,
    SETTING_PORTFOLIO,
    SETTING_WATCHLIST,
    SETTING_NEWS_FEEDS,
    SETTING_FMP_DAILY_LIMIT,
    SETTING_FMP_RESET_HOUR,
    SETTING_EXPLORATION_PCT,
    SETTING_COUNT,
};

struct settings; /* values with their origins */

const struct setting *setting_row(enum setting_id id);
bool setting_find(const char *name, enum setting_id *out);
const char *setting_origin_text(enum setting_origin origin);

/* Reads environment and files. Secrets are registered with log_redact and removed from the
 * process environment. Refuses a world- or group-readable .env that holds a secret, and any wrong
 * value, with the name, value, allowed range and the place it was read from. */
enum err settings_load(struct settings **out, struct error *e);
void settings_free(struct settings *s);
/* Sets a value from the command line or the desk's row; validated. */
enum err settings_put(struct settings *s, enum setting_id id, const char *value,
                      enum setting_origin origin, struct error *e);

const char *settings_text(const struct settings *s, enum setting_id id); /* NULL when absent */
bool settings_bool(const struct settings *s, enum setting_id id);
int64_t settings_int(const struct settings *s, enum setting_id id);
/* A SET_DECIMAL as an integer of 10^-digits. */
int64_t settings_decimal(const struct settings *s, enum setting_id id, int digits);
enum setting_origin settings_origin(const struct settings *s, enum setting_id id);
const char *settings_origin_path(const struct settings *s, enum setting_id id); /* file, or "" */
/* Validates a text for a setting without setting it. */
enum err setting_check(enum setting_id id, const char *value, const char *where, struct error *e);

/* Things found while loading that change nothing but should be said: misspelt names, ignored
 * endpoints. NULL past the last. */
const char *settings_note(const struct settings *s, size_t i);

/* Where state lives: QUORUM_HOME, else /var/lib/quorum for root, else $XDG_STATE_HOME/quorum or
 * ~/.local/state/quorum. And $XDG_CONFIG_HOME/quorum or ~/.config/quorum. */
const char *settings_home(const struct settings *s);
const char *settings_config_dir(const struct settings *s);

#endif
