/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state the operator has put the desk in (control_state). RUNNING does all; PAUSED makes no
 * scheduled evaluations and no entries; HALTED makes no entries and has cancelled the open ones;
 * FLATTENING is HALTED and closes every position, then becomes HALTED. Exits happen in all. */
#ifndef QUORUM_CONTROL_H
#define QUORUM_CONTROL_H

#include "quorum/desk.h"

enum control { CONTROL_RUNNING, CONTROL_PAUSED, CONTROL_HALTED, CONTROL_FLATTENING };
const char *control_name(enum control c);
bool control_parse(const char *name, enum control *out);

struct control_view {
    enum control state;
    char reason[200], set_by[96], origin[64]; /* clean text */
    int64_t set_at;                           /* the desk's clock */
};
enum err control_load(struct desk *d, struct control_view *out, struct error *e);

/* What a change proves: after it no entry order is created. */
struct control_proof {
    enum control before, after;
    int64_t entries_cancelled; /* open entry orders taken back */
    int64_t exits_ordered;     /* FLATTENING: closing orders made */
    char last_order[37];       /* id of the last entry order ever made, "" */
    int64_t last_order_at;     /* TIME_NONE: none was */
    int64_t at;                /* of the change, by the desk's clock */
};
/* Changes the state under the lock that entry orders take, audited, in one transaction. A change
 * to what holds already is ERR_CONFLICT with who, when and why; RUNNING from FLATTENING is refused
 * until it is HALTED (ERR_POLICY). `who` is an operator, or "HALT file", "SIGUSR2". */
enum err control_set(struct desk *d, enum control to, const char *reason, const char *who,
                     const char *origin, struct control_proof *out, struct error *e);
/* May a person change it so? The database decides (control_change); this is to offer nothing that
 * it would refuse. */
bool control_admits(enum control from, enum control to);
/* As a change to it would be refused now: told before anything is asked about it. */
enum err control_check(struct desk *d, enum control to, struct error *e);
/* QUORUM_HOME/HALT exists: the desk is to be halted. */
bool control_halt_file(const struct settings *s, char *path, size_t size);

#endif
