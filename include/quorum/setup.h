/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a database needs before a desk can live in it, as far as the owner's login may give it. Each
 * step looks first, does what is missing, and can be repeated. */
#ifndef QUORUM_SETUP_H
#define QUORUM_SETUP_H

#include "quorum/db.h"

/* Creates the database that conninfo names (UTF8, C.UTF-8 or C) through the database "postgres" of
 * the same server, unless it is there. The error of the first attempt stays when that fails too. */
enum err setup_database(struct loop *l, const char *conninfo, bool *created, struct error *e);
/* search_path and time zone of every client of this database. */
enum err setup_defaults(struct db *owner, bool *changed, struct error *e);
/* What the application or (read_only) a reader needs in the tables. ERR_FAILED when there is no
 * such role. */
enum err setup_grants(struct db *owner, const char *role, bool read_only, bool *changed,
                      struct error *e);
/* The month partitions of now and the next two months; how many were made. */
enum err setup_partitions(struct db *owner, int *made, struct error *e);

#endif
