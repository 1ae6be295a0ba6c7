/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_complete.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "quorum/command.h"
#include "quorum/text.h"
#include "ui/console_private.h"
#include "ui/console_verbs.h"

const enum panel_id complete_panels[] = {PANEL_POSITIONS, PANEL_PENDING,     PANEL_TRADES,
                                         PANEL_WATCHLIST, PANEL_EVALUATIONS, PANEL_ALERTS};
const size_t complete_npanels = ARRAY_LEN(complete_panels);

/* ---- the line as words: where the one at the point begins, and how many stand before it */

struct place {
    size_t from; /* of the word at the point */
    int index;   /* words before it */
    size_t verb; /* bytes of the line its command's name takes */
    const struct command *command;
};

/* The command whose name the line begins with; the longest name wins ("watch add"). */
static const struct command *command_of(const char *line, size_t len, size_t *taken)
{
    const struct command *best = NULL;
    *taken = 0;
    for (const struct command *k = NULL; (k = command_next(k));) {
        const char *name = k->name;
        for (size_t i = 0; name; name = k->aliases ? k->aliases[i++] : NULL) {
            size_t n = strlen(name);
            bool fits = n <= len && strncmp(line, name, n) == 0 &&
                        (n == len || isspace((unsigned char)line[n]));
            if (fits && n > *taken) {
                *taken = n;
                best = k;
            }
        }
    }
    return best;
}

static struct place place_of(const char *line, size_t point)
{
    struct place p = {0};
    size_t start = strspn(line, " "), from = point;
    while (from > start && !isspace((unsigned char)line[from - 1]))
        from--;
    p.from = from;
    if (from > start)
        p.command = command_of(line + start, from - start, &p.verb);
    p.verb += start;
    for (size_t i = p.verb; p.command && i < from;) {
        i += strspn(line + i, " ");
        size_t n = strcspn(line + i, " ");
        if (i + n <= from && n && i < from)
            p.index += line[i] != '-';
        i += n ? n : 1;
    }
    return p;
}

/* The i-th word of a usage text, brackets dropped: "[SYM] ID..." has SYM and ID; the last repeats.
 * Empty when there is none. */
static void usage_word(const char *usage, int i, char *dst, size_t size)
{
    *dst = '\0';
    for (const char *p = usage; p && *(p += strspn(p, " "));) {
        size_t n = strcspn(p, " ");
        char word[80];
        copy_bytes(word, sizeof word, p, n);
        p += n;
        if (strncmp(word, "[--", 3) == 0 || word[0] == '-')
            continue;
        char clean[80];
        size_t k = 0;
        for (const char *c = word; *c; c++)
            if (!strchr("[].,", *c))
                clean[k++] = *c;
        clean[k] = '\0';
        copy_text(dst, size, clean);
        if (i-- == 0 || (!*p && strstr(word, "...")))
            return;
        *dst = '\0';
    }
}

/* ---- values */

struct offer {
    const struct snapshot *snapshot;
    enum panel_id focus;
    const struct agent *const *agents;
    struct bar_words *words;
    const struct command *command;
};

static void offer_list(struct bar_words *w, const char *const *list, const char *meaning)
{
    for (; *list; list++)
        bar_offer(w, *list, meaning);
}

/* Words split by '|'. */
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

