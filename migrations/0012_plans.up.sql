-- What every step of an evaluation runs, with less work for the server.

-- The same functions in PL/pgSQL, which keeps a session's plans: a function in SQL that is not
-- inlined is parsed and planned in every statement that calls it, and these are called in all of
-- them.

CREATE OR REPLACE FUNCTION desk_now() RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN COALESCE((SELECT clock_at FROM desk WHERE clock = 'virtual'), clock_timestamp());
END
$$;
CREATE OR REPLACE FUNCTION budget_limit() RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN COALESCE((SELECT value::numeric FROM desk_setting
                     WHERE name = 'MULTI_AGENT_DAILY_LLM_BUDGET' ORDER BY id DESC LIMIT 1), 0);
END
$$;
CREATE OR REPLACE FUNCTION budget_reap() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    late uuid[] := ARRAY(SELECT id FROM budget_reservation
                         WHERE state IN ('HELD', 'SENT') AND lease_until < clock_timestamp());
BEGIN
    RETURN CASE WHEN late = '{}' THEN 0 ELSE budget_end(late) END;
END
$$;
CREATE OR REPLACE FUNCTION add_to_rollups(agent text, at timestamptz, add_calls bigint,
                                          add_cost numeric, add_tokens bigint,
                                          add_latency bigint, add_errors bigint)
RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
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
    RETURN 1;
END
$$;

-- Reserves the worst case of each call of a round, in their order, and writes its interaction and
-- payload rows, marked as sent: the requests leave when this is on disk. Or says what is short:
-- 'day', 'evaluation' or 'overrun' with what is left. No row at all when the evaluation is not in
-- that state any more, or not `who`'s: so the statement may follow the step to the state unasked.
DROP FUNCTION budget_reserve(uuid, bigint, text, text, text, bigint, numeric, text, interval, text);
DROP FUNCTION budget_mark_sent(uuid, text, interval);
CREATE FUNCTION budget_reserve(evaluation bigint, who text, in_state text, lease interval,
                               calls jsonb)
RETURNS TABLE (reservation uuid, short text, left_usd numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    now_desk timestamptz := desk_now();
    today date := (now_desk AT TIME ZONE 'UTC')::date;
    cap numeric;
    c record;
    d budget_day;
    interaction bigint;
BEGIN
    SELECT max_cost_usd INTO cap FROM evaluations
    WHERE id = evaluation AND locked_by = who AND state = in_state;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM budget_reap();
    IF cap IS NOT NULL THEN
        PERFORM FROM evaluations WHERE id = evaluation FOR NO KEY UPDATE;
    END IF;
    IF NOT EXISTS (SELECT FROM budget_day WHERE day = today) THEN
        INSERT INTO budget_day (day, limit_usd) VALUES (today, budget_limit())
        ON CONFLICT DO NOTHING;
    END IF;
    FOR c IN SELECT * FROM jsonb_to_recordset(calls) AS t (id uuid, agent text, act text,
                 model text, prompt_version integer, estimate numeric, request text) LOOP
        reservation := c.id;
        short := NULL;
        left_usd := NULL;
        IF cap IS NOT NULL THEN
            SELECT cap - COALESCE(sum(COALESCE(b.actual_usd, b.estimate_usd)), 0) INTO left_usd
            FROM budget_reservation b WHERE b.evaluation_id = evaluation;
            IF left_usd < c.estimate THEN
                short := 'evaluation';
                RETURN NEXT;
                CONTINUE;
            END IF;
        END IF;
        UPDATE budget_day SET reserved_usd = reserved_usd + c.estimate
        WHERE day = today AND NOT overrun AND spent_usd + reserved_usd + c.estimate <= limit_usd;
        IF NOT FOUND THEN
            SELECT * INTO d FROM budget_day WHERE day = today;
            short := CASE WHEN d.overrun THEN 'overrun' ELSE 'day' END;
            left_usd := GREATEST(d.limit_usd - d.spent_usd - d.reserved_usd, 0);
            RETURN NEXT;
            CONTINUE;
        END IF;
        INSERT INTO agent_interactions (agent_name, action, context, evaluation_id, model,
                                        prompt_id, reservation_id, status, created_at)
        VALUES (c.agent, c.act, jsonb_build_object('evaluation_id', evaluation), evaluation,
                c.model, (SELECT p.id FROM agent_prompts p WHERE p.agent_name = c.agent
                          AND p.prompt_name = 'system' AND p.version = c.prompt_version),
                c.id, 'SENT', now_desk)
        RETURNING id INTO interaction;
        INSERT INTO budget_reservation (id, day, evaluation_id, interaction_id, estimate_usd,
                                        state, owner, lease_until, created_at)
        VALUES (c.id, today, evaluation, interaction, c.estimate, 'SENT', who,
                clock_timestamp() + lease, now_desk);
        INSERT INTO agent_payloads (interaction_id, created_at, request)
        VALUES (interaction, now_desk, c.request);
        RETURN NEXT;
    END LOOP;
END
$$;
