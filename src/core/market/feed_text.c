/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of feeds: bytes mended before the XML parser sees them, and the HTML that its result
 * still holds taken out. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/market/feed.h"
#include "quorum/text.h"

enum { MENDED_MAX = 6 * FEED_BYTES_MAX, REFERENCE_MAX = 12 };

const uint16_t feed_cp1252[32] = {
    0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178,
};

/* HTML 4's names for A0 to FF in order, then those that headlines use. */
static const char latin1_names[96][7] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",
    "copy",   "ordf",   "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn",
    "sup2",   "sup3",   "acute",  "micro",  "para",   "middot", "cedil",  "sup1",   "ordm",
    "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",  "Atilde",
    "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave",
    "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde",
    "Ouml",   "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",
    "szlig",  "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil",
    "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc",  "iuml",   "eth",
    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide", "oslash", "ugrave",
    "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml",
};

static const struct {
    const char *name;
    uint16_t code;
} other_names[] = {
    {"amp", '&'},       {"lt", '<'},        {"gt", '>'},        {"quot", '"'},
    {"apos", '\''},     {"euro", 0x20AC},   {"ndash", 0x2013},  {"mdash", 0x2014},
    {"lsquo", 0x2018},  {"rsquo", 0x2019},  {"sbquo", 0x201A},  {"ldquo", 0x201C},
    {"rdquo", 0x201D},  {"bdquo", 0x201E},  {"lsaquo", 0x2039}, {"rsaquo", 0x203A},
    {"hellip", 0x2026}, {"bull", 0x2022},   {"trade", 0x2122},  {"dagger", 0x2020},
    {"Dagger", 0x2021}, {"permil", 0x2030}, {"prime", 0x2032},  {"Prime", 0x2033},
    {"OElig", 0x0152},  {"oelig", 0x0153},  {"Scaron", 0x0160}, {"scaron", 0x0161},
    {"Yuml", 0x0178},   {"fnof", 0x0192},   {"circ", 0x02C6},   {"tilde", 0x02DC},
    {"ensp", 0x2002},   {"emsp", 0x2003},   {"thinsp", 0x2009}, {"zwnj", 0x200C},
    {"zwj", 0x200D},    {"lrm", 0x200E},    {"rlm", 0x200F},    {"larr", 0x2190},
    {"uarr", 0x2191},   {"rarr", 0x2192},   {"darr", 0x2193},   {"minus", 0x2212},
    {"le", 0x2264},     {"ge", 0x2265},     {"ne", 0x2260},     {"asymp", 0x2248},
    {"infin", 0x221E},  {"sum", 0x2211},    {"loz", 0x25CA},    {"check", 0x2713},
};

static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_char(out, (char)c);
        return;
    }
    int tail = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    buf_char(out, (char)(lead[tail] | (c >> (6 * tail))));
    for (int i = tail - 1; i >= 0; i--)
        buf_char(out, (char)(0x80 | ((c >> (6 * i)) & 0x3F)));
}

/* As HTML reads numbers: 80 to 9F mean Windows-1252, what is no character is U+FFFD. */
static uint32_t html_code(uint32_t c)
{
    if (c >= 0x80 && c < 0xA0)
        return feed_cp1252[c - 0x80];
    return c == 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : c;
}

