-- Down: what 0019_desk_times.up.sql made.

CREATE OR REPLACE FUNCTION minute_text(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI"Z"')
$$;
DROP TRIGGER control_stamp ON control_state;
DROP FUNCTION control_stamp();
ALTER TABLE control_state ALTER COLUMN set_at SET DEFAULT clock_timestamp();