/* Objects of a kind among a panel's rows: "trade 88" offers 88, with the rest of its row. */
static void offer_objects(const struct offer *o, enum panel_id id, const char *kind)
{
    const struct rows *r = &o->snapshot->panel[id].rows;
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

static void offer_symbols(const struct offer *o)
{
    static const enum panel_id from[] = {PANEL_POSITIONS, PANEL_WATCHLIST, PANEL_TRADES};
    static const char *const meaning[] = {"held", "on the watchlist", "traded"};
    char seen[200][16];
    size_t nseen = 0;
    for (size_t f = 0; f < ARRAY_LEN(from); f++) {
        const struct rows *r = &o->snapshot->panel[from[f]].rows;
        for (size_t i = 0; i < r->nrows && nseen < ARRAY_LEN(seen); i++) {
            const char *symbol = NULL;
            for (size_t c = 1; c < r->ncols && !symbol; c++)
                if (rows_text(r, i, c) && text_is_symbol(rows_text(r, i, c)))
                    symbol = rows_text(r, i, c);
            bool known = !symbol || strlen(symbol) > 15;
            for (size_t k = 0; !known && k < nseen; k++)
                known = strcmp(seen[k], symbol) == 0;
            if (known)
                continue;
            copy_text(seen[nseen++], sizeof seen[0], symbol);
            bar_offer(o->words, symbol, meaning[f]);
        }
    }
}

static void offer_agents(const struct offer *o)
{
    for (const struct agent *const *a = o->agents; a && *a; a++)
        bar_offer(o->words, (*a)->name, (*a)->does);
}

static void offer_panels(const struct offer *o)
{
    for (size_t i = 0; i < PANEL_COUNT; i++)
        bar_offer(o->words, panels[i].name, panels[i].title);
}

static void offer_themes(const struct offer *o)
{
    const char *name;
    for (size_t i = 0; (name = theme_builtin(i)); i++)
        bar_offer(o->words, name, "");
}

/* The columns of the panel that has the focus. */
static void offer_columns(const struct offer *o)
{
    const struct panel *p = o->focus < PANEL_COUNT ? &panels[o->focus] : NULL;
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

/* Values of "set theme=", each after its name. */
static void offer_option_values(const struct offer *o, const char *wanted)
{
    const char *name, *values, *help;
    char word[40];
    for (size_t i = 0; (name = console_option(i, &values, &help)); i++) {
        if (strcmp(name, wanted) != 0)
            continue;
        if (strcmp(name, "theme") == 0) {
            offer_themes(o);
            return;
        }
        for (const char *p = values; *p; p += strspn(p, " ")) {
            size_t n = strcspn(p, " ");
            copy_bytes(word, sizeof word, p, n);
            bar_offer(o->words, word, "");
            p += n;
        }
    }
}

static void offer_rules(const struct offer *o)
{
    const struct rows *r = &o->snapshot->panel[PANEL_ALERTS].rows;
    const struct panel *p = &panels[PANEL_ALERTS];
    for (size_t c = 0; c < p->ncolumns; c++)
        for (size_t i = 0; strcmp(p->column[c].title, "RULE") == 0 && i < r->nrows; i++)
            if (rows_text(r, i, c + 1))
                bar_offer(o->words, rows_text(r, i, c + 1), "");
}

static void offer_commands(const struct offer *o)
{
    for (const struct command *k = NULL; (k = command_next(k));)
        bar_offer(o->words, k->name, k->help);
}

static void offer_settings(const struct offer *o)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        bar_offer(o->words, setting_row((enum setting_id)i)->name,
                  setting_row((enum setting_id)i)->help);
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
};

static void offer_ids(const struct offer *o)
{
    for (size_t i = 0; i < ARRAY_LEN(id_sources); i++)
        if (strcmp(o->command->name, id_sources[i].command) == 0)
            offer_objects(o, id_sources[i].panel, id_sources[i].kind);
}

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
};

static void offer_argument(const struct offer *o, const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(named); i++)
        if (strcmp(o->command->name, named[i].command) == 0 &&
            (!named[i].word || strcmp(named[i].word, word) == 0))
            named[i].offer(o);
    if (strstr(word, "SYM"))
        offer_symbols(o);
    if (strstr(word, "ID"))
        offer_ids(o);
    offer_choice(o->words, word);
}

/* Values of "--name=": what is in the table of such options. */
static void offer_value(const struct offer *o, const char *name)
{
    static const char *const decisions[] = {"BUY", "SELL", "HOLD", "NONE", NULL};
    static const char *const regimes[] = {"BULL", "BEAR", "SIDEWAYS", "HIGH_VOL", "LOW_VOL", NULL};
    static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
    static const char *const reasons[] = {"stop_loss",     "take_profit", "time_exit",
                                          "trailing_stop", "manual",      "circuit_breaker",
                                          "regime_change", NULL};
    static const char *const spans[] = {"1h", "1d", "7d", "30d", NULL};
    if (strcmp(name, "decision") == 0)
        offer_list(o->words, decisions, "");
    else if (strcmp(name, "regime") == 0)
        offer_list(o->words, regimes, "");
    else if (strcmp(name, "level") == 0)
        offer_list(o->words, levels, "");
    else if (strcmp(name, "since") == 0)
        offer_list(o->words, spans, "");
    else if (strcmp(name, "agents") == 0)
        offer_agents(o);
    else if (strcmp(name, "reason") == 0)
        offer_list(o->words, reasons, "");
}

