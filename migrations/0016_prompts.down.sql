DROP FUNCTION alert_rules();
ALTER FUNCTION alert_rules_before_prompts() RENAME TO alert_rules;
DROP TRIGGER console_sessions_seen ON console_sessions;
DROP FUNCTION session_seen();
ALTER TABLE console_sessions DROP COLUMN seen_desk;
DROP TABLE notes;
DROP FUNCTION calibrated(text, text, text, double precision);
DROP TABLE vote_calibration;
DROP FUNCTION prompt_promote(text, integer, text, text, text);
DROP FUNCTION prompt_retire(text, integer, text, text, text);
DROP FUNCTION prompt_add(text, text, integer, text, text);
DROP FUNCTION prompts_sync(jsonb);
DROP FUNCTION prompt_next(text, integer);
DROP FUNCTION prompt_sha(text);
DROP TRIGGER agent_prompts_changed ON agent_prompts;
DROP FUNCTION prompts_changed();
DROP TABLE prompts_state;
CREATE OR REPLACE FUNCTION budget_reserve(evaluation bigint, who text, in_state text, lease interval,
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
CREATE OR REPLACE FUNCTION outcomes_open(last_session date)
RETURNS TABLE (evaluation_id bigint, symbol text, as_of timestamptz, stop_pct double precision,
               target_pct double precision)
LANGUAGE plpgsql AS $$
DECLARE
    mark bigint;
    next bigint;
BEGIN
    SELECT o.opened_before INTO mark FROM outcomes_progress o FOR UPDATE;
    SELECT COALESCE((SELECT min(e.id) FROM evaluations e
                     WHERE e.state IN ('QUEUED', 'GATHERING', 'VOTING', 'SIZING')),
                    (SELECT max(e.id) + 1 FROM evaluations e), mark) INTO next;
    INSERT INTO shadow_outcomes (evaluation_id, symbol, state, reason, stop_pct, target_pct,
                                 resolved_at)
    SELECT e.id, e.symbol, CASE WHEN v.why = '' THEN 'OPEN' ELSE 'VOID' END, v.why,
           e.barrier_stop_pct, e.barrier_target_pct, CASE WHEN v.why <> '' THEN desk_now() END
    FROM evaluations e, LATERAL (
        SELECT CASE WHEN e.request->>'indicators' <> '' THEN 'judged on figures given by hand'
                    WHEN e.request->>'data' <> '' THEN 'judged on bars given by hand'
                    WHEN e.price IS NULL THEN 'the price was not known'
                    WHEN e.barrier_stop_pct IS NULL OR e.barrier_target_pct IS NULL
                    THEN 'no stop could be placed: ATR was not known'
                    WHEN NOT (e.barrier_stop_pct > 0 AND e.barrier_stop_pct < 100
                              AND e.barrier_target_pct > 0) THEN 'the barriers are out of range'
                    ELSE '' END AS why) v
    WHERE e.id >= mark - 100 AND e.state IN ('DECIDED', 'NO_QUORUM')
    ON CONFLICT DO NOTHING;
    UPDATE outcomes_progress SET opened_before = next WHERE opened_before <> next;
    RETURN QUERY
    SELECT s.evaluation_id, s.symbol, e.as_of, s.stop_pct, s.target_pct
    FROM shadow_outcomes s JOIN evaluations e ON e.id = s.evaluation_id
    WHERE s.state = 'OPEN' AND e.as_of < (last_session + 1)::timestamptz
      AND (s.checked_day IS NULL OR s.checked_day < last_session)
    ORDER BY s.symbol, s.evaluation_id;
END
$$;
ALTER TABLE agent_interactions DROP COLUMN propensity;
ALTER TABLE agent_prompts DROP COLUMN origin, DROP COLUMN added_by, DROP COLUMN model,
    DROP COLUMN right_weight, DROP COLUMN wrong_weight, DROP COLUMN resolved,
    DROP COLUMN scored_at, DROP COLUMN retired_at, DROP COLUMN retired_by,
    DROP COLUMN retired_why;
