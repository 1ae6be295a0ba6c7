/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agents/lexicon.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "quorum/buf.h"
#include "quorum/embedded.h"

enum {
    TEXT_MAX = 1000, /* bytes of a headline that are read */
    TOKENS_MAX = TEXT_MAX,
    CONTEXT_CHARS = 70, /* before a numeric comparison, where its subject may stand */
};

struct token {
    const char *s;
    size_t len;
    unsigned classes;
    bool is_number;
};

struct tokens {
    struct token t[TOKENS_MAX];
    size_t n;
};

const struct lexicon *lexicon_shared(struct error *e)
{
    /* A baseline is a pure function of a dossier and has no place to keep what it compiled. */
    static struct lexicon *shared;
    if (!shared) {
        size_t len = 0;
        const char *json = embedded_file("headline_lexicon.json", &len);
        if (!json) {
            err_set(e, ERR_FAILED, "headline lexicon: not built in");
            return NULL;
        }
        shared = lexicon_new(json, len, e);
    }
    return shared;
}

unsigned lexicon_word(const struct lexicon *l, const char *word, size_t len)
{
    size_t low = 0, high = l->nwords;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const char *text = l->word[mid].text;
        int c = strncmp(text, word, len);
        if (c == 0 && text[len] == '\0')
            return l->word[mid].classes;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

double lexicon_normalise(double score)
{
    return score / sqrt(score * score + 4.0);
}

static bool matches(const struct lexicon *l, const struct lexicon_rule *r, const char *s, size_t n)
{
    return pcre2_match(r->code, (PCRE2_SPTR)s, n, 0, 0, l->match, l->limits) > 0;
}

/* The last match's group g as a span; empty when it took no part. */
static size_t group(const struct lexicon *l, unsigned g, size_t *start)
{
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(l->match);
    if (v[2 * g] == PCRE2_UNSET)
        return *start = 0;
    *start = v[2 * g];
    return v[2 * g + 1] - v[2 * g];
}

/* Lower case, straight apostrophes. Broken UTF-8 becomes '?'. */
static void lower(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t c;
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)text + i, (utf8proc_ssize_t)(n - i), &c);
        if (step <= 0) {
            buf_char(out, '?');
            i++;
            continue;
        }
        c = c == 0x2019 ? '\'' : utf8proc_tolower(c);
        utf8proc_ssize_t len = utf8proc_encode_char(c, bytes);
        buf_add(out, bytes, len > 0 ? (size_t)len : 0);
        i += (size_t)step;
    }
}

/* Every replacement is at most as long as what it replaces, so the input's size is room enough. */
static void replace_all(const struct lexicon *l, const struct lexicon_rule *r, struct buf *b)
{
    PCRE2_SIZE room = b->len + 1;
    char *out = mem_alloc(room);
    int rc = pcre2_substitute(r->code, (PCRE2_SPTR)buf_text(b), b->len, 0, PCRE2_SUBSTITUTE_GLOBAL,
                              l->match, l->limits, (PCRE2_SPTR)r->replacement,
                              PCRE2_ZERO_TERMINATED, (PCRE2_UCHAR *)out, &room);
    if (rc > 0) {
        buf_clear(b);
        buf_add(b, out, room);
    }
    mem_free(out);
}

static double score_phrases(const struct lexicon *l, const struct buf *b)
{
    double s = 0;
    for (size_t i = 0; i < l->phrases.n; i++)
        if (matches(l, &l->phrases.rule[i], buf_text(b), b->len))
            s += l->phrases.rule[i].weight;
    return s;
}

/* "profit ... versus a loss" and the reverse; the words that said it are taken out so that they
 * count once. When both read, neither is sure. */
static double score_swing(const struct lexicon *l, struct buf *b)
{
    size_t start[2], len[2];
    for (unsigned i = 0; i < 2; i++) {
        len[i] = 0;
        if (matches(l, &l->swings.rule[i], buf_text(b), b->len))
            len[i] = group(l, 0, &start[i]);
    }
    if (!len[0] == !len[1])
        return 0;
    unsigned k = len[0] ? 0 : 1;
    memmove(b->data + start[k], b->data + start[k] + len[k], b->len - start[k] - len[k] + 1);
    b->len -= len[k];
    return l->swings.rule[k].weight;
}

/* "1,234.5" with its unit; a missing unit is the other number's, unless that is a percent. */
static double read_amount(const struct lexicon *l, const char *s, unsigned number, unsigned unit,
                          unsigned other_unit)
{
    char digits[64];
    size_t start, len = group(l, number, &start), n = 0;
    for (size_t i = start; i < start + len && n + 1 < sizeof digits; i++)
        if (s[i] != ',')
            digits[n++] = s[i];
    digits[n] = '\0';
    double x = strtod(digits, NULL);
    size_t at, ulen = group(l, unit, &at);
    if (!ulen) {
        ulen = group(l, other_unit, &at);
        if (ulen == 1 && s[at] == '%')
            ulen = 0;
    }
    for (size_t i = 0; i < l->nunits; i++)
        if (strlen(l->unit[i].name) == ulen && memcmp(l->unit[i].name, s + at, ulen) == 0)
            return x * l->unit[i].factor;
    return x;
}

