/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_complete.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "quorum/text.h"
#include "ui/console_offer.h"
#include "ui/console_run.h"

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

/* ---- completion */

/* What stands among the arguments already is not asked for again, and nothing twice. */
static void drop_given(struct bar_words *w, const char *line, const struct place *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++) {
        bool given = false;
        for (size_t k = 0; k < kept && !given; k++)
            given = strcmp(w->word[k].word, w->word[i].word) == 0;
        for (size_t at = p->verb; at < p->from && !given;) {
            at += strspn(line + at, " ");
            size_t n = strcspn(line + at, " ");
            const char *equals = memchr(line + at, '=', n);
            size_t len = equals ? (size_t)(equals - line - at) + 1 : n;
            given = at < p->from && len > 0 && strlen(w->word[i].word) == len &&
                    strncasecmp(w->word[i].word, line + at, len) == 0;
            at += n;
        }
        if (!given)
            w->word[kept++] = w->word[i];
    }
    w->n = kept;
}

/* Where the file behind '>' begins, if the point is in it. */
static bool names_file(const char *line, const struct place *p, size_t point, size_t *from)
{
    size_t before = p->from;
    while (before > 0 && line[before - 1] == ' ')
        before--;
    if (p->from < point && line[p->from] == '>') {
        *from = p->from + 1;
        return true;
    }
    *from = p->from;
    return before > 0 && line[before - 1] == '>' && (before == 1 || line[before - 2] == ' ');
}

/* The word before the one at the point, "" when that is the verb. */
static void word_before(const char *line, const struct place *p, char *dst, size_t size)
{
    size_t end = p->from, begin;
    while (end > p->verb && line[end - 1] == ' ')
        end--;
    for (begin = end; begin > p->verb && line[begin - 1] != ' ';)
        begin--;
    copy_bytes(dst, size, line + begin, end - begin);
}

/* Behind an '=' of an option, or of what `set` sets. True if it was one. */
static bool complete_value(const struct offer *o, const char *line, const struct place *p,
                           size_t point)
{
    char name[60];
    const char *word = line + p->from, *equals = memchr(word, '=', point - p->from);
    bool option = strncmp(word, "--", 2) == 0, sets = strcmp(o->command->name, "set") == 0;
    if (!equals || (!option && !sets))
        return false;
    size_t skip = option ? 2 : 0;
    copy_bytes(name, sizeof name, word + skip, (size_t)(equals - word) - skip);
    o->words->from = (size_t)(equals - line) + 1;
    if (option)
        offer_value(o, name);
    else
        offer_option_values(o, name);
    return true;
}

/* A column's title may have blanks, and "desc" may follow: the place is all behind the verb. */
static void complete_sort(const struct offer *o, const char *line, const struct place *p,
                          size_t point)
{
    struct bar_words *words = o->words;
    size_t from = p->verb + strspn(line + p->verb, " ");
    words->from = from < point ? from : point;
    offer_argument(o, 0, "COLUMN");
    for (size_t i = 0, n = words->n; i < n; i++) {
        char both[80];
        size_t len = strlen(words->word[i].word);
        if (point <= from + len || strncasecmp(words->word[i].word, line + from, len) != 0 ||
            line[from + len] != ' ')
            continue;
        snprintf(both, sizeof both, "%s desc", words->word[i].word);
        bar_offer(words, both, "the greatest first");
    }
}

static void complete_argument(const struct offer *o, const char *line, const struct place *p)
{
    struct bar_words *words = o->words;
    char wanted[80];
    usage_word(p->command->usage, p->index, wanted, sizeof wanted);
    offer_argument(o, p->index, wanted);
    if (p->index == 0) { /* "watch" may go on as "watch add" */
        size_t n = strlen(p->command->name);
        for (const struct command *k = NULL; (k = command_next(k));)
            if (strncmp(k->name, p->command->name, n) == 0 && k->name[n] == ' ' &&
                console_runs(k->name))
                bar_offer(words, k->name + n + 1, k->help);
    }
    if (words->n == 0)
        offer_options(o);
    drop_given(words, line, p);
}

void complete_line(const struct complete_from *from, const char *line, size_t point,
                   struct bar_words *words)
{
    struct place p = place_of(line, point);
    char before[80], typed[300];
    size_t file;
    struct offer o = {.from = from, .words = words, .command = p.command, .before = before};
    words->from = p.from;
    word_before(line, &p, before, sizeof before);
    if (!p.command || (p.index == 0 && p.verb > p.from)) {
        size_t start = strspn(line, " ");
        words->from = start < point ? start : point;
        offer_commands(&o);
    } else if (names_file(line, &p, point, &file)) {
        words->from = file;
        copy_bytes(typed, sizeof typed, line + file, point - file);
        offer_files(&o, typed);
    } else if (complete_value(&o, line, &p, point)) {
        return;
    } else if (point > p.from && line[p.from] == '-') {
        offer_options(&o);
        drop_given(words, line, &p);
    } else if (strcmp(p.command->name, "sort") == 0) {
        complete_sort(&o, line, &p, point);
    } else {
        complete_argument(&o, line, &p);
    }
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
    struct complete_from from = {.snapshot = &c->snapshot,
                                 .focus = c->view.focus,
                                 .agents = c->call->agents,
                                 .theme_dir = c->theme_dir};
    complete_line(&from, line, point, words);
}

void console_hint(void *arg, const char *line, size_t point, char *out, size_t size)
{
    (void)arg;
    hint_line(line, point, out, size);
}
