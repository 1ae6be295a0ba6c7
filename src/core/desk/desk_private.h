/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the files of desk/ only. */
#ifndef QUORUM_DESK_PRIVATE_H
#define QUORUM_DESK_PRIVATE_H

#include "quorum/desk.h"

/* Adds or updates a line of the list of opened desks. `where` holds no password. */
enum err desk_remember(const struct settings *s, enum desk_kind k, const char *where,
                       struct error *e);
/* Who answers the agents' questions on this desk; d->model stays NULL when nobody does. */
enum err desk_open_model(struct desk *d, struct error *e);

#endif
