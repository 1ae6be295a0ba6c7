/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Database URLs. A wrong one is reported in one line that shows what is wrong and never a
 * password: libpq's own messages quote the whole URL, so none of them is passed on. */
#ifndef STORE_DBURL_H
#define STORE_DBURL_H

#include <stdbool.h>

#include "quorum/buf.h"
#include "quorum/err.h"

enum { CONNINFO_MAX = 64 };

/* libpq's keywords with values. */
struct conninfo {
    char *key[CONNINFO_MAX];
    char *value[CONNINFO_MAX];
    int n;
};

/* Accepts postgresql:// and postgres:// URLs, either with a "+driver", and "host=… dbname=…"
 * strings. ERR_USAGE otherwise; out is then empty. */
enum err conninfo_parse(const char *text, struct conninfo *out, struct error *e);
/* Overwrites the values before they are freed: one of them is the password. */
void conninfo_release(struct conninfo *c);
const char *conninfo_get(const struct conninfo *c, const char *key); /* NULL when absent */
void conninfo_put(struct conninfo *c, const char *key, const char *value);
void conninfo_copy(struct conninfo *dst, const struct conninfo *src);
void conninfo_default(struct conninfo *c, const char *key, const char *value);
/* The keyword string for PQconnectStart; it may hold the password, so wipe it after use. */
void conninfo_print(const struct conninfo *c, struct buf *out);

#endif
