/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about desks and their audit chain; the settings are in cmd_settings.c. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/command/checks.h"
#include "core/command/cmd_settings.h"
#include "core/command/commands.h"
#include "quorum/broker.h"
#include "quorum/log.h"
#include "quorum/money.h"

static enum err run_desks(struct call *c, struct error *e)
{
    static const struct column column[] = {
        {"name", "DESK", COLUMN_TEXT},     {"kind", "KIND", COLUMN_TEXT},
        {"opened", "OPENED", COLUMN_FLAG}, {"meant", "MEANT", COLUMN_FLAG},
        {"where", "WHERE", COLUMN_TEXT},   {"why", "WHY MEANT", COLUMN_TEXT}};
    struct table t;
    struct cluster_status st;
    enum desk_kind meant;
    const char *why;
    if (desk_choose(c->settings, c->desk_name, &meant, &why, e))
        return e->kind;
    table_begin(&t, column, ARRAY_LEN(column));
    for (int i = DESK_PAPER; i <= DESK_DEMO; i++) {
        enum desk_kind k = (enum desk_kind)i;
        char where[320];
        bool opened = false;
        if (desk_recorded(c->settings, k, &opened, where, sizeof where, e))
            break;
        const char *cell[] = {desk_kind_name(k),
                              desk_kind_name(k),
                              opened ? "true" : "false",
                              k == meant ? "true" : "false",
                              opened                            ? where
                              : desk_is_private(c->settings, k) ? "(private cluster)"
                                                                : "(DATABASE_URL)",
                              k == meant ? why : NULL};
        table_row(&t, cell);
    }
    table_end(&t, c->out, "");
    if (e->kind || c->out->format != OUTPUT_TEXT || inspect_cluster(c->settings, &st, e))
        return e->kind;
    if (!st.exists)
        out_line(c->out, "private cluster: none yet, it would be made in %s",
                 settings_home(c->settings));
    else
        out_line(c->out, "private cluster: %s, PostgreSQL %s, %s",
                 st.running ? "running" : "not running", st.version, st.data_dir);
    return OK;
}

static const char *confirm_name(const struct call *c)
{
    return c->arg[0];
}

static enum err named_desk(const struct call *c, enum desk_kind *k, struct error *e)
{
    if (c->desk_name && strcmp(c->desk_name, c->arg[0]) != 0)
        return err_set(e, ERR_USAGE, "--desk %s and %s are two desks", c->desk_name, c->arg[0]);
    for (int i = DESK_PAPER; i <= DESK_DEMO; i++) {
        *k = (enum desk_kind)i;
        if (strcmp(c->arg[0], desk_kind_name(*k)) == 0)
            return OK;
    }
    err_set(e, ERR_USAGE, "there is no desk \"%s\"", c->arg[0]);
    return err_fix(e, "use paper or demo");
}

static enum err check_named_desk(const struct call *c, struct error *e)
{
    enum desk_kind unused;
    return named_desk(c, &unused, e);
}

/* *was: the desk had been opened. A private cluster is not made for the purpose. */
static enum err drop(struct call *c, enum desk_kind k, bool *was, struct error *e)
{
    struct cluster_status st = {.exists = true};
    struct desk_options o = call_desk_options(c);
    if (desk_recorded(c->settings, k, was, NULL, 0, e) ||
        (desk_is_private(c->settings, k) && inspect_cluster(c->settings, &st, e)))
        return e->kind;
    enum err result = st.exists ? desk_drop(&o, k, e) : desk_forget(c->settings, k, e);
    if (!result && st.exists)
        log_write(LOG_WARN, "desk", "%s: dropped by %s@%s", desk_kind_name(k), operator_name(),
                  operator_origin());
    return result;
}

/* Which home it was stands in the answer: it is what people mix up. */
static enum err run_drop(struct call *c, struct error *e)
{
    enum desk_kind k = DESK_DEMO;
    bool was = false;
    if (named_desk(c, &k, e) || drop(c, k, &was, e))
        return e->kind;
    out_line(c->out, "%s desk: %s; nothing of it is left in %s", c->arg[0],
             was ? "dropped" : "it was not opened from here", settings_home(c->settings));
    return OK;
}

static enum err run_reset(struct call *c, struct error *e)
{
    enum desk_kind k = DESK_DEMO;
    bool was = false;
    if (named_desk(c, &k, e) || drop(c, k, &was, e))
        return e->kind;
    c->desk_name = desk_kind_name(k);
    if (call_desk(c, e))
        return err_wrap(e, "the %s desk was dropped, but not opened anew", c->arg[0]);
    if (audit_record(c->desk, "desk reset", desk_kind_name(k), "", "", "", e))
        return e->kind;
    out_line(c->out,
             "%s desk in %s: %s; a new one is open, with %s dollars and its own audit chain",
             c->arg[0], settings_home(c->settings), was ? "dropped" : "there was none to drop",
             desk_text(c->desk, SETTING_PORTFOLIO));
    return OK;
}

