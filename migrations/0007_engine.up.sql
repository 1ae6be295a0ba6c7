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
    session_pid  integer,
    lease_until  timestamptz,
    result       text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at   timestamptz,
    finished_at  timestamptz
);
COMMENT ON COLUMN jobs.session_pid IS
    'backend that took it. On a virtual clock commits do not wait for the disk: what was done in a '
    'session the server lost may be lost with it, so the job is done again';
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

-- Done rows pile up until the nightly job takes them; the open ones are few and change all the
-- time.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

-- ---- engines and the leader

-- One heartbeat. The lead is taken when it is free, expired, or held by `gone` (found dead in the
-- process table of its host); a new holder, or the old one after its lease ran out, begins a new
-- epoch. Leases are kept of the jobs the engine says it holds: one whose taking or ending was
-- lost on the way runs out. known is false when the engine is not registered.
CREATE FUNCTION engine_beat(me text, busy integer, held bigint[], gone text,
    OUT known boolean, OUT stopping boolean, OUT leads boolean, OUT epoch bigint,
    OUT holder text, OUT machine_at timestamptz, OUT desk_at timestamptz, OUT control text)
LANGUAGE plpgsql AS $$
DECLARE
    mine text;
BEGIN
    UPDATE engines SET heartbeat_at = clock_timestamp(), in_flight = busy, stopped_at = NULL,
        state = CASE WHEN state = 'STOPPING' THEN state ELSE 'RUNNING' END
    WHERE id = me RETURNING state INTO mine;
    known := FOUND;
    stopping := COALESCE(mine = 'STOPPING', false);
    UPDATE jobs SET lease_until = clock_timestamp() + interval '30 s'
    WHERE state = 'running' AND locked_by = me AND id = ANY(held);
    IF known THEN
        INSERT INTO leader AS l (holder, epoch, expires_at)
        SELECT me, 1, clock_timestamp() + interval '10 s'
        WHERE NOT stopping OR EXISTS (SELECT FROM leader WHERE leader.holder = me)
        ON CONFLICT (id) DO UPDATE SET
            epoch = l.epoch + (l.holder <> me OR l.expires_at < clock_timestamp())::int,
            holder = me, expires_at = excluded.expires_at
        WHERE l.holder = me OR ((l.expires_at < clock_timestamp() OR l.holder = gone)
                                AND NOT stopping);
    END IF;
    SELECT l.holder, l.epoch, l.holder = me AND l.expires_at > clock_timestamp() AND known
    INTO holder, epoch, leads FROM leader l;
    leads := COALESCE(leads, false);
    SELECT state INTO control FROM control_state;
    IF control = 'FLATTENING' AND leads AND control_settle() THEN
        control := 'HALTED';
    END IF;
    machine_at := clock_timestamp();
    desk_at := desk_now();
END
$$;

