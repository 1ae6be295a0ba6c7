DO $$
DECLARE
    place text := quote_ident(current_schema());
    r text;
BEGIN
    FOREACH r IN ARRAY ARRAY['quorum_app', 'quorum_ro'] LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
            EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %s REVOKE ALL ON TABLES FROM %I',
                           place, r);
            EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %s FROM %I', place, r);
            EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %s FROM %I', place, r);
            EXECUTE format('REVOKE ALL ON SCHEMA %s FROM %I', place, r);
        END IF;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION audit_append(text, text, text, text, text, text, text),
    ensure_partitions(timestamptz) TO PUBLIC;