static enum err run_forget(struct call *c, struct error *e)
{
    enum desk_kind k = DESK_DEMO;
    char where[320];
    bool was = false;
    if (named_desk(c, &k, e) || desk_recorded(c->settings, k, &was, where, sizeof where, e) ||
        desk_forget(c->settings, k, e))
        return e->kind;
    if (was)
        out_line(c->out, "%s desk: forgotten; all of it stays in %s", c->arg[0], where);
    else
        out_line(c->out, "%s desk: it was not opened from here", c->arg[0]);
    return OK;
}

/* What the ledger's proof found, and the account it is about. */
struct proof {
    struct rows wrong; /* what, expected, found */
    char cash[DECIMAL_SIZE], stock[DECIMAL_SIZE], equity[DECIMAL_SIZE];
};

static enum err load_proof(struct call *c, struct proof *p, struct error *e)
{
    struct account_totals t;
    *p = (struct proof){0};
    if (broker_totals(c->desk, &t, e) || broker_prove(c->desk, &p->wrong, e))
        return e->kind;
    const char *(*print)(char *, size_t, int64_t, int, int) =
        c->out->format == OUTPUT_TEXT ? decimal_group : decimal_print;
    print(p->cash, sizeof p->cash, t.cash, MONEY_MICRO_DIGITS, 2);
    print(p->stock, sizeof p->stock, t.stock, MONEY_MICRO_DIGITS, 2);
    print(p->equity, sizeof p->equity, t.equity, MONEY_MICRO_DIGITS, 2);
    return OK;
}

static void add_wrong(struct buf *b, const struct proof *p, size_t i)
{
    const char *expected = rows_text(&p->wrong, i, 1), *found = rows_text(&p->wrong, i, 2);
    buf_printf(b, "%s should be %s and is %s", rows_text(&p->wrong, i, 0),
               expected ? expected : "none", found ? found : "none");
}

static void audit_as_table(struct call *c, const struct audit_state *st, const struct proof *p)
{
    static const struct column column[] = {
        {"desk", "DESK", COLUMN_TEXT},
        {"rows", "ROWS", COLUMN_NUMBER},
        {"intact", "INTACT", COLUMN_FLAG},
        {"bad_id", "BAD ROW", COLUMN_NUMBER},
        {"problem", "PROBLEM", COLUMN_TEXT},
        {"unaudited", "UNAUDITED", COLUMN_TEXT},
        {"head", "HEAD", COLUMN_TEXT},
        {"ledger_proven", "LEDGER PROVEN", COLUMN_FLAG},
        {"ledger_problem", "LEDGER PROBLEM", COLUMN_TEXT},
        {"cash", "CASH", COLUMN_MONEY},
        {"stock", "STOCK", COLUMN_MONEY},
        {"equity", "EQUITY", COLUMN_MONEY},
    };
    struct table t;
    struct buf wrong = {0};
    char rows[24], bad[24];
    snprintf(rows, sizeof rows, "%" PRId64, st->rows);
    snprintf(bad, sizeof bad, "%" PRId64, st->bad_id);
    for (size_t i = 0; i < p->wrong.nrows; i++) {
        buf_str(&wrong, i ? "; " : "");
        add_wrong(&wrong, p, i);
    }
    const char *cell[] = {desk_kind_name(c->desk->kind),
                          rows,
                          st->bad_id ? "false" : "true",
                          st->bad_id ? bad : NULL,
                          st->bad_id ? st->problem : NULL,
                          *st->unaudited ? st->unaudited : NULL,
                          *st->head ? st->head : NULL,
                          wrong.len ? "false" : "true",
                          wrong.len ? buf_text(&wrong) : NULL,
                          p->cash,
                          p->stock,
                          p->equity};
    table_begin(&t, column, ARRAY_LEN(column));
    table_row(&t, cell);
    table_end(&t, c->out, "");
    buf_release(&wrong);
}