static bool named(const char *name, size_t len, uint32_t *code)
{
    for (uint32_t i = 0; i < 96; i++) {
        if (latin1_names[i][0] == *name && strlen(latin1_names[i]) == len &&
            memcmp(latin1_names[i], name, len) == 0) {
            *code = 0xA0 + i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++) {
        const char *known = other_names[i].name;
        if (*known == *name && strlen(known) == len && memcmp(known, name, len) == 0) {
            *code = other_names[i].code;
            return true;
        }
    }
    return false;
}

/* A reference "&name;", "&#8364;" or "&#x20AC;" at p. Its length with & and ;, 0 when it is none;
 * *code is the character. */
static size_t reference(const char *p, const char *end, uint32_t *code)
{
    size_t most = (size_t)(end - p) < REFERENCE_MAX ? (size_t)(end - p) : REFERENCE_MAX;
    const char *semicolon = memchr(p, ';', most);
    if (!semicolon || semicolon - p < 2)
        return 0;
    size_t len = (size_t)(semicolon - p) + 1;
    if (p[1] != '#')
        return named(p + 1, len - 2, code) ? len : 0;
    bool hex = p[2] == 'x' || p[2] == 'X';
    const char *digit = p + (hex ? 3 : 2);
    if (digit == semicolon)
        return 0;
    uint32_t value = 0;
    for (; digit < semicolon; digit++) {
        int d = isdigit((unsigned char)*digit)           ? *digit - '0'
                : hex && isxdigit((unsigned char)*digit) ? (*digit | 0x20) - 'a' + 10
                                                         : -1;
        if (d < 0)
            return 0;
        value = value > 0x10FFFF ? value : value * (hex ? 16 : 10) + (uint32_t)d;
    }
    *code = html_code(value);
    return len;
}

/* Bytes of the valid UTF-8 sequence at p, 0 when there is none. */
static size_t utf8_length(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    size_t len = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (len == 0 || (size_t)(end - p) < len)
        return 0;
    return text_is_utf8(p, len) ? len : 0;
}

/* Does the XML declaration name another encoding than UTF-8? */
static bool is_other_encoding(const char *p, const char *end)
{
    size_t most = (size_t)(end - p) < 200 ? (size_t)(end - p) : 200;
    const char *close = memchr(p, '>', most);
    const char *at = most > 5 && memcmp(p, "<?xml", 5) == 0 && close
                         ? memmem(p, (size_t)(close - p), "encoding", 8)
                         : NULL;
    if (!at)
        return false;
    at += strspn(at, "encodig= \t\r\n'\"");
    return strncasecmp(at, "utf-8", 5) != 0 && strncasecmp(at, "utf8", 4) != 0;
}

/* One byte or sequence of character data. */
static const char *mend_character(const char *p, const char *end, bool is_utf8, struct buf *out)
{
    unsigned char c = (unsigned char)*p;
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
        buf_char(out, ' ');
        return p + 1;
    }
    if (c < 0x80 || !is_utf8) {
        buf_char(out, *p);
        return p + 1;
    }
    size_t len = utf8_length(p, end);
    if (len == 0) {
        add_utf8(out, c < 0xA0 ? feed_cp1252[c - 0x80] : c);
        return p + 1;
    }
    /* U+FFFE and U+FFFF are valid UTF-8 and not XML. */
    if (len == 3 && memcmp(p, "\xEF\xBF", 2) == 0 && (unsigned char)p[2] >= 0xBE)
        add_utf8(out, 0xFFFD);
    else
        buf_add(out, p, len);
    return p + len;
}

/* An ampersand outside CDATA: references become numbers, anything else a literal ampersand. */
static const char *mend_ampersand(const char *p, const char *end, struct buf *out)
{
    uint32_t code = 0;
    size_t len = reference(p, end, &code);
    if (len == 0) {
        buf_str(out, "&amp;");
        return p + 1;
    }
    bool is_xml = code >= 0x20 || code == '\t' || code == '\n' || code == '\r';
    if (!is_xml || code == 0xFFFE || code == 0xFFFF)
        code = 0xFFFD;
    buf_printf(out, "&#%u;", code);
    return p + len;
}

/* Length of a section that starts with `open` and is copied as it is up to `close`; 0: not here. */
static size_t section(const char *p, const char *end, const char *open, const char *close)
{
    size_t left = (size_t)(end - p), n = strlen(open);
    if (left < n || memcmp(p, open, n) != 0)
        return 0;
    const char *found = memmem(p + n, left - n, close, strlen(close));
    return found ? (size_t)(found - p) + strlen(close) : left;
}

