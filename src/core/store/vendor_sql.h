/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The statements of vendor.c. Every one is one step that may be repeated or left out: a process
 * that dies between two leaves at worst a counted call that was not made, and a lease that ends by
 * itself. Key of all: $1 vendor, $2 endpoint, $3 symbol. */
#ifndef STORE_VENDOR_SQL_H
#define STORE_VENDOR_SQL_H

#include "quorum/db.h"

#define MICROSECONDS(t) "(extract(epoch FROM " t ") * 1000000)::bigint"
#define VENDOR_KEY      "vendor = $1 AND endpoint = $2 AND symbol = $3"

/* What is there. $4 life in seconds; $5 microseconds of the desk's time before which nothing is
 * fresh, or null; $6 machine time since which a failure is the answer, or null for the last 15
 * seconds. An empty list counts at most a day: the symbol may be new. */
static const struct statement vendor_look = {
    "vendor look",
    "SELECT fresh, CASE WHEN fresh THEN encode(c.body, 'hex') END,"
    "  " MICROSECONDS(
        "c.fetched_at") ","
                        "  extract(epoch FROM desk_now() - c.fetched_at)::bigint,"
                        "  COALESCE(c.lease_until > clock_timestamp(), false), c.version,"
                        "  CASE WHEN c.failed_at >= COALESCE(to_timestamp($6::bigint / 1000000.0),"
                        "       clock_timestamp() - interval '15 seconds') THEN c.problem END,"
                        "  r.reason, to_char(r.until AT TIME ZONE 'UTC', 'YYYY-MM-DD'), c.etag, "
                        "c.last_modified,"
                        "  " MICROSECONDS("desk_now()") ", " MICROSECONDS(
                            "clock_timestamp()") " "
                                                 "FROM (VALUES (1)) one"
                                                 "  LEFT JOIN vendor_cache c ON c.vendor = $1 AND "
                                                 "c.endpoint = $2 AND c.symbol = $3"
                                                 "  LEFT JOIN vendor_refusals r ON r.vendor = $1 "
                                                 "AND r.endpoint = $2 AND r.symbol = $3"
                                                 "    AND r.until > desk_now(),"
                                                 "  LATERAL (SELECT COALESCE(c.fetched_at >= "
                                                 "COALESCE(to_timestamp($5::bigint / 1000000.0),"
                                                 "    desk_now() - make_interval(secs => CASE WHEN "
                                                 "length(c.body) <= 4"
                                                 "      THEN least($4::bigint, 86400) ELSE "
                                                 "$4::bigint END)), false) AS fresh) f"};

/* Takes the right to ask, unless somebody has it or has had it since the look ($5 its version). */
static const struct statement vendor_lease = {
    "vendor lease",
    "INSERT INTO vendor_cache AS c (vendor, endpoint, symbol, lease_owner, lease_until)"
    "  VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $6::int)) "
    "ON CONFLICT (vendor, endpoint, symbol) DO UPDATE"
    "  SET lease_owner = EXCLUDED.lease_owner, lease_until = EXCLUDED.lease_until"
    "  WHERE (c.lease_until IS NULL OR c.lease_until < clock_timestamp())"
    "    AND c.version = $5::bigint "
    "RETURNING 1"};

/* The limit and the hour in force now, for all processes alike: one that kept what it read when it
 * began would go on by a limit that was lowered since. */
#define SETTING(name)                                                                              \
    "(SELECT value::bigint FROM desk_setting WHERE name = '" name "' ORDER BY id DESC LIMIT 1)"
#define LIMITS                                                                                     \
    "l AS (SELECT " SETTING(                                                                       \
        "QUORUM_FMP_DAILY_LIMIT") " AS daily,"                                                     \
                                  " " SETTING("QUORUM_FMP_RESET_HOUR_UTC") "::int AS reset)"

/* One of the day's calls: the check and the count are one act on one locked row. The limit, the
 * hour, how many are used now and of which day; the last two null: none was left. */
