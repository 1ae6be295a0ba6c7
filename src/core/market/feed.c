/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The XML of feeds, through expat. Names are taken as written, prefix and all: feeds use the same
 * few prefixes, and some forget to declare them. */
#include "core/market/feed.h"

#include <ctype.h>
#include <expat.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { TITLE_BYTES_MAX = 4 << 10, FIELD_BYTES_MAX = 32 << 10, SNIFF_BYTES = 1024 };

enum field {
    FIELD_TITLE,
    FIELD_LINK,
    FIELD_GUID,
    FIELD_DATE,
    FIELD_UPDATED, /* counts where there is no date of publication */
    FIELD_SUMMARY,
    FIELD_CONTENT, /* counts where there is no summary */
    FIELD_SOURCE,
    FIELD_COUNT,
    FIELD_NONE = FIELD_COUNT,
};

/* Element names of an item and what they are. dc: is Dublin Core, a10: and atom: are Atom's. */
static const struct {
    const char *name;
    enum field field;
} item_fields[] = {
    {"title", FIELD_TITLE},
    {"link", FIELD_LINK},
    {"guid", FIELD_GUID},
    {"id", FIELD_GUID},
    {"pubDate", FIELD_DATE},
    {"published", FIELD_DATE},
    {"issued", FIELD_DATE},
    {"dc:date", FIELD_DATE},
    {"updated", FIELD_UPDATED},
    {"modified", FIELD_UPDATED},
    {"a10:updated", FIELD_UPDATED},
    {"atom:updated", FIELD_UPDATED},
    {"description", FIELD_SUMMARY},
    {"summary", FIELD_SUMMARY},
    {"content:encoded", FIELD_CONTENT},
    {"content", FIELD_CONTENT},
    {"source", FIELD_SOURCE},
    {"dc:publisher", FIELD_SOURCE},
};

enum stop { STOP_NONE, STOP_DOCTYPE, STOP_DEPTH, STOP_ITEMS, STOP_ROOT };

struct reader {
    XML_Parser xml;
    struct feed *feed;
    int depth, item_depth, field_depth; /* 0: not inside one */
    enum field field;
    bool is_atom, in_atom_source, channel_title;
    bool has[FIELD_COUNT];
    struct buf text[FIELD_COUNT];
    enum stop stop;
};

static void stop(struct reader *r, enum stop why)
{
    r->stop = why;
    XML_StopParser(r->xml, XML_FALSE);
}

static const char *attribute(const char **list, const char *name)
{
    for (; *list; list += 2)
        if (strcmp(list[0], name) == 0)
            return list[1];
    return NULL;
}

static bool is_item(const char *name)
{
    return strcmp(name, "item") == 0 || strcmp(name, "entry") == 0 ||
           strcmp(name, "atom:entry") == 0;
}

static enum field field_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(item_fields); i++)
        if (strcmp(name, item_fields[i].name) == 0)
            return item_fields[i].field;
    return FIELD_NONE;
}

static void begin_item(struct reader *r)
{
    r->item_depth = r->depth;
    r->field = FIELD_NONE;
    r->in_atom_source = false;
    for (int i = 0; i < FIELD_COUNT; i++) {
        r->has[i] = false;
        buf_clear(&r->text[i]);
    }
}

/* Atom's link is an attribute; an entry may have several. */
static void atom_link(struct reader *r, const char **attributes)
{
    const char *href = attribute(attributes, "href"), *rel = attribute(attributes, "rel");
    if (!href || r->has[FIELD_LINK] || (rel && strcmp(rel, "alternate") != 0))
        return;
    buf_str(&r->text[FIELD_LINK], href);
    r->has[FIELD_LINK] = true;
}

static void begin_field(struct reader *r, enum field field)
{
    if (field == FIELD_NONE || r->has[field])
        return;
    r->field = field;
    r->field_depth = r->depth;
    r->has[field] = true;
}