static void offer_options(const struct offer *o)
{
    for (const struct option_row *r = o->command->options; r && r->name; r++) {
        char word[60];
        snprintf(word, sizeof word, "--%s%s", r->name, r->value ? "=" : "");
        bar_offer(o->words, word, r->help);
    }
}

void complete_line(const struct snapshot *s, enum panel_id focus, const struct agent *const *agents,
                   const char *line, size_t point, struct bar_words *words)
{
    struct place p = place_of(line, point);
    struct offer o = {
        .snapshot = s, .focus = focus, .agents = agents, .words = words, .command = p.command};
    const char *word = line + p.from, *equals = memchr(word, '=', point - p.from);
    char name[60], wanted[80];
    words->from = p.from;
    if (!p.command || (p.command && p.index == 0 && p.verb > p.from)) {
        size_t start = strspn(line, " ");
        words->from = start < point ? start : point;
        offer_commands(&o);
        return;
    }
    if (strncmp(word, "--", 2) == 0 && equals && point >= p.from + 2) {
        copy_bytes(name, sizeof name, word + 2, (size_t)(equals - word) - 2);
        words->from = (size_t)(equals - line) + 1;
        offer_value(&o, name);
        return;
    }
    if (point > p.from && *word == '-') {
        offer_options(&o);
        return;
    }
    if (equals && strcmp(p.command->name, "set") == 0) {
        copy_bytes(name, sizeof name, word, (size_t)(equals - word));
        words->from = (size_t)(equals - line) + 1;
        offer_option_values(&o, name);
        return;
    }
    usage_word(p.command->usage, p.index, wanted, sizeof wanted);
    offer_argument(&o, wanted);
    if (p.index == 0) { /* "watch" may go on as "watch add" */
        size_t n = strlen(p.command->name);
        for (const struct command *k = NULL; (k = command_next(k));)
            if (strncmp(k->name, p.command->name, n) == 0 && k->name[n] == ' ')
                bar_offer(words, k->name + n + 1, k->help);
    }
    if (words->n == 0)
        offer_options(&o);
}

/* ---- the hint */

void hint_line(const char *line, size_t point, char *out, size_t size)
{
    size_t start = strspn(line, " "), taken, n = 0;
    const struct command *k = command_of(line + start, strlen(line + start), &taken);
    struct place p = place_of(line, point);
    *out = '\0';
    if (!k)
        return;
    n = (size_t)snprintf(out, size, "%s", k->name);
    int i = 0;
    for (const char *u = k->usage; u && *(u += strspn(u, " ")) && n < size;) {
        size_t len = strcspn(u, " ");
        bool last = !*(u + len);
        bool here = i == p.index || (last && p.index > i && memchr(u, '.', len));
        n += (size_t)snprintf(out + n, size - n, " ");
        for (size_t c = 0; c < len && n + 1 < size; c++)
            out[n++] = (char)(here ? toupper((unsigned char)u[c]) : tolower((unsigned char)u[c]));
        out[n < size ? n : size - 1] = '\0';
        u += len;
        i++;
    }
    for (const struct option_row *r = k->options; r && r->name && n + 1 < size; r++)
        n += (size_t)snprintf(out + n, size - n, " [--%s%s%s]", r->name, r->value ? "=" : "",
                              r->value ? r->value : "");
}

void console_complete(void *arg, const char *line, size_t point, struct bar_words *words)
{
    const struct console *c = arg;
    complete_line(&c->snapshot, c->view.focus, c->call->agents, line, point, words);
}

void console_hint(void *arg, const char *line, size_t point, char *out, size_t size)
{
    (void)arg;
    hint_line(line, point, out, size);
}
