/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runner of migrate.h over any list, so that tests can bring their own. */
#ifndef STORE_MIGRATE_PRIVATE_H
#define STORE_MIGRATE_PRIVATE_H

#include "quorum/migrate.h"

struct migration_set {
    const struct migration *list; /* versions 1, 2, ... */
    int count;
};

enum err migration_set_up(struct db *d, const struct migration_set *set, int target, int *applied,
                          struct error *e);
enum err migration_set_down(struct db *d, const struct migration_set *set, int target,
                            int *reverted, struct error *e);
enum err migration_set_stamp(struct db *d, const struct migration_set *set, int version,
                             struct error *e);
enum err migration_set_history(struct db *d, const struct migration_set *set, struct arena *a,
                               struct migration_status **out, size_t *n, struct error *e);
enum err migration_set_require_head(struct db *d, const struct migration_set *set, struct error *e);

#endif