static void in_item(struct reader *r, const char *name, const char **attributes)
{
    if (r->field != FIELD_NONE) {
        /* Markup that was not escaped: its text counts, and it parts words. */
        if (r->field != FIELD_TITLE)
            buf_char(&r->text[r->field], ' ');
        return;
    }
    if (r->in_atom_source) {
        if (strcmp(name, "title") == 0)
            begin_field(r, FIELD_SOURCE);
        return;
    }
    if (r->depth != r->item_depth + 1)
        return;
    if (r->is_atom && strcmp(name, "source") == 0)
        r->in_atom_source = true;
    else if (strcmp(name, "link") == 0 && attribute(attributes, "href"))
        atom_link(r, attributes);
    else
        begin_field(r, field_of(name));
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = arg;
    r->depth++;
    if (r->depth > FEED_DEPTH_MAX) {
        stop(r, STOP_DEPTH);
    } else if (r->depth == 1) {
        r->is_atom = strcmp(name, "feed") == 0 || strcmp(name, "atom:feed") == 0;
        if (!r->is_atom && strcmp(name, "rss") != 0 && strcmp(name, "rdf:RDF") != 0)
            stop(r, STOP_ROOT);
    } else if (r->item_depth) {
        in_item(r, name, attributes);
    } else if (is_item(name)) {
        if (r->feed->n == FEED_ITEMS_MAX)
            stop(r, STOP_ITEMS);
        else
            begin_item(r);
    } else if (strcmp(name, "title") == 0 && r->depth == (r->is_atom ? 2 : 3) && !r->feed->title) {
        begin_item(r); /* its buffers are free between items */
        r->item_depth = 0;
        r->channel_title = true;
    }
}

static void XMLCALL on_text(void *arg, const XML_Char *bytes, int len)
{
    struct reader *r = arg;
    enum field field = r->channel_title ? FIELD_TITLE : r->item_depth ? r->field : FIELD_NONE;
    if (field == FIELD_NONE)
        return;
    struct buf *b = &r->text[field];
    size_t most = field == FIELD_TITLE ? TITLE_BYTES_MAX : FIELD_BYTES_MAX;
    size_t room = b->len < most ? most - b->len : 0;
    buf_add(b, bytes, (size_t)len < room ? (size_t)len : room);
}

static char *clean(struct reader *r, enum field field, bool markup, size_t columns)
{
    struct buf b = {0};
    feed_clean(&b, buf_text(&r->text[field]), r->text[field].len, markup, columns);
    char *text = arena_text(&r->feed->arena, buf_text(&b));
    buf_release(&b);
    return text;
}

/* "www.fool.com" of a link, without "www."; "" when there is none, or it only leads elsewhere. */
static char *host_of(struct reader *r, const char *link)
{
    char host[64] = "";
    const char *p = strstr(link, "://");
    if (p) {
        p += 3;
        p += strncasecmp(p, "www.", 4) == 0 ? 4 : 0;
        copy_bytes(host, sizeof host, p, strcspn(p, "/:?# "));
    }
    for (char *c = host; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return arena_text(&r->feed->arena, strcmp(host, "news.google.com") == 0 ? "" : host);
}

/* Aggregators write "Headline - Outlet". */
static void drop_outlet(char *title, const char *outlet)
{
    size_t t = strlen(title), o = strlen(outlet);
    if (o > 0 && t > o + 3 && strcasecmp(title + t - o, outlet) == 0 &&
        memcmp(title + t - o - 3, " - ", 3) == 0)
        title[t - o - 3] = '\0';
}

/* A summary that is the title again, with the outlet behind it, says nothing. */
static bool repeats_title(const struct feed_item *item)
{
    struct buf title = {0}, summary = {0}, outlet = {0};
    feed_title_key(&title, item->title);
    feed_title_key(&summary, item->summary);
    feed_title_key(&outlet, item->outlet);
    bool repeats = title.len > 0 && summary.len >= title.len &&
                   memcmp(buf_text(&summary), buf_text(&title), title.len) == 0 &&
                   summary.len - title.len <= outlet.len + 1;
    buf_release(&title);
    buf_release(&summary);
    buf_release(&outlet);
    return repeats;
}

static int64_t published(struct reader *r)
{
    static const enum field dates[] = {FIELD_DATE, FIELD_UPDATED};
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        int64_t t;
        if (r->has[dates[i]] && feed_date_parse(buf_text(&r->text[dates[i]]), &t))
            return t;
    }
    return TIME_NONE;
}

