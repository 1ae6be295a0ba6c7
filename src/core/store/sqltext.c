/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/store/sqltext.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"

struct scan {
    struct sql_cursor *c;
    struct sql_statement *out;
    bool any;      /* the statement has begun */
    int words;     /* so far */
    char last[16]; /* the word before */
    int atomic;    /* depth of BEGIN ATOMIC and of CASE inside it */
    bool text_escapes;
};

static void step(struct sql_cursor *c, size_t n)
{
    while (n-- > 0 && *c->at) {
        c->line += *c->at == '\n';
        c->at++;
    }
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static void skip_comment(struct sql_cursor *c)
{
    int depth = 0;

    do {
        if (strncmp(c->at, "/*", 2) == 0) {
            depth++;
            step(c, 2);
        } else if (strncmp(c->at, "*/", 2) == 0) {
            depth--;
            step(c, 2);
        } else {
            step(c, 1);
        }
    } while (depth > 0 && *c->at);
}

/* A doubled quote inside needs no care: it is two texts side by side. */
static void skip_quoted(struct sql_cursor *c, bool escapes)
{
    char quote = *c->at;

    step(c, 1);
    while (*c->at && *c->at != quote)
        step(c, escapes && *c->at == '\\' ? 2 : 1);
    step(c, 1);
}

/* False for a $1 or a lone $. */
static bool skip_dollar(struct sql_cursor *c)
{
    size_t len = 1;
    char tag[64];

    if (isdigit((unsigned char)c->at[1]))
        return false;
    while (is_word(c->at[len]))
        len++;
    if (c->at[len] != '$' || len + 2 > sizeof(tag))
        return false;
    memcpy(tag, c->at, ++len);
    tag[len] = '\0';
    const char *end = strstr(c->at + len, tag);
    step(c, end ? (size_t)(end - c->at) + len : strlen(c->at));
    return true;
}

static void take_word(struct scan *s)
{
    char word[16] = "";
    size_t len = 0;

    while (is_word(s->c->at[len]) || (len > 0 && s->c->at[len] == '$')) { /* a$b is one name */
        if (len + 1 < sizeof(word))
            word[len] = (char)toupper((unsigned char)s->c->at[len]);
        len++;
    }
    if (s->words < 2) {
        size_t used = strlen(s->out->words);

        snprintf(s->out->words + used, sizeof(s->out->words) - used, "%s%s", used ? " " : "", word);
    }
    s->words++;
    if (s->atomic == 0 && strcmp(s->last, "BEGIN") == 0 && strcmp(word, "ATOMIC") == 0)
        s->atomic = 1;
    else if (s->atomic > 0)
        s->atomic += strcmp(word, "CASE") == 0 ? 1 : strcmp(word, "END") == 0 ? -1 : 0;
    memcpy(s->last, word, sizeof(word));
    s->text_escapes = len == 1 && word[0] == 'E';
    step(s->c, len);
}

static void take(struct scan *s)
{
    struct sql_cursor *c = s->c;
    bool escapes = s->text_escapes;

    if (!s->any) {
        s->any = true;
        s->out->line = c->line;
    }
    s->text_escapes = false;
    if (*c->at == '\'' || *c->at == '"')
        skip_quoted(c, escapes && *c->at == '\'');
    else if (*c->at == '$' && skip_dollar(c))
        return;
    else if (is_word(*c->at))
        take_word(s);
    else
        step(c, 1);
}

bool sql_next(struct sql_cursor *c, struct sql_statement *out)
{
    struct scan s = {.c = c, .out = out};
    int parens = 0;

    *out = (struct sql_statement){0};
    while (*c->at) {
        if (strncmp(c->at, "--", 2) == 0) {
            step(c, strcspn(c->at, "\n"));
        } else if (strncmp(c->at, "/*", 2) == 0) {
            skip_comment(c);
        } else if (isspace((unsigned char)*c->at)) {
            s.text_escapes = false;
            step(c, 1);
        } else if (*c->at == ';' && parens <= 0 && s.atomic == 0) {
            step(c, 1);
            if (s.any)
                return true;
        } else {
            parens += (*c->at == '(') - (*c->at == ')');
            take(&s);
        }
    }
    return s.any;
}

int sql_statement_line(const char *sql, int number)
{
    struct sql_cursor c = {.at = sql, .line = 1};
    struct sql_statement st = {.line = 1}, found = {.line = 1};

    for (int i = 0; i <= number && sql_next(&c, &st); i++)
        found = st;
    return found.line;
}

int sql_position_line(const char *sql, int position)
{
    int line = 1;

    for (const char *p = sql; *p && position > 1; p++) {
        line += *p == '\n';
        position -= ((unsigned char)p[1] & 0xC0) != 0x80; /* the next byte begins a character */
    }
    return line;
}

bool sql_controls_transaction(const char *sql, struct sql_statement *out)
{
    static const char *const words[] = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"};
    struct sql_cursor c = {.at = sql, .line = 1};

    while (sql_next(&c, out)) {
        size_t len = strcspn(out->words, " ");

        if (strcmp(out->words, "ROLLBACK TO") == 0 ||
            strcmp(out->words, "ROLLBACK PREPARED") == 0 ||
            strcmp(out->words, "COMMIT PREPARED") == 0)
            continue; /* savepoints are fine; the prepared ones fail by themselves */
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
            if (strlen(words[i]) == len && strncmp(out->words, words[i], len) == 0)
                return true;
        }
        if (strcmp(out->words, "PREPARE TRANSACTION") == 0)
            return true;
    }
    return false;
}
