-- The plan of a session's evaluations, made before it opens, and what is kept for how long.

CREATE TABLE day_plan (
    day      date NOT NULL,
    symbol   text NOT NULL,
    rank     integer NOT NULL,
    score    double precision,       -- 20-session return beyond the benchmark's, percent
    round_at timestamptz,            -- NULL: not planned
    reason   text NOT NULL DEFAULT '',  -- why not, or what binds
    PRIMARY KEY (day, symbol)
);

ALTER TABLE positions ADD COLUMN looked_at timestamptz;
COMMENT ON COLUMN positions.looked_at IS
    'desk time its price was last asked for, whatever came of it; where calls are counted only';

-- Drops what is past its time: ended jobs after 30 days, payload partitions after 13 months,
-- engines that ended 30 days ago. Facts of trades, votes, costs and the audit are kept for ever.
CREATE FUNCTION housekeeping() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    part record;
    jobs_gone bigint;
    parts_gone integer := 0;
    made integer := ensure_partitions(desk_now());
    oldest text := to_char((desk_now() - interval '13 months') AT TIME ZONE 'UTC', '_YYYY_MM');
BEGIN
    jobs_gone := jobs_forget(interval '30 days');
    DELETE FROM console_sessions WHERE seen_at < clock_timestamp() - interval '30 days';
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            JOIN pg_class p ON p.oid = i.inhparent
        WHERE p.relname IN ('dossiers', 'agent_payloads')
            AND p.relnamespace = current_schema()::regnamespace
            AND right(c.relname, 8) < oldest
    LOOP
        EXECUTE format('DROP TABLE %I', part.relname);
        parts_gone := parts_gone + 1;
    END LOOP;
    RETURN format('%s partitions made, %s dropped; %s jobs forgotten', made, parts_gone, jobs_gone);
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_app') THEN
        REVOKE EXECUTE ON FUNCTION housekeeping() FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION housekeeping() TO quorum_app;
    END IF;
END
$$;

-- What was made to happen in a simulated market, in the order it begins; never changed, for the
-- past must stay what it was.
CREATE TABLE demo_scenario (
    from_day date PRIMARY KEY,
    name     text NOT NULL,
    set_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE schedule_state DROP COLUMN scenario;

-- Real time: the leader turns what the schedule asked for until `target` into jobs, once.
CREATE FUNCTION schedule_reach(me text, my_epoch bigint, target timestamptz, list jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT engine_leads(me, my_epoch) THEN
        RETURN false;
    END IF;
    UPDATE schedule_state SET planned_until = target WHERE planned_until < target;
    PERFORM jobs_add(list);
    RETURN true;
END
$$;

-- What today's means are: evaluations made, cost of the last ones, calls they took, positions.
CREATE FUNCTION day_means(reset_hour integer,
    OUT fmp_used bigint, OUT calls_per_evaluation double precision, OUT usd_free numeric,
    OUT usd_per_evaluation numeric, OUT positions bigint, OUT evaluated text[])
LANGUAGE sql STABLE AS $$
    WITH ny AS (SELECT (desk_now() AT TIME ZONE 'America/New_York')::date AS day),
    recent AS (
        SELECT id, cost_usd, created_at FROM evaluations
        WHERE origin = 'schedule' AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 40)
    SELECT COALESCE((SELECT used FROM vendor_quota
                     WHERE vendor = 'fmp' AND day = vendor_day(reset_hour)), 0),
        -- a quote each, and what else the last week's took
        COALESCE(1 + (SELECT sum(calls) FROM vendor_calls WHERE vendor = 'fmp'
                        AND endpoint <> 'quote' AND day > vendor_day(reset_hour) - 7)::float8
            / NULLIF((SELECT count(*) FROM evaluations
                      WHERE created_at > desk_now() - interval '7 days'), 0), 4),
        budget_limit() - COALESCE((SELECT spent_usd + reserved_usd FROM budget_day
                                   WHERE day = (desk_now() AT TIME ZONE 'UTC')::date), 0),
        (SELECT round(avg(cost_usd), 9) FROM recent WHERE cost_usd > 0),
        (SELECT count(*) FROM positions WHERE closed_at IS NULL),
        ARRAY(SELECT DISTINCT symbol FROM evaluations, ny
              WHERE slot_at >= ny.day::timestamp AT TIME ZONE 'America/New_York'
                AND slot_at < (ny.day + 1)::timestamp AT TIME ZONE 'America/New_York')
$$;

-- Entries refused for want of an edge: sizing asks what became of them (docs/sizing.md 3).
CREATE INDEX evaluations_no_edge ON evaluations (id)
    WHERE decision = 'BUY' AND shares = 0 AND size_reason LIKE 'no edge%';
