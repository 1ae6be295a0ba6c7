-- Engines, the leader's lease, the queue of jobs, and the state the operator has put the desk in.
-- Leases, heartbeats and back-off are machine time (the database's clock); due_at is desk time.

CREATE TABLE engines (
    id              text PRIMARY KEY,
    host            text NOT NULL,
    pid             integer NOT NULL,
    program_version text NOT NULL,
    schema_version  integer NOT NULL,
    state           text NOT NULL CHECK (state IN ('STARTING', 'RUNNING', 'STOPPING', 'STOPPED')),
    in_flight       integer NOT NULL DEFAULT 0,
    started_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    stopped_at      timestamptz
);
COMMENT ON COLUMN engines.id IS 'host/pid/start of the process';

CREATE TABLE leader (
    id         integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    holder     text NOT NULL,
    epoch      bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

-- unique_key names the act for ever: "evaluate AAPL 2026-11-20T15:00Z" is queued once, whoever
-- asks. stage orders jobs of one instant: none is taken while one of the same due_at and a lower
-- stage is open.
CREATE TABLE jobs (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL,
    stage        integer NOT NULL,
    symbol       text NOT NULL DEFAULT '',
    args         jsonb NOT NULL DEFAULT '{}',
    unique_key   text NOT NULL UNIQUE,
    due_at       timestamptz NOT NULL,
    state        text NOT NULL DEFAULT 'available' CHECK (state IN
                 ('available', 'running', 'done', 'dead', 'cancelled')),
    attempt      integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 5,
    retry_at     timestamptz,
    locked_by    text,
    lease_until  timestamptz,
    result       text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at   timestamptz,
    finished_at  timestamptz
);
CREATE INDEX jobs_open ON jobs (due_at, stage, kind, symbol) WHERE state IN ('available', 'running');
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- How far the schedule has been turned into jobs, and for a virtual clock: from when on it ticks
-- visibly instead of jumping, and how fast.
CREATE TABLE schedule_state (
    id            integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    planned_until timestamptz NOT NULL,
    live_from     timestamptz,
    speed         double precision NOT NULL DEFAULT 0 CHECK (speed >= 0),
    scenario      text NOT NULL DEFAULT 'calm'
);

CREATE TABLE control_state (
    id      integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    state   text NOT NULL CHECK (state IN ('RUNNING', 'PAUSED', 'HALTED', 'FLATTENING')),
    reason  text NOT NULL,
    set_by  text NOT NULL,
    origin  text NOT NULL,
    set_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO control_state (state, reason, set_by, origin) VALUES ('RUNNING', 'new desk', 'quorum', '');
COMMENT ON TABLE control_state IS
    'read FOR SHARE in the transaction that creates an entry order, changed under FOR UPDATE';

ALTER TABLE evaluations ADD COLUMN job_id bigint UNIQUE;
ALTER TABLE evaluations ADD COLUMN slot_at timestamptz;
COMMENT ON COLUMN evaluations.slot_at IS 'the moment of the schedule it belongs to';
