/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_offer.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/settings.h"
#include "quorum/text.h"
#include "ui/console_run.h"
#include "ui/console_verbs.h"

enum { REASONS_OFFERED = 5 };

enum { FILES_MOST = 1000 };

/* ---- words of tables */

static void offer_list(struct bar_words *w, const char *const *list)
{
    for (; *list; list++)
        bar_offer(w, *list, "");
}

/* Words split by '|'; those in capitals are placeholders. */
static void offer_choice(struct bar_words *w, const char *choice)
{
    char word[40];
    for (const char *p = choice; *p; p += *p == '|') {
        size_t n = strcspn(p, "|");
        if (n && copy_bytes(word, sizeof word, p, n) && islower((unsigned char)*word))
            bar_offer(w, word, "");
        p += n;
    }
}

void offer_commands(const struct offer *o)
{
    for (const struct command *k = NULL; (k = command_next(k));)
        if (console_runs(k->name))
            bar_offer(o->words, k->name, k->help);
}

static void offer_agents(const struct offer *o)
{
    for (const struct agent *const *a = o->from->agents; a && *a; a++)
        bar_offer(o->words, (*a)->name, (*a)->does);
}

static void offer_panels(const struct offer *o)
{
    for (size_t i = 0; i < PANEL_COUNT; i++)
        bar_offer(o->words, panels[i].name, panels[i].title);
}

static bool is_builtin_theme(const char *name)
{
    const char *builtin;
    for (size_t i = 0; (builtin = theme_builtin(i)); i++)
        if (strcmp(builtin, name) == 0)
            return true;
    return false;
}

/* Those of the program, then the files of the user's. */
static void offer_themes(const struct offer *o)
{
    const char *builtin;
    struct dirent *entry;
    for (size_t i = 0; (builtin = theme_builtin(i)); i++)
        bar_offer(o->words, builtin, "");
    bool looks = o->from->theme_dir && !o->words->in_passing;
    DIR *dir = looks ? opendir(o->from->theme_dir) : NULL;
    for (int n = 0; dir && n < FILES_MOST && (entry = readdir(dir)); n++) {
        char name[THEME_NAME_MAX + 1], shown[THEME_NAME_MAX + 1];
        size_t len = strlen(entry->d_name);
        if (len <= 6 || len - 6 > THEME_NAME_MAX || strcmp(entry->d_name + len - 6, ".theme") != 0)
            continue;
        copy_bytes(name, sizeof name, entry->d_name, len - 6);
        sanitize_line(shown, sizeof shown, untrusted(name));
        if (*name != '.' && strcmp(shown, name) == 0 && !is_builtin_theme(name))
            bar_offer(o->words, name, "yours");
    }
    if (dir)
        closedir(dir);
}

/* The columns of the panel that has the focus. */
static void offer_columns(const struct offer *o)
{
    enum panel_id focus = o->from->focus;
    const struct panel *p = focus >= 0 && focus < PANEL_COUNT ? &panels[focus] : NULL;
    for (size_t i = 0; p && i < p->ncolumns; i++)
        if (p->column[i].look != LOOK_HIDDEN && *p->column[i].title)
            bar_offer(o->words, p->column[i].title, "");
}

static void offer_console_options(const struct offer *o)
{
    const char *name, *values, *help;
    for (size_t i = 0; (name = console_option(i, &values, &help)); i++)
        bar_offer(o->words, name, help);
}

void offer_option_values(const struct offer *o, const char *wanted)
{
    const char *name, *values, *help;
    char word[40];
    for (size_t i = 0; (name = console_option(i, &values, &help)); i++) {
        if (strcmp(name, wanted) != 0)
            continue;
        if (strcmp(name, "theme") == 0)
            offer_themes(o);
        for (const char *p = values; *p; p += strspn(p, " ")) {
            size_t n = strcspn(p, " ");
            copy_bytes(word, sizeof word, p, n);
            if (strcmp(name, "theme") != 0 && !strstr(word, ".."))
                bar_offer(o->words, word, "");
            p += n;
        }
    }
}

static void offer_settings(const struct offer *o)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        bar_offer(o->words, setting_row((enum setting_id)i)->name,
                  setting_row((enum setting_id)i)->help);
}

static void offer_spans(const struct offer *o)
{
    static const char *const spans[] = {"30m", "2h", "24h", "3d", NULL};
    offer_list(o->words, spans);
}

/* ---- words of the rows that are loaded */

