-- The learning cycle (docs/learning.md): what was looked at, what was found, what was compared.

CREATE TABLE learning_cycles (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at      timestamptz NOT NULL DEFAULT desk_now(),
    finished_at     timestamptz,
    trigger         text NOT NULL CHECK (trigger IN ('operator', 'schedule')),
    state           text NOT NULL CHECK (state IN ('RUNNING', 'DONE', 'FAILED', 'REFUSED')),
    reason          text NOT NULL DEFAULT '',
    strategy        text NOT NULL DEFAULT 'default',
    requested_by    text NOT NULL,
    lookback_days   integer NOT NULL,
    trades          integer NOT NULL DEFAULT 0,     -- closed in the lookback
    cases           integer NOT NULL DEFAULT 0,     -- with shadow outcomes, overlaps dropped
    thinned         integer NOT NULL DEFAULT 0,
    win_rate        double precision,
    patterns        integer NOT NULL DEFAULT 0,     -- candidate or confirmed
    tested          integer NOT NULL DEFAULT 0,
    confirmed       integer NOT NULL DEFAULT 0,
    candidates      integer NOT NULL DEFAULT 0,     -- decisions to buy that were replayed
    considered      integer NOT NULL DEFAULT 0,     -- changes compared in this cycle
    compared        integer NOT NULL DEFAULT 0,     -- different changes ever compared
    proposals       integer NOT NULL DEFAULT 0,
    queued          integer NOT NULL DEFAULT 0,
    applied         integer NOT NULL DEFAULT 0,
    rejected        integer NOT NULL DEFAULT 0,
    bad_answers     integer NOT NULL DEFAULT 0,     -- of models: recorded, never queued
    cost_usd        numeric(18,9) NOT NULL DEFAULT 0,
    degraded        boolean NOT NULL DEFAULT false,
    degraded_reason text NOT NULL DEFAULT '',
    parameters      jsonb NOT NULL DEFAULT '{}',    -- name: value in force, null is off
    owner           text NOT NULL,                  -- host/pid/start of the process
    lease_until     timestamptz,                    -- machine time
    started_machine timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((state = 'RUNNING') = (finished_at IS NULL))
);
CREATE UNIQUE INDEX learning_cycles_one ON learning_cycles ((true)) WHERE state = 'RUNNING';

CREATE TABLE learning_patterns (
    cycle_id     bigint NOT NULL REFERENCES learning_cycles,
    condition    text NOT NULL,
    feature      text NOT NULL,
    title        text NOT NULL,
    status       text NOT NULL CHECK (status IN
                 ('untested', 'exploratory', 'candidate', 'confirmed')),
    n_in         integer NOT NULL,
    n_out        integer NOT NULL,
    won_in       integer NOT NULL,
    won_out      integer NOT NULL,
    rate_in      double precision,       -- of wins; NULL where an arm is empty
    rate_out     double precision,
    rate_lo      double precision,       -- Wilson 95 % of rate_in
    rate_hi      double precision,
    shrunk_rate  double precision,
    mean_r_in    double precision,
    mean_r_out   double precision,
    r_lo         double precision,       -- bootstrap 95 % of mean_r_in
    r_hi         double precision,
    p            double precision NOT NULL,
    q            double precision NOT NULL,
    why          text NOT NULL,
    headline     text NOT NULL DEFAULT '',   -- a model's words
    quote        text NOT NULL DEFAULT '',
    confirmation jsonb NOT NULL DEFAULT '{}',
    trade_ids    jsonb NOT NULL DEFAULT '[]',  -- trade_outcomes inside the condition, newest first
    PRIMARY KEY (cycle_id, condition)
);

-- Written when a condition first becomes a candidate, never changed: only cases entered after the
-- day can confirm it.
CREATE TABLE pattern_discoveries (
    condition text PRIMARY KEY,
    day       date NOT NULL,
    direction integer NOT NULL CHECK (direction IN (-1, 1)),
    cycle_id  bigint NOT NULL REFERENCES learning_cycles
);

-- Every different change that was ever compared with the value in force: what is proven has to be
-- proven against all of them.
CREATE TABLE learning_changes (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parameter    text NOT NULL,
    old_value    numeric(18,6),          -- NULL: off
    new_value    numeric(18,6),
    first_cycle  bigint NOT NULL REFERENCES learning_cycles,
    last_cycle   bigint NOT NULL REFERENCES learning_cycles,
    times        integer NOT NULL DEFAULT 1,
    UNIQUE NULLS NOT DISTINCT (parameter, old_value, new_value)
);

-- What each cycle compared, and what the gate said of the best of a parameter.
CREATE TABLE learning_trials (
    cycle_id   bigint NOT NULL REFERENCES learning_cycles,
    parameter  text NOT NULL,
    old_value  numeric(18,6),            -- NULL: off
    new_value  numeric(18,6),
    delta      double precision,         -- R a trade; NULL: it could not be compared
    delta_lo   double precision,         -- 95 %
    delta_hi   double precision,
    n          integer NOT NULL DEFAULT 0,
    changed    integer NOT NULL DEFAULT 0,
    confidence double precision,
    verdict    text NOT NULL DEFAULT '' CHECK (verdict IN ('', 'apply', 'queue', 'reject')),
    reason     text NOT NULL DEFAULT '',
    UNIQUE NULLS NOT DISTINCT (cycle_id, parameter, new_value)
);

