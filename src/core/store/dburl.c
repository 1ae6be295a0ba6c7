/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/store/dburl.h"

#include <assert.h>
#include <ctype.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/buf.h"
#include "quorum/db.h"
#include "quorum/mem.h"
#include "quorum/text.h"

#define SHAPE   "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
#define ESCAPES "in user and password write @ as %%40, : as %%3A, / as %%2F, %% as %%25"

static int position(const struct conninfo *c, const char *key)
{
    for (int i = 0; i < c->n; i++) {
        if (strcmp(c->key[i], key) == 0)
            return i;
    }
    return -1;
}

const char *conninfo_get(const struct conninfo *c, const char *key)
{
    int i = position(c, key);

    return i < 0 ? NULL : c->value[i];
}

static void forget(char *value)
{
    if (value)
        explicit_bzero(value, strlen(value));
    mem_free(value);
}

void conninfo_put(struct conninfo *c, const char *key, const char *value)
{
    int i = position(c, key);

    if (i < 0) {
        assert(c->n < CONNINFO_MAX);
        i = c->n++;
        c->key[i] = mem_text(key);
    } else {
        forget(c->value[i]);
    }
    c->value[i] = mem_text(value);
}

void conninfo_default(struct conninfo *c, const char *key, const char *value)
{
    if (position(c, key) < 0)
        conninfo_put(c, key, value);
}

void conninfo_copy(struct conninfo *dst, const struct conninfo *src)
{
    *dst = (struct conninfo){0};
    for (int i = 0; i < src->n; i++)
        conninfo_put(dst, src->key[i], src->value[i]);
}

void conninfo_release(struct conninfo *c)
{
    for (int i = 0; i < c->n; i++) {
        mem_free(c->key[i]);
        forget(c->value[i]);
    }
    *c = (struct conninfo){0};
}

static enum err wrong(struct error *e, const char *what)
{
    err_set(e, ERR_USAGE, "the database URL %s", what);
    return err_fix(e, "the form is " SHAPE);
}

/* Whether a text is a plain word that can be shown: a secret with one odd character is not. */
static bool is_word(const char *s, size_t len)
{
    if (len == 0 || len > 24)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)s[i]) && s[i] != '_' && s[i] != '+' && s[i] != '-')
            return false;
    }
    return true;
}

static bool is_option(const char *name)
{
    PQconninfoOption *all = PQconndefaults();
    bool found = false;

    for (PQconninfoOption *o = all; o && o->keyword && !found; o++)
        found = strcmp(o->keyword, name) == 0;
    PQconninfoFree(all);
    return found;
}

/* The name of an unknown option in "a=1&b=2", when it is safe to show. */
static bool unknown_option(const char *query, char *name, size_t size)
{
    while (*query) {
        size_t len = strcspn(query, "=&"), whole = strcspn(query, "&");

        if (!is_word(query, len))
            return false;
        copy_bytes(name, size, query, len);
        if (!is_option(name))
            return true;
        query += whole;
        query += *query == '&';
    }
    return false;
}

/* libpq refused a URL: finds out why, without its message. */
static enum err diagnose_url(const char *rest, struct error *e)
{
    const char *query = strchr(rest, '?');
    char name[32];

    for (const char *p = rest; (p = strchr(p, '%')) != NULL; p++) {
        if (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]) ||
            (p[1] == '0' && p[2] == '0')) {
            err_set(e, ERR_USAGE,
                    "the database URL has a \"%%\" that is not followed by two hexadecimal digits");
            return err_fix(e, ESCAPES);
        }
    }
    if (query && unknown_option(query + 1, name, sizeof(name))) {
        err_set(e, ERR_USAGE, "the database URL has the option \"%s\", which libpq does not know",
                name);
        return err_fix(e, "leave \"%s\" out; TLS is sslmode=require or verify-full", name);
    }
    if (strchr(rest, '[') && !strchr(rest, ']'))
        return wrong(e, "has a \"[\" without \"]\" around an IPv6 address");
    return wrong(e, "is not complete or has a character where none belongs");
}

/* Only text before the first password may be shown: an unquoted blank in a password makes its
 * second half look like a keyword. */