/* Objects of a kind among a panel's rows: "trade 88" offers 88, with the rest of its row. */
static void offer_objects(const struct offer *o, enum panel_id id, const char *kind)
{
    const struct rows *r = &o->from->snapshot->panel[id].rows;
    const struct panel *p = &panels[id];
    size_t n = strlen(kind);
    for (size_t i = 0; i < r->nrows; i++) {
        const char *object = rows_text(r, i, 0);
        char meaning[160] = "", clean[80];
        if (!object || strncmp(object, kind, n) != 0 || object[n] != ' ')
            continue;
        for (size_t c = 1; c < r->ncols && c <= p->ncolumns && c < 7; c++) {
            const char *cell = rows_text(r, i, c);
            size_t k = strlen(meaning);
            if (!cell || p->column[c - 1].look == LOOK_HIDDEN ||
                strcmp(cell + (*cell == '#'), object + n + 1) == 0)
                continue;
            sanitize_line(clean, sizeof clean, untrusted(cell));
            snprintf(meaning + k, sizeof meaning - k, "%s%s", k ? "  " : "", clean);
        }
        sanitize_line(clean, sizeof clean, untrusted(object + n + 1));
        bar_offer(o->words, clean, meaning);
    }
}

/* What can be closed is held; anything else may be asked about. */
static void offer_symbols(const struct offer *o)
{
    static const enum panel_id from[] = {PANEL_POSITIONS, PANEL_WATCHLIST, PANEL_TRADES};
    static const char *const meaning[] = {"held", "on the watchlist", "traded"};
    const char *command = o->command->name;
    bool held = strcmp(command, "close") == 0 || strcmp(command, "positions") == 0;
    for (size_t f = 0; f < (held ? 1 : ARRAY_LEN(from)); f++) {
        const struct rows *r = &o->from->snapshot->panel[from[f]].rows;
        for (size_t i = 0; i < r->nrows; i++) {
            const char *symbol = NULL;
            for (size_t c = 1; c < r->ncols && !symbol; c++)
                if (rows_text(r, i, c) && text_is_symbol(rows_text(r, i, c)))
                    symbol = rows_text(r, i, c);
            if (symbol)
                bar_offer(o->words, symbol, meaning[f]);
        }
    }
}

static void offer_rules(const struct offer *o)
{
    const struct rows *r = &o->from->snapshot->panel[PANEL_ALERTS].rows;
    const struct panel *p = &panels[PANEL_ALERTS];
    for (size_t c = 0; c < p->ncolumns; c++)
        for (size_t i = 0; strcmp(p->column[c].title, "RULE") == 0 && i < r->nrows; i++)
            if (rows_text(r, i, c + 1))
                bar_offer(o->words, rows_text(r, i, c + 1), "");
}

/* What an id means to a command: the panel that lists it, and the kind of object. */
static const struct {
    const char *command;
    enum panel_id panel;
    const char *kind;
} id_sources[] = {
    {"trade", PANEL_TRADES, "trade"},
    {"evaluation", PANEL_EVALUATIONS, "evaluation"},
    {"why", PANEL_EVALUATIONS, "evaluation"},
    {"cancel", PANEL_EVALUATIONS, "evaluation"},
    {"ack", PANEL_ALERTS, "alert"},
    {"approve", PANEL_PENDING, "adjustment"},
    {"reject", PANEL_PENDING, "adjustment"},
    {"defer", PANEL_PENDING, "adjustment"},
    {"adjustment", PANEL_PENDING, "adjustment"},
    {"whatif", PANEL_PENDING, "adjustment"},
    {"shadow", PANEL_PENDING, "adjustment"},
    {"unshadow", PANEL_PENDING, "adjustment"},
};

static void offer_ids(const struct offer *o)
{
    for (size_t i = 0; i < ARRAY_LEN(id_sources); i++)
        if (strcmp(o->command->name, id_sources[i].command) == 0)
            offer_objects(o, id_sources[i].panel, id_sources[i].kind);
}

/* "goto trade ": the trades that are loaded. */
static void offer_second_of_goto(const struct offer *o)
{
    static const struct {
        const char *kind;
        enum panel_id panel;
    } lists[] = {{"trade", PANEL_TRADES},       {"evaluation", PANEL_EVALUATIONS},
                 {"position", PANEL_POSITIONS}, {"alert", PANEL_ALERTS},
                 {"adjustment", PANEL_PENDING}, {"agent", PANEL_AGENTS},
                 {"symbol", PANEL_WATCHLIST}};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (strcmp(lists[i].kind, o->before) == 0)
            offer_objects(o, lists[i].panel, lists[i].kind);
}

/* ---- arguments and values */

