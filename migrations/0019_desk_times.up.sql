-- Times as people meet them: the desk's own, in the exchange's zone, with its mark.

-- What holds a desk has a reason to show, if only that none was given. On a virtual clock the state
-- is of the moment the desk lives in, as its orders and trades are.
ALTER TABLE control_state ALTER COLUMN set_at SET DEFAULT desk_now();
CREATE FUNCTION control_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.set_at := desk_now();
    IF NEW.state <> 'RUNNING' AND NEW.reason = '' THEN
        NEW.reason := 'no reason given';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER control_stamp BEFORE UPDATE OF state ON control_state
    FOR EACH ROW EXECUTE FUNCTION control_stamp();

CREATE OR REPLACE FUNCTION minute_text(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(t AT TIME ZONE 'America/New_York', 'YYYY-MM-DD HH24:MI" ET"')
$$;
