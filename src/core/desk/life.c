/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The virtual clock's side of a desk: when its past begins, from when on it ticks visibly. */
#include <string.h>

#include "quorum/calendar.h"
#include "quorum/engine.h"
#include "quorum/evaluation.h"
#include "quorum/market.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

static const struct statement load = {
    "life", "SELECT d.clock, d.clock_at, s.live_from, COALESCE(s.speed, 0), "
            "  (SELECT name FROM demo_scenario WHERE from_day <="
            "   (desk_now() AT TIME ZONE 'America/New_York')::date + 1"
            "   ORDER BY from_day DESC LIMIT 1), (SELECT min(session) FROM equity_marks),"
            "  (SELECT count(*) FROM equity_marks WHERE session <= (s.live_from AT TIME ZONE "
            "   'America/New_York')::date) "
            "FROM desk d LEFT JOIN schedule_state s ON true"};

/* Only a desk that has not lived may be put on another clock. */
static const struct statement begin = {
    "life begin",
    "WITH s AS ("
    "  INSERT INTO schedule_state (planned_until, live_from, speed)"
    "  SELECT $1::timestamptz, $2::timestamptz, $3::float8 FROM desk WHERE clock = 'real'"
    "  ON CONFLICT (id) DO UPDATE SET planned_until = excluded.planned_until,"
    "    live_from = excluded.live_from, speed = excluded.speed RETURNING planned_until), "
    "d AS (UPDATE desk SET clock = 'virtual', clock_at = s.planned_until FROM s RETURNING 1) "
    "SELECT ensure_partitions(s.planned_until),"
    "  ensure_partitions(s.planned_until + interval '3 months') FROM s, d"};

static const struct statement set_speed = {
    "life speed", "UPDATE schedule_state SET speed = $1::float8 WHERE speed <> $1::float8"};
static const struct statement add_scenario = {
    "life scenario", "INSERT INTO demo_scenario (from_day, name) VALUES ($1::date, $2)"
                     " ON CONFLICT (from_day) DO NOTHING RETURNING from_day"};
static const struct statement scenarios = {
    "life scenarios", "SELECT name, from_day FROM demo_scenario ORDER BY from_day"};

static bool is_scenario(const char *name)
{
    for (const char *const *s = market_scenarios; *s; s++)
        if (strcmp(*s, name) == 0)
            return true;
    return false;
}

static int64_t time_of(const struct rows *r, size_t col)
{
    int64_t t;
    const char *text = rows_text(r, 0, col);
    return text && time_parse(text, &t) ? t : TIME_NONE;
}

enum err life_load(struct desk *d, struct life *out, struct error *e)
{
    struct rows r = {0};
    int32_t first;
    if (db_query(d->db, &load, NULL, &r, e))
        return e->kind;
    *out = (struct life){.clock_at = time_of(&r, 1),
                         .live_from = time_of(&r, 2),
                         .speed = rows_double(&r, 0, 3, NULL),
                         .is_virtual = rows_text(&r, 0, 0)[0] == 'v',
                         .lived = (int)rows_int(&r, 0, 6)};
    copy_text(out->scenario, sizeof out->scenario, rows_text(&r, 0, 4) ? rows_text(&r, 0, 4) : "");
    const char *session = rows_text(&r, 0, 5);
    if (out->live_from != TIME_NONE) {
        if (!session || !day_parse(session, &first))
            first = exchange_day(out->clock_at);
        out->sessions = calendar_between(first - 1, exchange_day(out->live_from));
    }
    rows_release(&r);
    return OK;
}

enum err life_begin(struct desk *d, int32_t start, int sessions, double speed, struct error *e)
{
    struct rows r = {0};
    struct params p = {0};
    char from[33], live[33];
    int32_t last = start == DAY_NONE ? calendar_last_closed(time_machine_now())
                                     : calendar_add(calendar_previous(start), sessions);
    int32_t first = start == DAY_NONE ? calendar_add(last, 1 - sessions)
                                      : calendar_next(calendar_previous(start));
    /* From before the first session's own preparations to after the last one's clean-up. */
    params_text(&p, time_print_iso(from, calendar_open(first) - 2 * 3600 * USEC_SECOND));
    params_text(&p, time_print_iso(live, calendar_close(last) + 5 * 3600 * USEC_SECOND));
    params_double(&p, speed);
    if (db_query(d->db, &begin, &p, &r, e))
        return e->kind;
    bool begun = r.nrows > 0;
    rows_release(&r);
    if (!begun)
        return err_set(e, ERR_CONFLICT, "the %s desk lives already", desk_kind_name(d->kind));
    return OK;
}

enum err life_set_speed(struct desk *d, double speed, struct error *e)
{
    struct params p = {0};
    params_double(&p, speed);
    return db_query(d->db, &set_speed, &p, NULL, e);
}

enum err life_add_scenario(struct desk *d, const char *name, int32_t *from, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    char day[11];
    int64_t now;
    if (desk_time(d, &now, e))
        return e->kind;
    *from = calendar_next(exchange_day(now));
    /* Either says what is wrong and changes nothing. */
    if (!is_scenario(name) || strcmp(d->market->ops->name, "simulated") != 0)
        return market_simulated_scenario(d->market, name, *from, e);
    params_text(&p, day_print(day, *from));
    params_text(&p, name);
    if (db_query(d->db, &add_scenario, &p, &r, e))
        return e->kind;
    bool added = r.nrows > 0;
    rows_release(&r);
    if (added)
        return market_simulated_scenario(d->market, name, *from, e);
    err_set(e, ERR_CONFLICT, "something else begins on %s already", day);
    return err_fix(e, "wait for the next session");
}

enum err life_apply_scenarios(struct desk *d, struct error *e)
{
    struct rows r = {0};
    int32_t from;
    if (db_query(d->db, &scenarios, NULL, &r, e))
        return e->kind;
    for (size_t i = 0; i < r.nrows && !e->kind; i++)
        if (day_parse(rows_text(&r, i, 1), &from))
            market_simulated_scenario(d->market, rows_text(&r, i, 0), from, e);
    rows_release(&r);
    return e->kind;
}
