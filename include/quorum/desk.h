/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A desk: one database with its clock, settings, account and market. Opening one finds or makes
 * its database, brings a private one's schema up to date, and loads what is in force. */
#ifndef QUORUM_DESK_H
#define QUORUM_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "quorum/agent.h"
#include "quorum/cluster.h"
#include "quorum/db.h"
#include "quorum/loop.h"
#include "quorum/market.h"
#include "quorum/settings.h"

enum desk_kind { DESK_PAPER, DESK_DEMO };
const char *desk_kind_name(enum desk_kind k); /* "paper", "demo": also the desk's name */

struct desk_options {
    const struct settings *settings;
    struct loop *loop;
    const struct agent *const *agents;
    const char *name;     /* --desk, or NULL */
    const char *data_dir; /* --data, or NULL: recorded market instead of the desk's own */
    const int64_t *seed;  /* of a demo desk that has to be made; NULL: the usual one */
    bool as_owner;        /* connect as the owner (db commands) */
    bool as_reader;       /* connect as the login that only reads, where there is one */
    bool lasting;         /* an engine's: statements are kept prepared */
    bool only_looks;      /* do not record it as opened, unless it had to be made */
    bool any_schema;      /* do not require or bring the schema to head (db commands) */
    /* The name of a database of the private cluster that is made anew and dropped by desk_close (a
     * back-test's): a demo desk on data_dir that asks no model and is recorded nowhere. A lost
     * connection is not taken up again. NULL: a desk of the user's. */
    const char *scratch;
    void (*progress)(void *arg, const char *text);
    void *arg;
};

struct desk {
    enum desk_kind kind;
    const struct settings *settings;
    struct loop *loop;
    const struct agent *const *agents;
    struct cluster *cluster; /* NULL with DATABASE_URL */
    struct db *db;
    struct market *market;
    struct http *http;
    struct vendor *vendor;       /* counted calls of the live market; NULL on any other */
    struct model *model;         /* NULL: no model is asked */
    int64_t recorded_evaluation; /* whose replies answer, with desk_use_recorded */
    const char *model_warning;   /* about an alias in use; NULL: none */
    struct prompt_book *prompts; /* what is asked (prompts.h); NULL: the agents' own texts */
    int64_t seed;                /* of the simulated market */
    int review_hold_s;           /* an approval can be undone for so long; 0: REVIEW_HOLD_S */
    char scratch[64];            /* the database that goes with the desk; "": it stays */
    char conninfo[1024];         /* of the login in use; may hold a password: never shown */
    struct {
        char *value, *set_by, *set_at, *origin;
    } in_force[SETTING_COUNT]; /* desk-wide settings, from the database */
    struct {
        struct held_job {
            int64_t id;
            int attempt;
        } * job;
        size_t n, cap;
    } held; /* jobs this process has taken and not ended (jobs.c): their leases are kept */
};

/* decisions: --desk, QUORUM_DESK, else paper if it was ever opened or FMP_API_KEY is set, else
 * demo. *why (may be NULL) says in a few words which rule chose. */
enum err desk_choose(const struct settings *s, const char *name, enum desk_kind *out,
                     const char **why, struct error *e);
/* ERR_POLICY when the desk is recorded as opened in another database than the one meant now. */
enum err desk_open(const struct desk_options *options, struct desk **out, struct error *e);
void desk_close(struct desk *d);

/* A desk-wide setting as the desk has it. */
const char *desk_text(const struct desk *d, enum setting_id id);
int64_t desk_int(const struct desk *d, enum setting_id id);
int64_t desk_decimal(const struct desk *d, enum setting_id id, int digits);
bool desk_bool(const struct desk *d, enum setting_id id);
/* Why no model is asked on this desk, NULL when models are. */
const char *desk_model_absent(const struct desk *d);
/* The model an agent uses, with a price today. *warning of an alias goes to d->model_warning. */
enum err desk_model(struct desk *d, const struct agent *a, char dst[64], struct error *e);
/* From now on the agents' questions are answered with the replies of a stored evaluation. */
void desk_use_recorded(struct desk *d, int64_t evaluation_id);
/* Seeds what a new desk needs and loads the settings in force: again, for what was adopted since.
 * Texts got before are gone: not while an evaluation of this process runs. */
enum err desk_load_settings(struct desk *d, struct error *e);
/* Takes the process's value over into the desk, audited. ERR_CONFLICT-free: last one wins. */
enum err desk_adopt(struct desk *d, enum setting_id id, struct error *e);

/* Desks this user has opened: config/desks, one "name<TAB>where" a line. */
enum err desk_recorded(const struct settings *s, enum desk_kind k, bool *out, char *where,
                       size_t size, struct error *e);
enum err desk_forget(const struct settings *s, enum desk_kind k, struct error *e);
/* Drops the private database of a desk (its data is gone). ERR_POLICY for a DATABASE_URL. */
enum err desk_drop(const struct desk_options *options, enum desk_kind k, struct error *e);

/* Who acts: "user@host" of the SSH origin, and the system user. */
const char *operator_name(void);
const char *operator_origin(void);
/* "host/pid/start" of this process, and whether another such owner on this host is gone. */
const char *owner_self(void);
bool owner_is_gone(const char *owner);

/* Appends to the chained operator audit. */
enum err audit_record(struct desk *d, const char *verb, const char *object, const char *reason,
                      const char *before, const char *after, struct error *e);
struct audit_state {
    int64_t rows, bad_id; /* bad_id 0: intact */
    char head[65], problem[80];
    char unaudited[160]; /* a parameter's version that no audited act made; "": none */
};
enum err audit_check(struct desk *d, struct audit_state *out, struct error *e);

#endif
