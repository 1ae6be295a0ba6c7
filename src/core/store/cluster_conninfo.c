/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The private cluster's libpq keywords. libpq fills what is not named from the PG* variables of the
 * user's shell, which are about another server: every keyword that has its variable set is named.
 * An empty value counts as named in a string, not in libpq's keyword arrays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/cluster_internal.h"

/* Not blank and not libpq's own default: what a Unix socket to our own server needs. */
static const struct {
    const char *keyword, *value;
} needed[] = {
    {"sslmode", "disable"},          {"gssencmode", "disable"},   {"channel_binding", "disable"},
    {"target_session_attrs", "any"}, {"client_encoding", "UTF8"}, {"connect_timeout", "10"},
};

/* A service is looked up even when it is blank, and the others are sent as they are. */
void cluster_hide_environment(void)
{
    static const char *const hidden[] = {"PGSERVICE", "PGTZ", "PGDATESTYLE", "PGGEQO"};
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (getenv(hidden[i]))
            unsetenv(hidden[i]);
}

/* 'value' with quotes and backslashes escaped; false when it does not fit. */
static bool add_value(char *dst, size_t size, size_t *n, const char *keyword, const char *value)
{
    int add = snprintf(dst + *n, size - *n, "%s%s='", *n ? " " : "", keyword);
    if (add < 0 || (size_t)add >= size - *n)
        return false;
    *n += (size_t)add;
    for (; *value; value++) {
        if (*n + 3 >= size)
            return false;
        if (*value == '\'' || *value == '\\')
            dst[(*n)++] = '\\';
        dst[(*n)++] = *value;
    }
    if (*n + 2 > size)
        return false;
    dst[(*n)++] = '\'';
    dst[*n] = '\0';
    return true;
}

/* passfile and password: peer authentication asks for none, and a blank one is looked for. */
static bool is_left_alone(const char *keyword)
{
    static const char *const alone[] = {"host",     "port",     "user",
                                        "dbname",   "options",  "service",
                                        "password", "passfile", "application_name"};
    for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
        if (strcmp(keyword, alone[i]) == 0)
            return true;
    return false;
}

static const char *harmless(const PQconninfoOption *o)
{
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (strcmp(o->keyword, needed[i].keyword) == 0)
            return needed[i].value;
    return o->compiled ? o->compiled : "";
}

static bool add_rest(char *dst, size_t size, size_t *n)
{
    bool fits = true;
    PQconninfoOption *all = PQconndefaults();
    for (PQconninfoOption *o = all; o && o->keyword && fits; o++) {
        bool set = o->envvar && getenv(o->envvar);
        /* PGREQUIRESSL is an old name of sslmode=require. */
        set |= strcmp(o->keyword, "sslmode") == 0 && getenv("PGREQUIRESSL");
        if (set && !is_left_alone(o->keyword))
            fits = add_value(dst, size, n, o->keyword, harmless(o));
    }
    PQconninfoFree(all);
    return fits;
}

const char *cluster_conninfo(const struct cluster *c, char *dst, unsigned long size,
                             const char *role, const char *database)
{
    size_t n = 0;
    if (size == 0)
        return "";
    if (!add_value(dst, size, &n, "host", c->at.sock) ||
        !add_value(dst, size, &n, "port", CLUSTER_PORT) ||
        !add_value(dst, size, &n, "user", role) || !add_value(dst, size, &n, "dbname", database) ||
        !add_value(dst, size, &n, "options", "") || !add_rest(dst, size, &n))
        dst[0] = '\0';
    return dst;
}
