/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "quorum/desk.h"
#include "quorum/text.h"

static const struct statement append = {"audit append",
                                        "SELECT audit_append($1, $2, $3, $4, $5, $6, $7)"};
static const struct statement verify = {"audit verify", "SELECT rows, head, bad_id, problem,"
                                                        " review_unaudited() FROM audit_verify()"};

enum err audit_record(struct desk *d, const char *verb, const char *object, const char *reason,
                      const char *before, const char *after, struct error *e)
{
    struct params p = {0};
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    params_text(&p, verb);
    params_text(&p, object);
    params_text(&p, reason);
    params_text(&p, before);
    params_text(&p, after);
    return db_query(d->db, &append, &p, NULL, e);
}

enum err audit_check(struct desk *d, struct audit_state *out, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    *out = (struct audit_state){0};
    if (db_query(d->db, &verify, &p, &rows, e))
        return e->kind;
    const char *head = rows_text(&rows, 0, 1), *problem = rows_text(&rows, 0, 3);
    out->rows = rows_int(&rows, 0, 0);
    out->bad_id = rows_int(&rows, 0, 2);
    copy_text(out->head, sizeof out->head, head ? head : "");
    copy_text(out->problem, sizeof out->problem, problem ? problem : "");
    const char *unaudited = rows_text(&rows, 0, 4);
    sanitize_line(out->unaudited, sizeof out->unaudited, untrusted(unaudited ? unaudited : ""));
    rows_release(&rows);
    return OK;
}
