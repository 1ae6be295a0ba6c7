-- Calls to data vendors: what the day's limit leaves, answers kept, symbols a plan does not have.
-- Shared by all processes of the desk (docs/market-data.md).

-- A day begins at the vendor's reset hour (UTC) and is called by the date on which it begins.
CREATE FUNCTION vendor_day(reset_hour integer) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT ((desk_now() AT TIME ZONE 'UTC') - make_interval(hours => reset_hour))::date
$$;

CREATE TABLE vendor_quota (
    vendor       text NOT NULL,
    day          date NOT NULL,
    reset_hour   integer NOT NULL CHECK (reset_hour BETWEEN 0 AND 23),
    used         bigint NOT NULL CHECK (used >= 0),
    daily_limit  bigint NOT NULL,
    called       bigint NOT NULL CHECK (called >= 0),
    exhausted_at timestamptz,
    PRIMARY KEY (vendor, day)
);
COMMENT ON COLUMN vendor_quota.used IS
    'what counts against daily_limit: calls made, or the whole limit once the vendor says so';
COMMENT ON COLUMN vendor_quota.called IS 'calls this desk made';
COMMENT ON COLUMN vendor_quota.exhausted_at IS 'when the vendor said that the limit is reached';

CREATE TABLE vendor_calls (
    vendor   text NOT NULL,
    day      date NOT NULL,
    endpoint text NOT NULL,
    calls    bigint NOT NULL CHECK (calls >= 0),
    last_at  timestamptz NOT NULL,
    PRIMARY KEY (vendor, day, endpoint)
);

CREATE TABLE vendor_cache (
    vendor        text NOT NULL,
    endpoint      text NOT NULL,
    symbol        text NOT NULL,
    version       bigint NOT NULL DEFAULT 0,
    fetched_at    timestamptz,
    status        integer,
    body          bytea,
    etag          text,
    last_modified text,
    failed_at     timestamptz,
    problem       text,
    lease_owner   text,
    lease_until   timestamptz,
    PRIMARY KEY (vendor, endpoint, symbol),
    CHECK ((body IS NULL) = (fetched_at IS NULL)),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);
COMMENT ON COLUMN vendor_cache.version IS 'counts attempts that ended';
COMMENT ON COLUMN vendor_cache.fetched_at IS
    'desk time of the good answer in body, or of the vendor''s word that it still holds';
COMMENT ON COLUMN vendor_cache.lease_owner IS
    'who is asking the vendor now; others wait for the answer until lease_until (machine time)';

CREATE TABLE vendor_refusals (
    vendor     text NOT NULL,
    endpoint   text NOT NULL,
    symbol     text NOT NULL,
    refused_at timestamptz NOT NULL,
    until      timestamptz NOT NULL,
    reason     text NOT NULL,
    PRIMARY KEY (vendor, endpoint, symbol)
);
COMMENT ON TABLE vendor_refusals IS 'symbols the plan does not have: not asked for again before until';
