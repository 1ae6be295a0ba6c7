-- What a booking costs the one who waits for it.

-- The payload's table is partitioned, and a plan for one known month always looks cheaper than the
-- general one: without this, the statement is planned anew for every reply.
ALTER FUNCTION budget_settle SET plan_cache_mode TO force_generic_plan;

-- As before; but a function in SQL is planned once a transaction, this one once a session.
CREATE OR REPLACE FUNCTION audit_hash(r operator_actions) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    field text;
    line text;
BEGIN
    FOREACH field IN ARRAY ARRAY[
        r.id::text,
        to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        r.operator, r.origin, r.db_role, r.verb, r.object, r.reason, r.before, r.after,
        r.prev_hash] LOOP
        line := concat_ws('|', line, length(field) || ':' || field);
    END LOOP;
    RETURN encode(sha256(convert_to(line, 'UTF8')), 'hex');
END
$$;

-- A baseline's vote comes with a step of its evaluation, which has a hint of its own.
DROP TRIGGER hint ON agent_interactions;
CREATE TRIGGER hint AFTER INSERT OR UPDATE ON agent_interactions
    FOR EACH ROW WHEN (NEW.model IS NOT NULL AND NEW.status NOT IN ('RESERVED', 'SENT'))
    EXECUTE FUNCTION hint('agent_interactions');
