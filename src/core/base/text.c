/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/text.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/width.h"

enum {
    BELL = 0x07,
    CANCEL = 0x18,
    SUBSTITUTE = 0x1a,
    ESCAPE = 0x1b,
    DELETE = 0x7f,
    TAB_COLUMNS = 8,
    MARKS_MAX = 2,
    REPLACEMENT = 0xfffd,
};

#define ELLIPSIS "\xe2\x80\xa6"

/* Where in an escape sequence the text is. */
enum {
    IN_TEXT = 0,
    IN_ESCAPE,       /* after ESC */
    IN_INTERMEDIATE, /* after ESC and one of 20..2F */
    IN_CONTROL,      /* after ESC [ */
    IN_STRING,       /* OSC, DCS, SOS, PM, APC: until BEL or ST */
};

struct untrusted_text untrusted(const char *s)
{
    return (struct untrusted_text){.bytes = s ? s : "", .len = s ? strlen(s) : 0};
}

/* Writes one character of known columns. The character that fills the last allowed column is
 * held back until it is known whether anything follows: then an ellipsis takes its place. */
static void put(struct text_stream *s, struct buf *out, uint32_t c, size_t columns)
{
    char bytes[4];
    size_t n = utf8_put(bytes, c);
    if (s->cut)
        return;
    if (s->max_columns && columns > 0) {
        if (s->column + columns > s->max_columns) {
            s->held_len = 0;
            s->cut = true;
            buf_str(out, ELLIPSIS);
            return;
        }
        s->column += columns;
        if (s->column < s->max_columns) {
            buf_add(out, bytes, n);
            return;
        }
        memcpy(s->held, bytes, n);
        s->held_len = (unsigned char)n;
        return;
    }
    s->column += columns;
    if (s->held_len > 0) { /* a mark on the character held back */
        memcpy(s->held + s->held_len, bytes, n);
        s->held_len = (unsigned char)(s->held_len + n);
        return;
    }
    buf_add(out, bytes, n);
}

static void end_line(struct text_stream *s, struct buf *out)
{
    buf_add(out, s->held, s->held_len);
    s->held_len = 0;
    s->column = 0;
    s->has_base = false;
    s->marks = 0;
    s->cut = false;
}

static void put_base(struct text_stream *s, struct buf *out, uint32_t c, size_t columns)
{
    s->has_base = true;
    s->marks = 0;
    put(s, out, c, columns);
}

/* True if the character is part of an escape sequence and has been dealt with. A character that
 * breaks a sequence ends it and is treated as text. */
