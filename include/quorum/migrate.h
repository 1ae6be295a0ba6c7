/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Schema versions: numbered SQL embedded in the program, one transaction each, checksums kept in
 * the table quorum.schema_migration. docs/database.md. */
#ifndef QUORUM_MIGRATE_H
#define QUORUM_MIGRATE_H

#include "quorum/db.h"

struct migration {
    int version;
    const char *name;
    const char *up, *down; /* down NULL: irreversible */
};

/* Generated from migrations/ at build time; ascending versions from 1 without a gap. */
extern const struct migration migrations[];
extern const int migration_count;

enum migration_state { MIGRATION_PENDING, MIGRATION_APPLIED, MIGRATION_EDITED, MIGRATION_UNKNOWN };
struct migration_status {
    int version;
    char name[64], applied_at[40];
    enum migration_state state;
};

/* The highest version in the database, 0 for none. */
enum err migrate_current(struct db *d, int *version, struct error *e);
/* target < 0: head. Every step commits by itself; *applied counts them, also when a later one
 * fails. Any number of processes may run this at once: each step is done by one of them. */
enum err migrate_up(struct db *d, int target, int *applied, struct error *e);
/* Down to version `target`; uses the down script stored with the row. */
enum err migrate_down(struct db *d, int target, int *reverted, struct error *e);
/* Makes the table say that exactly 1 .. version are applied, with today's texts, and runs
 * nothing; < 0: head. Also the way to accept an edited text. */
enum err migrate_stamp(struct db *d, int version, struct error *e);
/* Array in the arena, ascending. */
enum err migrate_history(struct db *d, struct arena *a, struct migration_status **out, size_t *n,
                         struct error *e);
/* ERR_POLICY with E41 when the database is behind, ERR_POLICY when it is ahead or edited. */
enum err migrate_require_head(struct db *d, struct error *e);

#endif
