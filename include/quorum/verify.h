/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks, each a row with its cure: what `db verify` and `doctor` print. A check never fails as a
 * function: what it cannot find out is a FAIL row. */
#ifndef QUORUM_VERIFY_H
#define QUORUM_VERIFY_H

#include "quorum/db.h"

enum check_state { CHECK_OK, CHECK_WARN, CHECK_FAIL };
const char *check_state_name(enum check_state s); /* "ok", "warn", "FAIL" */

struct check {
    enum check_state state;
    const char *name, *detail, *cure; /* cure NULL: none needed or known */
};

enum { CHECKS_MAX = 64 };

struct checks {
    struct check row[CHECKS_MAX];
    size_t n;
    struct arena arena;
};

/* name is kept, the texts are copied and cleaned. */
void check_add(struct checks *k, enum check_state state, const char *name, const char *cure,
               const char *fmt, ...) PRINTF_LIKE(5, 6);
/* FAIL with the error's text and fix. */
void check_error(struct checks *k, const char *name, const struct error *e);
size_t checks_count(const struct checks *k, enum check_state state);
void checks_release(struct checks *k);

struct verify_options {
    struct loop *loop;
    struct db *db;        /* open */
    const char *conninfo; /* of db, for a second connection (LISTEN) and its TLS mode */
};
/* Server, TLS, role, session defaults, schema, tables, privileges, a write that is taken back,
 * ledger, rollups, partitions, LISTEN, clock, size, old transactions. Changes nothing. */
void verify_database(struct checks *k, const struct verify_options *o);
/* psql and PostgreSQL's server programs; bindir is QUORUM_PG_BINDIR or NULL. */
void verify_programs(struct checks *k, const char *bindir);

#endif