static bool is_in_sequence(struct text_stream *s, uint32_t c)
{
    unsigned char state = s->state;
    if (state == IN_TEXT)
        return false;
    if (c == CANCEL || c == SUBSTITUTE) {
        s->state = IN_TEXT;
        return true;
    }
    if (c == ESCAPE) { /* begins a new sequence; ESC \ is the end of a string */
        s->state = IN_ESCAPE;
        return true;
    }
    if (state == IN_STRING) {
        if (c == BELL || c == 0x9c)
            s->state = IN_TEXT;
        return true;
    }
    if (state == IN_CONTROL) {
        if (c >= 0x20 && c <= 0x3f)
            return true;
        s->state = IN_TEXT;
        return c >= 0x40 && c <= 0x7e;
    }
    if (c >= 0x20 && c <= 0x2f) {
        s->state = IN_INTERMEDIATE;
        return true;
    }
    s->state = IN_TEXT;
    if (state == IN_ESCAPE && c == '[')
        s->state = IN_CONTROL;
    if (state == IN_ESCAPE && (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_'))
        s->state = IN_STRING;
    return c >= 0x30 && c <= 0x7e;
}

static bool begins_sequence(struct text_stream *s, uint32_t c)
{
    if (c == ESCAPE)
        s->state = IN_ESCAPE;
    else if (c == 0x9b)
        s->state = IN_CONTROL;
    else if (c == 0x90 || c == 0x98 || (c >= 0x9d && c <= 0x9f))
        s->state = IN_STRING;
    return s->state != IN_TEXT;
}

static void take_blank(struct text_stream *s, struct buf *out, uint32_t c)
{
    if (s->form == TEXT_LINE) {
        put_base(s, out, ' ', 1);
    } else if (c == '\n') {
        end_line(s, out);
        buf_char(out, '\n');
    } else {
        size_t n = TAB_COLUMNS - s->column % TAB_COLUMNS;
        while (n-- > 0 && !s->cut)
            put_base(s, out, ' ', 1);
    }
}

static void take_character(struct text_stream *s, struct buf *out, uint32_t c)
{
    if (is_in_sequence(s, c) || begins_sequence(s, c) || c == '\r')
        return;
    if (c == '\n' || c == '\t') {
        take_blank(s, out, c);
        return;
    }
    int columns = width_of(c);
    if (columns == WIDTH_HIDDEN)
        return;
    if (columns == 0) {
        if (s->has_base && s->marks < MARKS_MAX) {
            s->marks++;
            put(s, out, c, 0);
        }
        return;
    }
    if (columns < 0)
        put_base(s, out, REPLACEMENT, 1);
    else
        put_base(s, out, c, (size_t)columns);
}

static void take_bad_bytes(struct text_stream *s, struct buf *out)
{
    unsigned n = s->pending_len;
    s->pending_len = 0;
    while (n-- > 0)
        take_character(s, out, REPLACEMENT);
}

/* Plain ASCII needs no look at all. Returns the bytes it dealt with. */
static size_t take_plain_run(struct text_stream *s, struct buf *out, const char *bytes, size_t len)
{
    size_t n = 0;
    if (s->pending_len || s->state != IN_TEXT || s->cut)
        return 0;
    if (s->max_columns) {
        size_t room = s->max_columns - s->column;
        len = room == 0 ? 0 : len < room - 1 ? len : room - 1;
    }
    while (n < len && bytes[n] >= 0x20 && bytes[n] < DELETE)
        n++;
    if (n > 0) {
        buf_add(out, bytes, n);
        s->column += n;
        s->has_base = true;
        s->marks = 0;
    }
    return n;
}

static void take_byte(struct text_stream *s, struct buf *out, unsigned char byte)
{
    if (s->pending_len > 0 && !utf8_is_next(s->pending, s->pending_len, byte))
        take_bad_bytes(s, out);
    s->pending[s->pending_len++] = byte;
    size_t need = utf8_length(s->pending[0]);
    if (need == 0) {
        take_bad_bytes(s, out);
    } else if (s->pending_len == need) {
        s->pending_len = 0;
        take_character(s, out, utf8_join(s->pending, need));
    }
}

void text_stream_feed(struct text_stream *s, struct buf *out, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && !out->overflow;) {
        if (s->cut && s->form == TEXT_LINE)
            return;
        size_t run = take_plain_run(s, out, bytes + i, len - i);
        i += run;
        if (run == 0)
            take_byte(s, out, (unsigned char)bytes[i++]);
    }
}

void text_stream_finish(struct text_stream *s, struct buf *out)
{
    take_bad_bytes(s, out);
    end_line(s, out);
    s->state = IN_TEXT;
}

void sanitize(struct buf *out, struct untrusted_text t, enum text_form form, size_t max_columns)
{
    struct text_stream s = {.form = form, .max_columns = max_columns};
    text_stream_feed(&s, out, t.bytes, t.len);
    text_stream_finish(&s, out);
}

const char *sanitize_line(char *dst, size_t size, struct untrusted_text t)
{
    assert(size > 0);
    struct text_stream s = {.form = TEXT_LINE};
    struct buf clean = {0};
    /* By pieces, so that a huge text costs no more than what is shown of it. */
    for (size_t i = 0; i < t.len && clean.len < size; i += 256)
        text_stream_feed(&s, &clean, t.bytes + i, t.len - i < 256 ? t.len - i : 256);
    text_stream_finish(&s, &clean);
    const char *text = buf_text(&clean);
    if (clean.len < size) {
        memcpy(dst, text, clean.len + 1);
    } else {
        const char *tail = size > strlen(ELLIPSIS) ? ELLIPSIS : "";
        size_t room = size - 1 - strlen(tail);
        size_t len = 0, columns;
        for (size_t n; (n = text_cluster(text + len, &columns)) > 0 && len + n <= room; len += n)
            continue;
        memcpy(dst, text, len);
        memcpy(dst + len, tail, strlen(tail) + 1);
    }
    buf_release(&clean);
    return dst;
}

/* One code point of text that should be clean; a byte that is not is one column. */
static size_t take_clean(const char *s, size_t *columns)
{
    uint32_t c;
    size_t len = 0;
    while (len < 4 && s[len] != '\0')
        len++;
    size_t n = utf8_take(s, len, &c);
    int width = n > 0 ? width_of(c) : 1;
    *columns = width == WIDTH_HIDDEN ? 0 : width < 0 ? 1 : (size_t)width;
    return n > 0 ? n : len > 0;
}

static bool is_printable(char byte)
{
    return byte >= ' ' && byte <= '~';
}

size_t text_cluster(const char *clean, size_t *columns)
{
    *columns = 0;
    if (*clean == '\0')
        return 0;
    if (is_printable(clean[0]) && (clean[1] == '\0' || is_printable(clean[1]))) {
        *columns = 1; /* most of what is drawn */
        return 1;
    }
    size_t len = take_clean(clean, columns);
    if (*clean == '\n') {
        *columns = 0;
        return len;
    }
    for (size_t n, more; (n = take_clean(clean + len, &more)) > 0 && more == 0; len += n)
        continue;
    return len;
}

size_t text_columns(const char *clean)
{
    size_t widest = 0, line = 0, columns;
    for (size_t n; (n = text_cluster(clean, &columns)) > 0; clean += n) {
        line = *clean == '\n' ? 0 : line + columns;
        if (line > widest)
            widest = line;
    }
    return widest;
}

bool text_is_utf8(const char *s, size_t len)
{
    uint32_t c;
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_take(s + i, len - i, &c);
        if (n == 0)
            return false;
    }
    return true;
}

