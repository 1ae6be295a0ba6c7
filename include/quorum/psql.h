/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PostgreSQL's own client on a desk's database. */
#ifndef QUORUM_PSQL_H
#define QUORUM_PSQL_H

#include <stdbool.h>

#include "quorum/err.h"
#include "quorum/loop.h"

struct psql_options {
    struct loop *loop;
    const char *conninfo;  /* the login; may hold a password */
    const char *bindir;    /* searched first, then PATH; NULL or "": PATH only */
    bool isolate;          /* the private cluster: nothing of the user's PG* variables applies */
    bool session_settings; /* the server takes start-up options: set search_path and UTC there */
    const char *const *arg;
    int nargs;
};
/* Runs psql to its end. The password reaches it through an anonymous 0600 file that only it and its
 * children can open, never through arguments, environment or disk. Ctrl-C reaches psql from the
 * terminal, other signals through us. *status is psql's, or 128 + its signal. */
enum err psql_run(const struct psql_options *o, int *status, struct error *e);
/* Whether the server takes start-up options (a pooler refuses them). */
bool psql_options_work(struct loop *l, const char *conninfo);

#endif
