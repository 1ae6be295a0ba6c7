/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the desk may change of itself: values in force and their history. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "core/command/show.h"
#include "core/command/show_parameter.h"
#include "quorum/parameters.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { VALUE_SIZE = 24 };

static const char *const class_names[] = {"exit", "size", "filter"};
static const char *const risk_names[] = {"rises", "falls", "both"};

/* ---- param ---- */

static const struct statement history = {
    "parameter history",
    "SELECT v.id, (extract(epoch FROM v.created_at) * 1000000)::bigint, v.value, v.set_by,"
    "  v.adjustment_id, count(t.id), avg(t.r_multiple), p.does "
    "FROM parameters p LEFT JOIN parameter_versions v ON v.name = p.name"
    "  LEFT JOIN positions o ON o.parameters->>v.name = v.id::text"
    "  LEFT JOIN trade_outcomes t ON t.position_id = o.id AND t.r_multiple IS NOT NULL "
    "WHERE p.name = $1 GROUP BY v.id, p.does ORDER BY v.id DESC"};

enum err unknown_parameter(const char *name, struct error *e)
{
    char shown[40];
    struct buf all = {0};
    for (int i = 0; i < PARAMETERS; i++)
        buf_printf(&all, "%s%s", i ? ", " : "", parameter_name((enum parameter_id)i));
    sanitize_line(shown, sizeof shown, untrusted(name));
    err_set(e, ERR_USAGE, "\"%s\" is not a parameter the desk may change", shown);
    err_code(e, "E14");
    err_fix(e, "there are %s", buf_text(&all));
    buf_release(&all);
    return ERR_USAGE;
}

static enum err check_param(const struct call *c, struct error *e)
{
    return c->nargs && parameter_find(c->arg[0]) == PARAMETERS ? unknown_parameter(c->arg[0], e)
                                                               : OK;
}

/* "off" for people; nothing for programs. */
static const char *value_cell(const struct call *c, const struct parameter *p, struct value v,
                              char dst[VALUE_SIZE])
{
    if (!v.known && c->out->format != OUTPUT_TEXT)
        return NULL;
    return parameter_print(p, v, dst, VALUE_SIZE);
}

static void list_row(const struct call *c, struct table *t, const struct parameter *p)
{
    char value[VALUE_SIZE], low[VALUE_SIZE], high[VALUE_SIZE], step[VALUE_SIZE], base[VALUE_SIZE];
    char version[24], when[33], bounds[64];
    bool text = c->out->format == OUTPUT_TEXT, set = p->version > 0;
    parameter_print(p, VALUE(p->low), low, sizeof low);
    parameter_print(p, VALUE(p->high), high, sizeof high);
    snprintf(bounds, sizeof bounds, "%s .. %s", low, high);
    snprintf(step, sizeof step, "%g", p->step);
    snprintf(version, sizeof version, "%lld", (long long)p->version);
    if (set && text)
        when_print(when, p->set_at, WHEN_SHORT);
    else if (set)
        time_print_iso(when, p->set_at);
    const char *shown[] = {p->name,
                           value_cell(c, p, p->value, value),
                           value_cell(c, p, p->baseline, base),
                           bounds,
                           step,
                           risk_names[p->risk],
                           class_names[p->class],
                           set ? p->set_by : NULL,
                           set ? when : NULL};
    const char *stored[] = {p->name,  shown[1], shown[2], low,     high,    step,
                            shown[5], shown[6], p->title, p->unit, p->does, set ? version : NULL,
                            shown[7], shown[8]};
    table_row(t, text ? shown : stored);
}

static void list_out(struct call *c, const struct parameter p[PARAMETERS])
{
    static const struct column shown[] = {
        {"name", "PARAMETER", COLUMN_TEXT},     {"value", "VALUE", COLUMN_MONEY},
        {"baseline", "BASELINE", COLUMN_MONEY}, {"bounds", "BOUNDS", COLUMN_TEXT},
        {"step", "STEP", COLUMN_MONEY},         {"risk", "RISK", COLUMN_TEXT},
        {"class", "KIND", COLUMN_TEXT},         {"set_by", "SET BY", COLUMN_TEXT},
        {"set_at", "SINCE", COLUMN_TEXT},
    };
    static const struct column stored[] = {
        {"name", "", COLUMN_TEXT},   {"value", "", COLUMN_NUMBER}, {"baseline", "", COLUMN_NUMBER},
        {"low", "", COLUMN_NUMBER},  {"high", "", COLUMN_NUMBER},  {"step", "", COLUMN_NUMBER},
        {"risk", "", COLUMN_TEXT},   {"class", "", COLUMN_TEXT},   {"title", "", COLUMN_TEXT},
        {"unit", "", COLUMN_TEXT},   {"does", "", COLUMN_TEXT},    {"version", "", COLUMN_NUMBER},
        {"set_by", "", COLUMN_TEXT}, {"set_at", "", COLUMN_TEXT},
    };
    struct table t;
    if (c->out->format == OUTPUT_TEXT)
        table_begin(&t, shown, ARRAY_LEN(shown));
    else
        table_begin(&t, stored, ARRAY_LEN(stored));
    for (int i = 0; i < PARAMETERS; i++)
        list_row(c, &t, &p[i]);
    table_end(&t, c->out, "");
    out_line(c->out, "Nothing else of the desk is changed by learning. quorum param NAME; quorum "
                     "whatif NAME=VALUE");
}

static const char *risk_words(enum risk_direction d)
{
    return d == RISK_RISES   ? "more risk when it rises"
           : d == RISK_FALLS ? "more risk when it falls"
                             : "more risk either way";
}