static void audit_as_text(struct call *c, const struct audit_state *st, const struct proof *p)
{
    const char *desk = desk_kind_name(c->desk->kind);
    if (st->bad_id)
        out_line(c->out, "%s desk: the audit chain is BROKEN at row %" PRId64 ": %s", desk,
                 st->bad_id, st->problem);
    else
        out_line(c->out, "%s desk: the audit chain of %" PRId64 " rows is intact", desk, st->rows);
    if (*st->unaudited)
        out_line(c->out, "parameters CHANGED PAST THE PROGRAM: no audited act made %s",
                 st->unaudited);
    out_line(c->out, "head %s", *st->head ? st->head : "(none yet)");
    out_line(c->out,
             "A chain shows a changed, inserted or removed row. It cannot show that its end "
             "was cut off or");
    out_line(c->out, "all of it was written anew by the owner of the database: compare the head "
                     "with a copy kept elsewhere.");
    out_line(c->out, "ledger %s: cash %s + stock %s = equity %s",
             p->wrong.nrows ? "NOT PROVEN" : "proven", p->cash, p->stock, p->equity);
    for (size_t i = 0; i < p->wrong.nrows; i++) {
        struct buf line = {0};
        add_wrong(&line, p, i);
        out_line(c->out, "ledger DOES NOT FIT: %s", buf_text(&line));
        buf_release(&line);
    }
}

static enum err run_audit(struct call *c, struct error *e)
{
    struct audit_state st;
    struct proof p;
    if (call_desk(c, e) || audit_check(c->desk, &st, e))
        return e->kind;
    enum err result = load_proof(c, &p, e);
    if (!result && (st.bad_id || *st.unaudited || p.wrong.nrows))
        c->exit_status = ERR_FAILED;
    if (!result && c->out->format == OUTPUT_TEXT)
        audit_as_text(c, &st, &p);
    else if (!result)
        audit_as_table(c, &st, &p);
    rows_release(&p.wrong);
    return result;
}

const struct command desk_commands[] = {
    {.name = "desks",
     .group = "Desks and settings",
     .usage = "",
     .help = "the desks, where they are, and which one a command means",
     .details = "A desk is one database: paper (DATABASE_URL, or the private cluster) or demo "
                "(always the\nprivate cluster). Meant is the first of: --desk, QUORUM_DESK, paper "
                "if it was opened before or\nFMP_API_KEY is set, demo.",
     .run = run_desks},
    {.name = "desk reset",
     .group = "Desks and settings",
     .usage = "NAME",
     .help = "drop a desk with all its data and open it anew",
     .details = "Everything of the desk is gone: evaluations, trades, settings, audit. Programs "
                "connected to it are\nthrown out. Only desks of the private cluster.",
     .min_args = 1,
     .max_args = 1,
     .acts = true,
     .level = 3,
     .check = check_named_desk,
     .confirm_word = confirm_name,
     .run = run_reset},
    {.name = "desk drop",
     .group = "Desks and settings",
     .usage = "NAME",
     .help = "drop a desk with all its data",
     .details = "As desk reset, without opening it anew.",
     .min_args = 1,
     .max_args = 1,
     .acts = true,
     .level = 3,
     .check = check_named_desk,
     .confirm_word = confirm_name,
     .run = run_drop},
    {.name = "desk forget",
     .group = "Desks and settings",
     .usage = "NAME",
     .help = "take a desk off the list of opened ones; its data stay",
     .details = "For a desk that is to be opened in another database from now on. quorum desks "
                "shows the list.",
     .min_args = 1,
     .max_args = 1,
     .acts = true,
     .check = check_named_desk,
     .run = run_forget},
    {.name = "settings",
     .group = "Desks and settings",
     .usage = "[NAME]",
     .help = "every setting, its value and where it comes from",
     .details = "The first of these holds: command line, environment, .env of the working "
                "directory,\n$XDG_CONFIG_HOME/quorum/env, default. Desk-wide settings are kept in "
                "the desk; what the\nenvironment says later is shown as a difference and counts "
                "only after settings adopt.",
     .max_args = 1,
     .run = run_settings},
    {.name = "settings adopt",
     .group = "Desks and settings",
     .usage = "NAME",
     .help = "take this process's value of a setting into the desk",
     .min_args = 1,
     .max_args = 1,
     .acts = true,
     .level = 2,
     .check = check_settings_adopt,
     .run = run_settings_adopt},
    {.name = "settings init",
     .group = "Desks and settings",
     .usage = "",
     .help = "write a .env with every setting into the working directory",
     .details = "The file can be read by you alone (0600). One that is there is never "
                "overwritten.",
     .acts = true,
     .run = run_settings_init},
    {.name = "audit verify",
     .group = "Desks and settings",
     .usage = "",
     .help = "check the chain of operator actions and prove the ledger",
     .details = "The ledger is proven when every sum in it follows from the fills, splits and "
                "dividends\n(docs/ledger.md). Exit status 1 when the chain is broken or a figure "
                "does not fit.",
     .run = run_audit},
    {.name = NULL},
};