/* guid, else link, else title: each with its kind in front, so that none is taken for another. */
static char *key_of(struct reader *r, const struct feed_item *item)
{
    struct buf key = {0};
    feed_clean(&key, buf_text(&r->text[FIELD_GUID]), r->text[FIELD_GUID].len, false, 400);
    char *text;
    if (key.len) {
        text = arena_printf(&r->feed->arena, "guid %s", buf_text(&key));
    } else if (*item->link) {
        text = arena_printf(&r->feed->arena, "link %s", item->link);
    } else {
        feed_title_key(&key, item->title);
        text = arena_printf(&r->feed->arena, "title %s", buf_text(&key));
    }
    buf_release(&key);
    return text;
}

static void end_item(struct reader *r)
{
    struct feed *f = r->feed;
    struct feed_item item = {.title = clean(r, FIELD_TITLE, false, FEED_TITLE_COLUMNS)};
    if (!*item.title) {
        f->untitled++;
        return;
    }
    enum field summary = r->has[FIELD_SUMMARY] ? FIELD_SUMMARY : FIELD_CONTENT;
    item.link = clean(r, FIELD_LINK, false, 0);
    item.summary = clean(r, summary, true, FEED_SUMMARY_COLUMNS);
    item.outlet = clean(r, FIELD_SOURCE, true, 60);
    if (!*item.outlet)
        item.outlet = host_of(r, item.link);
    drop_outlet(item.title, item.outlet);
    if (repeats_title(&item))
        item.summary[0] = '\0';
    item.published_at = published(r);
    item.key = key_of(r, &item);
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->item[i].key, item.key) == 0) {
            f->repeated++;
            return;
        }
    }
    f->item[f->n++] = item;
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
    struct reader *r = arg;
    if (r->channel_title) {
        r->feed->title = clean(r, FIELD_TITLE, false, 80);
        r->channel_title = false;
    } else if (r->item_depth && r->field != FIELD_NONE) {
        if (r->depth == r->field_depth)
            r->field = FIELD_NONE;
        else if (r->field != FIELD_TITLE)
            buf_char(&r->text[r->field], ' ');
    } else if (r->item_depth == r->depth) {
        end_item(r);
        r->item_depth = 0;
    } else if (r->in_atom_source && strcmp(name, "source") == 0) {
        r->in_atom_source = false;
    }
    r->depth--;
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    stop(arg, STOP_DOCTYPE);
}

/* Expat knows UTF-8, UTF-16, Latin-1 and ASCII; Windows-1252 is what feeds use beside them. */
static int XMLCALL on_encoding(void *arg, const XML_Char *name, XML_Encoding *info)
{
    static const char *const names[] = {"windows-1252", "cp1252",     "x-cp1252", "latin1",
                                        "iso8859-1",    "iso_8859-1", "ansi"};
    (void)arg;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcasecmp(name, names[i]) != 0)
            continue;
        for (int c = 0; c < 256; c++)
            info->map[c] = c >= 0x80 && c < 0xA0 ? feed_cp1252[c - 0x80] : c;
        info->data = NULL;
        info->convert = NULL;
        info->release = NULL;
        return XML_STATUS_OK;
    }
    return XML_STATUS_ERROR;
}