void feed_mend(const char *bytes, size_t len, struct buf *out)
{
    const char *p = bytes, *end = bytes + len;
    out->max = MENDED_MAX;
    /* UTF-16 is the parser's business. */
    if (len >= 2 && (memcmp(p, "\xFE\xFF", 2) == 0 || memcmp(p, "\xFF\xFE", 2) == 0)) {
        buf_add(out, bytes, len);
        return;
    }
    if (len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        p += 3;
    while (p < end && isspace((unsigned char)*p))
        p++;
    bool is_utf8 = !is_other_encoding(p, end);
    while (p < end) {
        size_t raw = 0;
        if (*p == '<') {
            raw = section(p, end, "<![CDATA[", "]]>");
            raw = raw ? raw : section(p, end, "<!--", "-->");
        }
        const char *stop = raw ? p + raw : p + 1;
        if (!raw && *p == '&') {
            p = mend_ampersand(p, end, out);
            continue;
        }
        while (p < stop)
            p = mend_character(p, end, is_utf8, out);
    }
}

/* A text whose tags are dropped. What ends one is looked for once, from behind: a text full of
 * beginnings would be searched to its end for each of them. */
struct tagged {
    const char *end;
    const char *last_close;   /* behind the last ">", or the text's begin */
    const char *last_comment; /* behind the last "-->", or the text's begin */
    bool markup;
};

static struct tagged tagged(const char *p, size_t len, bool markup)
{
    struct tagged t = {.end = p + len, .last_close = p, .last_comment = p, .markup = markup};
    for (const char *q = t.end; q > p && t.last_comment == p; q--) {
        if (q[-1] != '>')
            continue;
        t.last_close = t.last_close == p ? q : t.last_close;
        t.last_comment = q - p >= 3 && q[-2] == '-' && q[-3] == '-' ? q : p;
    }
    return t;
}

/* Length of the HTML tag or comment at p, 0 when it is a "less than". Without an end it reaches to
 * the end of the text only where markup is expected. */
static size_t tag_length(const struct tagged *t, const char *p)
{
    size_t left = (size_t)(t->end - p);
    if (left < 2 || !(isalpha((unsigned char)p[1]) || strchr("/!?", p[1])))
        return 0;
    if (left >= 4 && memcmp(p, "<!--", 4) == 0 && t->last_comment - p >= 7) {
        const char *close = memmem(p + 4, left - 4, "-->", 3);
        return (size_t)(close - p) + 3;
    }
    if (t->last_close <= p)
        return t->markup ? left : 0;
    const char *close = memchr(p, '>', left);
    return (size_t)(close - p) + 1;
}

static bool is_tag(const char *p, const char *end, const char *name)
{
    size_t n = strlen(name);
    return (size_t)(end - p) > n + 1 && strncasecmp(p + 1, name, n) == 0 &&
           !isalnum((unsigned char)p[n + 1]);
}

/* Tags that stand within a word's line; all others part words. */
static bool is_inline(const char *p, const char *end)
{
    static const char *const names[] = {"b", "i",    "em",   "strong", "u",
                                        "a", "span", "font", "sup",    "sub"};
    if (p[1] == '/')
        p++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_tag(p, end, names[i]))
            return true;
    return false;
}

/* Drops tags, and scripts and styles with what is in them. */
static void strip_tags(struct buf *out, const char *p, size_t len, bool markup)
{
    const struct tagged t = tagged(p, len, markup);
    const char *end = t.end;
    while (p < end) {
        size_t n = *p == '<' ? tag_length(&t, p) : 0;
        if (n == 0) {
            buf_char(out, *p++);
            continue;
        }
        static const char *const hidden[][2] = {{"script", "</script"}, {"style", "</style"}};
        for (size_t i = 0; i < 2; i++) {
            size_t close = strlen(hidden[i][1]);
            if (!is_tag(p, end, hidden[i][0]))
                continue;
            const char *found = p + n;
            while (found < end &&
                   ((size_t)(end - found) < close || strncasecmp(found, hidden[i][1], close) != 0))
                found++;
            n = (size_t)(found - p);
        }
        if (!is_inline(p, end))
            buf_char(out, ' ');
        p += n;
    }
}

static void decode_references(struct buf *out, const char *p, size_t len)
{
    const char *end = p + len;
    while (p < end) {
        uint32_t code = 0;
        size_t n = *p == '&' ? reference(p, end, &code) : 0;
        if (n)
            add_utf8(out, code);
        else
            buf_char(out, *p);
        p += n ? n : 1;
    }
}

/* Runs of blanks, the hard ones too, to one; none at the ends. */
static void collapse(struct buf *out, const char *p, size_t len)
{
    const char *end = p + len;
    bool pending = false;
    while (p < end) {
        bool hard = end - p >= 2 && memcmp(p, "\xC2\xA0", 2) == 0;
        if (hard || isspace((unsigned char)*p)) {
            pending = out->len > 0;
            p += hard ? 2 : 1;
            continue;
        }
        if (pending)
            buf_char(out, ' ');
        pending = false;
        buf_char(out, *p++);
    }
}

void feed_clean(struct buf *out, const char *text, size_t len, bool markup, size_t columns)
{
    struct buf plain = {0}, decoded = {0};
    strip_tags(&plain, text, len, markup);
    decode_references(&decoded, buf_text(&plain), plain.len);
    if (markup) {
        /* Escaped twice: what was text is markup now. */
        buf_clear(&plain);
        strip_tags(&plain, buf_text(&decoded), decoded.len, true);
        buf_clear(&decoded);
        decode_references(&decoded, buf_text(&plain), plain.len);
    }
    buf_clear(&plain);
    collapse(&plain, buf_text(&decoded), decoded.len);
    sanitize(out, (struct untrusted_text){.bytes = buf_text(&plain), .len = plain.len}, TEXT_LINE,
             columns);
    buf_release(&plain);
    buf_release(&decoded);
}

void feed_title_key(struct buf *out, const char *title)
{
    bool gap = false;
    for (const unsigned char *p = (const unsigned char *)title; *p; p++) {
        if (*p < 0x80 && !isalnum(*p)) {
            gap = out->len > 0;
            continue;
        }
        if (gap)
            buf_char(out, ' ');
        gap = false;
        buf_char(out, (char)tolower(*p));
    }
}
