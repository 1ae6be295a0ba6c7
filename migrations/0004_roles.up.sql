-- Grants for the application and the read-only role, where they exist (docs/database.md). With
-- one login for everything this changes nothing.

DO $$
DECLARE
    place text := quote_ident(current_schema());
    t text;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_app') THEN
        EXECUTE 'GRANT USAGE ON SCHEMA ' || place || ' TO quorum_app';
        EXECUTE 'GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ' || place || ' TO quorum_app';
        EXECUTE 'ALTER DEFAULT PRIVILEGES IN SCHEMA ' || place ||
                ' GRANT SELECT, INSERT, UPDATE ON TABLES TO quorum_app';
        FOREACH t IN ARRAY ARRAY['operator_actions', 'schema_migration'] LOOP
            EXECUTE format('REVOKE INSERT, UPDATE ON %I FROM quorum_app', t);
        END LOOP;
        EXECUTE 'REVOKE UPDATE ON ledger, fills, desk_setting, parameter_versions, '
                'trade_outcomes FROM quorum_app';
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_ro') THEN
        EXECUTE 'GRANT USAGE ON SCHEMA ' || place || ' TO quorum_ro';
        EXECUTE 'GRANT SELECT ON ALL TABLES IN SCHEMA ' || place || ' TO quorum_ro';
        EXECUTE 'ALTER DEFAULT PRIVILEGES IN SCHEMA ' || place ||
                ' GRANT SELECT ON TABLES TO quorum_ro';
        EXECUTE 'REVOKE EXECUTE ON FUNCTION '
                'audit_append(text, text, text, text, text, text, text), '
                'ensure_partitions(timestamptz) FROM PUBLIC';
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_app') THEN
            EXECUTE 'GRANT EXECUTE ON FUNCTION '
                    'audit_append(text, text, text, text, text, text, text), '
                    'ensure_partitions(timestamptz) TO quorum_app';
        END IF;
    END IF;
    -- psql of a person finds the tables without a prefix, where this login may say so.
    IF EXISTS (SELECT FROM pg_database WHERE datname = current_database()
               AND pg_has_role(current_user, datdba, 'MEMBER')) THEN
        EXECUTE format('ALTER DATABASE %I SET search_path TO %s, public',
                       current_database(), place);
        EXECUTE format('ALTER DATABASE %I SET timezone TO %L', current_database(), 'UTC');
    END IF;
END
$$;
