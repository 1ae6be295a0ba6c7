/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the data vendors were asked, what is left of the day, and what is kept of their answers. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "quorum/text.h"

static const struct statement vendor_day_now = {
    "vendor day",
    "SELECT COALESCE(q.used, 0), COALESCE(q.called, 0),"
    "  to_char(q.exhausted_at AT TIME ZONE 'UTC', 'HH24:MI'),"
    "  to_char(r.at, 'YYYY-MM-DD HH24:MI'),"
    "  ceil(extract(epoch FROM r.at - (desk_now() AT TIME ZONE 'UTC')) / 60)::bigint "
    "FROM (SELECT vendor_day($1::int) AS day) d"
    "  CROSS JOIN LATERAL (SELECT d.day + 1 + make_interval(hours => $1::int) AS at) r"
    "  LEFT JOIN vendor_quota q ON q.vendor = 'fmp' AND q.day = d.day"};

static const struct statement vendor_endpoints = {
    "vendor endpoints",
    "WITH k AS (SELECT vendor, endpoint, count(body) AS kept,"
    "    extract(epoch FROM desk_now() - max(fetched_at))::bigint AS newest,"
    "    extract(epoch FROM desk_now() - min(fetched_at))::bigint AS oldest"
    "  FROM vendor_cache GROUP BY vendor, endpoint), "
    "c AS (SELECT vendor, endpoint, calls FROM vendor_calls"
    "  WHERE vendor = 'fmp' AND day = vendor_day($1::int)) "
    "SELECT vendor, endpoint, CASE WHEN vendor = 'fmp' THEN COALESCE(calls, 0) END,"
    "  COALESCE(kept, 0), newest, oldest "
    "FROM k FULL JOIN c USING (vendor, endpoint) ORDER BY vendor, calls DESC NULLS LAST, endpoint"};

static const struct statement vendor_refused = {
    "vendor refused",
    "SELECT vendor, endpoint, symbol, to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD'), reason"
    "  FROM vendor_refusals WHERE until > desk_now() ORDER BY vendor, symbol, endpoint"};

static const struct statement vendor_failed = {
    "vendor failed",
    "SELECT vendor, endpoint, symbol, extract(epoch FROM clock_timestamp() - failed_at)::bigint,"
    "  problem FROM vendor_cache"
    "  WHERE failed_at > clock_timestamp() - interval '1 day' ORDER BY failed_at DESC LIMIT 20"};

struct vendor_view {
    int64_t used, called, limit, left, minutes;
    char exhausted[8], resets[20];
    struct rows endpoints, refused, failed;
};

static const char *age_text(char dst[24], const struct rows *r, size_t row, size_t col)
{
    int64_t s = rows_int(r, row, col);
    if (!rows_text(r, row, col))
        return NULL;
    if (s < 120)
        snprintf(dst, 24, "%lld s", (long long)s);
    else if (s < 7200)
        snprintf(dst, 24, "%lld min", (long long)(s / 60));
    else if (s < 2 * 86400)
        snprintf(dst, 24, "%lld h", (long long)(s / 3600));
    else
        snprintf(dst, 24, "%lld days", (long long)(s / 86400));
    return dst;
}

static enum err load_view(struct call *c, struct vendor_view *v, struct error *e)
{
    struct desk *d = c->desk;
    int64_t hour = desk_int(d, SETTING_FMP_RESET_HOUR);
    struct params p = {0}, q = {0};
    struct rows day = {0};
    params_int(&p, hour);
    params_int(&q, hour);
    if (db_query(d->db, &vendor_day_now, &p, &day, e) ||
        db_query(d->db, &vendor_endpoints, &q, &v->endpoints, e) ||
        db_query(d->db, &vendor_refused, NULL, &v->refused, e) ||
        db_query(d->db, &vendor_failed, NULL, &v->failed, e)) {
        params_release(&q);
        rows_release(&day);
        return e->kind;
    }
    v->limit = desk_int(d, SETTING_FMP_DAILY_LIMIT);
    v->used = rows_int(&day, 0, 0);
    v->called = rows_int(&day, 0, 1);
    v->left = v->limit > v->used ? v->limit - v->used : 0;
    v->minutes = rows_int(&day, 0, 4);
    copy_text(v->exhausted, sizeof v->exhausted,
              rows_text(&day, 0, 2) ? rows_text(&day, 0, 2) : "");
    copy_text(v->resets, sizeof v->resets, rows_text(&day, 0, 3));
    rows_release(&day);
    return OK;
}

static void endpoints_table(struct call *c, const struct vendor_view *v)
{
    static const struct column columns[] = {
        {"vendor", "VENDOR", COLUMN_TEXT},
        {"endpoint", "ENDPOINT", COLUMN_TEXT},
        {"calls_today", "CALLS TODAY", COLUMN_NUMBER},
        {"kept", "KEPT", COLUMN_NUMBER},
        {"newest", "NEWEST", COLUMN_TEXT},
        {"oldest", "OLDEST", COLUMN_TEXT},
    };
    const struct rows *r = &v->endpoints;
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char newest[24], oldest[24];
        table_row(&t, (const char *const[]){rows_text(r, i, 0), rows_text(r, i, 1),
                                            rows_text(r, i, 2), rows_text(r, i, 3),
                                            age_text(newest, r, i, 4), age_text(oldest, r, i, 5)});
    }
    table_end(&t, c->out, "nothing was asked yet");
}

