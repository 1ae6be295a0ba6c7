/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statements kept prepared on the server. Their names are made of their texts: where a pooler
 * shares connections with others, a name can then only ever mean this text. */
#include <inttypes.h>
#include <stdio.h>

#include "core/store/db_private.h"

/* FNV-1a */
static uint64_t text_hash(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash;
}

static struct prepared *find(struct db *d, uint64_t text)
{
    for (int i = 0; i < d->nprepared; i++) {
        if (d->prepared[i].text == text)
            return &d->prepared[i];
    }
    return NULL;
}

/* The first call of a statement prepares it; those sent until the server has answered that go
 * without, so that a failure of the first is nobody else's. */
static void choose(struct db *d, struct call *c)
{
    c->prepares = c->prepared = false;
    if (!d->opt.prepare || c->part_of_setup)
        return;
    c->text = text_hash(c->st->sql);
    const struct prepared *p = find(d, c->text);
    c->prepares = !p && d->nprepared < DB_PREPARED_MAX;
    c->prepared = c->prepares || (p && p->ready);
}

bool db_put_statement(struct db *d, struct call *c)
{
    const char *const *value = c->params.value;
    char name[32];

    choose(d, c);
    if (!c->prepared)
        return PQsendQueryParams(d->conn, c->st->sql, c->params.n, NULL, value, NULL, NULL, 0) == 1;
    snprintf(name, sizeof(name), "q_%016" PRIx64, c->text);
    if (c->prepares) {
        if (PQsendPrepare(d->conn, name, c->st->sql, 0, NULL) != 1)
            return false;
        d->prepared[d->nprepared++] = (struct prepared){.text = c->text};
    }
    if (PQsendQueryPrepared(d->conn, name, c->params.n, value, NULL, NULL, 0) == 1)
        return true;
    d->broken = true;
    return c->prepares; /* half of it is on the wire */
}

void db_prepare_ended(struct db *d, struct call *c, bool ready)
{
    struct prepared *p = find(d, c->text);

    c->prepares = false;
    if (p && ready)
        p->ready = true;
    else if (p)
        *p = d->prepared[--d->nprepared];
}
