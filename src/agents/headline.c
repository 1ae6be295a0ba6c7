/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agents/headline.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

enum { WORDS_MAX = 128, WORD_BYTES = 32, OUTLET_WORDS_MAX = 4, FIRST_WORD_MIN = 4 };

struct word {
    char text[WORD_BYTES]; /* lower case, cut */
    bool lower_initial;    /* began with a lower-case letter */
};
struct words {
    struct word w[WORDS_MAX];
    size_t n;
};

static bool in_word(utf8proc_int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

static void end_word(struct words *out, struct buf *b)
{
    if (b->len)
        copy_text(out->w[out->n++].text, WORD_BYTES, buf_text(b));
    buf_clear(b);
}

static void split(const char *s, size_t n, struct words *out)
{
    struct buf b = {0};
    out->n = 0;
    for (size_t i = 0; i < n && out->n < WORDS_MAX;) {
        utf8proc_int32_t c;
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)s + i, (utf8proc_ssize_t)(n - i), &c);
        i += step > 0 ? (size_t)step : 1;
        if (step <= 0 || !in_word(c)) {
            end_word(out, &b);
            continue;
        }
        if (!b.len)
            out->w[out->n].lower_initial = utf8proc_category(c) == UTF8PROC_CATEGORY_LL;
        utf8proc_ssize_t len = utf8proc_encode_char(utf8proc_tolower(c), bytes);
        buf_add(&b, bytes, len > 0 ? (size_t)len : 0);
    }
    if (out->n < WORDS_MAX)
        end_word(out, &b);
    buf_release(&b);
}

/* The last " - " or " | " (also with a dash of typography); NULL without one. */
static const char *last_separator(const char *title, const char **after)
{
    static const char *const separators[] = {" - ", " | ", " \u2013 ", " \u2014 "};
    const char *last = NULL;
    for (size_t i = 0; i < sizeof separators / sizeof separators[0]; i++) {
        size_t n = strlen(separators[i]);
        for (const char *p = strstr(title, separators[i]); p; p = strstr(p + 1, separators[i])) {
            if (!last || p > last) {
                last = p;
                *after = p + n;
            }
        }
    }
    return last;
}

static bool looks_like_outlet(const struct lexicon *l, const char *s)
{
    struct words w;
    split(s, strlen(s), &w);
    if (w.n == 0 || w.n > OUTLET_WORDS_MAX)
        return false;
    for (size_t i = 0; i < w.n; i++) {
        unsigned mood = WORD_UP | WORD_DOWN | WORD_POSITIVE | WORD_NEGATIVE;
        if (w.w[i].lower_initial || lexicon_word(l, w.w[i].text, strlen(w.w[i].text)) & mood)
            return false;
    }
    return true;
}

size_t headline_body(const struct lexicon *l, const char *title, const char *outlet)
{
    const char *after = NULL, *at = last_separator(title, &after);
    if (!at || at == title)
        return strlen(title);
    if (strcasecmp(after, outlet) == 0 || looks_like_outlet(l, after))
        return (size_t)(at - title);
    return strlen(title);
}

void headline_key(const struct lexicon *l, const char *title, const char *outlet, struct buf *out)
{
    struct words w;
    split(title, headline_body(l, title, outlet), &w);
    for (size_t i = 0; i < w.n; i++)
        buf_printf(out, "%s%s", i ? " " : "", w.w[i].text);
}

/* A ticker stands alone in capitals. Where it is one letter, also an English word, or the whole
 * title is in capitals, only "$F", "(F)" or "NYSE:F" counts. */
static bool names_ticker(const struct lexicon *l, const char *title, size_t n, const char *symbol)
{
    size_t len = strlen(symbol);
    bool has_lower = false;
    for (size_t i = 0; i < n; i++)
        has_lower |= islower((unsigned char)title[i]) != 0;
    bool need_mark = len == 1 || !has_lower || (lexicon_word(l, symbol, len) & WORD_AMBIGUOUS);
    for (size_t i = 0; len > 0 && i + len <= n; i++) {
        if (memcmp(title + i, symbol, len) != 0)
            continue;
        if ((i > 0 && isalnum((unsigned char)title[i - 1])) ||
            (i + len < n && isalnum((unsigned char)title[i + len])))
            continue;
        bool marked = i > 0 && memchr("$(:", title[i - 1], 3);
        bool spaced = i > 1 && title[i - 1] == ' ' && title[i - 2] == ':';
        if (!need_mark || marked || spaced)
            return true;
    }
    return false;
}

/* Are the words of `name` somewhere in the title, in order? The first must not be in lower case
 * there, for many companies are called by a common word ("price target"). */
static bool names_words(const struct words *title, const struct word *name, size_t n)
{
    for (size_t i = 0; n > 0 && i + n <= title->n; i++) {
        size_t k = 0;
        while (k < n && strcmp(title->w[i + k].text, name[k].text) == 0)
            k++;
        if (k == n && (!title->w[i].lower_initial || name[0].lower_initial))
            return true;
    }
    return false;
}

static unsigned classes(const struct lexicon *l, const struct word *w)
{
    return lexicon_word(l, w->text, strlen(w->text));
}

static bool names_company(const struct lexicon *l, const struct words *title, const char *company)
{
    struct words w;
    split(company, strlen(company), &w);
    const struct word *name = w.w;
    size_t n = w.n;
    if (n > 1 && strcmp(name[0].text, "the") == 0) {
        name++;
        n--;
    }
    while (n > 1 && (classes(l, &name[n - 1]) & WORD_SUFFIX))
        n--;
    if (names_words(title, name, n))
        return true;
    return n > 1 && strlen(name[0].text) >= FIRST_WORD_MIN &&
           !(classes(l, &name[0]) & (WORD_GENERIC | WORD_SUFFIX)) && names_words(title, name, 1);
}

static bool names_alias(const struct lexicon *l, const struct words *title, const char *symbol)
{
    for (size_t i = 0; i < l->naliases; i++) {
        struct words w;
        if (strcmp(l->alias[i].key, symbol) != 0)
            continue;
        split(l->alias[i].text, strlen(l->alias[i].text), &w);
        for (size_t k = 0; k < w.n; k++)
            w.w[k].lower_initial = false; /* the list is in lower case, titles are not */
        if (names_words(title, w.w, w.n))
            return true;
    }
    return false;
}

bool headline_names(const struct lexicon *l, const char *title, const char *outlet,
                    const char *symbol, const char *company)
{
    struct words w;
    size_t n = headline_body(l, title, outlet);
    if (names_ticker(l, title, n, symbol))
        return true;
    split(title, n, &w);
    return names_company(l, &w, company) || names_alias(l, &w, symbol);
}
