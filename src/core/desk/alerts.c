/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alerts are rows (migrations, docs/guards.md): the conditions stand in the database, which alone
 * sees all that they are about. */
#include "core/desk/told.h"
#include "quorum/guards.h"
#include "quorum/log.h"

static const struct statement refresh = {"alerts refresh", "SELECT alerts_refresh()"};
static const struct statement raise_one = {"alert raise", "SELECT alert_raise($1, $2, $3, $4, $5)"};
static const struct statement clear_one = {"alert clear", "SELECT alert_clear($1, $2)"};

struct told {
    void (*done)(void *arg, const struct error *e);
    void *arg;
};

static void arrived(void *arg, struct rows *rows, const struct error *e)
{
    struct told t = *(struct told *)arg;
    (void)rows;
    mem_free(arg);
    if (t.done)
        t.done(t.arg, e && e->kind ? e : NULL);
}

void told_send(struct db *db, const struct statement *st, struct params *owned_params,
               void (*done)(void *arg, const struct error *e), void *arg)
{
    struct told *t = mem_alloc(sizeof *t);
    *t = (struct told){.done = done, .arg = arg};
    db_send(db, st, owned_params, arrived, t);
}

void alerts_refresh(struct desk *d, void (*done)(void *arg, const struct error *e), void *arg)
{
    told_send(d->db, &refresh, NULL, done, arg);
}

/* What could not be written stays in the log; the refresh comes again in seconds. */
static void logged(void *arg, const struct error *e)
{
    if (e)
        log_write(LOG_WARN, "alerts", "%s: %s", (const char *)arg, e->text);
}

void alert_raise(struct desk *d, const char *rule, const char *object, char severity,
                 const char *text, const char *fix)
{
    struct params p = {0};
    char letter[2] = {severity, '\0'};
    static char what[] = "not raised";
    params_text(&p, rule);
    params_text(&p, object);
    params_text(&p, letter);
    params_text(&p, text);
    params_text(&p, fix);
    told_send(d->db, &raise_one, &p, logged, what);
}

void alert_clear(struct desk *d, const char *rule, const char *object)
{
    struct params p = {0};
    static char what[] = "not cleared";
    params_text(&p, rule);
    params_text(&p, object);
    told_send(d->db, &clear_one, &p, logged, what);
}