/* The first `SNIFF_BYTES` without blanks and byte order mark. */
static const char *first_bytes(const char *bytes, size_t len, size_t *left)
{
    const char *p = bytes, *end = bytes + len;
    if (len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        p += 3;
    while (p < end && isspace((unsigned char)*p))
        p++;
    *left = (size_t)(end - p) < SNIFF_BYTES ? (size_t)(end - p) : SNIFF_BYTES;
    return p;
}

static bool starts_with(const char *p, size_t len, const char *word)
{
    return len >= strlen(word) && strncasecmp(p, word, strlen(word)) == 0;
}

const char *feed_check(const char *bytes, size_t len)
{
    size_t n;
    const char *p = first_bytes(bytes, len, &n);
    if (len > FEED_BYTES_MAX)
        return "the feed is larger than 4 MB";
    if (n == 0)
        return "an empty answer instead of a feed";
    if (starts_with(p, n, "<!doctype html") || starts_with(p, n, "<html") ||
        starts_with(p, n, "<head"))
        return "an HTML page instead of a feed";
    bool is_utf16 =
        memcmp(p, "\xFE\xFF", n < 2 ? n : 2) == 0 || memcmp(p, "\xFF\xFE", n < 2 ? n : 2) == 0;
    if (*p != '<' && !is_utf16)
        return "not a feed";
    return NULL;
}

/* What an HTML page is called, so that "Too Many Requests" can be read in the message. */
static void html_title(const char *bytes, size_t len, char *dst, size_t size)
{
    size_t n;
    const char *p = first_bytes(bytes, len, &n), *end = p + n;
    *dst = '\0';
    for (; p + 7 < end; p++) {
        if (strncasecmp(p, "<title>", 7) != 0)
            continue;
        const char *close = memchr(p + 7, '<', (size_t)(end - p) - 7);
        struct buf b = {0};
        feed_clean(&b, p + 7, (size_t)((close ? close : end) - p) - 7, false, 60);
        if (b.len)
            snprintf(dst, size, ": \"%s\"", buf_text(&b));
        buf_release(&b);
        return;
    }
}

static enum err refuse(const char *bytes, size_t len, const char *problem, struct error *e)
{
    char title[120] = "";
    if (strstr(problem, "HTML"))
        html_title(bytes, len, title, sizeof title);
    return err_set(e, ERR_FAILED, "%s%s", problem, title);
}

/* What came of a document that did not end well. */
static enum err judge_damage(struct reader *r, struct error *e)
{
    struct feed *f = r->feed;
    unsigned long line = XML_GetCurrentLineNumber(r->xml);
    const char *what = XML_ErrorString(XML_GetErrorCode(r->xml));
    switch (r->stop) {
    case STOP_DOCTYPE:
        /* A document type comes before the first item: nothing was read. */
        return err_set(e, ERR_FAILED, "the feed declares a document type (DTD): refused");
    case STOP_ROOT:
        return err_set(e, ERR_FAILED, "XML, but neither RSS nor Atom");
    case STOP_ITEMS:
        snprintf(f->note, sizeof f->note, "only the first %d items were read", FEED_ITEMS_MAX);
        return OK;
    case STOP_DEPTH:
        what = "elements nested too deep";
        break;
    case STOP_NONE:
        break;
    }
    if (XML_GetErrorCode(r->xml) == XML_ERROR_UNKNOWN_ENCODING)
        return err_set(e, ERR_FAILED, "the feed's encoding is not known");
    if (f->n == 0)
        return err_set(e, ERR_FAILED, "the feed is cut off or damaged in line %lu: %s", line, what);
    snprintf(f->note, sizeof f->note, "cut off or damaged in line %lu (%s): %zu items before it",
             line, what, f->n);
    return OK;
}

enum err feed_parse(const char *bytes, size_t len, struct feed *out, struct error *e)
{
    *out = (struct feed){.title = NULL};
    const char *problem = feed_check(bytes, len);
    if (problem)
        return refuse(bytes, len, problem, e);
    struct buf mended = {0};
    feed_mend(bytes, len, &mended);
    struct reader r = {.feed = out, .field = FIELD_NONE};
    r.xml = XML_ParserCreate(NULL);
    if (!r.xml) {
        buf_release(&mended);
        return err_set(e, ERR_FAILED, "no XML parser");
    }
    XML_SetUserData(r.xml, &r);
    XML_SetElementHandler(r.xml, on_start, on_end);
    XML_SetCharacterDataHandler(r.xml, on_text);
    XML_SetStartDoctypeDeclHandler(r.xml, on_doctype);
    XML_SetUnknownEncodingHandler(r.xml, on_encoding, NULL);
    enum err result = OK;
    if (mended.overflow)
        result = err_set(e, ERR_FAILED, "the feed is too large");
    else if (XML_Parse(r.xml, buf_text(&mended), (int)mended.len, 1) != XML_STATUS_OK)
        result = judge_damage(&r, e);
    if (!out->title)
        out->title = arena_text(&out->arena, "");
    XML_ParserFree(r.xml);
    for (int i = 0; i < FIELD_COUNT; i++)
        buf_release(&r.text[i]);
    buf_release(&mended);
    return result;
}

void feed_release(struct feed *f)
{
    arena_release(&f->arena);
    *f = (struct feed){.title = NULL};
}
