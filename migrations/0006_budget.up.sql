-- The day's model budget. Money is reserved before a call and settled after it; what was sent and
-- never answered is presumed spent. The day is UTC, the clock the desk's; leases go by the
-- machine's. At any moment and with any number of engines: spent + reserved <= limit.

CREATE TABLE budget_day (
    day          date PRIMARY KEY,
    limit_usd    numeric(18,9) NOT NULL CHECK (limit_usd >= 0),
    spent_usd    numeric(18,9) NOT NULL DEFAULT 0 CHECK (spent_usd >= 0),
    reserved_usd numeric(18,9) NOT NULL DEFAULT 0 CHECK (reserved_usd >= 0),
    overrun      boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
COMMENT ON COLUMN budget_day.overrun IS 'a bill passed its reservation: nothing is reserved any more';

CREATE TABLE budget_reservation (
    id             uuid PRIMARY KEY,
    day            date NOT NULL,
    evaluation_id  bigint REFERENCES evaluations,
    interaction_id bigint NOT NULL REFERENCES agent_interactions,
    estimate_usd   numeric(18,9) NOT NULL CHECK (estimate_usd >= 0),
    actual_usd     numeric(18,9),
    state          text NOT NULL CHECK (state IN
                   ('HELD', 'SENT', 'SETTLED', 'RELEASED', 'PRESUMED')),
    owner          text NOT NULL,
    lease_until    timestamptz NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT desk_now(),
    CHECK ((actual_usd IS NULL) = (state IN ('HELD', 'SENT')))
);
CREATE INDEX budget_reservation_open ON budget_reservation (lease_until)
    WHERE state IN ('HELD', 'SENT');
CREATE INDEX budget_reservation_evaluation ON budget_reservation (evaluation_id);
CREATE INDEX budget_reservation_day ON budget_reservation (day);

ALTER TABLE evaluations ADD COLUMN max_cost_usd numeric(18,9);

CREATE FUNCTION budget_limit() RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT COALESCE((SELECT value::numeric FROM desk_setting
                     WHERE name = 'MULTI_AGENT_DAILY_LLM_BUDGET' ORDER BY id DESC LIMIT 1), 0)
$$;

-- A budget adopted during the day holds from that moment.
CREATE FUNCTION budget_follow_setting() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE budget_day SET limit_usd = NEW.value::numeric
    WHERE day = (desk_now() AT TIME ZONE 'UTC')::date;
    RETURN NULL;
END
$$;
CREATE TRIGGER desk_setting_budget AFTER INSERT ON desk_setting FOR EACH ROW
    WHEN (NEW.name = 'MULTI_AGENT_DAILY_LLM_BUDGET') EXECUTE FUNCTION budget_follow_setting();

-- Adds a call's figures to the roll-ups of the moment it was reserved. Everybody takes the rows in
-- this order, so that no two wait for each other.
CREATE FUNCTION add_to_rollups(agent text, at timestamptz, add_calls bigint, add_cost numeric,
                               add_tokens bigint, add_latency bigint, add_errors bigint)
RETURNS integer LANGUAGE sql AS $$
    INSERT INTO agent_daily_metrics AS m (agent_name, date, total_calls, total_cost_usd,
                                          total_tokens, latency_ms_sum, errors)
    VALUES (agent, (at AT TIME ZONE 'UTC')::date, add_calls, add_cost, add_tokens, add_latency,
            add_errors)
    ON CONFLICT (date, agent_name) DO UPDATE SET
        total_calls = m.total_calls + add_calls,
        total_cost_usd = m.total_cost_usd + add_cost,
        total_tokens = m.total_tokens + add_tokens,
        latency_ms_sum = m.latency_ms_sum + add_latency,
        errors = m.errors + add_errors;
    INSERT INTO agent_hourly AS m (hour, agent_name, calls, tokens, cost_usd, latency_ms_sum)
    VALUES (date_trunc('hour', at), agent, add_calls, add_tokens, add_cost, add_latency)
    ON CONFLICT (hour, agent_name) DO UPDATE SET
        calls = m.calls + add_calls,
        tokens = m.tokens + add_tokens,
        cost_usd = m.cost_usd + add_cost,
        latency_ms_sum = m.latency_ms_sum + add_latency;
    SELECT 1
$$;

-- Ends reservations nobody will settle: what was never sent is given back, what was sent counts
-- as spent in full. Called for the open ones of an evaluation that was taken over, and for those
-- whose lease ran out.
CREATE FUNCTION budget_end(ids uuid[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    r record;
    ended integer := 0;
BEGIN
    FOR r IN SELECT b.id, b.day, b.estimate_usd, b.state, b.interaction_id, i.agent_name,
                    i.created_at
             FROM budget_reservation b JOIN agent_interactions i ON i.id = b.interaction_id
             WHERE b.id = ANY(ids) AND b.state IN ('HELD', 'SENT')
             ORDER BY b.id FOR UPDATE OF b SKIP LOCKED
    LOOP
        IF r.state = 'HELD' THEN
            UPDATE budget_reservation SET state = 'RELEASED', actual_usd = 0 WHERE id = r.id;
            UPDATE budget_day SET reserved_usd = reserved_usd - r.estimate_usd WHERE day = r.day;
            UPDATE agent_interactions SET status = 'RELEASED', cost_usd = 0,
                error = 'never sent' WHERE id = r.interaction_id;
        ELSE
            UPDATE budget_reservation SET state = 'PRESUMED', actual_usd = r.estimate_usd
            WHERE id = r.id;
            UPDATE budget_day SET reserved_usd = reserved_usd - r.estimate_usd,
                                  spent_usd = spent_usd + r.estimate_usd WHERE day = r.day;
            UPDATE agent_interactions SET status = 'PRESUMED', cost_usd = r.estimate_usd,
                error = 'no reply was stored; presumed spent' WHERE id = r.interaction_id;
            PERFORM add_to_rollups(r.agent_name, r.created_at, 1, r.estimate_usd, 0, 0, 1);
        END IF;
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END
$$;

CREATE FUNCTION budget_reap() RETURNS integer LANGUAGE sql AS $$
    SELECT budget_end(ARRAY(SELECT id FROM budget_reservation
                            WHERE state IN ('HELD', 'SENT') AND lease_until < clock_timestamp()))
$$;
CREATE FUNCTION budget_abandon(evaluation bigint) RETURNS integer LANGUAGE sql AS $$
    SELECT budget_end(ARRAY(SELECT id FROM budget_reservation
                            WHERE evaluation_id = evaluation AND state IN ('HELD', 'SENT')))
$$;

-- Reserves the worst case of one call and writes its interaction and payload rows; or says what
-- is short: 'day', 'evaluation' or 'overrun' with what is left.
CREATE FUNCTION budget_reserve(reservation uuid, evaluation bigint, agent text, act text,
                               model_id text, prompt bigint, estimate numeric, who text,
                               lease interval, request_text text,
                               OUT interaction bigint, OUT short text, OUT left_usd numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    now_desk timestamptz := desk_now();
    today date := (now_desk AT TIME ZONE 'UTC')::date;
    cap numeric;
    d budget_day;
BEGIN
    PERFORM budget_reap();
    IF evaluation IS NOT NULL THEN
        SELECT max_cost_usd INTO cap FROM evaluations WHERE id = evaluation;
        IF cap IS NOT NULL THEN
            PERFORM FROM evaluations WHERE id = evaluation FOR NO KEY UPDATE;
            SELECT cap - COALESCE(sum(COALESCE(actual_usd, estimate_usd)), 0) INTO left_usd
            FROM budget_reservation WHERE evaluation_id = evaluation;
            IF left_usd < estimate THEN
                short := 'evaluation';
                RETURN;
            END IF;
        END IF;
    END IF;
    INSERT INTO budget_day (day, limit_usd) VALUES (today, budget_limit()) ON CONFLICT DO NOTHING;
    UPDATE budget_day SET reserved_usd = reserved_usd + estimate
    WHERE day = today AND NOT overrun AND spent_usd + reserved_usd + estimate <= limit_usd;
    IF NOT FOUND THEN
        SELECT * INTO d FROM budget_day WHERE day = today;
        short := CASE WHEN d.overrun THEN 'overrun' ELSE 'day' END;
        left_usd := GREATEST(d.limit_usd - d.spent_usd - d.reserved_usd, 0);
        RETURN;
    END IF;
    INSERT INTO agent_interactions (agent_name, action, context, evaluation_id, model, prompt_id,
                                    reservation_id, status, created_at)
    VALUES (agent, act, jsonb_build_object('evaluation_id', evaluation), evaluation, model_id,
            prompt, reservation, 'RESERVED', now_desk)
    RETURNING id INTO interaction;
    INSERT INTO budget_reservation (id, day, evaluation_id, interaction_id, estimate_usd, state,
                                    owner, lease_until, created_at)
    VALUES (reservation, today, evaluation, interaction, estimate, 'HELD', who,
            clock_timestamp() + lease, now_desk);
    INSERT INTO agent_payloads (interaction_id, created_at, request)
    VALUES (interaction, now_desk, request_text);
END
$$;

-- Right before the bytes leave. False: the reservation is gone, so nothing may be sent.
CREATE FUNCTION budget_mark_sent(reservation uuid, who text, lease interval) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    sent bigint;
BEGIN
    UPDATE budget_reservation SET state = 'SENT', lease_until = clock_timestamp() + lease
    WHERE id = reservation AND state = 'HELD' AND owner = who
    RETURNING interaction_id INTO sent;
    UPDATE agent_interactions SET status = 'SENT' WHERE id = sent;
    RETURN sent IS NOT NULL;
END
$$;

-- Books what a call cost, once: interaction, reservation, day and roll-ups together, and the
-- vote it brought (NULL: none). A late settle corrects a presumption. cost NULL: unknown, the
-- whole estimate. Returns false when it was settled before.
CREATE FUNCTION budget_settle(reservation uuid, cost numeric, figures jsonb, response_text text,
                              new_vote jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    b budget_reservation;
    i agent_interactions;
    booked numeric;
    was_counted boolean;
BEGIN
    -- Should the server die before this is on disk, the reservation is presumed spent.
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT * INTO b FROM budget_reservation WHERE id = reservation FOR UPDATE;
    IF NOT FOUND OR b.state IN ('SETTLED', 'RELEASED') THEN
        RETURN false;
    END IF;
    was_counted := b.state = 'PRESUMED';
    booked := COALESCE(cost, b.estimate_usd);
    UPDATE budget_reservation SET state = 'SETTLED', actual_usd = booked WHERE id = b.id;
    UPDATE budget_day SET
        reserved_usd = reserved_usd - CASE WHEN was_counted THEN 0 ELSE b.estimate_usd END,
        spent_usd = spent_usd + booked - CASE WHEN was_counted THEN b.estimate_usd ELSE 0 END,
        overrun = overrun OR booked > b.estimate_usd
    WHERE day = b.day;
    UPDATE agent_interactions SET
        status = CASE WHEN cost IS NULL THEN 'PRESUMED' ELSE figures->>'status' END,
        cost_usd = booked, error = figures->>'error',
        latency_ms = (figures->>'latency_ms')::integer,
        request_id = figures->>'request_id', result = figures->'result',
        input_tokens = (figures->>'input')::bigint,
        output_tokens = (figures->>'output')::bigint,
        cache_write_5m_tokens = (figures->>'cache_write_5m')::bigint,
        cache_write_1h_tokens = (figures->>'cache_write_1h')::bigint,
        cache_read_tokens = (figures->>'cache_read')::bigint
    WHERE id = b.interaction_id RETURNING * INTO i;
    UPDATE agent_payloads SET response = response_text
    WHERE interaction_id = i.id AND created_at = i.created_at;
    PERFORM add_to_rollups(i.agent_name, i.created_at, CASE WHEN was_counted THEN 0 ELSE 1 END,
        booked - CASE WHEN was_counted THEN b.estimate_usd ELSE 0 END, i.tokens_used,
        COALESCE(i.latency_ms, 0),
        CASE WHEN i.status = 'DONE' THEN CASE WHEN was_counted THEN -1 ELSE 0 END
             WHEN was_counted THEN 0 ELSE 1 END);
    IF new_vote IS NOT NULL AND b.evaluation_id IS NOT NULL THEN
        INSERT INTO votes (evaluation_id, agent, source, role, vote, answer, confidence, reason,
                           score, evidence, wrong_evidence, counted, prompt_version,
                           interaction_id)
        SELECT b.evaluation_id, t.agent, 'model', t.role, t.vote, t.answer, t.confidence,
               t.reason, t.score, t.evidence, t.wrong_evidence, t.counted, t.prompt_version, i.id
        FROM jsonb_to_record(new_vote) AS t (agent text, role text, vote text, answer text,
            confidence float8, reason text, score float8, evidence jsonb, wrong_evidence int,
            counted bool, prompt_version int)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN true;
END
$$;

-- Days on which ledger, reservations and interactions do not say the same (none: all well).
CREATE FUNCTION budget_mismatch(OUT day date, OUT ledger numeric, OUT reservations numeric,
                                OUT interactions numeric)
RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT d.day, d.spent_usd, COALESCE(r.spent, 0), COALESCE(r.interactions, 0)
    FROM budget_day d LEFT JOIN LATERAL (
        SELECT sum(b.actual_usd) AS spent, sum(i.cost_usd) AS interactions,
               sum(b.estimate_usd) FILTER (WHERE b.state IN ('HELD', 'SENT')) AS open
        FROM budget_reservation b JOIN agent_interactions i ON i.id = b.interaction_id
        WHERE b.day = d.day) r ON true
    WHERE d.spent_usd <> COALESCE(r.spent, 0) OR d.spent_usd <> COALESCE(r.interactions, 0)
       OR d.reserved_usd <> COALESCE(r.open, 0)
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_app') THEN
        -- Money moves only through the functions above.
        REVOKE INSERT, UPDATE ON budget_day, budget_reservation FROM quorum_app;
    END IF;
END
$$;