static enum err diagnose_words(const char *text, struct error *e)
{
    const char *secret = strstr(text, "password");
    size_t len = strcspn(text, "= \t");
    char name[32];

    if (strchr(text, '=') == NULL)
        return wrong(e, "is neither a URL nor \"host=... dbname=...\"");
    while (*text && (!secret || text < secret)) {
        if (text[len] == '=' && is_word(text, len)) {
            copy_bytes(name, sizeof(name), text, len);
            if (!is_option(name)) {
                err_set(e, ERR_USAGE,
                        "the database string has the word \"%s\", which libpq does not know", name);
                return err_fix(e, "known are host, port, dbname, user, password, sslmode, ...");
            }
        }
        text += strcspn(text, " \t");
        text += strspn(text, " \t");
        len = strcspn(text, "= \t");
    }
    err_set(e, ERR_USAGE, "the database string is not a list of word=value");
    return err_fix(e, "put a value with a blank, ' or \\ into '...', with \\' and \\\\ inside");
}

static bool is_host(const char *s, size_t len)
{
    if (len == 0 || s[0] == '/' || s[0] == '@') /* default, socket directory, abstract socket */
        return true;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)s[i]) && !strchr(".-_:%", s[i]))
            return false;
    }
    return true;
}

static bool is_port(const char *s, size_t len)
{
    char digits[8];
    int64_t port;

    if (len == 0) /* default */
        return true;
    return copy_bytes(digits, sizeof(digits), s, len) && text_to_int64(digits, &port) &&
           port >= 1 && port <= 65535;
}

static bool every(const char *list, bool (*check)(const char *s, size_t len))
{
    for (;;) {
        size_t len = strcspn(list, ",");

        if (!check(list, len))
            return false;
        if (list[len] == '\0')
            return true;
        list += len + 1;
    }
}

/* libpq accepts any text as host and port and fails later, after having asked a name server for
 * what may be half a password. rest is what follows "://", or NULL. */
static enum err check_place(const struct conninfo *c, const char *rest, struct error *e)
{
    const char *host = conninfo_get(c, "host"), *port = conninfo_get(c, "port");
    const char *at = rest ? strchr(rest, '@') : NULL;

    /* user:12/34@host is a host "user" with port 12 to libpq; nobody means that. */
    size_t slash = rest ? strcspn(rest, "/") : 0;
    if (at && slash < (size_t)(at - rest) &&
        memchr(rest + slash, '?', (size_t)(at - rest) - slash) == NULL) {
        wrong(e, "has a \"/\" before its \"@\" (not shown: it may be part of a password)");
        return err_fix(e, ESCAPES);
    }
    if (host && !every(host, is_host)) {
        wrong(e, "has a host name that cannot be one (not shown: it may be part of a password)");
        return err_fix(e, ESCAPES);
    }
    if (!port || every(port, is_port))
        return OK;
    if (rest && !at)
        return wrong(e, "has no number from 1 to 65535 after HOST: (with a password, \"@\" must "
                        "stand before the host)");
    if (rest && (strchr(at + 1, '@') || !is_word(port, strlen(port)))) {
        wrong(e, "has a port that is no number (not shown: it may be part of a password)");
        return err_fix(e, ESCAPES);
    }
    err_set(e, ERR_USAGE, "the database URL has the port \"%.24s\"; it must be 1 to 65535",
            is_word(port, strlen(port)) ? port : "?");
    return err_fix(e, "leave the port out for 5432");
}

/* Where "://" ends the scheme, and the URL as libpq wants it: no "+driver", lower case. NULL for
 * a keyword string. */
static enum err normalise(const char *text, struct buf *url, const char **rest, struct error *e)
{
    size_t scheme = strcspn(text, ":/= \t@'");
    size_t bare = strcspn(text, "+:");