static const struct statement vendor_take = {
    "vendor take",
    "WITH " LIMITS ", q AS ("
    "  INSERT INTO vendor_quota AS q (vendor, day, reset_hour, used, daily_limit, called)"
    "    SELECT $1, vendor_day(l.reset), l.reset, 1, l.daily, 1 FROM l WHERE l.daily > 0"
    "  ON CONFLICT (vendor, day) DO UPDATE SET used = q.used + 1, called = q.called + 1,"
    "    daily_limit = EXCLUDED.daily_limit, reset_hour = EXCLUDED.reset_hour"
    "    WHERE q.used < EXCLUDED.daily_limit"
    "  RETURNING day, used), "
    "e AS ("
    "  INSERT INTO vendor_calls AS e (vendor, day, endpoint, calls, last_at)"
    "    SELECT $1, q.day, $2, 1, desk_now() FROM q"
    "  ON CONFLICT (vendor, day, endpoint) DO UPDATE SET calls = e.calls + 1,"
    "    last_at = EXCLUDED.last_at) "
    "SELECT l.daily, l.reset, q.used, q.day FROM l LEFT JOIN q ON true"};

/* The call was not made: nothing of it left this machine. $3 the day it was taken from. */
static const struct statement vendor_give_back = {
    "vendor give back",
    "WITH q AS ("
    "  UPDATE vendor_quota SET called = called - 1,"
    "    used = CASE WHEN exhausted_at IS NULL THEN used - 1 ELSE used END"
    "  WHERE vendor = $1 AND day = $3::date AND called > 0 AND used > 0 RETURNING 1) "
    "UPDATE vendor_calls SET calls = calls - 1"
    "  WHERE vendor = $1 AND day = $3::date AND endpoint = $2 AND calls > 0"
    "    AND EXISTS (SELECT FROM q)"};

/* A good answer: $4 owner, $5 status, $6 body in hex, $7 etag, $8 last modified. */
static const struct statement vendor_store = {
    "vendor store",
    "WITH r AS (UPDATE vendor_refusals SET until = desk_now()"
    "           WHERE " VENDOR_KEY " AND until > desk_now()) "
    "UPDATE vendor_cache SET version = version + 1, fetched_at = desk_now(), status = $5::int,"
    "  body = decode($6, 'hex'), etag = $7, last_modified = $8, failed_at = NULL, problem = NULL,"
    "  lease_owner = CASE WHEN lease_owner <> $4 THEN lease_owner END,"
    "  lease_until = CASE WHEN lease_owner <> $4 THEN lease_until END"
    "  WHERE " VENDOR_KEY " RETURNING " MICROSECONDS("fetched_at")};

/* 304: what is kept still holds. */
static const struct statement vendor_renew = {
    "vendor renew", "UPDATE vendor_cache SET version = version + 1, fetched_at = desk_now(),"
                    "  failed_at = NULL, problem = NULL,"
                    "  lease_owner = CASE WHEN lease_owner <> $4 THEN lease_owner END,"
                    "  lease_until = CASE WHEN lease_owner <> $4 THEN lease_until END"
                    "  WHERE " VENDOR_KEY " AND body IS NOT NULL"
                    "  RETURNING encode(body, 'hex'), " MICROSECONDS("fetched_at")};

/* No answer: $4 owner, $5 why, $6 the symbol was refused, $7 the day's limit is reached. */
static const struct statement vendor_fail = {
    "vendor fail",
    "WITH " LIMITS ", r AS ("
    "  INSERT INTO vendor_refusals (vendor, endpoint, symbol, refused_at, until, reason)"
    "    SELECT $1, $2, $3, desk_now(), desk_now() + interval '7 days', $5 WHERE $6::boolean"
    "  ON CONFLICT (vendor, endpoint, symbol) DO UPDATE SET refused_at = EXCLUDED.refused_at,"
    "    until = EXCLUDED.until, reason = EXCLUDED.reason), "
    "q AS ("
    "  UPDATE vendor_quota SET used = greatest(used, l.daily), daily_limit = l.daily,"
    "    exhausted_at = COALESCE(exhausted_at, desk_now()) FROM l"
    "  WHERE $7::boolean AND vendor = $1 AND day = vendor_day(l.reset)) "
    "UPDATE vendor_cache SET version = version + 1, failed_at = clock_timestamp(), problem = $5,"
    "  lease_owner = NULL, lease_until = NULL"
    "  WHERE " VENDOR_KEY " AND lease_owner = $4"};

/* What is kept, however old. */
static const struct statement vendor_old = {
    "vendor old",
    "SELECT encode(body, 'hex'), " MICROSECONDS(
        "fetched_at") ","
                      "  extract(epoch FROM desk_now() - fetched_at)::bigint"
                      "  FROM vendor_cache WHERE " VENDOR_KEY " AND body IS NOT NULL"};

#endif