ALTER TABLE agent_interactions ADD COLUMN cycle_id bigint REFERENCES learning_cycles;
CREATE INDEX agent_interactions_cycle ON agent_interactions (cycle_id) WHERE cycle_id IS NOT NULL;

-- As budget_reserve: the worst case of each call of a cycle, marked as sent. No row when the cycle is
-- not `who`'s any more.
CREATE FUNCTION learning_reserve(cycle bigint, who text, in_state text, lease interval, calls jsonb)
RETURNS TABLE (reservation uuid, short text, left_usd numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    now_desk timestamptz := desk_now();
    today date := (now_desk AT TIME ZONE 'UTC')::date;
    c record;
    d budget_day;
    interaction bigint;
BEGIN
    PERFORM FROM learning_cycles WHERE id = cycle AND owner = who AND state = in_state;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM budget_reap();
    INSERT INTO budget_day (day, limit_usd) VALUES (today, budget_limit()) ON CONFLICT DO NOTHING;
    FOR c IN SELECT * FROM jsonb_to_recordset(calls) AS t (id uuid, agent text, act text,
                 model text, prompt_version integer, estimate numeric, request text) LOOP
        reservation := c.id;
        short := NULL;
        left_usd := NULL;
        UPDATE budget_day SET reserved_usd = reserved_usd + c.estimate
        WHERE day = today AND NOT overrun AND spent_usd + reserved_usd + c.estimate <= limit_usd;
        IF NOT FOUND THEN
            SELECT * INTO d FROM budget_day WHERE day = today;
            short := CASE WHEN d.overrun THEN 'overrun' ELSE 'day' END;
            left_usd := GREATEST(d.limit_usd - d.spent_usd - d.reserved_usd, 0);
            RETURN NEXT;
            CONTINUE;
        END IF;
        INSERT INTO agent_interactions (agent_name, action, context, cycle_id, model, prompt_id,
                                        reservation_id, status, created_at)
        VALUES (c.agent, c.act, jsonb_build_object('cycle_id', cycle), cycle, c.model,
                (SELECT p.id FROM agent_prompts p WHERE p.agent_name = c.agent
                 AND p.prompt_name = 'system' AND p.version = c.prompt_version), c.id, 'SENT',
                now_desk)
        RETURNING id INTO interaction;
        INSERT INTO budget_reservation (id, day, interaction_id, estimate_usd, state, owner,
                                        lease_until, created_at)
        VALUES (c.id, today, interaction, c.estimate, 'SENT', who, clock_timestamp() + lease,
                now_desk);
        INSERT INTO agent_payloads (interaction_id, created_at, request)
        VALUES (interaction, now_desk, c.request);
        RETURN NEXT;
    END LOOP;
END
$$;

-- What a cycle's calls came to.
CREATE FUNCTION learning_cost(of_cycle bigint) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN COALESCE((SELECT sum(cost_usd) FROM agent_interactions WHERE cycle_id = of_cycle), 0);
END
$$;

-- Ends the cycle of a process that died (`gone`), or whose lease ran out, with what it has paid.
CREATE FUNCTION learning_bury(gone text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    dead bigint;
BEGIN
    SELECT id INTO dead FROM learning_cycles
    WHERE state = 'RUNNING' AND (owner = gone OR lease_until < clock_timestamp()) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM budget_end(ARRAY(SELECT b.id FROM budget_reservation b JOIN agent_interactions i
        ON i.id = b.interaction_id WHERE i.cycle_id = dead AND b.state IN ('HELD', 'SENT')));
    UPDATE learning_cycles SET state = 'FAILED', finished_at = desk_now(), lease_until = NULL,
        reason = 'its process ended before it did: ' || owner, cost_usd = learning_cost(dead)
    WHERE id = dead;
    RETURN dead;
END
$$;

-- Begins a cycle, or says why not: 'trades' (below the minimum; the refusal is kept once, not every
-- night) or 'running' (`busy` is it).
CREATE FUNCTION learning_begin(gone text, of_trigger text, who text, of_strategy text,
    of_owner text, days integer, at_least integer,
    OUT id bigint, OUT refused text, OUT closed bigint, OUT busy bigint, OUT buried bigint)
LANGUAGE plpgsql AS $$
DECLARE
    why text;
BEGIN
    PERFORM pg_advisory_xact_lock(713000015);
    buried := learning_bury(gone);
    SELECT c.id INTO busy FROM learning_cycles c WHERE c.state = 'RUNNING';
    SELECT count(*) INTO closed FROM trade_outcomes;
    IF busy IS NOT NULL THEN
        refused := 'running';
    ELSIF closed < at_least THEN
        refused := 'trades';
        why := format('needs %s trades, there are %s', at_least, closed);
        INSERT INTO learning_cycles (trigger, state, reason, strategy, requested_by, lookback_days,
                                     trades, finished_at, owner)
        SELECT of_trigger, 'REFUSED', why, of_strategy, who, days, closed, desk_now(), of_owner
        WHERE NOT EXISTS (SELECT FROM (SELECT * FROM learning_cycles c ORDER BY c.id DESC LIMIT 1) l
                          WHERE l.state = 'REFUSED' AND l.reason = why);
    ELSE
        INSERT INTO learning_cycles (trigger, state, strategy, requested_by, lookback_days, owner,
                                     lease_until)
        VALUES (of_trigger, 'RUNNING', of_strategy, who, days, of_owner,
                clock_timestamp() + interval '10 minutes')
        RETURNING learning_cycles.id INTO id;
    END IF;
END
$$;

-- Everything a cycle found, in one transaction while it is still of_owner's: patterns, what was
-- discovered, what was compared. Returns how many different changes were ever compared; NULL: the
-- cycle is not this process's any more.
CREATE FUNCTION learning_found(cycle bigint, of_owner text, figures jsonb, results jsonb,
                               discovered jsonb, changes jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM learning_cycles
    WHERE id = cycle AND state = 'RUNNING' AND owner = of_owner FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO learning_patterns (cycle_id, condition, feature, title, status, n_in, n_out, won_in,
        won_out, rate_in, rate_out, rate_lo, rate_hi, shrunk_rate, mean_r_in, mean_r_out, r_lo,
        r_hi, p, q, why, confirmation, trade_ids)
    SELECT cycle, f.condition, f.feature, f.title, f.status, f.n_in, f.n_out, f.won_in, f.won_out,
        f.rate_in, f.rate_out, f.rate_lo, f.rate_hi, f.shrunk_rate, f.mean_r_in, f.mean_r_out,
        f.r_lo, f.r_hi, f.p, f.q, f.why, COALESCE(f.confirmation, '{}'),
        COALESCE(f.trade_ids, '[]')
    FROM jsonb_populate_recordset(NULL::learning_patterns, results) f;
    INSERT INTO pattern_discoveries (condition, day, direction, cycle_id)
    SELECT d.condition, d.day, d.direction, cycle
    FROM jsonb_to_recordset(discovered) AS d (condition text, day date, direction integer)
    ON CONFLICT DO NOTHING;
    INSERT INTO learning_changes AS c (parameter, old_value, new_value, first_cycle, last_cycle)
    SELECT t.parameter, t.old_value, t.new_value, cycle, cycle
    FROM jsonb_to_recordset(changes) AS t (parameter text, old_value numeric, new_value numeric)
    ON CONFLICT (parameter, old_value, new_value) DO UPDATE SET
        last_cycle = cycle, times = c.times + 1;
    UPDATE learning_cycles c SET trades = f.trades, cases = f.cases, thinned = f.thinned,
        win_rate = f.win_rate, patterns = f.patterns, tested = f.tested, confirmed = f.confirmed,
        candidates = f.candidates, considered = f.considered, parameters = f.parameters,
        compared = (SELECT count(*) FROM learning_changes),
        lease_until = clock_timestamp() + interval '10 minutes'
    FROM jsonb_populate_record(NULL::learning_cycles, figures) f WHERE c.id = cycle;
    RETURN (SELECT count(*) FROM learning_changes);
END
$$;

-- What came of the comparisons; false: the cycle is not this process's any more.
CREATE FUNCTION learning_judged(cycle bigint, of_owner text, trials jsonb) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM learning_cycles
    WHERE id = cycle AND state = 'RUNNING' AND owner = of_owner FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO learning_trials (cycle_id, parameter, old_value, new_value, delta, delta_lo,
                                 delta_hi, n, changed, confidence, verdict, reason)
    SELECT cycle, t.parameter, t.old_value, t.new_value, t.delta, t.delta_lo, t.delta_hi, t.n,
           t.changed, t.confidence, t.verdict, t.reason
    FROM jsonb_populate_recordset(NULL::learning_trials, trials) t;
    RETURN true;
END
$$;

-- Ends a cycle with its counts; false: it is not this process's any more.
CREATE FUNCTION learning_end(cycle bigint, of_owner text, ended text, why text, figures jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE learning_cycles c SET state = ended, reason = why, finished_at = desk_now(),
        lease_until = NULL, proposals = COALESCE(f.proposals, 0), queued = COALESCE(f.queued, 0),
        applied = COALESCE(f.applied, 0), rejected = COALESCE(f.rejected, 0),
        bad_answers = COALESCE(f.bad_answers, 0), degraded = COALESCE(f.degraded, false),
        degraded_reason = COALESCE(f.degraded_reason, ''), cost_usd = learning_cost(cycle)
    FROM jsonb_populate_record(NULL::learning_cycles, figures) f
    WHERE c.id = cycle AND c.state = 'RUNNING' AND c.owner = of_owner;
    RETURN FOUND;
END
$$;
