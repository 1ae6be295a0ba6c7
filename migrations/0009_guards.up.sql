-- Guards: what may be risked, and what stops new risk. Alerts, and who is looking.

-- A breaker that tripped blocks entries until `until` (NULL: until it clears by its own rule or a
-- person resets it). Rows, not variables: a restart forgets nothing.
CREATE TABLE breakers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id integer NOT NULL DEFAULT 1 REFERENCES accounts,
    name       text NOT NULL CHECK (name IN ('daily_loss', 'weekly_loss', 'drawdown')),
    reason     text NOT NULL,
    tripped_at timestamptz NOT NULL DEFAULT desk_now(),
    until      timestamptz,
    cleared_at timestamptz,
    cleared_by text
);
CREATE UNIQUE INDEX breakers_open ON breakers (account_id, name) WHERE cleared_at IS NULL;

CREATE TABLE alerts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule       text NOT NULL,
    object     text NOT NULL DEFAULT '',  -- "position 12", "adjustment 17", a symbol
    severity   text NOT NULL CHECK (severity IN ('i', 'W', 'C')),
    text       text NOT NULL,
    fix        text NOT NULL DEFAULT '',  -- what to do
    raised_at  timestamptz NOT NULL DEFAULT desk_now(),
    cleared_at timestamptz,
    acked_at   timestamptz,
    acked_by   text
);
CREATE UNIQUE INDEX alerts_open ON alerts (rule, object) WHERE cleared_at IS NULL;
CREATE INDEX alerts_raised ON alerts (raised_at DESC);

CREATE TABLE alert_mutes (
    rule     text PRIMARY KEY,
    until    timestamptz NOT NULL,
    muted_by text NOT NULL
);

CREATE TABLE console_sessions (
    id         uuid PRIMARY KEY,
    operator   text NOT NULL,
    origin     text NOT NULL,
    kind       text NOT NULL,  -- console, plain, follow
    read_only  boolean NOT NULL DEFAULT false,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz
);