    *rest = NULL;
    if (strncmp(text + scheme, "://", 3) != 0) {
        size_t known = strncasecmp(text, "postgres", 8) == 0 ? strspn(text + 8, "ql") + 8 : 0;

        if (known && (text[known] == ':' || text[known] == '/' || text[known] == '+'))
            return wrong(e, "has no \"://\" after the first word");
        buf_str(url, text);
        return OK;
    }
    if (!((bare == 10 && strncasecmp(text, "postgresql", 10) == 0) ||
          (bare == 8 && strncasecmp(text, "postgres", 8) == 0))) {
        err_set(e, ERR_USAGE, "the database URL begins with \"%.*s://\"; only PostgreSQL works",
                is_word(text, scheme) ? (int)scheme : 1, is_word(text, scheme) ? text : "?");
        return err_fix(e, "the form is " SHAPE);
    }
    buf_str(url, "postgresql");
    buf_str(url, text + scheme);
    *rest = url->data + strlen("postgresql://");
    return OK;
}

static enum err parse(const char *text, struct conninfo *out, struct error *e)
{
    struct buf url = {0};
    const char *rest;
    char *message = NULL;
    enum err rc = normalise(text, &url, &rest, e);

    if (rc != OK)
        goto out;
    PQconninfoOption *options = PQconninfoParse(buf_text(&url), &message);
    if (!options) {
        rc = rest ? diagnose_url(rest, e) : diagnose_words(buf_text(&url), e);
        goto out;
    }
    for (PQconninfoOption *o = options; o->keyword; o++) {
        if (o->val) /* an empty one counts: options='' keeps PGOPTIONS out */
            conninfo_put(out, o->keyword, o->val);
        if (o->val && strcmp(o->keyword, "password") == 0)
            explicit_bzero(o->val, strlen(o->val));
    }
    PQconninfoFree(options);
    rc = check_place(out, rest, e);
out:
    if (message)
        explicit_bzero(message, strlen(message));
    PQfreemem(message);
    if (url.data)
        explicit_bzero(url.data, url.len);
    buf_release(&url);
    return rc;
}

enum err conninfo_parse(const char *text, struct conninfo *out, struct error *e)
{
    struct error unused;

    if (!e)
        e = &unused;
    *out = (struct conninfo){0};
    while (text && isspace((unsigned char)*text))
        text++;
    if (!text || !*text)
        return wrong(e, "is empty");
    for (const char *p = text; *p; p++) {
        if (iscntrl((unsigned char)*p))
            return wrong(e, "has a line break or another control character in it");
    }
    enum err rc = parse(text, out, e);
    if (rc != OK)
        conninfo_release(out);
    return rc;
}

void conninfo_print(const struct conninfo *c, struct buf *out)
{
    for (int i = 0; i < c->n; i++) {
        buf_printf(out, "%s%s='", i ? " " : "", c->key[i]);
        for (const char *p = c->value[i]; *p; p++) {
            if (*p == '\'' || *p == '\\')
                buf_char(out, '\\');
            buf_char(out, *p);
        }
        buf_char(out, '\'');
    }
}

enum err db_where(const char *conninfo, struct db_where *out, struct error *e)
{
    struct conninfo c;

    *out = (struct db_where){0};
    enum err rc = conninfo_parse(conninfo, &c, e);
    if (rc != OK)
        return rc;
    /* What libpq takes from PGHOST, PGUSER and the like; the variables hold no secret it prints. */
    PQconninfoOption *all = PQconndefaults();
    for (PQconninfoOption *o = all; o && o->keyword; o++) {
        bool place = strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "user") == 0 ||
                     strcmp(o->keyword, "dbname") == 0;
        if (place && o->val && o->val[0])
            conninfo_default(&c, o->keyword, o->val);
    }
    PQconninfoFree(all);
    conninfo_default(&c, "user", "");
    conninfo_default(&c, "dbname", conninfo_get(&c, "user"));
    conninfo_default(&c, "host", "");
    conninfo_default(&c, "port", "5432");
    copy_text(out->host, sizeof(out->host), conninfo_get(&c, "host"));
    copy_text(out->port, sizeof(out->port), conninfo_get(&c, "port"));
    copy_text(out->user, sizeof(out->user), conninfo_get(&c, "user"));
    copy_text(out->database, sizeof(out->database), conninfo_get(&c, "dbname"));
    conninfo_release(&c);
    return OK;
}