size_t text_find_hidden(const char *s, size_t len, uint32_t *c)
{
    size_t i = 0;
    for (size_t n; i < len && (n = utf8_take(s + i, len - i, c)) > 0; i += n) {
        bool blank = *c == '\n' || *c == '\t' || *c == '\r';
        bool control = *c < ' ' || (*c >= DELETE && *c < 0xa0);
        if (!blank && (control || width_of(*c) == WIDTH_HIDDEN))
            return i;
    }
    return len;
}

static const char *skip_digits(const char *s)
{
    while (*s >= '0' && *s <= '9')
        s++;
    return s;
}

bool text_to_double(const char *s, double *out)
{
    static locale_t plain; /* LC_NUMERIC is a library's to change; this is not */
    const char *p = *s == '-' ? s + 1 : s;
    const char *end = skip_digits(p);
    bool ok = end > p;
    if (*end == '.') {
        p = end + 1;
        end = skip_digits(p);
        ok = end > p;
    }
    if (ok && (*end == 'e' || *end == 'E')) {
        p = end + 1;
        if (*p == '+' || *p == '-')
            p++;
        end = skip_digits(p);
        ok = end > p;
    }
    if (!ok || *end != '\0')
        return false;
    if (!plain)
        plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = strtod_l(s, NULL, plain);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

bool text_to_int64(const char *s, int64_t *out)
{
    bool negative = *s == '-';
    int64_t value = 0; /* kept negative: that side has one number more */
    if (negative)
        s++;
    if (*s == '\0' || *skip_digits(s) != '\0')
        return false;
    for (; *s != '\0'; s++) {
        int digit = *s - '0';
        if (value < (INT64_MIN + digit) / 10)
            return false;
        value = value * 10 - digit;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

bool text_is_symbol(const char *s)
{
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-^");
    return n >= 1 && n <= 12 && s[n] == '\0' && ((*s >= 'A' && *s <= 'Z') || *s == '^');
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, replacements and swaps of neighbours, no part
 * edited twice (Damerau 1964; Levenshtein 1966). Only three rows of the matrix are alive. */
size_t text_distance(const char *a, const char *b)
{
    enum { WORD_MAX = 64 };
    size_t rows[3][WORD_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return strcmp(a, b) == 0 ? 0 : a_len > b_len ? a_len : b_len;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = least(best, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = least(best, two_above[j - 2] + 1);
            row[j] = best;
        }
    }
    return rows[a_len % 3][b_len];
}
