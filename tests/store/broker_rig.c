/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/broker_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "quorum/timeutil.h"

enum { STORE_MS = 30000 };

static const char helpers[] =
    "UPDATE desk SET clock = 'virtual', clock_at = '2020-11-20 15:00Z';"
    "SELECT ensure_partitions('2020-11-20 15:00Z');"
    "CREATE SEQUENCE test_keys;"
    "CREATE FUNCTION test_buy(sym text, at_price numeric, n bigint, stop float8, target float8,"
    "    slot timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$"
    "DECLARE e bigint; BEGIN"
    " INSERT INTO evaluations (symbol, state, requested_by, origin, finished_at, price, regime,"
    "   decision, agree, voters, needed, shares, stop_loss_pct, take_profit_pct, cost_usd, slot_at)"
    " VALUES (sym, 'DECIDED', 'anna', 'schedule', desk_now(), at_price, 'BULL', 'BUY', 2, 3, 2, n,"
    "   stop, target, 0.012345678, slot) RETURNING id INTO e;"
    " INSERT INTO dossiers (evaluation_id, created_at, content, sha256) VALUES (e, desk_now(),"
    "   jsonb_build_object('profile', jsonb_build_object('sector', 'Sector of ' || sym),"
    "     'indicators', jsonb_build_object('atr', 2.5, 'vol_60', 31.75, 'dollar_volume_20', 1e9),"
    "     'facts', jsonb_build_array("
    "       jsonb_build_object('id', 'n1', 'text', 'Old headline'),"
    "       jsonb_build_object('id', 'n2', 'text', 'Big order won')))::text, '');"
    " INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence, reason, score,"
    "   evidence, counted) VALUES"
    "  (e, 'news_analyst', 'model', 'voter', 'BUY', 70, 'r', 0.4, '[{\"fact\": \"n2\"}]', true),"
    "  (e, 'research', 'baseline', 'voter', 'BUY', 60, 'r', 0.1, '[]', true);"
    " RETURN e; END $$;"
    "CREATE FUNCTION test_leg(sym text, why text) RETURNS uuid LANGUAGE sql STABLE AS $$"
    " SELECT id FROM orders WHERE symbol = sym AND state = 'OPEN'"
    "  AND COALESCE(exit_reason, 'entry') = why $$;"
    "CREATE FUNCTION test_fill(id uuid, n bigint, price numeric, fees numeric) RETURNS text"
    " LANGUAGE sql AS $$"
    " SELECT broker_fill(id, 'test ' || nextval('test_keys'), n, price, fees, 0.25, desk_now(),"
    "   (desk_now() AT TIME ZONE 'America/New_York')::date, 'test') $$;"
    "CREATE FUNCTION test_no_guards() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN"
    " CREATE OR REPLACE FUNCTION guards(symbol text, price numeric, stop_pct double precision,"
    "  sector text) RETURNS TABLE (name text, value numeric, guard_limit numeric, unit text,"
    "  distance numeric, blocks boolean, max_shares bigint, text text) LANGUAGE sql STABLE AS $$"
    "  SELECT ''::text, 0::numeric, 0::numeric, ''::text, 0::numeric, false, NULL::bigint,"
    "   ''::text WHERE false $$; END $f$;";

int broker_rig_open(void **state)
{
    if (rig_open(state))
        return -1;
    rig_run(*state, helpers);
    return 0;
}

const char *broker_rig_wrong(struct rig *r)
{
    return rig_text(r, "SELECT string_agg(format('%s should be %s, is %s', what, expected, found),"
                       " '; ') FROM ledger_proof()");
}

int broker_rig_close(void **state)
{
    return rig_close(state);
}

int64_t broker_rig_time(const char *iso)
{
    int64_t t;
    assert_true(time_parse(iso, &t));
    return t;
}

struct stored {
    bool yes;
    struct error e;
};

static void on_stored(void *arg, const struct error *e)
{
    struct stored *s = arg;
    s->yes = true;
    if (e)
        s->e = *e;
}

static bool is_stored(void *arg)
{
    return ((const struct stored *)arg)->yes;
}

enum err broker_rig_store(struct desk *d, const struct act *act, size_t n, struct error *e)
{
    struct stored s = {0};
    broker_store(d, act, n, on_stored, &s);
    if (!loop_run_until(d->loop, is_stored, &s, STORE_MS))
        fail_msg("the acts were not stored");
    *e = s.e;
    return s.e.kind;
}
