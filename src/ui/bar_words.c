/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ui/bar_private.h"

enum { WORDS_MOST = 2000 };

void bar_offer(struct bar_words *w, const char *word, const char *meaning)
{
    if (w->n >= WORDS_MOST)
        return;
    if (w->n == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 32;
        w->word = mem_grow(w->word, w->cap, sizeof *w->word);
    }
    struct bar_word *next = &w->word[w->n++];
    next->word = arena_text(&w->arena, word);
    next->meaning = arena_text(&w->arena, meaning != NULL ? meaning : "");
    next->rank = 0;
}

void bar_words_clear(struct bar_words *w)
{
    mem_free(w->word);
    arena_release(&w->arena);
    *w = (struct bar_words){0};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* 0 begins so, 1 contains it, 2 has its letters in order, 3 nothing of these. */
static int fit(const char *word, const char *typed, size_t len)
{
    if (strncasecmp(word, typed, len) == 0)
        return 0;
    for (const char *at = word; *at != '\0'; at++) {
        if (strncasecmp(at, typed, len) == 0)
            return 1;
    }
    size_t found = 0;
    for (const char *at = word; *at != '\0' && found < len; at++)
        found += lower(*at) == lower(typed[found]);
    return found == len ? 2 : 3;
}

static int by_rank(const void *a, const void *b)
{
    const struct bar_word *x = a, *y = b;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

void bar_words_filter(struct bar_words *w, const char *typed, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++) {
        int how = fit(w->word[i].word, typed, len);
        if (how > 2)
            continue;
        w->word[kept] = w->word[i];
        w->word[kept++].rank = how * WORDS_MOST + (int)i;
    }
    w->n = kept;
    if (kept > 1)
        qsort(w->word, kept, sizeof *w->word, by_rank);
}

size_t bar_words_common(const struct bar_words *w, size_t typed)
{
    if (w->n == 0 || w->word[0].rank >= WORDS_MOST)
        return 0;
    const char *first = w->word[0].word;
    size_t common = strlen(first);
    for (size_t i = 1; i < w->n && w->word[i].rank < WORDS_MOST; i++) {
        size_t same = 0;
        while (same < common && lower(first[same]) == lower(w->word[i].word[same]))
            same++;
        common = same;
    }
    while (common > 0 && ((unsigned char)first[common] & 0xc0) == 0x80)
        common--;
    return common > typed ? common : typed;
}
