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
    DELETE FROM jobs WHERE finished_at < clock_timestamp() - interval '30 days';
    GET DIAGNOSTICS jobs_gone = ROW_COUNT;
    DELETE FROM engines WHERE stopped_at < clock_timestamp() - interval '30 days';
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