/* The person's own last reasons for this verb. */
static void offer_reasons(const struct offer *o)
{
    const struct rows *r = &o->from->snapshot->reasons.rows;
    int n = 0;
    for (size_t i = 0; i < r->nrows && n < REASONS_OFFERED; i++) {
        const char *verb = rows_text(r, i, 0), *reason = rows_text(r, i, 1);
        char clean[200];
        if (!verb || !reason || strcmp(verb, o->command->name) != 0)
            continue;
        sanitize_line(clean, sizeof clean, untrusted(reason));
        bar_offer(o->words, clean, "said before");
        n++;
    }
}

/* By command and place in its usage (NULL: its first argument). */
static const struct {
    const char *command, *word;
    void (*offer)(const struct offer *o);
} named[] = {
    {"agent", NULL, offer_agents},        {"agent run", "NAME", offer_agents},
    {"show", NULL, offer_panels},         {"hide", NULL, offer_panels},
    {"goto", NULL, offer_panels},         {"export", NULL, offer_panels},
    {"theme", NULL, offer_themes},        {"help", NULL, offer_commands},
    {"settings", NULL, offer_settings},   {"settings adopt", NULL, offer_settings},
    {"sort", "COLUMN", offer_columns},    {"set", "NAME=VALUE", offer_console_options},
    {"get", NULL, offer_console_options}, {"toggle", NULL, offer_console_options},
    {"mute", "RULE", offer_rules},        {"unmute", "RULE", offer_rules},
    {"calibration", NULL, offer_agents},  {"mute", "DUR", offer_spans},
};

void offer_argument(const struct offer *o, int index, const char *word)
{
    const char *command = o->command->name;
    for (size_t i = 0; i < ARRAY_LEN(named); i++)
        if (strcmp(command, named[i].command) == 0 &&
            (named[i].word ? strcmp(named[i].word, word) == 0 : index == 0))
            named[i].offer(o);
    if (index == 1 && strcmp(command, "goto") == 0)
        offer_second_of_goto(o);
    if (index == 1 && strcmp(command, "set") == 0)
        offer_option_values(o, o->before);
    if (index == 0 && strcmp(command, "layout") == 0)
        offer_option_values(o, "layout");
    if (strstr(word, "SYM"))
        offer_symbols(o);
    if (strstr(word, "ID"))
        offer_ids(o);
    if (strstr(word, "REASON"))
        offer_reasons(o);
    offer_choice(o->words, word);
}

void offer_value(const struct offer *o, const char *name)
{
    static const char *const decisions[] = {"BUY", "SELL", "HOLD", "NONE", NULL};
    static const char *const regimes[] = {"BULL", "BEAR", "SIDEWAYS", "HIGH_VOL", "LOW_VOL", NULL};
    static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
    static const char *const reasons[] = {"stop_loss",     "take_profit", "time_exit",
                                          "trailing_stop", "manual",      "circuit_breaker",
                                          "regime_change", NULL};
    static const char *const spans[] = {"1h", "1d", "7d", "30d", NULL};
    static const struct {
        const char *name;
        const char *const *words;
    } lists[] = {{"decision", decisions},
                 {"regime", regimes},
                 {"level", levels},
                 {"since", spans},
                 {"reason", reasons}};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (strcmp(lists[i].name, name) == 0)
            offer_list(o->words, lists[i].words);
    if (strcmp(name, "agents") == 0)
        offer_agents(o);
    for (const struct option_row *r = o->command->options; r && r->name; r++)
        if (strcmp(r->name, name) == 0 && r->value && strchr(r->value, '|'))
            offer_choice(o->words, r->value);
}

void offer_options(const struct offer *o)
{
    for (const struct option_row *r = o->command->options; r && r->name; r++) {
        char word[60];
        snprintf(word, sizeof word, "--%s%s", r->name, r->value ? "=" : "");
        bar_offer(o->words, word, r->help);
    }
}

void offer_files(const struct offer *o, const char *typed)
{
    char dir[300];
    const char *slash = strrchr(typed, '/');
    struct dirent **entry = NULL;
    if (o->words->in_passing)
        return;
    copy_bytes(dir, sizeof dir, typed, slash ? (size_t)(slash - typed) + 1 : 0);
    int n = scandir(*dir ? dir : ".", &entry, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *name = entry[i]->d_name;
        bool folder = entry[i]->d_type == DT_DIR;
        char shown[300], word[640];
        sanitize_line(shown, sizeof shown, untrusted(name));
        if (i < FILES_MOST && *name != '.' && !strpbrk(name, " \t'\"\\") &&
            strcmp(shown, name) == 0) {
            snprintf(word, sizeof word, "%s%s%s", dir, name, folder ? "/" : "");
            bar_offer(o->words, word, folder ? "" : "exists: add --force");
        }
        free(entry[i]);
    }
    free(entry);
}