/* The comparison's own words and the 70 characters before it name what was compared. */
static bool is_bad_subject(const struct lexicon *l, const char *s, size_t start, size_t end)
{
    for (int chars = 0; start > 0 && chars < CONTEXT_CHARS; chars++) {
        start--;
        while (start > 0 && ((unsigned char)s[start] & 0xc0) == 0x80)
            start--;
    }
    return matches(l, &l->comparison_bad, s + start, end - start) &&
           !matches(l, &l->comparison_good, s + start, end - start);
}

/* "to A from B", "A compared with B", "from A to B": the first that reads counts. */
static double score_comparison(const struct lexicon *l, const struct buf *b)
{
    const char *s = buf_text(b);
    for (size_t i = 0; i < l->comparisons.n; i++) {
        const struct lexicon_rule *r = &l->comparisons.rule[i];
        if (!matches(l, r, s, b->len))
            continue;
        double now = read_amount(l, s, 1, 2, 4), then = read_amount(l, s, 3, 4, 2);
        if (now == then)
            continue;
        size_t start, len = group(l, 0, &start);
        double d = (now > then ? 2.0 : -2.0) * r->weight;
        return is_bad_subject(l, s, start, start + len) ? -d : d;
    }
    return 0;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Words of a-z with inner ' and -, and numbers with an optional percent sign. */
static void tokenise(const struct lexicon *l, const char *s, struct tokens *out)
{
    out->n = 0;
    for (size_t i = 0; s[i] && out->n < TOKENS_MAX;) {
        size_t start = i;
        if (is_letter(s[i])) {
            while (is_letter(s[i]) || s[i] == '\'' || s[i] == '-')
                i++;
        } else if (is_digit(s[i])) {
            while (is_digit(s[i]) || s[i] == '.' || s[i] == ',')
                i++;
            i += s[i] == '%';
        } else {
            i++;
            continue;
        }
        struct token *t = &out->t[out->n++];
        *t = (struct token){.s = s + start, .len = i - start, .is_number = is_digit(s[start])};
        t->classes = lexicon_word(l, t->s, t->len);
    }
}

/* Is a token of the classes in [from, to), cut to the text? */
static bool any_of(const struct tokens *k, size_t from, size_t to, unsigned classes)
{
    for (size_t i = from; i < to && i < k->n; i++)
        if (k->t[i].classes & classes)
            return true;
    return false;
}

static size_t back(size_t i, size_t n)
{
    return i > n ? i - n : 0;
}

static int subject_polarity(unsigned classes)
{
    return classes & WORD_BAD ? -1 : classes & WORD_GOOD ? 1 : 0;
}

/* A direction counts by the nearest subject: up to 7 words before, else up to 4 after; without
 * one it counts only if a number follows, and a little less. */
static double score_direction(const struct tokens *k, size_t i, bool negated)
{
    double direction = k->t[i].classes & WORD_UP ? 1 : -1;
    double polarity = 0;
    for (size_t j = i; j-- > back(i, 7) && polarity == 0;)
        polarity = subject_polarity(k->t[j].classes);
    for (size_t j = i + 1; j < i + 5 && j < k->n && polarity == 0; j++)
        polarity = subject_polarity(k->t[j].classes);
    for (size_t j = i + 1; j < i + 5 && j < k->n && polarity == 0; j++)
        polarity = k->t[j].is_number ? 0.8 : 0;
    return negated ? 0 : direction * polarity;
}

static bool is_loss(const struct token *t)
{
    return (t->len == 4 && memcmp(t->s, "loss", 4) == 0) ||
           (t->len == 6 && memcmp(t->s, "losses", 6) == 0);
}

/* A negator among the three words before takes a direction away and halves and flips a word. */
static double score_words(const struct tokens *k)
{
    double s = 0;
    for (size_t i = 0; i < k->n; i++) {
        unsigned c = k->t[i].classes;
        bool negated = any_of(k, back(i, 3), i, WORD_NEGATOR);
        if (c & (WORD_UP | WORD_DOWN)) {
            s += score_direction(k, i, negated);
            continue;
        }
        double v = (c & WORD_POSITIVE ? 1 : 0) - (c & WORD_NEGATIVE ? 1 : 0);
        /* "loss narrowed": the direction word has counted it. */
        if (is_loss(&k->t[i]) && any_of(k, back(i, 5), i + 6, WORD_DOWN))
            v = 0;
        s += negated ? -0.5 * v : v;
    }
    return s;
}

double lexicon_score(const struct lexicon *l, const char *text)
{
    char cut[TEXT_MAX + 1];
    struct buf b = {0};
    copy_text(cut, sizeof cut, text);
    lower(&b, cut, strlen(cut));
    for (size_t i = 0; i < l->prepare.n; i++)
        replace_all(l, &l->prepare.rule[i], &b);
    if (!b.len) {
        buf_release(&b);
        return 0;
    }
    double s = score_phrases(l, &b);
    s += score_swing(l, &b);
    struct tokens *k = mem_alloc(sizeof *k);
    tokenise(l, buf_text(&b), k);
    s += score_comparison(l, &b);
    s += score_words(k);
    mem_free(k);
    buf_release(&b);
    return s;
}
