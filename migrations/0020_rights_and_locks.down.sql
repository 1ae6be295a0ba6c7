-- Down: as before 0020_rights_and_locks.up.sql, but for the rights it gave and took.

COMMENT ON COLUMN jobs.unique_key IS NULL;
DROP INDEX trade_outcomes_closed;
DROP INDEX corporate_actions_position;
DROP INDEX evaluations_slot;

ALTER TABLE budget_reservation DROP CONSTRAINT budget_reservation_state_check;
ALTER TABLE budget_reservation ADD CONSTRAINT budget_reservation_state_check
    CHECK (state IN ('HELD', 'SENT', 'SETTLED', 'RELEASED', 'PRESUMED'));
DROP INDEX budget_reservation_open;
CREATE INDEX budget_reservation_open ON budget_reservation (lease_until)
    WHERE state IN ('HELD', 'SENT');

CREATE OR REPLACE FUNCTION budget_follow_setting() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE budget_day SET limit_usd = NEW.value::numeric
    WHERE day = (desk_now() AT TIME ZONE 'UTC')::date;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION budget_end(ids uuid[]) RETURNS integer
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
CREATE OR REPLACE FUNCTION budget_reap() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    late uuid[] := ARRAY(SELECT id FROM budget_reservation
                         WHERE state IN ('HELD', 'SENT') AND lease_until < clock_timestamp());
BEGIN
    RETURN CASE WHEN late = '{}' THEN 0 ELSE budget_end(late) END;
END
$$;
CREATE OR REPLACE FUNCTION budget_abandon(evaluation bigint) RETURNS integer LANGUAGE sql AS $$
    SELECT budget_end(ARRAY(SELECT id FROM budget_reservation
                            WHERE evaluation_id = evaluation AND state IN ('HELD', 'SENT')))
