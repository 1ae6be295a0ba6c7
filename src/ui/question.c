/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/question.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "quorum/text.h"

void question_open(struct question *q, int level, const char *word, const char *prompt, int64_t now)
{
    *q = (struct question){.open = true, .level = level, .opened_at = now};
    copy_text(q->word, sizeof q->word, word);
    sanitize_line(q->prompt, sizeof q->prompt, untrusted(prompt));
}

void question_line(struct question *q, const char *fmt, ...)
{
    char text[600];
    va_list args;
    if (q->lines == (int)ARRAY_LEN(q->text))
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    sanitize_line(q->text[q->lines], sizeof q->text[0], untrusted(text));
    q->lines++;
}

void question_close(struct question *q)
{
    *q = (struct question){0};
}

void question_fits(struct question *q, bool fits)
{
    q->small = !fits;
    if (q->small)
        q->painted_at = 0;
}

void question_painted(struct question *q, int64_t now)
{
    if (q->open && !q->small && q->painted_at == 0)
        q->painted_at = now;
}

void question_changed(struct question *q, const char *what)
{
    if (!q->open)
        return;
    if (q->changed || q->lines == (int)ARRAY_LEN(q->text))
        q->lines--; /* the last line: how it was told before */
    question_line(q, " CHANGED while you looked: %s", what);
    q->changed = true;
    q->painted_at = 0;
    q->typed[0] = '\0';
}

bool question_is_over(const struct question *q, int64_t now)
{
    return q->open && now - q->opened_at >= QUESTION_LIFE_US;
}

static bool is_text(const struct key *k)
{
    return k->kind == INPUT_CHAR && (k->mods & (INPUT_CTRL | INPUT_ALT)) == 0;
}

int question_word(const struct question *q)
{
    size_t n = strlen(q->typed);
    int i = 0;
    if (q->level < 3)
        return 0;
    for (const char *w = q->word; n && *w; i++, w += strcspn(w, " "), w += strspn(w, " "))
        if (strcspn(w, " ") == n && strncmp(w, q->typed, n) == 0)
            return i;
    return -1;
}

static enum question_outcome word_key(struct question *q, const struct key *k)
{
    size_t n = strlen(q->typed);
    if (k->kind == INPUT_ENTER)
        return question_word(q) >= 0 ? QUESTION_YES : QUESTION_NO;
    if (k->kind == INPUT_BACKSPACE && n > 0)
        q->typed[n - 1] = '\0';
    else if (key_is_control(k, 'u'))
        q->typed[0] = '\0';
    else if (is_text(k) && k->rune > ' ' && k->rune < 0x7f && n + 1 < sizeof q->typed)
        q->typed[n] = (char)k->rune, q->typed[n + 1] = '\0';
    return QUESTION_STAYS;
}

enum question_outcome question_key(struct question *q, const struct key *k, int64_t now)
{
    bool leaves = k->kind == INPUT_ESC || key_is_control(k, 'c');
    if (q->small && leaves)
        return QUESTION_NO;
    if (q->painted_at == 0)
        return QUESTION_STAYS;
    if (leaves)
        return QUESTION_NO;
    /* Whoever pressed a key this early had not read it. */
    if (now - q->painted_at < QUESTION_GUARD_US)
        return QUESTION_STAYS;
    if (q->level >= 3)
        return word_key(q, k);
    return is_text(k) && k->rune == 'y' ? QUESTION_YES : QUESTION_NO;
}

void question_prompt(const struct question *q, char *out, size_t size)
{
    if (q->small)
        copy_text(out, size, "enlarge it to answer, or Esc");
    else
        snprintf(out, size, "%s %s", q->prompt, q->typed);
}
