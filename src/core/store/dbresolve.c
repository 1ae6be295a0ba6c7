/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Host names to addresses on libuv's threads: libpq would block the loop in the name server. The
 * names stay beside their addresses, for certificate checks and messages. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "core/store/db_private.h"
#include "quorum/buf.h"

struct db_lookup {
    uv_getaddrinfo_t request; /* first: the callback finds the lookup through it */
    struct db *d;             /* NULL: cancelled */
    const char *host, *port;  /* what is left of the lists; they belong to d->info */
    char name[256];           /* being looked up */
    char this_port[8];
    struct buf hosts, addresses, ports;
    char error[200];
};

static bool is_address(const char *name)
{
    unsigned char raw[16];

    return strchr(name, ':') || uv_inet_pton(AF_INET, name, raw) == 0;
}

/* libpq finds these without asking the network; localhost is in /etc/hosts. */
static bool needs_no_lookup(const char *name)
{
    return name[0] == '\0' || name[0] == '/' || name[0] == '@' || is_address(name) ||
           strcmp(name, "localhost") == 0;
}

/* One entry of a comma list into dst; false at the end. A list of one port serves every host. */
static bool take_entry(const char **list, char *dst, size_t size, bool repeat_last)
{
    size_t len;

    if (!*list)
        return false;
    len = strcspn(*list, ",");
    copy_bytes(dst, size, *list, len);
    if ((*list)[len] == ',')
        *list += len + 1;
    else if (!repeat_last)
        *list = NULL;
    return true;
}

static void add_entry(struct db_lookup *lookup, const char *address)
{
    bool first = lookup->ports.len == 0;

    buf_printf(&lookup->hosts, "%s%s", first ? "" : ",", lookup->name);
    buf_printf(&lookup->addresses, "%s%s", first ? "" : ",", address);
    buf_printf(&lookup->ports, "%s%s", first ? "" : ",", lookup->this_port);
}

static void lookup_free(struct db_lookup *lookup)
{
    buf_release(&lookup->hosts);
    buf_release(&lookup->addresses);
    buf_release(&lookup->ports);
    mem_free(lookup);
}

static void advance(struct db_lookup *lookup);

static void found(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct db_lookup *lookup = (struct db_lookup *)request;

    if (!lookup->d) {
        uv_freeaddrinfo(list);
        lookup_free(lookup);
        return;
    }
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        char address[64];

        if (getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0,
                        NI_NUMERICHOST) == 0)
            add_entry(lookup, address);
    }
    if (status != 0)
        snprintf(lookup->error, sizeof(lookup->error), "host \"%.100s\" was not found: %s",
                 lookup->name, uv_strerror(status));
    uv_freeaddrinfo(list);
    advance(lookup);
}

/* Takes over d->lookup's result and goes on to connect. */
static void finish(struct db_lookup *lookup)
{
    struct db *d = lookup->d;
    bool any = lookup->ports.len > 0;
    char error[sizeof(lookup->error)];

    copy_text(error, sizeof(error), lookup->error);
    if (any) {
        conninfo_put(&d->dial, "host", buf_text(&lookup->hosts));
        conninfo_put(&d->dial, "hostaddr", buf_text(&lookup->addresses));
        conninfo_put(&d->dial, "port", buf_text(&lookup->ports));
    }
    d->lookup = NULL;
    lookup_free(lookup);
    db_lookup_done(d, any ? NULL : error);
}

static void advance(struct db_lookup *lookup)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};

    while (take_entry(&lookup->host, lookup->name, sizeof(lookup->name), false)) {
        take_entry(&lookup->port, lookup->this_port, sizeof(lookup->this_port), true);
        if (needs_no_lookup(lookup->name)) {
            add_entry(lookup, is_address(lookup->name) ? lookup->name : "");
            continue;
        }
        int rc = uv_getaddrinfo(loop_uv(lookup->d->loop), &lookup->request, found, lookup->name,
                                NULL, &hints);
        if (rc == 0)
            return;
        snprintf(lookup->error, sizeof(lookup->error), "host \"%.100s\" was not found: %s",
                 lookup->name, uv_strerror(rc));
    }
    finish(lookup);
}

static int entries(const char *list)
{
    int n = 1;

    for (const char *p = list; (p = strchr(p, ',')) != NULL; p++)
        n++;
    return n;
}

static bool every_host_is_known(const char *list)
{
    char name[256];

    while (take_entry(&list, name, sizeof(name), false)) {
        if (!needs_no_lookup(name))
            return false;
    }
    return true;
}

void db_lookup_start(struct db *d)
{
    const char *host = conninfo_get(&d->info, "host"), *port = conninfo_get(&d->info, "port");
    const char *address = conninfo_get(&d->info, "hostaddr");

    conninfo_release(&d->dial);
    conninfo_copy(&d->dial, &d->info);
    port = port && port[0] ? port : "5432";
    /* A wrong number of ports is libpq's to report: it asks no name server then either. */
    if (!host || !host[0] || (address && address[0]) || every_host_is_known(host) ||
        (entries(port) != 1 && entries(port) != entries(host))) {
        db_lookup_done(d, NULL);
        return;
    }
    d->lookup = mem_alloc(sizeof(*d->lookup));
    d->lookup->d = d;
    d->lookup->host = host;
    d->lookup->port = port;
    advance(d->lookup);
}

void db_lookup_cancel(struct db *d)
{
    if (!d->lookup)
        return;
    d->lookup->d = NULL; /* freed by its callback, which comes in any case */
    uv_cancel((uv_req_t *)&d->lookup->request);
    d->lookup = NULL;
}