-- A leader's statement begins with this: true, and it stays true to the end of the transaction.
CREATE FUNCTION engine_leads(me text, my_epoch bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM leader
    WHERE holder = me AND epoch = my_epoch AND expires_at > clock_timestamp() FOR SHARE;
    RETURN FOUND;
END
$$;

-- A job given back was not at fault: it may be tried once more than before.
CREATE FUNCTION engine_stop(me text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    UPDATE engines SET state = 'STOPPED', in_flight = 0, stopped_at = clock_timestamp()
    WHERE id = me;
    UPDATE jobs SET state = 'available', locked_by = NULL, lease_until = NULL,
        max_attempts = max_attempts + 1
    WHERE state = 'running' AND locked_by = me;
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE leader SET expires_at = '-infinity' WHERE holder = me;
    RETURN n;
END
$$;

-- ---- jobs

-- Jobs given as [{kind, stage, symbol, key, due, tries}]; how many were new.
CREATE FUNCTION jobs_add(list jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    INSERT INTO jobs (kind, stage, symbol, unique_key, due_at, max_attempts)
    SELECT kind, stage, symbol, key, due, tries
    FROM jsonb_to_recordset(list) AS r(kind text, stage int, symbol text, key text,
                                       due timestamptz, tries int)
    ORDER BY due, stage, kind, symbol
    ON CONFLICT (unique_key) DO NOTHING;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;

-- -1: the epoch is over. Epoch 0 is nobody's and asks for no lead.
CREATE FUNCTION jobs_queue(me text, my_epoch bigint, list jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF my_epoch > 0 AND NOT engine_leads(me, my_epoch) THEN
        RETURN -1;
    END IF;
    RETURN jobs_add(list);
END
$$;

-- Gives back what dead engines hold. It does not judge kinds: another engine may know them. Only
-- a job that took ten engines with it is not tried again.
CREATE FUNCTION jobs_rescue(gone text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    UPDATE engines SET state = 'STOPPED', in_flight = 0, stopped_at = clock_timestamp()
    WHERE state <> 'STOPPED'
      AND (id = ANY(gone) OR heartbeat_at < clock_timestamp() - interval '60 s');
    WITH lost AS MATERIALIZED (
        SELECT id FROM jobs
        WHERE state = 'running' AND (locked_by = ANY(gone) OR lease_until < clock_timestamp())
        FOR UPDATE SKIP LOCKED
    )
    UPDATE jobs j SET locked_by = NULL, lease_until = NULL, max_attempts = j.max_attempts + 1,
        state = CASE WHEN j.attempt < 10 THEN 'available' ELSE 'dead' END,
        result = CASE WHEN j.attempt < 10 THEN j.result
                      ELSE format('its engine was lost %s times', j.attempt) END,
        finished_at = CASE WHEN j.attempt < 10 THEN NULL ELSE clock_timestamp() END
    FROM lost WHERE j.id = lost.id;
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE leader SET expires_at = '-infinity' WHERE holder = ANY(gone);
    RETURN n;
END
$$;

-- Ended jobs and stopped engines older than `keep`, by the machine's and the desk's clock. What
-- is removed could be queued again, so the schedule must be past it.
CREATE FUNCTION jobs_forget(keep interval) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    n bigint;
BEGIN
    DELETE FROM jobs WHERE finished_at < clock_timestamp() - keep AND due_at < desk_now() - keep;
    GET DIAGNOSTICS n = ROW_COUNT;
    DELETE FROM engines WHERE stopped_at < clock_timestamp() - keep;
    RETURN n;
END
$$;

-- Moves a virtual clock and queues the jobs of that moment. 'moved', or why not: 'not leading',
-- 'real' clock, 'backwards', 'busy' (an open job is due, or would be jumped over). Losing the
-- last moves in a crash of the server loses nothing that was built on them, so they are not
-- waited for.
CREATE FUNCTION clock_advance(me text, my_epoch bigint, target timestamptz, list jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    d desk;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF NOT engine_leads(me, my_epoch) THEN
        RETURN 'not leading';
    END IF;
    SELECT * INTO d FROM desk FOR UPDATE;
    IF d.clock <> 'virtual' THEN
        RETURN 'real';
    ELSIF target < d.clock_at THEN
        RETURN 'backwards';
    ELSIF EXISTS (SELECT FROM jobs WHERE state IN ('available', 'running')
                  AND (due_at <= d.clock_at OR due_at < target)) THEN
        RETURN 'busy';
    END IF;
    UPDATE desk SET clock_at = target;
    INSERT INTO schedule_state AS s (planned_until) VALUES (target)
    ON CONFLICT (id) DO UPDATE SET planned_until = GREATEST(s.planned_until, target);
    PERFORM jobs_add(list);
    RETURN 'moved';
END
$$;

-- ---- control

-- Ends FLATTENING when no position is left. The broker calls it at the end of every transaction
-- that closes one, a leader's heartbeat again.
CREATE FUNCTION control_settle() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    c control_state;
BEGIN
    SELECT * INTO c FROM control_state;
    IF c.state <> 'FLATTENING' OR EXISTS (SELECT FROM positions WHERE closed_at IS NULL) THEN
        RETURN false;
    END IF;
    UPDATE control_state SET state = 'HALTED', set_at = clock_timestamp()
    WHERE state = 'FLATTENING';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM audit_append(c.set_by, c.origin, 'halt', 'desk', 'flattened: ' || c.reason,
                         'FLATTENING', 'HALTED');
    RETURN true;
END
$$;

-- Changes the state. The lock waits for every transaction that is about to create an entry order
-- (each holds the row FOR SHARE), and every later one finds the new state: after this commits
-- there is no entry that the proof does not show. outcome: 'changed', 'same', 'stricter' (HALTED
-- asked to become PAUSED) or 'flattening'; unless changed the rest tells who set what holds.
CREATE FUNCTION control_change(wanted text, why text, who text, place text,
    OUT outcome text, OUT was text, OUT state text, OUT cancelled bigint, OUT exits bigint,
    OUT last_order uuid, OUT last_order_at timestamptz, OUT at timestamptz,
    OUT set_by text, OUT set_at timestamptz, OUT reason text)
LANGUAGE plpgsql AS $$
DECLARE
    c control_state;
    id_of uuid;
    position_of bigint;
BEGIN
    PERFORM set_config('lock_timeout', '9s', true);
    SELECT * INTO c FROM control_state FOR UPDATE;
    was := c.state;
    set_by := c.set_by;
    set_at := c.set_at;
    reason := c.reason;
    outcome := CASE WHEN c.state = wanted THEN 'same'
                    WHEN c.state = 'FLATTENING' THEN 'flattening'
                    WHEN c.state = 'HALTED' AND wanted = 'PAUSED' THEN 'stricter'
                    ELSE 'changed' END;
    IF outcome <> 'changed' THEN
        RETURN;
    END IF;
    UPDATE control_state u SET state = wanted, reason = why, set_by = who, origin = place,
        set_at = clock_timestamp();
    cancelled := 0;
    exits := 0;
    IF wanted IN ('HALTED', 'FLATTENING') THEN
        FOR id_of IN SELECT o.id FROM orders o WHERE o.state = 'OPEN' AND o.purpose = 'ENTRY'
                     ORDER BY o.created_at, o.symbol LOOP
            IF broker_cancel_entry(id_of, lower(wanted)) THEN
                cancelled := cancelled + 1;
            END IF;
        END LOOP;
    END IF;
    IF wanted = 'FLATTENING' THEN
        FOR position_of IN SELECT p.id FROM positions p WHERE p.closed_at IS NULL
                           ORDER BY p.symbol LOOP
            IF broker_order_exit(position_of, 'manual', who,
                                 'flatten' || COALESCE(': ' || NULLIF(why, ''), '')) IS NOT NULL
            THEN
                exits := exits + 1;
            END IF;
        END LOOP;
    END IF;
    SELECT o.id, o.created_at INTO last_order, last_order_at FROM orders o
    WHERE o.purpose = 'ENTRY' ORDER BY o.created_at DESC, o.evaluation_id DESC LIMIT 1;
    PERFORM audit_append(who, place,
        CASE wanted WHEN 'RUNNING' THEN 'resume' WHEN 'PAUSED' THEN 'pause'
                    WHEN 'HALTED' THEN 'halt' ELSE 'flatten' END,
        'desk', why, was,
        wanted || CASE WHEN cancelled > 0 THEN format(', %s entries cancelled', cancelled)
                       ELSE '' END
               || CASE WHEN exits > 0 THEN format(', %s closing orders', exits) ELSE '' END);
    PERFORM control_settle();
    SELECT u.state, u.set_at INTO state, at FROM control_state u;
END
$$;

REVOKE EXECUTE ON FUNCTION jobs_forget(interval) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_app') THEN
        GRANT EXECUTE ON FUNCTION jobs_forget(interval) TO quorum_app;
    END IF;
END
$$;
