DROP FUNCTION budget_reserve(bigint, text, text, interval, jsonb);
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

CREATE OR REPLACE FUNCTION desk_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT COALESCE((SELECT clock_at FROM desk WHERE clock = 'virtual'), clock_timestamp())
$$;
CREATE OR REPLACE FUNCTION budget_limit() RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT COALESCE((SELECT value::numeric FROM desk_setting
                     WHERE name = 'MULTI_AGENT_DAILY_LLM_BUDGET' ORDER BY id DESC LIMIT 1), 0)
$$;
CREATE OR REPLACE FUNCTION budget_reap() RETURNS integer LANGUAGE sql AS $$
    SELECT budget_end(ARRAY(SELECT id FROM budget_reservation
                            WHERE state IN ('HELD', 'SENT') AND lease_until < clock_timestamp()))
$$;
CREATE OR REPLACE FUNCTION add_to_rollups(agent text, at timestamptz, add_calls bigint,
                                          add_cost numeric, add_tokens bigint,
                                          add_latency bigint, add_errors bigint)
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