$$;
CREATE OR REPLACE FUNCTION budget_mismatch(OUT day date, OUT ledger numeric,
    OUT reservations numeric, OUT interactions numeric)
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
CREATE OR REPLACE FUNCTION budget_reserve(evaluation bigint, who text, in_state text,
                                          lease interval, calls jsonb)
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
                 model text, prompt_version integer, propensity double precision,
                 estimate numeric, request text) LOOP
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
                                        prompt_id, propensity, reservation_id, status, created_at)
        VALUES (c.agent, c.act, jsonb_build_object('evaluation_id', evaluation), evaluation,
                c.model, (SELECT p.id FROM agent_prompts p WHERE p.agent_name = c.agent
                          AND p.prompt_name = 'system' AND p.version = c.prompt_version),
                c.propensity, c.id, 'SENT', now_desk)
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
CREATE OR REPLACE FUNCTION learning_reserve(cycle bigint, who text, in_state text,
    lease interval, calls jsonb)
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
CREATE OR REPLACE FUNCTION learning_bury(gone text) RETURNS bigint LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION control_change(wanted text, why text, who text, place text,
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
CREATE OR REPLACE FUNCTION broker_fill(for_order uuid, key text, shares bigint,
    at_price numeric, fee numeric, slipped numeric, at timestamptz, day date, why text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    o orders;
    p positions;
    n bigint;
    wanted bigint;
BEGIN
    SELECT * INTO o FROM orders WHERE id = for_order;
    -- The last exit of a flattening desk changes its control state: locked first, as all do.
    IF o.purpose = 'EXIT' AND (SELECT state FROM control_state) = 'FLATTENING' THEN
        PERFORM FROM control_state FOR UPDATE;
    ELSIF o.purpose = 'EXIT' THEN
        PERFORM FROM control_state FOR SHARE;
    ELSE
        PERFORM FROM accounts WHERE id = 1 FOR NO KEY UPDATE;
    END IF;
    SELECT * INTO p FROM positions WHERE id = o.position_id FOR UPDATE;
    SELECT * INTO o FROM orders WHERE id = for_order FOR UPDATE;
    IF EXISTS (SELECT FROM fills WHERE fill_key = key) THEN
        RETURN 'known';
    ELSIF o.state IS DISTINCT FROM 'OPEN' OR shares <= 0 THEN
        RETURN 'closed';
    END IF;
    n := LEAST(shares, o.quantity - o.filled);
    IF o.purpose = 'EXIT' THEN
        n := LEAST(n, p.quantity);
    ELSE
        wanted := n;
        n := broker_affordable(o, n, at_price, fee);
    END IF;
    IF n = 0 THEN
        PERFORM broker_cancel_entry(o.id, format('no cash at %s', at_price));
        RETURN 'cash';
    END IF;
    IF n < shares THEN
        fee := LEAST(fee, ceil(fee * 100 * n / shares) / 100);
        slipped := round(slipped * n / shares, 6);
    END IF;
    INSERT INTO fills (order_id, quantity, price, fees_usd, filled_at, fill_key, slippage_usd,
                       reason)
    VALUES (o.id, n, at_price, fee, at, key, slipped, why);
    IF o.purpose = 'ENTRY' THEN
        PERFORM broker_fill_entry(o, p, n, at_price, fee, at, day, broker_uuid('fill ' || key));
        IF n < wanted THEN
            PERFORM broker_cancel_entry(o.id, format('no cash for more at %s', at_price));
        END IF;
    ELSE
        PERFORM broker_fill_exit(o, p, n, at_price, fee, at, why, broker_uuid('fill ' || key));
    END IF;
    RETURN 'filled';
END
$$;
CREATE OR REPLACE FUNCTION broker_action(of_symbol text, ex date, ratio double precision,
    dividend numeric, price numeric) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    p positions;
    a corporate_actions;
    split double precision := COALESCE(NULLIF(ratio, 0), 1);
    factor numeric := split::numeric;
    fraction double precision;
    lieu numeric := 0;
    cost numeric := 0;
BEGIN
    IF (SELECT state FROM control_state) = 'FLATTENING' THEN
        PERFORM FROM control_state FOR UPDATE;
    END IF;
    SELECT * INTO p FROM positions WHERE account_id = 1 AND symbol = of_symbol
    AND closed_at IS NULL AND COALESCE(entry_day, '-infinity') < ex FOR UPDATE;
    a.shares_before := COALESCE(p.quantity, 0);
    -- Ratios such as 1/3 are no exact doubles.
    a.shares_after := floor(a.shares_before * split + 1e-6);
    fraction := a.shares_before * split - a.shares_after;
    IF fraction > 1e-6 THEN
        lieu := round(fraction::numeric / factor *
                      COALESCE(NULLIF(price, 0), p.last_price, p.entry_price), 6);
        cost := CASE WHEN a.shares_after = 0 THEN p.cost_usd ELSE
                round(p.cost_usd * fraction::numeric / (a.shares_before * factor), 6) END;
    END IF;
    INSERT INTO corporate_actions (symbol, ex_day, split_ratio, dividend_usd, position_id,
                                   shares_before, shares_after, cash_usd)
    VALUES (of_symbol, ex, NULLIF(split, 1), NULLIF(dividend, 0), p.id, a.shares_before,
            a.shares_after, COALESCE(dividend, 0) * a.shares_before + lieu)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF p.id IS NULL THEN
        RETURN true;
    END IF;
    PERFORM ledger_move(t, 'cash', 'dividends', of_symbol, COALESCE(dividend, 0) * a.shares_before,
                        format('dividend %s of %s %s', dividend, a.shares_before, of_symbol),
                        desk_now()),
            ledger_move(t, 'cash', 'stock', of_symbol, cost, 'cash in lieu', desk_now()),
            ledger_move(t, 'cash', 'realised', of_symbol, lieu - cost, 'cash in lieu', desk_now())
    FROM broker_uuid(format('action %s %s', of_symbol, ex)) t;
    IF split <> 1 THEN
        PERFORM broker_split(p, a.shares_after, cost, split, ex);
    END IF;
    RETURN true;
END
$$;
CREATE OR REPLACE FUNCTION adjustment_regressed(adjustment bigint, parameter text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    now_id bigint := (SELECT v.id FROM parameter_versions v WHERE v.adjustment_id = adjustment
                      ORDER BY v.id DESC LIMIT 1);
    old_id bigint := (SELECT v.id FROM parameter_versions v WHERE v.name = parameter
                      AND v.id < now_id ORDER BY v.id DESC LIMIT 1);
    a record;
    b record;
BEGIN
    SELECT count(*) AS n, avg(r) AS mean, GREATEST(var_samp(r), 1) AS var INTO a
    FROM trade_outcomes t JOIN positions p ON p.id = t.position_id,
         LATERAL (SELECT LEAST(GREATEST(t.r_multiple, -3), 5) AS r) c
    WHERE p.parameters->>parameter = now_id::text AND t.r_multiple IS NOT NULL;
    IF now_id IS NULL OR a.n < 20 THEN
        RETURN false;
    END IF;
    SELECT count(*) AS n, avg(r) AS mean, GREATEST(var_samp(r), 1) AS var INTO b
    FROM trade_outcomes t JOIN positions p ON p.id = t.position_id,
         LATERAL (SELECT LEAST(GREATEST(t.r_multiple, -3), 5) AS r) c
    WHERE p.parameters->>parameter IS NOT DISTINCT FROM old_id::text
      AND t.r_multiple IS NOT NULL;
    RETURN b.n >= 20 AND a.mean - b.mean < -1.645 * sqrt(a.var / a.n + b.var / b.n);
END
$$;

DO $$
DECLARE
    login name;
BEGIN
    FOR login IN
        SELECT DISTINCT pg_get_userbyid(x.grantee)
        FROM pg_default_acl d, LATERAL aclexplode(d.defaclacl) x
        WHERE d.defaclnamespace = current_schema()::regnamespace AND d.defaclobjtype = 'f'
          AND x.grantee <> 0 AND x.grantee <> d.defaclrole
    LOOP
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE EXECUTE ON FUNCTIONS FROM %I',
                       current_schema(), login);
    END LOOP;
END
$$;
DROP FUNCTION app_rights_wrong(name);
DROP FUNCTION app_grant(name);
DROP FUNCTION app_limit();
DROP FUNCTION app_limits();
