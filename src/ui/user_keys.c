/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/user_keys.h"

#include <stdio.h>
#include <string.h>

#include "quorum/command.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "ui/console_keys.h"
#include "ui/detail.h"

/* The way out, the way in and the way to this file's meaning stay where they are; the others never
 * reach the program in some terminals, tmux or screen. */
static const char *const fixed[] = {"Esc", "Enter", ":", "?", "C-c", "C-s", "C-q", "C-b", "C-a"};

static const char *const general[] = {"everywhere", "lists", "details"};

/* ---- where */

const char *user_key_where(const struct user_key *k)
{
    if (k->detail == DETAIL_KINDS)
        return "details";
    if (k->detail != DETAIL_NONE)
        return details[k->detail].name;
    if (k->panel == PANEL_COUNT)
        return "lists";
    return k->panel == PANEL_NONE ? "everywhere" : panels[k->panel].name;
}

static bool find_where(const char *word, struct user_key *out)
{
    out->panel = PANEL_NONE;
    out->detail = DETAIL_NONE;
    if (strcmp(word, "everywhere") == 0)
        return true;
    if (strcmp(word, "lists") == 0)
        return out->panel = PANEL_COUNT, true;
    if (strcmp(word, "details") == 0)
        return out->detail = DETAIL_KINDS, true;
    for (int p = 0; p < PANEL_COUNT; p++)
        if (strcmp(panels[p].name, word) == 0)
            return out->panel = (enum panel_id)p, true;
    for (int d = DETAIL_NONE + 1; d < DETAIL_KINDS; d++)
        if (details[d].name && strcmp(details[d].name, word) == 0)
            return out->detail = (enum detail_kind)d, true;
    return false;
}

static enum err no_such_place(const char *word, struct error *e)
{
    struct buf names = {0};
    for (size_t i = 0; i < ARRAY_LEN(general); i++)
        buf_printf(&names, " %s", general[i]);
    for (int p = 0; p < PANEL_COUNT; p++)
        buf_printf(&names, " %s", panels[p].name);
    for (int d = DETAIL_NONE + 1; d < DETAIL_KINDS; d++)
        if (details[d].name)
            buf_printf(&names, " %s", details[d].name);
    err_set(e, ERR_USAGE, "\"%s\" is no place for a key", word);
    err_fix(e, "one of:%.230s", buf_text(&names));
    buf_release(&names);
    return e->kind;
}

/* ---- the words */

/* The next word, cut off; "" at the end. */
static char *next_word(char **at)
{
    char *word = *at + strspn(*at, " \t");
    size_t n = strcspn(word, " \t");
    *at = word + n + (word[n] != '\0');
    word[n] = '\0';
    return word;
}

static enum err check_key(const char *name, struct user_key *k, struct error *e)
{
    if (!key_parse(name, &k->key)) {
        err_set(e, ERR_USAGE, "\"%s\" is no key", name);
        return err_fix(e, "keys are written like x, X, Space, C-p, M-x, S-Tab, Up, F5");
    }
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        struct key other;
        if (key_parse(fixed[i], &other) && key_same(&other, &k->key))
            return err_set(e, ERR_USAGE, "%s cannot be bound", name);
    }
    key_name(&k->key, k->name);
    return OK;
}

/* A word of the view, or a command of this program that runs here. */
static enum err check_command(const char *text, struct error *e)
{
    char word[60];
    copy_bytes(word, sizeof word, text, strcspn(text, " "));
    for (const char *p = text; (p = strchr(p, '%')); p += 2) {
        if (p[1] && strchr("isoOpmrv%", p[1]))
            continue;
        err_set(e, ERR_USAGE, "%%%c stands for nothing", p[1] ? p[1] : ' ');
        return err_fix(e, "%%i the id, %%s the symbol, %%o the object, %%p the panel, %%m what is "
                          "marked, %%r the rule, %%v as it is shown");
    }
    if (console_acts_word(word))
        return OK;
    for (const struct command *k = NULL; (k = command_next(k));) {
        size_t n = strlen(k->name);
        if (strncmp(k->name, text, n) == 0 && (!text[n] || text[n] == ' '))
            return OK;
    }
    if (command_find(word))
        return OK;
    err_set(e, ERR_USAGE, "\"%s\" is no command", word);
    return err_fix(e, "see --dump-keys and --dump-commands");
}

static bool same_place(const struct user_key *a, const struct user_key *b)
{
    return a->panel == b->panel && a->detail == b->detail && key_same(&a->key, &b->key);
}

enum err user_keys_bind(struct user_keys *u, const char *text, struct error *e)
{
    char copy[300], *at = copy;
    struct user_key k = {.panel = PANEL_NONE, .detail = DETAIL_NONE};
    if (!copy_text(copy, sizeof copy, text))
        return err_set(e, ERR_USAGE, "the line is longer than %zu bytes", sizeof copy - 1);
    sanitize_line(copy, sizeof copy, untrusted(copy));
    char *first = next_word(&at), *second = next_word(&at), *key = first;
    if (strcmp(second, "=") != 0) {
        if (!find_where(first, &k))
            return no_such_place(first, e);
        key = second;
        second = next_word(&at);
    }
    const char *command = at + strspn(at, " \t");
    if (strcmp(second, "=") != 0 || !*command) {
        err_set(e, ERR_USAGE, "this is not bind [WHERE] KEY = COMMAND");
        return err_fix(e, "example: bind pending Z = approve %%i");
    }
    if (check_key(key, &k, e) || (strcmp(command, "none") != 0 && check_command(command, e)))
        return e->kind;
    if (!copy_text(k.command, sizeof k.command, strcmp(command, "none") == 0 ? "" : command))
        return err_set(e, ERR_USAGE, "a command has at most %d bytes", USER_COMMAND_MAX - 1);
    for (size_t i = 0; i < u->n; i++) {
        if (same_place(&u->key[i], &k)) {
            u->key[i] = k;
            return OK;
        }
    }
    if (u->n == USER_KEYS_MAX)
        return err_set(e, ERR_USAGE, "more than %d keys are bound", USER_KEYS_MAX);
    u->key[u->n++] = k;
    return OK;
}

/* ---- finding */

/* How near a binding is to where the person is; 0: it is elsewhere. */
static int nearness(const struct user_key *k, enum panel_id focus, enum detail_kind open)
{
    if (k->detail != DETAIL_NONE)
        return open == DETAIL_NONE ? 0 : k->detail == open ? 4 : k->detail == DETAIL_KINDS ? 2 : 0;
    if (k->panel == PANEL_NONE)
        return 1;
    return open != DETAIL_NONE ? 0 : k->panel == focus ? 3 : k->panel == PANEL_COUNT ? 2 : 0;
}

const char *user_keys_find(const struct user_keys *u, enum panel_id focus, enum detail_kind open,
                           const struct key *k)
{
    const char *found = NULL;
    int best = 0;
    for (size_t i = 0; i < u->n; i++) {
        int near = key_same(&u->key[i].key, k) ? nearness(&u->key[i], focus, open) : 0;
        if (near > best) {
            best = near;
            found = u->key[i].command;
        }
    }
    return found;
}