static void head_lines(struct call *c, const struct parameter *p)
{
    char value[VALUE_SIZE], base[VALUE_SIZE], low[VALUE_SIZE], high[VALUE_SIZE], when[33];
    out_line(c->out, "%s  %s, in %s: %s", p->name, p->title, p->unit, p->does);
    parameter_print(p, p->value, value, sizeof value);
    parameter_print(p, p->baseline, base, sizeof base);
    if (p->version)
        out_line(c->out, "in force  %s since %s by %s; baseline %s", value,
                 when_print(when, p->set_at, WHEN_MINUTE), p->set_by, base);
    else
        out_line(c->out, "in force  %s, the baseline; never changed", value);
    out_line(c->out, "bounds    %s to %s in steps of %g%s; %s",
             parameter_print(p, VALUE(p->low), low, sizeof low),
             parameter_print(p, VALUE(p->high), high, sizeof high), p->step,
             p->class == PARAMETER_FILTER ? ", or off" : "", risk_words(p->risk));
}

static void history_rows(struct call *c, const struct parameter *p, const struct rows *r)
{
    static const struct column columns[] = {
        {"version", "VERSION", COLUMN_NUMBER}, {"at", "AT", COLUMN_TEXT},
        {"value", "VALUE", COLUMN_NUMBER},     {"set_by", "BY", COLUMN_TEXT},
        {"adjustment", "ADJ", COLUMN_NUMBER},  {"trades", "TRADES", COLUMN_NUMBER},
        {"mean_r", "MEAN R", COLUMN_NUMBER},
    };
    struct table t;
    bool text = c->out->format == OUTPUT_TEXT;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char when[33], value[VALUE_SIZE], adjustment[24], mean[FIGURE_SIZE];
        bool is_null;
        double x = rows_double(r, i, 2, &is_null);
        if (!rows_text(r, i, 0))
            continue;
        snprintf(adjustment, sizeof adjustment, "%s%lld", text ? "#" : "",
                 (long long)rows_int(r, i, 4));
        if (text)
            when_print(when, rows_int(r, i, 1), WHEN_MINUTE);
        else
            time_print_iso(when, rows_int(r, i, 1));
        if (text && rows_text(r, i, 6))
            figure_text(mean, FIGURE_R, rows_text(r, i, 6));
        else
            copy_text(mean, sizeof mean, rows_text(r, i, 6) ? rows_text(r, i, 6) : "");
        table_row(&t,
                  (const char *const[]){rows_text(r, i, 0), when,
                                        value_cell(c, p, is_null ? VALUE_UNKNOWN : VALUE(x), value),
                                        rows_text(r, i, 3), rows_text(r, i, 4) ? adjustment : NULL,
                                        rows_text(r, i, 5), rows_text(r, i, 6) ? mean : NULL});
    }
    table_end(&t, c->out, "no version: the baseline holds");
}

void json_parameter_value(struct json *j, const char *key, struct value v)
{
    if (v.known)
        json_num(j, key, v.v);
    else
        json_null(j, key);
}

static void json_history(struct json *j, const struct rows *r)
{
    json_open(j, "history", '[');
    for (size_t i = 0; i < r->nrows; i++) {
        char when[33];
        bool is_null;
        double x = rows_double(r, i, 2, &is_null);
        if (!rows_text(r, i, 0))
            continue;
        json_open(j, NULL, '{');
        json_int(j, "version", rows_int(r, i, 0));
        json_str(j, "at", time_print_iso(when, rows_int(r, i, 1)));
        json_parameter_value(j, "value", is_null ? VALUE_UNKNOWN : VALUE(x));
        json_str(j, "set_by", rows_text(r, i, 3));
        if (rows_text(r, i, 4))
            json_int(j, "adjustment", rows_int(r, i, 4));
        else
            json_null(j, "adjustment");
        json_int(j, "trades", rows_int(r, i, 5));
        double mean = rows_double(r, i, 6, &is_null);
        json_parameter_value(j, "mean_r", is_null ? VALUE_UNKNOWN : VALUE(mean));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void one_json(struct call *c, const struct parameter *p, const struct rows *r)
{
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_str(&j, "name", p->name);
    json_str(&j, "title", p->title);
    json_str(&j, "unit", p->unit);
    json_str(&j, "does", p->does);
    json_parameter_value(&j, "value", p->value);
    json_parameter_value(&j, "baseline", p->baseline);
    json_num(&j, "low", p->low);
    json_num(&j, "high", p->high);
    json_num(&j, "step", p->step);
    json_str(&j, "risk", risk_names[p->risk]);
    json_str(&j, "class", class_names[p->class]);
    json_history(&j, r);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static enum err run_param(struct call *c, struct error *e)
{
    struct parameter p[PARAMETERS];
    struct params a = {0};
    struct rows r = {0};
    if (check_param(c, e) || call_desk(c, e) || parameters_load(c->desk, p, e))
        return e->kind;
    if (c->nargs == 0) {
        list_out(c, p);
        return OK;
    }
    const struct parameter *one = &p[parameter_find(c->arg[0])];
    params_text(&a, one->name);
    if (db_query(c->desk->db, &history, &a, &r, e))
        return e->kind;
    if (c->out->format == OUTPUT_JSON) {
        one_json(c, one, &r);
    } else {
        head_lines(c, one);
        history_rows(c, one, &r);
    }
    rows_release(&r);
    return OK;
}

const struct command parameter_commands[] = {
    {.name = "param",
     .group = "Deciding",
     .usage = "[NAME]",
     .help = "what learning may change: value, bounds, baseline, history",
     .max_args = 1,
     .check = check_param,
     .run = run_param},
    {.name = NULL},
};
