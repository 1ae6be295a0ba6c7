-- Down: what 0018_bookings.up.sql changed is as it was.

ALTER FUNCTION budget_settle RESET plan_cache_mode;

CREATE OR REPLACE FUNCTION audit_hash(r operator_actions) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(string_agg(length(f) || ':' || f, '|' ORDER BY n), 'UTF8')),
                  'hex')
    FROM unnest(ARRAY[
        r.id::text,
        to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        r.operator, r.origin, r.db_role, r.verb, r.object, r.reason, r.before, r.after,
        r.prev_hash]) WITH ORDINALITY AS t(f, n)
$$;

DROP TRIGGER hint ON agent_interactions;
CREATE TRIGGER hint AFTER INSERT OR UPDATE ON agent_interactions
    FOR EACH ROW WHEN (NEW.status NOT IN ('RESERVED', 'SENT'))
    EXECUTE FUNCTION hint('agent_interactions');
