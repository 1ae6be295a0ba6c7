-- The desk itself: which one, its clock, its settings, and who did what.
-- Objects live in schema quorum (made by the migration runner); search_path finds them.

CREATE TABLE desk (
    id         integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    name       text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_-]{0,30}$'),
    kind       text NOT NULL CHECK (kind IN ('paper', 'demo')),
    seed       bigint NOT NULL DEFAULT 0,
    clock      text NOT NULL DEFAULT 'real' CHECK (clock IN ('real', 'virtual')),
    clock_at   timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((clock = 'virtual') = (clock_at IS NOT NULL))
);
COMMENT ON TABLE desk IS 'one row: a desk is one database';

-- Desk time: what created_at of desk facts, the budget day and the schedule go by.
CREATE FUNCTION desk_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT COALESCE((SELECT clock_at FROM desk WHERE clock = 'virtual'), clock_timestamp())
$$;

CREATE TABLE desk_setting (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    text NOT NULL,
    value   text NOT NULL,
    origin  text NOT NULL,
    set_by  text NOT NULL,
    set_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX desk_setting_latest ON desk_setting (name, id DESC);
COMMENT ON TABLE desk_setting IS 'versioned: the row with the highest id of a name is in force';

CREATE TABLE operator_actions (
    id         bigint PRIMARY KEY,
    at         timestamptz NOT NULL,
    operator   text NOT NULL,
    origin     text NOT NULL,
    db_role    text NOT NULL,
    verb       text NOT NULL,
    object     text NOT NULL,
    reason     text NOT NULL,
    before     text NOT NULL,
    after      text NOT NULL,
    prev_hash  text NOT NULL,
    hash       text NOT NULL UNIQUE
);
COMMENT ON TABLE operator_actions IS
    'append-only; each row carries the SHA-256 of itself and of the row before. It detects edits, '
    'not a full rewrite by whoever owns the database: keep the head elsewhere';

-- Fields are length-prefixed, so that no two different rows have the same text.
CREATE FUNCTION audit_hash(r operator_actions) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(string_agg(length(f) || ':' || f, '|' ORDER BY n), 'UTF8')),
                  'hex')
    FROM unnest(ARRAY[
        r.id::text,
        to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        r.operator, r.origin, r.db_role, r.verb, r.object, r.reason, r.before, r.after,
        r.prev_hash]) WITH ORDINALITY AS t(f, n)
$$;

-- The only way in. Rows are numbered without gaps under a lock held to the end of the
-- transaction, so that a removed row shows.
CREATE FUNCTION audit_append(operator text, origin text, verb text, object text, reason text,
                             before text, after text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    last operator_actions;
    r operator_actions;
BEGIN
    PERFORM pg_advisory_xact_lock(713000001);
    SELECT * INTO last FROM operator_actions ORDER BY id DESC LIMIT 1;
    r.id := COALESCE(last.id, 0) + 1;
    r.at := clock_timestamp();
    r.operator := operator;
    r.origin := origin;
    r.db_role := session_user;
    r.verb := verb;
    r.object := object;
    r.reason := reason;
    r.before := before;
    r.after := after;
    r.prev_hash := COALESCE(last.hash, '');
    r.hash := audit_hash(r);
    INSERT INTO operator_actions SELECT (r).*;
    RETURN r.id;
END
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER operator_actions_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_actions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Rows, head, and the first row that does not fit with what is wrong about it (NULL: intact).
CREATE FUNCTION audit_verify(OUT rows bigint, OUT head text, OUT bad_id bigint, OUT problem text)
LANGUAGE sql STABLE AS $$
    WITH chain AS (
        SELECT a.id, a.hash, a.prev_hash, audit_hash(a) AS computed,
               lag(a.id, 1, 0::bigint) OVER w AS before_id, lag(a.hash, 1, '') OVER w AS before_hash
        FROM operator_actions a WINDOW w AS (ORDER BY a.id)
    ), bad AS (
        SELECT id, CASE WHEN id <> before_id + 1 THEN 'rows before it are missing'
                        WHEN hash <> computed THEN 'its content was changed'
                        ELSE 'it does not follow from the row before' END AS problem
        FROM chain
        WHERE id <> before_id + 1 OR hash <> computed OR prev_hash <> before_hash
        ORDER BY id LIMIT 1
    )
    SELECT (SELECT count(*) FROM chain), (SELECT hash FROM chain ORDER BY id DESC LIMIT 1),
           (SELECT id FROM bad), (SELECT bad.problem FROM bad)
$$;