static void view_text(struct call *c, const struct vendor_view *v)
{
    static const struct column refused[] = {
        {"vendor", "VENDOR", COLUMN_TEXT}, {"endpoint", "REFUSED", COLUMN_TEXT},
        {"symbol", "SYMBOL", COLUMN_TEXT}, {"until", "ASKED AGAIN AFTER", COLUMN_TEXT},
        {"reason", "REASON", COLUMN_TEXT},
    };
    struct table t;
    char age[24], place[120];
    if (!c->desk->vendor)
        out_line(c->out, "the %s desk's market asks no vendor", desk_kind_name(c->desk->kind));
    out_line(c->out, "FMP %lld of %lld calls used today, %lld left, resets %s UTC in %lldh%02lld",
             (long long)v->used, (long long)v->limit, (long long)v->left, v->resets,
             (long long)(v->minutes / 60), (long long)(v->minutes % 60));
    if (*v->exhausted)
        out_line(c->out, "FMP said at %s UTC that the limit is reached, after %lld calls of ours",
                 v->exhausted, (long long)v->called);
    endpoints_table(c, v);
    if (v->refused.nrows) {
        table_begin(&t, refused, ARRAY_LEN(refused));
        table_rows(&t, &v->refused);
        table_end(&t, c->out, "");
    }
    for (size_t i = 0; i < v->failed.nrows; i++) {
        snprintf(place, sizeof place, "%.70s %.20s", rows_text(&v->failed, i, 1),
                 rows_text(&v->failed, i, 2));
        out_line(c->out, "failed %s ago: %s: %s", age_text(age, &v->failed, i, 3), place,
                 rows_text(&v->failed, i, 4));
    }
}

/* Rows of a result as an array of objects. */
static void rows_json(struct json *j, const char *name, const struct rows *r,
                      const char *const *keys, size_t first_number, size_t end_number)
{
    json_open(j, name, '[');
    for (size_t i = 0; i < r->nrows; i++) {
        json_open(j, NULL, '{');
        for (size_t k = 0; k < r->ncols; k++) {
            if (!rows_text(r, i, k))
                json_null(j, keys[k]);
            else if (k >= first_number && k < end_number)
                json_int(j, keys[k], rows_int(r, i, k));
            else
                json_str(j, keys[k], rows_text(r, i, k));
        }
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void view_json(struct call *c, const struct vendor_view *v)
{
    static const char *const endpoint_keys[] = {"vendor", "endpoint",     "calls_today",
                                                "kept",   "newest_age_s", "oldest_age_s"};
    static const char *const refused_keys[] = {"vendor", "endpoint", "symbol", "until", "reason"};
    static const char *const failed_keys[] = {"vendor", "endpoint", "symbol", "age_s", "problem"};
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_str(&j, "desk", desk_kind_name(c->desk->kind));
    json_flag(&j, "asks", c->desk->vendor != NULL);
    json_int(&j, "used", v->used);
    json_int(&j, "limit", v->limit);
    json_int(&j, "left", v->left);
    json_int(&j, "called", v->called);
    json_str(&j, "exhausted_at", *v->exhausted ? v->exhausted : NULL);
    json_str(&j, "resets_at", v->resets);
    json_int(&j, "minutes_to_reset", v->minutes);
    rows_json(&j, "endpoints", &v->endpoints, endpoint_keys, 2, 6);
    rows_json(&j, "refusals", &v->refused, refused_keys, 0, 0);
    rows_json(&j, "failures", &v->failed, failed_keys, 3, 4);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static enum err run_fmp(struct call *c, struct error *e)
{
    struct vendor_view v = {0};
    enum err result = call_desk(c, e) ? e->kind : load_view(c, &v, e);
    if (!result && c->out->format == OUTPUT_CSV)
        endpoints_table(c, &v);
    else if (!result && c->out->format == OUTPUT_JSON)
        view_json(c, &v);
    else if (!result)
        view_text(c, &v);
    rows_release(&v.endpoints);
    rows_release(&v.refused);
    rows_release(&v.failed);
    return result;
}

const struct command vendor_commands[] = {
    {.name = "fmp",
     .group = "Money",
     .usage = "",
     .help = "calls to FMP today, answers kept, symbols refused",
     .details = "Every call is counted in the desk's database before it is made, for all processes "
                "together; QUORUM_FMP_DAILY_LIMIT and QUORUM_FMP_RESET_HOUR_UTC are the desk's "
                "settings. Answers are kept for minutes (quote, headlines) to days (profile, "
                "statements); evaluate --fresh asks again. A symbol that the plan of the key does "
                "not have is not asked for again for a week.",
     .run = run_fmp},
    {.name = NULL},
};
